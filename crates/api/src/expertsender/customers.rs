//! Customers, and what the vendor's plugins ask for before they send any.

use app::App;
use axum::extract::State;
use domain::Error;
use domain::customer::{AttributeOf, CustomerKey};
use domain::ids::CustomerId;
use domain::tenant::Scope;
use http::StatusCode;

use super::error::Refusal;
use super::{Answer, Authed, Body, answer, decode, encode};
use crate::dialect::Segment;
use crate::json::Json;

/// `POST /customers`.
pub(super) async fn put(State(app): State<App>, Authed { caller, .. }: Authed, Body { body, .. }: Body) -> Answer {
    let said = decode::customers(&body, &caller.setup)?;
    let put = app.put_customers(&caller, said.matching, said.presence, said.customers).await;
    put.map_err(Refusal::of_batch)?;
    Ok(answer(StatusCode::CREATED, Json::Null))
}

async fn by(app: App, caller: app::Caller, kind: CustomerKey, key: &str) -> Answer {
    let customer = app.customer_by(&caller, kind, key).await?;
    Ok(answer(StatusCode::OK, encode::customer(&customer)))
}

/// `GET /customers/email/{id}`.
pub(super) async fn by_email(State(app): State<App>, Authed { caller, .. }: Authed, Segment(id): Segment) -> Answer {
    by(app, caller, CustomerKey::Email, &id).await
}

/// `GET /customers/phone/{id}`.
pub(super) async fn by_phone(State(app): State<App>, Authed { caller, .. }: Authed, Segment(id): Segment) -> Answer {
    by(app, caller, CustomerKey::Phone, &id).await
}

/// `GET /customers/crmId/{id}`.
pub(super) async fn by_crm_id(State(app): State<App>, Authed { caller, .. }: Authed, Segment(id): Segment) -> Answer {
    by(app, caller, CustomerKey::CrmId, &id).await
}

/// `GET /customers/id/{id}`.
pub(super) async fn by_id(State(app): State<App>, Authed { caller, .. }: Authed, Segment(id): Segment) -> Answer {
    let id = CustomerId::from_decimal(&id).ok_or(Error::NotFound("customer"))?;
    Ok(answer(StatusCode::OK, encode::customer(&app.customer(&caller, id).await?)))
}

/// `GET /customerconsents`.
pub(super) async fn consents(Authed { caller, .. }: Authed) -> Answer {
    caller.require(Scope::Read)?;
    Ok(answer(StatusCode::OK, encode::consents(&caller.setup.tenant.customers.consents)))
}

fn attributes(caller: &app::Caller, of: AttributeOf) -> Answer {
    caller.require(Scope::Read)?;
    Ok(answer(StatusCode::OK, encode::known_attributes(&caller.setup.tenant.customers.attributes, of)))
}

/// `GET /customerattributes`.
pub(super) async fn customer_attributes(Authed { caller, .. }: Authed) -> Answer {
    attributes(&caller, AttributeOf::Customer)
}

/// `GET /productattributes`.
pub(super) async fn product_attributes(Authed { caller, .. }: Authed) -> Answer {
    attributes(&caller, AttributeOf::Product)
}

/// `GET /orderattributes`.
pub(super) async fn order_attributes(Authed { caller, .. }: Authed) -> Answer {
    attributes(&caller, AttributeOf::Order)
}
