//! What a shipment costs by a rate sheet.
//!
//! Each parcel is billed by the larger of its gross and its volumetric weight. Amounts are added exactly and the total
//! is rounded once, half away from zero, to the currency's minor digits or the sheet's own step. The amounts shown beside it (each parcel's
//! base price, then the surcharges) are what the rounded running sum grows by, so they always add up to the total.

use domain::connector::{Offer, RateRequest};
use domain::measure::Weight;
use domain::money::{Decimal, Money};
use domain::parcel::Box as ParcelBox;
use domain::rate::{ParcelRate, Rate, Surcharge, Tariff};
use domain::service::ServiceCode;
use domain::{Problem, address::Address};
use rust_decimal::RoundingStrategy;
use rust_decimal::prelude::ToPrimitive;

use super::sheet::{Country, Extra, Row, Service, Sheet, kilograms};

/// Prices every service, or the one that is asked for. Currencies stand together, in alphabetical order; in each the
/// cheapest rate comes first.
pub(super) fn offer(sheet: &Sheet, account: &str, ask: &RateRequest) -> Offer {
    let mut offer = Offer::default();
    let wanted = ask.service.as_deref().map(|wanted| {
        ServiceCode::parse(wanted).filter(|code| code.account == account).map_or(wanted.to_owned(), |code| code.service)
    });
    if let Some(wanted) = wanted.as_ref().filter(|wanted| !sheet.services.contains_key(*wanted)) {
        offer.left_out.push((ServiceCode::new(account, wanted), "the rate sheet has no such service".to_owned()));
    }
    for (code, service) in
        sheet.services.iter().filter(|(code, _)| wanted.as_ref().is_none_or(|wanted| wanted == *code))
    {
        let code = ServiceCode::new(account, code);
        match fits(sheet, service, &ask.recipient, &ask.parcels) {
            Ok(fits) => offer.rates.push(rate(code, service, &fits, ask)),
            Err(reasons) => {
                let reasons: Vec<_> = reasons.into_iter().map(|problem| problem.message).collect();
                offer.left_out.push((code, reasons.join("; ")));
            }
        }
    }
    offer.rates.sort_by(|a, b| {
        let key = |rate: &Rate| (rate.total.currency, rate.total.amount, rate.transit_days.unwrap_or(u32::MAX));
        key(a).cmp(&key(b)).then_with(|| a.service.cmp(&b.service))
    });
    offer
}

/// The row that prices a parcel.
#[derive(Debug)]
pub(super) struct Fit<'a> {
    /// The row.
    pub(super) row: &'a Row,
    /// The larger of gross and volumetric weight.
    billed: Weight,
    /// Whether the volume decided.
    is_volumetric: bool,
}

/// A row for each parcel, or why the service does not fit; paths lead into the request.
pub(super) fn fits<'a>(
    sheet: &'a Sheet,
    service: &Service,
    recipient: &Address,
    parcels: &[ParcelBox],
) -> Result<Vec<Fit<'a>>, Vec<Problem>> {
    let refused = |path: &str, message: String| Err(vec![Problem::new(path, message)]);
    if parcels.is_empty() {
        return refused("parcels", "a shipment has at least one parcel".to_owned());
    }
    let Some(code) = recipient.country_code() else {
        let message = match &recipient.country {
            Some(typed) => {
                format!("the recipient's country is {typed:?}: expected two letters of ISO 3166, such as DE")
            }
            None => "the recipient has no country".to_owned(),
        };
        return refused("recipient/country", message);
    };
    let postal_code = recipient.postal_code.as_deref();
    let brackets = Country::try_from(code.as_bytes()).ok().and_then(|country| service.brackets(country, postal_code));
    let Some(brackets) = brackets else {
        let postal_code = postal_code.map(|typed| format!(" {typed:?}")).unwrap_or_default();
        return refused("recipient/postal_code", format!("no zone of the rate sheet holds {code}{postal_code}"));
    };
    let mut problems = Vec::new();
    let mut fits = Vec::<Fit>::with_capacity(parcels.len());
    for (position, parcel) in parcels.iter().enumerate() {
        match fit(sheet, brackets, parcel) {
            Ok(fit) => fits.push(fit),
            Err(reasons) => problems.extend(reasons.into_iter().map(|(field, reason)| {
                let message = format!("{}{reason}", whose(position, parcels.len()));
                Problem::new(format!("parcels/{position}/{field}"), message)
            })),
        }
    }
    let most = fits.iter().filter_map(|fit| fit.row.terms.max_parcels).min();
    if let Some(most) = most.filter(|most| parcels.len() > *most as usize) {
        problems.push(Problem::new("parcels", format!("{} parcels: at most {most} in one shipment", parcels.len())));
    }
    if let Some(other) = fits.iter().find(|fit| fit.row.currency != fits[0].row.currency) {
        let (first, other) = (fits[0].row.currency, other.row.currency);
        problems
            .push(Problem::new("parcels", format!("the parcels are priced in {first} and {other}: there is no sum")));
    }
    if problems.is_empty() { Ok(fits) } else { Err(problems) }
}

