//! Manifests and collections: what a carrier is handed over, and when it comes.

use domain::channel::Dialect;
use futures::future::join_all;
use http::Method;
use serde_json::{Value as Json, json};
use testkit::{TestApp, on_both_engines};

use crate::fixture::{OTHER, events, kind_of, order, place, serving, tidy};
use crate::openapi::conforms;

const TODAY: &str = "2026-03-02";

async fn booked(t: &TestApp, names: &[&str]) {
    for id in place(t, names.iter().map(|name| order(name))).await {
        let id: u64 = id.parse().unwrap();
        let order = domain::ids::OrderId::new(id).unwrap();
        let answer = t.post(&format!("/v1/orders/{order}/shipments"), &json!({})).await;
        assert_eq!(answer.status, 201, "{}", answer.text());
    }
}

fn house(date: &str) -> Json {
    json!({ "carrier_account": "house", "location": "oss", "date": date })
}

async fn on_list(t: &TestApp, list: &str) -> Vec<String> {
    let page = t.get(list).await;
    assert_eq!(page.status, 200, "{}", page.text());
    page.json()["data"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect()
}

on_both_engines! {
    async fn l2_one_list_a_carrier_location_and_day_holds_each_parcel_once(engine: Engine) {
        let t = serving(engine).await;
        booked(&t, &["A", "B"]).await;
        let begun = t.post("/v1/manifests", &json!({ "carrier_account": "house" })).await;
        assert_eq!(begun.story(), json!({ "status": 201, "body": {
            "id": "man_1",
            "status": "open",
            "carrier_account": "house",
            "location": "oss",
            "date": TODAY,
            "version": 2,
            "created_at": "2026-03-02T10:00:00Z",
            "closed_at": null,
            "parcels": 2,
        } }));
        booked(&t, &["C"]).await;
        let waiting = t.get("/v1/manifests/man_1/left-behind").await;
        conforms(Dialect::Native, "GET /v1/manifests/{id}/left-behind", &waiting);
        let waiting = waiting.json();
        assert_eq!(waiting, json!({ "data": [{
            "id": "pcl_3",
            "shipment": "shp_3",
            "order": "ord_3",
            "tracking_number": "40123450000000030",
            "sscc": "040123450000000030",
            "order_reference": "N-C",
            "service": "Standard",
            "city": "Oss",
            "country": "NL",
            "weight_kg": "0.5",
            "booked_at": "2026-03-02T10:00:00Z",
            "is_scanned": false,
        }] }));
        // Asked again, the same list takes what was booked since.
        let again = t.post("/v1/manifests", &house(TODAY)).await;
        assert_eq!((again.status.as_u16(), &again.json()["id"], &again.json()["parcels"]), (200, &json!("man_1"), &json!(3)));
        // Another day's list finds nothing left.
        let tomorrow = t.post("/v1/manifests", &house("2026-03-03")).await;
        assert_eq!((tomorrow.status.as_u16(), &tomorrow.json()["parcels"]), (201, &json!(0)));
        assert_eq!(on_list(&t, "/v1/manifests/man_1/parcels").await, ["pcl_1", "pcl_2", "pcl_3"]);
        assert_eq!(on_list(&t, "/v1/manifests/man_1/left-behind").await, [""; 0]);
        assert_eq!(on_list(&t, "/v1/manifests?carrier_account=house&location=oss").await, [tomorrow.json()["id"].as_str().unwrap(), "man_1"]);
        assert_eq!(on_list(&t, &format!("/v1/manifests?date={TODAY}")).await, ["man_1"]);
        let first = t.get("/v1/manifests?limit=1").await.json();
        assert_eq!(on_list(&t, &format!("/v1/manifests?limit=1&after={}", first["next"].as_str().unwrap())).await, ["man_1"]);
    }

    async fn l2_lists_that_are_begun_at_once_share_no_parcel(engine: Engine) {
        let t = serving(engine).await;
        booked(&t, &["A", "B", "C", "D"]).await;
        let days = ["2026-03-02", "2026-03-03", "2026-03-02", "2026-03-04", "2026-03-03", "2026-03-02"];
        let answers = join_all(days.map(|day| { let t = &t; async move { t.post("/v1/manifests", &house(day)).await } })).await;
        assert!(answers.iter().all(|answer| matches!(answer.status.as_u16(), 200 | 201)), "{answers:?}");
        let mut all = Vec::new();
        let lists = on_list(&t, "/v1/manifests").await;
        assert_eq!(lists.len(), 3, "one a day");
        for list in lists {
            all.extend(on_list(&t, &format!("/v1/manifests/{list}/parcels")).await);
        }
        all.sort();
        assert_eq!(all, ["pcl_1", "pcl_2", "pcl_3", "pcl_4"]);
    }

    async fn l2_a_cancelled_shipment_leaves_an_open_list_and_stays_on_a_closed_one(engine: Engine) {
        let t = serving(engine).await;
        booked(&t, &["A", "B", "C"]).await;
        assert_eq!(t.post("/v1/manifests", &house(TODAY)).await.status, 201);
        assert_eq!(t.post("/v1/shipments/shp_1/cancel", &Json::Null).await.status, 200);
        assert_eq!(on_list(&t, "/v1/manifests/man_1/parcels").await, ["pcl_2", "pcl_3"]);
        // The driver did not take the third: it waits for the next list.
        let closed = t.post("/v1/manifests/man_1/close", &json!({ "not_taken": ["pcl_3"] })).await;
        assert_eq!(closed.story(), json!({ "status": 200, "body": {
            "id": "man_1",
            "status": "closed",
            "carrier_account": "house",
            "location": "oss",
            "date": TODAY,
            "version": 5,
            "created_at": "2026-03-02T10:00:00Z",
            "closed_at": "2026-03-02T10:00:00Z",
            "parcels": 1,
        } }));
        assert_eq!(on_list(&t, "/v1/manifests/man_1/left-behind").await, ["pcl_3"]);
        assert_eq!(t.post("/v1/shipments/shp_2/cancel", &Json::Null).await.status, 200);
        assert_eq!(on_list(&t, "/v1/manifests/man_1/parcels").await, ["pcl_2"], "what was handed over stays written down");
        assert_eq!(t.post("/v1/manifests/man_1/close", &json!({})).await.json(), closed.json(), "closing twice is harmless");
        let refused = t.post("/v1/manifests/man_1/close", &json!({ "not_taken": ["pcl_2"] })).await;
        assert_eq!((refused.status.as_u16(), &refused.json()["detail"]), (409, &json!("the manifest is closed: nothing leaves it any more")));
        let late = t.post("/v1/manifests", &house(TODAY)).await;
        assert_eq!(late.json()["detail"], "man_1 is closed: what is booked now goes onto the list of another day");
        let next = t.post("/v1/manifests", &house("2026-03-03")).await;
        assert_eq!(next.json()["parcels"], 1);
        assert_eq!(on_list(&t, &format!("/v1/manifests/{}/parcels", next.json()["id"].as_str().unwrap())).await, ["pcl_3"]);
        let told: Vec<_> = events(&t).await.into_iter().filter(|kind| kind.starts_with("manifest")).collect();
        assert_eq!(told, ["manifest.updated", "manifest.closed", "manifest.updated"]);
    }

    async fn l2_the_paper_of_a_closed_list_is_kept(engine: Engine) {
        let t = serving(engine).await;
        booked(&t, &["A"]).await;
        assert_eq!(t.post("/v1/manifests", &house(TODAY)).await.status, 201);
        let open = t.get("/v1/manifests/man_1/document").await;
        assert_eq!(kind_of(&open.bytes), "<PDF>");
        assert_eq!(t.post("/v1/manifests/man_1/close", &json!({})).await.status, 200);
        let asked = join_all((0..4).map(|_| t.get("/v1/manifests/man_1/document"))).await;
        assert!(asked.iter().all(|answer| answer.status == 200 && answer.bytes == asked[0].bytes));
        // What is booked later stands on no paper of the past.
        booked(&t, &["B"]).await;
        assert_eq!(t.get("/v1/manifests/man_1/document").await.bytes, asked[0].bytes);
    }

    async fn l2_every_mistake_of_a_list_is_told_and_another_tenants_is_as_unknown_as_none(engine: Engine) {
        let t = serving(engine).await;
        let wrong = t.post("/v1/manifests", &json!({ "carrier_account": "hose", "location": "mars", "date": "2026-02-30" })).await;
        assert_eq!(wrong.json()["errors"], json!([{ "pointer": "/date", "detail": "\"2026-02-30\" is no day, such as 2026-11-27" }]));
        let wrong = t.post("/v1/manifests", &json!({ "carrier_account": "hose", "location": "mars" })).await;
        assert_eq!(wrong.json()["errors"], json!([
            { "pointer": "/carrier_account", "detail": "no carrier account is called \"hose\"" },
            { "pointer": "/location", "detail": "no location is known as \"mars\"" },
        ]));
        booked(&t, &["A"]).await;
        assert_eq!(t.post("/v1/manifests", &house(TODAY)).await.status, 201);
        let strange = t.post("/v1/manifests/man_1/close", &json!({ "not_taken": ["pcl_9"] })).await;
        assert_eq!(strange.json()["errors"], json!([{ "pointer": "/not_taken/0", "detail": "pcl_9 is not on this manifest" }]));
        assert_eq!(t.get("/v1/manifests/man_1").await.json()["status"], "open");
        for tail in ["", "/parcels", "/left-behind", "/document"] {
            let theirs = t.call_with(OTHER, Method::GET, &format!("/v1/manifests/man_1{tail}"), "").await;
            let nobodys = t.call_with(OTHER, Method::GET, &format!("/v1/manifests/man_9{tail}"), "").await;
            assert_eq!((theirs.status.as_u16(), theirs.text()), (404, nobodys.text()), "{tail}");
        }
    }

    async fn l2_a_return_stands_on_no_list(engine: Engine) {
        let t = serving(engine).await;
        booked(&t, &["A"]).await;
        assert_eq!(t.post("/v1/orders/ord_1/returns", &json!({})).await.status, 201);
        assert_eq!(t.post("/v1/manifests", &house(TODAY)).await.json()["parcels"], 1);
        assert_eq!(on_list(&t, "/v1/manifests/man_1/parcels").await, ["pcl_1"]);
    }

    async fn l2_a_carrier_is_asked_to_come_once_and_not_to_come_after_all(engine: Engine) {
        let t = serving(engine).await;
        let wish = json!({
            "carrier_account": "house", "date": TODAY, "from": "14:00", "until": "17:30", "parcels": 3, "note": "Back door",
        });
        let asked = join_all((0..5).map(|_| t.post("/v1/collections", &wish))).await;
        let bodies: Vec<_> = asked.iter().map(|answer| (answer.status.as_u16(), answer.json()["id"].clone())).collect();
        assert_eq!(bodies, vec![(201, bodies[0].1.clone()); 5], "one account comes once a day");
        let shown = t.get("/v1/collections").await.json();
        let mut entry = tidy(shown)["data"][0].clone();
        (entry["version"], entry["id"]) = (json!("<count>"), json!("<id>"));
        assert_eq!(entry, json!({
            "id": "<id>",
            "status": "requested",
            "carrier_account": "house",
            "location": "oss",
            "date": TODAY,
            "from": "14:00",
            "until": "17:30",
            "parcels": 3,
            "note": "Back door",
            "confirmation": null,
            "version": "<count>",
            "created_at": "2026-03-02T10:00:00Z",
        }));
        let id = bodies[0].1.as_str().unwrap();
        let other = json!({ "carrier_account": "house", "date": TODAY, "from": "08:00", "until": "12:00" });
        let refused = t.post("/v1/collections", &other).await;
        let why = format!("the carrier comes on that day already ({id}): cancel that one first");
        assert_eq!((refused.status.as_u16(), &refused.json()["detail"]), (409, &json!(why)));
        assert_eq!(t.post(&format!("/v1/collections/{id}/cancel"), &Json::Null).await.json()["status"], "cancelled");
        let kinds: Vec<_> = events(&t).await;
        assert_eq!(kinds.last().unwrap(), "collection.cancelled");
    }

    async fn l2_a_window_that_cannot_be_is_refused(engine: Engine) {
        let t = serving(engine).await;
        let wish = |from: &str, until: &str, date: &str| json!({ "carrier_account": "house", "date": date, "from": from, "until": until });
        let errors = async |wish: Json| t.post("/v1/collections", &wish).await.json()["errors"].clone();
        assert_eq!(errors(wish("17:00", "17:10", TODAY)).await, json!([{ "pointer": "/until", "detail": "the window is 10 minutes long: expected 30 at least" }]));
        assert_eq!(errors(wish("08:00", "09:00", TODAY)).await, json!([{ "pointer": "/date", "detail": "the window on 2026-03-02 is over" }]));
        assert_eq!(errors(wish("8", "25:00", TODAY)).await, json!([
            { "pointer": "/from", "detail": "\"8\" is no time of the day, such as 15:30" },
            { "pointer": "/until", "detail": "\"25:00\" is no time of the day, such as 15:30" },
        ]));
    }
}
