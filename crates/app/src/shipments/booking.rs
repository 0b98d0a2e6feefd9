//! Asking the carrier: between transaction 1, which stored what will be asked, and transaction 2, which stores the answer.
//!
//! Whatever happens in between, the row says enough to finish or void it: `jobs/settle_bookings.rs` calls the same verbs.

use std::sync::Arc;
use std::time::Duration;

use domain::act::{self, Actor};
use domain::connector::{Answer, BookRequest, Booking, CancelRequest, Connection, Exchange, Parties, Profile, Trace};
use domain::document::Document;
use domain::error::CarrierError;
use domain::event::{About, Event, EventKind};
use domain::ids::{EventId, ParcelId, ShipmentId};
use domain::order::RawJson;
use domain::shipment::{Shipment, ShipmentStatus};
use domain::tenant::TenantId;
use domain::tracking::TrackingStatus;
use domain::{Error, Result, Timestamp};
use store::Tx;

use super::labels::MadeLabel;
use crate::addresses::fitting::Ends;
use crate::{App, clock, event};

/// What a person should know when a carrier charges otherwise than it offered.
fn charged_otherwise(asked: &Shipment, booking: &Booking) -> Option<String> {
    let (charged, offered) = (booking.charged?, asked.details.rate.as_ref()?.total);
    let is_same = charged.currency.is(offered.currency) && charged.amount == offered.amount;
    (!is_same).then(|| format!("the carrier charges {charged}, and {offered} was offered"))
}

/// What is stored in one transaction with a carrier's answer.
#[derive(Default)]
struct Along {
    contents: Vec<(ParcelId, String)>,
    documents: Vec<Document>,
    news: Vec<Event>,
    /// What was said to get the answer.
    exchanges: Vec<Exchange>,
}

/// A carrier's yes: what it makes of the shipment, and what is stored with that.
pub(super) struct Yes {
    at: Timestamp,
    along: Along,
    change: Box<dyn Fn(&mut Shipment) + Send + Sync>,
    gives_labels_later: bool,
}

impl Yes {
    /// Stores a shipment that is new in this transaction with what the carrier said to it; `news` happened before. Answers
    /// the shipment as it stands then.
    pub(super) async fn store(
        &self,
        tx: &mut Tx<'_>,
        tenant: &TenantId,
        asked: &Shipment,
        news: Vec<Event>,
    ) -> Result<Shipment> {
        tx.add_shipment(tenant, asked).await?;
        let mut booked = asked.clone();
        (self.change)(&mut booked);
        booked.modified_at = self.at;
        self.along.save(tx, tenant, &booked, news).await?;
        booked.version += 1;
        Ok(booked)
    }
}

impl Along {
    /// Saves a shipment that this transaction read or made, and all that comes along; `news` happened before.
    async fn save(&self, tx: &mut Tx<'_>, tenant: &TenantId, current: &Shipment, mut news: Vec<Event>) -> Result<()> {
        tx.save_read_shipment(tenant, current).await?;
        for (parcel, content) in &self.contents {
            tx.keep_label_content(tenant, *parcel, content).await?;
        }
        tx.add_documents(tenant, &self.documents).await?;
        tx.add_exchanges(tenant, current.id, current.modified_at, &self.exchanges).await?;
        news.extend(self.news.iter().cloned());
        tx.emit_all(tenant, &news).await
    }
}

/// Where a shipment leaves from and goes to.
fn ends_of(shipment: &Shipment) -> Ends<'_> {
    let details = &shipment.details;
    Ends {
        sender: &details.sender,
        recipient: &details.recipient,
        split: details.address_split.as_ref(),
        wraps: details.wraps_lines,
    }
}

fn about(shipment: &Shipment) -> About {
    let by = shipment.details.asked_by.clone();
    About { order: Some(shipment.order), shipment: Some(shipment.id), by, ..About::default() }
}

/// The numbers of a shipment, as acts tell them.
fn numbers(numbers: &[String]) -> Option<RawJson> {
    act::json(&serde_json::json!({ "tracking_numbers": numbers }))
}

impl App {
    pub(crate) async fn known_shipment(&self, tenant: &TenantId, id: ShipmentId) -> Result<Shipment> {
        let tenant = tenant.clone();
        let shipment = self.store().read(async move |tx| tx.shipment(&tenant, id).await).await?;
        shipment.ok_or(Error::NotFound("shipment"))
    }

