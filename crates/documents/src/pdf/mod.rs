//! PDF: layouts on pages, with fonts embedded and text that can be copied; codes are filled rectangles on their exact
//! module grid.

mod bounds;
pub(crate) mod dots;
mod font;
mod import;

use std::cell::RefCell;

use domain::document::Rotation;
use miniz_oxide::deflate::core::{
    CompressorOxide, TDEFLFlush, TDEFLStatus, compress_to_output, create_comp_flags_from_zip_params,
};
use pdf_writer::{Content, Filter, Finish, Name, Pdf, Rect, Ref, Str, TextStr};

use self::font::{OBJECTS, SETTINGS, Subset, first_object, latin, style_of};
pub(crate) use self::import::Foreign;
use crate::font::{CAPITAL, Fonts, Source, Style};
use crate::layout::{Ink, Item, Layout, MM_PER_POINT, Text, WATERMARK, Watermark};
use crate::{DrawError, layout};

const CATALOG: Ref = Ref::new(1);
const PAGES: Ref = Ref::new(2);
const RESOURCES: Ref = Ref::new(3);
/// Subsets made for this document come after the two cached ones.
const OWN_FONTS: i32 = 4 + 2 * OBJECTS;
const FIRST_PAGE: i32 = OWN_FONTS + 3 * OBJECTS + 2;
const INFO: Ref = Ref::new(FIRST_PAGE - 1);
/// The fonts of all pages.
const FONTS: Ref = Ref::new(FIRST_PAGE - 2);

/// Fast: contents are small, and a tenth of a millisecond counts.
const CONTENT_COMPRESSION: i32 = 1;

/// Fonts made for one document are small and packed each time.
const OWN_FONT_COMPRESSION: u8 = 4;

/// How light the watermark is: 0 black, 1 white.
const WATERMARK_GRAY: f32 = 0.86;

/// Fonts by the names that pages use: cached regular and bold, then this document's regular, bold and fallback.
const NAMES: [&[u8]; 5] = [b"R", b"B", b"r", b"b", b"f"];

/// A document being written, page by page.
pub(crate) struct Document<'a> {
    pdf: Pdf,
    fonts: &'a Fonts<'a>,
    /// Regular, bold, fallback.
    own: [Subset; 3],
    /// The page tree's branches: pages, and nodes with pages of other files below them.
    kids: Vec<Ref>,
    count: i32,
    next: Ref,
    page: Option<Page>,
    rotation: Rotation,
    /// Whether labels of others are cut rather than made a little smaller.
    keeps_sizes: bool,
}

/// A page that is drawn on.
struct Page {
    /// In millimetres.
    width: f32,
    height: f32,
    content: Content,
    /// Labels of others, in the order of their names `L0`, `L1`, …
    foreign: Vec<Ref>,
}

impl<'a> Document<'a> {
    /// `title` is what viewers show.
    pub(crate) fn new(fonts: &'a Fonts<'a>, title: &str) -> Self {
        Self::with_room(fonts, title, 0)
    }

    /// The same for a file that will take so many bytes beside its fonts.
    pub(crate) fn with_room(fonts: &'a Fonts<'a>, title: &str, bytes: usize) -> Self {
        let mut pdf = Pdf::with_settings_and_capacity(SETTINGS, 64 * 1024 + bytes);
        pdf.document_info(INFO).title(TextStr(title)).producer(TextStr("Waybill"));
        Self {
            pdf,
            fonts,
            own: Default::default(),
            kids: Vec::new(),
            count: 0,
            next: Ref::new(FIRST_PAGE),
            page: None,
            rotation: Rotation::None,
            keeps_sizes: false,
        }
    }

    /// The same with every page turned.
    pub(crate) fn turned(self, rotation: Rotation) -> Self {
        Self { rotation, ..self }
    }

    /// The same where labels of others keep their size if what is on them fits: on coarse dots, bars that shrink a little
    /// no longer read.
    pub(crate) fn keeping_sizes(self) -> Self {
        Self { keeps_sizes: true, ..self }
    }

    /// Begins a page of millimetres.
    pub(crate) fn start_page(&mut self, width: f32, height: f32) {
        self.end_page();
        let content = Content::with_settings_and_capacity(SETTINGS, 16 * 1024);
        self.page = Some(Page { width, height, content, foreign: Vec::new() });
    }

