use proptest::prelude::*;

use super::super::{PlaceKind, Places};
use super::*;
use crate::address::PhoneForm;

fn fitting(wraps: bool) -> Fitting<'static> {
    Fitting { side: Side::Recipient, service: "ground", is_abroad: true, split: None, wraps }
}

const LINES: AddressLimits = AddressLimits {
    name: Some(20),
    company: Some(20),
    city: Some(10),
    postal_code: Some(9),
    state: Some(2),
    email: Some(20),
    street: StreetForm::Lines { most: 3, longest: 20 },
    phone: PhoneForm::Digits,
    phone_length: Some(15),
    phone_needed: Need::Abroad,
    sender_phone_needed: Need::Never,
    email_needed: Need::Always,
    not_served: Places::of(&[PlaceKind::PoBox]),
    is_complete: false,
};

const SPLIT: AddressLimits = AddressLimits {
    street: StreetForm::Split { street: 30, house_number: 10, is_needed: true, most: 2, longest: 15 },
    ..AddressLimits::NONE
};

fn address(street1: &str) -> Address {
    Address { street1: Some(street1.to_owned()), country: Some("DE".to_owned()), ..Address::default() }
}

fn listed(answer: &Result<Fitted, Vec<Problem>>) -> String {
    match answer {
        Err(problems) => problems
            .iter()
            .map(|one| format!("{} {:?}: {}", one.path, one.rule, one.message))
            .collect::<Vec<_>>()
            .join("\n"),
        Ok(Fitted { address, notes }) => {
            format!("{}\n{}", serde_json::to_string(address).unwrap(), notes.join("\n"))
        }
    }
}

