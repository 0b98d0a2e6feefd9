//! Who did what: kept with the change, never changed, shown on the order, exported.

use http::Method;
use serde_json::{Value as Json, json};
use testkit::{TestApp, on_both_engines};

use crate::fixture::{bare, changed, key, order, place, serving, serving_setup, setup_with};

/// What was done and by whom, without ids.
async fn acts(t: &TestApp, path: &str) -> Vec<String> {
    let answer = t.get(path).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let data = answer.json()["data"].as_array().unwrap().clone();
    let line = |act: &Json| {
        let text = |pointer: &str| act.pointer(pointer).and_then(Json::as_str).unwrap_or("-").to_owned();
        let raw = |name: &str| act.get(name).map_or("-".to_owned(), ToString::to_string);
        let (what, who, subject) = (text("/what"), text("/by/who"), text("/subject"));
        format!("{what} | {who} | {subject} | {} -> {}", raw("before"), raw("after"))
    };
    data.iter().map(line).collect()
}

async fn call(t: &TestApp, name: &str, method: Method, path: &str, body: &Json) {
    let key = format!("Bearer sec-{name}");
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let answer = t.call_with(&key, method, path, body).await;
    assert!(answer.status.is_success(), "{path}: {}", answer.text());
}

async fn with_people(engine: testkit::Engine) -> TestApp {
    let keys = key("office", "[\"operator\"]") + &key("table", "[\"packer\"]");
    serving_setup(engine, &setup_with(&keys)).await
}

