//! Shipments and their parcels.

use std::collections::BTreeSet;

use domain::ids::{OrderId, ParcelId, ShipmentId};
use domain::order::Order;
use domain::parcel::{Box as ParcelBox, Parcel};
use domain::shipment::{Shipment, ShipmentDetails, ShipmentStatus};
use domain::tenant::TenantId;
use domain::tracking::{FIRST_LOOK, TrackingStatus, next_look};
use domain::{Error, Result, Timestamp};

use crate::codec::{beginning, from_json, id, known, to_json};
use crate::latest_first::Conditions;
use crate::orders::{Held, held};
use crate::{Row, Tx, Value, params};

pub(crate) const SHIPMENT: &str =
    "id, order_id, status, version, created_at, modified_at, lease_until, body, return_of";

/// Stands in the place of the order of what comes back: ids begin with 1.
const NO_ORDER: u64 = 0;
const PARCEL: &str = "id, shipment_id, position, body, tracking_number, sscc, tracking, tracking_token, has_label";

pub(crate) fn shipment(row: &Row) -> Result<Shipment> {
    Ok(Shipment {
        id: id(row.int(0)?, ShipmentId::new)?,
        order: id(row.opt_int(8)?.map_or_else(|| row.int(1), Ok)?, OrderId::new)?,
        status: known(ShipmentStatus::parse(&row.text(2)?), "shipment status")?,
        version: row.int(3)? as u64,
        created_at: row.time(4)?,
        modified_at: row.time(5)?,
        lease_until: row.opt_time(6)?,
        details: from_json::<ShipmentDetails>(&row.text(7)?)?,
        parcels: Vec::new(),
    })
}

pub(crate) fn parcel(row: &Row) -> Result<Parcel> {
    Ok(Parcel {
        id: id(row.int(0)?, ParcelId::new)?,
        position: row.int(2)? as u32,
        parcel: from_json::<ParcelBox>(&row.text(3)?)?,
        tracking_number: row.opt_text(4)?,
        sscc: row.opt_text(5)?,
        tracking: known(TrackingStatus::parse(&row.text(6)?), "tracking status")?,
        tracking_token: row.text(7)?,
        has_label: row.bool(8)?,
    })
}

/// Why a shipment failed, as it is looked for.
fn failure(shipment: &Shipment) -> Option<String> {
    let is_told = shipment.status == ShipmentStatus::Failed && !shipment.is_return();
    let told = shipment.details.failure.as_ref().filter(|_| is_told)?;
    Some(beginning(&told.to_string()))
}

/// The query for a shipment by its id.
pub(crate) fn by_id() -> String {
    format!("select {SHIPMENT} from shipments where tenant_id = $1 and id = $2")
}

/// The query for the parcels of a shipment.
pub(crate) fn parcels_of() -> String {
    format!("select {PARCEL} from parcels where tenant_id = $1 and shipment_id = $2 order by position")
}

/// A shipment from the rows of [`by_id`] and [`parcels_of`].
pub(crate) fn with_parcels(found: &[Row], parcels: &[Row]) -> Result<Option<Shipment>> {
    let Some(row) = found.first() else { return Ok(None) };
    Ok(Some(Shipment { parcels: parcels.iter().map(parcel).collect::<Result<_>>()?, ..shipment(row)? }))
}

/// What stands in the place of a shipment's order: nobody who looks through what an order ships finds what comes back.
fn order_place(shipment: &Shipment) -> u64 {
    if shipment.is_return() { NO_ORDER } else { shipment.order.number() }
}

/// Whether a shipment holds places of its order. A return holds none.
fn holds_places(shipment: &Shipment) -> bool {
    shipment.is_live() && !shipment.is_return()
}

/// When the carrier is asked first what happened; `None` when it is not asked.
fn first_look(shipment: &Shipment) -> Option<Timestamp> {
    let is_asked = shipment.details.is_followed && shipment.status == ShipmentStatus::Booked;
    let booked_at = shipment.details.booked_at.filter(|_| is_asked)?;
    if shipment.parcels.iter().all(|parcel| parcel.tracking.is_final()) {
        return None;
    }
    next_look(TrackingStatus::Unknown, booked_at, shipment.modified_at)?;
    booked_at.checked_add(FIRST_LOOK).ok()
}

