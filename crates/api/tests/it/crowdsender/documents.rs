//! Documents listed by a query.

use http::Method;
use serde_json::{Value as Json, json};
use testkit::{Answer, TestApp, on_both_engines};

use super::{create, error, send};
use crate::fixture::{bare, kind_of, serving};

async fn ask(t: &TestApp, secret: &str, query: &str) -> Answer {
    let query =
        query.replace('%', "%25").replace('&', "%26").replace('>', "%3E").replace('<', "%3C").replace('^', "%5E");
    send(t, secret, Method::GET, &format!("/api/v1/documents?query={query}"), "").await
}

async fn documents(t: &TestApp, query: &str) -> Vec<Json> {
    let answer = ask(t, "sec-acme", query).await;
    assert_eq!(answer.status, 200, "{query}: {}", answer.text());
    answer.json()["data"]["documents"].as_array().unwrap().clone()
}

/// The order's number and the type of each document that a query chooses.
async fn found(t: &TestApp, query: &str) -> Vec<String> {
    let shown =
        |one: &Json| format!("{} {}", one["metadata"]["orderNumber"].as_str().unwrap(), one["type"].as_str().unwrap());
    documents(t, query).await.iter().map(shown).collect()
}

/// Two orders: A of two boxes with a packing slip, B of one box a minute later.
async fn stocked(t: &TestApp) {
    for (number, boxes) in
        [("A", json!([{ "_externalBoxId": "box-1", "weight": 1 }, { "weight": 2 }])), ("B", json!([{}]))]
    {
        create(
            t,
            &json!({
                "orderNumber": number, "tags": [number, "all"],
                "shipment": { "boxes": boxes, "shipTo": { "name": "Erika", "address": {
                    "street1": "Stadhuisplein 15", "city": "Oss", "postalCode": "5341AB", "country": "NL" } } },
            }),
        )
        .await;
        let id = domain::ids::OrderId::new(if number == "A" { 1 } else { 2 }).unwrap();
        let shipped = t.post(&format!("/v1/orders/{id}/shipments"), &json!({})).await;
        assert_eq!(shipped.status, 201, "{}", shipped.text());
        if number == "A" {
            assert_eq!(t.get("/v1/shipments/shp_1/packing-slip").await.status, 200);
        }
        t.run_jobs().await;
        t.clock.advance(std::time::Duration::from_mins(1));
    }
}

on_both_engines! {
    async fn d1_each_box_has_a_label_of_its_own_under_a_link_of_its_own(engine: Engine) {
        let t = serving(engine).await;
        stocked(&t).await;
        let labels = documents(&t, "metadata.orderNumber=A&type=label&skip=0&limit=10").await;
        let mut first = labels[0].clone();
        let link = first["url"].take();
        assert_eq!(first, json!({
            "_id": "69a55fa00000000000000001",
            "grouped": false, "extensionType": "pdf", "directory": "labels", "filename": "69a55fa00000000000000001.pdf",
            "type": "label", "url": null, "tags": ["A", "all"], "createdAt": "2026-03-02T10:00:00.000Z",
            "createdBy": { "name": "acme", "_idUser": "acme" },
            "metadata": {
                "groupValues": [], "_batchId": null, "_boxId": "69a55fa00100000000000001", "_externalBoxId": "box-1",
                "_orderId": "69a55fa00000000000000001", "orderNumber": "A",
            },
        }));
        let mut bytes = Vec::new();
        for label in &labels {
            let path = label["url"].as_str().unwrap().strip_prefix("http://127.0.0.1:8080").unwrap().to_owned();
            let label = bare(&t, &[], Method::GET, &path, "").await;
            assert_eq!((label.status.as_u16(), kind_of(&label.bytes)), (200, "<PDF>"));
            bytes.push(label.bytes);
        }
        assert!(bytes.len() == 2 && bytes[0] != bytes[1]);
        assert_eq!(documents(&t, &format!("url={}", link.as_str().unwrap())).await.len(), 1, "the link finds its document");
    }

    async fn every_field_of_a_document_can_be_asked_for(engine: Engine) {
        let t = serving(engine).await;
        stocked(&t).await;
        let all = ["A label", "A label", "A packingSlip", "B label"];
        let (of_a, labels, b) = (&all[..3], ["A label", "A label", "B label"], &all[3..]);
        for (query, expected) in [
            ("", &all[..]),
            ("grouped=false", &all),
            ("grouped=true", &[]),
            ("extensionType=pdf", &all),
            ("extensionType=zpl", &[]),
            ("directory=labels", &labels),
            ("directory=packing-slips,customs", &all[2..3]),
            ("filename=69a55fa00000000000000001.pdf", &all[..1]),
            ("filename=/\\.pdf$/", &all),
            ("type=packingSlip", &all[2..3]),
            ("type!=label", &all[2..3]),
            ("url=https://example.com/d/x", &[]),
            ("tags=all&type=label", &labels),
            ("tags=B", b),
            ("createdAt>=2026-03-02T10:01:00.000Z", b),
            ("createdAt<2026-03-02T10:01:00Z&createdAt>2026-03-01", of_a),
            ("createdAt=2026-03-02T10:00:00Z", of_a),
            ("createdBy", &all),
            ("createdBy.name=acme&createdBy._idUser=acme", &all),
            ("createdBy.name=somebody", &[]),
            ("metadata.groupValues=seller", &[]),
            ("metadata._batchId=1", &[]),
            ("!metadata._batchId", &all),
            ("metadata._boxId=69a55fa00200000000000001", &all[1..2]),
            ("metadata._externalBoxId=box-1", &all[..1]),
            ("metadata._orderId=69a55fa00000000000000001", of_a),
            ("metadata.orderNumber=A", of_a),
            ("metadata.orderNumber=A,B&limit=2&skip=2", &all[2..]),
            ("sort=-createdAt&limit=1", b),
            ("metadata.orderNumber=A&sort=type,-_id", &["A label", "A label", "A packingSlip"]),
            ("sort=-metadata.orderNumber", &["B label", "A label", "A label", "A packingSlip"]),
            ("password=x", &all),
        ] {
            assert_eq!(found(&t, query).await, expected, "{query}");
        }
        let page = ask(&t, "sec-acme", "limit=3&fields=type").await.json()["data"].clone();
        assert_eq!((&page["hasMore"], page["documents"][0].as_object().unwrap().len()), (&json!(true), 2));
        for (query, why) in [
            ("createdAt=soon", "query: createdAt: expected a date such as 2022-02-24 or 2022-02-24T00:00:00.000Z, found \
                {\"$eq\":\"soon\"}"),
            ("sort=size", "query: sort: \"size\" is not a field that can be sorted by"),
        ] {
            assert_eq!(ask(&t, "sec-acme", query).await.story(), error(400, why), "{query}");
        }
        let bare = send(&t, "sec-acme", Method::GET, "/api/v1/documents", "").await;
        assert_eq!(bare.story(), error(400, "query: Field required"));
        // Another tenant finds nothing, whatever it names.
        for query in ["", "metadata.orderNumber=A", "_id=69a55fa00000000000000001", "filename=69a55fa00000000000000001.pdf"] {
            assert_eq!(ask(&t, "sec-other", query).await.json()["data"]["documents"], json!([]), "{query}");
        }
    }
}
