//! Reading a rate sheet's text: lines, cells, and every mistake by line, column, value and reason.

use std::collections::HashSet;

use domain::Problem;
use domain::error::Rule;
use domain::measure::{Length, Weight};
use domain::money::{Currency, Decimal};

use super::columns::{COLUMNS, Col};
use super::postal::PostalEntry;
use super::sheet::{Country, Extra, MOST_LINES, Row, kilograms};

/// The most mistakes that are written out; further ones are counted.
const MOST_MISTAKES: usize = 10_000;

/// The most named surcharges of a line.
const MOST_SURCHARGES: usize = 20;

/// What is wrong with a sheet, so far.
#[derive(Default)]
pub(super) struct Mistakes {
    /// By line; 0 is the sheet as a whole.
    found: Vec<(u64, Problem)>,
    /// Those not written out.
    further: usize,
}

impl Mistakes {
    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.found.len() + self.further
    }

    /// A mistake in one cell. An empty cell is said to be empty instead of quoted.
    fn add(&mut self, line: u64, column: &str, value: &str, reason: &str) {
        let (rule, value) = if value.is_empty() {
            (Rule::Missing, "nothing stands here".to_owned())
        } else {
            (Rule::Invalid, format!("{value:?}"))
        };
        let message = format!("line {line}, {column}: {value}: {reason}");
        self.push(line, Problem::of(rule, format!("rate_sheet/{line}/{column}"), message));
    }

    /// A mistake in one line.
    fn add_line(&mut self, line: u64, reason: &str) {
        self.push(line, Problem::new(format!("rate_sheet/{line}"), format!("line {line}: {reason}")));
    }

    /// A mistake of the sheet as a whole.
    pub(super) fn add_whole(&mut self, reason: String) {
        self.found.push((0, Problem::new("rate_sheet", reason)));
    }

    /// Two rows for one place and weight, or with two volumetric divisors; the later line is named wrong.
    pub(super) fn add_clash(&mut self, first: &Row, second: &Row, service: &str, place: &str) {
        let is_overlap = first.min < second.max && second.min < first.max;
        let column = if is_overlap { "min_weight_kg" } else { "volumetric_divisor" };
        let reason = if is_overlap {
            format!(
                "{} to {} kg overlaps {} to {} kg in line {}: two prices of service {service} in {place}",
                kilograms(second.min),
                kilograms(second.max),
                kilograms(first.min),
                kilograms(first.max),
                first.line,
            )
        } else {
            format!("line {} has another one for service {service} in {place}", first.line)
        };
        let message = format!("line {}, {column}: {reason}", second.line);
        self.push(second.line, Problem::new(format!("rate_sheet/{}/{column}", second.line), message));
    }

    fn push(&mut self, line: u64, problem: Problem) {
        if self.found.len() < MOST_MISTAKES {
            self.found.push((line, problem));
        } else {
            self.further += 1;
        }
    }

    /// All of them, by line.
    pub(super) fn into_problems(mut self) -> Vec<Problem> {
        self.found.sort_by_key(|(line, _)| *line);
        let mut problems: Vec<_> = self.found.into_iter().map(|(_, problem)| problem).collect();
        if self.further > 0 {
            problems.push(Problem::new("rate_sheet", format!("and {} further mistakes", self.further)));
        }
        problems
    }
}

/// One line of a sheet.
pub(super) struct Line<'a> {
    /// From 1, the line with the columns' names included.
    pub(super) number: u64,
    record: &'a csv::StringRecord,
    /// Where each of [`COLUMNS`] stands in the record.
    places: &'a [Option<usize>],
}

