//! Values: what one text of a setup file must be to mean something.

use domain::address::{Address, Contact};
use domain::channel::Dialect;
use domain::event::EventKind;
use domain::money::Currency;
use domain::tenant::{Scope, TenantId, scopes_named};
use jiff::tz::TimeZone;
use rust_iso3166::from_alpha2;

use super::reader::{Entry, Section};

/// The longest secret or public part of a key.
const LONGEST_CREDENTIAL: usize = 200;

/// A tenant's id.
pub(super) fn tenant_id(section: &Section<'_>) -> Option<TenantId> {
    let expected = "1 to 64 lower-case letters, digits, - or _";
    section.required("id", expected)?.read(|id| TenantId::new(id))
}

/// The currency of a tenant, one that ISO 4217 knows.
pub(super) fn currency(section: &Section<'_>) -> Option<Currency> {
    let expected = "an ISO 4217 currency in capitals such as \"EUR\"";
    section.required("currency", expected)?.read(|code| {
        iso_currency::Currency::from_code(code)?;
        Currency::new(code)
    })
}

/// What a time zone must be.
pub(super) const A_TIME_ZONE: &str = "an IANA time zone such as \"Europe/Berlin\"";

/// A time zone by its IANA name, in the letter case IANA writes it.
pub(super) fn time_zone(entry: Entry<'_>) -> Option<String> {
    entry.read(|name| {
        let zone = TimeZone::get(name).ok().filter(|zone| !zone.is_unknown())?;
        zone.iana_name().map(str::to_owned)
    })
}

/// What an alias table must be.
pub(super) const ALIASES: &str = "a table of dialects and ids such as { sendcloud = \"4711\" }";

/// Where a connection goes: an absolute URL over http or https.
pub(super) fn url(section: &Section<'_>) -> Option<String> {
    let expected = "an absolute http or https URL such as \"https://example.com/hooks\"";
    section.required("url", expected)?.read(|text| {
        let url = reqwest::Url::parse(text).ok()?;
        let goes = matches!(url.scheme(), "http" | "https") && url.has_host() && text.trim() == text;
        goes.then(|| text.to_owned())
    })
}

/// A dialect.
pub(super) fn dialect(section: &Section<'_>) -> Option<Dialect> {
    let expected = "one of native, sendcloud, delivery_solutions, expertsender, seven_senders, crowdsender";
    section.required("dialect", expected)?.read(|name| name.parse().ok())
}

/// What a key may do, by scopes and roles; `*` is everything.
pub(super) fn scopes(section: &Section<'_>) -> Option<Vec<Scope>> {
    let expected = "[\"*\"], a role such as [\"packer\"] or a list of some of read, write, print, buy, void, setup, erase, \
                    overrule";
    let list = section.required("scopes", expected)?;
    let one =
        "*, one of viewer, packer, operator, admin or one of read, write, print, buy, void, setup, erase, overrule";
    let mut scopes = filled(list, one, |name| scopes_named(name).ok())?.concat();
    scopes.sort_unstable();
    scopes.dedup();
    Some(scopes)
}

/// Which events a webhook gets: `*`, `shipment.*` or a kind.
pub(super) fn events(section: &Section<'_>) -> Option<Vec<String>> {
    let list = section.required("events", "[\"*\"] or a list such as [\"shipment.*\", \"order.created\"]")?;
    let expected = "*, a group such as shipment.* or an event such as shipment.booked";
    filled(list, expected, |pattern| {
        let is_known = match pattern.strip_suffix(".*") {
            Some(group) => EventKind::ALL.iter().any(|kind| kind.as_str().split('.').next() == Some(group)),
            None => pattern == "*" || EventKind::parse(pattern).is_some(),
        };
        is_known.then(|| pattern.to_owned())
    })
}

/// A list of at least one text that `read` knows.
fn filled<T>(list: Entry<'_>, expected: &'static str, read: impl Fn(&str) -> Option<T>) -> Option<Vec<T>> {
    if list.is_empty_list() {
        list.refuse();
        return None;
    }
    let entries = list.list(expected)?;
    let values: Vec<Option<T>> = entries.into_iter().map(|entry| entry.read(&read)).collect();
    values.into_iter().collect()
}

/// What one half of a key must be: the two travel together in a header, parted by a colon.
pub(super) const A_PUBLIC: &str = "1 to 200 letters, digits and signs, without blanks and colons";

/// The public half of a key.
pub(super) fn public(entry: Entry<'_>) -> Option<String> {
    entry.read(|text| (is_credential(text) && !text.contains(':')).then(|| text.to_owned()))
}

/// Whether a text can be half a key: it travels in headers.
pub(super) fn is_credential(text: &str) -> bool {
    (1..=LONGEST_CREDENTIAL).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// Where a location is.
pub(super) fn address(section: Section<'_>) -> Address {
    let country = section
        .required("country", "an ISO 3166 country of two letters such as \"DE\"")
        .and_then(|entry| entry.read(|code| from_alpha2(&code.to_ascii_uppercase()).map(|country| country.alpha2)));
    let street1 = section.required("street1", "a street, with the house number here or in house_number");
    let city = section.required("city", "a city");
    let text = |key| section.optional(key, "text").and_then(Entry::text);
    let address = Address {
        name: text("name"),
        company: text("company"),
        street1: street1.and_then(Entry::text),
        house_number: text("house_number"),
        street2: text("street2"),
        po_box: text("po_box"),
        postal_code: text("postal_code"),
        city: city.and_then(Entry::text),
        state: text("state"),
        country: country.map(str::to_owned),
        phone: text("phone"),
        email: text("email"),
    };
    section.close();
    address
}

/// Whom to ask at a location.
pub(super) fn contact(section: Section<'_>) -> Contact {
    let text = |key| section.optional(key, "text").and_then(Entry::text);
    let contact = Contact { name: text("name"), phone: text("phone"), email: text("email") };
    section.close();
    contact
}
