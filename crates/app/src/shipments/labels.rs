//! Labels of booked shipments: drawn or taken, put, and fetched again without booking again.

use bytes::Bytes;
use domain::connector::{Connection, Label, LabelRequest, Profile, Trace};
use domain::document::Document;
use domain::error::CarrierError;
use domain::event::{About, EventKind};
use domain::ids::{DocumentId, EventId, ParcelId, ShipmentId};
use domain::shipment::{Shipment, ShipmentStatus};
use domain::tenant::{Mode, TenantId};
use domain::{Error, Result};

use crate::{App, event};

/// A label's bytes, or why there are none yet.
pub(super) struct MadeLabel {
    pub(super) content: Option<String>,
    pub(super) document: Option<Document>,
    pub(super) warnings: Vec<String>,
}

impl MadeLabel {
    /// The carrier has given none yet.
    pub(super) fn none() -> Self {
        Self { content: None, document: None, warnings: Vec::new() }
    }
}

impl App {
    /// Draws or takes a label and puts its bytes; without a document when they could not be put.
    pub(super) async fn make_label(
        &self,
        tenant: &TenantId,
        shipment: &Shipment,
        parcel: ParcelId,
        label: &Label,
        profile: &Profile,
    ) -> Result<MadeLabel> {
        let (bytes, format, content, warnings) = match label {
            Label::Content(content) => {
                let mut content = (**content).clone();
                let setup = self.tenant_setup(tenant).await?;
                content.is_test |= profile.is_test;
                content.is_test |= setup.is_some_and(|setup| setup.tenant.mode == Mode::Test);
                let text = store::codec::to_json(&content)?;
                let format = shipment.details.label_format;
                match self.draw_label(&content, format) {
                    Ok(drawn) => (Some(drawn.bytes), format, Some(text), drawn.warnings),
                    Err(error) => {
                        tracing::error!(shipment = %shipment.id, %error, "label of {} cannot be drawn", shipment.id);
                        (None, format, Some(text), vec![format!("the label cannot be drawn: {error}")])
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
                        kind: shipment.label_kind(),
                        format,
                        order: Some(shipment.order),
                        shipment: Some(shipment.id),
                        parcel: Some(parcel),
                        of_batch: None,
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

    /// The labels of a booking, from the carrier: in a call of their own, else with the booking it already has.
    async fn fetch_labels(
        &self,
        tenant: &TenantId,
        shipment: &Shipment,
        connection: &dyn Connection,
        trace: &Trace,
    ) -> Result<Vec<Option<Label>>> {
        let ask = LabelRequest {
            reference: shipment.details.reference.clone(),
            carrier_reference: shipment.details.carrier_reference.clone(),
            tracking_numbers: shipment.parcels.iter().filter_map(|parcel| parcel.tracking_number.clone()).collect(),
            label_format: shipment.details.label_format,
        };
        match self.ask(tenant, shipment, "labels", connection.labels(&ask, trace)).await {
            Err(CarrierError::Unsupported(_)) => {}
            labels => return Ok(labels?),
        }
        let found = self.find_booking(tenant, shipment, connection, trace).await?;
        Ok(found.into_iter().flat_map(|booking| booking.parcels).map(|parcel| parcel.label).collect())
    }

    /// Stores the missing labels of a booked shipment without booking again: draws them from what was kept, or asks the
    /// carrier for them.
    pub(crate) async fn store_missing_labels(&self, tenant: &TenantId, id: ShipmentId) -> Result<()> {
        let shipment = self.known_shipment(tenant, id).await?;
        if shipment.status != ShipmentStatus::Booked || shipment.is_ready_to_print() {
            return Ok(());
        }
        let (connection, profile) = self.connection(tenant, &shipment).await?;
        let (mut fetched, trace): (Option<Vec<Option<Label>>>, _) = (None, Trace::default());
        let mut made_labels = Vec::new();
        for (index, parcel) in shipment.parcels.iter().enumerate().filter(|(_, parcel)| !parcel.has_label) {
            let (owner, parcel_id) = (tenant.clone(), parcel.id);
            let kept = self.store().read(async move |tx| tx.label_content(&owner, parcel_id).await).await?;
            let label = if let Some(text) = kept {
                Label::Content(Box::new(store::codec::from_json(&text)?))
            } else {
                if fetched.is_none() {
                    fetched = Some(self.fetch_labels(tenant, &shipment, connection.as_ref(), &trace).await?);
                }
                match fetched.as_ref().and_then(|labels| labels.get(index)).cloned().flatten() {
                    Some(label) => label,
                    None => continue,
                }
            };
            let made = self.make_label(tenant, &shipment, parcel.id, &label, profile).await?;
            let document = made.document.ok_or_else(|| Error::Unavailable("the label is not stored yet".to_owned()))?;
            made_labels.push(document);
        }
        if made_labels.is_empty() {
            return Err(Error::NotFound("label"));
        }
        let (now, owner, exchanges) = (self.now(), tenant.clone(), trace.take());
        let event_id = self.one_id("events", EventId::new).await?;
        let is_ready = self
            .store()
            .write(async move |tx| {
                let Some(mut current) = tx.shipment(&owner, id).await? else { return Ok(true) };
                if current.status != ShipmentStatus::Booked || current.is_ready_to_print() {
                    return Ok(true);
                }
                for parcel in &mut current.parcels {
                    parcel.has_label |= made_labels.iter().any(|document| document.parcel == Some(parcel.id));
                }
                current.modified_at = now;
                tx.save_shipment(&owner, &current).await?;
                tx.add_documents(&owner, &made_labels).await?;
                tx.add_exchanges(&owner, id, now, &exchanges).await?;
                if current.is_ready_to_print() {
                    let about = About { order: Some(current.order), shipment: Some(id), ..About::default() };
                    let kind = current.told_as(EventKind::ShipmentReadyToPrint);
                    tx.emit(&owner, &event(event_id, kind, now, about)).await?;
                }
                Ok(current.is_ready_to_print())
            })
            .await?;
        self.wakes().events.notify_one();
        if is_ready { Ok(()) } else { Err(Error::NotFound("label")) }
    }
}
