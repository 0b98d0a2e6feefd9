//! JSON as it came: a borrowed tree whose numbers keep their digits and whose members keep their order.
//!
//! [`parse`] checks the whole text once with `serde_json`, then builds the tree from text that is known to be valid.
//! [`fields`] reads typed values out of a tree and collects every problem on the way.

pub mod fields;
pub mod values;
mod wording;

#[cfg(test)]
pub(crate) mod tests;

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;

use domain::money::Decimal;
use domain::order::RawJson;
use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

/// How many lists and objects may lie inside each other.
pub const DEEPEST: usize = 64;

/// The members of an object, in the order they were written; no name comes twice.
pub type Members<'a> = Vec<(Cow<'a, str>, Json<'a>)>;

/// A JSON value.
#[derive(Clone, Debug, PartialEq)]
pub enum Json<'a> {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number, digit for digit as written.
    Number(Cow<'a, str>),
    /// Text, escapes resolved.
    Text(Cow<'a, str>),
    /// A list.
    List(Vec<Json<'a>>),
    /// An object. Of two members with the same name the last one's value stands in the first one's place.
    Object(Members<'a>),
}

/// Why bytes are not JSON that we take.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}: line {line} column {column}")]
pub struct ParseError {
    /// What is wrong.
    pub message: String,
    /// The line, from 1.
    pub line: usize,
    /// The byte in the line, from 1 (0: before the first).
    pub column: usize,
}

/// Reads JSON. Fails with the place for malformed text, invalid UTF-8 and nesting deeper than [`DEEPEST`]; never
/// panics.
pub fn parse(bytes: &[u8]) -> Result<Json<'_>, ParseError> {
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let (line, column) = place(bytes, error.valid_up_to());
        ParseError { message: "the text is not valid UTF-8".to_owned(), line, column }
    })?;
    let valid: &RawValue = serde_json::from_str(text).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        let full = error.to_string();
        let message = full.strip_suffix(&format!(" at line {line} column {column}")).unwrap_or(&full).to_owned();
        ParseError { message, line, column }
    })?;
    let mut builder = Builder { text: valid.get(), at: 0 };
    builder.value(0).map_err(|message| {
        let (line, column) = place(bytes, text.len() - text.trim_start().len() + builder.at);
        ParseError { message, line, column }
    })
}

/// Line and column, both from 1, of the byte at `offset`.
fn place(bytes: &[u8], offset: usize) -> (usize, usize) {
    let before = &bytes[..offset.min(bytes.len())];
    let line_start = before.iter().rposition(|&byte| byte == b'\n').map_or(0, |newline| newline + 1);
    (before.split(|&byte| byte == b'\n').count(), before.len() - line_start + 1)
}

/// Walks over text that is valid JSON.
struct Builder<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Builder<'a> {
    /// The next byte that is not blank.
    fn peek(&mut self) -> u8 {
        let bytes = self.text.as_bytes();
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = bytes.get(self.at) {
            self.at += 1;
        }
        bytes.get(self.at).copied().unwrap_or(0)
    }

    fn value(&mut self, depth: usize) -> Result<Json<'a>, String> {
        match self.peek() {
            b'{' | b'[' if depth == DEEPEST => {
                Err(format!("lists and objects lie more than {DEEPEST} deep inside each other"))
            }
            b'{' => self.object(depth),
            b'[' => self.list(depth),
            b'"' => self.text().map(Json::Text),
            b't' => Ok(self.word(4, Json::Bool(true))),
            b'f' => Ok(self.word(5, Json::Bool(false))),
            b'n' => Ok(self.word(4, Json::Null)),
            _ => {
                let rest = &self.text[self.at..];
                let number = |byte: &u8| byte.is_ascii_digit() || matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E');
                let end = rest.bytes().position(|byte| !number(&byte)).unwrap_or(rest.len());
                self.at += end;
                Ok(Json::Number(Cow::Borrowed(&rest[..end])))
            }
        }
    }

    fn word(&mut self, length: usize, value: Json<'a>) -> Json<'a> {
        self.at += length;
        value
    }

    /// The text whose opening quote is next.
    fn text(&mut self) -> Result<Cow<'a, str>, String> {
        let start = self.at;
        let bytes = self.text.as_bytes();
        let (mut end, mut is_plain) = (start + 1, true);
        while let Some(&byte) = bytes.get(end) {
            match byte {
                b'"' => break,
                b'\\' => {
                    is_plain = false;
                    end += 2;
                }
                _ => end += 1,
            }
        }
        if is_plain {
            self.at = end + 1;
            return Ok(Cow::Borrowed(&self.text[start + 1..end]));
        }
        let unescaped = serde_json::from_str(&self.text[start..=end])
            .map_err(|_| "a \\u escape names half a character (a lone surrogate)".to_owned())?;
        self.at = end + 1;
        Ok(Cow::Owned(unescaped))
    }

    fn list(&mut self, depth: usize) -> Result<Json<'a>, String> {
        let mut list = Vec::new();
        self.at += 1;
        while self.peek() != b']' {
            list.push(self.value(depth + 1)?);
            if self.peek() == b',' {
                self.at += 1;
            }
        }
        self.at += 1;
        Ok(Json::List(list))
    }

    fn object(&mut self, depth: usize) -> Result<Json<'a>, String> {
        let mut members = Vec::with_capacity(8);
        self.at += 1;
        while self.peek() == b'"' {
            let name = self.text()?;
            self.peek();
            self.at += 1; // the colon
            members.push((name, self.value(depth + 1)?));
            if self.peek() == b',' {
                self.at += 1;
                self.peek();
            }
        }
        self.at += 1;
        Ok(Json::Object(last_wins(members)))
    }
}

