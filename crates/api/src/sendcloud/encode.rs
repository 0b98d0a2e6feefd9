//! The canonical order → an order as Sendcloud's clients read it.
//!
//! What was sent is given back as sent: absent stays absent, null stays null, numbers keep their digits. For an order
//! that came through another dialect the fields that clients cannot do without are filled with the nearest thing we
//! know.

use domain::address::{Address, Contact};
use domain::customs::{Customs, TaxNumber};
use domain::measure::Measurement;
use domain::money::{Currency, Decimal, Money};
use domain::order::{Cost, DeliveryWish, LineItem, Order, OrderDetails, ServicePointChoice, ServiceWish, ShopStatus};
use domain::time::SentTime;

use super::order::{
    DANGEROUS_GOODS, LENGTH_UNITS, SHIPPING_OPTION_CODE, Trace, VOLUME_UNITS, WEIGHT_UNITS, moment, order_id,
    order_number, sent_moment, word,
};
use crate::json::{Json, Members, parse};

/// Stands where a client cannot read an order without a text and nobody sent one.
const NOTHING: &str = "-";
/// The same for a country: ISO 3166-1 leaves this code to users.
const NO_COUNTRY: &str = "ZZ";
/// The same for an order's status.
const OPEN: &str = "open";
/// The same for a payment's status.
const UNKNOWN: &str = "unknown";
/// The same for a currency.
const NO_CURRENCY: &str = "EUR";

/// An order as GET shows it.
pub fn order(order: &Order) -> Json<'_> {
    let details = &order.details;
    let trace = Trace::in_details(details);
    let currency = currency_of(details);
    let mut out = Object::new(Some(&trace));
    out.put("id", order.id.number().to_string());
    out.put("order_id", order_id(order));
    out.put("order_number", order_number(order));
    out.put("created_at", moment(order.created_at));
    out.put("modified_at", moment(order.modified_at));
    out.put("order_details", {
        let placed = details.placed_at.map_or_else(|| moment(order.created_at), sent_moment);
        let mut out = Object::new(out.below("order_details"));
        out.put("integration", object([("id", order.channel.0.into())]));
        out.put("status", status(details.shop_status.as_ref(), OPEN, out.below("status")));
        out.put("order_created_at", placed.clone());
        out.put("order_date", placed);
        out.maybe("order_updated_at", details.changed_at.map(sent_moment));
        let traces = out.below("order_items");
        let item = |(index, line)| item(line, currency, traces.and_then(|items| items.below(&format!("{index}"))));
        out.put("order_items", details.items.iter().enumerate().map(item).collect::<Vec<_>>());
        out.maybe("notes", details.notes.as_ref());
        out.maybe("tags", details.tags.as_ref().map(|tags| tags.iter().collect::<Vec<_>>()));
        out.done()
    });
    out.put("payment_details", payment(details, currency, out.below("payment_details")));
    let below = out.below("customs_details");
    out.maybe("customs_details", details.customs.as_ref().map(|part| customs(part, below)));
    let below = out.below("customer_details");
    out.maybe("customer_details", details.customer.as_ref().map(|part| customer(part, below)));
    let below = out.below("billing_address");
    out.maybe("billing_address", details.billing_address.as_ref().map(|part| address(part, details, below)));
    let below = out.below("shipping_address");
    out.maybe("shipping_address", details.shipping_address.as_ref().map(|part| address(part, details, below)));
    let below = out.below("shipping_details");
    out.maybe("shipping_details", details.delivery.as_ref().map(|part| delivery(part, below)));
    let below = out.below("service_point_details");
    out.maybe("service_point_details", details.service_point.as_ref().map(|part| service_point(part, below)));
    out.done()
}

/// An object being written.
struct Object<'a, 't> {
    members: Members<'a>,
    trace: Option<&'t Trace>,
}

impl<'a, 't> Object<'a, 't> {
    fn new(trace: Option<&'t Trace>) -> Self {
        Self { members: Vec::with_capacity(8), trace }
    }

    fn put(&mut self, name: &'static str, value: impl Into<Json<'a>>) {
        self.members.push((name.into(), value.into()));
    }

