//! Manifests: closing lists, the parcels on them, and those that wait for one.

use domain::ids::{DocumentId, ManifestId, OrderId, ParcelId, ShipmentId};
use domain::manifest::{HandedParcel, Manifest, ManifestStatus};
use domain::parcel::Box as ParcelBox;
use domain::shipment::ShipmentDetails;
use domain::tenant::TenantId;
use domain::{Result, Timestamp};
use jiff::civil::Date;

use crate::codec::{from_json, id, known};
use crate::{Row, Tx, params};

const COLUMNS: &str = "id, account, location, day, is_open, version, created_at, closed_at, document_id";

const PARCEL: &str = "
    select parcels.id, parcels.shipment_id, parcels.order_id, parcels.tracking_number, parcels.sscc, parcels.body,
        parcels.booked_at, parcels.is_scanned, shipments.body
    from parcels join shipments on shipments.tenant_id = parcels.tenant_id and shipments.id = parcels.shipment_id";

/// Booked at a location and on no list yet; what came to its end long ago was handed over in some other way.
const WAITS: &str = "
    parcels.tenant_id = $1 and parcels.account = $2 and parcels.location = $3 and parcels.is_live = 1
        and parcels.manifest_id is null and parcels.booked_at is not null and parcels.location is not null
        and parcels.booked_at >= $4 and parcels.tracking not in ('delivered', 'returned', 'lost')";

fn manifest(row: &Row) -> Result<Manifest> {
    Ok(Manifest {
        id: id(row.int(0)?, ManifestId::new)?,
        account: row.text(1)?,
        location: row.text(2)?,
        day: known(row.text(3)?.parse().ok(), "day")?,
        status: if row.bool(4)? { ManifestStatus::Open } else { ManifestStatus::Closed },
        version: row.int(5)? as u64,
        created_at: row.time(6)?,
        closed_at: row.opt_time(7)?,
        document: row.opt_int(8)?.map(|number| id(number, DocumentId::new)).transpose()?,
    })
}

fn handed(row: &Row) -> Result<HandedParcel> {
    let shipment: ShipmentDetails = from_json(row.str(8)?)?;
    Ok(HandedParcel {
        parcel: id(row.int(0)?, ParcelId::new)?,
        shipment: id(row.int(1)?, ShipmentId::new)?,
        order: id(row.int(2)?, OrderId::new)?,
        tracking_number: row.opt_text(3)?,
        sscc: row.opt_text(4)?,
        order_reference: shipment.order_reference,
        service: shipment.service_name,
        recipient: shipment.recipient,
        weight: from_json::<ParcelBox>(row.str(5)?)?.weight,
        booked_at: row.opt_time(6)?,
        is_scanned: row.bool(7)?,
    })
}

/// Which manifests are listed, latest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ManifestList {
    /// Of this carrier account only.
    pub account: Option<String>,
    /// Of this location only.
    pub location: Option<String>,
    /// Of this day only.
    pub day: Option<Date>,
    /// Behind this one.
    pub below: Option<ManifestId>,
    /// How many.
    pub limit: usize,
}

