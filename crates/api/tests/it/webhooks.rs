//! Webhooks: what endpoints are told, in whose words, and how often.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value as Json, json};
use testkit::carrier::{Outcome, Scripted};
use testkit::sink::{Received, Sink};
use testkit::{Engine, TestApp, on_both_engines, scripted_setup};

use crate::fixture::{builder, order, patch, place, routed, serving_setup, setup_with, ship, tidy, with};
use crate::webhook_signatures::{is_sendcloud_signature, is_standard_signature};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// A table for an endpoint.
fn endpoint(sink: &Sink, dialect: &str, events: &str) -> String {
    format!(
        "[[tenant.webhook]]\nurl = \"{}\"\nsecret = \"{SECRET}\"\ndialect = \"{dialect}\"\nevents = {events}\n",
        sink.url
    )
}

async fn listening(engine: Engine, tables: &str) -> TestApp {
    let t = serving_setup(engine, &setup_with(tables)).await;
    t.run_jobs().await;
    t
}

/// The body and that everything about the delivery is signed.
fn checked(received: &Received) -> Json {
    assert_eq!(received.header("content-type"), "application/json");
    assert!(is_standard_signature(received, SECRET), "the standard signature");
    serde_json::from_slice(&received.body).unwrap()
}

/// The body of `parcel_status_changed` for the usual order.
fn parcel_body(parcel: u64, tracking_number: &str, weight: &str, status: (u32, &str)) -> Json {
    json!({
        "action": "parcel_status_changed",
        "timestamp": 1_772_445_600_000_u64,
        "carrier_status_change_timestamp": 1_772_445_600_000_u64,
        "parcel": {
            "id": parcel,
            "name": "John Doe",
            "company_name": null,
            "address": "Stadhuisplein",
            "house_number": "15",
            "city": "Oss",
            "postal_code": "5341AB",
            "country": { "iso_2": "NL", "name": "NL" },
            "email": null,
            "telephone": "0612345678",
            "order_number": "N-A",
            "external_order_id": "A",
            "external_reference": "shp_1",
            "shipment_uuid": "shp_1",
            "date_created": "2026-03-02T10:00:00.000Z",
            "date_announced": "2026-03-02T10:00:00.000Z",
            "tracking_number": tracking_number,
            "tracking_url": "http://127.0.0.1:8080/t/<token>",
            "weight": weight,
            "status": { "id": status.0, "message": status.1 },
            "carrier": { "code": "local" },
            "shipment": { "id": 1, "name": "Standard" },
        },
        "integration": {
            "id": 7,
            "shop_name": "Web shop",
            "system": "api",
            "type": "api",
            "failing_since": null,
            "last_fetch": null,
            "last_updated_at": null,
            "service_point_enabled": false,
            "service_point_carriers": [],
            "webhook_active": false,
            "webhook_url": null,
            "feedback_type": "none",
        },
    })
}

const FIRST: &str = "40123450000000016";
const SECOND: &str = "40123450000000023";

