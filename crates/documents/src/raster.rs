//! Raster: a layout as black and white dots, for PNG and for what a printer's own font cannot write. No grey: codes
//! stand on whole dots.

use domain::document::Dpi;
use ttf_parser::OutlineBuilder;

use crate::DrawError;
use crate::font::{CAPITAL, Fonts, Style};
use crate::layout::{ASCENT, DESCENT, Ink, Item, Layout, MM_PER_POINT, Rect, Text, WATERMARK, Watermark};

/// Thickness of the watermark's outline, in millimetres.
const OUTLINE: f32 = 0.4;

/// How far the single dots inside the watermark stand apart, in millimetres.
const STIPPLE: f32 = 0.6;

/// How wide such a dot is, in millimetres: one dot of a coarse printer, several of a fine one.
const STIPPLE_DOT: f32 = 0.12;

/// Sub-lines a row of dots is sampled on.
const SAMPLES: u32 = 4;

/// The share of a dot that must be covered for it to be black. Less than half, since thin strokes must not break.
const COVERED: f32 = 0.45;

/// Black and white dots, row by row; a set bit is black.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Bitmap {
    pub(crate) width: usize,
    pub(crate) height: usize,
    /// Bytes a row.
    pub(crate) stride: usize,
    pub(crate) bits: Vec<u8>,
}

impl Bitmap {
    pub(crate) fn new(width: usize, height: usize) -> Self {
        let stride = width.div_ceil(8);
        Self { width, height, stride, bits: vec![0; stride * height] }
    }

    /// Sets dots of a row from `from` up to and without `to`.
    fn set(&mut self, row: usize, from: usize, to: usize, is_black: bool) {
        let to = to.min(self.width);
        if row >= self.height {
            return;
        }
        for x in from..to {
            let byte = &mut self.bits[row * self.stride + x / 8];
            let bit = 0x80 >> (x % 8);
            if is_black { *byte |= bit } else { *byte &= !bit }
        }
    }

    fn is_black(&self, x: usize, y: usize) -> bool {
        x < self.width && y < self.height && self.bits[y * self.stride + x / 8] & (0x80 >> (x % 8)) != 0
    }

    /// Fills dots; what lies outside is left out.
    pub(crate) fn fill(&mut self, x: i32, y: i32, width: i32, height: i32, is_black: bool) {
        for row in y.max(0)..(y + height).max(0) {
            self.set(row as usize, x.max(0) as usize, (x + width).max(0) as usize, is_black);
        }
    }
}

/// A rectangle in dots: x, y, width, height. Sides are rounded, so that neighbours meet; nothing vanishes.
pub(crate) fn dots(area: &Rect, dots_per_mm: f32) -> (i32, i32, i32, i32) {
    let at = |millimetres: f32| (millimetres * dots_per_mm).round() as i32;
    let (x, y) = (at(area.x), at(area.y));
    (x, y, (at(area.right()) - x).max(1), (at(area.bottom()) - y).max(1))
}

/// Draws a layout as a 1-bit PNG whose physical size is set.
pub(crate) fn png(layout: &Layout, dpi: Dpi, fonts: &Fonts<'_>) -> Result<Vec<u8>, DrawError> {
    encode(&draw(layout, dpi.dots_per_mm() as f32, fonts), dpi)
}

/// Writes dots as a 1-bit PNG whose physical size is set.
pub(crate) fn encode(bitmap: &Bitmap, dpi: Dpi) -> Result<Vec<u8>, DrawError> {
    let mut bytes = Vec::new();
    let (width, height) = (bitmap.width as u32, bitmap.height as u32);
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::One);
    encoder.set_compression(png::Compression::Balanced);
    encoder.set_filter(png::Filter::NoFilter);
    let a_metre = (dpi.dots_per_mm() * 1000.0).round() as u32;
    encoder.set_pixel_dims(Some(png::PixelDimensions { xppu: a_metre, yppu: a_metre, unit: png::Unit::Meter }));
    // In a PNG a set bit is white.
    let inverted: Vec<u8> = bitmap.bits.iter().map(|byte| !byte).collect();
    let failed = |error: png::EncodingError| DrawError::Picture(error.to_string());
    let mut writer = encoder.write_header().map_err(failed)?;
    writer.write_image_data(&inverted).map_err(failed)?;
    writer.finish().map_err(failed)?;
    Ok(bytes)
}

