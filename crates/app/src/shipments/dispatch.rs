//! Dispatch: an order that is created and shipped in one call, edited with its shipment, and cancelled as a whole.
//!
//! An order that no carrier takes is kept, with an event that says why, so that it can be edited and dispatched again.

use std::sync::Arc;
use std::time::Duration;

use domain::event::{About, EventKind};
use domain::ids::{EventId, OrderId};
use domain::order::{Order, OrderDetails};
use domain::shipment::{Replaced, Shipment, ShipmentStatus};
use domain::tenant::{Scope, TenantId};
use domain::{Error, Result, Timestamp};
use store::dispatches::Dispatch;

use super::boxes::pack;
use super::{Asking, ShipWish, requested};
use crate::orders::{Beginning, NewOrder, OrderDraft, taken, tentative};
use crate::story::Story;
use crate::tenants::Account;
use crate::{App, Caller, event};

impl App {
    /// Creates an order that must be new and ships it at once. What is wrong with the order is found before anything is
    /// stored; what comes of shipping it is the inner answer, and leaves the order behind, to be dispatched again.
    pub async fn dispatch_new(
        &self,
        caller: &Caller,
        draft: OrderDraft,
        wish: &ShipWish,
    ) -> Result<(Order, Result<Shipment>)> {
        may_dispatch(caller, &draft, wish, self.now())?;
        let new = self.new_order(caller, draft, Beginning::default()).await?;
        if !knows_rates_at_once(caller) {
            let order = self.store_new_order(caller, new).await?;
            let shipped = Box::pin(self.dispatch(caller, order.id, wish)).await;
            return Ok((order, shipped));
        }
        // One that is known already takes no serials and leaves no file behind.
        if self.is_taken(caller, &new.order).await? {
            return Err(taken(&new.order.details));
        }
        match Box::pin(self.planned(caller, &new.order, wish, &[], None)).await {
            Ok(planned) => {
                let shipment = Box::pin(self.store_with_order(caller, &new, planned)).await?;
                let shipped = Box::pin(self.book_begun(caller, shipment, wish)).await;
                let id = new.order.id;
                Ok((Arc::unwrap_or_clone(new).order, self.noted(caller, id, shipped).await?))
            }
            Err(error) => {
                let order = self.store_new_order(caller, new).await?;
                let shipped = self.noted(caller, order.id, Err(error)).await?;
                Ok((order, shipped))
            }
        }
    }

    /// Whether the order's channel has one with its external id.
    async fn is_taken(&self, caller: &Caller, order: &Order) -> Result<bool> {
        let Some(external_id) = order.details.external_id.clone() else { return Ok(false) };
        let (tenant, channel) = (caller.tenant().clone(), order.channel);
        let found = self.store().read(async move |tx| tx.orders_in_channels(&tenant, &[(channel, &external_id)]).await);
        Ok(found.await?.iter().any(Option::is_some))
    }

    /// Stores a new order and the shipment it begins with in one transaction, and what comes of booking it where nobody is
    /// asked for that either.
    async fn store_with_order(&self, caller: &Caller, new: &Arc<NewOrder>, planned: Shipment) -> Result<Shipment> {
        let (tenant, begun) = (caller.tenant().clone(), Arc::clone(new));
        let event_id = self.one_id("events", EventId::new).await?;
        let yes = Box::pin(self.yes_at_once(&tenant, &planned)).await?;
        let stored = self.store().write(async move |tx| {
            if !begun.store(tx, &tenant).await? {
                return Ok(None);
            }
            let asked = event(event_id, EventKind::ShipmentRequested, planned.created_at, requested(&planned));
            let news = vec![begun.created.clone(), asked];
            if let Some(yes) = &yes {
                return yes.store(tx, &tenant, &planned, news).await.map(Some);
            }
            tx.add_shipment(&tenant, &planned).await?;
            tx.emit_all(&tenant, &news).await?;
            Ok(Some(planned.clone()))
        });
        let shipment = stored.await?.ok_or_else(|| taken(&new.order.details))?;
        self.wakes().events.notify_one();
        self.wakes().addresses.notify_one();
        Ok(shipment)
    }

    /// Ships an order and writes down why, when no carrier could be asked.
    async fn dispatch(&self, caller: &Caller, order: OrderId, wish: &ShipWish) -> Result<Shipment> {
        let shipped = Box::pin(self.ship(caller, order, wish)).await;
        self.noted(caller, order, shipped).await?
    }

    /// What came of shipping an order; why no carrier could be asked is written down.
    async fn noted(&self, caller: &Caller, order: OrderId, shipped: Result<Shipment>) -> Result<Result<Shipment>> {
        if let Err(error) = &shipped
            && is_unserved(error)
        {
            self.note_unserved(caller.tenant(), order, error, None).await?;
        }
        Ok(shipped)
    }

