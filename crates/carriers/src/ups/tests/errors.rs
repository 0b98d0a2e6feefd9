//! Error to canonical.

use domain::connector::{BookRequest, Trace};
use domain::{CarrierError, Timestamp};
use serde_json::{Value as Json, json};

use super::super::codes;
use super::{account, connect, ground, small, standing_in};
use crate::http::Reply;
use crate::testing::Trouble;

fn reply(status: u16, body: &str, retry_after: Option<u64>) -> Reply {
    Reply { status, retry_after, body: body.as_bytes().to_vec() }
}

fn faults(code: &str, message: &str) -> Json {
    json!({ "response": { "errors": [{ "code": code, "message": message }] } })
}

#[test]
fn every_kind_of_refusal_has_its_class_and_upss_words() {
    let said =
        |status, code: &str, message: &str| codes::error(&reply(status, &faults(code, message).to_string(), None));
    let told = [
        said(401, "250002", "Invalid Authentication Information."),
        said(400, "250003", "Invalid Access License number"),
        said(403, "", ""),
        said(429, "10429", "Too Many Requests"),
        said(400, "10429", "Too Many Requests"),
        codes::error(&reply(429, "", Some(17))),
        said(503, "10004", "The service is unavailable"),
        codes::error(&reply(502, "<html>", None)),
        said(400, "20001", "Transient error"),
        said(400, "111212", "The requested service is unavailable between the selected locations."),
        said(400, "111285", "The requested accessory is Unavailable here."),
        said(400, "111549", "Invoice Line Total is required"),
        said(400, "190102", "No shipment found within the allowed void period"),
        codes::error(&reply(400, "[]", None)),
        codes::error(&reply(200, "<html>it works</html>", None)),
    ];
    let told: Vec<_> = told
        .iter()
        .map(|error| {
            let wait = match error {
                CarrierError::Unavailable { retry_after: Some(seconds), .. } => format!(" {seconds} s"),
                _ => String::new(),
            };
            format!("{}{wait}, did nothing: {}; {error}", error.kind(), error.did_nothing())
        })
        .collect();
    insta::assert_snapshot!(told.join("\n"), @r#"
    credentials, did nothing: true; the carrier does not accept the account's credentials: Invalid Authentication Information. (UPS 250002)
    credentials, did nothing: true; the carrier does not accept the account's credentials: Invalid Access License number (UPS 250003)
    credentials, did nothing: true; the carrier does not accept the account's credentials: UPS answered with status 403 and no reason
    unavailable 2 s, did nothing: true; the carrier did not answer: Too Many Requests (UPS 10429)
    unavailable 2 s, did nothing: true; the carrier did not answer: Too Many Requests (UPS 10429)
    unavailable 17 s, did nothing: true; the carrier did not answer: UPS answered with status 429 and no reason
    unavailable, did nothing: false; the carrier did not answer: The service is unavailable (UPS 10004)
    unavailable, did nothing: false; the carrier did not answer: UPS answered with status 502 and no reason
    unavailable, did nothing: false; the carrier did not answer: Transient error (UPS 20001)
    unsupported, did nothing: true; the carrier does not offer this: The requested service is unavailable between the selected locations. (UPS 111212)
    unsupported, did nothing: true; the carrier does not offer this: The requested accessory is Unavailable here. (UPS 111285)
    refused, did nothing: true; Invoice Line Total is required (UPS 111549)
    refused, did nothing: true; No shipment found within the allowed void period (UPS 190102)
    refused, did nothing: true; UPS answered with status 400 and no reason
    unreadable, did nothing: false; the carrier's answer could not be read: status 200 with a body that is no JSON: "<html>it works</html>"
    "#);
}

#[tokio::test]
async fn what_breaks_while_booking_is_told_apart_by_whether_ups_did_nothing() {
    let (server, connection) = standing_in().await;
    let book = async || connection.book(&ground(vec![small()]), &Trace::default()).await;
    // Nothing can have happened before there is a token.
    server.trouble("token", Trouble::Says(503, Json::Null));
    server.trouble("token", Trouble::Garbles);
    for _ in 0..2 {
        let error = book().await.unwrap_err();
        assert!(error.is_unsure() && error.did_nothing(), "{error:?}");
    }
    server.trouble("token", Trouble::Says(401, faults("10401", "ClientId is Invalid")));
    assert!(matches!(book().await, Err(CarrierError::Credentials(_))));
    for (trouble, did_nothing) in [
        (Trouble::Busy(Some(9)), true),
        (Trouble::Says(503, Json::Null), false),
        (Trouble::DropsBefore, false),
        (Trouble::DropsAfter, false),
        (Trouble::Garbles, false),
    ] {
        server.trouble("ship", trouble.clone());
        let error = book().await.unwrap_err();
        assert!(error.is_unsure(), "{trouble:?}: {error:?}");
        assert_eq!(error.did_nothing(), did_nothing, "{trouble:?}: {error:?}");
    }
    assert_eq!(server.with(|ups| ups.shipments.len()), 2, "two answers were lost");
    let nobody = connect(&account("http://127.0.0.1:1"));
    let error = nobody.book(&ground(vec![small()]), &Trace::default()).await.unwrap_err();
    assert_eq!((error.did_nothing(), error.to_string().as_str()), (true, "the carrier did not answer: no connection"));
}

#[tokio::test]
async fn a_search_that_shows_nothing_proves_nothing() {
    let (server, connection) = standing_in().await;
    server.with(|ups| ups.shows_bookings = false);
    server.trouble("ship", Trouble::DropsAfter);
    connection.book(&ground(vec![small()]), &Trace::default()).await.unwrap_err();
    let find = async |minutes: i64| {
        let now = Timestamp::from_second(minutes * 60).unwrap();
        connection.find(&BookRequest { now, ..ground(vec![small()]) }, &Trace::default()).await
    };
    let early = find(59).await.unwrap_err();
    assert!(early.is_unsure() && !early.did_nothing(), "{early}");
    let late = find(60).await.unwrap_err();
    insta::assert_snapshot!(late, @"the carrier does not offer this: UPS shows 0 of 1 parcels under the reference reference-7 after an hour, and nothing proves that there are no others: look into the UPS account, and settle the shipment by hand");
    server.with(|ups| ups.shows_bookings = true);
    let found = find(61).await.unwrap().unwrap();
    assert_eq!(
        found.carrier_reference.as_deref(),
        server.with(|ups| ups.shipments[0].numbers[0].clone()).as_str().into()
    );
}

#[tokio::test]
async fn a_permission_that_is_missing_is_named() {
    let (server, connection) = standing_in().await;
    let check = async || connection.check(&Trace::default()).await;
    assert_eq!(check().await.unwrap().missing, [""; 0]);
    assert!(server.with(|ups| ups.products.remove("ship")));
    assert_eq!(
        check().await.unwrap().missing,
        ["Shipping (labels and cancellations): add this product to the app at UPS"]
    );
    assert_eq!(server.with(|ups| ups.shipments.len()), 0, "nothing was bought");
    server.trouble("rate", Trouble::Says(503, Json::Null));
    assert!(check().await.unwrap_err().is_unsure());
    let mut wrong = account(&server.url);
    wrong.credentials.insert("client_secret".to_owned(), domain::Secret::new("another"));
    assert!(matches!(connect(&wrong).check(&Trace::default()).await, Err(CarrierError::Credentials(_))));
}
