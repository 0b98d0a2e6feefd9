//! Where orders stand in the words of a dialect that derives its states: one row an order, for tenants whose lists ask.
//!
//! Nothing is written with a change. Whatever moves a state is an event, so a job keeps the rows behind the feed, and
//! whoever reads them looks itself at the few orders with events that the job has not seen.

use domain::channel::Dialect;
use domain::ids::OrderId;
use domain::order::Order;
use domain::tenant::TenantId;
use domain::{Error, Result, Timestamp};

use crate::codec::{id, known};
use crate::orders::{COLUMNS, OrderSort, SortValue, compare, order};
use crate::{Row, Tx, Value, params};

/// How far the states of a tenant and dialect are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Following {
    /// Whose.
    pub tenant: TenantId,
    /// In whose words.
    pub dialect: Dialect,
    /// Up to which id the orders are filled in that there were in the beginning; `None` when all are.
    pub filled_to: Option<u64>,
    /// Up to which position of the feed changes are taken in.
    pub position: i64,
}

/// Which orders in a state, in which order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateList {
    /// In whose words.
    pub dialect: Dialect,
    /// The state.
    pub state: String,
    /// Placed from this instant on, and before that one.
    pub placed: (Option<Timestamp>, Option<Timestamp>),
    /// Sort columns: id, shop's id and time of placing; the last one is the id.
    pub sort: Vec<(OrderSort, bool)>,
    /// Leave out this many first.
    pub skip: usize,
    /// How many.
    pub limit: usize,
}

fn following(row: &Row) -> Result<Following> {
    let filled_to = row.opt_int(2)?.map(|id| u64::try_from(id).map_err(Error::internal)).transpose()?;
    Ok(Following {
        tenant: known(TenantId::new(row.text(0)?), "tenant id")?,
        dialect: row.str(1)?.parse().map_err(|_| Error::internal("a dialect nobody knows"))?,
        filled_to,
        position: row.int(3)?,
    })
}

/// An order's place in a list.
type Place = (OrderId, Vec<SortValue>);

/// Id, time of placing and shop's id, in these columns, as a place.
fn place(sort: &[(OrderSort, bool)], row: &Row) -> Result<Place> {
    let value = |sort: OrderSort| {
        Ok(match sort {
            OrderSort::Id => SortValue::Int(row.int(0)?),
            OrderSort::PlacedAt => SortValue::Int(row.int(1)?),
            OrderSort::ExternalId => SortValue::Text(row.text(2)?),
            _ => return Err(Error::internal("orders in a state are not sorted so")),
        })
    };
    let values = sort.iter().map(|(sort, _)| value(*sort)).collect::<Result<_>>()?;
    Ok((id(row.int(0)?, OrderId::new)?, values))
}

impl StateList {
    /// Whether its order can be read off the rows.
    pub fn is_sortable(&self) -> bool {
        let is_known = |sort| matches!(sort, OrderSort::Id | OrderSort::PlacedAt | OrderSort::ExternalId);
        self.sort.iter().all(|(sort, _)| is_known(*sort))
            && self.sort.last().is_some_and(|(sort, _)| *sort == OrderSort::Id)
    }

    /// The statement that lists the orders, and its parameters. Bounds are looked up in the index of the times; whatever
    /// else is asked for then sorts only what lies between them.
    fn select(&self, tenant: &TenantId, position: i64, skip: usize, limit: usize) -> (String, Vec<Value>) {
        let mut params = params![tenant.as_str(), self.dialect.as_str(), self.state.as_str(), position].to_vec();
        let mut bounds = Vec::new();
        for (operator, bound) in [(">=", self.placed.0), ("<", self.placed.1)] {
            if let Some(bound) = bound {
                params.push(bound.into());
                bounds.push(format!(" and placed_at {operator} ${}", params.len()));
            }
        }
        let is_bounded = !bounds.is_empty();
        let column = |sort: OrderSort| match sort {
            OrderSort::PlacedAt => "placed_at",
            OrderSort::ExternalId if is_bounded => "external_id_key || ''",
            OrderSort::ExternalId => "external_id_key",
            _ if is_bounded && self.sort.len() == 1 => "order_id + 0",
            _ => "order_id",
        };
        let part = |(sort, descends): &(OrderSort, bool)| {
            format!("{} {}", column(*sort), if *descends { "desc" } else { "asc" })
        };
        let bounds = bounds.concat();
        let order_by = self.sort.iter().map(part).collect::<Vec<_>>().join(", ");
        params.extend(params![limit, skip]);
        let count = params.len();
        let sql = format!(
            "select order_id, placed_at, external_id_key from order_states
             where tenant_id = $1 and dialect = $2 and state = $3{bounds}
                and not exists (select 1 from events where events.tenant_id = $1
                    and events.order_id = order_states.order_id
                    and (events.position is null or events.position > $4))
             order by {order_by} limit ${} offset ${count}",
            count - 1
        );
        (sql, params)
    }
}

