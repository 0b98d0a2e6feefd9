//! What clients of either generation send → the canonical order and shipment.

use std::borrow::Cow;

use domain::address::Address;
use domain::channel::Dialect;
use domain::measure::Weight;
use domain::order::{Order, OrderDetails, ShopStatus};
use domain::time::SentTime;

use super::LENIENCY;
use super::dates::{date, date_or_seconds};
use super::error::Refusal;
use super::generation::{
    ADDRESS, CITY, COMPANY, COUNTRY, EMAIL, FIRST_NAME, Generation, LAST_NAME, Name, ORDER_DATE, ORDER_ID, ORDER_URL,
    PHONE, ZIP,
};
use super::kept::{Kept, SetState, Tag, owned};
use super::states::{REFUNDED, SETTABLE};
use crate::json::fields::{Fault, Fields, Node, Notes, boolean, decimal, not_negative, text, url};
use crate::json::{self, Json};

/// Characters of an order's id in its shop, and of a tracking number.
pub const LONGEST_ID: usize = 255;
/// Characters of any other text.
const LONGEST_TEXT: usize = 10_000;
/// Characters of a language, such as `en_US`.
const LONGEST_LANGUAGE: usize = 35;
/// Tags of an order or a shipment.
const MOST_TAGS: usize = 100;

/// What a request says of an order; what it leaves out is `None` and stays as it is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OrderChange {
    /// The shop's id.
    pub order_id: Option<String>,
    date: Option<SentTime>,
    url: Option<Option<String>>,
    language: Option<Option<String>>,
    promised: Option<Option<SentTime>>,
    boarding: Option<bool>,
    delivered: Option<Option<bool>>,
    tags: Option<Vec<Tag>>,
}

/// Text that may be empty: then it is kept so.
fn said(fields: &Fields<'_>, name: &str, read: impl FnOnce(Node<'_>) -> Option<String>) -> Option<Option<String>> {
    match fields.get(name)? {
        Json::Text(text) if text.is_empty() => Some(Some(String::new())),
        _ => Some(fields.optional(name, read)),
    }
}

/// A value that null and empty text clear.
fn value<T>(fields: &Fields<'_>, name: &str, read: impl FnOnce(Node<'_>) -> Option<T>) -> Option<Option<T>> {
    fields.get(name)?;
    Some(fields.optional(name, read))
}

fn id(node: Node<'_>) -> Option<String> {
    text(1, LONGEST_ID)(node)
}

/// The shop's id of an order; clients with numbers for ids send them so.
fn order_id(node: Node<'_>) -> Option<String> {
    match node.json() {
        Json::Number(digits) if digits.len() <= LONGEST_ID => Some(digits.to_string()),
        _ => id(node),
    }
}

/// Reads an order; a new one needs its id and its date.
pub fn order(body: &Json<'_>, generation: Generation, is_new: bool) -> Result<OrderChange, Refusal> {
    let notes = Notes::new(LENIENCY);
    let mut change = OrderChange::default();
    notes.root(body).fields().map(|fields| {
        let name = |name| generation.found(&fields, name);
        let (id_name, date_name) = (name(ORDER_ID), name(ORDER_DATE));
        if is_new || fields.get(id_name).is_some() {
            change.order_id = fields.needed(id_name, order_id);
        }
        if is_new || fields.get(date_name).is_some() {
            change.date = fields.needed(date_name, date).map(|date| date.at);
        }
        change.url = said(&fields, name(ORDER_URL), url);
        change.language = said(&fields, "language", text(0, LONGEST_LANGUAGE));
        change.promised = value(&fields, "promised_delivery_date", date).map(|read| read.map(|date| date.at));
        change.boarding = value(&fields, "boarding_complete", boolean).map(Option::unwrap_or_default);
        change.delivered = value(&fields, "delivered_with_seven_senders", boolean);
        change.tags = value(&fields, "order_tags", tags).map(Option::unwrap_or_default);
        Some(())
    });
    Refusal::of(&notes.flaws(), body).map_or(Ok(change), Err)
}

