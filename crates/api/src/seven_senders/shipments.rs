//! Shipments: those that a shop made elsewhere and tells of, and those that were bought here.

use app::App;
use app::shipments::elsewhere::{Corrected, Recorded};
use app::story::Story;
use axum::extract::{RawQuery, State};
use axum::response::IntoResponse;
use domain::channel::Dialect;
use domain::ids::ParcelId;
use domain::order::RawJson;
use domain::parcel::Parcel;
use domain::shipment::Shipment;
use domain::tenant::Scope;
use http::{HeaderMap, StatusCode};

use super::encode::{View, live, order_id};
use super::error::Refusal;
use super::generation::Generation;
use super::kept;
use super::list::ShipmentQuery;
use super::orders::{asked, called, created, to_change};
use super::{Answer, Authed, Body, decode, form};
use crate::dialect::{Segment, json};
use crate::json::Json;

fn view<'a>(app: &'a App, caller: &'a app::Caller, generation: Generation) -> View<'a> {
    View { setup: &caller.setup, public_url: &app.options().public_url, generation }
}

/// A parcel and its shipment in the story of its order.
fn place(story: &Story, id: ParcelId) -> Result<(&Shipment, &Parcel), Refusal> {
    let mut all = story.shipments.iter().flat_map(|one| one.parcels.iter().map(move |parcel| (one, parcel)));
    all.find(|(_, parcel)| parcel.id == id).ok_or_else(|| Refusal::not_found("shipment"))
}

fn parcel_id(text: &str) -> Result<ParcelId, Refusal> {
    ParcelId::from_decimal(text).ok_or_else(|| Refusal::not_found("shipment"))
}

/// `GET /shipments`.
pub(super) async fn list(
    State(app): State<App>,
    generation: Generation,
    Authed { caller, .. }: Authed,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    Body { body, .. }: Body,
) -> Answer {
    caller.require(Scope::Read)?;
    let asked = ShipmentQuery::read(&asked(query.as_deref(), &headers, &body)?, generation)?;
    let view = view(&app, &caller, generation);
    let shown = |story: &Story| -> Vec<Json<'static>> {
        let is_meant = |(_, parcel): &(&Shipment, &Parcel)| {
            let number = parcel.tracking_number.as_ref();
            asked.id.is_none_or(|id| id == Some(parcel.id))
                && asked.tracking_code.as_ref().is_none_or(|code| number == Some(code))
                && asked.order_id.as_ref().is_none_or(|id| order_id(story) == *id)
        };
        live(story).filter(is_meant).map(|(shipment, parcel)| view.shipment(story, shipment, parcel)).collect()
    };
    let all: Vec<_> = if let Some(id) = asked.id {
        match id {
            None => Vec::new(),
            Some(id) => match app.story_of_parcel(&caller, id).await {
                Ok(story) => shown(&story),
                Err(domain::Error::NotFound(_)) => Vec::new(),
                Err(error) => return Err(error.into()),
            },
        }
    } else if let Some(order_id) = &asked.order_id {
        match called(&app, &caller, order_id).await? {
            None => Vec::new(),
            Some(order) => shown(&app.story(&caller, order).await?),
        }
    } else {
        let found = app.list_parcels(&caller, asked.tracking_code.clone(), asked.skip, asked.limit).await?;
        let one = |(id, story): &(ParcelId, Story)| {
            let (shipment, parcel) = place(story, *id).ok()?;
            Some(view.shipment(story, shipment, parcel))
        };
        return Ok(json(StatusCode::OK, &Json::List(found.iter().filter_map(one).collect())));
    };
    let part = all.into_iter().skip(asked.skip).take(asked.limit).collect();
    Ok(json(StatusCode::OK, &Json::List(part)))
}

