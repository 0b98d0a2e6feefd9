//! Webhooks in this dialect's words: `parcel_status_changed`, and what happens to an integration.
//!
//! There is no webhook about orders. Each parcel is told of by itself, in the shape of the second API version.

use app::webhooks::{EventBody, News};
use domain::channel::{Channel, Dialect};
use domain::event::EventKind;
use domain::order::Order;
use domain::parcel::Parcel;
use domain::secret::Secret;
use domain::shipment::Shipment;
use domain::tracking::TrackingStatus;
use serde::Serialize;
use serde_json::{Value, json};

use super::integrations;
use super::order::{moment, order_id, order_number};

/// Words the dialect's webhooks.
pub struct SendcloudEvents;

/// A parcel's status: an id that programs compare and words for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
struct ParcelStatus {
    id: u32,
    message: &'static str,
}

/// The parcel status that an event brings about, if it brings any.
///
/// Ids up to 2001 are those real clients act on; the carriers' ones are those of the published list of parcel statuses.
fn status(kind: EventKind, tracking: TrackingStatus) -> Option<ParcelStatus> {
    let (id, message) = match kind {
        EventKind::ShipmentRequested => (1001, "Being announced"),
        EventKind::ShipmentBooked => (1000, "Ready to send"),
        EventKind::ShipmentFailed => (1002, "Announcement failed"),
        EventKind::ShipmentCancelled => (2000, "Cancelled"),
        EventKind::ParcelTrackingChanged => match tracking {
            TrackingStatus::Unknown => (1337, "Unknown status - check carrier track & trace page for more insights"),
            TrackingStatus::Announced => (1000, "Ready to send"),
            TrackingStatus::InTransit => (3, "En route to sorting center"),
            TrackingStatus::OutForDelivery => (92, "Driver en route"),
            TrackingStatus::AtServicePoint => (12, "Awaiting customer pickup"),
            TrackingStatus::Delivered => (11, "Delivered"),
            TrackingStatus::Undeliverable => (80, "Unable to deliver"),
            TrackingStatus::Returning => (32, "Shipment picked up by driver"),
            TrackingStatus::Returned => (62998, "Returned to sender"),
            TrackingStatus::Lost => (62991, "Parcel lost"),
        },
        EventKind::OrderCreated
        | EventKind::OrderUpdated
        | EventKind::OrderDeleted
        | EventKind::OrderCancelled
        | EventKind::OrderUnserved
        | EventKind::OrderAddressChecked
        | EventKind::OrderAddressOverruled
        | EventKind::OrderAddressSplit
        | EventKind::ShipmentReassigned
        | EventKind::ShipmentReplaced
        | EventKind::ParcelMilestone
        | EventKind::ReturnRequested
        | EventKind::ReturnReassigned
        | EventKind::ReturnBooked
        | EventKind::ReturnFailed
        | EventKind::ReturnReadyToPrint
        | EventKind::ReturnCancelled
        | EventKind::ReturnCancelRefused
        | EventKind::ReturnUnsettled
        | EventKind::ReturnTrackingChanged
        | EventKind::ReturnMilestone
        | EventKind::ManifestUpdated
        | EventKind::ManifestClosed
        | EventKind::CollectionRequested
        | EventKind::CollectionRefused
        | EventKind::CollectionUnsettled
        | EventKind::CollectionCancelled
        | EventKind::ShipmentReadyToPrint
        | EventKind::ShipmentCancelRefused
        | EventKind::ShipmentUnsettled
        | EventKind::ShipmentRecorded
        | EventKind::BatchDone
        | EventKind::ChannelConnected
        | EventKind::ChannelUpdated
        | EventKind::ChannelDeleted
        | EventKind::CarrierAccountFailing
        | EventKind::CarrierAccountRecovered
        | EventKind::CarrierAccountExpiring
        | EventKind::CarrierInterfaceEnding
        | EventKind::WebhookPaused
        | EventKind::WebhookResumed => return None,
    };
    Some(ParcelStatus { id, message })
}

