//! Webhooks: signed bytes, sent again until the endpoint says yes or the last attempt is over.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use app::webhooks::{DeliveryView, EventBody, News, wait_after};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::channel::Dialect;
use domain::ids::{EventId, OrderId};
use domain::webhook::DeliveryStatus;
use sha2::{Digest, Sha256};
use testkit::sink::{Received, Sink};
use testkit::{on_both_engines, scripted_setup};

use crate::fixture::{Shop, with_tables};

const KEY: &[u8] = b"a key of the receiver's own";

/// The native dialect in few words; it counts how often it was asked for them.
#[derive(Default)]
struct Words(AtomicUsize);

impl EventBody for Words {
    fn dialect(&self) -> Dialect {
        Dialect::Native
    }

    fn bodies(&self, news: &News) -> Vec<Vec<u8>> {
        let turn = self.0.fetch_add(1, Ordering::Relaxed);
        let notes = news.order.as_ref().and_then(|order| order.details.notes.clone()).unwrap_or_default();
        let kind = news.event.kind.as_str();
        vec![
            format!("{{\"type\": \"{kind}\",\n \"price\": 136.0, \"notes\": \"{notes}\", \"turn\": {turn}}}")
                .into_bytes(),
        ]
    }
}

fn endpoint(url: &str, events: &str) -> String {
    let secret = STANDARD.encode(KEY);
    format!(
        "[[tenant.webhook]]\nurl = \"{url}\"\nsecret = \"whsec_{secret}\"\ndialect = \"native\"\nevents = {events}\n\n"
    )
}

/// HMAC-SHA256 as RFC 2104 writes it, with nothing of ours.
fn hmac(key: &[u8], message: &[u8]) -> Vec<u8> {
    let mut block = [0_u8; 64];
    block[..key.len()].copy_from_slice(key);
    let inner = Sha256::new().chain_update(block.map(|byte| byte ^ 0x36)).chain_update(message).finalize();
    Sha256::new().chain_update(block.map(|byte| byte ^ 0x5c)).chain_update(inner).finalize().to_vec()
}

fn is_signed(received: &Received) -> bool {
    let (id, time) = (received.header("webhook-id"), received.header("webhook-timestamp"));
    let message = [id.as_bytes(), b".", time.as_bytes(), b".", &received.body].concat();
    received.header("webhook-signature") == format!("v1,{}", STANDARD.encode(hmac(KEY, &message)))
}

fn types(received: &[Received]) -> Vec<String> {
    let body = |received: &Received| serde_json::from_slice::<serde_json::Value>(&received.body).unwrap();
    received.iter().map(|received| body(received)["type"].as_str().unwrap().to_owned()).collect()
}

async fn listening(engine: testkit::Engine, endpoints: String) -> Shop {
    Shop::built(engine, |builder| {
        builder.setup(with_tables(&scripted_setup(), &endpoints)).event_bodies(vec![Arc::new(Words::default())])
    })
    .await
}

impl Shop {
    /// The deliveries of an order's first event.
    async fn told(&self, order: OrderId) -> Vec<DeliveryView> {
        let first: EventId = self.events(order).await[0].id;
        self.app().deliveries(&self.acme, first).await.unwrap()
    }
}

/// Status, number of attempts, and the last note.
fn outcome(view: &DeliveryView) -> (DeliveryStatus, u32, &str) {
    assert_eq!(view.attempts.len(), view.delivery.attempts as usize);
    let note = view.attempts.last().and_then(|attempt| attempt.note.as_deref());
    (view.delivery.status, view.delivery.attempts, note.unwrap_or(""))
}

