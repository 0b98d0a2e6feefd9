//! Acts: who did what and when, of one order or of everything, as JSON, JSON Lines or CSV.

use app::acts::{ActFilter, Done, subject_of};
use app::{App, Caller};
use axum::body::Body as Bytes;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use domain::act::{Act, Actor};
use domain::event::Event;
use domain::ids::{EventId, OrderId};
use domain::order::RawJson;
use domain::{Error, Problem, Timestamp};
use futures::{TryStreamExt as _, stream};
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, StatusCode};
use serde::Serialize;

use super::export::{FileFormat, guarded};
use super::shipments::List;
use super::{Answer, Authed};
use crate::dialect::{Parameters, Segment, json};

/// Acts of one page, and of one step of an export.
const PAGE: usize = 100;
/// The most acts of one page.
const MOST: usize = 500;

/// An act as the native API shows it.
#[derive(Serialize)]
struct ActView {
    id: String,
    at: String,
    /// What was done: `shipment.booked`, `document.printed`.
    what: &'static str,
    by: Option<Actor>,
    #[serde(skip_serializing_if = "Option::is_none")]
    order: Option<String>,
    /// What it was done to, when that is not the order itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<String>,
    /// How it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<RawJson>,
    /// How it is since.
    #[serde(skip_serializing_if = "Option::is_none")]
    after: Option<RawJson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

/// A single value as JSON.
fn word(text: Option<&str>) -> Option<RawJson> {
    domain::act::json(&text?)
}

impl ActView {
    fn of(done: &Done) -> Self {
        match done {
            Done::Event(event) => Self::of_event(event, subject_of(done)),
            Done::Act(act) => Self::of_act(act),
        }
    }

    fn of_act(act: &Act) -> Self {
        Self {
            id: act.id.to_string(),
            at: act.at.to_string(),
            what: act.kind.as_str(),
            by: Some(act.by.clone()),
            order: act.order.map(|id| id.to_string()),
            subject: Some(act.subject.clone()),
            before: act.before.clone(),
            after: act.after.clone(),
            reason: None,
        }
    }

    fn of_event(event: &Event, subject: Option<String>) -> Self {
        let about = &event.about;
        Self {
            id: event.id.to_string(),
            at: event.at.to_string(),
            what: event.kind.as_str(),
            by: about.by.clone(),
            order: about.order.map(|id| id.to_string()),
            subject,
            before: about.before.clone().or_else(|| word(about.old.as_deref())),
            after: about.after.clone().or_else(|| word(about.new.as_deref())),
            reason: about.reason.clone(),
        }
    }
}

#[derive(Serialize)]
struct Page {
    data: Vec<ActView>,
    /// Hand back as `after` for the next page.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// The line above the acts.
fn head(format: FileFormat) -> &'static str {
    match format {
        FileFormat::Csv => "id,at,what,who,name,order,subject,before,after,reason\r\n",
        FileFormat::Jsonl => "",
    }
}

fn lines(format: FileFormat, done: &[Done]) -> Result<Vec<u8>, Error> {
    let mut lines = Vec::new();
    for view in done.iter().map(ActView::of) {
        match format {
            FileFormat::Csv => lines.extend(row(&view)?),
            FileFormat::Jsonl => {
                serde_json::to_writer(&mut lines, &view).map_err(Error::internal)?;
                lines.push(b'\n');
            }
        }
    }
    Ok(lines)
}

fn row(view: &ActView) -> Result<Vec<u8>, Error> {
    let by = view.by.as_ref();
    let raw = |json: &Option<RawJson>| json.as_ref().map(|json| json.as_str().to_owned()).unwrap_or_default();
    let cells = [
        view.id.clone(),
        view.at.clone(),
        view.what.to_owned(),
        by.map(|by| by.who.clone()).unwrap_or_default(),
        by.and_then(|by| by.name.clone()).unwrap_or_default(),
        view.order.clone().unwrap_or_default(),
        view.subject.clone().unwrap_or_default(),
        raw(&view.before),
        raw(&view.after),
        view.reason.clone().unwrap_or_default(),
    ];
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    writer.write_record(cells.iter().map(|cell| guarded(cell))).map_err(Error::internal)?;
    writer.into_inner().map_err(Error::internal)
}

/// Every act that a filter lets through, newest first, in pieces of whole lines, each with how many acts it holds.
pub fn export(
    app: App,
    caller: Caller,
    filter: ActFilter,
    format: FileFormat,
) -> impl futures::Stream<Item = Result<(Vec<u8>, usize), Error>> + Send + 'static {
    enum Place {
        Head,
        After(Option<(Timestamp, EventId)>),
        End,
    }
    stream::try_unfold(Place::Head, move |place| {
        let (app, caller, filter) = (app.clone(), caller.clone(), filter.clone());
        async move {
            let after = match place {
                Place::Head => return Ok(Some(((head(format).as_bytes().to_vec(), 0), Place::After(None)))),
                Place::End => return Ok(None),
                Place::After(after) => after,
            };
            let page = app.acts(&caller, &filter, after, MOST).await?;
            let next = page.next.map_or(Place::End, |next| Place::After(Some(next)));
            Ok(Some(((lines(format, &page.done)?, page.done.len()), next)))
        }
    })
}

