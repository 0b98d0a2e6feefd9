//! Sendcloud's refusals: one envelope, exact texts (Pydantic v2's wording for values, Django's for the rest).

use std::borrow::Cow;

use domain::error::{CarrierError, Unknown};
use domain::{Error, Problem};
use serde::Serialize;

use crate::json::ParseError;
use crate::json::fields::{Fault, Flaw, wording};

type Words = Cow<'static, str>;

/// A refusal: the HTTP status and the body `{"errors":[…]}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Errors {
    /// The HTTP status.
    #[serde(skip)]
    pub status: u16,
    /// Seconds for the `Retry-After` header.
    #[serde(skip)]
    pub retry_after: Option<u64>,
    /// What is wrong; never empty.
    pub errors: Vec<ErrorBody>,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ErrorBody {
    /// The status again, as text except where the real service writes a number.
    pub status: Status,
    /// The kind, in snake case.
    pub code: Words,
    /// A short summary.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<Words>,
    /// What is wrong, for people.
    pub detail: Words,
    /// Where.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<Source>,
}

/// An HTTP status inside a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// `"404"`.
    Text(u16),
    /// `404`: the integration endpoints.
    Number(u16),
}

impl Serialize for Status {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Text(status) => serializer.collect_str(status),
            Self::Number(status) => serializer.serialize_u16(*status),
        }
    }
}

/// The part of the request that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// A place in the body.
    Pointer(Words),
    /// A query parameter.
    Parameter(Words),
    /// A header.
    Header(Words),
}

impl ErrorBody {
    fn new(status: u16, code: impl Into<Words>, title: Option<&'static str>, detail: impl Into<Words>) -> Self {
        Self {
            status: Status::Text(status),
            code: code.into(),
            title: title.map(Words::Borrowed),
            detail: detail.into(),
            source: None,
        }
    }

    /// An invalid value at a place of the body.
    pub fn invalid(pointer: impl Into<Words>, detail: impl Into<Words>) -> Self {
        Self::new(400, "invalid", None, detail).at(Source::Pointer(pointer.into()))
    }

    fn at(mut self, source: Source) -> Self {
        self.source = Some(source);
        self
    }

    /// In the 202 answer of `create-labels-async`: this order of the request could not be shipped.
    pub fn order_cannot_ship(index: usize, detail: impl Into<Words>) -> Self {
        Self::new(400, "validation_error", Some("Invalid order"), detail)
            .at(Source::Pointer(format!("/data/attributes/orders/[{index}]").into()))
    }

    /// In the 202 answer of `create-labels-async`: no location has this alias.
    pub fn no_sender_address() -> Self {
        Self::new(404, "invalid", None, "Does not exist.")
            .at(Source::Pointer("/data/attributes/sender_address_id".into()))
    }
}

impl Errors {
    fn one(status: u16, error: ErrorBody) -> Self {
        Self { status, retry_after: None, errors: vec![error] }
    }

    fn simple(status: u16, code: &'static str, title: &'static str, detail: impl Into<Words>) -> Self {
        Self::one(status, ErrorBody::new(status, code, Some(title), detail))
    }

    /// Everything wrong with a body; `None` when nothing is. An order of a batch has its index in brackets.
    pub fn of(flaws: &[Flaw]) -> Option<Self> {
        let errors: Vec<_> =
            flaws.iter().map(|flaw| ErrorBody::invalid(pointer(&flaw.path_text()), wording(&flaw.fault))).collect();
        (!errors.is_empty()).then_some(Self { status: 400, retry_after: None, errors })
    }

    /// The body is no JSON (Django REST Framework's wording).
    pub fn malformed(error: &ParseError) -> Self {
        Self::one(400, ErrorBody::new(400, "invalid", None, format!("JSON parse error - {error}")))
    }

    /// The body of `POST /orders` is no list.
    pub fn not_a_list() -> Self {
        Self::simple(400, "non_field_errors", "Wrong format", "Wrong request format, expected list of objects")
    }

