//! An order on this wire: its words, its limits, its times, and what it says beyond the canonical order.

use domain::channel::Dialect;
use domain::money::Decimal;
use domain::order::{OrderDetails, RawJson};
use domain::time::{SentTime, Timestamp};
use jiff::tz::{Offset, TimeZone};
use serde::{Deserialize, Serialize};

/// Orders, or customers, in one POST; no document names a limit.
pub const MOST_ENTRIES: usize = 1_000;
/// Products, attributes or consents of one thing; no document names a limit.
pub const MOST_PARTS: usize = 1_000;
/// Characters of an id: an order's, a product's, a customer's.
pub const LONGEST_ID: usize = 128;
/// Characters of an e-mail address.
pub const LONGEST_EMAIL: usize = 320;
/// Characters of a phone number.
pub const LONGEST_PHONE: usize = 20;
/// Characters of a product's texts.
pub const LONGEST_TEXT: usize = 2_048;
/// Characters of an attribute's name.
pub const LONGEST_NAME: usize = 256;
/// Characters of a time zone's name.
pub const LONGEST_ZONE: usize = 100;
/// Characters of an attribute's value; no document names a limit.
pub const LONGEST_VALUE: usize = 65_535;
/// The largest 32-bit integer.
pub const LARGEST: i64 = 2_147_483_647;

/// What an order's status may be, in this order: placed, paid, over, given up.
pub const STATUSES: [&str; 4] = ["placed", "paid", "completed", "canceled"];
/// The last of them.
pub const CANCELED: &str = STATUSES[3];
/// How the vendor's WooCommerce plugin writes it.
const CANCELLED: &str = "cancelled";

/// The status that a word in any letter case means.
pub fn status_of(word: &str) -> Option<&'static str> {
    let word = if word.eq_ignore_ascii_case(CANCELLED) { CANCELED } else { word };
    STATUSES.into_iter().find(|known| known.eq_ignore_ascii_case(word))
}

/// Whether the shop says that an order is given up.
pub fn is_cancelled(details: &OrderDetails) -> bool {
    details.shop_status.as_ref().is_some_and(|status| status.code == CANCELED)
}

/// An attribute: its name and its value.
pub type Attribute = (String, Option<String>);

/// What an order said on this wire and the canonical order cannot hold; kept beside it and echoed here only.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Kept {
    /// `timeZone`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<String>,
    /// Whether the currency is the tenant's, since none was sent.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub has_no_currency: bool,
    /// `returnsValue`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub returns_value: Option<Decimal>,
    /// `customer.crmId`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub crm_id: Option<String>,
    /// `orderAttributes`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attributes: Option<Vec<Attribute>>,
    /// What each product says besides, in the order of the products.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub products: Vec<ProductRest>,
}

/// What a product says besides the canonical line.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ProductRest {
    /// `url`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// `category`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// `returned`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub returned: Option<i64>,
    /// `productAttributes`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attributes: Option<Vec<Attribute>>,
}

impl Kept {
    /// What an order carries.
    pub fn in_details(details: &OrderDetails) -> Self {
        let kept = details.extra.get(&Dialect::Expertsender);
        kept.and_then(|raw| serde_json::from_str(raw.as_str()).ok()).unwrap_or_default()
    }

    /// Puts it where the order carries it.
    pub fn keep_in(&self, details: &mut OrderDetails) {
        if let Some(raw) = serde_json::to_string(self).ok().and_then(RawJson::new) {
            details.extra.insert(Dialect::Expertsender, raw);
        }
    }
}

/// What becomes of a stored order when another one is sent with its id: everything this wire can say is replaced, the
/// rest stays. A status that is not sent stays too, since the vendor's Magento plugin sends it apart from the order.
pub fn lay(stored: &OrderDetails, sent: &OrderDetails) -> OrderDetails {
    let mut laid = stored.clone();
    laid.external_id.clone_from(&sent.external_id);
    laid.placed_at = sent.placed_at;
    laid.payment.total = sent.payment.total;
    if sent.shop_status.is_some() {
        laid.shop_status.clone_from(&sent.shop_status);
    }
    let name = stored.customer.as_ref().and_then(|customer| customer.name.clone());
    laid.customer.clone_from(&sent.customer);
    if let Some(customer) = &mut laid.customer {
        customer.name = name;
    }
    let mut known = stored.items.clone();
    let item = |sent: &domain::order::LineItem| {
        // A line that was there keeps what this wire cannot say: weight, customs number, …
        let same = known.iter().position(|line| line.product_id == sent.product_id && line.product_id.is_some());
        let mut line = same.map(|at| known.remove(at)).unwrap_or_default();
        line.product_id.clone_from(&sent.product_id);
        line.name.clone_from(&sent.name);
        line.image_url.clone_from(&sent.image_url);
        if (line.quantity, line.unit_price) != (sent.quantity, sent.unit_price) {
            line.total_price = None;
        }
        line.quantity = sent.quantity;
        line.unit_price = sent.unit_price;
        line
    };
    laid.items = sent.items.iter().map(item).collect();
    if let Some(kept) = sent.extra.get(&Dialect::Expertsender) {
        laid.extra.insert(Dialect::Expertsender, kept.clone());
    }
    laid
}

/// A sent time in UTC; what has no zone is read as UTC.
pub fn sent_moment(time: SentTime) -> String {
    moment(time.instant_in(&TimeZone::UTC))
}

/// An instant in UTC with 3 fraction digits when it has whole milliseconds, else with 6.
pub fn moment(at: Timestamp) -> String {
    let utc = Offset::UTC.to_datetime(at);
    let micros = utc.subsec_nanosecond() / 1_000;
    let whole = utc.strftime("%Y-%m-%dT%H:%M:%S");
    if micros % 1_000 == 0 { format!("{whole}.{:03}Z", micros / 1_000) } else { format!("{whole}.{micros:06}Z") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_known_in_any_letter_case_and_by_the_plugins_spelling() {
        let words = ["Placed", "PAID", "completed", "canceled", "Cancelled"].map(status_of);
        assert_eq!(words, ["placed", "paid", "completed", "canceled", "canceled"].map(Some));
        assert_eq!(["", "open", "cancel", "placed "].map(status_of), [None; 4]);
    }

    #[test]
    fn a_moment_has_milliseconds_or_microseconds() {
        for (at, written) in [
            ("2024-11-06T10:10:00.055Z", "2024-11-06T10:10:00.055Z"),
            ("2024-11-06T10:10:00Z", "2024-11-06T10:10:00.000Z"),
            ("2024-11-06T10:10:00.123456Z", "2024-11-06T10:10:00.123456Z"),
            ("2024-11-06T10:10:00.1234567+01:00", "2024-11-06T09:10:00.123456Z"),
            ("1969-12-31T23:59:59.5Z", "1969-12-31T23:59:59.500Z"),
        ] {
            assert_eq!(sent_moment(at.parse().unwrap()), written);
        }
    }
}
