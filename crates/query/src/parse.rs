//! Reading a query: pieces between `&`, merged key by key as the library merges them.

use std::borrow::Cow;

use crate::Query;
use crate::cast::{self, Left};
use crate::error::Error;
use crate::filter::{Filter, Test};
use crate::json::{self, Entry};
use crate::number;
use crate::options::Options;
use crate::projection::{self, Projection};
use crate::value::Value;

/// Names that every JavaScript object has; as keys they vanish.
const INHERITED: [&str; 11] = [
    "constructor",
    "hasOwnProperty",
    "isPrototypeOf",
    "propertyIsEnumerable",
    "toLocaleString",
    "toString",
    "valueOf",
    "__defineGetter__",
    "__defineSetter__",
    "__lookupGetter__",
    "__lookupSetter__",
];

/// A parameter: what stands before the first `=`, and everything that came with it.
struct Parameter<'a> {
    key: Cow<'a, str>,
    value: Cow<'a, str>,
    /// Values after the first, in order.
    more: Vec<Cow<'a, str>>,
}

impl Parameter<'_> {
    fn is_given(&self) -> bool {
        !self.value.is_empty() || !self.more.is_empty()
    }

    /// The values as JavaScript joins a list.
    fn joined(&self) -> String {
        let mut joined = self.value.clone().into_owned();
        for value in &self.more {
            joined.push(',');
            joined.push_str(value);
        }
        joined
    }
}

/// The parameters of a text, each key once, in order of appearance.
fn parameters<'a>(text: &'a str, left: &mut Left) -> Result<Vec<Parameter<'a>>, Error> {
    let text = text.strip_prefix('?').unwrap_or(text);
    let mut all: Vec<Parameter<'a>> = Vec::new();
    for (key, value) in form_urlencoded::parse(text.as_bytes()) {
        left.term()?;
        match all.iter_mut().find(|known| known.key == key) {
            Some(known) if known.is_given() => known.more.push(value),
            Some(known) => known.value = value,
            None => all.push(Parameter { key, value, more: Vec::new() }),
        }
    }
    Ok(all)
}

/// How a piece compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    Eq,
    Ne,
    Gt,
    Gte,
    Lt,
    Lte,
    Exists,
}

/// One piece: `[!]key[operator][value]`.
struct Piece<'a> {
    is_negated: bool,
    key: &'a str,
    operator: Operator,
    value: &'a str,
}

fn piece(text: &str) -> Result<Piece<'_>, Error> {
    let is_sign = |letter: char| matches!(letter, '>' | '<' | '!' | '=');
    let start = text.find(|letter| !is_sign(letter)).ok_or_else(|| Error::NoKey(shortened(text)))?;
    let end = text[start..].find(is_sign).map_or(text.len(), |at| start + at);
    let rest = &text[end..];
    let (operator, length) = match rest.as_bytes() {
        [b'>', b'=', ..] => (Operator::Gte, 2),
        [b'<', b'=', ..] => (Operator::Lte, 2),
        [b'!', b'=', ..] => (Operator::Ne, 2),
        [b'>', ..] => (Operator::Gt, 1),
        [b'<', ..] => (Operator::Lt, 1),
        [b'=', ..] => (Operator::Eq, 1),
        _ => (Operator::Exists, 0),
    };
    let value = &rest[length..];
    // The library reads to the end of the line.
    let value = value.split(['\n', '\r', '\u{2028}', '\u{2029}']).next().unwrap_or_default();
    Ok(Piece { is_negated: text[..start].ends_with('!'), key: &text[start..end], operator, value })
}

fn shortened(text: &str) -> String {
    text.chars().take(100).collect()
}

/// What stands under a key so far.
enum Slot {
    /// A value without an operator. `is_marked` when an operator was put on a JavaScript object and is lost.
    Bare { value: Value, is_marked: bool },
    /// Operators.
    Tests(Vec<Test>),
    /// `$and` and its like out of `filter={…}`.
    Group(Filter),
}

