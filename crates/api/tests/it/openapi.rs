//! Every route there is stands in its dialect's OpenAPI document, and answers as the document says.

use std::collections::BTreeSet;
use std::time::Duration;

use domain::channel::Dialect;
use http::Method;
use serde_json::{Value as Json, json};
use testkit::{Answer, TestApp, on_both_engines};

use crate::fixture::{INSTALLATION, bare, key, order, serving, serving_setup, setup_with, with};
use crate::schema::{faults, resolved};

/// The dialects that are spoken.
const SPOKEN: [Dialect; 6] = [
    Dialect::Native,
    Dialect::Sendcloud,
    Dialect::DeliverySolutions,
    Dialect::Crowdsender,
    Dialect::Expertsender,
    Dialect::SevenSenders,
];

/// What only a state that a busy shop is not in answers well: stories of their own hold it against the document.
const RARE: [&str; 17] = [
    "GET /v1/erasures/{id}",
    "GET /api/v2/label",
    "POST /v1/batches/{id}/retry",
    // What others need is not taken away, nor changed beyond what they expect: `native_setup` does it.
    "DELETE /v1/carrier-accounts/{id}",
    "DELETE /v1/channels/{id}",
    "DELETE /v1/keys/{id}",
    "DELETE /v1/locations/{id}",
    "DELETE /v1/orders/{id}",
    "PUT /v1/orders/{id}",
    "POST /v1/orders/{id}/address/overrule",
    "POST /v1/orders/{id}/address/split",
    "POST /v1/shipments/{id}/settle",
    "GET /v1/shipments/{id}/exchanges",
    "GET /v1/manifests/{id}/left-behind",
    "POST /v1/shipments/{id}/advance",
    "POST /shipments/{id}/retry",
    "POST /api/v2/order/retry/orderExternalId/{id}",
];

/// Tenant `acme`'s key.
const ACME: &str = "Basic cHViLWFjbWU6c2VjLWFjbWU=";

const METHODS: [&str; 5] = ["GET", "POST", "PUT", "PATCH", "DELETE"];

/// A form that asks for a token and does not say for whom.
const GRANT: &str = "grant_type=client_credentials";

fn document(dialect: Dialect) -> Json {
    serde_json::from_str(api::openapi(dialect).unwrap()).unwrap()
}

/// One method of a route as its document describes it.
pub(crate) struct Operation {
    pub(crate) document: Json,
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) says: Json,
}

impl Operation {
    /// The path with an id of something that is there.
    pub(crate) fn of_something(&self) -> String {
        let there = match self.parameter("id").map(|id| id["example"].clone()) {
            Some(Json::String(id)) => id,
            Some(_) if self.path.contains("/orders/") => "1".to_owned(),
            Some(id) => id.to_string(),
            None => String::new(),
        };
        let needed =
            self.parameters().into_iter().find(|parameter| parameter["in"] == "query" && parameter["required"] == true);
        let query = needed.map(|needed| {
            let example = needed["example"].as_str().map_or_else(|| needed["example"].to_string(), str::to_owned);
            format!("?{}={example}", needed["name"].as_str().unwrap())
        });
        self.path.replace("{id}", &there) + &query.unwrap_or_default()
    }

    pub(crate) fn parameters(&self) -> Vec<&Json> {
        let all = self.says["parameters"].as_array().into_iter().flatten();
        all.map(|parameter| resolved(&self.document, parameter)).collect()
    }

    fn parameter(&self, name: &str) -> Option<&Json> {
        self.parameters().into_iter().find(|parameter| parameter["name"] == name)
    }

    /// The example of the body, as it is sent; empty when there is no body.
    pub(crate) fn body(&self) -> String {
        let content = &self.says["requestBody"]["content"];
        let form = content["application/x-www-form-urlencoded"]["example"].as_object();
        match (&content["application/json"]["example"], form) {
            (Json::Null, None) => String::new(),
            (Json::Null, Some(form)) => {
                let fields = form.iter().map(|(name, value)| (name, value.as_str().unwrap()));
                form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
            }
            (json, _) => json.to_string(),
        }
    }

