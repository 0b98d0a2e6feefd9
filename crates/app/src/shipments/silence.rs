//! Silence: a carrier that does not answer, in a call whose client waits. The next choice takes the parcels at once; what
//! the silent carrier did is found out and voided by the job that settles bookings.

use domain::connector::Trace;
use domain::error::CarrierError;
use domain::event::{About, EventKind};
use domain::ids::{EventId, ParcelId, ShipmentId};
use domain::parcel::Parcel;
use domain::shipment::{Shipment, ShipmentDetails, ShipmentStatus};
use domain::tracking::TrackingStatus;
use domain::{Error, Result};
use store::orders::Held;

use crate::{App, Caller, event};

/// Whether nobody knows yet what the carrier did.
fn is_open(shipment: &Shipment) -> bool {
    let is_unsure = shipment.details.failure.as_ref().is_some_and(CarrierError::is_unsure);
    shipment.status == ShipmentStatus::Booking && is_unsure && !shipment.details.cancel_wanted
}

impl App {
    /// Turns from a carrier that did not answer to the next one, until one answers or none is left.
    pub(super) async fn turn_from_silence(&self, caller: &Caller, mut shipment: Shipment) -> Result<Shipment> {
        while is_open(&shipment) {
            shipment = match self.found_after_all(caller, &shipment).await? {
                Some(found) => found,
                None => match self.take_over(caller, &shipment).await? {
                    Some(next) => Box::pin(self.book(caller.tenant(), next)).await?,
                    None => break,
                },
            };
        }
        Ok(shipment)
    }

    /// The booking, when only its answer was lost.
    async fn found_after_all(&self, caller: &Caller, asked: &Shipment) -> Result<Option<Shipment>> {
        let (tenant, trace) = (caller.tenant(), Trace::default());
        let (connection, profile) = self.connection(tenant, asked).await?;
        match self.find_booking(tenant, asked, connection.as_ref(), &trace).await {
            Ok(Some(booking)) => self.store_booking(tenant, asked, booking, profile, trace.take()).await.map(Some),
            _ => Ok(None),
        }
    }

    /// Whether it can be found out later what a carrier did, so that nothing stays bought that nobody knows of.
    async fn can_be_found_out(&self, caller: &Caller, asked: &Shipment) -> Result<bool> {
        let (connection, profile) = self.connection(caller.tenant(), asked).await?;
        if profile.books_once_a_reference {
            return Ok(true);
        }
        let found = self.find_booking(caller.tenant(), asked, connection.as_ref(), &Trace::default()).await;
        Ok(!matches!(found, Err(CarrierError::Unsupported(_))))
    }

    /// A new shipment of the same parcels with the next account; the old one is marked to be voided. `None` when there is no
    /// other account, or the old one would stay unknown for ever.
    async fn take_over(&self, caller: &Caller, silent: &Shipment) -> Result<Option<Shipment>> {
        let account = &silent.details.service.account;
        let next = silent.details.alternatives.iter().position(|rate| rate.service.account != *account);
        let Some(next) = next else { return Ok(None) };
        if !self.can_be_found_out(caller, silent).await? {
            return Ok(None);
        }
        let fresh = self.successor(caller, silent, next).await?;
        let why = silent.details.failure.as_ref().map(ToString::to_string);
        let reassigned = About {
            order: Some(silent.order),
            shipment: Some(fresh.id),
            old: Some(silent.details.service.to_string()),
            new: Some(fresh.details.service.to_string()),
            reason: why,
            by: Some(caller.actor()),
            ..About::default()
        };
        let event_id = self.one_id("events", EventId::new).await?;
        let (tenant, id, reference, now) =
            (caller.tenant().clone(), silent.id, silent.details.reference.clone(), self.now());
        let again = self.lease_from(now);
        let taken = self
            .store()
            .write(async move |tx| {
                let Some(mut current) = tx.shipment(&tenant, id).await? else { return Ok(None) };
                let is_held = tx.hold_order(&tenant, current.order).await? == Held::Open;
                if !is_held || !is_open(&current) || current.details.reference != reference {
                    return Ok(None);
                }
                current.details.is_given_up = true;
                current.details.cancel_wanted = true;
                current.lease_until.get_or_insert(again);
                current.modified_at = now;
                tx.save_shipment(&tenant, &current).await?;
                let (_, live) = tx.hold_order_for(&tenant, &fresh).await?;
                if live.is_some() {
                    return Err(Error::Conflict("the order is being shipped at this moment: try again".to_owned()));
                }
                tx.add_shipment(&tenant, &fresh).await?;
                tx.emit(&tenant, &event(event_id, EventKind::ShipmentReassigned, now, reassigned.clone())).await?;
                Ok(Some(fresh.clone()))
            })
            .await?;
        self.wakes().events.notify_one();
        Ok(taken)
    }

    /// The same parcels, asked of the next account under a reference of their own.
    async fn successor(&self, caller: &Caller, silent: &Shipment, next: usize) -> Result<Shipment> {
        let now = self.now();
        let id = self.one_id("shipments", ShipmentId::new).await?;
        let ids = self.ids("parcels", silent.parcels.len(), ParcelId::new).await?;
        let mut alternatives = silent.details.alternatives[next..].to_vec();
        let rate = alternatives.remove(0);
        let serials = self.serials(&caller.setup, &rate.service.account, silent.parcels.len()).await?;
        let parcel = |(parcel, id): (&Parcel, ParcelId)| Parcel {
            id,
            tracking_number: None,
            sscc: None,
            tracking: TrackingStatus::Unknown,
            tracking_token: self.random().token::<16>(),
            has_label: false,
            ..parcel.clone()
        };
        Ok(Shipment {
            id,
            order: silent.order,
            status: ShipmentStatus::Booking,
            version: 1,
            created_at: now,
            modified_at: now,
            lease_until: Some(self.lease_from(now)),
            parcels: silent.parcels.iter().zip(ids).map(parcel).collect(),
            details: ShipmentDetails {
                service: rate.service.clone(),
                service_name: rate.service_name.clone(),
                reference: id.to_string(),
                rate: Some(rate),
                alternatives,
                serials,
                failure: None,
                ..silent.details.clone()
            },
        })
    }
}
