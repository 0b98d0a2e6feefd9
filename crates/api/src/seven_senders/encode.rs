//! The canonical order and shipment → as clients of either generation read them.
//!
//! A shipment of this dialect is one parcel: each has a tracking code of its own. One that was bought through another
//! dialect stands under its order like any other.

use std::borrow::Cow;

use app::story::Story;
use app::tenants::TenantSetup;
use domain::address::Address;
use domain::channel::Dialect;
use domain::parcel::Parcel;
use domain::shipment::{Shipment, ShipmentStatus};
use domain::tracking::TrackingEvent;
use jiff::tz::TimeZone;

use super::dates::written;
use super::decode::word;
use super::generation::{
    ADDRESS, CITY, COMPANY, COUNTRY, EMAIL, FIRST_NAME, Generation, LAST_NAME, Name, ORDER_DATE, ORDER_ID, ORDER_URL,
    PHONE, STATE, ZIP,
};
use super::kept::{self, Kept};
use super::states::{self, Step};
use crate::json::Json;

/// An object of these members, in this order.
pub fn object(members: Vec<(&'static str, Json<'static>)>) -> Json<'static> {
    Json::Object(members.into_iter().map(|(name, value)| (Cow::Borrowed(name), value)).collect())
}

fn words(text: Option<String>) -> Json<'static> {
    text.map_or(Json::Null, Json::from)
}

/// A country as its name and its code.
fn country(code: Option<&str>) -> Json<'static> {
    let Some(code) = code.filter(|code| !code.is_empty()) else { return Json::Null };
    let upper = code.to_ascii_uppercase();
    let name = super::carriers::country_name(&upper).unwrap_or(code).to_owned();
    object(vec![("name", Json::from(name)), ("iso2", Json::from(code.to_ascii_lowercase()))])
}

/// What is needed to show orders.
#[derive(Clone, Copy)]
pub struct View<'a> {
    /// The tenant's set-up.
    pub setup: &'a TenantSetup,
    /// Where people reach this installation.
    pub public_url: &'a str,
    /// Who reads it.
    pub generation: Generation,
}

/// The shop's id of an order; ours when it has none.
pub fn order_id(story: &Story) -> String {
    story.order.details.external_id.clone().unwrap_or_else(|| story.order.id.number().to_string())
}

/// The parcels of an order that are on their way or were delivered.
pub fn live(story: &Story) -> impl Iterator<Item = (&Shipment, &Parcel)> {
    let is_shown = |shipment: &&Shipment| {
        shipment.is_live() && matches!(shipment.status, ShipmentStatus::Booked | ShipmentStatus::Cancelling)
    };
    let shown = story.shipments.iter().filter(is_shown);
    shown.flat_map(|shipment| shipment.parcels.iter().map(move |parcel| (shipment, parcel)))
}

