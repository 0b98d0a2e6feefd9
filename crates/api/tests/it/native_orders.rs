//! The native API: orders, events and errors.

use http::Method;
use serde_json::{Value as Json, json};
use testkit::on_both_engines;

use crate::fixture::{OTHER, events, order, place, serving};

fn native() -> Json {
    json!({
        "external_id": "A",
        "number": "N-A",
        "status": "open",
        "placed_at": "2026-03-01",
        "items": [{
            "id": "line-1",
            "sku": "OR-1",
            "name": "Orange",
            "quantity": 2,
            "unit_price": { "amount": 1.75, "currency": "EUR" },
            "weight_kg": "0.25",
        }],
        "notes": "Ring twice",
        "tags": ["fragile"],
        "total": { "amount": "3.50", "currency": "EUR" },
        "cash_on_delivery": false,
        "shipping_address": {
            "name": "John Doe", "street1": "Stadhuisplein", "house_number": "15", "postal_code": "5341AB",
            "city": "Oss", "country": "NL",
        },
        "service": "house:express",
    })
}

fn problem(status: u16, kind: &str, title: &str, detail: &str) -> Json {
    json!({ "status": status, "body": {
        "type": format!("/docs/errors#{kind}"), "title": title, "status": status, "detail": detail,
    } })
}

