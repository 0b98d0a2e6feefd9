//! Bookings, labels, voids, and the search for what became of a lost answer. Source: `Shipping.yaml`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::connector::{BookRequest, BookedParcel, Booking, CancelRequest, Label, LabelRequest, Trace};
use domain::document::{Dpi, Format, Paper};
use domain::error::Rule;
use domain::{CarrierError, Problem, Timestamp};
use futures::future::join_all;
use jiff::ToSpan as _;
use jiff::tz::TimeZone;
use reqwest::Method;
use serde_json::{Value as Json, json};

use super::party::{LIMITS, Party};
use super::quote::{Units, money, package};
use super::wire::{
    PackageResult, RecoveryAnswer, ShipAnswer, ShipmentResults, TrackAnswer, TrackedPackage, VERSION, VoidAnswer,
};
use super::{Call, Shipper, codes};

/// The longest reference and description of UPS in characters.
const LONGEST_REFERENCE: usize = 35;
const LONGEST_DESCRIPTION: usize = 50;

/// How long a booking may take until the search shows it, in seconds. After this nobody can say whether there is one.
const SHOWN_WITHIN: i64 = 60 * 60;

/// How UPS writes a label at booking. A PDF is fetched afterwards, since only the recovery of labels makes one.
fn image_code(format: Format) -> &'static str {
    match format {
        Format::Png(_) => "PNG",
        Format::Pdf(_) | Format::Zpl(_) => "ZPL",
    }
}

/// Whether the label is fetched as PDF: UPS writes ZPL for 203 dots an inch only, and a PDF can be drawn for every printer.
fn is_pdf(format: Format) -> bool {
    matches!(format, Format::Pdf(_) | Format::Zpl(Dpi::D300 | Dpi::D600))
}

/// What the bytes of UPS are: its labels are 4 by 6 inches, for a printer of 203 dots an inch.
fn written(format: Format) -> Format {
    match format {
        Format::Png(_) => Format::Png(Dpi::D203),
        _ if is_pdf(format) => Format::Pdf(Paper::Mm100x150),
        _ => Format::Zpl(Dpi::D203),
    }
}

/// Whether references stand at each parcel: within the United States only there, elsewhere only at the shipment.
fn has_parcel_references(ask: &BookRequest) -> bool {
    let [from, to] = [&ask.sender, &ask.recipient].map(|address| address.country_code().unwrap_or_default());
    from == to && matches!(from.as_str(), "US" | "PR")
}

/// What is inside, in so many characters: each kind of goods, or how many there are.
fn description(ask: &BookRequest) -> String {
    let names = ask.goods.names.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", ");
    match names.chars().count() {
        0 => "Goods".to_owned(),
        1..=LONGEST_DESCRIPTION => names,
        _ => {
            let (kinds, pieces) = (ask.goods.names.len(), ask.goods.names.iter().map(|(_, count)| count).sum::<u64>());
            format!("Goods of {kinds} kinds, {pieces} pieces")
        }
    }
}

/// Everything that UPS would refuse, by field.
pub(super) fn problems(ask: &BookRequest, has_png: bool) -> Vec<Problem> {
    let sender = Party { address: &ask.sender, role: "sender" };
    let recipient = Party { address: &ask.recipient, role: "recipient" };
    let others = [sender, recipient].into_iter().flat_map(|party| party.problems());
    let mut problems = Problem::joined(LIMITS.misfits(&ask.sender, &ask.recipient, &ask.service.service), others);
    if matches!(ask.label_format, Format::Png(_)) && !has_png {
        let message = "label_format: UPS makes labels as PDF and ZPL; as PNG only for an account whose setting \
                       png_labels is yes";
        problems.push(Problem::of(Rule::Invalid, "label_format", message));
    }
    problems
}

