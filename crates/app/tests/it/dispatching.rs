//! Dispatching without anybody waiting: killed at any point and begun again, an order is shipped exactly once.

use std::sync::Arc;
use std::time::Duration;

use app::App;
use app::orders::OrderDraft;
use app::shipments::ShipWish;
use domain::connector::Connector;
use domain::ids::OrderId;
use domain::order::{Order, OrderDetails};
use domain::shipment::ShipmentStatus;
use futures::future::{join, join_all};
use testkit::carrier::{Outcome, Scripted};
use testkit::on_both_engines;

use crate::fixture::{Shop, WEB_SHOP, berlin, boxes, cups, until};

/// What an order tells that was shipped without any trouble.
const SMOOTH: [&str; 4] = ["order.created", "shipment.requested", "shipment.booked", "shipment.ready_to_print"];

/// Places an order that is to be shipped in one box.
async fn wished(shop: &Shop, external_id: &str) -> OrderId {
    let draft = OrderDraft { id: None, channel: WEB_SHOP, details: cups(external_id) };
    shop.app().dispatch_new_soon(&shop.acme, draft, &boxes(1)).await.unwrap().id
}

/// Another process on the same database, with the same carrier.
async fn another(shop: &Shop) -> App {
    let connector: Arc<dyn Connector> = Arc::new(shop.carrier.clone());
    shop.t.another(vec![connector]).await
}

/// Runs the jobs in a process of their own, kills it when something is so, and lets its leases run out.
async fn killed_when(shop: &Shop, is_so: impl Fn() -> bool) {
    let app = another(shop).await;
    let running = tokio::spawn({
        let app = app.clone();
        async move { app.run_jobs_until_idle().await }
    });
    until(is_so).await;
    running.abort();
    drop(running.await);
    app.store().close().await;
    shop.t.clock.advance(Duration::from_mins(2));
}

fn rates_asked(carrier: &Scripted) -> usize {
    carrier.ledger(|ledger| ledger.rates_asked)
}

fn slow_rates(carrier: &Scripted, milliseconds: Option<u64>) {
    carrier.ledger(|ledger| ledger.rates = milliseconds.map(Outcome::Slow));
}

fn moved(order: &Order) -> OrderDetails {
    let mut address = berlin();
    address.house_number = Some("78".to_owned());
    OrderDetails { shipping_address: Some(address), ..order.details.clone() }
}

