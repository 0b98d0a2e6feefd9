//! The tables of a setup file, one function a table.
//!
//! A table with a mistake gives `None` or holds less than was written; the mistake is with the reader, and a file with
//! one is refused as a whole.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::Secret;
use domain::channel::{ChannelNumber, Dialect};
use domain::connector::Connector;
use domain::error::Rule;
use domain::location::{CutOffs, Location};
use domain::measure::Weight;
use domain::money::{Currency, Decimal, Money};
use domain::routing::{Pick, RoutingRule, RuleAction};
use domain::tenant::{AddressChecking, FallbackRate, GeocoderApi, GeocoderSetup, Mode, Tenant};
use domain::webhook::Authentication;
use jiff::civil::{Date, Time};
use reqwest::header::HeaderName;

use crate::routing;

use super::reader::{Entry, Once, Section, nearest};
use super::{IntegrationSetup, KeySetup, TenantSetup, WebhookSetup, accounts, branding, customers, values};

/// What must be unique over all tenants.
#[derive(Default)]
struct Across {
    tenants: Once,
    publics: Once,
    secrets: Once,
}

/// The whole file.
pub(super) fn tenants(file: Section<'_>, connectors: &[Arc<dyn Connector>]) -> Vec<TenantSetup> {
    let mut across = Across::default();
    let sections = file.tables("tenant", "id");
    if sections.is_empty() && file.reader().is_clean() {
        file.reader().mistake(Rule::Missing, "tenant", 1, "missing, expected at least one table [[tenant]]");
    }
    file.close();
    sections.into_iter().filter_map(|section| tenant(section, &mut across, connectors)).collect()
}

fn tenant(section: Section<'_>, across: &mut Across, connectors: &[Arc<dyn Connector>]) -> Option<TenantSetup> {
    let id = values::tenant_id(&section).filter(|id| is_first(&mut across.tenants, id.as_str(), &section, "id"));
    let name = section.required("name", "text").and_then(Entry::id);
    let currency = values::currency(&section);
    let time_zone = section.required("time_zone", values::A_TIME_ZONE).and_then(values::time_zone);
    let mode = section.optional("mode", "\"live\" or \"test\"").and_then(|entry| entry.read(Mode::parse));
    let mode = mode.unwrap_or_default();
    let default_weight = section.optional("default_parcel", "a table such as { weight_kg = 1.0 }");
    let default_weight = default_weight.and_then(Entry::section).and_then(weight);
    let fallback_rate = section.optional("fallback_rate", "a table such as { price = \"9.90\", currency = \"EUR\" }");
    let fallback_rate = fallback_rate.and_then(Entry::section).and_then(|table| fallback(table, currency));

    let customers = customers::book(&section);
    let address_check = section.optional("address_check", "a table such as { by = \"rules\" }");
    let address_check = address_check.and_then(Entry::section).and_then(address_checking);

    let branding = branding::look(&section);
    let notices = branding::notices(&section);
    let keys = section.tables("key", "public").into_iter().filter_map(|key| self::key(key, across)).collect();
    let mut once = Once::default();
    let integrations =
        section.tables("integration", "id").into_iter().filter_map(|table| integration(table, &mut once)).collect();

    let carrier_accounts = accounts::accounts(&section, mode, connectors);
    let locations = locations(&section, &carrier_accounts.ids);
    let mut once = Once::default();
    let routing_rules = section.tables("routing_rule", "name");
    let routing_rules =
        routing_rules.into_iter().filter_map(|table| rule(table, &carrier_accounts.ids, &mut once)).collect();
    let mut once = Once::default();
    let webhooks = section.tables("webhook", "url").into_iter().filter_map(|table| webhook(table, &mut once)).collect();
    section.close();

    Some(TenantSetup {
        tenant: Tenant {
            id: id?,
            name: name?,
            currency: currency?,
            time_zone: time_zone?,
            mode,
            default_weight,
            fallback_rate,
            customers,
            address_check,
            branding: branding.as_ref().map(|(branding, _)| branding.clone()),
            notices,
        },
        logo: branding.and_then(|(_, logo)| logo),
        keys,
        integrations,
        locations,
        carrier_accounts: carrier_accounts.read,
        routing_rules,
        webhooks,
    })
}

