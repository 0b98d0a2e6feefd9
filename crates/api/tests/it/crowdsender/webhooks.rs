//! The five webhooks: what each tells, to whom, and how the receiver knows who tells it.

use std::sync::Arc;

use http::Method;
use serde_json::{Value as Json, json};
use testkit::carrier::{Outcome, Scripted};
use testkit::sink::{Received, Sink};
use testkit::{SETUP, TestApp, on_both_engines, scripted_setup};

use super::{create, patch, send, show};
use crate::fixture::{bare, builder, kind_of, routed, serving_setup, setup_with, with};

const SECRET: &str = "shared-secret";

fn endpoint(sink: &Sink, more: &str) -> String {
    format!(
        "[[tenant.webhook]]\nurl = \"{}\"\nsecret = \"{SECRET}\"\ndialect = \"crowdsender\"\nevents = [\"*\"]\n{more}\n",
        sink.url
    )
}

fn is_signed(received: &Received) -> bool {
    let mac = app::vault::hmac_sha256(SECRET.as_bytes(), &[&received.body]);
    received.header("x-crowdsender-signature") == hex::encode(mac)
}

/// What arrived, each with its type, the value before and the value after.
fn told(sink: &Sink) -> Vec<Json> {
    let received = sink.received();
    assert!(received.iter().all(is_signed), "every delivery is signed");
    let bodies = received.iter().map(|received| serde_json::from_slice::<Json>(&received.body).unwrap());
    bodies.map(|body| json!([body["type"], body["data"]["previousValue"], body["data"]["newValue"]])).collect()
}

/// An order of two boxes to a place that the rate sheet serves.
fn order() -> Json {
    json!({
        "orderNumber": "DC00333",
        "_externalReferenceId": "62739041d7226e71caeb2d69",
        "shipment": {
            "sendDate": "2026-03-04",
            "shipTo": { "name": "Erika", "address": {
                "street1": "Stadhuisplein 15", "city": "Oss", "postalCode": "5341AB", "country": "NL" } },
            "boxes": [{ "weight": 1 }, { "weight": 2 }],
        },
    })
}

/// Once somebody has looked at the addresses, and once everybody is told what was found.
async fn looked_at(t: &TestApp) {
    t.run_jobs().await;
    t.run_jobs().await;
}

/// Has every order that is REGISTERED or TO_REVIEW labelled.
async fn label(t: &TestApp) {
    let path = "/api/v1/labels?query=status=REGISTERED,TO_REVIEW";
    let answer = send(t, "sec-acme", Method::POST, path, "").await;
    assert_eq!((answer.status.as_u16(), &answer.json()["data"]["orders"]), (200, &json!(1)), "{}", answer.text());
    t.run_jobs().await;
}

async fn report(t: &TestApp, events: Json) {
    let answer = t.post("/v1/shipments/shp_1/tracking-events", &json!({ "events": events })).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    t.run_jobs().await;
}

