//! Addresses over the native API: warnings on arrival, versions of an unsure split, a check that is overruled.

use domain::channel::Dialect;
use http::Method;
use serde_json::{Value as Json, json};
use testkit::geocoder::Geocoder;
use testkit::{SETUP, TestApp, on_both_engines};

use crate::fixture::{events, key, serving_setup, with};
use crate::openapi::conforms;

const ADDRESS: &str = "/v1/orders/ord_1/address";

/// [`SETUP`] with a sandbox of these settings, and a key that may do everything but overrule.
fn sandboxed(settings: &str) -> String {
    let account =
        format!("[[tenant.carrier_account]]\nid = \"sandbox\"\ncarrier = \"sandbox\"\nsettings = {{ {settings} }}\n");
    let clerk = key("clerk", "[\"read\", \"write\", \"buy\", \"void\", \"print\"]");
    with(SETUP, &[account, clerk].concat())
}

/// The scopes of a key are told by the one that it lacks.
async fn as_clerk(t: &TestApp, path: &str, body: &Json) -> testkit::Answer {
    t.call_with("Bearer sec-clerk", Method::POST, path, body.to_string()).await
}

fn order(street1: &str, postal_code: &str) -> Json {
    json!({
        "external_id": "A",
        "items": [{ "name": "Orange", "quantity": 1, "weight_kg": "0.25" }],
        "shipping_address": {
            "name": "Erika Mustermann", "street1": street1, "postal_code": postal_code, "city": "Berlin", "country": "DE",
        },
        "service": "sandbox:standard",
    })
}

