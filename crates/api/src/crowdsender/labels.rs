//! `/api/v1/labels`: the orders that a query chooses, labelled in one call.

use std::collections::HashSet;

use app::App;
use app::batches::BatchWish;
use app::queries::OrderQuery;
use axum::extract::State;
use domain::batch::GroupBy;
use domain::tenant::Scope;
use http::StatusCode;

use super::envelope::{Refusal, answer};
use super::{Answer, Authed, Body, LENIENCY, encode, fields};
use crate::dialect::Parameters;
use crate::json::fields::{Fault, Node, Notes, boolean, text};
use crate::json::{self, Json};

/// The published word for something labels can be grouped by.
fn word(by: GroupBy) -> String {
    match by {
        GroupBy::SendDate => "sendDate".to_owned(),
        GroupBy::Seller => "seller".to_owned(),
        GroupBy::Carrier => "courier".to_owned(),
        GroupBy::Country => "country".to_owned(),
        GroupBy::OrderField(number) => format!("orderCustomField{number}"),
        GroupBy::BoxField(number) => format!("boxCustomField{number}"),
    }
}

fn group_value(node: Node<'_>) -> Option<GroupBy> {
    let name = text(1, 100)(node)?;
    let found = GroupBy::ALL.into_iter().find(|by| word(*by) == name);
    found.or_else(|| {
        let known = GroupBy::ALL.map(word).join(", ");
        node.fault(Fault::Other(format!("expected one of {known}")))
    })
}

/// Reads the body: how labels are put together. An empty one says nothing.
pub(super) fn grouping(body: &[u8]) -> Result<Vec<GroupBy>, Refusal> {
    if body.is_empty() {
        return Ok(Vec::new());
    }
    let body = json::parse(body).map_err(|error| Refusal::malformed(&error))?;
    let notes = Notes::new(LENIENCY);
    let read = notes.root(&body).fields().map(|fields| {
        let is_grouped = fields.optional("grouped", boolean).unwrap_or(false);
        let values = fields.optional("groupValues", |node| node.list(GroupBy::ALL.len(), group_value));
        let mut values = values.filter(|_| is_grouped).unwrap_or_default();
        let mut seen = HashSet::new();
        values.retain(|by| seen.insert(*by));
        values
    });
    match Refusal::of(&notes.flaws(), &body) {
        Some(refusal) => Err(refusal),
        None => Ok(read.unwrap_or_default()),
    }
}

/// `POST /api/v1/labels?query=…`: answers at once with the batch, which is then worked on.
pub(super) async fn label(
    State(app): State<App>,
    Authed { caller, .. }: Authed,
    parameters: Parameters,
    Body { body, .. }: Body,
) -> Answer {
    caller.require(Scope::Buy)?;
    let wish = BatchWish { group_by: grouping(&body)?, ..BatchWish::default() };
    let text = parameters.value("query").ok_or_else(|| Refusal::query("Field required"))?;
    let asked = fields::orders(text)?;
    if !fields::narrows(&asked.filter) {
        let why = "it names no field that orders can be chosen by, and would label every order";
        return Err(Refusal::query(why));
    }
    let query = OrderQuery { filter: asked.filter, sort: asked.sort, skip: asked.skip, limit: asked.limit };
    let found = app.label_query(&caller, query, asked.named_limit, wish).await?;
    let orders = found.batch.as_ref().map_or(0, |batch| batch.counts.total);
    let id = found.batch.map_or(Json::Null, |batch| Json::from(batch.id.number().to_string()));
    let data = encode::object(vec![
        ("_batchId", id),
        ("orders", Json::from(orders as i64)),
        ("boxes", Json::from(found.boxes as i64)),
        ("documents", Json::List(Vec::new())),
    ]);
    Ok(answer(StatusCode::OK, data))
}