on_both_engines! {
    async fn nobody_is_asked_before_the_answer_and_a_job_ships_it(engine: Engine) {
        let shop = Shop::open(engine).await;
        let order = wished(&shop, "1001").await;
        assert_eq!((shop.asked(), shop.story(order).await), ((0, 0, 0), vec!["order.created"]));
        shop.t.run_jobs().await;
        shop.t.run_jobs().await;
        assert_eq!((shop.asked(), shop.story(order).await), ((1, 0, 1), SMOOTH.to_vec()));
        assert_eq!(shop.only_shipment(order).await.status, ShipmentStatus::Booked);
    }

    async fn killed_at_any_point_and_run_again_it_is_booked_once(engine: Engine) {
        let shop = Shop::open(engine).await;
        // Before any job ran.
        let before = wished(&shop, "before").await;
        killed_when(&shop, || true).await;
        shop.later(120).await;
        // While the carrier is asked what it charges: nothing is begun yet.
        let asked = rates_asked(&shop.carrier);
        slow_rates(&shop.carrier, Some(500));
        let rated = wished(&shop, "rated").await;
        killed_when(&shop, || rates_asked(&shop.carrier) > asked).await;
        assert_eq!(shop.story(rated).await, ["order.created"]);
        slow_rates(&shop.carrier, None);
        shop.t.run_jobs().await;
        // While it is asked to book: the shipment is begun, and nobody knows what came of it.
        let books = shop.asked().0;
        shop.carrier.next_booking(Outcome::Slow(500));
        let asked_to_book = wished(&shop, "asked to book").await;
        killed_when(&shop, || shop.asked().0 > books).await;
        assert_eq!(shop.only_shipment(asked_to_book).await.status, ShipmentStatus::Booking);
        shop.later(120).await;
        // After it booked, when the answer is perhaps stored and perhaps not.
        let booked_already = shop.asked().2;
        let booked = wished(&shop, "booked").await;
        killed_when(&shop, || shop.asked().2 > booked_already).await;
        shop.later(120).await;
        shop.later(120).await;
        for order in [before, rated, asked_to_book, booked] {
            assert_eq!(shop.only_shipment(order).await.status, ShipmentStatus::Booked);
            assert_eq!(shop.story(order).await, SMOOTH);
        }
        assert_eq!(shop.asked().2, 4, "the carrier knows one booking an order");
        let feed = shop.app().feed(&shop.acme, 0, 100).await.unwrap();
        for order in [before, rated, asked_to_book, booked] {
            let of_it = feed.iter().filter(|(_, event)| event.about.order == Some(order));
            assert_eq!(of_it.map(|(_, event)| event.kind.as_str()).collect::<Vec<_>>(), SMOOTH);
        }
    }

    async fn a_process_that_owns_the_database_takes_up_at_once_what_a_killed_one_held(engine: Engine) {
        let shop = Shop::open(engine).await;
        slow_rates(&shop.carrier, Some(500));
        let order = wished(&shop, "1001").await;
        let running = tokio::spawn({
            let app = shop.app().clone();
            async move { app.run_jobs_until_idle().await }
        });
        until(|| rates_asked(&shop.carrier) == 1).await;
        running.abort();
        drop(running.await);
        slow_rates(&shop.carrier, None);
        shop.t.run_jobs().await;
        assert_eq!(shop.story(order).await, ["order.created"], "its lease has not run out");
        shop.app().free_leases().await.unwrap();
        shop.t.run_jobs().await;
        assert_eq!(shop.story(order).await, SMOOTH);
    }

    async fn two_processes_ship_every_order_once(engine: Engine) {
        let shop = Shop::open(engine).await;
        let other = another(&shop).await;
        slow_rates(&shop.carrier, Some(5));
        let names: Vec<_> = (0..40).map(|n| format!("{n}")).collect();
        let orders = join_all(names.iter().map(|name| wished(&shop, name))).await;
        let (one, two) = join(shop.app().run_jobs_until_idle(), other.run_jobs_until_idle()).await;
        one.unwrap();
        two.unwrap();
        assert_eq!(shop.asked(), (40, 0, 40));
        for order in orders {
            assert_eq!(shop.story(order).await, SMOOTH);
        }
        other.store().close().await;
    }

    async fn one_whose_lease_ran_out_while_it_was_at_it_begins_nothing(engine: Engine) {
        let shop = Shop::open(engine).await;
        let other = another(&shop).await;
        slow_rates(&shop.carrier, Some(300));
        let order = wished(&shop, "1001").await;
        let second = async {
            until(|| rates_asked(&shop.carrier) == 1).await;
            shop.t.clock.advance(Duration::from_mins(2));
            other.run_jobs_until_idle().await
        };
        let (one, two) = join(shop.app().run_jobs_until_idle(), second).await;
        one.unwrap();
        two.unwrap();
        assert_eq!((rates_asked(&shop.carrier), shop.asked()), (2, (1, 0, 1)));
        assert_eq!(shop.story(order).await, SMOOTH);
        other.store().close().await;
    }

    async fn an_order_that_is_changed_while_it_is_taken_up_is_shipped_as_it_is_now(engine: Engine) {
        let shop = Shop::open(engine).await;
        slow_rates(&shop.carrier, Some(300));
        let order = wished(&shop, "1001").await;
        let change = async {
            until(|| rates_asked(&shop.carrier) == 1).await;
            slow_rates(&shop.carrier, None);
            let wish = |_: &Order| boxes(2);
            let change = |order: &Order| Ok::<_, ()>(moved(order));
            shop.app().edit_dispatched(&shop.acme, order, false, wish, change).await.unwrap().unwrap();
        };
        let (ran, ()) = join(shop.app().run_jobs_until_idle(), change).await;
        ran.unwrap();
        let shipment = shop.only_shipment(order).await;
        assert_eq!((shipment.details.recipient.house_number.as_deref(), shipment.parcels.len()), (Some("78"), 2));
        assert_eq!(shop.asked(), (1, 0, 1));
        let told = ["order.created", "order.updated", "shipment.requested", "shipment.booked", "shipment.ready_to_print"];
        assert_eq!(shop.story(order).await, told);
    }

    async fn an_order_that_is_cancelled_or_deleted_while_it_is_taken_up_is_not_booked(engine: Engine) {
        let shop = Shop::open(engine).await;
        slow_rates(&shop.carrier, Some(300));
        let (cancelled, deleted) = (wished(&shop, "cancelled").await, wished(&shop, "deleted").await);
        let give_up = async {
            until(|| rates_asked(&shop.carrier) == 2).await;
            shop.app().cancel_order(&shop.acme, cancelled, |_| Ok(())).await.unwrap();
            shop.app().delete_order(&shop.acme, deleted).await.unwrap();
        };
        let (ran, ()) = join(shop.app().run_jobs_until_idle(), give_up).await;
        ran.unwrap();
        shop.later(600).await;
        assert_eq!((shop.asked(), rates_asked(&shop.carrier)), ((0, 0, 0), 2));
        assert_eq!(shop.story(cancelled).await, ["order.created", "order.cancelled"]);
        assert_eq!(shop.story(deleted).await, ["order.created", "order.deleted"]);
    }

    async fn an_order_that_somebody_ships_by_hand_meanwhile_is_not_shipped_again(engine: Engine) {
        let shop = Shop::open(engine).await;
        let order = wished(&shop, "1001").await;
        let shipment = shop.ship(order).await.unwrap();
        shop.app().cancel(&shop.acme, shipment.id).await.unwrap();
        shop.later(600).await;
        assert_eq!(shop.only_shipment(order).await.status, ShipmentStatus::Cancelled);
        assert_eq!(shop.asked(), (1, 1, 0));
    }

    async fn an_order_that_nobody_takes_is_told_of_once(engine: Engine) {
        let shop = Shop::open(engine).await;
        shop.carrier.ledger(|ledger| ledger.rates = Some(Outcome::No("not there")));
        let order = wished(&shop, "1001").await;
        shop.t.run_jobs().await;
        shop.later(600).await;
        assert_eq!(shop.story(order).await, ["order.created", "order.unserved"]);
        assert_eq!(rates_asked(&shop.carrier), 1);
        // The weight is asked for before anything is stored.
        let draft = OrderDraft { id: None, channel: WEB_SHOP, details: cups("1002") };
        let weightless = shop.t.caller("sec-other", domain::channel::Dialect::Native).await;
        let refused = shop.app().dispatch_new_soon(&weightless, draft, &ShipWish::default()).await;
        assert!(matches!(refused, Err(domain::Error::Invalid(_))), "{refused:?}");
    }

    async fn a_location_whose_carriers_hang_holds_up_no_other(engine: Engine) {
        let scripted = testkit::scripted_setup();
        let location = "[[tenant.location]]\nexternal_id = \"rome\"\nname = \"Rome\"\naddress = { street1 = \"Via Appia\", \
            city = \"Rome\", postal_code = \"00179\", country = \"IT\" }\ncarriers = [\"quick\"]\n\n[[tenant.carrier_account]]\n\
            id = \"quick\"\ncarrier = \"second\"\nsettings = {}\n\n[[tenant.carrier_account]]";
        let setup = scripted.replacen("[[tenant.carrier_account]]", location, 1);
        let setup = setup.replacen("external_id = \"oss\"", "external_id = \"oss\"\ncarriers = [\"house\"]", 1);
        let (slow, quick) = (Scripted::new(), Scripted::second());
        let connectors: Vec<Arc<dyn Connector>> = vec![Arc::new(slow.clone()), Arc::new(quick.clone())];
        let shop = Shop::of(slow.clone(), engine, |builder| builder.connectors(connectors).setup(setup)).await;
        slow_rates(&slow, Some(1_500));
        let draft = |name: String, from: &str| {
            let details = OrderDetails { ship_from: Some(from.to_owned()), ..cups(&name) };
            OrderDraft { id: None, channel: WEB_SHOP, details }
        };
        for n in 0..40 {
            shop.app().dispatch_new_soon(&shop.acme, draft(format!("slow {n}"), "oss"), &boxes(1)).await.unwrap();
        }
        shop.app().dispatch_new_soon(&shop.acme, draft("quick".to_owned(), "rome"), &boxes(1)).await.unwrap();
        let watch = async {
            until(|| quick.ledger(|ledger| ledger.booked.len()) == 1).await;
            (rates_asked(&slow), slow.ledger(|ledger| ledger.booked.len()))
        };
        let (ran, (slow_asked, slow_booked)) = join(shop.app().run_jobs_until_idle(), watch).await;
        ran.unwrap();
        assert!((1..=16).contains(&slow_asked), "only so many of one location are under way: {slow_asked}");
        assert_eq!(slow_booked, 0, "they hang");
        assert_eq!(slow.ledger(|ledger| ledger.booked.len()), 40);
    }
}
