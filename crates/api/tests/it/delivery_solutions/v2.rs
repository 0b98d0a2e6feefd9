//! The same operations under the names of v2, as its real clients use them.

use http::Method;
use serde_json::{Value as Json, json};
use testkit::carrier::{Outcome, Scripted};
use testkit::{Answer, TestApp, on_both_engines};

use super::fixture::{is, refusal, scripted, serving, shown, statuses, with_setup};
use crate::fixture::bare;

/// What the real clients send with everything.
const HEADERS: [(&str, &str); 4] =
    [("x-api-key", "sec-acme"), ("tenantId", "acme"), ("x-compression", "true"), ("content-type", "application/json")];

async fn ask(t: &TestApp, method: Method, path: &str, body: &Json) -> Answer {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let answer = bare(t, &HEADERS, method, &format!("/api/v2{path}"), &body).await;
    assert_eq!(answer.header("content-type"), "application/json", "{path}");
    answer
}

/// An order as one of the real clients writes it: windows with one end, blanks in the phone number, empty texts, flags.
fn order(id: &str) -> Json {
    json!({
        "storeExternalId": "7709", "orderExternalId": id, "orderValue": 0, "tips": 0, "type": "delivery", "tenantId": "acme",
        "isEstimate": false, "isPickup": false, "isSpirit": false, "isBeerOrWine": false, "isTobacco": false, "isFragile": false,
        "isRx": false, "hasPerishableItems": false, "hasRefrigeratedItems": false,
        "deliveryContact": { "name": "Robert Wan", "phone": "+1 617 555 0123", "email": "", "notifySms": true, "notifyEmail": true },
        "deliveryAddress": { "street": "725 Albany Street", "street2": "", "city": "Boston", "state": "MA", "zipcode": "02118", "country": "US" },
        "packages": [{ "name": "custom", "items": 2, "quantity": 1, "size": { "length": 10, "width": 10, "height": 10 }, "weight": 3 }],
        "itemList": [{ "sku": "s-1", "quantity": 1, "title": "Cup", "image": "", "price": 3, "sale_price": 2.5, "weight": 1 }],
        "pickupTime": { "startsAt": 1_772_500_000_000_i64 }, "dropoffTime": { "endsAt": 1_772_600_000_000_i64 },
        "deliveryInstructions": "",
    })
}

