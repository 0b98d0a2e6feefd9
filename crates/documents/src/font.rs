//! Fonts: the two built in, and one that settings may name for characters those lack.
//!
//! Only scripts that need no shaping are drawn (no joining, reordering or right-to-left); others are left to
//! `translit`.

use std::sync::OnceLock;

use ttf_parser::{Face, GlyphId, OutlineBuilder, Permissions};

const REGULAR: &[u8] = include_bytes!("../fonts/DejaVuSansCondensed.ttf");
const BOLD: &[u8] = include_bytes!("../fonts/DejaVuSansCondensed-Bold.ttf");

/// Characters below this are looked up in a table: ASCII, Latin-1 and Latin Extended-A.
const QUICK: usize = 0x180;

/// Height of a capital letter of the built-in fonts, in ems.
pub(crate) const CAPITAL: f32 = 0.729;

/// The look of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    Regular,
    Bold,
}

/// The font file a glyph comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    Regular,
    Bold,
    Fallback,
}

/// One glyph of one font file; the advance is in ems.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Glyph {
    pub(crate) source: Source,
    pub(crate) id: u16,
    pub(crate) advance: f32,
}

/// A built-in font, parsed once.
pub(crate) struct BuiltIn {
    pub(crate) face: Face<'static>,
    pub(crate) bytes: &'static [u8],
    source: Source,
    quick: Vec<Option<Glyph>>,
}

impl BuiltIn {
    fn new(bytes: &'static [u8], source: Source) -> Self {
        let face = Face::parse(bytes, 0).expect("the built-in font is part of the program and parses");
        let mut font = Self { face, bytes, source, quick: Vec::new() };
        font.quick = (0..QUICK as u32).map(|code| char::from_u32(code).and_then(|c| font.look_up(c))).collect();
        font
    }

    fn look_up(&self, c: char) -> Option<Glyph> {
        glyph(&self.face, self.source, c)
    }

    fn glyph(&self, c: char) -> Option<Glyph> {
        match self.quick.get(c as usize) {
            Some(known) => *known,
            None => self.look_up(c),
        }
    }
}

fn glyph(face: &Face<'_>, source: Source, c: char) -> Option<Glyph> {
    let id = face.glyph_index(c).filter(|id| id.0 != 0)?;
    let advance = f32::from(face.glyph_hor_advance(id)?) / f32::from(face.units_per_em());
    Some(Glyph { source, id: id.0, advance })
}

/// The built-in font of a style.
pub(crate) fn built_in(style: Style) -> &'static BuiltIn {
    static FONTS: OnceLock<[BuiltIn; 2]> = OnceLock::new();
    let [regular, bold] =
        FONTS.get_or_init(|| [BuiltIn::new(REGULAR, Source::Regular), BuiltIn::new(BOLD, Source::Bold)]);
    match style {
        Style::Regular => regular,
        Style::Bold => bold,
    }
}

/// Why a font file cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FontError {
    /// Not a font.
    #[error("the file is no TrueType or OpenType font")]
    Unreadable,
    /// No outlines: a font of pictures only.
    #[error("the font has no outlines that can be embedded (neither a glyf nor a CFF table)")]
    NoOutlines,
    /// Its maker forbids embedding.
    #[error("the font's licence bits forbid embedding it in documents")]
    Restricted,
}

/// A font from settings, used for characters that the built-in one lacks. TrueType or OpenType with CFF outlines; of a
/// collection (`.ttc`) the first font.
#[derive(Clone)]
pub struct FallbackFont {
    bytes: Vec<u8>,
    name: String,
}

impl FallbackFont {
    /// Checks a font file.
    ///
    /// # Errors
    /// See [`FontError`].
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Self, FontError> {
        let face = Face::parse(&bytes, 0).map_err(|_| FontError::Unreadable)?;
        if face.tables().glyf.is_none() && face.tables().cff.is_none() {
            return Err(FontError::NoOutlines);
        }
        if face.permissions() == Some(Permissions::Restricted) || !face.is_subsetting_allowed() {
            return Err(FontError::Restricted);
        }
        let mut postscript =
            face.names().into_iter().filter(|name| name.name_id == ttf_parser::name_id::POST_SCRIPT_NAME);
        let name: String = postscript.find_map(|name| name.to_string()).unwrap_or_default();
        let name: String = name.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
        let name = if name.is_empty() { "Fallback".to_owned() } else { name };
        Ok(Self { bytes, name })
    }

