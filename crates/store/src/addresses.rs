//! Address checks: what is known about the shipping address of an order, a column of its row.

use domain::address::AddressCheck;
use domain::ids::OrderId;
use domain::tenant::TenantId;
use domain::{Result, Timestamp};

use crate::codec::{id, to_json};
use crate::{Tx, params};

impl Tx<'_> {
    /// Keeps what is known about an order's shipping address; nobody needs to look at it any more. Answers the order's new
    /// version; `None` when it is gone.
    pub async fn save_address_check(
        &mut self,
        tenant: &TenantId,
        order: OrderId,
        check: &AddressCheck,
        now: Timestamp,
    ) -> Result<Option<u64>> {
        const SAVE: &str = "
            update orders set address_check = $3, check_due = null, modified_at = $4, version = version + 1
            where tenant_id = $1 and id = $2 and is_deleted = 0
            returning version";
        let check = to_json(check)?;
        let row = self.row(SAVE, &params![tenant.as_str(), order.number(), check.as_str(), now]).await?;
        row.map(|row| Ok(row.int(0)? as u64)).transpose()
    }

    /// Says when somebody is to look at the addresses of these orders.
    pub async fn check_addresses_at(
        &mut self,
        tenant: &TenantId,
        orders: &[OrderId],
        due: Option<Timestamp>,
    ) -> Result<()> {
        const DUE: &str = "update orders set check_due = $3 where tenant_id = $1 and id = $2";
        let rows: Vec<_> = orders.iter().map(|id| params![tenant.as_str(), id.number(), due].to_vec()).collect();
        self.execute_later(DUE, &rows).await
    }

    /// Orders whose address is due to be looked at, over all tenants, the longest waiting first.
    pub async fn addresses_due(&mut self, now: Timestamp, limit: usize) -> Result<Vec<(TenantId, OrderId)>> {
        const DUE: &str = "
            select tenant_id, id from orders where check_due is not null and check_due <= $1
            order by check_due limit $2";
        let rows = self.rows(DUE, &params![now, limit as i64]).await?;
        let tenant = |text: String| TenantId::new(text).ok_or_else(|| domain::Error::internal("a stored tenant id"));
        rows.iter().map(|row| Ok((tenant(row.text(0)?)?, id(row.int(1)?, OrderId::new)?))).collect()
    }
}
