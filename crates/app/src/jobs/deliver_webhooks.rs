//! Sends what is due, an endpoint a lane: what one endpoint does to its deliveries delays nobody else's.
//!
//! Deliveries of an endpoint go out in the order of the feed. One that is answered with a no waits by itself, longer each
//! time; an endpoint that gives no answer, or no yes five times in a row, is left alone and then tried with one delivery.
//! Results are written in batches, so a crash sends a few again: at least once is the promise.

use std::time::Duration;

use domain::Result;
use domain::error::Error;
use domain::event::{About, EventKind};
use domain::ids::{EndpointId, EventId};
use domain::webhook::{Attempt, Delivery, DeliveryStatus, WebhookEndpoint};
use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use store::lanes::{Health, Lane};
use store::webhooks::Attempted;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::{Outcome, lanes};
use crate::webhooks::{GIVEN_UP_AFTER, Sent, wait_after, with_jitter};
use crate::{App, clock, event};

/// The kind of lanes.
pub(crate) const KIND: &str = "webhooks";

/// Deliveries read at once.
const BATCH: usize = 200;

/// After this long an endpoint's turn is over, so that it does not outlive its lease; what is left stays due.
const TURN: Duration = Duration::from_secs(15);

/// How long results may wait to be written.
const UNWRITTEN: Duration = Duration::from_millis(100);

/// Failures in a row after which an endpoint is left alone.
const BREAK_AFTER: u32 = 5;

/// How long an endpoint is left alone at most.
const LONGEST_HOLD: Duration = Duration::from_hours(1);

pub(super) async fn run(app: &App) -> Result<Outcome> {
    let kind = lanes::Kind {
        name: KIND,
        wake: |app| &app.wakes().deliveries,
        turn: |app, lane| Box::pin(async move { Turn::begin(app, lane).await?.run().await }),
    };
    lanes::run(app, &kind).await
}

/// One endpoint's turn.
struct Turn<'a> {
    app: &'a App,
    lane: Lane,
    endpoint: EndpointId,
    known: Option<WebhookEndpoint>,
    began: Instant,
    /// Until when the endpoint is left alone, once something went wrong.
    held_until: Option<domain::Timestamp>,
    unwritten: Vec<Attempted>,
    written_at: Instant,
    writing: Option<JoinHandle<Result<()>>>,
    /// Position and part of the last delivery that this turn has seen.
    after: Option<(i64, u32)>,
}

impl<'a> Turn<'a> {
    async fn begin(app: &'a App, lane: Lane) -> Result<Self> {
        let endpoint = EndpointId::from_decimal(&lane.key).ok_or_else(|| Error::internal("a lane of no endpoint"))?;
        let setup = app.tenant_setup(&lane.tenant).await?;
        let known = setup.and_then(|setup| setup.endpoints.iter().find(|known| known.id == endpoint).cloned());
        let now = Instant::now();
        Ok(Self {
            app,
            lane,
            endpoint,
            known,
            began: now,
            held_until: None,
            unwritten: Vec::new(),
            written_at: now,
            writing: None,
            after: None,
        })
    }

    async fn run(mut self) -> Result<()> {
        let mut due = self.due().await?;
        while !due.is_empty() && !self.is_over() {
            self.after = due.last().map(|delivery| (delivery.position, delivery.part));
            // The next ones are read, and what came of the last ones is written, while these are sent.
            let next = tokio::spawn(self.due());
            self.send_all(due).await?;
            self.write_beside().await?;
            due = next.await.map_err(Error::internal)??;
        }
        self.finish().await
    }

