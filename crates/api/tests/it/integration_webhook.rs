//! An integration's own webhook, switched on and off through its settings.

use serde_json::{Value as Json, json};
use testkit::on_both_engines;
use testkit::sink::Sink;

use crate::fixture::{order, patch, place, serving, ship};
use crate::webhook_signatures::is_sendcloud_signature;

on_both_engines! {
    async fn an_integration_hears_of_its_own_parcels_until_its_webhook_is_switched_off(engine: Engine) {
        let t = serving(engine).await;
        let sink = Sink::start().await;
        let on = json!({ "webhook_active": true, "webhook_url": sink.url });
        let switched = patch(&t, "/api/v3/integrations/7", &on).await;
        assert_eq!(switched.status, 204, "{}", switched.text());
        place(&t, [order("A")]).await;
        let mut elsewhere = order("B");
        elsewhere["order_details"]["integration"]["id"] = json!(8);
        place(&t, [elsewhere]).await;
        t.run_jobs().await;
        let before = sink.received().len();

        ship(&t, "A").await;
        let in_eight = json!({ "integration_id": 8, "order": { "order_id": "B" } });
        assert_eq!(t.post("/api/v3/orders/create-label-sync", &in_eight).await.status, 201);
        t.run_jobs().await;
        let received = sink.received().split_off(before);
        let bodies: Vec<Json> = received.iter().map(|one| serde_json::from_slice(&one.body).unwrap()).collect();
        assert!(!bodies.is_empty());
        assert!(bodies.iter().all(|body| body["integration"]["id"] == 7), "{bodies:?}");
        assert!(bodies.iter().any(|body| body["parcel"]["status"]["message"] == "Ready to send"));
        for one in &received {
            assert!(is_sendcloud_signature(one, "sec-acme"), "the key's own secret signs");
        }

        let off = patch(&t, "/api/v3/integrations/7", &json!({ "webhook_active": false })).await;
        assert_eq!(off.status, 204);
        let told = sink.received().len();
        place(&t, [order("C")]).await;
        ship(&t, "C").await;
        t.run_jobs().await;
        assert_eq!(sink.received().len(), told);
    }

    async fn a_token_cannot_switch_a_webhook_on_since_nothing_would_sign_it(engine: Engine) {
        let t = serving(engine).await;
        let form = "grant_type=client_credentials&client_id=pub-acme&client_secret=sec-acme";
        let token = t.call_with("", http::Method::POST, "/oauth2/token", form).await.json();
        let bearer = format!("Bearer {}", token["access_token"].as_str().unwrap());
        let on = json!({ "webhook_active": true, "webhook_url": "https://example.com/hook" }).to_string();
        let refused = t.call_with(&bearer, http::Method::PATCH, "/api/v3/integrations/7", on).await;
        assert_eq!(refused.status, 400);
        assert!(refused.text().contains("send the key itself"), "{}", refused.text());
        let shown = t.get("/api/v3/integrations/7").await.json();
        assert_eq!(shown["webhook_active"], false);
    }
}