    /// What is sent with it: the key of tenant `acme`, or the installation's secret; and, where an update has to say what
    /// was seen, anything.
    async fn call(&self, t: &TestApp, authorization: &str, path: &str, body: impl Into<axum::body::Body>) -> Answer {
        let is_of_installation = self.says["security"][0]["installation"].is_array();
        let authorization = if is_of_installation { INSTALLATION } else { authorization };
        let mut request = http::Request::builder().method(self.method.clone()).uri(path);
        request = request.header("host", "waybill.example").header("content-type", "application/json");
        request = request.header("authorization", authorization);
        if self.parameter("If-Match").is_some() {
            request = request.header("if-match", "*");
        }
        t.send(request.body(body.into()).unwrap()).await
    }

    pub(crate) fn has_body(&self) -> bool {
        self.says["requestBody"].is_object()
    }

    pub(crate) fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    /// Holds an answer against what the document says of its status.
    fn check(&self, answer: &Answer) {
        let (name, status) = (self.name(), answer.status.as_u16());
        let documented = resolved(&self.document, &self.says["responses"][status.to_string()]);
        assert!(documented.is_object(), "{name}: {status} is in no document: {}", answer.text());
        check(&self.document, documented, answer, &name);
    }
}

fn check(document: &Json, documented: &Json, answer: &Answer, name: &str) {
    let media_type = answer.header("content-type");
    let Some(contents) = documented["content"].as_object() else {
        assert_eq!((answer.text().as_str(), media_type), ("", ""), "{name}");
        return;
    };
    let content = contents.get(media_type).unwrap_or_else(|| panic!("{name}: {media_type} is not documented"));
    if let Some(schema) = content.get("schema") {
        assert_eq!(faults(document, schema, &answer.json()), [""; 0], "{name}: {}", answer.text());
    } else {
        assert!(!answer.bytes.is_empty(), "{name}");
    }
}

pub(crate) fn operations(dialect: Dialect) -> Vec<Operation> {
    let document = document(dialect);
    let mut all = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, says) in item.as_object().unwrap() {
            let method = method.to_ascii_uppercase().parse().unwrap();
            all.push(Operation { document: document.clone(), method, path: path.clone(), says: says.clone() });
        }
    }
    all
}

/// Holds an answer against what a dialect's document says of a method of a path.
pub(crate) fn conforms(dialect: Dialect, name: &str, answer: &Answer) {
    let known = operations(dialect).into_iter().find(|operation| operation.name() == name);
    known.unwrap_or_else(|| panic!("{name} is not documented")).check(answer);
}

fn every_operation() -> Vec<Operation> {
    SPOKEN.into_iter().flat_map(operations).collect()
}

