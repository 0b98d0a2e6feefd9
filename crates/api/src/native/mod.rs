//! The native API, below `/v1`: canonical words, RFC 9457 errors, Bearer secret.

use app::{App, Credentials};
use axum::Router;
use axum::response::Response;
use axum::routing::{MethodRouter, get, post};
use domain::Error;
use domain::channel::Dialect;
use http::Method;
use http::request::Parts;

use crate::dialect::{self, Wire, authorization, log_if_ours, other_method};

mod error;
pub mod events;
mod orders;
mod parcels;
mod shipments;

use error::Problems;

/// The dialect's wire.
pub struct Native;

type Authed = dialect::Authed<Native>;
type Body = dialect::Body<Native>;
type Answer = Result<Response, Problems>;

impl Wire for Native {
    const DIALECT: Dialect = Dialect::Native;

    fn credentials(parts: &Parts) -> Option<Credentials> {
        authorization(parts)
    }

    fn refuse(error: Error) -> Response {
        log_if_ours(&error);
        Problems::from(error).answer()
    }

    fn too_large(most_bytes: usize) -> Response {
        Problems::too_large(most_bytes).answer()
    }

    fn no_such_page() -> Response {
        Problems::no_such_page().answer()
    }

    fn method_not_allowed(method: &Method) -> Response {
        Problems::method_not_allowed(method).answer()
    }
}

fn route(methods: MethodRouter<App>, allowed: &'static str) -> MethodRouter<App> {
    methods.fallback(move |method: Method| other_method::<Native>(method, allowed))
}

/// `/v1/…`.
pub(crate) fn router() -> Router<App> {
    let api = Router::new()
        .route("/orders", route(post(orders::create), "POST"))
        .route("/orders/{id}", route(get(orders::show), "GET"))
        .route("/orders/{id}/shipments", route(get(shipments::of_order).post(shipments::create), "GET, POST"))
        .route("/shipments/{id}", route(get(shipments::show), "GET"))
        .route("/shipments/{id}/cancel", route(post(shipments::cancel), "POST"))
        .route("/shipments/{id}/documents", route(get(shipments::documents), "GET"))
        .route("/shipments/{id}/packing-slip", route(get(shipments::packing_slip), "GET"))
        .route("/shipments/{id}/tracking-events", route(post(shipments::report), "POST"))
        .route("/parcels", route(get(parcels::unscanned), "GET"))
        .route("/parcels/{id}/label", route(get(parcels::label), "GET"))
        .route("/parcels/{id}/tracking-events", route(get(parcels::tracking_events), "GET"))
        .route("/documents/{id}", route(get(parcels::document), "GET"))
        .route("/events", route(get(events::feed), "GET"))
        .route("/events/{id}/deliveries", route(get(events::deliveries), "GET"))
        .fallback(async || Native::no_such_page());
    Router::new().nest("/v1", api)
}
