//! Webhooks in this dialect's words: one a change of status, flat in v2's names, or in those of the shipping order API.
//!
//! What is said to consumers (messages by mail or phone) is nothing this installation sends, so nothing tells of it.

use app::story::Story;
use app::webhooks::{EventBody, News};
use domain::channel::Dialect;
use domain::event::EventKind;
use domain::secret::Secret;
use domain::tracking::TrackingStatus;

use super::encode::{View, object, reason, words};
use super::history::{self, Entry, moment_text_without_zone};
use super::label;
use super::names;
use super::statuses::{Status, sub_status};
use crate::json::Json;

/// The `variant` of an endpoint that gets bodies in the names of the shipping order API.
pub const SHIPPING_ORDER: &str = "shipping_order";

/// Words the dialect's webhooks.
pub struct DeliverySolutionsEvents;

/// The order as far as its news tells.
fn story_of(news: &News) -> Option<Story> {
    Some(Story {
        order: news.order.clone()?,
        shipments: news.shipment.clone().into_iter().collect(),
        events: vec![news.event.clone()],
        tracking: Vec::new(),
        labels: news.label.iter().map(|label| label.document.clone()).collect(),
    })
}

/// The step that an event is, if it changes the status.
fn entry(news: &News, story: &Story) -> Option<Entry> {
    let event = &news.event;
    let is_whole = news.order.as_ref().is_some_and(|order| order.cancelled_at.is_some());
    if news.shipment.as_ref().is_some_and(|shipment| history::is_over(shipment, event.kind)) {
        return None;
    }
    match event.kind {
        // The order's own event tells of it.
        EventKind::ShipmentCancelled if is_whole => return None,
        // Nobody is told that it is on its way before it has a number.
        EventKind::ShipmentRecorded
            if news.shipment.as_ref().is_none_or(|shipment| shipment.tracking_numbers().is_empty()) =>
        {
            return None;
        }
        EventKind::ParcelTrackingChanged | EventKind::ParcelMilestone => {}
        kind => {
            Status::of_event(kind)?;
            return history::of(story, &news.setup).into_iter().next();
        }
    }
    let told = event.about.new.as_deref().and_then(TrackingStatus::parse);
    let now = told.or_else(|| Some(news.shipment.as_ref()?.tracking())).unwrap_or(TrackingStatus::Unknown);
    let status = Status::of_report(now, event.about.milestone)?;
    let provider = news.shipment.as_ref().map(|shipment| history::provider_name(&news.setup, shipment));
    let why = event.about.reason.clone().map(|note| history::Reason {
        code: "PROVIDER_REPORTED",
        title: "Provider Reported",
        note,
    });
    Some(Entry {
        status,
        at: event.at,
        note: event.about.reason.clone(),
        user: provider.unwrap_or_else(|| history::PLATFORM.to_owned()),
        reason: why,
        sub_status: sub_status(now),
    })
}

fn body(news: &News, story: &Story, entry: &Entry) -> Json<'static> {
    let label_link = news.label.as_ref().map(|found| label::link(&news.public_url, &story.order, &found.token));
    let view = View { story, setup: &news.setup, public_url: &news.public_url, label_link, shows_both_ends: true };
    let zone = view.zone();
    let Json::Object(mut members) = view.order_in(entry.status) else { return Json::Null };
    members.retain(|(name, _)| name != "status");
    let told = vec![
        ("event", Json::from(entry.status.word())),
        ("status", Json::from(entry.status.word())),
        ("note", words(entry.note.clone())),
        ("receivedAt", Json::from(moment_text_without_zone(entry.at, &zone))),
        ("receivedAtEpoch", entry.at.as_millisecond().into()),
        ("timeZone", words(zone.iana_name())),
        ("statusUser", Json::from(entry.user.clone())),
        ("subStatus", words(entry.sub_status)),
        ("eventReason", entry.reason.as_ref().map_or(Json::Null, reason)),
        ("exceptionDetails", words(entry.reason.as_ref().map(|reason| reason.note.clone()))),
        ("errors", Json::List(Vec::new())),
        ("providerTrackingUrl", Json::Null),
        ("driver", Json::Null),
        ("lastLocation", Json::Null),
    ];
    let Json::Object(mut all) = object(told) else { return Json::Null };
    all.append(&mut members);
    Json::Object(all)
}

impl EventBody for DeliverySolutionsEvents {
    fn dialect(&self) -> Dialect {
        Dialect::DeliverySolutions
    }

    fn bodies(&self, news: &News, variant: Option<&str>) -> Vec<Vec<u8>> {
        let Some(story) = story_of(news) else { return Vec::new() };
        let Some(entry) = entry(news, &story) else { return Vec::new() };
        let body = body(news, &story, &entry);
        let body = if variant == Some(SHIPPING_ORDER) { body } else { names::to_v2(body) };
        vec![body.to_string().into_bytes()]
    }

    fn shows_labels(&self) -> bool {
        true
    }

    fn variants(&self) -> &'static [&'static str] {
        &[SHIPPING_ORDER]
    }

    fn headers(&self, body: &[u8], secret: &Secret) -> Vec<(&'static str, String)> {
        vec![("X-DS-Signature", signature(body, secret))]
    }
}

/// `X-DS-Signature`: HMAC-SHA256 of the raw body under the secret's text, in lower-case hexadecimal; empty without a
/// secret.
fn signature(body: &[u8], secret: &Secret) -> String {
    match secret.reveal() {
        "" => String::new(),
        secret => hex::encode(app::vault::hmac_sha256(secret.as_bytes(), &[body])),
    }
}
