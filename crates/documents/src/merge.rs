//! Merging: one label or many as one file. Many PDF labels share their fonts; four go on a sheet of A4.

use domain::batch::GroupTitle;
use domain::document::{Dpi, Format, LabelContent, Paper, Rotation};

use crate::font::Fonts;
use crate::label::{Medium, lay_out};
use crate::layout::{Layout, Rect};
use crate::pdf::{Document, Foreign, dots};
use crate::picture::Picture;
use crate::raster::Bitmap;
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
    /// A label that a carrier made; the text names it. PDF and PNG go into a PDF; ZPL, and PDF and PNG as dots, into ZPL.
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
/// file. Every page has the size of the format, and what a carrier made takes a place like ours: in a PDF it is copied, not drawn
/// anew, made smaller where it is too large, and cut out of a large sheet. On A4 a title has a sheet of its own. In place of
/// what cannot be read there is a page that says so, and a warning.
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

/// Puts one label that a carrier made on the paper of a format. PDF and PNG go into every one: for ZPL and PNG their pages
/// are drawn in dots. ZPL goes into ZPL as it is.
///
/// # Errors
/// [`DrawError::Made`], when it does not go in there.
pub fn made(label: Vec<u8>, format: Format, options: &Options) -> Result<Drawn, DrawError> {
    if let Format::Png(dpi) = format {
        let refused = |why| DrawError::Made(format!("label: the carrier's label cannot be put in: {why}"));
        let fonts = Fonts::new(options.fallback_font.as_deref());
        let pages = made_dots(&Kind::of(&label), &label, dpi, &fonts).map_err(refused)?;
        let [page] = pages.as_slice() else {
            return Err(refused(format!("it has {} pages, and a PNG holds one", pages.len())));
        };
        return Ok(Drawn { bytes: raster::encode(page, dpi)?, warnings: Vec::new() });
    }
    let part = std::iter::once(Part::Made("label".to_owned(), label));
    let mut drawn = put_together(part, "Label", format, options, true)?;
    if drawn.warnings.is_empty() { Ok(drawn) } else { Err(DrawError::Made(drawn.warnings.swap_remove(0))) }
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
        Format::Pdf(paper) => pdf(parts, title, paper, options, &mut batch)?,
        Format::Zpl(dpi) => zpl(parts, dpi, options.rotation, &mut batch)?,
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

/// What a carrier made, by how it begins.
enum Kind {
    Pdf,
    Png,
    Zpl,
    Unknown,
}

impl Kind {
    fn of(file: &[u8]) -> Self {
        let begins = file.trim_ascii_start();
        if begins.starts_with(b"%PDF") {
            Self::Pdf
        } else if begins.starts_with(b"\x89PNG") {
            Self::Png
        } else if begins.starts_with(b"^") || begins.starts_with(b"~") {
            Self::Zpl
        } else {
            Self::Unknown
        }
    }
}

/// The command after which a printer turns what follows by half.
const TURNED: &str = "^POI";

fn zpl<'a>(
    parts: impl Iterator<Item = Part<'a>>,
    dpi: Dpi,
    rotation: Rotation,
    batch: &mut Batch<'_>,
) -> Result<Vec<u8>, DrawError> {
    let turn = match rotation {
        Rotation::None => "",
        Rotation::Half => TURNED,
        Rotation::Right | Rotation::Left => return Err(DrawError::Rotation(rotation.degrees())),
    };
    let mut file = Vec::new();
    let mut text = String::new();
    for part in parts {
        text.clear();
        let layout = match part {
            Part::Title(title) => batch.title(&title, printer(dpi)),
            Part::Label(content) => batch.lay_out(&content, printer(dpi))?,
            Part::Borrowed(content) => batch.lay_out(content, printer(dpi))?,
            Part::Missing(text) => batch.notice(&text, printer(dpi)),
            Part::Made(name, bytes) => match made_zpl(&bytes, dpi, batch.fonts) {
                Ok(made) => {
                    append_turned(&mut file, &made, turn);
                    continue;
                }
                Err(why) => {
                    let text = format!("{name}: the carrier's label cannot be put in: {why}");
                    batch.notice(&text, printer(dpi))
                }
            },
        };
        zpl::write(&layout, dpi, batch.fonts, &mut text);
        append_turned(&mut file, text.as_bytes(), turn);
    }
    if file.is_empty() { Err(DrawError::Nothing) } else { Ok(file) }
}

/// Appends labels, each turned.
fn append_turned(file: &mut Vec<u8>, labels: &[u8], turn: &str) {
    const START: &[u8] = b"^XA";
    let mut rest = labels;
    if !turn.is_empty() {
        while let Some(at) = rest.windows(START.len()).position(|part| part == START) {
            let (before, after) = rest.split_at(at + START.len());
            file.extend_from_slice(before);
            file.extend_from_slice(turn.as_bytes());
            rest = after;
        }
    }
    file.extend_from_slice(rest);
    if !labels.ends_with(b"\n") {
        file.push(b'\n');
    }
}

/// A carrier's label in the printer's language: its own ZPL, or its PDF or picture as dots.
fn made_zpl(bytes: &[u8], dpi: Dpi, fonts: &Fonts<'_>) -> Result<Vec<u8>, String> {
    let kind = Kind::of(bytes);
    if let Kind::Zpl = kind {
        return Ok(bytes.to_vec());
    }
    let mut text = String::new();
    for bitmap in made_dots(&kind, bytes, dpi, fonts)? {
        zpl::write_dots(&bitmap, &mut text);
    }
    Ok(text.into_bytes())
}

