//! The installation: which key its secrets are under, and what is to be moved from that key to the next one.

use domain::tenant::TenantId;
use domain::{Error, Result, Timestamp};

use crate::{Row, Tx, params};

/// A known text, encrypted under the installation's key.
const CHECK: &str = "key_check";
/// The same under the key that takes that one's place, while that is under way.
const NEXT_CHECK: &str = "next_key_check";

/// What tells which keys the stored secrets are under.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyChecks {
    /// A known text under the key of all secrets or, while another key takes its place, of the older ones.
    pub check: Vec<u8>,
    /// The same text under the key that takes the other's place.
    pub next: Option<Vec<u8>>,
}

impl KeyChecks {
    /// The known text under the key that secrets are to be encrypted under from now on.
    pub fn newest(&self) -> &[u8] {
        self.next.as_deref().unwrap_or(&self.check)
    }
}

/// Secrets of one row, encrypted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed {
    /// Whose.
    pub tenant: TenantId,
    /// Which row of the tenant: a carrier account's or an endpoint's id.
    pub id: String,
    /// The secret in force.
    pub secret: Vec<u8>,
    /// An older one.
    pub previous: Option<Vec<u8>>,
}

/// Where encrypted secrets lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drawer {
    /// Credentials of carrier accounts.
    Accounts,
    /// Secrets of webhook endpoints.
    Endpoints,
    /// What webhook endpoints know their caller by.
    Authentications,
    /// Tokens of push addresses.
    Pushes,
}

impl Drawer {
    /// Every one.
    pub const ALL: [Self; 4] = [Self::Accounts, Self::Endpoints, Self::Authentications, Self::Pushes];
}

fn sealed(row: &Row) -> Result<Sealed> {
    let tenant = TenantId::new(row.text(0)?).ok_or_else(|| Error::internal("a stored tenant id is valid"))?;
    Ok(Sealed { tenant, id: row.text(1)?, secret: row.bytes(2)?, previous: row.opt_bytes(3)? })
}

