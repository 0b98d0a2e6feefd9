//! A value: what a condition compares with, and what a field of a document holds.

use std::cmp::Ordering;
use std::fmt;

use jiff::Timestamp;

use crate::pattern::Pattern;

/// A value of a query or of a document.
#[derive(Clone, Debug)]
pub enum Value {
    /// Null; in a condition it stands for a missing field too.
    Null,
    /// True or false.
    Bool(bool),
    /// A double, as JavaScript has them; may be NaN or −0.
    Number(f64),
    /// Text.
    Text(String),
    /// An instant; what is finer than a millisecond is left out of comparisons.
    Date(Timestamp),
    /// What was called a date and is none; equal to nothing.
    InvalidDate,
    /// A regular expression.
    Regex(Pattern),
    /// A list.
    List(Vec<Value>),
    /// An object; its fields keep their order.
    Object(Vec<(String, Value)>),
}

impl Value {
    /// The value of text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// Whether MongoDB calls the two equal: the same type and the same value; NaN equals NaN, and a date is a number of
    /// milliseconds.
    pub fn equals(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::List(a), Self::List(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.equals(b)),
            (Self::Object(a), Self::Object(b)) => {
                a.len() == b.len() && a.iter().zip(b).all(|((k, a), (l, b))| k == l && a.equals(b))
            }
            (Self::Number(a), Self::Number(b)) if a.is_nan() && b.is_nan() => true,
            _ => self.compare(other) == Some(Ordering::Equal),
        }
    }

    /// Which comes first, for two values of one type; `None` for two of different types, and when there is no order. Text
    /// is compared byte by byte.
    pub fn compare(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Null, Self::Null) => Some(Ordering::Equal),
            (Self::Bool(a), Self::Bool(b)) => Some(a.cmp(b)),
            (Self::Number(a), Self::Number(b)) => a.partial_cmp(b),
            (Self::Text(a), Self::Text(b)) => Some(a.cmp(b)),
            (Self::Date(a), Self::Date(b)) => Some(a.as_millisecond().cmp(&b.as_millisecond())),
            _ => None,
        }
    }

    /// What JavaScript takes for false: then it forgets the value when another operator joins the key.
    pub(crate) fn is_falsy(&self) -> bool {
        match self {
            Self::Null | Self::Bool(false) => true,
            Self::Number(number) => *number == 0.0 || number.is_nan(),
            Self::Text(text) => text.is_empty(),
            _ => false,
        }
    }
}

/// Equal as MongoDB has it, except that a regular expression equals the same one.
impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Regex(a), Self::Regex(b)) => a == b,
            (Self::InvalidDate, Self::InvalidDate) => true,
            (Self::List(a), Self::List(b)) => a == b,
            _ => self.equals(other),
        }
    }
}

/// JavaScript's notation.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(flag) => write!(f, "{flag}"),
            Self::Number(number) => f.write_str(&crate::number::to_text(*number)),
            Self::Text(text) => write!(f, "{}", serde_json::Value::from(text.as_str())),
            Self::Date(at) => write!(f, "Date({})", crate::date::to_text(*at)),
            Self::InvalidDate => f.write_str("InvalidDate"),
            Self::Regex(pattern) => write!(f, "{pattern}"),
            Self::List(values) => {
                f.write_str("[")?;
                for (n, value) in values.iter().enumerate() {
                    write!(f, "{}{value}", if n == 0 { "" } else { "," })?;
                }
                f.write_str("]")
            }
            Self::Object(fields) => {
                f.write_str("{")?;
                for (n, (name, value)) in fields.iter().enumerate() {
                    let comma = if n == 0 { "" } else { "," };
                    write!(f, "{comma}{}:{value}", serde_json::Value::from(name.as_str()))?;
                }
                f.write_str("}")
            }
        }
    }
}
