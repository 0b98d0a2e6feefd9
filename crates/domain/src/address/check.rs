//! An address check: whether an address can be right, what it should rather be, and what a person said of it.
//!
//! A check that fails is a warning. It stops nothing by itself, and whoever may overrule it says why.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::LazyLock;

use rust_iso3166::iso3166_2::{SUBDIVISION_COUNTRY_MAP, Subdivision};
use serde::{Deserialize, Serialize};

use super::{Address, ChosenSplit};
use crate::error::CarrierError;
use crate::time::Timestamp;

/// How an address stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AddressStatus {
    /// Nobody has looked at it.
    #[default]
    Unverified,
    /// It is right, as far as whoever looked can tell.
    Verified,
    /// It should rather be the proposal.
    Proposed,
    /// It cannot be right, or was not found.
    Failed,
}

impl AddressStatus {
    /// Every status.
    pub const ALL: [Self; 4] = [Self::Unverified, Self::Verified, Self::Proposed, Self::Failed];

    /// The name in rows, in events and in the native API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unverified => "unverified",
            Self::Verified => "verified",
            Self::Proposed => "proposed",
            Self::Failed => "failed",
        }
    }
}

/// Who looked at an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckedBy {
    /// Nobody but us: required fields, postal codes, regions.
    Rules,
    /// A geocoder, which knows streets and houses.
    Geocoder,
}

/// What is wrong with a field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldReason {
    /// The field of the canonical address, such as `postal_code`.
    pub field: String,
    /// Which value, which rule, what was expected.
    pub message: String,
}

/// What a checker found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// How the address stands.
    pub status: AddressStatus,
    /// Who says so.
    pub by: CheckedBy,
    /// What it should rather be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proposal: Option<Address>,
    /// Why, field by field.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<FieldReason>,
    /// Degrees north, as the geocoder wrote them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latitude: Option<String>,
    /// Degrees east, as the geocoder wrote them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub longitude: Option<String>,
}

/// A person's word against a failed check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Overruling {
    /// The key it came with.
    pub by: String,
    /// Why.
    pub reason: String,
    /// When.
    pub at: Timestamp,
}

/// What is kept with an order about its shipping address. It counts as long as the order has that address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AddressCheck {
    /// The address it is about.
    pub address: Address,
    /// What was found; `None` when nobody has looked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finding: Option<Finding>,
    /// When.
    pub at: Timestamp,
    /// Who said that it is right all the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overruled: Option<Overruling>,
    /// How a person took the street line apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub split: Option<ChosenSplit>,
    /// How it stands by the word of a client that shares this status with us; until somebody looks again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub said: Option<AddressStatus>,
}

impl AddressCheck {
    /// Nothing known yet.
    pub fn new(address: Address, at: Timestamp) -> Self {
        Self { address, finding: None, at, overruled: None, split: None, said: None }
    }

    /// Whether it counts for an order that goes to this address.
    pub fn is_about(&self, address: Option<&Address>) -> bool {
        address.map_or_else(|| self.address == Address::default(), |address| self.address == *address)
    }

    /// What was found.
    pub fn status(&self) -> AddressStatus {
        self.finding.as_ref().map_or(AddressStatus::Unverified, |finding| finding.status)
    }

    /// How the address stands after everybody had their say: one that is overruled is right.
    pub fn stands(&self) -> AddressStatus {
        let is_overruled = self.overruled.is_some() && self.status() == AddressStatus::Failed;
        self.said.unwrap_or(if is_overruled { AddressStatus::Verified } else { self.status() })
    }

    /// Whether it failed and nobody said that it is right all the same.
    pub fn stands_failed(&self) -> bool {
        self.stands() == AddressStatus::Failed
    }
}

/// A finding, some time later.
pub type Looking<'a> = Pin<Box<dyn Future<Output = Result<Finding, CarrierError>> + Send + 'a>>;