/// Tags: an object, the same as JSON text in a form, or the list in which they are shown.
fn tags(node: Node<'_>) -> Option<Vec<Tag>> {
    let not_tags = || {
        let text = "This value is not an object of tags: expected {\"name\": \"content\"}";
        node.fault(Fault::Other(text.to_owned()))
    };
    let parsed;
    let tree = match node.json() {
        Json::Text(text) => match json::parse(text.as_bytes()) {
            Ok(read) => {
                parsed = read;
                &parsed
            }
            Err(_) => return not_tags(),
        },
        other => other,
    };
    let tags: Vec<Tag> = match tree {
        Json::Null => Vec::new(),
        Json::Object(members) => {
            members.iter().map(|(name, value)| Tag { name: name.to_string(), content: content(value) }).collect()
        }
        Json::List(list) => {
            let tag = |value: &Json<'_>| {
                let (name, told) = (value.get("name")?.as_text()?, value.get("content"));
                Some(Tag { name: name.to_owned(), content: told.map(content).unwrap_or_default() })
            };
            match list.iter().map(tag).collect::<Option<_>>() {
                Some(tags) => tags,
                None => return not_tags(),
            }
        }
        _ => return not_tags(),
    };
    if tags.len() > MOST_TAGS {
        return node.fault(Fault::TooMany(MOST_TAGS, tags.len()));
    }
    if tags.iter().any(|tag| tag.name.contains('\0') || tag.content.contains('\0')) {
        return node.fault(Fault::Nul);
    }
    let is_long = |tag: &Tag| tag.name.chars().count() > LONGEST_ID || tag.content.chars().count() > LONGEST_TEXT;
    if tags.iter().any(is_long) {
        return node.fault(Fault::TooLong(LONGEST_TEXT));
    }
    Some(tags)
}

/// What a tag says, as text.
fn content(value: &Json<'_>) -> String {
    match value {
        Json::Text(text) => text.to_string(),
        Json::Null => String::new(),
        other => other.to_string(),
    }
}

impl OrderChange {
    /// Lays the change over an order; `event` tells of it.
    pub fn lay_over(&self, details: &mut OrderDetails, event: u64) {
        let mut kept = Kept::in_details(details);
        if let Some(id) = &self.order_id {
            details.external_id = Some(id.clone());
        }
        details.placed_at = self.date.or(details.placed_at);
        if let Some(url) = &self.url {
            kept.url.clone_from(url);
        }
        if let Some(language) = &self.language {
            kept.language.clone_from(language);
            details.language.clone_from(language);
        }
        kept.promised = self.promised.unwrap_or(kept.promised);
        kept.delivered_with_seven_senders = self.delivered.unwrap_or(kept.delivered_with_seven_senders);
        if let Some(is_complete) = self.boarding {
            kept.board(event, is_complete);
        }
        if let Some(tags) = &self.tags {
            kept.tags.clone_from(tags);
        }
        kept.keep_in(details);
    }

    /// The order that a first request makes.
    pub fn details(&self) -> OrderDetails {
        let mut details = OrderDetails::default();
        self.lay_over(&mut details, 0);
        details
    }
}

/// A state that a client sets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateChange {
    /// The shop's id of the order.
    pub order_id: String,
    /// The state.
    pub state: String,
    at: Option<SentTime>,
    location: Option<String>,
}

/// Reads `POST /order_states`.
pub fn state(body: &Json<'_>, generation: Generation) -> Result<StateChange, Refusal> {
    let notes = Notes::new(LENIENCY);
    let mut change = None;
    notes.root(body).fields().map(|fields| {
        change = Some(StateChange {
            order_id: fields.required(generation.found(&fields, ORDER_ID), order_id),
            state: fields.required("state", settable),
            at: fields.needed("datetime", date).map(|date| date.at),
            location: fields.optional("location", text(0, LONGEST_TEXT)),
        });
        Some(())
    });
    let flaws = notes.flaws();
    match (Refusal::of(&flaws, body), change) {
        (None, Some(change)) => Ok(change),
        (refusal, _) => Err(refusal.unwrap_or_else(|| Refusal::malformed("it is no object"))),
    }
}

fn settable(node: Node<'_>) -> Option<String> {
    match node.json().as_text() {
        Some(state) if SETTABLE.contains(&state) => Some(state.to_owned()),
        _ => node.fault(Fault::NotOneOf(SETTABLE.to_vec())),
    }
}

