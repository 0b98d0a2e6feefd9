//! Queries: orders and documents chosen by a filter over their fields.

use domain::Result;
use domain::batch::{Batch, MOST_ORDERS};
use domain::page::Page;
use domain::tenant::Scope;
pub use store::filter::{Ceiling, DocumentField, DocumentQuery, FoundDocument, OrderField, OrderQuery, WAITING};

use futures::StreamExt as _;
use futures::stream;

use crate::batches::{BatchWish, too_many};
use crate::story::{Story, tell};
use crate::{App, Caller};

/// Orders that are read at once when all of a query are to be labelled.
const PAGE: usize = 1_000;

/// A batch of the orders that a query chose.
#[derive(Clone, Debug)]
pub struct QueriedBatch {
    /// The batch; `None` when the query chose no order.
    pub batch: Option<Batch>,
    /// Boxes that the orders are planned to be packed in; one for an order that names none.
    pub boxes: u64,
}

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

    /// Has the orders that a query chooses labelled, in its order: all of them, or as many as `most`. They are those of one
    /// instant. The same is refused, and more orders than a batch holds.
    pub async fn label_query(
        &self,
        caller: &Caller,
        query: OrderQuery,
        most: Option<usize>,
        wish: BatchWish,
    ) -> Result<QueriedBatch> {
        caller.require(Scope::Buy)?;
        let tenant = caller.tenant().clone();
        let ceiling = self.options().query_ceiling;
        let (ids, boxes) = self
            .store()
            .read_list(async move |tx| {
                let (mut ids, mut boxes) = (Vec::new(), 0);
                let mut part = query.clone();
                loop {
                    part.limit = most.map_or(PAGE, |most| PAGE.min(most - ids.len()));
                    let found = tx.find_orders(&tenant, &part, ceiling).await?;
                    part.skip += found.orders.len() as u64;
                    for order in &found.orders {
                        ids.push(order.id);
                        boxes += order.details.boxes.as_ref().map_or(1, Vec::len).max(1) as u64;
                    }
                    if ids.len() > MOST_ORDERS {
                        return Err(too_many());
                    }
                    if !found.has_more || most.is_some_and(|most| ids.len() >= most) {
                        return Ok((ids, boxes));
                    }
                }
            })
            .await?;
        if ids.is_empty() {
            return Ok(QueriedBatch { batch: None, boxes });
        }
        let pages: Vec<_> = ids.chunks(PAGE).map(|ids| Ok(ids.to_vec())).collect();
        let batch = self.label_found(caller, stream::iter(pages).boxed(), wish).await?;
        Ok(QueriedBatch { batch: Some(batch), boxes })
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
