//! The published error tables, row by row: type, HTTP code, text, and whether waiting helps.

use std::num::NonZeroU32;

use api::delivery_solutions::error::{KINDS, Kind, Refusal};
use http::Method;
use serde_json::{Value as Json, json};
use testkit::carrier::{Outcome, Scripted};
use testkit::{Answer, Engine, on_both_engines};

use super::fixture::{
    SETUP, create, created, delete, example, is, order, order_from, path, put, refusal, retry, scripted, serving,
    with_setup,
};
use crate::fixture::{bare, builder, routed};

/// A row of a table: the operation, and what is published of the refusal.
struct Row {
    operation: &'static str,
    kind: &'static str,
    status: u16,
    is_transient: bool,
    message: &'static str,
}

/// The tables, written out again.
fn published() -> Vec<Row> {
    let table = include_str!("../../fixtures/delivery_solutions/errors.txt");
    let rows = table.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    rows.map(|line| {
        let parts: Vec<_> = line.split(" | ").collect();
        let [operation, kind, status, severity, message] = parts[..] else { panic!("{line}") };
        Row { operation, kind, status: status.parse().unwrap(), is_transient: severity == "Transient", message }
    })
    .collect()
}

/// Brings a refusal about; `None` when only the table of kinds can tell.
async fn provoked(engine: Engine, operation: &str, kind: &str) -> Option<Answer> {
    let (first, second) = (Scripted::new(), Scripted::second());
    let t = scripted(engine, &first, &second).await;
    let ask = async |t: &testkit::TestApp, id: &str, body: &Json| match operation {
        "create" => create(t, body).await,
        "list" => t.post("/shipments/list", body).await,
        "show" => t.get(&path(id)).await,
        "cancel" => delete(t, id).await,
        "edit" => put(t, &path(id), body).await,
        "history" => t.get(&format!("{}/status-history", path(id))).await,
        "retry" => retry(t, id).await,
        other => panic!("{other}"),
    };
    let address = json!({ "deliveryAddress": { "street1": "727 Albany Street" } });
    let nobody = async |t: &testkit::TestApp| {
        let (method, path) = match operation {
            "create" => (Method::POST, "/shipments".to_owned()),
            "list" => (Method::POST, "/shipments/list".to_owned()),
            "show" => (Method::GET, path("A")),
            "cancel" => (Method::DELETE, path("A")),
            "edit" => (Method::PUT, path("A")),
            "history" => (Method::GET, format!("{}/status-history", path("A"))),
            _ => (Method::POST, format!("{}/retry", path("A"))),
        };
        bare(t, &[], method, &path, "{}").await
    };
    // Forced edits of a booked order meet what placing one does.
    let place = async |t: &testkit::TestApp, order: &Json| match operation {
        "edit" => {
            created(t, &self::order("A")).await;
            let mut change = address.clone();
            change["locationExternalId"] = order["locationExternalId"].clone();
            change["proposedProviders"] = order["proposedProviders"].clone();
            change["deliveryAddress"]["countryCode"] = order["deliveryAddress"]["countryCode"].clone();
            change["deliveryAddress"]["state"] = json!("MA");
            put(t, "/shipments/A?forceUpdate=true", &change).await
        }
        "retry" => {
            create(t, order).await;
            retry(t, "A").await
        }
        _ => create(t, order).await,
    };
    let wanted = order("A");
    Some(match kind {
        "UNAUTHORIZED" => nobody(&t).await,
        "VALIDATION_ERROR" if operation == "create" => create(&t, &json!({ "orderExternalId": "A" })).await,
        "VALIDATION_ERROR" => {
            created(&t, &wanted).await;
            put(&t, &path("A"), &json!({ "package": { "name": "another" } })).await
        }
        "INVALID_DATA" => match operation {
            "create" => create(&t, &order_from("A", "nowhere")).await,
            "list" => {
                let range = json!({ "startsAt": 1_769_000_000_000_u64, "endsAt": 1_772_000_000_000_u64 });
                ask(&t, "", &json!({ "lastUpdatedAt": range })).await
            }
            "edit" => {
                created(&t, &wanted).await;
                ask(&t, "A", &json!({ "orderValue": "much" })).await
            }
            _ => ask(&t, &"9".repeat(101), &json!({})).await,
        },
        "DUPLICATE_ID" => {
            created(&t, &wanted).await;
            create(&t, &wanted).await
        }
        "NO_PROVIDER_ASSIGNED" => place(&t, &order_from("A", "closed")).await,
        "NO_PROVIDER_MATCHED" => {
            let mut wanted = wanted;
            wanted["proposedProviders"] = json!([{ "name": "nobody" }]);
            place(&t, &wanted).await
        }
        "PLACE_ORDER_FAILED" | "UNMAPPED_ERROR" if operation != "cancel" => {
            let outcome = if kind == "PLACE_ORDER_FAILED" { Outcome::No("closed") } else { Outcome::Gibberish };
            // An edit and a retry come after a booking that went another way.
            if operation == "edit" {
                first.next_booking(Outcome::Yes);
            }
            for _ in 0..2 {
                first.next_booking(outcome.clone());
                second.next_booking(outcome.clone());
            }
            place(&t, &wanted).await
        }
        "GEOCODING_FAILED" => {
            let mut wanted = wanted;
            wanted["deliveryAddress"]["countryCode"] = json!("ZZ");
            place(&t, &wanted).await
        }
        "NOT_FOUND" => ask(&t, "19345234", &json!({ "orderValue": 1 })).await,
        "CANCELLATION_NOT_ALLOWED" => {
            let t = scripted(engine, &Scripted::uncancellable(), &second).await;
            created(&t, &wanted).await;
            delete(&t, "A").await
        }
        "ORDER_CANCELLATION_FAILED" | "UNMAPPED_ERROR" => {
            let outcome = if kind == "UNMAPPED_ERROR" { Outcome::Gibberish } else { Outcome::No("too late") };
            first.next_cancel(outcome);
            created(&t, &wanted).await;
            delete(&t, "A").await
        }
        "ORDER_ALREADY_CANCELED" => {
            created(&t, &wanted).await;
            delete(&t, "A").await;
            delete(&t, "A").await
        }
        "INVALID_OPERATION" => {
            created(&t, &wanted).await;
            retry(&t, "A").await
        }
        "TOO_MANY_REQUESTS" => {
            let once = NonZeroU32::new(1);
            let t = builder(engine).setup(SETUP).file("rates.csv", testkit::RATES).options(|options| {
                (options.rate_limit.writes_per_minute, options.rate_limit.reads_per_minute) = (once, once);
            });
            let t = routed(t.build().await);
            ask(&t, "A", &json!({})).await;
            ask(&t, "A", &json!({})).await
        }
        "INTERNAL_SERVER_ERROR" => {
            if operation != "create" {
                created(&t, &wanted).await;
            }
            // The orders are not where they should be.
            t.app
                .store()
                .write(async |tx| tx.execute("alter table orders rename to mislaid", &[]).await)
                .await
                .unwrap();
            let change = if operation == "list" { json!({}) } else { json!({ "orderValue": 1 }) };
            ask(&t, "A", if operation == "create" { &wanted } else { &change }).await
        }
        // While it is being placed, somebody brings its waybill from elsewhere.
        "DUPLICATE_RESOURCE" => {
            first.ledger(|ledger| ledger.rates = Some(Outcome::Slow(300)));
            let brought =
                json!({ "carrier": "Market Express", "tracking_numbers": ["MX-1"], "brought_by": "the marketplace" });
            let bring = async {
                while t.get("/v1/orders/ord_1").await.status != 200 {
                    tokio::time::sleep(std::time::Duration::from_millis(5)).await;
                }
                assert_eq!(t.post("/v1/orders/ord_1/tracking-numbers", &brought).await.status, 201);
            };
            let (answer, ()) = futures::join!(create(&t, &wanted), bring);
            assert_eq!(first.ledger(|ledger| ledger.books_asked), 0);
            answer
        }
        // An order has no name: only a store has, which is v2's.
        "DUPLICATE_NAME" => return None,
        other => panic!("{other}"),
    })
}