/// Looks at addresses. The two that there are: [`Rules`], and a geocoder over HTTP.
pub trait AddressChecker: Send + Sync {
    /// What can be said of an address. An error means that nobody could look now.
    fn check<'a>(&'a self, address: &'a Address) -> Looking<'a>;
}

/// Looks at required fields, postal codes and regions, by a table, without asking anybody.
#[derive(Clone, Copy, Debug, Default)]
pub struct Rules;

impl AddressChecker for Rules {
    fn check<'a>(&'a self, address: &'a Address) -> Looking<'a> {
        Box::pin(std::future::ready(Ok(check(address))))
    }
}

/// One country of the table.
struct Country {
    required: &'static str,
    forms: Vec<&'static str>,
    example: &'static str,
}

static COUNTRIES: LazyLock<HashMap<&'static str, Country>> = LazyLock::new(|| {
    let lines = include_str!("countries.tsv").lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    let country = |line: &'static str| {
        let mut columns = line.split('\t');
        let mut next = || columns.next().unwrap_or_default();
        let code = next();
        let (required, forms, example) = (next(), next(), next());
        let forms = forms.split('|').filter(|form| !form.is_empty()).collect();
        (code, Country { required, forms, example })
    };
    lines.map(country).collect()
});

/// Whether two letters are a country. Kosovo has none in the standard, and ships under these; the Canaries, Ceuta and
/// Melilla and Northern Ireland have reserved ones.
pub(crate) fn is_country(code: &str) -> bool {
    matches!(code, "XK" | "IC" | "EA" | "XI") || rust_iso3166::from_alpha2(code).is_some()
}

/// A postal code in one of the forms, with its blanks and dashes where they belong; `None` when it fits none.
fn in_form(typed: &str, forms: &[&str]) -> Option<String> {
    let bare = |text: &str| -> String { text.chars().filter(|letter| !matches!(letter, ' ' | '-')).collect() };
    let typed = bare(typed.trim()).to_uppercase();
    forms.iter().find_map(|form| {
        if bare(form).chars().count() != typed.chars().count() {
            return None;
        }
        let mut letters = typed.chars();
        let mut written = String::with_capacity(form.len());
        for place in form.chars() {
            if matches!(place, ' ' | '-') {
                written.push(place);
                continue;
            }
            let letter = letters.next()?;
            let fits = match place {
                'N' => letter.is_ascii_digit(),
                'A' => letter.is_ascii_uppercase(),
                'X' => letter.is_ascii_alphanumeric(),
                place => letter == place,
            };
            if !fits {
                return None;
            }
            written.push(letter);
        }
        Some(written)
    })
}

/// A region of a country by its code, with or without the country, or by its name.
fn region(country: &str, typed: &str) -> Option<&'static Subdivision> {
    let regions = SUBDIVISION_COUNTRY_MAP.get(country)?;
    let typed = typed.trim();
    let bare = typed.strip_prefix(&format!("{country}-")).unwrap_or(typed);
    let is_it = |region: &&Subdivision| {
        let code = region.code.split_once('-').map_or(region.code, |(_, code)| code);
        code.eq_ignore_ascii_case(bare) || region.name.to_lowercase() == bare.to_lowercase()
    };
    regions.iter().find(is_it)
}

/// The code of a country's region (ISO 3166-2, without the country) that was typed as a code or a name.
pub fn region_code(country: &str, typed: &str) -> Option<&'static str> {
    let code = region(country, typed)?.code;
    Some(code.split_once('-').map_or(code, |(_, code)| code))
}