/// Draws a layout.
pub(crate) fn draw(layout: &Layout, scale: f32, fonts: &Fonts<'_>) -> Bitmap {
    let mut bitmap = match &layout.watermark {
        Some(place) => watermark(layout, place, scale, fonts),
        None => blank(layout, scale),
    };
    for item in &layout.items {
        match item {
            Item::Fill(area, ink) => {
                let (x, y, width, height) = dots(area, scale);
                bitmap.fill(x, y, width, height, *ink == Ink::Black);
            }
            Item::Text(text) => {
                // On the dots of the grid, so that a text looks the same wherever it stands.
                let (x, y) = ((text.x * scale).round(), (text.baseline * scale).round());
                write(&mut bitmap, text, x, y, scale, fonts);
            }
            Item::Bars { x, y, module, height, code } => {
                let (_, top, _, high) = dots(&Rect::new(*x, *y, 1.0, *height), scale);
                let (left, module) = ((x * scale).round() as i32, (module * scale).round() as i32);
                for (start, width) in code.bars() {
                    bitmap.fill(left + start as i32 * module, top, width as i32 * module, high, true);
                }
            }
            Item::Square { x, y, module, code } => {
                let (left, top) = ((x * scale).round() as i32, (y * scale).round() as i32);
                let module = (module * scale).round() as i32;
                for (column, row, width) in code.runs() {
                    let place = (left + column as i32 * module, top + row as i32 * module);
                    bitmap.fill(place.0, place.1, width as i32 * module, module, true);
                }
            }
        }
    }
    bitmap
}

fn blank(layout: &Layout, scale: f32) -> Bitmap {
    let size = |millimetres: f32| (millimetres * scale).round() as usize;
    Bitmap::new(size(layout.width), size(layout.height))
}

/// The watermark alone: outlined and stippled letters, so that what is printed over them stays readable.
pub(crate) fn watermark(layout: &Layout, place: &Rect, scale: f32, fonts: &Fonts<'_>) -> Bitmap {
    let mut bitmap = blank(layout, scale);
    let mark = Watermark::new(place, fonts.width(WATERMARK, Style::Bold), CAPITAL);
    let mut path = Path::default();
    let mut along = 0.0;
    for c in WATERMARK.chars() {
        let Some(glyph) = fonts.glyph(c, Style::Bold) else { continue };
        let unit = mark.em * scale / f32::from(fonts.face(glyph.source).units_per_em());
        let (x, y) = (mark.x + along * mark.em * mark.cos, mark.y - along * mark.em * mark.sin);
        path.matrix = [unit * mark.cos, -unit * mark.sin, -unit * mark.sin, -unit * mark.cos, x * scale, y * scale];
        fonts.outline(glyph, &mut path);
        along += glyph.advance;
    }
    path.fill(&mut bitmap, true);
    let [outline, stipple, dot] = [OUTLINE, STIPPLE, STIPPLE_DOT].map(|length| (length * scale).round() as usize);
    hollow(&bitmap, outline, stipple, dot)
}

/// Keeps of filled shapes an outline and, inside, a dot every so many dots.
fn hollow(filled: &Bitmap, outline: usize, stipple: usize, dot: usize) -> Bitmap {
    let mut hollow = Bitmap::new(filled.width, filled.height);
    for y in 0..filled.height {
        for x in (0..filled.stride)
            .filter(|byte| filled.bits[y * filled.stride + byte] != 0)
            .flat_map(|byte| byte * 8..byte * 8 + 8)
        {
            if !filled.is_black(x, y) {
                continue;
            }
            let is_inside = x >= outline
                && y >= outline
                && filled.is_black(x - outline, y)
                && filled.is_black(x + outline, y)
                && filled.is_black(x, y - outline)
                && filled.is_black(x, y + outline);
            let shifted = x + y / stipple % 2 * (stipple / 2);
            let is_stippled = y % stipple < dot && shifted % stipple < dot;
            if !is_inside || is_stippled {
                hollow.set(y, x, x + 1, true);
            }
        }
    }
    hollow
}