/// The row for one parcel, or why there is none: field and reason.
fn fit<'a>(sheet: &'a Sheet, brackets: &[u32], parcel: &ParcelBox) -> Result<Fit<'a>, Vec<(&'static str, String)>> {
    let row = |position: u32| &sheet.rows[position as usize];
    let Some(last) = brackets.last().map(|&position| row(position)) else {
        return Err(vec![("weight", "the rate sheet has no price here".to_owned())]);
    };
    let Ok(volumetric) = volumetric_weight(parcel, last.terms.divisor) else {
        return Err(vec![("dimensions", "its volume is too large to be billed".to_owned())]);
    };
    let is_volumetric = volumetric.is_some_and(|volumetric| volumetric > parcel.weight);
    let billed = volumetric.map_or(parcel.weight, |volumetric| volumetric.max(parcel.weight));
    let below = brackets.partition_point(|&position| row(position).min <= billed.milligrams());
    let found = below.checked_sub(1).map(|place| row(brackets[place])).filter(|row| billed.milligrams() < row.max);
    let mut reasons = Vec::new();
    if found.is_none() {
        let said = if is_volumetric { format!("{billed} billed by volume") } else { format!("weight {billed}") };
        let zone = &last.terms.zone;
        reasons.push(match kilograms(last.max) {
            most if billed.milligrams() >= last.max => {
                ("weight", format!("{said}: zone {zone} takes less than {most} kg"))
            }
            _ => ("weight", format!("{said}: zone {zone} has no bracket for it")),
        });
    }
    let row = found.unwrap_or(last);
    if let Some(dimensions) = parcel.dimensions {
        let longest = dimensions.sorted()[0];
        if let Some(most) = row.terms.max_length.filter(|most| longest > *most) {
            let (longest, most) = (longest.centimetres(), most.centimetres());
            reasons.push(("dimensions", format!("longest side {longest} cm: at most {most} cm")));
        }
        let girth = dimensions.length_plus_girth();
        if let Some(most) = row.terms.max_girth.filter(|most| girth > *most) {
            reasons.push(("dimensions", format!("length plus girth {girth} cm: at most {most} cm")));
        }
    }
    if reasons.is_empty() { Ok(Fit { row, billed, is_volumetric }) } else { Err(reasons) }
}

/// The volume's weight, rounded up to the milligram; `Ok(None)` without dimensions, divisor or volume.
fn volumetric_weight(parcel: &ParcelBox, divisor: Option<Decimal>) -> Result<Option<Weight>, ()> {
    let (Some(dimensions), Some(divisor)) = (parcel.dimensions, divisor) else { return Ok(None) };
    let kilograms = dimensions.volume_cm3().and_then(|volume| volume.checked_div(divisor)).ok_or(())?;
    let milligrams =
        kilograms.checked_mul(Decimal::from(1_000_000)).and_then(|exact| exact.ceil().to_u64()).ok_or(())?;
    Ok(Weight::from_milligrams(milligrams))
}

