//! Integrations: shown, changed, deleted, and the log kept for each.

use std::time::Duration;

use http::Method;
use serde_json::{Value as Json, json};
use testkit::{Answer, TestApp, on_both_engines};

use crate::fixture::{builder, changed, delete, order, patch, place, routed, serving};

const PATH: &str = "/api/v3/integrations";

/// An integration nobody has changed.
fn untouched(id: u64, name: &str) -> Json {
    json!({
        "id": id,
        "shop_name": name,
        "type": "api",
        "started_failing_at": null,
        "last_fetched_at": null,
        "service_point_enabled": false,
        "service_point_carriers": [],
        "webhook_active": false,
        "webhook_url": null,
        "feedback_type": "none",
    })
}

fn unknown() -> Json {
    json!({ "status": 404, "body": { "errors": [{
        "status": 404,
        "code": "not_found",
        "title": "Not Found",
        "detail": "The Integration could not be found with the search criteria given",
    }] } })
}

fn refusal(pointer: &str, detail: &str) -> Json {
    json!({ "status": 400, "body": { "errors": [
        { "status": "400", "code": "invalid", "detail": detail, "source": { "pointer": pointer } },
    ] } })
}

async fn log(t: &TestApp, integration: u64, body: Json) -> Answer {
    t.post(&format!("{PATH}/{integration}/logs"), &body).await
}