    /// Absent stays absent, null stays null.
    fn maybe(&mut self, name: &'static str, value: Option<impl Into<Json<'a>>>) {
        match value {
            Some(value) => self.put(name, value),
            None if self.trace.is_some_and(|trace| trace.is_null(name)) => self.put(name, Json::Null),
            None => {}
        }
    }

    fn below(&self, name: &str) -> Option<&'t Trace> {
        self.trace.and_then(|trace| trace.below(name))
    }

    fn done(self) -> Json<'a> {
        Json::Object(self.members)
    }
}

fn object<'a, const N: usize>(members: [(&'static str, Json<'a>); N]) -> Json<'a> {
    Json::Object(members.into_iter().map(|(name, value)| (name.into(), value)).collect())
}

/// The currency of an order's first price.
fn currency_of(details: &OrderDetails) -> &str {
    let items = details.items.iter().flat_map(|item| [&item.total_price, &item.unit_price]);
    let price = [&details.payment.total, &details.payment.subtotal].into_iter().chain(items).find_map(Option::as_ref);
    price.map_or(NO_CURRENCY, |price| price.currency.as_str())
}

fn price(money: &Money) -> Json<'_> {
    object([("value", money.amount.into()), ("currency", money.currency.as_str().into())])
}

fn status<'a>(status: Option<&'a ShopStatus>, fallback: &'a str, trace: Option<&Trace>) -> Json<'a> {
    let mut out = Object::new(trace);
    let code = status.map(|status| status.code.as_str()).filter(|code| !code.is_empty());
    out.put("code", code.unwrap_or(fallback));
    out.maybe("message", status.and_then(|status| status.message.as_ref()));
    out.done()
}

fn item<'a>(item: &'a LineItem, currency: &'a str, trace: Option<&Trace>) -> Json<'a> {
    let mut out = Object::new(trace);
    out.maybe("item_id", item.id.as_ref());
    out.maybe("product_id", item.product_id.as_ref());
    out.maybe("variant_id", item.variant_id.as_ref());
    out.maybe("image_url", item.image_url.as_ref());
    out.put("name", &item.name);
    out.maybe("description", item.description.as_ref());
    out.put("quantity", item.quantity);
    out.maybe("sku", item.sku.as_ref());
    out.maybe("hs_code", item.hs_code.as_ref());
    out.maybe("country_of_origin", item.origin_country.as_ref());
    out.maybe("properties", item.properties.as_ref().and_then(|raw| free(raw.as_str())));
    out.maybe("unit_price", item.unit_price.as_ref().map(price));
    out.put("total_price", item.total_price.as_ref().map_or_else(|| total(item, currency), price));
    let below = out.below("measurement");
    out.maybe("measurement", item.measurement.as_ref().map(|sent| measurement(sent, below)));
    out.maybe("ean", item.ean.as_ref());
    let below = out.below("delivery_dates");
    let has_dates = below.is_some() || item.hand_over_at.is_some() || item.deliver_at.is_some();
    out.maybe("delivery_dates", has_dates.then(|| delivery_dates(item.hand_over_at, item.deliver_at, below)));
    out.maybe("mid_code", item.manufacturer_code.as_ref());
    out.maybe("material_content", item.material.as_ref());
    out.maybe("intended_use", item.intended_use.as_ref());
    let below = out.below("dangerous_goods");
    out.maybe(
        "dangerous_goods",
        item.dangerous_goods.as_ref().map(|goods| {
            let mut out = Object::new(below);
            for (name, _) in DANGEROUS_GOODS {
                out.maybe(name, goods.get(*name));
            }
            out.done()
        }),
    );
    out.done()
}

/// The total of an item that nobody gave one: its unit price times its quantity, else zero.
fn total<'a>(item: &'a LineItem, currency: &'a str) -> Json<'a> {
    let product = item.unit_price.as_ref().and_then(|unit| {
        let amount = unit.amount.checked_mul(Decimal::from(item.quantity))?;
        Some(object([("value", amount.into()), ("currency", unit.currency.as_str().into())]))
    });
    product.unwrap_or_else(|| object([("value", Decimal::ZERO.into()), ("currency", currency.into())]))
}

