//! Stores of v2: made, shown, changed, and shipped from.

use domain::channel::Dialect;
use futures::future::join_all;
use http::Method;
use serde_json::{Value as Json, json};
use testkit::{Answer, TestApp, on_both_engines};

use super::fixture::{SETUP, create, created, is, order_from, refusal, serving, shown, with_setup};
use crate::fixture::{bare, key, with};
use crate::openapi::conforms;

async fn ask(t: &TestApp, method: Method, path: &str, body: &Json) -> Answer {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let headers = [("x-api-key", "sec-acme"), ("tenantId", "acme"), ("content-type", "application/json")];
    bare(t, &headers, method, &format!("/api/v2/store{path}"), &body).await
}

fn austin() -> Json {
    json!({
        "name": "Austin store", "storeExternalId": "A/1", "description": "On the corner", "timeZone": "America/Chicago",
        "contact": { "name": "Maria", "phone": "+1 512-555-0101", "email": "maria@example.com" },
        "pickupInstructions": "Enter from the staff entrance", "brandExternalId": "devon", "DSPs": [{ "name": "house" }],
        "address": {
            "street": "1 Main Street", "street2": "Suite 2", "city": "Austin", "state": "TX", "zipcode": "78701", "country": "US",
            "latitude": 30.2672, "longitude": -97.7431,
        },
    })
}

