//! A routing rule: when … then location, account, service.

use serde::{Deserialize, Serialize};

/// What makes one rate better than another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pick {
    /// The lowest price.
    #[default]
    Cheapest,
    /// The fewest days.
    Fastest,
}

/// A rule; the first that matches decides.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoutingRule {
    /// Names it inside the tenant.
    pub name: String,
    /// A CEL expression over order, parcel and destination.
    pub when: String,
    /// What to do with the candidates.
    pub then: RuleAction,
}

/// What a rule does with the candidates. Entries name an account or a service (`house`, `house:standard`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RuleAction {
    /// Nothing else may be taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub only: Option<Vec<String>>,
    /// These may not be taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exclude: Option<Vec<String>>,
    /// These are taken if any of them offers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prefer: Option<Vec<String>>,
    /// How to choose among what is left.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pick: Option<Pick>,
}
