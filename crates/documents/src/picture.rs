//! Pictures that carriers make of their labels: PNG, read into grey dots.

use crate::raster::Bitmap;

/// The most dots a picture may have: A4 at 600 dpi.
const MOST_DOTS: u64 = 36_000_000;

/// Dots a millimetre where a picture does not say it: 203 dpi.
const USUAL: f64 = 203.0 / 25.4;

/// A picture, one byte a dot, row by row: 0 is black, 255 white.
pub(crate) struct Picture {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) luma: Vec<u8>,
    /// If it says so.
    pub(crate) dots_per_mm: Option<f64>,
}

impl Picture {
    /// Reads a PNG; why not, when it cannot be read. What is transparent lies on white.
    pub(crate) fn read(file: &[u8]) -> Result<Self, String> {
        let unreadable = |error: png::DecodingError| format!("it is no PNG that can be read: {error}");
        let mut decoder = png::Decoder::new(std::io::Cursor::new(file));
        decoder.set_transformations(png::Transformations::EXPAND | png::Transformations::STRIP_16);
        let mut reader = decoder.read_info().map_err(unreadable)?;
        let (width, height) = (reader.info().width, reader.info().height);
        let dots = u64::from(width) * u64::from(height);
        if dots == 0 || dots > MOST_DOTS {
            return Err(format!("it has {width} × {height} dots: expected are at most {MOST_DOTS}"));
        }
        let is_metric = |dimensions: &png::PixelDimensions| dimensions.unit == png::Unit::Meter && dimensions.xppu > 0;
        let dimensions = reader.info().pixel_dims.filter(is_metric);
        let dots_per_mm = dimensions.map(|dimensions| f64::from(dimensions.xppu) / 1000.0);
        let size = reader.output_buffer_size().ok_or_else(|| "it is too large".to_owned())?;
        let mut raw = vec![0; size];
        let frame = reader.next_frame(&mut raw).map_err(unreadable)?;
        let raw = raw.get(..frame.buffer_size()).unwrap_or_default();
        let grey = |red: u8, green: u8, blue: u8| {
            ((u32::from(red) * 299 + u32::from(green) * 587 + u32::from(blue) * 114) / 1000) as u8
        };
        let on_white = |luma: u8, alpha: u8| {
            let (luma, alpha) = (u32::from(luma), u32::from(alpha));
            ((luma * alpha + 255 * (255 - alpha)) / 255) as u8
        };
        let luma: Vec<u8> = match frame.color_type {
            png::ColorType::Grayscale => raw.to_vec(),
            png::ColorType::GrayscaleAlpha => raw.chunks_exact(2).map(|dot| on_white(dot[0], dot[1])).collect(),
            png::ColorType::Rgb => raw.chunks_exact(3).map(|dot| grey(dot[0], dot[1], dot[2])).collect(),
            png::ColorType::Rgba => {
                raw.chunks_exact(4).map(|dot| on_white(grey(dot[0], dot[1], dot[2]), dot[3])).collect()
            }
            png::ColorType::Indexed => return Err("its colours cannot be read".to_owned()),
        };
        if luma.len() as u64 != dots {
            return Err("a part of it is missing".to_owned());
        }
        Ok(Self { width, height, luma, dots_per_mm })
    }

    /// Width and height in millimetres.
    pub(crate) fn size_mm(&self) -> (f64, f64) {
        let dots = self.dots_per_mm.unwrap_or(USUAL);
        (f64::from(self.width) / dots, f64::from(self.height) / dots)
    }

    fn is_black(&self, x: usize, y: usize) -> bool {
        self.luma.get(y * self.width as usize + x).is_some_and(|luma| *luma < 128)
    }

    /// As large as it is, but no larger than a label of so many dots, turned when it lies across, in its middle.
    pub(crate) fn on_label(&self, width: usize, height: usize, dots_per_mm: f64) -> Bitmap {
        let (own_width, own_height) = (self.width as usize, self.height as usize);
        let is_turned = (own_width > own_height) != (width > height);
        let (across, up) = if is_turned { (own_height, own_width) } else { (own_width, own_height) };
        let fitting = (width as f64 / across as f64).min(height as f64 / up as f64);
        let scale = self.dots_per_mm.map_or(fitting, |own| (dots_per_mm / own).min(fitting));
        let (wide, high) = ((across as f64 * scale).round() as usize, (up as f64 * scale).round() as usize);
        let (left, top) = ((width.saturating_sub(wide)) / 2, (height.saturating_sub(high)) / 2);
        let mut bitmap = Bitmap::new(width, height);
        for row in 0..high.min(height) {
            let y = ((row as f64 + 0.5) / scale) as usize;
            for column in 0..wide.min(width) {
                let x = ((column as f64 + 0.5) / scale) as usize;
                let is_black =
                    if is_turned { self.is_black(y, own_height.saturating_sub(x + 1)) } else { self.is_black(x, y) };
                if is_black {
                    bitmap.fill((left + column) as i32, (top + row) as i32, 1, 1, true);
                }
            }
        }
        bitmap
    }
}
