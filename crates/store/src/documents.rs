//! Documents: rows about bytes that lie in the blob store.

use domain::batch::BatchPart;
use domain::document::{Document, DocumentKind, Format};
use domain::ids::{BatchId, DocumentId, OrderId, ParcelId, ShipmentId};
use domain::order::Order;
use domain::shipment::{Shipment, ShipmentStatus};
use domain::tenant::TenantId;
use domain::{Result, Timestamp};

use crate::codec::{from_json, id, known, to_json};
use crate::latest_first::Conditions;
use crate::{Row, Tx, Value, orders, params, shipments};

pub(crate) const COLUMNS: &str = "
    id, kind, format, order_id, shipment_id, parcel_id, sha256, size, warnings, created_at,
    batch_id, batch_printing, batch_place, batch_labels, batch_group";

/// Stands for no order: ids begin with 1.
const OF_MANY: u64 = 0;

/// A document from a row of [`COLUMNS`].
pub(crate) fn document(row: &Row) -> Result<Document> {
    Ok(Document {
        id: id(row.int(0)?, DocumentId::new)?,
        kind: known(DocumentKind::parse(&row.text(1)?), "document kind")?,
        format: known(Format::parse(&row.text(2)?), "format")?,
        order: match row.int(3)? as u64 {
            OF_MANY => None,
            number => Some(known(OrderId::new(number), "id")?),
        },
        shipment: row.opt_int(4)?.map(|number| id(number, ShipmentId::new)).transpose()?,
        parcel: row.opt_int(5)?.map(|number| id(number, ParcelId::new)).transpose()?,
        sha256: row.text(6)?,
        size: row.int(7)? as u64,
        warnings: from_json(&row.text(8)?)?,
        created_at: row.time(9)?,
        of_batch: row.opt_int(10)?.map(|number| part(number, row)).transpose()?,
    })
}

fn part(batch: i64, row: &Row) -> Result<BatchPart> {
    Ok(BatchPart {
        batch: id(batch, BatchId::new)?,
        printing: row.int(11)? as u32,
        place: row.int(12)? as u32,
        labels: row.int(13)? as u64,
        group: from_json(&row.text(14)?)?,
    })
}

/// The query for the documents of a shipment.
fn by_shipment() -> String {
    format!("select {COLUMNS} from documents where tenant_id = $1 and shipment_id = $2 order by id")
}

/// Which documents are listed, latest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DocumentList {
    /// Of this kind only.
    pub kind: Option<DocumentKind>,
    /// Made from this instant on.
    pub created_from: Option<Timestamp>,
    /// Made before this instant.
    pub created_before: Option<Timestamp>,
    /// Behind this one.
    pub below: Option<DocumentId>,
    /// How many.
    pub limit: usize,
}

