//! Manifests: the closing list of what a carrier is handed over at a location on a day.

use app::App;
use app::manifests::{ManifestList, ManifestView, ManifestWish};
use axum::extract::State;
use domain::ids::{ManifestId, ParcelId};
use domain::manifest::{HandedParcel, Manifest};
use domain::{Error, Problem};
use http::StatusCode;
use jiff::civil::Date;
use serde::Serialize;

use super::orders::read;
use super::page::{Paging, filter, word};
use super::parcels::place;
use super::{Answer, Authed, Body};
use crate::dialect::{Parameters, Segment, json};
use crate::json::fields::{Fault, Fields, Node, text};
use crate::links::file;

/// A manifest as the native API shows it.
#[derive(Serialize)]
struct Shown {
    id: String,
    status: &'static str,
    carrier_account: String,
    location: String,
    date: Date,
    version: u64,
    created_at: String,
    closed_at: Option<String>,
    /// How many parcels are on it; only where one is shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    parcels: Option<u64>,
}

impl Shown {
    fn of(manifest: Manifest, parcels: Option<u64>) -> Self {
        Self {
            id: manifest.id.to_string(),
            status: manifest.status.as_str(),
            carrier_account: manifest.account,
            location: manifest.location,
            date: manifest.day,
            version: manifest.version,
            created_at: manifest.created_at.to_string(),
            closed_at: manifest.closed_at.map(|at| at.to_string()),
            parcels,
        }
    }

    fn one(view: ManifestView) -> Self {
        Self::of(view.manifest, Some(view.parcels))
    }
}

/// A parcel of a manifest.
#[derive(Serialize)]
struct HandedView {
    id: String,
    shipment: String,
    order: String,
    tracking_number: Option<String>,
    sscc: Option<String>,
    order_reference: Option<String>,
    service: String,
    city: Option<String>,
    country: Option<String>,
    weight_kg: domain::money::Decimal,
    booked_at: Option<String>,
    is_scanned: bool,
}

impl HandedView {
    fn of(parcel: HandedParcel) -> Self {
        Self {
            id: parcel.parcel.to_string(),
            shipment: parcel.shipment.to_string(),
            order: parcel.order.to_string(),
            tracking_number: parcel.tracking_number,
            sscc: parcel.sscc,
            order_reference: parcel.order_reference,
            service: parcel.service,
            city: parcel.recipient.city,
            country: parcel.recipient.country,
            weight_kg: parcel.weight.kilograms(),
            booked_at: parcel.booked_at.map(|at| at.to_string()),
            is_scanned: parcel.is_scanned,
        }
    }
}

pub(super) fn manifest_id(text: &str) -> Result<ManifestId, Error> {
    ManifestId::from_native(text).ok_or(Error::NotFound("manifest"))
}

/// A day of the calendar.
pub(super) fn date(node: Node<'_>) -> Option<Date> {
    let typed = text(1, 40)(node)?;
    let unfit = Fault::Other(format!("{typed:?} is no day, such as 2026-11-27"));
    typed.parse().ok().filter(|_| typed.len() == 10).or_else(|| node.fault(unfit))
}

fn wish(fields: &Fields<'_>) -> ManifestWish {
    fields.only(&["carrier_account", "location", "date"]);
    ManifestWish {
        account: fields.required("carrier_account", text(1, 200)),
        location: fields.optional("location", text(1, 200)),
        day: fields.optional("date", date),
    }
}

/// `POST /v1/manifests`: begins the list of an account, location and day, or puts onto it what was booked since.
pub(super) async fn create(State(app): State<App>, Authed { caller, .. }: Authed, Body { body, .. }: Body) -> Answer {
    let wish = read(&body, wish)?;
    let (view, is_new) = app.open_manifest(&caller, &wish).await?;
    let status = if is_new { StatusCode::CREATED } else { StatusCode::OK };
    Ok(json(status, &Shown::one(view)))
}

