//! Barcodes read back from the finished file.

use documents::{Options, label, labels};
use domain::document::{Dpi, Format, LabelContent, Matrix, Paper};
use domain::gs1;

use crate::samples::{many, on_delivery, plain};
use crate::tools::{data_matrix, render, save, scan};

pub const DPIS: [Dpi; 3] = [Dpi::D203, Dpi::D300, Dpi::D600];

pub fn expected(content: &LabelContent) -> [String; 2] {
    let Matrix::Qr(text) = &content.matrix else { panic!("zbar reads QR codes only") };
    let long = content.sscc.as_ref().map_or_else(|| content.tracking_number.clone(), |sscc| format!("00{sscc}"));
    [format!("CODE-128:{long}"), format!("QR-Code:{text}")]
}

/// An SSCC, a tracking number, each also as a test label; and one with a sum on delivery.
pub fn kinds() -> Vec<(String, LabelContent)> {
    let mut kinds = Vec::new();
    for is_test in [false, true] {
        for has_sscc in [true, false] {
            let sscc = plain().sscc.filter(|_| has_sscc);
            kinds.push((format!("{has_sscc}-{is_test}"), LabelContent { sscc, is_test, ..plain() }));
        }
    }
    kinds.push(("collect".to_owned(), LabelContent { collect: Some(on_delivery("999.99", "EUR")), ..plain() }));
    kinds
}

#[test]
fn both_codes_read_back_from_a_pdf() {
    for (name, content) in kinds() {
        for paper in [Paper::Mm100x150, Paper::A6, Paper::A4] {
            let format = Format::Pdf(paper);
            let drawn = label(&content, format, &Options::default()).unwrap();
            let pages = render("pdf_codes", &format!("{name}-{}", format.name()), &drawn.bytes);
            assert_eq!(pages.len(), 1);
            assert_eq!(scan(&pages[0]), expected(&content), "{name} {paper:?}");
        }
    }
}

#[test]
fn both_codes_read_back_from_a_png() {
    for (name, content) in kinds() {
        for dpi in DPIS {
            let drawn = label(&content, Format::Png(dpi), &Options::default()).unwrap();
            let picture = save("png_codes", &format!("{name}-{}.png", dpi.number()), &drawn.bytes);
            assert_eq!(scan(&picture), expected(&content), "{name} {dpi:?}");
        }
    }
}

#[test]
fn a_data_matrix_reads_back_from_png_and_pdf() {
    for text in ["HF0012345678DE", "https://example.com/t/HF0012345678DE?a=1&b=2", "Köln 1"] {
        let content = LabelContent { matrix: Matrix::DataMatrix(text.into()), ..plain() };
        for dpi in DPIS {
            let drawn = label(&content, Format::Png(dpi), &Options::default()).unwrap();
            let picture = save("data_matrix", &format!("{}.png", dpi.number()), &drawn.bytes);
            assert_eq!(data_matrix(&picture), text, "{dpi:?}");
        }
        let drawn = label(&content, Format::Pdf(Paper::Mm100x150), &Options::default()).unwrap();
        assert_eq!(data_matrix(&render("data_matrix", "label", &drawn.bytes)[0]), text);
    }
}

#[test]
fn every_label_of_a_merged_file_keeps_its_codes() {
    let contents = many(6);
    let merged = labels(&contents, Format::Pdf(Paper::Mm100x150), &Options::default()).unwrap();
    let pages = render("merged_codes", "merged", &merged.bytes);
    assert_eq!(pages.len(), 6);
    for (page, content) in pages.iter().zip(&contents) {
        assert_eq!(scan(page), expected(content));
    }
    // Sheets, the first label in the third place: two there, four on the next.
    let options = Options { start_position: 2, ..Options::default() };
    let sheets = labels(&contents, Format::Pdf(Paper::A4), &options).unwrap();
    let pages = render("merged_codes", "sheets", &sheets.bytes);
    for (page, part) in pages.iter().zip([&contents[..2], &contents[2..]]) {
        let mut codes: Vec<_> = part.iter().flat_map(expected).collect();
        codes.sort();
        assert_eq!(scan(page), codes);
    }
    assert_eq!(pages.len(), 2);
}

#[test]
fn zpl_says_the_barcode_in_code_set_c_with_fnc1() {
    for dpi in [Dpi::D203, Dpi::D300] {
        let sscc = gs1::sscc("4012345", 4711).unwrap();
        let drawn = label(&plain(), Format::Zpl(dpi), &Options::default()).unwrap();
        let zpl = String::from_utf8(drawn.bytes).unwrap();
        let (before, field) = zpl.split_once("^BCN,").unwrap();
        let data = field.split_once("^FD").unwrap().1.split_once("^FS").unwrap().0;
        assert_eq!(data, format!(">;>800{sscc}"));
        // Modules of at least 0.495 mm, as GS1 asks, and a height of 31.75 mm.
        let dots: f64 = before.rsplit_once("^BY").unwrap().1.split_once(',').unwrap().0.parse().unwrap();
        assert!(dots / dpi.dots_per_mm() >= 0.495);
        let height: f64 = field.split_once(',').unwrap().0.parse().unwrap();
        assert!(height / dpi.dots_per_mm() >= 31.75);
        assert!(zpl.contains("^BQN,2,") && zpl.contains("^FDMA,https://example.com/t/HF0012345678DE^FS"));
        assert!(zpl.starts_with("^XA^CI28^PW") && zpl.ends_with("^XZ\n"));
    }
    let content = LabelContent { matrix: Matrix::DataMatrix("HF~00_1".into()), sscc: None, ..plain() };
    let drawn = label(&content, Format::Zpl(Dpi::D203), &Options::default()).unwrap();
    let zpl = String::from_utf8(drawn.bytes).unwrap();
    assert!(zpl.contains(",200^FH^FDHF_7E00_5F1^FS"), "{zpl}");
    assert!(zpl.contains("^FD>:HF>500>6") || zpl.contains("^FD>:HF>50012345678>6DE"), "{zpl}");
}
