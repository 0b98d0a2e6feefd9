//! `/api/v1/documents`: labels and papers listed by a query.

use app::App;
use app::queries::DocumentQuery;
use axum::extract::State;
use domain::tenant::Scope;
use http::StatusCode;

use super::envelope::{Refusal, answer};
use super::{Answer, Authed, encode, fields};
use crate::dialect::Parameters;

/// `GET /api/v1/documents?query=…`.
pub(super) async fn list(State(app): State<App>, Authed { caller, .. }: Authed, parameters: Parameters) -> Answer {
    caller.require(Scope::Read)?;
    let linked = |url: &str| app.linked_number(caller.tenant(), url.rsplit('/').next()?);
    let text = parameters.value("query").ok_or_else(|| Refusal::query("Field required"))?;
    let asked = fields::documents(text, &linked)?;
    let (filter, sort) = (asked.filter.clone(), asked.sort.clone());
    let query = DocumentQuery { filter, sort, skip: asked.skip, limit: asked.limit };
    let page = app.query_documents(&caller, query).await?;
    let shown = page.rows.iter().map(|found| {
        let link = app.document_link(caller.tenant(), found.document.id);
        let document = encode::document(found, &caller.setup, link);
        match &asked.projection {
            Some(fields) => encode::projected(document, fields),
            None => document,
        }
    });
    Ok(answer(StatusCode::OK, encode::list("documents", shown.collect(), &asked, page.has_more)))
}
