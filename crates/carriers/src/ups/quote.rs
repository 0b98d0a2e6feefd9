//! Quotes: what is asked, and how a price and a billed weight came about. Source: `Rating.yaml`.

use domain::CarrierError;
use domain::connector::{Offer, RateRequest};
use domain::error::Rule;
use domain::measure::{Quantity, Weight, WeightUnit};
use domain::money::{Currency, Decimal, Money};
use domain::parcel::Box as ParcelBox;
use domain::rate::{ParcelRate, Rate, Surcharge, Tariff};
use domain::service::ServiceCode;
use jiff::tz::TimeZone;
use serde_json::{Value as Json, json};

use super::party::Party;
use super::wire::{Amount, RateAnswer, RatedShipment};
use super::{MOST_PARCELS, codes};

/// The units of a shipment: those of the country it starts in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Units {
    /// Pounds and inches.
    Imperial,
    /// Kilograms and centimetres.
    Metric,
}

impl Units {
    pub(super) fn of(origin: &str) -> Self {
        if matches!(origin, "US" | "PR") { Self::Imperial } else { Self::Metric }
    }

    fn weight_code(self) -> &'static str {
        if self == Self::Imperial { "LBS" } else { "KGS" }
    }

    fn length_code(self) -> &'static str {
        if self == Self::Imperial { "IN" } else { "CM" }
    }

    /// A weight in these units, rounded up to one decimal.
    pub(super) fn weight(self, weight: Weight) -> Decimal {
        let milligrams = Decimal::from(weight.milligrams());
        let unit = if self == Self::Imperial { Decimal::new(45_359_237, 2) } else { Decimal::from(1_000_000) };
        ((milligrams / unit * Decimal::TEN).ceil() / Decimal::TEN).normalize()
    }

    /// The three sides in these units, longest first, rounded up to whole numbers.
    fn sides(self, parcel: &ParcelBox) -> Option<[Decimal; 3]> {
        let unit = if self == Self::Imperial { Decimal::new(254, 2) } else { Decimal::ONE };
        Some(parcel.dimensions?.sorted().map(|side| (side.centimetres() / unit).ceil().max(Decimal::ONE)))
    }

    /// Why a parcel is too heavy or too large (`TimeInTransit.yaml`, `Shipping.yaml`).
    fn excess(self, parcel: &ParcelBox) -> Option<String> {
        let (heaviest, longest, most_girth) = match self {
            Self::Imperial => (150, 108, 165),
            Self::Metric => (70, 270, 330),
        };
        let (weight, unit, length) = (self.weight(parcel.weight), self.weight_code(), self.length_code());
        if weight > Decimal::from(heaviest) {
            return Some(format!("it weighs {weight} {unit}: UPS takes at most {heaviest} {unit}"));
        }
        let [one, two, three] = self.sides(parcel)?;
        if one > Decimal::from(longest) {
            return Some(format!("its longest side is {one} {length}: UPS takes at most {longest} {length}"));
        }
        let girth = one + Decimal::TWO * (two + three);
        let is_over = girth > Decimal::from(most_girth);
        is_over.then(|| format!("length plus girth is {girth} {length}: UPS takes at most {most_girth} {length}"))
    }
}

/// One box, the same for a quote and a booking, so that both are billed alike; the name of the packaging differs.
pub(super) fn package(parcel: &ParcelBox, units: Units, packaging: &str) -> Json {
    let mut package = json!({
        packaging: { "Code": "02" },
        "PackageWeight": {
            "UnitOfMeasurement": { "Code": units.weight_code(), "Description": units.weight_code() },
            "Weight": units.weight(parcel.weight).to_string(),
        },
    });
    if let Some([length, width, height]) = units.sides(parcel) {
        package["Dimensions"] = json!({
            "UnitOfMeasurement": { "Code": units.length_code(), "Description": units.length_code() },
            "Length": length.to_string(),
            "Width": width.to_string(),
            "Height": height.to_string(),
        });
    }
    package
}

fn parties(ask: &RateRequest) -> [Party<'_>; 2] {
    [Party { address: &ask.sender, role: "sender" }, Party { address: &ask.recipient, role: "recipient" }]
}

