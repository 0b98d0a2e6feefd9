//! v2: the same orders under older names. One mapping of trees in each direction, and of refusals.

use std::borrow::Cow;

use axum::response::{IntoResponse, Response};
use domain::Error;
use domain::error::Unknown;
use domain::money::Decimal;

use super::error::{Detail, Kind, Refusal};
use crate::json::{Json, Members};

/// Names in v2 and in the shipping order API, wherever they stand.
pub const NAMES: &[(&str, &str)] = &[
    ("storeExternalId", "locationExternalId"),
    ("storeExternalIds", "locationExternalIds"),
    ("dropoffTime", "deliveryTime"),
    ("pickUpContact", "pickupContact"),
    ("pickUpAddress", "pickupAddress"),
    ("street", "street1"),
    ("zipcode", "postalCode"),
    ("country", "countryCode"),
    ("sale_price", "salePrice"),
    ("returnStoreId", "returnLocationId"),
    ("trackingNumber", "trackingId"),
];

/// Objects whose members are the client's own and keep their names.
const FREE: [&str; 1] = ["orderAttributes"];

/// Amounts in cents.
const CENTS: [&str; 2] = ["amount", "fee"];

fn renamed(name: &str, to_v2: bool) -> Option<&'static str> {
    let found = NAMES.iter().find(|(old, new)| if to_v2 { *new == name } else { *old == name });
    found.map(|(old, new)| if to_v2 { *old } else { *new })
}

fn take<'a>(members: &mut Members<'a>, name: &str) -> Option<Json<'a>> {
    let at = members.iter().position(|(known, _)| known == name)?;
    Some(members.remove(at).1)
}

fn put<'a>(members: &mut Members<'a>, name: &'static str, value: Json<'a>) {
    members.push((Cow::Borrowed(name), value));
}

