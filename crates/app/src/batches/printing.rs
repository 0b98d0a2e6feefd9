//! Putting the labels of a batch together: one file a group, drawn from what stands on each label. Labels that carriers
//! made are copied. No carrier is asked, so a batch is printed as often as somebody likes.

use std::collections::HashSet;
use std::time::Instant;

use bytes::Bytes;
use documents::{Drawn, Part};
use domain::batch::{BatchPart, BatchStage, GroupBy, GroupKey, GroupTitle, grouped};
use domain::document::{Document, DocumentKind, Format};
use domain::event::{About, EventKind};
use domain::ids::{DocumentId, EventId, OrderId, ParcelId, ShipmentId};
use domain::shipment::ShipmentStatus;
use domain::{Error, Result};
use store::batches::TakenBatch;
use tokio::sync::mpsc;

use super::PIECE;
use super::labelling::LEASE;
use crate::documents::source_of;
use crate::{App, clock, event};

/// Labels that are read at once, and that wait to be drawn at most.
const READ: usize = 256;

/// A label that is to be in a file.
#[derive(Clone, Debug)]
struct Sheet {
    parcel: ParcelId,
    shipment: ShipmentId,
    order: OrderId,
    /// What the shop calls the order.
    reference: Option<String>,
}

impl App {
    /// Puts the labels of a batch together and finishes it.
    pub(crate) async fn merge_batch(&self, taken: &TakenBatch) -> Result<()> {
        let groups = grouped(self.sheets_of(taken).await?);
        let ids = self.ids("documents", groups.len(), DocumentId::new).await?;
        let count = groups.len();
        let mut made = Vec::new();
        for (index, ((key, sheets), id)) in groups.into_iter().zip(ids).enumerate() {
            let document = self.print_group(taken, id, (index + 1, count), key, sheets).await?;
            made.push(document);
            if !self.keep_printing(taken, &mut made, PIECE).await? {
                return Ok(());
            }
        }
        if !self.keep_printing(taken, &mut made, 1).await? {
            return Ok(());
        }
        let (now, owner) = (self.now(), taken.clone());
        let about = About { batch: Some(taken.batch.id), counts: Some(taken.batch.counts), ..About::default() };
        let id = self.one_id("events", EventId::new).await?;
        let done = event(id, EventKind::BatchDone, now, about);
        self.store()
            .write(async move |tx| {
                if tx.move_batch(&owner, BatchStage::Done, Some(now), None).await? {
                    tx.emit(&owner.tenant, &done).await?;
                }
                Ok(())
            })
            .await?;
        self.wakes().events.notify_one();
        tracing::info!(batch = %taken.batch.id, files = count, "batch {}: {count} files are ready", taken.batch.id);
        Ok(())
    }

    /// Stores the rows of finished files once there are so many, and keeps the lease; false when the batch is somebody
    /// else's by now. A file that was stored before is the same one again.
    async fn keep_printing(&self, taken: &TakenBatch, made: &mut Vec<Document>, least: usize) -> Result<bool> {
        let rows = if made.len() >= least { std::mem::take(made) } else { Vec::new() };
        let (owner, until) = (taken.clone(), clock::later(self.now(), LEASE));
        self.store()
            .write(async move |tx| {
                if !tx.keep_batch(&owner, until).await? {
                    return Ok(false);
                }
                tx.add_documents(&owner.tenant, &rows).await?;
                Ok(true)
            })
            .await
    }

    /// The labels of a batch in its order, each with what it is grouped under.
    async fn sheets_of(&self, taken: &TakenBatch) -> Result<Vec<(GroupKey, Sheet)>> {
        let printing = &taken.batch.printing;
        let group_by = &printing.group_by;
        let needs_orders = group_by.iter().any(|by| !matches!(by, GroupBy::Carrier | GroupBy::Country));
        let (mut sheets, mut after, from_round) = (Vec::new(), 0, printing.from_round);
        loop {
            let (tenant, batch) = (taken.tenant.clone(), taken.batch.id);
            let page = self.store().read_list(async move |tx| {
                let labelled = tx.labelled_orders(&tenant, batch, from_round, after, PIECE).await?;
                let shipments: Vec<_> = labelled.iter().filter_map(|order| order.shipment).collect();
                let orders: Vec<_> = labelled.iter().map(|order| order.order).filter(|_| needs_orders).collect();
                let last = labelled.last().map(|order| order.position);
                Ok((last, tx.shipments(&tenant, &shipments).await?, tx.orders_ever(&tenant, &orders).await?))
            });
            let (last, shipments, orders) = page.await?;
            let Some(last) = last else { return Ok(sheets) };
            after = last;
            let mut orders = orders.into_iter();
            for shipment in shipments {
                let order = orders.next().flatten();
                // One that was given back since is printed no more.
                let Some(shipment) = shipment.filter(|one| one.status == ShipmentStatus::Booked) else { continue };
                for parcel in &shipment.parcels {
                    let value = |by: &GroupBy| by.value(order.as_ref(), &shipment, parcel);
                    let key: GroupKey = group_by.iter().map(value).collect();
                    let reference = shipment.details.order_reference.clone();
                    let sheet = Sheet { parcel: parcel.id, shipment: shipment.id, order: shipment.order, reference };
                    sheets.push((key, sheet));
                }
            }
        }
    }

