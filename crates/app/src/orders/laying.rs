//! Laying orders over what stands: for interfaces whose clients say whether an order must be new, and cannot say
//! everything an order holds. What they cannot say stays as it is.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use domain::channel::{Channel, ChannelNumber, Dialect};
use domain::customer::{CustomerDetails, CustomerKey};
use domain::error::{Problem, Rule};
use domain::event::{About, EventKind};
use domain::ids::OrderId;
use domain::order::{Order, OrderDetails, RawJson, ShopStatus};
use domain::tenant::{Scope, TenantId};
use domain::{Error, Result};
use store::Tx;
use store::orders::OrderRow;
use store::setup::SetupTx;

use super::{OrderDraft, OrderRef};
use crate::tenants::TenantSetup;
use crate::{App, Caller, event};

/// Websites of a tenant at most.
const MOST_WEBSITES: usize = 1_000;

/// Whether what is sent must be new.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// It must be new.
    MustBeNew,
    /// It is added, or changes what is there.
    MayBeEither,
    /// It changes what must be there.
    MustExist,
}

/// What a batch of orders says, and what it means in its dialect.
pub struct Batch {
    /// The orders; each has an external id.
    pub drafts: Vec<OrderDraft>,
    /// What each says of its customer.
    pub customers: Vec<CustomerDetails>,
    /// By what customers are known; by what the tenant knows them by when missing.
    pub matching: Option<CustomerKey>,
    /// Whether the orders must be new.
    pub presence: Presence,
    /// What becomes of a stored order (first) when this one (second) is sent.
    pub lay: fn(&OrderDetails, &OrderDetails) -> OrderDetails,
    /// Whether the shop says that the order is cancelled.
    pub is_cancelled: fn(&OrderDetails) -> bool,
}

/// What became of an order of a batch.
#[derive(Clone, Copy, Debug)]
struct Laid {
    id: OrderId,
    version: u64,
    is_new: bool,
    is_changed: bool,
    /// The shop says it is cancelled, and here it is not yet.
    to_be_cancelled: bool,
}

impl App {
    /// Adds or changes orders and feeds the customer book from them, all or none. Orders the shop calls cancelled are
    /// cancelled here too.
    ///
    /// Problems are named by `<index>/external_id` and `<index>/channel`.
    pub async fn lay_orders(&self, caller: &Caller, batch: Batch) -> Result<()> {
        caller.require(Scope::Write)?;
        let count = batch.drafts.len();
        let opened = websites(&caller.setup, caller.dialect, &batch.drafts)?;
        let ids = self.ids("orders", count, OrderId::new).await?;
        let events = self.event_ids(count).await?;
        let (now, tenant, setup) = (self.now(), caller.tenant().clone(), Arc::clone(&caller.setup));
        let by = caller.actor();
        let Batch { drafts, customers, matching, presence, lay, is_cancelled } = batch;
        let kind = matching.unwrap_or(setup.tenant.customers.matching);
        let mentions = self.mentions(kind, customers.into_iter()).await?;
        let mut rows = Vec::with_capacity(count);
        for (draft, id) in drafts.iter().zip(&ids) {
            rows.push(OrderRow::new(*id, draft.channel, &draft.details, &setup.zone, now)?);
        }
        let has_opened = !opened.is_empty();
        let opening = if has_opened { Some(self.signed(by.clone()).await?) } else { None };
        let write = self.store().write(async move |tx| {
            if let Some(signed) = &opening {
                let open = async |setup: &mut SetupTx<'_, '_>| {
                    for channel in &opened {
                        setup.put_channel(channel).await?;
                    }
                    Ok(())
                };
                tx.change_setup(&tenant, signed, open).await?;
            }
            let mut laid = Vec::with_capacity(rows.len());
            let is_new = if presence == Presence::MustExist {
                vec![false; rows.len()]
            } else {
                tx.insert_orders(&tenant, &rows).await?
            };
            let known: Vec<_> = is_new.iter().enumerate().filter(|(_, is_new)| !**is_new).map(|(at, _)| at).collect();
            let stored = stored(tx, &tenant, &drafts, &known).await?;
            refuse(presence, &drafts, &known, &stored)?;
            let mut over = Over::default();
            let mut stored = stored.into_iter();
            for ((row, draft), is_new) in rows.iter().zip(&drafts).zip(is_new) {
                if is_new {
                    let to_be_cancelled = is_cancelled(&draft.details);
                    laid.push(Laid { id: row.id, version: 1, is_new, is_changed: true, to_be_cancelled });
                    continue;
                }
                let standing = stored.next().flatten().ok_or_else(|| Error::internal("a known order is gone"))?;
                laid.push(over.lay(standing, &draft.details, lay, is_cancelled));
            }
            over.write(tx, &tenant, &setup, now).await?;
            let news: Vec<_> = laid
                .iter()
                .zip(&events)
                .filter(|(laid, _)| laid.is_changed)
                .map(|(laid, id)| {
                    let kind = if laid.is_new { EventKind::OrderCreated } else { EventKind::OrderUpdated };
                    let (before, after) = over.told(laid.id);
                    let about = About {
                        order: Some(laid.id),
                        order_version: Some(laid.version),
                        by: Some(by.clone()),
                        before,
                        after,
                        ..About::default()
                    };
                    event(*id, kind, now, about)
                })
                .collect();
            if setup.tenant.address_check.is_some() {
                let changed: Vec<_> = laid.iter().filter(|laid| laid.is_changed).map(|laid| laid.id).collect();
                tx.check_addresses_at(&tenant, &changed, Some(now)).await?;
            }
            tx.emit_all(&tenant, &news).await?;
            mentions.lay_in(tx, &tenant, now, Presence::MayBeEither).await?;
            Ok(laid)
        });
        let laid = Box::pin(write).await?;
        if has_opened {
            self.forget_setup();
        }
        self.wakes().events.notify_one();
        self.wakes().addresses.notify_one();
        let cancelled: BTreeSet<_> = laid.iter().filter(|laid| laid.to_be_cancelled).map(|laid| laid.id).collect();
        for id in cancelled {
            self.cancel_as_told(caller, id).await?;
        }
        Ok(())
    }

