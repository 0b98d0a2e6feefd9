//! A commercial invoice: what goods to abroad are worth, for customs. A4, as many pages as it takes.

use domain::customs::Declaration;

use crate::customs_form::{gross_weight, kilograms, net_weight, tax_numbers};
use crate::drawing::Down;
use crate::font::{Fonts, Style};
use crate::layout::{Across, Ink, Layout, Rect};
use crate::merge::A4;
use crate::pdf::Document;
use crate::sheet::{BODY, Column, Page, SMALL, Sheet};
use crate::{DrawError, Drawn, Options};

const MARGIN: f32 = 18.0;
const PAGE: Page = Page { width: A4.0, height: A4.1, margin: MARGIN, bottom: A4.1 - 20.0, points: SMALL + 1.0 };
const WIDTH: f32 = PAGE.inner();

const fn column(x: f32, width: f32, across: Across, title: &'static str, field: &'static str) -> Column {
    Column { x: MARGIN + x, width, across, title, field }
}

const GOODS: Column = column(0.0, 62.0, Across::Left, "GOODS", "description");
const HS: Column = column(64.0, 25.0, Across::Left, "HS CODE", "tariff code");
const ORIGIN: Column = column(90.0, 12.0, Across::Left, "ORIGIN", "origin");
const PIECES: Column = column(103.0, 13.0, Across::Right, "PIECES", "quantity");
const EACH: Column = column(118.0, 26.0, Across::Right, "EACH", "value");
const TOTAL: Column = column(146.0, 28.0, Across::Right, "VALUE", "value");

/// Draws a commercial invoice as PDF.
///
/// # Errors
/// [`DrawError::Font`], when the fallback font cannot be embedded.
pub fn commercial_invoice(declaration: &Declaration, options: &Options) -> Result<Drawn, DrawError> {
    let fonts = Fonts::new(options.fallback_font.as_deref());
    let mut warnings = Vec::new();
    let pages = lay_out(declaration, &fonts, &mut warnings);
    let number = declaration.customs.invoice_number.as_deref().unwrap_or(&declaration.order_number);
    let mut document = Document::new(&fonts, &format!("Commercial invoice {number}"));
    for page in &pages {
        document.start_page(A4.0, A4.1);
        document.draw(page, 0.0, 0.0);
    }
    Ok(Drawn { bytes: document.finish()?, warnings })
}

fn lay_out(declaration: &Declaration, fonts: &Fonts<'_>, warnings: &mut Vec<String>) -> Vec<Layout> {
    let mut sheet = Sheet::new(PAGE, fonts, warnings);
    let number = declaration.customs.invoice_number.as_ref().unwrap_or(&declaration.order_number);
    sheet.running = ("invoice number", format!("Commercial invoice · {number}"));
    head(&mut sheet, declaration, number);
    sheet.start_table(&[GOODS, HS, ORIGIN, PIECES, EACH, TOTAL]);
    for line in &declaration.lines {
        let what = match &line.material {
            Some(material) => format!("{}, {material}", line.description),
            None => line.description.clone(),
        };
        let each = line.unit_value.map(|value| value.to_string()).unwrap_or_default();
        let (pieces, value) = (line.quantity.to_string(), line.value.to_string());
        sheet.row([
            (GOODS, &what, Style::Regular),
            (HS, line.hs_code.as_deref().unwrap_or_default(), Style::Regular),
            (ORIGIN, line.origin.as_deref().unwrap_or_default(), Style::Regular),
            (PIECES, &pieces, Style::Regular),
            (EACH, &each, Style::Regular),
            (TOTAL, &value, Style::Regular),
        ]);
    }
    let pieces = declaration.lines.iter().map(|line| u128::from(line.quantity)).sum::<u128>().to_string();
    let total = declaration.total.to_string();
    sheet.row([(GOODS, "Total", Style::Bold), (PIECES, &pieces, Style::Bold), (TOTAL, &total, Style::Bold)]);
    foot(&mut sheet, declaration);
    sheet.finish()
}

fn head(sheet: &mut Sheet<'_>, declaration: &Declaration, number: &str) {
    let title = Rect::new(MARGIN, sheet.y, WIDTH, 11.0);
    sheet.drawing.caption(title, Across::Left, Ink::Black, "Commercial invoice", Style::Bold, 24.0);
    sheet.y += 14.0;
    sheet.rule(0.6);
    sheet.y += 4.0;
    let third = WIDTH / 3.0;
    let mut used = 0.0_f32;
    let sides = [("SELLER", "sender", &declaration.sender), ("BUYER", "recipient", &declaration.recipient)];
    for (index, (title, field, address)) in sides.into_iter().enumerate() {
        let place = Rect::new(MARGIN + index as f32 * third, sheet.y, third - 5.0, 48.0);
        let mut lines = vec![sheet.label(title)];
        let mut parts = address.lines();
        parts.extend(address.phone.iter().cloned());
        parts.extend(address.email.iter().cloned());
        lines.extend(sheet.address(field, &parts, BODY));
        used = used.max(sheet.drawing.block(place, Across::Left, Down::Top, Ink::Black, &lines));
    }
    let purpose = declaration.customs.shipment_type.as_deref().map(|code| code.replace('_', " "));
    let facts = [
        ("INVOICE", "invoice number", Some(number.to_owned())),
        ("ORDER", "order number", Some(declaration.order_number.clone())),
        ("DAY", "day", Some(declaration.day.clone())),
        ("REASON FOR EXPORT", "reason", purpose),
    ];
    let mut groups = Vec::new();
    for (title, field, text) in facts {
        if let Some(text) = text {
            groups.push(vec![sheet.label(title), sheet.drawing.paragraph(field, &text, Style::Bold, BODY)]);
        }
    }
    let place = Rect::new(MARGIN + 2.0 * third, sheet.y, third, 48.0);
    used = used.max(sheet.groups(place, &groups));
    sheet.y += used + 7.0;
}

fn foot(sheet: &mut Sheet<'_>, declaration: &Declaration) {
    sheet.y += 5.0;
    sheet.end_table(46.0);
    let mut facts = vec![gross_weight(declaration)];
    facts.extend(net_weight(&declaration.lines).map(|weight| format!("Net weight {} kg", kilograms(weight))));
    if !declaration.tracking_numbers.is_empty() {
        facts.push(format!("Parcels {}", declaration.tracking_numbers.join(", ")));
    }
    facts.extend(tax_numbers(declaration));
    let lines: Vec<_> =
        facts.iter().map(|fact| sheet.drawing.paragraph("fact", fact, Style::Regular, SMALL + 1.0)).collect();
    let place = Rect::new(MARGIN, sheet.y, WIDTH, 28.0);
    sheet.y += sheet.drawing.block(place, Across::Left, Down::Top, Ink::Black, &lines) + 4.0;
    let text = "Value for customs. The seller declares that the information on this invoice is true and complete.";
    let place = Rect::new(MARGIN, sheet.y, WIDTH, 5.0);
    let text = sheet.drawing.paragraph("", text, Style::Regular, SMALL);
    sheet.drawing.block(place, Across::Left, Down::Top, Ink::Black, &[text]);
    let line = (sheet.y + 16.0).min(PAGE.bottom - 4.0);
    sheet.drawing.rule(MARGIN, line, WIDTH / 2.0, 0.3);
    let place = Rect::new(MARGIN, line + 0.5, WIDTH / 2.0, 3.5);
    sheet.drawing.caption(place, Across::Left, Ink::Black, "DATE AND SIGNATURE", Style::Regular, 7.0);
}
