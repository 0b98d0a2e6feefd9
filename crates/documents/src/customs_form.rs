//! Customs forms of the posts: CN 22 on a label's roll, CN 23 on A5 across, with as many pages as the goods take.
//!
//! Fields as in the Universal Postal Union's Convention Manual, forms CN 22 and CN 23.

use domain::customs::{CustomsForm, Declaration, DeclaredLine};
use domain::measure::Weight;

use crate::drawing::Down;
use crate::font::{Fonts, Style};
use crate::layout::{Across, Ink, Layout, Rect};
use crate::pdf::Document;
use crate::sheet::{BODY, Column, Page, SMALL, Sheet, TINY};
use crate::{DrawError, Drawn, Options};

fn title_of(form: CustomsForm) -> &'static str {
    match form {
        CustomsForm::Cn22 => "CN 22",
        CustomsForm::Cn23 => "CN 23",
    }
}

fn page_of(form: CustomsForm) -> Page {
    match form {
        CustomsForm::Cn22 => Page { width: 100.0, height: 150.0, margin: 5.0, bottom: 139.0, points: SMALL },
        CustomsForm::Cn23 => Page { width: 210.0, height: 148.0, margin: 8.0, bottom: 136.0, points: SMALL },
    }
}

/// Draws a customs form as PDF.
///
/// # Errors
/// [`DrawError::Font`], when the fallback font cannot be embedded.
pub fn customs_form(form: CustomsForm, declaration: &Declaration, options: &Options) -> Result<Drawn, DrawError> {
    let fonts = Fonts::new(options.fallback_font.as_deref());
    let mut warnings = Vec::new();
    let pages = lay_out(form, declaration, &fonts, &mut warnings);
    let title = format!("{} {}", title_of(form), declaration.order_number);
    let mut document = Document::new(&fonts, &title);
    for page in &pages {
        document.start_page(page.width, page.height);
        document.draw(page, 0.0, 0.0);
    }
    Ok(Drawn { bytes: document.finish()?, warnings })
}

/// Kilograms with three decimals.
pub(crate) fn kilograms(weight: Weight) -> String {
    format!("{:.3}", weight.kilograms())
}

/// The goods' weight, if that of every piece is known.
pub(crate) fn net_weight(lines: &[DeclaredLine]) -> Option<Weight> {
    let sum = lines.iter().try_fold(0_u64, |sum, line| sum.checked_add(line.net_weight?.milligrams()))?;
    Weight::from_milligrams(sum)
}

fn lay_out(form: CustomsForm, declaration: &Declaration, fonts: &Fonts<'_>, warnings: &mut Vec<String>) -> Vec<Layout> {
    let mut sheet = Sheet::new(page_of(form), fonts, warnings);
    let number = declaration.tracking_numbers.first().unwrap_or(&declaration.order_number);
    let running = format!("Customs declaration {} · {number}", title_of(form));
    sheet.running = ("tracking number", running);
    head(&mut sheet, form, number);
    match form {
        CustomsForm::Cn22 => purpose(&mut sheet, declaration),
        CustomsForm::Cn23 => parties(&mut sheet, declaration),
    }
    goods(&mut sheet, form, declaration);
    sheet.y += 2.0;
    sheet.end_table(38.0);
    if form == CustomsForm::Cn23 {
        purpose(&mut sheet, declaration);
    }
    references(&mut sheet, declaration);
    signature(&mut sheet, form, declaration);
    sheet.finish()
}

fn head(sheet: &mut Sheet<'_>, form: CustomsForm, number: &str) {
    let (margin, width) = (sheet.page.margin, sheet.page.inner());
    let place = Rect::new(margin, sheet.y, width, 8.0);
    sheet.drawing.caption(place, Across::Left, Ink::Black, "CUSTOMS DECLARATION", Style::Bold, 13.0);
    sheet.drawing.caption(place, Across::Right, Ink::Black, title_of(form), Style::Bold, 16.0);
    sheet.y += 8.5;
    let place = Rect::new(margin, sheet.y, width, 6.0);
    let number = sheet.drawing.paragraph("tracking number", number, Style::Bold, BODY);
    sheet.drawing.block(place, Across::Right, Down::Top, Ink::Black, &[number]);
    let place = Rect::new(margin, sheet.y, width, 4.5);
    sheet.drawing.caption(place, Across::Left, Ink::Black, "May be opened officially", Style::Regular, SMALL);
    sheet.y += 6.0;
    sheet.rule(0.6);
    sheet.y += 2.0;
}

