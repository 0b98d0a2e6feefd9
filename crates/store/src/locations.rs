//! Locations, in the order of the setup file.

use domain::Result;
use domain::location::Location;
use domain::tenant::TenantId;

use crate::codec::{from_json, to_json};
use crate::setup::SetupTx;
use crate::{Tx, params};

impl Tx<'_> {
    /// Every location of a tenant; the first ships what names none.
    pub async fn locations(&mut self, tenant: &TenantId) -> Result<Vec<Location>> {
        const ALL: &str = "select body from locations where tenant_id = $1 order by position, external_id";
        self.rows(ALL, &params![tenant.as_str()]).await?.iter().map(|row| from_json(&row.text(0)?)).collect()
    }
}

impl SetupTx<'_, '_> {
    /// Stores a location at a place of the list; true when something changed.
    pub async fn put_location(&mut self, position: usize, location: &Location) -> Result<bool> {
        const PUT: &str = "
            insert into locations (tenant_id, external_id, position, body) values ($1, $2, $3, $4)
            on conflict (tenant_id, external_id) do update set position = excluded.position, body = excluded.body
            where locations.position <> excluded.position or locations.body <> excluded.body";
        let params = params![self.tenant.as_str(), location.external_id.as_str(), position as i64, to_json(location)?];
        self.wrote_if_any(PUT, &params).await
    }

    /// Changes a location that is there, at its place.
    pub async fn replace_location(&mut self, location: &Location) -> Result<()> {
        const REPLACE: &str = "update locations set body = $3 where tenant_id = $1 and external_id = $2";
        let params = params![self.tenant.as_str(), location.external_id.as_str(), to_json(location)?];
        self.execute(REPLACE, &params).await.map(drop)
    }

    /// Forgets a location.
    pub async fn drop_location(&mut self, external_id: &str) -> Result<()> {
        let sql = "delete from locations where tenant_id = $1 and external_id = $2";
        self.tx.execute(sql, &params![self.tenant.as_str(), external_id]).await.map(drop)
    }
}
