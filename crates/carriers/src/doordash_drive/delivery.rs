//! A delivery: what is asked, and how its price and state are read. Source: types of DoorDash's own client, version 2.

use std::time::Duration;

use domain::address::{Address, AddressLimits, Need, PhoneForm, PlaceKind, Places, StreetForm};
use domain::connector::{BookRequest, BookedParcel, Booking, Goods, Label, RateRequest};
use domain::document::{LabelContent, Matrix};
use domain::error::Rule;
use domain::measure::Length;
use domain::money::{Currency, Decimal, Money};
use domain::parcel::Box as ParcelBox;
use domain::rate::{ParcelRate, Rate, Surcharge, Tariff};
use domain::service::ServiceCode;
use domain::time::SentTime;
use domain::tracking::{Incident, TrackingReport, TrackingStatus};
use domain::{CarrierError, Problem, Timestamp};
use rust_decimal::RoundingStrategy;
use rust_decimal::prelude::ToPrimitive as _;
use serde_json::{Value as Json, json};

use super::codes;
use super::wire::Delivery;

/// Countries with couriers, and the currency of their prices.
const COUNTRIES: [(&str, &str); 4] = [("US", "USD"), ("CA", "CAD"), ("AU", "AUD"), ("NZ", "NZD")];

/// The longest text of a field, since DoorDash names no limit.
const LONGEST: usize = 255;

/// What a courier takes of an address.
pub(super) const LIMITS: AddressLimits = AddressLimits {
    name: Some(LONGEST),
    company: Some(LONGEST),
    street: StreetForm::OneLine { longest: LONGEST },
    phone: PhoneForm::E164,
    phone_needed: Need::Always,
    not_served: Places::of(&[PlaceKind::PoBox, PlaceKind::Military]),
    ..AddressLimits::NONE
};

/// What a quote and a booking ask alike.
pub(super) struct Asked<'a> {
    sender: &'a Address,
    recipient: &'a Address,
    parcels: &'a [ParcelBox],
    goods: &'a Goods,
    order_reference: Option<&'a str>,
}

fn filled(text: Option<&String>) -> Option<&str> {
    text.map(|text| text.trim()).filter(|text| !text.is_empty())
}

/// The country of a sender, if couriers are there.
fn country(address: &Address) -> Option<&'static (&'static str, &'static str)> {
    let code = address.country_code()?;
    COUNTRIES.iter().find(|(known, _)| *known == code)
}

/// A phone number as E.164 writes it. One that a quote was not asked with is none: a booking's was written so before.
fn phone(address: &Address) -> Option<String> {
    PhoneForm::E164.write(filled(address.phone.as_ref())?, address.country_code().as_deref())
}

/// Pounds, rounded up to two decimals.
fn pounds(parcel: &ParcelBox) -> Decimal {
    up(Decimal::from(parcel.weight.milligrams()) / Decimal::new(45_359_237, 2))
}

/// Inches, rounded up to two decimals.
fn inches(side: Length) -> Decimal {
    up(side.centimetres() / Decimal::new(254, 2))
}

fn up(value: Decimal) -> Decimal {
    value.round_dp_with_strategy(2, RoundingStrategy::AwayFromZero)
}

fn as_number(value: Decimal) -> Json {
    json!(value.to_f64().unwrap_or_default())
}

impl<'a> Asked<'a> {
    pub(super) fn of_rates(ask: &'a RateRequest) -> Self {
        let (parcels, goods) = (&ask.parcels, &ask.goods);
        Self { sender: &ask.sender, recipient: &ask.recipient, parcels, goods, order_reference: None }
    }

    pub(super) fn of_booking(ask: &'a BookRequest) -> Self {
        let (parcels, goods, order_reference) = (&ask.parcels, &ask.goods, ask.order_reference.as_deref());
        Self { sender: &ask.sender, recipient: &ask.recipient, parcels, goods, order_reference }
    }

    /// Everything that DoorDash would refuse, by field.
    pub(super) fn problems(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        let ends = [(self.sender, "sender"), (self.recipient, "recipient")];
        for (address, role) in ends {
            let mut missing = |field: &str, what: &str| {
                let message = format!("the {role} has no {what}, which DoorDash needs");
                problems.push(Problem::of(Rule::Missing, format!("{role}/{field}"), message));
            };
            if address.street_line().is_none_or(|street| street.trim().is_empty()) {
                missing("street1", "street");
            }
            if filled(address.city.as_ref()).is_none() {
                missing("city", "city");
            }
            let has_phone = filled(address.phone.as_ref()).is_some();
            if role == "recipient" && !has_phone {
                missing("phone", "phone number");
            }
            let mut wrong =
                |field: &str, message: String| problems.push(Problem::new(format!("{role}/{field}"), message));
            if country(address).is_none() {
                let typed = address.country.as_deref().unwrap_or_default();
                wrong("country", format!("{role}/country: {typed:?}: DoorDash delivers in US, CA, AU and NZ"));
            }
            if has_phone && country(address).is_some() && phone(address).is_none() {
                let typed = address.phone.as_deref().unwrap_or_default();
                let expected = "DoorDash expects a number with its country, such as +14045550100";
                wrong("phone", format!("{role}/phone: {typed:?}: {expected}"));
            }
        }
        if let (Some(from), Some(to)) = (country(self.sender), country(self.recipient))
            && from.0 != to.0
        {
            let message = format!("a courier does not go from {} to {}", from.0, to.0);
            problems.push(Problem::new("recipient/country", message));
        }
        problems
    }

