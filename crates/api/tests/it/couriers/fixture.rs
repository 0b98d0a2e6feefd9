//! A store in Boston with an account at UPS and one at DoorDash, each at a stand-in.

use std::sync::Arc;
use std::time::Duration;

use app::Clock;
use carriers::testing::Server;
use carriers::{doordash_drive, ups};
use serde_json::{Value as Json, json};
use testkit::{Answer, Engine, TestApp};

use crate::fixture::{builder, handed, order, place, routed};

const SETUP: &str = r#"
[[tenant]]
id = "acme"
name = "Acme Inc"
currency = "USD"
time_zone = "America/New_York"

[[tenant.key]]
name = "shop"
public = "pub-acme"
secret = "sec-acme"
scopes = ["*"]

[[tenant.key]]
name = "reader"
public = "pub-reader"
secret = "sec-reader"
scopes = ["read"]

[[tenant.integration]]
id = 7
name = "Web shop"

[[tenant.location]]
external_id = "7709"
name = "Boston store"
address = { street1 = "345 Harrison Avenue", city = "Boston", state = "MA", postal_code = "02118", country = "US" }
contact = { name = "Store desk", phone = "+1 617-555-0100" }

[[tenant.carrier_account]]
id = "ups"
carrier = "ups"
settings = UPS

[[tenant.carrier_account]]
id = "dash"
carrier = "doordash_drive"
settings = DASH
"#;

/// The store, and the two carriers.
pub(super) struct Boston {
    pub(super) t: TestApp,
    pub(super) ups: Server<ups::stand_in::Ups>,
    pub(super) dash: Server<doordash_drive::stand_in::DoorDash>,
}

impl Boston {
    pub(super) async fn open(engine: Engine) -> Self {
        Self::with(engine, |setup| setup).await
    }

    /// The same with another setup file.
    pub(super) async fn with(engine: Engine, change: impl FnOnce(String) -> String) -> Self {
        let clock = testkit::standing();
        let now = || -> Arc<carriers::Now> {
            let clock = clock.clone();
            Arc::new(move || clock.now())
        };
        let (ups, dash) = (ups::stand_in::start(now()).await, doordash_drive::stand_in::start(now()).await);
        let setup = SETUP
            .replace("UPS", &ups::stand_in::settings(&ups))
            .replace("DASH", &doordash_drive::stand_in::settings(&dash));
        let builder = builder(engine).connectors(carriers::all(&handed(&clock))).clock(clock);
        Self { t: routed(builder.setup(change(setup)).build().await), ups, dash }
    }

    pub(super) fn clock(&self) -> &Clock {
        &self.t.clock
    }

    /// Moves the clock and runs every job.
    pub(super) async fn later(&self, seconds: u64) {
        self.clock().advance(Duration::from_secs(seconds));
        self.t.run_jobs().await;
    }

    /// An order of one lamp to Atlanta, by its number.
    pub(super) async fn order(&self, id: &str) -> String {
        place(&self.t, [near(id)]).await.remove(0)
    }

    /// Ships order 1 by a service, in one box of 2 kg.
    pub(super) async fn ship(&self, service: &str) -> Answer {
        self.t.post("/v1/orders/ord_1/shipments", &wish(service)).await
    }

    /// The first shipment as it stands.
    pub(super) async fn shipment(&self) -> Json {
        let answer = self.t.get("/v1/shipments/shp_1").await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()
    }

    /// The first parcel's number.
    pub(super) async fn number(&self) -> String {
        self.shipment().await["parcels"][0]["tracking_number"].as_str().unwrap_or_default().to_owned()
    }

    /// The tracking events of the first parcel: code and status.
    pub(super) async fn told(&self) -> Vec<String> {
        let events = self.t.get("/v1/parcels/pcl_1/tracking-events").await.json();
        let line = |event: &Json| format!("{} {}", event["code"].as_str().unwrap(), event["status"].as_str().unwrap());
        events["data"].as_array().unwrap().iter().map(line).collect()
    }

    /// Parcels that UPS would bill, and deliveries that DoorDash would make.
    pub(super) fn live(&self) -> (usize, usize) {
        (self.ups.with(|ups| ups.live().len()), self.dash.with(|dash| dash.live().len()))
    }
}

/// A wish for a service, in one box of 2 kg and 30 by 20 by 10 cm.
pub(super) fn wish(service: &str) -> Json {
    let size = json!({ "length": 30, "width": 20, "height": 10 });
    json!({ "service": service, "parcels": [{ "weight_kg": "2", "dimensions_cm": size }] })
}

/// An order to Boston.
pub(super) fn near(id: &str) -> Json {
    let mut order = order(id);
    order["order_details"]["order_items"][0]["total_price"] = json!({ "value": 42.5, "currency": "USD" });
    order["shipping_address"] = json!({
        "name": "Ann Reed",
        "address_line_1": "22 Elm Road",
        "postal_code": "02116",
        "city": "Boston",
        "state_province_code": "US-MA",
        "country_code": "US",
        "phone_number": "(617) 555-0111",
    });
    order
}
