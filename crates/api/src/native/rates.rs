//! Rates: what a service costs and how its price came about.

use domain::money::{Decimal, Money};
use domain::rate::{Rate, Surcharge};
use serde::Serialize;

/// A rate as the native API shows it: weights in kilograms, as everywhere in it.
#[derive(Serialize)]
pub(super) struct RateView<'a> {
    service: String,
    service_name: &'a str,
    total: Money,
    parcels: Vec<ParcelRateView>,
    #[serde(skip_serializing_if = "<[Surcharge]>::is_empty")]
    surcharges: &'a [Surcharge],
    #[serde(skip_serializing_if = "Option::is_none")]
    transit_days: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    routing_code: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<String>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    notes: &'a [String],
}

/// The base price of one parcel.
#[derive(Serialize)]
struct ParcelRateView {
    billed_weight_kg: Decimal,
    is_volumetric: bool,
    price: Money,
}

impl<'a> RateView<'a> {
    pub(super) fn of(rate: &'a Rate) -> Self {
        let parcels = rate.parcels.iter().map(|parcel| ParcelRateView {
            billed_weight_kg: parcel.billed_weight.kilograms(),
            is_volumetric: parcel.is_volumetric,
            price: parcel.price,
        });
        Self {
            service: rate.service.to_string(),
            service_name: &rate.service_name,
            total: rate.total,
            parcels: parcels.collect(),
            surcharges: &rate.surcharges,
            transit_days: rate.transit_days,
            routing_code: rate.routing_code.as_deref(),
            expires_at: rate.expires_at.map(|at| at.to_string()),
            notes: &rate.notes,
        }
    }
}