    /// Writes down why nobody ships an order. A dispatch that was taken up ends with it; one that is somebody else's by
    /// now has nothing to tell.
    pub(crate) async fn note_unserved(
        &self,
        tenant: &TenantId,
        order: OrderId,
        why: &Error,
        taken: Option<&Dispatch>,
    ) -> Result<()> {
        let id = self.one_id("events", EventId::new).await?;
        let reason: String = why.to_string().chars().take(2_000).collect();
        let about = About { order: Some(order), reason: Some(reason), ..About::default() };
        let (tenant, unserved) = (tenant.clone(), event(id, EventKind::OrderUnserved, self.now(), about));
        let taken = taken.cloned();
        self.store()
            .write(async move |tx| match &taken {
                Some(taken) if !tx.end_dispatch(taken).await? => Ok(()),
                _ => {
                    tx.mark_unserved(&tenant, order).await?;
                    tx.emit(&tenant, &unserved).await
                }
            })
            .await?;
        self.wakes().events.notify_one();
        Ok(())
    }

    /// Dispatches an order again, if its story allows that.
    pub async fn dispatch_again(
        &self,
        caller: &Caller,
        order: &Order,
        wish: impl Fn(&Story) -> ShipWish,
        may: impl Fn(&Story) -> bool,
    ) -> Result<Shipment> {
        caller.require(Scope::Buy)?;
        let story = self.story(&caller.as_reader(), order.clone()).await?;
        if !may(&story) {
            return Err(Error::Conflict("the order can no longer be dispatched".to_owned()));
        }
        self.dispatch(caller, order.id, &wish(&story)).await
    }

