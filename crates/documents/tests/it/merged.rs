//! Merged files: title pages, our labels and those of carriers, in the order in which they came.

use documents::{DrawError, Options, Part, label, labels, merge};
use domain::batch::GroupTitle;
use domain::document::{Dpi, Format, LabelContent, Paper};

use crate::samples::{europeans, many, plain};
use crate::tools::{render_at, run, save, text};

fn title(values: &[(&str, Option<&str>)], place: (usize, usize), labels: usize) -> Part<'static> {
    let values = values.iter().map(|(name, value)| ((*name).to_owned(), value.map(str::to_owned)));
    Part::Title(GroupTitle {
        values: values.collect(),
        place,
        labels,
        orders: labels,
        batch: "bat_1c".to_owned(),
        made: "2026-03-02 11:00".to_owned(),
    })
}

fn drawn(content: LabelContent) -> Part<'static> {
    Part::Label(Box::new(content))
}

fn made(name: &str, pdf: Vec<u8>) -> Part<'static> {
    Part::Made(name.to_owned(), pdf)
}

/// What a carrier's own PDF might be: another program wrote it, with compressed object streams.
fn of_a_carrier() -> Vec<u8> {
    let [_, (_, german), ..] = europeans();
    let pdf = label(&german, Format::Pdf(Paper::A6), &Options::default()).unwrap().bytes;
    let (from, to) = (save("carrier", "ours.pdf", &pdf), save("carrier", "theirs.pdf", b""));
    run("qpdf", "qpdf", &["--object-streams=generate", "--rotate=90", &from, &to]);
    std::fs::read(to).unwrap()
}

fn parts() -> Vec<Part<'static>> {
    let mut parts = vec![title(&[("Country", Some("DE")), ("Seller", Some("Acme Home & Garden"))], (1, 2), 4)];
    parts.extend(many(3).into_iter().map(drawn));
    parts.push(made("pcl_7", of_a_carrier()));
    parts.push(title(&[("Country", None), ("Seller", Some("Åström & Søn — 北京"))], (2, 2), 1));
    parts.push(made("pcl_8", b"%PDF-1.4 damaged".to_vec()));
    parts.push(drawn(LabelContent { tracking_number: "LAST".to_owned(), ..plain() }));
    parts
}

/// The pages of a PDF by what stands on them.
fn pages(name: &str, pdf: &[u8]) -> Vec<String> {
    let text = text("merged", name, pdf);
    let words = [
        "GROUP 1 OF 2",
        "GROUP 2 OF 2",
        "LABEL MISSING",
        "Köln",
        "Tracking T0",
        "Tracking T1",
        "Tracking T2",
        "Tracking LAST",
    ];
    let on = |page: &str| words.iter().filter(|word| page.contains(*word)).copied().collect::<Vec<_>>().join(" + ");
    text.trim_end_matches('\u{c}').split('\u{c}').map(on).collect()
}

#[test]
fn parts_lie_in_their_order_and_what_cannot_be_read_has_a_page_that_says_so() {
    let roll = merge(parts(), "Batch", Format::Pdf(Paper::Mm100x150), &Options::default()).unwrap();
    let expected = [
        "GROUP 1 OF 2",
        "Tracking T0",
        "Tracking T1",
        "Tracking T2",
        "Köln",
        "GROUP 2 OF 2",
        "LABEL MISSING",
        "Tracking LAST",
    ];
    assert_eq!(pages("roll.pdf", &roll.bytes), expected);
    insta::assert_snapshot!(roll.warnings.join("\n"), @r#"
    title page: group: "Åström & Søn — 北京" is printed as "Åström & Søn — Bei Jing", because the fonts lack 北 (U+5317), 京 (U+4EAC)
    not in the file: pcl_8: the carrier's label cannot be put in: it is no PDF, or it is encrypted
    "#);
    let sheets = merge(parts(), "Batch", Format::Pdf(Paper::A4), &Options::default()).unwrap();
    let expected = [
        "GROUP 1 OF 2",
        "Köln + Tracking T0 + Tracking T1 + Tracking T2",
        "GROUP 2 OF 2",
        "LABEL MISSING",
        "Tracking LAST",
    ];
    assert_eq!(pages("sheets.pdf", &sheets.bytes), expected);
    for (name, pdf) in [("roll", &roll.bytes), ("sheets", &sheets.bytes)] {
        let file = save("merged", &format!("{name}.pdf"), pdf);
        let judged = run("qpdf", "qpdf", &["--check", &file]);
        assert!(judged.contains("No syntax or stream encoding errors"), "{name}: {judged}");
        render_at(60, "merged", name, pdf);
    }
}

#[test]
fn labels_alone_are_the_file_that_they_are_together() {
    for format in [Format::Pdf(Paper::Mm100x150), Format::Pdf(Paper::A4), Format::Zpl(Dpi::D203)] {
        let together = labels(&many(5), format, &Options::default()).unwrap();
        let merged = merge(many(5).into_iter().map(drawn), "5 labels", format, &Options::default()).unwrap();
        assert!(together == merged, "{}", format.name());
    }
}

#[test]
fn a_carriers_zpl_goes_between_ours_as_it_is() {
    let own = "^XA^FO10,10^FDTheirs^FS^XZ";
    let parts = [drawn(plain()), made("pcl_1", own.as_bytes().to_vec()), drawn(plain())];
    let merged = merge(parts, "Batch", Format::Zpl(Dpi::D203), &Options::default()).unwrap();
    let text = String::from_utf8(merged.bytes).unwrap();
    let starts: Vec<_> = text.split_inclusive("^XZ\n").map(|label| label.starts_with(own)).collect();
    assert_eq!(starts, [false, true, false]);
}

#[test]
fn nothing_and_pictures_are_refused() {
    let none: [Part<'_>; 0] = [];
    for format in [Format::Pdf(Paper::A6), Format::Pdf(Paper::A4), Format::Zpl(Dpi::D300)] {
        assert_eq!(merge(none.clone(), "Batch", format, &Options::default()), Err(DrawError::Nothing));
    }
    let refused = merge([drawn(plain())], "Batch", Format::Png(Dpi::D203), &Options::default());
    assert_eq!(refused, Err(DrawError::OneLabelOnly(1)));
}
