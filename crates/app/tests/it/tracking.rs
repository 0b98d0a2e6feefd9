//! Tracking: what is reported moves a parcel, in whatever order it comes.

use domain::Error;
use domain::ids::ParcelId;
use domain::shipment::Shipment;
use domain::tracking::TrackingStatus;
use testkit::on_both_engines;

use crate::fixture::{Shop, boxes, report};

/// Every order of so many things.
fn permutations(count: usize) -> Vec<Vec<usize>> {
    if count == 0 {
        return vec![Vec::new()];
    }
    let mut all = Vec::new();
    for shorter in permutations(count - 1) {
        for place in 0..count {
            let mut longer = shorter.clone();
            longer.insert(place, count - 1);
            all.push(longer);
        }
    }
    all
}

fn statuses(shipment: &Shipment) -> Vec<TrackingStatus> {
    shipment.parcels.iter().map(|parcel| parcel.tracking).collect()
}

impl Shop {
    async fn report(&self, shipment: &Shipment, parcel: Option<ParcelId>, code: &str, at: &str) -> Shipment {
        self.app().report_tracking(&self.acme, shipment.id, vec![report(parcel, code, at)]).await.unwrap()
    }
}

on_both_engines! {
    async fn f2_any_order_and_repetition_of_the_same_events_gives_the_same_state(engine: Engine) {
        const NEWS: [(&str, &str); 4] = [
            ("in_transit", "2026-03-02T15:00:00Z"),
            ("out_for_delivery", "2026-03-03T07:30:00+01:00"),
            ("made_up_code", "2026-03-03T11:00:00Z"),
            ("delivered", "2026-03-03T10:15:00Z"),
        ];
        let shop = Shop::open(engine).await;
        for (round, order) in permutations(NEWS.len()).into_iter().enumerate() {
            let placed = shop.order(&round.to_string()).await;
            let shipment = shop.app().ship(&shop.acme, placed, &boxes(2)).await.unwrap();
            let first = shipment.parcels[0].id;
            let mut last = shipment.clone();
            // Each one as the order says, every second one twice, and all of them once more at the end.
            let twice = order.iter().enumerate().flat_map(|(place, index)| vec![*index; 1 + place % 2]);
            for index in twice.chain([0, 1, 2, 3]) {
                last = shop.report(&shipment, Some(first), NEWS[index].0, NEWS[index].1).await;
            }
            assert_eq!(statuses(&last), [TrackingStatus::Delivered, TrackingStatus::Announced], "{order:?}");
            assert_eq!(last, shop.shipment(shipment.id).await);
            let kept = shop.app().tracking_events(&shop.acme, first).await.unwrap();
            let codes: Vec<_> = kept.iter().map(|event| event.report.code.as_str()).collect();
            assert_eq!(codes, ["in_transit", "out_for_delivery", "delivered", "made_up_code"], "{order:?}");
            assert_eq!(kept[3].report.status, TrackingStatus::Unknown);
            // The sister parcel keeps its number and has no news.
            assert_eq!(last.parcels[1], shipment.parcels[1]);
            assert_eq!(shop.app().tracking_events(&shop.acme, shipment.parcels[1].id).await.unwrap(), []);
        }
    }

    async fn f2_late_news_does_not_move_a_parcel_backwards(engine: Engine) {
        let shop = Shop::open(engine).await;
        let shipment = shop.shipped("1001").await;
        shop.report(&shipment, None, "delivered", "2026-03-03T10:15:00Z").await;
        let late = shop.report(&shipment, None, "in_transit", "2026-03-02T15:00:00Z").await;
        assert_eq!(late.tracking(), TrackingStatus::Delivered);
        let moves: Vec<_> = shop.events(shipment.order).await.into_iter().filter_map(|event| event.about.new).collect();
        assert_eq!(moves, ["delivered"]);
    }

    async fn f2_two_meanings_of_one_code_at_one_time_end_alike_whichever_came_first(engine: Engine) {
        let shop = Shop::open(engine).await;
        let meanings = [TrackingStatus::InTransit, TrackingStatus::Delivered];
        for (round, order) in permutations(2).into_iter().enumerate() {
            let shipment = shop.shipped(&round.to_string()).await;
            for index in order {
                let mut news = report(None, "STOP", "2026-03-03T10:15:00Z");
                news.status = Some(meanings[index]);
                shop.app().report_tracking(&shop.acme, shipment.id, vec![news.clone(), news]).await.unwrap();
            }
            assert_eq!(shop.shipment(shipment.id).await.tracking(), TrackingStatus::Delivered);
            let kept = shop.app().tracking_events(&shop.acme, shipment.parcels[0].id).await.unwrap();
            assert_eq!(kept.len(), 2);
        }
    }

    async fn f2_events_older_than_the_booking_change_nothing(engine: Engine) {
        let shop = Shop::open(engine).await;
        let shipment = shop.shipped("1001").await;
        // The number's former life: delivered the week before.
        let still = shop.report(&shipment, None, "delivered", "2026-02-24T10:00:00Z").await;
        assert_eq!(still.tracking(), TrackingStatus::Announced);
        assert_eq!(shop.report(&shipment, None, "delivered", "2026-02-24").await.tracking(), TrackingStatus::Announced);
        let moved = shop.report(&shipment, None, "in_transit", "2026-03-02T15:00:00Z").await;
        assert_eq!(moved.tracking(), TrackingStatus::InTransit);
        // It is kept all the same, for people to see.
        let kept = shop.app().tracking_events(&shop.acme, shipment.parcels[0].id).await.unwrap();
        assert_eq!(kept.len(), 3);
    }

    async fn f2_two_parcels_with_one_number_are_told_apart(engine: Engine) {
        let shop = Shop::open(engine).await;
        let (one, two) = (shop.shipped("1001").await, shop.shipped("1002").await);
        let (tenant, mut twin) = (shop.acme.tenant().clone(), two.clone());
        twin.parcels[0].tracking_number.clone_from(&one.parcels[0].tracking_number);
        let stored = twin.clone();
        shop.app().store().write(async move |tx| tx.save_shipment(&tenant, &stored).await).await.unwrap();
        shop.report(&one, None, "delivered", "2026-03-03T10:15:00Z").await;
        let (one, two) = (shop.shipment(one.id).await, shop.shipment(two.id).await);
        assert_eq!(one.parcels[0].tracking_number, two.parcels[0].tracking_number);
        assert_eq!((one.tracking(), two.tracking()), (TrackingStatus::Delivered, TrackingStatus::Announced));
        let foreign = vec![report(Some(one.parcels[0].id), "delivered", "2026-03-03T10:15:00Z")];
        let Err(Error::Invalid(problems)) = shop.app().report_tracking(&shop.acme, two.id, foreign).await else {
            panic!("the parcel of another shipment");
        };
        assert_eq!(problems[0].path, "events/0/parcel");
        assert_eq!(shop.shipment(two.id).await, two);
    }

    async fn f4_after_booking_a_parcel_is_announced_and_nothing_says_shipped(engine: Engine) {
        let shop = Shop::open(engine).await;
        let shipment = shop.shipped("1001").await;
        shop.t.run_jobs().await;
        assert_eq!(shop.shipment(shipment.id).await.tracking(), TrackingStatus::Announced);
        assert_eq!(
            shop.story(shipment.order).await,
            ["order.created", "shipment.requested", "shipment.booked", "shipment.ready_to_print"]
        );
        shop.report(&shipment, None, "in_transit", "2026-03-02T15:00:00Z").await;
        let events = shop.events(shipment.order).await;
        let last = events.last().unwrap();
        assert_eq!(last.kind.as_str(), "parcel.tracking_changed");
        assert_eq!((last.about.old.as_deref(), last.about.new.as_deref()), (Some("announced"), Some("in_transit")));
        assert_eq!(last.about.parcel, Some(shipment.parcels[0].id));
    }

    async fn f4_a_parcel_without_a_first_scan_is_listed_after_its_working_hours(engine: Engine) {
        let shop = Shop::open(engine).await;
        let unscanned = async |hours: u32| {
            let listed = shop.app().unscanned_parcels(&shop.acme, hours, None, 10).await.unwrap();
            listed.into_iter().map(|parcel| parcel.parcel).collect::<Vec<_>>()
        };
        // Monday, 11 o'clock in Berlin: seven working hours later it is Tuesday, 10 o'clock.
        let shipment = shop.shipped("1001").await;
        let parcel = shipment.parcels[0].id;
        assert_eq!(unscanned(7).await, []);
        shop.later(22 * 3600).await;
        assert_eq!(unscanned(7).await, []);
        shop.later(3601).await;
        assert_eq!(unscanned(7).await, [parcel]);
        assert_eq!(unscanned(8).await, []);
        // A code nobody knows is no scan.
        shop.report(&shipment, None, "made_up_code", "2026-03-03T09:00:00Z").await;
        assert_eq!(unscanned(7).await, [parcel]);
        shop.report(&shipment, None, "in_transit", "2026-03-03T09:30:00Z").await;
        assert_eq!(unscanned(7).await, []);
        // What is cancelled is not waited for.
        let cancelled = shop.shipped("1002").await;
        shop.later(48 * 3600).await;
        assert_eq!(unscanned(7).await, [cancelled.parcels[0].id]);
        shop.app().cancel(&shop.acme, cancelled.id).await.unwrap();
        assert_eq!(unscanned(7).await, []);
    }

    async fn f4_the_list_of_unscanned_parcels_is_walked_page_by_page(engine: Engine) {
        let shop = Shop::open(engine).await;
        let mut parcels = Vec::new();
        for round in 0..3 {
            let order = shop.order(&round.to_string()).await;
            let shipment = shop.app().ship(&shop.acme, order, &boxes(2)).await.unwrap();
            parcels.extend(shipment.parcels.iter().map(|parcel| (shop.t.now(), parcel.id)));
            shop.later(60).await;
        }
        shop.later(7 * 24 * 3600).await;
        let (mut walked, mut after) = (Vec::new(), None);
        loop {
            let page = shop.app().unscanned_parcels(&shop.acme, 8, after, 4).await.unwrap();
            assert!(page.len() <= 4);
            let Some(last) = page.last() else { break };
            after = Some((last.booked_at, last.parcel));
            walked.extend(page.iter().map(|parcel| (parcel.booked_at, parcel.parcel)));
        }
        assert_eq!(walked, parcels);
        let other = shop.t.caller("sec-other", domain::channel::Dialect::Native).await;
        assert_eq!(shop.app().unscanned_parcels(&other, 8, None, 10).await.unwrap(), []);
    }

    async fn nothing_happens_to_a_shipment_that_is_not_booked(engine: Engine) {
        let shop = Shop::open(engine).await;
        let order = shop.order("1001").await;
        shop.carrier.next_booking(testkit::carrier::Outcome::Silent);
        drop(shop.ship(order).await);
        let shipment = shop.only_shipment(order).await;
        let news = vec![report(None, "delivered", "2026-03-03T10:15:00Z")];
        let refused = shop.app().report_tracking(&shop.acme, shipment.id, news).await;
        let why = "the shipment is not booked, so nothing can happen to it".to_owned();
        assert_eq!(refused, Err(Error::Conflict(why)));
        let kept = shop.app().tracking_events(&shop.acme, shipment.parcels[0].id).await.unwrap();
        assert_eq!(kept, []);
    }

    async fn the_public_page_shows_the_city_and_nothing_more_of_the_address(engine: Engine) {
        let shop = Shop::open(engine).await;
        let shipment = shop.shipped("1001").await;
        shop.report(&shipment, None, "in_transit", "2026-03-02T15:00:00Z").await;
        shop.report(&shipment, None, "delivered", "2026-03-03T10:15:00Z").await;
        let page = shop.app().tracking_page(&shipment.parcels[0].tracking_token).await.unwrap();
        assert_eq!(page.status, TrackingStatus::Delivered);
        let codes: Vec<_> = page.events.iter().map(|event| event.report.code.as_str()).collect();
        assert_eq!(codes, ["delivered", "in_transit"]);
        assert_eq!(page.destination.city.as_deref(), Some("Berlin"));
        let shown = format!("{page:?}");
        assert!(!shown.contains("Mustermann") && !shown.contains("Linden") && !shown.contains("10117"));
        assert_eq!(shop.app().tracking_page("no-such-token").await, Err(Error::NotFound("parcel")));
    }
}
