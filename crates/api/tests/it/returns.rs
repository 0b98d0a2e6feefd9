//! Returns: one action, tied to the order, tracked like any parcel, withdrawn when cancelled; and where they go.

use futures::future::join_all;
use serde_json::{Value as Json, json};
use testkit::{TestApp, on_both_engines};

use crate::fixture::{changed, events, kind_of, order, place, serving, serving_setup, tidy};
use crate::native_shipments::SHIP;

const RETURNS: &str = "/v1/orders/ord_1/returns";

/// The setup with a return address, a payer, and services that cannot print the former.
fn setup(without_return_address: &str) -> String {
    let places = "return_to = { company = \"Acme Returns\", street1 = \"Kade\", house_number = \"7\", \
                  postal_code = \"3011AA\", city = \"Rotterdam\", country = \"NL\" }\n\
                  billing = { company = \"Acme Holding\", street1 = \"Dam\", house_number = \"1\", \
                  postal_code = \"1012JS\", city = \"Amsterdam\", country = \"NL\" }\n\
                  contact = { name = \"Dispatch\"";
    let cannot = match without_return_address {
        "" => "carrier_name = \"House Parcel\"".to_owned(),
        services => format!("carrier_name = \"House Parcel\", no_return_address = \"{services}\""),
    };
    testkit::SETUP.replacen("contact = { name = \"Dispatch\"", places, 1).replacen(
        "carrier_name = \"House Parcel\"",
        &cannot,
        1,
    )
}

fn two_lines() -> Json {
    let line = json!({
        "item_id": "line-2",
        "name": "Lemon",
        "sku": "LE-1",
        "quantity": 3,
        "total_price": { "value": 6, "currency": "EUR" },
        "measurement": { "weight": { "value": 100, "unit": "g" } },
    });
    let first = order("A")["order_details"]["order_items"][0].clone();
    changed(order("A"), "/order_details/order_items", json!([first, line]))
}

/// What stands on the label that was kept of a parcel, as text.
async fn label_text(t: &TestApp, parcel: &str) -> String {
    let zpl = t.get(&format!("/v1/parcels/{parcel}/label?format=zpl_203")).await;
    assert_eq!(zpl.status, 200, "{}", zpl.text());
    zpl.text()
}

