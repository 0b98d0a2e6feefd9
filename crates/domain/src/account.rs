//! A carrier account: credentials and contract of a tenant at a carrier.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::channel::Dialect;
use crate::secret::Secret;

/// A stored carrier account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CarrierAccount {
    /// The tenant's own id of it, the first half of its services' codes.
    pub id: String,
    /// The connector that talks to the carrier.
    pub carrier: String,
    /// Field name → value; which fields there are, the connector's profile says.
    #[serde(default)]
    pub settings: BTreeMap<String, String>,
    /// Fields that must not be shown; kept encrypted.
    #[serde(default)]
    pub credentials: BTreeMap<String, Secret>,
    /// The content of files the settings name (a rate sheet), by field name.
    #[serde(default)]
    pub files: BTreeMap<String, String>,
    /// How often a minute the carrier may be asked; no limit of ours when missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calls_per_minute: Option<u32>,
    /// The ids existing clients hold for it, by dialect.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub aliases: BTreeMap<Dialect, String>,
}