    /// Sets the shop's own status of an order; one that the shop `cancels` is cancelled here too.
    pub async fn set_shop_status(
        &self,
        caller: &Caller,
        named: &OrderRef,
        status: ShopStatus,
        cancels: bool,
    ) -> Result<()> {
        let order = self.find_order_to_change(caller, named, Scope::Write).await?;
        let change = move |order: &Order| -> std::result::Result<OrderDetails, Error> {
            Ok(OrderDetails { shop_status: Some(status.clone()), ..order.details.clone() })
        };
        let changed = self.edit_order(caller, order.id, change).await??;
        if cancels && changed.cancelled_at.is_none() {
            self.cancel_as_told(caller, order.id).await?;
        }
        Ok(())
    }

    /// Deletes the order a client means and answers it as it was.
    pub async fn delete_named(&self, caller: &Caller, named: &OrderRef) -> Result<Order> {
        let order = self.find_order_to_change(caller, named, Scope::Write).await?;
        self.delete_order(caller, order.id).await?;
        Ok(order)
    }

    /// Cancels an order because the shop says so. What a carrier refuses, or does not answer, is told by an event and
    /// shown to a person; the shop can do nothing about it.
    async fn cancel_as_told(&self, caller: &Caller, id: OrderId) -> Result<()> {
        let mut key = (*caller.key).clone();
        key.scopes.push(Scope::Void);
        let caller = Caller { key: Arc::new(key), ..caller.clone() };
        match Box::pin(self.cancel_order(&caller, id, |_| Ok(()))).await {
            Err(Error::Carrier(..) | Error::Conflict(_) | Error::NotFound(_)) => Ok(()),
            cancelled => cancelled,
        }
    }
}

/// Channels that the drafts name for the first time. Websites of the dialect that has some need not be set up; any other
/// channel must be known.
fn websites(setup: &TenantSetup, dialect: Dialect, drafts: &[OrderDraft]) -> Result<Vec<Channel>> {
    let mut opened: Vec<Channel> = Vec::new();
    let mut problems = Vec::new();
    let known = setup.channels.iter().filter(|channel| channel.number.website().is_some()).count();
    for (index, draft) in drafts.iter().enumerate() {
        let number = draft.channel;
        if setup.channel(number).is_some() || opened.iter().any(|channel| channel.number == number) {
            continue;
        }
        let website = number.website().filter(|_| dialect == Dialect::Expertsender);
        match (website, RawJson::new("{}".to_owned())) {
            (Some(website), Some(settings)) if known + opened.len() < MOST_WEBSITES => {
                opened.push(Channel {
                    number,
                    dialect,
                    name: format!("website {website}"),
                    settings,
                    is_default: true,
                });
            }
            (Some(_), _) => {
                let text = format!("a tenant has at most {MOST_WEBSITES} websites");
                problems.push(Problem::of(Rule::Invalid, format!("{index}/channel"), text));
            }
            (None, _) => {
                problems.push(Problem::of(Rule::Unknown, format!("{index}/channel"), number.0.to_string()));
            }
        }
    }
    if problems.is_empty() { Ok(opened) } else { Err(Error::Invalid(problems)) }
}

