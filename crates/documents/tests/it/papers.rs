//! Papers: whatever carriers send, every page of a merged file has the size, turn and start position that was asked for.

use documents::{DrawError, Options, Part, label, made, merge};
use domain::document::{Dpi, Format, LabelContent, Paper, Rotation};

use crate::codes::DPIS;
use crate::printer::print;
use crate::samples::{europeans, plain};
use crate::tools::{Picture, folder, render_at, run, save, scan, text};

/// A label of a carrier, whose tracking number tells it from others.
fn theirs(number: &str) -> LabelContent {
    LabelContent { tracking_number: number.to_owned(), sscc: None, ..plain() }
}

fn drawn_as(number: &str, format: Format) -> Vec<u8> {
    label(&theirs(number), format, &Options::default()).unwrap().bytes
}

/// Another program's rewriting of a PDF.
fn rewritten(name: &str, pdf: &[u8], arguments: &[&str]) -> Vec<u8> {
    let (from, to) = (save("papers", &format!("{name}-from.pdf"), pdf), save("papers", &format!("{name}.pdf"), b""));
    let all: Vec<&str> = arguments.iter().copied().chain([from.as_str(), to.as_str()]).collect();
    run("qpdf", "qpdf", &all);
    std::fs::read(to).unwrap()
}

/// What carriers send, each under its tracking number: A4 with a quarter used, two places of it, A6, the same lying across,
/// a picture, and one without a size.
fn sent() -> Vec<(&'static str, Vec<u8>)> {
    let at = |number: &str, start_position| {
        let options = Options { start_position, ..Options::default() };
        label(&theirs(number), Format::Pdf(Paper::A4), &options).unwrap().bytes
    };
    vec![
        ("QUARTER0", at("QUARTER0", 0)),
        ("QUARTER3", at("QUARTER3", 3)),
        ("SMALL", drawn_as("SMALL", Format::Pdf(Paper::A6))),
        ("ACROSS", rewritten("across", &drawn_as("ACROSS", Format::Pdf(Paper::A6)), &["--rotate=90"])),
        ("FLAT", rewritten("flat", &drawn_as("FLAT", Format::Pdf(Paper::Mm100x150)), &["--object-streams=generate"])),
        ("DOTS", drawn_as("DOTS", Format::Png(Dpi::D300))),
    ]
}

fn parts() -> Vec<Part<'static>> {
    let mut parts = vec![Part::Label(Box::new(theirs("OURS")))];
    parts.extend(sent().into_iter().map(|(name, bytes)| Part::Made(name.to_owned(), bytes)));
    parts
}

/// The size of every page as it is shown, in whole points, and how it is turned.
fn sizes(name: &str, pdf: &[u8]) -> Vec<(i32, i32, i32)> {
    let file = save("papers", &format!("{name}-sizes.pdf"), pdf);
    let judged = run("qpdf", "qpdf", &["--check", &file]);
    assert!(judged.contains("No syntax or stream encoding errors"), "{name}: {judged}");
    let told = run("poppler-utils", "pdfinfo", &["-f", "1", "-l", "100", &file]);
    let field = |page: usize, word: &str| {
        let line = told.lines().find(|line| {
            let mut words = line.split_whitespace();
            words.next() == Some("Page") && words.next() == Some(&page.to_string()) && words.next() == Some(word)
        });
        line.map(|line| line.split_once(':').unwrap().1.trim().to_owned())
    };
    let number = |text: &str| text.parse::<f64>().unwrap().round() as i32;
    let size = |page: usize| {
        let size = field(page, "size:")?;
        let words: Vec<_> = size.split_whitespace().collect();
        Some((number(words[0]), number(words[2]), number(&field(page, "rot:")?)))
    };
    (1..).map_while(size).collect()
}

/// What a scanner reads on each page.
fn scanned(name: &str, pdf: &[u8]) -> Vec<Vec<String>> {
    let pages = render_at(300, "papers", name, pdf);
    let codes =
        |page: &String| scan(page).into_iter().filter_map(|code| code.strip_prefix("CODE-128:").map(str::to_owned));
    pages.iter().map(|page| codes(page).collect()).collect()
}

#[test]
fn i2_every_page_has_the_size_that_was_asked_for_whatever_the_carrier_sent() {
    for (paper, size) in [(Paper::Mm100x150, (283, 425)), (Paper::A6, (298, 420))] {
        let name = Format::Pdf(paper).name();
        let merged = merge(parts(), "Batch", Format::Pdf(paper), &Options::default()).unwrap();
        assert_eq!(merged.warnings, [] as [String; 0]);
        assert_eq!(sizes(&name, &merged.bytes), vec![(size.0, size.1, 0); 7], "{name}");
        let numbers = ["OURS", "QUARTER0", "QUARTER3", "SMALL", "ACROSS", "FLAT", "DOTS"];
        assert_eq!(scanned(&name, &merged.bytes), numbers.map(|number| vec![number.to_owned()]), "{name}");
    }
}

