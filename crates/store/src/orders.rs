//! Orders: one row each, its body an aggregate, its columns what is searched.

use std::collections::{HashMap, HashSet};

use domain::channel::{ChannelNumber, Dialect};
use domain::ids::OrderId;
use domain::order::{Order, OrderDetails};
use domain::stage::Stage;
use domain::tenant::TenantId;
use domain::{Result, Timestamp};
use serde::{Deserialize, Serialize};

use crate::codec::{equal_folded, from_json, id, key, known};
use crate::searched::Searched;
use crate::{Row, Tx, Value, params};

mod row;
mod search;

pub use row::OrderRow;
pub use search::{FoundPart, LOOKED_AT, OrderSearch, READ_THROUGH};

use row::{differs, new_columns, set};

/// What became of holding an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Held {
    /// It may be shipped.
    Open,
    /// It was cancelled.
    Cancelled,
    /// There is no such order.
    Gone,
}

/// What the statement of [`Tx::hold`] answered.
pub(crate) fn held(row: Option<&Row>) -> Result<Held> {
    Ok(match row.map(|row| row.opt_time(0)).transpose()? {
        None => Held::Gone,
        Some(Some(_)) => Held::Cancelled,
        Some(None) => Held::Open,
    })
}

/// What an upsert did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Upserted {
    /// The order's id, old or new.
    pub id: OrderId,
    /// Its version after the change; 1 when it is new.
    pub version: u64,
    /// Whether anything changed at all.
    pub changed: bool,
    /// What an order that changed said before.
    #[serde(skip)]
    pub before: Option<Box<OrderDetails>>,
}

/// By what a list is narrowed. Texts are compared letter case aside.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OrderFilter {
    /// Only these channels.
    pub channels: Option<Vec<ChannelNumber>>,
    /// The shop's own id.
    pub external_id: Option<String>,
    /// The number people quote.
    pub number: Option<String>,
    /// The shop's own status code.
    pub status: Option<String>,
    /// Placed from this instant on.
    pub placed_from: Option<Timestamp>,
    /// Placed before this instant.
    pub placed_before: Option<Timestamp>,
    /// Changed by the shop from this instant on.
    pub changed_from: Option<Timestamp>,
    /// Changed by the shop before this instant.
    pub changed_before: Option<Timestamp>,
    /// First stored from this instant on.
    pub created_from: Option<Timestamp>,
    /// First stored before this instant.
    pub created_before: Option<Timestamp>,
    /// Only these ids of the shop, exactly as written.
    pub external_ids: Option<Vec<String>>,
}

/// By what a list is sorted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrderSort {
    /// Our id, so the order of arrival.
    Id,
    /// The channel's number.
    Channel,
    /// The number people quote, letter case aside.
    Number,
    /// The shop's own id, letter case aside.
    ExternalId,
    /// When it was placed.
    PlacedAt,
    /// When the shop last changed it.
    ChangedAt,
    /// When we first stored it.
    CreatedAt,
}

impl OrderSort {
    fn column(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Channel => "channel",
            Self::Number => "number_key",
            Self::ExternalId => "external_id_key",
            Self::PlacedAt => "placed_at",
            Self::ChangedAt => "changed_at",
            Self::CreatedAt => "created_at",
        }
    }
}

/// A value of a sort column, part of a place in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SortValue {
    /// Id, channel or microseconds.
    Int(i64),
    /// A folded number.
    Text(String),
}

/// Which part of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderPage {
    /// Sort columns, each with whether it descends; the last one must be [`OrderSort::Id`], which ends all ties.
    pub sort: Vec<(OrderSort, bool)>,
    /// Start behind this place: one value a sort column.
    pub after: Option<Vec<SortValue>>,
    /// Walk towards the beginning instead; rows still come in list order.
    pub backwards: bool,
    /// Leave out this many rows first.
    pub skip: usize,
    /// How many rows.
    pub limit: usize,
}

/// A listed order and its place in the list.
#[derive(Clone, Debug, PartialEq)]
pub struct ListedOrder {
    /// The order.
    pub order: Order,
    /// One value a sort column.
    pub place: Vec<SortValue>,
}

