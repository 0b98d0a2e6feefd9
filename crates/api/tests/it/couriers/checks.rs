//! M2: accounts are looked at without buying, and what is missing is named before labels fail.

use carriers::testing::Trouble;
use http::Method;
use serde_json::{Value as Json, json};
use testkit::on_both_engines;

use super::fixture::Boston;
use crate::fixture::{basic, events};

async fn check(boston: &Boston, account: &str) -> Json {
    let answer = boston.t.call(Method::POST, &format!("/v1/carrier-accounts/{account}/check"), "").await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

on_both_engines! {
    async fn m2_an_account_is_tried_without_buying_and_a_missing_permission_is_named(engine: Engine) {
        let boston = Boston::open(engine).await;
        insta::assert_json_snapshot!(json!([check(&boston, "ups").await, check(&boston, "dash").await]), @r#"
        [
          {
            "checked_at": "2026-03-02T10:00:00Z",
            "credentials_end_at": null,
            "good_at": "2026-03-02T10:00:00Z",
            "health": "good",
            "missing_permissions": [],
            "notes": [
              "tried without buying: a token, Rating, Shipping and Tracking"
            ]
          },
          {
            "checked_at": "2026-03-02T10:00:00Z",
            "credentials_end_at": null,
            "good_at": "2026-03-02T10:00:00Z",
            "health": "good",
            "missing_permissions": [],
            "notes": [
              "tried without ordering: a delivery that is not there was looked up"
            ]
          }
        ]
        "#);
        boston.ups.with(|ups| assert!(ups.products.remove("ship")));
        boston.dash.with(|dash| dash.is_allowed = false);
        let limited = [check(&boston, "ups").await, check(&boston, "dash").await];
        insta::assert_json_snapshot!(limited.map(|one| json!([one["health"], one["reason"], one["missing_permissions"]])), @r#"
        [
          [
            "limited",
            "the account lacks a permission: Shipping (labels and cancellations): add this product to the app at UPS",
            [
              "Shipping (labels and cancellations): add this product to the app at UPS"
            ]
          ],
          [
            "limited",
            "the account lacks a permission: Drive: DoorDash does not let this access key use it",
            [
              "Drive: DoorDash does not let this access key use it"
            ]
          ]
        ]
        "#);
        assert_eq!(boston.live(), (0, 0), "nothing was bought");
        assert_eq!((boston.ups.calls("ship"), boston.dash.calls("quote")), (0, 0));
        let reader = basic("pub-reader", "sec-reader");
        let denied = boston.t.call_with(&reader, Method::POST, "/v1/carrier-accounts/ups/check", "").await;
        assert_eq!(denied.status, 403);
        let unknown = boston.t.call(Method::POST, "/v1/carrier-accounts/nobody/check", "").await;
        assert_eq!(unknown.status, 404);
    }

    async fn m2_each_account_is_looked_at_daily_and_what_is_news_is_told_once(engine: Engine) {
        let boston = Boston::open(engine).await;
        boston.t.run_jobs().await;
        let looks = || (boston.ups.calls("track"), boston.dash.calls("get"));
        assert_eq!(looks(), (1, 1), "a new account is looked at at once");
        boston.later(23 * 3600).await;
        assert_eq!(looks(), (1, 1));
        boston.ups.with(|ups| assert!(ups.products.remove("ship")));
        boston.later(3600).await;
        assert_eq!(looks(), (2, 2));
        boston.later(24 * 3600).await;
        assert_eq!(looks(), (3, 3));
        boston.ups.with(|ups| assert!(ups.products.insert("ship")));
        boston.later(24 * 3600).await;
        // A carrier that does not answer says nothing about the account; it is asked again much sooner.
        boston.dash.trouble("get", Trouble::Says(503, Json::Null));
        boston.later(24 * 3600).await;
        boston.later(15 * 60).await;
        assert_eq!(looks(), (5, 6));
        assert_eq!(events(&boston.t).await, ["carrier_account.failing", "carrier_account.recovered"]);
        let feed = boston.t.get("/v1/events").await.json();
        assert_eq!(feed["data"][0]["data"], json!({
            "account": "ups",
            "reason": "the account lacks a permission: Shipping (labels and cancellations): add this product to the app at UPS",
        }));
        let shown = boston.t.get("/v1/carrier-accounts").await.json();
        let health: Vec<_> = shown["data"].as_array().unwrap().iter().map(|one| &one["check"]["health"]).collect();
        assert_eq!(health, ["good", "good"]);
    }

    async fn m2_a_secret_that_was_revoked_shows_before_a_label_fails(engine: Engine) {
        let boston = Boston::with(engine, |setup| setup.replace("client_secret = \"stand-in-secret\"", "client_secret = \"old\"")).await;
        boston.t.run_jobs().await;
        assert_eq!(events(&boston.t).await, ["carrier_account.failing"]);
        let shown = boston.t.get("/v1/carrier-accounts").await.json();
        let check = &shown["data"][0]["check"];
        assert_eq!((&check["health"], &check["good_at"]), (&json!("refused"), &Json::Null));
        assert_eq!(check["reason"], "the carrier does not accept the account's credentials: ClientId is Invalid (UPS 10401)");
    }
}
