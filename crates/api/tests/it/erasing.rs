//! A person is erased: name, street, phone and e-mail are nowhere afterwards; sums, country and postcode stay.

use std::collections::BTreeMap;
use std::time::Duration;

use http::Method;
use serde_json::{Value as Json, json};
use testkit::{Engine, TestApp, on_both_engines};

use crate::fixture::{bare, changed, order, place, serving_setup, setup_with};

/// What must be nowhere afterwards.
const STRINGS: [&str; 7] = [
    "ada lovelace",
    "grünberger straße",
    "analytical row",
    "ada.lovelace@example.com",
    "23125001",
    "23125 001",
    "lovelace",
];

/// An order that names the person in every field that there is.
fn hers(id: &str) -> Json {
    let mut hers = order(id);
    hers["shipping_address"] = json!({
        "name": "Ada Lovelace", "address_line_1": "Grünberger Straße", "house_number": "48a", "postal_code": "10245",
        "city": "Berlin", "country_code": "DE", "phone_number": "+49 30 23125 001", "email": "Ada.Lovelace@example.com",
    });
    hers["order_details"]["notes"] = json!("Ring for Ada Lovelace, or call +49 30 23125 001");
    hers
}

/// Every text and every byte string of the database, by table.
async fn database(t: &TestApp, engine: Engine) -> BTreeMap<String, Vec<String>> {
    let columns = match engine {
        Engine::Sqlite => {
            "select m.name, p.name from sqlite_master m, pragma_table_info(m.name) p where m.type = 'table'"
        }
        Engine::Postgres => {
            "select cast(table_name as text), cast(column_name as text) from information_schema.columns
             where table_schema = current_schema()"
        }
    };
    let dump = t.app.store().read_list(async move |tx| {
        let mut texts: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for row in tx.rows(columns, &[]).await? {
            let (table, column): (String, String) = (row.text(0)?, row.text(1)?);
            for row in tx.rows(&format!("select {column} from {table} where {column} is not null"), &[]).await? {
                let bytes = row.bytes(0).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
                let text: Result<String, domain::Error> = row.text(0).or(bytes);
                if let Ok(text) = text {
                    texts.entry(table.clone()).or_default().push(text.to_lowercase());
                }
            }
        }
        Ok(texts)
    });
    dump.await.unwrap()
}

/// Every file of the installation.
fn files(t: &TestApp) -> Vec<String> {
    let mut files = Vec::new();
    let mut folders = vec![t.blobs.clone()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                files.push(String::from_utf8_lossy(&std::fs::read(path).unwrap()).to_lowercase());
            }
        }
    }
    files
}

/// The tables and files in which something of the person stands, and what.
async fn found(t: &TestApp, engine: Engine) -> Vec<String> {
    let mut found = Vec::new();
    for (table, texts) in database(t, engine).await {
        for string in STRINGS.iter().filter(|string| texts.iter().any(|text| text.contains(**string))) {
            found.push(format!("{table}: {string}"));
        }
    }
    for string in STRINGS.iter().filter(|string| files(t).iter().any(|text| text.contains(**string))) {
        found.push(format!("files: {string}"));
    }
    found
}

/// Only the names of the tables.
fn places(found: &[String]) -> Vec<&str> {
    let mut places: Vec<_> = found.iter().filter_map(|line| line.split(':').next()).collect();
    places.dedup();
    places
}

async fn ok(t: &TestApp, path: &str, body: &Json) -> Json {
    let answer = t.post(path, body).await;
    assert!(answer.status.is_success(), "{path}: {}", answer.text());
    answer.json()
}

