//! Shipments: made of an order, shown, cancelled, and what happened to them.

use app::documents::DocumentList;
use app::shipments::elsewhere::{Recorded, Settlement};
use app::shipments::{BoxWish, ShipWish, ShipmentList, ShipmentWays};
use app::tracking::ReportedEvent;
use app::{App, Caller};
use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use domain::address::Address;
use domain::connector::Exchange;
use domain::document::{Document, DocumentKind, Format};
use domain::ids::{DocumentId, ParcelId, ShipmentId};
use domain::measure::{Dimensions, Length, Weight};
use domain::money::Money;
use domain::order::ServiceWish;
use domain::routing::{Pick, RuleAction};
use domain::shipment::{ReturnedLine, Shipment, ShipmentStatus};
use domain::tracking::{Incident, Milestone, Place, TrackingStatus};
use domain::{Error, Timestamp};
use http::StatusCode;
use serde::Serialize;

use super::orders::{order_id, read};
use super::page::{AN_INSTANT, Paging, filter, one_of, word};
use super::rates::{DecisionView, RateView};
use super::{Answer, Authed, Body};
use crate::dialect::{Parameters, Segment, json};
use crate::json::fields::{Fault, Fields, Node, boolean, choice, integer, not_negative, positive, text, time};
use crate::links::file;

/// A shipment as the native API shows it.
#[derive(Serialize)]
pub(super) struct ShipmentView<'a> {
    id: String,
    order: String,
    /// `outgoing`, or `return` when it goes from the customer back to a location.
    kind: &'static str,
    status: ShipmentStatus,
    /// What a person should read when the status alone says too little.
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
    tracking: TrackingStatus,
    is_ready_to_print: bool,
    service: String,
    service_name: &'a str,
    location: &'a str,
    rate: Option<RateView<'a>>,
    /// What the carrier charges, if it said so when it was booked.
    #[serde(skip_serializing_if = "Option::is_none")]
    charged: Option<Money>,
    /// The carrier's own page for whoever waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    carrier_page: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    decision: Option<DecisionView<'a>>,
    created_at: String,
    booked_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    further_because: Option<&'a str>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    warnings: &'a [String],
    /// What comes back, and from where to where.
    #[serde(rename = "return", skip_serializing_if = "Option::is_none")]
    returning: Option<ReturnView<'a>>,
    parcels: Vec<ParcelView<'a>>,
}

/// What comes back with a return.
#[derive(Serialize)]
struct ReturnView<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    items: Vec<ReturnedItem<'a>>,
    sender: &'a Address,
    recipient: &'a Address,
}

/// Pieces of one line of the order that come back.
#[derive(Serialize)]
struct ReturnedItem<'a> {
    /// The line's place in the order, from 1.
    line: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    item: Option<&'a str>,
    quantity: u64,
}

impl<'a> ReturnView<'a> {
    fn of(shipment: &'a Shipment) -> Option<Self> {
        let details = &shipment.details;
        let returning = details.returning.as_ref()?;
        let item = |line: &'a ReturnedLine| ReturnedItem {
            line: line.line + 1,
            item: line.item.as_deref(),
            quantity: line.quantity,
        };
        Some(Self {
            reason: returning.reason.as_deref(),
            items: returning.lines.iter().map(item).collect(),
            sender: &details.sender,
            recipient: &details.recipient,
        })
    }
}

/// A parcel as the native API shows it.
#[derive(Serialize)]
struct ParcelView<'a> {
    id: String,
    position: u32,
    weight_kg: domain::money::Decimal,
    tracking_number: Option<&'a str>,
    /// Who brought the number, and when.
    #[serde(skip_serializing_if = "Option::is_none")]
    number_from: Option<NumberFrom<'a>>,
    sscc: Option<&'a str>,
    tracking: TrackingStatus,
    has_label: bool,
    tracking_url: String,
}

/// Who brought a tracking number, and when.
#[derive(Clone, Copy, Serialize)]
struct NumberFrom<'a> {
    /// `carrier`: bought here. `elsewhere`: brought by somebody else. `person`: found out by hand.
    source: &'static str,
    /// The carrier account, or whoever brought it.
    who: &'a str,
    at: Timestamp,
}

impl<'a> NumberFrom<'a> {
    fn of(shipment: &'a Shipment) -> Option<Self> {
        let at = shipment.details.booked_at?;
        Some(match &shipment.details.brought_by {
            Some(brought) if shipment.is_from_elsewhere() => Self { source: "elsewhere", who: &brought.who, at },
            Some(brought) => Self { source: "person", who: &brought.who, at },
            None => Self { source: "carrier", who: &shipment.details.service.account, at },
        })
    }
}