/// Gives each name the last of its values.
fn last_wins<'a>(members: Members<'a>) -> Members<'a> {
    const FEW: usize = 24;
    let repeats = |list: &[(Cow<'a, str>, Json<'a>)]| {
        if list.len() <= FEW {
            return list.iter().enumerate().any(|(at, (name, _))| list[..at].iter().any(|(other, _)| other == name));
        }
        let names: std::collections::HashSet<&str> = list.iter().map(|(name, _)| name.as_ref()).collect();
        names.len() < list.len()
    };
    if !repeats(&members) {
        return members;
    }
    let mut places: HashMap<Cow<'a, str>, usize> = HashMap::new();
    let mut once: Members<'a> = Vec::with_capacity(members.len());
    for (name, value) in members {
        if let Some(&at) = places.get(&name) {
            once[at].1 = value;
        } else {
            places.insert(name.clone(), once.len());
            once.push((name, value));
        }
    }
    once
}

impl<'a> Json<'a> {
    /// An object's member; `None` when there is none or this is no object.
    pub fn get(&self, name: &str) -> Option<&Json<'a>> {
        match self {
            Self::Object(members) => members.iter().find(|(member, _)| member == name).map(|(_, value)| value),
            _ => None,
        }
    }

    /// The same, to change it.
    pub fn get_mut(&mut self, name: &str) -> Option<&mut Json<'a>> {
        match self {
            Self::Object(members) => members.iter_mut().find(|(member, _)| member == name).map(|(_, value)| value),
            _ => None,
        }
    }

    /// Takes a member out of an object.
    pub fn remove(&mut self, name: &str) -> Option<Json<'a>> {
        match self {
            Self::Object(members) => {
                let at = members.iter().position(|(member, _)| member == name)?;
                Some(members.remove(at).1)
            }
            _ => None,
        }
    }

    /// The value below a path of names and list positions.
    pub fn at(&self, path: &[fields::Step]) -> Option<&Json<'a>> {
        path.iter().try_fold(self, |value, step| match (step, value) {
            (fields::Step::Key(name), value) => value.get(name),
            (fields::Step::Index(index), Self::List(list)) => list.get(*index),
            _ => None,
        })
    }

    /// The text, if it is text.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Lays `patch` over this: objects member by member, anything else replaces what was there. An empty list laid
    /// over an object changes nothing, since that is how PHP writes an empty object.
    pub fn merge(&mut self, patch: Json<'a>) {
        match (self, patch) {
            (Self::Object(members), Self::Object(changes)) => {
                // No name comes twice among the changes, so the places of the members that are there now are enough.
                let places: HashMap<Cow<'a, str>, usize> =
                    members.iter().enumerate().map(|(at, (name, _))| (name.clone(), at)).collect();
                for (name, change) in changes {
                    match places.get(&name) {
                        Some(&at) => members[at].1.merge(change),
                        None => members.push((name, change)),
                    }
                }
            }
            (Self::Object(_), Self::List(list)) if list.is_empty() => {}
            (value, change) => *value = change,
        }
    }

    /// Writes compact JSON behind what `out` holds.
    pub fn write(&self, out: &mut String) {
        match self {
            Self::Null => out.push_str("null"),
            Self::Bool(true) => out.push_str("true"),
            Self::Bool(false) => out.push_str("false"),
            Self::Number(digits) => out.push_str(digits),
            Self::Text(text) => write_text(text, out),
            Self::List(list) => {
                out.push('[');
                for (index, value) in list.iter().enumerate() {
                    if index > 0 {
                        out.push(',');
                    }
                    value.write(out);
                }
                out.push(']');
            }
            Self::Object(members) => {
                out.push('{');
                for (index, (name, value)) in members.iter().enumerate() {
                    if index > 0 {
                        out.push(',');
                    }
                    write_text(name, out);
                    out.push(':');
                    value.write(out);
                }
                out.push('}');
            }
        }
    }

    /// The value as text to keep; `None` only for a number that was built by hand and is none.
    pub fn to_raw(&self) -> Option<RawJson> {
        RawJson::new(self.to_string())
    }
}

