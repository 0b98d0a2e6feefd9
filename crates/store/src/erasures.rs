//! Erasures: persons to be erased, the orders that name them, and everything that is kept of such an order, as JSON texts
//! that are cleared one by one.

use std::collections::BTreeMap;

use domain::batch::OrderOutcome;
use domain::document::Document;
use domain::ids::{OrderId, ShipmentId};
use domain::tenant::TenantId;
use domain::{Result, Timestamp};
use serde::{Deserialize, Serialize};

use crate::codec::{from_json, id, known, to_json};
use crate::documents::{self, document};
use crate::orders::OrderRow;
use crate::{Row, Tx, Value, params};

/// How far an erasure is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErasureStage {
    /// Orders are looked through for the person.
    Orders,
    /// So are earlier words of orders.
    Events,
    /// So is the customer book; who is found there goes.
    Customers,
    /// Answers that are kept for those who ask again, and logs of channels, lose what names the person.
    Answers,
    /// The orders that were found are erased one by one.
    Erasing,
    /// Nothing is left to do.
    Done,
}

impl ErasureStage {
    /// Every stage, in order.
    pub const ALL: [Self; 6] = [Self::Orders, Self::Events, Self::Customers, Self::Answers, Self::Erasing, Self::Done];

    /// The name in rows and in the native API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Orders => "orders",
            Self::Events => "events",
            Self::Customers => "customers",
            Self::Answers => "answers",
            Self::Erasing => "erasing",
            Self::Done => "done",
        }
    }

    /// The stage behind it.
    #[must_use]
    pub fn next(self) -> Self {
        let at = Self::ALL.iter().position(|stage| *stage == self).unwrap_or_default();
        Self::ALL.get(at + 1).copied().unwrap_or(Self::Done)
    }
}

/// What an erasure did, and what is left.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Report {
    /// Orders erased.
    pub orders: u64,
    /// Files of labels and papers removed.
    pub files: u64,
    /// Customers forgotten.
    pub customers: u64,
    /// Orders that are under way and wait, with the reason.
    pub left: BTreeMap<String, String>,
}

/// A stored erasure.
#[derive(Clone, Debug, PartialEq)]
pub struct Erasure {
    /// Whose data.
    pub tenant: TenantId,
    /// Numbered in its own sequence.
    pub id: u64,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// Who asked, as acts name people.
    pub actor: String,
    /// Whom, as JSON; `None` once it is done.
    pub person: Option<String>,
    /// How far it is.
    pub stage: ErasureStage,
    /// The place in what is looked through.
    pub place: i64,
    /// What it did.
    pub report: Report,
    /// When nothing was left to do.
    pub finished_at: Option<Timestamp>,
    /// When it goes on.
    pub due_at: Option<Timestamp>,
}

const COLUMNS: &str = "tenant_id, id, created_at, actor, person, stage, place, report, finished_at, due_at";

fn erasure(row: &Row) -> Result<Erasure> {
    let stage = row.text(5)?;
    Ok(Erasure {
        tenant: known(TenantId::new(row.text(0)?), "tenant id")?,
        id: row.int(1)? as u64,
        created_at: row.time(2)?,
        actor: row.text(3)?,
        person: row.opt_text(4)?,
        stage: known(ErasureStage::ALL.into_iter().find(|one| one.as_str() == stage), "stage")?,
        place: row.int(6)?,
        report: from_json(row.str(7)?)?,
        finished_at: row.opt_time(8)?,
        due_at: row.opt_time(9)?,
    })
}

/// A text that a row keeps, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptText {
    /// The place in [`TEXTS`].
    table: usize,
    keys: Vec<Value>,
    /// The text; bytes that are no text are empty.
    pub text: String,
    is_bytes: bool,
}

impl KeptText {
    /// Whether addresses of the order's person may stand in it: in its shipments and in what was told of it.
    pub fn tells_of_people(&self) -> bool {
        matches!(self.table, SHIPMENTS | EVENTS | ACTS)
    }

    /// Whether it is in our words, not in those of a dialect or a carrier.
    pub fn is_ours(&self) -> bool {
        self.table < DELIVERIES
    }

    /// Whether it tells what happened.
    pub fn is_of_history(&self) -> bool {
        matches!(self.table, EVENTS | ACTS)
    }
}

/// Places in [`TEXTS`].
const SHIPMENTS: usize = 0;
const EVENTS: usize = 3;
const ACTS: usize = 4;
const DELIVERIES: usize = 5;

