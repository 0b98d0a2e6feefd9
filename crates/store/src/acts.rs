//! Acts: who did what. Events that name their actor, and what happens without an event; nothing here changes one.

use std::collections::HashSet;

use domain::act::{Act, ActKind, Actor};
use domain::event::{About, Event, EventKind};
use domain::ids::{BatchId, EventId, OrderId};
use domain::order::RawJson;
use domain::tenant::TenantId;
use domain::{Result, Timestamp};
use serde::{Deserialize, Serialize};

use crate::codec::{from_json, id, known, to_json};
use crate::{Row, Tx, Value, params};

/// What a row of an act holds as JSON.
#[derive(Serialize, Deserialize)]
struct Body {
    by: Actor,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    before: Option<RawJson>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    after: Option<RawJson>,
}

/// What somebody did, as an event or without one.
#[derive(Clone, Debug, PartialEq)]
pub enum Done {
    /// An event that names its actor.
    Event(Box<Event>),
    /// What no event tells of.
    Act(Act),
}

impl Done {
    /// When it was done, and its id: its place in lists.
    pub fn place(&self) -> (Timestamp, EventId) {
        match self {
            Self::Event(event) => (event.at, event.id),
            Self::Act(act) => (act.at, act.id),
        }
    }
}

fn act(row: &Row) -> Result<Act> {
    let Body { by, before, after } = from_json(row.str(5)?)?;
    Ok(Act {
        id: id(row.int(0)?, EventId::new)?,
        kind: known(ActKind::parse(row.str(1)?), "act kind")?,
        at: row.time(2)?,
        order: row.opt_int(3)?.map(|number| id(number, OrderId::new)).transpose()?,
        subject: row.text(4)?,
        by,
        before,
        after,
    })
}

fn event(row: &Row) -> Result<Event> {
    Ok(Event {
        id: id(row.int(0)?, EventId::new)?,
        kind: known(EventKind::parse(row.str(1)?), "event kind")?,
        at: row.time(2)?,
        about: from_json::<About>(row.str(3)?)?,
    })
}

