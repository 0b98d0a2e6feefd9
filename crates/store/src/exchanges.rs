//! Exchanges: what was said between us and a carrier about a shipment, for people who want to see its full answer.

use domain::connector::Exchange;
use domain::ids::ShipmentId;
use domain::tenant::TenantId;
use domain::{Result, Timestamp};

use crate::codec::{from_json, to_json};
use crate::{Tx, params};

impl Tx<'_> {
    /// Keeps exchanges of one call, in order.
    pub async fn add_exchanges(
        &mut self,
        tenant: &TenantId,
        shipment: ShipmentId,
        at: Timestamp,
        exchanges: &[Exchange],
    ) -> Result<()> {
        const LAST: &str = "
            select position from carrier_exchanges
            where tenant_id = $1 and shipment_id = $2 and at = $3 order by position desc limit 1";
        const ADD: &str = "
            insert into carrier_exchanges (tenant_id, shipment_id, at, position, body) values ($1, $2, $3, $4, $5)";
        if exchanges.is_empty() {
            return Ok(());
        }
        let last = self.row(LAST, &params![tenant.as_str(), shipment, at]).await?;
        let last = last.map_or(Ok(0), |row| row.int(0))?;
        let row = |(exchange, position): (&Exchange, i64)| {
            Ok(params![tenant.as_str(), shipment, at, position, to_json(exchange)?].to_vec())
        };
        let rows = exchanges.iter().zip(last + 1..).map(row).collect::<Result<Vec<_>>>()?;
        self.execute_later(ADD, &rows).await
    }

    /// What was said about a shipment, oldest first, the last 100.
    pub async fn exchanges(&mut self, tenant: &TenantId, shipment: ShipmentId) -> Result<Vec<(Timestamp, Exchange)>> {
        const ALL: &str = "
            select at, body from carrier_exchanges
            where tenant_id = $1 and shipment_id = $2 order by at desc, position desc limit 100";
        let rows = self.rows(ALL, &params![tenant.as_str(), shipment]).await?;
        rows.iter().rev().map(|row| Ok((row.time(0)?, from_json(&row.text(1)?)?))).collect()
    }
}
