//! Refusals: one table of kinds, with the texts that are published for them.

use axum::response::{IntoResponse, Response};
use http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, Method, StatusCode};
use serde::Serialize;

use crate::dialect::json;
use crate::json::fields::{Fault, Flaw, Step, wording};
use crate::json::{Json, ParseError};

mod verbs;

pub use verbs::{of_cancelling, of_placing};

/// What kind of refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Nobody knows who asks.
    Unauthorized,
    /// The key may not do this.
    Forbidden,
    /// A value is missing or breaks a rule.
    ValidationError,
    /// A value names nothing, or breaks a rule.
    InvalidData,
    /// There is no such order.
    NotFound,
    /// The id is taken.
    DuplicateId,
    /// The name is taken.
    DuplicateName,
    /// The thing is there already.
    DuplicateResource,
    /// The location has no carrier account.
    NoProviderAssigned,
    /// No carrier takes the order.
    NoProviderMatched,
    /// Every carrier that was asked said no or nothing.
    PlaceOrderFailed,
    /// The address is in no country there is.
    GeocodingFailed,
    /// The carrier never cancels, or the order is past cancelling.
    CancellationNotAllowed,
    /// The carrier did not cancel this time.
    OrderCancellationFailed,
    /// The order is cancelled.
    OrderAlreadyCanceled,
    /// The order is in a state that does not allow this.
    InvalidOperation,
    /// Too much at once.
    TooManyRequests,
    /// The carrier answered something nobody can read.
    UnmappedError,
    /// Our fault.
    InternalServerError,
}

/// A kind on the wire.
#[derive(Clone, Copy, Debug)]
pub struct KindRow {
    /// The kind.
    pub kind: Kind,
    /// `type`.
    pub word: &'static str,
    /// `type` in v2.
    pub word_in_v2: &'static str,
    /// The HTTP status; some operations have another one.
    pub status: u16,
    /// The HTTP status in v2, whose clients know 400, 404, 409 and 500 only.
    pub status_in_v2: u16,
    /// Whether the same request may be answered otherwise later.
    pub is_transient: bool,
    /// The usual text.
    pub message: &'static str,
}

const fn row(
    kind: Kind,
    words: (&'static str, &'static str),
    statuses: (u16, u16),
    is_transient: bool,
    message: &'static str,
) -> KindRow {
    let (word, word_in_v2) = words;
    let (status, status_in_v2) = statuses;
    KindRow { kind, word, word_in_v2, status, status_in_v2, is_transient, message }
}

const fn same(word: &'static str) -> (&'static str, &'static str) {
    (word, word)
}

/// Every kind, from the error tables of the shipping order API.
pub const KINDS: [KindRow; 19] = [
    row(Kind::Unauthorized, same("UNAUTHORIZED"), (401, 401), false, "Invalid or missing authentication token"),
    row(Kind::Forbidden, same("FORBIDDEN"), (403, 403), false, "The key may not do this."),
    row(Kind::ValidationError, same("VALIDATION_ERROR"), (400, 400), false, "The request is not valid."),
    row(Kind::InvalidData, same("INVALID_DATA"), (422, 400), false, "Invalid Order Id"),
    row(Kind::NotFound, same("NOT_FOUND"), (404, 404), false, "There is nothing here."),
    row(Kind::DuplicateId, same("DUPLICATE_ID"), (422, 400), false, "Resource with provided id already exists."),
    row(Kind::DuplicateName, same("DUPLICATE_NAME"), (422, 400), false, "Resource with provided name already exists."),
    row(Kind::DuplicateResource, same("DUPLICATE_RESOURCE"), (422, 400), false, "Resource already exists."),
    row(
        Kind::NoProviderAssigned,
        ("NO_PROVIDER_ASSIGNED", "NO_DSP_ASSIGNED"),
        (422, 400),
        false,
        "No Provider has been assigned to the mentioned location.",
    ),
    row(
        Kind::NoProviderMatched,
        ("NO_PROVIDER_MATCHED", "NO_DSP_MATCHED"),
        (422, 400),
        false,
        "No Provider matched the criteria for the requested delivery.",
    ),
    row(
        Kind::PlaceOrderFailed,
        same("PLACE_ORDER_FAILED"),
        (422, 400),
        true,
        "Failed to place the requested order with the configured providers.",
    ),
    row(
        Kind::GeocodingFailed,
        same("GEOCODING_FAILED"),
        (422, 400),
        false,
        "Geocoding Service for the given address failed.",
    ),
    row(
        Kind::CancellationNotAllowed,
        same("CANCELLATION_NOT_ALLOWED"),
        (403, 400),
        false,
        "Provider does not allow cancellation of orders.",
    ),
    row(
        Kind::OrderCancellationFailed,
        same("ORDER_CANCELLATION_FAILED"),
        (422, 400),
        false,
        "Provider failed to cancel order",
    ),
    row(
        Kind::OrderAlreadyCanceled,
        ("ORDER_ALREADY_CANCELED", "ORDER_ALREADY_CANCELLED"),
        (409, 409),
        false,
        "Requested order is already in Cancelled state.",
    ),
    row(Kind::InvalidOperation, same("INVALID_OPERATION"), (409, 409), false, "The Order can no longer be retried"),
    row(Kind::TooManyRequests, same("TOO_MANY_REQUESTS"), (429, 429), true, "Too many requests received per second."),
    row(
        Kind::UnmappedError,
        same("UNMAPPED_ERROR"),
        (422, 400),
        true,
        "Request received unidentifiable error response.",
    ),
    row(
        Kind::InternalServerError,
        same("INTERNAL_SERVER_ERROR"),
        (500, 500),
        true,
        "An unexpected error occurred while processing the request",
    ),
];