/// Texts of an order: how they are read (tenant and order), the columns of their key, and how one is written back.
const TEXTS: [(&str, &str); 9] = [
    (
        "select id, body from shipments where tenant_id = $1 and order_id = $2",
        "update shipments set body = $3 where tenant_id = $1 and id = $2",
    ),
    (
        "select p.id, p.body from parcels p join shipments s on s.tenant_id = p.tenant_id and s.id = p.shipment_id
         where s.tenant_id = $1 and s.order_id = $2",
        "update parcels set body = $3, label = null where tenant_id = $1 and id = $2",
    ),
    (
        "select t.id, t.body from tracking_events t join parcels p on p.tenant_id = t.tenant_id and p.id = t.parcel_id
             join shipments s on s.tenant_id = p.tenant_id and s.id = p.shipment_id
         where s.tenant_id = $1 and s.order_id = $2",
        "update tracking_events set body = $3 where tenant_id = $1 and id = $2",
    ),
    (
        "select id, about from events where tenant_id = $1 and order_id = $2",
        "update events set about = $3 where tenant_id = $1 and id = $2",
    ),
    (
        "select id, body from acts where tenant_id = $1 and order_id = $2",
        "update acts set body = $3 where tenant_id = $1 and id = $2",
    ),
    (
        "select d.id, d.body from webhook_deliveries d
             join events e on e.tenant_id = d.tenant_id and e.id = d.event_id
         where e.tenant_id = $1 and e.order_id = $2",
        "update webhook_deliveries set body = $3 where tenant_id = $1 and id = $2",
    ),
    (
        "select a.delivery_id, a.body, a.number from webhook_attempts a
             join webhook_deliveries d on d.tenant_id = a.tenant_id and d.id = a.delivery_id
             join events e on e.tenant_id = d.tenant_id and e.id = d.event_id
         where e.tenant_id = $1 and e.order_id = $2",
        "update webhook_attempts set body = $3 where tenant_id = $1 and delivery_id = $2 and number = $4",
    ),
    (
        "select batch_id, problems, position from batch_orders where tenant_id = $1 and order_id = $2",
        "update batch_orders set problems = $3 where tenant_id = $1 and batch_id = $2 and position = $4",
    ),
    (
        "select id, body from notices where tenant_id = $1 and order_id = $2",
        "update notices set body = $3 where tenant_id = $1 and id = $2",
    ),
];