/// A request of v2 in the names of the shipping order API. What has no counterpart is left as it is, for nobody.
pub fn from_v2(body: Json<'_>) -> Json<'_> {
    let mut body = walk(body, false);
    if let Json::Object(members) = &mut body {
        let packages = take(members, "packages");
        if let Some(packages) = packages {
            let mut list = match packages {
                Json::List(list) => list.into_iter().map(package_from_v2).collect(),
                other => vec![other],
            };
            match list.len() {
                1 => put(members, "package", list.remove(0)),
                _ => put(members, "packages", Json::List(list)),
            }
        }
        if let Some((_, Json::List(items))) = members.iter_mut().find(|(name, _)| name == "itemList") {
            for item in items {
                weigh(item);
            }
        }
    }
    body
}

fn package_from_v2(mut package: Json<'_>) -> Json<'_> {
    weigh(&mut package);
    if let Some(items) = package.remove("items")
        && let Json::Object(members) = &mut package
    {
        put(members, "itemQuantity", items);
    }
    package
}

/// A weight without a unit is in pounds.
fn weigh(holder: &mut Json<'_>) {
    if let Some(weight) = holder.get_mut("weight")
        && matches!(weight, Json::Number(_) | Json::Text(_))
    {
        let value = std::mem::replace(weight, Json::Null);
        *weight = Json::Object(vec![(Cow::Borrowed("value"), value)]);
    }
}

/// An answer of the shipping order API in the names of v2.
pub fn to_v2(body: Json<'_>) -> Json<'_> {
    match body {
        Json::List(list) => Json::List(list.into_iter().map(to_v2).collect()),
        Json::Object(mut members) => {
            if let Some(data) = take(&mut members, "data") {
                members.insert(0, (Cow::Borrowed("data"), to_v2(data)));
                return Json::Object(members);
            }
            if members.iter().any(|(name, _)| name == "orderStatus") {
                return history_to_v2(members);
            }
            if members.iter().any(|(name, _)| name == "rates") {
                return walk(Json::Object(members), true);
            }
            order_to_v2(members)
        }
        other => other,
    }
}

fn history_to_v2(mut members: Members<'_>) -> Json<'_> {
    if let Some((_, id)) = members.iter().find(|(name, _)| name == "orderId").cloned() {
        members.insert(0, (Cow::Borrowed("_id"), id));
    }
    Json::Object(members)
}

fn order_to_v2(members: Members<'_>) -> Json<'_> {
    let Json::Object(mut members) = walk(Json::Object(members), true) else { return Json::Null };
    if let Some(id) = take(&mut members, "id") {
        members.insert(0, (Cow::Borrowed("_id"), id.clone()));
        members.insert(1, (Cow::Borrowed("orderId"), id));
    }
    let package = take(&mut members, "package");
    let packages = match take(&mut members, "packages") {
        Some(Json::List(list)) => list,
        _ => package.into_iter().collect(),
    };
    put(&mut members, "packages", Json::List(packages.into_iter().map(package_to_v2).collect()));
    if let Some((_, Json::List(items))) = members.iter_mut().find(|(name, _)| name == "itemList") {
        for item in items {
            unweigh(item);
        }
    }
    if let Some(mut provider) = take(&mut members, "provider") {
        put(&mut members, "provider", provider.remove("name").unwrap_or(Json::Null));
        for name in ["serviceId", "serviceType"] {
            put(&mut members, name, provider.remove(name).unwrap_or(Json::Null));
        }
    }
    if let Some(Json::Object(links)) = take(&mut members, "referenceLinks") {
        members.extend(links);
    }
    for (name, starts, ends) in [
        ("estimatedPickupTime", "estimatedPickupTimeStarts", "estimatedPickupTimeEnds"),
        ("estimatedDeliveryTime", "estimatedDeliveryTimeStarts", "estimatedDeliveryTimeEnds"),
    ] {
        if let Some(mut window) = take(&mut members, name) {
            put(&mut members, starts, window.remove("startsAt").unwrap_or(Json::Null));
            put(&mut members, ends, window.remove("endsAt").unwrap_or(Json::Null));
        }
    }
    for name in CENTS {
        if let Some((_, amount)) = members.iter_mut().find(|(known, _)| known == name) {
            *amount = cents(amount);
        }
    }
    Json::Object(members)
}

/// 10.34 → 1034; a fraction of a cent is rounded.
pub fn cents(amount: &Json<'_>) -> Json<'static> {
    let Json::Number(digits) = amount else { return Json::Null };
    let cents = digits.parse::<Decimal>().ok().and_then(|amount| amount.checked_mul(Decimal::ONE_HUNDRED));
    cents.map_or(Json::Null, |cents| cents.round().normalize().into())
}

fn package_to_v2(mut package: Json<'_>) -> Json<'_> {
    unweigh(&mut package);
    if let Some(items) = package.remove("itemQuantity")
        && let Json::Object(members) = &mut package
    {
        put(members, "items", items);
    }
    package
}

/// Pounds and inches are what v2 means without a unit; in another unit the unit stays.
fn unweigh(holder: &mut Json<'_>) {
    if let Some(weight) = holder.get_mut("weight")
        && matches!(weight.get("unit").and_then(Json::as_text), Some("lb" | "lbs"))
    {
        *weight = weight.remove("value").unwrap_or(Json::Null);
    }
    if let Some(size) = holder.get_mut("size")
        && size.get("unit").and_then(Json::as_text) == Some("in")
    {
        size.remove("unit");
    }
}

/// Every name of a tree in the other API's words.
pub(super) fn walk(value: Json<'_>, to_v2: bool) -> Json<'_> {
    match value {
        Json::List(list) => Json::List(list.into_iter().map(|value| walk(value, to_v2)).collect()),
        Json::Object(members) => {
            let known: Vec<_> = members.iter().map(|(name, _)| name.to_string()).collect();
            let rename = |(name, value): (Cow<'_, str>, Json<'_>)| {
                let name = match renamed(&name, to_v2) {
                    // Who sends both names means the new one.
                    Some(new) if !known.iter().any(|known| known == new) => Cow::Borrowed(new),
                    _ => Cow::Owned(name.into_owned()),
                };
                let value = if FREE.contains(&name.as_ref()) { owned(value) } else { owned(walk(value, to_v2)) };
                (name, value)
            };
            Json::Object(members.into_iter().map(rename).collect())
        }
        other => other,
    }
}

fn owned(value: Json<'_>) -> Json<'static> {
    super::encode::owned(&value)
}

/// A refusal on v2.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusalInV2(Refusal);

impl From<Refusal> for RefusalInV2 {
    /// Every text and parameter in v2's names. An order that there is none of is an invalid id there.
    fn from(mut refusal: Refusal) -> Self {
        if refusal.kind == Kind::NotFound && refusal.message.starts_with("Order with id") {
            refusal = Refusal::no_order_id();
        }
        refusal.message = told(&refusal.message);
        let detail = |detail: Detail| Detail {
            message: told(&detail.message),
            parameter: detail.parameter.as_deref().map(told),
            ..detail
        };
        refusal.errors = refusal.errors.into_iter().map(detail).collect();
        Self(refusal)
    }
}

impl From<Error> for RefusalInV2 {
    fn from(error: Error) -> Self {
        match error {
            Error::Unauthenticated(Unknown::Missing) => {
                Self(Refusal::new(Kind::Forbidden).saying("Missing Api Key: send x-api-key and tenantId"))
            }
            Error::Unauthenticated(Unknown::Wrong) => Self(Refusal::new(Kind::Unauthorized).saying("Invalid Api Key!")),
            error => Refusal::from(error).into(),
        }
    }
}

/// A text with the names of v2 in it.
fn told(text: &str) -> String {
    let mut told = String::with_capacity(text.len());
    let mut word = String::new();
    for letter in text.chars().chain([' ']) {
        if letter.is_ascii_alphanumeric() || letter == '_' {
            word.push(letter);
            continue;
        }
        told.push_str(match word.as_str() {
            "package" => "packages[0]",
            "itemQuantity" => "items",
            word => renamed(word, true).unwrap_or(word),
        });
        word.clear();
        told.push(letter);
    }
    told.pop();
    told.replace("Provider failed to cancel order", "DSP failed to cancel order")
}

impl IntoResponse for RefusalInV2 {
    fn into_response(self) -> Response {
        let row = self.0.kind.row();
        // A status that an operation or the transport chose is kept, unless v2's clients take it for success.
        let status = if self.0.status == row.status { row.status_in_v2 } else { self.0.status };
        self.0.respond(status, row.word_in_v2, "x-api-key")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::parse;

    #[test]
    fn a_request_of_v2_is_read_by_its_newer_names() {
        let sent = r#"{"storeExternalId":"1","packages":[{"name":"custom","items":2,"weight":3,"size":{"length":1,"width":1,"height":1}}],
            "deliveryAddress":{"street":"A","zipcode":"02118","country":"US"},"dropoffTime":{"endsAt":1},
            "itemList":[{"sale_price":1,"weight":2}],"orderAttributes":{"street":"kept"}}"#;
        let read = from_v2(parse(sent.as_bytes()).unwrap()).to_string();
        assert_eq!(
            read,
            r#"{"locationExternalId":"1","deliveryAddress":{"street1":"A","postalCode":"02118","countryCode":"US"},"deliveryTime":{"endsAt":1},"itemList":[{"salePrice":1,"weight":{"value":2}}],"orderAttributes":{"street":"kept"},"package":{"name":"custom","weight":{"value":3},"size":{"length":1,"width":1,"height":1},"itemQuantity":2}}"#
        );
    }

    #[test]
    fn an_answer_is_written_in_its_older_names_and_cents() {
        let shown = r#"{"id":"a","amount":10.34,"fee":null,"provider":{"name":"UPS","serviceId":"g","serviceType":"Ground","id":"1"},
            "trackingId":"1Z","referenceLinks":{"trackingUrl":"u"},"package":{"itemQuantity":1,"weight":{"value":2,"unit":"lb"}},
            "estimatedPickupTime":{"startsAt":1,"endsAt":null},"pickupAddress":{"street1":"A"}}"#;
        let written = to_v2(parse(shown.as_bytes()).unwrap()).to_string();
        assert_eq!(
            written,
            r#"{"_id":"a","orderId":"a","amount":1034,"fee":null,"trackingNumber":"1Z","pickUpAddress":{"street":"A"},"packages":[{"weight":2,"items":1}],"provider":"UPS","serviceId":"g","serviceType":"Ground","trackingUrl":"u","estimatedPickupTimeStarts":1,"estimatedPickupTimeEnds":null}"#
        );
    }

    #[test]
    fn refusals_speak_of_stores_and_dsps() {
        let refusal = RefusalInV2::from(Refusal::no_such_location("0001x"));
        assert_eq!(
            refusal.0.message,
            "No such storeExternalId exists in our system. Please provide a valid storeExternalId."
        );
        assert_eq!(refusal.0.errors[0].parameter.as_deref(), Some("storeExternalId: 0001x"));
    }
}
