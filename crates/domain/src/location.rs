//! A location: a place of *ours* that ships.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::address::{Address, Contact};
use crate::channel::Dialect;

/// A stored location.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Location {
    /// The tenant's own id of it.
    pub external_id: String,
    /// What people call it.
    pub name: String,
    /// The brand it sells under.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub brand: Option<String>,
    /// Its IANA time zone; the tenant's when missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<String>,
    /// Where it is.
    pub address: Address,
    /// Whom to ask there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<Contact>,
    /// The carrier accounts that serve it; none assigned when empty, all when missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carriers: Option<Vec<String>>,
    /// The ids existing clients hold for it, by dialect.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub aliases: BTreeMap<Dialect, String>,
}

impl Location {
    /// The address with the location's name and contact filled in, as a label's sender.
    pub fn sender(&self) -> Address {
        let contact = self.contact.clone().unwrap_or_default();
        let mut sender = self.address.clone();
        sender.company = sender.company.or_else(|| Some(self.name.clone()));
        sender.name = sender.name.or(contact.name);
        sender.phone = sender.phone.or(contact.phone);
        sender.email = sender.email.or(contact.email);
        sender
    }
}