on_both_engines! {
    async fn a_shipped_order_is_told_in_sendclouds_words(engine: Engine) {
        let sink = Sink::start().await;
        let t = listening(engine, &endpoint(&sink, "sendcloud", "[\"*\"]")).await;
        place(&t, [order("A")]).await;
        t.run_jobs().await;
        let before = sink.received().len();
        assert_eq!(ship(&t, "A").await.status, 201);
        t.run_jobs().await;
        let received = sink.received().split_off(before);
        assert!(received.iter().all(|received| is_sendcloud_signature(received, SECRET)));
        let told: Vec<_> = received.iter().map(|received| tidy(checked(received))).collect();
        // Both were rendered after the booking, which came back at once.
        assert_eq!(
            told,
            [
                parcel_body(1, FIRST, "0.500", (1001, "Being announced")),
                parcel_body(1, FIRST, "0.500", (1000, "Ready to send")),
            ]
        );
        let scan = json!({ "events": [{ "code": "DELIVERED" }] });
        assert_eq!(t.post("/v1/shipments/shp_1/tracking-events", &scan).await.status, 200);
        t.run_jobs().await;
        let told = sink.received().split_off(before + 2);
        assert_eq!(told.len(), 1);
        assert_eq!(tidy(checked(&told[0])), parcel_body(1, FIRST, "0.500", (11, "Delivered")));
    }

    async fn a_refused_and_a_cancelled_shipment_are_told_too(engine: Engine) {
        let (sink, carrier) = (Sink::start().await, Scripted::new());
        carrier.next_booking(Outcome::No("street too long"));
        let endpoint = endpoint(&sink, "sendcloud", "[\"shipment.failed\", \"shipment.cancelled\"]");
        let setup = with(&scripted_setup(), &endpoint);
        let t = routed(builder(engine).connectors(vec![Arc::new(carrier.clone())]).setup(setup).build().await);
        place(&t, [order("A")]).await;
        assert_eq!(ship(&t, "A").await.status, 400);
        t.run_jobs().await;
        assert_eq!(ship(&t, "A").await.status, 201);
        crate::fixture::delete(&t, "/api/v3/orders/1").await;
        t.run_jobs().await;
        let told: Vec<_> = sink.received().iter().map(|received| tidy(checked(received))["parcel"].take()).collect();
        let expected = |number: u64, tracking_number: &str, status: (u32, &str)| {
            let mut parcel = parcel_body(number, tracking_number, "0.500", status)["parcel"].take();
            parcel["carrier"]["code"] = json!("scripted");
            parcel["external_reference"] = json!(format!("shp_{number}"));
            parcel["shipment_uuid"] = json!(format!("shp_{number}"));
            parcel["shipment"] = json!({ "id": number, "name": "Scripted standard" });
            parcel
        };
        let mut failed = expected(1, "", (1002, "Announcement failed"));
        (failed["date_announced"], failed["tracking_url"]) = (Json::Null, Json::Null);
        let cancelled = expected(2, told[1]["tracking_number"].as_str().unwrap(), (2000, "Cancelled"));
        assert_eq!(told, [failed, cancelled]);
    }

    async fn each_parcel_is_told_by_itself(engine: Engine) {
        let sink = Sink::start().await;
        let t = listening(engine, &endpoint(&sink, "sendcloud", "[\"shipment.booked\"]")).await;
        place(&t, [order("A")]).await;
        let parcel = |weight: &str| json!({ "weight": { "value": weight, "unit": "kg" } });
        let answer = t
            .post(
                "/api/v3/orders/create-label-sync",
                &json!({
                    "integration_id": 7, "order": { "order_id": "A", "parcels": [parcel("1.5"), parcel("2")] },
                }),
            )
            .await;
        assert_eq!(answer.status, 201, "{}", answer.text());
        t.run_jobs().await;
        let received = sink.received();
        let told: Vec<_> = received.iter().map(|received| tidy(checked(received))).collect();
        assert_eq!(
            told,
            [
                parcel_body(1, FIRST, "1.500", (1000, "Ready to send")),
                parcel_body(2, SECOND, "2.000", (1000, "Ready to send")),
            ]
        );
        let ids: Vec<_> = received.iter().map(|received| received.header("webhook-id").to_owned()).collect();
        assert_eq!(ids[1], format!("{}.2", ids[0]), "one event, two messages");
    }

    async fn an_endpoint_of_the_native_dialect_hears_native_words(engine: Engine) {
        let sink = Sink::start().await;
        let t = listening(engine, &endpoint(&sink, "native", "[\"order.*\", \"shipment.booked\"]")).await;
        place(&t, [order("A")]).await;
        assert_eq!(ship(&t, "A").await.status, 201);
        patch(&t, "/api/v3/orders/1", &json!({ "order_number": "N-B" })).await;
        t.run_jobs().await;
        let mut told: Vec<_> = sink.received().iter().map(checked).collect();
        let page = told[1]["data"]["parcels"][0]["tracking_url"].take();
        assert!(page.as_str().unwrap().starts_with("http://127.0.0.1:8080/t/"), "{page}");
        let event = |id: &Json, kind: &str, data: Json| {
            json!({
                "id": id, "type": kind, "timestamp": "2026-03-02T10:00:00Z", "data": data,
            })
        };
        assert_eq!(
            told,
            [
                event(
                    &told[0]["id"],
                    "order.created",
                    json!({ "order": "ord_1", "order_version": 1, "order_number": "N-B" })
                ),
                event(
                    &told[1]["id"],
                    "shipment.booked",
                    json!({
                        "order": "ord_1",
                        "order_number": "N-B",
                        "shipment": "shp_1",
                        "service": "house:standard",
                        "tracking_numbers": [FIRST],
                        "parcels": [{
                            "id": "pcl_1", "position": 1, "tracking_number": FIRST, "tracking": "announced",
                            "tracking_url": null, "label_url": "http://127.0.0.1:8080/v1/parcels/pcl_1/label",
                        }],
                    })
                ),
                event(
                    &told[2]["id"],
                    "order.updated",
                    json!({ "order": "ord_1", "order_version": 2, "order_number": "N-B" })
                ),
            ]
        );
        let feed = t.get("/v1/events").await.json();
        let known: Vec<_> = feed["data"].as_array().unwrap().iter().map(|event| &event["id"]).collect();
        assert!(told.iter().all(|event| known.contains(&&event["id"])), "the ids of the feed");
    }

    async fn a_changed_and_a_deleted_integration_are_told(engine: Engine) {
        let sink = Sink::start().await;
        let t = listening(engine, &endpoint(&sink, "sendcloud", "[\"channel.*\"]")).await;
        let before = sink.received().len();
        patch(&t, "/api/v3/integrations/7", &json!({ "shop_name": "New shop" })).await;
        t.run_jobs().await;
        crate::fixture::delete(&t, "/api/v3/integrations/7").await;
        t.run_jobs().await;
        let told: Vec<_> = sink.received().split_off(before).iter().map(checked).collect();
        let mut integration = parcel_body(1, FIRST, "1", (0, ""))["integration"].take();
        integration["shop_name"] = json!("New shop");
        assert_eq!(
            told,
            [
                json!({
                    "action": "integration_updated",
                    "timestamp": 1_772_445_600_000_u64,
                    "integration": integration,
                }),
                json!({
                    "action": "integration_deleted",
                    "timestamp": 1_772_445_600_000_u64,
                    "integration": { "id": 7 },
                }),
            ]
        );
    }

    async fn a_refused_delivery_is_sent_again_byte_for_byte(engine: Engine) {
        let sink = Sink::start().await;
        let t = listening(engine, &endpoint(&sink, "native", "[\"order.created\"]")).await;
        sink.answer([500, 204]);
        place(&t, [order("A")]).await;
        t.run_jobs().await;
        assert_eq!(sink.received().len(), 1);
        t.clock.advance(Duration::from_secs(59));
        t.run_jobs().await;
        assert_eq!(sink.received().len(), 1, "not before a minute has passed");
        // What the body tells of has changed meanwhile; the body has not.
        patch(&t, "/api/v3/orders/1", &json!({ "order_number": "N-B" })).await;
        t.clock.advance(Duration::from_secs(7));
        t.run_jobs().await;
        t.clock.advance(Duration::from_hours(1));
        t.run_jobs().await;
        let received = sink.received();
        assert_eq!(received.len(), 2, "once it is taken, nothing is sent again");
        assert_eq!(received[0].body, received[1].body);
        assert_eq!(received[0].header("webhook-id"), received[1].header("webhook-id"));
        assert_ne!(received[0].header("webhook-timestamp"), received[1].header("webhook-timestamp"));
        let event = checked(&received[0])["id"].as_str().unwrap().to_owned();
        assert_eq!(checked(&received[1])["id"], event);
        assert_eq!(received[0].header("webhook-id"), event);

        let deliveries = t.get(&format!("/v1/events/{event}/deliveries")).await;
        let attempt = |number: u32, at: &str, status: u32| {
            json!({
                "number": number, "at": at, "duration_ms": "<count>", "status": status, "note": null,
            })
        };
        assert_eq!(
            tidy(deliveries.story()),
            json!({ "status": 200, "body": { "data": [{
            "id": "dlv_1",
            "message_id": event,
            "url": sink.url,
            "status": "delivered",
            "next_at": "2026-03-02T10:01:06Z",
            "attempts": [attempt(1, "2026-03-02T10:00:00Z", 500), attempt(2, "2026-03-02T10:01:06Z", 204)],
        }] } })
        );
        let path = format!("/v1/events/{event}/deliveries");
        let theirs = t.call_with(crate::fixture::OTHER, http::Method::GET, &path, "").await;
        assert_eq!(theirs.status, 404);
    }

    async fn endpoints_do_not_wait_for_each_other(engine: Engine) {
        let (well, ill) = (Sink::start().await, Sink::start().await);
        let both = endpoint(&well, "native", "[\"order.*\"]") + &endpoint(&ill, "sendcloud", "[\"shipment.*\"]");
        let t = listening(engine, &both).await;
        ill.answer([503; 2]);
        place(&t, [order("A")]).await;
        assert_eq!(ship(&t, "A").await.status, 201);
        t.run_jobs().await;
        assert_eq!((well.received().len(), ill.received().len()), (1, 2));
        t.clock.advance(Duration::from_secs(66));
        t.run_jobs().await;
        assert_eq!((well.received().len(), ill.received().len()), (1, 4));
    }
}
