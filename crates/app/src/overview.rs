//! The overview: how things go at a glance, from a bounded part of what is stored.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::money::{Currency, Decimal, Money};
use domain::order::Order;
use domain::shipment::{Shipment, ShipmentStatus};
use domain::stage::Stage;
use domain::tenant::Scope;
use domain::tracking::{TrackingEvent, TrackingStatus};
use domain::{Result, Timestamp};
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::{App, Caller};

/// Days that orders are counted for, today among them.
pub const DAYS: usize = 14;
/// Where counting ends.
pub const MOST_COUNTED: usize = 100_000;
/// Where counting the orders of a stage ends.
pub const MOST_OF_STAGE: usize = 10_000;
/// The latest shipments that the pictures are drawn from.
pub const SHIPMENTS: usize = 1_000;
/// How long after its booking a parcel without a promise counts as late.
const PATIENCE: Duration = Duration::from_hours(10 * 24);

/// How things go.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Overview {
    /// Orders by where they stand, each counted to [`MOST_OF_STAGE`].
    pub stages: Vec<(Stage, usize)>,
    /// Orders that came on each of the last [`DAYS`] days, oldest first, counted to [`MOST_COUNTED`].
    pub orders: Vec<(Date, usize)>,
    /// Of the latest [`SHIPMENTS`]: labels by carrier account, most first.
    pub labels: Vec<(String, usize)>,
    /// What they cost on average by service, dearest first.
    pub costs: Vec<(String, Money)>,
    /// Days from booking to delivery and how many parcels took so long, by days.
    pub delivery_days: Vec<(u32, usize)>,
    /// Parcels whose promise was kept, and those that had one and whose end is known.
    pub on_time: (usize, usize),
    /// How many shipments this is drawn from.
    pub shipments: usize,
}

/// A parcel that is not where it should be.
#[derive(Clone, Debug)]
pub struct Late {
    /// Its shipment.
    pub shipment: Shipment,
    /// The order.
    pub order: Order,
    /// The day it should have been delivered.
    pub due: Date,
    /// Whether the carrier promised that day; else nothing came for so long that somebody should look.
    pub is_promised: bool,
}

/// The day that a shipment should be delivered: so many working days after its booking as the carrier said.
pub fn due(shipment: &Shipment, zone: &TimeZone) -> Option<Date> {
    let booked = shipment.details.booked_at?.to_zoned(zone.clone()).date();
    let mut left = shipment.details.rate.as_ref()?.transit_days?;
    let mut day = booked;
    while left > 0 {
        day = day.tomorrow().ok()?;
        if !matches!(day.weekday(), jiff::civil::Weekday::Saturday | jiff::civil::Weekday::Sunday) {
            left -= 1;
        }
    }
    Some(day)
}

/// When a parcel was delivered, as far as its carrier said.
fn delivered_at(events: &[TrackingEvent]) -> Option<Timestamp> {
    events.iter().find(|event| event.report.status == TrackingStatus::Delivered).map(|event| event.sort_at)
}

impl App {
    /// How things go: counts, and pictures of the latest shipments.
    pub async fn overview(&self, caller: &Caller) -> Result<Overview> {
        caller.require(Scope::Read)?;
        let (tenant, zone) = (caller.tenant().clone(), caller.setup.zone.clone());
        let days = last_days(self.now(), &zone);
        let periods: Vec<_> = days.iter().map(|(_, from, until)| (*from, *until)).collect();
        let (stages, counts, shipments, tracking) = self
            .store()
            .read_list(async move |tx| {
                let mut stages = Vec::with_capacity(Stage::ALL.len());
                for stage in Stage::ALL {
                    stages.push((stage, tx.count_orders(&tenant, stage, MOST_OF_STAGE).await?));
                }
                let counts = tx.count_created(&tenant, &periods, MOST_COUNTED).await?;
                let shipments = tx.newest_shipments(&tenant, SHIPMENTS).await?;
                let delivered = shipments.iter().flat_map(|one| &one.parcels);
                let delivered: Vec<_> = delivered
                    .filter(|parcel| parcel.tracking == TrackingStatus::Delivered)
                    .map(|parcel| parcel.id)
                    .collect();
                let tracking =
                    if delivered.is_empty() { Vec::new() } else { tx.tracking_events_of(&tenant, &delivered).await? };
                Ok((stages, counts, shipments, tracking))
            })
            .await?;
        let orders = days.iter().map(|(day, ..)| *day).zip(counts).collect();
        let drawn = draw(&shipments, &tracking, &zone, self.now());
        Ok(Overview { stages, orders, shipments: shipments.len(), ..drawn })
    }