impl View<'_> {
    fn name(self, name: Name) -> &'static str {
        self.generation.name(name)
    }

    /// A whole order.
    pub fn order(self, story: &Story) -> Json<'static> {
        let (order, kept) = (&story.order, Kept::in_details(&story.order.details));
        let mut steps = states::of(story, &self.setup.zone);
        let state = states::current(&steps).to_owned();
        // Newest first; of those at the same time the one that came last.
        steps.reverse();
        steps.sort_by_key(|step| std::cmp::Reverse(step.at));
        let tag = |tag: &kept::Tag| {
            object(vec![("name", Json::from(tag.name.clone())), ("content", Json::from(tag.content.clone()))])
        };
        // Whoever ships an order through another dialect has told of everything there is.
        let is_own = order.channel == Dialect::SevenSenders.default_channel();
        let is_boarded = kept.boarding_complete().unwrap_or_else(|| !is_own && live(story).next().is_some());
        let page = live(story).next().map(|(_, parcel)| self.page(parcel));
        let mut members = vec![
            ("id", order.id.number().into()),
            (self.name(ORDER_ID), Json::from(order_id(story))),
            (self.name(ORDER_URL), words(kept.url.clone())),
            (self.name(ORDER_DATE), Json::from(written(states::placed_at(story, &self.setup.zone)))),
            ("boarding_complete", Json::from(is_boarded)),
            ("shipments", Json::List(live(story).map(|(one, parcel)| self.shipment(story, one, parcel)).collect())),
            ("states_history", Json::List(steps.iter().map(|step| self.step(step)).collect())),
            ("state", Json::from(state)),
            ("language", words(kept.language.clone())),
            ("order_tags", Json::List(kept.tags.iter().map(tag).collect())),
            ("promised_delivery_date", words(kept.promised.map(|at| written(at.instant_in(&TimeZone::UTC))))),
            ("tracking_page_url", words(page)),
        ];
        if self.generation == Generation::Newer {
            let delivered = kept.delivered_with_seven_senders.map_or(Json::Null, Json::from);
            members.push(("delivered_with_seven_senders", delivered));
        }
        object(members)
    }

    fn page(self, parcel: &Parcel) -> String {
        format!("{}/t/{}", self.public_url, parcel.tracking_token)
    }

    fn step(self, step: &Step) -> Json<'static> {
        object(vec![
            ("id", step.id.into()),
            ("order", Json::Null),
            (self.name(STATE), Json::from(step.state.clone())),
            ("datetime", Json::from(written(step.at))),
            ("location", words(step.location.clone())),
        ])
    }

    /// A whole shipment.
    pub fn shipment(self, story: &Story, shipment: &Shipment, parcel: &Parcel) -> Json<'static> {
        let kept = kept::of_shipment(&shipment.details);
        let sent = |name: &'static str| kept.get(name).map(kept::owned);
        let flag = |name: &'static str| sent(name).unwrap_or(Json::Bool(false));
        let is_older = self.generation == Generation::Older;
        let recipient = Recipient::of(&shipment.details.recipient);
        let person = |name: Name, ours: Option<String>| sent(name.0).unwrap_or_else(|| words(ours));
        let place = |name: Name, ours: Option<String>| match person(name, ours) {
            Json::Text(code) if is_older => country(Some(&code)),
            other => other,
        };
        let service = sent("carrier_service").unwrap_or_else(|| Json::from(shipment.details.service_name.clone()));
        let weight = sent("weight").unwrap_or_else(|| parcel.parcel.weight.kilograms().into());
        // Until the carrier gives a number there is the reference alone.
        let code = parcel.tracking_number.clone().map(Json::from).or_else(|| sent("tracking_code"));
        let reference = shipment.details.carrier_reference.clone().filter(|_| shipment.is_from_elsewhere());
        let reference = sent("reference_number").unwrap_or_else(|| words(reference));
        let is_pickup_point =
            sent("pickup_point_selected").unwrap_or_else(|| Json::Bool(story.order.details.service_point.is_some()));
        let history = story.tracking.iter().filter(|event| event.parcel == parcel.id).map(status).collect();
        let mut members = vec![
            (self.name(ORDER_ID), Json::from(order_id(story))),
            ("carrier_service", service),
            ("warehouse_address", sent("warehouse_address").unwrap_or_else(|| self.warehouse(shipment).1)),
            ("id", parcel.id.number().into()),
            ("tracking_code", code.unwrap_or(Json::Null)),
            (self.name(FIRST_NAME), person(FIRST_NAME, recipient.first_name)),
            (self.name(LAST_NAME), person(LAST_NAME, recipient.last_name)),
        ];
        if is_older {
            let both = [FIRST_NAME, LAST_NAME].map(|(name, _)| word(&kept, name)).into_iter().flatten();
            let both = both.collect::<Vec<_>>().join(" ");
            let name = if both.is_empty() { shipment.details.recipient.name.clone() } else { Some(both) };
            members.push(("customer_name", words(name)));
        }
        members.extend([
            (self.name(EMAIL), person(EMAIL, shipment.details.recipient.email.clone())),
            (self.name(ADDRESS), person(ADDRESS, shipment.details.recipient.street_line())),
            (self.name(ZIP), person(ZIP, shipment.details.recipient.postal_code.clone())),
            (self.name(CITY), person(CITY, shipment.details.recipient.city.clone())),
            (self.name(PHONE), person(PHONE, shipment.details.recipient.phone.clone())),
            ("return_parcel", flag("return_parcel")),
            ("pickup_point_selected", is_pickup_point),
            ("weight", weight),
            ("planned_pickup_datetime", sent("planned_pickup_datetime").unwrap_or(Json::Null)),
            ("comment", sent("comment").unwrap_or(Json::Null)),
            ("carrier", self.carrier(&kept, shipment)),
            (self.name(COUNTRY), place(COUNTRY, shipment.details.recipient.country.clone())),
            ("warehouse", self.warehouse_of(sent("warehouse"), shipment)),
            ("shipment_tag", sent("shipment_tag").unwrap_or_else(|| Json::List(Vec::new()))),
            ("reference_number", reference),
            (self.name(COMPANY), person(COMPANY, shipment.details.recipient.company.clone())),
            ("shipment_status_history", Json::List(history)),
            ("tracking_page_url", Json::from(self.page(parcel))),
        ]);
        if !is_older {
            members.extend(MORE.iter().filter_map(|name| Some((*name, sent(name)?))));
        }
        let former = former(shipment);
        if !former.is_empty() {
            members.push(("former_tracking_codes", Json::List(former)));
        }
        object(members)
    }

    /// The carrier as the client named it, else the account that bought the label, or whom somebody else named.
    fn carrier(self, kept: &Json<'_>, shipment: &Shipment) -> Json<'static> {
        let is_older = self.generation == Generation::Older;
        if let Some(sent) = kept.get("carrier") {
            let code = sent.get("country").map_or(Json::Null, kept::owned);
            let shown = match &code {
                Json::Text(code) if is_older => country(Some(code)),
                _ => code,
            };
            return object(vec![("name", words(word(sent, "name"))), ("country", shown)]);
        }
        let account = &shipment.details.service.account;
        let known = self.setup.account(account);
        let alias = known.and_then(|known| known.account.aliases.get(&Dialect::SevenSenders));
        let brought = shipment.details.brought_by.as_ref().filter(|_| shipment.is_from_elsewhere());
        let name = brought.map_or_else(|| alias.unwrap_or(account).clone(), |brought| brought.carrier.clone());
        let from = if brought.is_some() { None } else { shipment.details.sender.country_code() };
        let from = if is_older { country(from.as_deref()) } else { words(from) };
        object(vec![("name", Json::from(name)), ("country", from)])
    }

    /// The location a label of ours ships from: its name and its address in one line.
    fn warehouse(self, shipment: &Shipment) -> (Option<String>, Json<'static>) {
        if shipment.is_from_elsewhere() {
            return (None, Json::Null);
        }
        let location = self.setup.locations.iter().find(|known| known.external_id == shipment.details.location);
        let sender = &shipment.details.sender;
        let line = [sender.street_line(), sender.city_line()].into_iter().flatten().collect::<Vec<_>>().join(" ");
        (location.map(|location| location.name.clone()), words(Some(line).filter(|line| !line.is_empty())))
    }

    fn warehouse_of(self, sent: Option<Json<'static>>, shipment: &Shipment) -> Json<'static> {
        let name = sent.unwrap_or_else(|| words(self.warehouse(shipment).0));
        match (self.generation, name) {
            (Generation::Older, Json::Null) => Json::Null,
            (Generation::Older, name) => object(vec![("name", name), ("country", Json::Null)]),
            (Generation::Newer, name) => name,
        }
    }
}

/// What newer clients send besides, and get back as sent.
const MORE: [&str; 16] = [
    "package_no",
    "cod",
    "cod_value",
    "trackable",
    "delivered_with_seven_senders",
    "sender_first_name",
    "sender_last_name",
    "sender_company_name",
    "sender_email",
    "sender_address",
    "sender_street",
    "sender_house_no",
    "sender_zip",
    "sender_city",
    "sender_country",
    "sender_phone",
];

/// Numbers that customers may still hold.
fn former(shipment: &Shipment) -> Vec<Json<'static>> {
    let replaced = shipment.details.replaces.iter().flat_map(|replaced| &replaced.tracking_numbers);
    replaced.chain(&shipment.details.former_numbers).cloned().map(Json::from).collect()
}

/// A recipient's name in two parts.
struct Recipient {
    first_name: Option<String>,
    last_name: Option<String>,
}

impl Recipient {
    /// The last word is the last name.
    fn of(address: &Address) -> Self {
        let name = address.name.as_deref().unwrap_or_default().trim();
        let (first, last) = name.rsplit_once(' ').unwrap_or(("", name));
        let some = |part: &str| Some(part.trim().to_owned()).filter(|part| !part.is_empty());
        Self { first_name: some(first), last_name: some(last) }
    }
}

/// One thing the carrier said.
fn status(event: &TrackingEvent) -> Json<'static> {
    let place = event.report.place.clone().unwrap_or_default();
    let place = [place.city, place.country].into_iter().flatten().collect::<Vec<_>>().join(", ");
    object(vec![
        ("date_time", Json::from(written(event.sort_at))),
        ("name", Json::from(states::status(&event.report))),
        ("location", Json::from(place)),
    ])
}
