//! Dates: read in every form that was seen, written in one.
//!
//! The documentation calls the type `dd.mm.yyyy hh:mm:ss`, while its examples are ISO 8601. Without an offset a date is in
//! UTC. A bare `+` of a form arrives as a blank, so ` 0000` at the end is an offset too.

use domain::time::{SentTime, Timestamp};
use jiff::SignedDuration;
use jiff::tz::{Offset, TimeZone};

use crate::json::Json;
use crate::json::fields::{Fault, Node};

/// What a date looks like, for refusals.
const EXPECTED: &str = "This value is not a valid date: expected 2017-08-10T05:45:00+0000 or 10.08.2017 05:45:00";

/// A point in time as sent, and whether only its day was said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Date {
    /// When; the beginning of the day, when only that was said.
    pub at: SentTime,
    /// Whether only the day was said.
    pub is_day: bool,
}

impl Date {
    /// The instant.
    pub fn instant(self) -> Timestamp {
        self.at.instant_in(&TimeZone::UTC)
    }

    /// The first instant behind it: answers show whole seconds, so a second is the least that is meant.
    pub fn end(self) -> Timestamp {
        let length = if self.is_day { SignedDuration::from_hours(24) } else { SignedDuration::from_secs(1) };
        self.instant().checked_add(length).unwrap_or(Timestamp::MAX)
    }
}

/// Reads a date.
pub fn parse(text: &str) -> Option<Date> {
    let text = text.trim();
    if text.len() > 40 || !text.is_ascii() {
        return None;
    }
    let text = with_plus(&iso(text)?);
    let at = match text.parse().ok()? {
        SentTime::Date(date) => {
            let at = Offset::UTC.to_timestamp(date.at(0, 0, 0, 0)).ok()?;
            return Some(Date { at: SentTime::Instant(at, Offset::UTC), is_day: true });
        }
        SentTime::Local(local) => SentTime::Instant(Offset::UTC.to_timestamp(local).ok()?, Offset::UTC),
        at @ SentTime::Instant(..) => at,
    };
    Some(Date { at, is_day: false })
}

/// `10.08.2017 05:45:00` as `2017-08-10 05:45:00`; what is not written so stays as it is.
fn iso(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    if bytes.get(2) != Some(&b'.') {
        return Some(text.to_owned());
    }
    if bytes.get(5) != Some(&b'.') {
        return None;
    }
    Some(format!("{}-{}-{}{}", text.get(6..10)?, text.get(3..5)?, text.get(..2)?, text.get(10..)?))
}

/// The blank before an offset as the plus it was.
fn with_plus(text: &str) -> String {
    const DATE_AND_TIME: usize = "2017-08-10T05:45:00".len();
    match text.rsplit_once(' ') {
        Some((time, offset))
            if time.len() >= DATE_AND_TIME
                && offset.len() >= 4
                && offset.bytes().all(|byte| byte.is_ascii_digit() || byte == b':') =>
        {
            format!("{}+{offset}", time.trim_end())
        }
        _ => text.to_owned(),
    }
}

/// Writes an instant: `2017-08-10T05:45:00+0000`.
pub fn written(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S+0000").to_string()
}

/// A date in a field.
pub fn date(node: Node<'_>) -> Option<Date> {
    let read = node.json().as_text().and_then(parse);
    read.or_else(|| node.fault(Fault::Other(EXPECTED.to_owned())))
}

/// The same, or a Unix time, which one client sends.
pub fn date_or_seconds(node: Node<'_>) -> Option<Date> {
    let digits = match node.json() {
        Json::Number(digits) | Json::Text(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => digits,
        _ => return date(node),
    };
    let at = digits.parse().ok().and_then(|seconds| Timestamp::from_second(seconds).ok());
    let read = at.map(|at| Date { at: SentTime::Instant(at, Offset::UTC), is_day: false });
    read.or_else(|| node.fault(Fault::Other(EXPECTED.to_owned())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_that_was_seen_is_read_and_one_is_written() {
        for (text, seen) in [
            ("2017-08-15T16:53:07+01:00", "2017-08-15T15:53:07+0000"),
            ("2017-08-10T05:45:00+0000", "2017-08-10T05:45:00+0000"),
            ("2017-08-10T05:45:00 0000", "2017-08-10T05:45:00+0000"),
            ("2017-08-15T16:53:07 01:00", "2017-08-15T15:53:07+0000"),
            ("2017-08-15 16:53:07 0100", "2017-08-15T15:53:07+0000"),
            ("2017-08-15T16:53:07-0500", "2017-08-15T21:53:07+0000"),
            ("2017-08-15T16:53:07Z", "2017-08-15T16:53:07+0000"),
            ("2017-08-15T16:53:07.999Z", "2017-08-15T16:53:07+0000"),
            ("2017-08-15 16:53:07", "2017-08-15T16:53:07+0000"),
            ("10.08.2017 05:45:00", "2017-08-10T05:45:00+0000"),
            ("10.08.2017 05:45:00+0200", "2017-08-10T03:45:00+0000"),
            ("10.08.2017 05:45:00 0200", "2017-08-10T03:45:00+0000"),
            ("10.08.2017", "2017-08-10T00:00:00+0000"),
            (" 2017-08-10 ", "2017-08-10T00:00:00+0000"),
        ] {
            assert_eq!(parse(text).map(|date| written(date.instant())).as_deref(), Some(seen), "{text}");
        }
        for text in
            ["", "yesterday", "10.13.2017", "2017-02-30", "1.8.2017", "10.08.17", "0000", "２０１７", "10.08", "+"]
        {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_day_is_meant_whole_and_a_time_to_the_second() {
        assert_eq!(parse("2017-08-10").unwrap().end().to_string(), "2017-08-11T00:00:00Z");
        assert_eq!(parse("2017-08-10T05:45:00Z").unwrap().end().to_string(), "2017-08-10T05:45:01Z");
    }
}