/// An application with one order, shipped a week ago, and somebody who wants to hear of it.
pub(crate) async fn busy(engine: testkit::Engine) -> TestApp {
    let hook = "[[tenant.webhook]]\nurl = \"http://127.0.0.1:9/\"\n\
        secret = \"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\"\ndialect = \"native\"\nevents = [\"*\"]\n";
    let rule = "[[tenant.routing_rule]]\nname = \"all\"\nwhen = \"true\"\nthen = { pick = \"cheapest\" }\n";
    let store = "[[tenant.location]]\nexternal_id = \"7709\"\nname = \"Boston store\"\ntime_zone = \"America/New_York\"\n\
        address = { street1 = \"345 Harrison Avenue\", city = \"Boston\", state = \"MA\", postal_code = \"02118\", \
        country = \"US\" }\n\n[[tenant.carrier_account]]";
    let setup = setup_with(&[hook, rule].concat()).replacen("[[tenant.carrier_account]]", store, 1);
    let t = serving_setup(engine, &with(&setup, crate::expertsender::BOOK)).await;
    let place =
        operations(Dialect::Sendcloud).into_iter().find(|operation| operation.says["operationId"] == "placeOrders");
    let placed = t.call(Method::POST, "/api/v3/orders", place.unwrap().body()).await;
    assert_eq!(placed.status, 201, "{}", placed.text());
    assert_eq!(t.post("/v1/orders/ord_1/shipments", &json!({})).await.status, 201);
    assert_eq!(t.get("/v1/parcels/pcl_1/label").await.status, 200);
    let odd = json!({ "events": [{ "code": "ODD" }] });
    assert_eq!(t.post("/v1/shipments/shp_1/tracking-events", &odd).await.status, 200);
    let create = operations(Dialect::DeliverySolutions)
        .into_iter()
        .find(|operation| operation.says["operationId"] == "createShipment");
    let mut order: Json = serde_json::from_str(&create.unwrap().body()).unwrap();
    for id in ["1908241-00061", "1908244-00061"] {
        order["orderExternalId"] = json!(id);
        let placed = t.post("/shipments", &order).await;
        assert_eq!(placed.status, 201, "{}", placed.text());
    }
    let create =
        operations(Dialect::Crowdsender).into_iter().find(|operation| operation.says["operationId"] == "createOrder");
    let mut order: Json = serde_json::from_str(&create.unwrap().body()).unwrap();
    order["_externalReferenceId"] = json!("62739041d7226e71caeb2d69");
    let placed = t.post("/api/v1/orders", &order).await;
    assert_eq!(placed.status, 201, "{}", placed.text());
    crate::expertsender::send_examples(&t).await;
    let told = operations(Dialect::SevenSenders).into_iter().find(|operation| operation.name() == "POST /v2/orders");
    assert_eq!(t.call(Method::POST, "/v2/orders", told.unwrap().body()).await.status, 201);
    let unshipped = json!({ "items": [{ "name": "Cup", "quantity": 1 }], "shipping_address": {
        "name": "Erika Mustermann", "street1": "Unter den Linden 77", "postal_code": "10117", "city": "Berlin", "country": "DE",
    } });
    let unshipped = t.post("/v1/orders", &unshipped).await.json()["id"].clone();
    assert_eq!(t.post("/v1/batches", &json!({ "orders": [unshipped, "ord_1"] })).await.status, 202);
    t.run_jobs().await;
    t.clock.advance(Duration::from_hours(7 * 24));
    t
}

#[test]
fn every_route_is_documented_and_nothing_else_is() {
    for dialect in Dialect::ALL {
        let routes = api::routes_of(dialect);
        assert_eq!(routes.is_empty(), api::openapi(dialect).is_none(), "{dialect}");
        if routes.is_empty() {
            continue;
        }
        let served: BTreeSet<_> = routes
            .iter()
            .flat_map(|route| route.methods.iter().map(|method| format!("{method} {}", route.path)))
            .collect();
        let documented: BTreeSet<_> = operations(dialect).iter().map(Operation::name).collect();
        assert_eq!(served, documented, "{dialect}");
    }
}

#[test]
fn the_documents_hold_together() {
    for dialect in SPOKEN {
        let document = document(dialect);
        assert_eq!(document["openapi"], "3.1.0");
        assert_eq!(document["info"]["version"], env!("CARGO_PKG_VERSION"));
        assert_eq!(document["info"]["license"]["identifier"], "Apache-2.0");
        assert_eq!(document["servers"][0]["url"], "/");
        check_references(&document, &document);
        let mut ids = BTreeSet::new();
        for operation in operations(dialect) {
            let name = operation.name();
            assert!(ids.insert(operation.says["operationId"].as_str().unwrap().to_owned()), "{name}");
            let in_path: Vec<_> = operation.path.split(['{', '}']).skip(1).step_by(2).collect();
            let declared: Vec<_> =
                operation.parameters().into_iter().filter(|parameter| parameter["in"] == "path").collect();
            assert_eq!(
                in_path,
                declared.iter().map(|parameter| parameter["name"].as_str().unwrap()).collect::<Vec<_>>()
            );
            assert!(declared.iter().all(|parameter| parameter["required"] == true), "{name}");
            assert!(operation.says["summary"].is_string() && operation.says["tags"][0].is_string(), "{name}");
            for (status, answer) in operation.says["responses"].as_object().unwrap() {
                assert!(resolved(&document, answer)["description"].is_string(), "{name} {status}");
            }
        }
    }
}

/// Every reference leads somewhere, and every example is what its schema says.
fn check_references(document: &Json, value: &Json) {
    resolved(document, value);
    if let (Some(schema), Some(example)) = (value.get("schema"), value.get("example")) {
        assert_eq!(faults(document, schema, example), [""; 0]);
    }
    match value {
        Json::Object(members) => members.values().for_each(|value| check_references(document, value)),
        Json::Array(list) => list.iter().for_each(|value| check_references(document, value)),
        _ => {}
    }
}