impl<'a> ShipmentView<'a> {
    pub(super) fn of(app: &App, shipment: &'a Shipment) -> Self {
        let details = &shipment.details;
        let failure = details.failure.as_ref().map(ToString::to_string);
        let note = match shipment.status {
            ShipmentStatus::Booking if details.failure.as_ref().is_some_and(domain::CarrierError::is_unsure) => {
                Some("not known yet, asking the carrier".to_owned())
            }
            ShipmentStatus::Booked if shipment.wants_label() && !shipment.is_ready_to_print() => {
                Some("booked, label missing".to_owned())
            }
            _ => failure,
        };
        let number_from = NumberFrom::of(shipment);
        let parcel = |parcel: &'a domain::parcel::Parcel| ParcelView {
            id: parcel.id.to_string(),
            position: parcel.position,
            weight_kg: parcel.parcel.weight.kilograms(),
            tracking_number: parcel.tracking_number.as_deref(),
            number_from: number_from.filter(|_| parcel.tracking_number.is_some()),
            sscc: parcel.sscc.as_deref(),
            tracking: parcel.tracking,
            has_label: parcel.has_label,
            tracking_url: app.tracking_url(&parcel.tracking_token),
        };
        Self {
            id: shipment.id.to_string(),
            order: shipment.order.to_string(),
            kind: if shipment.is_return() { "return" } else { "outgoing" },
            status: shipment.status,
            note,
            tracking: shipment.tracking(),
            is_ready_to_print: shipment.is_ready_to_print(),
            service: details.service.to_string(),
            service_name: &details.service_name,
            location: &details.location,
            rate: details.rate.as_ref().map(RateView::of),
            charged: details.charged,
            carrier_page: details.carrier_page.as_deref(),
            decision: details.decision.as_ref().map(DecisionView::of),
            created_at: shipment.created_at.to_string(),
            booked_at: details.booked_at.map(|at| at.to_string()),
            further_because: details.further_because.as_deref(),
            warnings: &details.warnings,
            returning: ReturnView::of(shipment),
            parcels: shipment.parcels.iter().map(parcel).collect(),
        }
    }
}

fn dimensions(node: Node<'_>) -> Option<Dimensions> {
    let fields = node.fields()?;
    fields.only(&["length", "width", "height"]);
    let side = |name| {
        fields.needed(name, |node| {
            let centimetres = not_negative(node)?;
            let too_long = Fault::Other("Input should be a length in centimetres".to_owned());
            Length::from_centimetres(centimetres).or_else(|| node.fault(too_long))
        })
    };
    let (length, width, height) = (side("length"), side("width"), side("height"));
    Some(Dimensions { length: length?, width: width?, height: height? })
}

fn weight(node: Node<'_>) -> Option<Weight> {
    let kilograms = positive(node)?;
    let unfit = Fault::Other("Input should be a weight in kilograms, at most six decimals".to_owned());
    Weight::from_kilograms(kilograms).or_else(|| node.fault(unfit))
}

pub(super) fn parcel(node: Node<'_>) -> Option<BoxWish> {
    let fields = node.fields()?;
    fields.only(&["weight_kg", "dimensions_cm", "contents"]);
    let content = |node: Node<'_>| {
        let fields = node.fields()?;
        fields.only(&["item", "quantity"]);
        let (item, quantity) = (fields.needed("item", text(1, 255)), fields.needed("quantity", integer(1, 1_000_000)));
        Some((item?, u64::try_from(quantity?).ok()?))
    };
    Some(BoxWish {
        weight: fields.optional("weight_kg", weight),
        dimensions: fields.optional("dimensions_cm", dimensions),
        contents: fields.optional("contents", |node| node.list(1_000, content)).unwrap_or_default(),
    })
}

pub(super) fn rule(node: Node<'_>) -> Option<RuleAction> {
    let fields = node.fields()?;
    fields.only(&["only", "exclude", "prefer", "pick"]);
    let entries = |name| fields.optional(name, |node| node.list(100, text(1, 200)));
    Some(RuleAction {
        only: entries("only"),
        exclude: entries("exclude"),
        prefer: entries("prefer"),
        pick: fields.optional("pick", choice(&[("cheapest", Pick::Cheapest), ("fastest", Pick::Fastest)])),
    })
}

pub(super) fn label_format(node: Node<'_>) -> Option<Format> {
    let name = text(1, 40)(node)?;
    let known = Format::ALL.map(Format::name).join(", ");
    let unfit = Fault::Other(format!("{name:?} is no format: expected one of {known}"));
    Format::parse(&name).or_else(|| node.fault(unfit))
}

