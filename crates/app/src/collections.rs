//! Collections: the carrier is asked to come to a location, or not to come after all.
//!
//! As with a booking, a row says what is asked before the carrier is; one account comes to a location once a day. Who asks
//! again for the same goes on with that row under the same reference, so that nobody is sent twice.

use domain::collection::{Collection, CollectionDetails, CollectionStatus};
use domain::connector::{CollectionRequest, Trace};
use domain::error::{CarrierError, Problem, Rule};
use domain::event::{About, EventKind};
use domain::ids::{CollectionId, EventId};
use domain::tenant::Scope;
use domain::{Error, Result};
use jiff::civil::{Date, Time};

use crate::manifests::location_of;
use crate::{App, Caller, event};

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

fn no_such() -> Error {
    Error::NotFound("collection")
}

impl App {
    /// Asks a carrier to come to a location.
    pub async fn request_collection(&self, caller: &Caller, wish: &CollectionWish) -> Result<Collection> {
        caller.require(Scope::Buy)?;
        let details = self.collection_of(caller, wish)?;
        let (tenant, now) = (caller.tenant().clone(), self.now());
        let id = self.one_id("collections", CollectionId::new).await?;
        let new = Collection { id, status: CollectionStatus::Requesting, version: 1, created_at: now, details };
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
                Ok(known.id.number())
            })
            .await?;
        let id = CollectionId::new(begun).ok_or_else(no_such)?;
        let collection = self.collection(&caller.as_reader(), id).await?;
        match collection.status {
            CollectionStatus::Requesting => self.ask_to_come(caller, collection).await,
            _ => Ok(collection),
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
            confirmation: None,
            failure: None,
        })
    }

    fn collection_request(caller: &Caller, collection: &Collection) -> CollectionRequest {
        let details = &collection.details;
        let location = caller.setup.locations.iter().find(|known| known.external_id == details.location);
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

    async fn ask_to_come(&self, caller: &Caller, collection: Collection) -> Result<Collection> {
        let account = caller.setup.account(&collection.details.account);
        let connection = account.and_then(|account| account.connection.clone());
        let connection =
            connection.ok_or_else(|| Error::Conflict("the carrier account is gone or unusable".to_owned()))?;
        let (trace, ask) = (Trace::default(), Self::collection_request(caller, &collection));
        let limit = self.options().carrier_timeout;
        let call = connection.collect(&ask, &trace);
        let answer = self.ask_carrier(caller.tenant(), &collection.details.account, "collect", limit, call).await;
        let mut answered = collection;
        let kind = match &answer {
            Ok(collected) => {
                answered.status = CollectionStatus::Requested;
                answered.details.confirmation.clone_from(&collected.confirmation);
                answered.details.failure = None;
                Some(EventKind::CollectionRequested)
            }
            // Nobody knows whether it comes: asking once more goes on with the same reference.
            Err(error) if error.is_unsure() => {
                answered.details.failure = Some(error.clone());
                None
            }
            Err(error) => {
                answered.status = CollectionStatus::Refused;
                answered.details.failure = Some(error.clone());
                None
            }
        };
        let id = answered.id;
        let stored = match self.store_collection(caller, answered, kind).await {
            // Whoever asked at the same time was first, under the same reference: it is answered as it stands.
            Err(Error::Conflict(_)) => return self.collection(&caller.as_reader(), id).await,
            stored => stored?,
        };
        answer.map(|_| stored).map_err(|error| Error::Carrier(error, None))
    }

    async fn store_collection(
        &self,
        caller: &Caller,
        collection: Collection,
        kind: Option<EventKind>,
    ) -> Result<Collection> {
        let (tenant, now, saved) = (caller.tenant().clone(), self.now(), collection.clone());
        let event_id = self.one_id("events", EventId::new).await?;
        self.store()
            .write(async move |tx| {
                tx.save_collection(&tenant, &saved).await?;
                let Some(kind) = kind else { return Ok(()) };
                let account = Some(saved.details.account.clone());
                let about = About { collection: Some(saved.id), account, ..About::default() };
                tx.emit(&tenant, &event(event_id, kind, now, about)).await
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

    /// Collections, latest first, below an id.
    pub async fn collections(
        &self,
        caller: &Caller,
        below: Option<CollectionId>,
        limit: usize,
    ) -> Result<Vec<Collection>> {
        caller.require(Scope::Read)?;
        let tenant = caller.tenant().clone();
        self.store().read_list(async move |tx| tx.collections(&tenant, below, limit).await).await
    }

    /// Tells a carrier that it need not come. One that is cancelled stays so.
    pub async fn cancel_collection(&self, caller: &Caller, id: CollectionId) -> Result<Collection> {
        caller.require(Scope::Void)?;
        let mut collection = self.collection(&caller.as_reader(), id).await?;
        if matches!(collection.status, CollectionStatus::Cancelled | CollectionStatus::Refused) {
            return Ok(collection);
        }
        let account = caller.setup.account(&collection.details.account);
        let connection = account.and_then(|account| account.connection.clone());
        let connection =
            connection.ok_or_else(|| Error::Conflict("the carrier account is gone or unusable".to_owned()))?;
        let (trace, ask) = (Trace::default(), Self::collection_request(caller, &collection));
        let limit = self.options().carrier_timeout;
        let call = connection.cancel_collection(&ask, &trace);
        let account = collection.details.account.clone();
        let answer: std::result::Result<(), CarrierError> =
            self.ask_carrier(caller.tenant(), &account, "cancel_collection", limit, call).await;
        answer.map_err(|error| Error::Carrier(error, None))?;
        collection.status = CollectionStatus::Cancelled;
        collection.details.failure = None;
        self.store_collection(caller, collection, Some(EventKind::CollectionCancelled)).await
    }
}
