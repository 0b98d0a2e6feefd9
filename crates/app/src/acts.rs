//! Acts: who bought, printed, cancelled, changed or set up what, and when. What is kept here is never changed.
//!
//! Most acts are events that name their actor and cost nothing besides. Printing has none: prints are gathered for a moment
//! and written together, so that handing out a label waits for no commit. A process that is killed loses the prints of
//! that moment.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::act::{self, Act, ActKind, Actor};
use domain::document::{Document, DocumentKind};
use domain::event::EventKind;
use domain::ids::{BatchId, EventId, OrderId};
use domain::tenant::{Scope, TenantId};
use domain::{Error, Result, Timestamp};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use store::Tx;
pub use store::acts::Done;
use store::setup::{SetupTx, Signed};

use crate::{App, Caller};

/// How long prints are gathered.
const GATHER: Duration = Duration::from_millis(200);

/// Entries that are looked at for one page at most, however few of them fit.
const LOOKED_AT: usize = 2_000;

/// Which acts a list shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ActFilter {
    /// Only those of this actor.
    pub who: Option<String>,
    /// Only this kind.
    pub what: Option<String>,
    /// Only what was done to this: an order by its id, else a subject such as `key pub-acme`, or its id alone.
    pub about: Option<String>,
    /// Not before this instant.
    pub from: Option<Timestamp>,
    /// Before this instant.
    pub to: Option<Timestamp>,
}

impl ActFilter {
    /// The order whose acts alone are looked for.
    fn about_order(&self) -> Option<OrderId> {
        self.about.as_deref().and_then(OrderId::from_native)
    }

    /// What is looked for that is no order.
    fn about_else(&self) -> Option<&str> {
        self.about.as_deref().filter(|_| self.about_order().is_none())
    }
}

/// A page of acts, newest first.
#[derive(Clone, Debug)]
pub struct ActPage {
    /// What was done.
    pub done: Vec<Done>,
    /// Where the next page begins; a page may be short, even empty, and have a next one.
    pub next: Option<(Timestamp, EventId)>,
}

/// A document that was handed out, before it is written down.
struct Print {
    tenant: TenantId,
    at: Timestamp,
    by: Actor,
    order: Option<OrderId>,
    batch: Option<BatchId>,
    subject: String,
    format: String,
}

/// Prints that are not written down yet.
#[derive(Default)]
pub(crate) struct Prints {
    waiting: Mutex<Vec<Print>>,
    /// Held by whoever writes.
    writing: tokio::sync::Mutex<()>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What an act is called, as an event or without one.
pub fn kind_name(done: &Done) -> &'static str {
    match done {
        Done::Event(event) => event.kind.as_str(),
        Done::Act(act) => act.kind.as_str(),
    }
}

/// What it was done to, if an order is not all that can be said of it.
pub fn subject_of(done: &Done) -> Option<String> {
    let about = match done {
        Done::Act(act) => return Some(act.subject.clone()),
        Done::Event(event) => &event.about,
    };
    (about.parcel.map(|id| format!("parcel {id}")))
        .or_else(|| about.shipment.map(|id| format!("shipment {id}")))
        .or_else(|| about.channel.map(|number| format!("channel {number}")))
        .or_else(|| about.endpoint.map(|id| format!("webhook {id}")))
        .or_else(|| about.manifest.map(|id| format!("manifest {id}")))
        .or_else(|| about.collection.map(|id| format!("collection {id}")))
        .or_else(|| about.account.as_ref().map(|id| format!("carrier_account {id}")))
}

/// Whether it was done to what somebody looks for: the whole subject, or the id in it.
fn is_about(done: &Done, wanted: &str) -> bool {
    subject_of(done)
        .is_some_and(|subject| subject == wanted || subject.split_once(' ').is_some_and(|(_, id)| id == wanted))
}

/// What a printed document is called: a label by its parcel, so that another format of it is a reprint.
fn subject(document: &Document) -> String {
    let kind = document.kind.as_str();
    match (document.kind, document.parcel, document.shipment) {
        (DocumentKind::Label | DocumentKind::CustomsForm, Some(parcel), _) => format!("{kind} {parcel}"),
        (DocumentKind::PackingSlip | DocumentKind::CommercialInvoice, _, Some(shipment)) => {
            format!("{kind} {shipment}")
        }
        _ => format!("{kind} {}", document.id),
    }
}

