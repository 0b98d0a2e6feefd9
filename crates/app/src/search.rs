//! Looking: what lists on a screen show. A fixed number of statements a page, whatever stands in the rows.

use domain::batch::Batch;
use domain::document::Document;
use domain::error::Problem;
use domain::event::Event;
use domain::ids::{BatchId, DeliveryId, DocumentId, EndpointId, OrderId, ShipmentId};
use domain::order::Order;
use domain::shipment::Shipment;
use domain::stage::Stage;
use domain::tenant::Scope;
use domain::webhook::{Attempt, Delivery, DeliveryStatus};
use domain::{Error, Result};
use futures::StreamExt as _;
use futures::stream;
pub use store::orders::{LOOKED_AT, OrderSearch, READ_THROUGH};
pub use store::views::SavedView;

use crate::batches::BatchWish;
use crate::webhooks::DeliveryView;
use crate::{App, Caller};

/// The longest name of a view, in characters.
const LONGEST_NAME: usize = 60;
/// The longest search that is kept, in bytes.
const LONGEST_QUERY: usize = 1_000;
/// The most views of a tenant.
const MOST_VIEWS: usize = 50;
/// Orders that are read at once when all that are found are labelled.
const PAGE: usize = 500;

/// A part of the orders that are looked for.
#[derive(Clone, Debug)]
pub struct Found {
    /// The orders, newest first, each with its shipments, oldest first.
    pub orders: Vec<(Order, Vec<Shipment>)>,
    /// Where to look on; `None` when nothing is left.
    pub next: Option<OrderId>,
    /// Whether more of the text should be typed, since more was found than is shown.
    pub has_more: bool,
}

/// An order that a person must look at.
#[derive(Clone, Debug)]
pub struct ToReview {
    /// The order.
    pub order: Order,
    /// The last shipment that was made of it.
    pub last: Option<Shipment>,
    /// What is wrong: why nobody could be asked to ship it, else what the carrier said to its last shipment, else what is
    /// known of its address.
    pub why: Option<String>,
}

impl App {
    /// Orders as people look for them. It looks at [`LOOKED_AT`] index entries at most, and says where to go on.
    pub async fn search(&self, caller: &Caller, search: OrderSearch) -> Result<Found> {
        caller.require(Scope::Read)?;
        let tenant = caller.tenant().clone();
        self.store()
            .read_list(async move |tx| {
                let found = tx.search_orders(&tenant, &search).await?;
                let ids: Vec<_> = found.orders.iter().map(|order| order.id).collect();
                let shipments = if ids.is_empty() { Vec::new() } else { tx.shipments_of_orders(&tenant, &ids).await? };
                let orders = found.orders.into_iter().zip(shipments).collect();
                Ok(Found { orders, next: found.next, has_more: found.has_more })
            })
            .await
    }

    /// Has every order labelled that a search finds, newest first.
    pub async fn label_search(&self, caller: &Caller, search: OrderSearch, wish: BatchWish) -> Result<Batch> {
        caller.require(Scope::Buy)?;
        let begin = OrderSearch { limit: PAGE, ..search };
        let tenant = caller.tenant().clone();
        let pages = stream::unfold(Some(begin), move |search| {
            let tenant = tenant.clone();
            async move {
                let search = search?;
                let asked = search.clone();
                let found = self.store().read_list(async move |tx| tx.search_orders(&tenant, &asked).await).await;
                match found {
                    Ok(found) => {
                        let next = found.next.map(|below| OrderSearch { below: Some(below), ..search });
                        Some((Ok(found.orders.iter().map(|order| order.id).collect()), next))
                    }
                    Err(error) => Some((Err(error), None)),
                }
            }
        });
        self.label_found(caller, pages.boxed(), wish).await
    }

