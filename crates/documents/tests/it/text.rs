//! Text: every name readable, in every format.

use std::sync::Arc;

use documents::{FallbackFont, Options, label, packing_slip};
use domain::address::Address;
use domain::document::{Dpi, Format, LabelContent, Matrix, Paper};
use proptest::prelude::*;

use crate::samples::{address, europeans, on_delivery, plain, slip};
use crate::tools::text;

fn zpl(content: &LabelContent, options: &Options) -> String {
    String::from_utf8(label(content, Format::Zpl(Dpi::D203), options).unwrap().bytes).unwrap()
}

/// A font with Chinese characters.
fn chinese_font() -> Options {
    let path = "/usr/share/fonts/truetype/droid/DroidSansFallbackFull.ttf";
    let bytes = std::fs::read(path)
        .unwrap_or_else(|error| panic!("{path}: {error}: install the Debian package fonts-droid-fallback"));
    Options { fallback_font: Some(Arc::new(FallbackFont::from_bytes(bytes).unwrap())), ..Options::default() }
}

fn chinese() -> LabelContent {
    LabelContent { recipient: address(["王小明", "南京东路 100 号", "200001", "上海", "CN"]), ..plain() }
}

#[test]
fn c4_european_names_are_readable_in_a_pdf() {
    for (name, content) in europeans() {
        let drawn = label(&content, Format::Pdf(Paper::Mm100x150), &Options::default()).unwrap();
        assert_eq!(drawn.warnings, [""; 0]);
        let found = text("c4", &format!("{name}.pdf"), &drawn.bytes);
        let recipient = &content.recipient;
        for part in [&recipient.name, &recipient.street1, &recipient.city] {
            let part = part.as_ref().unwrap();
            assert!(found.contains(part.as_str()), "{part} not in {found}");
        }
    }
}

#[test]
fn c4_european_names_are_readable_in_zpl() {
    for (name, content) in europeans() {
        let zpl = zpl(&content, &Options::default());
        let pictures = zpl.matches("^GFA,").count();
        match name {
            "polish" => {
                assert!(zpl.contains("^FH^FDZa_C5_BC_C3_B3_C5_82_C4_87 G_C4_99_C5_9Bl_C4_85-Ja_C5_BA_C5_84^FS"));
                assert_eq!(pictures, 0);
            }
            "german" => {
                assert!(zpl.contains("^FH^FDJ_C3_BCrgen Gro_C3_9F^FS"));
                assert_eq!(pictures, 0);
            }
            // Name, street, and city line: the printer's font lacks the letters, so they come as pictures.
            _ => assert_eq!(pictures, 3, "{name}: {zpl}"),
        }
        assert!(zpl.is_ascii());
    }
}

#[test]
fn a_sum_on_delivery_stands_on_every_label_that_collects_it_and_on_no_other() {
    let sums = [("999.99", "EUR"), ("1250000", "HUF"), ("0.5", "KWD"), ("123456789.99", "CZK")];
    let read = |content: &LabelContent, name: &str, format| {
        let drawn = label(content, format, &Options::default()).unwrap();
        assert_eq!(drawn.warnings, [""; 0], "{name}");
        match format {
            Format::Zpl(_) => String::from_utf8(drawn.bytes).unwrap(),
            _ => text("collect", &format!("{name}-{}.pdf", format.name()), &drawn.bytes),
        }
    };
    for format in
        [Format::Pdf(Paper::Mm100x150), Format::Pdf(Paper::A6), Format::Pdf(Paper::A4), Format::Zpl(Dpi::D203)]
    {
        for (amount, currency) in sums {
            for routing_code in [plain().routing_code, None] {
                let collect = on_delivery(amount, currency);
                let told = format!("COLLECT {collect}");
                let content = LabelContent { collect: Some(collect), routing_code, ..plain() };
                let name = format!("{currency}-{}", content.routing_code.as_deref().unwrap_or("none"));
                let found = read(&content, &name, format);
                let shown = found.replace("  ", " ");
                assert!(shown.contains(&told) && shown.contains("ORD-4711"), "{told} not in {found}");
            }
        }
        assert!(!read(&plain(), "paid", format).contains("COLLECT"));
    }
}

