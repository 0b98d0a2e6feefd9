//! The list of orders: what narrows it and what sorts it.

use serde_json::{Value as Json, json};
use testkit::{TestApp, on_both_engines};

use crate::fixture::{OTHER, changed, order, place, serving};

/// An order by its shop's id, integration, status, and when it was placed and changed.
fn told(order_id: &str, integration: u64, status: &str, placed: &str, updated: &str) -> Json {
    let order = changed(order(order_id), "/order_details/integration/id", json!(integration));
    let order = changed(order, "/order_details/status/code", json!(status));
    let order = changed(order, "/order_details/order_created_at", json!(placed));
    changed(order, "/order_details/order_updated_at", json!(updated))
}

async fn four_orders(t: &TestApp) {
    place(
        t,
        [
            told("A-1", 7, "unfulfilled", "2023-04-27T23:59:59.999999Z", "2023-05-03T00:00:00Z"),
            told("B-2", 8, "Fulfilled", "2023-04-28T00:00:00Z", "2023-05-02T00:00:00Z"),
            told("C-3", 7, "on_hold", "2023-04-28T23:59:59.999999Z", "2023-05-01T00:00:00Z"),
            told("D-4", 7, "fulfilled", "2023-04-29T01:00:00+01:00", "2023-05-04T00:00:00Z"),
        ],
    )
    .await;
}

/// The shop's ids in the order of the list.
async fn ids(t: &TestApp, query: &str) -> String {
    let answer = t.get(&format!("/api/v3/orders/?{query}")).await;
    assert_eq!(answer.status, 200, "{query}: {}", answer.text());
    let answer = answer.json();
    let ids = answer["data"].as_array().unwrap().iter().map(|order| order["order_id"].as_str().unwrap().to_owned());
    ids.collect::<Vec<_>>().join(" ")
}

