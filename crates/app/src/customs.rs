//! Customs papers: what must be declared of goods to abroad, and the papers that say it.

use bytes::Bytes;
use domain::address::Address;
use domain::connector::Goods;
use domain::customs::{CustomsForm, Declaration, declared, inside, leaves_union, missing, needs_papers};
use domain::document::{Document, DocumentKind, Format, Paper};
use domain::ids::{DocumentId, ParcelId, ShipmentId};
use domain::measure::Weight;
use domain::money::Decimal;
use domain::order::Order;
use domain::parcel::Parcel;
use domain::pieces::Pieces;
use domain::shipment::Shipment;
use domain::tenant::Scope;
use domain::{Error, Result};

use crate::{App, Caller};

/// The heaviest parcel a CN 22 may go with, in milligrams.
const CN22_LIMIT: u64 = 2_000_000;

/// What customs will ask and an order that ships from here does not say; nothing when no border is crossed.
pub(crate) fn customs_warnings(order: &Order, sender: &Address) -> Vec<String> {
    match &order.details.shipping_address {
        Some(recipient) if needs_papers(sender, recipient) => {
            missing(&order.details).into_iter().map(|one| format!("customs: {}: {}", one.path, one.message)).collect()
        }
        _ => Vec::new(),
    }
}

/// The pieces that come before these parcels of a shipment: those of earlier shipments, and of its own parcels before them.
fn before(order: &Order, shipment: &Shipment, parcels: &[&Parcel], shipments: &[Shipment]) -> Pieces {
    let first = parcels.iter().map(|parcel| parcel.position).min().unwrap_or_default();
    let earlier = shipments.iter().filter(|other| other.id < shipment.id);
    let own = shipment.parcels.iter().filter(|parcel| parcel.position < first).map(|parcel| &parcel.parcel);
    let own = Pieces::named(&order.details, own).unwrap_or_default();
    Pieces::shipped(&order.details, earlier).with(&own)
}

/// From which value on goods that leave the European Union need an export declaration (Regulation (EU) 2015/2446, article
/// 137), in euros, for all that goes with one shipment.
const EXPORT_LIMIT: u64 = 1_000;

/// What a shipment over a border must have besides its papers.
pub(crate) fn export_warning(goods: &Goods, sender: &Address, recipient: &Address) -> Option<String> {
    let value = goods.value.filter(|value| value.currency.as_str().eq_ignore_ascii_case("EUR"))?;
    let is_over = leaves_union(sender, recipient) && value.amount > Decimal::from(EXPORT_LIMIT);
    is_over.then(|| {
        format!("customs: the goods are worth {value}: from {EXPORT_LIMIT} EUR a shipment on, an export declaration is needed")
    })
}

/// What is declared of these parcels of a shipment.
fn declaration(
    caller: &Caller,
    order: &Order,
    shipment: &Shipment,
    parcels: &[&Parcel],
    shipments: &[Shipment],
) -> Result<Declaration> {
    let boxes: Vec<_> = parcels.iter().map(|parcel| &parcel.parcel).collect();
    let says_nothing = boxes.iter().all(|parcel| parcel.contents.is_empty());
    if says_nothing && shipment.parcels.len() > parcels.len() {
        let text = "the shipment has several parcels, and nobody said what is in which: say it when shipping (parcels/contents)";
        return Err(Error::invalid("parcels", text));
    }
    let before = before(order, shipment, parcels, shipments);
    let (lines, total) = declared(&order.details, &inside(&order.details, &boxes), &before).map_err(Error::Invalid)?;
    let gross = boxes.iter().map(|parcel| parcel.weight.milligrams()).sum();
    let details = &shipment.details;
    Ok(Declaration {
        sender: details.sender.clone(),
        recipient: details.recipient.clone(),
        order_number: details.order_reference.clone().unwrap_or_else(|| order.id.to_string()),
        tracking_numbers: parcels.iter().filter_map(|parcel| parcel.tracking_number.clone()).collect(),
        lines,
        total,
        gross_weight: Weight::from_milligrams(gross).ok_or_else(|| Error::internal("parcels weigh something"))?,
        weight_is_assumed: boxes.iter().any(|parcel| parcel.weight_is_assumed),
        customs: order.details.customs.clone().unwrap_or_default(),
        day: details.booked_at.unwrap_or(shipment.created_at).to_zoned(caller.setup.zone.clone()).date().to_string(),
    })
}

impl App {
    /// The customs form of one parcel as PDF: of what is inside it and nothing else.
    pub async fn customs_form(
        &self,
        caller: &Caller,
        parcel: ParcelId,
        form: CustomsForm,
    ) -> Result<(Document, Bytes)> {
        caller.require(Scope::Print)?;
        let shipment = self.shipment_of_parcel(&caller.as_reader(), parcel).await?;
        let of_it: Vec<_> = shipment.parcels.iter().filter(|known| known.id == parcel).collect();
        let weight: u64 = of_it.iter().map(|known| known.parcel.weight.milligrams()).sum();
        if form == CustomsForm::Cn22 && weight > CN22_LIMIT {
            let text = "the parcel is heavier than 2 kg, with which only form cn23 goes";
            return Err(Error::invalid("form", text));
        }
        let order = self.order_ever(caller, &shipment).await?;
        let shipments = self.shipments_of_order(&caller.as_reader(), order.id).await?;
        let declaration = declaration(caller, &order, &shipment, &of_it, &shipments)?;
        let drawn = documents::customs_form(form, &declaration, &self.draw_options()).map_err(Error::internal)?;
        let document = Document {
            parcel: Some(parcel),
            warnings: drawn.warnings,
            ..self.paper(DocumentKind::CustomsForm, &shipment)?
        };
        Ok(self.handed_out(caller, self.keep(caller.tenant(), document, drawn.bytes).await?))
    }

    /// The commercial invoice of a shipment as PDF.
    pub async fn commercial_invoice(&self, caller: &Caller, shipment: ShipmentId) -> Result<(Document, Bytes)> {
        caller.require(Scope::Print)?;
        let shipment = self.shipment(&caller.as_reader(), shipment).await?;
        let order = self.order_ever(caller, &shipment).await?;
        let parcels: Vec<_> = shipment.parcels.iter().collect();
        let shipments = self.shipments_of_order(&caller.as_reader(), order.id).await?;
        let declaration = declaration(caller, &order, &shipment, &parcels, &shipments)?;
        let drawn = documents::commercial_invoice(&declaration, &self.draw_options()).map_err(Error::internal)?;
        let document = Document { warnings: drawn.warnings, ..self.paper(DocumentKind::CommercialInvoice, &shipment)? };
        Ok(self.handed_out(caller, self.keep(caller.tenant(), document, drawn.bytes).await?))
    }

    async fn order_ever(&self, caller: &Caller, shipment: &Shipment) -> Result<Order> {
        let (tenant, order) = (caller.tenant().clone(), shipment.order);
        let found = self.store().read(async move |tx| tx.order_ever(&tenant, order).await).await?;
        found.ok_or(Error::NotFound("order"))
    }

    /// The row of a paper of a shipment, before it is stored.
    fn paper(&self, kind: DocumentKind, shipment: &Shipment) -> Result<Document> {
        Ok(Document {
            id: DocumentId::new(1).ok_or_else(|| Error::internal("1 is an id"))?,
            kind,
            format: Format::Pdf(Paper::A4),
            order: Some(shipment.order),
            shipment: Some(shipment.id),
            parcel: None,
            of_batch: None,
            sha256: String::new(),
            size: 0,
            created_at: self.now(),
            warnings: Vec::new(),
        })
    }
}
