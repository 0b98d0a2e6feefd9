//! Locations: places of ours that ship, and where returns and bills go.

use std::collections::BTreeMap;

use app::App;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use domain::address::{Address, Contact};
use domain::channel::Dialect;
use domain::location::{CutOffs, Location};
use http::StatusCode;
use jiff::civil::{Date, Time};
use serde::Serialize;

use super::error::Problems;
use super::manifests::date;
use super::orders::{address, read};
use super::shipments::List;
use super::tag::{self, MustHaveSeen, Seen};
use super::{Answer, Authed, Body};
use crate::dialect::{Segment, json};
use crate::json::fields::{Fault, Fields, Node, text};

/// A location as the native API shows it.
#[derive(Serialize)]
struct LocationView<'a> {
    id: &'a str,
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    brand: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    time_zone: Option<&'a str>,
    address: &'a Address,
    #[serde(skip_serializing_if = "Option::is_none")]
    contact: Option<&'a Contact>,
    #[serde(skip_serializing_if = "Option::is_none")]
    return_to: Option<&'a Address>,
    #[serde(skip_serializing_if = "Option::is_none")]
    billing: Option<&'a Address>,
    /// The carrier accounts that serve it; all when missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    carriers: Option<&'a [String]>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    aliases: &'a BTreeMap<Dialect, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cut_offs: Option<BTreeMap<&'static str, String>>,
    #[serde(skip_serializing_if = "<[Date]>::is_empty")]
    holidays: &'a [Date],
}

const WEEKDAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

impl<'a> LocationView<'a> {
    fn of(location: &'a Location) -> Self {
        let cut_offs = location.cut_offs.as_ref();
        let times = cut_offs.map(|known| {
            let days = WEEKDAYS.into_iter().zip(known.weekdays);
            days.filter_map(|(day, time)| Some((day, time?.strftime("%H:%M").to_string()))).collect()
        });
        Self {
            id: &location.external_id,
            name: &location.name,
            brand: location.brand.as_deref(),
            time_zone: location.time_zone.as_deref(),
            address: &location.address,
            contact: location.contact.as_ref(),
            return_to: location.return_to.as_ref(),
            billing: location.billing.as_ref(),
            carriers: location.carriers.as_deref(),
            aliases: &location.aliases,
            cut_offs: times,
            holidays: cut_offs.map_or(&[], |known| known.holidays.as_slice()),
        }
    }
}

fn answer(status: StatusCode, location: &Location) -> Response {
    tag::shown(json(status, &LocationView::of(location)), &tag::of(location))
}

fn contact(node: Node<'_>) -> Option<Contact> {
    let fields = node.fields()?;
    fields.only(&["name", "phone", "email"]);
    let words = |name| fields.optional(name, text(1, 320));
    Some(Contact { name: words("name"), phone: words("phone"), email: words("email") })
}

fn time_zone(node: Node<'_>) -> Option<String> {
    let name = text(1, 100)(node)?;
    let unfit = Fault::Other(format!("{name:?} is no IANA time zone, such as Europe/Berlin"));
    if jiff::tz::TimeZone::get(&name).is_ok() { Some(name) } else { node.fault(unfit) }
}

fn cut_offs(node: Node<'_>) -> Option<[Option<Time>; 7]> {
    let fields = node.fields()?;
    fields.only(&WEEKDAYS);
    let time = |node: Node<'_>| {
        let typed = text(1, 20)(node)?;
        let unfit = Fault::Other(format!("{typed:?} is no time of the day, such as 15:30"));
        let read: Option<Time> = (typed.len() == 5).then(|| format!("{typed}:00").parse().ok()).flatten();
        read.or_else(|| node.fault(unfit))
    };
    Some(WEEKDAYS.map(|day| fields.optional(day, time)))
}

/// The ids existing clients hold, by dialect.
pub(super) fn aliases(node: Node<'_>) -> Option<BTreeMap<Dialect, String>> {
    let fields = node.fields()?;
    let names = Dialect::ALL.map(Dialect::as_str);
    fields.only(&names);
    let alias = |dialect: Dialect| Some((dialect, fields.optional(dialect.as_str(), text(1, 200))?));
    Some(Dialect::ALL.into_iter().filter_map(alias).collect())
}

