//! Jobs: one row a kind; whoever holds the lease runs it. A job takes no input but the state.

use domain::{Result, Timestamp};

use crate::{Tx, params};

/// Kinds of work, and since when the longest waiting piece of each could have been done.
pub type Waiting = Vec<(&'static str, Timestamp)>;

impl Tx<'_> {
    /// Takes the lease of a kind of job if it is due and nobody holds it; true when taken.
    pub async fn lease_job(&mut self, kind: &str, now: Timestamp, until: Timestamp) -> Result<bool> {
        const MAKE: &str = "
            insert into jobs (kind, due_at, leased_until) values ($1, 0, 0) on conflict (kind) do nothing";
        const TAKE: &str = "
            update jobs set leased_until = $3
            where kind = $1 and leased_until <= $2 and due_at <= $2";
        if self.execute(TAKE, &params![kind, now, until]).await? > 0 {
            return Ok(true);
        }
        let made = self.execute(MAKE, &params![kind]).await? > 0;
        Ok(made && self.execute(TAKE, &params![kind, now, until]).await? > 0)
    }

    /// What waits for each kind of job over all tenants, at its longest; nothing for a kind that has nothing to do.
    pub async fn waiting(&mut self) -> Result<Waiting> {
        const LOOKS: [(&str, &str); 12] = [
            ("number_events", "select at from events where position is null order by id limit 1"),
            (
                "follow_states",
                "select min((select e.at from events e where e.tenant_id = f.tenant_id and e.position = f.position + 1))
                 from followed_states f",
            ),
            (
                "deliver_webhooks",
                "select due_at from lanes where kind = 'webhooks' and paused_at is null order by due_at limit 1",
            ),
            (
                "poll_tracking",
                "select due_at from lanes where kind = 'tracking' and paused_at is null order by due_at limit 1",
            ),
            ("dispatch_orders", "select due_at from dispatches order by due_at limit 1"),
            ("label_batches", "select min(due_at) from batches where due_at is not null"),
            (
                "check_accounts",
                "select due_at from lanes where kind = 'checks' and paused_at is null order by due_at limit 1",
            ),
            ("send_notices", "select next_at from notices where state = 'waiting' order by next_at, id limit 1"),
            ("check_addresses", "select min(check_due) from orders where check_due is not null"),
            ("settle_bookings", "select min(lease_until) from shipments where lease_until is not null"),
            (
                "settle_collections",
                "select due_at from collections where due_at is not null order by due_at, id limit 1",
            ),
            (
                "store_labels",
                "select label_due_at from parcels where label_due_at is not null order by label_due_at limit 1",
            ),
        ];
        let mut waiting = Waiting::new();
        for (kind, look) in LOOKS {
            let since = self.row(look, &[]).await?.map(|row| row.opt_time(0)).transpose()?.flatten();
            waiting.extend(since.map(|since| (kind, since)));
        }
        Ok(waiting)
    }

    /// Gives a lease back, unless somebody else has taken the job since that lease ran out.
    pub async fn finish_job(&mut self, kind: &str, leased_until: Timestamp) -> Result<()> {
        let sql = "update jobs set leased_until = 0 where kind = $1 and leased_until = $2";
        self.execute(sql, &params![kind, leased_until]).await.map(drop)
    }
}