#[test]
fn i2_on_a4_all_labels_fill_the_sheets_from_the_start_position() {
    let options = Options { start_position: 3, ..Options::default() };
    let merged = merge(parts(), "Batch", Format::Pdf(Paper::A4), &options).unwrap();
    assert_eq!(sizes("a4", &merged.bytes), [(595, 842, 0); 3]);
    let expected = [&["OURS"][..], &["ACROSS", "QUARTER0", "QUARTER3", "SMALL"], &["DOTS", "FLAT"]];
    assert_eq!(scanned("a4", &merged.bytes), expected);
    // In the lower right quarter, and nowhere else.
    let page = Picture::open(&render_at(60, "papers", "a4-first", &merged.bytes)[0]);
    let dark = |x: usize, y: usize| {
        let (width, height) = (page.width / 2, page.height / 2);
        let (xs, ys) = (x * width..(x + 1) * width, y * height..(y + 1) * height);
        ys.flat_map(|y| xs.clone().map(move |x| (x, y))).filter(|(x, y)| page.is_black(*x, *y)).count()
    };
    assert_eq!((dark(0, 0), dark(1, 0), dark(0, 1)), (0, 0, 0));
    assert!(dark(1, 1) > 500);
}

#[test]
fn i2_a_part_of_a_large_sheet_is_as_large_as_it_was_and_a_page_that_is_too_large_shrinks() {
    let one = |name: &str, bytes: Vec<u8>, paper| {
        let drawn = made(bytes, Format::Pdf(paper), &Options::default()).unwrap();
        let page = Picture::open(&render_at(150, "papers", name, &drawn.bytes)[0]);
        let columns = (0..page.width).filter(|x| (0..page.height).any(|y| page.is_black(*x, y)));
        let rows = (0..page.height).filter(|y| (0..page.width).any(|x| page.is_black(x, *y)));
        // In millimetres.
        (columns.count() as f64 * 25.4 / 150.0, rows.count() as f64 * 25.4 / 150.0)
    };
    let quarter = one("quarter", drawn_as("QUARTER", Format::Pdf(Paper::A4)), Paper::A6);
    let same = one("same", drawn_as("QUARTER", Format::Pdf(Paper::A6)), Paper::A6);
    assert!((quarter.0 - same.0).abs() < 1.0 && (quarter.1 - same.1).abs() < 1.0, "{quarter:?} {same:?}");
    let shrunk = one("shrunk", drawn_as("QUARTER", Format::Pdf(Paper::A6)), Paper::Mm100x150);
    assert!((shrunk.0 / same.0 - 100.0 / 105.0).abs() < 0.02, "{shrunk:?} {same:?}");
}

#[test]
fn i2_every_page_is_turned_alike() {
    for (rotation, degrees) in [(Rotation::Right, 90), (Rotation::Half, 180), (Rotation::Left, 270)] {
        let options = Options { rotation, ..Options::default() };
        let merged = merge(parts(), "Batch", Format::Pdf(Paper::A6), &options).unwrap();
        assert_eq!(sizes("turned", &merged.bytes), [(298, 420, degrees); 7]);
    }
    let half = Options { rotation: Rotation::Half, ..Options::default() };
    let own = b"^XA^FO10,10^FDTheirs^FS^XZ".to_vec();
    let zpl = merge(
        [Part::Label(Box::new(plain())), Part::Made("pcl_1".to_owned(), own)],
        "B",
        Format::Zpl(Dpi::D203),
        &half,
    );
    let zpl = String::from_utf8(zpl.unwrap().bytes).unwrap();
    assert_eq!((zpl.matches("^XA^POI").count(), zpl.matches("^XA").count()), (2, 2));
    let right = Options { rotation: Rotation::Right, ..Options::default() };
    let refused = merge([Part::Label(Box::new(plain()))], "B", Format::Zpl(Dpi::D203), &right);
    assert_eq!(refused, Err(DrawError::Rotation(90)));
}