    fn end_page(&mut self) {
        let Some(Page { width, height, content, foreign }) = self.page.take() else { return };
        let (page, stream) = (self.next.bump(), self.next.bump());
        let packed = pack(&content.finish());
        self.pdf.stream(stream, &packed).filter(Filter::FlateDecode);
        let mut written = self.pdf.page(page);
        written.parent(PAGES).contents(stream);
        written.media_box(Rect::new(0.0, 0.0, points(width), points(height)));
        if self.rotation != Rotation::None {
            written.rotate(self.rotation.degrees().into());
        }
        if foreign.is_empty() {
            written.pair(Name(b"Resources"), RESOURCES);
        } else {
            let mut resources = written.resources();
            resources.pair(Name(b"Font"), FONTS);
            let mut objects = resources.x_objects();
            for (index, object) in foreign.into_iter().enumerate() {
                objects.pair(Name(format!("L{index}").as_bytes()), object);
            }
            objects.finish();
            resources.finish();
        }
        written.finish();
        self.kids.push(page);
        self.count += 1;
    }

    /// Draws a layout on the page, its top left corner at a place in millimetres.
    pub(crate) fn draw(&mut self, layout: &Layout, x: f32, y: f32) {
        let Some(Page { height, content, .. }) = &mut self.page else { return };
        let mut canvas = Canvas { content, fonts: self.fonts, own: &mut self.own, x, top: *height - y };
        if let Some(place) = &layout.watermark {
            canvas.watermark(place);
        }
        let mut text_open = false;
        for item in &layout.items {
            let is_text = matches!(item, Item::Text(_));
            if is_text != text_open {
                if is_text {
                    canvas.content.begin_text()
                } else {
                    canvas.content.end_text()
                };
                text_open = is_text;
            }
            canvas.item(item);
        }
        if text_open {
            canvas.content.end_text();
        }
    }

    /// Whether no page was begun.
    pub(crate) fn is_empty(&self) -> bool {
        self.count == 0 && self.page.is_none()
    }

    /// The finished file.
    pub(crate) fn finish(mut self) -> Result<Vec<u8>, DrawError> {
        self.end_page();
        let mut catalog = self.pdf.catalog(CATALOG);
        catalog.pages(PAGES);
        // So that print dialogues keep the size: "actual size" instead of "fit to page".
        catalog.viewer_preferences().pair(Name(b"PrintScaling"), Name(b"None"));
        catalog.finish();
        self.pdf.pages(PAGES).count(self.count).kids(self.kids.iter().copied());

        for style in [Style::Regular, Style::Bold] {
            self.pdf.extend(&latin(style).objects);
        }
        let mut fonts: Vec<_> = [Style::Regular, Style::Bold].map(first_object).into_iter().zip(NAMES).collect();
        let names = ["WAYBIO+DejaVuSansCondensed".to_owned(), "WAYBIP+DejaVuSansCondensed-Bold".to_owned()];
        let fallback = self.fonts.fallback();
        let files = [
            (crate::font::built_in(Style::Regular).bytes, names[0].clone()),
            (crate::font::built_in(Style::Bold).bytes, names[1].clone()),
            fallback.map(|font| (font.bytes(), format!("WAYBIQ+{}", font.name()))).unwrap_or_default(),
        ];
        for (index, (subset, (bytes, name))) in self.own.iter().zip(files).enumerate() {
            if !subset.is_empty() {
                let first = Ref::new(OWN_FONTS + OBJECTS * index as i32);
                subset.write(&mut self.pdf, first, bytes, &name, OWN_FONT_COMPRESSION)?;
                fonts.push((first, NAMES[2 + index]));
            }
        }
        let mut dict = self.pdf.indirect(FONTS).dict();
        for (object, name) in fonts {
            dict.pair(Name(name), object);
        }
        dict.finish();
        let mut resources = self.pdf.indirect(RESOURCES).dict();
        resources.pair(Name(b"Font"), FONTS);
        resources.finish();
        Ok(self.pdf.finish())
    }
}

fn points(millimetres: f32) -> f32 {
    round(millimetres / MM_PER_POINT)
}

/// Thousandths of a point are finer than any printer and short to write.
fn round(value: f32) -> f32 {
    (value * 1000.0).round() / 1000.0
}

thread_local! {
    /// A compressor is 300 kB of tables: made once a thread, since making it takes as long as packing a page.
    static PACKER: RefCell<CompressorOxide> = RefCell::new(CompressorOxide::new(
        create_comp_flags_from_zip_params(CONTENT_COMPRESSION, 1, 0),
    ));
}