/// The body of a booking.
pub(super) fn request(ask: &BookRequest, account_number: &str) -> Json {
    let is_abroad = ask.sender.country_code() != ask.recipient.country_code();
    let sender = Party { address: &ask.sender, role: "sender" };
    let recipient = Party { address: &ask.recipient, role: "recipient" };
    let units = Units::of(&ask.sender.country_code().unwrap_or_default());
    let short = |text: &&String| text.chars().count() <= LONGEST_REFERENCE;
    let references: Vec<_> = [Some(&ask.reference), ask.order_reference.as_ref().filter(short)]
        .into_iter()
        .flatten()
        .map(|value| json!({ "Value": value }))
        .collect();
    let packages = ask.parcels.iter().map(|parcel| {
        let mut package = package(parcel, units, "Packaging");
        if has_parcel_references(ask) {
            package["ReferenceNumber"] = json!(references);
        }
        package
    });
    let mut to = recipient.whole();
    if recipient.is_home() {
        to["Address"]["ResidentialAddressIndicator"] = json!("");
    }
    let role = if ask.parties.is_return { recipient } else { sender };
    let payer = ask.parties.billing.as_ref().map_or(role, |address| Party { address, role: "billing" });
    let mut shipper = payer.whole();
    shipper["ShipperNumber"] = json!(account_number);
    let mut shipment = json!({
        "Description": description(ask),
        "Shipper": shipper,
        "ShipTo": to,
        "PaymentInformation": {
            "ShipmentCharge": [{ "Type": "01", "BillShipper": { "AccountNumber": account_number } }]
        },
        "Service": { "Code": ask.service.service },
        "ShipmentRatingOptions": { "NegotiatedRatesIndicator": "" },
        "Package": packages.collect::<Vec<_>>(),
    });
    if payer.address != sender.address {
        shipment["ShipFrom"] = sender.whole();
    }
    if ask.parties.is_return {
        // 9 is a label to print, which the customer gets beforehand.
        shipment["ReturnService"] = json!({ "Code": "9" });
    }
    if !has_parcel_references(ask) {
        shipment["ReferenceNumber"] = json!(references);
    }
    if let Some(value) = ask.goods.value.filter(|_| is_abroad) {
        shipment["InvoiceLineTotal"] = json!({
            "CurrencyCode": value.currency.as_str().to_ascii_uppercase(),
            "MonetaryValue": value.amount.round_dp(2).to_string(),
        });
    }
    let code = image_code(ask.label_format);
    json!({ "ShipmentRequest": {
        "Request": { "RequestOption": "nonvalidate", "SubVersion": "2205" },
        "Shipment": shipment,
        "LabelSpecification": {
            "LabelImageFormat": { "Code": code },
            "LabelStockSize": { "Height": "6", "Width": "4" },
            "HTTPUserAgent": "Mozilla/4.5",
        },
    } })
}

/// The body of a question for the label of a booked parcel.
pub(super) fn recovery(tracking_number: &str, format: Format) -> Json {
    let code = if is_pdf(format) { "PDF" } else { image_code(format) };
    json!({ "LabelRecoveryRequest": {
        "LabelSpecification": { "LabelImageFormat": { "Code": code }, "HTTPUserAgent": "Mozilla/4.5" },
        "TrackingNumber": tracking_number,
    } })
}

/// What UPS charges: the contract's price when there is one.
fn charged(results: &ShipmentResults) -> Result<Option<domain::money::Money>, CarrierError> {
    let contract = results.negotiated_rate_charges.as_ref();
    let contract =
        contract.and_then(|charges| charges.total_charges_with_taxes.as_ref().or(charges.total_charge.as_ref()));
    let list = results.shipment_charges.as_ref();
    let list = list.and_then(|charges| charges.total_charges_with_taxes.as_ref().or(charges.total_charges.as_ref()));
    contract.or(list).map(money).transpose()
}

/// A label in base 64.
fn bytes(text: &str) -> Result<Vec<u8>, CarrierError> {
    let packed: String = text.chars().filter(|letter| !letter.is_ascii_whitespace()).collect();
    STANDARD.decode(packed).map_err(|error| CarrierError::Unreadable(format!("a label is no base 64: {error}")))
}

/// A parcel as booked; a label that cannot be read is fetched later, since the booking stands.
fn parcel(result: &PackageResult, format: Format) -> BookedParcel {
    let label = result.shipping_label.as_ref().and_then(|image| bytes(&image.graphic_image).ok());
    BookedParcel {
        tracking_number: result.tracking_number.clone(),
        sscc: None,
        label: label.map(|bytes| Label::Bytes(bytes, written(format))),
    }
}

/// The booking of an answer. As PDF the labels are still missing.
pub(super) fn booking(answer: &ShipAnswer, ask: &BookRequest) -> Result<Booking, CarrierError> {
    let results = &answer.shipment_response.shipment_results;
    let is_missing = is_pdf(ask.label_format);
    let parcels = results.package_results.iter().map(|result| {
        let booked = parcel(result, ask.label_format);
        BookedParcel { label: booked.label.filter(|_| !is_missing), ..booked }
    });
    let alerts = answer.shipment_response.response.alert.iter().map(|alert| &alert.description);
    let warnings = alerts.filter(|text| !text.is_empty()).map(|text| format!("UPS: {text}")).collect();
    let carrier_reference = Some(results.shipment_identification_number.clone());
    Ok(Booking { charged: charged(results)?, warnings, ..Booking::new(carrier_reference, parcels.collect()) })
}

/// The numbers that a search by reference found, in the order the parcels were booked in: UPS counts them up.
pub(super) fn found(answer: TrackAnswer) -> Vec<String> {
    let packages = answer.track_response.shipment.into_iter().flat_map(|shipment| shipment.package);
    let mut numbers: Vec<_> =
        packages.map(|package: TrackedPackage| package.tracking_number).filter(|number| !number.is_empty()).collect();
    numbers.sort();
    numbers.dedup();
    numbers
}

