//! What two real clients send, with their quirks, and the answer each of them needs.

use http::Method;
use serde_json::{Value as Json, json};
use testkit::{Answer, TestApp, on_both_engines};

use super::fixture::token;
use crate::fixture::{bare, serving};

/// The shop system's connector: it buys a token before every call, without a content type, and joins base and path by hand.
async fn spryker(t: &TestApp, path: &str, body: &Json) -> Answer {
    let bearer = format!("Bearer {}", token(t).await);
    bare(t, &[("authorization", &bearer), ("content-type", "application/json")], Method::POST, path, &body.to_string())
        .await
}

/// The plugin keeps its token, and sends GET with a content type and an empty body.
async fn plugin(t: &TestApp, token: &str, method: Method, path: &str, body: &str) -> Answer {
    let bearer = format!("Bearer {token}");
    bare(t, &[("authorization", &bearer), ("content-type", "application/json")], method, path, body).await
}

on_both_engines! {
    async fn the_connector_stores_the_iri_of_what_it_created(engine: Engine) {
        let t = serving(engine).await;
        let order = json!({
            "order_id": "DE--1", "order_url": "", "order_date": "2026-03-01 09:00:00", "delivered_with_seven_senders": true,
            "boarding_complete": false, "language": "en_US", "promised_delivery_date": null,
        });
        let answer = spryker(&t, "/v2/orders", &order).await;
        assert_eq!((answer.status.as_u16(), &answer.json()["iri"]), (201, &json!("/v2/orders/1")), "{}", answer.text());
        // It counts 200 as success too, and stores the iri of 201 only.
        let again = spryker(&t, "/v2//orders", &order).await;
        assert_eq!((again.status.as_u16(), &again.json()["iri"]), (200, &json!("/v2/orders/1")));
        let shown = again.json();
        let back = ["order_id", "order_url", "order_date", "delivered_with_seven_senders", "boarding_complete", "language", "promised_delivery_date"]
            .map(|name| shown[name].clone());
        assert_eq!(json!(back), json!(["DE--1", "", "2026-03-01T09:00:00+0000", true, false, "en_US", null]));

        let shipment = json!({
            "order_id": "DE--1", "reference_number": "DE--1-S1", "tracking_code": "", "package_no": 1_772_445_600,
            "delivered_with_seven_senders": true, "carrier": { "name": "any text", "country": "" }, "carrier_service": "Any text",
            "recipient_first_name": "Ada", "recipient_last_name": "Muster", "recipient_company_name": null,
            "recipient_email": "ada@example.com", "recipient_address": "Schwedter Str. 36 A", "recipient_zip": "10435",
            "recipient_city": "Berlin", "recipient_country": "DE", "recipient_phone": null,
            "sender_first_name": "Shop", "sender_last_name": "", "sender_company_name": "Shop GmbH", "sender_street": "Hafenweg",
            "sender_house_no": "1", "sender_zip": "10115", "sender_city": "Berlin", "sender_country": "DE",
            "sender_phone": "+49 30 5550100", "sender_email": "shop@example.com", "cod": true, "cod_value": 0,
            "return_parcel": false, "pickup_point_selected": false, "trackable": true, "weight": 0,
            "planned_pickup_datetime": 1_772_445_600, "comment": "", "warehouse": "", "warehouse_address": "", "shipment_tag": [],
        });
        let answer = spryker(&t, "/v2/shipments", &shipment).await;
        assert_eq!((answer.status.as_u16(), &answer.json()["iri"]), (201, &json!("/v2/shipments/1")), "{}", answer.text());
        // What was written is read back.
        let shown = answer.json();
        for (name, value) in shipment.as_object().unwrap() {
            let expected = if name == "planned_pickup_datetime" { &json!("2026-03-02T10:00:00+0000") } else { value };
            assert_eq!(&shown[name], expected, "{name}");
        }
        // The same reference again is the same shipment.
        let again = spryker(&t, "/v2/shipments", &shipment).await;
        assert_eq!((again.status.as_u16(), &again.json()["iri"]), (201, &json!("/v2/shipments/1")));

        let refused = spryker(&t, "/v2/orders", &json!({ "order_id": "", "order_date": "soon" })).await;
        assert_eq!(refused.story(), json!({ "status": 400, "body": {
            "type": "https://tools.ietf.org/html/rfc2616#section-10",
            "title": "An error occurred",
            "detail": "order_id: String should have at least 1 character (found \"\")\norder_date: This value is not a valid date: expected 2017-08-10T05:45:00+0000 or 10.08.2017 05:45:00 (found \"soon\")",
            "violations": [
                { "propertyPath": "order_id", "message": "String should have at least 1 character (found \"\")" },
                { "propertyPath": "order_date", "message": "This value is not a valid date: expected 2017-08-10T05:45:00+0000 or 10.08.2017 05:45:00 (found \"soon\")" },
            ],
        } }));
    }

    async fn the_plugin_exports_an_order_and_learns_that_it_is_completed(engine: Engine) {
        let t = serving(engine).await;
        // A failed log-in is not told to its user: the next call goes out without a token and must be refused.
        let refused = bare(&t, &[], Method::POST, "/v2/token", "{\"access_key\":\"wrong\"}").await;
        assert_eq!(refused.story(), json!({ "status": 401, "body": { "code": 401, "message": "Bad credentials" } }));
        let stranger = bare(&t, &[("content-type", "application/json")], Method::GET, "/v2/carriers", "").await;
        assert_eq!(stranger.story(), json!({ "status": 401, "body": { "code": 401, "message": "JWT Token not found" } }));

        let token = token(&t).await;
        let carriers = plugin(&t, &token, Method::GET, "/v2/carriers", "").await.json();
        let carrier = |code: &str| carriers.as_array().unwrap().iter().find(|one| one["code"] == code).cloned().unwrap();
        assert_eq!((&carrier("house")["name"], &carrier("dhl")["name"]), (&json!("Own fleet, or any carrier by its rate sheet"), &json!("DHL")));
        let countries = carrier("dhl")["countries"].as_array().unwrap().clone();
        assert!(["DE", "NL", "US", "XK"].iter().all(|code| countries.contains(&json!(code))) && countries.len() > 240);

        let order = json!({ "order_id": "wc_1-ä", "order_url": "https://shop.example.com", "order_date": "2026-03-01T09:00:00+01:00" });
        assert_eq!(plugin(&t, &token, Method::POST, "/v2/orders", &order.to_string()).await.status, 201);
        let state = json!({ "order_id": "wc_1-ä", "state": "in_preparation", "datetime": "2026-03-01T10:00:00+01:00" }).to_string();
        let set = plugin(&t, &token, Method::POST, "/v2/order_states", &state).await;
        assert_eq!((set.status.as_u16(), set.header("location")), (201, "/v2/orders/1"), "{}", set.text());
        let shipment = json!({
            "order_id": "wc_1-ä", "tracking_code": "JJD1", "reference_number": "", "package_no": "", "carrier": { "name": "dhl", "country": "DE" },
            "carrier_service": "standard", "recipient_first_name": "Ada", "recipient_last_name": "Muster", "recipient_company_name": "",
            "recipient_phone": "", "warehouse": "Main", "shipment_tag": [], "planned_pickup_datetime": null, "return_parcel": false,
        }).to_string();
        for _ in 0..2 {
            // It sends again what got lost on the way.
            assert_eq!(plugin(&t, &token, Method::POST, "/v2/shipments", &shipment).await.json()["iri"], "/v2/shipments/1");
        }
        let query = "/v2/orders?state=completed&order_date[after]=2026-03-01T00%3A00%3A00%2B01%3A00&order_date[before]=2026-03-02T00%3A00%3A00%2B01%3A00";
        let none = plugin(&t, &token, Method::GET, query, "").await;
        assert_eq!((none.status.as_u16(), none.json()), (200, json!([])));

        super::fixture::reported(&t, "shp_1", json!([{ "code": "POD", "status": "delivered", "happened_at": "2026-03-02T12:00:00+01:00" }])).await;
        let complete = json!({ "boarding_complete": "1" }).to_string();
        assert_eq!(plugin(&t, &token, Method::PUT, "/v2/orders/1", &complete).await.json()["state"], "completed");
        for query in [query, "/v2/orders?order_id=wc_1-%C3%A4", "/v2/orders?order_id=wc_1-%C3%A4&state=completed"] {
            let found = plugin(&t, &token, Method::GET, query, "").await.json();
            assert_eq!((found.as_array().unwrap().len(), &found[0]["order_id"]), (1, &json!("wc_1-ä")), "{query}");
            let step = json!({ "state": found[0]["states_history"][0]["state"], "datetime": found[0]["states_history"][0]["datetime"] });
            assert_eq!(step, json!({ "state": "completed", "datetime": "2026-03-02T11:00:00+0000" }));
        }
        let other = plugin(&t, &token, Method::GET, "/v2/orders?order_id=wc_1-%C3%A4&state=shipped", "").await;
        assert_eq!(other.json(), json!([]));
        // A token that expired is refused, and the plugin buys another.
        t.clock.advance(std::time::Duration::from_hours(1));
        assert_eq!(plugin(&t, &token, Method::GET, "/v2/orders", "").await.status, 401);
        assert_eq!(plugin(&t, &super::fixture::token(&t).await, Method::GET, "/v2/orders", "").await.status, 200);
    }

    async fn old_tokens_stay_good_beside_new_ones(engine: Engine) {
        let t = serving(engine).await;
        let first = token(&t).await;
        let second = token(&t).await;
        assert_ne!(first, second);
        for token in [first, second] {
            assert_eq!(plugin(&t, &token, Method::GET, "/seven-senders/v2/orders", "").await.status, 200);
        }
        for body in ["access_key=sec-acme", "{\"access_key\":\"sec-acme\"}"] {
            assert_eq!(bare(&t, &[], Method::POST, "/v2/token/", body).await.status, 200);
        }
    }
}
