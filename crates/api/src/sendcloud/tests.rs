//! Orders through the whole wire: what is accepted, what is refused in which words, and that nothing is lost.

mod patches;
mod properties;
mod refusals;

use std::time::Instant;

use domain::channel::ChannelNumber;
use domain::ids::OrderId;
use domain::order::{Order, OrderDetails};

use super::decode::{self, DecodedOrder};
use super::encode;
use super::error::Errors;
use super::order::{Identifiers, moment};
use crate::json::tests::shown;
use crate::json::{Json, parse};

/// The body of the guide's first request.
const UPLOAD: &str = r#"[{"order_id":"555413","order_number":"OXSDFGHTD-12","order_details":{"integration":{"id":7},
    "status":{"code":"fulfilled","message":"Fulfilled"},"order_created_at":"2018-02-27T10:00:00.555Z",
    "order_updated_at":"2018-02-28T11:05:15.634Z","order_items":[{"name":"Orange","quantity":1,
    "total_price":{"value":3.5,"currency":"EUR"}}]},"payment_details":{"total_price":{"value":3.5,"currency":"EUR"},
    "status":{"code":"paid","message":"Paid"}},"shipping_address":{"name":"John Doe","address_line_1":"Stadhuisplein",
    "house_number":"15","postal_code":"5341AB","city":"Oss","country_code":"NL","phone_number":"0612345678"}}]"#;

/// The body of the guide's second request, which says `order_date`.
const EDIT: &str = r#"[{"order_id":"555413","order_number":"OXSDFGHTD-12","order_details":{"integration":{"id":7},
    "status":{"code":"fulfilled","message":"Fulfilled"},"order_date":"2018-02-27T10:00:00.555Z",
    "order_items":[{"name":"Orange","quantity":1,"total_price":{"value":3.5,"currency":"EUR"}}]},
    "payment_details":{"total_price":{"value":3.5,"currency":"EUR"},"status":{"code":"paid","message":"Paid"}},
    "shipping_address":{"name":"John Doe","address_line_1":"Stadhuisplein","house_number":"10","postal_code":"5611EM",
    "city":"Eindhoven","country_code":"NL","phone_number":"0612345678"}}]"#;

/// An order with every field there is.
const FULL: &str = include_str!("../../tests/fixtures/full_order.json");

/// The orders of a body, every integration known.
fn decoded(body: &[u8]) -> Result<Vec<DecodedOrder>, Errors> {
    decode::orders(body, &|_| true)
}

fn only(body: &str) -> DecodedOrder {
    decoded(body.as_bytes()).unwrap_or_else(|errors| panic!("{}", show(&errors))).remove(0)
}

fn one(order: &str) -> DecodedOrder {
    only(&format!("[{order}]"))
}

fn stored(decoded: DecodedOrder) -> Order {
    with_details(decoded.integration, decoded.details)
}

fn with_details(channel: i64, details: OrderDetails) -> Order {
    let at = "2018-02-27T10:00:00.555Z".parse().unwrap();
    let id = OrderId::new(664).unwrap();
    Order {
        id,
        channel: ChannelNumber(channel),
        version: 1,
        created_at: at,
        modified_at: at,
        cancelled_at: None,
        checked: None,
        details,
    }
}

fn show(errors: &Errors) -> String {
    assert_eq!(serde_json::to_value(errors).unwrap()["errors"].as_array().unwrap().len(), errors.errors.len());
    format!("{} {}", errors.status, shown(errors))
}

