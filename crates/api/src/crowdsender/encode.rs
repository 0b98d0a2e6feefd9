//! An order as this dialect's clients read it: what was sent, and what has become of it.

use std::borrow::Cow;

use app::queries::FoundDocument;
use app::story::Story;
use app::tenants::TenantSetup;
use domain::address::{Address, AddressStatus};
use domain::measure::Quantity;
use domain::order::{CustomFields, Order, PlannedBox};
use domain::packing::{OrderBox, box_id};
use domain::time::Timestamp;

use super::{LENIENCY, decode, fields, kept, statuses};
use crate::json::fields::Notes;
use crate::json::{Json, Members};

/// An object of these members, in this order.
pub fn object(members: Vec<(&'static str, Json<'static>)>) -> Json<'static> {
    Json::Object(members.into_iter().map(|(name, value)| (Cow::Borrowed(name), value)).collect())
}

/// The same value, owing nothing to anybody.
pub fn owned(value: &Json<'_>) -> Json<'static> {
    match value {
        Json::Null => Json::Null,
        Json::Bool(value) => Json::Bool(*value),
        Json::Number(digits) => Json::Number(Cow::Owned(digits.to_string())),
        Json::Text(text) => Json::Text(Cow::Owned(text.to_string())),
        Json::List(list) => Json::List(list.iter().map(owned).collect()),
        Json::Object(members) => {
            Json::Object(members.iter().map(|(name, value)| (Cow::Owned(name.to_string()), owned(value))).collect())
        }
    }
}

/// Text.
pub fn words(text: &str) -> Json<'static> {
    Json::from(text.to_owned())
}

/// `2022-02-24T00:00:00.000Z`.
pub fn iso(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

/// Sets a member, or takes it away.
fn put(members: &mut Members<'static>, name: &'static str, value: Option<Json<'static>>) {
    match (members.iter().position(|(known, _)| known == name), value) {
        (Some(at), Some(value)) => members[at].1 = value,
        (Some(at), None) => drop(members.remove(at)),
        (None, Some(value)) => members.push((Cow::Borrowed(name), value)),
        (None, None) => {}
    }
}

/// What clients have said of an order, through whichever dialect: this is what an update is laid over.
pub fn sent(order: &Order) -> Json<'static> {
    let details = &order.details;
    let mut members: Members<'static> = Vec::new();
    let mut say = |name: &'static str, value: Option<&str>| put(&mut members, name, value.map(words));
    say("orderNumber", details.number.as_deref());
    for (number, name) in (1..=CustomFields::COUNT).zip(&kept::CANONICAL[1..7]) {
        say(name, details.custom_fields.get(number));
    }
    let wish = details.delivery.as_ref().and_then(|delivery| delivery.service.as_ref());
    say("_externalReferenceId", details.external_id.as_deref());
    say("_courierContract", wish.and_then(|wish| wish.contract.as_deref()));
    say("seller", details.seller.as_deref());
    say("store", details.store.as_deref());
    say("addressValidationStatus", Some(statuses::address_word(order.address_status())));
    let tags = details.tags.as_ref().map(|tags| Json::List(tags.iter().map(|tag| words(tag)).collect()));
    put(&mut members, "tags", tags);
    let mut rest = kept::in_details(details);
    let shipment = rest.iter().position(|(name, _)| name == "shipment").map(|at| rest.remove(at).1);
    let was_sent = shipment.is_some();
    let shipment = shipment_of(order, shipment);
    if was_sent || !matches!(&shipment, Json::Object(members) if members.is_empty()) {
        put(&mut members, "shipment", Some(shipment));
    }
    members.extend(rest);
    Json::Object(members)
}

