//! Numbers inside a street line: which may be a house number, and how far it reaches.

use super::words::{self, Order};

/// What kind of number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// May be a house number.
    Plain,
    /// A word such as "Nr." before it says that it is one.
    Named,
    /// May be one, but its letters can belong to the street just as well.
    Doubtful,
    /// "17." or "5th": part of a name.
    Ordinal,
}

/// A number and where it stands, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Number {
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) kind: Kind,
}

/// The value of a digit of the scripts in which house numbers are written.
pub(super) fn digit(letter: char) -> Option<u32> {
    let zero = match letter {
        '0'..='9' => '0',
        '٠'..='٩' => '٠',
        '۰'..='۹' => '۰',
        '०'..='९' => '०',
        '０'..='９' => '０',
        _ => return None,
    };
    Some(letter as u32 - zero as u32)
}

fn is_digit(letter: char) -> bool {
    digit(letter).is_some()
}

/// How many bytes a text begins with that fit.
fn span(text: &str, fits: impl Fn(char) -> bool) -> usize {
    text.find(|letter| !fits(letter)).unwrap_or(text.len())
}

/// Letters that write no blank before a number.
fn is_of_blankless_script(letter: char) -> bool {
    matches!(letter, '\u{3041}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}' | '\u{e00}'..='\u{e7f}')
}

/// How far a number reaches that begins at the start of `text`: letters, ranges and fractions belong to it. The flag says
/// that the last letter may belong to the street instead.
fn reach(text: &str, order: Option<Order>, country: Option<&str>) -> (usize, bool) {
    let mut end = span(text, is_digit);
    let mut is_doubtful = false;
    loop {
        let rest = &text[end..];
        let letters = span(rest, char::is_alphabetic);
        let suffix = &rest[..letters];
        if letters > 0 && (suffix.chars().count() <= 2 || words::is_repetition(suffix)) && !words::is_ordinal(suffix) {
            end += letters;
        } else if let Some(sign) = rest.chars().next().filter(|sign| "号號番".contains(*sign)) {
            end += sign.len_utf8();
        }
        let rest = &text[end..];
        let blanks = span(rest, |letter| letter == ' ');
        let after = &rest[blanks..];
        // "12-14", "12 – 14", "12/3", "12+13": one number.
        if let Some(sign) = after.chars().next().filter(|sign| "-–/+‐".contains(*sign)) {
            let behind = &after[sign.len_utf8()..];
            let more = span(behind, |letter| letter == ' ');
            let part = &behind[more..];
            let is_number = part.chars().next().is_some_and(is_digit);
            let word = span(part, char::is_alphanumeric);
            let is_short = blanks == 0 && more == 0 && word > 0 && part[..word].chars().count() <= 4;
            if is_number || is_short {
                let length = if is_number { span(part, is_digit) } else { word };
                end += blanks + sign.len_utf8() + more + length;
                continue;
            }
        }
        // "12 1/2 Main St".
        let fraction = ["1/2", "1/3", "2/3", "1/4", "3/4"].into_iter().find(|fraction| after.starts_with(fraction));
        if let Some(fraction) = fraction.filter(|_| blanks > 0 && order == Some(Order::NumberFirst))
            && !after[fraction.len()..].starts_with(is_digit)
        {
            return (end + blanks + fraction.len(), false);
        }
        // "12 bis", "12 a".
        let word = span(after, char::is_alphabetic);
        let follows = after[word..].chars().next();
        let is_word_end = follows.is_none_or(|letter| !letter.is_alphanumeric() && letter != '.' && letter != '\'');
        if blanks > 0 && word > 0 && is_word_end {
            let is_letter = after[..word].chars().count() == 1;
            let is_last_word = after[word..].trim_matches(super::is_between).is_empty();
            let is_suffix = is_letter && order == Some(Order::NumberLast);
            if is_suffix || words::is_repetition(&after[..word]) {
                end += blanks + word;
            } else if is_letter && order == Some(Order::NumberFirst) && !is_last_word {
                // "12 B High Street", "12 E Main St", "12 A Street".
                let is_direction = words::is_english(country) && "NSEWnsew".contains(&after[..word]);
                is_doubtful = !is_direction;
            }
        }
        return (end, is_doubtful);
    }
}

/// Every number of a line, in order.
pub(super) fn numbers(line: &str, country: Option<&str>) -> Vec<Number> {
    let order = words::order(country);
    let mut found: Vec<Number> = Vec::new();
    let mut at = 0;
    while let Some(start) = line[at..].find(is_digit).map(|place| at + place) {
        let before = &line[..start];
        let digits = span(&line[start..], is_digit);
        let glued = before.chars().rev().take_while(|letter| letter.is_alphabetic()).count();
        let last = before.chars().next_back();
        let is_blankless = last.is_some_and(is_of_blankless_script);
        // "Q5 14" begins with a name; "Hauptstraße12" lacks a blank; "Andrássy út12" and "Abschnitt A1" can be either.
        let is_code = !is_blankless && (1..3).contains(&glued) && !words::is_prefix_before(before);
        if is_code && before.chars().count() == glued {
            at = start + span(&line[start..], char::is_alphanumeric);
            continue;
        }
        let rest = &line[start + digits..];
        if is_ordinal(rest, country) {
            found.push(Number { from: start, to: start + digits, kind: Kind::Ordinal });
            at = start + digits + span(rest, char::is_alphabetic);
            continue;
        }
        let (length, is_doubtful) = reach(&line[start..], order, country);
        let to = start + length;
        let from = words::prefix_at(before).unwrap_or(start);
        let is_decimal = line[to..].starts_with([',', '.']) && line[to + 1..].starts_with(is_digit);
        let kind = match (from < start, is_doubtful || is_decimal || is_code) {
            (_, true) => Kind::Doubtful,
            (true, false) => Kind::Named,
            (false, false) => Kind::Plain,
        };
        found.push(Number { from, to, kind });
        at = to;
    }
    if let Some((from, to)) = words::without_number(line) {
        found.push(Number { from, to, kind: Kind::Named });
    }
    found
}

/// Whether a number is an ordinal, by what follows it.
fn is_ordinal(rest: &str, country: Option<&str>) -> bool {
    if rest.starts_with(['º', 'ª', '°']) {
        return true;
    }
    let letters = span(rest, char::is_alphabetic);
    let suffix = &rest[..letters];
    let after = &rest[letters..];
    // "5th" always; "1e" and "2de" before a word.
    if letters > 0 && words::is_ordinal(suffix) {
        let is_before_word = after.starts_with(' ') && after.trim_start().starts_with(char::is_alphabetic);
        return words::is_always_ordinal(suffix) || is_before_word;
    }
    // "17. Juni": a full stop and a word, in countries that write ordinals so.
    let Some(behind) = rest.strip_prefix('.') else { return false };
    let has_word = behind.trim_start().starts_with(char::is_alphabetic);
    has_word && country != Some("HU") && !words::begins_unit(behind)
}
