//! Parcels over HTTP: orders that leave in several shipments, and how many labels there will be.

use http::Method;
use serde_json::{Value as Json, json};
use testkit::sink::Sink;
use testkit::{Answer, TestApp, on_both_engines};

use crate::fixture::{bare, changed, order, place, serving, serving_setup, setup_with};

/// An order of five cups of 300 g, in canonical words.
fn cups(id: &str) -> Json {
    json!({
        "external_id": id,
        "items": [{ "id": "cups", "name": "Cup", "quantity": 5, "weight_kg": "0.3" }],
        "shipping_address": {
            "name": "John Doe", "street1": "Stadhuisplein", "house_number": "15", "postal_code": "5341AB",
            "city": "Oss", "country": "NL",
        },
    })
}

async fn ship(t: &TestApp, pieces: u64) -> Answer {
    let parcels = json!([{ "contents": [{ "item": "cups", "quantity": pieces }] }]);
    t.post("/v1/orders/ord_1/shipments", &json!({ "parcels": parcels })).await
}

async fn shipping(t: &TestApp) -> Json {
    t.get("/v1/orders/ord_1").await.json()["shipping"].clone()
}

/// What the own fleet says of a shipment.
async fn delivered(t: &TestApp, shipment: &str) {
    let events = json!({ "events": [{ "code": "POD", "status": "delivered", "happened_at": "2026-03-02T13:00:00Z" }] });
    assert_eq!(t.post(&format!("/v1/shipments/{shipment}/tracking-events"), &events).await.status, 200);
}

