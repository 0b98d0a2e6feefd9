//! Bad input on every route there is: a clear refusal in the dialect's own shape, nothing stored, never our fault.
//!
//! Routes, examples and query parameters come from the OpenAPI documents, which another test holds against the routes.

use axum::body::Body;
use domain::channel::Dialect;
use http::{HeaderName, HeaderValue, Method, Request};
use serde_json::{Value as Json, json};
use testkit::{Answer, TestApp, on_both_engines};

use crate::fixture::{MOST_BYTES, OTHER, basic};
use crate::openapi::{Operation, busy, operations};

/// What Delivery Solutions calls an order that no carrier takes.
const UNSERVED: [&str; 5] =
    ["NO_PROVIDER_ASSIGNED", "NO_PROVIDER_MATCHED", "NO_DSP_MATCHED", "PLACE_ORDER_FAILED", "GEOCODING_FAILED"];

/// Stands for the hostile value until the body is text: not every hostile number fits into a JSON tree.
const HERE: &str = "hostile-value-stands-here";

/// Every dialect that is spoken, with what its document says of each route.
fn every_operation() -> Vec<(Dialect, Operation)> {
    let spoken = Dialect::ALL.into_iter().filter(|dialect| !api::routes_of(*dialect).is_empty());
    spoken.flat_map(|dialect| operations(dialect).into_iter().map(move |operation| (dialect, operation))).collect()
}

/// Letters in no order, so that no database can press them together.
fn noise(length: usize) -> String {
    let mut state = 88_172_645_463_325_252_u64;
    let mut letter = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        char::from(b'a' + (state % 26) as u8)
    };
    (0..length).map(|_| letter()).collect()
}

fn nested(depth: usize) -> String {
    "[".repeat(depth) + &"]".repeat(depth)
}

/// What takes the place of a field, as JSON text.
fn hostile_values() -> Vec<String> {
    let mut values: Vec<String> = [
        "7",
        "-0",
        "0.1",
        "1e400",
        "-1e400",
        "9000000000000000001",
        "-9223372036854775808",
        "1e-400",
        "\"\"",
        "\"x\"",
        "\"\\u0000\"",
        "\"a\\u0000b\"",
        "\"\\ud800\"",
        "\"\\ud83d\\ude00\"",
        "\"1e400\"",
        "\"9000000000000000001\"",
        "null",
        "true",
        "[]",
        "{}",
        "[null]",
        "[[]]",
        "{\"x\":1}",
        "{\"\":{}}",
        "[1,\"x\",{}]",
        "\"9999-12-31T23:59:59.999999999Z\"",
        "\"-009999-01-01\"",
        "\"0000-00-00\"",
        "\"\\u202e\\ufeff\"",
    ]
    .map(str::to_owned)
    .into();
    values.push("9".repeat(40));
    values.push(format!("0.{}", "3".repeat(40)));
    values.push(format!("\"{}\"", noise(255)));
    values.push(format!("\"https://x.example/{}\"", noise(60_000)));
    values.push(format!("\"{}\"", noise(900_000)));
    values.push(nested(40));
    values.push(nested(100_000));
    values
}

/// Bodies that are nothing a route takes.
fn hostile_bodies() -> Vec<Vec<u8>> {
    let mut bodies: Vec<Vec<u8>> = [
        "",
        " ",
        "nul",
        "{",
        "[",
        "]",
        "}",
        "\"",
        "{\"a\"",
        "{\"a\":",
        "{\"a\":1,}",
        "[1,]",
        "{'a':1}",
        "{a:1}",
        "01",
        "+1",
        ".5",
        "NaN",
        "Infinity",
        "\u{feff}{}",
        "{}{}",
        "[] []",
        "null",
        "true",
        "7",
        "1e400",
        "\"x\"",
        "[]",
        "{}",
        "[[]]",
        "[null]",
        "[7]",
        "{\"a\":1,\"a\":2}",
        "[{}]",
        "\"\\ud800\"",
        "{\"\\u0000\":1}",
        "a=b&c=%FF",
        "%00",
        "<?xml version=\"1.0\"?><order/>",
    ]
    .map(|text| text.as_bytes().to_vec())
    .into();
    bodies.push(vec![0xff, 0xfe, b'{', b'}']);
    bodies.push(b"{\"a\":\"\xc3\x28\"}".to_vec());
    bodies.push(vec![0; 1_000]);
    bodies.push(nested(100_000).into_bytes());
    bodies.push("{\"a\":".repeat(100_000).into_bytes());
    bodies.push(format!("[{}0]", "0,".repeat(300_000)).into_bytes());
    let members: Vec<_> = (0..50_000).map(|n| format!("\"{n}\":0")).collect();
    bodies.push(format!("{{{}}}", members.join(",")).into_bytes());
    bodies
}

