//! Sendcloud API v3, orders and what belongs to them.
//!
//! An order comes in through [`decode`] and [`patch`] and goes out through [`encode`]; [`order`] names the fields once
//! for all three. Every refusal has its exact body in [`error`].

mod channels;
pub mod decode;
pub mod encode;
pub mod error;
pub mod events;
pub mod integrations;
mod labels;
pub mod list;
mod oauth;
pub mod order;
mod orders;
pub mod patch;
pub mod ship;
pub mod statuses;

#[cfg(test)]
mod tests;

use app::{Caller, Credentials};
use axum::response::{IntoResponse, Response};
use domain::Error;
use domain::channel::{ChannelNumber, Dialect};
use http::Method;
use http::request::Parts;

use crate::dialect::{self, Wire, authorization, log_if_ours};
use crate::json::fields::Leniency;
use crate::routes::{Routes, delete, get, patch, post};
use error::Errors;

/// What this dialect forgives: PHP shops write empty objects as `[]` and leave optional fields empty.
pub(crate) const LENIENCY: Leniency = Leniency { empty_list_is_object: true, empty_text_is_absent: true };

/// The dialect's wire.
pub struct Sendcloud;

type Authed = dialect::Authed<Sendcloud>;
type Body = dialect::Body<Sendcloud>;
type Answer = Result<Response, Errors>;

impl Wire for Sendcloud {
    const DIALECT: Dialect = Dialect::Sendcloud;

    fn credentials(parts: &Parts) -> Option<Credentials> {
        authorization(parts)
    }

    /// `Sendcloud-Partner-Id` must be a UUID when it is there.
    fn check(parts: &Parts) -> Option<Response> {
        let is_wrong = |value: &http::HeaderValue| value.to_str().map_or(true, |id| uuid::Uuid::try_parse(id).is_err());
        let id = parts.headers.get("Sendcloud-Partner-Id").filter(|id| is_wrong(id));
        id.map(|_| Errors::bad_partner_id().into_response())
    }

    fn refuse(error: Error) -> Response {
        log_if_ours(&error);
        Errors::from(error).into_response()
    }

    fn too_large(most_bytes: usize) -> Response {
        Errors::body_too_large(most_bytes).into_response()
    }

    fn too_slow() -> Response {
        Errors::body_too_slow().into_response()
    }

    fn no_such_page() -> Response {
        Errors::no_such_page().into_response()
    }

    fn method_not_allowed(method: &Method) -> Response {
        Errors::method_not_allowed(method.as_str()).into_response()
    }
}

/// Whether a channel's clients want our ids as numbers in the answers to POST and PATCH.
fn ids_as_numbers(caller: &Caller, channel: ChannelNumber) -> bool {
    let settings = caller.setup.channel(channel).map(|channel| channel.settings.as_str());
    let settings = settings.and_then(|text| serde_json::from_str::<serde_json::Value>(text).ok());
    settings.is_some_and(|settings| settings[app::setup::IDS_AS_NUMBERS] == true)
}

/// Everything below `/api/v3`, and where tokens are bought.
pub(crate) fn routes() -> Routes<Sendcloud> {
    Routes::below("/api/v3")
        .at("/api/v3/orders", [get(orders::list), post(orders::create)])
        .at("/api/v3/orders/create-labels-async", [post(labels::create_soon)])
        .at("/api/v3/orders/create-label-sync", [post(labels::create_now)])
        .at("/api/v3/orders/{id}", [get(orders::show), patch(orders::change), delete(orders::delete)])
        .at("/api/v3/integrations", [get(channels::list)])
        .at("/api/v3/integrations/logs", [get(channels::all_logs)])
        .at("/api/v3/integrations/{id}", [get(channels::show), patch(channels::change), delete(channels::delete)])
        .at("/api/v3/integrations/{id}/logs", [get(channels::logs_of_one), post(channels::add_log)])
        .at("/api/v3/shop-order-statuses", [get(channels::statuses), post(channels::put_statuses)])
        .at("/api/v3/shop-order-statuses/mapping", [get(channels::mapping), post(channels::put_mapping)])
        .at("/api/v3/user/auth/metadata", [get(channels::metadata)])
        .at("/oauth2/token", [post(oauth::token)])
}