impl Tx<'_> {
    /// Begins to keep the states of a tenant's orders in the words of a dialect, unless they are kept already.
    pub async fn follow_states(&mut self, tenant: &TenantId, dialect: Dialect) -> Result<()> {
        const FOLLOW: &str = "
            insert into followed_states (tenant_id, dialect, filled_to, position) values ($1, $2, 0, $3)
            on conflict do nothing";
        // What happened before this position is seen by whoever fills in; what comes later, by whoever follows.
        let position = self.last_position(tenant).await?;
        self.execute(FOLLOW, &params![tenant.as_str(), dialect.as_str(), position]).await.map(drop)
    }

    /// How far the states are kept; `None` when nobody asked for them yet.
    pub async fn followed(&mut self, tenant: &TenantId, dialect: Dialect) -> Result<Option<Following>> {
        const ONE: &str = "
            select tenant_id, dialect, filled_to, position from followed_states where tenant_id = $1 and dialect = $2";
        self.row(ONE, &params![tenant.as_str(), dialect.as_str()]).await?.as_ref().map(following).transpose()
    }

    /// Whose states are behind, over all tenants.
    pub async fn states_behind(&mut self, limit: usize) -> Result<Vec<Following>> {
        const BEHIND: &str = "
            select tenant_id, dialect, filled_to, position from followed_states f
            where filled_to is not null
                or exists (select 1 from events e where e.tenant_id = f.tenant_id and e.position > f.position)
            limit $1";
        self.rows(BEHIND, &params![limit]).await?.iter().map(following).collect()
    }

    /// Orders that are not deleted, by id, after one.
    pub async fn orders_after(&mut self, tenant: &TenantId, after: u64, limit: usize) -> Result<Vec<Order>> {
        let sql = format!(
            "select {COLUMNS} from orders where tenant_id = $1 and id > $2 and is_deleted = 0 order by id limit $3"
        );
        self.rows(&sql, &params![tenant.as_str(), after, limit]).await?.iter().map(order).collect()
    }

    /// Those of the orders that are not deleted.
    pub async fn live_orders(&mut self, tenant: &TenantId, ids: &[OrderId]) -> Result<Vec<Order>> {
        let sql = format!("select {COLUMNS} from orders where tenant_id = $1 and id = $2 and is_deleted = 0");
        let asks: Vec<_> = ids.iter().map(|id| params![tenant.as_str(), id.number()].to_vec()).collect();
        self.rows_many(&sql, &asks).await?.iter().flatten().map(order).collect()
    }

    /// Orders with events behind a position of the feed, or with events that have none yet; not more than `most`.
    pub async fn changed_since(&mut self, tenant: &TenantId, position: i64, most: usize) -> Result<Vec<OrderId>> {
        // `|| ''` keeps the second part off the primary key: few events are without a position, over all tenants.
        const CHANGED: &str = "
            select order_id from events where tenant_id = $1 and position > $2 and order_id is not null
            union
            select order_id from events where position is null and (tenant_id || '') = $1 and order_id is not null
            limit $3";
        let rows = self.rows(CHANGED, &params![tenant.as_str(), position, most]).await?;
        rows.iter().map(|row| id(row.int(0)?, OrderId::new)).collect()
    }

    /// Keeps what was found: the states of orders, and that others are gone. False, and nothing is kept, when somebody
    /// else has gone on from there.
    pub async fn keep_states(
        &mut self,
        from: &Following,
        to: &Following,
        states: &[(OrderId, String)],
        gone: &[OrderId],
    ) -> Result<bool> {
        const GO_ON: &str = "
            update followed_states set filled_to = $3, position = $4
            where tenant_id = $1 and dialect = $2 and position = $5 and coalesce(filled_to, -1) = $6";
        const KEEP: &str = "
            insert into order_states (tenant_id, dialect, order_id, state, placed_at, external_id_key)
            select tenant_id, $2, id, $4, placed_at, external_id_key from orders where tenant_id = $1 and id = $3
            on conflict (tenant_id, dialect, order_id) do update
            set state = excluded.state, placed_at = excluded.placed_at, external_id_key = excluded.external_id_key";
        const FORGET: &str = "delete from order_states where tenant_id = $1 and dialect = $2 and order_id = $3";
        let (tenant, dialect) = (from.tenant.as_str(), from.dialect.as_str());
        let was = from.filled_to.map_or(Value::Int(-1), Value::from);
        let step = params![tenant, dialect, to.filled_to, to.position, from.position, was];
        if self.execute(GO_ON, &step).await? == 0 {
            return Ok(false);
        }
        let kept: Vec<_> =
            states.iter().map(|(order, state)| params![tenant, dialect, *order, state].to_vec()).collect();
        let forgotten: Vec<_> = gone.iter().map(|order| params![tenant, dialect, *order].to_vec()).collect();
        self.execute_later(KEEP, &kept).await?;
        self.execute_later(FORGET, &forgotten).await?;
        Ok(true)
    }

    /// The orders in a state: those that the rows tell, less those with events behind `position`, and of the latter those
    /// that are said to be in it.
    pub async fn orders_in_state(
        &mut self,
        tenant: &TenantId,
        list: &StateList,
        position: i64,
        changed: &[OrderId],
    ) -> Result<Vec<OrderId>> {
        const PLACE: &str = "
            select id, placed_at, external_id_key from orders where tenant_id = $1 and id = $2 and is_deleted = 0";
        let mut own = Vec::with_capacity(changed.len());
        if !changed.is_empty() {
            let asks: Vec<_> = changed.iter().map(|id| params![tenant.as_str(), *id].to_vec()).collect();
            for row in self.rows_many(PLACE, &asks).await?.iter().flatten() {
                let at = row.time(1)?;
                if list.placed.0.is_none_or(|from| at >= from) && list.placed.1.is_none_or(|before| at < before) {
                    own.push(place(&list.sort, row)?);
                }
            }
        }
        // At most so many of the rows before the page give way to those that changed.
        let skip = list.skip.saturating_sub(own.len());
        let (sql, params) = list.select(tenant, position, skip, list.limit + own.len());
        let rows = self.rows(&sql, &params).await?;
        let told = rows.iter().map(|row| place(&list.sort, row)).collect::<Result<Vec<_>>>()?;
        let comes_first = |one: &Place, other: &Place| compare(&list.sort, &one.1, &other.1).is_lt();
        // Of those that changed, the ones before the first row that was read are behind us, if rows were left out.
        let passed = match told.first() {
            Some(first) if skip > 0 => own.iter().filter(|one| comes_first(one, first)).count(),
            None if skip > 0 => return Ok(Vec::new()),
            _ => 0,
        };
        let mut all = told;
        own.sort_by(|one, other| compare(&list.sort, &one.1, &other.1));
        all.extend(own.into_iter().skip(passed));
        all.sort_by(|one, other| compare(&list.sort, &one.1, &other.1));
        Ok(all.into_iter().skip(list.skip - skip - passed).take(list.limit).map(|(id, _)| id).collect())
    }

    /// How the engine finds the orders in a state.
    pub async fn explain_states(&mut self, tenant: &TenantId, list: &StateList) -> Result<String> {
        let (sql, params) = list.select(tenant, 0, list.skip, list.limit);
        let (explain, column) = if self.is_sqlite() { ("explain query plan", 3) } else { ("explain (costs off)", 0) };
        let rows = self.rows_once(&format!("{explain} {sql}"), &params).await?;
        Ok(rows.iter().map(|row| row.text(column)).collect::<Result<Vec<_>>>()?.join("\n"))
    }
}
