//! Batches: many orders labelled in one call. The call writes them down and answers; `jobs/label_batches.rs` labels them
//! ([`labelling`]) and puts the labels together ([`printing`]).

use std::collections::HashSet;
use std::time::Duration;

use domain::act::{self, Act, ActKind};
use domain::batch::{Batch, BatchOrder, BatchStage, Counts, GroupBy, MOST_ORDERS, OrderOutcome, Printing};
use domain::document::{Document, Format, Paper, Rotation};
use domain::error::{Problem, Rule};
use domain::ids::{BatchId, OrderId, ShipmentId};
use domain::order::Order;
use domain::shipment::Shipment;
use domain::tenant::Scope;
use domain::{Error, Result};
use futures::StreamExt as _;
use futures::stream::{self, BoxStream};
use store::batches::TakenBatch;

use crate::shipments::ShipWish;
use crate::{App, Caller, clock};

mod labelling;
mod lanes;
mod printing;

pub(crate) use labelling::LEASE;

/// Orders written down in one transaction.
const PIECE: usize = 1_000;

/// How old a batch must be that was never started, since whoever wrote it down was killed, before it is forgotten.
const UNSTARTED: Duration = Duration::from_hours(1);

/// How a client wants orders labelled.
#[derive(Clone, Debug, Default)]
pub struct BatchWish {
    /// How each order is shipped; its format is that of the files.
    pub ship: ShipWish,
    /// What the labels of one file have in common; one file with all of them when empty.
    pub group_by: Vec<GroupBy>,
    /// The first place used on the first sheet of A4, 0 to 3.
    pub start_position: u8,
    /// How every page is turned.
    pub rotation: Rotation,
}

/// How a client wants the labels of a batch put together once more; what it does not say stays as it was, but for the start
/// position: the sheet that was begun then is used up.
#[derive(Clone, Debug, Default)]
pub struct PrintWish {
    /// How the files are written.
    pub format: Option<Format>,
    /// What the labels of one file have in common.
    pub group_by: Option<Vec<GroupBy>>,
    /// The first place used on the first sheet of A4, 0 to 3.
    pub start_position: u8,
    /// How every page is turned.
    pub rotation: Option<Rotation>,
}

/// An order of a batch, with what people know it by.
#[derive(Clone, Debug)]
pub struct ShownOrder {
    /// What became of it.
    pub standing: BatchOrder,
    /// The order, deleted or not.
    pub order: Option<Order>,
    /// The shipment that was made for it, or the one it had.
    pub shipment: Option<Shipment>,
}

impl App {
    /// Has these orders labelled, in this order; one that is named twice counts once. Ids that lead to no order are each
    /// told, and nothing is stored.
    pub async fn label_orders(&self, caller: &Caller, orders: &[OrderId], wish: BatchWish) -> Result<Batch> {
        caller.require(Scope::Buy)?;
        if orders.is_empty() {
            return Err(Error::invalid("orders", "there is no order to label: name at least one"));
        }
        if orders.len() > MOST_ORDERS {
            return Err(too_many());
        }
        let mut problems = Vec::new();
        for (piece, ids) in orders.chunks(PIECE).enumerate() {
            let (tenant, asked) = (caller.tenant().clone(), ids.to_vec());
            let known = self.store().read_list(async move |tx| tx.known_orders(&tenant, &asked).await).await?;
            for (place, id) in ids.iter().enumerate().filter(|(_, id)| !known.contains(id)) {
                let text = format!("there is no order {id}");
                problems.push(Problem::of(Rule::Unknown, format!("orders/{}", piece * PIECE + place), text));
            }
        }
        if !problems.is_empty() {
            return Err(Error::Invalid(problems));
        }
        let pages: Vec<Result<Vec<OrderId>>> = orders.chunks(PIECE).map(|ids| Ok(ids.to_vec())).collect();
        self.label_found(caller, stream::iter(pages).boxed(), wish).await
    }

