//! API keys and their secrets, each found by a keyed hash, and the tokens bought with them.
//!
//! A key has one secret in force and may have older ones: some good for a while, others retired for good.

use domain::tenant::{ApiKey, Scope, TenantId};
use domain::{Result, Timestamp};

use crate::codec::known;
use crate::setup::SetupTx;
use crate::{Row, Tx, params};

/// A key and when it changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRow {
    /// The key.
    pub key: ApiKey,
    /// When it was made; `None` for a key from before this was kept.
    pub created_at: Option<Timestamp>,
    /// When another secret took the place of the first one.
    pub rotated_at: Option<Timestamp>,
    /// Until when an older secret is good, if one is.
    pub older_until: Option<Timestamp>,
}

/// What is known of a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretRow {
    /// The key it is or was of; `None` when the key is gone.
    pub key: Option<ApiKey>,
    /// Until when it is good; `None` for the one in force.
    pub expires_at: Option<Timestamp>,
}

fn key(row: &Row) -> Result<ApiKey> {
    Ok(ApiKey {
        tenant: known(TenantId::new(row.text(0)?), "tenant id")?,
        name: row.text(1)?,
        public: row.text(2)?,
        scopes: row.text(3)?.split(' ').filter_map(|scope| scope.parse().ok()).collect(),
    })
}

fn key_row(row: &Row) -> Result<KeyRow> {
    Ok(KeyRow {
        key: key(row)?,
        created_at: row.opt_time(4)?,
        rotated_at: row.opt_time(5)?,
        older_until: row.opt_time(6)?,
    })
}

/// Scopes as a row holds them.
fn words(scopes: &[Scope]) -> String {
    scopes.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(" ")
}

/// Keys, with the last instant at which an older secret is good; `$1` is now.
const KEYS: &str = "
    select k.tenant_id, k.name, k.public_part, k.scopes, k.created_at, k.rotated_at,
        (select max(s.expires_at) from key_secrets s where s.public_part = k.public_part and s.expires_at > $1)
    from api_keys k";