/// The nested object as it was sent, with what other dialects have changed since.
fn shipment_of(order: &Order, kept: Option<Json<'static>>) -> Json<'static> {
    let details = &order.details;
    let mut members = match kept {
        Some(Json::Object(members)) => members,
        Some(Json::Null) | None => Vec::new(),
        Some(other) => return other,
    };
    let said = Json::Object(members.clone());
    let notes = Notes::new(LENIENCY);
    let read = decode::shipment(notes.root(&said)).unwrap_or_default();
    if read.send_date != details.send_date {
        put(&mut members, "sendDate", details.send_date.map(|sent| Json::from(sent.to_string())));
    }
    if read.from != details.sender {
        put(&mut members, "shipFrom", details.sender.as_ref().map(party));
    }
    if read.to != details.shipping_address {
        put(&mut members, "shipTo", details.shipping_address.as_ref().map(party));
    }
    if read.boxes != details.boxes {
        let boxes = details.boxes.as_ref().map(|boxes| Json::List(boxes.iter().map(planned).collect()));
        put(&mut members, "boxes", boxes);
    }
    Json::Object(members)
}

/// A sender or a recipient.
pub fn party(address: &Address) -> Json<'static> {
    let (mut members, mut place) = (Vec::new(), Vec::new());
    let street = address.street_line();
    for (name, text) in [
        ("companyName", &address.company),
        ("name", &address.name),
        ("phone", &address.phone),
        ("email", &address.email),
    ] {
        put(&mut members, name, text.as_deref().map(words));
    }
    for (name, text) in [
        ("street1", &street),
        ("street2", &address.street2),
        ("city", &address.city),
        ("state", &address.state),
        ("postalCode", &address.postal_code),
        ("country", &address.country),
    ] {
        put(&mut place, name, text.as_deref().map(words));
    }
    members.push((Cow::Borrowed("address"), Json::Object(place)));
    Json::Object(members)
}

fn planned(planned: &PlannedBox) -> Json<'static> {
    let mut members: Members<'static> = Vec::new();
    put(&mut members, "_externalBoxId", planned.external_id.as_deref().map(words));
    for (number, name) in (1..=CustomFields::COUNT).zip(&kept::CANONICAL[1..7]) {
        put(&mut members, name, planned.custom_fields.get(number).map(words));
    }
    let measurement = planned.measurement.unwrap_or_default();
    let kilograms = measurement.weight.and_then(Quantity::to_weight).map(|weight| weight.kilograms().into());
    put(&mut members, "weight", kilograms);
    if let Some(sides) = measurement.dimensions.and_then(domain::measure::SentDimensions::to_dimensions) {
        put(&mut members, "length", Some(sides.length.centimetres().into()));
        put(&mut members, "width", Some(sides.width.centimetres().into()));
        put(&mut members, "height", Some(sides.height.centimetres().into()));
    }
    put(&mut members, "scanned", planned.is_scanned.map(Json::from));
    put(&mut members, "scanDate", planned.scanned_at.map(|sent| Json::from(sent.to_string())));
    Json::Object(members)
}

/// A whole order.
pub fn order(story: &Story, setup: &TenantSetup) -> Json<'static> {
    let order = &story.order;
    let Json::Object(said) = sent(order) else { return Json::Null };
    let mut members: Members<'static> = vec![(Cow::Borrowed("_id"), Json::from(order.id.to_hex24(order.created_at)))];
    let mut said = said;
    let mut take = |name: &str| said.iter().position(|(known, _)| known == name).map(|at| said.remove(at).1);
    members.push((Cow::Borrowed("orderNumber"), take("orderNumber").unwrap_or(Json::Null)));
    for name in &kept::CANONICAL[1..7] {
        members.push((Cow::Borrowed(name), take(name).unwrap_or(Json::Null)));
    }
    members.push((Cow::Borrowed("_client"), words(setup.tenant.id.as_str())));
    for name in ["_externalReferenceId", "_courierContract"] {
        put(&mut members, name, take(name));
    }
    members.push((Cow::Borrowed("tags"), take("tags").unwrap_or(Json::List(Vec::new()))));
    for name in ["seller", "store"] {
        put(&mut members, name, take(name));
    }
    members.push((Cow::Borrowed("status"), words(statuses::order_word(order.standing))));
    put(&mut members, "addressValidationStatus", take("addressValidationStatus"));
    put(&mut members, kept::PROPOSAL, proposal(order));
    let synced = story.tracking.iter().map(|event| event.received_at).max();
    members.push((Cow::Borrowed("lastSyncProvider"), synced.map_or(Json::Null, |at| Json::from(iso(at)))));
    let shipment = take("shipment").unwrap_or(Json::Object(Vec::new()));
    members.push((Cow::Borrowed("shipment"), shipped(story, shipment)));
    members.extend(said);
    Json::Object(members)
}

