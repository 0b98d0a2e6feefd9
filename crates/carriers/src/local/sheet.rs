//! A rate sheet: what a carrier charges, as a table of services, places and weight brackets.
//!
//! A line belongs to every place it names: each of its countries with each of its postal entries. For a service and a
//! destination the narrowest place wins (a postal entry before its country, a country before `*`), and only that
//! place's brackets count; the zone is its name, nothing more. Two prices for one place and weight are a mistake.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use domain::Problem;
use domain::measure::{Length, Weight};
use domain::money::{Currency, Decimal};

use super::columns::Col;
use super::postal::{PostalEntry, PostalIndex, plain};
use super::read;

/// The most lines a sheet may have, the first included.
pub const MOST_LINES: u64 = 200_000;

/// The most places a sheet may name: each line counts countries times postal entries.
pub const MOST_PLACES: usize = 2_000_000;

/// Two upper-case letters.
pub(super) type Country = [u8; 2];

/// One price: a bracket of a service in some places.
#[derive(Debug)]
pub(super) struct Row {
    /// Its line in the file, from 1.
    pub(super) line: u64,
    /// The lightest billed weight in milligrams, inclusive.
    pub(super) min: u64,
    /// Where the bracket ends in milligrams, exclusive.
    pub(super) max: u64,
    /// The base price of one parcel.
    pub(super) price: Decimal,
    /// Its currency, upper case.
    pub(super) currency: Currency,
    /// The currency's minor digits.
    pub(super) digits: u32,
    /// Days from hand-over to delivery.
    pub(super) transit_days: Option<u32>,
    /// What many rows share.
    pub(super) terms: Arc<Terms>,
}

/// What many rows share: limits and surcharges.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Terms {
    /// What people call the place.
    pub(super) zone: String,
    /// Printed for sorting people.
    pub(super) routing_code: Option<String>,
    /// Percent of the base price and the other surcharges.
    pub(super) fuel_percent: Option<Decimal>,
    /// Named surcharges, in the order written.
    pub(super) surcharges: Vec<(String, Extra)>,
    /// From which longest side, exclusive, a parcel costs how much more.
    pub(super) oversize: Option<(Length, Decimal)>,
    /// Cubic centimetres a kilogram; the account's when the sheet names none.
    pub(super) divisor: Option<Decimal>,
    /// The longest side, inclusive.
    pub(super) max_length: Option<Length>,
    /// The longest side plus twice each of the others in centimetres, inclusive.
    pub(super) max_girth: Option<Decimal>,
    /// The most parcels of a shipment.
    pub(super) max_parcels: Option<u32>,
    /// What amounts are rounded to a multiple of; the currency's minor unit when the sheet names nothing.
    pub(super) round_to: Option<Decimal>,
}

/// A named surcharge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Extra {
    /// For each parcel.
    Fixed(Decimal),
    /// Of the base price.
    Percent(Decimal),
}

/// The rows of one place by weight: positions in [`Sheet::rows`].
pub(super) type Brackets = Vec<u32>;

/// A service and its places.
#[derive(Debug)]
pub(super) struct Service {
    /// What people call it.
    pub(super) name: String,
    /// The most parcels of a shipment to any of its places.
    pub(super) most_parcels: Option<u32>,
    /// The places by country.
    pub(super) countries: HashMap<Country, Places>,
    /// The rest of the world.
    rest: Brackets,
}

/// The places of one service in one country.
#[derive(Debug)]
pub(super) struct Places {
    /// The whole country.
    whole: Brackets,
    /// Parts of it.
    pub(super) parts: PostalIndex<Brackets>,
}

/// A rate sheet, read once and then only looked up.
#[derive(Debug)]
pub(super) struct Sheet {
    /// Every price.
    pub(super) rows: Vec<Row>,
    /// The services by code.
    pub(super) services: BTreeMap<String, Service>,
}

impl Sheet {
    /// Reads a sheet whole, or says everything that is wrong with it.
    pub(super) fn read(text: &str, divisor: Option<Decimal>) -> Result<Self, Vec<Problem>> {
        let mut draft = Draft { divisor, ..Draft::default() };
        let mut mistakes = read::Mistakes::default();
        read::lines(text, &mut mistakes, |line, mistakes| draft.add(line, mistakes));
        draft.finish(mistakes)
    }
}

