//! Reading fields: typed values out of a JSON tree, every problem collected with its path.
//!
//! A decode function reads like a table of fields:
//!
//! ```ignore
//! fn address(node: Node<'_>) -> Option<Address> {
//!     let fields = node.fields()?;
//!     Some(Address { city: fields.needed("city", text(1, 100)), phone: fields.optional("phone", text(0, 50)), .. })
//! }
//! ```
//!
//! A reader that finds a fault notes it and returns `None`; reading goes on beside it. What was decoded may be used only when
//! [`Notes::flaws`] is empty. A fault says what is wrong in no dialect's words; each dialect words it in its `error.rs`.

use std::cell::RefCell;
use std::fmt::Write;

use domain::money::{Currency, Decimal};
use domain::order::RawJson;
use domain::time::SentTime;

use super::Json;

/// At most this many flaws are noted; more would only be a larger answer.
const MOST_FLAWS: usize = 1_000;

/// One step of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// To an object's member.
    Key(String),
    /// To a list's element, from 0.
    Index(usize),
}

/// What is wrong with a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It must be there and is not.
    Missing,
    /// It is there and must not be.
    Forbidden,
    /// Not text.
    NotText,
    /// Not an object.
    NotObject,
    /// Not a list.
    NotList,
    /// Neither a whole number nor text.
    NotInteger,
    /// Text that is no whole number.
    NotIntegerText,
    /// A number with a fraction where a whole one is expected.
    Fraction,
    /// Neither a number nor text.
    NotNumber,
    /// Text that is no number.
    NotNumberText,
    /// More digits than are kept exactly (28), before or behind the point.
    TooManyDigits,
    /// Neither true nor false nor text.
    NotBool,
    /// Text that means neither true nor false.
    NotBoolText,
    /// Not a date and time in text.
    NotTime,
    /// Text that is no date and time, and why.
    NotTimeText(&'static str),
    /// Text with fewer characters than this.
    TooShort(usize),
    /// Text with more characters than this.
    TooLong(usize),
    /// A list with fewer elements than the first number; the second is how many came.
    TooFew(usize, usize),
    /// A list with more elements than the first number; the second is how many came.
    TooMany(usize, usize),
    /// A number that must be greater than this.
    NotAbove(i64),
    /// A number below the least.
    BelowLeast(i64),
    /// A number above the most.
    AboveMost(i64),
    /// None of the allowed words.
    NotOneOf(Vec<&'static str>),
    /// None of the allowed numbers.
    NotOneOfNumbers(&'static [i64]),
    /// Not a URL.
    NotUrl,
    /// Not an e-mail address, and why.
    NotEmail(&'static str),
    /// Three characters that are no currency.
    NotCurrency,
    /// The character U+0000, which cannot be stored.
    Nul,
    /// Anything else, in the dialect's own words.
    Other(String),
}

/// A fault and where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flaw {
    /// From the root to the value.
    pub path: Vec<Step>,
    /// What is wrong.
    pub fault: Fault,
}

impl Flaw {
    /// The path with `/` between its steps: `0/order_details/order_items/2/quantity`.
    pub fn path_text(&self) -> String {
        let mut text = String::new();
        for step in &self.path {
            if !text.is_empty() {
                text.push('/');
            }
            let _ = match step {
                Step::Key(name) => write!(text, "{name}"),
                Step::Index(index) => write!(text, "{index}"),
            };
        }
        text
    }
}

/// What a dialect forgives.
#[derive(Clone, Copy, Debug, Default)]
pub struct Leniency {
    /// `[]` counts as an empty object, which is how PHP writes one.
    pub empty_list_is_object: bool,
    /// `""` in an optional field counts as absent.
    pub empty_text_is_absent: bool,
}

/// What was noted while reading.
#[derive(Debug, Default)]
pub struct Notes {
    leniency: Leniency,
    flaws: RefCell<Vec<Flaw>>,
    nulls: RefCell<Vec<Vec<Step>>>,
    empties: RefCell<Vec<Vec<Step>>>,
}

impl Notes {
    /// Nothing noted yet.
    pub fn new(leniency: Leniency) -> Self {
        Self { leniency, ..Self::default() }
    }

    /// The tree's root.
    pub fn root<'n>(&'n self, json: &'n Json<'n>) -> Node<'n> {
        Node { json, trail: None, notes: self }
    }

    /// Every flaw, in the order found.
    pub fn flaws(self) -> Vec<Flaw> {
        self.flaws.into_inner()
    }

    /// Whether nothing was wrong so far.
    pub fn is_clean(&self) -> bool {
        self.flaws.borrow().is_empty()
    }

}

