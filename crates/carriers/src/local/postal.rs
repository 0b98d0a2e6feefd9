//! A postal entry: the start of a postal code (`10`) or a range of such starts (`10115-10999`).
//!
//! Codes are compared in upper case without blanks and dashes. A range has two ends of the same length and is compared
//! with as many first characters of the code; letters come after digits. An entry knows nothing of a country's own
//! parts: `AB1` holds the British `AB12` too.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt;

/// The longest entry; no country's postal code is longer without blanks and dashes.
const LONGEST: usize = 10;

/// A postal code as it is compared: upper case, without blanks and dashes.
pub(super) fn plain(code: &str) -> String {
    let is_dash = |letter: char| matches!(letter, '-' | '\u{2010}'..='\u{2015}');
    code.chars().filter(|letter| !letter.is_whitespace() && !is_dash(*letter)).collect::<String>().to_ascii_uppercase()
}

/// A start of a postal code, or a range of starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct PostalEntry {
    /// How many characters are compared.
    length: u8,
    /// The first start, read as a number in base 36.
    first: u64,
    /// The last start, inclusive.
    last: u64,
    /// How many starts lie between the ends.
    width: u64,
    /// 10 for ends without letters, else 36.
    radix: u32,
}

impl PostalEntry {
    /// Reads a prefix or a range; the error is the reason in words.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        let (first, last) = (plain(first), plain(last));
        let is_plain = |end: &str| !end.is_empty() && end.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if !is_plain(&first) || !is_plain(&last) {
            return Err("expected a prefix such as 10 or a range such as 10115-10999".to_owned());
        }
        if first.len() != last.len() {
            return Err("both ends of a range have the same length; write a prefix without its dash".to_owned());
        }
        if first.len() > LONGEST {
            return Err(format!("a postal entry has at most {LONGEST} characters"));
        }
        if first > last {
            return Err("the range ends before it begins".to_owned());
        }
        let radix = if first.bytes().chain(last.bytes()).all(|byte| byte.is_ascii_digit()) { 10 } else { 36 };
        let number = |end: &str, radix| u64::from_str_radix(end, radix).unwrap_or(u64::MAX);
        Ok(Self {
            length: first.len() as u8,
            first: number(&first, 36),
            last: number(&last, 36),
            width: number(&last, radix) - number(&first, radix) + 1,
            radix,
        })
    }

    /// Whether this plain code starts inside. Ends without letters hold no code that has letters there.
    fn holds(&self, code: &str) -> bool {
        let compared = &code.as_bytes()[..code.len().min(self.length.into())];
        let is_alike = self.radix == 36 || compared.iter().all(u8::is_ascii_digit);
        is_alike && start(code, self.length).is_some_and(|start| (self.first..=self.last).contains(&start))
    }

    /// The narrower entry comes first; of two equally narrow the longer one, then the first in the alphabet.
    pub(super) fn by_narrowness(&self, other: &Self) -> Ordering {
        let starts = |entry: &Self| u128::from(entry.radix).pow(entry.length.into());
        let (own, others) = (u128::from(self.width) * starts(other), u128::from(other.width) * starts(self));
        own.cmp(&others).then(other.length.cmp(&self.length)).then(self.first.cmp(&other.first))
    }
}

/// As written in a sheet.
impl fmt::Display for PostalEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let letters = |mut number: u64| {
            let mut text = vec![b'0'; self.length.into()];
            for place in text.iter_mut().rev() {
                let digit = (number % 36) as u8;
                *place = if digit < 10 { b'0' + digit } else { b'A' + digit - 10 };
                number /= 36;
            }
            text.into_iter().map(char::from).collect::<String>()
        };
        if self.first == self.last {
            f.write_str(&letters(self.first))
        } else {
            write!(f, "{}-{}", letters(self.first), letters(self.last))
        }
    }
}

/// One entry and what stands behind it.
#[derive(Debug)]
pub(super) struct Stretch<T> {
    /// The entry.
    pub(super) entry: PostalEntry,
    /// The largest `last` of this stretch and those before it: where a walk to the left may stop.
    reach: u64,
    /// What stands behind it.
    pub(super) value: T,
}

/// Entries of one country, found by postal code without a walk over all of them.
#[derive(Debug)]
pub(super) struct PostalIndex<T> {
    /// By length, then by first start.
    by_length: BTreeMap<u8, Vec<Stretch<T>>>,
}

impl<T> PostalIndex<T> {
    /// Sorts the entries.
    pub(super) fn new(entries: impl IntoIterator<Item = (PostalEntry, T)>) -> Self {
        let mut by_length = BTreeMap::<u8, Vec<Stretch<T>>>::new();
        for (entry, value) in entries {
            by_length.entry(entry.length).or_default().push(Stretch { entry, reach: entry.last, value });
        }
        for stretches in by_length.values_mut() {
            stretches.sort_by_key(|stretch| (stretch.entry.first, stretch.entry.last));
            let mut reach = 0;
            for stretch in stretches {
                reach = reach.max(stretch.entry.last);
                stretch.reach = reach;
            }
        }
        Self { by_length }
    }

    /// Whether there is no entry.
    pub(super) fn is_empty(&self) -> bool {
        self.by_length.is_empty()
    }

    /// The entries looked at for this plain code.
    pub(super) fn near<'a>(&'a self, code: &str) -> impl Iterator<Item = &'a Stretch<T>> + use<'a, T> {
        let starts = self.by_length.iter().filter_map(|(length, stretches)| Some((start(code, *length)?, stretches)));
        let starts: Vec<_> = starts.collect();
        starts.into_iter().flat_map(|(start, stretches)| {
            let end = stretches.partition_point(|stretch| stretch.entry.first <= start);
            stretches[..end].iter().rev().take_while(move |stretch| stretch.reach >= start)
        })
    }

    /// The narrowest entry that holds this plain code.
    pub(super) fn narrowest(&self, code: &str) -> Option<&Stretch<T>> {
        self.near(code).filter(|stretch| stretch.entry.holds(code)).min_by(|a, b| a.entry.by_narrowness(&b.entry))
    }
}

/// The first characters of a plain code, read as a number in base 36.
fn start(code: &str, length: u8) -> Option<u64> {
    let start = code.get(..usize::from(length))?;
    if start.bytes().all(|byte| byte.is_ascii_alphanumeric()) { u64::from_str_radix(start, 36).ok() } else { None }
}
