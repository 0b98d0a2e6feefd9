//! Bounds: where on a page of another file there is ink, so that a label on a quarter of a large sheet is found.
//!
//! A rough look: paths and pictures to their corners, text to its first letters' height and a guess at its width. What
//! lies under a clip counts in full. White areas are no ink.

use hayro_write::hayro_syntax::content::TypedIter;
use hayro_write::hayro_syntax::content::ops::TypedInstruction as Op;
use hayro_write::hayro_syntax::object::dict::keys::{MATRIX, RESOURCES, SUBTYPE};
use hayro_write::hayro_syntax::object::{Array, Dict, Name, Number, String as Text};
use hayro_write::hayro_syntax::page::{Page, Resources};

/// How deep forms may lie in each other.
const DEEPEST: u32 = 8;

/// The width of a letter, in ems, where nobody looks into the font.
const LETTER: f64 = 0.55;

/// The most operations that are looked at.
const MOST_OPERATIONS: u32 = 500_000;

/// A transformation `[a b c d e f]` as PDF writes it.
type Matrix = [f64; 6];

const IDENTITY: Matrix = [1.0, 0.0, 0.0, 1.0, 0.0, 0.0];

/// First `inner`, then `outer`.
fn chained(inner: Matrix, outer: Matrix) -> Matrix {
    let across = turned(outer, (inner[0], inner[1]));
    let up = turned(outer, (inner[2], inner[3]));
    let origin = moved(outer, (inner[4], inner[5]));
    [across.0, across.1, up.0, up.1, origin.0, origin.1]
}

fn turned(matrix: Matrix, (x, y): (f64, f64)) -> (f64, f64) {
    (matrix[0] * x + matrix[2] * y, matrix[1] * x + matrix[3] * y)
}

fn moved(matrix: Matrix, point: (f64, f64)) -> (f64, f64) {
    let (x, y) = turned(matrix, point);
    (x + matrix[4], y + matrix[5])
}

/// A rectangle: left, bottom, right, top.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Area {
    pub(super) left: f64,
    pub(super) bottom: f64,
    pub(super) right: f64,
    pub(super) top: f64,
}

impl Area {
    pub(super) fn width(&self) -> f64 {
        self.right - self.left
    }

    pub(super) fn height(&self) -> f64 {
        self.top - self.bottom
    }

    /// With so much more on each side, but nothing beyond another.
    pub(super) fn grown(self, by: f64, within: Self) -> Self {
        Self {
            left: (self.left - by).max(within.left),
            bottom: (self.bottom - by).max(within.bottom),
            right: (self.right + by).min(within.right),
            top: (self.top + by).min(within.top),
        }
    }

    fn with(area: Option<Self>, (x, y): (f64, f64)) -> Self {
        let Some(area) = area else { return Self { left: x, bottom: y, right: x, top: y } };
        Self { left: area.left.min(x), bottom: area.bottom.min(y), right: area.right.max(x), top: area.top.max(y) }
    }
}

/// Where a page as it is shown has ink, in points from its lower left corner; `None` when nothing is found.
pub(super) fn inked(page: &Page<'_>) -> Option<Area> {
    let mut look = Look { found: None, operations: 0 };
    let start = page.initial_transform(false).as_coeffs();
    look.walk(page.typed_operations(), page.resources(), start, 0);
    let (width, height) = page.render_dimensions();
    let sheet = Area { left: 0.0, bottom: 0.0, right: width.into(), top: height.into() };
    let area = look.found?.grown(0.0, sheet);
    (area.width() > 0.0 && area.height() > 0.0).then_some(area)
}

struct Look {
    found: Option<Area>,
    operations: u32,
}

/// What changes while a page is drawn.
#[derive(Clone, Copy)]
struct State {
    matrix: Matrix,
    is_white: bool,
    size: f64,
    leading: f64,
    /// Bytes a letter.
    letter_bytes: usize,
}

impl Look {
    fn see(&mut self, matrix: Matrix, points: impl IntoIterator<Item = (f64, f64)>) {
        for point in points {
            let seen = moved(matrix, point);
            if seen.0.is_finite() && seen.1.is_finite() {
                self.found = Some(Area::with(self.found, seen));
            }
        }
    }

