//! Batches: many orders labelled in one call, watched, tried again and printed again.

use std::collections::BTreeMap;

use app::App;
use app::batches::{BatchWish, PrintWish, ShownOrder};
use app::shipments::ShipWish;
use axum::extract::State;
use domain::batch::{Batch, BatchStage, GroupBy, Lane, MOST_ORDERS, OrderOutcome};
use domain::document::{Document, Rotation};
use domain::error::Problem;
use domain::ids::{BatchId, OrderId};
use domain::order::ServiceWish;
use domain::{Error, Result};
use http::StatusCode;
use serde::Serialize;

use super::error::in_our_words;
use super::orders::read;
use super::page::{Paging, limit};
use super::shipments::label_format;
use super::{Answer, Authed, Body};
use crate::dialect::{Parameters, Segment, json};
use crate::json::fields::{Fault, Fields, Node, boolean, integer, text};

/// Orders of one page, and files of one page.
const PAGE: usize = 200;

/// A batch as the native API shows it.
#[derive(Serialize)]
struct BatchView<'a> {
    id: String,
    status: BatchStage,
    created_at: String,
    finished_at: Option<String>,
    format: String,
    group_by: &'a [GroupBy],
    start_position: u8,
    /// Degrees, clockwise.
    rotation: u16,
    /// 1, and one more for each retry.
    round: u32,
    counts: CountsView,
    carriers: &'a [Lane],
    /// The files of the last printing, the first of them when there are many; left out in a list.
    #[serde(skip_serializing_if = "Option::is_none")]
    documents: Option<Vec<FileView>>,
}

/// How many orders stand how: they sum to the total at every moment.
#[derive(Serialize)]
struct CountsView {
    total: u64,
    waiting: u64,
    labelled: u64,
    skipped: u64,
    failed: u64,
}

/// One file of a batch.
#[derive(Serialize)]
struct FileView {
    id: String,
    format: String,
    media_type: &'static str,
    /// Which printing it belongs to, from 1.
    printing: u32,
    /// Which group of it, from 1.
    place: u32,
    group: BTreeMap<String, Option<String>>,
    labels: u64,
    size: u64,
    sha256: String,
    warnings: Vec<String>,
    link: String,
}

impl FileView {
    fn of(app: &App, caller: &app::Caller, document: Document) -> Option<Self> {
        let part = document.of_batch?;
        Some(Self {
            id: document.id.to_string(),
            format: document.format.name(),
            media_type: document.format.media_type(),
            printing: part.printing,
            place: part.place,
            group: part.group.into_iter().map(|(by, value)| (by.to_string(), value)).collect(),
            labels: part.labels,
            size: document.size,
            sha256: document.sha256,
            warnings: document.warnings,
            link: app.document_link(caller.tenant(), document.id),
        })
    }
}

impl<'a> BatchView<'a> {
    fn of(batch: &'a Batch, documents: Option<Vec<FileView>>) -> Self {
        let counts = batch.counts;
        Self {
            id: batch.id.to_string(),
            status: batch.stage,
            created_at: batch.created_at.to_string(),
            finished_at: batch.finished_at.map(|at| at.to_string()),
            format: batch.printing.format.name(),
            group_by: &batch.printing.group_by,
            start_position: batch.printing.start_position,
            rotation: batch.printing.rotation.degrees(),
            round: batch.round,
            counts: CountsView {
                total: counts.total,
                waiting: counts.waiting(),
                labelled: counts.labelled,
                skipped: counts.skipped,
                failed: counts.failed,
            },
            carriers: &batch.lanes,
            documents,
        }
    }
}

/// An answer with a batch and the files it has so far.
async fn shown(app: &App, caller: &app::Caller, status: StatusCode, batch: &Batch) -> Answer {
    let all = app.first_documents(caller, batch, PAGE).await?;
    let documents = all.into_iter().filter_map(|document| FileView::of(app, caller, document)).collect();
    Ok(json(status, &BatchView::of(batch, Some(documents))))
}

/// `GET /v1/batches`, latest first, without their files.
pub(super) async fn list(State(app): State<App>, Authed { caller, .. }: Authed, parameters: Parameters) -> Answer {
    let paging = Paging::read(&parameters, BatchId::from_native)?;
    let found = app.batches(&caller, paging.after, paging.wanted()).await?;
    let place = |last: &&Batch| last.id.to_string();
    let page = paging.page(found.iter().collect(), place, |batch| BatchView::of(batch, None));
    Ok(json(StatusCode::OK, &page))
}

