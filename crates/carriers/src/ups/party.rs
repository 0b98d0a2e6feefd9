//! Sender and recipient as UPS takes them. Limits: `Shipping.yaml`.

use domain::Problem;
use domain::address::{Address, AddressLimits, Need, PhoneForm, PlaceKind, Places, StreetForm};
use domain::error::Rule;
use serde_json::{Value as Json, json};

/// Address lines at most, and the longest in characters.
const MOST_LINES: usize = 3;
const LONGEST_LINE: usize = 35;

/// What every service takes of an address. UPS goes to no box and to no locker of a post, and to military post only with a
/// service of its own that has no code here.
pub(super) const LIMITS: AddressLimits = AddressLimits {
    name: Some(LONGEST_LINE),
    company: Some(LONGEST_LINE),
    street: StreetForm::Lines { most: MOST_LINES, longest: LONGEST_LINE },
    city: Some(30),
    phone: PhoneForm::Digits,
    phone_length: Some(15),
    is_complete: true,
    phone_needed: Need::Abroad,
    sender_phone_needed: Need::Abroad,
    not_served: Places::of(&[PlaceKind::PoBox, PlaceKind::Locker, PlaceKind::PostOffice, PlaceKind::Military]),
    ..AddressLimits::NONE
};

/// Countries whose state UPS must know, in two letters.
fn needs_state(country: &str) -> bool {
    matches!(country, "US" | "CA" | "VN")
}

/// Who takes part, and in which role.
#[derive(Clone, Copy)]
pub(super) struct Party<'a> {
    pub(super) address: &'a Address,
    /// `sender` or `recipient`: the first step of each problem's path.
    pub(super) role: &'static str,
}

fn filled(text: Option<&String>) -> Option<&str> {
    text.map(|text| text.trim()).filter(|text| !text.is_empty())
}

impl Party<'_> {
    fn country(&self) -> Option<String> {
        self.address.country_code()
    }

    /// The state in two letters, from `MA` or `US-MA`.
    fn state(&self) -> Option<&str> {
        let state = filled(self.address.state.as_ref())?;
        let country = self.country()?;
        Some(state.strip_prefix(&country).and_then(|rest| rest.strip_prefix('-')).unwrap_or(state))
    }

    /// The postal code as UPS writes it: no blanks, no dashes.
    fn postal_code(&self) -> Option<String> {
        let typed = filled(self.address.postal_code.as_ref())?;
        Some(typed.chars().filter(|letter| !matches!(letter, ' ' | '-')).collect::<String>().to_uppercase())
    }

    /// Street and box on the lines that UPS has; none when they do not fit. A booking was fitted before, and a price depends
    /// on city and postal code alone.
    fn lines(&self) -> Vec<String> {
        self.address.street_lines(MOST_LINES, LONGEST_LINE).unwrap_or_default()
    }

    fn digits(&self) -> Option<String> {
        let digits: String = filled(self.address.phone.as_ref())?.chars().filter(char::is_ascii_digit).collect();
        (!digits.is_empty()).then_some(digits)
    }

    /// Company and person; the person alone when there is no company.
    fn names(&self) -> (Option<&str>, Option<&str>) {
        let (company, person) = (filled(self.address.company.as_ref()), filled(self.address.name.as_ref()));
        (company.or(person), person.or(company))
    }

    /// What UPS would refuse beyond the limits of an address, by field.
    pub(super) fn problems(&self) -> Vec<Problem> {
        let role = self.role;
        let mut problems = Vec::new();
        let mut missing = |field: &str, what: &str| {
            let message = format!("the {role} has no {what}, which UPS needs");
            problems.push(Problem::of(Rule::Missing, format!("{role}/{field}"), message));
        };
        let country = self.country();
        if country.is_none() {
            missing("country", "country in two letters of ISO 3166");
        }
        if self.lines().is_empty() {
            missing("street1", "street that stands on three lines of 35 characters together with its box");
        }
        if filled(self.address.city.as_ref()).is_none() {
            missing("city", "city");
        }
        let country = country.unwrap_or_default();
        let needs_state = needs_state(&country);
        if needs_state && self.state().is_none() {
            missing("state", "state");
        }
        if matches!(country.as_str(), "US" | "PR" | "CA") && self.postal_code().is_none() {
            missing("postal_code", "postal code");
        }
        let mut wrong = |field: &str, typed: &str, expected: &str| {
            let message = format!("{role}/{field}: {typed:?}: UPS expects {expected}");
            problems.push(Problem::new(format!("{role}/{field}"), message));
        };
        if let Some(state) = self.state().filter(|state| needs_state && state.len() != 2) {
            wrong("state", state, "two letters such as MA");
        }
        if let Some(code) = self.postal_code() {
            let (count, are_digits) = (code.chars().count(), code.bytes().all(|byte| byte.is_ascii_digit()));
            match country.as_str() {
                "US" | "PR" if !(are_digits && matches!(count, 5 | 9)) => wrong("postal_code", &code, "5 or 9 digits"),
                "CA" if count != 6 => wrong("postal_code", &code, "six letters and digits such as K1A0B1"),
                _ if count > 9 => wrong("postal_code", &code, "at most 9 characters"),
                _ => {}
            }
        }
        problems
    }

    /// The address alone.
    pub(super) fn address(&self) -> Json {
        let lines = self.lines();
        let mut address = json!({
            "City": filled(self.address.city.as_ref()).unwrap_or_default(),
            "CountryCode": self.country().unwrap_or_default(),
        });
        if !lines.is_empty() {
            address["AddressLine"] = json!(lines);
        }
        if let Some(state) = self.state().filter(|state| state.len() <= 5) {
            address["StateProvinceCode"] = json!(state);
        }
        if let Some(code) = self.postal_code() {
            address["PostalCode"] = json!(code);
        }
        address
    }

    /// With names, phone and e-mail, as a booking wants it.
    pub(super) fn whole(&self) -> Json {
        let (named, person) = self.names();
        let mut party = json!({ "Name": named.unwrap_or_default(), "Address": self.address() });
        if let Some(person) = person {
            party["AttentionName"] = json!(person);
        }
        if let Some(digits) = self.digits() {
            party["Phone"] = json!({ "Number": digits });
        }
        // Longer ones would be refused, and nothing depends on it.
        if let Some(email) = filled(self.address.email.as_ref()).filter(|email| email.len() <= 50) {
            party["EMailAddress"] = json!(email);
        }
        party
    }

    /// Whether it is somebody's home, as far as the address tells: no company stands in it.
    pub(super) fn is_home(&self) -> bool {
        filled(self.address.company.as_ref()).is_none()
    }
}
