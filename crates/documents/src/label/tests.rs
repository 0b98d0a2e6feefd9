//! Labels in every medium, with whatever people type.

use domain::document::Matrix;
use domain::measure::Weight;
use domain::money::{Currency, Decimal, Money};
use proptest::prelude::*;

use super::*;
use crate::layout::Text;

fn content() -> LabelContent {
    let sender = Address {
        company: Some("Acme GmbH".into()),
        street1: Some("Lagerstraße 14".into()),
        postal_code: Some("20457".into()),
        city: Some("Hamburg".into()),
        country: Some("DE".into()),
        ..Address::default()
    };
    let recipient = Address {
        name: Some("Jürgen Groß".into()),
        street1: Some("Gärtnerstraße 12a".into()),
        postal_code: Some("10115".into()),
        city: Some("Berlin".into()),
        country: Some("DE".into()),
        ..Address::default()
    };
    LabelContent {
        carrier: "House".into(),
        service: "Standard".into(),
        sender,
        return_to: None,
        recipient,
        routing_code: Some("BER-12".into()),
        weight: Weight::from_milligrams(2_450_000).unwrap(),
        parcel_number: 1,
        parcel_count: 2,
        reference: Some("ORD-4711".into()),
        tracking_number: "HF0012345678DE".into(),
        sscc: gs1::sscc("4012345", 4711),
        matrix: Matrix::Qr("https://example.com/t/HF0012345678DE".into()),
        collect: None,
        is_test: false,
    }
}

fn media() -> [Medium; 5] {
    use domain::document::Dpi;
    let printer = |dpi: Dpi| Medium::printer(dpi.dots_per_mm());
    [Medium::PDF_100X150, Medium::PDF_A6, printer(Dpi::D203), printer(Dpi::D300), printer(Dpi::D600)]
}

fn texts(layout: &Layout) -> impl Iterator<Item = &Text> {
    layout.items.iter().filter_map(|item| match item {
        Item::Text(text) => Some(text),
        _ => None,
    })
}

fn laid_out(content: &LabelContent, medium: Medium) -> (Layout, Vec<String>) {
    let mut warnings = Vec::new();
    let layout = lay_out(content, medium, &Fonts::new(None), &mut warnings).unwrap();
    (layout, warnings)
}

/// Where the codes are, quiet zones included.
fn code_places(layout: &Layout) -> Vec<Rect> {
    let place = |item: &Item| match item {
        Item::Bars { x, y, module, height, code } => {
            let quiet = QUIET as f32 * module;
            Some(Rect::new(x - quiet, *y, code.modules() as f32 * module + 2.0 * quiet, *height))
        }
        Item::Square { x, y, module, code } => {
            let quiet = code.quiet() as f32 * module;
            let side = code.side() as f32 * module + 2.0 * quiet;
            Some(Rect::new(x - quiet, y - quiet, side, side))
        }
        _ => None,
    };
    layout.items.iter().filter_map(place).collect()
}

fn is_apart(a: &Rect, b: &Rect) -> bool {
    a.right() <= b.x || b.right() <= a.x || a.bottom() <= b.y || b.bottom() <= a.y
}

fn assert_everything_is_on(layout: &Layout, margin: f32) {
    let sheet = Rect::new(0.0, 0.0, layout.width, layout.height);
    let is_inside = |place: &Rect, margin: f32| {
        let page = sheet.inset(margin - 0.05, margin - 0.05);
        place.x >= page.x && place.y >= page.y && place.right() <= page.right() && place.bottom() <= page.bottom()
    };
    for code in code_places(layout) {
        assert!(is_inside(&code, 0.0), "{code:?}");
        for text in texts(layout) {
            assert!(is_apart(&code, &text.area()), "{code:?} under {text:?}");
        }
    }
    for item in &layout.items {
        match item {
            Item::Fill(area, Ink::Black) => assert!(is_inside(area, margin), "{area:?}"),
            Item::Fill(area, Ink::White) => assert!(is_inside(area, 0.0), "{area:?}"),
            Item::Text(text) => assert!(is_inside(&text.area(), margin), "{text:?}"),
            Item::Bars { .. } | Item::Square { .. } => {}
        }
    }
}

