//! Batches: many orders labelled in one call. What becomes of an order is written beside it, once, by whoever has the
//! batch's turn; the counts of the batch change in the same transaction.

use domain::batch::{Batch, BatchOrder, BatchStage, Counts, Lane, OrderOutcome, Printing};
use domain::channel::Dialect;
use domain::ids::{BatchId, OrderId, ShipmentId};
use domain::tenant::TenantId;
use domain::{Result, Timestamp};

use crate::codec::{from_json, id, known, to_json};
use crate::{Row, Tx, Value, params};

pub(crate) const COLUMNS: &str = "
    id, created_at, stage, printing, round, total, labelled, skipped, failed, lanes, finished_at";

const ORDER: &str = "position, order_id, outcome, shipment_id, problems";

/// A batch that whoever has its lease works on.
#[derive(Clone, Debug, PartialEq)]
pub struct TakenBatch {
    /// Whose.
    pub tenant: TenantId,
    /// The batch as it was when it was taken up.
    pub batch: Batch,
    /// Whose words its names are in.
    pub dialect: Dialect,
    /// How each order is to be shipped, as JSON.
    pub wish: String,
    /// Which taking up this is.
    turn: i64,
}

/// An order that whoever has its batch's turn ships.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TakenOrder {
    /// Whose.
    pub tenant: TenantId,
    /// The batch.
    pub batch: BatchId,
    /// The order's place in it.
    pub position: u32,
    /// The shipment that was made for it before, and came to nothing.
    pub former: Option<ShipmentId>,
    turn: i64,
}

impl TakenBatch {
    /// One of its orders.
    pub fn order(&self, order: &BatchOrder) -> TakenOrder {
        TakenOrder {
            tenant: self.tenant.clone(),
            batch: self.batch.id,
            position: order.position,
            former: order.shipment,
            turn: self.turn,
        }
    }
}

pub(crate) fn batch(row: &Row) -> Result<Batch> {
    Ok(Batch {
        id: id(row.int(0)?, BatchId::new)?,
        created_at: row.time(1)?,
        stage: known(BatchStage::parse(row.str(2)?), "stage of a batch")?,
        printing: from_json::<Printing>(row.str(3)?)?,
        round: row.int(4)? as u32,
        counts: Counts {
            total: row.int(5)? as u64,
            labelled: row.int(6)? as u64,
            skipped: row.int(7)? as u64,
            failed: row.int(8)? as u64,
        },
        lanes: from_json::<Vec<Lane>>(row.str(9)?)?,
        finished_at: row.opt_time(10)?,
    })
}

fn batch_order(row: &Row) -> Result<BatchOrder> {
    Ok(BatchOrder {
        position: row.int(0)? as u32,
        order: id(row.int(1)?, OrderId::new)?,
        outcome: known(OrderOutcome::parse(row.str(2)?), "outcome")?,
        shipment: row.opt_int(3)?.map(|number| id(number, ShipmentId::new)).transpose()?,
        problems: from_json(row.str(4)?)?,
    })
}