/// The way back to the root; lives on the stack, so that a path costs nothing until it is needed.
#[derive(Clone, Copy)]
struct Trail<'n> {
    above: Option<&'n Trail<'n>>,
    step: Place<'n>,
}

#[derive(Clone, Copy)]
enum Place<'n> {
    Key(&'n str),
    Index(usize),
}

fn path_of(trail: Option<&Trail<'_>>) -> Vec<Step> {
    let mut path: Vec<Step> = std::iter::successors(trail, |trail| trail.above)
        .map(|trail| match trail.step {
            Place::Key(name) => Step::Key(name.to_owned()),
            Place::Index(index) => Step::Index(index),
        })
        .collect();
    path.reverse();
    path
}

/// A value and where it stands.
#[derive(Clone, Copy)]
pub struct Node<'n> {
    json: &'n Json<'n>,
    trail: Option<&'n Trail<'n>>,
    notes: &'n Notes,
}

impl<'n> Node<'n> {
    /// The value itself.
    pub fn json(self) -> &'n Json<'n> {
        self.json
    }

    /// Notes a fault of this value.
    pub fn fault<T>(self, fault: Fault) -> Option<T> {
        let mut flaws = self.notes.flaws.borrow_mut();
        if flaws.len() < MOST_FLAWS {
            flaws.push(Flaw { path: path_of(self.trail), fault });
        }
        None
    }

    /// Remembers that this object was sent, for a canonical form that cannot say so.
    pub fn remember(self) {
        self.notes.empties.borrow_mut().push(path_of(self.trail));
    }

    /// The paths of optional fields that were null and of objects that were to be remembered, since the last call.
    pub fn take_remembered(self) -> (Vec<Vec<Step>>, Vec<Vec<Step>>) {
        (self.notes.nulls.take(), self.notes.empties.take())
    }

    /// The members, if it is an object.
    pub fn fields(self) -> Option<Fields<'n>> {
        match self.json {
            Json::Object(members) => Some(Fields { node: self, members }),
            Json::List(list) if list.is_empty() && self.notes.leniency.empty_list_is_object => {
                Some(Fields { node: self, members: &[] })
            }
            _ => self.fault(Fault::NotObject),
        }
    }

    /// The elements, if it is a list of at most `most`; a bad element is noted and left out.
    pub fn list<T>(self, most: usize, read: impl Fn(Node<'_>) -> Option<T>) -> Option<Vec<T>> {
        let Json::List(list) = self.json else {
            return self.fault(Fault::NotList);
        };
        if list.len() > most {
            return self.fault(Fault::TooMany(most, list.len()));
        }
        Some(list.iter().enumerate().filter_map(|(index, json)| self.element(index, json, &read)).collect())
    }

    /// Reads one element of a list.
    fn element<T>(self, index: usize, json: &Json<'_>, read: impl Fn(Node<'_>) -> Option<T>) -> Option<T> {
        let trail = Trail { above: self.trail, step: Place::Index(index) };
        read(Node { json, trail: Some(&trail), notes: self.notes })
    }

    /// Text that can be stored.
    fn plain_text(self) -> Option<&'n str> {
        match self.json {
            Json::Text(text) if text.contains('\0') => self.fault(Fault::Nul),
            Json::Text(text) => Some(text),
            _ => self.fault(Fault::NotText),
        }
    }
}

/// The members of an object.
#[derive(Clone, Copy)]
pub struct Fields<'n> {
    node: Node<'n>,
    members: &'n [(std::borrow::Cow<'n, str>, Json<'n>)],
}

impl<'n> Fields<'n> {
    /// A member's value.
    pub fn get(&self, name: &str) -> Option<&'n Json<'n>> {
        self.members.iter().find(|(member, _)| member == name).map(|(_, value)| value)
    }

    /// Whether the object has no members.
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// Whether it came as PHP's empty list.
    pub fn is_php_empty(&self) -> bool {
        matches!(self.node.json, Json::List(_))
    }

