//! Webhooks in this dialect's words: where a box is, where the order stands, when it is sent, by whom, and where to.
//!
//! The envelope of the first is published; the other four have the same one without a box. An endpoint whose `variant` is
//! one of the five types hears of that alone.

use std::borrow::Cow;

use app::story::Story;
use app::webhooks::{EventBody, News};
use domain::change::Change;
use domain::channel::Dialect;
use domain::event::{Event, EventKind};
use domain::ids::ParcelId;
use domain::packing::box_id;
use domain::parcel::Parcel;
use domain::secret::Secret;
use domain::tracking::{Milestone, TrackingStatus};

use super::encode::{iso, object, party, words};
use super::statuses::{self, GENERATED, POSSIBLE_DELAY, SCANNED, WAITS};
use crate::json::Json;

/// The five types, each with its source.
const TYPES: [(&str, &str); 5] = [
    (TRACKING, "crowdsender.webhooks.order.box.tracking"),
    (STATUS, "crowdsender.webhooks.order.status"),
    (SEND_DATE, "crowdsender.webhooks.order.sendDate"),
    (COURIER, "crowdsender.webhooks.order.courier"),
    (ADDRESS, "crowdsender.webhooks.order.destinationAddress"),
];
const TRACKING: &str = "trackingUpdated";
const STATUS: &str = "statusUpdated";
const SEND_DATE: &str = "sendDateUpdated";
const COURIER: &str = "courierUpdated";
const ADDRESS: &str = "destinationAddressUpdated";

/// Words the dialect's webhooks.
pub struct CrowdsenderEvents;

/// A value that is another now.
struct Update {
    kind: &'static str,
    old: Json<'static>,
    new: Json<'static>,
    /// The box it is about, by its parcel.
    parcel: Option<Parcel>,
}

/// The word for the box of a parcel after an event, given the one before; `None` when the event tells nothing of it.
fn word_after(event: &Event, story: &Story, parcel: ParcelId) -> Option<&'static str> {
    let about = &event.about;
    let is_its_shipment = || {
        let shipment = story.shipments.iter().find(|shipment| Some(shipment.id) == about.shipment);
        shipment.filter(|shipment| shipment.parcels.iter().any(|one| one.id == parcel))
    };
    match event.kind {
        EventKind::ShipmentReadyToPrint | EventKind::ShipmentRecorded => is_its_shipment().map(|_| GENERATED),
        EventKind::ShipmentCancelled => is_its_shipment().map(|_| WAITS),
        EventKind::ParcelTrackingChanged | EventKind::ParcelMilestone if about.parcel == Some(parcel) => {
            match (about.milestone, about.new.as_deref().and_then(TrackingStatus::parse)) {
                (Some(Milestone::Delayed), _) => Some(POSSIBLE_DELAY),
                (Some(Milestone::PickedUp), None | Some(TrackingStatus::InTransit)) => Some(SCANNED),
                (_, Some(status)) => Some(statuses::box_word(Some(status))),
                _ => None,
            }
        }
        _ => None,
    }
}

/// What an event changes about the boxes, in the words that clients were told before.
fn of_boxes(news: &News, story: &Story, updates: &mut Vec<Update>) {
    let parcels = story.shipments.iter().flat_map(|shipment| &shipment.parcels);
    for parcel in parcels {
        let Some(new) = word_after(&news.event, story, parcel.id) else { continue };
        let earlier = story.events.iter().take_while(|event| event.id != news.event.id);
        let old = earlier.filter_map(|event| word_after(event, story, parcel.id)).last().unwrap_or(WAITS);
        if old != new {
            let (old, new) = (Json::from(old), Json::from(new));
            updates.push(Update { kind: TRACKING, old, new, parcel: Some(parcel.clone()) });
        }
    }
}

