//! Idempotency keys: a POST that comes again has one effect and one answer.

use std::sync::Arc;
use std::time::Duration;

use app::idempotency::Begun;
use app::orders::OrderDraft;
use axum::body::Body;
use domain::channel::Dialect;
use futures::future::join_all;
use http::{Method, Request};
use serde_json::{Value as Json, json};
use testkit::carrier::{Outcome, Scripted};
use testkit::{Answer, Engine, TestApp, on_both_engines};

use crate::fixture::{place, scripted, serving};
use crate::native_shipments::SHIP;

async fn post(t: &TestApp, key: &str, path: &str, body: &Json) -> Answer {
    let request = Request::builder()
        .method(Method::POST)
        .uri(path)
        .header("authorization", "Bearer sec-acme")
        .header("idempotency-key", key)
        .body(Body::from(body.to_string()))
        .unwrap();
    t.send(request).await
}

/// An order that names no external id, so that every POST of it makes one more.
fn nameless() -> Json {
    json!({ "number": "N-1", "items": [{ "name": "Cup", "quantity": 1 }] })
}

async fn orders(t: &TestApp) -> usize {
    let listed = t.get("/api/v3/orders?page_size=200").await.json();
    listed["data"].as_array().unwrap().len()
}

async fn open(engine: Engine) -> TestApp {
    serving(engine).await
}

