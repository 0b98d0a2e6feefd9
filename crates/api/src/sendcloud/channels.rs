//! Integrations, their logs, shop order statuses, and what a key is for.

use app::channels::ChannelHook;
use app::{App, Caller};
use axum::extract::{OriginalUri, RawQuery, State};
use axum::response::IntoResponse;
use domain::Error;
use domain::channel::{Channel, ChannelNumber};
use domain::order::RawJson;
use http::header::LINK;
use http::{HeaderValue, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::error::Errors;
use super::integrations::{self, AuthMetadata, IntegrationPatch, LogLine, LogQuery};
use super::order::{Data, moment};
use super::orders::address;
use super::statuses::{Mapping, ShopOrderStatus, StatusList, StatusQuery};
use super::{Answer, Authed, Body};
use crate::dialect::{Segment, json};

/// Where a channel's settings keep its shop's statuses and their mapping.
const STATUSES: &str = "order_statuses";
const MAPPING: &str = "order_status_mapping";

/// `GET /integrations`.
pub(super) async fn list(State(app): State<App>, Authed { caller, .. }: Authed, RawQuery(query): RawQuery) -> Answer {
    let channels = app.channels(&caller)?;
    let mut shown: Vec<_> = channels.iter().map(integrations::integration).collect();
    let query = query.unwrap_or_default();
    let wanted = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "sort");
    integrations::sort(&mut shown, wanted.as_ref().map_or("", |(_, sort)| sort));
    Ok(json(StatusCode::OK, &shown))
}

fn number(text: &str) -> Result<ChannelNumber, Errors> {
    text.parse().map(ChannelNumber).map_err(|_| Errors::integration_not_found())
}

/// `GET /integrations/{id}`.
pub(super) async fn show(State(app): State<App>, Authed { caller, .. }: Authed, Segment(id): Segment) -> Answer {
    let channel = app.channel(&caller, number(&id)?)?;
    Ok(json(StatusCode::OK, &integrations::integration(&channel)))
}