impl Tx<'_> {
    /// Begins a list; false when there is one of that account, location and day.
    pub async fn add_manifest(&mut self, tenant: &TenantId, manifest: &Manifest) -> Result<bool> {
        const ADD: &str = "
            insert into manifests (tenant_id, id, account, location, day, is_open, version, created_at)
            values ($1, $2, $3, $4, $5, 1, $6, $7)
            on conflict (tenant_id, account, location, day) do nothing";
        let added = params![
            tenant.as_str(),
            manifest.id.number(),
            manifest.account.as_str(),
            manifest.location.as_str(),
            manifest.day.to_string(),
            manifest.version,
            manifest.created_at
        ];
        Ok(self.execute(ADD, &added).await? > 0)
    }

    /// The list of an account, location and day.
    pub async fn manifest_of_day(
        &mut self,
        tenant: &TenantId,
        account: &str,
        location: &str,
        day: Date,
    ) -> Result<Option<Manifest>> {
        let sql = format!(
            "select {COLUMNS} from manifests where tenant_id = $1 and account = $2 and location = $3 and day = $4"
        );
        let asked = params![tenant.as_str(), account, location, day.to_string()];
        self.row(&sql, &asked).await?.as_ref().map(manifest).transpose()
    }

    /// One list.
    pub async fn manifest(&mut self, tenant: &TenantId, wanted: ManifestId) -> Result<Option<Manifest>> {
        let sql = format!("select {COLUMNS} from manifests where tenant_id = $1 and id = $2");
        self.row(&sql, &params![tenant.as_str(), wanted.number()]).await?.as_ref().map(manifest).transpose()
    }

    /// Lists, latest first.
    pub async fn list_manifests(&mut self, tenant: &TenantId, list: &ManifestList) -> Result<Vec<Manifest>> {
        let below = list.below.map_or(i64::MAX, |id| id.number() as i64);
        let mut asked = params![tenant.as_str(), below, list.limit].to_vec();
        let day = list.day.map(|day| day.to_string());
        let mut conditions = Vec::new();
        for (column, value) in [("account", &list.account), ("location", &list.location), ("day", &day)] {
            if let Some(value) = value {
                asked.push(value.into());
                conditions.push(format!("and {column} = ${}", asked.len()));
            }
        }
        let conditions = conditions.join(" ");
        let sql = format!(
            "select {COLUMNS} from manifests where tenant_id = $1 and id < $2 {conditions} order by id desc limit $3"
        );
        self.rows(&sql, &asked).await?.iter().map(manifest).collect()
    }

    /// Raises the version of an open list, so that whoever else changes it meets this transaction; false when it is closed.
    pub async fn hold_manifest(&mut self, tenant: &TenantId, wanted: ManifestId) -> Result<bool> {
        let sql = "update manifests set version = version + 1 where tenant_id = $1 and id = $2 and is_open = 1";
        Ok(self.execute(sql, &params![tenant.as_str(), wanted.number()]).await? > 0)
    }

    /// Puts parcels that wait onto a list, longest booked first; answers how many.
    pub async fn fill_manifest(
        &mut self,
        tenant: &TenantId,
        manifest: &Manifest,
        since: Timestamp,
        limit: usize,
    ) -> Result<u64> {
        let sql = format!(
            "update parcels set manifest_id = $5
             where tenant_id = $1 and manifest_id is null and id in (
                 select parcels.id from parcels
                 where {WAITS} and (select status from shipments
                     where shipments.tenant_id = $1 and shipments.id = parcels.shipment_id) = 'booked'
                 order by parcels.booked_at, parcels.id limit $6)"
        );
        let asked = params![
            tenant.as_str(),
            manifest.account.as_str(),
            manifest.location.as_str(),
            since,
            manifest.id.number(),
            limit
        ];
        Ok(self.execute(&sql, &asked).await? as u64)
    }

    /// The parcels on a list, behind one of them.
    pub async fn parcels_of_manifest(
        &mut self,
        tenant: &TenantId,
        wanted: ManifestId,
        after: Option<ParcelId>,
        limit: usize,
    ) -> Result<Vec<HandedParcel>> {
        let sql = format!(
            "{PARCEL} where parcels.tenant_id = $1 and parcels.manifest_id = $2 and parcels.id > $3
             order by parcels.id limit $4"
        );
        let after = after.map_or(0, ParcelId::number);
        let asked = params![tenant.as_str(), wanted.number(), after, limit];
        self.rows(&sql, &asked).await?.iter().map(handed).collect()
    }

    /// How many parcels are on a list.
    pub async fn count_manifest(&mut self, tenant: &TenantId, wanted: ManifestId) -> Result<u64> {
        let sql = "select count(*) from parcels where tenant_id = $1 and manifest_id = $2";
        let row = self.row(sql, &params![tenant.as_str(), wanted.number()]).await?;
        row.map_or(Ok(0), |row| Ok(row.int(0)? as u64))
    }

    /// Parcels of an account that were booked at a location and are on no list, longest booked first, behind a place.
    pub async fn parcels_left_behind(
        &mut self,
        tenant: &TenantId,
        (account, location): (&str, &str),
        since: Timestamp,
        after: Option<(Timestamp, ParcelId)>,
        limit: usize,
    ) -> Result<Vec<HandedParcel>> {
        let sql = format!(
            "{PARCEL} where {WAITS} and (parcels.booked_at, parcels.id) > ($5, $6)
             order by parcels.booked_at, parcels.id limit $7"
        );
        let (at, parcel) = after.map_or((0, 0), |(at, parcel)| (at.as_microsecond(), parcel.number()));
        let asked = params![tenant.as_str(), account, location, since, at, parcel, limit];
        self.rows(&sql, &asked).await?.iter().map(handed).collect()
    }

    /// Takes parcels off a list; answers those that stood on it.
    pub async fn take_off_manifest(
        &mut self,
        tenant: &TenantId,
        wanted: ManifestId,
        parcels: &[ParcelId],
    ) -> Result<Vec<ParcelId>> {
        const TAKE: &str = "
            update parcels set manifest_id = null where tenant_id = $1 and manifest_id = $2 and id = $3 returning id";
        let asks: Vec<_> =
            parcels.iter().map(|parcel| params![tenant.as_str(), wanted.number(), parcel.number()].to_vec()).collect();
        let found = self.returned_each(TAKE, &asks).await?;
        found.iter().flatten().map(|row| id(row.int(0)?, ParcelId::new)).collect()
    }

    /// Takes the parcels of a shipment that is gone off the list they are on, unless it is closed: what was handed over
    /// stays written down.
    pub(crate) async fn leave_open_manifest(&mut self, tenant: &TenantId, shipment: ShipmentId) -> Result<()> {
        // Whoever closes the list at the same time meets this transaction in its row.
        const HOLD: &str = "
            update manifests set version = version + 1
            where tenant_id = $1 and is_open = 1 and id in (
                select manifest_id from parcels
                where tenant_id = $1 and shipment_id = $2 and manifest_id is not null)";
        const LEAVE: &str = "
            update parcels set manifest_id = null
            where tenant_id = $1 and shipment_id = $2 and manifest_id in (
                select id from manifests where tenant_id = $1 and is_open = 1)";
        let of_it = params![tenant.as_str(), shipment.number()].to_vec();
        self.execute_later(HOLD, std::slice::from_ref(&of_it)).await?;
        self.execute_later(LEAVE, &[of_it]).await
    }

    /// Closes an open list; false when it is closed.
    pub async fn close_manifest(&mut self, tenant: &TenantId, wanted: ManifestId, at: Timestamp) -> Result<bool> {
        const CLOSE: &str = "
            update manifests set is_open = 0, version = version + 1, closed_at = $3
            where tenant_id = $1 and id = $2 and is_open = 1";
        Ok(self.execute(CLOSE, &params![tenant.as_str(), wanted.number(), at]).await? > 0)
    }

    /// Writes down the paper of a closed list, if none is known yet; answers the one that is.
    pub async fn keep_manifest_paper(
        &mut self,
        tenant: &TenantId,
        wanted: ManifestId,
        document: DocumentId,
    ) -> Result<Option<DocumentId>> {
        const KEEP: &str = "
            update manifests set document_id = $3
            where tenant_id = $1 and id = $2 and is_open = 0 and document_id is null";
        self.execute(KEEP, &params![tenant.as_str(), wanted.number(), document.number()]).await?;
        Ok(self.manifest(tenant, wanted).await?.and_then(|known| known.document))
    }
}