/// A carrier's PDF or picture as black and white dots on the label printer's roll, page by page.
fn made_dots(kind: &Kind, bytes: &[u8], dpi: Dpi, fonts: &Fonts<'_>) -> Result<Vec<Bitmap>, String> {
    let medium = printer(dpi);
    let count = |millimetres: f32| (f64::from(millimetres) * dpi.dots_per_mm()).round() as usize;
    let (width, height) = (count(medium.width), count(medium.height));
    match kind {
        Kind::Png => Ok(vec![Picture::read(bytes)?.on_label(width, height, dpi.dots_per_mm())]),
        Kind::Pdf => {
            let mut document = Document::new(fonts, "").keeping_sizes();
            for label in document.import(bytes)? {
                document.start_page(medium.width, medium.height);
                document.put(&label, Rect::new(0.0, 0.0, medium.width, medium.height));
            }
            let placed = document.finish().map_err(|error| error.to_string())?;
            dots::draw(placed, width, height)
        }
        Kind::Zpl => Err("it is ZPL, which only a label printer reads".to_owned()),
        Kind::Unknown => Err("it is neither PDF, PNG nor ZPL".to_owned()),
    }
}

fn pdf<'a>(
    parts: impl Iterator<Item = Part<'a>>,
    title: &str,
    paper: Paper,
    options: &Options,
    batch: &mut Batch<'_>,
) -> Result<Vec<u8>, DrawError> {
    // Room for all of it, so that a large file is not copied again and again as it grows.
    let room = parts.size_hint().1.unwrap_or_default().min(MOST_ROOM) * PAGE_BYTES;
    let mut document = Document::with_room(batch.fonts, title, room).turned(options.rotation);
    let (medium, whole) = match paper {
        Paper::Mm100x150 => (Medium::PDF_100X150, Medium::PDF_100X150),
        Paper::A6 => (Medium::PDF_A6, Medium::PDF_A6),
        Paper::A4 => (Medium::PDF_A6, Medium::PDF_A4),
    };
    let mut places = Places { paper, medium, next: usize::from(options.start_position), is_begun: false };
    for part in parts {
        let layout = match part {
            Part::Label(content) => Placed::Ours(batch.lay_out(&content, medium)?),
            Part::Borrowed(content) => Placed::Ours(batch.lay_out(content, medium)?),
            Part::Title(title) => Placed::Sheet(batch.title(&title, whole)),
            Part::Missing(text) => Placed::Sheet(batch.notice(&text, whole)),
            Part::Made(name, bytes) => {
                let foreign = match Kind::of(&bytes) {
                    Kind::Pdf => document.import(&bytes),
                    Kind::Png => Picture::read(&bytes).map(|picture| vec![document.picture(&picture)]),
                    Kind::Zpl => Err("it is ZPL, which only a label printer reads".to_owned()),
                    Kind::Unknown => Err("it is neither PDF nor PNG".to_owned()),
                };
                match foreign {
                    Ok(foreign) => Placed::Theirs(foreign),
                    Err(why) => {
                        let text = format!("{name}: the carrier's label cannot be put in: {why}");
                        Placed::Sheet(batch.notice(&text, whole))
                    }
                }
            }
        };
        match layout {
            Placed::Ours(layout) => {
                let place = places.take(&mut document);
                document.draw(&layout, place.x, place.y);
            }
            Placed::Theirs(foreign) => {
                for label in foreign {
                    let place = places.take(&mut document);
                    document.put(&label, place);
                }
            }
            Placed::Sheet(layout) => {
                document.start_page(layout.width, layout.height);
                document.draw(&layout, 0.0, 0.0);
                places.end_sheet();
            }
        }
    }
    if document.is_empty() { Err(DrawError::Nothing) } else { document.finish() }
}

/// What takes a place in a PDF.
enum Placed {
    Ours(Layout),
    /// A carrier's label, page by page.
    Theirs(Vec<Foreign>),
    /// What has a sheet of its own.
    Sheet(Layout),
}

/// Where the next label lies.
struct Places {
    paper: Paper,
    medium: Medium,
    /// The next place on the sheet of A4; on the first one when no sheet is begun.
    next: usize,
    is_begun: bool,
}

impl Places {
    /// The next place, on a new page when the last one is full.
    fn take(&mut self, document: &mut Document<'_>) -> Rect {
        if self.paper != Paper::A4 {
            document.start_page(self.medium.width, self.medium.height);
            return Rect::new(0.0, 0.0, self.medium.width, self.medium.height);
        }
        if !self.is_begun || self.next == 4 {
            self.next %= 4;
            document.start_page(A4.0, A4.1);
        }
        let (column, row) = (self.next % 2, self.next / 2);
        (self.next, self.is_begun) = (self.next + 1, true);
        let (width, height) = (A4.0 / 2.0, A4.1 / 2.0);
        Rect::new(column as f32 * width, row as f32 * height, width, height)
    }

    /// The next label begins a new sheet; a place that was asked for stays when none has been taken.
    fn end_sheet(&mut self) {
        if self.is_begun {
            (self.next, self.is_begun) = (0, false);
        }
    }
}
