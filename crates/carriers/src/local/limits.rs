//! What the carrier needs of an address before it is booked. Nothing is ever cut: what does not fit is refused, with a
//! wrapping over the free lines where there is one.

use domain::Problem;
use domain::address::Address;
use domain::error::Rule;

use super::codes::needs_postal_code;

/// Every problem of an address; `whose` is `sender` or `recipient`, the first step of each path.
pub(super) fn problems(address: &Address, whose: &str, longest: usize) -> Vec<Problem> {
    let mut problems = missing(address, whose);
    // Two lines each that stand below one another on a label, so that one can take what the other has no room for.
    let street = address.street_line();
    let pairs = [
        [("company", address.company.as_deref()), ("name", address.name.as_deref())],
        [("street1", street.as_deref()), ("street2", address.street2.as_deref())],
        [("po_box", address.po_box.as_deref()), ("", None)],
        [("city", address.city.as_deref()), ("", None)],
    ];
    for pair in pairs {
        for (field, text) in pair {
            let Some(text) = text else { continue };
            let length = count(text);
            if length > longest {
                let what = match (field, &address.house_number) {
                    ("street1", Some(_)) => "street and house number in one line, ",
                    _ => "",
                };
                let offer = offer(pair, longest);
                let message = format!(
                    "{whose}/{field}: {what}{text:?} has {length} characters and {longest} are allowed; {offer}"
                );
                problems.push(Problem::new(format!("{whose}/{field}"), message));
            }
        }
    }
    problems
}

/// Required fields that nobody filled.
fn missing(address: &Address, whose: &str) -> Vec<Problem> {
    let is_there = |text: &Option<String>| text.as_deref().is_some_and(|text| !text.trim().is_empty());
    let country = address.country_code();
    let needs_postal_code = country.as_deref().is_none_or(needs_postal_code);
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

/// How long a line is: Unicode scalar values, without blanks at the end.
fn count(text: &str) -> usize {
    text.trim_end().chars().count()
}

/// A wrapping of a pair of lines in words, or that there is none.
fn offer(pair: [(&str, Option<&str>); 2], longest: usize) -> String {
    let [(first, one), (second, two)] = pair;
    let text = [one, two].into_iter().flatten().map(str::trim).collect::<Vec<_>>().join(" ");
    // Two filled lines of a street read on; a company and a person in it do not.
    let is_free = !second.is_empty() && (one.is_none() || two.is_none() || first == "street1");
    match wrap(&text, longest).filter(|_| is_free) {
        Some((one, two)) => format!("it would fit as {one:?} / {two:?} ({first} / {second})"),
        None => "no wrapping over free lines fits: shorten it".to_owned(),
    }
}

/// Two lines that each fit, parted at a blank as late as possible; every other character stays.
fn wrap(text: &str, longest: usize) -> Option<(&str, &str)> {
    let blanks = text.char_indices().filter(|(_, letter)| letter.is_whitespace());
    let mut halves = blanks.map(|(place, _)| (text[..place].trim_end(), text[place..].trim_start()));
    halves.rfind(|(one, two)| count(one) <= longest && count(two) <= longest)
}
