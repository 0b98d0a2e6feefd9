//! Orders: sent in batches, shown, their status set, deleted.

use app::orders::OrderRef;
use app::{App, Caller};
use axum::extract::State;
use domain::Error;
use domain::channel::ChannelNumber;
use domain::order::Order;
use http::StatusCode;

use super::error::Refusal;
use super::order::CANCELED;
use super::{Answer, Authed, Body, answer, decode, encode};
use crate::dialect::{Parameters, Segment};
use crate::json::Json;

/// `POST /orders`.
pub(super) async fn create(State(app): State<App>, Authed { caller, .. }: Authed, Body { body, .. }: Body) -> Answer {
    let batch = decode::orders(&body, &caller.setup)?;
    app.lay_orders(&caller, batch).await.map_err(Refusal::of_batch)?;
    Ok(answer(StatusCode::CREATED, Json::Null))
}

/// Names an order: by the shop's id, in a website if one is named, else among the orders without one first.
fn named(id: &str, website: Option<i32>) -> OrderRef {
    let channel =
        website.map_or_else(|| domain::channel::Dialect::Expertsender.default_channel(), ChannelNumber::of_website);
    OrderRef::External(Some(channel), id.to_owned())
}

/// What a path names. The vendor's page writes an id in braces, which are taken off.
fn in_path(id: &str, parameters: &Parameters) -> OrderRef {
    let inner = id.strip_prefix('{').and_then(|id| id.strip_suffix('}'));
    named(inner.unwrap_or(id), parameters.value("websiteId").and_then(|website| website.parse().ok()))
}

/// An order as it is shown, with its customer.
async fn shown(app: &App, caller: &Caller, order: &Order) -> Result<Json<'static>, Error> {
    let customer = app.known_customer(caller, &encode::customer_of(order)).await?;
    let shipments = app.shipments_of_order(caller, order.id).await?;
    Ok(encode::order(order, customer.as_ref(), &shipments))
}

/// `GET /orders/{id}`.
pub(super) async fn show(
    State(app): State<App>,
    Authed { caller, .. }: Authed,
    Segment(id): Segment,
    parameters: Parameters,
) -> Answer {
    let order = app.find_order(&caller, &in_path(&id, &parameters)).await?;
    Ok(answer(StatusCode::OK, shown(&app, &caller, &order).await?))
}

/// `PUT /orders/status`.
pub(super) async fn set_status(
    State(app): State<App>,
    Authed { caller, .. }: Authed,
    Body { body, .. }: Body,
) -> Answer {
    let change = decode::status_change(&body)?;
    let cancels = change.status.code == CANCELED;
    let set = app.set_shop_status(&caller, &named(&change.id, change.website), change.status, cancels).await;
    set.map_err(|error| match error {
        Error::NotFound(_) => Refusal::no_order_to_change(&change.id),
        error => error.into(),
    })?;
    Ok(answer(StatusCode::OK, Json::Null))
}

/// `DELETE /orders/{id}`.
pub(super) async fn delete(
    State(app): State<App>,
    Authed { caller, .. }: Authed,
    Segment(id): Segment,
    parameters: Parameters,
) -> Answer {
    let order = app.delete_named(&caller, &in_path(&id, &parameters)).await?;
    let customer = app.known_customer(&caller, &encode::customer_of(&order)).await?;
    Ok(answer(StatusCode::OK, encode::order(&order, customer.as_ref(), &[])))
}
