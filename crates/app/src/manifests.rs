//! Manifests: one closing list a carrier account, location and day. A parcel stands on one at most.
//!
//! While a list is open, parcels that are booked come onto it when somebody asks, and those that are cancelled leave it.
//! Once it is closed it stays as it is, and its paper is the proof of what was handed over.

use bytes::Bytes;
use domain::document::{Document, DocumentKind, Format, Paper};
use domain::error::{Problem, Rule};
use domain::event::{About, EventKind};
use domain::ids::{DocumentId, EventId, ManifestId, ParcelId};
use domain::location::Location;
use domain::manifest::{HandedParcel, Manifest, ManifestPaper, ManifestStatus};
use domain::tenant::Scope;
use domain::{Error, Result, Timestamp};
use jiff::ToSpan as _;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
pub use store::manifests::ManifestList;

use crate::tenants::TenantSetup;
use crate::{App, Caller, event};

/// Parcels that are put on a list in one transaction.
const BATCH: usize = 1_000;

/// So many days before the list's day a parcel may have been booked; what is older was handed over in some other way.
const LOOK_BACK: i64 = 30;

/// Which list is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ManifestWish {
    /// The carrier account.
    pub account: String,
    /// The location, by alias or external id; the tenant's first when missing.
    pub location: Option<String>,
    /// The day, in the location's zone; today there when missing.
    pub day: Option<Date>,
}

/// A manifest and how many parcels are on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ManifestView {
    /// The manifest.
    pub manifest: Manifest,
    /// How many parcels are on it.
    pub parcels: u64,
}

/// What a command did; kept under an idempotency key.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Begun {
    id: u64,
    is_new: bool,
}

fn no_such() -> Error {
    Error::NotFound("manifest")
}

impl App {
    /// Begins the list of an account, location and day, or goes on with it: everything that was booked there and is on no
    /// list comes onto it. The flag says whether it is new.
    pub async fn open_manifest(&self, caller: &Caller, wish: &ManifestWish) -> Result<(ManifestView, bool)> {
        caller.require(Scope::Print)?;
        let (account, location, zone) = place_of(caller, wish)?;
        let now = self.now();
        let day = wish.day.unwrap_or_else(|| now.to_zoned(zone.clone()).date());
        let id = self.one_id("manifests", ManifestId::new).await?;
        let new = Manifest {
            id,
            account,
            location: location.external_id.clone(),
            day,
            status: ManifestStatus::Open,
            version: 1,
            created_at: now,
            closed_at: None,
            document: None,
        };
        let since = since(day, &zone);
        let (tenant, wanted) = (caller.tenant().clone(), new.clone());
        let begun: Begun = self
            .write_once(caller, async move |tx| {
                let is_new = tx.add_manifest(&tenant, &wanted).await?;
                let known = tx.manifest_of_day(&tenant, &wanted.account, &wanted.location, wanted.day).await?;
                let known = known.ok_or_else(no_such)?;
                if known.status == ManifestStatus::Closed {
                    let text = format!("{} is closed: what is booked now goes onto the list of another day", known.id);
                    return Err(Error::Conflict(text));
                }
                Ok(Begun { id: known.id.number(), is_new })
            })
            .await?;
        let id = ManifestId::new(begun.id).ok_or_else(no_such)?;
        // A command touches no more rows than it must; whoever is killed in between leaves a list that goes on when asked.
        loop {
            let event_id = self.one_id("events", EventId::new).await?;
            let (tenant, wanted) = (caller.tenant().clone(), Manifest { id, ..new.clone() });
            let by = Some(caller.actor());
            let added = self
                .store()
                .write(async move |tx| {
                    if !tx.hold_manifest(&tenant, id).await? {
                        return Ok(0);
                    }
                    let added = tx.fill_manifest(&tenant, &wanted, since, BATCH).await?;
                    if added > 0 {
                        let account = Some(wanted.account.clone());
                        let about = About { manifest: Some(id), account, by: by.clone(), ..About::default() };
                        tx.emit(&tenant, &event(event_id, EventKind::ManifestUpdated, now, about)).await?;
                    }
                    Ok(added)
                })
                .await?;
            if added < BATCH as u64 {
                break;
            }
        }
        self.wakes().events.notify_one();
        Ok((self.manifest(&caller.as_reader(), id).await?, begun.is_new))
    }

