//! A channel: where an order came from inside a tenant. It belongs to one dialect.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::order::RawJson;

/// One of the order interfaces Waybill speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Dialect {
    /// Our own, below `/v1`.
    Native,
    /// Sendcloud API v3.
    Sendcloud,
    /// Delivery Solutions / LynkUp shipping orders.
    DeliverySolutions,
    /// ExpertSender ECDP.
    Expertsender,
    /// Seven Senders v2.
    SevenSenders,
    /// Crowdsender.
    Crowdsender,
}

impl Dialect {
    /// Every dialect, in the order of their default channels.
    pub const ALL: [Self; 6] = [
        Self::Native,
        Self::Sendcloud,
        Self::DeliverySolutions,
        Self::Expertsender,
        Self::SevenSenders,
        Self::Crowdsender,
    ];

    /// The name in setup files, rows and paths.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::Sendcloud => "sendcloud",
            Self::DeliverySolutions => "delivery_solutions",
            Self::Expertsender => "expertsender",
            Self::SevenSenders => "seven_senders",
            Self::Crowdsender => "crowdsender",
        }
    }

    /// The channel of orders that name none in this dialect.
    pub fn default_channel(self) -> ChannelNumber {
        ChannelNumber(ChannelNumber::FIRST_OF_OURS + self as i64)
    }
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Dialect {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|dialect| dialect.as_str() == text).ok_or_else(|| {
            let known = Self::ALL.map(Self::as_str).join(", ");
            format!("{text:?} is no dialect: expected one of {known}")
        })
    }
}

/// The number of a channel inside its tenant; Sendcloud calls it the integration id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ChannelNumber(pub i64);

impl ChannelNumber {
    /// Channels that no setup file names are numbered from here on.
    pub const FIRST_OF_OURS: i64 = 1_000_000;

    /// Websites of the ExpertSender dialect are numbered around this, so that theirs meet no other channel's.
    const WEBSITE_0: i64 = 1 << 40;

    /// The channel of a website of the ExpertSender dialect.
    pub fn of_website(website: i32) -> Self {
        Self(Self::WEBSITE_0 + i64::from(website))
    }

    /// The website whose channel this is.
    pub fn website(self) -> Option<i32> {
        i32::try_from(self.0 - Self::WEBSITE_0).ok()
    }
}

/// A stored channel.
#[derive(Clone, Debug, PartialEq)]
pub struct Channel {
    /// Its number inside the tenant.
    pub number: ChannelNumber,
    /// The dialect whose clients write to it.
    pub dialect: Dialect,
    /// What people call it.
    pub name: String,
    /// What the dialect keeps about it (shop URL, webhook, …), a JSON object.
    pub settings: RawJson,
    /// Whether it is known only because the dialect needs one.
    pub is_default: bool,
}
