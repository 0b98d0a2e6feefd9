//! Parcels: their labels, what happened to them, and those that wait for a first scan.

use app::App;
use app::tracking::UnscannedParcel;
use axum::extract::State;
use domain::document::{Format, Paper};
use domain::ids::{DocumentId, ParcelId};
use domain::tracking::TrackingEvent;
use domain::{Error, Timestamp};
use http::StatusCode;
use serde::Serialize;

use super::page::Paging;
use super::shipments::List;
use super::{Answer, Authed};
use crate::dialect::{Parameters, Segment, json};
use crate::links::file;

fn parcel_id(text: &str) -> Result<ParcelId, Error> {
    ParcelId::from_native(text).ok_or(Error::NotFound("parcel"))
}

/// `GET /v1/parcels/{id}/label?format=pdf_100x150`: the bytes, without asking the carrier. A label that no longer fits the
/// order is printed with `confirm=outdated` only.
pub(super) async fn label(
    State(app): State<App>,
    Authed { caller, .. }: Authed,
    Segment(id): Segment,
    parameters: Parameters,
) -> Answer {
    let format = match parameters.value("format") {
        None => Format::Pdf(Paper::Mm100x150),
        Some(name) => Format::parse(name).ok_or_else(|| {
            let known = Format::ALL.map(Format::name).join(", ");
            Error::invalid("format", format!("{name:?} is no format: expected one of {known}"))
        })?,
    };
    let id = parcel_id(&id)?;
    let (document, bytes) = match parameters.value("confirm") {
        None | Some("") => app.label(&caller, id, format).await?,
        Some("outdated") => app.confirmed_label(&caller, id, format).await?,
        Some(other) => {
            let shown: String = other.chars().take(80).collect();
            return Err(Error::invalid("confirm", format!("{shown:?} cannot be confirmed: expected outdated")).into());
        }
    };
    Ok(file(&document, bytes))
}

/// `GET /v1/documents/{id}`: the bytes, with the key.
pub(super) async fn document(State(app): State<App>, Authed { caller, .. }: Authed, Segment(id): Segment) -> Answer {
    let id = DocumentId::from_native(&id).ok_or(Error::NotFound("document"))?;
    let (document, bytes) = app.document(&caller, id).await?;
    Ok(file(&document, bytes))
}

/// A tracking event as the native API shows it.
#[derive(Serialize)]
struct TrackingEventView<'a> {
    id: String,
    #[serde(flatten)]
    report: &'a domain::tracking::TrackingReport,
    received_at: String,
}

/// `GET /v1/parcels/{id}/tracking-events`, oldest first.
pub(super) async fn tracking_events(
    State(app): State<App>,
    Authed { caller, .. }: Authed,
    Segment(id): Segment,
) -> Answer {
    let id = parcel_id(&id)?;
    app.shipment_of_parcel(&caller, id).await?;
    let events = app.tracking_events(&caller, id).await?;
    let view = |event: &TrackingEvent| {
        let received_at = event.received_at.to_string();
        serde_json::to_value(TrackingEventView { id: event.id.to_string(), report: &event.report, received_at })
    };
    let data = events.iter().map(view).collect::<Result<Vec<_>, _>>().map_err(Error::internal)?;
    Ok(json(StatusCode::OK, &List { data }))
}

#[derive(Serialize)]
struct UnscannedView {
    id: String,
    shipment: String,
    order: String,
    tracking_number: Option<String>,
    booked_at: String,
}

/// `GET /v1/parcels?without_scan_for_hours=24`: booked so many working hours ago and never scanned, oldest first.
pub(super) async fn unscanned(State(app): State<App>, Authed { caller, .. }: Authed, parameters: Parameters) -> Answer {
    let wanted = parameters.value("without_scan_for_hours").unwrap_or("");
    let hours = wanted.parse().ok().filter(|hours| *hours <= 10_000);
    let hours = hours.ok_or_else(|| {
        let text = format!("{wanted:?} is no number of working hours: expected 0 to 10000");
        Error::invalid("without_scan_for_hours", text)
    })?;
    let paging = Paging::read(&parameters, place)?;
    let found = app.unscanned_parcels(&caller, hours, paging.after, paging.wanted()).await?;
    let behind = |last: &UnscannedParcel| format!("{}.{}", last.booked_at.as_microsecond(), last.parcel.number());
    let view = |found: UnscannedParcel| UnscannedView {
        id: found.parcel.to_string(),
        shipment: found.shipment.to_string(),
        order: found.order.to_string(),
        tracking_number: found.tracking_number,
        booked_at: found.booked_at.to_string(),
    };
    Ok(json(StatusCode::OK, &paging.page(found, behind, view)))
}

/// The place behind a parcel in lists of those that wait: when it was booked, and its id.
pub(super) fn place(text: &str) -> Option<(Timestamp, ParcelId)> {
    let (at, id) = text.split_once('.')?;
    Some((Timestamp::from_microsecond(at.parse().ok()?).ok()?, ParcelId::from_decimal(id)?))
}
