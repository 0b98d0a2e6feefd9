//! Crowdsender's clients: orders created, updated, and chosen by a query.

use std::collections::BTreeSet;

use http::{Method, Request};
use serde_json::{Value as Json, json};
use testkit::{Answer, SETUP, TestApp, on_both_engines};

use crate::fixture::{bare, builder, order as sendcloud_order, place, routed, serving, serving_setup, ship};

mod documents;
mod labels;
mod webhooks;

/// The published sample; what it leaves out of the shipment is invented.
fn sample() -> Json {
    json!({
        "orderNumber": "DC00333",
        "status": "REGISTERED",
        "orderType": "OVERHARVEST",
        "customField1": "REHKA775",
        "shipment": {
            "sendDate": "2022-02-24T00:00:00.000Z",
            "shipFrom": { "companyName": "Dona Ana", "address": { "city": "Valencia", "country": "ES" }, "dock": 4 },
            "shipTo": { "name": "Erika", "address": { "street1": "Calle Mayor 1", "postalCode": "28013", "country": "ES" } },
            "boxes": [{ "weight": 2.50, "customField1": "A", "scanned": false, "fragile": { "level": 1.0 } }],
        },
        "_orderManager": "613889ec10c7786c87d118f2",
        "_courierContract": "620cda48590c8227ac0fa5a9",
        "seller": "company-test",
        "store": "6229c67ed92d8f22a4fb833a",
        "_externalReferenceId": "62739041d7226e71caeb2d69",
    })
}

async fn send(t: &TestApp, secret: &str, method: Method, path: &str, body: &str) -> Answer {
    let headers = [("x-api-key", secret), ("content-type", "application/json")];
    bare(t, &headers, method, path, body).await
}

async fn post(t: &TestApp, body: &Json) -> Answer {
    send(t, "sec-acme", Method::POST, "/api/v1/orders", &body.to_string()).await
}

async fn patch(t: &TestApp, id: &str, body: &Json) -> Answer {
    send(t, "sec-acme", Method::PATCH, &format!("/api/v1/orders/{id}"), &body.to_string()).await
}

async fn show(t: &TestApp, id: &str) -> Json {
    let answer = send(t, "sec-acme", Method::GET, &format!("/api/v1/orders/{id}"), "").await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()["data"].clone()
}

/// Creates an order and gives its id.
async fn create(t: &TestApp, body: &Json) -> String {
    let answer = post(t, body).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    answer.json()["data"]["_id"].as_str().unwrap().to_owned()
}

/// A query as published: `=` as it is, `&` as `%26`.
async fn list(t: &TestApp, query: &str) -> Answer {
    let query = query
        .replace('%', "%25")
        .replace('&', "%26")
        .replace('>', "%3E")
        .replace('<', "%3C")
        .replace('"', "%22")
        .replace('{', "%7B")
        .replace('}', "%7D")
        .replace('^', "%5E")
        .replace(' ', "%20")
        .replace('[', "%5B")
        .replace(']', "%5D");
    send(t, "sec-acme", Method::GET, &format!("/api/v1/orders?query={query}"), "").await
}

/// The numbers of the orders that a query chooses.
async fn numbers(t: &TestApp, query: &str) -> Vec<String> {
    let answer = list(t, query).await;
    assert_eq!(answer.status, 200, "{query}: {}", answer.text());
    let orders = answer.json()["data"]["orders"].as_array().unwrap().clone();
    orders.iter().map(|order| order["orderNumber"].as_str().unwrap().to_owned()).collect()
}

fn error(code: u16, info: &str) -> Json {
    json!({ "status": code, "body": { "code": code, "info": info, "data": null } })
}

