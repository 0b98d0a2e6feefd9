//! PATCH: the stored order as this wire shows it, the change laid over it, read again.
//!
//! Three orders meet: the one stored, the same one as the wire shows it, and the changed one. A field that the change
//! left as the wire shows it keeps what is stored; so times keep their zone and an order of another dialect keeps its
//! gaps.

use std::borrow::Cow;

use domain::order::{Order, OrderDetails};

use super::LENIENCY;
use super::decode::{self, DecodedOrder, Mode};
use super::encode;
use super::error::Errors;
use super::order::Trace;
use crate::json::fields::{Fault, Flaw, Notes, Step};
use crate::json::{self, Json};

/// Fields that only answers have.
const READ_ONLY: [&str; 3] = ["id", "created_at", "modified_at"];

/// The order after a change: objects are merged, lists replaced, items matched by `name`. Every problem is reported;
/// what was wrong before the change and was not touched by it is not.
pub fn patch(current: &Order, body: &[u8]) -> Result<OrderDetails, Errors> {
    let mut change = json::parse(body).map_err(|error| Errors::malformed(&error))?;
    if change == Json::List(Vec::new()) {
        change = Json::Object(Vec::new());
    }
    if !matches!(change, Json::Object(_)) {
        return Err(Errors::not_an_object());
    }
    let mut before = encode::order(current);
    for name in READ_ONLY {
        before.remove(name);
        change.remove(name);
    }
    rename_old_names(&mut before, &mut change);
    let mut after = before.clone();
    lay_items(&mut after, &mut change)?;
    after.merge(change);

    let (shown, flaws_before) = read(&before);
    let (mut changed, mut flaws) = read(&after);
    flaws.retain(|flaw| !(flaws_before.contains(flaw) && before.at(&flaw.path) == after.at(&flaw.path)));
    if let Some(errors) = Errors::of(&flaws) {
        return Err(errors);
    }
    if changed.details.external_id != shown.details.external_id {
        let order_id = changed.details.external_id.unwrap_or_default();
        return Err(Errors::order_id_cannot_change(None, &order_id));
    }
    if changed.integration != shown.integration {
        return Err(Errors::integration_cannot_change(None, changed.integration));
    }
    changed.details.ship_from.clone_from(&current.details.ship_from);
    changed.details.routing.clone_from(&current.details.routing);
    keep_unspoken(&mut changed.details, &current.details);
    let trace = Trace::in_details(&changed.details);
    changed.details.extra.clone_from(&current.details.extra);
    trace.keep_in(&mut changed.details);
    keep_untouched(&mut changed.details, &shown.details, &current.details);
    Ok(changed.details)
}

/// What this dialect has no words for stays as it is. An address that is another one was checked by nobody.
fn keep_unspoken(changed: &mut OrderDetails, current: &OrderDetails) {
    changed.custom_fields.clone_from(&current.custom_fields);
    changed.seller.clone_from(&current.seller);
    changed.store.clone_from(&current.store);
    changed.send_date = current.send_date;
    changed.sender.clone_from(&current.sender);
    changed.boxes.clone_from(&current.boxes);
    if changed.shipping_address == current.shipping_address {}
}

fn read(json: &Json<'_>) -> (DecodedOrder, Vec<Flaw>) {
    let notes = Notes::new(LENIENCY);
    let order = decode::order(notes.root(json), Mode::Patch, 0, &|_| true);
    let nothing = DecodedOrder { explicit_id: None, integration: 0, details: OrderDetails::default() };
    (order.unwrap_or(nothing), notes.flaws())
}

/// `order_date` is the old name of `order_created_at`; `phone` is what the specification of PATCH calls
/// `phone_number`. When both are sent, the one that differs from what is stored is meant.
fn rename_old_names<'a>(before: &mut Json<'a>, change: &mut Json<'a>) {
    for (parent, old, new) in
        [("order_details", "order_date", "order_created_at"), ("customer_details", "phone", "phone_number")]
    {
        let shown = before.get_mut(parent).and_then(|part| {
            part.remove(old);
            part.get(new).cloned()
        });
        let Some(part) = change.get_mut(parent) else {
            continue;
        };
        let Some(value) = part.remove(old) else {
            continue;
        };
        if part.get(new).is_none_or(|sent| Some(sent) == shown.as_ref()) {
            part.remove(new);
            if let Json::Object(members) = part {
                members.push((Cow::Borrowed(new), value));
            }
        }
    }
}

