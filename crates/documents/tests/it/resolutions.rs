//! Resolutions: a label measures the same and reads the same, however fine the printer's dots are.

use documents::{Options, label};
use domain::document::{Dpi, Format, LabelContent, Paper};

use crate::codes::{DPIS, expected, kinds};
use crate::printer::print;
use crate::samples::plain;
use crate::tools::{Picture, folder, render_at, save, scan};

/// A label as a picture of so many dots an inch, and where its file is.
fn picture(content: &LabelContent, format: Format, dpi: Dpi, test: &str, name: &str) -> (Picture, String) {
    let drawn = label(content, format, &Options::default()).unwrap().bytes;
    let name = format!("{name}-{}-{}", format.name(), dpi.number());
    let path = match format {
        Format::Pdf(_) => render_at(dpi.number(), test, &name, &drawn).remove(0),
        Format::Png(_) => save(test, &format!("{name}.png"), &drawn),
        Format::Zpl(_) => {
            let path = folder(test).join(format!("{name}.png")).to_str().unwrap().to_owned();
            print(&String::from_utf8(drawn).unwrap()).save(&path);
            path
        }
    };
    (Picture::open(&path), path)
}

/// Every format on the label printer's roll, at every resolution.
fn formats() -> impl Iterator<Item = (Format, Dpi)> {
    DPIS.into_iter()
        .flat_map(|dpi| [Format::Pdf(Paper::Mm100x150), Format::Png(dpi), Format::Zpl(dpi)].map(|format| (format, dpi)))
}

/// Left, top, right and bottom of what is black inside a part of a picture; all in millimetres.
fn bounds(picture: &Picture, dpi: Dpi, [left, top, right, bottom]: [f64; 4]) -> [f64; 4] {
    let dots = |millimetres: f64| (millimetres * dpi.dots_per_mm()).round() as usize;
    let mut found = [usize::MAX, usize::MAX, 0, 0];
    for y in dots(top)..dots(bottom).min(picture.height) {
        for x in (dots(left)..dots(right).min(picture.width)).filter(|x| picture.is_black(*x, y)) {
            found = [found[0].min(x), found[1].min(y), found[2].max(x + 1), found[3].max(y + 1)];
        }
    }
    found.map(|dots| dots as f64 / dpi.dots_per_mm())
}

/// The parts that are measured on 100 × 150 mm: the black band of the service, the square code, the long barcode.
const PARTS: [[f64; 4]; 3] = [[48.0, 0.0, 100.0, 16.5], [66.2, 69.8, 97.0, 100.2], [0.0, 102.5, 100.0, 135.8]];

#[test]
fn i1_a_label_is_true_to_a_millimetre_and_readable_at_every_resolution() {
    for (name, content) in kinds() {
        let mut first: Option<Vec<[f64; 4]>> = None;
        for (format, dpi) in formats() {
            let (picture, path) = picture(&content, format, dpi, "i1", &name);
            assert_eq!(scan(&path), expected(&content), "{path}");
            let measured = |dots: usize| dots as f64 / dpi.dots_per_mm();
            let sheet = [measured(picture.width), measured(picture.height)];
            assert!((sheet[0] - 100.0).abs() < 0.2 && (sheet[1] - 150.0).abs() < 0.2, "{path}: {sheet:?}");
            // The mark lies around the band, but not around the codes.
            let parts = &PARTS[usize::from(content.is_test)..];
            let found: Vec<_> = parts.iter().map(|part| bounds(&picture, dpi, *part)).collect();
            for (side, wanted) in found[0].into_iter().zip([50.0, 3.0, 97.0, 16.0]).filter(|_| !content.is_test) {
                assert!((side - wanted).abs() < 0.2, "{path}: {found:?}");
            }
            let first = first.get_or_insert_with(|| found.clone());
            for (side, other) in found.iter().flatten().zip(first.iter().flatten()) {
                assert!((side - other).abs() <= 1.0, "{path}: {found:?} is off {first:?}");
            }
        }
    }
}

#[test]
fn i1_a_sheet_of_a6_reads_at_every_resolution() {
    for dpi in DPIS {
        let (picture, path) = picture(&plain(), Format::Pdf(Paper::A6), dpi, "i1_a6", "plain");
        assert_eq!(scan(&path), expected(&plain()));
        let sheet = [picture.width, picture.height].map(|dots| dots as f64 / dpi.dots_per_mm());
        assert!((sheet[0] - 105.0).abs() < 0.2 && (sheet[1] - 148.0).abs() < 0.2, "{sheet:?}");
    }
}

#[test]
fn i1_a_picture_says_its_resolution() {
    for dpi in DPIS {
        let drawn = label(&plain(), Format::Png(dpi), &Options::default()).unwrap();
        let reader = png::Decoder::new(std::io::Cursor::new(drawn.bytes)).read_info().unwrap();
        let (info, size) = (reader.info(), reader.info().pixel_dims.unwrap());
        assert_eq!((size.unit, size.xppu), (png::Unit::Meter, size.yppu));
        let metre = f64::from(size.xppu);
        let sheet = [info.width, info.height].map(|dots| f64::from(dots) / metre * 1000.0);
        assert!((sheet[0] - 100.0).abs() < 0.2 && (sheet[1] - 150.0).abs() < 0.2, "{dpi:?}: {sheet:?}");
    }
}

#[test]
fn m3_test_stands_across_every_label_in_every_format() {
    for (format, dpi) in formats() {
        let test = LabelContent { is_test: true, ..plain() };
        let (marked, path) = picture(&test, format, dpi, "m3", "test");
        let (bare, _) = picture(&plain(), format, dpi, "m3", "real");
        assert_eq!(scan(&path), expected(&test), "{path}");
        // Where the mark has made dots darker.
        let mut mark = Picture { luma: vec![255; bare.luma.len()], ..bare };
        for (dot, (marked, bare)) in mark.luma.iter_mut().zip(marked.luma.iter().zip(&bare.luma)) {
            *dot = if marked < bare { 0 } else { 255 };
        }
        let [left, top, right, bottom] = bounds(&mark, dpi, [0.0, 0.0, 100.0, 150.0]);
        assert!(right - left > 85.0 && bottom - top > 60.0, "{path}: {:?}", [left, top, right, bottom]);
        for code in &PARTS[1..] {
            assert!(bounds(&mark, dpi, *code)[2] < 0.1, "{path}: the mark lies on a code");
        }
    }
}
