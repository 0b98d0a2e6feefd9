//! A label: what a shipper sticks on a parcel. Carrier and service on top, then sender, recipient, routing and facts
//! beside the square code, and the long barcode below.

use domain::address::Address;
use domain::document::LabelContent;
use domain::gs1;

use crate::DrawError;
use crate::barcode::{Code128, Square};
use crate::drawing::{Down, Drawing};
use crate::font::{Fonts, Style};
use crate::layout::{Across, Ink, Item, Layout, Rect};

/// Modules of the long barcode are at least this wide, in millimetres (3 dots at 203 dpi), else there is a warning.
pub const GOOD_MODULE_MM: f32 = 0.375;

/// Thinner modules than this, in millimetres (2 dots at 203 dpi), are refused.
pub const FINEST_MODULE_MM: f32 = 0.25;

/// Modules are not made wider than this. An SSCC's come out at about 0.5 mm: GS1 General Specifications, section
/// 5.12.3, asks for 0.495 mm at least on logistic labels.
const WIDEST_MODULE: f32 = 0.545;

/// Height of the bars: GS1 asks for 31.75 mm on logistic labels.
const BAR_HEIGHT: f32 = 32.0;

/// White modules on both sides of a Code 128.
const QUIET: usize = 10;

/// The square the QR code or DataMatrix gets, quiet zone included.
const SQUARE: f32 = 31.0;

/// The most dots `^BQ` makes of a QR module on every printer; other media are held to it at 300 dpi and below so that
/// a label looks the same everywhere.
const MOST_DOTS: f32 = 10.0;

/// What a label is drawn for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Medium {
    pub(crate) width: f32,
    pub(crate) height: f32,
    /// Kept free on all sides.
    pub(crate) margin: f32,
    /// Modules are whole dots of this.
    pub(crate) dots_per_mm: f32,
}

/// PDF modules are eighths of a millimetre, which are whole dots of a 203 dpi printer.
const PDF_DOTS_PER_MM: f32 = 8.0;

impl Medium {
    /// 100 × 150 mm as PDF.
    pub(crate) const PDF_100X150: Self =
        Self { width: 100.0, height: 150.0, margin: 3.0, dots_per_mm: PDF_DOTS_PER_MM };

    /// A6 as PDF; also a quarter of A4, where desk printers need the wider margin.
    pub(crate) const PDF_A6: Self = Self { width: 105.0, height: 148.0, margin: 5.0, dots_per_mm: PDF_DOTS_PER_MM };

    /// A whole sheet of A4.
    pub(crate) const PDF_A4: Self = Self { width: 210.0, height: 297.0, margin: 18.0, ..Self::PDF_A6 };

    /// 100 × 150 mm in dots.
    pub(crate) fn printer(dots_per_mm: f64) -> Self {
        Self { dots_per_mm: dots_per_mm as f32, ..Self::PDF_100X150 }
    }
}

const THICK: f32 = 0.75;
const THIN: f32 = 0.25;

/// Width of the column that holds FROM and TO.
const TAGS: f32 = 12.0;

/// Lays out one label.
pub(crate) fn lay_out(
    content: &LabelContent,
    medium: Medium,
    fonts: &Fonts<'_>,
    warnings: &mut Vec<String>,
) -> Result<Layout, DrawError> {
    let mut drawing = Drawing::new(medium.width, medium.height, fonts, warnings);
    let page = Rect::new(0.0, 0.0, medium.width, medium.height).inset(medium.margin, medium.margin);

    // From the top: carrier, sender; from the bottom: barcode, square code. The recipient gets what is between.
    let top = Rect { height: 13.0, ..page };
    let sender = Rect { y: top.bottom() + 2.0, height: 10.5, ..page };
    let codes_height = BAR_HEIGHT + 13.0;
    let codes = Rect { y: page.bottom() - codes_height, height: codes_height, ..page };
    let middle = Rect { y: codes.y - 1.5 - SQUARE, height: SQUARE, ..page };
    let recipient_top = sender.bottom() + 2.0;
    let recipient = Rect { y: recipient_top, height: middle.y - 1.0 - recipient_top, ..page };

    // Across all that is read by people; the codes stay clear of it.
    let readable = Rect { height: codes.y - page.y, ..page };
    drawing.layout.watermark = content.is_test.then(|| readable.inset(1.0, 1.0));

    head(&mut drawing, top, content);
    drawing.rule(page.x, top.bottom() + 1.0, page.width, THICK);
    sender_block(&mut drawing, sender, &content.sender, content.return_to.as_ref());
    drawing.rule(page.x, sender.bottom() + 1.0, page.width, THICK);
    recipient_block(&mut drawing, recipient, &content.recipient);
    drawing.rule(page.x, middle.y - 0.4, page.width, THICK);
    drawing.rule(page.x, middle.bottom() + 0.4, page.width, THICK);

    let square = Rect { x: page.right() - SQUARE, width: SQUARE, ..middle };
    let mut facts = Rect { width: square.x - page.x - 1.0, ..middle };
    square_code(&mut drawing, square, content, medium)?;
    if let Some(collect) = content.collect {
        let band = Rect { height: 8.0, width: facts.width + 0.5, ..facts };
        drawing.fill(band, Ink::Black);
        let text = drawing.paragraph("sum on delivery", &format!("COLLECT {collect}"), Style::Bold, 16.0);
        drawing.block(band.inset(1.0, 0.3), Across::Centre, Down::Middle, Ink::White, &[text]);
        facts = Rect { y: band.bottom() + 0.4, height: facts.bottom() - band.bottom() - 0.4, ..facts };
    }
    routing_and_facts(&mut drawing, facts, content);
    drawing.upright(square.x - 0.5, middle.y, middle.height, THIN);

    long_code(&mut drawing, codes, content, medium)?;
    Ok(drawing.layout)
}