/// `GET /v1/manifests?carrier_account=…&location=…&date=…`, latest first.
pub(super) async fn list(State(app): State<App>, Authed { caller, .. }: Authed, parameters: Parameters) -> Answer {
    let paging = Paging::read(&parameters, ManifestId::from_native)?;
    let list = ManifestList {
        account: word(&parameters, "carrier_account")?,
        location: word(&parameters, "location")?,
        day: filter(&parameters, "date", "a day such as 2026-11-27")?,
        below: paging.after,
        limit: paging.wanted(),
    };
    let found = app.manifests(&caller, list).await?;
    let page = paging.page(found, |last| last.id.to_string(), |one| Shown::of(one, None));
    Ok(json(StatusCode::OK, &page))
}

/// `GET /v1/manifests/{id}`.
pub(super) async fn show(State(app): State<App>, Authed { caller, .. }: Authed, Segment(id): Segment) -> Answer {
    Ok(json(StatusCode::OK, &Shown::one(app.manifest(&caller, manifest_id(&id)?).await?)))
}

/// `GET /v1/manifests/{id}/parcels`: what is on it.
pub(super) async fn parcels(
    State(app): State<App>,
    Authed { caller, .. }: Authed,
    Segment(id): Segment,
    parameters: Parameters,
) -> Answer {
    let paging = Paging::read(&parameters, ParcelId::from_native)?;
    let found = app.manifest_parcels(&caller, manifest_id(&id)?, paging.after, paging.wanted()).await?;
    Ok(json(StatusCode::OK, &paging.page(found, |last| last.parcel.to_string(), HandedView::of)))
}

/// `GET /v1/manifests/{id}/left-behind`: what was booked with its account at its location and is on no list.
pub(super) async fn left_behind(
    State(app): State<App>,
    Authed { caller, .. }: Authed,
    Segment(id): Segment,
    parameters: Parameters,
) -> Answer {
    let paging = Paging::read(&parameters, place)?;
    let found = app.left_behind(&caller, manifest_id(&id)?, paging.after, paging.wanted()).await?;
    let behind = |last: &HandedParcel| {
        let at = last.booked_at.map_or(0, domain::Timestamp::as_microsecond);
        format!("{at}.{}", last.parcel.number())
    };
    Ok(json(StatusCode::OK, &paging.page(found, behind, HandedView::of)))
}

/// `POST /v1/manifests/{id}/close`: it was handed over, except for what the driver did not take.
pub(super) async fn close(
    State(app): State<App>,
    Authed { caller, .. }: Authed,
    Segment(id): Segment,
    Body { body, .. }: Body,
) -> Answer {
    let parcel = |node: Node<'_>| {
        let id = text(1, 40)(node)?;
        let unfit = Fault::Other(format!("{id:?} is no parcel id: expected pcl_…"));
        ParcelId::from_native(&id).or_else(|| node.fault(unfit))
    };
    let not_taken = if body.is_empty() {
        Vec::new()
    } else {
        read(&body, |fields| {
            fields.only(&["not_taken"]);
            fields.optional("not_taken", |node| node.list(1_000, parcel)).unwrap_or_default()
        })?
    };
    let mut seen = not_taken.clone();
    seen.sort_unstable();
    if seen.windows(2).any(|pair| pair[0] == pair[1]) {
        return Err(Error::Invalid(vec![Problem::new("not_taken", "a parcel stands here twice")]).into());
    }
    Ok(json(StatusCode::OK, &Shown::one(app.close_manifest(&caller, manifest_id(&id)?, not_taken).await?)))
}

/// `GET /v1/manifests/{id}/document`: the paper, a PDF.
pub(super) async fn document(State(app): State<App>, Authed { caller, .. }: Authed, Segment(id): Segment) -> Answer {
    let (document, bytes) = app.manifest_paper(&caller, manifest_id(&id)?).await?;
    Ok(file(&document, bytes))
}
