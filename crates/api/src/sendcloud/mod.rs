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

use app::{App, Caller, Credentials};
use axum::Router;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get, post};
use domain::Error;
use domain::channel::{ChannelNumber, Dialect};
use http::Method;
use http::request::Parts;

use crate::dialect::{self, Wire, authorization, log_if_ours, other_method};
use crate::json::fields::Leniency;
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

/// A route that answers every other method as the live API does.
fn route(methods: MethodRouter<App>, allowed: &'static str) -> MethodRouter<App> {
    methods.fallback(move |method: Method| other_method::<Sendcloud>(method, allowed))
}

/// `/api/v3/…` and `/oauth2/token`.
pub(crate) fn router() -> Router<App> {
    let api = Router::new()
        .route("/orders", route(get(orders::list).post(orders::create), "GET, POST"))
        .route("/orders/create-labels-async", route(post(labels::create_soon), "POST"))
        .route("/orders/create-label-sync", route(post(labels::create_now), "POST"))
        .route(
            "/orders/{id}",
            route(get(orders::show).patch(orders::change).delete(orders::delete), "GET, PATCH, DELETE"),
        )
        .route("/integrations", route(get(channels::list), "GET"))
        .route("/integrations/logs", route(get(channels::all_logs), "GET"))
        .route(
            "/integrations/{id}",
            route(get(channels::show).patch(channels::change).delete(channels::delete), "GET, PATCH, DELETE"),
        )
        .route("/integrations/{id}/logs", route(get(channels::logs_of_one).post(channels::add_log), "GET, POST"))
        .route("/shop-order-statuses", route(get(channels::statuses).post(channels::put_statuses), "GET, POST"))
        .route("/shop-order-statuses/mapping", route(get(channels::mapping).post(channels::put_mapping), "GET, POST"))
        .route("/user/auth/metadata", route(get(channels::metadata), "GET"))
        .fallback(async || Sendcloud::no_such_page());
    Router::new().nest("/api/v3", api).route("/oauth2/token", route(post(oauth::token), "POST"))
}
