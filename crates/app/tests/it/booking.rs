//! Booking: the carrier says yes, no, nothing, or says it too late.

use std::sync::Arc;
use std::time::Duration;

use domain::Error;
use domain::error::CarrierError;
use domain::shipment::ShipmentStatus;
use futures::future::join_all;
use testkit::carrier::{Outcome, Scripted};
use testkit::{on_both_engines, scripted_setup};

use crate::fixture::{Shop, asked, boxes, carrier_words, cups, until, with_tables};

/// Account `spare` of a second carrier, behind `house`.
fn two_accounts() -> String {
    with_tables(&scripted_setup(), "[[tenant.carrier_account]]\nid = \"spare\"\ncarrier = \"second\"\n")
        .replace("id = \"spare\"", "id = \"spare\"\nsettings = {}")
}

on_both_engines! {
    async fn a_booking_stores_numbers_label_and_events(engine: Engine) {
        let shop = Shop::open(engine).await;
        let order = shop.order("1001").await;
        let shipment = shop.app().ship(&shop.acme, order, &boxes(2)).await.unwrap();
        assert_eq!(shipment, shop.shipment(shipment.id).await);
        assert_eq!(shipment.status, ShipmentStatus::Booked);
        assert!(shipment.is_ready_to_print());
        assert_eq!(shipment.lease_until, None);
        assert_eq!(shipment.details.booked_at, Some(shop.t.now()));
        assert_eq!(shipment.details.carrier_reference, Some(format!("S-{}", shipment.id)));
        let numbers: Vec<_> = shipment.parcels.iter().map(|parcel| parcel.tracking_number.clone().unwrap()).collect();
        assert_eq!(numbers, ["090999990000000017", "090999990000000024"]);
        assert_eq!(shop.app().documents(&shop.acme, shipment.id).await.unwrap().len(), 2);
        assert_eq!(
            shop.story(order).await,
            ["order.created", "shipment.requested", "shipment.booked", "shipment.ready_to_print"]
        );
    }

    async fn a_refusal_leaves_a_failed_shipment_with_its_reason(engine: Engine) {
        let shop = Shop::open(engine).await;
        let order = shop.order("1001").await;
        shop.carrier.next_booking(Outcome::No("the depot is closed"));
        assert_eq!(carrier_words(shop.ship(order).await), "the depot is closed");
        let shipment = shop.only_shipment(order).await;
        assert_eq!(shipment.status, ShipmentStatus::Failed);
        assert_eq!(shipment.details.failure, Some(CarrierError::refused("recipient", "the depot is closed")));
        assert_eq!(shipment.lease_until, None);
        let events = shop.events(order).await;
        assert_eq!(events[2].kind.as_str(), "shipment.failed");
        assert_eq!(events[2].about.reason.as_deref(), Some("the depot is closed"));
        assert_eq!(events.len(), 3);
        // It holds no parcel: the order can be shipped once the reason is mended.
        let again = shop.ship(order).await.unwrap();
        assert_eq!(again.status, ShipmentStatus::Booked);
        assert_eq!(shop.asked(), (2, 0, 1));
    }

    async fn c2_a_refusal_names_field_value_and_limit_and_nothing_is_cut(engine: Engine) {
        const WHY: &str = "street1: \"Karl-Theodor-zu-Guttenberg-Promenade am Alten Hafen\" has 54 characters, 35 fit";
        let shop = Shop::open(engine).await;
        let mut details = cups("1001");
        let street = "Karl-Theodor-zu-Guttenberg-Promenade am Alten Hafen";
        details.shipping_address.as_mut().unwrap().street1 = Some(street.to_owned());
        let order = shop.place(details.clone()).await;
        shop.carrier.next_booking(Outcome::No(WHY));
        let refused = shop.ship(order).await.unwrap_err();
        let shipment = shop.only_shipment(order).await;
        assert_eq!(refused, Error::Carrier(CarrierError::refused("recipient", WHY), Some(shipment.id)));
        assert_eq!(shipment.details.failure, Some(CarrierError::refused("recipient", WHY)));
        assert_eq!(shipment.details.recipient.street1.as_deref(), Some(street));
        assert_eq!(shop.events(order).await[2].about.reason.as_deref(), Some(WHY));
        assert_eq!(shop.app().order(&shop.acme, order).await.unwrap().details, details);
    }

    async fn after_a_refusal_the_next_account_books(engine: Engine) {
        let second = Scripted::second();
        let carriers = Scripted::new();
        let shop = Shop::of(carriers.clone(), engine, |builder| {
            builder.connectors(vec![Arc::new(carriers), Arc::new(second.clone())]).setup(two_accounts())
        })
        .await;
        let order = shop.order("1001").await;
        shop.carrier.next_booking(Outcome::No("no van today"));
        let shipment = shop.ship(order).await.unwrap();
        assert_eq!(shipment.status, ShipmentStatus::Booked);
        assert_eq!(shipment.details.service.to_string(), "spare:standard");
        assert_eq!(shipment.details.reference, format!("{}.2", shipment.id));
        assert_eq!(shipment.details.failure, None);
        assert_eq!((shop.asked(), asked(&second)), ((1, 0, 0), (1, 0, 1)));
        assert_eq!(
            shop.story(order).await,
            [
                "order.created",
                "shipment.requested",
                "shipment.reassigned",
                "shipment.booked",
                "shipment.ready_to_print"
            ]
        );
        // A service somebody named is taken or refused, never swapped.
        let order = shop.order("1002").await;
        shop.carrier.next_booking(Outcome::No("no van today"));
        let mut wish = boxes(1);
        wish.service = Some(domain::order::ServiceWish { code: Some("house:standard".to_owned()), contract: None });
        let refused = shop.app().ship(&shop.acme, order, &wish).await;
        assert_eq!(carrier_words(refused), "no van today");
        assert_eq!(asked(&second), (1, 0, 1));
    }

    async fn a_cancel_that_comes_between_two_accounts_is_not_lost(engine: Engine) {
        let second = Scripted::second();
        let carriers = Scripted::new();
        let shop = Shop::of(carriers.clone(), engine, |builder| {
            builder.connectors(vec![Arc::new(carriers), Arc::new(second.clone())]).setup(two_accounts())
        })
        .await;
        let order = shop.order("1001").await;
        shop.carrier.next_booking(Outcome::No("no van today"));
        second.next_booking(Outcome::Slow(400));
        let cancelling = async {
            until(|| asked(&second).0 > 0).await;
            let id = shop.only_shipment(order).await.id;
            shop.app().cancel(&shop.acme, id).await.unwrap()
        };
        let (shipped, wished) = tokio::join!(shop.ship(order), cancelling);
        assert_eq!((wished.status, wished.details.cancel_wanted), (ShipmentStatus::Booking, true));
        assert_eq!(shipped.unwrap().status, ShipmentStatus::Cancelled);
        assert_eq!(asked(&second), (1, 1, 0));
    }

    async fn a2_fifty_simultaneous_bookings_meet_in_one(engine: Engine) {
        let shop = Shop::open(engine).await;
        let order = shop.order("1001").await;
        shop.carrier.next_booking(Outcome::Slow(150));
        let shipped = join_all((0..50).map(|_| shop.ship(order))).await;
        let first = shipped[0].clone().unwrap();
        assert_eq!(first.status, ShipmentStatus::Booked);
        assert!(shipped.iter().all(|shipment| shipment.as_ref() == Ok(&first)));
        assert_eq!(shop.asked(), (1, 0, 1));
        assert_eq!(shop.only_shipment(order).await, first);
    }

    async fn a1_a_silent_carrier_leaves_the_booking_open_and_the_job_books(engine: Engine) {
        let shop = Shop::open(engine).await;
        let order = shop.order("1001").await;
        shop.carrier.next_booking(Outcome::Silent);
        assert_eq!(carrier_words(shop.ship(order).await), "the carrier did not answer: no answer");
        let open = shop.only_shipment(order).await;
        assert_eq!(open.status, ShipmentStatus::Booking);
        assert_eq!(shop.asked(), (1, 0, 0));
        // The lease has not run out: nobody else asks.
        shop.t.run_jobs().await;
        assert_eq!(shop.asked(), (1, 0, 0));
        shop.later(16).await;
        assert_eq!(shop.shipment(open.id).await.status, ShipmentStatus::Booked);
        assert_eq!(shop.asked(), (2, 0, 1));
    }

    async fn a1_a_lost_answer_ends_with_exactly_one_booking(engine: Engine) {
        let shop = Shop::open(engine).await;
        let order = shop.order("1001").await;
        shop.carrier.next_booking(Outcome::LostAnswer);
        assert_eq!(carrier_words(shop.ship(order).await), "the carrier did not answer: no answer");
        shop.later(16).await;
        let settled = shop.only_shipment(order).await;
        assert_eq!(settled.status, ShipmentStatus::Booked);
        assert!(settled.is_ready_to_print());
        assert_eq!(settled.details.failure, None);
        assert_eq!(shop.ship(order).await.unwrap(), settled);
        shop.later(3600).await;
        assert_eq!(shop.asked(), (1, 0, 1));
        assert_eq!(
            shop.story(order).await,
            ["order.created", "shipment.requested", "shipment.booked", "shipment.ready_to_print"]
        );
    }

    async fn a3_a_crash_while_the_carrier_is_asked_ends_with_one_live_shipment(engine: Engine) {
        let shop = Shop::open(engine).await;
        let order = shop.order("1001").await;
        shop.carrier.next_booking(Outcome::Slow(60_000));
        tokio::select! {
            answer = shop.ship(order) => panic!("{answer:?}"),
            () = shop.until_asked_to_book(1) => {}
        }
        assert_eq!(shop.only_shipment(order).await.status, ShipmentStatus::Booking);
        assert_eq!(shop.asked(), (1, 0, 0));
        shop.later(61).await;
        let settled = shop.only_shipment(order).await;
        assert_eq!(settled.status, ShipmentStatus::Booked);
        assert_eq!(shop.asked(), (2, 0, 1));
        assert_eq!(shop.ship(order).await.unwrap(), settled);
    }

    async fn a_carrier_that_takes_too_long_has_not_answered(engine: Engine) {
        let quick = |builder: testkit::TestAppBuilder| {
            builder.options(|options| options.carrier_timeout = Duration::from_millis(100))
        };
        let shop = Shop::built(engine, quick).await;
        let order = shop.order("1001").await;
        shop.carrier.next_booking(Outcome::Slow(60_000));
        assert_eq!(carrier_words(shop.ship(order).await), "the carrier did not answer: no answer in time");
        assert_eq!(shop.only_shipment(order).await.status, ShipmentStatus::Booking);
    }

    async fn two_runners_settle_an_abandoned_booking_once(engine: Engine) {
        let shop = Shop::open(engine).await;
        let order = shop.order("1001").await;
        shop.carrier.next_booking(Outcome::Silent);
        drop(shop.ship(order).await);
        let other = shop.t.another(vec![Arc::new(shop.carrier.clone())]).await;
        shop.carrier.next_booking(Outcome::Slow(300));
        shop.t.clock.advance(Duration::from_secs(16));
        let (one, two) = tokio::join!(shop.app().run_jobs_until_idle(), other.run_jobs_until_idle());
        one.and(two).unwrap();
        assert_eq!(shop.only_shipment(order).await.status, ShipmentStatus::Booked);
        assert_eq!(shop.asked(), (2, 0, 1));
        other.store().close().await;
    }

    async fn an_account_that_is_gone_leaves_the_shipment_to_a_person(engine: Engine) {
        let shop = Shop::open(engine).await;
        let order = shop.order("1001").await;
        shop.carrier.next_booking(Outcome::Silent);
        drop(shop.ship(order).await);
        let other = shop.t.another(Vec::new()).await;
        shop.t.clock.advance(Duration::from_secs(16));
        other.run_jobs_until_idle().await.unwrap();
        let events = shop.events(order).await;
        let last = events.last().unwrap();
        assert_eq!(last.kind.as_str(), "shipment.unsettled");
        assert_eq!(last.about.reason.as_deref(), Some("the carrier account is gone or unusable"));
        let left = shop.only_shipment(order).await;
        assert_eq!(left.lease_until, None);
        other.run_jobs_until_idle().await.unwrap();
        assert_eq!(shop.events(order).await, events);
        other.store().close().await;
        // The account is back, and the person does not want the shipment any more.
        shop.app().cancel(&shop.acme, left.id).await.unwrap();
        shop.t.run_jobs().await;
        assert_eq!(shop.shipment(left.id).await.status, ShipmentStatus::Cancelled);
        assert_eq!(shop.asked(), (1, 0, 0));
    }

    async fn what_cannot_be_shipped_says_every_reason_and_stores_nothing(engine: Engine) {
        let shop = Shop::open(engine).await;
        let mut details = cups("1001");
        details.shipping_address.as_mut().unwrap().country = Some("Germany".to_owned());
        let order = shop.place(details).await;
        let mut wish = boxes(1);
        wish.location = Some("nowhere".to_owned());
        wish.parcels[0].contents = vec![("line-9".to_owned(), 1)];
        let Err(Error::Invalid(problems)) = shop.app().ship(&shop.acme, order, &wish).await else { panic!() };
        let told: Vec<_> = problems.iter().map(|problem| format!("{}: {}", problem.path, problem.message)).collect();
        assert_eq!(
            told,
            [
                "shipping_address/country: country \"Germany\" is not an ISO 3166-1 code of two letters",
                "location: no location is known as \"nowhere\"",
                "parcels/0/contents/0: the order has no item with id \"line-9\"",
            ]
        );
        assert_eq!(shop.app().shipments_of_order(&shop.acme, order).await.unwrap(), []);
        assert_eq!(shop.story(order).await, ["order.created"]);
    }

    async fn a_weight_nobody_said_is_assumed_and_the_shipment_says_so(engine: Engine) {
        let shop = Shop::open(engine).await;
        let order = shop.order("1001").await;
        let shipment = shop.app().ship(&shop.acme, order, &app::shipments::ShipWish::default()).await.unwrap();
        assert_eq!(shipment.details.warnings, ["the weight is assumed: nobody said it"]);
        assert_eq!(shipment.parcels[0].parcel.weight.to_string(), "1 kg");
    }
}
