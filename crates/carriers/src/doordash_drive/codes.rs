//! DoorDash's words: states of a delivery, events of its webhooks, and refusals, each with its source.

use domain::error::Rule;
use domain::tracking::{Milestone, TrackingStatus};
use domain::{CarrierError, Problem};

use super::wire::{FieldError, Refusal};
use crate::http::Reply;

/// States (pages "Delivery statuses" and the client's types) and events (page "Webhooks for deliveries" and working clients),
/// in lower case. What each means for us is ours.
const MEANINGS: &[(&str, TrackingStatus, Option<Milestone>)] = &[
    ("created", TrackingStatus::Announced, None),
    ("confirmed", TrackingStatus::Announced, Some(Milestone::CourierAssigned)),
    ("enroute_to_pickup", TrackingStatus::Announced, Some(Milestone::OnTheWayToUs)),
    ("arrived_at_pickup", TrackingStatus::Announced, None),
    ("picked_up", TrackingStatus::InTransit, Some(Milestone::PickedUp)),
    ("enroute_to_dropoff", TrackingStatus::OutForDelivery, None),
    ("arrived_at_dropoff", TrackingStatus::OutForDelivery, Some(Milestone::AtTheDoor)),
    ("delivered", TrackingStatus::Delivered, None),
    ("enroute_to_return", TrackingStatus::Returning, None),
    ("arrived_at_return", TrackingStatus::Returning, None),
    ("returned", TrackingStatus::Returned, None),
    ("cancelled", TrackingStatus::Undeliverable, None),
    ("delivery_created", TrackingStatus::Announced, None),
    ("dasher_confirmed", TrackingStatus::Announced, Some(Milestone::CourierAssigned)),
    ("dasher_enroute_to_pickup", TrackingStatus::Announced, Some(Milestone::OnTheWayToUs)),
    ("dasher_confirmed_pickup_arrival", TrackingStatus::Announced, None),
    ("dasher_picked_up", TrackingStatus::InTransit, Some(Milestone::PickedUp)),
    ("dasher_enroute_to_dropoff", TrackingStatus::OutForDelivery, None),
    ("dasher_confirmed_dropoff_arrival", TrackingStatus::OutForDelivery, Some(Milestone::AtTheDoor)),
    ("dasher_dropped_off", TrackingStatus::Delivered, None),
    ("delivery_return_initialized", TrackingStatus::Returning, None),
    ("dasher_enroute_to_return", TrackingStatus::Returning, None),
    ("dasher_confirmed_return_arrival", TrackingStatus::Returning, None),
    ("delivery_returned", TrackingStatus::Returned, None),
    ("delivery_cancelled", TrackingStatus::Undeliverable, None),
];

/// Reports of a position, which come again and again.
const POSITIONS: [&str; 3] = ["dasher_enroute_to_pickup", "dasher_enroute_to_dropoff", "dasher_enroute_to_return"];

/// An event that changes nothing for whoever waits: the courier has other deliveries too.
const BATCHED: &str = "delivery_batched";

/// What a state or an event means, whatever the case of its letters.
pub(super) fn meaning(code: &str) -> (TrackingStatus, Option<Milestone>) {
    let listed = MEANINGS.iter().find(|(known, ..)| known.eq_ignore_ascii_case(code.trim()));
    listed.map_or((TrackingStatus::Unknown, None), |(_, status, milestone)| (*status, *milestone))
}

/// Whether an event only repeats where the courier is.
pub(super) fn is_position(code: &str) -> bool {
    POSITIONS.iter().any(|known| known.eq_ignore_ascii_case(code.trim()))
}

/// Whether an event says nothing about a parcel.
pub(super) fn says_nothing(code: &str) -> bool {
    code.trim().eq_ignore_ascii_case(BATCHED)
}