/// The better address, while the one of the order is PROPOSED.
fn proposal(order: &Order) -> Option<Json<'static>> {
    let check = order.address_check().filter(|_| order.address_status() == AddressStatus::Proposed)?;
    check.finding.as_ref()?.proposal.as_ref().map(party)
}

/// The nested object with what has become of its boxes.
fn shipped(story: &Story, shipment: Json<'static>) -> Json<'static> {
    let Json::Object(mut members) = shipment else { return shipment };
    let Some(boxes) = OrderBox::of(&story.order, &story.shipments) else { return Json::Object(members) };
    let said = members.iter().position(|(name, _)| name == "boxes").map(|at| members.remove(at).1);
    let said = if let Some(Json::List(list)) = said { list } else { Vec::new() };
    let shown = boxes.iter().map(|one| {
        let said = one.planned.and_then(|_| said.get(one.position as usize - 1).cloned());
        shown_box(story, one, said)
    });
    put(&mut members, "boxes", Some(Json::List(shown.collect())));
    Json::Object(members)
}

fn shown_box(story: &Story, one: &OrderBox<'_>, said: Option<Json<'static>>) -> Json<'static> {
    let mut members = if let Some(Json::Object(members)) = said { members } else { Vec::new() };
    // Ours, whatever a client sent: webhooks and documents name the box by it.
    members.retain(|(name, _)| name != "_id");
    let id = Json::from(box_id(story.order.id, story.order.created_at, one.position));
    members.insert(0, (Cow::Borrowed("_id"), id));
    if one.planned.is_none()
        && let Some((_, parcel)) = one.parcel
    {
        put(&mut members, "weight", Some(parcel.parcel.weight.kilograms().into()));
    }
    let booked = one.booked();
    let label = booked.and_then(|(_, parcel)| story.labels.iter().find(|label| label.parcel == Some(parcel.id)));
    let label = label.map(|label| Json::from(label.id.to_hex24(label.created_at)));
    put(&mut members, "_downloadableId", Some(label.unwrap_or(Json::Null)));
    let number = booked.and_then(|(_, parcel)| parcel.tracking_number.as_deref());
    let tracking = object(vec![
        ("status", words(statuses::box_word(one.tracking()))),
        ("trackId", number.map_or(Json::Null, words)),
        ("error", one.failure().map_or(Json::Null, Json::from)),
    ]);
    put(&mut members, "tracking", Some(tracking));
    Json::Object(members)
}

