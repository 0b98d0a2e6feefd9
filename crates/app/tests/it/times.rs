//! Times: what somebody sent comes back with the precision and zone it had.

use domain::time::SentTime;
use testkit::on_both_engines;

use crate::fixture::{Shop, cups, report};

const SENT: [&str; 6] = [
    "2026-03-03",
    "2026-03-03T10:15:00",
    "2026-03-03T10:15:00.5",
    "2026-03-03T10:15:00Z",
    "2026-03-03T10:15:00+05:30",
    "2026-03-03T10:15:00.123456789-08:00",
];

on_both_engines! {
    async fn f3_a_tracking_events_time_keeps_its_precision_and_has_no_zone_but_its_own(engine: Engine) {
        let shop = Shop::open(engine).await;
        for (round, sent) in SENT.into_iter().enumerate() {
            let shipment = shop.shipped(&round.to_string()).await;
            let news = vec![report(None, "in_transit", sent)];
            shop.app().report_tracking(&shop.acme, shipment.id, news).await.unwrap();
            let kept = shop.app().tracking_events(&shop.acme, shipment.parcels[0].id).await.unwrap();
            assert_eq!(kept.len(), 1);
            assert_eq!(kept[0].report.happened_at, sent.parse::<SentTime>().unwrap());
            assert_eq!(kept[0].report.happened_at.to_string(), sent);
        }
    }

    async fn f3_a_date_is_sorted_at_its_midnight_in_the_locations_zone_and_not_in_utc(engine: Engine) {
        let shop = Shop::open(engine).await;
        let shipment = shop.shipped("1001").await;
        let news = vec![report(None, "in_transit", "2026-03-03"), report(None, "delivered", "2026-03-03T23:30:00")];
        shop.app().report_tracking(&shop.acme, shipment.id, news).await.unwrap();
        let kept = shop.app().tracking_events(&shop.acme, shipment.parcels[0].id).await.unwrap();
        let sorted: Vec<_> =
            kept.iter().map(|event| (event.report.happened_at.instant(), event.sort_at.to_string())).collect();
        assert_eq!(
            sorted,
            [(None, "2026-03-02T23:00:00Z".to_owned()), (None, "2026-03-03T22:30:00Z".to_owned())]
        );
    }

    async fn f3_an_order_keeps_the_time_it_was_placed_as_sent(engine: Engine) {
        let shop = Shop::open(engine).await;
        for (round, sent) in SENT.into_iter().enumerate() {
            let mut details = cups(&round.to_string());
            details.placed_at = Some(sent.parse().unwrap());
            details.items[0].deliver_at = Some(sent.parse().unwrap());
            let order = shop.place(details.clone()).await;
            let stored = shop.app().order(&shop.acme, order).await.unwrap();
            assert_eq!(stored.details, details);
            assert_eq!(stored.details.placed_at.unwrap().to_string(), sent);
            assert_eq!(stored.details.items[0].deliver_at.unwrap().to_string(), sent);
        }
    }

    async fn times_of_ours_are_exact_to_the_microsecond(engine: Engine) {
        let shop = Shop::open(engine).await;
        shop.t.clock.advance(std::time::Duration::from_micros(123_457));
        let shipment = shop.shipped("1001").await;
        let stored = shop.shipment(shipment.id).await;
        assert_eq!(stored.created_at, shop.t.now());
        assert_eq!(stored.created_at.to_string(), "2026-03-02T10:00:00.123457Z");
        assert_eq!(stored.details.booked_at, Some(shop.t.now()));
    }
}