/// What a void's answer says: nothing when it is voided, else why not. The test host pollutes its values.
pub(super) fn voided(answer: &VoidAnswer) -> Result<(), CarrierError> {
    let clean = |text: &str| text.replace("&#xD;", "").trim().to_owned();
    let said = &answer.void_shipment_response;
    let left: Vec<_> = said.package_level_result.iter().filter(|result| clean(&result.status.code) == "0").collect();
    if clean(&said.summary_result.status.code) == "1" && left.is_empty() {
        return Ok(());
    }
    let numbers: Vec<_> = left.iter().map(|result| clean(&result.tracking_number)).collect();
    let why = clean(&said.summary_result.status.description);
    let of = if numbers.is_empty() { String::new() } else { format!(" ({})", numbers.join(", ")) };
    Err(CarrierError::refused("", format!("UPS did not void the shipment{of}: {why}")))
}

impl Shipper {
    pub(super) async fn book_now(&self, ask: &BookRequest, trace: &Trace) -> Result<Booking, CarrierError> {
        let problems = problems(ask, self.has_png);
        if !problems.is_empty() {
            return Err(CarrierError::Refused(problems));
        }
        let call = Call {
            method: Method::POST,
            path: &["shipments", VERSION, "ship"],
            query: &[],
            body: Some(request(ask, &self.account_number)),
            id: &ask.reference,
        };
        booking(&self.yes(&call, trace).await?.read()?, ask)
    }

    /// Fetches the labels of a booking; one that does not come is missing from the list.
    pub(super) async fn fetch_labels(
        &self,
        ask: &LabelRequest,
        trace: &Trace,
    ) -> Result<Vec<Option<Label>>, CarrierError> {
        let labels = ask.tracking_numbers.iter().map(|number| self.recovered(number, ask.label_format, trace));
        let labels = join_all(labels).await;
        if let Some(error) =
            labels.iter().find_map(|label| label.as_ref().err()).filter(|_| !labels.iter().any(Result::is_ok))
        {
            return Err(error.clone());
        }
        let label = |bytes| Label::Bytes(bytes, written(ask.label_format));
        Ok(labels.into_iter().map(|bytes| bytes.ok().map(label)).collect())
    }

    async fn recovered(&self, number: &str, format: Format, trace: &Trace) -> Result<Vec<u8>, CarrierError> {
        let call = Call {
            method: Method::POST,
            path: &["labels", "v1", "recovery"],
            query: &[],
            body: Some(recovery(number, format)),
            id: number,
        };
        let answer: RecoveryAnswer = self.yes(&call, trace).await?.read()?;
        let label = answer.label_recovery_response.label_results.into_iter().next();
        let label = label.ok_or_else(|| CarrierError::Unreadable("an answer without a label".to_owned()))?;
        bytes(&label.label_image.graphic_image)
    }

    /// Searches by our reference. New shipments may take a while to appear, so a search without a find proves nothing.
    pub(super) async fn find_now(&self, ask: &BookRequest, trace: &Trace) -> Result<Option<Booking>, CarrierError> {
        let day = |at: Timestamp, days: i64| {
            let zoned = at.to_zoned(TimeZone::UTC);
            let day = zoned.date().checked_add(days.days()).unwrap_or(zoned.date());
            day.strftime("%Y%m%d").to_string()
        };
        let (from, to) = (day(ask.begun_at, -1), day(ask.now, 1));
        let query =
            [("fromPickUpDate", from.as_str()), ("toPickUpDate", &to), ("shipperNum", self.account_number.as_str())];
        let call = Call {
            method: Method::GET,
            path: &["track", "v1", "reference", "details", &ask.reference],
            query: &query,
            body: None,
            id: &ask.reference,
        };
        let reply = self.call(&call, trace).await?;
        let numbers = match reply.status {
            200 => found(reply.read()?),
            404 => Vec::new(),
            _ => match codes::error(&reply) {
                CarrierError::Refused(_) => Vec::new(),
                error => return Err(error),
            },
        };
        if numbers.len() == ask.parcels.len() {
            let parcels =
                numbers.iter().map(|number| BookedParcel { tracking_number: number.clone(), sscc: None, label: None });
            return Ok(Some(Booking::new(numbers.first().cloned(), parcels.collect())));
        }
        let waited = ask.now.as_second() - ask.begun_at.as_second();
        let (shown, asked) = (numbers.len(), ask.parcels.len());
        if waited < SHOWN_WITHIN {
            let text = format!(
                "UPS shows {shown} of {asked} parcels under the reference {}; new ones take a while",
                ask.reference
            );
            return Err(CarrierError::unavailable(text));
        }
        let text = format!(
            "UPS shows {shown} of {asked} parcels under the reference {} after an hour, and nothing proves that there are no \
             others: look into the UPS account, and settle the shipment by hand",
            ask.reference
        );
        Err(CarrierError::Unsupported(text))
    }

    pub(super) async fn void(&self, ask: &CancelRequest, trace: &Trace) -> Result<(), CarrierError> {
        let id = ask.carrier_reference.as_ref().or(ask.tracking_numbers.first());
        let id = id.ok_or_else(|| CarrierError::refused("", "the shipment has no number that UPS could void"))?;
        let call = Call {
            method: Method::DELETE,
            path: &["shipments", VERSION, "void", "cancel", id],
            query: &[],
            body: None,
            id: &ask.reference,
        };
        voided(&self.yes(&call, trace).await?.read()?)
    }
}