/// The price that is shown when no carrier answers; in the tenant's currency unless it names another.
fn fallback(section: Section<'_>, of_tenant: Option<Currency>) -> Option<FallbackRate> {
    let price = section
        .required("price", "an amount such as \"9.90\"")
        .and_then(|entry| entry.read(|text| text.parse().ok().filter(|amount: &Decimal| *amount >= Decimal::ZERO)));
    let currency = section.optional("currency", "an ISO 4217 code").and_then(|entry| entry.read(Currency::new));
    let name = section.optional("name", "what people call it").and_then(Entry::id);
    section.close();
    let name = name.unwrap_or_else(|| "Standard".to_owned());
    Some(FallbackRate { name, price: Money::new(price?, currency.or(of_tenant)?) })
}

/// How shipping addresses are looked at.
fn address_checking(section: Section<'_>) -> Option<AddressChecking> {
    let by = section.required("by", "\"rules\", \"nominatim\" or \"photon\"").and_then(|entry| {
        entry.read(|name| match name {
            "rules" => Some(None),
            "nominatim" => Some(Some(GeocoderApi::Nominatim)),
            "photon" => Some(Some(GeocoderApi::Photon)),
            _ => None,
        })
    });
    let holds_failed = section.optional("hold_failed", "true or false").and_then(Entry::boolean).unwrap_or(false);
    let Some(api) = by.flatten() else {
        section.close();
        return by.map(|_| AddressChecking { geocoder: None, holds_failed });
    };
    let url = values::url(&section);
    let pace = section.optional("requests_per_second", "a whole number from 1 to 50");
    let pace = pace.map_or(Some(1), |entry| {
        let pace = entry.integer()?;
        let is_fair = (1..=50).contains(&pace);
        if !is_fair {
            entry.refuse();
        }
        is_fair.then_some(pace)
    });
    section.close();
    let requests_per_second = u32::try_from(pace?).ok()?;
    Some(AddressChecking { geocoder: Some(GeocoderSetup { api, url: url?, requests_per_second }), holds_failed })
}

/// Whether a table's own id comes for the first time.
pub(super) fn is_first(once: &mut Once, id: &str, section: &Section<'_>, key: &str) -> bool {
    once.is_first(id, (section.reader(), &section.path_of(key), section.line_of(key)))
}

fn weight(section: Section<'_>) -> Option<Weight> {
    let expected = "kilograms above zero, to the milligram, such as 1.0";
    let weight = section.required("weight_kg", expected).and_then(|entry| entry.decimal(Weight::from_kilograms));
    section.close();
    weight
}

fn key(section: Section<'_>, across: &mut Across) -> Option<KeySetup> {
    let name = section.required("name", "text").and_then(Entry::id);
    let public = section.required("public", values::A_PUBLIC).and_then(values::public);
    let public = public.filter(|public| is_first(&mut across.publics, public, &section, "public"));
    let secret = section.required("secret", "a secret").and_then(Entry::secret).filter(|secret| {
        let line = section.line_of("secret");
        let mistake =
            |message: &str| section.reader().mistake(Rule::Invalid, &section.path_of("secret"), line, message);
        if !values::is_credential(secret.reveal()) {
            mistake(
                "found a secret that cannot travel in a header, expected 1 to 200 letters, digits and signs, no blanks",
            );
            return false;
        }
        let earlier = across.secrets.earlier(secret.reveal(), section.line);
        if let Some(line) = earlier {
            mistake(&format!(
                "found the secret of the key in line {line} again, expected one of its own: it finds its key"
            ));
        }
        earlier.is_none()
    });
    let scopes = values::scopes(&section);
    section.close();
    Some(KeySetup { name: name?, public: public?, secret: secret?, scopes: scopes? })
}

