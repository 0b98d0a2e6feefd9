//! Webhooks: how each endpoint does, every attempt, and sending again what did not arrive.

use app::App;
use app::webhooks::{DeliveryView, EndpointView, MOST_COUNTED};
use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use domain::Error;
use domain::event::Event;
use domain::ids::{DeliveryId, EndpointId};
use domain::time::Timestamp;
use domain::webhook::DeliveryStatus;
use jiff::tz::TimeZone;

use super::deliveries::DeliveryLine;
use super::problem::Refusal;
use crate::answer::{desk, go_to};
use crate::form::with;
use crate::frame::Frame;
use crate::session::{Posted, Visit};
use crate::words::{self, Chip};

/// Deliveries of one page.
const PAGE: usize = 50;

/// A delivery and what it tells.
struct Told {
    title: String,
    order: Option<String>,
    line: DeliveryLine,
}

impl Told {
    fn of(view: &DeliveryView, event: Option<&Event>, zone: &TimeZone) -> Self {
        Self {
            title: event.map_or_else(|| "Event".to_owned(), |event| words::event(event.kind)),
            order: event.and_then(|event| event.about.order).map(|order| order.to_string()),
            line: DeliveryLine::of(view, zone),
        }
    }
}

/// An endpoint and how it does.
struct Endpoint {
    id: String,
    url: String,
    host: String,
    dialect: String,
    events: String,
    chip: Chip,
    waiting: String,
    succeeded: Option<String>,
    paused: Option<(String, String)>,
}

impl Endpoint {
    fn of(view: &EndpointView, visit: &Visit, now: Timestamp) -> Self {
        let health = &view.health;
        let zone = &visit.caller.setup.zone;
        let chip = match (&health.paused, health.failures) {
            (Some(_), _) => Chip { words: "Paused", tone: "trouble" },
            (None, 0) => Chip { words: "Working", tone: "good" },
            (None, 1..5) => Chip { words: "Failing", tone: "warning" },
            (None, _) => Chip { words: "Failing for long", tone: "trouble" },
        };
        let waiting = view.waiting;
        Self {
            id: view.endpoint.id.to_string(),
            url: view.endpoint.url.clone(),
            host: words::host(&view.endpoint.url).to_owned(),
            dialect: view.endpoint.dialect.to_string(),
            events: view.endpoint.events.join(", "),
            chip,
            waiting: if waiting >= MOST_COUNTED { format!("{MOST_COUNTED} or more") } else { waiting.to_string() },
            succeeded: health.succeeded_at.map(|at| words::ago(at, now)),
            paused: health.paused.as_ref().map(|(at, why)| (words::time(*at, zone), why.clone())),
        }
    }
}

#[derive(Template)]
#[template(path = "webhooks.html")]
struct WebhooksPage {
    frame: Frame,
    endpoints: Vec<Endpoint>,
}

/// `GET /ui/webhooks`.
pub(crate) async fn list(State(app): State<App>, visit: Visit) -> Result<Response, Refusal> {
    let found = app.webhooks(&visit.caller).await?;
    let now = app.now();
    let page = WebhooksPage {
        endpoints: found.iter().map(|view| Endpoint::of(view, &visit, now)).collect(),
        frame: visit.frame("Webhooks", "webhooks"),
    };
    Ok(desk(StatusCode::OK, &page))
}

#[derive(Template)]
#[template(path = "webhook.html")]
struct WebhookPage {
    frame: Frame,
    endpoint: Endpoint,
    deliveries: Vec<Told>,
    status: String,
    from: String,
    until: String,
    next: Option<String>,
    is_first: bool,
}

fn endpoint_id(text: &str) -> Result<EndpointId, Error> {
    EndpointId::from_native(text).ok_or(Error::NotFound("webhook"))
}

