//! Orders as shops send them: new, again, together, at once.

use futures::future::join_all;
use serde_json::{Value as Json, json};
use testkit::on_both_engines;

use crate::fixture::{changed, delete, events, order, place, serving};

/// The identifiers that POST and PATCH answer.
fn identifiers(id: &str, order_id: &str) -> Json {
    json!({ "id": id, "order_id": order_id, "order_number": format!("N-{order_id}") })
}

fn in_integration(order: Json, number: u64) -> Json {
    changed(order, "/order_details/integration/id", json!(number))
}

on_both_engines! {
    async fn a_hundred_orders_are_taken_and_a_hundred_and_one_are_not(engine: Engine) {
        let t = serving(engine).await;
        let orders = |count: usize| (1..=count).map(|number| order(&format!("A{number}"))).collect::<Json>();
        let refused = t.post("/api/v3/orders", &orders(101)).await;
        assert_eq!(
            refused.story(),
            json!({ "status": 400, "body": { "errors": [{
            "status": "400",
            "code": "invalid",
            "detail": "Orders list should have at most 100 items, not 101",
            "source": { "pointer": "/data/attributes/" },
        }] } })
        );
        assert_eq!(t.get("/api/v3/orders").await.json()["data"], json!([]));

        let created = t.post("/api/v3/orders", &orders(100)).await;
        let all: Json = (1..=100).map(|id| identifiers(&id.to_string(), &format!("A{id}"))).collect();
        assert_eq!(created.story(), json!({ "status": 201, "body": { "data": all } }));
        let listed = t.get("/api/v3/orders").await;
        assert_eq!(listed.json()["data"].as_array().unwrap().len(), 100);
        assert_eq!(listed.header("link"), "");
        assert_eq!(events(&t).await, vec!["order.created"; 100]);
    }

    async fn no_orders_are_a_list_too(engine: Engine) {
        let t = serving(engine).await;
        assert_eq!(
            t.post("/api/v3/orders", &json!([])).await.story(),
            json!({ "status": 201, "body": { "data": [] } })
        );
    }

    async fn of_two_entries_for_one_order_the_last_wins_and_both_are_answered(engine: Engine) {
        let t = serving(engine).await;
        let first = changed(order("A"), "/order_details/notes", json!("first"));
        let last = changed(order("A"), "/order_details/notes", json!("last"));
        let created = t.post("/api/v3/orders", &json!([first, order("B"), last])).await;
        let ids = created.json()["data"].as_array().unwrap().iter().map(|entry| entry["id"].clone()).collect::<Json>();
        assert_eq!(
            created.story(),
            json!({ "status": 201, "body": { "data": [
            identifiers("1", "A"), identifiers("2", "B"), identifiers("1", "A"),
        ] } }),
            "{ids}"
        );
        assert_eq!(t.get("/api/v3/orders/1").await.json()["data"]["order_details"]["notes"], "last");
        assert_eq!(t.get("/api/v3/orders").await.json()["data"].as_array().unwrap().len(), 2);
        assert_eq!(events(&t).await, ["order.created", "order.created", "order.updated"]);
    }

    async fn one_bad_order_of_three_keeps_all_three_out(engine: Engine) {
        let t = serving(engine).await;
        place(&t, [order("A")]).await;
        let renamed = changed(order("A"), "/order_number", json!("changed"));
        let bad = changed(order("B"), "/order_details/order_items/0/quantity", json!(0));
        let refused = t.post("/api/v3/orders", &json!([renamed, bad, order("C")])).await;
        assert_eq!(
            refused.story(),
            json!({ "status": 400, "body": { "errors": [{
            "status": "400",
            "code": "invalid",
            "detail": "Input should be greater than 0",
            "source": { "pointer": "/data/attributes/[1]/order_details/order_items/0/quantity" },
        }] } })
        );
        // The same when only the database can see what is wrong.
        let unknown = changed(order("B"), "/id", json!("777"));
        let refused = t.post("/api/v3/orders", &json!([renamed, order("C"), unknown])).await;
        assert_eq!(
            refused.story(),
            json!({ "status": 400, "body": { "errors": [{
            "status": "400",
            "code": "invalid",
            "detail": "Order with id 777 does not exist",
            "source": { "pointer": "/data/attributes/[2]/id" },
        }] } })
        );
        let listed = t.get("/api/v3/orders").await.json();
        assert_eq!(listed["data"].as_array().unwrap().len(), 1);
        assert_eq!(listed["data"][0]["order_number"], "N-A");
        assert_eq!(events(&t).await, ["order.created"]);
    }

    async fn the_same_order_id_in_two_integrations_is_two_orders(engine: Engine) {
        let t = serving(engine).await;
        let both = json!([order("A"), in_integration(order("A"), 8)]);
        let answer = json!({ "status": 201, "body": { "data": [identifiers("1", "A"), identifiers("2", "A")] } });
        assert_eq!(t.post("/api/v3/orders", &both).await.story(), answer);
        assert_eq!(t.post("/api/v3/orders", &both).await.story(), answer);
        let listed = t.get("/api/v3/orders?sort=pk").await.json();
        let integrations = [&listed["data"][0], &listed["data"][1]].map(|order| &order["order_details"]["integration"]);
        assert_eq!(integrations, [&json!({ "id": 7 }), &json!({ "id": 8 })]);
    }

    async fn the_identical_order_sent_again_changes_nothing(engine: Engine) {
        let t = serving(engine).await;
        place(&t, [order("A")]).await;
        t.clock.advance(std::time::Duration::from_mins(1));
        let again = t.post("/api/v3/orders", &json!([order("A")])).await;
        assert_eq!(again.story(), json!({ "status": 201, "body": { "data": [identifiers("1", "A")] } }));
        let shown = t.get("/api/v3/orders/1").await.json();
        assert_eq!(shown["data"]["modified_at"], "2026-03-02T10:00:00.000Z");
        assert_eq!(events(&t).await, ["order.created"]);

        place(&t, [changed(order("A"), "/order_details/status/code", json!("on_hold"))]).await;
        let shown = t.get("/api/v3/orders/1").await.json();
        assert_eq!(shown["data"]["created_at"], "2026-03-02T10:00:00.000Z");
        assert_eq!(shown["data"]["modified_at"], "2026-03-02T10:01:00.000Z");
        assert_eq!(events(&t).await, ["order.created", "order.updated"]);
    }

    async fn an_explicit_id_means_exactly_that_order(engine: Engine) {
        let t = serving(engine).await;
        place(&t, [order("A"), order("B")]).await;
        let by_id = |id: Json| changed(changed(order("A"), "/id", id), "/order_number", json!("renamed"));
        let answer = t.post("/api/v3/orders", &json!([by_id(json!("1"))])).await;
        assert_eq!(
            answer.story(),
            json!({ "status": 201, "body": { "data": [
            { "id": "1", "order_id": "A", "order_number": "renamed" },
        ] } })
        );
        let problem = |index: usize, field: &str, detail: &str| {
            json!({
                "status": "400",
                "code": "invalid",
                "detail": detail,
                "source": { "pointer": format!("/data/attributes/[{index}]/{field}") },
            })
        };
        let other_id = changed(changed(order("abc-123"), "/id", json!("2")), "/order_number", json!("x"));
        let elsewhere = in_integration(changed(order("B"), "/id", json!("2")), 8);
        let refused = t.post("/api/v3/orders", &json!([other_id, by_id(json!("999")), elsewhere])).await;
        assert_eq!(
            refused.story(),
            json!({ "status": 400, "body": { "errors": [
            problem(0, "order_id", "Order id abc-123 cannot be changed"),
            problem(1, "id", "Order with id 999 does not exist"),
            problem(2, "order_details/integration/id", "Integration id 8 cannot be changed"),
        ] } })
        );
        let refused = t.post("/api/v3/orders", &json!([by_id(json!(1)), by_id(json!("one"))])).await;
        assert_eq!(
            refused.story(),
            json!({ "status": 400, "body": { "errors": [
            problem(0, "id", "Input should be a valid string"),
        ] } })
        );
        let refused = t.post("/api/v3/orders", &json!([order("C"), by_id(json!("one"))])).await;
        assert_eq!(
            refused.story(),
            json!({ "status": 400, "body": { "errors": [
            problem(1, "id", "Order with id one does not exist"),
        ] } })
        );
        let unnamed = t.post("/api/v3/orders", &json!([changed(order("B"), "/id", json!(""))])).await;
        assert_eq!(unnamed.story(), json!({ "status": 201, "body": { "data": [identifiers("2", "B")] } }));
    }

    async fn a_deleted_orders_number_is_free_for_a_new_order(engine: Engine) {
        let t = serving(engine).await;
        let first = place(&t, [order("A")]).await;
        assert_eq!(delete(&t, "/api/v3/orders/1").await.status, 204);
        let second = place(&t, [order("A")]).await;
        assert_ne!(first, second);
        assert_eq!(t.get(&format!("/api/v3/orders/{}", first[0])).await.status, 404);
        assert_eq!(t.get(&format!("/api/v3/orders/{}", second[0])).await.status, 200);
        let named = changed(order("A"), "/id", json!(first[0]));
        assert_eq!(t.post("/api/v3/orders", &json!([named])).await.status, 400, "a deleted order is not brought back");
        assert_eq!(events(&t).await, ["order.created", "order.deleted", "order.created"]);
    }

    async fn fifty_shops_sending_one_order_at_once_make_one_order(engine: Engine) {
        let t = serving(engine).await;
        let orders: Vec<_> =
            (0..50).map(|n| json!([changed(order("A"), "/order_details/notes", json!(n.to_string()))])).collect();
        let answers = join_all(orders.iter().map(|order| t.post("/api/v3/orders/", order))).await;
        let mut ids: Vec<_> = answers
            .iter()
            .map(|answer| {
                assert_eq!(answer.status, 201, "{}", answer.text());
                answer.json()["data"][0]["id"].as_str().unwrap().to_owned()
            })
            .collect();
        ids.dedup();
        assert_eq!(ids.len(), 1, "{ids:?}");
        assert_eq!(t.get("/api/v3/orders").await.json()["data"].as_array().unwrap().len(), 1);
        let told = events(&t).await;
        assert_eq!(told.iter().filter(|kind| *kind == "order.created").count(), 1);
        assert_eq!(told.len(), 50);
    }
}
