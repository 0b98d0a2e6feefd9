//! Orders in canonical words.

use std::collections::BTreeMap;

use app::orders::{OrderDraft, OrderFilter, OrderPage, OrderSort, SortValue};
use app::{App, Caller};
use axum::extract::State;
use axum::response::IntoResponse as _;
use domain::address::Address;
use domain::channel::{ChannelNumber, Dialect};
use domain::ids::OrderId;
use domain::measure::{Measurement, Quantity, WeightUnit};
use domain::money::Money;
use domain::order::{DeliveryWish, LineItem, Order, OrderDetails, OrderStatus, Payment, ServiceWish, ShopStatus};
use domain::{Error, Problem};
use http::StatusCode;
use serde::Serialize;

use super::error::Problems;
use super::page::{AN_INSTANT, Paging, filter, word};
use super::tag::{self, MustHaveSeen, Seen};
use super::{Answer, Authed, Body};
use crate::dialect::{Parameters, Segment, json as answer};
use crate::json;
use crate::json::fields::{
    Fields, Flaw, Leniency, Node, Notes, Step, boolean, currency, decimal, integer, positive, text, time, wording,
};

/// The longest text of a field.
const LONGEST: usize = 10_000;
/// The most entries of a list.
const MOST: usize = 1_000;

/// The fields of an address.
pub(super) const ADDRESS: [&str; 12] = [
    "name",
    "company",
    "street1",
    "house_number",
    "street2",
    "po_box",
    "postal_code",
    "city",
    "state",
    "country",
    "phone",
    "email",
];

/// The fields of a line item.
pub(super) const ITEM: [&str; 11] = [
    "id",
    "sku",
    "name",
    "description",
    "quantity",
    "unit_price",
    "total_price",
    "weight_kg",
    "parcels",
    "hs_code",
    "origin_country",
];

/// An order as the native API shows it.
#[derive(Serialize)]
struct OrderView {
    id: String,
    channel: i64,
    version: u64,
    created_at: String,
    modified_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    cancelled_at: Option<String>,
    /// How much of it is booked: `open`, `partly_shipped`, `shipped`, `delivered`.
    shipping: OrderStatus,
    /// What a person should know before it is shipped.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
    /// Without what belongs to another dialect.
    #[serde(flatten)]
    details: OrderDetails,
}

impl OrderView {
    fn of(order: &Order, shipping: OrderStatus, warnings: Vec<String>) -> Self {
        Self {
            id: order.id.to_string(),
            channel: order.channel.0,
            version: order.version,
            created_at: order.created_at.to_string(),
            modified_at: order.modified_at.to_string(),
            cancelled_at: order.cancelled_at.map(|at| at.to_string()),
            shipping,
            warnings,
            details: OrderDetails { extra: BTreeMap::new(), ..order.details.clone() },
        }
    }
}

/// A path as an RFC 6901 pointer without its first slash.
fn pointer(path: &[Step]) -> String {
    let step = |step: &Step| match step {
        Step::Key(name) => name.replace('~', "~0").replace('/', "~1"),
        Step::Index(index) => index.to_string(),
    };
    path.iter().map(step).collect::<Vec<_>>().join("/")
}

/// Every problem of a body, by field.
pub(super) fn problems_of(flaws: &[Flaw]) -> Vec<Problem> {
    flaws.iter().map(|flaw| Problem::new(pointer(&flaw.path), wording(&flaw.fault))).collect()
}

