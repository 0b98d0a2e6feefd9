//! Jobs: one row a kind; whoever holds the lease runs it. A job takes no input but the state.

use domain::{Result, Timestamp};

use crate::{Tx, params};

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

    /// Gives a lease back, unless somebody else has taken the job since that lease ran out.
    pub async fn finish_job(&mut self, kind: &str, leased_until: Timestamp) -> Result<()> {
        let sql = "update jobs set leased_until = 0 where kind = $1 and leased_until = $2";
        self.execute(sql, &params![kind, leased_until]).await.map(drop)
    }
}
