//! Files as such: whole, of the right size, always the same.

use documents::{DrawError, Options, label, labels, packing_slip};
use domain::document::{Dpi, Format, LabelContent, Paper};

use crate::samples::{europeans, many, plain, slip};
use crate::tools::{run, save};

/// A Latin label's PDF is at most this large.
const LATIN_LIMIT: usize = 45_000;

fn pdfs() -> Vec<(String, Vec<u8>)> {
    let options = Options::default();
    let mut files = Vec::new();
    for paper in [Paper::Mm100x150, Paper::A6, Paper::A4] {
        let format = Format::Pdf(paper);
        let mut add = |name: &str, contents: &[LabelContent]| {
            files.push((format!("{name}-{}", format.name()), labels(contents, format, &options).unwrap().bytes));
        };
        add("plain", &[plain()]);
        add("merged", &many(7));
        add("test", &[LabelContent { is_test: true, ..plain() }]);
        for (name, content) in europeans() {
            add(name, &[content]);
        }
    }
    files.push(("slip".into(), packing_slip(&slip(3), &options).unwrap().bytes));
    files.push(("slip-long".into(), packing_slip(&slip(90), &options).unwrap().bytes));
    files
}

#[test]
fn qpdf_finds_no_fault() {
    for (name, bytes) in pdfs() {
        let file = save("qpdf", &format!("{name}.pdf"), &bytes);
        let text = run("qpdf", "qpdf", &["--check", &file]);
        assert!(text.contains("No syntax or stream encoding errors"), "{name}: {text}");
    }
}

#[test]
fn fonts_are_embedded_and_readable_as_text() {
    for (name, bytes) in pdfs() {
        let file = save("fonts", &format!("{name}.pdf"), &bytes);
        let text = run("poppler-utils", "pdffonts", &[&file]);
        for line in text.lines().skip(2) {
            let columns: Vec<_> = line.split_whitespace().collect();
            // name, type (two words), encoding, emb, sub, uni
            assert_eq!(columns[3..7], ["Identity-H", "yes", "yes", "yes"], "{name}: {line}");
        }
    }
}

#[test]
fn pages_are_true_to_size() {
    let sizes = [
        (Format::Pdf(Paper::Mm100x150), (100.0, 150.0)),
        (Format::Pdf(Paper::A6), (105.0, 148.0)),
        (Format::Pdf(Paper::A4), (210.0, 297.0)),
    ];
    for (format, (width, height)) in sizes {
        let drawn = label(&plain(), format, &Options::default()).unwrap();
        let file = save("sizes", &format!("{}.pdf", format.name()), &drawn.bytes);
        let text = run("poppler-utils", "pdfinfo", &[&file]);
        let line = text.lines().find(|line| line.starts_with("Page size:")).unwrap();
        let points: Vec<f64> = line.split_whitespace().filter_map(|word| word.parse().ok()).collect();
        assert!((points[0] / 72.0 * 25.4 - width).abs() < 0.05, "{line}");
        assert!((points[1] / 72.0 * 25.4 - height).abs() < 0.05, "{line}");
    }
    for dpi in [Dpi::D203, Dpi::D300, Dpi::D600] {
        let drawn = label(&plain(), Format::Png(dpi), &Options::default()).unwrap();
        let reader = png::Decoder::new(std::io::Cursor::new(drawn.bytes)).read_info().unwrap();
        let info = reader.info();
        assert_eq!((info.bit_depth, info.color_type), (png::BitDepth::One, png::ColorType::Grayscale));
        let a_metre = f64::from(info.pixel_dims.unwrap().xppu);
        assert!((f64::from(info.width) / a_metre - 0.100).abs() < 0.000_2);
        assert!((f64::from(info.height) / a_metre - 0.150).abs() < 0.000_2);
    }
}

#[test]
fn a_latin_label_is_small_and_a_merged_file_shares_fonts() {
    for (name, content) in europeans().into_iter().take(2).chain([("plain", plain())]) {
        for paper in [Paper::Mm100x150, Paper::A6, Paper::A4] {
            let size = label(&content, Format::Pdf(paper), &Options::default()).unwrap().bytes.len();
            assert!(size <= LATIN_LIMIT, "{name}: {size} bytes");
        }
    }
    let merged = labels(&many(100), Format::Pdf(Paper::A6), &Options::default()).unwrap();
    assert!(merged.bytes.len() < LATIN_LIMIT + 100 * 4_000, "{} bytes", merged.bytes.len());
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    let formats = ["pdf_100x150", "pdf_a6", "pdf_a4", "zpl_203", "zpl_300", "zpl_600", "png_203", "png_300", "png_600"];
    for format in formats.map(|name| Format::parse(name).unwrap()) {
        for (_, content) in europeans() {
            let content = LabelContent { is_test: true, ..content };
            let draw = || label(&content, format, &Options::default()).unwrap();
            let threads: Vec<_> = std::thread::scope(|scope| {
                let handles: Vec<_> = (0..3).map(|_| scope.spawn(draw)).collect();
                handles.into_iter().map(|handle| handle.join().unwrap()).collect()
            });
            assert!(threads.iter().all(|drawn| *drawn == draw()), "{format:?}");
        }
    }
}

#[test]
fn what_cannot_be_asked_for_is_refused() {
    let options = Options::default();
    assert_eq!(labels(&[], Format::Zpl(Dpi::D203), &options), Err(DrawError::Nothing));
    assert_eq!(labels(&many(2), Format::Png(Dpi::D203), &options), Err(DrawError::OneLabelOnly(2)));
    let options = Options { start_position: 4, ..options };
    assert_eq!(label(&plain(), Format::Pdf(Paper::A4), &options), Err(DrawError::StartPosition(4)));
}

#[test]
fn zpl_of_many_labels_is_one_after_the_other() {
    let options = Options::default();
    let one_by_one: Vec<u8> =
        many(3).iter().flat_map(|content| label(content, Format::Zpl(Dpi::D300), &options).unwrap().bytes).collect();
    assert_eq!(labels(&many(3), Format::Zpl(Dpi::D300), &options).unwrap().bytes, one_by_one);
}
