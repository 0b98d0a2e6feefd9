//! An event: what happened here, past tense. Written in the same transaction as the change it tells of.

use serde::{Deserialize, Serialize};

use crate::act::Actor;
use crate::batch::Counts;
use crate::change::Change;
use crate::ids::{BatchId, CollectionId, EndpointId, EventId, ManifestId, OrderId, ParcelId, ShipmentId};
use crate::order::RawJson;
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
    /// The carrier is being asked to bring something back.
    #[serde(rename = "return.requested")]
    ReturnRequested,
    /// A carrier said no to a return, and the next one is asked. Old and new are the services.
    #[serde(rename = "return.reassigned")]
    ReturnReassigned,
    /// The carrier will bring it back.
    #[serde(rename = "return.booked")]
    ReturnBooked,
    /// The carrier said no to a return.
    #[serde(rename = "return.failed")]
    ReturnFailed,
    /// Every label of a return is stored and may be given to the customer.
    #[serde(rename = "return.ready_to_print")]
    ReturnReadyToPrint,
    /// The carrier forgot a return; its labels are withdrawn.
    #[serde(rename = "return.cancelled")]
    ReturnCancelled,
    /// The carrier would not forget a return.
    #[serde(rename = "return.cancel_refused")]
    ReturnCancelRefused,
    /// Nobody knows what the carrier did about a return; a person must look.
    #[serde(rename = "return.unsettled")]
    ReturnUnsettled,
    /// What the carrier says of a parcel that comes back is another now. Old and new are the statuses.
    #[serde(rename = "return.tracking_changed")]
    ReturnTrackingChanged,
    /// A parcel that comes back took a finer step.
    #[serde(rename = "return.milestone")]
    ReturnMilestone,
    /// A closing list was begun, or parcels came onto it.
    #[serde(rename = "manifest.updated")]
    ManifestUpdated,
    /// A closing list was handed over.
    #[serde(rename = "manifest.closed")]
    ManifestClosed,
    /// A carrier was asked to come to a location.
    #[serde(rename = "collection.requested")]
    CollectionRequested,
    /// A carrier said no when it was asked to come to a location.
    #[serde(rename = "collection.refused")]
    CollectionRefused,
    /// Nobody knows whether a carrier comes, and it is not asked by itself any more: a person has to.
    #[serde(rename = "collection.unsettled")]
    CollectionUnsettled,
    /// A carrier need not come any more.
    #[serde(rename = "collection.cancelled")]
    CollectionCancelled,
    /// A batch is done: each of its orders has an outcome, and its files are ready.
    #[serde(rename = "batch.done")]
    BatchDone,
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
    pub const ALL: [Self; 46] = [
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
        Self::ReturnRequested,
        Self::ReturnReassigned,
        Self::ReturnBooked,
        Self::ReturnFailed,
        Self::ReturnReadyToPrint,
        Self::ReturnCancelled,
        Self::ReturnCancelRefused,
        Self::ReturnUnsettled,
        Self::ReturnTrackingChanged,
        Self::ReturnMilestone,
        Self::ManifestUpdated,
        Self::ManifestClosed,
        Self::CollectionRequested,
        Self::CollectionRefused,
        Self::CollectionUnsettled,
        Self::CollectionCancelled,
        Self::BatchDone,
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
            Self::ReturnRequested => "return.requested",
            Self::ReturnReassigned => "return.reassigned",
            Self::ReturnBooked => "return.booked",
            Self::ReturnFailed => "return.failed",
            Self::ReturnReadyToPrint => "return.ready_to_print",
            Self::ReturnCancelled => "return.cancelled",
            Self::ReturnCancelRefused => "return.cancel_refused",
            Self::ReturnUnsettled => "return.unsettled",
            Self::ReturnTrackingChanged => "return.tracking_changed",
            Self::ReturnMilestone => "return.milestone",
            Self::ManifestUpdated => "manifest.updated",
            Self::ManifestClosed => "manifest.closed",
            Self::CollectionRequested => "collection.requested",
            Self::CollectionRefused => "collection.refused",
            Self::CollectionUnsettled => "collection.unsettled",
            Self::CollectionCancelled => "collection.cancelled",
            Self::BatchDone => "batch.done",
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

    /// The same of a shipment that goes from a customer back to a location.
    #[must_use]
    pub fn of_return(self) -> Self {
        match self {
            Self::ShipmentRequested => Self::ReturnRequested,
            Self::ShipmentReassigned => Self::ReturnReassigned,
            Self::ShipmentBooked => Self::ReturnBooked,
            Self::ShipmentFailed => Self::ReturnFailed,
            Self::ShipmentReadyToPrint => Self::ReturnReadyToPrint,
            Self::ShipmentCancelled => Self::ReturnCancelled,
            Self::ShipmentCancelRefused => Self::ReturnCancelRefused,
            Self::ShipmentUnsettled => Self::ReturnUnsettled,
            Self::ParcelTrackingChanged => Self::ReturnTrackingChanged,
            Self::ParcelMilestone => Self::ReturnMilestone,
            other => other,
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
    /// The batch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub batch: Option<BatchId>,
    /// How the orders of the batch stand.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub counts: Option<Counts>,
    /// The channel's number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel: Option<i64>,
    /// The webhook endpoint.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<EndpointId>,
    /// The carrier account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// The closing list.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub manifest: Option<ManifestId>,
    /// The collection.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub collection: Option<CollectionId>,
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
    /// Who did it; nobody when a carrier or a job of ours did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<Actor>,
    /// What about the order was otherwise before, as it was, a JSON object.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<RawJson>,
    /// The same as it is since.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<RawJson>,
}
