//! Errors: what a carrier can do wrong, and what a caller is told. Variants say *who can fix it*.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::ids::ShipmentId;

/// Shorthand for results of verbs.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a carrier's answer is no booking. The variant decides whether it is tried again.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CarrierError {
    /// The carrier said no, for a reason the sender can mend. Not tried again.
    #[error("{}", .0.iter().map(|problem| problem.message.as_str()).collect::<Vec<_>>().join("; "))]
    Refused(Vec<Problem>),
    /// The carrier does not accept our credentials. Not tried again until they change.
    #[error("the carrier does not accept the account's credentials: {0}")]
    Credentials(String),
    /// The carrier has no such thing. Not tried again.
    #[error("the carrier does not offer this: {0}")]
    Unsupported(String),
    /// No usable answer: time-out, connection lost, busy. What the carrier did is not known. Tried again.
    #[error("the carrier did not answer: {message}")]
    Unavailable {
        /// What happened.
        message: String,
        /// Seconds the carrier asked us to wait.
        retry_after: Option<u64>,
        /// Whether it surely did nothing: it was not reached, or said that it is too busy. It may be asked again as if
        /// it had never been asked.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        did_nothing: bool,
    },
    /// An answer nobody can read. What the carrier did is not known.
    #[error("the carrier's answer could not be read: {0}")]
    Unreadable(String),
}

impl CarrierError {
    /// Whether there is no answer to go by: neither a yes nor a no. It is asked again, or looked for.
    pub fn is_unsure(&self) -> bool {
        matches!(self, Self::Unavailable { .. } | Self::Unreadable(_))
    }

    /// Whether the carrier surely did nothing.
    pub fn did_nothing(&self) -> bool {
        match self {
            Self::Refused(_) | Self::Credentials(_) | Self::Unsupported(_) => true,
            Self::Unavailable { did_nothing, .. } => *did_nothing,
            Self::Unreadable(_) => false,
        }
    }

    /// No usable answer; what the carrier did is not known.
    pub fn unavailable(message: impl Into<String>) -> Self {
        Self::Unavailable { message: message.into(), retry_after: None, did_nothing: false }
    }

    /// The carrier did nothing and is to be asked again, after so many seconds if it said how many.
    pub fn busy(message: impl Into<String>, retry_after: Option<u64>) -> Self {
        Self::Unavailable { message: message.into(), retry_after, did_nothing: true }
    }

    /// Which kind of error, in one word.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Refused(_) => "refused",
            Self::Credentials(_) => "credentials",
            Self::Unsupported(_) => "unsupported",
            Self::Unavailable { .. } => "unavailable",
            Self::Unreadable(_) => "unreadable",
        }
    }

    /// A refusal with one reason.
    pub fn refused(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Refused(vec![Problem::new(path, message)])
    }
}

/// One thing wrong with what was sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// Where, in the sender's own words, steps parted by `/`: `0/order_details/order_items/2/quantity`.
    pub path: String,
    /// Which value, which rule, what was expected.
    pub message: String,
    /// What kind of mistake, for dialects that have codes.
    #[serde(default)]
    pub rule: Rule,
}

impl Problem {
    /// Some problems and others, without those of a field that is told of already.
    pub fn joined(mut problems: Vec<Self>, others: impl IntoIterator<Item = Self>) -> Vec<Self> {
        let is_new = |other: &Self| !problems.iter().any(|problem| problem.path == other.path);
        let others: Vec<_> = others.into_iter().filter(is_new).collect();
        problems.extend(others);
        problems
    }

    /// A mistake without a more special kind.
    pub fn new(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self { path: path.into(), message: message.into(), rule: Rule::Invalid }
    }

    /// A mistake of a kind.
    pub fn of(rule: Rule, path: impl Into<String>, message: impl Into<String>) -> Self {
        Self { path: path.into(), message: message.into(), rule }
    }

    /// The same mistake below a longer path.
    #[must_use]
    pub fn below(mut self, prefix: &str) -> Self {
        self.path = if self.path.is_empty() { prefix.to_owned() } else { format!("{prefix}/{}", self.path) };
        self
    }
}

/// What kind of mistake.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// The value breaks a rule.
    #[default]
    Invalid,
    /// The value is missing.
    Missing,
    /// The value names something that does not exist.
    Unknown,
    /// The value may not be changed.
    Fixed,
    /// The value must be new and names something that exists already.
    Taken,
}

/// Why a verb did not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// There is no such thing, or it is another tenant's. Holds the noun.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// The caller can mend what was sent; every problem found.
    #[error("{}", .0.iter().map(|problem| format!("{}: {}", problem.path, problem.message)).collect::<Vec<_>>().join("; "))]
    Invalid(Vec<Problem>),
    /// It contradicts what is stored.
    #[error("{0}")]
    Conflict(String),
    /// The key may not do this. Holds the scope it lacks.
    #[error("this key may not do that: it lacks the scope {0}")]
    Denied(&'static str),
    /// Nobody knows who is asking.
    #[error("{}", match .0 { Unknown::Missing => "credentials are missing", Unknown::Wrong => "credentials are wrong" })]
    Unauthenticated(Unknown),
    /// Too much at once.
    #[error("too many requests: wait {} s", .retry_after.as_secs().max(1))]
    TooMany {
        /// How long to wait.
        retry_after: Duration,
    },
    /// The carrier said no or nothing. The shipment it was about leads to its full answer.
    #[error("{0}")]
    Carrier(CarrierError, Option<ShipmentId>),
    /// We cannot do it now: queue full, disk full, database gone. Nothing was stored, or its fate is unknown.
    #[error("{0}")]
    Unavailable(String),
    /// Our fault. The text is for the log, never for a caller.
    #[error("{0}")]
    Internal(String),
}

/// Why nobody knows who is asking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unknown {
    /// No credentials came.
    Missing,
    /// They match no key.
    Wrong,
}

impl Error {
    /// One problem.
    pub fn invalid(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Invalid(vec![Problem::new(path, message)])
    }

    /// Our fault, with what broke.
    pub fn internal(what: impl std::fmt::Display) -> Self {
        Self::Internal(what.to_string())
    }
}

impl From<CarrierError> for Error {
    fn from(error: CarrierError) -> Self {
        Self::Carrier(error, None)
    }
}