on_both_engines! {
    async fn d1_each_box_is_told_of_with_its_own_number_label_and_status(engine: Engine) {
        let sink = Sink::start().await;
        let known_by = "authentication = { basic = \"shop:pass\" }\ndescription = \"warehouse\"";
        let t = serving_setup(engine, &setup_with(&endpoint(&sink, known_by))).await;
        let id = create(&t, &order()).await;
        t.run_jobs().await;
        assert_eq!(told(&sink), Vec::<Json>::new(), "a creation is no change");
        let shipped = t.post("/v1/orders/ord_1/shipments", &json!({})).await;
        assert_eq!(shipped.status, 201, "{}", shipped.text());
        t.run_jobs().await;
        let received = sink.received();
        assert_eq!(received[0].header("authorization"), "Basic c2hvcDpwYXNz");
        let mut bodies: Vec<Json> = received.iter().map(|one| serde_json::from_slice(&one.body).unwrap()).collect();
        bodies.sort_by_key(|body| body["type"].to_string());
        let (mut labels, mut numbers) = (Vec::new(), Vec::new());
        for body in bodies.iter_mut().filter(|body| body["type"] == "trackingUpdated") {
            let link = body["data"]["documents"][0]["uri"].take();
            let path = link.as_str().unwrap().strip_prefix("http://127.0.0.1:8080").unwrap().to_owned();
            let label = bare(&t, &[], Method::GET, &path, "").await;
            assert_eq!((label.status.as_u16(), kind_of(&label.bytes)), (200, "<PDF>"));
            labels.push(label.bytes);
            numbers.push(body["data"]["trackId"].take().as_str().unwrap().to_owned());
        }
        let tracking = |place: &str| json!({
            "apiVersion": 1, "createdAt": "2026-03-02T10:00:00.000Z", "liveMode": true, "type": "trackingUpdated",
            "source": "crowdsender.webhooks.order.box.tracking",
            "data": {
                "orderId": id, "boxId": format!("69a55fa0{place}00000000000001"), "object": "order", "orderNumber": "DC00333",
                "_externalReferenceId": "62739041d7226e71caeb2d69",
                "newValue": "generated label", "previousValue": "waiting",
                "documents": [{ "uri": null, "typeFile": "label" }], "trackId": null,
            },
        });
        let status = json!({
            "apiVersion": 1, "createdAt": "2026-03-02T10:00:00.000Z", "liveMode": true, "type": "statusUpdated",
            "source": "crowdsender.webhooks.order.status",
            "data": {
                "orderId": id, "object": "order", "orderNumber": "DC00333", "_externalReferenceId": "62739041d7226e71caeb2d69",
                "newValue": "PENDING_TO_SHIP", "previousValue": "REGISTERED",
            },
        });
        assert_eq!(bodies, [status, tracking("01"), tracking("02")]);
        assert!(labels[0] != labels[1] && numbers[0] != numbers[1], "each its own");
        let shown = show(&t, &id).await["shipment"]["boxes"].clone();
        for (n, number) in numbers.iter().enumerate() {
            assert_eq!(shown[n]["tracking"]["trackId"], json!(number));
            assert_eq!(shown[n]["_id"], bodies[n + 1]["data"]["boxId"]);
        }
        assert_ne!(shown[0]["_downloadableId"], shown[1]["_downloadableId"]);
    }

    async fn what_a_carrier_reports_is_told_with_the_word_before(engine: Engine) {
        for (end, word, status) in [
            ("undeliverable", "incident", "SHIPMENT_FAILED"),
            ("delivered", "delivered", "COMPLETED"),
        ] {
            let sink = Sink::start().await;
            let t = serving_setup(engine, &setup_with(&endpoint(&sink, ""))).await;
            let mut order = order();
            order["shipment"]["boxes"] = json!([{}]);
            create(&t, &order).await;
            assert_eq!(t.post("/v1/orders/ord_1/shipments", &json!({})).await.status, 201);
            t.run_jobs().await;
            let before = told(&sink).len();
            report(&t, json!([{ "code": "A", "status": "in_transit", "milestone": "picked_up" }])).await;
            report(&t, json!([{ "code": "B", "status": "in_transit", "milestone": "delayed" }])).await;
            report(&t, json!([{ "code": "C", "status": "out_for_delivery" }])).await;
            report(&t, json!([{ "code": "D", "status": end }])).await;
            assert_eq!(told(&sink).split_off(before), [
                json!(["trackingUpdated", "generated label", "scanned"]),
                json!(["statusUpdated", "PENDING_TO_SHIP", "SHIPPED"]),
                json!(["trackingUpdated", "scanned", "possible delay"]),
                json!(["trackingUpdated", "possible delay", "last mile"]),
                json!(["trackingUpdated", "last mile", word]),
                json!(["statusUpdated", "SHIPPED", status]),
            ]);
        }
    }

    async fn what_an_order_says_otherwise_is_told_value_by_value(engine: Engine) {
        let (all, dates) = (Sink::start().await, Sink::start().await);
        let tables = [endpoint(&all, ""), endpoint(&dates, "variant = \"sendDateUpdated\"")].concat();
        let t = serving_setup(engine, &setup_with(&tables)).await;
        let id = create(&t, &order()).await;
        let change = json!({
            "_courierContract": "620cda48590c8227ac0fa5a9", "customField1": "untold", "status": "TO_REVIEW",
            "shipment": { "sendDate": "2026-03-05", "shipTo": { "address": { "city": "Eindhoven" } } },
        });
        assert_eq!(patch(&t, &id, &change).await.status, 200);
        assert_eq!(patch(&t, &id, &json!({ "customField2": "untold" })).await.status, 200);
        assert_eq!(patch(&t, &id, &json!({ "status": "CANCELED" })).await.status, 200);
        t.run_jobs().await;
        let to = |city: &str| json!({ "name": "Erika", "address": {
            "street1": "Stadhuisplein 15", "city": city, "postalCode": "5341AB", "country": "NL" } });
        assert_eq!(told(&all), [
            json!(["statusUpdated", "REGISTERED", "TO_REVIEW"]),
            json!(["sendDateUpdated", "2026-03-04", "2026-03-05"]),
            json!(["courierUpdated", null, "620cda48590c8227ac0fa5a9"]),
            json!(["destinationAddressUpdated", to("Oss"), to("Eindhoven")]),
            json!(["statusUpdated", "TO_REVIEW", "CANCELED"]),
        ]);
        assert_eq!(told(&dates), [json!(["sendDateUpdated", "2026-03-04", "2026-03-05"])]);
        let received = all.received();
        let last: Json = serde_json::from_slice(&received.last().unwrap().body).unwrap();
        assert!(last["data"].get("boxId").is_none() && last["data"].get("documents").is_none(), "of no box");
    }

    async fn an_address_that_fails_turns_its_order_to_review_and_back_once_it_is_mended(engine: Engine) {
        let sink = Sink::start().await;
        let checking = "time_zone = \"Europe/Berlin\"\naddress_check = { by = \"rules\" }";
        let setup = SETUP.replacen("time_zone = \"Europe/Berlin\"", checking, 1);
        let t = serving_setup(engine, &with(&setup, &endpoint(&sink, "variant = \"statusUpdated\""))).await;
        let mut bad = order();
        bad["shipment"]["shipTo"]["address"]["postalCode"] = json!("53");
        let id = create(&t, &bad).await;
        looked_at(&t).await;
        assert_eq!(told(&sink), [json!(["statusUpdated", "REGISTERED", "TO_REVIEW"])]);
        assert_eq!(show(&t, &id).await["status"], "TO_REVIEW");
        assert_eq!(patch(&t, &id, &json!({ "shipment": order()["shipment"] })).await.status, 200);
        looked_at(&t).await;
        assert_eq!(show(&t, &id).await["status"], "REGISTERED");
        assert_eq!(told(&sink)[1..], [json!(["statusUpdated", "TO_REVIEW", "REGISTERED"])]);
        label(&t).await;
        assert_eq!(told(&sink)[2..], [json!(["statusUpdated", "REGISTERED", "PENDING_TO_SHIP"])]);
    }

    async fn data_that_are_missing_turn_an_order_to_review_and_back_once_they_are_there(engine: Engine) {
        let sink = Sink::start().await;
        let setup = SETUP.replacen("default_parcel = { weight_kg = 1.0 }\n", "", 1);
        let t = serving_setup(engine, &with(&setup, &endpoint(&sink, ""))).await;
        let mut light = order();
        light["shipment"]["boxes"] = json!([{ "customField1": "shelf 3" }]);
        let id = create(&t, &light).await;
        label(&t).await;
        assert_eq!(told(&sink), [json!(["statusUpdated", "REGISTERED", "TO_REVIEW"])]);
        assert_eq!(show(&t, &id).await["status"], "TO_REVIEW");
        assert_eq!(patch(&t, &id, &json!({ "shipment": { "boxes": [{ "weight": 2 }] } })).await.status, 200);
        t.run_jobs().await;
        assert_eq!(told(&sink)[1..], [json!(["statusUpdated", "TO_REVIEW", "REGISTERED"])]);
        label(&t).await;
        let mut labelled = told(&sink).split_off(2);
        labelled.sort_by_key(ToString::to_string);
        assert_eq!(labelled, [
            json!(["statusUpdated", "REGISTERED", "PENDING_TO_SHIP"]),
            json!(["trackingUpdated", "waiting", "generated label"]),
        ]);
    }

    async fn a_label_that_the_carrier_refuses_turns_its_order_to_review_and_the_next_one_ends_it(engine: Engine) {
        let (sink, carrier) = (Sink::start().await, Scripted::new());
        let setup = with(&scripted_setup(), &endpoint(&sink, ""));
        let t = routed(builder(engine).connectors(vec![Arc::new(carrier.clone())]).setup(setup).build().await);
        let mut order = order();
        order["shipment"]["boxes"] = json!([{ "weight": 2 }]);
        let id = create(&t, &order).await;
        carrier.next_booking(Outcome::No("street too long"));
        label(&t).await;
        assert_eq!(told(&sink), [json!(["statusUpdated", "REGISTERED", "TO_REVIEW"])]);
        let shown = show(&t, &id).await;
        assert_eq!(shown["status"], "TO_REVIEW");
        let failure = shown["shipment"]["boxes"][0]["tracking"].clone();
        assert_eq!((&failure["status"], &failure["trackId"]), (&json!("waiting"), &json!(null)));
        assert!(failure["error"].as_str().unwrap().contains("street too long"), "{failure}");
        label(&t).await;
        let shown = show(&t, &id).await;
        assert_eq!((&shown["status"], &shown["shipment"]["boxes"][0]["tracking"]["error"]), (&json!("PENDING_TO_SHIP"), &json!(null)));
        // Whatever stands between, each word is told with the one before it.
        let told: Vec<_> = told(&sink).into_iter().filter(|one| one[0] == "statusUpdated").collect();
        assert!(told.windows(2).all(|pair| pair[0][2] == pair[1][1]), "{told:?}");
        assert_eq!(told.last().unwrap()[2], "PENDING_TO_SHIP");
    }

    async fn an_endpoint_hears_of_real_shipments_or_of_trials(engine: Engine) {
        let (real, trial) = (Sink::start().await, Sink::start().await);
        let bearer = "mode = \"test\"\nauthentication = { bearer = \"tok-1\" }";
        let key = "mode = \"live\"\nauthentication = { api_key = \"key-1\", header = \"x-shop-key\" }";
        let sandbox = "[[tenant.carrier_account]]\nid = \"sandbox\"\ncarrier = \"sandbox\"\n";
        let tables = [endpoint(&trial, bearer), endpoint(&real, key), sandbox.to_owned()].concat();
        let t = serving_setup(engine, &setup_with(&tables)).await;
        for number in ["1", "2"] {
            let mut order = order();
            order["orderNumber"] = json!(number);
            order["_externalReferenceId"] = json!(format!("reference-{number}"));
            create(&t, &order).await;
        }
        assert_eq!(t.post("/v1/orders/ord_1/shipments", &json!({ "service": "house:standard" })).await.status, 201);
        let tried = t.post("/v1/orders/ord_2/shipments", &json!({ "service": "sandbox:standard" })).await;
        assert_eq!(tried.status, 201, "{}", tried.text());
        t.run_jobs().await;
        let heard = |sink: &Sink| {
            let received = sink.received();
            let bodies = received.iter().map(|one| serde_json::from_slice::<Json>(&one.body).unwrap());
            let mut heard: Vec<_> = bodies.map(|body| json!([body["liveMode"], body["data"]["orderNumber"]])).collect();
            heard.dedup();
            heard
        };
        assert_eq!((heard(&real), heard(&trial)), (vec![json!([true, "1"])], vec![json!([false, "2"])]));
        assert_eq!(trial.received()[0].header("authorization"), "Bearer tok-1");
        assert_eq!((real.received()[0].header("x-shop-key"), real.received()[0].header("authorization")), ("key-1", ""));
    }
}
