//! Splitting: a street line into street, house number and unit, for services that want them apart.
//!
//! The parts with what stood between them are the line again, character by character. Where a line can be read in more than
//! one way, or the country's way is not known, nothing is guessed: every reading is shown, and a person chooses.

mod numbers;
mod words;

use numbers::{Kind, Number, numbers};
pub use words::writes_number_first;

/// What a piece of a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Street,
    HouseNumber,
    Unit,
    /// Blanks and signs between two parts.
    Between,
}

/// A line taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Split<'a> {
    pieces: Vec<(Role, &'a str)>,
}

/// How a line can be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reading<'a> {
    /// In one way.
    Sure(Split<'a>),
    /// In several: the line undivided first, then every way that was found.
    Unsure(Vec<Split<'a>>),
}

/// What may stand between two parts without belonging to either.
fn is_between(letter: char) -> bool {
    letter.is_whitespace() || matches!(letter, ',' | ';' | '،' | '、' | '，')
}

/// A part without what stands around it.
fn bare(role: Role, text: &str) -> &str {
    let text = text.trim_matches(is_between);
    match role {
        // "12. II. em. 3", "12 // Whg. 5".
        Role::Unit => text.trim_start_matches(|letter| is_between(letter) || "./-–".contains(letter)),
        // "Hauptstraße - 12"; the full stop of "Hauptstr." is the street's.
        Role::Street => {
            let undashed = text.trim_end_matches(['-', '–']);
            if undashed.ends_with(is_between) { undashed.trim_end_matches(is_between) } else { text }
        }
        Role::HouseNumber | Role::Between => text,
    }
}

impl<'a> Split<'a> {
    fn undivided(line: &'a str) -> Self {
        Self { pieces: vec![(Role::Street, line)] }
    }

    /// The line cut at these places, each part without the signs that only part it from the others.
    fn cut(line: &'a str, parts: &[(Role, usize, usize)]) -> Self {
        let mut pieces = Vec::new();
        let mut add = |role, text: &'a str| {
            if !text.is_empty() {
                pieces.push((role, text));
            }
        };
        let mut at = 0;
        for (role, from, to) in parts.iter().copied() {
            let inner = bare(role, &line[from..to]);
            if inner.is_empty() {
                continue;
            }
            let start = from + line[from..to].find(inner).unwrap_or(0);
            add(Role::Between, &line[at..start]);
            add(role, inner);
            at = start + inner.len();
        }
        add(Role::Between, &line[at..]);
        Self { pieces }
    }

    fn part(&self, role: Role) -> Option<&'a str> {
        self.pieces.iter().find(|(found, _)| *found == role).map(|(_, text)| *text)
    }

    /// The street without its number.
    pub fn street(&self) -> Option<&'a str> {
        self.part(Role::Street)
    }

    /// The house number, with letters, range and a word such as "Nr." before it.
    pub fn house_number(&self) -> Option<&'a str> {
        self.part(Role::HouseNumber)
    }

    /// Flat, floor, staircase and whatever else follows.
    pub fn unit(&self) -> Option<&'a str> {
        self.part(Role::Unit)
    }

    /// The line again.
    pub fn join(&self) -> String {
        self.pieces.iter().map(|(_, text)| *text).collect()
    }
}

/// Reads a line the way its country (two upper-case letters) writes streets.
pub fn split<'a>(line: &'a str, country: Option<&str>) -> Reading<'a> {
    let found = numbers(line, country);
    let plain: Vec<&Number> = found.iter().filter(|number| number.kind != Kind::Ordinal).collect();
    if plain.is_empty() {
        return Reading::Sure(Split::undivided(line));
    }
    let order = words::order(country);
    let mut readings: Vec<(Split<'a>, bool)> = Vec::new();
    for number in &plain {
        if order != Some(words::Order::NumberFirst) {
            readings.extend(number_last(line, number, &plain));
        }
        if order != Some(words::Order::NumberLast) {
            readings.extend(number_first(line, number, &plain));
        }
    }
    match readings.as_slice() {
        [(only, true)] if order.is_some() => Reading::Sure(only.clone()),
        _ => {
            let mut ways = vec![Split::undivided(line)];
            ways.extend(readings.into_iter().map(|(way, _)| way).filter(|way| way.house_number().is_some()));
            ways.dedup();
            if ways.len() == 1 {
                ways.extend(plain.iter().take(3).filter_map(|number| anywhere(line, number)));
            }
            Reading::Unsure(ways)
        }
    }
}

