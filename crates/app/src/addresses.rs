//! Addresses: looked at, overruled by whoever may, taken apart by hand; and what is wrong with one before anybody books.
//!
//! What is known about an order's shipping address is kept with the order and counts until the address changes.

use domain::address::check::{AddressChecker, FieldReason, Finding, Overruling, Rules, check};
use domain::address::{Address, AddressCheck, AddressStatus, ChosenSplit, Reading, split};
use domain::error::{CarrierError, Problem};
use domain::event::{About, EventKind};
use domain::ids::{EventId, OrderId};
use domain::order::Order;
use domain::tenant::{Scope, TenantId};
use domain::{Error, Result};

use crate::rates::accounts_of;
use crate::tenants::TenantSetup;
use crate::{App, Caller, event};

pub(crate) mod fitting;
pub(crate) mod geocoder;

use fitting::{Ends, alike, told};

/// An order's shipping address and everything known about it.
#[derive(Clone, Debug)]
pub struct KnownAddress {
    /// The order.
    pub order: Order,
    /// What was found and decided; an empty one when nobody has looked.
    pub check: AddressCheck,
    /// How the street line can be read: street, house number, unit. One way when it is sure.
    pub readings: Vec<[Option<String>; 3]>,
    /// What a person should know before the order is shipped.
    pub warnings: Vec<String>,
}

/// The parts of a street line that a person names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SplitWish {
    /// The street without its number.
    pub street: String,
    /// The house number, if there is one.
    pub house_number: Option<String>,
    /// What else stands in the line.
    pub unit: Option<String>,
}

fn address_of(order: &Order) -> Result<&Address> {
    let missing = || Error::Conflict("the order has no shipping address".to_owned());
    order.details.shipping_address.as_ref().ok_or_else(missing)
}

/// The problems of a failed check, each below the order's shipping address.
fn problems_of(reasons: &[FieldReason]) -> Vec<Problem> {
    let problem = |one: &FieldReason| Problem::new(format!("shipping_address/{}", one.field), one.message.clone());
    reasons.iter().map(problem).collect()
}

/// Why carriers cannot even be asked about an address: its country is not known.
pub(crate) fn unusable(address: &Address) -> Option<Problem> {
    let reasons = check(address).reasons;
    let country = reasons.into_iter().find(|reason| reason.field == "country")?;
    problems_of(&[country]).pop()
}

impl App {
    /// An order's shipping address and everything known about it.
    pub async fn known_address(&self, caller: &Caller, id: OrderId) -> Result<KnownAddress> {
        let order = self.order(caller, id).await?;
        let address = address_of(&order)?;
        let line = address.street1.as_deref().unwrap_or_default();
        let ways = match split(line, address.country_code().as_deref()) {
            Reading::Sure(way) => vec![way],
            Reading::Unsure(ways) => ways,
        };
        let part = |part: Option<&str>| part.map(str::to_owned);
        let typed = address.house_number.clone();
        let readings = match typed {
            Some(number) => vec![[address.street1.clone(), Some(number), None]],
            None => ways.iter().map(|way| [part(way.street()), part(way.house_number()), part(way.unit())]).collect(),
        };
        let check = order.address_check().cloned();
        let check = check.unwrap_or_else(|| AddressCheck::new(address.clone(), order.modified_at));
        let warnings = self.order_warnings(caller, &order);
        Ok(KnownAddress { order, check, readings, warnings })
    }

