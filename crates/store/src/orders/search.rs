//! Orders as people look for them: newest first, by a few filters, or by the beginning of a number.
//!
//! Every part of it looks at a bounded number of index entries. What looked far and found little says from where to go on.

use std::collections::HashSet;

use domain::Result;
use domain::channel::ChannelNumber;
use domain::ids::OrderId;
use domain::order::Order;
use domain::stage::Stage;
use domain::tenant::TenantId;

use super::{COLUMNS, order};
use crate::codec::{id, key};
use crate::{Tx, Value, params};

/// Index entries that one page looks at.
pub const LOOKED_AT: usize = 2_000;

/// Orders, newest first, whose names and cities a search by text looks through besides its indexes.
pub const READ_THROUGH: usize = 1_000;

/// Which orders. Every part that is given narrows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OrderSearch {
    /// Where they stand.
    pub stage: Option<Stage>,
    /// The country they go to, as typed.
    pub country: Option<String>,
    /// Where they come from.
    pub channel: Option<ChannelNumber>,
    /// The beginning of a number, a shop's id, a tracking number or an SSCC; or what stands in a name, company, city or e-mail
    /// address of one of the newest orders.
    pub text: Option<String>,
    /// Only older ones than this.
    pub below: Option<OrderId>,
    /// How many.
    pub limit: usize,
}

/// A part of what was looked for.
#[derive(Clone, Debug, PartialEq)]
pub struct FoundPart {
    /// The orders, newest first.
    pub orders: Vec<Order>,
    /// Where to look on; `None` when nothing is left.
    pub next: Option<OrderId>,
    /// Whether a search by text would find more, so that more of it should be typed.
    pub has_more: bool,
}

impl OrderSearch {
    fn fits(&self, order: &Order) -> bool {
        let country = || order.details.shipping_address.as_ref().and_then(|address| address.country.as_deref());
        self.stage.is_none_or(|stage| order.standing == stage)
            && self.channel.is_none_or(|channel| order.channel == channel)
            && self.country.as_deref().is_none_or(|wanted| country() == Some(wanted))
    }

    /// The conditions and their parameters, from `$3` on; the first one leads an index.
    fn conditions(&self) -> Vec<(&'static str, Value)> {
        let stage = self.stage.map(|stage| ("standing", stage.as_str().into()));
        let country = self.country.as_deref().map(|country| ("country", country.into()));
        let channel = self.channel.map(|channel| ("channel", channel.0.into()));
        [stage, country, channel].into_iter().flatten().collect()
    }
}

/// Whether a text stands in what people know an order by.
fn is_about(order: &Order, folded: &str) -> bool {
    let details = &order.details;
    let address = details.shipping_address.as_ref();
    let of_address = address.into_iter().flat_map(|one| [&one.name, &one.company, &one.city, &one.email]);
    let of_customer = details.customer.iter().flat_map(|one| [&one.name, &one.email]);
    of_address.chain(of_customer).flatten().any(|text| text.to_lowercase().contains(folded))
}