/// The line with the number wherever it stands, for a person to choose.
fn anywhere<'a>(line: &'a str, number: &Number) -> Option<Split<'a>> {
    let (before, after) = (&line[..number.from], &line[number.to..]);
    let has_letters = |text: &str| text.chars().any(char::is_alphabetic);
    if has_letters(before) {
        let unit = (Role::Unit, number.to, line.len());
        Some(Split::cut(line, &[(Role::Street, 0, number.from), (Role::HouseNumber, number.from, number.to), unit]))
    } else if has_letters(after) {
        let street = (Role::Street, number.to, line.len());
        Some(Split::cut(line, &[(Role::HouseNumber, number.from, number.to), street]))
    } else {
        None
    }
}

/// The line read as street, number, unit, if this number can be the one; and whether nothing speaks against it.
fn number_last<'a>(line: &'a str, number: &Number, all: &[&Number]) -> Option<(Split<'a>, bool)> {
    let (before, after) = (&line[..number.from], &line[number.to..]);
    if !before.chars().any(char::is_alphabetic) || words::ends_in_unit(before) {
        return None;
    }
    // A number behind the words "flat" or "floor" of an earlier one is part of that.
    let is_inside_unit = all.iter().any(|earlier| {
        earlier.to <= number.from && words::begins_unit(&line[earlier.to..]) && is_street(&line[..earlier.from])
    });
    if is_inside_unit {
        return None;
    }
    let rest = after.trim_matches(|letter| is_between(letter) || letter == '.');
    let is_addition = after.trim_start().starts_with([',', ';', '，', '、'])
        && !rest.chars().any(|letter| numbers::digit(letter).is_some());
    if !rest.is_empty() && !words::begins_unit(after) && !is_addition {
        return None;
    }
    let split = Split::cut(
        line,
        &[
            (Role::Street, 0, number.from),
            (Role::HouseNumber, number.from, number.to),
            (Role::Unit, number.to, line.len()),
        ],
    );
    let others = all.iter().filter(|other| other.to <= number.from).count();
    let is_named = number.kind == Kind::Named;
    let is_sure = number.kind != Kind::Doubtful && (is_named || others == 0) && !words::mentions_unit(before);
    Some((split, is_sure))
}

/// Whether text can be a street.
fn is_street(text: &str) -> bool {
    text.chars().any(char::is_alphabetic)
}

/// The line read as unit, number, street, unit, if this number can be the one; and whether nothing speaks against it.
fn number_first<'a>(line: &'a str, number: &Number, all: &[&Number]) -> Option<(Split<'a>, bool)> {
    let (before, after) = (&line[..number.from], &line[number.to..]);
    let is_unit_before = words::is_unit(before);
    let has_nothing_before = before.chars().all(is_between);
    if !(has_nothing_before || is_unit_before) || !is_street(after) {
        return None;
    }
    let end = words::unit_at(after).map_or(line.len(), |place| number.to + place);
    let street = &line[number.to..end];
    if !is_street(street) {
        return None;
    }
    let parts = [
        (Role::Unit, 0, number.from),
        (Role::HouseNumber, number.from, number.to),
        (Role::Street, number.to, end),
        (Role::Unit, end, line.len()),
    ];
    // Two units of one line would not fit one field, and their order would be lost.
    let has_both = is_unit_before && end < line.len();
    let split = Split::cut(line, if is_unit_before { &parts[..3] } else { &parts[1..] });
    let inside = all.iter().filter(|other| other.from >= number.to && other.to <= end);
    let is_on_highway = |other: &&&Number| words::ends_in_highway(&line[..other.from]);
    let others = inside.filter(|other| !is_on_highway(other)).count();
    let is_sure = number.kind != Kind::Doubtful && others == 0 && !has_both && !words::begins_with_letter(street);
    Some((split, is_sure))
}

#[cfg(test)]
mod tests;