/// From and to, side by side.
fn parties(sheet: &mut Sheet<'_>, declaration: &Declaration) {
    let (margin, half) = (sheet.page.margin, sheet.page.inner() / 2.0);
    let mut used = 0.0_f32;
    let sides = [("FROM", "sender", &declaration.sender), ("TO", "recipient", &declaration.recipient)];
    for (index, (title, field, address)) in sides.into_iter().enumerate() {
        let place = Rect::new(margin + index as f32 * half, sheet.y, half - 4.0, 34.0);
        let mut lines = vec![sheet.label(title)];
        let mut parts = address.lines();
        parts.extend(address.phone.iter().map(|phone| format!("Phone {phone}")));
        parts.extend(address.email.iter().cloned());
        lines.extend(sheet.address(field, &parts, SMALL + 0.5));
        used = used.max(sheet.drawing.block(place, Across::Left, Down::Top, Ink::Black, &lines));
    }
    sheet.y += used + 2.0;
    sheet.rule(0.3);
    sheet.y += 1.0;
}

/// Why the goods travel: one of the boxes is ticked, none when nobody said.
fn purpose(sheet: &mut Sheet<'_>, declaration: &Declaration) {
    const PURPOSES: [(&str, &str); 5] = [
        ("gift", "Gift"),
        ("documents", "Documents"),
        ("commercial_sample", "Commercial sample"),
        ("returned_goods", "Returned goods"),
        ("commercial_goods", "Sale of goods"),
    ];
    let (margin, width) = (sheet.page.margin, sheet.page.inner());
    let columns: usize = if width > 120.0 { 5 } else { 2 };
    let step = width / columns as f32;
    let said = declaration.customs.shipment_type.as_deref();
    for (index, (code, words)) in PURPOSES.into_iter().enumerate() {
        let x = margin + (index % columns) as f32 * step;
        let y = sheet.y + (index / columns) as f32 * 5.0;
        tick(sheet, x, y + 0.7, said == Some(code));
        let place = Rect::new(x + 4.6, y, step - 5.0, 4.4);
        sheet.drawing.caption(place, Across::Left, Ink::Black, words, Style::Regular, SMALL);
    }
    sheet.y += PURPOSES.len().div_ceil(columns) as f32 * 5.0 + 1.5;
    sheet.rule(0.3);
    sheet.y += 1.0;
}

/// A box of 3 mm, with a cross when it is meant.
fn tick(sheet: &mut Sheet<'_>, x: f32, y: f32, is_meant: bool) {
    sheet.drawing.fill(Rect::new(x, y, 3.0, 3.0), Ink::Black);
    sheet.drawing.fill(Rect::new(x + 0.25, y + 0.25, 2.5, 2.5), Ink::White);
    if is_meant {
        sheet.drawing.caption(Rect::new(x, y, 3.0, 3.0), Across::Centre, Ink::Black, "X", Style::Bold, SMALL);
    }
}

