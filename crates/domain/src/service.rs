//! A service: a product the carrier sells, known by account and name.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A service's code, `<account id>:<service>`, such as `postnl:standard`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ServiceCode {
    /// The carrier account.
    pub account: String,
    /// The service's name at that account.
    pub service: String,
}

impl ServiceCode {
    /// A service of an account.
    pub fn new(account: impl Into<String>, service: impl Into<String>) -> Self {
        Self { account: account.into(), service: service.into() }
    }

    /// Reads `<account id>:<service>`; the service may hold further colons.
    pub fn parse(text: &str) -> Option<Self> {
        let (account, service) = text.split_once(':')?;
        (!account.is_empty() && !service.is_empty()).then(|| Self::new(account, service))
    }
}

impl fmt::Display for ServiceCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.account, self.service)
    }
}

impl TryFrom<String> for ServiceCode {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text).ok_or_else(|| format!("{text:?} is no service: expected <account id>:<service>"))
    }
}

impl From<ServiceCode> for String {
    fn from(code: ServiceCode) -> Self {
        code.to_string()
    }
}
