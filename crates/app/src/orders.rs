//! Orders: placed, edited, deleted, found, listed.

use std::collections::HashSet;
use std::sync::Arc;

use domain::act;
use domain::address::AddressStatus;
use domain::change::Change;
use domain::channel::{ChannelNumber, Dialect};
use domain::error::{Problem, Rule};
use domain::event::{About, Event, EventKind};
use domain::ids::{EventId, OrderId};
use domain::order::{Order, OrderDetails};
use domain::stage::Stage;
use domain::tenant::{Scope, TenantId};
use domain::{Error, Result, Timestamp};
use store::Tx;
pub use store::orders::{ListedOrder, OrderFilter, OrderPage, OrderSort, SortValue};
use store::orders::{OrderRow, Upserted};

use crate::{App, Caller, event};

mod laying;

pub use laying::{Batch, Presence};

/// An order as a client sent it.
#[derive(Clone, Debug, PartialEq)]
pub struct OrderDraft {
    /// The order to replace, if the client named one of ours.
    pub id: Option<OrderId>,
    /// Where it comes from.
    pub channel: ChannelNumber,
    /// What was sent.
    pub details: OrderDetails,
}

/// What became of a draft.
#[derive(Clone, Debug, PartialEq)]
pub struct PlacedOrder {
    /// The order's id.
    pub id: OrderId,
    /// Whether it is new.
    pub is_new: bool,
    /// Whether anything of it changed, as when it is new.
    pub is_changed: bool,
    /// When it was placed.
    pub at: Timestamp,
    /// Where it comes from.
    pub channel: ChannelNumber,
    /// What was sent.
    pub details: Arc<OrderDetails>,
}

/// What an order becomes.
#[derive(Clone, Debug, PartialEq)]
pub struct OrderEdit {
    /// What it says now.
    pub details: OrderDetails,
    /// The status a client set, before and after, for the event.
    pub status: Option<(String, String)>,
    /// Where a client says that it stands.
    pub standing: Option<Stage>,
    /// How a client says that its address stands.
    pub address: Option<AddressStatus>,
}

impl From<OrderDetails> for OrderEdit {
    fn from(details: OrderDetails) -> Self {
        Self { details, status: None, standing: None, address: None }
    }
}

/// With what an order begins besides what it says.
#[derive(Debug, Default)]
pub(crate) struct Beginning {
    /// How it is to be shipped, if it is.
    pub(crate) wish: Option<String>,
    /// Where a client says that it stands.
    pub(crate) standing: Option<Stage>,
    /// How a client says that its address stands.
    pub(crate) address: Option<AddressStatus>,
}

/// How a client names an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OrderRef {
    /// By our id.
    Id(OrderId),
    /// By the shop's own id, in a channel if the client named one.
    External(Option<ChannelNumber>, String),
    /// By the number people quote, in a channel if the client named one.
    Number(Option<ChannelNumber>, String),
}

/// An order with what is stored beside it.
#[derive(Clone, Debug)]
pub(crate) struct NewOrder {
    pub(crate) order: Order,
    row: OrderRow,
    /// The event that tells of it.
    pub(crate) created: Event,
    is_checking: bool,
    wish: Option<String>,
    dialect: Dialect,
}

impl NewOrder {
    /// Stores it, without its event; false when its channel has one with the same external id.
    pub(crate) async fn store(&self, tx: &mut Tx<'_>, tenant: &TenantId) -> Result<bool> {
        let (id, now) = (self.order.id, self.order.created_at);
        if !tx.insert_order(tenant, &self.row).await? {
            return Ok(false);
        }
        if self.is_checking {
            tx.check_addresses_at(tenant, &[id], Some(now)).await?;
        }
        if let Some(check) = &self.order.checked {
            tx.note_address_check(tenant, id, check, false).await?;
        }
        if let Some(wish) = &self.wish {
            let location = self.order.details.ship_from.as_deref();
            tx.add_dispatch(tenant, id, location, self.dialect, wish, now).await?;
        }
        Ok(true)
    }
}

