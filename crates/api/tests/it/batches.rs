//! Batches over the native API, and pages of lists that show shipments.

use domain::channel::Dialect;
use domain::ids::OrderId;
use http::Method;
use serde_json::{Value as Json, json};
use testkit::carrier::Scripted;
use testkit::{TestApp, on_both_engines};

use crate::fixture::{OTHER, order, place, scripted, serving};
use crate::openapi::conforms;

/// Places so many orders and answers their native ids.
async fn placed(t: &TestApp, names: impl Iterator<Item = String>) -> Vec<String> {
    let numbers = place(t, names.map(|name| order(&name))).await;
    let native = |number: String| OrderId::new(number.parse().unwrap()).unwrap().to_string();
    numbers.into_iter().map(native).collect()
}

/// Without what differs from run to run.
fn plain(mut batch: Json) -> Json {
    for document in batch["documents"].as_array_mut().unwrap() {
        for name in ["link", "sha256", "size"] {
            document[name] = json!("…");
        }
    }
    for lane in batch["carriers"].as_array_mut().unwrap() {
        lane.as_object_mut().unwrap().remove("per_minute");
    }
    batch
}

/// How many statements a page takes to answer.
async fn statements(t: &TestApp, path: &str, rows: usize) -> u64 {
    // Whoever asks is known by then.
    t.get("/v1/carrier-accounts").await;
    let before = testkit::statements();
    let answer = t.get(path).await;
    let after = testkit::statements();
    let body = answer.json();
    let data = &body["data"];
    let lists = [&body, data, &data["orders"], &data["documents"]];
    let list = lists.into_iter().find_map(Json::as_array).unwrap_or_else(|| panic!("{path}: {body}"));
    assert_eq!(list.len(), rows, "{path}");
    after - before
}