on_both_engines! {
    async fn integrations_are_shown(engine: Engine) {
        let t = serving(engine).await;
        let (shop, stall) = (untouched(7, "Web shop"), untouched(8, "Market stall"));
        for path in
            [PATH, "/api/v3/integrations/", "/api/v3/integrations?sort=-created_at", "/sendcloud/api/v3/integrations"]
        {
            assert_eq!(t.get(path).await.story(), json!({ "status": 200, "body": [shop, stall] }), "{path}");
        }
        assert_eq!(t.get("/api/v3/integrations/7/").await.story(), json!({ "status": 200, "body": shop }));
        for path in ["/9", "/0", "/-7", "/shop", "/99999999999999999999", "/1000001"] {
            assert_eq!(t.get(&format!("{PATH}{path}")).await.story(), unknown(), "{path}");
        }
        let metadata = t.get("/api/v3/user/auth/metadata").await;
        assert_eq!(metadata.story(), json!({ "status": 200, "body": { "data": { "integration_id": 7 } } }));
    }

    async fn an_integration_is_changed_field_by_field(engine: Engine) {
        let t = serving(engine).await;
        let body = json!({
            "shop_name": "New shop",
            "shop_url": "https://shop.example/",
            "service_point_enabled": true,
            "service_point_carriers": ["ups"],
            "webhook_active": true,
            "webhook_url": "https://shop.example/hook",
            "feedback_type": "eager",
            "colour": "blue",
        });
        let answer = patch(&t, "/api/v3/integrations/7", &body).await;
        assert_eq!((answer.status.as_u16(), answer.text().as_str()), (204, ""));
        let mut expected = untouched(7, "New shop");
        for name in [
            "shop_url",
            "service_point_enabled",
            "service_point_carriers",
            "webhook_active",
            "webhook_url",
            "feedback_type",
        ] {
            expected[name] = body[name].clone();
        }
        assert_eq!(t.get("/api/v3/integrations/7").await.json(), expected);
        assert_eq!(patch(&t, "/api/v3/integrations/7", &json!({ "webhook_active": false })).await.status, 204);
        assert_eq!(patch(&t, "/api/v3/integrations/7", &json!({ "webhook_url": null })).await.status, 204);
        (expected["webhook_active"], expected["webhook_url"]) = (json!(false), Json::Null);
        assert_eq!(t.get("/api/v3/integrations/7").await.json(), expected);
        assert_eq!(t.get("/api/v3/integrations/8").await.json(), untouched(8, "Market stall"));

        let no_url = patch(&t, "/api/v3/integrations/8", &json!({ "shop_name": "X", "webhook_active": true })).await;
        assert_eq!(
            no_url.story(),
            json!({ "status": 400, "body": { "errors": [{
            "status": "400",
            "code": "invalid",
            "title": "Invalid",
            "detail": "Webhook URL required when enable webhook is set to true",
        }] } })
        );
        let pointer = "/data/attributes/feedback_type";
        let often = patch(&t, "/api/v3/integrations/8", &json!({ "feedback_type": "often" })).await;
        assert_eq!(often.story(), refusal(pointer, "Input should be 'eager', 'delayed' or 'none'"));
        assert_eq!(t.call(Method::PATCH, "/api/v3/integrations/8", "[").await.status, 400);
        assert_eq!(patch(&t, "/api/v3/integrations/9", &json!({})).await.story(), unknown());
        assert_eq!(t.get("/api/v3/integrations/8").await.json(), untouched(8, "Market stall"));
    }

    async fn a_webhook_to_a_private_address_is_refused_when_it_is_switched_on(engine: Engine) {
        let strict = builder(engine).options(|options| options.allow_private_webhooks = false);
        let t = routed(strict.build().await);
        for url in ["http://shop.example/hook", "https://192.168.0.7/hook"] {
            let answer = patch(&t, "/api/v3/integrations/7", &json!({ "webhook_active": true, "webhook_url": url })).await;
            assert_eq!(answer.status, 400, "{url}");
            let error = &answer.json()["errors"][0];
            assert_eq!(error["source"]["pointer"], "/data/attributes/webhook_url");
            assert!(error["detail"].as_str().unwrap().starts_with("webhooks do not go there: "), "{error}");
            assert_eq!(t.get("/api/v3/integrations/7").await.json(), untouched(7, "Web shop"));
        }
        let good = json!({ "webhook_active": true, "webhook_url": "https://shop.example/hook" });
        assert_eq!(patch(&t, "/api/v3/integrations/7", &good).await.status, 204);
    }

    async fn a_deleted_integration_is_gone_and_its_orders_stay(engine: Engine) {
        let t = serving(engine).await;
        place(&t, [changed(order("A"), "/order_details/integration/id", json!(8))]).await;
        let answer = delete(&t, "/api/v3/integrations/8").await;
        assert_eq!((answer.status.as_u16(), answer.text().as_str()), (204, ""));
        assert_eq!(delete(&t, "/api/v3/integrations/8").await.story(), unknown());
        assert_eq!(t.get("/api/v3/integrations/8").await.story(), unknown());
        assert_eq!(t.get(PATH).await.json(), json!([untouched(7, "Web shop")]));
        assert_eq!(t.get("/api/v3/orders/1").await.json()["data"]["order_details"]["integration"], json!({ "id": 8 }));
        let again =
            t.post("/api/v3/orders", &json!([changed(order("B"), "/order_details/integration/id", json!(8))])).await;
        let pointer = "/data/attributes/[0]/order_details/integration/id";
        assert_eq!(again.story(), refusal(pointer, "Integration with id 8 does not exist"));
        assert_eq!(t.get("/api/v3/orders?integration=8").await.status, 400);
    }

    async fn a_log_is_written_line_by_line_and_read_page_by_page(engine: Engine) {
        let t = serving(engine).await;
        let sent = json!({
            "base_url": "https://shop.example",
            "full_url": "https://shop.example/orders?page=1",
            "method": "GET",
            "response_code": 495,
            "request": { "headers": { "A": "b" }, "payload": "" },
            "response": { "headers": [], "body": { "error": "x" } },
            "exception_type": "Timeout",
            "exception": null,
            "created_at": "2023-03-01T02:02:00+01:00",
        });
        let mut line = sent.clone();
        for (name, value) in [
            ("id", json!(1)),
            ("integration_id", json!(7)),
            ("created_at", json!("2023-03-01T01:02:00.000Z")),
            ("protected", json!(false)),
            ("additional_data", json!("")),
        ] {
            line[name] = value;
        }
        assert_eq!(log(&t, 7, sent).await.story(), json!({ "status": 201, "body": { "data": line } }));
        let mut ids = vec![1];
        for number in 2..=5 {
            t.clock.advance(Duration::from_secs(1));
            let written = log(&t, if number == 3 { 8 } else { 7 }, json!({ "base_url": "https://x.example" })).await;
            ids.push(written.json()["data"]["id"].as_u64().unwrap());
        }
        let read = async |path: &str| {
            let answer = t.get(path).await;
            assert_eq!(answer.status, 200, "{}", answer.text());
            let lines: Vec<_> =
                answer.json()["data"].as_array().unwrap().iter().map(|line| line["id"].as_u64().unwrap()).collect();
            (lines, answer.header("link").to_owned())
        };
        assert_eq!(read("/api/v3/integrations/logs").await, (vec![5, 4, 3, 2, 1], String::new()));
        assert_eq!(read("/api/v3/integrations/8/logs/").await, (vec![3], String::new()));
        let (first, link) = read("/api/v3/integrations/7/logs?page_size=3").await;
        assert_eq!(first, [5, 4, 2]);
        let next = "http://waybill.example/api/v3/integrations/7/logs?cursor=2&page_size=3";
        assert_eq!(link, format!("<{next}>; rel=\"next\""));
        let (last, link) = read(next.strip_prefix("http://waybill.example").unwrap()).await;
        assert_eq!((last, link), (vec![1], String::new()));
        let (all, link) = read("/api/v3/integrations/logs?page_size=2").await;
        assert_eq!(all, [5, 4]);
        assert_eq!(link, "<http://waybill.example/api/v3/integrations/logs?cursor=4&page_size=2>; rel=\"next\"");
    }

    async fn a_log_line_that_says_too_much_or_too_little_is_refused(engine: Engine) {
        let t = serving(engine).await;
        let refused = log(&t, 7, json!({ "unknown_field": 1, "response_code": "many" })).await;
        assert_eq!(
            refused.story(),
            json!({ "status": 400, "body": { "errors": [
            {
                "status": "400",
                "code": "invalid",
                "detail": "Field required",
                "source": { "pointer": "body/base_url" },
            },
            {
                "status": "400",
                "code": "invalid",
                "detail": "Input should be a valid integer, unable to parse string as an integer",
                "source": { "pointer": "body/response_code" },
            },
            {
                "status": 400,
                "code": "extra_forbidden",
                "title": "Extra Forbidden",
                "detail": "Extra inputs are not permitted",
                "source": { "pointer": "body/unknown_field" },
            },
        ] } })
        );
        assert_eq!(log(&t, 9, json!({ "base_url": "https://x.example" })).await.story(), unknown());
        assert_eq!(t.get("/api/v3/integrations/9/logs").await.story(), unknown());
        assert_eq!(
            t.get("/api/v3/integrations/logs?cursor=later").await.story(),
            json!({ "status": 404, "body": {
            "errors": [{ "status": "404", "code": "not_found", "title": "Invalid cursor", "detail": "Invalid cursor" }],
        } })
        );
        assert_eq!(t.get("/api/v3/integrations/logs").await.json(), json!({ "data": [] }));
    }
}
