//! The published examples, sent as they are written.

use domain::channel::Dialect;
use http::Method;
use serde_json::{Value as Json, json};
use testkit::{TestApp, on_both_engines};

use super::fixture::{older, reported, set_clock, tidy};
use crate::fixture::{bare, serving};
use crate::openapi::conforms;

/// What the shell sends of the published request: `&amp;` and `+` as they stand there.
const POSTED: &str = "shop_order_id=123456789&shop_order_date=2017-08-15T16:53:07+01:00&order_tags={\"product\":+\"nikeAir\",+\"price\":+100}&shop_order_url=https://www.example.com&amp;boarding_complete=0&amp;language=en&amp;promised_delivery_date=2017-08-20T16:53:07+01:00";

const DELETED: &str = "shop_order_date_from=2017-08-10T05:45:00+0000&shop_order_date_to=2017-09-10T05:45:00+0000";

/// An order and its shipment as the published list shows them.
const FIRST: &str = "shop_order_id=1&shop_order_url=https://www.example.com&shop_order_date=2017-08-10T05:45:00%2B0000&boarding_complete=true&language=en&order_tags={\"tag1\":\"Baywatch\"}&promised_delivery_date=2017-08-19T05:45:00+0000";
const SHIPMENT: &str = "shop_order_id=1&carrier_service=standard&warehouse_address=Kochhannstrasse+38+10249+Berlin&tracking_code=trackingCode1&customer_first_name=Ada&customer_last_name=Muster&customer_email=ada@example.com&customer_address=Hohensch%C3%B6nhauser+Str.+22+10369+Berlin&customer_address_zip_code=10369&customer_phone=%2B49+30+5550100&return_parcel=0&pickup_point_selected=false&weight=1&planned_pickup_datetime=2017-08-19T15:47:00+0000&comment=Please+be+careful!&carrier[name]=dhl&carrier[country]=DE&customer_address_country=DE&warehouse=warehouse";

/// The published headers, with the blank that the shell leaves before each value.
async fn as_published(t: &TestApp, method: Method, path: &str, form: &str) -> testkit::Answer {
    let headers = [
        ("accept", "\\ application/json"),
        ("content-type", "\\ application/x-www-form-urlencoded"),
        ("api-key", "\\ sec-acme"),
    ];
    bare(t, &headers, method, path, form).await
}

