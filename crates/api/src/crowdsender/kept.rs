//! What an order says in this dialect and the canonical order cannot hold: the nested shipment as it was sent, and every
//! field nobody published. Kept beside the order and echoed here only.

use std::borrow::Cow;

use domain::channel::Dialect;
use domain::order::OrderDetails;

use super::encode::owned;
use crate::json::{self, Json, Members};

/// Fields that we make; what a client sends for them is left aside.
pub const OURS: [&str; 4] = ["_id", "_client", "lastSyncProvider", PROPOSAL];

/// The better address that was found, a field of ours: nothing is published about where a proposal is.
pub const PROPOSAL: &str = "addressProposal";

/// Fields whose whole value the canonical order holds.
pub const CANONICAL: [&str; 14] = [
    "orderNumber",
    "customField1",
    "customField2",
    "customField3",
    "customField4",
    "customField5",
    "customField6",
    "_externalReferenceId",
    "_courierContract",
    "tags",
    "seller",
    "store",
    "status",
    "addressValidationStatus",
];

/// What an order carries: `shipment` and unpublished fields.
pub fn in_details(details: &OrderDetails) -> Members<'static> {
    let kept = details.extra.get(&Dialect::Crowdsender);
    let read = kept.and_then(|raw| json::parse(raw.as_str().as_bytes()).ok().map(|json| owned(&json)));
    match read {
        Some(Json::Object(members)) => members,
        _ => Vec::new(),
    }
}

/// Keeps of a whole body what the canonical order does not hold.
pub fn keep(details: &mut OrderDetails, body: &Json<'_>) {
    let Json::Object(members) = body else { return };
    let is_kept = |name: &Cow<'_, str>| !OURS.contains(&name.as_ref()) && !CANONICAL.contains(&name.as_ref());
    let mut kept: Members<'_> = members.iter().filter(|(name, _)| is_kept(name)).cloned().collect();
    // In the order in which they are shown, so that what is sent back is the same.
    kept.sort_by_key(|(name, _)| name != "shipment");
    if kept.is_empty() {
        details.extra.remove(&Dialect::Crowdsender);
    } else if let Some(raw) = Json::Object(kept).to_raw() {
        details.extra.insert(Dialect::Crowdsender, raw);
    }
}
