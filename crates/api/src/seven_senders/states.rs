//! The states of an order and the statuses of a shipment: one table each, and the history that comes of them.
//!
//! What a client sets stands until something of ours changes: a first shipment makes an order `shipped`, and it is
//! `completed` when all its shipments are delivered and every shipment has been told of.

use std::collections::BTreeSet;

use app::states::OrderStates;
use app::story::Story;
use domain::channel::Dialect;
use domain::event::{Event, EventKind};
use domain::ids::{ParcelId, ShipmentId};
use domain::pieces::Pieces;
use domain::shipment::Shipment;
use domain::time::Timestamp;
use domain::tracking::{Milestone, TrackingReport, TrackingStatus};
use jiff::tz::TimeZone;

use super::kept::{self, Kept};
use crate::json::Json;

/// The states that a client may set, from the newer documentation.
pub const SETTABLE: [&str; 8] =
    ["new", "paid", "in_production", "in_preparation", "refunded", "warehouse_handover", "returned", CANCELLED];
/// Set by itself with the first shipment.
pub const SHIPPED: &str = "shipped";
/// Set by itself when everything has arrived.
pub const COMPLETED: &str = "completed";
/// Cancels the order when a client sets it.
pub const CANCELLED: &str = "cancelled";
/// What every order begins with.
pub const NEW: &str = "new";
/// Set by a client for an order without items only.
pub const REFUNDED: &str = "refunded";

/// Whether a filter may name this state.
pub fn is_state(word: &str) -> bool {
    SETTABLE.contains(&word) || [SHIPPED, COMPLETED].contains(&word)
}

/// One state in the history of an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Names it: the event that brought it.
    pub id: u64,
    /// Its word.
    pub state: String,
    /// Since when.
    pub at: Timestamp,
    /// Where, when a client said.
    pub location: Option<String>,
    /// Whether it came by itself.
    is_automatic: bool,
}

/// What an order has been told to have so far.
#[derive(Default)]
struct Progress {
    steps: Vec<Step>,
    live: BTreeSet<ShipmentId>,
    delivered: BTreeSet<ParcelId>,
    is_boarded: bool,
}

impl Progress {
    fn step(&mut self, event: &Event, state: &str, at: Timestamp) {
        let state = state.to_owned();
        self.steps.push(Step { id: event.id.number(), state, at, location: None, is_automatic: true });
    }

    fn has(&self, state: &str) -> bool {
        self.steps.iter().any(|step| step.is_automatic && step.state == state)
    }
}

/// Every state an order has had, in the order they came. A time of the shop without a zone is read in `zone`.
pub fn of(story: &Story, zone: &TimeZone) -> Vec<Step> {
    let (order, kept) = (&story.order, Kept::in_details(&story.order.details));
    let is_own = order.channel == Dialect::SevenSenders.default_channel();
    let boarded = |event: u64| kept.boarding.iter().find(|(at, _)| *at == event).map(|(_, is_boarded)| *is_boarded);
    let mut events: Vec<&Event> = story.events.iter().collect();
    events.sort_by_key(|event| (event.at, event.id));
    // Whoever ships an order of another dialect has told of everything there is.
    let mut now = Progress { is_boarded: boarded(0).unwrap_or(!is_own), ..Progress::default() };
    let mut was_complete = false;
    for event in events {
        match event.kind {
            EventKind::OrderCreated => now.step(event, NEW, placed_at(story, zone)),
            EventKind::OrderUpdated => {
                let set = kept.states.iter().filter(|set| set.event == event.id.number());
                now.steps.extend(set.map(|set| Step {
                    id: set.event,
                    state: set.state.clone(),
                    at: set.at.instant_in(&TimeZone::UTC),
                    location: set.location.clone(),
                    is_automatic: false,
                }));
                now.is_boarded = boarded(event.id.number()).unwrap_or(now.is_boarded);
            }
            EventKind::ShipmentBooked | EventKind::ShipmentRecorded => {
                let of_event = story.shipments.iter().find(|known| Some(known.id) == event.about.shipment);
                if let Some(shipment) = of_event.filter(|shipment| goes_out(shipment)) {
                    now.live.insert(shipment.id);
                    if !now.has(SHIPPED) {
                        now.step(event, SHIPPED, event.at);
                    }
                }
            }
            EventKind::ShipmentCancelled => {
                now.live.retain(|id| Some(*id) != event.about.shipment);
                if now.live.is_empty() {
                    // It was not shipped after all.
                    now.steps.retain(|step| !step.is_automatic || step.state == NEW);
                }
            }
            EventKind::ParcelTrackingChanged => {
                if let Some(parcel) = event.about.parcel {
                    match event.about.new.as_deref().and_then(TrackingStatus::parse) {
                        Some(TrackingStatus::Delivered) => drop(now.delivered.insert(parcel)),
                        _ => drop(now.delivered.remove(&parcel)),
                    }
                }
            }
            EventKind::OrderCancelled if now.steps.last().is_none_or(|step| step.state != CANCELLED) => {
                now.step(event, CANCELLED, event.at);
            }
            _ => {}
        }
        let is_complete =
            now.is_boarded && !now.live.is_empty() && undelivered(story, &now) == 0 && nothing_is_left(story, &now);
        if is_complete && !was_complete {
            let at = arrived_at(story, &now).unwrap_or(event.at);
            now.step(event, COMPLETED, at);
        }
        was_complete = is_complete;
    }
    if now.steps.is_empty() {
        let (id, state, at) = (order.id.number(), NEW.to_owned(), placed_at(story, zone));
        now.steps.push(Step { id, state, at, location: None, is_automatic: true });
    }
    now.steps
}

