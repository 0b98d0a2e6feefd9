//! Canonical to request; URL and method.

use domain::CarrierError;
use domain::connector::{CancelRequest, LabelRequest, RateRequest, Trace};
use domain::document::Format;
use domain::error::Rule;
use domain::service::ServiceCode;
use serde_json::Value as Json;

use super::super::{book, quote};
use super::{account, connect, ground, small, standing_in};
use crate::conformance::{berlin, book_request, near, parcel, rate_request, track_request};

fn pretty(json: &Json) -> String {
    serde_json::to_string_pretty(json).unwrap()
}

#[test]
fn a_question_for_prices_holds_weights_and_sizes_rounded_up_in_the_units_of_the_sender() {
    let ask = rate_request(near(), vec![small()]);
    insta::assert_snapshot!(pretty(&quote::request(&ask, "A1B2C3", "01")), @"");
}

#[test]
fn a_question_abroad_says_what_the_goods_are_worth_and_weigh_in_all() {
    let ask = RateRequest { service: Some("11".to_owned()), ..rate_request(berlin(), vec![parcel("1"), parcel("2.5")]) };
    let request = quote::request(&ask, "A1B2C3", "03");
    let shipment = &request["RateRequest"]["Shipment"];
    assert_eq!(shipment["Service"]["Code"], "11");
    assert_eq!(request["RateRequest"]["PickupType"]["Code"], "03");
    assert_eq!(shipment["InvoiceLineTotal"]["MonetaryValue"], "42.50");
    // 2.3 and 5.6 lb, since each parcel is rounded up by itself.
    assert_eq!(shipment["ShipmentTotalWeight"]["Weight"], "7.9");
    assert_eq!(shipment["ShipTo"]["Address"]["AddressLine"][0], "Invalidenstraße 117");
    let back = RateRequest { sender: berlin(), recipient: near(), ..ask };
    let request = quote::request(&back, "A1B2C3", "01");
    let unit = &request["RateRequest"]["Shipment"]["Package"][1]["PackageWeight"];
    assert_eq!((&unit["UnitOfMeasurement"]["Code"], &unit["Weight"]), (&Json::from("KGS"), &Json::from("2.5")));
}

#[test]
fn what_ups_would_never_take_is_left_out_with_the_reason_and_nobody_is_asked() {
    let mut ask = rate_request(near(), vec![parcel("70"), small()]);
    ask.recipient.postal_code = Some("2118".to_owned());
    ask.recipient.name = None;
    let left_out: Vec<_> = quote::unfit(&ask, "house").into_iter().map(|(code, why)| format!("{code}: {why}")).collect();
    insta::assert_snapshot!(left_out.join("\n"), @"");
    let fits = rate_request(near(), vec![parcel("68")]);
    assert_eq!(quote::unfit(&fits, "house"), []);
}

#[test]
fn a_booking_holds_everything_ups_needs() {
    insta::assert_snapshot!(pretty(&book::request(&ground(vec![small()]), "A1B2C3")), @"");
}

#[test]
fn references_stand_at_each_parcel_at_home_and_at_the_shipment_abroad() {
    let home = book::request(&ground(vec![small(), small()]), "A1B2C3");
    let abroad = book_request(&ServiceCode::new("house", "65"), berlin(), vec![small()], 7);
    let abroad = book::request(&abroad, "A1B2C3");
    let [home, abroad] = [&home, &abroad].map(|request| &request["ShipmentRequest"]["Shipment"]);
    assert_eq!(home["Package"][1]["ReferenceNumber"][0]["Value"], "reference-7");
    assert!(home["ReferenceNumber"].is_null() && abroad["Package"][0]["ReferenceNumber"].is_null());
    assert_eq!(abroad["ReferenceNumber"][1]["Value"], "A-1001");
}

