//! Access: what a key may do, and how often.

use std::num::NonZeroU32;
use std::sync::Arc;

use app::App;
use app::Caller;
use app::channels::ChannelHook;
use app::limits::{Load, RateLimit};
use app::orders::{OrderDraft, OrderFilter, OrderPage, OrderRef, OrderSort, PlacedOrder};
use app::shipments::ShipWish;
use domain::channel::Dialect;
use domain::document::{Dpi, Format};
use domain::ids::{OrderId, ShipmentId};
use domain::order::RawJson;
use domain::tenant::{ApiKey, Scope};
use domain::{Error, Result};
use testkit::{Engine, on_both_engines};

use crate::fixture::{Shop, WEB_SHOP, cups, report};

fn with_scopes(caller: &Caller, scopes: &[Scope]) -> Caller {
    let key = ApiKey { scopes: scopes.to_vec(), ..(*caller.key).clone() };
    Caller { key: Arc::new(key), dialect: Dialect::Sendcloud, ..caller.clone() }
}

/// The scope a verb was denied for, if it was.
fn lacks<T>(answer: Result<T>) -> Option<&'static str> {
    match answer {
        Err(Error::Denied(scope)) => Some(scope),
        _ => None,
    }
}

/// Tries every verb and says what each lacked. The verbs that destroy come last.
async fn try_all(shop: &Shop, caller: &Caller, round: usize) -> Vec<(&'static str, Option<&'static str>)> {
    let (app, shipment) = (shop.app(), shop.shipped(&format!("booked-{round}")).await);
    let (fresh, sooner) = (shop.order(&format!("a-{round}")).await, shop.order(&format!("b-{round}")).await);
    let document = app.documents(&shop.acme, shipment.id).await.unwrap()[0].id;
    let event = shop.events(shipment.order).await[0].id;
    let parcel = shipment.parcels[0].id;
    let draft = OrderDraft { id: None, channel: WEB_SHOP, details: cups(&format!("new-{round}")) };
    let page = OrderPage { sort: vec![(OrderSort::Id, true)], after: None, backwards: false, skip: 0, limit: 5 };
    let named = OrderRef::External(None, format!("booked-{round}"));
    let news = vec![report(None, "in_transit", "2026-03-02T15:00:00Z")];
    let details = cups("placed");
    let placed = PlacedOrder {
        id: fresh,
        is_new: true,
        is_changed: true,
        at: app.now(),
        channel: WEB_SHOP,
        details: details.into(),
    };
    let log = || RawJson::new("{}".to_owned()).unwrap();
    let format = Format::Zpl(Dpi::D203);
    let mut tried = vec![
        ("order", lacks(app.order(caller, shipment.order).await)),
        ("find_order", lacks(app.find_order(caller, &named).await)),
        ("list_orders", lacks(app.list_orders(caller, OrderFilter::default(), page).await)),
        ("shipment", lacks(app.shipment(caller, shipment.id).await)),
        ("shipment_of_parcel", lacks(app.shipment_of_parcel(caller, parcel).await)),
        ("shipments_of_order", lacks(app.shipments_of_order(caller, shipment.order).await)),
        ("tracking_events", lacks(app.tracking_events(caller, parcel).await)),
        ("unscanned_parcels", lacks(Box::pin(app.unscanned_parcels(caller, 8, None, 5)).await)),
        ("documents", lacks(app.documents(caller, shipment.id).await)),
        ("channels", lacks(app.channels(caller))),
        ("channel", lacks(app.channel(caller, WEB_SHOP))),
        ("channel_logs", lacks(app.channel_logs(caller, None, None, 5).await)),
        ("deliveries", lacks(app.deliveries(caller, event).await)),
        ("feed", lacks(app.feed(caller, 0, 5).await)),
        ("document", lacks(app.document(caller, document).await)),
        ("label", lacks(Box::pin(app.label(caller, parcel, format)).await)),
        ("packing_slip", lacks(Box::pin(app.packing_slip(caller, shipment.id)).await)),
        ("place_orders", lacks(Box::pin(app.place_orders(caller, vec![draft])).await)),
        ("placed_order", lacks(Box::pin(app.placed_order(caller, placed)).await)),
        ("edit_order", lacks(app.edit_order(caller, fresh, |order| Ok::<_, ()>(order.details.clone())).await)),
        ("add_channel_log", lacks(app.add_channel_log(caller, WEB_SHOP, None, log()).await)),
        ("report_tracking", lacks(Box::pin(app.report_tracking(caller, shipment.id, news)).await)),
    ];
    let destroyed = Box::pin(try_shipping(app, caller, [fresh, sooner], shipment.id));
    tried.extend(destroyed.await);
    tried
}

