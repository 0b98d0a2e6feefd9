//! Between rows and nouns: JSON bodies, ids and words that a row holds.

use domain::{Error, Result};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// How many characters of a text a search column holds; PostgreSQL refuses index entries over about 2,700 bytes.
pub const KEY_LENGTH: usize = 200;

/// The search form of a text: case folded, cut to [`KEY_LENGTH`] characters. What is longer is compared in Rust; so is
/// a text with U+0000, which PostgreSQL cannot hold and no stored text has.
pub fn key(text: &str) -> String {
    text.chars().filter(|letter| *letter != '\0').flat_map(char::to_lowercase).take(KEY_LENGTH).collect()
}

/// The first [`KEY_LENGTH`] characters of a text as it was written, for a column that is searched.
pub fn beginning(text: &str) -> String {
    text.chars().take(KEY_LENGTH).collect()
}

/// Whether two texts are equal, letter case aside, over their whole length.
pub fn equal_folded(a: &str, b: &str) -> bool {
    a.chars().flat_map(char::to_lowercase).eq(b.chars().flat_map(char::to_lowercase))
}

/// A body as stored.
pub fn to_json<T: Serialize>(value: &T) -> Result<String> {
    serde_json::to_string(value).map_err(|error| Error::internal(format!("a body cannot be written: {error}")))
}

/// A body as read.
pub fn from_json<T: DeserializeOwned>(text: &str) -> Result<T> {
    serde_json::from_str(text).map_err(|error| Error::internal(format!("a stored body cannot be read: {error}")))
}

/// A value that a row must hold.
pub fn known<T>(value: Option<T>, what: &str) -> Result<T> {
    value.ok_or_else(|| Error::internal(format!("a row holds no valid {what}")))
}

/// An id that a row holds.
pub fn id<T>(number: i64, new: impl FnOnce(u64) -> Option<T>) -> Result<T> {
    known(u64::try_from(number).ok().and_then(new), "id")
}
