//! Labels of the orders that a query chooses, put together as the warehouse wants them.

use http::Method;
use serde_json::{Value as Json, json};
use testkit::sink::Sink;
use testkit::{Answer, SETUP, TestApp, on_both_engines};

use super::{create, error, patch, post, sample, send, show};
use crate::fixture::{bare, changed, events, kind_of, place, serving, serving_setup, with};

/// An order of a seller that can be shipped, in so many boxes.
fn order(id: &str, seller: &str, country: &str, boxes: usize) -> Json {
    let address = json!({ "street1": "Stadhuisplein 15", "postalCode": "5341AB", "city": "Oss", "country": country });
    json!({
        "orderNumber": format!("N-{id}"), "seller": seller, "_externalReferenceId": id,
        "shipment": {
            "shipTo": { "name": "Ann Example", "address": address },
            "boxes": vec![json!({ "weight": 1.5 }); boxes],
        },
    })
}

async fn label(t: &TestApp, query: &str, body: &str) -> Answer {
    send(t, "sec-acme", Method::POST, &format!("/api/v1/labels{query}"), body).await
}

on_both_engines! {
    async fn one_call_labels_what_a_query_chooses_and_its_files_are_listed(engine: Engine) {
        let t = serving(engine).await;
        for (id, seller, country, boxes) in [("A", "dona-ana", "NL", 1), ("B", "dona-ana", "BE", 2), ("C", "other", "NL", 1), ("D", "dona-ana", "NL", 1)] {
            assert_eq!(post(&t, &order(id, seller, country, boxes)).await.status, 201);
        }
        let grouped = json!({ "grouped": true, "groupValues": ["country"] }).to_string();
        let answer = label(&t, "?query=seller=dona-ana", &grouped).await;
        insta::assert_json_snapshot!(answer.story(), @r#"
        {
          "body": {
            "code": 200,
            "data": {
              "_batchId": "1",
              "boxes": 4,
              "documents": [],
              "orders": 3
            },
            "info": "OK"
          },
          "status": 200
        }
        "#);
        t.run_jobs().await;
        let mut statuses = Vec::new();
        for id in ["A", "B", "C", "D"] {
            statuses.push(show(&t, id).await["status"].as_str().unwrap().to_owned());
        }
        assert_eq!(statuses, ["PENDING_TO_SHIP", "PENDING_TO_SHIP", "REGISTERED", "PENDING_TO_SHIP"]);
        let listed = send(&t, "sec-acme", Method::GET, "/api/v1/documents?query=metadata._batchId=1%26grouped=true%26sort=_id", "").await.json();
        let files = listed["data"]["documents"].as_array().unwrap().iter();
        let files: Vec<_> = files.map(|file| json!([file["type"], file["extensionType"], file["metadata"]["groupValues"]])).collect();
        insta::assert_json_snapshot!(files, @r#"
        [
          [
            "labels",
            "pdf",
            [
              "BE"
            ]
          ],
          [
            "labels",
            "pdf",
            [
              "NL"
            ]
          ]
        ]
        "#);
        // Once more: nothing is bought twice.
        let again = label(&t, "?query=seller=dona-ana%26limit=2", "").await.json();
        assert_eq!((&again["data"]["_batchId"], &again["data"]["orders"]), (&json!("2"), &json!(2)));
        t.run_jobs().await;
        let outcome = t.get("/v1/batches/bat_2").await.json();
        assert_eq!(outcome["counts"], json!({ "total": 2, "waiting": 0, "labelled": 0, "skipped": 2, "failed": 0 }));
    }

    async fn what_is_published_works_as_written_from_the_order_to_its_label_documents_and_webhook(engine: Engine) {
        // The contract of the published order is that of our account.
        let sink = Sink::start().await;
        let house = "id = \"house\"\naliases = { crowdsender = \"620cda48590c8227ac0fa5a9\" }";
        let hook = format!("[[tenant.webhook]]\nurl = \"{}\"\nsecret = \"s\"\ndialect = \"crowdsender\"\nevents = [\"*\"]\nvariant = \"trackingUpdated\"\n", sink.url);
        let t = serving_setup(engine, &with(&SETUP.replacen("id = \"house\"", house, 1), &hook)).await;
        let mut order = sample();
        order["seller"] = json!("dona-ana");
        order["orderNumber"] = json!("abc");
        order["shipment"]["shipTo"]["address"] = json!({ "street1": "Stadhuisplein 15", "city": "Oss", "postalCode": "5341AB", "country": "NL" });
        let id = create(&t, &order).await;
        let path = "/api/v1/labels?query=seller=dona-ana%26shipment.sendDate=2022-02-24T00:00:00.000Z";
        let answer = send(&t, "sec-acme", Method::POST, path, r#"{"grouped":true,"groupValues":[]}"#).await;
        let data = json!({ "_batchId": "1", "orders": 1, "boxes": 1, "documents": [] });
        assert_eq!(answer.story(), json!({ "status": 200, "body": { "code": 200, "info": "OK", "data": data } }));
        t.run_jobs().await;
        let shown = show(&t, "62739041d7226e71caeb2d69").await;
        let one = shown["shipment"]["boxes"][0].clone();
        assert_eq!((&shown["status"], &one["tracking"]["status"]), (&json!("PENDING_TO_SHIP"), &json!("generated label")));

        let path = "/api/v1/documents?query=metadata.orderNumber=abc%26skip=0%26limit=10";
        let listed = send(&t, "sec-acme", Method::GET, path, "").await.json()["data"].clone();
        assert_eq!(listed["documents"].as_array().unwrap().iter().map(|one| &one["_id"]).collect::<Vec<_>>(), [&one["_downloadableId"]]);
        assert_eq!((&listed["skip"], &listed["limit"], &listed["total"]), (&json!(0), &json!(10), &json!(1)));

        let received = sink.received();
        let mut told: Vec<Json> = received.iter().map(|one| serde_json::from_slice(&one.body).unwrap()).collect();
        let link = told[0]["data"]["documents"][0]["uri"].take();
        assert_eq!(told, [json!({
            "apiVersion": 1, "createdAt": "2026-03-02T10:00:00.000Z", "liveMode": true, "type": "trackingUpdated",
            "source": "crowdsender.webhooks.order.box.tracking",
            "data": {
                "orderId": id, "boxId": one["_id"], "object": "order", "orderNumber": "abc",
                "_externalReferenceId": "62739041d7226e71caeb2d69", "newValue": "generated label", "previousValue": "waiting",
                "documents": [{ "uri": null, "typeFile": "label" }], "trackId": one["tracking"]["trackId"],
            },
        })]);
        let path = link.as_str().unwrap().strip_prefix("http://127.0.0.1:8080").unwrap().to_owned();
        let label = bare(&t, &[], Method::GET, &path, "").await;
        assert_eq!((label.status.as_u16(), kind_of(&label.bytes)), (200, "<PDF>"));
    }

    async fn each_of_the_sixteen_values_groups_labels(engine: Engine) {
        let t = serving(engine).await;
        for (id, country) in [("a", "BE"), ("b", "NL")] {
            let mut one = order(id, &format!("{id} seller"), country, 1);
            one["shipment"]["sendDate"] = json!(if id == "a" { "2026-03-03" } else { "2026-03-04" });
            for n in 1..=6 {
                one[format!("customField{n}")] = json!(format!("{id}{n}"));
                one["shipment"]["boxes"][0][format!("customField{n}")] = json!(format!("{id} box {n}"));
            }
            assert_eq!(post(&t, &one).await.status, 201);
        }
        let words = "sendDate seller courier country orderCustomField1 orderCustomField2 orderCustomField3 orderCustomField4 \
            orderCustomField5 orderCustomField6 boxCustomField1 boxCustomField2 boxCustomField3 boxCustomField4 boxCustomField5 \
            boxCustomField6";
        let values: Vec<_> = words.split_whitespace().collect();
        assert_eq!(values.len(), 16);
        let answer = label(&t, "?query=status=REGISTERED", &json!({ "grouped": true, "groupValues": values }).to_string()).await;
        assert_eq!(answer.json()["data"]["orders"], 2);
        t.run_jobs().await;
        let listed = send(&t, "sec-acme", Method::GET, "/api/v1/documents?query=grouped=true%26sort=_id", "").await.json();
        let files = listed["data"]["documents"].as_array().unwrap().iter();
        let files: Vec<_> = files.map(|file| file["metadata"]["groupValues"].clone()).collect();
        let of = |id: &str, day: &str, country: &str| json!([day, format!("{id} seller"), "house", country,
            format!("{id}1"), format!("{id}2"), format!("{id}3"), format!("{id}4"), format!("{id}5"), format!("{id}6"),
            format!("{id} box 1"), format!("{id} box 2"), format!("{id} box 3"), format!("{id} box 4"), format!("{id} box 5"),
            format!("{id} box 6")]);
        assert_eq!(files, [of("a", "2026-03-03", "BE"), of("b", "2026-03-04", "NL")]);
        // Each of them finds its file.
        for value in ["2026-03-04", "b seller", "NL", "b3", "b box 6"] {
            let path = format!("/api/v1/documents?query=metadata.groupValues={}", value.replace(' ', "%2520"));
            let found = send(&t, "sec-acme", Method::GET, &path, "").await.json()["data"]["documents"].clone();
            assert_eq!(found.as_array().unwrap().len(), 1, "{value}: {found}");
        }
    }

    async fn an_order_whose_data_are_wrong_is_to_review_until_they_are_mended(engine: Engine) {
        let t = serving_setup(engine, &SETUP.replacen("default_parcel = { weight_kg = 1.0 }\n", "", 1)).await;
        let mut light = order("LIGHT", "dona-ana", "NL", 1);
        light["shipment"]["boxes"] = json!([{ "customField1": "shelf 3" }]);
        let mut nowhere = order("NOWHERE", "dona-ana", "NL", 1);
        nowhere["shipment"].as_object_mut().unwrap().remove("shipTo");
        for order in [&order("GOOD", "dona-ana", "NL", 1), &light, &nowhere] {
            assert_eq!(post(&t, order).await.status, 201);
        }
        // Another interface says what is inside, but not what customs will ask.
        let abroad = changed(crate::fixture::order("ABROAD"), "/shipping_address/country_code", json!("CH"));
        place(&t, [changed(abroad, "/shipping_address/postal_code", json!("8001"))]).await;
        let statuses = async || {
            let mut statuses = Vec::new();
            for id in ["GOOD", "LIGHT", "NOWHERE", "ABROAD"] {
                statuses.push(show(&t, id).await["status"].as_str().unwrap().to_owned());
            }
            statuses
        };
        assert_eq!(statuses().await, ["REGISTERED"; 4]);
        assert_eq!(label(&t, "?query=status=REGISTERED", "").await.json()["data"]["orders"], 4);
        t.run_jobs().await;
        assert_eq!(statuses().await, ["PENDING_TO_SHIP", "TO_REVIEW", "TO_REVIEW", "TO_REVIEW"]);
        let failed = t.get("/v1/batches/bat_1/orders?outcome=failed").await.json();
        let failed = failed["data"].as_array().unwrap();
        let told: Vec<_> = failed.iter().map(|one| (&one["number"], &one["errors"][0]["pointer"], &one["errors"][0]["detail"])).collect();
        insta::assert_json_snapshot!(told, @r#"
        [
          [
            "N-LIGHT",
            "/parcels/0/weight",
            "nobody said what the parcel weighs: send a weight, or set default_parcel for the tenant"
          ],
          [
            "N-NOWHERE",
            "/shipping_address",
            "the order has no shipping address"
          ],
          [
            "N-ABROAD",
            "/items/0/hs_code",
            "\"OR-1\" has no tariff code (HS, 6 to 10 digits)"
          ]
        ]
        "#);
        let unserved = events(&t).await.iter().filter(|kind| *kind == "order.unserved").count();
        assert_eq!(unserved, 3);

        // Once they are mended, each is as it was, and goes with the next run.
        let mended = json!({ "shipment": { "boxes": [{ "customField1": "shelf 3", "weight": 1.5 }] } });
        assert_eq!(patch(&t, "LIGHT", &mended).await.status, 200);
        assert_eq!(statuses().await[1], "REGISTERED");
        assert_eq!(label(&t, "?query=status=REGISTERED", "").await.json()["data"]["orders"], 1);
        t.run_jobs().await;
        assert_eq!(statuses().await, ["PENDING_TO_SHIP", "PENDING_TO_SHIP", "TO_REVIEW", "TO_REVIEW"]);
        // A label that was given back leaves nothing to review.
        let shipment = t.get("/v1/batches/bat_2/orders").await.json()["data"][0]["shipment"].as_str().unwrap().to_owned();
        assert_eq!(t.post(&format!("/v1/shipments/{shipment}/cancel"), &Json::Null).await.status, 200);
        assert_eq!(statuses().await[1], "REGISTERED");
    }

    async fn a_call_that_would_label_everything_or_makes_no_sense_is_refused(engine: Engine) {
        let t = serving(engine).await;
        assert_eq!(post(&t, &order("A", "dona-ana", "NL", 1)).await.status, 201);
        let everything = "query: it names no field that orders can be chosen by, and would label every order";
        for query in ["?query=", "?query=colour=red", "?query=limit=5", "?query=filter=%7B%7D"] {
            assert_eq!(label(&t, query, "").await.story(), error(400, everything), "{query}");
        }
        assert_eq!(label(&t, "", "").await.story(), error(400, "query: Field required"));
        let body = json!({ "grouped": "maybe", "groupValues": ["colour", "seller"] }).to_string();
        let refused = label(&t, "?query=seller=dona-ana", &body).await;
        insta::assert_json_snapshot!(refused.story(), @r#"
        {
          "body": {
            "code": 400,
            "data": null,
            "info": "grouped: Input should be a valid boolean, unable to interpret input, found \"maybe\"; groupValues[0]: expected one of sendDate, seller, courier, country, orderCustomField1, orderCustomField2, orderCustomField3, orderCustomField4, orderCustomField5, orderCustomField6, boxCustomField1, boxCustomField2, boxCustomField3, boxCustomField4, boxCustomField5, boxCustomField6, found \"colour\""
          },
          "status": 400
        }
        "#);
        assert_eq!(label(&t, "?query=seller=dona-ana", "[").await.status, 400);
        let none = label(&t, "?query=seller=nobody", "{}").await;
        insta::assert_json_snapshot!(none.json()["data"], @r#"
        {
          "_batchId": null,
          "boxes": 0,
          "documents": [],
          "orders": 0
        }
        "#);
        t.run_jobs().await;
        assert_eq!(show(&t, "A").await["status"], "REGISTERED");
    }
}