/// `POST /shipments`: a shipment that was made elsewhere; nothing is bought. The same one again is answered as it stands.
pub(super) async fn create(
    State(app): State<App>,
    generation: Generation,
    Authed { caller, .. }: Authed,
    headers: HeaderMap,
    Body { body, .. }: Body,
) -> Answer {
    caller.require(Scope::Write)?;
    let change = decode::shipment(&form::body(&headers, &body)?, generation, true)?;
    let called = change.order_id.clone().unwrap_or_default();
    let order = to_change(&app, &caller, &called, generation).await?;
    let recorded = Recorded {
        carrier: change.carrier().unwrap_or_default(),
        tracking_numbers: change.word("tracking_code").into_iter().collect(),
        brought_by: None,
        reference: change.word("reference_number"),
        weight: change.weight(),
        recipient: Some(change.recipient()),
        extra: change.kept.to_raw().map(|raw| (Dialect::SevenSenders, raw)).into_iter().collect(),
    };
    let shipment = app.record_shipment(&caller, order.id, recorded).await?;
    let id = shipment.parcels.first().map(|parcel| parcel.id).ok_or_else(|| Refusal::not_found("shipment"))?;
    let story = app.retold(&caller, order.id).await?;
    let (shipment, parcel) = place(&story, id)?;
    let shown = view(&app, &caller, generation).shipment(&story, shipment, parcel);
    Ok(created(StatusCode::CREATED, "shipments", id.number(), shown))
}

/// `GET /shipments/{id}`.
pub(super) async fn show(
    State(app): State<App>,
    generation: Generation,
    Authed { caller, .. }: Authed,
    Segment(id): Segment,
) -> Answer {
    caller.require(Scope::Read)?;
    let id = parcel_id(&id)?;
    let story = app.story_of_parcel(&caller, id).await?;
    let (shipment, parcel) = place(&story, id)?;
    Ok(json(StatusCode::OK, &view(&app, &caller, generation).shipment(&story, shipment, parcel)))
}

/// `PUT /shipments/{id}`: what is left out stays as it is, and so do the order and, of one that was bought here, what its
/// carrier says.
pub(super) async fn change(
    State(app): State<App>,
    generation: Generation,
    Authed { caller, .. }: Authed,
    Segment(id): Segment,
    headers: HeaderMap,
    Body { body, .. }: Body,
) -> Answer {
    caller.require(Scope::Write)?;
    let id = parcel_id(&id)?;
    let change = decode::shipment(&form::body(&headers, &body)?, generation, false)?;
    let edit = move |shipment: &Shipment| -> Result<Corrected, Refusal> {
        let parcel = shipment.parcels.iter().find(|parcel| parcel.id == id);
        let number = parcel.and_then(|parcel| parcel.tracking_number.clone());
        let wanted = change.word("tracking_code");
        if !shipment.is_from_elsewhere() && wanted.is_some() && wanted != number {
            let found = wanted.unwrap_or_default();
            let text = format!("The shipment was bought here: its carrier gave the number (found {found:?})");
            return Err(Refusal::of_field("tracking_code", text));
        }
        let mut kept = kept::of_shipment(&shipment.details);
        kept.merge(change.kept.clone());
        let raw = kept.to_raw().or_else(|| RawJson::new("{}".to_owned()));
        let raw = raw.ok_or_else(|| Refusal::malformed("it cannot be kept"))?;
        Ok(Corrected {
            tracking_number: wanted,
            reference: change.word("reference_number"),
            carrier: change.carrier(),
            extra: (Dialect::SevenSenders, raw),
        })
    };
    app.correct_shipment(&caller, id, edit).await??;
    let story = app.retold_of_parcel(&caller, id).await?;
    let (shipment, parcel) = place(&story, id)?;
    Ok(json(StatusCode::OK, &view(&app, &caller, generation).shipment(&story, shipment, parcel)))
}

/// `DELETE /shipments/{id}`: cancels it, at its carrier first when it was bought here.
pub(super) async fn delete(State(app): State<App>, Authed { caller, .. }: Authed, Segment(id): Segment) -> Answer {
    caller.require(Scope::Void)?;
    app.cancel_by_parcel(&caller, parcel_id(&id)?).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
