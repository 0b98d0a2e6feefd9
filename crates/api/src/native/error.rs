//! Refusals of the native API: RFC 9457 problem details, every problem with a pointer to its field.

use axum::response::{IntoResponse, Response};
use domain::error::{CarrierError, Unknown};
use domain::ids::ShipmentId;
use domain::{Error, Problem};
use http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, Method, StatusCode};
use serde::Serialize;

use crate::dialect::json;
use crate::json::ParseError;

/// A problem document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Problems {
    #[serde(skip)]
    retry_after: Option<u32>,
    r#type: String,
    title: &'static str,
    status: u16,
    detail: String,
    /// Where the carrier's full answer stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    carrier_answer: Option<Box<str>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<FieldError>,
}

/// One field that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct FieldError {
    /// RFC 6901 pointer into the body, or the name of a query parameter.
    pointer: String,
    detail: String,
}

impl Problems {
    fn new(status: StatusCode, kind: &str, title: &'static str, detail: impl Into<String>) -> Self {
        Self {
            retry_after: None,
            r#type: format!("/docs/errors#{kind}"),
            title,
            status: status.as_u16(),
            detail: detail.into(),
            carrier_answer: None,
            errors: Vec::new(),
        }
    }

    fn with(mut self, problems: &[Problem]) -> Self {
        let field = |problem: &Problem| FieldError {
            pointer: if problem.path.is_empty() { String::new() } else { format!("/{}", problem.path) },
            detail: problem.message.clone(),
        };
        self.errors = problems.iter().map(field).collect();
        self
    }

    pub(super) fn invalid(problems: &[Problem]) -> Self {
        let detail = match problems.len() {
            1 => "One field is wrong; see errors.".to_owned(),
            count => format!("{count} fields are wrong; see errors."),
        };
        Self::new(StatusCode::BAD_REQUEST, "invalid", "Invalid input", detail).with(problems)
    }

    pub(super) fn malformed(error: &ParseError) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "malformed", "Malformed JSON", format!("The body is not JSON: {error}."))
    }

    pub(super) fn too_large(most_bytes: usize) -> Self {
        let detail = format!("The body is larger than {most_bytes} bytes: send less at once.");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", "Body too large", detail)
    }

    pub(super) fn too_slow() -> Self {
        let detail = "The body did not arrive in time: send it again.";
        Self::new(StatusCode::REQUEST_TIMEOUT, "too-slow", "Body too slow", detail)
    }

    pub(super) fn no_such_page() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not-found", "Not found", "There is nothing at this path.")
    }

    pub(super) fn method_not_allowed(method: &Method) -> Self {
        let detail = format!("{method} is not possible here; the Allow header says what is.");
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", "Method not allowed", detail)
    }

    /// Something else stands there than the client has seen.
    pub(super) fn changed_meanwhile(tag: &str) -> Self {
        let detail =
            format!("It was changed meanwhile and stands as {tag} now: read it again, then send the change again.");
        Self::new(StatusCode::PRECONDITION_FAILED, "changed-meanwhile", "Changed meanwhile", detail)
    }

    /// An update that does not say what the client has seen.
    pub(super) fn tag_missing() -> Self {
        let detail = "Send If-Match with the ETag of what you have read, or * to change whatever stands there.";
        Self::new(StatusCode::PRECONDITION_REQUIRED, "tag-missing", "If-Match missing", detail)
    }

    /// An `If-Match` nobody can read.
    pub(super) fn no_tag() -> Self {
        let problem = Problem::new("If-Match", "expected entity tags in quotation marks, as an ETag gives them, or *");
        Self::invalid(&[problem])
    }

    pub(super) fn answer(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut answer = json(status, &self);
        let headers = answer.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(seconds) = self.retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        answer
    }
}

impl IntoResponse for Problems {
    fn into_response(self) -> Response {
        self.answer()
    }
}

/// The only place where an error of a verb becomes an answer.
impl From<Error> for Problems {
    fn from(error: Error) -> Self {
        match error {
            Error::NotFound(noun) => {
                Self::new(StatusCode::NOT_FOUND, "not-found", "Not found", format!("There is no such {noun}."))
            }
            Error::Invalid(problems) => Self::invalid(&problems),
            Error::Conflict(text) => Self::new(StatusCode::CONFLICT, "conflict", "Conflict", text),
            Error::Denied(scope) => {
                let detail = format!("This key lacks the scope {scope}.");
                Self::new(StatusCode::FORBIDDEN, "denied", "Denied", detail)
            }
            Error::Unauthenticated(why) => {
                let detail = match why {
                    Unknown::Missing => "Send a key's secret as Authorization: Bearer.",
                    Unknown::Wrong => "No key has this secret.",
                };
                Self::new(StatusCode::UNAUTHORIZED, "unauthenticated", "Unauthenticated", detail)
            }
            Error::TooMany { retry_after } => {
                let seconds = retry_after.as_secs().max(1);
                let detail = format!("Wait {seconds} s before the next request.");
                let problems = Self::new(StatusCode::TOO_MANY_REQUESTS, "too-many", "Too many requests", detail);
                Self { retry_after: u32::try_from(seconds).ok(), ..problems }
            }
            Error::Carrier(error, shipment) => of_carrier(&error, shipment),
            Error::Unavailable(_) => {
                let detail = "The server cannot do this now. Please try again in a moment.";
                let problems = Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", "Unavailable", detail);
                Self { retry_after: Some(1), ..problems }
            }
            Error::Internal(_) => {
                let detail = "Something broke here, and it was logged.";
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "Server error", detail)
            }
        }
    }
}

/// A carrier's field in the words of this interface: the recipient stands in the order, the sender at the location.
pub(super) fn in_our_words(problem: &Problem) -> Problem {
    let path = match problem.path.split_once('/').unwrap_or((&problem.path, "")) {
        ("recipient", "") => "shipping_address".to_owned(),
        ("recipient", field) => format!("shipping_address/{field}"),
        ("sender", "") => "location/address".to_owned(),
        ("sender", field) => format!("location/address/{field}"),
        _ => problem.path.clone(),
    };
    Problem { path, ..problem.clone() }
}

fn of_carrier(error: &CarrierError, shipment: Option<ShipmentId>) -> Problems {
    let carrier_answer = shipment.map(|id| format!("/v1/shipments/{id}/exchanges").into_boxed_str());
    Problems { carrier_answer, ..carrier_problems(error) }
}

fn carrier_problems(error: &CarrierError) -> Problems {
    let text = error.to_string();
    match error {
        CarrierError::Refused(problems) => {
            let problems: Vec<_> = problems.iter().map(in_our_words).collect();
            Problems::new(StatusCode::UNPROCESSABLE_ENTITY, "carrier-refused", "Carrier refused", text).with(&problems)
        }
        CarrierError::Credentials(_) | CarrierError::Unsupported(_) => {
            Problems::new(StatusCode::UNPROCESSABLE_ENTITY, "carrier-refused", "Carrier refused", text)
        }
        CarrierError::Unavailable { retry_after, .. } => {
            let detail = "Not known yet, asking the carrier.";
            let problems = Problems::new(StatusCode::SERVICE_UNAVAILABLE, "carrier-silent", "Carrier silent", detail);
            Problems { retry_after: u32::try_from(retry_after.unwrap_or(5)).ok(), ..problems }
        }
        CarrierError::Unreadable(_) => {
            let detail = "Not known yet, asking the carrier.";
            Problems::new(StatusCode::BAD_GATEWAY, "carrier-unreadable", "Carrier unreadable", detail)
        }
    }
}
