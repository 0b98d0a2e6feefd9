//! A manifest: the closing list of what a carrier is handed over at one location on one day. A parcel stands on one at most.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::address::Address;
use crate::ids::{DocumentId, ManifestId, OrderId, ParcelId, ShipmentId};
use crate::measure::Weight;
use crate::time::Timestamp;

/// Whether parcels may still come onto a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ManifestStatus {
    /// Parcels come onto it, and cancelled ones leave it.
    Open,
    /// It was handed over and stays as it is.
    Closed,
}

impl ManifestStatus {
    /// The name in the native API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Closed => "closed",
        }
    }
}

/// A stored manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// Our id.
    pub id: ManifestId,
    /// The carrier account.
    pub account: String,
    /// The location, by its external id.
    pub location: String,
    /// The day it is handed over, in the location's own zone.
    pub day: Date,
    /// Whether parcels may still come onto it.
    pub status: ManifestStatus,
    /// Raised by one at every change.
    pub version: u64,
    /// When it was begun.
    pub created_at: Timestamp,
    /// When it was handed over.
    pub closed_at: Option<Timestamp>,
    /// The paper, once it is closed.
    pub document: Option<DocumentId>,
}

/// A parcel on a manifest, or one that waits for a manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HandedParcel {
    /// The parcel.
    pub parcel: ParcelId,
    /// Its shipment.
    pub shipment: ShipmentId,
    /// Its order.
    pub order: OrderId,
    /// The carrier's number.
    pub tracking_number: Option<String>,
    /// Serial Shipping Container Code.
    pub sscc: Option<String>,
    /// What the shop calls the order.
    pub order_reference: Option<String>,
    /// What the carrier calls the service.
    pub service: String,
    /// Where it goes.
    pub recipient: Address,
    /// Gross weight.
    pub weight: Weight,
    /// When it was booked.
    pub booked_at: Option<Timestamp>,
    /// Whether the carrier has scanned it.
    pub is_scanned: bool,
}

/// What stands on the paper of a manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ManifestPaper {
    /// Names it.
    pub id: String,
    /// Who takes the parcels.
    pub carrier: String,
    /// Where they leave.
    pub location: Address,
    /// The day.
    pub day: Date,
    /// When it was closed, ready to read; `None` while it is open.
    pub closed: Option<String>,
    /// What is handed over.
    pub parcels: Vec<HandedParcel>,
    /// What was booked and is not handed over with it.
    pub left_behind: Vec<HandedParcel>,
}
