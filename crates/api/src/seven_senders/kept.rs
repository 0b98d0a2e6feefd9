//! What an order and a shipment say in this dialect and nothing canonical can hold; kept beside them, echoed here only.

use std::borrow::Cow;

use domain::channel::Dialect;
use domain::order::{OrderDetails, RawJson};
use domain::shipment::ShipmentDetails;
use domain::time::SentTime;
use serde::{Deserialize, Serialize};

use crate::json::{self, Json};

/// What is kept of an order.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Kept {
    /// From which website it came; may be empty text, as sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The customer's language; may be empty text, as sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// The day that was promised.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub promised: Option<SentTime>,
    /// Whether the vendor delivers it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delivered_with_seven_senders: Option<bool>,
    /// Tags, in the order they came.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<Tag>,
    /// Whether every shipment has been told of, each time that changed, by the event of the change; 0 is the creation.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub boarding: Vec<(u64, bool)>,
    /// The states that clients set, oldest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub states: Vec<SetState>,
}

/// A tag.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tag {
    /// Its name.
    pub name: String,
    /// What it says; numbers digit for digit.
    pub content: String,
}

/// A state that a client set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetState {
    /// The event that tells of it.
    pub event: u64,
    /// Its word.
    pub state: String,
    /// Since when, as sent.
    pub at: SentTime,
    /// Where, as sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
}

impl Kept {
    /// What an order carries.
    pub fn in_details(details: &OrderDetails) -> Self {
        let kept = details.extra.get(&Dialect::SevenSenders);
        kept.and_then(|raw| serde_json::from_str(raw.as_str()).ok()).unwrap_or_default()
    }

    /// Puts it where the order carries it.
    pub fn keep_in(&self, details: &mut OrderDetails) {
        if let Some(raw) = serde_json::to_string(self).ok().and_then(RawJson::new) {
            details.extra.insert(Dialect::SevenSenders, raw);
        }
    }

    /// Whether every shipment has been told of; `None` when nobody ever said.
    pub fn boarding_complete(&self) -> Option<bool> {
        self.boarding.last().map(|(_, is_complete)| *is_complete)
    }

    /// Notes that somebody says so, if that is new.
    pub fn board(&mut self, event: u64, is_complete: bool) {
        if self.boarding_complete() != Some(is_complete) {
            self.boarding.push((event, is_complete));
        }
    }
}

/// What is kept of a shipment: its fields under the names of the newer generation, values as sent.
pub fn of_shipment(details: &ShipmentDetails) -> Json<'static> {
    let kept = details.extra.get(&Dialect::SevenSenders).map(RawJson::as_str);
    let read = kept.and_then(|text| json::parse(text.as_bytes()).ok());
    read.as_ref().map_or_else(|| Json::Object(Vec::new()), owned)
}

/// The same value, owing nothing to anybody.
pub fn owned(value: &Json<'_>) -> Json<'static> {
    match value {
        Json::Null => Json::Null,
        Json::Bool(value) => Json::Bool(*value),
        Json::Number(digits) => Json::Number(Cow::Owned(digits.to_string())),
        Json::Text(text) => Json::Text(Cow::Owned(text.to_string())),
        Json::List(list) => Json::List(list.iter().map(owned).collect()),
        Json::Object(members) => {
            Json::Object(members.iter().map(|(name, value)| (Cow::Owned(name.to_string()), owned(value))).collect())
        }
    }
}
