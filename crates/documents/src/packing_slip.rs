//! A packing slip: what is inside, for the one who opens the box. A4, as many pages as it takes.

use domain::document::{PackingLine, PackingSlip};

use crate::drawing::Down;
use crate::fit::wrap;
use crate::font::{Fonts, Style};
use crate::layout::{Across, Ink, Layout, Rect};
use crate::merge::A4;
use crate::pdf::Document;
use crate::sheet::{BODY, Column, Page, SMALL, Sheet};
use crate::{DrawError, Drawn, Options};

const MARGIN: f32 = 18.0;
const PAGE: Page = Page { width: A4.0, height: A4.1, margin: MARGIN, bottom: A4.1 - 20.0, points: BODY };
const WIDTH: f32 = PAGE.inner();

const fn column(x: f32, width: f32, across: Across, title: &'static str, field: &'static str) -> Column {
    Column { x: MARGIN + x, width, across, title, field }
}

const SKU: Column = column(0.0, 38.0, Across::Left, "SKU", "SKU");
const NAME: Column = column(42.0, 88.0, Across::Left, "ARTICLE", "article");
const ORDERED: Column = column(134.0, 18.0, Across::Right, "ORDERED", "article");
const PACKED: Column = column(156.0, 18.0, Across::Right, "PACKED", "article");

const PARCEL: Column = column(0.0, 38.0, Across::Left, "PARCEL", "parcel");
const SERVICE: Column = column(42.0, 88.0, Across::Left, "SERVICE AND TRACKING NUMBER", "article");

/// So many parcels are named beside the address; more get a table of their own.
const PARCELS_IN_HEAD: usize = 3;

/// Draws a packing slip as PDF. Long tables go on over pages, each with its head and "page n of m".
///
/// # Errors
/// [`DrawError::Font`], when the fallback font cannot be embedded.
pub fn packing_slip(slip: &PackingSlip, options: &Options) -> Result<Drawn, DrawError> {
    let fonts = Fonts::new(options.fallback_font.as_deref());
    let mut warnings = Vec::new();
    let pages = lay_out(slip, &fonts, &mut warnings);
    let mut document = Document::new(&fonts, &format!("Packing slip {}", slip.order_number));
    for page in &pages {
        document.start_page(A4.0, A4.1);
        document.draw(page, 0.0, 0.0);
    }
    Ok(Drawn { bytes: document.finish()?, warnings })
}

/// The pages in order.
pub(crate) fn lay_out(slip: &PackingSlip, fonts: &Fonts<'_>, warnings: &mut Vec<String>) -> Vec<Layout> {
    let mut sheet = Sheet::new(PAGE, fonts, warnings);
    let number = sheet.drawing.paragraph("order number", &slip.order_number, Style::Bold, BODY).text;
    sheet.running = ("order number", format!("Packing slip · Order {number}"));
    head(&mut sheet, slip);
    sheet.start_table(&[SKU, NAME, ORDERED, PACKED]);
    for line in &slip.lines {
        let (ordered, quantity) = (line.ordered.to_string(), line.quantity.to_string());
        sheet.row([
            (SKU, line.sku.as_deref().unwrap_or(""), Style::Regular),
            (NAME, &line.name, Style::Regular),
            (ORDERED, &ordered, Style::Regular),
            (PACKED, &quantity, Style::Bold),
        ]);
    }
    let pieces = |count: fn(&PackingLine) -> u64| slip.lines.iter().map(|line| u128::from(count(line))).sum::<u128>();
    let total = (pieces(|line| line.ordered).to_string(), pieces(|line| line.quantity).to_string());
    sheet.row([
        (SKU, "", Style::Bold),
        (NAME, "Pieces in all", Style::Bold),
        (ORDERED, &total.0, Style::Regular),
        (PACKED, &total.1, Style::Bold),
    ]);
    if slip.parcels.len() > PARCELS_IN_HEAD {
        sheet.y += 6.0;
        sheet.start_table(&[PARCEL, SERVICE]);
        for (index, (service, tracking)) in slip.parcels.iter().enumerate() {
            let number = format!("{} / {}", index + 1, slip.parcels.len());
            sheet
                .row([(PARCEL, &number, Style::Regular), (SERVICE, &format!("{service}, {tracking}"), Style::Regular)]);
        }
    }
    if let Some(text) = &slip.notes {
        notes(&mut sheet, text);
    }
    sheet.finish()
}

