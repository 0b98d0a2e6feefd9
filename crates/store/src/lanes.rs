//! Lanes: work that must stay apart, such as the deliveries of one webhook endpoint or the tracking of one carrier
//! account. Each lane has a row; whoever holds its lease works on it, on whichever node.

use domain::tenant::TenantId;
use domain::{Result, Timestamp};

use crate::codec::known;
use crate::{Row, Tx, params};

/// The kind of lanes in which carrier accounts are asked for tracking events.
pub const TRACKING: &str = "tracking";

/// The kind of lanes in which carrier accounts are looked at once a day.
pub const CHECKS: &str = "checks";

/// The due time of a lane with nothing to do.
const NEVER: i64 = i64::MAX;

/// A lane, as its row stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lane {
    /// What kind of work: `webhooks`, `tracking`, `checks`.
    pub kind: String,
    /// Whose.
    pub tenant: TenantId,
    /// Which lane of that kind: an endpoint's id, an account's id.
    pub key: String,
    /// Until when whoever works on it may take; in the past when nobody does.
    pub leased_until: Timestamp,
    /// How it has gone so far.
    pub health: Health,
}

/// How a lane has gone so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Health {
    /// Failures in a row, up to now.
    pub failures: u32,
    /// Since when nothing but failures came.
    pub failed_since: Option<Timestamp>,
    /// When something last went well.
    pub succeeded_at: Option<Timestamp>,
    /// Since when the lane is paused, and why.
    pub paused: Option<(Timestamp, String)>,
}

impl Health {
    /// After something went well.
    pub fn succeeded(&mut self, at: Timestamp) {
        *self = Self { succeeded_at: Some(at), paused: self.paused.take(), ..Self::default() };
    }

    /// After a failure.
    pub fn failed(&mut self, at: Timestamp) {
        self.failures = self.failures.saturating_add(1);
        self.failed_since.get_or_insert(at);
    }
}

const LANE: &str = "kind, tenant_id, key, leased_until, failures, failed_since, succeeded_at, paused_at, pause_reason";

fn lane(row: &Row) -> Result<Lane> {
    Ok(Lane {
        kind: row.text(0)?,
        tenant: known(TenantId::new(row.text(1)?), "tenant id")?,
        key: row.text(2)?,
        leased_until: row.time(3)?,
        health: Health {
            failures: row.int(4)? as u32,
            failed_since: row.opt_time(5)?,
            succeeded_at: row.opt_time(6)?,
            paused: match row.opt_time(7)? {
                Some(at) => Some((at, row.opt_text(8)?.unwrap_or_default())),
                None => None,
            },
        },
    })
}

