//! Erasures: a person is forgotten, in steps that can be cut off anywhere and taken up again.
//!
//! First everything that names the person is found: orders, what orders said earlier, customers. Then answers that are kept for
//! whoever asks again lose what names the person; last the orders are erased one by one, files before rows. An order that is
//! under way still needs its address: it waits, and is looked at again every hour.

use std::time::Duration;

use domain::act::{self, Act, ActKind};
use domain::erasure::{Person, Traces};
use domain::ids::{CustomerId, OrderId, ShipmentId};
use domain::order::{Order, OrderDetails};
use domain::shipment::{Shipment, ShipmentStatus};
use domain::tenant::Scope;
use domain::{Error, Result, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::blobs::StoredBlob;
use store::erasures::KeptText;
pub use store::erasures::{Erasure, ErasureStage, Report};
use store::orders::OrderRow;

use crate::{App, Caller, clock};

/// Rows that are looked through in one step.
const PIECE: usize = 500;

/// How long an order that nobody ships, or whose carrier tells nothing, counts as under way.
const UNDER_WAY: Duration = Duration::from_hours(90 * 24);

/// When an order that was under way is looked at again.
const AGAIN: Duration = Duration::from_hours(1);

/// Whom to erase.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Whom {
    /// Whoever has this e-mail address.
    Email(String),
    /// Whoever has this phone number, however written.
    Phone(String),
    /// Whoever this order names: this order alone, and the person's entry in the customer book.
    Order(OrderId),
    /// A customer of the customer book.
    Customer(CustomerId),
}

/// What an erasure keeps of its person until it is done.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Wanted {
    person: Person,
    /// The only order that is erased, if one was named.
    only: Option<OrderId>,
}

fn values(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_default()
}

/// Why an order cannot be erased yet.
fn under_way(order: &Order, is_deleted: bool, shipments: &[Shipment], now: Timestamp) -> Option<String> {
    let is_young = |since: Timestamp| clock::later(since, UNDER_WAY) > now;
    for shipment in shipments.iter().filter(|shipment| shipment.status.is_live()) {
        match shipment.status {
            ShipmentStatus::Booked if shipment.tracking().is_final() => {}
            ShipmentStatus::Booked if !is_young(shipment.details.booked_at.unwrap_or(shipment.created_at)) => {}
            ShipmentStatus::Booked => return Some(format!("{} is not delivered yet", shipment.id)),
            _ => return Some(format!("the carrier of {} has not answered yet", shipment.id)),
        }
    }
    let is_shipped = shipments.iter().any(|shipment| shipment.status == ShipmentStatus::Booked);
    let is_open = !is_shipped && !is_deleted && order.cancelled_at.is_none() && is_young(order.created_at);
    is_open.then(|| "nobody has shipped it yet: cancel it if nobody will".to_owned())
}

/// Everything that tells of the person in an order and in what is kept beside it.
fn traces_of(order: &Order, texts: &[KeptText], is_own: impl Fn(&KeptText) -> bool) -> Result<Traces> {
    let mut traces = Traces::default();
    let details = OrderDetails { sender: None, ..order.details.clone() };
    traces.gather(&serde_json::to_value(&details).map_err(Error::internal)?);
    for kept in texts.iter().filter(|kept| is_own(kept)) {
        let mut value = values(&kept.text);
        if let Some(members) = value.as_object_mut() {
            // Our own address is nobody's secret.
            members.remove("sender");
        }
        traces.gather(&value);
    }
    Ok(traces)
}

/// An order that tells of nobody: sums, goods, country and postcode.
fn emptied(details: &OrderDetails, traces: &Traces) -> Result<OrderDetails> {
    let plain = OrderDetails {
        notes: None,
        customer: None,
        language: None,
        custom_fields: domain::order::CustomFields::default(),
        extra: std::collections::BTreeMap::new(),
        ..details.clone()
    };
    let mut value = serde_json::to_value(&plain).map_err(Error::internal)?;
    traces.clear(&mut value);
    serde_json::from_value(value).map_err(Error::internal)
}