/// The state an order has now: the one that came last, whatever time it names.
pub fn current(steps: &[Step]) -> &str {
    steps.last().map_or(NEW, |step| step.state.as_str())
}

/// The words of this dialect for where an order stands.
#[derive(Debug)]
pub struct SevenSendersStates;

impl OrderStates for SevenSendersStates {
    fn dialect(&self) -> Dialect {
        Dialect::SevenSenders
    }

    fn current(&self, story: &Story) -> String {
        // Times only say since when.
        current(&of(story, &TimeZone::UTC)).to_owned()
    }
}

/// When the shop says the order was placed, else when it came.
pub fn placed_at(story: &Story, zone: &TimeZone) -> Timestamp {
    story.order.details.placed_at.map_or(story.order.created_at, |sent| sent.instant_in(zone))
}

/// Whether a shipment brings goods to the customer.
fn goes_out(shipment: &Shipment) -> bool {
    let is_return = kept::of_shipment(&shipment.details).get("return_parcel") == Some(&Json::Bool(true));
    !shipment.details.is_given_up && !is_return
}

fn parcels<'a>(story: &'a Story, now: &'a Progress) -> impl Iterator<Item = ParcelId> {
    let live = story.shipments.iter().filter(|shipment| now.live.contains(&shipment.id));
    live.flat_map(|shipment| shipment.parcels.iter().map(|parcel| parcel.id))
}

/// Whether the shipments that go out carry all of the order.
fn nothing_is_left(story: &Story, now: &Progress) -> bool {
    let live = story.shipments.iter().filter(|shipment| now.live.contains(&shipment.id));
    Pieces::left(&story.order.details, live).is_none()
}

fn undelivered(story: &Story, now: &Progress) -> usize {
    parcels(story, now).filter(|parcel| !now.delivered.contains(parcel)).count()
}

/// When the last parcel was handed over.
fn arrived_at(story: &Story, now: &Progress) -> Option<Timestamp> {
    let of_them: BTreeSet<_> = parcels(story, now).collect();
    let is_arrival = |status| status == TrackingStatus::Delivered;
    let arrivals =
        story.tracking.iter().filter(|event| of_them.contains(&event.parcel) && is_arrival(event.report.status));
    arrivals.map(|event| event.sort_at).max()
}

/// The name of a shipment's status, from the partial list of the documentation; what it does not list is named in its
/// manner, and what a carrier said without anybody knowing its meaning keeps the carrier's own words.
pub fn status(report: &TrackingReport) -> String {
    let name = match (report.milestone, report.status) {
        (Some(Milestone::CourierAssigned | Milestone::OnTheWayToUs), _) | (_, TrackingStatus::Announced) => "Info",
        (Some(Milestone::PickedUp), _) => "Pickup",
        (Some(Milestone::Delayed), _) => "Delayed",
        (Some(Milestone::AtTheDoor), _) | (_, TrackingStatus::OutForDelivery) => "Out for Delivery",
        (_, TrackingStatus::InTransit) => "Hub Scan at LMC",
        (_, TrackingStatus::AtServicePoint) => "Ready for collection",
        (_, TrackingStatus::Delivered) => "Delivered",
        (_, TrackingStatus::Undeliverable) => "Not delivered",
        (_, TrackingStatus::Returning) => "Returning to sender",
        (_, TrackingStatus::Returned) => "Returned to sender",
        (_, TrackingStatus::Lost) => "Lost",
        (None, TrackingStatus::Unknown) => return report.message.clone().unwrap_or_else(|| report.code.clone()),
    };
    name.to_owned()
}
