//! Merging: one label or many as one file. Many PDF labels share their fonts; four go on a sheet of A4.

use domain::document::{Dpi, Format, LabelContent, Paper};

use crate::font::Fonts;
use crate::label::{Medium, lay_out};
use crate::layout::Layout;
use crate::pdf::Document;
use crate::{DrawError, Drawn, Options, raster, zpl};

/// A sheet of A4, in millimetres.
pub(crate) const A4: (f32, f32) = (210.0, 297.0);

/// Draws one label.
///
/// # Errors
/// [`DrawError`], when a code's data cannot be drawn.
pub fn label(content: &LabelContent, format: Format, options: &Options) -> Result<Drawn, DrawError> {
    labels(std::slice::from_ref(content), format, options)
}

/// Draws labels in this order as one file: a PDF with a page each, or with four a sheet on A4, filled row by row from
/// `options.start_position`; ZPL one after the other. A PNG holds one label.
///
/// With several labels each warning begins with the label's tracking number.
///
/// # Errors
/// [`DrawError`], when a code's data cannot be drawn; then nothing is.
pub fn labels(contents: &[LabelContent], format: Format, options: &Options) -> Result<Drawn, DrawError> {
    let [first, others @ ..] = contents else { return Err(DrawError::Nothing) };
    if options.start_position > 3 {
        return Err(DrawError::StartPosition(options.start_position));
    }
    let fonts = Fonts::new(options.fallback_font.as_deref());
    let mut batch = Batch { fonts: &fonts, warnings: Vec::new(), is_single: others.is_empty() };
    let bytes = match format {
        Format::Pdf(paper) => pdf(contents, paper, usize::from(options.start_position), &mut batch)?,
        Format::Zpl(dpi) => {
            let mut text = String::new();
            for content in contents {
                let layout = batch.lay_out(content, printer(dpi))?;
                zpl::write(&layout, dpi, &fonts, &mut text);
            }
            text.into_bytes()
        }
        Format::Png(_) if !others.is_empty() => return Err(DrawError::OneLabelOnly(contents.len())),
        Format::Png(dpi) => raster::png(&batch.lay_out(first, printer(dpi))?, dpi, &fonts)?,
    };
    Ok(Drawn { bytes, warnings: batch.warnings })
}

fn printer(dpi: Dpi) -> Medium {
    Medium::printer(dpi.dots_per_mm())
}

struct Batch<'a> {
    fonts: &'a Fonts<'a>,
    warnings: Vec<String>,
    is_single: bool,
}

impl Batch<'_> {
    fn lay_out(&mut self, content: &LabelContent, medium: Medium) -> Result<Layout, DrawError> {
        let mut warnings = Vec::new();
        let layout = lay_out(content, medium, self.fonts, &mut warnings)?;
        if self.is_single {
            self.warnings.append(&mut warnings);
        } else {
            self.warnings.extend(warnings.into_iter().map(|text| format!("{}: {text}", content.tracking_number)));
        }
        Ok(layout)
    }
}

fn pdf(contents: &[LabelContent], paper: Paper, start: usize, batch: &mut Batch<'_>) -> Result<Vec<u8>, DrawError> {
    let title = match contents {
        [only] => format!("Label {}", only.tracking_number),
        _ => format!("{} labels", contents.len()),
    };
    let mut document = Document::new(batch.fonts, &title);
    let medium = match paper {
        Paper::Mm100x150 => Medium::PDF_100X150,
        Paper::A6 | Paper::A4 => Medium::PDF_A6,
    };
    for (index, content) in contents.iter().enumerate() {
        let layout = batch.lay_out(content, medium)?;
        if paper == Paper::A4 {
            let place = start + index;
            if index == 0 || place.is_multiple_of(4) {
                document.start_page(A4.0, A4.1);
            }
            let (column, row) = (place % 2, place % 4 / 2);
            document.draw(&layout, column as f32 * A4.0 / 2.0, row as f32 * A4.1 / 2.0);
        } else {
            document.start_page(medium.width, medium.height);
            document.draw(&layout, 0.0, 0.0);
        }
    }
    document.finish()
}
