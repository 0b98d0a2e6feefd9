//! A shop with one scripted carrier, and what a test does with it.

use std::sync::Arc;
use std::time::Duration;

use app::orders::OrderDraft;
use app::shipments::{BoxWish, ShipWish};
use app::tracking::ReportedEvent;
use app::{App, Caller};
use domain::address::Address;
use domain::channel::{ChannelNumber, Dialect};
use domain::connector::Connector;
use domain::event::Event;
use domain::ids::{OrderId, ParcelId, ShipmentId};
use domain::measure::Weight;
use domain::money::Decimal;
use domain::order::{LineItem, OrderDetails};
use domain::shipment::Shipment;
use domain::{Error, Result};
use testkit::carrier::{Ledger, Scripted};
use testkit::{Engine, TestApp, TestAppBuilder, scripted_setup};

/// The channel orders come through.
pub(crate) const WEB_SHOP: ChannelNumber = ChannelNumber(7);

/// Tenant `acme`, whose account `house` is a scripted carrier.
pub(crate) struct Shop {
    pub(crate) t: TestApp,
    pub(crate) carrier: Scripted,
    pub(crate) acme: Caller,
}

/// Somebody in Berlin.
pub(crate) fn berlin() -> Address {
    Address {
        name: Some("Erika Mustermann".to_owned()),
        street1: Some("Unter den Linden".to_owned()),
        house_number: Some("77".to_owned()),
        postal_code: Some("10117".to_owned()),
        city: Some("Berlin".to_owned()),
        country: Some("DE".to_owned()),
        ..Address::default()
    }
}

/// An order of two cups to Berlin.
pub(crate) fn cups(external_id: &str) -> OrderDetails {
    OrderDetails {
        external_id: Some(external_id.to_owned()),
        number: Some(format!("#{external_id}")),
        items: vec![LineItem {
            id: Some("line-1".to_owned()),
            name: "Cup".to_owned(),
            quantity: 2,
            ..LineItem::default()
        }],
        shipping_address: Some(berlin()),
        ..OrderDetails::default()
    }
}

/// So many boxes of one kilogram.
pub(crate) fn boxes(count: usize) -> ShipWish {
    let one = BoxWish { weight: Weight::from_kilograms(Decimal::ONE), ..BoxWish::default() };
    ShipWish { parcels: vec![one; count], ..ShipWish::default() }
}

/// What an own fleet reports of one parcel, or of all.
pub(crate) fn report(parcel: Option<ParcelId>, code: &str, at: &str) -> ReportedEvent {
    ReportedEvent {
        parcel,
        code: code.to_owned(),
        status: None,
        milestone: None,
        incident: None,
        message: None,
        happened_at: Some(at.parse().unwrap()),
        place: None,
    }
}

/// What an application on this engine starts from, with one carrier.
pub(crate) fn builder(engine: Engine, carrier: &Scripted) -> TestAppBuilder {
    let connector: Arc<dyn Connector> = Arc::new(carrier.clone());
    TestApp::builder(engine).connectors(vec![connector]).setup(scripted_setup())
}

/// A setup file with more tables for tenant `acme`.
pub(crate) fn with_tables(setup: &str, tables: &str) -> String {
    setup.replacen("[[tenant.location]]", &format!("{tables}\n[[tenant.location]]"), 1)
}

impl Shop {
    pub(crate) async fn open(engine: Engine) -> Self {
        Self::built(engine, |builder| builder).await
    }

    pub(crate) async fn built(engine: Engine, change: impl FnOnce(TestAppBuilder) -> TestAppBuilder) -> Self {
        Self::of(Scripted::new(), engine, change).await
    }

    pub(crate) async fn of(
        carrier: Scripted,
        engine: Engine,
        change: impl FnOnce(TestAppBuilder) -> TestAppBuilder,
    ) -> Self {
        let t = change(builder(engine, &carrier)).build().await;
        let acme = t.caller("sec-acme", Dialect::Native).await;
        Self { t, carrier, acme }
    }

    pub(crate) fn app(&self) -> &App {
        &self.t.app
    }

    /// Places an order as it is.
    pub(crate) async fn place(&self, details: OrderDetails) -> OrderId {
        let draft = OrderDraft { id: None, channel: WEB_SHOP, details };
        self.app().place_orders(&self.acme, vec![draft]).await.unwrap()[0].id
    }

    /// Places an order of two cups to Berlin.
    pub(crate) async fn order(&self, external_id: &str) -> OrderId {
        self.place(cups(external_id)).await
    }

    /// Ships an order in one box.
    pub(crate) async fn ship(&self, order: OrderId) -> Result<Shipment> {
        self.app().ship(&self.acme, order, &boxes(1)).await
    }

    /// A new order that is booked already.
    pub(crate) async fn shipped(&self, external_id: &str) -> Shipment {
        let order = self.order(external_id).await;
        self.ship(order).await.unwrap()
    }

    /// A shipment as it stands.
    pub(crate) async fn shipment(&self, id: ShipmentId) -> Shipment {
        self.app().shipment(&self.acme, id).await.unwrap()
    }

    /// The only shipment of an order.
    pub(crate) async fn only_shipment(&self, order: OrderId) -> Shipment {
        let mut shipments = self.app().shipments_of_order(&self.acme, order).await.unwrap();
        assert_eq!(shipments.len(), 1);
        shipments.remove(0)
    }

    /// The events of an order, oldest first.
    pub(crate) async fn events(&self, order: OrderId) -> Vec<Event> {
        let tenant = self.acme.tenant().clone();
        self.app().store().read(async move |tx| tx.events_of_order(&tenant, order).await).await.unwrap()
    }

    /// The kinds of an order's events, oldest first.
    pub(crate) async fn story(&self, order: OrderId) -> Vec<&'static str> {
        self.events(order).await.iter().map(|event| event.kind.as_str()).collect()
    }

    /// How often the carrier was asked to book, to cancel, and how many bookings it has.
    pub(crate) fn asked(&self) -> (usize, usize, usize) {
        asked(&self.carrier)
    }

    /// Waits until the carrier was asked to book so often.
    pub(crate) async fn until_asked_to_book(&self, times: usize) {
        until(|| self.asked().0 >= times).await;
    }

    /// Waits until the carrier was asked to cancel so often.
    pub(crate) async fn until_asked_to_cancel(&self, times: usize) {
        until(|| self.asked().1 >= times).await;
    }

    /// Moves the clock and runs every job.
    pub(crate) async fn later(&self, seconds: u64) {
        self.t.clock.advance(Duration::from_secs(seconds));
        self.t.run_jobs().await;
    }
}

/// Waits until something is so; ten seconds at most.
pub(crate) async fn until(is_so: impl Fn() -> bool) {
    for _ in 0..2000 {
        if is_so() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("it never came to that");
}

/// How often a carrier was asked to book, to cancel, and how many bookings it has.
pub(crate) fn asked(carrier: &Scripted) -> (usize, usize, usize) {
    carrier.ledger(|ledger: &mut Ledger| (ledger.books_asked, ledger.cancels_asked, ledger.booked.len()))
}

/// The words of an error of the carrier.
pub(crate) fn carrier_words<T: std::fmt::Debug>(answer: Result<T>) -> String {
    match answer {
        Err(Error::Carrier(error, _)) => error.to_string(),
        other => panic!("expected an error of the carrier, found {other:?}"),
    }
}

/// By whom a test writes to a set-up itself.
pub(crate) fn signed() -> store::setup::Signed {
    let id = domain::ids::EventId::new(1 << 51).unwrap();
    store::setup::Signed { id, at: testkit::standing().now(), by: domain::act::Actor::operator() }
}