/// Services that would be refused whatever UPS says, and why; empty when UPS is to be asked. What is merely not known yet,
/// such as a street at the checkout, stands in no way of a price.
pub(super) fn unfit(ask: &RateRequest, account: &str) -> Vec<(ServiceCode, String)> {
    let origin = ask.sender.country_code().unwrap_or_default();
    let units = Units::of(&origin);
    let problems = parties(ask).into_iter().flat_map(|party| party.problems());
    let is_needed = |path: &str| !path.ends_with("/state") && !path.ends_with("/street1");
    let problems = problems.filter(|problem| problem.rule != Rule::Missing || is_needed(&problem.path));
    let mut reasons: Vec<_> = problems.map(|problem| problem.message).collect();
    for (place, parcel) in ask.parcels.iter().enumerate() {
        reasons.extend(units.excess(parcel).map(|why| format!("parcel {}: {why}", place + 1)));
    }
    if ask.parcels.is_empty() || ask.parcels.len() > MOST_PARCELS as usize {
        let count = ask.parcels.len();
        reasons.push(format!("{count} parcels: UPS takes 1 to {MOST_PARCELS} in one shipment"));
    }
    if reasons.is_empty() {
        return Vec::new();
    }
    let services = match &ask.service {
        Some(service) => vec![service.as_str()],
        None if origin == ask.recipient.country_code().unwrap_or_default() => vec!["03", "02", "01"],
        None => vec!["11", "65", "07"],
    };
    services.into_iter().map(|service| (ServiceCode::new(account, service), reasons.join("; "))).collect()
}

/// The body of a question for prices.
pub(super) fn request(ask: &RateRequest, account_number: &str, pickup_type: &str) -> Json {
    let [sender, recipient] = parties(ask);
    let origin = ask.sender.country_code().unwrap_or_default();
    let units = Units::of(&origin);
    let packages: Vec<_> = ask.parcels.iter().map(|parcel| package(parcel, units, "PackagingType")).collect();
    let mut to = recipient.address();
    if recipient.is_home() {
        to["ResidentialAddressIndicator"] = json!("");
    }
    let role = if ask.parties.is_return { recipient } else { sender };
    let payer = ask.parties.billing.as_ref().map_or(role, |address| Party { address, role: "billing" });
    let mut shipment = json!({
        "Shipper": { "ShipperNumber": account_number, "Address": payer.address() },
        "ShipFrom": { "Address": sender.address() },
        "ShipTo": { "Address": to },
        "PaymentDetails": {
            "ShipmentCharge": [{ "Type": "01", "BillShipper": { "AccountNumber": account_number } }]
        },
        "ShipmentRatingOptions": { "NegotiatedRatesIndicator": "" },
        "TaxInformationIndicator": "",
        "DeliveryTimeInformation": {
            "PackageBillType": "03",
            "Pickup": { "Date": ask.now.to_zoned(TimeZone::UTC).strftime("%Y%m%d").to_string() },
        },
        "Package": packages,
    });
    if let Some(service) = &ask.service {
        shipment["Service"] = json!({ "Code": service });
    }
    if ask.sender.country_code() != ask.recipient.country_code() {
        let weight: Decimal = ask.parcels.iter().map(|parcel| units.weight(parcel.weight)).sum();
        shipment["ShipmentTotalWeight"] =
            json!({ "UnitOfMeasurement": { "Code": units.weight_code() }, "Weight": weight.to_string() });
        if let Some(value) = ask.goods.value {
            shipment["InvoiceLineTotal"] = json!({
                "CurrencyCode": value.currency.as_str().to_ascii_uppercase(),
                "MonetaryValue": value.amount.round_dp(2).to_string(),
            });
        }
    }
    let head = json!({ "SubVersion": "2409", "TransactionReference": { "CustomerContext": ask.reference } });
    json!({ "RateRequest": { "Request": head, "PickupType": { "Code": pickup_type }, "Shipment": shipment } })
}

/// A question that only looks whether prices may be asked: one pound between two public buildings.
pub(super) fn sample(account_number: &str, pickup_type: &str) -> Json {
    let place = |city: &str, state: &str, code: &str| json!({ "Address": { "City": city, "StateProvinceCode": state, "PostalCode": code, "CountryCode": "US" } });
    let mut shipper = place("Boston", "MA", "02118");
    shipper["ShipperNumber"] = json!(account_number);
    json!({ "RateRequest": {
        "Request": { "SubVersion": "2409" },
        "PickupType": { "Code": pickup_type },
        "Shipment": {
            "Shipper": shipper,
            "ShipFrom": place("Boston", "MA", "02118"),
            "ShipTo": place("Atlanta", "GA", "30303"),
            "Package": [{
                "PackagingType": { "Code": "02" },
                "PackageWeight": { "UnitOfMeasurement": { "Code": "LBS" }, "Weight": "1" },
            }],
        },
    } })
}