/// Calls `take` for each line with something in it. A sheet whose first line is wrong has no lines.
pub(super) fn lines(text: &str, mistakes: &mut Mistakes, mut take: impl FnMut(&Line<'_>, &mut Mistakes)) {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
    let mut record = csv::StringRecord::new();
    let mut columns: Option<(Vec<Option<usize>>, usize)> = None;
    let mut count = LineCount { text: text.as_bytes(), at: 0, line: 1 };
    loop {
        match reader.read_record(&mut record) {
            Ok(true) => {}
            Ok(false) => break,
            Err(error) => {
                mistakes.add_whole(format!("the sheet is no CSV: {error}"));
                return;
            }
        }
        let start = record.position().map_or(0, |position| position.byte() as usize);
        let number = count.line_at(start);
        if number > MOST_LINES {
            mistakes.add_whole(format!("the sheet has more than {MOST_LINES} lines"));
            return;
        }
        if record.iter().all(|cell| cell.trim().is_empty()) {
            continue;
        }
        match &columns {
            None => match header(number, &record, mistakes) {
                Some(places) => columns = Some((places, record.len())),
                None => return,
            },
            Some((_, width)) if record.len() != *width => {
                let reason = format!(
                    "{} cells for {width} columns; a cell with a comma in it is written in double quotes",
                    record.len()
                );
                mistakes.add_line(number, &reason);
            }
            Some((places, _)) => take(&Line { number, record: &record, places }, mistakes),
        }
    }
    if columns.is_none() {
        mistakes.add_whole("the sheet is empty: expected a first line with the columns' names".to_owned());
    }
}

/// Counts lines on the way through a text. The reader's own count lags behind when lines end in CR LF or are blank.
struct LineCount<'a> {
    text: &'a [u8],
    at: usize,
    line: u64,
}

impl LineCount<'_> {
    /// The line of the first record at or after this byte; bytes are asked for in rising order.
    fn line_at(&mut self, start: usize) -> u64 {
        while let Some(byte) = self.text.get(self.at) {
            let is_end = matches!(byte, b'\n' | b'\r');
            if self.at >= start && !is_end {
                break;
            }
            self.at += 1;
            self.line += u64::from(is_end && !(*byte == b'\r' && self.text.get(self.at) == Some(&b'\n')));
        }
        self.line
    }
}

/// Where each column stands; `None` when something is wrong with the first line.
fn header(line: u64, record: &csv::StringRecord, mistakes: &mut Mistakes) -> Option<Vec<Option<usize>>> {
    let before = mistakes.count();
    if record.len() == 1 && record.get(0).is_some_and(|cell| cell.contains([';', '\t'])) {
        mistakes.add_line(line, "the columns are parted by something else: expected commas");
        return None;
    }
    let mut places = vec![None; COLUMNS.len()];
    for (place, name) in record.iter().enumerate() {
        let name = name.trim().to_lowercase();
        match COLUMNS.iter().position(|column| column.name == name) {
            None => {
                let known: Vec<_> = COLUMNS.iter().map(|column| column.name).collect();
                mistakes.add(line, "columns", &name, &format!("no such column; there are {}", known.join(", ")));
            }
            Some(column) if places[column].is_some() => {
                mistakes.add(line, "columns", &name, "the column stands here twice");
            }
            Some(column) => places[column] = Some(place),
        }
    }
    for (column, place) in COLUMNS.iter().zip(&places) {
        if column.is_required && place.is_none() {
            mistakes.add_line(line, &format!("the column {} is missing: {}", column.name, column.help));
        }
    }
    (mistakes.count() == before).then_some(places)
}

/// Reads one line's cells and notes what is wrong with them.
pub(super) struct Cells<'a, 'b> {
    /// The line.
    pub(super) line: &'a Line<'b>,
    /// Where mistakes go.
    pub(super) mistakes: &'a mut Mistakes,
}

/// Reads a cell's text; the error is the reason in words.
type Reading<T> = fn(&str) -> Result<T, String>;