impl Tx<'_> {
    /// Writes down that a person is to be erased, or what has become of it since.
    pub async fn save_erasure(&mut self, one: &Erasure) -> Result<()> {
        const SAVE: &str = "
            insert into erasures (tenant_id, id, created_at, actor, person, stage, place, report, finished_at, due_at)
            values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
            on conflict (tenant_id, id) do update set person = excluded.person, stage = excluded.stage,
                place = excluded.place, report = excluded.report, finished_at = excluded.finished_at,
                due_at = excluded.due_at";
        let params = params![
            one.tenant.as_str(),
            one.id,
            one.created_at,
            one.actor.as_str(),
            one.person.as_deref(),
            one.stage.as_str(),
            one.place,
            to_json(&one.report)?,
            one.finished_at,
            one.due_at
        ];
        self.execute(SAVE, &params).await.map(drop)
    }

    /// One erasure.
    pub async fn erasure(&mut self, tenant: &TenantId, number: u64) -> Result<Option<Erasure>> {
        let sql = format!("select {COLUMNS} from erasures where tenant_id = $1 and id = $2");
        self.row(&sql, &params![tenant.as_str(), number]).await?.as_ref().map(erasure).transpose()
    }

    /// Erasures of a tenant below a number, the last first.
    pub async fn erasures(&mut self, tenant: &TenantId, below: Option<u64>, limit: usize) -> Result<Vec<Erasure>> {
        let sql = format!("select {COLUMNS} from erasures where tenant_id = $1 and id < $2 order by id desc limit $3");
        let below = below.unwrap_or(i64::MAX as u64);
        self.rows(&sql, &params![tenant.as_str(), below, limit]).await?.iter().map(erasure).collect()
    }

    /// The erasure that has been due for longest, over all tenants, due or not.
    pub async fn next_erasure(&mut self) -> Result<Option<Erasure>> {
        let sql = format!("select {COLUMNS} from erasures where due_at is not null order by due_at, id limit 1");
        self.row(&sql, &[]).await?.as_ref().map(erasure).transpose()
    }

    /// Bodies of orders behind a number, deleted or not, each with its number.
    pub async fn order_bodies(&mut self, tenant: &TenantId, after: i64, limit: usize) -> Result<Vec<(i64, String)>> {
        const BODIES: &str = "select id, body from orders where tenant_id = $1 and id > $2 order by id limit $3";
        let rows = self.rows(BODIES, &params![tenant.as_str(), after, limit]).await?;
        rows.iter().map(|row| Ok((row.int(0)?, row.text(1)?))).collect()
    }

    /// What events of orders tell, behind a number: the event's, the order's, and the text.
    pub async fn told_of_orders(
        &mut self,
        tenant: &TenantId,
        after: i64,
        limit: usize,
    ) -> Result<Vec<(i64, Option<i64>, String)>> {
        const TOLD: &str = "
            select id, order_id, about from events where tenant_id = $1 and id > $2 order by id limit $3";
        let rows = self.rows(TOLD, &params![tenant.as_str(), after, limit]).await?;
        rows.iter().map(|row| Ok((row.int(0)?, row.opt_int(1)?, row.text(2)?))).collect()
    }

    /// Customers behind a number, each with its body.
    pub async fn customer_bodies(&mut self, tenant: &TenantId, after: i64, limit: usize) -> Result<Vec<(i64, String)>> {
        const BODIES: &str = "select id, body from customers where tenant_id = $1 and id > $2 order by id limit $3";
        let rows = self.rows(BODIES, &params![tenant.as_str(), after, limit]).await?;
        rows.iter().map(|row| Ok((row.int(0)?, row.text(1)?))).collect()
    }

    /// Forgets customers and every key they are known by.
    pub async fn forget_customers(&mut self, tenant: &TenantId, customers: &[i64]) -> Result<()> {
        let rows: Vec<_> = customers.iter().map(|id| params![tenant.as_str(), *id].to_vec()).collect();
        self.execute_many("delete from customer_keys where tenant_id = $1 and id = $2", &rows).await?;
        self.execute_many("delete from customers where tenant_id = $1 and id = $2", &rows).await.map(drop)
    }

    /// Notes orders that name the person; one that another erasure has stays that one's.
    pub async fn add_erased_orders(&mut self, erasure: &Erasure, orders: &[i64]) -> Result<()> {
        const COLUMNS: [&str; 4] = ["tenant_id", "order_id", "erasure_id", "state"];
        // An order that was erased and changed since is erased anew.
        const AGAIN: &str = "
            update erased_orders set erasure_id = $3, state = 'waiting', forget_at = null
            where tenant_id = $1 and order_id = $2 and state = 'done'";
        let again: Vec<_> =
            orders.iter().map(|order| params![erasure.tenant.as_str(), *order, erasure.id].to_vec()).collect();
        self.execute_many(AGAIN, &again).await?;
        let row = |order: &i64| params![erasure.tenant.as_str(), *order, erasure.id, "waiting"].to_vec();
        let rows: Vec<_> = orders.iter().map(row).collect();
        self.insert_missing("erased_orders", &COLUMNS, &rows).await
    }

    /// Orders of an erasure that are not erased yet, behind a number.
    pub async fn orders_to_erase(&mut self, one: &Erasure, after: i64, limit: usize) -> Result<Vec<OrderId>> {
        const WAITING: &str = "
            select order_id from erased_orders
            where tenant_id = $1 and erasure_id = $2 and state = 'waiting' and order_id > $3 order by order_id limit $4";
        let rows = self.rows(WAITING, &params![one.tenant.as_str(), one.id, after, limit]).await?;
        rows.iter().map(|row| id(row.int(0)?, OrderId::new)).collect()
    }

    /// Whether an order is deleted; `None` when there is none.
    pub async fn is_deleted(&mut self, tenant: &TenantId, order: OrderId) -> Result<Option<bool>> {
        const DELETED: &str = "select is_deleted from orders where tenant_id = $1 and id = $2";
        self.row(DELETED, &params![tenant.as_str(), order]).await?.map(|row| row.bool(0)).transpose()
    }

    /// Every text that is kept of an order besides its own body.
    pub async fn texts_of_order(&mut self, tenant: &TenantId, order: OrderId) -> Result<Vec<KeptText>> {
        let mut texts = Vec::new();
        for (table, (read, _)) in TEXTS.iter().enumerate() {
            for row in self.rows(read, &params![tenant.as_str(), order]).await? {
                let (value, mut keys) = (row.value_at(1)?, vec![row.value_at(0)?]);
                keys.extend(row.value_at(2).ok());
                let is_bytes = matches!(value, Value::Bytes(_));
                let text = match value {
                    Value::Text(text) => text,
                    Value::Bytes(bytes) => String::from_utf8(bytes).unwrap_or_default(),
                    Value::Null | Value::Int(_) => continue,
                };
                texts.push(KeptText { table, keys, text, is_bytes });
            }
        }
        Ok(texts)
    }

    /// Writes texts back that lost what named a person. Only in a transaction that [`Self::begin_erasing`] has begun.
    pub async fn put_texts(&mut self, tenant: &TenantId, texts: &[KeptText]) -> Result<()> {
        for kept in texts {
            let text: Value = if kept.is_bytes { kept.text.as_bytes().into() } else { kept.text.as_str().into() };
            let mut params = vec![tenant.as_str().into()];
            params.extend(kept.keys.first().cloned());
            params.push(text);
            params.extend(kept.keys.iter().skip(1).cloned());
            self.execute(TEXTS[kept.table].1, &params).await?;
        }
        Ok(())
    }

    /// Lets this transaction, and no other, empty what acts and events tell.
    pub async fn begin_erasing(&mut self, erasure: u64) -> Result<()> {
        self.execute("insert into erasing (id) values ($1)", &params![erasure]).await.map(drop)
    }

    /// Ends that.
    pub async fn end_erasing(&mut self, erasure: u64) -> Result<()> {
        self.execute("delete from erasing where id = $1", &params![erasure]).await.map(drop)
    }

    /// Files that hold something of an order: its own, and those of the batches it was in.
    pub async fn files_of_order(&mut self, tenant: &TenantId, order: OrderId) -> Result<Vec<Document>> {
        let own = format!("select {} from documents where tenant_id = $1 and order_id = $2", documents::COLUMNS);
        let of_batches = format!(
            "select {} from documents where tenant_id = $1 and batch_id in (
                 select batch_id from batch_orders where tenant_id = $1 and order_id = $2 and outcome = $3)",
            documents::COLUMNS
        );
        let labelled = OrderOutcome::Labelled.as_str();
        let mut found = self.rows(&own, &params![tenant.as_str(), order]).await?;
        found.extend(self.rows(&of_batches, &params![tenant.as_str(), order, labelled]).await?);
        found.iter().map(document).collect()
    }

    /// Whether other documents than these have the same bytes.
    pub async fn is_shared_file(&mut self, tenant: &TenantId, sha256: &str, these: &[Document]) -> Result<bool> {
        const SAME: &str = "select id from documents where tenant_id = $1 and sha256 = $2 limit 1000";
        let rows = self.rows(SAME, &params![tenant.as_str(), sha256]).await?;
        let ids = rows.iter().map(|row| row.int(0)).collect::<Result<Vec<_>>>()?;
        Ok(ids.iter().any(|id| !these.iter().any(|known| known.id.number() as i64 == *id)))
    }

    /// Forgets documents.
    pub async fn forget_documents(&mut self, tenant: &TenantId, documents: &[Document]) -> Result<()> {
        let rows: Vec<_> = documents.iter().map(|one| params![tenant.as_str(), one.id].to_vec()).collect();
        self.delete_all("documents", &["tenant_id", "id"], &rows).await
    }

    /// Writes an order, deleted or not, as it is without the person; what was known of its address goes, and what was said
    /// to carriers about its shipments.
    pub async fn erase_order(&mut self, tenant: &TenantId, order: OrderId, row: &OrderRow) -> Result<()> {
        const UNKNOWN: &str = "
            update orders set address_check = null, check_due = null, address_status = 'unverified',
                external_id = $3, external_id_key = $4
            where tenant_id = $1 and id = $2";
        const EXCHANGES: &str = "
            delete from carrier_exchanges where tenant_id = $1
                and shipment_id in (select id from shipments where tenant_id = $1 and order_id = $2)";
        self.rewrite_order(tenant, order, row).await?;
        let (external_id, key) = row.external_ids();
        self.execute(UNKNOWN, &params![tenant.as_str(), order, external_id, key]).await?;
        self.execute(EXCHANGES, &params![tenant.as_str(), order]).await?;
        self.execute(
            "update shipments set failure = null where tenant_id = $1 and order_id = $2",
            &params![tenant.as_str(), order],
        )
        .await
        .map(drop)
    }

    /// Notes that an order is erased, and when the rest of it goes.
    pub async fn mark_erased(&mut self, tenant: &TenantId, order: OrderId, forget_at: Timestamp) -> Result<()> {
        const MARK: &str = "
            update erased_orders set state = 'done', forget_at = $3 where tenant_id = $1 and order_id = $2";
        self.execute(MARK, &params![tenant.as_str(), order, forget_at]).await.map(drop)
    }

    /// Kept answers to requests behind a place: tenant's rows by key, with what they hold.
    pub async fn kept_answers(
        &mut self,
        tenant: &TenantId,
        after: (&str, &str),
        limit: usize,
    ) -> Result<Vec<(String, String, Option<String>, Option<Vec<u8>>)>> {
        const ANSWERS: &str = "
            select api_key, key, outcome, answer from idempotency_keys
            where tenant_id = $1 and (api_key, key) > ($2, $3) order by api_key, key limit $4";
        let rows = self.rows(ANSWERS, &params![tenant.as_str(), after.0, after.1, limit]).await?;
        rows.iter().map(|row| Ok((row.text(0)?, row.text(1)?, row.opt_text(2)?, row.opt_bytes(3)?))).collect()
    }

    /// Writes a kept answer back that lost what named a person.
    pub async fn put_kept_answer(
        &mut self,
        tenant: &TenantId,
        (api_key, key): (&str, &str),
        outcome: Option<&str>,
        answer: Option<&[u8]>,
    ) -> Result<()> {
        const PUT: &str = "
            update idempotency_keys set outcome = $4, answer = $5 where tenant_id = $1 and api_key = $2 and key = $3";
        self.execute(PUT, &params![tenant.as_str(), api_key, key, outcome, answer]).await.map(drop)
    }

    /// Lines of channels' logs behind a number.
    pub async fn log_bodies(&mut self, tenant: &TenantId, after: i64, limit: usize) -> Result<Vec<(i64, String)>> {
        const BODIES: &str = "select id, body from channel_logs where tenant_id = $1 and id > $2 order by id limit $3";
        let rows = self.rows(BODIES, &params![tenant.as_str(), after, limit]).await?;
        rows.iter().map(|row| Ok((row.int(0)?, row.text(1)?))).collect()
    }

    /// Writes a line of a channel's log back.
    pub async fn put_log_body(&mut self, tenant: &TenantId, line: i64, body: &str) -> Result<()> {
        const PUT: &str = "update channel_logs set body = $3 where tenant_id = $1 and id = $2";
        self.execute(PUT, &params![tenant.as_str(), line, body]).await.map(drop)
    }

    /// Erased orders whose time is over, over all tenants, and when the next one's is.
    pub async fn orders_to_forget(&mut self, now: Timestamp, limit: usize) -> Result<Vec<(TenantId, OrderId)>> {
        const DUE: &str = "
            select tenant_id, order_id from erased_orders where forget_at <= $1 order by forget_at limit $2";
        let rows = self.rows(DUE, &params![now, limit]).await?;
        rows.iter()
            .map(|row| Ok((known(TenantId::new(row.text(0)?), "tenant id")?, id(row.int(1)?, OrderId::new)?)))
            .collect()
    }

    /// Forgets what is left of an order that was erased: sums, country and postcode. That somebody did something about it, and
    /// when, stays.
    pub async fn forget_order(&mut self, tenant: &TenantId, order: OrderId, shipments: &[ShipmentId]) -> Result<()> {
        const TRACKING: &str = "
            delete from tracking_events where tenant_id = $1
                and parcel_id in (select id from parcels where tenant_id = $1 and shipment_id = $2)";
        let rows: Vec<_> = shipments.iter().map(|one| params![tenant.as_str(), *one].to_vec()).collect();
        self.execute_many(TRACKING, &rows).await?;
        self.delete_all("parcels", &["tenant_id", "shipment_id"], &rows).await?;
        let of_it = [params![tenant.as_str(), order].to_vec()];
        for table in ["shipments", "order_values", "dispatches", "notices", "erased_orders"] {
            self.delete_all(table, &["tenant_id", "order_id"], &of_it).await?;
        }
        self.delete_all("orders", &["tenant_id", "id"], &of_it).await
    }
}