impl StateChange {
    /// Lays the change over an order: its details, and the state before. The same state said again changes nothing.
    pub fn lay_over(&self, order: &Order, event: u64) -> Result<(OrderDetails, String), Refusal> {
        if self.state == REFUNDED && !order.details.items.is_empty() {
            return Err(Refusal::of_field("state", "An order with items cannot be refunded (found \"refunded\")"));
        }
        let mut details = order.details.clone();
        let mut kept = Kept::in_details(&details);
        let before = kept.states.last().map_or_else(|| super::states::NEW.to_owned(), |last| last.state.clone());
        let Some(at) = self.at else { return Ok((details, before)) };
        let is_same = |known: &SetState| known.state == self.state && known.at == at && known.location == self.location;
        if kept.states.iter().any(is_same) {
            return Ok((details, before));
        }
        kept.states.push(SetState { event, state: self.state.clone(), at, location: self.location.clone() });
        kept.keep_in(&mut details);
        // Another dialect's shop has a status of its own.
        if order.channel == Dialect::SevenSenders.default_channel() {
            details.shop_status = Some(ShopStatus { code: self.state.clone(), message: None });
        }
        Ok((details, before))
    }
}

/// What a field of a shipment holds.
#[derive(Clone, Copy)]
enum Kind {
    Text,
    Flag,
    Number,
    Time,
    /// Two letters, or an object with `iso2`.
    Country,
    /// Text, or an object with `name`.
    Named,
    /// A list of anything.
    List,
    /// A number or text, which is kept as it is.
    Scalar,
}

const fn same(name: &'static str) -> Name {
    (name, name)
}

/// The fields of a shipment but its order and its carrier, from the newer documentation and from what clients send.
const FIELDS: &[(Name, Kind)] = &[
    (same("tracking_code"), Kind::Text),
    (same("reference_number"), Kind::Text),
    (same("package_no"), Kind::Scalar),
    (same("carrier_service"), Kind::Text),
    (FIRST_NAME, Kind::Text),
    (LAST_NAME, Kind::Text),
    (COMPANY, Kind::Text),
    (EMAIL, Kind::Text),
    (ADDRESS, Kind::Text),
    (ZIP, Kind::Text),
    (CITY, Kind::Text),
    (COUNTRY, Kind::Country),
    (PHONE, Kind::Text),
    (same("sender_first_name"), Kind::Text),
    (same("sender_last_name"), Kind::Text),
    (same("sender_company_name"), Kind::Text),
    (same("sender_email"), Kind::Text),
    (same("sender_address"), Kind::Text),
    (same("sender_street"), Kind::Text),
    (same("sender_house_no"), Kind::Text),
    (same("sender_zip"), Kind::Text),
    (same("sender_city"), Kind::Text),
    (same("sender_country"), Kind::Country),
    (same("sender_phone"), Kind::Text),
    (same("cod"), Kind::Flag),
    (same("cod_value"), Kind::Number),
    (same("return_parcel"), Kind::Flag),
    (same("pickup_point_selected"), Kind::Flag),
    (same("trackable"), Kind::Flag),
    (same("delivered_with_seven_senders"), Kind::Flag),
    (same("weight"), Kind::Number),
    (same("planned_pickup_datetime"), Kind::Time),
    (same("comment"), Kind::Text),
    (same("warehouse"), Kind::Named),
    (same("warehouse_address"), Kind::Text),
    (same("shipment_tag"), Kind::List),
];

/// What a request says of a shipment.
#[derive(Clone, Debug, PartialEq)]
pub struct ShipmentChange {
    /// The shop's id of the order; always there for a new one.
    pub order_id: Option<String>,
    /// What is kept of it, under the names of the newer generation.
    pub kept: Json<'static>,
}

/// Reads a shipment. A new one needs its order, its carrier, and a tracking code or a reference number.
pub fn shipment(body: &Json<'_>, generation: Generation, is_new: bool) -> Result<ShipmentChange, Refusal> {
    let notes = Notes::new(LENIENCY);
    let mut change = ShipmentChange { order_id: None, kept: Json::Object(Vec::new()) };
    notes.root(body).fields().map(|fields| {
        let mut members: Vec<(Cow<'static, str>, Json<'static>)> = Vec::new();
        let order_name = generation.found(&fields, ORDER_ID);
        if is_new || fields.get(order_name).is_some() {
            change.order_id = fields.needed(order_name, order_id);
        }
        for (name, kind) in FIELDS.iter().copied() {
            let found = generation.found(&fields, name);
            match fields.get(found) {
                None => {}
                Some(Json::Text(text)) if text.is_empty() => members.push((name.0.into(), Json::from(String::new()))),
                Some(Json::Null) => members.push((name.0.into(), Json::Null)),
                Some(_) => {
                    let read = fields.optional(found, |node| kept_value(node, kind));
                    members.extend(read.map(|read| (name.0.into(), read)));
                }
            }
        }
        if is_new || fields.get("carrier").is_some() {
            members.extend(fields.needed("carrier", carrier).map(|carrier| ("carrier".into(), carrier)));
        }
        let is_given = |name: &str| fields.get(name).is_some_and(|value| !is_empty(value));
        if is_new && !is_given("tracking_code") && !is_given("reference_number") {
            let text = "One of tracking_code and reference_number is required and must not be empty";
            fields.fault::<()>("tracking_code", Fault::Other(text.to_owned()));
        }
        change.kept = Json::Object(members);
        Some(())
    });
    Refusal::of(&notes.flaws(), body).map_or(Ok(change), Err)
}

