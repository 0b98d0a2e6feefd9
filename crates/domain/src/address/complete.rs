//! A complete address: the fields without which no parcel arrives.

use super::{Address, Side};
use crate::error::{Problem, Rule};

/// Countries whose addresses need no postal code: those that have none, or hardly write it, after the addressing sheets
/// of the Universal Postal Union.
const WITHOUT_POSTAL_CODE: &[&str] = &[
    "AE", "AG", "AN", "AO", "AW", "BF", "BI", "BJ", "BO", "BS", "BW", "BZ", "CD", "CF", "CG", "CI", "CK", "CM", "DJ",
    "DM", "ER", "FJ", "GA", "GD", "GH", "GM", "GQ", "GY", "HK", "IE", "JM", "KI", "KM", "KN", "KP", "LY", "ML", "MO",
    "MR", "MW", "NR", "NU", "QA", "RW", "SB", "SC", "SL", "SR", "ST", "SY", "TD", "TF", "TG", "TK", "TL", "TO", "TT",
    "TV", "UG", "VU", "WS", "YE", "ZW",
];

/// Required fields that nobody filled.
pub(super) fn missing(address: &Address, side: Side) -> Vec<Problem> {
    let whose = side.as_str();
    let is_there = |text: &Option<String>| text.as_deref().is_some_and(|text| !text.trim().is_empty());
    let country = address.country_code();
    let needs_postal_code = country.as_deref().is_none_or(|code| !WITHOUT_POSTAL_CODE.contains(&code));
    let mut problems = Vec::new();
    let mut check = |is_fine: bool, field: &str, what: &str| {
        if !is_fine {
            problems.push(Problem::of(Rule::Missing, format!("{whose}/{field}"), format!("the {whose} has no {what}")));
        }
    };
    check(is_there(&address.name) || is_there(&address.company), "name", "name and no company: one of them is needed");
    check(is_there(&address.street1) || is_there(&address.po_box), "street1", "street");
    check(is_there(&address.city), "city", "city");
    check(is_there(&address.postal_code) || !needs_postal_code, "postal_code", "postal code");
    check(is_there(&address.country), "country", "country");
    if country.is_none() && is_there(&address.country) {
        let typed = address.country.as_deref().unwrap_or_default();
        let message = format!("the {whose}'s country is {typed:?}: expected two letters of ISO 3166, such as DE");
        problems.push(Problem::new(format!("{whose}/country"), message));
    }
    problems
}