    /// The worth of the goods in cents, if it is in the country's own currency.
    fn cents(&self) -> Option<i64> {
        let (_, currency) = country(self.sender)?;
        let value =
            self.goods.value.filter(|value| Currency::new(currency).is_some_and(|own| value.currency.is(own)))?;
        let cents = value.amount.checked_mul(Decimal::ONE_HUNDRED)?;
        cents.round_dp_with_strategy(0, RoundingStrategy::MidpointAwayFromZero).to_i64()
    }

    /// The body of a quote or a booking under an id.
    pub(super) fn request(&self, id: &str) -> Json {
        let count = self.parcels.len();
        let item = |(place, parcel): (usize, &ParcelBox)| {
            let mut item = json!({
                "name": format!("Parcel {} of {count}", place + 1),
                "quantity": 1,
                "weight": as_number(pounds(parcel)),
            });
            if let Some(dimensions) = parcel.dimensions {
                let sides = [("length", dimensions.length), ("width", dimensions.width), ("height", dimensions.height)];
                for (name, side) in sides {
                    item[name] = as_number(inches(side));
                }
            }
            item
        };
        let mut body = json!({
            "external_delivery_id": id,
            "order_fulfillment_method": "standard",
            "pickup_address": self.sender.one_line(),
            "dropoff_address": self.recipient.one_line(),
            // Goods come back to us; DoorDash would throw them away.
            "action_if_undeliverable": "return_to_pickup",
            "items": self.parcels.iter().enumerate().map(item).collect::<Vec<_>>(),
        });
        let sender_name = filled(self.sender.company.as_ref()).or(filled(self.sender.name.as_ref()));
        let optional = [
            ("pickup_business_name", sender_name.map(str::to_owned)),
            ("pickup_phone_number", phone(self.sender)),
            ("pickup_reference_tag", self.order_reference.map(str::to_owned)),
            ("dropoff_phone_number", phone(self.recipient)),
            ("dropoff_business_name", filled(self.recipient.company.as_ref()).map(str::to_owned)),
            ("dropoff_contact_given_name", filled(self.recipient.name.as_ref()).map(str::to_owned)),
        ];
        for (name, value) in optional {
            if let Some(value) = value {
                body[name] = json!(value);
            }
        }
        if let Some(cents) = self.cents() {
            body["order_value"] = json!(cents);
        }
        body
    }
}

fn currency(delivery: &Delivery, sender: &Address) -> Result<Currency, CarrierError> {
    let of_country = || country(sender).map(|(_, currency)| (*currency).to_owned());
    let code = delivery.currency.clone().or_else(of_country).unwrap_or_default();
    Currency::new(&code).ok_or_else(|| CarrierError::Unreadable(format!("{code:?} is no currency")))
}

fn cents(value: i64, currency: Currency) -> Money {
    Money::new(Decimal::new(value, 2), currency)
}

/// What a delivery costs: the fee and its tax; `None` when DoorDash does not say it, or says what nothing costs.
fn total(delivery: &Delivery, currency: Currency) -> Option<Money> {
    Some(cents(delivery.fee?.checked_add(delivery.tax.unwrap_or(0))?, currency))
}

/// Parts of the fee that are its base; everything else is shown as a surcharge.
const BASE: [&str; 3] = ["distance_based_fee", "flat_fee", "order_value_based_fee"];