impl App {
    /// Creates or replaces orders, all or none. One answer a draft, in order; a draft repeated is applied twice.
    ///
    /// Problems are named by `<index>/id`, `<index>/external_id`, `<index>/channel`.
    pub async fn place_orders(&self, caller: &Caller, drafts: Vec<OrderDraft>) -> Result<Vec<PlacedOrder>> {
        caller.require(Scope::Write)?;
        check_channels(caller, &drafts)?;
        let count = drafts.len();
        let ids = self.ids("orders", count, OrderId::new).await?;
        let events = self.event_ids(count).await?;
        let (now, tenant, zone, by) = (self.now(), caller.tenant().clone(), &caller.setup.zone, caller.actor());
        let mut rows = Vec::with_capacity(count);
        for (draft, id) in drafts.iter().zip(&ids) {
            rows.push(OrderRow::new(draft.id.unwrap_or(*id), draft.channel, &draft.details, zone, now)?);
        }
        let named: Vec<Option<OrderId>> = drafts.iter().map(|draft| draft.id).collect();
        let channels: Vec<_> = drafts.iter().map(|draft| draft.channel).collect();
        let details: Vec<Arc<OrderDetails>> = drafts.into_iter().map(|draft| Arc::new(draft.details)).collect();
        let sent = details.clone();
        let is_checking = caller.setup.tenant.address_check.is_some();
        let upserted = self
            .write_once(caller, async move |tx| {
                let mut answers = Vec::with_capacity(rows.len());
                let mut problems = Vec::new();
                let mut from = 0;
                while from < rows.len() {
                    let run = named[from..].iter().take_while(|id| id.is_none()).count();
                    answers.extend(tx.upsert_orders(&tenant, &rows[from..from + run]).await?);
                    from += run;
                    if let Some(Some(id)) = named.get(from) {
                        match replace(tx, &tenant, *id, &rows[from], &sent[from], from).await? {
                            Ok(answer) => answers.push(answer),
                            Err(problem) => problems.push(problem),
                        }
                        from += 1;
                    }
                }
                if !problems.is_empty() {
                    return Err(Error::Invalid(problems));
                }
                let changed = answers.iter().zip(&sent).zip(&events).filter(|((answer, _), _)| answer.changed);
                let news: Vec<_> = changed
                    .map(|((answer, sent), id)| {
                        let kind = if answer.version == 1 { EventKind::OrderCreated } else { EventKind::OrderUpdated };
                        let stood = answer.before.as_deref();
                        let changes = stood.map(|before| Change::between(before, sent));
                        let (before, after) = stood.map(|before| act::differences(before, &**sent)).unwrap_or_default();
                        let about = About {
                            order: Some(answer.id),
                            order_version: Some(answer.version),
                            changes: changes.unwrap_or_default(),
                            by: Some(by.clone()),
                            before,
                            after,
                            ..About::default()
                        };
                        event(*id, kind, now, about)
                    })
                    .collect();
                if is_checking {
                    let changed = answers.iter().filter(|answer| answer.changed).map(|answer| answer.id);
                    tx.check_addresses_at(&tenant, &changed.collect::<Vec<_>>(), Some(now)).await?;
                }
                tx.emit_all(&tenant, &news).await?;
                Ok(answers)
            })
            .await?;
        self.wakes().events.notify_one();
        self.wakes().addresses.notify_one();
        let placed = upserted.into_iter().zip(channels).zip(details).map(|((answer, channel), details)| PlacedOrder {
            id: answer.id,
            is_new: answer.changed && answer.version == 1,
            is_changed: answer.changed,
            at: now,
            channel,
            details,
        });
        Ok(placed.collect())
    }

