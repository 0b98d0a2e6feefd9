//! API keys, found by a keyed hash of their secret, and the tokens bought with them.

use domain::tenant::{ApiKey, Scope, TenantId};
use domain::{Error, Result, Timestamp};

use crate::codec::known;
use crate::{Row, Tx, params};

fn key(row: &Row) -> Result<ApiKey> {
    Ok(ApiKey {
        tenant: known(TenantId::new(row.text(0)?), "tenant id")?,
        name: row.text(1)?,
        public: row.text(2)?,
        scopes: row.text(3)?.split(' ').filter_map(|scope| scope.parse().ok()).collect(),
    })
}

/// Scopes as a row holds them.
fn words(scopes: &[Scope]) -> String {
    scopes.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(" ")
}

impl Tx<'_> {
    /// The key whose secret has this hash.
    pub async fn key_by_secret(&mut self, secret_hash: &[u8]) -> Result<Option<ApiKey>> {
        const BY_SECRET: &str = "select tenant_id, name, public_part, scopes from api_keys where secret_hash = $1";
        self.row(BY_SECRET, &params![secret_hash]).await?.as_ref().map(key).transpose()
    }

    /// The key a live token was bought with.
    pub async fn key_by_token(&mut self, token_hash: &[u8], now: Timestamp) -> Result<Option<(ApiKey, Timestamp)>> {
        const BY_TOKEN: &str = "
            select k.tenant_id, k.name, k.public_part, k.scopes, t.expires_at
            from tokens t join api_keys k on k.secret_hash = t.secret_hash
            where t.token_hash = $1 and t.expires_at > $2";
        let row = self.row(BY_TOKEN, &params![token_hash, now]).await?;
        row.map(|row| Ok((key(&row)?, row.time(4)?))).transpose()
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

    /// Stores a key under its name; an older secret of that name is gone, with its tokens. True when something changed.
    pub async fn put_key(&mut self, key: &ApiKey, secret_hash: &[u8]) -> Result<bool> {
        const SAME: &str = "
            select 1 from api_keys
            where secret_hash = $1 and tenant_id = $2 and name = $3 and public_part = $4 and scopes = $5";
        let scopes = words(&key.scopes);
        let tenant = key.tenant.as_str();
        let all = params![secret_hash, tenant, key.name.as_str(), key.public.as_str(), scopes.as_str()];
        if self.row(SAME, &all).await?.is_some() {
            return Ok(false);
        }
        self.drop_key(&key.tenant, &key.name).await?;
        const ADD: &str = "
            insert into api_keys (secret_hash, tenant_id, name, public_part, scopes) values ($1, $2, $3, $4, $5)";
        self.execute(ADD, &all).await?;
        Ok(true)
    }

    /// Forgets a key and its tokens.
    pub async fn drop_key(&mut self, tenant: &TenantId, name: &str) -> Result<()> {
        const TOKENS: &str = "
            delete from tokens
            where secret_hash in (select secret_hash from api_keys where tenant_id = $1 and name = $2)";
        self.execute(TOKENS, &params![tenant.as_str(), name]).await?;
        self.execute("delete from api_keys where tenant_id = $1 and name = $2", &params![tenant.as_str(), name])
            .await
            .map(drop)
    }

    /// Who holds this public part, as tenant and key name.
    pub async fn key_holder(&mut self, public: &str) -> Result<Option<(String, String)>> {
        let row = self.row("select tenant_id, name from api_keys where public_part = $1", &params![public]).await?;
        row.map(|row| Ok((row.text(0)?, row.text(1)?))).transpose()
    }

    /// Whether the tenant has a key of this name.
    pub async fn has_key(&mut self, tenant: &TenantId, name: &str) -> Result<bool> {
        let sql = "select name from api_keys where tenant_id = $1 and name = $2";
        Ok(self.row(sql, &params![tenant.as_str(), name]).await?.is_some())
    }

    /// The known text, encrypted under the installation's key, stored as `fresh` when there is none yet.
    pub async fn key_check(&mut self, fresh: &[u8]) -> Result<Vec<u8>> {
        const KEEP: &str = "
            insert into installation (name, value) values ('key_check', $1) on conflict (name) do nothing";
        self.execute(KEEP, &params![fresh]).await?;
        let row = self.row("select value from installation where name = 'key_check'", &[]).await?;
        row.ok_or_else(|| Error::internal("the check of the installation's key was not kept"))?.bytes(0)
    }

    /// Whether any key exists.
    pub async fn has_keys(&mut self) -> Result<bool> {
        Ok(self.row("select name from api_keys limit 1", &[]).await?.is_some())
    }
}
