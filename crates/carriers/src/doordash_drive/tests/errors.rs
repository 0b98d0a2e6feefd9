//! Error to canonical.

use domain::CarrierError;
use domain::connector::Trace;
use serde_json::{Value as Json, json};

use super::super::codes;
use super::{at, standing_in};
use crate::conformance::{near, parcel, rate_request};
use crate::http::Reply;
use crate::testing::Trouble;

#[test]
fn the_code_decides_before_the_number_and_fields_are_told_in_our_words() {
    let said = |status: u16, body: Json, retry_after| {
        codes::error(&Reply { status, retry_after, body: body.to_string().into_bytes() })
    };
    let fields = json!([
        { "field": "dropoff_phone_number", "error": "This phone number is invalid" },
        { "field": "pickup_address", "error": "The address was not found" },
        { "field": "items[0].weight", "error": "Too heavy" },
        { "field": "tip", "error": "Must not be negative" },
    ]);
    let coverage = json!([{ "field": "dropoff_address", "error": "Address is outside of our coverage" }]);
    let answers = [
        said(400, json!({ "code": "validation_error", "message": "No", "field_errors": fields }), None),
        said(400, json!({ "field_errors": coverage }), None),
        said(
            422,
            json!({ "code": "invalid_delivery_parameters", "message": "Too far", "reason": "distance_too_long" }),
            None,
        ),
        said(400, json!({ "code": "outside_of_delivery_time", "message": "Closed" }), None),
        said(401, json!({ "code": "authentication_error", "message": "The signature is wrong" }), None),
        said(403, json!({}), None),
        said(409, json!({ "code": "duplicate_delivery_id", "message": "Used before" }), None),
        said(429, Json::Null, Some(4)),
        said(429, Json::Null, None),
        said(503, json!({ "code": "service_fault", "message": "Sorry" }), None),
        codes::error(&Reply { status: 502, retry_after: None, body: b"<html>".to_vec() }),
        codes::error(&Reply { status: 200, retry_after: None, body: b"<html>".to_vec() }),
        said(418, json!({ "message": "I am a teapot" }), None),
    ];
    let told = answers.iter().map(|error| match error {
        CarrierError::Refused(problems) => {
            let problems = problems.iter().map(|one| format!("{:?} {}", one.path, one.message)).collect::<Vec<_>>();
            format!("refused {}", problems.join(" | "))
        }
        CarrierError::Unavailable { retry_after, did_nothing, .. } => {
            format!("{error}; wait {retry_after:?}, did nothing: {did_nothing}")
        }
        error => format!("{} {error}", error.kind()),
    });
    insta::assert_snapshot!(told.collect::<Vec<_>>().join("\n"), @r#"
    refused "recipient/phone" dropoff_phone_number: This phone number is invalid (DoorDash) | "sender/street1" pickup_address: The address was not found (DoorDash) | "parcels" items[0].weight: Too heavy (DoorDash) | "" tip: Must not be negative (DoorDash)
    unsupported the carrier does not offer this: Address is outside of our coverage (DoorDash)
    unsupported the carrier does not offer this: Too far (DoorDash invalid_delivery_parameters, distance_too_long)
    unsupported the carrier does not offer this: Closed (DoorDash outside_of_delivery_time)
    credentials the carrier does not accept the account's credentials: The signature is wrong (DoorDash authentication_error)
    credentials the carrier does not accept the account's credentials: DoorDash answered with status 403 and no reason
    refused "external_delivery_id" Used before (DoorDash duplicate_delivery_id)
    the carrier did not answer: DoorDash answered with status 429 and no reason; wait Some(4), did nothing: true
    the carrier did not answer: DoorDash answered with status 429 and no reason; wait Some(1), did nothing: true
    the carrier did not answer: Sorry (DoorDash service_fault); wait None, did nothing: false
    the carrier did not answer: DoorDash answered with status 502 and no reason; wait None, did nothing: false
    unreadable the carrier's answer could not be read: status 200 with a body that is no JSON: "<html>"
    refused "" I am a teapot (DoorDash)
    "#);
}

#[tokio::test]
async fn where_no_courier_goes_the_service_is_left_out_with_the_reason() {
    let (_server, connection) = standing_in().await;
    let mut far = near();
    far.city = Some("Seattle".to_owned());
    let offer = connection.rates(&rate_request(far, vec![parcel("1")]), &Trace::default()).await.unwrap();
    let left_out: Vec<_> = offer.left_out.iter().map(|(code, why)| format!("{code}: {why}")).collect();
    assert_eq!(
        left_out,
        ["house:standard: The delivery is too far away (DoorDash invalid_delivery_parameters, distance_too_long)"]
    );
}

#[tokio::test]
async fn a_refused_phone_number_is_told_by_its_field() {
    let (_server, connection) = standing_in().await;
    let mut ask = at(None);
    ask.recipient.phone = Some("+1 617-000-0000".to_owned());
    let Err(CarrierError::Refused(problems)) = connection.book(&ask, &Trace::default()).await else { panic!("booked") };
    assert_eq!(problems[0].path, "recipient/phone");
}

#[tokio::test]
async fn an_access_key_without_drive_lacks_a_permission_and_a_wrong_one_is_refused() {
    let (server, connection) = standing_in().await;
    server.with(|doordash| doordash.is_allowed = false);
    let checked = connection.check(&Trace::default()).await.unwrap();
    assert_eq!(checked.missing, ["Drive: DoorDash does not let this access key use it"]);
    let no = json!({ "code": "authentication_error", "message": "The key was revoked" });
    server.trouble("get", Trouble::Says(401, no));
    let refused = connection.check(&Trace::default()).await.unwrap_err();
    assert!(matches!(refused, CarrierError::Credentials(_)), "{refused}");
    server.trouble("get", Trouble::Says(503, Json::Null));
    assert!(connection.check(&Trace::default()).await.unwrap_err().is_unsure());
}