on_both_engines! {
    async fn a_store_is_made_shown_changed_and_shipped_from(engine: Engine) {
        let t = serving(engine).await;
        let made = ask(&t, Method::POST, "", &austin()).await;
        assert_eq!(made.status, 201, "{}", made.text());
        conforms(Dialect::DeliverySolutions, "POST /api/v2/store", &made);
        let mut store = made.json();
        let id = store["_id"].take();
        assert_eq!(id.as_str().unwrap().len(), 24);
        let mut expected = austin();
        let more = json!({
            "_id": null, "tenantId": "acme", "active": true, "createdAt": "2026-03-02T10:00:00.000Z",
            "lastUpdatedAt": "2026-03-02T10:00:00.000Z",
        });
        expected.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        assert_eq!(store, expected);

        // It ships at once, from wherever it is named; what it says stands in its orders.
        let placed = created(&t, &order_from("1", "A/1")).await;
        assert_eq!((&placed["locationExternalId"], &placed["provider"]["id"]), (&json!("A/1"), &json!("house")));
        assert_eq!(placed["pickupInstructions"], "Enter from the staff entrance");
        assert_eq!(placed["pickupAddress"]["latitude"], 30.2672);
        assert_eq!(placed["pickupContact"]["name"], "Maria");

        t.clock.advance(std::time::Duration::from_mins(1));
        let change = json!({
            "storeExternalId": "A/1", "address": { "street": "2 Main Street" }, "contact": { "phone": "+1 512-555-0102" },
            "pickupInstructions": "", "DSPs": [],
        });
        let changed = ask(&t, Method::PATCH, "/storeExternalId/A%2F1", &change).await;
        assert_eq!(changed.status, 200, "{}", changed.text());
        conforms(Dialect::DeliverySolutions, "PATCH /api/v2/store/storeExternalId/{id}", &changed);
        let store = changed.json();
        assert_eq!(store["_id"], id);
        assert_eq!(store["address"], json!({
            "street": "2 Main Street", "street2": "Suite 2", "city": "Austin", "state": "TX", "zipcode": "78701", "country": "US",
            "latitude": 30.2672, "longitude": -97.7431,
        }));
        assert_eq!(store["contact"], json!({ "name": "Maria", "phone": "+1 512-555-0102", "email": "maria@example.com" }));
        assert_eq!((&store["pickupInstructions"], &store["DSPs"], &store["name"]), (&Json::Null, &json!([]), &json!("Austin store")));
        assert_eq!((&store["createdAt"], &store["lastUpdatedAt"]), (&json!("2026-03-02T10:00:00.000Z"), &json!("2026-03-02T10:01:00.000Z")));
        let shown_now = ask(&t, Method::GET, "/storeExternalId/A%2F1", &Json::Null).await;
        assert_eq!((shown_now.status.as_u16(), shown_now.json()), (200, store.clone()));
        let listed = ask(&t, Method::GET, "", &Json::Null).await.json();
        assert_eq!((listed.as_array().unwrap().len(), &listed[3]), (4, &store), "it comes last");
        assert_eq!(refusal(&create(&t, &order_from("2", "A/1")).await).1, "NO_PROVIDER_ASSIGNED");
        assert_eq!(shown(&t, "1").await["status"], "ORDER_DISPATCHED", "what is booked stays so");
    }

    async fn an_id_or_a_name_that_is_taken_is_told_as_published(engine: Engine) {
        let t = serving(engine).await;
        let with = |id: &str, name: &str| {
            let mut store = austin();
            (store["storeExternalId"], store["name"]) = (json!(id), json!(name));
            store
        };
        for (store, kind, message) in [
            (with("7709", "Austin store"), "DUPLICATE_ID", "Resource with provided id already exists."),
            (with("A/1", "Boston store"), "DUPLICATE_NAME", "Resource with provided name already exists."),
            (with("7709", "Boston store"), "DUPLICATE_RESOURCE", "Resource already exists."),
        ] {
            assert_eq!(refusal(&ask(&t, Method::POST, "", &store).await), is(400, kind, message));
        }
        let renamed = ask(&t, Method::PATCH, "/storeExternalId/100983", &json!({ "name": "Boston store" })).await;
        assert_eq!(refusal(&renamed).1, "DUPLICATE_NAME");
        assert_eq!(renamed.json()["errors"][0]["parameter"], "name");
        let own = ask(&t, Method::PATCH, "/storeExternalId/100983", &json!({ "name": "Dallas store" })).await;
        assert_eq!(own.status, 200, "{}", own.text());
        assert_eq!(ask(&t, Method::GET, "", &Json::Null).await.json().as_array().unwrap().len(), 3);
    }

    async fn of_those_that_make_the_same_store_at_once_one_does(engine: Engine) {
        let t = serving(engine).await;
        let stores: Vec<_> = (0..6).map(|n| {
            let mut store = austin();
            store["storeExternalId"] = json!(format!("A{n}"));
            store
        }).collect();
        let answers = join_all(stores.iter().map(|store| ask(&t, Method::POST, "", store))).await;
        let made = answers.iter().filter(|answer| answer.status == 201).count();
        let told: Vec<_> = answers.iter().filter(|answer| answer.status != 201).map(|answer| refusal(answer).1).collect();
        assert_eq!((made, told), (1, vec!["DUPLICATE_NAME".to_owned(); 5]));
    }

    async fn everything_wrong_with_a_store_is_told_at_once_and_nothing_is_stored(engine: Engine) {
        let t = serving(engine).await;
        let bad = json!({
            "storeExternalId": " A ", "timeZone": "Mars/Olympus", "active": false, "DSPs": [{ "name": "nobody" }, {}],
            "address": { "street": "", "city": "Austin", "state": "Texas", "zipcode": "78701", "latitude": 100, "longitude": 1 },
        });
        let refused = ask(&t, Method::POST, "", &bad).await;
        let told: Vec<_> = refused.json()["errors"].as_array().unwrap().iter().map(|error| error["parameter"].clone()).collect();
        assert_eq!(told, [
            "storeExternalId", "name", "timeZone", "active", "address.street", "address.state", "address.latitude", "DSPs[0].name", "DSPs[1].name",
        ]);
        assert_eq!(refusal(&refused), is(400, "VALIDATION_ERROR", "an id has no blanks around it and no control characters"));
        assert_eq!(ask(&t, Method::GET, "", &Json::Null).await.json().as_array().unwrap().len(), 3);
        let moved = ask(&t, Method::PATCH, "/storeExternalId/7709", &json!({ "storeExternalId": "7710" })).await;
        assert_eq!(refusal(&moved), is(400, "VALIDATION_ERROR", "storeExternalId cannot be changed"));
        let none = "No such storeExternalId exists in our system. Please provide a valid storeExternalId.";
        for (method, body) in [(Method::GET, Json::Null), (Method::PATCH, json!({ "name": "x" }))] {
            assert_eq!(refusal(&ask(&t, method, "/storeExternalId/nowhere", &body).await), is(400, "INVALID_DATA", none));
        }
    }

    async fn another_tenants_stores_are_not_there_and_a_key_needs_its_scope(engine: Engine) {
        let t = with_setup(engine, &with(SETUP, &key("clerk", "[\"read\", \"write\", \"buy\"]"))).await;
        assert_eq!(ask(&t, Method::POST, "", &austin()).await.status, 201);
        let of = async |secret: &str, method: Method, path: &str, body: &Json| {
            bare(&t, &[("x-api-key", secret)], method, &format!("/api/v2/store{path}"), &body.to_string()).await
        };
        for (method, path, body) in [(Method::POST, "", austin()), (Method::PATCH, "/storeExternalId/7709", json!({ "name": "x" }))] {
            assert_eq!(refusal(&of("sec-clerk", method, path, &body).await).0, 403);
        }
        assert_eq!(refusal(&of("sec-other", Method::PATCH, "/storeExternalId/7709", &json!({ "name": "x" })).await).1, "INVALID_DATA");
        assert_eq!(of("sec-other", Method::GET, "", &Json::Null).await.json(), json!([]));
        assert_eq!(of("sec-other", Method::POST, "", &json!({ "name": "Boston store", "storeExternalId": "7709", "address": austin()["address"] })).await.status, 201);
    }
}
