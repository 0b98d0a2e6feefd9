//! `waybill demo`: the main job on an embedded database, offline, over real HTTP on loopback.
//!
//! Orders come in through two dialects, are rated, booked and labelled; their parcels move; a webhook is signed, sent,
//! received by a sink of its own, and its signature is checked.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use app::App;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use domain::tenant::{Scope, TenantId};
use domain::{Secret, Timestamp};
use http::HeaderMap;
use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value as Json, json};
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::cli::Demo;
use crate::config::{Flags, Settings};
use crate::{commands, shutdown, wire};

const SETUP: &str = include_str!("demo/setup.toml");
const RATES: &str = include_str!("demo/rates.csv");
const SENDCLOUD_ORDERS: &str = include_str!("demo/orders.json");
const NATIVE_ORDER: &str = include_str!("demo/order.json");
const MORE_ORDERS: &str = include_str!("demo/more.csv");
const SECRET: &str = "sec-demo";
const HOOK_SECRET: &str = "whsec_V2F5YmlsbCBkZW1vIHNlY3JldA==";
/// How long a webhook may take before the demo says that it failed.
const PATIENCE: Duration = Duration::from_secs(10);

type Received = Arc<Mutex<Vec<(HeaderMap, Bytes)>>>;

/// Runs the demo and leaves what it made in its folder; with `--serve` it stays up until somebody stops it.
pub(crate) async fn run(asked: &Demo) -> anyhow::Result<()> {
    let (out, began) = (asked.out.as_path(), Instant::now());
    let data = out.join("data");
    if data.join("waybill.db").exists() {
        std::fs::remove_dir_all(&data).with_context(|| format!("{} cannot be emptied", data.display()))?;
    }
    std::fs::create_dir_all(&data).with_context(|| format!("{} cannot be made", out.display()))?;
    std::fs::write(out.join("setup.toml"), SETUP)?;
    std::fs::write(out.join("rates.csv"), RATES)?;

    let received = Received::default();
    let sink = TcpListener::bind("127.0.0.1:0").await?;
    let hook_url = format!("http://{}/hooks", sink.local_addr()?);
    let sink_routes = Router::new().fallback(take).with_state(Arc::clone(&received));
    let sink = tokio::spawn(async move { axum::serve(sink, sink_routes).await });

    let settings = Settings { data, allow_private_webhooks: true, ..Settings::load(&Flags::default())? };
    let settings = Settings {
        database_url: None,
        documents_url: None,
        key: None,
        key_file: None,
        previous_key: None,
        previous_key_file: None,
        ..settings
    };
    let address = if asked.serve { asked.listen.as_str() } else { "127.0.0.1:0" };
    let listener = TcpListener::bind(address)
        .await
        .with_context(|| format!("cannot listen on {address}: choose another address with --listen"))?;
    let base = format!("http://{}", listener.local_addr()?);
    let app = wire::open(&settings, base.clone()).await?;
    step(began, &format!("opened an empty database in {}", settings.data.display()));

    let demo_setup = out.join("data").join("demo.toml");
    let hook = format!(
        "{SETUP}\n[[tenant.webhook]]\nurl = \"{hook_url}\"\nsecret = \"{HOOK_SECRET}\"\ndialect = \"sendcloud\"\nevents = [\"*\"]\n"
    );
    std::fs::write(&demo_setup, hook)?;
    std::fs::write(out.join("data").join("rates.csv"), RATES)?;
    commands::apply(&app, &demo_setup).await?;
    step(began, "applied the setup: tenant \"demo\", one key, one location, one rate sheet, one webhook");

    let routes = wire::layered(wire::routes(app.clone(), &settings), settings.request_timeout);
    let service = routes.into_make_service_with_connect_info::<SocketAddr>();
    let server = tokio::spawn(async move { axum::serve(listener, service).await });
    let (stop, stopped) = watch::channel(false);
    let jobs = tokio::spawn({
        let app = app.clone();
        async move { app.run_jobs(stopped).await }
    });
    let scene = Scene { began, base, client: app::guard::client(true)?, out: out.to_owned() };
    scene.play(&received).await?;
    if asked.serve {
        let count = more_orders(&app).await?;
        step(began, &format!("{count} more orders wait for their labels"));
        scene.invite();
        shutdown::signal().await;
    }

    stop.send_replace(true);
    jobs.await?;
    server.abort();
    sink.abort();
    app.store().close().await;
    if !asked.serve {
        scene.farewell();
    }
    Ok(())
}