/// Every place of a body, as a JSON pointer; the root is the empty one.
fn places(value: &Json) -> Vec<String> {
    let mut found = vec![String::new()];
    let below =
        |name: &str, value: &Json| places(value).into_iter().map(move |place| format!("/{name}{place}")).collect();
    let deeper: Vec<Vec<String>> = match value {
        Json::Object(members) => members.iter().map(|(name, value)| below(name, value)).collect(),
        Json::Array(list) => list.iter().enumerate().map(|(index, value)| below(&index.to_string(), value)).collect(),
        _ => Vec::new(),
    };
    found.extend(deeper.into_iter().flatten());
    found
}

/// The body with the value at a place replaced by any text.
fn replaced(body: &Json, place: &str, value: &str) -> String {
    let mut body = body.clone();
    *body.pointer_mut(place).unwrap() = json!(HERE);
    body.to_string().replacen(&format!("\"{HERE}\""), value, 1)
}

/// Fails unless the answer is a refusal as the dialect words it.
fn assert_shaped(dialect: Dialect, answer: &Answer, asked: &str) {
    let status = answer.status.as_u16();
    let text = answer.text();
    let is_text = |value: &Json| value.as_str().is_some_and(|text| !text.is_empty());
    let media_type = match dialect {
        Dialect::Native | Dialect::Expertsender => "application/problem+json",
        _ => "application/json",
    };
    assert_eq!(answer.header("content-type"), media_type, "{asked}: {status} {text}");
    let body = answer.json();
    let is_shaped = match dialect {
        Dialect::Native => {
            body["status"] == status && is_text(&body["type"]) && is_text(&body["title"]) && is_text(&body["detail"])
        }
        Dialect::Sendcloud => match &body["errors"] {
            Json::Array(errors) => {
                let is_error = |error: &Json| {
                    is_text(&error["code"])
                        && is_text(&error["detail"])
                        && (is_text(&error["status"]) || error["status"].is_u64())
                };
                !errors.is_empty() && errors.iter().all(is_error)
            }
            // RFC 6749.
            _ => is_text(&body["error"]) && is_text(&body["error_description"]),
        },
        Dialect::DeliverySolutions => {
            let is_error = |error: &Json| is_text(&error["type"]) && is_text(&error["message"]);
            let errors = body["errors"].as_array().cloned().unwrap_or_default();
            // Links to labels refuse in a shape of their own.
            let is_of_a_link = is_text(&body["Message"]) || body == json!({ "message": "Unauthorized" });
            is_of_a_link || is_error(&body) && !errors.is_empty() && errors.iter().all(is_error)
        }
        Dialect::Crowdsender => body["code"] == status && is_text(&body["info"]) && body["data"].is_null(),
        Dialect::Expertsender => {
            let is_list = |errors: &Json| {
                errors.as_array().is_some_and(|errors| !errors.is_empty() && errors.iter().all(&is_text))
            };
            body["status"] == status
                && ["type", "title", "substatus", "detail"].iter().all(|name| is_text(&body[*name]))
                && if status == 401 { body.get("errors").is_none() } else { is_list(&body["errors"]) }
        }
        Dialect::SevenSenders if status == 401 => body["code"] == 401 && is_text(&body["message"]),
        Dialect::SevenSenders => is_text(&body["type"]) && is_text(&body["title"]) && is_text(&body["detail"]),
    };
    assert!(is_shaped, "{asked}: {status} {text}");
}

