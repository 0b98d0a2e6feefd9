//! A batch whose server is killed in the middle, again and again: every order is labelled, and none twice.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use carriers::sandbox::journal::{Act, Journal};
use domain::ids::OrderId;
use reqwest::Client;
use serde_json::{Value as Json, json};
use testkit::on_both_engines;

use crate::process::{Place, client};

/// Orders of the batch.
const ORDERS: u64 = 2_000;

/// A setup whose carrier writes down what it books, so that it outlives the server.
fn setup() -> String {
    let local = "carrier = \"local\"\nsettings = { rate_sheet = \"rates.csv\", sscc_prefix = \"4012345\", carrier_name = \"House Parcel\" }";
    assert!(testkit::SETUP.contains(local));
    testkit::SETUP.replace(local, "carrier = \"sandbox\"\nsettings = {}")
}

fn order(number: u64) -> Json {
    json!({
        "order_id": format!("batch-{number}"),
        "order_number": format!("B-{number}"),
        "order_details": {
            "integration": { "id": 7 },
            "status": { "code": "paid" },
            "order_created_at": "2026-03-02T10:00:00.555Z",
            "order_items": [{ "name": "Cup", "quantity": 1, "total_price": { "value": 3.5, "currency": "EUR" } }],
        },
        "payment_details": { "total_price": { "value": 3.5, "currency": "EUR" }, "status": { "code": "paid" } },
        "shipping_address": {
            "name": "Erika Mustermann", "address_line_1": "Invalidenstraße", "house_number": "117",
            "postal_code": "10115", "city": "Berlin", "country_code": "DE",
        },
    })
}

/// Places the orders; their native ids.
async fn placed(client: &Client, url: &str) -> Vec<String> {
    let mut ids = Vec::new();
    for first in (0..ORDERS).step_by(100) {
        let orders: Vec<_> = (first..first + 100).map(order).collect();
        let post = client.post(format!("{url}/api/v3/orders")).basic_auth("pub-acme", Some("sec-acme")).json(&orders);
        let answer: Json = post.send().await.unwrap().json().await.unwrap();
        let stored = answer["data"].as_array().unwrap_or_else(|| panic!("{answer}"));
        ids.extend(stored.iter().map(|order| {
            let number = order["id"].as_str().unwrap().parse().unwrap();
            OrderId::new(number).unwrap().to_string()
        }));
    }
    ids
}

async fn get(client: &Client, url: &str) -> Json {
    client.get(url).bearer_auth("sec-acme").send().await.unwrap().json().await.unwrap()
}

/// The batch once it is as wanted; at every moment its counts sum to the total.
async fn until(client: &Client, url: &str, is_so: impl Fn(&Json) -> bool) -> Json {
    for _ in 0..3_000 {
        let batch = get(client, url).await;
        let counts = &batch["counts"];
        let sum: u64 =
            ["waiting", "labelled", "skipped", "failed"].iter().map(|name| counts[name].as_u64().unwrap()).sum();
        assert_eq!(sum, ORDERS, "{counts}");
        if is_so(&batch) {
            return batch;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the batch never comes to that: {}", get(client, url).await);
}

on_both_engines! {
    async fn b2_a_batch_of_2000_orders_whose_server_is_killed_in_the_middle_is_labelled_and_nothing_twice(engine: Engine) {
        let place = Place::new(engine, "batch").await;
        std::fs::write(place.folder.join("setup.toml"), setup()).unwrap();
        let settings = "sandbox_journal = \"journal\"\ncarrier_timeout_seconds = 1\nlog = \"error,app::batches=info\"\n";
        std::fs::write(place.folder.join("waybill.toml"), settings).unwrap();
        let client = client();
        let mut server = place.serve();
        let orders = placed(&client, &server.url).await;
        assert_eq!(orders.len() as u64, ORDERS);
        let asked = client.post(format!("{}/v1/batches", server.url)).bearer_auth("sec-acme");
        let begun = asked.json(&json!({ "orders": orders, "format": "zpl_203" })).send().await.unwrap();
        assert_eq!(begun.status(), 202);
        let begun: Json = begun.json().await.unwrap();
        let path = format!("/v1/batches/{}", begun["id"].as_str().unwrap());
        for least in [400, 1_100] {
            let labelled = |batch: &Json| batch["counts"]["labelled"].as_u64().unwrap();
            let batch = until(&client, &format!("{}{path}", server.url), |batch| labelled(batch) >= least).await;
            assert!(labelled(&batch) < ORDERS, "it was over before it was killed");
            server.kill();
            server = place.serve();
        }
        let done = until(&client, &format!("{}{path}", server.url), |batch| batch["status"] == "done").await;
        let counts = json!({ "total": ORDERS, "waiting": 0, "labelled": ORDERS, "skipped": 0, "failed": 0 });
        assert_eq!(done["counts"], counts);

        // One shipment an order, and the carrier has what we know and nothing else.
        let (mut ours, mut in_order) = (BTreeMap::new(), Vec::new());
        let mut next = Some("0".to_owned());
        while let Some(after) = next {
            let page = get(&client, &format!("{}{path}/orders?after={after}", server.url)).await;
            for row in page["data"].as_array().unwrap() {
                let [number] = row["tracking_numbers"].as_array().unwrap().as_slice() else { panic!("{row}") };
                in_order.push(number.as_str().unwrap().to_owned());
                let shipment = row["shipment"].as_str().unwrap().to_owned();
                assert!(ours.insert(shipment, number.as_str().unwrap().to_owned()).is_none(), "{row}");
            }
            next = page["next"].as_str().map(str::to_owned);
        }
        let mut theirs = BTreeMap::new();
        for act in Journal::read(&place.folder.join("journal")).unwrap() {
            let Act::Booked { reference, numbers } = act else { panic!("{act:?}") };
            let [number] = numbers.try_into().unwrap();
            assert!(theirs.insert(reference.clone(), number).is_none(), "{reference} was booked twice");
        }
        assert_eq!(ours, theirs);
        let numbers: BTreeSet<_> = ours.values().collect();
        assert_eq!(numbers.len() as u64, ORDERS, "a number was given twice");

        // Their labels lie in one file, in the order asked for.
        let [file] = done["documents"].as_array().unwrap().as_slice() else { panic!("{done}") };
        assert_eq!(file["labels"], ORDERS);
        let file = client.get(format!("{}/v1/documents/{}", server.url, file["id"].as_str().unwrap())).bearer_auth("sec-acme");
        let zpl = file.send().await.unwrap().text().await.unwrap();
        let labels: Vec<_> = zpl.split_inclusive("^XZ\n").collect();
        assert_eq!(labels.len() as u64, ORDERS);
        assert!(labels.iter().zip(&in_order).all(|(label, number)| label.contains(number.as_str())));
        // How far it was stood in the log too, to the end.
        let log = place.log();
        let told = format!("{ORDERS} of {ORDERS} orders have a label, 0 had one, 0 failed, 0 wait");
        assert!(log.contains(&told), "{log}");
        assert!(server.stop(), "a stop ends well");
    }
}
