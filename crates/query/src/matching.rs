//! Matching: which documents a filter takes, in memory, with MongoDB's meaning.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::time::{Duration, Instant};

use crate::filter::{Filter, Test};
use crate::pattern::Pattern;
use crate::value::Value;

/// What a field leads to: one entry a place it reaches, `None` where nothing is. A field below a list reaches one place
/// an element, of an empty list none. A list at the end of the path is one entry.
pub type Reached<'a> = Vec<Option<Cow<'a, Value>>>;

/// A document with fields of type `F`.
pub trait Document<F> {
    /// What a field leads to.
    fn reach<'a>(&'a self, field: &F) -> Reached<'a>;

    /// The elements of a list of objects, as documents whose fields are named from this document down.
    fn elements<'a>(&'a self, field: &F) -> Vec<Box<dyn Document<F> + 'a>> {
        let _ = field;
        Vec::new()
    }
}

/// How long matching may go on, over all documents.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    until: Option<Instant>,
}

impl Patience {
    /// So long from now on.
    pub fn of(time: Duration) -> Self {
        Self { until: Instant::now().checked_add(time) }
    }

    fn is_over(self) -> bool {
        self.until.is_some_and(|until| Instant::now() > until)
    }
}

/// Why nobody knows whether a document matches.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TooCostly {
    /// A pattern took too many steps on one text.
    #[error("the regular expression {0} takes too many steps")]
    Steps(String),
    /// The time is up.
    #[error("the regular expressions take too long")]
    Time,
}

impl<F> Filter<F> {
    /// Whether the filter takes a document.
    pub fn matches(&self, document: &dyn Document<F>, patience: Patience) -> Result<bool, TooCostly> {
        Ok(match self {
            Self::All(parts) => {
                for part in parts {
                    if !part.matches(document, patience)? {
                        return Ok(false);
                    }
                }
                true
            }
            Self::Any(parts) => any(parts, document, patience)?,
            Self::Neither(parts) => !any(parts, document, patience)?,
            Self::Field(field, tests) => {
                let reached = document.reach(field);
                for test in tests {
                    if !test.passes(field, &reached, document, patience)? {
                        return Ok(false);
                    }
                }
                true
            }
        })
    }
}

