//! Cancelling: at the carrier first, in our record second.

use std::sync::Arc;
use std::time::Duration;

use domain::Error;
use domain::error::CarrierError;
use domain::shipment::ShipmentStatus;
use testkit::carrier::{Outcome, Scripted};
use testkit::on_both_engines;

use crate::fixture::{Shop, carrier_words, report};

on_both_engines! {
    async fn e2_a_cancelled_shipment_is_void_at_the_carrier_and_frees_its_order(engine: Engine) {
        let shop = Shop::open(engine).await;
        let shipment = shop.shipped("1001").await;
        let cancelled = shop.app().cancel(&shop.acme, shipment.id).await.unwrap();
        assert_eq!(cancelled, shop.shipment(shipment.id).await);
        assert_eq!(cancelled.status, ShipmentStatus::Cancelled);
        assert_eq!(cancelled.lease_until, None);
        assert_eq!(shop.asked(), (1, 1, 0));
        assert_eq!(shop.story(shipment.order).await.last(), Some(&"shipment.cancelled"));
        // Cancelling it again asks nobody.
        assert_eq!(shop.app().cancel(&shop.acme, shipment.id).await.unwrap(), cancelled);
        let again = shop.ship(shipment.order).await.unwrap();
        assert_eq!(again.status, ShipmentStatus::Booked);
        assert_ne!(again.id, shipment.id);
        assert_ne!(again.parcels[0].tracking_number, shipment.parcels[0].tracking_number);
        assert_eq!(shop.asked(), (2, 1, 1));
    }

    async fn e2_a_refused_cancellation_stays_booked_and_tells_a_person(engine: Engine) {
        let shop = Shop::open(engine).await;
        let shipment = shop.shipped("1001").await;
        shop.carrier.next_cancel(Outcome::No("it is on the van"));
        assert_eq!(carrier_words(shop.app().cancel(&shop.acme, shipment.id).await), "it is on the van");
        let kept = shop.shipment(shipment.id).await;
        assert_eq!((kept.status, kept.lease_until), (ShipmentStatus::Booked, None));
        assert_eq!(kept.details.failure, Some(CarrierError::refused("", "it is on the van")));
        let events = shop.events(shipment.order).await;
        let last = events.last().unwrap();
        assert_eq!(last.kind.as_str(), "shipment.cancel_refused");
        assert_eq!(last.about.reason.as_deref(), Some("it is on the van"));
        // Ships as before, and can be asked again.
        assert_eq!(shop.ship(shipment.order).await.unwrap(), kept);
        let cancelled = shop.app().cancel(&shop.acme, shipment.id).await.unwrap();
        assert_eq!((cancelled.status, cancelled.details.failure), (ShipmentStatus::Cancelled, None));
    }

    async fn e2_a_silent_carrier_is_asked_again_and_a_person_is_told_once(engine: Engine) {
        let shop = Shop::open(engine).await;
        let shipment = shop.shipped("1001").await;
        shop.carrier.next_cancel(Outcome::Silent);
        shop.carrier.next_cancel(Outcome::Silent);
        let silent = shop.app().cancel(&shop.acme, shipment.id).await;
        assert_eq!(carrier_words(silent), "the carrier did not answer: no answer");
        assert_eq!(shop.shipment(shipment.id).await.status, ShipmentStatus::Cancelling);
        shop.t.run_jobs().await;
        assert_eq!(shop.asked(), (1, 1, 1));
        shop.later(16).await;
        assert_eq!(shop.asked(), (1, 2, 1));
        shop.later(16).await;
        assert_eq!(shop.asked(), (1, 3, 0));
        let cancelled = shop.shipment(shipment.id).await;
        assert_eq!((cancelled.status, cancelled.details.failure), (ShipmentStatus::Cancelled, None));
        let story = shop.story(shipment.order).await;
        assert_eq!(story[4..], ["shipment.unsettled", "shipment.cancelled"]);
    }

    async fn a_cancellation_is_not_lost_when_the_parcel_is_scanned_meanwhile(engine: Engine) {
        let shop = Shop::open(engine).await;
        let shipment = shop.shipped("1001").await;
        shop.carrier.next_cancel(Outcome::Slow(400));
        let scan = async {
            shop.until_asked_to_cancel(1).await;
            let scanned = vec![report(None, "in_transit", "2026-03-02T12:00:00Z")];
            shop.app().report_tracking(&shop.acme, shipment.id, scanned).await.unwrap()
        };
        let (cancelled, scanned) = tokio::join!(shop.app().cancel(&shop.acme, shipment.id), scan);
        assert_eq!(scanned.status, ShipmentStatus::Cancelling);
        assert_eq!(cancelled.unwrap().status, ShipmentStatus::Cancelled);
        assert_eq!(shop.shipment(shipment.id).await.status, ShipmentStatus::Cancelled);
        assert_eq!(shop.asked(), (1, 1, 0));
    }

    async fn a_carrier_that_never_cancels_is_not_asked(engine: Engine) {
        let shop = Shop::of(Scripted::uncancellable(), engine, |builder| builder).await;
        let shipment = shop.shipped("1001").await;
        let refused = shop.app().cancel(&shop.acme, shipment.id).await.unwrap_err();
        assert_eq!(refused, Error::Carrier(CarrierError::Unsupported("cancelling a booking".to_owned()), Some(shipment.id)));
        assert_eq!(shop.shipment(shipment.id).await.status, ShipmentStatus::Booked);
        assert_eq!(shop.asked(), (1, 0, 1));
        assert_eq!(shop.story(shipment.order).await.last(), Some(&"shipment.cancel_refused"));
    }

    async fn a_cancel_while_booking_is_carried_out_after_the_answer(engine: Engine) {
        let shop = Shop::open(engine).await;
        let order = shop.order("1001").await;
        shop.carrier.next_booking(Outcome::Slow(400));
        let cancelling = async {
            shop.until_asked_to_book(1).await;
            let id = shop.only_shipment(order).await.id;
            shop.app().cancel(&shop.acme, id).await.unwrap()
        };
        let (shipped, wished) = tokio::join!(shop.ship(order), cancelling);
        assert_eq!((wished.status, wished.details.cancel_wanted), (ShipmentStatus::Booking, true));
        assert_eq!(shipped.unwrap().status, ShipmentStatus::Cancelled);
        assert_eq!(shop.asked(), (1, 1, 0));
        let story = shop.story(order).await;
        assert_eq!(story.last(), Some(&"shipment.cancelled"));
    }

    async fn a_cancel_while_booking_that_the_carrier_refuses_leaves_it_booked(engine: Engine) {
        let shop = Shop::open(engine).await;
        let order = shop.order("1001").await;
        shop.carrier.next_booking(Outcome::Slow(400));
        shop.carrier.next_cancel(Outcome::No("too late"));
        let cancelling = async {
            shop.until_asked_to_book(1).await;
            let id = shop.only_shipment(order).await.id;
            shop.app().cancel(&shop.acme, id).await.unwrap()
        };
        let (shipped, _) = tokio::join!(shop.ship(order), cancelling);
        let shipped = shipped.unwrap();
        assert_eq!((shipped.status, shipped.details.cancel_wanted), (ShipmentStatus::Booked, false));
        assert_eq!(shop.story(order).await.last(), Some(&"shipment.cancel_refused"));
    }

    async fn a_cancel_of_a_booking_that_nobody_knows_ends_without_buying(engine: Engine) {
        let shop = Shop::open(engine).await;
        let order = shop.order("1001").await;
        shop.carrier.next_booking(Outcome::Silent);
        drop(shop.ship(order).await);
        let id = shop.only_shipment(order).await.id;
        shop.app().cancel(&shop.acme, id).await.unwrap();
        shop.later(16).await;
        assert_eq!(shop.shipment(id).await.status, ShipmentStatus::Cancelled);
        assert_eq!(shop.asked(), (1, 0, 0));
        assert_eq!(shop.story(order).await, ["order.created", "shipment.requested", "shipment.cancelled"]);
    }

    async fn a_cancel_of_a_booking_whose_answer_was_lost_is_carried_out(engine: Engine) {
        let shop = Shop::open(engine).await;
        let order = shop.order("1001").await;
        shop.carrier.next_booking(Outcome::LostAnswer);
        drop(shop.ship(order).await);
        let id = shop.only_shipment(order).await.id;
        shop.app().cancel(&shop.acme, id).await.unwrap();
        shop.later(16).await;
        assert_eq!(shop.shipment(id).await.status, ShipmentStatus::Cancelled);
        assert_eq!(shop.asked(), (1, 1, 0));
    }

    async fn an_order_that_changed_while_its_carrier_was_asked_is_not_deleted(engine: Engine) {
        let shop = Shop::open(engine).await;
        let shipment = shop.shipped("1001").await;
        // Whoever deletes has seen this; when the transaction looks, it is no longer so.
        let asked = Arc::new(std::sync::atomic::AtomicUsize::new(0));
        let counted = Arc::clone(&asked);
        let may = move |order: &domain::order::Order| {
            let looks = counted.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            if looks == 0 { Ok(()) } else { Err(order.id) }
        };
        let deleted = shop.app().delete_order_if(&shop.acme, shipment.order, may).await.unwrap();
        assert_eq!(deleted, Err(shipment.order));
        assert_eq!(shop.app().order(&shop.acme, shipment.order).await.unwrap().id, shipment.order);
        assert_eq!(asked.load(std::sync::atomic::Ordering::Relaxed), 2);
        // What is refused at once cancels nothing.
        let other = shop.shipped("1002").await;
        let refused = shop.app().delete_order_if(&shop.acme, other.order, |_| Err("seen before")).await.unwrap();
        assert_eq!(refused, Err("seen before"));
        assert_eq!(shop.shipment(other.id).await.status, ShipmentStatus::Booked);
    }

    async fn e2_deleting_an_order_cancels_first(engine: Engine) {
        let shop = Shop::open(engine).await;
        let shipment = shop.shipped("1001").await;
        shop.app().delete_order(&shop.acme, shipment.order).await.unwrap();
        assert_eq!(shop.shipment(shipment.id).await.status, ShipmentStatus::Cancelled);
        assert_eq!(shop.asked(), (1, 1, 0));
        assert_eq!(shop.story(shipment.order).await[4..], ["shipment.cancelled", "order.deleted"]);
        assert_eq!(shop.app().order(&shop.acme, shipment.order).await, Err(Error::NotFound("order")));
        assert_eq!(shop.ship(shipment.order).await, Err(Error::NotFound("order")));
    }

    async fn e2_deleting_an_order_whose_label_stays_alive_says_so(engine: Engine) {
        let shop = Shop::open(engine).await;
        let shipment = shop.shipped("1001").await;
        shop.carrier.next_cancel(Outcome::No("too late"));
        shop.app().delete_order(&shop.acme, shipment.order).await.unwrap();
        assert_eq!(shop.shipment(shipment.id).await.status, ShipmentStatus::Booked);
        assert_eq!(shop.story(shipment.order).await[4..], ["shipment.cancel_refused", "order.deleted"]);
    }

    async fn e2_an_order_deleted_while_it_is_being_shipped_leaves_no_live_label(engine: Engine) {
        let shop = Arc::new(Shop::open(engine).await);
        for round in 0..8 {
            let order = shop.order(&format!("{round}")).await;
            let shipping = tokio::spawn({
                let shop = Arc::clone(&shop);
                async move { shop.ship(order).await }
            });
            tokio::time::sleep(Duration::from_millis(round)).await;
            shop.app().delete_order(&shop.acme, order).await.unwrap();
            drop(shipping.await.unwrap());
            shop.later(61).await;
            let shipments = shop.app().shipments_of_order(&shop.acme, order).await.unwrap();
            assert!(shipments.iter().all(|shipment| shipment.status == ShipmentStatus::Cancelled), "{shipments:?}");
        }
        assert_eq!(shop.asked().2, 0);
    }
}
