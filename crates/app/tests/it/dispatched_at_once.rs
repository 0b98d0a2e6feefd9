//! Creating and shipping in one call: where nobody is asked for rates, order and shipment are stored together.

use app::orders::OrderDraft;
use app::shipments::ShipWish;
use domain::order::Order;
use domain::shipment::{Shipment, ShipmentStatus};
use domain::{Error, Result};
use futures::future::join;
use testkit::carrier::{Outcome, Scripted};
use testkit::{Engine, on_both_engines};

use crate::fixture::{Shop, WEB_SHOP, boxes, cups, until};

const SMOOTH: [&str; 4] = ["order.created", "shipment.requested", "shipment.booked", "shipment.ready_to_print"];

fn draft(external_id: &str) -> OrderDraft {
    OrderDraft { id: None, channel: WEB_SHOP, details: cups(external_id) }
}

async fn placed(shop: &Shop, external_id: &str, wish: &ShipWish) -> Result<(Order, Result<Shipment>)> {
    shop.app().dispatch_new(&shop.acme, draft(external_id), wish).await
}

/// How many orders there are.
async fn orders(shop: &Shop) -> usize {
    let tenant = shop.acme.tenant().clone();
    shop.app().store().read(async move |tx| tx.orders_after(&tenant, 0, 10).await).await.unwrap().len()
}

async fn open(engine: Engine, carrier: Scripted) -> Shop {
    Shop::of(carrier, engine, |builder| builder).await
}

on_both_engines! {
    async fn the_order_comes_with_its_shipment_or_not_at_all(engine: Engine) {
        let shop = open(engine, Scripted::asking_nobody()).await;
        shop.carrier.ledger(|ledger| ledger.rates = Some(Outcome::Slow(500)));
        let killed = tokio::spawn({
            let (app, caller) = (shop.app().clone(), shop.acme.clone());
            async move { app.dispatch_new(&caller, draft("1001"), &boxes(1)).await }
        });
        until(|| shop.carrier.ledger(|ledger| ledger.rates_asked) == 1).await;
        killed.abort();
        drop(killed.await);
        assert_eq!(orders(&shop).await, 0, "nothing was acknowledged, and nothing is in the way of the next try");
        shop.carrier.ledger(|ledger| ledger.rates = None);
        let (order, shipped) = placed(&shop, "1001", &boxes(1)).await.unwrap();
        assert_eq!(shipped.unwrap(), shop.only_shipment(order.id).await);
        assert_eq!((orders(&shop).await, shop.story(order.id).await), (1, SMOOTH.to_vec()));
        assert_eq!(shop.app().order(&shop.acme, order.id).await.unwrap().details, order.details);
    }

    async fn nothing_is_stored_before_it_is_booked_and_labelled(engine: Engine) {
        let shop = open(engine, Scripted::asking_nobody()).await;
        shop.carrier.next_booking(Outcome::Slow(500));
        let killed = tokio::spawn({
            let (app, caller) = (shop.app().clone(), shop.acme.clone());
            async move { app.dispatch_new(&caller, draft("1001"), &boxes(1)).await }
        });
        shop.until_asked_to_book(1).await;
        killed.abort();
        drop(killed.await);
        assert_eq!(orders(&shop).await, 0);
        let (order, shipped) = placed(&shop, "1001", &boxes(2)).await.unwrap();
        let shipment = shipped.unwrap();
        assert_eq!((shipment.version, shipment.status, shipment.modified_at), (2, ShipmentStatus::Booked, order.created_at));
        assert_eq!(shipment, shop.only_shipment(order.id).await);
        let documents = shop.app().documents(&shop.acme, shipment.id).await.unwrap();
        assert_eq!(documents.len(), 2, "a label a parcel");
        for document in documents {
            assert!(!shop.app().document(&shop.acme, document.id).await.unwrap().1.is_empty());
        }
        assert_eq!(shop.story(order.id).await, SMOOTH);
    }

    async fn what_is_refused_at_once_is_told_as_if_it_had_been_asked_later(engine: Engine) {
        let shop = open(engine, Scripted::asking_nobody()).await;
        for _ in 0..2 {
            shop.carrier.next_booking(Outcome::No("not today"));
        }
        let (order, shipped) = placed(&shop, "1001", &boxes(1)).await.unwrap();
        let failed = shop.only_shipment(order.id).await;
        assert!(matches!(&shipped, Err(Error::Carrier(_, Some(id))) if *id == failed.id), "{shipped:?}");
        assert_eq!(failed.status, ShipmentStatus::Failed);
        assert_eq!(shop.story(order.id).await, ["order.created", "shipment.requested", "shipment.failed"]);
        let again = placed(&shop, "1001", &boxes(1)).await.map(|(order, _)| order.id);
        assert!(matches!(again, Err(Error::Invalid(_))), "{again:?}");
        assert_eq!(shop.asked().0, 2, "an order that is known is not planned again");
    }

    async fn where_carriers_are_asked_the_order_can_be_seen_meanwhile(engine: Engine) {
        let shop = open(engine, Scripted::new()).await;
        shop.carrier.ledger(|ledger| ledger.rates = Some(Outcome::Slow(300)));
        let asked = async {
            until(|| shop.carrier.ledger(|ledger| ledger.rates_asked) == 1).await;
            orders(&shop).await
        };
        let wish = boxes(1);
        let (seen, answer) = join(asked, placed(&shop, "1001", &wish)).await;
        let (order, shipped) = answer.unwrap();
        assert_eq!((seen, shipped.unwrap().status), (1, ShipmentStatus::Booked));
        assert_eq!(shop.story(order.id).await, SMOOTH);
    }

    async fn of_two_with_one_external_id_one_is_booked(engine: Engine) {
        let shop = open(engine, Scripted::asking_nobody()).await;
        let wish = boxes(1);
        let (one, two) = join(placed(&shop, "1001", &wish), placed(&shop, "1001", &wish)).await;
        let (made, refused): (Vec<_>, Vec<_>) = [one, two].into_iter().partition(Result::is_ok);
        assert_eq!((made.len(), orders(&shop).await), (1, 1));
        let (order, shipped) = made.into_iter().next().unwrap().unwrap();
        assert_eq!(shipped.unwrap(), shop.only_shipment(order.id).await);
        let Some(Err(Error::Invalid(problems))) = refused.first() else { panic!("{refused:?}") };
        let problem = (problems[0].path.as_str(), problems[0].message.as_str());
        assert_eq!(problem, ("external_id", "the channel has an order \"1001\" already"));
    }

    async fn an_order_that_nobody_takes_is_kept_with_the_reason(engine: Engine) {
        let shop = open(engine, Scripted::asking_nobody()).await;
        shop.carrier.ledger(|ledger| ledger.rates = Some(Outcome::No("not to Berlin")));
        let (order, shipped) = placed(&shop, "1001", &boxes(1)).await.unwrap();
        assert!(matches!(shipped, Err(Error::Invalid(_) | Error::Carrier(_, None))), "{shipped:?}");
        assert_eq!(shop.story(order.id).await, ["order.created", "order.unserved"]);
        shop.carrier.ledger(|ledger| ledger.rates = None);
        let again = shop.app().dispatch_again(&shop.acme, &order, |_| boxes(1), |_| true).await.unwrap();
        assert_eq!(again.status, ShipmentStatus::Booked);
    }
}
