//! Crowdsender API 1.0.0: orders with a nested shipment, chosen by a filter in the URL.
//!
//! Every answer is an envelope `{code, info, data}` ([`envelope`]). An order comes in through [`decode`] and goes out
//! through [`encode`]; [`fields`] names what a query may ask for, and [`statuses`] holds this dialect's words for where
//! orders and boxes stand.

pub mod decode;
mod documents;
pub mod encode;
pub mod envelope;
pub mod events;
pub mod fields;
#[cfg(feature = "fuzzing")]
pub(crate) mod fuzzing;
pub mod kept;
mod labels;
mod orders;
pub mod statuses;

use app::Credentials;
use axum::response::{IntoResponse, Response};
use domain::channel::Dialect;
use domain::{Error, Secret};
use http::Method;
use http::header::COOKIE;
use http::request::Parts;

use crate::dialect::{self, Wire, authorization, log_if_ours};
use crate::json::fields::Leniency;
use crate::routes::{Routes, get, patch, put};
use envelope::Refusal;

/// What this dialect forgives: nothing, since nothing is published about it.
pub(crate) const LENIENCY: Leniency = Leniency { empty_list_is_object: false, empty_text_is_absent: false };

/// The dialect's wire.
pub struct Crowdsender;

type Authed = dialect::Authed<Crowdsender>;
type Body = dialect::Body<Crowdsender>;
type Answer = Result<Response, Refusal>;

/// The value of `X-API-KEY` in a cookie, as the published sample sends it.
fn cookie(parts: &Parts) -> Option<Credentials> {
    let cookies = parts.headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = cookies.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let (_, key) = pairs.find(|(name, _)| name.eq_ignore_ascii_case("x-api-key"))?;
    Some(Credentials::Secret(Secret::new(key.trim_matches('"'))))
}

impl Wire for Crowdsender {
    const DIALECT: Dialect = Dialect::Crowdsender;

    /// `x-api-key`, else the cookie, else `Authorization`.
    fn credentials(parts: &Parts) -> Option<Credentials> {
        let key = parts.headers.get("x-api-key").and_then(|value| value.to_str().ok());
        let key = key.map(|key| Credentials::Secret(Secret::new(key)));
        key.or_else(|| cookie(parts)).or_else(|| authorization(parts))
    }

    fn refuse(error: Error) -> Response {
        log_if_ours(&error);
        Refusal::from(error).into_response()
    }

    fn too_large(most_bytes: usize) -> Response {
        Refusal::new(413, format!("the body is larger than {most_bytes} bytes")).into_response()
    }

    fn too_slow() -> Response {
        Refusal::new(408, "the body did not arrive in time: send it again").into_response()
    }

    fn no_such_page() -> Response {
        Refusal::new(404, "there is nothing at this path").into_response()
    }

    fn method_not_allowed(method: &Method) -> Response {
        Refusal::new(405, format!("{method} is not possible here")).into_response()
    }
}

/// Everything below `/api/v1`.
pub(crate) fn routes() -> Routes<Crowdsender> {
    Routes::below("/api/v1")
        .at("/api/v1/orders", [get(orders::list), crate::routes::post(orders::create)])
        .at("/api/v1/documents", [get(documents::list)])
        .at("/api/v1/labels", [crate::routes::post(labels::label)])
        .at("/api/v1/orders/{id}", [get(orders::show), put(orders::change), patch(orders::change)])
}