/// A kept text without the person.
fn cleared(kept: &KeptText, traces: &Traces) -> KeptText {
    let mut value = values(&kept.text);
    // A shipment's sender is a place of ours, and an act's actor somebody of ours.
    let (mut sender, mut by) = (None, None);
    if let Some(members) = value.as_object_mut() {
        (sender, by) = (members.remove("sender"), members.remove("by"));
        members.remove("address_split");
    }
    if kept.is_ours() {
        traces.clear(&mut value);
    } else {
        traces.clear_all(&mut value);
    }
    if let Some(members) = value.as_object_mut() {
        members.extend(sender.map(|sender| ("sender".to_owned(), sender)));
        members.extend(by.map(|by| ("by".to_owned(), by)));
    }
    let mut kept = kept.clone();
    kept.text = if value.is_null() { "{}".to_owned() } else { value.to_string() };
    kept
}

impl App {
    /// Asks that a person be erased. It is carried out by a job; [`App::erasure`] tells how far it is.
    ///
    /// Fails with [`Error::Invalid`] for what is no e-mail address or phone number, and with [`Error::NotFound`] for an order
    /// or customer that does not exist.
    pub async fn erase(&self, caller: &Caller, whom: &Whom) -> Result<Erasure> {
        caller.require(Scope::Erase)?;
        let wanted = self.wanted(caller, whom).await?;
        let (now, tenant) = (self.now(), caller.tenant().clone());
        let number = self.one_id("erasures", Some).await?;
        let by = caller.actor();
        let erasure = Erasure {
            tenant: tenant.clone(),
            id: number,
            created_at: now,
            actor: by.who.clone(),
            person: Some(store::codec::to_json(&wanted)?),
            stage: ErasureStage::Orders,
            place: 0,
            report: Report::default(),
            finished_at: None,
            due_at: Some(now),
        };
        let how = match whom {
            Whom::Email(_) => "email",
            Whom::Phone(_) => "phone",
            Whom::Order(_) => "order",
            Whom::Customer(_) => "customer",
        };
        let act = Act {
            id: self.act_id().await?,
            kind: ActKind::ErasureAsked,
            at: now,
            by,
            order: wanted.only,
            subject: format!("erasure {number}"),
            before: None,
            after: act::json(&serde_json::json!({ "by": how })),
        };
        let written = erasure.clone();
        let stored = self.write_once(caller, async move |tx| {
            tx.save_erasure(&written).await?;
            tx.keep_acts(&written.tenant, std::slice::from_ref(&act)).await?;
            Ok(written.id)
        });
        let stored = stored.await?;
        self.wakes().erasures.notify_one();
        let found = self.store().read(async move |tx| tx.erasure(&tenant, stored).await).await?;
        found.ok_or(Error::NotFound("erasure"))
    }

    async fn wanted(&self, caller: &Caller, whom: &Whom) -> Result<Wanted> {
        let (mut person, mut only) = (Person::default(), None);
        let tenant = caller.tenant().clone();
        match whom {
            Whom::Email(text) => {
                person.add_email(text);
                if person.is_nobody() {
                    return Err(Error::invalid("email", "this is no e-mail address"));
                }
            }
            Whom::Phone(text) => {
                if !person.add_phone(text) {
                    return Err(Error::invalid("phone", "this is no phone number: expected at least 7 digits"));
                }
            }
            Whom::Order(id) => {
                let id = *id;
                let found = self.store().read(async move |tx| tx.order_ever(&tenant, id).await).await?;
                let order = found.ok_or(Error::NotFound("order"))?;
                let traces = traces_of(&order, &[], |_| true)?;
                (person, only) = (traces.person().clone(), Some(id));
            }
            Whom::Customer(id) => {
                let id = *id;
                let found = self.store().read(async move |tx| tx.customer(&tenant, id).await).await?;
                let customer = found.ok_or(Error::NotFound("customer"))?;
                person.add_email(customer.details.email.as_deref().unwrap_or_default());
                person.add_phone(customer.details.phone.as_deref().unwrap_or_default());
                if person.is_nobody() {
                    let text = "nothing is known by which this customer could be found: expected an e-mail address or a \
                                phone number in the customer book";
                    return Err(Error::invalid("customer", text));
                }
            }
        }
        Ok(Wanted { person, only })
    }

    /// How far an erasure is, what it did and what is left.
    pub async fn erasure(&self, caller: &Caller, number: u64) -> Result<Erasure> {
        caller.require(Scope::Erase)?;
        let tenant = caller.tenant().clone();
        let found = self.store().read(async move |tx| tx.erasure(&tenant, number).await).await?;
        found.ok_or(Error::NotFound("erasure"))
    }

