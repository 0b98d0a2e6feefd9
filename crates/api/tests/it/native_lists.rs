//! Lists of the native API: latest first, narrowed by what an entry says of itself, walked page by page.

use std::time::Duration;

use http::Method;
use serde_json::{Value as Json, json};
use testkit::{TestApp, on_both_engines};

use crate::fixture::{OTHER, order, place, serving_setup, setup_with};

/// A shop with a second carrier account: three shipments an hour apart, the last of them cancelled, and a batch of two.
async fn shop(engine: testkit::Engine) -> TestApp {
    let second = "[[tenant.carrier_account]]\nid = \"sandbox\"\ncarrier = \"sandbox\"\n\n";
    let t = serving_setup(engine, &setup_with(second)).await;
    place(&t, ["A", "B", "C", "D", "E"].map(order)).await;
    for (number, service) in [(1, "house:express"), (2, "sandbox:standard"), (3, "house:express")] {
        let booked = t.post(&format!("/v1/orders/ord_{number}/shipments"), &json!({ "service": service })).await;
        assert_eq!(booked.status, 201, "{}", booked.text());
        t.clock.advance(Duration::from_hours(1));
    }
    assert_eq!(t.post("/v1/shipments/shp_3/cancel", &Json::Null).await.status, 200);
    t
}

/// The ids of all pages of a list, and how many pages there were.
async fn walked(t: &TestApp, path: &str) -> (Vec<String>, usize) {
    let (mut ids, mut pages, mut after) = (Vec::new(), 0, String::new());
    loop {
        let sign = if path.contains('?') { '&' } else { '?' };
        let page = t.get(&format!("{path}{sign}limit=2{after}")).await;
        assert_eq!(page.status, 200, "{}", page.text());
        pages += 1;
        let page = page.json();
        ids.extend(page["data"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().to_owned()));
        let Some(next) = page["next"].as_str() else { return (ids, pages) };
        after = format!("&after={next}");
    }
}

