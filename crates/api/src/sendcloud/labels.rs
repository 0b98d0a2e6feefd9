//! Shipping an order: labels at once or soon.

use app::orders::OrderRef;
use app::shipments::{BoxWish, ShipWish};
use app::{App, Caller};
use axum::extract::State;
use domain::Error;
use domain::channel::ChannelNumber;
use domain::error::Problem;
use domain::measure::Quantity;
use domain::order::{Order, ServiceWish};
use domain::shipment::Shipment;
use domain::tenant::Scope;
use futures::future::join_all;
use http::StatusCode;

use super::error::{ErrorBody, Errors};
use super::order::{Data, order_id, order_number};
use super::ship::{
    self, DocumentLink, LabelFile, LabelWish, LabelsAnswer, ShipHead, ShipOrder, ShippedOrder, ShippedWithLabel,
};
use super::{Answer, Authed, Body};
use crate::dialect::{json, log_if_ours};

/// The integration a request names must be one of the caller's.
fn check_integration(caller: &Caller, head: &ShipHead) -> Result<(), Errors> {
    match caller.setup.channel(ChannelNumber(head.integration)) {
        Some(_) => Ok(()),
        None => Err(Errors::no_integration_to_ship(head.integration)),
    }
}

fn reference(head: &ShipHead, order: &ShipOrder) -> OrderRef {
    let channel = Some(ChannelNumber(head.integration));
    match (&order.order_id, &order.order_number) {
        (Some(id), _) => OrderRef::External(channel, id.clone()),
        (None, number) => OrderRef::Number(channel, number.clone().unwrap_or_default()),
    }
}

fn wish(head: &ShipHead, order: &ShipOrder, label: LabelWish) -> ShipWish {
    let parcel = |parcel: &ship::ShipParcel| BoxWish {
        weight: parcel.weight.and_then(Quantity::to_weight),
        dimensions: parcel.dimensions.and_then(domain::measure::SentDimensions::to_dimensions),
        contents: parcel.items.iter().map(|item| (item.item_id.clone(), item.quantity)).collect(),
    };
    ShipWish {
        location: head.sender_address.map(|id| id.to_string()),
        service: head.service.clone(),
        parcels: order.parcels.iter().map(parcel).collect(),
        label_format: label.format(),
        rule: None,
        passes_over_rules: !order.apply_shipping_rules,
        further_because: None,
        turns_on_silence: false,
        replaces: None,
        wraps_lines: false,
        by: None,
    }
}

fn shipped<'a>(order: &Order, shipment: &Shipment, service: Option<&'a ServiceWish>) -> ShippedOrder<'a> {
    let parcels: Vec<_> = shipment.parcels.iter().map(|parcel| parcel.id.number()).collect();
    ShippedOrder {
        parcel_id: parcels.first().copied().unwrap_or_default(),
        parcels_ids: parcels,
        shipment_id: shipment.id.number().to_string(),
        order_id: order_id(order),
        order_number: order_number(order),
        ship_with: service.map(ship::service),
    }
}

/// Why an order cannot be shipped, one body a reason.
fn reasons(index: usize, error: Error) -> Vec<ErrorBody> {
    log_if_ours(&error);
    match error {
        Error::Invalid(problems) => problems.iter().map(|problem| reason(index, problem)).collect(),
        Error::NotFound(_) => {
            vec![ErrorBody::order_cannot_ship(index, "The order could not be found with the search criteria given")]
        }
        error => {
            let errors: Errors = error.into();
            errors.errors.into_iter().map(|body| ErrorBody::order_cannot_ship(index, body.detail)).collect()
        }
    }
}

fn reason(index: usize, problem: &Problem) -> ErrorBody {
    match problem.path.as_str() {
        "location" => ErrorBody::no_sender_address(),
        "shipping_address" => ErrorBody::order_cannot_ship(index, "The order has no valid shipping address."),
        _ => ErrorBody::order_cannot_ship(index, problem.message.clone()),
    }
}

/// `POST /orders/create-labels-async`.
pub(super) async fn create_soon(
    State(app): State<App>,
    Authed { caller, .. }: Authed,
    Body { body, .. }: Body,
) -> Answer {
    let asked = ship::create_labels_async(&body)?;
    check_integration(&caller, &asked.head)?;
    let begun = asked.orders.iter().map(|order| async {
        let found = app.find_order(&caller, &reference(&asked.head, order)).await?;
        let shipment = app.ship_soon(&caller, found.id, &wish(&asked.head, order, LabelWish::default())).await?;
        Ok((found, shipment))
    });
    let mut answer = LabelsAnswer::default();
    for (index, result) in join_all(begun).await.into_iter().enumerate() {
        match result {
            Ok((order, shipment)) => answer.data.push(shipped(&order, &shipment, asked.head.service.as_ref())),
            Err(Error::Denied(scope)) => return Err(Error::Denied(scope).into()),
            Err(error) => answer.errors.extend(reasons(index, error)),
        }
    }
    answer.errors.dedup();
    Ok(json(StatusCode::ACCEPTED, &answer))
}

/// `POST /orders/create-label-sync`.
pub(super) async fn create_now(
    State(app): State<App>,
    Authed { caller, .. }: Authed,
    Body { body, .. }: Body,
) -> Answer {
    let asked = ship::create_label_sync(&body)?;
    check_integration(&caller, &asked.head)?;
    // The answer holds the label, so nothing is bought for a key that may not see it.
    caller.require(Scope::Print)?;
    let order = app.find_order(&caller, &reference(&asked.head, &asked.order)).await?;
    let shipment = app.ship(&caller, order.id, &wish(&asked.head, &asked.order, asked.label)).await.map_err(refused)?;
    let data = with_label(&app, &caller, &order, &shipment, &asked).await?;
    Ok(json(StatusCode::CREATED, &Data { data }))
}

fn refused(error: Error) -> Errors {
    match error {
        Error::Invalid(problems) => {
            let errors = problems.iter().map(|problem| reason(0, problem)).collect();
            Errors { status: 400, retry_after: None, errors }
        }
        error => error.into(),
    }
}

async fn with_label<'a>(
    app: &App,
    caller: &Caller,
    order: &Order,
    shipment: &Shipment,
    asked: &'a ship::ShipOneOrder,
) -> Result<ShippedWithLabel<'a>, Errors> {
    let Some(first) = shipment.parcels.first() else { return Err(Error::NotFound("parcel").into()) };
    let format = asked.label.format();
    let mut documents = Vec::with_capacity(shipment.parcels.len());
    let mut file = None;
    for parcel in &shipment.parcels {
        let (document, bytes) = app.label(caller, parcel.id, format).await?;
        documents.push(DocumentLink::label(app.document_link(caller.tenant(), document.id)));
        file.get_or_insert_with(|| LabelFile::new(&bytes, format));
    }
    let file = file.ok_or(Error::NotFound("label"))?;
    Ok(ShippedWithLabel {
        order: shipped(order, shipment, asked.head.service.as_ref()),
        tracking_number: first.tracking_number.clone().unwrap_or_default(),
        tracking_url: app.tracking_url(&first.tracking_token),
        label: file.clone(),
        label_details: file,
        documents,
    })
}
