//! An order: what was bought, by whom, due where.
//!
//! The shop's own words (its status, its times, its numbers) are kept as sent and never overwritten by ours.

use std::collections::BTreeMap;

use rust_decimal::prelude::ToPrimitive;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::address::{Address, AddressCheck, AddressStatus, Contact};
use crate::channel::{ChannelNumber, Dialect};
use crate::connector::Goods;
use crate::customs::Customs;
use crate::ids::OrderId;
use crate::measure::Measurement;
use crate::money::{Currency, Decimal, Money};
use crate::parcel::Box as ParcelBox;
use crate::pieces::Pieces;
use crate::routing::RuleAction;
use crate::shares::divide_money;
use crate::shipment::{Shipment, ShipmentStatus};
use crate::stage::Stage;
use crate::time::{SentTime, Timestamp};
use crate::tracking::TrackingStatus;

/// JSON text kept as it came, digit for digit. Equal when the text is.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RawJson(pub Box<RawValue>);

impl RawJson {
    /// Wraps valid JSON text; `None` when it is not.
    pub fn new(text: String) -> Option<Self> {
        RawValue::from_string(text).ok().map(Self)
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        self.0.get()
    }
}

impl Eq for RawJson {}

impl PartialEq for RawJson {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

/// A stored order.
#[derive(Clone, Debug, PartialEq)]
pub struct Order {
    /// Our id.
    pub id: OrderId,
    /// Where it came from inside the tenant.
    pub channel: ChannelNumber,
    /// Raised by one at every change.
    pub version: u64,
    /// When we first stored it.
    pub created_at: Timestamp,
    /// When we last changed it.
    pub modified_at: Timestamp,
    /// When it was cancelled; from then on nothing ships it.
    pub cancelled_at: Option<Timestamp>,
    /// Where it stands: as we know it, or as a client said since that last changed.
    pub standing: Stage,
    /// What is known about its shipping address; see [`Self::address_check`].
    pub checked: Option<Box<AddressCheck>>,
    /// What was sent.
    pub details: OrderDetails,
}

impl Order {
    /// What is known about its shipping address, unless that has changed since.
    pub fn address_check(&self) -> Option<&AddressCheck> {
        self.checked.as_deref().filter(|check| check.is_about(self.details.shipping_address.as_ref()))
    }

    /// How its shipping address stands.
    pub fn address_status(&self) -> AddressStatus {
        self.address_check().map_or(AddressStatus::Unverified, AddressCheck::stands)
    }

    /// What is known about its shipping address once a client says how that stands.
    pub fn address_said(&self, status: AddressStatus, now: Timestamp) -> AddressCheck {
        let new = || AddressCheck::new(self.details.shipping_address.clone().unwrap_or_default(), now);
        AddressCheck { said: Some(status), ..self.address_check().cloned().unwrap_or_else(new) }
    }
}

/// What a shop says of an order.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct OrderDetails {
    /// The shop's own id; unique in its channel. An order without one goes by our id in every dialect.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    /// The number people quote.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    /// The shop's own status, free text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shop_status: Option<ShopStatus>,
    /// When it was placed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub placed_at: Option<SentTime>,
    /// When the shop last changed it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub changed_at: Option<SentTime>,
    /// What was bought.
    pub items: Vec<LineItem>,
    /// Free text for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notes: Option<String>,
    /// Free words; `None` when nobody sent any, which differs from an empty list.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tags: Option<Vec<String>>,
    /// Fields to which the tenant gives a meaning of its own.
    #[serde(skip_serializing_if = "CustomFields::is_empty")]
    pub custom_fields: CustomFields,
    /// Who sells the goods.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seller: Option<String>,
    /// The store that sold them, as the shop names it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub store: Option<String>,
    /// What is paid, and how far.
    pub payment: Payment,
    /// Who bought.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer: Option<Contact>,
    /// The language its buyer is spoken to in, a tag such as `de` or `de-AT`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// Whom the invoice goes to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub billing_address: Option<Address>,
    /// Where the goods go.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shipping_address: Option<Address>,
    /// How the goods should go.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delivery: Option<DeliveryWish>,
    /// When the goods should be handed to the carrier.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub send_date: Option<SentTime>,
    /// The location that should ship it, by external id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ship_from: Option<String>,
    /// The address it leaves from, when the shop names none of our locations.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sender: Option<Address>,
    /// The boxes it is packed in, in order; `None` when nobody said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub boxes: Option<Vec<PlannedBox>>,
    /// Which carriers may take it, before any rule of the tenant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub routing: Option<RuleAction>,
    /// The consumer's point of collection.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_point: Option<ServicePointChoice>,
    /// What customs wants to know.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customs: Option<Customs>,
    /// What a dialect can say and nothing above can hold, echoed to the same dialect only.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub extra: BTreeMap<Dialect, RawJson>,
}

