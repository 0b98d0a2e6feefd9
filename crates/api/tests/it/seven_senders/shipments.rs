//! Shipments: told of, changed, cancelled, and those that were made elsewhere.

use http::Method;
use serde_json::{Value as Json, json};
use testkit::{TestApp, on_both_engines};

use super::fixture::{newer, older, order, placed, read, reported, shipment, tidy, told};
use crate::fixture::{bare, serving, ship};

/// The public page behind a link of this dialect.
async fn page(t: &TestApp, url: &Json) -> app::tracking::TrackingView {
    let token = url.as_str().unwrap().strip_prefix("http://127.0.0.1:8080/t/").unwrap();
    t.app.tracking_page(token).await.unwrap()
}

on_both_engines! {
    async fn a_label_of_another_dialect_stands_under_its_order(engine: Engine) {
        let t = serving(engine).await;
        crate::fixture::place(&t, [crate::fixture::order("A")]).await;
        assert_eq!(ship(&t, "A").await.status, 201);
        reported(&t, "shp_1", json!([{ "code": "UNKNOWN-7", "message": "Sorted twice", "happened_at": "2026-03-02T12:00:00Z", "city": "Oss", "country": "NL" }, { "code": "OFD", "status": "out_for_delivery", "happened_at": "2026-03-02T13:00:00Z" }])).await;
        let found = read(&t, "/v2/orders?order_id=A").await;
        let number = found[0]["shipments"][0]["tracking_code"].clone();
        assert!(number.as_str().unwrap().len() > 10);
        assert_eq!(page(&t, &found[0]["tracking_page_url"]).await.tracking_number, number.as_str().map(str::to_owned));
        let mut shown = tidy(found[0]["shipments"][0].clone());
        shown["tracking_code"].take();
        assert_eq!(shown, json!({
            "order_id": "A",
            "carrier_service": "Standard",
            "warehouse_address": "Havenweg 1 5347AB Oss",
            "id": 1,
            "tracking_code": null,
            "recipient_first_name": "John",
            "recipient_last_name": "Doe",
            "recipient_email": null,
            "recipient_address": "Stadhuisplein 15",
            "recipient_zip": "5341AB",
            "recipient_city": "Oss",
            "recipient_phone": "0612345678",
            "return_parcel": false,
            "pickup_point_selected": false,
            "weight": 0.5,
            "planned_pickup_datetime": null,
            "comment": null,
            "carrier": { "name": "house", "country": "NL" },
            "recipient_country": "NL",
            "warehouse": "Acme warehouse",
            "shipment_tag": [],
            "reference_number": null,
            "recipient_company_name": null,
            "shipment_status_history": [
                { "date_time": "2026-03-02T12:00:00+0000", "name": "Sorted twice", "location": "Oss, NL" },
                { "date_time": "2026-03-02T13:00:00+0000", "name": "Out for Delivery", "location": "" },
            ],
            "tracking_page_url": "http://127.0.0.1:8080/t/<token>",
        }));
        let older = older(&t, Method::GET, "/v2/shipments/1.json", "").await.json();
        assert_eq!(json!([older["customer_name"], older["carrier"], older["warehouse"]]), json!([
            "John Doe", { "name": "house", "country": { "name": "Netherlands", "iso2": "nl" } }, { "name": "Acme warehouse", "country": null },
        ]));
    }

    async fn the_labels_of_a_crowdsender_batch_stand_under_their_order(engine: Engine) {
        let t = serving(engine).await;
        let headers = [("x-api-key", "sec-acme"), ("content-type", "application/json")];
        let boxed = json!({ "orderNumber": "N-CS", "_externalReferenceId": "CS-1", "shipment": {
            "shipTo": { "name": "John Doe", "address": { "street1": "Stadhuisplein 15", "postalCode": "5341AB", "city": "Oss", "country": "NL" } },
            "boxes": [{ "weight": 1 }, { "weight": 2 }],
        } });
        let made = bare(&t, &headers, Method::POST, "/api/v1/orders", &boxed.to_string()).await;
        assert_eq!(made.status, 201, "{}", made.text());
        assert_eq!(bare(&t, &headers, Method::POST, "/api/v1/labels?query=orderNumber=N-CS", "").await.status, 200);
        t.run_jobs().await;
        reported(&t, "shp_1", json!([{ "code": "OFD", "status": "out_for_delivery", "happened_at": "2026-03-02T13:00:00Z" }])).await;
        let theirs = bare(&t, &headers, Method::GET, "/api/v1/orders/CS-1", "").await.json()["data"]["shipment"]["boxes"].clone();
        let shown = read(&t, "/v2/orders?order_id=CS-1").await;
        let shipments = shown[0]["shipments"].as_array().unwrap();
        assert_eq!(shipments.len(), 2);
        for (one, its) in shipments.iter().zip(theirs.as_array().unwrap()) {
            assert_eq!((&one["tracking_code"], &one["carrier"]["name"]), (&its["tracking"]["trackId"], &json!("house")));
            assert_eq!(page(&t, &one["tracking_page_url"]).await.tracking_number.as_deref(), one["tracking_code"].as_str());
            assert_eq!(one["shipment_status_history"][0]["name"], "Out for Delivery", "{one}");
        }
    }

    async fn a_dispatch_and_a_number_that_somebody_brought_stand_under_their_orders(engine: Engine) {
        let t = serving(engine).await;
        let mut dispatched: Json = serde_json::from_str(include_str!("../../fixtures/delivery_solutions/create_request.json")).unwrap();
        (dispatched["locationExternalId"], dispatched["orderExternalId"]) = (json!("oss"), json!("DS-1"));
        let answer = t.post("/shipments", &dispatched).await;
        assert_eq!(answer.status, 201, "{}", answer.text());
        let theirs = answer.json()["trackingId"].clone();
        let shown = read(&t, "/v2/orders?order_id=DS-1").await;
        assert_eq!(json!([shown[0]["shipments"][0]["tracking_code"], shown[0]["state"], shown[0]["boarding_complete"]]), json!([theirs, "shipped", true]));

        crate::fixture::place(&t, [crate::fixture::order("B")]).await;
        let brought = json!({ "carrier": "Market Express", "tracking_numbers": ["MX-1", "MX-2"], "brought_by": "the marketplace" });
        assert_eq!(t.post("/v1/orders/ord_2/tracking-numbers", &brought).await.status, 201);
        let shown = read(&t, "/v2/shipments?order_id=B").await;
        let codes: Vec<_> = shown.as_array().unwrap().iter().map(|one| json!([one["tracking_code"], one["carrier"]["name"]])).collect();
        assert_eq!(json!(codes), json!([["MX-1", "Market Express"], ["MX-2", "Market Express"]]), "each parcel has a number");
        assert_eq!(read(&t, "/v2/shipments?tracking_code=MX-2&limit=5").await[0]["id"], shown[1]["id"]);
        assert_eq!(read(&t, "/v2/shipments").await.as_array().unwrap().len(), 3);
        assert_eq!(older(&t, Method::GET, "/v2/shipments.json?limit=1&offset=1", "").await.json()[0]["tracking_code"], "MX-1");
        assert_eq!(read(&t, "/v2/shipments?id=2&tracking_code=MX-2").await, json!([]));
    }

    async fn what_was_told_is_read_back_and_changed_field_by_field(engine: Engine) {
        let t = serving(engine).await;
        placed(&t, &order("A")).await;
        let id = told(&t, &shipment("A", "JJD1")).await;
        let path = format!("/v2/shipments/{id}");
        let before = read(&t, &path).await;
        for (name, value) in shipment("A", "JJD1").as_object().unwrap() {
            assert_eq!(&before[name], value, "{name}");
        }
        let changed = newer(&t, Method::PUT, &path, &json!({ "comment": "Ring twice", "recipient_city": "", "carrier": { "name": "dpd" } })).await;
        assert_eq!(changed.status, 200, "{}", changed.text());
        let mut expected = before.clone();
        (expected["comment"], expected["recipient_city"]) = (json!("Ring twice"), json!(""));
        // The country of the carrier was not named, so it stays.
        expected["carrier"]["name"] = json!("dpd");
        assert_eq!(read(&t, &path).await, expected);
        let refused = newer(&t, Method::PUT, &path, &json!({ "weight": -1, "planned_pickup_datetime": "soon", "shipment_tag": 7 })).await;
        let told: Vec<_> = refused.json()["violations"].as_array().unwrap().iter().map(|one| one["propertyPath"].clone()).collect();
        assert_eq!((refused.status.as_u16(), json!(told)), (400, json!(["weight", "planned_pickup_datetime", "shipment_tag"])));
        assert_eq!(newer(&t, Method::DELETE, &path, &Json::Null).await.status, 204);
        assert_eq!(read(&t, "/v2/orders/1").await["shipments"], json!([]));
        assert_eq!(newer(&t, Method::DELETE, &path, &Json::Null).await.status, 204);
        assert_eq!(newer(&t, Method::DELETE, "/v2/shipments/777", &Json::Null).await.status, 404);
    }

    async fn a_shipment_needs_an_order_a_carrier_and_a_number(engine: Engine) {
        let t = serving(engine).await;
        let refused = newer(&t, Method::POST, "/v2/shipments", &json!({ "tracking_code": "", "reference_number": null })).await;
        assert_eq!((refused.status.as_u16(), &refused.json()["violations"]), (400, &json!([
            { "propertyPath": "order_id", "message": "Field required" },
            { "propertyPath": "carrier", "message": "Field required" },
            { "propertyPath": "tracking_code", "message": "One of tracking_code and reference_number is required and must not be empty (found \"\")" },
        ])));
        let unknown = newer(&t, Method::POST, "/v2/shipments", &shipment("nobody", "JJD1")).await;
        assert_eq!((unknown.status.as_u16(), &unknown.json()["violations"][0]["propertyPath"]), (400, &json!("order_id")));
        assert_eq!(read(&t, "/v2/shipments").await, json!([]));
    }

    async fn f5_a_link_leads_to_its_own_parcel_home_at_a_service_point_and_abroad(engine: Engine) {
        let t = serving(engine).await;
        let home = crate::fixture::order("home");
        let mut point = crate::fixture::order("point");
        point["service_point_details"] = json!({ "id": "77", "carrier_service_point_id": "NL-77", "extra_data": { "postal_code": "1011AA" } });
        let mut abroad = crate::fixture::order("abroad");
        (abroad["shipping_address"]["country_code"], abroad["shipping_address"]["postal_code"]) = (json!("DE"), json!("10435"));
        abroad["shipping_address"]["city"] = json!("Berlin");
        crate::fixture::place(&t, [home, point, abroad]).await;
        for (id, zip, city, country) in [("home", "5341AB", "Oss", "NL"), ("point", "5341AB", "Oss", "NL"), ("abroad", "10435", "Berlin", "DE")] {
            let answer = ship(&t, id).await;
            assert_eq!(answer.status, 201, "{id}: {}", answer.text());
            let shown = read(&t, &format!("/v2/orders?order_id={id}")).await[0].clone();
            let one = &shown["shipments"][0];
            assert_eq!(json!([one["recipient_zip"], one["recipient_city"], one["recipient_country"], one["pickup_point_selected"]]), json!([zip, city, country, id == "point"]));
            let page = page(&t, &shown["tracking_page_url"]).await;
            assert_eq!(json!([page.tracking_number, page.destination.city, page.destination.country]), json!([one["tracking_code"], city, country]), "{id}");
        }
    }
}