fn head(drawing: &mut Drawing<'_>, area: Rect, content: &LabelContent) {
    let half = area.width / 2.0;
    let band = Rect { x: area.x + half, width: half, ..area };
    drawing.fill(band, Ink::Black);
    let carrier = drawing.paragraph("carrier", &content.carrier, Style::Bold, 24.0);
    let place = Rect { width: half - 2.0, ..area };
    drawing.block(place, Across::Left, Down::Middle, Ink::Black, &[carrier]);
    let service = drawing.paragraph("service", &content.service, Style::Bold, 18.0);
    drawing.block(band.inset(2.0, 0.5), Across::Centre, Down::Middle, Ink::White, &[service]);
}

fn tag(drawing: &mut Drawing<'_>, area: Rect, word: &str, points: f32) {
    drawing.fill(area, Ink::Black);
    drawing.caption(area, Across::Centre, Ink::White, word, Style::Bold, points);
}

fn sender_block(drawing: &mut Drawing<'_>, area: Rect, sender: &Address, return_to: Option<&Address>) {
    drawing.caption(Rect { width: TAGS, height: 3.0, ..area }, Across::Left, Ink::Black, "FROM", Style::Bold, 7.0);
    let mut lines = sender.lines().into_iter();
    let first = lines.next().unwrap_or_default();
    let rest = lines.collect::<Vec<_>>().join(", ");
    let place = Rect { x: area.x + TAGS, width: area.width - TAGS, ..area };
    let place = match return_to {
        None => place,
        // Beside the sender, since what cannot be delivered goes there and not to the sender.
        Some(address) => {
            let half = (place.width - 3.0) / 2.0;
            let beside = Rect { x: place.right() - half, width: half, ..place };
            let address = address.lines().join(", ");
            let lines = [
                drawing.paragraph("", "RETURN TO", Style::Bold, 7.0),
                drawing.paragraph("return address", &address, Style::Regular, 8.0),
            ];
            drawing.block(beside, Across::Left, Down::Top, Ink::Black, &lines);
            Rect { width: half, ..place }
        }
    };
    let paragraphs = [
        drawing.paragraph("sender", &first, Style::Bold, 9.0),
        drawing.paragraph("sender", &rest, Style::Regular, 9.0),
    ];
    drawing.block(place, Across::Left, Down::Top, Ink::Black, &paragraphs);
}

