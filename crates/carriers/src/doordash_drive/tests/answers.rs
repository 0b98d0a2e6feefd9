//! Answer to canonical: quotes, deliveries, states and webhooks.

use std::time::Duration;

use domain::connector::{Label, Push, PushError, TrackRequest};
use domain::rate::Tariff;
use domain::service::ServiceCode;
use domain::tracking::{Milestone, TrackingStatus};
use domain::{CarrierError, Timestamp};

use super::super::{codes, delivery, stand_in};
use super::{account, at, connect};
use crate::conformance::{near, parcel, rate_request};

const QUOTED: &str = include_str!("../fixtures/quoted.json");
const DELIVERY: &str = include_str!("../fixtures/delivery.json");

#[test]
fn a_quote_shows_its_parts_and_that_no_weight_is_billed() {
    let quoted = serde_json::from_str(QUOTED).unwrap();
    let ask = rate_request(near(), vec![parcel("1"), parcel("2")]);
    let service = ServiceCode::new("house", "standard");
    let rate = delivery::rate(&quoted, &ask, service.clone(), Duration::from_secs(270)).unwrap();
    insta::assert_debug_snapshot!(rate, @r#"
    Rate {
        service: ServiceCode {
            account: "house",
            service: "standard",
        },
        service_name: "DoorDash courier",
        total: Money {
            amount: 12.78,
            currency: USD,
        },
        parcels: [
            ParcelRate {
                billed_weight: None,
                is_volumetric: false,
                because: "a courier charges by distance and order value, not by weight",
                price: Money {
                    amount: 8.75,
                    currency: USD,
                },
            },
        ],
        surcharges: [
            Surcharge {
                name: "small order fee",
                amount: Money {
                    amount: 2.50,
                    currency: USD,
                },
            },
            Surcharge {
                name: "dasher regulatory fee",
                amount: Money {
                    amount: 0.70,
                    currency: USD,
                },
            },
            Surcharge {
                name: "tax",
                amount: Money {
                    amount: 0.83,
                    currency: USD,
                },
            },
        ],
        transit_days: Some(
            0,
        ),
        zone: None,
        routing_code: None,
        expires_at: Some(
            1970-01-01T00:04:30Z,
        ),
        tariff: Some(
            Contract,
        ),
        list_total: None,
        offer: Some(
            "question-1",
        ),
        notes: [
            "no dimensions: whether it fits the courier's vehicle is not known",
            "expected at 1970-01-01T00:40:00Z",
            "a cancellation may cost a fee once a courier is assigned",
        ],
    }
    "#);
    assert_eq!(rate.tariff, Some(Tariff::Contract));
    let without_fee = serde_json::from_str(&QUOTED.replace("1195", "null")).unwrap();
    let unreadable = delivery::rate(&without_fee, &ask, service, Duration::from_secs(270));
    assert_eq!(unreadable, Err(CarrierError::Unreadable("a quote without a fee".to_owned())));
}

#[test]
fn a_delivery_is_a_booking_with_one_number_a_page_and_a_label_of_ours() {
    let ask = at(None);
    let booking = delivery::booking(&serde_json::from_str(DELIVERY).unwrap(), &ask).unwrap();
    assert_eq!(booking.carrier_reference.as_deref(), Some("question-1"));
    assert_eq!(booking.tracking_url.as_deref(), Some("https://track.example.com/order/1"));
    assert_eq!(booking.charged.unwrap().to_string(), "11.95 USD");
    let Some(Label::Content(label)) = &booking.parcels[0].label else { panic!("no label") };
    assert_eq!((label.tracking_number.as_str(), label.reference.as_deref()), ("question-1", Some("A-1001")));
    let odd = DELIVERY.replace("https://track", "javascript:track");
    let booking = delivery::booking(&serde_json::from_str(&odd).unwrap(), &ask).unwrap();
    assert_eq!(booking.tracking_url, None, "only a link is a link");
    let given_up = DELIVERY.replace("\"created\"", "\"cancelled\", \"cancellation_reason\": \"failed_to_pickup\"");
    let refused = delivery::booking(&serde_json::from_str(&given_up).unwrap(), &ask).unwrap_err();
    assert_eq!(refused.to_string(), "DoorDash cancelled the delivery: failed_to_pickup");
}

#[test]
fn every_state_and_event_is_read_whatever_the_case_of_its_letters() {
    use Milestone as M;
    use TrackingStatus as S;
    let listed = [
        (S::Announced, None, "created arrived_at_pickup DELIVERY_CREATED DASHER_CONFIRMED_PICKUP_ARRIVAL"),
        (S::Announced, Some(M::CourierAssigned), "confirmed DASHER_CONFIRMED"),
        (S::Announced, Some(M::OnTheWayToUs), "enroute_to_pickup DASHER_ENROUTE_TO_PICKUP"),
        (S::InTransit, Some(M::PickedUp), "picked_up DASHER_PICKED_UP"),
        (S::OutForDelivery, None, "enroute_to_dropoff DASHER_ENROUTE_TO_DROPOFF"),
        (S::OutForDelivery, Some(M::AtTheDoor), "arrived_at_dropoff DASHER_CONFIRMED_DROPOFF_ARRIVAL"),
        (S::Delivered, None, "delivered DASHER_DROPPED_OFF"),
        (
            S::Returning,
            None,
            "enroute_to_return arrived_at_return DELIVERY_RETURN_INITIALIZED DASHER_ENROUTE_TO_RETURN \
             DASHER_CONFIRMED_RETURN_ARRIVAL",
        ),
        (S::Returned, None, "returned DELIVERY_RETURNED"),
        (S::Undeliverable, None, "cancelled DELIVERY_CANCELLED"),
        (S::Unknown, None, "quote DELIVERY_BATCHED SOMETHING_NEW"),
    ];
    for (status, milestone, codes) in listed {
        for code in codes.split_whitespace() {
            assert_eq!(codes::meaning(code), (status, milestone), "{code}");
            assert_eq!(codes::meaning(&code.to_ascii_lowercase()), (status, milestone), "{code}");
        }
    }
}

#[test]
fn how_a_delivery_stands_is_told_at_the_time_its_step_was_done() {
    let told = |status: &str, more: &str| {
        let text = DELIVERY.replace("\"created\"", &format!("\"{status}\"{more}"));
        let report = delivery::report(&serde_json::from_str(&text).unwrap(), Timestamp::UNIX_EPOCH).unwrap();
        let incident = report.incident.map(|incident| incident.reason).unwrap_or_default();
        format!("{} {} {incident}", report.happened_at, report.status.as_str()).trim_end().to_owned()
    };
    assert_eq!(told("confirmed", ""), "1970-01-01T00:00:10Z announced");
    let done = ", \"dropoff_time_actual\": \"1970-01-01T00:39:00Z\"";
    assert_eq!(told("delivered", done), "1970-01-01T00:39:00Z delivered");
    let why = ", \"cancellation_reason\": \"failed_to_deliver\"";
    assert_eq!(told("cancelled", why), "1970-01-01T00:00:10Z undeliverable failed_to_deliver");
    assert_eq!(told("something_new", ""), "1970-01-01T00:00:10Z unknown");
}

#[tokio::test]
async fn whoever_knows_how_a_delivery_stands_is_told_nothing_new() {
    let (server, connection) = super::standing_in().await;
    connection.book(&at(None), &domain::connector::Trace::default()).await.unwrap();
    server.with(|doordash| doordash.advance("reference-7", "picked_up"));
    let ask = crate::conformance::track_request("reference-7", "reference-7", near());
    let track = async |known| {
        let ask = TrackRequest { known, ..ask.clone() };
        connection.track(&ask, &domain::connector::Trace::default()).await.unwrap().len()
    };
    assert_eq!((track(TrackingStatus::Announced).await, track(TrackingStatus::InTransit).await), (1, 0));
}

fn push<'a>(authorization: Option<&'a str>, body: &'a str) -> Push<'a> {
    Push { authorization, body: body.as_bytes(), now: Timestamp::UNIX_EPOCH }
}

#[test]
fn a_webhook_is_read_when_it_shows_what_was_agreed() {
    let connection = connect(&account("http://127.0.0.1:9"));
    let body = include_str!("../fixtures/webhook.json");
    let ours = |body: &str| connection.read_push(&push(Some(stand_in::AUTHORIZATION), body));
    insta::assert_debug_snapshot!(ours(body).unwrap(), @r#"
    [
        Pushed {
            tracking_number: "WB-1001-1",
            report: TrackingReport {
                code: "DASHER_PICKED_UP",
                status: InTransit,
                milestone: Some(
                    PickedUp,
                ),
                incident: None,
                message: None,
                happened_at: Instant(
                    2026-01-05T18:22:31.12Z,
                    00:00:00,
                ),
                place: None,
            },
        },
    ]
    "#);
    for other in [None, Some(""), Some("Basic Zm9yZ2Vk"), Some(&stand_in::AUTHORIZATION[..20])] {
        assert_eq!(connection.read_push(&push(other, body)), Err(PushError::Forged), "{other:?}");
    }
    assert_eq!(ours(&body.replace("event_name", "event_type")), ours(body), "some descriptions name it so");
    assert_eq!(ours(&body.replace("DASHER_PICKED_UP", "DELIVERY_BATCHED")), Ok(Vec::new()));
    let unknown = ours(&body.replace("DASHER_PICKED_UP", "DASHER_ATE_IT")).unwrap();
    assert_eq!((unknown[0].report.code.as_str(), unknown[0].report.status), ("DASHER_ATE_IT", TrackingStatus::Unknown));
    let why = body
        .replace("DASHER_PICKED_UP", "DELIVERY_CANCELLED")
        .replace("\"tip\"", "\"reason\": \"failed_to_return\", \"tip\"");
    let cancelled = ours(&why).unwrap().remove(0).report;
    assert_eq!(cancelled.incident.unwrap().reason, "failed_to_return");
    for unreadable in ["", "[]", "{\"event_name\": \"X\"}", &body.replace("2026-01-05T18:22:31.120Z", "yesterday")] {
        assert!(matches!(ours(unreadable), Err(PushError::Unreadable(_))), "{unreadable}");
    }
    let mut open = account("http://127.0.0.1:9");
    open.credentials.remove("push_authorization");
    let open = connect(&open);
    assert_eq!(open.read_push(&push(None, body)), ours(body), "then the address alone must do");
    assert!(open.is_position("dasher_enroute_to_pickup") && !open.is_position("DASHER_PICKED_UP"));
}
