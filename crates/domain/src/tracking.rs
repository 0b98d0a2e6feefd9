//! A tracking event: one thing the carrier said happened to a parcel.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::ids::{ParcelId, TrackingEventId};
use crate::time::{SentTime, Timestamp};

/// What *the carrier* says. What we did is [`crate::shipment::ShipmentStatus`]; the two are never mixed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TrackingStatus {
    /// Nothing, or a code nobody listed.
    Unknown,
    /// A label exists; the carrier does not have the parcel yet.
    Announced,
    /// The carrier has it.
    InTransit,
    /// On the last van.
    OutForDelivery,
    /// Waiting for the consumer at a service point.
    AtServicePoint,
    /// Handed over.
    Delivered,
    /// Could not be handed over.
    Undeliverable,
    /// On its way back.
    Returning,
    /// Back at the sender.
    Returned,
    /// Given up as lost.
    Lost,
}

impl TrackingStatus {
    /// Every status, least final first.
    pub const ALL: [Self; 10] = [
        Self::Unknown,
        Self::Announced,
        Self::InTransit,
        Self::OutForDelivery,
        Self::AtServicePoint,
        Self::Delivered,
        Self::Undeliverable,
        Self::Returning,
        Self::Returned,
        Self::Lost,
    ];

    /// The name in rows and in the native API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Announced => "announced",
            Self::InTransit => "in_transit",
            Self::OutForDelivery => "out_for_delivery",
            Self::AtServicePoint => "at_service_point",
            Self::Delivered => "delivered",
            Self::Undeliverable => "undeliverable",
            Self::Returning => "returning",
            Self::Returned => "returned",
            Self::Lost => "lost",
        }
    }

    /// Reads what [`Self::as_str`] writes.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == text)
    }

    /// Whether the carrier has (or had) the parcel in its hands.
    pub fn is_with_carrier(self) -> bool {
        !matches!(self, Self::Unknown | Self::Announced)
    }

    /// Whether nothing more is to come.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Delivered | Self::Returned | Self::Lost)
    }

    /// One status for several parcels: trouble first, else the least far.
    pub fn of_shipment(parcels: impl Iterator<Item = Self>) -> Self {
        let rank = |status: &Self| match status {
            Self::Lost => 0,
            Self::Undeliverable => 1,
            Self::Returning => 2,
            Self::Unknown => 3,
            Self::Announced => 4,
            Self::InTransit => 5,
            Self::OutForDelivery => 6,
            Self::AtServicePoint => 7,
            Self::Returned => 8,
            Self::Delivered => 9,
        };
        parcels.min_by_key(rank).unwrap_or(Self::Unknown)
    }
}

/// A finer step inside a tracking status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Milestone {
    /// A courier took the job.
    CourierAssigned,
    /// The courier is on the way to us.
    OnTheWayToUs,
    /// The courier took the parcel from us.
    PickedUp,
    /// The courier is at the recipient's door.
    AtTheDoor,
    /// It will be late.
    Delayed,
}

/// Why it goes badly.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Incident {
    /// What happened, in the carrier's words.
    pub reason: String,
}

/// Where it happened.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Place {
    /// City or depot.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub city: Option<String>,
    /// Country, two letters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
}

/// What a carrier reports, before it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrackingReport {
    /// The carrier's own code.
    pub code: String,
    /// What the code means; `Unknown` when it is not listed, never a guess.
    pub status: TrackingStatus,
    /// A finer step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub milestone: Option<Milestone>,
    /// Why it goes badly.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incident: Option<Incident>,
    /// What the carrier wrote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// When it happened, with the zone the carrier gave, if any.
    pub happened_at: SentTime,
    /// Where.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
}

impl Milestone {
    /// Every milestone.
    pub const ALL: [Self; 5] =
        [Self::CourierAssigned, Self::OnTheWayToUs, Self::PickedUp, Self::AtTheDoor, Self::Delayed];

    /// The name in rows and in the native API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CourierAssigned => "courier_assigned",
            Self::OnTheWayToUs => "on_the_way_to_us",
            Self::PickedUp => "picked_up",
            Self::AtTheDoor => "at_the_door",
            Self::Delayed => "delayed",
        }
    }

    /// Reads what [`Self::as_str`] writes.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|milestone| milestone.as_str() == text)
    }
}

impl TrackingReport {
    /// What makes two reports of one parcel the same: code, time and place as the carrier wrote them.
    pub fn identity(&self) -> String {
        let place = self.place.as_ref();
        let city = place.and_then(|place| place.city.as_deref()).unwrap_or("");
        let country = place.and_then(|place| place.country.as_deref()).unwrap_or("");
        format!("{}|{}|{city}|{country}", self.code, self.happened_at)
    }
}

