//! Fonts in a PDF: a subset of each built-in font for Latin text, made once a process, and small subsets of what else a
//! document needs.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use miniz_oxide::deflate::compress_to_vec_zlib;
use pdf_writer::types::{CidFontType, FontFlags, SystemInfo, UnicodeCmap};
use pdf_writer::{Chunk, Filter, Finish, Name, Rect, Ref, Settings, Str};
use subsetter::GlyphRemapper;
use ttf_parser::{Face, RawFace, Tag};

use crate::DrawError;
use crate::font::{Source, Style, built_in};

/// Objects a font takes, the first being the one pages refer to.
pub(super) const OBJECTS: i32 = 5;

/// Below this the cached subsets hold every character (ASCII, Latin-1, Latin Extended-A).
const LATIN_END: u32 = 0x180;

/// What the cached subsets hold beyond that: Romanian commas, capital sharp s, dashes, quotation marks, bullet,
/// ellipsis, euro and numero.
const MORE: &str = "ȘșȚțẞ–—‘’‚“”„•…€№";

/// Page contents never break lines here.
pub(super) const SETTINGS: Settings = Settings { pretty: false };

const SYSTEM: SystemInfo<'static> = SystemInfo { registry: Str(b"Adobe"), ordering: Str(b"Identity"), supplement: 0 };

/// A built-in font's Latin subset as finished objects.
pub(super) struct Latin {
    /// Glyph numbers in the subset, by character; 0 is none.
    quick: Vec<u16>,
    more: Vec<(char, u16)>,
    /// Its objects, numbered from [`first_object`].
    pub(super) objects: Chunk,
}

impl Latin {
    /// The glyph number of a character in the subset.
    pub(super) fn glyph(&self, c: char) -> Option<u16> {
        match self.quick.get(c as usize) {
            Some(0) => None,
            Some(known) => Some(*known),
            None => self.more.iter().find(|(one, _)| *one == c).map(|(_, glyph)| *glyph),
        }
    }

    fn new(style: Style) -> Self {
        let font = built_in(style);
        let mut subset = Subset::default();
        let mut quick = vec![0; LATIN_END as usize];
        let mut more = Vec::new();
        for c in (0x20..LATIN_END).filter_map(char::from_u32).filter(|c| !c.is_control()).chain(MORE.chars()) {
            let Some(id) = font.face.glyph_index(c) else { continue };
            let glyph = subset.add(id.0, c);
            match quick.get_mut(c as usize) {
                Some(place) => *place = glyph,
                None => more.push((c, glyph)),
            }
        }
        let mut objects = Chunk::with_settings(SETTINGS);
        let name = match style {
            Style::Regular => "WAYBIL+DejaVuSansCondensed",
            Style::Bold => "WAYBIM+DejaVuSansCondensed-Bold",
        };
        subset
            .write(&mut objects, first_object(style), font.bytes, name, 9)
            .expect("the built-in font is part of the program and can be subset");
        Self { quick, more, objects }
    }
}

/// The object number of a cached subset; the numbers below 3 are the document's own.
pub(super) fn first_object(style: Style) -> Ref {
    Ref::new(match style {
        Style::Regular => 4,
        Style::Bold => 4 + OBJECTS,
    })
}

/// The cached Latin subset of a style.
pub(super) fn latin(style: Style) -> &'static Latin {
    static REGULAR: OnceLock<Latin> = OnceLock::new();
    static BOLD: OnceLock<Latin> = OnceLock::new();
    match style {
        Style::Regular => REGULAR.get_or_init(|| Latin::new(style)),
        Style::Bold => BOLD.get_or_init(|| Latin::new(style)),
    }
}

/// Glyphs of one font file that a document uses.
#[derive(Default)]
pub(super) struct Subset {
    glyphs: GlyphRemapper,
    characters: BTreeMap<u16, char>,
}

impl Subset {
    /// Takes a glyph up and returns its number in the subset. A glyph that stands for two characters reads back as the
    /// first.
    pub(super) fn add(&mut self, id: u16, c: char) -> u16 {
        let glyph = self.glyphs.remap(id);
        self.characters.entry(glyph).or_insert(c);
        glyph
    }

