//! The list: what narrows it, and its tokens in both directions.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value as Json, json};
use testkit::{TestApp, on_both_engines};

use super::fixture::{create, created, delete, order, order_from, refusal, serving, set_clock};

const NOW: i64 = 1_772_445_600_000;
const HOUR: i64 = 3_600_000;

async fn list(t: &TestApp, body: &Json) -> Json {
    let answer = t.post("/shipments/list", body).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

fn ids(page: &Json) -> Vec<String> {
    page["data"].as_array().unwrap().iter().map(|order| order["orderExternalId"].as_str().unwrap().to_owned()).collect()
}

async fn found(t: &TestApp, body: &Json) -> Vec<String> {
    ids(&list(t, body).await)
}

on_both_engines! {
    async fn without_a_range_the_last_24_hours_are_listed(engine: Engine) {
        let t = serving(engine).await;
        created(&t, &order("old")).await;
        t.clock.advance(Duration::from_hours(25));
        created(&t, &order("new")).await;
        assert_eq!(found(&t, &json!({})).await, ["new"]);
        assert_eq!(found(&t, &json!({ "orderExternalIds": ["old", "new"] })).await, ["new"], "the range is added to other filters");
        let all = json!({ "createdAt": { "startsAt": NOW - HOUR, "endsAt": NOW + 30 * HOUR } });
        assert_eq!(found(&t, &all).await, ["new", "old"]);
        let exact = json!({ "createdAt": { "startsAt": NOW, "endsAt": NOW } });
        assert_eq!(found(&t, &exact).await, ["old"], "both ends are meant");
        let updated = json!({ "lastUpdatedAt": { "startsAt": NOW - HOUR, "endsAt": NOW + HOUR } });
        assert_eq!(found(&t, &updated).await, ["old"]);
    }

    async fn every_filter_narrows(engine: Engine) {
        let t = serving(engine).await;
        let mut grouped = order("A");
        grouped["groupId"] = json!("G1");
        (grouped["pickupTime"], grouped["deliveryTime"]) = (json!({ "startsAt": NOW }), json!({ "endsAt": NOW + HOUR }));
        created(&t, &grouped).await;
        created(&t, &order_from("B", "100983")).await;
        assert_eq!(create(&t, &order_from("C", "closed")).await.status, 422);
        created(&t, &order("D")).await;
        delete(&t, "D").await;
        for (filter, expected) in [
            (json!({ "groupId": "G1" }), vec!["A"]),
            (json!({ "groupId": "g1" }), vec![]),
            (json!({ "locationExternalIds": ["100983", "nowhere"] }), vec!["B"]),
            (json!({ "orderExternalIds": ["B", "A", "nobody"] }), vec!["B", "A"]),
            (json!({ "status": ["ESTIMATES_FAILED"] }), vec!["C"]),
            (json!({ "status": ["ORDER_DISPATCHED", "ORDER_CANCELLED"] }), vec!["D", "B", "A"]),
            (json!({ "status": ["STAGED", "PENDING_RELEASE", "PARTIAL_DELIVERED"] }), vec![]),
            (json!({ "pickupTime": { "startsAt": NOW }, "deliveryTime": { "endsAt": NOW + HOUR } }), vec!["A"]),
            (json!({ "pickupTime": { "startsAt": NOW + 1 }, "deliveryTime": { "endsAt": NOW + HOUR } }), vec![]),
            (json!({ "pickupTime": { "startsAt": NOW }, "deliveryTime": { "endsAt": NOW + HOUR - 1 } }), vec![]),
            (json!({ "limit": 2 }), vec!["D", "C"]),
            (json!({ "orderExternalIds": [] }), vec![]),
        ] {
            assert_eq!(found(&t, &filter).await, expected, "{filter}");
        }
    }

    async fn what_breaks_a_rule_is_refused_with_everything_at_once(engine: Engine) {
        let t = serving(engine).await;
        let many: Vec<_> = (0..101).map(|n| n.to_string()).collect();
        let day = 24 * HOUR;
        for (filter, message) in [
            (json!({ "lastUpdatedAt": { "startsAt": NOW - 31 * day, "endsAt": NOW } }), "lastUpdatedAt date range cannot be greater than 30 days"),
            (json!({ "createdAt": { "startsAt": NOW - 400 * day, "endsAt": NOW } }), "createdAt must be within the last one year"),
            (json!({ "limit": 1001 }), "The value for the limit field is invalid"),
            (json!({ "limit": 0 }), "The value for the limit field is invalid"),
            (json!({ "orderExternalIds": many }), "The value for the orderExternalIds field is invalid"),
            (json!({ "pickupTime": { "startsAt": NOW } }), "deliveryTime.endsAt is required when pickupTime is present"),
            (json!({ "deliveryTime": { "endsAt": NOW } }), "pickupTime.startsAt is required when deliveryTime is present"),
            (json!({ "status": ["NO_SUCH"] }), "\"NO_SUCH\" is no order status"),
            (json!({ "paginationToken": "bmV4dA==" }), "paginationToken was never given out"),
            (json!([]), "The request body must be a JSON object"),
        ] {
            let answer = t.post("/shipments/list", &filter).await;
            let (status, kind, text) = refusal(&answer);
            assert_eq!((status, kind.as_str()), (400, "INVALID_DATA"), "{filter}");
            assert_eq!(text, message, "{filter}");
        }
        let all = t.post("/shipments/list", &json!({ "limit": "x", "groupId": 7, "status": 1 })).await;
        assert_eq!(all.json()["errors"].as_array().unwrap().len(), 3);
        let longest = json!({ "lastUpdatedAt": { "startsAt": NOW - 30 * day, "endsAt": NOW } });
        assert_eq!(t.post("/shipments/list", &longest).await.status, 200);
        let malformed = t.call(http::Method::POST, "/shipments/list", "{").await;
        assert_eq!(refusal(&malformed).1, "INVALID_DATA");
    }

    async fn tokens_lead_through_the_list_both_ways_over_ties_while_orders_come(engine: Engine) {
        let t = serving(engine).await;
        set_clock(&t, "2026-03-02T10:00:00.123456Z");
        for n in 0..7 {
            created(&t, &order(&format!("T-{n}"))).await;
            if n == 4 {
                t.clock.advance(Duration::from_millis(300));
            }
        }
        let mut pages = Vec::new();
        let mut token = Json::Null;
        loop {
            let page = list(&t, &json!({ "limit": 3, "paginationToken": token })).await;
            assert_eq!(page["paginationToken"]["previous"].is_null(), pages.is_empty());
            // What comes meanwhile moves nothing.
            created(&t, &order(&format!("N-{}", pages.len()))).await;
            token = page["paginationToken"]["next"].clone();
            pages.push(page);
            if token.is_null() {
                break;
            }
        }
        let walked: Vec<_> = pages.iter().flat_map(ids).collect();
        assert_eq!(walked, ["T-6", "T-5", "T-4", "T-3", "T-2", "T-1", "T-0"]);

        let middle = list(&t, &json!({ "limit": 3, "paginationToken": pages[2]["paginationToken"]["previous"] })).await;
        assert_eq!(ids(&middle), ids(&pages[1]));
        let first = list(&t, &json!({ "limit": 3, "paginationToken": middle["paginationToken"]["previous"] })).await;
        assert_eq!(ids(&first), ids(&pages[0]));
        let before = list(&t, &json!({ "limit": 10, "paginationToken": first["paginationToken"]["previous"] })).await;
        assert_eq!(ids(&before), ["N-2", "N-1", "N-0"]);
        assert_eq!(before["paginationToken"]["previous"], Json::Null);
        let back = list(&t, &json!({ "limit": 3, "paginationToken": before["paginationToken"]["next"] })).await;
        assert_eq!(ids(&back), ids(&pages[0]));
        let unique: BTreeSet<_> = walked.iter().collect();
        assert_eq!(unique.len(), 7);
        // The order beside which a page begins may be gone.
        assert_eq!(t.call(http::Method::DELETE, "/api/v3/orders/5", "").await.status, 204);
        let next = list(&t, &json!({ "limit": 3, "paginationToken": pages[0]["paginationToken"]["next"] })).await;
        assert_eq!(ids(&next), ["T-3", "T-2", "T-1"]);
    }

    async fn one_status_is_found_among_many_orders(engine: Engine) {
        let t = serving(engine).await;
        for n in 0..20 {
            let location = if n % 10 == 3 { "closed" } else { "7709" };
            create(&t, &order_from(&format!("M-{n}"), location)).await;
        }
        let first = list(&t, &json!({ "limit": 1, "status": ["ESTIMATES_FAILED"] })).await;
        assert_eq!(ids(&first), ["M-13"]);
        let second = list(&t, &json!({ "limit": 1, "status": ["ESTIMATES_FAILED"], "paginationToken": first["paginationToken"]["next"] })).await;
        assert_eq!((ids(&second), &second["paginationToken"]["next"]), (vec!["M-3".to_owned()], &Json::Null));
    }
}
