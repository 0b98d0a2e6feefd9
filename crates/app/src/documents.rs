//! Documents: drawn, stored, found again, and reached by a link that expires.

use std::time::Duration;

use bytes::Bytes;
use documents::{DrawError, Drawn, Options as DrawOptions};
use domain::act::Actor;
use domain::document::{Document, DocumentKind, Dpi, Format, LabelContent, PackingLine, PackingSlip, Paper};
use domain::ids::{DocumentId, OrderId, ParcelId, ShipmentId};
use domain::order::Order;
use domain::shipment::{Shipment, ShipmentStatus};
use domain::tenant::{Scope, TenantId};
use domain::{Error, Result, Timestamp};
pub use store::documents::DocumentList;

use crate::{App, Caller, clock};

impl App {
    pub(crate) fn draw_options(&self) -> DrawOptions {
        DrawOptions { fallback_font: self.options().fallback_font.clone(), ..DrawOptions::default() }
    }

    pub(crate) fn draw_label(&self, content: &LabelContent, format: Format) -> std::result::Result<Drawn, DrawError> {
        let began = std::time::Instant::now();
        let drawn = ::documents::label(content, format, &self.draw_options());
        metrics::histogram!("waybill_label_drawing_seconds", "format" => format.extension()).record(began.elapsed());
        drawn
    }

    /// Notes that the caller was given a document.
    pub(crate) fn handed_out(&self, caller: &Caller, found: (Document, Bytes)) -> (Document, Bytes) {
        self.printed(caller.tenant(), caller.actor(), &found.0);
        found
    }

    async fn readable(&self, tenant: &TenantId, document: Document) -> Result<(Document, Bytes)> {
        if document.kind == DocumentKind::ReturnLabel
            && let Some(id) = document.shipment
        {
            not_withdrawn(&self.known_shipment(tenant, id).await?)?;
        }
        let bytes = self.blobs().read(tenant, &document.sha256).await?;
        bytes.map(|bytes| (document, bytes)).ok_or(Error::NotFound("document"))
    }

    pub(crate) async fn keep(
        &self,
        tenant: &TenantId,
        document: Document,
        bytes: Vec<u8>,
    ) -> Result<(Document, Bytes)> {
        let bytes = Bytes::from(bytes);
        let sha256 = self.blobs().put(tenant, bytes.clone()).await?;
        let document = Document {
            id: self.one_id("documents", DocumentId::new).await?,
            sha256,
            size: bytes.len() as u64,
            ..document
        };
        let owner = tenant.clone();
        let kept = self
            .store()
            .write(async move |tx| {
                tx.add_documents(&owner, std::slice::from_ref(&document)).await?;
                // Whoever drew the same at the same time may have been first.
                Ok(tx.same_document(&owner, &document).await?.unwrap_or_else(|| document.clone()))
            })
            .await?;
        Ok((kept, bytes))
    }

    /// The documents of a shipment, oldest first.
    pub async fn documents(&self, caller: &Caller, shipment: ShipmentId) -> Result<Vec<Document>> {
        caller.require(Scope::Read)?;
        let tenant = caller.tenant().clone();
        self.store().read(async move |tx| tx.documents_of_shipment(&tenant, shipment).await).await
    }

    /// Documents of any shipment and batch, each with how its shipment stands, latest first.
    pub async fn list_documents(
        &self,
        caller: &Caller,
        list: DocumentList,
    ) -> Result<Vec<(Document, Option<ShipmentStatus>)>> {
        caller.require(Scope::Read)?;
        let tenant = caller.tenant().clone();
        self.store().read_list(async move |tx| tx.list_documents(&tenant, &list).await).await
    }

    /// One document's bytes, with the key.
    pub async fn document(&self, caller: &Caller, id: DocumentId) -> Result<(Document, Bytes)> {
        caller.require(Scope::Print)?;
        let tenant = caller.tenant().clone();
        let document = self.store().read(async move |tx| tx.document(&tenant, id).await).await?;
        let found = self.readable(caller.tenant(), document.ok_or(Error::NotFound("document"))?).await?;
        Ok(self.handed_out(caller, found))
    }