/// The labels of a ZPL file as they are printed, each under a name of its own, and where its picture is.
fn printed(name: &str, zpl: Vec<u8>) -> Vec<(Picture, String)> {
    let text = String::from_utf8(zpl).unwrap();
    let labels = text.split_inclusive("^XZ\n").enumerate();
    labels
        .map(|(place, label)| {
            let path = folder("papers").join(format!("{name}-{place}.png")).to_str().unwrap().to_owned();
            let picture = print(label);
            picture.save(&path);
            (picture, path)
        })
        .collect()
}

#[test]
fn i2_a_carriers_pdf_goes_to_the_label_printer_in_dots_that_read_at_every_resolution() {
    let numbers = ["OURS", "QUARTER0", "QUARTER3", "SMALL", "ACROSS", "FLAT", "DOTS"];
    for dpi in DPIS {
        let format = Format::Zpl(dpi);
        let merged = merge(parts(), "Batch", format, &Options::default()).unwrap();
        assert_eq!(merged.warnings, [] as [String; 0]);
        let labels = printed(&format.name(), merged.bytes);
        let read: Vec<_> = labels.iter().map(|(_, path)| scan(path)).collect();
        let square = "QR-Code:https://example.com/t/HF0012345678DE".to_owned();
        assert_eq!(read, numbers.map(|number| vec![format!("CODE-128:{number}"), square.clone()]), "{dpi:?}");
        // The bars are as long and as high as on the label of ours, to a millimetre.
        let bars = |picture: &Picture, dpi: Dpi| {
            let is_dense = |count: usize, of: usize| count * 5 > of;
            let dark = |y: usize| (0..picture.width).filter(|x| picture.is_black(*x, y)).count();
            let rows: Vec<_> =
                (picture.height * 2 / 3..picture.height).filter(|y| is_dense(dark(*y), picture.width)).collect();
            let middle = rows[rows.len() / 2];
            let columns: Vec<_> = (0..picture.width).filter(|x| picture.is_black(*x, middle)).collect();
            [rows.len(), columns[columns.len() - 1] - columns[0]].map(|dots| dots as f64 / dpi.dots_per_mm())
        };
        for ((picture, path), number) in labels.iter().zip(numbers).skip(1) {
            // What was sent stands on the dots of a coarse printer, but for the picture.
            let sent = if number == "DOTS" { Dpi::D300 } else { Dpi::D203 };
            let ours = printed(&format!("{number}-ours"), drawn_as(number, Format::Zpl(sent))).remove(0).0;
            let sheet = [picture.width, picture.height].map(|dots| dots as f64 / dpi.dots_per_mm());
            assert!((sheet[0] - 100.0).abs() < 0.2 && (sheet[1] - 150.0).abs() < 0.2, "{path}: {sheet:?}");
            let (ours, theirs) = (bars(&ours, sent), bars(picture, dpi));
            assert!(
                (ours[0] - theirs[0]).abs() < 1.0 && (ours[1] - theirs[1]).abs() < 1.0,
                "{path}: {ours:?} {theirs:?}"
            );
        }
    }
}

#[test]
fn i2_what_is_drawn_in_dots_is_what_another_program_shows() {
    let [_, (_, german), ..] = europeans();
    let ours = label(&german, Format::Pdf(Paper::Mm100x150), &Options::default()).unwrap().bytes;
    for (name, pdf) in [("embedded", ours), ("standard", written("(Helvetica, not embedded) Tj"))] {
        for dpi in DPIS {
            let drawn = made(pdf.clone(), Format::Png(dpi), &Options::default()).unwrap().bytes;
            let drawn = Picture::open(&save("papers", &format!("{name}-{}.png", dpi.number()), &drawn));
            let shown = Picture::open(&render_at(dpi.number(), "papers", &format!("{name}-{}", dpi.number()), &pdf)[0]);
            let is_near = |picture: &Picture, x: usize, y: usize| {
                let (xs, ys) = (x.saturating_sub(2)..=x + 2, y.saturating_sub(2)..=y + 2);
                let mut dots = ys.flat_map(|y| xs.clone().map(move |x| (x, y)));
                dots.any(|(x, y)| x < picture.width && y < picture.height && picture.is_black(x, y))
            };
            let strangers = |of: &Picture, beside: &Picture| {
                let dots = (0..of.height).flat_map(|y| (0..of.width).map(move |x| (x, y)));
                let black: Vec<_> = dots.filter(|(x, y)| of.is_black(*x, *y)).collect();
                let strange = black.iter().filter(|(x, y)| !is_near(beside, *x, *y)).count();
                assert!(black.len() > 500, "{name} {dpi:?}: {} dots are black", black.len());
                strange as f64 / black.len() as f64
            };
            let (more, less) = (strangers(&drawn, &shown), strangers(&shown, &drawn));
            assert!(more < 0.02 && less < 0.02, "{name} {dpi:?}: {more} {less}");
        }
    }
}

