//! Square codes: QR (ISO/IEC 18004) and DataMatrix ECC 200 (ISO/IEC 16022).

use datamatrix::{DataMatrix, SymbolList};
use domain::document::Matrix;
use qrcode::canvas::{Canvas, MaskPattern};
use qrcode::types::QrError;
use qrcode::{Color, EcLevel, Version};

use crate::DrawError;

/// Error correction of QR codes: M restores 15 % of the code words.
const LEVEL: EcLevel = EcLevel::M;

const MASKS: [MaskPattern; 8] = [
    MaskPattern::Checkerboard,
    MaskPattern::HorizontalLines,
    MaskPattern::VerticalLines,
    MaskPattern::DiagonalLines,
    MaskPattern::LargeCheckerboard,
    MaskPattern::Fields,
    MaskPattern::Diamonds,
    MaskPattern::Meadow,
];

/// A square code whose size is known; a QR code's modules are worked out when they are asked for, since a printer that
/// draws the code itself needs only the size.
#[derive(Clone, Debug)]
pub(crate) enum Square {
    Qr { text: String, version: Version, words: Vec<u8> },
    DataMatrix { text: String, side: usize, modules: Vec<bool> },
}

impl Square {
    /// The smallest code that holds the text.
    pub(crate) fn new(matrix: &Matrix) -> Result<Self, DrawError> {
        let (Matrix::Qr(text) | Matrix::DataMatrix(text)) = matrix;
        let error = |reason| DrawError::Matrix { length: text.len(), reason };
        if text.is_empty() {
            return Err(error("it is empty"));
        }
        match matrix {
            Matrix::Qr(text) => {
                let too_long = |_: QrError| error("a QR code of this size does not hold it; shorten it");
                let bits = qrcode::bits::encode_auto(text.as_bytes(), LEVEL).map_err(too_long)?;
                Ok(Self::Qr { text: text.clone(), version: bits.version(), words: bits.into_bytes() })
            }
            Matrix::DataMatrix(text) => {
                let code = DataMatrix::encode_str(text, SymbolList::default().enforce_square())
                    .map_err(|_| error("a DataMatrix does not hold it; shorten it"))?;
                let bitmap = code.bitmap();
                let side = bitmap.width();
                let mut modules = vec![false; side * side];
                for (x, y) in bitmap.pixels() {
                    modules[y * side + x] = true;
                }
                Ok(Self::DataMatrix { text: text.clone(), side, modules })
            }
        }
    }

    /// What it says.
    pub(crate) fn text(&self) -> &str {
        let (Self::Qr { text, .. } | Self::DataMatrix { text, .. }) = self;
        text
    }

    /// Modules a side, without quiet zone.
    pub(crate) fn side(&self) -> usize {
        match self {
            Self::Qr { version, .. } => version.width() as usize,
            Self::DataMatrix { side, .. } => *side,
        }
    }

    /// Modules that must stay white around it. DataMatrix asks for one; two print better.
    pub(crate) fn quiet(&self) -> usize {
        match self {
            Self::Qr { .. } => 4,
            Self::DataMatrix { .. } => 2,
        }
    }

    /// Row by row from the top, `true` is dark.
    pub(crate) fn modules(&self) -> Vec<bool> {
        match self {
            Self::DataMatrix { modules, .. } => modules.clone(),
            Self::Qr { version, words, .. } => {
                // The words were encoded for this version, so that neither step can fail.
                let Ok((data, check)) = qrcode::ec::construct_codewords(words, *version, LEVEL) else {
                    return vec![false; self.side() * self.side()];
                };
                let mut canvas = Canvas::new(*version, LEVEL);
                canvas.draw_all_functional_patterns();
                canvas.draw_data(&data, &check);
                masked(&canvas, self.side())
            }
        }
    }

    /// The dark modules as horizontal runs: x, y, width, in modules.
    pub(crate) fn runs(&self) -> Vec<(u32, u32, u32)> {
        let side = self.side();
        let modules = self.modules();
        let mut runs = Vec::new();
        for (y, row) in modules.chunks_exact(side).enumerate() {
            let mut x = 0;
            while x < side {
                let width = row[x..].iter().take_while(|dark| **dark).count();
                if width > 0 {
                    runs.push((x as u32, y as u32, width as u32));
                }
                x += width.max(1);
            }
        }
        runs
    }
}

