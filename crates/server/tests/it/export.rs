//! Files of what there is: orders that an import reads back, shipments, and what was paid for them.

use std::fmt::Write as _;

use serde_json::{Value as Json, json};
use store::testing::Engine;
use testkit::on_both_engines;

use crate::process::{Place, Server, client, run};

/// Runs a command on files: whether it worked, and what was said.
fn files(place: &Place, arguments: &[&str]) -> (bool, String) {
    let flags = place.flags();
    let command: Vec<_> = arguments.iter().copied().chain(flags.iter().map(String::as_str)).collect();
    let said = run(&place.folder, &command);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (said.status.success(), format!("{}{}", text(&said.stdout), text(&said.stderr)))
}

fn read(place: &Place, name: &str) -> String {
    std::fs::read_to_string(place.folder.join(name)).unwrap()
}

async fn post(server: &Server, secret: &str, path: &str, body: &Json) -> Json {
    let asked = client().post(format!("{}{path}", server.url)).bearer_auth(secret).body(body.to_string());
    let answer = asked.header("content-type", "application/json").send().await.unwrap();
    assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
    answer.json().await.unwrap()
}

/// An order that says everything that can be said, and what a program for tables would take for formulas.
fn full(id: &str) -> Json {
    json!({
        "external_id": id, "number": "=1+1", "status": "paid", "placed_at": "2026-03-01T09:00:00.5+01:00",
        "notes": "'=quoted\nsecond line, \"inch\"", "tags": ["-gift", "b"],
        "total": { "amount": "42.50", "currency": "EUR" }, "cash_on_delivery": true, "service": "house:standard",
        "weight_kg": "1.250",
        "shipping_address": {
            "name": "@home", "company": "Ünïcode & Söhne", "street1": "Heidestraße", "house_number": "17", "street2": "+1", "po_box": "9",
            "postal_code": "10557", "city": "Berlin", "state": "BE", "country": "DE", "phone": "+49 30 5550100", "email": "erika@example.com",
        },
        "billing_address": { "street1": "Damrak 1", "city": "Amsterdam", "country": "NL" },
        "items": [
            { "id": "a", "sku": "CUP", "name": "Cup", "description": "-", "quantity": 2, "unit_price": { "amount": "10.00", "currency": "EUR" },
              "total_price": { "amount": "20.000", "currency": "EUR" }, "weight_kg": "0.4", "hs_code": "6912.00", "origin_country": "DE" },
            { "name": "Pot", "quantity": 1 },
        ],
    })
}

/// Without what every stored order has anew.
fn said(mut order: Json) -> Json {
    for name in ["id", "version", "created_at", "modified_at"] {
        order.as_object_mut().unwrap().remove(name);
    }
    order
}

