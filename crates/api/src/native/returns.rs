//! Returns: what a customer sends back, in one action.

use app::App;
use app::shipments::returns::ReturnWish;
use axum::extract::State;
use domain::order::ServiceWish;
use http::StatusCode;

use super::orders::{order_id, read};
use super::shipments::{List, ShipmentView, label_format, parcel};
use super::{Answer, Authed, Body};
use crate::dialect::{Segment, json};
use crate::json::fields::{Fields, Node, boolean, integer, text};

fn item(node: Node<'_>) -> Option<(String, u64)> {
    let fields = node.fields()?;
    fields.only(&["item", "quantity"]);
    let (item, quantity) = (fields.needed("item", text(1, 255)), fields.needed("quantity", integer(1, 1_000_000)));
    Some((item?, u64::try_from(quantity?).ok()?))
}

fn wish(fields: &Fields<'_>) -> ReturnWish {
    fields.only(&["items", "reason", "location", "service", "parcels", "label_format", "wrap_lines"]);
    let code = fields.optional("service", text(1, 200));
    ReturnWish {
        items: fields.optional("items", |node| node.list(1_000, item)).unwrap_or_default(),
        reason: fields.optional("reason", text(1, 500)),
        location: fields.optional("location", text(1, 200)),
        service: code.map(|code| ServiceWish { code: Some(code), contract: None }),
        parcels: fields.optional("parcels", |node| node.list(50, parcel)).unwrap_or_default(),
        label_format: fields.optional("label_format", label_format).unwrap_or_default(),
        wraps_lines: fields.optional("wrap_lines", boolean).unwrap_or(false),
    }
}

/// `POST /v1/orders/{id}/returns`: has the customer send the order, or some of its lines, back.
pub(super) async fn create(
    State(app): State<App>,
    Authed { caller, .. }: Authed,
    Segment(id): Segment,
    Body { body, .. }: Body,
) -> Answer {
    let wish = if body.is_empty() { ReturnWish::default() } else { read(&body, wish)? };
    let shipment = app.request_return(&caller, order_id(&id)?, &wish).await?;
    Ok(json(StatusCode::CREATED, &ShipmentView::of(&app, &shipment)))
}

/// `GET /v1/orders/{id}/returns`.
pub(super) async fn of_order(State(app): State<App>, Authed { caller, .. }: Authed, Segment(id): Segment) -> Answer {
    let order = app.order(&caller, order_id(&id)?).await?;
    let shipments = app.returns_of_order(&caller, order.id).await?;
    let data: Vec<_> = shipments.iter().map(|shipment| ShipmentView::of(&app, shipment)).collect();
    Ok(json(StatusCode::OK, &List { data }))
}