on_both_engines! {
    async fn the_same_request_with_the_same_key_has_one_effect_and_one_answer(engine: Engine) {
        let t = open(engine).await;
        let first = post(&t, "order-1", "/v1/orders", &nameless()).await;
        assert_eq!((first.status.as_u16(), first.header("idempotent-replayed")), (201, ""));
        t.clock.advance(Duration::from_hours(1));
        let again = post(&t, "order-1", "/v1/orders", &nameless()).await;
        assert_eq!((again.status, &again.bytes), (first.status, &first.bytes));
        assert_eq!(again.header("idempotent-replayed"), "true");
        assert_eq!(again.header("content-type"), first.header("content-type"));
        assert_eq!(orders(&t).await, 1);
        // Another key, another tenant's key: another request.
        assert_ne!(post(&t, "order-2", "/v1/orders", &nameless()).await.bytes, first.bytes);
        assert_eq!(orders(&t).await, 2);
    }

    async fn the_same_key_with_another_request_is_refused(engine: Engine) {
        let t = open(engine).await;
        post(&t, "k", "/v1/orders", &nameless()).await;
        let mut other = nameless();
        other["number"] = json!("N-2");
        for (path, body) in [("/v1/orders", &other), ("/native/v1/orders", &nameless())] {
            let refused = post(&t, "k", path, body).await;
            assert_eq!(
                refused.story(),
                json!({ "status": 409, "body": {
                    "type": "/docs/errors#conflict",
                    "title": "Conflict",
                    "status": 409,
                    "detail": "the Idempotency-Key \"k\" came with another request before: take a new one",
                } })
            );
        }
        assert_eq!(orders(&t).await, 1);
    }

    async fn a_key_is_kept_for_a_day_and_forgotten_then(engine: Engine) {
        let t = open(engine).await;
        post(&t, "k", "/v1/orders", &nameless()).await;
        t.clock.advance(Duration::from_secs(24 * 3600 - 1));
        post(&t, "k", "/v1/orders", &nameless()).await;
        assert_eq!(orders(&t).await, 1);
        t.clock.advance(Duration::from_secs(1));
        post(&t, "k", "/v1/orders", &nameless()).await;
        assert_eq!(orders(&t).await, 2);
        t.clock.advance(Duration::from_hours(24));
        t.run_jobs().await;
        let left = t.app.store().write(async |tx| tx.rows("select key from idempotency_keys", &[]).await);
        assert_eq!(left.await.unwrap(), []);
    }

    async fn fifty_at_once_have_one_effect(engine: Engine) {
        let carrier = Scripted::new();
        let t = Arc::new(scripted(engine, &carrier).await);
        let sent = join_all((0..50).map(|_| {
            let t = Arc::clone(&t);
            tokio::spawn(async move { post(&t, "fifty", "/v1/orders", &nameless()).await })
        }));
        let answers: Vec<_> = sent.await.into_iter().map(Result::unwrap).collect();
        assert!(answers.iter().all(|answer| answer.status == 201 && answer.bytes == answers[0].bytes));
        assert_eq!(answers.iter().filter(|answer| answer.header("idempotent-replayed").is_empty()).count(), 1);
        assert_eq!(orders(&t).await, 1);

        place(&t, [crate::fixture::order("A")]).await;
        let ship = format!("/v1/orders/{}/shipments", answers[0].json()["id"].as_str().unwrap());
        let unfit = post(&t, "unfit", &ship, &json!({})).await;
        assert_eq!(unfit.status, 400, "it has no address");
        carrier.next_booking(Outcome::Slow(100));
        let ship = "/v1/orders/ord_2/shipments";
        let wish = json!({ "further_because": "the lamp" });
        let sent = join_all((0..50).map(|_| {
            let (t, wish) = (Arc::clone(&t), wish.clone());
            tokio::spawn(async move { post(&t, "ship", ship, &wish).await })
        }));
        let answers: Vec<_> = sent.await.into_iter().map(Result::unwrap).collect();
        assert!(answers.iter().all(|answer| answer.status == 201 && answer.bytes == answers[0].bytes));
        assert_eq!(carrier.ledger(|ledger| (ledger.books_asked, ledger.booked.len())), (1, 1));
    }

    async fn whoever_takes_over_after_a_crash_answers_what_was_stored(engine: Engine) {
        let t = open(engine).await;
        // What a process does that dies between its commit and its answer.
        let mut caller = t.caller("sec-acme", Dialect::Native).await;
        let fingerprint = fingerprint("/v1/orders", &nameless());
        let begun = t.app.begin_once(&caller, "crash".to_owned(), fingerprint).await.unwrap();
        let Begun::Run(once) = begun else { panic!("a fresh key is ours") };
        caller.once = Some(once);
        let details = domain::order::OrderDetails { number: Some("N-1".to_owned()), ..Default::default() };
        let draft = OrderDraft { id: None, channel: Dialect::Native.default_channel(), details };
        let placed = t.app.place_orders(&caller, vec![draft]).await.unwrap();
        assert_eq!(orders(&t).await, 1);

        t.clock.advance(Duration::from_mins(2));
        let again = post(&t, "crash", "/v1/orders", &nameless()).await;
        assert_eq!((again.status.as_u16(), &again.json()["id"]), (201, &json!(placed[0].id.to_string())));
        assert_eq!(orders(&t).await, 1);
        assert_eq!(post(&t, "crash", "/v1/orders", &nameless()).await.bytes, again.bytes);
    }

    async fn trouble_of_ours_is_not_kept(engine: Engine) {
        let carrier = Scripted::new();
        let t = scripted(engine, &carrier).await;
        place(&t, [crate::fixture::order("A")]).await;
        carrier.next_booking(Outcome::Silent);
        let open = post(&t, "ship", SHIP, &json!({})).await;
        assert_eq!((open.status.as_u16(), &open.json()["detail"]), (503, &json!("Not known yet, asking the carrier.")));
        t.clock.advance(Duration::from_secs(16));
        t.run_jobs().await;
        let settled = post(&t, "ship", SHIP, &json!({})).await;
        assert_eq!((settled.status.as_u16(), &settled.json()["status"]), (201, &json!("booked")));
        assert_eq!(carrier.ledger(|ledger| ledger.booked.len()), 1);
    }

    async fn a_key_that_is_none_is_refused_before_anything_is_done(engine: Engine) {
        let t = open(engine).await;
        for key in ["", " ", "two words", &"k".repeat(256), "gr\u{fc}n"] {
            let refused = post(&t, key, "/v1/orders", &nameless()).await;
            assert_eq!((refused.status.as_u16(), &refused.json()["errors"][0]["pointer"]), (400, &json!("/Idempotency-Key")));
        }
        assert_eq!(orders(&t).await, 0);
        // A key of no known caller is refused as any request of such a caller is.
        let request = Request::post("/v1/orders").header("idempotency-key", "k").body(Body::empty()).unwrap();
        assert_eq!(t.send(request).await.status, 401);
    }
}

/// What the interface makes of a request.
fn fingerprint(path: &str, body: &Json) -> [u8; 32] {
    use sha2::{Digest, Sha256};
    let body = body.to_string();
    let mut hash = Sha256::new();
    for part in ["POST", path, body.as_str()] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}
