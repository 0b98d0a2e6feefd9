//! An order as this dialect's clients send it → the canonical order. Creating reads every field, editing those that came.

use app::tenants::TenantSetup;
use domain::address::Address;
use domain::channel::Dialect;
use domain::measure::{LengthUnit, Measurement, Quantity, SentDimensions, WeightUnit};
use domain::money::{Decimal, Money};
use domain::order::{DeliveryWish, LineItem, Order, OrderDetails, RawJson};
use domain::routing::RuleAction;
use domain::time::{SentTime, Timestamp};

use super::LENIENCY;
use super::encode;
use super::error::{Kind, Refusal};
use super::kept::{ItemRest, Kept, Package, SecondLine, Window};
use crate::json::Json;
use crate::json::fields::{
    Fault, Fields, Flaw, Node, Notes, Step, choice, decimal, free_object, integer, not_negative, positive, text,
};

/// Characters of an external id.
pub const LONGEST_ID: usize = 100;
/// Characters of instructions.
const LONGEST_INSTRUCTIONS: usize = 10_000;
/// Characters of a text for which no document names a limit.
const LONGEST_TEXT: usize = 10_000;
/// Items of an order.
const MOST_ITEMS: usize = 100;
/// Boxes of an order; no document names a limit.
const MOST_BOXES: i64 = 50;
/// The last millisecond that is a time here: the end of the year 9999.
const LAST_MILLISECOND: i64 = 253_402_300_799_999;

/// `size.unit`.
pub const LENGTH_UNITS: &[(&str, LengthUnit)] = &[
    ("in", LengthUnit::In),
    ("ft", LengthUnit::Ft),
    ("yd", LengthUnit::Yd),
    ("cm", LengthUnit::Cm),
    ("mm", LengthUnit::Mm),
    ("m", LengthUnit::M),
];

/// `weight.unit`.
pub const WEIGHT_UNITS: &[(&str, WeightUnit)] = &[
    ("lb", WeightUnit::Lbs),
    ("lbs", WeightUnit::Lbs),
    ("oz", WeightUnit::Oz),
    ("kg", WeightUnit::Kg),
    ("g", WeightUnit::G),
];

/// Every field of a request; an edit must have one of them.
pub const FIELDS: &[&str] = &[
    "locationExternalId",
    "orderExternalId",
    "orderValue",
    "deliveryContact",
    "deliveryAddress",
    "package",
    "packages",
    "itemList",
    "pickupTime",
    "deliveryTime",
    "signature",
    "deliveryInstructions",
    "pickupInstructions",
    "groupId",
    "locale",
    "createdDate",
    "orderAttributes",
    "proposedProviders",
];

/// Reads the body of a request to create.
pub fn create(body: &Json<'_>, setup: &TenantSetup) -> Result<OrderDetails, Refusal> {
    let (details, flaws) = lay(OrderDetails::default(), body, setup, true);
    refuse(&flaws, body, Kind::ValidationError)?;
    located(details, setup)
}

/// Reads the body of a request for rates of one location, which needs no id of an order.
pub fn for_rates(body: &Json<'_>, setup: &TenantSetup) -> Result<OrderDetails, Refusal> {
    let (details, mut flaws) = lay(OrderDetails::default(), body, setup, true);
    let is_named = |flaw: &Flaw| matches!(flaw.path.first(), Some(Step::Key(name)) if name != "orderExternalId" && name != "deliveryContact");
    flaws.retain(is_named);
    refuse(&flaws, body, Kind::ValidationError)?;
    located(details, setup)
}

/// Lays the body of a request to edit over an order. A contact and an address are laid over field by field, everything
/// else is replaced.
pub fn edit(order: &Order, body: &Json<'_>, setup: &TenantSetup, is_dispatched: bool) -> Result<OrderDetails, Refusal> {
    let mut whole = body.clone();
    let shown = [("deliveryContact", encode::contact(order)), ("deliveryAddress", encode::address(order))];
    for (name, mut shown) in shown {
        if let Some(change) = whole.get_mut(name).filter(|change| matches!(change, Json::Object(_))) {
            shown.merge(change.clone());
            *change = shown;
        }
    }
    let (details, flaws) = lay(order.details.clone(), &whole, setup, false);
    refuse(&flaws, &whole, Kind::InvalidData)?;
    if is_dispatched && Kept::in_details(&details).packages != Kept::in_details(&order.details).packages {
        return Err(Refusal::package_is_fixed());
    }
    located(details, setup)
}

fn refuse(flaws: &[Flaw], body: &Json<'_>, of_values: Kind) -> Result<(), Refusal> {
    Refusal::of(flaws, body, of_values, Kind::ValidationError).map_or(Ok(()), Err)
}

