//! The audit log: who did what and when, and how it was before and after.

use std::collections::BTreeSet;

use app::acts::{ActFilter, Done, kind_name, subject_of};
use app::{App, Caller};
use askama::Template;
use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use domain::act::{ActKind, Actor};
use domain::event::EventKind;
use domain::ids::EventId;
use domain::order::RawJson;
use domain::time::Timestamp;
use domain::{Error, Problem};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::Value;

use super::problem::Refusal;
use crate::answer::desk;
use crate::form::{Form, with};
use crate::frame::Frame;
use crate::session::Visit;
use crate::words;

/// Writes the acts that a filter lets through as CSV.
pub type ExportActs = fn(App, Caller, ActFilter) -> Body;

/// Acts of one page.
const PAGE: usize = 50;
/// Fields of a difference that are shown without being asked for.
const SHOWN: usize = 4;
/// The longest value of a field that is shown, in characters.
const LONGEST: usize = 200;
const FILTERS: [&str; 5] = ["who", "what", "about", "from", "to"];

/// One field that is otherwise.
#[derive(Debug, PartialEq, Eq)]
struct Field {
    name: String,
    was: Option<String>,
    is: Option<String>,
}

struct Line {
    when: String,
    what: String,
    who: String,
    name: String,
    /// What it was done to, and the page of it.
    subject: Option<(String, Option<String>)>,
    order: Option<String>,
    reason: Option<String>,
    fields: Vec<Field>,
    is_long: bool,
}

struct Choice {
    value: &'static str,
    title: String,
    is_chosen: bool,
}

#[derive(Template)]
#[template(path = "acts.html")]
struct ActsPage {
    frame: Frame,
    lines: Vec<Line>,
    kinds: Vec<Choice>,
    actors: Vec<String>,
    who: String,
    about: String,
    from: String,
    to: String,
    query: String,
    problems: Vec<Problem>,
    next: Option<String>,
    is_first: bool,
}

/// Every field of a value by its path, as text.
fn flat(path: &str, value: &Value, into: &mut Vec<(String, String)>) {
    let below = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path} › {name}") };
    match value {
        Value::Object(members) if !members.is_empty() || path.is_empty() => {
            for (name, member) in members {
                flat(&below(name), member, into);
            }
        }
        Value::Array(list) if list.iter().any(|one| one.is_object() || one.is_array()) => {
            for (place, one) in list.iter().enumerate() {
                flat(&below(&(place + 1).to_string()), one, into);
            }
        }
        Value::Array(list) => into.push((path.to_owned(), list.iter().map(text).collect::<Vec<_>>().join(", "))),
        other => into.push((path.to_owned(), text(other))),
    }
}

fn text(value: &Value) -> String {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::Object(_) | Value::Null => "–".to_owned(),
        other => other.to_string(),
    };
    let mut letters = text.chars();
    let short: String = letters.by_ref().take(LONGEST).collect();
    if letters.next().is_some() { format!("{short}…") } else { short }
}

/// The fields in which two sides differ, in the order of their names.
fn difference(before: Option<&RawJson>, after: Option<&RawJson>) -> Vec<Field> {
    let side = |raw: Option<&RawJson>| {
        let mut fields = Vec::new();
        if let Some(value) = raw.and_then(|raw| serde_json::from_str::<Value>(raw.as_str()).ok()) {
            flat("", &value, &mut fields);
        }
        fields
    };
    let (was, is) = (side(before), side(after));
    let of = |side: &[(String, String)], name: &str| {
        side.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone())
    };
    let names: BTreeSet<_> = was.iter().chain(&is).map(|(name, _)| name.clone()).collect();
    let fields = names.into_iter().map(|name| Field { was: of(&was, &name), is: of(&is, &name), name });
    fields.filter(|field| field.was != field.is).collect()
}

/// The page of what was changed, if it has one.
fn page_of(subject: &str, order: Option<&str>) -> Option<String> {
    let (noun, id) = subject.split_once(' ').unwrap_or((subject, ""));
    let is_plain = id.chars().all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.'));
    Some(match noun {
        "batch" if is_plain => format!("/ui/batches/{id}"),
        "carrier_account" if is_plain => format!("/ui/carriers/{id}"),
        "webhook" if is_plain => format!("/ui/webhooks/{id}"),
        "routing_rule" | "routing_rules" => "/ui/rules".to_owned(),
        "key" => "/ui/keys".to_owned(),
        "tenant" => "/ui/branding".to_owned(),
        "shipment" => format!("/ui/orders/{}#s-{id}", order?),
        _ => return None,
    })
}

impl Line {
    fn of(done: &Done, zone: &TimeZone) -> Self {
        let nobody = Actor { who: String::new(), name: None };
        let (at, by, order, reason, fields) = match done {
            Done::Act(act) => {
                (act.at, act.by.clone(), act.order, None, difference(act.before.as_ref(), act.after.as_ref()))
            }
            Done::Event(event) => {
                let about = &event.about;
                let word = |word: &Option<String>| word.as_ref().and_then(domain::act::json);
                let (was, is) = (about.before.clone(), about.after.clone());
                let fields =
                    difference(was.or_else(|| word(&about.old)).as_ref(), is.or_else(|| word(&about.new)).as_ref());
                (event.at, about.by.clone().unwrap_or(nobody), about.order, about.reason.clone(), fields)
            }
        };
        let order = order.map(|order| order.to_string());
        let is_long = fields.len() > SHOWN;
        Self {
            when: words::time(at, zone),
            what: words::done(kind_name(done)),
            name: by.name.clone().unwrap_or_else(|| by.who.clone()),
            who: by.who,
            subject: subject_of(done).map(|subject| {
                let page = page_of(&subject, order.as_deref());
                (subject.replace('_', " "), page)
            }),
            order,
            reason,
            fields,
            is_long,
        }
    }
}

