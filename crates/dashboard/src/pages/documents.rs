//! Documents: the list of them, and their bytes.

use app::App;
use askama::Template;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use domain::Error;
use domain::document::{Document, Format};
use domain::ids::{DocumentId, ParcelId, ShipmentId};

use super::problem::Refusal;
use crate::answer::desk;
use crate::frame::Frame;
use crate::session::Visit;
use crate::words;

/// Documents of one page.
const PAGE: usize = 50;

struct Line {
    id: String,
    kind: &'static str,
    format: String,
    made: String,
    size: String,
    order: Option<String>,
    batch: Option<String>,
    warnings: Vec<String>,
}

#[derive(Template)]
#[template(path = "documents.html")]
struct DocumentsPage {
    frame: Frame,
    lines: Vec<Line>,
    next: Option<String>,
    is_first: bool,
}

/// `GET /ui/documents`.
pub(crate) async fn list(State(app): State<App>, visit: Visit) -> Result<Response, Refusal> {
    let below = visit.query.get("below").and_then(DocumentId::from_native);
    let mut documents = app.latest_documents(&visit.caller, below, PAGE + 1).await?;
    let has_more = documents.len() > PAGE;
    documents.truncate(PAGE);
    let next = documents.last().filter(|_| has_more).map(|last| format!("/ui/documents?below={}", last.id));
    let lines = documents.iter().map(|document| Line {
        id: document.id.to_string(),
        kind: words::document(document),
        format: words::format(document.format),
        made: words::time(document.created_at, &visit.caller.setup.zone),
        size: words::size(document.size),
        order: document.order.map(|order| order.to_string()),
        batch: document.of_batch.as_ref().map(|part| part.batch.to_string()),
        warnings: document.warnings.clone(),
    });
    let page = DocumentsPage {
        lines: lines.collect(),
        frame: visit.frame("Documents", "documents"),
        next,
        is_first: below.is_none(),
    };
    Ok(desk(StatusCode::OK, &page))
}

/// Bytes as a browser should take them: shown, not run, not kept.
fn shown((document, bytes): (Document, Bytes)) -> Response {
    let name = format!("{}.{}", document.id, document.format.extension());
    let place = if matches!(document.format, Format::Zpl(_)) { "attachment" } else { "inline" };
    let headers = [
        (header::CONTENT_TYPE, document.format.media_type().to_owned()),
        (header::CONTENT_DISPOSITION, format!("{place}; filename=\"{name}\"")),
        (header::CACHE_CONTROL, "private, no-store".to_owned()),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
        (header::REFERRER_POLICY, "no-referrer".to_owned()),
        (header::X_FRAME_OPTIONS, "SAMEORIGIN".to_owned()),
    ];
    (headers, bytes).into_response()
}

/// `GET /ui/documents/{id}`.
pub(crate) async fn open(State(app): State<App>, Path(id): Path<String>, visit: Visit) -> Result<Response, Refusal> {
    let id = DocumentId::from_native(&id).ok_or(Error::NotFound("document"))?;
    Ok(shown(app.document(&visit.caller, id).await?))
}

/// `GET /ui/parcels/{id}/label?format=…`. A label that is out of date is shown to whoever confirms that he knows.
pub(crate) async fn label(State(app): State<App>, Path(id): Path<String>, visit: Visit) -> Result<Response, Refusal> {
    let parcel = ParcelId::from_native(&id).ok_or(Error::NotFound("parcel"))?;
    let format = visit.query.get("format").and_then(Format::parse).unwrap_or_default();
    let found = if visit.query.get("confirmed").is_some() {
        app.confirmed_label(&visit.caller, parcel, format).await?
    } else {
        app.label(&visit.caller, parcel, format).await?
    };
    Ok(shown(found))
}

/// `GET /ui/parcels/{id}/preview`: the label as a picture.
pub(crate) async fn preview(State(app): State<App>, Path(id): Path<String>, visit: Visit) -> Result<Response, Refusal> {
    let parcel = ParcelId::from_native(&id).ok_or(Error::NotFound("parcel"))?;
    Ok(shown(app.label_preview(&visit.caller, parcel).await?))
}

/// `GET /ui/shipments/{id}/packing-slip`.
pub(crate) async fn packing_slip(
    State(app): State<App>,
    Path(id): Path<String>,
    visit: Visit,
) -> Result<Response, Refusal> {
    let id = ShipmentId::from_native(&id).ok_or(Error::NotFound("shipment"))?;
    Ok(shown(app.packing_slip(&visit.caller, id).await?))
}
