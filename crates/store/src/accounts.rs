//! Carrier accounts. Credentials come and go encrypted; this crate never sees them in clear.

use domain::Result;
use domain::account::CarrierAccount;
use domain::tenant::TenantId;

use crate::codec::{from_json, to_json};
use crate::setup::SetupTx;
use crate::{Tx, params};

impl Tx<'_> {
    /// Every account of a tenant, each with its encrypted credentials, in the order of the setup file.
    pub async fn carrier_accounts(&mut self, tenant: &TenantId) -> Result<Vec<(CarrierAccount, Vec<u8>)>> {
        const ALL: &str = "
            select body, credentials from carrier_accounts where tenant_id = $1 order by position, id";
        let rows = self.rows(ALL, &params![tenant.as_str()]).await?;
        rows.iter().map(|row| Ok((from_json(&row.text(0)?)?, row.bytes(1)?))).collect()
    }
}

impl SetupTx<'_, '_> {
    /// Stores an account without its credentials, and those encrypted beside it.
    pub async fn put_carrier_account(
        &mut self,
        position: usize,
        account: &CarrierAccount,
        credentials: &[u8],
    ) -> Result<()> {
        const PUT: &str = "
            insert into carrier_accounts (tenant_id, id, position, body, credentials) values ($1, $2, $3, $4, $5)
            on conflict (tenant_id, id) do update
            set position = excluded.position, body = excluded.body, credentials = excluded.credentials";
        let bare = CarrierAccount { credentials: std::collections::BTreeMap::new(), ..account.clone() };
        let params = params![self.tenant.as_str(), account.id.as_str(), position as i64, to_json(&bare)?, credentials];
        self.execute(PUT, &params).await.map(drop)
    }

    /// Forgets an account, its credentials and the address where its carrier tells what happened.
    pub async fn drop_carrier_account(&mut self, id: &str) -> Result<()> {
        let of_it = params![self.tenant.as_str(), id];
        self.execute("delete from push_addresses where tenant_id = $1 and account = $2", &of_it).await?;
        self.execute("delete from account_checks where tenant_id = $1 and account = $2", &of_it).await?;
        self.execute("delete from carrier_accounts where tenant_id = $1 and id = $2", &of_it).await.map(drop)
    }
}