pub(super) fn wish(fields: &Fields<'_>) -> ShipWish {
    fields.only(&["location", "service", "parcels", "label_format", "further_because", "rule", "wrap_lines"]);
    let code = fields.optional("service", text(1, 200));
    ShipWish {
        label_format: fields.optional("label_format", label_format).unwrap_or_default(),
        further_because: fields.optional("further_because", text(1, 500)),
        rule: fields.optional("rule", rule),
        passes_over_rules: false,
        turns_on_silence: false,
        replaces: None,
        wraps_lines: fields.optional("wrap_lines", boolean).unwrap_or(false),
        by: None,
        location: fields.optional("location", text(1, 200)),
        service: code.map(|code| ServiceWish { code: Some(code), contract: None }),
        parcels: fields.optional("parcels", |node| node.list(50, parcel)).unwrap_or_default(),
    }
}

/// `POST /v1/orders/{id}/shipments`: chooses, books, and makes the labels.
pub(super) async fn create(
    State(app): State<App>,
    Authed { caller, .. }: Authed,
    Segment(id): Segment,
    Body { body, .. }: Body,
) -> Answer {
    let wish = if body.is_empty() { ShipWish::default() } else { read(&body, wish)? };
    let shipment = app.ship(&caller, order_id(&id)?, &wish).await?;
    Ok(json(StatusCode::CREATED, &ShipmentView::of(&app, &shipment)))
}

/// `GET /v1/orders/{id}/shipments`.
pub(super) async fn of_order(State(app): State<App>, Authed { caller, .. }: Authed, Segment(id): Segment) -> Answer {
    let order = app.order(&caller, order_id(&id)?).await?;
    let shipments = app.shipments_of_order(&caller, order.id).await?;
    let data: Vec<_> = shipments.iter().map(|shipment| ShipmentView::of(&app, shipment)).collect();
    Ok(json(StatusCode::OK, &List { data }))
}

/// The envelope of lists.
#[derive(Serialize)]
pub(super) struct List<T> {
    pub(super) data: Vec<T>,
}

fn shipment_id(text: &str) -> Result<ShipmentId, Error> {
    ShipmentId::from_native(text).ok_or(Error::NotFound("shipment"))
}

/// `GET /v1/shipments?kind=…&status=…&carrier_account=…&created_from=…&created_before=…`, latest first.
pub(super) async fn list(State(app): State<App>, Authed { caller, .. }: Authed, parameters: Parameters) -> Answer {
    let paging = Paging::read(&parameters, ShipmentId::from_native)?;
    let ways = match parameters.value("kind") {
        None | Some("") => ShipmentWays::Both,
        Some("outgoing") => ShipmentWays::Outgoing,
        Some("return") => ShipmentWays::Returns,
        Some(other) => {
            let shown: String = other.chars().take(80).collect();
            return Err(Error::invalid("kind", format!("{shown:?}: expected outgoing or return")).into());
        }
    };
    let list = ShipmentList {
        ways,
        status: one_of(&parameters, "status", &ShipmentStatus::ALL, ShipmentStatus::as_str)?,
        account: word(&parameters, "carrier_account")?,
        created_from: filter(&parameters, "created_from", AN_INSTANT)?,
        created_before: filter(&parameters, "created_before", AN_INSTANT)?,
        below: paging.after,
        limit: paging.wanted(),
    };
    let found = app.list_shipments(&caller, list).await?;
    let place = |last: &Shipment| last.id.to_string();
    let view = |shipment: Shipment| serde_json::to_value(ShipmentView::of(&app, &shipment));
    let page = paging.page(found, place, view).transposed().map_err(Error::internal)?;
    Ok(json(StatusCode::OK, &page))
}

/// `GET /v1/shipments/{id}`.
pub(super) async fn show(State(app): State<App>, Authed { caller, .. }: Authed, Segment(id): Segment) -> Answer {
    let shipment = app.shipment(&caller, shipment_id(&id)?).await?;
    Ok(json(StatusCode::OK, &ShipmentView::of(&app, &shipment)))
}

/// `POST /v1/shipments/{id}/cancel`.
pub(super) async fn cancel(State(app): State<App>, Authed { caller, .. }: Authed, Segment(id): Segment) -> Answer {
    let shipment = app.cancel(&caller, shipment_id(&id)?).await?;
    Ok(json(StatusCode::OK, &ShipmentView::of(&app, &shipment)))
}

fn numbers(fields: &Fields<'_>) -> Vec<String> {
    fields.required("tracking_numbers", |node| match node.list(50, text(1, 100))? {
        numbers if numbers.is_empty() => node.fault(Fault::TooFew(1, 0)),
        numbers => Some(numbers),
    })
}

