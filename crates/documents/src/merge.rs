//! Merging: one label or many as one file. Many PDF labels share their fonts; four go on a sheet of A4.

use domain::batch::GroupTitle;
use domain::document::{Dpi, Format, LabelContent, Paper};

use crate::font::Fonts;
use crate::label::{Medium, lay_out};
use crate::layout::Layout;
use crate::pdf::Document;
use crate::{DrawError, Drawn, Options, group_title, raster, zpl};

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
    if let (Format::Png(dpi), true) = (format, others.is_empty()) {
        let fonts = Fonts::new(options.fallback_font.as_deref());
        let mut batch = Batch::new(&fonts, true);
        let bytes = raster::png(&batch.lay_out(first, printer(dpi))?, dpi, &fonts)?;
        return Ok(Drawn { bytes, warnings: batch.warnings });
    }
    let title = match others {
        [] => format!("Label {}", first.tracking_number),
        _ => format!("{} labels", contents.len()),
    };
    let parts = contents.iter().map(Part::Borrowed);
    put_together(parts, &title, format, options, others.is_empty())
}

/// A part of a merged file.
#[derive(Clone, Debug)]
pub enum Part<'a> {
    /// The page before a group of labels.
    Title(GroupTitle),
    /// A label that is drawn.
    Label(Box<LabelContent>),
    /// The same, of somebody who keeps what stands on it.
    Borrowed(&'a LabelContent),
    /// A label that a carrier made, in the kind of file that is put together; the text names it.
    Made(String, Vec<u8>),
    /// Takes the place of a label that cannot be in the file; the text says which one and why.
    Missing(String),
}

/// What a label's page takes in a PDF, beside the fonts.
const PAGE_BYTES: usize = 3_500;

/// Room is made for so many pages at most.
const MOST_ROOM: usize = 100_000;

/// The most warnings that are kept of one file.
const MOST_WARNINGS: usize = 100;

/// Puts parts together in this order as one file called `title`: PDF or ZPL. No more than one part is in memory beside the
/// file. On A4 a title and a carrier's own label have sheets of their own. What a carrier made is copied, not drawn anew;
/// in place of what cannot be read there is a page that says so, and a warning.
///
/// # Errors
/// [`DrawError`], when a code's data cannot be drawn; then nothing is. [`DrawError::OneLabelOnly`] for a PNG.
pub fn merge<'a>(
    parts: impl IntoIterator<Item = Part<'a>>,
    title: &str,
    format: Format,
    options: &Options,
) -> Result<Drawn, DrawError> {
    put_together(parts.into_iter(), title, format, options, false)
}

