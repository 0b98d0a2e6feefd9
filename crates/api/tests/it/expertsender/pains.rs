//! What hurts elsewhere: each name begins with the row of the list of pains it is about.

use std::collections::BTreeMap;

use futures::future::join_all;
use http::Method;
use serde_json::{Value as Json, json};
use testkit::{TestApp, on_both_engines};

use super::{ask, batch, order, post, sent, shown};
use crate::fixture::{events, patch, serving};

async fn address(t: &TestApp, country: &str, postal_code: &str) {
    let address = json!({ "shipping_address": {
        "name": "Ann Example", "address_line_1": "Stadhuisplein", "house_number": "15", "postal_code": postal_code,
        "city": "Oss", "country_code": country, "phone_number": "0612345678",
    } });
    let patched = patch(t, "/api/v3/orders/1", &address).await;
    assert_eq!(patched.status, 200, "{}", patched.text());
}

async fn label(t: &TestApp) -> Json {
    let label = t.post("/v1/orders/ord_1/shipments", &json!({})).await;
    assert_eq!(label.status, 201, "{}", label.text());
    label.json()
}

on_both_engines! {
    async fn a5_one_order_posted_100_times_in_parallel_stays_one(engine: Engine) {
        let t = serving(engine).await;
        let (add, either) = (batch("Add", [order("A")]), batch("AddOrReplace", [order("B")]));
        let added = join_all((0..100).map(|_| post(&t, "/orders", &add))).await;
        let mut statuses = BTreeMap::new();
        for answer in &added {
            *statuses.entry(answer.status.as_u16()).or_insert(0) += 1;
        }
        assert_eq!(statuses, BTreeMap::from([(201, 1), (400, 99)]));
        let replaced = join_all((0..100).map(|_| post(&t, "/orders", &either))).await;
        assert!(replaced.iter().all(|answer| answer.status == 201));
        assert_eq!(events(&t).await, ["order.created"; 2], "the same order again is no news");
        let all = t.get("/api/v3/orders").await.json();
        let ids: Vec<_> = all["data"].as_array().unwrap().iter().map(|order| order["order_id"].as_str().unwrap()).collect();
        assert_eq!(ids.len(), 2, "{ids:?}");
        let customers = [shown(&t, "A").await, shown(&t, "B").await].map(|order| order["customer"]["id"].clone());
        assert_eq!(customers[0], customers[1]);
    }

    async fn a5_batches_that_overlap_in_parallel_lose_and_double_nothing(engine: Engine) {
        let t = serving(engine).await;
        let bodies: Vec<_> = (0..20).map(|n| batch("AddOrReplace", (n..n + 10).map(|id| {
            let mut order = order(&id.to_string());
            order["customer"]["email"] = json!(format!("{}@example.com", id % 7));
            order
        }))).collect();
        let answers = join_all(bodies.iter().map(|body| post(&t, "/orders", body))).await;
        assert!(answers.iter().all(|answer| answer.status == 201));
        assert_eq!(events(&t).await, ["order.created"; 29]);
        let shown = join_all((0..29).map(async |id: i32| shown(&t, &id.to_string()).await)).await;
        for order in &shown {
            let id: i32 = order["id"].as_str().unwrap().parse().unwrap();
            assert_eq!(order["customer"]["email"], format!("{}@example.com", id % 7));
            assert_eq!(order["customer"]["id"], shown[usize::try_from(id % 7).unwrap()]["customer"]["id"]);
        }
    }

    async fn e4_an_order_sent_again_keeps_its_label_its_number_and_its_address(engine: Engine) {
        let t = serving(engine).await;
        sent(&t, "Add", order("A")).await;
        address(&t, "NL", "5341AB").await;
        let before = label(&t).await;
        let number = before["parcels"][0]["tracking_number"].clone();
        assert!(number.is_string(), "{before}");

        // The shop marks it as shipped: by the order itself, and by its status.
        let mut completed = order("A");
        (completed["status"], completed["returnsValue"]) = (json!("Completed"), json!("0.00"));
        sent(&t, "AddOrReplace", completed).await;
        let status = json!({ "orderId": "A", "orderStatus": "completed" });
        assert_eq!(ask(&t, Method::PUT, "/orders/status", &status).await.status, 200);

        let after = t.get("/v1/shipments/shp_1").await.json();
        assert_eq!((&after["status"], &after["parcels"][0]["tracking_number"]), (&json!("booked"), &number));
        assert_eq!(t.get("/v1/parcels/pcl_1/label").await.status, 200, "the label still fits and prints");
        let elsewhere = t.get("/api/v3/orders/1").await.json();
        assert_eq!(elsewhere["data"]["shipping_address"]["postal_code"], "5341AB");
        assert!(!events(&t).await.contains(&"shipment.replaced".to_owned()));
        assert_eq!(shown(&t, "A").await["status"], "completed");
    }

    async fn e4_lines_that_are_sent_again_keep_what_this_dialect_cannot_say(engine: Engine) {
        let t = serving(engine).await;
        sent(&t, "Add", order("A")).await;
        let item = json!({ "order_details": { "order_items": [{
            "product_id": "or-1", "name": "Orange", "quantity": 2, "hs_code": "080510",
            "unit_price": { "value": 1.75, "currency": "EUR" }, "total_price": { "value": 3.5, "currency": "EUR" },
            "measurement": { "weight": { "value": 250, "unit": "g" } },
        }] } });
        let patched = patch(&t, "/api/v3/orders/1", &item).await;
        assert_eq!(patched.status, 200, "{}", patched.text());
        let mut again = order("A");
        again["products"][0]["quantity"] = json!(3);
        again["products"].as_array_mut().unwrap().push(json!({ "id": "new", "name": "Lime", "price": 1, "quantity": 1 }));
        sent(&t, "AddOrReplace", again).await;
        let items = t.get("/api/v3/orders/1").await.json()["data"]["order_details"]["order_items"].clone();
        assert_eq!((&items[0]["hs_code"], &items[0]["quantity"]), (&json!("080510"), &json!(3)));
        assert_eq!(items[0]["measurement"]["weight"], json!({ "value": 250, "unit": "g" }));
        assert_eq!((&items[1]["product_id"], items[1].get("hs_code")), (&json!("new"), None));
    }

    async fn f5_the_tracking_link_shows_the_recipients_place_and_not_the_shops(engine: Engine) {
        for (country, postal_code) in [("NL", "5341AB"), ("DE", "10117")] {
            let t = serving(engine).await;
            let mut first = order("A");
            first["timeZone"] = json!("Pacific Standard Time");
            sent(&t, "Add", first).await;
            address(&t, country, postal_code).await;
            let shipment = label(&t).await;
            let parcel = &shipment["parcels"][0];
            let link = parcel["tracking_url"].as_str().unwrap();
            assert!(link.starts_with("http://127.0.0.1:8080/t/") && link.len() > 40, "{link}");
            // Sending the order again moves neither the link nor where it leads.
            sent(&t, "AddOrReplace", order("A")).await;
            let again = t.get("/v1/shipments/shp_1").await.json();
            assert_eq!(again["parcels"][0]["tracking_url"], link);
            assert_eq!(t.get("/api/v3/orders/1").await.json()["data"]["shipping_address"]["country_code"], country);
        }
    }
}
