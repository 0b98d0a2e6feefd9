//! Delivery Solutions / LynkUp shipping orders: one call places a shipment with the best carrier.
//!
//! Two generations of one product are spoken. [`decode`], [`encode`] and [`error`] know the names of the shipping order
//! API; the older v2 API is the same operations under other names, which [`names`] maps in both directions.

mod core;
pub mod decode;
pub mod encode;
pub mod error;
pub mod events;
#[cfg(feature = "fuzzing")]
pub(crate) mod fuzzing;
pub mod history;
pub mod kept;
mod label;
pub mod list;
pub mod names;
mod oauth;
mod orders;
pub mod rates;
pub mod statuses;
pub mod stores;
mod v2;

use app::{Caller, Credentials};
use axum::response::{IntoResponse, Response};
use domain::channel::Dialect;
use domain::{Error, Secret};
use http::Method;
use http::request::Parts;

use crate::dialect::{self, Wire, authorization, log_if_ours};
use crate::json::fields::Leniency;
use crate::routes::{Routes, delete, get, patch, post, put};
use error::Refusal;
use names::RefusalInV2;

/// What this dialect forgives: clients leave optional fields empty.
pub(crate) const LENIENCY: Leniency = Leniency { empty_list_is_object: false, empty_text_is_absent: true };

/// The wire of the shipping order API.
pub struct DeliverySolutions;

/// The wire of the v2 API.
pub struct DeliverySolutionsV2;

type Authed = dialect::Authed<DeliverySolutions>;
type Body = dialect::Body<DeliverySolutions>;
type Answer = Result<Response, Refusal>;

/// `x-api-key`, else `Authorization`.
fn credentials(parts: &Parts) -> Option<Credentials> {
    let key = parts.headers.get("x-api-key").and_then(|value| value.to_str().ok());
    key.map(|key| Credentials::Secret(Secret::new(key))).or_else(|| authorization(parts))
}

/// `tenantId`, when it is sent, names the key's tenant.
fn is_meant_for(parts: &Parts, caller: &Caller) -> bool {
    let named = parts.headers.get("tenantId");
    named.is_none_or(|named| named.as_bytes() == caller.tenant().as_str().as_bytes())
}

impl Wire for DeliverySolutions {
    const DIALECT: Dialect = Dialect::DeliverySolutions;

    fn credentials(parts: &Parts) -> Option<Credentials> {
        credentials(parts)
    }

    fn is_meant_for(parts: &Parts, caller: &Caller) -> bool {
        is_meant_for(parts, caller)
    }

    fn refuse(error: Error) -> Response {
        log_if_ours(&error);
        Refusal::from(error).into_response()
    }

    fn too_large(most_bytes: usize) -> Response {
        Refusal::too_large(most_bytes).into_response()
    }

    fn too_slow() -> Response {
        Refusal::too_slow().into_response()
    }

    fn no_such_page() -> Response {
        Refusal::no_such_page().into_response()
    }

    fn method_not_allowed(method: &Method) -> Response {
        Refusal::method_not_allowed(method).into_response()
    }
}

impl Wire for DeliverySolutionsV2 {
    const DIALECT: Dialect = Dialect::DeliverySolutions;

    fn credentials(parts: &Parts) -> Option<Credentials> {
        credentials(parts)
    }

    fn is_meant_for(parts: &Parts, caller: &Caller) -> bool {
        is_meant_for(parts, caller)
    }

    fn refuse(error: Error) -> Response {
        log_if_ours(&error);
        RefusalInV2::from(error).into_response()
    }

    fn too_large(most_bytes: usize) -> Response {
        RefusalInV2::from(Refusal::too_large(most_bytes)).into_response()
    }

    fn too_slow() -> Response {
        RefusalInV2::from(Refusal::too_slow()).into_response()
    }

    fn no_such_page() -> Response {
        RefusalInV2::from(Refusal::no_such_page()).into_response()
    }

    fn method_not_allowed(method: &Method) -> Response {
        RefusalInV2::from(Refusal::method_not_allowed(method)).into_response()
    }
}

/// The shipping order API, and where tokens are bought.
pub(crate) fn routes() -> Routes<DeliverySolutions> {
    Routes::below("/shipments/{id}")
        .at("/shipments", [post(orders::create)])
        .at("/shipments/list", [post(orders::list)])
        .at("/shipments/{id}", [get(orders::show), put(orders::edit), delete(orders::cancel)])
        .at("/shipments/{id}/status-history", [get(orders::history)])
        .at("/shipments/{id}/retry", [post(orders::retry)])
        .at("/ent-services/security/v1/oauth/token", [post(oauth::token)])
}

/// The same under the names of v2.
pub(crate) fn v2_routes() -> Routes<DeliverySolutionsV2> {
    Routes::below("/api/v2")
        .at("/api/v2/order/placeorder", [post(v2::create)])
        .at("/api/v2/order/placeorderasync", [post(v2::create_soon)])
        .at("/api/v2/order/list", [post(v2::list)])
        .at("/api/v2/order/getById/orderExternalId/{id}", [get(v2::show)])
        .at("/api/v2/order/edit/orderExternalId/{id}", [post(v2::edit)])
        .at("/api/v2/order/orderExternalId/{id}", [delete(v2::cancel)])
        .at("/api/v2/order/status/orderExternalId/{id}", [get(v2::history)])
        .at("/api/v2/order/retry/orderExternalId/{id}", [post(v2::retry)])
        .at("/api/v2/rates", [post(v2::rates)])
        .at("/api/v2/store", [get(v2::stores), post(v2::create_store)])
        .at("/api/v2/store/storeExternalId/{id}", [get(v2::show_store), patch(v2::edit_store)])
        .at("/api/v2/label", [get(label::show)])
}
