//! Dates as the language reads them. A time without a zone is in UTC.

use jiff::Timestamp;

/// Whether and how a text is a date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Read {
    /// It is one.
    Date(Timestamp),
    /// It looks like one, and there is no such time.
    Invalid,
    /// It does not look like one.
    No,
}

/// Walks along a text, byte by byte.
struct Cursor<'a>(&'a [u8]);

impl Cursor<'_> {
    fn eat(&mut self, byte: u8) -> bool {
        let is_next = self.0.first() == Some(&byte);
        if is_next {
            self.0 = &self.0[1..];
        }
        is_next
    }

    /// A number of between `least` and `most` digits.
    fn digits(&mut self, least: usize, most: usize) -> Option<i64> {
        let count = self.0.iter().take(most).take_while(|byte| byte.is_ascii_digit()).count();
        if count < least {
            return None;
        }
        let (digits, rest) = self.0.split_at(count);
        self.0 = rest;
        Some(digits.iter().fold(0, |sum, digit| sum * 10 + i64::from(digit - b'0')))
    }

    fn is_done(&self) -> bool {
        self.0.is_empty()
    }
}

/// Milliseconds since 1970 of midnight UTC; a day past its month's end runs on into the next one.
fn midnight(year: i64, month: i64, day: i64) -> Option<i64> {
    let first = jiff::civil::Date::new(i16::try_from(year).ok()?, i8::try_from(month).ok()?, 1).ok()?;
    let days = first.since(jiff::civil::date(1970, 1, 1)).ok()?.get_days();
    Some((i64::from(days) + day - 1) * 86_400_000)
}

/// `HH:mm[:ss[.f…]][Z|±HH:mm]` in milliseconds since midnight UTC. `Ok(None)` when there is no such time.
fn time(cursor: &mut Cursor<'_>, last_hour: i64) -> Result<Option<i64>, ()> {
    let part = |cursor: &mut Cursor<'_>, most: i64| cursor.digits(2, 2).filter(|part| *part <= most).ok_or(());
    let hour = part(cursor, last_hour)?;
    if !cursor.eat(b':') {
        return Err(());
    }
    let mut milliseconds = hour * 3_600_000 + part(cursor, 59)? * 60_000;
    if cursor.eat(b':') {
        milliseconds += part(cursor, 59)? * 1_000;
        if cursor.eat(b'.') {
            let mut unit = 100;
            while let Some(digit) = cursor.digits(1, 1) {
                milliseconds += digit * unit;
                unit /= 10;
            }
            if unit == 100 {
                return Err(());
            }
        }
    }
    if milliseconds > 86_400_000 {
        return Ok(None);
    }
    let is_west = match cursor.0.first() {
        Some(b'+') => false,
        Some(b'-') => true,
        _ => {
            cursor.eat(b'Z');
            return Ok(Some(milliseconds));
        }
    };
    cursor.0 = &cursor.0[1..];
    let hours = cursor.digits(2, 2).ok_or(())?;
    if !cursor.eat(b':') {
        return Err(());
    }
    let minutes = cursor.digits(2, 2).ok_or(())?;
    if hours > 23 || minutes > 59 {
        return Ok(None);
    }
    let offset = (hours * 60 + minutes) * 60_000;
    Ok(Some(if is_west { milliseconds + offset } else { milliseconds - offset }))
}

/// What a value is taken for when nobody says what it is: years 1000 to 2999,
/// `YYYY[-MM[-DD]][T| ][HH:mm[:ss[.f…]][Z|±HH:mm]]`.
pub fn implied(text: &str) -> Read {
    if !matches!(text.as_bytes(), [b'1' | b'2', second, ..] if second.is_ascii_digit()) {
        return Read::No;
    }
    strict(text).unwrap_or(Read::No)
}

fn strict(text: &str) -> Option<Read> {
    let mut cursor = Cursor(text.as_bytes());
    let year = cursor.digits(4, 4)?;
    if !cursor.eat(b'-') {
        // A year alone is a number.
        return None;
    }
    let month = cursor.digits(2, 2).filter(|part| (1..=12).contains(part))?;
    let mut day = 1;
    if cursor.eat(b'-') {
        day = cursor.digits(2, 2).filter(|part| (1..=31).contains(part))?;
    }
    let has_t = cursor.eat(b'T');
    let is_parted = has_t || cursor.eat(b' ');
    let mut at = midnight(year, month, day)?;
    if cursor.is_done() {
        // `2016-04-12T` has the letter and no time.
        return Some(if has_t { Read::Invalid } else { date(at) });
    }
    let time = time(&mut cursor, 23).ok()?;
    if !cursor.is_done() {
        return None;
    }
    let Some(time) = time.filter(|_| is_parted) else { return Some(Read::Invalid) };
    at += time;
    Some(date(at))
}

fn date(milliseconds: i64) -> Read {
    Timestamp::from_millisecond(milliseconds).map_or(Read::Invalid, Read::Date)
}

/// What `date(…)` and a field of dates make of a text: ISO 8601, also with one digit for month or day, a year alone, and
/// 24:00. JavaScript's other ways to write a date are not read.
pub fn named(text: &str) -> Option<Timestamp> {
    let mut cursor = Cursor(text.trim().as_bytes());
    let year = cursor.digits(4, 4)?;
    let (mut month, mut day) = (1, 1);
    if cursor.eat(b'-') {
        month = cursor.digits(1, 2).filter(|part| (1..=12).contains(part))?;
        if cursor.eat(b'-') {
            day = cursor.digits(1, 2).filter(|part| (1..=31).contains(part))?;
        }
    }
    let mut at = midnight(year, month, day)?;
    if !cursor.is_done() {
        if !cursor.eat(b'T') && !cursor.eat(b' ') {
            return None;
        }
        at += time(&mut cursor, 24).ok()??;
        if !cursor.is_done() {
            return None;
        }
    }
    Timestamp::from_millisecond(at).ok()
}

/// `date.toISOString()`: milliseconds, always three digits.
pub fn to_text(at: Timestamp) -> String {
    let whole = Timestamp::from_millisecond(at.as_millisecond()).unwrap_or(at);
    format!("{whole:.3}")
}