impl<'b> Cells<'_, 'b> {
    /// The text of a cell; empty when the sheet has no such column.
    fn text(&self, column: Col) -> &'b str {
        let place = self.line.places[column as usize];
        place.and_then(|place| self.line.record.get(place)).unwrap_or("").trim()
    }

    /// Notes that a cell is wrong.
    pub(super) fn wrong(&mut self, column: Col, reason: impl AsRef<str>) {
        let text = self.text(column);
        self.mistakes.add(self.line.number, COLUMNS[column as usize].name, text, reason.as_ref());
    }

    /// A cell that may be blank.
    pub(super) fn optional<T>(&mut self, column: Col, read: Reading<T>) -> Option<T> {
        if self.text(column).is_empty() { None } else { self.required(column, read) }
    }

    /// A cell that may not be blank.
    pub(super) fn required<T>(&mut self, column: Col, read: Reading<T>) -> Option<T> {
        let text = self.text(column);
        let read = if text.is_empty() { Err(COLUMNS[column as usize].help.to_owned()) } else { read(text) };
        read.map_err(|reason| self.wrong(column, reason)).ok()
    }

    /// Two cells that stand together or not at all.
    pub(super) fn pair<A, B>(&mut self, first: (Col, Reading<A>), second: (Col, Reading<B>)) -> Option<(A, B)> {
        if self.text(first.0).is_empty() && self.text(second.0).is_empty() {
            return None;
        }
        let (first, second) = (self.required(first.0, first.1), self.required(second.0, second.1));
        first.zip(second)
    }
}

/// A number: digits, perhaps with a point; `most` is its largest value and `places` its most digits after the point.
fn number(text: &str, most: u64, places: u32, example: &str) -> Result<Decimal, String> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let number = Some(text).filter(|_| is_plain).and_then(|text| Decimal::from_str_exact(text).ok());
    let number = number.ok_or_else(|| format!("expected digits and a point, such as {example}"))?;
    if number > Decimal::from(most) {
        return Err(format!("expected at most {most}"));
    }
    if number.normalize().scale() > places {
        return Err(format!("expected at most {places} digits after the point"));
    }
    Ok(number)
}

/// A reason that names the entry of a list it is about, unless it is the only one.
fn in_list(list: &str, entry: &str, reason: &str) -> String {
    if list == entry { reason.to_owned() } else { format!("{entry:?}: {reason}") }
}

/// A service's code.
pub(super) fn service(text: &str) -> Result<String, String> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'));
    let is_code = is_plain && text.len() <= 64;
    is_code.then(|| text.to_owned()).ok_or_else(|| "expected 1 to 64 letters, digits, - _ or .".to_owned())
}

/// Text for people.
pub(super) fn short_text(text: &str) -> Result<String, String> {
    let is_short = text.chars().count() <= 64 && !text.chars().any(char::is_control);
    is_short.then(|| text.to_owned()).ok_or_else(|| "expected at most 64 characters in one line".to_owned())
}

/// Countries; `[None]` is the rest of the world.
pub(super) fn countries(text: &str) -> Result<Vec<Option<Country>>, String> {
    if text == "*" {
        return Ok(vec![None]);
    }
    let mut seen = HashSet::new();
    let mut countries = Vec::new();
    for typed in text.split(';').map(str::trim) {
        let code = typed.to_ascii_uppercase();
        // ISO 3166 leaves the codes from XA to XZ to their users; XK is widely used for Kosovo.
        let is_known = rust_iso3166::from_alpha2(&code).is_some()
            || matches!(code.as_bytes(), [b'X', second] if second.is_ascii_uppercase());
        let country = Country::try_from(code.as_bytes()).ok().filter(|_| is_known);
        let country = country.ok_or_else(|| match code.as_str() {
            "*" => "* stands alone, for the rest of the world".to_owned(),
            "UK" => "ISO 3166 calls the United Kingdom GB".to_owned(),
            "EL" => "ISO 3166 calls Greece GR".to_owned(),
            _ => in_list(text, typed, "no ISO 3166 code of two letters"),
        })?;
        if seen.insert(country) {
            countries.push(Some(country));
        }
    }
    Ok(countries)
}

