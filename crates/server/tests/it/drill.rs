//! A drill: a server under a mixed load is killed at any instant, again and again, and afterwards nothing is lost, nothing
//! is bought twice, and everybody was told.
//!
//! `WAYBILL_KILL_ROUNDS=20 ./test -p server drill` is the long one. The instants come from a seed that is printed;
//! `WAYBILL_KILL_SEED` gives one again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use carriers::sandbox::journal::{Act, Journal};
use reqwest::Client;
use serde_json::{Value as Json, json};
use testkit::on_both_engines;
use testkit::sink::Sink;

use crate::process::{Place, client};

/// What was acknowledged.
#[derive(Default)]
struct Acknowledged {
    /// Order id by external id.
    orders: BTreeMap<String, String>,
    /// The numbers of booked shipments by shipment id.
    labels: BTreeMap<String, Vec<String>>,
    /// Cancelled shipments.
    cancelled: BTreeSet<String>,
    /// Shipment id by parcel id.
    parcels: BTreeMap<String, String>,
    /// Shipment id and digest by document id.
    documents: BTreeMap<String, (String, String)>,
}

fn setting(name: &str) -> Option<u64> {
    #[expect(clippy::disallowed_methods, reason = "a test has no configuration but this")]
    let text = std::env::var(name);
    text.ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name} is a whole number")))
}

/// Numbers that look random, the same ones from the same seed: SplitMix64, as Steele, Lea and Flood wrote it down.
struct Dice(u64);

impl Dice {
    /// A number below `end`.
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end
    }
}

fn setup(hook: &str) -> String {
    let local = "carrier = \"local\"\nsettings = { rate_sheet = \"rates.csv\", sscc_prefix = \"4012345\", carrier_name = \"House Parcel\" }";
    assert!(testkit::SETUP.contains(local));
    let setup = testkit::SETUP.replace(local, "carrier = \"sandbox\"\nsettings = {}");
    let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    let webhook = format!(
        "[[tenant.webhook]]\nurl = \"{hook}\"\nsecret = \"{secret}\"\ndialect = \"native\"\nevents = [\"*\"]\nconcurrency = 4\n\n"
    );
    setup.replacen("[[tenant.location]]", &format!("{webhook}[[tenant.location]]"), 1)
}

/// Numbers of a shipment as the native API shows it.
fn numbers(shipment: &Json) -> Vec<String> {
    let parcels = shipment["parcels"].as_array().unwrap().iter();
    parcels.filter_map(|parcel| parcel["tracking_number"].as_str().map(str::to_owned)).collect()
}

/// The ids of a shipment's parcels.
fn parcels(shipment: &Json) -> impl Iterator<Item = String> {
    shipment["parcels"].as_array().unwrap().iter().map(|parcel| parcel["id"].as_str().unwrap().to_owned())
}

/// Id and digest of each document of a shipment; `None` when the server is gone.
async fn documents(client: &Client, url: &str, shipment: &str) -> Option<Vec<(String, String)>> {
    let asked = client.get(format!("{url}/v1/shipments/{shipment}/documents")).bearer_auth("sec-acme").send();
    let listed: Json = asked.await.ok()?.json().await.ok()?;
    let text = |document: &Json, name: &str| document[name].as_str().unwrap().to_owned();
    let of = |document: &Json| (text(document, "id"), text(document, "sha256"));
    Some(listed["data"].as_array()?.iter().map(of).collect())
}

async fn post(client: &Client, url: &str, key: &str, body: &Json) -> Option<(u16, Json)> {
    let request = client.post(url).bearer_auth("sec-acme").header("idempotency-key", key).json(body);
    let answer = request.send().await.ok()?;
    Some((answer.status().as_u16(), answer.json().await.ok()?))
}

async fn get(client: &Client, url: &str) -> Json {
    client.get(url).bearer_auth("sec-acme").send().await.unwrap().json().await.unwrap()
}