/// Up to six texts to which a tenant gives a meaning of its own, numbered from 1.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CustomFields(BTreeMap<u8, String>);

impl CustomFields {
    /// How many there are.
    pub const COUNT: u8 = 6;

    /// Whether none holds anything.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// A field's text.
    pub fn get(&self, number: u8) -> Option<&str> {
        self.0.get(&number).map(String::as_str)
    }

    /// Fills or empties a field; a number that no field has is left alone.
    pub fn set(&mut self, number: u8, text: Option<String>) {
        match text {
            Some(text) if (1..=Self::COUNT).contains(&number) => drop(self.0.insert(number, text)),
            _ => drop(self.0.remove(&number)),
        }
    }
}

/// A box as the shop packs it, before anything is booked. Its place in the order is its parcel's position.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PlannedBox {
    /// The shop's own id of the box.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    /// Fields to which the tenant gives a meaning of its own.
    #[serde(skip_serializing_if = "CustomFields::is_empty")]
    pub custom_fields: CustomFields,
    /// Weight and size.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub measurement: Option<Measurement>,
    /// Whether the warehouse scanned it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_scanned: Option<bool>,
    /// When the warehouse scanned it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scanned_at: Option<SentTime>,
}

impl OrderDetails {
    /// The client's id of the carrier account that should ship it.
    pub fn contract(&self) -> Option<&str> {
        self.delivery.as_ref()?.service.as_ref()?.contract.as_deref()
    }

    /// What is inside these boxes: the lines they name, or the whole order when they name none.
    pub fn goods_in(&self, boxes: &[ParcelBox]) -> Goods {
        let named = || boxes.iter().flat_map(|parcel| &parcel.contents);
        let is_whole = named().next().is_none();
        let pieces = |line: usize, item: &LineItem| {
            if is_whole {
                item.quantity
            } else {
                named().filter(|content| content.line == line).map(|c| c.quantity).sum()
            }
        };
        let lines: Vec<_> = self.items.iter().enumerate().map(|(line, item)| (item, pieces(line, item))).collect();
        let lines: Vec<_> = lines.into_iter().filter(|(_, pieces)| *pieces > 0).collect();
        let value = if is_whole { self.payment.subtotal } else { None };
        let value = value.or_else(|| {
            let mut worth = lines.iter().map(|(item, pieces)| item.worth(*pieces));
            let first = worth.next()??;
            worth.try_fold(first, |sum, next| {
                let next = next.filter(|next| next.currency.is(sum.currency))?;
                Some(Money::new(sum.amount.checked_add(next.amount)?, sum.currency))
            })
        });
        let names = lines.into_iter().map(|(item, pieces)| (item.name.clone(), pieces)).collect();
        Goods { value, names, collect: None }
    }

    /// What a new shipment of these pieces collects on delivery, so that all shipments of the order together collect its
    /// total once: a part for each piece by what it is worth, and the rest with the last piece. Nothing, when the rest is
    /// collected by others already.
    pub fn collected(&self, pieces: &Pieces, shipments: &[Shipment]) -> Option<Money> {
        let total = self.payment.total.filter(|_| self.payment.cash_on_delivery == Some(true))?;
        let collected = shipments.iter().filter(|shipment| shipment.is_live()).map(|shipment| {
            match shipment.details.goods.collect {
                Some(collect) => collect.amount,
                // Whoever made it elsewhere was told to collect the order's total.
                None if shipment.is_from_elsewhere() => total.amount,
                None => Decimal::ZERO,
            }
        });
        let rest = total.amount.checked_sub(collected.sum())?;
        let left = Pieces::left(self, shipments);
        let is_last = (0..self.items.len()).all(|line| left.of_line(line) <= pieces.of_line(line));
        let amount = if is_last { rest } else { self.share_of(total, pieces)?.amount.min(rest) };
        (amount > Decimal::ZERO).then(|| Money::new(amount, total.currency))
    }

