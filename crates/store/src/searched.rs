//! What an order is looked for by: columns that repeat what its body says, and the values of its lists.

use domain::Result;
use domain::ids::OrderId;
use domain::order::{CustomFields, OrderDetails};
use domain::tenant::TenantId;
use jiff::tz::TimeZone;

use crate::codec::{beginning, from_json, id};
use crate::{Tx, Value, params};

/// The columns, in the order of [`Searched::params`].
pub(crate) const COLUMNS: [&str; 15] = [
    "number",
    "seller",
    "store",
    "contract",
    "country",
    "sender_company",
    "send_at",
    "field1",
    "field2",
    "field3",
    "field4",
    "field5",
    "field6",
    "boxes",
    "is_searched",
];

/// A list whose values are searched, as rows name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListField {
    /// A tag.
    Tag,
    /// A custom field of a box, from 1.
    BoxField(u8),
    /// The shop's own id of a box.
    BoxExternalId,
    /// Whether the warehouse scanned a box.
    BoxIsScanned,
    /// When the warehouse scanned a box.
    BoxScannedAt,
}

impl ListField {
    /// The name in rows.
    pub fn name(self) -> String {
        match self {
            Self::Tag => "tag".to_owned(),
            Self::BoxField(number) => format!("box_field{number}"),
            Self::BoxExternalId => "box_external_id".to_owned(),
            Self::BoxIsScanned => "box_is_scanned".to_owned(),
            Self::BoxScannedAt => "box_scanned_at".to_owned(),
        }
    }
}

/// An instant as text that sorts like it.
pub(crate) fn sortable(milliseconds: i64) -> String {
    // The years -9999 to 9999 lie well inside.
    format!("{:016}", milliseconds.saturating_add(1_000_000_000_000_000).max(0))
}

/// Everything one order is looked for by.
#[derive(Clone, Debug)]
pub(crate) struct Searched {
    columns: Vec<Value>,
    lists: Vec<(ListField, String)>,
}

impl Searched {
    /// Takes it from what the shop said. A time without a zone is in UTC.
    pub(crate) fn of(details: &OrderDetails) -> Self {
        let text = |text: Option<&String>| text.map(|text| beginning(text));
        let wish = details.delivery.as_ref().and_then(|delivery| delivery.service.as_ref());
        let at = |sent: domain::SentTime| sent.instant_in(&TimeZone::UTC).as_millisecond();
        let mut columns = params![
            text(details.number.as_ref()),
            text(details.seller.as_ref()),
            text(details.store.as_ref()),
            text(wish.and_then(|wish| wish.contract.as_ref())),
            text(details.shipping_address.as_ref().and_then(|address| address.country.as_ref())),
            text(details.sender.as_ref().and_then(|address| address.company.as_ref())),
            details.send_date.map(at)
        ]
        .to_vec();
        columns.extend((1..=CustomFields::COUNT).map(|n| details.custom_fields.get(n).map(beginning).into()));
        let boxes = details.boxes.as_deref().unwrap_or_default();
        columns.extend(params![boxes.len(), 1]);
        let mut lists = Vec::new();
        for tag in details.tags.iter().flatten() {
            lists.push((ListField::Tag, beginning(tag)));
        }
        for planned in boxes {
            for n in 1..=CustomFields::COUNT {
                lists.extend(planned.custom_fields.get(n).map(|text| (ListField::BoxField(n), beginning(text))));
            }
            let external_id = planned.external_id.as_deref().map(beginning);
            lists.extend(external_id.map(|id| (ListField::BoxExternalId, id)));
            lists.extend(planned.is_scanned.map(|flag| (ListField::BoxIsScanned, i64::from(flag).to_string())));
            lists.extend(planned.scanned_at.map(|sent| (ListField::BoxScannedAt, sortable(at(sent)))));
        }
        Self { columns, lists }
    }

    /// The values of [`COLUMNS`].
    pub(crate) fn params(&self) -> &[Value] {
        &self.columns
    }

    /// The rows of the order's lists.
    fn rows(&self, tenant: &TenantId, order: OrderId) -> Vec<Vec<Value>> {
        let mut rows: Vec<Vec<Value>> = Vec::with_capacity(self.lists.len());
        for (field, value) in &self.lists {
            let row = params![tenant.as_str(), field.name(), value.as_str(), order.number()].to_vec();
            if !rows.contains(&row) {
                rows.push(row);
            }
        }
        rows
    }
}

