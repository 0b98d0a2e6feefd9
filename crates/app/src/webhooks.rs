//! Webhooks: how events become bodies, how bodies are signed, how they are sent.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::act;
use domain::channel::{ChannelNumber, Dialect};
use domain::document::{Document, DocumentKind};
use domain::event::{About, Event, EventKind};
use domain::ids::{DeliveryId, EndpointId, EventId};
use domain::order::Order;
use domain::secret::Secret;
use domain::shipment::Shipment;
use domain::tenant::{Mode, Scope, TenantId};
use domain::webhook::{Attempt, Delivery, DeliveryStatus, WebhookEndpoint};
use domain::{Error, Result, Timestamp};

use store::lanes::Health;

use crate::clock::Random;
use crate::jobs::deliver_webhooks;
use crate::story::{Story, tell};
use crate::tenants::TenantSetup;
use crate::vault::hmac_sha256;
use crate::{App, Caller, guard};

mod endpoints;

/// How a dialect words its webhooks.
pub trait EventBody: Send + Sync {
    /// The dialect.
    fn dialect(&self) -> Dialect;

    /// The bodies that tell of an event; none when the dialect has no words for it, several when it tells of each
    /// parcel by itself. Rendered once: every retry sends the same bytes. `variant` is what the endpoint's set-up says of
    /// its bodies, in the dialect's own word.
    fn bodies(&self, news: &News, variant: Option<&str>) -> Vec<Vec<u8>>;

    /// Whether the bodies tell what was before, so that everything stored of the order is needed.
    fn tells_before(&self) -> bool {
        false
    }

    /// Whether the bodies lead to labels.
    fn shows_labels(&self) -> bool {
        false
    }

    /// The words that an endpoint's `variant` may be.
    fn variants(&self) -> &'static [&'static str] {
        &[]
    }

    /// The dialect's own headers on top of the standard ones.
    fn headers(&self, _body: &[u8], _secret: &Secret) -> Vec<(&'static str, String)> {
        Vec::new()
    }
}

/// An event and the rows it is about, as they stand when it is rendered.
pub struct News {
    /// The event.
    pub event: Event,
    /// The tenant's set-up.
    pub setup: Arc<TenantSetup>,
    /// The order, deleted or not.
    pub order: Option<Order>,
    /// The shipment.
    pub shipment: Option<Shipment>,
    /// The labels of the shipment's parcels, if they may be printed and somebody wants to be told where they are.
    pub labels: Vec<LabelNews>,
    /// Everything stored of the order, if somebody wants to be told what was before.
    pub story: Option<Story>,
    /// Where people reach this installation.
    pub public_url: String,
}

/// A label, and the token of a link to it.
pub struct LabelNews {
    /// The label.
    pub document: Document,
    /// See [`App::document_token`].
    pub token: String,
}

impl News {
    /// Whether goods really move: not for a tenant that only tries, nor by a carrier that only pretends.
    pub fn is_live(&self) -> bool {
        let name = self.shipment.as_ref().map(|shipment| shipment.details.service.account.as_str());
        let profile = name.and_then(|name| self.setup.account(name)?.profile);
        self.setup.tenant.mode == Mode::Live && !profile.is_some_and(|profile| profile.is_test)
    }

    /// The channel the event is about, itself or through its order.
    pub fn channel(&self) -> Option<ChannelNumber> {
        self.event.about.channel.map(ChannelNumber).or(self.order.as_ref().map(|order| order.channel))
    }
}

/// A delivery with its attempts.
#[derive(Clone, Debug)]
pub struct DeliveryView {
    /// The delivery.
    pub delivery: Delivery,
    /// Where it goes.
    pub url: String,
    /// The tries so far.
    pub attempts: Vec<Attempt>,
}

