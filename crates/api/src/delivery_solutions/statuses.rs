//! The statuses of this dialect: one row each, with what brings it.

use domain::event::EventKind;
use domain::tracking::{Milestone, TrackingStatus};

/// A status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// The order is stored.
    RequestReceived,
    /// Waits for its time.
    PendingDispatch,
    /// Waits to be released.
    PendingRelease,
    /// A carrier said no or nothing, and another try is made.
    PendingAutoretry,
    /// Carriers said what they charge, and one was chosen.
    EstimatesReceived,
    /// No carrier could be asked.
    EstimatesFailed,
    /// A carrier said yes.
    OrderDispatched,
    /// Stands ready.
    Staged,
    /// Every carrier said no.
    OrderFailed,
    /// A courier took the job.
    OrderAssigned,
    /// The courier gave the job back.
    OrderUnassigned,
    /// The courier is on the way to us.
    PickupStarted,
    /// The courier has it.
    PickupCompleted,
    /// On its way.
    InTransit,
    /// On the last van.
    OutForDelivery,
    /// At the recipient's door, or at the point of collection.
    OrderAtLocation,
    /// Handed over.
    OrderDelivered,
    /// It will be late.
    OrderDelayed,
    /// Tried once more.
    OrderRedelivery,
    /// Could not be handed over.
    OrderUndeliverable,
    /// Lost.
    ErrorException,
    /// Cancelled.
    OrderCancelled,
}

/// What brings a status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// Something that happened here.
    Event(EventKind),
    /// What the carrier says.
    Tracking(TrackingStatus),
    /// A finer step that the carrier reports; it goes before what it is a step of.
    Milestone(Milestone),
}

/// A status on the wire.
#[derive(Clone, Copy, Debug)]
pub struct StatusRow {
    /// The status.
    pub status: Status,
    /// Its word.
    pub word: &'static str,
    /// What brings it. Nothing: a filter takes the word and finds nothing, and no answer has it.
    pub brought_by: &'static [Source],
    /// Whether nothing more is to come by itself.
    pub is_terminal: bool,
    /// Whether the order may be dispatched again.
    pub can_be_retried: bool,
}

use EventKind as E;
use Milestone as M;
use Source::{Event, Milestone as Step, Tracking};
use Status as S;
use TrackingStatus as T;

const fn row(
    status: Status,
    word: &'static str,
    brought_by: &'static [Source],
    is_terminal: bool,
    can_be_retried: bool,
) -> StatusRow {
    StatusRow { status, word, brought_by, is_terminal, can_be_retried }
}

/// Every status, from the published page of order statuses, in the order of the variants.
#[rustfmt::skip]
pub const STATUSES: [StatusRow; 22] = [
    row(S::RequestReceived, "REQUEST_RECEIVED", &[Event(E::OrderCreated)], false, true),
    row(S::PendingDispatch, "PENDING_DISPATCH", &[], false, false),
    row(S::PendingRelease, "PENDING_RELEASE", &[], false, false),
    row(S::PendingAutoretry, "PENDING_AUTORETRY", &[Event(E::ShipmentReassigned), Event(E::ShipmentUnsettled)], false, true),
    row(S::EstimatesReceived, "ESTIMATES_RECEIVED", &[Event(E::ShipmentRequested)], false, false),
    row(S::EstimatesFailed, "ESTIMATES_FAILED", &[Event(E::OrderUnserved)], true, true),
    row(S::OrderDispatched, "ORDER_DISPATCHED", &[Event(E::ShipmentBooked), Event(E::ShipmentRecorded)], false, false),
    row(S::Staged, "STAGED", &[], false, false),
    row(S::OrderFailed, "ORDER_FAILED", &[Event(E::ShipmentFailed)], true, true),
    row(S::OrderAssigned, "ORDER_ASSIGNED", &[Step(M::CourierAssigned)], false, false),
    row(S::OrderUnassigned, "ORDER_UNASSIGNED", &[], false, true),
    row(S::PickupStarted, "PICKUP_STARTED", &[Step(M::OnTheWayToUs)], false, false),
    row(S::PickupCompleted, "PICKUP_COMPLETED", &[Step(M::PickedUp)], false, false),
    row(S::InTransit, "IN_TRANSIT", &[Tracking(T::InTransit)], false, false),
    row(S::OutForDelivery, "OUT_FOR_DELIVERY", &[Tracking(T::OutForDelivery)], false, false),
    row(S::OrderAtLocation, "ORDER_AT_LOCATION", &[Step(M::AtTheDoor), Tracking(T::AtServicePoint)], false, false),
    row(S::OrderDelivered, "ORDER_DELIVERED", &[Tracking(T::Delivered)], true, false),
    row(S::OrderDelayed, "ORDER_DELAYED", &[Step(M::Delayed)], false, false),
    row(S::OrderRedelivery, "ORDER_REDELIVERY", &[], false, false),
    row(
        S::OrderUndeliverable,
        "ORDER_UNDELIVERABLE",
        &[Tracking(T::Undeliverable), Tracking(T::Returning), Tracking(T::Returned)],
        true,
        false,
    ),
    row(S::ErrorException, "ERROR_EXCEPTION", &[Tracking(T::Lost)], true, true),
    row(S::OrderCancelled, "ORDER_CANCELLED", &[Event(E::OrderCancelled), Event(E::ShipmentCancelled)], true, false),
];