fn integration(section: Section<'_>, once: &mut Once) -> Option<IntegrationSetup> {
    let id = section.required("id", "a whole number from 1 to 999999").and_then(|entry| {
        let id = entry.integer()?;
        let is_free = (1..ChannelNumber::FIRST_OF_OURS).contains(&id);
        if !is_free {
            entry.refuse();
        }
        is_free.then_some(id)
    });
    let id = id.filter(|id| is_first(once, &id.to_string(), &section, "id"));
    let name = section.required("name", "text").and_then(Entry::id);
    let as_numbers = section.optional("order_ids_as_numbers", "true or false").and_then(Entry::boolean);
    section.close();
    Some(IntegrationSetup { id: id?, name: name?, order_ids_as_numbers: as_numbers.unwrap_or(false) })
}

fn locations(tenant: &Section<'_>, accounts: &BTreeSet<String>) -> Vec<Location> {
    let (mut once, mut aliases) = (Once::default(), Once::default());
    let sections = tenant.tables("location", "external_id");
    sections.into_iter().filter_map(|section| location(section, accounts, &mut once, &mut aliases)).collect()
}

fn location(
    section: Section<'_>,
    accounts: &BTreeSet<String>,
    once: &mut Once,
    aliases_seen: &mut Once,
) -> Option<Location> {
    let external_id = section.required("external_id", "an id as text such as \"7709\"").and_then(Entry::id);
    let external_id = external_id.filter(|id| is_first(once, id, &section, "external_id"));
    let name = section.required("name", "text").and_then(Entry::id);
    let brand = section.optional("brand", "text").and_then(Entry::id);
    let time_zone = section.optional("time_zone", values::A_TIME_ZONE).and_then(values::time_zone);
    let address = section.required("address", "a table such as { street1 = …, city = …, country = \"DE\" }");
    let address = address.and_then(Entry::section).map(values::address);
    let contact = section.optional("contact", "a table of name, phone and email");
    let contact = contact.and_then(Entry::section).map(values::contact);
    let further = |key, expected| section.optional(key, expected).and_then(Entry::section).map(values::address);
    let return_to = further("return_to", "a table such as the location's address: where returns go");
    let billing = further("billing", "a table such as the location's address: who pays the carrier");
    let carriers = section.optional("carriers", "a list of carrier accounts such as [\"house\"]");
    let carriers = carriers.and_then(|list| names(list, "a carrier account's id", |name| account(name, accounts)));
    let aliases = aliases(&section, aliases_seen);
    let cut_offs = cut_offs(&section);
    section.close();
    Some(Location {
        external_id: external_id?,
        name: name?,
        brand,
        time_zone,
        address: address?,
        contact,
        return_to,
        billing,
        carriers,
        aliases,
        cut_offs,
        extra: BTreeMap::new(),
    })
}

const WEEKDAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

/// When parcels leave a location: a cut-off a weekday, and holidays.
fn cut_offs(section: &Section<'_>) -> Option<CutOffs> {
    let expected = "a table such as { monday = \"15:00\", tuesday = \"15:00\" }; nothing leaves on other days";
    let table = section.optional("cut_offs", expected).and_then(Entry::section);
    let holidays = section.optional("holidays", "a list of days such as [\"2026-12-25\"]");
    let holidays = holidays.and_then(|list| list.list("a day such as \"2026-12-25\"")).unwrap_or_default();
    let holidays: Vec<Date> = holidays.into_iter().filter_map(|entry| entry.read(|day| day.parse().ok())).collect();
    let has_table = table.is_some();
    let mut weekdays = [None; 7];
    for (name, entry) in table.into_iter().flat_map(|table| table.entries("a time such as \"15:00\"")) {
        let time = |text: &str| (text.len() == 5).then(|| format!("{text}:00").parse().ok()).flatten();
        match WEEKDAYS.iter().position(|known| *known == name) {
            Some(place) => weekdays[place] = entry.read(time),
            None => entry.mistake(Rule::Unknown, &format!("{name:?} is no weekday: expected {}", WEEKDAYS.join(", "))),
        }
    }
    if !has_table {
        // Without cut-offs everything leaves at any time of the days that are no holidays.
        weekdays = [Time::MAX.into(); 7];
    }
    (has_table || !holidays.is_empty()).then_some(CutOffs { weekdays, holidays })
}

