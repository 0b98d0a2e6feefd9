//! Tracking: what is reported moves a parcel, in whatever order it comes.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use app::shipments::ShipWish;
use app::tracking::UnknownCode;
use domain::connector::Connector;
use domain::ids::ParcelId;
use domain::order::ServiceWish;
use domain::shipment::Shipment;
use domain::tracking::{TrackingReport, TrackingStatus};
use domain::{CarrierError, Error};
use testkit::carrier::Scripted;
use testkit::on_both_engines;

use crate::fixture::{Shop, boxes, report, with_tables};

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

/// A report as a carrier gives it.
fn told(code: &str, at: &str) -> TrackingReport {
    TrackingReport {
        code: code.to_owned(),
        status: TrackingStatus::parse(code).unwrap_or(TrackingStatus::Unknown),
        milestone: None,
        incident: None,
        message: None,
        happened_at: at.parse().unwrap(),
        place: None,
    }
}

fn number(shipment: &Shipment) -> String {
    shipment.parcels[0].tracking_number.clone().unwrap()
}

on_both_engines! {
    async fn a_carrier_is_asked_until_the_parcel_is_delivered(engine: Engine) {
        let shop = Shop::of(Scripted::tracked(), engine, |builder| builder).await;
        let shipment = shop.shipped("1001").await;
        let asked = || shop.carrier.ledger(|ledger| ledger.tracks_asked.len());
        shop.later(60).await;
        assert_eq!(asked(), 0, "nothing is asked in the first half hour");
        let news = vec![told("in_transit", "2026-03-02T10:20:00Z")];
        shop.carrier.ledger(|ledger| ledger.reports.insert(number(&shipment), news));
        shop.later(30 * 60).await;
        shop.later(30 * 60).await;
        assert_eq!(asked(), 2);
        assert_eq!(shop.shipment(shipment.id).await.tracking(), TrackingStatus::InTransit);
        // The same answer twice is one event, and the public page shows it.
        let page = shop.app().tracking_page(&shipment.parcels[0].tracking_token).await.unwrap();
        assert_eq!(page.events.iter().map(|event| event.report.code.as_str()).collect::<Vec<_>>(), ["in_transit"]);
        let news = vec![told("delivered", "2026-03-02T11:05:00Z")];
        shop.carrier.ledger(|ledger| ledger.reports.insert(number(&shipment), news));
        shop.later(30 * 60).await;
        assert_eq!(shop.shipment(shipment.id).await.tracking(), TrackingStatus::Delivered);
        shop.later(48 * 3600).await;
        assert_eq!(asked(), 3, "a delivered parcel is asked about no more");
    }

    async fn a_carrier_that_asks_us_to_wait_is_left_alone_so_long(engine: Engine) {
        let shop = Shop::of(Scripted::tracked(), engine, |builder| builder).await;
        shop.shipped("1001").await;
        let busy = CarrierError::busy("busy", Some(600));
        shop.carrier.ledger(|ledger| ledger.track_failure = Some(busy));
        shop.later(31 * 60).await;
        let accounts = shop.app().carrier_accounts(&shop.acme).await.unwrap();
        assert_eq!((accounts[0].failures, accounts[0].due), (1, 1));
        assert_eq!(accounts[0].held_until.map(|at| at.duration_since(shop.t.now()).as_secs()), Some(600));
        shop.carrier.ledger(|ledger| ledger.track_failure = None);
        shop.later(300).await;
        assert_eq!(shop.carrier.ledger(|ledger| ledger.tracks_asked.len()), 1);
        shop.later(301).await;
        assert_eq!(shop.carrier.ledger(|ledger| ledger.tracks_asked.len()), 2);
        let accounts = shop.app().carrier_accounts(&shop.acme).await.unwrap();
        assert_eq!((accounts[0].failures, accounts[0].due, accounts[0].held_until), (0, 0, None));
        assert_eq!(accounts[0].last_look_at, Some(shop.t.now()));
    }

    async fn f6_a_carrier_that_never_answers_keeps_no_other_from_being_asked(engine: Engine) {
        let (house, mute) = (Scripted::tracked(), Scripted::tracked_second());
        mute.ledger(|ledger| ledger.is_mute = true);
        let connectors: Vec<Arc<dyn Connector>> = vec![Arc::new(house.clone()), Arc::new(mute.clone())];
        let more = "[[tenant.carrier_account]]\nid = \"mute\"\ncarrier = \"second\"\nsettings = {}\n";
        let setup = with_tables(&testkit::scripted_setup(), more);
        let shop = Shop::of(house.clone(), engine, |builder| {
            let short = |options: &mut app::Options| options.carrier_timeout = Duration::from_millis(300);
            builder.connectors(connectors).setup(setup).options(short)
        });
        let shop = shop.await;
        for index in 0..20 {
            for account in ["mute", "house"] {
                let order = shop.order(&format!("{account}-{index}")).await;
                let code = Some(format!("{account}:standard"));
                let service = Some(ServiceWish { code, contract: None });
                shop.app().ship(&shop.acme, order, &ShipWish { service, ..boxes(1) }).await.unwrap();
            }
        }
        shop.later(31 * 60).await;
        let asked = house.ledger(|ledger| ledger.tracks_asked.iter().cloned().collect::<BTreeSet<_>>().len());
        assert_eq!(asked, 20);
        let mut accounts = shop.app().carrier_accounts(&shop.acme).await.unwrap();
        accounts.sort_by(|one, other| one.account.account.id.cmp(&other.account.account.id));
        let story: Vec<_> = accounts.iter().map(|one| (one.failures, one.due, one.last_look_at.is_some())).collect();
        assert_eq!(story, [(0, 0, true), (1, 20, false)]);
    }

    async fn f1_codes_that_no_table_lists_are_unknown_and_counted_by_frequency(engine: Engine) {
        let shop = Shop::open(engine).await;
        let shipment = shop.shipped("1001").await;
        for (code, at) in [
            ("HUB9", "2026-03-02T15:00:00Z"),
            ("HUB9", "2026-03-02T15:00:00Z"),
            ("X1", "2026-03-02T16:00:00Z"),
            ("HUB9", "2026-03-02T17:00:00Z"),
            ("in_transit", "2026-03-02T18:00:00Z"),
        ] {
            shop.report(&shipment, None, code, at).await;
        }
        let counted = shop.app().unknown_codes(&shop.acme).await.unwrap();
        let parcel = shipment.parcels[0].id;
        let code = |code: &str, times| UnknownCode {
            carrier: "scripted".to_owned(),
            code: code.to_owned(),
            times,
            last_at: shop.t.now(),
            parcel,
        };
        assert_eq!(counted, [code("HUB9", 2), code("X1", 1)]);
        let kept = shop.app().tracking_events(&shop.acme, parcel).await.unwrap();
        assert_eq!((kept[0].report.code.as_str(), kept[0].report.status), ("HUB9", TrackingStatus::Unknown));
    }

    async fn a_test_parcel_is_moved_along_to_the_end_of_its_way(engine: Engine) {
        let shop = Shop::of(Scripted::tracked(), engine, |builder| builder).await;
        let shipment = shop.shipped("1001").await;
        let advance = async |code| shop.app().advance(&shop.acme, shipment.id, None, code).await;
        assert_eq!(advance(None).await.unwrap().tracking(), TrackingStatus::InTransit);
        assert_eq!(advance(None).await.unwrap().tracking(), TrackingStatus::OutForDelivery);
        let Err(Error::Invalid(problems)) = advance(Some("teleported")).await else { panic!("it is not listed") };
        assert_eq!(
            problems[0].message,
            "\"teleported\" is not listed: expected a code such as in_transit, out_for_delivery, delivered"
        );
        assert_eq!(advance(Some("delivered")).await.unwrap().tracking(), TrackingStatus::Delivered);
        let Err(Error::Conflict(text)) = advance(None).await else { panic!("it is at the end") };
        assert_eq!(text, "the parcels are at the end of their way: nothing comes next");
    }

    async fn a_real_parcel_is_not_moved_along_by_hand(engine: Engine) {
        let shop = Shop::open(engine).await;
        let shipment = shop.shipped("1001").await;
        let Err(Error::Conflict(text)) = shop.app().advance(&shop.acme, shipment.id, None, None).await else {
            panic!("it is a real one")
        };
        let expected = "the carrier account \"house\" is no usable test account: \
            only a test carrier's parcels can be moved along by hand";
        assert_eq!(text, expected);
    }
}
