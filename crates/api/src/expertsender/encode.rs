//! The canonical order and customer → what this dialect's clients read.
//!
//! Every field is there, null when nobody said it. For an order that came through another dialect each field is the
//! nearest thing we know.

use domain::channel::Dialect;
use domain::customer::{Attribute as KnownAttribute, AttributeOf, Consent, Customer, CustomerDetails};
use domain::money::Decimal;
use domain::order::{LineItem, Order, OrderDetails, OrderStatus};
use domain::shipment::Shipment;

use super::order::{Attribute, CANCELED, Kept, ProductRest, STATUSES, moment, sent_moment, status_of};
use crate::json::Json;

/// Digits behind the point of a price that is worked out.
const PLACES: u32 = 6;

fn object<const N: usize>(members: [(&'static str, Json<'static>); N]) -> Json<'static> {
    Json::Object(members.into_iter().map(|(name, value)| (name.into(), value)).collect())
}

fn maybe(value: Option<impl Into<Json<'static>>>) -> Json<'static> {
    value.map_or(Json::Null, Into::into)
}

/// What an order says of its customer.
pub fn customer_of(order: &Order) -> CustomerDetails {
    let details = &order.details;
    let (customer, address) = (details.customer.as_ref(), details.shipping_address.as_ref());
    let first = |one: Option<&String>, other: Option<&String>| one.or(other).cloned();
    let of_address = address.filter(|_| !details.extra.contains_key(&Dialect::Expertsender));
    CustomerDetails {
        email: first(customer.and_then(|one| one.email.as_ref()), of_address.and_then(|one| one.email.as_ref())),
        phone: first(customer.and_then(|one| one.phone.as_ref()), of_address.and_then(|one| one.phone.as_ref())),
        crm_id: Kept::in_details(details).crm_id,
        ..CustomerDetails::default()
    }
}

/// An order, its customer if the book has one, and what was shipped of it.
pub fn order(order: &Order, customer: Option<&Customer>, shipments: &[Shipment]) -> Json<'static> {
    let details = &order.details;
    let kept = Kept::in_details(details);
    let said = customer_of(order);
    let id = details.external_id.clone().unwrap_or_else(|| order.id.number().to_string());
    let date = details.placed_at.map_or_else(|| moment(order.created_at), sent_moment);
    let total = details.payment.total;
    let currency = total.filter(|_| !kept.has_no_currency).map(|total| total.currency.as_str().to_owned());
    let rest = |index: usize| kept.products.get(index).cloned().unwrap_or_default();
    let products = details.items.iter().enumerate().map(|(index, item)| product(item, rest(index)));
    let Json::Object(mut members) = object([
        ("id", id.into()),
        ("date", date.into()),
        ("timeZone", maybe(kept.time_zone.clone())),
        ("websiteId", maybe(order.channel.website().map(i64::from))),
        ("status", status(order, shipments).to_owned().into()),
        ("currency", maybe(currency)),
        ("totalValue", maybe(total.map(|total| total.amount))),
        ("returnsValue", maybe(kept.returns_value)),
        (
            "customer",
            object([
                ("id", maybe(customer.map(|customer| customer.id.number()))),
                ("email", maybe(said.email)),
                ("phone", maybe(said.phone)),
                ("crmId", maybe(said.crm_id)),
            ]),
        ),
        ("products", Json::List(products.collect())),
        ("orderAttributes", attributes(kept.attributes.as_deref())),
    ]) else {
        return Json::Null;
    };
    if let Some(warning) = mismatch(details) {
        members.push(("warnings".into(), Json::List(vec![warning.into()])));
    }
    Json::Object(members)
}