    /// Writes the font as [`OBJECTS`] objects: font, CID font, descriptor, file, way back to text. `compression` is 0
    /// to 9.
    pub(super) fn write(
        &self,
        chunk: &mut Chunk,
        first: Ref,
        bytes: &[u8],
        name: &str,
        compression: u8,
    ) -> Result<(), DrawError> {
        let refused = |reason: String| DrawError::Font { font: name.to_owned(), reason };
        let face = Face::parse(bytes, 0).map_err(|error| refused(error.to_string()))?;
        let file = subsetter::subset(bytes, 0, &self.glyphs).map_err(|error| refused(error.to_string()))?;
        let cff = RawFace::parse(&file, 0).ok().and_then(|raw| raw.table(Tag::from_bytes(b"CFF ")));
        let (kind, data) = match cff {
            Some(table) => (CidFontType::Type0, table.to_vec()),
            None => (CidFontType::Type2, without_names(&file)),
        };
        let object = |offset| Ref::new(first.get() + offset);
        let [cid, descriptor, stream, unicode] = [1, 2, 3, 4].map(object);

        chunk
            .type0_font(first)
            .base_font(Name(name.as_bytes()))
            .encoding_predefined(Name(b"Identity-H"))
            .descendant_font(cid)
            .to_unicode(unicode);

        let em = f32::from(face.units_per_em());
        let thousandths = |units: f32| (units * 1000.0 / em).round();
        let mut font = chunk.cid_font(cid);
        font.subtype(kind).base_font(Name(name.as_bytes())).system_info(SYSTEM).font_descriptor(descriptor);
        font.default_width(0.0);
        let advances = self
            .glyphs
            .remapped_gids()
            .map(|old| face.glyph_hor_advance(ttf_parser::GlyphId(old)).unwrap_or_default())
            .map(|units| thousandths(f32::from(units)));
        font.widths().consecutive(0, advances);
        if matches!(kind, CidFontType::Type2) {
            font.cid_to_gid_map_predefined(Name(b"Identity"));
        }
        font.finish();

        let bounds = face.global_bounding_box();
        let [x_min, y_min, x_max, y_max] =
            [bounds.x_min, bounds.y_min, bounds.x_max, bounds.y_max].map(|units| thousandths(f32::from(units)));
        let capital = face.capital_height().unwrap_or_else(|| face.ascender());
        let mut described = chunk.font_descriptor(descriptor);
        described
            .name(Name(name.as_bytes()))
            .flags(FontFlags::SYMBOLIC)
            .bbox(Rect::new(x_min, y_min, x_max, y_max))
            .italic_angle(0.0)
            .ascent(thousandths(f32::from(face.ascender())))
            .descent(thousandths(f32::from(face.descender())))
            .cap_height(thousandths(f32::from(capital)))
            .stem_v(if face.is_bold() { 160.0 } else { 80.0 });
        match kind {
            CidFontType::Type0 => described.font_file3(stream),
            CidFontType::Type2 => described.font_file2(stream),
        };
        described.finish();

        let packed = compress_to_vec_zlib(&data, compression);
        let mut written = chunk.stream(stream, &packed);
        written.filter(Filter::FlateDecode);
        match kind {
            CidFontType::Type0 => written.pair(Name(b"Subtype"), Name(b"CIDFontType0C")),
            CidFontType::Type2 => written.pair(Name(b"Length1"), data.len() as i32),
        };
        written.finish();

        let mut map = UnicodeCmap::<u16>::new(Name(b"Waybill"), SYSTEM);
        for (&glyph, &c) in &self.characters {
            map.pair(glyph, c);
        }
        let packed = compress_to_vec_zlib(&map.finish(), compression);
        chunk.stream(unicode, &packed).filter(Filter::FlateDecode);
        Ok(())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.characters.is_empty()
    }
}

/// Tables of a TrueType font that PDF asks for: ISO 32000-1, section 9.9.
const TABLES: [&[u8; 4]; 9] = [b"cvt ", b"fpgm", b"glyf", b"head", b"hhea", b"hmtx", b"loca", b"maxp", b"prep"];

/// The font file with no more than [`TABLES`]: glyph names and licence texts make up a third of a small subset.
fn without_names(file: &[u8]) -> Vec<u8> {
    const HEADER: usize = 12;
    const RECORD: usize = 16;
    let Ok(raw) = RawFace::parse(file, 0) else { return file.to_vec() };
    let kept: Vec<_> =
        raw.table_records.into_iter().filter(|record| TABLES.contains(&&record.tag.to_bytes())).collect();
    let count = kept.len() as u16;
    let selector = count.max(1).ilog2() as u16;
    let range = 16 << selector;
    let mut directory = Vec::with_capacity(HEADER + RECORD * kept.len());
    directory.extend_from_slice(&[0, 1, 0, 0]);
    for word in [count, range, selector, count * 16 - range] {
        directory.extend_from_slice(&word.to_be_bytes());
    }
    let mut tables = Vec::with_capacity(file.len());
    for record in kept {
        let Some(table) = raw.table(record.tag) else { continue };
        let offset = HEADER + RECORD * usize::from(count) + tables.len();
        directory.extend_from_slice(&record.tag.to_bytes());
        for word in [record.check_sum, offset as u32, table.len() as u32] {
            directory.extend_from_slice(&word.to_be_bytes());
        }
        tables.extend_from_slice(table);
        tables.resize(tables.len().next_multiple_of(4), 0);
    }
    directory.extend_from_slice(&tables);
    directory
}

/// The style whose built-in font a glyph is from.
pub(super) fn style_of(source: Source) -> Option<Style> {
    match source {
        Source::Regular => Some(Style::Regular),
        Source::Bold => Some(Style::Bold),
        Source::Fallback => None,
    }
}
