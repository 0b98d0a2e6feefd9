//! Labels at once: `create-label-sync`.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures::future::join_all;
use http::Method;
use serde_json::{Value as Json, json};
use testkit::carrier::{Outcome, Scripted};
use testkit::{TestApp, on_both_engines};

use crate::fixture::{bare, kind_of, order, place, scripted, serving, ship, tidy};

const PATH: &str = "/api/v3/orders/create-label-sync";

/// The answer for the usual order, in the format `(mime type, dpi)`.
fn shipped(documents: usize, (mime_type, file, dpi): (&str, &str, u32)) -> Json {
    let label = json!({ "file": file, "mime_type": mime_type, "dpi": dpi });
    let link = json!({
        "type": "label", "document_type": "label", "size": "a6", "link": "http://127.0.0.1:8080/d/<token>",
    });
    json!({ "status": 201, "body": { "data": {
        "parcel_id": 1,
        "parcels_ids": (1..=documents).collect::<Vec<_>>(),
        "shipment_id": "1",
        "order_id": "A",
        "order_number": "N-A",
        "tracking_number": "40123450000000016",
        "tracking_url": "http://127.0.0.1:8080/t/<token>",
        "label": label,
        "label_details": label,
        "documents": vec![link; documents],
    } } })
}

const PDF: (&str, &str, u32) = ("application/pdf", "<PDF>", 72);

/// The path of a document link.
fn link(answer: &Json, index: usize) -> String {
    let link = answer["data"]["documents"][index]["link"].as_str().unwrap();
    link.strip_prefix("http://127.0.0.1:8080").unwrap().to_owned()
}

/// The formats of a shipment's documents.
async fn formats(t: &TestApp, shipment: &Json) -> Vec<Json> {
    let documents = t.get(&format!("/v1/shipments/{}/documents", shipment.as_str().unwrap())).await.json();
    documents["data"].as_array().unwrap().iter().map(|document| document["format"].clone()).collect()
}

