//! Labels of others on our pages: pages of their PDF files, copied with what they need and their objects renumbered, and
//! pictures. Each is put where it is wanted, turned when it lies across, and made smaller when it is too large; a label on
//! a part of a large sheet is cut out. Nothing is drawn anew.

use std::panic::{AssertUnwindSafe, catch_unwind};

use hayro_write::hayro_syntax::Pdf as Read;
use hayro_write::{ExtractionQuery, extract};
use pdf_writer::{Filter, Name, Ref};

use super::bounds::{Area, inked};
use super::{Document, SETTINGS, pack, points};
use crate::layout::{MM_PER_POINT, Rect};
use crate::picture::Picture;

/// Pages of one file at most: a label has one or two.
const MOST_PAGES: usize = 100;

/// A sheet that would become smaller than this, as a share of its size, is looked at for the part with ink on it.
const LEAST: f64 = 0.9;

/// What is left white around that part, in points.
const AROUND: f64 = 5.0;

/// A label of somebody else, ready to be put on a page.
pub(crate) struct Foreign {
    object: Ref,
    /// Its whole size, in points.
    sheet: Area,
    /// Where it has ink, if it is a page.
    ink: Option<Area>,
    is_picture: bool,
    /// Whether it says how large it is; what does not may be made larger.
    has_size: bool,
}

/// How much something must shrink to fit, and whether it lies across.
fn fit(area: &Area, width: f64, height: f64) -> (f64, bool) {
    let scale = |across: f64, up: f64| (width / across).min(height / up);
    let (upright, turned) = (scale(area.width(), area.height()), scale(area.height(), area.width()));
    if turned > upright * 1.01 { (turned, true) } else { (upright, false) }
}

impl Document<'_> {
    /// Takes over every page of another PDF; why not, when it cannot be read.
    pub(crate) fn import(&mut self, file: &[u8]) -> Result<Vec<Foreign>, String> {
        let mut next = self.next;
        // A file from elsewhere that nobody foresaw must not take the others with it.
        let copied = catch_unwind(AssertUnwindSafe(|| {
            let read = Read::new(file.to_vec()).map_err(|_| "it is no PDF, or it is encrypted".to_owned())?;
            let count = read.pages().len();
            if count == 0 || count > MOST_PAGES {
                return Err(format!("it has {count} pages: expected are 1 to {MOST_PAGES}"));
            }
            let pages: Vec<_> = (0..count).map(ExtractionQuery::new_xobject).collect();
            let found = extract(&read, Box::new(|| next.bump()), SETTINGS, &pages);
            let found = found.map_err(|_| "its pages cannot be read".to_owned())?;
            let mut foreign = Vec::with_capacity(count);
            for (page, object) in read.pages().iter().zip(&found.root_refs) {
                let object = object.map_err(|_| "one of its pages cannot be read".to_owned())?;
                let (width, height) = page.render_dimensions();
                let sheet = Area { left: 0.0, bottom: 0.0, right: width.into(), top: height.into() };
                if sheet.width() < 1.0 || sheet.height() < 1.0 {
                    return Err("one of its pages has no size".to_owned());
                }
                foreign.push(Foreign { object, sheet, ink: inked(page), is_picture: false, has_size: true });
            }
            Ok((foreign, found.chunk))
        }));
        let (foreign, objects) = copied.unwrap_or_else(|_| Err("it is damaged".to_owned()))?;
        self.next = next;
        self.pdf.extend(&objects);
        Ok(foreign)
    }

    /// Takes over a picture.
    pub(crate) fn picture(&mut self, picture: &Picture) -> Foreign {
        let object = self.next.bump();
        let packed = pack(&picture.luma);
        let mut image = self.pdf.image_xobject(object, &packed);
        image.filter(Filter::FlateDecode);
        image.width(picture.width as i32).height(picture.height as i32);
        image.color_space().device_gray();
        image.bits_per_component(8);
        let (width, height) = picture.size_mm();
        let point = f64::from(MM_PER_POINT);
        let sheet = Area { left: 0.0, bottom: 0.0, right: width / point, top: height / point };
        Foreign { object, sheet, ink: None, is_picture: true, has_size: picture.dots_per_mm.is_some() }
    }

    /// Puts a label of somebody else into a place on the page, in its middle.
    pub(crate) fn put(&mut self, foreign: &Foreign, place: Rect) {
        let Some(page) = &mut self.page else { return };
        let (width, height) = (f64::from(points(place.width)), f64::from(points(place.height)));
        let (left, bottom) = (points(place.x), points(page.height - place.bottom()));
        let whole = fit(&foreign.sheet, width, height);
        let is_cut = |ink: &Area| {
            let keeps_size = || whole.0 < 1.0 && fit(&ink.grown(AROUND, foreign.sheet), width, height).0 >= 1.0;
            whole.0 < LEAST || (self.keeps_sizes && keeps_size())
        };
        let cut = foreign.ink.filter(is_cut).map(|ink| ink.grown(AROUND, foreign.sheet));
        let source = cut.unwrap_or(foreign.sheet);
        let (scale, is_turned) = fit(&source, width, height);
        let scale = if foreign.has_size { scale.min(1.0) } else { scale };
        let (x, y) = (f64::midpoint(source.left, source.right), f64::midpoint(source.bottom, source.top));
        let (middle_x, middle_y) = (f64::from(left) + width / 2.0, f64::from(bottom) + height / 2.0);
        // A picture is one unit wide and high.
        let (across, up) =
            if foreign.is_picture { (foreign.sheet.width(), foreign.sheet.height()) } else { (1.0, 1.0) };
        let (across, up) = (scale * across, scale * up);
        let matrix = if is_turned {
            [0.0, across, -up, 0.0, middle_x + scale * y, middle_y - scale * x]
        } else {
            [across, 0.0, 0.0, up, middle_x - scale * x, middle_y - scale * y]
        };
        let matrix = matrix.map(|number| number as f32);
        let name = format!("L{}", page.foreign.len());
        page.content.save_state();
        page.content.rect(left, bottom, width as f32, height as f32).clip_nonzero().end_path();
        page.content.transform(matrix).x_object(Name(name.as_bytes())).restore_state();
        page.foreign.push(foreign.object);
    }
}