fn brought_by(source: Source) -> Option<Status> {
    STATUSES.iter().find(|row| row.brought_by.contains(&source)).map(|row| row.status)
}

impl Status {
    /// Its row.
    pub fn row(self) -> &'static StatusRow {
        &STATUSES[self as usize]
    }

    /// Its word.
    pub fn word(self) -> &'static str {
        self.row().word
    }

    /// The status of a word. Words that were in use once (`PARTIAL_…`) are no status; see [`is_word`].
    pub fn parse(word: &str) -> Option<Self> {
        STATUSES.iter().find(|row| row.word == word).map(|row| row.status)
    }

    /// The status that something which happened here brings.
    pub fn of_event(kind: EventKind) -> Option<Self> {
        brought_by(Event(kind))
    }

    /// The status that a carrier's report brings: the finer step goes first.
    pub fn of_report(status: TrackingStatus, milestone: Option<Milestone>) -> Option<Self> {
        milestone.and_then(|milestone| brought_by(Step(milestone))).or_else(|| brought_by(Tracking(status)))
    }
}

/// Whether a filter may name this word.
pub fn is_word(word: &str) -> bool {
    Status::parse(word).is_some() || word.starts_with("PARTIAL_")
}

/// What the status alone says too little about.
pub fn sub_status(status: TrackingStatus) -> Option<&'static str> {
    match status {
        TrackingStatus::AtServicePoint => Some("AT_SERVICE_POINT"),
        TrackingStatus::Returning => Some("RETURNING"),
        TrackingStatus::Returned => Some("RETURN_AT_LOCATION"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_status_has_one_row_at_its_place_and_every_source_brings_one_status() {
        let mut sources = HashSet::new();
        for (place, row) in STATUSES.iter().enumerate() {
            assert_eq!(row.status as usize, place, "{}", row.word);
            assert_eq!(Status::parse(row.word), Some(row.status));
            for source in row.brought_by {
                assert!(sources.insert(format!("{source:?}")), "{source:?} stands twice");
            }
        }
    }

    #[test]
    fn everything_a_carrier_can_say_has_a_status_but_nothing_and_an_announcement() {
        for status in TrackingStatus::ALL {
            let is_silent = matches!(status, TrackingStatus::Unknown | TrackingStatus::Announced);
            assert_eq!(Status::of_report(status, None).is_none(), is_silent, "{status:?}");
        }
        for milestone in Milestone::ALL {
            assert!(Status::of_report(TrackingStatus::Unknown, Some(milestone)).is_some(), "{milestone:?}");
        }
    }
}