/// `GET /v1/orders/{id}/acts`: who did what about an order, oldest first.
pub(super) async fn of_order(State(app): State<App>, Authed { caller, .. }: Authed, Segment(id): Segment) -> Answer {
    let id = OrderId::from_native(&id).ok_or(Error::NotFound("order"))?;
    let data: Vec<_> = app.acts_of_order(&caller, id).await?.iter().map(ActView::of).collect();
    Ok(json(StatusCode::OK, &List { data }))
}

/// `GET /v1/acts?who=key:pub-acme&what=document.printed&about=ord_1&from=…&to=…`: newest
/// first; `format=csv` or `format=jsonl`, or an
/// `Accept` header that says so, gives all of them.
pub(super) async fn list(
    State(app): State<App>,
    Authed { caller, .. }: Authed,
    headers: HeaderMap,
    parameters: Parameters,
) -> Answer {
    let mut problems = Vec::new();
    let filter = filter(&parameters, &mut problems);
    let limit =
        parameters.value("limit").map_or(Some(PAGE), |text| text.parse().ok().filter(|n| (1..=MOST).contains(n)));
    if limit.is_none() {
        problems.push(Problem::new("limit", format!("expected 1 to {MOST}")));
    }
    let after = parameters.value("after").map(place);
    if after == Some(None) {
        problems.push(Problem::new("after", "this was never given out as next"));
    }
    let form = form(&parameters, &headers);
    if form.is_none() {
        problems.push(Problem::new("format", "expected json, csv or jsonl"));
    }
    if !problems.is_empty() {
        return Err(Error::Invalid(problems).into());
    }
    if let Some(Some(form)) = form {
        // What is wrong with the filter or the key is told before the first byte.
        app.acts(&caller, &filter, None, 1).await?;
        return Ok(exported(app, caller, filter, form));
    }
    let page = app.acts(&caller, &filter, after.flatten(), limit.unwrap_or(PAGE)).await?;
    let next = page.next.map(|(at, id)| format!("{}.{}", at.as_microsecond(), id.number()));
    let data = page.done.iter().map(ActView::of).collect();
    Ok(json(StatusCode::OK, &Page { data, next }))
}

fn exported(app: App, caller: Caller, filter: ActFilter, format: FileFormat) -> Response {
    let mut answer = Bytes::from_stream(export(app, caller, filter, format).map_ok(|(bytes, _)| bytes)).into_response();
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(format.media_type()));
    answer
}

/// `None` is a form that there is not, `Some(None)` a page of JSON.
fn form(parameters: &Parameters, headers: &HeaderMap) -> Option<Option<FileFormat>> {
    let accepted = headers.get(ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    match parameters.value("format") {
        Some("csv") => Some(Some(FileFormat::Csv)),
        Some("jsonl") => Some(Some(FileFormat::Jsonl)),
        Some("json") => Some(None),
        Some(_) => None,
        None if accepted.starts_with("text/csv") => Some(Some(FileFormat::Csv)),
        None if accepted.starts_with("application/jsonl") => Some(Some(FileFormat::Jsonl)),
        None => Some(None),
    }
}

fn filter(parameters: &Parameters, problems: &mut Vec<Problem>) -> ActFilter {
    let mut time = |name: &str| {
        let text = parameters.value(name)?;
        let read = text.parse::<Timestamp>().ok();
        if read.is_none() {
            problems
                .push(Problem::new(name, format!("{text:?} is no time: expected one such as 2026-03-02T10:00:00Z")));
        }
        read
    };
    let (from, to) = (time("from"), time("to"));
    let text = |name: &str| parameters.value(name).map(str::to_owned);
    ActFilter { who: text("who"), what: text("what"), about: text("about"), from, to }
}

fn place(text: &str) -> Option<(Timestamp, EventId)> {
    let (at, id) = text.split_once('.')?;
    Some((Timestamp::from_microsecond(at.parse().ok()?).ok()?, EventId::from_decimal(id)?))
}
