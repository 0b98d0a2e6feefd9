//! A shipment: one hand-over to one carrier on one service, of one or more parcels.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::act::Actor;
use crate::address::{Address, ChosenSplit};
use crate::channel::Dialect;
use crate::connector::Goods;
use crate::document::{DocumentKind, Format};
use crate::error::CarrierError;
use crate::event::EventKind;
use crate::ids::{OrderId, ShipmentId};
use crate::money::Money;
use crate::order::{OrderDetails, RawJson};
use crate::parcel::Parcel;
use crate::rate::Rate;
use crate::routing::Decision;
use crate::service::ServiceCode;
use crate::time::Timestamp;
use crate::tracking::TrackingStatus;

/// What *we* did. What the carrier says is [`TrackingStatus`]; the two are never mixed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ShipmentStatus {
    /// Being put together.
    Draft,
    /// The carrier is being asked; whether it said yes may not be known yet.
    Booking,
    /// The carrier said yes.
    Booked,
    /// The carrier is being asked to forget it.
    Cancelling,
    /// The carrier forgot it, or never knew it.
    Cancelled,
    /// The carrier said no.
    Failed,
}

impl ShipmentStatus {
    /// Every status.
    pub const ALL: [Self; 6] =
        [Self::Draft, Self::Booking, Self::Booked, Self::Cancelling, Self::Cancelled, Self::Failed];

    /// The name in rows and in the native API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Booking => "booking",
            Self::Booked => "booked",
            Self::Cancelling => "cancelling",
            Self::Cancelled => "cancelled",
            Self::Failed => "failed",
        }
    }

    /// Reads what [`Self::as_str`] writes.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == text)
    }

    /// Whether a shipment in this state holds its parcels, so that no other may book them.
    pub fn is_live(self) -> bool {
        matches!(self, Self::Booking | Self::Booked | Self::Cancelling)
    }
}

/// A stored shipment.
#[derive(Clone, Debug, PartialEq)]
pub struct Shipment {
    /// Our id.
    pub id: ShipmentId,
    /// The order it ships.
    pub order: OrderId,
    /// What we did.
    pub status: ShipmentStatus,
    /// Raised by one at every change.
    pub version: u64,
    /// When it was put together.
    pub created_at: Timestamp,
    /// When it last changed.
    pub modified_at: Timestamp,
    /// Until when whoever books or cancels it may take; past this, a job settles it.
    pub lease_until: Option<Timestamp>,
    /// Everything else.
    pub details: ShipmentDetails,
    /// Its parcels, in order of position.
    pub parcels: Vec<Parcel>,
}

/// What is kept of a shipment besides its state.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ShipmentDetails {
    /// Account and service chosen.
    pub service: ServiceCode,
    /// What the carrier calls the service.
    pub service_name: String,
    /// The location it leaves from.
    pub location: String,
    /// Our reference at the carrier, unique for ever; by it a lost answer is found again.
    pub reference: String,
    /// What the order calls itself, printed on the label.
    pub order_reference: Option<String>,
    /// The offer it was bought at.
    pub rate: Option<Rate>,
    /// Offers to turn to when this one is refused, best first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub alternatives: Vec<Rate>,
    /// Serials taken from the account's persistent range before the carrier was asked.
    pub serials: Vec<u64>,
    /// Where it leaves from.
    pub sender: Address,
    /// Where it goes.
    pub recipient: Address,
    /// Where it goes when it cannot be delivered, if that is not the sender.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub return_to: Option<Address>,
    /// Who pays, if that is not the sender.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub billing: Option<Address>,
    /// What comes back, when it goes from the customer to a location.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub returning: Option<Returning>,
    /// What is inside its boxes.
    #[serde(default)]
    pub goods: Goods,
    /// The carrier's own id of the shipment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carrier_reference: Option<String>,
    /// The carrier's own page for whoever waits for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carrier_page: Option<String>,
    /// What the carrier charges for it, if it said so when it was booked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub charged: Option<Money>,
    /// Whether the carrier surely did nothing when it was last asked to book: it may be asked as if for the first time.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_surely_unbooked: bool,
    /// When the carrier said yes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub booked_at: Option<Timestamp>,
    /// Why it failed, or why it could not be cancelled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<CarrierError>,
    /// A cancel came while the carrier was being asked; it is carried out when the answer is known.
    #[serde(default)]
    pub cancel_wanted: bool,
    /// The format its labels are drawn in when they are bought.
    #[serde(default)]
    pub label_format: Format,
    /// Why it went this way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<Decision>,
    /// Whether the carrier can be asked what happens to its parcels.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_followed: bool,
    /// Why somebody sent a further shipment of an order that has one already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub further_because: Option<String>,
    /// Its carrier did not answer and another one took its parcels: whatever the carrier did is found out and voided.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_given_up: bool,
    /// It is voided so that another shipment of the same order takes its place.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub makes_way: bool,
    /// The shipment it takes the place of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaces: Option<Replaced>,
    /// Who brought its numbers, when we did not buy them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub brought_by: Option<Brought>,
    /// Who asked for what is done about it: the booking, later the cancellation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked_by: Option<Actor>,
    /// Whether lines that are too long for the service may be wrapped over free ones.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub wraps_lines: bool,
    /// How a person took the recipient's street line apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address_split: Option<ChosenSplit>,
    /// Numbers it had before somebody corrected them, oldest first; customers may still hold them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub former_numbers: Vec<String>,
    /// What a dialect can say of it and nothing above can hold, echoed to the same dialect only.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub extra: BTreeMap<Dialect, RawJson>,
    /// Warnings for people: an assumed weight, letters that had to be transliterated.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

