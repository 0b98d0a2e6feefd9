//! Collections: the carrier is asked to come to a location, or not to come after all.
//!
//! As with a booking, a row says what is asked before the carrier is; one account comes to a location once a day. Who asks
//! again for the same goes on with that row under the same reference, so that nobody is sent twice. One asks at a time;
//! when that one is gone, or got no answer, `jobs/settle_collections.rs` goes on with the same verbs.

use std::time::Duration;

use domain::act::Actor;
use domain::collection::{Collection, CollectionDetails, CollectionStatus};
use domain::connector::{CollectionRequest, Trace};
use domain::error::{CarrierError, Problem, Rule};
use domain::event::{About, EventKind};
use domain::ids::{CollectionId, EventId};
use domain::tenant::{Scope, TenantId};
use domain::{Error, Result, Timestamp};
use jiff::civil::{Date, Time};
pub use store::collections::CollectionList;

use crate::manifests::{location_of, zone_of};
use crate::tenants::TenantSetup;
use crate::{App, Caller, clock, event};

/// When a carrier is to come, and where to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CollectionWish {
    /// The carrier account.
    pub account: String,
    /// The location, by alias or external id; the tenant's first when missing.
    pub location: Option<String>,
    /// The day, in the location's zone.
    pub day: Date,
    /// From when the parcels stand ready.
    pub from: Time,
    /// Until when somebody is there.
    pub until: Time,
    /// How many parcels.
    pub parcels: Option<u32>,
    /// Words for the driver.
    pub note: Option<String>,
}

/// The shortest window, in minutes.
const SHORTEST: i64 = 30;

/// How long a carrier that gave no answer is left alone, unless it says for how long.
const AGAIN: u64 = 60;

fn no_such() -> Error {
    Error::NotFound("collection")
}

/// What is to be told of a collection.
type News = Option<(EventKind, Option<String>)>;

/// A collection as the carrier's answer leaves it.
fn after(
    mut collection: Collection,
    answer: &std::result::Result<Option<String>, CarrierError>,
    now: Timestamp,
) -> (Collection, News) {
    let is_cancelling = collection.status == CollectionStatus::Cancelling;
    collection.due_at = None;
    collection.details.failure = answer.as_ref().err().cloned();
    let news = match answer {
        Ok(_) if is_cancelling => {
            collection.status = CollectionStatus::Cancelled;
            Some((EventKind::CollectionCancelled, None))
        }
        Ok(confirmation) => {
            collection.status = CollectionStatus::Requested;
            collection.details.is_confirmed = true;
            collection.details.confirmation.clone_from(confirmation);
            Some((EventKind::CollectionRequested, None))
        }
        // Nobody knows what the carrier does: it is asked once more, under the same reference.
        Err(error) if error.is_unsure() => {
            let wait = match error {
                CarrierError::Unavailable { retry_after: Some(seconds), .. } => (*seconds).clamp(1, 3600),
                _ => AGAIN,
            };
            collection.due_at = Some(clock::later(now, Duration::from_secs(wait)));
            None
        }
        Err(error) if !is_cancelling => {
            collection.status = CollectionStatus::Refused;
            Some((EventKind::CollectionRefused, Some(error.to_string())))
        }
        Err(_) if collection.details.is_confirmed => {
            collection.status = CollectionStatus::Requested;
            None
        }
        // It was never known to come, so who asks again goes on with it.
        Err(error) => {
            collection.status = CollectionStatus::Requesting;
            Some((EventKind::CollectionUnsettled, Some(error.to_string())))
        }
    };
    (collection, news)
}

impl App {
    /// Asks a carrier to come to a location.
    pub async fn request_collection(&self, caller: &Caller, wish: &CollectionWish) -> Result<Collection> {
        caller.require(Scope::Buy)?;
        let details = self.collection_of(caller, wish)?;
        let (tenant, now) = (caller.tenant().clone(), self.now());
        let id = self.one_id("collections", CollectionId::new).await?;
        let due_at = Some(self.lease_from(now));
        let new = Collection { id, status: CollectionStatus::Requesting, version: 1, created_at: now, due_at, details };
        let begun = self
            .write_once(caller, async move |tx| {
                if tx.add_collection(&tenant, &new).await? {
                    return Ok(new.id.number());
                }
                let wanted = &new.details;
                let place = (wanted.account.as_str(), wanted.location.as_str());
                let known = tx.open_collection(&tenant, place, wanted.day).await?.ok_or_else(no_such)?;
                if (known.details.from, known.details.until) != (wanted.from, wanted.until) {
                    let text = format!("the carrier comes on that day already ({}): cancel that one first", known.id);
                    return Err(Error::Conflict(text));
                }
                if known.status == CollectionStatus::Cancelling {
                    return Err(Error::Conflict(format!(
                        "the carrier is being told not to come ({}): ask again later",
                        known.id
                    )));
                }
                Ok(known.id.number())
            })
            .await?;
        let number = id.number();
        let id = CollectionId::new(begun).ok_or_else(no_such)?;
        let (tenant, by) = (caller.tenant(), caller.actor());
        if begun == number {
            let collection = self.collection(&caller.as_reader(), id).await?;
            return self.ask_about(tenant, &caller.setup, collection).await;
        }
        match self.take_collection(tenant, id, None, Some(by)).await? {
            (collection, true) => self.ask_about(tenant, &caller.setup, collection).await,
            (collection, false) => Ok(collection),
        }
    }