/// The rate of a quote. Its offer is the quote's id.
pub(super) fn rate(
    quoted: &Delivery,
    ask: &RateRequest,
    service: ServiceCode,
    offered_for: Duration,
) -> Result<Rate, CarrierError> {
    let currency = currency(quoted, &ask.sender)?;
    let unreadable = || CarrierError::Unreadable("a quote without a fee".to_owned());
    let (fee, total) = quoted.fee.zip(total(quoted, currency)).ok_or_else(unreadable)?;
    let extras = quoted.fee_components.iter().flatten().filter(|part| !BASE.contains(&part.kind.as_str()));
    let extras: Vec<_> = extras.filter(|part| part.amount != 0).collect();
    let base = extras.iter().try_fold(fee, |rest, part| rest.checked_sub(part.amount)).ok_or_else(unreadable)?;
    let mut surcharges: Vec<_> = extras
        .iter()
        .map(|part| Surcharge { name: part.kind.replace('_', " "), amount: cents(part.amount, currency) })
        .collect();
    if let Some(tax) = quoted.tax.filter(|tax| *tax != 0) {
        surcharges.push(Surcharge { name: "tax".to_owned(), amount: cents(tax, currency) });
    }
    let parcels = vec![ParcelRate {
        billed_weight: None,
        is_volumetric: false,
        because: "a courier charges by distance and order value, not by weight".to_owned(),
        price: cents(base, currency),
    }];
    let mut notes = Vec::new();
    if ask.parcels.iter().any(|parcel| parcel.weight_is_assumed) {
        notes.push("weight assumed: nobody said it".to_owned());
    }
    if ask.parcels.iter().any(|parcel| parcel.dimensions.is_none()) {
        notes.push("no dimensions: whether it fits the courier's vehicle is not known".to_owned());
    }
    if Asked::of_rates(ask).cents().is_none() {
        notes.push(format!("no order value in {currency}: the price may be another with it"));
    }
    if let Some(at) = &quoted.dropoff_time_estimated {
        notes.push(format!("expected at {at}"));
    }
    notes.push("a cancellation may cost a fee once a courier is assigned".to_owned());
    Ok(Rate {
        parcels,
        surcharges,
        transit_days: Some(0),
        expires_at: ask.now.checked_add(offered_for).ok(),
        tariff: Some(Tariff::Contract),
        offer: Some(quoted.external_delivery_id.clone()),
        notes,
        ..Rate::new(service, "DoorDash courier", total)
    })
}

/// The booking of a delivery. DoorDash knows one number for all parcels, and has no label: we draw one for the hand-over.
pub(super) fn booking(delivery: &Delivery, ask: &BookRequest) -> Result<Booking, CarrierError> {
    let id = &delivery.external_delivery_id;
    if id.is_empty() {
        return Err(CarrierError::Unreadable("a delivery without an id".to_owned()));
    }
    if delivery.delivery_status == "cancelled" {
        let reason = delivery.cancellation_reason.as_deref().unwrap_or("it does not say why");
        return Err(CarrierError::refused("", format!("DoorDash cancelled the delivery: {reason}")));
    }
    let count = ask.parcels.len();
    let parcels = ask.parcels.iter().enumerate().map(|(place, parcel)| {
        let page = ask.tracking_pages.get(place).cloned().unwrap_or_else(|| id.clone());
        let content = LabelContent {
            carrier: "DoorDash".to_owned(),
            service: "Courier".to_owned(),
            sender: ask.sender.clone(),
            return_to: None,
            recipient: ask.recipient.clone(),
            routing_code: None,
            weight: parcel.weight,
            parcel_number: place as u32 + 1,
            parcel_count: count as u32,
            reference: ask.order_reference.clone(),
            tracking_number: id.clone(),
            sscc: None,
            matrix: Matrix::Qr(page),
            collect: None,
            is_test: false,
        };
        BookedParcel { tracking_number: id.clone(), sscc: None, label: Some(Label::Content(Box::new(content))) }
    });
    let charged = currency(delivery, &ask.sender).ok().and_then(|currency| total(delivery, currency));
    let tracking_url = delivery.tracking_url.clone().filter(|url| url.starts_with("https://"));
    Ok(Booking { charged, tracking_url, ..Booking::new(Some(id.clone()), parcels.collect()) })
}

/// How a delivery stands. Where DoorDash says when a step was done, that is its time.
pub(super) fn report(delivery: &Delivery, now: Timestamp) -> Result<TrackingReport, CarrierError> {
    let code = delivery.delivery_status.clone();
    let (status, milestone) = codes::meaning(&code);
    let done = match status {
        TrackingStatus::InTransit => &delivery.pickup_time_actual,
        TrackingStatus::Delivered => &delivery.dropoff_time_actual,
        TrackingStatus::Returned => &delivery.return_time_actual,
        _ => &None,
    };
    let happened_at = match done.as_ref().or(delivery.updated_at.as_ref()) {
        None => SentTime::utc(now),
        Some(text) => text.parse().map_err(|_| CarrierError::Unreadable(format!("{text:?} is no time")))?,
    };
    let reason = delivery.cancellation_reason.clone().filter(|_| status == TrackingStatus::Undeliverable);
    let incident = reason.map(|reason| Incident { reason });
    Ok(TrackingReport { code, status, milestone, incident, message: None, happened_at, place: None })
}
