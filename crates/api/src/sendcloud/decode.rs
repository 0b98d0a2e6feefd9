//! An order as Sendcloud's clients send it → the canonical order.

use std::collections::BTreeMap;

use domain::address::{Address, Contact};
use domain::customs::{Customs, TaxNumber, TaxNumbers};
use domain::measure::{Measurement, Quantity, SentDimensions};
use domain::money::{Decimal, Money};
use domain::order::{Cost, DeliveryWish, LineItem, OrderDetails, Payment, ServicePointChoice, ServiceWish, ShopStatus};
use domain::time::SentTime;

use super::LENIENCY;
use super::error::Errors;
use super::order::{
    DANGEROUS_GOODS, EXPORT_TYPES, LARGEST_INTEGER, LENGTH_UNITS, LONGEST_ORDER_ID, LONGEST_ORDER_NUMBER, LONGEST_TEXT,
    MOST_ENTRIES, MOST_ITEMS, MOST_ORDERS, SHIPMENT_TYPES, SHIPPING_OPTION_CODE, Trace, VOLUME_UNITS, WEIGHT_UNITS,
    date_time,
};
use crate::json::fields::{
    Fault, Fields, Node, Notes, boolean, choice, currency, decimal, email, free_object, integer, not_negative, one_of,
    one_of_any_case, positive, text, url,
};
use crate::json::{self, Json};

/// One order of a POST.
#[derive(Clone, Debug, PartialEq)]
pub struct DecodedOrder {
    /// Our id as text, when the caller means exactly that stored order.
    pub explicit_id: Option<String>,
    /// The channel's number.
    pub integration: i64,
    /// Everything else.
    pub details: OrderDetails,
}

/// Whether an order is new or changed; a change may set a quantity to zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    Create,
    Patch,
}

/// Reads the body of `POST /orders`: a list of at most 100 orders, each in an integration that is known. The problems
/// of all orders are reported together.
pub fn orders(body: &[u8], is_known: &dyn Fn(i64) -> bool) -> Result<Vec<DecodedOrder>, Errors> {
    let json = json::parse(body).map_err(|error| Errors::malformed(&error))?;
    let Json::List(list) = &json else {
        return Err(Errors::not_a_list());
    };
    if list.len() > MOST_ORDERS {
        return Err(Errors::too_many_orders(MOST_ORDERS, list.len()));
    }
    let notes = Notes::new(LENIENCY);
    let orders = notes.root(&json).list(MOST_ORDERS, |node| order(node, Mode::Create, 1, is_known)).unwrap_or_default();
    Errors::of(&notes.flaws()).map_or(Ok(orders), Err)
}

/// Reads one order. `depth` is how many steps of the path lead to the order itself.
pub(super) fn order(node: Node<'_>, mode: Mode, depth: usize, is_known: &dyn Fn(i64) -> bool) -> Option<DecodedOrder> {
    let fields = node.fields()?;
    let explicit_id = match fields.get("id") {
        None | Some(Json::Null) => None,
        Some(_) => fields.optional("id", text(0, LONGEST_TEXT)),
    };
    let mut details = OrderDetails {
        external_id: fields.needed("order_id", text(1, LONGEST_ORDER_ID)),
        number: fields.needed("order_number", text(1, LONGEST_ORDER_NUMBER)),
        ..OrderDetails::default()
    };
    let integration = fields.needed("order_details", |node| {
        let fields = node.fields()?;
        let integration =
            fields.required("integration", |node| node.fields()?.needed("id", |node| integration(node, is_known)));
        details.shop_status = fields.needed("status", status);
        details.placed_at = placed_at(&fields);
        details.changed_at = fields.optional("order_updated_at", date_time);
        details.items = fields.required("order_items", |node| node.list(MOST_ITEMS, |node| item(node, mode)));
        details.notes = fields.optional("notes", text(0, LONGEST_TEXT));
        details.tags = fields.optional("tags", |node| node.list(MOST_ENTRIES, text(0, LONGEST_TEXT)));
        Some(integration)
    });
    details.payment = fields.required("payment_details", payment);
    details.customs = fields.optional("customs_details", customs);
    details.customer = fields.optional("customer_details", customer);
    details.billing_address = fields.optional("billing_address", address);
    details.shipping_address = fields.optional("shipping_address", address);
    details.delivery = fields.optional("shipping_details", delivery);
    details.service_point = fields.optional("service_point_details", service_point);
    let (nulls, empties) = node.take_remembered();
    Trace::of(&nulls, &empties, depth).keep_in(&mut details);
    Some(DecodedOrder { explicit_id, integration: integration.unwrap_or_default(), details })
}

fn integration(node: Node<'_>, is_known: &dyn Fn(i64) -> bool) -> Option<i64> {
    let number = integer(-LARGEST_INTEGER, LARGEST_INTEGER)(node)?;
    let unknown = || node.fault(Fault::Other(format!("Integration with id {number} does not exist")));
    if is_known(number) { Some(number) } else { unknown() }
}