/// A location that nobody knows is told apart from bad values, after them.
fn located(details: OrderDetails, setup: &TenantSetup) -> Result<OrderDetails, Refusal> {
    match &Kept::in_details(&details).location {
        Some(name) if setup.location(Dialect::DeliverySolutions, name).is_none() => {
            Err(Refusal::no_such_location(name))
        }
        _ => Ok(details),
    }
}

/// Reads the fields that came over what an order says already, and everything wrong with them.
fn lay(base: OrderDetails, body: &Json<'_>, setup: &TenantSetup, is_new: bool) -> (OrderDetails, Vec<Flaw>) {
    let notes = Notes::new(LENIENCY);
    let mut details = base;
    let mut kept = Kept::in_details(&details);
    if let Some(fields) = notes.root(body).fields() {
        let reader = Reader { fields, setup, is_new };
        reader.head(&mut details, &mut kept);
        reader.recipient(&mut details, &mut kept);
        reader.goods(&mut details, &mut kept);
        reader.wishes(&mut details, &mut kept);
        kept.keep_in(&mut details);
    }
    (details, notes.flaws())
}

/// The fields of one request.
struct Reader<'n> {
    fields: Fields<'n>,
    setup: &'n TenantSetup,
    is_new: bool,
}

impl Reader<'_> {
    /// Whether a field is to be read: all of them when the order is new, else those that came.
    fn reads(&self, name: &str) -> bool {
        self.is_new || self.fields.get(name).is_some()
    }

    fn head(&self, details: &mut OrderDetails, kept: &mut Kept) {
        let fields = &self.fields;
        if self.reads("orderExternalId") {
            details.external_id = fields.needed("orderExternalId", text(1, LONGEST_ID));
        }
        if self.reads("locationExternalId") {
            kept.location = fields.needed("locationExternalId", text(1, LONGEST_ID));
            let known = kept.location.as_deref().and_then(|name| self.setup.location(Dialect::DeliverySolutions, name));
            details.ship_from = known.map(|location| location.external_id.clone());
        }
        if self.reads("orderValue") {
            let currency = details.payment.total.map_or(self.setup.tenant.currency, |total| total.currency);
            let value = fields.needed("orderValue", not_negative);
            details.payment.total = value.map(|value| Money::new(value, currency));
        }
        if self.reads("createdDate") {
            let at = fields.optional("createdDate", moment).and_then(|at| Timestamp::from_millisecond(at).ok());
            details.placed_at = at.map(SentTime::utc);
        }
    }

    fn recipient(&self, details: &mut OrderDetails, kept: &mut Kept) {
        let mut address = details.shipping_address.take().unwrap_or_default();
        if self.reads("deliveryContact") {
            self.fields.needed("deliveryContact", |node| {
                let fields = node.fields()?;
                address.name = fields.needed("name", text(1, LONGEST_TEXT));
                address.phone = fields.optional("phone", text(0, 100));
                address.email = fields.optional("email", text(0, 320));
                Some(())
            });
        }
        if self.reads("deliveryAddress") {
            self.fields.needed("deliveryAddress", |node| street(node, &mut address, kept));
        }
        details.shipping_address = Some(address);
    }

    fn goods(&self, details: &mut OrderDetails, kept: &mut Kept) {
        let fields = &self.fields;
        if fields.get("packages").is_some() {
            kept.packages =
                fields.optional("packages", |node| node.list(MOST_BOXES as usize, package)).unwrap_or_default();
            let boxes: i64 = kept.packages.iter().map(|package| package.quantity.unwrap_or(1)).sum();
            if boxes > MOST_BOXES {
                fields.fault::<()>("packages", Fault::TooMany(MOST_BOXES as usize, boxes as usize));
            }
            measure(details, kept);
        } else if self.reads("package") {
            kept.packages = fields.optional("package", package).into_iter().collect();
            measure(details, kept);
        }
        if self.reads("itemList") {
            let currency = self.setup.tenant.currency;
            let read = fields.optional("itemList", |node| node.list(MOST_ITEMS, |node| item(node, currency)));
            (details.items, kept.items) = read.unwrap_or_default().into_iter().unzip();
        }
    }

    fn wishes(&self, details: &mut OrderDetails, kept: &mut Kept) {
        let fields = &self.fields;
        let words = |name: &str, most| fields.optional(name, text(0, most));
        if self.reads("pickupTime") {
            kept.pickup = fields.optional("pickupTime", window);
        }
        if self.reads("deliveryTime") {
            kept.delivery = fields.optional("deliveryTime", window);
        }
        if self.reads("signature") {
            kept.signature = words("signature", 100);
        }
        if self.reads("deliveryInstructions") {
            details.notes = words("deliveryInstructions", LONGEST_INSTRUCTIONS);
        }
        if self.reads("pickupInstructions") {
            kept.pickup_instructions = words("pickupInstructions", LONGEST_INSTRUCTIONS);
        }
        if self.reads("groupId") {
            kept.group_id = words("groupId", LONGEST_ID);
        }
        if self.reads("locale") {
            kept.locale = words("locale", 50);
            details.language.clone_from(&kept.locale);
        }
        if self.reads("orderAttributes") {
            kept.attributes = fields.optional("orderAttributes", free_object);
        }
        if self.reads("proposedProviders") {
            let proposed = fields.optional("proposedProviders", |node| node.list(100, provider)).unwrap_or_default();
            kept.proposed_providers = proposed_as_sent(&proposed);
            details.routing = routing(&proposed, self.setup);
        }
    }
}

