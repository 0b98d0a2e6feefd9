//! Webhooks: one a change of status, in v2's flat names or in those of the shipping order API.

use serde_json::{Value as Json, json};
use testkit::on_both_engines;
use testkit::sink::{Received, Sink};

use super::fixture::{SETUP, created, delete, first_account, order, put, with_setup};
use crate::fixture::{bare, kind_of, with};

const SECRET: &str = "shared-secret";

fn endpoint(sink: &Sink, more: &str) -> String {
    format!(
        "[[tenant.webhook]]\nurl = \"{}\"\nsecret = \"{SECRET}\"\ndialect = \"delivery_solutions\"\nevents = [\"*\"]\n{more}\n",
        sink.url
    )
}

fn signed(received: &Received) -> bool {
    let mac = app::vault::hmac_sha256(SECRET.as_bytes(), &[&received.body]);
    received.header("x-ds-signature") == hex::encode(mac)
}

fn bodies(sink: &Sink) -> Vec<Json> {
    let received = sink.received();
    assert!(received.iter().all(signed), "every delivery is signed");
    received.iter().map(|received| serde_json::from_slice(&received.body).unwrap()).collect()
}

fn told(bodies: &[Json]) -> Vec<String> {
    bodies.iter().map(|body| body["status"].as_str().unwrap().to_owned()).collect()
}

on_both_engines! {
    async fn every_change_of_status_is_told_once_in_flat_names(engine: Engine) {
        let sink = Sink::start().await;
        let t = with_setup(engine, &with(SETUP, &endpoint(&sink, ""))).await;
        let placed = created(&t, &order("kibo_1")).await;
        t.run_jobs().await;
        for _ in 0..8 {
            t.clock.advance(std::time::Duration::from_mins(1));
            assert_eq!(t.post("/v1/shipments/shp_1/advance", &json!({})).await.status, 200);
            t.run_jobs().await;
        }
        let bodies = bodies(&sink);
        assert_eq!(told(&bodies), [
            "REQUEST_RECEIVED", "ESTIMATES_RECEIVED", "ORDER_DISPATCHED", "ORDER_ASSIGNED", "PICKUP_STARTED", "PICKUP_COMPLETED",
            "IN_TRANSIT", "OUT_FOR_DELIVERY", "ORDER_AT_LOCATION", "ORDER_DELIVERED",
        ]);
        let dispatched = &bodies[2];
        for (name, value) in [
            ("event", json!("ORDER_DISPATCHED")), ("tenantId", json!("acme")), ("orderExternalId", json!("kibo_1")),
            ("storeExternalId", json!("7709")), ("orderId", placed["id"].clone()), ("provider", json!("first")),
            ("trackingNumber", placed["trackingId"].clone()), ("amount", json!(500)), ("statusUser", json!("Default_Business_Key")),
            ("receivedAt", json!("March 2nd 2026, 5:00:00 am")), ("receivedAtEpoch", json!(1_772_445_600_000_i64)),
            ("timeZone", json!("America/New_York")),
        ] {
            assert_eq!(dispatched[name], value, "{name}");
        }
        assert!(dispatched["packages"].is_array() && dispatched["trackingUrl"].is_string());
        // The label is where the body says, as long as it is good.
        assert_eq!((&bodies[0]["labelLink"], &bodies[0]["label"]), (&Json::Null, &Json::Null));
        let link = dispatched["labelLink"].as_str().unwrap();
        assert_eq!((dispatched["label"]["url"].as_str(), &dispatched["label"]["fileType"]), (Some(link), &json!("PDF")));
        let label = bare(&t, &[], http::Method::GET, link.strip_prefix("http://127.0.0.1:8080").unwrap(), "").await;
        assert_eq!((label.status.as_u16(), kind_of(&label.bytes)), (200, "<PDF>"));
        assert_eq!(bodies[9]["statusUser"], "first");
    }

    async fn an_endpoint_may_have_the_names_of_the_shipping_order_api(engine: Engine) {
        let sink = Sink::start().await;
        let t = with_setup(engine, &with(SETUP, &endpoint(&sink, "variant = \"shipping_order\""))).await;
        created(&t, &order("A")).await;
        t.run_jobs().await;
        let bodies = bodies(&sink);
        let dispatched = bodies.last().unwrap();
        assert_eq!((&dispatched["provider"]["id"], &dispatched["locationExternalId"], &dispatched["amount"]), (&json!("first"), &json!("7709"), &json!(5.0)));
        assert!(dispatched["package"].is_object() && dispatched["referenceLinks"]["trackingUrl"].is_string());
        assert_eq!(dispatched.get("packages"), None);
    }

    async fn a_label_that_is_renewed_is_no_cancellation(engine: Engine) {
        let sink = Sink::start().await;
        let t = with_setup(engine, &with(SETUP, &endpoint(&sink, ""))).await;
        created(&t, &order("A")).await;
        let corrected = json!({ "deliveryAddress": { "street1": "727 Albany Street" } });
        assert_eq!(put(&t, "/shipments/A?forceUpdate=true", &corrected).await.status, 200);
        t.run_jobs().await;
        let bodies = bodies(&sink);
        let expected = ["REQUEST_RECEIVED", "ESTIMATES_RECEIVED", "ORDER_DISPATCHED", "ESTIMATES_RECEIVED", "ORDER_DISPATCHED"];
        assert_eq!(told(&bodies), expected);
        let note = bodies[4]["note"].as_str().unwrap();
        assert!(note.starts_with("tracking number ") && note.contains(" replaces "), "{note}");
        assert_eq!(delete(&t, "A").await.status, 200);
        t.run_jobs().await;
        let last = self::bodies(&sink).pop().unwrap();
        assert_eq!((&last["status"], &last["provider"]), (&json!("ORDER_CANCELLED"), &json!("first")));
        assert_eq!((&last["labelLink"], &last["label"]), (&Json::Null, &Json::Null), "there is nothing to print any more");
    }

    async fn a_refusal_on_the_way_and_a_cancellation_are_told(engine: Engine) {
        let sink = Sink::start().await;
        let t = with_setup(engine, &with(&first_account("book = \"refuse\""), &endpoint(&sink, ""))).await;
        created(&t, &order("A")).await;
        assert_eq!(delete(&t, "A").await.status, 200);
        t.run_jobs().await;
        let bodies = bodies(&sink);
        assert_eq!(told(&bodies), ["REQUEST_RECEIVED", "ESTIMATES_RECEIVED", "PENDING_AUTORETRY", "ORDER_DISPATCHED", "ORDER_CANCELLED"]);
        assert_eq!(bodies[2]["eventReason"]["code"], "PLACE_ORDER_FAILED");
        assert_eq!(bodies[2]["note"], "the sandbox refuses to book, as it was set");
    }
}
