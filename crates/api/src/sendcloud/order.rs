//! An order on Sendcloud's wire: its words, its limits, its times, and what it says beyond the canonical order.

use std::collections::BTreeMap;

use domain::channel::Dialect;
use domain::ids::OrderId;
use domain::measure::{LengthUnit, VolumeUnit, WeightUnit};
use domain::order::{Order, OrderDetails, RawJson};
use domain::time::{SentTime, Timestamp};
use jiff::tz::{Offset, TimeZone};
use serde::{Deserialize, Serialize};

use crate::json::fields::{Fault, Node, Step, time};

/// Orders in one POST (Sendcloud's own limit).
pub const MOST_ORDERS: usize = 100;
/// Items in one order; no document names a limit.
pub const MOST_ITEMS: usize = 1_000;
/// Elements of any other list inside an order; no document names a limit.
pub const MOST_ENTRIES: usize = 1_000;
/// Characters in a text for which no document names a limit.
pub const LONGEST_TEXT: usize = 65_535;
/// Characters of `order_id`.
pub const LONGEST_ORDER_ID: usize = 64;
/// Characters of `order_number`.
pub const LONGEST_ORDER_NUMBER: usize = 255;
/// The largest integer that every client reads exactly.
pub const LARGEST_INTEGER: i64 = (1 << 53) - 1;

/// The one way to name a service in `ship_with`.
pub const SHIPPING_OPTION_CODE: &str = "shipping_option_code";

/// `dimension.unit`.
pub const LENGTH_UNITS: &[(&str, LengthUnit)] = &[
    ("cm", LengthUnit::Cm),
    ("mm", LengthUnit::Mm),
    ("m", LengthUnit::M),
    ("yd", LengthUnit::Yd),
    ("ft", LengthUnit::Ft),
    ("in", LengthUnit::In),
];

/// `weight.unit`.
pub const WEIGHT_UNITS: &[(&str, WeightUnit)] =
    &[("kg", WeightUnit::Kg), ("g", WeightUnit::G), ("lbs", WeightUnit::Lbs), ("oz", WeightUnit::Oz)];

/// `volume.unit`.
pub const VOLUME_UNITS: &[(&str, VolumeUnit)] = &[
    ("m3", VolumeUnit::M3),
    ("cm3", VolumeUnit::Cm3),
    ("l", VolumeUnit::L),
    ("ml", VolumeUnit::Ml),
    ("gal", VolumeUnit::Gal),
];

