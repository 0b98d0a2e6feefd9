//! Wrapping: long texts over a service's free lines. Lines break at blanks, or between two ideographs; no word is cut, and
//! the lines with what stood between them are the texts again, character by character.

/// Texts on lines that each fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrapping {
    /// Blanks before the first line.
    lead: String,
    /// Each line, and the blanks after it.
    lines: Vec<(String, String)>,
    /// Where one text ended and the next began: places of blanks that were not typed, in bytes of the whole.
    seams: Vec<usize>,
}

/// How long a text is: in characters, without blanks at the end.
pub fn length(text: &str) -> usize {
    text.trim_end().chars().count()
}

/// Whether a line may end here. A no-break space is there to keep two words together.
fn is_break(letter: char) -> bool {
    letter.is_whitespace() && !matches!(letter, '\u{a0}' | '\u{2007}' | '\u{202f}')
}

/// Scripts that write no blanks: Han, Hiragana, Katakana.
fn is_ideograph(letter: char) -> bool {
    matches!(letter, '\u{3041}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}')
}

/// The places where a line may end: from and to, in bytes.
fn breaks(text: &str) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let mut letters = text.char_indices().peekable();
    while let Some((place, letter)) = letters.next() {
        let after = place + letter.len_utf8();
        if is_break(letter) {
            match found.last_mut() {
                Some((_, end)) if *end == place => *end = after,
                _ => found.push((place, after)),
            }
        } else if is_ideograph(letter) && letters.peek().is_some_and(|(_, next)| is_ideograph(*next)) {
            found.push((after, after));
        }
    }
    found
}

impl Wrapping {
    /// Texts over so many lines of so many characters; each text begins a line of its own if there is room for that, and
    /// otherwise they read on. `None` when they do not fit.
    pub fn of(texts: &[&str], most: usize, longest: usize) -> Option<Self> {
        let apart: Option<Vec<Self>> = texts.iter().map(|text| Self::flow(text, most, longest)).collect();
        let apart = apart.filter(|apart| apart.iter().map(|one| one.lines.len()).sum::<usize>() <= most);
        if let Some(apart) = apart {
            return Some(apart.into_iter().fold(Self::empty(), Self::and));
        }
        let mut seams = Vec::new();
        let mut whole = String::new();
        for (place, text) in texts.iter().enumerate() {
            if place > 0 {
                seams.push(whole.len());
                whole.push(' ');
            }
            whole.push_str(text);
        }
        Self::flow(&whole, most, longest).map(|flowed| Self { seams, ..flowed })
    }

    fn empty() -> Self {
        Self { lead: String::new(), lines: Vec::new(), seams: Vec::new() }
    }

    /// Two wrappings below one another.
    fn and(mut self, next: Self) -> Self {
        let Some((_, gap)) = self.lines.last_mut() else { return next };
        gap.push(' ');
        gap.push_str(&next.lead);
        let length = self.whole().len();
        self.seams.push(length - next.lead.len() - 1);
        self.seams.extend(next.seams.iter().map(|seam| seam + length - next.lead.len()));
        self.lines.extend(next.lines);
        self
    }

    /// One text; each line takes as much as fits.
    fn flow(text: &str, most: usize, longest: usize) -> Option<Self> {
        let lead = text.len() - text.trim_start_matches(is_break).len();
        let breaks = breaks(text);
        let mut lines = Vec::new();
        let mut from = lead;
        while from < text.len() || lines.is_empty() {
            let is_blank_at_end = breaks.last().is_some_and(|(start, end)| *end == text.len() && *start > from);
            let last = (!is_blank_at_end).then_some((text.len(), text.len()));
            let ends = breaks.iter().copied().filter(|(start, _)| *start > from).chain(last);
            let fits = |(start, _): &(usize, usize)| length(&text[from..*start]) <= longest;
            let (start, end) = ends.take_while(fits).last()?;
            lines.push((text[from..start].to_owned(), text[start..end].to_owned()));
            from = end;
        }
        (lines.len() <= most).then(|| Self { lead: text[..lead].to_owned(), lines, seams: Vec::new() })
    }

