//! Labelling the orders of a batch: each by the way a single one goes, many side by side, so that their writes share
//! commits. What becomes of an order is written down with others; whoever is killed before that is followed by somebody who
//! finds the shipment that was written beside the order in its first transaction.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use domain::batch::{Batch, BatchOrder, BatchStage, OrderOutcome};
use domain::error::{CarrierError, Problem};
use domain::shipment::{Shipment, ShipmentStatus};
use domain::tenant::Scope;
use domain::{Error, Result};
use store::batches::{TakenBatch, TakenOrder};
use tokio::task::{Id, JoinSet};

use super::PIECE;
use super::lanes::{LaneName, Lanes};
use crate::shipments::{Errand, ShipWish};
use crate::{App, Caller, clock};

/// How long a batch may be worked on before another node may take over, unless the lease is kept.
pub(crate) const LEASE: Duration = Duration::from_secs(15);

/// Outcomes that are written down together at most, and how long the first of them waits.
const TOGETHER: usize = 256;
const GATHER: Duration = Duration::from_millis(250);

/// How often the log tells how far a batch is.
const TOLD: Duration = Duration::from_secs(2);

/// When orders are looked at again whose carrier has not said yet what it did.
const AGAIN: Duration = Duration::from_secs(2);

/// How long an order waits for its carrier's word before it counts as failed, so that the others can be printed.
const PATIENCE: Duration = Duration::from_mins(2);

/// What came of looking at an order.
enum Verdict {
    /// It has an outcome.
    Settled(BatchOrder),
    /// It is to be looked at again.
    Later,
}

/// What is not written down yet.
struct Pending {
    settled: Vec<BatchOrder>,
    written_at: Instant,
    told_at: Instant,
}

impl App {
    /// Labels the orders of a batch that wait, until each has an outcome or waits for its carrier's word.
    pub(crate) async fn label_batch(&self, taken: &TakenBatch) -> Result<()> {
        let setup = self.tenant_setup(&taken.tenant).await?.ok_or(Error::NotFound("tenant"))?;
        let wish: ShipWish = store::codec::from_json(&taken.wish)?;
        let mut caller = Caller::deputy(setup, taken.dialect, vec![Scope::Buy], wish.by.as_ref());
        let mut lanes = self.lanes_of(taken, &caller, &wish).await?;
        // Each has a task of its own: one that waits for the store must not wait for this loop, which waits for it too.
        let mut tasks = JoinSet::new();
        let mut lane_of: HashMap<Id, (usize, Instant)> = HashMap::new();
        let began = Instant::now();
        let mut pending = Pending { settled: Vec::new(), written_at: began, told_at: began };
        let (mut later, mut is_ours) = (0_usize, true);
        loop {
            while is_ours
                && !self.is_stopping()
                && let Some((lane, order)) = lanes.begin()
            {
                let (app, caller, wish, errand) = (self.clone(), caller.clone(), wish.clone(), taken.order(&order));
                let task = tasks.spawn(async move { app.label_order(&caller, &wish, errand, order).await });
                lane_of.insert(task.id(), (lane, Instant::now()));
            }
            if tasks.is_empty() {
                break;
            }
            tokio::select! {
                Some(ended) = tasks.join_next_with_id() => {
                    let id = ended.as_ref().map_or_else(tokio::task::JoinError::id, |(id, _)| *id);
                    let verdict = ended.map_or_else(
                        |error| {
                            tracing::error!(%error, "labelling an order broke; it is tried again");
                            Verdict::Later
                        },
                        |(_, verdict)| verdict,
                    );
                    if let Some((lane, began)) = lane_of.remove(&id) {
                        lanes.end(lane, began.elapsed(), matches!(verdict, Verdict::Settled(_)));
                    }
                    match verdict {
                        Verdict::Settled(order) => pending.settled.push(order),
                        Verdict::Later => later += 1,
                    }
                }
                () = tokio::time::sleep(GATHER) => {}
            }
            let waited = pending.written_at.elapsed();
            let is_due = (!pending.settled.is_empty() && waited >= GATHER) || waited >= LEASE / 4;
            if is_ours && (is_due || pending.settled.len() >= TOGETHER) {
                is_ours = self.write_outcomes(taken, &mut pending, &lanes).await?.is_some();
                if let Some(setup) = self.tenant_setup(&taken.tenant).await? {
                    caller = Caller::deputy(setup, taken.dialect, vec![Scope::Buy], wish.by.as_ref());
                }
            }
        }
        if !is_ours {
            return Ok(());
        }
        let Some(batch) = self.write_outcomes(taken, &mut pending, &lanes).await? else { return Ok(()) };
        tell(&batch);
        let (now, taken) = (self.now(), taken.clone());
        let (stage, due_at) = match batch.counts.waiting() {
            0 => (BatchStage::Merging, now),
            _ if later > 0 => (BatchStage::Labelling, clock::later(now, AGAIN)),
            _ => (BatchStage::Labelling, now),
        };
        self.store().write(async move |tx| tx.move_batch(&taken, stage, None, Some(due_at)).await).await.map(drop)
    }

