//! What a service takes of an address: how long each field may be, how street lines are written, which fields it needs, and
//! which places it cannot serve. Checked before anything is booked.
//!
//! A length is counted in characters (Unicode scalar values), without blanks at the end.

use super::phone::PhoneForm;
use super::place::Places;

/// What a service takes of an address. A connector keeps one for each of its services, as a constant wherever it can:
///
/// ```
/// use domain::address::{AddressLimits, Need, PhoneForm, PlaceKind, Places, StreetForm};
///
/// const GROUND: AddressLimits = AddressLimits {
///     name: Some(35),
///     city: Some(30),
///     street: StreetForm::Lines { most: 3, longest: 35 },
///     phone: PhoneForm::Digits,
///     phone_needed: Need::Abroad,
///     not_served: Places::of(&[PlaceKind::PoBox, PlaceKind::Military]),
///     ..AddressLimits::NONE
/// };
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AddressLimits {
    /// The longest name of a person; no limit when `None`, here as everywhere below.
    pub name: Option<usize>,
    /// The longest name of a company.
    pub company: Option<usize>,
    /// How street, house number and further lines are written.
    pub street: StreetForm,
    /// The longest city.
    pub city: Option<usize>,
    /// The longest postal code.
    pub postal_code: Option<usize>,
    /// The longest state, without the country before it.
    pub state: Option<usize>,
    /// The longest e-mail address.
    pub email: Option<usize>,
    /// How a phone number is written.
    pub phone: PhoneForm,
    /// The longest phone number, as it is written.
    pub phone_length: Option<usize>,
    /// Whether an address must be complete: a name or a company, a street or a box, a city, a postal code where the country
    /// has them, a country.
    pub is_complete: bool,
    /// When the recipient's phone number is needed.
    pub phone_needed: Need,
    /// When the sender's phone number is needed.
    pub sender_phone_needed: Need,
    /// When the recipient's e-mail address is needed.
    pub email_needed: Need,
    /// Where it does not go.
    pub not_served: Places,
}

impl AddressLimits {
    /// No limit at all.
    pub const NONE: Self = Self {
        name: None,
        company: None,
        street: StreetForm::Free,
        city: None,
        postal_code: None,
        state: None,
        email: None,
        phone: PhoneForm::AsTyped,
        phone_length: None,
        is_complete: false,
        phone_needed: Need::Never,
        sender_phone_needed: Need::Never,
        email_needed: Need::Never,
        not_served: Places::NONE,
    };
}

impl Default for AddressLimits {
    fn default() -> Self {
        Self::NONE
    }
}

/// How a service wants street, house number and what else stands above the city.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StreetForm {
    /// As they come, of any length.
    Free,
    /// On so many lines of so many characters, street and house number together on the first.
    Lines {
        /// How many lines.
        most: usize,
        /// How long each may be.
        longest: usize,
    },
    /// Street and house number in fields of their own, everything else on further lines.
    Split {
        /// The longest street.
        street: usize,
        /// The longest house number.
        house_number: usize,
        /// Whether it takes no address without a house number of its own. Otherwise a street may hold its number, and one
        /// that nobody can split for sure goes as it is.
        is_needed: bool,
        /// How many further lines.
        most: usize,
        /// How long each may be.
        longest: usize,
    },
    /// The whole address in one line, its parts parted by commas.
    OneLine {
        /// How long it may be.
        longest: usize,
    },
}

/// When a field is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Never.
    Never,
    /// When sender and recipient are in different countries.
    Abroad,
    /// Always.
    Always,
}

impl Need {
    /// Whether the field is needed for a shipment that leaves the country or does not.
    pub fn applies(self, is_abroad: bool) -> bool {
        match self {
            Self::Never => false,
            Self::Abroad => is_abroad,
            Self::Always => true,
        }
    }
}
