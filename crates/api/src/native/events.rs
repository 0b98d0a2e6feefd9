//! Events: the feed, who was told, and webhooks in canonical words.

use app::App;
use app::webhooks::{EventBody, News};
use axum::extract::State;
use domain::Error;
use domain::batch::Counts;
use domain::channel::Dialect;
use domain::event::{About, Event};
use domain::ids::EventId;
use domain::parcel::Parcel;
use domain::tracking::{Milestone, TrackingStatus};
use http::StatusCode;
use serde::Serialize;

use super::page::limit;
use super::shipments::List;
use super::webhooks::DeliveryShown;
use super::{Answer, Authed};
use crate::dialect::{Parameters, Segment, json};

/// An event as the feed and webhooks show it.
#[derive(Serialize)]
struct EventView<'a> {
    id: String,
    #[serde(rename = "type")]
    kind: &'static str,
    /// When it happened.
    timestamp: String,
    data: DataView<'a>,
}

/// What an event is about, in native ids.
#[derive(Serialize)]
struct DataView<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    order: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    order_version: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    order_number: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    shipment: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    service: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tracking_numbers: Vec<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parcel: Option<String>,
    /// In webhooks: the parcels that the event is about.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    parcels: Vec<ParcelNews<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    batch: Option<String>,
    /// How the orders of the batch stand.
    #[serde(skip_serializing_if = "Option::is_none")]
    counts: Option<Counts>,
    #[serde(skip_serializing_if = "Option::is_none")]
    channel: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    endpoint: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    manifest: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    collection: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    old: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    new: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    milestone: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
}

/// A parcel of a shipment as it stands when somebody is told.
#[derive(Serialize)]
struct ParcelNews<'a> {
    id: String,
    position: u32,
    tracking_number: Option<&'a str>,
    tracking: TrackingStatus,
    /// Its tracking page.
    tracking_url: String,
    /// Where its label is, for whoever has a key; null while there is none.
    label_url: Option<String>,
}

impl<'a> ParcelNews<'a> {
    fn of(news: &News, parcel: &'a Parcel) -> Self {
        let (url, id) = (&news.public_url, parcel.id.to_string());
        Self {
            position: parcel.position,
            tracking_number: parcel.tracking_number.as_deref(),
            tracking: parcel.tracking,
            tracking_url: format!("{url}/t/{}", parcel.tracking_token),
            label_url: parcel.has_label.then(|| format!("{url}/v1/parcels/{id}/label")),
            id,
        }
    }
}

fn view(event: &Event) -> EventView<'_> {
    let About {
        order,
        order_version,
        shipment,
        parcel,
        batch,
        counts,
        channel,
        endpoint,
        account,
        manifest,
        collection,
        old,
        new,
        milestone,
        reason,
        ..
    } = &event.about;
    EventView {
        id: event.id.to_string(),
        kind: event.kind.as_str(),
        timestamp: event.at.to_string(),
        data: DataView {
            order: order.map(|id| id.to_string()),
            order_version: *order_version,
            order_number: None,
            shipment: shipment.map(|id| id.to_string()),
            service: None,
            tracking_numbers: Vec::new(),
            parcel: parcel.map(|id| id.to_string()),
            parcels: Vec::new(),
            batch: batch.map(|id| id.to_string()),
            counts: *counts,
            channel: *channel,
            endpoint: endpoint.map(|id| id.to_string()),
            account: account.as_deref(),
            manifest: manifest.map(|id| id.to_string()),
            collection: collection.map(|id| id.to_string()),
            old: old.as_deref(),
            new: new.as_deref(),
            milestone: milestone.map(Milestone::as_str),
            reason: reason.as_deref(),
        },
    }
}

/// Words webhooks canonically.
pub struct NativeEvents;

impl EventBody for NativeEvents {
    fn dialect(&self) -> Dialect {
        Dialect::Native
    }

    fn bodies(&self, news: &News, _variant: Option<&str>) -> Vec<Vec<u8>> {
        let mut view = view(&news.event);
        view.data.order_number = news.order.as_ref().and_then(|order| order.details.number.as_deref());
        if let Some(shipment) = &news.shipment {
            view.data.service = Some(shipment.details.service.to_string());
            view.data.tracking_numbers =
                shipment.parcels.iter().filter_map(|parcel| parcel.tracking_number.as_deref()).collect();
            let about = news.event.about.parcel;
            let parcels = shipment.parcels.iter().filter(|parcel| about.is_none_or(|about| about == parcel.id));
            view.data.parcels = parcels.map(|parcel| ParcelNews::of(news, parcel)).collect();
        }
        serde_json::to_vec(&view).into_iter().collect()
    }
}

#[derive(Serialize)]
struct FeedEntry<'a> {
    position: i64,
    #[serde(flatten)]
    event: EventView<'a>,
}

/// Events of one page of the feed.
const PAGE: usize = 200;

/// `GET /v1/events?after=POSITION`: numbered events, oldest first; none is ever missed or shown late.
pub(super) async fn feed(State(app): State<App>, Authed { caller, .. }: Authed, parameters: Parameters) -> Answer {
    let wanted = parameters.value("after").unwrap_or("0");
    let after = wanted.parse().map_err(|_| Error::invalid("after", format!("{wanted:?} is no position")))?;
    let events = app.feed(&caller, after, limit(&parameters, PAGE, PAGE)?).await?;
    let data: Vec<_> =
        events.iter().map(|(position, event)| FeedEntry { position: *position, event: view(event) }).collect();
    Ok(json(StatusCode::OK, &List { data }))
}

/// `GET /v1/events/{id}/deliveries`: who was told, with each attempt.
pub(super) async fn deliveries(State(app): State<App>, Authed { caller, .. }: Authed, Segment(id): Segment) -> Answer {
    let id = EventId::from_native(&id).ok_or(Error::NotFound("event"))?;
    let found = app.deliveries(&caller, id).await?;
    let data: Vec<_> = found.iter().map(DeliveryShown::of).collect();
    Ok(json(StatusCode::OK, &List { data }))
}