    /// The body of another endpoint is no object.
    pub fn not_an_object() -> Self {
        Self::simple(400, "non_field_errors", "Wrong format", "Wrong request format, expected object")
    }

    /// More than 100 orders in one POST.
    pub fn too_many_orders(most: usize, found: usize) -> Self {
        let detail = format!("Orders list should have at most {most} items, not {found}");
        Self::one(400, ErrorBody::invalid("/data/attributes/", detail))
    }

    /// An order of the batch names an integration the caller does not have.
    pub fn no_such_integration(index: usize, integration: i64) -> Self {
        let place = format!("/data/attributes/[{index}]/order_details/integration/id");
        Self::one(400, ErrorBody::invalid(place, format!("Integration with id {integration} does not exist")))
    }

    /// A request to ship names an integration the caller does not have.
    pub fn no_integration_to_ship(integration: i64) -> Self {
        let detail = format!("Integration with id {integration} does not exist");
        Self::one(400, ErrorBody::invalid("/data/attributes/integration_id", detail))
    }

    /// An update names another `order_id` than the stored one; `index` is the order's place in a batch, `None` in
    /// PATCH.
    pub fn order_id_cannot_change(index: Option<usize>, order_id: &str) -> Self {
        Self::one(
            400,
            ErrorBody::invalid(in_order(index, "order_id"), format!("Order id {order_id} cannot be changed")),
        )
    }

    /// An update names another integration than the stored one's.
    pub fn integration_cannot_change(index: Option<usize>, integration: i64) -> Self {
        let detail = format!("Integration id {integration} cannot be changed");
        Self::one(400, ErrorBody::invalid(in_order(index, "order_details/integration/id"), detail))
    }

    /// The same order is being saved by another request.
    pub fn busy() -> Self {
        let detail = "We are still processing a previous request. Please try again in a moment.";
        Self::one(400, ErrorBody::invalid("/data", detail))
    }

    /// The list's filter names an integration the caller does not have.
    pub fn no_such_choice(parameter: &'static str, value: &str) -> Self {
        let detail = format!("Select a valid choice. {value} is not one of the available choices.");
        let error = ErrorBody::new(400, "invalid_choice", Some("Invalid Choice"), detail);
        Self::one(400, error.at(Source::Parameter(parameter.into())))
    }

    /// A filter's value cannot be read (Django's wording; the notes are silent).
    pub fn bad_parameter(parameter: &'static str, detail: &'static str) -> Self {
        let error = ErrorBody::new(400, "invalid", Some("Invalid"), detail);
        Self::one(400, error.at(Source::Parameter(parameter.into())))
    }

    /// The list's cursor is none of ours.
    pub fn bad_cursor() -> Self {
        Self::simple(404, "not_found", "Invalid cursor", "Invalid cursor")
    }

    /// GET or DELETE of an order that does not exist.
    pub fn no_such_order() -> Self {
        let detail = "The order could not be found with the search criteria given";
        Self::simple(404, "not_found", "Not found", detail)
    }

    /// PATCH of an order that does not exist.
    pub fn no_order_to_patch() -> Self {
        Self::simple(404, "not_found", "Not found", "Could not find specified item.")
    }

    /// PATCH of an item that the order does not have.
    pub fn no_item_to_patch() -> Self {
        let error = ErrorBody::new(400, "invalid", Some("Invalid"), "Could not find specified item.");
        Self::one(400, error.at(Source::Pointer("order/order_details/order_items".into())))
    }

    /// An integration that does not exist; its status is a number.
    pub fn integration_not_found() -> Self {
        let detail = "The Integration could not be found with the search criteria given";
        let mut error = ErrorBody::new(404, "not_found", Some("Not Found"), detail);
        error.status = Status::Number(404);
        Self::one(404, error)
    }

