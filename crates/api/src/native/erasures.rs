//! Erasures: persons who asked to be forgotten.

use app::App;
use app::erasures::{Erasure, Whom};
use axum::extract::State;
use domain::ids::{CustomerId, OrderId};
use domain::{Error, Problem};
use http::StatusCode;
use serde::Serialize;

use super::orders::read;
use super::{Answer, Authed, Body};
use crate::dialect::{Parameters, Segment, json};
use crate::json::fields::{Fields, text};

/// Erasures of one page.
const PAGE: usize = 50;

#[derive(Serialize)]
struct LeftView<'a> {
    order: &'a str,
    reason: &'a str,
}

/// An erasure as the native API shows it: never who was erased.
#[derive(Serialize)]
struct ErasureView<'a> {
    id: String,
    /// `running`, `waiting` for orders that are under way, `done`.
    status: &'static str,
    created_at: String,
    asked_by: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    finished_at: Option<String>,
    /// When it goes on.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_at: Option<String>,
    orders_erased: u64,
    files_removed: u64,
    customers_forgotten: u64,
    left: Vec<LeftView<'a>>,
}

impl<'a> ErasureView<'a> {
    fn of(one: &'a Erasure) -> Self {
        let left = one.report.left.iter().map(|(order, reason)| LeftView { order, reason });
        Self {
            id: one.id.to_string(),
            status: match (one.finished_at, one.report.left.is_empty()) {
                (Some(_), _) => "done",
                (None, true) => "running",
                (None, false) => "waiting",
            },
            created_at: one.created_at.to_string(),
            asked_by: &one.actor,
            finished_at: one.finished_at.map(|at| at.to_string()),
            next_at: one.due_at.map(|at| at.to_string()),
            orders_erased: one.report.orders,
            files_removed: one.report.files,
            customers_forgotten: one.report.customers,
            left: left.collect(),
        }
    }
}

#[derive(Serialize)]
struct Page<'a> {
    data: Vec<ErasureView<'a>>,
    /// Hand back as `after` for the next page.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// Who is named by exactly one of the fields.
fn whom(fields: &Fields<'_>) -> Result<Whom, Error> {
    fields.only(&["email", "phone", "order", "customer"]);
    let word = |name| fields.optional(name, text(1, 500));
    let named = [word("email"), word("phone"), word("order"), word("customer")];
    match named {
        [Some(email), None, None, None] => Ok(Whom::Email(email)),
        [None, Some(phone), None, None] => Ok(Whom::Phone(phone)),
        [None, None, Some(order), None] => {
            Ok(Whom::Order(OrderId::from_native(&order).ok_or(Error::NotFound("order"))?))
        }
        [None, None, None, Some(customer)] => {
            let id = CustomerId::from_native(&customer).or_else(|| CustomerId::from_decimal(&customer));
            Ok(Whom::Customer(id.ok_or(Error::NotFound("customer"))?))
        }
        _ => Err(Error::Invalid(vec![Problem::new("", "name the person by one of email, phone, order, customer")])),
    }
}

/// `POST /v1/erasures`: asks that a person be erased; a job does it.
pub(super) async fn create(State(app): State<App>, Authed { caller, .. }: Authed, Body { body, .. }: Body) -> Answer {
    let whom = read(&body, whom)??;
    let erasure = app.erase(&caller, &whom).await?;
    Ok(json(StatusCode::ACCEPTED, &ErasureView::of(&erasure)))
}

/// `GET /v1/erasures/{id}`: what it did and what is left.
pub(super) async fn show(State(app): State<App>, Authed { caller, .. }: Authed, Segment(id): Segment) -> Answer {
    // No erasure has number 0.
    let erasure = app.erasure(&caller, id.parse().unwrap_or_default()).await?;
    Ok(json(StatusCode::OK, &ErasureView::of(&erasure)))
}

/// `GET /v1/erasures`: the last first.
pub(super) async fn list(State(app): State<App>, Authed { caller, .. }: Authed, parameters: Parameters) -> Answer {
    let after = parameters.value("after").map(str::parse).transpose();
    let after = after.map_err(|_| Error::invalid("after", "this was never given out as next"))?;
    let mut found = app.erasures(&caller, after, PAGE + 1).await?;
    let has_more = found.len() > PAGE;
    found.truncate(PAGE);
    let next = found.last().filter(|_| has_more).map(|one| one.id.to_string());
    Ok(json(StatusCode::OK, &Page { data: found.iter().map(ErasureView::of).collect(), next }))
}
