//! What the tests send, and the application they send it to.

use std::sync::Arc;

use app::Clock;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{Method, Request};
use serde_json::{Value as Json, json};
use testkit::carrier::Scripted;
use testkit::{Answer, Engine, SETUP, TestApp, TestAppBuilder, scripted_setup};

/// Bytes a body may have here.
pub(crate) const MOST_BYTES: usize = 1 << 20;

/// Tenant `other`'s key.
pub(crate) const OTHER: &str = "Basic cHViLW90aGVyOnNlYy1vdGhlcg==";

/// What proves who runs the installation.
pub(crate) const INSTALLATION: &str = "Bearer the installation's own secret of tests";

/// An application that speaks every dialect, before its set-up.
pub(crate) fn builder(engine: Engine) -> TestAppBuilder {
    let clock = testkit::standing();
    TestApp::builder(engine)
        .connectors(carriers::all(&handed(&clock)))
        .clock(clock)
        .event_bodies(api::event_bodies())
        .order_states(api::order_states())
        .options(|options| options.installation_secret = INSTALLATION.strip_prefix("Bearer ").map(domain::Secret::new))
}

/// What connectors are handed: they look at this clock.
pub(crate) fn handed(clock: &Clock) -> carriers::Http {
    let clock = clock.clone();
    carriers::testing::handed(Arc::new(move || clock.now()))
}

/// Its routes.
pub(crate) fn routed(t: TestApp) -> TestApp {
    t.serving(|app| api::router(app, MOST_BYTES))
}

/// The usual application.
pub(crate) async fn serving(engine: Engine) -> TestApp {
    routed(builder(engine).build().await)
}

/// The usual application with another setup file.
pub(crate) async fn serving_setup(engine: Engine, setup: &str) -> TestApp {
    routed(builder(engine).setup(setup).build().await)
}

/// The application with the scripted carrier.
pub(crate) async fn scripted(engine: Engine, carrier: &Scripted) -> TestApp {
    routed(builder(engine).connectors(vec![Arc::new(carrier.clone())]).setup(scripted_setup()).build().await)
}

/// [`SETUP`] with more tables for tenant `acme`.
pub(crate) fn setup_with(tables: &str) -> String {
    with(SETUP, tables)
}

/// A setup file with more tables for tenant `acme`.
pub(crate) fn with(setup: &str, tables: &str) -> String {
    setup.replacen("[[tenant.location]]", &format!("{tables}\n[[tenant.location]]"), 1)
}

/// A key of tenant `acme` whose secret is `sec-<name>`.
pub(crate) fn key(name: &str, scopes: &str) -> String {
    format!("[[tenant.key]]\nname = \"{name}\"\npublic = \"pub-{name}\"\nsecret = \"sec-{name}\"\nscopes = {scopes}\n")
}

/// HTTP Basic of a user and a password.
pub(crate) fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
}

/// A request with these headers and no others.
pub(crate) async fn bare(t: &TestApp, headers: &[(&str, &str)], method: Method, path: &str, body: &str) -> Answer {
    let mut request = Request::builder().method(method).uri(path).header("host", "waybill.example");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    t.send(request.body(body.to_owned().into()).unwrap()).await
}

/// An order for the Netherlands in integration 7, with one item of 250 g.
pub(crate) fn order(order_id: &str) -> Json {
    json!({
        "order_id": order_id,
        "order_number": format!("N-{order_id}"),
        "order_details": {
            "integration": { "id": 7 },
            "status": { "code": "unfulfilled" },
            "order_created_at": "2026-03-01T09:00:00Z",
            "order_items": [{
                "item_id": "line-1",
                "name": "Orange",
                "sku": "OR-1",
                "quantity": 2,
                "total_price": { "value": 3.5, "currency": "EUR" },
                "measurement": { "weight": { "value": 250, "unit": "g" } },
            }],
        },
        "payment_details": { "total_price": { "value": 3.5, "currency": "EUR" }, "status": { "code": "paid" } },
        "shipping_address": {
            "name": "John Doe",
            "address_line_1": "Stadhuisplein",
            "house_number": "15",
            "postal_code": "5341AB",
            "city": "Oss",
            "country_code": "NL",
            "phone_number": "0612345678",
        },
    })
}

/// The same order changed at a pointer; `null` removes.
pub(crate) fn changed(mut order: Json, pointer: &str, value: Json) -> Json {
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    let parent = order.pointer_mut(parent).unwrap();
    match (parent, value) {
        (Json::Object(members), Json::Null) => drop(members.remove(name)),
        (Json::Object(members), value) => drop(members.insert(name.to_owned(), value)),
        (Json::Array(list), value) => list[name.parse::<usize>().unwrap()] = value,
        _ => panic!("nothing at {pointer}"),
    }
    order
}

/// Places orders and gives our ids.
pub(crate) async fn place(t: &TestApp, orders: impl IntoIterator<Item = Json>) -> Vec<String> {
    let answer = t.post("/api/v3/orders", &orders.into_iter().collect()).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    let data = answer.json()["data"].as_array().unwrap().clone();
    data.iter().map(|entry| entry["id"].as_str().unwrap().to_owned()).collect()
}

/// PATCH of JSON with tenant `acme`'s key.
pub(crate) async fn patch(t: &TestApp, path: &str, body: &Json) -> Answer {
    t.call(Method::PATCH, path, body.to_string()).await
}

/// DELETE with tenant `acme`'s key.
pub(crate) async fn delete(t: &TestApp, path: &str) -> Answer {
    t.call(Method::DELETE, path, "").await
}

/// Ships an order of integration 7 at once.
pub(crate) async fn ship(t: &TestApp, order_id: &str) -> Answer {
    t.post("/api/v3/orders/create-label-sync", &json!({ "integration_id": 7, "order": { "order_id": order_id } })).await
}

/// The kinds of the events so far, in the order of the feed.
pub(crate) async fn events(t: &TestApp) -> Vec<String> {
    t.run_jobs().await;
    let feed = t.get("/v1/events").await;
    let data = feed.json()["data"].as_array().unwrap().clone();
    data.iter().map(|event| event["type"].as_str().unwrap().to_owned()).collect()
}

/// A story without what no two runs share: tokens in links, and the bytes of files.
pub(crate) fn tidy(mut story: Json) -> Json {
    fn walk(name: &str, value: &mut Json) {
        match value {
            Json::Object(members) => members.iter_mut().for_each(|(name, value)| walk(name, value)),
            Json::Array(list) => list.iter_mut().for_each(|value| walk(name, value)),
            Json::String(text) => match name {
                "file" => kind_of(&STANDARD.decode(text.as_bytes()).unwrap()).clone_into(text),
                "link" | "tracking_url" => {
                    let (head, token) = text.rsplit_once('/').unwrap();
                    assert!(token.len() > 20, "{text}");
                    *text = format!("{head}/<token>");
                }
                "sha256" => "<sha256>".clone_into(text),
                _ => {}
            },
            Json::Number(_) if name == "size" || name == "duration_ms" => *value = json!("<count>"),
            _ => {}
        }
    }
    walk("", &mut story);
    story
}

/// What bytes are, by how they begin.
pub(crate) fn kind_of(bytes: &[u8]) -> &'static str {
    match bytes {
        [b'%', b'P', b'D', b'F', b'-', ..] => "<PDF>",
        [b'^', b'X', b'A', ..] => "<ZPL>",
        [0x89, b'P', b'N', b'G', ..] => "<PNG>",
        _ => "<something else>",
    }
}
