//! An order's shipping address: how it stands, looked at, overruled, taken apart.

use app::App;
use app::addresses::{KnownAddress, SplitWish};
use axum::extract::State;
use domain::address::check::{CheckedBy, FieldReason, Overruling};
use domain::address::{Address, AddressStatus, ChosenSplit};
use http::StatusCode;
use serde::Serialize;

use super::orders::{order_id, read};
use super::{Answer, Authed, Body};
use crate::dialect::{Segment, json};
use crate::json::fields::text;

/// One way to read a street line.
#[derive(Serialize)]
struct VersionView<'a> {
    street: Option<&'a str>,
    house_number: Option<&'a str>,
    unit: Option<&'a str>,
}

/// How the street line can be read.
#[derive(Serialize)]
struct SplitView<'a> {
    is_sure: bool,
    versions: Vec<VersionView<'a>>,
    /// What a person chose.
    #[serde(skip_serializing_if = "Option::is_none")]
    chosen: Option<VersionView<'a>>,
}

/// An address and everything known about it.
#[derive(Serialize)]
struct AddressView<'a> {
    order: String,
    status: AddressStatus,
    address: &'a Address,
    #[serde(skip_serializing_if = "Option::is_none")]
    checked_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    checked_by: Option<CheckedBy>,
    #[serde(skip_serializing_if = "Option::is_none")]
    proposal: Option<&'a Address>,
    #[serde(skip_serializing_if = "<[FieldReason]>::is_empty")]
    reasons: &'a [FieldReason],
    #[serde(skip_serializing_if = "Option::is_none")]
    latitude: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    longitude: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    overruled: Option<&'a Overruling>,
    split: SplitView<'a>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    warnings: &'a [String],
}

fn shown(parts: &[Option<String>; 3]) -> VersionView<'_> {
    let [street, house_number, unit] = parts;
    VersionView { street: street.as_deref(), house_number: house_number.as_deref(), unit: unit.as_deref() }
}

fn chosen(split: &ChosenSplit) -> VersionView<'_> {
    let (house_number, unit) = (split.house_number.as_deref(), split.unit.as_deref());
    VersionView { street: Some(&split.street), house_number, unit }
}

fn view(known: &KnownAddress) -> AddressView<'_> {
    let finding = known.check.finding.as_ref();
    AddressView {
        order: known.order.id.to_string(),
        status: known.check.status(),
        address: &known.check.address,
        checked_at: finding.map(|_| known.check.at.to_string()),
        checked_by: finding.map(|finding| finding.by),
        proposal: finding.and_then(|finding| finding.proposal.as_ref()),
        reasons: finding.map_or(&[], |finding| &finding.reasons),
        latitude: finding.and_then(|finding| finding.latitude.as_deref()),
        longitude: finding.and_then(|finding| finding.longitude.as_deref()),
        overruled: known.check.overruled.as_ref(),
        split: SplitView {
            is_sure: known.readings.len() == 1,
            versions: known.readings.iter().map(shown).collect(),
            chosen: known.check.split.as_ref().map(chosen),
        },
        warnings: &known.warnings,
    }
}

/// `GET /v1/orders/{id}/address`.
pub(super) async fn show(State(app): State<App>, Authed { caller, .. }: Authed, Segment(id): Segment) -> Answer {
    let known = app.known_address(&caller, order_id(&id)?).await?;
    Ok(json(StatusCode::OK, &view(&known)))
}

/// `POST /v1/orders/{id}/address/check`: looks at it now, in the tenant's way.
pub(super) async fn check(State(app): State<App>, Authed { caller, .. }: Authed, Segment(id): Segment) -> Answer {
    let known = app.check_address(&caller, order_id(&id)?).await?;
    Ok(json(StatusCode::OK, &view(&known)))
}

/// `POST /v1/orders/{id}/address/overrule`: it is right although its check failed, and why.
pub(super) async fn overrule(
    State(app): State<App>,
    Authed { caller, .. }: Authed,
    Segment(id): Segment,
    Body { body, .. }: Body,
) -> Answer {
    let reason = read(&body, |fields| {
        fields.only(&["reason"]);
        fields.required("reason", text(1, 500))
    })?;
    let known = app.overrule_address(&caller, order_id(&id)?, reason).await?;
    Ok(json(StatusCode::OK, &view(&known)))
}

/// `POST /v1/orders/{id}/address/split`: how the street line is to be read.
pub(super) async fn split(
    State(app): State<App>,
    Authed { caller, .. }: Authed,
    Segment(id): Segment,
    Body { body, .. }: Body,
) -> Answer {
    let wish = read(&body, |fields| {
        fields.only(&["street", "house_number", "unit"]);
        SplitWish {
            street: fields.required("street", text(1, 1_000)),
            house_number: fields.optional("house_number", text(1, 100)),
            unit: fields.optional("unit", text(1, 1_000)),
        }
    })?;
    let known = app.split_address(&caller, order_id(&id)?, wish).await?;
    Ok(json(StatusCode::OK, &view(&known)))
}