on_both_engines! {
    async fn every_published_refusal_comes_as_it_is_published(engine: Engine) {
        let mut untold = Vec::new();
        let rows = published();
        let count = |operation: &str| rows.iter().filter(|row| row.operation == operation).count();
        let counts = ["create", "list", "show", "cancel", "edit", "history", "retry"].map(count);
        assert_eq!((counts, rows.len()), ([13, 3, 4, 8, 11, 2, 10], 51), "the rows that are published");
        for row in rows {
            let name = format!("{} {}", row.operation, row.kind);
            let Some(answer) = provoked(engine, row.operation, row.kind).await else {
                let known = KINDS.iter().find(|known| known.word == row.kind).unwrap_or_else(|| panic!("{name}"));
                let told = (known.status, known.is_transient, known.message);
                assert_eq!(told, (row.status, row.is_transient, row.message), "{name}");
                untold.push(name);
                continue;
            };
            assert_eq!(refusal(&answer), is(row.status, row.kind, row.message), "{name}: {}", answer.text());
            assert_eq!(!answer.header("retry-after").is_empty(), row.is_transient, "{name}");
        }
        assert_eq!(untold, ["create DUPLICATE_NAME"], "what nothing can bring about");
    }

    async fn everything_wrong_with_an_order_is_told_at_once_by_name_value_and_expectation(engine: Engine) {
        let t = serving(engine).await;
        let mut bad = example("create_request");
        bad["orderValue"] = json!("much");
        bad["deliveryAddress"]["state"] = json!("Massachusetts");
        bad["deliveryAddress"]["latitude"] = json!(91);
        bad["deliveryAddress"].as_object_mut().unwrap().remove("city");
        bad["package"]["weight"] = json!({ "value": 0, "unit": "stone" });
        bad["itemList"][0]["size"] = json!(7);
        bad["pickupTime"] = json!({ "startsAt": 2, "endsAt": 1 });
        bad["groupId"] = json!("g".repeat(101));
        bad["proposedProviders"] = json!([{ "services": [] }]);
        let refused = create(&t, &bad).await;
        let body = refused.json();
        let mut told: Vec<_> = body["errors"].as_array().unwrap().iter().map(|error| error["parameter"].as_str().unwrap().to_owned()).collect();
        told.sort();
        assert_eq!(told, [
            "deliveryAddress.city", "deliveryAddress.latitude", "deliveryAddress.state", "groupId", "itemList[0].size", "orderValue",
            "package.weight.unit", "package.weight.value", "pickupTime.endsAt", "proposedProviders[0].name",
        ]);
        assert!(refused.text().contains("found \\\"Massachusetts\\\". String should have at most 2 characters"), "{}", refused.text());
        assert_eq!(t.get(&path("7709-001")).await.status, 404, "nothing is stored");
        let nothing = create(&t, &json!({})).await;
        assert_eq!(refusal(&nothing).2, "orderExternalId is a required field");
        assert!(nothing.text().contains("Delivery Address not provided"));
    }

    async fn ids_that_can_be_none_are_told_from_those_that_are_not_there(engine: Engine) {
        let t = serving(engine).await;
        let long = "9".repeat(101);
        for id in ["%20", "%00", long.as_str()] {
            assert_eq!(refusal(&t.get(&path(id)).await), is(422, "INVALID_DATA", "Invalid Order Id"), "{id}");
            assert_eq!(refusal(&retry(&t, id).await), is(422, "INVALID_DATA", "Order Id value is invalid"), "{id}");
        }
        for id in ["1908241-0061", "0", "%F0%9F%98%80", "list", "a%2Fb"] {
            let answer = t.get(&path(id)).await;
            assert!([404, 405].contains(&answer.status.as_u16()), "{id}: {}", answer.text());
        }
        assert_eq!(refusal(&t.get("/shipments/a/b/c").await).0, 404);
        assert_eq!(refusal(&t.get("/shipments").await).0, 405);
    }

    async fn a_weight_that_nobody_says_is_asked_for_before_anything_is_stored(engine: Engine) {
        let t = with_setup(engine, SETUP).await;
        let mut wanted = order("A");
        wanted.as_object_mut().unwrap().remove("package");
        wanted["itemList"][0].as_object_mut().unwrap().remove("weight");
        assert_eq!(refusal(&create(&t, &wanted).await), is(400, "VALIDATION_ERROR", "package.weight is a required field"));
        assert_eq!(t.get(&path("A")).await.status, 404);
        wanted["itemList"][0]["weight"] = json!({ "value": 2 });
        created(&t, &wanted).await;
    }
}