/// `order_created_at`, or `order_date` as it was called before.
fn placed_at(fields: &Fields<'_>) -> Option<SentTime> {
    let is_sent = |name| fields.get(name).is_some_and(|json| *json != Json::Null);
    let name = if !is_sent("order_created_at") && is_sent("order_date") { "order_date" } else { "order_created_at" };
    fields.needed(name, date_time)
}

fn status(node: Node<'_>) -> Option<ShopStatus> {
    let fields = node.fields()?;
    Some(ShopStatus {
        code: fields.required("code", text(1, LONGEST_TEXT)),
        message: fields.optional("message", text(0, LONGEST_TEXT)),
    })
}

fn item(node: Node<'_>, mode: Mode) -> Option<LineItem> {
    let fields = node.fields()?;
    let words = |name| fields.optional(name, text(0, LONGEST_TEXT));
    let mut item = LineItem {
        id: words("item_id"),
        product_id: words("product_id"),
        variant_id: words("variant_id"),
        name: fields.required("name", text(0, LONGEST_TEXT)),
        description: words("description"),
        sku: words("sku"),
        ean: words("ean"),
        image_url: fields.optional("image_url", url),
        quantity: fields.required("quantity", |node| quantity(node, mode)),
        unit_price: fields.optional("unit_price", price),
        total_price: fields.needed("total_price", price),
        measurement: fields.optional("measurement", measurement),
        parcels: None,
        hs_code: words("hs_code"),
        origin_country: fields.optional("country_of_origin", text(2, 2)),
        manufacturer_code: words("mid_code"),
        material: words("material_content"),
        intended_use: words("intended_use"),
        hand_over_at: None,
        deliver_at: None,
        properties: fields.optional("properties", free_object),
        dangerous_goods: fields.optional("dangerous_goods", dangerous_goods),
    };
    fields.optional("delivery_dates", |node| {
        let fields = node.fields()?;
        item.hand_over_at = fields.optional("handover_at", date_time);
        item.deliver_at = fields.optional("deliver_at", date_time);
        if item.hand_over_at.is_none() && item.deliver_at.is_none() {
            node.remember();
        }
        Some(())
    });
    Some(item)
}

fn quantity(node: Node<'_>, mode: Mode) -> Option<u64> {
    let quantity = integer(i64::MIN, LARGEST_INTEGER)(node)?;
    match (u64::try_from(quantity), mode) {
        (Ok(0) | Err(_), Mode::Create) => node.fault(Fault::NotAbove(0)),
        (Ok(quantity), _) => Some(quantity),
        (Err(_), Mode::Patch) => node.fault(Fault::BelowLeast(0)),
    }
}

fn price(node: Node<'_>) -> Option<Money> {
    let fields = node.fields()?;
    let (amount, currency) = (fields.needed("value", decimal), fields.needed("currency", currency));
    Some(Money::new(amount?, currency?))
}

fn cost(node: Node<'_>) -> Option<Cost> {
    let fields = node.fields()?;
    Some(Cost { amount: fields.optional("value", decimal), currency: fields.optional("currency", currency) })
}

fn measurement(node: Node<'_>) -> Option<Measurement> {
    let fields = node.fields()?;
    Some(Measurement {
        dimensions: fields.optional("dimension", dimension),
        weight: fields.optional("weight", |node| {
            let fields = node.fields()?;
            let (value, unit) = (fields.needed("value", positive), fields.needed("unit", choice(WEIGHT_UNITS)));
            Some(Quantity { value: value?, unit: unit? })
        }),
        volume: fields.optional("volume", |node| {
            let fields = node.fields()?;
            let value = fields.needed("value", integer(0, LARGEST_INTEGER));
            let unit = fields.needed("unit", choice(VOLUME_UNITS));
            Some(Quantity { value: Decimal::from(value?), unit: unit? })
        }),
    })
}

pub(super) fn dimension(node: Node<'_>) -> Option<SentDimensions> {
    let fields = node.fields()?;
    let [length, width, height] = ["length", "width", "height"].map(|name| fields.needed(name, not_negative));
    let unit = fields.needed("unit", choice(LENGTH_UNITS));
    Some(SentDimensions { length: length?, width: width?, height: height?, unit: unit? })
}