    /// The part of a sum that falls to these pieces, by what each is worth; by their number, when nobody says that.
    fn share_of(&self, sum: Money, pieces: &Pieces) -> Option<Money> {
        let worth = |item: &LineItem| {
            let of_all = item.worth(item.quantity)?.amount.checked_mul(Decimal::ONE_HUNDRED)?;
            of_all.checked_div(Decimal::from(item.quantity.max(1)))?.to_u64()
        };
        let each: Option<Vec<u64>> = self.items.iter().map(worth).collect();
        let each = each.filter(|each| each.iter().any(|worth| *worth > 0)).unwrap_or_else(|| vec![1; self.items.len()]);
        let weight = |pieces: &Pieces| {
            let lines = each.iter().enumerate();
            lines.fold(0_u64, |sum, (line, worth)| sum.saturating_add(worth.saturating_mul(pieces.of_line(line))))
        };
        let (ours, all) = (weight(pieces), weight(&Pieces::bought(self)));
        divide_money(sum, &[ours, all.saturating_sub(ours)])?.into_iter().next()
    }
}

impl LineItem {
    /// What so many pieces are worth; `None` when the shop does not say it of exactly these.
    fn worth(&self, pieces: u64) -> Option<Money> {
        let total = self.total_price.filter(|_| pieces == self.quantity);
        total.or_else(|| {
            let one = self.unit_price?;
            Some(Money::new(one.amount.checked_mul(Decimal::from(pieces))?, one.currency))
        })
    }
}

/// A status in somebody else's words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShopStatus {
    /// The word programs compare.
    pub code: String,
    /// The word people read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// One product line and its quantity.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct LineItem {
    /// The shop's id of the line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The shop's id of the product.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub product_id: Option<String>,
    /// The shop's id of the variant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub variant_id: Option<String>,
    /// What it is called.
    pub name: String,
    /// More words about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Stock-keeping unit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sku: Option<String>,
    /// European Article Number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ean: Option<String>,
    /// A picture.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image_url: Option<String>,
    /// How many.
    pub quantity: u64,
    /// Price of one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit_price: Option<Money>,
    /// Price of all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total_price: Option<Money>,
    /// Weight and size of one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub measurement: Option<Measurement>,
    /// How many parcels of its own each piece ships as; together with others, when missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parcels: Option<u32>,
    /// Harmonised System code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hs_code: Option<String>,
    /// Country of origin, two letters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub origin_country: Option<String>,
    /// Manufacturer id code, for imports into the United States.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub manufacturer_code: Option<String>,
    /// What it is made of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub material: Option<String>,
    /// What it is used for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub intended_use: Option<String>,
    /// When it should be handed to the carrier.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hand_over_at: Option<SentTime>,
    /// When it should arrive.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deliver_at: Option<SentTime>,
    /// Free properties of the shop, a JSON object.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub properties: Option<RawJson>,
    /// Dangerous-goods declaration: field name → value, as sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dangerous_goods: Option<BTreeMap<String, String>>,
}

/// What is paid, and how far.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Payment {
    /// What the buyer pays in all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<Money>,
    /// The shop's own payment status.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<ShopStatus>,
    /// Whether the carrier collects the money.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cash_on_delivery: Option<bool>,
    /// The goods alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subtotal: Option<Money>,
    /// What the shop thought shipping would cost.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub estimated_shipping: Option<Money>,
    /// What the shop thought tax would be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub estimated_tax: Option<Money>,
    /// The day on the invoice, as sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invoice_date: Option<String>,
    /// Discount granted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub discount: Option<Cost>,
    /// Insurance.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub insurance: Option<Cost>,
    /// Freight.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub freight: Option<Cost>,
    /// Anything else.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub other: Option<Cost>,
}