#[test]
fn kinds_of_v2_are_those_that_its_clients_know() {
    const KNOWN: &str = "INVALID_DATA CANCELLATION_NOT_ALLOWED DUPLICATE_ID DUPLICATE_NAME DUPLICATE_RESOURCE ENTITY_IS_NOT_ACTIVE \
        FORBIDDEN GEOCODING_FAILED INTERNAL_SERVER_ERROR INVALID_OPERATION NO_DSP_ASSIGNED NO_DSP_MATCHED NOT_FOUND \
        ORDER_ALREADY_CANCELLED ORDER_CANCELLATION_FAILED PLACE_ORDER_FAILED TOO_MANY_REQUESTS UNAUTHORIZED UNMAPPED_ERROR \
        VALIDATION_ERROR SCORING_FAILED";
    for row in KINDS {
        assert!(KNOWN.split(' ').any(|known| known == row.word_in_v2), "{}", row.word_in_v2);
        let is_taken = [400, 404, 409, 500].contains(&row.status_in_v2);
        let is_about_access = [Kind::Unauthorized, Kind::Forbidden, Kind::TooManyRequests].contains(&row.kind);
        assert!(is_taken || is_about_access, "{} {}", row.word_in_v2, row.status_in_v2);
        assert_eq!(Refusal::new(row.kind).message, row.message);
    }
}