/// Packs a page's content as zlib.
fn pack(content: &[u8]) -> Vec<u8> {
    PACKER.with_borrow_mut(|packer| {
        packer.reset();
        let mut packed = Vec::with_capacity(content.len() / 2);
        let sink = |part: &[u8]| {
            packed.extend_from_slice(part);
            true
        };
        let (status, _) = compress_to_output(packer, content, TDEFLFlush::Finish, sink);
        debug_assert_eq!(status, TDEFLStatus::Done);
        packed
    })
}

/// One layout's place on a page.
struct Canvas<'c, 'a> {
    content: &'c mut Content,
    fonts: &'c Fonts<'a>,
    own: &'c mut [Subset; 3],
    /// Millimetres from the page's left side to the layout's, and from the page's bottom up to the layout's top.
    x: f32,
    top: f32,
}

impl Canvas<'_, '_> {
    fn place(&self, x: f32, y: f32) -> (f32, f32) {
        (points(self.x + x), points(self.top - y))
    }

    fn ink(&mut self, ink: Ink) {
        self.content.set_fill_gray(if ink == Ink::White { 1.0 } else { 0.0 });
    }

    fn item(&mut self, item: &Item) {
        match item {
            Item::Fill(area, ink) => {
                self.ink(*ink);
                let (x, y) = self.place(area.x, area.bottom());
                self.content.rect(x, y, points(area.width), points(area.height)).fill_nonzero();
            }
            Item::Text(text) => self.text(text),
            Item::Bars { x, y, module, height, code } => {
                self.grid(*x, *y, *module, *height);
                for (start, width) in code.bars() {
                    self.content.rect(start as f32, 0.0, width as f32, 1.0);
                }
                self.content.fill_nonzero().restore_state();
            }
            Item::Square { x, y, module, code } => {
                self.grid(*x, *y, *module, *module);
                for (column, row, width) in code.runs() {
                    self.content.rect(column as f32, row as f32, width as f32, 1.0);
                }
                self.content.fill_nonzero().restore_state();
            }
        }
    }

    /// Makes a module the unit, counted from the top left corner to the right and down.
    fn grid(&mut self, x: f32, y: f32, width: f32, height: f32) {
        self.ink(Ink::Black);
        let (x, y) = self.place(x, y);
        self.content.save_state();
        self.content.transform([width / MM_PER_POINT, 0.0, 0.0, -height / MM_PER_POINT, x, y]);
    }

    fn text(&mut self, text: &Text) {
        self.ink(text.ink);
        let (x, y) = self.place(text.x, text.baseline);
        self.content.set_text_matrix([1.0, 0.0, 0.0, 1.0, x, y]);
        self.show(&text.text, text.style, round(text.points));
    }

    /// Shows text where the text matrix is, changing fonts as its characters need.
    fn show(&mut self, text: &str, style: Style, points: f32) {
        let mut codes = Vec::with_capacity(2 * text.len());
        let mut current = None;
        for c in text.chars() {
            let Some((font, glyph)) = self.glyph(c, style) else { continue };
            if current != Some(font) {
                self.flush(current, points, &mut codes);
                current = Some(font);
            }
            codes.extend(glyph.to_be_bytes());
        }
        self.flush(current, points, &mut codes);
    }

    fn flush(&mut self, font: Option<usize>, points: f32, codes: &mut Vec<u8>) {
        if let Some(font) = font.filter(|_| !codes.is_empty()) {
            self.content.set_font(Name(NAMES[font]), points).show(Str(codes));
        }
        codes.clear();
    }

    /// A character's font, as an index of [`NAMES`], and its glyph number there.
    fn glyph(&mut self, c: char, style: Style) -> Option<(usize, u16)> {
        if let Some(glyph) = latin(style).glyph(c) {
            return Some((usize::from(style == Style::Bold), glyph));
        }
        let glyph = self.fonts.glyph(c, style)?;
        let index = match style_of(glyph.source) {
            Some(Style::Regular) => 0,
            Some(Style::Bold) => 1,
            None => 2,
        };
        debug_assert_eq!(index == 2, glyph.source == Source::Fallback);
        Some((2 + index, self.own[index].add(glyph.id, c)))
    }

    fn watermark(&mut self, place: &layout::Rect) {
        let advance = self.fonts.width(WATERMARK, Style::Bold);
        let mark = Watermark::new(place, advance, CAPITAL);
        let (x, y) = self.place(mark.x, mark.y);
        self.content.set_fill_gray(WATERMARK_GRAY).begin_text();
        self.content.set_text_matrix([mark.cos, mark.sin, -mark.sin, mark.cos, x, y]);
        self.show(WATERMARK, Style::Bold, points(mark.em));
        self.content.end_text();
    }
}
