//! Dispatches: orders that are to be shipped without anybody waiting. A row is written with its order and goes with the
//! transaction that begins to ship it, so that no order is shipped twice for one wish.

use std::collections::HashMap;

use domain::channel::Dialect;
use domain::ids::OrderId;
use domain::tenant::TenantId;
use domain::{Result, Timestamp};

use crate::codec::{id, known};
use crate::{Row, Tx, params};

/// A dispatch that whoever has its lease takes up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dispatch {
    /// Whose.
    pub tenant: TenantId,
    /// The order.
    pub order: OrderId,
    /// Where it ships from, as far as the order says.
    pub location: String,
    /// Whose words its names are in.
    pub dialect: Dialect,
    /// How it is to be shipped, as JSON.
    pub wish: String,
    /// When it was wished for.
    pub created_at: Timestamp,
    /// Which taking up this is.
    turn: i64,
}

/// How many dispatches each location has under way.
pub type Busy = HashMap<(TenantId, String), usize>;

fn dispatch(row: &Row) -> Result<Dispatch> {
    Ok(Dispatch {
        tenant: known(TenantId::new(row.text(0)?), "tenant id")?,
        order: id(row.int(1)?, OrderId::new)?,
        location: row.text(2)?,
        dialect: known(row.text(3)?.parse().ok(), "dialect")?,
        wish: row.text(4)?,
        created_at: row.time(5)?,
        turn: row.int(6)? + 1,
    })
}

impl Tx<'_> {
    /// Writes down that an order is to be shipped.
    pub async fn add_dispatch(
        &mut self,
        tenant: &TenantId,
        order: OrderId,
        location: Option<&str>,
        dialect: Dialect,
        wish: &str,
        now: Timestamp,
    ) -> Result<()> {
        const ADD: &str = "
            insert into dispatches (tenant_id, order_id, location, dialect, wish, created_at, due_at, leased_until, turn)
            values ($1, $2, $3, $4, $5, $6, $6, 0, 0)";
        let location = location.unwrap_or_default();
        let row = params![tenant.as_str(), order, location, dialect.as_str(), wish, now];
        self.execute_later(ADD, &[row.to_vec()]).await
    }

    /// Takes the leases of due dispatches that nobody holds, longest due first, at most `limit`. A location with
    /// `most` of them under way gets no further one; `busy` says how many each has.
    pub async fn claim_dispatches(
        &mut self,
        now: Timestamp,
        until: Timestamp,
        busy: &Busy,
        most: usize,
        limit: usize,
    ) -> Result<Vec<Dispatch>> {
        let mut asked = params![now, limit].to_vec();
        let mut due = "
            select tenant_id, order_id, location, dialect, wish, created_at, turn from dispatches
            where due_at <= $1 and leased_until <= $1"
            .to_owned();
        for ((tenant, location), _) in busy.iter().filter(|(_, count)| **count >= most) {
            let place = asked.len() + 1;
            due.extend([
                " and not (tenant_id = $",
                &place.to_string(),
                " and location = $",
                &(place + 1).to_string(),
                ")",
            ]);
            asked.extend(params![tenant.as_str(), location.as_str()]);
        }
        due.push_str(" order by due_at limit $2");
        const CLAIM: &str = "
            update dispatches set leased_until = $3, turn = $4
            where tenant_id = $1 and order_id = $2 and leased_until <= $5";
        let mut busy = busy.clone();
        let mut claimed = Vec::new();
        for row in self.rows(&due, &asked).await? {
            let found = dispatch(&row)?;
            let under_way = busy.entry((found.tenant.clone(), found.location.clone())).or_default();
            let ask = params![found.tenant.as_str(), found.order, until, found.turn, now];
            if *under_way < most && self.execute(CLAIM, &ask).await? > 0 {
                *under_way += 1;
                claimed.push(found);
            }
        }
        Ok(claimed)
    }

    /// When the next dispatch is due that nobody works on now, over all tenants.
    pub async fn next_dispatch_at(&mut self, now: Timestamp) -> Result<Option<Timestamp>> {
        const NEXT: &str = "select due_at from dispatches where leased_until <= $1 order by due_at limit 1";
        self.row(NEXT, &params![now]).await?.map(|row| row.time(0)).transpose()
    }

    /// Changes how an order that waits is to be shipped. Whoever took it up by the old wish does not ship it any more.
    pub async fn change_dispatch(&mut self, tenant: &TenantId, order: OrderId, wish: &str) -> Result<()> {
        const CHANGE: &str = "
            update dispatches set wish = $3, leased_until = 0, turn = turn + 1 where tenant_id = $1 and order_id = $2";
        self.execute(CHANGE, &params![tenant.as_str(), order, wish]).await.map(drop)
    }

    /// Ends a dispatch that somebody took up; false when it is not that one's any more.
    pub async fn end_dispatch(&mut self, taken: &Dispatch) -> Result<bool> {
        const END: &str = "delete from dispatches where tenant_id = $1 and order_id = $2 and turn = $3";
        let row = params![taken.tenant.as_str(), taken.order, taken.turn];
        Ok(self.execute(END, &row).await? > 0)
    }

    /// Ends an order's dispatch, if it has one: somebody ships it by hand, or nobody shall.
    pub async fn forget_dispatch(&mut self, tenant: &TenantId, order: OrderId) -> Result<()> {
        const FORGET: &str = "delete from dispatches where tenant_id = $1 and order_id = $2";
        self.execute_later(FORGET, &[params![tenant.as_str(), order].to_vec()]).await
    }

    /// Gives a dispatch back until later, unless it is not that one's any more.
    pub async fn postpone_dispatch(&mut self, taken: &Dispatch, due_at: Timestamp) -> Result<()> {
        const POSTPONE: &str = "
            update dispatches set leased_until = 0, due_at = $4
            where tenant_id = $1 and order_id = $2 and turn = $3";
        let row = params![taken.tenant.as_str(), taken.order, taken.turn, due_at];
        self.execute(POSTPONE, &row).await.map(drop)
    }
}
