//! Customers: the book of whom a tenant sells to, fed by orders and by shops.

use std::collections::HashMap;

use domain::customer::{Customer, CustomerDetails, CustomerKey};
use domain::error::{Problem, Rule};
use domain::ids::CustomerId;
use domain::tenant::{Scope, TenantId};
use domain::{Error, Result, Timestamp};
use store::Tx;

use crate::orders::Presence;
use crate::{App, Caller};

/// What one batch says of customers, each once. Everything that needs no transaction is done.
pub(crate) struct Mentions {
    kind: CustomerKey,
    mentioned: Vec<Mentioned>,
}

struct Mentioned {
    key: String,
    /// The places in the batch that mention this customer.
    places: Vec<usize>,
    /// The id a new customer gets.
    id: CustomerId,
    details: CustomerDetails,
}

impl App {
    /// Adds customers to the book or changes them, all or none. What is not said of a known customer stays.
    ///
    /// Customers are known by `kind`, else by what the tenant knows them by. Problems are named by `<index>/<kind>`.
    pub async fn put_customers(
        &self,
        caller: &Caller,
        kind: Option<CustomerKey>,
        presence: Presence,
        customers: Vec<CustomerDetails>,
    ) -> Result<()> {
        caller.require(Scope::Write)?;
        let kind = kind.unwrap_or(caller.setup.tenant.customers.matching);
        let place = move |index: usize| format!("{index}/{}", kind.as_str());
        let keyless = customers.iter().enumerate().filter(|(_, one)| one.key(kind).is_none());
        let problems: Vec<_> =
            keyless.map(|(index, _)| Problem::of(Rule::Missing, place(index), "it names the customer")).collect();
        if !problems.is_empty() {
            return Err(Error::Invalid(problems));
        }
        let mentions = self.mentions(kind, customers.into_iter()).await?;
        let (tenant, now) = (caller.tenant().clone(), self.now());
        let write = self.store().write(async move |tx| {
            let refused = mentions.lay_in(tx, &tenant, now, presence).await?;
            if refused.is_empty() {
                return Ok(());
            }
            let (rule, text) = match presence {
                Presence::MustExist => (Rule::Unknown, "there is no such customer"),
                Presence::MustBeNew | Presence::MayBeEither => (Rule::Taken, "the customer is there already"),
            };
            Err(Error::Invalid(refused.into_iter().map(|index| Problem::of(rule, place(index), text)).collect()))
        });
        write.await
    }

    /// The customer that a key leads to.
    pub async fn customer_by(&self, caller: &Caller, kind: CustomerKey, text: &str) -> Result<Customer> {
        caller.require(Scope::Read)?;
        let key = kind.of(text).ok_or(Error::NotFound("customer"))?;
        let tenant = caller.tenant().clone();
        let found = self.store().read(async move |tx| tx.customers_by_key(&tenant, kind, &[&key]).await).await?;
        found.into_iter().next().flatten().ok_or(Error::NotFound("customer"))
    }

    /// One customer.
    pub async fn customer(&self, caller: &Caller, id: CustomerId) -> Result<Customer> {
        caller.require(Scope::Read)?;
        let tenant = caller.tenant().clone();
        let found = self.store().read(async move |tx| tx.customer(&tenant, id).await).await?;
        found.ok_or(Error::NotFound("customer"))
    }

    /// The customer somebody means, by what the tenant knows customers by, else by any key.
    pub async fn known_customer(&self, caller: &Caller, said: &CustomerDetails) -> Result<Option<Customer>> {
        let matching = caller.setup.tenant.customers.matching;
        let others = CustomerKey::ALL.into_iter().filter(|kind| *kind != matching);
        let keys: Vec<_> =
            std::iter::once(matching).chain(others).filter_map(|kind| Some((kind, said.key(kind)?))).collect();
        let tenant = caller.tenant().clone();
        let found = self.store().read(async move |tx| {
            for (kind, key) in &keys {
                if let Some(found) = tx.customers_by_key(&tenant, *kind, &[key]).await?.into_iter().flatten().next() {
                    return Ok(Some(found));
                }
            }
            Ok(None)
        });
        found.await
    }

