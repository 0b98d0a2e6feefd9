//! One order, every dialect: posted in each, then read, labelled, tracked and cancelled through each of the others.
//!
//! A line a pair. Where several words stand in a row, each is the order's status as one dialect tells it, in the order of
//! [`SPOKEN`].

mod fields;
mod pains;
mod spoken;

use serde_json::{Value as Json, json};
use testkit::{Engine, TestApp, on_both_engines};

use spoken::{SPOKEN, Spoken, serving, shown_at, statuses};

/// The carrier hands the parcel over.
async fn delivered(t: &TestApp, shipment: &str) {
    let report = json!({ "code": "POD", "status": "delivered", "happened_at": "2026-03-03T09:00:00Z" });
    let answer = t.post(&format!("/v1/shipments/{shipment}/tracking-events"), &json!({ "events": [report] })).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
}

/// Ships an order through the native interface, unless it came with its shipment.
async fn shipped(t: &TestApp, order: &str) {
    let known = t.get(&format!("/v1/orders/{order}/shipments")).await.json();
    if known["data"].as_array().unwrap().is_empty() {
        let answer = t.post(&format!("/v1/orders/{order}/shipments"), &json!({})).await;
        assert_eq!(answer.status, 201, "{}", answer.text());
    }
}

/// An order placed in one dialect and labelled and tracked through another one.
async fn told(t: &TestApp, first: &Spoken, other: &Spoken) -> Vec<String> {
    first.placed(t, "A").await;
    let written = first.standing(t, "A").await;
    let mut lines = vec![format!("placed: {}", statuses(t, "A").await)];
    match other.label {
        Some(label) => {
            let answer = label(t, "A").await;
            lines.push(format!("labelled {}: {}", answer.status.as_u16(), statuses(t, "A").await));
        }
        None => lines.push("no labels here".to_owned()),
    }
    shipped(t, "ord_1").await;
    let number = t.get("/v1/shipments/shp_1").await.json()["parcels"][0]["tracking_number"].clone();
    assert!(number.is_string());
    for (name, shown) in shown_at(t, "A", |spoken| spoken.number).await {
        assert_eq!(shown, number, "the number in {name}, labelled through {}", other.name);
    }
    delivered(t, "shp_1").await;
    lines.push(format!("delivered: {}", statuses(t, "A").await));
    assert_eq!(first.standing(t, "A").await, written, "touched through {}", other.name);
    lines
}

/// An order placed in one dialect and cancelled through another one.
async fn given_up(t: &TestApp, first: &Spoken, other: &Spoken) -> String {
    first.placed(t, "B").await;
    shipped(t, "ord_2").await;
    let written = first.standing(t, "B").await;
    let answer = (other.cancel)(t, "B").await;
    let shipment = t.get("/v1/shipments/shp_2").await.json();
    assert_eq!(shipment["status"], "cancelled", "{}: {}", other.name, answer.text());
    if first.order(t, "B").await.is_some() {
        assert_eq!(first.standing(t, "B").await, written, "cancelled through {}", other.name);
    }
    format!("cancelled {}: {}", answer.status.as_u16(), statuses(t, "B").await)
}

/// What becomes of an order of one dialect in every dialect.
async fn row(engine: Engine, first: &str) -> Json {
    let first = SPOKEN.iter().find(|spoken| spoken.name == first).unwrap();
    let mut row = serde_json::Map::new();
    for other in &SPOKEN {
        let t = serving(engine).await;
        let mut lines = told(&t, first, other).await;
        lines.push(given_up(&t, first, other).await);
        row.insert(other.name.to_owned(), json!(lines));
    }
    Json::Object(row)
}