/// A shop with an order that went the whole way, and traces of its person in every table that can hold any.
async fn full(engine: Engine) -> TestApp {
    let hook = "[[tenant.webhook]]\nurl = \"http://127.0.0.1:9/hook\"\nsecret = \"whsec_hook\"\ndialect = \"sendcloud\"\n\
                events = [\"*\"]\n";
    let t = serving_setup(engine, &setup_with(hook)).await;
    let earlier = changed(hers("A"), "/shipping_address/address_line_1", json!("Analytical Row"));
    place(&t, [earlier, order("B")]).await;
    place(&t, [hers("A")]).await;
    ok(&t, "/v1/orders/ord_1/shipments", &json!({ "service": "house:standard", "label_format": "zpl_203" })).await;
    let native = json!({
        "external_id": "N", "items": [], "status": "open",
        "shipping_address": { "name": "Ada Lovelace", "street1": "Grünberger Straße 48a", "postal_code": "10245",
            "city": "Berlin", "country": "DE", "email": "ada.lovelace@example.com" },
    });
    let headers =
        [("authorization", "Bearer sec-acme"), ("idempotency-key", "once"), ("content-type", "application/json")];
    let placed = bare(&t, &headers, Method::POST, "/v1/orders", &native.to_string()).await;
    assert_eq!(placed.status, 201, "{}", placed.text());
    let placed = placed.json()["id"].as_str().unwrap().to_owned();
    ok(&t, "/v1/batches", &json!({ "orders": [placed], "format": "zpl_203" })).await;
    t.run_jobs().await;
    for parcel in ["pcl_1", "pcl_2"] {
        let path = format!("/v1/parcels/{parcel}/label?format=zpl_203");
        assert_eq!(t.get(&path).await.status, 200, "{path}");
    }
    assert_eq!(t.get("/v1/shipments/shp_1/packing-slip").await.status, 200);
    for shipment in ["shp_1", "shp_2"] {
        let report = json!({ "events": [{
            "code": "POD", "status": "delivered", "happened_at": "2026-03-02T10:00:00Z", "message": "handed to Ada Lovelace, Grünberger Straße 48a",
        }] });
        ok(&t, &format!("/v1/shipments/{shipment}/tracking-events"), &report).await;
    }
    let customer = json!({ "mode": "AddOrUpdate", "matchBy": "Email", "data": [
        { "email": "Ada.Lovelace@example.com", "firstName": "Ada", "lastName": "Lovelace", "phone": "+49 30 23125 001" },
    ] });
    let headers = [("x-api-key", "sec-acme"), ("content-type", "application/json")];
    let booked = bare(&t, &headers, Method::POST, "/customers", &customer.to_string()).await;
    assert_eq!(booked.status, 201, "{}", booked.text());
    let log = json!({ "base_url": "https://shop.example/customers/ada.lovelace@example.com" });
    ok(&t, "/api/v3/integrations/7/logs", &log).await;
    let exchange = "insert into carrier_exchanges (tenant_id, shipment_id, at, position, body)
        values ('acme', 1, 1, 1, '{\"operation\":\"book\",\"request\":\"Ada Lovelace\",\"answer\":null}')";
    t.app.store().write(async move |tx| tx.execute(exchange, &[]).await).await.unwrap();
    t.run_jobs().await;
    t
}