/// The fields of an order that a query asks for; `_id` is always among them unless it is left out by name.
pub fn projected(order: Json<'static>, fields: &[(String, bool)]) -> Json<'static> {
    let takes_in = fields.iter().any(|(_, is_shown)| *is_shown);
    let mut order = order;
    if !takes_in {
        for (name, _) in fields {
            leave_out(&mut order, &name.split('.').collect::<Vec<_>>());
        }
        return order;
    }
    let mut paths: Vec<Vec<&str>> =
        fields.iter().filter(|(_, is_shown)| *is_shown).map(|(name, _)| name.split('.').collect()).collect();
    if !fields.iter().any(|(name, is_shown)| name == "_id" && !is_shown) {
        paths.push(vec!["_id"]);
    }
    only(order, &paths)
}

fn leave_out(value: &mut Json<'static>, path: &[&str]) {
    match (value, path) {
        (Json::List(list), path) => list.iter_mut().for_each(|value| leave_out(value, path)),
        (value @ Json::Object(_), [name]) => drop(value.remove(name)),
        (value, [name, rest @ ..]) => {
            if let Some(below) = value.get_mut(name) {
                leave_out(below, rest);
            }
        }
        _ => {}
    }
}

fn only(value: Json<'static>, paths: &[Vec<&str>]) -> Json<'static> {
    match value {
        Json::List(list) => Json::List(list.into_iter().map(|value| only(value, paths)).collect()),
        Json::Object(members) => {
            let kept = members.into_iter().filter_map(|(name, value)| {
                let below: Vec<Vec<&str>> = paths
                    .iter()
                    .filter(|path| path.first() == Some(&name.as_ref()))
                    .map(|path| path[1..].to_vec())
                    .collect();
                let is_whole = below.iter().any(Vec::is_empty);
                match (below.is_empty(), is_whole) {
                    (true, _) => None,
                    (false, true) => Some((name, value)),
                    (false, false) => Some((name, only(value, &below))),
                }
            });
            Json::Object(kept.collect())
        }
        other => other,
    }
}

/// A list of what a query chose.
pub fn list<F>(
    name: &'static str,
    shown: Vec<Json<'static>>,
    asked: &fields::Asked<F>,
    has_more: bool,
) -> Json<'static> {
    // Nothing is counted that is not shown, so only the last part knows.
    let is_last = !has_more && (asked.skip == 0 || !shown.is_empty());
    let total = is_last.then(|| asked.skip + shown.len() as u64);
    object(vec![
        (name, Json::List(shown)),
        ("skip", Json::from(asked.skip)),
        ("limit", Json::from(asked.limit as u64)),
        ("total", total.map_or(Json::Null, Json::from)),
        ("hasMore", Json::from(has_more)),
    ])
}

/// A document that a query chose, and where its bytes are.
pub fn document(found: &FoundDocument, setup: &TenantSetup, link: String) -> Json<'static> {
    let FoundDocument { document, order, .. } = found;
    let (kind, directory) = statuses::document_words(document.kind);
    let text = |text: Option<&str>| text.map_or(Json::Null, words);
    let details = order.as_ref().map(|order| &order.details);
    let tags = details.and_then(|details| details.tags.as_ref()).into_iter().flatten();
    let tags = tags.map(|tag| words(tag)).collect();
    let group = found.group_values().into_iter().map(words).collect();
    let batch = found.batch_number().map(|number| Json::from(number.to_string()));
    let order_id = order.as_ref().map(|order| Json::from(order.id.to_hex24(order.created_at)));
    let tenant = words(setup.tenant.id.as_str());
    object(vec![
        ("_id", Json::from(document.id.to_hex24(document.created_at))),
        ("grouped", Json::Bool(found.is_grouped())),
        ("extensionType", words(document.format.extension())),
        ("directory", words(directory)),
        ("filename", Json::from(found.file_name())),
        ("type", words(kind)),
        ("url", Json::from(link)),
        ("tags", Json::List(tags)),
        ("createdAt", Json::from(iso(document.created_at))),
        ("createdBy", object(vec![("name", tenant.clone()), ("_idUser", tenant)])),
        (
            "metadata",
            object(vec![
                ("groupValues", Json::List(group)),
                ("_batchId", batch.unwrap_or(Json::Null)),
                ("_boxId", found.box_id().map_or(Json::Null, Json::from)),
                ("_externalBoxId", text(found.external_box())),
                ("_orderId", order_id.unwrap_or(Json::Null)),
                ("orderNumber", text(details.and_then(|details| details.number.as_deref()))),
            ]),
        ),
    ])
}