/// What makes a shipment a return: it goes from the customer back to a location, and holds no place of its order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Returning {
    /// The order's lines that come back.
    pub lines: Vec<ReturnedLine>,
    /// Why, in the customer's or the shop's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Pieces of one order line that come back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReturnedLine {
    /// The line's position in the order, from 0.
    pub line: usize,
    /// The shop's id of the line, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub item: Option<String>,
    /// How many pieces.
    pub quantity: u64,
}

/// A shipment that was cancelled so that another one takes its place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replaced {
    /// The shipment.
    pub shipment: ShipmentId,
    /// Its numbers, which customers may still hold.
    pub tracking_numbers: Vec<String>,
}

/// Where a shipment's numbers come from when we did not ask a carrier for them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Brought {
    /// Who says so: a marketplace, another program, a person.
    pub who: String,
    /// The API key it came with.
    pub key: String,
    /// What the carrier is called there; the account's own when a person settled a booking of ours.
    pub carrier: String,
}

/// The account in the service code of a shipment that was made elsewhere; no carrier account may be called so.
pub const ELSEWHERE: &str = "elsewhere";

impl Shipment {
    /// Whether somebody else made it, so that there is no carrier account of ours behind it.
    pub fn is_from_elsewhere(&self) -> bool {
        self.details.service.account == ELSEWHERE
    }

    /// Whether it goes from a customer back to a location.
    pub fn is_return(&self) -> bool {
        self.details.returning.is_some()
    }

    /// What is told when this happens to it: returns have events of their own, so that nobody takes one for an order that
    /// goes out.
    pub fn told_as(&self, kind: EventKind) -> EventKind {
        if self.is_return() { kind.of_return() } else { kind }
    }

    /// Which kind of document its labels are.
    pub fn label_kind(&self) -> DocumentKind {
        if self.is_return() { DocumentKind::ReturnLabel } else { DocumentKind::Label }
    }

    /// Whether it holds its parcels, so that no other shipment may book them.
    pub fn is_live(&self) -> bool {
        self.status.is_live() && !self.details.is_given_up
    }

    /// The carrier's numbers.
    pub fn tracking_numbers(&self) -> Vec<String> {
        self.parcels.iter().filter_map(|parcel| parcel.tracking_number.clone()).collect()
    }

    /// What an order says now and the labels do not: they were bought with something else. Empty when they still fit.
    pub fn outdated(&self, order: &OrderDetails) -> Vec<&'static str> {
        let mut differing = Vec::new();
        if self.is_return() {
            return differing;
        }
        if order.shipping_address.as_ref().is_some_and(|address| *address != self.details.recipient) {
            differing.push("recipient");
        }
        if order.ship_from.as_ref().is_some_and(|location| *location != self.details.location) {
            differing.push("location");
        }
        differing
    }

    /// Whether a label of ours belongs to it.
    pub fn wants_label(&self) -> bool {
        self.status == ShipmentStatus::Booked && self.details.brought_by.is_none()
    }

    /// What the carrier says of the shipment as a whole: the least far of its parcels, except that any trouble shows.
    pub fn tracking(&self) -> TrackingStatus {
        TrackingStatus::of_shipment(self.parcels.iter().map(|parcel| parcel.tracking))
    }

    /// Whether every label's bytes are stored, so that a packer may print.
    pub fn is_ready_to_print(&self) -> bool {
        self.status == ShipmentStatus::Booked && self.parcels.iter().all(|parcel| parcel.has_label)
    }
}
