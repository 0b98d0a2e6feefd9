//! Checks of carrier accounts: what the latest look at each found.

use domain::account::AccountCheck;
use domain::tenant::TenantId;
use domain::{Result, Timestamp};

use crate::codec::{from_json, to_json};
use crate::lanes::CHECKS;
use crate::{Tx, params};

impl Tx<'_> {
    /// What the latest look at an account found.
    pub async fn account_check(&mut self, tenant: &TenantId, account: &str) -> Result<Option<AccountCheck>> {
        const ONE: &str = "select body from account_checks where tenant_id = $1 and account = $2";
        let row = self.row(ONE, &params![tenant.as_str(), account]).await?;
        row.map(|row| from_json(&row.text(0)?)).transpose()
    }

    /// What the latest look at each account of a tenant found.
    pub async fn account_checks(&mut self, tenant: &TenantId) -> Result<Vec<(String, AccountCheck)>> {
        const ALL: &str = "select account, body from account_checks where tenant_id = $1 order by account";
        let rows = self.rows(ALL, &params![tenant.as_str()]).await?;
        rows.iter().map(|row| Ok((row.text(0)?, from_json(&row.text(1)?)?))).collect()
    }

    /// Stores what a look at an account found.
    pub async fn put_account_check(&mut self, tenant: &TenantId, account: &str, check: &AccountCheck) -> Result<()> {
        const PUT: &str = "
            insert into account_checks (tenant_id, account, checked_at, body) values ($1, $2, $3, $4)
            on conflict (tenant_id, account) do update set checked_at = excluded.checked_at, body = excluded.body";
        let params = params![tenant.as_str(), account, check.at, to_json(check)?];
        self.execute(PUT, &params).await.map(drop)
    }

    /// Sees to it that an account is looked at soon, since it was changed.
    pub async fn expect_check(&mut self, tenant: &TenantId, account: &str, at: Timestamp) -> Result<()> {
        self.wake_lanes(CHECKS, &[(tenant.clone(), account.to_owned())], at).await
    }
}