/// A line of text as dots of its own: the picture, and how far its left side and its top lie from the left end of the
/// baseline.
pub(crate) fn picture(text: &Text, scale: f32, fonts: &Fonts<'_>) -> (Bitmap, i32, i32) {
    let em = text.points * MM_PER_POINT * scale;
    let above = (em * ASCENT * 1.1).ceil();
    let aside = (em * 0.15).ceil();
    let width = (text.width * scale + 2.0 * aside).ceil() as usize;
    let mut bitmap = Bitmap::new(width, (above + (em * DESCENT * 1.2).ceil()) as usize);
    let black = Text { ink: Ink::Black, ..text.clone() };
    write(&mut bitmap, &black, aside, above, scale, fonts);
    (bitmap, -(aside as i32), -(above as i32))
}

/// Writes a line with its baseline's left end at a dot.
fn write(bitmap: &mut Bitmap, text: &Text, x: f32, y: f32, scale: f32, fonts: &Fonts<'_>) {
    let em = text.points * MM_PER_POINT * scale;
    let mut path = Path::default();
    let mut along = x;
    for c in text.text.chars() {
        let Some(glyph) = fonts.glyph(c, text.style) else { continue };
        let unit = em / f32::from(fonts.face(glyph.source).units_per_em());
        path.matrix = [unit, 0.0, 0.0, -unit, along, y];
        fonts.outline(glyph, &mut path);
        path.fill(bitmap, text.ink == Ink::Black);
        along += glyph.advance * em;
    }
}

/// Outlines as straight edges in dots.
#[derive(Default)]
struct Path {
    /// From font units to dots: x to x and y, y to x and y, and the origin.
    matrix: [f32; 6],
    start: (f32, f32),
    at: (f32, f32),
    edges: Vec<Edge>,
    /// Kept between fillings: how much of each dot of a row is covered, edges that cross the row, crossings.
    coverage: Vec<f32>,
    active: Vec<usize>,
    crossings: Vec<(f32, i32)>,
}

/// An edge, its upper end first.
struct Edge {
    x: f32,
    top: f32,
    bottom: f32,
    slope: f32,
    winding: i32,
}

impl Path {
    fn map(&self, x: f32, y: f32) -> (f32, f32) {
        let [xx, xy, yx, yy, left, top] = self.matrix;
        (xx * x + yx * y + left, xy * x + yy * y + top)
    }

    fn line(&mut self, to: (f32, f32)) {
        let from = std::mem::replace(&mut self.at, to);
        let (upper, lower, winding) = if from.1 < to.1 { (from, to, 1) } else { (to, from, -1) };
        if lower.1 > upper.1 {
            let slope = (lower.0 - upper.0) / (lower.1 - upper.1);
            self.edges.push(Edge { x: upper.0, top: upper.1, bottom: lower.1, slope, winding });
        }
    }

