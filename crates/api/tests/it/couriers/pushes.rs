//! Pushes: whatever order, repetition and burst they come in, and whoever else finds the address.

use carriers::doordash_drive::stand_in::{AUTHORIZATION, webhook};
use futures::future::join_all;
use http::Method;
use serde_json::{Value as Json, json};
use testkit::{Answer, on_both_engines};

use super::fixture::Boston;
use crate::fixture::{bare, events};

/// The path of the courier's push address, as whoever may change the set-up sees it.
async fn address(boston: &Boston) -> String {
    let accounts = boston.t.get("/v1/carrier-accounts").await.json();
    let dash = accounts["data"].as_array().unwrap().iter().find(|account| account["id"] == "dash").unwrap().clone();
    let url = dash["push_url"].as_str().unwrap();
    url.strip_prefix("http://127.0.0.1:8080").unwrap().to_owned()
}

async fn push(boston: &Boston, path: &str, body: &Json) -> Answer {
    bare(&boston.t, &[("authorization", AUTHORIZATION)], Method::POST, path, &body.to_string()).await
}

/// A delivery's way, each step with the minute it was done in.
const WAY: [(&str, u32); 9] = [
    ("DASHER_CONFIRMED", 1),
    ("DASHER_ENROUTE_TO_PICKUP", 2),
    ("DASHER_ENROUTE_TO_PICKUP", 3),
    ("DASHER_CONFIRMED_PICKUP_ARRIVAL", 5),
    ("DASHER_PICKED_UP", 6),
    ("DASHER_ENROUTE_TO_DROPOFF", 7),
    ("DASHER_ENROUTE_TO_DROPOFF", 8),
    ("DASHER_CONFIRMED_DROPOFF_ARRIVAL", 9),
    ("DASHER_DROPPED_OFF", 10),
];

fn step(number: &str, (event, minute): (&str, u32)) -> Json {
    webhook(number, event, &format!("2026-03-02T10:{minute:02}:00.120Z"))
}