#[test]
fn c4_a_script_without_glyphs_is_transliterated_and_said_so() {
    for format in [Format::Pdf(Paper::A6), Format::Zpl(Dpi::D203), Format::Png(Dpi::D300)] {
        let drawn = label(&chinese(), format, &Options::default()).unwrap();
        assert_eq!(drawn.warnings.len(), 3);
        assert!(drawn.warnings[0].starts_with("recipient name: \"王小明\" is printed as \"Wang Xiao Ming\""));
    }
    let drawn = label(&chinese(), Format::Pdf(Paper::A6), &Options::default()).unwrap();
    assert!(text("c4", "transliterated.pdf", &drawn.bytes).contains("Wang Xiao Ming"));
    assert!(zpl(&chinese(), &Options::default()).contains("^FDWang Xiao Ming^FS"));
}

#[test]
fn c4_a_fallback_font_draws_what_ours_lacks() {
    let options = chinese_font();
    let drawn = label(&chinese(), Format::Pdf(Paper::Mm100x150), &options).unwrap();
    assert_eq!(drawn.warnings, [""; 0]);
    let found = text("c4", "fallback.pdf", &drawn.bytes);
    assert!(found.contains("王小明") && found.contains("200001 上海"), "{found}");
    assert_eq!(zpl(&chinese(), &options).matches("^GFA,").count(), 3);
    let with = label(&chinese(), Format::Png(Dpi::D203), &options).unwrap();
    let without = label(&chinese(), Format::Png(Dpi::D203), &Options::default()).unwrap();
    assert_ne!(with.bytes, without.bytes);
}

#[test]
fn a_fallback_font_with_postscript_outlines_is_embedded_too() {
    let path = "/usr/share/fonts/opentype/urw-base35/NimbusSans-Regular.otf";
    let bytes = std::fs::read(path)
        .unwrap_or_else(|error| panic!("{path}: {error}: install the Debian package fonts-urw-base35"));
    let font = FallbackFont::from_bytes(bytes).unwrap();
    assert_eq!(font.name(), "NimbusSans-Regular");
    let options = Options { fallback_font: Some(Arc::new(font)), ..Options::default() };
    // Brackets that this font has and ours lacks.
    let content = LabelContent { service: "〚Plan〛".into(), ..plain() };
    let drawn = label(&content, Format::Pdf(Paper::A6), &options).unwrap();
    assert_eq!(drawn.warnings, [""; 0]);
    assert!(text("fallback", "postscript.pdf", &drawn.bytes).contains("〚Plan〛"));
}

#[test]
fn a_packing_slip_says_everything() {
    let drawn = packing_slip(&slip(90), &Options::default()).unwrap();
    let found = text("slip", "long.pdf", &drawn.bytes);
    for number in 1..=90 {
        assert!(found.contains(&format!("Κούπα, mug, кружка no. {number}")), "{number}");
    }
    for part in ["Page 1 of 3", "Page 3 of 3", "ORD-4711", "21 November 2026", "HF0012345678DE", "Thank you.", "4095"] {
        assert!(found.contains(part), "{part} not in {found}");
    }
    assert_eq!(found.matches("ARTICLE").count(), 3);
}

#[test]
fn facts_stand_on_the_label() {
    let drawn = label(&plain(), Format::Pdf(Paper::A6), &Options::default()).unwrap();
    let found = text("facts", "plain.pdf", &drawn.bytes);
    let sscc = format!("(00) {}", plain().sscc.unwrap());
    for part in ["House", "Standard", "BER-12", "2.45 kg", "1 / 2", "ORD-4711", "Tracking HF0012345678DE", &sscc] {
        assert!(found.contains(part), "{part} not in {found}");
    }
}

prop_compose! {
    fn any_content()(
        texts in prop::collection::vec("\\PC*", 8), square in "\\PC{1,50}", is_matrix: bool, is_test: bool,
    ) -> LabelContent {
        let some = |index: usize| Some(texts[index].clone());
        let recipient = Address {
            name: some(0), company: some(1), street1: some(2), city: some(3), country: some(4), ..Address::default()
        };
        LabelContent {
            carrier: texts[5].clone(),
            service: texts[6].clone(),
            reference: some(7),
            recipient,
            matrix: if is_matrix { Matrix::DataMatrix(square) } else { Matrix::Qr(square) },
            is_test,
            ..plain()
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn any_text_can_be_drawn(content in any_content()) {
        for name in ["pdf_100x150", "pdf_a4", "zpl_203", "zpl_300", "zpl_600", "png_203"] {
            let drawn = label(&content, Format::parse(name).unwrap(), &Options::default());
            prop_assert!(drawn.is_ok(), "{name}: {drawn:?}");
        }
    }
}
