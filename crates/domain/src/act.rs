//! An act: what somebody did here, by whom, when, and how it was before and after. Kept for good and never changed.
//!
//! Most acts are events that name their actor ([`About::by`](crate::event::About::by)): they are written once. What
//! happens without an event (a label printed, a key made, a set-up changed) is an [`Act`] of its own.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::ids::{EventId, OrderId};
use crate::order::RawJson;
use crate::tenant::ApiKey;
use crate::time::Timestamp;

/// Who did it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// `key:` and the public part of a key, `operator` (the command line or a setup file), or `link` (whoever had the
    /// link to a document).
    pub who: String,
    /// What people called the key at that time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

impl Actor {
    /// Whoever holds a key.
    pub fn key(key: &ApiKey) -> Self {
        Self { who: format!("key:{}", key.public), name: Some(key.name.clone()) }
    }

    /// Whoever runs the installation: the command line, or a setup file.
    pub fn operator() -> Self {
        Self { who: "operator".to_owned(), name: None }
    }

    /// Whoever had the link to a document.
    pub fn link() -> Self {
        Self { who: "link".to_owned(), name: None }
    }

    /// The public part and the name of the key, if it is one.
    pub fn as_key(&self) -> Option<(&str, &str)> {
        Some((self.who.strip_prefix("key:")?, self.name.as_deref().unwrap_or_default()))
    }
}

/// What was done that no event tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ActKind {
    /// A document was handed out for the first time.
    #[serde(rename = "document.printed")]
    Printed,
    /// A document was handed out again.
    #[serde(rename = "document.reprinted")]
    Reprinted,
    /// Somebody wished that a shipment be cancelled; the carrier's answer is an event.
    #[serde(rename = "shipment.cancel_asked")]
    CancelAsked,
    /// Orders were given to a batch.
    #[serde(rename = "batch.started")]
    BatchStarted,
    /// The orders of a batch that had failed were given to it again.
    #[serde(rename = "batch.retried")]
    BatchRetried,
    /// The labels of a batch were put together once more.
    #[serde(rename = "batch.printed")]
    BatchPrinted,
    /// Orders were read from a file.
    #[serde(rename = "orders.imported")]
    Imported,
    /// A key was made.
    #[serde(rename = "key.created")]
    KeyCreated,
    /// A key's name or scopes were changed.
    #[serde(rename = "key.changed")]
    KeyChanged,
    /// A key got another secret.
    #[serde(rename = "key.rotated")]
    KeyRotated,
    /// A key was revoked.
    #[serde(rename = "key.revoked")]
    KeyRevoked,
    /// A part of the set-up was made, changed or taken away.
    #[serde(rename = "setup.changed")]
    SetupChanged,
    /// Somebody asked that a person be erased.
    #[serde(rename = "erasure.asked")]
    ErasureAsked,
}

impl ActKind {
    /// Every kind.
    pub const ALL: [Self; 13] = [
        Self::Printed,
        Self::Reprinted,
        Self::CancelAsked,
        Self::BatchStarted,
        Self::BatchRetried,
        Self::BatchPrinted,
        Self::Imported,
        Self::KeyCreated,
        Self::KeyChanged,
        Self::KeyRotated,
        Self::KeyRevoked,
        Self::SetupChanged,
        Self::ErasureAsked,
    ];

    /// The name in rows and in the native API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Printed => "document.printed",
            Self::Reprinted => "document.reprinted",
            Self::CancelAsked => "shipment.cancel_asked",
            Self::BatchStarted => "batch.started",
            Self::BatchRetried => "batch.retried",
            Self::BatchPrinted => "batch.printed",
            Self::Imported => "orders.imported",
            Self::KeyCreated => "key.created",
            Self::KeyChanged => "key.changed",
            Self::KeyRotated => "key.rotated",
            Self::KeyRevoked => "key.revoked",
            Self::SetupChanged => "setup.changed",
            Self::ErasureAsked => "erasure.asked",
        }
    }

    /// Reads what [`Self::as_str`] writes.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// An act that no event tells of.
#[derive(Clone, Debug, PartialEq)]
pub struct Act {
    /// Names it; above the numbers of every event.
    pub id: EventId,
    /// What was done.
    pub kind: ActKind,
    /// When.
    pub at: Timestamp,
    /// Who did it.
    pub by: Actor,
    /// The order, if it is about one.
    pub order: Option<OrderId>,
    /// What it was done to: `label par_1`, `key pub-acme`, `location oss`.
    pub subject: String,
    /// How it was.
    pub before: Option<RawJson>,
    /// How it is since.
    pub after: Option<RawJson>,
}

/// JSON text of a value.
pub fn json(value: &impl Serialize) -> Option<RawJson> {
    RawJson::new(serde_json::to_string(value).ok()?)
}

/// The parts in which two JSON objects differ, as they were and as they are; `None` on the side that has nothing to
/// tell.
pub fn differences(before: &impl Serialize, after: &impl Serialize) -> (Option<RawJson>, Option<RawJson>) {
    let object = |value: serde_json::Result<Value>| match value {
        Ok(Value::Object(members)) => members,
        _ => Map::new(),
    };
    let (mut was, mut is) = (object(serde_json::to_value(before)), object(serde_json::to_value(after)));
    was.retain(|name, value| match is.get(name) {
        Some(new) if new == value => {
            is.remove(name);
            false
        }
        _ => true,
    });
    let told = |members: Map<String, Value>| (!members.is_empty()).then(|| json(&members)).flatten();
    (told(was), told(is))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_what_differs_is_told() {
        let text = |(before, after): (Option<RawJson>, Option<RawJson>)| {
            (before.map(|json| json.as_str().to_owned()), after.map(|json| json.as_str().to_owned()))
        };
        let told = text(differences(
            &json!({ "number": "N-1", "notes": "ring", "total": 3 }),
            &json!({ "number": "N-1", "notes": "knock", "tags": ["a"] }),
        ));
        let expected = (r#"{"notes":"ring","total":3}"#, r#"{"notes":"knock","tags":["a"]}"#);
        assert_eq!(told, (Some(expected.0.to_owned()), Some(expected.1.to_owned())));
        assert_eq!(text(differences(&json!({ "a": 1 }), &json!({ "a": 1 }))), (None, None));
    }

    #[test]
    fn a_kind_is_read_as_it_is_written() {
        for kind in ActKind::ALL {
            assert_eq!(ActKind::parse(kind.as_str()), Some(kind));
        }
    }
}
