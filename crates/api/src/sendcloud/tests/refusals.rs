//! Every refusal in its exact words.

use std::time::Duration;

use domain::error::{CarrierError, Problem, Unknown};
use domain::{Error, error};

use super::super::error::{ErrorBody, Errors};
use super::{UPLOAD, decoded, show};
use crate::json::parse;
use crate::json::tests::shown;

fn refusal(body: &str) -> String {
    show(&decoded(body.as_bytes()).unwrap_err())
}

/// The guide's order with one part replaced.
fn with(old: &str, new: &str) -> String {
    assert!(UPLOAD.contains(old), "{old}");
    UPLOAD.replacen(old, new, 1)
}

/// `pointer: detail` of each problem.
fn problems(body: &str) -> Vec<String> {
    let value = serde_json::to_value(decoded(body.as_bytes()).unwrap_err()).unwrap();
    let line = |error: &serde_json::Value| {
        let pointer = error["source"]["pointer"].as_str().unwrap().trim_start_matches("/data/attributes/");
        format!("{pointer}: {}", error["detail"].as_str().unwrap())
    };
    value["errors"].as_array().unwrap().iter().map(line).collect()
}

#[test]
fn a_body_that_is_no_list() {
    insta::assert_snapshot!(refusal("{}"), @r#"
    400 {"errors":[{"status":"400","code":"non_field_errors","title":"Wrong format",
    "detail":"Wrong request format, expected list of objects"}]}
    "#);
    insta::assert_snapshot!(refusal("[1]"), @r#"
    400 {"errors":[{"status":"400","code":"invalid","detail":"Input should be a valid dictionary",
    "source":{"pointer":"/data/attributes/[0]"}}]}
    "#);
    insta::assert_snapshot!(refusal("[{]"), @r#"
    400 {"errors":[{"status":"400","code":"invalid",
    "detail":"JSON parse error - key must be a string: line 1 column 3"}]}
    "#);
    assert!(decoded(b"[]").unwrap().is_empty());
}

#[test]
fn a_missing_field_of_the_second_order() {
    let second = with(r#""integration":{"id":7},"#, "");
    let body = format!("{},{}", &UPLOAD[..UPLOAD.len() - 1], &second[1..]);
    insta::assert_snapshot!(refusal(&body), @r#"
    400 {"errors":[{"status":"400","code":"invalid","detail":"Field required",
    "source":{"pointer":"/data/attributes/[1]/order_details/integration"}}]}
    "#);
}

#[test]
fn a_quantity_that_is_not_positive() {
    for quantity in ["0", "-1", "-99999999999999999999999", "\"0\"", "0.0"] {
        let body = with(r#""quantity":1"#, &format!(r#""quantity":{quantity}"#));
        insta::allow_duplicates! {
            insta::assert_snapshot!(refusal(&body), @r#"
            400 {"errors":[{"status":"400","code":"invalid","detail":"Input should be greater than 0",
            "source":{"pointer":"/data/attributes/[0]/order_details/order_items/0/quantity"}}]}
            "#);
        }
    }
}

#[test]
fn a_currency_that_is_too_short() {
    let body = with(r#""value":3.5,"currency":"EUR""#, r#""value":3.5,"currency":"EU""#);
    insta::assert_snapshot!(refusal(&body), @r#"
    400 {"errors":[{"status":"400","code":"invalid","detail":"String should have at least 3 characters",
    "source":{"pointer":"/data/attributes/[0]/order_details/order_items/0/total_price/currency"}}]}
    "#);
}

#[test]
fn an_id_that_is_no_text() {
    insta::assert_snapshot!(refusal(&with("{\"order_id\"", "{\"id\":669,\"order_id\"")), @r#"
    400 {"errors":[{"status":"400","code":"invalid","detail":"Input should be a valid string",
    "source":{"pointer":"/data/attributes/[0]/id"}}]}
    "#);
}

#[test]
fn more_than_a_hundred_orders() {
    let body = format!("[{}]", vec!["{}"; 101].join(","));
    insta::assert_snapshot!(refusal(&body), @r#"
    400 {"errors":[{"status":"400","code":"invalid","detail":"Orders list should have at most 100 items,
     not 101","source":{"pointer":"/data/attributes/"}}]}
    "#);
}

#[test]
fn every_problem_of_every_order_is_reported_at_once() {
    let first = r#"{"order_id":"","order_number":5,"order_details":{"integration":{},"status":{},
        "order_created_at":"soon",
        "order_items":[{"name":null,"quantity":"many","total_price":{"value":"x"},"image_url":"pic.png",
        "country_of_origin":"NLD",
        "measurement":{"dimension":{"length":-1,"width":1,"height":true,"unit":"mile"},"weight":{"value":0,"unit":"kg"},
        "volume":{"value":1.5,"unit":"l"}},"delivery_dates":{"deliver_at":5},
        "dangerous_goods":{"regulation_set":"RID"}},7],
        "tags":"x"},"payment_details":{"total_price":{"currency":"€uro"},"status":{"code":""},
        "is_cash_on_delivery":"maybe"},
        "customs_details":{"export_type":"toy","tax_numbers":{"sender":[1]}},"customer_details":{},
        "shipping_address":{"name":"","address_line_1":"a","city":"c","country_code":"\u0000","email":"nobody"},
        "shipping_details":{"ship_with":{"properties":{},"type":"mail"}},"service_point_details":{"post_number":"1"}}"#;
    let body = format!("[{first},{{\"payment_details\":[]}}]");
    let problems = problems(&body).join("\n").replace("order_details/order_items/0", "$");
    insta::assert_snapshot!(problems, @r"
    [0]/order_id: String should have at least 1 character
    [0]/order_number: Input should be a valid string
    [0]/order_details/integration/id: Field required
    [0]/order_details/status/code: Field required
    [0]/order_details/order_created_at: Input should be a valid datetime or date, input is too short
    [0]/$/name: Input should be a valid string
    [0]/$/image_url: Input should be a valid URL, relative URL without a base
    [0]/$/quantity: Input should be a valid integer, unable to parse string as an integer
    [0]/$/total_price/value: Input should be a valid number, unable to parse string as a number
    [0]/$/total_price/currency: Field required
    [0]/$/measurement/dimension/length: Input should be greater than or equal to 0
    [0]/$/measurement/dimension/height: Input should be a valid number
    [0]/$/measurement/dimension/unit: Input should be 'cm', 'mm', 'm', 'yd', 'ft' or 'in'
    [0]/$/measurement/weight/value: Input should be greater than 0
    [0]/$/measurement/volume/value: Input should be a valid integer, got a number with a fractional part
    [0]/$/country_of_origin: String should have at most 2 characters
    [0]/$/dangerous_goods/regulation_set: Input should be 'IATA' or 'ADR'
    [0]/$/dangerous_goods/unit_of_measurement: Field required
    [0]/$/dangerous_goods/commodity_regulated_level_code: Field required
    [0]/$/dangerous_goods/transportation_mode: Field required
    [0]/$/dangerous_goods/adr_packing_group_letter: Field required
    [0]/$/dangerous_goods/weight_type: Field required
    [0]/$/delivery_dates/deliver_at: Input should be a valid datetime
    [0]/order_details/order_items/1: Input should be a valid dictionary
    [0]/order_details/tags: Input should be a valid list
    [0]/payment_details/total_price/value: Field required
    [0]/payment_details/total_price/currency: String should have at most 3 characters
    [0]/payment_details/status/code: String should have at least 1 character
    [0]/payment_details/is_cash_on_delivery: Input should be a valid boolean, unable to interpret input
    [0]/customs_details/export_type: Input should be 'private', 'commercial_b2c' or 'commercial_b2b'
    [0]/customs_details/tax_numbers/sender/0: Input should be a valid dictionary
    [0]/customer_details/name: Field required
    [0]/shipping_address/name: String should have at least 1 character
    [0]/shipping_address/postal_code: Field required
    [0]/shipping_address/country_code: String should not contain the character U+0000
    [0]/shipping_address/email: value is not a valid email address: An email address must have an @-sign.
    [0]/shipping_details/ship_with/properties/shipping_option_code: Field required
    [0]/shipping_details/ship_with/type: Input should be 'shipping_option_code'
    [0]/service_point_details/id: Field required
    [1]/order_id: Field required
    [1]/order_number: Field required
    [1]/order_details: Field required
    [1]/payment_details/total_price: Field required
    [1]/payment_details/status: Field required
    ");
}

#[test]
fn limits_are_named() {
    let long = |length: usize| format!("\"{}\"", "é".repeat(length));
    // The paths are those of the order, `$` that of its item.
    let cases = [
        (r#""555413""#, long(65), "order_id: String should have at most 64 characters"),
        (r#""OXSDFGHTD-12""#, long(256), "order_number: String should have at most 255 characters"),
        (r#""Orange""#, long(65_536), "$/name: String should have at most 65535 characters"),
        (r#""Orange""#, r#""a\u0000b""#.into(), "$/name: String should not contain the character U+0000"),
        ("1,", "9007199254740992,".into(), "$/quantity: Input should be less than or equal to 9007199254740991"),
        ("1,", "1e99,".into(), "$/quantity: Decimal input should have no more than 28 digits in total"),
        (
            "\"quantity\"",
            r#""properties":{"a":["\u0000"]},"quantity""#.into(),
            "$/properties: String should not contain the character U+0000",
        ),
        (
            "3.5",
            "0.12345678901234567890123456789".into(),
            "$/total_price/value: Decimal input should have no more than 28 digits in total",
        ),
        ("\"EUR\"", "\"12€\"".into(), "$/total_price/currency: String should match pattern '^[A-Za-z]{3}$'"),
        (
            "2018-02-27T10:00:00.555Z",
            "0001-01-01T00:00:00+02:00".into(),
            "order_details/order_created_at: Input should be a valid datetime or date, year is out of range",
        ),
        (
            "2018-02-28T11:05:15.634Z",
            "2018-13-30T10:00:00.555Z".into(),
            "order_details/order_updated_at: Input should be a valid datetime or date, month value is outside expected \
             range of 1-12",
        ),
        (
            "{\"id\":7}",
            "{\"id\":99999999999999999999}".into(),
            "order_details/integration/id: Input should be less than or equal to 9007199254740991",
        ),
        ("{\"id\":7}", "7".to_owned(), "order_details/integration: Input should be a valid dictionary"),
    ];
    for (old, new, expected) in cases {
        let expected = expected.replacen('$', "order_details/order_items/0", 1);
        assert_eq!(problems(&with(old, &new)), [format!("[0]/{expected}")]);
    }
    assert!(decoded(with(r#""555413""#, &long(64)).as_bytes()).is_ok());
    let items = format!("\"order_items\":[{}],\"x\":[", vec!["{}"; 1_001].join(","));
    assert_eq!(
        problems(&with("\"order_items\":[", &items)),
        ["[0]/order_details/order_items: List should have at most 1000 items after validation, not 1001"]
    );
}

#[test]
fn problems_are_counted_only_so_far() {
    let order = format!(r#"{{"order_details":{{"order_items":[{}]}}}}"#, vec!["1"; 1_000].join(","));
    let body = format!("[{}]", vec![order.as_str(); 100].join(","));
    assert_eq!(decoded(body.as_bytes()).unwrap_err().errors.len(), 1_000);
}

#[test]
fn empty_required_address_fields_are_refused() {
    for (old, field) in [("5341AB", "postal_code"), ("Oss", "city"), ("NL", "country_code"), ("John Doe", "name")] {
        let expected = format!("[0]/shipping_address/{field}: String should have at least 1 character");
        assert_eq!(problems(&with(&format!("\"{old}\""), "\"\"")), [expected]);
    }
}

#[test]
fn refusals_of_stored_orders() {
    let all = [
        Errors::no_such_integration(0, 99_999),
        Errors::order_id_cannot_change(Some(0), "abc-123"),
        Errors::integration_cannot_change(Some(2), 9),
        Errors::busy(),
        Errors::no_such_choice("integration", "128"),
        Errors::bad_cursor(),
        Errors::no_such_order(),
        Errors::no_order_to_patch(),
        Errors::no_item_to_patch(),
        Errors::integration_not_found(),
        Errors::bad_partner_id(),
        Errors::no_such_page(),
        Errors::method_not_allowed("POST"),
        Errors::body_too_large(1_048_576),
    ];
    insta::assert_snapshot!(all.iter().map(show).collect::<Vec<_>>().join("\n"), @r#"
    400 {"errors":[{"status":"400","code":"invalid","detail":"Integration with id 99999 does not exist",
    "source":{"pointer":"/data/attributes/[0]/order_details/integration/id"}}]}
    400 {"errors":[{"status":"400","code":"invalid","detail":"Order id abc-123 cannot be changed",
    "source":{"pointer":"/data/attributes/[0]/order_id"}}]}
    400 {"errors":[{"status":"400","code":"invalid","detail":"Integration id 9 cannot be changed",
    "source":{"pointer":"/data/attributes/[2]/order_details/integration/id"}}]}
    400 {"errors":[{"status":"400","code":"invalid",
    "detail":"We are still processing a previous request. Please try again in a moment.",
    "source":{"pointer":"/data"}}]}
    400 {"errors":[{"status":"400","code":"invalid_choice","title":"Invalid Choice",
    "detail":"Select a valid choice. 128 is not one of the available choices.",
    "source":{"parameter":"integration"}}]}
    404 {"errors":[{"status":"404","code":"not_found","title":"Invalid cursor","detail":"Invalid cursor"}]}
    404 {"errors":[{"status":"404","code":"not_found","title":"Not found",
    "detail":"The order could not be found with the search criteria given"}]}
    404 {"errors":[{"status":"404","code":"not_found","title":"Not found",
    "detail":"Could not find specified item."}]}
    400 {"errors":[{"status":"400","code":"invalid","title":"Invalid",
    "detail":"Could not find specified item.","source":{"pointer":"order/order_details/order_items"}}]}
    404 {"errors":[{"status":404,"code":"not_found","title":"Not Found",
    "detail":"The Integration could not be found with the search criteria given"}]}
    400 {"errors":[{"status":"400","code":"invalid","title":"Invalid",
    "detail":"Partner id is unknown or not a valid UUID.","source":{"header":"Sendcloud-Partner-Id"}}]}
    404 {"errors":[{"status":"404","code":"not_found","title":"Not found",
    "detail":"The page you have requested could not be found."}]}
    405 {"errors":[{"status":"405","code":"method_not_allowed","title":"Method not allowed",
    "detail":"Method \"POST\" not allowed."}]}
    413 {"errors":[{"status":"413","code":"invalid","title":"Request entity too large",
    "detail":"The request body is larger than 1048576 bytes: send fewer orders at once."}]}
    "#);
}

#[test]
fn problems_inside_an_accepted_request_to_ship() {
    let errors =
        [ErrorBody::order_cannot_ship(1, "The order has no valid shipping address."), ErrorBody::no_sender_address()];
    insta::assert_snapshot!(shown(&errors), @r#"
    [{"status":"400","code":"validation_error","title":"Invalid order",
    "detail":"The order has no valid shipping address.",
    "source":{"pointer":"/data/attributes/orders/[1]"}},{"status":"404","code":"invalid",
    "detail":"Does not exist.","source":{"pointer":"/data/attributes/sender_address_id"}}]
    "#);
}

#[test]
fn every_error_of_a_verb_has_an_answer() {
    let problem =
        Problem::of(error::Rule::Unknown, "0/order_details/integration/id", "Integration with id 9 does not exist");
    let retry_after = Duration::from_secs(7);
    let all = [
        Error::NotFound("order"),
        Error::NotFound("integration"),
        Error::NotFound("shipment"),
        Error::Invalid(vec![problem, Problem::new("orders/0/order_id", "Bad"), Problem::new("", "Bad")]),
        Error::Conflict("The order is being shipped.".to_owned()),
        Error::Denied("write"),
        Error::Unauthenticated(Unknown::Missing),
        Error::Unauthenticated(Unknown::Wrong),
        Error::TooMany { retry_after },
        Error::from(CarrierError::refused("recipient/street1", "Street too long")),
        Error::from(CarrierError::Refused(vec![])),
        Error::from(CarrierError::Credentials("key expired".to_owned())),
        Error::from(CarrierError::Unsupported("labels".to_owned())),
        Error::from(CarrierError::unavailable("https://x?secret")),
        Error::from(CarrierError::Unreadable("<html>".to_owned())),
        Error::Unavailable("disk full".to_owned()),
        Error::Internal("select * from orders".to_owned()),
    ];
    let answers = all.map(|error| {
        let errors = Errors::from(error);
        format!("{} retry after {:?}", show(&errors), errors.retry_after)
    });
    insta::assert_snapshot!(answers.join("\n"), @r#"
    404 {"errors":[{"status":"404","code":"not_found","title":"Not found",
    "detail":"The order could not be found with the search criteria given"}]} retry after None
    404 {"errors":[{"status":404,"code":"not_found","title":"Not Found",
    "detail":"The Integration could not be found with the search criteria given"}]} retry after None
    404 {"errors":[{"status":"404","code":"not_found","title":"Not found",
    "detail":"The shipment could not be found with the search criteria given"}]} retry after None
    400 {"errors":[{"status":"400","code":"invalid","detail":"Integration with id 9 does not exist",
    "source":{"pointer":"/data/attributes/[0]/order_details/integration/id"}},{"status":"400",
    "code":"invalid","detail":"Bad","source":{"pointer":"/data/attributes/orders/0/order_id"}},
    {"status":"400","code":"invalid","detail":"Bad","source":{"pointer":"/data/attributes"}}]} retry after None
    409 {"errors":[{"status":"409","code":"invalid","title":"Conflict",
    "detail":"The order is being shipped."}]} retry after None
    403 {"errors":[{"status":"403","code":"forbidden","title":"Forbidden",
    "detail":"You do not have permission to perform this action: the key lacks the scope write."}]} retry after None
    401 {"errors":[{"status":"401","code":"authentication_failed","title":"No credentials",
    "detail":"Authentication credentials were not provided."}]} retry after None
    401 {"errors":[{"status":"401","code":"authentication_failed","detail":"Invalid username/password.",
    "source":{"pointer":"/data"}}]} retry after None
    429 {"errors":[{"status":"429","code":"throttled","title":"Throttled",
    "detail":"Request was throttled. Expected available in 7 seconds."}]} retry after Some(7)
    400 {"errors":[{"status":"400","code":"parcel_announcement_error","title":"Parcel announcement error",
    "detail":"Street too long",
    "source":{"pointer":"/data/attributes/shipping_address/address_line_1"}}]} retry after None
    400 {"errors":[{"status":"400","code":"parcel_announcement_error","title":"Parcel announcement error",
    "detail":"The carrier refused the shipment."}]} retry after None
    400 {"errors":[{"status":"400","code":"parcel_announcement_error","title":"Parcel announcement error",
    "detail":"The carrier does not accept the account's credentials."}]} retry after None
    400 {"errors":[{"status":"400","code":"parcel_announcement_error","title":"Parcel announcement error",
    "detail":"the carrier does not offer this: labels"}]} retry after None
    503 {"errors":[{"status":"503","code":"parcel_announcement_error","title":"Carrier unavailable",
    "detail":"The carrier did not answer. Please try again in a moment."}]} retry after Some(1)
    502 {"errors":[{"status":"502","code":"parcel_announcement_error","title":"Carrier unreadable",
    "detail":"The carrier's answer could not be read; whether a label was made is being settled."}]} retry after None
    503 {"errors":[{"status":"503","code":"unavailable","title":"Service unavailable",
    "detail":"The service is busy. Please try again in a moment."}]} retry after Some(1)
    500 {"errors":[{"status":"500","code":"error","title":"Server error",
    "detail":"A server error occurred."}]} retry after None
    "#);
}

#[test]
fn malformed_json_never_becomes_an_order() {
    for body in ["", "[", "nul", "[{\"order_id\":\"\\ud800\"}]", "\u{feff}[]"] {
        assert!(parse(body.as_bytes()).is_err());
        assert_eq!(decoded(body.as_bytes()).unwrap_err().status, 400);
    }
}