on_both_engines! {
    async fn shipments_are_narrowed_by_status_account_and_time(engine: Engine) {
        let t = shop(engine).await;
        for (filters, found) in [
            ("", &["shp_3", "shp_2", "shp_1"][..]),
            ("?status=booked", &["shp_2", "shp_1"]),
            ("?status=cancelled", &["shp_3"]),
            ("?status=failed", &[]),
            ("?carrier_account=house", &["shp_3", "shp_1"]),
            ("?carrier_account=house&status=booked", &["shp_1"]),
            ("?carrier_account=nobody", &[]),
            ("?created_from=2026-03-02T11:00:00Z", &["shp_3", "shp_2"]),
            ("?created_from=2026-03-02T11:00:00Z&created_before=2026-03-02T12:00:00Z", &["shp_2"]),
            ("?kind=return", &[]),
            ("?kind=outgoing&created_before=2026-03-02T11:00:00Z", &["shp_1"]),
        ] {
            assert_eq!(walked(&t, &format!("/v1/shipments{filters}")).await.0, found, "{filters}");
        }
        assert_eq!(walked(&t, "/v1/shipments").await.1, 2);
        let wrong = t.get("/v1/shipments?status=lost").await;
        assert_eq!(wrong.json()["errors"], json!([{
            "pointer": "/status",
            "detail": "\"lost\": expected one of draft, booking, booked, cancelling, cancelled, failed",
        }]));
        let wrong = t.get("/v1/shipments?created_from=yesterday").await;
        assert_eq!(wrong.json()["errors"][0]["detail"], "\"yesterday\": expected an instant such as 2026-11-27T08:00:00Z");
        let theirs = t.call_with(OTHER, Method::GET, "/v1/shipments?carrier_account=house", "").await;
        assert_eq!(theirs.json(), json!({ "data": [] }));
    }

    async fn documents_of_all_shipments_and_batches_stand_in_one_list(engine: Engine) {
        let t = shop(engine).await;
        assert_eq!(t.get("/v1/parcels/pcl_1/label").await.status, 200);
        t.clock.advance(Duration::from_hours(1));
        assert_eq!(t.get("/v1/shipments/shp_1/packing-slip").await.status, 200);
        assert_eq!(t.post("/v1/batches", &json!({ "orders": ["ord_4", "ord_5"] })).await.status, 202);
        t.clock.advance(Duration::from_hours(1));
        t.run_jobs().await;
        let kinds = async |path: &str| -> Vec<String> {
            let page = t.get(path).await;
            assert_eq!(page.status, 200, "{}", page.text());
            let line = |one: &Json| format!("{} of {} {} {}", one["kind"].as_str().unwrap(), one["order"], one["shipment"], one["batch"]);
            page.json()["data"].as_array().unwrap().iter().map(line).collect()
        };
        let label = "label of \"ord_1\" \"shp_1\" null";
        let slip = "packing_slip of \"ord_1\" \"shp_1\" null";
        let batch = "labels of null null \"bat_1\"";
        let all = kinds("/v1/documents").await;
        let of_first: Vec<_> = all.iter().filter(|line| [label, slip, batch].contains(&line.as_str())).collect();
        assert_eq!(of_first, [batch, slip, label], "{all:?}");
        assert_eq!(kinds("/v1/documents?kind=packing_slip").await, [slip]);
        assert_eq!(kinds("/v1/documents?kind=labels").await, [batch]);
        let second = "label of \"ord_2\" \"shp_2\" null";
        assert_eq!(kinds("/v1/documents?created_before=2026-03-02T14:00:00Z").await, [second, label]);
        let (ids, pages) = walked(&t, "/v1/documents").await;
        assert_eq!((ids.len(), pages), (all.len(), all.len().div_ceil(2)));
        let wrong = t.get("/v1/documents?kind=poster").await.json()["errors"].clone();
        assert_eq!(wrong, json!([{
            "pointer": "/kind",
            "detail": "\"poster\": expected one of label, labels, packing_slip, customs_form, commercial_invoice, return_label, manifest",
        }]));
        let theirs = t.call_with(OTHER, Method::GET, "/v1/documents", "").await;
        assert_eq!(theirs.json(), json!({ "data": [] }));
    }

    async fn batches_are_listed_without_their_files(engine: Engine) {
        let t = shop(engine).await;
        for orders in [["ord_4"], ["ord_5"], ["ord_1"]] {
            assert_eq!(t.post("/v1/batches", &json!({ "orders": orders })).await.status, 202);
            t.run_jobs().await;
        }
        assert_eq!(walked(&t, "/v1/batches").await, (["bat_3", "bat_2", "bat_1"].map(str::to_owned).to_vec(), 2));
        let shown = t.get("/v1/batches?limit=1").await.json()["data"][0].clone();
        let counts = json!({ "total": 1, "waiting": 0, "labelled": 0, "skipped": 1, "failed": 0 });
        assert_eq!((&shown["status"], &shown["counts"], shown.get("documents")), (&json!("done"), &counts, None));
        let theirs = t.call_with(OTHER, Method::GET, "/v1/batches", "").await;
        assert_eq!(theirs.json(), json!({ "data": [] }));
    }

    async fn collections_are_narrowed_by_account_location_and_day(engine: Engine) {
        let t = shop(engine).await;
        for (account, day) in [("house", "2026-03-03"), ("house", "2026-03-04"), ("sandbox", "2026-03-04")] {
            let wish = json!({ "carrier_account": account, "date": day, "from": "14:00", "until": "17:30" });
            assert_eq!(t.post("/v1/collections", &wish).await.status, 201);
            t.clock.advance(Duration::from_secs(1));
        }
        for (filters, found) in [
            ("", &["col_3", "col_2", "col_1"][..]),
            ("?carrier_account=house", &["col_2", "col_1"]),
            ("?date=2026-03-04", &["col_3", "col_2"]),
            ("?carrier_account=sandbox&location=oss&date=2026-03-04", &["col_3"]),
            ("?location=mars", &[]),
        ] {
            assert_eq!(walked(&t, &format!("/v1/collections{filters}")).await.0, found, "{filters}");
        }
    }
}
