//! Webhooks. DoorDash describes no signature: the unguessable address and the `Authorization` header prove who tells.
//! Source: page "Webhooks for deliveries" and working clients.

use domain::Secret;
use domain::connector::{Push, PushError, Pushed};
use domain::time::SentTime;
use domain::tracking::{Incident, TrackingReport, TrackingStatus};
use subtle::ConstantTimeEq as _;

use super::codes;
use super::wire::Webhook;

/// What a webhook tells; nothing when it changes nothing for whoever waits.
pub(super) fn read(push: &Push<'_>, expected: Option<&Secret>) -> Result<Vec<Pushed>, PushError> {
    let shown = push.authorization.unwrap_or_default().trim();
    let is_ours = expected.is_none_or(|expected| shown.as_bytes().ct_eq(expected.reveal().trim().as_bytes()).into());
    if !is_ours {
        return Err(PushError::Forged);
    }
    let webhook: Webhook =
        serde_json::from_slice(push.body).map_err(|error| PushError::Unreadable(error.to_string()))?;
    let code = webhook.event_name.trim().to_owned();
    if code.is_empty() || webhook.external_delivery_id.is_empty() {
        return Err(PushError::Unreadable("event_name and external_delivery_id are expected".to_owned()));
    }
    if codes::says_nothing(&code) {
        return Ok(Vec::new());
    }
    let happened_at = match &webhook.created_at {
        None => SentTime::utc(push.now),
        Some(text) => text.parse().map_err(|_| PushError::Unreadable(format!("created_at {text:?} is no time")))?,
    };
    let (status, milestone) = codes::meaning(&code);
    let reason = webhook.cancellation_reason.or(webhook.reason).filter(|reason| !reason.is_empty());
    let incident = reason.filter(|_| status == TrackingStatus::Undeliverable).map(|reason| Incident { reason });
    let report = TrackingReport { code, status, milestone, incident, message: None, happened_at, place: None };
    Ok(vec![Pushed { tracking_number: webhook.external_delivery_id, report }])
}