/// The rates of an answer, cheapest first.
pub(super) fn offer(answer: &RateAnswer, ask: &RateRequest, account: &str) -> Result<Offer, CarrierError> {
    let said = &answer.rate_response;
    let alerts: Vec<_> = said.response.alert.iter().map(|alert| alert.description.clone()).collect();
    let mut rates = Vec::with_capacity(said.rated_shipment.len());
    for rated in &said.rated_shipment {
        let mut rate = rate(rated, ask, account)?;
        let own = rated.rated_shipment_alert.iter().map(|alert| &alert.description);
        for alert in alerts.iter().chain(own).filter(|alert| !alert.is_empty()) {
            let alert = format!("UPS: {alert}");
            if !rate.notes.contains(&alert) {
                rate.notes.push(alert);
            }
        }
        rates.push(rate);
    }
    rates.sort_by(|a: &Rate, b: &Rate| {
        let key = |rate: &Rate| (rate.total.currency, rate.total.amount, rate.transit_days.unwrap_or(u32::MAX));
        key(a).cmp(&key(b)).then_with(|| a.service.cmp(&b.service))
    });
    Ok(Offer { rates, left_out: Vec::new() })
}

/// No price and no weight is larger, so that sums of them stay exact.
const LARGEST: Decimal = Decimal::from_parts(0xd4a5_1000, 0xe8, 0, false, 0);

/// Text as a number; an answer with anything else cannot be read.
fn number(text: &str) -> Result<Decimal, CarrierError> {
    let number = text.trim().parse::<Decimal>().ok().filter(|number| number.abs() <= LARGEST && number.scale() <= 6);
    number.ok_or_else(|| CarrierError::Unreadable(format!("{text:?} is no number")))
}

/// An amount of UPS.
pub(super) fn money(amount: &Amount) -> Result<Money, CarrierError> {
    let currency = Currency::new(&amount.currency_code)
        .ok_or_else(|| CarrierError::Unreadable(format!("{:?} is no currency", amount.currency_code)))?;
    Ok(Money::new(number(&amount.monetary_value)?, currency))
}

fn rate(rated: &RatedShipment, ask: &RateRequest, account: &str) -> Result<Rate, CarrierError> {
    let origin = ask.sender.country_code().unwrap_or_default();
    let code = &rated.service.code;
    let list = money(rated.total_charges_with_taxes.as_ref().unwrap_or(&rated.total_charges))?;
    let contract = rated.negotiated_rate_charges.as_ref();
    let contract =
        contract.and_then(|charges| charges.total_charges_with_taxes.as_ref().or(charges.total_charge.as_ref()));
    let contract = contract.map(money).transpose()?;
    let total = contract.unwrap_or(list);
    let (base, mut surcharges) = parts(rated, list)?;
    if total.amount != list.amount {
        let amount = Money::new(total.amount - list.amount, total.currency);
        surcharges.push(Surcharge { name: "contract price instead of list price".to_owned(), amount });
    }
    let parcels = vec![billed(rated, ask, base)?];
    let mut notes = Vec::new();
    for (place, parcel) in ask.parcels.iter().enumerate() {
        let whose = if ask.parcels.len() == 1 { String::new() } else { format!("parcel {}: ", place + 1) };
        if parcel.weight_is_assumed {
            notes.push(format!("{whose}weight assumed: nobody said it"));
        }
        if parcel.dimensions.is_none() {
            notes.push(format!("{whose}no dimensions: UPS will bill its volume if that is more than its weight"));
        }
    }
    if contract.is_none() {
        notes.push("UPS gave no contract price for this account".to_owned());
    }
    if ask.recipient.company.is_none() {
        notes.push("priced as a home, since the address names no company".to_owned());
    }
    let arrival =
        rated.time_in_transit.as_ref().and_then(|time| time.service_summary.as_ref()?.estimated_arrival.as_ref());
    let days =
        arrival.and_then(|arrival| arrival.total_transit_days.as_ref().or(arrival.business_days_in_transit.as_ref()));
    let days = days.or_else(|| rated.guaranteed_delivery.as_ref()?.business_days_in_transit.as_ref());
    Ok(Rate {
        parcels,
        surcharges,
        transit_days: days.and_then(|days| days.trim().parse().ok()),
        tariff: Some(if contract.is_some() { Tariff::Contract } else { Tariff::List }),
        list_total: contract.map(|_| list),
        notes,
        ..Rate::new(ServiceCode::new(account, code), codes::service_name(code, &origin), total)
    })
}