/// The same value with every object's members in the order of their names.
fn sorted(json: Json<'_>) -> Json<'_> {
    match json {
        Json::List(list) => Json::List(list.into_iter().map(sorted).collect()),
        Json::Object(mut members) => {
            members.sort_by(|(a, _), (b, _)| a.cmp(b));
            Json::Object(members.into_iter().map(|(name, value)| (name, sorted(value))).collect())
        }
        plain => plain,
    }
}

/// What GET adds to what was sent.
fn without_what_we_add(mut json: Json<'_>) -> Json<'_> {
    for name in ["id", "created_at", "modified_at"] {
        assert!(json.remove(name).is_some(), "{name}");
    }
    let details = json.get_mut("order_details").unwrap();
    let date = details.remove("order_date");
    assert_eq!(date.as_ref(), details.get("order_created_at"));
    json
}

fn text<'a>(json: &'a Json<'_>, path: &str) -> &'a str {
    path.split('/').fold(json, |json, name| json.get(name).unwrap()).as_text().unwrap()
}

#[test]
fn the_guides_upload_is_answered_as_the_guide_says() {
    let order = stored(only(UPLOAD));
    let answer = |as_integer| serde_json::to_string(&Identifiers::of(&order, as_integer)).unwrap();
    assert_eq!(answer(false), r#"{"id":"664","order_id":"555413","order_number":"OXSDFGHTD-12"}"#);
    assert_eq!(answer(true), r#"{"id":664,"order_id":"555413","order_number":"OXSDFGHTD-12"}"#);
}

#[test]
fn the_guides_edit_reads_back_as_the_guide_says() {
    let order = stored(only(EDIT));
    let mut answer = encode::order(&order);
    assert_eq!(text(&answer, "order_details/order_created_at"), "2018-02-27T10:00:00.555Z");
    // The guide's answer knows the older name only.
    answer.get_mut("order_details").unwrap().remove("order_created_at");
    insta::assert_snapshot!(shown(&answer), @r#"
    {"id":"664","order_id":"555413","order_number":"OXSDFGHTD-12",
    "created_at":"2018-02-27T10:00:00.555Z","modified_at":"2018-02-27T10:00:00.555Z",
    "order_details":{"integration":{"id":7},"status":{"code":"fulfilled","message":"Fulfilled"},
    "order_date":"2018-02-27T10:00:00.555Z","order_items":[{"name":"Orange","quantity":1,
    "total_price":{"value":3.5,"currency":"EUR"}}]},"payment_details":{"total_price":{"value":3.5,
    "currency":"EUR"},"status":{"code":"paid","message":"Paid"}},"shipping_address":{"name":"John Doe",
    "address_line_1":"Stadhuisplein","house_number":"10","postal_code":"5611EM","city":"Eindhoven",
    "country_code":"NL","phone_number":"0612345678"}}
    "#);
}

#[test]
fn every_field_is_given_back_as_it_was_written() {
    let order = stored(one(FULL));
    let answer = without_what_we_add(encode::order(&order));
    let (answer, sent) = (sorted(answer), sorted(parse(FULL.as_bytes()).unwrap()));
    assert_eq!(serde_json::to_string_pretty(&answer).unwrap(), serde_json::to_string_pretty(&sent).unwrap());
}

#[test]
fn a_stored_order_survives_the_store() {
    let details = one(FULL).details;
    let text = serde_json::to_string(&details).unwrap();
    assert_eq!(serde_json::from_str::<OrderDetails>(&text).unwrap(), details);
}

#[test]
fn an_order_as_read_is_accepted_again_as_an_explicit_update() {
    let order = stored(one(FULL));
    let body = format!("[{}]", encode::order(&order));
    let again = only(&body);
    assert_eq!(again.explicit_id.as_deref(), Some("664"));
    assert_eq!(again.details, order.details);
}

#[test]
fn php_writes_empty_objects_as_lists() {
    let order = stored(one(
        r#"{"order_id":"1","order_number":"1","order_details":{"integration":{"id":"7"},"status":{"code":"x"},
        "order_created_at":"2020-01-01T00:00:00+01:00","order_items":[{"name":"A","quantity":"2","properties":[],
        "measurement":[],"delivery_dates":[],"total_price":{"value":"25.50","currency":"EUR"}}],"tags":[]},
        "payment_details":{"total_price":{"value":" 25.50 ","currency":"EUR"},"status":{"code":"paid"}},
        "customs_details":{"tax_numbers":{"sender":[[]]}},
        "shipping_details":{"ship_with":{"type":"shipping_option_code","properties":[]}}}"#,
    ));
    insta::assert_snapshot!(shown(&encode::order(&order)), @r#"
    {"id":"664","order_id":"1","order_number":"1","created_at":"2018-02-27T10:00:00.555Z",
    "modified_at":"2018-02-27T10:00:00.555Z","order_details":{"integration":{"id":7},
    "status":{"code":"x"},"order_created_at":"2019-12-31T23:00:00.000Z",
    "order_date":"2019-12-31T23:00:00.000Z","order_items":[{"name":"A","quantity":2,"properties":{},
    "total_price":{"value":25.50,"currency":"EUR"},"measurement":{},"delivery_dates":{}}],"tags":[]},
    "payment_details":{"total_price":{"value":25.50,"currency":"EUR"},"status":{"code":"paid"}},
    "customs_details":{"tax_numbers":{"sender":[{}],"receiver":[],"importer_of_record":[]}},
    "shipping_details":{"ship_with":{"type":"shipping_option_code",
    "properties":{"shipping_option_code":null}}}}
    "#);
    let empty =
        one(r#"{"order_id":"1","order_number":"1","order_details":{"integration":{"id":7},"status":{"code":"x"},
        "order_date":"2020-01-01","order_items":[]},"payment_details":{"total_price":{"value":1,"currency":"EUR"},
        "status":{"code":"paid"}},"customs_details":[],"shipping_details":[]}"#);
    assert_eq!((empty.details.customs.is_some(), empty.details.delivery.is_some()), (true, true));
}

#[test]
fn empty_text_in_an_optional_field_counts_as_absent() {
    let order = stored(one(
        r#"{"id":"","order_id":"1","order_number":"1","order_details":{"integration":{"id":7},"status":{"code":"x",
        "message":""},
        "order_created_at":"2020-01-01T00:00:00Z","order_updated_at":"","order_items":[{"name":"A","quantity":1,
        "image_url":"",
        "item_id":"","country_of_origin":"","total_price":{"value":1,"currency":"EUR"}}],"notes":""},
        "payment_details":{"total_price":{"value":1,"currency":"EUR"},"status":{"code":"paid"},
        "is_cash_on_delivery":""},
        "shipping_address":{"name":"A","address_line_1":"B","house_number":"","address_line_2":"","postal_code":"1",
        "city":"C",
        "country_code":"US","state_province_code":"US-MA","email":"","phone_number":""},
        "service_point_details":{"id":"1","post_number":"","latitude":"","longitude":"","type":"","carrier":"x"}}"#,
    ));
    let answer = serde_json::to_string(&encode::order(&order)).unwrap();
    assert!(!answer.contains(r#""""#), "{answer}");
    let answer = encode::order(&order);
    insta::assert_snapshot!(answer.get("service_point_details").unwrap(), @r#"{"id":"1"}"#);
}

#[test]
fn times_are_written_for_the_strictest_client() {
    let at = |text: &str| moment(text.parse().unwrap());
    assert_eq!(at("2018-02-27T10:00:00Z"), "2018-02-27T10:00:00.000Z");
    assert_eq!(at("2018-02-27T10:00:00.5Z"), "2018-02-27T10:00:00.500Z");
    assert_eq!(at("2026-02-09T16:00:17.040454Z"), "2026-02-09T16:00:17.040454Z");
    assert_eq!(at("2026-02-09T16:00:17.999999999Z"), "2026-02-09T16:00:17.999999Z");
    assert_eq!(at("1969-12-31T23:59:59.9999999Z"), "1969-12-31T23:59:59.999999Z");
    let order = |time: &str| stored(only(&EDIT.replace("2018-02-27T10:00:00.555Z", time)));
    let shown = |time: &str| text(&encode::order(&order(time)), "order_details/order_date").to_owned();
    assert_eq!(shown("2026-03-01T10:00:00.123456789+01:00"), "2026-03-01T09:00:00.123456Z");
    assert_eq!(shown("2026-03-01"), "2026-03-01T00:00:00.000Z");
    assert_eq!(shown("2026-03-01 10:00:00"), "2026-03-01T10:00:00.000Z");
    assert_eq!(order("2026-03-01").details.placed_at.unwrap().to_string(), "2026-03-01");
}

#[test]
fn an_order_of_another_dialect_has_what_clients_cannot_do_without() {
    let details: OrderDetails = serde_json::from_str(
        r#"{"items":[{"name":"A","quantity":3,"unit_price":{"amount":"2.50","currency":"GBP"}},{"name":"B",
        "quantity":1}],
        "shipping_address":{"company":"ACME","city":"Boston"},"customer":{"email":"a@b.example"},
        "delivery":{"service":{"contract":"620c"}}}"#,
    )
    .unwrap();
    insta::assert_snapshot!(shown(&encode::order(&with_details(1_000_005, details))), @r#"
    {"id":"664","order_id":"664","order_number":"664","created_at":"2018-02-27T10:00:00.555Z",
    "modified_at":"2018-02-27T10:00:00.555Z","order_details":{"integration":{"id":1000005},
    "status":{"code":"open"},"order_created_at":"2018-02-27T10:00:00.555Z",
    "order_date":"2018-02-27T10:00:00.555Z","order_items":[{"name":"A","quantity":3,
    "unit_price":{"value":2.50,"currency":"GBP"},"total_price":{"value":7.50,"currency":"GBP"}},
    {"name":"B","quantity":1,"total_price":{"value":0,"currency":"GBP"}}]},
    "payment_details":{"total_price":{"value":7.50,"currency":"GBP"},"status":{"code":"unknown"}},
    "customer_details":{"name":"-","email":"a@b.example"},"shipping_address":{"name":"ACME",
    "company_name":"ACME","address_line_1":"-","postal_code":"-","city":"Boston","country_code":"ZZ"},
    "shipping_details":{"ship_with":{"type":"shipping_option_code",
    "properties":{"shipping_option_code":null}}}}
    "#);
}

#[test]
fn a_hundred_orders_are_read_quickly() {
    let one = &UPLOAD[1..UPLOAD.len() - 1];
    let body = format!("[{}]", vec![one; 100].join(","));
    let best_of = |work: &dyn Fn()| {
        let time = |_| {
            let begin = Instant::now();
            work();
            begin.elapsed()
        };
        (0..20).map(time).min().unwrap()
    };
    let orders: Vec<_> = decoded(body.as_bytes()).unwrap().into_iter().map(stored).collect();
    let tree = best_of(&|| drop(parse(body.as_bytes()).unwrap()));
    let read = best_of(&|| drop(decoded(body.as_bytes()).unwrap()));
    let written = best_of(&|| orders.iter().for_each(|order| drop(encode::order(order).to_string())));
    eprintln!("{} bytes: parsed in {tree:?}, read in {read:?}, written in {written:?}", body.len());
    // Generous, since a debug build on a busy machine runs this too; in release it is a millisecond at most.
    assert!(read.as_millis() < 500);
}
