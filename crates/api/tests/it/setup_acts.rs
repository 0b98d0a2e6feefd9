//! Whoever changes a set-up by any route of the native API is told of: one act each, before and after, no secret.

use http::Method;
use serde_json::{Value as Json, json};
use testkit::{TestApp, on_both_engines};

use crate::fixture::{INSTALLATION, bare, serving};
use domain::channel::Dialect;

/// What of the set-up the routes change.
const NOUNS: [&str; 7] = ["carrier-accounts", "channels", "keys", "locations", "routing-rules", "tenants", "webhooks"];

/// Routes below these that change nothing of a set-up: they ask, try, or send again.
const CHANGE_NOTHING: [&str; 5] = [
    "POST /v1/carrier-accounts/{id}/check",
    "POST /v1/routing-rules/rehearse",
    "POST /v1/webhooks/{id}/resend",
    "POST /v1/webhooks/{id}/test",
    "POST /v1/routing-rules/try",
];

/// Every route that changes a set-up, from the router's own list.
fn changing() -> Vec<String> {
    let is_noun = |path: &str| NOUNS.iter().any(|noun| path.split('/').nth(2) == Some(noun));
    let mut all = Vec::new();
    for route in api::routes_of(Dialect::Native).into_iter().filter(|route| is_noun(route.path)) {
        let methods = route.methods.iter().filter(|method| **method != Method::GET);
        all.extend(methods.map(|method| format!("{method} {}", route.path)));
    }
    all.retain(|route| !CHANGE_NOTHING.contains(&route.as_str()));
    all.sort();
    all
}

/// Asks, and answers with the answer and every act that came of it, fingerprints and keys' parts covered.
async fn told(t: &TestApp, authorization: &str, (method, path): (Method, &str), body: &Json) -> (Json, Vec<String>) {
    let known = newest(t).await.len();
    let headers = [("authorization", authorization), ("content-type", "application/json"), ("if-match", "*")];
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let answer = bare(t, &headers, method.clone(), path, &body).await;
    assert!(answer.status.is_success(), "{method} {path}: {}", answer.text());
    let acts = newest(t).await;
    let said = acts.iter().take(acts.len() - known).map(line).collect();
    t.clock.advance(std::time::Duration::from_secs(1));
    (if answer.text().is_empty() { Json::Null } else { answer.json() }, said)
}

async fn newest(t: &TestApp) -> Vec<Json> {
    t.get("/v1/acts?limit=500").await.json()["data"].as_array().unwrap().clone()
}

fn line(act: &Json) -> String {
    let side = |name: &str| act.get(name).map_or("-".to_owned(), ToString::to_string);
    let text = |pointer: &str| act.pointer(pointer).and_then(Json::as_str).unwrap_or("-").to_owned();
    let line = format!("{} | {} | {}", text("/what"), text("/by/who"), text("/subject"));
    covered(&format!("{line} | {} -> {}", side("before"), side("after")))
}

/// The line without what is random.
fn covered(line: &str) -> String {
    let mut left = String::new();
    for (place, part) in line.split("sha-256 ").enumerate() {
        match (place, part.split_once('…')) {
            (0, _) | (_, None) => left.push_str(part),
            (_, Some((_, rest))) => left = left + "<print>" + rest,
        }
    }
    left
}

