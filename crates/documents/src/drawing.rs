//! Drawing: a layout under construction, with the fonts that measure and the warnings that collect.

use crate::fit::{Line, Paragraph, fit, wrap};
use crate::font::{CAPITAL, Fonts, Style};
use crate::layout::{ASCENT, Across, Ink, Item, Layout, MM_PER_POINT, Rect, Text};
use crate::translit::drawable;

/// Where text stands in its box, down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Down {
    Top,
    Middle,
}

/// A layout under construction.
pub(crate) struct Drawing<'a> {
    pub(crate) layout: Layout,
    pub(crate) fonts: &'a Fonts<'a>,
    pub(crate) warnings: &'a mut Vec<String>,
}

impl<'a> Drawing<'a> {
    pub(crate) fn new(width: f32, height: f32, fonts: &'a Fonts<'a>, warnings: &'a mut Vec<String>) -> Self {
        let layout = Layout { width, height, watermark: None, items: Vec::with_capacity(64) };
        Self { layout, fonts, warnings }
    }

    pub(crate) fn fill(&mut self, area: Rect, ink: Ink) {
        self.layout.items.push(Item::Fill(area, ink));
    }

    /// A horizontal line, its middle at `y`.
    pub(crate) fn rule(&mut self, x: f32, y: f32, width: f32, thickness: f32) {
        self.fill(Rect::new(x, y - thickness / 2.0, width, thickness), Ink::Black);
    }

    /// A vertical line, its middle at `x`.
    pub(crate) fn upright(&mut self, x: f32, y: f32, height: f32, thickness: f32) {
        self.fill(Rect::new(x - thickness / 2.0, y, thickness, height), Ink::Black);
    }

    /// A text ready to be fitted; what cannot be drawn is transliterated, with a warning.
    pub(crate) fn paragraph(&mut self, field: &'static str, text: &str, style: Style, points: f32) -> Paragraph {
        let text = drawable(field, text, self.fonts, self.warnings);
        Paragraph { field, text, style, points, inset: 0.0 }
    }

    /// Whether texts fit a box at the sizes they wish for.
    pub(crate) fn fits_as_wished(&self, area: Rect, paragraphs: &[Paragraph]) -> bool {
        let mut height = 0.0;
        paragraphs.iter().all(|paragraph| {
            let lines = wrap(self.fonts, paragraph, paragraph.points, area.width, false);
            height += lines.iter().flatten().map(Line::height).sum::<f32>();
            lines.is_some() && height <= area.height
        })
    }

    /// Fits texts into a box and returns the millimetres of height used.
    pub(crate) fn block(&mut self, area: Rect, across: Across, down: Down, ink: Ink, paragraphs: &[Paragraph]) -> f32 {
        let lines = fit(self.fonts, paragraphs, area.width, area.height, self.warnings);
        self.lines(area, across, down, ink, lines)
    }

    /// Puts lines that fit into their box.
    pub(crate) fn lines(&mut self, area: Rect, across: Across, down: Down, ink: Ink, lines: Vec<Line>) -> f32 {
        let used: f32 = lines.iter().map(Line::height).sum();
        let mut y = area.y;
        if let (Down::Middle, Some(first), Some(last)) = (down, lines.first(), lines.last()) {
            // What looks centred is the ink from the first line's capitals to the last line's baseline.
            let above = (ASCENT - CAPITAL) * first.points * MM_PER_POINT;
            let below = last.height() - ASCENT * last.points * MM_PER_POINT;
            let centred = area.y + (area.height - (used - above - below)) / 2.0 - above;
            // Never past the box for the sake of looks.
            y = centred.clamp(area.y, (area.bottom() - used).max(area.y));
        }
        for line in lines {
            let free = (area.width - line.width).max(0.0);
            let x = match across {
                Across::Left => area.x,
                Across::Centre => area.x + free / 2.0,
                Across::Right => area.x + free,
            };
            let baseline = y + ASCENT * line.points * MM_PER_POINT;
            y += line.height();
            let room = (area.x, area.width);
            let Line { text, style, points, width } = line;
            self.layout.items.push(Item::Text(Text { x, baseline, points, width, room, across, style, ink, text }));
        }
        used
    }

    /// One text of ours in a box: it is known to fit.
    pub(crate) fn caption(&mut self, area: Rect, across: Across, ink: Ink, text: &str, style: Style, points: f32) {
        let width = self.fonts.width(text, style) * points * MM_PER_POINT;
        let line = Line { text: text.to_owned(), style, points, width };
        self.lines(area, across, Down::Middle, ink, vec![line]);
    }
}