on_both_engines! {
    async fn g3_the_bytes_sent_are_the_bytes_signed_and_every_retry_sends_them_again(engine: Engine) {
        let sink = Sink::start().await;
        let shop = listening(engine, endpoint(&sink.url, "[\"order.*\"]")).await;
        sink.answer([500, 503]);
        let order = shop.order("1001").await;
        shop.t.run_jobs().await;
        // The order changes before the retry; what is told of the first event does not.
        let mut details = crate::fixture::cups("1001");
        details.notes = Some("ring twice".to_owned());
        let tenant = shop.acme.tenant().clone();
        let (id, now) = (order, shop.t.now());
        let zone = shop.acme.setup.zone.clone();
        let row = store::orders::OrderRow::new(id, crate::fixture::WEB_SHOP, &details, &zone, now).unwrap();
        shop.app().store().write(async move |tx| tx.replace_order(&tenant, id, &row).await).await.unwrap();
        shop.later(60).await;
        shop.later(300).await;
        let received = sink.received();
        assert_eq!(received.len(), 3);
        for one in &received {
            let expected: &[u8] =
                b"{\"type\": \"order.created\",\n \"price\": 136.0, \"notes\": \"\", \"turn\": 0}";
            assert_eq!(one.body.as_ref(), expected);
            assert_eq!(one.header("webhook-id"), shop.events(order).await[0].id.to_string());
            assert_eq!(one.header("content-type"), "application/json");
            assert!(is_signed(one));
        }
        let times: Vec<_> = received.iter().map(|one| one.header("webhook-timestamp").to_owned()).collect();
        assert_eq!(times, ["1772445600", "1772445660", "1772445960"]);
        let told = shop.told(order).await;
        assert_eq!(told.len(), 1);
        assert_eq!((outcome(&told[0]), told[0].url.as_str()), ((DeliveryStatus::Delivered, 3, ""), sink.url.as_str()));
        let statuses: Vec<_> = told[0].attempts.iter().map(|attempt| attempt.status).collect();
        assert_eq!(statuses, [Some(500), Some(503), Some(204)]);
        shop.later(24 * 3600).await;
        assert_eq!(sink.received().len(), 3);
    }

    async fn g4_one_change_is_told_once_to_each_endpoint_that_wants_it(engine: Engine) {
        let (all, some) = (Sink::start().await, Sink::start().await);
        let tables = endpoint(&all.url, "[\"*\"]") + &endpoint(&some.url, "[\"shipment.booked\"]");
        let shop = listening(engine, tables).await;
        let shipment = shop.shipped("1001").await;
        shop.order("1001").await;
        shop.t.run_jobs().await;
        shop.later(3600).await;
        assert_eq!(types(&all.received()), shop.story(shipment.order).await);
        assert_eq!(types(&some.received()), ["shipment.booked"]);
        let ids: Vec<_> = all.received().iter().map(|one| one.header("webhook-id").to_owned()).collect();
        let events: Vec<_> = shop.events(shipment.order).await.iter().map(|event| event.id.to_string()).collect();
        assert_eq!(ids, events);
    }

    async fn a_delivery_waits_longer_each_time_and_fails_after_the_last_attempt(engine: Engine) {
        let sink = Sink::start().await;
        let shop = listening(engine, endpoint(&sink.url, "[\"order.*\"]")).await;
        sink.answer([500; 20]);
        let order = shop.order("1001").await;
        shop.t.run_jobs().await;
        for attempt in 1..=10 {
            assert_eq!(sink.received().len(), attempt as usize);
            let told = shop.told(order).await;
            assert_eq!(outcome(&told[0]), (DeliveryStatus::Waiting, attempt, ""));
            let wait = wait_after(attempt).unwrap();
            assert_eq!(told[0].delivery.next_at, app::clock::later(shop.t.now(), wait));
            shop.later(wait.as_secs() - 1).await;
            assert_eq!(sink.received().len(), attempt as usize);
            shop.later(1).await;
        }
        assert_eq!(outcome(&shop.told(order).await[0]), (DeliveryStatus::Failed, 11, ""));
        shop.later(30 * 24 * 3600).await;
        assert_eq!(sink.received().len(), 11);
        // What failed is kept, and later events are delivered.
        sink.answer([]);
        assert_eq!(shop.told(order).await[0].attempts.len(), 11);
    }

    async fn an_endpoint_that_is_gone_ends_its_deliveries(engine: Engine) {
        let sink = Sink::start().await;
        let shop = listening(engine, endpoint(&sink.url, "[\"order.*\"]")).await;
        sink.answer([500]);
        let order = shop.order("1001").await;
        shop.t.run_jobs().await;
        shop.app()
            .store()
            .write(async |tx| {
                tx.execute("delete from webhook_endpoints", &[]).await?;
                tx.raise_setup_version().await
            })
            .await
            .unwrap();
        tokio::time::sleep(Duration::from_millis(600)).await;
        shop.later(60).await;
        assert_eq!(outcome(&shop.told(order).await[0]), (DeliveryStatus::Failed, 2, "the endpoint is gone"));
        assert_eq!(sink.received().len(), 1);
    }

    async fn g2_a_dead_endpoint_does_not_stop_another_ones_deliveries(engine: Engine) {
        let sink = Sink::start().await;
        let tables = endpoint("http://127.0.0.1:1/dead", "[\"*\"]") + &endpoint(&sink.url, "[\"*\"]");
        let shop = listening(engine, tables).await;
        let shipment = shop.shipped("1001").await;
        shop.t.run_jobs().await;
        assert_eq!(types(&sink.received()), shop.story(shipment.order).await);
        let mut dead = Vec::new();
        for event in shop.events(shipment.order).await {
            let told = shop.app().deliveries(&shop.acme, event.id).await.unwrap();
            assert_eq!(told.len(), 2);
            assert_eq!(outcome(&told[1]), (DeliveryStatus::Delivered, 1, ""));
            dead.push(told[0].clone());
        }
        assert!(outcome(&dead[0]).2.starts_with("no connection"), "{:?}", outcome(&dead[0]));
        // It is asked once a run; what waits behind that is kept for later and has used up no attempt.
        for behind in &dead[1..] {
            assert_eq!((behind.delivery.status, behind.attempts.len()), (DeliveryStatus::Waiting, 0));
            assert!(behind.delivery.next_at > shop.app().now());
        }
        assert!(!outcome(&dead[0]).2.contains("/dead"));
    }

    async fn a_private_address_is_refused_unless_the_operator_allows_it(engine: Engine) {
        let sink = Sink::start().await;
        let over_tls = sink.url.replace("http://", "https://");
        let tables = endpoint(&sink.url, "[\"order.*\"]") + &endpoint(&over_tls, "[\"order.*\"]");
        let shop = Shop::built(engine, |builder| {
            builder
                .setup(with_tables(&scripted_setup(), &tables))
                .event_bodies(vec![Arc::new(Words::default())])
                .options(|options| options.allow_private_webhooks = false)
        })
        .await;
        let order = shop.order("1001").await;
        shop.t.run_jobs().await;
        let told = shop.told(order).await;
        assert_eq!(outcome(&told[0]), (DeliveryStatus::Waiting, 1, "not sent: \"http\" is not https"));
        assert_eq!(outcome(&told[1]), (DeliveryStatus::Waiting, 1, "not sent: 127.0.0.1 is not a public address"));
        assert_eq!(sink.received().len(), 0);
    }
}