/// The stored orders that some of the drafts name, each in its place.
async fn stored(
    tx: &mut Tx<'_>,
    tenant: &TenantId,
    drafts: &[OrderDraft],
    known: &[usize],
) -> Result<Vec<Option<Order>>> {
    let named = |at: &usize| {
        let draft = &drafts[*at];
        (draft.channel, draft.details.external_id.as_deref().unwrap_or_default())
    };
    let named: Vec<(ChannelNumber, &str)> = known.iter().map(named).collect();
    tx.orders_in_channels(tenant, &named).await
}

/// Every draft that is there and must not be, or the other way round.
fn refuse(presence: Presence, drafts: &[OrderDraft], known: &[usize], stored: &[Option<Order>]) -> Result<()> {
    let problem = |rule: Rule, at: usize| {
        let id = drafts[at].details.external_id.clone().unwrap_or_default();
        Problem::of(rule, format!("{at}/external_id"), id)
    };
    let problems: Vec<_> = match presence {
        Presence::MayBeEither => return Ok(()),
        Presence::MustBeNew => known.iter().map(|at| problem(Rule::Taken, *at)).collect(),
        Presence::MustExist => {
            let missing = known.iter().zip(stored).filter(|(_, stored)| stored.is_none());
            missing.map(|(at, _)| problem(Rule::Unknown, *at)).collect()
        }
    };
    if problems.is_empty() { Ok(()) } else { Err(Error::Invalid(problems)) }
}

/// Stored orders with what was laid over them; one that comes twice is laid over twice and written once.
#[derive(Default)]
struct Over {
    /// As it is now, and as it stood if it was changed.
    orders: Vec<(Order, Option<Box<OrderDetails>>)>,
    places: HashMap<OrderId, usize>,
}

impl Over {
    fn lay(
        &mut self,
        standing: Order,
        sent: &OrderDetails,
        lay: fn(&OrderDetails, &OrderDetails) -> OrderDetails,
        is_cancelled: fn(&OrderDetails) -> bool,
    ) -> Laid {
        let next = self.orders.len();
        let at = *self.places.entry(standing.id).or_insert(next);
        if at == next {
            self.orders.push((standing, None));
        }
        let (order, stood) = &mut self.orders[at];
        let details = lay(&order.details, sent);
        let is_changed = details != order.details && stood.is_none();
        if details != order.details {
            let before = std::mem::replace(&mut order.details, details);
            // Written once, so one version and one event, however often it came.
            order.version += u64::from(stood.is_none());
            stood.get_or_insert_with(|| Box::new(before));
        }
        let to_be_cancelled = order.cancelled_at.is_none() && is_cancelled(&order.details);
        Laid { id: order.id, version: order.version, is_new: false, is_changed, to_be_cancelled }
    }

    /// What is otherwise about an order since, as it was and as it is.
    fn told(&self, order: OrderId) -> (Option<RawJson>, Option<RawJson>) {
        let laid = self.places.get(&order).and_then(|at| self.orders.get(*at));
        let changed = laid.and_then(|(order, stood)| Some((stood.as_deref()?, &order.details)));
        changed.map(|(stood, is)| domain::act::differences(stood, is)).unwrap_or_default()
    }

    async fn write(
        &self,
        tx: &mut Tx<'_>,
        tenant: &TenantId,
        setup: &TenantSetup,
        now: domain::Timestamp,
    ) -> Result<()> {
        let mut rows = Vec::new();
        for (order, _) in self.orders.iter().filter(|(_, stood)| stood.is_some()) {
            rows.push(OrderRow::new(order.id, order.channel, &order.details, &setup.zone, now)?);
        }
        tx.replace_orders(tenant, &rows).await
    }
}
