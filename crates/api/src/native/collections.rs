//! Collections: a carrier is asked to come to a location.

use app::App;
use app::collections::{CollectionList, CollectionWish};
use axum::extract::State;
use domain::Error;
use domain::collection::Collection;
use domain::ids::CollectionId;
use http::StatusCode;
use jiff::civil::{Date, Time};
use serde::Serialize;

use super::manifests::date;
use super::orders::read;
use super::page::{Paging, filter, word};
use super::{Answer, Authed, Body};
use crate::dialect::{Parameters, Segment, json};
use crate::json::fields::{Fault, Fields, Node, integer, text};

/// A collection as the native API shows it.
#[derive(Serialize)]
struct CollectionView {
    id: String,
    status: &'static str,
    carrier_account: String,
    location: String,
    date: Date,
    from: String,
    until: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    parcels: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
    confirmation: Option<String>,
    /// Why the carrier said no, or that nobody knows yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
    version: u64,
    created_at: String,
}

fn hour(time: Time) -> String {
    time.strftime("%H:%M").to_string()
}

impl CollectionView {
    fn of(collection: Collection) -> Self {
        let details = collection.details;
        Self {
            id: collection.id.to_string(),
            status: collection.status.as_str(),
            carrier_account: details.account,
            location: details.location,
            date: details.day,
            from: hour(details.from),
            until: hour(details.until),
            parcels: details.parcels,
            note: details.note,
            confirmation: details.confirmation,
            problem: details.failure.map(|error| error.to_string()),
            version: collection.version,
            created_at: collection.created_at.to_string(),
        }
    }
}

fn clock_time(node: Node<'_>) -> Option<Time> {
    let typed = text(1, 20)(node)?;
    let unfit = Fault::Other(format!("{typed:?} is no time of the day, such as 15:30"));
    let read = (typed.len() == 5).then(|| format!("{typed}:00").parse().ok()).flatten();
    read.or_else(|| node.fault(unfit))
}

fn wish(fields: &Fields<'_>) -> Option<CollectionWish> {
    fields.only(&["carrier_account", "location", "date", "from", "until", "parcels", "note"]);
    let account = fields.required("carrier_account", text(1, 200));
    let location = fields.optional("location", text(1, 200));
    let (from, until) = (fields.needed("from", clock_time), fields.needed("until", clock_time));
    let day = fields.needed("date", date);
    let parcels = fields.optional("parcels", integer(1, 100_000)).and_then(|count| u32::try_from(count).ok());
    let note = fields.optional("note", text(1, 500));
    Some(CollectionWish { account, location, day: day?, from: from?, until: until?, parcels, note })
}

fn collection_id(text: &str) -> Result<CollectionId, Error> {
    CollectionId::from_native(text).ok_or(Error::NotFound("collection"))
}

/// `POST /v1/collections`: asks the carrier to come.
pub(super) async fn create(State(app): State<App>, Authed { caller, .. }: Authed, Body { body, .. }: Body) -> Answer {
    let wish = read(&body, wish)?.ok_or_else(|| Error::internal("fields that were needed"))?;
    let collection = app.request_collection(&caller, &wish).await?;
    Ok(json(StatusCode::CREATED, &CollectionView::of(collection)))
}

/// `GET /v1/collections?carrier_account=…&location=…&date=…`, latest first.
pub(super) async fn list(State(app): State<App>, Authed { caller, .. }: Authed, parameters: Parameters) -> Answer {
    let paging = Paging::read(&parameters, CollectionId::from_native)?;
    let list = CollectionList {
        account: word(&parameters, "carrier_account")?,
        location: word(&parameters, "location")?,
        day: filter(&parameters, "date", "a day such as 2026-11-27")?,
        below: paging.after,
        limit: paging.wanted(),
    };
    let found = app.collections(&caller, list).await?;
    Ok(json(StatusCode::OK, &paging.page(found, |last| last.id.to_string(), CollectionView::of)))
}

/// `GET /v1/collections/{id}`.
pub(super) async fn show(State(app): State<App>, Authed { caller, .. }: Authed, Segment(id): Segment) -> Answer {
    Ok(json(StatusCode::OK, &CollectionView::of(app.collection(&caller, collection_id(&id)?).await?)))
}

/// `POST /v1/collections/{id}/cancel`.
pub(super) async fn cancel(State(app): State<App>, Authed { caller, .. }: Authed, Segment(id): Segment) -> Answer {
    Ok(json(StatusCode::OK, &CollectionView::of(app.cancel_collection(&caller, collection_id(&id)?).await?)))
}