/// Columns of an order, for [`order`].
pub(crate) const COLUMNS: &str =
    "id, channel, version, created_at, modified_at, body, cancelled_at, standing, address_check";

/// An order from a row of [`COLUMNS`].
pub(crate) fn order(row: &Row) -> Result<Order> {
    Ok(Order {
        id: id(row.int(0)?, OrderId::new)?,
        channel: ChannelNumber(row.int(1)?),
        version: row.int(2)? as u64,
        created_at: row.time(3)?,
        modified_at: row.time(4)?,
        cancelled_at: row.opt_time(6)?,
        standing: known(Stage::parse(row.str(7)?), "stage")?,
        checked: row.opt_text(8)?.map(|text| from_json(&text)).transpose()?.map(Box::new),
        details: from_json(&row.text(5)?)?,
    })
}

/// Collects conditions and their parameters.
struct Conditions {
    sql: String,
    params: Vec<Value>,
}

impl Conditions {
    fn add(&mut self, condition: &str, value: impl Into<Value>) {
        self.params.push(value.into());
        self.sql.push_str(" and ");
        self.sql.push_str(&condition.replace('?', &format!("${}", self.params.len())));
    }

    /// The column is one of the values; of no values nothing is.
    fn add_any(&mut self, column: &str, values: impl Iterator<Item = String>) {
        let mut places = Vec::new();
        for value in values {
            self.params.push(value.as_str().into());
            places.push(format!("${}", self.params.len()));
        }
        let condition =
            if places.is_empty() { "1 = 0".to_owned() } else { format!("{column} in ({})", places.join(", ")) };
        self.sql.push_str(" and ");
        self.sql.push_str(&condition);
    }
}