on_both_engines! {
    async fn an_order_that_was_exported_is_the_same_when_it_is_imported(engine: Engine) {
        let place = Place::new(engine, "export").await;
        let server = place.serve();
        let placed = post(&server, "sec-acme", "/v1/orders", &full("A-1")).await;
        let plain = post(&server, "sec-acme", "/v1/orders", &json!({ "external_id": "A-2", "items": [{ "name": "Cup", "quantity": 1 }] })).await;
        for file in ["orders.csv", "orders.jsonl"] {
            let (worked, text) = files(&place, &["export", "orders", file, "--tenant", "acme"]);
            assert!(worked, "{text}");
            assert_eq!(text, format!("{file}: 2 orders\n"));
            assert!(!place.folder.join(format!("{file}.part")).exists());
            // Over the same orders it changes nothing, and in another tenant it makes the same ones.
            let (worked, text) = files(&place, &["import", "orders", file, "--tenant", "acme"]);
            assert!(worked, "{text}");
            assert_eq!(text, format!("{file}: 0 new, 0 changed, 2 as they were, 0 rejected\n"));
        }
        let (worked, text) = files(&place, &["import", "orders", "orders.csv", "--tenant", "other"]);
        assert!(worked && text.contains("2 new"), "{text}");
        for (id, original) in [(1, placed), (2, plain)] {
            let own = original["id"].as_str().unwrap();
            let asked = client().get(format!("{}/v1/orders/{own}", server.url)).bearer_auth("sec-acme").send().await.unwrap();
            let before: Json = asked.json().await.unwrap();
            let list = client().get(format!("{}/v1/exports/orders?format=jsonl", server.url)).bearer_auth("sec-other").send().await.unwrap();
            let theirs = list.text().await.unwrap();
            let line = theirs.lines().find(|line| line.contains(&format!("\"A-{id}\""))).unwrap().to_owned();
            assert!(read(&place, "orders.jsonl").lines().any(|known| known == line), "{line}");
            assert_eq!(said(before)["external_id"], format!("A-{id}"));
        }
        let csv = read(&place, "orders.csv");
        for written in ["A-1,'=1+1,paid,2026-03-01T09:00:00.5+01:00,\"''=quoted\nsecond line, \"\"inch\"\"\",'-gift;b,42.50,EUR,true,", ",'@home,", ",'+49 30 5550100,", ",10.00,20.000,"] {
            assert!(csv.contains(written), "{written}: {csv}");
        }
        assert!(server.stop());
    }

    async fn what_was_paid_stands_beside_what_it_was_paid_for(engine: Engine) {
        let place = Place::new(engine, "rates").await;
        let server = place.serve();
        for (id, country) in [("A-1", "NL"), ("A-2", "FR")] {
            let order = json!({
                "external_id": id, "number": "W-1", "items": [{ "name": "Cup", "quantity": 1 }],
                "shipping_address": { "name": "Jan", "street1": "Damrak 1", "postal_code": "1012 LG", "city": "Amsterdam", "country": country },
            });
            let placed = post(&server, "sec-acme", "/v1/orders", &order).await;
            let boxes = json!({ "parcels": [{ "weight_kg": "1.2" }, { "weight_kg": "0.35" }] });
            post(&server, "sec-acme", &format!("/v1/orders/{}/shipments", placed["id"].as_str().unwrap()), &boxes).await;
        }
        post(&server, "sec-acme", "/v1/shipments/shp_2/cancel", &json!({})).await;
        let (worked, text) = files(&place, &["export", "rates", "-", "--format", "jsonl", "--tenant", "acme"]);
        assert!(worked, "{text}");
        let rows: Vec<Json> = text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        assert_eq!(rows.len(), 2, "{text}");
        let mut first = rows[0].clone();
        let (booked, numbers) = (first["booked_at"].take(), first["tracking_numbers"].take());
        assert!(booked.is_string() && numbers.as_array().is_some_and(|numbers| numbers.len() == 2), "{text}");
        assert_eq!(first, json!({
            "shipment": "shp_1", "order": "ord_1", "external_id": "A-1", "number": "W-1", "status": "booked", "booked_at": null,
            "carrier": "local", "account": "house", "service": "house:standard", "service_name": "Standard", "location": "oss",
            "zone": "home", "country": "NL", "postal_code": "1012 LG", "parcels": 2, "weight_kg": "1.55", "billed_weight_kg": "1.55",
            "quoted": "9.80", "quoted_currency": "EUR", "tariff": "contract", "billed": null, "billed_currency": null, "tracking_numbers": null,
        }));
        assert_eq!((&rows[1]["status"], &rows[1]["zone"], &rows[1]["quoted"]), (&json!("cancelled"), &json!("neighbours"), &json!("17.00")));

        let (worked, text) = files(&place, &["export", "shipments", "shipments.csv", "--tenant", "acme", "--from", "2026-01-01"]);
        assert!(worked && text == "shipments.csv: 2 shipments\n", "{text}");
        let csv = read(&place, "shipments.csv");
        assert!(csv.starts_with("id,order,external_id,number,status,tracking,account,service,"), "{csv}");
        assert!(csv.contains("\nshp_1,ord_1,A-1,W-1,booked,announced,house,house:standard,Standard,oss,"), "{csv}");
        assert!(csv.contains(",Jan,,1012 LG,Amsterdam,NL,9.80,EUR,\n"), "{csv}");
        // The same over HTTP, of the tenant's own only, and of nothing that was made before.
        let asked = async |path: &str, secret: &str| {
            let answer = client().get(format!("{}{path}", server.url)).bearer_auth(secret).send().await.unwrap();
            (answer.status().as_u16(), answer.text().await.unwrap())
        };
        assert_eq!(asked("/v1/exports/shipments", "sec-acme").await, (200, csv.clone()));
        let header = csv.lines().next().unwrap();
        assert_eq!(asked("/v1/exports/shipments", "sec-other").await, (200, format!("{header}\n")));
        assert_eq!(asked("/v1/exports/shipments?to=2026-01-01", "sec-acme").await, (200, format!("{header}\n")));
        assert_eq!(asked("/v1/exports/parcels", "sec-acme").await.0, 404);
        let (status, wrong) = asked("/v1/exports/rates?from=March&to=x&format=xml", "sec-acme").await;
        assert!(status == 400 && ["\"March\"", "\"x\"", "\"xml\""].iter().all(|value| wrong.contains(&value.replace('"', "\\\""))), "{wrong}");
        assert!(server.stop());
    }

    async fn a_long_list_is_written_page_by_page_in_one_order(engine: Engine) {
        let place = Place::new(engine, "export-long").await;
        let server = place.serve();
        let mut lines = String::new();
        for number in 1..=450 {
            // Three orders a minute, in another order than they come in.
            let minute = number * 7 % 150;
            writeln!(lines, "{{\"external_id\":\"J-{number}\",\"placed_at\":\"2026-03-01T{:02}:{:02}:00Z\",\"items\":[]}}", minute / 60, minute % 60).unwrap();
        }
        std::fs::write(place.folder.join("orders.jsonl"), lines).unwrap();
        let (worked, text) = files(&place, &["import", "orders", "orders.jsonl", "--tenant", "acme"]);
        assert!(worked, "{text}");
        let (worked, text) = files(&place, &["export", "orders", "all.jsonl", "--tenant", "acme"]);
        assert!(worked && text == "all.jsonl: 450 orders\n", "{text}");
        let orders: Vec<Json> = read(&place, "all.jsonl").lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let key = |order: &Json| order["placed_at"].as_str().unwrap().to_owned();
        assert!(orders.is_sorted_by_key(key));
        let ids: std::collections::BTreeSet<_> = orders.iter().map(|order| order["external_id"].as_str().unwrap()).collect();
        assert_eq!(ids.len(), 450, "each once");
        let (worked, text) = files(&place, &["export", "orders", "part.jsonl", "--tenant", "acme", "--from", "2026-03-01T01:00:00Z", "--to", "2026-03-01T01:10:00Z"]);
        assert!(worked && text == "part.jsonl: 30 orders\n", "{text}");
        assert!(server.stop());
    }
}

