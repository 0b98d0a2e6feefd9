//! One order read and changed: lossless, field by field, and by many at once.

use api::json::{Json as Tree, parse};
use futures::future::join_all;
use http::Method;
use serde_json::{Value as Json, json};
use testkit::{TestApp, on_both_engines};

use crate::fixture::{changed, events, order, patch, place, serving};

/// An order with every field there is.
const FULL: &str = include_str!("../fixtures/full_order.json");

const PATH: &str = "/api/v3/orders/1";

fn refusal(pointer: &str, detail: &str) -> Json {
    json!({ "status": 400, "body": { "errors": [
        { "status": "400", "code": "invalid", "detail": detail, "source": { "pointer": pointer } },
    ] } })
}

async fn shown(t: &TestApp) -> Json {
    t.get(PATH).await.json()["data"].take()
}

/// The same value with every object's members in the order of their names; numbers keep their digits.
fn sorted(tree: Tree<'_>) -> Tree<'_> {
    match tree {
        Tree::List(list) => Tree::List(list.into_iter().map(sorted).collect()),
        Tree::Object(mut members) => {
            members.sort_by(|(one, _), (other, _)| one.cmp(other));
            Tree::Object(members.into_iter().map(|(name, value)| (name, sorted(value))).collect())
        }
        plain => plain,
    }
}

on_both_engines! {
    async fn every_field_is_given_back_as_it_was_sent(engine: Engine) {
        let t = serving(engine).await;
        let created = t.call(Method::POST, "/api/v3/orders/", format!("[{FULL}]")).await;
        assert_eq!(created.status, 201, "{}", created.text());
        let read = t.get("/api/v3/orders/1/").await;
        let answer = read.text();
        let mut tree = parse(answer.as_bytes()).unwrap().remove("data").unwrap();
        let now = Tree::from("2026-03-02T10:00:00.000Z");
        for (name, value) in [("id", Tree::from("1")), ("created_at", now.clone()), ("modified_at", now)] {
            assert_eq!(tree.remove(name), Some(value), "{name}");
        }
        let details = tree.get_mut("order_details").unwrap();
        assert_eq!(details.remove("order_date").as_ref(), details.get("order_created_at"));
        let sent = sorted(parse(FULL.as_bytes()).unwrap());
        assert_eq!(serde_json::to_string_pretty(&sorted(tree)).unwrap(), serde_json::to_string_pretty(&sent).unwrap());

        // Read, sent back whole, by PATCH and by POST with its id: nothing changes.
        t.clock.advance(std::time::Duration::from_mins(1));
        let mut whole = parse(answer.as_bytes()).unwrap().remove("data").unwrap().to_string();
        assert_eq!(t.call(Method::PATCH, PATH, whole.clone()).await.status, 200);
        assert_eq!(t.get(PATH).await.text(), answer);
        whole = format!("[{whole}]");
        assert_eq!(t.call(Method::POST, "/api/v3/orders", whole).await.status, 201);
        assert_eq!(t.get(PATH).await.text(), answer);
        assert_eq!(events(&t).await, ["order.created"]);
    }

    async fn a_patch_changes_the_keys_it_names(engine: Engine) {
        let t = serving(engine).await;
        place(&t, [order("A")]).await;
        t.clock.advance(std::time::Duration::from_mins(1));
        let body = json!({ "shipping_address": { "address_line_1": "Kerkstraat", "house_number": "2" } });
        let answer = patch(&t, PATH, &body).await;
        assert_eq!(
            answer.story(),
            json!({ "status": 200, "body": { "data": {
            "id": "1", "order_id": "A", "order_number": "N-A",
        } } })
        );
        let expected = changed(order("A"), "/shipping_address/address_line_1", json!("Kerkstraat"));
        let expected = changed(expected, "/shipping_address/house_number", json!("2"));
        let expected = changed(expected, "/order_details/order_created_at", json!("2026-03-01T09:00:00.000Z"));
        let expected = changed(expected, "/order_details/order_date", json!("2026-03-01T09:00:00.000Z"));
        let expected = changed(expected, "/id", json!("1"));
        let expected = changed(expected, "/created_at", json!("2026-03-02T10:00:00.000Z"));
        let expected = changed(expected, "/modified_at", json!("2026-03-02T10:01:00.000Z"));
        assert_eq!(shown(&t).await, expected);
        assert_eq!(events(&t).await, ["order.created", "order.updated"]);

        patch(&t, PATH, &json!({ "service_point_details": { "id": "123" } })).await;
        patch(&t, PATH, &json!({ "customer_details": { "name": "John", "phone": "+31" } })).await;
        let order = shown(&t).await;
        assert_eq!(order["service_point_details"], json!({ "id": "123" }));
        assert_eq!(order["customer_details"], json!({ "name": "John", "phone_number": "+31" }));
    }

    async fn items_are_matched_by_name_and_never_added(engine: Engine) {
        let t = serving(engine).await;
        let mut two = order("A");
        let pear = json!({ "name": "Pear", "quantity": 1, "total_price": { "value": 1.25, "currency": "EUR" } });
        two["order_details"]["order_items"].as_array_mut().unwrap().push(pear.clone());
        place(&t, [two.clone()]).await;
        let items = |items: Json| json!({ "order_details": { "order_items": items } });
        let body = items(json!([{ "name": "Pear", "quantity": 0, "sku": "PE-1" }]));
        assert_eq!(patch(&t, PATH, &body).await.status, 200);
        let stored = shown(&t).await["order_details"]["order_items"].take();
        assert_eq!(
            stored,
            json!([two["order_details"]["order_items"][0], {
                "name": "Pear", "quantity": 0, "sku": "PE-1", "total_price": { "value": 1.25, "currency": "EUR" },
            }])
        );
        let unmatched = json!({ "status": 400, "body": { "errors": [{
            "status": "400",
            "code": "invalid",
            "title": "Invalid",
            "detail": "Could not find specified item.",
            "source": { "pointer": "order/order_details/order_items" },
        }] } });
        for body in [items(json!([{ "name": "Plum", "quantity": 1 }])), items(json!([pear.clone(), pear]))] {
            assert_eq!(patch(&t, PATH, &body).await.story(), unmatched);
        }
        let negative = patch(&t, PATH, &items(json!([{ "name": "Pear", "quantity": -1 }]))).await;
        let place = "/data/attributes/order_details/order_items/1/quantity";
        assert_eq!(negative.story(), refusal(place, "Input should be greater than or equal to 0"));
        assert_eq!(shown(&t).await["order_details"]["order_items"], stored);
        assert_eq!(patch(&t, PATH, &items(json!([]))).await.status, 200);
        assert_eq!(shown(&t).await["order_details"]["order_items"], stored, "no item named, no item changed");
    }

    async fn notes_and_tags_can_be_taken_away(engine: Engine) {
        let t = serving(engine).await;
        let noted = changed(order("A"), "/order_details/notes", json!("Ring twice"));
        place(&t, [changed(noted, "/order_details/tags", json!(["fragile"]))]).await;
        let body = json!({ "order_details": { "notes": null, "tags": null } });
        assert_eq!(patch(&t, PATH, &body).await.status, 200);
        let details = shown(&t).await["order_details"].take();
        assert_eq!((&details["notes"], &details["tags"]), (&Json::Null, &Json::Null));
        let body = json!({ "order_details": { "notes": "New", "tags": [] } });
        assert_eq!(patch(&t, PATH, &body).await.status, 200);
        let details = shown(&t).await["order_details"].take();
        assert_eq!((&details["notes"], &details["tags"]), (&json!("New"), &json!([])));
    }

    async fn what_a_patch_may_not_change_is_refused(engine: Engine) {
        let t = serving(engine).await;
        place(&t, [order("A")]).await;
        let before = t.get(PATH).await;
        for (body, answer) in [
            (
                json!({ "order_id": "abc-123" }),
                refusal("/data/attributes/order_id", "Order id abc-123 cannot be changed"),
            ),
            (
                json!({ "order_details": { "integration": { "id": 8 } } }),
                refusal("/data/attributes/order_details/integration/id", "Integration id 8 cannot be changed"),
            ),
            (
                json!({ "order_number": "" }),
                refusal("/data/attributes/order_number", "String should have at least 1 character"),
            ),
            (
                json!({ "shipping_address": { "city": "" } }),
                refusal("/data/attributes/shipping_address/city", "String should have at least 1 character"),
            ),
            (
                json!([{}]),
                json!({ "status": 400, "body": { "errors": [{
                "status": "400",
                "code": "non_field_errors",
                "title": "Wrong format",
                "detail": "Wrong request format, expected object",
            }] } }),
            ),
        ] {
            assert_eq!(patch(&t, PATH, &body).await.story(), answer, "{body}");
        }
        assert_eq!(t.call(Method::PATCH, PATH, "{").await.status, 400);
        assert_eq!(patch(&t, PATH, &json!({ "order_id": "A", "id": "9", "modified_at": "x" })).await.status, 200);
        assert_eq!(t.get(PATH).await.text(), before.text());
        assert_eq!(
            patch(&t, "/api/v3/orders/2", &json!({})).await.story(),
            json!({ "status": 404, "body": { "errors": [{
            "status": "404",
            "code": "not_found",
            "title": "Not found",
            "detail": "Could not find specified item.",
        }] } })
        );
    }

    async fn of_twenty_patches_at_once_none_is_lost(engine: Engine) {
        let t = serving(engine).await;
        let item = |n: usize| {
            json!({
                "name": format!("Item {n}"), "quantity": 1, "total_price": { "value": 1, "currency": "EUR" },
            })
        };
        let items: Json = (0..20).map(item).collect();
        place(&t, [changed(order("A"), "/order_details/order_items", items)]).await;
        let bodies: Vec<_> = (0..20)
            .map(|n| json!([{ "name": format!("Item {n}"), "sku": format!("S{n}") }]))
            .map(|items| json!({ "order_details": { "order_items": items } }))
            .collect();
        for answer in join_all(bodies.iter().map(|body| patch(&t, PATH, body))).await {
            assert_eq!(answer.status, 200, "{}", answer.text());
        }
        let stored = shown(&t).await;
        let skus: Vec<_> =
            stored["order_details"]["order_items"].as_array().unwrap().iter().map(|i| &i["sku"]).collect();
        assert_eq!(skus, (0..20).map(|n| json!(format!("S{n}"))).collect::<Vec<_>>().iter().collect::<Vec<_>>());
        let told = events(&t).await;
        assert_eq!(told.iter().filter(|kind| *kind == "order.updated").count(), 20);
    }
}