    /// The order that what was scanned or typed names: one of our ids, a box's SSCC or tracking number, the order's number or
    /// the shop's id. `None` when there is none, or several.
    pub async fn scanned(&self, caller: &Caller, code: &str) -> Result<Option<OrderId>> {
        caller.require(Scope::Read)?;
        let tenant = caller.tenant().clone();
        // Scanners may send the symbology before the code; people write the application identifier in brackets.
        let plain = code.trim().trim_start_matches("]C1").replace("(00)", "00");
        if plain.is_empty() || plain.len() > 200 || plain.contains('\0') {
            return Ok(None);
        }
        let found = self.store().read_list(async move |tx| {
            if let Some(id) = OrderId::from_native(&plain) {
                return Ok(tx.order(&tenant, id).await?.map(|order| order.id).into_iter().collect());
            }
            if let Some(id) = ShipmentId::from_native(&plain) {
                return Ok(tx.shipment(&tenant, id).await?.map(|shipment| shipment.order).into_iter().collect());
            }
            tx.orders_named(&tenant, &plain, 2).await
        });
        match found.await?.as_slice() {
            [only] => Ok(Some(*only)),
            _ => Ok(None),
        }
    }

    /// Shipments older than one, newest first, with their orders.
    pub async fn latest_shipments(
        &self,
        caller: &Caller,
        below: Option<ShipmentId>,
        limit: usize,
    ) -> Result<Vec<(Shipment, Order)>> {
        caller.require(Scope::Read)?;
        let tenant = caller.tenant().clone();
        self.store().read_list(async move |tx| tx.latest_shipments(&tenant, below, limit).await).await
    }

    /// Shipments whose carrier was asked and did not answer in time: what it did is not known yet. Longest waiting first.
    pub async fn shipments_in_doubt(&self, caller: &Caller, limit: usize) -> Result<Vec<(Shipment, Order)>> {
        caller.require(Scope::Read)?;
        let (tenant, now) = (caller.tenant().clone(), self.now());
        self.store().read_list(async move |tx| tx.shipments_in_doubt(&tenant, now, limit).await).await
    }

    /// Batches older than one, newest first.
    pub async fn latest_batches(&self, caller: &Caller, below: Option<BatchId>, limit: usize) -> Result<Vec<Batch>> {
        caller.require(Scope::Read)?;
        let tenant = caller.tenant().clone();
        self.store().read_list(async move |tx| tx.latest_batches(&tenant, below, limit).await).await
    }

    /// Documents older than one, newest first.
    pub async fn latest_documents(
        &self,
        caller: &Caller,
        below: Option<DocumentId>,
        limit: usize,
    ) -> Result<Vec<Document>> {
        caller.require(Scope::Read)?;
        let tenant = caller.tenant().clone();
        self.store().read_list(async move |tx| tx.latest_documents(&tenant, below, limit).await).await
    }

    /// Deliveries of an endpoint older than one, newest first, all or those of one status, with their attempts, and the
    /// event that each tells of.
    pub async fn latest_deliveries(
        &self,
        caller: &Caller,
        endpoint: EndpointId,
        status: Option<DeliveryStatus>,
        below: Option<DeliveryId>,
        limit: usize,
    ) -> Result<Vec<(DeliveryView, Option<Event>)>> {
        caller.require(Scope::Read)?;
        let tenant = caller.tenant().clone();
        let (found, told) = self
            .store()
            .read_list(async move |tx| {
                let found = tx.latest_deliveries(&tenant, endpoint, status, below, limit).await?;
                let ids: Vec<_> = found.iter().map(|(delivery, _)| delivery.event).collect();
                let told = tx.events_named(&tenant, &ids).await?;
                Ok((found, told))
            })
            .await?;
        Ok(shown(caller, found).into_iter().zip(told).collect())
    }