impl Tx<'_> {
    /// Creates or replaces orders by (channel, external id); orders without an external id are always new.
    ///
    /// One answer an order, in order; a row repeated in the list is written twice, the last one wins. An order that
    /// already stands as sent is left alone.
    pub async fn upsert_orders(&mut self, tenant: &TenantId, rows: &[OrderRow]) -> Result<Vec<Upserted>> {
        let change = format!(
            "update orders {} where tenant_id = $1 and channel = $2 and external_id = $3 and is_deleted = 0 and {}
             returning id, version, address_check, unserved_after",
            set(3),
            differs(3)
        );
        const FIND: &str = "
            select id, version, body from orders
            where tenant_id = $1 and channel = $2 and external_id = $3 and is_deleted = 0";
        let fresh: Vec<Vec<Value>> = rows.iter().map(|row| row.params(tenant)).collect();
        // Most orders are new. A statement that inserts, updates and returns at once costs SQLite a journal a row.
        let is_new = self.insert_new("orders", &new_columns(), &fresh).await?;
        drop(fresh);
        let known: Vec<_> = rows.iter().zip(&is_new).filter(|(_, is_new)| !**is_new).map(|(row, _)| row).collect();
        let changes: Vec<_> = known
            .iter()
            .map(|row| {
                let mut change = params![tenant.as_str(), row.channel.0, row.external_id.as_deref()].to_vec();
                change.extend(row.change());
                change
            })
            .collect();
        let asks: Vec<_> = known
            .iter()
            .map(|row| params![tenant.as_str(), row.channel.0, row.external_id.as_deref()].to_vec())
            .collect();
        let mut before = self.rows_many(FIND, &asks).await?.into_iter();
        let mut changed = self.returned_each(&change, &changes).await?.into_iter();
        let mut answers = Vec::with_capacity(rows.len());
        let mut written: HashMap<OrderId, &str> = HashMap::new();
        for (row, is_new) in rows.iter().zip(is_new) {
            if is_new {
                answers.push(Upserted { id: row.id, version: 1, changed: true, before: None });
                continue;
            }
            let found = before.next().unwrap_or_default().into_iter().next();
            let found = found.ok_or_else(|| domain::Error::internal("an upserted order is gone"))?;
            let order = id(found.int(0)?, OrderId::new)?;
            // One that the list changed before stood as it said then.
            let before = written.insert(order, row.body.as_str()).unwrap_or(found.str(2)?);
            let Some(changed) = changed.next().unwrap_or_default().into_iter().next() else {
                answers.push(Upserted { id: order, version: found.int(1)? as u64, changed: false, before: None });
                continue;
            };
            self.know_change(tenant, row, order, &changed, 2).await?;
            let before = Some(Box::new(from_json(before)?));
            answers.push(Upserted { id: order, version: changed.int(1)? as u64, changed: true, before });
        }
        // A row repeated in the list stands as the last one says.
        let mut kept: Vec<(OrderId, bool, &Searched)> = Vec::with_capacity(rows.len());
        let mut places = HashMap::with_capacity(rows.len());
        for (row, answer) in rows.iter().zip(&answers).filter(|(_, answer)| answer.changed) {
            let next = (answer.id, answer.version == 1, &row.searched);
            match places.insert(answer.id, kept.len()) {
                Some(place) => {
                    let (_, is_new, searched) = &mut kept[place];
                    *is_new &= answer.version <= 2;
                    *searched = &row.searched;
                    places.insert(answer.id, place);
                }
                None => kept.push(next),
            }
        }
        self.keep_lists(tenant, &kept).await?;
        Ok(answers)
    }

    /// Replaces the body of an order that exists; `None` when it does not (or is deleted), or nothing changed.
    pub async fn replace_order(&mut self, tenant: &TenantId, order: OrderId, row: &OrderRow) -> Result<Option<u64>> {
        let replace = format!(
            "update orders {} where tenant_id = $1 and id = $2 and is_deleted = 0 and {}
             returning version, address_check, unserved_after",
            set(2),
            differs(2)
        );
        let mut params = params![tenant.as_str(), order.number()].to_vec();
        params.extend(row.change());
        let Some(version) = self.row(&replace, &params).await? else { return Ok(None) };
        self.know_change(tenant, row, order, &version, 1).await?;
        self.keep_lists(tenant, &[(order, false, &row.searched)]).await?;
        Ok(Some(version.int(0)? as u64))
    }

    /// Writes what an order says, deleted or not, whatever it said before.
    pub(crate) async fn rewrite_order(&mut self, tenant: &TenantId, order: OrderId, row: &OrderRow) -> Result<()> {
        let rewrite = format!("update orders {} where tenant_id = $1 and id = $2", set(2));
        let mut params = params![tenant.as_str(), order.number()].to_vec();
        params.extend(row.change());
        self.execute(&rewrite, &params).await?;
        self.keep_lists(tenant, &[(order, false, &row.searched)]).await
    }

    /// What was known of a changed order's address, in the answer's column `at`, may count no longer; that nobody ships it,
    /// in the column behind, counts no longer.
    async fn know_change(
        &mut self,
        tenant: &TenantId,
        row: &OrderRow,
        order: OrderId,
        answer: &Row,
        at: usize,
    ) -> Result<()> {
        const SERVED: &str = "update orders set unserved_after = null where tenant_id = $1 and id = $2";
        let (check, is_unserved) = (answer.opt_text(at)?, answer.opt_int(at + 1)?.is_some());
        if is_unserved {
            self.execute_later(SERVED, &[params![tenant.as_str(), order.number()].to_vec()]).await?;
        }
        if let Some(check) = &check {
            self.restate_address(tenant, order, Some(check), &row.body).await?;
        }
        if check.is_none() && !is_unserved {
            return Ok(());
        }
        self.restage_order(tenant, order, row.standing.is_some()).await
    }

    /// Writes down that nobody could be asked to ship an order as it is; a person must look.
    pub async fn mark_unserved(&mut self, tenant: &TenantId, order: OrderId) -> Result<()> {
        const UNSERVED: &str = "
            update orders set unserved_after =
                coalesce((select max(id) from shipments where tenant_id = $1 and order_id = $2), 0)
            where tenant_id = $1 and id = $2";
        self.execute_later(UNSERVED, &[params![tenant.as_str(), order.number()].to_vec()]).await?;
        self.restage_order(tenant, order, false).await
    }

    /// One order that is not deleted.
    pub async fn order(&mut self, tenant: &TenantId, order_id: OrderId) -> Result<Option<Order>> {
        let sql = format!("select {COLUMNS} from orders where tenant_id = $1 and id = $2 and is_deleted = 0");
        self.row(&sql, &params![tenant.as_str(), order_id.number()]).await?.as_ref().map(order).transpose()
    }

    /// One order, deleted or not, for papers of what was shipped.
    pub async fn order_ever(&mut self, tenant: &TenantId, order_id: OrderId) -> Result<Option<Order>> {
        let sql = format!("select {COLUMNS} from orders where tenant_id = $1 and id = $2");
        self.row(&sql, &params![tenant.as_str(), order_id.number()]).await?.as_ref().map(order).transpose()
    }

    /// Orders, deleted or not, each in its place.
    pub async fn orders_ever(&mut self, tenant: &TenantId, ids: &[OrderId]) -> Result<Vec<Option<Order>>> {
        let sql = format!("select {COLUMNS} from orders where tenant_id = $1 and id = $2");
        let asks: Vec<_> = ids.iter().map(|id| params![tenant.as_str(), id.number()].to_vec()).collect();
        let found = self.rows_many(&sql, &asks).await?;
        found.iter().map(|rows| rows.first().map(order).transpose()).collect()
    }

    /// Which of these orders there are and are not deleted.
    pub async fn known_orders(&mut self, tenant: &TenantId, ids: &[OrderId]) -> Result<HashSet<OrderId>> {
        let sql = "select id from orders where tenant_id = $1 and id = $2 and is_deleted = 0";
        let asks: Vec<_> = ids.iter().map(|id| params![tenant.as_str(), id.number()].to_vec()).collect();
        let found = self.rows_many(sql, &asks).await?;
        found.iter().flatten().map(|row| id(row.int(0)?, OrderId::new)).collect()
    }

    /// Keeps an order from being deleted or cancelled until this transaction ends.
    pub async fn hold_order(&mut self, tenant: &TenantId, order_id: OrderId) -> Result<Held> {
        let row = self.row(self.hold(), &params![tenant.as_str(), order_id.number()]).await?;
        held(row.as_ref())
    }

    /// The statement that holds an order. On PostgreSQL it writes the row without changing it, since a deletion that meets
    /// a mere lock would go on with what it read before; on SQLite nothing else can write meanwhile.
    pub(crate) fn hold(&self) -> &'static str {
        if self.is_sqlite() {
            return "select cancelled_at from orders where tenant_id = $1 and id = $2 and is_deleted = 0";
        }
        "update orders set version = version where tenant_id = $1 and id = $2 and is_deleted = 0 returning cancelled_at"
    }

    /// Stores a new order; false when its channel has one with the same external id.
    pub async fn insert_order(&mut self, tenant: &TenantId, row: &OrderRow) -> Result<bool> {
        let is_new = self.insert_new("orders", &new_columns(), &[row.params(tenant)]).await?;
        if !is_new.contains(&true) {
            return Ok(false);
        }
        self.keep_lists(tenant, &[(row.id, true, &row.searched)]).await?;
        Ok(true)
    }

    /// Gives an order another version, since something beside its body changed.
    pub async fn touch_order(&mut self, tenant: &TenantId, order: OrderId, now: Timestamp) -> Result<u64> {
        const TOUCH: &str = "
            update orders set modified_at = $3, version = version + 1 where tenant_id = $1 and id = $2 returning version";
        let row = self.row(TOUCH, &params![tenant.as_str(), order.number(), now]).await?;
        row.map_or(Err(domain::Error::NotFound("order")), |row| Ok(row.int(0)? as u64))
    }

    /// Stores new orders; says of each whether its channel had none with the same external id.
    pub async fn insert_orders(&mut self, tenant: &TenantId, rows: &[OrderRow]) -> Result<Vec<bool>> {
        let fresh: Vec<_> = rows.iter().map(|row| row.params(tenant)).collect();
        let is_new = self.insert_new("orders", &new_columns(), &fresh).await?;
        let added = rows.iter().zip(&is_new).filter(|(_, is_new)| **is_new);
        let added: Vec<_> = added.map(|(row, _)| (row.id, true, &row.searched)).collect();
        self.keep_lists(tenant, &added).await?;
        Ok(is_new)
    }

    /// Orders by channel and external id, each in its place.
    pub async fn orders_in_channels(
        &mut self,
        tenant: &TenantId,
        named: &[(ChannelNumber, &str)],
    ) -> Result<Vec<Option<Order>>> {
        let sql = format!(
            "select {COLUMNS} from orders where tenant_id = $1 and channel = $2 and external_id = $3 and is_deleted = 0"
        );
        if named.is_empty() {
            return Ok(Vec::new());
        }
        let asks: Vec<_> =
            named.iter().map(|(channel, id)| params![tenant.as_str(), channel.0, *id].to_vec()).collect();
        let found = self.rows_many(&sql, &asks).await?;
        found.iter().map(|rows| rows.first().map(order).transpose()).collect()
    }

    /// Replaces the bodies of orders that were read in this transaction, each once.
    pub async fn replace_orders(&mut self, tenant: &TenantId, rows: &[OrderRow]) -> Result<()> {
        if rows.is_empty() {
            return Ok(());
        }
        let replace = format!(
            "update orders {} where tenant_id = $1 and id = $2 and is_deleted = 0 returning address_check, unserved_after",
            set(2)
        );
        let changes = rows.iter().map(|row| {
            let mut change = params![tenant.as_str(), row.id].to_vec();
            change.extend(row.change());
            change
        });
        let answers = self.returned_each(&replace, &changes.collect::<Vec<_>>()).await?;
        for (row, answer) in rows.iter().zip(&answers) {
            if let Some(answer) = answer.first() {
                self.know_change(tenant, row, row.id, answer, 0).await?;
            }
        }
        let kept: Vec<_> = rows.iter().map(|row| (row.id, false, &row.searched)).collect();
        self.keep_lists(tenant, &kept).await
    }

    /// Gives an order another external id; false when another order of its channel has it.
    pub async fn rename_order(&mut self, tenant: &TenantId, order: OrderId, row: &OrderRow) -> Result<bool> {
        const TAKEN: &str = "
            select 1 from orders
            where tenant_id = $1 and channel = $2 and external_id = $3 and is_deleted = 0 and id <> $4";
        let (tenant, external_id) = (tenant.as_str(), row.external_id.as_deref());
        if self.row(TAKEN, &params![tenant, row.channel.0, external_id, order.number()]).await?.is_some() {
            return Ok(false);
        }
        const RENAME: &str = "
            update orders set external_id = $3, external_id_key = $4 where tenant_id = $1 and id = $2 and is_deleted = 0";
        let params = params![tenant, order.number(), external_id, row.external_id_key.as_str()];
        match self.execute(RENAME, &params).await {
            // Whoever took it at the same time was first.
            Err(domain::Error::Conflict(_)) => Ok(false),
            renamed => renamed.map(|_| true),
        }
    }

    /// Marks an order cancelled and answers its version; `None` when it is so already, or gone.
    pub async fn mark_order_cancelled(
        &mut self,
        tenant: &TenantId,
        order: OrderId,
        now: Timestamp,
    ) -> Result<Option<u64>> {
        const MARK: &str = "
            update orders set cancelled_at = $3, modified_at = $3, version = version + 1, stage = 'cancelled',
                standing = 'cancelled'
            where tenant_id = $1 and id = $2 and is_deleted = 0 and cancelled_at is null
            returning version";
        let row = self.row(MARK, &params![tenant.as_str(), order.number(), now]).await?;
        row.map(|row| Ok(row.int(0)? as u64)).transpose()
    }

    /// Orders with this external id and the dialect of the channel each came through.
    pub async fn orders_by_external_id(
        &mut self,
        tenant: &TenantId,
        external_id: &str,
    ) -> Result<Vec<(Order, Option<Dialect>)>> {
        let columns = COLUMNS.split(", ").map(|column| format!("o.{column}")).collect::<Vec<_>>().join(", ");
        let sql = format!(
            "select {columns}, c.dialect
             from orders o left join channels c on c.tenant_id = o.tenant_id and c.number = o.channel
             where o.tenant_id = $1 and o.external_id_key = $2 and o.is_deleted = 0 and o.external_id = $3
             order by o.id limit 20"
        );
        let rows = self.rows(&sql, &params![tenant.as_str(), key(external_id), external_id]).await?;
        rows.iter().map(|row| Ok((order(row)?, row.opt_text(9)?.and_then(|text| text.parse().ok())))).collect()
    }

    /// Orders with this number, exactly as written, newest first, at most 20.
    pub async fn orders_by_number(&mut self, tenant: &TenantId, number: &str) -> Result<Vec<Order>> {
        let sql = format!(
            "select {COLUMNS} from orders
             where tenant_id = $1 and number_key = $2 and is_deleted = 0 order by id desc limit 20"
        );
        let rows = self.rows(&sql, &params![tenant.as_str(), key(number)]).await?;
        let orders = rows.iter().map(order).collect::<Result<Vec<_>>>()?;
        Ok(orders.into_iter().filter(|order| order.details.number.as_deref() == Some(number)).collect())
    }

    /// Marks an order deleted; its external id may be used again. `None` when there is none.
    pub async fn delete_order(&mut self, tenant: &TenantId, order: OrderId, now: Timestamp) -> Result<Option<u64>> {
        const DELETE: &str = "
            update orders set is_deleted = 1, modified_at = $3, version = version + 1
            where tenant_id = $1 and id = $2 and is_deleted = 0
            returning version";
        let row = self.row(DELETE, &params![tenant.as_str(), order.number(), now]).await?;
        row.map(|row| Ok(row.int(0)? as u64)).transpose()
    }

    /// Part of a list, one row more than asked for when more follow. Walks an index; nothing is counted.
    pub async fn list_orders(
        &mut self,
        tenant: &TenantId,
        filter: &OrderFilter,
        page: &OrderPage,
    ) -> Result<Vec<ListedOrder>> {
        let Some(channels) = &filter.channels else {
            return self.list_orders_of(tenant, None, filter, page).await;
        };
        let mut all = Vec::new();
        for channel in channels {
            let wide = OrderPage { skip: 0, limit: page.limit + page.skip, ..page.clone() };
            all.extend(self.list_orders_of(tenant, Some(*channel), filter, &wide).await?);
        }
        if channels.len() > 1 {
            all.sort_by(|a, b| compare(&page.sort, &a.place, &b.place));
            if page.backwards {
                let surplus = all.len().saturating_sub(page.limit + page.skip + 1);
                all.drain(..surplus);
            }
        }
        let skipped = if page.backwards { 0 } else { page.skip.min(all.len()) };
        Ok(all.into_iter().skip(skipped).take(page.limit + 1).collect())
    }

    async fn list_orders_of(
        &mut self,
        tenant: &TenantId,
        channel: Option<ChannelNumber>,
        filter: &OrderFilter,
        page: &OrderPage,
    ) -> Result<Vec<ListedOrder>> {
        let mut conditions = Conditions { sql: String::new(), params: params![tenant.as_str()].to_vec() };
        // Only the narrowest equality may steer the planner; `|| ''` and `+ 0` keep the others off their indexes.
        let is_narrow = filter.external_id.is_some() || filter.number.is_some() || filter.external_ids.is_some();
        if let Some(external_ids) = &filter.external_ids {
            conditions.add_any("external_id_key", external_ids.iter().map(|id| key(id)));
        }
        if let Some(external_id) = &filter.external_id {
            conditions.add("external_id_key = ?", key(external_id));
        }
        if let Some(number) = &filter.number {
            let condition = if filter.external_id.is_some() { "(number_key || '') = ?" } else { "number_key = ?" };
            conditions.add(condition, key(number));
        }
        if let Some(status) = &filter.status {
            conditions.add(if is_narrow { "(status_key || '') = ?" } else { "status_key = ?" }, key(status));
        }
        if let Some(channel) = channel {
            conditions.add(if is_narrow { "channel + 0 = ?" } else { "channel = ?" }, channel.0);
        }
        let ranges = [
            ("placed_at", ">=", filter.placed_from),
            ("placed_at", "<", filter.placed_before),
            ("changed_at", ">=", filter.changed_from),
            ("changed_at", "<", filter.changed_before),
            ("created_at", ">=", filter.created_from),
            ("created_at", "<", filter.created_before),
        ];
        for (column, operator, bound) in ranges {
            if let Some(bound) = bound {
                let off_index = if is_narrow { " + 0" } else { "" };
                conditions.add(&format!("{column}{off_index} {operator} ?"), bound);
            }
        }
        if let Some(after) = &page.after {
            conditions.sql.push_str(" and (");
            for last in 0..page.sort.len().min(after.len()) {
                conditions.sql.push_str(if last == 0 { "(" } else { " or (" });
                for (place, (sort, descending)) in page.sort.iter().take(last + 1).enumerate() {
                    let operator = match (place == last, descending ^ page.backwards) {
                        (false, _) => "=",
                        (true, true) => "<",
                        (true, false) => ">",
                    };
                    conditions.params.push(match &after[place] {
                        SortValue::Int(number) => Value::from(*number),
                        SortValue::Text(text) => Value::from(text.as_str()),
                    });
                    let joined = if place == 0 { "" } else { " and " };
                    let parameter = conditions.params.len();
                    let condition = [joined, sort.column(), " ", operator, " $", &parameter.to_string()].concat();
                    conditions.sql.push_str(&condition);
                }
                conditions.sql.push(')');
            }
            conditions.sql.push(')');
        }
        let order_by: Vec<String> = page
            .sort
            .iter()
            .map(|(sort, descending)| {
                format!("{} {}", sort.column(), if descending ^ page.backwards { "desc" } else { "asc" })
            })
            .collect();
        let limit = page.limit + 1;
        conditions.params.push((limit as i64).into());
        conditions.params.push((page.skip as i64).into());
        let count = conditions.params.len();
        let sql = format!(
            "select {COLUMNS}, number_key, placed_at, changed_at, external_id_key from orders
             where tenant_id = $1 and is_deleted = 0{}
             order by {} limit ${} offset ${count}",
            conditions.sql,
            order_by.join(", "),
            count - 1,
        );
        let rows = self.rows(&sql, &conditions.params).await?;
        let mut listed = Vec::with_capacity(rows.len());
        for row in &rows {
            let order = order(row)?;
            let place = page.sort.iter().map(|(sort, _)| place_of(*sort, row)).collect::<Result<_>>()?;
            listed.push(ListedOrder { order, place });
        }
        listed.retain(|listed| matches(&listed.order.details, filter));
        if page.backwards {
            listed.reverse();
        }
        Ok(listed)
    }
}

