//! The overview and what is late: drawn from the latest shipments, each with its own parcels.

use std::time::Duration;

use testkit::{on_both_engines, statements};

use crate::fixture::{Shop, boxes, report};

on_both_engines! {
    async fn what_should_be_there_by_now_is_late_longest_overdue_first_and_each_parcel_counts_once(engine: Engine) {
        let shop = Shop::open(engine).await;
        let mut shipments = Vec::new();
        for (number, count) in [("1001", 1), ("1002", 3), ("1003", 2)] {
            if !shipments.is_empty() {
                shop.t.clock.advance(Duration::from_hours(24));
            }
            let order = shop.order(number).await;
            shipments.push(shop.app().ship(&shop.acme, order, &boxes(count)).await.unwrap());
        }
        assert!(shop.app().late_shipments(&shop.acme, 10).await.unwrap().is_empty(), "nothing is due yet");
        // The first order's parcel arrives, and one of the three of the second.
        for (shipment, parcel) in [(&shipments[0], 0), (&shipments[1], 1)] {
            let news = vec![report(Some(shipment.parcels[parcel].id), "delivered", "2026-03-04T09:15:00Z")];
            shop.app().report_tracking(&shop.acme, shipment.id, news).await.unwrap();
        }
        shop.t.clock.advance(Duration::from_hours(40 * 24));
        let before = statements();
        let late = shop.app().late_shipments(&shop.acme, 10).await.unwrap();
        assert!(statements() - before <= 4, "{} statements", statements() - before);
        let told: Vec<_> = late
            .iter()
            .map(|late| (late.order.details.number.as_deref().unwrap_or_default(), late.shipment.id, late.shipment.parcels.len()))
            .collect();
        assert_eq!(told, [("#1002", shipments[1].id, 3), ("#1003", shipments[2].id, 2)]);
        assert_eq!(late[0].shipment.parcels, shop.shipment(shipments[1].id).await.parcels);
        let most = shop.app().late_shipments(&shop.acme, 1).await.unwrap();
        assert_eq!(most.iter().map(|late| late.shipment.id).collect::<Vec<_>>(), [shipments[1].id]);

        let overview = shop.app().overview(&shop.acme).await.unwrap();
        assert_eq!((overview.shipments, overview.labels), (3, vec![("house".to_owned(), 6)]));
        assert_eq!(overview.delivery_days, [(1, 1), (2, 1)], "days and parcels");
        let other = shop.t.caller("sec-other", domain::channel::Dialect::Native).await;
        assert_eq!(shop.app().overview(&other).await.unwrap().shipments, 0);
        assert!(shop.app().late_shipments(&other, 10).await.unwrap().is_empty());
    }
}