    /// The orders that wait, by what they wait for.
    async fn lanes_of(&self, taken: &TakenBatch, caller: &Caller, wish: &ShipWish) -> Result<Lanes> {
        let mut lanes = Lanes::new();
        let mut after = 0;
        loop {
            let (tenant, batch) = (taken.tenant.clone(), taken.batch.id);
            let page = self.store().read_list(async move |tx| {
                let waiting = tx.batch_orders(&tenant, batch, Some(OrderOutcome::Waiting), after, PIECE).await?;
                let ids: Vec<_> = waiting.iter().map(|order| order.order).collect();
                let orders = tx.orders_ever(&tenant, &ids).await?;
                Ok((waiting, orders))
            });
            let (waiting, orders) = page.await?;
            let Some(last) = waiting.last() else { return Ok(lanes) };
            after = last.position;
            for (standing, order) in waiting.into_iter().zip(orders) {
                let name = order.map(|order| LaneName::of(caller, wish, &order)).unwrap_or_default();
                lanes.add(name, standing);
            }
        }
    }

    /// Writes outcomes down and keeps the lease; `None` when the batch is somebody else's by now.
    async fn write_outcomes(&self, taken: &TakenBatch, pending: &mut Pending, lanes: &Lanes) -> Result<Option<Batch>> {
        let (now, owner) = (self.now(), taken.clone());
        let (settled, view) = (std::mem::take(&mut pending.settled), lanes.view(now));
        let until = clock::later(now, LEASE);
        let write = async move |tx: &mut store::Tx<'_>| tx.settle_batch_orders(&owner, &settled, &view, until).await;
        let written = self.store().write(write).await?;
        pending.written_at = Instant::now();
        if let Some(batch) = &written
            && pending.told_at.elapsed() >= TOLD
        {
            pending.told_at = Instant::now();
            tell(batch);
        }
        Ok(written)
    }

    async fn label_order(&self, caller: &Caller, wish: &ShipWish, errand: TakenOrder, order: BatchOrder) -> Verdict {
        let (id, number) = (errand.batch, order.order);
        match Box::pin(self.try_order(caller, wish, errand, order)).await {
            Ok(verdict) => verdict,
            Err(error) => {
                tracing::warn!(batch = %id, order = %number, %error, "{number} of {id} is not labelled yet");
                Verdict::Later
            }
        }
    }

    /// Ships an order unless it is shipped. An error says that nothing is known and it is to be tried again.
    async fn try_order(
        &self,
        caller: &Caller,
        wish: &ShipWish,
        errand: TakenOrder,
        order: BatchOrder,
    ) -> Result<Verdict> {
        if let Some(id) = order.shipment {
            let shipment = self.known_shipment(caller.tenant(), id).await?;
            if shipment.is_live() {
                return Ok(self.standing(order, &shipment));
            }
        }
        let batch = Errand::Batch(errand.clone());
        let (shipment, is_new) = match self.begin_shipment(caller, order.order, wish, Some(&batch)).await {
            Ok(begun) => begun,
            Err(error) => return self.unshipped(caller, order, error).await,
        };
        let order = BatchOrder { shipment: Some(shipment.id), ..order };
        if !is_new {
            // Whoever worked on the batch before may have begun it since the orders were read.
            let made = self.store().read(async move |tx| tx.shipment_of_batch_order(&errand).await).await?;
            if made == Some(shipment.id) {
                return Ok(self.standing(order, &shipment));
            }
            return Ok(Verdict::Settled(BatchOrder { outcome: OrderOutcome::Skipped, ..order }));
        }
        match self.book_begun(caller, shipment, wish).await {
            Ok(shipment) => Ok(self.standing(order, &shipment)),
            Err(Error::Carrier(error, _)) if error.is_unsure() => Ok(Verdict::Later),
            Err(Error::Carrier(error, _)) => Ok(failed(order, of_carrier(error))),
            Err(error) => Err(error),
        }
    }