/// `GET /ui/webhooks/{id}`: its deliveries, newest first.
pub(crate) async fn show(State(app): State<App>, Path(id): Path<String>, visit: Visit) -> Result<Response, Refusal> {
    let id = endpoint_id(&id)?;
    let view = app.webhook(&visit.caller, id).await?;
    let status = visit.query.get("status").and_then(DeliveryStatus::parse);
    let below = visit.query.get("below").and_then(DeliveryId::from_native);
    let mut found = app.latest_deliveries(&visit.caller, id, status, below, PAGE + 1).await?;
    let has_more = found.len() > PAGE;
    found.truncate(PAGE);
    let zone = &visit.caller.setup.zone;
    let path = format!("/ui/webhooks/{id}");
    let query = visit.query.only(&["status"]);
    let next =
        found.last().filter(|_| has_more).map(|(last, _)| with(&path, &query, "below", &last.delivery.id.to_string()));
    let now = app.now();
    let local = |at: Timestamp| at.to_zoned(zone.clone()).strftime("%Y-%m-%dT%H:%M").to_string();
    let page = WebhookPage {
        frame: visit.frame(format!("Webhook to {}", words::host(&view.endpoint.url)), "webhooks"),
        endpoint: Endpoint::of(&view, &visit, now),
        deliveries: found.iter().map(|(view, event)| Told::of(view, event.as_ref(), zone)).collect(),
        status: status.map_or_else(String::new, |status| status.as_str().to_owned()),
        from: local(now - jiff::SignedDuration::from_hours(24)),
        until: local(now + jiff::SignedDuration::from_mins(1)),
        next,
        is_first: below.is_none(),
    };
    Ok(desk(StatusCode::OK, &page))
}

/// `POST /ui/webhooks/{id}/pause` and `…/resume`.
async fn pause(app: App, id: &str, posted: Posted, is_paused: bool) -> Result<Response, Refusal> {
    let id = endpoint_id(id)?;
    app.pause_webhook(&posted.visit.caller, id, is_paused).await?;
    Ok(go_to(&format!("/ui/webhooks/{id}?done={}", if is_paused { "paused" } else { "resumed" })))
}

/// `POST /ui/webhooks/{id}/pause`.
pub(crate) async fn stop(State(app): State<App>, Path(id): Path<String>, posted: Posted) -> Result<Response, Refusal> {
    pause(app, &id, posted, true).await
}

/// `POST /ui/webhooks/{id}/resume`: what was kept goes out in order.
pub(crate) async fn go_on(State(app): State<App>, Path(id): Path<String>, posted: Posted) -> Result<Response, Refusal> {
    pause(app, &id, posted, false).await
}

/// `POST /ui/deliveries/{id}/resend`: the same bytes under the same id.
pub(crate) async fn resend(
    State(app): State<App>,
    Path(id): Path<String>,
    posted: Posted,
) -> Result<Response, Refusal> {
    let id = DeliveryId::from_native(&id).ok_or(Error::NotFound("delivery"))?;
    let sent = app.resend_delivery(&posted.visit.caller, id).await?;
    let back = posted.form.get("back").filter(|back| back.starts_with("/ui/orders/"));
    let path = back.map_or_else(|| format!("/ui/webhooks/{}", sent.delivery.endpoint), str::to_owned);
    Ok(go_to(&with(&path, "", "done", "resent")))
}

/// `POST /ui/webhooks/{id}/resend`: everything that happened in a period, or what failed of it.
pub(crate) async fn resend_period(
    State(app): State<App>,
    Path(id): Path<String>,
    posted: Posted,
) -> Result<Response, Refusal> {
    let Posted { visit, form } = posted;
    let id = endpoint_id(&id)?;
    let zone = &visit.caller.setup.zone;
    let mut problems = Vec::new();
    let mut read = |name: &str| {
        let typed = form.get(name).unwrap_or_default();
        let local: Option<jiff::civil::DateTime> = typed.parse().ok();
        let at = local.and_then(|local| zone.to_ambiguous_timestamp(local).compatible().ok());
        at.unwrap_or_else(|| {
            let text = format!("{typed:?} is no time: expected one such as 2026-03-02T11:00");
            problems.push(domain::Problem::new(name, text));
            Timestamp::MIN
        })
    };
    let period = (read("from"), read("until"));
    if !problems.is_empty() {
        return Err(Error::Invalid(problems).into());
    }
    app.resend_period(&visit.caller, id, period, form.get("only_failed").is_some()).await?;
    Ok(go_to(&format!("/ui/webhooks/{id}?done=resent-period")))
}
