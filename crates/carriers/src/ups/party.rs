//! Sender and recipient as UPS takes them, checked against its limits. Nothing is ever cut: what does not fit is refused by
//! its field, before UPS is asked. Limits: `Shipping.yaml`.

use domain::Problem;
use domain::address::Address;
use domain::error::Rule;
use serde_json::{Value as Json, json};

/// The longest name and address line in characters.
const LONGEST_LINE: usize = 35;

/// Address lines at most.
const MOST_LINES: usize = 3;

/// The longest city.
const LONGEST_CITY: usize = 30;

/// Digits of a phone number at most.
const MOST_DIGITS: usize = 15;

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
    /// Whether UPS wants a person and a phone number too.
    pub(super) is_abroad: bool,
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

    fn lines(&self) -> Vec<(&'static str, String)> {
        let address = self.address;
        let street = address.street_line().map(|line| line.trim().to_owned()).filter(|line| !line.is_empty());
        let second = filled(address.street2.as_ref()).map(str::to_owned);
        let po_box = filled(address.po_box.as_ref()).map(str::to_owned);
        [("street1", street), ("street2", second), ("po_box", po_box)]
            .into_iter()
            .filter_map(|(field, line)| Some((field, line?)))
            .collect()
    }

    fn digits(&self) -> Option<String> {
        let digits: String = filled(self.address.phone.as_ref())?.chars().filter(char::is_ascii_digit).collect();
        (!digits.is_empty()).then_some(digits)
    }

    /// Company and person; the person alone when there is no company.
    fn names(&self) -> (Option<(&'static str, &str)>, Option<&str>) {
        let (company, person) = (filled(self.address.company.as_ref()), filled(self.address.name.as_ref()));
        (company.map(|name| ("company", name)).or(person.map(|name| ("name", name))), person.or(company))
    }

    /// Everything that UPS would refuse, by field.
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
        if self.names().0.is_none() {
            missing("name", "name and no company");
        }
        if self.lines().is_empty() {
            missing("street1", "street");
        }
        if filled(self.address.city.as_ref()).is_none() {
            missing("city", "city");
        }
        if self.is_abroad && self.digits().is_none() {
            missing("phone", "phone number");
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
        let too_long = |typed: &str, most: usize| typed.chars().count() > most;
        let (first, person) = self.names();
        if let Some((field, name)) = first.filter(|(_, name)| too_long(name, LONGEST_LINE)) {
            wrong(field, name, "at most 35 characters");
        }
        let first = first.map(|(_, name)| name);
        if let Some(person) = person.filter(|person| Some(*person) != first && too_long(person, LONGEST_LINE)) {
            wrong("name", person, "at most 35 characters");
        }
        for (field, line) in self.lines() {
            if too_long(&line, LONGEST_LINE) {
                let most = "at most 35 characters in a line, and takes three lines";
                wrong(field, &line, most);
            }
        }
        if let Some(city) = filled(self.address.city.as_ref()).filter(|city| too_long(city, LONGEST_CITY)) {
            wrong("city", city, "at most 30 characters");
        }
        if let Some(state) = self.state().filter(|state| needs_state && state.len() != 2) {
            wrong("state", state, "two letters such as MA");
        }
        if let Some(code) = self.postal_code() {
            let (count, are_digits) = (code.len(), code.bytes().all(|byte| byte.is_ascii_digit()));
            match country.as_str() {
                "US" | "PR" if !(are_digits && matches!(count, 5 | 9)) => wrong("postal_code", &code, "5 or 9 digits"),
                "CA" if count != 6 => wrong("postal_code", &code, "six letters and digits such as K1A0B1"),
                _ if too_long(&code, 9) => wrong("postal_code", &code, "at most 9 characters"),
                _ => {}
            }
        }
        if let Some(digits) = self.digits().filter(|digits| digits.len() > MOST_DIGITS) {
            wrong("phone", &digits, "at most 15 digits");
        }
        problems
    }

    /// The address alone.
    pub(super) fn address(&self) -> Json {
        let lines: Vec<_> = self.lines().into_iter().take(MOST_LINES).map(|(_, line)| line).collect();
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
        let mut party = json!({ "Name": named.map_or("", |(_, name)| name), "Address": self.address() });
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