/// The one box's measures are the order's, for whoever ships it from another dialect.
fn measure(details: &mut OrderDetails, kept: &Kept) {
    let measurement = match kept.packages.as_slice() {
        [one] if one.quantity.unwrap_or(1) == 1 => {
            Some(Measurement { dimensions: one.size, weight: one.weight, volume: None })
        }
        _ => None,
    };
    match (&mut details.delivery, measurement) {
        (Some(delivery), measurement) => delivery.measurement = measurement,
        (delivery @ None, Some(measurement)) => {
            *delivery = Some(DeliveryWish { measurement: Some(measurement), ..DeliveryWish::default() });
        }
        (None, None) => {}
    }
}

/// An address of `street1`, `city` and so on; its coordinates and the parts of its second line are kept beside it.
pub(super) fn street(node: Node<'_>, address: &mut Address, kept: &mut Kept) -> Option<()> {
    let fields = node.fields()?;
    address.street1 = fields.needed("street1", text(1, LONGEST_TEXT));
    address.house_number = None;
    let second = SecondLine {
        street2: fields.optional("street2", text(0, LONGEST_TEXT)).unwrap_or_default(),
        apartment: fields.optional("apartmentNumber", text(0, LONGEST_TEXT)).unwrap_or_default(),
    };
    address.street2 = second.line();
    kept.second_line = (second != SecondLine::default()).then_some(second);
    address.city = fields.needed("city", text(1, LONGEST_TEXT));
    address.postal_code = fields.needed("postalCode", text(1, 100));
    let country = fields.optional("countryCode", country).unwrap_or_else(|| "US".to_owned());
    // States have two letters where the published clients ship; other countries may have none.
    address.state = if ["US", "CA"].contains(&country.as_str()) {
        fields.needed("state", text(2, 2))
    } else {
        fields.optional("state", text(0, LONGEST_TEXT))
    };
    address.country = Some(country);
    let degrees = |name: &str, most: i64| {
        fields.optional(name, |node| {
            let degrees = decimal(node)?;
            match degrees.abs() > Decimal::from(most) {
                true if degrees.is_sign_negative() => node.fault(Fault::BelowLeast(-most)),
                true => node.fault(Fault::AboveMost(most)),
                false => Some(degrees),
            }
        })
    };
    kept.position = degrees("latitude", 90).zip(degrees("longitude", 180));
    Some(())
}

fn country(node: Node<'_>) -> Option<String> {
    let code = text(2, 2)(node)?;
    let is_code = code.bytes().all(|byte| byte.is_ascii_alphabetic());
    let unfit = || Fault::Other("Input should be an ISO 3166-1 code of two letters".to_owned());
    if is_code { Some(code.to_ascii_uppercase()) } else { node.fault(unfit()) }
}

/// Milliseconds since 1970.
fn moment(node: Node<'_>) -> Option<i64> {
    integer(0, LAST_MILLISECOND)(node)
}

/// `{startsAt, endsAt}`; either may be missing or null.
pub fn window(node: Node<'_>) -> Option<Window> {
    let fields = node.fields()?;
    let window = Window { starts_at: fields.optional("startsAt", moment), ends_at: fields.optional("endsAt", moment) };
    if let (Some(starts), Some(ends)) = (window.starts_at, window.ends_at)
        && ends < starts
    {
        return fields.fault("endsAt", Fault::BelowLeast(starts));
    }
    Some(window)
}

fn size(node: Node<'_>) -> Option<SentDimensions> {
    let fields = node.fields()?;
    let side = |name: &str| fields.needed(name, not_negative);
    let (length, width, height) = (side("length"), side("width"), side("height"));
    let unit = fields.optional("unit", choice(LENGTH_UNITS)).unwrap_or(LengthUnit::In);
    let size = SentDimensions { length: length?, width: width?, height: height?, unit };
    let too_large = Fault::Other("Input should be a size that a box can have".to_owned());
    if size.to_dimensions().is_some() { Some(size) } else { node.fault(too_large) }
}

