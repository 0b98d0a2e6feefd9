//! The native API: set-up that is made and changed by clients, tags that keep one from overwriting another, and lists.

use http::{Method, Request};
use serde_json::{Value as Json, json};
use testkit::sink::Sink;
use testkit::{Answer, TestApp, on_both_engines};

use crate::fixture::{INSTALLATION, OTHER, delete, key, order, place, serving, serving_setup, setup_with};
use crate::openapi::conforms;
use domain::channel::Dialect;

/// A request of tenant `acme` with a tag.
async fn with_tag(t: &TestApp, method: Method, path: &str, tag: &str, body: &Json) -> Answer {
    let mut request = Request::builder().method(method).uri(path).header("host", "waybill.example");
    request = request.header("authorization", "Bearer sec-acme").header("content-type", "application/json");
    if !tag.is_empty() {
        request = request.header("if-match", tag);
    }
    t.send(request.body(body.to_string().into()).unwrap()).await
}

fn berlin() -> Json {
    json!({
        "name": "Berlin",
        "time_zone": "Europe/Berlin",
        "address": { "street1": "Lagerstraße 14", "postal_code": "10115", "city": "Berlin", "country": "DE" },
        "return_to": { "company": "Acme Returns", "street1": "Kade 7", "city": "Hamburg", "country": "DE" },
        "carriers": ["house"],
        "cut_offs": { "monday": "15:00" },
        "holidays": ["2026-12-25"],
    })
}

fn with_id(mut body: Json, id: &str) -> Json {
    body["id"] = json!(id);
    body
}