on_both_engines! {
    async fn every_filter_narrows_the_list(engine: Engine) {
        let t = serving(engine).await;
        four_orders(&t).await;
        for (query, expected) in [
            ("", "D-4 C-3 B-2 A-1"),
            ("integration=7", "D-4 C-3 A-1"),
            ("integration=8", "B-2"),
            ("integration=7,8", "D-4 C-3 B-2 A-1"),
            ("integration=8,8,%207", "D-4 C-3 B-2 A-1"),
            ("integration[0]=8&integration[1]=7", "D-4 C-3 B-2 A-1"),
            ("integration%5B%5D=8", "B-2"),
            ("order_number=N-A-1", "A-1"),
            ("order_number=n-a-1", "A-1"),
            ("order_number=N-A", ""),
            ("order_id=c-3", "C-3"),
            ("order_id=c-3&order_number=n-c-3", "C-3"),
            ("order_id=c-3&order_number=n-a-1", ""),
            ("status=FULFILLED", "D-4 B-2"),
            ("status=fulfilled&integration=7", "D-4"),
            ("status=fulfilled&integration=7,8", "D-4 B-2"),
            ("order_created_at=2023-04-28", "C-3 B-2"),
            ("order_created_at_min=2023-04-28", "D-4 C-3 B-2"),
            ("order_created_at_max=2023-04-28", "C-3 B-2 A-1"),
            ("order_created_at_min=2023-04-28&order_created_at_max=2023-04-28", "C-3 B-2"),
            ("order_created_at_min=2023-04-29T00:00:00Z", "D-4"),
            ("order_created_at_max=2023-04-28T02:00:00+02:00", "B-2 A-1"),
            ("order_updated_at=2023-05-01", "C-3"),
            ("order_updated_at_min=2023-05-03", "D-4 A-1"),
            ("order_updated_at_max=2023-05-02", "C-3 B-2"),
            ("order_updated_at=2023-05-02&integration=7", ""),
            ("order_number=N-B-2&status=fulfilled&integration=8&order_created_at=2023-04-28", "B-2"),
            ("order_number=&status=&integration=", "D-4 C-3 B-2 A-1"),
            ("search=A-1&query=x&filter[order_number]=y&created_at__gte=2030-01-01&page=9", "D-4 C-3 B-2 A-1"),
        ] {
            assert_eq!(ids(&t, query).await, expected, "{query}");
        }
    }

    async fn every_key_sorts_the_list_both_ways(engine: Engine) {
        let t = serving(engine).await;
        four_orders(&t).await;
        for (sort, expected) in [
            ("pk", "A-1 B-2 C-3 D-4"),
            ("-pk", "D-4 C-3 B-2 A-1"),
            ("integration", "A-1 C-3 D-4 B-2"),
            ("-integration", "B-2 D-4 C-3 A-1"),
            ("integration,-order_number", "D-4 C-3 A-1 B-2"),
            ("order_number", "A-1 B-2 C-3 D-4"),
            ("-order_number", "D-4 C-3 B-2 A-1"),
            ("order_created_at", "A-1 B-2 C-3 D-4"),
            ("-order_created_at", "D-4 C-3 B-2 A-1"),
            ("order_updated_at", "C-3 B-2 A-1 D-4"),
            ("-order_updated_at", "D-4 A-1 B-2 C-3"),
            ("-order_updated_at,order_updated_at", "D-4 A-1 B-2 C-3"),
            ("colour", "D-4 C-3 B-2 A-1"),
            ("colour,order_updated_at", "C-3 B-2 A-1 D-4"),
        ] {
            assert_eq!(ids(&t, &format!("sort={sort}")).await, expected, "{sort}");
            let both = ids(&t, &format!("sort={sort}&integration=7,8")).await;
            assert_eq!(both, expected, "{sort}, merged from two integrations");
        }
    }

    async fn numbers_differ_by_what_search_keys_cut_off(engine: Engine) {
        let t = serving(engine).await;
        let long = "x".repeat(250);
        let numbered = |id: &str, number: &str| changed(order(id), "/order_number", json!(number));
        let (one, other) = (format!("{long}a"), format!("{long}B"));
        place(&t, [numbered("A", &one), numbered("B", &other), numbered("C", "É-1")]).await;
        assert_eq!(ids(&t, &format!("order_number={long}b")).await, "B");
        assert_eq!(ids(&t, &format!("order_number={long}")).await, "");
        assert_eq!(ids(&t, "order_number=%C3%A9-1").await, "C");
    }

    async fn what_cannot_be_asked_is_refused(engine: Engine) {
        let t = serving(engine).await;
        place(&t, [order("A")]).await;
        let choice = |value: &str| {
            json!({ "status": 400, "body": { "errors": [{
            "status": "400",
            "code": "invalid_choice",
            "title": "Invalid Choice",
            "detail": format!("Select a valid choice. {value} is not one of the available choices."),
            "source": { "parameter": "integration" },
        }] } })
        };
        let date = |parameter: &str| {
            json!({ "status": 400, "body": { "errors": [{
            "status": "400",
            "code": "invalid",
            "title": "Invalid",
            "detail": "Enter a valid date.",
            "source": { "parameter": parameter },
        }] } })
        };
        let cursor = json!({ "status": 404, "body": { "errors": [{
            "status": "404", "code": "not_found", "title": "Invalid cursor", "detail": "Invalid cursor",
        }] } });
        for (query, answer) in [
            ("integration=128", choice("128")),
            ("integration=7,128", choice("128")),
            ("integration=shop", choice("shop")),
            ("integration=99999999999999999999", choice("99999999999999999999")),
            ("order_created_at=yesterday", date("order_created_at")),
            ("order_updated_at_max=2023-13-01", date("order_updated_at_max")),
            ("cursor=x", cursor.clone()),
            ("cursor=cD1hYmM%3D", cursor.clone()),
            // p=["a",1], p=[null,1] and p=["\u0000",1]: texts and nothing where the sort needs a time, and a NUL.
            ("sort=order_created_at&cursor=cD1bImEiLDFd", cursor.clone()),
            ("sort=order_created_at&cursor=cD1bbnVsbCwxXQ%3D%3D", cursor.clone()),
            ("sort=order_number&cursor=cD1bIlx1MDAwMCIsMV0%3D", cursor.clone()),
        ] {
            assert_eq!(t.get(&format!("/api/v3/orders?{query}")).await.story(), answer, "{query}");
        }
        for query in ["%FF", "order_number=%FF", "integration[", "&&&=&", "page_size=%00", "sort=%00,,-"] {
            let answer = t.get(&format!("/api/v3/orders?{query}")).await;
            assert_eq!(answer.status, 200, "{query}");
        }
    }

    async fn nobody_sees_another_tenants_orders(engine: Engine) {
        let t = serving(engine).await;
        four_orders(&t).await;
        for query in ["", "?integration=7", "?order_number=N-A-1", "?cursor=cj0xJnA9MQ%3D%3D", "?sort=order_number"] {
            let answer = t.call_with(OTHER, http::Method::GET, &format!("/api/v3/orders{query}"), "").await;
            assert_eq!(answer.story(), json!({ "status": 200, "body": { "data": [] } }), "{query}");
        }
    }
}
