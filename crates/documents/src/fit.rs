//! Fitting: text into a box. It wraps at spaces, then shrinks, then breaks anywhere; cutting is the last resort and
//! gives a warning.

use crate::font::{Fonts, Style};
use crate::layout::MM_PER_POINT;

/// The smallest type, in points, that text is shrunk to.
pub const MIN_POINTS: f32 = 6.0;

/// From baseline to baseline, in ems.
pub(crate) const LINE: f32 = 1.18;

/// Below this share of its wished size a text may be broken inside a word.
const BREAK_BELOW: f32 = 0.6;

/// What text is shrunk by until it fits.
const STEP: f32 = 0.94;

/// Rounding of sums of advances, in millimetres.
const SLACK: f32 = 0.01;

/// A text to be fitted; already made drawable.
#[derive(Clone, Debug)]
pub(crate) struct Paragraph {
    /// What a warning calls it.
    pub(crate) field: &'static str,
    pub(crate) text: String,
    pub(crate) style: Style,
    /// The size wished.
    pub(crate) points: f32,
    /// Millimetres of the box's width that this text must leave free.
    pub(crate) inset: f32,
}

/// A line that fits; its width is in millimetres.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Line {
    pub(crate) text: String,
    pub(crate) style: Style,
    pub(crate) points: f32,
    pub(crate) width: f32,
}

impl Line {
    /// Millimetres the line takes.
    pub(crate) fn height(&self) -> f32 {
        self.points * LINE * MM_PER_POINT
    }
}

/// Lines that fit a box of millimetres.
pub(crate) fn fit(
    fonts: &Fonts<'_>,
    paragraphs: &[Paragraph],
    width: f32,
    height: f32,
    warnings: &mut Vec<String>,
) -> Vec<Line> {
    let words: Vec<_> = paragraphs.iter().map(|paragraph| measured(fonts, paragraph)).collect();
    let mut scale = 1.0;
    loop {
        let is_smallest = paragraphs.iter().all(|paragraph| paragraph.points * scale <= MIN_POINTS);
        let may_break = is_smallest || scale < BREAK_BELOW;
        let blocks: Option<Vec<_>> = paragraphs
            .iter()
            .zip(&words)
            .map(|(paragraph, words)| break_lines(fonts, paragraph, words, paragraph.points * scale, width, may_break))
            .collect();
        if let Some(blocks) = blocks {
            if total_height(&blocks) <= height + SLACK {
                return blocks.into_iter().flatten().collect();
            }
            if is_smallest {
                return cut(fonts, paragraphs, blocks, width, height, warnings);
            }
        }
        scale *= STEP;
    }
}

/// The lines of one paragraph at one size; `None` when a word is too wide and may not be broken.
pub(crate) fn wrap(
    fonts: &Fonts<'_>,
    paragraph: &Paragraph,
    points: f32,
    width: f32,
    may_break: bool,
) -> Option<Vec<Line>> {
    break_lines(fonts, paragraph, &measured(fonts, paragraph), points, width, may_break)
}

/// The words of a paragraph and their widths in ems.
fn measured<'a>(fonts: &Fonts<'_>, paragraph: &'a Paragraph) -> Vec<(&'a str, f32)> {
    let words = paragraph.text.split(' ').filter(|word| !word.is_empty());
    words.map(|word| (word, fonts.width(word, paragraph.style))).collect()
}

fn break_lines(
    fonts: &Fonts<'_>,
    paragraph: &Paragraph,
    words: &[(&str, f32)],
    points: f32,
    width: f32,
    may_break: bool,
) -> Option<Vec<Line>> {
    let points = points.max(MIN_POINTS.min(paragraph.points));
    let em = points * MM_PER_POINT;
    let width = width - paragraph.inset + SLACK;
    let mut lines: Vec<Line> = Vec::new();
    let mut line = String::new();
    let mut used = 0.0;
    let space = fonts.width(" ", paragraph.style) * em;
    for &(word, ems) in words {
        let wide = ems * em;
        if !line.is_empty() && used + space + wide <= width {
            line.push(' ');
            line.push_str(word);
            used += space + wide;
            continue;
        }
        let finished = std::mem::take(&mut line);
        if !finished.is_empty() {
            lines.push(Line { text: finished, style: paragraph.style, points, width: used });
        }
        used = 0.0;
        if wide <= width {
            line.push_str(word);
            used = wide;
            continue;
        }
        if !may_break {
            return None;
        }
        for c in word.chars() {
            let advance = fonts.glyph(c, paragraph.style).map_or(0.0, |glyph| glyph.advance * em);
            if !line.is_empty() && used + advance > width {
                let text = std::mem::take(&mut line);
                lines.push(Line { text, style: paragraph.style, points, width: used });
                used = 0.0;
            }
            line.push(c);
            used += advance;
        }
    }
    if !line.is_empty() {
        lines.push(Line { text: line, style: paragraph.style, points, width: used });
    }
    Some(lines)
}

