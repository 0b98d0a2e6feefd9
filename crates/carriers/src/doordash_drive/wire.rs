//! The fields of a delivery, a refusal and a webhook that are used; what is not known yet is null or left out.

use serde::Deserialize;

/// What quotes, bookings and looks answer with.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Delivery {
    pub(super) external_delivery_id: String,
    pub(super) delivery_status: String,
    pub(super) cancellation_reason: Option<String>,
    /// Cents.
    pub(super) fee: Option<i64>,
    pub(super) fee_components: Option<Vec<Component>>,
    /// Cents.
    pub(super) tax: Option<i64>,
    pub(super) currency: Option<String>,
    pub(super) tracking_url: Option<String>,
    pub(super) updated_at: Option<String>,
    pub(super) pickup_time_actual: Option<String>,
    pub(super) dropoff_time_estimated: Option<String>,
    pub(super) dropoff_time_actual: Option<String>,
    pub(super) return_time_actual: Option<String>,
}

/// A part of the fee.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Component {
    #[serde(rename = "type")]
    pub(super) kind: String,
    /// Cents.
    #[serde(default)]
    pub(super) amount: i64,
}

/// Why it was no yes. The older interface leaves the code out.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Refusal {
    pub(super) code: String,
    pub(super) message: String,
    pub(super) reason: String,
    pub(super) field_errors: Vec<FieldError>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct FieldError {
    pub(super) field: String,
    pub(super) error: String,
}

/// A webhook.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Webhook {
    /// Some descriptions call it `event_type`.
    #[serde(alias = "event_type")]
    pub(super) event_name: String,
    pub(super) external_delivery_id: String,
    pub(super) created_at: Option<String>,
    pub(super) cancellation_reason: Option<String>,
    pub(super) reason: Option<String>,
}