    /// What is asked; every mistake by field.
    fn collection_of(&self, caller: &Caller, wish: &CollectionWish) -> Result<CollectionDetails> {
        let setup = &caller.setup;
        let mut problems = Vec::new();
        let account = setup.contract(caller.dialect, &wish.account);
        match account.map(|account| account.profile) {
            None => {
                let text = format!("no carrier account is called {:?}", wish.account);
                problems.push(Problem::of(Rule::Unknown, "carrier_account", text));
            }
            Some(profile) if !profile.is_some_and(|profile| profile.collects) => {
                let text = format!("the carrier of {:?} cannot be asked from here to come", wish.account);
                problems.push(Problem::new("carrier_account", text));
            }
            Some(_) => {}
        }
        let location = location_of(caller, wish.location.as_deref()).map_err(|problem| problems.push(problem)).ok();
        let minutes =
            wish.from.until(wish.until).map_or(0, |span| span.total(jiff::Unit::Minute).unwrap_or(0.0) as i64);
        if minutes < SHORTEST {
            let text = format!("the window is {minutes} minutes long: expected {SHORTEST} at least");
            problems.push(Problem::new("until", text));
        }
        let (Some(account), Some(location)) = (account, location) else { return Err(Error::Invalid(problems)) };
        let zone = setup.zone_of(&location);
        let end = zone.to_ambiguous_timestamp(wish.day.to_datetime(wish.until)).compatible();
        if end.is_ok_and(|end| end <= self.now()) {
            problems.push(Problem::new("date", format!("the window on {} is over", wish.day)));
        }
        if !problems.is_empty() {
            return Err(Error::Invalid(problems));
        }
        Ok(CollectionDetails {
            account: account.account.id.clone(),
            location: location.external_id,
            day: wish.day,
            from: wish.from,
            until: wish.until,
            parcels: wish.parcels,
            note: wish.note.clone(),
            is_confirmed: false,
            confirmation: None,
            failure: None,
            asked_by: Some(caller.actor()),
        })
    }

    fn collection_request(setup: &TenantSetup, collection: &Collection) -> CollectionRequest {
        let details = &collection.details;
        let location = setup.locations.iter().find(|known| known.external_id == details.location);
        CollectionRequest {
            reference: collection.id.to_string(),
            confirmation: details.confirmation.clone(),
            address: location.map(domain::location::Location::sender).unwrap_or_default(),
            day: details.day,
            from: details.from,
            until: details.until,
            parcels: details.parcels,
            note: details.note.clone(),
        }
    }

    /// Takes a collection that is open and that nobody else asks about now, so that one asks at a time; else it is as it
    /// stands, and not taken. `wish` opens it for that.
    pub(crate) async fn take_collection(
        &self,
        tenant: &TenantId,
        id: CollectionId,
        wish: Option<CollectionStatus>,
        by: Option<Actor>,
    ) -> Result<(Collection, bool)> {
        let (owner, now) = (tenant.clone(), self.now());
        let lease = self.lease_from(now);
        self.store()
            .write(async move |tx| {
                let mut collection = tx.collection(&owner, id).await?.ok_or_else(no_such)?;
                let is_over = matches!(collection.status, CollectionStatus::Cancelled | CollectionStatus::Refused);
                if is_over || collection.is_being_asked(now) || !(wish.is_some() || collection.is_open()) {
                    return Ok((collection, false));
                }
                collection.status = wish.unwrap_or(collection.status);
                collection.due_at = Some(lease);
                collection.details.failure = None;
                collection.details.asked_by = by.clone().or(collection.details.asked_by);
                tx.save_collection(&owner, &collection).await?;
                collection.version += 1;
                Ok((collection, true))
            })
            .await
    }