fn recipient_block(drawing: &mut Drawing<'_>, area: Rect, recipient: &Address) {
    tag(drawing, Rect::new(area.x, area.y + 0.6, 9.5, 6.5), "TO", 13.0);
    let code = recipient.country_code();
    let code_box = code.as_ref().map_or(0.0, |_| 21.0);
    if let Some(code) = &code {
        let place = Rect::new(area.right() - code_box, area.bottom() - 13.0, code_box, 12.4);
        drawing.fill(place, Ink::Black);
        let code = drawing.paragraph("recipient country", code, Style::Bold, 30.0);
        drawing.block(place.inset(0.5, 0.0), Across::Centre, Down::Middle, Ink::White, &[code]);
    }
    let place = Rect { x: area.x + TAGS, width: area.width - TAGS, ..area };
    let country = recipient.country.as_ref().filter(|_| code.is_none());
    let phone = recipient.phone.as_ref().map(|phone| format!("Tel. {phone}"));
    let street = recipient.street_line();
    let city = recipient.city_line();
    let parts = [
        ("recipient company", recipient.company.as_ref(), Style::Bold, 14.0),
        ("recipient name", recipient.name.as_ref(), Style::Bold, 14.0),
        ("recipient street", street.as_ref(), Style::Regular, 14.0),
        ("recipient second line", recipient.street2.as_ref(), Style::Regular, 14.0),
        ("recipient post-office box", recipient.po_box.as_ref(), Style::Regular, 14.0),
        ("recipient city", city.as_ref(), Style::Bold, 20.0),
        ("recipient country", country, Style::Bold, 14.0),
        ("recipient phone", phone.as_ref(), Style::Regular, 8.5),
    ];
    let mut paragraphs = Vec::with_capacity(parts.len());
    for (field, text, style, points) in parts {
        if let Some(text) = text {
            paragraphs.push(drawing.paragraph(field, text, style, points));
        }
    }
    // A short address ends above the country's box; the last lines of a longer one keep clear of it.
    if !drawing.fits_as_wished(Rect { height: area.height - 13.5, ..place }, &paragraphs) {
        for paragraph in &mut paragraphs {
            if matches!(paragraph.field, "recipient city" | "recipient country" | "recipient phone") {
                paragraph.inset = code_box + 1.0;
            }
        }
    }
    drawing.block(place, Across::Left, Down::Top, Ink::Black, &paragraphs);
}

fn routing_and_facts(drawing: &mut Drawing<'_>, area: Rect, content: &LabelContent) {
    let weight = content.weight.to_string();
    let number = format!("{} / {}", content.parcel_number, content.parcel_count);
    let reference = content.reference.as_deref().unwrap_or("–");
    if let Some(code) = &content.routing_code {
        let cells = Rect { y: area.bottom() - 12.5, height: 12.5, ..area };
        let routing = Rect { height: cells.y - area.y, ..area };
        drawing.caption(caption_place(routing), Across::Left, Ink::Black, "ROUTING", Style::Regular, 6.0);
        let code = drawing.paragraph("routing code", code, Style::Bold, 44.0);
        let place = Rect { y: routing.y + 3.0, height: routing.height - 3.5, ..routing };
        drawing.block(place, Across::Centre, Down::Middle, Ink::Black, &[code]);
        drawing.rule(cells.x, cells.y, cells.width + 0.5, THIN);
        let thirds = [0.29, 0.24, 0.47].map(|share| share * cells.width);
        let weight_cell = Rect { width: thirds[0], ..cells };
        let number_cell = Rect { x: weight_cell.right(), width: thirds[1], ..cells };
        let reference_cell = Rect { x: number_cell.right(), width: thirds[2], ..cells };
        fact(drawing, weight_cell, "WEIGHT", "weight", &weight, 12.0);
        fact(drawing, number_cell.inset(1.0, 0.0), "PARCEL", "parcel number", &number, 12.0);
        fact(drawing, reference_cell.inset(1.0, 0.0), "REFERENCE", "reference", reference, 12.0);
        drawing.upright(number_cell.x, cells.y, cells.height, THIN);
        drawing.upright(reference_cell.x, cells.y, cells.height, THIN);
    } else {
        let half = area.height / 2.0;
        let weight_cell = Rect { height: half, width: area.width / 2.0, ..area };
        let number_cell = Rect { x: weight_cell.right(), ..weight_cell };
        let reference_cell = Rect { y: area.y + half, height: half, ..area };
        fact(drawing, weight_cell, "WEIGHT", "weight", &weight, 18.0);
        fact(drawing, number_cell.inset(1.5, 0.0), "PARCEL", "parcel number", &number, 18.0);
        fact(drawing, reference_cell, "REFERENCE", "reference", reference, 18.0);
        drawing.upright(number_cell.x, area.y, half, THIN);
        drawing.rule(area.x, reference_cell.y, area.width + 0.5, THIN);
    }
}

/// The line above a value that says what it is.
fn caption_place(cell: Rect) -> Rect {
    Rect { y: cell.y + 0.5, height: 2.6, ..cell }
}

fn fact(drawing: &mut Drawing<'_>, cell: Rect, caption: &str, field: &'static str, value: &str, points: f32) {
    drawing.caption(caption_place(cell), Across::Left, Ink::Black, caption, Style::Regular, 6.0);
    let value = drawing.paragraph(field, value, Style::Bold, points);
    let place = Rect { y: cell.y + 3.2, height: cell.height - 3.6, ..cell };
    drawing.block(place, Across::Left, Down::Middle, Ink::Black, &[value]);
}

