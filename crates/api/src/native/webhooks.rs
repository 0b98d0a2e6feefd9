//! Webhooks: the endpoints, how they stand, what they were told, paused and sent again.

use app::App;
use app::webhooks::{DeliveryView, EndpointView};
use axum::extract::State;
use domain::ids::{DeliveryId, EndpointId};
use domain::webhook::{Attempt, DeliveryStatus};
use domain::{Error, Timestamp};
use http::StatusCode;
use serde::Serialize;

use super::orders::read;
use super::shipments::List;
use super::{Answer, Authed, Body};
use crate::dialect::{Parameters, Segment, json};
use crate::json::fields::{Fault, Node, choice, text};

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
    Ok(json(StatusCode::OK, &WebhookView::of(&found)))
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

#[derive(Serialize)]
struct Page<T> {
    data: Vec<T>,
    /// Hand back as `after` for the next page.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// Deliveries of one page.
const PAGE: usize = 100;

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
    let after = parameters.value("after").map(|text| {
        let unfit = || Error::invalid("after", format!("{text:?} was never given out as next"));
        DeliveryId::from_native(text).ok_or_else(unfit)
    });
    let (status, after) = (status.transpose()?, after.transpose()?.map_or(0, DeliveryId::number));
    let mut found = app.deliveries_of_webhook(&caller, endpoint_id(&id)?, status, after, PAGE + 1).await?;
    let has_more = found.len() > PAGE;
    found.truncate(PAGE);
    let next = found.last().filter(|_| has_more).map(|last| last.delivery.id.to_string());
    let data: Vec<_> = found.iter().map(DeliveryShown::of).collect();
    Ok(json(StatusCode::OK, &Page { data, next }))
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
