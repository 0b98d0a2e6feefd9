//! Tracking events of parcels.

use domain::ids::{ParcelId, ShipmentId, TrackingEventId};
use domain::tenant::TenantId;
use domain::tracking::{TrackingEvent, TrackingReport};
use domain::{Result, Timestamp};
use sha2::{Digest, Sha256};

use crate::codec::{from_json, id, to_json};
use crate::lanes::TRACKING;
use crate::{Row, Tx, params};

/// A code that came and that no table lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownCode {
    /// The carrier, as in setup files.
    pub carrier: String,
    /// Its code.
    pub code: String,
    /// How often it came.
    pub times: u64,
    /// When it came last.
    pub last_at: Timestamp,
    /// A parcel it came for.
    pub parcel: ParcelId,
}

fn in_order(parcel: ParcelId, rows: &[Row]) -> Result<Vec<TrackingEvent>> {
    let mut events = Vec::with_capacity(rows.len());
    for row in rows {
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

impl Tx<'_> {
    /// Sees to it that an account's lane is due at `at` or earlier. The row is written only when it must be, so that
    /// bookings of one account do not meet there.
    pub(crate) async fn expect_look(&mut self, tenant: &TenantId, account: &str, at: Timestamp) -> Result<()> {
        const IS_DUE: &str = "
            select 1 from lanes where kind = $1 and tenant_id = $2 and key = $3 and due_at <= $4";
        if self.row(IS_DUE, &params![TRACKING, tenant.as_str(), account, at]).await?.is_some() {
            return Ok(());
        }
        self.wake_lanes(TRACKING, &[(tenant.clone(), account.to_owned())], at).await
    }

    /// Parcels of an account whose carrier should be asked now, longest due first.
    pub async fn parcels_to_look_at(
        &mut self,
        tenant: &TenantId,
        account: &str,
        now: Timestamp,
        limit: usize,
    ) -> Result<Vec<(ShipmentId, ParcelId, Timestamp)>> {
        const DUE: &str = "
            select shipment_id, id, next_look_at from parcels
            where tenant_id = $1 and account = $2 and next_look_at is not null and next_look_at <= $3
            order by next_look_at limit $4";
        let rows = self.rows(DUE, &params![tenant.as_str(), account, now, limit]).await?;
        rows.iter()
            .map(|row| Ok((id(row.int(0)?, ShipmentId::new)?, id(row.int(1)?, ParcelId::new)?, row.time(2)?)))
            .collect()
    }

    /// When the next parcel of an account should be looked at.
    pub async fn next_look_of_account(&mut self, tenant: &TenantId, account: &str) -> Result<Option<Timestamp>> {
        const NEXT: &str = "
            select next_look_at from parcels
            where tenant_id = $1 and account = $2 and next_look_at is not null
            order by next_look_at limit 1";
        self.row(NEXT, &params![tenant.as_str(), account]).await?.map(|row| row.time(0)).transpose()
    }

    /// Says when parcels are looked at next. One that nobody asks about any more stays so.
    pub async fn plan_looks(&mut self, tenant: &TenantId, looks: &[(ParcelId, Option<Timestamp>)]) -> Result<()> {
        const PLAN: &str = "
            update parcels set next_look_at = $3 where tenant_id = $1 and id = $2 and next_look_at is not null";
        let rows: Vec<_> =
            looks.iter().map(|(parcel, at)| params![tenant.as_str(), parcel.number(), *at].to_vec()).collect();
        self.execute_later(PLAN, &rows).await
    }

    /// Counts a code that no table lists.
    pub async fn count_unknown_code(&mut self, tenant: &TenantId, carrier: &str, event: &TrackingEvent) -> Result<()> {
        const COUNT: &str = "
            insert into unknown_codes (tenant_id, carrier, code, times, last_at, parcel_id)
            values ($1, $2, $3, 1, $4, $5)
            on conflict (tenant_id, carrier, code) do update
            set times = unknown_codes.times + 1, last_at = excluded.last_at, parcel_id = excluded.parcel_id";
        let code = event.report.code.as_str();
        let params = params![tenant.as_str(), carrier, code, event.received_at, event.parcel.number()];
        self.execute(COUNT, &params).await.map(drop)
    }

    /// Codes that no table lists, those that came most first.
    pub async fn unknown_codes(&mut self, tenant: &TenantId, limit: usize) -> Result<Vec<UnknownCode>> {
        const ALL: &str = "
            select carrier, code, times, last_at, parcel_id from unknown_codes where tenant_id = $1
            order by times desc, carrier, code limit $2";
        let rows = self.rows(ALL, &params![tenant.as_str(), limit]).await?;
        rows.iter()
            .map(|row| {
                Ok(UnknownCode {
                    carrier: row.text(0)?,
                    code: row.text(1)?,
                    times: row.int(2)? as u64,
                    last_at: row.time(3)?,
                    parcel: id(row.int(4)?, ParcelId::new)?,
                })
            })
            .collect()
    }

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
        in_order(parcel, &rows)
    }

    /// The tracking events of several parcels, a list each, oldest first by when it happened.
    pub async fn tracking_events_of(
        &mut self,
        tenant: &TenantId,
        parcels: &[ParcelId],
    ) -> Result<Vec<Vec<TrackingEvent>>> {
        const ALL: &str = "
            select id, sort_at, received_at, body from tracking_events where tenant_id = $1 and parcel_id = $2";
        let asks: Vec<_> = parcels.iter().map(|parcel| params![tenant.as_str(), parcel.number()].to_vec()).collect();
        let found = self.rows_many(ALL, &asks).await?;
        parcels.iter().zip(&found).map(|(parcel, rows)| in_order(*parcel, rows)).collect()
    }
}