    /// Creates an order that must be new in its channel: one that is there already is a problem of `external_id`.
    pub async fn create_order(&self, caller: &Caller, draft: OrderDraft) -> Result<Order> {
        self.create_order_with(caller, draft, Beginning::default()).await
    }

    /// The same; with a wish, that the order is to be shipped so is written down in the same transaction.
    pub(crate) async fn create_order_with(
        &self,
        caller: &Caller,
        draft: OrderDraft,
        beginning: Beginning,
    ) -> Result<Order> {
        let new = self.new_order(caller, draft, beginning).await?;
        self.store_new_order(caller, new).await
    }

    /// An order that is ready to be stored.
    pub(crate) async fn new_order(
        &self,
        caller: &Caller,
        draft: OrderDraft,
        beginning: Beginning,
    ) -> Result<Arc<NewOrder>> {
        caller.require(Scope::Write)?;
        let id = self.one_id("orders", OrderId::new).await?;
        let event_id = self.one_id("events", EventId::new).await?;
        let (now, dialect) = (self.now(), caller.dialect);
        let mut order = tentative(id, draft, now);
        order.standing = beginning.standing.unwrap_or(order.standing);
        let said = beginning.address.filter(|said| *said != AddressStatus::Unverified);
        order.checked = said.map(|said| Box::new(order.address_said(said, now)));
        let is_checking = caller.setup.tenant.address_check.is_some();
        let row = OrderRow::new(id, order.channel, &order.details, &caller.setup.zone, now)?;
        let row = row.standing(beginning.standing);
        let said = beginning.standing.map(|new| Change::Standing { old: Stage::Open, new });
        let changes = said.into_iter().collect();
        let (told, order_version, by) = (Some(id), Some(1), Some(caller.actor()));
        let about = About { order: told, order_version, changes, by, ..About::default() };
        let created = event(event_id, EventKind::OrderCreated, now, about);
        Ok(Arc::new(NewOrder { order, row, created, is_checking, wish: beginning.wish, dialect }))
    }

    /// Stores a new order by itself.
    pub(crate) async fn store_new_order(&self, caller: &Caller, new: Arc<NewOrder>) -> Result<Order> {
        let (tenant, stored) = (caller.tenant().clone(), Arc::clone(&new));
        let created = self.store().write(async move |tx| {
            let is_stored = stored.store(tx, &tenant).await?;
            if is_stored {
                tx.emit(&tenant, &stored.created).await?;
            }
            Ok(is_stored)
        });
        if !created.await? {
            return Err(taken(&new.order.details));
        }
        self.wakes().events.notify_one();
        self.wakes().addresses.notify_one();
        Ok(Arc::unwrap_or_clone(new).order)
    }

    /// An order the caller has just placed, as it stands, whether or not its key may read others.
    pub async fn placed_order(&self, caller: &Caller, placed: PlacedOrder) -> Result<Order> {
        caller.require(Scope::Write)?;
        if !placed.is_new {
            return self.order(&caller.as_reader(), placed.id).await;
        }
        let PlacedOrder { id, at, channel, details, .. } = placed;
        let details = Arc::unwrap_or_clone(details);
        Ok(Order {
            id,
            channel,
            version: 1,
            created_at: at,
            modified_at: at,
            cancelled_at: None,
            standing: Stage::Open,
            checked: None,
            details,
        })
    }

    /// One order.
    pub async fn order(&self, caller: &Caller, id: OrderId) -> Result<Order> {
        caller.require(Scope::Read)?;
        let tenant = caller.tenant().clone();
        let order = self.store().read(async move |tx| tx.order(&tenant, id).await).await?;
        order.ok_or(Error::NotFound("order"))
    }

    /// The same as [`App::find_order`] for a caller that wants to change the order and may not read others.
    pub async fn find_order_to_change(&self, caller: &Caller, named: &OrderRef, scope: Scope) -> Result<Order> {
        caller.require(scope)?;
        self.find_order(&caller.as_reader(), named).await
    }