    /// The connection and profile of a shipment's account.
    pub(super) async fn connection(
        &self,
        tenant: &TenantId,
        shipment: &Shipment,
    ) -> Result<(Arc<dyn Connection>, &'static Profile)> {
        let setup = self.tenant_setup(tenant).await?.ok_or(Error::NotFound("tenant"))?;
        let account = setup.account(&shipment.details.service.account);
        let found = account.and_then(|account| Some((account.connection.clone()?, account.profile?)));
        found.ok_or_else(|| {
            let account = &shipment.details.service.account;
            Error::Conflict(format!("carrier account {account:?} is gone or unusable"))
        })
    }

    /// Asks the carrier of a shipment's account; see [`App::ask_carrier`].
    pub(super) async fn ask<T>(
        &self,
        tenant: &TenantId,
        shipment: &Shipment,
        call: &'static str,
        answer: Answer<'_, T>,
    ) -> Result<T, CarrierError> {
        let account = &shipment.details.service.account;
        self.ask_carrier(tenant, account, call, self.options().carrier_timeout, answer).await
    }

    /// Until when whoever asks a carrier now may take: twice as long as the carrier may.
    pub(crate) fn lease_from(&self, now: Timestamp) -> Timestamp {
        clock::later(now, (self.options().carrier_timeout * 2).max(Duration::from_secs(5)))
    }

    /// What the carrier has of what a shipment asked.
    pub(crate) async fn find_booking(
        &self,
        tenant: &TenantId,
        shipment: &Shipment,
        connection: &dyn Connection,
        trace: &Trace,
    ) -> Result<Option<Booking>, CarrierError> {
        let ask = self.booking_request(shipment);
        self.ask(tenant, shipment, "find", connection.find(&ask, trace)).await
    }

    /// Stores a carrier's answer on the row as it stands now, so that what came meanwhile (a wish to cancel, a tracking
    /// event) is kept. A row that somebody else has settled is left as it is.
    async fn store_answer(
        &self,
        tenant: &TenantId,
        asked: &Shipment,
        along: Along,
        answer: impl Fn(&mut Shipment) + Send + Sync + 'static,
    ) -> Result<Shipment> {
        let (owner, id, status, reference) = (tenant.clone(), asked.id, asked.status, asked.details.reference.clone());
        let now = self.now();
        let stored = self
            .store()
            .write(async move |tx| {
                let mut current = tx.shipment(&owner, id).await?.ok_or(Error::NotFound("shipment"))?;
                if current.status != status || current.details.reference != reference {
                    return Ok(current);
                }
                answer(&mut current);
                current.modified_at = now;
                along.save(tx, &owner, &current, Vec::new()).await?;
                current.version += 1;
                Ok(current)
            })
            .await?;
        self.wakes().shipments.notify_waiters();
        self.wakes().events.notify_one();
        Ok(stored)
    }

    async fn news_of(&self, shipment: &Shipment, kind: EventKind, about: About) -> Result<Along> {
        let id = self.one_id("events", EventId::new).await?;
        Ok(Along { news: vec![event(id, shipment.told_as(kind), self.now(), about)], ..Along::default() })
    }

    /// The public tracking page of a parcel.
    pub fn tracking_url(&self, token: &str) -> String {
        format!("{}/t/{token}", self.options().public_url)
    }

    /// Asks the carrier for what a `Booking` row says, and stores the answer. After a refusal the next account is asked.
    pub(crate) async fn book(&self, tenant: &TenantId, mut shipment: Shipment) -> Result<Shipment> {
        loop {
            if shipment.status != ShipmentStatus::Booking {
                return Ok(shipment);
            }
            let (connection, profile) = self.connection(tenant, &shipment).await?;
            let (answer, exchanges) = Box::pin(self.ask_to_book(tenant, &shipment, connection.as_ref())).await;
            match answer {
                Ok(booking) => return self.store_booking(tenant, &shipment, booking, profile, exchanges).await,
                Err(error) if error.is_unsure() => {
                    let did_nothing = error.did_nothing();
                    return self.leave_open(tenant, &shipment, (error, did_nothing), exchanges).await;
                }
                Err(error) => {
                    let next = shipment
                        .details
                        .alternatives
                        .iter()
                        .position(|rate| rate.service.account != shipment.details.service.account);
                    match next.filter(|_| !shipment.details.cancel_wanted) {
                        Some(next) => shipment = self.turn_to(tenant, &shipment, next, &error, exchanges).await?,
                        None => return self.store_refusal(tenant, &shipment, error, exchanges).await,
                    }
                }
            }
        }
    }