    /// PATCH of an integration switches the webhook on without a URL.
    pub fn webhook_url_required() -> Self {
        Self::simple(400, "invalid", "Invalid", "Webhook URL required when enable webhook is set to true")
    }

    /// `GET /shop-order-statuses` without `integration_id`.
    pub fn integration_id_required() -> Self {
        Self::simple(400, "non_field_errors", "integration ID", "Integration ID is a required GET parameter")
    }

    /// Everything wrong with an integration's log line; an unknown field has its own code and a number as status.
    pub fn of_log(flaws: &[Flaw]) -> Option<Self> {
        let body = |flaw: &Flaw| {
            let place = format!("body/{}", flaw.path_text());
            let error = ErrorBody::invalid(place, wording(&flaw.fault));
            match flaw.fault {
                Fault::Forbidden => ErrorBody {
                    status: Status::Number(400),
                    code: "extra_forbidden".into(),
                    title: Some("Extra Forbidden".into()),
                    ..error
                },
                _ => error,
            }
        };
        let errors: Vec<_> = flaws.iter().map(body).collect();
        (!errors.is_empty()).then_some(Self { status: 400, retry_after: None, errors })
    }

    /// The header `Sendcloud-Partner-Id` is no UUID.
    pub fn bad_partner_id() -> Self {
        let error = ErrorBody::new(400, "invalid", Some("Invalid"), "Partner id is unknown or not a valid UUID.");
        Self::one(400, error.at(Source::Header("Sendcloud-Partner-Id".into())))
    }

    /// No route has this path.
    pub fn no_such_page() -> Self {
        Self::simple(404, "not_found", "Not found", "The page you have requested could not be found.")
    }

    /// The route does not take this method (Django REST Framework's wording). The answer needs an `Allow` header.
    pub fn method_not_allowed(method: &str) -> Self {
        let detail = format!("Method \"{method}\" not allowed.");
        Self::simple(405, "method_not_allowed", "Method not allowed", detail)
    }

    /// The body has more bytes than are read.
    pub fn body_too_large(most_bytes: usize) -> Self {
        let detail = format!("The request body is larger than {most_bytes} bytes: send fewer orders at once.");
        Self::simple(413, "invalid", "Request entity too large", detail)
    }

    /// The body does not arrive in time.
    pub fn body_too_slow() -> Self {
        Self::simple(408, "invalid", "Request timeout", "The request body did not arrive in time: send it again.")
    }
}

/// The pointer of an order's field.
fn in_order(index: Option<usize>, field: &str) -> String {
    index.map_or_else(|| pointer(field), |index| pointer(&format!("{index}/{field}")))
}

/// `0/order_details/x` → `/data/attributes/[0]/order_details/x`: only an order's index in a batch is bracketed.
fn pointer(path: &str) -> String {
    let (first, rest) = path.split_once('/').map_or((path, None), |(first, rest)| (first, Some(rest)));
    let is_index = !first.is_empty() && first.bytes().all(|byte| byte.is_ascii_digit());
    match (is_index, rest) {
        (true, Some(rest)) => format!("/data/attributes/[{first}]/{rest}"),
        (true, None) => format!("/data/attributes/[{first}]"),
        (false, _) if path.is_empty() => "/data/attributes".to_owned(),
        (false, _) => format!("/data/attributes/{path}"),
    }
}