fn dangerous_goods(node: Node<'_>) -> Option<BTreeMap<String, String>> {
    let fields = node.fields()?;
    let field = |&(name, words): &(&'static str, &'static [&'static str])| {
        let value = match words {
            [] => fields.optional(name, text(0, LONGEST_TEXT)),
            words => fields.needed(name, one_of_any_case(words)),
        };
        value.map(|value| (name.to_owned(), value))
    };
    Some(DANGEROUS_GOODS.iter().filter_map(field).collect())
}

fn payment(node: Node<'_>) -> Option<Payment> {
    let fields = node.fields()?;
    Some(Payment {
        total: fields.needed("total_price", price),
        status: fields.needed("status", status),
        cash_on_delivery: fields.optional("is_cash_on_delivery", boolean),
        subtotal: fields.optional("subtotal_price", price),
        estimated_shipping: fields.optional("estimated_shipping_price", price),
        estimated_tax: fields.optional("estimated_tax_price", price),
        invoice_date: fields.optional("invoice_date", text(0, LONGEST_TEXT)),
        discount: fields.optional("discount_granted", cost),
        insurance: fields.optional("insurance_costs", cost),
        freight: fields.optional("freight_costs", cost),
        other: fields.optional("other_costs", cost),
    })
}

fn customs(node: Node<'_>) -> Option<Customs> {
    let fields = node.fields()?;
    Some(Customs {
        invoice_number: fields.optional("commercial_invoice_number", text(0, LONGEST_TEXT)),
        shipment_type: fields.optional("shipment_type", one_of(SHIPMENT_TYPES)),
        export_type: fields.optional("export_type", one_of(EXPORT_TYPES)),
        tax_numbers: fields.optional("tax_numbers", |node| {
            let fields = node.fields()?;
            let list = |name| fields.optional(name, |node| node.list(MOST_ENTRIES, tax_number));
            Some(TaxNumbers {
                sender: list("sender"),
                receiver: list("receiver"),
                importer_of_record: list("importer_of_record"),
            })
        }),
    })
}

fn tax_number(node: Node<'_>) -> Option<TaxNumber> {
    let fields = node.fields()?;
    let words = |name| fields.optional(name, text(0, LONGEST_TEXT));
    Some(TaxNumber { name: words("name"), country_code: words("country_code"), value: words("value") })
}

fn customer(node: Node<'_>) -> Option<Contact> {
    let fields = node.fields()?;
    Some(Contact {
        name: fields.needed("name", text(0, LONGEST_TEXT)),
        phone: fields.optional("phone_number", text(0, LONGEST_TEXT)),
        email: fields.optional("email", text(0, LONGEST_TEXT)),
    })
}

fn address(node: Node<'_>) -> Option<Address> {
    let fields = node.fields()?;
    let needed = |name| fields.needed(name, text(1, LONGEST_TEXT));
    let words = |name| fields.optional(name, text(0, LONGEST_TEXT));
    Some(Address {
        name: needed("name"),
        company: words("company_name"),
        street1: needed("address_line_1"),
        house_number: words("house_number"),
        street2: words("address_line_2"),
        postal_code: needed("postal_code"),
        city: needed("city"),
        po_box: words("po_box"),
        state: words("state_province_code"),
        country: needed("country_code"),
        email: fields.optional("email", email),
        phone: words("phone_number"),
    })
}

fn delivery(node: Node<'_>) -> Option<DeliveryWish> {
    let fields = node.fields()?;
    Some(DeliveryWish {
        local_pickup: fields.optional("is_local_pickup", boolean),
        indicator: fields.optional("delivery_indicator", text(0, LONGEST_TEXT)),
        measurement: fields.optional("measurement", measurement),
        service: fields.optional("ship_with", ship_with),
    })
}

/// `ship_with`, in orders and in requests to ship.
pub(super) fn ship_with(node: Node<'_>) -> Option<ServiceWish> {
    let fields = node.fields()?;
    let wish = fields.needed("properties", |node| {
        let fields = node.fields()?;
        // PHP clients send an untouched object as `[]`; it then names no service. The specification wants the code
        // named, be it as null, so any other object without it is refused.
        if fields.get(SHIPPING_OPTION_CODE).is_none() && !fields.is_php_empty() {
            fields.fault::<()>(SHIPPING_OPTION_CODE, Fault::Missing);
        }
        Some(ServiceWish {
            code: fields.optional(SHIPPING_OPTION_CODE, text(0, LONGEST_TEXT)),
            contract: fields.optional("contract_id", integer(1, LARGEST_INTEGER)).map(|id| id.to_string()),
        })
    });
    fields.needed("type", one_of(&[SHIPPING_OPTION_CODE]));
    wish
}

fn service_point(node: Node<'_>) -> Option<ServicePointChoice> {
    let fields = node.fields()?;
    let words = |name| fields.optional(name, text(0, LONGEST_TEXT));
    let point = ServicePointChoice {
        id: words("id"),
        carrier_id: words("carrier_service_point_id"),
        post_number: words("post_number"),
        latitude: words("latitude"),
        longitude: words("longitude"),
        kind: words("type"),
        data: fields.optional("extra_data", free_object),
    };
    let is_named = |name| fields.get(name).is_some_and(|json| !matches!(json, Json::Null | Json::Text(_)));
    if point.id.is_none() && point.carrier_id.is_none() && !is_named("id") && !is_named("carrier_service_point_id") {
        fields.fault::<()>("id", Fault::Missing);
    }
    Some(point)
}
