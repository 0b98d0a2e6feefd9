//! Orders of both generations: written, read back, changed, deleted.

use http::Method;
use serde_json::{Value as Json, json};
use testkit::on_both_engines;

use super::fixture::{newer, older, order, placed, read};
use crate::fixture::{OTHER, events, serving};

on_both_engines! {
    async fn what_one_generation_writes_the_other_reads_in_its_own_words(engine: Engine) {
        let t = serving(engine).await;
        placed(&t, &order("A")).await;
        let shown = older(&t, Method::GET, "/v2/orders/1.json", "").await.json();
        assert_eq!((&shown["shop_order_id"], &shown["shop_order_url"]), (&json!("A"), &json!("https://shop.example.com")));
        assert_eq!((&shown["shop_order_date"], &shown["states_history"][0]["name"]), (&json!("2026-03-01T08:00:00+0000"), &json!("new")));
        assert!(shown.get("order_id").is_none() && shown.get("delivered_with_seven_senders").is_none());

        // Either vocabulary is read, in JSON and in forms; the answer is in the client's own.
        let form = "order_id=B&order_date=10.08.2017+05:45:00&boarding_complete=true";
        assert_eq!(older(&t, Method::POST, "/v2/orders.json", form).await.status, 201);
        let json = json!({ "shop_order_id": "C", "shop_order_date": "2017-08-10T05:45:00+0000" });
        let shown = newer(&t, Method::POST, "/v2/order", &json).await.json();
        assert_eq!((&shown["order_id"], &shown["order_date"]), (&json!("C"), &json!("2017-08-10T05:45:00+0000")));
        assert_eq!(read(&t, "/v2/orders/2").await["order_date"], "2017-08-10T05:45:00+0000");
    }

    async fn a_change_leaves_alone_what_it_does_not_name(engine: Engine) {
        let t = serving(engine).await;
        let mut full = order("A");
        full["language"] = json!("de");
        full["promised_delivery_date"] = json!("2026-03-05");
        // As text, so that the members keep their order and the number its digits.
        full["order_tags"] = json!("{\"product\":\"shoe\",\"price\":100.50,\"gift\":true,\"note\":null,\"more\":{\"a\":[1]}}");
        full["boarding_complete"] = json!("0");
        placed(&t, &full).await;
        let tags = json!([
            { "name": "product", "content": "shoe" }, { "name": "price", "content": "100.50" }, { "name": "gift", "content": "true" },
            { "name": "note", "content": "" }, { "name": "more", "content": "{\"a\":[1]}" },
        ]);
        assert_eq!(read(&t, "/v2/orders/1").await["order_tags"], tags);
        let changed = newer(&t, Method::PUT, "/v2/orders/1.json", &json!({ "language": "", "boarding_complete": 1 })).await;
        assert_eq!(changed.status, 200, "{}", changed.text());
        let shown = read(&t, "/v2/orders/1").await;
        let read_back = ["language", "boarding_complete", "promised_delivery_date", "order_url", "order_tags", "order_date"].map(|name| shown[name].clone());
        assert_eq!(json!(read_back), json!(["", true, "2026-03-05T00:00:00+0000", "https://shop.example.com", tags, "2026-03-01T08:00:00+0000"]));
        // Tags as they are shown are tags that may be sent.
        let same = newer(&t, Method::PUT, "/v2/orders/1", &json!({ "order_tags": shown["order_tags"] })).await;
        assert_eq!(same.json()["order_tags"], tags);
        newer(&t, Method::PUT, "/v2/orders/1", &json!({ "order_tags": null, "promised_delivery_date": "", "order_id": "A-2" })).await;
        let shown = read(&t, "/v2/orders/1").await;
        assert_eq!((&shown["order_tags"], &shown["promised_delivery_date"], &shown["order_id"]), (&json!([]), &Json::Null, &json!("A-2")));

        placed(&t, &order("B")).await;
        let taken = newer(&t, Method::PUT, "/v2/orders/2", &json!({ "order_id": "A-2" })).await;
        assert_eq!((taken.status.as_u16(), &taken.json()["violations"][0]["propertyPath"]), (400, &json!("order_id")));
        assert_eq!(events(&t).await, ["order.created", "order.updated", "order.updated", "order.created"], "what changes nothing is no news");
    }

    async fn an_order_of_another_tenant_is_nowhere(engine: Engine) {
        let t = serving(engine).await;
        placed(&t, &order("A")).await;
        let change = json!({ "language": "de" }).to_string();
        for (method, path, body) in [(Method::GET, "/v2/orders/1", ""), (Method::PUT, "/v2/orders/1", change.as_str()), (Method::DELETE, "/v2/orders/1", "")] {
            let answer = t.call_with(OTHER, method.clone(), path, body.to_owned()).await;
            let nobodys = t.call_with(OTHER, method, "/v2/orders/777", body.to_owned()).await;
            assert_eq!((answer.status.as_u16(), answer.text()), (404, nobodys.text()));
        }
        assert_eq!(t.call_with(OTHER, Method::GET, "/v2/orders?order_id=A", "").await.json(), json!([]));
        let state = json!({ "order_id": "A", "state": "paid", "datetime": "2026-03-01" }).to_string();
        let refused = t.call_with(OTHER, Method::POST, "/v2/order_states", state).await;
        assert_eq!((refused.status.as_u16(), &refused.json()["violations"]), (400, &json!([{
            "propertyPath": "order_id", "message": "There is no such order (found \"A\")",
        }])));
        assert_eq!(newer(&t, Method::DELETE, "/v2/orders/1", &Json::Null).await.status, 204);
        assert_eq!(newer(&t, Method::GET, "/v2/orders/1", &Json::Null).await.status, 404);
    }

    async fn every_mistake_is_told_at_once_by_the_name_that_was_sent(engine: Engine) {
        let t = serving(engine).await;
        let wrong = json!({
            "shop_order_id": "", "order_url": "shop", "language": 7, "boarding_complete": "perhaps", "order_tags": "nothing",
            "promised_delivery_date": "2026-02-30", "delivered_with_seven_senders": [],
        });
        let answer = newer(&t, Method::POST, "/v2/orders", &wrong).await;
        assert_eq!(answer.status, 400);
        let told: Vec<_> = answer.json()["violations"].as_array().unwrap().iter().map(|one| one["propertyPath"].as_str().unwrap().to_owned()).collect();
        assert_eq!(told, ["shop_order_id", "order_date", "order_url", "language", "promised_delivery_date", "boarding_complete", "delivered_with_seven_senders", "order_tags"]);
        for body in ["", " ", "{", "[1]", "7"] {
            let answer = crate::fixture::bare(&t, &[("api-key", "sec-acme"), ("content-type", "application/json")], Method::POST, "/v2/orders.json", body).await;
            assert_eq!(answer.status, 400, "{body}: {}", answer.text());
        }
        assert_eq!(read(&t, "/v2/orders").await, json!([]));
    }
}
