//! Shipments, and what was paid for them, as rows.

use app::Caller;
use app::exports::ShipmentOfOrder;
use domain::measure::Weight;
use domain::money::{Decimal, Money};
use domain::rate::Tariff;
use domain::shipment::ShipmentStatus;

use super::{Cell, Row};

/// What is told of each shipment.
pub(super) const SHIPMENTS: [&str; 23] = [
    "id",
    "order",
    "external_id",
    "number",
    "status",
    "tracking",
    "account",
    "service",
    "service_name",
    "location",
    "created_at",
    "booked_at",
    "parcels",
    "weight_kg",
    "tracking_numbers",
    "name",
    "company",
    "postal_code",
    "city",
    "country",
    "price",
    "currency",
    "note",
];

/// What is told of what was paid.
pub(super) const RATES: [&str; 23] = [
    "shipment",
    "order",
    "external_id",
    "number",
    "status",
    "booked_at",
    "carrier",
    "account",
    "service",
    "service_name",
    "location",
    "zone",
    "country",
    "postal_code",
    "parcels",
    "weight_kg",
    "billed_weight_kg",
    "quoted",
    "quoted_currency",
    "tariff",
    "billed",
    "billed_currency",
    "tracking_numbers",
];

fn named(columns: &[&'static str], cells: Vec<Cell>) -> Row {
    columns.iter().copied().zip(cells).collect()
}

/// What is told of every shipment.
struct Told<'a> {
    one: &'a ShipmentOfOrder,
}

impl Told<'_> {
    fn external_id(&self) -> Cell {
        self.one.order.as_ref().and_then(|order| order.details.external_id.clone()).into()
    }

    fn number(&self) -> Cell {
        self.one.order.as_ref().and_then(|order| order.details.number.clone()).into()
    }

    fn weight(&self) -> Cell {
        let weights = self.one.shipment.parcels.iter().map(|parcel| parcel.parcel.weight.kilograms());
        weights.sum::<Decimal>().normalize().into()
    }

    fn tracking_numbers(&self) -> Cell {
        match self.one.shipment.tracking_numbers() {
            numbers if numbers.is_empty() => Cell::Empty,
            numbers => Cell::List(numbers),
        }
    }
}

fn amount(money: Option<Money>) -> Cell {
    money.map(|money| money.amount).into()
}

fn currency(money: Option<Money>) -> Cell {
    money.map(|money| money.currency.as_str().to_owned()).into()
}

/// A row of [`SHIPMENTS`].
pub(super) fn shipment(one: &ShipmentOfOrder) -> Row {
    let (shipment, details, told) = (&one.shipment, &one.shipment.details, Told { one });
    let to = &details.recipient;
    let price = details.charged.or(details.rate.as_ref().map(|rate| rate.total));
    named(
        &SHIPMENTS,
        vec![
            shipment.id.to_string().into(),
            shipment.order.to_string().into(),
            told.external_id(),
            told.number(),
            shipment.status.as_str().into(),
            shipment.tracking().as_str().into(),
            details.service.account.as_str().into(),
            details.service.to_string().into(),
            details.service_name.as_str().into(),
            details.location.as_str().into(),
            shipment.created_at.to_string().into(),
            details.booked_at.map(|at| at.to_string()).into(),
            Cell::Count(shipment.parcels.len() as u64),
            told.weight(),
            told.tracking_numbers(),
            to.name.clone().into(),
            to.company.clone().into(),
            to.postal_code.clone().into(),
            to.city.clone().into(),
            to.country.clone().into(),
            amount(price),
            currency(price),
            details
                .failure
                .as_ref()
                .filter(|_| shipment.status == ShipmentStatus::Failed)
                .map(ToString::to_string)
                .into(),
        ],
    )
}

/// A row of [`RATES`].
pub(super) fn rate(caller: &Caller, one: &ShipmentOfOrder) -> Row {
    let (shipment, details, told) = (&one.shipment, &one.shipment.details, Told { one });
    let rate = details.rate.as_ref();
    let account = caller.setup.account(&details.service.account);
    let carrier = match &details.brought_by {
        Some(brought) if shipment.is_from_elsewhere() => Some(brought.carrier.clone()),
        _ => account.map(|account| account.account.carrier.clone()),
    };
    let billed_weights = rate.and_then(|rate| {
        let weights = rate.parcels.iter().map(|parcel| parcel.billed_weight.map(Weight::kilograms));
        weights.collect::<Option<Vec<_>>>().filter(|weights| !weights.is_empty())
    });
    let quoted = rate.map(|rate| rate.total);
    let tariff = rate.and_then(|rate| rate.tariff).map(|tariff| match tariff {
        Tariff::List => "list",
        Tariff::Contract => "contract",
    });
    named(
        &RATES,
        vec![
            shipment.id.to_string().into(),
            shipment.order.to_string().into(),
            told.external_id(),
            told.number(),
            shipment.status.as_str().into(),
            details.booked_at.map(|at| at.to_string()).into(),
            carrier.into(),
            details.service.account.as_str().into(),
            details.service.to_string().into(),
            details.service_name.as_str().into(),
            details.location.as_str().into(),
            rate.and_then(|rate| rate.zone.clone()).into(),
            details.recipient.country.clone().into(),
            details.recipient.postal_code.clone().into(),
            Cell::Count(shipment.parcels.len() as u64),
            told.weight(),
            billed_weights.map(|weights| weights.into_iter().sum::<Decimal>().normalize()).into(),
            amount(quoted),
            currency(quoted),
            tariff.into(),
            amount(details.charged),
            currency(details.charged),
            told.tracking_numbers(),
        ],
    )
}
