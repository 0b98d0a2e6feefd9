//! Refusals. The error bodies of this API are unpublished; ours are those of the framework that its `iri` and
//! `order_date[before]` come from, and for credentials those of that framework's token library.

use std::fmt::Write as _;

use axum::response::{IntoResponse, Response};
use domain::Error;
use domain::error::{Problem, Unknown};
use http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};
use serde::Serialize;

use crate::dialect::{json, log_if_ours};
use crate::json::Json;
use crate::json::fields::{Flaw, Step, wording};

/// A refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The HTTP status.
    pub status: u16,
    /// What is wrong in all.
    pub detail: String,
    /// Every field that is wrong.
    pub violations: Vec<Violation>,
    /// Seconds for the `Retry-After` header.
    pub retry_after: Option<u64>,
}

/// A field that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Violation {
    /// Where, in the names the client sent: `carrier.country`.
    pub property_path: String,
    /// What is wrong, with the value.
    pub message: String,
}

/// The body of a refusal.
#[derive(Serialize)]
struct Shape<'a> {
    r#type: &'static str,
    title: &'static str,
    detail: &'a str,
    #[serde(skip_serializing_if = "<[Violation]>::is_empty")]
    violations: &'a [Violation],
}

/// The body of a refusal to somebody nobody knows.
#[derive(Serialize)]
struct Stranger<'a> {
    code: u16,
    message: &'a str,
}

impl Refusal {
    /// A refusal without fields.
    pub fn new(status: u16, detail: impl Into<String>) -> Self {
        Self { status, detail: detail.into(), violations: Vec::new(), retry_after: None }
    }

    /// A body that is neither JSON nor a form.
    pub fn malformed(why: &str) -> Self {
        Self::new(400, format!("The body cannot be read: {why}."))
    }

    /// A field that is wrong.
    pub fn of_field(path: &str, message: impl Into<String>) -> Self {
        Self::of_fields(vec![Violation { property_path: path.to_owned(), message: message.into() }])
    }

    /// Several fields that are wrong.
    pub fn of_fields(violations: Vec<Violation>) -> Self {
        let line = |violation: &Violation| format!("{}: {}", violation.property_path, violation.message);
        let detail = violations.iter().map(line).collect::<Vec<_>>().join("\n");
        Self { status: 400, detail, violations, retry_after: None }
    }

    /// What was noted while a body was read; `None` when nothing was.
    pub fn of(flaws: &[Flaw], body: &Json<'_>) -> Option<Self> {
        let violation = |flaw: &Flaw| {
            let message = wording(&flaw.fault);
            let found = body.at(&flaw.path).filter(|found| !matches!(found, Json::Object(_) | Json::List(_)));
            let message = match found.map(|found| shortened(&found.to_string())) {
                Some(found) => format!("{message} (found {found})"),
                None => message.into_owned(),
            };
            Violation { property_path: path(&flaw.path), message }
        };
        (!flaws.is_empty()).then(|| Self::of_fields(flaws.iter().map(violation).collect()))
    }

    /// There is no such thing, or it is another tenant's.
    pub fn not_found(noun: &str) -> Self {
        Self::new(404, format!("There is no such {noun}."))
    }
}

fn shortened(text: &str) -> String {
    const MOST: usize = 80;
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// `carrier.country`, `order_tags[0].name`.
fn path(steps: &[Step]) -> String {
    let mut path = String::new();
    for step in steps {
        match step {
            Step::Key(name) if path.is_empty() => path.push_str(&shortened(name)),
            Step::Key(name) => {
                path.push('.');
                path.push_str(&shortened(name));
            }
            Step::Index(index) => {
                let _ = write!(path, "[{index}]");
            }
        }
    }
    path
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        log_if_ours(&error);
        match error {
            Error::NotFound(noun) => Self::not_found(noun),
            Error::Invalid(problems) => {
                let violation = |problem: Problem| Violation {
                    property_path: problem.path.replace('/', "."),
                    message: problem.message,
                };
                Self::of_fields(problems.into_iter().map(violation).collect())
            }
            Error::Conflict(why) => Self::new(409, why),
            Error::Denied(scope) => Self::new(403, format!("This key may not do that: it lacks the scope {scope}.")),
            Error::Unauthenticated(Unknown::Missing) => Self::new(401, "JWT Token not found"),
            Error::Unauthenticated(Unknown::Wrong) => Self::new(401, "Bad credentials"),
            Error::TooMany { retry_after } => {
                Self { retry_after: Some(retry_after.as_secs().max(1)), ..Self::new(429, "Too many requests.") }
            }
            Error::Carrier(error, _) if error.is_unsure() => Self {
                retry_after: Some(60),
                ..Self::new(503, format!("The carrier did not answer and is asked again: {error}"))
            },
            Error::Carrier(error, _) => Self::new(409, format!("The carrier said no: {error}")),
            Error::Unavailable(_) => {
                Self { retry_after: Some(1), ..Self::new(503, "The service is busy. Please try again in a moment.") }
            }
            Error::Internal(_) => Self::new(500, "Something broke here, and it was logged."),
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut answer = match self.status {
            401 => json(status, &Stranger { code: self.status, message: &self.detail }),
            _ => json(
                status,
                &Shape {
                    r#type: "https://tools.ietf.org/html/rfc2616#section-10",
                    title: "An error occurred",
                    detail: &self.detail,
                    violations: &self.violations,
                },
            ),
        };
        if let Some(seconds) = self.retry_after {
            answer.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.status == 401 {
            answer.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        answer
    }
}