impl Tx<'_> {
    /// A part of what is looked for.
    pub async fn search_orders(&mut self, tenant: &TenantId, search: &OrderSearch) -> Result<FoundPart> {
        match search.text.as_deref().map(str::trim).filter(|text| !text.is_empty() && !text.contains('\0')) {
            Some(text) => self.orders_by_text(tenant, search, text).await,
            None => self.orders_by_filter(tenant, search).await,
        }
    }

    async fn orders_by_filter(&mut self, tenant: &TenantId, search: &OrderSearch) -> Result<FoundPart> {
        let below = search.below.map_or(i64::MAX, |id| id.number() as i64);
        let conditions = search.conditions();
        let first = conditions.first().map_or(String::new(), |(column, _)| format!(" and {column} = $3"));
        let walk = format!(
            "select id from (select id from orders where tenant_id = $1 and id < $2{first} order by id desc limit {LOOKED_AT})
             as walked order by id limit 1"
        );
        let mut asked = params![tenant.as_str(), below].to_vec();
        asked.extend(conditions.first().map(|(_, value)| value.clone()));
        let floor = self.row(&walk, &asked).await?.map_or(Ok(below), |row| row.int(0))?;
        let mut sql = format!("select {COLUMNS} from orders where tenant_id = $1 and id < $2");
        let mut asked = params![tenant.as_str(), below].to_vec();
        for (column, value) in conditions {
            asked.push(value);
            sql = format!("{sql} and {column} = ${}", asked.len());
        }
        asked.push(floor.into());
        let sql =
            format!("{sql} and id >= ${} and is_deleted = 0 order by id desc limit {}", asked.len(), search.limit + 1);
        let rows = self.rows(&sql, &asked).await?;
        let mut orders = rows.iter().map(order).collect::<Result<Vec<_>>>()?;
        let next = if orders.len() > search.limit {
            orders.truncate(search.limit);
            orders.last().map(|last| last.id)
        } else if floor < below {
            self.older(tenant, search, floor).await?
        } else {
            None
        };
        Ok(FoundPart { orders, next, has_more: false })
    }

    /// Where to look on below `floor`, if anything is there.
    async fn older(&mut self, tenant: &TenantId, search: &OrderSearch, floor: i64) -> Result<Option<OrderId>> {
        let conditions = search.conditions();
        let first = conditions.first().map_or(String::new(), |(column, _)| format!(" and {column} = $3"));
        let sql = format!("select id from orders where tenant_id = $1 and id < $2{first} order by id desc limit 1");
        let mut asked = params![tenant.as_str(), floor].to_vec();
        asked.extend(conditions.first().map(|(_, value)| value.clone()));
        let is_there = self.row(&sql, &asked).await?.is_some();
        Ok(if is_there { OrderId::new(floor as u64) } else { None })
    }

    async fn orders_by_text(&mut self, tenant: &TenantId, search: &OrderSearch, text: &str) -> Result<FoundPart> {
        let folded = key(text);
        let mut ids = HashSet::new();
        for (sql, start) in [
            (
                "select id from orders where tenant_id = $1 and number_key >= $2 and number_key < $3 order by number_key limit $4",
                folded.as_str(),
            ),
            (
                "select id from orders where tenant_id = $1 and external_id_key >= $2 and external_id_key < $3 order by external_id_key limit $4",
                folded.as_str(),
            ),
            (
                "select order_id from parcels where tenant_id = $1 and tracking_number >= $2 and tracking_number < $3 order by tracking_number limit $4",
                text,
            ),
        ] {
            let end = format!("{start}\u{10ffff}");
            let rows = self.rows(sql, &params![tenant.as_str(), start, end.as_str(), LOOKED_AT / 4]).await?;
            for row in &rows {
                ids.insert(id(row.int(0)?, OrderId::new)?);
            }
        }
        let mut ids: Vec<_> = ids.into_iter().collect();
        ids.sort_unstable_by(|a, b| b.cmp(a));
        ids.truncate(LOOKED_AT / 4);
        let sql = format!("select {COLUMNS} from orders where tenant_id = $1 and id = $2 and is_deleted = 0");
        let asks: Vec<_> = ids.iter().map(|id| params![tenant.as_str(), id.number()].to_vec()).collect();
        let rows = if asks.is_empty() { Vec::new() } else { self.rows_many(&sql, &asks).await? };
        let mut found = rows.iter().flatten().map(order).collect::<Result<Vec<_>>>()?;
        found.retain(|order| search.fits(order));
        if found.len() <= search.limit {
            let sql = format!(
                "select {COLUMNS} from orders where tenant_id = $1 and is_deleted = 0 order by id desc limit {READ_THROUGH}"
            );
            let known: HashSet<_> = found.iter().map(|order| order.id).collect();
            for row in &self.rows(&sql, &params![tenant.as_str()]).await? {
                let read = order(row)?;
                let number = read.details.number.as_deref().unwrap_or_default().to_lowercase();
                let is_it = number.contains(&folded) || is_about(&read, &folded);
                if is_it && search.fits(&read) && !known.contains(&read.id) {
                    found.push(read);
                }
            }
            found.sort_by_key(|order| std::cmp::Reverse(order.id));
        }
        let has_more = found.len() > search.limit;
        found.truncate(search.limit);
        Ok(FoundPart { orders: found, next: None, has_more })
    }

    /// Orders that stand so, counted to `most`.
    pub async fn count_orders(&mut self, tenant: &TenantId, stage: Stage, most: usize) -> Result<usize> {
        const COUNT: &str = "
            select count(*) from
                (select 1 from orders where tenant_id = $1 and standing = $2 and is_deleted = 0 limit $3) as counted";
        let row = self.row(COUNT, &params![tenant.as_str(), stage.as_str(), most]).await?;
        row.map_or(Ok(0), |row| Ok(row.int(0)? as usize))
    }

    /// The orders that what was scanned or typed names: by a box's SSCC or tracking number, else by their own number or the
    /// shop's id; the newest of them, `most` at most.
    pub async fn orders_named(&mut self, tenant: &TenantId, code: &str, most: usize) -> Result<Vec<OrderId>> {
        const BY_BOX: &str = "
            select order_id from parcels where tenant_id = $1 and sscc = $2
            union select order_id from parcels where tenant_id = $1 and tracking_number = $3
            order by 1 desc limit $4";
        const BY_NAME: &str = "
            select id from orders where tenant_id = $1 and number_key = $2 and is_deleted = 0
            union select id from orders where tenant_id = $1 and number_key = $3 and is_deleted = 0
            union select id from orders where tenant_id = $1 and external_id_key = $2 and is_deleted = 0
            order by 1 desc limit $4";
        let sscc = code.strip_prefix("00").filter(|rest| rest.len() == 18).unwrap_or(code);
        let mut rows = self.rows(BY_BOX, &params![tenant.as_str(), sscc, code, most]).await?;
        if rows.is_empty() {
            let named = key(code);
            let signed = format!("#{named}");
            rows = self.rows(BY_NAME, &params![tenant.as_str(), named, signed, most]).await?;
        }
        rows.iter().map(|row| id(row.int(0)?, OrderId::new)).collect()
    }
}
