//! What clients of either generation send.

use app::Clock;
use http::Method;
use serde_json::{Value as Json, json};
use testkit::{Answer, TestApp};

use crate::fixture::bare;

/// A request of the older generation: a key, and a form.
pub(super) async fn older(t: &TestApp, method: Method, path: &str, form: &str) -> Answer {
    let headers = [("api-key", "sec-acme"), ("content-type", "application/x-www-form-urlencoded")];
    bare(t, &headers, method, path, form).await
}

/// A token of tenant `acme`.
pub(super) async fn token(t: &TestApp) -> String {
    let answer = bare(t, &[], Method::POST, "/v2/token", "{\"access_key\":\"sec-acme\"}").await;
    assert_eq!((answer.status.as_u16(), answer.header("cache-control")), (200, "no-store"), "{}", answer.text());
    answer.json()["token"].as_str().unwrap().to_owned()
}

/// A request of the newer generation: a token, and JSON; no body when it is null.
pub(super) async fn newer(t: &TestApp, method: Method, path: &str, body: &Json) -> Answer {
    let bearer = format!("Bearer {}", token(t).await);
    let text = if body.is_null() { String::new() } else { body.to_string() };
    bare(t, &[("authorization", &bearer), ("content-type", "application/json")], method, path, &text).await
}

/// What a newer client reads.
pub(super) async fn read(t: &TestApp, path: &str) -> Json {
    let answer = newer(t, Method::GET, path, &Json::Null).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

/// An order of a newer client.
pub(super) fn order(id: &str) -> Json {
    json!({ "order_id": id, "order_date": "2026-03-01T09:00:00+01:00", "order_url": "https://shop.example.com" })
}

/// Places it and gives our id.
pub(super) async fn placed(t: &TestApp, order: &Json) -> u64 {
    let answer = newer(t, Method::POST, "/v2/orders", order).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    answer.json()["id"].as_u64().unwrap()
}

/// A shipment of a newer client.
pub(super) fn shipment(order: &str, code: &str) -> Json {
    json!({
        "order_id": order, "tracking_code": code, "carrier": { "name": "dhl", "country": "DE" },
        "carrier_service": "standard", "recipient_first_name": "Ada", "recipient_last_name": "Muster",
        "recipient_address": "Schwedter Str. 36 A", "recipient_zip": "10435", "recipient_city": "Berlin",
        "recipient_country": "DE", "weight": 1.12,
    })
}

/// Tells of it and gives our id.
pub(super) async fn told(t: &TestApp, shipment: &Json) -> u64 {
    let answer = newer(t, Method::POST, "/v2/shipments", shipment).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    answer.json()["id"].as_u64().unwrap()
}

/// Reports of a carrier about every parcel of a shipment.
pub(super) async fn reported(t: &TestApp, shipment: &str, events: Json) {
    let answer = t.post(&format!("/v1/shipments/{shipment}/tracking-events"), &json!({ "events": events })).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
}

/// Says that an order has its state since then.
pub(super) async fn set(t: &TestApp, order: &str, state: &str, at: &str) -> Answer {
    newer(t, Method::POST, "/v2/order_states", &json!({ "order_id": order, "state": state, "datetime": at })).await
}

/// The states of an order, in the order they are shown.
pub(super) fn states(order: &Json) -> Vec<(String, String)> {
    let text = |step: &Json, name: &str| step[name].as_str().unwrap().to_owned();
    let steps = order["states_history"].as_array().unwrap();
    steps.iter().map(|step| (text(step, "state"), text(step, "datetime"))).collect()
}

/// Sets the clock.
pub(super) fn set_clock(t: &TestApp, at: &str) {
    let Clock::Fixed(clock) = &t.clock else { panic!("tests have a fixed clock") };
    *clock.lock().unwrap() = at.parse().unwrap();
}

/// An answer without the tokens in its links.
pub(super) fn tidy(mut value: Json) -> Json {
    fn walk(value: &mut Json) {
        match value {
            Json::Object(members) => {
                for (name, value) in members {
                    match value {
                        Json::String(text) if name == "tracking_page_url" => {
                            let (head, token) = text.rsplit_once('/').unwrap();
                            assert!(token.len() > 20, "{text}");
                            *value = json!(format!("{head}/<token>"));
                        }
                        value => walk(value),
                    }
                }
            }
            Json::Array(list) => list.iter_mut().for_each(walk),
            _ => {}
        }
    }
    walk(&mut value);
    value
}