/// Puts the price together.
fn rate(code: ServiceCode, service: &Service, fits: &[Fit<'_>], ask: &RateRequest) -> Rate {
    let mut surcharges: Vec<(&str, Decimal)> = Vec::new();
    for (fit, parcel) in fits.iter().zip(&ask.parcels) {
        for (name, amount) in surcharges_of(fit.row, parcel) {
            match surcharges.iter_mut().find(|(known, _)| *known == name) {
                Some((_, sum)) => *sum += amount,
                None => surcharges.push((name, amount)),
            }
        }
    }
    // Fuel is taken on everything else, so it stands last even when a later parcel brought a new surcharge.
    surcharges.sort_by_key(|(name, _)| *name == FUEL);
    let first = fits[0].row;
    let mut sum = RunningSum {
        exact: Decimal::ZERO,
        shown: Decimal::ZERO,
        digits: first.digits,
        step: first.terms.round_to.unwrap_or_else(|| Decimal::new(1, first.digits)),
    };
    let mut money = |amount| Money::new(sum.add(amount), first.currency);
    let parcels = fits.iter().map(|fit| ParcelRate {
        billed_weight: Some(fit.billed),
        is_volumetric: fit.is_volumetric,
        because: match fit.row.terms.divisor {
            Some(divisor) if fit.is_volumetric => format!("its volume in cm³ / {}", divisor.normalize()),
            _ => "its gross weight".to_owned(),
        },
        price: money(fit.row.price),
    });
    let parcels = parcels.collect();
    let surcharges =
        surcharges.into_iter().map(|(name, amount)| Surcharge { name: name.to_owned(), amount: money(amount) });
    let surcharges = surcharges.collect();
    let mut zones: Vec<&str> = fits.iter().map(|fit| fit.row.terms.zone.as_str()).collect();
    zones.dedup();
    let days: Option<Vec<u32>> = fits.iter().map(|fit| fit.row.transit_days).collect();
    Rate {
        parcels,
        surcharges,
        transit_days: days.and_then(|days| days.into_iter().max()),
        zone: Some(zones.join(", ")),
        routing_code: fits.iter().find_map(|fit| fit.row.terms.routing_code.clone()),
        tariff: Some(Tariff::Contract),
        notes: notes(service, fits, ask),
        ..Rate::new(code, &service.name, Money::new(sum.shown, first.currency))
    }
}

const OVERSIZE: &str = "oversize";
const FUEL: &str = "fuel";

/// What one parcel costs beside its base price, exactly: oversize, fixed amounts, percentages of the base price, fuel.
fn surcharges_of<'a>(row: &'a Row, parcel: &ParcelBox) -> Vec<(&'a str, Decimal)> {
    let terms = &row.terms;
    let percent = |base: Decimal, percent: Decimal| base * percent / Decimal::ONE_HUNDRED;
    let mut surcharges = Vec::new();
    if let (Some((over, price)), Some(dimensions)) = (terms.oversize, parcel.dimensions)
        && dimensions.sorted()[0] > over
    {
        surcharges.push((OVERSIZE, price));
    }
    let fixed = |(name, extra): &'a (String, Extra)| match extra {
        Extra::Fixed(amount) => Some((name.as_str(), *amount)),
        Extra::Percent(_) => None,
    };
    let relative = |(name, extra): &'a (String, Extra)| match extra {
        Extra::Fixed(_) => None,
        Extra::Percent(of) => Some((name.as_str(), percent(row.price, *of))),
    };
    surcharges.extend(terms.surcharges.iter().filter_map(fixed));
    surcharges.extend(terms.surcharges.iter().filter_map(relative));
    if let Some(fuel) = terms.fuel_percent {
        let base = row.price + surcharges.iter().map(|(_, amount)| *amount).sum::<Decimal>();
        surcharges.push((FUEL, percent(base, fuel)));
    }
    surcharges
}

/// An exact sum and what of it was shown in whole steps.
struct RunningSum {
    exact: Decimal,
    shown: Decimal,
    digits: u32,
    step: Decimal,
}

impl RunningSum {
    /// What the shown sum grows by.
    fn add(&mut self, amount: Decimal) -> Decimal {
        self.exact += amount;
        let steps = (self.exact / self.step).round_dp_with_strategy(0, RoundingStrategy::MidpointAwayFromZero);
        let mut rounded = steps * self.step;
        rounded.rescale(self.digits);
        let mut growth = rounded - self.shown;
        growth.rescale(self.digits);
        self.shown = rounded;
        growth
    }
}

/// How the billed weights came about, and what was assumed or missing.
fn notes(service: &Service, fits: &[Fit<'_>], ask: &RateRequest) -> Vec<String> {
    let mut notes = Vec::new();
    for (position, (fit, parcel)) in fits.iter().zip(&ask.parcels).enumerate() {
        let mut note = |text: &str| notes.push(format!("{}{text}", whose(position, fits.len())));
        let terms = &fit.row.terms;
        if parcel.weight_is_assumed {
            note("weight assumed: nobody said it");
        }
        if let (true, Some(divisor)) = (fit.is_volumetric, terms.divisor) {
            let (gross, billed) = (parcel.weight, fit.billed);
            note(&format!("billed by volume: {billed} instead of {gross} (cm³ / {})", divisor.normalize()));
        }
        if parcel.dimensions.is_none() {
            if terms.divisor.is_some() {
                note("no dimensions: volumetric weight not considered");
            }
            if terms.max_length.is_some() || terms.max_girth.is_some() || terms.oversize.is_some() {
                note("no dimensions: size limits and oversize not considered");
            }
        }
    }
    let recipient = &ask.recipient;
    let country = recipient.country_code().and_then(|code| Country::try_from(code.as_bytes()).ok());
    if recipient.postal_code.is_none() && country.is_some_and(|country| service.has_parts(country)) {
        notes.push("no postal code: only prices for the whole country considered".to_owned());
    }
    notes
}

/// Names a parcel of several.
fn whose(position: usize, count: usize) -> String {
    if count == 1 { String::new() } else { format!("parcel {}: ", position + 1) }
}
