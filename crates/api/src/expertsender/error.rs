//! Refusals: RFC 7807 problems with `substatus`, and with `errors`, a flat list of texts.
//!
//! The vendor's WooCommerce plugin takes every answer but 401 and 500 for success unless it has `errors`, and breaks when
//! those two have them; so every refusal has `errors` but these two, as published.

use std::borrow::Cow;

use axum::response::{IntoResponse, Response};
use domain::error::{CarrierError, Rule, Unknown};
use domain::{Error, Problem};
use http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, Method, StatusCode};
use serde::Serialize;

use crate::json::fields::{Fault, Flaw, Step};
use crate::json::{Json, ParseError};

/// The one published `substatus`.
const INVALID: &str = "CustomerInvalidModelState";

/// A refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The HTTP status.
    pub status: u16,
    /// What kind of refusal, for programs.
    pub substatus: &'static str,
    /// What is wrong, for people.
    pub detail: Cow<'static, str>,
    /// Everything that is wrong.
    pub errors: Option<Vec<String>>,
    /// Seconds for the `Retry-After` header.
    pub retry_after: Option<u64>,
}

/// A refusal as it is sent.
#[derive(Serialize)]
struct Sent<'r> {
    /// Leads to the section of the HTTP standard that defines the status.
    #[serde(rename = "type")]
    kind: &'static str,
    /// The status in words.
    title: &'static str,
    status: u16,
    substatus: &'static str,
    detail: &'r str,
    /// What was asked for, relative to the request: itself.
    instance: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    errors: Option<&'r [String]>,
}

/// What the standard says of a status: the section that defines it, and its title.
fn standard(status: u16) -> (&'static str, &'static str) {
    match status {
        400 => ("https://tools.ietf.org/html/rfc7231#section-6.5.1", "One or more validation errors occurred."),
        401 => ("https://tools.ietf.org/html/rfc7235#section-3.1", "Unauthorized"),
        404 => ("https://tools.ietf.org/html/rfc7231#section-6.5.4", "Not Found"),
        405 => ("https://tools.ietf.org/html/rfc7231#section-6.5.5", "Method Not Allowed"),
        408 => ("https://tools.ietf.org/html/rfc7231#section-6.5.7", "Request Timeout"),
        409 => ("https://tools.ietf.org/html/rfc7231#section-6.5.8", "Conflict"),
        413 => ("https://tools.ietf.org/html/rfc7231#section-6.5.11", "Payload Too Large"),
        429 => ("https://tools.ietf.org/html/rfc6585#section-4", "Too Many Requests"),
        502 => ("https://tools.ietf.org/html/rfc7231#section-6.6.3", "Bad Gateway"),
        503 => ("https://tools.ietf.org/html/rfc7231#section-6.6.4", "Service Unavailable"),
        _ => ("https://tools.ietf.org/html/rfc7231#section-6.6.1", "An error occurred while processing your request."),
    }
}

impl Refusal {
    /// A refusal with one text.
    fn new(status: u16, substatus: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        let detail = detail.into();
        let errors = (status != 401 && status != 500).then(|| vec![detail.clone().into_owned()]);
        Self { status, substatus, detail, errors, retry_after: None }
    }