    /// Gathers what is said of each customer; who has no key of this kind is left out.
    pub(crate) async fn mentions(
        &self,
        kind: CustomerKey,
        said: impl ExactSizeIterator<Item = CustomerDetails>,
    ) -> Result<Mentions> {
        let mut ids = self.ids("customers", said.len(), CustomerId::new).await?.into_iter();
        let mut mentioned: Vec<Mentioned> = Vec::with_capacity(said.len());
        let mut known: HashMap<String, usize> = HashMap::with_capacity(said.len());
        for (index, details) in said.enumerate() {
            let Some(key) = details.key(kind) else { continue };
            if let Some(&at) = known.get(&key) {
                mentioned[at].places.push(index);
                mentioned[at].details.lay(&details);
            } else if let Some(id) = ids.next() {
                known.insert(key.clone(), mentioned.len());
                mentioned.push(Mentioned { key, places: vec![index], id, details });
            }
        }
        // Always in one order, so that two batches do not wait for each other.
        mentioned.sort_by(|one, other| one.key.cmp(&other.key));
        Ok(Mentions { kind, mentioned })
    }
}

impl Mentions {
    /// Writes what is said into the book, by a number of statements that does not depend on how many are mentioned.
    /// Answers the places in the batch that may not be; something may be written then, and must be rolled back.
    pub(crate) async fn lay_in(
        &self,
        tx: &mut Tx<'_>,
        tenant: &TenantId,
        now: Timestamp,
        presence: Presence,
    ) -> Result<Vec<usize>> {
        if self.mentioned.is_empty() {
            return Ok(Vec::new());
        }
        let values: Vec<_> = self.mentioned.iter().map(|one| one.key.as_str()).collect();
        let found = tx.customers_by_key(tenant, self.kind, &values).await?;
        let told = self.mentioned.iter().zip(&found);
        let refused = match presence {
            Presence::MayBeEither => Vec::new(),
            // Who is mentioned again is there already.
            Presence::MustBeNew => {
                told.flat_map(|(one, found)| one.places.iter().skip(usize::from(found.is_none()))).copied().collect()
            }
            Presence::MustExist => {
                told.filter(|(_, found)| found.is_none()).flat_map(|(one, _)| one.places.clone()).collect()
            }
        };
        if !refused.is_empty() {
            return Ok(refused);
        }
        let mut book = Changes::default();
        for (one, known) in self.mentioned.iter().zip(found) {
            match known {
                Some(known) => book.change(known, one, now),
                // Whoever takes the key at the same moment makes this command run again.
                None => book.add(self.kind, one, now),
            }
        }
        book.write(tx, tenant).await.map(|()| Vec::new())
    }
}

/// What becomes of the book.
#[derive(Default)]
struct Changes {
    added: Vec<Customer>,
    changed: Vec<Customer>,
    lost: Vec<(CustomerKey, String, CustomerId)>,
    gained: Vec<(CustomerKey, String, CustomerId)>,
}

/// WooCommerce's word for nobody: guests have it instead of an id.
const NOBODY: &str = "0";

/// The keys of a customer that others do not share by design.
fn keys(details: &CustomerDetails) -> impl Iterator<Item = (CustomerKey, String)> {
    let key = |kind: CustomerKey| Some((kind, details.key(kind)?));
    CustomerKey::ALL.into_iter().filter_map(key).filter(|(kind, key)| *kind != CustomerKey::CrmId || key != NOBODY)
}

impl Changes {
    fn add(&mut self, matched_by: CustomerKey, one: &Mentioned, now: Timestamp) {
        self.gained.push((matched_by, one.key.clone(), one.id));
        let others = keys(&one.details).filter(|(kind, _)| *kind != matched_by);
        self.gained.extend(others.map(|(kind, key)| (kind, key, one.id)));
        self.added.push(Customer { id: one.id, created_at: now, modified_at: now, details: one.details.clone() });
    }

    fn change(&mut self, known: Customer, one: &Mentioned, now: Timestamp) {
        let mut details = known.details.clone();
        details.lay(&one.details);
        if details == known.details {
            return;
        }
        for kind in CustomerKey::ALL {
            let (before, after) = (known.details.key(kind), details.key(kind));
            if before != after {
                self.lost.extend(before.map(|key| (kind, key, known.id)));
                self.gained
                    .extend(keys(&details).filter(|(of, _)| *of == kind).map(|(kind, key)| (kind, key, known.id)));
            }
        }
        self.changed.push(Customer { modified_at: now, details, ..known });
    }

    async fn write(self, tx: &mut Tx<'_>, tenant: &TenantId) -> Result<()> {
        if !self.added.is_empty() {
            tx.add_customers(tenant, &self.added).await?;
        }
        if !self.changed.is_empty() {
            tx.change_customers(tenant, &self.changed).await?;
        }
        tx.move_customer_keys(tenant, &self.lost, &self.gained).await
    }
}