fn head(sheet: &mut Sheet<'_>, slip: &PackingSlip) {
    let title = Rect::new(MARGIN, sheet.y, WIDTH / 2.0, 11.0);
    sheet.drawing.caption(title, Across::Left, Ink::Black, "Packing slip", Style::Bold, 24.0);
    let sender = sheet.address("sender", &slip.sender.lines(), SMALL + 0.5);
    let place = Rect::new(MARGIN + WIDTH / 2.0, sheet.y, WIDTH / 2.0, 30.0);
    let used = sheet.drawing.block(place, Across::Right, Down::Top, Ink::Black, &sender);
    sheet.y += used.max(13.0) + 4.0;
    sheet.rule(0.6);
    sheet.y += 4.0;

    let left = Rect::new(MARGIN, sheet.y, WIDTH * 0.5 - 6.0, 48.0);
    let right = Rect::new(MARGIN + WIDTH * 0.5, sheet.y, WIDTH * 0.5, 48.0);
    let mut recipient = vec![sheet.label("SHIP TO")];
    recipient.extend(sheet.address("recipient", &slip.recipient.lines(), 11.0));
    let used_left = sheet.drawing.block(left, Across::Left, Down::Top, Ink::Black, &recipient);

    let number = sheet.drawing.paragraph("order number", &slip.order_number, Style::Bold, 13.0);
    let mut groups = vec![vec![sheet.label("ORDER"), number]];
    if let Some(placed) = &slip.placed {
        let day = sheet.drawing.paragraph("day of the order", placed, Style::Regular, BODY);
        groups.push(vec![sheet.label("PLACED"), day]);
    }
    if (1..=PARCELS_IN_HEAD).contains(&slip.parcels.len()) {
        let mut group = vec![sheet.label("SHIPPED BY")];
        for (service, tracking) in &slip.parcels {
            group.push(sheet.drawing.paragraph("service", service, Style::Regular, BODY));
            group.push(sheet.drawing.paragraph("tracking number", tracking, Style::Bold, BODY));
        }
        groups.push(group);
    }
    let used_right = sheet.groups(right, &groups);
    sheet.y += used_left.max(used_right) + 7.0;
}

/// The shop's note, its own line breaks kept.
fn notes(sheet: &mut Sheet<'_>, notes: &str) {
    sheet.y += 6.0;
    sheet.end_table(14.0);
    let place = Rect::new(MARGIN, sheet.y, WIDTH, 5.0);
    sheet.drawing.caption(place, Across::Left, Ink::Black, "NOTE", Style::Bold, 7.0);
    sheet.y += 5.5;
    for text in notes.lines() {
        let paragraph = sheet.drawing.paragraph("note", text, Style::Regular, BODY);
        for line in wrap(sheet.drawing.fonts, &paragraph, BODY, WIDTH, true).unwrap_or_default() {
            if sheet.y + line.height() > PAGE.bottom {
                sheet.next_page();
            }
            let place = Rect::new(MARGIN, sheet.y, WIDTH, line.height());
            sheet.y += line.height();
            sheet.drawing.lines(place, Across::Left, Down::Top, Ink::Black, vec![line]);
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::address::Address;
    use proptest::prelude::*;

    use super::*;
    use crate::layout::Item;

    fn texts(page: &Layout) -> Vec<&str> {
        fn text(item: &Item) -> Option<&str> {
            match item {
                Item::Text(text) => Some(text.text.as_str()),
                _ => None,
            }
        }
        page.items.iter().filter_map(text).collect()
    }

    fn slip(names: Vec<String>) -> PackingSlip {
        let lines = names.into_iter().map(|name| PackingLine { sku: None, name, quantity: 1, ordered: 2 }).collect();
        PackingSlip {
            sender: Address { company: Some("Acme".into()), ..Address::default() },
            recipient: Address { name: Some("Ada".into()), ..Address::default() },
            order_number: "4711".into(),
            placed: None,
            parcels: vec![("Standard".into(), "HF1".into())],
            lines,
            notes: None,
        }
    }

    #[test]
    fn a_long_table_goes_on_with_its_head_and_page_numbers() {
        let slip = slip((1..=100).map(|number| format!("Article {number}")).collect());
        let pages = lay_out(&slip, &Fonts::new(None), &mut Vec::new());
        assert_eq!(pages.len(), 3);
        for (index, page) in pages.iter().enumerate() {
            let texts = texts(page);
            assert!(texts.contains(&"ARTICLE") && texts.contains(&format!("Page {} of 3", index + 1).as_str()));
        }
        assert!(texts(&pages[1]).contains(&"Packing slip · Order 4711"));
        let all: Vec<_> = pages.iter().flat_map(texts).collect();
        assert!((1..=100).all(|number| all.contains(&format!("Article {number}").as_str())));
        assert!(all.contains(&"200"), "pieces ordered in all");
    }

    #[test]
    fn many_parcels_get_a_table() {
        let mut slip = slip(vec!["Mug".into()]);
        slip.parcels = (1..=40).map(|number| ("Standard".into(), format!("HF{number}"))).collect();
        let pages = lay_out(&slip, &Fonts::new(None), &mut Vec::new());
        let all: Vec<_> = pages.iter().flat_map(texts).collect();
        assert!((1..=40).all(|number| all.contains(&format!("Standard, HF{number}").as_str())));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn whatever_is_packed_stays_on_the_page(
            names in prop::collection::vec(prop_oneof!["\\PC{0,40}", "\\PC{500,3000}"], 0..12),
            notes in prop::option::of("(?s).{0,2000}"), number in "\\PC{0,200}",
        ) {
            let slip = PackingSlip { notes, order_number: number, ..slip(names) };
            for page in lay_out(&slip, &Fonts::new(None), &mut Vec::new()) {
                for item in &page.items {
                    let place = match item {
                        Item::Fill(area, _) => *area,
                        Item::Text(text) => text.area(),
                        _ => continue,
                    };
                    prop_assert!(place.x >= MARGIN - 0.1 && place.right() <= A4.0 - MARGIN + 0.1, "{item:?}");
                    prop_assert!(place.y >= MARGIN - 0.1 && place.bottom() <= A4.1 - 9.0, "{item:?}");
                }
            }
        }
    }
}
