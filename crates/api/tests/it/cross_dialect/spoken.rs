//! Each dialect as a row: how its clients post, read, label and cancel an order, and what of an order moves in it.

use futures::future::BoxFuture;
use http::Method;
use serde_json::{Value as Json, json};
use testkit::{Answer, Engine, SETUP, TestApp};

use crate::fixture::{bare, delete, patch, serving_setup};

/// Something a client does with the order it calls so.
type Act = for<'a> fn(&'a TestApp, &'a str) -> BoxFuture<'a, Answer>;

/// A dialect, by what its clients do.
pub(super) struct Spoken {
    /// Its name.
    pub name: &'static str,
    /// Places an order with everything this dialect can say.
    pub post: Act,
    /// The answer with the order, or with a list of it.
    pub read: Act,
    /// Where the order stands in that answer.
    pub order: &'static str,
    /// Where in the order its status stands.
    pub status: &'static str,
    /// Where in the order the number of its parcel stands, if it has a place.
    pub number: Option<&'static str>,
    /// Where in the order the link to the public page of its parcel stands, if it has a place.
    pub link: Option<&'static str>,
    /// Marks it as shipped, in the shop's own word; a dialect may have none.
    pub mark: Option<Act>,
    /// Ships it, or tells that it was shipped; a dialect may have no word for it.
    pub label: Option<Act>,
    /// Gives it up.
    pub cancel: Act,
    /// What of an order may differ after it was shipped and tracked: all else is what a client wrote.
    pub moving: &'static [&'static str],
    /// Whether an order of this dialect has an address to ship to.
    pub has_address: bool,
}

