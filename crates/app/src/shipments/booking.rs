//! Asking the carrier: between transaction 1, which stored what will be asked, and transaction 2, which stores the answer.
//!
//! Whatever happens in between, the row says enough to finish or void it: `jobs/settle_bookings.rs` calls the same verbs.

use std::sync::Arc;

use bytes::Bytes;
use domain::connector::{BookRequest, Booking, CancelRequest, Connection, Label, Profile};
use domain::document::{Document, DocumentKind, Format, Paper};
use domain::error::CarrierError;
use domain::event::{About, EventKind};
use domain::ids::{DocumentId, EventId, ShipmentId};
use domain::shipment::{Shipment, ShipmentStatus};
use domain::tenant::{Mode, TenantId};
use domain::tracking::TrackingStatus;
use domain::{Error, Result};

use super::LEASE;
use crate::{App, clock, event};

/// The format a label is drawn in when it is bought; others are drawn when somebody asks.
pub(crate) const BOUGHT_FORMAT: Format = Format::Pdf(Paper::Mm100x150);

/// A label's bytes, or why there are none yet.
struct MadeLabel {
    content: Option<String>,
    document: Option<Document>,
    warnings: Vec<String>,
}

impl App {
    async fn known_shipment(&self, tenant: &TenantId, id: ShipmentId) -> Result<Shipment> {
        let tenant = tenant.clone();
        let shipment = self.store().read(async move |tx| tx.shipment(&tenant, id).await).await?;
        shipment.ok_or(Error::NotFound("shipment"))
    }

