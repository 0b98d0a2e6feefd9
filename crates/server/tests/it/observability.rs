//! What an operator sees: metrics that name what happened, and a log that names nobody.

use std::time::Duration;

use reqwest::{Method, RequestBuilder};
use serde_json::{Value as Json, json};
use testkit::sink::Sink;
use testkit::{Engine, SETUP, on_both_engines};

use crate::process::{Place, Server, client};

/// A server whose webhooks go to a sink, asked as several clients would.
struct Scene {
    server: Server,
    client: reqwest::Client,
}

const HOOK_SECRET: &str = "hook-secret-nobody-may-see";
const TOKEN: &str = "a-token-for-metrics";

/// A recipient of whom nothing may be logged.
fn recipient() -> Json {
    json!({
        "name": "Wilhelmina Quist", "company_name": "Quist & Zonen", "address_line_1": "Zwanenburgwal",
        "house_number": "214b", "postal_code": "1011JH", "city": "Schagerbrug", "country_code": "NL",
        "phone_number": "+31 85 555 0177", "email": "w.quist@example.com",
    })
}

/// What stands in [`recipient`] and in no other place.
const PERSONAL: [&str; 8] =
    ["Wilhelmina", "Quist", "Zwanenburgwal", "214b", "1011JH", "Schagerbrug", "555 0177", "w.quist@example.com"];

impl Scene {
    async fn begin(place: &Place, sink: &Sink, env: &[(&str, &str)]) -> Self {
        let hook = format!(
            "[[tenant.webhook]]\nurl = \"{}\"\nsecret = \"{HOOK_SECRET}\"\ndialect = \"native\"\nevents = [\"*\"]\n\n[[tenant]]\nid = \"other\"",
            sink.url
        );
        let setup = SETUP.replace("[[tenant]]\nid = \"other\"", &hook);
        std::fs::write(place.folder.join("setup.toml"), setup).unwrap();
        let env: Vec<_> = env.iter().chain(&[("WAYBILL_ALLOW_PRIVATE_WEBHOOKS", "1")]).copied().collect();
        Self { server: place.serve_with(&env), client: client() }
    }

    fn ask(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.server.url))
    }

    async fn json(&self, asked: RequestBuilder) -> Json {
        let answer = asked.send().await.unwrap();
        let (status, text) = (answer.status(), answer.text().await.unwrap());
        assert!(status.is_success(), "{status}: {text}");
        serde_json::from_str(&text).unwrap()
    }

    /// An order from the shop, a label of it, its bytes, and everybody who is told; the answers in that order.
    async fn ship(&self) -> (Json, Vec<u8>) {
        let order = json!([{
            "order_id": "A-1", "order_number": "A-1",
            "order_details": {
                "integration": { "id": 7 }, "status": { "code": "paid", "message": "Paid" },
                "order_created_at": "2026-03-02T08:14:05.120Z",
                "order_items": [{ "name": "Tent", "quantity": 1, "total_price": { "value": 189.00, "currency": "EUR" },
                    "measurement": { "weight": { "value": 2.4, "unit": "kg" } } }],
            },
            "payment_details": { "total_price": { "value": 189.00, "currency": "EUR" },
                "status": { "code": "paid", "message": "Paid" } },
            "shipping_address": recipient(),
        }]);
        let posted = self.ask(Method::POST, "/api/v3/orders").basic_auth("pub-acme", Some("sec-acme"));
        self.json(posted.json(&order)).await;
        let ship = json!({ "integration_id": 7, "order": { "order_id": "A-1" },
            "label_details": { "mime_type": "application/pdf" } });
        let shipped = self.ask(Method::POST, "/api/v3/orders/create-label-sync");
        self.json(shipped.basic_auth("pub-acme", Some("sec-acme")).json(&ship)).await;
        let shipment = self.json(self.ask(Method::GET, "/v1/orders/ord_1/shipments").bearer_auth("sec-acme")).await;
        let label = self.ask(Method::GET, "/v1/parcels/pcl_1/label").bearer_auth("sec-acme").send().await.unwrap();
        (shipment["data"][0].clone(), label.bytes().await.unwrap().to_vec())
    }

    async fn metrics(&self) -> String {
        let shown = self.ask(Method::GET, "/metrics").bearer_auth(TOKEN).send().await.unwrap();
        assert_eq!(shown.status(), 200);
        shown.text().await.unwrap()
    }
}