impl Service {
    /// The brackets of the narrowest place that holds a destination; the postal code as typed.
    pub(super) fn brackets(&self, country: Country, postal_code: Option<&str>) -> Option<&Brackets> {
        let places = self.countries.get(&country);
        let code = postal_code.map(plain).unwrap_or_default();
        let part = places.and_then(|places| places.parts.narrowest(&code)).map(|stretch| &stretch.value);
        let whole = places.map(|places| &places.whole);
        part.into_iter().chain(whole).chain([&self.rest]).find(|brackets| !brackets.is_empty())
    }

    /// Whether prices in this country depend on the postal code.
    pub(super) fn has_parts(&self, country: Country) -> bool {
        self.countries.get(&country).is_some_and(|places| !places.parts.is_empty())
    }
}

/// A sheet while it is read.
#[derive(Default)]
struct Draft {
    divisor: Option<Decimal>,
    rows: Vec<Row>,
    terms: HashSet<Arc<Terms>>,
    services: BTreeMap<String, DraftService>,
    places: usize,
}

/// The places of a service while it is read; `None` is the rest of the world, or the whole country.
#[derive(Default)]
struct DraftService {
    name: Option<(u64, String)>,
    most_parcels: u32,
    countries: BTreeMap<Option<Country>, BTreeMap<Option<PostalEntry>, Brackets>>,
}

impl Draft {
    /// Takes one line; what is wrong with it goes to `mistakes` and the line counts for nothing.
    fn add(&mut self, line: &read::Line<'_>, mistakes: &mut read::Mistakes) {
        let before = mistakes.count();
        let mut cell = read::Cells { line, mistakes };
        let service = cell.required(Col::Service, read::service);
        let zone = cell.required(Col::Zone, read::short_text);
        let countries = cell.required(Col::Countries, read::countries);
        let entries = cell.optional(Col::PostalPrefixes, read::postal_entries).unwrap_or_default();
        let min = cell.required(Col::MinWeight, read::milligrams);
        let max = cell.required(Col::MaxWeight, read::milligrams);
        let price = cell.required(Col::Price, read::amount);
        let currency = cell.required(Col::Currency, read::currency);
        let transit_days = cell.optional(Col::TransitDays, read::days);
        let name = cell.optional(Col::Name, read::short_text);
        let terms = Terms {
            zone: zone.unwrap_or_default(),
            routing_code: cell.optional(Col::RoutingCode, read::short_text),
            fuel_percent: cell.optional(Col::FuelPercent, read::percent),
            surcharges: cell.optional(Col::Surcharges, read::surcharges).unwrap_or_default(),
            oversize: cell.pair((Col::OversizeOver, read::length), (Col::OversizePrice, read::amount)),
            divisor: cell.optional(Col::VolumetricDivisor, read::divisor).or(self.divisor),
            max_length: cell.optional(Col::MaxLength, read::length),
            max_girth: cell.optional(Col::MaxGirth, read::length).map(Length::centimetres),
            max_parcels: cell.optional(Col::MaxParcels, read::count),
            round_to: cell.optional(Col::RoundTo, read::step),
        };
        if let (Some(min), Some(max)) = (min, max)
            && min >= max
        {
            cell.wrong(Col::MaxWeight, "expected more than min_weight_kg");
        }
        if countries.as_deref() == Some(&[None]) && !entries.is_empty() {
            cell.wrong(Col::PostalPrefixes, "* is the rest of the world and has no postal codes: name the countries");
        }
        if let (Some(step), Some((currency, digits))) = (terms.round_to, currency)
            && step.normalize().scale() > digits
        {
            cell.wrong(Col::RoundTo, format!("{currency} has {digits} decimal places"));
        }
        let mut other_name = None;
        if let (Some(service), Some(name)) = (&service, &name)
            && let Some((first, known)) = self.services.get(service).and_then(|service| service.name.as_ref())
            && known != name
        {
            other_name = Some(format!("line {first} calls the service {known:?}"));
        }
        if let Some(reason) = other_name {
            cell.wrong(Col::Name, reason);
        }
        let (Some(service), Some(countries), Some(min), Some(max), Some(price), Some((currency, digits))) =
            (service, countries, min, max, price, currency)
        else {
            return;
        };
        self.places = self.places.saturating_add(countries.len() * entries.len().max(1));
        if mistakes.count() > before || self.places > MOST_PLACES {
            return;
        }
        let position = self.rows.len() as u32;
        let terms = self.share(terms);
        let most = terms.max_parcels.unwrap_or(u32::MAX);
        self.rows.push(Row { line: line.number, min, max, price, currency, digits, transit_days, terms });
        let service = self.services.entry(service).or_default();
        service.most_parcels = service.most_parcels.max(most);
        service.name = service.name.take().or(name.map(|name| (line.number, name)));
        for country in countries {
            let places = service.countries.entry(country).or_default();
            if entries.is_empty() {
                places.entry(None).or_default().push(position);
            }
            for entry in &entries {
                places.entry(Some(*entry)).or_default().push(position);
            }
        }
    }