/// How many rows there are, and how often they changed.
async fn stored(t: &TestApp) -> Vec<String> {
    let counted = [
        "orders",
        "shipments",
        "parcels",
        "documents",
        "tracking_events",
        "events",
        "webhook_deliveries",
        "channels",
        "channel_logs",
        "locations",
        "dispatches",
        "webhook_endpoints",
        "customers",
        "customer_keys",
        "api_keys",
        "key_secrets",
        "tokens",
    ];
    let mut parts: Vec<String> =
        counted.map(|table| format!("select '{table}', cast(count(*) as text) from {table}")).into();
    parts.push("select 'versions', cast(coalesce(sum(version), 0) as text) from orders".to_owned());
    parts.push("select 'settings', settings from channels".to_owned());
    let sql = format!("select * from ({}) counted order by 1, 2", parts.join(" union all "));
    let rows = t.app.store().read_list(async move |tx| {
        let rows = tx.rows(&sql, &[]).await?;
        rows.iter().map(|row| Ok(format!("{} {}", row.text(0)?, row.text(1)?))).collect()
    });
    rows.await.unwrap()
}

/// Somebody who sends bad things and looks what becomes of them.
struct Attacker {
    t: TestApp,
    stored: Vec<String>,
    refused: usize,
}

impl Attacker {
    async fn new(t: TestApp) -> Self {
        Self { stored: stored(&t).await, t, refused: 0 }
    }

    /// Sends a request: it is done, or refused in shape with nothing stored.
    async fn sends(&mut self, dialect: Dialect, asked: &str, request: Request<Body>) -> Answer {
        let is_reading = request.method() == Method::GET;
        let answer = self.t.send(request).await;
        let status = answer.status.as_u16();
        assert!(status < 500, "{asked}: {status} {}", answer.text());
        if status < 400 {
            // Reading changes nothing, but for documents that are drawn when they are asked for.
            if !is_reading || answer.header("content-type") != "application/json" {
                self.stored = stored(&self.t).await;
            }
            return answer;
        }
        self.refused += 1;
        assert_shaped(dialect, &answer, asked);
        // An order that is well formed and that no carrier takes is kept, to be edited and tried again.
        if dialect == Dialect::DeliverySolutions && UNSERVED.iter().any(|kind| answer.json()["type"] == *kind) {
            self.stored = stored(&self.t).await;
        }
        assert_eq!(stored(&self.t).await, self.stored, "{asked}: {status} {}", answer.text());
        answer
    }

    async fn calls(
        &mut self,
        dialect: Dialect,
        method: &Method,
        path: &str,
        body: impl Into<Body>,
        asked: &str,
    ) -> Answer {
        let request = request(method, path, &basic("pub-acme", "sec-acme"));
        self.sends(dialect, asked, request.body(body.into()).unwrap()).await
    }
}

fn request(method: &Method, path: &str, authorization: &str) -> http::request::Builder {
    let request = Request::builder().method(method.clone()).uri(path).header("host", "waybill.example");
    request.header("authorization", authorization).header("content-type", "application/json")
}

/// The first letters of what was sent, for people.
fn shortly(body: &[u8]) -> String {
    String::from_utf8_lossy(body).chars().take(300).collect()
}

/// The same path with another thing named.
fn naming(operation: &Operation, id: &str) -> String {
    let path = operation.of_something();
    let (head, tail) = operation.path.split_once("{id}").unwrap();
    let query = path.split_once('?').map_or(String::new(), |(_, query)| format!("?{query}"));
    format!("{head}{id}{tail}{query}")
}