/// `PATCH /integrations/{id}`.
pub(super) async fn change(
    State(app): State<App>,
    Authed { caller, .. }: Authed,
    Segment(id): Segment,
    Body { body, .. }: Body,
) -> Answer {
    let patch = IntegrationPatch::decode(&body)?;
    let change = move |channel: &mut Channel| -> Result<ChannelHook, Errors> {
        patch.apply(channel)?;
        Ok(hook_of(channel))
    };
    app.edit_channel(&caller, number(&id)?, change).await??;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// The integration's own webhook, as its settings say.
fn hook_of(channel: &Channel) -> ChannelHook {
    let url = setting::<String>(channel, "webhook_url");
    let is_active = setting::<bool>(channel, "webhook_active").unwrap_or(false);
    url.filter(|_| is_active).map_or(ChannelHook::Off, ChannelHook::On)
}

/// `DELETE /integrations/{id}`.
pub(super) async fn delete(State(app): State<App>, Authed { caller, .. }: Authed, Segment(id): Segment) -> Answer {
    app.delete_channel(&caller, number(&id)?).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// `GET /integrations/logs` and `GET /integrations/{id}/logs`.
async fn logs(app: &App, caller: &Caller, channel: Option<ChannelNumber>, url: &str, query: Option<String>) -> Answer {
    let asked = LogQuery::parse(&query.unwrap_or_default())?;
    let size = asked.page_size as usize;
    let mut logs = app.channel_logs(caller, channel, asked.before, size + 1).await?;
    let has_more = logs.len() > size;
    logs.truncate(size);
    let lines: Vec<_> =
        logs.iter().map(|log| integrations::log_line(log.id, log.channel.0, log.at, &log.body)).collect();
    let mut answer = json(StatusCode::OK, &Data { data: lines });
    if let Some(last) = logs.last().filter(|_| has_more)
        && let Ok(link) = HeaderValue::try_from(integrations::log_link(url, last.id, asked.page_size))
    {
        answer.headers_mut().insert(LINK, link);
    }
    Ok(answer)
}

/// `GET /integrations/logs`.
pub(super) async fn all_logs(
    State(app): State<App>,
    Authed { caller, .. }: Authed,
    OriginalUri(uri): OriginalUri,
    headers: http::HeaderMap,
    RawQuery(query): RawQuery,
) -> Answer {
    logs(&app, &caller, None, &address(&app, &headers, uri.path()), query).await
}

/// `GET /integrations/{id}/logs`.
pub(super) async fn logs_of_one(
    State(app): State<App>,
    Authed { caller, .. }: Authed,
    Segment(id): Segment,
    OriginalUri(uri): OriginalUri,
    headers: http::HeaderMap,
    RawQuery(query): RawQuery,
) -> Answer {
    logs(&app, &caller, Some(number(&id)?), &address(&app, &headers, uri.path()), query).await
}

/// `POST /integrations/{id}/logs`.
pub(super) async fn add_log(
    State(app): State<App>,
    Authed { caller, .. }: Authed,
    Segment(id): Segment,
    Body { body, .. }: Body,
) -> Answer {
    let number = number(&id)?;
    let line = LogLine::decode(&body)?;
    let at = line.created_at.map(|sent| sent.instant_in(&jiff::tz::TimeZone::UTC));
    let log = app.add_channel_log(&caller, number, at, line.content).await?;
    let view = integrations::log_line(log.id, log.channel.0, log.at, &log.body);
    Ok(json(StatusCode::CREATED, &Data { data: view }))
}

fn setting<T: DeserializeOwned>(channel: &Channel, name: &str) -> Option<T> {
    let settings: serde_json::Value = serde_json::from_str(channel.settings.as_str()).ok()?;
    serde_json::from_value(settings.get(name)?.clone()).ok()
}

fn keep(channel: &mut Channel, name: &str, value: &impl Serialize) -> Result<(), Errors> {
    let unreadable = |error: serde_json::Error| Errors::from(Error::internal(error));
    let mut settings: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(channel.settings.as_str()).map_err(unreadable)?;
    settings.insert(name.to_owned(), serde_json::to_value(value).map_err(unreadable)?);
    let text = serde_json::to_string(&settings).map_err(unreadable)?;
    channel.settings = RawJson::new(text).ok_or_else(|| Errors::from(Error::internal("settings are JSON")))?;
    Ok(())
}

/// `GET /shop-order-statuses`.
pub(super) async fn statuses(
    State(app): State<App>,
    Authed { caller, .. }: Authed,
    RawQuery(query): RawQuery,
) -> Answer {
    let asked = StatusQuery::parse(&query.unwrap_or_default())?;
    let channel = app.channel(&caller, ChannelNumber(asked.integration))?;
    let known: Vec<ShopOrderStatus> = setting(&channel, STATUSES).unwrap_or_default();
    Ok(json(StatusCode::OK, &Data { data: asked.view(&known) }))
}

/// `POST /shop-order-statuses`.
pub(super) async fn put_statuses(
    State(app): State<App>,
    Authed { caller, .. }: Authed,
    Body { body, .. }: Body,
) -> Answer {
    let list = StatusList::decode(&body)?;
    let (number, now) = (ChannelNumber(list.integration), moment(app.now()));
    let change = move |channel: &mut Channel| {
        let former = setting(channel, STATUSES).unwrap_or_default();
        let kept = list.clone().over(former, &now);
        keep(channel, STATUSES, &kept).map(|()| ChannelHook::Keep)
    };
    let channel = app.edit_channel(&caller, number, change).await??;
    let known: Vec<ShopOrderStatus> = setting(&channel, STATUSES).unwrap_or_default();
    let all = StatusQuery { integration: number.0, language: None, show_deleted: false };
    Ok(json(StatusCode::OK, &Data { data: all.view(&known) }))
}

/// `GET /shop-order-statuses/mapping`.
pub(super) async fn mapping(
    State(app): State<App>,
    Authed { caller, .. }: Authed,
    RawQuery(query): RawQuery,
) -> Answer {
    let asked = StatusQuery::parse(&query.unwrap_or_default())?;
    let channel = app.channel(&caller, ChannelNumber(asked.integration))?;
    Ok(json(StatusCode::OK, &Data { data: mapping_of(&channel) }))
}

fn mapping_of(channel: &Channel) -> super::statuses::MappingView {
    let known: Vec<ShopOrderStatus> = setting(channel, STATUSES).unwrap_or_default();
    let nothing = || Mapping { integration_id: channel.number.0, mapping: Vec::new() };
    setting::<Mapping>(channel, MAPPING).unwrap_or_else(nothing).view(&known)
}

/// `POST /shop-order-statuses/mapping`.
pub(super) async fn put_mapping(
    State(app): State<App>,
    Authed { caller, .. }: Authed,
    Body { body, .. }: Body,
) -> Answer {
    let mapping = Mapping::decode(&body)?;
    let number = ChannelNumber(mapping.integration_id);
    let change = move |channel: &mut Channel| keep(channel, MAPPING, &mapping).map(|()| ChannelHook::Keep);
    let channel = app.edit_channel(&caller, number, change).await??;
    Ok(json(StatusCode::OK, &Data { data: mapping_of(&channel) }))
}

/// `GET /user/auth/metadata`.
pub(super) async fn metadata(State(app): State<App>, Authed { caller, .. }: Authed) -> Answer {
    let first = app.channels(&caller)?.first().map_or(caller.dialect.default_channel(), |channel| channel.number);
    Ok(json(StatusCode::OK, &Data { data: AuthMetadata { integration_id: first.0 } }))
}
