//! The status history: what is stored of an order, told in this dialect's statuses.

use app::story::Story;
use app::tenants::TenantSetup;
use domain::channel::Dialect;
use domain::event::{Event, EventKind};
use domain::shipment::{Shipment, ShipmentStatus};
use domain::time::Timestamp;
use domain::tracking::TrackingEvent;
use jiff::tz::TimeZone;

use super::statuses::{Status, sub_status};

/// Who takes the steps of the platform itself.
pub const PLATFORM: &str = "Default_Business_Key";

/// One step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The status it led to.
    pub status: Status,
    /// When.
    pub at: Timestamp,
    /// Words for people.
    pub note: Option<String>,
    /// Who took it.
    pub user: String,
    /// Why, when it went badly.
    pub reason: Option<Reason>,
    /// What the status alone says too little about.
    pub sub_status: Option<&'static str>,
}

/// Why a step went badly.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// A word for programs.
    pub code: &'static str,
    /// The same for people.
    pub title: &'static str,
    /// What was said.
    pub note: String,
}

/// What clients call the account behind a shipment: its alias here, else its id; whoever made it, when it is not ours.
pub fn provider_name(setup: &TenantSetup, shipment: &Shipment) -> String {
    let id = &shipment.details.service.account;
    if let Some(brought) = shipment.details.brought_by.as_ref().filter(|_| shipment.is_from_elsewhere()) {
        return brought.carrier.clone();
    }
    let alias = setup.account(id).and_then(|account| account.account.aliases.get(&Dialect::DeliverySolutions));
    alias.unwrap_or(id).clone()
}

/// Every step, oldest first; there is always one.
pub fn of(story: &Story, setup: &TenantSetup) -> Vec<Entry> {
    let mut entries = Vec::new();
    let mut reports = story.tracking.iter().filter(|event| is_since_booking(story, event)).peekable();
    for event in &story.events {
        // Nothing is reported before a booking; of what came at the same instant, the report was first.
        while !matches!(event.kind, EventKind::ShipmentBooked | EventKind::ShipmentRecorded)
            && let Some(report) =
                reports.next_if(|report| report.sort_at <= event.at && is_told_before(story, report, event))
        {
            entries.extend(of_report(story, setup, report));
        }
        of_event(story, setup, event, &mut entries);
    }
    entries.extend(reports.filter_map(|report| of_report(story, setup, report)));
    if let Some(open) = open_question(story, setup) {
        entries.push(open);
    }
    if entries.is_empty() {
        entries.push(platform(Status::RequestReceived, story.order.created_at));
    }
    entries
}

/// Where an order stands.
pub fn status(story: &Story, setup: &TenantSetup) -> Status {
    if story.order.cancelled_at.is_some() {
        return Status::OrderCancelled;
    }
    of(story, setup).last().map_or(Status::RequestReceived, |entry| entry.status)
}

fn platform(status: Status, at: Timestamp) -> Entry {
    Entry { status, at, note: None, user: PLATFORM.to_owned(), reason: None, sub_status: None }
}

fn shipment_of<'a>(story: &'a Story, report: &TrackingEvent) -> Option<&'a Shipment> {
    story.shipments.iter().find(|shipment| shipment.parcels.iter().any(|parcel| parcel.id == report.parcel))
}

fn is_since_booking(story: &Story, report: &TrackingEvent) -> bool {
    let shipment = shipment_of(story, report).filter(|shipment| !shipment.details.is_given_up);
    let booked_at = shipment.and_then(|shipment| shipment.details.booked_at);
    booked_at.is_some_and(|booked_at| report.sort_at >= booked_at)
}

/// Whether the booking that a report is about was told before an event.
fn is_told_before(story: &Story, report: &TrackingEvent, event: &Event) -> bool {
    let Some(shipment) = shipment_of(story, report) else { return false };
    let is_its = |known: &&Event| {
        matches!(known.kind, EventKind::ShipmentBooked | EventKind::ShipmentRecorded)
            && known.about.shipment == Some(shipment.id)
    };
    story.events.iter().find(is_its).is_none_or(|booked| (booked.at, booked.id) < (event.at, event.id))
}

fn of_report(story: &Story, setup: &TenantSetup, report: &TrackingEvent) -> Option<Entry> {
    let said = &report.report;
    let status = Status::of_report(said.status, said.milestone)?;
    let user = shipment_of(story, report).map_or_else(|| PLATFORM.to_owned(), |one| provider_name(setup, one));
    let incident = said.incident.as_ref().map(|incident| incident.reason.clone());
    let reason = incident.map(|note| Reason { code: "PROVIDER_REPORTED", title: "Provider Reported", note });
    let note = match (&said.message, &reason) {
        (Some(message), _) => Some(message.clone()),
        (None, Some(reason)) => Some(reason.note.clone()),
        (None, None) => None,
    };
    Some(Entry { status, at: report.sort_at, note, user, reason, sub_status: sub_status(said.status) })
}