    /// Asks a carrier for what a shipment says; also answers what was said. What does not fit is refused here, every problem
    /// at once, and nobody is asked.
    async fn ask_to_book(
        &self,
        tenant: &TenantId,
        shipment: &Shipment,
        connection: &dyn Connection,
    ) -> (Result<Booking, CarrierError>, Vec<Exchange>) {
        let trace = Trace::default();
        let service = &shipment.details.service.service;
        let answer = match ends_of(shipment).fit(&connection.address_limits(service), service) {
            Ok(ends) => {
                let asked = self.booking_request(shipment);
                let ask = BookRequest { sender: ends.sender, recipient: ends.recipient, ..asked };
                self.ask(tenant, shipment, "book", connection.book(&ask, &trace)).await
            }
            Err(problems) => Err(CarrierError::Refused(problems)),
        };
        (answer, trace.take())
    }

    fn booking_request(&self, shipment: &Shipment) -> BookRequest {
        let details = &shipment.details;
        BookRequest {
            service: details.service.clone(),
            reference: details.reference.clone(),
            order_reference: details.order_reference.clone(),
            sender: details.sender.clone(),
            recipient: details.recipient.clone(),
            parties: Parties {
                is_return: shipment.is_return(),
                return_to: details.return_to.clone(),
                billing: details.billing.clone(),
            },
            parcels: shipment.parcels.iter().map(|parcel| parcel.parcel.clone()).collect(),
            goods: details.goods.clone(),
            rate: details.rate.clone(),
            label_format: details.label_format,
            begun_at: shipment.created_at,
            serials: details.serials.clone(),
            now: self.now(),
            tracking_pages: shipment.parcels.iter().map(|p| self.tracking_url(&p.tracking_token)).collect(),
        }
    }

    /// One more transaction 1: the same shipment, the next account, a new reference and new serials.
    async fn turn_to(
        &self,
        tenant: &TenantId,
        asked: &Shipment,
        next: usize,
        why: &CarrierError,
        exchanges: Vec<Exchange>,
    ) -> Result<Shipment> {
        let mut alternatives = asked.details.alternatives[next..].to_vec();
        let rate = alternatives.remove(0);
        let setup = self.tenant_setup(tenant).await?.ok_or(Error::NotFound("tenant"))?;
        let serials = self.serials(&setup, &rate.service.account, asked.parcels.len()).await?;
        let turn = asked.details.reference.split_once('.').map_or(1, |(_, turn)| turn.parse().unwrap_or(1)) + 1;
        let reference = format!("{}.{turn}", asked.id);
        let lease = self.lease_from(self.now());
        let reassigned = About {
            old: Some(asked.details.service.to_string()),
            new: Some(rate.service.to_string()),
            reason: Some(why.to_string()),
            ..about(asked)
        };
        let along = Along { exchanges, ..self.news_of(asked, EventKind::ShipmentReassigned, reassigned).await? };
        let turned = move |shipment: &mut Shipment| {
            shipment.lease_until = Some(lease);
            let details = &mut shipment.details;
            details.reference.clone_from(&reference);
            details.service = rate.service.clone();
            details.service_name.clone_from(&rate.service_name);
            details.rate = Some(rate.clone());
            details.alternatives.clone_from(&alternatives);
            details.serials.clone_from(&serials);
        };
        self.store_answer(tenant, asked, along, turned).await
    }

    /// Nobody knows what the carrier did: the row stays `Booking`, and the job asks again soon.
    pub(crate) async fn leave_unsure(
        &self,
        tenant: &TenantId,
        asked: &Shipment,
        error: CarrierError,
        exchanges: Vec<Exchange>,
    ) -> Result<Shipment> {
        self.leave_open(tenant, asked, (error, false), exchanges).await
    }