fn batch_id(text: &str) -> Result<BatchId> {
    BatchId::from_native(text).ok_or(Error::NotFound("batch"))
}

fn order(node: Node<'_>) -> Option<OrderId> {
    let id = text(1, 40)(node)?;
    let unfit = Fault::Other(format!("{id:?} is no order id: expected ord_…"));
    OrderId::from_native(&id).or_else(|| node.fault(unfit))
}

fn group_by(node: Node<'_>) -> Option<GroupBy> {
    let name = text(1, 40)(node)?;
    let known = GroupBy::ALL.map(|by| by.to_string()).join(", ");
    let unfit = Fault::Other(format!("{name:?} is nothing to group by: expected one of {known}"));
    GroupBy::parse(&name).or_else(|| node.fault(unfit))
}

fn groups(fields: &Fields<'_>) -> Option<Vec<GroupBy>> {
    fields.optional("group_by", |node| node.list(GroupBy::ALL.len(), group_by))
}

fn start_position(fields: &Fields<'_>) -> u8 {
    let place = fields.optional("start_position", integer(0, 3)).unwrap_or_default();
    u8::try_from(place).unwrap_or_default()
}

fn rotation(node: Node<'_>) -> Option<Rotation> {
    let degrees = integer(0, 360)(node)?;
    let unfit = Fault::Other(format!("{degrees} is no rotation: expected 0, 90, 180 or 270"));
    u16::try_from(degrees).ok().and_then(Rotation::new).or_else(|| node.fault(unfit))
}

fn wish(fields: &Fields<'_>) -> (Vec<OrderId>, BatchWish) {
    fields.only(&["orders", "format", "group_by", "start_position", "rotation", "location", "service", "wrap_lines"]);
    let orders = fields.required("orders", |node| match node.list(MOST_ORDERS, order)? {
        orders if orders.is_empty() => node.fault(Fault::TooFew(1, 0)),
        orders => Some(orders),
    });
    let code = fields.optional("service", text(1, 200));
    let ship = ShipWish {
        location: fields.optional("location", text(1, 200)),
        service: code.map(|code| ServiceWish { code: Some(code), contract: None }),
        label_format: fields.optional("format", label_format).unwrap_or_default(),
        wraps_lines: fields.optional("wrap_lines", boolean).unwrap_or(false),
        ..ShipWish::default()
    };
    let wish = BatchWish {
        ship,
        group_by: groups(fields).unwrap_or_default(),
        start_position: start_position(fields),
        rotation: fields.optional("rotation", rotation).unwrap_or_default(),
    };
    (orders, wish)
}

/// `POST /v1/batches`: answers at once; the work goes on whoever hangs up.
pub(super) async fn create(State(app): State<App>, Authed { caller, .. }: Authed, Body { body, .. }: Body) -> Answer {
    let (orders, wish) = read(&body, wish)?;
    let batch = app.label_orders(&caller, &orders, wish).await?;
    shown(&app, &caller, StatusCode::ACCEPTED, &batch).await
}

/// `GET /v1/batches/{id}`.
pub(super) async fn show(State(app): State<App>, Authed { caller, .. }: Authed, Segment(id): Segment) -> Answer {
    let batch = app.batch(&caller, batch_id(&id)?).await?;
    shown(&app, &caller, StatusCode::OK, &batch).await
}

/// An order of a batch as the native API shows it.
#[derive(Serialize)]
struct OrderView {
    position: u32,
    order: String,
    number: Option<String>,
    external_id: Option<String>,
    outcome: &'static str,
    shipment: Option<String>,
    tracking_numbers: Vec<String>,
    errors: Vec<ErrorView>,
}

/// Why an order has no label.
#[derive(Serialize)]
struct ErrorView {
    /// RFC 6901 pointer into the order.
    pointer: String,
    detail: String,
}

impl OrderView {
    fn of(shown: ShownOrder) -> Self {
        let ShownOrder { standing, order, shipment } = shown;
        let details = order.map(|order| order.details);
        let (number, external_id) = details.map_or((None, None), |details| (details.number, details.external_id));
        let error = |problem: &Problem| {
            let problem = in_our_words(problem);
            ErrorView { pointer: format!("/{}", problem.path), detail: problem.message }
        };
        Self {
            position: standing.position,
            order: standing.order.to_string(),
            number,
            external_id,
            outcome: standing.outcome.as_str(),
            shipment: standing.shipment.map(|id| id.to_string()),
            tracking_numbers: shipment.map(|shipment| shipment.tracking_numbers()).unwrap_or_default(),
            errors: standing.problems.iter().map(error).collect(),
        }
    }
}

