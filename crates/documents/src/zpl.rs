//! ZPL: a layout in the language of Zebra's label printers, 203, 300 or 600 dpi.
//!
//! Source: Zebra, ZPL II Programming Guide (P1099958). Latin text is written in the printer's font 0; other text, and
//! codes whose data a printer might recode, are sent as pictures.

use std::fmt::Write;
use std::sync::OnceLock;

use domain::document::Dpi;

use crate::barcode::{Code128, Set, Square, values};
use crate::font::{Fonts, Style};
use crate::layout::{Across, Ink, Item, Layout, MM_PER_POINT, Rect, Text};
use crate::raster::{Bitmap, dots, picture, watermark};

/// The most dots `^BY` and `^BQ` make of a module.
const MOST_DOTS: i32 = 10;

/// The most bytes a `^GF` holds; printers cut what goes beyond.
const MOST_BYTES: usize = 99_999;

/// What font 0's hyphen may be wider than ours, in ems.
const HYPHEN: f32 = 0.4;

/// Writes a layout as one `^XA … ^XZ`.
pub(crate) fn write(layout: &Layout, dpi: Dpi, fonts: &Fonts<'_>, out: &mut String) {
    let scale = dpi.dots_per_mm() as f32;
    let at = |millimetres: f32| (millimetres * scale).round() as i32;
    out.reserve(4096);
    command(out, format_args!("^XA^CI28^PW{}^LL{}^LH0,0\n", at(layout.width), at(layout.height)));
    if let Some(place) = &layout.watermark {
        out.push_str(test_mark(layout, place, dpi, fonts));
    }
    for item in &layout.items {
        match item {
            Item::Fill(area, ink) => {
                // Only the watermark can lie under a white box.
                if *ink == Ink::Black || layout.watermark.is_some() {
                    let (x, y, width, height) = dots(area, scale);
                    let (thickness, colour) = (width.min(height), if *ink == Ink::Black { 'B' } else { 'W' });
                    command(out, format_args!("^FO{x},{y}^GB{width},{height},{thickness},{colour}^FS\n"));
                }
            }
            Item::Text(text) => write_text(text, scale, fonts, out),
            Item::Bars { x, y, module, height, code } => {
                let (module, height) = (at(*module), at(y + height) - at(*y));
                write_bars(code, at(*x), at(*y), module, height, out);
            }
            Item::Square { x, y, module, code } => write_square(code, at(*x), at(*y), at(*module), out),
        }
    }
    out.push_str("^XZ\n");
}

/// Writes a label that is all dots as one `^XA … ^XZ`.
pub(crate) fn write_dots(bitmap: &Bitmap, out: &mut String) {
    command(out, format_args!("^XA^PW{}^LL{}^LH0,0\n", bitmap.width, bitmap.height));
    graphic(bitmap, 0, 0, "", out);
    out.push_str("^XZ\n");
}

/// Writing to a string cannot fail.
fn command(out: &mut String, arguments: std::fmt::Arguments<'_>) {
    let written = out.write_fmt(arguments);
    debug_assert!(written.is_ok());
}

/// Whether font 0 prints the text: ASCII, Latin-1 and Latin Extended-A. A backslash means something in `^FB`.
fn is_in_font_0(text: &str) -> bool {
    text.chars().all(|c| c != '\\' && matches!(u32::from(c), 0x20..0x7F | 0xA1..0x180))
}

fn write_text(text: &Text, scale: f32, fonts: &Fonts<'_>, out: &mut String) {
    let (x, y) = ((text.x * scale).round() as i32, (text.baseline * scale).round() as i32);
    let reverse = if text.ink == Ink::White { "^FR" } else { "" };
    if !is_in_font_0(&text.text) {
        let (bitmap, left, top) = picture(text, scale, fonts);
        graphic(&bitmap, (x + left).max(0), (y + top).max(0), reverse, out);
        return;
    }
    // Font 0 (CG Triumvirate Bold Condensed) is narrower than our bold type at the same height and width, but for its
    // long hyphen; taken for as wide, the text stays inside its box on every printer.
    let height = text.points * MM_PER_POINT * scale;
    let hyphens = text.text.matches('-').count() as f32 * HYPHEN;
    let at_most = (fonts.width(&text.text, Style::Bold) + hyphens) * height;
    let room = text.room.1 * scale;
    let width = height * (room / at_most.max(1.0)).min(1.0);
    let (height, width) = (height.round() as i32, (width.floor() as i32).max(1));
    let (left, room) = ((text.room.0 * scale).round() as i32, room.floor() as i32);
    match text.across {
        Across::Left => command(out, format_args!("^FT{left},{y}^A0N,{height},{width}{reverse}^FH^FD")),
        Across::Centre => {
            command(out, format_args!("^FT{left},{y}^A0N,{height},{width}^FB{room},1,0,C{reverse}^FH^FD"));
        }
        Across::Right => {
            command(out, format_args!("^FT{left},{y}^A0N,{height},{width}^FB{room},1,0,R{reverse}^FH^FD"));
        }
    }
    escaped(&text.text, out);
    out.push_str("^FS\n");
}