    /// Erasures below a number, the last first.
    pub async fn erasures(&self, caller: &Caller, below: Option<u64>, limit: usize) -> Result<Vec<Erasure>> {
        caller.require(Scope::Erase)?;
        let tenant = caller.tenant().clone();
        self.store().read(async move |tx| tx.erasures(&tenant, below, limit).await).await
    }

    /// Does the next step of the erasure that is due; whether there was one, and else when the next one is.
    pub(crate) async fn erase_step(&self) -> Result<std::result::Result<(), Option<Timestamp>>> {
        let next = self.store().read(async |tx| tx.next_erasure().await).await?;
        let now = self.now();
        let due_at = next.as_ref().and_then(|one| one.due_at);
        let Some(erasure) = next.filter(|one| one.due_at.is_some_and(|at| at <= now)) else { return Ok(Err(due_at)) };
        let wanted: Wanted = store::codec::from_json(erasure.person.as_deref().unwrap_or("null"))?;
        match erasure.stage {
            ErasureStage::Orders | ErasureStage::Events => self.find_step(erasure, &wanted).await?,
            ErasureStage::Customers => self.customers_step(erasure, &wanted).await?,
            ErasureStage::Answers => self.answers_step(erasure, &wanted).await?,
            ErasureStage::Erasing | ErasureStage::Done => self.order_step(erasure).await?,
        }
        Ok(Ok(()))
    }

    /// Looks through a piece of the orders, or of what was told of them, and notes what names the person.
    async fn find_step(&self, mut erasure: Erasure, wanted: &Wanted) -> Result<()> {
        if let Some(only) = wanted.only {
            erasure.stage = ErasureStage::Customers;
            let found = vec![only.number() as i64];
            return self.write_found(erasure, found).await;
        }
        let (tenant, after, stage) = (erasure.tenant.clone(), erasure.place, erasure.stage);
        let read = self.store().read_list(async move |tx| {
            if stage == ErasureStage::Orders {
                let bodies = tx.order_bodies(&tenant, after, PIECE).await?;
                return Ok(bodies.into_iter().map(|(id, body)| (id, Some(id), body)).collect());
            }
            tx.told_of_orders(&tenant, after, PIECE).await
        });
        let read: Vec<(i64, Option<i64>, String)> = read.await?;
        let names = |text: &str| wanted.person.is_in(&values(text));
        let mut found: Vec<i64> =
            read.iter().filter(|(_, _, text)| names(text)).filter_map(|(_, order, _)| *order).collect();
        found.sort_unstable();
        found.dedup();
        match read.last() {
            Some((last, ..)) if read.len() == PIECE => erasure.place = *last,
            _ => (erasure.stage, erasure.place) = (stage.next(), 0),
        }
        self.write_found(erasure, found).await
    }

    async fn write_found(&self, erasure: Erasure, found: Vec<i64>) -> Result<()> {
        self.store()
            .write(async move |tx| {
                tx.add_erased_orders(&erasure, &found).await?;
                tx.save_erasure(&erasure).await
            })
            .await
    }

    /// Looks through a piece of the customer book and forgets who is meant.
    async fn customers_step(&self, mut erasure: Erasure, wanted: &Wanted) -> Result<()> {
        let (tenant, after) = (erasure.tenant.clone(), erasure.place);
        let read = self.store().read_list(async move |tx| tx.customer_bodies(&tenant, after, PIECE).await).await?;
        let found: Vec<i64> =
            read.iter().filter(|(_, body)| wanted.person.is_in(&values(body))).map(|(id, _)| *id).collect();
        match read.last() {
            Some((last, _)) if read.len() == PIECE => erasure.place = *last,
            _ => (erasure.stage, erasure.place) = (ErasureStage::Answers, 0),
        }
        erasure.report.customers += found.len() as u64;
        self.store()
            .write(async move |tx| {
                tx.forget_customers(&erasure.tenant, &found).await?;
                tx.save_erasure(&erasure).await
            })
            .await
    }

    /// What tells of the person in every order that was found.
    async fn all_traces(&self, erasure: &Erasure, wanted: &Wanted) -> Result<Traces> {
        let mut traces = Traces::default();
        traces.of_person(&wanted.person);
        let mut after = 0;
        loop {
            let asked = erasure.clone();
            let orders = self.store().read_list(async move |tx| tx.orders_to_erase(&asked, after, PIECE).await).await?;
            for order in &orders {
                let (tenant, order) = (erasure.tenant.clone(), *order);
                let read = self.store().read_list(async move |tx| {
                    Ok((tx.order_ever(&tenant, order).await?, tx.texts_of_order(&tenant, order).await?))
                });
                if let (Some(order), texts) = read.await? {
                    traces.add(&traces_of(&order, &texts, KeptText::tells_of_people)?);
                }
            }
            match orders.last() {
                Some(last) if orders.len() == PIECE => after = last.number() as i64,
                _ => return Ok(traces),
            }
        }
    }

