//! Notices: e-mails to those who wait for a parcel, and what became of each.

use domain::ids::{EventId, NoticeId, OrderId, ParcelId, ShipmentId};
use domain::notice::{Notice, NoticeState};
use domain::tenant::TenantId;
use domain::tracking::TrackingStatus;
use domain::{Result, Timestamp};

use crate::codec::{from_json, id, known, to_json};
use crate::{Row, Tx, params};

const NOTICE: &str =
    "id, event_id, order_id, shipment_id, parcel_id, status, state, attempts, next_at, created_at, body";

const COLUMNS: [&str; 12] = [
    "tenant_id",
    "id",
    "event_id",
    "order_id",
    "shipment_id",
    "parcel_id",
    "status",
    "state",
    "attempts",
    "next_at",
    "created_at",
    "body",
];

fn notice(row: &Row) -> Result<Notice> {
    Ok(Notice {
        id: id(row.int(0)?, NoticeId::new)?,
        event: id(row.int(1)?, EventId::new)?,
        order: id(row.int(2)?, OrderId::new)?,
        shipment: id(row.int(3)?, ShipmentId::new)?,
        parcel: id(row.int(4)?, ParcelId::new)?,
        status: known(TrackingStatus::parse(&row.text(5)?), "tracking status")?,
        state: known(NoticeState::parse(&row.text(6)?), "state of a notice")?,
        attempts: row.int(7)? as u32,
        next_at: row.time(8)?,
        created_at: row.time(9)?,
        said: from_json(row.str(10)?)?,
    })
}

impl Tx<'_> {
    /// Adds notices; what a carrier says of a parcel is told once, so a second notice of it is left out.
    pub async fn add_notices(&mut self, tenant: &TenantId, notices: &[Notice]) -> Result<()> {
        let mut rows = Vec::with_capacity(notices.len());
        for one in notices {
            let row = params![
                tenant.as_str(),
                one.id,
                one.event,
                one.order,
                one.shipment,
                one.parcel,
                one.status.as_str(),
                one.state.as_str(),
                one.attempts,
                one.next_at,
                one.created_at,
                to_json(&one.said)?
            ];
            rows.push(row.to_vec());
        }
        self.insert_missing("notices", &COLUMNS, &rows).await
    }

    /// Notices to be sent now, over all tenants, those that are due longest first.
    pub async fn due_notices(&mut self, now: Timestamp, limit: usize) -> Result<Vec<(TenantId, Notice)>> {
        let sql = format!(
            "select {NOTICE}, tenant_id from notices where state = 'waiting' and next_at <= $1
             order by next_at, id limit $2"
        );
        let rows = self.rows(&sql, &params![now, limit]).await?;
        rows.iter().map(|row| Ok((known(TenantId::new(row.text(11)?), "tenant id")?, notice(row)?))).collect()
    }

    /// When the next notice is to be sent, over all tenants.
    pub async fn next_notice_at(&mut self) -> Result<Option<Timestamp>> {
        const NEXT: &str = "select next_at from notices where state = 'waiting' order by next_at, id limit 1";
        self.row(NEXT, &[]).await?.map(|row| row.time(0)).transpose()
    }

    /// Writes what became of a notice, if it still waits.
    pub async fn record_notice(&mut self, tenant: &TenantId, one: &Notice) -> Result<()> {
        const RECORD: &str = "
            update notices set state = $3, attempts = $4, next_at = $5, body = $6
            where tenant_id = $1 and id = $2 and state = 'waiting'";
        let params =
            params![tenant.as_str(), one.id, one.state.as_str(), one.attempts, one.next_at, to_json(&one.said)?];
        self.execute(RECORD, &params).await.map(drop)
    }

    /// The notices of an order, oldest first.
    pub async fn notices_of_order(&mut self, tenant: &TenantId, order: OrderId) -> Result<Vec<Notice>> {
        let sql = format!("select {NOTICE} from notices where tenant_id = $1 and order_id = $2 order by id");
        self.rows(&sql, &params![tenant.as_str(), order]).await?.iter().map(notice).collect()
    }
}