fn is_empty(value: &Json<'_>) -> bool {
    matches!(value, Json::Null) || value.as_text().is_some_and(|text| text.trim().is_empty())
}

fn kept_value(node: Node<'_>, kind: Kind) -> Option<Json<'static>> {
    let words = |node: Node<'_>| text(0, LONGEST_TEXT)(node).map(Json::from);
    match (kind, node.json()) {
        (Kind::Text, Json::Number(digits)) if digits.len() <= LONGEST_ID => Some(Json::from(digits.to_string())),
        (Kind::Flag, _) => boolean(node).map(Json::from),
        (Kind::Number, _) => not_negative(node).map(Json::from),
        (Kind::Time, _) => date_or_seconds(node).map(|date| Json::from(super::dates::written(date.instant()))),
        (Kind::Country, Json::Object(_)) => node.fields()?.needed("iso2", text(0, 2)).map(Json::from),
        (Kind::Named, Json::Object(_)) => node.fields()?.needed("name", text(0, LONGEST_TEXT)).map(Json::from),
        (Kind::Text | Kind::Named, _) => words(node),
        (Kind::List, Json::List(_)) => {
            let kept = crate::json::fields::free(node)?;
            node.list(MOST_TAGS, |_| Some(()))?;
            json::parse(kept.as_str().as_bytes()).ok().map(|value| owned(&value))
        }
        (Kind::List, _) => node.fault(Fault::NotList),
        (Kind::Scalar, Json::Number(_)) => decimal(node).map(Json::from),
        (Kind::Country | Kind::Scalar, _) => text(0, LONGEST_ID)(node).map(Json::from),
    }
}

/// `{"name": "dhl", "country": "DE"}`; a form may name the carrier alone.
fn carrier(node: Node<'_>) -> Option<Json<'static>> {
    if let Json::Text(_) = node.json() {
        return Some(Json::Object(vec![("name".into(), Json::from(text(1, 100)(node)?))]));
    }
    let fields = node.fields()?;
    let name = fields.needed("name", text(1, 100));
    let country = fields.get("country").map(|country| match country {
        Json::Text(text) if text.is_empty() => Json::from(String::new()),
        Json::Null => Json::Null,
        _ => fields.optional("country", |node| kept_value(node, Kind::Country)).unwrap_or(Json::Null),
    });
    let mut members = vec![("name".into(), Json::from(name?))];
    members.extend(country.map(|country| ("country".into(), country)));
    Some(Json::Object(members))
}

impl ShipmentChange {
    /// A text that is there and not empty.
    pub fn word(&self, name: &str) -> Option<String> {
        word(&self.kept, name)
    }

    /// What the carrier is called.
    pub fn carrier(&self) -> Option<String> {
        self.kept.get("carrier").and_then(|carrier| word(carrier, "name"))
    }

    /// The weight, unless it is zero, which clients send for "not known".
    pub fn weight(&self) -> Option<Weight> {
        match self.kept.get("weight")? {
            Json::Number(digits) => Weight::from_kilograms(digits.parse().ok()?),
            _ => None,
        }
    }

    /// Where it goes.
    pub fn recipient(&self) -> Address {
        let names = [FIRST_NAME, LAST_NAME].map(|(name, _)| self.word(name)).into_iter().flatten();
        let name = names.collect::<Vec<_>>().join(" ");
        Address {
            name: Some(name).filter(|name| !name.is_empty()),
            company: self.word(COMPANY.0),
            street1: self.word(ADDRESS.0),
            postal_code: self.word(ZIP.0),
            city: self.word(CITY.0),
            country: self.word(COUNTRY.0),
            phone: self.word(PHONE.0),
            email: self.word(EMAIL.0),
            ..Address::default()
        }
    }
}

/// A member that is text and not empty.
pub fn word(tree: &Json<'_>, name: &str) -> Option<String> {
    tree.get(name)?.as_text().filter(|text| !text.is_empty()).map(str::to_owned)
}