/// `POST /v1/orders/{id}/tracking-numbers`: a waybill that was made elsewhere; nothing is bought.
pub(super) async fn record(
    State(app): State<App>,
    Authed { caller, .. }: Authed,
    Segment(id): Segment,
    Body { body, .. }: Body,
) -> Answer {
    let recorded = read(&body, |fields| {
        fields.only(&["carrier", "tracking_numbers", "brought_by"]);
        Recorded {
            carrier: fields.required("carrier", text(1, 100)),
            tracking_numbers: numbers(fields),
            brought_by: fields.optional("brought_by", text(1, 200)),
            ..Recorded::default()
        }
    })?;
    let shipment = app.record_shipment(&caller, order_id(&id)?, recorded).await?;
    Ok(json(StatusCode::CREATED, &ShipmentView::of(&app, &shipment)))
}

/// `POST /v1/shipments/{id}/settle`: what a person found out about a booking nobody else can settle.
pub(super) async fn settle(
    State(app): State<App>,
    Authed { caller, .. }: Authed,
    Segment(id): Segment,
    Body { body, .. }: Body,
) -> Answer {
    let settlement = read(&body, |fields| {
        fields.only(&["outcome", "tracking_numbers"]);
        let outcome = fields.required("outcome", choice(&[("booked", true), ("not_booked", false)]));
        if outcome { Settlement::Booked(numbers(fields)) } else { Settlement::NotBooked }
    })?;
    let shipment = app.settle_shipment(&caller, shipment_id(&id)?, settlement).await?;
    Ok(json(StatusCode::OK, &ShipmentView::of(&app, &shipment)))
}

/// One request to the carrier and its answer.
#[derive(Serialize)]
struct ExchangeView {
    at: String,
    #[serde(flatten)]
    exchange: Exchange,
}

/// `GET /v1/shipments/{id}/exchanges`: what was said between us and the carrier, its full answers included.
pub(super) async fn exchanges(State(app): State<App>, Authed { caller, .. }: Authed, Segment(id): Segment) -> Answer {
    let found = app.exchanges(&caller, shipment_id(&id)?).await?;
    let data = found.into_iter().map(|(at, exchange)| ExchangeView { at: at.to_string(), exchange });
    Ok(json(StatusCode::OK, &List { data: data.collect() }))
}

/// A document as the native API shows it.
#[derive(Serialize)]
struct DocumentView {
    id: String,
    kind: &'static str,
    format: String,
    media_type: &'static str,
    parcel: Option<String>,
    size: u64,
    sha256: String,
    warnings: Vec<String>,
    /// Given out while the document may be used.
    #[serde(skip_serializing_if = "Option::is_none")]
    link: Option<String>,
    /// It belongs to a return that was cancelled and must not be used.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    withdrawn: bool,
}

impl DocumentView {
    /// A document of a shipment that stands so.
    fn of(app: &App, caller: &Caller, document: Document, status: Option<ShipmentStatus>) -> Self {
        let withdrawn = document.kind == DocumentKind::ReturnLabel && status != Some(ShipmentStatus::Booked);
        Self {
            id: document.id.to_string(),
            kind: document.kind.as_str(),
            format: document.format.name(),
            media_type: document.format.media_type(),
            parcel: document.parcel.map(|parcel| parcel.to_string()),
            size: document.size,
            sha256: document.sha256,
            warnings: document.warnings,
            link: (!withdrawn).then(|| app.document_link(caller.tenant(), document.id)),
            withdrawn,
        }
    }
}

/// A document as it stands in a list of many shipments'.
#[derive(Serialize)]
struct ListedDocument {
    order: Option<String>,
    shipment: Option<String>,
    batch: Option<String>,
    created_at: String,
    #[serde(flatten)]
    document: DocumentView,
}

/// `GET /v1/documents?kind=…&created_from=…&created_before=…`, latest first.
pub(super) async fn all_documents(
    State(app): State<App>,
    Authed { caller, .. }: Authed,
    parameters: Parameters,
) -> Answer {
    let paging = Paging::read(&parameters, DocumentId::from_native)?;
    let list = DocumentList {
        kind: one_of(&parameters, "kind", &DocumentKind::ALL, DocumentKind::as_str)?,
        created_from: filter(&parameters, "created_from", AN_INSTANT)?,
        created_before: filter(&parameters, "created_before", AN_INSTANT)?,
        below: paging.after,
        limit: paging.wanted(),
    };
    let found = app.list_documents(&caller, list).await?;
    let view = |(document, status): (Document, Option<ShipmentStatus>)| ListedDocument {
        order: document.order.map(|order| order.to_string()),
        shipment: document.shipment.map(|shipment| shipment.to_string()),
        batch: document.of_batch.as_ref().map(|part| part.batch.to_string()),
        created_at: document.created_at.to_string(),
        document: DocumentView::of(&app, &caller, document, status),
    };
    Ok(json(StatusCode::OK, &paging.page(found, |(last, _)| last.id.to_string(), view)))
}