fn goods(sheet: &mut Sheet<'_>, form: CustomsForm, declaration: &Declaration) {
    let left = sheet.page.margin;
    let column = |x, width, across, title, field| Column { x: left + x, width, across, title, field };
    let is_long = form == CustomsForm::Cn23;
    let widths: [(f32, f32); 6] = if is_long {
        [(0.0, 76.0), (78.0, 14.0), (94.0, 24.0), (119.0, 30.0), (154.0, 25.0), (180.0, 14.0)]
    } else {
        [(0.0, 32.0), (33.0, 8.0), (42.0, 12.0), (54.5, 16.5), (73.5, 10.5), (85.0, 5.0)]
    };
    let titles = if is_long {
        ["DETAILED DESCRIPTION OF CONTENTS", "QUANTITY", "NET WEIGHT, KG", "VALUE", "HS TARIFF NUMBER", "ORIGIN"]
    } else {
        ["CONTENTS", "QTY", "NET KG", "VALUE", "HS NO.", "OR."]
    };
    let fields = ["description", "quantity", "weight", "value", "tariff code", "origin"];
    let across = [Across::Left, Across::Right, Across::Right, Across::Right, Across::Left, Across::Left];
    let columns: [Column; 6] =
        std::array::from_fn(|i| column(widths[i].0, widths[i].1, across[i], titles[i], fields[i]));
    sheet.start_table(&columns);
    for line in &declaration.lines {
        let what = match &line.material {
            Some(material) => format!("{}, {material}", line.description),
            None => line.description.clone(),
        };
        let texts = [
            what,
            line.quantity.to_string(),
            line.net_weight.map(kilograms).unwrap_or_default(),
            line.value.to_string(),
            line.hs_code.clone().unwrap_or_default(),
            line.origin.clone().unwrap_or_default(),
        ];
        sheet.row::<6>(std::array::from_fn(|i| (columns[i], texts[i].as_str(), Style::Regular)));
    }
    let pieces = declaration.lines.iter().map(|line| u128::from(line.quantity)).sum::<u128>().to_string();
    let net = net_weight(&declaration.lines).map(kilograms).unwrap_or_default();
    let total = declaration.total.to_string();
    let texts = ["Total", &pieces, &net, &total, "", ""];
    sheet.row::<6>(std::array::from_fn(|i| (columns[i], texts[i], Style::Bold)));
}

/// Weight with the packing, invoice and tax numbers.
fn references(sheet: &mut Sheet<'_>, declaration: &Declaration) {
    let mut parts = vec![gross_weight(declaration), format!("Order {}", declaration.order_number)];
    parts.extend(declaration.customs.invoice_number.iter().map(|number| format!("Invoice {number}")));
    parts.extend(tax_numbers(declaration));
    let place = Rect::new(sheet.page.margin, sheet.y, sheet.page.inner(), 9.0);
    let text = sheet.drawing.paragraph("references", &parts.join(" · "), Style::Regular, SMALL);
    sheet.y += sheet.drawing.block(place, Across::Left, Down::Top, Ink::Black, &[text]) + 1.0;
}

/// The weight with the packing, and whether somebody guessed it.
pub(crate) fn gross_weight(declaration: &Declaration) -> String {
    let assumed = if declaration.weight_is_assumed { " (assumed)" } else { "" };
    format!("Gross weight {} kg{assumed}", kilograms(declaration.gross_weight))
}

/// Every tax number with whose it is: `Sender EORI DE123`.
pub(crate) fn tax_numbers(declaration: &Declaration) -> Vec<String> {
    let Some(numbers) = &declaration.customs.tax_numbers else { return Vec::new() };
    let owners =
        [("Sender", &numbers.sender), ("Recipient", &numbers.receiver), ("Importer", &numbers.importer_of_record)];
    let mut told = Vec::new();
    for (owner, numbers) in owners {
        for number in numbers.iter().flatten() {
            let (name, value) = (number.name.as_deref().unwrap_or("tax number"), number.value.as_deref());
            told.extend(value.map(|value| format!("{owner} {name} {value}")));
        }
    }
    told
}

fn signature(sheet: &mut Sheet<'_>, form: CustomsForm, declaration: &Declaration) {
    let (margin, width) = (sheet.page.margin, sheet.page.inner());
    let text = "I certify that what is declared here is complete and correct, and that nothing inside is dangerous or \
                forbidden by law or by the rules of posts and customs.";
    let place = Rect::new(margin, sheet.y + 1.0, width, 12.0);
    let text = sheet.drawing.paragraph("", text, Style::Regular, TINY);
    sheet.y += sheet.drawing.block(place, Across::Left, Down::Top, Ink::Black, &[text]) + 2.0;
    let line = (sheet.y + 8.0).min(sheet.page.bottom);
    let name = declaration.sender.company.as_deref().or(declaration.sender.name.as_deref()).unwrap_or_default();
    let day = format!("{}  {name}", declaration.day);
    let room = if form == CustomsForm::Cn23 { width / 2.0 } else { width };
    let place = Rect::new(margin, line - 5.0, room, 5.0);
    let day = sheet.drawing.paragraph("sender", &day, Style::Regular, SMALL);
    sheet.drawing.block(place, Across::Left, Down::Middle, Ink::Black, &[day]);
    sheet.drawing.rule(margin, line, room, 0.3);
    let place = Rect::new(margin, line + 0.5, room, 3.5);
    sheet.drawing.caption(place, Across::Left, Ink::Black, "DATE AND SENDER'S SIGNATURE", Style::Regular, TINY);
}

