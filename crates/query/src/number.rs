//! Numbers as JavaScript reads and writes them.

/// The largest integer that JavaScript reads exactly.
const MAX_SAFE: f64 = 9_007_199_254_740_991.0;

/// What JavaScript takes for white space around a number.
fn is_blank(letter: char) -> bool {
    (letter.is_whitespace() && letter != '\u{85}') || letter == '\u{feff}'
}

/// `Number(text)`; `None` for NaN.
pub fn from_text(text: &str) -> Option<f64> {
    let text = text.trim_matches(is_blank);
    if text.is_empty() {
        return Some(0.0);
    }
    let radix = match text.as_bytes() {
        [b'0', b'x' | b'X', ..] => Some(16),
        [b'0', b'o' | b'O', ..] => Some(8),
        [b'0', b'b' | b'B', ..] => Some(2),
        _ => None,
    };
    if let Some(radix) = radix {
        let digits = text.get(2..).filter(|digits| !digits.is_empty())?;
        return digits.chars().try_fold(0.0, |sum: f64, digit| {
            let digit = digit.to_digit(radix)?;
            Some(sum * f64::from(radix) + f64::from(digit))
        });
    }
    match text {
        "Infinity" | "+Infinity" => return Some(f64::INFINITY),
        "-Infinity" => return Some(f64::NEG_INFINITY),
        _ => {}
    }
    // Rust reads the rest as JavaScript does, but for words such as `inf`.
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'+' | b'-' | b'.' | b'e' | b'E'));
    if is_plain { text.parse().ok() } else { None }
}

/// The number a value is taken for when nobody says what it is: finite, exact, not padded with zeros.
pub fn implied(text: &str) -> Option<f64> {
    if let [b'0', second, ..] = text.as_bytes()
        && second.is_ascii_digit()
    {
        return None;
    }
    // Most values begin with a letter, and nothing that does is a number.
    if text.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic()) {
        return None;
    }
    from_text(text).filter(|number| number.abs() <= MAX_SAFE)
}

/// `String(number)`, except that −0 keeps its sign.
pub fn to_text(number: f64) -> String {
    if number.is_nan() {
        return "NaN".to_owned();
    }
    if number.is_infinite() {
        return if number > 0.0 { "Infinity" } else { "-Infinity" }.to_owned();
    }
    if number != 0.0 && !(1e-6..1e21).contains(&number.abs()) {
        let text = format!("{number:e}");
        return match text.split_once('e') {
            Some((digits, power)) if !power.starts_with('-') => format!("{digits}e+{power}"),
            _ => text,
        };
    }
    number.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_and_print_as_in_javascript() {
        for (text, printed) in [
            ("", "0"),
            (" \u{feff}5\u{a0}", "5"),
            ("0x1F", "31"),
            ("0b11", "3"),
            ("0o17", "15"),
            ("1e3", "1000"),
            (".5", "0.5"),
            ("5.", "5"),
            ("+5", "5"),
            ("-0", "-0"),
            ("-007", "-7"),
            (" 007", "7"),
            ("1e-400", "0"),
            ("0.0000001", "1e-7"),
            ("9007199254740991", "9007199254740991"),
        ] {
            assert_eq!(implied(text).map(to_text).as_deref(), Some(printed), "{text:?}");
        }
        let strings = ["007", "00", "00.5", "Infinity", "-Infinity", "NaN", "nan", "inf", "9007199254740992", "1e400"];
        for text in strings.into_iter().chain(["1_0", "-0x1", "0x", "1e", ".", "+-5", "e5", "5 5", "\u{85}5"]) {
            assert_eq!(implied(text), None, "{text:?}");
        }
        assert_eq!(to_text(1e21), "1e+21");
        assert_eq!(to_text(f64::NAN), "NaN");
    }
}
