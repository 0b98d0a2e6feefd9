//! Modes, batches, websites and times.

use http::Method;
use serde_json::{Value as Json, json};
use testkit::on_both_engines;

use super::{ask, batch, get, is, order, post, refusal, sent, shown};
use crate::fixture::{bare, events, place, serving};

on_both_engines! {
    async fn add_wants_new_orders_replace_wants_known_ones(engine: Engine) {
        let t = serving(engine).await;
        sent(&t, "Add", order("A")).await;
        let again = post(&t, "/orders", &batch("Add", [order("B"), order("A"), order("B")])).await;
        assert_eq!(refusal(&again), is(400, &[
            "data[1].id: Order with id 'A' already exists",
            "data[2].id: Order with id 'B' already exists",
        ]));
        assert_eq!(again.json()["substatus"], "OrderAlreadyExists");
        let missing = post(&t, "/orders", &batch("Replace", [order("A"), order("B")])).await;
        assert_eq!(refusal(&missing), is(400, &["data[1].id: Order with id 'B' does not exist"]));
        assert_eq!(missing.json()["substatus"], "OrderNotFound");
        assert_eq!(get(&t, "/orders/B").await.status, 404, "one that may not be rejects all");
        assert_eq!(get(&t, "/customers/id/2").await.status, 404);

        let mut changed = order("A");
        changed["products"][0]["quantity"] = json!(3);
        sent(&t, "replace", changed.clone()).await;
        sent(&t, "ADDORREPLACE", changed).await;
        sent(&t, "AddOrReplace", order("B")).await;
        assert_eq!(shown(&t, "A").await["products"][0]["quantity"], 3);
        assert_eq!(events(&t).await, ["order.created", "order.updated", "order.created"], "the same again is no news");
    }

    async fn an_order_that_comes_twice_in_a_batch_is_laid_over_twice(engine: Engine) {
        let t = serving(engine).await;
        let with = |name: &str, value: Json| { let mut order = order("A"); order[name] = value; order };
        for _ in 0..2 {
            let both = batch("AddOrReplace", [with("status", json!("paid")), with("totalValue", json!(7))]);
            assert_eq!(post(&t, "/orders", &both).await.status, 201);
            let now = shown(&t, "A").await;
            assert_eq!((&now["status"], &now["totalValue"]), (&json!("paid"), &json!(7)));
        }
        assert_eq!(events(&t).await, ["order.created", "order.updated", "order.updated"], "one write a batch");
    }

    async fn a_thousand_orders_in_a_batch_and_no_more(engine: Engine) {
        let t = serving(engine).await;
        let many = |count: usize| batch("Add", (0..count).map(|n| {
            let mut order = order(&n.to_string());
            order["customer"]["email"] = json!(format!("{}@example.com", n % 400));
            order
        }));
        let more = post(&t, "/orders", &many(1_001)).await;
        assert_eq!(refusal(&more), is(400, &["data: expected at most 1000 entries, found a list of 1001"]));
        assert_eq!(refusal(&post(&t, "/orders", &many(0)).await), is(400, &["data: expected at least 1 entry, found a list of 0"]));
        assert_eq!(post(&t, "/orders", &many(1_000)).await.status, 201);
        assert_eq!(shown(&t, "999").await["customer"]["email"], "199@example.com");
        assert_eq!(get(&t, "/customers/email/399@example.com").await.status, 200);
    }

    async fn a_batch_of_a_hundred_takes_as_many_statements_as_one_of_ten(engine: Engine) {
        let t = serving(engine).await;
        let body = |count: usize, name: &str, phone: usize| batch("AddOrReplace", (0..count).map(|n| {
            let mut order = order(&format!("{name}-{n}"));
            order["totalValue"] = json!(phone);
            let (email, phone) = (format!("{name}-{n}@example.com"), format!("+4930{}", phone * 1_000 + n));
            order["customer"] = json!({ "email": email, "phone": phone, "crmId": format!("{name}-{n}-{phone}") });
            order
        }));
        // Ids come in blocks, and the first of each kind makes its sequence.
        assert_eq!(post(&t, "/orders", &body(100, "first", 100)).await.status, 201);
        let mut taken = Vec::new();
        for count in [10, 100] {
            // New orders of new customers; the same again; all of them changed, with other keys of every customer.
            for phone in [200, 200, 300] {
                let before = testkit::statements();
                assert_eq!(post(&t, "/orders", &body(count, &count.to_string(), phone + count)).await.status, 201);
                taken.push(testkit::statements() - before);
            }
        }
        assert_eq!(taken[..3], taken[3..], "new, the same, changed");
        assert!(taken.iter().all(|statements| *statements < 20), "{taken:?}");
        let changed = get(&t, "/customers/crmId/100-99-%2B4930400099").await;
        assert_eq!(changed.json()["data"]["email"], "100-99@example.com");
    }

    async fn a_batch_waits_for_the_database_once_more_than_one_without_customers(engine: Engine) {
        let t = serving(engine).await;
        let ours = async |name: &str, customers: usize| {
            let orders = (0..100).map(|n| {
                let mut order = order(&format!("{name}-{n}"));
                let customer = if n < customers { format!("{name}-{n}") } else { format!("known-{n}") };
                order["customer"] = json!({ "email": format!("{customer}@example.com"), "crmId": customer });
                order
            });
            let (statements, exchanges) = (testkit::statements(), testkit::exchanges());
            assert_eq!(post(&t, "/orders", &batch("AddOrReplace", orders)).await.status, 201);
            [testkit::statements() - statements, testkit::exchanges() - exchanges]
        };
        let theirs = async |name: &str| {
            let (statements, exchanges) = (testkit::statements(), testkit::exchanges());
            place(&t, (0..100).map(|n| crate::fixture::order(&format!("{name}-{n}")))).await;
            [testkit::statements() - statements, testkit::exchanges() - exchanges]
        };
        // Ids come in blocks, and the first of each kind makes its sequence.
        ours("first", 0).await;
        theirs("theirs").await;
        // New orders, the customers that are known already, events; then customers and their keys beside them. What
        // nobody needs the outcome of goes out with the commit.
        let taken = [theirs("more").await, ours("second", 0).await, ours("third", 25).await];
        let is_sqlite = t.app.store().is_sqlite();
        assert_eq!(taken, if is_sqlite { [[2, 0], [3, 0], [5, 0]] } else { [[2, 2], [3, 3], [5, 3]] });
    }

    async fn websites_may_use_the_same_ids(engine: Engine) {
        let t = serving(engine).await;
        for (website, total) in [(json!(1), 3), (json!("2"), 4)] {
            let mut order = order("A");
            (order["websiteId"], order["totalValue"]) = (website, json!(total));
            sent(&t, "Add", order).await;
        }
        assert_eq!(get(&t, "/orders/A").await.status, 404, "nobody knows which one is meant");
        for (website, total) in [(1, 3), (2, 4)] {
            let found = get(&t, &format!("/orders/A?websiteId={website}")).await.json();
            assert_eq!((&found["data"]["websiteId"], &found["data"]["totalValue"]), (&json!(website), &json!(total)));
        }
        // Without a website it is a third one, and from then on the one that is meant.
        sent(&t, "Add", order("A")).await;
        assert_eq!(shown(&t, "A").await["websiteId"], Json::Null);
        let status = json!({ "orderId": "A", "orderStatus": "paid", "websiteId": 2 });
        assert_eq!(ask(&t, Method::PUT, "/orders/status", &status).await.status, 200);
        assert_eq!(get(&t, "/orders/A?websiteId=2").await.json()["data"]["status"], "paid");
        assert_eq!(shown(&t, "A").await["status"], "placed");
    }

    async fn a_date_without_an_offset_is_read_in_the_orders_zone(engine: Engine) {
        let t = serving(engine).await;
        for (date, zone, written) in [
            ("2024-11-06T10:10:00.055Z", json!("Pacific Standard Time"), "2024-11-06T10:10:00.055Z"),
            ("2024-11-06T10:10:00", json!("Pacific Standard Time"), "2024-11-06T18:10:00.000Z"),
            ("2024-07-06T10:10:00", json!("America/Los_Angeles"), "2024-07-06T17:10:00.000Z"),
            ("2024-07-06T10:10:00.123456", json!("UTC"), "2024-07-06T10:10:00.123456Z"),
            ("2024-07-06T10:10:00+02:00", json!(null), "2024-07-06T08:10:00.000Z"),
            ("2024-07-06", json!("Central European Standard Time"), "2024-07-05T22:00:00.000Z"),
            ("2024-07-06T10:10:00", json!(""), "2024-07-06T10:10:00.000Z"),
        ] {
            let mut order = order("A");
            (order["date"], order["timeZone"]) = (json!(date), zone.clone());
            sent(&t, "AddOrReplace", order).await;
            let found = shown(&t, "A").await;
            let zone = if zone == json!("") { Json::Null } else { zone };
            assert_eq!((&found["date"], &found["timeZone"]), (&json!(written), &zone), "{date}");
        }
    }

    async fn another_tenants_orders_and_customers_do_not_exist(engine: Engine) {
        let t = serving(engine).await;
        sent(&t, "Add", order("A")).await;
        let other = [("x-api-key", "sec-other")];
        for path in ["/orders/A", "/customers/email/ann@example.com", "/customers/id/1"] {
            let (theirs, nobodys) = (bare(&t, &other, Method::GET, path, "").await, get(&t, "/orders/none").await);
            assert_eq!(theirs.status, 404, "{path}");
            assert_eq!(theirs.header("content-type"), nobodys.header("content-type"));
        }
        let status = json!({ "orderId": "A", "orderStatus": "canceled" }).to_string();
        assert_eq!(bare(&t, &other, Method::PUT, "/orders/status", &status).await.status, 400);
        assert_eq!(bare(&t, &other, Method::DELETE, "/orders/A", "").await.status, 404);
        let added = bare(&t, &other, Method::POST, "/orders", &batch("Add", [order("A")]).to_string()).await;
        assert_eq!(added.status, 201, "their A is another one");
        assert_eq!(shown(&t, "A").await["status"], "placed");
    }

    async fn a_deleted_order_comes_back_when_it_is_sent_again(engine: Engine) {
        let t = serving(engine).await;
        sent(&t, "Add", order("A")).await;
        assert_eq!(ask(&t, Method::DELETE, "/orders/A", &Json::Null).await.status, 200);
        let replaced = post(&t, "/orders", &batch("Replace", [order("A")])).await;
        assert_eq!(refusal(&replaced).0, 400);
        sent(&t, "AddOrReplace", order("A")).await;
        assert_eq!(shown(&t, "A").await["id"], "A");
        assert_eq!(events(&t).await, ["order.created", "order.deleted", "order.created"]);
    }
}
