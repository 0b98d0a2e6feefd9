//! A sheet: pages filled from the top, with tables that go on over pages.

use crate::drawing::{Down, Drawing};
use crate::fit::{Line, Paragraph, wrap};
use crate::font::{Fonts, Style};
use crate::layout::{Across, Ink, Layout, Rect};

/// The usual size of text.
pub(crate) const BODY: f32 = 10.0;
/// The size of what matters less.
pub(crate) const SMALL: f32 = 8.0;
/// Of the word above a piece of information.
pub(crate) const TINY: f32 = 7.0;

/// Above and below the text of a row.
const PADDING: f32 = 1.3;

/// The paper of a sheet, in millimetres.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Page {
    pub(crate) width: f32,
    pub(crate) height: f32,
    /// Left, right and above.
    pub(crate) margin: f32,
    /// Below this stands only what every page repeats.
    pub(crate) bottom: f32,
    /// The size of a table's text.
    pub(crate) points: f32,
}

impl Page {
    /// Between the margins.
    pub(crate) const fn inner(&self) -> f32 {
        self.width - 2.0 * self.margin
    }

    fn blank(&self) -> Layout {
        Layout { width: self.width, height: self.height, watermark: None, items: Vec::new() }
    }
}

/// A column of a table.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Column {
    /// Its left side.
    pub(crate) x: f32,
    pub(crate) width: f32,
    /// Numbers stand at the right.
    pub(crate) across: Across,
    pub(crate) title: &'static str,
    /// What its text is called in warnings.
    pub(crate) field: &'static str,
}

/// Pages being filled from the top.
pub(crate) struct Sheet<'a> {
    pub(crate) page: Page,
    pub(crate) drawing: Drawing<'a>,
    pub(crate) finished: Vec<Layout>,
    pub(crate) y: f32,
    /// The columns, whose heads are repeated on each page while a table lasts.
    table: Option<Vec<Column>>,
    /// What stands above on every page but the first, and what that is called in warnings.
    pub(crate) running: (&'static str, String),
}

impl<'a> Sheet<'a> {
    pub(crate) fn new(page: Page, fonts: &'a Fonts<'a>, warnings: &'a mut Vec<String>) -> Self {
        let drawing = Drawing::new(page.width, page.height, fonts, warnings);
        Self { page, drawing, finished: Vec::new(), y: page.margin, table: None, running: ("", String::new()) }
    }

    /// The word above a piece of information.
    pub(crate) fn label(&mut self, text: &'static str) -> Paragraph {
        self.drawing.paragraph("", text, Style::Regular, TINY)
    }

    /// The lines of an address, the first in bold.
    pub(crate) fn address(&mut self, field: &'static str, lines: &[String], points: f32) -> Vec<Paragraph> {
        let style = |index| if index == 0 { Style::Bold } else { Style::Regular };
        lines
            .iter()
            .enumerate()
            .map(|(index, line)| self.drawing.paragraph(field, line, style(index), points))
            .collect()
    }

    /// Puts groups of paragraphs below each other; answers the height used.
    pub(crate) fn groups(&mut self, place: Rect, groups: &[Vec<Paragraph>]) -> f32 {
        let mut used = 0.0;
        for group in groups {
            let rest = Rect { y: place.y + used, height: place.height - used, ..place };
            used += self.drawing.block(rest, Across::Left, Down::Top, Ink::Black, group) + 2.0;
        }
        (used - 2.0).max(0.0)
    }

    /// A line from margin to margin.
    pub(crate) fn rule(&mut self, thickness: f32) {
        self.drawing.rule(self.page.margin, self.y, self.page.inner(), thickness);
    }

