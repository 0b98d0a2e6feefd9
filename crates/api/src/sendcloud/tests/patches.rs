//! PATCH: what it changes, what it leaves alone, what it refuses.

use domain::channel::Dialect;
use domain::order::{Order, OrderDetails, RawJson};

use super::super::encode;
use super::super::patch::patch;
use super::{FULL, UPLOAD, decoded, one, only, show, stored, text, with_details};

fn changed(order: &Order, change: &str) -> Order {
    let details = patch(order, change.as_bytes()).unwrap_or_else(|errors| panic!("{}", show(&errors)));
    Order { details, ..order.clone() }
}

fn refusal(order: &Order, change: &str) -> String {
    show(&patch(order, change.as_bytes()).unwrap_err())
}

#[test]
fn an_order_as_read_changes_nothing() {
    for order in [stored(one(FULL)), stored(only(UPLOAD))] {
        let read = encode::order(&order).to_string();
        assert_eq!(changed(&order, &read), order);
        assert_eq!(changed(&order, "{}"), order);
        assert_eq!(changed(&order, "[]"), order);
        // PHP writes the empty objects it has read as empty lists.
        assert_eq!(changed(&order, &read.replace("{}", "[]")), order);
    }
}

#[test]
fn two_keys_of_an_address_change_and_the_others_stay() {
    let order = stored(only(UPLOAD));
    let change = r#"{"shipping_address":{"house_number":"10","city":"Eindhoven"},"service_point_details":{"id":"5"}}"#;
    let after = changed(&order, change);
    let (before, after) = (order.details.shipping_address.unwrap(), after.details.shipping_address.unwrap());
    assert_eq!((after.house_number.as_deref(), after.city.as_deref()), (Some("10"), Some("Eindhoven")));
    assert_eq!((after.name, after.street1, after.phone), (before.name, before.street1, before.phone));
}