/// The canvas under the mask with the lowest penalty. The library's own search is slow (a tenth of a millisecond and
/// more), so codes up to 64 modules wide, which all labels have, are weighed by whole rows of bits.
fn masked(canvas: &Canvas, side: usize) -> Vec<bool> {
    let dark = |canvas: Canvas| canvas.into_colors().into_iter().map(|color| color == Color::Dark).collect::<Vec<_>>();
    if side > 64 {
        return dark(canvas.apply_best_mask());
    }
    let candidates = MASKS.into_iter().map(|mask| {
        let mut canvas = canvas.clone();
        canvas.apply_mask(mask);
        dark(canvas)
    });
    candidates.min_by_key(|modules| penalty(modules, side)).unwrap_or_default()
}

/// The penalty of a masked symbol: ISO/IEC 18004, section 7.8.3.
fn penalty(modules: &[bool], side: usize) -> u32 {
    let mut rows = vec![0_u64; side];
    let mut columns = vec![0_u64; side];
    for (y, row) in modules.chunks_exact(side).enumerate() {
        for (x, &dark) in row.iter().enumerate() {
            rows[y] |= u64::from(dark) << x;
            columns[x] |= u64::from(dark) << y;
        }
    }
    let full = u64::MAX >> (64 - side);
    let mut points = 0;
    for &line in rows.iter().chain(&columns) {
        // Five or more alike in a row: three points, and one for each further.
        let alike = !(line ^ (line >> 1)) & (full >> 1);
        let fives = alike & (alike >> 1) & (alike >> 2) & (alike >> 3);
        points += fives.count_ones() + 2 * (fives & !(fives << 1)).count_ones();
        // The finder's proportions 1:1:3:1:1 beside four light modules.
        let finder = line & !(line >> 1) & (line >> 2) & (line >> 3) & (line >> 4) & !(line >> 5) & (line >> 6);
        let light = !line & full;
        let four = light & (light >> 1) & (light >> 2) & (light >> 3);
        points += 40 * ((finder & (four >> 7)).count_ones() + (finder & (four << 4)).count_ones());
    }
    // Squares of two by two alike.
    for pair in rows.windows(2) {
        let vertical = !(pair[0] ^ pair[1]);
        let horizontal = !(pair[0] ^ (pair[0] >> 1));
        points += 3 * (vertical & (vertical >> 1) & horizontal & (full >> 1)).count_ones();
    }
    // The share of dark modules, in steps of five percent off a half.
    let dark: u32 = rows.iter().map(|row| row.count_ones()).sum();
    let percent = dark * 100 / (side * side) as u32;
    points + 10 * (percent.abs_diff(50) / 5)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(square: &Square) -> String {
        let (side, quiet, scale) = (square.side() as u32, 4, 5);
        let width = (side + 2 * quiet) * scale;
        let mut luma = vec![255_u8; (width * width) as usize];
        for (x, y, run) in square.runs() {
            for px in (x + quiet) * scale..(x + run + quiet) * scale {
                for py in (y + quiet) * scale..(y + 1 + quiet) * scale {
                    luma[(py * width + px) as usize] = 0;
                }
            }
        }
        rxing::helpers::detect_in_luma(luma, width, width, None).unwrap().getText().to_owned()
    }

    #[test]
    fn codes_of_every_length_read_back() {
        for length in [1, 7, 20, 43, 90, 180, 300, 420] {
            let text: String = "https://example.com/t/4Kz9-".chars().cycle().take(length).collect();
            assert_eq!(read(&Square::new(&Matrix::Qr(text.clone())).unwrap()), text);
            assert_eq!(read(&Square::new(&Matrix::DataMatrix(text.clone())).unwrap()), text);
        }
        let text = "Grüße aus Łódź".to_owned();
        assert_eq!(read(&Square::new(&Matrix::Qr(text.clone())).unwrap()), text);
    }

    #[test]
    fn an_empty_or_endless_text_is_refused() {
        for text in [String::new(), "x".repeat(5000)] {
            assert!(matches!(Square::new(&Matrix::Qr(text.clone())), Err(DrawError::Matrix { .. })));
            assert!(matches!(Square::new(&Matrix::DataMatrix(text)), Err(DrawError::Matrix { .. })));
        }
    }
}