/// A filter being put together: keys in order, as a JavaScript object keeps them.
#[derive(Default)]
struct Merged(Vec<(String, Slot)>);

impl Merged {
    fn slot(&mut self, key: &str) -> &mut Slot {
        let at = self.0.iter().position(|(known, _)| known == key).unwrap_or_else(|| {
            self.0.push((key.to_owned(), Slot::Tests(Vec::new())));
            self.0.len() - 1
        });
        &mut self.0[at].1
    }

    fn add(&mut self, piece: &Piece<'_>, value: Value) {
        let slot = self.slot(piece.key);
        let test = match (value, piece.operator) {
            (Value::List(values), Operator::Ne) => Test::Nin(values),
            (Value::List(values), _) => Test::In(values),
            (_, Operator::Exists) => Test::Exists(!piece.is_negated),
            (value, Operator::Eq) => Test::Eq(value),
            (Value::Regex(pattern), Operator::Ne) => Test::Not(vec![Test::Matches(pattern)]),
            (value, Operator::Ne) => Test::Ne(value),
            (value, Operator::Gt) => Test::Gt(value),
            (value, Operator::Gte) => Test::Gte(value),
            (value, Operator::Lt) => Test::Lt(value),
            (value, Operator::Lte) => Test::Lte(value),
        };
        match slot {
            Slot::Group(_) => return,
            Slot::Bare { value, .. } if value.is_falsy() => *slot = Slot::Tests(Vec::new()),
            Slot::Bare { value: text @ Value::Text(_), .. } => *slot = Slot::Tests(vec![Test::Eq(text.clone())]),
            Slot::Bare { value: kept @ (Value::Number(_) | Value::Bool(_)), .. } => {
                match test {
                    Test::Eq(value) => *kept = value,
                    // The library throws here; both hold.
                    test => *slot = Slot::Tests(vec![Test::Eq(kept.clone()), test]),
                }
                return;
            }
            // What is put on a date, a pattern or a list is lost.
            Slot::Bare { value: kept, is_marked } => {
                match test {
                    Test::Eq(value) if !*is_marked && !matches!(kept, Value::List(_)) => *kept = value,
                    _ => *is_marked = true,
                }
                return;
            }
            Slot::Tests(_) => {}
        }
        let Slot::Tests(tests) = slot else { return };
        match test {
            Test::Eq(value) if tests.is_empty() => *slot = Slot::Bare { value, is_marked: false },
            test => match tests.iter_mut().find(|known| known.is_like(&test)) {
                Some(known) => *known = test,
                None => tests.push(test),
            },
        }
    }

    fn filter(self) -> Filter {
        let parts = self.0.into_iter().map(|(key, slot)| match slot {
            Slot::Bare { value: Value::Regex(pattern), .. } => Filter::Field(key, vec![Test::Matches(pattern)]),
            Slot::Bare { value, .. } => Filter::Field(key, vec![Test::Eq(value)]),
            Slot::Tests(tests) => Filter::Field(key, tests),
            Slot::Group(filter) => filter,
        });
        Filter::All(parts.collect())
    }
}

fn count(parameter: Option<&Parameter<'_>>, key: &str) -> Result<Option<u64>, Error> {
    let Some(parameter) = parameter.filter(|parameter| parameter.is_given()) else { return Ok(None) };
    let wrong = || Error::Count { key: key.to_owned(), value: shortened(&parameter.joined()) };
    if !parameter.more.is_empty() {
        return Err(wrong());
    }
    let number = number::from_text(&parameter.value).ok_or_else(wrong)?;
    let is_count = number >= 0.0 && number.fract() == 0.0 && number <= 9_007_199_254_740_991.0;
    if is_count { Ok(Some(number as u64)) } else { Err(wrong()) }
}

