//! What errors of verbs mean here: an order that is wrong, a carrier that says no, a cancellation that fails.

use app::story::Story;
use domain::Error;
use domain::error::{CarrierError, Problem, Rule, Unknown};
use domain::shipment::Shipment;

use super::{Detail, Kind, Refusal};

/// The only place where an error of a verb becomes a refusal. What only a log may hold is left out.
impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        match error {
            Error::NotFound(noun) => Self::new(Kind::NotFound).saying(format!("There is no such {noun}")),
            Error::Invalid(problems) => of_problems(&problems),
            Error::Conflict(text) => Self::new(Kind::InvalidOperation).saying(text),
            Error::Denied(scope) => Self::denied(scope),
            Error::Unauthenticated(Unknown::Missing | Unknown::Wrong) => Self::new(Kind::Unauthorized),
            Error::TooMany { retry_after } => {
                Self { retry_after: Some(retry_after.as_secs().max(1)), ..Self::new(Kind::TooManyRequests) }
            }
            // Without a shipment nobody was asked to book: it was said to a question for rates.
            Error::Carrier(CarrierError::Refused(problems), None) => {
                let refusal = of_carrier(&CarrierError::Refused(problems));
                Self { errors: refusal.errors, ..Self::new(Kind::NoProviderMatched) }
            }
            Error::Carrier(CarrierError::Unsupported(_), None) => Self::new(Kind::NoProviderMatched),
            Error::Carrier(error, _) => of_carrier(&error),
            Error::Unavailable(_) | Error::Internal(_) => Self::new(Kind::InternalServerError),
        }
    }
}

/// What a verb found wrong with an order, before any carrier said anything.
fn of_problems(problems: &[Problem]) -> Refusal {
    let Some(first) = problems.first() else { return Refusal::new(Kind::ValidationError) };
    let detail = |problem: &Problem| Detail {
        message: problem.message.clone(),
        parameter: parameter(&problem.path),
        ..Detail::default()
    };
    let refusal = match (first.path.split('/').next().unwrap_or_default(), first.rule) {
        ("external_id", Rule::Taken) => return Refusal::new(Kind::DuplicateId).detailed_as_is("orderExternalId"),
        ("location", Rule::Missing) => Refusal::new(Kind::NoProviderAssigned),
        ("location", _) => Refusal::no_such_location(""),
        ("shipping_address", _) => Refusal::new(Kind::GeocodingFailed),
        ("service", _) => Refusal::new(Kind::NoProviderMatched),
        ("parcels", Rule::Missing) => Refusal::new(Kind::ValidationError).saying("package.weight is a required field"),
        _ => Refusal::new(Kind::ValidationError).saying(first.message.clone()),
    };
    Refusal { errors: problems.iter().map(detail).collect(), ..refusal }
}

impl Refusal {
    fn detailed_as_is(self, parameter: &str) -> Self {
        let message = self.message.clone();
        self.detailed(message, parameter)
    }
}

/// A field of the canonical order in this dialect's words.
fn parameter(path: &str) -> Option<String> {
    let (head, rest) = path.split_once('/').unwrap_or((path, ""));
    let field = |name: &str| match name {
        "street1" | "house_number" => "street1",
        "street2" | "po_box" => "street2",
        "postal_code" => "postalCode",
        "city" => "city",
        "state" => "state",
        "country" => "countryCode",
        _ => "",
    };
    let name = match (head, rest) {
        ("shipping_address" | "recipient", "name" | "company") => "deliveryContact.name".to_owned(),
        ("shipping_address" | "recipient", "phone") => "deliveryContact.phone".to_owned(),
        ("shipping_address" | "recipient", "email") => "deliveryContact.email".to_owned(),
        ("shipping_address" | "recipient", rest) => {
            format!("deliveryAddress.{}", field(rest)).trim_end_matches('.').to_owned()
        }
        ("location" | "sender", _) => "locationExternalId".to_owned(),
        ("parcels", rest) if rest.ends_with("weight") => "package.weight".to_owned(),
        ("parcels", rest) if rest.contains("dimensions") => "package.size".to_owned(),
        ("parcels", _) => "package".to_owned(),
        _ => return None,
    };
    Some(name)
}