/// Waits until the sink has so many deliveries.
async fn delivered(sink: &Sink, count: usize) {
    for _ in 0..500 {
        if sink.received().len() >= count {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("only {} of {count} deliveries came", sink.received().len());
}

/// The counters, and of each histogram how often it was recorded; without what time alone moves.
fn counts(text: &str) -> Vec<&str> {
    let is_count = |line: &&str| {
        let name = line.split(['{', ' ']).next().unwrap_or_default();
        (name.ends_with("_total") || name.ends_with("_seconds_count"))
            && !line.contains("route=\"/metrics\"")
            && !["waybill_store", "waybill_job"].iter().any(|prefix| name.starts_with(prefix))
    };
    let mut lines: Vec<_> = text.lines().filter(is_count).collect();
    lines.sort_unstable();
    lines
}

on_both_engines! {
    async fn metrics_tell_what_happened_by_route_carrier_and_kind(engine: Engine) {
        let sink = Sink::start().await;
        let place = Place::new(engine, "metrics").await;
        let scene = Scene::begin(&place, &sink, &[("WAYBILL_METRICS_TOKEN", TOKEN)]).await;
        scene.ship().await;
        delivered(&sink, 4).await;
        for path in ["/v1/orders/ord_77", "/v1/orders/ord_78", "/wp-login.php", "/t/nobody-has-this"] {
            scene.ask(Method::GET, path).bearer_auth("sec-acme").send().await.unwrap();
        }
        scene.ask("BREW".parse().unwrap(), "/v1/orders").send().await.unwrap();
        let mut text = scene.metrics().await;
        let is_told = |text: &str| {
            let sent = "waybill_webhook_attempt_seconds_count{outcome=\"delivered\"} 4";
            text.contains(sent) && text.contains("call=\"check\"")
        };
        while !is_told(&text) {
            // The sink has them a moment before the server knows.
            tokio::time::sleep(Duration::from_millis(20)).await;
            text = scene.metrics().await;
        }
        insta::assert_snapshot!(counts(&text).join("\n"), @r#"
        waybill_carrier_call_seconds_count{carrier="local",call="book"} 1
        waybill_carrier_call_seconds_count{carrier="local",call="check"} 1
        waybill_carrier_call_seconds_count{carrier="local",call="rates"} 1
        waybill_carrier_calls_total{carrier="local",call="book",outcome="ok"} 1
        waybill_carrier_calls_total{carrier="local",call="check",outcome="ok"} 1
        waybill_carrier_calls_total{carrier="local",call="rates",outcome="ok"} 1
        waybill_events_total{kind="order.created"} 1
        waybill_events_total{kind="shipment.booked"} 1
        waybill_events_total{kind="shipment.ready_to_print"} 1
        waybill_events_total{kind="shipment.requested"} 1
        waybill_http_request_seconds_count{method="GET",route="/t/{token}"} 1
        waybill_http_request_seconds_count{method="GET",route="/v1/orders/{id}"} 2
        waybill_http_request_seconds_count{method="GET",route="/v1/orders/{id}/shipments"} 1
        waybill_http_request_seconds_count{method="GET",route="/v1/parcels/{id}/label"} 1
        waybill_http_request_seconds_count{method="GET",route="other"} 1
        waybill_http_request_seconds_count{method="POST",route="/api/v3/orders"} 1
        waybill_http_request_seconds_count{method="POST",route="/api/v3/orders/create-label-sync"} 1
        waybill_http_request_seconds_count{method="other",route="/v1/orders"} 1
        waybill_http_requests_total{method="GET",route="/t/{token}",status="404"} 1
        waybill_http_requests_total{method="GET",route="/v1/orders/{id}",status="404"} 2
        waybill_http_requests_total{method="GET",route="/v1/orders/{id}/shipments",status="200"} 1
        waybill_http_requests_total{method="GET",route="/v1/parcels/{id}/label",status="200"} 1
        waybill_http_requests_total{method="GET",route="other",status="404"} 1
        waybill_http_requests_total{method="POST",route="/api/v3/orders",status="201"} 1
        waybill_http_requests_total{method="POST",route="/api/v3/orders/create-label-sync",status="201"} 1
        waybill_http_requests_total{method="other",route="/v1/orders",status="405"} 1
        waybill_label_drawing_seconds_count{format="pdf"} 2
        waybill_webhook_attempt_seconds_count{outcome="delivered"} 4
        "#);
        for name in ["waybill_store_write_seconds_bucket", "waybill_job_run_seconds_sum", "waybill_job_lag_seconds"] {
            assert!(text.lines().any(|line| line.starts_with(name)), "{name} is missing");
        }
        let described = |line: &&str| line.starts_with("# HELP ");
        let names: Vec<_> = text.lines().filter(described).filter_map(|line| line.split(' ').nth(2)).collect();
        let bare = text.lines().filter(|line| line.starts_with("# TYPE ")).filter_map(|line| line.split(' ').nth(2));
        let bare: Vec<_> = bare.filter(|name| !names.contains(name)).collect();
        assert!(bare.is_empty(), "{bare:?} are not described");
        for personal in PERSONAL.into_iter().chain(["acme", "A-1", "ord_"]) {
            assert!(!text.contains(personal), "the metrics name {personal}");
        }
    }

    async fn no_secret_no_address_and_no_label_comes_into_the_log(engine: Engine) {
        let sink = Sink::start().await;
        let place = Place::new(engine, "log").await;
        let scene = Scene::begin(&place, &sink, &[("WAYBILL_LOG", "trace"), ("WAYBILL_METRICS_TOKEN", TOKEN)]).await;
        // The first delivery is refused, in words that quote the order back.
        sink.refuse("Wilhelmina Quist is no customer of ours", 500);
        let (shipment, label) = scene.ship().await;
        assert!(label.starts_with(b"%PDF"));
        delivered(&sink, 1).await;
        sink.take_all();
        let token = shipment["parcels"][0]["tracking_url"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
        let number = shipment["parcels"][0]["tracking_number"].as_str().unwrap();
        // Requests that go wrong, of which more is told.
        let tokens = scene.ask(Method::POST, "/oauth2/token").basic_auth("pub-acme", Some("sec-acme"));
        let tokens = scene.json(tokens.header("content-type", "application/x-www-form-urlencoded").body("grant_type=client_credentials")).await;
        let bearer = tokens["access_token"].as_str().unwrap();
        let wrong = json!([{ "order_id": 7, "shipping_address": recipient(), "customer_details": recipient() }]);
        let asked = [
            scene.ask(Method::POST, "/api/v3/orders").bearer_auth(bearer).json(&wrong),
            scene.ask(Method::POST, "/v1/orders").bearer_auth("sec-guessed-wrongly").json(&wrong),
            scene.ask(Method::POST, "/v1/orders").bearer_auth("sec-acme").body(recipient().to_string().replace('}', "")),
            scene.ask(Method::POST, "/v1/orders/ord_1/tracking-numbers").bearer_auth("sec-acme").json(&recipient()),
            scene.ask(Method::GET, &format!("/t/{token}")),
            scene.ask(Method::GET, "/metrics").bearer_auth(TOKEN),
        ];
        for request in asked {
            request.header("x-request-id", "the-name-of-a-request").send().await.unwrap();
        }
        assert!(scene.server.stop());
        let log = place.log();
        for expected in ["DEBUG", "id=\"the-name-of-a-request\"", "serving", "POST"] {
            assert!(log.contains(expected), "the log lacks {expected}: {} bytes", log.len());
        }
        let label: String = String::from_utf8_lossy(&label).chars().skip(200).take(60).collect();
        let secrets = ["sec-acme", "sec-other", "sec-guessed-wrongly", HOOK_SECRET, TOKEN, bearer, &token, number];
        let secrets = secrets.into_iter().chain(PERSONAL).chain(["cHViLWFjbWU6", "%PDF", "JVBERi0", label.as_str()]);
        let leaked: Vec<_> = secrets.filter(|secret| log.contains(secret)).collect();
        let line = leaked.first().and_then(|secret| log.lines().find(|line| line.contains(secret)));
        assert!(leaked.is_empty(), "{leaked:?} came into the log, such as {line:?}");
    }
}

#[tokio::test]
async fn metrics_are_for_whoever_has_the_token_or_for_this_machine_alone() {
    let place = Place::new(Engine::Sqlite, "metrics-access").await;
    let asked = async |server: &Server, headers: &[(&str, &str)]| {
        let mut request = client().get(format!("{}/metrics", server.url));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.send().await.unwrap().status().as_u16()
    };
    let server = place.serve();
    assert_eq!(asked(&server, &[]).await, 200);
    assert_eq!(asked(&server, &[("x-forwarded-for", "203.0.113.9")]).await, 403);
    drop(server);
    let server = place.serve_with(&[("WAYBILL_METRICS_TOKEN", TOKEN)]);
    assert_eq!(asked(&server, &[]).await, 401);
    assert_eq!(asked(&server, &[("authorization", "Bearer a-token-for-metricz")]).await, 401);
    assert_eq!(asked(&server, &[("authorization", &format!("Bearer {TOKEN}"))]).await, 200);
}

#[cfg(feature = "otlp")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_and_what_the_carrier_was_asked_for_it_join_the_callers_trace() {
    let (sink, collector) = (Sink::start().await, Sink::start().await);
    let place = Place::new(Engine::Sqlite, "otlp").await;
    let endpoint = collector.url.trim_end_matches("/hooks");
    let scene = Scene::begin(&place, &sink, &[("WAYBILL_OTLP_ENDPOINT", endpoint)]).await;
    scene.ship().await;
    let asked = scene.ask(Method::POST, "/v1/orders/ord_1/rates").bearer_auth("sec-acme");
    let asked = asked.header("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
    assert_eq!(asked.send().await.unwrap().status(), 200);
    assert!(scene.server.stop());
    let sent: Vec<_> = collector.received().into_iter().flat_map(|received| received.body).collect();
    let holds = |part: &[u8]| sent.windows(part.len()).any(|window| window == part);
    let trace = [0x0a, 0xf7, 0x65, 0x19, 0x16, 0xcd, 0x43, 0xdd, 0x84, 0x48, 0xeb, 0x21, 0x1c, 0x80, 0x31, 0x9c];
    for part in [&trace[..], b"waybill", b"request", b"carrier", b"rates", b"book"] {
        assert!(holds(part), "{part:?} is in none of the {} bytes sent", sent.len());
    }
    let leaked: Vec<_> = PERSONAL.into_iter().filter(|personal| holds(personal.as_bytes())).collect();
    assert!(leaked.is_empty(), "{leaked:?} went to the collector");
}
