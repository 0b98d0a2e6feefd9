//! A filter: which documents, over fields of any kind: names as they were typed, or a program's own fields.

use std::fmt;

use crate::error::Error;
use crate::pattern::Pattern;
use crate::value::Value;

/// Which documents.
#[derive(Clone, Debug, PartialEq)]
pub enum Filter<F = String> {
    /// Those that each part takes; of no parts, all.
    All(Vec<Filter<F>>),
    /// Those that some part takes.
    Any(Vec<Filter<F>>),
    /// Those that no part takes.
    Neither(Vec<Filter<F>>),
    /// Those whose field passes every test.
    Field(F, Vec<Test<F>>),
}

/// What a field must be. A field that lies in a list is every element's: one that passes is enough, and for
/// [`Test::Ne`], [`Test::Nin`] and [`Test::Not`] none may.
#[derive(Clone, Debug, PartialEq)]
pub enum Test<F = String> {
    /// Equal; null takes missing fields too.
    Eq(Value),
    /// Not equal.
    Ne(Value),
    /// Greater, among values of the same type.
    Gt(Value),
    /// Greater or equal.
    Gte(Value),
    /// Less.
    Lt(Value),
    /// Less or equal.
    Lte(Value),
    /// Equal to one of these, or found by one of these patterns.
    In(Vec<Value>),
    /// Equal to none of these, and found by no pattern.
    Nin(Vec<Value>),
    /// There or not there; null is there.
    Exists(bool),
    /// Text in which the pattern is found.
    Matches(Pattern),
    /// Does not pass all of these.
    Not(Vec<Test<F>>),
    /// Each of these is there.
    All(Vec<Value>),
    /// A list of so many elements.
    Size(u64),
    /// A list of which one element passes all of these.
    Elem(Vec<Test<F>>),
    /// A list of which one element, an object, is taken by this filter. Its fields are named from the document down.
    ElemFilter(Box<Filter<F>>),
}

impl<F> Default for Filter<F> {
    fn default() -> Self {
        Self::All(Vec::new())
    }
}

impl<F> Filter<F> {
    /// Whether it takes every document because it says nothing.
    pub fn is_empty(&self) -> bool {
        matches!(self, Self::All(parts) if parts.iter().all(Self::is_empty))
    }

    /// The same filter over other fields. A field that has no counterpart is an error of the caller's own making.
    pub fn try_map<G, E>(self, map: &mut impl FnMut(F, Vec<Test<F>>) -> Result<Filter<G>, E>) -> Result<Filter<G>, E> {
        let mut each =
            |parts: Vec<Self>| parts.into_iter().map(|part| part.try_map(map)).collect::<Result<Vec<_>, E>>();
        Ok(match self {
            Self::All(parts) => Filter::All(each(parts)?),
            Self::Any(parts) => Filter::Any(each(parts)?),
            Self::Neither(parts) => Filter::Neither(each(parts)?),
            Self::Field(field, tests) => map(field, tests)?,
        })
    }

    /// Every field it looks at, with repeats.
    pub fn fields(&self) -> Vec<&F> {
        let mut fields = Vec::new();
        self.collect_fields(&mut fields);
        fields
    }

    fn collect_fields<'a>(&'a self, fields: &mut Vec<&'a F>) {
        match self {
            Self::All(parts) | Self::Any(parts) | Self::Neither(parts) => {
                for part in parts {
                    part.collect_fields(fields);
                }
            }
            Self::Field(field, tests) => {
                fields.push(field);
                for test in tests {
                    test.collect_fields(fields);
                }
            }
        }
    }
}

impl<F> Test<F> {
    fn collect_fields<'a>(&'a self, fields: &mut Vec<&'a F>) {
        match self {
            Self::Not(tests) | Self::Elem(tests) => tests.iter().for_each(|test| test.collect_fields(fields)),
            Self::ElemFilter(filter) => filter.collect_fields(fields),
            _ => {}
        }
    }

    /// Whether it is the same operator, so that one takes the other's place.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        // A pattern stands for `$regex`, and a negated one for `$not`.
        std::mem::discriminant(self) == std::mem::discriminant(other)
    }

    /// The operator as MongoDB calls it.
    pub fn operator(&self) -> &'static str {
        match self {
            Self::Eq(_) => "$eq",
            Self::Ne(_) => "$ne",
            Self::Gt(_) => "$gt",
            Self::Gte(_) => "$gte",
            Self::Lt(_) => "$lt",
            Self::Lte(_) => "$lte",
            Self::In(_) => "$in",
            Self::Nin(_) => "$nin",
            Self::Exists(_) => "$exists",
            Self::Matches(_) => "$regex",
            Self::Not(_) => "$not",
            Self::All(_) => "$all",
            Self::Size(_) => "$size",
            Self::Elem(_) | Self::ElemFilter(_) => "$elemMatch",
        }
    }

    /// The same test with each of its values replaced. [`Test::ElemFilter`] has none of its own.
    pub fn try_map_values<E>(self, map: &mut impl FnMut(Value) -> Result<Value, E>) -> Result<Self, E> {
        let mut list = |values: Vec<Value>| values.into_iter().map(&mut *map).collect::<Result<Vec<_>, E>>();
        Ok(match self {
            Self::In(values) => Self::In(list(values)?),
            Self::Nin(values) => Self::Nin(list(values)?),
            Self::All(values) => Self::All(list(values)?),
            Self::Eq(value) => Self::Eq(map(value)?),
            Self::Ne(value) => Self::Ne(map(value)?),
            Self::Gt(value) => Self::Gt(map(value)?),
            Self::Gte(value) => Self::Gte(map(value)?),
            Self::Lt(value) => Self::Lt(map(value)?),
            Self::Lte(value) => Self::Lte(map(value)?),
            Self::Not(tests) => {
                Self::Not(tests.into_iter().map(|test| test.try_map_values(map)).collect::<Result<_, E>>()?)
            }
            Self::Elem(tests) => {
                Self::Elem(tests.into_iter().map(|test| test.try_map_values(map)).collect::<Result<_, E>>()?)
            }
            Self::Exists(_) | Self::Matches(_) | Self::Size(_) | Self::ElemFilter(_) => self,
        })
    }
}