    /// A parcel's label in a format: the stored bytes, else drawn from what stands on it and stored. No carrier is asked.
    /// One that was bought with something else than the order says now is a conflict.
    pub async fn label(&self, caller: &Caller, parcel: ParcelId, format: Format) -> Result<(Document, Bytes)> {
        caller.require(Scope::Print)?;
        let (shipment, order, documents) = self.place_of_label(caller.tenant(), parcel).await?;
        fits(&shipment, &order)?;
        let found = self.label_of(caller.tenant(), &shipment, parcel, documents, format).await?;
        Ok(self.handed_out(caller, found))
    }

    /// The same for whoever confirms that the label is to be printed although it may be out of date.
    pub async fn confirmed_label(
        &self,
        caller: &Caller,
        parcel: ParcelId,
        format: Format,
    ) -> Result<(Document, Bytes)> {
        caller.require(Scope::Print)?;
        let (shipment, _, documents) = self.place_of_label(caller.tenant(), parcel).await?;
        let found = self.label_of(caller.tenant(), &shipment, parcel, documents, format).await?;
        Ok(self.handed_out(caller, found))
    }

    /// A parcel's label as a picture to look at on a screen, out of date or not. To look at it is not to print it.
    pub async fn label_preview(&self, caller: &Caller, parcel: ParcelId) -> Result<(Document, Bytes)> {
        caller.require(Scope::Print)?;
        let (shipment, _, documents) = self.place_of_label(caller.tenant(), parcel).await?;
        self.label_of(caller.tenant(), &shipment, parcel, documents, Format::Png(Dpi::D203)).await
    }

    async fn place_of_label(&self, tenant: &TenantId, parcel: ParcelId) -> Result<(Shipment, Order, Vec<Document>)> {
        let owner = tenant.clone();
        let found = self.store().read(async move |tx| tx.place_of_label(&owner, parcel).await).await?;
        found.ok_or(Error::NotFound("parcel"))
    }

    /// The label of a parcel among the documents of its shipment, else a new one.
    async fn label_of(
        &self,
        tenant: &TenantId,
        shipment: &Shipment,
        parcel: ParcelId,
        documents: Vec<Document>,
        format: Format,
    ) -> Result<(Document, Bytes)> {
        not_withdrawn(shipment)?;
        let kind = shipment.label_kind();
        let is_it =
            |document: &Document| document.kind == kind && document.parcel == Some(parcel) && document.format == format;
        let is_of_it = |document: &&Document| document.kind == kind && document.parcel == Some(parcel);
        let made: Vec<_> = documents.iter().filter(is_of_it).cloned().collect();
        let stored = documents.into_iter().find(is_it);
        if let Some(document) = &stored
            && let Ok(found) = self.readable(tenant, document.clone()).await
        {
            return Ok(found);
        }
        let owner = tenant.clone();
        let content = self.store().read(async move |tx| tx.label_content(&owner, parcel).await).await?;
        let Some(content) = content else {
            return self.made_label_of(tenant, (shipment, parcel), &made, format).await;
        };
        let content: LabelContent = store::codec::from_json(&content)?;
        let drawn = self.draw_label(&content, format).map_err(Error::internal)?;
        if let Some(document) = stored {
            // The bytes were lost. Drawn again they are the same, unless this version draws otherwise.
            let bytes = Bytes::from(drawn.bytes.clone());
            if self.blobs().put(tenant, bytes.clone()).await? == document.sha256 {
                return Ok((document, bytes));
            }
        }
        let place = (shipment.id, shipment.order, parcel);
        let document = label_row(kind, place, format, self.now(), drawn.warnings)?;
        self.keep(tenant, document, drawn.bytes).await
    }

    /// The label that the carrier drew, on the paper that is asked for; as it came, when it cannot be put there and is of the
    /// same kind.
    async fn made_label_of(
        &self,
        tenant: &TenantId,
        (shipment, parcel): (&Shipment, ParcelId),
        made: &[Document],
        format: Format,
    ) -> Result<(Document, Bytes)> {
        let Some(source) = source_of(made, format) else {
            return Err(made.first().map_or(Error::NotFound("label in this format"), |_| not_so(made, format, None)));
        };
        let (source, bytes) = self.readable(tenant, source.clone()).await?;
        let (options, label) = (self.draw_options(), bytes.to_vec());
        // A page in dots takes a while.
        let drawing = tokio::task::spawn_blocking(move || ::documents::made(label, format, &options));
        match drawing.await.map_err(Error::internal)? {
            Ok(drawn) if source.format != format => {
                let place = (shipment.id, shipment.order, parcel);
                let document = label_row(shipment.label_kind(), place, format, self.now(), drawn.warnings)?;
                self.keep(tenant, document, drawn.bytes).await
            }
            _ if source.format.media_type() == format.media_type() => Ok((source, bytes)),
            Ok(_) => Err(not_so(made, format, None)),
            Err(why) => Err(not_so(made, format, Some(why))),
        }
    }