    /// The one order a client means. By external id: in the channel named, then in the caller's dialect, then
    /// everywhere; the only match is taken, several are none.
    pub async fn find_order(&self, caller: &Caller, named: &OrderRef) -> Result<Order> {
        caller.require(Scope::Read)?;
        let tenant = caller.tenant().clone();
        let (channel, mut found) = match named.clone() {
            OrderRef::Id(id) => return self.order(caller, id).await,
            // No database keeps such a text, so nothing is called so.
            OrderRef::External(_, text) | OrderRef::Number(_, text) if text.contains('\0') => {
                return Err(Error::NotFound("order"));
            }
            OrderRef::External(channel, external_id) => {
                let by_us = OrderId::from_decimal(&external_id);
                let found = self
                    .store()
                    .read(async move |tx| {
                        let mut found = tx.orders_by_external_id(&tenant, &external_id).await?;
                        if found.is_empty()
                            && let Some(id) = by_us
                        {
                            let own = tx.order(&tenant, id).await?;
                            found.extend(
                                own.filter(|order| order.details.external_id.is_none()).map(|order| (order, None)),
                            );
                        }
                        Ok(found)
                    })
                    .await?;
                (channel, found)
            }
            OrderRef::Number(channel, number) => {
                let found = self.store().read(async move |tx| tx.orders_by_number(&tenant, &number).await).await?;
                let dialect_of = |order: &Order| caller.setup.channel(order.channel).map(|channel| channel.dialect);
                (
                    channel,
                    found
                        .into_iter()
                        .map(|order| (dialect_of(&order), order))
                        .map(|(dialect, order)| (order, dialect))
                        .collect(),
                )
            }
        };
        if !keep_any(&mut found, |order, _| channel == Some(order.channel)) {
            keep_any(&mut found, |_, dialect| dialect == Some(caller.dialect));
        }
        match found.len() {
            1 => Ok(found.remove(0).0),
            _ => Err(Error::NotFound("order")),
        }
    }

    /// Part of the list of orders; one row more than asked for when more follow.
    pub async fn list_orders(&self, caller: &Caller, filter: OrderFilter, page: OrderPage) -> Result<Vec<ListedOrder>> {
        caller.require(Scope::Read)?;
        let tenant = caller.tenant().clone();
        self.store().read_list(async move |tx| tx.list_orders(&tenant, &filter, &page).await).await
    }