on_both_engines! {
    async fn the_published_examples_work_as_written(engine: Engine) {
        let t = serving(engine).await;
        let created = post(&t, &sample()).await;
        let whole = json!({
            "_id": "69a55fa00000000000000001",
            "orderNumber": "DC00333",
            "customField1": "REHKA775", "customField2": null, "customField3": null,
            "customField4": null, "customField5": null, "customField6": null,
            "_client": "acme",
            "_externalReferenceId": "62739041d7226e71caeb2d69",
            "_courierContract": "620cda48590c8227ac0fa5a9",
            "tags": [],
            "seller": "company-test",
            "store": "6229c67ed92d8f22a4fb833a",
            "status": "REGISTERED",
            "addressValidationStatus": "UNVERIFIED",
            "lastSyncProvider": null,
            "shipment": {
                "sendDate": "2022-02-24T00:00:00.000Z",
                "shipFrom": { "companyName": "Dona Ana", "address": { "city": "Valencia", "country": "ES" }, "dock": 4 },
                "shipTo": { "name": "Erika", "address": { "street1": "Calle Mayor 1", "postalCode": "28013", "country": "ES" } },
                "boxes": [{
                    "_id": "69a55fa00100000000000001",
                    "weight": 2.50, "customField1": "A", "scanned": false, "fragile": { "level": 1.0 },
                    "_downloadableId": null,
                    "tracking": { "status": "waiting", "trackId": null, "error": null },
                }],
            },
            "orderType": "OVERHARVEST",
            "_orderManager": "613889ec10c7786c87d118f2",
        });
        assert_eq!(created.story(), json!({ "status": 201, "body": { "code": 201, "info": "OK", "data": whole } }));

        // The id in the published update is the one the client gave the order in the published creation.
        let updated = send(&t, "sec-acme", Method::PUT, "/api/v1/orders/62739041d7226e71caeb2d69", r#"{"shipment":{}}"#).await;
        assert_eq!(updated.story(), json!({ "status": 200, "body": { "code": 200, "info": "OK", "data": "69a55fa00000000000000001" } }));
        assert_eq!(show(&t, "69a55fa00000000000000001").await, whole);

        let mut other = sample();
        other["seller"] = json!("dona-ana");
        other["_externalReferenceId"] = json!(null);
        other["orderNumber"] = json!("DC00334");
        create(&t, &other).await;
        let path = "/api/v1/orders?query=seller=dona-ana%26shipment.sendDate=2022-02-24T00:00:00.000Z";
        let listed = send(&t, "sec-acme", Method::GET, path, "").await.json();
        let data = &listed["data"];
        assert_eq!((data["orders"].as_array().unwrap().len(), &data["orders"][0]["orderNumber"]), (1, &json!("DC00334")));
        assert_eq!((&data["skip"], &data["limit"], &data["hasMore"]), (&json!(0), &json!(100), &json!(false)));
    }

    async fn the_key_comes_in_a_header_in_a_cookie_or_as_bearer(engine: Engine) {
        let t = serving(engine).await;
        let ask = async |headers: &[(&str, &str)]| bare(&t, headers, Method::GET, "/api/v1/orders", "").await;
        for headers in [
            &[("x-api-key", "sec-acme")][..],
            &[("cookie", "X-API-KEY=sec-acme")],
            &[("cookie", "a=b; x-api-key=\"sec-acme\"")],
            &[("authorization", "Bearer sec-acme")],
            &[("x-api-key", "sec-acme"), ("cookie", "X-API-KEY=wrong")],
        ] {
            assert_eq!(ask(headers).await.status, 200, "{headers:?}");
        }
        let refused = error(401, "the API key is missing or wrong: send it as x-api-key");
        for headers in [&[][..], &[("x-api-key", "wrong")], &[("x-api-key", "wrong"), ("cookie", "X-API-KEY=sec-acme")], &[("cookie", "X-API-KEY")]] {
            assert_eq!(ask(headers).await.story(), refused, "{headers:?}");
        }
    }

    async fn everything_wrong_with_an_order_is_told_at_once_and_nothing_is_stored(engine: Engine) {
        let t = serving(engine).await;
        let wrong = json!({
            "status": "SENT", "tags": ["a", 5], "customField7": 1, "customField1": 1, "addressValidationStatus": "OK",
            "shipment": { "sendDate": "soon", "shipTo": { "address": { "country": 34 } }, "boxes": [{ "weight": "heavy" }, 7] },
        });
        let told = "orderNumber: Field required; customField1: Input should be a valid string, found 1; tags[1]: Input should \
            be a valid string, found 5; addressValidationStatus: Input should be 'UNVERIFIED', 'VERIFIED' or 'PROPOSED', found \
            \"OK\"; status: Input should be 'REGISTERED', 'PENDING_TO_SHIP', 'SHIPPED', 'SHIPMENT_FAILED', 'COMPLETED', \
            'CANCELED' or 'TO_REVIEW', found \"SENT\"; shipment.sendDate: Input should be a valid datetime or date, input is too \
            short, found \"soon\"; shipment.shipTo.address.country: Input should be a valid string, found 34; \
            shipment.boxes[0].weight: Input should be a valid number, unable to parse string as a number, found \"heavy\"; \
            shipment.boxes[1]: Input should be a valid dictionary, found 7";
        assert_eq!(post(&t, &wrong).await.story(), error(400, told));
        assert_eq!(post(&t, &json!([])).await.story(), error(400, "the body must be a JSON object"));
        let broken = send(&t, "sec-acme", Method::POST, "/api/v1/orders", "{").await;
        assert_eq!((broken.status.as_u16(), broken.json()["code"].clone()), (400, json!(400)));
        assert_eq!(list(&t, "").await.json()["data"]["orders"], json!([]));

        create(&t, &sample()).await;
        assert_eq!(post(&t, &sample()).await.story(), error(409, "_externalReferenceId: another order has it already"));
        // The number may repeat.
        let mut again = sample();
        again["_externalReferenceId"] = json!("another");
        create(&t, &again).await;
        assert_eq!(numbers(&t, "orderNumber=DC00333").await, ["DC00333", "DC00333"]);
        // Nor may an update take what another order has.
        let taken = patch(&t, "another", &json!({ "_externalReferenceId": "62739041d7226e71caeb2d69" })).await;
        assert_eq!(taken.story(), error(409, "_externalReferenceId: another order has it already"));
        assert_eq!(show(&t, "another").await["_externalReferenceId"], "another");
    }

    async fn an_update_is_laid_over_the_order_field_by_field(engine: Engine) {
        let t = serving(engine).await;
        let id = create(&t, &sample()).await;
        let change = json!({
            "_id": "000000000000000000000000", "_client": "somebody", "lastSyncProvider": "2020-01-01",
            "customField1": null, "customField2": "B", "addressValidationStatus": "VERIFIED", "tags": ["x"], "orderType": "NEW",
            "addressProposal": { "name": "nobody's" },
            "shipment": { "sendDate": "2022-02-25", "shipTo": { "address": { "city": "Madrid" } }, "note": "n" },
        });
        let updated = patch(&t, &id, &change).await;
        assert_eq!(updated.story(), json!({ "status": 200, "body": { "code": 200, "info": "OK", "data": id } }));
        let order = show(&t, &id).await;
        let expected = json!({ "_id": id, "_client": "acme", "lastSyncProvider": null, "customField1": null, "customField2": "B",
            "addressValidationStatus": "VERIFIED", "tags": ["x"], "orderType": "NEW", "seller": "company-test" });
        for (name, value) in expected.as_object().unwrap() {
            assert_eq!(&order[name], value, "{name}");
        }
        assert!(order.get("addressProposal").is_none(), "{order}");
        // Webhooks and documents name a box by our id, whatever a client calls it.
        let renamed = json!({ "shipment": { "boxes": [{ "_id": "63b2f5306b59da0257703f13", "weight": 2.5, "customField1": "A", "scanned": false,
            "fragile": { "level": 1.0 } }] } });
        assert_eq!(patch(&t, &id, &renamed).await.status, 200);
        let order = show(&t, &id).await;
        assert_eq!(order["shipment"]["boxes"][0]["_id"], "69a55fa00100000000000001");
        assert_eq!(order["shipment"]["sendDate"], "2022-02-25");
        assert_eq!(order["shipment"]["note"], "n");
        assert_eq!(order["shipment"]["shipTo"], json!({ "name": "Erika",
            "address": { "street1": "Calle Mayor 1", "postalCode": "28013", "country": "ES", "city": "Madrid" } }));
        assert_eq!(order["shipment"]["boxes"][0]["fragile"], json!({ "level": 1.0 }));
        assert_eq!(numbers(&t, "shipment.sendDate=2022-02-25&customField2=B&addressValidationStatus=VERIFIED&tags=x").await, ["DC00333"]);
        assert_eq!(numbers(&t, "customField1=REHKA775").await, [""; 0]);
        assert_eq!(numbers(&t, "!customField1").await, ["DC00333"]);
        // What is there may be sent back whole.
        let put = send(&t, "sec-acme", Method::PUT, &format!("/api/v1/orders/{id}"), &order.to_string()).await;
        assert_eq!(put.status, 200, "{}", put.text());
        assert_eq!(show(&t, &id).await, order);
        // A change of nothing is none.
        assert_eq!(patch(&t, &id, &json!({})).await.status, 200);
        let native = t.get("/v1/orders/ord_1").await.json();
        assert_eq!(native["version"], 4);
        assert_eq!(patch(&t, "000000000000000000000009", &json!({})).await.story(), error(404, "there is no such order"));
    }

    async fn what_a_client_says_of_the_status_stands_and_cancelling_is_more_than_a_word(engine: Engine) {
        let t = serving(engine).await;
        let mut order = sample();
        order["status"] = json!("TO_REVIEW");
        let id = create(&t, &order).await;
        assert_eq!(show(&t, &id).await["status"], "TO_REVIEW");
        assert_eq!(patch(&t, &id, &json!({ "status": "REGISTERED" })).await.status, 200);
        assert_eq!(numbers(&t, "status=REGISTERED").await, ["DC00333"]);
        assert_eq!(patch(&t, &id, &json!({ "status": "CANCELED" })).await.status, 200);
        assert_eq!(patch(&t, &id, &json!({ "status": "CANCELED" })).await.status, 200);
        assert_eq!(show(&t, &id).await["status"], "CANCELED");
        let native = format!("/v1/orders/{}/shipments", domain::ids::OrderId::new(1).unwrap());
        assert_eq!(t.post(&native, &json!({})).await.status, 409, "nothing ships it any more");
        t.run_jobs().await;
        let feed = t.get("/v1/events").await.json();
        let told = feed["data"].as_array().unwrap().iter().map(|event| event["type"].as_str().unwrap().to_owned());
        assert_eq!(told.collect::<Vec<_>>(), ["order.created", "order.updated", "order.cancelled"]);
    }

    async fn an_address_is_looked_at_and_one_that_cannot_be_right_is_for_review(engine: Engine) {
        let checking = "time_zone = \"Europe/Berlin\"\naddress_check = { by = \"rules\" }";
        let t = serving_setup(engine, &SETUP.replacen("time_zone = \"Europe/Berlin\"", checking, 1)).await;
        let to = |postal_code: &str| json!({ "shipment": { "shipTo": { "name": "Erika", "address": {
            "street1": "Calle Mayor 1", "city": "Madrid", "postalCode": postal_code, "country": "ES" } } } });
        let address = async |id: &str| {
            t.run_jobs().await;
            let order = show(&t, id).await;
            json!([order["status"], order["addressValidationStatus"]])
        };
        let create = async |number: &str, postal_code: &str| {
            let mut order = to(postal_code);
            order["orderNumber"] = json!(number);
            create(&t, &order).await
        };
        let (good, loose, bad) = (create("1", "28013").await, create("2", " 28-013 ").await, create("3", "2801").await);
        assert_eq!(address(&good).await, json!(["REGISTERED", "VERIFIED"]));
        assert_eq!(address(&loose).await, json!(["REGISTERED", "PROPOSED"]));
        assert_eq!(address(&bad).await, json!(["TO_REVIEW", "UNVERIFIED"]));
        let known = t.get("/v1/orders/ord_2/address").await.json();
        assert_eq!(known["proposal"]["postal_code"], "28013");
        let shown = show(&t, &loose).await;
        assert_eq!(shown["shipment"]["shipTo"]["address"]["postalCode"], " 28-013 ", "nothing takes it over by itself");
        assert_eq!(shown["addressProposal"], json!({ "name": "Erika", "address": {
            "street1": "Calle Mayor 1", "city": "Madrid", "postalCode": "28013", "country": "ES" } }));
        assert!(show(&t, &good).await.get("addressProposal").is_none());
        // Both are found by their words, and what is sent back as it was read says nothing new.
        assert_eq!(numbers(&t, "addressValidationStatus=PROPOSED").await, ["2"]);
        assert_eq!(numbers(&t, "addressValidationStatus=UNVERIFIED").await, ["3"]);
        assert_eq!(numbers(&t, "status=TO_REVIEW").await, ["3"]);
        let whole = show(&t, &bad).await;
        assert_eq!(patch(&t, &bad, &whole).await.status, 200);
        assert_eq!(show(&t, &bad).await, whole);
        let whole = show(&t, &loose).await;
        assert_eq!(patch(&t, &loose, &whole).await.status, 200);
        assert_eq!(show(&t, &loose).await, whole);
        // A client's word stands with the address it is about.
        assert_eq!(patch(&t, &loose, &json!({ "addressValidationStatus": "VERIFIED" })).await.status, 200);
        assert_eq!(address(&loose).await, json!(["REGISTERED", "VERIFIED"]));
        assert_eq!(patch(&t, &loose, &to("2801")).await.status, 200);
        assert_eq!(address(&loose).await, json!(["TO_REVIEW", "UNVERIFIED"]));
        assert_eq!(patch(&t, &bad, &to("28013")).await.status, 200);
        assert_eq!(address(&bad).await, json!(["REGISTERED", "VERIFIED"]));
        assert_eq!(numbers(&t, "addressValidationStatus=VERIFIED&sort=orderNumber").await, ["1", "3"]);
    }

    async fn d4_there_are_as_many_labels_as_the_order_names_boxes_and_it_is_told_before(engine: Engine) {
        let t = serving(engine).await;
        let mut order = sample();
        order["shipment"]["shipTo"]["address"] = json!({ "street1": "Stadhuisplein 15", "city": "Oss", "postalCode": "5341AB",
            "country": "NL" });
        order["shipment"]["boxes"] = json!([{ "weight": 0.5 }, { "weight": 12.25, "length": 40, "width": 30, "height": 20 }, {}]);
        order["_courierContract"] = json!(null);
        let id = create(&t, &order).await;
        // Before anything is booked.
        let boxes = show(&t, &id).await["shipment"]["boxes"].clone();
        assert_eq!(boxes.as_array().unwrap().len(), 3);
        let shipped = t.post("/v1/orders/ord_1/shipments", &json!({})).await.json();
        let parcels = shipped["parcels"].as_array().unwrap().clone();
        let weights: Vec<_> = parcels.iter().map(|parcel| parcel["weight_kg"].as_str().unwrap()).collect();
        assert_eq!(weights, ["0.5", "12.25", "1"], "what nobody said is the tenant's usual weight: {shipped}");
        let order = show(&t, &id).await;
        let boxes = order["shipment"]["boxes"].as_array().unwrap().clone();
        let own = |name: &str| boxes.iter().map(|one| one.pointer(name).unwrap().to_string()).collect::<BTreeSet<_>>();
        assert_eq!((own("/_downloadableId").len(), own("/tracking/trackId").len()), (3, 3), "{order}");
    }

    async fn orders_of_every_dialect_are_found_by_where_they_stand(engine: Engine) {
        let t = serving(engine).await;
        place(&t, [sendcloud_order("1001"), sendcloud_order("1002")]).await;
        create(&t, &sample()).await;
        assert_eq!(ship(&t, "1001").await.status, 201);
        assert_eq!(numbers(&t, "status=PENDING_TO_SHIP").await, ["N-1001"]);
        assert_eq!(numbers(&t, "status=REGISTERED&sort=-orderNumber").await, ["N-1002", "DC00333"]);
        assert_eq!(numbers(&t, "status=/^PEND/").await, ["N-1001"]);
        assert_eq!(numbers(&t, "status!=REGISTERED").await, ["N-1001"]);
        assert_eq!(numbers(&t, "shipment.boxes.tracking.status=generated label").await, ["N-1001"]);
        assert_eq!(numbers(&t, "shipment.boxes.tracking.status=waiting").await, ["DC00333"]);
        assert_eq!(numbers(&t, "!shipment.boxes").await, ["N-1002"]);
        let shipped = list(&t, "status=PENDING_TO_SHIP").await.json()["data"]["orders"][0].clone();
        let one = &shipped["shipment"]["boxes"][0];
        assert_eq!(one["tracking"]["status"], "generated label");
        let (label, number) = (one["_downloadableId"].as_str().unwrap(), one["tracking"]["trackId"].as_str().unwrap());
        assert_eq!(numbers(&t, &format!("shipment.boxes._downloadableId={label}")).await, ["N-1001"]);
        assert_eq!(numbers(&t, &format!("shipment.boxes.tracking.trackId={number}")).await, ["N-1001"]);
        assert_eq!(numbers(&t, &format!("_id={}", shipped["_id"].as_str().unwrap())).await, ["N-1001"]);
        assert_eq!(shipped["shipment"]["shipTo"]["address"]["country"], "NL");
        let delivered = json!({ "events": [{ "code": "DELIVERED" }] });
        assert_eq!(t.post("/v1/shipments/shp_1/tracking-events", &delivered).await.status, 200);
        let order = list(&t, "status=COMPLETED").await.json()["data"]["orders"][0].clone();
        assert_eq!(order["shipment"]["boxes"][0]["tracking"]["status"], "delivered");
        assert_eq!(order["lastSyncProvider"], "2026-03-02T10:00:00.000Z");
    }

    async fn a_query_is_the_language_in_full_over_its_fields(engine: Engine) {
        let t = serving(engine).await;
        for (number, seller, tags, send_date, country) in [
            ("A1", "ana", json!(["red", "blue"]), json!("2022-02-24"), "ES"),
            ("A2", "bob", json!(["red"]), json!("2022-02-25"), "PT"),
            ("B1", "ana", json!([]), json!(null), "ES"),
            ("B2", "cyn & co", json!(["green"]), json!("2022-03-01T10:00:00+01:00"), "FR"),
        ] {
            create(&t, &json!({ "orderNumber": number, "seller": seller, "tags": tags,
                "shipment": { "sendDate": send_date, "shipTo": { "address": { "country": country } },
                    "boxes": [{ "scanned": number == "A1", "customField1": seller }, { "scanned": false }] } })).await;
        }
        for (query, expected) in [
            ("", &["A1", "A2", "B1", "B2"][..]),
            ("seller=ana", &["A1", "B1"]),
            ("seller=ana,bob", &["A1", "B1", "A2"]),
            ("seller!=ana", &["A2", "B2"]),
            ("seller=cyn %26 co", &["B2"]),
            ("tags=red", &["A1", "A2"]),
            ("tags!=red", &["B1", "B2"]),
            ("tags=red&tags=green&sort=orderNumber", &["A1", "A2", "B2"]),
            ("shipment.sendDate>2022-02-24&shipment.sendDate<2022-03-01T09:00:01Z", &["A2", "B2"]),
            ("!shipment.sendDate", &["B1"]),
            ("shipment.sendDate=null", &["B1"]),
            ("orderNumber=/^a/i&sort=-orderNumber", &["A2", "A1"]),
            ("orderNumber!=/1$/", &["A2", "B2"]),
            ("orderNumber>A1&orderNumber<=B1", &["A2", "B1"]),
            ("shipment.shipTo.address.country=ES&shipment.boxes.scanned=true", &["A1"]),
            ("shipment.boxes.scanned!=true", &["A2", "B1", "B2"]),
            ("shipment.boxes.customField1=bob", &["A2"]),
            ("sort=-_id&limit=2", &["B2", "B1"]),
            ("skip=1&limit=2", &["A2", "B1"]),
            ("password=x", &["A1", "A2", "B1", "B2"]),
            (r#"filter={"$or":[{"seller":"bob"},{"tags":{"$size":0}}]}"#, &["A2", "B1"]),
            (r#"filter={"shipment.boxes":{"$elemMatch":{"scanned":false,"customField1":"ana"}}}"#, &["B1"]),
        ] {
            let mut found = numbers(&t, query).await;
            if !query.contains("sort") && !query.contains("skip") && !query.contains(',') {
                found.sort();
            }
            assert_eq!(found, expected, "{query}");
        }
        for (query, why) in [
            ("_id=5", "query: _id: expected an id of 24 hexadecimal digits, found {\"$eq\":\"5\"}"),
            ("limit=abc", "query: limit is \"abc\": expected a whole number from 0 on"),
            ("seller=/[/", "query: \"[\" is not a regular expression that can be used: a bracket is not closed"),
            (r#"filter={"$where":"1"}"#, "query: filter: $where is not allowed"),
            ("seller>/x/", "query: seller: $gt cannot compare with a regular expression"),
        ] {
            assert_eq!(list(&t, query).await.story(), error(400, why), "{query}");
        }
        let shown = list(&t, "orderNumber=A1&fields=orderNumber,shipment.boxes.customField1").await.json();
        assert_eq!(shown["data"]["orders"], json!([{ "_id": "69a55fa00000000000000001", "orderNumber": "A1",
            "shipment": { "boxes": [{ "customField1": "ana" }, {}] } }]));
        let hidden = list(&t, "orderNumber=A1&fields=-shipment,-_id").await.json()["data"]["orders"][0].clone();
        assert!(hidden.get("shipment").is_none() && hidden.get("_id").is_none() && hidden["seller"] == "ana");
    }

    async fn nobody_finds_or_changes_what_is_another_tenants(engine: Engine) {
        let t = serving(engine).await;
        let id = create(&t, &sample()).await;
        for query in ["", "orderNumber=DC00333", &format!("_id={id}"), "tags!=x", "shipment.boxes.customField1=A"] {
            let path = format!("/api/v1/orders?query={query}");
            let answer = send(&t, "sec-other", Method::GET, &path, "").await;
            assert_eq!(answer.json()["data"]["orders"], json!([]), "{query}");
        }
        for (method, body) in [(Method::GET, ""), (Method::PUT, "{}"), (Method::PATCH, r#"{"status":"CANCELED"}"#)] {
            for id in [id.as_str(), "62739041d7226e71caeb2d69", "000000000000000000000009"] {
                let answer = send(&t, "sec-other", method.clone(), &format!("/api/v1/orders/{id}"), body).await;
                assert_eq!(answer.story(), error(404, "there is no such order"), "{method} {id}");
            }
        }
        // Their own order may have the same reference.
        assert_eq!(send(&t, "sec-other", Method::POST, "/api/v1/orders", &sample().to_string()).await.status, 201);
    }

    async fn what_would_look_through_too_much_is_a_clear_refusal(engine: Engine) {
        let few = |options: &mut app::Options| {
            options.query_ceiling = app::queries::Ceiling { walked: 600, read: 600, ..app::queries::Ceiling::default() };
        };
        let t = routed(builder(engine).options(few).build().await);
        for from in 0..8 {
            place(&t, (from * 100..from * 100 + 100).map(|n| sendcloud_order(&format!("{n:04}")))).await;
        }
        let answer = list(&t, "orderNumber=/nothing$/").await;
        assert_eq!(answer.story(), error(400, "query: more than 600 orders would have to be looked through: add a condition that \
            an index serves, such as an equality on orderNumber, seller, status or shipment.sendDate"));
        assert_eq!(numbers(&t, "orderNumber=N-0799").await, ["N-0799"]);
        assert_eq!(numbers(&t, "orderNumber=/9$/&limit=1").await, ["N-0009"]);
    }

    async fn a_change_through_another_dialect_shows_in_the_nested_shipment(engine: Engine) {
        let t = serving(engine).await;
        place(&t, [sendcloud_order("1001")]).await;
        let order = list(&t, "orderNumber=N-1001").await.json()["data"]["orders"][0].clone();
        let id = order["_id"].as_str().unwrap();
        assert_eq!(order["shipment"]["shipTo"]["address"]["street1"], "Stadhuisplein 15");
        assert_eq!(patch(&t, id, &json!({ "customField1": "C", "shipment": { "sendDate": "2026-03-05" } })).await.status, 200);
        let line = t.get("/api/v3/orders/1").await.json()["data"]["shipping_address"].clone();
        assert_eq!((&line["address_line_1"], &line["house_number"]), (&json!("Stadhuisplein"), &json!("15")));
        let changed = json!({ "shipping_address": { "city": "Amsterdam" } });
        let answer = t.call(Method::PATCH, "/api/v3/orders/1", changed.to_string()).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        let order = show(&t, id).await;
        assert_eq!((&order["customField1"], &order["shipment"]["sendDate"]), (&json!("C"), &json!("2026-03-05")));
        assert_eq!(order["shipment"]["shipTo"]["address"]["city"], "Amsterdam");
        let request = Request::builder().uri("/crowdsender/api/v1/orders").header("x-api-key", "sec-acme");
        assert_eq!(t.send(request.body("".into()).unwrap()).await.status, 200, "below the dialect's name too");
    }
}