on_both_engines! {
    async fn an_order_of_sendcloud(engine: Engine) {
        assert_eq!(row(engine, "sendcloud").await, json!({
            "sendcloud": [
                "placed: on_hold REQUEST_RECEIVED paid new REGISTERED",
                "labelled 201: on_hold ORDER_DISPATCHED paid shipped PENDING_TO_SHIP",
                "delivered: on_hold ORDER_DELIVERED completed completed COMPLETED",
                "cancelled 204: gone gone gone gone gone",
            ],
            "delivery_solutions": [
                "placed: on_hold REQUEST_RECEIVED paid new REGISTERED",
                "labelled 201: on_hold ORDER_DISPATCHED paid shipped PENDING_TO_SHIP",
                "delivered: on_hold ORDER_DELIVERED completed completed COMPLETED",
                "cancelled 200: on_hold ORDER_CANCELLED canceled cancelled CANCELED",
            ],
            "expertsender": [
                "placed: on_hold REQUEST_RECEIVED paid new REGISTERED",
                "no labels here",
                "delivered: on_hold ORDER_DELIVERED completed completed COMPLETED",
                "cancelled 200: canceled ORDER_CANCELLED canceled cancelled CANCELED",
            ],
            "seven_senders": [
                "placed: on_hold REQUEST_RECEIVED paid new REGISTERED",
                "labelled 201: on_hold ORDER_DISPATCHED paid shipped PENDING_TO_SHIP",
                "delivered: on_hold ORDER_DELIVERED completed completed COMPLETED",
                "cancelled 201: on_hold ORDER_CANCELLED canceled cancelled CANCELED",
            ],
            "crowdsender": [
                "placed: on_hold REQUEST_RECEIVED paid new REGISTERED",
                "labelled 200: on_hold ORDER_DISPATCHED paid shipped PENDING_TO_SHIP",
                "delivered: on_hold ORDER_DELIVERED completed completed COMPLETED",
                "cancelled 200: on_hold ORDER_CANCELLED canceled cancelled CANCELED",
            ],
        }));
    }

    async fn an_order_of_delivery_solutions(engine: Engine) {
        assert_eq!(row(engine, "delivery_solutions").await, json!({
            "sendcloud": [
                "placed: open REQUEST_RECEIVED placed new REGISTERED",
                "labelled 201: open ORDER_DISPATCHED paid shipped PENDING_TO_SHIP",
                "delivered: open ORDER_DELIVERED completed completed COMPLETED",
                "cancelled 204: gone gone gone gone gone",
            ],
            "delivery_solutions": [
                "placed: open REQUEST_RECEIVED placed new REGISTERED",
                "labelled 201: open ORDER_DISPATCHED paid shipped PENDING_TO_SHIP",
                "delivered: open ORDER_DELIVERED completed completed COMPLETED",
                "cancelled 200: open ORDER_CANCELLED canceled cancelled CANCELED",
            ],
            "expertsender": [
                "placed: open REQUEST_RECEIVED placed new REGISTERED",
                "no labels here",
                "delivered: open ORDER_DELIVERED completed completed COMPLETED",
                "cancelled 200: canceled ORDER_CANCELLED canceled cancelled CANCELED",
            ],
            "seven_senders": [
                "placed: open REQUEST_RECEIVED placed new REGISTERED",
                "labelled 201: open ORDER_DISPATCHED paid shipped PENDING_TO_SHIP",
                "delivered: open ORDER_DELIVERED completed completed COMPLETED",
                "cancelled 201: open ORDER_CANCELLED canceled cancelled CANCELED",
            ],
            "crowdsender": [
                "placed: open REQUEST_RECEIVED placed new REGISTERED",
                "labelled 200: open ORDER_DISPATCHED paid shipped PENDING_TO_SHIP",
                "delivered: open ORDER_DELIVERED completed completed COMPLETED",
                "cancelled 200: open ORDER_CANCELLED canceled cancelled CANCELED",
            ],
        }));
    }

    async fn an_order_of_expertsender(engine: Engine) {
        assert_eq!(row(engine, "expertsender").await, json!({
            "sendcloud": [
                "placed: completed REQUEST_RECEIVED completed new REGISTERED",
                "labelled 201: completed ORDER_DISPATCHED completed shipped PENDING_TO_SHIP",
                "delivered: completed ORDER_DELIVERED completed completed COMPLETED",
                "cancelled 204: gone gone gone gone gone",
            ],
            "delivery_solutions": [
                "placed: completed REQUEST_RECEIVED completed new REGISTERED",
                "labelled 201: completed ORDER_DISPATCHED completed shipped PENDING_TO_SHIP",
                "delivered: completed ORDER_DELIVERED completed completed COMPLETED",
                "cancelled 200: completed ORDER_CANCELLED completed cancelled CANCELED",
            ],
            "expertsender": [
                "placed: completed REQUEST_RECEIVED completed new REGISTERED",
                "no labels here",
                "delivered: completed ORDER_DELIVERED completed completed COMPLETED",
                "cancelled 200: canceled ORDER_CANCELLED canceled cancelled CANCELED",
            ],
            "seven_senders": [
                "placed: completed REQUEST_RECEIVED completed new REGISTERED",
                "labelled 201: completed ORDER_DISPATCHED completed shipped PENDING_TO_SHIP",
                "delivered: completed ORDER_DELIVERED completed completed COMPLETED",
                "cancelled 201: completed ORDER_CANCELLED completed cancelled CANCELED",
            ],
            "crowdsender": [
                "placed: completed REQUEST_RECEIVED completed new REGISTERED",
                "labelled 200: completed ORDER_DISPATCHED completed shipped PENDING_TO_SHIP",
                "delivered: completed ORDER_DELIVERED completed completed COMPLETED",
                "cancelled 200: completed ORDER_CANCELLED completed cancelled CANCELED",
            ],
        }));
    }

    async fn an_order_of_seven_senders(engine: Engine) {
        assert_eq!(row(engine, "seven_senders").await, json!({
            "sendcloud": [
                "placed: open REQUEST_RECEIVED placed new REGISTERED",
                "labelled 201: open ORDER_DISPATCHED paid shipped PENDING_TO_SHIP",
                "delivered: open ORDER_DELIVERED completed completed COMPLETED",
                "cancelled 204: gone gone gone gone gone",
            ],
            "delivery_solutions": [
                "placed: open REQUEST_RECEIVED placed new REGISTERED",
                "labelled 201: open ORDER_DISPATCHED paid shipped PENDING_TO_SHIP",
                "delivered: open ORDER_DELIVERED completed completed COMPLETED",
                "cancelled 200: open ORDER_CANCELLED canceled cancelled CANCELED",
            ],
            "expertsender": [
                "placed: open REQUEST_RECEIVED placed new REGISTERED",
                "no labels here",
                "delivered: open ORDER_DELIVERED completed completed COMPLETED",
                "cancelled 200: canceled ORDER_CANCELLED canceled cancelled CANCELED",
            ],
            "seven_senders": [
                "placed: open REQUEST_RECEIVED placed new REGISTERED",
                "labelled 201: open ORDER_DISPATCHED paid shipped PENDING_TO_SHIP",
                "delivered: open ORDER_DELIVERED completed completed COMPLETED",
                "cancelled 201: cancelled ORDER_CANCELLED canceled cancelled CANCELED",
            ],
            "crowdsender": [
                "placed: open REQUEST_RECEIVED placed new REGISTERED",
                "labelled 200: open ORDER_DISPATCHED paid shipped PENDING_TO_SHIP",
                "delivered: open ORDER_DELIVERED completed completed COMPLETED",
                "cancelled 200: open ORDER_CANCELLED canceled cancelled CANCELED",
            ],
        }));
    }

    async fn an_order_of_crowdsender(engine: Engine) {
        assert_eq!(row(engine, "crowdsender").await, json!({
            "sendcloud": [
                "placed: open REQUEST_RECEIVED placed new REGISTERED",
                "labelled 201: open ORDER_DISPATCHED paid shipped PENDING_TO_SHIP",
                "delivered: open ORDER_DELIVERED completed completed COMPLETED",
                "cancelled 204: gone gone gone gone gone",
            ],
            "delivery_solutions": [
                "placed: open REQUEST_RECEIVED placed new REGISTERED",
                "labelled 201: open ORDER_DISPATCHED paid shipped PENDING_TO_SHIP",
                "delivered: open ORDER_DELIVERED completed completed COMPLETED",
                "cancelled 200: open ORDER_CANCELLED canceled cancelled CANCELED",
            ],
            "expertsender": [
                "placed: open REQUEST_RECEIVED placed new REGISTERED",
                "no labels here",
                "delivered: open ORDER_DELIVERED completed completed COMPLETED",
                "cancelled 200: canceled ORDER_CANCELLED canceled cancelled CANCELED",
            ],
            "seven_senders": [
                "placed: open REQUEST_RECEIVED placed new REGISTERED",
                "labelled 201: open ORDER_DISPATCHED paid shipped PENDING_TO_SHIP",
                "delivered: open ORDER_DELIVERED completed completed COMPLETED",
                "cancelled 201: open ORDER_CANCELLED canceled cancelled CANCELED",
            ],
            "crowdsender": [
                "placed: open REQUEST_RECEIVED placed new REGISTERED",
                "labelled 200: open ORDER_DISPATCHED paid shipped PENDING_TO_SHIP",
                "delivered: open ORDER_DELIVERED completed completed COMPLETED",
                "cancelled 200: open ORDER_CANCELLED canceled cancelled CANCELED",
            ],
        }));
    }
}
