//! The native API: shipments, labels, packing slips and what happened to parcels.

use std::time::Duration;

use serde_json::{Value as Json, json};
use testkit::carrier::{Outcome, Scripted};
use testkit::{TestApp, on_both_engines};

use crate::fixture::{changed, events, kind_of, order, place, scripted, serving, tidy};

pub(crate) const SHIP: &str = "/v1/orders/ord_1/shipments";

/// A parcel as it is shown after booking.
fn parcel(number: u32, weight: &str, tracking_number: &str, tracking: &str) -> Json {
    json!({
        "id": format!("pcl_{number}"),
        "position": number,
        "weight_kg": weight,
        "tracking_number": tracking_number,
        "sscc": format!("0{tracking_number}"),
        "tracking": tracking,
        "number_from": { "source": "carrier", "who": "house", "at": "2026-03-02T10:00:00Z" },
        "has_label": true,
        "tracking_url": "http://127.0.0.1:8080/t/<token>",
    })
}

const FIRST: &str = "40123450000000016";
const SECOND: &str = "40123450000000023";

async fn report(t: &TestApp, reports: Json) -> Json {
    let answer = t.post("/v1/shipments/shp_1/tracking-events", &json!({ "events": reports })).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

on_both_engines! {
    async fn an_order_is_shipped_shown_and_cancelled(engine: Engine) {
        let t = serving(engine).await;
        place(&t, [order("A")]).await;
        let created = t
            .post(
                SHIP,
                &json!({
                    "location": "oss",
                    "service": "house:standard",
                    "parcels": [
                        { "weight_kg": "1.5", "contents": [{ "item": "line-1", "quantity": 1 }] },
                        { "weight_kg": 2, "dimensions_cm": { "length": 30, "width": "20.5", "height": 10 } },
                    ],
                }),
            )
            .await;
        let price = |amount: &str| json!({ "amount": amount, "currency": "EUR" });
        let each = |weight: &str| json!({
            "billed_weight_kg": weight, "is_volumetric": false, "because": "its gross weight", "price": price("4.90"),
        });
        let shipment = json!({
            "id": "shp_1",
            "order": "ord_1",
            "kind": "outgoing",
            "status": "booked",
            "tracking": "announced",
            "is_ready_to_print": true,
            "service": "house:standard",
            "service_name": "Standard",
            "location": "oss",
            "rate": {
                "service": "house:standard",
                "service_name": "Standard",
                "total": price("9.80"),
                "parcels": [each("1.5"), each("2")],
                "tariff": "contract",
                "transit_days": 2,
                "routing_code": "NL-1",
            },
            "decision": {
                "decided_by": null,
                "pick": "cheapest",
                "rules": [],
                "candidates": [{
                    "service": "house:standard",
                    "outcome": "chosen",
                    "why": "the cheapest",
                    "total": price("9.80"),
                    "billed_weights_kg": ["1.5", "2"],
                    "transit_days": 2,
                }],
            },
            "created_at": "2026-03-02T10:00:00Z",
            "booked_at": "2026-03-02T10:00:00Z",
            "parcels": [parcel(1, "1.5", FIRST, "announced"), parcel(2, "2", SECOND, "announced")],
        });
        assert_eq!(tidy(created.story()), json!({ "status": 201, "body": shipment }));
        let shown = t.get("/v1/shipments/shp_1").await;
        assert_eq!(shown.json(), created.json());
        assert_eq!(t.get(SHIP).await.json(), json!({ "data": [created.json()] }));

        let cancelled = t.post("/v1/shipments/shp_1/cancel", &Json::Null).await;
        let mut expected = shipment;
        (expected["status"], expected["is_ready_to_print"]) = (json!("cancelled"), json!(false));
        assert_eq!(tidy(cancelled.story()), json!({ "status": 200, "body": expected }));
        assert_eq!(t.post("/v1/shipments/shp_1/cancel", &Json::Null).await.status, 200, "cancelling twice is harmless");
        assert_eq!(
            events(&t).await,
            ["order.created", "shipment.requested", "shipment.booked", "shipment.ready_to_print", "shipment.cancelled",]
        );
        // An order whose shipment was cancelled can be shipped again.
        let again = t.post(SHIP, &json!({})).await;
        assert_eq!((again.status.as_u16(), &again.json()["id"]), (201, &json!("shp_2")));
    }

    async fn a_label_is_drawn_at_once_in_the_format_asked_for(engine: Engine) {
        let t = serving(engine).await;
        place(&t, [order("A")]).await;
        let refused = t.post(SHIP, &json!({ "label_format": "zpl_1200" })).await.json();
        assert_eq!(refused["errors"][0]["pointer"], "/label_format");
        assert_eq!(t.post(SHIP, &json!({ "label_format": "zpl_203" })).await.status, 201);
        let kept = t.get("/v1/shipments/shp_1/documents").await.json();
        let formats: Vec<_> = kept["data"].as_array().unwrap().iter().map(|document| &document["format"]).collect();
        assert_eq!(formats, ["zpl_203"]);
    }

    async fn labels_and_packing_slips_are_fetched_in_any_format(engine: Engine) {
        let t = serving(engine).await;
        place(&t, [order("A")]).await;
        assert_eq!(t.call(http::Method::POST, SHIP, "").await.status, 201, "no body, no wishes");
        for (query, media_type, kind) in [
            ("", "application/pdf", "<PDF>"),
            ("?format=pdf_100x150", "application/pdf", "<PDF>"),
            ("?format=pdf_a6", "application/pdf", "<PDF>"),
            ("?format=pdf_a4", "application/pdf", "<PDF>"),
            ("?format=zpl_203", "application/zpl", "<ZPL>"),
            ("?format=zpl_300", "application/zpl", "<ZPL>"),
            ("?format=zpl_600", "application/zpl", "<ZPL>"),
            ("?format=png_203", "image/png", "<PNG>"),
            ("?format=png_600", "image/png", "<PNG>"),
        ] {
            let label = t.get(&format!("/v1/parcels/pcl_1/label{query}")).await;
            assert_eq!((label.status.as_u16(), label.header("content-type")), (200, media_type), "{query}");
            assert_eq!(kind_of(&label.bytes), kind);
            assert_eq!(t.get(&format!("/v1/parcels/pcl_1/label{query}")).await.bytes, label.bytes);
        }
        let slip = t.get("/v1/shipments/shp_1/packing-slip").await;
        assert_eq!((slip.header("content-type"), kind_of(&slip.bytes)), ("application/pdf", "<PDF>"));

        let documents = t.get("/v1/shipments/shp_1/documents").await;
        let document = |number: u32, kind: &str, format: &str, media_type: &str, parcel: Json| {
            json!({
                "id": format!("doc_{number}"),
                "kind": kind,
                "format": format,
                "media_type": media_type,
                "parcel": parcel,
                "size": "<count>",
                "sha256": "<sha256>",
                "warnings": [],
                "link": "http://127.0.0.1:8080/d/<token>",
            })
        };
        let label = |number, format, media_type| document(number, "label", format, media_type, json!("pcl_1"));
        assert_eq!(
            tidy(documents.story()),
            json!({ "status": 200, "body": { "data": [
            label(1, "pdf_100x150", "application/pdf"),
            label(2, "pdf_a6", "application/pdf"),
            label(3, "pdf_a4", "application/pdf"),
            label(4, "zpl_203", "application/zpl"),
            label(5, "zpl_300", "application/zpl"),
            label(6, "zpl_600", "application/zpl"),
            label(7, "png_203", "image/png"),
            label(8, "png_600", "image/png"),
            document(9, "packing_slip", "pdf_a4", "application/pdf", Json::Null),
        ] } })
        );
        assert_eq!(t.get("/v1/documents/doc_9").await.bytes, slip.bytes);
        let theirs = t.call_with(crate::fixture::OTHER, http::Method::GET, "/v1/documents/doc_9", "").await;
        assert_eq!(theirs.status, 404);
    }

    async fn what_a_fleet_reports_moves_its_parcels(engine: Engine) {
        let t = serving(engine).await;
        place(&t, [order("A")]).await;
        let two = json!({ "parcels": [{ "weight_kg": 1 }, { "weight_kg": 1 }] });
        assert_eq!(t.post(SHIP, &two).await.status, 201);
        let scan =
            json!({ "code": "PICKED_UP", "happened_at": "2026-03-02T11:00:00Z", "city": "Oss", "country": "NL" });
        let moved = report(&t, json!([scan])).await;
        assert_eq!(
            tidy(moved)["parcels"],
            json!([parcel(1, "1", FIRST, "in_transit"), parcel(2, "1", SECOND, "in_transit")])
        );
        report(&t, json!([scan])).await;
        let delivered = json!([
            { "parcel": "pcl_1", "code": "DELIVERED", "happened_at": "2026-03-02T12:00:00Z", "message": "Signed: Doe" },
            { "parcel": "pcl_2", "code": "XYZ", "happened_at": "2026-03-02T12:00:00Z" },
        ]);
        let moved = report(&t, delivered).await;
        assert_eq!(
            (&moved["parcels"][0]["tracking"], &moved["parcels"][1]["tracking"]),
            (&json!("delivered"), &json!("in_transit"))
        );
        let history = t.get("/v1/parcels/pcl_1/tracking-events").await;
        assert_eq!(
            history.story(),
            json!({ "status": 200, "body": { "data": [
            {
                "id": "trk_1",
                "code": "PICKED_UP",
                "status": "in_transit",
                "milestone": "picked_up",
                "happened_at": "2026-03-02T11:00:00Z",
                "place": { "city": "Oss", "country": "NL" },
                "received_at": "2026-03-02T10:00:00Z",
            },
            {
                "id": "trk_5",
                "code": "DELIVERED",
                "status": "delivered",
                "message": "Signed: Doe",
                "happened_at": "2026-03-02T12:00:00Z",
                "received_at": "2026-03-02T10:00:00Z",
            },
        ] } })
        );
        let told = events(&t).await;
        assert_eq!(told.iter().filter(|kind| *kind == "parcel.tracking_changed").count(), 3);

        let wrong = t
            .post(
                "/v1/shipments/shp_1/tracking-events",
                &json!({ "events": [
            { "code": "", "status": "teleported", "parcel": "pcl_x!", "happened_at": "soon", "colour": 1 },
        ] }),
            )
            .await;
        let fields: Vec<_> = wrong.json()["errors"].as_array().unwrap().iter().map(|e| e["pointer"].clone()).collect();
        assert_eq!(
            json!(fields),
            json!([
                "/events/0/colour",
                "/events/0/parcel",
                "/events/0/code",
                "/events/0/status",
                "/events/0/happened_at",
            ])
        );
        let strange = t
            .post(
                "/v1/shipments/shp_1/tracking-events",
                &json!({ "events": [
            { "code": "DELIVERED", "parcel": "pcl_9" },
        ] }),
            )
            .await;
        assert_eq!(
            strange.json()["errors"],
            json!([
                { "pointer": "/events/0/parcel", "detail": "pcl_9 is no parcel of this shipment" },
            ])
        );
    }

    async fn parcels_nobody_scanned_are_listed_until_somebody_does(engine: Engine) {
        let t = serving(engine).await;
        place(&t, [order("A"), order("B")]).await;
        t.post(SHIP, &json!({})).await;
        t.post("/v1/orders/ord_2/shipments", &json!({})).await;
        let waiting = |number: u32, tracking_number: &str| {
            json!({
                "id": format!("pcl_{number}"),
                "shipment": format!("shp_{number}"),
                "order": format!("ord_{number}"),
                "tracking_number": tracking_number,
                "booked_at": "2026-03-02T10:00:00Z",
            })
        };
        let unscanned = async || t.get("/v1/parcels?without_scan_for_hours=8").await.story();
        let shown = |data: &[Json]| json!({ "status": 200, "body": { "data": data } });
        assert_eq!(unscanned().await, shown(&[]), "not yet");
        t.clock.advance(Duration::from_secs(24 * 3600 + 1));
        assert_eq!(unscanned().await, shown(&[waiting(1, FIRST), waiting(2, SECOND)]));
        report(&t, json!([{ "code": "DEPOT" }])).await;
        assert_eq!(unscanned().await, shown(&[waiting(2, SECOND)]));
    }

    async fn an_order_that_cannot_be_shipped_says_why(engine: Engine) {
        let carrier = Scripted::new();
        carrier.next_booking(Outcome::No("street too long"));
        let t = scripted(engine, &carrier).await;
        place(&t, [order("A"), changed(order("B"), "/shipping_address", Json::Null)]).await;
        let error = |pointer: &str, detail: &str| json!({ "pointer": pointer, "detail": detail });
        let refused = t.post("/v1/orders/ord_2/shipments", &json!({ "location": "mars" })).await;
        assert_eq!(
            refused.json()["errors"],
            json!([
                error("/shipping_address", "the order has no shipping address"),
                error("/location", "no location is known as \"mars\""),
            ])
        );
        let refused = t.post(SHIP, &json!({ "service": "nobody:standard", "parcel": [] })).await;
        assert_eq!(refused.json()["errors"], json!([error("/parcel", "Extra inputs are not permitted")]));
        let refused = t.post(SHIP, &json!({ "service": "nobody:standard" })).await;
        assert_eq!(
            refused.json()["errors"],
            json!([error("/service/code", "no service \"nobody:standard\" is offered at location \"oss\""),])
        );
        let refused = t.post(SHIP, &json!({})).await;
        assert_eq!(
            refused.story(),
            json!({ "status": 422, "body": {
            "type": "/docs/errors#carrier-refused",
            "title": "Carrier refused",
            "status": 422,
            "detail": refused.json()["detail"],
            "carrier_answer": "/v1/shipments/shp_1/exchanges",
            "errors": [error("/shipping_address", "street too long")],
        } })
        );
        let failed = t.get("/v1/shipments/shp_1").await.json();
        assert_eq!((&failed["status"], &failed["is_ready_to_print"]), (&json!("failed"), &json!(false)));
        assert!(failed["note"].as_str().unwrap().contains("street too long"));
        let slip = t.get("/v1/parcels/pcl_1/label").await;
        assert_eq!(
            (slip.status.as_u16(), &slip.json()["detail"]),
            (404, &json!("There is no such label in this format."))
        );
    }
}