    /// A shipment's packing slip as PDF, drawn from the order as it stands and stored.
    pub async fn packing_slip(&self, caller: &Caller, shipment: ShipmentId) -> Result<(Document, Bytes)> {
        caller.require(Scope::Print)?;
        let shipment = self.shipment(&caller.as_reader(), shipment).await?;
        let (tenant, order_id) = (caller.tenant().clone(), shipment.order);
        let order = self.store().read(async move |tx| tx.order_ever(&tenant, order_id).await).await?;
        let order = order.ok_or(Error::NotFound("order"))?;
        let packed = |line: usize| {
            let contents = || shipment.parcels.iter().flat_map(|parcel| &parcel.parcel.contents);
            if contents().next().is_none() {
                return order.details.items[line].quantity;
            }
            contents().filter(|content| content.line == line).map(|content| content.quantity).sum()
        };
        let lines = order.details.items.iter().enumerate().map(|(line, item)| PackingLine {
            sku: item.sku.clone(),
            name: item.name.clone(),
            quantity: packed(line),
            ordered: item.quantity,
        });
        let lines: Vec<_> = lines.filter(|line| line.quantity > 0).collect();
        let zone = &caller.setup.zone;
        let slip = PackingSlip {
            sender: shipment.details.sender.clone(),
            recipient: shipment.details.recipient.clone(),
            order_number: shipment.details.order_reference.clone().unwrap_or_else(|| order.id.to_string()),
            placed: order.details.placed_at.map(|sent| sent.instant_in(zone).to_zoned(zone.clone()).date().to_string()),
            parcels: shipment
                .parcels
                .iter()
                .map(|parcel| {
                    let number = parcel.tracking_number.clone().unwrap_or_default();
                    (shipment.details.service_name.clone(), number)
                })
                .collect(),
            lines,
            notes: order.details.notes.clone(),
        };
        let drawn = ::documents::packing_slip(&slip, &self.draw_options()).map_err(Error::internal)?;
        let document = Document {
            id: DocumentId::new(1).ok_or_else(|| Error::internal("1 is an id"))?,
            kind: DocumentKind::PackingSlip,
            format: Format::Pdf(Paper::A4),
            order: Some(shipment.order),
            shipment: Some(shipment.id),
            parcel: None,
            of_batch: None,
            sha256: String::new(),
            size: 0,
            created_at: self.now(),
            warnings: drawn.warnings,
        };
        Ok(self.handed_out(caller, self.keep(caller.tenant(), document, drawn.bytes).await?))
    }

    /// An unguessable link to a document that expires.
    pub fn document_link(&self, tenant: &TenantId, document: DocumentId) -> String {
        format!("{}/d/{}", self.options().public_url, self.document_token(tenant, document))
    }

    /// What such a link ends with: letters, digits, `-`, `_` and a point.
    pub fn document_token(&self, tenant: &TenantId, document: DocumentId) -> String {
        let until = clock::later(self.now(), self.options().link_lifetime);
        self.vault().seal_link(&format!("{}|{tenant}|{}", document.number(), until.as_second()))
    }

    /// The document behind a link's token; a link that expired is as unknown as one that never was.
    pub async fn open_document_link(&self, token: &str) -> Result<(Document, Bytes)> {
        let (tenant, document) = self.linked(token).await?;
        let found = self.readable(&tenant, document).await?;
        self.printed(&tenant, Actor::link(), &found.0);
        Ok(found)
    }

    /// The label behind a link's token, for interfaces whose links name the order too. One of another order is unknown; one
    /// that was given back, or that no longer fits the order, is a conflict.
    pub async fn open_label_link(&self, order: OrderId, token: &str) -> Result<(Document, Bytes)> {
        let (tenant, document) = self.linked(token).await?;
        let Some(shipment) = document.shipment.filter(|_| document.order == Some(order)) else {
            return Err(Error::NotFound("document"));
        };
        let owner = tenant.clone();
        let found = self
            .store()
            .read(async move |tx| Ok(tx.shipment(&owner, shipment).await?.zip(tx.order_ever(&owner, order).await?)))
            .await?;
        let (shipment, order) = found.ok_or(Error::NotFound("document"))?;
        if shipment.status != ShipmentStatus::Booked {
            return Err(Error::Conflict("the label is not good any more: its shipment is not booked".to_owned()));
        }
        fits(&shipment, &order)?;
        let found = self.readable(&tenant, document).await?;
        self.printed(&tenant, Actor::link(), &found.0);
        Ok(found)
    }

