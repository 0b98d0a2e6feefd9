//! Labels on the order page.

use app::shipments::ShipWish;
use app::tracking::ReportedEvent;
use domain::channel::Dialect;
use domain::tracking::TrackingStatus;
use testkit::on_both_engines;

use crate::browser::{Browser, cups, desk, place};

on_both_engines! {
    async fn a_label_that_is_looked_at_is_not_printed(engine: Engine) {
        let t = desk(engine).await;
        let acme = t.caller("sec-acme", Dialect::Native).await;
        let order = place(&t, vec![cups("1001")]).await[0];
        t.app.ship(&acme, order, &ShipWish::default()).await.unwrap();
        let mut packer = Browser::signed_in(&t, "sec-packer").await;
        let page = packer.get(&format!("/ui/orders/{order}")).await.text();
        assert!(page.contains("<img src=\"/ui/parcels/pcl_1/preview\""), "{page}");
        let mut told = Vec::new();
        for (path, kind) in [("preview", "image/png"), ("label", "application/pdf"), ("preview", "image/png")] {
            let answer = packer.get(&format!("/ui/parcels/pcl_1/{path}")).await;
            assert_eq!(answer.header("content-type"), kind);
            t.app.finish_prints().await.unwrap();
            let log = Browser::signed_in(&t, "sec-acme").await.get("/ui/acts").await.text();
            told.push([log.matches("Document printed").count(), log.matches("Document reprinted").count()]);
        }
        // The choice of what to show names both.
        assert_eq!(told, [[1, 1], [2, 1], [2, 1]], "prints and reprints in the audit log");
    }

    async fn a_shipment_that_was_delivered_offers_no_cancelling(engine: Engine) {
        let t = desk(engine).await;
        let acme = t.caller("sec-acme", Dialect::Native).await;
        let order = place(&t, vec![cups("1001")]).await[0];
        let shipment = t.app.ship(&acme, order, &ShipWish::default()).await.unwrap();
        let mut person = Browser::signed_in(&t, "sec-acme").await;
        let offers = |page: &str| page.contains("Cancel this shipment");
        let page = format!("/ui/orders/{order}");
        assert!(offers(&person.get(&page).await.text()));
        let delivered = ReportedEvent {
            parcel: None,
            code: "DONE".to_owned(),
            status: Some(TrackingStatus::Delivered),
            milestone: None,
            incident: None,
            message: None,
            happened_at: None,
            place: None,
        };
        t.app.report_tracking(&acme, shipment.id, vec![delivered]).await.unwrap();
        assert!(!offers(&person.get(&page).await.text()));
    }
}