/// Takes the items out of the change and lays each over the stored item with its name; of several items with one name,
/// the first of the change means the first stored, and so on.
fn lay_items<'a>(order: &mut Json<'a>, change: &mut Json<'a>) -> Result<(), Errors> {
    let is_list = |json: &Json<'_>| matches!(json.get("order_items"), Some(Json::List(_)));
    let Some(details) = change.get_mut("order_details").filter(|details| is_list(details)) else {
        return Ok(());
    };
    let Some(Json::List(changes)) = details.remove("order_items") else {
        return Ok(());
    };
    let flaws: Vec<_> = changes.iter().enumerate().filter_map(|(index, item)| name_flaw(index, item)).collect();
    if let Some(errors) = Errors::of(&flaws) {
        return Err(errors);
    }
    let Some(Json::List(stored)) = order.get_mut("order_details").and_then(|details| details.get_mut("order_items"))
    else {
        return Err(Errors::no_item_to_patch());
    };
    let mut is_taken = vec![false; stored.len()];
    for change in changes {
        let name = change.get("name").and_then(Json::as_text);
        let at = (0..stored.len()).find(|&at| !is_taken[at] && stored[at].get("name").and_then(Json::as_text) == name);
        let Some(at) = at else {
            return Err(Errors::no_item_to_patch());
        };
        is_taken[at] = true;
        stored[at].merge(change);
    }
    Ok(())
}

/// What keeps an item of the change from being matched.
fn name_flaw(index: usize, item: &Json<'_>) -> Option<Flaw> {
    let (fault, step) = match (item, item.get("name")) {
        (Json::Object(_), Some(Json::Text(_))) => return None,
        (Json::Object(_), Some(_)) => (Fault::NotText, Some("name")),
        (Json::Object(_), None) => (Fault::Missing, Some("name")),
        _ => (Fault::NotObject, None),
    };
    let key = |name: &str| Step::Key(name.to_owned());
    let path =
        [key("order_details"), key("order_items"), Step::Index(index)].into_iter().chain(step.map(key)).collect();
    Some(Flaw { path, fault })
}

/// Gives each field that the change left as shown what is stored.
macro_rules! keep {
    ($changed:expr, $shown:expr, $stored:expr; $($field:ident),* $(,)?) => {
        $(if $changed.$field == $shown.$field {
            $changed.$field.clone_from(&$stored.$field);
        })*
    };
}

fn keep_untouched(changed: &mut OrderDetails, shown: &OrderDetails, stored: &OrderDetails) {
    let contacts = (&mut changed.customer, &shown.customer, &stored.customer);
    if let (Some(changed), Some(shown), Some(stored)) = contacts {
        keep!(changed, shown, stored; name, phone, email);
    }
    for (changed, shown, stored) in [
        (&mut changed.billing_address, &shown.billing_address, &stored.billing_address),
        (&mut changed.shipping_address, &shown.shipping_address, &stored.shipping_address),
    ] {
        if let (Some(changed), Some(shown), Some(stored)) = (changed, shown, stored) {
            keep!(changed, shown, stored; name, company, street1, house_number, street2, po_box, postal_code, city,
                state, country, phone, email);
        }
    }
    for ((changed, shown), stored) in changed.items.iter_mut().zip(&shown.items).zip(&stored.items) {
        keep!(changed, shown, stored; id, product_id, variant_id, name, description, sku, ean, image_url, quantity,
            unit_price, total_price, measurement, hs_code, origin_country, manufacturer_code, material, intended_use,
            hand_over_at, deliver_at, properties, dangerous_goods);
    }
    keep!(changed.payment, shown.payment, stored.payment; total, status, cash_on_delivery, subtotal,
        estimated_shipping, estimated_tax, invoice_date, discount, insurance, freight, other);
    keep!(changed, shown, stored; external_id, number, shop_status, placed_at, changed_at, notes, tags, customer,
        billing_address, shipping_address, delivery, service_point, customs);
}