    /// Has orders labelled that are found page by page, in the order in which they are found.
    pub async fn label_found(
        &self,
        caller: &Caller,
        mut pages: BoxStream<'_, Result<Vec<OrderId>>>,
        wish: BatchWish,
    ) -> Result<Batch> {
        caller.require(Scope::Buy)?;
        let printing = Printing {
            format: wish.ship.label_format,
            group_by: wish.group_by,
            start_position: wish.start_position,
            rotation: wish.rotation,
            from_round: 1,
            number: 1,
        };
        putting_together(&printing)?;
        let batch = Batch {
            id: self.one_id("batches", BatchId::new).await?,
            created_at: self.now(),
            stage: BatchStage::Labelling,
            printing,
            round: 1,
            counts: Counts::default(),
            lanes: Vec::new(),
            finished_at: None,
        };
        let (id, ship) = (batch.id, store::codec::to_json(&wish.ship.of(caller))?);
        let forget_at = clock::later(batch.created_at, UNSTARTED);
        let (mut seen, mut is_written) = (HashSet::new(), false);
        while let Some(page) = pages.next().await {
            let fresh: Vec<_> = page?.into_iter().filter(|id| seen.insert(*id)).collect();
            if seen.len() > MOST_ORDERS {
                return Err(too_many());
            }
            let mut first = (seen.len() - fresh.len()) as u32 + 1;
            for piece in fresh.chunks(PIECE) {
                let head = (!is_written).then(|| (batch.clone(), caller.dialect, ship.clone()));
                let (tenant, orders) = (caller.tenant().clone(), piece.to_vec());
                self.store()
                    .write(async move |tx| {
                        if let Some((batch, dialect, wish)) = &head {
                            tx.add_batch(&tenant, batch, *dialect, wish, forget_at).await?;
                        }
                        tx.add_batch_orders(&tenant, id, first, &orders).await
                    })
                    .await?;
                (is_written, first) = (true, first + piece.len() as u32);
            }
        }
        if seen.is_empty() {
            return Err(Error::invalid("orders", "there is no order to label"));
        }
        let (tenant, total, now) = (caller.tenant().clone(), seen.len() as u64, self.now());
        let mut started = self.act_on_batch(caller, id, ActKind::BatchStarted).await?;
        started.after = act::json(&serde_json::json!({ "orders": total }));
        let started = self.write_once(caller, async move |tx| {
            if tx.start_batch(&tenant, id, total, now).await? {
                tx.keep_acts(&tenant, std::slice::from_ref(&started)).await?;
                return Ok(id);
            }
            Err(Error::Unavailable("the orders took too long to be found".to_owned()))
        });
        let started = started.await?;
        self.wakes().batches.notify_one();
        self.batch(&caller.as_reader(), started).await
    }

    /// One batch: how far it is, and how its orders stand.
    pub async fn batch(&self, caller: &Caller, id: BatchId) -> Result<Batch> {
        caller.require(Scope::Read)?;
        let tenant = caller.tenant().clone();
        let found = self.store().read(async move |tx| tx.batch(&tenant, id).await).await?;
        found.ok_or(Error::NotFound("batch"))
    }

    /// Batches, latest first, below an id.
    pub async fn batches(&self, caller: &Caller, below: Option<BatchId>, limit: usize) -> Result<Vec<Batch>> {
        caller.require(Scope::Read)?;
        let tenant = caller.tenant().clone();
        self.store().read_list(async move |tx| tx.batches(&tenant, below, limit).await).await
    }

    /// The orders of a batch in its order, after a position: those with an outcome, or all of them.
    pub async fn orders_of_batch(
        &self,
        caller: &Caller,
        id: BatchId,
        outcome: Option<OrderOutcome>,
        after: u32,
        limit: usize,
    ) -> Result<Vec<ShownOrder>> {
        self.batch(caller, id).await?;
        let tenant = caller.tenant().clone();
        let found = self.store().read_list(async move |tx| {
            let standings = tx.batch_orders(&tenant, id, outcome, after, limit).await?;
            let orders: Vec<_> = standings.iter().map(|standing| standing.order).collect();
            let shipments: Vec<_> = standings.iter().filter_map(|standing| standing.shipment).collect();
            Ok((standings, tx.orders_ever(&tenant, &orders).await?, tx.shipments(&tenant, &shipments).await?))
        });
        let (standings, orders, shipments) = found.await?;
        let mut shipments = shipments.into_iter();
        let mut shipment_of = |id: Option<ShipmentId>| id.and_then(|_| shipments.next().flatten());
        let shown = standings.into_iter().zip(orders).map(|(standing, order)| {
            let shipment = shipment_of(standing.shipment);
            ShownOrder { standing, order, shipment }
        });
        Ok(shown.collect())
    }

    /// The files of a batch, the last printing first, in the order of their groups, after a printing's place.
    pub async fn documents_of_batch(
        &self,
        caller: &Caller,
        id: BatchId,
        after: Option<(u32, u32)>,
        limit: usize,
    ) -> Result<Vec<Document>> {
        caller.require(Scope::Read)?;
        let tenant = caller.tenant().clone();
        self.store().read(async move |tx| tx.documents_of_batch(&tenant, id, after, limit).await).await
    }

    /// The first files of a batch's last printing, for whoever was shown the batch.
    pub async fn first_documents(&self, caller: &Caller, batch: &Batch, limit: usize) -> Result<Vec<Document>> {
        self.documents_of_batch(&caller.as_reader(), batch.id, None, limit).await
    }

