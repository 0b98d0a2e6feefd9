//! Readers of single values: each takes a node, returns the value or notes what is wrong with it.

use domain::money::{Currency, Decimal};
use domain::order::RawJson;
use domain::time::SentTime;

use super::Json;
use super::fields::{Fault, Node};

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
        for text in
            ["12345678901234567890123456789", "1e28", "1e-29", "1e99999999999999999999", "1e-9223372036854775808"]
        {
            assert_eq!(read(text), Err(Fault::TooManyDigits), "{text}");
        }
        for text in ["", ".", "-", "e5", "1e", "1,5", "0x10", "NaN", "Infinity", "1_000", "１"] {
            assert_eq!(read(text), Err(Fault::NotNumberText), "{text}");
        }
    }
}
