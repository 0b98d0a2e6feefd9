//! Casting: what a value is that somebody wrote as text, and what a field of a known type makes of it.

use crate::date;
use crate::error::Error;
use crate::number;
use crate::options::{Limits, Options};
use crate::pattern::{Flags, Pattern};
use crate::value::Value;

/// A function from text to a value.
pub type Caster = fn(&str) -> Value;

/// A caster for fields whose type is known: keeps the text as it was written, but for `null`. The field's own type
/// reads it later ([`Kind::cast`]), so that `12.50` does not become `12.5` on the way to a field of text.
pub fn written(text: &str) -> Value {
    if text == "null" { Value::Null } else { Value::text(text) }
}

const BUILT_IN: [&str; 6] = ["string", "number", "boolean", "date", "null", "regex"];

/// The value that a caster makes of a text; `None` when there is no such caster.
fn by_name(name: &str, text: &str, options: &Options) -> Option<Result<Value, Error>> {
    if let Some((_, caster)) = options.casters.iter().find(|(known, _)| known == name) {
        return Some(Ok(caster(text)));
    }
    if !BUILT_IN.contains(&name) {
        return None;
    }
    Some(Ok(match name {
        "string" => Value::text(text),
        "number" => Value::Number(number::from_text(text).unwrap_or(f64::NAN)),
        "boolean" => Value::Bool(text == "true"),
        "null" => Value::Null,
        "date" => date::named(text).map_or(Value::InvalidDate, Value::Date),
        _ => return Some(Pattern::new(text, Flags::default()).map(Value::Regex)),
    }))
}

/// The two halves of `name(text)`, if the text has no closing bracket of its own.
fn call(value: &str) -> Option<(&str, &str)> {
    let (name, text) = value.strip_suffix(')')?.split_once('(')?;
    (!text.contains(')')).then_some((name, text))
}

/// The two parts of `/pattern/flags`.
fn regex(value: &str) -> Option<(&str, &str)> {
    let inside = value.strip_prefix('/')?;
    let end = inside.rfind('/')?;
    let flags = &inside[end + 1..];
    flags.bytes().all(|flag| matches!(flag, b'i' | b'g' | b'm')).then_some((&inside[..end], flags))
}

/// Whether it is `/…/,/…/`: regular expressions, more than one.
fn is_regexes(value: &str) -> bool {
    if regex(value).is_none() {
        return false;
    }
    let commas = value.match_indices(",/").map(|(at, _)| at);
    let mut commas = commas.filter(|at| regex(&value[at + 1..]).is_some());
    commas.any(|at| regex(&value[..at]).is_some())
}

/// Where a list is cut: before each `/` that follows a comma.
fn cut_before_slash(value: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut rest = value;
    while let Some(at) = rest.find(",/") {
        parts.push(&rest[..at]);
        rest = &rest[at + 1..];
    }
    parts.push(rest);
    parts
}

/// What a value is taken for.
pub(crate) fn value(text: &str, key: &str, options: &Options, left: &mut Left) -> Result<Value, Error> {
    if let Some((name, inside)) = call(text)
        && let Some(value) = by_name(name, inside, options)
    {
        left.regex(value.as_ref().ok())?;
        return value;
    }
    if text.starts_with('/') {
        if text.contains(",/") && is_regexes(text) {
            return list(cut_before_slash(text).into_iter(), key, options, left);
        }
        if let Some((pattern, letters)) = regex(text) {
            let flags = Flags::of_javascript(letters).ok_or_else(|| Error::Pattern {
                pattern: text.to_owned(),
                why: "each of the flags i, g, m may stand once".to_owned(),
            })?;
            let pattern = Value::Regex(Pattern::new(pattern, flags)?);
            left.regex(Some(&pattern))?;
            return Ok(pattern);
        }
    }
    if text.contains(',') {
        return list(text.split(','), key, options, left);
    }
    if let Some((_, caster)) = options.cast_params.iter().find(|(known, _)| known == key)
        && let Some(value) = by_name(caster, text, options)
    {
        left.regex(value.as_ref().ok())?;
        return value;
    }
    if let "true" | "false" = text {
        return by_name("boolean", text, options).unwrap_or(Ok(Value::Bool(text == "true")));
    }
    if text == "null" {
        return by_name("null", text, options).unwrap_or(Ok(Value::Null));
    }
    if let Some(number) = number::implied(text) {
        return by_name("number", text, options).unwrap_or(Ok(Value::Number(number)));
    }
    match date::implied(text) {
        date::Read::No => by_name("string", text, options).unwrap_or_else(|| Ok(Value::text(text))),
        _ if options.casters.iter().any(|(known, _)| known == "date") => {
            by_name("date", text, options).unwrap_or(Ok(Value::InvalidDate))
        }
        date::Read::Date(at) => Ok(Value::Date(at)),
        date::Read::Invalid => Ok(Value::InvalidDate),
    }
}

