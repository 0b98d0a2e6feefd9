//! A tenant: who owns the data. Nothing crosses tenants.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::branding::Branding;
use crate::customer::CustomerBook;
use crate::measure::Weight;
use crate::money::{Currency, Money};
use crate::notice::NoticeSetup;

/// Names a tenant; lower-case letters, digits, `-` and `_`, at most 64.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TenantId(String);

impl TenantId {
    /// Reads an id.
    pub fn new(text: impl Into<String>) -> Option<Self> {
        let text = text.into();
        let fits = !text.is_empty() && text.len() <= 64;
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'_';
        (fits && text.bytes().all(plain)).then_some(Self(text))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for TenantId {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::new(text.as_str())
            .ok_or_else(|| format!("{text:?} is no tenant id: expected 1 to 64 lower-case letters, digits, - or _"))
    }
}

impl From<TenantId> for String {
    fn from(id: TenantId) -> Self {
        id.0
    }
}

impl fmt::Display for TenantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether real labels are bought.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Labels are real.
    #[default]
    Live,
    /// Live carrier accounts are refused.
    Test,
}

impl Mode {
    /// The name in rows and in setup files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Test => "test",
        }
    }

    /// Reads what [`Self::as_str`] writes.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Live, Self::Test].into_iter().find(|mode| mode.as_str() == text)
    }
}

/// A stored tenant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tenant {
    /// Its id.
    pub id: TenantId,
    /// What people call it.
    pub name: String,
    /// The currency it prices in.
    pub currency: Currency,
    /// Its IANA time zone.
    pub time_zone: String,
    /// Whether real labels are bought.
    #[serde(default)]
    pub mode: Mode,
    /// The weight of a parcel nobody weighed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_weight: Option<Weight>,
    /// The price that is shown when no carrier answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fallback_rate: Option<FallbackRate>,
    /// How its customers are kept.
    #[serde(default)]
    pub customers: CustomerBook,
    /// How shipping addresses are looked at when orders come; nobody looks until asked when missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address_check: Option<AddressChecking>,
    /// How it looks to those who wait for its parcels; plain when missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branding: Option<Branding>,
    /// What those who wait are told by e-mail; nothing when missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notices: Option<NoticeSetup>,
}

/// How a tenant has its shipping addresses looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AddressChecking {
    /// The geocoder that is asked; our own rules alone when missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub geocoder: Option<GeocoderSetup>,
    /// Whether nothing is booked to an address that failed and that nobody overruled.
    #[serde(default)]
    pub holds_failed: bool,
}

/// A geocoder over HTTP.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GeocoderSetup {
    /// Whose questions and answers it speaks.
    pub api: GeocoderApi,
    /// Where it is, without the path of the search.
    pub url: String,
    /// How often a second it may be asked.
    pub requests_per_second: u32,
}

/// Whose questions and answers a geocoder speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GeocoderApi {
    /// Nominatim's `/search`.
    Nominatim,
    /// Photon's `/api`.
    Photon,
}

/// A price of the tenant's own that stands in when no carrier answers. Nothing can be booked at it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FallbackRate {
    /// What people call it.
    pub name: String,
    /// The price.
    pub price: Money,
}

/// What a key may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// See.
    Read,
    /// Write orders.
    Write,
    /// Print what is bought.
    Print,
    /// Buy labels.
    Buy,
    /// Cancel labels.
    Void,
    /// Change the set-up.
    Setup,
    /// Erase people.
    Erase,
    /// Say that an address is right although its check failed.
    Overrule,
}

impl Scope {
    /// Every scope; `*` in a setup file.
    pub const ALL: [Self; 8] =
        [Self::Read, Self::Write, Self::Print, Self::Buy, Self::Void, Self::Setup, Self::Erase, Self::Overrule];

    /// The name in setup files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Print => "print",
            Self::Buy => "buy",
            Self::Void => "void",
            Self::Setup => "setup",
            Self::Erase => "erase",
            Self::Overrule => "overrule",
        }
    }
}

impl FromStr for Scope {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == text).ok_or_else(|| {
            let known = Self::ALL.map(Self::as_str).join(", ");
            format!("{text:?} is no scope: expected * or some of {known}")
        })
    }
}

/// A set of scopes under the name of the work it is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Sees everything and changes nothing.
    Viewer,
    /// Prints what others bought.
    Packer,
    /// Does the day's work: writes orders, buys, prints and voids labels, overrules addresses.
    Operator,
    /// May do everything, setting up and erasing included.
    Admin,
}

impl Role {
    /// Every role, the one that may least first.
    pub const ALL: [Self; 4] = [Self::Viewer, Self::Packer, Self::Operator, Self::Admin];

    /// The name in setup files and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Packer => "packer",
            Self::Operator => "operator",
            Self::Admin => "admin",
        }
    }

    /// What it may do.
    pub fn scopes(self) -> &'static [Scope] {
        match self {
            Self::Viewer => &[Scope::Read],
            Self::Packer => &[Scope::Read, Scope::Print],
            Self::Operator => &[Scope::Read, Scope::Write, Scope::Print, Scope::Buy, Scope::Void, Scope::Overrule],
            Self::Admin => &Scope::ALL,
        }
    }

    /// The role with exactly these scopes, if there is one.
    pub fn of(scopes: &[Scope]) -> Option<Self> {
        Self::ALL.into_iter().find(|role| {
            scopes.iter().all(|scope| role.scopes().contains(scope))
                && role.scopes().iter().all(|scope| scopes.contains(scope))
        })
    }
}

/// What a word of a setup file or command line lets a key do: a scope, the scopes of a role, or `*`.
pub fn scopes_named(word: &str) -> Result<Vec<Scope>, String> {
    if word == "*" {
        return Ok(Scope::ALL.to_vec());
    }
    if let Some(role) = Role::ALL.into_iter().find(|role| role.as_str() == word) {
        return Ok(role.scopes().to_vec());
    }
    let known = Scope::ALL.map(Scope::as_str).join(", ");
    let roles = Role::ALL.map(Role::as_str).join(", ");
    let scope = Scope::ALL.into_iter().find(|scope| scope.as_str() == word);
    scope
        .map(|scope| vec![scope])
        .ok_or_else(|| format!("{word:?} is no scope: expected * or some of {known}, or a role: {roles}"))
}

/// A stored API key: one public and one secret part, good in every dialect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    /// The tenant.
    pub tenant: TenantId,
    /// What people call it.
    pub name: String,
    /// The public part.
    pub public: String,
    /// What it may do.
    pub scopes: Vec<Scope>,
}