    /// Orders that a person must look at, newest first, at most `limit`.
    pub async fn orders_to_review(&self, caller: &Caller, limit: usize) -> Result<Vec<ToReview>> {
        let asked = OrderSearch { stage: Some(Stage::Review), limit, ..OrderSearch::default() };
        let found = self.search(caller, asked).await?.orders;
        let (tenant, ids) = (caller.tenant().clone(), found.iter().map(|(order, _)| order.id).collect::<Vec<_>>());
        let unserved = self.store().read_list(async move |tx| tx.unserved(&tenant, &ids).await).await?;
        let seen = |((order, mut shipments), unserved): ((Order, Vec<Shipment>), Option<Event>)| {
            let last = shipments.pop();
            let refused = || last.as_ref()?.details.failure.as_ref().map(ToString::to_string);
            let warned = || Some(self.order_warnings(caller, &order).join("; ")).filter(|text| !text.is_empty());
            let why = unserved.and_then(|event| event.about.reason).or_else(refused).or_else(warned);
            ToReview { order, last, why }
        };
        Ok(found.into_iter().zip(unserved).map(seen).collect())
    }

    /// Who was told of an order's events and how each attempt went, in the order of the events.
    pub async fn deliveries_of_order(&self, caller: &Caller, order: OrderId) -> Result<Vec<DeliveryView>> {
        caller.require(Scope::Read)?;
        let tenant = caller.tenant().clone();
        let found = self
            .store()
            .read_list(async move |tx| {
                let events = tx.events_of_order(&tenant, order).await?;
                let ids: Vec<_> = events.iter().map(|event| event.id).collect();
                tx.deliveries_of_events(&tenant, &ids).await
            })
            .await?;
        Ok(shown(caller, found))
    }

    /// Searches that the tenant's people keep, by name.
    pub async fn views(&self, caller: &Caller) -> Result<Vec<SavedView>> {
        caller.require(Scope::Read)?;
        let tenant = caller.tenant().clone();
        self.store().read(async move |tx| tx.saved_views(&tenant).await).await
    }

    /// Keeps a search under a name, in place of one of the same name.
    pub async fn save_view(&self, caller: &Caller, view: SavedView) -> Result<()> {
        caller.require(Scope::Write)?;
        let name = view.name.trim().to_owned();
        let mut problems = Vec::new();
        if name.is_empty() || name.chars().count() > LONGEST_NAME || name.chars().any(char::is_control) {
            problems.push(Problem::new("name", format!("a view needs a name of 1 to {LONGEST_NAME} characters")));
        }
        if view.query.len() > LONGEST_QUERY || view.query.contains('\0') {
            problems.push(Problem::new("query", format!("a search of at most {LONGEST_QUERY} characters can be kept")));
        }
        if !problems.is_empty() {
            return Err(Error::Invalid(problems));
        }
        let (tenant, now, view) = (caller.tenant().clone(), self.now(), SavedView { name, ..view });
        self.store()
            .write(async move |tx| {
                let known = tx.saved_views(&tenant).await?;
                if known.len() >= MOST_VIEWS && known.iter().all(|one| one.name != view.name) {
                    let text = format!("there are {MOST_VIEWS} views already: forget one that nobody uses");
                    return Err(Error::Conflict(text));
                }
                tx.save_view(&tenant, &view, now).await
            })
            .await
    }

    /// Forgets a view; one that is not there is forgotten already.
    pub async fn drop_view(&self, caller: &Caller, name: String) -> Result<()> {
        caller.require(Scope::Write)?;
        let tenant = caller.tenant().clone();
        self.store().write(async move |tx| tx.drop_view(&tenant, &name).await).await
    }
}

/// Deliveries with where each goes.
fn shown(caller: &Caller, found: Vec<(Delivery, Vec<Attempt>)>) -> Vec<DeliveryView> {
    let url = |delivery: &Delivery| {
        let endpoint = caller.setup.endpoints.iter().find(|endpoint| endpoint.id == delivery.endpoint);
        endpoint.map_or_else(String::new, |endpoint| endpoint.url.clone())
    };
    found.into_iter().map(|(delivery, attempts)| DeliveryView { url: url(&delivery), delivery, attempts }).collect()
}