    /// A member that must be there. Null and empty text are for the reader to judge.
    pub fn needed<T>(&self, name: &str, read: impl FnOnce(Node<'_>) -> Option<T>) -> Option<T> {
        match self.get(name) {
            Some(json) => self.read(name, json, read),
            None => self.fault(name, Fault::Missing),
        }
    }

    /// The same; a default stands in for a value that has been noted as wrong.
    pub fn required<T: Default>(&self, name: &str, read: impl FnOnce(Node<'_>) -> Option<T>) -> T {
        self.needed(name, read).unwrap_or_default()
    }

    /// A member that may be missing. Null counts as missing and is remembered.
    pub fn optional<T>(&self, name: &str, read: impl FnOnce(Node<'_>) -> Option<T>) -> Option<T> {
        match self.get(name)? {
            Json::Null => {
                let trail = Trail { above: self.node.trail, step: Place::Key(name) };
                self.node.notes.nulls.borrow_mut().push(path_of(Some(&trail)));
                None
            }
            Json::Text(text) if text.is_empty() && self.node.notes.leniency.empty_text_is_absent => None,
            json => self.read(name, json, read),
        }
    }

    /// Notes a fault of a member, whether it is there or not.
    pub fn fault<T>(&self, name: &str, fault: Fault) -> Option<T> {
        self.read(name, &Json::Null, |node| node.fault(fault))
    }

    /// Notes every member that is not among `known` as forbidden.
    pub fn only(&self, known: &[&str]) {
        for (name, json) in self.members.iter().filter(|(name, _)| !known.contains(&name.as_ref())) {
            self.read::<()>(name, json, |node| node.fault(Fault::Forbidden));
        }
    }

    fn read<T>(&self, name: &str, json: &Json<'_>, read: impl FnOnce(Node<'_>) -> Option<T>) -> Option<T> {
        let trail = Trail { above: self.node.trail, step: Place::Key(name) };
        read(Node { json, trail: Some(&trail), notes: self.node.notes })
    }
}

/// Text of `least` to `most` characters.
pub fn text(least: usize, most: usize) -> impl Fn(Node<'_>) -> Option<String> {
    move |node| {
        let text = node.plain_text()?;
        // A text has at most as many characters as bytes.
        let count = if least <= 1 && text.len() <= most { text.len() } else { text.chars().count() };
        match count {
            count if count < least => node.fault(Fault::TooShort(least)),
            count if count > most => node.fault(Fault::TooLong(most)),
            _ => Some(text.to_owned()),
        }
    }
}

/// A whole number between `least` and `most`; a numeric text is taken for one.
pub fn integer(least: i64, most: i64) -> impl Fn(Node<'_>) -> Option<i64> {
    move |node| {
        let (digits, not_a_number) = match node.json() {
            Json::Number(digits) => (digits.as_ref(), Fault::NotInteger),
            Json::Text(text) => (text.trim(), Fault::NotIntegerText),
            _ => return node.fault(Fault::NotInteger),
        };
        let is_plain = digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
        let number = match digits.parse::<i64>() {
            Ok(number) => number,
            Err(_) if is_plain && digits.starts_with('-') && digits.len() > 1 => i64::MIN,
            Err(_) if is_plain && digits.len() > 1 => i64::MAX,
            Err(_) => match decimal_of(digits) {
                Ok(number) if !number.fract().is_zero() => return node.fault(Fault::Fraction),
                Ok(number) => number.normalize().to_string().parse().unwrap_or(i64::MAX),
                Err(Fault::TooManyDigits) => return node.fault(Fault::TooManyDigits),
                Err(_) => return node.fault(not_a_number),
            },
        };
        match number {
            number if number < least => node.fault(Fault::BelowLeast(least)),
            number if number > most => node.fault(Fault::AboveMost(most)),
            number => Some(number),
        }
    }
}

/// A number, kept digit for digit; a numeric text is taken for one.
pub fn decimal(node: Node<'_>) -> Option<Decimal> {
    let (digits, not_a_number) = match node.json() {
        Json::Number(digits) => (digits.as_ref(), Fault::NotNumber),
        Json::Text(text) => (text.trim(), Fault::NotNumberText),
        _ => return node.fault(Fault::NotNumber),
    };
    match decimal_of(digits) {
        Ok(number) => Some(number),
        Err(Fault::TooManyDigits) => node.fault(Fault::TooManyDigits),
        Err(_) => node.fault(not_a_number),
    }
}

/// Reads a number exactly; trailing zeros are kept, an exponent is worked in.
fn decimal_of(text: &str) -> Result<Decimal, Fault> {
    const MOST_DIGITS: usize = 28;
    let (is_negative, unsigned) = match text.as_bytes().first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    };
    let (mantissa, exponent) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let exponent_digits = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
    let all_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !(all_digits(whole) && all_digits(fraction) && all_digits(exponent_digits))
        || exponent_digits.is_empty()
        || whole.len() + fraction.len() == 0
    {
        return Err(Fault::NotNumberText);
    }
    let digits = [whole, fraction].concat();
    let significant = digits.trim_start_matches('0');
    let exponent: i64 = if significant.is_empty() { 0 } else { exponent.parse().map_err(|_| Fault::TooManyDigits)? };
    let scale = i64::try_from(fraction.len()).map_err(|_| Fault::TooManyDigits)?.saturating_sub(exponent);
    let zeros = usize::try_from(scale.saturating_neg()).unwrap_or(0);
    let most = MOST_DIGITS as i64;
    if significant.len().saturating_add(zeros) > MOST_DIGITS || scale > most {
        return Err(Fault::TooManyDigits);
    }
    let number: i128 = format!("{significant:0<width$}", width = significant.len() + zeros).parse().unwrap_or(0);
    let number = if is_negative { -number } else { number };
    Decimal::try_from_i128_with_scale(number, u32::try_from(scale).unwrap_or(0)).map_err(|_| Fault::TooManyDigits)
}

/// A number greater than zero.
pub fn positive(node: Node<'_>) -> Option<Decimal> {
    let number = decimal(node)?;
    if number > Decimal::ZERO { Some(number) } else { node.fault(Fault::NotAbove(0)) }
}

/// A number of zero or more.
pub fn not_negative(node: Node<'_>) -> Option<Decimal> {
    let number = decimal(node)?;
    if number >= Decimal::ZERO { Some(number) } else { node.fault(Fault::BelowLeast(0)) }
}

/// True or false, also as the words and numbers that forms use.
pub fn boolean(node: Node<'_>) -> Option<bool> {
    let word = match node.json() {
        Json::Bool(value) => return Some(*value),
        Json::Number(digits) | Json::Text(digits) => digits.trim().to_ascii_lowercase(),
        _ => return node.fault(Fault::NotBool),
    };
    match word.as_str() {
        "1" | "true" | "t" | "yes" | "y" | "on" => Some(true),
        "0" | "false" | "f" | "no" | "n" | "off" => Some(false),
        _ => node.fault(Fault::NotBoolText),
    }
}

/// A date or time in ISO 8601; it keeps its precision and its zone.
pub fn time(node: Node<'_>) -> Option<SentTime> {
    let Json::Text(text) = node.json() else {
        return node.fault(Fault::NotTime);
    };
    match text.trim().parse() {
        Ok(time) => Some(time),
        Err(_) => node.fault(Fault::NotTimeText(why_not_a_time(text.trim()))),
    }
}

/// The first thing that is wrong with a text that is no time.
fn why_not_a_time(text: &str) -> &'static str {
    let bytes = text.as_bytes();
    let is_digits = |range: std::ops::Range<usize>| bytes[range].iter().all(u8::is_ascii_digit);
    let number = |range: std::ops::Range<usize>| text.get(range).and_then(|digits| digits.parse::<u32>().ok());
    match bytes.len() {
        0..10 => return "input is too short",
        41.. => return "input is too long",
        _ => {}
    }
    if !is_digits(0..4) {
        return "invalid character in year";
    }
    if bytes[4] != b'-' || bytes[7] != b'-' {
        return "invalid date separator, expected `-`";
    }
    if !is_digits(5..7) {
        return "invalid character in month";
    }
    if !is_digits(8..10) {
        return "invalid character in day";
    }
    if !number(5..7).is_some_and(|month| (1..=12).contains(&month)) {
        return "month value is outside expected range of 1-12";
    }
    if text.get(..10).is_none_or(|date| date.parse::<domain::SentTime>().is_err()) {
        return "day value is outside expected range";
    }
    if bytes.len() > 10 && !matches!(bytes[10], b'T' | b't' | b' ') {
        return "invalid datetime separator, expected `T`, `t`, `_` or space";
    }
    if number(11..13).is_some_and(|hour| hour > 23) {
        return "hour value is outside expected range of 0-23";
    }
    if number(14..16).is_some_and(|minute| minute > 59) {
        return "minute value is outside expected range of 0-59";
    }
    if bytes.len() < 19 { "input is too short" } else { "unexpected extra characters at the end of the input" }
}

