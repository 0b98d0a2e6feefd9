//! Transliteration: what a text becomes before it is drawn, so that every character of it has a glyph.

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization;

use crate::font::{Fonts, Style};

/// The text as it will be drawn: composed (NFC), white space made single spaces, invisible characters removed, and
/// characters without a glyph replaced by Latin letters, with a warning that names field, text and characters.
pub(crate) fn drawable(field: &str, text: &str, fonts: &Fonts<'_>, warnings: &mut Vec<String>) -> String {
    if is_plain(text) {
        return text.to_owned();
    }
    let mut drawn = String::with_capacity(text.len());
    let mut missing = Vec::new();
    // Nothing below the combining marks can be composed any further.
    let composed = if text.chars().all(|c| c < '\u{300}') { Cow::Borrowed(text) } else { text.nfc().collect() };
    for c in composed.chars() {
        if c.is_whitespace() {
            drawn.push(' ');
        } else if is_invisible(c) {
        } else if fonts.glyph(c, Style::Bold).is_some() {
            drawn.push(c);
        } else {
            if !missing.contains(&c) {
                missing.push(c);
            }
            drawn.push_str(deunicode::deunicode_char(c).unwrap_or("?"));
        }
    }
    let drawn = collapse(&drawn);
    if !missing.is_empty() {
        let shown: Vec<_> = missing.iter().take(12).map(|c| format!("{c} (U+{:04X})", u32::from(*c))).collect();
        let more = if missing.len() > 12 { " and others" } else { "" };
        warnings.push(format!(
            "{field}: \"{}\" is printed as \"{drawn}\", because the fonts lack {}{more}",
            collapse(text),
            shown.join(", ")
        ));
    }
    drawn
}

/// Printable ASCII without spaces to tidy: the quick way out.
fn is_plain(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.iter().all(|byte| (b' '..=b'~').contains(byte))
        && !bytes.starts_with(b" ")
        && !bytes.ends_with(b" ")
        && !bytes.windows(2).any(|pair| pair == b"  ")
}

fn collapse(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Control characters, and those that only steer layout: soft hyphen, joiners, direction marks, variation selectors,
/// tags.
fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(u32::from(c),
            0x00AD | 0x034F | 0x061C | 0x115F | 0x1160 | 0x17B4 | 0x17B5 | 0x180B..=0x180F | 0x200B..=0x200F
            | 0x202A..=0x202E | 0x2060..=0x206F | 0x3164 | 0xFE00..=0xFE0F | 0xFEFF | 0xFFA0 | 0xFFF0..=0xFFFB
            | 0x1_BCA0..=0x1_BCA3 | 0x1_D173..=0x1_D17A | 0xE_0000..=0xE_0FFF)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(text: &str) -> (String, Vec<String>) {
        let mut warnings = Vec::new();
        let text = drawable("recipient name", text, &Fonts::new(None), &mut warnings);
        (text, warnings)
    }

    #[test]
    fn european_names_stay_as_they_are() {
        for name in ["Zażółć Gęślą", "Jürgen Groß", "Ελένη Παπαδοπούλου", "Щука Їжакевич", "Nguyễn Văn Đức"]
        {
            assert_eq!(drawn(name), (name.to_owned(), vec![]));
        }
        assert_eq!(drawn("Zaz\u{307}o\u{301}łc\u{301}").0, "Zażółć", "composed");
    }

    #[test]
    fn a_foreign_script_is_transliterated_and_said_so() {
        let (text, warnings) = drawn("王小明");
        assert_eq!(text, "Wang Xiao Ming");
        assert_eq!(
            warnings,
            ["recipient name: \"王小明\" is printed as \"Wang Xiao Ming\", because the fonts lack 王 (U+738B), \
              小 (U+5C0F), 明 (U+660E)"]
        );
    }

    #[test]
    fn what_cannot_be_seen_is_removed() {
        assert_eq!(drawn(" A\u{200b}n\u{ad}na\t\u{7}  B\u{a0}C\r\n"), ("Anna B C".to_owned(), vec![]));
    }
}