/// The verbs that ship and destroy.
async fn try_shipping(
    app: &App,
    caller: &Caller,
    [fresh, sooner]: [OrderId; 2],
    shipment: ShipmentId,
) -> Vec<(&'static str, Option<&'static str>)> {
    let wish = ShipWish::default();
    vec![
        ("ship", lacks(Box::pin(app.ship(caller, fresh, &wish)).await)),
        ("ship_soon", lacks(Box::pin(app.ship_soon(caller, sooner, &wish)).await)),
        ("cancel", lacks(Box::pin(app.cancel(caller, shipment)).await)),
        ("edit_channel", lacks(app.edit_channel(caller, WEB_SHOP, |_| Ok::<_, ()>(ChannelHook::Keep)).await)),
        ("delete_channel", lacks(Box::pin(app.delete_channel(caller, domain::channel::ChannelNumber(8))).await)),
        ("delete_order", lacks(Box::pin(app.delete_order(caller, fresh)).await)),
    ]
}

/// The scope each verb needs.
fn needed(verb: &str) -> Scope {
    match verb {
        "document" | "label" | "packing_slip" => Scope::Print,
        "place_orders" | "placed_order" | "edit_order" | "add_channel_log" | "report_tracking" | "delete_order" => {
            Scope::Write
        }
        "ship" | "ship_soon" => Scope::Buy,
        "cancel" => Scope::Void,
        "edit_channel" | "delete_channel" => Scope::Setup,
        _ => Scope::Read,
    }
}

on_both_engines! {
    async fn each_verb_needs_its_scope_and_no_other(engine: Engine) {
        let shop = Shop::open(engine).await;
        for (round, scope) in Scope::ALL.into_iter().enumerate() {
            let caller = with_scopes(&shop.acme, &[scope]);
            for (verb, lacked) in try_all(&shop, &caller, round).await {
                let expected = (needed(verb) != scope).then(|| needed(verb).as_str());
                assert_eq!(lacked, expected, "{verb} with {}", scope.as_str());
            }
        }
        let nobody = with_scopes(&shop.acme, &[]);
        let asked = shop.asked();
        let before = shop.app().list_orders(
            &shop.acme,
            OrderFilter::default(),
            OrderPage { sort: vec![(OrderSort::Id, true)], after: None, backwards: false, skip: 0, limit: 500 },
        );
        let before = before.await.unwrap().len();
        let denied = try_all(&shop, &nobody, 99).await;
        assert!(denied.iter().all(|(_, lacked)| lacked.is_some()));
        // The shop itself placed three orders and booked one of them; the key without scopes nothing.
        assert_eq!(shop.asked(), (asked.0 + 1, asked.1, asked.2 + 1));
        let page = OrderPage { sort: vec![(OrderSort::Id, true)], after: None, backwards: false, skip: 0, limit: 500 };
        let after = shop.app().list_orders(&shop.acme, OrderFilter::default(), page).await.unwrap().len();
        assert_eq!(after, before + 3);
    }
}

#[tokio::test]
async fn a_key_that_used_up_its_share_waits_and_another_does_not() {
    let shop = Shop::built(Engine::Sqlite, |builder| {
        builder.options(|options| {
            options.rate_limit = RateLimit {
                reads_per_minute: NonZeroU32::new(3),
                writes_per_minute: NonZeroU32::new(2),
                writes_per_second: None,
            };
        })
    })
    .await;
    let other = shop.t.caller("sec-other", Dialect::Native).await;
    for _ in 0..3 {
        shop.app().admit(&shop.acme, Load::Read).unwrap();
    }
    let refused = shop.app().admit(&shop.acme, Load::Read).unwrap_err();
    let Error::TooMany { retry_after } = refused else { panic!("{refused}") };
    assert!((1..=21).contains(&retry_after.as_secs()), "{retry_after:?}");
    // Reads and writes are counted apart, and so are keys.
    shop.app().admit(&shop.acme, Load::Write).unwrap();
    shop.app().admit(&shop.acme, Load::Write).unwrap();
    assert!(matches!(shop.app().admit(&shop.acme, Load::Write), Err(Error::TooMany { .. })));
    shop.app().admit(&other, Load::Read).unwrap();
    shop.app().admit(&other, Load::Write).unwrap();
}

#[tokio::test]
async fn writes_within_a_second_are_limited_too() {
    let shop = Shop::built(Engine::Sqlite, |builder| {
        builder.options(|options| options.rate_limit.writes_per_second = NonZeroU32::new(1))
    })
    .await;
    shop.app().admit(&shop.acme, Load::Write).unwrap();
    let refused = shop.app().admit(&shop.acme, Load::Write).unwrap_err();
    assert_eq!(refused, Error::TooMany { retry_after: std::time::Duration::from_secs(1) });
    shop.app().admit(&shop.acme, Load::Read).unwrap();
}
