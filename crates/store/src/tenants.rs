//! Tenants, and the one version row that tells every process when its caches are stale.

use domain::Result;
use domain::tenant::{Tenant, TenantId};

use crate::codec::{from_json, to_json};
use crate::setup::SetupTx;
use crate::{Tx, params};

impl Tx<'_> {
    /// The version of all set-up; it rises with every change.
    pub async fn setup_version(&mut self) -> Result<i64> {
        let row = self.row("select version from setup_version where id = 1", &[]).await?;
        row.map_or(Ok(0), |row| row.int(0))
    }

    /// Raises the version of all set-up, in the transaction of the change.
    pub async fn raise_setup_version(&mut self) -> Result<()> {
        self.execute("update setup_version set version = version + 1 where id = 1", &[]).await.map(drop)
    }

    /// Every tenant.
    pub async fn tenants(&mut self) -> Result<Vec<Tenant>> {
        let rows = self.rows("select body from tenants order by id", &[]).await?;
        rows.iter().map(|row| from_json(&row.text(0)?)).collect()
    }

    /// One tenant.
    pub async fn tenant(&mut self, id: &TenantId) -> Result<Option<Tenant>> {
        let row = self.row("select body from tenants where id = $1", &params![id.as_str()]).await?;
        row.map(|row| from_json(&row.text(0)?)).transpose()
    }
}

impl SetupTx<'_, '_> {
    /// Stores the tenant itself; true when something changed.
    pub async fn put_tenant(&mut self, tenant: &Tenant) -> Result<bool> {
        const PUT: &str = "
            insert into tenants (id, body) values ($1, $2)
            on conflict (id) do update set body = excluded.body where tenants.body <> excluded.body";
        self.wrote_if_any(PUT, &params![tenant.id.as_str(), to_json(tenant)?]).await
    }
}