impl App {
    /// Notes that a document is handed out.
    pub(crate) fn printed(&self, tenant: &TenantId, by: Actor, document: &Document) {
        let print = Print {
            tenant: tenant.clone(),
            at: self.now(),
            by,
            order: document.order,
            batch: document.of_batch.as_ref().map(|part| part.batch),
            subject: subject(document),
            format: document.format.name(),
        };
        let is_first = {
            let mut waiting = lock(&self.0.prints.waiting);
            waiting.push(print);
            waiting.len() == 1
        };
        if is_first {
            let app = self.clone();
            tokio::spawn(async move {
                tokio::time::sleep(GATHER).await;
                if let Err(error) = app.finish_prints().await {
                    tracing::error!(%error, "prints could not be written down; they are tried again with the next one");
                }
            });
        }
    }

    /// Writes down the prints that wait. What cannot be written waits on.
    pub async fn finish_prints(&self) -> Result<()> {
        let _writing = self.0.prints.writing.lock().await;
        let mut prints = std::mem::take(&mut *lock(&self.0.prints.waiting));
        let outcome = self.write_prints(&mut prints).await;
        if outcome.is_err() {
            lock(&self.0.prints.waiting).append(&mut prints);
        }
        outcome
    }

    async fn write_prints(&self, prints: &mut Vec<Print>) -> Result<()> {
        while let Some(tenant) = prints.first().map(|print| print.tenant.clone()) {
            let ids = self.act_ids(prints.len()).await?;
            let of_it = prints.iter().zip(ids).filter(|(print, _)| print.tenant == tenant);
            let (acts, batches): (Vec<_>, Vec<_>) = of_it.map(|(print, id)| (print.act(id), print.batch)).unzip();
            let owner = tenant.clone();
            self.store()
                .write(async move |tx| {
                    let subjects: Vec<_> = acts.iter().map(|act| act.subject.clone()).collect();
                    let mut known: HashSet<String> = tx.done_before(&owner, ActKind::Printed, &subjects).await?;
                    let told: Vec<_> = acts.iter().map(|act| again(act, &mut known)).collect();
                    tx.keep_acts(&owner, &told).await?;
                    for (act, batch) in acts.iter().zip(&batches) {
                        if let Some(batch) = batch {
                            tx.keep_act_of_batch(&owner, act.id, *batch).await?;
                        }
                    }
                    Ok(())
                })
                .await?;
            prints.retain(|print| print.tenant != tenant);
        }
        Ok(())
    }

    /// What was done about an order and by whom, oldest first; also of one that is deleted.
    pub async fn acts_of_order(&self, caller: &Caller, order: OrderId) -> Result<Vec<Done>> {
        caller.require(Scope::Read)?;
        self.finish_prints().await?;
        let tenant = caller.tenant().clone();
        self.store()
            .read(async move |tx| {
                tx.order_ever(&tenant, order).await?.ok_or(Error::NotFound("order"))?;
                tx.done_about(&tenant, order).await
            })
            .await
    }

    /// What was done in a tenant and by whom, newest first, behind a place.
    ///
    /// A kind that there is none of is a problem of `what`, an actor nobody ever was shows nothing.
    pub async fn acts(
        &self,
        caller: &Caller,
        filter: &ActFilter,
        after: Option<(Timestamp, EventId)>,
        limit: usize,
    ) -> Result<ActPage> {
        caller.require(Scope::Read)?;
        if let Some(what) = filter.what.as_deref()
            && ActKind::parse(what).is_none()
            && EventKind::parse(what).is_none()
        {
            let acts = ActKind::ALL.map(ActKind::as_str).join(", ");
            let events = EventKind::ALL.map(EventKind::as_str).join(", ");
            return Err(Error::invalid("what", format!("{what:?} is no kind of act: expected {acts}, {events}")));
        }
        self.finish_prints().await?;
        let end = filter.to.unwrap_or(Timestamp::MAX);
        let (mut place, mut looked, mut done) = (after.map(|(at, id)| (at, Some(id))), 0, Vec::new());
        if place.is_none_or(|(at, _)| at >= end) {
            place = Some((end, None));
        }
        while let Some(from) = place {
            let (tenant, asked) = (caller.tenant().clone(), filter.clone());
            let found = self.store().read_list(async move |tx| page(tx, &tenant, &asked, from, limit).await).await?;
            looked += found.len();
            place = found.last().filter(|_| found.len() == limit).map(|last| {
                let (at, id) = last.place();
                (at, Some(id))
            });
            for one in found {
                if done.len() == limit {
                    break;
                }
                if filter.what.as_deref().is_some_and(|what| what != kind_name(&one)) {
                    continue;
                }
                if filter.about_else().is_some_and(|about| !is_about(&one, about)) {
                    continue;
                }
                if done.len() + 1 == limit {
                    let (at, id) = one.place();
                    place = Some((at, Some(id)));
                }
                done.push(one);
            }
            if done.len() == limit || looked >= LOOKED_AT {
                break;
            }
        }
        Ok(ActPage { done, next: place.and_then(|(at, id)| Some((at, id?))) })
    }