/// The ids existing clients hold, by dialect; one id of a dialect means one thing.
pub(super) fn aliases(section: &Section<'_>, seen: &mut Once) -> BTreeMap<Dialect, String> {
    let Some(table) = section.optional("aliases", values::ALIASES).and_then(Entry::section) else {
        return BTreeMap::new();
    };
    let alias = |(name, entry): (String, Entry<'_>)| {
        let dialect = match name.parse::<Dialect>() {
            Ok(dialect) => dialect,
            Err(message) => {
                entry.mistake(Rule::Unknown, &message);
                return None;
            }
        };
        let (path, line) = (entry.path.clone(), entry.line);
        let id = entry.scalar()?;
        if let Some(earlier) = seen.earlier(&format!("{dialect} {id}"), line) {
            let message = format!("found {id:?} again, expected it once only: it stands in line {earlier} already");
            section.reader().mistake(Rule::Invalid, &path, line, &message);
        }
        Some((dialect, id))
    };
    table.entries("an id as text").into_iter().filter_map(alias).collect()
}

/// A list of names; `check` says what is wrong with one.
fn names(list: Entry<'_>, expected: &'static str, check: impl Fn(&str) -> Result<(), String>) -> Option<Vec<String>> {
    let name = |entry: Entry<'_>| {
        let (reader, path, line) = (entry.reader(), entry.path.clone(), entry.line);
        let name = entry.id()?;
        if let Err(message) = check(&name) {
            reader.mistake(Rule::Unknown, &path, line, &message);
        }
        Some(name)
    };
    Some(list.list(expected)?.into_iter().filter_map(name).collect())
}

fn account(name: &str, accounts: &BTreeSet<String>) -> Result<(), String> {
    if accounts.contains(name) {
        return Ok(());
    }
    let known = accounts.iter().map(String::as_str);
    let expected = match nearest(name, known.clone()) {
        Some(meant) => format!("did you mean {meant}?"),
        None if accounts.is_empty() => "this tenant has none".to_owned(),
        None => format!("expected one of {}", known.collect::<Vec<_>>().join(", ")),
    };
    Err(format!("found {name:?}, which no carrier_account of this tenant has as its id; {expected}"))
}

fn rule(section: Section<'_>, accounts: &BTreeSet<String>, once: &mut Once) -> Option<RoutingRule> {
    let name = section.required("name", "text").and_then(Entry::id);
    let name = name.filter(|name| is_first(once, name, &section, "name"));
    let when = section.required("when", "a CEL expression as text").and_then(Entry::lines);
    let then = section.required("then", "a table such as { only = [\"house\"], pick = \"cheapest\" }");
    let then = then.and_then(Entry::section).map(|then| action(then, accounts));
    if let Some(flaw) = when.as_deref().and_then(routing::flaw) {
        let message = format!("this condition cannot be used: {flaw}");
        section.reader().mistake(Rule::Invalid, &section.path_of("when"), section.line_of("when"), &message);
    }
    let location = section.optional("location", "a location's external_id").and_then(Entry::id);
    let brand = section.optional("brand", "a brand of locations").and_then(Entry::id);
    section.close();
    Some(RoutingRule { name: name?, location, brand, when: when?, then: then? })
}

fn action(section: Section<'_>, accounts: &BTreeSet<String>) -> RuleAction {
    // An entry is an account (`house`) or a service of one (`house:standard`).
    let check = |name: &str| account(name.split_once(':').map_or(name, |(account, _)| account), accounts);
    let list = |key| {
        let list = section.optional(key, "a list of carrier accounts or services such as [\"house:standard\"]")?;
        names(list, "an account such as \"house\" or a service such as \"house:standard\"", check)
    };
    let (only, exclude, prefer) = (list("only"), list("exclude"), list("prefer"));
    let pick = section.optional("pick", "\"cheapest\" or \"fastest\"").and_then(|entry| {
        entry.read(|pick| match pick {
            "cheapest" => Some(Pick::Cheapest),
            "fastest" => Some(Pick::Fastest),
            _ => None,
        })
    });
    if section.is_empty() {
        let message = "found nothing, expected at least one of only, exclude, prefer, pick";
        section.reader().mistake(Rule::Missing, &section.path, section.line, message);
    }
    section.close();
    RuleAction { only, exclude, prefer, pick }
}

