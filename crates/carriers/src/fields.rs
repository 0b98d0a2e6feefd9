//! The fields of a carrier account, checked against the connector's profile.

use std::collections::BTreeSet;

use domain::account::CarrierAccount;
use domain::address::{PlaceKind, Places};
use domain::connector::{FieldKind, Profile};
use domain::error::Rule;
use domain::{CarrierError, Problem};

/// What is missing or not known; the path of each problem is the field's name.
pub(crate) fn problems(profile: &Profile, account: &CarrierAccount) -> Vec<Problem> {
    let mut problems = Vec::new();
    for field in profile.fields.iter().filter(|field| field.is_required) {
        let is_there = match field.kind {
            FieldKind::Text => text(account, field.name).is_some(),
            FieldKind::Secret => account.credentials.get(field.name).is_some_and(|secret| !secret.reveal().is_empty()),
            FieldKind::File => account.files.contains_key(field.name),
        };
        if !is_there {
            let message = format!("a {} account needs {}: {}", profile.carrier, field.name, field.help);
            problems.push(Problem::of(Rule::Missing, field.name, message));
        }
    }
    let sent = account.settings.keys().chain(account.credentials.keys()).chain(account.files.keys());
    for name in sent {
        if !profile.fields.iter().any(|field| field.name == name) {
            let known: Vec<_> = profile.fields.iter().map(|field| field.name).collect();
            let message =
                format!("a {} account has no field {name:?}: expected one of {}", profile.carrier, known.join(", "));
            problems.push(Problem::of(Rule::Unknown, name.as_str(), message));
        }
    }
    problems.sort_by(|a, b| a.path.cmp(&b.path));
    problems.dedup();
    problems
}

/// The text of a setting, without blanks around it; `None` when it is blank.
pub(crate) fn text<'a>(account: &'a CarrierAccount, name: &str) -> Option<&'a str> {
    account.settings.get(name).map(|text| text.trim()).filter(|text| !text.is_empty())
}

/// The names of a setting, parted by commas.
pub(crate) fn names(account: &CarrierAccount, name: &str) -> BTreeSet<String> {
    let names = text(account, name).unwrap_or_default().split(',').map(str::trim);
    names.filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

/// The kinds of places that an account says it does not serve.
pub(crate) fn places(account: &CarrierAccount) -> Result<Places, Problem> {
    let names = text(account, NOT_SERVED).unwrap_or_default().split(',').map(str::trim).filter(|name| !name.is_empty());
    let mut places = Places::NONE;
    for name in names {
        let Some(kind) = PlaceKind::parse(name) else {
            let known = PlaceKind::ALL.map(PlaceKind::as_str).join(", ");
            let message =
                format!("{NOT_SERVED} is {name:?}: expected kinds of places parted by commas, some of {known}");
            return Err(Problem::new(NOT_SERVED, message));
        };
        places = places.or(Places::of(&[kind]));
    }
    Ok(places)
}

const NOT_SERVED: &str = "not_served";

/// One serial a parcel, in order; a refusal says how many are missing.
pub(crate) fn serials(handed_in: &[u64], parcels: usize) -> Result<&[u64], CarrierError> {
    handed_in.get(..parcels).ok_or_else(|| {
        let message =
            format!("each parcel needs a serial of the account: {parcels} parcels, {} serials", handed_in.len());
        CarrierError::Refused(vec![Problem::of(Rule::Missing, "serials", message)])
    })
}