    /// Tries the failed orders of a batch again; their labels are put together in files of their own, since the others are
    /// printed by then.
    pub async fn retry_batch(&self, caller: &Caller, id: BatchId) -> Result<Batch> {
        caller.require(Scope::Buy)?;
        let batch = self.batch(&caller.as_reader(), id).await?;
        let (tenant, now, known) = (caller.tenant().clone(), self.now(), batch.clone());
        let act = self.act_on_batch(caller, id, ActKind::BatchRetried).await?;
        let retried = self.write_once(caller, async move |tx| match tx.retry_batch(&tenant, &known, now).await? {
            None => Err(Error::Conflict("the batch is still worked on: retry what failed when it is done".to_owned())),
            Some(0) => Err(Error::Conflict("no order of the batch has failed: there is nothing to retry".to_owned())),
            Some(count) => {
                let after = act::json(&serde_json::json!({ "orders": count }));
                tx.keep_acts(&tenant, &[Act { after, ..act.clone() }]).await?;
                Ok(count)
            }
        });
        retried.await?;
        self.wakes().batches.notify_one();
        self.batch(&caller.as_reader(), id).await
    }

    /// Puts the labels of a batch together once more, all of them. No carrier is asked.
    pub async fn print_batch(&self, caller: &Caller, id: BatchId, wish: PrintWish) -> Result<Batch> {
        caller.require(Scope::Print)?;
        let batch = self.batch(&caller.as_reader(), id).await?;
        let printing = Printing {
            format: wish.format.unwrap_or(batch.printing.format),
            group_by: wish.group_by.unwrap_or_else(|| batch.printing.group_by.clone()),
            start_position: wish.start_position,
            rotation: wish.rotation.unwrap_or(batch.printing.rotation),
            from_round: 1,
            number: batch.printing.number + 1,
        };
        putting_together(&printing)?;
        let (tenant, now) = (caller.tenant().clone(), self.now());
        let mut act = self.act_on_batch(caller, id, ActKind::BatchPrinted).await?;
        act.after = act::json(&serde_json::json!({ "format": printing.format.name() }));
        let printed = self.write_once(caller, async move |tx| {
            if tx.print_batch(&tenant, &batch, &printing, now).await? {
                return tx.keep_acts(&tenant, std::slice::from_ref(&act)).await;
            }
            Err(Error::Conflict("the batch is still worked on: print it again when it is done".to_owned()))
        });
        printed.await?;
        self.wakes().batches.notify_one();
        self.batch(&caller.as_reader(), id).await
    }

    /// Who does what to a batch now.
    async fn act_on_batch(&self, caller: &Caller, id: BatchId, kind: ActKind) -> Result<Act> {
        Ok(Act {
            id: self.act_id().await?,
            kind,
            at: self.now(),
            by: caller.actor(),
            order: None,
            subject: format!("batch {id}"),
            before: None,
            after: None,
        })
    }

    /// Forgets what was written down of a batch that was never started.
    pub(crate) async fn forget_batch(&self, taken: &TakenBatch) -> Result<()> {
        loop {
            let owner = taken.clone();
            if self.store().write(async move |tx| tx.forget_unstarted_batch(&owner, PIECE).await).await? {
                return Ok(());
            }
        }
    }
}

pub(crate) fn too_many() -> Error {
    Error::invalid("orders", format!("a batch has at most {MOST_ORDERS} orders: make several of them"))
}

/// Whether labels can be put together so.
fn putting_together(printing: &Printing) -> Result<()> {
    let mut problems = Vec::new();
    match (printing.format, printing.rotation) {
        (Format::Png(_), _) => {
            let name = printing.format.name();
            let text = format!("a {name} file holds one label: labels of many orders go as PDF or ZPL");
            problems.push(Problem::new("format", text));
        }
        (Format::Zpl(_), Rotation::Right | Rotation::Left) => {
            let degrees = printing.rotation.degrees();
            let text = format!("ZPL cannot be turned by {degrees}°: expected is 0 or 180, or a PDF");
            problems.push(Problem::new("rotation", text));
        }
        _ => {}
    }
    match (printing.start_position, printing.format) {
        (0, _) | (1..=3, Format::Pdf(Paper::A4)) => {}
        (1..=3, format) => {
            let text =
                format!("a {} page holds one label: only a sheet of pdf_a4 has other places than 0", format.name());
            problems.push(Problem::new("start_position", text));
        }
        (place, _) => {
            let text = format!("the start position is {place}, but a sheet of A4 has the places 0 to 3");
            problems.push(Problem::new("start_position", text));
        }
    }
    if problems.is_empty() { Ok(()) } else { Err(Error::Invalid(problems)) }
}
