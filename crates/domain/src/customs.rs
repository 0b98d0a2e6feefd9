//! Customs: what an order declares at a border.

mod border;
mod declaration;

use serde::{Deserialize, Serialize};

pub use border::{leaves_union, needs_papers};
pub use declaration::{CustomsForm, Declaration, DeclaredLine, declared, inside, missing};

/// The customs part of an order. Codes are kept as sent; nothing is completed or invented.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Customs {
    /// Number of the commercial invoice.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invoice_number: Option<String>,
    /// Why the goods travel: `gift`, `commercial_goods`, `commercial_sample`, `returned_goods`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shipment_type: Option<String>,
    /// Between whom: `private`, `commercial_b2c`, `commercial_b2b`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub export_type: Option<String>,
    /// Tax numbers by whose they are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tax_numbers: Option<TaxNumbers>,
}

/// Tax numbers by whose they are; `None` when the list was not sent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TaxNumbers {
    /// The sender's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sender: Option<Vec<TaxNumber>>,
    /// The receiver's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub receiver: Option<Vec<TaxNumber>>,
    /// The importer's of record.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub importer_of_record: Option<Vec<TaxNumber>>,
}

/// One tax number.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TaxNumber {
    /// What kind: `EORI`, `VAT`, `IOSS`, …
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The country that gave it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country_code: Option<String>,
    /// The number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
}