    /// The same terms once in memory.
    fn share(&mut self, terms: Terms) -> Arc<Terms> {
        if let Some(known) = self.terms.get(&terms) {
            return Arc::clone(known);
        }
        let terms = Arc::new(terms);
        self.terms.insert(Arc::clone(&terms));
        terms
    }

    /// Sorts every place's brackets and looks for two prices for one weight.
    fn finish(mut self, mut mistakes: read::Mistakes) -> Result<Sheet, Vec<Problem>> {
        if self.places > MOST_PLACES {
            mistakes.add_whole(format!("the sheet names more than {MOST_PLACES} places (countries × postal entries)"));
        }
        let mut seen = HashSet::new();
        for (code, service) in &mut self.services {
            for (country, places) in &mut service.countries {
                for (entry, brackets) in places {
                    brackets.sort_by_key(|&row| (self.rows[row as usize].min, row));
                    for (first, second) in clashes(&self.rows, brackets) {
                        if seen.insert((first.line, second.line)) {
                            mistakes.add_clash(first, second, code, &place(*country, *entry));
                        }
                    }
                }
            }
        }
        if mistakes.count() == 0 && self.rows.is_empty() {
            mistakes.add_whole("the sheet has no prices".to_owned());
        }
        if mistakes.count() > 0 {
            return Err(mistakes.into_problems());
        }
        let services = self.services.into_iter().map(|(code, draft)| {
            let service = draft.finish(&code);
            (code, service)
        });
        Ok(Sheet { services: services.collect(), rows: self.rows })
    }
}

impl DraftService {
    fn finish(mut self, code: &str) -> Service {
        let rest = self.countries.remove(&None).and_then(|mut places| places.remove(&None)).unwrap_or_default();
        let countries = self.countries.into_iter().filter_map(|(country, mut places)| {
            let whole = places.remove(&None).unwrap_or_default();
            let parts = places.into_iter().filter_map(|(entry, brackets)| Some((entry?, brackets)));
            Some((country?, Places { whole, parts: PostalIndex::new(parts) }))
        });
        let name = self.name.map_or_else(|| super::presentable(code), |(_, name)| name);
        let most_parcels = Some(self.most_parcels).filter(|most| *most < u32::MAX);
        Service { name, most_parcels, countries: countries.collect(), rest }
    }
}

/// Pairs of rows of one place, sorted by weight, that name two prices for one weight or two volumetric divisors.
fn clashes<'a>(rows: &'a [Row], brackets: &'a [u32]) -> impl Iterator<Item = (&'a Row, &'a Row)> {
    let mut widest: Option<&Row> = None;
    brackets.iter().filter_map(move |&position| {
        let row = &rows[position as usize];
        let before = widest;
        if before.is_none_or(|before| row.max > before.max) {
            widest = Some(row);
        }
        let before = before?;
        let is_clash = row.min < before.max || row.terms.divisor != before.terms.divisor;
        is_clash.then_some(if before.line < row.line { (before, row) } else { (row, before) })
    })
}

/// A place in words.
fn place(country: Option<Country>, entry: Option<PostalEntry>) -> String {
    let country = country.map_or_else(|| "*".to_owned(), |code| String::from_utf8_lossy(&code).into_owned());
    entry.map_or(country.clone(), |entry| format!("{country} {entry}"))
}

/// Milligrams as people read them.
pub(super) fn kilograms(milligrams: u64) -> Decimal {
    Weight::from_milligrams(milligrams).map_or(Decimal::ZERO, Weight::kilograms)
}