on_both_engines! {
    async fn o2_after_an_erasure_the_person_is_nowhere(engine: Engine) {
        let t = full(engine).await;
        let before = found(&t, engine).await;
        assert_eq!(places(&before), [
            "carrier_exchanges", "channel_logs", "customer_keys", "customers", "events", "idempotency_keys", "orders",
            "parcels", "shipments", "tracking_events", "webhook_deliveries", "files",
        ]);
        let asked = ok(&t, "/v1/erasures", &json!({ "email": "ada.lovelace@EXAMPLE.com" })).await;
        assert_eq!(asked, json!({
            "id": "1", "status": "running", "created_at": "2026-03-02T10:00:00Z", "asked_by": "key:pub-acme",
            "next_at": "2026-03-02T10:00:00Z", "orders_erased": 0, "files_removed": 0, "customers_forgotten": 0, "left": [],
        }));
        t.run_jobs().await;
        let done = t.get("/v1/erasures/1").await;
        crate::openapi::conforms(domain::channel::Dialect::Native, "GET /v1/erasures/{id}", &done);
        assert_eq!(done.json(), json!({
            "id": "1", "status": "done", "created_at": "2026-03-02T10:00:00Z", "asked_by": "key:pub-acme",
            "finished_at": "2026-03-02T10:00:00Z", "orders_erased": 2, "files_removed": 4, "customers_forgotten": 1, "left": [],
        }));
        assert_eq!(found(&t, engine).await, Vec::<String>::new());

        let stays = t.get("/api/v3/orders/1").await.json();
        let address = &stays["data"]["shipping_address"];
        assert_eq!((&address["postal_code"], &address["country_code"]), (&json!("10245"), &json!("DE")));
        assert_eq!(stays["data"]["payment_details"]["total_price"]["value"], 3.5);
        let shipment = t.get("/v1/shipments/shp_1").await.json();
        assert_eq!((&shipment["status"], &shipment["rate"]["total"]["amount"]), (&json!("booked"), &json!("8.50")));
        assert_eq!(t.get("/v1/parcels/pcl_1/label").await.status, 404);
        let acts = t.get("/v1/orders/ord_1/acts").await.json();
        let kinds: Vec<_> = acts["data"].as_array().unwrap().iter().map(|act| act["what"].clone()).collect();
        assert_eq!(kinds, [
            "order.created", "order.updated", "shipment.requested", "shipment.booked", "parcel.tracking_changed", "document.printed", "document.printed",
        ]);
        // Nobody else lost anything.
        assert_eq!(t.get("/api/v3/orders/2").await.json()["data"]["shipping_address"]["name"], "John Doe");
        for path in ["/api/v3/orders", "/v1/acts", "/v1/events", "/v1/batches/bat_1"] {
            assert_eq!(t.get(path).await.status, 200, "{path}");
        }
    }

    async fn o2_an_erasure_that_is_cut_off_again_and_again_ends_all_the_same(engine: Engine) {
        let t = full(engine).await;
        ok(&t, "/v1/erasures", &json!({ "phone": "030 23125001" })).await;
        for tries in 1_u64.. {
            let whole = tokio::time::timeout(Duration::from_micros(300 * tries), t.app.finish_erasures()).await;
            if let Ok(done) = whole {
                done.unwrap();
                break;
            }
        }
        let report = t.get("/v1/erasures/1").await.json();
        // The native order names no phone number, so it is another erasure's matter.
        assert_eq!((&report["status"], &report["orders_erased"]), (&json!("done"), &json!(1)));
        ok(&t, "/v1/erasures", &json!({ "order": "ord_4" })).await;
        t.run_jobs().await;
        assert_eq!(found(&t, engine).await, Vec::<String>::new());
    }

    async fn o2_an_order_under_way_waits_and_says_why(engine: Engine) {
        let t = serving_setup(engine, &setup_with("")).await;
        place(&t, [hers("A"), hers("B")]).await;
        ok(&t, "/v1/orders/ord_1/shipments", &json!({ "service": "house:standard" })).await;
        ok(&t, "/v1/erasures", &json!({ "email": "ada.lovelace@example.com" })).await;
        t.run_jobs().await;
        let waiting = t.get("/v1/erasures/1").await.json();
        assert_eq!((&waiting["status"], &waiting["left"], &waiting["next_at"]), (
            &json!("waiting"),
            &json!([
                { "order": "ord_1", "reason": "shp_1 is not delivered yet" },
                { "order": "ord_2", "reason": "nobody has shipped it yet: cancel it if nobody will" },
            ]),
            &json!("2026-03-02T11:00:00Z"),
        ));
        let delivered = json!({ "events": [{ "code": "POD", "status": "delivered", "happened_at": "2026-03-02T10:00:00Z" }] });
        ok(&t, "/v1/shipments/shp_1/tracking-events", &delivered).await;
        assert_eq!(t.call(Method::DELETE, "/api/v3/orders/2", "").await.status, 204);
        t.clock.advance(Duration::from_hours(1));
        t.run_jobs().await;
        let done = t.get("/v1/erasures/1").await.json();
        assert_eq!((&done["status"], &done["orders_erased"], &done["left"]), (&json!("done"), &json!(2), &json!([])));
        assert_eq!(found(&t, engine).await, Vec::<String>::new());
    }

    async fn o2_what_stays_goes_too_when_its_time_is_over(engine: Engine) {
        let t = full(engine).await;
        ok(&t, "/v1/erasures", &json!({ "email": "ada.lovelace@example.com" })).await;
        t.run_jobs().await;
        t.clock.advance(Duration::from_hours(24 * 3_649));
        t.run_jobs().await;
        assert_eq!(t.get("/v1/orders/ord_1").await.status, 200);
        t.clock.advance(Duration::from_hours(24));
        t.run_jobs().await;
        assert_eq!(t.get("/v1/orders/ord_1").await.status, 404);
        let texts = database(&t, engine).await;
        for table in ["orders", "shipments", "events", "acts"] {
            let mut of_it = texts.get(table).into_iter().flatten();
            assert!(!of_it.any(|text| text.contains("10245")), "{table}");
        }
        // That something was done, and by whom, stays.
        let acts = t.get("/v1/acts?what=shipment.booked").await.json();
        assert_eq!(acts["data"].as_array().unwrap().len(), 2);
    }

    async fn o2_a_wish_that_names_nobody_is_refused(engine: Engine) {
        let t = serving_setup(engine, &setup_with("")).await;
        for (body, status) in [
            (json!({}), 400),
            (json!({ "email": "ada@example.com", "order": "ord_1" }), 400),
            (json!({ "email": "nobody" }), 400),
            (json!({ "phone": "12" }), 400),
            (json!({ "name": "Ada" }), 400),
            (json!({ "order": "ord_99" }), 404),
            (json!({ "order": "x" }), 404),
            (json!({ "customer": "9" }), 404),
        ] {
            let answer = t.post("/v1/erasures", &body).await;
            assert_eq!(answer.status.as_u16(), status, "{body}: {}", answer.text());
        }
        assert_eq!(t.get("/v1/erasures").await.json(), json!({ "data": [] }));
        assert_eq!(t.get("/v1/erasures/1").await.status, 404);
    }
}
