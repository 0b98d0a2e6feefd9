//! Tracking events of parcels.

use domain::ids::{ParcelId, TrackingEventId};
use domain::tenant::TenantId;
use domain::tracking::{TrackingEvent, TrackingReport};
use domain::{Result, Timestamp};
use sha2::{Digest, Sha256};

use crate::codec::{from_json, id, to_json};
use crate::{Tx, params};

impl Tx<'_> {
    /// Stores a tracking event; false when the same report was stored before. One code that was reported with two
    /// meanings is two reports: else the state would depend on which came first.
    pub async fn add_tracking_event(&mut self, tenant: &TenantId, event: &TrackingEvent) -> Result<bool> {
        const ADD: &str = "
            insert into tracking_events (tenant_id, id, parcel_id, identity, sort_at, received_at, body)
            values ($1, $2, $3, $4, $5, $6, $7)
            on conflict (tenant_id, parcel_id, identity) do nothing";
        let report = &event.report;
        let identity = Sha256::digest(format!("{}|{}", report.identity(), report.status.as_str())).to_vec();
        let params = params![
            tenant.as_str(),
            event.id.number(),
            event.parcel.number(),
            identity,
            event.sort_at,
            event.received_at,
            to_json(&event.report)?
        ];
        Ok(self.execute(ADD, &params).await? > 0)
    }

    /// Every tracking event of a parcel, oldest first by when it happened.
    pub async fn tracking_events(&mut self, tenant: &TenantId, parcel: ParcelId) -> Result<Vec<TrackingEvent>> {
        const ALL: &str = "
            select id, sort_at, received_at, body from tracking_events where tenant_id = $1 and parcel_id = $2";
        let rows = self.rows(ALL, &params![tenant.as_str(), parcel.number()]).await?;
        let mut events = Vec::with_capacity(rows.len());
        for row in &rows {
            events.push(TrackingEvent {
                id: id(row.int(0)?, TrackingEventId::new)?,
                parcel,
                sort_at: row.time(1)?,
                received_at: row.time(2)?,
                report: from_json::<TrackingReport>(&row.text(3)?)?,
            });
        }
        events.sort_by_key(|event| -> (Timestamp, TrackingEventId) { (event.sort_at, event.id) });
        Ok(events)
    }
}