    /// Everybody who ever did something in a tenant.
    pub async fn actors(&self, caller: &Caller) -> Result<Vec<String>> {
        caller.require(Scope::Read)?;
        let tenant = caller.tenant().clone();
        self.store().read_list(async move |tx| tx.actors(&tenant).await).await
    }

    /// What a change of set-up is signed with.
    pub(crate) async fn signed(&self, by: Actor) -> Result<Signed> {
        Ok(Signed { id: self.act_id().await?, at: self.now(), by })
    }

    /// Changes the caller's set-up in one transaction, with the act that tells of it. Under an idempotency key it runs once.
    pub(crate) async fn change_setup<T, F>(&self, caller: &Caller, change: F) -> Result<T>
    where
        T: Serialize + DeserializeOwned + Send + 'static,
        F: AsyncFn(&mut SetupTx<'_, '_>) -> Result<T> + Send + Sync + 'static,
    {
        let (tenant, signed) = (caller.tenant().clone(), self.signed(caller.actor()).await?);
        let changed = self.write_once(caller, async move |tx| tx.change_setup(&tenant, &signed, &change).await).await?;
        self.forget_setup();
        self.wakes().events.notify_one();
        Ok(changed)
    }

    /// The same for a change that may be refused in the words of whoever asked for it; what is refused changes nothing.
    pub(crate) async fn change_setup_if<T, R, F>(&self, caller: &Caller, change: F) -> Result<std::result::Result<T, R>>
    where
        T: Send + 'static,
        R: Send + 'static,
        F: AsyncFn(&mut SetupTx<'_, '_>) -> Result<std::result::Result<T, R>> + Send + Sync + 'static,
    {
        let (tenant, signed) = (caller.tenant().clone(), self.signed(caller.actor()).await?);
        let changed = self.store().write(async move |tx| tx.change_setup(&tenant, &signed, &change).await).await?;
        self.forget_setup();
        self.wakes().events.notify_one();
        Ok(changed)
    }

    /// Writes an act of a caller that changes nothing besides, such as an import that ended.
    pub async fn keep_act(&self, caller: &Caller, kind: ActKind, subject: String, after: Value) -> Result<()> {
        let id = self.act_id().await?;
        let (at, by) = (self.now(), caller.actor());
        let act = Act { id, kind, at, by, order: None, subject, before: None, after: act::json(&after) };
        let tenant = caller.tenant().clone();
        self.store().write(async move |tx| tx.keep_acts(&tenant, std::slice::from_ref(&act)).await).await
    }
}

impl Print {
    fn act(&self, id: EventId) -> Act {
        Act {
            id,
            kind: ActKind::Printed,
            at: self.at,
            by: self.by.clone(),
            order: self.order,
            subject: self.subject.clone(),
            before: None,
            after: act::json(&json!({ "format": self.format })),
        }
    }
}

/// The same act, or a reprint when it was printed before.
fn again(act: &Act, known: &mut HashSet<String>) -> Act {
    let kind = if known.insert(act.subject.clone()) { ActKind::Printed } else { ActKind::Reprinted };
    Act { kind, ..act.clone() }
}

/// Everybody's acts before a place, put together.
async fn page(
    tx: &mut Tx<'_>,
    tenant: &TenantId,
    filter: &ActFilter,
    before: (Timestamp, Option<EventId>),
    limit: usize,
) -> Result<Vec<Done>> {
    if let Some(order) = filter.about_order() {
        let place = |done: &Done| {
            let ((at, id), (end, last)) = (done.place(), before);
            at < end || (at == end && last.is_some_and(|last| id < last))
        };
        let who = |done: &Done| match done {
            Done::Act(act) => Some(act.by.who.clone()),
            Done::Event(event) => event.about.by.as_ref().map(|by| by.who.clone()),
        };
        let mut done = tx.done_about(tenant, order).await?;
        done.retain(|done| {
            place(done)
                && filter.from.is_none_or(|from| done.place().0 >= from)
                && filter.who.as_ref().is_none_or(|wanted| who(done).as_ref() == Some(wanted))
        });
        done.reverse();
        done.truncate(limit);
        return Ok(done);
    }
    let actors = match &filter.who {
        // PostgreSQL holds no such text, so nobody is called so.
        Some(who) if who.contains('\0') => Vec::new(),
        Some(who) => vec![who.clone()],
        None => tx.actors(tenant).await?,
    };
    let mut done = Vec::new();
    for who in actors {
        done.extend(tx.done_by(tenant, &who, before, filter.from, limit).await?);
    }
    done.sort_by_key(|done| std::cmp::Reverse(done.place()));
    done.truncate(limit);
    Ok(done)
}