    /// A batch or a body with several things wrong.
    fn invalid(substatus: &'static str, errors: Vec<String>) -> Self {
        let detail: Cow<'static, str> = match errors.as_slice() {
            [only] => only.clone().into(),
            _ => "Nothing was stored: see the errors.".into(),
        };
        Self { errors: Some(errors), ..Self::new(400, substatus, detail) }
    }

    fn after(self, seconds: u64) -> Self {
        Self { retry_after: Some(seconds.max(1)), ..self }
    }

    /// The body is no JSON.
    pub fn malformed(error: &ParseError) -> Self {
        Self::new(400, INVALID, format!("the body is no JSON: {error}"))
    }

    /// Everything wrong with a body, each with its place, what was found and what was expected.
    pub fn of(flaws: &[Flaw], body: &Json<'_>) -> Self {
        let text = |flaw: &Flaw| {
            let place = place(&flaw.path);
            let found = body.at(&flaw.path).filter(|_| flaw.fault != Fault::Missing);
            let found = found.map(|json| format!(", found {}", shown(json))).unwrap_or_default();
            format!("{place}: {}{found}", expected(&flaw.fault))
        };
        Self::invalid(INVALID, flaws.iter().map(text).collect())
    }

    /// What is wrong with a batch of orders as a whole.
    pub fn of_batch(error: Error) -> Self {
        let Error::Invalid(problems) = error else { return error.into() };
        let text = |problem: &Problem| {
            let (index, field) = problem.path.split_once('/').unwrap_or(("0", ""));
            let id = &problem.message;
            match (field, problem.rule) {
                ("external_id", Rule::Taken) => format!("data[{index}].id: Order with id '{id}' already exists"),
                ("external_id", _) => format!("data[{index}].id: Order with id '{id}' does not exist"),
                ("channel", _) => format!("data[{index}].websiteId: {id}"),
                ("email" | "phone", _) => format!("data[{index}].{field}: {id}"),
                ("crm_id", _) => format!("data[{index}].crmId: {id}"),
                _ => format!("data[{index}]: {id}"),
            }
        };
        let all =
            |rule: Rule| problems.iter().all(|problem| problem.rule == rule && problem.path.ends_with("external_id"));
        let substatus = match () {
            () if all(Rule::Taken) => "OrderAlreadyExists",
            () if all(Rule::Unknown) => "OrderNotFound",
            () => INVALID,
        };
        Self::invalid(substatus, problems.iter().map(text).collect())
    }

    /// The order whose status is to be set does not exist; the interface knows no 404 there.
    pub fn no_order_to_change(id: &str) -> Self {
        Self::new(400, "OrderNotFound", format!("orderId: Order with id '{id}' does not exist"))
    }

    /// No route has this path.
    pub fn no_such_page() -> Self {
        Self::new(404, "NotFound", "There is nothing at this address.")
    }

    /// The route does not take this method. The answer needs an `Allow` header.
    pub fn method_not_allowed(method: &Method) -> Self {
        Self::new(405, "MethodNotAllowed", format!("The method {method} is not allowed here."))
    }

    /// The body has more bytes than are read.
    pub fn too_large(most_bytes: usize) -> Self {
        let detail = format!("The body is larger than {most_bytes} bytes: send fewer orders at once.");
        Self::new(413, "PayloadTooLarge", detail)
    }

    /// The body does not arrive in time.
    pub fn too_slow() -> Self {
        Self::new(408, "RequestTimeout", "The body did not arrive in time: send it again.")
    }
}

/// `data[0].products[2].price`.
fn place(path: &[Step]) -> String {
    let mut text = String::new();
    for step in path {
        match step {
            Step::Key(name) if text.is_empty() => text.push_str(name),
            Step::Key(name) => text = format!("{text}.{name}"),
            Step::Index(index) => text = format!("{text}[{index}]"),
        }
    }
    if text.is_empty() { "body".to_owned() } else { text }
}

/// A value as a text shows it, not longer than a line.
fn shown(json: &Json<'_>) -> String {
    const LONGEST: usize = 60;
    let text = match json {
        Json::List(list) => format!("a list of {}", list.len()),
        Json::Object(_) => "an object".to_owned(),
        Json::Text(text) => format!("{:?}", text.chars().take(LONGEST + 1).collect::<String>()),
        json => json.to_string(),
    };
    if text.chars().count() <= LONGEST + 2 { text } else { text.chars().take(LONGEST).collect::<String>() + "…" }
}