    /// Clears every answer that is kept for whoever asks again, and every line of the channels' logs.
    async fn answers_step(&self, mut erasure: Erasure, wanted: &Wanted) -> Result<()> {
        let traces = self.all_traces(&erasure, wanted).await?;
        let mut place = (String::new(), String::new());
        loop {
            let (tenant, after) = (erasure.tenant.clone(), place.clone());
            let read = self
                .store()
                .read_list(async move |tx| tx.kept_answers(&tenant, (&after.0, &after.1), PIECE).await)
                .await?;
            let Some((api_key, key, ..)) = read.last() else { break };
            place = (api_key.clone(), key.clone());
            let mut changed = Vec::new();
            for (api_key, key, outcome, answer) in read {
                let body = answer.as_ref().map(|bytes| String::from_utf8_lossy(bytes).into_owned());
                let holds = |text: &Option<String>| text.as_deref().is_some_and(|text| tells(&traces, text));
                if holds(&outcome) || holds(&body) {
                    let cleared = |text: Option<String>| text.map(|text| traces.cleared_json(&text));
                    changed.push((api_key, key, cleared(outcome), cleared(body)));
                }
            }
            let tenant = erasure.tenant.clone();
            self.store()
                .write(async move |tx| {
                    for (api_key, key, outcome, body) in &changed {
                        let body = body.as_deref().map(str::as_bytes);
                        tx.put_kept_answer(&tenant, (api_key, key), outcome.as_deref(), body).await?;
                    }
                    Ok(())
                })
                .await?;
        }
        let mut after = 0;
        loop {
            let (tenant, from) = (erasure.tenant.clone(), after);
            let read = self.store().read_list(async move |tx| tx.log_bodies(&tenant, from, PIECE).await).await?;
            let Some((last, _)) = read.last() else { break };
            after = *last;
            let changed: Vec<_> = read
                .into_iter()
                .filter(|(_, body)| tells(&traces, body))
                .map(|(line, body)| (line, traces.cleared_json(&body)))
                .collect();
            let tenant = erasure.tenant.clone();
            self.store()
                .write(async move |tx| {
                    for (line, body) in &changed {
                        tx.put_log_body(&tenant, *line, body).await?;
                    }
                    Ok(())
                })
                .await?;
        }
        (erasure.stage, erasure.place) = (ErasureStage::Erasing, 0);
        self.store().write(async move |tx| tx.save_erasure(&erasure).await).await
    }

    /// Erases the next order, or comes to an end.
    async fn order_step(&self, mut erasure: Erasure) -> Result<()> {
        let (asked, now) = (erasure.clone(), self.now());
        let next = self.store().read_list(async move |tx| tx.orders_to_erase(&asked, asked.place, 1).await).await?;
        if let Some(order) = next.first() {
            return Box::pin(self.erase_order(erasure, *order)).await;
        }
        self.geocoders().forget();
        erasure.place = 0;
        if erasure.report.left.is_empty() {
            (erasure.stage, erasure.person) = (ErasureStage::Done, None);
            (erasure.finished_at, erasure.due_at) = (Some(now), None);
        } else {
            // Whoever came meanwhile is found by looking from the start.
            erasure.stage = ErasureStage::Orders;
            erasure.due_at = Some(clock::later(now, AGAIN));
        }
        self.store().write(async move |tx| tx.save_erasure(&erasure).await).await
    }

