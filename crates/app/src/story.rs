//! A story: everything stored of an order, for interfaces that tell in words of their own where it stands.

use domain::document::{Document, DocumentKind};
use domain::event::Event;
use domain::ids::{OrderId, ParcelId};
use domain::order::Order;
use domain::page::Page;
use domain::shipment::{Shipment, ShipmentStatus};
use domain::tenant::{Scope, TenantId};
use domain::tracking::TrackingEvent;
use domain::{Result, Timestamp};
use store::Tx;

use crate::orders::{OrderFilter, OrderPage, OrderSort, SortValue};
use crate::{App, Caller};

/// An order, what was done about it, and what its carriers say.
#[derive(Clone, Debug)]
pub struct Story {
    /// The order.
    pub order: Order,
    /// Its shipments, oldest first.
    pub shipments: Vec<Shipment>,
    /// Its events, oldest first.
    pub events: Vec<Event>,
    /// What the carriers say of its parcels, oldest first.
    pub tracking: Vec<TrackingEvent>,
    /// The stored labels of its latest shipment.
    pub labels: Vec<Document>,
}

impl Story {
    /// The shipment that counts: the live one, else the latest.
    pub fn shipment(&self) -> Option<&Shipment> {
        self.shipments.iter().rfind(|shipment| shipment.is_live()).or(self.shipments.last())
    }

    /// The shipment a carrier said yes to, if one stands.
    pub fn booked(&self) -> Option<&Shipment> {
        let holds = |one: &&Shipment| {
            one.is_live() && matches!(one.status, ShipmentStatus::Booked | ShipmentStatus::Cancelling)
        };
        self.shipments.iter().rfind(holds)
    }

    /// When anything about it last changed.
    pub fn changed_at(&self) -> Timestamp {
        let of_shipments = self.shipments.iter().map(|shipment| shipment.modified_at);
        let of_events = self.events.iter().map(|event| event.at);
        let of_tracking = self.tracking.iter().map(|event| event.received_at);
        of_shipments.chain(of_events).chain(of_tracking).fold(self.order.modified_at, Timestamp::max)
    }
}

/// Which part of a list of stories, newest order first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoryPage {
    /// Start behind this order: when it was created, and its id.
    pub after: Option<(Timestamp, OrderId)>,
    /// Walk towards newer orders instead; rows still come newest first.
    pub backwards: bool,
    /// How many.
    pub limit: usize,
}

/// Which part of a list of stories, by how many are left out first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoryList {
    /// Sort columns, as [`OrderPage`] has them.
    pub sort: Vec<(OrderSort, bool)>,
    /// Leave out this many first.
    pub skip: usize,
    /// How many.
    pub limit: usize,
}

/// Orders that are looked at in one transaction.
pub(crate) const BATCH: usize = 250;

impl App {
    /// Everything stored of an order.
    pub async fn story(&self, caller: &Caller, order: Order) -> Result<Story> {
        caller.require(Scope::Read)?;
        let tenant = caller.tenant().clone();
        let told = self.store().read(async move |tx| tell(tx, &tenant, vec![order.clone()]).await).await?;
        told.into_iter().next().ok_or(domain::Error::NotFound("order"))
    }

    /// The story of an order that the caller has just changed, shown to it whether or not its key may read others.
    pub async fn retold(&self, caller: &Caller, id: OrderId) -> Result<Story> {
        let reader = caller.as_reader();
        let order = self.order(&reader, id).await?;
        self.story(&reader, order).await
    }

    /// When an order was created, also one that is deleted since: its place in lists.
    pub async fn created_at(&self, caller: &Caller, id: OrderId) -> Result<Option<Timestamp>> {
        caller.require(Scope::Read)?;
        let tenant = caller.tenant().clone();
        let order = self.store().read(async move |tx| tx.order_ever(&tenant, id).await).await?;
        Ok(order.map(|order| order.created_at))
    }

    /// The orders that fit a filter and are worth keeping, newest first, with everything stored of each.
    pub async fn stories(
        &self,
        caller: &Caller,
        filter: OrderFilter,
        page: StoryPage,
        keep: impl Fn(&Story) -> bool,
    ) -> Result<Page<Story>> {
        caller.require(Scope::Read)?;
        let place = |(at, id): (Timestamp, OrderId)| {
            vec![SortValue::Int(domain::time::to_micros(at)), SortValue::Int(id.number() as i64)]
        };
        let mut after = page.after.map(place);
        let mut kept = Vec::new();
        loop {
            let part = OrderPage {
                sort: vec![(OrderSort::CreatedAt, true), (OrderSort::Id, true)],
                after: after.clone(),
                backwards: page.backwards,
                skip: 0,
                limit: BATCH,
            };
            let (tenant, filter) = (caller.tenant().clone(), filter.clone());
            let (mut told, last) = self
                .store()
                .read(async move |tx| {
                    let listed = tx.list_orders(&tenant, &filter, &part).await?;
                    let end = if part.backwards { listed.first() } else { listed.last() };
                    let last = end.map(|end| end.place.clone()).filter(|_| listed.len() > BATCH);
                    let orders = listed.into_iter().map(|listed| listed.order).collect();
                    Ok((tell(tx, &tenant, orders).await?, last))
                })
                .await?;
            if page.backwards {
                told.reverse();
            }
            kept.extend(told.into_iter().filter(&keep));
            match last {
                Some(last) if kept.len() <= page.limit => after = Some(last),
                _ => break,
            }
        }
        let has_more = kept.len() > page.limit;
        kept.truncate(page.limit);
        if page.backwards {
            kept.reverse();
        }
        Ok(Page { rows: kept, has_more })
    }
}