fn any<F>(parts: &[Filter<F>], document: &dyn Document<F>, patience: Patience) -> Result<bool, TooCostly> {
    for part in parts {
        if part.matches(document, patience)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether some place, some element of a list there, or the list itself passes.
fn some(
    reached: &Reached<'_>,
    mut passes: impl FnMut(Option<&Value>) -> Result<bool, TooCostly>,
) -> Result<bool, TooCostly> {
    for place in reached {
        if let Some(Value::List(values)) = place.as_deref() {
            for value in values {
                if passes(Some(value))? {
                    return Ok(true);
                }
            }
        }
        if passes(place.as_deref())? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn is_found(pattern: &Pattern, value: Option<&Value>, patience: Patience) -> Result<bool, TooCostly> {
    let Some(Value::Text(text)) = value else {
        return Ok(matches!(value, Some(Value::Regex(other)) if other == pattern));
    };
    if patience.is_over() {
        return Err(TooCostly::Time);
    }
    pattern.is_in(text).map_err(|_| TooCostly::Steps(pattern.to_string()))
}

fn is_equal(wanted: &Value, found: Option<&Value>) -> bool {
    match (wanted, found) {
        (Value::Null, None) => true,
        (wanted, Some(found)) => wanted.equals(found),
        _ => false,
    }
}

/// Equal, or found when what is wanted is a pattern.
fn is_it(wanted: &Value, found: Option<&Value>, patience: Patience) -> Result<bool, TooCostly> {
    match wanted {
        Value::Regex(pattern) => is_found(pattern, found, patience),
        wanted => Ok(is_equal(wanted, found)),
    }
}

fn is_in(wanted: &[Value], found: Option<&Value>, patience: Patience) -> Result<bool, TooCostly> {
    for wanted in wanted {
        if is_it(wanted, found, patience)? {
            return Ok(true);
        }
    }
    Ok(false)
}

impl<F> Test<F> {
    fn passes(
        &self,
        field: &F,
        reached: &Reached<'_>,
        document: &dyn Document<F>,
        patience: Patience,
    ) -> Result<bool, TooCostly> {
        // Null and NaN equal themselves and are neither less nor greater than anything.
        let ranges = |wanted: &Value, takes: &[Ordering]| {
            some(reached, |found| {
                Ok(if takes.contains(&Ordering::Equal) && is_equal(wanted, found) {
                    true
                } else {
                    found.and_then(|found| found.compare(wanted)).is_some_and(|order| takes.contains(&order))
                })
            })
        };
        match self {
            Self::Eq(wanted) => some(reached, |found| Ok(is_equal(wanted, found))),
            Self::Ne(wanted) => Ok(!some(reached, |found| Ok(is_equal(wanted, found)))?),
            Self::Gt(wanted) => ranges(wanted, &[Ordering::Greater]),
            Self::Gte(wanted) => ranges(wanted, &[Ordering::Greater, Ordering::Equal]),
            Self::Lt(wanted) => ranges(wanted, &[Ordering::Less]),
            Self::Lte(wanted) => ranges(wanted, &[Ordering::Less, Ordering::Equal]),
            Self::In(wanted) => some(reached, |found| is_in(wanted, found, patience)),
            Self::Nin(wanted) => Ok(!some(reached, |found| is_in(wanted, found, patience))?),
            Self::Exists(wanted) => Ok(reached.iter().any(Option::is_some) == *wanted),
            Self::Matches(pattern) => some(reached, |found| is_found(pattern, found, patience)),
            Self::Not(tests) => {
                for test in tests {
                    if !test.passes(field, reached, document, patience)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            Self::All(wanted) => {
                for wanted in wanted {
                    if !some(reached, |found| is_it(wanted, found, patience))? {
                        return Ok(false);
                    }
                }
                Ok(!wanted.is_empty())
            }
            Self::Size(size) => Ok(reached
                .iter()
                .any(|place| matches!(place.as_deref(), Some(Value::List(values)) if values.len() as u64 == *size))),
            Self::Elem(tests) => {
                for place in reached {
                    let Some(Value::List(values)) = place.as_deref() else { continue };
                    for value in values {
                        let element = vec![Some(Cow::Borrowed(value))];
                        let mut all = true;
                        for test in tests {
                            all = all && test.passes(field, &element, document, patience)?;
                        }
                        if all {
                            return Ok(true);
                        }
                    }
                }
                Ok(false)
            }
            Self::ElemFilter(filter) => {
                for element in document.elements(field) {
                    if filter.matches(element.as_ref(), patience)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
        }
    }

    /// Whether a single value passes, as if a document held nothing else: for fields whose few values a program knows
    /// by other words.
    pub fn takes(&self, value: Option<&Value>, patience: Patience) -> Result<bool, TooCostly> {
        struct One<'a>(Option<&'a Value>);
        impl Document<()> for One<'_> {
            fn reach<'a>(&'a self, (): &()) -> Reached<'a> {
                vec![self.0.map(Cow::Borrowed)]
            }
        }
        let unit = self.clone_as_unit();
        unit.map_or(Ok(false), |test| Filter::Field((), vec![test]).matches(&One(value), patience))
    }

    /// The same test without the type of its fields; `None` when it holds a filter over fields.
    fn clone_as_unit(&self) -> Option<Test<()>> {
        let each = |tests: &[Self]| tests.iter().map(Self::clone_as_unit).collect::<Option<Vec<_>>>();
        Some(match self {
            Self::Eq(value) => Test::Eq(value.clone()),
            Self::Ne(value) => Test::Ne(value.clone()),
            Self::Gt(value) => Test::Gt(value.clone()),
            Self::Gte(value) => Test::Gte(value.clone()),
            Self::Lt(value) => Test::Lt(value.clone()),
            Self::Lte(value) => Test::Lte(value.clone()),
            Self::In(values) => Test::In(values.clone()),
            Self::Nin(values) => Test::Nin(values.clone()),
            Self::Exists(flag) => Test::Exists(*flag),
            Self::Matches(pattern) => Test::Matches(pattern.clone()),
            Self::Not(tests) => Test::Not(each(tests)?),
            Self::All(values) => Test::All(values.clone()),
            Self::Size(size) => Test::Size(*size),
            Self::Elem(tests) => Test::Elem(each(tests)?),
            Self::ElemFilter(_) => return None,
        })
    }
}

/// A value is a document when it is an object: paths go down by dots, through lists, and by position into lists.
impl Document<String> for Value {
    fn reach<'a>(&'a self, field: &String) -> Reached<'a> {
        let mut reached = Vec::new();
        let parts: Vec<&str> = field.split('.').collect();
        walk(Some(self), &parts, &mut reached);
        reached
    }

    fn elements<'a>(&'a self, field: &String) -> Vec<Box<dyn Document<String> + 'a>> {
        let mut elements: Vec<Box<dyn Document<String> + 'a>> = Vec::new();
        let parts: Vec<&str> = field.split('.').collect();
        let mut reached = Vec::new();
        walk(Some(self), &parts, &mut reached);
        for place in reached {
            let Some(Cow::Borrowed(Value::List(values))) = place else { continue };
            for value in values {
                if let Value::Object(_) = value {
                    elements.push(Box::new(Element { value, above: field.len() + 1 }));
                }
            }
        }
        elements
    }
}

/// An element of a list, whose fields are named from the document down.
struct Element<'v> {
    value: &'v Value,
    above: usize,
}

impl Element<'_> {
    fn own(&self, field: &str) -> String {
        field.get(self.above..).unwrap_or_default().to_owned()
    }
}

impl Document<String> for Element<'_> {
    fn reach<'a>(&'a self, field: &String) -> Reached<'a> {
        self.value.reach(&self.own(field))
    }

    fn elements<'a>(&'a self, field: &String) -> Vec<Box<dyn Document<String> + 'a>> {
        let above = self.above;
        let below = self.own(field);
        let inner = self.value.reach(&below).into_iter().filter_map(|place| match place {
            Some(Cow::Borrowed(Value::List(values))) => Some(values),
            _ => None,
        });
        let objects = inner.flatten().filter(|value| matches!(value, Value::Object(_)));
        objects
            .map(|value| -> Box<dyn Document<String> + 'a> {
                Box::new(Element { value, above: above + below.len() + 1 })
            })
            .collect()
    }
}

fn walk<'a>(value: Option<&'a Value>, parts: &[&str], reached: &mut Reached<'a>) {
    let Some((part, rest)) = parts.split_first() else {
        reached.push(value.map(Cow::Borrowed));
        return;
    };
    match value {
        Some(Value::Object(fields)) => {
            let found = fields.iter().find(|(name, _)| name == part).map(|(_, value)| value);
            walk(found, rest, reached);
        }
        Some(Value::List(values)) => {
            if let Ok(place) = part.parse::<usize>()
                && let Some(value) = values.get(place)
            {
                walk(Some(value), rest, reached);
            }
            // A list inside a list is gone into by position only.
            for value in values.iter().filter(|value| matches!(value, Value::Object(_))) {
                walk(Some(value), parts, reached);
            }
        }
        _ => reached.push(None),
    }
}