fn total_height(blocks: &[Vec<Line>]) -> f32 {
    blocks.iter().flatten().map(Line::height).sum()
}

/// Takes lines from the longest paragraphs until the rest fits, and says what was lost.
fn cut(
    fonts: &Fonts<'_>,
    paragraphs: &[Paragraph],
    mut blocks: Vec<Vec<Line>>,
    width: f32,
    height: f32,
    warnings: &mut Vec<String>,
) -> Vec<Line> {
    let full: Vec<usize> = blocks.iter().map(Vec::len).collect();
    while total_height(&blocks) > height + SLACK {
        let longest = blocks.iter().map(Vec::len).max().unwrap_or(0);
        let victim = blocks.iter().rposition(|block| block.len() == longest);
        if victim.and_then(|victim| blocks[victim].pop()).is_none() {
            break;
        }
    }
    for ((paragraph, block), full) in paragraphs.iter().zip(&mut blocks).zip(full) {
        if block.len() == full {
            continue;
        }
        warnings.push(format!("{}: cut, because it does not fit; in full: \"{}\"", paragraph.field, paragraph.text));
        if let Some(line) = block.last_mut() {
            let em = line.points * MM_PER_POINT;
            loop {
                line.width = fonts.width(&line.text, line.style) * em + fonts.width("…", line.style) * em;
                if line.width <= width - paragraph.inset || line.text.pop().is_none() {
                    break;
                }
            }
            line.text.push('…');
        }
    }
    blocks.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn paragraph(text: &str, points: f32) -> Paragraph {
        Paragraph { field: "recipient name", text: text.to_owned(), style: Style::Bold, points, inset: 0.0 }
    }

    fn fitted(text: &str, width: f32, height: f32) -> (Vec<Line>, Vec<String>) {
        let mut warnings = Vec::new();
        let lines = fit(&Fonts::new(None), &[paragraph(text, 14.0)], width, height, &mut warnings);
        (lines, warnings)
    }

    fn letters<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
        texts.into_iter().flat_map(str::chars).filter(|c| *c != ' ').collect()
    }

    #[test]
    fn a_long_name_wraps_first_and_keeps_its_size() {
        let (lines, warnings) = fitted("Maria Magdalena von und zu Hohenlohe-Schillingsfürst", 80.0, 20.0);
        assert_eq!(
            lines.iter().map(|line| line.text.as_str()).collect::<Vec<_>>(),
            ["Maria Magdalena von und zu", "Hohenlohe-Schillingsfürst"]
        );
        assert!(lines.iter().all(|line| (line.points - 14.0).abs() < 0.01) && warnings.is_empty());
    }

    #[test]
    fn a_longer_name_shrinks_and_loses_nothing() {
        let name = "Internationale Vereinigung der Freundinnen und Freunde angewandter Logistik ".repeat(4);
        let (lines, warnings) = fitted(name.trim(), 60.0, 25.0);
        assert!(lines[0].points < 14.0 && lines[0].points >= MIN_POINTS);
        assert_eq!(letters(lines.iter().map(|line| line.text.as_str())), letters([name.as_str()]));
        assert_eq!(warnings, [""; 0]);
    }

    #[test]
    fn a_word_without_end_is_broken_anywhere() {
        let word = "Rindfleischetikettierungsüberwachungsaufgabenübertragungsgesetz".repeat(3);
        let (lines, warnings) = fitted(&word, 40.0, 25.0);
        assert_eq!(letters(lines.iter().map(|line| line.text.as_str())), word);
        assert!(warnings.is_empty());
    }

    #[test]
    fn what_cannot_fit_is_cut_with_a_warning() {
        let text = "everything and more ".repeat(40);
        let (lines, warnings) = fitted(text.trim(), 30.0, 6.0);
        assert_eq!(lines.len(), 2);
        assert!(lines[1].text.ends_with('…'));
        assert!(warnings[0].starts_with("recipient name: cut") && warnings[0].contains(text.trim()));
    }

    proptest! {
        #[test]
        fn lines_stay_inside_the_box_and_lose_nothing_unsaid(
            text in "[a-zA-ZÀ-ž0-9 ]{0,300}", width in 12.0_f32..100.0, height in 4.0_f32..40.0,
        ) {
            let (lines, warnings) = fitted(&text, width, height);
            prop_assert!(lines.iter().map(Line::height).sum::<f32>() <= height + 0.02);
            for line in &lines {
                prop_assert!(line.width <= width + 0.02 && line.points >= MIN_POINTS);
            }
            if warnings.is_empty() {
                prop_assert_eq!(letters(lines.iter().map(|line| line.text.as_str())), letters([text.as_str()]));
            }
        }
    }
}