/// Stores a shipment's state if its version is still the one it was read with.
const SAVE: &str = "
    update shipments set status = $3, version = version + 1, modified_at = $4, lease_until = $5, body = $6, account = $8,
        failure = $9
    where tenant_id = $1 and id = $2 and version = $7";

fn saved(tenant: &TenantId, shipment: &Shipment) -> Result<Vec<Value>> {
    Ok(params![
        tenant.as_str(),
        shipment.id.number(),
        shipment.status.as_str(),
        shipment.modified_at,
        shipment.lease_until,
        to_json(&shipment.details)?,
        shipment.version,
        shipment.details.service.account.as_str(),
        failure(shipment)
    ]
    .to_vec())
}

/// Which shipments are listed, latest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ShipmentList {
    /// What goes out, what comes back, or both.
    pub ways: ShipmentWays,
    /// Only those that stand so.
    pub status: Option<ShipmentStatus>,
    /// Of this carrier account only.
    pub account: Option<String>,
    /// Made from this instant on.
    pub created_from: Option<Timestamp>,
    /// Made before this instant.
    pub created_before: Option<Timestamp>,
    /// Behind this one.
    pub below: Option<ShipmentId>,
    /// How many.
    pub limit: usize,
}

/// Which way shipments of a list go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ShipmentWays {
    /// From a location to a customer.
    Outgoing,
    /// From a customer to a location.
    Returns,
    /// Either.
    #[default]
    Both,
}

/// A parcel that is booked but was not scanned by the carrier.
#[derive(Clone, Debug, PartialEq)]
pub struct UnscannedParcel {
    /// The parcel.
    pub parcel: ParcelId,
    /// Its shipment.
    pub shipment: ShipmentId,
    /// Its order.
    pub order: OrderId,
    /// The carrier's number.
    pub tracking_number: Option<String>,
    /// When it was booked.
    pub booked_at: Timestamp,
}

/// A place in the shipments of a tenant: when one was made, and its id.
pub type ShipmentPlace = (Timestamp, ShipmentId);

