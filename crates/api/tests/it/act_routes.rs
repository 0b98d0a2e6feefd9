//! Whoever does something to an order, a shipment, a batch, a list or a collection by any route of the native API is told
//! of, by the key that was used.

use std::sync::Arc;
use std::time::Duration;

use domain::channel::Dialect;
use http::Method;
use serde_json::{Value as Json, json};
use testkit::carrier::{Outcome, Scripted};
use testkit::{TestApp, on_both_engines};

use crate::fixture::{bare, builder, handed, key, order, place, routed, setup_with};

/// Whose set-up routes have a walk of their own.
const SET_UP: [&str; 7] = ["carrier-accounts", "channels", "keys", "locations", "routing-rules", "tenants", "webhooks"];

/// Routes that change nothing by themselves: they ask for prices, send the same words once more, and look at an address.
const CHANGE_NOTHING: [&str; 3] =
    ["POST /v1/orders/{id}/rates", "POST /v1/deliveries/{id}/resend", "POST /v1/orders/{id}/address/check"];

/// Every other route that changes something, from the router's own list.
fn changing() -> Vec<String> {
    let mut all = Vec::new();
    for route in api::routes_of(Dialect::Native) {
        if route.path.split('/').nth(2).is_none_or(|noun| SET_UP.contains(&noun)) {
            continue;
        }
        let methods = route.methods.iter().filter(|method| **method != Method::GET);
        all.extend(methods.map(|method| format!("{method} {}", route.path)));
    }
    all.retain(|route| !CHANGE_NOTHING.contains(&route.as_str()));
    all.sort();
    all
}

/// A shop with its own carrier, a sandbox, and a carrier that says nothing when asked to book.
async fn shop(engine: testkit::Engine, mute: &Scripted) -> TestApp {
    let tables = "[[tenant.carrier_account]]\nid = \"sandbox\"\ncarrier = \"sandbox\"\n\n\
        [[tenant.carrier_account]]\nid = \"mute\"\ncarrier = \"scripted\"\nsettings = {}\n\n";
    let clock = testkit::standing();
    let mut connectors = carriers::all(&handed(&clock));
    connectors.push(Arc::new(mute.clone()));
    let setup = setup_with(&[tables, &key("office", "[\"*\"]")].concat());
    routed(builder(engine).connectors(connectors).clock(clock).setup(setup).build().await)
}

async fn acts(t: &TestApp) -> Vec<Json> {
    t.get("/v1/acts?limit=500").await.json()["data"].as_array().unwrap().clone()
}