    async fn erase_order(&self, mut erasure: Erasure, id: OrderId) -> Result<()> {
        let (tenant, now) = (erasure.tenant.clone(), self.now());
        let owner = tenant.clone();
        let read = self.store().read_list(async move |tx| {
            let order = tx.order_ever(&owner, id).await?;
            let is_deleted = tx.is_deleted(&owner, id).await?.unwrap_or(true);
            let shipments = tx.shipments_of_order(&owner, id).await?;
            Ok((order, is_deleted, shipments, tx.files_of_order(&owner, id).await?))
        });
        let (order, is_deleted, shipments, files) = read.await?;
        erasure.place = id.number() as i64;
        let left = &mut erasure.report.left;
        left.remove(&id.to_string());
        let Some(order) = order else {
            return self.store().write(async move |tx| tx.save_erasure(&erasure).await).await;
        };
        if let Some(why) = under_way(&order, is_deleted, &shipments, now) {
            left.insert(id.to_string(), why);
            return self.store().write(async move |tx| tx.save_erasure(&erasure).await).await;
        }
        // Bytes first: a row without bytes is found again, bytes without a row are not.
        for file in &files {
            let (owner, sha256, these) = (tenant.clone(), file.sha256.clone(), files.clone());
            let is_shared = self.store().read(async move |tx| tx.is_shared_file(&owner, &sha256, &these).await).await?;
            if !is_shared {
                self.blobs().remove(&StoredBlob { tenant: tenant.clone(), sha256: file.sha256.clone() }).await?;
            }
        }
        erasure.report.files += files.len() as u64;
        erasure.report.orders += 1;
        let setup = self.tenant_setup(&tenant).await?.ok_or(Error::NotFound("tenant"))?;
        let (zone, forget_at) = (setup.zone.clone(), clock::later(now, self.options().erased_kept));
        self.store()
            .write(async move |tx| {
                let Some(order) = tx.order_ever(&tenant, id).await? else { return Ok(()) };
                tx.begin_erasing(erasure.id).await?;
                let texts = tx.texts_of_order(&tenant, id).await?;
                let traces = traces_of(&order, &texts, KeptText::tells_of_people)?;
                let details = emptied(&order.details, &traces)?;
                let row = OrderRow::new(id, order.channel, &details, &zone, order.modified_at)?;
                tx.erase_order(&tenant, id, &row).await?;
                let texts: Vec<_> = texts.iter().map(|kept| cleared(kept, &traces)).collect();
                tx.put_texts(&tenant, &texts).await?;
                tx.forget_documents(&tenant, &files).await?;
                tx.mark_erased(&tenant, id, forget_at).await?;
                tx.end_erasing(erasure.id).await?;
                tx.save_erasure(&erasure).await
            })
            .await
    }

    /// Forgets what is left of orders whose time is over; whether there were any.
    pub(crate) async fn forget_erased(&self) -> Result<bool> {
        let now = self.now();
        let due = self.store().read(async move |tx| tx.orders_to_forget(now, 100).await).await?;
        for (tenant, order) in &due {
            let (tenant, order) = (tenant.clone(), *order);
            self.store()
                .write(async move |tx| {
                    let shipments: Vec<ShipmentId> =
                        tx.shipments_of_order(&tenant, order).await?.iter().map(|one| one.id).collect();
                    tx.begin_erasing(order.number()).await?;
                    let mut texts = tx.texts_of_order(&tenant, order).await?;
                    texts.retain(KeptText::is_of_history);
                    for kept in &mut texts {
                        kept.text = without_values(&kept.text)?;
                    }
                    tx.put_texts(&tenant, &texts).await?;
                    tx.end_erasing(order.number()).await?;
                    tx.forget_order(&tenant, order, &shipments).await
                })
                .await?;
        }
        Ok(!due.is_empty())
    }

    /// Runs erasures until none has anything to do now: for the command line.
    pub async fn finish_erasures(&self) -> Result<()> {
        while self.erase_step().await?.is_ok() {}
        Ok(())
    }
}

/// Whether a JSON text tells of the person.
fn tells(traces: &Traces, text: &str) -> bool {
    fn any(traces: &Traces, value: &Value) -> bool {
        match value {
            Value::String(text) => traces.is_in(text),
            Value::Array(list) => list.iter().any(|one| any(traces, one)),
            Value::Object(members) => members.values().any(|one| any(traces, one)),
            _ => false,
        }
    }
    match serde_json::from_str(text) {
        Ok(value) => any(traces, &value),
        Err(_) => traces.is_in(text),
    }
}

/// What an event or act tells, without what it tells of the order: ids and who did it stay.
fn without_values(text: &str) -> Result<String> {
    let mut about: Value = store::codec::from_json(text)?;
    if let Some(members) = about.as_object_mut() {
        for name in ["old", "new", "before", "after", "changes", "reason"] {
            members.remove(name);
        }
    }
    Ok(about.to_string())
}