    /// The same, with whether the carrier surely did nothing when it was asked to book: then the job need not look for
    /// a booking first.
    async fn leave_open(
        &self,
        tenant: &TenantId,
        asked: &Shipment,
        (error, did_nothing): (CarrierError, bool),
        exchanges: Vec<Exchange>,
    ) -> Result<Shipment> {
        // The longer nobody knows, the less often the carrier is asked, unless it said when.
        let age = self.now().duration_since(asked.created_at).unsigned_abs();
        let patience = clock::later(self.now(), (age / 10).min(Duration::from_mins(10)));
        let has_said = matches!(error, CarrierError::Unavailable { retry_after: Some(_), .. });
        let again = self.ask_again_at(&error);
        let again = if has_said { again } else { again.max(patience) };
        let unsure = move |shipment: &mut Shipment| {
            shipment.lease_until = Some(again);
            shipment.details.failure = Some(error.clone());
            shipment.details.is_surely_unbooked = did_nothing;
        };
        self.store_answer(tenant, asked, Along { exchanges, ..Along::default() }, unsure).await
    }

    /// When a carrier that gave no usable answer is asked again.
    fn ask_again_at(&self, error: &CarrierError) -> Timestamp {
        let wait = match error {
            CarrierError::Unavailable { retry_after: Some(seconds), .. } => (*seconds).clamp(1, 3600),
            _ => 15,
        };
        clock::later(self.now(), Duration::from_secs(wait))
    }

    /// The carrier said no, and there is nobody else to ask.
    async fn store_refusal(
        &self,
        tenant: &TenantId,
        asked: &Shipment,
        error: CarrierError,
        exchanges: Vec<Exchange>,
    ) -> Result<Shipment> {
        let failed = About { reason: Some(error.to_string()), ..about(asked) };
        let along = Along { exchanges, ..self.news_of(asked, EventKind::ShipmentFailed, failed).await? };
        let refused = move |shipment: &mut Shipment| {
            shipment.status = ShipmentStatus::Failed;
            shipment.lease_until = None;
            shipment.details.failure = Some(error.clone());
        };
        self.store_answer(tenant, asked, along, refused).await
    }

    /// The carrier knows nothing of a shipment that nobody wants any more: it is cancelled without being booked.
    pub(crate) async fn store_never_booked(&self, tenant: &TenantId, asked: &Shipment) -> Result<Shipment> {
        let along = self.news_of(asked, EventKind::ShipmentCancelled, about(asked)).await?;
        let cancelled = |shipment: &mut Shipment| {
            shipment.status = ShipmentStatus::Cancelled;
            shipment.lease_until = None;
            shipment.details.failure = None;
        };
        self.store_answer(tenant, asked, along, cancelled).await
    }

    /// The carrier said yes: puts the labels' bytes, then stores numbers, documents and the event (transaction 2).
    ///
    /// Bytes that cannot be put now do not undo the booking: the shipment is booked with its label missing, and
    /// `jobs/store_labels.rs` fetches it without booking again.
    pub(crate) async fn store_booking(
        &self,
        tenant: &TenantId,
        asked: &Shipment,
        booking: Booking,
        profile: &Profile,
        exchanges: Vec<Exchange>,
    ) -> Result<Shipment> {
        if booking.parcels.len() != asked.parcels.len() {
            let text = format!("{} parcels asked, {} booked", asked.parcels.len(), booking.parcels.len());
            return self.leave_unsure(tenant, asked, CarrierError::Unreadable(text), exchanges).await;
        }
        let Yes { along, change, gives_labels_later, .. } =
            self.yes(tenant, asked, booking, profile, exchanges).await?;
        let mut stored = self.store_answer(tenant, asked, along, change).await?;
        if !(stored.details.cancel_wanted && stored.status == ShipmentStatus::Booked) {
            if gives_labels_later && stored.wants_label() {
                // The booking is safe by now. A label that does not come at once is fetched by the job.
                if let Err(error) = Box::pin(self.store_missing_labels(tenant, stored.id)).await {
                    tracing::warn!(shipment = %stored.id, %error, "label of {} did not come yet", stored.id);
                }
                stored = self.known_shipment(tenant, stored.id).await?;
            }
            return Ok(stored);
        }
        match self.cancel_known(tenant, stored.id, None).await {
            // It is booked all the same, and an event says that it is not cancelled.
            Err(Error::Carrier(..)) => self.known_shipment(tenant, stored.id).await,
            cancelled => cancelled,
        }
    }

