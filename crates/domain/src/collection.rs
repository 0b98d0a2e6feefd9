//! A collection: the carrier comes to one of our locations and takes parcels away.
//!
//! Not to be confused with a service point, where the *consumer* collects.

use jiff::civil::{Date, Time};
use serde::{Deserialize, Serialize};

use crate::act::Actor;
use crate::error::CarrierError;
use crate::ids::CollectionId;
use crate::time::Timestamp;

/// How a collection stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CollectionStatus {
    /// The carrier is being asked; whether it said yes may not be known yet.
    Requesting,
    /// The carrier will come.
    Requested,
    /// The carrier is being told not to come; whether it heard may not be known yet.
    Cancelling,
    /// The carrier said no.
    Refused,
    /// The carrier need not come any more.
    Cancelled,
}

impl CollectionStatus {
    /// Every status.
    pub const ALL: [Self; 5] = [Self::Requesting, Self::Requested, Self::Cancelling, Self::Refused, Self::Cancelled];

    /// The name in rows and in the native API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Requesting => "requesting",
            Self::Requested => "requested",
            Self::Cancelling => "cancelling",
            Self::Refused => "refused",
            Self::Cancelled => "cancelled",
        }
    }

    /// Reads what [`Self::as_str`] writes.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == text)
    }
}

/// A stored collection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Collection {
    /// Our id.
    pub id: CollectionId,
    /// How it stands.
    pub status: CollectionStatus,
    /// Raised by one at every change.
    pub version: u64,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When the carrier is asked by itself; nothing while it is not to be asked.
    pub due_at: Option<Timestamp>,
    /// Everything else.
    pub details: CollectionDetails,
}

impl Collection {
    /// Whether the carrier waits for our question or we for its answer.
    pub fn is_open(&self) -> bool {
        matches!(self.status, CollectionStatus::Requesting | CollectionStatus::Cancelling)
    }

    /// Whether somebody is asking the carrier right now, unless that one is gone.
    pub fn is_being_asked(&self, now: Timestamp) -> bool {
        self.is_open() && self.details.failure.is_none() && self.due_at.is_some_and(|due| due > now)
    }
}

/// What is kept of a collection besides its state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CollectionDetails {
    /// The carrier account.
    pub account: String,
    /// The location, by its external id.
    pub location: String,
    /// The day, in the location's own zone.
    pub day: Date,
    /// From when the parcels stand ready.
    pub from: Time,
    /// Until when somebody is there.
    pub until: Time,
    /// How many parcels are to be taken, if anybody said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parcels: Option<u32>,
    /// Words for the driver.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Whether the carrier has said that it comes.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_confirmed: bool,
    /// The carrier's own number of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirmation: Option<String>,
    /// Why the carrier said no, or gave no usable answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<CarrierError>,
    /// Who asked for it, or not to come, last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked_by: Option<Actor>,
}
