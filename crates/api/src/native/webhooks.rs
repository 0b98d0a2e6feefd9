//! Webhooks: the endpoints, how they stand, what they were told, paused and sent again.

use app::App;
use app::setup::file::WebhookSetup;
use app::webhooks::{DeliveryView, EndpointView};
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use domain::channel::Dialect;
use domain::ids::{DeliveryId, EndpointId};
use domain::tenant::Mode;
use domain::webhook::{Attempt, DeliveryStatus, WebhookEndpoint};
use domain::{Error, Secret, Timestamp};
use http::StatusCode;
use serde::Serialize;

use super::error::Problems;
use super::orders::read;
use super::page::Paging;
use super::shipments::List;
use super::tag::{self, MustHaveSeen, Seen};
use super::{Answer, Authed, Body};
use crate::dialect::{Parameters, Segment, json};
use crate::json::fields::{Fault, Fields, Node, choice, integer, text};

/// An endpoint as the native API shows it: never its secrets.
#[derive(Serialize)]
struct WebhookView<'a> {
    id: String,
    url: &'a str,
    dialect: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    channel: Option<i64>,
    events: &'a [String],
    concurrency: u32,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    paused_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pause_reason: Option<&'a str>,
    /// In a row, up to now.
    failures: u32,
    failed_since: Option<Timestamp>,
    succeeded_at: Option<Timestamp>,
    /// Counted to 1000.
    waiting: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    /// Shown once, when it was made here.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<&'a str>,
}

impl<'a> WebhookView<'a> {
    fn of(view: &'a EndpointView) -> Self {
        let (endpoint, health) = (&view.endpoint, &view.health);
        let status = match (&health.paused, health.failures) {
            (Some(_), _) => "paused",
            (None, 0) => "active",
            (None, _) => "failing",
        };
        Self {
            id: endpoint.id.to_string(),
            url: &endpoint.url,
            dialect: endpoint.dialect.as_str(),
            channel: endpoint.channel.map(|channel| channel.0),
            events: &endpoint.events,
            concurrency: endpoint.concurrency,
            status,
            paused_at: health.paused.as_ref().map(|(at, _)| *at),
            pause_reason: health.paused.as_ref().map(|(_, why)| why.as_str()),
            failures: health.failures,
            failed_since: health.failed_since,
            succeeded_at: health.succeeded_at,
            waiting: view.waiting,
            description: endpoint.description.as_deref(),
            secret: None,
        }
    }
}

/// A delivery as the native API shows it, with each try: status, duration and the first kilobyte of the answer.
#[derive(Serialize)]
pub(super) struct DeliveryShown<'a> {
    id: String,
    message_id: String,
    url: &'a str,
    status: &'static str,
    next_at: String,
    attempts: &'a [Attempt],
}

impl<'a> DeliveryShown<'a> {
    pub(super) fn of(view: &'a DeliveryView) -> Self {
        Self {
            id: view.delivery.id.to_string(),
            message_id: view.delivery.message_id(),
            url: &view.url,
            status: view.delivery.status.as_str(),
            next_at: view.delivery.next_at.to_string(),
            attempts: &view.attempts,
        }
    }
}

fn endpoint_id(text: &str) -> Result<EndpointId, Error> {
    EndpointId::from_native(text).ok_or(Error::NotFound("webhook"))
}

/// `GET /v1/webhooks`.
pub(super) async fn list(State(app): State<App>, Authed { caller, .. }: Authed) -> Answer {
    let found = app.webhooks(&caller).await?;
    let data: Vec<_> = found.iter().map(WebhookView::of).collect();
    Ok(json(StatusCode::OK, &List { data }))
}

/// `GET /v1/webhooks/{id}`.
pub(super) async fn show(State(app): State<App>, Authed { caller, .. }: Authed, Segment(id): Segment) -> Answer {
    let found = app.webhook(&caller, endpoint_id(&id)?).await?;
    Ok(answer(StatusCode::OK, &found, None))
}

/// What of an endpoint can be changed; its secret counts and cannot be read out of the tag.
fn tag_of(endpoint: &WebhookEndpoint) -> String {
    let secret = tag::of(&endpoint.secret.reveal());
    let known = endpoint.authentication.as_ref().map(|known| tag::of(&(&known.header, known.value.reveal())));
    tag::of(&(
        &endpoint.events,
        endpoint.concurrency,
        &endpoint.variant,
        endpoint.mode,
        &endpoint.description,
        secret,
        known,
    ))
}