/// The code of the carrier's level for a field that a carrier refuses.
fn carrier_word(path: &str) -> Option<&'static str> {
    Some(match path {
        "recipient/phone" => "INVALID_PHONE_NUMBER",
        "recipient/street1" | "recipient/house_number" => "DEL_ADDR_LN1_INVALID",
        "sender/phone" => "INVALID_STORE_PHONE_NUMBER",
        path if path.starts_with("recipient") => "ADDRESS_NOT_FOUND",
        path if path.starts_with("sender") => "INVALID_PICKUP_ADDRESS",
        path if path.starts_with("parcels") && path.ends_with("weight") => "PACKAGE_WEIGHT_OVER_LIMIT",
        path if path.starts_with("parcels") => "PACKAGES_SIZE_OVER_LIMIT",
        _ => return None,
    })
}

/// What the carriers say to placing an order.
fn of_carrier(error: &CarrierError) -> Refusal {
    let one = |message: String| vec![Detail { message, ..Detail::default() }];
    match error {
        CarrierError::Refused(problems) if !problems.is_empty() => {
            let detail = |problem: &Problem| Detail {
                word: carrier_word(&problem.path),
                message: problem.message.clone(),
                parameter: parameter(&problem.path),
                provider: None,
            };
            Refusal { errors: problems.iter().map(detail).collect(), ..Refusal::new(Kind::PlaceOrderFailed) }
        }
        CarrierError::Refused(_) => Refusal::new(Kind::PlaceOrderFailed),
        CarrierError::Credentials(_) => {
            let text = "The provider does not accept the account's credentials.".to_owned();
            Refusal { errors: one(text), ..Refusal::new(Kind::PlaceOrderFailed) }
        }
        CarrierError::Unsupported(_) => {
            Refusal { errors: one(error.to_string()), ..Refusal::new(Kind::PlaceOrderFailed) }
        }
        CarrierError::Unavailable { retry_after, .. } => {
            let text = "The provider did not answer; whether it took the order is being found out.".to_owned();
            let refusal = Refusal { errors: one(text), ..Refusal::new(Kind::PlaceOrderFailed) };
            Refusal { retry_after: retry_after.or(Some(5)), ..refusal }
        }
        CarrierError::Unreadable(_) => Refusal::new(Kind::UnmappedError),
    }
}

/// What an error of shipping an order means that is new: a conflict is with what somebody did about it meanwhile.
pub fn of_placing(error: Error, story: &Story) -> Refusal {
    match error {
        Error::Conflict(message) if story.booked().is_some_and(Shipment::is_from_elsewhere) => {
            let detail = Detail { message, ..Detail::default() };
            Refusal { errors: vec![detail], ..Refusal::new(Kind::DuplicateResource) }
        }
        error => error.into(),
    }
}

/// What an error of cancelling means: who never cancels is told apart from who did not cancel this time.
pub fn of_cancelling(error: Error) -> Refusal {
    let because = |kind: Kind, word, message: String| {
        let detail = Detail { word, message, ..Detail::default() };
        Refusal { errors: vec![detail], ..Refusal::new(kind) }
    };
    match error {
        Error::Conflict(_) => Refusal::new(Kind::OrderAlreadyCanceled),
        Error::Invalid(problems) => {
            let text = problems.iter().map(|problem| problem.message.as_str()).collect::<Vec<_>>().join("; ");
            because(Kind::CancellationNotAllowed, None, text)
        }
        Error::Carrier(CarrierError::Unsupported(why), _) => because(Kind::CancellationNotAllowed, None, why),
        Error::Carrier(CarrierError::Unreadable(_), _) => Refusal::new(Kind::UnmappedError),
        Error::Carrier(error @ CarrierError::Unavailable { .. }, _) => {
            because(Kind::OrderCancellationFailed, None, error.to_string())
        }
        Error::Carrier(error, _) => {
            because(Kind::OrderCancellationFailed, Some("NON_CANCELABLE_DELIVERY"), error.to_string())
        }
        error => error.into(),
    }
}