on_both_engines! {
    async fn every_route_answers_as_its_document_says(engine: Engine) {
        let t = busy(engine).await;
        let is_last = |operation: &Operation| operation.method == Method::DELETE || operation.path.ends_with("/cancel");
        let (last, first): (Vec<_>, Vec<_>) = every_operation().into_iter().filter(|operation| !RARE.contains(&operation.name().as_str())).partition(is_last);
        let again = first.iter().filter(|operation| operation.method == Method::GET);
        let (mut empty, mut filled) = (BTreeSet::new(), BTreeSet::new());
        for operation in first.iter().chain(again).chain(&last) {
            // The order was changed since its label was bought.
            let is_label = operation.path == "/v1/parcels/{id}/label";
            let path = operation.of_something() + if is_label { "?confirm=outdated" } else { "" };
            let answer = operation.call(&t, ACME, &path, operation.body()).await;
            assert!(answer.status.is_success(), "{}: {} {}", operation.name(), answer.status, answer.text());
            operation.check(&answer);
            if answer.header("content-type") == "application/json"
                && let Some(list) = answer.json()["data"].as_array()
            {
                if list.is_empty() { &mut empty } else { &mut filled }.insert(operation.name());
            }
        }
        let unproven: Vec<_> = empty.difference(&filled).collect();
        assert_eq!(unproven, [""; 0], "only empty lists were held against the document");
    }

    async fn an_order_with_every_field_is_read_and_shown_as_documented(engine: Engine) {
        let t = serving(engine).await;
        let full: Json = serde_json::from_str(include_str!("../fixtures/full_order.json")).unwrap();
        let mut with_gaps = order("A");
        (with_gaps["customs_details"], with_gaps["order_details"]["notes"]) = (Json::Null, Json::Null);
        let body = json!([full, with_gaps]);
        let sendcloud = operations(Dialect::Sendcloud);
        let named = |id: &str| sendcloud.iter().find(|operation| operation.says["operationId"] == id).unwrap();
        let schema = &named("placeOrders").says["requestBody"]["content"]["application/json"]["schema"];
        assert_eq!(faults(&named("placeOrders").document, schema, &body), [""; 0]);
        let placed = t.post("/api/v3/orders", &body).await;
        assert_eq!(placed.status, 201, "{}", placed.text());
        for id in ["1", "2"] {
            named("showOrder").check(&t.get(&format!("/api/v3/orders/{id}")).await);
        }
        named("listOrders").check(&t.get("/api/v3/orders").await);
        let schema = &named("changeOrder").says["requestBody"]["content"]["application/json"]["schema"];
        assert_eq!(faults(&named("changeOrder").document, schema, &full), [""; 0]);
        let native = operations(Dialect::Native);
        let show = native.iter().find(|operation| operation.says["operationId"] == "showOrder").unwrap();
        for id in ["ord_1", "ord_2"] {
            show.check(&t.get(&format!("/v1/orders/{id}")).await);
        }
    }

    async fn every_route_wants_a_key(engine: Engine) {
        let t = serving(engine).await;
        // Links prove who asks by themselves.
        for operation in every_operation().into_iter().filter(|operation| operation.says["security"] != json!([])) {
            let is_token = operation.path.ends_with("/token");
            let body = if is_token { GRANT.to_owned() } else { operation.body() };
            // Who sends no key at all is not forbidden anywhere else.
            let status = if operation.path.starts_with("/api/v2") { 403 } else { 401 };
            let documented = resolved(&operation.document, &operation.says["responses"][status.to_string()]);
            let example = documented["content"].as_object().unwrap().values().next().unwrap()["example"].clone();
            let prefix = match operation.path.split('/').nth(1) {
                Some("v1") => "/native",
                _ if operation.path.starts_with("/api/v1") => "/crowdsender",
                Some("v2") => "/seven-senders",
                Some("shipments" | "ent-services") => "/delivery-solutions",
                Some("orders") => "/expertsender",
                Some(word) if word.starts_with("customer") || word.ends_with("attributes") => "/expertsender",
                _ if status == 403 => "/delivery-solutions",
                _ => "/sendcloud",
            };
            for path in [operation.of_something(), format!("{prefix}{}", operation.of_something())] {
                let answer = bare(&t, &[], operation.method.clone(), &path, &body).await;
                assert_eq!(answer.story(), json!({ "status": status, "body": example }), "{}", operation.name());
                assert_eq!(answer.header("www-authenticate").is_empty(), status == 403);
                operation.check(&answer);
            }
        }
    }

    async fn every_route_refuses_a_key_without_its_scope(engine: Engine) {
        // A key needs some scope; no other routes than those of erasures want this one.
        let t = serving_setup(engine, &setup_with(&key("useless", "[\"erase\"]"))).await;
        let own = operations(Dialect::Expertsender);
        let needs_another = |operation: &&Operation| {
            operation.says.get("security").is_none() && !operation.path.starts_with("/v1/erasures")
        };
        for operation in every_operation().iter().filter(needs_another) {
            let answer = operation.call(&t, "Bearer sec-useless", &operation.of_something(), operation.body()).await;
            // ExpertSender's one refusal of keys is for both.
            let status = if own.iter().any(|own| own.name() == operation.name()) { 401 } else { 403 };
            assert_eq!(answer.status, status, "{}: {}", operation.name(), answer.text());
            operation.check(&answer);
        }
    }

    async fn every_route_with_an_id_answers_a_bad_one(engine: Engine) {
        let t = busy(engine).await;
        let long = "9".repeat(5_000);
        // Delivery Solutions names what it does not find: its own tests tell.
        let of_ours = [Dialect::Native, Dialect::Sendcloud].into_iter().flat_map(operations).collect::<Vec<_>>();
        for operation in of_ours.iter().filter(|operation| operation.path.contains("{id}")) {
            let example = operation.parameter("id").unwrap()["example"].clone();
            let unknown = match example.as_str() {
                None => "999999".to_owned(),
                Some(id) if id.contains("_1") => id.replace("_1", "_zzz"),
                Some(id) => format!("{id}-zzz"),
            };
            let upper = unknown.to_ascii_uppercase();
            let mut told = BTreeSet::new();
            for id in [&unknown, "x", "0", "-1", "1.5", "ord_0", "%FF", "%00", "a%2Fb", &long, &format!("{upper}_")] {
                let path = operation.path.replace("{id}", id);
                let answer = operation.call(&t, ACME, &path, operation.body()).await;
                assert_eq!(answer.status, 404, "{}, id {id}: {}", operation.name(), answer.text());
                operation.check(&answer);
                told.insert(answer.text());
            }
            assert_eq!(told.len(), 1, "{}: {told:?}", operation.name());
        }
    }

    async fn every_route_with_a_body_answers_bad_json(engine: Engine) {
        let t = busy(engine).await;
        for operation in every_operation().iter().filter(|operation| operation.has_body()) {
            let may_be_empty = operation.says["requestBody"]["required"] == false;
            for body in [&b"[{"[..], b"{\"a\":1}}", b"{\"a\":", b"'", b"\xff\xfe", b"{\"\xff\":1}", b" ", b""] {
                if body.is_empty() && may_be_empty {
                    continue;
                }
                let answer = operation.call(&t, ACME, &operation.of_something(), body).await;
                assert_eq!(answer.status, 400, "{}, body {body:?}: {}", operation.name(), answer.text());
                operation.check(&answer);
            }
        }
    }

    async fn every_route_says_which_methods_it_takes(engine: Engine) {
        let t = serving(engine).await;
        for dialect in SPOKEN {
            let document = document(dialect);
            let documented = &document["components"]["responses"]["MethodNotAllowed"];
            for route in api::routes_of(dialect) {
                let path = route.path.replace("{id}", "1");
                for method in METHODS.into_iter().filter(|method| !route.methods.contains(method)) {
                    let answer = t.call(method.parse().unwrap(), &path, "").await;
                    let told = (answer.status.as_u16(), answer.header("allow"));
                    assert_eq!(told, (405, route.allowed().as_str()), "{method} {path}");
                    check(&document, documented, &answer, &format!("{method} {path}"));
                }
                let options = bare(&t, &[], Method::OPTIONS, &path, "").await;
                let told = (options.status.as_u16(), options.header("allow"));
                assert_eq!(told, (200, route.allowed().as_str()), "{path}");
            }
        }
    }
}