fn answer(status: StatusCode, view: &EndpointView, secret: Option<&Secret>) -> Response {
    let shown = WebhookView { secret: secret.map(Secret::reveal), ..WebhookView::of(view) };
    tag::shown(json(status, &shown), &tag_of(&view.endpoint))
}

/// The parts of an endpoint that can be changed.
struct Wanted {
    events: Option<Vec<String>>,
    concurrency: Option<u32>,
    variant: Option<String>,
    mode: Option<Mode>,
    description: Option<String>,
    secret: Option<String>,
}

const CHANGEABLE: [&str; 6] = ["events", "concurrency", "variant", "mode", "description", "secret"];

fn wanted(fields: &Fields<'_>) -> Wanted {
    Wanted {
        events: fields.optional("events", |node| node.list(100, text(1, 100))),
        concurrency: fields.optional("concurrency", integer(1, 32)).and_then(|count| u32::try_from(count).ok()),
        variant: fields.optional("variant", text(1, 100)),
        mode: fields.optional("mode", choice(&[("live", Mode::Live), ("test", Mode::Test)])),
        description: fields.optional("description", text(1, 200)),
        secret: fields.optional("secret", text(1, 200)),
    }
}

/// `POST /v1/webhooks`: adds an endpoint. Without a secret one is made, which is shown in this answer only.
pub(super) async fn create(State(app): State<App>, Authed { caller, .. }: Authed, Body { body, .. }: Body) -> Answer {
    let (url, dialect, wanted) = read(&body, |fields| {
        let known: Vec<_> = ["url", "dialect"].into_iter().chain(CHANGEABLE).collect();
        fields.only(&known);
        let words = Dialect::ALL.map(|dialect| (dialect.as_str(), dialect));
        let dialect = fields.optional("dialect", choice(&words)).unwrap_or(Dialect::Native);
        (fields.required("url", text(1, 2_000)), dialect, wanted(fields))
    })?;
    let made = wanted.secret.is_none().then(|| app.new_webhook_secret());
    let secret = wanted.secret.map(Secret::new).or_else(|| made.clone()).unwrap_or_else(|| app.new_webhook_secret());
    let setup = WebhookSetup {
        url,
        secret,
        dialect,
        events: wanted.events.unwrap_or_else(|| vec!["*".to_owned()]),
        concurrency: wanted.concurrency.unwrap_or(1),
        variant: wanted.variant,
        authentication: None,
        mode: wanted.mode,
        description: wanted.description,
    };
    let view = app.create_webhook(&caller, setup).await?;
    Ok(answer(StatusCode::CREATED, &view, made.as_ref()))
}

/// `PATCH /v1/webhooks/{id}`: changes what is named. A new secret signs beside the one before for a day.
pub(super) async fn change(
    State(app): State<App>,
    Authed { caller, .. }: Authed,
    Segment(id): Segment,
    MustHaveSeen(seen): MustHaveSeen,
    Body { body, .. }: Body,
) -> Answer {
    let wanted = read(&body, |fields| {
        fields.only(&CHANGEABLE);
        wanted(fields)
    })?;
    let change = move |stored: &WebhookEndpoint| -> Result<WebhookSetup, Problems> {
        seen.holds(&tag_of(stored))?;
        Ok(WebhookSetup {
            url: stored.url.clone(),
            dialect: stored.dialect,
            secret: wanted.secret.clone().map_or_else(|| stored.secret.clone(), Secret::new),
            events: wanted.events.clone().unwrap_or_else(|| stored.events.clone()),
            concurrency: wanted.concurrency.unwrap_or(stored.concurrency),
            variant: wanted.variant.clone().or_else(|| stored.variant.clone()),
            authentication: stored.authentication.clone(),
            mode: wanted.mode.or(stored.mode),
            description: wanted.description.clone().or_else(|| stored.description.clone()),
        })
    };
    let view = app.edit_webhook(&caller, endpoint_id(&id)?, change).await??;
    Ok(answer(StatusCode::OK, &view, None))
}

