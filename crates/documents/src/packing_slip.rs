//! A packing slip: what is inside, for the one who opens the box. A4, as many pages as it takes.

use domain::document::{PackingLine, PackingSlip};

use crate::drawing::{Down, Drawing};
use crate::fit::{Line, Paragraph, wrap};
use crate::font::{Fonts, Style};
use crate::layout::{Across, Ink, Layout, Rect};
use crate::merge::A4;
use crate::pdf::Document;
use crate::{DrawError, Drawn, Options};

const MARGIN: f32 = 18.0;
const WIDTH: f32 = A4.0 - 2.0 * MARGIN;
/// Below this stands only the page number.
const BOTTOM: f32 = A4.1 - 20.0;

/// Columns of the table: left side and width.
const SKU: (f32, f32) = (MARGIN, 38.0);
const NAME: (f32, f32) = (MARGIN + 42.0, 88.0);
const ORDERED: (f32, f32) = (MARGIN + 134.0, 18.0);
const PACKED: (f32, f32) = (MARGIN + 156.0, 18.0);

/// Above and below the text of a row.
const PADDING: f32 = 1.3;

const BODY: f32 = 10.0;
const SMALL: f32 = 8.0;

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
    let mut sheet = Sheet {
        drawing: Drawing::new(A4.0, A4.1, fonts, warnings),
        finished: Vec::new(),
        y: MARGIN,
        heading: None,
        order_number: String::new(),
    };
    sheet.order_number = sheet.drawing.paragraph("order number", &slip.order_number, Style::Bold, BODY).text;
    sheet.head(slip);
    sheet.start_table(&[(SKU, "SKU"), (NAME, "ARTICLE"), (ORDERED, "ORDERED"), (PACKED, "PACKED")]);
    for line in &slip.lines {
        sheet.article(line);
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
        sheet.start_table(&[(SKU, "PARCEL"), (NAME, "SERVICE AND TRACKING NUMBER")]);
        for (index, (service, tracking)) in slip.parcels.iter().enumerate() {
            let number = format!("{} / {}", index + 1, slip.parcels.len());
            sheet.row([(SKU, &number, Style::Regular), (NAME, &format!("{service}, {tracking}"), Style::Regular)]);
        }
    }
    if let Some(notes) = &slip.notes {
        sheet.notes(notes);
    }
    sheet.finish()
}

/// Pages being filled from the top.
struct Sheet<'a> {
    drawing: Drawing<'a>,
    finished: Vec<Layout>,
    y: f32,
    /// The columns' heads, repeated on each page while a table lasts.
    heading: Option<Vec<((f32, f32), &'static str)>>,
    order_number: String,
}