fn updates(news: &News, story: &Story) -> Vec<Update> {
    let mut updates = Vec::new();
    of_boxes(news, story, &mut updates);
    let mut push = |kind, old, new| updates.push(Update { kind, old, new, parcel: None });
    let (before, after) = story.standing_around(&news.event);
    if before != after {
        push(STATUS, words(statuses::order_word(before)), words(statuses::order_word(after)));
    }
    let or_null = |value: Option<Json<'static>>| value.unwrap_or(Json::Null);
    for change in &news.event.about.changes {
        match change {
            Change::SendDate { old, new } => {
                let text = |sent: &Option<domain::SentTime>| or_null(sent.map(|sent| Json::from(sent.to_string())));
                push(SEND_DATE, text(old), text(new));
            }
            Change::Contract { old, new } => {
                let text = |id: &Option<String>| or_null(id.as_deref().map(words));
                push(COURIER, text(old), text(new));
            }
            Change::ShippingAddress { old, new } => {
                push(ADDRESS, or_null(old.as_deref().map(party)), or_null(new.as_deref().map(party)));
            }
            Change::Standing { .. } | Change::AddressStatus { .. } => {}
        }
    }
    updates
}

fn body(news: &News, story: &Story, update: &Update) -> Json<'static> {
    let order = &story.order;
    let source = TYPES.iter().find(|(kind, _)| *kind == update.kind).map_or("", |(_, source)| source);
    let text = |text: Option<&str>| text.map_or(Json::Null, words);
    let mut data = vec![("orderId", Json::from(order.id.to_hex24(order.created_at)))];
    if let Some(parcel) = &update.parcel {
        data.push(("boxId", Json::from(box_id(order.id, order.created_at, parcel.position))));
    }
    data.extend([
        ("object", Json::from("order")),
        ("orderNumber", text(order.details.number.as_deref())),
        ("_externalReferenceId", text(order.details.external_id.as_deref())),
        ("newValue", update.new.clone()),
        ("previousValue", update.old.clone()),
    ]);
    if let Some(parcel) = &update.parcel {
        let is_made = update.new == Json::from(GENERATED);
        let labels = news.labels.iter().filter(|label| is_made && label.document.parcel == Some(parcel.id));
        let shown = labels.map(|label| {
            let uri = format!("{}/d/{}", news.public_url, label.token);
            object(vec![("uri", Json::from(uri)), ("typeFile", Json::from("label"))])
        });
        data.push(("documents", Json::List(shown.collect())));
        data.push(("trackId", text(parcel.tracking_number.as_deref().filter(|_| is_made))));
    }
    let data = Json::Object(data.into_iter().map(|(name, value)| (Cow::Borrowed(name), value)).collect());
    object(vec![
        ("apiVersion", Json::from(1_u64)),
        ("createdAt", Json::from(iso(news.event.at))),
        ("liveMode", Json::from(news.is_live())),
        ("type", Json::from(update.kind)),
        ("source", Json::from(source)),
        ("data", data),
    ])
}

impl EventBody for CrowdsenderEvents {
    fn dialect(&self) -> Dialect {
        Dialect::Crowdsender
    }

    fn bodies(&self, news: &News, variant: Option<&str>) -> Vec<Vec<u8>> {
        let Some(story) = &news.story else { return Vec::new() };
        let told = updates(news, story);
        let wanted = told.iter().filter(|update| variant.is_none_or(|variant| variant == update.kind));
        wanted.map(|update| body(news, story, update).to_string().into_bytes()).collect()
    }

    fn tells_before(&self) -> bool {
        true
    }

    fn shows_labels(&self) -> bool {
        true
    }

    fn variants(&self) -> &'static [&'static str] {
        &[TRACKING, STATUS, SEND_DATE, COURIER, ADDRESS]
    }

    /// `X-Crowdsender-Signature`: HMAC-SHA256 of the raw body under the secret's text, in lower-case hexadecimal.
    fn headers(&self, body: &[u8], secret: &Secret) -> Vec<(&'static str, String)> {
        let mac = app::vault::hmac_sha256(secret.reveal().as_bytes(), &[body]);
        vec![("X-Crowdsender-Signature", hex::encode(mac))]
    }
}