/// The word for a unit.
pub fn word<T: PartialEq>(words: &[(&'static str, T)], unit: &T) -> &'static str {
    words.iter().find(|(_, known)| known == unit).map_or("", |(word, _)| word)
}

/// `customs_details.shipment_type`.
pub const SHIPMENT_TYPES: &[&str] = &["gift", "commercial_goods", "commercial_sample", "returned_goods"];

/// `customs_details.export_type`.
pub const EXPORT_TYPES: &[&str] = &["private", "commercial_b2c", "commercial_b2b"];

/// The fields of `dangerous_goods`, in the order of the specification. Those with words are needed (a real client
/// cannot read an order without them) and compared without regard to letter case; the others are free text or null.
pub const DANGEROUS_GOODS: &[(&str, &[&str])] = &[
    ("chemical_record_identifier", &[]),
    ("regulation_set", &["IATA", "ADR"]),
    ("packaging_type_quantity", &[]),
    ("packaging_type", &[]),
    ("packaging_instruction_code", &[]),
    ("id_number", &[]),
    ("class_division_number", &[]),
    ("quantity", &[]),
    ("unit_of_measurement", &["KG", "G", "L", "ML"]),
    ("proper_shipping_name", &[]),
    ("commodity_regulated_level_code", &["LQ", "EQ"]),
    ("transportation_mode", &["Highway", "Ground", "PAX", "CAO"]),
    ("emergency_contact_name", &[]),
    ("emergency_contact_phone", &[]),
    ("adr_packing_group_letter", &["I", "II", "III"]),
    ("local_proper_shipping_name", &[]),
    ("transport_category", &[]),
    ("tunnel_restriction_code", &[]),
    ("weight_type", &["Net", "Gross"]),
];

/// Reads a date and time that [`moment`] can write again.
pub fn date_time(node: Node<'_>) -> Option<SentTime> {
    let sent = time(node)?;
    let year = Offset::UTC.to_datetime(sent.instant_in(&TimeZone::UTC)).year();
    if (1..=9999).contains(&year) {
        return Some(sent);
    }
    node.fault(Fault::NotTimeText("year is out of range"))
}

/// A sent time as this wire writes it; a date or local time is taken for UTC, since the wire needs an offset.
pub fn sent_moment(time: SentTime) -> String {
    moment(time.instant_in(&TimeZone::UTC))
}

/// An instant in UTC with 3 fraction digits when it has whole milliseconds, else with 6 (nanoseconds are cut off):
/// clients parse 1 to 6 digits and `Z`, and throw on none and on 7 or more.
pub fn moment(at: Timestamp) -> String {
    let nanoseconds = at.as_nanosecond();
    let micros = nanoseconds.div_euclid(1_000).rem_euclid(1_000_000);
    let second = i64::try_from(nanoseconds.div_euclid(1_000_000_000)).unwrap_or(0);
    let utc = Offset::UTC.to_datetime(Timestamp::from_second(second).unwrap_or_default());
    let (date, time) = (utc.date(), utc.time());
    let (year, month, day) = (date.year(), date.month(), date.day());
    let (hour, minute, second) = (time.hour(), time.minute(), time.second());
    let whole = format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}");
    if micros % 1_000 == 0 { format!("{whole}.{:03}Z", micros / 1_000) } else { format!("{whole}.{micros:06}Z") }
}

/// What an order said on this wire and the canonical order cannot hold: which fields were `null` (`None`) and which
/// objects were there without saying anything. It mirrors the shape of the order, list positions as names, and is kept
/// in the order's `extra` for this dialect:
/// `{"order_details":{"notes":null,"order_items":{"0":{"delivery_dates":{}}}}}`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Trace(BTreeMap<String, Option<Trace>>);

impl Trace {
    /// From what the reader remembered, paths counted from the order.
    pub(crate) fn of(nulls: &[Vec<Step>], empties: &[Vec<Step>], skip: usize) -> Self {
        let mut trace = Self::default();
        for (paths, is_null) in [(empties, false), (nulls, true)] {
            for path in paths {
                trace.add(path.get(skip..).unwrap_or_default(), is_null);
            }
        }
        trace
    }

    fn add(&mut self, path: &[Step], is_null: bool) {
        let Some((first, rest)) = path.split_first() else {
            return;
        };
        let name = match first {
            Step::Key(name) => name.clone(),
            Step::Index(index) => index.to_string(),
        };
        if rest.is_empty() && is_null {
            self.0.insert(name, None);
        } else if let Some(below) = self.0.entry(name).or_insert_with(|| Some(Self::default())) {
            below.add(rest, is_null);
        }
    }

    /// The trace an order carries.
    pub fn in_details(details: &OrderDetails) -> Self {
        let kept = details.extra.get(&Dialect::Sendcloud);
        kept.and_then(|raw| serde_json::from_str(raw.as_str()).ok()).unwrap_or_default()
    }

    /// Puts the trace where the order carries it, or takes an old one away.
    pub fn keep_in(&self, details: &mut OrderDetails) {
        let text = (!self.0.is_empty()).then(|| serde_json::to_string(self).ok()).flatten();
        match text.and_then(RawJson::new) {
            Some(raw) => details.extra.insert(Dialect::Sendcloud, raw),
            None => details.extra.remove(&Dialect::Sendcloud),
        };
    }

    /// Whether the field was null.
    pub fn is_null(&self, name: &str) -> bool {
        matches!(self.0.get(name), Some(None))
    }

    /// What is known of the fields below one.
    pub fn below(&self, name: &str) -> Option<&Self> {
        self.0.get(name).and_then(Option::as_ref)
    }
}

/// What POST and PATCH answer of an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Identifiers {
    /// Our id.
    pub id: OrderNumberId,
    /// The shop's id.
    pub order_id: String,
    /// The number people quote.
    pub order_number: String,
}

/// Our id in the answers to POST and PATCH: text as the guide shows it, or an integer as the specification says. An
/// integration can be switched to the latter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum OrderNumberId {
    /// `"664"`.
    Text(String),
    /// `664`.
    Integer(u64),
}

impl Identifiers {
    /// The identifiers of a stored order.
    pub fn of(order: &Order, id_as_integer: bool) -> Self {
        Self::new(order.id, &order.details, id_as_integer)
    }

    /// The identifiers of an order that was just placed.
    pub fn new(id: OrderId, details: &OrderDetails, id_as_integer: bool) -> Self {
        let number = id.number();
        let (order_id, order_number) = (shop_id(id, details), shop_number(id, details));
        let id = if id_as_integer { OrderNumberId::Integer(number) } else { OrderNumberId::Text(number.to_string()) };
        Self { id, order_id, order_number }
    }
}

/// `order_id`: the shop's id, else ours.
pub fn order_id(order: &Order) -> String {
    shop_id(order.id, &order.details)
}

/// `order_number`: the number people quote, else [`order_id`].
pub fn order_number(order: &Order) -> String {
    shop_number(order.id, &order.details)
}

fn shop_id(id: OrderId, details: &OrderDetails) -> String {
    details.external_id.clone().filter(|id| !id.is_empty()).unwrap_or_else(|| id.number().to_string())
}

fn shop_number(id: OrderId, details: &OrderDetails) -> String {
    details.number.clone().filter(|number| !number.is_empty()).unwrap_or_else(|| shop_id(id, details))
}

/// The envelope of every answer with content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Data<T> {
    /// The content.
    pub data: T,
}