/// Writes a JSON string.
fn write_text(text: &str, out: &mut String) {
    out.push('"');
    let mut written = 0;
    for (at, byte) in text.bytes().enumerate() {
        if byte >= 0x20 && byte != b'"' && byte != b'\\' {
            continue;
        }
        out.push_str(&text[written..at]);
        written = at + 1;
        match byte {
            b'"' => out.push_str("\\\""),
            b'\\' => out.push_str("\\\\"),
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            _ => {
                let hex = |digit: u8| char::from_digit(digit.into(), 16).unwrap_or('0');
                out.push_str("\\u00");
                out.push(hex(byte >> 4));
                out.push(hex(byte & 15));
            }
        }
    }
    out.push_str(&text[written..]);
    out.push('"');
}

/// Compact JSON.
impl fmt::Display for Json<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = String::with_capacity(256);
        self.write(&mut out);
        f.write_str(&out)
    }
}

/// For `serde_json`; numbers keep their digits.
impl Serialize for Json<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Number(digits) => match digits.parse::<i64>() {
                Ok(whole) if digits != "-0" => serializer.serialize_i64(whole),
                _ => {
                    serde_json::from_str::<&RawValue>(digits).map_err(serde::ser::Error::custom)?.serialize(serializer)
                }
            },
            Self::Text(text) => serializer.serialize_str(text),
            Self::List(list) => {
                let mut out = serializer.serialize_seq(Some(list.len()))?;
                for value in list {
                    out.serialize_element(value)?;
                }
                out.end()
            }
            Self::Object(members) => {
                let mut out = serializer.serialize_map(Some(members.len()))?;
                for (name, value) in members {
                    out.serialize_entry(name, value)?;
                }
                out.end()
            }
        }
    }
}

impl<'a> From<&'a str> for Json<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }
}

impl<'a> From<&'a String> for Json<'a> {
    fn from(text: &'a String) -> Self {
        Self::Text(Cow::Borrowed(text))
    }
}

impl From<String> for Json<'_> {
    fn from(text: String) -> Self {
        Self::Text(Cow::Owned(text))
    }
}

impl From<bool> for Json<'_> {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for Json<'_> {
    fn from(number: i64) -> Self {
        Self::Number(Cow::Owned(number.to_string()))
    }
}

impl From<u64> for Json<'_> {
    fn from(number: u64) -> Self {
        Self::Number(Cow::Owned(number.to_string()))
    }
}

/// A number with the digits the decimal holds: 25.50 stays 25.50.
impl From<Decimal> for Json<'_> {
    fn from(number: Decimal) -> Self {
        Self::Number(Cow::Owned(number.to_string()))
    }
}

impl<'a, T: Into<Json<'a>>> From<Vec<T>> for Json<'a> {
    fn from(list: Vec<T>) -> Self {
        Self::List(list.into_iter().map(Into::into).collect())
    }
}
