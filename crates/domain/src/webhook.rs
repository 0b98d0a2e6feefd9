//! A webhook endpoint, a delivery (one event to one endpoint) and an attempt (one try).

use serde::{Deserialize, Serialize};

use crate::channel::{ChannelNumber, Dialect};
use crate::ids::{DeliveryId, EndpointId, EventId};
use crate::secret::Secret;
use crate::tenant::Mode;
use crate::time::Timestamp;

/// A header that an endpoint knows its caller by, besides the signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authentication {
    /// The header's name, in lower case.
    pub header: String,
    /// The whole value, such as `Bearer …`.
    pub value: Secret,
}

/// A stored endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebhookEndpoint {
    /// Our id.
    pub id: EndpointId,
    /// Where.
    pub url: String,
    /// What deliveries are signed with.
    pub secret: Secret,
    /// The secret before this one, which signs too while receivers change over.
    pub previous_secret: Option<(Secret, Timestamp)>,
    /// Deliveries that may be under way at once; with one they arrive in order.
    pub concurrency: u32,
    /// Whose event bodies it gets.
    pub dialect: Dialect,
    /// Which of these bodies, in the dialect's own word; its usual ones when `None`.
    pub variant: Option<String>,
    /// What it knows its caller by.
    pub authentication: Option<Authentication>,
    /// Whether it hears of real shipments only, or of trial ones only; of both when `None`.
    pub mode: Option<Mode>,
    /// What people call it.
    pub description: Option<String>,
    /// The only channel it hears of; all when `None`.
    pub channel: Option<ChannelNumber>,
    /// Which events: `*`, `shipment.*` or `shipment.booked`.
    pub events: Vec<String>,
}

impl WebhookEndpoint {
    /// Whether it wants events of this kind.
    pub fn wants(&self, kind: &str) -> bool {
        self.events.iter().any(|pattern| match pattern.strip_suffix('*') {
            Some(prefix) => kind.starts_with(prefix),
            None => pattern == kind,
        })
    }
}

/// How a delivery stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryStatus {
    /// Waiting for its next attempt.
    Waiting,
    /// The endpoint said yes.
    Delivered,
    /// Given up after the last attempt.
    Failed,
}

impl DeliveryStatus {
    /// The name in rows and in the native API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
        }
    }

    /// Reads what [`Self::as_str`] writes.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Waiting, Self::Delivered, Self::Failed].into_iter().find(|status| status.as_str() == text)
    }
}

/// A stored delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// Our id.
    pub id: DeliveryId,
    /// The event; stable on every retry.
    pub event: EventId,
    /// The event's place in the feed: deliveries go out in that order.
    pub position: i64,
    /// The endpoint.
    pub endpoint: EndpointId,
    /// Which of the event's bodies, from 0: a dialect may tell of several parcels one by one.
    pub part: u32,
    /// How it stands.
    pub status: DeliveryStatus,
    /// The bytes, rendered once; every retry sends the same.
    pub body: Vec<u8>,
    /// Tries so far.
    pub attempts: u32,
    /// When to try next.
    pub next_at: Timestamp,
    /// When it was made.
    pub created_at: Timestamp,
}

impl Delivery {
    /// The message id a receiver sees: the event's, and the part's number behind the first.
    pub fn message_id(&self) -> String {
        if self.part == 0 { self.event.to_string() } else { format!("{}.{}", self.event, self.part + 1) }
    }
}

impl Attempt {
    /// Whether the endpoint took it.
    pub fn is_yes(&self) -> bool {
        self.status.is_some_and(|status| (200..300).contains(&status))
    }
}

/// One try.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// Which try, from 1.
    pub number: u32,
    /// When it began.
    pub at: Timestamp,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
    /// The HTTP status, if there was an answer.
    pub status: Option<u16>,
    /// Why there was none, or the first kilobyte of the answer.
    pub note: Option<String>,
}