    /// Of the latest shipments, the `most` that should be delivered by now and are not, longest overdue first.
    pub async fn late_shipments(&self, caller: &Caller, most: usize) -> Result<Vec<Late>> {
        caller.require(Scope::Read)?;
        let (tenant, zone) = (caller.tenant().clone(), caller.setup.zone.clone());
        let today = self.now().to_zoned(zone.clone()).date();
        self.store()
            .read_list(async move |tx| {
                let mut late: Vec<_> = tx
                    .newest_shipments(&tenant, SHIPMENTS)
                    .await?
                    .into_iter()
                    .filter_map(|shipment| overdue(&shipment, &zone, today).map(|due| (due, shipment)))
                    .collect();
                late.sort_by_key(|((day, _), shipment)| (*day, shipment.id));
                late.truncate(most);
                let ids: Vec<_> = late.iter().map(|(_, shipment)| shipment.order).collect();
                let orders = tx.orders_ever(&tenant, &ids).await?;
                let late = late.into_iter().zip(orders).filter_map(|(((due, is_promised), shipment), order)| {
                    Some(Late { shipment, order: order?, due, is_promised })
                });
                Ok(late.collect())
            })
            .await
    }
}

/// The day before `today` that a shipment under way should have been delivered, and whether its carrier promised it.
fn overdue(shipment: &Shipment, zone: &TimeZone, today: Date) -> Option<(Date, bool)> {
    let is_under_way = shipment.status == ShipmentStatus::Booked && !shipment.details.is_given_up;
    let is_open = shipment.parcels.iter().any(|parcel| !parcel.tracking.is_final());
    if !is_under_way || !is_open {
        return None;
    }
    let promised = due(shipment, zone);
    let day = promised.or_else(|| {
        let until = crate::clock::later(shipment.details.booked_at?, PATIENCE);
        Some(until.to_zoned(zone.clone()).date())
    })?;
    (day < today).then_some((day, promised.is_some()))
}

/// The last days, oldest first, each from its first to the next one's first instant.
fn last_days(now: Timestamp, zone: &TimeZone) -> Vec<(Date, Timestamp, Timestamp)> {
    let today = now.to_zoned(zone.clone()).date();
    let start = |day: Date| zone.to_ambiguous_timestamp(day.to_datetime(jiff::civil::Time::midnight())).compatible();
    let mut days = Vec::with_capacity(DAYS);
    let mut day = today;
    while days.len() < DAYS {
        let (Ok(next), Ok(before)) = (day.tomorrow(), day.yesterday()) else { break };
        if let (Ok(from), Ok(until)) = (start(day), start(next)) {
            days.push((day, from, until));
        }
        day = before;
    }
    days.reverse();
    days
}

/// The pictures of these shipments. `tracking` has one entry a delivered parcel, in their order.
fn draw(shipments: &[Shipment], tracking: &[Vec<TrackingEvent>], zone: &TimeZone, now: Timestamp) -> Overview {
    let today = now.to_zoned(zone.clone()).date();
    let mut labels: BTreeMap<&str, usize> = BTreeMap::new();
    let mut costs: BTreeMap<(&str, Currency), (Decimal, u32)> = BTreeMap::new();
    let mut took: BTreeMap<u32, usize> = BTreeMap::new();
    let (mut kept, mut promised) = (0, 0);
    let mut tracking = tracking.iter();
    for shipment in shipments {
        let due = due(shipment, zone);
        for parcel in &shipment.parcels {
            let delivered = if parcel.tracking == TrackingStatus::Delivered {
                tracking.next().and_then(|events| delivered_at(events))
            } else {
                None
            };
            let day = delivered.map(|at| at.to_zoned(zone.clone()).date());
            let booked = shipment.details.booked_at.map(|at| at.to_zoned(zone.clone()).date());
            if let (Some(day), Some(booked)) = (day, booked) {
                let days = (day - booked).get_days().max(0);
                *took.entry(days as u32).or_default() += 1;
            }
            match (due, day) {
                (Some(due), Some(day)) => {
                    promised += 1;
                    kept += usize::from(day <= due);
                }
                (Some(due), None) if shipment.status == ShipmentStatus::Booked && due < today => promised += 1,
                _ => {}
            }
        }
        if shipment.status != ShipmentStatus::Booked {
            continue;
        }
        *labels.entry(&shipment.details.service.account).or_default() += shipment.parcels.len();
        let paid = shipment.details.charged.or(shipment.details.rate.as_ref().map(|rate| rate.total));
        if let Some(paid) = paid {
            let sum = costs.entry((&shipment.details.service_name, paid.currency)).or_default();
            if let Some(total) = sum.0.checked_add(paid.amount) {
                *sum = (total, sum.1 + 1);
            }
        }
    }
    let mut labels: Vec<_> = labels.into_iter().map(|(name, count)| (name.to_owned(), count)).collect();
    labels.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let mut costs: Vec<_> = costs
        .into_iter()
        .filter_map(|((name, currency), (sum, count))| {
            let mean = sum.checked_div(Decimal::from(count))?.round_dp(2);
            Some((name.to_owned(), Money::new(mean, currency)))
        })
        .collect();
    costs.sort_by_key(|(_, cost)| std::cmp::Reverse(cost.amount));
    Overview {
        labels,
        costs,
        delivery_days: took.into_iter().collect(),
        on_time: (kept, promised),
        ..Overview::default()
    }
}