    fn picture(&mut self, matrix: Matrix) {
        self.see(matrix, [(0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (1.0, 1.0)]);
    }

    fn walk(&mut self, mut operations: TypedIter<'_>, resources: &Resources<'_>, start: Matrix, depth: u32) {
        let mut now = State { matrix: start, is_white: false, size: 0.0, leading: 0.0, letter_bytes: 1 };
        let mut kept = Vec::new();
        let mut path: Vec<(f64, f64)> = Vec::new();
        let (mut line, mut text) = (IDENTITY, IDENTITY);
        while let Some(operation) = operations.next() {
            self.operations += 1;
            if self.operations > MOST_OPERATIONS {
                return;
            }
            let n = |number: &Number| number.as_f64();
            match operation {
                Op::SaveState(_) => kept.push(now),
                Op::RestoreState(_) => now = kept.pop().unwrap_or(now),
                Op::Transform(m) => {
                    now.matrix = chained([n(&m.0), n(&m.1), n(&m.2), n(&m.3), n(&m.4), n(&m.5)], now.matrix);
                }
                Op::MoveTo(to) => path.push((n(&to.0), n(&to.1))),
                Op::LineTo(to) => path.push((n(&to.0), n(&to.1))),
                Op::CubicTo(to) => path.push((n(&to.4), n(&to.5))),
                Op::CubicStartTo(to) => path.push((n(&to.2), n(&to.3))),
                Op::CubicEndTo(to) => path.push((n(&to.2), n(&to.3))),
                Op::RectPath(r) => {
                    let (x, y, width, height) = (n(&r.0), n(&r.1), n(&r.2), n(&r.3));
                    path.extend([(x, y), (x + width, y), (x, y + height), (x + width, y + height)]);
                }
                Op::StrokePath(_)
                | Op::CloseAndStrokePath(_)
                | Op::FillAndStrokeNonZero(_)
                | Op::FillAndStrokeEvenOdd(_)
                | Op::CloseFillAndStrokeNonZero(_)
                | Op::CloseFillAndStrokeEvenOdd(_) => self.see(now.matrix, path.drain(..)),
                Op::FillPathNonZero(_) | Op::FillPathNonZeroCompatibility(_) | Op::FillPathEvenOdd(_) => {
                    let points = path.drain(..);
                    if !now.is_white {
                        self.see(now.matrix, points);
                    }
                }
                Op::EndPath(_) => path.clear(),
                Op::NonStrokeColorDeviceGray(gray) => now.is_white = n(&gray.0) >= 1.0,
                Op::NonStrokeColorDeviceRgb(c) => now.is_white = [&c.0, &c.1, &c.2].into_iter().all(|c| n(c) >= 1.0),
                Op::NonStrokeColorCmyk(c) => now.is_white = [&c.0, &c.1, &c.2, &c.3].into_iter().all(|c| n(c) <= 0.0),
                Op::ColorSpaceNonStroke(_) | Op::NonStrokeColor(_) | Op::NonStrokeColorNamed(_) => now.is_white = false,
                Op::InlineImage(_) => self.picture(now.matrix),
                Op::XObject(name) => self.object(name.0, resources, now.matrix, depth),
                Op::BeginText(_) => (line, text) = (IDENTITY, IDENTITY),
                Op::TextFont(font) => {
                    let found = resources.get_font(font.0);
                    let kind = found.and_then(|found| found.get::<Name<'_>>(SUBTYPE));
                    now.letter_bytes = if kind.is_some_and(|kind| &*kind == b"Type0") { 2 } else { 1 };
                    now.size = n(&font.1);
                }
                Op::TextLeading(leading) => now.leading = n(&leading.0),
                Op::SetTextMatrix(m) => {
                    line = [n(&m.0), n(&m.1), n(&m.2), n(&m.3), n(&m.4), n(&m.5)];
                    text = line;
                }
                Op::NextLine(by) => {
                    line = chained([1.0, 0.0, 0.0, 1.0, n(&by.0), n(&by.1)], line);
                    text = line;
                }
                Op::NextLineAndSetLeading(by) => {
                    now.leading = -n(&by.1);
                    line = chained([1.0, 0.0, 0.0, 1.0, n(&by.0), n(&by.1)], line);
                    text = line;
                }
                Op::NextLineUsingLeading(_) | Op::NextLineAndShowText(_) | Op::ShowTextWithParameters(_) => {
                    line = chained([1.0, 0.0, 0.0, 1.0, 0.0, -now.leading], line);
                    text = self.letters(&now, line, 1);
                }
                Op::ShowText(shown) => text = self.letters(&now, text, shown.0.as_bytes().len()),
                Op::ShowTexts(shown) => {
                    let mut parts = shown.0.flex_iter();
                    let mut letters = 0;
                    loop {
                        if let Some(part) = parts.next::<Text<'_>>() {
                            letters += part.as_bytes().len();
                        } else if parts.next::<Number>().is_none() {
                            break;
                        }
                    }
                    text = self.letters(&now, text, letters);
                }
                _ => {}
            }
        }
    }

    /// So many bytes of text; where the next ones stand.
    fn letters(&mut self, now: &State, at: Matrix, bytes: usize) -> Matrix {
        let width = LETTER * now.size * (bytes / now.letter_bytes) as f64;
        self.see(chained(at, now.matrix), [(0.0, 0.0), (width, 0.0), (0.0, now.size * 0.7), (width, now.size * 0.7)]);
        chained([1.0, 0.0, 0.0, 1.0, width, 0.0], at)
    }

    fn object(&mut self, name: &Name<'_>, resources: &Resources<'_>, matrix: Matrix, depth: u32) {
        let Some(stream) = resources.get_x_object(name) else { return };
        let dict: &Dict<'_> = stream.dict();
        let is_form = dict.get::<Name<'_>>(SUBTYPE).is_some_and(|kind| &*kind == b"Form");
        if !is_form {
            self.picture(matrix);
            return;
        }
        if depth >= DEEPEST {
            return;
        }
        let own = dict.get::<Array<'_>>(MATRIX).map(|array| array.iter::<f64>().collect::<Vec<_>>());
        let own: Matrix = own.and_then(|own| own.try_into().ok()).unwrap_or(IDENTITY);
        let Ok(content) = stream.decoded() else { return };
        let inner = dict.get::<Dict<'_>>(RESOURCES).map(Resources::new);
        self.walk(TypedIter::new(&content), inner.as_ref().unwrap_or(resources), chained(own, matrix), depth + 1);
    }
}
