//! Batches: how a run goes while it goes, what failed and why, and the file to print.

use app::App;
use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use domain::Error;
use domain::batch::{BatchStage, OrderOutcome};
use domain::document::Format;
use domain::ids::BatchId;

use super::orders;
use super::problem::Refusal;
use crate::answer::{desk, go_to};
use crate::frame::Frame;
use crate::session::{Posted, Visit};
use crate::words::{self, Chip};

/// Batches of one page, and orders of one.
const PAGE: usize = 50;
const ORDERS: usize = 200;
/// Files that are shown of one batch.
const FILES: usize = 100;

struct Line {
    id: String,
    made: String,
    stage: Chip,
    total: u64,
    labelled: u64,
    skipped: u64,
    failed: u64,
}

#[derive(Template)]
#[template(path = "batches.html")]
struct BatchesPage {
    frame: Frame,
    lines: Vec<Line>,
    next: Option<String>,
    is_first: bool,
}

/// `GET /ui/batches`.
pub(crate) async fn list(State(app): State<App>, visit: Visit) -> Result<Response, Refusal> {
    let below = visit.query.get("below").and_then(BatchId::from_native);
    let mut batches = app.latest_batches(&visit.caller, below, PAGE + 1).await?;
    let has_more = batches.len() > PAGE;
    batches.truncate(PAGE);
    let next = batches.last().filter(|_| has_more).map(|last| format!("/ui/batches?below={}", last.id));
    let zone = &visit.caller.setup.zone;
    let lines = batches.iter().map(|batch| Line {
        id: batch.id.to_string(),
        made: words::time(batch.created_at, zone),
        stage: words::batch(batch.stage),
        total: batch.counts.total,
        labelled: batch.counts.labelled,
        skipped: batch.counts.skipped,
        failed: batch.counts.failed,
    });
    let page = BatchesPage {
        lines: lines.collect(),
        frame: visit.frame("Batches", "batches"),
        next,
        is_first: below.is_none(),
    };
    Ok(desk(StatusCode::OK, &page))
}

/// An order that has no label, and why.
struct Failure {
    order: String,
    title: String,
    problems: Vec<(String, String)>,
}

struct File {
    id: String,
    title: String,
    labels: u64,
    size: String,
    is_pdf: bool,
}

struct LaneLine {
    title: String,
    waiting: u64,
    per_minute: Option<u64>,
    ends: Option<String>,
}

#[derive(Template)]
#[template(path = "batch.html")]
struct BatchPage {
    frame: Frame,
    id: String,
    made: String,
    stage: Chip,
    is_done: bool,
    total: u64,
    waiting: u64,
    labelled: u64,
    skipped: u64,
    failed: u64,
    round: u32,
    lanes: Vec<LaneLine>,
    failures: Vec<Failure>,
    next: Option<String>,
    files: Vec<File>,
    formats: Vec<(String, String)>,
    format: String,
}

impl BatchPage {
    fn finished(&self) -> u64 {
        self.total.saturating_sub(self.waiting)
    }
}

fn batch_id(text: &str) -> Result<BatchId, Error> {
    BatchId::from_native(text).ok_or(Error::NotFound("batch"))
}

/// `GET /ui/batches/{id}`. The page asks again by itself while the batch goes on.
pub(crate) async fn show(State(app): State<App>, Path(id): Path<String>, visit: Visit) -> Result<Response, Refusal> {
    let batch = app.batch(&visit.caller, batch_id(&id)?).await?;
    let after = visit.query.get("after").and_then(|after| after.parse().ok()).unwrap_or(0);
    let failed = Some(OrderOutcome::Failed);
    let mut shown = app.orders_of_batch(&visit.caller, batch.id, failed, after, ORDERS + 1).await?;
    let has_more = shown.len() > ORDERS;
    shown.truncate(ORDERS);
    let next = shown.last().filter(|_| has_more);
    let next = next.map(|last| format!("/ui/batches/{}?after={}", batch.id, last.standing.position));
    let files = app.documents_of_batch(&visit.caller, batch.id, None, FILES).await?;
    let zone = &visit.caller.setup.zone;
    let failures = shown.iter().map(|one| Failure {
        order: one.standing.order.to_string(),
        title: one.order.as_ref().map_or_else(|| one.standing.order.to_string(), orders::title),
        problems: one
            .standing
            .problems
            .iter()
            .map(|problem| (problem.path.replace('/', " › ").replace('_', " "), problem.message.clone()))
            .collect(),
    });
    let files = files.iter().filter_map(|document| {
        let part = document.of_batch.as_ref()?;
        let group: Vec<_> = part
            .group
            .iter()
            .map(|(by, value)| format!("{} {}", by.title(), value.as_deref().unwrap_or("–")))
            .collect();
        let group = if group.is_empty() { "All labels".to_owned() } else { group.join(", ") };
        Some(File {
            id: document.id.to_string(),
            title: if part.printing > 1 { format!("{group}, printing {}", part.printing) } else { group },
            labels: part.labels,
            size: words::size(document.size),
            is_pdf: matches!(document.format, Format::Pdf(_)),
        })
    });
    let lanes = batch.lanes.iter().map(|lane| LaneLine {
        title: lane.account.clone().or_else(|| lane.location.clone()).unwrap_or_else(|| "Any carrier".to_owned()),
        waiting: lane.waiting,
        per_minute: lane.per_minute,
        ends: lane.ends_at.map(|at| words::time(at, zone)),
    });
    let page = BatchPage {
        frame: visit.frame(format!("Batch {}", batch.id), "batches"),
        id: batch.id.to_string(),
        made: words::time(batch.created_at, zone),
        stage: words::batch(batch.stage),
        is_done: batch.stage == BatchStage::Done,
        total: batch.counts.total,
        waiting: batch.counts.waiting(),
        labelled: batch.counts.labelled,
        skipped: batch.counts.skipped,
        failed: batch.counts.failed,
        round: batch.round,
        lanes: lanes.collect(),
        failures: failures.collect(),
        next,
        files: files.collect(),
        formats: orders::formats(),
        format: batch.printing.format.name(),
    };
    Ok(desk(StatusCode::OK, &page))
}

/// `POST /ui/batches/{id}/retry`: tries what failed again.
pub(crate) async fn retry(State(app): State<App>, Path(id): Path<String>, posted: Posted) -> Result<Response, Refusal> {
    let batch = app.retry_batch(&posted.visit.caller, batch_id(&id)?).await?;
    Ok(go_to(&format!("/ui/batches/{}", batch.id)))
}

/// `POST /ui/batches/{id}/print`: puts the labels together once more. No carrier is asked.
pub(crate) async fn print(State(app): State<App>, Path(id): Path<String>, posted: Posted) -> Result<Response, Refusal> {
    let format = posted.form.get("format").and_then(Format::parse);
    let batch = app
        .print_batch(&posted.visit.caller, batch_id(&id)?, app::batches::PrintWish { format, ..Default::default() })
        .await?;
    Ok(go_to(&format!("/ui/batches/{}", batch.id)))
}
