//! What the sandbox takes of an address: what its account says, so that an integrator sees every refusal.

use std::collections::BTreeSet;

use domain::Problem;
use domain::account::CarrierAccount;
use domain::address::{AddressLimits, Need, PhoneForm, Places, StreetForm};
use domain::connector::Abilities;

use super::SERVICES;
use crate::fields;

/// The limits of an account.
#[derive(Clone, Debug, Default)]
pub(super) struct Limits {
    longest_line: Option<usize>,
    phone_required: BTreeSet<String>,
    phone: Option<PhoneForm>,
    splits_street: bool,
    not_served: Places,
    no_returns: BTreeSet<String>,
    no_return_address: BTreeSet<String>,
}

/// Reads an account's settings; every mistake is reported, by field.
pub(super) fn read(account: &CarrierAccount) -> Result<Limits, Vec<Problem>> {
    let mut problems = Vec::new();
    let mut wrong = |name: &str, typed: &str, expected: &str| {
        problems.push(Problem::new(name, format!("{name} is {typed:?}: expected {expected}")));
    };
    let text = |name| fields::text(account, name);
    let longest_line = text("max_line_length").and_then(|typed| {
        let length = typed.parse().ok().filter(|length| (10..=200).contains(length));
        if length.is_none() {
            wrong("max_line_length", typed, "a whole number, 10 to 200");
        }
        length
    });
    let mut services = |setting| {
        let names = fields::names(account, setting);
        for name in names.iter().filter(|name| !SERVICES.iter().any(|service| service.code == **name)) {
            wrong(setting, name, "services parted by commas");
        }
        names
    };
    let phone_required = services("phone_required");
    let (no_returns, no_return_address) = (services("no_returns"), services("no_return_address"));
    let phone = match text("phone_form") {
        None | Some("as_typed") => None,
        Some("e164") => Some(PhoneForm::E164),
        Some("digits") => Some(PhoneForm::Digits),
        Some("international") => Some(PhoneForm::International),
        Some(typed) => {
            wrong("phone_form", typed, "as_typed, e164, digits or international");
            None
        }
    };
    let splits_street = match text("splits_street") {
        None | Some("false") => false,
        Some("true") => true,
        Some(typed) => {
            wrong("splits_street", typed, "true or false");
            false
        }
    };
    let not_served = match fields::places(account) {
        Ok(places) => places,
        Err(problem) => {
            problems.push(problem);
            Places::NONE
        }
    };
    if problems.is_empty() {
        Ok(Limits { longest_line, phone_required, phone, splits_street, not_served, no_returns, no_return_address })
    } else {
        Err(problems)
    }
}

impl Limits {
    /// What a service can do besides.
    pub(super) fn abilities(&self, service: &str) -> Abilities {
        Abilities {
            returns: !self.no_returns.contains(service),
            prints_return_address: !self.no_return_address.contains(service),
        }
    }

    /// What a service takes of an address.
    pub(super) fn of(&self, service: &str) -> AddressLimits {
        let longest = self.longest_line;
        let line = longest.unwrap_or(usize::MAX);
        let street = match (self.splits_street, longest) {
            (true, _) => {
                StreetForm::Split { street: line, house_number: line.min(20), is_needed: true, most: 2, longest: line }
            }
            (false, Some(longest)) => StreetForm::Lines { most: 2, longest },
            (false, None) => StreetForm::Free,
        };
        AddressLimits {
            name: longest,
            company: longest,
            city: longest,
            street,
            phone: self.phone.unwrap_or(PhoneForm::AsTyped),
            phone_needed: if self.phone_required.contains(service) { Need::Always } else { Need::Never },
            not_served: self.not_served,
            ..AddressLimits::NONE
        }
    }
}