impl Sheet<'_> {
    fn head(&mut self, slip: &PackingSlip) {
        let title = Rect::new(MARGIN, self.y, WIDTH / 2.0, 11.0);
        self.drawing.caption(title, Across::Left, Ink::Black, "Packing slip", Style::Bold, 24.0);
        let sender = self.address("sender", &slip.sender.lines(), SMALL + 0.5);
        let place = Rect::new(MARGIN + WIDTH / 2.0, self.y, WIDTH / 2.0, 30.0);
        let used = self.drawing.block(place, Across::Right, Down::Top, Ink::Black, &sender);
        self.y += used.max(13.0) + 4.0;
        self.drawing.rule(MARGIN, self.y, WIDTH, 0.6);
        self.y += 4.0;

        let left = Rect::new(MARGIN, self.y, WIDTH * 0.5 - 6.0, 48.0);
        let right = Rect::new(MARGIN + WIDTH * 0.5, self.y, WIDTH * 0.5, 48.0);
        let mut recipient = vec![self.label("SHIP TO")];
        recipient.extend(self.address("recipient", &slip.recipient.lines(), 11.0));
        let used_left = self.drawing.block(left, Across::Left, Down::Top, Ink::Black, &recipient);

        let number = self.drawing.paragraph("order number", &slip.order_number, Style::Bold, 13.0);
        let mut groups = vec![vec![self.label("ORDER"), number]];
        if let Some(placed) = &slip.placed {
            let day = self.drawing.paragraph("day of the order", placed, Style::Regular, BODY);
            groups.push(vec![self.label("PLACED"), day]);
        }
        if (1..=PARCELS_IN_HEAD).contains(&slip.parcels.len()) {
            let mut group = vec![self.label("SHIPPED BY")];
            for (service, tracking) in &slip.parcels {
                group.push(self.drawing.paragraph("service", service, Style::Regular, BODY));
                group.push(self.drawing.paragraph("tracking number", tracking, Style::Bold, BODY));
            }
            groups.push(group);
        }
        let mut used_right = 0.0;
        for group in groups {
            let place = Rect { y: right.y + used_right, height: right.height - used_right, ..right };
            used_right += self.drawing.block(place, Across::Left, Down::Top, Ink::Black, &group) + 2.0;
        }
        self.y += used_left.max(used_right - 2.0) + 7.0;
    }

    fn label(&mut self, text: &'static str) -> Paragraph {
        self.drawing.paragraph("", text, Style::Regular, 7.0)
    }

    fn address(&mut self, field: &'static str, lines: &[String], points: f32) -> Vec<Paragraph> {
        let style = |index| if index == 0 { Style::Bold } else { Style::Regular };
        lines
            .iter()
            .enumerate()
            .map(|(index, line)| self.drawing.paragraph(field, line, style(index), points))
            .collect()
    }

    /// Puts the page away and begins the next, with a short head and the head of the table that goes on.
    fn next_page(&mut self) {
        let fresh = Layout { width: A4.0, height: A4.1, watermark: None, items: Vec::new() };
        self.finished.push(std::mem::replace(&mut self.drawing.layout, fresh));
        self.y = MARGIN;
        let head = Rect::new(MARGIN, self.y, WIDTH, 6.0);
        let text = format!("Packing slip · Order {}", self.order_number);
        let head_text = self.drawing.paragraph("order number", &text, Style::Bold, BODY);
        // The first page has said it when the number was too long; once is enough.
        let before = self.drawing.warnings.len();
        self.drawing.block(head, Across::Left, Down::Middle, Ink::Black, &[head_text]);
        self.drawing.warnings.truncate(before);
        self.y += 8.0;
        if let Some(heading) = self.heading.clone() {
            self.heading(&heading);
        }
    }

    fn start_table(&mut self, columns: &[((f32, f32), &'static str)]) {
        self.heading = None;
        if self.y + 20.0 > BOTTOM {
            self.next_page();
        }
        self.heading(columns);
        self.heading = Some(columns.to_vec());
    }

    fn heading(&mut self, columns: &[((f32, f32), &'static str)]) {
        let band = Rect::new(MARGIN, self.y, WIDTH, 6.0);
        for &(column, text) in columns {
            let (place, across) = Self::place(column, band.y, band.height);
            self.drawing.caption(place, across, Ink::Black, text, Style::Bold, 7.0);
        }
        self.y += band.height;
        self.drawing.rule(MARGIN, self.y, WIDTH, 0.4);
    }

    /// Numbers stand at the right.
    fn place(column: (f32, f32), y: f32, height: f32) -> (Rect, Across) {
        let across = if column.0 >= ORDERED.0 { Across::Right } else { Across::Left };
        (Rect::new(column.0, y, column.1, height), across)
    }

    fn article(&mut self, line: &PackingLine) {
        let (ordered, quantity) = (line.ordered.to_string(), line.quantity.to_string());
        self.row([
            (SKU, line.sku.as_deref().unwrap_or(""), Style::Regular),
            (NAME, &line.name, Style::Regular),
            (ORDERED, &ordered, Style::Regular),
            (PACKED, &quantity, Style::Bold),
        ]);
    }

    /// A row as high as its longest cell; one longer than what is left of the page goes on on the next.
    fn row<const CELLS: usize>(&mut self, cells: [((f32, f32), &str, Style); CELLS]) {
        let mut columns = cells.map(|(column, text, style)| {
            let field = if column == SKU { "SKU" } else { "article" };
            let paragraph = self.drawing.paragraph(field, text, style, BODY);
            let lines = wrap(self.drawing.fonts, &paragraph, BODY, column.1, true).unwrap_or_default();
            (column, lines)
        });
        let height = |lines: &[Line]| lines.iter().map(Line::height).sum::<f32>();
        let tallest = columns.iter().map(|(_, lines)| height(lines)).fold(0.0, f32::max);
        let is_short = tallest < (BOTTOM - MARGIN) / 3.0;
        if self.y + 2.0 * PADDING + 5.0 > BOTTOM || (is_short && self.y + tallest + 2.0 * PADDING > BOTTOM) {
            self.next_page();
        }
        loop {
            let room = BOTTOM - self.y - 2.0 * PADDING;
            let mut used = 0.0_f32;
            for (column, lines) in &mut columns {
                let mut part = Vec::new();
                let mut taken = 0.0;
                while let Some(line) = lines.first().filter(|line| taken + line.height() <= room) {
                    taken += line.height();
                    part.push(line.clone());
                    lines.remove(0);
                }
                let (place, across) = Self::place(*column, self.y + PADDING, room);
                self.drawing.lines(place, across, Down::Top, Ink::Black, part);
                used = used.max(taken);
            }
            self.y += used + 2.0 * PADDING;
            if columns.iter().all(|(_, lines)| lines.is_empty()) {
                break;
            }
            self.next_page();
        }
        self.drawing.rule(MARGIN, self.y, WIDTH, 0.15);
    }

    /// The shop's note, its own line breaks kept.
    fn notes(&mut self, notes: &str) {
        self.heading = None;
        self.y += 6.0;
        if self.y + 14.0 > BOTTOM {
            self.next_page();
        }
        let place = Rect::new(MARGIN, self.y, WIDTH, 5.0);
        self.drawing.caption(place, Across::Left, Ink::Black, "NOTE", Style::Bold, 7.0);
        self.y += 5.5;
        for text in notes.lines() {
            let paragraph = self.drawing.paragraph("note", text, Style::Regular, BODY);
            for line in wrap(self.drawing.fonts, &paragraph, BODY, WIDTH, true).unwrap_or_default() {
                if self.y + line.height() > BOTTOM {
                    self.next_page();
                }
                let place = Rect::new(MARGIN, self.y, WIDTH, line.height());
                self.y += line.height();
                self.drawing.lines(place, Across::Left, Down::Top, Ink::Black, vec![line]);
            }
        }
    }

    /// Numbers the pages, now that their count is known.
    fn finish(mut self) -> Vec<Layout> {
        let last = std::mem::replace(
            &mut self.drawing.layout,
            Layout { width: A4.0, height: A4.1, watermark: None, items: Vec::new() },
        );
        self.finished.push(last);
        let count = self.finished.len();
        let place = Rect::new(MARGIN, A4.1 - 15.0, WIDTH, 5.0);
        for (index, page) in self.finished.iter_mut().enumerate() {
            std::mem::swap(&mut self.drawing.layout, page);
            let text = format!("Page {} of {count}", index + 1);
            self.drawing.caption(place, Across::Right, Ink::Black, &text, Style::Regular, SMALL);
            std::mem::swap(&mut self.drawing.layout, page);
        }
        self.finished
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