/// A page and where the next one begins.
#[derive(Serialize)]
struct Page<T> {
    data: Vec<T>,
    /// Hand back as `after` for the next page.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// `GET /v1/batches/{id}/orders?outcome=failed`: each order and what became of it, in the batch's order.
pub(super) async fn orders(
    State(app): State<App>,
    Authed { caller, .. }: Authed,
    Segment(id): Segment,
    parameters: Parameters,
) -> Answer {
    let mut problems = Vec::new();
    let mut wrong = |name: &str, value: &str, expected: &str| {
        let shown: String = value.chars().take(80).collect();
        problems.push(Problem::new(name, format!("{shown:?} is not {expected}")));
    };
    let outcome = parameters.value("outcome").and_then(|word| {
        let known = OrderOutcome::ALL.map(OrderOutcome::as_str).join(", ");
        OrderOutcome::parse(word).or_else(|| {
            wrong("outcome", word, &format!("an outcome: expected one of {known}"));
            None
        })
    });
    let after = parameters.value("after").map_or(0, |text| {
        text.parse().unwrap_or_else(|_| {
            wrong("after", text, "what was given out as next");
            0
        })
    });
    if !problems.is_empty() {
        return Err(Error::Invalid(problems).into());
    }
    let limit = limit(&parameters, PAGE, PAGE)?;
    let mut found = app.orders_of_batch(&caller, batch_id(&id)?, outcome, after, limit + 1).await?;
    let has_more = found.len() > limit;
    found.truncate(limit);
    let next = found.last().filter(|_| has_more).map(|last| last.standing.position.to_string());
    Ok(json(StatusCode::OK, &Page { data: found.into_iter().map(OrderView::of).collect(), next }))
}

/// `GET /v1/batches/{id}/documents`: every file, the last printing first.
pub(super) async fn documents(
    State(app): State<App>,
    Authed { caller, .. }: Authed,
    Segment(id): Segment,
    parameters: Parameters,
) -> Answer {
    let place = |text: &str| {
        let read = text.split_once('.').and_then(|(a, b)| Some((a.parse().ok()?, b.parse().ok()?)));
        read.ok_or_else(|| Error::invalid("after", format!("{text:?} was never given out as next")))
    };
    let after = parameters.value("after").map(place).transpose()?;
    let batch = app.batch(&caller, batch_id(&id)?).await?;
    let limit = limit(&parameters, PAGE, PAGE)?;
    let mut found = app.documents_of_batch(&caller, batch.id, after, limit + 1).await?;
    let has_more = found.len() > limit;
    found.truncate(limit);
    let last = found.last().filter(|_| has_more).and_then(|last| last.of_batch.as_ref());
    let next = last.map(|part| format!("{}.{}", part.printing, part.place));
    let data = found.into_iter().filter_map(|document| FileView::of(&app, &caller, document)).collect();
    Ok(json(StatusCode::OK, &Page { data, next }))
}

/// `POST /v1/batches/{id}/retry`: tries the failed ones again.
pub(super) async fn retry(State(app): State<App>, Authed { caller, .. }: Authed, Segment(id): Segment) -> Answer {
    let batch = app.retry_batch(&caller, batch_id(&id)?).await?;
    shown(&app, &caller, StatusCode::ACCEPTED, &batch).await
}

/// `POST /v1/batches/{id}/print`: puts all labels together once more; no carrier is asked.
pub(super) async fn print(
    State(app): State<App>,
    Authed { caller, .. }: Authed,
    Segment(id): Segment,
    Body { body, .. }: Body,
) -> Answer {
    let wish = |fields: &Fields<'_>| {
        fields.only(&["format", "group_by", "start_position", "rotation"]);
        PrintWish {
            format: fields.optional("format", label_format),
            group_by: groups(fields),
            start_position: start_position(fields),
            rotation: fields.optional("rotation", rotation),
        }
    };
    let wish = if body.is_empty() { PrintWish::default() } else { read(&body, wish)? };
    let batch = app.print_batch(&caller, batch_id(&id)?, wish).await?;
    shown(&app, &caller, StatusCode::ACCEPTED, &batch).await
}