fn put_together<'a>(
    parts: impl Iterator<Item = Part<'a>>,
    title: &str,
    format: Format,
    options: &Options,
    is_single: bool,
) -> Result<Drawn, DrawError> {
    if options.start_position > 3 {
        return Err(DrawError::StartPosition(options.start_position));
    }
    let fonts = Fonts::new(options.fallback_font.as_deref());
    let mut batch = Batch::new(&fonts, is_single);
    let bytes = match format {
        Format::Pdf(paper) => pdf(parts, title, paper, usize::from(options.start_position), &mut batch)?,
        Format::Zpl(dpi) => zpl(parts, dpi, &mut batch)?,
        Format::Png(_) => return Err(DrawError::OneLabelOnly(parts.count())),
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

impl<'a> Batch<'a> {
    fn new(fonts: &'a Fonts<'a>, is_single: bool) -> Self {
        Self { fonts, warnings: Vec::new(), is_single }
    }

    fn warn(&mut self, of: &str, warnings: Vec<String>) {
        if self.is_single {
            self.warnings.extend(warnings);
            return;
        }
        for text in warnings {
            match self.warnings.len() {
                count if count < MOST_WARNINGS => self.warnings.push(format!("{of}: {text}")),
                MOST_WARNINGS => self.warnings.push("and more like these".to_owned()),
                _ => {}
            }
        }
    }

    fn lay_out(&mut self, content: &LabelContent, medium: Medium) -> Result<Layout, DrawError> {
        let mut warnings = Vec::new();
        let layout = lay_out(content, medium, self.fonts, &mut warnings)?;
        self.warn(&content.tracking_number, warnings);
        Ok(layout)
    }

    fn title(&mut self, title: &GroupTitle, medium: Medium) -> Layout {
        let mut warnings = Vec::new();
        let layout = group_title::lay_out(title, medium, self.fonts, &mut warnings);
        self.warn("title page", warnings);
        layout
    }

    /// The page in place of a label that cannot be there.
    fn notice(&mut self, text: &str, medium: Medium) -> Layout {
        self.warn("not in the file", vec![text.to_owned()]);
        group_title::notice(text, medium, self.fonts, &mut Vec::new())
    }
}

fn zpl<'a>(parts: impl Iterator<Item = Part<'a>>, dpi: Dpi, batch: &mut Batch<'_>) -> Result<Vec<u8>, DrawError> {
    let mut file = Vec::new();
    let mut text = String::new();
    for part in parts {
        let layout = match part {
            Part::Title(title) => batch.title(&title, printer(dpi)),
            Part::Label(content) => batch.lay_out(&content, printer(dpi))?,
            Part::Borrowed(content) => batch.lay_out(content, printer(dpi))?,
            Part::Missing(text) => batch.notice(&text, printer(dpi)),
            Part::Made(_, bytes) => {
                file.extend(&bytes);
                if !bytes.ends_with(b"\n") {
                    file.push(b'\n');
                }
                continue;
            }
        };
        text.clear();
        zpl::write(&layout, dpi, batch.fonts, &mut text);
        file.extend(text.as_bytes());
    }
    if file.is_empty() { Err(DrawError::Nothing) } else { Ok(file) }
}

fn pdf<'a>(
    parts: impl Iterator<Item = Part<'a>>,
    title: &str,
    paper: Paper,
    start: usize,
    batch: &mut Batch<'_>,
) -> Result<Vec<u8>, DrawError> {
    // Room for all of it, so that a large file is not copied again and again as it grows.
    let room = parts.size_hint().1.unwrap_or_default().min(MOST_ROOM) * PAGE_BYTES;
    let mut document = Document::with_room(batch.fonts, title, room);
    let (medium, whole) = match paper {
        Paper::Mm100x150 => (Medium::PDF_100X150, Medium::PDF_100X150),
        Paper::A6 => (Medium::PDF_A6, Medium::PDF_A6),
        Paper::A4 => (Medium::PDF_A6, Medium::PDF_A4),
    };
    // The next place on the sheet of A4; on the first one when no sheet is begun.
    let mut place = start;
    let mut is_begun = false;
    for part in parts {
        let content = match &part {
            Part::Label(content) => Some(&**content),
            Part::Borrowed(content) => Some(*content),
            _ => None,
        };
        if let (Some(content), Paper::A4) = (content, paper) {
            let layout = batch.lay_out(content, medium)?;
            if !is_begun || place == 4 {
                place %= 4;
                document.start_page(A4.0, A4.1);
            }
            let (column, row) = (place % 2, place / 2);
            document.draw(&layout, column as f32 * A4.0 / 2.0, row as f32 * A4.1 / 2.0);
            (place, is_begun) = (place + 1, true);
            continue;
        }
        let layout = match part {
            Part::Label(content) => batch.lay_out(&content, medium)?,
            Part::Borrowed(content) => batch.lay_out(content, medium)?,
            Part::Title(title) => batch.title(&title, whole),
            Part::Missing(text) => batch.notice(&text, whole),
            Part::Made(name, bytes) => match document.import(&bytes) {
                Ok(()) => {
                    (place, is_begun) = (0, false);
                    continue;
                }
                Err(why) => batch.notice(&format!("{name}: the carrier's label cannot be put in: {why}"), whole),
            },
        };
        document.start_page(layout.width, layout.height);
        document.draw(&layout, 0.0, 0.0);
        (place, is_begun) = (0, false);
    }
    if document.is_empty() { Err(DrawError::Nothing) } else { document.finish() }
}
