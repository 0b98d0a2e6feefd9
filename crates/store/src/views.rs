//! Views: searches that people keep under a name, for everybody of the tenant.

use domain::tenant::TenantId;
use domain::{Result, Timestamp};

use crate::{Tx, params};

/// A search under a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SavedView {
    /// What people call it.
    pub name: String,
    /// What is looked for, as the page's address says it.
    pub query: String,
}

impl Tx<'_> {
    /// Every view of a tenant, by name.
    pub async fn saved_views(&mut self, tenant: &TenantId) -> Result<Vec<SavedView>> {
        const ALL: &str = "select name, query from saved_views where tenant_id = $1 order by name";
        let rows = self.rows(ALL, &params![tenant.as_str()]).await?;
        rows.iter().map(|row| Ok(SavedView { name: row.text(0)?, query: row.text(1)? })).collect()
    }

    /// Keeps a view, in place of one of the same name.
    pub async fn save_view(&mut self, tenant: &TenantId, view: &SavedView, now: Timestamp) -> Result<()> {
        const SAVE: &str = "
            insert into saved_views (tenant_id, name, query, created_at) values ($1, $2, $3, $4)
            on conflict (tenant_id, name) do update set query = excluded.query";
        let params = params![tenant.as_str(), view.name.as_str(), view.query.as_str(), now];
        self.execute(SAVE, &params).await.map(drop)
    }

    /// Forgets a view.
    pub async fn drop_view(&mut self, tenant: &TenantId, name: &str) -> Result<()> {
        const DROP: &str = "delete from saved_views where tenant_id = $1 and name = $2";
        self.execute(DROP, &params![tenant.as_str(), name]).await.map(drop)
    }
}