impl Tx<'_> {
    /// Documents, each with how the shipment stands that it belongs to, latest first.
    pub async fn list_documents(
        &mut self,
        tenant: &TenantId,
        list: &DocumentList,
    ) -> Result<Vec<(Document, Option<ShipmentStatus>)>> {
        let mut asked = Conditions::new(tenant);
        if let Some(kind) = list.kind {
            // Written out, so that the partial index of the others can be chosen before any value is known.
            asked.such(&format!("kind = '{}'", kind.as_str()));
        }
        asked.created(list.created_from, list.created_before);
        asked.below("documents", list.below.map(DocumentId::number));
        let select = format!(
            "select {COLUMNS}, (select s.status from shipments s where s.tenant_id = $1 and s.id = documents.shipment_id)
             from documents"
        );
        let (sql, values) = asked.latest(&select, list.limit);
        let listed = |row: &Row| -> Result<_> {
            let status = row.opt_text(15)?;
            let status = status.map(|text| known(ShipmentStatus::parse(&text), "shipment status")).transpose()?;
            Ok((document(row)?, status))
        };
        self.rows(&sql, &values).await?.iter().map(listed).collect()
    }

    /// Stores rows of documents whose bytes are already put. One that is there already, byte for byte, is left alone.
    pub async fn add_documents(&mut self, tenant: &TenantId, documents: &[Document]) -> Result<()> {
        const ADD: &str = "
            insert into documents (tenant_id, id, kind, format, order_id, shipment_id, parcel_id, sha256, size,
                warnings, created_at, batch_id, batch_printing, batch_place, batch_labels, batch_group)
            values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
            on conflict do nothing";
        let row = |document: &Document| -> Result<Vec<Value>> {
            let part = document.of_batch.as_ref();
            Ok(params![
                tenant.as_str(),
                document.id.number(),
                document.kind.as_str(),
                document.format.name(),
                document.order.map_or(OF_MANY, OrderId::number),
                document.shipment.map(ShipmentId::number),
                document.parcel.map(ParcelId::number),
                document.sha256.as_str(),
                document.size,
                to_json(&document.warnings)?,
                document.created_at,
                part.map(|part| part.batch.number()),
                part.map(|part| part.printing),
                part.map(|part| part.place),
                part.map(|part| part.labels),
                part.map(|part| to_json(&part.group)).transpose()?
            ]
            .to_vec())
        };
        let rows = documents.iter().map(row).collect::<Result<Vec<_>>>()?;
        self.execute_later(ADD, &rows).await
    }

    /// One document.
    pub async fn document(&mut self, tenant: &TenantId, document_id: DocumentId) -> Result<Option<Document>> {
        let sql = format!("select {COLUMNS} from documents where tenant_id = $1 and id = $2");
        self.row(&sql, &params![tenant.as_str(), document_id.number()]).await?.as_ref().map(document).transpose()
    }

    /// The stored document that is this one in all but its id: of the same shipment and parcel, with the same bytes.
    pub async fn same_document(&mut self, tenant: &TenantId, document: &Document) -> Result<Option<Document>> {
        let Some(shipment) = document.shipment else { return Ok(None) };
        let is_same = |known: &Document| {
            (known.kind, known.format, known.parcel) == (document.kind, document.format, document.parcel)
                && known.sha256 == document.sha256
        };
        Ok(self.documents_of_shipment(tenant, shipment).await?.into_iter().find(is_same))
    }

    /// The documents of several shipments, a list each, oldest first.
    pub async fn documents_of_shipments(
        &mut self,
        tenant: &TenantId,
        shipments: &[ShipmentId],
    ) -> Result<Vec<Vec<Document>>> {
        let asks: Vec<_> = shipments.iter().map(|id| params![tenant.as_str(), id.number()].to_vec()).collect();
        let found = self.rows_many(&by_shipment(), &asks).await?;
        found.iter().map(|rows| rows.iter().map(document).collect()).collect()
    }

    /// The documents of a shipment, oldest first.
    pub async fn documents_of_shipment(&mut self, tenant: &TenantId, shipment: ShipmentId) -> Result<Vec<Document>> {
        self.rows(&by_shipment(), &params![tenant.as_str(), shipment.number()]).await?.iter().map(document).collect()
    }

    /// The files of a batch, the last printing first, after a printing's place, in the order of their groups.
    pub async fn documents_of_batch(
        &mut self,
        tenant: &TenantId,
        batch: BatchId,
        after: Option<(u32, u32)>,
        limit: usize,
    ) -> Result<Vec<Document>> {
        let sql = format!(
            "select {COLUMNS} from documents
             where tenant_id = $1 and batch_id = $2
                 and (batch_printing < $3 or (batch_printing = $3 and batch_place > $4))
             order by batch_printing desc, batch_place limit $5"
        );
        let (printing, place) = after.unwrap_or((u32::MAX, 0));
        let asked = params![tenant.as_str(), batch, printing, place, limit];
        self.rows(&sql, &asked).await?.iter().map(document).collect()
    }

    /// What a label belongs to: the parcel's shipment, its order, deleted or not, and the shipment's documents.
    pub async fn place_of_label(
        &mut self,
        tenant: &TenantId,
        parcel: ParcelId,
    ) -> Result<Option<(Shipment, Order, Vec<Document>)>> {
        let Some((shipment, order, _)) = self.place_of_any_parcel(tenant, parcel).await? else { return Ok(None) };
        let of_shipment = params![tenant.as_str(), shipment.number()];
        let of_order = params![tenant.as_str(), order.number()];
        let by_id = format!("select {} from orders where tenant_id = $1 and id = $2", orders::COLUMNS);
        let [found, parcels, orders_found, documents] = self
            .rows_of_each([
                (&shipments::by_id(), &of_shipment),
                (&shipments::parcels_of(), &of_shipment),
                (&by_id, &of_order),
                (&by_shipment(), &of_shipment),
            ])
            .await?;
        let shipment = shipments::with_parcels(&found, &parcels)?;
        let order = orders_found.first().map(orders::order).transpose()?;
        let documents = documents.iter().map(document).collect::<Result<_>>()?;
        Ok(shipment.zip(order).map(|(shipment, order)| (shipment, order, documents)))
    }

    /// Whether any document has these bytes.
    pub async fn is_referenced(&mut self, tenant: &TenantId, sha256: &str) -> Result<bool> {
        let sql = "select 1 from documents where tenant_id = $1 and sha256 = $2 limit 1";
        Ok(self.row(sql, &params![tenant.as_str(), sha256]).await?.is_some())
    }
}