    /// The font's PostScript name, `Fallback` when it has none.
    pub fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

impl std::fmt::Debug for FallbackFont {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "FallbackFont({}, {} bytes)", self.name, self.bytes.len())
    }
}

/// The fonts of one drawing.
pub(crate) struct Fonts<'a> {
    fallback: Option<(Face<'a>, &'a FallbackFont)>,
}

impl<'a> Fonts<'a> {
    pub(crate) fn new(fallback: Option<&'a FallbackFont>) -> Self {
        let fallback = fallback.and_then(|font| Some((Face::parse(&font.bytes, 0).ok()?, font)));
        Self { fallback }
    }

    /// The glyph of a character: of the asked style, else of the regular font, else of the fallback font.
    pub(crate) fn glyph(&self, c: char, style: Style) -> Option<Glyph> {
        let quick = built_in(style).glyph(c);
        if quick.is_some() && (c as usize) < QUICK {
            return quick;
        }
        if needs_shaping(c) {
            return None;
        }
        quick
            .or_else(|| built_in(Style::Regular).glyph(c))
            .or_else(|| self.fallback.as_ref().and_then(|(face, _)| glyph(face, Source::Fallback, c)))
    }

    /// Width in ems.
    pub(crate) fn width(&self, text: &str, style: Style) -> f32 {
        text.chars().filter_map(|c| self.glyph(c, style)).map(|glyph| glyph.advance).sum()
    }

    /// The face a glyph comes from.
    pub(crate) fn face(&self, source: Source) -> &Face<'a> {
        match (source, &self.fallback) {
            (Source::Regular, _) | (Source::Fallback, None) => &built_in(Style::Regular).face,
            (Source::Bold, _) => &built_in(Style::Bold).face,
            (Source::Fallback, Some((face, _))) => face,
        }
    }

    /// The fallback font, if there is one.
    pub(crate) fn fallback(&self) -> Option<&'a FallbackFont> {
        self.fallback.as_ref().map(|(_, font)| *font)
    }

    /// Hands the outline of a glyph, in font units, to a builder.
    pub(crate) fn outline(&self, glyph: Glyph, builder: &mut dyn OutlineBuilder) {
        self.face(glyph.source).outline_glyph(GlyphId(glyph.id), builder);
    }
}

/// Whether a character belongs to a script that joins, reorders or runs from right to left, which drawing glyph by
/// glyph would spoil. Ranges from the Unicode block list.
pub(crate) fn needs_shaping(c: char) -> bool {
    matches!(u32::from(c),
        0x0590..=0x08FF     // Hebrew, Arabic, Syriac, Thaana, NKo, Samaritan, Mandaic
        | 0x0900..=0x109F   // Indic scripts, Thai, Lao, Tibetan, Myanmar
        | 0x1780..=0x18AF   // Khmer, Mongolian
        | 0x1900..=0x1AFF   // Limbu, Tai scripts, Buginese
        | 0x1B00..=0x1CFF   // Balinese to Vedic signs
        | 0xA800..=0xA8FF | 0xA900..=0xAAFF | 0xABC0..=0xABFF
        | 0xFB1D..=0xFDFF | 0xFE70..=0xFEFE // presentation forms of Hebrew and Arabic
        | 0x1_0800..=0x1_1FFF | 0x1_E800..=0x1_EFFF)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_fonts_have_latin_greek_and_cyrillic() {
        let fonts = Fonts::new(None);
        for c in "AzÄßŁłŐőȘțΑωάЖяїҐ€–…№".chars() {
            for style in [Style::Regular, Style::Bold] {
                assert!(fonts.glyph(c, style).is_some(), "{c} in {style:?}");
            }
        }
        assert!(fonts.glyph('王', Style::Regular).is_none());
        assert!(fonts.glyph('ש', Style::Regular).is_none(), "the font has it, but it runs from right to left");
    }

    #[test]
    fn a_file_that_is_no_font_is_refused() {
        assert_eq!(FallbackFont::from_bytes(b"no font".to_vec()).map(|_| ()), Err(FontError::Unreadable));
        assert_eq!(
            FallbackFont::from_bytes(REGULAR.to_vec()).map(|font| font.name),
            Ok("DejaVuSansCondensed".to_owned())
        );
    }
}