    /// What comes of a booking: puts the labels' bytes, and says what is to be stored.
    async fn yes(
        &self,
        tenant: &TenantId,
        asked: &Shipment,
        booking: Booking,
        profile: &Profile,
        exchanges: Vec<Exchange>,
    ) -> Result<Yes> {
        let (now, is_followed) = (self.now(), profile.can_track);
        let mut along = Along { exchanges, ..Along::default() };
        let gives_labels_later = booking.parcels.iter().any(|parcel| parcel.label.is_none());
        let mut warnings = booking.warnings.clone();
        warnings.extend(charged_otherwise(asked, &booking));
        // What was done to the addresses is told, also when the answer was found again later.
        let connection = self.connection(tenant, asked).await.ok().map(|(connection, _)| connection);
        let service = &asked.details.service.service;
        let ends =
            connection.and_then(|connection| ends_of(asked).fit(&connection.address_limits(service), service).ok());
        warnings.extend(ends.map(|ends| ends.notes).unwrap_or_default());
        let mut labelled = Vec::with_capacity(asked.parcels.len());
        for (parcel, booked) in asked.parcels.iter().zip(&booking.parcels) {
            let made = match &booked.label {
                Some(label) => self.make_label(tenant, asked, parcel.id, label, profile).await?,
                None => MadeLabel::none(),
            };
            labelled.push(made.document.is_some());
            along.contents.extend(made.content.map(|content| (parcel.id, content)));
            along.documents.extend(made.document);
            warnings.extend(made.warnings);
        }
        let ids = self.event_ids(3).await?;
        let brought: Vec<_> = booking.parcels.iter().map(|parcel| parcel.tracking_number.clone()).collect();
        let told = About { after: numbers(&brought), ..about(asked) };
        along.news.push(event(ids[0], asked.told_as(EventKind::ShipmentBooked), now, told));
        if labelled.iter().all(|has_label| *has_label) && !asked.details.is_given_up {
            let ready = About { by: None, ..about(asked) };
            along.news.push(event(ids[1], asked.told_as(EventKind::ShipmentReadyToPrint), now, ready));
        }
        if let Some(replaced) = &asked.details.replaces {
            let (old, new) = (Some(replaced.tracking_numbers.join(", ")), Some(brought.join(", ")));
            along.news.push(event(ids[2], EventKind::ShipmentReplaced, now, About { old, new, ..about(asked) }));
        }
        let booked = move |shipment: &mut Shipment| {
            for ((parcel, booked), has_label) in shipment.parcels.iter_mut().zip(&booking.parcels).zip(&labelled) {
                parcel.tracking_number = Some(booked.tracking_number.clone());
                parcel.sscc.clone_from(&booked.sscc);
                parcel.tracking = TrackingStatus::Announced;
                parcel.has_label = *has_label;
            }
            shipment.status = ShipmentStatus::Booked;
            shipment.lease_until = None;
            let details = &mut shipment.details;
            details.carrier_reference.clone_from(&booking.carrier_reference);
            details.carrier_page.clone_from(&booking.tracking_url);
            details.charged = booking.charged;
            details.is_surely_unbooked = false;
            details.booked_at = Some(now);
            details.is_followed = is_followed;
            details.failure = None;
            details.alternatives = Vec::new();
            for warning in &warnings {
                if !details.warnings.contains(warning) {
                    details.warnings.push(warning.clone());
                }
            }
        };
        Ok(Yes { at: now, along, change: Box::new(booked), gives_labels_later })
    }

    /// The yes of a carrier that asks nobody, to a shipment that is not stored yet: if this process ends before it is,
    /// nothing has happened anywhere. `None` when it is no plain yes.
    pub(super) async fn yes_at_once(&self, tenant: &TenantId, shipment: &Shipment) -> Result<Option<Yes>> {
        let (connection, profile) = self.connection(tenant, shipment).await?;
        if !profile.asks_nobody {
            return Ok(None);
        }
        let (answer, exchanges) = Box::pin(self.ask_to_book(tenant, shipment, connection.as_ref())).await;
        match answer {
            Ok(booking)
                if booking.parcels.len() == shipment.parcels.len()
                    && booking.parcels.iter().all(|parcel| parcel.label.is_some()) =>
            {
                self.yes(tenant, shipment, booking, profile, exchanges).await.map(Some)
            }
            _ => Ok(None),
        }
    }

    /// Cancels a shipment: marks it, asks the carrier, stores the answer. Without somebody who asks now it is whoever
    /// asked before.
    pub(crate) async fn cancel_known(&self, tenant: &TenantId, id: ShipmentId, by: Option<Actor>) -> Result<Shipment> {
        self.cancel_to(tenant, id, false, by).await
    }

