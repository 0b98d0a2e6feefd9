//! A secret: text that may be used but never shown.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Text that prints as `[redacted]` in logs and debug output.
///
/// Serialising keeps the text, since the store must encrypt it; nothing else may serialise one.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// Wraps the text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself. Callers compare it in constant time or hand it to a carrier, and never log it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}