impl Tx<'_> {
    /// The key that a good secret with this hash is of, and until when it is good; the one in force has no end.
    pub async fn key_by_secret(
        &mut self,
        secret_hash: &[u8],
        now: Timestamp,
    ) -> Result<Option<(ApiKey, Option<Timestamp>)>> {
        const BY_SECRET: &str = "
            select k.tenant_id, k.name, k.public_part, k.scopes, s.expires_at
            from key_secrets s join api_keys k on k.public_part = s.public_part
            where s.secret_hash = $1 and (s.expires_at is null or s.expires_at > $2)";
        let row = self.row(BY_SECRET, &params![secret_hash, now]).await?;
        row.map(|row| Ok((key(&row)?, row.opt_time(4)?))).transpose()
    }

    /// The key a live token was bought with, and until when the token is good.
    pub async fn key_by_token(&mut self, token_hash: &[u8], now: Timestamp) -> Result<Option<(ApiKey, Timestamp)>> {
        const BY_TOKEN: &str = "
            select k.tenant_id, k.name, k.public_part, k.scopes, t.expires_at, s.expires_at
            from tokens t
            join key_secrets s on s.secret_hash = t.secret_hash
            join api_keys k on k.public_part = s.public_part
            where t.token_hash = $1 and t.expires_at > $2 and (s.expires_at is null or s.expires_at > $2)";
        let row = self.row(BY_TOKEN, &params![token_hash, now]).await?;
        row.map(|row| {
            let (of_token, of_secret) = (row.time(4)?, row.opt_time(5)?);
            Ok((key(&row)?, of_secret.map_or(of_token, |of_secret| of_secret.min(of_token))))
        })
        .transpose()
    }

    /// Stores a token until it expires, and drops the expired ones of the same key and those of the same family; true
    /// when one of those was still good.
    pub async fn add_token(
        &mut self,
        token_hash: &[u8],
        secret_hash: &[u8],
        family: Option<&str>,
        now: Timestamp,
        expires_at: Timestamp,
    ) -> Result<bool> {
        self.execute("delete from tokens where secret_hash = $1 and expires_at <= $2", &params![secret_hash, now])
            .await?;
        let replaced = self
            .execute("delete from tokens where secret_hash = $1 and family = $2", &params![secret_hash, family])
            .await?;
        const ADD: &str = "insert into tokens (token_hash, secret_hash, expires_at, family) values ($1, $2, $3, $4)";
        self.execute(ADD, &params![token_hash, secret_hash, expires_at, family]).await?;
        Ok(replaced > 0)
    }

    /// Every key, by tenant and name.
    pub async fn keys(&mut self, now: Timestamp) -> Result<Vec<KeyRow>> {
        let sql = format!("{KEYS} order by k.tenant_id, k.name");
        self.rows(&sql, &params![now]).await?.iter().map(key_row).collect()
    }

    /// Every key of a tenant, by name.
    pub async fn keys_of_tenant(&mut self, tenant: &TenantId, now: Timestamp) -> Result<Vec<KeyRow>> {
        let sql = format!("{KEYS} where k.tenant_id = $2 order by k.name");
        self.rows(&sql, &params![now, tenant.as_str()]).await?.iter().map(key_row).collect()
    }

    /// The key with this public part.
    pub async fn key_by_public(&mut self, public: &str, now: Timestamp) -> Result<Option<KeyRow>> {
        let sql = format!("{KEYS} where k.public_part = $2");
        self.row(&sql, &params![now, public]).await?.as_ref().map(key_row).transpose()
    }

    /// The key a tenant calls so.
    pub async fn key_by_name(&mut self, tenant: &TenantId, name: &str, now: Timestamp) -> Result<Option<KeyRow>> {
        let sql = format!("{KEYS} where k.tenant_id = $2 and k.name = $3");
        self.row(&sql, &params![now, tenant.as_str(), name]).await?.as_ref().map(key_row).transpose()
    }

    /// Whether any key exists.
    pub async fn has_keys(&mut self) -> Result<bool> {
        Ok(self.row("select name from api_keys limit 1", &[]).await?.is_some())
    }

    /// What is known of the secret with this hash, retired or not.
    pub async fn secret(&mut self, secret_hash: &[u8]) -> Result<Option<SecretRow>> {
        const SECRET: &str = "
            select k.tenant_id, k.name, k.public_part, k.scopes, s.expires_at
            from key_secrets s left join api_keys k on k.public_part = s.public_part
            where s.secret_hash = $1";
        let row = self.row(SECRET, &params![secret_hash]).await?;
        row.map(|row| {
            let key = if row.opt_text(0)?.is_some() { Some(key(&row)?) } else { None };
            Ok(SecretRow { key, expires_at: row.opt_time(4)? })
        })
        .transpose()
    }

    /// Keeps a secret and its tokens under another hash. True when the secret was there.
    pub async fn rehash_secret(&mut self, from: &[u8], to: &[u8], hashed_under: &str) -> Result<bool> {
        const SECRET: &str = "update key_secrets set secret_hash = $2, hashed_under = $3 where secret_hash = $1";
        if self.execute(SECRET, &params![from, to, hashed_under]).await? == 0 {
            return Ok(false);
        }
        self.execute("update tokens set secret_hash = $2 where secret_hash = $1", &params![from, to]).await?;
        Ok(true)
    }

    /// Whether a key that is or was there has retired secrets that are hashed under none of these installation's keys.
    pub async fn has_strange_secrets(&mut self, public: &str, known: [&str; 2]) -> Result<bool> {
        const STRANGE: &str = "
            select public_part from key_secrets
            where public_part = $1 and expires_at is not null and hashed_under <> $2 and hashed_under <> $3 limit 1";
        Ok(self.row(STRANGE, &params![public, known[0], known[1]]).await?.is_some())
    }

    /// The keys of which a good secret is hashed under another installation's key than this one.
    pub async fn keys_hashed_elsewhere(&mut self, hashed_under: &str, now: Timestamp) -> Result<Vec<KeyRow>> {
        let sql = format!(
            "{KEYS} where exists (
                select 1 from key_secrets s where s.public_part = k.public_part
                    and (s.expires_at is null or s.expires_at > $1) and s.hashed_under <> $2)
             order by k.tenant_id, k.name"
        );
        self.rows(&sql, &params![now, hashed_under]).await?.iter().map(key_row).collect()
    }

    /// Says which installation's key the hashes are under that nobody has said it of.
    pub async fn name_hashes(&mut self, hashed_under: &str) -> Result<()> {
        let sql = "update key_secrets set hashed_under = $1 where hashed_under = ''";
        self.execute(sql, &params![hashed_under]).await.map(drop)
    }
}

