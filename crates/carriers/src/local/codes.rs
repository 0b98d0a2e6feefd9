//! The tracking codes that an own fleet posts, and what each means.

use domain::tracking::{Milestone, TrackingStatus};

/// One tracking code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrackingCode {
    /// As posted; letter case is free.
    pub code: &'static str,
    /// What the carrier says by it.
    pub status: TrackingStatus,
    /// The finer step, if it is one.
    pub milestone: Option<Milestone>,
    /// What it tells people.
    pub meaning: &'static str,
}

const fn row(
    code: &'static str,
    status: TrackingStatus,
    milestone: Option<Milestone>,
    meaning: &'static str,
) -> TrackingCode {
    TrackingCode { code, status, milestone, meaning }
}

use Milestone as M;
use TrackingStatus as S;

/// Every code of the connector, in the order a parcel meets them.
pub const TRACKING_CODES: &[TrackingCode] = &[
    row("ANNOUNCED", S::Announced, None, "the fleet knows of the parcel and does not have it yet"),
    row("COURIER_ASSIGNED", S::Announced, Some(M::CourierAssigned), "a courier took the job"),
    row("ON_THE_WAY_TO_SENDER", S::Announced, Some(M::OnTheWayToUs), "the courier drives to the sender"),
    row("PICKUP_DELAYED", S::Announced, Some(M::Delayed), "the courier will be late at the sender"),
    row("PICKED_UP", S::InTransit, Some(M::PickedUp), "the courier took the parcel from the sender"),
    row("IN_TRANSIT", S::InTransit, None, "the parcel moves"),
    row("DEPOT", S::InTransit, None, "the parcel lies in a depot"),
    row("CUSTOMS", S::InTransit, None, "the parcel is with customs"),
    row("DELAYED", S::InTransit, Some(M::Delayed), "the fleet has the parcel and will be late"),
    row("OUT_FOR_DELIVERY", S::OutForDelivery, None, "the parcel is on the last van"),
    row("AT_THE_DOOR", S::OutForDelivery, Some(M::AtTheDoor), "the courier is at the recipient's door"),
    row("FAILED_ATTEMPT", S::InTransit, None, "nobody took the parcel; the fleet tries again"),
    row("AT_SERVICE_POINT", S::AtServicePoint, None, "the recipient can fetch the parcel"),
    row("DELIVERED", S::Delivered, None, "handed over"),
    row("DELIVERED_TO_NEIGHBOUR", S::Delivered, None, "handed over to somebody next door"),
    row("REFUSED", S::Undeliverable, None, "the recipient did not take the parcel"),
    row("UNDELIVERABLE", S::Undeliverable, None, "the fleet does not try again"),
    row("RETURNING", S::Returning, None, "the parcel is on its way back"),
    row("RETURNED", S::Returned, None, "the parcel is back at the sender"),
    row("LOST", S::Lost, None, "nobody knows where the parcel is"),
];

/// What a posted code means. A code that is not in [`TRACKING_CODES`] is `Unknown`; the raw code is kept by the caller.
pub fn tracking_code(code: &str) -> (TrackingStatus, Option<Milestone>) {
    let listed = TRACKING_CODES.iter().find(|listed| listed.code.eq_ignore_ascii_case(code.trim()));
    listed.map_or((TrackingStatus::Unknown, None), |listed| (listed.status, listed.milestone))
}
