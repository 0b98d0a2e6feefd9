//! An order as this dialect's clients send it → the canonical order.

use app::standing::Said;
use domain::address::Address;
use domain::measure::{LengthUnit, Measurement, Quantity, SentDimensions, WeightUnit};
use domain::order::{CustomFields, DeliveryWish, Order, OrderDetails, PlannedBox, ServiceWish};
use domain::time::SentTime;

use super::envelope::Refusal;
use super::statuses;
use super::{LENIENCY, encode, kept};
use crate::json::Json;
use crate::json::fields::{Fault, Fields, Flaw, Node, Notes, boolean, choice, not_negative, text, time};

/// Characters of an id.
const LONGEST_ID: usize = 200;
/// Characters of a text for which nothing names a limit.
const LONGEST_TEXT: usize = 10_000;
/// Tags of an order.
const MOST_TAGS: usize = 1_000;
/// Boxes of an order.
pub const MOST_BOXES: usize = 200;

/// Reads the body of a request to create: the order, and where it stands if the client says so.
pub fn create(body: &Json<'_>) -> Result<(OrderDetails, Said), Refusal> {
    let (details, flaws) = lay(OrderDetails::default(), body, true);
    refuse(&flaws, body)?;
    Ok((details, said(body)?))
}

/// Lays the body of an update over an order: objects are laid over field by field, everything else is replaced. What the
/// update leaves as this dialect shows it stays as it is stored, so that an order of another dialect keeps its own words.
pub fn update(order: &Order, body: &Json<'_>) -> Result<OrderDetails, Refusal> {
    let before = encode::sent(order);
    let (mut whole, mut change) = (before.clone(), encode::owned(body));
    for name in kept::OURS {
        change.remove(name);
    }
    whole.merge(change);
    let (shown, flaws_before) = lay(order.details.clone(), &before, false);
    let (mut details, mut flaws) = lay(order.details.clone(), &whole, false);
    flaws.retain(|flaw| !(flaws_before.contains(flaw) && before.at(&flaw.path) == whole.at(&flaw.path)));
    refuse(&flaws, &whole)?;
    keep_untouched(&mut details, &shown, &order.details);
    Ok(details)
}

/// What is read as it was before the change stays what it is.
fn keep_untouched(changed: &mut OrderDetails, shown: &OrderDetails, stored: &OrderDetails) {
    macro_rules! keep {
        ($($field:ident),*) => {$(
            if changed.$field == shown.$field {
                changed.$field.clone_from(&stored.$field);
            }
        )*};
    }
    keep!(number, external_id, custom_fields, tags, seller, store, send_date, sender, boxes, delivery);
    keep!(shipping_address, extra);
    if let (Some(changed), Some(shown), Some(stored)) =
        (&mut changed.shipping_address, &shown.shipping_address, &stored.shipping_address)
    {
        // A street and its number in two fields are one here.
        if changed.street1 == shown.street1 {
            changed.street1.clone_from(&stored.street1);
            changed.house_number.clone_from(&stored.house_number);
        }
        changed.po_box.clone_from(&stored.po_box);
    }
}

/// Where a body says that the order and its address stand.
pub fn said(body: &Json<'_>) -> Result<Said, Refusal> {
    let notes = Notes::new(LENIENCY);
    let said = notes.root(body).fields().map(|fields| words_of(&fields)).unwrap_or_default();
    refuse(&notes.flaws(), body)?;
    Ok(said)
}

fn words_of(fields: &Fields<'_>) -> Said {
    Said {
        address: fields.optional("addressValidationStatus", choice(&statuses::ADDRESSES)),
        standing: fields.optional("status", choice(&statuses::ORDERS)),
    }
}

fn refuse(flaws: &[Flaw], body: &Json<'_>) -> Result<(), Refusal> {
    Refusal::of(flaws, body).map_or(Ok(()), Err)
}

fn lay(mut details: OrderDetails, body: &Json<'_>, is_new: bool) -> (OrderDetails, Vec<Flaw>) {
    let notes = Notes::new(LENIENCY);
    if let Some(fields) = notes.root(body).fields() {
        let words = |name: &str| filled(fields.optional(name, text(0, LONGEST_TEXT)));
        details.number = if is_new {
            fields.needed("orderNumber", text(1, LONGEST_ID))
        } else {
            fields.optional("orderNumber", text(1, LONGEST_ID))
        };
        details.custom_fields = custom_fields(&fields);
        details.external_id = fields.optional("_externalReferenceId", text(1, LONGEST_ID));
        details.tags = fields.optional("tags", |node| node.list(MOST_TAGS, text(0, LONGEST_TEXT)));
        details.seller = words("seller");
        details.store = words("store");
        words_of(&fields);
        contract(&mut details, filled(fields.optional("_courierContract", text(0, LONGEST_ID))));
        match fields.optional("shipment", shipment) {
            Some(shipment) => {
                details.send_date = shipment.send_date;
                details.sender = shipment.from;
                details.shipping_address = shipment.to;
                details.boxes = shipment.boxes;
            }
            None if fields.get("shipment").is_some() => {
                (details.send_date, details.sender) = (None, None);
                (details.shipping_address, details.boxes) = (None, None);
            }
            None => {}
        }
        kept::keep(&mut details, body);
    }
    (details, notes.flaws())
}