impl Tx<'_> {
    /// What time it is by the database server's clock; `None` where the database is in this process.
    pub async fn server_clock(&mut self) -> Result<Option<Timestamp>> {
        const CLOCK: &str = "select cast(extract(epoch from clock_timestamp()) * 1000000 as bigint)";
        if self.is_sqlite() {
            return Ok(None);
        }
        self.row(CLOCK, &[]).await?.map(|row| row.time(0)).transpose()
    }

    /// When the latest numbered event of a tenant happened, by the clock of whoever wrote it.
    pub async fn latest_event_at(&mut self, tenant: &TenantId) -> Result<Option<Timestamp>> {
        const LATEST: &str = "
            select at from events where tenant_id = $1 and position is not null order by position desc limit 1";
        self.row(LATEST, &params![tenant.as_str()]).await?.map(|row| row.time(0)).transpose()
    }

    /// The checks of the installation's key; `None` in a database that no process has had a key for.
    pub async fn key_checks(&mut self) -> Result<Option<KeyChecks>> {
        let rows = self.rows("select name, value from installation", &[]).await?;
        let find = |name: &str| {
            let row = rows.iter().find(|row| row.str(0).is_ok_and(|found| found == name));
            row.map(|row| row.bytes(1)).transpose()
        };
        let next = find(NEXT_CHECK)?;
        Ok(find(CHECK)?.map(|check| KeyChecks { check, next }))
    }

    /// The same, held until the transaction ends: whoever changes them meanwhile meets this one.
    pub async fn hold_key_checks(&mut self) -> Result<Option<KeyChecks>> {
        self.execute("update installation set value = value where name = $1", &params![CHECK]).await?;
        self.key_checks().await
    }

    /// Stores the checks.
    pub async fn put_key_checks(&mut self, checks: &KeyChecks) -> Result<()> {
        const PUT: &str = "
            insert into installation (name, value) values ($1, $2)
            on conflict (name) do update set value = excluded.value";
        self.execute(PUT, &params![CHECK, checks.check.as_slice()]).await?;
        match &checks.next {
            Some(next) => self.execute(PUT, &params![NEXT_CHECK, next.as_slice()]).await.map(drop),
            None => self.execute("delete from installation where name = $1", &params![NEXT_CHECK]).await.map(drop),
        }
    }

    /// How many rows with secrets there are.
    pub async fn count_sealed(&mut self, drawer: Drawer) -> Result<u64> {
        let sql = match drawer {
            Drawer::Accounts => "select count(*) from carrier_accounts",
            Drawer::Endpoints => "select count(*) from webhook_endpoints",
            Drawer::Authentications => "select count(*) from webhook_endpoints where authentication is not null",
            Drawer::Pushes => "select count(*) from push_addresses",
        };
        self.row(sql, &[]).await?.map_or(Ok(0), |row| Ok(row.int(0)? as u64))
    }

    /// Rows with secrets in a fixed order, from behind `after` (from the first when `None`), at most `limit`.
    pub async fn sealed(&mut self, drawer: Drawer, after: Option<&Sealed>, limit: usize) -> Result<Vec<Sealed>> {
        const ACCOUNTS: &str = "
            select tenant_id, id, credentials, null from carrier_accounts
            where tenant_id > $1 or (tenant_id = $1 and id > $2) order by tenant_id, id limit $3";
        const PUSHES: &str = "
            select tenant_id, account, token, null from push_addresses
            where tenant_id > $1 or (tenant_id = $1 and account > $2) order by tenant_id, account limit $3";
        // In the order of numbers: a bare `id` would be the text that PostgreSQL gives the same name.
        const ENDPOINTS: &str = "
            select e.tenant_id, cast(e.id as text), e.secret, e.previous_secret from webhook_endpoints e
            where e.tenant_id > $1 or (e.tenant_id = $1 and e.id > $2) order by e.tenant_id, e.id limit $3";
        const AUTHENTICATIONS: &str = "
            select e.tenant_id, cast(e.id as text), e.authentication, null from webhook_endpoints e
            where e.authentication is not null and (e.tenant_id > $1 or (e.tenant_id = $1 and e.id > $2))
            order by e.tenant_id, e.id limit $3";
        let tenant = after.map_or("", |after| after.tenant.as_str());
        let id = after.map_or("", |after| &after.id);
        let rows = match drawer {
            Drawer::Accounts => self.rows(ACCOUNTS, &params![tenant, id, limit]).await?,
            Drawer::Pushes => self.rows(PUSHES, &params![tenant, id, limit]).await?,
            Drawer::Endpoints | Drawer::Authentications => {
                let number: i64 = id.parse().unwrap_or_default();
                let sql = if drawer == Drawer::Endpoints { ENDPOINTS } else { AUTHENTICATIONS };
                self.rows(sql, &params![tenant, number, limit]).await?
            }
        };
        rows.iter().map(sealed).collect()
    }

    /// Stores secrets that were encrypted anew.
    pub async fn put_sealed(&mut self, drawer: Drawer, rows: &[Sealed]) -> Result<()> {
        const ACCOUNT: &str = "update carrier_accounts set credentials = $3 where tenant_id = $1 and id = $2";
        const PUSH: &str = "update push_addresses set token = $3 where tenant_id = $1 and account = $2";
        const ENDPOINT: &str = "
            update webhook_endpoints set secret = $3, previous_secret = $4
            where tenant_id = $1 and id = $2";
        const AUTHENTICATION: &str = "
            update webhook_endpoints set authentication = $3 where tenant_id = $1 and id = $2";
        for row in rows {
            let (tenant, id) = (row.tenant.as_str(), row.id.as_str());
            match drawer {
                Drawer::Accounts => self.execute(ACCOUNT, &params![tenant, id, row.secret.as_slice()]).await?,
                Drawer::Pushes => self.execute(PUSH, &params![tenant, id, row.secret.as_slice()]).await?,
                Drawer::Authentications => {
                    let id: i64 = row.id.parse().map_err(Error::internal)?;
                    self.execute(AUTHENTICATION, &params![tenant, id, row.secret.as_slice()]).await?
                }
                Drawer::Endpoints => {
                    let id: i64 = row.id.parse().map_err(Error::internal)?;
                    self.execute(ENDPOINT, &params![tenant, id, row.secret.as_slice(), row.previous.as_deref()]).await?
                }
            };
        }
        Ok(())
    }
}
