//! Push addresses: where a carrier tells by itself what happened, one unguessable token an account.
//!
//! The hash needs no key: nobody guesses 32 random bytes, so it stays when the installation's key changes. The token itself
//! comes and goes encrypted.

use domain::Result;
use domain::ids::ShipmentId;
use domain::tenant::TenantId;
use sha2::{Digest, Sha256};

use crate::codec::{id, known};
use crate::{Tx, params};

fn hash(token: &str) -> Vec<u8> {
    Sha256::digest(token).to_vec()
}

impl Tx<'_> {
    /// The account a token belongs to.
    pub async fn account_by_push_token(&mut self, token: &str) -> Result<Option<(TenantId, String)>> {
        const FIND: &str = "select tenant_id, account from push_addresses where token_hash = $1";
        let row = self.row(FIND, &params![hash(token).as_slice()]).await?;
        row.map(|row| Ok((known(TenantId::new(row.text(0)?), "tenant id")?, row.text(1)?))).transpose()
    }

    /// The encrypted tokens of a tenant's accounts.
    pub async fn push_tokens(&mut self, tenant: &TenantId) -> Result<Vec<(String, Vec<u8>)>> {
        const ALL: &str = "select account, token from push_addresses where tenant_id = $1 order by account";
        let rows = self.rows(ALL, &params![tenant.as_str()]).await?;
        rows.iter().map(|row| Ok((row.text(0)?, row.bytes(1)?))).collect()
    }

    /// Gives an account a token, unless it has one; true when it is new.
    pub async fn add_push_token(
        &mut self,
        tenant: &TenantId,
        account: &str,
        token: &str,
        sealed: &[u8],
    ) -> Result<bool> {
        const ADD: &str = "
            insert into push_addresses (token_hash, tenant_id, account, token) values ($1, $2, $3, $4)
            on conflict (tenant_id, account) do nothing";
        Ok(self.execute(ADD, &params![hash(token).as_slice(), tenant.as_str(), account, sealed]).await? > 0)
    }

    /// Shipments of an account that have a parcel with this number, newest first.
    pub async fn shipments_by_number(
        &mut self,
        tenant: &TenantId,
        account: &str,
        number: &str,
    ) -> Result<Vec<ShipmentId>> {
        const FIND: &str = "
            select distinct shipment_id from parcels
            where tenant_id = $1 and tracking_number = $2 and account = $3 order by shipment_id desc limit 10";
        let rows = self.rows(FIND, &params![tenant.as_str(), number, account]).await?;
        rows.iter().map(|row| id(row.int(0)?, ShipmentId::new)).collect()
    }

    /// Whether a carrier is being asked something through an account at this moment.
    pub async fn is_account_busy(&mut self, tenant: &TenantId, account: &str) -> Result<bool> {
        const BUSY: &str = "
            select 1 from shipments where tenant_id = $1 and account = $2 and lease_until is not null limit 1";
        Ok(self.row(BUSY, &params![tenant.as_str(), account]).await?.is_some())
    }
}