#[cfg(test)]
mod tests {
    use domain::address::Address;
    use domain::customs::Customs;
    use domain::money::{Currency, Decimal, Money};
    use proptest::prelude::*;

    use super::*;
    use crate::layout::Item;

    fn declaration(lines: Vec<(String, u64)>, customs: Customs) -> Declaration {
        let chf = Currency::new("CHF").unwrap();
        let line = |(description, quantity): (String, u64)| DeclaredLine {
            description,
            quantity,
            unit_value: None,
            value: Money::new(Decimal::from(quantity), chf),
            net_weight: Weight::from_milligrams(quantity),
            hs_code: Some("6301.20".into()),
            origin: Some("PT".into()),
            material: Some("wool".into()),
        };
        let lines: Vec<_> = lines.into_iter().map(line).collect();
        let total = lines.iter().map(|line| line.value.amount).sum();
        Declaration {
            sender: Address { company: Some("Acme".into()), ..Address::default() },
            recipient: Address { name: Some("Ada".into()), ..Address::default() },
            order_number: "4711".into(),
            tracking_numbers: vec!["HF1".into()],
            lines,
            total: Money::new(total, chf),
            gross_weight: Weight::from_milligrams(1_234_000).unwrap(),
            weight_is_assumed: true,
            customs,
            day: "2026-03-02".into(),
        }
    }

    fn texts(pages: &[Layout]) -> Vec<String> {
        let text = |item: &Item| if let Item::Text(text) = item { Some(text.text.clone()) } else { None };
        pages.iter().flat_map(|page| page.items.iter().filter_map(text)).collect()
    }

    #[test]
    fn a_form_says_what_is_inside_and_guesses_no_purpose() {
        let goods = vec![("Blanket".to_owned(), 2), ("Mug".to_owned(), 1)];
        for form in [CustomsForm::Cn22, CustomsForm::Cn23] {
            let pages = lay_out(form, &declaration(goods.clone(), Customs::default()), &Fonts::new(None), &mut vec![]);
            let all = texts(&pages).join("|");
            for said in ["Blanket, wool|2|0.000|2 CHF|6301.20|PT", "Total|3|0.000|3 CHF", "1.234 kg (assumed)", "HF1"] {
                assert!(all.contains(said), "{said} in {all}");
            }
            assert!(!texts(&pages).contains(&"X".to_owned()), "no purpose was said");
            let gift = Customs { shipment_type: Some("gift".into()), ..Customs::default() };
            let pages = lay_out(form, &declaration(goods.clone(), gift), &Fonts::new(None), &mut vec![]);
            assert_eq!(texts(&pages).iter().filter(|text| *text == "X").count(), 1);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn whatever_is_declared_stays_on_the_page(
            lines in prop::collection::vec((prop_oneof!["\\PC{0,40}", "\\PC{300,900}"], 1..1_000_000_u64), 1..25),
            is_long in any::<bool>(),
        ) {
            let form = if is_long { CustomsForm::Cn23 } else { CustomsForm::Cn22 };
            let declared = declaration(lines, Customs::default());
            let (page, pages) = (page_of(form), lay_out(form, &declared, &Fonts::new(None), &mut vec![]));
            for item in pages.iter().flat_map(|page| &page.items) {
                let place = match item {
                    Item::Fill(area, _) => *area,
                    Item::Text(text) => text.area(),
                    _ => continue,
                };
                prop_assert!(place.x >= page.margin - 0.1 && place.right() <= page.width - page.margin + 0.1, "{item:?}");
                prop_assert!(place.y >= page.margin - 0.1 && place.bottom() <= page.height - 1.0, "{item:?}");
            }
        }
    }
}