    /// Changes an order. With `rebooks`, a live shipment whose labels no longer fit is voided at its carrier first and
    /// booked anew afterwards; when its carrier refuses, or no carrier would take the changed order, nothing is changed.
    /// What `change` refuses comes back in its own words.
    pub async fn edit_dispatched<R: Send + 'static>(
        &self,
        caller: &Caller,
        id: OrderId,
        rebooks: bool,
        wish: impl Fn(&Order) -> ShipWish + Clone + Send + Sync + 'static,
        change: impl Fn(&Order) -> std::result::Result<OrderDetails, R> + Send + Sync + 'static,
    ) -> Result<std::result::Result<Order, R>> {
        let wished = wish.clone();
        let by = caller.clone();
        let wait = move |order: &Order| store::codec::to_json(&wished(order).of(&by)).map(Some);
        if !rebooks {
            return self.edit_order_with(caller, id, change, wait).await;
        }
        for scope in [Scope::Write, Scope::Buy, Scope::Void] {
            caller.require(scope)?;
        }
        let order = self.order(&caller.as_reader(), id).await?;
        let details = match change(&order) {
            Ok(details) => details,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let voided = self.void_outdated(caller, &Order { details, ..order }, &wish).await?;
        let edited = match self.edit_order_with(caller, id, change, wait).await? {
            Ok(order) => order,
            Err(refusal) => return Ok(Err(refusal)),
        };
        if let Some(voided) = voided {
            let wish = ShipWish { replaces: Some(voided), ..wish(&edited) };
            self.dispatch(caller, id, &wish).await?;
        }
        Ok(Ok(edited))
    }

    /// Voids the shipment of an order whose labels do not fit any more; `None` when they fit, or nothing is booked.
    async fn void_outdated(
        &self,
        caller: &Caller,
        changed: &Order,
        wish: impl Fn(&Order) -> ShipWish,
    ) -> Result<Option<Replaced>> {
        let shipments = self.shipments_of_order(&caller.as_reader(), changed.id).await?;
        let is_outdated =
            |one: &&Shipment| one.status == ShipmentStatus::Booked && !one.outdated(&changed.details).is_empty();
        let Some(outdated) = shipments.iter().find(is_outdated) else { return Ok(None) };
        // A label that stands is not given back before there is something to put in its place.
        let others: Vec<_> = shipments.iter().filter(|one| one.is_live() && one.id != outdated.id).cloned().collect();
        self.plan(caller, changed, &wish(changed), &others, Asking::to_book(self.options(), None)).await?;
        self.cancel_to(caller.tenant(), outdated.id, true, Some(caller.actor())).await?;
        Ok(Some(Replaced { shipment: outdated.id, tracking_numbers: outdated.tracking_numbers() }))
    }

    /// Cancels an order, if its story allows that: voids its live shipments at their carriers first, then marks it, so
    /// that nothing ships it any more. One that is cancelled already is a conflict.
    pub async fn cancel_order(&self, caller: &Caller, id: OrderId, may: impl Fn(&Story) -> Result<()>) -> Result<()> {
        caller.require(Scope::Void)?;
        let reader = caller.as_reader();
        let story = self.story(&reader, self.order(&reader, id).await?).await?;
        may(&story)?;
        let deadline = tokio::time::Instant::now() + self.options().carrier_timeout;
        let (mut is_wished, mut is_asked_again) = (false, false);
        loop {
            let woken = self.wakes().shipments.notified();
            let shipments = self.shipments_of_order(&reader, id).await?;
            let live = shipments.iter().find(|shipment| shipment.is_live());
            // Once the carrier left it open, waiting on tells nobody more.
            let is_open = |live: &Shipment| live.details.failure.as_ref().is_some_and(domain::CarrierError::is_unsure);
            let is_late = tokio::time::Instant::now() >= deadline || live.is_some_and(is_open);
            match live.map(|live| (live.id, live.status)) {
                None => {
                    if self.mark_cancelled(caller, id).await? {
                        return Ok(());
                    }
                }
                Some((shipment, ShipmentStatus::Booked)) => {
                    self.cancel_known(caller.tenant(), shipment, Some(caller.actor())).await?;
                }
                Some((shipment, ShipmentStatus::Booking)) if !is_wished => {
                    self.cancel_known(caller.tenant(), shipment, Some(caller.actor())).await?;
                    is_wished = true;
                }
                // A request that the carrier did not answer may be made again before the job makes it.
                Some((_, ShipmentStatus::Cancelling)) if live.is_some_and(is_open) && !is_asked_again => {
                    is_asked_again = true;
                    if let Some(live) = live {
                        self.finish_cancelling(caller.tenant(), live).await?;
                    }
                }
                Some((shipment, _)) if is_late => {
                    let text = format!("{shipment} is not known to be cancelled yet: the carrier is asked again");
                    return Err(Error::Carrier(domain::CarrierError::unavailable(text), Some(shipment)));
                }
                Some(_) => drop(tokio::time::timeout(Duration::from_millis(50), woken).await),
            }
        }
    }

    /// Marks an order cancelled; false when it has a live shipment after all.
    async fn mark_cancelled(&self, caller: &Caller, id: OrderId) -> Result<bool> {
        let (tenant, now, by) = (caller.tenant().clone(), self.now(), caller.actor());
        let event_id = self.one_id("events", EventId::new).await?;
        let is_marked = self
            .store()
            .write(async move |tx| {
                // The row comes first: whoever begins to ship the order meets this transaction there.
                let Some(version) = tx.mark_order_cancelled(&tenant, id, now).await? else {
                    return match tx.order(&tenant, id).await? {
                        Some(_) => Err(Error::Conflict("the order is cancelled already".to_owned())),
                        None => Err(Error::NotFound("order")),
                    };
                };
                let shipments = tx.shipments_of_order(&tenant, id).await?;
                if shipments.iter().any(Shipment::is_live) {
                    return Err(Error::Unavailable(STILL_LIVE.to_owned()));
                }
                let last = shipments.iter().rfind(|shipment| !shipment.details.is_given_up).map(|shipment| shipment.id);
                let (order, order_version, by) = (Some(id), Some(version), Some(by.clone()));
                let about = About { order, order_version, shipment: last, by, ..About::default() };
                tx.emit(&tenant, &event(event_id, EventKind::OrderCancelled, now, about)).await
            })
            .await;
        match is_marked {
            // The transaction was rolled back, and with it the mark.
            Err(Error::Unavailable(why)) if why == STILL_LIVE => Ok(false),
            marked => {
                self.wakes().events.notify_one();
                marked.map(|()| true)
            }
        }
    }
}

/// Who may create and ship an order, and whether it can be shipped at all, before anything is stored.
pub(super) fn may_dispatch(caller: &Caller, draft: &OrderDraft, wish: &ShipWish, now: Timestamp) -> Result<()> {
    caller.require(Scope::Write)?;
    caller.require(Scope::Buy)?;
    let first = OrderId::new(1).ok_or_else(|| Error::internal("1 is an id"))?;
    let as_it_will_be = tentative(first, draft.clone(), now);
    pack(&as_it_will_be, wish, caller.setup.tenant.default_weight, &[]).map(drop).map_err(Error::Invalid)
}

/// Whether what an order could go by is known without asking anybody: nobody need see the order before. A request that may
/// come again is taken step by step, as its key remembers one step.
fn knows_rates_at_once(caller: &Caller) -> bool {
    let asks_nobody = |account: &Account| account.profile.is_none_or(|profile| profile.asks_nobody);
    caller.once.is_none()
        && caller.setup.tenant.address_check.is_none()
        && caller.setup.accounts.iter().all(asks_nobody)
}

/// Whether an error says that nobody was asked to ship an order, since nobody would.
pub(super) fn is_unserved(error: &Error) -> bool {
    matches!(error, Error::Invalid(_) | Error::Carrier(_, None))
}

/// Why a mark was taken back.
const STILL_LIVE: &str = "the order is being shipped";