impl Filter<String> {
    /// Refuses what MongoDB would: a range over a regular expression or a list, and keys that begin with `$`.
    pub fn check(&self) -> Result<(), Error> {
        match self {
            Self::All(parts) | Self::Any(parts) | Self::Neither(parts) => parts.iter().try_for_each(Self::check),
            Self::Field(field, tests) => {
                let refused = |why: &str| Err(Error::Condition { field: field.clone(), why: why.to_owned() });
                if field.starts_with('$') {
                    return refused("a field's name does not begin with $");
                }
                tests.iter().try_for_each(|test| test.check(field))
            }
        }
    }
}

impl Test<String> {
    fn check(&self, field: &str) -> Result<(), Error> {
        let refused = |why: String| Err(Error::Condition { field: field.to_owned(), why });
        match self {
            Self::Gt(value) | Self::Gte(value) | Self::Lt(value) | Self::Lte(value) => match value {
                Value::Regex(_) => refused(format!("{} cannot compare with a regular expression", self.operator())),
                Value::List(_) | Value::Object(_) => refused(format!("{} cannot compare with a list", self.operator())),
                _ => Ok(()),
            },
            Self::Ne(Value::Regex(_)) => refused("$ne cannot compare with a regular expression".to_owned()),
            Self::Not(tests) | Self::Elem(tests) => tests.iter().try_for_each(|test| test.check(field)),
            Self::ElemFilter(filter) => filter.check(),
            _ => Ok(()),
        }
    }
}

fn parts<T: fmt::Display>(f: &mut fmt::Formatter<'_>, parts: &[T]) -> fmt::Result {
    f.write_str("[")?;
    for (n, part) in parts.iter().enumerate() {
        write!(f, "{}{part}", if n == 0 { "" } else { "," })?;
    }
    f.write_str("]")
}

fn name(field: &impl fmt::Display) -> serde_json::Value {
    serde_json::Value::from(field.to_string())
}

/// As a MongoDB filter: `{"a":{"$gt":1},"b":/x/}`.
impl<F: fmt::Display> fmt::Display for Filter<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All(all) if all.iter().all(|part| !matches!(part, Self::All(_))) => {
                f.write_str("{")?;
                for (n, part) in all.iter().enumerate() {
                    f.write_str(if n == 0 { "" } else { "," })?;
                    part.write_inside(f)?;
                }
                f.write_str("}")
            }
            _ => {
                f.write_str("{")?;
                self.write_inside(f)?;
                f.write_str("}")
            }
        }
    }
}

impl<F: fmt::Display> Filter<F> {
    fn write_inside(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All(all) => {
                f.write_str("\"$and\":")?;
                parts(f, all)
            }
            Self::Any(any) => {
                f.write_str("\"$or\":")?;
                parts(f, any)
            }
            Self::Neither(none) => {
                f.write_str("\"$nor\":")?;
                parts(f, none)
            }
            Self::Field(field, tests) => {
                write!(f, "{}:", name(field))?;
                match tests.as_slice() {
                    [Test::Eq(value)] => write!(f, "{value}"),
                    [Test::Matches(pattern)] => write!(f, "{pattern}"),
                    tests => write_tests(f, tests),
                }
            }
        }
    }
}

fn write_tests<F: fmt::Display>(f: &mut fmt::Formatter<'_>, tests: &[Test<F>]) -> fmt::Result {
    f.write_str("{")?;
    for (n, test) in tests.iter().enumerate() {
        write!(f, "{}{test}", if n == 0 { "" } else { "," })?;
    }
    f.write_str("}")
}

/// `"$gt":1`.
impl<F: fmt::Display> fmt::Display for Test<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\":", self.operator())?;
        match self {
            Self::Eq(value)
            | Self::Ne(value)
            | Self::Gt(value)
            | Self::Gte(value)
            | Self::Lt(value)
            | Self::Lte(value) => write!(f, "{value}"),
            Self::In(values) | Self::Nin(values) | Self::All(values) => parts(f, values),
            Self::Exists(flag) => write!(f, "{flag}"),
            Self::Matches(pattern) => write!(f, "{pattern}"),
            Self::Not(tests) => match tests.as_slice() {
                [Self::Matches(pattern)] => write!(f, "{pattern}"),
                tests => write_tests(f, tests),
            },
            Self::Size(size) => write!(f, "{size}"),
            Self::Elem(tests) => write_tests(f, tests),
            Self::ElemFilter(filter) => write!(f, "{filter}"),
        }
    }
}
