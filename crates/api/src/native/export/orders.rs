//! Orders as an import reads them: the body of `POST /v1/orders`, and a row a line item.

use domain::address::Address;
use domain::measure::{Measurement, WeightUnit};
use domain::money::{Currency, Money};
use domain::order::{LineItem, Order};
use serde_json::{Map, Value, json};

use super::guarded;
use crate::native::import::column_names;
use crate::native::orders::ADDRESS;

/// Members that are there.
fn object<const N: usize>(members: [(&str, Value); N]) -> Value {
    let there = members.into_iter().filter(|(_, value)| !value.is_null());
    Value::Object(there.map(|(name, value)| (name.to_owned(), value)).collect::<Map<_, _>>())
}

fn kilograms(measurement: Option<&Measurement>) -> Value {
    let Some(sent) = measurement.and_then(|measurement| measurement.weight) else { return Value::Null };
    if sent.unit == WeightUnit::Kg {
        return json!(sent.value.to_string());
    }
    json!(sent.to_weight().map(|weight| weight.kilograms().to_string()))
}

fn money(money: Option<Money>) -> Value {
    money
        .map_or(Value::Null, |money| json!({ "amount": money.amount.to_string(), "currency": money.currency.as_str() }))
}

fn field<'a>(address: &'a Address, name: &str) -> Option<&'a str> {
    let value = match name {
        "name" => &address.name,
        "company" => &address.company,
        "street1" => &address.street1,
        "house_number" => &address.house_number,
        "street2" => &address.street2,
        "po_box" => &address.po_box,
        "postal_code" => &address.postal_code,
        "city" => &address.city,
        "state" => &address.state,
        "country" => &address.country,
        "phone" => &address.phone,
        "email" => &address.email,
        _ => return None,
    };
    value.as_deref()
}

fn address(address: Option<&Address>) -> Value {
    let Some(address) = address else { return Value::Null };
    let there = ADDRESS.into_iter().filter_map(|name| Some((name.to_owned(), json!(field(address, name)?))));
    Value::Object(there.collect::<Map<_, _>>())
}

fn item(item: &LineItem) -> Value {
    object([
        ("id", json!(item.id)),
        ("sku", json!(item.sku)),
        ("name", json!(item.name)),
        ("description", json!(item.description)),
        ("quantity", json!(item.quantity)),
        ("unit_price", money(item.unit_price)),
        ("total_price", money(item.total_price)),
        ("weight_kg", kilograms(item.measurement.as_ref())),
        ("hs_code", json!(item.hs_code)),
        ("origin_country", json!(item.origin_country)),
    ])
}

/// What an order is called: by the shop, else by us.
fn external_id(order: &Order) -> String {
    order.details.external_id.clone().unwrap_or_else(|| order.id.to_string())
}

/// The order as `POST /v1/orders` takes it.
pub(super) fn body(order: &Order) -> Value {
    let details = &order.details;
    let delivery = details.delivery.as_ref();
    let service = delivery.and_then(|wish| wish.service.as_ref()?.code.clone());
    object([
        ("external_id", json!(external_id(order))),
        ("number", json!(details.number)),
        ("status", json!(details.shop_status.as_ref().map(|status| &status.code))),
        ("placed_at", json!(details.placed_at.map(|at| at.to_string()))),
        ("items", details.items.iter().map(item).collect()),
        ("notes", json!(details.notes)),
        ("tags", json!(details.tags)),
        ("total", money(details.payment.total)),
        ("cash_on_delivery", json!(details.payment.cash_on_delivery)),
        ("shipping_address", address(details.shipping_address.as_ref())),
        ("billing_address", address(details.billing_address.as_ref())),
        ("service", json!(service)),
        ("weight_kg", kilograms(delivery.and_then(|wish| wish.measurement.as_ref()))),
    ])
}

/// The currency of every amount in the rows: the order's, else that of its first price.
fn currency(order: &Order) -> Option<Currency> {
    let details = &order.details;
    let prices = details.items.iter().flat_map(|item| [item.unit_price, item.total_price]);
    std::iter::once(details.payment.total).chain(prices).flatten().map(|money| money.currency).next()
}

/// A row a line item, in the columns of an import; an order without items has one row. A price in another currency than
/// the row's has no place there.
pub(super) fn rows(order: &Order) -> Vec<Vec<String>> {
    let body = body(order);
    let currency = currency(order);
    let in_it = |money: Option<Money>| {
        let fits = money.filter(|money| Some(money.currency) == currency);
        fits.map(|money| money.amount.to_string()).unwrap_or_default()
    };
    let text = |value: &Value| match value {
        Value::Null => String::new(),
        Value::String(text) => guarded(text),
        Value::Array(texts) => guarded(&texts.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(";")),
        other => other.to_string(),
    };
    let cell = |column: &str, item: Option<(usize, &LineItem)>| {
        if let Some(of_item) = column.strip_prefix("item_") {
            let Some((place, item)) = item else { return String::new() };
            return match of_item {
                "unit_price" => in_it(item.unit_price),
                "total_price" => in_it(item.total_price),
                name => text(&body["items"][place][name]),
            };
        }
        match column {
            "total" => in_it(order.details.payment.total),
            "currency" => currency.map(|currency| currency.as_str().to_owned()).unwrap_or_default(),
            column => match column.strip_prefix("billing_") {
                Some(name) => text(&body["billing_address"][name]),
                None if ADDRESS.contains(&column) => text(&body["shipping_address"][column]),
                None => text(&body[column]),
            },
        }
    };
    let columns = column_names();
    let row = |item| columns.iter().map(|column| cell(column, item)).collect::<Vec<_>>();
    if order.details.items.is_empty() {
        return vec![row(None)];
    }
    order.details.items.iter().enumerate().map(|item| row(Some(item))).collect()
}