on_both_engines! {
    async fn c1_c3_what_stands_in_the_way_shows_on_arrival_and_a_person_decides(engine: Engine) {
        let settings = "splits_street = \"true\", phone_required = \"express\", phone_form = \"e164\"";
        let t = serving_setup(engine, &sandboxed(settings)).await;
        let created = t.post("/v1/orders", &order("Platz der 5 Kirchen 12", "10115")).await;
        assert_eq!(created.status, 201, "{}", created.text());
        conforms(Dialect::Native, "POST /v1/orders", &created);
        insta::assert_json_snapshot!(created.json()["warnings"], @r#"
        [
          "service sandbox:standard|same_day: the service standard|same_day wants street and house number apart, and \"Platz der 5 Kirchen 12\" can be read in 2 ways: street \"Platz der 5 Kirchen 12\"; or street \"Platz der 5 Kirchen\", house number \"12\"; say which",
          "service sandbox:express: the service express wants street and house number apart, and \"Platz der 5 Kirchen 12\" can be read in 2 ways: street \"Platz der 5 Kirchen 12\"; or street \"Platz der 5 Kirchen\", house number \"12\"; say which",
          "phone missing for service sandbox:express"
        ]
        "#);
        let shown = t.get("/v1/orders/ord_1").await.json();
        assert_eq!(shown["warnings"], created.json()["warnings"]);

        let refused = t.post("/v1/orders/ord_1/shipments", &json!({})).await;
        insta::assert_json_snapshot!(refused.story(), @r#"
        {
          "body": {
            "carrier_answer": "/v1/shipments/shp_1/exchanges",
            "detail": "the service standard wants street and house number apart, and \"Platz der 5 Kirchen 12\" can be read in 2 ways: street \"Platz der 5 Kirchen 12\"; or street \"Platz der 5 Kirchen\", house number \"12\"; say which",
            "errors": [
              {
                "detail": "the service standard wants street and house number apart, and \"Platz der 5 Kirchen 12\" can be read in 2 ways: street \"Platz der 5 Kirchen 12\"; or street \"Platz der 5 Kirchen\", house number \"12\"; say which",
                "pointer": "/shipping_address/street1"
              }
            ],
            "status": 422,
            "title": "Carrier refused",
            "type": "/docs/errors#carrier-refused"
          },
          "status": 422
        }
        "#);
        let address = t.get(ADDRESS).await;
        conforms(Dialect::Native, "GET /v1/orders/{id}/address", &address);
        insta::assert_json_snapshot!(address.json()["split"], @r#"
        {
          "is_sure": false,
          "versions": [
            {
              "house_number": null,
              "street": "Platz der 5 Kirchen 12",
              "unit": null
            },
            {
              "house_number": "12",
              "street": "Platz der 5 Kirchen",
              "unit": null
            }
          ]
        }
        "#);

        let lost = t.post(&format!("{ADDRESS}/split"), &json!({ "street": "Platz der 5 Kirchen" })).await;
        conforms(Dialect::Native, "POST /v1/orders/{id}/address/split", &lost);
        assert_eq!(
            lost.json()["errors"],
            json!([{ "pointer": "/street", "detail": "\"12\" of \"Platz der 5 Kirchen 12\" would be lost" }])
        );
        let chosen = json!({ "street": "Platz der 5 Kirchen", "house_number": "12" });
        let split = t.post(&format!("{ADDRESS}/split"), &chosen).await;
        conforms(Dialect::Native, "POST /v1/orders/{id}/address/split", &split);
        assert_eq!(split.json()["split"]["chosen"], json!({ "street": "Platz der 5 Kirchen", "house_number": "12", "unit": null }));
        let shipped = t.post("/v1/orders/ord_1/shipments", &json!({})).await;
        assert_eq!((shipped.status.as_u16(), &shipped.json()["status"]), (201, &json!("booked")), "{}", shipped.text());
        let told = events(&t).await;
        assert_eq!(told.iter().filter(|kind| *kind == "order.address_split").count(), 1);
    }

    async fn c2_a_wrapping_is_offered_and_taken_with_wrap_lines(engine: Engine) {
        let t = serving_setup(engine, &sandboxed("max_line_length = \"30\"")).await;
        let created = t.post("/v1/orders", &order("Lange Promenade am Alten Hafen von Bonn 12", "10115")).await;
        assert_eq!(created.status, 201);
        let refused = t.post("/v1/orders/ord_1/shipments", &json!({})).await;
        insta::assert_json_snapshot!(refused.json()["errors"], @r#"
        [
          {
            "detail": "recipient/street1: \"Lange Promenade am Alten Hafen von Bonn 12\" has 42 characters and 30 are allowed; it would fit as \"Lange Promenade am Alten Hafen\" / \"von Bonn 12\" (street1 / street2)",
            "pointer": "/shipping_address/street1"
          }
        ]
        "#);
        let shipped = t.post("/v1/orders/ord_1/shipments", &json!({ "wrap_lines": true })).await;
        assert_eq!(shipped.status, 201, "{}", shipped.text());
        insta::assert_json_snapshot!(shipped.json()["warnings"], @r#"
        [
          "recipient/street1: written as \"Lange Promenade am Alten Hafen\" / \"von Bonn 12\""
        ]
        "#);
        assert_eq!(
            t.get("/v1/orders/ord_1").await.json()["shipping_address"]["street1"],
            "Lange Promenade am Alten Hafen von Bonn 12"
        );
    }

    async fn c5_rates_leave_out_what_does_not_go_there_and_say_why(engine: Engine) {
        let t = serving_setup(engine, &sandboxed("not_served = \"locker, po_box\"")).await;
        let mut packstation = order("Packstation 123", "10115");
        packstation.as_object_mut().unwrap().remove("service");
        assert_eq!(t.post("/v1/orders", &packstation).await.status, 201);
        let quote = t.post("/v1/orders/ord_1/rates", &json!({})).await.json();
        let offered: Vec<_> = quote["rates"].as_array().unwrap().iter().map(|rate| rate["service"].clone()).collect();
        assert_eq!(offered, ["house:standard"]);
        insta::assert_json_snapshot!(quote["decision"]["candidates"], @r#"
        [
          {
            "billed_weights_kg": [
              "0.25"
            ],
            "outcome": "chosen",
            "service": "house:standard",
            "total": {
              "amount": "8.50",
              "currency": "EUR"
            },
            "transit_days": 3,
            "why": "the cheapest"
          },
          {
            "outcome": "out",
            "service": "house:express",
            "why": "no zone of the rate sheet holds DE \"10115\""
          },
          {
            "outcome": "out",
            "service": "sandbox:standard",
            "why": "it does not go there: the recipient is a parcel locker"
          },
          {
            "outcome": "out",
            "service": "sandbox:express",
            "why": "it does not go there: the recipient is a parcel locker"
          },
          {
            "outcome": "out",
            "service": "sandbox:same_day",
            "why": "it does not go there: the recipient is a parcel locker"
          }
        ]
        "#);
    }

    async fn c6_a_failed_check_is_overruled_by_a_key_that_may_with_a_reason_that_is_kept(engine: Engine) {
        let t = serving_setup(engine, &sandboxed("currency = \"EUR\"")).await;
        assert_eq!(t.post("/v1/orders", &order("Neue Straße 1", "1011")).await.status, 201);
        let checked = t.post(&format!("{ADDRESS}/check"), &json!({})).await;
        conforms(Dialect::Native, "POST /v1/orders/{id}/address/check", &checked);
        insta::assert_json_snapshot!(checked.json(), @r#"
        {
          "address": {
            "city": "Berlin",
            "country": "DE",
            "name": "Erika Mustermann",
            "postal_code": "1011",
            "street1": "Neue Straße 1"
          },
          "checked_at": "2026-03-02T10:00:00Z",
          "checked_by": "rules",
          "order": "ord_1",
          "reasons": [
            {
              "field": "postal_code",
              "message": "\"1011\" is no postal code of DE: expected one such as 10115"
            }
          ],
          "split": {
            "is_sure": true,
            "versions": [
              {
                "house_number": "1",
                "street": "Neue Straße",
                "unit": null
              }
            ]
          },
          "status": "failed",
          "warnings": [
            "shipping_address/postal_code: \"1011\" is no postal code of DE: expected one such as 10115"
          ]
        }
        "#);
        let reason = json!({ "reason": "a new street: the customer sent a photograph" });
        let overrule = format!("{ADDRESS}/overrule");
        let denied = as_clerk(&t, &overrule, &reason).await;
        assert_eq!((denied.status.as_u16(), &denied.json()["detail"]), (403, &json!("This key lacks the scope overrule.")));
        let empty = t.post(&overrule, &json!({})).await;
        assert_eq!(empty.status, 400);
        let overruled = t.post(&overrule, &reason).await;
        conforms(Dialect::Native, "POST /v1/orders/{id}/address/overrule", &overruled);
        insta::assert_json_snapshot!(overruled.json()["overruled"], @r#"
        {
          "at": "2026-03-02T10:00:00Z",
          "by": "shop",
          "reason": "a new street: the customer sent a photograph"
        }
        "#);
        assert_eq!(overruled.json().get("warnings"), None);
        t.run_jobs().await;
        let feed = t.get("/v1/events").await.json();
        let told: Vec<_> = feed["data"].as_array().unwrap().iter().map(|event| (&event["type"], &event["data"])).collect();
        insta::assert_json_snapshot!(told, @r#"
        [
          [
            "order.created",
            {
              "order": "ord_1",
              "order_version": 1
            }
          ],
          [
            "order.address_checked",
            {
              "new": "failed",
              "old": "unverified",
              "order": "ord_1",
              "order_version": 2,
              "reason": "postal_code: \"1011\" is no postal code of DE: expected one such as 10115"
            }
          ],
          [
            "order.address_overruled",
            {
              "new": "overruled by shop",
              "old": "failed",
              "order": "ord_1",
              "order_version": 3,
              "reason": "a new street: the customer sent a photograph"
            }
          ]
        ]
        "#);
        // The warning stopped nothing, with or without that.
        assert_eq!(t.post("/v1/orders/ord_1/shipments", &json!({})).await.status, 201);
    }

    async fn another_tenants_address_looks_like_none(engine: Engine) {
        let t = serving_setup(engine, &sandboxed("")).await;
        assert_eq!(t.post("/v1/orders", &order("Neue Straße 1", "1011")).await.status, 201);
        for (method, path, body) in [
            (Method::GET, ADDRESS.to_owned(), String::new()),
            (Method::POST, format!("{ADDRESS}/check"), String::new()),
            (Method::POST, format!("{ADDRESS}/overrule"), json!({ "reason": "x" }).to_string()),
            (Method::POST, format!("{ADDRESS}/split"), json!({ "street": "Neue Straße 1" }).to_string()),
        ] {
            let own = path.replace("ord_1", "ord_9");
            let theirs = t.call_with("Bearer sec-other", method.clone(), &path, body.clone()).await;
            let none = t.call_with("Bearer sec-other", method, &own, body).await;
            assert_eq!((theirs.status.as_u16(), theirs.text()), (404, none.text()), "{path}");
        }
    }

    async fn an_order_without_an_address_has_none_to_look_at(engine: Engine) {
        let t = serving_setup(engine, &sandboxed("")).await;
        assert_eq!(t.post("/v1/orders", &json!({ "items": [] })).await.status, 201);
        let shown = t.get(ADDRESS).await;
        conforms(Dialect::Native, "GET /v1/orders/{id}/address", &shown);
        assert_eq!(shown.json()["detail"], "the order has no shipping address");
    }

    async fn an_address_that_no_geocoder_finds_is_a_geocoding_failure_in_delivery_solutions(engine: Engine) {
        let geocoder = Geocoder::start().await;
        geocoder.knows("345 Harrison Avenue", r#"[{ "lat": "42.34", "lon": "-71.06", "address": { "road": "Harrison Avenue",
            "house_number": "345", "postcode": "02118", "city": "Boston" } }]"#);
        let table = format!(
            "time_zone = \"Europe/Berlin\"\naddress_check = {{ by = \"nominatim\", url = \"{}\", hold_failed = true, requests_per_second = 50 }}",
            geocoder.url
        );
        let setup = SETUP.replacen("time_zone = \"Europe/Berlin\"", &table, 1);
        let t = serving_setup(engine, &setup).await;
        let wanted = |id: &str, street: &str| json!({
            "orderExternalId": id,
            "orderValue": 4250,
            "package": { "name": "custom", "size": { "length": 10, "width": 10, "height": 10 }, "weight": { "value": 2 }, "items": 1 },
            "deliveryContact": { "name": "Ann Reed", "phone": "6175550100" },
            "deliveryAddress": { "street1": street, "city": "Boston", "state": "MA", "postalCode": "02118", "countryCode": "US" },
            "locationExternalId": "oss",
        });
        let lost = t.post("/shipments", &wanted("1", "1 Nowhere Road")).await;
        let body = lost.json();
        let told = (lost.status.as_u16(), &body["type"], &body["errors"][0]["message"], &body["errors"][0]["parameter"]);
        let (kind, why, field) = (json!("GEOCODING_FAILED"), json!("no such address was found"), json!("deliveryAddress.street1"));
        assert_eq!(told, (422, &kind, &why, &field), "{}", lost.text());
        let found = t.post("/shipments", &wanted("2", "345 Harrison Avenue")).await;
        assert_eq!(found.status, 201, "{}", found.text());
    }
}