#[tokio::test]
async fn what_cannot_be_exported_says_what_to_do() {
    let place = Place::new(Engine::Sqlite, "export-no").await;
    assert!(run(&place.folder, &["apply", "setup.toml", "--data", "data"]).status.success());
    std::fs::write(place.folder.join("there.csv"), "mine").unwrap();
    std::fs::create_dir(place.folder.join("folder.csv")).unwrap();
    let mut told = String::new();
    for arguments in [
        &["orders", "orders"][..],
        &["orders", "there.csv", "--tenant", "acme"],
        &["orders", "orders.csv"],
        &["rates", "orders.csv", "--tenant", "acme", "--from", "2026-03-02", "--to", "2026-03-01"],
        &["rates", "nowhere/orders.csv", "--tenant", "acme"],
        &["rates", "folder.csv", "--tenant", "acme", "--overwrite"],
    ] {
        let (worked, said) = files(&place, &[&["export"], arguments].concat());
        assert!(!worked, "{said}");
        told.push_str(&said);
    }
    assert_eq!(read(&place, "there.csv"), "mine");
    assert!(!place.folder.join("orders.csv").exists() && !place.folder.join("folder.csv.part").exists());
    insta::assert_snapshot!(told, @"
    waybill: orders: say --format csv or --format jsonl
    waybill: there.csv is there already: name another file, or say --overwrite
    waybill: name the tenant with --tenant; there are: acme, other
    waybill: --to is before --from: the period ends before it begins
    waybill: nowhere/orders.csv.part cannot be written: name another file: No such file or directory (os error 2)
    waybill: folder.csv is not written: mend what stands below and run the same export again: Is a directory (os error 21)
    ");
    let (worked, said) = files(&place, &["export", "orders", "there.csv", "--tenant", "acme", "--overwrite"]);
    assert!(worked && read(&place, "there.csv").starts_with("external_id,"), "{said}");
}