/// A stored tracking event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrackingEvent {
    /// Our id.
    pub id: TrackingEventId,
    /// The parcel.
    pub parcel: ParcelId,
    /// What the carrier said.
    pub report: TrackingReport,
    /// When we learnt of it.
    pub received_at: Timestamp,
    /// The instant used for sorting: the carrier's, a zoneless time read in the location's zone.
    pub sort_at: Timestamp,
}

/// How long after its booking a parcel is looked at first.
pub const FIRST_LOOK: Duration = Duration::from_mins(30);

/// When the carrier is asked next about a parcel that was asked about `now`: sooner on the last van, slower after days.
/// `None` when nothing more is to come, or nothing came for 60 days.
pub fn next_look(status: TrackingStatus, booked_at: Timestamp, now: Timestamp) -> Option<Timestamp> {
    let days = now.duration_since(booked_at).as_hours() / 24;
    if status.is_final() || days >= 60 {
        return None;
    }
    let minutes = match (status, days) {
        (TrackingStatus::OutForDelivery, 0..7) => 10,
        (_, ..2) => 30,
        (_, 2..7) => 2 * 60,
        (_, 7..21) => 6 * 60,
        _ => 24 * 60,
    };
    now.checked_add(Duration::from_mins(minutes)).ok()
}

/// A parcel's status after all its events: the same for any order and repetition of them.
///
/// The latest event that says something decides; of several at the same instant the one furthest along does. Events
/// from before the booking and events without a known status change nothing. A booked parcel without any is announced.
pub fn status_after<'a>(events: impl Iterator<Item = &'a TrackingEvent>, booked_at: Timestamp) -> TrackingStatus {
    events
        .filter(|event| event.report.status != TrackingStatus::Unknown && event.sort_at >= booked_at)
        .max_by_key(|event| (event.sort_at, event.report.status as u8, event.report.identity()))
        .map_or(TrackingStatus::Announced, |event| event.report.status)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn event(second: i64, status: TrackingStatus) -> TrackingEvent {
        let at = Timestamp::from_second(second).unwrap();
        TrackingEvent {
            id: TrackingEventId::new(1).unwrap(),
            parcel: ParcelId::new(1).unwrap(),
            report: TrackingReport {
                code: status.as_str().to_uppercase(),
                status,
                milestone: None,
                incident: None,
                message: None,
                happened_at: SentTime::utc(at),
                place: None,
            },
            received_at: at,
            sort_at: at,
        }
    }

    proptest! {
        #[test]
        fn any_order_and_repetition_of_events_gives_the_same_status(
            reports in prop::collection::vec((0_i64..20, 0_usize..10), 1..12),
            picks in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
        ) {
            let events: Vec<_> = reports.iter().map(|&(at, status)| event(at, TrackingStatus::ALL[status])).collect();
            let mut shuffled = events.clone();
            for pick in picks {
                let again = pick.get(&events).clone();
                shuffled.insert(pick.index(shuffled.len()), again);
            }
            shuffled.reverse();
            let booked = Timestamp::from_second(5).unwrap();
            prop_assert_eq!(status_after(events.iter(), booked), status_after(shuffled.iter(), booked));
        }
    }

    #[test]
    fn an_event_from_before_the_booking_changes_nothing() {
        let events = [event(1, TrackingStatus::Delivered)];
        assert_eq!(status_after(events.iter(), Timestamp::from_second(5).unwrap()), TrackingStatus::Announced);
    }

    #[test]
    fn looks_come_sooner_on_the_last_van_slower_after_days_and_end() {
        use TrackingStatus as S;
        let minutes = |status, days: i64| {
            let now = Timestamp::from_second(days * 86_400).unwrap();
            next_look(status, Timestamp::UNIX_EPOCH, now).map(|at| at.duration_since(now).as_mins())
        };
        assert_eq!(
            [0, 1, 2, 7, 21, 59].map(|days| minutes(S::InTransit, days)),
            [30, 30, 120, 360, 1440, 1440].map(Some)
        );
        assert_eq!(minutes(S::OutForDelivery, 3), Some(10));
        assert_eq!(minutes(S::InTransit, 60), None);
        assert_eq!([S::Delivered, S::Returned, S::Lost].map(|status| minutes(status, 0)), [None; 3]);
    }

    #[test]
    fn trouble_with_one_parcel_shows_on_the_whole_shipment() {
        use TrackingStatus as S;
        assert_eq!(S::of_shipment([S::Delivered, S::InTransit].into_iter()), S::InTransit);
        assert_eq!(S::of_shipment([S::Delivered, S::Lost].into_iter()), S::Lost);
        assert_eq!(S::of_shipment(std::iter::empty()), S::Unknown);
    }
}
