//! Unsure bookings: whatever a broken call left behind ends with exactly one live label, and with every label known.

use std::sync::Arc;
use std::time::Duration;

use app::shipments::ShipWish;
use app::shipments::elsewhere::{Recorded, Settlement};
use domain::Error;
use domain::shipment::ShipmentStatus;
use futures::future::join_all;
use testkit::carrier::{Outcome, Scripted};
use testkit::{TestAppBuilder, on_both_engines};

use crate::fixture::{Shop, boxes, carrier_words, until};

/// A wish for one more box.
fn further(why: &str) -> ShipWish {
    ShipWish { further_because: Some(why.to_owned()), ..boxes(1) }
}

fn recorded(number: &str) -> Recorded {
    Recorded {
        carrier: "Market Parcel".to_owned(),
        tracking_numbers: vec![number.to_owned()],
        brought_by: Some("the marketplace".to_owned()),
        ..Recorded::default()
    }
}

on_both_engines! {
    async fn a1_a_lost_answer_ends_with_one_label_after_any_number_of_retries(engine: Engine) {
        for carrier in [Scripted::new(), Scripted::once_a_reference()] {
            let shop = Shop::of(carrier, engine, |builder| builder).await;
            let order = shop.order("1001").await;
            for _ in 0..4 {
                shop.carrier.next_booking(Outcome::LostAnswer);
            }
            for _ in 0..3 {
                // The one that asks first learns that nobody knows; those behind it hear the same, and ask nobody.
                let retries = join_all((0..5).map(|_| shop.ship(order))).await;
                for retry in retries {
                    assert_eq!(carrier_words(retry), "the carrier did not answer: no answer");
                }
                let open = shop.only_shipment(order).await;
                assert_eq!((open.status, open.is_ready_to_print()), (ShipmentStatus::Booking, false));
                if shop.asked().0 > 1 {
                    break;
                }
                shop.t.run_jobs().await;
            }
            for _ in 0..5 {
                shop.later(16).await;
            }
            let settled = shop.only_shipment(order).await;
            assert_eq!(settled.status, ShipmentStatus::Booked);
            assert!(settled.is_ready_to_print());
            assert_eq!(shop.ship(order).await.unwrap(), settled);
            let known = shop.carrier.ledger(|ledger| ledger.booked.clone());
            assert_eq!(known.len(), 1);
            let number = &known[&settled.details.reference].parcels[0].tracking_number;
            assert_eq!(settled.parcels[0].tracking_number.as_ref(), Some(number));
        }
    }

    async fn a1_a_carrier_that_can_be_asked_nothing_is_never_asked_to_book_twice(engine: Engine) {
        let shop = Shop::of(Scripted::forgetful(), engine, |builder| builder).await;
        let order = shop.order("1001").await;
        shop.carrier.next_booking(Outcome::LostAnswer);
        assert_eq!(carrier_words(shop.ship(order).await), "the carrier did not answer: no answer");
        for _ in 0..3 {
            shop.later(3600).await;
            drop(shop.ship(order).await);
        }
        assert_eq!(shop.asked(), (1, 0, 1));
        let left = shop.only_shipment(order).await;
        assert_eq!((left.status, left.lease_until), (ShipmentStatus::Booking, None));
        let told = shop.events(order).await.pop().unwrap();
        assert_eq!(told.kind.as_str(), "shipment.unsettled");
        // A person asked the carrier by telephone.
        let numbers = vec!["CARRIER-1".to_owned()];
        let booked = Settlement::Booked(numbers);
        let settled = shop.app().settle_shipment(&shop.acme, left.id, booked.clone()).await.unwrap();
        assert_eq!(settled.status, ShipmentStatus::Booked);
        assert_eq!(settled.parcels[0].tracking_number.as_deref(), Some("CARRIER-1"));
        assert_eq!(settled.details.brought_by.as_ref().unwrap().who, "a person with the key \"shop\"");
        assert_eq!(shop.ship(order).await.unwrap(), settled);
        let again = shop.app().settle_shipment(&shop.acme, left.id, booked).await;
        let text = "the shipment is booked: only a booking nobody knows of is settled";
        assert_eq!(again, Err(Error::Conflict(text.to_owned())));
        // Nobody goes looking for a label that the carrier gave to somebody else.
        shop.later(3600).await;
        assert_eq!(shop.asked(), (1, 0, 1));
    }

    async fn a1_what_a_person_found_unbooked_can_be_shipped_again(engine: Engine) {
        let shop = Shop::of(Scripted::forgetful(), engine, |builder| builder).await;
        let order = shop.order("1001").await;
        shop.carrier.next_booking(Outcome::Silent);
        drop(shop.ship(order).await);
        shop.later(16).await;
        let left = shop.only_shipment(order).await;
        let settled = shop.app().settle_shipment(&shop.acme, left.id, Settlement::NotBooked).await.unwrap();
        assert_eq!(settled.status, ShipmentStatus::Failed);
        assert_eq!(shop.ship(order).await.unwrap().status, ShipmentStatus::Booked);
        assert_eq!(shop.asked(), (2, 0, 1));
    }

    async fn a1_a_carrier_that_surely_did_nothing_is_asked_again_although_it_cannot_be_searched(engine: Engine) {
        let shop = Shop::of(Scripted::forgetful(), engine, |builder| builder).await;
        let order = shop.order("1001").await;
        shop.carrier.next_booking(Outcome::Busy(30));
        drop(shop.ship(order).await);
        shop.later(31).await;
        assert_eq!((shop.only_shipment(order).await.status, shop.asked()), (ShipmentStatus::Booked, (2, 0, 1)));
        // What was wished away meanwhile is not booked at all.
        let order = shop.order("1002").await;
        shop.carrier.next_booking(Outcome::Busy(30));
        drop(shop.ship(order).await);
        let open = shop.only_shipment(order).await;
        shop.app().cancel(&shop.acme, open.id).await.unwrap();
        shop.later(31).await;
        assert_eq!((shop.only_shipment(order).await.status, shop.asked()), (ShipmentStatus::Cancelled, (3, 0, 1)));
    }

    async fn a1_a_lost_answer_after_a_busy_one_is_not_booked_twice(engine: Engine) {
        let shop = Shop::of(Scripted::forgetful(), engine, |builder| builder).await;
        let order = shop.order("1001").await;
        shop.carrier.next_booking(Outcome::Busy(30));
        shop.carrier.next_booking(Outcome::LostAnswer);
        drop(shop.ship(order).await);
        for _ in 0..5 {
            shop.later(61).await;
        }
        assert_eq!((shop.only_shipment(order).await.status, shop.asked()), (ShipmentStatus::Booking, (2, 0, 1)));
    }

    async fn a2_a_further_parcel_is_one_deliberate_action_with_a_reason(engine: Engine) {
        let shop = Shop::open(engine).await;
        let first = shop.shipped("1001").await;
        assert_eq!(shop.ship(first.order).await.unwrap(), first);
        shop.carrier.next_booking(Outcome::Slow(150));
        let wish = further("the lamp was forgotten");
        let made = join_all((0..50).map(|_| shop.app().ship(&shop.acme, first.order, &wish))).await;
        let second = made[0].clone().unwrap();
        assert!(made.iter().all(|shipment| shipment.as_ref() == Ok(&second)));
        assert_ne!(second.id, first.id);
        assert_eq!(second.parcels[0].position, 2);
        assert_eq!(second.details.further_because.as_deref(), Some("the lamp was forgotten"));
        assert_eq!(shop.asked(), (2, 0, 2));
        // The reason names the action: said again it is that one, and another reason is another parcel.
        assert_eq!(shop.app().ship(&shop.acme, first.order, &wish).await.unwrap(), second);
        let third = shop.app().ship(&shop.acme, first.order, &further("so was the bulb")).await.unwrap();
        assert_eq!(third.parcels[0].position, 3);
        assert_eq!(shop.asked(), (3, 0, 3));
    }

    async fn a3_a_kill_at_any_instant_leaves_no_label_that_only_the_carrier_knows(engine: Engine) {
        let shop = Arc::new(Shop::open(engine).await);
        for round in 0..24_u64 {
            let order = shop.order(&format!("{round}")).await;
            shop.carrier.next_booking(Outcome::Slow(round % 5 * 3));
            let shipping = tokio::spawn({
                let shop = Arc::clone(&shop);
                async move { shop.ship(order).await }
            });
            tokio::time::sleep(Duration::from_millis(round)).await;
            shipping.abort();
            drop(shipping.await);
        }
        shop.carrier.ledger(|ledger| ledger.bookings.clear());
        for _ in 0..3 {
            shop.later(61).await;
        }
        let known = shop.carrier.ledger(|ledger| ledger.booked.clone());
        let mut ours = std::collections::BTreeMap::new();
        for round in 0..24 {
            let wanted = app::orders::OrderRef::External(None, round.to_string());
            let order = shop.app().find_order(&shop.acme, &wanted).await.unwrap();
            for shipment in shop.app().shipments_of_order(&shop.acme, order.id).await.unwrap() {
                assert_eq!(shipment.status, ShipmentStatus::Booked);
                assert!(shipment.is_ready_to_print());
                ours.insert(shipment.details.reference.clone(), shipment.parcels[0].tracking_number.clone().unwrap());
            }
        }
        let theirs = known.iter().map(|(reference, booking)| {
            (reference.clone(), booking.parcels[0].tracking_number.clone())
        });
        assert_eq!(ours, theirs.collect());
    }

    async fn a4_a_parcel_that_brings_its_own_number_is_not_booked_by_itself(engine: Engine) {
        let shop = Shop::open(engine).await;
        let order = shop.order("1001").await;
        let brought = shop.app().record_shipment(&shop.acme, order, recorded("MP-1")).await.unwrap();
        assert_eq!(brought.status, ShipmentStatus::Booked);
        assert_eq!(brought.details.booked_at, Some(shop.t.now()));
        let by = brought.details.brought_by.clone().unwrap();
        assert_eq!((by.who.as_str(), by.key.as_str()), ("the marketplace", "shop"));
        assert_eq!(shop.app().record_shipment(&shop.acme, order, recorded("MP-1")).await.unwrap(), brought);
        let refused = shop.ship(order).await;
        let text = "the order already has the tracking number MP-1 of Market Parcel, brought by the marketplace on \
            2026-03-02T10:00:00Z: nothing was booked; to send a further parcel, say why";
        assert_eq!(refused, Err(Error::Conflict(text.to_owned())));
        assert_eq!(shop.asked(), (0, 0, 0));
        assert_eq!(shop.story(order).await, ["order.created", "shipment.recorded"]);
        // It is nobody's missing label.
        shop.later(3600).await;
        assert_eq!(shop.shipment(brought.id).await, brought);
        // A deliberate further parcel is booked beside it.
        let ours = shop.app().ship(&shop.acme, order, &further("half of it goes by us")).await.unwrap();
        assert_eq!((ours.status, ours.parcels[0].position), (ShipmentStatus::Booked, 2));
        // A second waybill from elsewhere is kept, and says that it is one too many.
        let second = shop.app().record_shipment(&shop.acme, order, recorded("MP-2")).await.unwrap();
        let warnings = &second.details.warnings;
        assert_eq!(warnings.len(), 2);
        assert!(warnings[0].contains("MP-1"), "{warnings:?}");
        // Once it is cleared, the order can be shipped as usual.
        for id in [brought.id, second.id, ours.id] {
            let cleared = shop.app().cancel(&shop.acme, id).await.unwrap();
            assert_eq!(cleared.status, ShipmentStatus::Cancelled);
        }
        assert_eq!(shop.asked(), (1, 1, 0));
        assert_eq!(shop.ship(order).await.unwrap().status, ShipmentStatus::Booked);
    }

    async fn m4_a_stated_wait_is_kept_and_no_job_is_lost_or_doubled(engine: Engine) {
        let shop = Shop::open(engine).await;
        let orders = [shop.order("1").await, shop.order("2").await, shop.order("3").await];
        shop.carrier.next_booking(Outcome::Busy(120));
        let words = carrier_words(shop.ship(orders[0]).await);
        assert_eq!(words, "the carrier did not answer: too many requests");
        // The others are not even asked, neither for rates nor for bookings.
        let rates = shop.carrier.ledger(|ledger| ledger.rates_asked);
        for order in &orders[1..] {
            let words = carrier_words(shop.ship(*order).await);
            assert!(words.contains("it asked us to wait"), "{words}");
        }
        assert_eq!(shop.carrier.ledger(|ledger| (ledger.rates_asked, ledger.books_asked)), (rates, 1));
        let view = shop.app().gate_view(shop.acme.tenant(), "house").await.unwrap();
        assert_eq!(view.held_until, Some(app::clock::later(shop.t.now(), Duration::from_mins(2))));
        shop.later(119).await;
        assert_eq!(shop.asked(), (1, 0, 0));
        shop.later(2).await;
        for order in &orders {
            let shipped = shop.ship(*order).await.unwrap();
            assert_eq!(shipped.status, ShipmentStatus::Booked);
        }
        assert_eq!(shop.asked(), (4, 0, 3));
    }

    async fn m4_a_budget_of_calls_holds_back_what_is_over_it_and_shows_what_is_left(engine: Engine) {
        let budget = |builder: TestAppBuilder| {
            let setup = testkit::scripted_setup();
            builder.setup(setup.replace("carrier = \"scripted\"", "carrier = \"scripted\"\ncalls_per_minute = 5"))
        };
        let shop = Shop::built(engine, budget).await;
        let orders = join_all((0..4).map(|number| { let shop = &shop; async move { shop.order(&number.to_string()).await } })).await;
        let left = async || shop.app().gate_view(shop.acme.tenant(), "house").await.unwrap().calls_left;
        assert_eq!(left().await, Some(5));
        for order in &orders[..2] {
            shop.ship(*order).await.unwrap();
        }
        assert_eq!(left().await, Some(1));
        // The last call of the minute goes for the rates; the booking waits, and is carried out in the next minute.
        let words = carrier_words(shop.ship(orders[2]).await);
        assert!(words.contains("the account's 5 calls of this minute are used up"), "{words}");
        assert_eq!((left().await, shop.asked().0), (Some(0), 2));
        assert_eq!(shop.only_shipment(orders[2]).await.status, ShipmentStatus::Booking);
        shop.later(61).await;
        assert_eq!(shop.only_shipment(orders[2]).await.status, ShipmentStatus::Booked);
        assert_eq!((left().await, shop.asked()), (Some(3), (3, 0, 3)));
        shop.ship(orders[3]).await.unwrap();
    }

    async fn an_account_that_hangs_holds_up_no_other_account_when_bookings_are_settled(engine: Engine) {
        let second = Scripted::second();
        let first = Scripted::once_a_reference();
        let tables = "[[tenant.carrier_account]]\nid = \"spare\"\ncarrier = \"second\"\nsettings = {}\n";
        let shop = Shop::of(first.clone(), engine, |builder| {
            let setup = crate::fixture::with_tables(&testkit::scripted_setup(), tables);
            builder.connectors(vec![Arc::new(first.clone()), Arc::new(second.clone())]).setup(setup)
        })
        .await;
        let named = |code: &str| ShipWish {
            service: Some(domain::order::ServiceWish { code: Some(code.to_owned()), contract: None }),
            ..boxes(1)
        };
        let (slow, quick) = (shop.order("slow").await, shop.order("quick").await);
        first.next_booking(Outcome::Silent);
        second.next_booking(Outcome::Silent);
        drop(shop.app().ship(&shop.acme, slow, &named("house:standard")).await);
        drop(shop.app().ship(&shop.acme, quick, &named("spare:standard")).await);
        first.next_booking(Outcome::Slow(60_000));
        shop.t.clock.advance(Duration::from_secs(16));
        let jobs = shop.app().run_jobs_until_idle();
        let settled = until(|| second.ledger(|ledger| ledger.booked.len()) == 1);
        tokio::select! {
            done = jobs => panic!("the jobs wait for the carrier that hangs: {done:?}"),
            () = settled => {}
        }
    }
}