/// The names of `-a,b`, each with whether a minus stands before it; a name that comes again keeps its place.
fn unaries(parameter: &Parameter<'_>) -> Vec<(String, bool)> {
    let mut all: Vec<(String, bool)> = Vec::new();
    let mut add = |text: &str| {
        let (name, is_minus) = match text.as_bytes() {
            [b'-', ..] => (&text[1..], true),
            [b'+', ..] => (&text[1..], false),
            _ => (text, false),
        };
        let name = name.split(['\n', '\r', '\u{2028}', '\u{2029}']).next().unwrap_or_default().trim();
        match all.iter_mut().find(|(known, _)| known == name) {
            Some((_, known)) => *known = is_minus,
            None => all.push((name.to_owned(), is_minus)),
        }
    };
    if parameter.more.is_empty() {
        parameter.value.split(',').for_each(&mut add);
    } else {
        // Given more than once, each value is one name.
        add(&parameter.value);
        parameter.more.iter().for_each(|value| add(value));
    }
    all
}

/// Reads a query.
pub(crate) fn query(text: &str, options: &Options) -> Result<Query, Error> {
    if text.len() > options.limits.bytes {
        return Err(Error::TooLong { found: text.len(), most: options.limits.bytes });
    }
    let mut left = Left::of(options.limits);
    let parameters = parameters(text, &mut left)?;
    let named = |key: &str| parameters.iter().find(|known| known.key == key && known.is_given());
    let keys = &options.keys;
    let mut merged = Merged::default();
    if let Some(json) = named(&keys.filter) {
        if !json.more.is_empty() {
            return Err(Error::Repeated(keys.filter.clone()));
        }
        for entry in json::entries(&json.value, options, &mut left)? {
            merged.0.push(match entry {
                Entry::Bare(key, value) => (key, Slot::Bare { value, is_marked: false }),
                Entry::Tests(key, tests) => (key, Slot::Tests(tests)),
                Entry::Group(key, filter) => (key, Slot::Group(filter)),
            });
        }
    }
    let reserved = [&keys.population, &keys.projection, &keys.sort, &keys.skip, &keys.limit, &keys.filter];
    let mut text = String::new();
    for parameter in &parameters {
        text.clear();
        text.push_str(&parameter.key);
        if parameter.is_given() {
            text.push('=');
            text.push_str(&parameter.value);
            for value in &parameter.more {
                text.push(',');
                text.push_str(value);
            }
        }
        let piece = piece(&text)?;
        if piece.key == "__proto__" {
            return Err(Error::Key(piece.key.to_owned()));
        }
        if reserved.iter().any(|key| *key == piece.key) {
            continue;
        }
        let value = cast::value(piece.value, piece.key, options, &mut left)?;
        let is_listed = options.whitelist.as_ref().is_none_or(|list| list.iter().any(|known| known == piece.key));
        let is_taken = is_listed && !options.blacklist.iter().any(|known| known == piece.key);
        if is_taken && !INHERITED.contains(&piece.key) {
            merged.add(&piece, value);
        }
    }
    let mut projection = named(&keys.projection).map(|parameter| {
        let json = if parameter.more.is_empty() { Some(parameter.value.as_ref()) } else { None };
        Projection::read(json, || unaries(parameter))
    });
    let mut population = match named(&keys.population) {
        Some(parameter) if !parameter.more.is_empty() => return Err(Error::Repeated(keys.population.clone())),
        Some(parameter) => projection::populations(&parameter.value, options.population_max_depth, &mut left)?,
        None => Vec::new(),
    };
    if let Some(projection) = &mut projection {
        projection.move_into(&mut population);
    }
    let limit = count(named(&keys.limit), &keys.limit)?;
    let at_most = |limit: u64| options.limit_ceiling.map_or(limit, |ceiling| limit.min(ceiling));
    Ok(Query {
        filter: merged.filter(),
        sort: named(&keys.sort).map(unaries).unwrap_or_default(),
        skip: count(named(&keys.skip), &keys.skip)?,
        limit: limit.map(at_most),
        projection,
        population,
    })
}