    /// Changes an order by what `change` makes of it; it runs inside the transaction and again after a lost race. What
    /// `change` refuses comes back in its own words, and nothing is stored.
    pub async fn edit_order<R: Send + 'static>(
        &self,
        caller: &Caller,
        id: OrderId,
        change: impl Fn(&Order) -> std::result::Result<OrderDetails, R> + Send + Sync + 'static,
    ) -> Result<std::result::Result<Order, R>> {
        self.edit_order_with(caller, id, change, |_| Ok(None)).await
    }

    /// The same; `wish` says how an order that waits for being shipped is to be shipped from now on.
    pub(crate) async fn edit_order_with<R: Send + 'static>(
        &self,
        caller: &Caller,
        id: OrderId,
        change: impl Fn(&Order) -> std::result::Result<OrderDetails, R> + Send + Sync + 'static,
        wish: impl Fn(&Order) -> Result<Option<String>> + Send + Sync + 'static,
    ) -> Result<std::result::Result<Order, R>> {
        self.edit(caller, id, move |order, _| change(order).map(OrderEdit::from), wish).await
    }

    /// The same for a change that keeps the id of the event which tells of it.
    pub async fn edit_order_by_event<R: Send + 'static>(
        &self,
        caller: &Caller,
        id: OrderId,
        change: impl Fn(&Order, EventId) -> std::result::Result<OrderEdit, R> + Send + Sync + 'static,
    ) -> Result<std::result::Result<Order, R>> {
        self.edit(caller, id, change, |_| Ok(None)).await
    }

    async fn edit<R: Send + 'static>(
        &self,
        caller: &Caller,
        id: OrderId,
        change: impl Fn(&Order, EventId) -> std::result::Result<OrderEdit, R> + Send + Sync + 'static,
        wish: impl Fn(&Order) -> Result<Option<String>> + Send + Sync + 'static,
    ) -> Result<std::result::Result<Order, R>> {
        caller.require(Scope::Write)?;
        let (now, tenant, zone) = (self.now(), caller.tenant().clone(), caller.setup.zone.clone());
        let event_id = self.one_id("events", EventId::new).await?;
        let (is_checking, by) = (caller.setup.tenant.address_check.is_some(), caller.actor());
        let order = self
            .store()
            .write(async move |tx| {
                let mut order = tx.order(&tenant, id).await?.ok_or(Error::NotFound("order"))?;
                let OrderEdit { details, status, standing, address } = match change(&order, event_id) {
                    Ok(edit) => edit,
                    Err(refusal) => return Ok(Err(refusal)),
                };
                let row = OrderRow::new(id, order.channel, &details, &zone, now)?.standing(standing);
                if order.details.external_id != details.external_id && !tx.rename_order(&tenant, id, &row).await? {
                    return Err(taken(&details));
                }
                let (standing_before, stood) = (order.standing, order.address_status());
                let mut changes = Change::between(&order.details, &details);
                let (before, after) = act::differences(&order.details, &details);
                order.details = details;
                let version = tx.replace_order(&tenant, id, &row).await?;
                if let Some(version) = version {
                    order.version = version;
                    order.standing = standing.unwrap_or(order.standing);
                    if is_checking {
                        tx.check_addresses_at(&tenant, &[id], Some(now)).await?;
                    }
                }
                // Whoever has no word for an address that failed calls it unverified.
                let stands = order.address_status();
                let is_shown_so = |said| said == AddressStatus::Unverified && stands == AddressStatus::Failed;
                let said = address.filter(|said| *said != stands && !is_shown_so(*said));
                if let Some(said) = said {
                    let check = order.address_said(said, now);
                    tx.note_address_check(&tenant, id, &check, standing.is_some()).await?;
                    order.checked = Some(Box::new(check));
                    if version.is_none() {
                        order.version = tx.touch_order(&tenant, id, now).await?;
                    }
                }
                if version.is_some() || said.is_some() {
                    order.modified_at = now;
                    if stood != order.address_status() {
                        changes.push(Change::AddressStatus { old: stood, new: order.address_status() });
                    }
                    if standing_before != order.standing {
                        changes.push(Change::Standing { old: standing_before, new: order.standing });
                    }
                    let (old, new) = status.unzip();
                    let order_version = Some(order.version);
                    let by = Some(by.clone());
                    let about = About {
                        order: Some(id),
                        order_version,
                        old,
                        new,
                        changes,
                        by,
                        before,
                        after,
                        ..About::default()
                    };
                    tx.emit(&tenant, &event(event_id, EventKind::OrderUpdated, now, about)).await?;
                    if let Some(wish) = wish(&order)? {
                        tx.change_dispatch(&tenant, id, &wish).await?;
                    }
                }
                Ok(Ok(order))
            })
            .await?;
        self.wakes().events.notify_one();
        Ok(order)
    }

    /// Deletes an order: cancels its live shipments first, then forgets it. What the carrier refuses to cancel is told
    /// by an event and shown to a person.
    pub async fn delete_order(&self, caller: &Caller, id: OrderId) -> Result<()> {
        self.delete_order_if(caller, id, |_| Ok::<_, Error>(())).await.and_then(|deleted| deleted)
    }

    /// The same if `may` lets it. It is asked before anything is cancelled, and again inside the transaction that deletes:
    /// what it refuses then comes back in its own words, and the order stays, without the shipments that were cancelled.
    pub async fn delete_order_if<R: Send + 'static>(
        &self,
        caller: &Caller,
        id: OrderId,
        may: impl Fn(&Order) -> std::result::Result<(), R> + Clone + Send + Sync + 'static,
    ) -> Result<std::result::Result<(), R>> {
        caller.require(Scope::Write)?;
        let seen = self.order(&caller.as_reader(), id).await?;
        if let Err(refusal) = may(&seen) {
            return Ok(Err(refusal));
        }
        loop {
            let may = may.clone();
            let asked = self.cancel_shipments_of(caller, id).await?;
            let event_id = self.one_id("events", EventId::new).await?;
            let (now, tenant, by) = (self.now(), caller.tenant().clone(), caller.actor());
            let is_deleted = self
                .store()
                .write(async move |tx| {
                    let order = tx.order(&tenant, id).await?.ok_or(Error::NotFound("order"))?;
                    if let Err(refusal) = may(&order) {
                        return Ok(Err(refusal));
                    }
                    // Somebody may have begun to ship it meanwhile: that shipment is cancelled too.
                    let shipments = tx.shipments_of_order(&tenant, id).await?;
                    if shipments.iter().any(|found| found.status.is_live() && !asked.contains(&found.id)) {
                        return Ok(Ok(false));
                    }
                    let version = tx.delete_order(&tenant, id, now).await?.ok_or(Error::NotFound("order"))?;
                    let (order, order_version, by) = (Some(id), Some(version), Some(by.clone()));
                    let about = About { order, order_version, by, ..About::default() };
                    tx.emit(&tenant, &event(event_id, EventKind::OrderDeleted, now, about)).await?;
                    Ok(Ok(true))
                })
                .await?;
            match is_deleted {
                Ok(true) => {
                    self.wakes().events.notify_one();
                    return Ok(Ok(()));
                }
                Ok(false) => {}
                Err(refusal) => return Ok(Err(refusal)),
            }
        }
    }
}