impl Tx<'_> {
    /// Shipments made in a period, with their parcels, oldest first, after a place.
    pub async fn shipments_made(
        &mut self,
        tenant: &TenantId,
        period: (Option<Timestamp>, Option<Timestamp>),
        after: Option<ShipmentPlace>,
        limit: usize,
    ) -> Result<Vec<Shipment>> {
        let mut conditions = Vec::new();
        let mut params = params![tenant.as_str(), limit].to_vec();
        for (operator, bound) in [(">=", period.0), ("<", period.1)] {
            if let Some(bound) = bound {
                params.push(bound.into());
                conditions.push(format!(" and created_at {operator} ${}", params.len()));
            }
        }
        if let Some((at, id)) = after {
            params.extend(params![at, id]);
            conditions.push(format!(" and (created_at, id) > (${}, ${})", params.len() - 1, params.len()));
        }
        let sql = format!(
            "select {SHIPMENT} from shipments where tenant_id = $1{} order by created_at, id limit $2",
            conditions.concat()
        );
        let mut shipments = self.rows(&sql, &params).await?.iter().map(shipment).collect::<Result<Vec<_>>>()?;
        let asks: Vec<_> = shipments.iter().map(|one| params![tenant.as_str(), one.id].to_vec()).collect();
        let parcels = self.rows_many(&parcels_of(), &asks).await?;
        for (shipment, parcels) in shipments.iter_mut().zip(parcels) {
            shipment.parcels = parcels.iter().map(parcel).collect::<Result<_>>()?;
        }
        Ok(shipments)
    }

    /// Holds the order of a new shipment, so that nothing else of it happens until the transaction ends, and looks whether
    /// one of the shipment's parcels already has a live one: then that shipment's id comes back.
    pub async fn hold_order_for(
        &mut self,
        tenant: &TenantId,
        shipment: &Shipment,
    ) -> Result<(Held, Option<ShipmentId>)> {
        const LIVE: &str = "
            select shipment_id from parcels
            where tenant_id = $1 and order_id = $2 and position between $3 and $4 and is_live = 1
            order by position limit 1";
        let positions = || shipment.parcels.iter().map(|parcel| parcel.position).filter(|_| shipment.is_live());
        let (first, last) = (positions().min().unwrap_or(1), positions().max().unwrap_or(0));
        let order = params![tenant.as_str(), shipment.order.number()];
        let places = params![tenant.as_str(), shipment.order.number(), first, last];
        let [order, live] = self.rows_of_each([(self.hold(), &order), (LIVE, &places)]).await?;
        let live = live.first().map(|row| id(row.int(0)?, ShipmentId::new)).transpose()?;
        Ok((held(order.first())?, live))
    }

    /// Holds an order, so that nothing else of it happens until the transaction ends, and tells its live shipments.
    pub async fn hold_order_with_live(
        &mut self,
        tenant: &TenantId,
        order: OrderId,
    ) -> Result<(Held, BTreeSet<ShipmentId>)> {
        const LIVE: &str = "select shipment_id from parcels where tenant_id = $1 and order_id = $2 and is_live = 1";
        let ask = params![tenant.as_str(), order.number()];
        let [order, live] = self.rows_of_each([(self.hold(), &ask), (LIVE, &ask)]).await?;
        let live = live.iter().map(|row| id(row.int(0)?, ShipmentId::new)).collect::<Result<_>>()?;
        Ok((held(order.first())?, live))
    }

    /// Stores a new shipment and its parcels, after [`Tx::hold_order_for`] or [`Tx::hold_order_with_live`].
    pub async fn add_shipment(&mut self, tenant: &TenantId, shipment: &Shipment) -> Result<()> {
        let is_live = holds_places(shipment);
        const ADD: &str = "
            insert into shipments
                (tenant_id, id, order_id, status, version, created_at, modified_at, lease_until, body, account, return_of)
            values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
        let params = params![
            tenant.as_str(),
            shipment.id.number(),
            order_place(shipment),
            shipment.status.as_str(),
            shipment.version,
            shipment.created_at,
            shipment.modified_at,
            shipment.lease_until,
            to_json(&shipment.details)?,
            shipment.details.service.account.as_str(),
            shipment.is_return().then(|| shipment.order.number())
        ];
        self.execute_later(ADD, &[params.to_vec()]).await?;
        const PARCEL_COLUMNS: [&str; 12] = [
            "tenant_id",
            "id",
            "shipment_id",
            "order_id",
            "position",
            "is_live",
            "tracking",
            "tracking_token",
            "has_label",
            "is_scanned",
            "body",
            "location",
        ];
        let row = |parcel: &Parcel| -> Result<Vec<Value>> {
            Ok(params![
                tenant.as_str(),
                parcel.id.number(),
                shipment.id.number(),
                order_place(shipment),
                parcel.position,
                is_live,
                parcel.tracking.as_str(),
                parcel.tracking_token.as_str(),
                0,
                0,
                to_json(&parcel.parcel)?,
                (!shipment.is_return()).then_some(shipment.details.location.as_str())
            ]
            .to_vec())
        };
        let rows = shipment.parcels.iter().map(row).collect::<Result<Vec<_>>>()?;
        self.insert_all("parcels", &PARCEL_COLUMNS, &rows).await
    }

    /// Stores the state of a shipment and its parcels if its version is still `shipment.version`, and raises that.
    /// A lost race is a conflict.
    pub async fn save_shipment(&mut self, tenant: &TenantId, shipment: &Shipment) -> Result<()> {
        if self.execute(SAVE, &saved(tenant, shipment)?).await? == 0 {
            return Err(Error::Conflict("the shipment was changed meanwhile".to_owned()));
        }
        self.save_parcels(tenant, shipment).await
    }

    /// The same for a shipment that was read in this transaction: nobody can have changed it, so no answer is waited for.
    pub async fn save_read_shipment(&mut self, tenant: &TenantId, shipment: &Shipment) -> Result<()> {
        self.execute_later(SAVE, &[saved(tenant, shipment)?]).await?;
        self.save_parcels(tenant, shipment).await
    }

    async fn save_parcels(&mut self, tenant: &TenantId, shipment: &Shipment) -> Result<()> {
        const SAVE_PARCEL: &str = "
            update parcels
            set is_live = $3, tracking_number = $4, sscc = $5, tracking = $6, has_label = $7, booked_at = $8,
                is_scanned = $9,
                label_due_at = case when cast($10 as bigint) = 1 then coalesce(label_due_at, cast($11 as bigint)) end,
                account = $12,
                next_look_at = case when cast($13 as bigint) is null then null
                    else coalesce(next_look_at, cast($13 as bigint)) end
            where tenant_id = $1 and id = $2";
        let first_look = first_look(shipment);
        let account = shipment.details.service.account.as_str();
        let rows: Vec<_> = shipment
            .parcels
            .iter()
            .map(|parcel| {
                params![
                    tenant.as_str(),
                    parcel.id.number(),
                    holds_places(shipment),
                    parcel.tracking_number.as_deref(),
                    parcel.sscc.as_deref(),
                    parcel.tracking.as_str(),
                    parcel.has_label,
                    shipment.details.booked_at,
                    parcel.tracking.is_with_carrier(),
                    shipment.wants_label() && !parcel.has_label,
                    shipment.modified_at,
                    account,
                    first_look.filter(|_| !parcel.tracking.is_final())
                ]
                .to_vec()
            })
            .collect();
        self.execute_later(SAVE_PARCEL, &rows).await?;
        if !shipment.is_return() {
            self.restage_order(tenant, shipment.order, false).await?;
        }
        if shipment.details.booked_at.is_some() && !shipment.is_live() {
            self.leave_open_manifest(tenant, shipment.id).await?;
        }
        match first_look {
            Some(at) => self.expect_look(tenant, account, at).await,
            None => Ok(()),
        }
    }

    /// Keeps what stands on a parcel's label, so that it can be drawn again in any format.
    pub async fn keep_label_content(&mut self, tenant: &TenantId, parcel: ParcelId, content: &str) -> Result<()> {
        let sql = "update parcels set label = $3 where tenant_id = $1 and id = $2";
        self.execute_later(sql, &[params![tenant.as_str(), parcel.number(), content].to_vec()]).await
    }

    /// What stands on a parcel's label, if we draw it ourselves.
    pub async fn label_content(&mut self, tenant: &TenantId, parcel: ParcelId) -> Result<Option<String>> {
        let sql = "select label from parcels where tenant_id = $1 and id = $2";
        self.row(sql, &params![tenant.as_str(), parcel.number()]).await?.map_or(Ok(None), |row| row.opt_text(0))
    }

    /// One shipment with its parcels.
    pub async fn shipment(&mut self, tenant: &TenantId, shipment_id: ShipmentId) -> Result<Option<Shipment>> {
        let ask = params![tenant.as_str(), shipment_id.number()];
        let [found, parcels] = self.rows_of_each([(&by_id(), &ask), (&parcels_of(), &ask)]).await?;
        with_parcels(&found, &parcels)
    }

    /// The shipments of an order with their parcels, oldest first: two queries however many there are.
    pub async fn shipments_of_order(&mut self, tenant: &TenantId, order: OrderId) -> Result<Vec<Shipment>> {
        let sql = format!("select {SHIPMENT} from shipments where tenant_id = $1 and order_id = $2 order by id");
        let rows = self.rows(&sql, &params![tenant.as_str(), order.number()]).await?;
        let mut shipments = rows.iter().map(shipment).collect::<Result<Vec<_>>>()?;
        let asks: Vec<_> =
            shipments.iter().map(|shipment| params![tenant.as_str(), shipment.id.number()].to_vec()).collect();
        for (shipment, rows) in shipments.iter_mut().zip(self.rows_many(&parcels_of(), &asks).await?) {
            shipment.parcels = rows.iter().map(parcel).collect::<Result<_>>()?;
        }
        Ok(shipments)
    }

    /// The shipments of several orders with their parcels, a list each, oldest first.
    pub async fn shipments_of_orders(&mut self, tenant: &TenantId, orders: &[OrderId]) -> Result<Vec<Vec<Shipment>>> {
        let asks = |ids: Vec<u64>| ids.iter().map(|id| params![tenant.as_str(), *id].to_vec()).collect::<Vec<_>>();
        let sql = format!("select {SHIPMENT} from shipments where tenant_id = $1 and order_id = $2 order by id");
        let found = self.rows_many(&sql, &asks(orders.iter().map(|order| order.number()).collect())).await?;
        let mut all = found
            .iter()
            .map(|rows| rows.iter().map(shipment).collect::<Result<Vec<_>>>())
            .collect::<Result<Vec<_>>>()?;
        let ids = all.iter().flatten().map(|shipment| shipment.id.number()).collect();
        let parcels = self.rows_many(&parcels_of(), &asks(ids)).await?;
        for (shipment, rows) in all.iter_mut().flatten().zip(parcels) {
            shipment.parcels = rows.iter().map(parcel).collect::<Result<_>>()?;
        }
        Ok(all)
    }

    /// What comes back of an order, with its parcels, oldest first.
    pub async fn returns_of_order(&mut self, tenant: &TenantId, order: OrderId) -> Result<Vec<Shipment>> {
        let sql = format!("select {SHIPMENT} from shipments where tenant_id = $1 and return_of = $2 order by id");
        let rows = self.rows(&sql, &params![tenant.as_str(), order.number()]).await?;
        let mut shipments = rows.iter().map(shipment).collect::<Result<Vec<_>>>()?;
        self.fill_parcels(tenant, &mut shipments).await?;
        Ok(shipments)
    }

    async fn fill_parcels(&mut self, tenant: &TenantId, shipments: &mut [Shipment]) -> Result<()> {
        let asks: Vec<_> =
            shipments.iter().map(|shipment| params![tenant.as_str(), shipment.id.number()].to_vec()).collect();
        for (shipment, rows) in shipments.iter_mut().zip(self.rows_many(&parcels_of(), &asks).await?) {
            shipment.parcels = rows.iter().map(parcel).collect::<Result<_>>()?;
        }
        Ok(())
    }

    /// Shipments or returns with their parcels, latest first.
    pub async fn list_shipments(&mut self, tenant: &TenantId, list: &ShipmentList) -> Result<Vec<Shipment>> {
        let mut asked = Conditions::new(tenant);
        match list.ways {
            ShipmentWays::Outgoing => asked.such("return_of is null"),
            ShipmentWays::Returns => asked.such("return_of is not null"),
            ShipmentWays::Both => {}
        }
        if let Some(status) = list.status {
            // Written out, so that the partial index of the others can be chosen before any value is known.
            asked.such(&format!("status = '{}'", status.as_str()));
        }
        asked.equal("account", list.account.as_deref());
        asked.created(list.created_from, list.created_before);
        asked.below("shipments", list.below.map(ShipmentId::number));
        let (sql, values) = asked.latest(&format!("select {SHIPMENT} from shipments"), list.limit);
        let rows = self.rows(&sql, &values).await?;
        let mut shipments = rows.iter().map(shipment).collect::<Result<Vec<_>>>()?;
        self.fill_parcels(tenant, &mut shipments).await?;
        Ok(shipments)
    }

    /// Several shipments with their parcels, in the order of the ids; `None` for one that is not there.
    pub async fn shipments(&mut self, tenant: &TenantId, ids: &[ShipmentId]) -> Result<Vec<Option<Shipment>>> {
        let asks: Vec<_> = ids.iter().map(|id| params![tenant.as_str(), id.number()].to_vec()).collect();
        let found = self.rows_many(&by_id(), &asks).await?;
        let parcels = self.rows_many(&parcels_of(), &asks).await?;
        found.iter().zip(&parcels).map(|(found, parcels)| with_parcels(found, parcels)).collect()
    }

    /// What stands on the labels of several parcels, in the order of the ids; `None` where we do not draw it.
    pub async fn label_contents(&mut self, tenant: &TenantId, parcels: &[ParcelId]) -> Result<Vec<Option<String>>> {
        let sql = "select label from parcels where tenant_id = $1 and id = $2";
        let asks: Vec<_> = parcels.iter().map(|id| params![tenant.as_str(), id.number()].to_vec()).collect();
        let found = self.rows_many(sql, &asks).await?;
        found.iter().map(|rows| rows.first().map_or(Ok(None), |row| row.opt_text(0))).collect()
    }

    /// The latest shipments with their parcels and orders, latest first.
    pub async fn recent_shipments(&mut self, tenant: &TenantId, limit: usize) -> Result<Vec<(Shipment, Order)>> {
        let sql = format!(
            "select {SHIPMENT} from shipments where tenant_id = $1 and return_of is null order by id desc limit $2"
        );
        let rows = self.rows(&sql, &params![tenant.as_str(), limit]).await?;
        let shipments = rows.iter().map(shipment).collect::<Result<Vec<_>>>()?;
        let asks: Vec<_> =
            shipments.iter().map(|shipment| params![tenant.as_str(), shipment.id.number()].to_vec()).collect();
        let parcels = self.rows_many(&parcels_of(), &asks).await?;
        let ids: Vec<_> = shipments.iter().map(|shipment| shipment.order).collect();
        let orders = self.orders_ever(tenant, &ids).await?;
        let mut recent = Vec::with_capacity(shipments.len());
        for ((mut shipment, rows), order) in shipments.into_iter().zip(parcels).zip(orders) {
            let Some(order) = order else { continue };
            shipment.parcels = rows.iter().map(parcel).collect::<Result<_>>()?;
            recent.push((shipment, order));
        }
        Ok(recent)
    }

    /// The highest position of an order's live parcels; 0 when it has none.
    pub async fn last_position_of_order(&mut self, tenant: &TenantId, order: OrderId) -> Result<u32> {
        const LAST: &str = "
            select position from parcels where tenant_id = $1 and order_id = $2 and is_live = 1
            order by position desc limit 1";
        let row = self.row(LAST, &params![tenant.as_str(), order.number()]).await?;
        row.map_or(Ok(0), |row| Ok(row.int(0)? as u32))
    }

    /// Parcels of live shipments and their orders, in the order of their ids; by the carrier's number when one is named.
    pub async fn live_parcels(
        &mut self,
        tenant: &TenantId,
        number: Option<&str>,
        skip: usize,
        limit: usize,
    ) -> Result<Vec<(ParcelId, OrderId)>> {
        const ALL: &str = "
            select id, order_id from parcels where tenant_id = $1 and is_live = 1 order by id limit $2 offset $3";
        // The number alone may steer the planner.
        const BY_NUMBER: &str = "
            select id, order_id from parcels
            where tenant_id = $1 and tracking_number = $4 and is_live = 1 order by id + 0 limit $2 offset $3";
        let mut asked = params![tenant.as_str(), limit, skip].to_vec();
        asked.extend(number.map(Value::from));
        let rows = self.rows(if number.is_some() { BY_NUMBER } else { ALL }, &asked).await?;
        rows.iter().map(|row| Ok((id(row.int(0)?, ParcelId::new)?, id(row.int(1)?, OrderId::new)?))).collect()
    }

    /// The shipment and the order a parcel belongs to.
    pub async fn place_of_parcel(
        &mut self,
        tenant: &TenantId,
        parcel: ParcelId,
    ) -> Result<Option<(ShipmentId, OrderId)>> {
        let place = self.place_of_any_parcel(tenant, parcel).await?;
        Ok(place.filter(|(_, _, is_return)| !is_return).map(|(shipment, order, _)| (shipment, order)))
    }

    /// The same of any parcel, also of one that comes back, which the flag says.
    pub async fn place_of_any_parcel(
        &mut self,
        tenant: &TenantId,
        parcel: ParcelId,
    ) -> Result<Option<(ShipmentId, OrderId, bool)>> {
        const PLACE: &str = "
            select shipment_id, order_id, case when order_id = 0 then (select return_of from shipments
                where shipments.tenant_id = $1 and shipments.id = parcels.shipment_id) end
            from parcels where tenant_id = $1 and id = $2";
        let row = self.row(PLACE, &params![tenant.as_str(), parcel.number()]).await?;
        row.map(|row| {
            let of_return = row.opt_int(2)?;
            let order = id(of_return.map_or_else(|| row.int(1), Ok)?, OrderId::new)?;
            Ok((id(row.int(0)?, ShipmentId::new)?, order, of_return.is_some()))
        })
        .transpose()
    }

    /// Tenant, shipment and parcel behind a tracking page's token.
    pub async fn parcel_by_token(&mut self, token: &str) -> Result<Option<(TenantId, ShipmentId, ParcelId)>> {
        let sql = "select tenant_id, shipment_id, id from parcels where tracking_token = $1";
        let row = self.row(sql, &params![token]).await?;
        row.map(|row| {
            let tenant = known(TenantId::new(row.text(0)?), "tenant id")?;
            Ok((tenant, id(row.int(1)?, ShipmentId::new)?, id(row.int(2)?, ParcelId::new)?))
        })
        .transpose()
    }

    /// Accounts with shipments whose lease ran out, over all tenants.
    pub async fn abandoned_accounts(&mut self, now: Timestamp) -> Result<Vec<(TenantId, String)>> {
        const ACCOUNTS: &str = "
            select distinct tenant_id, account from shipments
            where lease_until is not null and lease_until <= $1 order by tenant_id, account";
        let rows = self.rows(ACCOUNTS, &params![now]).await?;
        rows.iter().map(|row| Ok((known(TenantId::new(row.text(0)?), "tenant id")?, row.text(1)?))).collect()
    }

    /// Shipments of an account whose lease ran out: whoever was at it is gone.
    pub async fn abandoned_shipments(
        &mut self,
        tenant: &TenantId,
        account: &str,
        now: Timestamp,
        limit: usize,
    ) -> Result<Vec<ShipmentId>> {
        const ABANDONED: &str = "
            select id from shipments
            where tenant_id = $1 and account = $2 and lease_until is not null and lease_until <= $3
            order by lease_until limit $4";
        let rows = self.rows(ABANDONED, &params![tenant.as_str(), account, now, limit]).await?;
        rows.iter().map(|row| id(row.int(0)?, ShipmentId::new)).collect()
    }

    /// Booked shipments whose missing label should be fetched now, over all tenants, longest due first.
    pub async fn shipments_without_label(
        &mut self,
        now: Timestamp,
        limit: usize,
    ) -> Result<Vec<(TenantId, ShipmentId, Timestamp)>> {
        const WITHOUT: &str = "
            select tenant_id, shipment_id, booked_at from parcels
            where label_due_at is not null and label_due_at <= $1 and booked_at is not null
            order by label_due_at limit $2";
        let rows = self.rows(WITHOUT, &params![now, limit]).await?;
        rows.iter()
            .map(|row| {
                let tenant = known(TenantId::new(row.text(0)?), "tenant id")?;
                Ok((tenant, id(row.int(1)?, ShipmentId::new)?, row.time(2)?))
            })
            .collect()
    }

    /// Lets the missing labels of a shipment wait.
    pub async fn postpone_labels(&mut self, tenant: &TenantId, shipment: ShipmentId, until: Timestamp) -> Result<()> {
        const POSTPONE: &str = "
            update parcels set label_due_at = $3
            where tenant_id = $1 and shipment_id = $2 and label_due_at is not null";
        self.execute(POSTPONE, &params![tenant.as_str(), shipment, until]).await.map(drop)
    }

    /// Live parcels booked until an instant that the carrier has not scanned, oldest first, behind a place.
    pub async fn unscanned_parcels(
        &mut self,
        tenant: &TenantId,
        booked_until: Timestamp,
        after: Option<(Timestamp, ParcelId)>,
        limit: usize,
    ) -> Result<Vec<UnscannedParcel>> {
        const UNSCANNED: &str = "
            select id, shipment_id, order_id, tracking_number, booked_at from parcels
            where tenant_id = $1 and is_live = 1 and is_scanned = 0 and booked_at <= $2 and (booked_at, id) > ($3, $4)
            order by booked_at, id limit $5";
        let (at, parcel) = after.map_or((0, 0), |(at, parcel)| (at.as_microsecond(), parcel.number()));
        let rows = self.rows(UNSCANNED, &params![tenant.as_str(), booked_until, at, parcel, limit as i64]).await?;
        rows.iter()
            .map(|row| {
                Ok(UnscannedParcel {
                    parcel: id(row.int(0)?, ParcelId::new)?,
                    shipment: id(row.int(1)?, ShipmentId::new)?,
                    order: id(row.int(2)?, OrderId::new)?,
                    tracking_number: row.opt_text(3)?,
                    booked_at: row.time(4)?,
                })
            })
            .collect()
    }
}
