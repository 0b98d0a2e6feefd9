//! Layout: what stands where on a sheet, in millimetres from the top left corner. Every back end draws the same one.

use crate::barcode::{Code128, Square};
use crate::font::Style;

/// Millimetres in a point.
pub(crate) const MM_PER_POINT: f32 = 25.4 / 72.0;

/// Ink above the baseline, in ems: a capital with an accent.
pub(crate) const ASCENT: f32 = 0.93;

/// Ink below the baseline, in ems.
pub(crate) const DESCENT: f32 = 0.24;

/// A rectangle in millimetres; `y` is its upper side.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Rect {
    pub(crate) x: f32,
    pub(crate) y: f32,
    pub(crate) width: f32,
    pub(crate) height: f32,
}

impl Rect {
    pub(crate) const fn new(x: f32, y: f32, width: f32, height: f32) -> Self {
        Self { x, y, width, height }
    }

    pub(crate) fn right(&self) -> f32 {
        self.x + self.width
    }

    pub(crate) fn bottom(&self) -> f32 {
        self.y + self.height
    }

    /// Less a margin on the left and right, and above and below.
    pub(crate) fn inset(&self, x: f32, y: f32) -> Self {
        Self::new(self.x + x, self.y + y, self.width - 2.0 * x, self.height - 2.0 * y)
    }
}

/// Where text stands in its box, across.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Across {
    Left,
    Centre,
    Right,
}

/// What a thing is drawn in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ink {
    Black,
    /// On a black ground; as a box, a place that must stay free.
    White,
}

/// A line of text that fits its place.
#[derive(Clone, Debug)]
pub(crate) struct Text {
    pub(crate) x: f32,
    pub(crate) baseline: f32,
    pub(crate) points: f32,
    /// Measured width.
    pub(crate) width: f32,
    /// Left side and width of its box, and where it stands there: for a printer's own font, whose widths differ.
    pub(crate) room: (f32, f32),
    pub(crate) across: Across,
    pub(crate) style: Style,
    pub(crate) ink: Ink,
    pub(crate) text: String,
}

impl Text {
    /// Where its ink may be.
    #[cfg(test)]
    pub(crate) fn area(&self) -> Rect {
        let em = self.points * MM_PER_POINT;
        Rect::new(self.x, self.baseline - ASCENT * em, self.width, (ASCENT + DESCENT) * em)
    }
}

/// One thing on a sheet.
#[derive(Clone, Debug)]
pub(crate) enum Item {
    Fill(Rect, Ink),
    Text(Text),
    /// A Code 128; `x` is the left side of its first bar.
    Bars {
        x: f32,
        y: f32,
        module: f32,
        height: f32,
        code: Code128,
    },
    Square {
        x: f32,
        y: f32,
        module: f32,
        code: Square,
    },
}

/// A sheet. Items are drawn in order; white boxes clear what lies under them, which is at most the watermark.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    pub(crate) width: f32,
    pub(crate) height: f32,
    /// Where `TEST` lies across, below everything else.
    pub(crate) watermark: Option<Rect>,
    pub(crate) items: Vec<Item>,
}

/// The word on labels that must not be used.
pub(crate) const WATERMARK: &str = "TEST";

/// How the watermark lies in its place: written in bold along the diagonal from the lower left.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Watermark {
    /// Where its baseline begins, from the top left corner of the sheet.
    pub(crate) x: f32,
    pub(crate) y: f32,
    /// Its em.
    pub(crate) em: f32,
    /// Cosine and sine of its angle, turning up from the right.
    pub(crate) cos: f32,
    pub(crate) sin: f32,
}

impl Watermark {
    /// As large as its place allows; `advance` is the word's width and `capital` its height, in ems.
    pub(crate) fn new(place: &Rect, advance: f32, capital: f32) -> Self {
        let diagonal = place.width.hypot(place.height);
        let (cos, sin) = (place.width / diagonal, place.height / diagonal);
        let (wide, high) = (advance * cos + capital * sin, advance * sin + capital * cos);
        let em = (place.width / wide).min(place.height / high);
        // The word's rectangle, turned, stands in the middle of the place.
        let x = place.x + (place.width - wide * em) / 2.0 + capital * sin * em;
        let y = place.y + f32::midpoint(place.height, high * em);
        Self { x, y, em, cos, sin }
    }
}