#[test]
fn modules_are_whole_dots_and_as_wide_as_gs1_asks() {
    for medium in media() {
        let (layout, _) = laid_out(&content(), medium);
        for item in &layout.items {
            let (Item::Bars { module, x, .. } | Item::Square { module, x, .. }) = item else { continue };
            for length in [module * medium.dots_per_mm, x * medium.dots_per_mm] {
                assert!((length - length.round()).abs() < 0.001, "{length} dots");
            }
            match item {
                Item::Bars { module, height, .. } => assert!(*module >= 0.495 && *height >= 31.75, "{module}"),
                Item::Square { module, code, .. } => assert!(code.side() as f32 * module >= 20.0),
                _ => {}
            }
        }
    }
}

#[test]
fn a_long_tracking_number_warns_and_an_endless_one_is_refused() {
    let with = |length: usize| LabelContent { sscc: None, tracking_number: "aB".repeat(length / 2), ..content() };
    let (_, warnings) = laid_out(&with(10), Medium::PDF_100X150);
    assert_eq!(warnings, [""; 0]);
    let (_, warnings) = laid_out(&with(26), Medium::PDF_100X150);
    assert!(warnings[0].starts_with("barcode: "), "{warnings:?}");
    let refused = lay_out(&with(60), Medium::PDF_100X150, &Fonts::new(None), &mut Vec::new());
    assert!(matches!(refused.map(|_| ()), Err(DrawError::BarcodeTooLong { modules: 715, .. })));
}

#[test]
fn what_cannot_be_a_barcode_is_refused() {
    let refused = |content: LabelContent| {
        lay_out(&content, Medium::PDF_A6, &Fonts::new(None), &mut Vec::new()).map(|_| ()).unwrap_err().to_string()
    };
    let wrong_digit = LabelContent { sscc: Some("340123450000000019".into()), ..content() };
    assert!(refused(wrong_digit).starts_with("\"340123450000000019\" is no SSCC"));
    for number in ["", "12\n34", "Größe"] {
        let content = LabelContent { sscc: None, tracking_number: number.into(), ..content() };
        assert!(refused(content).starts_with("the tracking number"), "{number}");
    }
}

/// Any printable text, with the long and the odd among it.
fn any_text() -> impl Strategy<Value = String> {
    prop_oneof!["\\PC*", "\\PC{80,300}", "[A-Za-zÀ-ž ]{0,200}", "[W@]{0,120}", Just(String::new())]
}

prop_compose! {
    fn any_address()(parts in prop::collection::vec(prop::option::of(any_text()), 10)) -> Address {
        let mut parts = parts.into_iter();
        let mut next = || parts.next().flatten();
        Address {
            name: next(), company: next(), street1: next(), house_number: next(), street2: next(),
            po_box: next(), postal_code: next(), city: next(), country: next(), phone: next(),
            ..Address::default()
        }
    }
}

prop_compose! {
    fn any_content()(
        texts in prop::collection::vec(any_text(), 5), sender in any_address(), recipient in any_address(),
        milligrams in 1_u64.., number in any::<u32>(), count in any::<u32>(),
        has_sscc: bool, has_routing: bool, is_test: bool, is_matrix: bool, square in "\\PC{1,60}",
    ) -> LabelContent {
        LabelContent {
            carrier: texts[0].clone(), service: texts[1].clone(), sender, return_to: None, recipient,
            routing_code: has_routing.then(|| texts[2].clone()), reference: Some(texts[3].clone()),
            weight: Weight::from_milligrams(milligrams).unwrap(), parcel_number: number, parcel_count: count,
            tracking_number: if has_sscc { texts[4].clone() } else { "HF00123".into() },
            sscc: gs1::sscc("4012345", milligrams % 1000).filter(|_| has_sscc),
            matrix: if is_matrix { Matrix::DataMatrix(square) } else { Matrix::Qr(square) },
            collect: has_sscc.then(|| Money::new(Decimal::from(milligrams), Currency::new("EUR").unwrap())), is_test,
        }
    }
}

proptest! {
    #[test]
    fn whatever_is_written_stays_on_the_label(content in any_content(), medium in 0_usize..5) {
        let medium = media()[medium];
        let (layout, _) = laid_out(&content, medium);
        assert_everything_is_on(&layout, medium.margin);
    }

    #[test]
    fn a_name_loses_no_character_unsaid(name in "[A-Za-zÀ-ž ]{1,400}") {
        let recipient = Address { name: Some(name.clone()), ..content().recipient };
        let (layout, warnings) = laid_out(&LabelContent { recipient, ..content() }, Medium::PDF_100X150);
        let letters = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
        let drawn: String = texts(&layout).map(|text| letters(&text.text)).collect();
        prop_assert!(drawn.contains(&letters(&name)) || warnings.iter().any(|text| text.contains("recipient name")));
    }
}