/// One of the words, which stands for a value.
pub fn choice<T: Copy>(words: &[(&'static str, T)]) -> impl Fn(Node<'_>) -> Option<T> {
    move |node| match words.iter().find(|(word, _)| node.json().as_text() == Some(word)) {
        Some((_, value)) => Some(*value),
        None => node.fault(Fault::NotOneOf(words.iter().map(|(word, _)| *word).collect())),
    }
}

/// One of the words, kept as text.
pub fn one_of(words: &'static [&'static str]) -> impl Fn(Node<'_>) -> Option<String> {
    move |node| match node.json().as_text() {
        Some(text) if words.contains(&text) => Some(text.to_owned()),
        _ => node.fault(Fault::NotOneOf(words.to_vec())),
    }
}

/// One of the words in any letter case, kept as sent.
pub fn one_of_any_case(words: &'static [&'static str]) -> impl Fn(Node<'_>) -> Option<String> {
    move |node| match node.json().as_text() {
        Some(text) if words.iter().any(|word| word.eq_ignore_ascii_case(text)) => Some(text.to_owned()),
        _ => node.fault(Fault::NotOneOf(words.to_vec())),
    }
}

/// A currency: any three letters.
pub fn currency(node: Node<'_>) -> Option<Currency> {
    let code = text(3, 3)(node)?;
    Currency::new(&code).or_else(|| node.fault(Fault::NotCurrency))
}

