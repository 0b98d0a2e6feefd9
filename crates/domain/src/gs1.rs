//! GS1 numbers: check digits and the Serial Shipping Container Code.
//!
//! Source: GS1 General Specifications, section 7.9.1 (check digit) and 3.3.1 (SSCC, application identifier 00).

/// The GS1 check digit of a string of digits: weights 3 and 1 from the right, up to the next ten.
///
/// `None` when a character is no digit.
pub fn check_digit(digits: &str) -> Option<u8> {
    let mut sum = 0_u32;
    for (place, byte) in digits.bytes().rev().enumerate() {
        let digit = byte.checked_sub(b'0').filter(|digit| *digit <= 9)?;
        sum += u32::from(digit) * if place % 2 == 0 { 3 } else { 1 };
    }
    Some(((10 - sum % 10) % 10) as u8)
}

/// Whether the last digit is the check digit of those before it.
pub fn has_valid_check_digit(digits: &str) -> bool {
    match digits.split_at_checked(digits.len().saturating_sub(1)) {
        Some((body, last)) if !body.is_empty() => check_digit(body).is_some_and(|digit| last.parse() == Ok(digit)),
        _ => false,
    }
}

/// A Serial Shipping Container Code: one extension digit, a company prefix, a serial that fills up to 17 digits, and
/// the check digit.
///
/// The serial's lowest digits stand after the prefix; what does not fit moves into the extension digit (so a prefix of
/// seven digits holds ten thousand million parcels). `None` when the prefix is not 4 to 12 digits or the range is used up.
pub fn sscc(company_prefix: &str, serial: u64) -> Option<String> {
    let is_prefix =
        (4..=12).contains(&company_prefix.len()) && company_prefix.bytes().all(|byte| byte.is_ascii_digit());
    if !is_prefix {
        return None;
    }
    let width = 16 - company_prefix.len();
    let capacity = 10_u64.pow(width as u32);
    let extension = serial / capacity;
    if extension > 9 {
        return None;
    }
    let body = format!("{extension}{company_prefix}{:0width$}", serial % capacity);
    check_digit(&body).map(|digit| format!("{body}{digit}"))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn published_examples_have_the_published_check_digit() {
        // GS1 General Specifications, figure 7.9.1-2 (GTIN-13) and the SSCC example of the same section.
        assert_eq!(check_digit("629104150021"), Some(3));
        assert_eq!(check_digit("37610425002123456"), Some(9));
        assert_eq!(check_digit("12a"), None);
    }

    #[test]
    fn a_used_up_range_gives_no_number() {
        assert_eq!(sscc("4012345", 9_999_999_999).map(|code| code.len()), Some(18));
        assert_eq!(sscc("4012345", 10_000_000_000), None);
        for prefix in ["", "123", "1234567890123", "40a2345"] {
            assert_eq!(sscc(prefix, 1), None);
        }
    }

    proptest! {
        #[test]
        fn serials_never_share_a_number(prefix in "[0-9]{4,12}", serials in prop::collection::hash_set(0_u64..50_000, 1..50)) {
            let codes: HashSet<_> = serials.iter().map(|&serial| sscc(&prefix, serial).unwrap()).collect();
            prop_assert_eq!(codes.len(), serials.len());
            for code in codes {
                prop_assert!(has_valid_check_digit(&code));
                prop_assert_eq!(code.len(), 18);
            }
        }

        #[test]
        fn one_wrong_digit_is_seen(body in "[0-9]{17}", place in 0_usize..17, add in 1_u8..10) {
            let mut digits = format!("{body}{}", check_digit(&body).unwrap()).into_bytes();
            digits[place] = (digits[place] - b'0' + add) % 10 + b'0';
            prop_assert!(!has_valid_check_digit(std::str::from_utf8(&digits).unwrap()));
        }
    }
}