    /// The connection and profile of a shipment's account.
    async fn connection(
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

    /// The public tracking page of a parcel.
    pub fn tracking_url(&self, token: &str) -> String {
        format!("{}/t/{token}", self.options().public_url)
    }

    /// Asks the carrier for what a `Booking` row says, and stores the answer. After a refusal the next account is asked.
    pub(crate) async fn book(&self, tenant: &TenantId, id: ShipmentId) -> Result<Shipment> {
        loop {
            let shipment = self.known_shipment(tenant, id).await?;
            if shipment.status != ShipmentStatus::Booking {
                return Ok(shipment);
            }
            let (connection, _) = self.connection(tenant, &shipment).await?;
            let ask = self.booking_request(&shipment);
            let limit = self.options().carrier_timeout;
            let answer = tokio::time::timeout(limit, connection.book(&ask)).await.unwrap_or_else(|_| {
                Err(CarrierError::Unavailable { message: "no answer in time".to_owned(), retry_after: None })
            });
            match answer {
                Ok(booking) => return self.store_booking(tenant, &shipment, booking).await,
                Err(error) if error.is_unsure() => return self.leave_unsure(tenant, shipment, error).await,
                Err(error) => {
                    let next = shipment.details.alternatives.iter().position(|rate| {
                        rate.service.account != shipment.details.service.account
                    });
                    match next.filter(|_| !shipment.details.cancel_wanted) {
                        Some(next) => self.turn_to(tenant, shipment, next).await?,
                        None => return self.store_refusal(tenant, shipment, error).await,
                    }
                }
            }
        }
    }

    fn booking_request(&self, shipment: &Shipment) -> BookRequest {
        let details = &shipment.details;
        BookRequest {
            service: details.service.clone(),
            reference: details.reference.clone(),
            order_reference: details.order_reference.clone(),
            sender: details.sender.clone(),
            recipient: details.recipient.clone(),
            parcels: shipment.parcels.iter().map(|parcel| parcel.parcel.clone()).collect(),
            serials: details.serials.clone(),
            now: self.now(),
            tracking_pages: shipment.parcels.iter().map(|p| self.tracking_url(&p.tracking_token)).collect(),
        }
    }

    /// One more transaction 1: the same shipment, the next account, a new reference and new serials.
    async fn turn_to(&self, tenant: &TenantId, mut shipment: Shipment, next: usize) -> Result<()> {
        let mut alternatives = shipment.details.alternatives.split_off(next);
        let rate = alternatives.remove(0);
        let setup = self.tenant_setup(tenant).await?.ok_or(Error::NotFound("tenant"))?;
        let serials = self.serials(&setup, &rate.service.account, shipment.parcels.len()).await?;
        let turn = shipment.details.reference.split_once('.').map_or(1, |(_, turn)| turn.parse().unwrap_or(1)) + 1;
        let now = self.now();
        let details = &mut shipment.details;
        details.reference = format!("{}.{turn}", shipment.id);
        details.service = rate.service.clone();
        details.service_name.clone_from(&rate.service_name);
        details.rate = Some(rate);
        details.alternatives = alternatives;
        details.serials = serials;
        shipment.modified_at = now;
        shipment.lease_until = Some(clock::later(now, LEASE));
        let tenant = tenant.clone();
        self.store().write(async move |tx| tx.save_shipment(&tenant, &shipment).await).await
    }

    /// Nobody knows what the carrier did: the row stays `Booking`, and the job asks again soon.
    pub(crate) async fn leave_unsure(
        &self,
        tenant: &TenantId,
        mut shipment: Shipment,
        error: CarrierError,
    ) -> Result<Shipment> {
        let wait = match &error {
            CarrierError::Unavailable { retry_after: Some(seconds), .. } => (*seconds).clamp(1, 3600),
            _ => 15,
        };
        let now = self.now();
        shipment.modified_at = now;
        shipment.lease_until = Some(clock::later(now, std::time::Duration::from_secs(wait)));
        shipment.details.failure = Some(error);
        let (tenant, stored) = (tenant.clone(), shipment.clone());
        self.store().write(async move |tx| tx.save_shipment(&tenant, &stored).await).await?;
        Ok(shipment)
    }

    /// The carrier said no, and there is nobody else to ask.
    async fn store_refusal(&self, tenant: &TenantId, mut shipment: Shipment, error: CarrierError) -> Result<Shipment> {
        let now = self.now();
        let about = About {
            order: Some(shipment.order),
            shipment: Some(shipment.id),
            reason: Some(error.to_string()),
            ..About::default()
        };
        shipment.status = ShipmentStatus::Failed;
        shipment.modified_at = now;
        shipment.lease_until = None;
        shipment.details.failure = Some(error);
        let failed = event(self.one_id("events", EventId::new).await?, EventKind::ShipmentFailed, now, about);
        let (tenant, stored) = (tenant.clone(), shipment.clone());
        self.store()
            .write(async move |tx| {
                tx.save_shipment(&tenant, &stored).await?;
                tx.emit(&tenant, &failed).await
            })
            .await?;
        self.wake_after_shipment();
        Ok(shipment)
    }

    fn wake_after_shipment(&self) {
        self.wakes().shipments.notify_waiters();
        self.wakes().events.notify_one();
    }

    /// The carrier said yes: puts the labels' bytes, then stores numbers, documents and the event (transaction 2).
    ///
    /// Bytes that cannot be put now do not undo the booking: the shipment is booked with its label missing, and
    /// `jobs/store_labels.rs` fetches it without booking again.
    pub(crate) async fn store_booking(&self, tenant: &TenantId, asked: &Shipment, booking: Booking) -> Result<Shipment> {
        if booking.parcels.len() != asked.parcels.len() {
            let text = format!("{} parcels asked, {} booked", asked.parcels.len(), booking.parcels.len());
            return self.leave_unsure(tenant, asked.clone(), CarrierError::Unreadable(text)).await;
        }
        let now = self.now();
        let mut shipment = asked.clone();
        let mut labels = Vec::with_capacity(shipment.parcels.len());
        for (parcel, booked) in shipment.parcels.iter_mut().zip(&booking.parcels) {
            let made = self.make_label(tenant, asked, parcel.id, &booked.label).await?;
            parcel.tracking_number = Some(booked.tracking_number.clone());
            parcel.sscc.clone_from(&booked.sscc);
            parcel.tracking = TrackingStatus::Announced;
            parcel.has_label = made.document.is_some();
            labels.push(made);
        }
        for warning in labels.iter().flat_map(|made| &made.warnings) {
            if !shipment.details.warnings.contains(warning) {
                shipment.details.warnings.push(warning.clone());
            }
        }
        shipment.status = ShipmentStatus::Booked;
        shipment.modified_at = now;
        shipment.lease_until = None;
        shipment.details.carrier_reference = booking.carrier_reference;
        shipment.details.booked_at = Some(now);
        shipment.details.failure = None;
        shipment.details.alternatives = Vec::new();
        let about = About { order: Some(shipment.order), shipment: Some(shipment.id), ..About::default() };
        let ids = self.event_ids(2).await?;
        let mut news = vec![event(ids[0], EventKind::ShipmentBooked, now, about.clone())];
        if shipment.is_ready_to_print() {
            news.push(event(ids[1], EventKind::ShipmentReadyToPrint, now, about));
        }
        let (owner, stored) = (tenant.clone(), shipment.clone());
        let outcome = self
            .store()
            .write(async move |tx| {
                let Some(current) = tx.shipment(&owner, stored.id).await? else {
                    return Err(Error::NotFound("shipment"));
                };
                if current.status != ShipmentStatus::Booking
                    || current.details.reference != stored.details.reference
                {
                    return Ok(current);
                }
                let mut next = Shipment { version: current.version, ..stored.clone() };
                next.details.cancel_wanted = current.details.cancel_wanted;
                tx.save_shipment(&owner, &next).await?;
                for (parcel, made) in next.parcels.iter().zip(&labels) {
                    if let Some(content) = &made.content {
                        tx.keep_label_content(&owner, parcel.id, content).await?;
                    }
                }
                let documents: Vec<_> = labels.iter().filter_map(|made| made.document.clone()).collect();
                tx.add_documents(&owner, &documents).await?;
                tx.emit_all(&owner, &news).await?;
                next.version += 1;
                Ok(next)
            })
            .await?;
        self.wake_after_shipment();
        if outcome.details.cancel_wanted && outcome.status == ShipmentStatus::Booked {
            return self.cancel_known(tenant, outcome.id).await;
        }
        Ok(outcome)
    }

    /// Draws or takes a label and puts its bytes; without a document when they could not be put.
    async fn make_label(
        &self,
        tenant: &TenantId,
        shipment: &Shipment,
        parcel: domain::ids::ParcelId,
        label: &Label,
    ) -> Result<MadeLabel> {
        let (bytes, format, content, warnings) = match label {
            Label::Content(content) => {
                let mut content = (**content).clone();
                let setup = self.tenant_setup(tenant).await?;
                content.is_test |= setup.is_some_and(|setup| setup.tenant.mode == Mode::Test);
                let text = store::codec::to_json(&content)?;
                match self.draw_label(&content, BOUGHT_FORMAT) {
                    Ok(drawn) => (Some(drawn.bytes), BOUGHT_FORMAT, Some(text), drawn.warnings),
                    Err(error) => {
                        tracing::error!(shipment = %shipment.id, %error, "label of {} cannot be drawn", shipment.id);
                        (None, BOUGHT_FORMAT, Some(text), vec![format!("the label cannot be drawn: {error}")])
                    }
                }
            }
            Label::Bytes(bytes, format) => (Some(bytes.clone()), *format, None, Vec::new()),
        };
        let document = match bytes {
            None => None,
            Some(bytes) => {
                let size = bytes.len() as u64;
                match self.blobs().put(tenant, Bytes::from(bytes)).await {
                    Ok(sha256) => Some(Document {
                        id: self.one_id("documents", DocumentId::new).await?,
                        kind: DocumentKind::Label,
                        format,
                        order: shipment.order,
                        shipment: Some(shipment.id),
                        parcel: Some(parcel),
                        sha256,
                        size,
                        created_at: self.now(),
                        warnings: warnings.clone(),
                    }),
                    Err(error) => {
                        tracing::error!(shipment = %shipment.id, %error, "label of {} is not stored yet", shipment.id);
                        None
                    }
                }
            }
        };
        Ok(MadeLabel { content, document, warnings })
    }

    /// Stores the missing labels of a booked shipment without booking again: draws them from what was kept, or asks the
    /// carrier for the booking it already has.
    pub(crate) async fn store_missing_labels(&self, tenant: &TenantId, id: ShipmentId) -> Result<()> {
        let shipment = self.known_shipment(tenant, id).await?;
        if shipment.status != ShipmentStatus::Booked || shipment.is_ready_to_print() {
            return Ok(());
        }
        let mut found: Option<Booking> = None;
        let mut made_labels = Vec::new();
        for (index, parcel) in shipment.parcels.iter().enumerate().filter(|(_, parcel)| !parcel.has_label) {
            let (owner, parcel_id) = (tenant.clone(), parcel.id);
            let kept = self.store().read(async move |tx| tx.label_content(&owner, parcel_id).await).await?;
            let label = match kept {
                Some(text) => Label::Content(Box::new(store::codec::from_json(&text)?)),
                None => {
                    if found.is_none() {
                        let (connection, _) = self.connection(tenant, &shipment).await?;
                        found = connection.find(&shipment.details.reference).await?;
                    }
                    let booked = found.as_ref().and_then(|booking| booking.parcels.get(index));
                    booked.map(|booked| booked.label.clone()).ok_or(Error::NotFound("label"))?
                }
            };
            let made = self.make_label(tenant, &shipment, parcel.id, &label).await?;
            let document = made.document.ok_or_else(|| Error::Unavailable("the label is not stored yet".to_owned()))?;
            made_labels.push(document);
        }
        let (now, owner) = (self.now(), tenant.clone());
        let event_id = self.one_id("events", EventId::new).await?;
        self.store()
            .write(async move |tx| {
                let Some(mut current) = tx.shipment(&owner, id).await? else { return Ok(()) };
                if current.status != ShipmentStatus::Booked || current.is_ready_to_print() {
                    return Ok(());
                }
                for parcel in &mut current.parcels {
                    parcel.has_label |= made_labels.iter().any(|document| document.parcel == Some(parcel.id));
                }
                current.modified_at = now;
                tx.save_shipment(&owner, &current).await?;
                tx.add_documents(&owner, &made_labels).await?;
                if current.is_ready_to_print() {
                    let about = About { order: Some(current.order), shipment: Some(id), ..About::default() };
                    tx.emit(&owner, &event(event_id, EventKind::ShipmentReadyToPrint, now, about)).await?;
                }
                Ok(())
            })
            .await?;
        self.wake_after_shipment();
        Ok(())
    }

    /// Cancels a shipment whoever asked: marks it, asks the carrier, stores the answer.
    pub(crate) async fn cancel_known(&self, tenant: &TenantId, id: ShipmentId) -> Result<Shipment> {
        let now = self.now();
        let owner = tenant.clone();
        let marked = self
            .store()
            .write(async move |tx| {
                let mut shipment = tx.shipment(&owner, id).await?.ok_or(Error::NotFound("shipment"))?;
                match shipment.status {
                    ShipmentStatus::Booking => shipment.details.cancel_wanted = true,
                    ShipmentStatus::Booked => {
                        shipment.status = ShipmentStatus::Cancelling;
                        shipment.details.cancel_wanted = false;
                        shipment.lease_until = Some(clock::later(now, LEASE));
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
                self.finish_cancelling(tenant, shipment).await
            }
            (shipment, _) => Ok(shipment),
        }
    }

    /// Asks the carrier to forget a shipment in `Cancelling` and stores the answer.
    pub(crate) async fn finish_cancelling(&self, tenant: &TenantId, mut shipment: Shipment) -> Result<Shipment> {
        let (connection, profile) = self.connection(tenant, &shipment).await?;
        let ask = CancelRequest {
            reference: shipment.details.reference.clone(),
            carrier_reference: shipment.details.carrier_reference.clone(),
            tracking_numbers: shipment.parcels.iter().filter_map(|parcel| parcel.tracking_number.clone()).collect(),
        };
        let answer = if profile.can_cancel {
            let limit = self.options().carrier_timeout;
            tokio::time::timeout(limit, connection.cancel(&ask)).await.unwrap_or_else(|_| {
                Err(CarrierError::Unavailable { message: "no answer in time".to_owned(), retry_after: None })
            })
        } else {
            Err(CarrierError::Unsupported("cancelling a booking".to_owned()))
        };
        let now = self.now();
        let mut about = About { order: Some(shipment.order), shipment: Some(shipment.id), ..About::default() };
        let kind = match &answer {
            Ok(()) => {
                shipment.status = ShipmentStatus::Cancelled;
                EventKind::ShipmentCancelled
            }
            Err(error) if error.is_unsure() => return Err(Error::Carrier(error.clone())),
            Err(error) => {
                shipment.status = ShipmentStatus::Booked;
                shipment.details.failure = Some(error.clone());
                about.reason = Some(error.to_string());
                EventKind::ShipmentCancelRefused
            }
        };
        shipment.modified_at = now;
        shipment.lease_until = None;
        let news = event(self.one_id("events", EventId::new).await?, kind, now, about);
        let (owner, stored) = (tenant.clone(), shipment.clone());
        self.store()
            .write(async move |tx| {
                tx.save_shipment(&owner, &stored).await?;
                tx.emit(&owner, &news).await
            })
            .await?;
        self.wake_after_shipment();
        shipment.version += 1;
        answer.map(|()| shipment).map_err(Error::Carrier)
    }
}