#[test]
fn c2_every_field_is_checked_against_the_services_limits_at_once() {
    let long = Address {
        name: Some("Erika Mustermann geborene Gabler".to_owned()),
        company: Some("Gesellschaft für Lagerung mbH".to_owned()),
        street1: Some("Straße des 17. Juni Ecke Klopstockstraße".to_owned()),
        house_number: Some("135 b".to_owned()),
        street2: Some("Hinterhaus, dritter Aufgang".to_owned()),
        po_box: Some("Postfach 12 34 56 78 90".to_owned()),
        city: Some("Frankfurt am Main".to_owned()),
        postal_code: Some("60311-12345".to_owned()),
        state: Some("DE-Hessen".to_owned()),
        country: Some("DE".to_owned()),
        phone: Some("nobody knows".to_owned()),
        email: None,
    };
    insta::assert_snapshot!(listed(&LINES.fit(&long, fitting(true))), @r#"
    recipient/company Invalid: recipient/company: "Gesellschaft für Lagerung mbH" has 29 characters and 20 are allowed; no wrapping over free lines fits: shorten it
    recipient/name Invalid: recipient/name: "Erika Mustermann geborene Gabler" has 32 characters and 20 are allowed; no wrapping over free lines fits: shorten it
    recipient/street1 Invalid: recipient/street1: street and house number in one line, "Straße des 17. Juni Ecke Klopstockstraße 135 b" has 46 characters and 20 are allowed; no wrapping over free lines fits: shorten it
    recipient/street2 Invalid: recipient/street2: "Hinterhaus, dritter Aufgang" has 27 characters and 20 are allowed; no wrapping over free lines fits: shorten it
    recipient/po_box Invalid: recipient/po_box: "Postfach 12 34 56 78 90" has 23 characters and 20 are allowed; no wrapping over free lines fits: shorten it
    recipient/city Invalid: recipient/city: "Frankfurt am Main" has 17 characters and 10 are allowed; no wrapping over free lines fits: shorten it
    recipient/postal_code Invalid: recipient/postal_code: "60311-12345" has 11 characters and 9 are allowed; no wrapping over free lines fits: shorten it
    recipient/state Invalid: recipient/state: "Hessen" has 6 characters and 2 are allowed; no wrapping over free lines fits: shorten it
    recipient/phone Invalid: the service ground needs the recipient's phone number; "nobody knows": expected a number that can be written as 4045550100 or 493055501000
    recipient/email Missing: the service ground needs the recipient's e-mail address
    "#);
}

#[test]
fn c2_a_wrapping_over_the_free_lines_is_offered_and_taken_only_when_somebody_agrees() {
    let limits = AddressLimits { phone_needed: Need::Never, email_needed: Need::Never, ..LINES };
    let long =
        Address { name: Some("Erika Mustermann geborene Gabler".to_owned()), ..address("Straße des 17. Juni 135 b") };
    insta::assert_snapshot!(listed(&limits.fit(&long, fitting(false))), @r#"
    recipient/name Invalid: recipient/name: "Erika Mustermann geborene Gabler" has 32 characters and 20 are allowed; it would fit as "Erika Mustermann" / "geborene Gabler" (company / name)
    recipient/street1 Invalid: recipient/street1: "Straße des 17. Juni 135 b" has 25 characters and 20 are allowed; it would fit as "Straße des 17. Juni" / "135 b" (street1 / street2)
    "#);
    insta::assert_snapshot!(listed(&limits.fit(&long, fitting(true))), @r#"
    {"name":"geborene Gabler","company":"Erika Mustermann","street1":"Straße des 17. Juni","street2":"135 b","country":"DE"}
    recipient/name: written as "Erika Mustermann" / "geborene Gabler"
    recipient/street1: written as "Straße des 17. Juni" / "135 b"
    "#);
    let three = address("Straße des 17. Juni Ecke Klopstockstraße 135");
    insta::assert_snapshot!(listed(&limits.fit(&three, fitting(false))), @r#"recipient/street1 Invalid: recipient/street1: "Straße des 17. Juni Ecke Klopstockstraße 135" has 44 characters and 20 are allowed; it would fit as "Straße des 17. Juni" / "Ecke Klopstockstraße" / "135" (3 lines)"#);
    let fitted = limits.fit(&three, fitting(true)).unwrap().address;
    assert_eq!(fitted.street_lines(3, 20).unwrap(), ["Straße des 17. Juni", "Ecke Klopstockstraße", "135"]);
}

#[test]
fn c1_a_service_that_wants_parts_gets_them_or_the_address_waits_with_every_version_shown() {
    let sure = SPLIT.fit(&address("Hauptstr.12a, Hinterhaus"), fitting(false));
    insta::assert_snapshot!(listed(&sure), @r#"{"street1":"Hauptstr.","house_number":"12a","street2":"Hinterhaus","country":"DE"}"#);
    let unsure = address("Platz der 5 Kirchen 12");
    insta::assert_snapshot!(listed(&SPLIT.fit(&unsure, fitting(false))), @r#"recipient/street1 Invalid: the service ground wants street and house number apart, and "Platz der 5 Kirchen 12" can be read in 2 ways: street "Platz der 5 Kirchen 12"; or street "Platz der 5 Kirchen", house number "12"; say which"#);
    let chosen = ChosenSplit::new("Platz der 5 Kirchen 12", "Platz der 5 Kirchen", Some("12"), None).unwrap();
    let with = Fitting { split: Some(&chosen), ..fitting(false) };
    insta::assert_snapshot!(listed(&SPLIT.fit(&unsure, with)), @r#"{"street1":"Platz der 5 Kirchen","house_number":"12","country":"DE"}"#);
    let other = Fitting { split: Some(&chosen), ..fitting(false) };
    assert!(SPLIT.fit(&address("Platz der 6 Kirchen 12"), other).is_err(), "the choice was about another line");
    insta::assert_snapshot!(listed(&SPLIT.fit(&address("Schloss Neuschwanstein"), fitting(false))), @r#"recipient/house_number Missing: the service ground needs a house number, and "Schloss Neuschwanstein" has none"#);
    let lost = ChosenSplit::new("Platz der 5 Kirchen 12", "Platz der Kirchen", Some("12"), None).unwrap_err();
    assert_eq!(lost, "\"Platz der Kirchen\" does not stand in \"Platz der 5 Kirchen 12\"");
    let lost = ChosenSplit::new("Platz der 5 Kirchen 12", "Platz der", Some("12"), None).unwrap_err();
    assert_eq!(lost, "\"5Kirchen\" of \"Platz der 5 Kirchen 12\" would be lost");
}

#[test]
fn c2_further_lines_beside_a_split_street_are_wrapped_only_when_somebody_agrees() {
    let long = Address { street2: Some("Hinterhaus, dritter Aufgang".to_owned()), ..address("Hauptstraße 12") };
    insta::assert_snapshot!(listed(&SPLIT.fit(&long, fitting(false))), @r#"recipient/street2 Invalid: recipient/street2: "Hinterhaus, dritter Aufgang" does not stand on lines of 15 characters; it would fit as "Hinterhaus," / "dritter Aufgang""#);
    insta::assert_snapshot!(listed(&SPLIT.fit(&long, fitting(true))), @r#"
    {"street1":"Hauptstraße","house_number":"12","street2":"Hinterhaus, dritter Aufgang","country":"DE"}
    recipient/street2: written as "Hinterhaus," / "dritter Aufgang"
    "#);
    let fitted = SPLIT.fit(&long, fitting(true)).unwrap().address;
    assert_eq!(fitted.further_lines(2, 15).unwrap(), ["Hinterhaus,", "dritter Aufgang"]);
}

#[test]
fn c3_a_phone_number_that_nobody_needs_and_nobody_can_read_is_left_out_with_a_note() {
    let limits = AddressLimits { phone: PhoneForm::E164, ..AddressLimits::NONE };
    let with = |phone: &str| Address { phone: Some(phone.to_owned()), ..address("Weg 1") };
    insta::assert_snapshot!(listed(&limits.fit(&with("030 5550100"), fitting(false))), @r#"{"street1":"Weg 1","country":"DE","phone":"+49305550100"}"#);
    insta::assert_snapshot!(listed(&limits.fit(&with("ring twice"), fitting(false))), @r#"
    {"street1":"Weg 1","country":"DE"}
    recipient/phone: "ring twice" is left out, since ground takes no such number
    "#);
    let needed = AddressLimits { phone_needed: Need::Always, ..limits };
    insta::assert_snapshot!(listed(&needed.fit(&with("ring twice"), fitting(false))), @r#"recipient/phone Invalid: the service ground needs the recipient's phone number; "ring twice": expected a number that can be written as +14045550100"#);
    insta::assert_snapshot!(listed(&needed.fit(&address("Weg 1"), fitting(false))), @"recipient/phone Missing: the service ground needs the recipient's phone number");
}

#[test]
fn an_address_in_one_line_has_a_limit_too() {
    let limits = AddressLimits { street: StreetForm::OneLine { longest: 30 }, ..AddressLimits::NONE };
    let short = Address { city: Some("Bonn".to_owned()), postal_code: Some("53113".to_owned()), ..address("Markt 1") };
    assert_eq!(limits.fit(&short, fitting(false)).unwrap().address.one_line(), "Markt 1, Bonn, 53113");
    let long = Address { street2: Some("Hinterhaus links".to_owned()), ..short };
    insta::assert_snapshot!(listed(&limits.fit(&long, fitting(false))), @r#"recipient/street1 Invalid: recipient/street1: the address in one line, "Markt 1, Hinterhaus links, Bonn, 53113" has 38 characters and 30 are allowed; no wrapping over free lines fits: shorten it"#);
}

proptest! {
    #[test]
    fn c2_what_fits_holds_every_letter_that_was_typed(
        street in "[A-Za-zäß]{1,12}( [A-Za-zäß0-9]{1,12}){0,5}",
        second in prop::option::of("[A-Za-z0-9]{1,10}( [A-Za-z0-9]{1,9}){0,3}"),
        name in prop::option::of("[A-Za-zäß]{1,10}( [A-Za-z]{1,10}){0,3}"),
        form in prop::sample::select(vec![
            StreetForm::Lines { most: 2, longest: 30 },
            StreetForm::Lines { most: 3, longest: 20 },
            StreetForm::Split { street: 60, house_number: 10, is_needed: false, most: 2, longest: 30 },
        ]),
    ) {
        let limits = AddressLimits { street: form, name: Some(20), company: Some(20), ..AddressLimits::NONE };
        let typed = Address { name, street2: second, ..address(&street) };
        let letters = |address: &Address| {
            let lines = [&address.company, &address.name, &address.street1, &address.house_number, &address.street2];
            let mut letters: Vec<char> = lines.into_iter().flatten().flat_map(|text| text.chars()).collect();
            letters.retain(|letter| letter.is_alphanumeric());
            letters.sort_unstable();
            letters
        };
        if let Ok(fitted) = limits.fit(&typed, fitting(true)) {
            prop_assert_eq!(letters(&fitted.address), letters(&typed));
            prop_assert!(fitted.address.name.as_deref().is_none_or(|name| length(name) <= 20));
            // What fits once fits again, and is not changed any more.
            let again = limits.fit(&Address { name: None, company: None, ..fitted.address.clone() }, fitting(true)).unwrap();
            prop_assert_eq!(letters(&again.address), letters(&Address { name: None, company: None, ..fitted.address }));
        }
    }
}