/// What the page's address asks for. A day counts in the tenant's zone, the last one to its end.
fn filter(query: &Form, zone: &TimeZone) -> (ActFilter, Vec<Problem>) {
    let mut problems = Vec::new();
    let mut day = |name: &str, later: i64| {
        let typed = query.get(name)?;
        let date = typed.parse::<Date>().ok();
        let start = date.and_then(|date| {
            let date = date.checked_add(jiff::Span::new().days(later)).ok()?;
            date.to_zoned(zone.clone()).ok().map(|start| start.timestamp())
        });
        if start.is_none() {
            problems.push(Problem::new(name, format!("{typed:?} is no day: expected one such as 2026-03-02")));
        }
        start
    };
    let (from, to) = (day("from", 0), day("to", 1));
    let text = |name: &str| query.get(name).map(str::to_owned);
    (ActFilter { who: text("who"), what: text("what"), about: text("about"), from, to }, problems)
}

fn place(text: &str) -> Option<(Timestamp, EventId)> {
    let (at, id) = text.split_once('.')?;
    Some((Timestamp::from_microsecond(at.parse().ok()?).ok()?, EventId::from_decimal(id)?))
}

/// `GET /ui/acts?who=…&what=…&about=…&from=…&to=…`: newest first.
pub(crate) async fn list(State(app): State<App>, visit: Visit) -> Result<Response, Refusal> {
    let zone = &visit.caller.setup.zone;
    let (asked, mut problems) = filter(&visit.query, zone);
    let after = visit.query.get("after").and_then(place);
    let mut found = app::acts::ActPage { done: Vec::new(), next: None };
    if problems.is_empty() {
        match app.acts(&visit.caller, &asked, after, PAGE).await {
            Ok(page) => found = page,
            Err(Error::Invalid(wrong)) => problems = wrong,
            Err(error) => return Err(error.into()),
        }
    }
    let query = visit.query.only(&FILTERS);
    let next = found.next.map(|(at, id)| {
        let place = format!("{}.{}", at.as_microsecond(), id.number());
        with("/ui/acts", &query, "after", &place)
    });
    let names: BTreeSet<_> = ActKind::ALL
        .map(ActKind::as_str)
        .into_iter()
        .chain(EventKind::ALL.into_iter().map(EventKind::as_str))
        .collect();
    let typed = |name: &str| visit.query.get(name).unwrap_or_default().to_owned();
    let what = typed("what");
    let page = ActsPage {
        lines: found.done.iter().map(|done| Line::of(done, zone)).collect(),
        kinds: names
            .into_iter()
            .map(|name| Choice { value: name, title: words::done(name), is_chosen: name == what })
            .collect(),
        actors: app.actors(&visit.caller).await?,
        who: typed("who"),
        about: typed("about"),
        from: typed("from"),
        to: typed("to"),
        query,
        frame: visit.frame("Audit log", "acts"),
        problems,
        next,
        is_first: after.is_none(),
    };
    let status = if page.problems.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    Ok(desk(status, &page))
}

/// `GET /ui/acts.csv`: everything that the same filter lets through, as a file.
pub(crate) async fn export(
    State(app): State<App>,
    Extension(export): Extension<ExportActs>,
    visit: Visit,
) -> Result<Response, Refusal> {
    let (filter, problems) = filter(&visit.query, &visit.caller.setup.zone);
    if !problems.is_empty() {
        return Err(Error::Invalid(problems).into());
    }
    // What is wrong with the filter or the key is told before the first byte.
    app.acts(&visit.caller, &filter, None, 1).await?;
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"acts.csv\""),
        (header::CACHE_CONTROL, "private, no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'"),
    ];
    Ok((headers, export(app, visit.caller, filter)).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(before: &str, after: &str) -> Vec<String> {
        let side = |text: &str| RawJson::new(text.to_owned());
        let fields = difference(side(before).as_ref(), side(after).as_ref());
        let word = |side: Option<String>| side.unwrap_or_else(|| "nothing".to_owned());
        fields.into_iter().map(|field| format!("{}: {} -> {}", field.name, word(field.was), word(field.is))).collect()
    }

    #[test]
    fn a_difference_names_each_field_that_is_otherwise_however_deep_it_stands() {
        let before = r#"{ "name": "Oss", "address": { "city": "Oss", "country": "NL" }, "events": ["a", "b"] }"#;
        let after = r#"{ "name": "Oss", "address": { "city": "Tiel", "country": "NL" }, "events": ["a"], "on": true }"#;
        assert_eq!(told(before, after), ["address › city: Oss -> Tiel", "events: a, b -> a", "on: nothing -> yes"]);
        assert_eq!(told(r#"{ "lines": [{ "sku": "A" }] }"#, "{}"), ["lines › 1 › sku: A -> nothing"]);
    }

    #[test]
    fn what_was_changed_leads_to_its_page() {
        assert_eq!(page_of("carrier_account house", None).as_deref(), Some("/ui/carriers/house"));
        assert_eq!(page_of("routing_rules", None).as_deref(), Some("/ui/rules"));
        assert_eq!(page_of("shipment shp_1", Some("ord_2")).as_deref(), Some("/ui/orders/ord_2#s-shp_1"));
        assert_eq!(page_of("carrier_account ../x", None), None);
        assert_eq!(page_of("location oss", None), None);
    }
}