on_both_engines! {
    async fn an_order_is_posted_read_and_deleted_as_published(engine: Engine) {
        let t = serving(engine).await;
        let answer = as_published(&t, Method::POST, "/v2/orders.json", POSTED).await;
        assert_eq!(answer.status, 201, "{}", answer.text());
        let headers = ["location", "content-type", "cache-control"].map(|name| answer.header(name).to_owned());
        assert_eq!(headers, ["/v2/orders/1", "application/json", "no-cache, private"]);
        conforms(Dialect::SevenSenders, "POST /v2/orders", &answer);
        let mut shown = answer.json();
        assert_eq!(shown["iri"].take(), "/v2/orders/1");
        shown.as_object_mut().unwrap().remove("iri");
        assert!(shown["states_history"][0]["id"].take().is_u64());
        assert_eq!(shown, json!({
            "id": 1,
            "shop_order_id": "123456789",
            "shop_order_url": "https://www.example.com",
            "shop_order_date": "2017-08-15T15:53:07+0000",
            "boarding_complete": false,
            "shipments": [],
            "states_history": [{
                "id": null, "order": null, "name": "new", "datetime": "2017-08-15T15:53:07+0000", "location": null,
            }],
            "state": "new",
            "language": "en",
            "order_tags": [{ "name": "product", "content": "nikeAir" }, { "name": "price", "content": "100" }],
            "promised_delivery_date": "2017-08-20T15:53:07+0000",
            "tracking_page_url": null,
        }));

        let listed = as_published(&t, Method::GET, "/v2/orders.json?limit=20", "").await;
        assert_eq!(listed.status, 200, "{}", listed.text());
        let mut listed = listed.json();
        listed[0]["states_history"][0]["id"].take();
        assert_eq!(listed, json!([shown]));

        let deleted = as_published(&t, Method::DELETE, "/v2/orders.json", DELETED).await;
        assert_eq!((deleted.status.as_u16(), deleted.text().as_str()), (204, ""));
        assert_eq!(as_published(&t, Method::GET, "/v2/orders.json", "").await.json(), json!([]));
        let again = as_published(&t, Method::DELETE, "/v2/orders.json", DELETED).await;
        assert_eq!(again.story(), json!({ "status": 404, "body": {
            "type": "https://tools.ietf.org/html/rfc2616#section-10",
            "title": "An error occurred",
            "detail": "No order was placed in this range.",
        } }));
    }

    async fn the_published_list_is_what_a_client_reads(engine: Engine) {
        let t = serving(engine).await;
        set_clock(&t, "2017-08-10T05:45:00Z");
        assert_eq!(older(&t, Method::POST, "/v2/orders.json", FIRST).await.status, 201);
        set_clock(&t, "2017-08-11T15:47:00Z");
        let answer = older(&t, Method::POST, "/v2/shipments.json", SHIPMENT).await;
        assert_eq!((answer.status.as_u16(), answer.header("location")), (201, "/v2/shipments/1"), "{}", answer.text());
        conforms(Dialect::SevenSenders, "POST /v2/shipments", &answer);
        reported(&t, "shp_1", json!([
            { "code": "PU", "status": "in_transit", "milestone": "picked_up", "happened_at": "2017-08-15T15:47:00+02:00" },
            { "code": "POD", "status": "delivered", "happened_at": "2017-08-16T11:01:00+02:00" },
        ])).await;
        let listed = older(&t, Method::GET, "/v2/orders.json?limit=20", "").await;
        conforms(Dialect::SevenSenders, "GET /v2/orders", &listed);
        let mut listed = tidy(listed.json());
        let ids: Vec<Json> = listed[0]["states_history"].as_array_mut().unwrap().iter_mut().map(|step| step["id"].take()).collect();
        assert!(ids.iter().all(Json::is_u64), "{ids:?}");
        assert_eq!(listed, json!([{
            "id": 1,
            "shop_order_id": "1",
            "shop_order_url": "https://www.example.com",
            "shop_order_date": "2017-08-10T05:45:00+0000",
            "boarding_complete": true,
            "shipments": [{
                "shop_order_id": "1",
                "carrier_service": "standard",
                "warehouse_address": "Kochhannstrasse 38 10249 Berlin",
                "id": 1,
                "tracking_code": "trackingCode1",
                "customer_first_name": "Ada",
                "customer_last_name": "Muster",
                "customer_name": "Ada Muster",
                "customer_email": "ada@example.com",
                "customer_address": "Hohenschönhauser Str. 22 10369 Berlin",
                "customer_address_zip_code": "10369",
                "customer_address_city": null,
                "customer_phone": "+49 30 5550100",
                "return_parcel": false,
                "pickup_point_selected": false,
                "weight": 1,
                "planned_pickup_datetime": "2017-08-19T15:47:00+0000",
                "comment": "Please be careful!",
                "carrier": { "name": "dhl", "country": { "name": "Germany", "iso2": "de" } },
                "customer_address_country": { "name": "Germany", "iso2": "de" },
                "warehouse": { "name": "warehouse", "country": null },
                "shipment_tag": [],
                "reference_number": null,
                "customer_company": null,
                "shipment_status_history": [
                    { "date_time": "2017-08-15T13:47:00+0000", "name": "Pickup", "location": "" },
                    { "date_time": "2017-08-16T09:01:00+0000", "name": "Delivered", "location": "" },
                ],
                "tracking_page_url": "http://127.0.0.1:8080/t/<token>",
            }],
            "states_history": [
                { "id": null, "order": null, "name": "completed", "datetime": "2017-08-16T09:01:00+0000", "location": null },
                { "id": null, "order": null, "name": "shipped", "datetime": "2017-08-11T15:47:00+0000", "location": null },
                { "id": null, "order": null, "name": "new", "datetime": "2017-08-10T05:45:00+0000", "location": null },
            ],
            "state": "completed",
            "language": "en",
            "order_tags": [{ "name": "tag1", "content": "Baywatch" }],
            "promised_delivery_date": "2017-08-19T05:45:00+0000",
            "tracking_page_url": "http://127.0.0.1:8080/t/<token>",
        }]));
    }

    async fn a_range_needs_both_ends_and_may_stand_anywhere(engine: Engine) {
        let t = serving(engine).await;
        let refused = older(&t, Method::DELETE, "/v2/orders.json", "shop_order_date_from=yesterday").await;
        assert_eq!(refused.story(), json!({ "status": 400, "body": {
            "type": "https://tools.ietf.org/html/rfc2616#section-10",
            "title": "An error occurred",
            "detail": "shop_order_date_from: This value is not a valid date: expected 2017-08-10T05:45:00+0000 or 10.08.2017 05:45:00 (found \"yesterday\")\nshop_order_date_to: Field required",
            "violations": [
                { "propertyPath": "shop_order_date_from", "message": "This value is not a valid date: expected 2017-08-10T05:45:00+0000 or 10.08.2017 05:45:00 (found \"yesterday\")" },
                { "propertyPath": "shop_order_date_to", "message": "Field required" },
            ],
        } }));
        let bracketed = DELETED.replace("shop_order_date_from", "filters[shop_order_date_from]").replace("shop_order_date_to", "filters[shop_order_date_to]");
        let encoded = bracketed.replace('[', "%5B").replace(']', "%5D").replace('+', "%2B");
        for (query, form) in [
            ("", DELETED), ("", bracketed.as_str()), ("", encoded.as_str()), (encoded.as_str(), ""),
            ("shop_order_date_from=15.08.2017&shop_order_date_to=15.08.2017", ""),
            ("shop_order_date_from=2017-08-15T15:53:07Z&shop_order_date_to=2017-08-15T15:53:07Z", ""),
            ("filters[language]=en", DELETED), ("shop_order_url=https://www.example.com", DELETED),
        ] {
            assert_eq!(older(&t, Method::POST, "/v2/orders.json", POSTED).await.status, 201);
            let deleted = older(&t, Method::DELETE, &format!("/v2/orders.json?{query}"), form).await;
            assert_eq!(deleted.status, 204, "{query} {form}: {}", deleted.text());
        }
        assert_eq!(older(&t, Method::POST, "/v2/orders.json", POSTED).await.status, 201);
        for other in ["language=de", "filters[shop_order_url]=https://other.example.com", "shop_order_date_to=2017-08-15T15:53:06Z"] {
            let form = DELETED.split('&').next().unwrap().to_owned() + "&shop_order_date_to=2017-08-15&" + other;
            assert_eq!(older(&t, Method::DELETE, "/v2/orders.json", &form).await.status, 404, "{other}");
        }
        assert_eq!(older(&t, Method::GET, "/v2/orders.json", "").await.json().as_array().unwrap().len(), 1);
    }

    async fn a_range_leaves_the_orders_of_other_dialects_alone(engine: Engine) {
        let t = serving(engine).await;
        crate::fixture::place(&t, [crate::fixture::order("A")]).await;
        let year = "shop_order_date_from=2026-01-01&shop_order_date_to=2026-12-31";
        assert_eq!(older(&t, Method::DELETE, "/v2/orders.json", year).await.status, 404);
        assert_eq!(older(&t, Method::DELETE, "/v2/orders/1.json", "").await.status, 204);
        assert_eq!(t.get("/api/v3/orders/1").await.status, 404);
    }
}
