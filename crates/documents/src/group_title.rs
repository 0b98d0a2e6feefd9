//! The page before a group of labels: what they have in common, and how many there are, to be read from afar.

use domain::batch::GroupTitle;

use crate::drawing::{Down, Drawing};
use crate::font::{Fonts, Style};
use crate::label::Medium;
use crate::layout::{Across, Ink, Layout, Rect};

/// The head's height.
const HEAD: f32 = 16.0;

/// The foot's height.
const FOOT: f32 = 26.0;

/// The most height that one value gets.
const VALUE: f32 = 34.0;

/// Lays out one page.
pub(crate) fn lay_out(title: &GroupTitle, medium: Medium, fonts: &Fonts<'_>, warnings: &mut Vec<String>) -> Layout {
    let mut drawing = Drawing::new(medium.width, medium.height, fonts, warnings);
    let page = Rect::new(0.0, 0.0, medium.width, medium.height).inset(medium.margin, medium.margin);

    let head = Rect { height: HEAD, ..page };
    drawing.fill(head, Ink::Black);
    let (place, count) = title.place;
    let text = format!("GROUP {place} OF {count}");
    let text = drawing.paragraph("group", &text, Style::Bold, 26.0);
    drawing.block(head.inset(3.0, 1.0), Across::Centre, Down::Middle, Ink::White, &[text]);

    let foot = Rect { y: page.bottom() - FOOT, height: FOOT, ..page };
    let values = Rect { y: head.bottom() + 2.0, height: foot.y - head.bottom() - 4.0, ..page };
    let height = (values.height / title.values.len().max(1) as f32).min(VALUE);
    for (index, (name, value)) in title.values.iter().enumerate() {
        let cell = Rect { y: values.y + index as f32 * height, height, ..values };
        if index > 0 {
            drawing.rule(cell.x, cell.y, cell.width, 0.25);
        }
        let caption = Rect { y: cell.y + 0.8, height: 4.0_f32.min(height / 3.0), ..cell };
        drawing.caption(caption, Across::Left, Ink::Black, &name.to_uppercase(), Style::Regular, 8.0);
        let gap = 2.0_f32.min(height / 12.0);
        let room = Rect { y: caption.bottom() + gap, height: cell.bottom() - caption.bottom() - gap - 0.6, ..cell };
        let (text, style) = match value.as_deref() {
            Some(value) if !value.trim().is_empty() => (value, Style::Bold),
            _ => ("(none)", Style::Regular),
        };
        let value = drawing.paragraph("group", text, style, 48.0);
        drawing.block(room, Across::Left, Down::Middle, Ink::Black, &[value]);
    }

    drawing.rule(foot.x, foot.y, foot.width, 0.75);
    let plural = |count: usize, one: &str| if count == 1 { format!("1 {one}") } else { format!("{count} {one}s") };
    let labels = drawing.paragraph("labels", &plural(title.labels, "label"), Style::Bold, 26.0);
    let line = Rect { y: foot.y + 1.5, height: 12.0, ..foot };
    drawing.block(line, Across::Left, Down::Middle, Ink::Black, &[labels]);
    let of = format!("of {}", plural(title.orders, "order"));
    let batch = format!("Batch {}, {}", title.batch, title.made);
    let small = [of, batch].map(|text| drawing.paragraph("batch", &text, Style::Regular, 11.0));
    let rest = Rect { y: line.bottom(), height: foot.bottom() - line.bottom(), ..foot };
    drawing.block(rest, Across::Left, Down::Top, Ink::Black, &small);
    drawing.layout
}

/// Lays out the page in place of a label that cannot be in the file.
pub(crate) fn notice(text: &str, medium: Medium, fonts: &Fonts<'_>, warnings: &mut Vec<String>) -> Layout {
    let mut drawing = Drawing::new(medium.width, medium.height, fonts, warnings);
    let page = Rect::new(0.0, 0.0, medium.width, medium.height).inset(medium.margin, medium.margin);
    let head = Rect { height: HEAD, ..page };
    drawing.fill(head, Ink::Black);
    let word = drawing.paragraph("", "LABEL MISSING", Style::Bold, 26.0);
    drawing.block(head.inset(3.0, 1.0), Across::Centre, Down::Middle, Ink::White, &[word]);
    let room = Rect { y: head.bottom() + 4.0, height: page.bottom() - head.bottom() - 4.0, ..page };
    let text = drawing.paragraph("", text, Style::Regular, 16.0);
    drawing.block(room, Across::Left, Down::Top, Ink::Black, &[text]);
    drawing.layout
}