    /// Fills by the non-zero rule.
    fn fill(&mut self, bitmap: &mut Bitmap, is_black: bool) {
        let Self { edges, coverage, active, crossings, .. } = self;
        edges.sort_unstable_by(|a, b| a.top.total_cmp(&b.top));
        let bottom = edges.iter().map(|edge| edge.bottom).fold(0.0, f32::max);
        let top = edges.first().map_or(0.0, |edge| edge.top.max(0.0));
        coverage.resize(bitmap.width + 1, 0.0);
        active.clear();
        let mut next = 0;
        for row in top as usize..(bottom.ceil() as usize).min(bitmap.height) {
            while next < edges.len() && edges[next].top < row as f32 + 1.0 {
                active.push(next);
                next += 1;
            }
            active.retain(|&index| edges[index].bottom > row as f32);
            let (mut from, mut to) = (usize::MAX, 0);
            for sample in 0..SAMPLES {
                let y = row as f32 + (sample as f32 + 0.5) / SAMPLES as f32;
                crossings.clear();
                for edge in active.iter().map(|&index| &edges[index]) {
                    if edge.top <= y && y < edge.bottom {
                        crossings.push((edge.x + (y - edge.top) * edge.slope, edge.winding));
                    }
                }
                crossings.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
                let mut winding = 0;
                for pair in crossings.windows(2) {
                    winding += pair[0].1;
                    if winding != 0
                        && let Some((first, last)) = cover(coverage, pair[0].0, pair[1].0)
                    {
                        (from, to) = (from.min(first), to.max(last));
                    }
                }
            }
            if from > to {
                continue;
            }
            for (x, covered) in coverage.iter_mut().enumerate().take(to + 1).skip(from) {
                if std::mem::take(covered) >= COVERED {
                    bitmap.set(row, x, x + 1, is_black);
                }
            }
        }
        edges.clear();
    }
}

/// Steps that keep a curve within a fraction of a dot.
fn steps(points: &[(f32, f32)]) -> u32 {
    let length: f32 = points.windows(2).map(|pair| (pair[1].0 - pair[0].0).hypot(pair[1].1 - pair[0].1)).sum();
    (length.sqrt().ceil() as u32).clamp(2, 24)
}

/// Adds one sample line's span to the dots it covers, and says which those are.
fn cover(coverage: &mut [f32], from: f32, to: f32) -> Option<(usize, usize)> {
    let end = (coverage.len() - 1) as f32;
    let (from, to) = (from.clamp(0.0, end), to.clamp(0.0, end));
    if to <= from {
        return None;
    }
    let share = 1.0 / SAMPLES as f32;
    let (first, last) = (from as usize, to as usize);
    if first == last {
        coverage[first] += (to - from) * share;
    } else {
        coverage[first] += (first as f32 + 1.0 - from) * share;
        coverage[first + 1..last].iter_mut().for_each(|dot| *dot += share);
        coverage[last] += (to - last as f32) * share;
    }
    Some((first, last))
}

impl OutlineBuilder for Path {
    fn move_to(&mut self, x: f32, y: f32) {
        self.at = self.map(x, y);
        self.start = self.at;
    }

    fn line_to(&mut self, x: f32, y: f32) {
        let to = self.map(x, y);
        self.line(to);
    }

    fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
        let (p0, p1, p2) = (self.at, self.map(x1, y1), self.map(x, y));
        let steps = steps(&[p0, p1, p2]);
        for step in 1..=steps {
            let t = step as f32 / steps as f32;
            let u = 1.0 - t;
            let at = |a: f32, b: f32, c: f32| u * u * a + 2.0 * u * t * b + t * t * c;
            self.line((at(p0.0, p1.0, p2.0), at(p0.1, p1.1, p2.1)));
        }
    }

    fn curve_to(&mut self, x1: f32, y1: f32, x2: f32, y2: f32, x: f32, y: f32) {
        let (p0, p1, p2, p3) = (self.at, self.map(x1, y1), self.map(x2, y2), self.map(x, y));
        let steps = steps(&[p0, p1, p2, p3]);
        for step in 1..=steps {
            let t = step as f32 / steps as f32;
            let u = 1.0 - t;
            let at = |a: f32, b: f32, c: f32, d: f32| {
                u * u * u * a + 3.0 * u * u * t * b + 3.0 * u * t * t * c + t * t * t * d
            };
            self.line((at(p0.0, p1.0, p2.0, p3.0), at(p0.1, p1.1, p2.1, p3.1)));
        }
    }

    fn close(&mut self) {
        let start = self.start;
        self.line(start);
    }
}