/// What an endpoint knows its caller by: a user's name and password, a token, or a key in a header.
fn authentication_by(section: Section<'_>) -> Option<Authentication> {
    const EXPECTED: &str = "one of basic = \"user:password\", bearer and api_key";
    let secret = |key: &'static str| section.optional(key, EXPECTED).map(Entry::secret);
    let (basic, bearer, api_key) = (secret("basic"), secret("bearer"), secret("api_key"));
    let header = section.optional("header", "the name of a header, such as \"x-api-key\"").and_then(|entry| {
        entry.read(|name| HeaderName::try_from(name).ok().filter(|name| !SET.contains(&name.as_str())))
    });
    let count = [&basic, &bearer, &api_key].into_iter().flatten().count();
    if count != 1 || (header.is_some() && api_key.is_none()) {
        let message = format!("expected {EXPECTED}, and header with api_key only");
        section.reader().mistake(Rule::Invalid, &section.path, section.line, &message);
    }
    let is_user = |secret: &Secret| secret.reveal().contains(':');
    if basic.as_ref().and_then(Option::as_ref).is_some_and(|secret| !is_user(secret)) {
        let path = section.path_of("basic");
        section.reader().mistake(Rule::Invalid, &path, section.line_of("basic"), "expected \"user:password\"");
    }
    let header = header.map_or_else(|| "x-api-key".to_owned(), |name| name.as_str().to_owned());
    section.close();
    let authorization = |value: String| ("authorization".to_owned(), value);
    let (header, value) = match (basic.flatten(), bearer.flatten(), api_key.flatten()) {
        (Some(pair), None, None) => authorization(format!("Basic {}", STANDARD.encode(pair.reveal()))),
        (None, Some(token), None) => authorization(format!("Bearer {}", token.reveal())),
        (None, None, Some(key)) => (header, key.reveal().to_owned()),
        _ => return None,
    };
    Some(Authentication { header, value: Secret::new(value) })
}

/// Headers that every delivery has.
const SET: [&str; 8] = [
    "host",
    "content-type",
    "content-length",
    "connection",
    "transfer-encoding",
    "webhook-id",
    "webhook-timestamp",
    "webhook-signature",
];

fn webhook(section: Section<'_>, once: &mut Once) -> Option<WebhookSetup> {
    let url = values::url(&section);
    let secret = section.required("secret", "a secret").and_then(Entry::secret);
    let dialect = values::dialect(&section);
    let events = values::events(&section);
    let concurrency = section.optional("concurrency", "a whole number from 1 to 32").and_then(|entry| {
        let count = u32::try_from(entry.integer()?).ok().filter(|count| (1..=32).contains(count));
        if count.is_none() {
            entry.refuse();
        }
        count
    });
    let concurrency = concurrency.unwrap_or(1);
    let variant = section.optional("variant", "one of the dialect's kinds of bodies").and_then(Entry::id);
    let authentication = section.optional("authentication", "a table such as { bearer = \"…\" }");
    let authentication = authentication.and_then(Entry::section).and_then(authentication_by);
    let mode = section.optional("mode", "\"live\" or \"test\"").and_then(|entry| entry.read(Mode::parse));
    let description = section.optional("description", "what people call it").and_then(Entry::name);
    if let (Some(url), Some(dialect)) = (&url, dialect)
        && let Some(earlier) = once.earlier(&format!("{dialect} {url}"), section.line_of("url"))
    {
        let message =
            format!("this url and dialect stand in the webhook of line {earlier} already, expected them once");
        section.reader().mistake(Rule::Invalid, &section.path, section.line, &message);
    }
    section.close();
    Some(WebhookSetup {
        url: url?,
        secret: secret?,
        dialect: dialect?,
        events: events?,
        concurrency,
        variant,
        authentication,
        mode,
        description,
    })
}