impl Kind {
    /// Its row in [`KINDS`], which stand in the order of the variants.
    pub fn row(self) -> &'static KindRow {
        &KINDS[self as usize]
    }
}

/// A refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The HTTP status.
    pub status: u16,
    /// Seconds for the `Retry-After` header.
    pub retry_after: Option<u64>,
    /// The kind.
    pub kind: Kind,
    /// What is wrong in all.
    pub message: String,
    /// Everything that is wrong; never empty on the wire.
    pub errors: Vec<Detail>,
}

/// One thing that is wrong.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Detail {
    /// The kind, when it is another one than the refusal's: a code of the carrier's level.
    pub word: Option<&'static str>,
    /// What is wrong.
    pub message: String,
    /// Which field, if one is.
    pub parameter: Option<String>,
    /// The carrier account that says so.
    pub provider: Option<String>,
}

#[derive(Serialize)]
struct BodyView<'a> {
    r#type: &'a str,
    message: &'a str,
    errors: Vec<DetailView<'a>>,
}

#[derive(Serialize)]
struct DetailView<'a> {
    r#type: &'a str,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    parameter: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    provider: Option<&'a str>,
}

impl Refusal {
    /// A refusal with the usual text.
    pub fn new(kind: Kind) -> Self {
        let row = kind.row();
        let retry_after = row.is_transient.then_some(1);
        Self { status: row.status, retry_after, kind, message: row.message.to_owned(), errors: Vec::new() }
    }

    /// The same with another text.
    #[must_use]
    pub fn saying(self, message: impl Into<String>) -> Self {
        Self { message: message.into(), ..self }
    }

    /// The same with another status: some operations have 400 where others have 422.
    #[must_use]
    pub fn with_status(self, status: u16) -> Self {
        Self { status, ..self }
    }

    fn detailed(mut self, message: impl Into<String>, parameter: impl Into<String>) -> Self {
        let detail = Detail { message: message.into(), parameter: Some(parameter.into()), ..Detail::default() };
        self.errors.push(detail);
        self
    }

    /// A path names an order that there is none of.
    pub fn no_such_order(id: &str) -> Self {
        Self::new(Kind::NotFound).saying(format!("Order with id, {id}, is not found"))
    }

    /// A path names what can be no id of an order.
    pub fn no_order_id() -> Self {
        Self::new(Kind::InvalidData)
    }

    /// The request names a location that there is none of.
    pub fn no_such_location(name: &str) -> Self {
        const NONE: &str =
            "No such locationExternalId exists in our system. Please provide a valid locationExternalId.";
        let named: String = name.chars().take(100).collect();
        Self::new(Kind::InvalidData).saying(NONE).detailed(NONE, format!("locationExternalId: {named}"))
    }

    /// The body is no JSON.
    pub fn malformed(error: &ParseError) -> Self {
        Self::new(Kind::ValidationError).saying(format!("The request body is not valid JSON: {error}"))
    }

    /// The package of an order that is dispatched.
    pub fn package_is_fixed() -> Self {
        const FIXED: &str = "packages parameter cannot be changed post order dispatch";
        Self::new(Kind::ValidationError).saying(FIXED).detailed(FIXED, "package")
    }

    /// An edit that changes nothing.
    pub fn nothing_to_edit() -> Self {
        Self::new(Kind::ValidationError).saying("At least one field of the order is required")
    }