    /// The same; `makes_way` says that another shipment is to take its place.
    pub(super) async fn cancel_to(
        &self,
        tenant: &TenantId,
        id: ShipmentId,
        makes_way: bool,
        by: Option<Actor>,
    ) -> Result<Shipment> {
        let now = self.now();
        let (owner, lease) = (tenant.clone(), self.lease_from(now));
        let event_id = self.one_id("events", EventId::new).await?;
        let marked = self
            .store()
            .write(async move |tx| {
                let mut shipment = tx.shipment(&owner, id).await?.ok_or(Error::NotFound("shipment"))?;
                shipment.details.makes_way = makes_way;
                if let Some(by) = &by
                    && shipment.status.is_live()
                {
                    shipment.details.asked_by = Some(by.clone());
                }
                match shipment.status {
                    ShipmentStatus::Booking => {
                        shipment.details.cancel_wanted = true;
                        // One that was left for a person is looked at once more.
                        shipment.lease_until.get_or_insert(now);
                    }
                    ShipmentStatus::Booked if shipment.is_from_elsewhere() => {
                        // Nobody here can be asked: our record is all there is to clear.
                        shipment.status = ShipmentStatus::Cancelled;
                        let before = numbers(&shipment.tracking_numbers());
                        let about = About { before, ..about(&shipment) };
                        tx.emit(&owner, &event(event_id, EventKind::ShipmentCancelled, now, about)).await?;
                    }
                    ShipmentStatus::Booked => {
                        shipment.status = ShipmentStatus::Cancelling;
                        shipment.details.cancel_wanted = false;
                        shipment.lease_until = Some(lease);
                    }
                    ShipmentStatus::Draft
                    | ShipmentStatus::Cancelling
                    | ShipmentStatus::Cancelled
                    | ShipmentStatus::Failed => return Ok((shipment, false)),
                }
                shipment.modified_at = now;
                tx.save_shipment(&owner, &shipment).await?;
                shipment.version += 1;
                Ok((shipment, true))
            })
            .await?;
        match marked {
            (shipment, true) if shipment.status == ShipmentStatus::Cancelling => {
                self.finish_cancelling(tenant, &shipment).await
            }
            (shipment, _) => Ok(shipment),
        }
    }

    /// Asks the carrier to forget a shipment in `Cancelling` and stores the answer. Without one it is asked again soon,
    /// and an event tells a person the first time.
    pub(crate) async fn finish_cancelling(&self, tenant: &TenantId, asked: &Shipment) -> Result<Shipment> {
        let (connection, profile) = self.connection(tenant, asked).await?;
        let trace = Trace::default();
        let ask = CancelRequest {
            reference: asked.details.reference.clone(),
            carrier_reference: asked.details.carrier_reference.clone(),
            tracking_numbers: asked.parcels.iter().filter_map(|parcel| parcel.tracking_number.clone()).collect(),
        };
        let answer = if profile.can_cancel {
            self.ask(tenant, asked, "cancel", connection.cancel(&ask, &trace)).await
        } else {
            Err(CarrierError::Unsupported("cancelling a booking".to_owned()))
        };
        let failure = answer.clone().err();
        let is_told = asked.details.failure.as_ref().is_some_and(CarrierError::is_unsure);
        let (status, kind, lease) = match &failure {
            None => (ShipmentStatus::Cancelled, Some(EventKind::ShipmentCancelled), None),
            Some(error) if error.is_unsure() => {
                let kind = (!is_told).then_some(EventKind::ShipmentUnsettled);
                (ShipmentStatus::Cancelling, kind, Some(self.ask_again_at(error)))
            }
            Some(_) => (ShipmentStatus::Booked, Some(EventKind::ShipmentCancelRefused), None),
        };
        let reason = failure.as_ref().map(ToString::to_string);
        let mut along = match kind {
            Some(kind) => {
                let before = numbers(&asked.tracking_numbers());
                self.news_of(asked, kind, About { reason, before, ..about(asked) }).await?
            }
            None => Along::default(),
        };
        along.exchanges = trace.take();
        let answered = move |shipment: &mut Shipment| {
            shipment.status = status;
            shipment.lease_until = lease;
            shipment.details.failure.clone_from(&failure);
        };
        let stored = self.store_answer(tenant, asked, along, answered).await?;
        answer.map(|()| stored).map_err(|error| Error::Carrier(error, Some(asked.id)))
    }
}