    /// What is due behind those that this turn has seen.
    fn due(&self) -> impl Future<Output = Result<Vec<Delivery>>> + Send + 'static {
        // After a failure one delivery shows whether the endpoint is there again.
        let limit = if self.lane.health.failures >= BREAK_AFTER { 1 } else { BATCH };
        let (app, tenant, endpoint, after) = (self.app.clone(), self.lane.tenant.clone(), self.endpoint, self.after);
        async move {
            let now = app.now();
            app.store().read(async move |tx| tx.due_deliveries(&tenant, endpoint, now, after, limit).await).await
        }
    }

    fn is_over(&self) -> bool {
        self.began.elapsed() >= TURN
            || self.held_until.is_some()
            || self.lane.health.paused.is_some()
            || self.app.is_stopping()
    }

    async fn send_all(&mut self, due: Vec<Delivery>) -> Result<()> {
        let Some(known) = self.known.clone() else {
            let now = self.app.now();
            self.unwritten.extend(due.into_iter().map(|delivery| gone(&delivery, now)));
            return Ok(());
        };
        let app = self.app;
        let mut waiting = due.into_iter();
        let mut under_way = FuturesUnordered::new();
        loop {
            while under_way.len() < known.concurrency.max(1) as usize && !self.is_over() {
                let Some(delivery) = waiting.next() else { break };
                let known = &known;
                under_way.push(async move {
                    let sent = app.send(known, &delivery).await;
                    (delivery, sent)
                });
            }
            let Some((delivery, sent)) = under_way.next().await else { return Ok(()) };
            self.judge(&delivery, sent);
            if self.written_at.elapsed() >= UNWRITTEN {
                self.write_beside().await?;
            }
        }
    }

    /// What an attempt means for its delivery and its endpoint.
    fn judge(&mut self, delivery: &Delivery, sent: Sent) {
        let Sent { attempt, retry_after } = sent;
        let (at, health) = (self.app.now(), &mut self.lane.health);
        if attempt.is_yes() {
            health.succeeded(at);
            self.unwritten.push(after(delivery, attempt, DeliveryStatus::Delivered, at));
            return;
        }
        health.failed(at);
        let age = at.duration_since(delivery.created_at).unsigned_abs();
        let is_old = age >= GIVEN_UP_AFTER;
        let only_failed_for =
            health.failed_since.map_or(Duration::ZERO, |since| at.duration_since(since).unsigned_abs());
        if only_failed_for >= GIVEN_UP_AFTER {
            let last =
                attempt.status.map_or_else(|| attempt.note.clone().unwrap_or_default(), |status| status.to_string());
            health.paused = Some((at, format!("nothing but failures for three days, the last one: {last}")));
            self.unwritten.push(after(delivery, attempt, DeliveryStatus::Waiting, at));
            return;
        }
        let asked = retry_after.map(|wait| wait.min(LONGEST_HOLD));
        let is_silent = attempt.status.is_none();
        if is_silent || health.failures >= BREAK_AFTER || asked.is_some() {
            let doubled = health.failures.saturating_sub(if is_silent { 1 } else { BREAK_AFTER }).min(6);
            let hold = (Duration::from_mins(1) * (1 << doubled)).min(LONGEST_HOLD);
            let hold = with_jitter(asked.unwrap_or(hold), self.app.random());
            self.held_until = Some(clock::later(at, hold));
        }
        // An endpoint that is silent hears this one first when it is back; a refused one waits by itself.
        let (status, next_at) = match self.held_until.filter(|_| is_silent) {
            Some(until) => (DeliveryStatus::Waiting, until),
            None if is_old => (DeliveryStatus::Failed, at),
            None => {
                let wait = with_jitter(asked.unwrap_or_else(|| wait_after(attempt.number)), self.app.random());
                (DeliveryStatus::Waiting, clock::later(at, wait))
            }
        };
        self.unwritten.push(after(delivery, attempt, status, next_at));
    }

    /// Begins to write what came of the attempts so far, once what was begun before is written.
    async fn write_beside(&mut self) -> Result<()> {
        self.written().await?;
        self.written_at = Instant::now();
        let attempted = std::mem::take(&mut self.unwritten);
        if !attempted.is_empty() {
            let (app, tenant) = (self.app.clone(), self.lane.tenant.clone());
            let write =
                async move { app.store().write(async move |tx| tx.record_attempts(&tenant, &attempted).await).await };
            self.writing = Some(tokio::spawn(write));
        }
        Ok(())
    }

    /// Waits for what is being written.
    async fn written(&mut self) -> Result<()> {
        match self.writing.take() {
            Some(writing) => writing.await.map_err(Error::internal)?,
            None => Ok(()),
        }
    }

    /// Writes the last attempts and gives the lease back with them.
    async fn finish(mut self) -> Result<()> {
        self.written().await?;
        let attempted = std::mem::take(&mut self.unwritten);
        let news = match &self.lane.health.paused {
            Some((at, why)) => {
                let id = self.app.one_id("events", EventId::new).await?;
                let about = About { endpoint: Some(self.endpoint), reason: Some(why.clone()), ..About::default() };
                Some(event(id, EventKind::WebhookPaused, *at, about))
            }
            None => None,
        };
        let is_paused = news.is_some();
        let (lane, endpoint, held_until) = (self.lane, self.endpoint, self.held_until);
        self.app
            .store()
            .write(async move |tx| {
                tx.record_attempts(&lane.tenant, &attempted).await?;
                let next = tx.next_delivery_at(&lane.tenant, endpoint).await?;
                let due_at = next.map(|next| held_until.map_or(next, |until| until.max(next)));
                if tx.release_lane(&lane, due_at).await?
                    && let Some(news) = &news
                {
                    tx.emit(&lane.tenant, news).await?;
                }
                Ok(())
            })
            .await?;
        if is_paused {
            self.app.wakes().events.notify_one();
        }
        Ok(())
    }
}

fn after(delivery: &Delivery, attempt: Attempt, status: DeliveryStatus, next_at: domain::Timestamp) -> Attempted {
    Attempted { delivery: delivery.id, attempt, status, next_at }
}

/// An endpoint that nobody has any more hears nothing.
fn gone(delivery: &Delivery, at: domain::Timestamp) -> Attempted {
    let note = Some("the endpoint is gone".to_owned());
    let attempt = Attempt { number: delivery.attempts + 1, at, duration_ms: 0, status: None, note };
    after(delivery, attempt, DeliveryStatus::Failed, at)
}

/// How an endpoint without a lane stands: it has heard nothing yet.
pub(crate) fn health_of(lane: Option<&Lane>) -> Health {
    lane.map(|lane| lane.health.clone()).unwrap_or_default()
}