/// The only place where an error of a verb becomes an answer. What only a log may hold is left out.
impl From<Error> for Errors {
    fn from(error: Error) -> Self {
        let of_problem = |problem: &Problem| ErrorBody::invalid(pointer(&problem.path), problem.message.clone());
        match error {
            Error::NotFound("order") => Self::no_such_order(),
            Error::NotFound("integration" | "channel") => Self::integration_not_found(),
            Error::NotFound(noun) => {
                let detail = format!("The {noun} could not be found with the search criteria given");
                Self::simple(404, "not_found", "Not found", detail)
            }
            Error::Invalid(problems) if problems.is_empty() => {
                Self::one(400, ErrorBody::invalid("/data", "The request is not valid."))
            }
            Error::Invalid(problems) => {
                Self { status: 400, retry_after: None, errors: problems.iter().map(of_problem).collect() }
            }
            Error::Conflict(text) => Self::simple(409, "invalid", "Conflict", text),
            Error::Denied(scope) => {
                let detail =
                    format!("You do not have permission to perform this action: the key lacks the scope {scope}.");
                Self::simple(403, "forbidden", "Forbidden", detail)
            }
            Error::Unauthenticated(Unknown::Missing) => {
                let detail = "Authentication credentials were not provided.";
                Self::simple(401, "authentication_failed", "No credentials", detail)
            }
            Error::Unauthenticated(Unknown::Wrong) => {
                let error = ErrorBody::new(401, "authentication_failed", None, "Invalid username/password.");
                Self::one(401, error.at(Source::Pointer("/data".into())))
            }
            Error::TooMany { retry_after } => {
                let seconds = retry_after.as_secs().max(1);
                let detail = format!("Request was throttled. Expected available in {seconds} seconds.");
                Self { retry_after: Some(seconds), ..Self::simple(429, "throttled", "Throttled", detail) }
            }
            Error::Carrier(error, _) => of_carrier(error),
            Error::Unavailable(_) => {
                let detail = "The service is busy. Please try again in a moment.";
                Self { retry_after: Some(1), ..Self::simple(503, "unavailable", "Service unavailable", detail) }
            }
            Error::Internal(_) => Self::simple(500, "error", "Server error", "A server error occurred."),
        }
    }
}

/// Where the field of a carrier's refusal stands in an order of this dialect; `None` for what no order holds.
fn in_their_words(path: &str) -> Option<String> {
    let field = match path.strip_prefix("recipient/")? {
        "name" => "name",
        "company" => "company_name",
        "street1" => "address_line_1",
        "house_number" => "house_number",
        "street2" => "address_line_2",
        "po_box" => "po_box",
        "postal_code" => "postal_code",
        "city" => "city",
        "state" => "state_province_code",
        "country" => "country_code",
        "phone" => "phone_number",
        "email" => "email",
        _ => return None,
    };
    Some(format!("/data/attributes/shipping_address/{field}"))
}

/// A carrier's no is the caller's to mend (400); its silence is nobody's (502, 503).
fn of_carrier(error: CarrierError) -> Errors {
    let announcement =
        |detail: String| ErrorBody::new(400, "parcel_announcement_error", Some("Parcel announcement error"), detail);
    match error {
        CarrierError::Refused(problems) if !problems.is_empty() => {
            let told = |problem: Problem| match in_their_words(&problem.path) {
                Some(field) => announcement(problem.message).at(Source::Pointer(field.into())),
                None => announcement(problem.message),
            };
            let errors = problems.into_iter().map(told).collect();
            Errors { status: 400, retry_after: None, errors }
        }
        CarrierError::Refused(_) => Errors::one(400, announcement("The carrier refused the shipment.".to_owned())),
        CarrierError::Credentials(_) => {
            Errors::one(400, announcement("The carrier does not accept the account's credentials.".to_owned()))
        }
        CarrierError::Unsupported(_) => Errors::one(400, announcement(error.to_string())),
        CarrierError::Unavailable { retry_after, .. } => {
            let detail = "The carrier did not answer. Please try again in a moment.";
            let errors = Errors::simple(503, "parcel_announcement_error", "Carrier unavailable", detail);
            Errors { retry_after: retry_after.or(Some(1)), ..errors }
        }
        CarrierError::Unreadable(_) => {
            let detail = "The carrier's answer could not be read; whether a label was made is being settled.";
            Errors::simple(502, "parcel_announcement_error", "Carrier unreadable", detail)
        }
    }
}