    /// Asks the carrier whether it comes, or tells it not to, and stores the answer.
    async fn ask_about(&self, tenant: &TenantId, setup: &TenantSetup, collection: Collection) -> Result<Collection> {
        let account = setup.account(&collection.details.account);
        let Some(connection) = account.and_then(|account| account.connection.clone()) else {
            let why = "the carrier account is gone or unusable";
            self.leave_collection(tenant, collection, why).await?;
            return Err(Error::Conflict(why.to_owned()));
        };
        let (trace, ask) = (Trace::default(), Self::collection_request(setup, &collection));
        let (limit, account) = (self.options().carrier_timeout, &collection.details.account);
        let answer = if collection.status == CollectionStatus::Cancelling {
            let call = connection.cancel_collection(&ask, &trace);
            self.ask_carrier(tenant, account, "cancel_collection", limit, call).await.map(|()| None)
        } else {
            let call = connection.collect(&ask, &trace);
            self.ask_carrier(tenant, account, "collect", limit, call).await.map(|collected| collected.confirmation)
        };
        let id = collection.id;
        let (answered, news) = after(collection, &answer, self.now());
        let stored = match self.store_collection(tenant, answered, news).await {
            // Whoever took it over since the lease ran out was first, under the same reference: it is answered as it stands.
            Err(Error::Conflict(_)) => {
                let tenant = tenant.clone();
                return self.store().read(async move |tx| tx.collection(&tenant, id).await).await?.ok_or_else(no_such);
            }
            stored => stored?,
        };
        answer.map(|_| stored).map_err(|error| Error::Carrier(error, None))
    }

    /// Goes on with a collection whose time has come, unless its window is over: then a person must ask the carrier.
    pub(crate) async fn settle_collection(&self, tenant: &TenantId, id: CollectionId) -> Result<()> {
        let (collection, true) = self.take_collection(tenant, id, None, None).await? else { return Ok(()) };
        let setup = self.tenant_setup(tenant).await?.ok_or(Error::NotFound("tenant"))?;
        let details = &collection.details;
        let end = zone_of(&setup, &details.location).to_ambiguous_timestamp(details.day.to_datetime(details.until));
        if end.compatible().is_ok_and(|end| end <= self.now()) {
            return self.leave_collection(tenant, collection, "the window was over before the carrier answered").await;
        }
        match self.ask_about(tenant, &setup, collection).await {
            Ok(_) | Err(Error::Carrier(..) | Error::Conflict(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Leaves a collection for a person, with an event that says why.
    async fn leave_collection(&self, tenant: &TenantId, mut collection: Collection, why: &str) -> Result<()> {
        collection.due_at = None;
        collection.details.failure = Some(CarrierError::unavailable(why));
        let news = Some((EventKind::CollectionUnsettled, Some(why.to_owned())));
        self.store_collection(tenant, collection, news).await.map(drop)
    }

    async fn store_collection(&self, tenant: &TenantId, collection: Collection, news: News) -> Result<Collection> {
        let (tenant, now, saved) = (tenant.clone(), self.now(), collection.clone());
        let event_id = self.one_id("events", EventId::new).await?;
        self.store()
            .write(async move |tx| {
                tx.save_collection(&tenant, &saved).await?;
                let Some((kind, reason)) = &news else { return Ok(()) };
                let details = saved.details.clone();
                let (account, by) = (Some(details.account), details.asked_by);
                let about =
                    About { collection: Some(saved.id), account, by, reason: reason.clone(), ..About::default() };
                tx.emit(&tenant, &event(event_id, *kind, now, about)).await
            })
            .await?;
        self.wakes().events.notify_one();
        Ok(Collection { version: collection.version + 1, ..collection })
    }

    /// One collection.
    pub async fn collection(&self, caller: &Caller, id: CollectionId) -> Result<Collection> {
        caller.require(Scope::Read)?;
        let tenant = caller.tenant().clone();
        self.store().read(async move |tx| tx.collection(&tenant, id).await).await?.ok_or_else(no_such)
    }

    /// Collections, latest first.
    pub async fn collections(&self, caller: &Caller, list: CollectionList) -> Result<Vec<Collection>> {
        caller.require(Scope::Read)?;
        let tenant = caller.tenant().clone();
        self.store().read_list(async move |tx| tx.collections(&tenant, &list).await).await
    }

    /// Tells a carrier that it need not come. One that is cancelled stays so.
    pub async fn cancel_collection(&self, caller: &Caller, id: CollectionId) -> Result<Collection> {
        caller.require(Scope::Void)?;
        let (tenant, by) = (caller.tenant(), caller.actor());
        let (collection, is_ours) =
            self.take_collection(tenant, id, Some(CollectionStatus::Cancelling), Some(by)).await?;
        match collection.status {
            _ if is_ours => self.ask_about(tenant, &caller.setup, collection).await,
            // The carrier may not have heard yet that it is to come.
            CollectionStatus::Requesting => {
                Err(Error::Conflict("the carrier is just being asked to come: try again in a moment".to_owned()))
            }
            _ => Ok(collection),
        }
    }
}