on_both_engines! {
    async fn b1_a_batch_is_watched_its_failures_are_listed_and_tried_again(engine: Engine) {
        let t = serving(engine).await;
        let mut orders = placed(&t, ["A", "B"].map(str::to_owned).into_iter()).await;
        let homeless = json!({ "external_id": "C", "number": "N-C", "items": [{ "name": "Cup", "quantity": 1 }] });
        orders.push(t.post("/v1/orders", &homeless).await.json()["id"].as_str().unwrap().to_owned());
        let begun = t.post("/v1/batches", &json!({ "orders": orders, "group_by": ["country"] })).await;
        assert_eq!(begun.status, 202, "{}", begun.text());
        conforms(Dialect::Native, "POST /v1/batches", &begun);
        insta::assert_json_snapshot!(begun.json(), @r#"
        {
          "carriers": [],
          "counts": {
            "failed": 0,
            "labelled": 0,
            "skipped": 0,
            "total": 3,
            "waiting": 3
          },
          "created_at": "2026-03-02T10:00:00Z",
          "documents": [],
          "finished_at": null,
          "format": "pdf_100x150",
          "group_by": [
            "country"
          ],
          "id": "bat_1",
          "rotation": 0,
          "round": 1,
          "start_position": 0,
          "status": "labelling"
        }
        "#);
        let early = t.post("/v1/batches/bat_1/retry", &json!({})).await;
        assert_eq!((early.status.as_u16(), early.json()["detail"].as_str().unwrap()), (409, "the batch is still worked on: retry what failed when it is done"));
        t.run_jobs().await;
        let done = t.get("/v1/batches/bat_1").await;
        conforms(Dialect::Native, "GET /v1/batches/{id}", &done);
        insta::assert_json_snapshot!(plain(done.json()), @r#"
        {
          "carriers": [
            {
              "account": "house",
              "done": 3,
              "waiting": 0
            }
          ],
          "counts": {
            "failed": 1,
            "labelled": 2,
            "skipped": 0,
            "total": 3,
            "waiting": 0
          },
          "created_at": "2026-03-02T10:00:00Z",
          "documents": [
            {
              "format": "pdf_100x150",
              "group": {
                "country": "NL"
              },
              "id": "doc_3",
              "labels": 2,
              "link": "…",
              "media_type": "application/pdf",
              "place": 1,
              "printing": 1,
              "sha256": "…",
              "size": "…",
              "warnings": []
            }
          ],
          "finished_at": "2026-03-02T10:00:00Z",
          "format": "pdf_100x150",
          "group_by": [
            "country"
          ],
          "id": "bat_1",
          "rotation": 0,
          "round": 1,
          "start_position": 0,
          "status": "done"
        }
        "#);
        let file = t.get("/v1/documents/doc_3").await;
        assert_eq!((file.status.as_u16(), file.header("content-type")), (200, "application/pdf"));
        assert_eq!(file.header("content-disposition"), "inline; filename=\"labels-doc_3.pdf\"");
        let link = done.json()["documents"][0]["link"].as_str().unwrap().replace("http://127.0.0.1:8080", "");
        assert_eq!(t.get(&link).await.bytes, file.bytes);

        let failed = t.get("/v1/batches/bat_1/orders?outcome=failed").await;
        conforms(Dialect::Native, "GET /v1/batches/{id}/orders", &failed);
        insta::assert_json_snapshot!(failed.json(), @r#"
        {
          "data": [
            {
              "errors": [
                {
                  "detail": "the order has no shipping address",
                  "pointer": "/shipping_address"
                }
              ],
              "external_id": "C",
              "number": "N-C",
              "order": "ord_3",
              "outcome": "failed",
              "position": 3,
              "shipment": null,
              "tracking_numbers": []
            }
          ]
        }
        "#);
        let labelled = t.get("/v1/batches/bat_1/orders?outcome=labelled&after=1").await.json();
        assert_eq!(labelled["data"].as_array().unwrap().len(), 1);
        assert_eq!(labelled["data"][0]["tracking_numbers"].as_array().unwrap().len(), 1);

        // The address is mended, and the failed one is tried again.
        let mut mended = homeless.clone();
        mended["shipping_address"] = json!({ "name": "Erika Mustermann", "street1": "Unter den Linden 77", "postal_code": "10117", "city": "Berlin", "country": "DE" });
        assert_eq!(t.post("/v1/orders", &mended).await.status, 200);
        let retried = t.post("/v1/batches/bat_1/retry", &json!({})).await;
        assert_eq!(retried.status, 202);
        conforms(Dialect::Native, "POST /v1/batches/{id}/retry", &retried);
        t.run_jobs().await;
        let again = t.get("/v1/batches/bat_1").await.json();
        assert_eq!(again["counts"], json!({ "total": 3, "waiting": 0, "labelled": 3, "skipped": 0, "failed": 0 }));
        let files = t.get("/v1/batches/bat_1/documents").await;
        conforms(Dialect::Native, "GET /v1/batches/{id}/documents", &files);
        let told: Vec<_> = files.json()["data"].as_array().unwrap().iter().map(|file| {
            json!([file["printing"], file["place"], file["group"]["country"], file["labels"]])
        }).collect();
        assert_eq!(told, [json!([2, 1, "DE", 1]), json!([1, 1, "NL", 2])]);

        // All of it once more, for another printer.
        let printed = t.post("/v1/batches/bat_1/print", &json!({ "format": "zpl_203", "group_by": [] })).await;
        conforms(Dialect::Native, "POST /v1/batches/{id}/print", &printed);
        t.run_jobs().await;
        let printed = t.get("/v1/batches/bat_1").await.json();
        let first = &printed["documents"][0];
        assert_eq!(json!([first["printing"], first["format"], first["labels"], first["group"]]), json!([3, "zpl_203", 3, {}]));
    }

    async fn bad_input_names_every_field_and_nothing_is_stored(engine: Engine) {
        let t = serving(engine).await;
        let orders = placed(&t, ["A".to_owned()].into_iter()).await;
        let bad = json!({ "orders": ["ord_0", 7, orders[0]], "format": "gif", "group_by": ["country", "colour"], "colour": 1 });
        let refused = t.post("/v1/batches", &bad).await;
        conforms(Dialect::Native, "POST /v1/batches", &refused);
        let told = |answer: &testkit::Answer| {
            assert_eq!(answer.status, 400, "{}", answer.text());
            let errors = answer.json()["errors"].as_array().unwrap().clone();
            let one = |error: &Json| format!("{}: {}", error["pointer"].as_str().unwrap(), error["detail"].as_str().unwrap());
            errors.iter().map(one).collect::<Vec<_>>().join("\n")
        };
        insta::assert_snapshot!(told(&refused), @r#"
        /colour: Extra inputs are not permitted
        /orders/0: "ord_0" is no order id: expected ord_…
        /orders/1: Input should be a valid string
        /format: "gif" is no format: expected one of pdf_100x150, pdf_a6, pdf_a4, zpl_203, zpl_300, zpl_600, png_203, png_300, png_600
        /group_by/1: "colour" is nothing to group by: expected one of send_date, seller, carrier, country, order_field_1, order_field_2, order_field_3, order_field_4, order_field_5, order_field_6, box_field_1, box_field_2, box_field_3, box_field_4, box_field_5, box_field_6
        "#);
        let unknown = json!({ "orders": [orders[0], "ord_zz", "ord_zy"] });
        insta::assert_snapshot!(told(&t.post("/v1/batches", &unknown).await), @r#"
        /orders/1: there is no order ord_zz
        /orders/2: there is no order ord_zy
        "#);
        insta::assert_snapshot!(told(&t.post("/v1/batches", &json!({ "orders": [] })).await), @"/orders: List should have at least 1 item after validation, not 0");
        insta::assert_snapshot!(told(&t.post("/v1/batches", &json!({ "orders": orders, "format": "png_203" })).await), @"/format: a png_203 file holds one label: labels of many orders go as PDF or ZPL");
        let listed = t.get("/v1/batches/bat_1/orders?outcome=lost&after=x").await;
        insta::assert_snapshot!(told(&listed), @r#"
        /outcome: "lost" is not an outcome: expected one of waiting, labelled, skipped, failed
        /after: "x" is not what was given out as next
        "#);
        insta::assert_snapshot!(told(&t.get("/v1/batches/bat_1/documents?after=1").await), @r#"
        /after: "1" was never given out as next
        "#);
        assert_eq!(t.get("/v1/batches/bat_1").await.status, 404);

        // Another tenant's orders and batches are no different from those that do not exist.
        assert_eq!(t.post("/v1/batches", &json!({ "orders": orders })).await.status, 202);
        let theirs = t.call_with(OTHER, Method::POST, "/v1/batches", json!({ "orders": orders }).to_string()).await;
        insta::assert_snapshot!(told(&theirs), @r#"
        /orders/0: there is no order ord_1
        "#);
        for path in ["/v1/batches/bat_1", "/v1/batches/bat_1/orders", "/v1/batches/bat_1/documents"] {
            assert_eq!(t.get(path).await.status, 200, "{path}");
            assert_eq!(t.call_with(OTHER, Method::GET, path, "").await.status, 404, "{path}");
        }
        for path in ["/v1/batches/bat_1/retry", "/v1/batches/bat_1/print"] {
            assert_eq!(t.call_with(OTHER, Method::POST, path, "").await.status, 404, "{path}");
        }
    }

    async fn the_same_batch_sent_again_with_its_key_is_one_batch(engine: Engine) {
        let t = serving(engine).await;
        let orders = placed(&t, ["A".to_owned(), "B".to_owned()].into_iter()).await;
        let send = async || {
            let request = http::Request::builder().method(Method::POST).uri("/v1/batches").header("host", "waybill.example")
                .header("authorization", "Bearer sec-acme").header("idempotency-key", "monday");
            t.send(request.body(json!({ "orders": orders }).to_string().into()).unwrap()).await
        };
        let (first, second) = (send().await, send().await);
        assert_eq!((first.status.as_u16(), &first.bytes), (202, &second.bytes));
        assert_eq!(t.get("/v1/batches/bat_2").await.status, 404);
    }

    async fn b5_a_page_with_shipments_takes_as_many_statements_whatever_its_length_and_asks_no_carrier(engine: Engine) {
        let carrier = Scripted::new();
        let t = scripted(engine, &carrier).await;
        let orders = placed(&t, (0..60).map(|n| format!("{n}"))).await;
        let begun = t.post("/v1/batches", &json!({ "orders": orders, "format": "zpl_203" })).await;
        assert_eq!(begun.status, 202, "{}", begun.text());
        t.run_jobs().await;
        let asked = carrier.ledger(|ledger| (ledger.rates_asked, ledger.books_asked, ledger.tracks_asked.len()));
        assert_eq!(asked, (60, 60, 0));
        let pages = [
            ("/v1/batches/bat_1/orders?after=57", 3, "/v1/batches/bat_1/orders", 60),
            ("/api/v3/orders?page_size=3", 3, "/api/v3/orders?page_size=60", 60),
            ("/v2/orders?limit=3", 3, "/v2/orders?limit=60", 60),
            ("/v1/orders?limit=3", 3, "/v1/orders?limit=60", 60),
            ("/v1/shipments?limit=3", 3, "/v1/shipments?limit=60", 60),
            ("/api/v1/orders?query=limit=3", 3, "/api/v1/orders?query=limit=60", 60),
            ("/api/v1/documents?query=type=label%26limit=3", 3, "/api/v1/documents?query=type=label%26limit=60", 60),
        ];
        for (short, few, long, many) in pages {
            let (few, many) = (statements(&t, short, few).await, statements(&t, long, many).await);
            assert_eq!(few, many, "{long}");
            assert!(many <= 8, "{long} takes {many}");
        }
        assert_eq!(carrier.ledger(|ledger| (ledger.rates_asked, ledger.books_asked, ledger.tracks_asked.len())), asked);
    }
}