fn weight(node: Node<'_>) -> Option<Quantity<WeightUnit>> {
    let fields = node.fields()?;
    let value = fields.needed("value", positive);
    let unit = fields.optional("unit", choice(WEIGHT_UNITS)).unwrap_or(WeightUnit::Lbs);
    let weight = Quantity { value: value?, unit };
    let too_heavy = Fault::Other("Input should be a weight that a box can have".to_owned());
    if weight.to_weight().is_some() { Some(weight) } else { node.fault(too_heavy) }
}

fn package(node: Node<'_>) -> Option<Package> {
    let fields = node.fields()?;
    let words = |name: &str, most| fields.optional(name, text(0, most));
    Some(Package {
        name: words("name", LONGEST_ID),
        size: fields.optional("size", size),
        weight: fields.optional("weight", weight),
        item_quantity: fields.optional("itemQuantity", integer(1, 1_000_000)),
        quantity: fields.optional("quantity", integer(1, MOST_BOXES)),
        description: words("description", LONGEST_TEXT),
        temperature_control: words("temperatureControl", LONGEST_ID),
        barcode: words("barcode", LONGEST_ID),
        content: fields.optional("content", |node| node.list(100, text(0, LONGEST_ID))),
    })
}

fn item(node: Node<'_>, currency: domain::money::Currency) -> Option<(LineItem, ItemRest)> {
    let fields = node.fields()?;
    let words = |name: &str| fields.optional(name, text(0, LONGEST_TEXT));
    let price = |name: &str| fields.optional(name, not_negative);
    let (sku, title) = (words("sku"), words("title"));
    let (dimensions, weight) = (fields.optional("size", size), fields.optional("weight", weight));
    let measurement =
        (dimensions.is_some() || weight.is_some()).then_some(Measurement { dimensions, weight, volume: None });
    let item = LineItem {
        name: title.clone().or_else(|| sku.clone()).unwrap_or_default(),
        sku,
        image_url: words("image"),
        quantity: u64::try_from(fields.optional("quantity", integer(1, 1_000_000_000)).unwrap_or(1)).unwrap_or(1),
        unit_price: price("price").map(|price| Money::new(price, currency)),
        measurement,
        ..LineItem::default()
    };
    Some((item, ItemRest { title, sale_price: price("salePrice") }))
}

/// A provider that may take the order, with the services it may use; any of them when none is named.
struct Proposed {
    name: String,
    services: Vec<String>,
}

fn provider(node: Node<'_>) -> Option<Proposed> {
    let fields = node.fields()?;
    let service = |node: Node<'_>| node.fields()?.needed("id", text(1, LONGEST_ID));
    let services = fields.optional("services", |node| node.list(100, service)).unwrap_or_default();
    Some(Proposed { name: fields.needed("name", text(1, LONGEST_ID))?, services })
}

fn proposed_as_sent(proposed: &[Proposed]) -> Option<RawJson> {
    let entry = |one: &Proposed| {
        let services: Vec<_> = one.services.iter().map(|id| serde_json::json!({ "id": id })).collect();
        serde_json::json!({ "name": one.name, "services": services })
    };
    let list: Vec<_> = proposed.iter().map(entry).collect();
    RawJson::new(serde_json::Value::from(list).to_string()).filter(|_| !proposed.is_empty())
}

/// The accounts behind the names: by alias or id, else all of the carrier that is called so. A name that nothing has
/// stands for itself and lets nothing through.
fn routing(proposed: &[Proposed], setup: &TenantSetup) -> Option<RuleAction> {
    let mut only = Vec::new();
    for one in proposed {
        let is_called = |account: &&app::tenants::Account| {
            let name = account.profile.map_or("", |profile| profile.name);
            account.account.carrier.eq_ignore_ascii_case(&one.name) || name.eq_ignore_ascii_case(&one.name)
        };
        let meant = setup.contract(Dialect::DeliverySolutions, &one.name);
        let mut accounts: Vec<_> = match meant {
            Some(account) => vec![account.account.id.clone()],
            None => setup.accounts.iter().filter(is_called).map(|account| account.account.id.clone()).collect(),
        };
        if accounts.is_empty() {
            accounts.push(one.name.clone());
        }
        for account in accounts {
            if one.services.is_empty() {
                only.push(account);
            } else {
                only.extend(one.services.iter().map(|service| format!("{account}:{service}")));
            }
        }
    }
    (!only.is_empty()).then(|| RuleAction { only: Some(only), ..RuleAction::default() })
}