/// A cost whose amount or currency may be missing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Cost {
    /// The amount in major units.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount: Option<Decimal>,
    /// The currency.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub currency: Option<Currency>,
}

/// How the shop would like the goods to go.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct DeliveryWish {
    /// The buyer comes to the shop.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub local_pickup: Option<bool>,
    /// The shop's own word for the delivery chosen at checkout.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub indicator: Option<String>,
    /// Weight and size of the whole order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub measurement: Option<Measurement>,
    /// The service asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<ServiceWish>,
}

/// The service a client asked for, by the ids it holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ServiceWish {
    /// A service's code, `<account id>:<service>`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The client's id of a carrier account (an alias, see the setup file).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contract: Option<String>,
}

/// The point where the consumer will collect.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ServicePointChoice {
    /// The dialect's id of the point.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The carrier's own id of the point.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub carrier_id: Option<String>,
    /// The consumer's number at the carrier.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub post_number: Option<String>,
    /// Latitude as sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latitude: Option<String>,
    /// Longitude as sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub longitude: Option<String>,
    /// Locker, shop, … as sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// A free JSON object of the carrier.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<RawJson>,
}

/// Where an order stands, derived from its shipments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderStatus {
    /// Nothing is booked.
    Open,
    /// Something is booked, something is not.
    PartlyShipped,
    /// Everything is booked.
    Shipped,
    /// Everything has arrived.
    Delivered,
}

impl OrderStatus {
    /// The only place an order's status is decided.
    pub fn of(order: &OrderDetails, shipments: &[Shipment]) -> Self {
        let live: Vec<_> = shipments
            .iter()
            .filter(|shipment| shipment.status == ShipmentStatus::Booked && !shipment.details.is_given_up)
            .collect();
        match live.as_slice() {
            [] => Self::Open,
            live if !Pieces::left(order, live.iter().copied()).is_none() => Self::PartlyShipped,
            live if live.iter().all(|shipment| shipment.tracking() == TrackingStatus::Delivered) => Self::Delivered,
            _ => Self::Shipped,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::Weight;
    use crate::parcel::Content;

    fn money(amount: &str) -> Money {
        Money::new(amount.parse().unwrap(), Currency::new("USD").unwrap())
    }

    fn item(name: &str, quantity: u64) -> LineItem {
        LineItem { name: name.to_owned(), quantity, ..LineItem::default() }
    }

    fn parcel(contents: &[(usize, u64)]) -> ParcelBox {
        let contents = contents.iter().map(|(line, quantity)| Content { line: *line, quantity: *quantity });
        let weight = Weight::from_milligrams(1).unwrap();
        ParcelBox { weight, weight_is_assumed: false, dimensions: None, contents: contents.collect(), collect: None }
    }

    #[test]
    fn what_is_inside_some_boxes_is_what_they_name_or_the_whole_order() {
        let cups = LineItem { unit_price: Some(money("3.50")), ..item("Cup", 4) };
        let lamp = LineItem { total_price: Some(money("20")), ..item("Lamp", 2) };
        let mut order = OrderDetails { items: vec![cups, lamp], ..OrderDetails::default() };
        let goods = |order: &OrderDetails, boxes: &[ParcelBox]| {
            let goods = order.goods_in(boxes);
            (goods.value.map(|value| value.to_string()), goods.names)
        };
        let named = |names: &[(&str, u64)]| names.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect();
        let whole = named(&[("Cup", 4), ("Lamp", 2)]);
        assert_eq!(goods(&order, &[parcel(&[])]), (Some("34.00 USD".to_owned()), whole));
        let some = [parcel(&[(0, 1)]), parcel(&[(0, 2)])];
        assert_eq!(goods(&order, &some), (Some("10.50 USD".to_owned()), named(&[("Cup", 3)])));
        // Nobody said what one lamp is worth.
        assert_eq!(goods(&order, &[parcel(&[(1, 1)])]), (None, named(&[("Lamp", 1)])));
        order.payment.subtotal = Some(money("30"));
        assert_eq!(goods(&order, &[parcel(&[])]).0, Some("30 USD".to_owned()), "as the shop says it");
        assert_eq!(goods(&order, &some).0, Some("10.50 USD".to_owned()));
    }
}
