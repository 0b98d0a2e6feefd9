//! A stage: where an order stands in one word, for those who look for orders. Derived from what we did and what the
//! carriers say; the two themselves stay apart.

use serde::{Deserialize, Serialize};

use crate::address::AddressStatus;
use crate::shipment::{Shipment, ShipmentStatus};
use crate::tracking::TrackingStatus;

/// Where an order stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Nothing is booked yet.
    Open,
    /// A person must look: the last booking failed, or something the order says does.
    Review,
    /// Something is booked, and no carrier has any of it.
    Labelled,
    /// A carrier has some of it.
    Shipped,
    /// A carrier has trouble with some of it.
    Troubled,
    /// Everything has arrived.
    Delivered,
    /// It was cancelled.
    Cancelled,
}

impl Stage {
    /// Every stage, in the order in which an order goes through them.
    pub const ALL: [Self; 7] =
        [Self::Open, Self::Review, Self::Labelled, Self::Shipped, Self::Troubled, Self::Delivered, Self::Cancelled];

    /// The name in rows.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Review => "review",
            Self::Labelled => "labelled",
            Self::Shipped => "shipped",
            Self::Troubled => "troubled",
            Self::Delivered => "delivered",
            Self::Cancelled => "cancelled",
        }
    }

    /// Reads what [`Self::as_str`] writes.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|stage| stage.as_str() == text)
    }

    /// The stage of an order with these shipments, oldest first, and an address that stands so.
    pub fn of(shipments: &[Shipment], is_cancelled: bool, address: AddressStatus) -> Self {
        let parcels: Vec<TrackingStatus> = shipments
            .iter()
            .filter(|shipment| shipment.is_live() && shipment.details.booked_at.is_some())
            .flat_map(|shipment| shipment.parcels.iter().map(|parcel| parcel.tracking))
            .collect();
        let has_failed = shipments.last().is_some_and(|last| last.status == ShipmentStatus::Failed);
        Self::of_parcels(&parcels, has_failed, is_cancelled, address)
    }

    /// The same by what the carriers say of the parcels that are booked, and whether the last booking failed.
    pub fn of_parcels(
        parcels: &[TrackingStatus],
        has_failed: bool,
        is_cancelled: bool,
        address: AddressStatus,
    ) -> Self {
        if is_cancelled {
            return Self::Cancelled;
        }
        if parcels.is_empty() {
            let is_wrong = has_failed || address == AddressStatus::Failed;
            return if is_wrong { Self::Review } else { Self::Open };
        }
        if parcels.iter().any(|status| is_trouble(*status)) {
            Self::Troubled
        } else if parcels.iter().all(|status| *status == TrackingStatus::Delivered) {
            Self::Delivered
        } else if parcels.iter().any(|status| status.is_with_carrier()) {
            Self::Shipped
        } else {
            Self::Labelled
        }
    }
}

/// Whether a parcel will not arrive where it should.
pub fn is_trouble(status: TrackingStatus) -> bool {
    matches!(
        status,
        TrackingStatus::Undeliverable | TrackingStatus::Returning | TrackingStatus::Returned | TrackingStatus::Lost
    )
}
