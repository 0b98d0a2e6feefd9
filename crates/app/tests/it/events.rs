//! Events: one a change, in its transaction, and in the feed once.

use std::sync::Arc;

use app::orders::OrderDraft;
use app::{App, Caller};
use domain::Error;
use domain::channel::Dialect;
use domain::event::{Event, EventKind};
use domain::ids::{EndpointId, OrderId};
use futures::future::join_all;
use store::webhooks::EndpointRow;
use testkit::on_both_engines;

use crate::fixture::{Shop, WEB_SHOP, cups};

fn draft(external_id: &str) -> OrderDraft {
    OrderDraft { id: None, channel: WEB_SHOP, details: cups(external_id) }
}

async fn feed(app: &App, caller: &Caller) -> Vec<(i64, Event)> {
    app.feed(caller, 0, 10_000).await.unwrap()
}

/// Refuses a feed whose positions have holes, repeat, or show an event twice.
fn check(feed: &[(i64, Event)]) {
    let positions: Vec<_> = feed.iter().map(|(position, _)| *position).collect();
    let expected: Vec<_> = (1..=feed.len() as i64).collect();
    assert_eq!(positions, expected);
    let mut ids: Vec<_> = feed.iter().map(|(_, event)| event.id).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), feed.len());
}

on_both_engines! {
    async fn feed_positions_rise_without_holes_in_each_tenant(engine: Engine) {
        let shop = Shop::open(engine).await;
        let other = shop.t.caller("sec-other", Dialect::Native).await;
        let mut last: Vec<(i64, Event)> = Vec::new();
        for round in 0..3 {
            let (app, ours, others) = (shop.app(), &shop.acme, &other);
            let placed = (0..20).map(|n| async move {
                let (one, two) = (draft(&format!("{round}-{n}-a")), draft(&format!("{round}-{n}-b")));
                app.place_orders(ours, vec![one.clone(), two]).await.unwrap();
                app.place_orders(others, vec![one]).await.unwrap();
            });
            let numbering = async { app.run_jobs_until_idle().await.unwrap() };
            tokio::join!(join_all(placed), numbering);
            shop.t.run_jobs().await;
            let (own, theirs) = (feed(app, ours).await, feed(app, others).await);
            assert_eq!((own.len(), theirs.len()), ((round + 1) * 40, (round + 1) * 20));
            check(&own);
            check(&theirs);
            // What was numbered keeps its place.
            assert_eq!(own[..last.len()], last);
            last = own;
        }
        let page = shop.app().feed(&shop.acme, 17, 3).await.unwrap();
        assert_eq!(page, last[17..20]);
    }

    async fn an_event_that_nobody_hears_of_is_in_the_feed_of_sqlite_at_once(engine: Engine) {
        let shop = Shop::open(engine).await;
        shop.app().place_orders(&shop.acme, vec![draft("a"), draft("b")]).await.unwrap();
        let known = feed(shop.app(), &shop.acme).await.len();
        assert_eq!(known, if engine == store::testing::Engine::Sqlite { 2 } else { 0 });
        // A tenant with an endpoint has its events numbered together with the deliveries that they cause.
        let (acme, secret) = (shop.acme.tenant().clone(), shop.app().vault().encrypt("hook").unwrap());
        let endpoint = move || EndpointRow {
            id: EndpointId::new(1).unwrap(),
            url: "https://shop.example/hook".to_owned(),
            dialect: Dialect::Native,
            channel: None,
            events: vec!["order.*".to_owned()],
            secret: secret.clone(),
            previous: None,
            concurrency: 1,
            variant: None,
            authentication: None,
            mode: None,
            description: None,
        };
        let put = async move |tx: &mut store::setup::SetupTx<'_, '_>| tx.put_webhook_endpoint(&endpoint()).await;
        let write = shop.app().store().write(async move |tx| tx.change_setup(&acme, &crate::fixture::signed(), &put).await);
        write.await.unwrap();
        shop.app().place_orders(&shop.acme, vec![draft("c")]).await.unwrap();
        assert_eq!(feed(shop.app(), &shop.acme).await.len(), known);
        shop.t.run_jobs().await;
        let all = feed(shop.app(), &shop.acme).await;
        check(&all);
        assert_eq!(all.len(), 3, "{all:?}");
    }

    async fn two_runners_number_each_event_once(engine: Engine) {
        let shop = Shop::open(engine).await;
        let other = shop.t.another(Vec::new()).await;
        for round in 0..5 {
            let drafts = (0..100).map(|n| draft(&format!("{round}-{n}"))).collect();
            shop.app().place_orders(&shop.acme, drafts).await.unwrap();
            let runs = join_all([shop.app(), &other, shop.app(), &other].map(App::run_jobs_until_idle)).await;
            runs.into_iter().for_each(Result::unwrap);
            check(&feed(shop.app(), &shop.acme).await);
        }
        assert_eq!(feed(shop.app(), &shop.acme).await.len(), 500);
        other.store().close().await;
    }

    async fn g4_one_change_gives_one_event_and_the_same_again_gives_none(engine: Engine) {
        let shop = Shop::open(engine).await;
        let order = shop.order("1001").await;
        let placed = shop.app().place_orders(&shop.acme, vec![draft("1001"), draft("1001")]).await.unwrap();
        assert!(placed.iter().all(|placed| placed.id == order && !placed.is_new));
        let same = shop.app().edit_order(&shop.acme, order, |order| Ok::<_, ()>(order.details.clone())).await;
        assert_eq!(same.unwrap().unwrap().version, 1);
        assert_eq!(shop.story(order).await, ["order.created"]);
        let mut changed = cups("1001");
        changed.notes = Some("ring twice".to_owned());
        for _ in 0..2 {
            shop.place(changed.clone()).await;
        }
        let edit = |order: &domain::order::Order| {
            let mut details = order.details.clone();
            details.notes = None;
            Ok::<_, ()>(details)
        };
        shop.app().edit_order(&shop.acme, order, edit).await.unwrap().unwrap();
        let versions: Vec<_> =
            shop.events(order).await.iter().map(|event| (event.kind, event.about.order_version.unwrap())).collect();
        assert_eq!(
            versions,
            [(EventKind::OrderCreated, 1), (EventKind::OrderUpdated, 2), (EventKind::OrderUpdated, 3)]
        );
        assert_eq!(shop.app().order(&shop.acme, order).await.unwrap().version, 3);
    }

    async fn a_command_that_fails_leaves_no_event_and_no_change(engine: Engine) {
        let shop = Shop::open(engine).await;
        let order = shop.order("1001").await;
        let mut unknown = draft("1003");
        unknown.id = OrderId::new(999_999);
        let mut changed = draft("1001");
        changed.details.notes = Some("ring twice".to_owned());
        let refused = shop.app().place_orders(&shop.acme, vec![changed, draft("1002"), unknown]).await;
        let Err(Error::Invalid(problems)) = refused else { panic!("an order nobody knows") };
        assert_eq!(problems[0].path, "2/id");
        let refused = shop.app().edit_order(&shop.acme, order, |_| Err::<domain::order::OrderDetails, _>("no")).await;
        assert_eq!(refused.unwrap(), Err("no"));
        shop.t.run_jobs().await;
        assert_eq!(feed(shop.app(), &shop.acme).await.len(), 1);
        assert_eq!(shop.app().order(&shop.acme, order).await.unwrap().details, cups("1001"));
    }

    async fn a_failure_behind_the_event_takes_the_event_back(engine: Engine) {
        let shop = Shop::open(engine).await;
        let shipment = shop.shipped("1001").await;
        let before = shop.story(shipment.order).await;
        let (tenant, mut stale) = (shop.acme.tenant().clone(), shipment.clone());
        stale.version -= 1;
        let event = shop.events(shipment.order).await.remove(0);
        let event = Event { id: domain::ids::EventId::new(900_000).unwrap(), ..event };
        let failed = shop
            .app()
            .store()
            .write(async move |tx| {
                tx.emit(&tenant, &event).await?;
                tx.save_shipment(&tenant, &stale).await
            })
            .await;
        assert_eq!(failed, Err(Error::Conflict("the shipment was changed meanwhile".to_owned())));
        assert_eq!(shop.story(shipment.order).await, before);
        assert_eq!(shop.shipment(shipment.id).await, shipment);
    }

    async fn simultaneous_changes_of_one_order_each_count(engine: Engine) {
        let shop = Arc::new(Shop::open(engine).await);
        let order = shop.order("1001").await;
        let edits = (0..20).map(|n| {
            let shop = Arc::clone(&shop);
            tokio::spawn(async move {
                let change = move |order: &domain::order::Order| {
                    let mut details = order.details.clone();
                    details.tags.get_or_insert_default().push(n.to_string());
                    Ok::<_, ()>(details)
                };
                shop.app().edit_order(&shop.acme, order, change).await.unwrap().unwrap();
            })
        });
        join_all(edits).await.into_iter().for_each(Result::unwrap);
        let stored = shop.app().order(&shop.acme, order).await.unwrap();
        assert_eq!((stored.version, stored.details.tags.unwrap().len()), (21, 20));
        let mut versions: Vec<_> =
            shop.events(order).await.iter().map(|event| event.about.order_version.unwrap()).collect();
        versions.sort_unstable();
        assert_eq!(versions, (1..=21).collect::<Vec<_>>());
    }
}
