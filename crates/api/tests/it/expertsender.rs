//! The ExpertSender dialect: orders and customers in batches, and what the vendor's shop plugins need.

mod batches;
mod customers;
mod errors;
mod pains;
mod plugins;
mod seed;
mod statuses;

use http::Method;
use serde_json::{Value as Json, json};
use testkit::{Answer, TestApp};

use crate::fixture::bare;

/// What the tenant's customers may agree to, and what its shops may send besides.
pub(crate) const BOOK: &str = r#"
[[tenant.consent]]
id = 1
name = "Newsletter"
type = "Email"

[[tenant.attribute]]
id = 1
of = "order"
name = "Shipping Method"

[[tenant.attribute]]
id = 1
of = "product"
name = "Color"

[[tenant.attribute]]
id = 2
of = "customer"
name = "Loyalty"
"#;

/// Sends the example of each document body, so that every route has something to show.
pub(crate) async fn send_examples(t: &TestApp) {
    let operations = crate::openapi::operations(domain::channel::Dialect::Expertsender);
    for name in ["POST /orders", "POST /customers"] {
        let example = operations.iter().find(|operation| operation.name() == name).unwrap();
        let answer = t.call(Method::POST, &example.path, example.body()).await;
        assert_eq!(answer.status, 201, "{name}: {}", answer.text());
    }
}

/// What a client sent, or the vendor's page shows.
fn fixture(name: &str) -> Json {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/expertsender");
    serde_json::from_str(&std::fs::read_to_string(format!("{folder}/{name}.json")).unwrap()).unwrap()
}

/// As a shop plugin asks: with `x-api-key` and nothing else.
async fn ask(t: &TestApp, method: Method, path: &str, body: &Json) -> Answer {
    let headers = [("x-api-key", "sec-acme"), ("content-type", "application/json")];
    let body = if body.is_null() { String::new() } else { body.to_string() };
    bare(t, &headers, method, path, &body).await
}

async fn post(t: &TestApp, path: &str, body: &Json) -> Answer {
    ask(t, Method::POST, path, body).await
}

async fn get(t: &TestApp, path: &str) -> Answer {
    ask(t, Method::GET, path, &Json::Null).await
}

/// The smallest order there is.
fn order(id: &str) -> Json {
    json!({
        "id": id,
        "date": "2026-03-01T09:00:00Z",
        "totalValue": 3.5,
        "customer": { "email": "ann@example.com" },
        "products": [{ "id": "or-1", "name": "Orange", "price": 1.75, "quantity": 2 }],
    })
}

/// A batch.
fn batch(mode: &str, orders: impl IntoIterator<Item = Json>) -> Json {
    json!({ "mode": mode, "data": orders.into_iter().collect::<Vec<_>>() })
}

/// Sends one order that must be taken.
async fn sent(t: &TestApp, mode: &str, order: Json) {
    let answer = post(t, "/orders", &batch(mode, [order])).await;
    assert_eq!(answer.story(), done(201));
}

/// The answer to what was done.
fn done(status: u16) -> Json {
    json!({ "status": status, "body": { "status": 0, "data": null } })
}

/// An order as it is shown.
async fn shown(t: &TestApp, id: &str) -> Json {
    let answer = get(t, &format!("/orders/{id}")).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()["data"].clone()
}

/// Status and list of errors of a refusal.
fn refusal(answer: &Answer) -> (u16, Vec<String>) {
    assert_eq!(answer.header("content-type"), "application/problem+json", "{}", answer.text());
    let errors = answer.json()["errors"].as_array().unwrap().clone();
    (answer.status.as_u16(), errors.iter().map(|error| error.as_str().unwrap().to_owned()).collect())
}

fn is(status: u16, errors: &[&str]) -> (u16, Vec<String>) {
    (status, errors.iter().map(|error| (*error).to_owned()).collect())
}
