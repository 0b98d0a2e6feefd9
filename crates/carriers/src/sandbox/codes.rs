//! The tables of the sandbox: services, tracking codes and the postal codes that play a part.

use domain::tracking::{Milestone, TrackingStatus};

use Milestone as M;
use TrackingStatus as S;

/// A service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Service {
    /// Its code at the account.
    pub code: &'static str,
    /// What people call it.
    pub name: &'static str,
    /// The price of one parcel in cents.
    pub cents: i64,
    /// Days from hand-over to delivery.
    pub transit_days: u32,
}

/// Every service, cheapest first.
pub const SERVICES: [Service; 3] = [
    Service { code: "standard", name: "Sandbox standard", cents: 500, transit_days: 3 },
    Service { code: "express", name: "Sandbox express", cents: 900, transit_days: 1 },
    Service { code: "same_day", name: "Sandbox same day", cents: 1900, transit_days: 0 },
];

/// What each tracking code means: every status and every milestone there is.
pub const TRACKING_CODES: &[(&str, TrackingStatus, Option<Milestone>)] = &[
    ("NOTHING_KNOWN", S::Unknown, None),
    ("ANNOUNCED", S::Announced, None),
    ("COURIER_ASSIGNED", S::Announced, Some(M::CourierAssigned)),
    ("ON_THE_WAY_TO_SENDER", S::Announced, Some(M::OnTheWayToUs)),
    ("PICKED_UP", S::InTransit, Some(M::PickedUp)),
    ("IN_TRANSIT", S::InTransit, None),
    ("DELAYED", S::InTransit, Some(M::Delayed)),
    ("OUT_FOR_DELIVERY", S::OutForDelivery, None),
    ("AT_THE_DOOR", S::OutForDelivery, Some(M::AtTheDoor)),
    ("AT_SERVICE_POINT", S::AtServicePoint, None),
    ("DELIVERED", S::Delivered, None),
    ("UNDELIVERABLE", S::Undeliverable, None),
    ("RETURNING", S::Returning, None),
    ("RETURNED", S::Returned, None),
    ("LOST", S::Lost, None),
];

/// The usual way of a parcel, one step a minute when the sandbox is asked.
pub const WAY: &[&str] = &[
    "ANNOUNCED",
    "COURIER_ASSIGNED",
    "ON_THE_WAY_TO_SENDER",
    "PICKED_UP",
    "IN_TRANSIT",
    "OUT_FOR_DELIVERY",
    "AT_THE_DOOR",
    "DELIVERED",
];

/// The part that a recipient's postal code plays, whatever the account's settings say. No country has postal codes that
/// begin with `TEST`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// No service goes there.
    NotServed,
    /// The booking is refused for its postal code.
    Refused,
    /// The booking is never answered, and not made.
    TimeOut,
    /// The booking is made, and its first answer is lost.
    LostAnswer,
    /// The first booking fails.
    FailOnce,
    /// The booking cannot be cancelled.
    Kept,
    /// Tracked, it ends so after the usual first steps.
    Ends(&'static [&'static str]),
}

/// Every postal code that plays a part.
pub const POSTAL_CODES: &[(&str, Part, &str)] = &[
    ("TEST-404", Part::NotServed, "no service goes there"),
    ("TEST-422", Part::Refused, "the booking is refused for its postal code"),
    ("TEST-408", Part::TimeOut, "the booking is never answered, and not made"),
    ("TEST-LOST-ANSWER", Part::LostAnswer, "the booking is made, and its first answer is lost"),
    ("TEST-FAIL-ONCE", Part::FailOnce, "the first call to book fails"),
    ("TEST-KEPT", Part::Kept, "the booking cannot be cancelled"),
    ("TEST-LATE", Part::Ends(&["DELAYED", "OUT_FOR_DELIVERY", "DELIVERED"]), "tracked, the parcel is late"),
    ("TEST-SERVICE-POINT", Part::Ends(&["AT_SERVICE_POINT"]), "tracked, the parcel waits at a service point"),
    ("TEST-UNDELIVERABLE", Part::Ends(&["UNDELIVERABLE"]), "tracked, the parcel cannot be handed over"),
    ("TEST-RETURNED", Part::Ends(&["UNDELIVERABLE", "RETURNING", "RETURNED"]), "tracked, the parcel comes back"),
    ("TEST-LOST", Part::Ends(&["LOST"]), "tracked, the parcel gets lost"),
];

/// The part that a postal code plays.
pub fn part(postal_code: Option<&str>) -> Option<Part> {
    let typed = postal_code?.trim();
    POSTAL_CODES.iter().find(|(code, ..)| code.eq_ignore_ascii_case(typed)).map(|(_, part, _)| *part)
}

/// The way of a parcel to a postal code.
pub fn way(postal_code: Option<&str>) -> Vec<&'static str> {
    match part(postal_code) {
        Some(Part::Ends(end)) => WAY[..5].iter().chain(end).copied().collect(),
        _ => WAY.to_vec(),
    }
}

/// What a tracking code means; `None` when it is not in the table.
pub fn meaning(code: &str) -> Option<(&'static str, TrackingStatus, Option<Milestone>)> {
    TRACKING_CODES.iter().find(|(listed, ..)| listed.eq_ignore_ascii_case(code.trim())).copied()
}

/// The code that comes after another: along the usual way, and from trouble to its end.
pub fn next(last: Option<&str>) -> Option<&'static str> {
    let Some(last) = last else { return WAY.first().copied() };
    let (code, ..) = meaning(last)?;
    match code {
        "NOTHING_KNOWN" => Some("ANNOUNCED"),
        "DELAYED" => Some("OUT_FOR_DELIVERY"),
        "AT_SERVICE_POINT" => Some("DELIVERED"),
        "UNDELIVERABLE" => Some("RETURNING"),
        "RETURNING" => Some("RETURNED"),
        code => {
            let place = WAY.iter().position(|step| *step == code)?;
            WAY.get(place + 1).copied()
        }
    }
}