    /// Everything wrong with a body; `None` when nothing is. Values that break a rule are of one kind, missing ones of
    /// another.
    pub fn of(flaws: &[Flaw], body: &Json<'_>, of_values: Kind, of_missing: Kind) -> Option<Self> {
        let first = flaws.first()?;
        let kind = if is_missing(first, body) { of_missing } else { of_values };
        let refusal = Self::new(kind).with_status(400).saying(summary(first, body));
        let detail = |flaw: &Flaw| Detail {
            message: explained(flaw, body),
            parameter: Some(named(&flaw.path)),
            ..Detail::default()
        };
        Some(Self { errors: flaws.iter().map(detail).collect(), ..refusal })
    }

    /// The body has more bytes than are read.
    pub fn too_large(most_bytes: usize) -> Self {
        let text = format!("The request body is larger than {most_bytes} bytes");
        Self::new(Kind::ValidationError).with_status(413).saying(text)
    }

    /// The body does not arrive in time.
    pub fn too_slow() -> Self {
        let text = "The request body did not arrive in time: send it again";
        Self::new(Kind::ValidationError).with_status(408).saying(text)
    }

    /// No route has this path.
    pub fn no_such_page() -> Self {
        Self::new(Kind::NotFound).saying("There is nothing at this path")
    }

    /// The route does not take this method.
    pub fn method_not_allowed(method: &Method) -> Self {
        Self::new(Kind::InvalidOperation).with_status(405).saying(format!("{method} is not possible here"))
    }

    /// The key lacks a scope.
    fn denied(scope: &str) -> Self {
        Self::new(Kind::Forbidden).saying(format!("The key may not do this: it lacks the scope {scope}"))
    }

    /// The answer, in words that each generation chooses.
    pub fn respond(&self, status: u16, word: &str, scheme: &'static str) -> Response {
        let detail = |detail: &'_ Detail| (detail.word.unwrap_or(word).to_owned(), detail.clone());
        let details: Vec<_> = self.errors.iter().map(detail).collect();
        let mut errors: Vec<_> = details
            .iter()
            .map(|(word, detail)| DetailView {
                r#type: word,
                message: &detail.message,
                parameter: detail.parameter.as_deref(),
                provider: detail.provider.as_deref(),
            })
            .collect();
        if errors.is_empty() {
            errors.push(DetailView { r#type: word, message: &self.message, parameter: None, provider: None });
        }
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut answer = json(status, &BodyView { r#type: word, message: &self.message, errors });
        if let Some(seconds) = self.retry_after {
            answer.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.kind == Kind::Unauthorized {
            answer.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static(scheme));
        }
        answer
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        self.respond(self.status, self.kind.row().word, "Bearer")
    }
}

/// `deliveryAddress.city`, `itemList[0].quantity`.
fn named(path: &[Step]) -> String {
    let mut text = String::new();
    for step in path {
        match step {
            Step::Key(name) if text.is_empty() => text.push_str(name),
            Step::Key(name) => text.extend([".", name]),
            Step::Index(index) => text.extend(["[", index.to_string().as_str(), "]"]),
        }
    }
    text
}

/// A field that is not there, or holds nothing, is missing.
fn is_missing(flaw: &Flaw, body: &Json<'_>) -> bool {
    let holds_nothing = match body.at(&flaw.path) {
        None | Some(Json::Null) => true,
        Some(Json::Text(text)) => text.is_empty(),
        Some(_) => false,
    };
    flaw.fault == Fault::Missing || (holds_nothing && !flaw.path.is_empty())
}

/// The published text for what is wrong with a field.
fn summary(flaw: &Flaw, body: &Json<'_>) -> String {
    let name = named(&flaw.path);
    match (name.as_str(), &flaw.fault) {
        ("", _) => "The request body must be a JSON object".to_owned(),
        // A rule of this dialect's own has its own text.
        (_, Fault::Other(text)) if !text.starts_with("Input ") => text.clone(),
        ("deliveryAddress", _) if is_missing(flaw, body) => "Delivery Address not provided".to_owned(),
        _ if is_missing(flaw, body) => format!("{name} is a required field"),
        _ => format!("The value for the {name} field is invalid"),
    }
}

/// The same with the value that was found and what was expected.
fn explained(flaw: &Flaw, body: &Json<'_>) -> String {
    let summary = summary(flaw, body);
    let found = body.at(&flaw.path).filter(|_| !is_missing(flaw, body) && !flaw.path.is_empty());
    let Some(found) = found else { return summary };
    let mut shown: String = found.to_string().chars().take(80).collect();
    if shown.chars().count() == 80 {
        shown.push('…');
    }
    let expected = wording(&flaw.fault);
    if *expected == *summary {
        format!("{summary}: found {shown}")
    } else {
        format!("{summary}: found {shown}. {expected}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_stands_at_its_place_in_the_table() {
        for (place, row) in KINDS.iter().enumerate() {
            assert_eq!(row.kind as usize, place, "{}", row.word);
            assert_eq!(row.kind.row().word, row.word);
        }
    }
}
