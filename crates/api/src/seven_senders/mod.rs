//! Seven Senders API v2: orders with their states, and the shipments that were made for them.
//!
//! Two generations of clients share `/v2`. The older one sends its key with every request, forms, and `.json` behind the
//! path; the newer one buys a token and sends JSON. [`generation`] tells them apart and holds both names of each field;
//! everything is read in either vocabulary and written in the client's own.

mod carriers;
pub mod dates;
pub mod decode;
pub mod encode;
pub mod error;
pub mod form;
#[cfg(feature = "fuzzing")]
pub(crate) mod fuzzing;
pub mod generation;
pub mod kept;
pub mod list;
mod orders;
mod shipments;
pub mod states;
mod token;

use app::Credentials;
use axum::response::{IntoResponse, Response};
use domain::channel::Dialect;
use domain::{Error, Secret};
use http::Method;
use http::request::Parts;

use crate::dialect::{self, Wire, authorization};
use crate::json::fields::Leniency;
use crate::routes::{Routes, delete, get, post, put};
use error::Refusal;

pub(crate) use generation::plain_path;

/// What this dialect forgives: PHP shops write empty objects as `[]` and leave optional fields empty.
pub(crate) const LENIENCY: Leniency = Leniency { empty_list_is_object: true, empty_text_is_absent: true };

/// The dialect's wire.
pub struct SevenSenders;

type Authed = dialect::Authed<SevenSenders>;
type Body = dialect::Body<SevenSenders>;
type Answer = Result<Response, Refusal>;

impl Wire for SevenSenders {
    const DIALECT: Dialect = Dialect::SevenSenders;

    /// `API-KEY`, else `Authorization`. The documentation's own request has `\ ` before the key.
    fn credentials(parts: &Parts) -> Option<Credentials> {
        let key = parts.headers.get(generation::API_KEY).and_then(|value| value.to_str().ok());
        key.map(|key| Credentials::Secret(Secret::new(key.trim_start_matches(['\\', ' ']))))
            .or_else(|| authorization(parts))
    }

    fn refuse(error: Error) -> Response {
        Refusal::from(error).into_response()
    }

    fn too_large(most_bytes: usize) -> Response {
        Refusal::new(413, format!("The body is larger than {most_bytes} bytes.")).into_response()
    }

    fn too_slow() -> Response {
        Refusal::new(408, "The body did not arrive in time.").into_response()
    }

    fn no_such_page() -> Response {
        Refusal::new(404, "Not Found").into_response()
    }

    fn method_not_allowed(method: &Method) -> Response {
        Refusal::new(405, format!("Method {method} is not allowed here.")).into_response()
    }
}

/// Everything below `/v2`. Each path is also taken with `.json` at its end; see [`plain_path`].
pub(crate) fn routes() -> Routes<SevenSenders> {
    Routes::below("/v2")
        .at("/v2/orders", [get(orders::list), post(orders::create), delete(orders::delete_range)])
        .at("/v2/orders/{id}", [get(orders::show), put(orders::change), delete(orders::delete)])
        .at("/v2/order_states", [post(orders::set_state)])
        .at("/v2/shipments", [get(shipments::list), post(shipments::create)])
        .at("/v2/shipments/{id}", [get(shipments::show), put(shipments::change), delete(shipments::delete)])
        .at("/v2/carriers", [get(carriers::list)])
        .at("/v2/token", [post(token::token)])
}