impl Tx<'_> {
    /// Writes down a batch whose orders are to be written down too. Unless [`Tx::start_batch`] comes before `forget_at`, it
    /// is there to be forgotten.
    pub async fn add_batch(
        &mut self,
        tenant: &TenantId,
        batch: &Batch,
        dialect: Dialect,
        wish: &str,
        forget_at: Timestamp,
    ) -> Result<()> {
        const ADD: &str = "
            insert into batches (tenant_id, id, created_at, dialect, stage, wish, printing, round, total, labelled,
                skipped, failed, lanes, due_at, leased_until, turn)
            values ($1, $2, $3, $4, $5, $6, $7, $8, 0, 0, 0, 0, '[]', $9, 0, 0)";
        let row = params![
            tenant.as_str(),
            batch.id,
            batch.created_at,
            dialect.as_str(),
            BatchStage::Gathering.as_str(),
            wish,
            to_json(&batch.printing)?,
            batch.round,
            forget_at
        ];
        self.execute_later(ADD, &[row.to_vec()]).await
    }

    /// Writes down orders of a batch, the first at this position.
    pub async fn add_batch_orders(
        &mut self,
        tenant: &TenantId,
        batch: BatchId,
        first: u32,
        orders: &[OrderId],
    ) -> Result<()> {
        const COLUMNS: [&str; 7] = ["tenant_id", "batch_id", "position", "order_id", "outcome", "round", "problems"];
        let waiting = OrderOutcome::Waiting.as_str();
        let row = |(place, order): (usize, &OrderId)| {
            params![tenant.as_str(), batch, first as usize + place, *order, waiting, 1, "[]"].to_vec()
        };
        let rows: Vec<_> = orders.iter().enumerate().map(row).collect();
        self.insert_all("batch_orders", &COLUMNS, &rows).await
    }

    /// Has a batch worked on, now that so many orders are written down; false when it took so long that it is forgotten.
    pub async fn start_batch(&mut self, tenant: &TenantId, batch: BatchId, total: u64, now: Timestamp) -> Result<bool> {
        const START: &str = "
            update batches set stage = $3, total = $4, due_at = $5 where tenant_id = $1 and id = $2 and turn = 0";
        let row = params![tenant.as_str(), batch, BatchStage::Labelling.as_str(), total, now];
        Ok(self.execute(START, &row).await? > 0)
    }

    /// Removes part of a batch that was never started, at most `limit` orders; true once nothing of it is left.
    pub async fn forget_unstarted_batch(&mut self, taken: &TakenBatch, limit: usize) -> Result<bool> {
        const ORDERS: &str = "
            delete from batch_orders where tenant_id = $1 and batch_id = $2 and position in
                (select position from batch_orders where tenant_id = $1 and batch_id = $2 limit $3)";
        const BATCH: &str =
            "delete from batches where tenant_id = $1 and id = $2 and turn = $3 and stage = 'gathering'";
        let (tenant, batch) = (taken.tenant.as_str(), taken.batch.id);
        if self.execute(ORDERS, &params![tenant, batch, limit]).await? == limit as u64 {
            return Ok(false);
        }
        self.execute(BATCH, &params![tenant, batch, taken.turn]).await?;
        Ok(true)
    }

    /// One batch that was started.
    pub async fn batch(&mut self, tenant: &TenantId, batch_id: BatchId) -> Result<Option<Batch>> {
        let sql = format!("select {COLUMNS} from batches where tenant_id = $1 and id = $2 and stage <> 'gathering'");
        self.row(&sql, &params![tenant.as_str(), batch_id]).await?.as_ref().map(batch).transpose()
    }

    /// Batches that were started, latest first, below an id.
    pub async fn batches(&mut self, tenant: &TenantId, below: Option<BatchId>, limit: usize) -> Result<Vec<Batch>> {
        let sql = format!(
            "select {COLUMNS} from batches where tenant_id = $1 and id < $2 and stage <> 'gathering'
             order by id desc limit $3"
        );
        let below = below.map_or(i64::MAX, |id| id.number() as i64);
        self.rows(&sql, &params![tenant.as_str(), below, limit]).await?.iter().map(batch).collect()
    }

    /// Takes the leases of due batches that nobody holds, longest due first, at most `limit`.
    pub async fn claim_batches(&mut self, now: Timestamp, until: Timestamp, limit: usize) -> Result<Vec<TakenBatch>> {
        let due = format!(
            "select {COLUMNS}, tenant_id, dialect, wish, turn from batches
             where due_at <= $1 and leased_until <= $1 order by due_at limit $2"
        );
        const CLAIM: &str = "
            update batches set leased_until = $3, turn = $4
            where tenant_id = $1 and id = $2 and leased_until <= $5";
        let mut claimed = Vec::new();
        for row in self.rows(&due, &params![now, limit]).await? {
            let taken = TakenBatch {
                batch: batch(&row)?,
                tenant: known(TenantId::new(row.text(11)?), "tenant id")?,
                dialect: known(row.str(12)?.parse().ok(), "dialect")?,
                wish: row.text(13)?,
                turn: row.int(14)? + 1,
            };
            let ask = params![taken.tenant.as_str(), taken.batch.id, until, taken.turn, now];
            if self.execute(CLAIM, &ask).await? > 0 {
                claimed.push(taken);
            }
        }
        Ok(claimed)
    }

    /// When the next batch is due that nobody works on now, over all tenants.
    pub async fn next_batch_at(&mut self, now: Timestamp) -> Result<Option<Timestamp>> {
        const NEXT: &str = "
            select due_at from batches where due_at is not null and leased_until <= $1 order by due_at limit 1";
        self.row(NEXT, &params![now]).await?.map(|row| row.time(0)).transpose()
    }

    /// The orders of a batch with an outcome, or all of them, after a position.
    pub async fn batch_orders(
        &mut self,
        tenant: &TenantId,
        batch: BatchId,
        outcome: Option<OrderOutcome>,
        after: u32,
        limit: usize,
    ) -> Result<Vec<BatchOrder>> {
        let mut asked = params![tenant.as_str(), batch, after, limit].to_vec();
        let mut with = "";
        if let Some(outcome) = outcome {
            asked.push(outcome.as_str().into());
            with = " and outcome = $5";
        }
        let sql = format!(
            "select {ORDER} from batch_orders
             where tenant_id = $1 and batch_id = $2 and position > $3{with} order by position limit $4"
        );
        self.rows(&sql, &asked).await?.iter().map(batch_order).collect()
    }

    /// The orders of a batch that were labelled in this round or later, after a position.
    pub async fn labelled_orders(
        &mut self,
        tenant: &TenantId,
        batch: BatchId,
        from_round: u32,
        after: u32,
        limit: usize,
    ) -> Result<Vec<BatchOrder>> {
        let sql = format!(
            "select {ORDER} from batch_orders
             where tenant_id = $1 and batch_id = $2 and outcome = $3 and position > $4 and round >= $5
             order by position limit $6"
        );
        let labelled = OrderOutcome::Labelled.as_str();
        let asked = params![tenant.as_str(), batch, labelled, after, from_round, limit];
        self.rows(&sql, &asked).await?.iter().map(batch_order).collect()
    }

    /// Writes beside an order of a batch which shipment is made for it; false when that is not this one's matter any more.
    pub async fn ship_batch_order(&mut self, taken: &TakenOrder, shipment: ShipmentId) -> Result<bool> {
        const SHIP: &str = "
            update batch_orders set shipment_id = $4
            where tenant_id = $1 and batch_id = $2 and position = $3 and outcome = 'waiting'
                and coalesce(shipment_id, 0) = $5
                and exists (select 1 from batches where tenant_id = $1 and id = $2 and turn = $6)";
        let former = taken.former.map_or(0, ShipmentId::number);
        let row = params![taken.tenant.as_str(), taken.batch, taken.position, shipment, former, taken.turn];
        Ok(self.execute(SHIP, &row).await? > 0)
    }

    /// The shipment that was made for an order of a batch, as it stands beside it now.
    pub async fn shipment_of_batch_order(&mut self, taken: &TakenOrder) -> Result<Option<ShipmentId>> {
        const MADE: &str = "
            select shipment_id from batch_orders where tenant_id = $1 and batch_id = $2 and position = $3";
        let row = self.row(MADE, &params![taken.tenant.as_str(), taken.batch, taken.position]).await?;
        let made = row.map_or(Ok(None), |row| row.opt_int(0))?;
        made.map(|number| id(number, ShipmentId::new)).transpose()
    }

    /// Writes down what became of orders that waited, tells how fast it goes and keeps the lease; the batch as it stands
    /// then, or `None` when it is somebody else's by now.
    pub async fn settle_batch_orders(
        &mut self,
        taken: &TakenBatch,
        settled: &[BatchOrder],
        lanes: &[Lane],
        until: Timestamp,
    ) -> Result<Option<Batch>> {
        const SETTLE: &str = "
            update batch_orders set outcome = $4, shipment_id = $5, problems = $6, round = $7
            where tenant_id = $1 and batch_id = $2 and position = $3 and outcome = 'waiting'";
        let count = format!(
            "update batches set labelled = labelled + $4, skipped = skipped + $5, failed = failed + $6, lanes = $7,
                 leased_until = $8
             where tenant_id = $1 and id = $2 and turn = $3
             returning {COLUMNS}"
        );
        let row = |order: &BatchOrder| -> Result<Vec<Value>> {
            Ok(params![
                taken.tenant.as_str(),
                taken.batch.id,
                order.position,
                order.outcome.as_str(),
                order.shipment.map(ShipmentId::number),
                to_json(&order.problems)?,
                taken.batch.round
            ]
            .to_vec())
        };
        // The row of the batch comes first: whoever took it up later has another turn.
        let count_of = |outcome| settled.iter().filter(|order| order.outcome == outcome).count();
        let asked = params![
            taken.tenant.as_str(),
            taken.batch.id,
            taken.turn,
            count_of(OrderOutcome::Labelled),
            count_of(OrderOutcome::Skipped),
            count_of(OrderOutcome::Failed),
            to_json(&lanes)?,
            until
        ];
        let Some(stands) = self.row(&count, &asked).await? else { return Ok(None) };
        let rows = settled.iter().map(row).collect::<Result<Vec<_>>>()?;
        let changed = self.execute_many(SETTLE, &rows).await?;
        if changed != settled.len() as u64 {
            return Err(domain::Error::internal("an order of a batch had an outcome already"));
        }
        batch(&stands).map(Some)
    }

    /// Moves a batch on and gives its lease back, to be taken up again at `due_at`; false when it is somebody else's.
    pub async fn move_batch(
        &mut self,
        taken: &TakenBatch,
        stage: BatchStage,
        finished_at: Option<Timestamp>,
        due_at: Option<Timestamp>,
    ) -> Result<bool> {
        const MOVE: &str = "
            update batches set stage = $4, finished_at = $5, due_at = $6, leased_until = 0
            where tenant_id = $1 and id = $2 and turn = $3";
        let row = params![taken.tenant.as_str(), taken.batch.id, taken.turn, stage.as_str(), finished_at, due_at];
        Ok(self.execute(MOVE, &row).await? > 0)
    }

    /// Keeps the lease of a batch; false when it is somebody else's by now.
    pub async fn keep_batch(&mut self, taken: &TakenBatch, until: Timestamp) -> Result<bool> {
        const KEEP: &str = "update batches set leased_until = $4 where tenant_id = $1 and id = $2 and turn = $3";
        Ok(self.execute(KEEP, &params![taken.tenant.as_str(), taken.batch.id, taken.turn, until]).await? > 0)
    }

    /// Has the failed orders of a finished batch tried again and the labels of those put together; how many there are.
    /// `None` when the batch is not done.
    pub async fn retry_batch(&mut self, tenant: &TenantId, batch: &Batch, now: Timestamp) -> Result<Option<u64>> {
        const RETRY: &str = "
            update batches set stage = 'labelling', round = $4, failed = 0, lanes = '[]', printing = $5,
                finished_at = null, due_at = $6
            where tenant_id = $1 and id = $2 and round = $3 and stage = 'done'";
        const WAIT: &str = "
            update batch_orders set outcome = 'waiting', problems = '[]'
            where tenant_id = $1 and batch_id = $2 and outcome = 'failed'";
        let round = batch.round + 1;
        let printing = Printing { from_round: round, number: batch.printing.number + 1, ..batch.printing.clone() };
        let row = params![tenant.as_str(), batch.id, batch.round, round, to_json(&printing)?, now];
        if self.execute(RETRY, &row).await? == 0 {
            return Ok(None);
        }
        self.execute(WAIT, &params![tenant.as_str(), batch.id]).await.map(Some)
    }

    /// Has the labels of a finished batch put together once more; false when the batch is not done.
    pub async fn print_batch(
        &mut self,
        tenant: &TenantId,
        batch: &Batch,
        printing: &Printing,
        now: Timestamp,
    ) -> Result<bool> {
        const PRINT: &str = "
            update batches set stage = 'merging', printing = $4, finished_at = null, due_at = $5
            where tenant_id = $1 and id = $2 and printing = $3 and stage = 'done'";
        let row = params![tenant.as_str(), batch.id, to_json(&batch.printing)?, to_json(printing)?, now];
        Ok(self.execute(PRINT, &row).await? > 0)
    }
}