/// The base price and what was added to it, which are together the list price. Whether the transport already holds the
/// itemised charges, no document says: the sum tells.
fn parts(rated: &RatedShipment, list: Money) -> Result<(Money, Vec<Surcharge>), CarrierError> {
    let amount = |amount: Option<&Amount>| amount.map_or(Ok(Decimal::ZERO), |amount| number(&amount.monetary_value));
    let mut itemised = Vec::new();
    for charge in &rated.itemized_charges {
        itemised.push((codes::charge_name(&charge.code), number(&charge.monetary_value)?));
    }
    let mut extras = vec![("service options".to_owned(), amount(rated.service_options_charges.as_ref())?)];
    if rated.total_charges_with_taxes.is_some() {
        for tax in &rated.tax_charges {
            extras.push((format!("tax {}", tax.kind), number(&tax.monetary_value)?));
        }
    }
    let sum = |parts: &[(String, Decimal)]| parts.iter().map(|(_, amount)| *amount).sum::<Decimal>();
    let transport = match &rated.transportation_charges {
        Some(charges) => number(&charges.monetary_value)?,
        None => list.amount - sum(&itemised) - sum(&extras),
    };
    let is_within = transport + sum(&extras) == list.amount;
    let base = if is_within { transport - sum(&itemised) } else { transport };
    itemised.extend(extras);
    let rest = list.amount - base - sum(&itemised);
    itemised.push(("other charges".to_owned(), rest));
    let surcharges = itemised.into_iter().filter(|(_, amount)| !amount.is_zero());
    let surcharges =
        surcharges.map(|(name, amount)| Surcharge { name, amount: Money::new(amount, list.currency) }).collect();
    Ok((Money::new(base, list.currency), surcharges))
}

/// What all parcels are billed at together, and how that came about: UPS says no more than the result.
fn billed(rated: &RatedShipment, ask: &RateRequest, price: Money) -> Result<ParcelRate, CarrierError> {
    let Some(billing) = &rated.billing_weight else {
        let because = "UPS did not say".to_owned();
        return Ok(ParcelRate { billed_weight: None, is_volumetric: false, because, price });
    };
    let value = number(&billing.weight)?;
    let (unit, units) = match billing.unit_of_measurement.code.as_str() {
        "LBS" => (WeightUnit::Lbs, Units::Imperial),
        "KGS" => (WeightUnit::Kg, Units::Metric),
        "OZS" => (WeightUnit::Oz, Units::Imperial),
        other => return Err(CarrierError::Unreadable(format!("{other:?} is no unit of weight"))),
    };
    let gross: Decimal = ask.parcels.iter().map(|parcel| units.weight(parcel.weight)).sum();
    let whole: Decimal = ask.parcels.iter().map(|parcel| units.weight(parcel.weight).ceil()).sum();
    let is_volumetric = value > whole && ask.parcels.iter().any(|parcel| parcel.dimensions.is_some());
    let (said, name) = (format!("UPS bills {value} {0} for {gross} {0}", units.weight_code()), units.weight_code());
    let because = match value {
        _ if unit == WeightUnit::Oz => format!("UPS bills {value} OZS"),
        value if value == gross => format!("its gross weight, {gross} {name}"),
        _ if is_volumetric => format!("{said}: its size decides"),
        value if value < gross => format!("{said}: less than its weight"),
        value if value > whole => format!("{said}: its least weight for this service"),
        _ => format!("{said}: its gross weight, rounded up by the pound or the half kilogram"),
    };
    Ok(ParcelRate { billed_weight: Quantity { value, unit }.to_weight(), is_volumetric, because, price })
}
