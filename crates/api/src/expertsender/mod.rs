//! ExpertSender ECDP: orders with their customers, in batches, and what the vendor's shop plugins ask besides.
//!
//! An order comes in through [`decode`] and goes out through [`encode`]; [`order`] names the words and limits once for
//! both. Every refusal has its body in [`error`]: the vendor's WooCommerce plugin takes every answer without `errors` for
//! success, and breaks over a 401 or 500 that has them.

mod customers;
pub mod decode;
pub mod encode;
pub mod error;
#[cfg(feature = "fuzzing")]
pub(crate) mod fuzzing;
pub mod order;
mod orders;
pub mod zones;

use app::Credentials;
use axum::response::{IntoResponse, Response};
use domain::channel::Dialect;
use domain::{Error, Secret};
use http::request::Parts;
use http::{Method, StatusCode};

use crate::dialect::{self, Wire, authorization, json, log_if_ours};
use crate::json::Json;
use crate::json::fields::Leniency;
use crate::routes::{Routes, delete, get, post, put};
use error::Refusal;

/// What this dialect forgives: PHP shops leave optional fields empty.
pub(crate) const LENIENCY: Leniency = Leniency { empty_list_is_object: false, empty_text_is_absent: true };

/// The dialect's wire.
pub struct Expertsender;

type Authed = dialect::Authed<Expertsender>;
type Body = dialect::Body<Expertsender>;
type Answer = Result<Response, Refusal>;

impl Wire for Expertsender {
    const DIALECT: Dialect = Dialect::Expertsender;

    /// `x-api-key`, else `Authorization`.
    fn credentials(parts: &Parts) -> Option<Credentials> {
        let key = parts.headers.get("x-api-key").and_then(|value| value.to_str().ok());
        key.map(|key| Credentials::Secret(Secret::new(key))).or_else(|| authorization(parts))
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

/// The envelope of every answer that is no refusal: an object without `errors`.
fn answer(status: StatusCode, data: impl Into<Json<'static>>) -> Response {
    let members = vec![("status".into(), Json::from(0_i64)), ("data".into(), data.into())];
    json(status, &Json::Object(members))
}

/// Whether a path belongs to this dialect and takes a body. The vendor's Magento plugin asks for an interim answer before
/// it sends a large one, and then takes that for the answer.
pub(crate) fn is_own(path: &str) -> bool {
    let path = path.strip_prefix("/expertsender").unwrap_or(path).trim_end_matches('/');
    ["/orders", "/orders/status", "/customers"].contains(&path)
}

/// Orders.
pub(crate) fn routes() -> Routes<Expertsender> {
    Routes::below("/orders/{id}")
        .at("/orders", [post(orders::create)])
        .at("/orders/status", [put(orders::set_status)])
        .at("/orders/{id}", [get(orders::show), delete(orders::delete)])
}

/// The customer book, and what the vendor's plugins ask for before they send anything.
pub(crate) fn book_routes() -> Routes<Expertsender> {
    Routes::below("/customers")
        .at("/customers", [post(customers::put)])
        .at("/customers/email/{id}", [get(customers::by_email)])
        .at("/customers/phone/{id}", [get(customers::by_phone)])
        .at("/customers/crmId/{id}", [get(customers::by_crm_id)])
        .at("/customers/id/{id}", [get(customers::by_id)])
        .at("/customerconsents", [get(customers::consents)])
        .at("/customerattributes", [get(customers::customer_attributes)])
        .at("/productattributes", [get(customers::product_attributes)])
        .at("/orderattributes", [get(customers::order_attributes)])
}
