//! A document: bytes with a kind and a format. A label is a kind.

use serde::{Deserialize, Serialize};

use crate::address::Address;
use crate::batch::BatchPart;
use crate::ids::{DocumentId, OrderId, ParcelId, ShipmentId};
use crate::measure::Weight;
use crate::money::Money;
use crate::time::Timestamp;

/// What a document is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DocumentKind {
    /// Goes on the box.
    Label,
    /// Labels of many boxes in one file.
    Labels,
    /// Goes in the box.
    PackingSlip,
    /// Goes on the box to abroad: what is inside, for customs.
    CustomsForm,
    /// Goes with the box to abroad: what the goods are worth.
    CommercialInvoice,
    /// Goes on the box that a customer sends back. It is withdrawn when the return is cancelled.
    ReturnLabel,
    /// What a carrier was handed over at a location on a day.
    Manifest,
}

impl DocumentKind {
    /// Every kind.
    pub const ALL: [Self; 7] = [
        Self::Label,
        Self::Labels,
        Self::PackingSlip,
        Self::CustomsForm,
        Self::CommercialInvoice,
        Self::ReturnLabel,
        Self::Manifest,
    ];

    /// The name in rows and in the native API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Label => "label",
            Self::Labels => "labels",
            Self::PackingSlip => "packing_slip",
            Self::CustomsForm => "customs_form",
            Self::CommercialInvoice => "commercial_invoice",
            Self::ReturnLabel => "return_label",
            Self::Manifest => "manifest",
        }
    }

    /// Reads what [`Self::as_str`] writes.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// Dots an inch of a printer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Dpi {
    /// 8 dots a millimetre.
    #[serde(rename = "203")]
    D203,
    /// 12 dots a millimetre.
    #[serde(rename = "300")]
    D300,
    /// 24 dots a millimetre.
    #[serde(rename = "600")]
    D600,
}

impl Dpi {
    /// The number on the printer's data sheet.
    pub fn number(self) -> u32 {
        match self {
            Self::D203 => 203,
            Self::D300 => 300,
            Self::D600 => 600,
        }
    }

    /// Dots a millimetre, as label printers count them: 8, 12 (11.8 rounded) and 24 (23.6 rounded).
    pub fn dots_per_mm(self) -> f64 {
        f64::from(self.number()) / 25.4
    }

    /// The resolution with this number.
    pub fn new(number: u32) -> Option<Self> {
        [Self::D203, Self::D300, Self::D600].into_iter().find(|dpi| dpi.number() == number)
    }
}

/// The size of the sheet a label is drawn on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Paper {
    /// 100 × 150 mm, the label printer's usual roll.
    Mm100x150,
    /// A6, 105 × 148 mm.
    A6,
    /// Four labels on a sheet of A4.
    A4,
}

/// How a page is turned, clockwise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Rotation {
    /// As it is.
    #[default]
    #[serde(rename = "0")]
    None,
    /// By a quarter, its top to the right.
    #[serde(rename = "90")]
    Right,
    /// By half, its top down.
    #[serde(rename = "180")]
    Half,
    /// By three quarters, its top to the left.
    #[serde(rename = "270")]
    Left,
}

impl Rotation {
    /// Degrees.
    pub fn degrees(self) -> u16 {
        match self {
            Self::None => 0,
            Self::Right => 90,
            Self::Half => 180,
            Self::Left => 270,
        }
    }

    /// Reads what [`Self::degrees`] gives.
    pub fn new(degrees: u16) -> Option<Self> {
        [Self::None, Self::Right, Self::Half, Self::Left].into_iter().find(|one| one.degrees() == degrees)
    }
}

/// How bytes are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// PDF on a paper.
    Pdf(Paper),
    /// Zebra's printer language, 100 × 150 mm.
    Zpl(Dpi),
    /// A 1-bit picture, 100 × 150 mm.
    Png(Dpi),
}

/// PDF on the label printer's usual roll.
impl Default for Format {
    fn default() -> Self {
        Self::Pdf(Paper::Mm100x150)
    }
}

impl Format {
    /// Every format a label can be drawn in.
    pub const ALL: [Self; 9] = [
        Self::Pdf(Paper::Mm100x150),
        Self::Pdf(Paper::A6),
        Self::Pdf(Paper::A4),
        Self::Zpl(Dpi::D203),
        Self::Zpl(Dpi::D300),
        Self::Zpl(Dpi::D600),
        Self::Png(Dpi::D203),
        Self::Png(Dpi::D300),
        Self::Png(Dpi::D600),
    ];

