//! The customer book, fed by orders and by shops.

use http::Method;
use serde_json::{Value as Json, json};
use testkit::{TestApp, on_both_engines};

use super::{BOOK, ask, batch, done, get, is, order, post, refusal, sent, shown};
use crate::fixture::{serving, serving_setup, setup_with};

fn ann(more: &Json) -> Json {
    let mut ann = json!({ "email": "ann@example.com" });
    ann.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    ann
}

async fn put(t: &TestApp, mode: &str, matching: Json, customers: Json) -> testkit::Answer {
    post(t, "/customers", &json!({ "mode": mode, "matchBy": matching, "data": customers })).await
}

async fn by_email(t: &TestApp, email: &str) -> Json {
    let answer = get(t, &format!("/customers/email/{email}")).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()["data"].clone()
}

on_both_engines! {
    async fn orders_feed_the_book_and_shops_add_to_it(engine: Engine) {
        let t = serving(engine).await;
        let mut first = order("A");
        first["customer"] = ann(&json!({ "phone": "+1 202 555 0100", "crmId": 7 }));
        sent(&t, "Add", first).await;
        sent(&t, "Add", order("B")).await;
        assert_eq!(shown(&t, "B").await["customer"], json!({ "id": 1, "email": "ann@example.com", "phone": null, "crmId": null }));
        let said = json!([ann(&json!({
            "firstName": "Ann", "lastName": null, "gender": "female", "dateOfBirth": "1980-02-29",
            "customAttributes": [{ "name": "Loyalty", "value": "Gold" }],
            "consentsData": { "consents": [{ "id": "1", "value": "true" }, { "id": "x", "value": "AwaitingConfirmation" }], "force": true },
        }))]);
        assert_eq!(put(&t, "AddOrUpdate", json!("Email"), said).await.story(), done(201));
        let ann = json!({
            "id": 1,
            "email": "ann@example.com",
            "phone": "+1 202 555 0100",
            "crmId": "7",
            "firstName": "Ann",
            "lastName": null,
            "gender": "Female",
            "dateOfBirth": "1980-02-29",
            "customAttributes": [{ "name": "Loyalty", "value": "Gold" }],
            "consentsData": { "consents": [{ "id": 1, "value": "True" }, { "id": "x", "value": "AwaitingConfirmation" }] },
        });
        for path in ["email/ANN%40example.com", "phone/%2B1%20202%20555%200100", "crmId/7", "id/1"] {
            let found = get(&t, &format!("/customers/{path}")).await;
            assert_eq!(found.story(), json!({ "status": 200, "body": { "status": 0, "data": ann } }), "{path}");
        }
        for path in ["email/bob@example.com", "phone/1", "crmId/8", "id/2", "id/x", "id/01", "email/%00", "email/%FF"] {
            let missing = get(&t, &format!("/customers/{path}")).await;
            assert_eq!(refusal(&missing), is(404, &["There is no such customer."]), "{path}");
        }
    }

    async fn add_wants_new_customers_update_wants_known_ones(engine: Engine) {
        let t = serving(engine).await;
        let two = json!([ann(&json!({})), { "email": "bob@example.com" }]);
        assert_eq!(put(&t, "Add", Json::Null, two).await.story(), done(201));
        let again = put(&t, "Add", Json::Null, json!([{ "email": "eve@example.com" }, { "email": "BOB@example.com" }, { "email": "eve@example.com" }])).await;
        let (status, mut errors) = refusal(&again);
        errors.sort();
        assert_eq!((status, errors), is(400, &["data[1].email: the customer is there already", "data[2].email: the customer is there already"]));
        assert_eq!(get(&t, "/customers/email/eve@example.com").await.status, 404, "nothing is stored");
        let missing = put(&t, "Update", Json::Null, json!([ann(&json!({ "firstName": "Ann" })), { "email": "eve@example.com" }])).await;
        assert_eq!(refusal(&missing), is(400, &["data[1].email: there is no such customer"]));
        assert_eq!(by_email(&t, "ann@example.com").await["firstName"], Json::Null);
        assert_eq!(put(&t, "Update", Json::Null, json!([ann(&json!({ "firstName": "Ann" }))])).await.story(), done(201));
        assert_eq!(by_email(&t, "ann@example.com").await["firstName"], "Ann");
    }

    async fn a_customer_who_changes_address_is_found_by_the_new_one_only(engine: Engine) {
        let t = serving(engine).await;
        assert_eq!(put(&t, "Add", json!("CrmId"), json!([{ "crmId": "7", "email": "old@example.com" }])).await.status, 201);
        assert_eq!(put(&t, "Update", json!("crmid"), json!([{ "crmId": "7", "email": "new@example.com" }])).await.status, 201);
        assert_eq!(by_email(&t, "new@example.com").await["crmId"], "7");
        assert_eq!(get(&t, "/customers/email/old@example.com").await.status, 404);
        // Whoever was there first keeps what two share.
        assert_eq!(put(&t, "Add", json!("CrmId"), json!([{ "crmId": "8", "email": "new@example.com" }])).await.status, 201);
        assert_eq!(by_email(&t, "new@example.com").await["crmId"], "7");
        assert_eq!(get(&t, "/customers/crmId/8").await.json()["data"]["email"], "new@example.com");
    }

    async fn a_tenant_says_by_what_its_customers_are_known(engine: Engine) {
        for (matching, field, key) in [("email", "email", json!("ann@example.com")), ("phone", "phone", json!("+1 202 555 0100")), ("crm_id", "crmId", json!("7"))] {
            let setup = testkit::SETUP.replacen("time_zone", &format!("customer_matching = \"{matching}\"\ntime_zone"), 1);
            let t = serving_setup(engine, &setup).await;
            for nothing in [json!({}), json!({ field: null }), json!({ field: "" }), json!({ field: " " })] {
                let mut order = order("A");
                order["customer"] = nothing.clone();
                let refused = post(&t, "/orders", &batch("Add", [order])).await;
                assert_eq!(refusal(&refused), is(400, &[&format!("data[0].customer.{field}: is required")]), "{nothing}");
            }
            let mut first = order("A");
            first["customer"] = json!({ "email": "ann@example.com", "phone": "+1 202 555 0100", "crmId": "7" });
            sent(&t, "Add", first).await;
            let mut second = order("B");
            second["customer"] = json!({ field: key });
            sent(&t, "Add", second).await;
            assert_eq!(shown(&t, "B").await["customer"]["id"], 1, "{matching}");
        }
    }

    async fn a_customer_named_by_many_at_once_is_one(engine: Engine) {
        let t = serving(engine).await;
        let orders = (0..20).map(|n| {
            let mut order = order(&n.to_string());
            order["customer"]["crmId"] = json!(format!("crm-{}", n % 2));
            order
        });
        let posts = orders.map(|order| batch("Add", [order])).collect::<Vec<_>>();
        let answers = futures::future::join_all(posts.iter().map(|body| post(&t, "/orders", body))).await;
        assert!(answers.iter().all(|answer| answer.status == 201));
        let ids: std::collections::BTreeSet<_> = futures::future::join_all((0..20).map(async |n| shown(&t, &n.to_string()).await["customer"]["id"].as_i64().unwrap())).await.into_iter().collect();
        assert_eq!(ids.len(), 1, "{ids:?}");
    }

    async fn what_clients_may_offer_stands_in_the_setup_file(engine: Engine) {
        let t = serving_setup(engine, &setup_with(BOOK)).await;
        let list = async |path: &str| { let answer = get(&t, path).await; (answer.status.as_u16(), answer.json()) };
        let is = |data: Json| (200, json!({ "status": 0, "data": data }));
        assert_eq!(list("/customerconsents").await, is(json!([{ "id": 1, "name": "Newsletter", "type": "Email" }])));
        assert_eq!(list("/customerattributes").await, is(json!([{ "id": 2, "name": "Loyalty" }])));
        assert_eq!(list("/productattributes").await, is(json!([{ "id": 1, "name": "Color" }])));
        assert_eq!(list("/orderattributes").await, is(json!([{ "id": 1, "name": "Shipping Method" }])));
        let t = serving(engine).await;
        assert_eq!(get(&t, "/customerconsents").await.json(), json!({ "status": 0, "data": [] }));
        assert_eq!(ask(&t, Method::GET, "/customers/nothing/here", &Json::Null).await.status, 404);
    }

    async fn what_is_wrong_with_customers_is_listed_at_once(engine: Engine) {
        let t = serving(engine).await;
        let wrong = put(&t, "Merge", json!("Guid"), json!([
            { "email": "a".repeat(321), "phone": "1".repeat(21), "crmId": true, "firstName": 5, "gender": "x", "dateOfBirth": "soon" },
            "nobody",
            { "email": "a@example.com", "customAttributes": [{ "value": "x" }], "consentsData": [{ "id": 1 }, { "id": 2, "value": "perhaps" }] },
        ])).await;
        let long = "a".repeat(61);
        assert_eq!(refusal(&wrong), is(400, &[
            "mode: expected one of Add, AddOrUpdate, Update, found \"Merge\"",
            "matchBy: expected one of Email, PhoneNumber, CrmId, found \"Guid\"",
            &format!("data[0].email: expected at most 320 characters, found \"{}…", &long[..59]),
            "data[0].phone: expected at most 20 characters, found \"111111111111111111111\"",
            "data[0].crmId: expected a text, found true",
            "data[0].firstName: expected a text, found 5",
            "data[0].gender: expected one of Male, Female, NotSpecified, found \"x\"",
            "data[0].dateOfBirth: expected a date and time such as \"2024-11-06T10:10:00.055Z\" (input is too short), found \"soon\"",
            "data[1]: expected an object, found \"nobody\"",
            "data[2].customAttributes[0].name: is required",
            "data[2].consentsData[0].value: is required",
            "data[2].consentsData[1].value: expected one of True, False, AwaitingConfirmation, found \"perhaps\"",
        ]));
    }
}
