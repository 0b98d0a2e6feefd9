//! Dots: pages of a PDF drawn in black and white, for printers and programs that read no PDF.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use hayro::hayro_interpret::{InterpreterSettings, InterpreterWarning, TransformExt};
use hayro::hayro_syntax::Pdf;
use hayro::kurbo::Affine;
use hayro::vello_cpu::color::palette::css::WHITE;
use hayro::vello_cpu::{Pixmap, RasterizerSettings, RenderContext, Resources, TargetInit};
use hayro::{RenderCache, RenderSettings, render_into};

use crate::raster::Bitmap;

/// What of a dot must be covered for it to be black, of 255. Less than half, since thin strokes must not break.
const COVERED: u8 = 115;

/// A picture's dot that is darker than this becomes black: pictures of bars are black and white.
const DARK: u32 = 128;

const FONT: u8 = 1;
const PICTURE: u8 = 2;

/// Draws every page of a file, each in so many dots; why not, when a part of one would be missing.
pub(crate) fn draw(file: Vec<u8>, width: usize, height: usize) -> Result<Vec<Bitmap>, String> {
    // A file from elsewhere that nobody foresaw must not take the others with it.
    catch_unwind(AssertUnwindSafe(|| pages(file, width, height))).unwrap_or_else(|_| Err("it is damaged".to_owned()))
}

fn pages(file: Vec<u8>, width: usize, height: usize) -> Result<Vec<Bitmap>, String> {
    let read = Pdf::new(file).map_err(|_| "it is no PDF, or it is encrypted".to_owned())?;
    let (Ok(columns), Ok(rows)) = (u16::try_from(width), u16::try_from(height)) else {
        return Err(format!("{width} × {height} dots are too many"));
    };
    let missing = Arc::new(AtomicU8::new(0));
    let noted = Arc::clone(&missing);
    let settings = InterpreterSettings {
        warning_sink: Arc::new(move |warning| {
            let kind = match warning {
                InterpreterWarning::UnsupportedFont => FONT,
                InterpreterWarning::ImageDecodeFailure => PICTURE,
                _ => 0,
            };
            noted.fetch_or(kind, Ordering::Relaxed);
        }),
        ..InterpreterSettings::default()
    };
    let how = RenderSettings { aliasing_threshold: Some(COVERED), ..RenderSettings::default() };
    let cache = RenderCache::new();
    let (mut context, mut pixels) = (RenderContext::new(columns, rows), Pixmap::new(columns, rows));
    let mut resources = Resources::default();
    let mut drawn = Vec::new();
    for page in read.pages().iter() {
        let (wide, high) = page.render_dimensions();
        if wide < 1.0 || high < 1.0 {
            return Err("one of its pages has no size".to_owned());
        }
        let scale = Affine::scale_non_uniform(f64::from(columns) / f64::from(wide), f64::from(rows) / f64::from(high));
        context.reset_and_resize(columns, rows);
        render_into(page, &cache, &settings, &how, &mut context, scale * page.initial_transform(true).to_kurbo());
        context.flush();
        let on_white = RasterizerSettings { target_init: TargetInit::Clear(WHITE), ..RasterizerSettings::default() };
        context.render_with(&mut pixels, &mut resources, on_white);
        match missing.load(Ordering::Relaxed) {
            0 => drawn.push(black(&pixels, width, height)),
            kinds if kinds & PICTURE != 0 => return Err("a picture in it cannot be read".to_owned()),
            _ => return Err("a font in it cannot be read".to_owned()),
        }
    }
    if drawn.is_empty() { Err("it has no page".to_owned()) } else { Ok(drawn) }
}

fn black(pixels: &Pixmap, width: usize, height: usize) -> Bitmap {
    let mut bitmap = Bitmap::new(width, height);
    for (row, dots) in pixels.data().chunks_exact(width.max(1)).enumerate() {
        for (column, dot) in dots.iter().enumerate() {
            let luma = (u32::from(dot.r) * 299 + u32::from(dot.g) * 587 + u32::from(dot.b) * 114) / 1000;
            if luma < DARK {
                bitmap.fill(column as i32, row as i32, 1, 1, true);
            }
        }
    }
    bitmap
}
