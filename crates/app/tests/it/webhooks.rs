//! Webhooks: signed bytes, sent again until the endpoint says yes or the last attempt is over.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use app::clock::later;
use app::webhooks::{DeliveryView, EventBody, News, wait_after};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::channel::Dialect;
use domain::event::EventKind;
use domain::ids::{EndpointId, EventId, OrderId};
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

    fn bodies(&self, news: &News, _variant: Option<&str>) -> Vec<Vec<u8>> {
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
        shop.later(66).await;
        shop.later(330).await;
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
        assert_eq!(times, ["1772445600", "1772445666", "1772445996"]);
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

    async fn a_refused_delivery_waits_longer_each_time(engine: Engine) {
        let sink = Sink::start().await;
        let shop = listening(engine, endpoint(&sink.url, "[\"order.*\"]")).await;
        sink.refuse("", 500);
        let order = shop.order("1001").await;
        shop.t.run_jobs().await;
        for attempt in 1..=8 {
            assert_eq!(sink.received().len(), attempt as usize);
            let told = shop.told(order).await;
            assert_eq!(outcome(&told[0]), (DeliveryStatus::Waiting, attempt, ""));
            let (wait, now) = (wait_after(attempt), shop.t.now());
            let next_at = told[0].delivery.next_at;
            assert!(next_at >= later(now, wait) && next_at <= later(now, wait + wait / 10), "{attempt}: {next_at}");
            shop.later(wait.as_secs() - 1).await;
            assert_eq!(sink.received().len(), attempt as usize);
            shop.later(1 + wait.as_secs() / 10).await;
        }
    }

    async fn a_delivery_that_alone_is_refused_ends_failed_and_can_be_sent_again(engine: Engine) {
        let sink = Sink::start().await;
        let shop = listening(engine, endpoint(&sink.url, "[\"order.*\"]")).await;
        sink.refuse("poison", 422);
        let mut details = crate::fixture::cups("bad");
        details.notes = Some("poison".to_owned());
        let bad = shop.place(details).await;
        for hour in 0..100 {
            shop.order(&format!("good-{hour}")).await;
            shop.later(3600).await;
        }
        let failed = shop.told(bad).await.remove(0);
        assert_eq!(failed.delivery.status, DeliveryStatus::Failed);
        assert!(failed.attempts.iter().all(|attempt| attempt.status == Some(422)));
        let health = shop.app().webhooks(&shop.acme).await.unwrap().remove(0).health;
        assert_eq!((health.failures, health.paused), (0, None));
        let before = sink.received().len();
        sink.take_all();
        shop.app().resend_delivery(&shop.acme, failed.delivery.id).await.unwrap();
        shop.t.run_jobs().await;
        let again = sink.received().split_off(before);
        assert_eq!(again.len(), 1);
        assert_eq!(again[0].header("webhook-id"), failed.delivery.message_id());
        assert_eq!(again[0].body.as_ref(), failed.delivery.body);
        assert_eq!(shop.told(bad).await[0].delivery.status, DeliveryStatus::Delivered);
    }

    async fn g2_a_paused_endpoint_is_announced_keeps_its_backlog_and_gets_it_in_order(engine: Engine) {
        let sink = Sink::start().await;
        let shop = listening(engine, endpoint(&sink.url, "[\"*\"]")).await;
        sink.refuse("", 503);
        for number in 0..9 {
            shop.order(&format!("{number}")).await;
            shop.later(10 * 3600).await;
        }
        let view = shop.app().webhooks(&shop.acme).await.unwrap().remove(0);
        let (_, why) = view.health.paused.clone().unwrap();
        assert_eq!(why, "nothing but failures for three days, the last one: 503");
        shop.t.run_jobs().await;
        // It is announced in the feed, and to whoever else listens; it hears of it when it is back.
        let feed = shop.app().feed(&shop.acme, 0, 100).await.unwrap();
        let (_, announced) = feed.iter().find(|(_, event)| event.kind == EventKind::WebhookPaused).unwrap();
        assert_eq!((announced.about.endpoint, announced.about.reason.as_ref()), (Some(view.endpoint.id), Some(&why)));
        // Nothing more is sent, and nothing is dropped.
        let before = sink.received().len();
        sink.take_all();
        shop.order("9").await;
        shop.later(30 * 24 * 3600).await;
        assert_eq!(sink.received().len(), before);
        let view = shop.app().webhook(&shop.acme, view.endpoint.id).await.unwrap();
        assert_eq!(view.waiting, 11);

        let resumed = shop.app().pause_webhook(&shop.acme, view.endpoint.id, false).await.unwrap();
        assert_eq!((resumed.health.failures, resumed.health.paused), (0, None));
        shop.t.run_jobs().await;
        let told: Vec<_> = sink.received().split_off(before);
        let told: Vec<_> = told.iter().map(|one| one.header("webhook-id").to_owned()).collect();
        let feed = shop.app().feed(&shop.acme, 0, 100).await.unwrap();
        let happened: Vec<_> = feed.iter().map(|(_, event)| event.id.to_string()).collect();
        assert_eq!(told, happened);
        assert_eq!(types(&sink.received()).last().map(String::as_str), Some("webhook.resumed"));
    }

    async fn a_silent_endpoint_is_left_alone_and_tried_with_one_delivery(engine: Engine) {
        let shop = listening(engine, endpoint("http://127.0.0.1:1/dead", "[\"*\"]")).await;
        for number in 0..5 {
            shop.order(&format!("{number}")).await;
        }
        let attempts = async || {
            let view = shop.app().webhooks(&shop.acme).await.unwrap().remove(0);
            let told = shop.app().deliveries_of_webhook(&shop.acme, view.endpoint.id, None, 0, 100).await.unwrap();
            let attempts: Vec<_> = told.iter().map(|one| one.attempts.len()).collect();
            (view.health.failures, attempts)
        };
        shop.t.run_jobs().await;
        assert_eq!(attempts().await, (1, vec![1, 0, 0, 0, 0]));
        // One minute, two, four: the first one is the probe each time, so that the order is kept.
        for (seconds, failures) in [(59, 1), (8, 2), (120, 2), (14, 3), (240, 3), (25, 4)] {
            shop.later(seconds).await;
            assert_eq!(attempts().await, (failures, vec![failures as usize, 0, 0, 0, 0]), "after {seconds} s");
        }
    }

    async fn f6_a_receiver_that_hangs_keeps_nothing_from_the_others(engine: Engine) {
        let (silent, _listener) = Sink::silent().await;
        let sink = Sink::start().await;
        let tables = endpoint(&silent, "[\"*\"]") + &endpoint(&sink.url, "[\"*\"]");
        let shop = listening(engine, tables).await;
        for number in 0..3 {
            shop.order(&format!("{number}")).await;
        }
        let jobs = async {
            loop {
                shop.app().run_jobs_until_idle().await.unwrap();
            }
        };
        let fast = crate::fixture::until(|| sink.received().len() == 3);
        tokio::select! {
            () = jobs => {}
            () = fast => {}
        }
    }

    async fn g1_every_attempt_is_shown_and_a_period_can_be_sent_again(engine: Engine) {
        let sink = Sink::start().await;
        let shop = listening(engine, endpoint(&sink.url, "[\"order.*\"]")).await;
        sink.answer([500]);
        let order = shop.order("1001").await;
        shop.later(0).await;
        shop.later(66).await;
        let told = shop.told(order).await.remove(0);
        let statuses: Vec<_> = told.attempts.iter().map(|attempt| (attempt.number, attempt.status)).collect();
        assert_eq!(statuses, [(1, Some(500)), (2, Some(204))]);
        let id = shop.app().webhooks(&shop.acme).await.unwrap()[0].endpoint.id;
        let noon = shop.t.now();
        shop.order("1002").await;
        shop.later(3600).await;
        shop.order("1003").await;
        shop.t.run_jobs().await;
        assert_eq!(sink.received().len(), 4);
        let hour = (noon, later(noon, Duration::from_hours(1)));
        assert_eq!(shop.app().resend_period(&shop.acme, id, hour, true).await.unwrap(), 0, "nothing failed");
        assert_eq!(shop.app().resend_period(&shop.acme, id, hour, false).await.unwrap(), 1);
        shop.t.run_jobs().await;
        let received = sink.received();
        assert_eq!(received.len(), 5);
        assert_eq!(received[4].header("webhook-id"), received[2].header("webhook-id"));
        assert_eq!(received[4].body, received[2].body);
    }

    async fn a_changed_secret_signs_beside_the_old_one_for_a_day(engine: Engine) {
        let sink = Sink::start().await;
        let tables = endpoint(&sink.url, "[\"order.*\"]");
        let shop = listening(engine, tables.clone()).await;
        let new = STANDARD.encode(b"another key, just as good");
        let changed = with_tables(&scripted_setup(), &tables.replace(&STANDARD.encode(KEY), &new));
        let files = |_: &str| Err("no file".to_owned());
        let setup = app::setup::file::read(&changed, &files, &|_| None, shop.app().connectors()).unwrap();
        shop.app().apply(setup).await.unwrap();
        shop.order("1001").await;
        shop.t.run_jobs().await;
        shop.later(24 * 3600).await;
        shop.order("1002").await;
        shop.t.run_jobs().await;
        let signed = |received: &Received, key: &[u8]| {
            let (id, time) = (received.header("webhook-id"), received.header("webhook-timestamp"));
            let message = [id.as_bytes(), b".", time.as_bytes(), b".", &received.body].concat();
            format!("v1,{}", STANDARD.encode(hmac(key, &message)))
        };
        let received = sink.received();
        let (old, new) = (KEY, b"another key, just as good");
        let both = format!("{} {}", signed(&received[0], new), signed(&received[0], old));
        assert_eq!(received[0].header("webhook-signature"), both);
        assert_eq!(received[1].header("webhook-signature"), signed(&received[1], new));
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
        shop.later(66).await;
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
        }
        assert!(!outcome(&dead[0]).2.contains("/dead"));
    }

    async fn a_private_address_is_refused_unless_the_operator_allows_it(engine: Engine) {
        let sink = Sink::start().await;
        let (sink_url, over_tls) = (sink.url.clone(), sink.url.replace("http://", "https://"));
        let shop = Shop::built(engine, |builder| {
            builder
                .event_bodies(vec![Arc::new(Words::default())])
                .options(|options| options.allow_private_webhooks = false)
        })
        .await;
        // Written down while the operator allowed them.
        let (acme, vault) = (shop.acme.tenant().clone(), shop.app().vault().clone());
        let put = async move |tx: &mut store::setup::SetupTx<'_, '_>| {
            for (id, url) in [(1, &sink_url), (2, &over_tls)] {
                let row = store::webhooks::EndpointRow {
                    authentication: None,
                    mode: None,
                    description: None,
                    id: EndpointId::new(id).unwrap(),
                    url: url.clone(),
                    dialect: Dialect::Native,
                    channel: None,
                    events: vec!["order.*".to_owned()],
                    secret: vault.encrypt("hook")?,
                    previous: None,
                    concurrency: 1,
                    variant: None,
                };
                tx.put_webhook_endpoint(&row).await?;
            }
            Ok(())
        };
        let write = shop.app().store().write(async move |tx| tx.change_setup(&acme, &crate::fixture::signed(), &put).await);
        write.await.unwrap();
        shop.t.clock.advance(Duration::from_secs(1));
        let order = shop.order("1001").await;
        shop.t.run_jobs().await;
        let told = shop.told(order).await;
        assert_eq!(outcome(&told[0]), (DeliveryStatus::Waiting, 1, "not sent: \"http\" is not https"));
        assert_eq!(outcome(&told[1]), (DeliveryStatus::Waiting, 1, "not sent: 127.0.0.1 is not a public address"));
        assert_eq!(sink.received().len(), 0);
    }
}
