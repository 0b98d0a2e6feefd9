//! A carrier account: credentials and contract of a tenant at a carrier.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::channel::Dialect;
use crate::connector::Checked;
use crate::error::CarrierError;
use crate::secret::Secret;
use crate::time::Timestamp;

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

/// What a look at an account found, without buying anything.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountCheck {
    /// When it was looked at.
    pub at: Timestamp,
    /// What the carrier said; `None` when it could not be asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checked: Option<Checked>,
    /// Why it could not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<CarrierError>,
    /// The last time the account stood well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub good_at: Option<Timestamp>,
    /// The trouble that people were told of last; empty when they were told that it is over.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub told: String,
    /// How many days before their end people were told last that the credentials end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warned_days: Option<u32>,
    /// How many days before its end people were told last that the carrier's interface ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interface_days: Option<u32>,
}

/// How an account stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountHealth {
    /// Everything it was tried for works.
    Good,
    /// It works, and its credentials end soon.
    Ending,
    /// It works in part: a permission is missing.
    Limited,
    /// Its credentials or its settings are refused.
    Refused,
    /// The carrier did not answer, which says nothing about the account.
    Unknown,
}

impl AccountHealth {
    /// The name in the native API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Ending => "ending",
            Self::Limited => "limited",
            Self::Refused => "refused",
            Self::Unknown => "unknown",
        }
    }
}

/// So many days before their end people are told that credentials end.
pub const WARNED_DAYS: [u32; 4] = [30, 14, 7, 1];

impl AccountCheck {
    /// How the account stands.
    pub fn health(&self) -> AccountHealth {
        match (&self.failure, &self.checked) {
            (Some(error), _) if error.is_unsure() => AccountHealth::Unknown,
            (Some(_), _) => AccountHealth::Refused,
            (None, Some(checked)) if !checked.missing.is_empty() => AccountHealth::Limited,
            (None, Some(_)) if self.days_left().is_some() => AccountHealth::Ending,
            (None, _) => AccountHealth::Good,
        }
    }

    /// What is wrong, in words; `None` when nothing is, or nobody knows.
    pub fn trouble(&self) -> Option<String> {
        match (&self.failure, &self.checked) {
            (Some(error), _) => (!error.is_unsure()).then(|| error.to_string()),
            (None, Some(checked)) if !checked.missing.is_empty() => {
                Some(format!("the account lacks a permission: {}", checked.missing.join("; ")))
            }
            (None, _) => None,
        }
    }

    /// Of [`WARNED_DAYS`], the least that the credentials' end is within.
    pub fn days_left(&self) -> Option<u32> {
        let ends = self.checked.as_ref()?.expires_at?;
        let seconds = ends.as_second() - self.at.as_second();
        WARNED_DAYS.into_iter().rev().find(|days| seconds <= i64::from(*days) * 86_400)
    }
}