/// Orders, labels and now and then a cancellation, until the server is gone.
async fn work(client: Client, url: String, next: Arc<AtomicU64>, said: Arc<Mutex<Acknowledged>>) {
    for _ in 0..5_000 {
        let number = next.fetch_add(1, Ordering::Relaxed);
        let external_id = format!("drill-{number}");
        let order = json!({
            "external_id": external_id,
            "items": [{ "name": "Cup", "quantity": 1 }],
            "shipping_address": { "name": "Erika Mustermann", "street1": "Invalidenstraße 117", "postal_code": "10115", "city": "Berlin", "country": "DE" },
        });
        let Some((status, placed)) = post(&client, &format!("{url}/v1/orders"), &format!("o{number}"), &order).await
        else {
            return;
        };
        if status != 201 {
            continue;
        }
        let id = placed["id"].as_str().unwrap().to_owned();
        said.lock().unwrap().orders.insert(external_id, id.clone());
        let ship = format!("{url}/v1/orders/{id}/shipments");
        let Some((status, shipment)) = post(&client, &ship, &format!("s{number}"), &json!({})).await else { return };
        if status != 201 || shipment["status"] != "booked" {
            continue;
        }
        let shipment_id = shipment["id"].as_str().unwrap().to_owned();
        {
            let mut said = said.lock().unwrap();
            said.labels.insert(shipment_id.clone(), numbers(&shipment));
            said.parcels.extend(parcels(&shipment).map(|parcel| (parcel, shipment_id.clone())));
        }
        if number.is_multiple_of(2) {
            let Some(shown) = documents(&client, &url, &shipment_id).await else { return };
            let shown = shown.into_iter().map(|(id, digest)| (id, (shipment_id.clone(), digest)));
            said.lock().unwrap().documents.extend(shown);
        }
        if number.is_multiple_of(3) {
            let cancel = format!("{url}/v1/shipments/{shipment_id}/cancel");
            let Some((status, _)) = post(&client, &cancel, &format!("c{number}"), &json!({})).await else { return };
            if status == 200 {
                said.lock().unwrap().cancelled.insert(shipment_id);
            }
        }
    }
}

/// Every event of the feed.
async fn feed(client: &Client, url: &str) -> Vec<Json> {
    let (mut all, mut after) = (Vec::new(), 0);
    loop {
        let page = get(client, &format!("{url}/v1/events?after={after}")).await;
        let events = page["data"].as_array().unwrap();
        let Some(last) = events.last() else { return all };
        after = last["position"].as_i64().unwrap();
        all.extend(events.iter().cloned());
    }
}

