//! Events: written with the change they tell of, numbered then or by a job once they are committed.

use std::collections::HashSet;

use domain::Result;
use domain::event::{About, Event, EventKind};
use domain::ids::{EventId, OrderId};
use domain::tenant::TenantId;

use crate::codec::{from_json, id, known, to_json};
use crate::{Row, Tx, Value, params};

const ONE: &str = "select id, kind, at, about from events where tenant_id = $1 and id = $2";

fn event(row: &Row) -> Result<Event> {
    Ok(Event {
        id: id(row.int(0)?, EventId::new)?,
        kind: known(EventKind::parse(&row.text(1)?), "event kind")?,
        at: row.time(2)?,
        about: from_json::<About>(&row.text(3)?)?,
    })
}

impl Tx<'_> {
    /// Writes one event in the transaction of its change.
    pub async fn emit(&mut self, tenant: &TenantId, event: &Event) -> Result<()> {
        self.emit_all(tenant, std::slice::from_ref(event)).await
    }

    /// Writes events in the transaction of their changes. On SQLite transactions end in the order in which they write, so
    /// events that cause no delivery have their feed position from the start, and the job has nothing to do for them.
    pub async fn emit_all(&mut self, tenant: &TenantId, events: &[Event]) -> Result<()> {
        const NUMBERED: &str = "
            insert into events (tenant_id, id, kind, at, about, order_id, actor, position)
            select $1, $2, $3, $4, $5, $6, $7, case
                when exists (select 1 from webhook_endpoints where tenant_id = $1) then null
                else 1 + coalesce((select position from events
                    where tenant_id = $1 and position is not null order by position desc limit 1), 0) end
            returning position";
        const COLUMNS: [&str; 7] = ["tenant_id", "id", "kind", "at", "about", "order_id", "actor"];
        let row = |event: &Event| -> Result<Vec<Value>> {
            let order = event.about.order.map(OrderId::number);
            let about = to_json(&event.about)?;
            let (kind, who) = (event.kind.as_str(), event.about.by.as_ref().map(|by| by.who.as_str()));
            Ok(params![tenant.as_str(), event.id.number(), kind, event.at, about, order, who].to_vec())
        };
        let rows = events.iter().map(row).collect::<Result<Vec<_>>>()?;
        let Self::Sqlite(session) = self else { return self.insert_all("events", &COLUMNS, &rows).await };
        let written = session.rows_many(NUMBERED, &rows)?;
        for (event, written) in events.iter().zip(written) {
            if written.first().map(|row| row.opt_int(0)).transpose()?.flatten().is_none() {
                continue;
            }
            let kind = event.kind.as_str();
            match session.numbered.iter_mut().find(|(known, _)| *known == kind) {
                Some((_, count)) => *count += 1,
                None => session.numbered.push((kind, 1)),
            }
        }
        Ok(())
    }

    /// Events that have no feed position yet, over all tenants, in the order of their ids.
    pub async fn new_events(&mut self, limit: usize) -> Result<Vec<(TenantId, Event)>> {
        const NEW: &str = "
            select id, kind, at, about, tenant_id from events where position is null order by id limit $1";
        let rows = self.rows(NEW, &params![limit as i64]).await?;
        rows.iter().map(|row| Ok((known(TenantId::new(row.text(4)?), "tenant id")?, event(row)?))).collect()
    }

    /// The last feed position given in a tenant.
    pub async fn last_position(&mut self, tenant: &TenantId) -> Result<i64> {
        const LAST: &str = "
            select position from events where tenant_id = $1 and position is not null order by position desc limit 1";
        self.row(LAST, &params![tenant.as_str()]).await?.map_or(Ok(0), |row| row.int(0))
    }

    /// Which events have no feed position yet, over all tenants, the first `limit` by their ids.
    pub async fn unnumbered(&mut self, limit: usize) -> Result<HashSet<u64>> {
        const UNNUMBERED: &str = "select id from events where position is null order by id limit $1";
        let rows = self.rows(UNNUMBERED, &params![limit as i64]).await?;
        rows.iter().map(|row| Ok(row.int(0)? as u64)).collect()
    }

    /// Gives events their positions, as (tenant, event, position).
    pub async fn number_events(&mut self, positions: &[(TenantId, EventId, i64)]) -> Result<()> {
        let rows: Vec<_> = positions
            .iter()
            .map(|(tenant, event, position)| params![tenant.as_str(), event.number(), *position].to_vec())
            .collect();
        self.update_all("events", &["tenant_id", "id"], &["position"], &rows).await
    }

    /// The feed of a tenant after a position: events that are numbered, oldest first, each with its position.
    pub async fn feed(&mut self, tenant: &TenantId, after: i64, limit: usize) -> Result<Vec<(i64, Event)>> {
        const FEED: &str = "
            select id, kind, at, about, position from events
            where tenant_id = $1 and position > $2 order by position limit $3";
        let rows = self.rows(FEED, &params![tenant.as_str(), after, limit as i64]).await?;
        rows.iter().map(|row| Ok((row.int(4)?, event(row)?))).collect()
    }

    /// The events of one order, oldest first.
    pub async fn events_of_order(&mut self, tenant: &TenantId, order: OrderId) -> Result<Vec<Event>> {
        const OF_ORDER: &str = "
            select id, kind, at, about from events where tenant_id = $1 and order_id = $2 order by at, id";
        self.rows(OF_ORDER, &params![tenant.as_str(), order.number()]).await?.iter().map(event).collect()
    }

    /// The events of several orders, a list each, oldest first.
    pub async fn events_of_orders(&mut self, tenant: &TenantId, orders: &[OrderId]) -> Result<Vec<Vec<Event>>> {
        const OF_ORDER: &str = "
            select id, kind, at, about from events where tenant_id = $1 and order_id = $2 order by at, id";
        let asks: Vec<_> = orders.iter().map(|order| params![tenant.as_str(), order.number()].to_vec()).collect();
        let found = self.rows_many(OF_ORDER, &asks).await?;
        found.iter().map(|rows| rows.iter().map(event).collect()).collect()
    }

    /// Why nobody could be asked to ship these orders, each in its place; `None` where nothing of the kind counts now.
    pub async fn unserved(&mut self, tenant: &TenantId, orders: &[OrderId]) -> Result<Vec<Option<Event>>> {
        const LAST: &str = "
            select id, kind, at, about from events
            where tenant_id = $1 and order_id = $2 and kind = 'order.unserved'
                and (select unserved_after from orders where tenant_id = $1 and id = $2)
                    = coalesce((select max(id) from shipments where tenant_id = $1 and order_id = $2), 0)
            order by id desc limit 1";
        let asks: Vec<_> = orders.iter().map(|order| params![tenant.as_str(), order.number()].to_vec()).collect();
        self.first_events(LAST, &asks).await
    }

    /// Events, each in its place.
    pub async fn events_named(&mut self, tenant: &TenantId, ids: &[EventId]) -> Result<Vec<Option<Event>>> {
        let asks: Vec<_> = ids.iter().map(|id| params![tenant.as_str(), id.number()].to_vec()).collect();
        self.first_events(ONE, &asks).await
    }

    async fn first_events(&mut self, sql: &str, asks: &[Vec<Value>]) -> Result<Vec<Option<Event>>> {
        if asks.is_empty() {
            return Ok(Vec::new());
        }
        self.rows_many(sql, asks).await?.iter().map(|rows| rows.first().map(event).transpose()).collect()
    }

    /// One event.
    pub async fn event(&mut self, tenant: &TenantId, event_id: EventId) -> Result<Option<Event>> {
        self.row(ONE, &params![tenant.as_str(), event_id.number()]).await?.as_ref().map(event).transpose()
    }
}