/// Where a field of DoorDash's comes from in our words.
fn path(field: &str) -> &'static str {
    match field {
        "dropoff_address" | "dropoff_address_components" => "recipient/street1",
        "dropoff_phone_number" => "recipient/phone",
        "dropoff_business_name" => "recipient/company",
        "dropoff_contact_given_name" | "dropoff_contact_family_name" => "recipient/name",
        "pickup_address" => "sender/street1",
        "pickup_phone_number" => "sender/phone",
        "pickup_business_name" => "sender/company",
        field if field.starts_with("items") => "parcels",
        _ => "",
    }
}

fn problem(field: &FieldError) -> Problem {
    let message = format!("{}: {} (DoorDash)", field.field, field.error);
    Problem::of(Rule::Invalid, path(&field.field), message)
}

/// The mark of a refusal because the id is taken.
const TAKEN: &str = "external_delivery_id";

/// Whether an id was taken before.
pub(super) fn is_duplicate(error: &CarrierError) -> bool {
    matches!(error, CarrierError::Refused(problems) if problems.iter().any(|problem| problem.path == TAKEN))
}

/// What an answer that was no yes means: the code decides, then the number (page "Error codes and reasons").
pub(super) fn error(reply: &Reply) -> CarrierError {
    let said = match reply.read::<Refusal>() {
        Ok(said) => said,
        Err(unreadable) if matches!(reply.status, 200..=299) => return unreadable,
        Err(_) => Refusal::default(),
    };
    let words = match (said.message.as_str(), said.code.as_str(), said.reason.as_str()) {
        (message, "", "") if !message.is_empty() => format!("{message} (DoorDash)"),
        ("", "", "") => format!("DoorDash answered with status {} and no reason", reply.status),
        (message, code, "") => format!("{message} (DoorDash {code})"),
        (message, code, reason) => format!("{message} (DoorDash {code}, {reason})"),
    };
    let is = |codes: &[&str]| codes.contains(&said.code.as_str());
    const OUT_OF_REACH: [&str; 4] = [
        "distance_too_long",
        "pickup_address_not_in_coverage",
        "delivery_address_not_in_coverage",
        "outside_of_delivery_time",
    ];
    // DoorDash's own client expects words of `reason` in `code` too.
    if is(&["invalid_delivery_parameters"]) || is(&OUT_OF_REACH) {
        return CarrierError::Unsupported(words);
    }
    if is(&["duplicate_delivery_id"]) {
        return CarrierError::Refused(vec![Problem::of(Rule::Taken, TAKEN, words)]);
    }
    if is(&["authentication_error", "authorization_error"]) || matches!(reply.status, 401 | 403) {
        return CarrierError::Credentials(words);
    }
    if reply.status == 429 {
        return CarrierError::busy(words, reply.retry_after.or(Some(1)));
    }
    if reply.status >= 500 || is(&["service_fault"]) {
        return CarrierError::Unavailable { message: words, retry_after: reply.retry_after, did_nothing: false };
    }
    let is_out_of_reach = |field: &FieldError| {
        let error = field.error.to_ascii_lowercase();
        error.contains("coverage") || error.contains("distance")
    };
    if said.field_errors.iter().any(is_out_of_reach) {
        let reasons: Vec<_> = said.field_errors.iter().map(|field| field.error.as_str()).collect();
        return CarrierError::Unsupported(format!("{} (DoorDash)", reasons.join("; ")));
    }
    if said.field_errors.is_empty() {
        return CarrierError::refused("", words);
    }
    CarrierError::Refused(said.field_errors.iter().map(problem).collect())
}

/// What the refusal of a cancellation means: one that was carried out before is a yes.
pub(super) fn cancelled(reply: &Reply) -> Result<(), CarrierError> {
    let said = reply.read::<Refusal>().unwrap_or_default();
    let is = |words: &[&str]| words.contains(&said.reason.as_str()) || words.contains(&said.code.as_str());
    if is(&["delivery_cancelled", "duplicate_request"]) {
        return Ok(());
    }
    if is(&["delivery_creation_in_progress"]) {
        return Err(CarrierError::busy("DoorDash is still making the delivery", Some(5)));
    }
    Err(error(reply))
}