    /// One list.
    pub async fn manifest(&self, caller: &Caller, id: ManifestId) -> Result<ManifestView> {
        caller.require(Scope::Read)?;
        let tenant = caller.tenant().clone();
        let found = self.store().read(async move |tx| {
            let Some(manifest) = tx.manifest(&tenant, id).await? else { return Ok(None) };
            Ok(Some(ManifestView { parcels: tx.count_manifest(&tenant, id).await?, manifest }))
        });
        found.await?.ok_or_else(no_such)
    }

    /// Lists, latest first.
    pub async fn manifests(&self, caller: &Caller, list: ManifestList) -> Result<Vec<Manifest>> {
        caller.require(Scope::Read)?;
        let tenant = caller.tenant().clone();
        self.store().read_list(async move |tx| tx.list_manifests(&tenant, &list).await).await
    }

    /// The parcels on a list, behind one of them.
    pub async fn manifest_parcels(
        &self,
        caller: &Caller,
        id: ManifestId,
        after: Option<ParcelId>,
        limit: usize,
    ) -> Result<Vec<HandedParcel>> {
        self.manifest(caller, id).await?;
        let tenant = caller.tenant().clone();
        self.store().read_list(async move |tx| tx.parcels_of_manifest(&tenant, id, after, limit).await).await
    }

    /// What was booked with a list's account at its location and is on no list, longest booked first, behind a place.
    pub async fn left_behind(
        &self,
        caller: &Caller,
        id: ManifestId,
        after: Option<(Timestamp, ParcelId)>,
        limit: usize,
    ) -> Result<Vec<HandedParcel>> {
        let manifest = self.manifest(caller, id).await?.manifest;
        let (tenant, since) =
            (caller.tenant().clone(), since(manifest.day, &zone_of(&caller.setup, &manifest.location)));
        self.store()
            .read_list(async move |tx| {
                let place = (manifest.account.as_str(), manifest.location.as_str());
                tx.parcels_left_behind(&tenant, place, since, after, limit).await
            })
            .await
    }

    /// Closes a list. Parcels that the driver did not take leave it first and wait for the next one. A list that is closed
    /// stays as it is.
    pub async fn close_manifest(
        &self,
        caller: &Caller,
        id: ManifestId,
        not_taken: Vec<ParcelId>,
    ) -> Result<ManifestView> {
        caller.require(Scope::Print)?;
        let known = self.manifest(&caller.as_reader(), id).await?.manifest;
        let (tenant, now, by) = (caller.tenant().clone(), self.now(), caller.actor());
        let event_id = self.one_id("events", EventId::new).await?;
        self.write_once(caller, async move |tx| {
            // Whoever puts parcels onto it or cancels one meets this transaction here.
            if !tx.hold_manifest(&tenant, id).await? {
                if not_taken.is_empty() {
                    return Ok(());
                }
                return Err(Error::Conflict("the manifest is closed: nothing leaves it any more".to_owned()));
            }
            let taken_off = tx.take_off_manifest(&tenant, id, &not_taken).await?;
            let strange = not_taken.iter().enumerate().filter(|(_, parcel)| !taken_off.contains(parcel));
            let strange: Vec<_> = strange
                .map(|(place, parcel)| {
                    let text = format!("{parcel} is not on this manifest");
                    Problem::of(Rule::Unknown, format!("not_taken/{place}"), text)
                })
                .collect();
            if !strange.is_empty() {
                return Err(Error::Invalid(strange));
            }
            tx.close_manifest(&tenant, id, now).await?;
            let (account, by) = (Some(known.account.clone()), Some(by.clone()));
            let about = About { manifest: Some(id), account, by, ..About::default() };
            tx.emit(&tenant, &event(event_id, EventKind::ManifestClosed, now, about)).await
        })
        .await?;
        self.wakes().events.notify_one();
        self.manifest(&caller.as_reader(), id).await
    }

