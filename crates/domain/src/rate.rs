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
    /// The base price of each parcel, in order.
    pub parcels: Vec<ParcelRate>,
    /// Surcharges, in the order they were added.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub surcharges: Vec<Surcharge>,
    /// Days from hand-over to delivery, if the carrier says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transit_days: Option<u32>,
    /// Printed for sorting people, if the service has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub routing_code: Option<String>,
    /// Until when the offer stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// What was assumed or missing: a default weight, no dimensions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// The base price of one parcel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParcelRate {
    /// What the carrier bills: the gross or the volumetric weight.
    pub billed_weight: Weight,
    /// Whether the volume decided.
    pub is_volumetric: bool,
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