/// What is expected instead.
fn expected(fault: &Fault) -> Cow<'static, str> {
    let words = match fault {
        Fault::Missing => "is required",
        Fault::Forbidden => "is not known here",
        Fault::NotText => "expected a text",
        Fault::NotObject => "expected an object",
        Fault::NotList => "expected a list",
        Fault::NotInteger | Fault::NotIntegerText | Fault::Fraction => "expected a whole number",
        Fault::NotNumber | Fault::NotNumberText => "expected a number",
        Fault::TooManyDigits => "expected a number of at most 28 digits",
        Fault::NotBool | Fault::NotBoolText => "expected true or false",
        Fault::NotTime => "expected a date and time such as \"2024-11-06T10:10:00.055Z\"",
        Fault::NotTimeText(why) => {
            return format!("expected a date and time such as \"2024-11-06T10:10:00.055Z\" ({why})").into();
        }
        Fault::TooShort(least) => return format!("expected at least {least} character(s)").into(),
        Fault::TooLong(most) => return format!("expected at most {most} characters").into(),
        Fault::TooFew(least, _) => return format!("expected at least {least} entry").into(),
        Fault::TooMany(most, _) => return format!("expected at most {most} entries").into(),
        Fault::NotAbove(bound) => return format!("expected more than {bound}").into(),
        Fault::BelowLeast(least) => return format!("expected {least} or more").into(),
        Fault::AboveMost(most) => return format!("expected {most} or less").into(),
        Fault::NotOneOf(words) => return format!("expected one of {}", words.join(", ")).into(),
        Fault::NotOneOfNumbers(numbers) => {
            let numbers: Vec<_> = numbers.iter().map(ToString::to_string).collect();
            return format!("expected one of {}", numbers.join(", ")).into();
        }
        Fault::NotUrl => "expected a URL",
        Fault::NotEmail(_) => "expected an e-mail address",
        Fault::NotCurrency => "expected three letters such as USD",
        Fault::Nul => "expected a text without the character U+0000",
        Fault::Other(text) => return text.clone().into(),
    };
    words.into()
}

/// The only place where an error of a verb becomes an answer. What only a log may hold is left out.
impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        match error {
            Error::NotFound("order") => Self::new(404, "OrderNotFound", "There is no such order."),
            Error::NotFound("customer") => Self::new(404, "CustomerNotFound", "There is no such customer."),
            Error::NotFound(noun) => Self::new(404, "NotFound", format!("There is no such {noun}.")),
            Error::Invalid(problems) if problems.is_empty() => Self::new(400, INVALID, "The request is not valid."),
            Error::Invalid(problems) => {
                let text = |problem: &Problem| match problem.path.as_str() {
                    "" => problem.message.clone(),
                    path => format!("{}: {}", path.replace('/', "."), problem.message),
                };
                Self::invalid(INVALID, problems.iter().map(text).collect())
            }
            Error::Conflict(text) => Self::new(409, "Conflict", text),
            // The published 401 is for both, a key that is missing and one that may not.
            Error::Denied(scope) => {
                Self::new(401, "Forbidden", format!("The key may not do this: it lacks the scope {scope}."))
            }
            Error::Unauthenticated(Unknown::Missing) => {
                Self::new(401, "Unauthorized", "The request has no API key: send it as x-api-key.")
            }
            Error::Unauthenticated(Unknown::Wrong) => Self::new(401, "Unauthorized", "No API key is called so."),
            Error::TooMany { retry_after } => {
                let seconds = retry_after.as_secs().max(1);
                let detail = format!("Too many requests: try again in {seconds} seconds.");
                Self::new(429, "TooManyRequests", detail).after(seconds)
            }
            Error::Carrier(error, _) => of_carrier(&error),
            Error::Unavailable(_) => {
                Self::new(503, "ServiceUnavailable", "The service is busy: try again in a moment.").after(1)
            }
            Error::Internal(_) => Self::new(500, "InternalServerError", "Something broke here, and it was logged."),
        }
    }
}

/// No verb this dialect calls tells of a carrier; one that did would be told of as elsewhere.
fn of_carrier(error: &CarrierError) -> Refusal {
    match error {
        CarrierError::Refused(_) | CarrierError::Credentials(_) | CarrierError::Unsupported(_) => {
            Refusal::new(409, "Conflict", format!("The carrier refused: {error}"))
        }
        CarrierError::Unavailable { retry_after, .. } => {
            Refusal::new(503, "ServiceUnavailable", "The carrier did not answer.").after(retry_after.unwrap_or(1))
        }
        CarrierError::Unreadable(_) => Refusal::new(502, "BadGateway", "The carrier's answer could not be read."),
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let (kind, title) = standard(self.status);
        let sent = Sent {
            kind,
            title,
            status: self.status,
            substatus: self.substatus,
            detail: &self.detail,
            instance: "",
            errors: self.errors.as_deref(),
        };
        let mut answer = crate::dialect::json(status, &sent);
        let headers = answer.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(seconds) = self.retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.status == 401 {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("ApiKey"));
        }
        answer
    }
}
