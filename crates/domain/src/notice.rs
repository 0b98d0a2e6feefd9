//! A notice: an e-mail to whoever waits for a parcel, about one thing that the carrier said.

use serde::{Deserialize, Serialize};

use crate::ids::{EventId, NoticeId, OrderId, ParcelId, ShipmentId};
use crate::time::Timestamp;
use crate::tracking::TrackingStatus;

/// What a tenant has those told who wait.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct NoticeSetup {
    /// What they are told of; of nothing when empty.
    pub of: Vec<NoticeKind>,
    /// Where their answers go; nowhere when missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<String>,
}

/// What those who wait may be told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoticeKind {
    /// The carrier has the parcel.
    Shipped,
    /// It is on the last van.
    OutForDelivery,
    /// It waits at a service point.
    AtServicePoint,
    /// It was handed over.
    Delivered,
    /// It could not be handed over, goes back, came back or is lost.
    Problem,
}

impl NoticeKind {
    /// Every kind, in the order of a parcel's way.
    pub const ALL: [Self; 5] =
        [Self::Shipped, Self::OutForDelivery, Self::AtServicePoint, Self::Delivered, Self::Problem];

    /// The name in setup files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Shipped => "shipped",
            Self::OutForDelivery => "out_for_delivery",
            Self::AtServicePoint => "at_service_point",
            Self::Delivered => "delivered",
            Self::Problem => "problem",
        }
    }

    /// Reads what [`Self::as_str`] writes.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }

    /// What a carrier's status is told as; a label that is made is nothing to tell.
    pub fn of(status: TrackingStatus) -> Option<Self> {
        use TrackingStatus as S;
        match status {
            S::Unknown | S::Announced => None,
            S::InTransit => Some(Self::Shipped),
            S::OutForDelivery => Some(Self::OutForDelivery),
            S::AtServicePoint => Some(Self::AtServicePoint),
            S::Delivered => Some(Self::Delivered),
            S::Undeliverable | S::Returning | S::Returned | S::Lost => Some(Self::Problem),
        }
    }
}

/// What became of a notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoticeState {
    /// To be sent, now or later.
    Waiting,
    /// The mail server took it.
    Sent,
    /// The mail server would not take it, for good or for too long.
    Failed,
    /// There was nothing to send any more: no address, no order, or the parcel has moved on.
    Dropped,
}

impl NoticeState {
    /// Every state.
    pub const ALL: [Self; 4] = [Self::Waiting, Self::Sent, Self::Failed, Self::Dropped];

    /// The name in rows.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Sent => "sent",
            Self::Failed => "failed",
            Self::Dropped => "dropped",
        }
    }

    /// Reads what [`Self::as_str`] writes.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }
}

/// A stored notice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// Our id.
    pub id: NoticeId,
    /// The event that it tells of.
    pub event: EventId,
    /// The order.
    pub order: OrderId,
    /// The shipment.
    pub shipment: ShipmentId,
    /// The parcel.
    pub parcel: ParcelId,
    /// What the carrier said.
    pub status: TrackingStatus,
    /// What became of it.
    pub state: NoticeState,
    /// How often the mail server was asked.
    pub attempts: u32,
    /// When it is sent, or was.
    pub next_at: Timestamp,
    /// When it was made.
    pub created_at: Timestamp,
    /// To whom, and what was answered.
    pub said: NoticeSaid,
}

/// To whom a notice goes and what was answered last.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct NoticeSaid {
    /// The address it was last sent to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// What came of it, in the mail server's words or ours.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}