/// Field data under `^FH`: what ZPL would take for a command, and what is not ASCII, as `_` and two hex digits a byte.
fn escaped(text: &str, out: &mut String) {
    for byte in text.bytes() {
        match byte {
            b'^' | b'~' | b'_' | 0x80.. => command(out, format_args!("_{byte:02X}")),
            _ => out.push(char::from(byte)),
        }
    }
}

fn write_bars(code: &Code128, x: i32, y: i32, module: i32, height: i32, out: &mut String) {
    if module <= MOST_DOTS {
        command(out, format_args!("^FO{x},{y}^BY{module},3,{height}^BCN,{height},N,N,N,N^FD"));
        field_data(code, out);
        out.push_str("^FS\n");
        return;
    }
    for (start, width) in code.bars() {
        let (x, width) = (x + start as i32 * module, width as i32 * module);
        let thickness = width.min(height);
        command(out, format_args!("^FO{x},{y}^GB{width},{height},{thickness}^FS\n"));
    }
}

/// A Code 128 as field data of `^BC` without a mode: `>` and a character choose the code set and FNC1.
fn field_data(code: &Code128, out: &mut String) {
    let mut set = Set::B;
    for (place, &value) in code.values().iter().enumerate() {
        let invocation = match (set, value) {
            (_, values::START_A) if place == 0 => Some((Set::A, ">9")),
            (_, values::START_B) if place == 0 => Some((Set::B, ">:")),
            (_, values::START_C) if place == 0 => Some((Set::C, ">;")),
            (Set::A | Set::B, values::TO_C) => Some((Set::C, ">5")),
            (Set::A | Set::C, values::TO_B) => Some((Set::B, ">6")),
            (Set::B | Set::C, values::TO_A) => Some((Set::A, ">7")),
            (_, values::FNC1) => Some((set, ">8")),
            (Set::A | Set::B, values::SHIFT) => Some((set, ">4")),
            _ => None,
        };
        match (invocation, set) {
            (Some((next, text)), _) => {
                set = next;
                out.push_str(text);
            }
            (None, Set::B) => match value + b' ' {
                b'>' => out.push_str(">0"),
                b'^' => out.push_str("><"),
                b'~' => out.push_str(">="),
                byte => out.push(char::from(byte)),
            },
            (None, Set::A | Set::C) => command(out, format_args!("{value:02}")),
        }
    }
}

fn write_square(code: &Square, x: i32, y: i32, module: i32, out: &mut String) {
    let is_plain = code.text().bytes().all(|byte| (b' '..=b'~').contains(&byte));
    match code {
        // Printers place a QR code lower than its origin by the bar height that `^BY` set last: here one dot.
        Square::Qr { text, .. } if is_plain && module <= MOST_DOTS => {
            let y = y - 1;
            command(out, format_args!("^FO{x},{y}^BY2,3,1^BQN,2,{module}^FH^FDMA,"));
            escaped(text, out);
            out.push_str("^FS\n");
        }
        Square::DataMatrix { text, .. } if is_plain => {
            command(out, format_args!("^FO{x},{y}^BXN,{module},200^FH^FD"));
            escaped(text, out);
            out.push_str("^FS\n");
        }
        _ => {
            let side = code.side() * module.unsigned_abs() as usize;
            let mut bitmap = Bitmap::new(side, side);
            for (column, row, width) in code.runs() {
                let place = (column as i32 * module, row as i32 * module);
                bitmap.fill(place.0, place.1, width as i32 * module, module, true);
            }
            graphic(&bitmap, x, y, "", out);
        }
    }
}