fn square_code(drawing: &mut Drawing<'_>, area: Rect, content: &LabelContent, medium: Medium) -> Result<(), DrawError> {
    let code = Square::new(&content.matrix)?;
    let modules = (code.side() + 2 * code.quiet()) as f32;
    let most = if medium.dots_per_mm > 20.0 { 2.0 * MOST_DOTS } else { MOST_DOTS };
    let dots = (area.width * medium.dots_per_mm / modules).floor().min(most);
    let module = dots / medium.dots_per_mm;
    if module < FINEST_MODULE_MM - 0.005 {
        let reason = "its modules would be too small to scan; shorten it";
        return Err(DrawError::Matrix { length: code.text().len(), reason });
    }
    let side = code.side() as f32 * module;
    drawing.fill(area, Ink::White);
    let x = on_grid(area.x + (area.width - side) / 2.0, medium);
    let y = on_grid(area.y + (area.height - side) / 2.0, medium);
    drawing.layout.items.push(Item::Square { x, y, module, code });
    Ok(())
}

fn long_code(drawing: &mut Drawing<'_>, area: Rect, content: &LabelContent, medium: Medium) -> Result<(), DrawError> {
    let tracking = content.tracking_number.as_str();
    let is_printable = !tracking.is_empty() && tracking.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    let (code, readable) = if let Some(sscc) = &content.sscc {
        let is_sscc = sscc.len() == 18 && gs1::has_valid_check_digit(sscc);
        let code = Code128::sscc(sscc).filter(|_| is_sscc).ok_or_else(|| DrawError::Sscc(sscc.clone()))?;
        (code, format!("(00) {sscc}"))
    } else {
        let code = Code128::new(tracking.as_bytes()).filter(|_| is_printable);
        (code.ok_or_else(|| DrawError::TrackingNumber(tracking.to_owned()))?, tracking.to_owned())
    };
    let modules = code.modules() + 2 * QUIET;
    // The quiet zones may lie in the margin, but not on the very edge.
    let room = medium.width - 2.0;
    let widest = (WIDEST_MODULE * medium.dots_per_mm).floor();
    let dots = (room * medium.dots_per_mm / modules as f32).floor().min(widest);
    let module = dots / medium.dots_per_mm;
    if module < FINEST_MODULE_MM - 0.005 {
        return Err(DrawError::BarcodeTooLong { number: readable, modules });
    }
    if module < GOOD_MODULE_MM - 0.005 {
        drawing.warnings.push(format!(
            "barcode: \"{readable}\" is long, its bars are {module:.2} mm thin (good are {GOOD_MODULE_MM} mm); \
             not every scanner reads them"
        ));
    }
    let width = code.modules() as f32 * module;
    let x = on_grid((medium.width - width) / 2.0, medium);
    let quiet = QUIET as f32 * module;
    let bars = Rect::new(x, area.y + 1.5, width, BAR_HEIGHT);
    let clear = Rect::new((bars.x - quiet).max(0.0), bars.y, width + 2.0 * quiet, bars.height);
    drawing.fill(Rect { width: clear.width.min(medium.width - clear.x), ..clear }, Ink::White);
    drawing.layout.items.push(Item::Bars { x, y: bars.y, module, height: bars.height, code });

    let below = Rect { y: bars.bottom() + 0.6, height: area.bottom() - bars.bottom() - 0.6, ..area };
    if content.sscc.is_some() {
        let readable = drawing.paragraph("SSCC", &readable, Style::Regular, 12.0);
        let first = Rect { height: 5.0, ..below };
        drawing.block(first, Across::Centre, Down::Middle, Ink::Black, &[readable]);
        let line = drawing.paragraph("tracking number", &format!("Tracking {tracking}"), Style::Bold, 12.0);
        let second = Rect { y: first.bottom(), height: below.bottom() - first.bottom(), ..below };
        drawing.block(second, Across::Centre, Down::Middle, Ink::Black, &[line]);
    } else {
        let line = drawing.paragraph("tracking number", &readable, Style::Bold, 16.0);
        drawing.block(below, Across::Centre, Down::Middle, Ink::Black, &[line]);
    }
    Ok(())
}

/// The next dot of the medium.
fn on_grid(millimetres: f32, medium: Medium) -> f32 {
    (millimetres * medium.dots_per_mm).round() / medium.dots_per_mm
}

#[cfg(test)]
mod tests;
