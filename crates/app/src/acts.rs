//! Acts: who bought, printed, cancelled, changed or set up what, and when. What is kept here is never changed.
//!
//! Most acts are events that name their actor and cost nothing besides. Printing has none: prints are gathered for a moment
//! and written together, so that handing out a label waits for no commit. A process that is killed loses the prints of
//! that moment.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::act::{self, Act, ActKind, Actor};
use domain::document::{Document, DocumentKind};
use domain::event::EventKind;
use domain::ids::{BatchId, EventId, OrderId};
use domain::tenant::{ApiKey, Scope, TenantId};
use domain::{Error, Result, Timestamp};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use store::Tx;
pub use store::acts::Done;

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
    /// Not before this instant.
    pub from: Option<Timestamp>,
    /// Before this instant.
    pub to: Option<Timestamp>,
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

/// A key as acts tell it.
pub(crate) fn key_told(key: &ApiKey) -> Value {
    let scopes: Vec<_> = key.scopes.iter().map(|scope| scope.as_str()).collect();
    json!({ "name": key.name, "scopes": scopes })
}

/// A word for bytes that must not be shown, another one whenever they are others.
fn fingerprint(bytes: &[u8]) -> String {
    let hash: [u8; 32] = Sha256::digest(bytes).into();
    let first = u64::from_be_bytes(hash[..8].try_into().unwrap_or_default());
    format!("sha-256 {first:016x}…")
}

/// Every part of a tenant's set-up by its name, without secrets.
pub(crate) type SetupTold = BTreeMap<String, Value>;

/// The set-up of a tenant as acts tell it.
pub(crate) async fn setup_told(tx: &mut Tx<'_>, tenant: &TenantId, now: Timestamp) -> Result<SetupTold> {
    let value = |told: serde_json::Result<Value>| told.map_err(Error::internal);
    let mut told = SetupTold::new();
    if let Some(tenant) = tx.tenant(tenant).await? {
        told.insert("tenant".to_owned(), value(serde_json::to_value(&tenant))?);
    }
    for channel in tx.channels(tenant).await? {
        let settings: Value = store::codec::from_json(channel.settings.as_str())?;
        let body = json!({ "dialect": channel.dialect, "name": channel.name, "settings": settings });
        told.insert(format!("channel {}", channel.number.0), body);
    }
    for location in tx.locations(tenant).await? {
        told.insert(format!("location {}", location.external_id), value(serde_json::to_value(&location))?);
    }
    for rule in tx.routing_rules(tenant).await? {
        told.insert(format!("routing_rule {}", rule.name), value(serde_json::to_value(&rule))?);
    }
    for (account, sealed) in tx.carrier_accounts(tenant).await? {
        let files: BTreeMap<_, _> =
            account.files.iter().map(|(name, text)| (name, fingerprint(text.as_bytes()))).collect();
        let body = json!({
            "carrier": account.carrier,
            "settings": account.settings,
            "credentials": fingerprint(&sealed),
            "files": files,
            "calls_per_minute": account.calls_per_minute,
            "aliases": account.aliases,
        });
        told.insert(format!("carrier_account {}", account.id), body);
    }
    for hook in tx.webhook_endpoints(tenant).await? {
        let body = json!({
            "url": hook.url,
            "dialect": hook.dialect,
            "events": hook.events,
            "channel": hook.channel.map(|channel| channel.0),
            "secret": fingerprint(&hook.secret),
            "concurrency": hook.concurrency,
            "variant": hook.variant,
            "mode": hook.mode,
            "description": hook.description,
            "authentication": hook.authentication.as_deref().map(fingerprint),
        });
        told.insert(format!("webhook {}", hook.id), body);
    }
    for row in tx.keys(now).await?.into_iter().filter(|row| row.key.tenant == *tenant) {
        let mut body = key_told(&row.key);
        body["rotated_at"] = json!(row.rotated_at.map(|at| at.to_string()));
        told.insert(format!("key {}", row.key.public), body);
    }
    Ok(told)
}

/// Keeps what is otherwise in a tenant's set-up than before, in the transaction of the change; nothing when nothing is.
pub(crate) async fn keep_setup_change(
    tx: &mut Tx<'_>,
    tenant: &TenantId,
    before: &SetupTold,
    (id, at, by): (EventId, Timestamp, &Actor),
) -> Result<()> {
    let after = setup_told(tx, tenant, at).await?;
    let (before, after) = act::differences(before, &after);
    if before.is_none() && after.is_none() {
        return Ok(());
    }
    let (kind, subject) = (ActKind::SetupChanged, "setup".to_owned());
    let change = Act { id, kind, at, by: by.clone(), order: None, subject, before, after };
    tx.keep_acts(tenant, std::slice::from_ref(&change)).await
}