    /// What a person should know about an order before it is shipped: a phone number that a service needs, a place that one
    /// does not serve, a line that is too long, a street line that can be read in several ways, an address that cannot be
    /// right. Nobody is asked.
    pub fn order_warnings(&self, caller: &Caller, order: &Order) -> Vec<String> {
        let setup = &caller.setup;
        let Some(address) = &order.details.shipping_address else { return Vec::new() };
        let mut warnings = Vec::new();
        let known = order.address_check();
        let is_overruled = known.is_some_and(|known| known.overruled.is_some());
        let finding = known.and_then(|known| known.finding.clone()).unwrap_or_else(|| check(address));
        if finding.status == AddressStatus::Failed && !is_overruled {
            warnings.extend(problems_of(&finding.reasons).iter().map(|one| format!("{}: {}", one.path, one.message)));
        }
        let named = order.details.ship_from.as_deref();
        let location = match named {
            Some(id) => setup.locations.iter().find(|location| location.external_id == id),
            None => setup.locations.first(),
        };
        let Some(location) = location else { return warnings };
        let sender = location.sender();
        warnings.extend(crate::customs::customs_warnings(order, &sender));
        let ends = Ends {
            sender: &sender,
            recipient: address,
            split: known.and_then(|known| known.split.as_ref()),
            wraps: false,
        };
        for account in accounts_of(setup, location) {
            let Some(connection) = account.connection.as_deref() else { continue };
            for (services, limits) in alike(connection) {
                let code = format!("{}:{services}", account.account.id);
                if let Some(why) = limits.why_not_served(address) {
                    warnings.push(format!("service {code}: {why}"));
                    continue;
                }
                let problems = ends.fit(&limits, &services).err().unwrap_or_default();
                for problem in problems.iter().filter(|problem| problem.path.starts_with("recipient/")) {
                    let words = told(problem, &code);
                    warnings.push(if words.ends_with(&code) { words } else { format!("service {code}: {words}") });
                }
            }
        }
        warnings
    }

    /// Looks at an address in the tenant's way.
    pub(crate) async fn look_at(&self, setup: &TenantSetup, address: &Address) -> Result<Finding, CarrierError> {
        let geocoder = setup.tenant.address_check.as_ref().and_then(|way| way.geocoder.clone());
        match geocoder {
            Some(setup) => geocoder::Geocoder { app: self, setup: &setup }.check(address).await,
            None => Rules.check(address).await,
        }
    }

    /// Looks at an order's shipping address now, and keeps what was found.
    pub async fn check_address(&self, caller: &Caller, id: OrderId) -> Result<KnownAddress> {
        caller.require(Scope::Write)?;
        let reader = caller.as_reader();
        let order = self.order(&reader, id).await?;
        let finding = self.look_at(&caller.setup, address_of(&order)?).await.map_err(Error::from)?;
        self.keep_finding(caller.tenant(), &order, finding).await?;
        self.known_address(&reader, id).await
    }

    /// Keeps what was found about an order's address, unless that has changed meanwhile; one event when it stands otherwise
    /// than before.
    pub(crate) async fn keep_finding(&self, tenant: &TenantId, order: &Order, finding: Finding) -> Result<()> {
        let (now, owner, id) = (self.now(), tenant.clone(), order.id);
        let address = address_of(order)?.clone();
        let event_id = self.one_id("events", EventId::new).await?;
        self.store()
            .write(async move |tx| {
                let Some(current) = tx.order(&owner, id).await? else { return Ok(()) };
                if current.details.shipping_address.as_ref() != Some(&address) {
                    return Ok(());
                }
                let before = current.address_check().cloned();
                if before.as_ref().is_some_and(|one| one.finding.as_ref() == Some(&finding) && one.said.is_none()) {
                    return tx.check_addresses_at(&owner, &[id], None).await;
                }
                let old = current.address_status();
                let mut check = before.unwrap_or_else(|| AddressCheck::new(address.clone(), now));
                check.at = now;
                let reasons = finding.reasons.iter().map(|one| format!("{}: {}", one.field, one.message));
                let reason = reasons.collect::<Vec<_>>().join("; ");
                let new = finding.status;
                (check.finding, check.said) = (Some(finding.clone()), None);
                let version = tx.save_address_check(&owner, id, &check, now).await?;
                let about = About {
                    order: Some(id),
                    order_version: version,
                    old: Some(old.as_str().to_owned()),
                    new: Some(new.as_str().to_owned()),
                    reason: (!reason.is_empty()).then_some(reason),
                    ..About::default()
                };
                tx.emit(&owner, &event(event_id, EventKind::OrderAddressChecked, now, about)).await
            })
            .await?;
        self.wakes().events.notify_one();
        Ok(())
    }