    /// The paper of a list as PDF: kept once the list is closed, drawn anew while it is open.
    pub async fn manifest_paper(&self, caller: &Caller, id: ManifestId) -> Result<(Document, Bytes)> {
        caller.require(Scope::Print)?;
        let reader = caller.as_reader();
        let manifest = self.manifest(&reader, id).await?.manifest;
        if let Some(document) = manifest.document {
            return self.document(caller, document).await;
        }
        let drawn = {
            let paper = self.paper_of(&reader, &manifest).await?;
            ::documents::manifest(&paper, &self.draw_options()).map_err(Error::internal)?
        };
        let document = Document {
            id: DocumentId::new(1).ok_or_else(|| Error::internal("1 is an id"))?,
            kind: DocumentKind::Manifest,
            format: Format::Pdf(Paper::A4),
            order: None,
            shipment: None,
            parcel: None,
            of_batch: None,
            sha256: String::new(),
            size: drawn.bytes.len() as u64,
            created_at: self.now(),
            warnings: drawn.warnings,
        };
        if manifest.status == ManifestStatus::Open {
            return Ok((document, Bytes::from(drawn.bytes)));
        }
        let (kept, bytes) = self.keep(caller.tenant(), document, drawn.bytes).await?;
        let (tenant, document) = (caller.tenant().clone(), kept.id);
        let first = self.store().write(async move |tx| tx.keep_manifest_paper(&tenant, id, document).await).await?;
        match first {
            // Whoever asked at the same time was first: the proof is one paper.
            Some(first) if first != kept.id => self.document(caller, first).await,
            _ => Ok((kept, bytes)),
        }
    }

    async fn paper_of(&self, reader: &Caller, manifest: &Manifest) -> Result<ManifestPaper> {
        let mut parcels: Vec<HandedParcel> = Vec::new();
        loop {
            let after = parcels.last().map(|last| last.parcel);
            let page = self.manifest_parcels(reader, manifest.id, after, BATCH).await?;
            let is_full = page.len() == BATCH;
            parcels.extend(page);
            if !is_full {
                break;
            }
        }
        let left_behind = self.left_behind(reader, manifest.id, None, BATCH).await?;
        let setup = &reader.setup;
        let account = setup.account(&manifest.account);
        let named = account.and_then(|known| known.account.settings.get("carrier_name")).cloned();
        let own = || account.and_then(|known| known.profile).map(|profile| profile.name.to_owned());
        let location = setup.locations.iter().find(|known| known.external_id == manifest.location);
        let zone = zone_of(setup, &manifest.location);
        Ok(ManifestPaper {
            id: manifest.id.to_string(),
            carrier: named.or_else(own).unwrap_or_else(|| manifest.account.clone()),
            location: location.map(Location::sender).unwrap_or_default(),
            day: manifest.day,
            closed: manifest.closed_at.map(|at| at.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M").to_string()),
            parcels,
            left_behind,
        })
    }
}

/// The first instant at which a parcel of a day's list may have been booked.
fn since(day: Date, zone: &TimeZone) -> Timestamp {
    let first = day.checked_sub(LOOK_BACK.days()).unwrap_or(day);
    let start = zone.to_ambiguous_timestamp(first.to_datetime(jiff::civil::Time::midnight())).compatible();
    start.unwrap_or(Timestamp::UNIX_EPOCH)
}

pub(crate) fn zone_of(setup: &TenantSetup, location: &str) -> TimeZone {
    let known = setup.locations.iter().find(|known| known.external_id == location);
    known.map_or_else(|| setup.zone.clone(), |known| setup.zone_of(known))
}

/// The account, the location and its zone; every mistake by field.
fn place_of(caller: &Caller, wish: &ManifestWish) -> Result<(String, Location, TimeZone)> {
    let setup = &caller.setup;
    let mut problems = Vec::new();
    let account = setup.contract(caller.dialect, &wish.account);
    match account.map(|account| account.profile) {
        None => {
            let text = format!("no carrier account is called {:?}", wish.account);
            problems.push(Problem::of(Rule::Unknown, "carrier_account", text));
        }
        Some(profile) if !profile.is_some_and(|profile| profile.manifests) => {
            let text = format!("the carrier of {:?} takes no closing list from here", wish.account);
            problems.push(Problem::new("carrier_account", text));
        }
        Some(_) => {}
    }
    let location = location_of(caller, wish.location.as_deref()).map_err(|problem| problems.push(problem)).ok();
    match (account, location) {
        (Some(account), Some(location)) if problems.is_empty() => {
            let zone = setup.zone_of(&location);
            Ok((account.account.id.clone(), location, zone))
        }
        _ => Err(Error::Invalid(problems)),
    }
}

/// The location somebody means; the tenant's first when nobody says.
pub(crate) fn location_of(caller: &Caller, name: Option<&str>) -> std::result::Result<Location, Problem> {
    let setup = &caller.setup;
    let Some(name) = name else {
        let text = "the tenant has no location: add one";
        return setup.locations.first().cloned().ok_or_else(|| Problem::new("location", text));
    };
    let text = || format!("no location is known as {name:?}");
    let known = setup.location(caller.dialect, name).cloned();
    known.ok_or_else(|| Problem::of(Rule::Unknown, "location", text()))
}