/// What the table says of an address: every reason at once, and a proposal where only the spelling differs.
pub fn check(address: &Address) -> Finding {
    let mut reasons = Vec::new();
    let mut reason = |field: &str, message: String| reasons.push(FieldReason { field: field.to_owned(), message });
    let mut proposal = address.clone();
    let text =
        |field: &Option<String>| field.as_deref().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
    let code = address.country_code().filter(|code| is_country(code));
    let table = code.as_deref().and_then(|code| COUNTRIES.get(code));
    if let Some(code) = &code {
        proposal.country = Some(code.clone());
    } else {
        let typed = address.country.as_deref().unwrap_or("");
        reason("country", format!("country {typed:?} is not an ISO 3166-1 code of two letters"));
    }
    let (required, of) = (table.map_or("SC", |table| table.required), code.as_deref().unwrap_or("this country"));
    if required.contains('S') && text(&address.street1).is_none() && text(&address.po_box).is_none() {
        reason("street1", "the street is missing".to_owned());
    }
    if required.contains('C') && text(&address.city).is_none() {
        reason("city", "the city is missing".to_owned());
    }
    match (text(&address.postal_code), table) {
        (None, Some(table)) if required.contains('P') => {
            reason("postal_code", format!("the postal code is missing: {of} writes one such as {}", table.example));
        }
        (Some(typed), Some(table)) if !table.forms.is_empty() => match in_form(&typed, &table.forms) {
            Some(written) => proposal.postal_code = Some(written),
            None => reason(
                "postal_code",
                format!("{typed:?} is no postal code of {of}: expected one such as {}", table.example),
            ),
        },
        _ => {}
    }
    if required.contains('R')
        && let Some(code) = &code
    {
        match text(&address.state) {
            None => reason("state", format!("the region is missing: {of} addresses have one")),
            Some(typed) => match region(code, &typed) {
                Some(region) if address.region().is_some_and(|typed| region.code.ends_with(&format!("-{typed}"))) => {}
                Some(region) => {
                    proposal.state = region.code.split_once('-').map(|(_, region)| region.to_owned());
                }
                None => reason("state", format!("{typed:?} is no region of {of}: expected a code of ISO 3166-2")),
            },
        }
    }
    let is_as_typed = proposal == *address;
    let status = match (reasons.is_empty(), is_as_typed) {
        (false, _) => AddressStatus::Failed,
        (true, true) => AddressStatus::Verified,
        (true, false) => AddressStatus::Proposed,
    };
    let proposal = (status == AddressStatus::Proposed).then_some(proposal);
    Finding { status, by: CheckedBy::Rules, proposal, reasons, latitude: None, longitude: None }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// An address written `country postal code|state|city|street`.
    fn at(written: &str) -> Address {
        let mut fields = written.split('|').map(|text| (!text.is_empty()).then(|| text.to_owned()));
        let mut next = || fields.next().flatten();
        Address {
            country: next(),
            postal_code: next(),
            state: next(),
            city: next(),
            street1: next(),
            ..Address::default()
        }
    }

    #[test]
    fn an_address_is_right_or_should_be_another_or_says_why_not_field_by_field() {
        let addresses = [
            "DE|10115||Berlin|Invalidenstraße 117",
            "de|10115||Berlin|Invalidenstraße 117",
            "DE|1011||Berlin|Invalidenstraße 117",
            "DE||||",
            "Germany|10115||Berlin|Weg 1",
            "ZZ|10115||Berlin|Weg 1",
            "NL|5341ab||Oss|Stadhuisplein 15",
            "GB|sw1a1aa||London|10 Downing Street",
            "GB|SW1A 1A||London|10 Downing Street",
            "US|02118|MA|Boston|345 Harrison Avenue",
            "US|02118|US-MA|Boston|345 Harrison Avenue",
            "US|021181234|massachusetts|Boston|345 Harrison Avenue",
            "US|02118|Bavaria|Boston|345 Harrison Avenue",
            "US|02118||Boston|345 Harrison Avenue",
            "DE|10115|Berlin|Berlin|Weg 1",
            "HK|||Hong Kong|1 Queen's Road",
            "XK|10000||Prishtina|Rruga 1",
            "BO|||La Paz|Calle 1",
        ];
        let told = addresses.map(|written| {
            let found = check(&at(written));
            let reasons = found.reasons.iter().map(|one| format!("{}: {}", one.field, one.message));
            let proposal = found.proposal.iter().map(|one| serde_json::to_string(one).unwrap());
            let more = reasons.chain(proposal).flat_map(|line| ["\n    ".to_owned(), line]).collect::<String>();
            format!("{written} = {}{more}", found.status.as_str())
        });
        insta::assert_snapshot!(told.join("\n"), @r#"
        DE|10115||Berlin|Invalidenstraße 117 = verified
        de|10115||Berlin|Invalidenstraße 117 = proposed
            {"street1":"Invalidenstraße 117","postal_code":"10115","city":"Berlin","country":"DE"}
        DE|1011||Berlin|Invalidenstraße 117 = failed
            postal_code: "1011" is no postal code of DE: expected one such as 10115
        DE|||| = failed
            street1: the street is missing
            city: the city is missing
            postal_code: the postal code is missing: DE writes one such as 10115
        Germany|10115||Berlin|Weg 1 = failed
            country: country "Germany" is not an ISO 3166-1 code of two letters
        ZZ|10115||Berlin|Weg 1 = failed
            country: country "ZZ" is not an ISO 3166-1 code of two letters
        NL|5341ab||Oss|Stadhuisplein 15 = proposed
            {"street1":"Stadhuisplein 15","postal_code":"5341 AB","city":"Oss","country":"NL"}
        GB|sw1a1aa||London|10 Downing Street = proposed
            {"street1":"10 Downing Street","postal_code":"SW1A 1AA","city":"London","country":"GB"}
        GB|SW1A 1A||London|10 Downing Street = failed
            postal_code: "SW1A 1A" is no postal code of GB: expected one such as SW1A 1AA
        US|02118|MA|Boston|345 Harrison Avenue = verified
        US|02118|US-MA|Boston|345 Harrison Avenue = verified
        US|021181234|massachusetts|Boston|345 Harrison Avenue = proposed
            {"street1":"345 Harrison Avenue","postal_code":"02118-1234","city":"Boston","state":"MA","country":"US"}
        US|02118|Bavaria|Boston|345 Harrison Avenue = failed
            state: "Bavaria" is no region of US: expected a code of ISO 3166-2
        US|02118||Boston|345 Harrison Avenue = failed
            state: the region is missing: US addresses have one
        DE|10115|Berlin|Berlin|Weg 1 = verified
        HK|||Hong Kong|1 Queen's Road = verified
        XK|10000||Prishtina|Rruga 1 = verified
        BO|||La Paz|Calle 1 = verified
        "#);
    }

    #[test]
    fn the_table_is_sorted_and_every_example_has_its_form() {
        let lines = include_str!("countries.tsv").lines().filter(|line| !line.starts_with('#'));
        let codes: Vec<_> = lines.map(|line| line.split('\t').next().unwrap()).collect();
        assert!(codes.is_sorted() && codes.len() == COUNTRIES.len() && codes.len() > 60);
        for (code, country) in COUNTRIES.iter() {
            assert!(is_country(code), "{code}");
            let example = in_form(country.example, &country.forms);
            assert_eq!(example.as_deref(), (!country.forms.is_empty()).then_some(country.example), "{code}");
            assert!(!country.required.contains('R') || SUBDIVISION_COUNTRY_MAP.get(*code).is_some(), "{code}");
        }
    }

    proptest! {
        #[test]
        fn a_proposal_is_right_and_what_is_right_stays_so(
            country in "[A-Za-z]{2}|US|NL|GB|CA|PL", postal in "\\PC{0,10}|[0-9]{4,6}|[A-Za-z0-9 -]{4,9}", state in "\\PC{0,8}|MA|ma|Ontario",
        ) {
            let address = Address {
                country: Some(country),
                postal_code: Some(postal),
                state: Some(state),
                city: Some("City".to_owned()),
                street1: Some("Street 1".to_owned()),
                ..Address::default()
            };
            let found = check(&address);
            prop_assert_eq!(found.status == AddressStatus::Failed, !found.reasons.is_empty());
            if let Some(proposal) = found.proposal {
                prop_assert_eq!(check(&proposal).status, AddressStatus::Verified, "{:?}", proposal);
            }
        }
    }
}