/// Reads a body that must be an object; every problem is reported, unknown fields too.
pub(super) fn read<T>(body: &[u8], decode: impl FnOnce(&Fields<'_>) -> T) -> Result<T, Problems> {
    let json = json::parse(body).map_err(|error| Problems::malformed(&error))?;
    let notes = Notes::new(Leniency::default());
    let decoded = notes.root(&json).fields().map(|fields| decode(&fields));
    let problems = problems_of(&notes.flaws());
    match decoded {
        Some(decoded) if problems.is_empty() => Ok(decoded),
        _ => Err(Problems::invalid(&problems)),
    }
}

fn money(node: Node<'_>) -> Option<Money> {
    let fields = node.fields()?;
    fields.only(&["amount", "currency"]);
    let (amount, currency) = (fields.needed("amount", decimal), fields.needed("currency", currency));
    Some(Money::new(amount?, currency?))
}

pub(super) fn address(node: Node<'_>) -> Option<Address> {
    let fields = node.fields()?;
    let words = |name| fields.optional(name, text(1, LONGEST));
    fields.only(&ADDRESS);
    Some(Address {
        name: words("name"),
        company: words("company"),
        street1: fields.needed("street1", text(1, LONGEST)),
        house_number: words("house_number"),
        street2: words("street2"),
        po_box: words("po_box"),
        postal_code: words("postal_code"),
        city: fields.needed("city", text(1, LONGEST)),
        state: words("state"),
        country: fields.needed("country", text(2, 2)),
        phone: words("phone"),
        email: words("email"),
    })
}

fn kilograms(fields: &Fields<'_>, name: &str) -> Option<Measurement> {
    let value = fields.optional(name, positive)?;
    let weight = Some(Quantity { value, unit: WeightUnit::Kg });
    Some(Measurement { weight, ..Measurement::default() })
}

fn item(node: Node<'_>) -> Option<LineItem> {
    let fields = node.fields()?;
    fields.only(&ITEM);
    let words = |name| fields.optional(name, text(1, LONGEST));
    Some(LineItem {
        id: words("id"),
        sku: words("sku"),
        name: fields.required("name", text(1, LONGEST)),
        description: words("description"),
        quantity: u64::try_from(fields.required("quantity", integer(1, 1_000_000_000))).unwrap_or_default(),
        unit_price: fields.optional("unit_price", money),
        total_price: fields.optional("total_price", money),
        measurement: kilograms(&fields, "weight_kg"),
        parcels: fields.optional("parcels", integer(1, 100)).and_then(|count| u32::try_from(count).ok()),
        hs_code: words("hs_code"),
        origin_country: fields.optional("origin_country", text(2, 2)),
        ..LineItem::default()
    })
}

pub(super) fn details(fields: &Fields<'_>) -> OrderDetails {
    fields.only(&[
        "external_id",
        "number",
        "status",
        "placed_at",
        "items",
        "notes",
        "language",
        "tags",
        "total",
        "cash_on_delivery",
        "shipping_address",
        "billing_address",
        "service",
        "weight_kg",
    ]);
    let words = |name, most| fields.optional(name, text(1, most));
    let code = words("service", 200);
    let measurement = kilograms(fields, "weight_kg");
    let wish = code.map(|code| ServiceWish { code: Some(code), contract: None });
    let has_wish = wish.is_some() || measurement.is_some();
    OrderDetails {
        external_id: words("external_id", 200),
        number: words("number", 255),
        shop_status: words("status", 200).map(|code| ShopStatus { code, message: None }),
        placed_at: fields.optional("placed_at", time),
        items: fields.required("items", |node| node.list(MOST, item)),
        notes: words("notes", LONGEST),
        language: words("language", 35),
        tags: fields.optional("tags", |node| node.list(MOST, text(1, 200))),
        payment: Payment {
            total: fields.optional("total", money),
            cash_on_delivery: fields.optional("cash_on_delivery", boolean),
            ..Payment::default()
        },
        shipping_address: fields.optional("shipping_address", address),
        billing_address: fields.optional("billing_address", address),
        delivery: has_wish.then(|| DeliveryWish { service: wish, measurement, ..DeliveryWish::default() }),
        ..OrderDetails::default()
    }
}

/// `POST /v1/orders`: creates an order, or replaces the one with the same `external_id`.
pub(super) async fn create(State(app): State<App>, Authed { caller, .. }: Authed, Body { body, .. }: Body) -> Answer {
    let details = read(&body, details)?;
    let draft = OrderDraft { id: None, channel: Dialect::Native.default_channel(), details };
    let placed = app.place_orders(&caller, vec![draft]).await?;
    let placed = placed.into_iter().next().ok_or_else(|| Error::internal("one draft, one answer"))?;
    let status = if placed.is_new { StatusCode::CREATED } else { StatusCode::OK };
    let order = app.placed_order(&caller, placed).await?;
    shown(&app, &caller, status, &order).await
}

/// An order with its tag.
async fn shown(app: &App, caller: &Caller, status: StatusCode, order: &Order) -> Answer {
    let (shipping, warnings) = (app.shipping_of(caller, order).await?, app.order_warnings(caller, order));
    Ok(tag::shown(answer(status, &OrderView::of(order, shipping, warnings)), &tag::of_version(order.version)))
}

/// The place behind an order in the list: when it was created, and its id.
fn place(text: &str) -> Option<(i64, OrderId)> {
    let (at, id) = text.split_once('.')?;
    Some((at.parse().ok()?, OrderId::from_decimal(id)?))
}

/// `GET /v1/orders?external_id=…&number=…&status=…&created_from=…&created_before=…`, latest first.
pub(super) async fn list(State(app): State<App>, Authed { caller, .. }: Authed, parameters: Parameters) -> Answer {
    let paging = Paging::read(&parameters, place)?;
    let channel: Option<i64> = filter(&parameters, "channel", "a channel's number")?;
    let wanted = OrderFilter {
        channels: channel.map(|number| vec![ChannelNumber(number)]),
        external_id: word(&parameters, "external_id")?,
        number: word(&parameters, "number")?,
        status: word(&parameters, "status")?,
        created_from: filter(&parameters, "created_from", AN_INSTANT)?,
        created_before: filter(&parameters, "created_before", AN_INSTANT)?,
        placed_from: filter(&parameters, "placed_from", AN_INSTANT)?,
        placed_before: filter(&parameters, "placed_before", AN_INSTANT)?,
        changed_from: filter(&parameters, "changed_from", AN_INSTANT)?,
        changed_before: filter(&parameters, "changed_before", AN_INSTANT)?,
        external_ids: None,
    };
    let page = OrderPage {
        sort: vec![(OrderSort::CreatedAt, true), (OrderSort::Id, true)],
        after: paging.after.map(|(at, id)| vec![SortValue::Int(at), SortValue::Int(id.number() as i64)]),
        backwards: false,
        skip: 0,
        limit: paging.wanted() - 1,
    };
    let found = app.list_orders(&caller, wanted, page).await?;
    let orders: Vec<_> = found.iter().map(|listed| &listed.order).collect();
    let shipping = app.shipping_of_each(&caller, &orders).await?;
    let found: Vec<_> = found.into_iter().map(|listed| listed.order).zip(shipping).collect();
    let behind =
        |(last, _): &(Order, OrderStatus)| format!("{}.{}", domain::time::to_micros(last.created_at), last.id.number());
    let view =
        |(order, shipping): (Order, OrderStatus)| OrderView::of(&order, shipping, app.order_warnings(&caller, &order));
    Ok(answer(StatusCode::OK, &paging.page(found, behind, view)))
}

/// `PUT /v1/orders/{id}`: says everything of it anew.
pub(super) async fn replace(
    State(app): State<App>,
    Authed { caller, .. }: Authed,
    Segment(id): Segment,
    MustHaveSeen(seen): MustHaveSeen,
    Body { body, .. }: Body,
) -> Answer {
    let wanted = read(&body, details)?;
    let change = move |order: &Order| -> Result<OrderDetails, Problems> {
        seen.holds(&tag::of_version(order.version))?;
        if wanted.external_id.is_some() && wanted.external_id != order.details.external_id {
            return Err(Error::invalid("external_id", "the order is known by it, so it stays as it is").into());
        }
        // What other dialects keep of it, and what this one cannot say, stays.
        Ok(replaced(&order.details, &wanted))
    };
    let order = app.edit_order(&caller, order_id(&id)?, change).await??;
    shown(&app, &caller, StatusCode::OK, &order).await
}

/// What an order says after a replacement: every field of this interface is as sent, the others are as they were.
fn replaced(stored: &OrderDetails, wanted: &OrderDetails) -> OrderDetails {
    let payment = Payment {
        total: wanted.payment.total,
        cash_on_delivery: wanted.payment.cash_on_delivery,
        ..stored.payment.clone()
    };
    let delivery = match (&stored.delivery, &wanted.delivery) {
        (stored, None) => stored.clone().map(|stored| DeliveryWish { service: None, measurement: None, ..stored }),
        (None, Some(wanted)) => Some(wanted.clone()),
        (Some(stored), Some(wanted)) => {
            Some(DeliveryWish { service: wanted.service.clone(), measurement: wanted.measurement, ..stored.clone() })
        }
    };
    OrderDetails {
        number: wanted.number.clone(),
        shop_status: wanted.shop_status.clone(),
        placed_at: wanted.placed_at,
        items: wanted.items.clone(),
        notes: wanted.notes.clone(),
        tags: wanted.tags.clone(),
        payment,
        shipping_address: wanted.shipping_address.clone(),
        billing_address: wanted.billing_address.clone(),
        delivery,
        ..stored.clone()
    }
}

/// `DELETE /v1/orders/{id}`: cancels what is being shipped of it, then forgets it.
pub(super) async fn delete(
    State(app): State<App>,
    Authed { caller, .. }: Authed,
    Segment(id): Segment,
    seen: Seen,
) -> Answer {
    let id = order_id(&id)?;
    let may = move |order: &domain::order::Order| seen.holds(&tag::of_version(order.version));
    Box::pin(app.delete_order_if(&caller, id, may)).await??;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// `POST /v1/orders/{id}/cancel`: nothing ships it any more, and what is booked is voided.
pub(super) async fn cancel(State(app): State<App>, Authed { caller, .. }: Authed, Segment(id): Segment) -> Answer {
    let id = order_id(&id)?;
    Box::pin(app.cancel_order(&caller, id, |_| Ok(()))).await?;
    let order = app.retold(&caller, id).await?.order;
    shown(&app, &caller, StatusCode::OK, &order).await
}

pub(super) fn order_id(text: &str) -> Result<OrderId, Error> {
    OrderId::from_native(text).ok_or(Error::NotFound("order"))
}

/// `GET /v1/orders/{id}`.
pub(super) async fn show(State(app): State<App>, Authed { caller, .. }: Authed, Segment(id): Segment) -> Answer {
    let order = app.order(&caller, order_id(&id)?).await?;
    shown(&app, &caller, StatusCode::OK, &order).await
}