/// Every shipment of every order, once none of them is under way any more.
async fn settled(client: &Client, url: &str, acknowledged: &BTreeSet<String>) -> Vec<Json> {
    for _ in 0..600 {
        let events = feed(client, url).await;
        let orders: BTreeSet<_> = events.iter().filter_map(|event| event["data"]["order"].as_str()).collect();
        if !acknowledged.iter().all(|order| orders.contains(order.as_str())) {
            // On PostgreSQL the numbering waits until the lease of the node that was killed is over.
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        }
        let mut shipments = Vec::new();
        for order in orders {
            let page = get(client, &format!("{url}/v1/orders/{order}/shipments")).await;
            shipments.extend(page["data"].as_array().unwrap().iter().cloned());
        }
        let is_under_way = |shipment: &Json| ["booking", "cancelling"].contains(&shipment["status"].as_str().unwrap());
        if !shipments.iter().any(is_under_way) {
            return shipments;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("an acknowledged order never comes into the feed, or a booking is never settled");
}

on_both_engines! {
    async fn a3_a_mixed_load_survives_a_kill_at_any_instant(engine: Engine) {
        let sink = Sink::start().await;
        let place = Place::new(engine, "drill").await;
        std::fs::write(place.folder.join("setup.toml"), setup(&sink.url)).unwrap();
        let settings = "allow_private_webhooks = true\nsandbox_journal = \"journal\"\ncarrier_timeout_seconds = 1\nlog = \"error\"\n";
        std::fs::write(place.folder.join("waybill.toml"), settings).unwrap();
        let client = client();
        let (said, next) = (Arc::new(Mutex::new(Acknowledged::default())), Arc::new(AtomicU64::new(1)));
        let seed = setting("WAYBILL_KILL_SEED").unwrap_or_else(|| u64::from_be_bytes(app::Random::System.bytes()));
        println!("to kill at the same instants again: WAYBILL_KILL_SEED={seed}");
        let mut dice = Dice(seed);
        let rounds = setting("WAYBILL_KILL_ROUNDS").unwrap_or(3);
        // A slow machine takes more of them until there are labels to speak of.
        let is_little = || said.lock().unwrap().labels.len() <= 10;
        for round in (0..rounds.max(30)).take_while(|round| *round < rounds || is_little()) {
            let server = place.serve();
            let load: Vec<_> = (0..6)
                .map(|_| {
                    let (client, url) = (client.clone(), server.url.clone());
                    tokio::spawn(work(client, url, Arc::clone(&next), Arc::clone(&said)))
                })
                .collect();
            // Any instant: one in each of three stretches in turn, so that some come late enough for labels.
            let instant = Duration::from_micros(150_000 + (round % 3) * 400_000 + dice.below(400_000));
            println!("round {round}: killed after {instant:?}");
            tokio::time::sleep(instant).await;
            server.kill();
            for worker in load {
                worker.await.unwrap();
            }
        }
        let server = place.serve();
        let said = std::mem::take(&mut *said.lock().unwrap());
        let acknowledged = said.orders.values().cloned().collect();
        let shipments = settled(&client, &server.url, &acknowledged).await;
        assert!(said.labels.len() > 10, "only {} labels were acknowledged", said.labels.len());

        // No acknowledged order is lost, and no id was given twice.
        let ids: BTreeSet<_> = said.orders.values().collect();
        assert_eq!(ids.len(), said.orders.len());
        let events = feed(&client, &server.url).await;
        let created = events.iter().filter(|event| event["type"] == "order.created");
        let created: Vec<_> = created.map(|event| event["data"]["order"].as_str().unwrap().to_owned()).collect();
        let stored: BTreeSet<_> = created.iter().collect();
        assert_eq!(stored.len(), created.len(), "an order was created twice");
        assert!(ids.is_subset(&stored), "{:?} are lost", ids.difference(&stored).collect::<Vec<_>>());

        // What the carrier has is what we know, parcel by parcel, and nothing was bought twice.
        let acts = Journal::read(&place.folder.join("journal")).unwrap();
        let (mut theirs, mut all_numbers, mut count) = (BTreeMap::new(), BTreeSet::new(), 0);
        for act in acts {
            match act {
                Act::Booked { reference, numbers } => {
                    count += numbers.len();
                    all_numbers.extend(numbers.iter().cloned());
                    theirs.insert(reference, numbers);
                }
                Act::Cancelled { reference } => drop(theirs.remove(&reference)),
            }
        }
        assert_eq!(all_numbers.len(), count, "a number was given twice");
        let booked = shipments.iter().filter(|shipment| shipment["status"] == "booked");
        let ours: BTreeMap<_, _> =
            booked.clone().map(|shipment| (shipment["id"].as_str().unwrap().to_owned(), numbers(shipment))).collect();
        assert_eq!(ours, theirs);
        let orders: Vec<_> = booked.map(|shipment| shipment["order"].as_str().unwrap()).collect();
        assert_eq!(orders.iter().collect::<BTreeSet<_>>().len(), orders.len(), "an order has two labels");
        for (shipment, numbers) in &said.labels {
            let is_cancelled = said.cancelled.contains(shipment);
            if is_cancelled {
                assert!(!ours.contains_key(shipment), "{shipment} was cancelled");
            } else if let Some(known) = ours.get(shipment) {
                assert_eq!(known, numbers);
            }
        }

        // No parcel's or document's id was given twice: each one that was shown still means what it meant.
        let (mut parcel_ids, mut document_ids) = (BTreeMap::new(), BTreeMap::new());
        for shipment in &shipments {
            let id = shipment["id"].as_str().unwrap();
            for parcel in parcels(shipment) {
                let other = parcel_ids.insert(parcel.clone(), id.to_owned());
                assert!(other.is_none(), "parcel {parcel} is of {id} and of {other:?}");
            }
            for (document, digest) in documents(&client, &server.url, id).await.unwrap() {
                let other = document_ids.insert(document.clone(), (id.to_owned(), digest));
                assert!(other.is_none(), "document {document} is of {id} and of {other:?}");
            }
        }
        for (parcel, shipment) in &said.parcels {
            assert_eq!(parcel_ids.get(parcel), Some(shipment), "parcel {parcel}");
        }
        assert!(!said.documents.is_empty(), "no document was shown");
        for (document, shown) in &said.documents {
            assert_eq!(document_ids.get(document), Some(shown), "document {document}");
        }

        // Everybody was told of everything, with the same bytes each time.
        let mut waited = 0;
        let told = loop {
            let mut told = BTreeMap::new();
            for one in sink.received() {
                let body = told.entry(one.header("webhook-id").to_owned()).or_insert_with(|| one.body.clone());
                assert_eq!(*body, one.body);
            }
            if told.len() >= events.len() || waited > 900 {
                break told;
            }
            waited += 1;
            tokio::time::sleep(Duration::from_millis(100)).await;
        };
        let untold: Vec<_> =
            events.iter().map(|event| event["id"].as_str().unwrap()).filter(|id| !told.contains_key(*id)).collect();
        assert!(untold.is_empty(), "{} of {} events were told to nobody: {:?}", untold.len(), events.len(), untold.first());
        assert!(server.stop(), "a stop ends well");
    }
}
