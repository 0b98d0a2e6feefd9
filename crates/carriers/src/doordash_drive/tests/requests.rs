//! Canonical to request; URL and method.

use domain::address::{Address, Fitting, Side};
use domain::connector::{CancelRequest, Trace};
use domain::measure::{Dimensions, Length};
use domain::parcel::Box as ParcelBox;
use domain::service::ServiceCode;

use super::super::delivery::Asked;
use super::{account, at, quoted, standing_in};
use crate::conformance::{berlin, book_request, near, parcel, rate_request, track_request};

#[test]
fn a_delivery_is_asked_in_pounds_inches_cents_and_e_164() {
    let side = |text: &str| Length::from_centimetres(text.parse().unwrap()).unwrap();
    let dimensions = Some(Dimensions { length: side("30"), width: side("20.5"), height: side("10") });
    let parcels = vec![ParcelBox { dimensions, ..parcel("1.133") }, parcel("2")];
    let ask = book_request(&ServiceCode::new("house", "standard"), near(), parcels, 7);
    let body = Asked::of_booking(&ask).request("WB-1001-1");
    insta::assert_snapshot!(serde_json::to_string_pretty(&body).unwrap(), @r#"
    {
      "action_if_undeliverable": "return_to_pickup",
      "dropoff_address": "22 Elm Road, Boston, MA, 02116",
      "dropoff_contact_given_name": "Ann Reed",
      "dropoff_phone_number": "+16175550111",
      "external_delivery_id": "WB-1001-1",
      "items": [
        {
          "height": 3.94,
          "length": 11.82,
          "name": "Parcel 1 of 2",
          "quantity": 1,
          "weight": 2.5,
          "width": 8.08
        },
        {
          "name": "Parcel 2 of 2",
          "quantity": 1,
          "weight": 4.41
        }
      ],
      "order_fulfillment_method": "standard",
      "order_value": 4250,
      "pickup_address": "345 Harrison Avenue, Boston, MA, 02118",
      "pickup_business_name": "Boston store",
      "pickup_phone_number": "+16175550100",
      "pickup_reference_tag": "A-1001"
    }
    "#);
}

#[test]
fn a_phone_number_is_written_with_its_country_or_refused() {
    let written = |country: &str, typed: &str| {
        let recipient = Address { country: Some(country.to_owned()), phone: Some(typed.to_owned()), ..near() };
        let sender = Address { country: Some(country.to_owned()), phone: None, ..near() };
        let mut ask = rate_request(recipient, vec![parcel("1")]);
        ask.sender = sender;
        let asked = Asked::of_rates(&ask);
        let problems = asked.problems();
        match problems.first() {
            Some(problem) => problem.message.clone(),
            None => asked.request("x")["dropoff_phone_number"].as_str().unwrap().to_owned(),
        }
    };
    let cases = [
        ("US", "(617) 555-0111"),
        ("CA", "1 416 555 0111"),
        ("AU", "0491 570 006"),
        ("NZ", "+64 21 555 0111"),
        ("US", "555-0111"),
        ("US", "call me"),
    ];
    let told: Vec<_> = cases.iter().map(|(country, typed)| written(country, typed)).collect();
    insta::assert_snapshot!(told.join("\n"), @r#"
    +16175550111
    +14165550111
    +61491570006
    +64215550111
    recipient/phone: "555-0111": DoorDash expects a number with its country, such as +14045550100
    recipient/phone: "call me": DoorDash expects a number with its country, such as +14045550100
    "#);
}

#[test]
fn every_field_doordash_would_refuse_is_told_at_once() {
    let mut recipient = Address { phone: None, street1: None, ..near() };
    recipient.city = None;
    let nearby = rate_request(recipient, vec![parcel("1")]);
    let abroad = rate_request(berlin(), vec![parcel("1")]);
    let canada = rate_request(Address { country: Some("CA".to_owned()), ..near() }, vec![parcel("1")]);
    let problems = [nearby, abroad, canada].map(|ask| Asked::of_rates(&ask).problems());
    let told = problems.iter().flatten().map(|one| format!("{}: {}", one.path, one.message)).collect::<Vec<_>>();
    insta::assert_snapshot!(told.join("\n"), @r#"
    recipient/street1: the recipient has no street, which DoorDash needs
    recipient/city: the recipient has no city, which DoorDash needs
    recipient/phone: the recipient has no phone number, which DoorDash needs
    recipient/country: recipient/country: "DE": DoorDash delivers in US, CA, AU and NZ
    recipient/country: a courier does not go from US to CA
    "#);
}

#[test]
fn an_account_is_told_what_is_wrong_with_its_settings() {
    let mut account = account("http://127.0.0.1:9");
    account.credentials.insert("signing_secret".to_owned(), domain::Secret::new("no base64url!"));
    account.settings.insert("base_url".to_owned(), "openapi.doordash.com".to_owned());
    let Err(problems) = super::super::connector(&crate::testing::http()).connect(&account) else { panic!("taken") };
    let told: Vec<_> = problems.iter().map(|one| format!("{}: {}", one.path, one.message)).collect();
    insta::assert_snapshot!(told.join("\n"), @r#"
    signing_secret: signing_secret is no base64url: expected the text that DoorDash showed with the access key
    base_url: base_url is "openapi.doordash.com": this is no URL: relative URL without a base; expected an https URL with a public address, unless the operator sets allow_private_webhooks
    "#);
}

#[tokio::test]
async fn each_call_has_its_url_and_method() {
    let (server, connection) = standing_in().await;
    let trace = Trace::default();
    let rate = quoted(&connection).await;
    connection.rates(&rate_request(near(), vec![parcel("1")]), &trace).await.unwrap();
    connection.book(&at(Some(rate.clone())), &trace).await.unwrap();
    connection.book(&at(None), &trace).await.unwrap();
    connection.find(&at(Some(rate)), &trace).await.unwrap();
    connection.track(&track_request("question-1", "reference-7", near()), &trace).await.unwrap();
    let cancel = CancelRequest {
        reference: "reference-7".to_owned(),
        carrier_reference: Some("question-1".to_owned()),
        tracking_numbers: Vec::new(),
    };
    connection.cancel(&cancel, &trace).await.unwrap();
    connection.check(&trace).await.unwrap();
    let operations: Vec<_> = trace.take().into_iter().map(|one| one.operation.replace(&server.url, "")).collect();
    insta::assert_snapshot!(operations.join("\n"), @r#"
    POST /drive/v2/quotes
    GET /drive/v2/deliveries/question-1
    POST /drive/v2/quotes/question-1/accept
    POST /drive/v2/deliveries
    GET /drive/v2/deliveries/question-1
    GET /drive/v2/deliveries/question-1
    PUT /drive/v2/deliveries/question-1/cancel
    GET /drive/v2/deliveries/waybill-check
    "#);
}

#[tokio::test]
async fn a_trace_shows_what_was_said_without_people_and_couriers() {
    let (_server, connection) = standing_in().await;
    let trace = Trace::default();
    connection.book(&at(None), &trace).await.unwrap();
    let said = trace.take();
    insta::assert_snapshot!(format!("{}\n{}", said[0].request, said[0].answer.as_ref().unwrap()), @r#"
    {"action_if_undeliverable":"return_to_pickup","dropoff_address":"[redacted]","dropoff_contact_given_name":"[redacted]","dropoff_phone_number":"[redacted]","external_delivery_id":"reference-7","items":[{"name":"Parcel 1 of 1","quantity":1,"weight":2.21}],"order_fulfillment_method":"standard","order_value":4250,"pickup_address":"[redacted]","pickup_business_name":"Boston store","pickup_phone_number":"[redacted]","pickup_reference_tag":"A-1001"}
    200 {"action_if_undeliverable":"return_to_pickup","currency":"USD","delivery_status":"created","dropoff_address":"[redacted]","dropoff_contact_given_name":"[redacted]","dropoff_phone_number":"[redacted]","dropoff_time_estimated":"1970-01-01T00:40:00Z","external_delivery_id":"reference-7","fee":975,"fee_components":[{"amount":875,"type":"distance_based_fee"},{"amount":100,"type":"service_fee"}],"items":[{"name":"Parcel 1 of 1","quantity":1,"weight":2.21}],"order_fulfillment_method":"standard","order_value":4250,"pickup_address":"[redacted]","pickup_business_name":"Boston store","pickup_phone_number":"[redacted]","pickup_reference_tag":"A-1001","support_reference":"1343593362","tax":null,"tracking_url":"[redacted]","updated_at":"1970-01-01T00:00:00Z"}
    "#);
}

#[tokio::test]
async fn a_courier_goes_to_no_box_and_takes_an_address_of_255_characters() {
    let (_server, connection) = standing_in().await;
    let limits = connection.address_limits("standard");
    let boxed = Address { po_box: Some("PO Box 12".to_owned()), ..near() };
    assert_eq!(
        limits.why_not_served(&boxed).as_deref(),
        Some("it does not go there: the recipient is a post-office box")
    );
    let of = |length: usize| {
        let rest = ", Boston, MA, 02116".len();
        let address = Address { street1: Some("x".repeat(length - rest)), house_number: None, ..near() };
        let fitting =
            Fitting { side: Side::Recipient, service: "standard", is_abroad: false, split: None, wraps: true };
        limits.fit(&address, fitting).map(|fitted| fitted.address.one_line().len())
    };
    assert_eq!(of(255), Ok(255));
    assert_eq!(of(256).unwrap_err()[0].path, "recipient/street1");
}