/// Postal entries, each once.
pub(super) fn postal_entries(text: &str) -> Result<Vec<PostalEntry>, String> {
    let mut seen = HashSet::new();
    let mut entries = Vec::new();
    for part in text.split(';').map(str::trim) {
        let entry = PostalEntry::parse(part).map_err(|reason| in_list(text, part, &reason))?;
        if seen.insert(entry) {
            entries.push(entry);
        }
    }
    Ok(entries)
}

/// A weight in kilograms, zero included.
pub(super) fn milligrams(text: &str) -> Result<u64, String> {
    let kilograms = number(text, 1_000_000, 6, "31.5")?;
    Ok(Weight::from_kilograms(kilograms).map_or(0, Weight::milligrams))
}

/// An amount of money.
pub(super) fn amount(text: &str) -> Result<Decimal, String> {
    number(text, 10_000_000, 10, "4.90")
}

/// A percentage.
pub(super) fn percent(text: &str) -> Result<Decimal, String> {
    number(text, 1_000, 4, "12.5")
}

/// A divisor of volumes.
pub(super) fn divisor(text: &str) -> Result<Decimal, String> {
    let divisor = number(text, 1_000_000, 4, "5000")?;
    if divisor.is_zero() { Err("expected more than zero, such as 5000".to_owned()) } else { Ok(divisor) }
}

/// The step amounts are rounded to.
pub(super) fn step(text: &str) -> Result<Decimal, String> {
    let step = number(text, 1_000, 4, "5")?;
    if step.is_zero() { Err("expected more than zero, such as 5".to_owned()) } else { Ok(step) }
}

/// A length in centimetres.
pub(super) fn length(text: &str) -> Result<Length, String> {
    let centimetres = number(text, 100_000, 4, "120")?;
    Length::from_centimetres(centimetres).ok_or_else(|| "expected a length in centimetres".to_owned())
}

/// Days.
pub(super) fn days(text: &str) -> Result<u32, String> {
    text.parse().ok().filter(|days| *days <= 365).ok_or_else(|| "expected whole days, 0 to 365".to_owned())
}

/// A number of parcels.
pub(super) fn count(text: &str) -> Result<u32, String> {
    text.parse().ok().filter(|count| *count > 0).ok_or_else(|| "expected a whole number from 1".to_owned())
}

/// A currency and its minor digits.
pub(super) fn currency(text: &str) -> Result<(Currency, u32), String> {
    let code = text.to_ascii_uppercase();
    let known =
        iso_currency::Currency::from_code(&code).and_then(|known| Some((Currency::new(&code)?, known.exponent()?)));
    let (currency, digits) = known.ok_or("no currency of ISO 4217 with minor units; expected such as EUR")?;
    Ok((currency, digits.into()))
}

/// Named surcharges.
pub(super) fn surcharges(text: &str) -> Result<Vec<(String, Extra)>, String> {
    let mut surcharges: Vec<(String, Extra)> = Vec::new();
    for part in text.split(';').map(str::trim) {
        let (name, value) = part.split_once('=').ok_or("expected such as peak=1.50;residential=5%")?;
        let (name, value) = (short_text(name.trim())?, value.trim());
        if name.is_empty() {
            return Err(in_list(text, part, "a surcharge has a name, such as peak=1.50"));
        }
        if matches!(name.as_str(), "fuel" | "oversize") {
            return Err(format!("{name} has columns of its own"));
        }
        if surcharges.iter().any(|(known, _)| *known == name) {
            return Err(format!("{name} stands here twice"));
        }
        let extra = match value.strip_suffix('%') {
            Some(value) => percent(value.trim_end()).map(Extra::Percent),
            None => amount(value).map(Extra::Fixed),
        };
        if surcharges.len() == MOST_SURCHARGES {
            return Err(format!("expected at most {MOST_SURCHARGES} surcharges"));
        }
        surcharges.push((name, extra.map_err(|reason| in_list(text, part, &reason))?));
    }
    Ok(surcharges)
}
