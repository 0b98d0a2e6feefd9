//! An event: what happened here, past tense. Written in the same transaction as the change it tells of.

use serde::{Deserialize, Serialize};

use crate::change::Change;
use crate::ids::{EndpointId, EventId, OrderId, ParcelId, ShipmentId};
use crate::time::Timestamp;
use crate::tracking::Milestone;

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum EventKind {
    /// An order was stored for the first time.
    #[serde(rename = "order.created")]
    OrderCreated,
    /// An order was changed.
    #[serde(rename = "order.updated")]
    OrderUpdated,
    /// An order was deleted.
    #[serde(rename = "order.deleted")]
    OrderDeleted,
    /// An order was cancelled: nothing ships it any more.
    #[serde(rename = "order.cancelled")]
    OrderCancelled,
    /// No carrier could be asked to ship an order.
    #[serde(rename = "order.unserved")]
    OrderUnserved,
    /// Somebody looked whether an order's shipping address can be right. Old and new are how it stands.
    #[serde(rename = "order.address_checked")]
    OrderAddressChecked,
    /// A person said that a failed address is right all the same, and why.
    #[serde(rename = "order.address_overruled")]
    OrderAddressOverruled,
    /// A person took a street line apart that can be read in several ways. Old is the line, new are its parts.
    #[serde(rename = "order.address_split")]
    OrderAddressSplit,
    /// The carrier is being asked.
    #[serde(rename = "shipment.requested")]
    ShipmentRequested,
    /// A carrier said no, and the next one is asked. Old and new are the services.
    #[serde(rename = "shipment.reassigned")]
    ShipmentReassigned,
    /// The carrier said yes.
    #[serde(rename = "shipment.booked")]
    ShipmentBooked,
    /// The carrier said no.
    #[serde(rename = "shipment.failed")]
    ShipmentFailed,
    /// Every label of the shipment is stored and may be printed.
    #[serde(rename = "shipment.ready_to_print")]
    ShipmentReadyToPrint,
    /// The carrier forgot it.
    #[serde(rename = "shipment.cancelled")]
    ShipmentCancelled,
    /// The carrier would not forget it.
    #[serde(rename = "shipment.cancel_refused")]
    ShipmentCancelRefused,
    /// Nobody knows what the carrier did; a person must look.
    #[serde(rename = "shipment.unsettled")]
    ShipmentUnsettled,
    /// A number that another program or a person brought was written down; nothing was bought here.
    #[serde(rename = "shipment.recorded")]
    ShipmentRecorded,
    /// A shipment took the place of one that was cancelled for it. Old and new are the tracking numbers.
    #[serde(rename = "shipment.replaced")]
    ShipmentReplaced,
    /// The carrier's news moved a parcel.
    #[serde(rename = "parcel.tracking_changed")]
    ParcelTrackingChanged,
    /// The carrier reported another finer step, or the end of one, which leaves the parcel's status as it was.
    #[serde(rename = "parcel.milestone")]
    ParcelMilestone,
    /// A channel was connected, changed or deleted.
    #[serde(rename = "channel.connected")]
    ChannelConnected,
    /// A channel was changed.
    #[serde(rename = "channel.updated")]
    ChannelUpdated,
    /// A channel was deleted.
    #[serde(rename = "channel.deleted")]
    ChannelDeleted,
    /// A carrier account does not work as it should: its credentials are refused, or a permission is missing.
    #[serde(rename = "carrier_account.failing")]
    CarrierAccountFailing,
    /// A carrier account works again.
    #[serde(rename = "carrier_account.recovered")]
    CarrierAccountRecovered,
    /// A carrier account's credentials end soon.
    #[serde(rename = "carrier_account.expiring")]
    CarrierAccountExpiring,
    /// The carrier of an account switches off the interface that this version speaks soon.
    #[serde(rename = "carrier_account.interface_ending")]
    CarrierInterfaceEnding,
    /// An endpoint failed for so long that nothing is sent to it any more; what it should hear is kept.
    #[serde(rename = "webhook.paused")]
    WebhookPaused,
    /// An endpoint was switched on again and gets what was kept, in order.
    #[serde(rename = "webhook.resumed")]
    WebhookResumed,
}

