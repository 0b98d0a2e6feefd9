//! Time: an instant of ours is exact to the microsecond; a time somebody sent keeps the precision and zone it had.

use std::fmt;
use std::str::FromStr;

use jiff::civil;
use jiff::tz::{Offset, TimeZone};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub use jiff::Timestamp;

/// The instant as microseconds since 1970, as the store keeps it.
pub fn to_micros(at: Timestamp) -> i64 {
    at.as_microsecond()
}

/// The instant `micros` microseconds after 1970; what lies outside jiff's range becomes its nearest end.
pub fn from_micros(micros: i64) -> Timestamp {
    Timestamp::from_microsecond(micros).unwrap_or(if micros < 0 { Timestamp::MIN } else { Timestamp::MAX })
}

/// A time as a shop or carrier sent it: a date stays a date, a local time stays local.
///
/// Nothing is invented: what came without a zone has none. Precision is kept to the nanosecond.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SentTime {
    /// A day: `2026-03-01`.
    Date(civil::Date),
    /// A wall-clock time whose zone nobody said: `2026-03-01T10:00:00`.
    Local(civil::DateTime),
    /// An instant and the offset it was written with: `2026-03-01T10:00:00+01:00`.
    Instant(Timestamp, Offset),
}

impl SentTime {
    /// An instant in UTC.
    pub fn utc(at: Timestamp) -> Self {
        Self::Instant(at, Offset::UTC)
    }

    /// The instant, if the sender said which one.
    pub fn instant(self) -> Option<Timestamp> {
        match self {
            Self::Instant(at, _) => Some(at),
            Self::Date(_) | Self::Local(_) => None,
        }
    }

    /// The instant for sorting and for wires that cannot carry anything else: a date or local time is read in `zone`.
    pub fn instant_in(self, zone: &TimeZone) -> Timestamp {
        let local = match self {
            Self::Instant(at, _) => return at,
            Self::Date(date) => date.to_datetime(civil::Time::midnight()),
            Self::Local(local) => local,
        };
        zone.to_ambiguous_timestamp(local).compatible().unwrap_or(Timestamp::MAX)
    }
}

/// ISO 8601; the offset as written, `Z` for UTC, and as many fraction digits as the time needs.
impl fmt::Display for SentTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Date(date) => write!(f, "{date}"),
            Self::Local(local) => write!(f, "{local}"),
            Self::Instant(at, offset) if *offset == Offset::UTC => write!(f, "{at}"),
            Self::Instant(at, offset) => write!(f, "{}", at.display_with_offset(*offset)),
        }
    }
}

/// Why a text is not a time.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected an ISO 8601 date or time such as 2026-03-01 or 2026-03-01T10:00:00+01:00")]
pub struct NotATime;

impl FromStr for SentTime {
    type Err = NotATime;

    /// Reads ISO 8601: a date, a date and time (`T` or a blank between), with or without an offset
    /// (`Z`, `+01:00`, `+0100`).
    fn from_str(text: &str) -> Result<Self, NotATime> {
        if text.len() > 40 {
            return Err(NotATime);
        }
        if text.len() == 10 {
            return text.parse().map(Self::Date).map_err(|_| NotATime);
        }
        if text.as_bytes().get(4) != Some(&b'-') || text.contains('[') {
            return Err(NotATime);
        }
        if let Ok(pieces) = jiff::fmt::temporal::DateTimeParser::new().parse_pieces(text) {
            let time = pieces.time().ok_or(NotATime)?;
            let local = pieces.date().to_datetime(time);
            return match pieces.to_numeric_offset() {
                None => Ok(Self::Local(local)),
                Some(offset) => offset.to_timestamp(local).map(|at| Self::Instant(at, offset)).map_err(|_| NotATime),
            };
        }
        Err(NotATime)
    }
}

impl Serialize for SentTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for SentTime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sent_time_keeps_its_precision_and_its_zone() {
        for text in [
            "2026-03-01",
            "2026-03-01T10:00:00",
            "2026-03-01T10:00:00.5",
            "2026-03-01T10:00:00Z",
            "2018-02-27T10:00:00.555Z",
            "2026-03-01T10:00:00.123456+01:00",
            "2026-03-01T10:00:00-05:30",
        ] {
            let sent: SentTime = text.parse().unwrap_or_else(|_| panic!("{text}"));
            assert_eq!(sent.to_string(), text);
            let json = serde_json::to_string(&sent).unwrap();
            assert_eq!(serde_json::from_str::<SentTime>(&json).unwrap(), sent);
        }
        let compact: SentTime = "2026-03-01T10:00:00+0100".parse().unwrap();
        assert_eq!(compact.to_string(), "2026-03-01T10:00:00+01:00");
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in ["", "yesterday", "2026-13-01", "2026-02-30", "10:00", "2026-03-01T25:00:00Z", "1771234567"] {
            assert_eq!(text.parse::<SentTime>(), Err(NotATime), "{text}");
        }
    }

    #[test]
    fn a_local_time_becomes_an_instant_only_in_a_zone_somebody_names() {
        let local: SentTime = "2026-03-01T00:00:00".parse().unwrap();
        assert_eq!(local.instant(), None);
        let berlin = TimeZone::fixed(jiff::tz::offset(1));
        assert_eq!(local.instant_in(&berlin).to_string(), "2026-02-28T23:00:00Z");
    }
}