impl Tx<'_> {
    /// Makes lanes due at `at`, unless they are due earlier; a lane that is not there yet is made.
    ///
    /// The row of a lane that somebody works on is written even when it says nothing new: whoever gives that lease back
    /// without having seen what this transaction adds then meets it, and looks again.
    pub async fn wake_lanes(&mut self, kind: &str, lanes: &[(TenantId, String)], at: Timestamp) -> Result<()> {
        const WAKE: &str = "
            insert into lanes (kind, tenant_id, key, due_at, leased_until, failures) values ($1, $2, $3, $4, 0, 0)
            on conflict (kind, tenant_id, key) do update
            set due_at = case when lanes.due_at > excluded.due_at then excluded.due_at else lanes.due_at end
            where lanes.due_at > excluded.due_at or lanes.leased_until > 0";
        let rows: Vec<_> =
            lanes.iter().map(|(tenant, key)| params![kind, tenant.as_str(), key.as_str(), at].to_vec()).collect();
        self.execute_later(WAKE, &rows).await
    }

    /// Takes the leases of due lanes that nobody holds, longest due first, at most `limit`.
    pub async fn claim_lanes(
        &mut self,
        kind: &str,
        now: Timestamp,
        until: Timestamp,
        limit: usize,
    ) -> Result<Vec<Lane>> {
        let due = format!(
            "select {LANE} from lanes
             where kind = $1 and due_at <= $2 and leased_until <= $2 and paused_at is null
             order by due_at limit $3"
        );
        const CLAIM: &str = "
            update lanes set leased_until = $4
            where kind = $1 and tenant_id = $2 and key = $3 and leased_until <= $5";
        let rows = self.rows(&due, &params![kind, now, limit]).await?;
        let mut claimed = Vec::with_capacity(rows.len());
        for row in &rows {
            let mut found = lane(row)?;
            let ask = params![kind, found.tenant.as_str(), found.key.as_str(), until, now];
            if self.execute(CLAIM, &ask).await? > 0 {
                found.leased_until = until;
                claimed.push(found);
            }
        }
        Ok(claimed)
    }

    /// When the next lane of a kind is due that nobody works on now, over all tenants.
    pub async fn next_lane_at(&mut self, kind: &str, now: Timestamp) -> Result<Option<Timestamp>> {
        const NEXT: &str = "
            select due_at from lanes where kind = $1 and paused_at is null and due_at < $2 and leased_until <= $3
            order by due_at limit 1";
        self.row(NEXT, &params![kind, NEVER, now]).await?.map(|row| row.time(0)).transpose()
    }

    /// Gives a lane's lease back with how it stands now; `due_at` is when there is more to do. False when the lease ran
    /// out and somebody else holds the lane: then nothing is stored.
    pub async fn release_lane(&mut self, lane: &Lane, due_at: Option<Timestamp>) -> Result<bool> {
        const RELEASE: &str = "
            update lanes set leased_until = 0, due_at = $5, failures = $6, failed_since = $7, succeeded_at = $8,
                paused_at = $9, pause_reason = $10
            where kind = $1 and tenant_id = $2 and key = $3 and leased_until = $4";
        let health = &lane.health;
        let params = params![
            lane.kind.as_str(),
            lane.tenant.as_str(),
            lane.key.as_str(),
            lane.leased_until,
            due_at.map_or(NEVER, Timestamp::as_microsecond),
            health.failures,
            health.failed_since,
            health.succeeded_at,
            health.paused.as_ref().map(|(at, _)| *at),
            health.paused.as_ref().map(|(_, why)| why.as_str())
        ];
        Ok(self.execute(RELEASE, &params).await? > 0)
    }

    /// Pauses a lane or lets it go on, whoever holds it. A lane that goes on forgets its failures and is due at once.
    pub async fn pause_lane(
        &mut self,
        kind: &str,
        tenant: &TenantId,
        key: &str,
        paused: Option<(Timestamp, &str)>,
        now: Timestamp,
    ) -> Result<()> {
        self.wake_lanes(kind, &[(tenant.clone(), key.to_owned())], now).await?;
        const PAUSE: &str = "
            update lanes set paused_at = $4, pause_reason = $5, failures = 0, failed_since = null, leased_until = 0,
                due_at = $6
            where kind = $1 and tenant_id = $2 and key = $3";
        let (at, why) = paused.unzip();
        self.execute(PAUSE, &params![kind, tenant.as_str(), key, at, why, now]).await.map(drop)
    }

    /// Frees what a process that is gone held, lanes, dispatches and idempotency keys: for a database that one process alone owns.
    pub async fn free_leases(&mut self) -> Result<()> {
        self.execute("update lanes set leased_until = 0 where leased_until > 0", &[]).await?;
        self.execute("update dispatches set leased_until = 0 where leased_until > 0", &[]).await?;
        self.execute("update batches set leased_until = 0 where leased_until > 0", &[]).await?;
        const KEYS: &str = "update idempotency_keys set leased_until = 0 where leased_until > 0 and status is null";
        self.execute(KEYS, &[]).await.map(drop)
    }

    /// One lane.
    pub async fn lane(&mut self, kind: &str, tenant: &TenantId, key: &str) -> Result<Option<Lane>> {
        let sql = format!("select {LANE} from lanes where kind = $1 and tenant_id = $2 and key = $3");
        self.row(&sql, &params![kind, tenant.as_str(), key]).await?.as_ref().map(lane).transpose()
    }

    /// When a lane is due next; `None` when it is not there or has nothing to do.
    pub async fn lane_due_at(&mut self, kind: &str, tenant: &TenantId, key: &str) -> Result<Option<Timestamp>> {
        const DUE: &str = "
            select due_at from lanes where kind = $1 and tenant_id = $2 and key = $3 and due_at < $4";
        self.row(DUE, &params![kind, tenant.as_str(), key, NEVER]).await?.map(|row| row.time(0)).transpose()
    }

    /// Every lane of a kind in a tenant.
    pub async fn lanes(&mut self, kind: &str, tenant: &TenantId) -> Result<Vec<Lane>> {
        let sql = format!("select {LANE} from lanes where kind = $1 and tenant_id = $2 order by key");
        self.rows(&sql, &params![kind, tenant.as_str()]).await?.iter().map(lane).collect()
    }
}