/// `DELETE /v1/webhooks/{id}`.
pub(super) async fn delete(
    State(app): State<App>,
    Authed { caller, .. }: Authed,
    Segment(id): Segment,
    seen: Seen,
) -> Answer {
    app.delete_webhook(&caller, endpoint_id(&id)?, move |stored| seen.holds(&tag_of(stored))).await??;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// `POST /v1/webhooks/{id}/test`: sends a trial at once, signed like any delivery, and shows what came of it.
pub(super) async fn test(State(app): State<App>, Authed { caller, .. }: Authed, Segment(id): Segment) -> Answer {
    let attempt = app.test_webhook(&caller, endpoint_id(&id)?).await?;
    Ok(json(StatusCode::OK, &attempt))
}

/// `POST /v1/webhooks/{id}/pause`: nothing is sent, everything is kept.
pub(super) async fn pause(State(app): State<App>, Authed { caller, .. }: Authed, Segment(id): Segment) -> Answer {
    let found = app.pause_webhook(&caller, endpoint_id(&id)?, true).await?;
    Ok(json(StatusCode::OK, &WebhookView::of(&found)))
}

/// `POST /v1/webhooks/{id}/resume`: what was kept is sent, in order.
pub(super) async fn resume(State(app): State<App>, Authed { caller, .. }: Authed, Segment(id): Segment) -> Answer {
    let found = app.pause_webhook(&caller, endpoint_id(&id)?, false).await?;
    Ok(json(StatusCode::OK, &WebhookView::of(&found)))
}

/// `GET /v1/webhooks/{id}/deliveries?status=failed&after=…`, oldest first.
pub(super) async fn deliveries(
    State(app): State<App>,
    Authed { caller, .. }: Authed,
    Segment(id): Segment,
    parameters: Parameters,
) -> Answer {
    let status = parameters.value("status").map(|word| {
        let unfit = || Error::invalid("status", format!("{word:?}: expected one of waiting, delivered, failed"));
        DeliveryStatus::parse(word).ok_or_else(unfit)
    });
    let paging = Paging::read(&parameters, DeliveryId::from_native)?;
    let (status, after) = (status.transpose()?, paging.after.map_or(0, DeliveryId::number));
    let found = app.deliveries_of_webhook(&caller, endpoint_id(&id)?, status, after, paging.wanted()).await?;
    let shown = |view: DeliveryView| serde_json::to_value(DeliveryShown::of(&view));
    let page = paging.page(found, |last| last.delivery.id.to_string(), shown).transposed();
    Ok(json(StatusCode::OK, &page.map_err(Error::internal)?))
}

/// `POST /v1/deliveries/{id}/resend`: the same bytes under the same id, once more.
pub(super) async fn resend(State(app): State<App>, Authed { caller, .. }: Authed, Segment(id): Segment) -> Answer {
    let id = DeliveryId::from_native(&id).ok_or(Error::NotFound("delivery"))?;
    let found = app.resend_delivery(&caller, id).await?;
    Ok(json(StatusCode::OK, &DeliveryShown::of(&found)))
}

fn instant(node: Node<'_>) -> Option<Timestamp> {
    let typed = text(1, 40)(node)?;
    let unfit = Fault::Other(format!("{typed:?} is no time with a zone, such as 2026-03-02T10:00:00Z"));
    typed.parse().ok().or_else(|| node.fault(unfit))
}

#[derive(Serialize)]
struct Resent {
    deliveries: usize,
}

/// `POST /v1/webhooks/{id}/resend`: what happened in a period, once more.
pub(super) async fn resend_period(
    State(app): State<App>,
    Authed { caller, .. }: Authed,
    Segment(id): Segment,
    Body { body, .. }: Body,
) -> Answer {
    let (from, until, only_failed) = read(&body, |fields| {
        fields.only(&["from", "until", "only"]);
        let (from, until) = (fields.needed("from", instant), fields.needed("until", instant));
        (from, until, fields.optional("only", choice(&[("failed", true), ("all", false)])).unwrap_or(true))
    })?;
    let period = from.zip(until).ok_or_else(|| Error::internal("times that were needed"))?;
    let deliveries = app.resend_period(&caller, endpoint_id(&id)?, period, only_failed).await?;
    Ok(json(StatusCode::OK, &Resent { deliveries }))
}
