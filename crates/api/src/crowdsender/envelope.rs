//! The envelope `{code, info, data}` of every answer, good or bad; `code` is the HTTP status.

use axum::response::{IntoResponse, Response};
use domain::error::Rule;
use domain::{Error, Problem};
use http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};

use crate::json::fields::{Flaw, Step, wording};
use crate::json::{Json, ParseError};

/// An answer with data.
pub fn answer(status: StatusCode, data: Json<'static>) -> Response {
    wrapped(status, "OK", data)
}

fn wrapped(status: StatusCode, info: &str, data: Json<'static>) -> Response {
    let body = super::encode::object(vec![
        ("code", Json::from(i64::from(status.as_u16()))),
        ("info", Json::from(info.to_owned())),
        ("data", data),
    ]);
    (status, [(CONTENT_TYPE, HeaderValue::from_static("application/json"))], body.to_string()).into_response()
}

/// A refusal: the status and what is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The HTTP status.
    pub status: u16,
    /// What is wrong, which value, what was expected.
    pub info: String,
    /// Seconds to wait.
    pub retry_after: Option<u64>,
}

impl Refusal {
    /// A refusal with a text.
    pub fn new(status: u16, info: impl Into<String>) -> Self {
        Self { status, info: info.into(), retry_after: None }
    }

    /// The body is no JSON.
    pub fn malformed(error: &ParseError) -> Self {
        Self::new(400, format!("the body is not valid JSON: {error}"))
    }

    /// Everything wrong with a body; `None` when nothing is.
    pub fn of(flaws: &[Flaw], body: &Json<'_>) -> Option<Self> {
        let told: Vec<_> = flaws.iter().map(|flaw| told(flaw, body)).collect();
        (!told.is_empty()).then(|| Self::new(400, told.join("; ")))
    }

    /// A query that cannot be read or carried out.
    pub fn query(why: impl std::fmt::Display) -> Self {
        Self::new(400, format!("query: {why}"))
    }
}

/// `shipment.boxes[0].weight: Input should be …, found "heavy"`.
fn told(flaw: &Flaw, body: &Json<'_>) -> String {
    let mut name = String::new();
    for step in &flaw.path {
        match step {
            Step::Key(key) if name.is_empty() => name.push_str(key),
            Step::Key(key) => name.extend([".", key]),
            Step::Index(index) => name.extend(["[", index.to_string().as_str(), "]"]),
        }
    }
    let words = wording(&flaw.fault);
    match body.at(&flaw.path) {
        _ if flaw.path.is_empty() => "the body must be a JSON object".to_owned(),
        None => format!("{name}: {words}"),
        Some(found) => {
            let shown: String = found.to_string().chars().take(80).collect();
            format!("{name}: {words}, found {shown}")
        }
    }
}

fn listed(problems: &[Problem]) -> String {
    let one = |problem: &Problem| match problem.path.as_str() {
        "" => problem.message.clone(),
        path => format!("{}: {}", path.replace('/', "."), problem.message),
    };
    problems.iter().map(one).collect::<Vec<_>>().join("; ")
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        match error {
            Error::NotFound(what) => Self::new(404, format!("there is no such {what}")),
            Error::Invalid(problems) if problems.iter().any(|problem| problem.rule == Rule::Taken) => {
                Self::new(409, "_externalReferenceId: another order has it already")
            }
            Error::Invalid(problems) => Self::new(400, listed(&problems)),
            Error::Conflict(text) => Self::new(409, text),
            Error::Denied(scope) => Self::new(403, format!("the key may not do this: it lacks the scope {scope}")),
            Error::Unauthenticated(_) => Self::new(401, "the API key is missing or wrong: send it as x-api-key"),
            Error::TooMany { retry_after } => {
                let seconds = retry_after.as_secs().max(1);
                Self { retry_after: Some(seconds), ..Self::new(429, format!("too many requests: wait {seconds} s")) }
            }
            Error::Carrier(error, _) => Self::new(422, error.to_string()),
            Error::Unavailable(_) => {
                Self { retry_after: Some(1), ..Self::new(503, "the server cannot do this now: try again in a moment") }
            }
            Error::Internal(_) => Self::new(500, "something broke here, and it was logged"),
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut answer = wrapped(status, &self.info, Json::Null);
        if let Some(seconds) = self.retry_after {
            answer.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.status == 401 {
            answer.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        answer
    }
}