fn place_of(sort: OrderSort, row: &Row) -> Result<SortValue> {
    Ok(match sort {
        OrderSort::Id => SortValue::Int(row.int(0)?),
        OrderSort::Channel => SortValue::Int(row.int(1)?),
        OrderSort::Number => SortValue::Text(row.text(9)?),
        OrderSort::PlacedAt => SortValue::Int(row.int(10)?),
        OrderSort::ChangedAt => SortValue::Int(row.int(11)?),
        OrderSort::ExternalId => SortValue::Text(row.text(12)?),
        OrderSort::CreatedAt => SortValue::Int(row.int(3)?),
    })
}

pub(crate) fn compare(sort: &[(OrderSort, bool)], a: &[SortValue], b: &[SortValue]) -> std::cmp::Ordering {
    for ((_, descending), (a, b)) in sort.iter().zip(a.iter().zip(b)) {
        let ordering = match (a, b) {
            (SortValue::Int(a), SortValue::Int(b)) => a.cmp(b),
            (SortValue::Text(a), SortValue::Text(b)) => a.cmp(b),
            _ => std::cmp::Ordering::Equal,
        };
        if ordering.is_ne() {
            return if *descending { ordering.reverse() } else { ordering };
        }
    }
    std::cmp::Ordering::Equal
}

/// Compares in full what the search columns hold the beginning of.
fn matches(details: &OrderDetails, filter: &OrderFilter) -> bool {
    let is = |wanted: &Option<String>, found: Option<&str>| {
        wanted.as_deref().is_none_or(|wanted| equal_folded(wanted, found.unwrap_or("")))
    };
    is(&filter.external_id, details.external_id.as_deref())
        && filter
            .external_ids
            .as_ref()
            .is_none_or(|ids| details.external_id.as_ref().is_some_and(|id| ids.contains(id)))
        && is(&filter.number, details.number.as_deref())
        && is(&filter.status, details.shop_status.as_ref().map(|status| status.code.as_str()))
}