    /// Draws and puts the file of one group.
    async fn print_group(
        &self,
        taken: &TakenBatch,
        id: DocumentId,
        (place, count): (usize, usize),
        key: GroupKey,
        sheets: Vec<Sheet>,
    ) -> Result<Document> {
        let (batch, printing) = (&taken.batch, &taken.batch.printing);
        let group: Vec<_> = printing.group_by.iter().copied().zip(key).collect();
        let title = format!("Batch {}, {} labels", batch.id, sheets.len());
        let page = if group.is_empty() {
            None
        } else {
            let setup = self.tenant_setup(&taken.tenant).await?.ok_or(Error::NotFound("tenant"))?;
            let made = batch.created_at.to_zoned(setup.zone.clone()).strftime("%Y-%m-%d %H:%M").to_string();
            let orders: HashSet<_> = sheets.iter().map(|sheet| sheet.order).collect();
            let values = group.iter().map(|(by, value)| (by.title(), value.clone())).collect();
            let (labels, orders, batch) = (sheets.len(), orders.len(), batch.id.to_string());
            Some(GroupTitle { values, place: (place, count), labels, orders, batch, made })
        };
        let labels = sheets.len() as u64;
        let drawn = self.draw_sheets(taken, (page, place == 1), sheets, title).await?;
        let size = drawn.bytes.len() as u64;
        let sha256 = self.blobs().put(&taken.tenant, Bytes::from(drawn.bytes)).await?;
        Ok(Document {
            id,
            kind: DocumentKind::Labels,
            format: printing.format,
            order: None,
            shipment: None,
            parcel: None,
            of_batch: Some(BatchPart {
                batch: batch.id,
                printing: printing.number,
                place: place as u32,
                group,
                labels,
            }),
            sha256,
            size,
            created_at: self.now(),
            warnings: drawn.warnings,
        })
    }

    /// Draws labels on a thread of their own while the next ones are read.
    async fn draw_sheets(
        &self,
        taken: &TakenBatch,
        (page, is_first): (Option<GroupTitle>, bool),
        sheets: Vec<Sheet>,
        title: String,
    ) -> Result<Drawn> {
        let (parts, mut waiting) = mpsc::channel::<Part<'static>>(READ);
        let printing = &taken.batch.printing;
        let format = printing.format;
        // Only the first sheet of all is one that was begun before.
        let start_position = if is_first { printing.start_position } else { 0 };
        let options = ::documents::Options { start_position, rotation: printing.rotation, ..self.draw_options() };
        let count = sheets.len();
        let drawing = tokio::task::spawn_blocking(move || {
            let labels = (0..count).map_while(|_| waiting.blocking_recv());
            let parts = page.map(Part::Title).into_iter().chain(labels);
            ::documents::merge(parts, &title, format, &options)
        });
        let mut kept_at = Instant::now();
        for sheets in sheets.chunks(READ) {
            if kept_at.elapsed() >= LEASE / 4 {
                self.keep_printing(taken, &mut Vec::new(), 1).await?;
                kept_at = Instant::now();
            }
            for part in self.parts_of(taken, sheets, format).await? {
                // Nobody listens any more when the drawing broke, which is told below.
                drop(parts.send(part).await);
            }
        }
        drop(parts);
        drawing.await.map_err(Error::internal)?.map_err(Error::internal)
    }

    /// What stands on these labels, or what their carriers made.
    async fn parts_of(&self, taken: &TakenBatch, sheets: &[Sheet], format: Format) -> Result<Vec<Part<'static>>> {
        let (tenant, parcels) = (taken.tenant.clone(), sheets.iter().map(|sheet| sheet.parcel).collect::<Vec<_>>());
        let contents = self.store().read_list(async move |tx| tx.label_contents(&tenant, &parcels).await).await?;
        let foreign = sheets.iter().zip(&contents).filter(|(_, content)| content.is_none());
        let foreign: Vec<_> = foreign.map(|(sheet, _)| sheet.shipment).collect();
        let tenant = taken.tenant.clone();
        let documents =
            self.store().read_list(async move |tx| tx.documents_of_shipments(&tenant, &foreign).await).await?;
        let mut documents = documents.into_iter();
        let mut parts = Vec::with_capacity(sheets.len());
        for (sheet, content) in sheets.iter().zip(contents) {
            parts.push(match content {
                Some(text) => Part::Label(Box::new(store::codec::from_json(&text)?)),
                None => self.made_label(taken, sheet, documents.next().unwrap_or_default(), format).await?,
            });
        }
        Ok(parts)
    }

    /// The label that a carrier made of a parcel.
    async fn made_label(
        &self,
        taken: &TakenBatch,
        sheet: &Sheet,
        documents: Vec<Document>,
        format: Format,
    ) -> Result<Part<'static>> {
        let order = sheet.reference.clone().unwrap_or_else(|| sheet.order.to_string());
        let name = format!("order {order}, parcel {}", sheet.parcel);
        let is_its =
            |document: &&Document| document.kind == DocumentKind::Label && document.parcel == Some(sheet.parcel);
        let own: Vec<_> = documents.iter().filter(is_its).cloned().collect();
        let Some(document) = source_of(&own, format) else {
            let has: Vec<_> = own.iter().map(|document| document.format.name()).collect();
            let has = if has.is_empty() { "no label".to_owned() } else { has.join(" and ") };
            let text = format!("{name}: its carrier made {has}, which does not go into this file: print it by itself");
            return Ok(Part::Missing(text));
        };
        Ok(match self.blobs().read(&taken.tenant, &document.sha256).await? {
            Some(bytes) => Part::Made(name, bytes.to_vec()),
            None => Part::Missing(format!("{name}: the carrier's label is lost: fetch it anew")),
        })
    }
}