on_both_engines! {
    async fn o3_every_change_of_set_up_is_one_act_with_before_and_after(engine: Engine) {
        let t = serving(engine).await;
        let mut asked = Vec::new();
        let mut lines = Vec::new();
        let none = Json::Null;
        let mut go = async |route: &str, path: &str, body: &Json| -> Json {
            let (method, pattern) = route.split_once(' ').unwrap();
            let path = if path.is_empty() { pattern } else { path };
            let (answer, said) = told(&t, "Bearer sec-acme", (method.parse().unwrap(), path), body).await;
            asked.push(route.to_owned());
            assert_eq!(said.len(), 1, "{route}: {said:?}");
            lines.extend(said);
            answer
        };

        let drive = json!({ "id": "drive", "carrier": "doordash_drive", "settings": {
            "developer_id": "5e01a4b3", "key_id": "0f6a5b1c", "signing_secret": "c2lnbmluZy1zZWNyZXQ",
        } });
        go("POST /v1/carrier-accounts", "", &drive).await;
        let account = "/v1/carrier-accounts/drive";
        go("PATCH /v1/carrier-accounts/{id}", account, &json!({ "calls_per_minute": 30 })).await;
        go("PATCH /v1/carrier-accounts/{id}", account, &json!({ "settings": { "signing_secret": "YW5vdGhlci1zZWNyZXQ" } })).await;
        go("DELETE /v1/carrier-accounts/{id}", account, &none).await;

        go("POST /v1/channels", "", &json!({ "id": 41, "name": "Fair" })).await;
        go("PATCH /v1/channels/{id}", "/v1/channels/41", &json!({ "name": "Market" })).await;
        go("DELETE /v1/channels/{id}", "/v1/channels/41", &none).await;

        let key = go("POST /v1/keys", "", &json!({ "name": "table 1", "scopes": ["read"] })).await;
        let public = key["id"].as_str().unwrap().to_owned();
        let path = format!("/v1/keys/{public}");
        let rotated = go("POST /v1/keys/{id}/rotate", &format!("{path}/rotate"), &json!({})).await;
        go("DELETE /v1/keys/{id}", &path, &none).await;

        let berlin = json!({ "name": "Berlin", "address": { "street1": "Lagerstr. 14", "city": "Berlin", "country": "DE" } });
        let mut made = berlin.clone();
        made["id"] = json!("berlin");
        go("POST /v1/locations", "", &made).await;
        let mut moved = berlin.clone();
        moved["name"] = json!("Berlin east");
        go("PUT /v1/locations/{id}", "/v1/locations/berlin", &moved).await;
        go("DELETE /v1/locations/{id}", "/v1/locations/berlin", &none).await;

        let rule = |name: &str, pick: &str| json!({ "name": name, "when": "true", "then": { "pick": pick } });
        let rules = "PUT /v1/routing-rules";
        go(rules, "", &json!({ "rules": [rule("a", "fastest"), rule("b", "cheapest")] })).await;
        go(rules, "", &json!({ "rules": [rule("b", "cheapest"), rule("a", "fastest")] })).await;
        go(rules, "", &json!({ "rules": [rule("b", "fastest"), rule("a", "fastest")] })).await;

        let hook = go("POST /v1/webhooks", "", &json!({ "url": "https://example.com/hook", "events": ["return.*"] })).await;
        let id = hook["id"].as_str().unwrap().to_owned();
        let path = format!("/v1/webhooks/{id}");
        go("PATCH /v1/webhooks/{id}", &path, &json!({ "events": ["order.created"] })).await;
        go("POST /v1/webhooks/{id}/pause", &format!("{path}/pause"), &none).await;
        go("POST /v1/webhooks/{id}/resume", &format!("{path}/resume"), &none).await;
        go("DELETE /v1/webhooks/{id}", &path, &none).await;

        let hidden = |line: &String| line.replace(&public, "<key>");
        let lines: Vec<_> = lines.iter().map(hidden).collect();
        assert_eq!(lines, [
            r#"setup.changed | key:pub-acme | carrier_account drive | - -> {"carrier":"doordash_drive","credentials":"<print>","settings":{"developer_id":"5e01a4b3","key_id":"0f6a5b1c"}}"#,
            r#"setup.changed | key:pub-acme | carrier_account drive | - -> {"calls_per_minute":30}"#,
            r#"setup.changed | key:pub-acme | carrier_account drive | {"credentials":"<print>"} -> {"credentials":"<print>"}"#,
            r#"setup.changed | key:pub-acme | carrier_account drive | {"calls_per_minute":30,"carrier":"doordash_drive","credentials":"<print>","settings":{"developer_id":"5e01a4b3","key_id":"0f6a5b1c"}} -> -"#,
            r#"channel.connected | key:pub-acme | channel 41 | - -> {"dialect":"sendcloud","name":"Fair","settings":{}}"#,
            r#"channel.updated | key:pub-acme | channel 41 | {"name":"Fair"} -> {"name":"Market"}"#,
            r#"channel.deleted | key:pub-acme | channel 41 | {"dialect":"sendcloud","name":"Market","settings":{}} -> -"#,
            r#"key.created | key:pub-acme | key <key> | - -> {"name":"table 1","scopes":["read"]}"#,
            r#"key.rotated | key:pub-acme | key <key> | - -> {"rotated_at":"2026-03-02T10:00:08Z"}"#,
            r#"key.revoked | key:pub-acme | key <key> | {"name":"table 1","rotated_at":"2026-03-02T10:00:08Z","scopes":["read"]} -> -"#,
            r#"setup.changed | key:pub-acme | location berlin | - -> {"address":{"city":"Berlin","country":"DE","street1":"Lagerstr. 14"},"external_id":"berlin","name":"Berlin"}"#,
            r#"setup.changed | key:pub-acme | location berlin | {"name":"Berlin"} -> {"name":"Berlin east"}"#,
            r#"setup.changed | key:pub-acme | location berlin | {"address":{"city":"Berlin","country":"DE","street1":"Lagerstr. 14"},"external_id":"berlin","name":"Berlin east"} -> -"#,
            r#"setup.changed | key:pub-acme | routing_rules | - -> {"routing_rule a":{"name":"a","then":{"pick":"fastest"},"when":"true"},"routing_rule b":{"name":"b","then":{"pick":"cheapest"},"when":"true"},"routing_rules":["a","b"]}"#,
            r#"setup.changed | key:pub-acme | routing_rules | {"routing_rules":["a","b"]} -> {"routing_rules":["b","a"]}"#,
            r#"setup.changed | key:pub-acme | routing_rule b | {"then":{"pick":"cheapest"}} -> {"then":{"pick":"fastest"}}"#,
            r#"setup.changed | key:pub-acme | webhook hook_2 | - -> {"concurrency":1,"dialect":"native","events":["return.*"],"secret":"<print>","url":"https://example.com/hook"}"#,
            r#"setup.changed | key:pub-acme | webhook hook_2 | {"events":["return.*"]} -> {"events":["order.created"]}"#,
            r#"webhook.paused | key:pub-acme | webhook hook_2 | {"paused":false} -> {"paused":true}"#,
            r#"webhook.resumed | key:pub-acme | webhook hook_2 | {"paused":true} -> {"paused":false}"#,
            r#"setup.changed | key:pub-acme | webhook hook_2 | {"concurrency":1,"dialect":"native","events":["order.created"],"secret":"<print>","url":"https://example.com/hook"} -> -"#,
        ]);

        // A tenant's first act is its own beginning; whoever runs the installation did it.
        let third = json!({ "id": "third", "name": "Third Ltd", "currency": "EUR" });
        let made = t.call_with(INSTALLATION, Method::POST, "/v1/tenants", third.to_string()).await;
        asked.push("POST /v1/tenants".to_owned());
        let first = made.json()["key"].clone();
        let authorization = format!("Bearer {}", first["secret"].as_str().unwrap());
        let acts = t.call_with(&authorization, Method::GET, "/v1/acts", "").await.json()["data"].clone();
        let acts = acts.as_array().unwrap();
        assert_eq!(acts.len(), 1, "{acts:?}");
        assert_eq!((&acts[0]["what"], &acts[0]["by"]["who"], &acts[0]["subject"]), (&json!("setup.changed"), &json!("operator"), &json!("tenant")));
        assert_eq!(acts[0]["after"]["name"], "Third Ltd");
        assert_eq!(acts[0]["after"][format!("key {}", first["id"].as_str().unwrap())]["name"], "first");

        asked.sort();
        asked.dedup();
        assert_eq!(asked, changing());
        let all = t.get("/v1/acts?format=jsonl").await.text();
        for secret in [&hook["secret"], &key["secret"], &rotated["secret"], &json!("c2lnbmluZy1zZWNyZXQ"), &json!("YW5vdGhlci1zZWNyZXQ")] {
            assert!(!all.contains(secret.as_str().unwrap()), "{all}");
        }
    }

    async fn what_changes_nothing_is_no_act(engine: Engine) {
        let t = serving(engine).await;
        let known = newest(&t).await.len();
        let same = t.get("/v1/locations/oss").await.json();
        let mut body = same.clone();
        body.as_object_mut().unwrap().remove("id");
        let headers = [("authorization", "Bearer sec-acme"), ("content-type", "application/json"), ("if-match", "*")];
        let put = bare(&t, &headers, Method::PUT, "/v1/locations/oss", &body.to_string()).await;
        assert_eq!((put.status.as_u16(), put.json()), (200, same));
        let refused = bare(&t, &headers, Method::PATCH, "/v1/channels/1000001", "{\"name\":\"x\"}").await;
        assert_eq!(refused.status, 409, "{}", refused.text());
        let files = |_: &str| Ok(testkit::RATES.into());
        let again = app::setup::file::read(testkit::SETUP, &files, &|_| None, t.app.connectors()).unwrap();
        t.app.apply(again).await.unwrap();
        assert_eq!(newest(&t).await.len(), known);
    }
}