on_both_engines! {
    async fn o3_every_route_names_who_did_it(engine: Engine) {
        let mute = Scripted::forgetful();
        let t = shop(engine, &mute).await;
        place(&t, ["A", "B", "C", "D", "E", "F", "G", "H"].map(order)).await;
        let (mut asked, mut lines) = (Vec::new(), Vec::new());
        // Done by the key `office`; whatever a job does of it at once is done in its name.
        let mut go = async |route: &str, path: &str, body: Json| -> Json {
            let known = acts(&t).await.len();
            t.clock.advance(Duration::from_secs(1));
            let (method, pattern) = route.split_once(' ').unwrap();
            let path = if path.is_empty() { pattern } else { path };
            let sent = if body.is_null() { String::new() } else { body.to_string() };
            let headers = [("authorization", "Bearer sec-office"), ("content-type", "application/json"), ("if-match", "*")];
            let answer = bare(&t, &headers, method.parse().unwrap(), path, &sent).await;
            assert!(answer.status.is_success(), "{route}: {} {}", answer.status, answer.text());
            t.run_jobs().await;
            let told = acts(&t).await;
            asked.push(route.to_owned());
            let told = told.iter().take(told.len() - known).rev().map(|act| {
                let text = |pointer: &str| act.pointer(pointer).and_then(Json::as_str).unwrap_or("-").to_owned();
                format!("{} of {} by {}", text("/what"), text("/subject"), text("/by/who"))
            });
            lines.push(format!("{route}: {}", told.collect::<Vec<_>>().join(", ")));
            if answer.text().is_empty() { Json::Null } else { answer.json() }
        };

        let new = json!({ "items": [{ "name": "Cup", "quantity": 1 }], "shipping_address": {
            "name": "Erika Mustermann", "street1": "Unter den Linden 77", "postal_code": "10117", "city": "Berlin", "country": "DE",
        } });
        let made = go("POST /v1/orders", "", new.clone()).await;
        let made = format!("/v1/orders/{}", made["id"].as_str().unwrap());
        let mut changed = new.clone();
        changed["shipping_address"]["postal_code"] = json!("1011");
        go("PUT /v1/orders/{id}", &made, changed).await;
        let reason = json!({ "reason": "the customer sent a photograph" });
        go("POST /v1/orders/{id}/address/overrule", &format!("{made}/address/overrule"), reason).await;
        let parts = json!({ "street": "Unter den Linden", "house_number": "77" });
        go("POST /v1/orders/{id}/address/split", &format!("{made}/address/split"), parts).await;
        go("DELETE /v1/orders/{id}", &made, json!(null)).await;

        go("POST /v1/orders/{id}/shipments", "/v1/orders/ord_1/shipments", json!({ "service": "house:express" })).await;
        go("POST /v1/shipments/{id}/cancel", "/v1/shipments/shp_1/cancel", json!(null)).await;
        let sandbox = go("POST /v1/orders/{id}/shipments", "/v1/orders/ord_2/shipments", json!({ "service": "sandbox:standard" })).await;
        let sandbox = format!("/v1/shipments/{}", sandbox["id"].as_str().unwrap());
        go("POST /v1/shipments/{id}/advance", &format!("{sandbox}/advance"), json!({ "code": "IN_TRANSIT" })).await;
        let report = json!({ "events": [{ "code": "delivered" }] });
        let own = go("POST /v1/orders/{id}/shipments", "/v1/orders/ord_3/shipments", json!({ "service": "house:express" })).await;
        let own = format!("/v1/shipments/{}", own["id"].as_str().unwrap());
        go("POST /v1/shipments/{id}/tracking-events", &format!("{own}/tracking-events"), report).await;
        go("POST /v1/orders/{id}/returns", "/v1/orders/ord_3/returns", json!({})).await;
        let numbers = json!({ "carrier": "Market Parcel", "tracking_numbers": ["MP-1"], "brought_by": "the marketplace" });
        go("POST /v1/orders/{id}/tracking-numbers", "/v1/orders/ord_4/tracking-numbers", numbers).await;
        go("POST /v1/orders/{id}/cancel", "/v1/orders/ord_5/cancel", json!(null)).await;

        mute.next_booking(Outcome::Silent);
        let open = t.post("/v1/orders/ord_6/shipments", &json!({ "service": "mute:standard" })).await;
        assert_eq!(open.status, 503, "{}", open.text());
        t.clock.advance(Duration::from_hours(1));
        t.run_jobs().await;
        let open = t.get("/v1/orders/ord_6/shipments").await.json()["data"][0]["id"].as_str().unwrap().to_owned();
        go("POST /v1/shipments/{id}/settle", &format!("/v1/shipments/{open}/settle"), json!({ "outcome": "not_booked" })).await;

        go("POST /v1/batches", "", json!({ "orders": ["ord_7", "ord_5"] })).await;
        go("POST /v1/batches/{id}/retry", "/v1/batches/bat_1/retry", json!(null)).await;
        go("POST /v1/batches/{id}/print", "/v1/batches/bat_1/print", json!({ "format": "zpl_203" })).await;

        go("POST /v1/orders/{id}/shipments", "/v1/orders/ord_8/shipments", json!({ "service": "house:express" })).await;
        let list = go("POST /v1/manifests", "", json!({ "carrier_account": "house" })).await;
        go("POST /v1/manifests/{id}/close", &format!("/v1/manifests/{}/close", list["id"].as_str().unwrap()), json!({})).await;
        let wish = json!({ "carrier_account": "house", "date": "2026-03-02", "from": "15:00", "until": "17:30" });
        let comes = go("POST /v1/collections", "", wish).await;
        let comes = format!("/v1/collections/{}/cancel", comes["id"].as_str().unwrap());
        go("POST /v1/collections/{id}/cancel", &comes, json!(null)).await;
        go("POST /v1/erasures", "", json!({ "email": "nobody@example.com" })).await;

        insta::assert_snapshot!(lines.join("\n"), @"
        POST /v1/orders: order.created of - by key:pub-office
        PUT /v1/orders/{id}: order.updated of - by key:pub-office
        POST /v1/orders/{id}/address/overrule: order.address_overruled of - by key:pub-office
        POST /v1/orders/{id}/address/split: order.address_split of - by key:pub-office
        DELETE /v1/orders/{id}: order.deleted of - by key:pub-office
        POST /v1/orders/{id}/shipments: shipment.requested of shipment shp_1 by key:pub-office, shipment.booked of shipment shp_1 by key:pub-office
        POST /v1/shipments/{id}/cancel: shipment.cancelled of shipment shp_1 by key:pub-office
        POST /v1/orders/{id}/shipments: shipment.requested of shipment shp_2 by key:pub-office, shipment.booked of shipment shp_2 by key:pub-office
        POST /v1/shipments/{id}/advance: parcel.tracking_changed of parcel pcl_2 by key:pub-office
        POST /v1/orders/{id}/shipments: shipment.requested of shipment shp_3 by key:pub-office, shipment.booked of shipment shp_3 by key:pub-office
        POST /v1/shipments/{id}/tracking-events: parcel.tracking_changed of parcel pcl_3 by key:pub-office
        POST /v1/orders/{id}/returns: return.requested of shipment shp_4 by key:pub-office, return.booked of shipment shp_4 by key:pub-office
        POST /v1/orders/{id}/tracking-numbers: shipment.recorded of shipment shp_5 by key:pub-office
        POST /v1/orders/{id}/cancel: order.cancelled of - by key:pub-office
        POST /v1/shipments/{id}/settle: shipment.failed of shipment shp_6 by key:pub-office
        POST /v1/batches: shipment.requested of shipment shp_7 by key:pub-office, shipment.booked of shipment shp_7 by key:pub-office, batch.started of batch bat_1 by key:pub-office
        POST /v1/batches/{id}/retry: batch.retried of batch bat_1 by key:pub-office
        POST /v1/batches/{id}/print: batch.printed of batch bat_1 by key:pub-office
        POST /v1/orders/{id}/shipments: shipment.requested of shipment shp_8 by key:pub-office, shipment.booked of shipment shp_8 by key:pub-office
        POST /v1/manifests: manifest.updated of manifest man_1 by key:pub-office
        POST /v1/manifests/{id}/close: manifest.closed of manifest man_1 by key:pub-office
        POST /v1/collections: collection.requested of collection col_1 by key:pub-office
        POST /v1/collections/{id}/cancel: collection.cancelled of collection col_1 by key:pub-office
        POST /v1/erasures: erasure.asked of erasure 1 by key:pub-office
        ");
        asked.sort();
        asked.dedup();
        assert_eq!(asked, changing());
    }
}