    /// The lines.
    pub fn lines(&self) -> impl Iterator<Item = &str> {
        self.lines.iter().map(|(line, _)| line.as_str())
    }

    fn whole(&self) -> String {
        let lines = self.lines.iter().flat_map(|(line, gap)| [line.as_str(), gap.as_str()]);
        std::iter::once(self.lead.as_str()).chain(lines).collect()
    }

    /// The texts again, as they were typed.
    pub fn join(&self) -> Vec<String> {
        let whole = self.whole();
        let mut texts = Vec::with_capacity(self.seams.len() + 1);
        let mut from = 0;
        for seam in &self.seams {
            texts.push(whole[from..*seam].to_owned());
            from = seam + 1;
        }
        texts.push(whole[from..].to_owned());
        texts
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn wrapped(texts: &[&str], most: usize, longest: usize) -> Option<Vec<String>> {
        Wrapping::of(texts, most, longest).map(|wrapping| wrapping.lines().map(str::to_owned).collect())
    }

    #[test]
    fn lines_break_at_blanks_and_count_characters() {
        let street = "Straße des 17. Juni Ecke Klopstockstraße 135 b";
        assert_eq!(wrapped(&[street], 2, 35).unwrap(), ["Straße des 17. Juni Ecke", "Klopstockstraße 135 b"]);
        assert_eq!(wrapped(&[street], 1, 46).unwrap(), [street]);
        assert_eq!(wrapped(&[street], 1, 45), None);
        assert_eq!(wrapped(&["Llanfairpwllgwyngyll"], 3, 10), None, "no word is cut");
        assert_eq!(wrapped(&["東京都千代田区丸の内一丁目"], 2, 7).unwrap(), ["東京都千代田区", "丸の内一丁目"]);
        assert_eq!(wrapped(&["Nr.\u{a0}12 Weg"], 2, 6).unwrap(), ["Nr.\u{a0}12", "Weg"]);
        // A blank at the end is neither counted nor sent, and not lost either.
        assert_eq!(wrapped(&["äöü  "], 1, 3).unwrap(), ["äöü"]);
        assert_eq!(Wrapping::of(&["äöü  "], 1, 3).unwrap().join(), ["äöü  "]);
    }

    #[test]
    fn texts_keep_lines_of_their_own_while_there_is_room() {
        assert_eq!(wrapped(&["Am Hang 5", "Hof 2"], 2, 9).unwrap(), ["Am Hang 5", "Hof 2"]);
        assert_eq!(wrapped(&["Am Langen Hang 5", "Hof 2"], 3, 9).unwrap(), ["Am Langen", "Hang 5", "Hof 2"]);
        assert_eq!(wrapped(&["Am Langen Hang 5", "2"], 2, 9).unwrap(), ["Am Langen", "Hang 5 2"]);
    }

    proptest! {
        #[test]
        fn lines_fit_and_joined_are_the_texts_again(
            texts in prop::collection::vec("[ aäß京\u{a0}\\-,0-9]{0,30}", 1..4),
            most in 1_usize..6,
            longest in 1_usize..20,
        ) {
            let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
            if let Some(wrapping) = Wrapping::of(&texts, most, longest) {
                prop_assert!(wrapping.lines().count() <= most);
                for line in wrapping.lines() {
                    prop_assert!(line.trim_end().chars().count() <= longest, "{line:?}");
                }
                prop_assert_eq!(wrapping.join(), texts.clone());
                let letters = |text: &str| text.chars().filter(|letter| !letter.is_whitespace()).collect::<String>();
                prop_assert_eq!(letters(&wrapping.lines().collect::<String>()), letters(&texts.concat()));
            }
        }
    }
}
