//! Which of the two generations of clients asks, and what each calls a field.

use std::convert::Infallible;

use axum::extract::{FromRequestParts, Request};
use http::Uri;
use http::request::Parts;

use crate::json::fields::Fields;

/// The header in which the older generation sends its key.
pub const API_KEY: &str = "API-KEY";

/// A generation of clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Generation {
    /// `API-KEY`, forms, `.json`, `shop_order_id`.
    Older,
    /// `Bearer`, JSON, `order_id`.
    Newer,
}

/// A field's name in the newer generation and in the older one.
pub type Name = (&'static str, &'static str);

/// The shop's id of an order.
pub const ORDER_ID: Name = ("order_id", "shop_order_id");
/// When the order was placed.
pub const ORDER_DATE: Name = ("order_date", "shop_order_date");
/// From which website it came.
pub const ORDER_URL: Name = ("order_url", "shop_order_url");
/// A state in the history of an order.
pub const STATE: Name = ("state", "name");
/// The recipient's fields.
pub const FIRST_NAME: Name = ("recipient_first_name", "customer_first_name");
/// Last name.
pub const LAST_NAME: Name = ("recipient_last_name", "customer_last_name");
/// Company.
pub const COMPANY: Name = ("recipient_company_name", "customer_company");
/// E-mail address.
pub const EMAIL: Name = ("recipient_email", "customer_email");
/// Street and house number.
pub const ADDRESS: Name = ("recipient_address", "customer_address");
/// Postal code.
pub const ZIP: Name = ("recipient_zip", "customer_address_zip_code");
/// City.
pub const CITY: Name = ("recipient_city", "customer_address_city");
/// Country, two letters.
pub const COUNTRY: Name = ("recipient_country", "customer_address_country");
/// Phone.
pub const PHONE: Name = ("recipient_phone", "customer_phone");

impl Generation {
    /// A field's name in this generation.
    pub fn name(self, (newer, older): Name) -> &'static str {
        match self {
            Self::Newer => newer,
            Self::Older => older,
        }
    }

    /// The name under which a field came, be it the other generation's; this one's when it did not come.
    pub fn found(self, fields: &Fields<'_>, name: Name) -> &'static str {
        let other = if self == Self::Newer { Self::Older } else { Self::Newer };
        let is_there = |of: Self| fields.get(of.name(name)).is_some();
        if !is_there(self) && is_there(other) { other.name(name) } else { self.name(name) }
    }
}

/// Marks a request whose path ended with `.json`.
#[derive(Clone, Copy)]
struct Suffixed;

impl<S: Send + Sync> FromRequestParts<S> for Generation {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        let is_older = parts.headers.contains_key(API_KEY) || parts.extensions.get::<Suffixed>().is_some();
        Ok(if is_older { Self::Older } else { Self::Newer })
    }
}

/// Brings the spellings of this dialect's paths to the one that is routed: `/v2//orders`, `/v2/orders.json`,
/// `/v2/order-states.json` and `/v2/order`. Other paths stay as they are.
pub(crate) async fn plain_path(mut request: Request) -> Request {
    if let Some((path, is_suffixed)) = plain(request.uri().path()) {
        let path_and_query = match request.uri().query() {
            Some(query) => format!("{path}?{query}"),
            None => path,
        };
        let mut parts = request.uri().clone().into_parts();
        parts.path_and_query = path_and_query.parse().ok();
        if let Ok(uri) = Uri::from_parts(parts) {
            *request.uri_mut() = uri;
        }
        if is_suffixed {
            request.extensions_mut().insert(Suffixed);
        }
    }
    request
}

/// The routed spelling of a path of this dialect, and whether `.json` was cut off; `None` for other paths.
fn plain(path: &str) -> Option<(String, bool)> {
    let (prefix, rest) = match path.strip_prefix("/seven-senders") {
        Some(rest) => ("/seven-senders", rest),
        None => ("", path),
    };
    let rest = rest.trim_start_matches('/').strip_prefix("v2/")?;
    let mut steps: Vec<&str> = rest.split('/').filter(|step| !step.is_empty()).collect();
    let last = steps.last_mut()?;
    let plain = last.strip_suffix(".json").filter(|plain| !plain.is_empty());
    let is_suffixed = plain.is_some();
    *last = plain.unwrap_or(last);
    let first = steps.first_mut()?;
    *first = match *first {
        "order-states" => "order_states",
        "order" => "orders",
        other => other,
    };
    Some((format!("{prefix}/v2/{}", steps.join("/")), is_suffixed))
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn every_spelling_of_a_path_is_one_route() {
        for (path, routed, is_suffixed) in [
            ("/v2/orders", "/v2/orders", false),
            ("/v2//orders", "/v2/orders", false),
            ("//v2//orders//1.json", "/v2/orders/1", true),
            ("/v2/orders.json", "/v2/orders", true),
            ("/v2/order", "/v2/orders", false),
            ("/v2/order/7.json", "/v2/orders/7", true),
            ("/v2/order-states.json", "/v2/order_states", true),
            ("/seven-senders/v2/shipments.json", "/seven-senders/v2/shipments", true),
            ("/v2/.json", "/v2/.json", false),
        ] {
            assert_eq!(plain(path), Some((routed.to_owned(), is_suffixed)), "{path}");
        }
        for path in ["/", "/v2", "/v2/", "/v1/orders.json", "/api/v2/order", "/sendcloud/v2/orders.json"] {
            assert_eq!(plain(path), None, "{path}");
        }
    }
}
