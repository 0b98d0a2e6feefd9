//! The latest of everything: what lists on a screen begin with, newest first, and the counts beside them.

use domain::batch::{Batch, BatchStage};
use domain::document::Document;
use domain::ids::{BatchId, DeliveryId, DocumentId, EndpointId, EventId, ShipmentId};
use domain::order::Order;
use domain::shipment::Shipment;
use domain::tenant::TenantId;
use domain::webhook::{Attempt, Delivery, DeliveryStatus};
use domain::{Result, Timestamp};

use crate::codec::from_json;
use crate::{Row, Tx, batches, documents, params, shipments, webhooks};

/// What stands before every id.
const NEWEST: u64 = i64::MAX as u64;

impl Tx<'_> {
    /// Shipments older than one, newest first, each with its parcels and its order.
    pub async fn latest_shipments(
        &mut self,
        tenant: &TenantId,
        below: Option<ShipmentId>,
        limit: usize,
    ) -> Result<Vec<(Shipment, Order)>> {
        let sql = format!(
            "select {} from shipments where tenant_id = $1 and id < $2 order by id desc limit $3",
            shipments::SHIPMENT
        );
        let below = below.map_or(NEWEST, ShipmentId::number);
        let rows = self.rows(&sql, &params![tenant.as_str(), below, limit]).await?;
        self.with_their_orders(tenant, &rows).await
    }

    /// The newest shipments, newest first, each with its parcels: two statements, however many they are.
    pub async fn newest_shipments(&mut self, tenant: &TenantId, limit: usize) -> Result<Vec<Shipment>> {
        let sql =
            format!("select {} from shipments where tenant_id = $1 order by id desc limit $2", shipments::SHIPMENT);
        let rows = self.rows(&sql, &params![tenant.as_str(), limit]).await?;
        let mut newest = rows.iter().map(shipments::shipment).collect::<Result<Vec<_>>>()?;
        let Some(oldest) = newest.last().map(|one| one.id.number()) else { return Ok(newest) };
        // They are all that there are from the oldest of them on, and so are their parcels.
        let parcels = self.rows(&shipments::parcels_since(), &params![tenant.as_str(), oldest]).await?;
        let mut parcels = parcels.iter().peekable();
        for one in newest.iter_mut().rev() {
            let number = one.id.number();
            while let Some(row) = parcels.next_if(|row| row.int(1).is_ok_and(|shipment| shipment == number as i64)) {
                one.parcels.push(shipments::parcel(row)?);
            }
        }
        Ok(newest)
    }

    /// Shipments whose carrier was asked and whose answer was due before `now`, longest waiting first.
    pub async fn shipments_in_doubt(
        &mut self,
        tenant: &TenantId,
        now: Timestamp,
        limit: usize,
    ) -> Result<Vec<(Shipment, Order)>> {
        let sql = format!(
            "select {} from shipments where tenant_id = $1 and lease_until is not null and lease_until < $2
             order by lease_until limit $3",
            shipments::SHIPMENT
        );
        let rows = self.rows(&sql, &params![tenant.as_str(), now, limit]).await?;
        self.with_their_orders(tenant, &rows).await
    }

    async fn with_their_orders(&mut self, tenant: &TenantId, rows: &[Row]) -> Result<Vec<(Shipment, Order)>> {
        let found = rows.iter().map(shipments::shipment).collect::<Result<Vec<_>>>()?;
        if found.is_empty() {
            return Ok(Vec::new());
        }
        let asks: Vec<_> = found.iter().map(|one| params![tenant.as_str(), one.id.number()].to_vec()).collect();
        let parcels = self.rows_many(&shipments::parcels_of(), &asks).await?;
        let ids: Vec<_> = found.iter().map(|one| one.order).collect();
        let orders = self.orders_ever(tenant, &ids).await?;
        let mut latest = Vec::with_capacity(found.len());
        for ((mut one, rows), order) in found.into_iter().zip(parcels).zip(orders) {
            let Some(order) = order else { continue };
            one.parcels = rows.iter().map(shipments::parcel).collect::<Result<_>>()?;
            latest.push((one, order));
        }
        Ok(latest)
    }

    /// Batches older than one, newest first.
    pub async fn latest_batches(
        &mut self,
        tenant: &TenantId,
        below: Option<BatchId>,
        limit: usize,
    ) -> Result<Vec<Batch>> {
        let sql = format!(
            "select {} from batches where tenant_id = $1 and id < $2 and stage <> $3 order by id desc limit $4",
            batches::COLUMNS
        );
        let below = below.map_or(NEWEST, BatchId::number);
        let asked = params![tenant.as_str(), below, BatchStage::Gathering.as_str(), limit];
        self.rows(&sql, &asked).await?.iter().map(batches::batch).collect()
    }

    /// Documents older than one, newest first.
    pub async fn latest_documents(
        &mut self,
        tenant: &TenantId,
        below: Option<DocumentId>,
        limit: usize,
    ) -> Result<Vec<Document>> {
        let sql = format!(
            "select {} from documents where tenant_id = $1 and id < $2 order by id desc limit $3",
            documents::COLUMNS
        );
        let below = below.map_or(NEWEST, DocumentId::number);
        self.rows(&sql, &params![tenant.as_str(), below, limit]).await?.iter().map(documents::document).collect()
    }

    /// Deliveries of an endpoint older than one, newest first, all or those of one status.
    pub async fn latest_deliveries(
        &mut self,
        tenant: &TenantId,
        endpoint: EndpointId,
        status: Option<DeliveryStatus>,
        below: Option<DeliveryId>,
        limit: usize,
    ) -> Result<Vec<(Delivery, Vec<Attempt>)>> {
        let sql = format!(
            "select {} from webhook_deliveries
             where tenant_id = $1 and endpoint_id = $2 and id < $3 and (cast($4 as text) is null or status = $4)
             order by id desc limit $5",
            webhooks::DELIVERY
        );
        let below = below.map_or(NEWEST, DeliveryId::number);
        let status = status.map(DeliveryStatus::as_str);
        let rows = self.rows(&sql, &params![tenant.as_str(), endpoint, below, status, limit]).await?;
        let found = rows.iter().map(webhooks::delivery).collect::<Result<Vec<_>>>()?;
        self.with_attempts(tenant, found).await
    }

    /// The deliveries of several events over all endpoints, in the order of the events, each with its attempts.
    pub async fn deliveries_of_events(
        &mut self,
        tenant: &TenantId,
        events: &[EventId],
    ) -> Result<Vec<(Delivery, Vec<Attempt>)>> {
        let sql = format!(
            "select {} from webhook_deliveries where tenant_id = $1 and event_id = $2 order by id",
            webhooks::DELIVERY
        );
        let asks: Vec<_> = events.iter().map(|event| params![tenant.as_str(), event.number()].to_vec()).collect();
        let rows = if asks.is_empty() { Vec::new() } else { self.rows_many(&sql, &asks).await? };
        let found = rows.iter().flatten().map(webhooks::delivery).collect::<Result<Vec<_>>>()?;
        self.with_attempts(tenant, found).await
    }

    async fn with_attempts(
        &mut self,
        tenant: &TenantId,
        deliveries: Vec<Delivery>,
    ) -> Result<Vec<(Delivery, Vec<Attempt>)>> {
        const ATTEMPTS: &str = "
            select body from webhook_attempts where tenant_id = $1 and delivery_id = $2 order by number";
        if deliveries.is_empty() {
            return Ok(Vec::new());
        }
        let asks: Vec<_> = deliveries.iter().map(|one| params![tenant.as_str(), one.id.number()].to_vec()).collect();
        let rows = self.rows_many(ATTEMPTS, &asks).await?;
        let attempts =
            rows.iter().map(|rows| rows.iter().map(|row| from_json(row.str(0)?)).collect::<Result<Vec<_>>>());
        deliveries.into_iter().zip(attempts).map(|(delivery, attempts)| Ok((delivery, attempts?))).collect()
    }

    /// How many orders came in each of these periods, counted to `most`; those deleted since count too.
    pub async fn count_created(
        &mut self,
        tenant: &TenantId,
        periods: &[(Timestamp, Timestamp)],
        most: usize,
    ) -> Result<Vec<usize>> {
        const COUNT: &str = "
            select count(*) from
                (select 1 from orders where tenant_id = $1 and created_at >= $2 and created_at < $3 limit $4) as counted";
        let asks: Vec<_> =
            periods.iter().map(|(from, until)| params![tenant.as_str(), *from, *until, most].to_vec()).collect();
        let rows = self.rows_many(COUNT, &asks).await?;
        rows.iter().map(|rows| rows.first().map_or(Ok(0), |row| Ok(row.int(0)? as usize))).collect()
    }
}