impl SetupTx<'_, '_> {
    /// Stores a key without a secret.
    pub async fn add_key(&mut self, key: &ApiKey, now: Timestamp) -> Result<()> {
        const ADD: &str = "
            insert into api_keys (public_part, tenant_id, name, scopes, created_at) values ($1, $2, $3, $4, $5)";
        let params = params![key.public.as_str(), self.tenant.as_str(), key.name.as_str(), words(&key.scopes), now];
        self.execute(ADD, &params).await.map(drop)
    }

    /// Gives the key that has this tenant and name another public part and other scopes; its secrets stay.
    pub async fn change_key(&mut self, key: &ApiKey, former_public: &str) -> Result<()> {
        const KEY: &str = "update api_keys set public_part = $2, scopes = $3 where public_part = $1";
        self.execute(KEY, &params![former_public, key.public.as_str(), words(&key.scopes)]).await?;
        const SECRETS: &str = "update key_secrets set public_part = $2 where public_part = $1 and public_part <> $2";
        self.execute(SECRETS, &params![former_public, key.public.as_str()]).await.map(drop)
    }

    /// Notes when a key got another secret.
    pub async fn mark_rotated(&mut self, public: &str, now: Timestamp) -> Result<()> {
        let sql = "update api_keys set rotated_at = $2 where public_part = $1";
        self.rotated(public);
        self.execute(sql, &params![public, now]).await.map(drop)
    }

    /// Revokes a key: its tokens are gone, and its secrets are retired for good.
    pub async fn drop_key(&mut self, public: &str, now: Timestamp) -> Result<()> {
        self.retire_secrets(public, now, now).await?;
        self.execute("delete from api_keys where public_part = $1", &params![public]).await.map(drop)
    }

    /// Stores the secret of a key that is in force from now on, hashed under an installation's key.
    pub async fn add_secret(&mut self, public: &str, secret_hash: &[u8], hashed_under: &str) -> Result<()> {
        const ADD: &str = "insert into key_secrets (secret_hash, public_part, hashed_under) values ($1, $2, $3)";
        self.execute(ADD, &params![secret_hash, public, hashed_under]).await.map(drop)
    }

    /// Makes every secret of a key end at `until`, unless it ends sooner. Tokens go with the secrets that have ended.
    pub async fn retire_secrets(&mut self, public: &str, until: Timestamp, now: Timestamp) -> Result<()> {
        const RETIRE: &str = "
            update key_secrets set expires_at = $2
            where public_part = $1 and (expires_at is null or expires_at > $2)";
        self.execute(RETIRE, &params![public, until]).await?;
        const TOKENS: &str = "
            delete from tokens
            where secret_hash in (select secret_hash from key_secrets where public_part = $1 and expires_at <= $2)";
        self.execute(TOKENS, &params![public, now]).await.map(drop)
    }

    /// Forgets the secret in force, so that it may come back one day; older ones are retired. Their tokens are gone.
    pub async fn forget_secret(&mut self, public: &str, now: Timestamp) -> Result<()> {
        const TOKENS: &str = "
            delete from tokens where secret_hash in (select secret_hash from key_secrets where public_part = $1)";
        self.execute(TOKENS, &params![public]).await?;
        self.execute("delete from key_secrets where public_part = $1 and expires_at is null", &params![public]).await?;
        self.retire_secrets(public, now, now).await
    }
}