impl App {
    /// The orders that fit a filter, in any order, with everything stored of each. With `keep` only those worth keeping:
    /// then every order that fits the filter is looked at until there are enough.
    pub async fn list_stories(
        &self,
        caller: &Caller,
        filter: OrderFilter,
        list: StoryList,
        keep: Option<impl Fn(&Story) -> bool>,
    ) -> Result<Vec<Story>> {
        caller.require(Scope::Read)?;
        let mut after = None;
        let mut to_leave_out = if keep.is_some() { list.skip } else { 0 };
        let mut kept: Vec<Story> = Vec::new();
        while kept.len() < list.limit {
            let part = OrderPage {
                sort: list.sort.clone(),
                skip: if keep.is_none() && after.is_none() { list.skip } else { 0 },
                after,
                backwards: false,
                limit: if keep.is_some() { BATCH } else { BATCH.min(list.limit - kept.len()) },
            };
            let (tenant, filter) = (caller.tenant().clone(), filter.clone());
            let (told, last) = self
                .store()
                .read_list(async move |tx| {
                    let mut listed = tx.list_orders(&tenant, &filter, &part).await?;
                    let has_more = listed.len() > part.limit;
                    listed.truncate(part.limit);
                    let last = listed.last().map(|last| last.place.clone()).filter(|_| has_more);
                    let orders = listed.into_iter().map(|listed| listed.order).collect();
                    Ok((tell(tx, &tenant, orders).await?, last))
                })
                .await?;
            for story in told {
                if keep.as_ref().is_some_and(|keep| !keep(&story)) {
                    continue;
                }
                if to_leave_out > 0 {
                    to_leave_out -= 1;
                } else if kept.len() < list.limit {
                    kept.push(story);
                }
            }
            after = last;
            if after.is_none() {
                break;
            }
        }
        Ok(kept)
    }

    /// The story of the order that a parcel belongs to, shown to whoever may see it.
    pub async fn story_of_parcel(&self, caller: &Caller, parcel: ParcelId) -> Result<Story> {
        caller.require(Scope::Read)?;
        let tenant = caller.tenant().clone();
        let told = self
            .store()
            .read(async move |tx| {
                let Some((_, order)) = tx.place_of_parcel(&tenant, parcel).await? else { return Ok(Vec::new()) };
                let order = tx.order(&tenant, order).await?;
                tell(tx, &tenant, order.into_iter().collect()).await
            })
            .await?;
        told.into_iter().next().ok_or(domain::Error::NotFound("shipment"))
    }

    /// The same for a parcel of an order that the caller has just changed.
    pub async fn retold_of_parcel(&self, caller: &Caller, parcel: ParcelId) -> Result<Story> {
        self.story_of_parcel(&caller.as_reader(), parcel).await
    }

    /// Parcels of live shipments in the order of their ids, by the carrier's number when one is named, each with the story
    /// of its order.
    pub async fn list_parcels(
        &self,
        caller: &Caller,
        number: Option<String>,
        skip: usize,
        limit: usize,
    ) -> Result<Vec<(ParcelId, Story)>> {
        caller.require(Scope::Read)?;
        let tenant = caller.tenant().clone();
        let list = async move |tx: &mut Tx<'_>| {
            let found = tx.live_parcels(&tenant, number.as_deref(), skip, limit).await?;
            let mut ids: Vec<OrderId> = found.iter().map(|(_, order)| *order).collect();
            ids.sort_unstable();
            ids.dedup();
            let orders: Vec<Order> = tx.orders_ever(&tenant, &ids).await?.into_iter().flatten().collect();
            let stories = tell(tx, &tenant, orders).await?;
            let story = |order: OrderId| stories.iter().find(|story| story.order.id == order).cloned();
            Ok(found.into_iter().filter_map(|(parcel, order)| Some((parcel, story(order)?))).collect())
        };
        self.store().read_list(list).await
    }
}

pub(crate) async fn tell(tx: &mut Tx<'_>, tenant: &TenantId, orders: Vec<Order>) -> Result<Vec<Story>> {
    let ids: Vec<_> = orders.iter().map(|order| order.id).collect();
    let shipments = tx.shipments_of_orders(tenant, &ids).await?;
    let events = tx.events_of_orders(tenant, &ids).await?;
    let parcels: Vec<_> =
        shipments.iter().flatten().flat_map(|one| one.parcels.iter().map(|parcel| parcel.id)).collect();
    let mut tracking = tx.tracking_events_of(tenant, &parcels).await?.into_iter();
    let mut stories = Vec::with_capacity(orders.len());
    for ((order, shipments), events) in orders.into_iter().zip(shipments).zip(events) {
        let count = shipments.iter().map(|shipment| shipment.parcels.len()).sum();
        let mut told: Vec<TrackingEvent> = tracking.by_ref().take(count).flatten().collect();
        told.sort_by_key(|event| (event.sort_at, event.id));
        stories.push(Story { order, shipments, events, tracking: told, labels: Vec::new() });
    }
    let booked: Vec<_> = stories.iter().filter_map(Story::booked).map(|shipment| shipment.id).collect();
    let mut documents = tx.documents_of_shipments(tenant, &booked).await?.into_iter();
    for story in stories.iter_mut().filter(|story| story.booked().is_some()) {
        let of_it = documents.next().unwrap_or_default();
        story.labels = of_it.into_iter().filter(|document| document.kind == DocumentKind::Label).collect();
    }
    Ok(stories)
}