    /// What becomes of an order whose shipment was made for this batch.
    fn standing(&self, order: BatchOrder, shipment: &Shipment) -> Verdict {
        // A booking whose server was killed has not been asked about yet, however long ago that was.
        let (since, is_asked) = match shipment.status {
            ShipmentStatus::Booking => (shipment.created_at, shipment.details.failure.is_some()),
            _ => (shipment.modified_at, true),
        };
        let is_late = is_asked && clock::later(since, PATIENCE) <= self.now();
        let why = match shipment.status {
            ShipmentStatus::Booked if shipment.is_ready_to_print() => {
                return Verdict::Settled(BatchOrder {
                    outcome: OrderOutcome::Labelled,
                    shipment: Some(shipment.id),
                    ..order
                });
            }
            ShipmentStatus::Booked | ShipmentStatus::Booking if !is_late => return Verdict::Later,
            ShipmentStatus::Booked => "booked, but the label is missing: it is fetched again".to_owned(),
            ShipmentStatus::Booking => {
                let said = shipment.details.failure.as_ref().map(|failure| format!(": {failure}")).unwrap_or_default();
                format!("not known yet whether the carrier booked it, it is asked again{said}")
            }
            _ => "its shipment is being cancelled".to_owned(),
        };
        failed(order, vec![Problem::new("shipment", why)])
    }

    /// What becomes of an order for which no shipment could be begun.
    async fn unshipped(&self, caller: &Caller, order: BatchOrder, error: Error) -> Result<Verdict> {
        let is_data = matches!(error, Error::Invalid(_) | Error::Carrier(..));
        let problems = match error {
            Error::Invalid(problems) => problems,
            Error::Carrier(error, _) => of_carrier(error),
            Error::NotFound(noun) => vec![Problem::new(noun, format!("there is no such {noun} any more"))],
            Error::Conflict(text) => {
                let shipments = self.shipments_of_order(&caller.as_reader(), order.order).await?;
                let brought = shipments.iter().find(|shipment| shipment.is_live() && shipment.is_from_elsewhere());
                let problems = vec![Problem::new("order", text)];
                if let Some(brought) = brought {
                    let (outcome, shipment) = (OrderOutcome::Skipped, Some(brought.id));
                    return Ok(Verdict::Settled(BatchOrder { outcome, shipment, problems, ..order }));
                }
                problems
            }
            error => return Err(error),
        };
        if is_data {
            self.note_unserved(caller.tenant(), order.order, &Error::Invalid(problems.clone()), None).await?;
        }
        Ok(failed(order, problems))
    }
}

fn failed(order: BatchOrder, problems: Vec<Problem>) -> Verdict {
    Verdict::Settled(BatchOrder { outcome: OrderOutcome::Failed, problems, ..order })
}

fn of_carrier(error: CarrierError) -> Vec<Problem> {
    match error {
        CarrierError::Refused(problems) => problems,
        error => vec![Problem::new("carrier", error.to_string())],
    }
}

fn tell(batch: &Batch) {
    let counts = batch.counts;
    tracing::info!(
        batch = %batch.id, total = counts.total, labelled = counts.labelled, skipped = counts.skipped,
        failed = counts.failed, waiting = counts.waiting(),
        "batch {}: {} of {} orders have a label, {} had one, {} failed, {} wait",
        batch.id, counts.labelled, counts.total, counts.skipped, counts.failed, counts.waiting()
    );
}
