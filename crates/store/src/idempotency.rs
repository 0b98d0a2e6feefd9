//! Idempotency keys: a request that a client may send again has one effect and one answer.
//!
//! A key is claimed before the request runs. What the request did is written in the transaction of its change, so that
//! whoever takes over after a crash goes on from there; the whole answer is kept behind it.

use domain::tenant::TenantId;
use domain::{Result, Timestamp};

use crate::{Tx, params};

/// A key as a client sent it, and who sent it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdempotencyKey {
    /// The tenant.
    pub tenant: TenantId,
    /// The public part of the API key.
    pub api_key: String,
    /// The client's own word.
    pub key: String,
}

/// An answer as it was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptAnswer {
    /// The HTTP status.
    pub status: u16,
    /// The media type.
    pub content_type: String,
    /// The body.
    pub body: Vec<u8>,
}

/// What a claim found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claim {
    /// The key is ours until the lease runs out.
    Ours,
    /// The key came with another request before.
    Different,
    /// Somebody is at it.
    Running,
    /// It was answered.
    Answered(KeptAnswer),
}

impl Tx<'_> {
    /// Claims a key for the request with this fingerprint until `leased_until`; a key that expired is as good as new.
    pub async fn claim_idempotency_key(
        &mut self,
        key: &IdempotencyKey,
        fingerprint: &[u8],
        now: Timestamp,
        leased_until: Timestamp,
        expires_at: Timestamp,
    ) -> Result<Claim> {
        const FORGET: &str = "
            delete from idempotency_keys where tenant_id = $1 and api_key = $2 and key = $3 and expires_at <= $4";
        const CLAIM: &str = "
            insert into idempotency_keys (tenant_id, api_key, key, fingerprint, leased_until, expires_at)
            values ($1, $2, $3, $4, $5, $6) on conflict (tenant_id, api_key, key) do nothing";
        const LOOK: &str = "
            select fingerprint, leased_until, status, content_type, answer from idempotency_keys
            where tenant_id = $1 and api_key = $2 and key = $3";
        const TAKE_OVER: &str = "
            update idempotency_keys set leased_until = $4
            where tenant_id = $1 and api_key = $2 and key = $3 and leased_until <= $5";
        let (tenant, api_key, name) = (key.tenant.as_str(), key.api_key.as_str(), key.key.as_str());
        self.execute(FORGET, &params![tenant, api_key, name, now]).await?;
        let claim = params![tenant, api_key, name, fingerprint, leased_until, expires_at];
        if self.execute(CLAIM, &claim).await? > 0 {
            return Ok(Claim::Ours);
        }
        let Some(row) = self.row(LOOK, &params![tenant, api_key, name]).await? else { return Ok(Claim::Running) };
        if row.bytes(0)? != fingerprint {
            return Ok(Claim::Different);
        }
        if let Some(status) = row.opt_int(2)? {
            let content_type = row.text(3)?;
            return Ok(Claim::Answered(KeptAnswer { status: status as u16, content_type, body: row.bytes(4)? }));
        }
        let taken = row.time(1)? <= now
            && self.execute(TAKE_OVER, &params![tenant, api_key, name, leased_until, now]).await? > 0;
        Ok(if taken { Claim::Ours } else { Claim::Running })
    }

    /// What an earlier holder of the key had done when it was last heard of.
    pub async fn idempotent_outcome(&mut self, key: &IdempotencyKey) -> Result<Option<String>> {
        const OUTCOME: &str = "
            select outcome from idempotency_keys where tenant_id = $1 and api_key = $2 and key = $3";
        let row = self.row(OUTCOME, &params![key.tenant.as_str(), key.api_key.as_str(), key.key.as_str()]).await?;
        row.map_or(Ok(None), |row| row.opt_text(0))
    }

    /// Writes what the request did, in the transaction of its change; false when the key is not ours any more.
    pub async fn keep_outcome(&mut self, key: &IdempotencyKey, leased_until: Timestamp, outcome: &str) -> Result<bool> {
        const KEEP: &str = "
            update idempotency_keys set outcome = $5
            where tenant_id = $1 and api_key = $2 and key = $3 and leased_until = $4";
        let params = params![key.tenant.as_str(), key.api_key.as_str(), key.key.as_str(), leased_until, outcome];
        Ok(self.execute(KEEP, &params).await? > 0)
    }

    /// Keeps the answer and gives the lease back; without an answer the request may run again.
    pub async fn finish_idempotency_key(
        &mut self,
        key: &IdempotencyKey,
        leased_until: Timestamp,
        answer: Option<&KeptAnswer>,
    ) -> Result<()> {
        const FINISH: &str = "
            update idempotency_keys set leased_until = 0, status = $5, content_type = $6, answer = $7
            where tenant_id = $1 and api_key = $2 and key = $3 and leased_until = $4";
        let params = params![
            key.tenant.as_str(),
            key.api_key.as_str(),
            key.key.as_str(),
            leased_until,
            answer.map(|answer| u32::from(answer.status)),
            answer.map(|answer| answer.content_type.as_str()),
            answer.map(|answer| answer.body.as_slice())
        ];
        self.execute(FINISH, &params).await.map(drop)
    }

    /// Forgets keys that expired, at most `limit`; answers how many.
    pub async fn forget_idempotency_keys(&mut self, now: Timestamp, limit: usize) -> Result<usize> {
        const OLD: &str = "
            select tenant_id, api_key, key from idempotency_keys where expires_at <= $1 order by expires_at limit $2";
        const FORGET: &str = "
            delete from idempotency_keys where tenant_id = $1 and api_key = $2 and key = $3 and expires_at <= $4";
        let rows = self.rows(OLD, &params![now, limit]).await?;
        let keys = rows.iter().map(|row| Ok(params![row.text(0)?, row.text(1)?, row.text(2)?, now].to_vec()));
        let keys = keys.collect::<Result<Vec<_>>>()?;
        self.execute_many(FORGET, &keys).await?;
        Ok(keys.len())
    }
}