/// `GET /v1/shipments/{id}/documents`.
pub(super) async fn documents(State(app): State<App>, Authed { caller, .. }: Authed, Segment(id): Segment) -> Answer {
    let shipment = app.shipment(&caller, shipment_id(&id)?).await?;
    let view = |document: Document| DocumentView::of(&app, &caller, document, Some(shipment.status));
    let data: Vec<_> = app.documents(&caller, shipment.id).await?.into_iter().map(view).collect();
    Ok(json(StatusCode::OK, &List { data }))
}

/// `GET /v1/shipments/{id}/packing-slip`: a PDF.
pub(super) async fn packing_slip(
    State(app): State<App>,
    Authed { caller, .. }: Authed,
    Segment(id): Segment,
) -> Answer {
    let (document, bytes): (Document, Bytes) = app.packing_slip(&caller, shipment_id(&id)?).await?;
    Ok(file(&document, bytes))
}

fn parcel_id(node: Node<'_>) -> Option<ParcelId> {
    let id = text(1, 40)(node)?;
    let unfit = Fault::Other(format!("{id:?} is no parcel id: expected pcl_…"));
    ParcelId::from_native(&id).or_else(|| node.fault(unfit))
}

/// `POST /v1/shipments/{id}/advance`: moves a test carrier's parcels along.
pub(super) async fn advance(
    State(app): State<App>,
    Authed { caller, .. }: Authed,
    Segment(id): Segment,
    Body { body, .. }: Body,
) -> Answer {
    let wish = |fields: &Fields<'_>| {
        fields.only(&["parcel", "code"]);
        (fields.optional("parcel", parcel_id), fields.optional("code", text(1, 100)))
    };
    let (parcel, code) = if body.is_empty() { (None, None) } else { read(&body, wish)? };
    let shipment = app.advance(&caller, shipment_id(&id)?, parcel, code.as_deref()).await?;
    Ok(json(StatusCode::OK, &ShipmentView::of(&app, &shipment)))
}

fn reported(node: Node<'_>) -> Option<ReportedEvent> {
    let fields = node.fields()?;
    fields.only(&["parcel", "code", "status", "milestone", "message", "incident", "happened_at", "city", "country"]);
    let words = |name, most| fields.optional(name, text(1, most));
    let (city, country) = (words("city", 200), fields.optional("country", text(2, 2)));
    let place = (city.is_some() || country.is_some()).then_some(Place { city, country });
    Some(ReportedEvent {
        parcel: fields.optional("parcel", parcel_id),
        code: fields.required("code", text(1, 100)),
        status: fields.optional("status", |node| {
            let word = text(1, 40)(node)?;
            let known = TrackingStatus::ALL.map(TrackingStatus::as_str).join(", ");
            let unfit = Fault::Other(format!("{word:?} is no tracking status: expected one of {known}"));
            TrackingStatus::parse(&word).or_else(|| node.fault(unfit))
        }),
        milestone: fields.optional("milestone", |node| {
            let word = text(1, 40)(node)?;
            let known = Milestone::ALL.map(Milestone::as_str).join(", ");
            let unfit = Fault::Other(format!("{word:?} is no milestone: expected one of {known}"));
            Milestone::parse(&word).or_else(|| node.fault(unfit))
        }),
        incident: words("incident", 500).map(|reason| Incident { reason }),
        message: words("message", 500),
        happened_at: fields.optional("happened_at", time),
        place,
    })
}

pub(super) fn reports(fields: &Fields<'_>) -> Vec<ReportedEvent> {
    fields.only(&["events"]);
    fields.required("events", |node| node.list(500, reported))
}

/// `POST /v1/shipments/{id}/tracking-events`: what an own fleet says happened. Repeating a report is harmless.
pub(super) async fn report(
    State(app): State<App>,
    Authed { caller, .. }: Authed,
    Segment(id): Segment,
    Body { body, .. }: Body,
) -> Answer {
    let reports = read(&body, reports)?;
    let shipment = app.report_tracking(&caller, shipment_id(&id)?, reports).await?;
    let answer: Response = json(StatusCode::OK, &ShipmentView::of(&app, &shipment));
    Ok(answer)
}