on_both_engines! {
    async fn every_field_takes_every_kind_of_value_or_refuses_it(engine: Engine) {
        let mut attacker = Attacker::new(busy(engine).await).await;
        let values = hostile_values();
        for (dialect, operation) in every_operation() {
            let Ok(body) = serde_json::from_str::<Json>(&operation.body()) else { continue };
            let path = operation.of_something();
            for place in places(&body) {
                for value in &values {
                    let asked = format!("{} {place} = {}", operation.name(), shortly(value.as_bytes()));
                    let body = replaced(&body, &place, value);
                    attacker.calls(dialect, &operation.method, &path, body, &asked).await;
                }
            }
        }
        assert!(attacker.refused > 1_000, "{} requests were refused", attacker.refused);
    }

    async fn a_field_the_examples_leave_out_takes_every_kind_of_value_or_refuses_it(engine: Engine) {
        let mut attacker = Attacker::new(busy(engine).await).await;
        let values = hostile_values();
        for (dialect, operation) in every_operation() {
            let Ok(body) = serde_json::from_str::<Json>(&operation.body()) else { continue };
            let schema = &operation.says["requestBody"]["content"]["application/json"]["schema"];
            let schema = crate::schema::resolved(&operation.document, schema);
            let item = schema.get("items").map(|item| crate::schema::resolved(&operation.document, item));
            let place = if item.is_some() { "/0" } else { "" };
            let known = item.unwrap_or(schema)["properties"].as_object().cloned().unwrap_or_default();
            for name in known.keys().filter(|name| body.pointer(&format!("{place}/{name}")).is_none()) {
                let mut body = body.clone();
                body.pointer_mut(place).unwrap()[name] = Json::Null;
                for value in &values {
                    let asked = format!("{} {place}/{name} = {}", operation.name(), shortly(value.as_bytes()));
                    let body = replaced(&body, &format!("{place}/{name}"), value);
                    attacker.calls(dialect, &operation.method, &operation.of_something(), body, &asked).await;
                }
            }
        }
    }

    async fn a_webhook_to_an_endless_address_is_refused(engine: Engine) {
        let mut attacker = Attacker::new(busy(engine).await).await;
        let body = json!({ "webhook_active": true, "webhook_url": format!("https://x.example/{}", noise(60_000)) });
        let path = "/api/v3/integrations/7";
        let answer = attacker.calls(Dialect::Sendcloud, &Method::PATCH, path, body.to_string(), "a long address").await;
        assert_eq!(answer.status, 400);
    }

    async fn a_body_that_is_nothing_a_route_takes_is_refused(engine: Engine) {
        let mut attacker = Attacker::new(busy(engine).await).await;
        for (dialect, operation) in every_operation().into_iter().filter(|(_, operation)| operation.has_body()) {
            for body in hostile_bodies() {
                let asked = format!("{} {}", operation.name(), shortly(&body));
                attacker.calls(dialect, &operation.method, &operation.of_something(), body, &asked).await;
            }
            // What the body is called does not matter: many clients call JSON a form.
            for media_type in ["", "text/xml", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "\u{7f}"] {
                let request = request(&operation.method, &operation.of_something(), &basic("pub-acme", "sec-acme"));
                let mut request = request.body(Body::from("<order/>")).unwrap();
                let media_type = HeaderValue::from_bytes(media_type.as_bytes());
                request.headers_mut().insert("content-type", media_type.unwrap_or(HeaderValue::from_static("*")));
                attacker.sends(dialect, &operation.name(), request).await;
            }
        }
        assert!(attacker.refused > 300, "{} requests were refused", attacker.refused);
    }

    async fn a_body_that_is_too_large_is_refused_by_every_route_however_it_is_announced(engine: Engine) {
        let mut attacker = Attacker::new(busy(engine).await).await;
        // Whoever has not the installation's secret learns that first.
        let takes_key = |operation: &Operation| operation.says.get("security").is_none();
        let bodies = every_operation().into_iter().filter(|(_, operation)| operation.has_body() && takes_key(operation));
        for (dialect, operation) in bodies {
            let large = || format!("[{}]", " ".repeat(MOST_BYTES));
            let chunks = futures::stream::iter(large().into_bytes().chunks(1 << 16).map(<[u8]>::to_vec).collect::<Vec<_>>());
            let chunked = Body::from_stream(futures::StreamExt::map(chunks, Ok::<_, std::io::Error>));
            for (body, length) in [(large().into(), None), (chunked, None), (Body::from("{}"), Some("99999999999"))] {
                let request = request(&operation.method, &operation.of_something(), &basic("pub-acme", "sec-acme"));
                let mut request = request.body(body).unwrap();
                // Whoever changes something must have seen it.
                request.headers_mut().insert("if-match", HeaderValue::from_static("*"));
                if let Some(length) = length {
                    request.headers_mut().insert("content-length", HeaderValue::from_static(length));
                }
                let answer = attacker.sends(dialect, &operation.name(), request).await;
                assert_eq!((answer.status.as_u16(), answer.header("connection")), (413, "close"), "{}", operation.name());
            }
        }
    }

    async fn an_id_that_names_nothing_is_refused(engine: Engine) {
        let mut attacker = Attacker::new(busy(engine).await).await;
        let long = noise(5_000);
        let digits = "9".repeat(60);
        let ids = [
            "0", "-1", "+1", "01", "1.0", "9007199254740992", "18446744073709551616", &digits, "%00", "%FF", "%ED%A0%80",
            "%F0%9F%98%80", "%2E%2E", "..%2F..%2Fetc", "%20", "ord_", "ord_0", "ord_-1", "ord_zzzzzzzzzzzzzzzzzzzz", "ord_%00",
            "shp_1%00", "ord_1%20", "'%20or%201=1--", "{id}", "%7B%7D", &long,
        ];
        for (dialect, operation) in every_operation().into_iter().filter(|(_, operation)| operation.path.contains("{id}")) {
            for id in ids.map(|id| id.replace(['{', '}'], "")) {
                let path = naming(&operation, &id);
                let asked = format!("{} {path}", operation.method);
                let request = request(&operation.method, &path, OTHER).body(operation.body().into()).unwrap();
                let answer = attacker.sends(dialect, &asked, request).await;
                // What is not there has no history.
                let is_empty = answer.status == 200 && answer.text() == "[]" && asked.contains("status");
                assert!(is_empty || answer.status.is_client_error(), "{asked}: {}", answer.text());
            }
        }
    }

    async fn what_is_another_tenants_is_as_unknown_as_what_is_nobodys(engine: Engine) {
        let mut attacker = Attacker::new(busy(engine).await).await;
        let mut compared = 0;
        for (dialect, operation) in every_operation().into_iter().filter(|(_, operation)| operation.path.contains("{id}")) {
            let theirs = operation.of_something();
            // Both tenants have an integration 7, so this one is told by a number only one of them has.
            let theirs = theirs.replace("/integrations/7", "/integrations/8").replace("/channels/7", "/channels/8");
            let id = theirs.strip_prefix(operation.path.split_once("{id}").unwrap().0).unwrap();
            let id = id.split(['/', '?']).next().unwrap().to_owned();
            let number = id.trim_start_matches(|letter: char| letter != '-').to_owned();
            let stem = id.trim_end_matches(|digit: char| digit.is_ascii_digit());
            // A bare number is said back, so nobody's is as long.
            let unknown = if stem.is_empty() { "9".repeat(id.len()) } else { format!("{stem}77777") };
            let nobodys = naming(&operation, &unknown);
            let mut answers = Vec::new();
            for path in [theirs, nobodys] {
                let asked = format!("{} {path}", operation.method);
                let request = request(&operation.method, &path, OTHER).body(operation.body().into()).unwrap();
                let answer = attacker.sends(dialect, &asked, request).await;
                let mut headers: Vec<_> = answer.headers.iter().map(|(name, value)| format!("{name}: {value:?}")).collect();
                headers.sort();
                // A text may name what was asked for.
                let text = answer.text().replace("-77777", &number).replace(&unknown, &id);
                answers.push((answer.status, headers, text));
            }
            assert_eq!(answers[0], answers[1], "{}", operation.name());
            compared += 1;
        }
        assert!(compared > 10, "{compared} routes name a thing");
    }

    async fn a_query_that_makes_no_sense_is_refused_or_ignored(engine: Engine) {
        let mut attacker = Attacker::new(busy(engine).await).await;
        let (long, digits) = (noise(5_000), "9".repeat(60));
        let values = [
            "", "%00", "a%00b", "%FF", "%", "%zz", "-1", "0", "1e400", "NaN", "null", "[]", "[0]", "true", &digits, &long,
            "-9223372036854775808", "9223372036854775807", "9223372036854775808", "2026-99-99", "9999-12-31", "-9999-01-01",
            "9999-12-31T23:59:59.999999999Z", "0000-01-01", ",", ",,,,", "-,-pk", "pk,pk,-pk", "bz05OTk5OTk5OTk5OQ==",
            "cD0lRkY=", "cD0x", "cj0xJnA9LTk5OTk5OTk5OTk5OTk5OTk5OTk5OQ==", "!!!!", "9223372036854775807.1", ".", "1.", ".1",
            "-9223372036854775808.9007199254740991", "7&integration=8", "x&x=y&x=z",
        ];
        // What nobody documents, and what others call a page.
        let more = ["cursor", "after", "page_size", "integration[]", "%FF"];
        for (dialect, operation) in every_operation().into_iter().filter(|(_, operation)| operation.method == Method::GET) {
            let said = operation.parameters().into_iter().filter(|parameter| parameter["in"] == "query");
            let mut names: Vec<String> = said.map(|parameter| parameter["name"].as_str().unwrap().to_owned()).collect();
            names.extend(more.map(str::to_owned));
            let path = operation.of_something();
            for name in names {
                for value in values {
                    let joint = if path.contains('?') { '&' } else { '?' };
                    let path = format!("{path}{joint}{name}={value}");
                    attacker.calls(dialect, &operation.method, &path, "", &format!("GET {}", shortly(path.as_bytes()))).await;
                }
                let joint = if path.contains('?') { '&' } else { '?' };
                let path = format!("{path}{joint}{name}=1&{name}=x&{name}&{name}=");
                attacker.calls(dialect, &operation.method, &path, "", &format!("GET {path}")).await;
            }
        }
    }

    async fn a_header_that_is_no_text_is_refused_or_ignored(engine: Engine) {
        let mut attacker = Attacker::new(busy(engine).await).await;
        for (dialect, operation) in every_operation() {
            for name in ["authorization", "content-type", "host", "accept", "x-request-id", "sendcloud-partner-id", "content-length", "idempotency-key"] {
                for value in [&b"\xff\xfe"[..], b"", b"\t", b"Basic \xff", b"Basic Og==", b"Basic /w==", b"Bearer", b"Bearer \xc3\x28", b"-1", b"1e400"] {
                    let request = request(&operation.method, &operation.of_something(), &basic("pub-acme", "sec-acme"));
                    let mut request = request.body(Body::from("\x01")).unwrap();
                    let header = HeaderName::from_static(name);
                    request.headers_mut().insert(header, HeaderValue::from_bytes(value).unwrap());
                    if operation.method == Method::DELETE && name != "authorization" {
                        continue;
                    }
                    attacker.sends(dialect, &format!("{} {name}: {}", operation.name(), shortly(value)), request).await;
                }
            }
        }
    }

    async fn a_method_nobody_knows_is_refused(engine: Engine) {
        let mut attacker = Attacker::new(busy(engine).await).await;
        let operations = every_operation();
        for (dialect, operation) in &operations {
            for method in ["TRACE", "CONNECT", "BREW", "PUT", "get", "POST2"] {
                let method: Method = method.parse().unwrap();
                let asked = format!("{method} {}", operation.path);
                let is_taken = |(_, other): &(Dialect, Operation)| other.path == operation.path && other.method == method;
                if !operations.iter().any(is_taken) {
                    let answer = attacker.calls(*dialect, &method, &operation.of_something(), operation.body(), &asked).await;
                    assert_eq!(answer.status, 405, "{asked}");
                }
            }
        }
    }
}
