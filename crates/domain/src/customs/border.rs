//! Borders: between which places goods need customs papers.

use crate::address::{Address, PlaceKind};

/// Countries whose goods move freely among each other, and Monaco, which belongs to their customs territory (Regulation
/// (EU) 952/2013, article 4).
const UNION: [&str; 28] = [
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IT", "LT", "LU", "LV",
    "MC", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK",
];

/// Places that are outside their country's customs or tax territory, so that papers are needed from there to the rest of
/// it as well. Those of the Union: article 4 of the same regulation and article 6 of Directive 2006/112/EC; the others:
/// what their posts ask for.
const APART: [PlaceKind; 16] = [
    PlaceKind::Military,
    PlaceKind::UsTerritory,
    PlaceKind::Canaries,
    PlaceKind::Ceuta,
    PlaceKind::Melilla,
    PlaceKind::ChannelIslands,
    PlaceKind::FrenchOverseas,
    PlaceKind::Aland,
    PlaceKind::Svalbard,
    PlaceKind::Livigno,
    PlaceKind::Campione,
    PlaceKind::Busingen,
    PlaceKind::Heligoland,
    PlaceKind::Athos,
    PlaceKind::SanMarino,
    PlaceKind::FaroesGreenland,
];

/// The territory a place belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Territory {
    Country(String),
    Union,
    Switzerland,
    UnitedKingdom,
    Apart(PlaceKind),
}

/// Where goods from an address count as domestic; Northern Ireland is at home in the Union and in the United Kingdom
/// (Windsor Framework).
fn territories(address: &Address) -> Vec<Territory> {
    let code = address.country_code().unwrap_or_default();
    let places = address.places();
    // Puerto Rico is within the customs territory of the United States, the other islands are not.
    let is_puerto_rico = code == "PR" || (code == "US" && address.state.as_deref() == Some("PR"));
    if is_puerto_rico {
        return vec![Territory::Country("US".to_owned())];
    }
    if let Some(kind) = APART.into_iter().find(|kind| places.has(*kind)) {
        return vec![Territory::Apart(kind)];
    }
    if places.has(PlaceKind::NorthernIreland) {
        return vec![Territory::UnitedKingdom, Territory::Union];
    }
    vec![match code.as_str() {
        "GB" | "IM" => Territory::UnitedKingdom,
        "CH" | "LI" => Territory::Switzerland,
        code if UNION.contains(&code) => Territory::Union,
        _ => Territory::Country(code),
    }]
}

/// Whether goods on this way need customs papers.
pub fn needs_papers(from: &Address, to: &Address) -> bool {
    let home = territories(from);
    !territories(to).iter().any(|territory| home.contains(territory))
}

/// Whether goods on this way leave the customs territory of the European Union.
pub fn leaves_union(from: &Address, to: &Address) -> bool {
    territories(from).contains(&Territory::Union) && needs_papers(from, to)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(country: &str, postal_code: &str, city: &str) -> Address {
        let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        Address { country: some(country), postal_code: some(postal_code), city: some(city), ..Address::default() }
    }

    #[test]
    fn papers_are_needed_where_a_territory_ends() {
        let [berlin, paris, dublin] =
            [at("DE", "10115", "Berlin"), at("FR", "75001", "Paris"), at("IE", "D02", "Dublin")];
        let [zurich, vaduz] = [at("CH", "8001", "Zürich"), at("LI", "9490", "Vaduz")];
        let [london, belfast, jersey] =
            [at("GB", "SW1A 1AA", "London"), at("GB", "BT1 1AA", "Belfast"), at("GB", "JE2 3AB", "St Helier")];
        let [tenerife, ceuta, madrid] =
            [at("ES", "38001", "Santa Cruz de Tenerife"), at("ES", "51001", "Ceuta"), at("ES", "28001", "Madrid")];
        let [reunion, monaco] = [at("FR", "97400", "Saint-Denis"), at("MC", "98000", "Monaco")];
        let [boston, apo, san_juan] =
            [at("US", "02108", "Boston"), at("US", "09012", "APO"), at("PR", "00901", "San Juan")];
        let free = [
            (&berlin, &paris),
            (&paris, &monaco),
            (&zurich, &vaduz),
            (&belfast, &dublin),
            (&belfast, &london),
            (&boston, &san_juan),
            (&tenerife, &tenerife),
        ];
        for (from, to) in free {
            assert!(!needs_papers(from, to) && !needs_papers(to, from), "{from:?} to {to:?}");
        }
        let bordered = [
            (&berlin, &zurich),
            (&berlin, &london),
            (&madrid, &tenerife),
            (&madrid, &ceuta),
            (&tenerife, &ceuta),
            (&paris, &reunion),
            (&london, &jersey),
            (&boston, &apo),
            (&berlin, &boston),
        ];
        for (from, to) in bordered {
            assert!(needs_papers(from, to) && needs_papers(to, from), "{from:?} to {to:?}");
        }
    }
}
