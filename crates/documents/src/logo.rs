//! A logo: a PNG or JPEG that somebody uploads, read before it is kept, so that browsers get what they are told they get.

use std::io::Cursor;

/// The largest file, in bytes.
pub const LARGEST_LOGO: usize = 256 * 1024;

/// The longest side, in pixels.
pub const LONGEST_SIDE: u32 = 2_000;

/// What kind of picture it is, and its width and height in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Picture {
    /// Portable Network Graphics.
    Png(u32, u32),
    /// JPEG.
    Jpeg(u32, u32),
}

/// Reads a picture that somebody uploaded. A PNG is decoded to its end; of a JPEG the frame and the end are looked at.
///
/// What cannot be a logo is told in words that go behind "it".
pub fn logo(bytes: &[u8]) -> Result<Picture, String> {
    if bytes.len() > LARGEST_LOGO {
        let text = format!("is {} bytes large, expected at most {LARGEST_LOGO}", bytes.len());
        return Err(text);
    }
    if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
        return png(bytes);
    }
    if bytes.starts_with(&[0xff, 0xd8, 0xff]) {
        return jpeg(bytes);
    }
    Err("is neither a PNG nor a JPEG, expected one of these".to_owned())
}

fn bounded(width: u32, height: u32) -> Result<(), String> {
    if (1..=LONGEST_SIDE).contains(&width) && (1..=LONGEST_SIDE).contains(&height) {
        return Ok(());
    }
    Err(format!("has {width} × {height} pixels, expected at most {LONGEST_SIDE} × {LONGEST_SIDE}"))
}

fn png(bytes: &[u8]) -> Result<Picture, String> {
    let broken = |error: png::DecodingError| format!("is a PNG that cannot be read: {error}");
    let mut reader = png::Decoder::new(Cursor::new(bytes)).read_info().map_err(broken)?;
    let (width, height) = (reader.info().width, reader.info().height);
    bounded(width, height)?;
    while reader.next_row().map_err(broken)?.is_some() {}
    Ok(Picture::Png(width, height))
}

/// Walks the segments up to the frame (ITU-T T.81, B.2), and looks for the end.
fn jpeg(bytes: &[u8]) -> Result<Picture, String> {
    let broken = || "is a JPEG that cannot be read".to_owned();
    let end = bytes.iter().rposition(|byte| *byte != 0).ok_or_else(broken)?;
    if bytes.get(end.saturating_sub(1)..=end) != Some(&[0xff, 0xd9]) {
        return Err("is a JPEG that breaks off".to_owned());
    }
    let mut rest = bytes.get(2..).ok_or_else(broken)?;
    loop {
        let [0xff, marker, after @ ..] = rest else { return Err(broken()) };
        if *marker == 0xff {
            rest = &rest[1..];
            continue;
        }
        let [high, low, ..] = after else { return Err(broken()) };
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        let segment = after.get(2..length).ok_or_else(broken)?;
        match marker {
            // Every start of a frame but the tables that share its range.
            0xc0..=0xcf if !matches!(marker, 0xc4 | 0xc8 | 0xcc) => {
                let [_, y1, y0, x1, x0, ..] = segment else { return Err(broken()) };
                let side = |high: u8, low: u8| u32::from(u16::from_be_bytes([high, low]));
                let (width, height) = (side(*x1, *x0), side(*y1, *y0));
                bounded(width, height)?;
                return Ok(Picture::Jpeg(width, height));
            }
            0xd8..=0xda => return Err(broken()),
            _ => rest = after.get(length..).ok_or_else(broken)?,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(width: u32, height: u32) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, width, height);
        encoder.set_color(png::ColorType::Grayscale);
        let mut writer = encoder.write_header().unwrap();
        writer.write_image_data(&vec![127; (width * height) as usize]).unwrap();
        writer.finish().unwrap();
        bytes
    }

    /// A start, one segment of an application, a frame of 320 × 200, and an end.
    const JPEG: &[u8] = &[
        0xff, 0xd8, 0xff, 0xe0, 0, 4, 1, 2, 0xff, 0xff, 0xc0, 0, 11, 8, 0, 200, 1, 64, 1, 1, 0x11, 0, 0xff, 0xda, 0, 2,
        9, 9, 0xff, 0xd9,
    ];

    #[test]
    fn a_png_and_a_jpeg_tell_their_size() {
        assert_eq!(logo(&sample(40, 30)), Ok(Picture::Png(40, 30)));
        assert_eq!(logo(JPEG), Ok(Picture::Jpeg(320, 200)));
    }

    #[test]
    fn what_breaks_off_or_is_too_large_is_refused() {
        let whole = sample(40, 30);
        assert!(logo(&whole[..whole.len() / 2]).unwrap_err().starts_with("is a PNG that cannot be read"));
        let sizes = "has 2001 × 1 pixels, expected at most 2000 × 2000";
        assert_eq!(logo(&sample(2_001, 1)), Err(sizes.to_owned()));
        for length in 3..JPEG.len() {
            assert!(logo(&JPEG[..length]).is_err(), "{length} bytes of it");
        }
        let large = [JPEG, &vec![0; LARGEST_LOGO]].concat();
        assert_eq!(logo(&large), Err("is 262174 bytes large, expected at most 262144".to_owned()));
    }

    #[test]
    fn other_pictures_are_refused() {
        for bytes in [&b"<svg xmlns='http://www.w3.org/2000/svg'/>"[..], b"GIF89a", b"", b"\xff\xd8"] {
            assert_eq!(logo(bytes), Err("is neither a PNG nor a JPEG, expected one of these".to_owned()));
        }
    }
}