on_both_engines! {
    async fn n1_some_lines_of_an_order_come_back_in_one_action(engine: Engine) {
        let t = serving(engine).await;
        place(&t, [two_lines()]).await;
        assert_eq!(t.post(SHIP, &json!({})).await.status, 201);
        let wish = json!({ "items": [{ "item": "LE-1", "quantity": 2 }], "reason": "too sour", "service": "house:standard" });
        let created = tidy(t.post(RETURNS, &wish).await.story());
        let mut body = created["body"].clone();
        for left in ["rate", "decision"] {
            body.as_object_mut().unwrap().remove(left);
        }
        assert_eq!(json!({ "status": created["status"], "body": body }), json!({ "status": 201, "body": {
            "id": "shp_2",
            "order": "ord_1",
            "kind": "return",
            "status": "booked",
            "tracking": "announced",
            "is_ready_to_print": true,
            "service": "house:standard",
            "service_name": "Standard",
            "location": "oss",
            "created_at": "2026-03-02T10:00:00Z",
            "booked_at": "2026-03-02T10:00:00Z",
            "return": {
                "reason": "too sour",
                "items": [{ "line": 2, "item": "line-2", "quantity": 2 }],
                "sender": {
                    "name": "John Doe",
                    "street1": "Stadhuisplein",
                    "house_number": "15",
                    "postal_code": "5341AB",
                    "city": "Oss",
                    "country": "NL",
                    "phone": "0612345678",
                },
                "recipient": {
                    "name": "Dispatch",
                    "company": "Acme warehouse",
                    "street1": "Havenweg",
                    "house_number": "1",
                    "postal_code": "5347AB",
                    "city": "Oss",
                    "country": "NL",
                    "phone": "+31 85 555 0100",
                },
            },
            "parcels": [{
                "id": "pcl_2",
                "position": 1,
                "weight_kg": "0.2",
                "tracking_number": "40123450000000023",
                "sscc": "040123450000000023",
                "tracking": "announced",
                "number_from": { "source": "carrier", "who": "house", "at": "2026-03-02T10:00:00Z" },
                "has_label": true,
                "tracking_url": "http://127.0.0.1:8080/t/<token>",
            }],
        } }));
        // What went out is as it was, and is all that the order's shipments are.
        let shipments = t.get(SHIP).await.json();
        assert_eq!(shipments["data"].as_array().unwrap().len(), 1);
        assert_eq!(shipments["data"][0]["id"], "shp_1");
        let listed = |kind: &'static str| {
            let t = &t;
            async move {
                let page = t.get(&format!("/v1/shipments?kind={kind}")).await.json();
                page["data"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
            }
        };
        assert_eq!(listed("return").await, ["shp_2"]);
        assert_eq!(listed("outgoing").await, ["shp_1"]);
        assert_eq!(listed("").await, ["shp_2", "shp_1"]);
        assert_eq!(t.get(RETURNS).await.json()["data"][0]["id"], "shp_2");
        assert_eq!(events(&t).await[4..], ["return.requested", "return.booked", "return.ready_to_print"]);
        let kept = t.get("/v1/shipments/shp_2/documents").await.json();
        assert_eq!(kept["data"][0]["kind"], "return_label");
    }

    async fn n1_a_return_is_tracked_like_any_parcel_and_leaves_the_order_as_it_is(engine: Engine) {
        let t = serving(engine).await;
        place(&t, [order("A")]).await;
        assert_eq!(t.post(SHIP, &json!({})).await.status, 201);
        let outgoing = async |code: &str| {
            let reports = json!({ "events": [{ "code": code }] });
            assert_eq!(t.post("/v1/shipments/shp_1/tracking-events", &reports).await.status, 200);
        };
        outgoing("delivered").await;
        assert_eq!(t.post(RETURNS, &json!({})).await.status, 201);
        let reports = json!({ "events": [{ "code": "in_transit" }] });
        let moved = t.post("/v1/shipments/shp_2/tracking-events", &reports).await;
        assert_eq!((moved.status.as_u16(), &moved.json()["tracking"]), (200, &json!("in_transit")));
        let told = t.get("/v1/parcels/pcl_2/tracking-events").await.json();
        assert_eq!(told["data"][0]["code"], "in_transit");
        assert_eq!(events(&t).await.last().unwrap(), "return.tracking_changed");
        // The parcels that went out, as another dialect lists them, are those of before.
        let seen = t.get("/api/v1/orders").await.json().to_string();
        assert!(seen.contains("delivered") && !seen.contains("on route"), "{seen}");
        let parcels = t.get("/v2/shipments.json").await.json();
        assert_eq!(parcels.as_array().map(Vec::len), Some(1), "{parcels}");
        let back = moved.json()["parcels"][0]["tracking_number"].as_str().unwrap().to_owned();
        let found = t.get(&format!("/api/v1/orders?query=shipment.boxes.tracking.trackId={back}")).await;
        assert_eq!((found.status.as_u16(), found.text().contains("N-A")), (200, false), "{}", found.text());
        // Its parcel waits for no scan: the customer takes as long as it takes.
        t.clock.advance(std::time::Duration::from_hours(24 * 30));
        let waiting = t.get("/v1/parcels?without_scan_for_hours=1").await.json();
        assert_eq!(waiting, json!({ "data": [] }));
    }

    async fn n1_the_label_of_a_cancelled_return_is_withdrawn(engine: Engine) {
        let t = serving(engine).await;
        place(&t, [order("A")]).await;
        assert_eq!(t.post(SHIP, &json!({})).await.status, 201);
        assert_eq!(t.post(RETURNS, &json!({})).await.status, 201);
        let label = "/v1/parcels/pcl_2/label";
        assert_eq!(kind_of(&t.get(label).await.bytes), "<PDF>");
        let documents = t.get("/v1/shipments/shp_2/documents").await.json();
        let (id, link) = (documents["data"][0]["id"].as_str().unwrap(), documents["data"][0]["link"].as_str().unwrap());
        let (document, link) = (format!("/v1/documents/{id}"), link.trim_start_matches("http://127.0.0.1:8080").to_owned());
        for path in [&document, &link] {
            assert_eq!(t.get(path).await.status, 200, "{path}");
        }
        let cancelled = t.post("/v1/shipments/shp_2/cancel", &Json::Null).await;
        assert_eq!((cancelled.status.as_u16(), &cancelled.json()["status"]), (200, &json!("cancelled")));
        let withdrawn = json!({ "status": 409, "body": {
            "type": "/docs/errors#conflict",
            "title": "Conflict",
            "status": 409,
            "detail": "the return is cancelled: its label is withdrawn and must not be used",
        } });
        for path in [label, "/v1/parcels/pcl_2/label?format=zpl_203", "/v1/parcels/pcl_2/label?confirm=outdated", &document] {
            assert_eq!(t.get(path).await.story(), withdrawn, "{path}");
        }
        assert_eq!(t.get(&link).await.status, 410);
        assert_eq!(t.get("/v1/shipments/shp_2/documents").await.json()["data"][0]["withdrawn"], true);
        assert_eq!(events(&t).await.last().unwrap(), "return.cancelled");
        // What was not sent back can be sent back by another one.
        let again = t.post(RETURNS, &json!({})).await;
        assert_eq!((again.status.as_u16(), &again.json()["id"]), (201, &json!("shp_3")));
    }

    async fn n1_no_more_comes_back_than_was_shipped(engine: Engine) {
        let t = serving(engine).await;
        place(&t, [two_lines()]).await;
        let nothing = t.post(RETURNS, &json!({})).await;
        assert_eq!((nothing.status.as_u16(), &nothing.json()["detail"]), (409, &json!("nothing of the order is shipped, so nothing can come back")));
        assert_eq!(t.post(SHIP, &json!({})).await.status, 201);
        let wrong = json!({ "items": [
            { "item": "line-1", "quantity": 3 }, { "item": "pear", "quantity": 1 }, { "item": "line-2", "quantity": 0 },
        ] });
        let refused = t.post(RETURNS, &wrong).await;
        assert_eq!(refused.json()["errors"], json!([{ "pointer": "/items/2/quantity", "detail": "Input should be greater than or equal to 1" }]));
        let wrong = json!({ "items": [{ "item": "line-1", "quantity": 3 }, { "item": "pear", "quantity": 1 }] });
        assert_eq!(t.post(RETURNS, &wrong).await.json()["errors"], json!([
            { "pointer": "/items/0/quantity", "detail": "of \"line-1\" at most 2 can still come back" },
            { "pointer": "/items/1/item", "detail": "the order has no item with the id or sku \"pear\"" },
        ]));
        let one = json!({ "items": [{ "item": "line-1", "quantity": 1 }] });
        assert_eq!(t.post(RETURNS, &one).await.status, 201);
        // The rest, without saying what that is.
        let rest = t.post(RETURNS, &json!({})).await.json();
        assert_eq!(rest["return"]["items"], json!([
            { "line": 1, "item": "line-1", "quantity": 1 }, { "line": 2, "item": "line-2", "quantity": 3 },
        ]));
        let all = t.post(RETURNS, &json!({})).await;
        assert_eq!(all.json()["detail"], "everything that was shipped comes back already, by shp_2, shp_3");
    }

    async fn n1_returns_that_are_asked_for_at_once_take_no_piece_twice(engine: Engine) {
        let t = serving(engine).await;
        place(&t, [order("A")]).await;
        assert_eq!(t.post(SHIP, &json!({})).await.status, 201);
        let one = json!({ "items": [{ "item": "line-1", "quantity": 1 }] });
        let answers = join_all((0..8).map(|_| t.post(RETURNS, &one))).await;
        let created = answers.iter().filter(|answer| answer.status == 201).count();
        let refused = answers.iter().filter(|answer| matches!(answer.status.as_u16(), 400 | 409)).count();
        assert_eq!((created, refused), (2, 6));
        assert_eq!(t.get(RETURNS).await.json()["data"].as_array().unwrap().len(), 2);
    }

    async fn n2_a_return_goes_to_the_return_address_and_leaves_from_the_customer(engine: Engine) {
        let t = serving_setup(engine, &setup("")).await;
        place(&t, [order("A")]).await;
        assert_eq!(t.post(SHIP, &json!({})).await.status, 201);
        let created = t.post(RETURNS, &json!({})).await.json();
        assert_eq!(created["return"]["sender"]["name"], "John Doe");
        assert_eq!(created["return"]["recipient"], json!({
            "name": "Dispatch",
            "company": "Acme Returns",
            "street1": "Kade",
            "house_number": "7",
            "postal_code": "3011AA",
            "city": "Rotterdam",
            "country": "NL",
            "phone": "+31 85 555 0100",
        }));
        let back = label_text(&t, "pcl_2").await;
        let (from, to) = (back.find("John Doe").unwrap(), back.find("Acme Returns").unwrap());
        assert!(from < to, "the customer sends, we receive: {back}");
        assert!(!back.contains("Havenweg"), "{back}");
        // What goes out leaves from the location and names where it goes when nobody takes it.
        let out = label_text(&t, "pcl_1").await;
        assert!(out.contains("Havenweg") && out.contains("RETURN TO") && out.contains("Acme Returns"), "{out}");
    }

    async fn n2_a_service_that_cannot_print_the_return_address_is_refused_with_the_reason(engine: Engine) {
        let t = serving_setup(engine, &setup("standard")).await;
        place(&t, [order("A")]).await;
        let refused = t.post(SHIP, &json!({ "service": "house:standard" })).await;
        let why = "no service fits this shipment (standard): house:standard: the service cannot print the location's return \
                   address, only the sender's";
        assert_eq!(refused.json()["errors"], json!([{ "pointer": "/service", "detail": why }]));
        // Where nobody names one, the next best goes.
        let shipped = t.post(SHIP, &json!({})).await.json();
        assert_eq!((&shipped["service"], &shipped["status"]), (&json!("house:express"), &json!("booked")));
        let reason = shipped["decision"]["candidates"].as_array().unwrap().iter().find(|one| one["outcome"] == "out").unwrap();
        assert_eq!(reason["why"], "the service cannot print the location's return address, only the sender's");
    }

    async fn n2_a_service_that_brings_nothing_back_is_refused_with_the_reason(engine: Engine) {
        let setup = testkit::SETUP.replacen("carrier_name = \"House Parcel\"", "no_returns = \"standard\"", 1);
        let t = serving_setup(engine, &setup).await;
        place(&t, [order("A")]).await;
        assert_eq!(t.post(SHIP, &json!({})).await.status, 201);
        let refused = t.post(RETURNS, &json!({ "service": "house:standard" })).await;
        let why = "no service brings this back (standard): house:standard: the service brings nothing back from customers";
        assert_eq!(refused.json()["errors"], json!([{ "pointer": "/service", "detail": why }]));
        assert_eq!(t.post(RETURNS, &json!({})).await.json()["service"], "house:express");
    }
}
