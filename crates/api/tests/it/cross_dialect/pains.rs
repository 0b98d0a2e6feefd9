//! What hurts elsewhere, in every dialect at once: each name begins with the row of the list of pains it is about.

use futures::future::join_all;
use serde_json::json;
use testkit::on_both_engines;

use super::shipped;
use super::spoken::{SPOKEN, serving, shown_at};
use crate::fixture::events;

on_both_engines! {
    async fn a5_one_id_posted_in_parallel_in_every_dialect_is_one_order_in_each(engine: Engine) {
        let t = serving(engine).await;
        let posts = (0..100).map(async |n| (n, (SPOKEN[n % SPOKEN.len()].post)(&t, "A").await));
        for (n, answer) in join_all(posts).await {
            assert!(answer.status.as_u16() < 500, "{}: {}", SPOKEN[n % SPOKEN.len()].name, answer.text());
        }
        let listed = t.get("/api/v3/orders?order_id=A").await.json();
        assert_eq!(listed["data"].as_array().unwrap().len(), SPOKEN.len());
        // Each dialect's clients mean their own.
        for spoken in SPOKEN.iter().filter(|spoken| spoken.name != "sendcloud") {
            let alone = serving(engine).await;
            (spoken.post)(&alone, "A").await;
            let (mine, same) = (spoken.status(&t, "A").await, spoken.status(&alone, "A").await);
            assert_eq!(mine, same, "{}", spoken.name);
        }
        let created = events(&t).await.into_iter().filter(|kind| kind == "order.created").count();
        assert_eq!(created, SPOKEN.len());
    }

    async fn e4_marking_as_shipped_in_any_dialect_keeps_the_label_and_the_number(engine: Engine) {
        for first in &SPOKEN {
            for other in &SPOKEN {
                let Some(mark) = other.mark else { continue };
                let t = serving(engine).await;
                first.placed(&t, "A").await;
                shipped(&t, "ord_1").await;
                let before = shown_at(&t, "A", |spoken| spoken.number).await;
                let answer = mark(&t, "A").await;
                assert!(answer.status.is_success(), "{} in {}: {}", first.name, other.name, answer.text());
                assert_eq!(shown_at(&t, "A", |spoken| spoken.number).await, before);
                let shipment = t.get("/v1/shipments/shp_1").await.json();
                assert_eq!((&shipment["status"], &shipment["parcels"][0]["tracking_number"]), (&json!("booked"), &before[0].1));
                assert_eq!(t.get("/v1/parcels/pcl_1/label").await.status, 200, "{} in {}", first.name, other.name);
                let told = events(&t).await;
                assert!(!told.contains(&"shipment.replaced".to_owned()), "{told:?}");
            }
        }
    }

    async fn f5_the_link_of_every_dialect_leads_to_the_parcel_and_the_recipients_place(engine: Engine) {
        for first in &SPOKEN {
            let t = serving(engine).await;
            first.placed(&t, "A").await;
            shipped(&t, "ord_1").await;
            let parcel = t.get("/v1/shipments/shp_1").await.json()["parcels"][0].clone();
            let links = shown_at(&t, "A", |spoken| spoken.link).await;
            assert_eq!(links, [("delivery_solutions", parcel["tracking_url"].clone()), ("seven_senders", parcel["tracking_url"].clone())]);
            let token = parcel["tracking_url"].as_str().unwrap().strip_prefix("http://127.0.0.1:8080/t/").unwrap();
            let page = t.app.tracking_page(token).await.unwrap();
            let (city, country) = match first.name {
                "sendcloud" => ("E", "NL"),
                "delivery_solutions" => ("Boston", "US"),
                _ => ("Oss", "NL"),
            };
            let found = json!([page.tracking_number, page.destination.city, page.destination.country]);
            assert_eq!(found, json!([parcel["tracking_number"], city, country]), "{}", first.name);
        }
    }
}
