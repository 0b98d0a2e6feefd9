//! A copy taken beside a server that works, and a server made of it.

use std::process::Command;

use serde_json::{Value as Json, json};
use store::testing::Engine;
use testkit::on_both_engines;

use crate::process::{Place, Server, client, run};

fn order(id: &str) -> Json {
    json!({
        "external_id": id,
        "items": [{ "name": "Tea set", "quantity": 1, "unit_price": { "amount": "42.50", "currency": "EUR" }, "weight_kg": "1" }],
        "shipping_address": {
            "name": "Erika Mustermann", "street1": "Heidestraße 17", "postal_code": "10557", "city": "Berlin", "country": "DE",
        },
    })
}

async fn post(server: &Server, path: &str, body: &Json) -> Json {
    let post = client().post(format!("{}{path}", server.url)).json(body).basic_auth("pub-acme", Some("sec-acme"));
    let answer = post.send().await.unwrap();
    assert!(answer.status().is_success(), "{path}: {}", answer.text().await.unwrap());
    answer.json().await.unwrap()
}

async fn get(server: &Server, path: &str) -> (u16, Vec<u8>) {
    let asked = client().get(format!("{}{path}", server.url)).basic_auth("pub-acme", Some("sec-acme"));
    let answer = asked.send().await.unwrap();
    (answer.status().as_u16(), answer.bytes().await.unwrap().to_vec())
}

/// Puts a copy where a fresh installation keeps its own, as the documentation says.
async fn restore(engine: Engine, copy: &std::path::Path, name: &str) -> Place {
    let place = Place::new(engine, name).await;
    let data = place.folder.join("data");
    std::fs::create_dir_all(&data).unwrap();
    for part in ["documents", "waybill.key", "waybill.db"] {
        if copy.join(part).exists() {
            std::fs::rename(copy.join(part), data.join(part)).unwrap();
        }
    }
    if engine == Engine::Postgres {
        let url = place.flags().pop().unwrap();
        let restore = ["--clean", "--if-exists", "--no-owner", "--exit-on-error", "--dbname", &url];
        let said = Command::new("pg_restore").args(restore).arg(copy.join("waybill.dump")).output().unwrap();
        assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    }
    place
}

on_both_engines! {
    async fn a_copy_of_a_running_server_is_restored_with_every_order_and_label(engine: Engine) {
        let place = Place::new(engine, "backup").await;
        let server = place.serve();
        post(&server, "/v1/orders", &order("B-1")).await;
        let shipped = post(&server, "/v1/orders/ord_1/shipments", &json!({ "service": "house:standard" })).await;
        let path = format!("/v1/parcels/{}/label", shipped["parcels"][0]["id"].as_str().unwrap());
        let (status, label) = get(&server, &path).await;
        assert_eq!((status, &label[..5]), (200, &b"%PDF-"[..]));

        let flags = place.flags();
        let command: Vec<_> = ["backup", "copy", "--with-key"].into_iter().chain(flags.iter().map(String::as_str)).collect();
        let said = run(&place.folder, &command);
        let text = String::from_utf8_lossy(&said.stdout).into_owned();
        assert!(said.status.success(), "{text} {}", String::from_utf8_lossy(&said.stderr));
        assert!(text.contains("copied 1 documents") && text.contains("copy is whole"), "{text}");
        let about: Json = serde_json::from_slice(&std::fs::read(place.folder.join("copy/backup.json")).unwrap()).unwrap();
        assert_eq!((&about["has_key"], &about["documents"]["bytes"]), (&json!(true), &json!(label.len())));

        // What comes after the copy is not in it.
        post(&server, "/v1/orders", &order("B-2")).await;
        let again = run(&place.folder, &command);
        let error = String::from_utf8_lossy(&again.stderr);
        assert!(!again.status.success() && error.contains("copy is there already"), "{error}");
        server.kill();

        let restored = restore(engine, &place.folder.join("copy"), "restored").await;
        let server = restored.serve_flags(&[]);
        assert_eq!(get(&server, &path).await, (200, label));
        assert_eq!((get(&server, "/v1/orders/ord_1").await.0, get(&server, "/v1/orders/ord_2").await.0), (200, 404));
        // Numbers go on where they were: what was given once is never given again.
        let next = post(&server, "/v1/orders", &order("B-3")).await;
        assert_ne!(next["id"], "ord_1");
        assert!(server.stop());
    }
}

#[tokio::test]
async fn a_copy_without_a_database_or_the_key_says_what_is_missing() {
    let place = Place::new(Engine::Sqlite, "no-backup").await;
    let said = run(&place.folder, &["backup", "copy", "--data", "nowhere"]);
    let error = String::from_utf8_lossy(&said.stderr);
    assert!(!said.status.success() && error.contains("nowhere holds no database"), "{error}");
    assert!(run(&place.folder, &["migrate", "--data", "data"]).status.success());
    // A folder that an interrupted copy left is made anew.
    std::fs::create_dir_all(place.folder.join("copy.partial/documents")).unwrap();
    let said = run(&place.folder, &["backup", "copy", "--data", "data"]);
    let text = String::from_utf8_lossy(&said.stdout);
    assert!(said.status.success() && text.contains("keep data/waybill.key apart"), "{text}");
    assert!(!place.folder.join("copy.partial").exists() && !place.folder.join("copy/waybill.key").exists());
}
