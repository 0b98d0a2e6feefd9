//! A rate: a priced, expiring offer of a service, and how its price came about.

use serde::{Deserialize, Serialize};

use crate::measure::Weight;
use crate::money::Money;
use crate::routing::Pick;
use crate::service::ServiceCode;
use crate::time::Timestamp;

/// A priced offer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rate {
    /// Account and service.
    pub service: ServiceCode,
    /// What people call the service.
    pub service_name: String,
    /// What it costs in all: base and surcharges of every parcel, rounded once.
    pub total: Money,
    /// The base price of each parcel, in order; one entry for all of them together when the carrier does not part it.
    pub parcels: Vec<ParcelRate>,
    /// Surcharges, in the order they were added.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub surcharges: Vec<Surcharge>,
    /// Days from hand-over to delivery, if the carrier says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transit_days: Option<u32>,
    /// What the carrier's price list calls the place it goes to; several when its parcels are priced by several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
    /// Printed for sorting people, if the service has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub routing_code: Option<String>,
    /// Until when the offer stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// Whose price it is, if that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tariff: Option<Tariff>,
    /// What the same costs whoever has no contract, if the carrier says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub list_total: Option<Money>,
    /// The carrier's own id of the offer, by which it is taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offer: Option<String>,
    /// What was assumed or missing: a default weight, no dimensions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// Whose price a rate is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tariff {
    /// Everybody's.
    List,
    /// The account's own.
    Contract,
}

impl Rate {
    /// A rate of one price without anything else to tell.
    pub fn new(service: ServiceCode, service_name: impl Into<String>, total: Money) -> Self {
        Self {
            service,
            service_name: service_name.into(),
            total,
            parcels: Vec::new(),
            surcharges: Vec::new(),
            transit_days: None,
            zone: None,
            routing_code: None,
            expires_at: None,
            tariff: None,
            list_total: None,
            offer: None,
            notes: Vec::new(),
        }
    }
}

/// The base price of one parcel, or of all together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParcelRate {
    /// What the carrier bills: the gross or the volumetric weight; `None` when it does not charge by weight.
    pub billed_weight: Option<Weight>,
    /// Whether the volume decided.
    pub is_volumetric: bool,
    /// How the billed weight came about, in words; empty when that is not known.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub because: String,
    /// The base price.
    pub price: Money,
}

/// Something added to the base price.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Surcharge {
    /// What for: `fuel`, `oversize`, …
    pub name: String,
    /// How much.
    pub amount: Money,
}

/// The rate that `pick` prefers. Ties end by the other criterion, then by the service's code, so that the same rates
/// always give the same choice. Prices in several currencies are not compared: the first rate's currency decides.
pub fn best(rates: &[Rate], pick: Pick) -> Option<&Rate> {
    let currency = rates.first()?.total.currency;
    let days = |rate: &Rate| rate.transit_days.unwrap_or(u32::MAX);
    rates.iter().filter(|rate| rate.total.currency.is(currency)).min_by(|a, b| {
        let by_price = a.total.amount.cmp(&b.total.amount);
        let by_days = days(a).cmp(&days(b));
        let wanted = match pick {
            Pick::Cheapest => by_price.then(by_days),
            Pick::Fastest => by_days.then(by_price),
        };
        wanted.then_with(|| a.service.cmp(&b.service))
    })
}