impl Tx<'_> {
    /// Keeps the lists of orders: those of new ones are added, those of changed ones take the place of what was there.
    /// Two statements, however many orders there are.
    pub(crate) async fn keep_lists(&mut self, tenant: &TenantId, orders: &[(OrderId, bool, &Searched)]) -> Result<()> {
        let changed = orders.iter().filter(|(_, is_new, _)| !is_new);
        let gone: Vec<_> = changed.map(|(id, ..)| params![tenant.as_str(), id.number()].to_vec()).collect();
        if !gone.is_empty() {
            self.delete_all("order_values", &["tenant_id", "order_id"], &gone).await?;
        }
        let rows: Vec<_> = orders.iter().flat_map(|(id, _, searched)| searched.rows(tenant, *id)).collect();
        if rows.is_empty() {
            return Ok(());
        }
        self.insert_missing("order_values", &["tenant_id", "field", "value", "order_id"], &rows).await
    }

    /// Brings an order's stage up to date after one of its shipments, or what is known of its address, changed. What a
    /// client said of it stands until the stage is another one, and longer when it was said with the change itself.
    pub(crate) async fn restage_order(&mut self, tenant: &TenantId, order: OrderId, was_said: bool) -> Result<()> {
        // The same rules as domain::stage::Stage::of, which a test holds against this.
        const RESTAGE: &str = "
            with taken(position, tracking) as (
                select position, tracking from parcels
                where tenant_id = $1 and order_id = $2 and is_live = 1 and booked_at is not null
            ), live(booked, troubled, delivered, scanned) as (
                select count(*),
                    cast(coalesce(sum(case when tracking in ('undeliverable', 'returning', 'returned', 'lost')
                        then 1 else 0 end), 0) as bigint),
                    cast(coalesce(sum(case when tracking = 'delivered' then 1 else 0 end), 0) as bigint),
                    cast(coalesce(sum(case when tracking not in ('unknown', 'announced') then 1 else 0 end), 0) as bigint)
                from taken
            ), found(stage, booked) as (
                select case
                    when booked = 0 and (select status from shipments where tenant_id = $1 and order_id = $2
                        order by id desc limit 1) = 'failed' then 'review'
                    when booked = 0 and (select unserved_after from orders where tenant_id = $1 and id = $2)
                        = coalesce((select max(id) from shipments where tenant_id = $1 and order_id = $2), 0) then 'review'
                    when booked = 0 and (select address_status from orders where tenant_id = $1 and id = $2) = 'failed'
                        then 'review'
                    when booked = 0 then 'open'
                    when troubled > 0 then 'troubled'
                    when delivered = booked then 'delivered'
                    when scanned > 0 then 'shipped'
                    else 'labelled' end,
                    (select min(next.position) from (select cast(1 as bigint) as position
                            union all select position + 1 from taken) as next
                        where not exists (select 1 from taken where taken.position = next.position)) - 1
                from live
            )
            update orders set
                standing = case when cast($3 as bigint) = 1 or stage = (select found.stage from found) then standing
                    else (select found.stage from found) end,
                stage = (select found.stage from found),
                booked = (select found.booked from found)
            where tenant_id = $1 and id = $2 and cancelled_at is null
                and (stage <> (select found.stage from found) or booked <> (select found.booked from found))";
        self.execute_later(RESTAGE, &[params![tenant.as_str(), order.number(), was_said].to_vec()]).await
    }

    /// Whether there are orders that are older than the search columns.
    pub(crate) async fn has_unsearched_orders(&mut self) -> Result<bool> {
        Ok(self.row("select 1 from orders where is_searched = 0 limit 1", &[]).await?.is_some())
    }

    /// Fills the search columns of orders that are older than the columns; answers how many it filled.
    pub(crate) async fn search_old_orders(&mut self, limit: usize) -> Result<usize> {
        const OLD: &str = "select tenant_id, id, body, address_check from orders where is_searched = 0 limit $1";
        let rows = self.rows(OLD, &params![limit]).await?;
        let mut changes = Vec::with_capacity(rows.len());
        for row in &rows {
            let tenant = crate::codec::known(TenantId::new(row.text(0)?), "tenant id")?;
            let order = id(row.int(1)?, OrderId::new)?;
            let searched = Searched::of(&from_json::<OrderDetails>(row.str(2)?)?);
            self.keep_lists(&tenant, &[(order, false, &searched)]).await?;
            self.restate_address(&tenant, order, row.opt_text(3)?.as_deref(), row.str(2)?).await?;
            self.restage_order(&tenant, order, false).await?;
            let mut change = params![tenant.as_str(), order.number()].to_vec();
            change.extend_from_slice(searched.params());
            changes.push(change);
        }
        self.update_all("orders", &["tenant_id", "id"], &COLUMNS, &changes).await?;
        Ok(rows.len())
    }
}