/// The watermark, which is the same on every test label of a resolution.
fn test_mark(layout: &Layout, place: &Rect, dpi: Dpi, fonts: &Fonts<'_>) -> &'static str {
    static MARKS: [OnceLock<String>; 3] = [const { OnceLock::new() }; 3];
    let index = match dpi {
        Dpi::D203 => 0,
        Dpi::D300 => 1,
        Dpi::D600 => 2,
    };
    MARKS[index].get_or_init(|| {
        let mut text = String::new();
        graphic(&watermark(layout, place, dpi.dots_per_mm() as f32, fonts), 0, 0, "", &mut text);
        text
    })
}

/// `^GFA` in hexadecimal with Zebra's compression: `G`–`Y` and `g`–`z` repeat the next digit, `,` fills the row with
/// zeros, `:` repeats the row above. A large picture comes in bands, its white ones left out.
fn graphic(bitmap: &Bitmap, x: i32, y: i32, reverse: &str, out: &mut String) {
    let stride = bitmap.stride.max(1);
    let rows = (MOST_BYTES / stride).max(1);
    for (number, band) in bitmap.bits.chunks(rows * stride).enumerate() {
        if band.iter().all(|byte| *byte == 0) {
            continue;
        }
        let (y, total) = (y + (number * rows) as i32, band.len());
        command(out, format_args!("^FO{x},{y}{reverse}^GFA,{total},{total},{stride},"));
        let mut above: &[u8] = &[];
        for row in band.chunks_exact(stride) {
            if row == above {
                out.push(':');
            } else {
                compress_row(row, out);
            }
            above = row;
        }
        out.push_str("^FS\n");
    }
}

fn compress_row(row: &[u8], out: &mut String) {
    let digits = |index: usize| (row[index / 2] >> if index.is_multiple_of(2) { 4 } else { 0 }) & 0xF;
    let length = row.len() * 2;
    let end = (0..length).rev().find(|&index| digits(index) != 0).map_or(0, |last| last + 1);
    let mut index = 0;
    while index < end {
        let digit = digits(index);
        let mut count = (index..end).take_while(|&other| digits(other) == digit).count();
        index += count;
        while count > 0 {
            let part = count.min(400);
            count -= part;
            if part >= 20 {
                out.push(char::from(b'f' + (part / 20) as u8));
            }
            if part % 20 > 0 && part > 1 {
                out.push(char::from(b'F' + (part % 20) as u8));
            }
            out.push(char::from(b"0123456789ABCDEF"[usize::from(digit)]));
        }
    }
    if end < length {
        out.push(',');
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Reads field data of `^BC` as a printer does.
    fn expand(field: &str) -> Vec<u8> {
        let (mut data, mut set, mut rest) = (Vec::new(), 'B', field.bytes());
        while let Some(byte) = rest.next() {
            match (byte, set) {
                (b'>', _) => match rest.next() {
                    Some(b';' | b'5') => set = 'C',
                    Some(b':' | b'6') => set = 'B',
                    Some(b'8') => data.push(0xF1),
                    Some(b'0') => data.push(b'>'),
                    Some(b'<') => data.push(b'^'),
                    Some(b'=') => data.push(b'~'),
                    other => panic!("> and {other:?} in {field}"),
                },
                (tens, 'C') => data.extend([tens, rest.next().expect("digits come in pairs")]),
                (byte, _) => data.push(byte),
            }
        }
        data
    }

    fn field(code: &Code128) -> String {
        let mut out = String::new();
        field_data(code, &mut out);
        out
    }

    /// Reads what [`graphic`] writes.
    fn unpack(field: &str, stride: usize) -> Vec<u8> {
        let data = field.split_once("^GFA,").unwrap().1.splitn(4, ',').nth(3).unwrap();
        let (mut digits, mut row, mut count) = (String::new(), String::new(), 0);
        for c in data.chars() {
            match c {
                ':' => {
                    let above = digits[digits.len() - 2 * stride..].to_owned();
                    digits.push_str(&above);
                }
                ',' => row.push_str(&"0".repeat(2 * stride - row.len())),
                'G'..='Y' => count += c as usize - 'F' as usize,
                'g'..='z' => count += (c as usize - 'f' as usize) * 20,
                digit => {
                    row.push_str(&digit.to_string().repeat(count.max(1)));
                    count = 0;
                }
            }
            if row.len() == 2 * stride {
                digits.push_str(&std::mem::take(&mut row));
            }
        }
        (0..digits.len() / 2).map(|byte| u8::from_str_radix(&digits[2 * byte..2 * byte + 2], 16).unwrap()).collect()
    }

    #[test]
    fn an_sscc_is_gs1_128_in_code_set_c() {
        assert_eq!(field(&Code128::sscc("340123450000000018").unwrap()), ">;>800340123450000000018");
    }

    #[test]
    fn what_zpl_would_take_for_a_command_is_escaped() {
        let mut out = String::new();
        escaped("Łódź ^_~ 1", &mut out);
        assert_eq!(out, "_C5_81_C3_B3d_C5_BA _5E_5F_7E 1");
    }

    proptest! {
        #[test]
        fn barcode_data_expands_to_what_was_asked(text in "[ -~]{1,40}", digits in "[0-9]{1,30}") {
            for text in [text.clone(), digits.clone(), format!("{text}{digits}{text}")] {
                prop_assert_eq!(expand(&field(&Code128::new(text.as_bytes()).unwrap())), text.as_bytes());
            }
        }

        #[test]
        fn pictures_unpack_to_what_was_drawn(
            width in 1_usize..9000,
            boxes in prop::collection::vec((0_i32..9000, 0_i32..300, 1_i32..9000, 1_i32..90), 0..6),
        ) {
            let mut bitmap = Bitmap::new(width, 300);
            for (x, y, width, height) in boxes {
                bitmap.fill(x, y, width, height, true);
            }
            let mut out = String::new();
            graphic(&bitmap, 0, 7, "", &mut out);
            let mut bits = vec![0; bitmap.bits.len()];
            for field in out.split_inclusive("^FS\n") {
                let band = unpack(field.strip_suffix("^FS\n").unwrap(), bitmap.stride);
                prop_assert!(band.len() <= MOST_BYTES);
                let row: usize = field.strip_prefix("^FO0,").unwrap().split_once('^').unwrap().0.parse().unwrap();
                let from = (row - 7) * bitmap.stride;
                bits[from..from + band.len()].copy_from_slice(&band);
            }
            prop_assert_eq!(bits, bitmap.bits);
        }
    }
}