/// The shop's own status, else where the order stands.
fn status(order: &Order, shipments: &[Shipment]) -> &'static str {
    let [placed, paid, completed, _] = STATUSES;
    let code = order.details.shop_status.as_ref().map(|status| status.code.as_str());
    if let Some(known) = code.and_then(status_of) {
        return known;
    }
    let payment = order.details.payment.status.as_ref();
    match OrderStatus::of(&order.details, shipments) {
        _ if order.cancelled_at.is_some() => CANCELED,
        OrderStatus::Delivered => completed,
        OrderStatus::Shipped | OrderStatus::PartlyShipped => paid,
        OrderStatus::Open if payment.is_some_and(|status| status.code.eq_ignore_ascii_case(paid)) => paid,
        OrderStatus::Open => placed,
    }
}

/// Price of one piece; worked out when only all of them have a price.
fn price(item: &LineItem) -> Option<Decimal> {
    let of_all = || Some((item.total_price?.amount.checked_div(Decimal::from(item.quantity))?).round_dp(PLACES));
    item.unit_price.map(|price| price.amount).or_else(of_all)
}

fn product(item: &LineItem, rest: ProductRest) -> Json<'static> {
    let id = [&item.product_id, &item.sku, &item.variant_id, &item.id].into_iter().find_map(Clone::clone);
    object([
        ("id", maybe(id.or_else(|| Some(item.name.clone())))),
        ("name", item.name.clone().into()),
        ("price", maybe(price(item))),
        ("quantity", item.quantity.into()),
        ("returned", maybe(rest.returned)),
        ("url", maybe(rest.url)),
        ("imageUrl", maybe(item.image_url.clone())),
        ("category", maybe(rest.category)),
        ("productAttributes", attributes(rest.attributes.as_deref())),
    ])
}

fn attributes(list: Option<&[Attribute]>) -> Json<'static> {
    let attribute =
        |(name, value): &Attribute| object([("name", name.clone().into()), ("value", maybe(value.clone()))]);
    list.map_or(Json::Null, |list| Json::List(list.iter().map(attribute).collect()))
}

/// Words about a total that is not the sum of the products; discounts and postage are the usual reason, so it is no
/// mistake.
pub fn mismatch(details: &OrderDetails) -> Option<String> {
    let total = details.payment.total?.amount;
    let sum = details.items.iter().try_fold(Decimal::ZERO, |sum, item| {
        let price = price(item).unwrap_or_default();
        sum.checked_add(price.checked_mul(Decimal::from(item.quantity))?)
    })?;
    (sum != total).then(|| format!("totalValue is {total}, and the products cost {}", sum.normalize()))
}

/// A customer of the book.
pub fn customer(customer: &Customer) -> Json<'static> {
    let details = &customer.details;
    let number_or_text = |id: &String| match id.parse::<u64>() {
        Ok(number) if number.to_string() == *id => number.into(),
        _ => Json::from(id.clone()),
    };
    let consent =
        |(id, value): (&String, &String)| object([("id", number_or_text(id)), ("value", value.clone().into())]);
    let own: Vec<Attribute> = details.attributes.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
    object([
        ("id", customer.id.number().into()),
        ("email", maybe(details.email.clone())),
        ("phone", maybe(details.phone.clone())),
        ("crmId", maybe(details.crm_id.clone())),
        ("firstName", maybe(details.first_name.clone())),
        ("lastName", maybe(details.last_name.clone())),
        ("gender", maybe(details.gender.clone())),
        ("dateOfBirth", maybe(details.date_of_birth.clone())),
        ("customAttributes", attributes(Some(&own))),
        ("consentsData", object([("consents", Json::List(details.consents.iter().map(consent).collect()))])),
    ])
}

/// What customers may be asked to agree to.
pub fn consents(list: &[Consent]) -> Json<'static> {
    let consent = |one: &Consent| {
        object([("id", one.id.into()), ("name", one.name.clone().into()), ("type", one.kind.clone().into())])
    };
    Json::List(list.iter().map(consent).collect())
}

/// The attributes that somebody's things may have.
pub fn known_attributes(list: &[KnownAttribute], of: AttributeOf) -> Json<'static> {
    let attribute = |one: &KnownAttribute| object([("id", one.id.into()), ("name", one.name.clone().into())]);
    Json::List(list.iter().filter(|one| one.of == of).map(attribute).collect())
}
