//! Barcodes: Code 128 (and GS1-128), QR and DataMatrix, as modules; drawing is the back ends' work.

mod code128;
mod square;

pub(crate) use code128::{Code128, Set, values};
pub(crate) use square::Square;