impl EventKind {
    /// Every kind.
    pub const ALL: [Self; 29] = [
        Self::OrderCreated,
        Self::OrderUpdated,
        Self::OrderDeleted,
        Self::OrderCancelled,
        Self::OrderUnserved,
        Self::OrderAddressChecked,
        Self::OrderAddressOverruled,
        Self::OrderAddressSplit,
        Self::ShipmentRequested,
        Self::ShipmentReassigned,
        Self::ShipmentBooked,
        Self::ShipmentFailed,
        Self::ShipmentReadyToPrint,
        Self::ShipmentCancelled,
        Self::ShipmentCancelRefused,
        Self::ShipmentUnsettled,
        Self::ShipmentRecorded,
        Self::ShipmentReplaced,
        Self::ParcelTrackingChanged,
        Self::ParcelMilestone,
        Self::ChannelConnected,
        Self::ChannelUpdated,
        Self::ChannelDeleted,
        Self::CarrierAccountFailing,
        Self::CarrierAccountRecovered,
        Self::CarrierAccountExpiring,
        Self::CarrierInterfaceEnding,
        Self::WebhookPaused,
        Self::WebhookResumed,
    ];

    /// The name in rows, webhooks and the native API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OrderCreated => "order.created",
            Self::OrderUpdated => "order.updated",
            Self::OrderDeleted => "order.deleted",
            Self::OrderCancelled => "order.cancelled",
            Self::OrderUnserved => "order.unserved",
            Self::OrderAddressChecked => "order.address_checked",
            Self::OrderAddressOverruled => "order.address_overruled",
            Self::OrderAddressSplit => "order.address_split",
            Self::ShipmentRequested => "shipment.requested",
            Self::ShipmentReassigned => "shipment.reassigned",
            Self::ShipmentBooked => "shipment.booked",
            Self::ShipmentFailed => "shipment.failed",
            Self::ShipmentReadyToPrint => "shipment.ready_to_print",
            Self::ShipmentCancelled => "shipment.cancelled",
            Self::ShipmentCancelRefused => "shipment.cancel_refused",
            Self::ShipmentUnsettled => "shipment.unsettled",
            Self::ShipmentRecorded => "shipment.recorded",
            Self::ShipmentReplaced => "shipment.replaced",
            Self::ParcelTrackingChanged => "parcel.tracking_changed",
            Self::ParcelMilestone => "parcel.milestone",
            Self::ChannelConnected => "channel.connected",
            Self::ChannelUpdated => "channel.updated",
            Self::ChannelDeleted => "channel.deleted",
            Self::CarrierAccountFailing => "carrier_account.failing",
            Self::CarrierAccountRecovered => "carrier_account.recovered",
            Self::CarrierAccountExpiring => "carrier_account.expiring",
            Self::CarrierInterfaceEnding => "carrier_account.interface_ending",
            Self::WebhookPaused => "webhook.paused",
            Self::WebhookResumed => "webhook.resumed",
        }
    }

    /// Reads what [`Self::as_str`] writes.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// A stored event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Names it; the same on every delivery and retry.
    pub id: EventId,
    /// What happened.
    pub kind: EventKind,
    /// When.
    pub at: Timestamp,
    /// What it is about.
    pub about: About,
}

/// What an event is about. Ids lead to the rows; values that rows lose (old and new) stand here.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct About {
    /// The order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order: Option<OrderId>,
    /// The order's version after the change: rises with every one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order_version: Option<u64>,
    /// The shipment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shipment: Option<ShipmentId>,
    /// The parcel.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parcel: Option<ParcelId>,
    /// The channel's number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel: Option<i64>,
    /// The webhook endpoint.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<EndpointId>,
    /// The carrier account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// The value before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub old: Option<String>,
    /// The value after.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub new: Option<String>,
    /// The finer step that came with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub milestone: Option<Milestone>,
    /// Words for people: why it failed or was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What about the order is another now, for those who are told of it value by value.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<Change>,
}