on_both_engines! {
    async fn a_courier_tells_each_step_by_itself(engine: Engine) {
        let boston = Boston::open(engine).await;
        boston.order("A").await;
        boston.ship("dash:standard").await;
        let (path, number) = (address(&boston).await, boston.number().await);
        for one in WAY {
            assert_eq!(push(&boston, &path, &step(&number, one)).await.status, 200);
        }
        assert_eq!(boston.told().await, [
            "DASHER_CONFIRMED announced",
            "DASHER_ENROUTE_TO_PICKUP announced",
            "DASHER_CONFIRMED_PICKUP_ARRIVAL announced",
            "DASHER_PICKED_UP in_transit",
            "DASHER_ENROUTE_TO_DROPOFF out_for_delivery",
            "DASHER_CONFIRMED_DROPOFF_ARRIVAL out_for_delivery",
            "DASHER_DROPPED_OFF delivered",
        ], "positions that come again make no history");
        assert_eq!(boston.shipment().await["tracking"], "delivered");
        let told = events(&boston.t).await;
        let count = |kind: &str| told.iter().filter(|one| *one == kind).count();
        assert_eq!((count("parcel.tracking_changed"), count("parcel.milestone")), (3, 4), "{told:?}");
        assert_eq!(boston.dash.calls("get"), 1, "nobody was asked, but for the daily look at the account");
    }

    async fn a_burst_in_any_order_with_repetitions_ends_in_the_same_state(engine: Engine) {
        let boston = Boston::open(engine).await;
        boston.order("A").await;
        boston.ship("dash:standard").await;
        let (path, number) = (address(&boston).await, boston.number().await);
        let bodies: Vec<_> = (0..5).flat_map(|_| WAY.into_iter().rev()).map(|one| step(&number, one)).collect();
        let answers = join_all(bodies.iter().map(|body| push(&boston, &path, body))).await;
        assert!(answers.iter().all(|answer| answer.status == 200), "{answers:?}");
        assert_eq!(boston.shipment().await["tracking"], "delivered");
        let told = boston.told().await;
        assert_eq!(told.iter().filter(|line| line.ends_with("delivered")).count(), 1, "{told:?}");
        assert!((7..=9).contains(&told.len()), "{told:?}");
        assert_eq!(push(&boston, &path, &step(&number, WAY[0])).await.status, 200);
        assert_eq!(boston.shipment().await["tracking"], "delivered", "late news moves nothing back");
    }

    async fn a_parcel_that_comes_back_is_told_with_its_reason(engine: Engine) {
        let boston = Boston::open(engine).await;
        boston.order("A").await;
        boston.ship("dash:standard").await;
        let (path, number) = (address(&boston).await, boston.number().await);
        let mut failed = step(&number, ("DELIVERY_CANCELLED", 7));
        failed["cancellation_reason"] = json!("failed_to_deliver");
        assert_eq!(push(&boston, &path, &failed).await.status, 200);
        let shipment = boston.shipment().await;
        assert_eq!(shipment["tracking"], "undeliverable");
        let events = boston.t.get("/v1/parcels/pcl_1/tracking-events").await.text();
        assert!(events.contains("failed_to_deliver"), "{events}");
        push(&boston, &path, &step(&number, ("DELIVERY_RETURN_INITIALIZED", 8))).await;
        push(&boston, &path, &step(&number, ("DELIVERY_RETURNED", 9))).await;
        assert_eq!(boston.shipment().await["tracking"], "returned");
    }

    async fn our_own_cancellation_is_no_news_to_anybody(engine: Engine) {
        let boston = Boston::open(engine).await;
        boston.order("A").await;
        boston.ship("dash:standard").await;
        let (path, number) = (address(&boston).await, boston.number().await);
        boston.t.post("/v1/shipments/shp_1/cancel", &Json::Null).await;
        let before = events(&boston.t).await;
        let mut cancelled = step(&number, ("DELIVERY_CANCELLED", 7));
        cancelled["cancellation_reason"] = json!("cancelled_by_creator");
        assert_eq!(push(&boston, &path, &cancelled).await.status, 200);
        assert_eq!(events(&boston.t).await, before);
    }

    async fn an_address_that_nobody_has_looks_like_a_path_that_does_not_exist(engine: Engine) {
        let boston = Boston::open(engine).await;
        let path = address(&boston).await;
        let anywhere = push(&boston, "/no/such/path", &json!({})).await;
        let ask = async |method: Method, path: &str| {
            let answer = bare(&boston.t, &[("authorization", AUTHORIZATION)], method, path, "{}").await;
            (answer.status, answer.headers.get("allow").cloned(), answer.text())
        };
        let expected = (anywhere.status, None, anywhere.text());
        for other in ["/push/x", "/push/", &path[..path.len() - 1], &format!("{path}x"), &"/push/x".repeat(200)] {
            assert_eq!(ask(Method::POST, other).await, expected, "{other}");
        }
        for method in [Method::GET, Method::PUT, Method::OPTIONS] {
            assert_eq!(ask(method, &path).await, expected);
        }
    }

    async fn whoever_found_the_address_can_tell_nothing_without_what_was_agreed(engine: Engine) {
        let boston = Boston::open(engine).await;
        boston.order("A").await;
        boston.ship("dash:standard").await;
        let (path, number) = (address(&boston).await, boston.number().await);
        let body = step(&number, WAY[8]);
        for headers in [&[][..], &[("authorization", "Basic Zm9yZ2Vk")][..]] {
            assert_eq!(bare(&boston.t, headers, Method::POST, &path, &body.to_string()).await.status, 401);
        }
        for nonsense in ["", "null", "[1]", "{}", "{\"event_name\":1}", "{\"event_name\":\"X\",\"external_delivery_id\":\"Y\",\"created_at\":\"Z\"}"] {
            let answer = bare(&boston.t, &[("authorization", AUTHORIZATION)], Method::POST, &path, nonsense).await;
            assert_eq!(answer.status, 400, "{nonsense}");
        }
        let large = format!("\"{}\"", "x".repeat(300 * 1024));
        let answer = bare(&boston.t, &[("authorization", AUTHORIZATION)], Method::POST, &path, &large).await;
        assert_eq!(answer.status, 413);
        assert_eq!(push(&boston, &path, &step("somebody-elses", WAY[8])).await.status, 200);
        assert_eq!((boston.told().await.len(), boston.shipment().await["tracking"].clone()), (0, json!("announced")));
    }

    async fn the_address_is_shown_to_whoever_may_change_the_set_up_and_stays_the_same(engine: Engine) {
        let boston = Boston::open(engine).await;
        let path = address(&boston).await;
        assert!(path.len() > "/push/".len() + 40, "{path}");
        let reader = boston.t.call_with(&crate::fixture::basic("pub-reader", "sec-reader"), Method::GET, "/v1/carrier-accounts", "").await;
        let reader = reader.json();
        assert_eq!(reader["data"][1]["id"], "dash");
        assert_eq!(reader["data"][1].get("push_url"), None);
        assert_eq!(reader["data"][0].get("push_url"), None, "UPS tells nothing by itself");
        assert_eq!(address(&boston).await, path);
        // The address survives a change of the installation's key.
        let vault = app::Vault::new(&[8; 32], app::Random::default()).unwrap().with_previous(&[7; 32]).unwrap();
        let other = boston.t.another_with(vault).await;
        other.check_key().await.unwrap();
        let rotated = other.rotate_installation_key(&|_| {}).await.unwrap();
        assert_eq!(rotated.pushes, 1);
        let alone = boston.t.another_with(app::Vault::new(&[8; 32], app::Random::default()).unwrap()).await;
        let setup = alone.tenant_setup(&domain::tenant::TenantId::new("acme").unwrap()).await.unwrap().unwrap();
        let url = alone.push_url(setup.account("dash").unwrap()).unwrap();
        assert!(url.ends_with(&path), "{url}");
        assert_eq!(alone.take_push(path.strip_prefix("/push/").unwrap(), None, b"{}").await, Err(app::pushes::NotTaken::Forged));
    }
}