/// Orders that nobody has labelled yet, read as a file that somebody uploads.
async fn more_orders(app: &App) -> anyhow::Result<u64> {
    let tenant = TenantId::new("demo").context("the demo's tenant has a name")?;
    let caller = app.operator(&tenant, vec![Scope::Write]).await?;
    let orders = api::native::import::file(MORE_ORDERS.as_bytes());
    let orders = orders.map_err(|problems| anyhow::anyhow!("the demo's orders: {problems:?}"))?;
    let imported = app.import_orders(&caller, orders).await?;
    ensure!(imported.rejected.is_empty(), "the demo's orders: {:?}", imported.rejected);
    Ok(imported.new)
}

async fn take(State(received): State<Received>, headers: HeaderMap, body: Bytes) -> http::StatusCode {
    received.lock().unwrap_or_else(PoisonError::into_inner).push((headers, body));
    http::StatusCode::NO_CONTENT
}

fn step(began: Instant, text: &str) {
    println!("{:>6} ms  {text}", began.elapsed().as_millis());
}

/// Whether a delivery's Standard Webhooks signature is right.
fn is_signed(headers: &HeaderMap, body: &[u8]) -> bool {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or("");
    let at = header("webhook-timestamp").parse().ok().and_then(|second| Timestamp::from_second(second).ok());
    let Some(at) = at else { return false };
    let expected = app::webhooks::standard_headers(header("webhook-id"), at, body, &[&Secret::new(HOOK_SECRET)]);
    expected[2].1 == header("webhook-signature")
}

/// The demo's client.
struct Scene {
    began: Instant,
    base: String,
    client: Client,
    out: PathBuf,
}