    /// Media type of the bytes.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Pdf(_) => "application/pdf",
            Self::Zpl(_) => "application/zpl",
            Self::Png(_) => "image/png",
        }
    }

    /// The ending of a file.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Pdf(_) => "pdf",
            Self::Zpl(_) => "zpl",
            Self::Png(_) => "png",
        }
    }

    /// The name in rows and in the native API: `pdf_100x150`, `pdf_a6`, `pdf_a4`, `zpl_600`, `png_300`.
    pub fn name(self) -> String {
        match self {
            Self::Pdf(Paper::Mm100x150) => "pdf_100x150".to_owned(),
            Self::Pdf(Paper::A6) => "pdf_a6".to_owned(),
            Self::Pdf(Paper::A4) => "pdf_a4".to_owned(),
            Self::Zpl(dpi) => format!("zpl_{}", dpi.number()),
            Self::Png(dpi) => format!("png_{}", dpi.number()),
        }
    }

    /// Reads what [`Self::name`] writes.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.name() == text)
    }
}

/// A stored document; its bytes lie in the blob store under `<tenant>/<sha-256>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// Our id.
    pub id: DocumentId,
    /// What it is.
    pub kind: DocumentKind,
    /// How it is written.
    pub format: Format,
    /// The order it belongs to; `None` for the labels of a batch, which are of many.
    pub order: Option<OrderId>,
    /// The shipment it belongs to.
    pub shipment: Option<ShipmentId>,
    /// The parcel it belongs to.
    pub parcel: Option<ParcelId>,
    /// Which file of a batch it is.
    pub of_batch: Option<BatchPart>,
    /// SHA-256 of the bytes, lower-case hexadecimal.
    pub sha256: String,
    /// How many bytes.
    pub size: u64,
    /// When it was made.
    pub created_at: Timestamp,
    /// Warnings for people: letters that had to be transliterated.
    pub warnings: Vec<String>,
}

/// What stands on a label. A connector without labels of its own fills one a parcel; `documents` draws it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LabelContent {
    /// Who carries it, large.
    pub carrier: String,
    /// The service, large.
    pub service: String,
    /// Where it leaves from.
    pub sender: Address,
    /// Where it goes when it cannot be delivered, if that is not the sender.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub return_to: Option<Address>,
    /// Where it goes.
    pub recipient: Address,
    /// For sorting people, very large.
    pub routing_code: Option<String>,
    /// Gross weight.
    pub weight: Weight,
    /// Which parcel of the shipment, from 1.
    pub parcel_number: u32,
    /// How many parcels the shipment has.
    pub parcel_count: u32,
    /// What the shop calls the order.
    pub reference: Option<String>,
    /// The carrier's number, in plain letters.
    pub tracking_number: String,
    /// Serial Shipping Container Code: 18 digits, drawn as GS1-128 with application identifier 00.
    pub sscc: Option<String>,
    /// What the square code holds.
    pub matrix: Matrix,
    /// What is collected from the recipient against this parcel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collect: Option<Money>,
    /// Whether `TEST` stands across it.
    pub is_test: bool,
}

/// The square code of a label.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Matrix {
    /// A QR code of this text.
    Qr(String),
    /// A DataMatrix of this text.
    DataMatrix(String),
}

/// What stands on a packing slip.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackingSlip {
    /// Who sends.
    pub sender: Address,
    /// Who receives.
    pub recipient: Address,
    /// What the shop calls the order.
    pub order_number: String,
    /// The day it was placed, ready to read.
    pub placed: Option<String>,
    /// The service and tracking number of each parcel.
    pub parcels: Vec<(String, String)>,
    /// What is inside.
    pub lines: Vec<PackingLine>,
    /// The shop's note.
    pub notes: Option<String>,
}

/// One line of a packing slip.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackingLine {
    /// Stock-keeping unit.
    pub sku: Option<String>,
    /// What it is called.
    pub name: String,
    /// Pieces in this shipment.
    pub quantity: u64,
    /// Pieces ordered in all.
    pub ordered: u64,
}