    /// Says that an address is right although its check failed, and why. It is kept with the order and in its history.
    pub async fn overrule_address(&self, caller: &Caller, id: OrderId, reason: String) -> Result<KnownAddress> {
        caller.require(Scope::Overrule)?;
        let (now, tenant, by) = (self.now(), caller.tenant().clone(), caller.key.name.clone());
        let actor = caller.actor();
        let event_id = self.one_id("events", EventId::new).await?;
        self.write_once(caller, async move |tx| {
            let order = tx.order(&tenant, id).await?.ok_or(Error::NotFound("order"))?;
            let address = address_of(&order)?;
            let known = order.address_check().cloned();
            let mut known = known.unwrap_or_else(|| AddressCheck::new(address.clone(), now));
            known.finding.get_or_insert_with(|| check(address));
            if known.status() != AddressStatus::Failed {
                return Err(Error::Conflict("the address has not failed: there is nothing to overrule".to_owned()));
            }
            if let Some(overruled) = &known.overruled {
                let text = format!("{} overruled it already: {}", overruled.by, overruled.reason);
                return Err(Error::Conflict(text));
            }
            known.overruled = Some(Overruling { by: by.clone(), reason: reason.clone(), at: now });
            let version = tx.save_address_check(&tenant, id, &known, now).await?;
            let about = About {
                order: Some(id),
                order_version: version,
                old: Some(AddressStatus::Failed.as_str().to_owned()),
                new: Some(format!("overruled by {by}")),
                reason: Some(reason.clone()),
                by: Some(actor.clone()),
                ..About::default()
            };
            tx.emit(&tenant, &event(event_id, EventKind::OrderAddressOverruled, now, about)).await
        })
        .await?;
        self.wakes().events.notify_one();
        self.known_address(&caller.as_reader(), id).await
    }

    /// Takes a street line apart by hand. The parts must be the whole line: nothing may be lost.
    pub async fn split_address(&self, caller: &Caller, id: OrderId, wish: SplitWish) -> Result<KnownAddress> {
        caller.require(Scope::Write)?;
        let (now, tenant, by) = (self.now(), caller.tenant().clone(), caller.actor());
        let is_checking = caller.setup.tenant.address_check.is_some();
        let event_id = self.one_id("events", EventId::new).await?;
        self.write_once(caller, async move |tx| {
            let order = tx.order(&tenant, id).await?.ok_or(Error::NotFound("order"))?;
            let address = address_of(&order)?;
            let line = address.street1.as_deref().unwrap_or_default();
            let chosen = ChosenSplit::new(line, &wish.street, wish.house_number.as_deref(), wish.unit.as_deref());
            let chosen = chosen.map_err(|why| Error::invalid("street", why))?;
            let known = order.address_check().cloned();
            let mut known = known.unwrap_or_else(|| AddressCheck::new(address.clone(), now));
            if known.split.as_ref() == Some(&chosen) {
                return Ok(());
            }
            let parts = [Some(chosen.street.clone()), chosen.house_number.clone(), chosen.unit.clone()];
            let parts: Vec<_> = parts.into_iter().flatten().collect();
            known.split = Some(chosen);
            let is_due = is_checking && known.finding.is_none();
            let version = tx.save_address_check(&tenant, id, &known, now).await?;
            if is_due {
                tx.check_addresses_at(&tenant, &[id], Some(now)).await?;
            }
            let about = About {
                order: Some(id),
                order_version: version,
                old: Some(line.to_owned()),
                new: Some(parts.join(" | ")),
                by: Some(by.clone()),
                ..About::default()
            };
            tx.emit(&tenant, &event(event_id, EventKind::OrderAddressSplit, now, about)).await
        })
        .await?;
        self.wakes().events.notify_one();
        self.known_address(&caller.as_reader(), id).await
    }

    /// Refuses an order whose address failed, where the tenant wants that: looks at it first if nobody has. When nobody can
    /// look now, that holds nothing up.
    pub(crate) async fn hold_failed_address(&self, caller: &Caller, order: &Order) -> Result<()> {
        let way = caller.setup.tenant.address_check.as_ref();
        if !way.is_some_and(|way| way.holds_failed) {
            return Ok(());
        }
        let Some(address) = &order.details.shipping_address else { return Ok(()) };
        let known = order.address_check();
        if known.is_some_and(|known| known.overruled.is_some()) {
            return Ok(());
        }
        let finding = match known.and_then(|known| known.finding.clone()) {
            Some(finding) => finding,
            None => match self.look_at(&caller.setup, address).await {
                Ok(finding) => {
                    self.keep_finding(caller.tenant(), order, finding.clone()).await?;
                    finding
                }
                Err(error) => {
                    tracing::warn!(order = %order.id, %error, "the address of {} cannot be looked at now", order.id);
                    return Ok(());
                }
            },
        };
        if finding.status == AddressStatus::Failed {
            return Err(Error::Invalid(problems_of(&finding.reasons)));
        }
        Ok(())
    }
}
