//! Routing rules, in the order they are tried.

use domain::Result;
use domain::routing::RoutingRule;
use domain::tenant::TenantId;

use crate::codec::{from_json, to_json};
use crate::setup::SetupTx;
use crate::{Tx, params};

impl Tx<'_> {
    /// Every rule of a tenant; the first that matches decides.
    pub async fn routing_rules(&mut self, tenant: &TenantId) -> Result<Vec<RoutingRule>> {
        const ALL: &str = "select body from routing_rules where tenant_id = $1 order by position, name";
        self.rows(ALL, &params![tenant.as_str()]).await?.iter().map(|row| from_json(&row.text(0)?)).collect()
    }
}

impl SetupTx<'_, '_> {
    /// Stores a rule at a place of the list; true when something changed.
    pub async fn put_routing_rule(&mut self, position: usize, rule: &RoutingRule) -> Result<bool> {
        const PUT: &str = "
            insert into routing_rules (tenant_id, name, position, body) values ($1, $2, $3, $4)
            on conflict (tenant_id, name) do update set position = excluded.position, body = excluded.body
            where routing_rules.position <> excluded.position or routing_rules.body <> excluded.body";
        let params = params![self.tenant.as_str(), rule.name.as_str(), position as i64, to_json(rule)?];
        self.wrote_if_any(PUT, &params).await
    }

    /// Forgets every rule of a tenant, before others are stored.
    pub async fn drop_routing_rules(&mut self) -> Result<()> {
        let sql = "delete from routing_rules where tenant_id = $1";
        self.tx.execute(sql, &params![self.tenant.as_str()]).await.map(drop)
    }
}
