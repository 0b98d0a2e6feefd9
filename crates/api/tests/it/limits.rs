//! Rate limits: off unless an operator sets them.

use std::num::NonZeroU32;

use app::limits::RateLimit;
use http::Method;
use serde_json::json;
use testkit::on_both_engines;

use crate::fixture::{OTHER, builder, order, routed, serving};

on_both_engines! {
    async fn a_key_that_asks_too_often_is_told_when_to_come_back(engine: Engine) {
        let limit = RateLimit {
            reads_per_minute: NonZeroU32::new(3),
            writes_per_minute: NonZeroU32::new(2),
            writes_per_second: None,
        };
        let t = routed(builder(engine).options(|options| options.rate_limit = limit).build().await);
        for _ in 0..3 {
            assert_eq!(t.get("/api/v3/orders").await.status, 200);
        }
        let throttled = t.get("/api/v3/orders/1").await;
        let wait: u64 = throttled.header("retry-after").parse().unwrap();
        assert!((1..=60).contains(&wait), "{wait}");
        assert_eq!(
            throttled.story(),
            json!({ "status": 429, "body": { "errors": [{
            "status": "429",
            "code": "throttled",
            "title": "Throttled",
            "detail": format!("Request was throttled. Expected available in {wait} seconds."),
        }] } })
        );

        let native = t.get("/v1/events").await;
        let wait: u64 = native.header("retry-after").parse().unwrap();
        assert_eq!(
            native.story(),
            json!({ "status": 429, "body": {
            "type": "/docs/errors#too-many",
            "title": "Too many requests",
            "status": 429,
            "detail": format!("Wait {wait} s before the next request."),
        } }),
            "one share for every dialect"
        );

        for _ in 0..2 {
            assert_eq!(
                t.post("/api/v3/orders", &json!([order("A")])).await.status,
                201,
                "writes have a share of their own"
            );
        }
        assert_eq!(t.post("/api/v3/orders", &json!([order("A")])).await.status, 429);
        let others = t.call_with(OTHER, Method::GET, "/api/v3/orders", "").await;
        assert_eq!(others.status, 200, "another key has another share");
    }

    async fn nothing_is_limited_unless_an_operator_says_so(engine: Engine) {
        let t = serving(engine).await;
        for _ in 0..150 {
            assert_eq!(t.post("/api/v3/orders", &json!([])).await.status, 201);
        }
    }
}
