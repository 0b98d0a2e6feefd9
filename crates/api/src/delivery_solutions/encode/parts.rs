//! Parts of an order on the wire: addresses, contacts, measures, windows of time.

use std::borrow::Cow;

use domain::address::{Address, Contact};
use domain::location::Location;
use domain::measure::{Quantity, SentDimensions, WeightUnit};
use domain::order::Order;

use super::super::decode::{LENGTH_UNITS, WEIGHT_UNITS};
use super::super::kept::{Kept, SecondLine, Window};
use super::super::stores::place_of_known;
use super::{number, object};
use crate::json::Json;

pub(super) fn or_empty(text: Option<&String>) -> Json<'static> {
    Json::from(text.cloned().unwrap_or_default())
}

/// `deliveryContact` of an order.
pub fn contact(order: &Order) -> Json<'static> {
    let address = order.details.shipping_address.as_ref();
    object(vec![
        ("name", or_empty(address.and_then(|address| address.name.as_ref().or(address.company.as_ref())))),
        ("phone", or_empty(address.and_then(|address| address.phone.as_ref()))),
        ("email", or_empty(address.and_then(|address| address.email.as_ref()))),
    ])
}

/// `deliveryAddress` of an order.
pub fn address(order: &Order) -> Json<'static> {
    let nobody = Address::default();
    let address = order.details.shipping_address.as_ref().unwrap_or(&nobody);
    let kept = Kept::in_details(&order.details);
    // Another dialect may have changed the line since.
    let second = kept.second_line.filter(|second| second.line() == address.street2);
    let second = second.unwrap_or_else(|| SecondLine {
        street2: address.street2.clone().unwrap_or_default(),
        apartment: String::new(),
    });
    let mut shown = place(address, Json::from(second.street2));
    if let Json::Object(members) = &mut shown {
        members.insert(2, (Cow::Borrowed("apartmentNumber"), Json::from(second.apartment)));
        if let Some((latitude, longitude)) = kept.position {
            members.push((Cow::Borrowed("latitude"), latitude.into()));
            members.push((Cow::Borrowed("longitude"), longitude.into()));
        }
    }
    shown
}

/// An address on the wire.
pub fn place(address: &Address, street2: Json<'static>) -> Json<'static> {
    object(vec![
        ("street1", or_empty(address.street_line().as_ref())),
        ("street2", street2),
        ("city", or_empty(address.city.as_ref())),
        ("state", or_empty(address.state.as_ref())),
        ("postalCode", or_empty(address.postal_code.as_ref())),
        ("countryCode", or_empty(address.country_code().or_else(|| address.country.clone()).as_ref())),
    ])
}

pub(super) fn place_of(location: Option<&Location>) -> Json<'static> {
    location.map_or_else(|| place(&Address::default(), Json::from("")), place_of_known)
}

pub(super) fn contact_of(location: Option<&Location>) -> Json<'static> {
    let nobody = Contact::default();
    let contact = location.and_then(|location| location.contact.as_ref()).unwrap_or(&nobody);
    let name = contact.name.as_ref().or(location.map(|location| &location.name));
    object(vec![("name", or_empty(name)), ("phone", or_empty(contact.phone.as_ref()))])
}

fn unit<T: PartialEq>(words: &[(&'static str, T)], unit: &T) -> Json<'static> {
    Json::from(words.iter().find(|(_, known)| known == unit).map_or("", |(word, _)| *word))
}

pub(super) fn size(size: &SentDimensions) -> Json<'static> {
    object(vec![
        ("length", size.length.into()),
        ("width", size.width.into()),
        ("height", size.height.into()),
        ("unit", unit(LENGTH_UNITS, &size.unit)),
    ])
}

pub(super) fn weight(weight: &Quantity<WeightUnit>) -> Json<'static> {
    object(vec![("value", weight.value.into()), ("unit", unit(WEIGHT_UNITS, &weight.unit))])
}

pub(super) fn window(window: Window, both: bool) -> Json<'static> {
    let mut members = Vec::new();
    for (name, at) in [("startsAt", window.starts_at), ("endsAt", window.ends_at)] {
        if both || at.is_some() {
            members.push((name, number(at)));
        }
    }
    object(members)
}
