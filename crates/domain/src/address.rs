//! An address: where a person or company can be reached, every line as typed.

use serde::{Deserialize, Serialize};

pub mod check;
mod complete;
mod fit;
mod limits;
mod phone;
mod place;
mod split;
mod wrap;

pub use check::{AddressCheck, AddressStatus, region_code};
pub use fit::{ChosenSplit, Fitted, Fitting, Side};
pub use limits::{AddressLimits, Need, StreetForm};
pub use phone::PhoneForm;
pub use place::{PlaceKind, Places};
pub use split::{Reading, Split, split, writes_number_first};
pub use wrap::{Wrapping, length};

/// A postal address. No character is lost or moved between fields: what a shop typed is what is kept.
///
/// Empty text is never kept; a field nobody filled is `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Address {
    /// The person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The company.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub company: Option<String>,
    /// Street, with the house number when it came in the same line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub street1: Option<String>,
    /// The house number, when it came in a field of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub house_number: Option<String>,
    /// A second line: apartment, floor, building.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub street2: Option<String>,
    /// A post-office box.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub po_box: Option<String>,
    /// Postal code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub postal_code: Option<String>,
    /// City or town.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub city: Option<String>,
    /// State, province or region, as typed (`MA`, `US-MA`, `Massachusetts`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// Country as typed; ISO 3166-1 alpha-2 is expected, [`Self::country_code`] reads it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// Phone number as typed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// E-mail address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
}

impl Address {
    /// The country as two upper-case letters, if it was written so in any letter case.
    pub fn country_code(&self) -> Option<String> {
        let code = self.country.as_deref()?.trim();
        (code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_alphabetic())).then(|| code.to_ascii_uppercase())
    }

    /// Street and house number in one line, in the order the country writes them.
    pub fn street_line(&self) -> Option<String> {
        match (self.street1.as_deref(), self.house_number.as_deref()) {
            (Some(street), Some(number)) => {
                let number_first = self.country_code().as_deref().is_some_and(writes_number_first);
                Some(if number_first { format!("{number} {street}") } else { format!("{street} {number}") })
            }
            (street, number) => street.or(number).map(str::to_owned),
        }
    }

    /// Postal code, city and state in one line, in the order the country writes them.
    pub fn city_line(&self) -> Option<String> {
        let code = self.country_code();
        let city_first = matches!(code.as_deref(), Some("US" | "CA" | "GB" | "IE" | "AU" | "NZ"));
        let state = self.region();
        let (postal_code, city) = (self.postal_code.as_deref(), self.city.as_deref());
        let parts = if city_first { [city, state.as_deref(), postal_code] } else { [postal_code, city, None] };
        let line = parts.into_iter().flatten().collect::<Vec<_>>().join(" ");
        (!line.is_empty()).then_some(line)
    }

    /// The lines of a label in writing order: company, person, street, second line, box, city, country.
    pub fn lines(&self) -> Vec<String> {
        [
            self.company.clone(),
            self.name.clone(),
            self.street_line(),
            self.street2.clone(),
            self.po_box.clone(),
            self.city_line(),
            self.country_code().or_else(|| self.country.clone()),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

/// How to reach a person.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    /// The person's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Phone number as typed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// E-mail address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
}
