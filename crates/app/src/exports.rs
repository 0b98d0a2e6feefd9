//! Exports: everything of a period, page by page in one order, for files.

use std::collections::HashMap;

use domain::ids::OrderId;
use domain::order::Order;
use domain::shipment::Shipment;
use domain::tenant::Scope;
use domain::{Result, Timestamp};
pub use store::shipments::ShipmentPlace;

use crate::orders::{ListedOrder, OrderFilter, OrderPage, OrderSort, SortValue};
use crate::{App, Caller};

/// Things of one page.
pub const PAGE: usize = 200;

/// From when, and until before when.
pub type Period = (Option<Timestamp>, Option<Timestamp>);

/// A shipment and its order, which may be deleted since.
#[derive(Clone, Debug)]
pub struct ShipmentOfOrder {
    /// The shipment.
    pub shipment: Shipment,
    /// The order.
    pub order: Option<Order>,
}

impl App {
    /// Orders placed in a period, by that time and id, after a place in that order; fewer than [`PAGE`] end the list.
    pub async fn export_orders(
        &self,
        caller: &Caller,
        period: Period,
        after: Option<Vec<SortValue>>,
    ) -> Result<Vec<ListedOrder>> {
        let filter = OrderFilter { placed_from: period.0, placed_before: period.1, ..OrderFilter::default() };
        let sort = vec![(OrderSort::PlacedAt, false), (OrderSort::Id, false)];
        // One more than asked for says that more follow, which nobody needs to know here.
        let page = OrderPage { sort, after, backwards: false, skip: 0, limit: PAGE - 1 };
        self.list_orders(caller, filter, page).await
    }

    /// Shipments made in a period, oldest first, after a place in that order; fewer than [`PAGE`] end the list.
    pub async fn export_shipments(
        &self,
        caller: &Caller,
        period: Period,
        after: Option<ShipmentPlace>,
    ) -> Result<Vec<ShipmentOfOrder>> {
        caller.require(Scope::Read)?;
        let tenant = caller.tenant().clone();
        let list = async move |tx: &mut store::Tx<'_>| {
            let shipments = tx.shipments_made(&tenant, period, after, PAGE).await?;
            let mut ids: Vec<OrderId> = shipments.iter().map(|shipment| shipment.order).collect();
            ids.sort_unstable();
            ids.dedup();
            let orders = tx.orders_ever(&tenant, &ids).await?;
            let orders: HashMap<_, _> = orders.into_iter().flatten().map(|order| (order.id, order)).collect();
            let of_order = |shipment: Shipment| {
                let order = orders.get(&shipment.order).cloned();
                ShipmentOfOrder { shipment, order }
            };
            Ok(shipments.into_iter().map(of_order).collect())
        };
        self.store().read_list(list).await
    }
}