/// Those that are spoken.
pub(super) static SPOKEN: [Spoken; 5] = [
    Spoken {
        name: "sendcloud",
        post: |t, id| {
            Box::pin(async move {
                let mut order: Json = serde_json::from_str(include_str!("../../fixtures/full_order.json")).unwrap();
                (order["order_id"], order["order_number"]) = (json!(id), json!(format!("N-{id}")));
                order["shipping_details"]["ship_with"]["properties"]["shipping_option_code"] = json!("house:standard");
                t.post("/api/v3/orders", &json!([order])).await
            })
        },
        read: |t, id| Box::pin(async move { t.get(&format!("/api/v3/orders?order_id={id}")).await }),
        order: "/data/0",
        status: "/order_details/status/code",
        number: None,
        link: None,
        mark: Some(|t, id| {
            Box::pin(async move {
                let status = json!({ "order_details": { "status": { "code": "fulfilled", "message": "Fulfilled" } } });
                patch(t, &path_of(t, id).await, &status).await
            })
        }),
        label: Some(|t, id| {
            Box::pin(async move {
                let known = t.get(&format!("/api/v3/orders?order_id={id}")).await.json();
                let integration = &known["data"][0]["order_details"]["integration"]["id"];
                let body = json!({ "integration_id": integration, "order": { "order_id": id } });
                t.post("/api/v3/orders/create-label-sync", &body).await
            })
        }),
        cancel: |t, id| Box::pin(async move { delete(t, &path_of(t, id).await).await }),
        moving: &["/modified_at", "/order_details/status"],
        has_address: true,
    },
    Spoken {
        name: "delivery_solutions",
        post: |t, id| {
            Box::pin(async move {
                let text = include_str!("../../fixtures/delivery_solutions/create_request.json");
                let mut order: Json = serde_json::from_str(text).unwrap();
                order.as_object_mut().unwrap().remove("locationExternalId");
                (order["orderExternalId"], order["storeExternalId"]) = (json!(id), json!("oss"));
                t.post("/api/v2/order/placeorderasync", &order).await
            })
        },
        read: |t, id| Box::pin(async move { t.get(&format!("/shipments/{id}")).await }),
        order: "",
        status: "/status",
        number: Some("/trackingId"),
        link: Some("/referenceLinks/trackingUrl"),
        mark: None,
        label: Some(|t, id| Box::pin(async move { t.call(Method::POST, &format!("/shipments/{id}/retry"), "").await })),
        cancel: |t, id| Box::pin(async move { delete(t, &format!("/shipments/{id}")).await }),
        moving: &[
            "/status",
            "/lastUpdatedAt",
            "/actualPickupTime",
            "/actualDeliveryTime",
            "/deliveryTime",
            "/estimatedPickupTime",
            "/estimatedDeliveryTime",
            "/label",
            "/referenceLinks",
            "/trackingId",
            "/provider",
            "/fee",
            "/amount",
            "/package/barcode",
        ],
        has_address: true,
    },
    Spoken {
        name: "expertsender",
        post: |t, id| {
            Box::pin(async move {
                let text = include_str!("../../fixtures/expertsender/seed_order.json");
                let mut batch: Json = serde_json::from_str(text).unwrap();
                batch["data"][0]["id"] = json!(id);
                t.post("/orders", &batch).await
            })
        },
        read: |t, id| Box::pin(async move { t.get(&format!("/orders/{id}")).await }),
        order: "/data",
        status: "/status",
        number: None,
        link: None,
        mark: Some(|t, id| {
            Box::pin(async move {
                let status = json!({ "orderId": id, "orderStatus": "Completed" });
                t.call(Method::PUT, "/orders/status", status.to_string()).await
            })
        }),
        label: None,
        cancel: |t, id| {
            Box::pin(async move {
                let status = json!({ "orderId": id, "orderStatus": "canceled" });
                t.call(Method::PUT, "/orders/status", status.to_string()).await
            })
        },
        moving: &["/status"],
        has_address: false,
    },
    Spoken {
        name: "seven_senders",
        post: |t, id| {
            Box::pin(async move {
                let order = json!({
                    "order_id": id, "order_date": "2026-03-01T09:00:00+01:00", "order_url": "https://shop.example.com",
                    "language": "de", "promised_delivery_date": "2026-03-05T18:00:00+01:00",
                    "order_tags": [{ "name": "voucher", "content": "7.50" }], "boarding_complete": true,
                });
                newer(t, Method::POST, "/v2/orders", &order).await
            })
        },
        read: |t, id| {
            Box::pin(async move { newer(t, Method::GET, &format!("/v2/orders?order_id={id}"), &Json::Null).await })
        },
        order: "/0",
        status: "/state",
        number: Some("/shipments/0/tracking_code"),
        link: Some("/tracking_page_url"),
        mark: Some(|t, id| Box::pin(set_state(t, id, "warehouse_handover"))),
        label: Some(|t, id| {
            Box::pin(async move {
                let shipment = json!({
                    "order_id": id, "tracking_code": format!("JJD-{id}"), "carrier": { "name": "dhl", "country": "DE" },
                });
                newer(t, Method::POST, "/v2/shipments", &shipment).await
            })
        }),
        cancel: |t, id| Box::pin(set_state(t, id, "cancelled")),
        moving: &["/state", "/states_history", "/shipments", "/tracking_page_url"],
        has_address: false,
    },
    Spoken {
        name: "crowdsender",
        post: |t, id| {
            Box::pin(async move {
                let order = json!({
                    "orderNumber": format!("C-{id}"), "customField1": "REHKA775", "orderType": "OVERHARVEST",
                    "shipment": {
                        "sendDate": "2026-03-03T00:00:00.000Z", "dock": 4,
                        "shipTo": { "name": "Ann Example", "phone": "0612345678", "address": {
                            "street1": "Stadhuisplein 15", "postalCode": "5341AB", "city": "Oss", "country": "NL",
                        } },
                        "boxes": [{ "weight": 2.5, "customField1": "A", "scanned": false }],
                    },
                    "seller": "company-test", "tags": ["voucher"], "_externalReferenceId": id,
                });
                warehouse(t, Method::POST, "/api/v1/orders", &order).await
            })
        },
        read: |t, id| {
            Box::pin(async move { warehouse(t, Method::GET, &format!("/api/v1/orders/{id}"), &Json::Null).await })
        },
        order: "/data",
        status: "/status",
        number: Some("/shipment/boxes/0/tracking/trackId"),
        link: None,
        mark: Some(|t, id| {
            Box::pin(async move {
                warehouse(t, Method::PUT, &format!("/api/v1/orders/{id}"), &json!({ "status": "SHIPPED" })).await
            })
        }),
        label: Some(|t, id| {
            Box::pin(async move {
                // A query chooses by our ids and by numbers: the client reads the order first.
                let known = warehouse(t, Method::GET, &format!("/api/v1/orders/{id}"), &Json::Null).await.json();
                let query = format!("/api/v1/labels?query=_id={}", known["data"]["_id"].as_str().unwrap());
                let answer = warehouse(t, Method::POST, &query, &Json::Null).await;
                t.run_jobs().await;
                answer
            })
        }),
        cancel: |t, id| {
            Box::pin(async move {
                warehouse(t, Method::PUT, &format!("/api/v1/orders/{id}"), &json!({ "status": "CANCELED" })).await
            })
        },
        moving: &["/status", "/lastSyncProvider", "/shipment/boxes/0/tracking", "/shipment/boxes/0/_downloadableId"],
        has_address: true,
    },
];