on_both_engines! {
    async fn an_order_goes_all_its_way_in_the_names_of_v2(engine: Engine) {
        let t = serving(engine).await;
        let placed = ask(&t, Method::POST, "/order/placeorder", &order("kibo_1")).await;
        assert_eq!(placed.status, 201, "{}", placed.text());
        let body = placed.json();
        for (name, value) in [
            ("status", json!("ORDER_DISPATCHED")), ("storeExternalId", json!("7709")), ("provider", json!("first")),
            ("serviceId", json!("standard")), ("amount", json!(500)), ("fee", json!(500)), ("currencyCode", json!("USD")),
            ("dropoffTime", json!({ "endsAt": 1_772_600_000_000_i64 })), ("pickupTime", json!({ "startsAt": 1_772_500_000_000_i64 })),
        ] {
            assert_eq!(body[name], value, "{name}");
        }
        assert_eq!(body["deliveryAddress"], json!({
            "street": "725 Albany Street", "street2": "", "apartmentNumber": "", "city": "Boston", "state": "MA", "zipcode": "02118", "country": "US",
        }));
        assert_eq!((&body["packages"][0]["items"], &body["packages"][0]["weight"]), (&json!(2), &json!(3)));
        assert_eq!(body["itemList"][0]["sale_price"], 2.5);
        assert_eq!(body["_id"], body["orderId"]);
        assert!(body["trackingUrl"].is_string() && body["trackingNumber"].is_string());
        for name in ["deliveryTime", "package", "locationExternalId", "trackingId", "referenceLinks", "estimatedPickupTime", "id"] {
            assert_eq!(body.get(name), None, "{name}");
        }
        assert_eq!(shown(&t, "kibo_1").await["trackingId"], body["trackingNumber"], "one order under both names");

        let path = |verb: &str| format!("/order/{verb}orderExternalId/kibo_1");
        let seen = ask(&t, Method::GET, &path("getById/"), &Json::Null).await;
        assert_eq!((seen.status.as_u16(), &seen.json()["trackingNumber"]), (200, &body["trackingNumber"]));
        let listed = ask(&t, Method::POST, "/order/list", &json!({ "storeExternalIds": ["7709"], "limit": 5 })).await;
        assert_eq!(listed.json()["data"][0]["orderId"], body["orderId"], "{}", listed.text());
        let history = ask(&t, Method::GET, &path("status/"), &Json::Null).await.json();
        assert_eq!((&history[0]["_id"], &history[0]["orderStatus"][2]["status"]), (&body["orderId"], &json!("ORDER_DISPATCHED")));
        // Releasing a held order, and a slip of a real client: both are taken and change nothing.
        for odd in [json!({ "orderExternalId": "kibo_1", "release": { "type": "immediate" } }), json!({ "orderExternalId": "kibo_1", "aitemList": [] }), json!({})] {
            let edited = ask(&t, Method::POST, &path("edit/"), &odd).await;
            assert_eq!((edited.status.as_u16(), &edited.json()["trackingNumber"]), (200, &body["trackingNumber"]), "{odd}");
        }
        let gone = ask(&t, Method::DELETE, &path(""), &Json::Null).await;
        assert_eq!((gone.status.as_u16(), &gone.json()["status"]), (200, &json!("ORDER_CANCELLED")));
        let again = ask(&t, Method::DELETE, &path(""), &Json::Null).await;
        assert_eq!(refusal(&again), is(409, "ORDER_ALREADY_CANCELLED", "Requested order is already in Cancelled state."));
        let retried = ask(&t, Method::POST, &path("retry/"), &Json::Null).await;
        assert_eq!(refusal(&retried).1, "INVALID_OPERATION");
    }

    async fn an_order_that_is_placed_soon_is_answered_at_once(engine: Engine) {
        let t = serving(engine).await;
        let placed = ask(&t, Method::POST, "/order/placeorderasync", &order("S")).await;
        assert_eq!((placed.status.as_u16(), &placed.json()["status"]), (201, &json!("REQUEST_RECEIVED")), "{}", placed.text());
        assert_eq!(shown(&t, "S").await["status"], "REQUEST_RECEIVED");
        // It may be changed until a carrier is asked, its package too.
        let packages = json!({ "packages": [{ "name": "custom", "weight": 3 }, { "name": "custom", "weight": 4 }] });
        let edited = ask(&t, Method::POST, "/order/edit/orderExternalId/S", &packages).await;
        assert_eq!(edited.status, 200, "{}", edited.text());
        t.run_jobs().await;
        assert_eq!(statuses(&t, "S").await, ["REQUEST_RECEIVED", "ESTIMATES_RECEIVED", "ORDER_DISPATCHED"]);
        let shipments = t.get("/v1/orders/ord_1/shipments").await.json();
        assert_eq!(shipments["data"][0]["parcels"].as_array().unwrap().len(), 2);
        // What nobody takes is told of, kept, and may be tried again.
        let mut closed = order("C");
        closed["storeExternalId"] = json!("closed");
        assert_eq!(ask(&t, Method::POST, "/order/placeorderasync", &closed).await.status, 201);
        t.run_jobs().await;
        t.run_jobs().await;
        assert_eq!(statuses(&t, "C").await, ["REQUEST_RECEIVED", "ESTIMATES_FAILED"]);
        let twice = ask(&t, Method::POST, "/order/placeorderasync", &order("S")).await;
        assert_eq!(refusal(&twice).1, "DUPLICATE_ID");
    }

    async fn business_errors_are_400_in_the_words_its_clients_know(engine: Engine) {
        let t = serving(engine).await;
        let place = async |body: &Json| ask(&t, Method::POST, "/order/placeorder", body).await;
        let mut nowhere = order("A");
        nowhere["storeExternalId"] = json!("0001x");
        let refused = place(&nowhere).await;
        let none = "No such storeExternalId exists in our system. Please provide a valid storeExternalId.";
        assert_eq!(refusal(&refused), is(400, "INVALID_DATA", none));
        assert_eq!(refused.json()["errors"], json!([{ "type": "INVALID_DATA", "message": none, "parameter": "storeExternalId: 0001x" }]));
        let mut closed = order("B");
        closed["storeExternalId"] = json!("closed");
        assert_eq!((refusal(&place(&closed).await).0, refusal(&place(&closed).await).1.as_str()), (400, "DUPLICATE_ID"));
        let mut heavy = order("C");
        heavy["packages"][0]["weight"] = json!(5000);
        heavy["storeExternalId"] = json!("100983");
        let refused = place(&heavy).await;
        assert_eq!(refusal(&refused), is(400, "NO_DSP_MATCHED", "No Provider matched the criteria for the requested delivery."));
        let unknown = ask(&t, Method::GET, "/order/getById/orderExternalId/nobody", &Json::Null).await;
        assert_eq!(refusal(&unknown), is(400, "INVALID_DATA", "Invalid Order Id"));
        let mut bad = order("D");
        bad["deliveryAddress"].as_object_mut().unwrap().remove("street");
        bad["packages"][0]["items"] = json!(0);
        let refused = place(&bad).await;
        let told: Vec<_> = refused.json()["errors"].as_array().unwrap().iter().map(|error| error["parameter"].clone()).collect();
        assert_eq!(told, ["deliveryAddress.street", "packages[0].items"]);
        assert_eq!(refusal(&refused), is(400, "VALIDATION_ERROR", "deliveryAddress.street is a required field"));
    }

    async fn several_boxes_travel_as_one_shipment(engine: Engine) {
        let t = serving(engine).await;
        let mut order = order("A");
        let second = json!({ "name": "large", "items": 1, "quantity": 2, "weight": 5 });
        order["packages"].as_array_mut().unwrap().push(second);
        let placed = ask(&t, Method::POST, "/order/placeorder", &order).await;
        assert_eq!(placed.status, 201, "{}", placed.text());
        assert_eq!(placed.json()["packages"].as_array().unwrap().len(), 2);
        let shipments = t.get("/v1/orders/ord_1/shipments").await.json();
        assert_eq!(shipments["data"][0]["parcels"].as_array().unwrap().len(), 3);
    }

    async fn rates_of_several_stores_hide_no_other_and_store_nothing(engine: Engine) {
        let t = with_setup(engine, super::fixture::SETUP).await;
        let mut wanted = order("A");
        let members = wanted.as_object_mut().unwrap();
        members.remove("orderExternalId");
        members.remove("storeExternalId");
        wanted["storeExternalIds"] = json!(["7709", "0001x", "closed", "100983"]);
        let answer = ask(&t, Method::POST, "/rates", &wanted).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        let body = answer.json();
        let rates: Vec<_> = body["rates"].as_array().unwrap().iter().map(|rate| {
            (rate["storeExternalId"].as_str().unwrap(), rate["provider"].as_str().unwrap(), rate["amount"].as_i64().unwrap())
        }).collect();
        assert_eq!(rates, [
            ("7709", "first", 500), ("7709", "first", 900), ("7709", "first", 1900), ("7709", "house", 2400), ("100983", "house", 2400),
        ]);
        assert_eq!(body["errors"], json!([
            { "type": "INVALID_DATA", "message": "No such storeExternalId exists in our system. Please provide a valid storeExternalId.", "parameter": "storeExternalId: 0001x" },
            { "type": "NO_DSP_ASSIGNED", "message": "no carrier account is assigned to location \"closed\"", "parameter": "storeExternalId: closed" },
        ]));
        assert!(body["rateId"].as_str().unwrap().len() > 10);
        assert_eq!(body["rates"][0]["requestedDropoffTimeEnds"], 1_772_600_000_000_i64);
        let listed = ask(&t, Method::POST, "/order/list", &json!({})).await;
        assert_eq!(listed.json()["data"], json!([]));
        wanted["storeExternalIds"] = json!((0..11).map(|n| n.to_string()).collect::<Vec<_>>());
        assert_eq!(refusal(&ask(&t, Method::POST, "/rates", &wanted).await).0, 400);
    }

    async fn a_carriers_refusal_is_told_as_of_a_dsp(engine: Engine) {
        let (first, second) = (Scripted::new(), Scripted::second());
        first.next_cancel(Outcome::No("No shipment found within the allowed void period"));
        let t = scripted(engine, &first, &second).await;
        assert_eq!(ask(&t, Method::POST, "/order/placeorder", &order("A")).await.status, 201);
        let refused = ask(&t, Method::DELETE, "/order/orderExternalId/A", &Json::Null).await;
        assert_eq!(refused.story(), json!({ "status": 400, "body": {
            "type": "ORDER_CANCELLATION_FAILED", "message": "DSP failed to cancel order",
            "errors": [{ "type": "NON_CANCELABLE_DELIVERY", "message": "No shipment found within the allowed void period" }],
        } }));
    }
}
