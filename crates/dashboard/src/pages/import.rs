//! Orders from a file that somebody uploads. It is held to what a request of the native API is held to.

use app::App;
use app::import::{Imported, ReadFile};
use askama::Template;
use axum::extract::{Multipart, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use domain::error::Problem;
use domain::tenant::Scope;
use domain::{Error, Result};

use super::problem::Refusal;
use crate::answer::desk;
use crate::form;
use crate::frame::Frame;
use crate::session::Visit;

/// The largest file, in bytes; larger ones go by the command line.
pub(crate) const LARGEST: usize = 20 * 1024 * 1024;
/// Rejected orders that are shown.
const SHOWN: usize = 200;

struct Rejected {
    line: u64,
    order: String,
    problems: Vec<(String, String)>,
}

#[derive(Template)]
#[template(path = "import.html")]
struct ImportPage {
    frame: Frame,
    outcome: Option<(u64, u64, u64, usize)>,
    rejected: Vec<Rejected>,
    problems: Vec<Problem>,
}

/// `GET /ui/import`.
pub(crate) async fn ask(visit: Visit) -> Result<Response, Refusal> {
    visit.caller.require(Scope::Write)?;
    let frame = visit.frame("Import a file", "orders");
    Ok(desk(StatusCode::OK, &ImportPage { frame, outcome: None, rejected: Vec::new(), problems: Vec::new() }))
}

/// `POST /ui/import`: a form with a file. What is good goes in, and the rest is told line by line.
pub(crate) async fn take(
    State(app): State<App>,
    axum::Extension(read): axum::Extension<ReadFile>,
    visit: Visit,
    headers: HeaderMap,
    multipart: Multipart,
) -> Result<Response, Refusal> {
    visit.caller.require(Scope::Write)?;
    let file = form::uploaded(&visit, &headers, multipart, "file", LARGEST).await?;
    let frame = visit.frame("Import a file", "orders");
    let Some(file) = file else {
        let problems = vec![Problem::new("file", "choose a file with orders first")];
        let page = ImportPage { frame, outcome: None, rejected: Vec::new(), problems };
        return Ok(desk(StatusCode::UNPROCESSABLE_ENTITY, &page));
    };
    let orders = match tokio::task::spawn_blocking(move || read(&file)).await.map_err(Error::internal)? {
        Ok(orders) => orders,
        Err(problems) => {
            let page = ImportPage { frame, outcome: None, rejected: Vec::new(), problems };
            return Ok(desk(StatusCode::UNPROCESSABLE_ENTITY, &page));
        }
    };
    let Imported { new, changed, same, rejected } = app.import_orders(&visit.caller, orders).await?;
    let shown = rejected.iter().take(SHOWN).map(|one| Rejected {
        line: one.line,
        order: one.name.clone(),
        problems: one.problems.iter().map(|problem| (problem.path.clone(), problem.message.clone())).collect(),
    });
    let page = ImportPage {
        outcome: Some((new, changed, same, rejected.len())),
        rejected: shown.collect(),
        problems: Vec::new(),
        frame,
    };
    Ok(desk(StatusCode::OK, &page))
}
