//! A tenant with stores in two zones, and what its clients send.

use std::sync::Arc;

use app::Clock;
use http::Method;
use serde_json::{Value as Json, json};
use testkit::carrier::Scripted;
use testkit::{Answer, Engine, RATES, TestApp};

use crate::fixture::{builder, routed};

/// Two stores with carriers, one without any; the sandbox is the cheaper of the two accounts.
pub(super) const SETUP: &str = r#"
[[tenant]]
id = "acme"
name = "Acme Inc"
currency = "USD"
time_zone = "America/Chicago"

[[tenant.key]]
name = "shop"
public = "pub-acme"
secret = "sec-acme"
scopes = ["*"]

[[tenant.integration]]
id = 7
name = "Web shop"

[[tenant.location]]
external_id = "7709"
name = "Boston store"
brand = "devon"
time_zone = "America/New_York"
address = { street1 = "345 Harrison Avenue", city = "Boston", state = "MA", postal_code = "02118", country = "US" }
contact = { name = "Store desk", phone = "+1 617-555-0100" }
carriers = ["first", "house"]

[[tenant.location]]
external_id = "100983"
name = "Dallas store"
address = { street1 = "The Mall", city = "Dallas", state = "TX", postal_code = "75219", country = "US" }
contact = { name = "Michele Parker", phone = "+1 201-555-0123" }
carriers = ["house"]

[[tenant.location]]
external_id = "closed"
name = "Closed store"
address = { street1 = "The Mall", city = "Dallas", state = "TX", postal_code = "75219", country = "US" }
carriers = []

[[tenant.carrier_account]]
id = "first"
carrier = "sandbox"
settings = { currency = "USD" }

[[tenant.carrier_account]]
id = "house"
carrier = "local"
settings = { rate_sheet = "rates.csv", sscc_prefix = "4012345", carrier_name = "House Parcel" }

[[tenant]]
id = "other"
name = "Other Ltd"
currency = "USD"
time_zone = "UTC"

[[tenant.key]]
name = "shop"
public = "pub-other"
secret = "sec-other"
scopes = ["*"]
"#;

/// The path of an order.
pub(super) fn path(id: &str) -> String {
    format!("/shipments/{id}")
}

/// The settings of the first account.
pub(super) fn first_account(settings: &str) -> String {
    SETUP.replace("settings = { currency = \"USD\" }", &format!("settings = {{ currency = \"USD\", {settings} }}"))
}

pub(super) async fn with_setup(engine: Engine, setup: &str) -> TestApp {
    let rates = RATES.replace("EUR", "USD");
    routed(builder(engine).setup(setup).file("rates.csv", &rates).build().await)
}

pub(super) async fn serving(engine: Engine) -> TestApp {
    with_setup(engine, SETUP).await
}

/// The set-up with scripted carriers behind both accounts; the first is the cheaper one by its name.
pub(super) fn scripted_setup() -> String {
    let local = "carrier = \"local\"\nsettings = { rate_sheet = \"rates.csv\", sscc_prefix = \"4012345\", carrier_name = \"House Parcel\" }";
    SETUP
        .replace("carrier = \"sandbox\"\nsettings = { currency = \"USD\" }", "carrier = \"scripted\"\nsettings = {}")
        .replace(local, "carrier = \"second\"\nsettings = {}")
}

/// An application whose two accounts do what a test says.
pub(super) async fn scripted(engine: Engine, first: &Scripted, second: &Scripted) -> TestApp {
    let connectors: Vec<Arc<dyn domain::connector::Connector>> =
        vec![Arc::new(first.clone()), Arc::new(second.clone())];
    routed(builder(engine).connectors(connectors).setup(scripted_setup()).build().await)
}

/// An example of the published documentation.
pub(super) fn example(name: &str) -> Json {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/delivery_solutions");
    serde_json::from_str(&std::fs::read_to_string(format!("{folder}/{name}.json")).unwrap()).unwrap()
}

/// The published request to create, for another order.
pub(super) fn order(id: &str) -> Json {
    let mut order = example("create_request");
    order["orderExternalId"] = json!(id);
    order
}

/// The same from another store.
pub(super) fn order_from(id: &str, location: &str) -> Json {
    let mut order = order(id);
    order["locationExternalId"] = json!(location);
    order
}

pub(super) async fn create(t: &TestApp, order: &Json) -> Answer {
    t.post("/shipments", order).await
}

/// Creates an order that a carrier takes.
pub(super) async fn created(t: &TestApp, order: &Json) -> Json {
    let answer = create(t, order).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    answer.json()
}

pub(super) async fn put(t: &TestApp, path: &str, body: &Json) -> Answer {
    t.call(Method::PUT, path, body.to_string()).await
}

pub(super) async fn delete(t: &TestApp, id: &str) -> Answer {
    t.call(Method::DELETE, &path(id), "").await
}

pub(super) async fn retry(t: &TestApp, id: &str) -> Answer {
    t.call(Method::POST, &format!("{}/retry", path(id)), "").await
}

/// An order as it is shown.
pub(super) async fn shown(t: &TestApp, id: &str) -> Json {
    let answer = t.get(&path(id)).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

/// The steps of an order's history.
pub(super) async fn history(t: &TestApp, id: &str) -> Vec<Json> {
    let answer = t.get(&format!("{}/status-history", path(id))).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()[0]["orderStatus"].as_array().unwrap().clone()
}

/// Only the statuses of a history.
pub(super) async fn statuses(t: &TestApp, id: &str) -> Vec<String> {
    history(t, id).await.iter().map(|step| step["status"].as_str().unwrap().to_owned()).collect()
}

/// Type, status and text of a refusal.
pub(super) fn refusal(answer: &Answer) -> (u16, String, String) {
    let body = answer.json();
    let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
    let errors = body["errors"].as_array().unwrap();
    assert!(!errors.is_empty() && errors.iter().all(|error| error["type"].is_string() && error["message"].is_string()));
    (answer.status.as_u16(), text("type"), text("message"))
}

/// A refusal by its usual parts.
pub(super) fn is(status: u16, kind: &str, message: &str) -> (u16, String, String) {
    (status, kind.to_owned(), message.to_owned())
}

/// Sets the clock, also back.
pub(super) fn set_clock(t: &TestApp, at: &str) {
    let Clock::Fixed(clock) = &t.clock else { panic!("tests have a fixed clock") };
    *clock.lock().unwrap() = at.parse().unwrap();
}

/// Everything about `found` that differs in fields or types from a published answer. Null stands for any type.
pub(super) fn differing(published: &Json, found: &Json, place: &str) -> Vec<String> {
    match (published, found) {
        (Json::Object(members), Json::Object(_)) => members
            .iter()
            .flat_map(|(name, value)| match found.get(name) {
                Some(found) => differing(value, found, &format!("{place}/{name}")),
                None => vec![format!("{place}/{name} is missing")],
            })
            .collect(),
        (Json::Array(published), Json::Array(found)) => match (published.first(), found.first()) {
            (Some(published), Some(found)) => differing(published, found, &format!("{place}/0")),
            _ => Vec::new(),
        },
        (Json::Null, _) | (_, Json::Null) => Vec::new(),
        (published, found) if std::mem::discriminant(published) == std::mem::discriminant(found) => Vec::new(),
        _ => vec![format!("{place}: {found} instead of {published}")],
    }
}