fn list<'a>(
    parts: impl Iterator<Item = &'a str>,
    key: &str,
    options: &Options,
    left: &mut Left,
) -> Result<Value, Error> {
    let mut values = Vec::new();
    for part in parts {
        left.item()?;
        values.push(value(part, key, options, left)?);
    }
    Ok(Value::List(values))
}

/// How much a query may still hold.
#[derive(Debug)]
pub(crate) struct Left {
    limits: Limits,
    items: usize,
    patterns: usize,
    terms: usize,
}

impl Left {
    pub(crate) fn of(limits: Limits) -> Self {
        Self { limits, items: limits.items, patterns: limits.patterns, terms: limits.terms }
    }

    pub(crate) fn item(&mut self) -> Result<(), Error> {
        let what = Error::TooMany { what: "values in lists", most: self.limits.items };
        self.items = self.items.checked_sub(1).ok_or(what)?;
        Ok(())
    }

    pub(crate) fn term(&mut self) -> Result<(), Error> {
        let what = Error::TooMany { what: "conditions", most: self.limits.terms };
        self.terms = self.terms.checked_sub(1).ok_or(what)?;
        Ok(())
    }

    fn regex(&mut self, value: Option<&Value>) -> Result<(), Error> {
        if let Some(Value::Regex(_)) = value {
            self.pattern()?;
        }
        Ok(())
    }

    pub(crate) fn pattern(&mut self) -> Result<(), Error> {
        let what = Error::TooMany { what: "regular expressions", most: self.limits.patterns };
        self.patterns = self.patterns.checked_sub(1).ok_or(what)?;
        Ok(())
    }
}

/// The type of a field, as a schema says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Text. Numbers and flags become the text JavaScript prints.
    Text,
    /// An instant. Text is read as ISO 8601, a number as milliseconds since 1970.
    Date,
    /// True or false. `true`, `1`, `yes` and their opposites in text or numbers.
    Bool,
    /// A number. Text is read as JavaScript does.
    Number,
    /// An id of 24 hexadecimal digits, kept as text in lower case.
    Id,
}

impl Kind {
    /// The words for what the type expects.
    pub fn expected(self) -> &'static str {
        match self {
            Self::Text => "a text",
            Self::Date => "a date such as 2022-02-24 or 2022-02-24T00:00:00.000Z",
            Self::Bool => "true or false",
            Self::Number => "a number",
            Self::Id => "an id of 24 hexadecimal digits",
        }
    }

    /// What the field makes of a value; the words for what was expected when it can make nothing of it. Null stays
    /// null, and each value of a list is cast on its own. A regular expression fits text only.
    pub fn cast(self, value: Value) -> Result<Value, &'static str> {
        let refused = Err(self.expected());
        Ok(match (self, value) {
            (_, Value::Null) => Value::Null,
            (kind, Value::List(values)) => {
                Value::List(values.into_iter().map(|value| kind.cast(value)).collect::<Result<_, _>>()?)
            }
            (Self::Text, Value::Number(number)) => Value::Text(number::to_text(number + 0.0)),
            (Self::Text, Value::Bool(flag)) => Value::Text(flag.to_string()),
            (Self::Text, Value::Date(at)) => Value::Text(date::to_text(at)),
            (Self::Text, value @ (Value::Text(_) | Value::Regex(_)))
            | (Self::Date, value @ Value::Date(_))
            | (Self::Bool, value @ Value::Bool(_))
            | (Self::Number, value @ Value::Number(_)) => value,
            (Self::Date, Value::Text(text)) => match date::named(&text).or_else(|| milliseconds(&text)) {
                Some(at) => Value::Date(at),
                None => return refused,
            },
            (Self::Date, Value::Number(number)) => match jiff::Timestamp::from_millisecond(number as i64) {
                Ok(at) if number.is_finite() => Value::Date(at),
                _ => return refused,
            },
            (Self::Bool, Value::Number(number)) => return self.cast(Value::Text(number::to_text(number))),
            (Self::Bool, Value::Text(text)) => match text.as_str() {
                "true" | "1" | "yes" => Value::Bool(true),
                "false" | "0" | "no" => Value::Bool(false),
                _ => return refused,
            },
            (Self::Number, Value::Bool(flag)) => Value::Number(f64::from(u8::from(flag))),
            (Self::Number, Value::Text(text)) => match number::from_text(&text) {
                Some(number) => Value::Number(number),
                None => return refused,
            },
            (Self::Id, Value::Text(text)) if text.len() == 24 && text.bytes().all(|byte| byte.is_ascii_hexdigit()) => {
                Value::Text(text.to_ascii_lowercase())
            }
            _ => return refused,
        })
    }
}

/// Milliseconds since 1970 in digits, too many of them for a year.
fn milliseconds(text: &str) -> Option<jiff::Timestamp> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let is_large = digits.len() > 5 && digits.bytes().all(|byte| byte.is_ascii_digit());
    if is_large { jiff::Timestamp::from_millisecond(text.parse().ok()?).ok() } else { None }
}