on_both_engines! {
    async fn an_order_is_created_replaced_and_shown(engine: Engine) {
        let t = serving(engine).await;
        let shown = |version: u64| {
            json!({
                "id": "ord_1",
                "channel": 1_000_000,
                "version": version,
                "created_at": "2026-03-02T10:00:00Z",
                "modified_at": "2026-03-02T10:00:00Z",
                "shipping": "open",
                "external_id": "A",
                "number": "N-A",
                "shop_status": { "code": "open" },
                "placed_at": "2026-03-01",
                "items": [{
                    "id": "line-1",
                    "sku": "OR-1",
                    "name": "Orange",
                    "quantity": 2,
                    "unit_price": { "amount": "1.75", "currency": "EUR" },
                    "measurement": { "weight": { "value": "0.25", "unit": "kg" } },
                }],
                "notes": "Ring twice",
                "tags": ["fragile"],
                "payment": { "total": { "amount": "3.50", "currency": "EUR" }, "cash_on_delivery": false },
                "shipping_address": {
                    "name": "John Doe", "street1": "Stadhuisplein", "house_number": "15", "postal_code": "5341AB",
                    "city": "Oss", "country": "NL",
                },
                "delivery": { "service": { "code": "house:express" } },
            })
        };
        let created = t.post("/v1/orders", &native()).await;
        assert_eq!(created.story(), json!({ "status": 201, "body": shown(1) }));
        let again = t.post("/v1/orders/", &native()).await;
        assert_eq!(again.story(), json!({ "status": 200, "body": shown(1) }));
        assert_eq!(t.get("/v1/orders/ord_1").await.story(), json!({ "status": 200, "body": shown(1) }));
        let renamed = crate::fixture::changed(native(), "/number", json!("N-B"));
        let changed = t.post("/v1/orders", &renamed).await;
        let mut expected = shown(2);
        expected["number"] = json!("N-B");
        assert_eq!(changed.story(), json!({ "status": 200, "body": expected }));
        assert_eq!(events(&t).await, ["order.created", "order.updated"]);

        // The other dialect shows the same order, its gaps filled.
        let other = t.get("/api/v3/orders/1").await.json();
        assert_eq!(other["data"]["order_number"], "N-B");
        assert_eq!(
            other["data"]["order_details"]["order_items"][0]["total_price"],
            json!({ "value": 3.5, "currency": "EUR" })
        );
    }

    async fn every_field_that_is_wrong_or_unknown_is_named(engine: Engine) {
        let t = serving(engine).await;
        let answer = t
            .post(
                "/v1/orders",
                &json!({
                    "order_number": "A",
                    "items": [{ "name": "", "quantity": 0, "prise": 1 }],
                    "shipping_address": { "street1": "S", "city": 7, "country": "NLD" },
                }),
            )
            .await;
        let error = |pointer: &str, detail: &str| json!({ "pointer": pointer, "detail": detail });
        assert_eq!(answer.header("content-type"), "application/problem+json");
        assert_eq!(
            answer.story(),
            json!({ "status": 400, "body": {
            "type": "/docs/errors#invalid",
            "title": "Invalid input",
            "status": 400,
            "detail": "6 fields are wrong; see errors.",
            "errors": [
                error("/order_number", "Extra inputs are not permitted"),
                error("/items/0/prise", "Extra inputs are not permitted"),
                error("/items/0/name", "String should have at least 1 character"),
                error("/items/0/quantity", "Input should be greater than or equal to 1"),
                error("/shipping_address/city", "Input should be a valid string"),
                error("/shipping_address/country", "String should have at most 2 characters"),
            ],
        } })
        );
        let list = t.post("/v1/orders", &json!([native()])).await;
        assert_eq!(
            list.story(),
            json!({ "status": 400, "body": {
            "type": "/docs/errors#invalid",
            "title": "Invalid input",
            "status": 400,
            "detail": "One field is wrong; see errors.",
            "errors": [{ "pointer": "", "detail": "Input should be a valid dictionary" }],
        } })
        );
        let odd = t.post("/v1/orders", &json!({ "items": [], "a/b~c": 1 })).await;
        assert_eq!(
            odd.json()["errors"],
            json!([{ "pointer": "/a~1b~0c", "detail": "Extra inputs are not permitted" }])
        );
        let malformed = t.call(Method::POST, "/v1/orders", "{").await;
        let detail = "The body is not JSON: EOF while parsing an object: line 1 column 1.";
        assert_eq!(malformed.story(), problem(400, "malformed", "Malformed JSON", detail));
    }

    async fn what_is_unknown_or_not_allowed_is_a_problem_document(engine: Engine) {
        let reader = crate::fixture::key("reader", "[\"read\"]");
        let t = crate::fixture::serving_setup(engine, &crate::fixture::setup_with(&reader)).await;
        place(&t, [order("A")]).await;
        for (path, noun) in [
            ("/v1/orders/ord_2", "order"),
            ("/v1/orders/1", "order"),
            ("/v1/orders/ord_1x/shipments", "order"),
            ("/v1/shipments/shp_9", "shipment"),
            ("/v1/shipments/ord_1", "shipment"),
            ("/v1/shipments/shp_9/documents", "shipment"),
            ("/v1/shipments/shp_9/packing-slip", "shipment"),
            ("/v1/parcels/pcl_9/label", "parcel"),
            ("/v1/parcels/pcl_9/tracking-events", "parcel"),
            ("/v1/documents/doc_9", "document"),
            ("/v1/events/evt_99/deliveries", "event"),
        ] {
            let expected = problem(404, "not-found", "Not found", &format!("There is no such {noun}."));
            assert_eq!(t.get(path).await.story(), expected, "{path}");
        }
        let theirs = t.call_with(OTHER, Method::GET, "/v1/orders/ord_1", "").await;
        assert_eq!(theirs.story(), problem(404, "not-found", "Not found", "There is no such order."));
        let denied = t.call_with("Bearer sec-reader", Method::POST, "/v1/orders", native().to_string()).await;
        assert_eq!(denied.story(), problem(403, "denied", "Denied", "This key lacks the scope write."));
        let wrong = t.call_with("Bearer sec-nobody", Method::GET, "/v1/events", "").await;
        assert_eq!(wrong.story(), problem(401, "unauthenticated", "Unauthenticated", "No key has this secret."));
    }

    async fn the_feed_shows_each_event_once_in_order(engine: Engine) {
        let t = serving(engine).await;
        place(&t, [order("A"), order("B")]).await;
        t.clock.advance(std::time::Duration::from_secs(1));
        crate::fixture::delete(&t, "/api/v3/orders/1").await;
        t.run_jobs().await;
        let event = |position: u64, kind: &str, time: &str, order: &str, version: u64| {
            json!({
                "position": position,
                "id": format!("evt_{position}"),
                "type": kind,
                "timestamp": time,
                "data": { "order": order, "order_version": version },
            })
        };
        let all = [
            event(1, "order.created", "2026-03-02T10:00:00Z", "ord_1", 1),
            event(2, "order.created", "2026-03-02T10:00:00Z", "ord_2", 1),
            event(3, "order.deleted", "2026-03-02T10:00:01Z", "ord_1", 2),
        ];
        let feed = async |after: &str| t.get(&format!("/v1/events{after}")).await.story();
        let shown = |events: &[Json]| json!({ "status": 200, "body": { "data": events } });
        assert_eq!(feed("").await, shown(&all));
        assert_eq!(feed("?after=2").await, shown(&all[2..]));
        assert_eq!(feed("?after=3").await, shown(&[]));
        let theirs = t.call_with(OTHER, Method::GET, "/v1/events", "").await;
        assert_eq!(theirs.story(), shown(&[]));
        let about = t.get("/v1/events/evt_1/deliveries").await;
        assert_eq!(about.story(), shown(&[]), "nobody listens");
    }

    async fn a_query_that_cannot_be_read_is_a_problem_too(engine: Engine) {
        let t = serving(engine).await;
        for (path, parameter, detail) in [
            ("/v1/events?after=x", "after", "\"x\" is no position"),
            ("/v1/events?after=1&after=x", "after", "\"x\" is no position"),
            ("/v1/parcels", "without_scan_for_hours", "\"\" is no number of working hours: expected 0 to 10000"),
            (
                "/v1/parcels?without_scan_for_hours=10001",
                "without_scan_for_hours",
                "\"10001\" is no number of working hours: expected 0 to 10000",
            ),
            ("/v1/parcels?without_scan_for_hours=1&after=x", "after", "\"x\" was never given out as next"),
            (
                "/v1/parcels/pcl_1/label?format=gif&format=png_72",
                "format",
                "\"png_72\" is no format: expected one of pdf_100x150, pdf_a6, pdf_a4, zpl_203, zpl_300, zpl_600, \
                 png_203, png_300, png_600",
            ),
        ] {
            let answer = t.get(path).await;
            assert_eq!(
                answer.story(),
                json!({ "status": 400, "body": {
                "type": "/docs/errors#invalid",
                "title": "Invalid input",
                "status": 400,
                "detail": "One field is wrong; see errors.",
                "errors": [{ "pointer": format!("/{parameter}"), "detail": detail }],
            } }),
                "{path}"
            );
        }
    }
}
