//! Documents: labels and papers as PDF, ZPL and PNG, drawn from one layout in millimetres.
//!
//! The same input gives the same bytes on every machine: no clock, no randomness, no fonts of the system.

mod barcode;
mod commercial_invoice;
mod customs_form;
mod drawing;
mod fit;
mod font;
mod group_title;
mod label;
mod layout;
mod logo;
mod manifest;
mod merge;
mod packing_slip;
mod pdf;
mod picture;
mod raster;
mod sheet;
mod translit;
mod zpl;

use std::sync::Arc;

use domain::document::Rotation;

pub use crate::commercial_invoice::commercial_invoice;
pub use crate::customs_form::customs_form;
pub use crate::fit::MIN_POINTS;
pub use crate::font::{FallbackFont, FontError};
pub use crate::label::{FINEST_MODULE_MM, GOOD_MODULE_MM};
pub use crate::logo::{LARGEST_LOGO, Picture as LogoPicture, logo};
pub use crate::manifest::manifest;
pub use crate::merge::{Part, label, labels, made, merge};
pub use crate::packing_slip::packing_slip;

/// A finished document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drawn {
    /// The file, ready to store or print.
    pub bytes: Vec<u8>,
    /// For people: every text that had to be changed or cut, each naming the field and what it was. Empty is the rule.
    pub warnings: Vec<String>,
}

/// How to draw.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Used for characters that the built-in font lacks; without it they are transliterated.
    pub fallback_font: Option<Arc<FallbackFont>>,
    /// The first place used on a sheet of A4, 0 to 3: top left, top right, bottom left, bottom right. Lets a half-used
    /// sheet be used up.
    pub start_position: u8,
    /// How each page is turned. ZPL can only be turned by half.
    pub rotation: Rotation,
}

/// Why something cannot be drawn. The text says what to change.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DrawError {
    /// There is no label to draw.
    #[error("there is no label to draw: pass at least one")]
    Nothing,
    /// A picture holds one label.
    #[error("a PNG holds one label, not {0}: ask for PDF or ZPL, or draw them one by one")]
    OneLabelOnly(usize),
    /// A sheet has four places.
    #[error("the start position is {0}, but a sheet of A4 has the places 0 to 3")]
    StartPosition(u8),
    /// What a carrier made does not go into the format; why.
    #[error("{0}")]
    Made(String),
    /// ZPL cannot be turned so.
    #[error("ZPL cannot be turned by {0}°: expected is 0 or 180")]
    Rotation(u16),
    /// Not 18 digits with the right check digit.
    #[error("\"{0}\" is no SSCC: 18 digits are expected, the last being the GS1 check digit")]
    Sscc(String),
    /// Empty, or with characters that Code 128 cannot hold.
    #[error("the tracking number \"{0}\" cannot be a barcode: expected are printable ASCII characters, at least one")]
    TrackingNumber(String),
    /// The bars would be too thin to scan.
    #[error("the tracking number \"{number}\" is too long for a barcode: {modules} modules do not fit the label")]
    BarcodeTooLong {
        /// What should have been drawn.
        number: String,
        /// Width of the symbol in modules, quiet zones included.
        modules: usize,
    },
    /// Empty or too long.
    #[error("the text of the square code cannot be drawn ({length} bytes): {reason}")]
    Matrix {
        /// Its length in bytes.
        length: usize,
        /// What is wrong.
        reason: &'static str,
    },
    /// A font that could be read cannot be put into a file.
    #[error("the font {font} cannot be embedded: {reason}")]
    Font {
        /// Its name.
        font: String,
        /// What the subsetter says.
        reason: String,
    },
    /// The picture could not be written.
    #[error("the picture could not be written: {0}")]
    Picture(String),
}