impl App {
    /// Creates an order, or changes the one that its channel has under the same external id by what `change` makes of it.
    /// Says whether it is new.
    pub async fn create_or_edit_order(
        &self,
        caller: &Caller,
        draft: OrderDraft,
        change: impl Fn(&Order, EventId) -> OrderEdit + Clone + Send + Sync + 'static,
    ) -> Result<(OrderId, bool)> {
        const TRIES: usize = 10;
        let is_taken = |problem: &Problem| problem.rule == Rule::Taken && problem.path == "external_id";
        let named = OrderRef::External(Some(draft.channel), draft.details.external_id.clone().unwrap_or_default());
        for _ in 0..TRIES {
            match self.create_order(caller, draft.clone()).await {
                Ok(order) => return Ok((order.id, true)),
                Err(Error::Invalid(problems)) if problems.iter().any(is_taken) => {}
                Err(error) => return Err(error),
            }
            let found = match self.find_order_to_change(caller, &named, Scope::Write).await {
                Ok(found) if found.channel == draft.channel => found.id,
                // It was deleted meanwhile.
                Ok(_) | Err(Error::NotFound(_)) => continue,
                Err(error) => return Err(error),
            };
            let change = change.clone();
            let edit = move |order: &Order, event| Ok::<_, std::convert::Infallible>(change(order, event));
            match self.edit_order_by_event(caller, found, edit).await {
                Ok(Ok(order)) => return Ok((order.id, false)),
                Ok(Err(never)) => match never {},
                Err(Error::NotFound(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Err(Error::Conflict("the order is being created and deleted at this moment: try again".to_owned()))
    }

    /// Deletes every order of a channel that fits a filter and is worth deleting, one by one, and says how many. Begun
    /// again after a crash, it goes on.
    pub async fn delete_orders(
        &self,
        caller: &Caller,
        channel: ChannelNumber,
        filter: OrderFilter,
        is_meant: impl Fn(&Order) -> bool,
    ) -> Result<usize> {
        const BATCH: usize = 100;
        caller.require(Scope::Write)?;
        let (mut deleted, mut after) = (0, None);
        loop {
            let filter = OrderFilter { channels: Some(vec![channel]), ..filter.clone() };
            let sort = vec![(OrderSort::PlacedAt, false), (OrderSort::Id, false)];
            let page = OrderPage { sort, after: after.clone(), backwards: false, skip: 0, limit: BATCH };
            let listed = self.list_orders(&caller.as_reader(), filter, page).await?;
            after = listed.get(BATCH - 1).map(|last| last.place.clone());
            for listed in listed.iter().take(BATCH).filter(|listed| is_meant(&listed.order)) {
                match self.delete_order(caller, listed.order.id).await {
                    Ok(()) => deleted += 1,
                    // Somebody else deleted it meanwhile.
                    Err(Error::NotFound(_)) => {}
                    Err(error) => return Err(error),
                }
            }
            if after.is_none() {
                return Ok(deleted);
            }
        }
    }
}

/// A draft as the order it will be.
pub(crate) fn tentative(id: OrderId, draft: OrderDraft, now: Timestamp) -> Order {
    Order {
        id,
        channel: draft.channel,
        version: 1,
        created_at: now,
        modified_at: now,
        cancelled_at: None,
        standing: Stage::Open,
        checked: None,
        details: draft.details,
    }
}

/// Why an order is not new.
pub(crate) fn taken(details: &OrderDetails) -> Error {
    let text = format!("the channel has an order {:?} already", details.external_id.as_deref().unwrap_or_default());
    Error::Invalid(vec![Problem::of(Rule::Taken, "external_id", text)])
}

/// Replaces one order that a client named by our id. The inner error is the client's to mend.
async fn replace(
    tx: &mut Tx<'_>,
    tenant: &TenantId,
    id: OrderId,
    row: &OrderRow,
    details: &OrderDetails,
    index: usize,
) -> Result<std::result::Result<Upserted, Problem>> {
    let Some(stored) = tx.order(tenant, id).await? else {
        return Ok(Err(Problem::of(Rule::Unknown, format!("{index}/id"), id.number().to_string())));
    };
    if stored.details.external_id != details.external_id {
        let wanted = details.external_id.clone().unwrap_or_default();
        return Ok(Err(Problem::of(Rule::Fixed, format!("{index}/external_id"), wanted)));
    }
    if stored.channel != row.channel {
        return Ok(Err(Problem::of(Rule::Fixed, format!("{index}/channel"), row.channel.0.to_string())));
    }
    let version = tx.replace_order(tenant, id, row).await?;
    let before = version.is_some().then(|| Box::new(stored.details));
    Ok(Ok(Upserted { id, version: version.unwrap_or(stored.version), changed: version.is_some(), before }))
}

/// Every draft must name a channel of the tenant.
fn check_channels(caller: &Caller, drafts: &[OrderDraft]) -> Result<()> {
    let known: HashSet<_> = caller.setup.channels.iter().map(|channel| channel.number).collect();
    let problems: Vec<_> = drafts
        .iter()
        .enumerate()
        .filter(|(_, draft)| !known.contains(&draft.channel))
        .map(|(index, draft)| Problem::of(Rule::Unknown, format!("{index}/channel"), draft.channel.0.to_string()))
        .collect();
    if problems.is_empty() { Ok(()) } else { Err(Error::Invalid(problems)) }
}

/// An order and the dialect of its channel.
type Found = (Order, Option<Dialect>);

/// Keeps what fits, if anything does, and says whether.
fn keep_any(found: &mut Vec<Found>, fits: impl Fn(&Order, Option<Dialect>) -> bool) -> bool {
    let is_any = found.iter().any(|(order, dialect)| fits(order, *dialect));
    if is_any {
        found.retain(|(order, dialect)| fits(order, *dialect));
    }
    is_any
}