on_both_engines! {
    async fn an_order_is_shipped_and_its_label_comes_back(engine: Engine) {
        let t = serving(engine).await;
        place(&t, [order("A")]).await;
        let answer = ship(&t, "A").await;
        assert_eq!(tidy(answer.story()), shipped(1, PDF));
        let file = STANDARD.decode(answer.json()["data"]["label"]["file"].as_str().unwrap()).unwrap();
        let linked = bare(&t, &[], Method::GET, &link(&answer.json(), 0), "").await;
        assert_eq!(linked.status, 200, "without a key");
        assert_eq!(linked.bytes, file);
        assert_eq!(linked.header("content-type"), "application/pdf");
        assert_eq!(linked.header("cache-control"), "private, no-store");
        assert_eq!(linked.header("x-content-type-options"), "nosniff");
        assert_eq!(linked.header("content-disposition"), "inline; filename=\"label-doc_1.pdf\"");
    }

    async fn a_label_comes_in_the_format_that_was_asked_for(engine: Engine) {
        let t = serving(engine).await;
        place(&t, [order("A")]).await;
        for (mime_type, file, dpi, given) in [
            ("application/zpl", "<ZPL>", 203, 203),
            ("application/zpl", "<ZPL>", 300, 300),
            ("application/zpl", "<ZPL>", 600, 600),
            ("image/png", "<PNG>", 150, 203),
            ("image/png", "<PNG>", 600, 600),
            ("application/pdf", "<PDF>", 300, 72),
        ] {
            let body = json!({
                "integration_id": 7,
                "order": { "order_id": "A" },
                "label_details": { "mime_type": mime_type, "dpi": dpi },
            });
            let answer = t.post(PATH, &body).await;
            assert_eq!(tidy(answer.story()), shipped(1, (mime_type, file, given)));
            let linked = bare(&t, &[], Method::GET, &link(&answer.json(), 0), "").await;
            assert_eq!((linked.header("content-type"), kind_of(&linked.bytes)), (mime_type, file));
        }
        let refused = t
            .post(
                PATH,
                &json!({
                    "integration_id": 7,
                    "order": { "order_id": "A" },
                    "label_details": { "mime_type": "text/html", "dpi": 100 },
                }),
            )
            .await;
        assert_eq!(
            refused.story(),
            json!({ "status": 400, "body": { "errors": [
            {
                "status": "400",
                "code": "invalid",
                "detail": "Input should be 'application/pdf', 'application/zpl' or 'image/png'",
                "source": { "pointer": "/data/attributes/label_details/mime_type" },
            },
            {
                "status": "400",
                "code": "invalid",
                "detail": "Input should be 72, 150, 203, 300 or 600",
                "source": { "pointer": "/data/attributes/label_details/dpi" },
            },
        ] } })
        );
    }

    async fn a_link_lasts_a_week_and_cannot_be_guessed(engine: Engine) {
        let t = serving(engine).await;
        place(&t, [order("A")]).await;
        let path = link(&ship(&t, "A").await.json(), 0);
        let open = async |path: &str| bare(&t, &[], Method::GET, path, "").await;
        let gone = "This link does not lead to a document, or it has expired. Ask the sender for a new one.\n";
        let (head, last) = path.split_at(path.len() - 1);
        let tampered = format!("{head}{}", if last == "A" { "B" } else { "A" });
        for path in [tampered.as_str(), &path[..path.len() - 4], "/d/x", "/d/x.y", "/d/%FF", "/d/1"] {
            let answer = open(path).await;
            assert_eq!(answer.status.as_u16() / 100, 4, "{path}");
            assert_ne!(kind_of(&answer.bytes), "<PDF>");
        }
        assert_eq!(open(&tampered).await.text(), gone);
        t.clock.advance(Duration::from_secs(7 * 24 * 3600 - 1));
        assert_eq!(open(&path).await.status, 200);
        t.clock.advance(Duration::from_secs(1));
        let expired = open(&path).await;
        assert_eq!((expired.status.as_u16(), expired.text().as_str()), (404, gone));
    }

    async fn an_order_asked_for_twice_is_shipped_once(engine: Engine) {
        let carrier = Scripted::new();
        let t = scripted(engine, &carrier).await;
        place(&t, [order("A")]).await;
        let first = ship(&t, "A").await;
        let by_number = t.post(PATH, &json!({ "integration_id": 7, "order": { "order_number": "N-A" } })).await;
        for again in [ship(&t, "A").await, by_number] {
            assert_eq!(again.status, 201, "{}", again.text());
            for field in ["shipment_id", "parcels_ids", "tracking_number", "tracking_url", "label"] {
                assert_eq!(again.json()["data"][field], first.json()["data"][field], "{field}");
            }
        }
        assert_eq!(carrier.ledger(|ledger| ledger.books_asked), 1);
        assert_eq!(formats(&t, &json!("shp_1")).await, ["pdf_a6"]);
    }

    async fn an_order_asked_for_by_twenty_at_once_is_shipped_once(engine: Engine) {
        let carrier = Scripted::new();
        carrier.next_booking(Outcome::Slow(100));
        let t = scripted(engine, &carrier).await;
        place(&t, [order("A")]).await;
        let answers = join_all((0..20).map(|_| ship(&t, "A"))).await;
        for answer in &answers {
            assert_eq!(answer.status, 201, "{}", answer.text());
            assert_eq!(answer.json()["data"]["shipment_id"], answers[0].json()["data"]["shipment_id"]);
            assert_eq!(answer.json()["data"]["label"], answers[0].json()["data"]["label"]);
        }
        assert_eq!(carrier.ledger(|ledger| (ledger.books_asked, ledger.booked.len())), (1, 1));
        let shipments = t.get("/v1/orders/ord_1/shipments").await.json();
        assert_eq!(shipments["data"].as_array().unwrap().len(), 1);
        let kept = formats(&t, &shipments["data"][0]["id"]).await;
        assert_eq!(kept, ["pdf_a6"], "each label is kept once");
    }

    async fn parcels_are_taken_as_they_are_described(engine: Engine) {
        let t = serving(engine).await;
        place(&t, [order("A")]).await;
        let parcel = |weight: &str, quantity: u64| {
            json!({
                "dimensions": { "length": "30.00", "width": "20", "height": "10.5", "unit": "cm" },
                "weight": { "value": weight, "unit": "kg" },
                "parcel_items": [{ "item_id": "line-1", "quantity": quantity }],
            })
        };
        let asked = json!({
            "type": "shipping_option_code",
            "properties": { "shipping_option_code": "house:express", "contract_id": null },
        });
        let answer = t
            .post(
                PATH,
                &json!({
                    "integration_id": 7,
                    "sender_address_id": 4711,
                    "ship_with": asked,
                    "order": { "order_number": "N-A", "parcels": [parcel("1.320", 1), parcel("0.5", 1)] },
                }),
            )
            .await;
        let mut expected = shipped(2, PDF);
        expected["body"]["data"]["ship_with"] =
            json!({ "type": "shipping_option_code", "properties": { "shipping_option_code": "house:express" } });
        assert_eq!(tidy(answer.story()), expected);
        assert_ne!(link(&answer.json(), 0), link(&answer.json(), 1));
        let shipment = t.get("/v1/shipments/shp_1").await.json();
        let weights: Vec<_> =
            shipment["parcels"].as_array().unwrap().iter().map(|parcel| &parcel["weight_kg"]).collect();
        assert_eq!(json!(weights), json!(["1.32", "0.5"]));
        assert_eq!((&shipment["service"], &shipment["location"]), (&json!("house:express"), &json!("oss")));
        assert_eq!(shipment["rate"]["total"], json!({ "amount": "19.80", "currency": "EUR" }));
    }

    async fn the_orders_own_wish_is_followed(engine: Engine) {
        let t = serving(engine).await;
        let wish = json!({ "ship_with": {
            "type": "shipping_option_code", "properties": { "shipping_option_code": "house:express" },
        } });
        place(&t, [crate::fixture::changed(order("A"), "/shipping_details", wish), order("B")]).await;
        for (order_id, shipment, service) in [("A", "shp_1", "house:express"), ("B", "shp_2", "house:standard")] {
            assert_eq!(ship(&t, order_id).await.status, 201);
            assert_eq!(t.get(&format!("/v1/shipments/{shipment}")).await.json()["service"], service);
        }
    }
}