#[test]
fn every_field_ups_would_refuse_is_told_at_once_and_nothing_is_cut() {
    let mut ask = book_request(&ServiceCode::new("house", "65"), berlin(), vec![small()], 7);
    ask.recipient.street1 = Some("Straße des Siebzehnten Juni am Tiergarten".to_owned());
    ask.recipient.city = Some("Berlin-Charlottenburg-Wilmersdorf".to_owned());
    ask.recipient.phone = None;
    ask.sender.state = Some("Massachusetts".to_owned());
    ask.sender.company = Some("The Boston store of all things that are useful".to_owned());
    ask.label_format = Format::parse("png_203").unwrap();
    let problems = book::problems(&ask, false);
    let told: Vec<_> = problems.iter().map(|one| format!("{}: {}", one.path, one.message)).collect();
    insta::assert_snapshot!(told.join("\n"), @"");
    assert_eq!(problems.iter().filter(|problem| problem.rule == Rule::Missing).count(), 1);
}

#[test]
fn an_account_is_told_what_is_wrong_with_its_settings() {
    let mut account = account("http://127.0.0.1:9");
    for (name, value) in [("account_number", "12"), ("pickup_type", "02"), ("base_url", "ftp://x"), ("png_labels", "1")] {
        account.settings.insert(name.to_owned(), value.to_owned());
    }
    let Err(problems) = super::super::connector(&crate::testing::http()).connect(&account) else { panic!("taken") };
    let told: Vec<_> = problems.iter().map(|one| format!("{}: {}", one.path, one.message)).collect();
    insta::assert_snapshot!(told.join("\n"), @"");
}

#[tokio::test]
async fn each_call_has_its_url_and_method() {
    let (server, _) = standing_in().await;
    let connection = connect(&account(&server.url));
    let trace = Trace::default();
    let ask = rate_request(near(), vec![small()]);
    connection.rates(&ask, &trace).await.unwrap();
    connection.rates(&RateRequest { service: Some("03".to_owned()), ..ask }, &trace).await.unwrap();
    let booking = connection.book(&ground(vec![small()]), &trace).await.unwrap();
    connection.find(&ground(vec![small()]), &trace).await.unwrap();
    let number = booking.parcels[0].tracking_number.clone();
    let labels = LabelRequest {
        reference: "reference-7".to_owned(),
        carrier_reference: booking.carrier_reference.clone(),
        tracking_numbers: vec![number.clone()],
        label_format: Format::default(),
    };
    connection.labels(&labels, &trace).await.unwrap();
    connection.track(&track_request(&number, "reference-7", near()), &trace).await.unwrap();
    let cancel = CancelRequest {
        reference: "reference-7".to_owned(),
        carrier_reference: booking.carrier_reference,
        tracking_numbers: vec![number],
    };
    connection.cancel(&cancel, &trace).await.unwrap();
    let operations: Vec<_> =
        trace.take().into_iter().map(|one| one.operation.replace(&server.url, "")).collect();
    insta::assert_snapshot!(operations.join("\n"), @"");
}

#[tokio::test]
async fn a_trace_shows_what_was_said_without_people_credentials_and_labels() {
    let (_server, connection) = standing_in().await;
    let trace = Trace::default();
    connection.book(&ground(vec![small()]), &trace).await.unwrap();
    let said = trace.take();
    insta::assert_snapshot!(format!("{}\n{}", said[1].request, said[1].answer.as_ref().unwrap()), @"");
}

#[tokio::test]
async fn a_token_that_is_refused_is_renewed_once() {
    let (server, connection) = standing_in().await;
    let ask = rate_request(near(), vec![small()]);
    for _ in 0..2 {
        connection.rates(&ask, &Trace::default()).await.unwrap();
    }
    assert_eq!((server.calls("token"), server.calls("rate")), (1, 2));
    server.with(super::super::stand_in::Ups::end_tokens);
    connection.rates(&ask, &Trace::default()).await.unwrap();
    assert_eq!((server.calls("token"), server.calls("rate")), (2, 4));
    assert!(server.with(|ups| ups.products.remove("rate")));
    let refused = connection.rates(&ask, &Trace::default()).await;
    assert!(matches!(refused, Err(CarrierError::Credentials(_))), "{refused:?}");
    assert_eq!((server.calls("token"), server.calls("rate")), (3, 6), "once, and not for ever");
}