fn parcel(news: &News, order: &Order, shipment: &Shipment, parcel: &Parcel, status: ParcelStatus) -> Value {
    let recipient = &shipment.details.recipient;
    let account = &shipment.details.service.account;
    let carrier = news.setup.account(account).map_or(account.as_str(), |account| account.account.carrier.as_str());
    let has_label = parcel.tracking_number.is_some();
    json!({
        "id": parcel.id.number(),
        "name": recipient.name,
        "company_name": recipient.company,
        "address": recipient.street1,
        "house_number": recipient.house_number,
        "city": recipient.city,
        "postal_code": recipient.postal_code,
        "country": { "iso_2": recipient.country_code(), "name": recipient.country_code() },
        "email": recipient.email,
        "telephone": recipient.phone,
        "order_number": order_number(order),
        "external_order_id": order_id(order),
        "external_reference": shipment.details.reference,
        "shipment_uuid": shipment.id.to_string(),
        "date_created": moment(shipment.created_at),
        "date_announced": shipment.details.booked_at.map(moment),
        "tracking_number": parcel.tracking_number.as_deref().unwrap_or(""),
        "tracking_url": has_label.then(|| format!("{}/t/{}", news.public_url, parcel.tracking_token)),
        "weight": format!("{:.3}", parcel.parcel.weight.kilograms()),
        "status": status,
        "carrier": { "code": carrier },
        "shipment": { "id": shipment.id.number(), "name": shipment.details.service_name },
    })
}

fn integration(channel: &Channel) -> Value {
    let mut view: Value = serde_json::from_str(&integrations::integration(channel).to_string()).unwrap_or_default();
    if let Some(members) = view.as_object_mut() {
        let renamed = [("started_failing_at", "failing_since"), ("last_fetched_at", "last_fetch")];
        for (ours, theirs) in renamed {
            let value = members.remove(ours).unwrap_or_default();
            members.insert(theirs.to_owned(), value);
        }
        members.insert("system".to_owned(), json!("api"));
        members.entry("last_updated_at").or_insert(Value::Null);
    }
    view
}

impl EventBody for SendcloudEvents {
    fn dialect(&self) -> Dialect {
        Dialect::Sendcloud
    }

    fn bodies(&self, news: &News, _variant: Option<&str>) -> Vec<Vec<u8>> {
        let timestamp = news.event.at.as_millisecond();
        let about = &news.event.about;
        let channel = about.channel.or(news.order.as_ref().map(|order| order.channel.0));
        let channel = channel.and_then(|number| news.setup.channel(domain::channel::ChannelNumber(number)));
        let action = match news.event.kind {
            EventKind::ChannelConnected => Some("integration_connected"),
            EventKind::ChannelUpdated => Some("integration_updated"),
            EventKind::ChannelDeleted => Some("integration_deleted"),
            _ => None,
        };
        if let Some(action) = action {
            let shown = channel.map_or_else(|| json!({ "id": about.channel }), integration);
            let body = json!({ "action": action, "timestamp": timestamp, "integration": shown });
            return vec![body.to_string().into_bytes()];
        }
        let (Some(order), Some(shipment)) = (&news.order, &news.shipment) else { return Vec::new() };
        let told = shipment.parcels.iter().filter(|parcel| about.parcel.is_none_or(|id| id == parcel.id));
        let bodies = told.filter_map(|told| {
            let changed = about.new.as_deref().and_then(TrackingStatus::parse).unwrap_or(told.tracking);
            let status = status(news.event.kind, changed)?;
            let body = json!({
                "action": "parcel_status_changed",
                "timestamp": timestamp,
                "carrier_status_change_timestamp": timestamp,
                "parcel": parcel(news, order, shipment, told, status),
                "integration": channel.map(integration),
            });
            Some(body.to_string().into_bytes())
        });
        bodies.collect()
    }

    fn headers(&self, body: &[u8], secret: &Secret) -> Vec<(&'static str, String)> {
        vec![("Sendcloud-Signature", signature(body, secret))]
    }
}

/// `Sendcloud-Signature`: HMAC-SHA256 of the raw body under the secret's text, in lower-case hexadecimal.
fn signature(body: &[u8], secret: &Secret) -> String {
    hex::encode(app::vault::hmac_sha256(secret.reveal().as_bytes(), &[body]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_the_published_one() {
        assert_eq!(
            signature(br#"{"key": "value"}"#, &Secret::new("secretkey")),
            "1eed4b3d41f4653ac64fd56f1bf1cbfd349e4482cbc11dff7134bd93e5da4b0a"
        );
    }
}