/// A PDF of 100 × 150 mm with a picture `Im0` that is none, written by hand.
fn written(content: &str) -> Vec<u8> {
    let content = format!("BT /F0 24 Tf 20 200 Td {content} ET");
    let objects = [
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_owned(),
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 283.465 425.197] /Contents 4 0 R /Resources << /Font << /F0 5 0 R >> \
         /XObject << /Im0 6 0 R >> >> >>"
            .to_owned(),
        format!("<< /Length {} >>\nstream\n{content}\nendstream", content.len()),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>".to_owned(),
        "<< /Type /XObject /Subtype /Image /Width 8 /Height 8 /ColorSpace /DeviceGray /BitsPerComponent 8 /Filter /DCTDecode \
         /Length 4 >>\nstream\nnone\nendstream"
            .to_owned(),
    ];
    let mut file = b"%PDF-1.4\n".to_vec();
    let mut places = Vec::new();
    for (index, object) in objects.iter().enumerate() {
        places.push(file.len());
        file.extend(format!("{} 0 obj\n{object}\nendobj\n", index + 1).bytes());
    }
    let start = file.len();
    file.extend(format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1).bytes());
    file.extend(places.iter().flat_map(|place| format!("{place:010} 00000 n \n").into_bytes()));
    file.extend(format!("trailer << /Size {} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n", objects.len() + 1).bytes());
    file
}

#[test]
fn i2_a_picture_goes_to_the_label_printer_and_what_does_not_go_is_told() {
    let picture = drawn_as("DOTS", Format::Png(Dpi::D203));
    let zpl = made(picture, Format::Zpl(Dpi::D203), &Options::default()).unwrap().bytes;
    let zpl = String::from_utf8(zpl).unwrap();
    assert!(zpl.starts_with("^XA^PW799^LL1199") && zpl.contains("^GFA,") && zpl.ends_with("^XZ\n"), "{}", &zpl[..60]);
    let two = merge(
        ["ONE", "TWO"].map(|number| Part::Label(Box::new(theirs(number)))),
        "Two",
        Format::Pdf(Paper::A6),
        &Options::default(),
    );
    let two = two.unwrap().bytes;
    let zpl = made(two.clone(), Format::Zpl(Dpi::D203), &Options::default()).unwrap().bytes;
    let read: Vec<_> = printed("two", zpl).iter().map(|(_, path)| scan(path).remove(0)).collect();
    assert_eq!(read, ["CODE-128:ONE", "CODE-128:TWO"]);
    let told = |bytes: &[u8], format| made(bytes.to_vec(), format, &Options::default()).unwrap_err().to_string();
    insta::assert_snapshot!(
        [
            told(b"%PDF-1.4 broken", Format::Zpl(Dpi::D300)),
            // A label without one of its pictures is no label.
            told(&written("ET /Im0 Do BT"), Format::Zpl(Dpi::D300)),
            told(&two, Format::Png(Dpi::D300)),
            told(b"^XA^XZ", Format::Pdf(Paper::A6)),
            told(b"^XA^XZ", Format::Png(Dpi::D203)),
            told(b"<html>", Format::Pdf(Paper::A6)),
            told(b"<html>", Format::Zpl(Dpi::D203)),
            told(b"\x89PNG broken", Format::Pdf(Paper::A6)),
        ]
        .join("\n"),
        @r"
    label: the carrier's label cannot be put in: it is no PDF, or it is encrypted
    label: the carrier's label cannot be put in: a picture in it cannot be read
    label: the carrier's label cannot be put in: it has 2 pages, and a PNG holds one
    label: the carrier's label cannot be put in: it is ZPL, which only a label printer reads
    label: the carrier's label cannot be put in: it is ZPL, which only a label printer reads
    label: the carrier's label cannot be put in: it is neither PDF nor PNG
    label: the carrier's label cannot be put in: it is neither PDF, PNG nor ZPL
    label: the carrier's label cannot be put in: it is no PNG that can be read: Invalid PNG signature.
    "
    );
}

#[test]
fn i2_foreign_letters_of_a_carrier_stay_what_they_are() {
    let [_, (_, german), ..] = europeans();
    let pdf = label(&german, Format::Pdf(Paper::A4), &Options::default()).unwrap().bytes;
    let merged = made(pdf, Format::Pdf(Paper::Mm100x150), &Options::default()).unwrap();
    assert!(text("papers", "german.pdf", &merged.bytes).contains("Köln"));
}