    /// The id, as a decimal number, of the tenant's document that a link's token was made for, expired or not.
    pub fn linked_number(&self, tenant: &TenantId, token: &str) -> Option<String> {
        let text = self.vault().open_link(token)?;
        let mut parts = text.split('|');
        let number = parts.next()?.to_owned();
        (parts.next() == Some(tenant.as_str())).then_some(number)
    }

    async fn linked(&self, token: &str) -> Result<(TenantId, Document)> {
        let text = self.vault().open_link(token).ok_or(Error::NotFound("document"))?;
        let mut parts = text.split('|');
        let (Some(id), Some(tenant), Some(until)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(Error::NotFound("document"));
        };
        let until = until.parse().ok().and_then(|second| Timestamp::from_second(second).ok());
        let id = DocumentId::from_decimal(id).ok_or(Error::NotFound("document"))?;
        let tenant = TenantId::new(tenant).ok_or(Error::NotFound("document"))?;
        if until.is_none_or(|until| until <= self.now()) {
            return Err(Error::NotFound("document"));
        }
        let owner = tenant.clone();
        let document = self.store().read(async move |tx| tx.document(&owner, id).await).await?;
        Ok((tenant, document.ok_or(Error::NotFound("document"))?))
    }
}

/// Whether the labels of a return may still be used.
fn not_withdrawn(shipment: &Shipment) -> Result<()> {
    if !shipment.is_return() || shipment.status == ShipmentStatus::Booked {
        return Ok(());
    }
    let status = shipment.status.as_str();
    Err(Error::Conflict(format!("the return is {status}: its label is withdrawn and must not be used")))
}

/// Whether a label was bought with what the order says now.
fn fits(shipment: &Shipment, order: &Order) -> Result<()> {
    let outdated = shipment.outdated(&order.details);
    if outdated.is_empty() || !shipment.status.is_live() {
        return Ok(());
    }
    Err(Error::Conflict(format!(
        "the label was bought with another {} than the order has now: it is out of date. Void it and ship anew, or confirm \
         that it is to be printed all the same",
        outdated.join(" and ")
    )))
}

/// How old unreferenced bytes must be before they are swept.
pub(crate) const SWEPT_AFTER: Duration = Duration::from_hours(24);

/// Which of the files that a carrier made of a label goes into a format, the first that came before what was made of it:
/// one of that format, else PDF, which keeps its sharpness, else a picture. ZPL is for one resolution.
pub(crate) fn source_of(made: &[Document], format: Format) -> Option<&Document> {
    let of = |wanted: fn(Format) -> bool| made.iter().find(|document| wanted(document.format));
    let exactly = made.iter().find(|document| document.format == format);
    exactly.or_else(|| of(|made| matches!(made, Format::Pdf(_)))).or_else(|| of(|made| matches!(made, Format::Png(_))))
}

/// Says that a carrier's label cannot be had in a format, and how it can.
fn not_so(made: &[Document], format: Format, why: Option<DrawError>) -> Error {
    let kinds: Vec<_> = made.iter().map(|document| document.format.name()).collect();
    let why = why.map(|why| format!(": {why}")).unwrap_or_default();
    let (name, kinds) = (format.name(), kinds.join(" and "));
    Error::invalid("format", format!("the carrier's label cannot be had as {name}{why}; it can be had as {kinds}"))
}

/// The row of a parcel's label before it is stored.
fn label_row(
    kind: DocumentKind,
    (shipment, order, parcel): (ShipmentId, OrderId, ParcelId),
    format: Format,
    created_at: Timestamp,
    warnings: Vec<String>,
) -> Result<Document> {
    Ok(Document {
        id: DocumentId::new(1).ok_or_else(|| Error::internal("1 is an id"))?,
        kind,
        format,
        order: Some(order),
        shipment: Some(shipment),
        parcel: Some(parcel),
        of_batch: None,
        sha256: String::new(),
        size: 0,
        created_at,
        warnings,
    })
}