/// The headers of Standard Webhooks: id, time and signatures over `id.time.body`, one a secret, parted by blanks.
///
/// Source: the Standard Webhooks specification, version 1. A secret `whsec_…` is the base 64 of the key; any other text
/// is the key itself.
pub fn standard_headers(id: &str, at: Timestamp, body: &[u8], secrets: &[&Secret]) -> [(&'static str, String); 3] {
    let time = at.as_second().to_string();
    let signature = |secret: &&Secret| {
        let text = secret.reveal();
        let decoded = text.strip_prefix("whsec_").and_then(|encoded| STANDARD.decode(encoded).ok());
        let key = decoded.unwrap_or_else(|| text.as_bytes().to_vec());
        let mac = hmac_sha256(&key, &[id.as_bytes(), b".", time.as_bytes(), b".", body]);
        format!("v1,{}", STANDARD.encode(mac))
    };
    let signatures: Vec<_> = secrets.iter().map(signature).collect();
    [("webhook-id", id.to_owned()), ("webhook-timestamp", time.clone()), ("webhook-signature", signatures.join(" "))]
}

/// How long a delivery is tried, and how long an endpoint may only fail before it is paused.
pub(crate) const GIVEN_UP_AFTER: Duration = Duration::from_hours(3 * 24);

/// How long a delivery waits after so many attempts, before jitter.
pub fn wait_after(attempts: u32) -> Duration {
    const MINUTES: [u64; 9] = [1, 5, 15, 30, 60, 180, 360, 720, 1440];
    let place = (attempts.max(1) as usize - 1).min(MINUTES.len() - 1);
    Duration::from_mins(MINUTES[place])
}

/// A wait made up to a tenth longer, at random, so that what failed together does not come back together.
pub(crate) fn with_jitter(wait: Duration, random: &Random) -> Duration {
    let part = u16::from_be_bytes(random.bytes::<2>());
    wait + wait / 10 * u32::from(part) / u32::from(u16::MAX)
}

/// The lane of an endpoint's deliveries.
pub(crate) fn lane_key(endpoint: EndpointId) -> String {
    endpoint.number().to_string()
}

/// An attempt, and how long the endpoint asked us to wait.
pub(crate) struct Sent {
    pub(crate) attempt: Attempt,
    pub(crate) retry_after: Option<Duration>,
}

/// An endpoint as it stands, without its secrets.
#[derive(Clone, Debug)]
pub struct EndpointView {
    /// The endpoint.
    pub endpoint: WebhookEndpoint,
    /// How its deliveries have gone so far.
    pub health: Health,
    /// Deliveries that wait, counted to [`MOST_COUNTED`].
    pub waiting: usize,
}

/// Where counting what waits ends.
pub const MOST_COUNTED: usize = 1000;

/// Deliveries looked at in one transaction when a period is sent again.
const RESEND_BATCH: usize = 500;

/// The first label of each parcel among documents.
fn labels_of(documents: Vec<Document>) -> Vec<Document> {
    let mut labels: Vec<Document> = Vec::new();
    for document in documents.into_iter().filter(|document| document.kind == DocumentKind::Label) {
        if labels.iter().all(|label| label.parcel != document.parcel) {
            labels.push(document);
        }
    }
    labels
}

impl App {
    /// How a dialect words its webhooks.
    pub(crate) fn event_body(&self, dialect: Dialect) -> Option<&Arc<dyn EventBody>> {
        self.parts().event_bodies.iter().find(|known| known.dialect() == dialect)
    }

    /// The rows an event is about; labels and everything else of the order only when somebody's words need them.
    pub(crate) async fn news(&self, tenant: &TenantId, event: Event, wanting: &[&Arc<dyn EventBody>]) -> Result<News> {
        let shows_labels = wanting.iter().any(|words| words.shows_labels());
        let tells_before = wanting.iter().any(|words| words.tells_before());
        let setup = self.tenant_setup(tenant).await?.ok_or(Error::NotFound("tenant"))?;
        let (owner, about) = (tenant.clone(), event.about.clone());
        let (order, shipment, labels, story) = self
            .store()
            .read(async move |tx| {
                let order = match about.order {
                    Some(id) => tx.order_ever(&owner, id).await?,
                    None => None,
                };
                let shipment = match about.shipment {
                    Some(id) => tx.shipment(&owner, id).await?,
                    None => None,
                };
                let printable = shipment.as_ref().zip(order.as_ref()).filter(|(shipment, order)| {
                    shows_labels && shipment.is_ready_to_print() && shipment.outdated(&order.details).is_empty()
                });
                let labels = match printable {
                    Some((shipment, _)) => labels_of(tx.documents_of_shipment(&owner, shipment.id).await?),
                    None => Vec::new(),
                };
                let asked = order.iter().filter(|_| tells_before).cloned().collect();
                let story = tell(tx, &owner, asked).await?.into_iter().next();
                Ok((order, shipment, labels, story))
            })
            .await?;
        let with_token = |document: Document| LabelNews { token: self.document_token(tenant, document.id), document };
        let public_url = self.options().public_url.clone();
        let labels = labels.into_iter().map(with_token).collect();
        Ok(News { event, setup, order, shipment, labels, story, public_url })
    }

    /// Sends a delivery once and says what came of it.
    pub(crate) async fn send(&self, endpoint: &WebhookEndpoint, delivery: &Delivery) -> Sent {
        let (began, at) = (tokio::time::Instant::now(), self.now());
        let answer = self.request(endpoint, delivery, at).await;
        let (status, note, retry_after) = match answer {
            Ok((status, text, retry_after)) => (Some(status), (!text.is_empty()).then_some(text), retry_after),
            Err(why) => (None, Some(why), None),
        };
        let took = began.elapsed();
        let outcome = match status {
            Some(200..300) => "delivered",
            Some(_) => "refused",
            None => "unanswered",
        };
        metrics::histogram!("waybill_webhook_attempt_seconds", "outcome" => outcome).record(took);
        let duration_ms = took.as_millis() as u64;
        Sent { attempt: Attempt { number: delivery.attempts + 1, at, duration_ms, status, note }, retry_after }
    }

    async fn request(
        &self,
        endpoint: &WebhookEndpoint,
        delivery: &Delivery,
        at: Timestamp,
    ) -> std::result::Result<(u16, String, Option<Duration>), String> {
        let url: reqwest::Url = endpoint.url.parse().map_err(|error| format!("not a URL: {error}"))?;
        if let Some(why) = guard::refusal(&url, self.options().allow_private_webhooks) {
            return Err(format!("not sent: {why}"));
        }
        let body = &delivery.body;
        let mut request = self.parts().http.post(url).header("content-type", "application/json");
        let previous = endpoint.previous_secret.as_ref().filter(|(_, until)| *until > at);
        let secrets: Vec<_> = std::iter::once(&endpoint.secret).chain(previous.map(|(secret, _)| secret)).collect();
        for (name, value) in standard_headers(&delivery.message_id(), at, body, &secrets) {
            request = request.header(name, value);
        }
        if let Some(known) = &endpoint.authentication {
            let value = reqwest::header::HeaderValue::from_str(known.value.reveal());
            let mut value = value.map_err(|_| "not sent: its authentication is no value of a header".to_owned())?;
            value.set_sensitive(true);
            request = request.header(known.header.as_str(), value);
        }
        if let Some(words) = self.event_body(endpoint.dialect) {
            for (name, value) in words.headers(body, &endpoint.secret) {
                request = request.header(name, value);
            }
        }
        let sent = request.body(body.clone()).send().await;
        let mut answer = sent.map_err(|error| describe(&error))?;
        let mut text = Vec::new();
        while text.len() < 1024 {
            match answer.chunk().await {
                Ok(Some(chunk)) => text.extend_from_slice(&chunk),
                Ok(None) | Err(_) => break,
            }
        }
        text.truncate(1024);
        let text = String::from_utf8_lossy(&text).replace('\0', "\u{fffd}");
        let wait = answer.headers().get("retry-after").and_then(|value| value.to_str().ok()?.trim().parse().ok());
        Ok((answer.status().as_u16(), text, wait.map(Duration::from_secs)))
    }

    /// Who was told of an event, with each attempt.
    pub async fn deliveries(&self, caller: &Caller, event: EventId) -> Result<Vec<DeliveryView>> {
        caller.require(Scope::Read)?;
        let tenant = caller.tenant().clone();
        let found = self
            .store()
            .read(async move |tx| {
                if tx.event(&tenant, event).await?.is_none() {
                    return Err(Error::NotFound("event"));
                }
                let mut found = Vec::new();
                for delivery in tx.deliveries_of_event(&tenant, event).await? {
                    let attempts = tx.attempts(&tenant, delivery.id).await?;
                    found.push((delivery, attempts));
                }
                Ok(found)
            })
            .await?;
        let url = |delivery: &Delivery| {
            let endpoint = caller.setup.endpoints.iter().find(|endpoint| endpoint.id == delivery.endpoint);
            endpoint.map_or_else(String::new, |endpoint| endpoint.url.clone())
        };
        let views =
            found.into_iter().map(|(delivery, attempts)| DeliveryView { url: url(&delivery), delivery, attempts });
        Ok(views.collect())
    }

    /// Every endpoint of the tenant, with how it stands.
    pub async fn webhooks(&self, caller: &Caller) -> Result<Vec<EndpointView>> {
        caller.require(Scope::Read)?;
        let (tenant, known) = (caller.tenant().clone(), caller.setup.endpoints.clone());
        let asked: Vec<_> = known.iter().map(|endpoint| endpoint.id).collect();
        let (lanes, counts) = self
            .store()
            .read_list(async move |tx| {
                let lanes = tx.lanes(deliver_webhooks::KIND, &tenant).await?;
                let mut counts = Vec::with_capacity(asked.len());
                for endpoint in &asked {
                    counts.push(tx.waiting_deliveries(&tenant, *endpoint, MOST_COUNTED).await?);
                }
                Ok((lanes, counts))
            })
            .await?;
        let views = known.into_iter().zip(counts).map(|(endpoint, waiting)| {
            let lane = lanes.iter().find(|lane| lane.key == lane_key(endpoint.id));
            EndpointView { health: deliver_webhooks::health_of(lane), waiting, endpoint }
        });
        Ok(views.collect())
    }

    /// One endpoint.
    pub async fn webhook(&self, caller: &Caller, id: EndpointId) -> Result<EndpointView> {
        let found = self.webhooks(caller).await?.into_iter().find(|view| view.endpoint.id == id);
        found.ok_or(Error::NotFound("webhook"))
    }

    /// Pauses an endpoint, or lets it go on: then it gets what was kept, in order. An event tells of it.
    pub async fn pause_webhook(&self, caller: &Caller, id: EndpointId, is_paused: bool) -> Result<EndpointView> {
        caller.require(Scope::Setup)?;
        let view = self.webhook(&caller.as_reader(), id).await?;
        if view.health.paused.is_some() == is_paused {
            return Ok(view);
        }
        let (tenant, now, key) = (caller.tenant().clone(), self.now(), lane_key(id));
        let (why, by) = (format!("paused with the key {:?}", caller.key.name), caller.actor());
        let event_id = self.one_id("events", EventId::new).await?;
        self.write_once(caller, async move |tx| {
            let paused = is_paused.then_some((now, why.as_str()));
            tx.pause_lane(deliver_webhooks::KIND, &tenant, &key, paused, now).await?;
            let kind = if is_paused { EventKind::WebhookPaused } else { EventKind::WebhookResumed };
            if !is_paused {
                tx.hasten_deliveries(&tenant, id, now).await?;
            }
            let reason = paused.map(|(_, why)| why.to_owned());
            let side = |is_paused: bool| act::json(&serde_json::json!({ "paused": is_paused }));
            let (before, after) = (side(!is_paused), side(is_paused));
            let about = About { endpoint: Some(id), reason, by: Some(by.clone()), before, after, ..About::default() };
            tx.emit(&tenant, &crate::event(event_id, kind, now, about)).await
        })
        .await?;
        self.wakes().events.notify_one();
        self.wakes().deliveries.notify_one();
        self.webhook(&caller.as_reader(), id).await
    }

    /// Deliveries of an endpoint behind an id, oldest first, all or those of one status, with their attempts.
    pub async fn deliveries_of_webhook(
        &self,
        caller: &Caller,
        id: EndpointId,
        status: Option<DeliveryStatus>,
        after: u64,
        limit: usize,
    ) -> Result<Vec<DeliveryView>> {
        let url = self.webhook(caller, id).await?.endpoint.url;
        let tenant = caller.tenant().clone();
        self.store()
            .read_list(async move |tx| {
                let mut found = Vec::new();
                for delivery in tx.deliveries_of_endpoint(&tenant, id, status, after, limit).await? {
                    let attempts = tx.attempts(&tenant, delivery.id).await?;
                    found.push(DeliveryView { delivery, url: url.clone(), attempts });
                }
                Ok(found)
            })
            .await
    }

    /// Sends a delivery again: the same bytes under the same id.
    pub async fn resend_delivery(&self, caller: &Caller, id: DeliveryId) -> Result<DeliveryView> {
        caller.require(Scope::Setup)?;
        let (tenant, now) = (caller.tenant().clone(), self.now());
        let (delivery, attempts) = self
            .store()
            .write(async move |tx| {
                let delivery = tx.delivery(&tenant, id).await?.ok_or(Error::NotFound("delivery"))?;
                tx.resend_deliveries(&tenant, &[id], now).await?;
                let lane = (tenant.clone(), lane_key(delivery.endpoint));
                tx.wake_lanes(deliver_webhooks::KIND, &[lane], now).await?;
                let attempts = tx.attempts(&tenant, id).await?;
                Ok((Delivery { status: DeliveryStatus::Waiting, next_at: now, ..delivery }, attempts))
            })
            .await?;
        self.wakes().deliveries.notify_one();
        let endpoint = caller.setup.endpoints.iter().find(|endpoint| endpoint.id == delivery.endpoint);
        let url = endpoint.map_or_else(String::new, |endpoint| endpoint.url.clone());
        Ok(DeliveryView { delivery, url, attempts })
    }

    /// Sends an endpoint again what happened in a period, all of it or what failed; answers how many deliveries.
    pub async fn resend_period(
        &self,
        caller: &Caller,
        id: EndpointId,
        period: (Timestamp, Timestamp),
        only_failed: bool,
    ) -> Result<usize> {
        caller.require(Scope::Setup)?;
        self.webhook(&caller.as_reader(), id).await?;
        let (mut after, mut count) = (0, 0);
        loop {
            let (tenant, now) = (caller.tenant().clone(), self.now());
            let (last, sent) = self
                .store()
                .write(async move |tx| {
                    let looked = tx.deliveries_of_period(&tenant, id, period, after, RESEND_BATCH).await?;
                    let is_wanted = |status: DeliveryStatus| match status {
                        DeliveryStatus::Failed => true,
                        DeliveryStatus::Delivered => !only_failed,
                        DeliveryStatus::Waiting => false,
                    };
                    let wanted = looked.iter().filter(|(_, status, is_within)| *is_within && is_wanted(*status));
                    let wanted: Vec<_> = wanted.map(|(delivery, ..)| *delivery).collect();
                    tx.resend_deliveries(&tenant, &wanted, now).await?;
                    if !wanted.is_empty() {
                        tx.wake_lanes(deliver_webhooks::KIND, &[(tenant.clone(), lane_key(id))], now).await?;
                    }
                    Ok((looked.last().map(|(delivery, ..)| delivery.number()), wanted.len()))
                })
                .await?;
            count += sent;
            match last {
                Some(last) => after = last,
                None => break,
            }
        }
        self.wakes().deliveries.notify_one();
        Ok(count)
    }

    /// The feed: numbered events after a position, oldest first, each with its position.
    pub async fn feed(&self, caller: &Caller, after: i64, limit: usize) -> Result<Vec<(i64, Event)>> {
        caller.require(Scope::Read)?;
        let tenant = caller.tenant().clone();
        self.store().read_list(async move |tx| tx.feed(&tenant, after, limit).await).await
    }
}

/// An error of the client without the URL, which may hold a secret.
fn describe(error: &reqwest::Error) -> String {
    let mut text = if error.is_timeout() {
        "no answer in time".to_owned()
    } else if error.is_connect() {
        "no connection".to_owned()
    } else {
        "no answer".to_owned()
    };
    let mut source = std::error::Error::source(error);
    while let Some(inner) = source {
        text = format!("{text}: {inner}");
        source = inner.source();
    }
    text.chars().take(300).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_standard_signature_covers_id_time_and_raw_bytes() {
        // The example of the Standard Webhooks specification: secret, id, time and body as printed there.
        let secret = Secret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        let at = Timestamp::from_second(1_614_265_330).unwrap();
        let headers = standard_headers("msg_p5jXN8AQM9LWM0D4loKWxJek", at, br#"{"test": 2432232314}"#, &[&secret]);
        assert_eq!(headers[2].1, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn waits_grow_to_a_day_and_jitter_adds_a_tenth_at_most() {
        let waits: Vec<_> = (1..12).map(wait_after).collect();
        assert!(waits.is_sorted() && waits[0] == Duration::from_mins(1) && waits[11 - 1] == Duration::from_hours(24));
        let random = Random::default();
        for wait in waits {
            let longer = with_jitter(wait, &random);
            assert!(longer >= wait && longer <= wait + wait / 10);
        }
    }
}
