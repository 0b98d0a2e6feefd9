//! Webhooks: how events become bodies, how bodies are signed, how they are sent.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::channel::{ChannelNumber, Dialect};
use domain::event::Event;
use domain::ids::EventId;
use domain::order::Order;
use domain::secret::Secret;
use domain::shipment::Shipment;
use domain::tenant::{Scope, TenantId};
use domain::webhook::{Attempt, Delivery, DeliveryStatus, WebhookEndpoint};
use domain::{Error, Result, Timestamp};

use crate::tenants::TenantSetup;
use crate::vault::hmac_sha256;
use crate::{App, Caller, clock, guard};

/// How a dialect words its webhooks.
pub trait EventBody: Send + Sync {
    /// The dialect.
    fn dialect(&self) -> Dialect;

    /// The bodies that tell of an event; none when the dialect has no words for it, several when it tells of each
    /// parcel by itself. Rendered once: every retry sends the same bytes.
    fn bodies(&self, news: &News) -> Vec<Vec<u8>>;

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
    /// Where people reach this installation.
    pub public_url: String,
}

impl News {
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

/// The headers of Standard Webhooks: id, time and signature over `id.time.body`.
///
/// Source: the Standard Webhooks specification, version 1. A secret `whsec_…` is the base 64 of the key; any other text
/// is the key itself.
pub fn standard_headers(id: &str, at: Timestamp, body: &[u8], secret: &Secret) -> [(&'static str, String); 3] {
    let text = secret.reveal();
    let decoded = text.strip_prefix("whsec_").and_then(|encoded| STANDARD.decode(encoded).ok());
    let key = decoded.unwrap_or_else(|| text.as_bytes().to_vec());
    let time = at.as_second().to_string();
    let mac = hmac_sha256(&key, &[id.as_bytes(), b".", time.as_bytes(), b".", body]);
    [
        ("webhook-id", id.to_owned()),
        ("webhook-timestamp", time),
        ("webhook-signature", format!("v1,{}", STANDARD.encode(mac))),
    ]
}

/// How long to wait after so many attempts; `None` after the last.
pub fn wait_after(attempts: u32) -> Option<Duration> {
    const MINUTES: [u64; 10] = [1, 5, 15, 30, 60, 180, 360, 720, 1440, 1440];
    MINUTES.get(attempts.checked_sub(1)? as usize).map(|minutes| Duration::from_secs(minutes * 60))
}

/// How a delivery stands after an attempt, and when it is tried next.
pub(crate) fn after_attempt(attempt: &Attempt, is_delivered: bool) -> (DeliveryStatus, Timestamp) {
    match wait_after(attempt.number) {
        _ if is_delivered => (DeliveryStatus::Delivered, attempt.at),
        None => (DeliveryStatus::Failed, attempt.at),
        Some(wait) => (DeliveryStatus::Waiting, clock::later(attempt.at, wait)),
    }
}

impl App {
    /// How a dialect words its webhooks.
    pub(crate) fn event_body(&self, dialect: Dialect) -> Option<&Arc<dyn EventBody>> {
        self.parts().event_bodies.iter().find(|known| known.dialect() == dialect)
    }

    /// The rows an event is about.
    pub(crate) async fn news(&self, tenant: &TenantId, event: Event) -> Result<News> {
        let setup = self.tenant_setup(tenant).await?.ok_or(Error::NotFound("tenant"))?;
        let (owner, about) = (tenant.clone(), event.about.clone());
        let (order, shipment) = self
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
                Ok((order, shipment))
            })
            .await?;
        Ok(News { event, setup, order, shipment, public_url: self.options().public_url.clone() })
    }

    /// Sends a delivery once and says what came of it.
    pub(crate) async fn send(&self, endpoint: &WebhookEndpoint, delivery: &Delivery) -> (Attempt, bool) {
        let (began, at) = (tokio::time::Instant::now(), self.now());
        let answer = self.request(endpoint, delivery, at).await;
        let (status, note) = match answer {
            Ok((status, text)) => (Some(status), (!text.is_empty()).then_some(text)),
            Err(why) => (None, Some(why)),
        };
        let attempt = Attempt {
            number: delivery.attempts + 1,
            at,
            duration_ms: began.elapsed().as_millis() as u64,
            status,
            note,
        };
        (attempt, status.is_some_and(|status| (200..300).contains(&status)))
    }

    async fn request(
        &self,
        endpoint: &WebhookEndpoint,
        delivery: &Delivery,
        at: Timestamp,
    ) -> std::result::Result<(u16, String), String> {
        let url: reqwest::Url = endpoint.url.parse().map_err(|error| format!("not a URL: {error}"))?;
        if let Some(why) = guard::refusal(&url, self.options().allow_private_webhooks) {
            return Err(format!("not sent: {why}"));
        }
        let body = &delivery.body;
        let mut request = self.parts().http.post(url).header("content-type", "application/json");
        for (name, value) in standard_headers(&delivery.message_id(), at, body, &endpoint.secret) {
            request = request.header(name, value);
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
        Ok((answer.status().as_u16(), String::from_utf8_lossy(&text).replace('\0', "\u{fffd}")))
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
        let headers = standard_headers("msg_p5jXN8AQM9LWM0D4loKWxJek", at, br#"{"test": 2432232314}"#, &secret);
        assert_eq!(headers[2].1, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn retries_go_on_for_three_days() {
        let waits: Vec<_> = (1..).map_while(wait_after).collect();
        let total: Duration = waits.iter().sum();
        assert!(total > Duration::from_hours(48) && total < Duration::from_hours(96));
        assert!(waits.is_sorted());
    }
}