    /// Puts the page away and begins the next, with a short head and the head of the table that goes on.
    pub(crate) fn next_page(&mut self) {
        self.finished.push(std::mem::replace(&mut self.drawing.layout, self.page.blank()));
        self.y = self.page.margin;
        let head = Rect::new(self.page.margin, self.y, self.page.inner(), 6.0);
        let (field, text) = self.running.clone();
        let head_text = self.drawing.paragraph(field, &text, Style::Bold, BODY);
        // The first page has said it when the text was too long; once is enough.
        let before = self.drawing.warnings.len();
        self.drawing.block(head, Across::Left, Down::Middle, Ink::Black, &[head_text]);
        self.drawing.warnings.truncate(before);
        self.y += 8.0;
        if let Some(columns) = self.table.clone() {
            self.heads(&columns);
        }
    }

    /// Begins a table, on the next page if little is left of this one.
    pub(crate) fn start_table(&mut self, columns: &[Column]) {
        self.table = None;
        if self.y + 20.0 > self.page.bottom {
            self.next_page();
        }
        self.heads(columns);
        self.table = Some(columns.to_vec());
    }

    /// Ends the table, and begins the next page if so much is not left of this one.
    pub(crate) fn end_table(&mut self, needed: f32) {
        self.table = None;
        if self.y + needed > self.page.bottom {
            self.next_page();
        }
    }

    fn heads(&mut self, columns: &[Column]) {
        for column in columns {
            let place = Rect::new(column.x, self.y, column.width, 6.0);
            self.drawing.caption(place, column.across, Ink::Black, column.title, Style::Bold, TINY);
        }
        self.y += 6.0;
        self.rule(0.4);
    }

    /// A row of the table, as high as its longest cell; one longer than what is left of the page goes on on the next.
    pub(crate) fn row<const CELLS: usize>(&mut self, cells: [(Column, &str, Style); CELLS]) {
        let points = self.page.points;
        let mut columns = cells.map(|(column, text, style)| {
            let paragraph = self.drawing.paragraph(column.field, text, style, points);
            let lines = wrap(self.drawing.fonts, &paragraph, points, column.width, true).unwrap_or_default();
            (column, lines)
        });
        let height = |lines: &[Line]| lines.iter().map(Line::height).sum::<f32>();
        let tallest = columns.iter().map(|(_, lines)| height(lines)).fold(0.0, f32::max);
        let (bottom, margin) = (self.page.bottom, self.page.margin);
        let is_short = tallest < (bottom - margin) / 3.0;
        if self.y + 2.0 * PADDING + 5.0 > bottom || (is_short && self.y + tallest + 2.0 * PADDING > bottom) {
            self.next_page();
        }
        loop {
            let room = bottom - self.y - 2.0 * PADDING;
            let mut used = 0.0_f32;
            for (column, lines) in &mut columns {
                let mut taken = 0.0;
                let fitting = lines.iter().take_while(|line| {
                    taken += line.height();
                    taken <= room
                });
                let rest = lines.split_off(fitting.count());
                let part = std::mem::replace(lines, rest);
                let place = Rect::new(column.x, self.y + PADDING, column.width, room);
                used = used.max(self.drawing.lines(place, column.across, Down::Top, Ink::Black, part));
            }
            self.y += used + 2.0 * PADDING;
            if columns.iter().all(|(_, lines)| lines.is_empty()) {
                break;
            }
            self.next_page();
        }
        self.rule(0.15);
    }

    /// Numbers the pages, now that their count is known.
    pub(crate) fn finish(mut self) -> Vec<Layout> {
        let last = std::mem::replace(&mut self.drawing.layout, self.page.blank());
        self.finished.push(last);
        let count = self.finished.len();
        let place = Rect::new(self.page.margin, self.page.bottom + 5.0, self.page.inner(), 5.0);
        for (index, page) in self.finished.iter_mut().enumerate() {
            std::mem::swap(&mut self.drawing.layout, page);
            let text = format!("Page {} of {count}", index + 1);
            self.drawing.caption(place, Across::Right, Ink::Black, &text, Style::Regular, SMALL);
            std::mem::swap(&mut self.drawing.layout, page);
        }
        self.finished
    }
}