on_both_engines! {
    async fn d1_each_parcel_has_its_own_number_label_status_and_link_in_the_native_api_and_its_webhooks(engine: Engine) {
        let sink = Sink::start().await;
        let hook = format!("[[tenant.webhook]]\nurl = \"{}\"\nsecret = \"s\"\ndialect = \"native\"\nevents = [\"shipment.ready_to_print\", \"parcel.tracking_changed\"]\n", sink.url);
        let t = serving_setup(engine, &setup_with(&hook)).await;
        assert_eq!(t.post("/v1/orders", &cups("A")).await.status, 201);
        let boxes = json!([{ "contents": [{ "item": "cups", "quantity": 4 }] }, { "contents": [{ "item": "cups", "quantity": 1 }] }]);
        let shipped = t.post("/v1/orders/ord_1/shipments", &json!({ "parcels": boxes })).await;
        assert_eq!(shipped.status, 201, "{}", shipped.text());
        let report = json!({ "events": [{ "parcel": "pcl_2", "code": "POD", "status": "delivered", "happened_at": "2026-03-02T13:00:00Z" }] });
        assert_eq!(t.post("/v1/shipments/shp_1/tracking-events", &report).await.status, 200);
        t.run_jobs().await;

        let shown = t.get("/v1/shipments/shp_1").await.json()["parcels"].clone();
        let [first, second] = shown.as_array().unwrap().as_slice() else { panic!("{shown}") };
        for name in ["id", "tracking_number", "tracking", "tracking_url"] {
            assert!(first[name].is_string() && second[name].is_string() && first[name] != second[name], "{name}: {shown}");
        }
        assert_eq!((&first["tracking"], &second["tracking"]), (&json!("announced"), &json!("delivered")));
        let mut labels = Vec::new();
        for parcel in [first, second] {
            let label = t.get(&format!("/v1/parcels/{}/label?format=zpl_203", parcel["id"].as_str().unwrap())).await.text();
            labels.push(label.clone());
            assert!(label.contains(parcel["tracking_number"].as_str().unwrap()), "its own number is on it");
            let page = parcel["tracking_url"].as_str().unwrap().strip_prefix("http://127.0.0.1:8080/t/").unwrap();
            assert!(label.replace("_5F", "_").contains(page), "and its own link");
        }
        assert_ne!(labels[0], labels[1]);

        let bodies: Vec<Json> = sink.received().iter().map(|one| serde_json::from_slice(&one.body).unwrap()).collect();
        let told = |kind: &str| bodies.iter().find(|body| body["type"] == kind).unwrap()["data"]["parcels"].clone();
        let whole = |parcel: &Json| json!({
            "id": parcel["id"], "position": parcel["position"], "tracking_number": parcel["tracking_number"],
            "tracking": parcel["tracking"], "tracking_url": parcel["tracking_url"],
            "label_url": format!("http://127.0.0.1:8080/v1/parcels/{}/label", parcel["id"].as_str().unwrap()),
        });
        assert_eq!(told("shipment.ready_to_print"), json!([whole(first), whole(second)]));
        assert_eq!(told("parcel.tracking_changed"), json!([whole(second)]));
    }

    async fn d2_an_order_is_partly_shipped_between_two_shipments_and_the_sixth_piece_is_refused(engine: Engine) {
        let t = serving(engine).await;
        assert_eq!(t.post("/v1/orders", &cups("A")).await.status, 201);
        assert_eq!(shipping(&t).await, "open");
        assert_eq!(ship(&t, 4).await.status, 201);
        assert_eq!(shipping(&t).await, "partly_shipped");
        delivered(&t, "shp_1").await;
        assert_eq!(shipping(&t).await, "partly_shipped", "what is left has not arrived");
        assert_eq!(ship(&t, 1).await.status, 201);
        assert_eq!(shipping(&t).await, "shipped");
        insta::assert_json_snapshot!(ship(&t, 2).await.story(), @r#"
        {
          "body": {
            "detail": "One field is wrong; see errors.",
            "errors": [
              {
                "detail": "2 of \"Cup\" are asked for, and 0 of 5 are left, the others are in shp_1, shp_2",
                "pointer": "/parcels/0/contents/0/quantity"
              }
            ],
            "status": 400,
            "title": "Invalid input",
            "type": "/docs/errors#invalid"
          },
          "status": 400
        }
        "#);
        delivered(&t, "shp_2").await;
        assert_eq!(shipping(&t).await, "delivered");
        assert_eq!(t.post("/v1/orders", &cups("A")).await.json()["shipping"], "delivered");
    }

    async fn d2_a_part_is_labelled_through_sendcloud_and_the_rest_through_another_dialect(engine: Engine) {
        let t = serving(engine).await;
        place(&t, [changed(order("A"), "/order_details/order_items/0/quantity", json!(5))]).await;
        let label = async |items: Json| {
            let parcels = json!([{ "parcel_items": items }]);
            t.post("/api/v3/orders/create-label-sync", &json!({ "integration_id": 7, "order": { "order_id": "A", "parcels": parcels } })).await
        };
        assert_eq!(label(json!([{ "item_id": "line-1", "quantity": 4 }])).await.status, 201);
        assert_eq!(shipping(&t).await, "partly_shipped");
        let refused = label(json!([{ "item_id": "line-1", "quantity": 2 }])).await;
        assert_eq!(refused.status, 400, "{}", refused.text());
        assert!(refused.text().contains("2 of \\\"Orange\\\" are asked for, and 1 of 5 are left"), "{}", refused.text());

        // Seven Senders tells that it is complete when all of it has arrived, and not before.
        let state = async || {
            let answer = bare(&t, &[("api-key", "sec-acme")], Method::GET, "/v2/orders/1", "").await;
            answer.json()["state"].clone()
        };
        assert_eq!(state().await, "shipped");
        delivered(&t, "shp_1").await;
        assert_eq!(state().await, "shipped");
        assert_eq!(t.post("/v1/orders/ord_1/shipments", &json!({})).await.json()["id"], "shp_2");
        delivered(&t, "shp_2").await;
        assert_eq!((state().await, shipping(&t).await), (json!("completed"), json!("delivered")));
    }

    async fn d4_the_parcels_are_counted_before_booking_and_each_services_most_is_known(engine: Engine) {
        let t = serving(engine).await;
        let mut sofa = cups("A");
        sofa["items"] = json!([{ "id": "sofa", "name": "Sofa", "quantity": 1, "weight_kg": "60", "parcels": 3 }]);
        assert_eq!(t.post("/v1/orders", &sofa).await.json()["items"][0]["parcels"], 3);
        let rates = t.post("/v1/orders/ord_1/rates", &json!({})).await.json();
        insta::assert_json_snapshot!(rates["parcels"], @r#"
        {
          "because": "\"Sofa\" ships as 3 parcels",
          "count": 3,
          "weights_kg": [
            "20",
            "20",
            "20"
          ]
        }
        "#);
        let shipment = t.post("/v1/orders/ord_1/shipments", &json!({})).await.json();
        assert_eq!(shipment["parcels"].as_array().unwrap().len(), 3);
        let accounts = t.get("/v1/carrier-accounts").await.json();
        assert_eq!(accounts["data"][0]["services"], json!([
            { "service": "house:express", "most_parcels": null },
            { "service": "house:standard", "most_parcels": null },
        ]));
        sofa["items"][0]["parcels"] = json!(0);
        assert_eq!(t.post("/v1/orders", &sofa).await.json()["errors"][0]["pointer"], "/items/0/parcels");
    }

    async fn i2_a_batch_is_printed_with_a_start_position_and_turned(engine: Engine) {
        let t = serving(engine).await;
        for id in ["A", "B", "C"] {
            assert_eq!(t.post("/v1/orders", &cups(id)).await.status, 201);
        }
        let batch = json!({ "orders": ["ord_1", "ord_2", "ord_3"], "format": "pdf_a4", "start_position": 2, "rotation": 180 });
        assert_eq!(t.post("/v1/batches", &batch).await.status, 202);
        t.run_jobs().await;
        let done = t.get("/v1/batches/bat_1").await.json();
        assert_eq!((&done["start_position"], &done["rotation"]), (&json!(2), &json!(180)));
        let file = async |batch: &Json, place: usize| {
            let link = batch["documents"][place]["link"].as_str().unwrap().to_owned();
            let path = link.split_once("8080").unwrap().1.to_owned();
            t.get(&path).await.bytes
        };
        let pages = |pdf: &[u8]| {
            let text = String::from_utf8_lossy(pdf).into_owned();
            (text.matches("/MediaBox").count(), text.matches("/Rotate 180").count())
        };
        // The places 2 and 3 of the first sheet, and the first of the second.
        assert_eq!(pages(&file(&done, 0).await), (2, 2));
        assert_eq!(t.post("/v1/batches/bat_1/print", &json!({ "rotation": 0 })).await.status, 202);
        t.run_jobs().await;
        let again = t.get("/v1/batches/bat_1").await.json();
        assert_eq!((&again["start_position"], &again["rotation"]), (&json!(0), &json!(0)), "the sheet is used up");
        assert_eq!(pages(&file(&again, 0).await), (1, 0));
        for (wish, pointer) in [
            (json!({ "format": "pdf_a6", "start_position": 1 }), "/start_position"),
            (json!({ "format": "zpl_203", "rotation": 90 }), "/rotation"),
            (json!({ "start_position": 4 }), "/start_position"),
            (json!({ "rotation": 45 }), "/rotation"),
        ] {
            let refused = t.post("/v1/batches/bat_1/print", &wish).await;
            assert_eq!((refused.status.as_u16(), &refused.json()["errors"][0]["pointer"]), (400, &json!(pointer)), "{wish}");
        }
    }
}