/// Empty text fills nothing.
fn filled(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}

fn contract(details: &mut OrderDetails, contract: Option<String>) {
    if contract.is_none() && details.delivery.as_ref().is_none_or(|delivery| delivery.service.is_none()) {
        return;
    }
    let delivery = details.delivery.get_or_insert_with(DeliveryWish::default);
    let service = delivery.service.get_or_insert_default();
    service.contract = contract;
    if *service == ServiceWish::default() {
        delivery.service = None;
    }
    if *delivery == DeliveryWish::default() {
        details.delivery = None;
    }
}

fn custom_fields(fields: &Fields<'_>) -> CustomFields {
    let mut read = CustomFields::default();
    for number in 1..=CustomFields::COUNT {
        read.set(number, fields.optional(&format!("customField{number}"), text(0, LONGEST_TEXT)));
    }
    read
}

/// What the nested object says in canonical words.
#[derive(Debug, Default, PartialEq)]
pub struct Shipment {
    /// `sendDate`.
    pub send_date: Option<SentTime>,
    /// `shipFrom`.
    pub from: Option<Address>,
    /// `shipTo`.
    pub to: Option<Address>,
    /// `boxes`.
    pub boxes: Option<Vec<PlannedBox>>,
}

/// Reads the nested object; what it says besides is kept as it was sent.
pub fn shipment(node: Node<'_>) -> Option<Shipment> {
    let fields = node.fields()?;
    Some(Shipment {
        send_date: fields.optional("sendDate", time),
        from: fields.optional("shipFrom", party),
        to: fields.optional("shipTo", party),
        boxes: fields.optional("boxes", |node| node.list(MOST_BOXES, planned_box)),
    })
}

fn party(node: Node<'_>) -> Option<Address> {
    let fields = node.fields()?;
    let words = |name: &str| filled(fields.optional(name, text(0, LONGEST_TEXT)));
    let mut address = Address {
        company: words("companyName"),
        name: words("name"),
        phone: words("phone"),
        email: words("email"),
        ..Address::default()
    };
    fields.optional("address", |node| {
        let fields = node.fields()?;
        let words = |name: &str| filled(fields.optional(name, text(0, LONGEST_TEXT)));
        address.street1 = words("street1");
        address.street2 = words("street2");
        address.city = words("city");
        address.state = words("state");
        address.postal_code = words("postalCode");
        address.country = words("country");
        Some(())
    });
    Some(address)
}

/// A box; weight in kilograms and sides in centimetres, since nothing says otherwise.
fn planned_box(node: Node<'_>) -> Option<PlannedBox> {
    let fields = node.fields()?;
    let number = |name: &str| fields.optional(name, not_negative);
    let weight = number("weight").map(|value| Quantity { value, unit: WeightUnit::Kg });
    if weight.is_some_and(|weight| !weight.value.is_zero() && weight.to_weight().is_none()) {
        fields.fault::<()>("weight", Fault::Other("Input should be a weight that a box can have, in kg".to_owned()));
    }
    let dimensions = match (number("length"), number("width"), number("height")) {
        (Some(length), Some(width), Some(height)) => {
            Some(SentDimensions { length, width, height, unit: LengthUnit::Cm })
        }
        _ => None,
    };
    if dimensions.is_some_and(|sides| sides.to_dimensions().is_none()) {
        fields.fault::<()>("length", Fault::Other("Input should be a size that a box can have, in cm".to_owned()));
    }
    let measurement =
        (weight.is_some() || dimensions.is_some()).then_some(Measurement { dimensions, weight, volume: None });
    Some(PlannedBox {
        external_id: filled(fields.optional("_externalBoxId", text(0, LONGEST_ID))),
        custom_fields: custom_fields(&fields),
        measurement,
        is_scanned: fields.optional("scanned", boolean),
        scanned_at: fields.optional("scanDate", time),
    })
}