/// Where an order is changed and deleted in Sendcloud's dialect.
async fn path_of(t: &TestApp, id: &str) -> String {
    let known = t.get(&format!("/api/v3/orders?order_id={id}")).await.json();
    format!("/api/v3/orders/{}", known["data"][0]["id"].as_str().unwrap())
}

/// A request of a client of Crowdsender.
async fn warehouse(t: &TestApp, method: Method, path: &str, body: &Json) -> Answer {
    let text = if body.is_null() { String::new() } else { body.to_string() };
    bare(t, &[("x-api-key", "sec-acme"), ("content-type", "application/json")], method, path, &text).await
}

/// A state that a client of Seven Senders sets.
async fn set_state(t: &TestApp, id: &str, state: &str) -> Answer {
    let state = json!({ "order_id": id, "state": state, "datetime": "2026-03-02T12:00:00+01:00" });
    newer(t, Method::POST, "/v2/order_states", &state).await
}

/// A request of a newer client of Seven Senders.
async fn newer(t: &TestApp, method: Method, path: &str, body: &Json) -> Answer {
    let answer = bare(t, &[], Method::POST, "/v2/token", "{\"access_key\":\"sec-acme\"}").await;
    let bearer = format!("Bearer {}", answer.json()["token"].as_str().unwrap());
    let text = if body.is_null() { String::new() } else { body.to_string() };
    bare(t, &[("authorization", &bearer), ("content-type", "application/json")], method, path, &text).await
}

impl Spoken {
    /// Places an order; one without an address gets one through Sendcloud, as the shop's other system would.
    pub async fn placed(&self, t: &TestApp, id: &str) {
        let answer = (self.post)(t, id).await;
        assert_eq!(answer.status, 201, "{}: {}", self.name, answer.text());
        if !self.has_address {
            let address = json!({ "shipping_address": {
                "name": "Ann Example", "address_line_1": "Stadhuisplein", "house_number": "15", "postal_code": "5341AB",
                "city": "Oss", "country_code": "NL", "phone_number": "0612345678",
            } });
            let patched = patch(t, &path_of(t, id).await, &address).await;
            assert_eq!(patched.status, 200, "{}: {}", self.name, patched.text());
        }
    }

    /// The order as clients read it; `None` when it is not there.
    pub async fn order(&self, t: &TestApp, id: &str) -> Option<Json> {
        let answer = (self.read)(t, id).await;
        let is_there = answer.status == 200;
        assert!(is_there || answer.status == 404, "{}: {}", self.name, answer.text());
        answer.json().pointer(self.order).filter(|_| is_there).cloned()
    }

    /// Where an order stands, in this dialect's word.
    pub async fn status(&self, t: &TestApp, id: &str) -> String {
        let order = self.order(t, id).await;
        order.map_or("gone".to_owned(), |order| order.pointer(self.status).unwrap().as_str().unwrap().to_owned())
    }

    /// What a client wrote of an order, and what else does not move.
    pub async fn standing(&self, t: &TestApp, id: &str) -> Json {
        let mut order = self.order(t, id).await.unwrap();
        for place in self.moving {
            let (parent, name) = place.rsplit_once('/').unwrap();
            order.pointer_mut(parent).unwrap().as_object_mut().unwrap().remove(name);
        }
        order
    }
}

/// Where an order stands, in everybody's words.
pub(super) async fn statuses(t: &TestApp, id: &str) -> String {
    let mut words = Vec::new();
    for spoken in &SPOKEN {
        words.push(spoken.status(t, id).await);
    }
    words.join(" ")
}

/// An application where everything that is posted can be shipped.
pub(super) async fn serving(engine: Engine) -> TestApp {
    // The contract that Sendcloud's order names.
    let setup = SETUP.replacen("carrier = \"local\"", "carrier = \"local\"\naliases = { sendcloud = \"517\" }", 1);
    serving_setup(engine, &setup).await
}

/// What stands at a place of an order in each dialect that has one.
pub(super) async fn shown_at(
    t: &TestApp,
    id: &str,
    place: impl Fn(&Spoken) -> Option<&'static str>,
) -> Vec<(&'static str, Json)> {
    let mut shown = Vec::new();
    for spoken in &SPOKEN {
        if let Some(place) = place(spoken) {
            let order = spoken.order(t, id).await.unwrap();
            shown.push((spoken.name, order.pointer(place).cloned().unwrap_or_default()));
        }
    }
    shown
}