#[test]
fn null_takes_away_and_is_remembered() {
    let order = stored(one(FULL));
    let change = r#"{"order_details":{"notes":null,"tags":null,"order_items":[{"name":"Cylinder candle",
        "delivery_dates":null}]}}"#;
    let after = changed(&order, change);
    assert_eq!((after.details.notes.as_ref(), after.details.tags.as_ref()), (None, None));
    let shown = encode::order(&after).to_string();
    for null in [r#""notes":null"#, r#""tags":null"#, r#""delivery_dates":null"#] {
        assert!(shown.contains(null), "{null}");
    }
    let back = changed(&after, r#"{"order_details":{"notes":"again"}}"#);
    assert!(encode::order(&back).to_string().contains(r#""notes":"again","tags":null"#));
}

#[test]
fn items_are_matched_by_name() {
    let order = stored(one(FULL));
    let change =
        r#"{"order_details":{"order_items":[{"name":"Cylinder candle","quantity":0,"unit_price":{"value":4.0}}]}}"#;
    let after = changed(&order, change);
    let item = &after.details.items[0];
    assert_eq!((item.quantity, item.unit_price.unwrap().to_string().as_str()), (0, "4.0 EUR"));
    assert_eq!(item.sku, order.details.items[0].sku);
    assert_eq!(after.details.items[1], order.details.items[1]);
    // An item of quantity zero is no obstacle later.
    assert_eq!(changed(&after, r#"{"order_number":"2"}"#).details.items, after.details.items);

    insta::assert_snapshot!(refusal(&order, r#"{"order_details":{"order_items":[{"name":"Pear","quantity":1}]}}"#), @r#"
    400 {"errors":[{"status":"400","code":"invalid","title":"Invalid",
    "detail":"Could not find specified item.","source":{"pointer":"order/order_details/order_items"}}]}
    "#);
    insta::assert_snapshot!(refusal(&order, r#"{"order_details":{"order_items":[{"quantity":1},7,{"name":1}]}}"#), @r#"
    400 {"errors":[{"status":"400","code":"invalid","detail":"Field required",
    "source":{"pointer":"/data/attributes/order_details/order_items/0/name"}},{"status":"400",
    "code":"invalid","detail":"Input should be a valid dictionary",
    "source":{"pointer":"/data/attributes/order_details/order_items/1"}},{"status":"400",
    "code":"invalid","detail":"Input should be a valid string",
    "source":{"pointer":"/data/attributes/order_details/order_items/2/name"}}]}
    "#);
    insta::assert_snapshot!(
        refusal(&order, r#"{"order_details":{"order_items":[{"name":"Cylinder candle","quantity":-1}]}}"#),
        @r#"
        400 {"errors":[{"status":"400","code":"invalid","detail":"Input should be greater than or equal to 0",
        "source":{"pointer":"/data/attributes/order_details/order_items/0/quantity"}}]}
        "#
    );
}

#[test]
fn items_with_one_name_are_matched_in_their_order() {
    let order = r#""name":"Orange","quantity":1,"total_price":{"value":3.5,"currency":"EUR"}"#;
    let twice = UPLOAD.replace('\n', "").replace("    ", "").replacen(order, &format!("{order}}},{{{order}"), 1);
    let order = stored(only(&twice));
    let read = encode::order(&order).to_string();
    assert_eq!(changed(&order, &read), order);
    let change = r#"{"order_details":{"order_items":[{"name":"Orange"},{"name":"Orange","quantity":5}]}}"#;
    let quantities: Vec<_> = changed(&order, change).details.items.iter().map(|item| item.quantity).collect();
    assert_eq!(quantities, [1, 5]);
    let change = r#"{"order_details":{"order_items":[{"name":"Orange"},{"name":"Orange"},{"name":"Orange"}]}}"#;
    assert!(refusal(&order, change).contains("Could not find specified item."));
}

#[test]
fn what_names_the_order_cannot_change() {
    let order = stored(only(UPLOAD));
    insta::assert_snapshot!(refusal(&order, r#"{"order_id":"abc-123"}"#), @r#"
    400 {"errors":[{"status":"400","code":"invalid","detail":"Order id abc-123 cannot be changed",
    "source":{"pointer":"/data/attributes/order_id"}}]}
    "#);
    insta::assert_snapshot!(refusal(&order, r#"{"order_details":{"integration":{"id":8}}}"#), @r#"
    400 {"errors":[{"status":"400","code":"invalid","detail":"Integration id 8 cannot be changed",
    "source":{"pointer":"/data/attributes/order_details/integration/id"}}]}
    "#);
    insta::assert_snapshot!(refusal(&order, r#"{"order_id":null,"payment_details":{"status":{"code":""}}}"#), @r#"
    400 {"errors":[{"status":"400","code":"invalid","detail":"Input should be a valid string",
    "source":{"pointer":"/data/attributes/order_id"}},{"status":"400","code":"invalid",
    "detail":"String should have at least 1 character",
    "source":{"pointer":"/data/attributes/payment_details/status/code"}}]}
    "#);
    insta::assert_snapshot!(refusal(&order, "7"), @r#"
    400 {"errors":[{"status":"400","code":"non_field_errors","title":"Wrong format",
    "detail":"Wrong request format, expected object"}]}
    "#);
}

#[test]
fn old_names_are_understood() {
    let order = stored(one(FULL));
    let phone = |change: &str| changed(&order, change).details.customer.unwrap().phone.unwrap();
    assert_eq!(phone(r#"{"customer_details":{"phone":"1"}}"#), "1");
    assert_eq!(phone(r#"{"customer_details":{"phone":"1","phone_number":"2"}}"#), "2");
    assert_eq!(phone(r#"{"customer_details":{"phone":"1","phone_number":"+319881729999"}}"#), "1");
    let placed = |change: &str| changed(&order, change).details.placed_at.unwrap().to_string();
    assert_eq!(placed(r#"{"order_details":{"order_date":"2020-01-01"}}"#), "2020-01-01");
    assert_eq!(placed(r#"{"order_details":{"order_created_at":"2020-01-01"}}"#), "2020-01-01");
    let read = encode::order(&order).to_string();
    let edited =
        read.replace(r#""order_date":"2018-02-27T10:00:00.555309Z""#, r#""order_date":"2020-01-01T00:00:00Z""#);
    assert_eq!(placed(&edited), "2020-01-01T00:00:00Z");
    let edited = read
        .replace(r#""order_created_at":"2018-02-27T10:00:00.555309Z""#, r#""order_created_at":"2020-01-01T00:00:00Z""#);
    assert_eq!(placed(&edited), "2020-01-01T00:00:00Z");
}

#[test]
fn times_keep_their_zone_and_precision_until_they_are_changed() {
    let sent = "2026-03-01T10:00:00.123456789+05:30";
    let order = stored(only(&UPLOAD.replace("2018-02-27T10:00:00.555Z", sent)));
    let read = encode::order(&order).to_string();
    assert_eq!(changed(&order, &read).details.placed_at.unwrap().to_string(), sent);
}

#[test]
fn an_order_of_another_dialect_keeps_its_gaps() {
    let mut details: OrderDetails = serde_json::from_str(
        r#"{"items":[{"name":"A","quantity":0}],"shipping_address":{"city":"Boston"},
        "customer":{"email":"a@b.example"}}"#,
    )
    .unwrap();
    details.external_id = Some("x".repeat(100));
    details.extra.insert(Dialect::Crowdsender, RawJson::new("{}".to_owned()).unwrap());
    let order = with_details(1_000_005, details);
    let after = changed(&order, r#"{"order_details":{"notes":"n"},"shipping_address":{"postal_code":"02118"}}"#);
    let mut expected = order.details.clone();
    expected.notes = Some("n".to_owned());
    expected.shipping_address.as_mut().unwrap().postal_code = Some("02118".to_owned());
    assert_eq!(after.details, expected);
    assert!(refusal(&order, &format!(r#"{{"order_id":"{}"}}"#, "y".repeat(100))).contains("at most 64 characters"));
}

#[test]
fn a_changed_order_can_be_sent_again() {
    let order =
        changed(&stored(one(FULL)), r#"{"payment_details":{"freight_costs":{"value":"1.10","currency":"EUR"}}}"#);
    let body = format!("[{}]", encode::order(&order));
    assert_eq!(decoded(body.as_bytes()).unwrap()[0].details, order.details);
    assert_eq!(text(&encode::order(&order), "payment_details/freight_costs/currency"), "EUR");
}
