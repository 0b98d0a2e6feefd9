//! The setup file: the tenants an operator writes down, read as a whole or not at all.
//!
//! Reading is pure: files and the environment are handed in. The file is walked by hand instead of being derived, since
//! an operator wants every mistake at once, and a derived reader stops at the first.

mod accounts;
mod branding;
mod customers;
mod reader;
mod tables;
#[cfg(test)]
mod tests;
mod values;

use std::sync::Arc;

use bytes::Bytes;
use domain::Secret;
use domain::account::CarrierAccount;
use domain::channel::Dialect;
use domain::connector::Connector;
use domain::error::Problem;
use domain::location::Location;
use domain::routing::RoutingRule;
use domain::tenant::{Mode, Scope, Tenant};
use domain::webhook::Authentication;

use self::reader::{Reader, Section};

/// What a setup file says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetupFile {
    /// The tenants, in the order of the file.
    pub tenants: Vec<TenantSetup>,
}

/// A tenant and everything the file says it has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TenantSetup {
    /// The tenant itself.
    pub tenant: Tenant,
    /// Its API keys.
    pub keys: Vec<KeySetup>,
    /// Its numbered channels.
    pub integrations: Vec<IntegrationSetup>,
    /// Its locations; the first ships what names none.
    pub locations: Vec<Location>,
    /// Its carrier accounts.
    pub carrier_accounts: Vec<CarrierAccount>,
    /// Its rules, in the order they are tried.
    pub routing_rules: Vec<RoutingRule>,
    /// Its webhook endpoints.
    pub webhooks: Vec<WebhookSetup>,
    /// The bytes of the logo that its branding names.
    pub logo: Option<Bytes>,
}

/// An API key with its secret part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeySetup {
    /// What people call it.
    pub name: String,
    /// The public part, unique over all tenants.
    pub public: String,
    /// The secret part, unique over all tenants.
    pub secret: Secret,
    /// What it may do; never empty.
    pub scopes: Vec<Scope>,
}

/// A channel with the number the Sendcloud dialect uses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IntegrationSetup {
    /// The number, from 1 and below a million.
    pub id: i64,
    /// What people call it.
    pub name: String,
    /// Whether the Sendcloud dialect shows the ids of its orders as JSON numbers instead of text.
    pub order_ids_as_numbers: bool,
}

/// A webhook endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebhookSetup {
    /// Where: an absolute `http` or `https` URL, as typed.
    pub url: String,
    /// What deliveries are signed with.
    pub secret: Secret,
    /// Whose event bodies it gets.
    pub dialect: Dialect,
    /// Which events: `*`, `shipment.*` or `shipment.booked`; never empty.
    pub events: Vec<String>,
    /// Deliveries that may be under way at once; with one they arrive in order.
    pub concurrency: u32,
    /// Which of the dialect's bodies it gets, in the dialect's own word.
    pub variant: Option<String>,
    /// What it knows its caller by, besides the signature.
    pub authentication: Option<Authentication>,
    /// Whether it hears of real shipments only, or of trial ones only.
    pub mode: Option<Mode>,
    /// What people call it.
    pub description: Option<String>,
}

/// Reads a setup file; every mistake is reported, in the order of the file, each with its line.
///
/// `files` gives the content of a file the setup file names, or why it cannot be read; the path is handed over as
/// typed. `env` gives the value of an environment variable. A text that is no TOML reports its syntax only.
pub fn read(
    text: &str,
    files: &dyn Fn(&str) -> Result<Vec<u8>, String>,
    env: &dyn Fn(&str) -> Option<String>,
    connectors: &[Arc<dyn Connector>],
) -> Result<SetupFile, Vec<Problem>> {
    let (document, mistakes) = toml::de::DeTable::parse_recoverable(text);
    let reader = Reader::new(text, files, env);
    if !mistakes.is_empty() {
        for mistake in mistakes {
            reader.syntax(&mistake);
        }
        return Err(reader.into_problems());
    }
    let tenants = tables::tenants(Section::root(&reader, document.get_ref()), connectors);
    if reader.is_clean() { Ok(SetupFile { tenants }) } else { Err(reader.into_problems()) }
}
