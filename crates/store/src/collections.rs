//! Collections: a carrier comes to one of our locations.

use domain::collection::{Collection, CollectionStatus};
use domain::ids::CollectionId;
use domain::tenant::TenantId;
use domain::{Error, Result, Timestamp};
use jiff::civil::Date;

use crate::codec::{from_json, id, known, to_json};
use crate::latest_first::Conditions;
use crate::{Row, Tx, params};

const COLUMNS: &str = "id, status, version, created_at, body, due_at";

fn collection(row: &Row) -> Result<Collection> {
    Ok(Collection {
        id: id(row.int(0)?, CollectionId::new)?,
        status: known(CollectionStatus::parse(&row.text(1)?), "collection status")?,
        version: row.int(2)? as u64,
        created_at: row.time(3)?,
        due_at: row.opt_time(5)?,
        details: from_json(row.str(4)?)?,
    })
}

/// Which collections are listed, latest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CollectionList {
    /// Of this carrier account only.
    pub account: Option<String>,
    /// Of this location only.
    pub location: Option<String>,
    /// Of this day only.
    pub day: Option<Date>,
    /// Behind this one.
    pub below: Option<CollectionId>,
    /// How many.
    pub limit: usize,
}

impl Tx<'_> {
    /// Stores a new collection; false when one of that account, location and day is asked for already.
    pub async fn add_collection(&mut self, tenant: &TenantId, collection: &Collection) -> Result<bool> {
        const ADD: &str = "
            insert into collections (tenant_id, id, status, version, created_at, body, account, location, day, due_at)
            values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
            on conflict do nothing";
        let added = params![
            tenant.as_str(),
            collection.id.number(),
            collection.status.as_str(),
            collection.version,
            collection.created_at,
            to_json(&collection.details)?,
            collection.details.account.as_str(),
            collection.details.location.as_str(),
            collection.details.day.to_string(),
            collection.due_at
        ];
        Ok(self.execute(ADD, &added).await? > 0)
    }

    /// The collection of an account, location and day that is asked for and not cancelled.
    pub async fn open_collection(
        &mut self,
        tenant: &TenantId,
        (account, location): (&str, &str),
        day: Date,
    ) -> Result<Option<Collection>> {
        let sql = format!(
            "select {COLUMNS} from collections where tenant_id = $1 and account = $2 and location = $3 and day = $4
                 and status in ('requesting', 'requested', 'cancelling')"
        );
        let asked = params![tenant.as_str(), account, location, day.to_string()];
        self.row(&sql, &asked).await?.as_ref().map(collection).transpose()
    }

    /// Stores a collection if its version is still the one it was read with, and raises that. A lost race is a conflict.
    pub async fn save_collection(&mut self, tenant: &TenantId, collection: &Collection) -> Result<()> {
        const SAVE: &str = "
            update collections set status = $3, version = version + 1, body = $4, due_at = $6
            where tenant_id = $1 and id = $2 and version = $5";
        let saved = params![
            tenant.as_str(),
            collection.id.number(),
            collection.status.as_str(),
            to_json(&collection.details)?,
            collection.version,
            collection.due_at
        ];
        if self.execute(SAVE, &saved).await? == 0 {
            return Err(Error::Conflict("the collection was changed meanwhile".to_owned()));
        }
        Ok(())
    }

    /// Collections whose carrier is to be asked now, over all tenants, longest due first.
    pub async fn collections_due(&mut self, now: Timestamp, limit: usize) -> Result<Vec<(TenantId, CollectionId)>> {
        const DUE: &str = "
            select tenant_id, id from collections where due_at is not null and due_at <= $1
            order by due_at, id limit $2";
        let due =
            |row: &Row| Ok((known(TenantId::new(row.text(0)?), "tenant id")?, id(row.int(1)?, CollectionId::new)?));
        self.rows(DUE, &params![now, limit]).await?.iter().map(due).collect()
    }

    /// One collection.
    pub async fn collection(&mut self, tenant: &TenantId, wanted: CollectionId) -> Result<Option<Collection>> {
        let sql = format!("select {COLUMNS} from collections where tenant_id = $1 and id = $2");
        self.row(&sql, &params![tenant.as_str(), wanted.number()]).await?.as_ref().map(collection).transpose()
    }

    /// Collections, latest first.
    pub async fn collections(&mut self, tenant: &TenantId, list: &CollectionList) -> Result<Vec<Collection>> {
        let mut asked = Conditions::new(tenant);
        asked.equal("account", list.account.as_deref());
        asked.equal("location", list.location.as_deref());
        asked.equal("day", list.day.map(|day| day.to_string()).as_deref());
        asked.below("collections", list.below.map(CollectionId::number));
        let (sql, values) = asked.latest(&format!("select {COLUMNS} from collections"), list.limit);
        self.rows(&sql, &values).await?.iter().map(collection).collect()
    }
}