impl Tx<'_> {
    /// Writes acts in the transaction of what they tell of.
    pub async fn keep_acts(&mut self, tenant: &TenantId, acts: &[Act]) -> Result<()> {
        const COLUMNS: [&str; 8] = ["tenant_id", "id", "kind", "at", "actor", "order_id", "subject", "body"];
        let row = |act: &Act| -> Result<Vec<Value>> {
            let body = Body { by: act.by.clone(), before: act.before.clone(), after: act.after.clone() };
            let (kind, order) = (act.kind.as_str(), act.order.map(OrderId::number));
            let (id, who, subject, body) =
                (act.id.number(), act.by.who.as_str(), act.subject.as_str(), to_json(&body)?);
            Ok(params![tenant.as_str(), id, kind, act.at, who, order, subject, body].to_vec())
        };
        let rows = acts.iter().map(row).collect::<Result<Vec<_>>>()?;
        if rows.is_empty() {
            return Ok(());
        }
        self.insert_all("acts", &COLUMNS, &rows).await
    }

    /// Writes that an act was about every labelled order of a batch, in one statement however many those are.
    pub async fn keep_act_of_batch(&mut self, tenant: &TenantId, act: EventId, batch: BatchId) -> Result<()> {
        const KEEP: &str = "
            insert into act_orders (tenant_id, order_id, act_id)
            select distinct tenant_id, order_id, cast($3 as bigint) from batch_orders
            where tenant_id = $1 and batch_id = $2 and shipment_id is not null";
        self.execute_later(KEEP, &[params![tenant.as_str(), batch.number(), act.number()].to_vec()]).await
    }

    /// Which of these subjects an act of this kind was done to before.
    pub async fn done_before(
        &mut self,
        tenant: &TenantId,
        kind: ActKind,
        subjects: &[String],
    ) -> Result<HashSet<String>> {
        const DONE: &str = "
            select subject from acts where tenant_id = $1 and subject = $2 and kind = $3 order by id limit 1";
        let asks: Vec<_> =
            subjects.iter().map(|subject| params![tenant.as_str(), subject, kind.as_str()].to_vec()).collect();
        self.rows_many(DONE, &asks).await?.iter().flatten().map(|row| row.text(0)).collect()
    }

    /// Everybody who ever did something in a tenant: one look into an index a person, however much each of them did.
    pub async fn actors(&mut self, tenant: &TenantId) -> Result<Vec<String>> {
        const NEXT_EVENT: &str = "
            select actor from events where tenant_id = $1 and actor > $2 order by actor limit 1";
        const NEXT_ACT: &str = "select actor from acts where tenant_id = $1 and actor > $2 order by actor limit 1";
        let (mut actors, mut last) = (Vec::new(), String::new());
        loop {
            let after = params![tenant.as_str(), &last];
            let found = self.rows_of_each([(NEXT_EVENT, &after), (NEXT_ACT, &after)]).await?;
            let next: Vec<_> = found.iter().flatten().map(|row| row.text(0)).collect::<Result<_>>()?;
            let Some(next) = next.into_iter().min() else { return Ok(actors) };
            last.clone_from(&next);
            actors.push(next);
        }
    }

    /// What somebody did before a place and not before a time, newest first.
    pub async fn done_by(
        &mut self,
        tenant: &TenantId,
        who: &str,
        before: (Timestamp, Option<EventId>),
        from: Option<Timestamp>,
        limit: usize,
    ) -> Result<Vec<Done>> {
        const EVENTS: &str = "
            select id, kind, at, about from events
            where tenant_id = $1 and actor = $2 and (at, id) < ($3, $4) and at >= $5
            order by at desc, id desc limit $6";
        const ACTS: &str = "
            select id, kind, at, order_id, subject, body from acts
            where tenant_id = $1 and actor = $2 and (at, id) < ($3, $4) and at >= $5
            order by at desc, id desc limit $6";
        let from = from.map_or(i64::MIN, domain::time::to_micros);
        let id = before.1.map_or(0, EventId::number);
        let asked = params![tenant.as_str(), who, before.0, id, from, limit];
        let [events, acts] = self.rows_of_each([(EVENTS, &asked), (ACTS, &asked)]).await?;
        let mut done = events
            .iter()
            .map(|row| event(row).map(|event| Done::Event(Box::new(event))))
            .collect::<Result<Vec<_>>>()?;
        for row in &acts {
            done.push(Done::Act(act(row)?));
        }
        done.sort_by_key(|done| std::cmp::Reverse(done.place()));
        done.truncate(limit);
        Ok(done)
    }

    /// What somebody did about an order, oldest first.
    pub async fn done_about(&mut self, tenant: &TenantId, order: OrderId) -> Result<Vec<Done>> {
        const EVENTS: &str = "
            select id, kind, at, about from events
            where tenant_id = $1 and order_id = $2 and actor is not null order by at, id";
        const ACTS: &str = "
            select id, kind, at, order_id, subject, body from acts
            where tenant_id = $1 and order_id = $2 order by at, id";
        const OF_MANY: &str = "
            select a.id, a.kind, a.at, a.order_id, a.subject, a.body
            from act_orders o join acts a on a.tenant_id = o.tenant_id and a.id = o.act_id
            where o.tenant_id = $1 and o.order_id = $2";
        let asked = params![tenant.as_str(), order.number()];
        let [events, acts, of_many] = self.rows_of_each([(EVENTS, &asked), (ACTS, &asked), (OF_MANY, &asked)]).await?;
        let mut done = events
            .iter()
            .map(|row| event(row).map(|event| Done::Event(Box::new(event))))
            .collect::<Result<Vec<_>>>()?;
        for row in acts.iter().chain(&of_many) {
            done.push(Done::Act(act(row)?));
        }
        done.sort_by_key(Done::place);
        Ok(done)
    }
}