on_both_engines! {
    async fn o3_an_order_shows_who_bought_printed_reprinted_and_cancelled(engine: Engine) {
        let t = with_people(engine).await;
        place(&t, [order("A")]).await;
        place(&t, [changed(order("A"), "/order_number", json!("N-A2"))]).await;
        let nothing = json!(null);
        call(&t, "office", Method::POST, "/v1/orders/ord_1/shipments", &json!({ "service": "house:express" })).await;
        for _ in 0..2 {
            t.clock.advance(std::time::Duration::from_secs(1));
            call(&t, "table", Method::GET, "/v1/parcels/pcl_1/label", &nothing).await;
        }
        t.clock.advance(std::time::Duration::from_secs(1));
        call(&t, "office", Method::POST, "/v1/shipments/shp_1/cancel", &nothing).await;
        assert_eq!(acts(&t, "/v1/orders/ord_1/acts").await, [
            "order.created | key:pub-acme | - | - -> -",
            r#"order.updated | key:pub-acme | - | {"number":"N-A"} -> {"number":"N-A2"}"#,
            r#"shipment.requested | key:pub-office | shipment shp_1 | - -> {"parcels":1,"price":{"amount":"9.90","currency":"EUR"},"service":"house:express"}"#,
            r#"shipment.booked | key:pub-office | shipment shp_1 | - -> {"tracking_numbers":["40123450000000016"]}"#,
            r#"document.printed | key:pub-table | label pcl_1 | - -> {"format":"pdf_100x150"}"#,
            r#"document.reprinted | key:pub-table | label pcl_1 | - -> {"format":"pdf_100x150"}"#,
            r#"shipment.cancelled | key:pub-office | shipment shp_1 | {"tracking_numbers":["40123450000000016"]} -> -"#,
        ]);
        let first = t.get("/v1/orders/ord_1/acts").await.json()["data"][0].clone();
        assert_eq!(first, json!({
            "id": first["id"], "at": "2026-03-02T10:00:00Z", "what": "order.created",
            "by": { "who": "key:pub-acme", "name": "shop" }, "order": "ord_1",
        }));
    }

    async fn o3_what_a_job_does_is_done_in_the_name_of_who_wished_it(engine: Engine) {
        let t = with_people(engine).await;
        place(&t, [order("A"), order("B")]).await;
        let wish = json!({ "orders": ["ord_1", "ord_2"] });
        call(&t, "office", Method::POST, "/v1/batches", &wish).await;
        t.run_jobs().await;
        let file = t.get("/v1/batches/bat_1/documents").await.json()["data"][0]["id"].as_str().unwrap().to_owned();
        call(&t, "table", Method::GET, &format!("/v1/documents/{file}"), &json!(null)).await;
        for order in [1, 2] {
            let told = acts(&t, &format!("/v1/orders/ord_{order}/acts")).await;
            let lines: Vec<_> = told.iter().map(|line| line.split(" | ").take(2).collect::<Vec<_>>().join(" ")).collect();
            assert_eq!(lines, [
                "order.created key:pub-acme",
                "shipment.requested key:pub-office",
                "shipment.booked key:pub-office",
                "document.printed key:pub-table",
            ]);
        }
        let started = acts(&t, "/v1/acts?what=batch.started").await;
        assert_eq!(started, [r#"batch.started | key:pub-office | batch bat_1 | - -> {"orders":2}"#]);
    }

    async fn o3_set_up_and_keys_are_acts_without_a_secret(engine: Engine) {
        let t = serving(engine).await;
        let tenant = domain::tenant::TenantId::new("acme").unwrap();
        let made = t.app.create_key(domain::act::Actor::operator(), &tenant, "desk", vec![domain::tenant::Scope::Read]).await.unwrap();
        t.app.rotate_key(domain::act::Actor::operator(), &made.public, std::time::Duration::ZERO).await.unwrap();
        t.app.drop_key(domain::act::Actor::operator(), &made.public).await.unwrap();
        t.clock.advance(std::time::Duration::from_secs(1));
        let body = json!({ "shop_name": "Web shop two" });
        assert_eq!(t.call(Method::PATCH, "/api/v3/integrations/7", body.to_string()).await.status, 204);
        let told = acts(&t, "/v1/acts").await;
        let hidden = |line: &String| line.replace(&made.public, "<desk>");
        assert_eq!(told.iter().map(hidden).take(4).collect::<Vec<_>>(), [
            r#"channel.updated | key:pub-acme | channel 7 | {"name":"Web shop"} -> {"name":"Web shop two"}"#,
            r#"key.revoked | operator | key <desk> | {"name":"desk","rotated_at":"2026-03-02T10:00:00Z","scopes":["read"]} -> -"#,
            r#"key.rotated | operator | key <desk> | - -> {"rotated_at":"2026-03-02T10:00:00Z"}"#,
            r#"key.created | operator | key <desk> | - -> {"name":"desk","scopes":["read"]}"#,
        ]);
        let applied = t.get("/v1/acts?what=setup.changed&who=operator").await.json();
        let after = &applied["data"][0]["after"];
        assert_eq!(after["key pub-acme"]["scopes"].as_array().unwrap().len(), 8);
        assert_eq!(after["location oss"]["name"], "Acme warehouse");
        assert_eq!(after["carrier_account house"]["carrier"], "local");
        assert!(!applied.to_string().contains("sec-acme"));
    }

    async fn o3_nothing_changes_an_act_or_takes_one_away(engine: Engine) {
        let t = with_people(engine).await;
        place(&t, [order("A")]).await;
        call(&t, "office", Method::POST, "/v1/orders/ord_1/shipments", &json!({})).await;
        call(&t, "table", Method::GET, "/v1/parcels/pcl_1/label", &json!(null)).await;
        let before = acts(&t, "/v1/acts").await;
        for forbidden in [
            "delete from acts",
            "update acts set actor = 'key:pub-other'",
            "update acts set body = '{}'",
            "update acts set at = 0",
            "delete from events",
            "update events set about = '{}'",
            "update events set actor = null",
            "update events set kind = 'order.deleted'",
        ] {
            let tried = t.app.store().write(async move |tx| tx.execute(forbidden, &[]).await).await;
            assert!(tried.is_err(), "{forbidden}");
        }
        assert_eq!(acts(&t, "/v1/acts").await, before);
    }

    async fn o3_acts_are_listed_page_by_page_and_exported(engine: Engine) {
        let t = with_people(engine).await;
        for (n, name) in ["A", "B", "=C"].iter().enumerate() {
            place(&t, [order(name)]).await;
            t.clock.advance(std::time::Duration::from_secs(60 * (n as u64 + 1)));
        }
        call(&t, "office", Method::POST, "/v1/orders/ord_1/shipments", &json!({})).await;
        let mut pages = Vec::new();
        let mut after = String::new();
        loop {
            let page = t.get(&format!("/v1/acts?limit=2&from=2026-03-02T10:00:00Z{after}")).await.json();
            let data = page["data"].as_array().unwrap();
            pages.push(data.iter().map(|act| act["what"].as_str().unwrap().to_owned()).collect::<Vec<_>>());
            let Some(next) = page["next"].as_str() else { break };
            after = format!("&after={next}");
        }
        assert_eq!(pages.concat(), [
            "shipment.booked", "shipment.requested", "order.created", "order.created", "setup.changed", "order.created",
        ]);
        let early = acts(&t, "/v1/acts?who=key:pub-acme&to=2026-03-02T10:01:00Z").await;
        assert_eq!(early, ["order.created | key:pub-acme | - | - -> -"]);
        assert_eq!(acts(&t, "/v1/acts?who=key:pub-nobody").await, Vec::<String>::new());
        let whats = async |path: &str| acts(&t, path).await.iter().map(|line| line.split(" | ").next().unwrap().to_owned()).collect::<Vec<_>>();
        assert_eq!(whats("/v1/acts?about=ord_1").await, ["shipment.booked", "shipment.requested", "order.created"]);
        assert_eq!(whats("/v1/acts?about=ord_1&who=key:pub-acme").await, ["order.created"]);
        assert_eq!(whats("/v1/acts?about=ord_1&limit=2").await, ["shipment.booked", "shipment.requested"]);
        for about in ["shp_1", "shipment%20shp_1"] {
            assert_eq!(whats(&format!("/v1/acts?about={about}")).await, ["shipment.booked", "shipment.requested"]);
        }
        assert_eq!(whats("/v1/acts?about=ord_9").await, [""; 0]);

        let csv = t.get("/v1/acts?format=csv&what=order.created").await;
        assert_eq!(csv.header("content-type"), "text/csv; charset=utf-8");
        let text = csv.text();
        let mut lines = text.lines();
        assert_eq!(lines.next(), Some("id,at,what,who,name,order,subject,before,after,reason"));
        let rest: Vec<_> = lines.map(|line| line.split_once(',').unwrap().1.to_owned()).collect();
        assert_eq!(rest, [
            "2026-03-02T10:03:00Z,order.created,key:pub-acme,shop,ord_3,,,,",
            "2026-03-02T10:01:00Z,order.created,key:pub-acme,shop,ord_2,,,,",
            "2026-03-02T10:00:00Z,order.created,key:pub-acme,shop,ord_1,,,,",
        ]);
        let headers = [("authorization", "Bearer sec-table"), ("accept", "application/jsonl")];
        let lines = bare(&t, &headers, Method::GET, "/v1/acts?who=key:pub-office", "").await;
        assert_eq!(lines.header("content-type"), "application/jsonl");
        let read: Vec<Json> = lines.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(read.iter().map(|act| act["what"].clone()).collect::<Vec<_>>(), ["shipment.booked", "shipment.requested"]);

        let wrong = t.get("/v1/acts?what=nothing&format=xml&from=then&limit=0&after=x").await;
        let named: Vec<_> = wrong.json()["errors"].as_array().unwrap().iter().map(|one| one["pointer"].clone()).collect();
        assert_eq!((wrong.status.as_u16(), named), (400, vec![json!("/from"), json!("/limit"), json!("/after"), json!("/format")]));
        assert_eq!(t.get("/v1/acts?what=nothing&format=csv").await.status, 400);
        let theirs = t.call_with(crate::fixture::OTHER, Method::GET, "/v1/orders/ord_1/acts", "").await;
        assert_eq!(theirs.status, 404);
    }

    async fn o3_every_print_is_kept_and_one_is_the_first(engine: Engine) {
        let t = with_people(engine).await;
        place(&t, [order("A")]).await;
        call(&t, "office", Method::POST, "/v1/orders/ord_1/shipments", &json!({})).await;
        call(&t, "table", Method::GET, "/v1/parcels/pcl_1/label", &json!(null)).await;
        t.app.finish_prints().await.unwrap();
        for _ in 0..40 {
            call(&t, "table", Method::GET, "/v1/parcels/pcl_1/label", &json!(null)).await;
        }
        let printed = acts(&t, "/v1/acts?who=key:pub-table").await;
        assert_eq!((printed.len(), printed.iter().filter(|line| line.starts_with("document.printed")).count()), (41, 1));
    }
}