fn delivery_dates<'a>(hand_over: Option<SentTime>, deliver: Option<SentTime>, trace: Option<&Trace>) -> Json<'a> {
    let mut out = Object::new(trace);
    out.maybe("handover_at", hand_over.map(sent_moment));
    out.maybe("deliver_at", deliver.map(sent_moment));
    out.done()
}

/// A free object; `None` for what is none.
fn free(raw: &str) -> Option<Json<'_>> {
    parse(raw.as_bytes()).ok().filter(|json| matches!(json, Json::Object(_)))
}

fn measurement<'a>(sent: &Measurement, trace: Option<&Trace>) -> Json<'a> {
    let mut out = Object::new(trace);
    out.maybe(
        "dimension",
        sent.dimensions.map(|sides| {
            object([
                ("length", sides.length.into()),
                ("width", sides.width.into()),
                ("height", sides.height.into()),
                ("unit", word(LENGTH_UNITS, &sides.unit).into()),
            ])
        }),
    );
    let weight = sent.weight.map(|weight| (weight.value, word(WEIGHT_UNITS, &weight.unit)));
    let volume = sent.volume.map(|volume| (volume.value, word(VOLUME_UNITS, &volume.unit)));
    for (name, quantity) in [("weight", weight), ("volume", volume)] {
        out.maybe(name, quantity.map(|(value, unit)| object([("value", value.into()), ("unit", unit.into())])));
    }
    out.done()
}

fn payment<'a>(details: &'a OrderDetails, currency: &'a str, trace: Option<&Trace>) -> Json<'a> {
    let payment = &details.payment;
    let mut out = Object::new(trace);
    out.put("total_price", payment.total.as_ref().map_or_else(|| order_total(details, currency), price));
    out.put("status", status(payment.status.as_ref(), UNKNOWN, out.below("status")));
    out.maybe("is_cash_on_delivery", payment.cash_on_delivery);
    out.maybe("subtotal_price", payment.subtotal.as_ref().map(price));
    out.maybe("estimated_shipping_price", payment.estimated_shipping.as_ref().map(price));
    out.maybe("estimated_tax_price", payment.estimated_tax.as_ref().map(price));
    out.maybe("invoice_date", payment.invoice_date.as_ref());
    for (name, cost) in [
        ("discount_granted", &payment.discount),
        ("insurance_costs", &payment.insurance),
        ("freight_costs", &payment.freight),
        ("other_costs", &payment.other),
    ] {
        let below = out.below(name);
        out.maybe(
            name,
            cost.as_ref().map(|cost: &Cost| {
                let mut out = Object::new(below);
                out.maybe("value", cost.amount);
                out.maybe("currency", cost.currency.as_ref().map(Currency::as_str));
                out.done()
            }),
        );
    }
    out.done()
}

/// The total of an order that nobody gave one: the sum of its items' totals in its currency.
fn order_total<'a>(details: &OrderDetails, currency: &'a str) -> Json<'a> {
    let of_item = |item: &LineItem| {
        let same = |money: &Money| money.currency.as_str() == currency;
        let unit = || item.unit_price.filter(same)?.amount.checked_mul(Decimal::from(item.quantity));
        item.total_price.filter(same).map(|total| total.amount).or_else(unit)
    };
    let sum = details.items.iter().filter_map(of_item).try_fold(Decimal::ZERO, Decimal::checked_add);
    object([("value", sum.unwrap_or(Decimal::ZERO).into()), ("currency", currency.into())])
}

fn customs<'a>(customs: &'a Customs, trace: Option<&Trace>) -> Json<'a> {
    let mut out = Object::new(trace);
    out.maybe("commercial_invoice_number", customs.invoice_number.as_ref());
    out.maybe("shipment_type", customs.shipment_type.as_ref());
    out.maybe("export_type", customs.export_type.as_ref());
    let below = out.below("tax_numbers");
    out.maybe(
        "tax_numbers",
        customs.tax_numbers.as_ref().map(|numbers| {
            let mut out = Object::new(below);
            for (name, list) in [
                ("sender", &numbers.sender),
                ("receiver", &numbers.receiver),
                ("importer_of_record", &numbers.importer_of_record),
            ] {
                // A real client needs all three lists.
                let traces = out.below(name);
                let entry =
                    |(index, number)| tax_number(number, traces.and_then(|list| list.below(&format!("{index}"))));
                out.put(name, list.iter().flatten().enumerate().map(entry).collect::<Vec<_>>());
            }
            out.done()
        }),
    );
    out.done()
}

