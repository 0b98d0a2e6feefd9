//! Why a query cannot be read or carried out.

/// Why a query cannot be read. The text is for whoever wrote it: what was found, and what was expected.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// It is longer than it may be.
    #[error("the query has {found} bytes: expected at most {most}")]
    TooLong {
        /// Bytes found.
        found: usize,
        /// Bytes allowed.
        most: usize,
    },
    /// It has more of something than it may have.
    #[error("the query has more than {most} {what}")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many are allowed.
        most: usize,
    },
    /// A piece between two `&` names no field.
    #[error("{0:?} names no field: expected key=value")]
    NoKey(String),
    /// A key that JavaScript reserves.
    #[error("{0:?} cannot be a key")]
    Key(String),
    /// A regular expression that cannot be read.
    #[error("{pattern:?} is not a regular expression that can be used: {why}")]
    Pattern {
        /// The expression.
        pattern: String,
        /// What is wrong with it.
        why: String,
    },
    /// A `skip` or `limit` that is no whole number from 0 on.
    #[error("{key} is {value:?}: expected a whole number from 0 on")]
    Count {
        /// The key.
        key: String,
        /// What was sent.
        value: String,
    },
    /// A parameter that may stand once only.
    #[error("{0} may be given once only")]
    Repeated(String),
    /// A `filter` that is not JSON.
    #[error("Invalid JSON string: {0}")]
    Json(String),
    /// A `filter` that is JSON and no filter.
    #[error("filter: {0}")]
    Filter(String),
    /// A condition that MongoDB refuses.
    #[error("{field}: {why}")]
    Condition {
        /// The field.
        field: String,
        /// What is wrong.
        why: String,
    },
}
