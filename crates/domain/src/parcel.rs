//! A parcel: one physical box with a size, a weight and contents.

use serde::{Deserialize, Serialize};

use crate::ids::ParcelId;
use crate::measure::{Dimensions, Weight};
use crate::money::Money;
use crate::tracking::TrackingStatus;

/// A box to be shipped, before anything is booked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Box {
    /// Gross weight.
    pub weight: Weight,
    /// Whether nobody said the weight and the tenant's default stands in.
    #[serde(default)]
    pub weight_is_assumed: bool,
    /// Outer size, if anybody said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dimensions: Option<Dimensions>,
    /// What is inside; empty when nobody said.
    #[serde(default)]
    pub contents: Vec<Content>,
    /// What the carrier collects from the recipient against this box; the boxes of a shipment add up to what it collects.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collect: Option<Money>,
}

/// Pieces of one order line inside a box.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Content {
    /// The line's position in the order, from 0.
    pub line: usize,
    /// How many pieces.
    pub quantity: u64,
}

/// A parcel of a shipment.
#[derive(Clone, Debug, PartialEq)]
pub struct Parcel {
    /// Our id.
    pub id: ParcelId,
    /// Its place in the order, from 1: the `n` of "n of m", and what may have one live shipment only.
    pub position: u32,
    /// The box.
    pub parcel: Box,
    /// The carrier's number, once booked.
    pub tracking_number: Option<String>,
    /// Serial Shipping Container Code, 18 digits, if the carrier uses one.
    pub sscc: Option<String>,
    /// What the carrier says.
    pub tracking: TrackingStatus,
    /// The unguessable part of its public tracking page.
    pub tracking_token: String,
    /// Whether its label's bytes are stored and readable.
    pub has_label: bool,
}
