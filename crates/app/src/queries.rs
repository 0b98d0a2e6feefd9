//! Queries: orders and documents chosen by a filter over their fields.

use domain::Result;
use domain::page::Page;
use domain::tenant::Scope;
pub use store::filter::{Ceiling, DocumentField, DocumentQuery, FoundDocument, OrderField, OrderQuery, WAITING};

use crate::story::{Story, tell};
use crate::{App, Caller};

impl App {
    /// The orders that a query chooses, each with everything stored of it.
    ///
    /// What would have to look through too much, and patterns that take too long, are a problem of `query`.
    pub async fn query_orders(&self, caller: &Caller, query: OrderQuery) -> Result<Page<Story>> {
        caller.require(Scope::Read)?;
        let tenant = caller.tenant().clone();
        let ceiling = self.options().query_ceiling;
        self.store()
            .read_list(async move |tx| {
                let found = tx.find_orders(&tenant, &query, ceiling).await?;
                Ok(Page { rows: tell(tx, &tenant, found.orders).await?, has_more: found.has_more })
            })
            .await
    }

    /// The documents that a query chooses, each with its order. The same is refused.
    pub async fn query_documents(&self, caller: &Caller, query: DocumentQuery) -> Result<Page<FoundDocument>> {
        caller.require(Scope::Read)?;
        let tenant = caller.tenant().clone();
        let ceiling = self.options().query_ceiling;
        self.store()
            .read_list(async move |tx| {
                let found = tx.find_documents(&tenant, &query, ceiling).await?;
                Ok(Page { rows: found.documents, has_more: found.has_more })
            })
            .await
    }
}