fn of_event(story: &Story, setup: &TenantSetup, event: &Event, entries: &mut Vec<Entry>) {
    let shipment = story.shipments.iter().find(|known| Some(known.id) == event.about.shipment);
    let provider = shipment.map_or_else(|| PLATFORM.to_owned(), |shipment| provider_name(setup, shipment));
    if shipment.is_some_and(|shipment| is_over(shipment, event.kind)) {
        return;
    }
    let why = event.about.reason.clone();
    let failed = |status, code, title| {
        let reason = why.clone().map(|note| Reason { code, title, note });
        Entry { note: why.clone(), reason, ..platform(status, event.at) }
    };
    let entry = match event.kind {
        EventKind::ShipmentBooked => {
            let note = shipment.and_then(|shipment| {
                let old = shipment.details.replaces.as_ref()?.tracking_numbers.join(", ");
                Some(format!("tracking number {} replaces {old}", shipment.tracking_numbers().join(", ")))
            });
            Entry { note, ..platform(Status::OrderDispatched, event.at) }
        }
        EventKind::OrderCancelled if entries.last().is_some_and(|last| last.status == Status::OrderCancelled) => return,
        EventKind::ShipmentCancelRefused => {
            let status = entries.last().map_or(Status::OrderDispatched, |last| last.status);
            let refused = failed(status, "ORDER_CANCELLATION_FAILED", "Order Cancellation Failed");
            Entry { user: provider, ..refused }
        }
        EventKind::ShipmentReassigned => {
            let user = event.about.old.as_deref().and_then(|service| service.split(':').next()).unwrap_or(PLATFORM);
            let entry = failed(Status::PendingAutoretry, "PLACE_ORDER_FAILED", "Place Order Failed");
            Entry { user: alias(setup, user), ..entry }
        }
        EventKind::ShipmentFailed => {
            Entry { user: provider, ..failed(Status::OrderFailed, "PLACE_ORDER_FAILED", "Place Order Failed") }
        }
        EventKind::OrderUnserved => failed(Status::EstimatesFailed, "ESTIMATES_FAILED", "Estimates Failed"),
        EventKind::ShipmentUnsettled => failed(Status::PendingAutoretry, "UNMAPPED_ERROR", "Unmapped Error"),
        EventKind::ShipmentRecorded => {
            let brought = shipment.and_then(|shipment| shipment.details.brought_by.as_ref());
            let numbers = shipment.map(Shipment::tracking_numbers).unwrap_or_default().join(", ");
            let who = brought.map_or_else(|| PLATFORM.to_owned(), |brought| brought.who.clone());
            let note = Some(format!("tracking number {numbers} was brought by {who}"));
            Entry { note, user: who, ..platform(Status::OrderDispatched, event.at) }
        }
        kind => match Status::of_event(kind) {
            Some(status) => platform(status, event.at),
            None => return,
        },
    };
    entries.push(entry);
}

/// What becomes of a shipment that another one took over is nobody's concern, unless it cannot be voided; nor is the
/// voiding of one that makes way for another.
pub fn is_over(shipment: &Shipment, kind: EventKind) -> bool {
    if shipment.details.makes_way && kind == EventKind::ShipmentCancelled {
        return true;
    }
    let is_told = matches!(kind, EventKind::ShipmentRequested | EventKind::ShipmentCancelRefused);
    shipment.details.is_given_up && !is_told
}

fn alias(setup: &TenantSetup, account: &str) -> String {
    let alias = setup.account(account).and_then(|known| known.account.aliases.get(&Dialect::DeliverySolutions));
    alias.map_or(account, String::as_str).to_owned()
}

/// The step of a booking that the carrier left open: it is asked again by itself.
fn open_question(story: &Story, setup: &TenantSetup) -> Option<Entry> {
    let shipment = story.shipment().filter(|shipment| shipment.status == ShipmentStatus::Booking)?;
    let failure = shipment.details.failure.as_ref()?.to_string();
    let reason = Reason { code: "PLACE_ORDER_FAILED", title: "Place Order Failed", note: failure.clone() };
    Some(Entry {
        status: Status::PendingAutoretry,
        at: shipment.modified_at,
        note: Some(failure),
        user: provider_name(setup, shipment),
        reason: Some(reason),
        sub_status: None,
    })
}

/// `April 27th 2022, 2:45:45 am CDT`: the `MMMM Do YYYY, h:mm:ss a z` of moment.js.
pub fn moment_text(at: Timestamp, zone: &TimeZone) -> String {
    format!("{} {}", moment_text_without_zone(at, zone), at.to_zoned(zone.clone()).strftime("%Z"))
}

/// `June 15th 2017, 12:08:26 pm`.
pub fn moment_text_without_zone(at: Timestamp, zone: &TimeZone) -> String {
    let local = at.to_zoned(zone.clone());
    let day = local.day();
    let ending = match (day, day % 10) {
        (11..=13, _) => "th",
        (_, 1) => "st",
        (_, 2) => "nd",
        (_, 3) => "rd",
        _ => "th",
    };
    let time = local.strftime("%Y, %-I:%M:%S %P");
    format!("{} {day}{ending} {time}", local.strftime("%B"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_moment_writes_them_with_daylight_saving() {
        let chicago = TimeZone::get("America/Chicago").unwrap();
        let text = |at: &str| moment_text(at.parse().unwrap(), &chicago);
        assert_eq!(text("2022-04-27T07:45:45Z"), "April 27th 2022, 2:45:45 am CDT");
        assert_eq!(text("2022-10-26T20:46:07Z"), "October 26th 2022, 3:46:07 pm CDT");
        assert_eq!(text("2022-12-01T06:00:00Z"), "December 1st 2022, 12:00:00 am CST");
        assert_eq!(text("2022-11-06T06:30:00Z"), "November 6th 2022, 1:30:00 am CDT");
        assert_eq!(text("2022-11-06T07:30:00Z"), "November 6th 2022, 1:30:00 am CST");
        let noon = |day: u8| text(&format!("2022-01-{day:02}T18:00:00Z"));
        let days = [
            (1, "1st"),
            (2, "2nd"),
            (3, "3rd"),
            (4, "4th"),
            (11, "11th"),
            (12, "12th"),
            (13, "13th"),
            (21, "21st"),
            (22, "22nd"),
            (23, "23rd"),
        ];
        for (day, written) in days {
            assert_eq!(noon(day), format!("January {written} 2022, 12:00:00 pm CST"));
        }
    }
}