const FIELDS: [&str; 11] = [
    "name",
    "brand",
    "time_zone",
    "address",
    "contact",
    "return_to",
    "billing",
    "carriers",
    "aliases",
    "cut_offs",
    "holidays",
];

/// What a body says of a location, besides its id.
fn location(fields: &Fields<'_>, id: String) -> Location {
    let times = fields.optional("cut_offs", cut_offs);
    let holidays = fields.optional("holidays", |node| node.list(1_000, date)).unwrap_or_default();
    let has_any = times.is_some() || !holidays.is_empty();
    // Without cut-offs everything leaves at any time of the days that are no holidays.
    let weekdays = times.unwrap_or([Some(Time::MAX); 7]);
    Location {
        external_id: id,
        name: fields.required("name", text(1, 200)),
        brand: fields.optional("brand", text(1, 200)),
        time_zone: fields.optional("time_zone", time_zone),
        address: fields.required("address", address),
        contact: fields.optional("contact", contact),
        return_to: fields.optional("return_to", address),
        billing: fields.optional("billing", address),
        carriers: fields.optional("carriers", |node| node.list(100, text(1, 200))),
        aliases: fields.optional("aliases", aliases).unwrap_or_default(),
        cut_offs: has_any.then_some(CutOffs { weekdays, holidays }),
        extra: BTreeMap::new(),
    }
}

/// `GET /v1/locations`; the first ships what names none.
pub(super) async fn list(State(app): State<App>, Authed { caller, .. }: Authed) -> Answer {
    let found = app.locations(&caller)?;
    let data: Vec<_> = found.iter().map(LocationView::of).collect();
    Ok(json(StatusCode::OK, &List { data }))
}

/// `POST /v1/locations`: adds one behind those that are there.
pub(super) async fn create(State(app): State<App>, Authed { caller, .. }: Authed, Body { body, .. }: Body) -> Answer {
    let wanted = read(&body, |fields| {
        let known: Vec<_> = std::iter::once("id").chain(FIELDS).collect();
        fields.only(&known);
        location(fields, fields.required("id", text(1, 200)))
    })?;
    let made = app.create_location(&caller, wanted).await.map_err(in_our_words)?;
    Ok(answer(StatusCode::CREATED, &made))
}

/// What the setup file calls `external_id` is the `id` here.
fn in_our_words(error: domain::Error) -> domain::Error {
    match error {
        domain::Error::Invalid(problems) => domain::Error::Invalid(
            problems
                .into_iter()
                .map(|problem| match problem.path.as_str() {
                    "external_id" => domain::Problem { path: "id".to_owned(), ..problem },
                    _ => problem,
                })
                .collect(),
        ),
        error => error,
    }
}

/// `GET /v1/locations/{id}`.
pub(super) async fn show(State(app): State<App>, Authed { caller, .. }: Authed, Segment(id): Segment) -> Answer {
    Ok(answer(StatusCode::OK, &app.location(&caller, &id)?))
}

/// `PUT /v1/locations/{id}`: says everything of it anew.
pub(super) async fn replace(
    State(app): State<App>,
    Authed { caller, .. }: Authed,
    Segment(id): Segment,
    MustHaveSeen(seen): MustHaveSeen,
    Body { body, .. }: Body,
) -> Answer {
    let wanted = read(&body, |fields| {
        fields.only(&FIELDS);
        location(fields, id.clone())
    })?;
    let change = move |stored: &Location| -> Result<Location, Problems> {
        seen.holds(&tag::of(stored))?;
        // What another dialect keeps of it stays.
        Ok(Location { extra: stored.extra.clone(), ..wanted.clone() })
    };
    let changed = app.edit_location(&caller, &id, change).await??;
    Ok(answer(StatusCode::OK, &changed))
}

/// `DELETE /v1/locations/{id}`.
pub(super) async fn delete(
    State(app): State<App>,
    Authed { caller, .. }: Authed,
    Segment(id): Segment,
    seen: Seen,
) -> Answer {
    app.delete_location(&caller, &id, move |stored| seen.holds(&tag::of(stored))).await??;
    Ok(StatusCode::NO_CONTENT.into_response())
}
