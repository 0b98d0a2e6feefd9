//! Every route there is, asked by nobody in particular.

use http::Method;
use serde_json::json;
use testkit::on_both_engines;

use crate::fixture::{bare, serving};

/// The routes that need a key. A route that is not here is not tested here: add it.
const SENDCLOUD: &[(&str, &str)] = &[
    ("GET", "/orders"),
    ("POST", "/orders"),
    ("GET", "/orders/1"),
    ("PATCH", "/orders/1"),
    ("DELETE", "/orders/1"),
    ("POST", "/orders/create-labels-async"),
    ("POST", "/orders/create-label-sync"),
    ("GET", "/integrations"),
    ("GET", "/integrations/logs"),
    ("GET", "/integrations/7"),
    ("PATCH", "/integrations/7"),
    ("DELETE", "/integrations/7"),
    ("GET", "/integrations/7/logs"),
    ("POST", "/integrations/7/logs"),
    ("GET", "/shop-order-statuses"),
    ("POST", "/shop-order-statuses"),
    ("GET", "/shop-order-statuses/mapping"),
    ("POST", "/shop-order-statuses/mapping"),
    ("GET", "/user/auth/metadata"),
];

const NATIVE: &[(&str, &str)] = &[
    ("POST", "/v1/orders"),
    ("GET", "/v1/orders/ord_1"),
    ("GET", "/v1/orders/ord_1/shipments"),
    ("POST", "/v1/orders/ord_1/shipments"),
    ("GET", "/v1/shipments/shp_1"),
    ("POST", "/v1/shipments/shp_1/cancel"),
    ("GET", "/v1/shipments/shp_1/documents"),
    ("GET", "/v1/shipments/shp_1/packing-slip"),
    ("POST", "/v1/shipments/shp_1/tracking-events"),
    ("GET", "/v1/parcels"),
    ("GET", "/v1/parcels/pcl_1/label"),
    ("GET", "/v1/parcels/pcl_1/tracking-events"),
    ("GET", "/v1/documents/doc_1"),
    ("GET", "/v1/events"),
    ("GET", "/v1/events/evt_1/deliveries"),
];

fn method(name: &str) -> Method {
    name.parse().unwrap()
}

on_both_engines! {
    async fn no_route_answers_without_a_key(engine: Engine) {
        let t = serving(engine).await;
        let sendcloud = json!({ "status": 401, "body": { "errors": [{
            "status": "401",
            "code": "authentication_failed",
            "title": "No credentials",
            "detail": "Authentication credentials were not provided.",
        }] } });
        for prefix in ["/api/v3", "/sendcloud/api/v3"] {
            for (name, path) in SENDCLOUD {
                for path in [format!("{prefix}{path}"), format!("{prefix}{path}/")] {
                    let answer = bare(&t, &[], method(name), &path, "").await;
                    assert_eq!(answer.story(), sendcloud, "{name} {path}");
                    assert_eq!(answer.header("content-type"), "application/json");
                }
            }
        }
        let native = json!({ "status": 401, "body": {
            "type": "/docs/errors#unauthenticated",
            "title": "Unauthenticated",
            "status": 401,
            "detail": "Send a key's secret as Authorization: Bearer.",
        } });
        for (name, path) in NATIVE {
            let answer = bare(&t, &[], method(name), path, "").await;
            assert_eq!(answer.story(), native, "{name} {path}");
            assert_eq!(answer.header("content-type"), "application/problem+json");
            assert_eq!(answer.header("www-authenticate"), "Bearer");
        }
    }

    async fn every_listed_route_is_served(engine: Engine) {
        let t = serving(engine).await;
        let sendcloud = SENDCLOUD.iter().map(|(name, path)| (*name, format!("/api/v3{path}")));
        for (name, path) in sendcloud.chain(NATIVE.iter().map(|(name, path)| (*name, (*path).to_owned()))) {
            let allowed = bare(&t, &[], Method::OPTIONS, &path, "").await;
            assert!(allowed.header("allow").split(", ").any(|allowed| allowed == name), "{name} {path}");
            let wrong = bare(&t, &[("authorization", "Bearer wrong")], method(name), &path, "").await;
            assert_eq!(wrong.status, 401, "{name} {path}");
        }
    }

    async fn health_needs_no_key(engine: Engine) {
        let t = serving(engine).await;
        for (path, text) in [("/healthz", "ok\n"), ("/readyz", "ready\n"), ("/healthz/", "ok\n")] {
            let answer = bare(&t, &[], Method::GET, path, "").await;
            assert_eq!((answer.status.as_u16(), answer.text().as_str()), (200, text));
        }
    }
}
