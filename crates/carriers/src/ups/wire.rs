//! The fields of UPS's answers that are used. A list of one may come as a bare object (versions below 2403, and voids).

use serde::{Deserialize, Deserializer};

/// The version in paths.
pub(super) const VERSION: &str = "v2409";

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany<T> {
    Many(Vec<T>),
    One(T),
}

/// Reads a list, or one as a list of one.
fn list<'de, D: Deserializer<'de>, T: Deserialize<'de>>(from: D) -> Result<Vec<T>, D::Error> {
    Ok(match Option::<OneOrMany<T>>::deserialize(from)? {
        None => Vec::new(),
        Some(OneOrMany::Many(many)) => many,
        Some(OneOrMany::One(one)) => vec![one],
    })
}

/// `OAuthClientCredentials`: every value is text, numbers too.
#[derive(Deserialize)]
pub(super) struct TokenAnswer {
    pub(super) access_token: String,
    /// Seconds.
    pub(super) expires_in: String,
}

/// The body of every refusal.
#[derive(Default, Deserialize)]
pub(super) struct Refusal {
    #[serde(default)]
    pub(super) response: Errors,
}

#[derive(Default, Deserialize)]
pub(super) struct Errors {
    #[serde(default, deserialize_with = "list")]
    pub(super) errors: Vec<Fault>,
}

#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Fault {
    pub(super) code: String,
    pub(super) message: String,
}

/// `Rating`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct RateAnswer {
    pub(super) rate_response: RateResponse,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct RateResponse {
    #[serde(default)]
    pub(super) response: Head,
    #[serde(default, deserialize_with = "list")]
    pub(super) rated_shipment: Vec<RatedShipment>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Head {
    #[serde(deserialize_with = "list")]
    pub(super) alert: Vec<Alert>,
}

#[derive(Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Alert {
    pub(super) code: String,
    pub(super) description: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct RatedShipment {
    pub(super) service: Code,
    #[serde(default, deserialize_with = "list")]
    pub(super) rated_shipment_alert: Vec<Alert>,
    pub(super) billing_weight: Option<BillingWeight>,
    pub(super) transportation_charges: Option<Amount>,
    pub(super) service_options_charges: Option<Amount>,
    #[serde(default, deserialize_with = "list")]
    pub(super) itemized_charges: Vec<Charge>,
    #[serde(default, deserialize_with = "list")]
    pub(super) tax_charges: Vec<Tax>,
    pub(super) total_charges: Amount,
    pub(super) total_charges_with_taxes: Option<Amount>,
    pub(super) negotiated_rate_charges: Option<Negotiated>,
    pub(super) time_in_transit: Option<TimeInTransit>,
    pub(super) guaranteed_delivery: Option<Guaranteed>,
}

#[derive(Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Code {
    pub(super) code: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct BillingWeight {
    pub(super) unit_of_measurement: Code,
    pub(super) weight: String,
}

#[derive(Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Amount {
    pub(super) currency_code: String,
    pub(super) monetary_value: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Charge {
    pub(super) code: String,
    pub(super) monetary_value: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Tax {
    #[serde(rename = "Type")]
    pub(super) kind: String,
    pub(super) monetary_value: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Negotiated {
    pub(super) total_charge: Option<Amount>,
    pub(super) total_charges_with_taxes: Option<Amount>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct TimeInTransit {
    pub(super) service_summary: Option<ServiceSummary>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ServiceSummary {
    pub(super) estimated_arrival: Option<EstimatedArrival>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct EstimatedArrival {
    pub(super) business_days_in_transit: Option<String>,
    pub(super) total_transit_days: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Guaranteed {
    pub(super) business_days_in_transit: Option<String>,
}

/// `Shipping`, the answer to a booking.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ShipAnswer {
    pub(super) shipment_response: ShipResponse,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ShipResponse {
    #[serde(default)]
    pub(super) response: Head,
    pub(super) shipment_results: ShipmentResults,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ShipmentResults {
    pub(super) shipment_identification_number: String,
    #[serde(deserialize_with = "list")]
    pub(super) package_results: Vec<PackageResult>,
    pub(super) shipment_charges: Option<ShipmentCharges>,
    pub(super) negotiated_rate_charges: Option<Negotiated>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ShipmentCharges {
    pub(super) total_charges: Option<Amount>,
    pub(super) total_charges_with_taxes: Option<Amount>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct PackageResult {
    pub(super) tracking_number: String,
    pub(super) shipping_label: Option<Image>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Image {
    /// Base 64.
    pub(super) graphic_image: String,
}

/// `Shipping`, the answer to a wish for a label.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct RecoveryAnswer {
    pub(super) label_recovery_response: RecoveryResponse,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct RecoveryResponse {
    #[serde(deserialize_with = "list")]
    pub(super) label_results: Vec<LabelResult>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct LabelResult {
    pub(super) label_image: Image,
}

/// `Shipping`, the answer to a void.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct VoidAnswer {
    pub(super) void_shipment_response: VoidResponse,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct VoidResponse {
    pub(super) summary_result: SummaryResult,
    /// The document names it in the plural; it comes in the singular.
    #[serde(default, alias = "PackageLevelResults", deserialize_with = "list")]
    pub(super) package_level_result: Vec<PackageLevelResult>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct SummaryResult {
    pub(super) status: Status,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct PackageLevelResult {
    #[serde(default)]
    pub(super) tracking_number: String,
    pub(super) status: Status,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Status {
    pub(super) code: String,
    pub(super) description: String,
}

/// `Tracking`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TrackAnswer {
    pub(super) track_response: TrackResponse,
}

#[derive(Deserialize)]
pub(super) struct TrackResponse {
    #[serde(default, deserialize_with = "list")]
    pub(super) shipment: Vec<TrackedShipment>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct TrackedShipment {
    #[serde(deserialize_with = "list")]
    pub(super) package: Vec<TrackedPackage>,
    #[serde(deserialize_with = "list")]
    pub(super) warnings: Vec<Fault>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct TrackedPackage {
    pub(super) tracking_number: String,
    #[serde(deserialize_with = "list")]
    pub(super) activity: Vec<Activity>,
}

/// One thing that happened.
#[derive(Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Activity {
    pub(super) status: ActivityStatus,
    pub(super) location: Option<ActivityLocation>,
    pub(super) date: String,
    pub(super) time: String,
    pub(super) gmt_date: String,
    pub(super) gmt_time: String,
    pub(super) gmt_offset: String,
}

#[derive(Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct ActivityStatus {
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) code: String,
    pub(super) status_code: String,
    pub(super) description: String,
}

#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct ActivityLocation {
    pub(super) address: ActivityAddress,
}

#[derive(Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct ActivityAddress {
    pub(super) city: Option<String>,
    pub(super) country_code: Option<String>,
}
