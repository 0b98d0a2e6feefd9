//! The time zone of an address: by its country where that has one, else by postal code or region where those are in one.
//!
//! `zones.tsv` holds a country, what narrows it (nothing, a region's code, or `~` and how postal codes begin) and the zone.
//! Countries with one zone are the public-domain `zone.tab` of the IANA time zone database; parts of a country through which
//! a boundary runs are left out, since a wrong hour is worse than one that names its distance from UTC.

use std::collections::HashMap;
use std::sync::LazyLock;

use jiff::tz::TimeZone;

use crate::address::{Address, region_code};

const TABLE: &str = include_str!("zones.tsv");

static ZONES: LazyLock<HashMap<(&str, &str), &str>> = LazyLock::new(|| {
    let row = |line: &'static str| {
        let mut cells = line.split('\t');
        Some(((cells.next()?, cells.next()?), cells.next()?))
    };
    TABLE.lines().filter_map(row).collect()
});

/// The zone that clocks at an address go by; `None` when the table cannot say.
pub fn zone_of(address: &Address) -> Option<TimeZone> {
    let country = address.country_code()?;
    let find = |narrowed: &str| ZONES.get(&(country.as_str(), narrowed)).copied();
    let postal_code = address.postal_code.as_deref().unwrap_or_default().trim().to_ascii_uppercase();
    let by_postal_code = || {
        let starts = (1..=postal_code.len().min(3)).rev().filter_map(|length| postal_code.get(..length));
        starts.into_iter().find_map(|start| find(&format!("~{start}")))
    };
    let by_region = || find(region_code(&country, address.state.as_deref()?)?);
    let name = find("").or_else(by_region).or_else(by_postal_code)?;
    TimeZone::get(name).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zone(country: &str, state: &str, postal_code: &str) -> Option<String> {
        let text = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        let address = Address {
            country: text(country),
            state: text(state),
            postal_code: text(postal_code),
            ..Address::default()
        };
        zone_of(&address).map(|zone| zone.iana_name().unwrap().to_owned())
    }

    #[test]
    fn a_country_a_region_or_a_postal_code_tells_the_zone_and_nothing_is_guessed() {
        let known = |country, state, code| zone(country, state, code).unwrap_or_else(|| "not known".to_owned());
        assert_eq!(known("de", "", ""), "Europe/Berlin");
        assert_eq!(known("PL", "", "00-001"), "Europe/Warsaw");
        assert_eq!(known("ES", "", "28013"), "Europe/Madrid");
        assert_eq!(known("ES", "", "38001"), "Atlantic/Canary");
        assert_eq!(known("ES", "", ""), "not known");
        assert_eq!(known("PT", "", "9500-150"), "Atlantic/Azores");
        assert_eq!(known("US", "US-MA", "02118"), "America/New_York");
        assert_eq!(known("US", "Massachusetts", ""), "America/New_York");
        assert_eq!(known("US", "TX", "75001"), "America/Chicago");
        assert_eq!(known("US", "TX", "79901"), "America/Denver");
        assert_eq!(known("US", "TX", "79830"), "not known", "the boundary runs through it");
        assert_eq!(known("US", "", ""), "not known");
        assert_eq!(known("CA", "BC", "v5k 0a1"), "America/Vancouver");
        assert_eq!(known("AU", "NSW", "2000"), "Australia/Sydney");
        assert_eq!(known("AU", "NSW", "2880"), "not known", "Broken Hill keeps another time");
        assert_eq!(known("XX", "", ""), "not known");
    }

    #[test]
    fn every_zone_of_the_table_is_known_and_every_region_has_the_code_of_the_standard() {
        for line in TABLE.lines() {
            let cells: Vec<_> = line.split('\t').collect();
            let [country, narrowed, zone] = cells[..] else { panic!("three cells: {line}") };
            assert!(TimeZone::get(zone).is_ok_and(|zone| !zone.is_unknown()), "{line}");
            if !narrowed.is_empty() && !narrowed.starts_with('~') {
                assert_eq!(region_code(country, narrowed), Some(narrowed), "{line}");
            }
        }
    }
}