impl Scene {
    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.base))
    }

    async fn answer(&self, request: RequestBuilder) -> anyhow::Result<Json> {
        let answer = request.send().await?;
        let status = answer.status();
        let body = answer.text().await?;
        ensure!(status.is_success(), "the server answered {status}: {body}");
        Ok(serde_json::from_str(&body)?)
    }

    async fn save(&self, request: RequestBuilder, name: &str) -> anyhow::Result<usize> {
        let answer = request.send().await?;
        let status = answer.status();
        let bytes = answer.bytes().await?;
        ensure!(status.is_success(), "the server answered {status}: {}", String::from_utf8_lossy(&bytes));
        std::fs::write(self.out.join(name), &bytes)?;
        Ok(bytes.len())
    }

    async fn play(&self, received: &Received) -> anyhow::Result<()> {
        let posted = self.request(Method::POST, "/api/v3/orders").basic_auth("pub-demo", Some(SECRET));
        let posted = posted.header("content-type", "application/json").body(SENDCLOUD_ORDERS);
        let created = self.answer(posted).await?;
        let count = created["data"].as_array().map_or(0, Vec::len);
        step(self.began, &format!("Sendcloud client posted {count} orders: POST /api/v3/orders → 201"));

        let posted = self.request(Method::POST, "/v1/orders").bearer_auth(SECRET);
        let native = self.answer(posted.header("content-type", "application/json").body(NATIVE_ORDER)).await?;
        step(self.began, &format!("native client posted order {}: POST /v1/orders → 201", text(&native["number"])));

        let ship = json!({ "integration_id": 7, "order": { "order_id": "100231" },
            "label_details": { "mime_type": "application/pdf" } });
        let shipped = self.request(Method::POST, "/api/v3/orders/create-label-sync");
        let shipped = self.answer(shipped.basic_auth("pub-demo", Some(SECRET)).json(&ship)).await?;
        let number = text(&shipped["data"]["tracking_number"]);
        step(self.began, &format!("Sendcloud client asked for a label of K-100231: tracking number {number}"));

        let mut shipments = Vec::new();
        for order in ["ord_1", "ord_2", "ord_3"] {
            let asked = self.request(Method::POST, &format!("/v1/orders/{order}/shipments")).bearer_auth(SECRET);
            let shipment = self.answer(asked).await?;
            let price = format!(
                "{} {}",
                text(&shipment["rate"]["total"]["amount"]),
                text(&shipment["rate"]["total"]["currency"])
            );
            let what = format!("{} by {} for {price}", text(&shipment["id"]), text(&shipment["service"]));
            step(
                self.began,
                &format!(
                    "{order}: shipment {what}, {}",
                    if shipment["is_ready_to_print"] == true { "ready to print" } else { "label missing" }
                ),
            );
            shipments.push(shipment);
        }
        self.documents(&shipments).await?;
        self.tracking(&shipments[0]).await?;
        self.webhooks(received).await
    }

    async fn documents(&self, shipments: &[Json]) -> anyhow::Result<()> {
        let names = ["berlin", "wroclaw", "athens"];
        for (shipment, name) in shipments.iter().zip(names) {
            let parcel = text(&shipment["parcels"][0]["id"]);
            let path = format!("/v1/parcels/{parcel}/label?format=pdf_100x150");
            self.save(self.request(Method::GET, &path).bearer_auth(SECRET), &format!("label-{name}.pdf")).await?;
        }
        let parcel = text(&shipments[0]["parcels"][0]["id"]);
        for (format, name) in [
            ("pdf_a6", "label-berlin-a6.pdf"),
            ("pdf_a4", "label-berlin-a4.pdf"),
            ("zpl_203", "label-berlin.zpl"),
            ("png_203", "label-berlin.png"),
            ("png_300", "label-berlin-300dpi.png"),
        ] {
            let path = format!("/v1/parcels/{parcel}/label?format={format}");
            self.save(self.request(Method::GET, &path).bearer_auth(SECRET), name).await?;
        }
        let path = format!("/v1/shipments/{}/packing-slip", text(&shipments[0]["id"]));
        self.save(self.request(Method::GET, &path).bearer_auth(SECRET), "packing-slip.pdf").await?;
        step(self.began, "drew labels as PDF (100 × 150 mm, A6, A4), ZPL and PNG, and a packing slip");
        Ok(())
    }

    async fn tracking(&self, shipment: &Json) -> anyhow::Result<()> {
        let now = app::Clock::System.now();
        for (code, city, minutes) in [
            ("PICKED_UP", "Berlin", 1),
            ("DEPOT", "Berlin", 2),
            ("OUT_FOR_DELIVERY", "Berlin", 3),
            ("DELIVERED", "Berlin", 4),
        ] {
            let at = now + Duration::from_secs(minutes * 60);
            let report =
                json!({ "events": [{ "code": code, "city": city, "country": "DE", "happened_at": at.to_string() }] });
            let path = format!("/v1/shipments/{}/tracking-events", text(&shipment["id"]));
            let told = self.answer(self.request(Method::POST, &path).bearer_auth(SECRET).json(&report)).await?;
            step(self.began, &format!("driver reports {code}: the parcel is {}", text(&told["tracking"])));
        }
        let url = text(&shipment["parcels"][0]["tracking_url"]);
        let path = url.strip_prefix(&self.base).unwrap_or(&url).to_owned();
        self.save(self.request(Method::GET, &path), "tracking-page.html").await?;
        step(self.began, "saved the public tracking page");
        Ok(())
    }

    async fn webhooks(&self, received: &Received) -> anyhow::Result<()> {
        let is_last = |body: &Bytes| String::from_utf8_lossy(body).contains("\"message\":\"Delivered\"");
        let waiting = Instant::now();
        let all = loop {
            let all = received.lock().unwrap_or_else(PoisonError::into_inner).clone();
            if all.iter().any(|(_, body)| is_last(body)) {
                break all;
            }
            if waiting.elapsed() > PATIENCE {
                bail!("the webhook did not arrive within {} s", PATIENCE.as_secs());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        };
        let signed = all.iter().filter(|(headers, body)| is_signed(headers, body)).count();
        ensure!(signed == all.len(), "{} of {} webhooks were not signed rightly", all.len() - signed, all.len());
        let Some((headers, body)) = all.iter().find(|(_, body)| is_last(body)) else { bail!("no webhook") };
        let shown: serde_json::Map<String, Json> = headers
            .iter()
            .filter(|(name, _)| name.as_str().starts_with("webhook-") || name.as_str() == "sendcloud-signature")
            .map(|(name, value)| (name.to_string(), json!(value.to_str().unwrap_or(""))))
            .collect();
        let body: Json = serde_json::from_slice(body)?;
        let kept = json!({ "headers": shown, "body": body });
        std::fs::write(self.out.join("webhook.json"), serde_json::to_string_pretty(&kept)?)?;
        step(
            self.began,
            &format!("received {} webhooks, every signature right; the last one says \"Delivered\"", all.len()),
        );
        Ok(())
    }

    fn invite(&self) {
        println!("\nThe dashboard: {}/", self.base);
        println!("The key:       {SECRET}");
        println!("\nSign in with the key, open \"Orders\", choose some, press \"Label chosen\", and open the PDF.");
        println!("Ctrl-C ends it. Everything lies in {}.", self.out.display());
    }

    fn farewell(&self) {
        let out = self.out.display();
        println!("\nIn {out}:");
        println!(
            "  label-berlin.pdf  label-berlin.zpl  label-berlin.png  packing-slip.pdf  tracking-page.html  webhook.json"
        );
        println!("\nTry next:");
        println!("  waybill demo --serve        the same, and a dashboard to click through");
        println!("  waybill serve --setup {out}/setup.toml --data {out}/data");
        println!("  curl -u pub-demo:{SECRET} http://127.0.0.1:8080/api/v3/orders");
        println!("  curl -H 'Authorization: Bearer {SECRET}' http://127.0.0.1:8080/v1/orders/ord_1/shipments");
    }
}

fn text(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