/// A URL with a scheme.
pub fn url(node: Node<'_>) -> Option<String> {
    let url = text(0, 65_535)(node)?;
    let is_url = url.split_once(':').is_some_and(|(scheme, rest)| {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
        scheme.starts_with(|first: char| first.is_ascii_alphabetic())
            && scheme.bytes().all(plain)
            && rest.strip_prefix("//").unwrap_or(rest).starts_with(|first: char| first != '/' && !first.is_whitespace())
    });
    if is_url { Some(url) } else { node.fault(Fault::NotUrl) }
}

/// An e-mail address: something, an @-sign, and a name with a full stop.
pub fn email(node: Node<'_>) -> Option<String> {
    let email = text(0, 320)(node)?;
    let why_not = match email.rsplit_once('@') {
        None => Some("An email address must have an @-sign."),
        Some(("", _)) => Some("There must be something before the @-sign."),
        Some((_, "")) => Some("There must be something after the @-sign."),
        Some((local, domain)) if [local, domain].iter().any(|part| part.contains(char::is_whitespace)) => {
            Some("The email address contains invalid characters: a blank.")
        }
        Some((_, domain)) if !domain.contains('.') || domain.starts_with('.') || domain.ends_with('.') => {
            Some("The part after the @-sign is not valid. It should have a period.")
        }
        Some(_) => None,
    };
    why_not.map_or(Some(email), |why_not| node.fault(Fault::NotEmail(why_not)))
}

/// A free object, kept as it came (without blanks).
pub fn free_object(node: Node<'_>) -> Option<RawJson> {
    if node.fields()?.is_empty() {
        return RawJson::new("{}".to_owned());
    }
    free(node)
}

/// Any value, kept as it came (without blanks).
pub fn free(node: Node<'_>) -> Option<RawJson> {
    if holds_nul(node.json()) {
        return node.fault(Fault::Nul);
    }
    node.json().to_raw()
}

fn holds_nul(json: &Json<'_>) -> bool {
    match json {
        Json::Text(text) => text.contains('\0'),
        Json::List(list) => list.iter().any(holds_nul),
        Json::Object(members) => members.iter().any(|(name, value)| name.contains('\0') || holds_nul(value)),
        Json::Null | Json::Bool(_) | Json::Number(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_keep_their_digits_or_are_refused() {
        let read = |text: &str| decimal_of(text).map(|number| number.to_string());
        for (text, kept) in [
            ("3.50", "3.50"),
            ("-0.1", "-0.1"),
            ("0", "0"),
            ("0.00", "0.00"),
            ("-0", "0"),
            ("1e2", "100"),
            ("1.5E-3", "0.0015"),
            ("0e999", "0"),
            (".5", "0.5"),
            ("5.", "5"),
            ("+7", "7"),
            ("007", "7"),
            ("9999999999999999999999999999", "9999999999999999999999999999"),
            ("0.0000000000000000000000000001", "0.0000000000000000000000000001"),
        ] {
            assert_eq!(read(text).as_deref(), Ok(kept), "{text}");
        }
        for text in ["12345678901234567890123456789", "1e28", "1e-29", "1e99999999999999999999", "1e-9223372036854775808"] {
            assert_eq!(read(text), Err(Fault::TooManyDigits), "{text}");
        }
        for text in ["", ".", "-", "e5", "1e", "1,5", "0x10", "NaN", "Infinity", "1_000", "１"] {
            assert_eq!(read(text), Err(Fault::NotNumberText), "{text}");
        }
    }
}