on_both_engines! {
    async fn a_location_is_made_changed_by_whoever_has_seen_it_and_deleted(engine: Engine) {
        let t = serving(engine).await;
        let made = t.post("/v1/locations", &with_id(berlin(), "berlin")).await;
        assert_eq!(made.story(), json!({ "status": 201, "body": with_id(berlin(), "berlin") }));
        let tag = made.header("etag").to_owned();
        assert_eq!(t.get("/v1/locations/berlin").await.header("etag"), tag);
        let missing = with_tag(&t, Method::PUT, "/v1/locations/berlin", "", &berlin()).await;
        assert_eq!(missing.story(), json!({ "status": 428, "body": {
            "type": "/docs/errors#tag-missing",
            "title": "If-Match missing",
            "status": 428,
            "detail": "Send If-Match with the ETag of what you have read, or * to change whatever stands there.",
        } }));
        let mut moved = berlin();
        moved["name"] = json!("Berlin east");
        let changed = with_tag(&t, Method::PUT, "/v1/locations/berlin", &tag, &moved).await;
        assert_eq!(changed.story(), json!({ "status": 200, "body": with_id(moved.clone(), "berlin") }));
        assert_ne!(changed.header("etag"), tag);
        // Whoever has seen it before it moved changes nothing.
        let late = with_tag(&t, Method::PUT, "/v1/locations/berlin", &tag, &berlin()).await;
        assert_eq!((late.status.as_u16(), &late.json()["type"]), (412, &json!("/docs/errors#changed-meanwhile")));
        conforms(Dialect::Native, "PUT /v1/locations/{id}", &late);
        assert_eq!(t.get("/v1/locations/berlin").await.json()["name"], "Berlin east");
        let wrong = json!({ "name": "Oss", "address": { "street1": "x", "city": "Oss" }, "carriers": ["hose"], "colour": 1 });
        let refused = with_tag(&t, Method::PUT, "/v1/locations/berlin", "*", &wrong).await;
        assert_eq!(refused.json()["errors"], json!([
            { "pointer": "/colour", "detail": "Extra inputs are not permitted" },
            { "pointer": "/address/country", "detail": "Field required" },
        ]));
        let taken = t.post("/v1/locations", &with_id(berlin(), "oss")).await;
        assert_eq!(taken.json()["errors"], json!([{ "pointer": "/id", "detail": "there is a location \"oss\" already" }]));
        let late = with_tag(&t, Method::DELETE, "/v1/locations/berlin", &tag, &Json::Null).await;
        assert_eq!(late.status, 412);
        let gone = delete(&t, "/v1/locations/berlin").await;
        conforms(Dialect::Native, "DELETE /v1/locations/{id}", &gone);
        assert_eq!(t.get("/v1/locations/berlin").await.status, 404);
    }

    async fn what_a_client_made_is_left_alone_when_the_setup_file_is_applied_again(engine: Engine) {
        let t = serving(engine).await;
        assert_eq!(t.post("/v1/locations", &with_id(berlin(), "berlin")).await.status, 201);
        assert_eq!(t.post("/v1/channels", &json!({ "name": "Second shop" })).await.json()["id"], 9);
        let rules = json!({ "rules": [{ "name": "all", "when": "true", "then": { "pick": "fastest" } }] });
        assert_eq!(with_tag(&t, Method::PUT, "/v1/routing-rules", "*", &rules).await.status, 200);
        let account = json!({ "id": "trial", "carrier": "sandbox" });
        assert_eq!(t.post("/v1/carrier-accounts", &account).await.status, 201);
        let renamed = with_tag(&t, Method::PATCH, "/v1/channels/7", "*", &json!({ "name": "Renamed" })).await;
        assert_eq!(renamed.json()["name"], "Renamed");
        let files = |_: &str| Ok(testkit::RATES.as_bytes().to_vec());
        let again = app::setup::file::read(testkit::SETUP, &files, &|_| None, t.app.connectors()).unwrap();
        t.app.apply(again).await.unwrap();
        assert_eq!(t.get("/v1/locations/berlin").await.status, 200);
        assert_eq!(t.get("/v1/channels/9").await.json()["name"], "Second shop");
        assert_eq!(t.get("/v1/routing-rules").await.json()["data"][0]["name"], "all");
        assert_eq!(t.get("/v1/carrier-accounts/trial").await.status, 200);
        assert_eq!(t.get("/v1/channels/7").await.json()["name"], "Web shop", "what the file names it owns");
    }

    async fn a_carrier_accounts_secrets_can_be_set_and_not_read(engine: Engine) {
        let t = serving(engine).await;
        let carriers = t.get("/v1/carriers").await.json();
        let ups = carriers["data"].as_array().unwrap().iter().find(|carrier| carrier["id"] == "ups").unwrap();
        let secret = ups["fields"].as_array().unwrap().iter().find(|field| field["kind"] == "secret").unwrap();
        assert_eq!(secret["is_required"], true);
        let wrong = t.post("/v1/carrier-accounts", &json!({ "id": "a:b", "carrier": "sandbox", "settings": { "quote": "perhaps" } })).await;
        assert_eq!(wrong.json()["errors"], json!([
            { "pointer": "/id", "detail": "\"a:b\" is no id: expected 1 to 64 letters, digits, - _ and points" },
            { "pointer": "/settings/quote", "detail": "quote is \"perhaps\": expected one of ok, none, refuse, fail, fail_once, time_out" },
        ]));
        let drive = json!({ "id": "drive", "carrier": "doordash_drive", "settings": {
            "developer_id": "5e01a4b3", "key_id": "0f6a5b1c", "signing_secret": "c2lnbmluZy1zZWNyZXQ",
        } });
        let made = t.post("/v1/carrier-accounts", &drive).await;
        assert_eq!(made.status, 201, "{}", made.text());
        conforms(Dialect::Native, "POST /v1/carrier-accounts", &made);
        assert!(!made.text().contains("c2lnbmluZy1zZWNyZXQ"), "{}", made.text());
        assert_eq!(made.json()["secrets"], json!(["signing_secret"]));
        let path = "/v1/carrier-accounts/drive";
        let tag = made.header("etag").to_owned();
        // Another secret is another state, though nobody can see it.
        let body = json!({ "settings": { "signing_secret": "YW5vdGhlci1zZWNyZXQ" } });
        let changed = with_tag(&t, Method::PATCH, path, &tag, &body).await;
        assert_eq!((changed.status.as_u16(), changed.header("etag") == tag), (200, false), "{}", changed.text());
        let kept = with_tag(&t, Method::PATCH, path, "*", &json!({ "calls_per_minute": 30 })).await.json();
        assert_eq!((&kept["secrets"], &kept["calls_per_minute"]), (&json!(["signing_secret"]), &json!(30)));
        let lost = with_tag(&t, Method::PATCH, path, "*", &json!({ "settings": { "signing_secret": null } })).await;
        assert_eq!(lost.json()["errors"][0]["pointer"], "/settings/signing_secret");
        let gone = delete(&t, path).await;
        conforms(Dialect::Native, "DELETE /v1/carrier-accounts/{id}", &gone);
        assert_eq!(t.get(path).await.status, 404);
        assert_eq!(t.call_with(OTHER, Method::GET, "/v1/carrier-accounts/house", "").await.status, 404);
    }

    async fn a_key_is_shown_its_secret_once_and_gives_no_more_than_it_has(engine: Engine) {
        let t = serving_setup(engine, &setup_with(&key("keeper", "[\"setup\", \"read\"]"))).await;
        let wanted = json!({ "name": "table 1", "scopes": ["read", "print"] });
        let made = t.post("/v1/keys", &wanted).await;
        assert_eq!(made.status, 201, "{}", made.text());
        let (id, secret) = (made.json()["id"].clone(), made.json()["secret"].clone());
        let (id, secret) = (id.as_str().unwrap(), secret.as_str().unwrap().to_owned());
        let shown = t.get(&format!("/v1/keys/{id}")).await;
        assert_eq!((&shown.json()["name"], shown.json().get("secret")), (&json!("table 1"), None));
        let asks = async |secret: &str| t.call_with(&format!("Bearer {secret}"), Method::GET, "/v1/orders", "").await.status.as_u16();
        assert_eq!(asks(&secret).await, 200);
        let rotated = t.post(&format!("/v1/keys/{id}/rotate"), &json!({})).await.json();
        let fresh = rotated["secret"].as_str().unwrap();
        assert_eq!((asks(&secret).await, asks(fresh).await), (401, 200));
        let keeper = "Bearer sec-keeper";
        let beyond = t.call_with(keeper, Method::POST, "/v1/keys", json!({ "name": "x", "scopes": ["*"] }).to_string()).await;
        let why = "this key lacks write, print, buy, void, erase, overrule itself and cannot give it";
        assert_eq!(beyond.json()["errors"], json!([{ "pointer": "/scopes", "detail": why }]));
        let rotate = t.call_with(keeper, Method::POST, "/v1/keys/pub-acme/rotate", "").await;
        assert_eq!(rotate.status, 403, "whoever gets a secret may do what its key may");
        assert_eq!(delete(&t, "/v1/keys/pub-acme").await.json()["detail"], "a key cannot revoke itself: ask with another one");
        let gone = delete(&t, &format!("/v1/keys/{id}")).await;
        conforms(Dialect::Native, "DELETE /v1/keys/{id}", &gone);
        assert_eq!(asks(fresh).await, 401);
        assert_eq!(t.get("/v1/keys/pub-other").await.status, 404);
        assert_eq!(t.call_with(OTHER, Method::DELETE, "/v1/keys/pub-acme", "").await.status, 404);
    }

    async fn routing_rules_are_replaced_as_a_whole(engine: Engine) {
        let t = serving(engine).await;
        place(&t, [order("A")]).await;
        let wrong = json!({ "rules": [
            { "name": "a", "when": "parcel.weight >", "then": { "only": ["hose"] } },
            { "name": "a", "when": "true", "location": "mars", "then": {} },
        ] });
        let refused = with_tag(&t, Method::PUT, "/v1/routing-rules", "*", &wrong).await.json();
        let pointers: Vec<_> = refused["errors"].as_array().unwrap().iter().map(|error| error["pointer"].clone()).collect();
        assert_eq!(pointers, ["/rules/0/when", "/rules/0/then/only/0", "/rules/1/name", "/rules/1/location", "/rules/1/then"]);
        let tag = t.get("/v1/routing-rules").await.header("etag").to_owned();
        let fast = json!({ "rules": [{ "name": "fast", "when": "destination.country == \"NL\"", "then": { "pick": "fastest" } }] });
        let changed = with_tag(&t, Method::PUT, "/v1/routing-rules", &tag, &fast).await;
        assert_eq!(changed.json()["data"], fast["rules"]);
        assert_eq!(with_tag(&t, Method::PUT, "/v1/routing-rules", &tag, &fast).await.status, 412);
        let quote = t.post("/v1/orders/ord_1/rates", &json!({})).await.json();
        assert_eq!((&quote["decision"]["decided_by"], &quote["rates"][0]["service"]), (&json!("fast"), &json!("house:express")));
    }

    async fn a_webhook_is_made_tried_changed_and_deleted(engine: Engine) {
        let t = serving(engine).await;
        let sink = Sink::start().await;
        let wrong = json!({ "url": "ftp://example.com", "events": ["parcel.lost"], "concurrency": 1 });
        let refused = t.post("/v1/webhooks", &wrong).await.json();
        let pointers: Vec<_> = refused["errors"].as_array().unwrap().iter().map(|error| error["pointer"].clone()).collect();
        assert_eq!(pointers, ["/url", "/events/0"]);
        let made = t.post("/v1/webhooks", &json!({ "url": sink.url, "events": ["return.*"] })).await;
        assert_eq!(made.status, 201, "{}", made.text());
        conforms(Dialect::Native, "POST /v1/webhooks", &made);
        assert!(made.json()["secret"].as_str().unwrap().starts_with("whsec_"));
        let path = format!("/v1/webhooks/{}", made.json()["id"].as_str().unwrap());
        assert_eq!(t.get(&path).await.json().get("secret"), None);
        let tried = t.post(&format!("{path}/test"), &Json::Null).await;
        assert_eq!((tried.status.as_u16(), &tried.json()["status"]), (200, &json!(204)), "{}", tried.text());
        let body: Json = serde_json::from_slice(&sink.received()[0].body).unwrap();
        assert_eq!(body["type"], "webhook.test");
        let tag = made.header("etag").to_owned();
        let changed = with_tag(&t, Method::PATCH, &path, &tag, &json!({ "events": ["order.created"] })).await;
        assert_eq!((changed.status.as_u16(), &changed.json()["events"]), (200, &json!(["order.created"])));
        assert_eq!(with_tag(&t, Method::PATCH, &path, &tag, &json!({ "events": ["*"] })).await.status, 412);
        place(&t, [order("A")]).await;
        t.run_jobs().await;
        let body: Json = serde_json::from_slice(&sink.received()[1].body).unwrap();
        assert_eq!(body["type"], "order.created");
        let gone = delete(&t, &path).await;
        conforms(Dialect::Native, "DELETE /v1/webhooks/{id}", &gone);
        assert_eq!(t.get(&path).await.status, 404);
    }

    async fn tenants_are_made_by_whoever_runs_the_installation_alone(engine: Engine) {
        let t = serving(engine).await;
        let wanted = json!({ "id": "third", "name": "Third Ltd", "currency": "EUR", "mode": "test" });
        let create = async |authorization: &str| t.call_with(authorization, Method::POST, "/v1/tenants", wanted.to_string()).await;
        assert_eq!(create("Bearer sec-acme").await.status, 401, "no key makes tenants");
        let made = create(INSTALLATION).await;
        assert_eq!(made.status, 201, "{}", made.text());
        let secret = made.json()["key"]["secret"].as_str().unwrap().to_owned();
        let theirs = t.call_with(&format!("Bearer {secret}"), Method::GET, "/v1/orders", "").await;
        assert_eq!(theirs.story(), json!({ "status": 200, "body": { "data": [] } }));
        assert_eq!(create(INSTALLATION).await.json()["detail"], "there is a tenant \"third\" already");
        let page = t.call_with(INSTALLATION, Method::GET, "/v1/tenants?limit=2", "").await.json();
        let ids: Vec<_> = page["data"].as_array().unwrap().iter().map(|tenant| tenant["id"].clone()).collect();
        assert_eq!((ids, &page["next"]), (vec![json!("acme"), json!("other")], &json!("other")));
        assert_eq!(t.call_with(INSTALLATION, Method::GET, "/v1/orders", "").await.status, 401, "it is no key");
        let without = crate::fixture::routed(crate::fixture::builder(engine).options(|options| options.installation_secret = None).build().await);
        let nobody = without.call_with(INSTALLATION, Method::GET, "/v1/tenants", "").await;
        assert_eq!((nobody.status.as_u16(), &nobody.json()["detail"]), (404, &json!("There is nothing at this path.")));
    }

    async fn orders_are_listed_by_pages_and_replaced_by_whoever_has_seen_them(engine: Engine) {
        let t = serving(engine).await;
        place(&t, ["A", "B", "C", "D", "E"].map(order)).await;
        let (mut seen, mut after) = (Vec::new(), String::new());
        loop {
            let page = t.get(&format!("/v1/orders?limit=2&fields=id,number&after={after}")).await.json();
            seen.extend(page["data"].as_array().unwrap().clone());
            let Some(next) = page["next"].as_str() else { break };
            next.clone_into(&mut after);
        }
        let expected = (1..=5).rev().zip(["E", "D", "C", "B", "A"]);
        let expected: Vec<_> = expected.map(|(id, name)| json!({ "id": format!("ord_{id}"), "number": format!("N-{name}") })).collect();
        assert_eq!(seen, expected);
        let found = t.get("/v1/orders?number=N-C&fields=id").await.json();
        assert_eq!(found["data"], json!([{ "id": "ord_3" }]));
        let wrong = t.get("/v1/orders?limit=0&after=x&created_from=yesterday").await;
        assert_eq!(wrong.status, 400);

        let shown = t.get("/v1/orders/ord_1").await;
        let tag = shown.header("etag").to_owned();
        let body = json!({ "items": [{ "name": "Cup", "quantity": 1 }], "shipping_address": { "street1": "Dam 1", "city": "Amsterdam", "country": "NL" } });
        let changed = with_tag(&t, Method::PUT, "/v1/orders/ord_1", &tag, &body).await;
        conforms(Dialect::Native, "PUT /v1/orders/{id}", &changed);
        assert_eq!((changed.status.as_u16(), &changed.json()["items"][0]["name"], &changed.json()["external_id"]), (200, &json!("Cup"), &json!("A")));
        assert_eq!(with_tag(&t, Method::PUT, "/v1/orders/ord_1", &tag, &body).await.status, 412);
        assert_eq!(with_tag(&t, Method::PUT, "/v1/orders/ord_1", "nonsense", &body).await.status, 400);
        // A booked shipment raises no tag, so whoever has seen the order may delete it; whoever has seen an older one cancels nothing.
        let tag = changed.header("etag").to_owned();
        assert_eq!(t.post("/v1/orders/ord_3/shipments", &json!({})).await.status, 201);
        let third = t.get("/v1/orders/ord_3").await.header("etag").to_owned();
        assert_eq!(with_tag(&t, Method::DELETE, "/v1/orders/ord_3", "\"77\"", &Json::Null).await.status, 412);
        assert_eq!(t.get("/v1/shipments/shp_1").await.json()["status"], "booked");
        assert_eq!(with_tag(&t, Method::DELETE, "/v1/orders/ord_3", &third, &Json::Null).await.status, 204);
        assert_eq!(with_tag(&t, Method::GET, "/v1/orders/ord_1", "", &Json::Null).await.header("etag"), tag);
        let gone = delete(&t, "/v1/orders/ord_1").await;
        conforms(Dialect::Native, "DELETE /v1/orders/{id}", &gone);
        assert_eq!(t.get("/v1/orders/ord_1").await.status, 404);
        assert_eq!(t.post("/v1/orders/ord_2/cancel", &Json::Null).await.status, 200);
        assert_eq!(t.post("/v1/orders/ord_2/shipments", &json!({})).await.status, 409);
    }

    async fn what_is_known_already_is_not_sent_again_and_fields_leave_the_rest_out(engine: Engine) {
        let t = serving(engine).await;
        place(&t, [order("A")]).await;
        let shown = t.get("/v1/orders/ord_1").await;
        let get = async |seen: &str| {
            let request = Request::builder().uri("/v1/orders/ord_1").header("authorization", "Bearer sec-acme");
            t.send(request.header("if-none-match", seen).body(axum::body::Body::empty()).unwrap()).await
        };
        let same = get(shown.header("etag")).await;
        assert_eq!((same.status.as_u16(), same.text().as_str(), same.header("etag")), (304, "", shown.header("etag")));
        assert_eq!(get("\"other\"").await.status, 200);
        let some = t.get("/v1/orders/ord_1?fields=version,id,nothing").await;
        assert_eq!(some.text(), "{\"id\":\"ord_1\",\"version\":1}");
        let refused = t.get("/v1/orders/ord_1?fields=a%20b").await;
        assert_eq!(refused.json()["errors"][0]["pointer"], "/fields");
    }

    async fn a_channel_is_made_renamed_and_deleted(engine: Engine) {
        let t = serving(engine).await;
        let made = t.post("/v1/channels", &json!({ "id": 41, "name": "Fair" })).await;
        assert_eq!(made.json(), json!({ "id": 41, "dialect": "sendcloud", "name": "Fair", "is_default": false }));
        let taken = t.post("/v1/channels", &json!({ "id": 41, "name": "Fair" })).await;
        assert_eq!(taken.json()["errors"], json!([{ "pointer": "/id", "detail": "there is a channel 41 already" }]));
        let renamed = with_tag(&t, Method::PATCH, "/v1/channels/41", made.header("etag"), &json!({ "name": "Market" })).await;
        assert_eq!(renamed.json()["name"], "Market");
        let integrations = t.get("/api/v3/integrations").await.text();
        assert!(integrations.contains("Market"), "{integrations}");
        let gone = delete(&t, "/v1/channels/41").await;
        conforms(Dialect::Native, "DELETE /v1/channels/{id}", &gone);
        assert_eq!(t.get("/v1/channels/41").await.status, 404);
        assert_eq!(delete(&t, "/v1/channels/1000000").await.status, 409, "a dialect's own channel stays");
    }
}