fn tax_number<'a>(number: &'a TaxNumber, trace: Option<&Trace>) -> Json<'a> {
    let mut out = Object::new(trace);
    out.maybe("name", number.name.as_ref());
    out.maybe("country_code", number.country_code.as_ref());
    out.maybe("value", number.value.as_ref());
    out.done()
}

fn customer<'a>(customer: &'a Contact, trace: Option<&Trace>) -> Json<'a> {
    let mut out = Object::new(trace);
    out.put("name", customer.name.as_deref().unwrap_or(NOTHING));
    out.maybe("phone_number", customer.phone.as_ref());
    out.maybe("email", customer.email.as_ref());
    out.done()
}

fn address<'a>(address: &'a Address, details: &'a OrderDetails, trace: Option<&Trace>) -> Json<'a> {
    let first = |candidates: &[&'a Option<String>]| {
        candidates.iter().filter_map(|text| text.as_deref()).find(|text| !text.is_empty())
    };
    let customer = details.customer.as_ref().map_or(&None, |customer| &customer.name);
    let mut out = Object::new(trace);
    out.put("name", first(&[&address.name, &address.company, customer]).unwrap_or(NOTHING));
    out.maybe("company_name", address.company.as_ref());
    out.put("address_line_1", first(&[&address.street1, &address.street2, &address.po_box]).unwrap_or(NOTHING));
    out.maybe("house_number", address.house_number.as_ref());
    out.maybe("address_line_2", address.street2.as_ref());
    out.put("postal_code", first(&[&address.postal_code]).unwrap_or(NOTHING));
    out.put("city", first(&[&address.city]).unwrap_or(NOTHING));
    out.maybe("po_box", address.po_box.as_ref());
    out.maybe("state_province_code", address.state.as_ref());
    out.put("country_code", first(&[&address.country]).unwrap_or(NO_COUNTRY));
    out.maybe("email", address.email.as_ref());
    out.maybe("phone_number", address.phone.as_ref());
    out.done()
}

fn delivery<'a>(wish: &'a DeliveryWish, trace: Option<&Trace>) -> Json<'a> {
    let mut out = Object::new(trace);
    out.maybe("is_local_pickup", wish.local_pickup);
    out.maybe("delivery_indicator", wish.indicator.as_ref());
    let below = out.below("measurement");
    out.maybe("measurement", wish.measurement.as_ref().map(|sent| measurement(sent, below)));
    let below = out.below("ship_with").and_then(|trace| trace.below("properties"));
    out.maybe("ship_with", wish.service.as_ref().map(|wish| ship_with(wish, below)));
    out.done()
}

/// `ship_with`, in orders and in answers to requests to ship. A contract that is no number has no place on this wire.
pub(super) fn ship_with<'a>(wish: &'a ServiceWish, trace: Option<&Trace>) -> Json<'a> {
    let mut out = Object::new(trace);
    out.put(SHIPPING_OPTION_CODE, wish.code.as_ref().map_or(Json::Null, Json::from));
    out.maybe("contract_id", wish.contract.as_ref().and_then(|contract| contract.parse::<i64>().ok()));
    object([("type", SHIPPING_OPTION_CODE.into()), ("properties", out.done())])
}

fn service_point<'a>(point: &'a ServicePointChoice, trace: Option<&Trace>) -> Json<'a> {
    let mut out = Object::new(trace);
    out.maybe("id", point.id.as_ref());
    out.maybe("carrier_service_point_id", point.carrier_id.as_ref());
    out.maybe("post_number", point.post_number.as_ref());
    out.maybe("latitude", point.latitude.as_ref());
    out.maybe("longitude", point.longitude.as_ref());
    out.maybe("type", point.kind.as_ref());
    out.maybe("extra_data", point.data.as_ref().and_then(|raw| free(raw.as_str())));
    out.done()
}
