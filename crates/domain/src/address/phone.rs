//! A phone number: stored once as typed, written in the form each service's published examples use.

use phonenumber::{Mode, PhoneNumber};

/// How a service writes a phone number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PhoneForm {
    /// As the shop typed it.
    AsTyped,
    /// E.164 with its plus: `+14045550100`.
    E164,
    /// Digits only: the ten of a North American number (`4045550100`), else country code and number (`493055501000`).
    Digits,
    /// International with blanks: `+49 30 55501000`.
    International,
}

/// Country calling code of North America, whose numbers are ten digits everywhere.
const NORTH_AMERICA: u16 = 1;

/// Reads a number as typed; one without a country code belongs to `country` (two upper-case letters). `None` when it is not
/// known how it is dialled from another country.
///
/// A number that came with its country code is believed, since new ranges are given out before any table knows them. One
/// without is believed when its country's numbering plan has it, since nobody knows otherwise which digits are a prefix.
fn read(typed: &str, country: Option<&str>) -> Option<PhoneNumber> {
    let country = country.and_then(|code| code.parse().ok());
    // "+49 (0)30 …": the zero is for callers inside the country.
    let typed = typed.trim().replace("(0)", " ");
    let number = phonenumber::parse(country, &typed).ok()?;
    let digits: String = typed.chars().filter(char::is_ascii_digit).collect();
    // Nothing may have been taken for a prefix and dropped.
    let is_whole = number.format().mode(Mode::E164).to_string().trim_start_matches('+') == digits;
    let is_international = typed.starts_with('+') && is_whole && (7..=15).contains(&digits.len());
    (number.is_valid() || is_international).then_some(number)
}

impl PhoneForm {
    /// A number as typed, written in this form. `None` when it is no number that can be dialled from another country; as it
    /// was typed, it is always a number.
    pub fn write(self, typed: &str, country: Option<&str>) -> Option<String> {
        let formatted = |mode| Some(read(typed, country)?.format().mode(mode).to_string());
        match self {
            Self::AsTyped => Some(typed.to_owned()),
            Self::E164 => formatted(Mode::E164),
            Self::International => formatted(Mode::International),
            Self::Digits => {
                let number = read(typed, country)?;
                let digits = number.format().mode(Mode::E164).to_string();
                let digits = digits.trim_start_matches('+');
                let national = if number.code().value() == NORTH_AMERICA { digits.get(1..)? } else { digits };
                Some(national.to_owned())
            }
        }
    }

    /// An example of the form, for people.
    pub fn example(self) -> &'static str {
        match self {
            Self::AsTyped => "any",
            Self::E164 => "+14045550100",
            Self::Digits => "4045550100 or 493055501000",
            Self::International => "+49 30 55501000",
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn c3_one_stored_number_is_written_in_the_form_of_each_carriers_published_examples() {
        let typed = [
            ("(404) 555-0100", "US"),
            ("1 404 555 0100", "US"),
            ("+1 404-555-0100", "DE"),
            ("030 5550100", "DE"),
            ("+49 (0)30 5550100", "US"),
            ("0049305550100", "DE"),
            ("020 7946 0018", "GB"),
            ("06 5550 1234", "IT"),
            ("01 99 00 12 34", "FR"),
            ("8 800 555-35-35", "RU"),
            ("nobody", "DE"),
            ("12", "DE"),
            ("555-0100", "ZZ"),
        ];
        let forms = [PhoneForm::E164, PhoneForm::Digits, PhoneForm::International, PhoneForm::AsTyped];
        let lines = typed.map(|(number, country)| {
            let written = forms.map(|form| form.write(number, Some(country)).unwrap_or_else(|| "-".to_owned()));
            format!("{country} {number} = {}", written.join(" | "))
        });
        insta::assert_snapshot!(lines.join("\n"), @"
        US (404) 555-0100 = +14045550100 | 4045550100 | +1 404-555-0100 | (404) 555-0100
        US 1 404 555 0100 = +14045550100 | 4045550100 | +1 404-555-0100 | 1 404 555 0100
        DE +1 404-555-0100 = +14045550100 | 4045550100 | +1 404-555-0100 | +1 404-555-0100
        DE 030 5550100 = +49305550100 | 49305550100 | +49 30 5550100 | 030 5550100
        US +49 (0)30 5550100 = +49305550100 | 49305550100 | +49 30 5550100 | +49 (0)30 5550100
        DE 0049305550100 = +49305550100 | 49305550100 | +49 30 5550100 | 0049305550100
        GB 020 7946 0018 = +442079460018 | 442079460018 | +44 20 7946 0018 | 020 7946 0018
        IT 06 5550 1234 = +390655501234 | 390655501234 | +39 06 5550 1234 | 06 5550 1234
        FR 01 99 00 12 34 = +33199001234 | 33199001234 | +33 1 99 00 12 34 | 01 99 00 12 34
        RU 8 800 555-35-35 = - | - | - | 8 800 555-35-35
        DE nobody = - | - | - | nobody
        DE 12 = - | - | - | 12
        ZZ 555-0100 = - | - | - | 555-0100
        ");
    }

    proptest! {
        #[test]
        fn writing_never_panics_and_a_written_number_is_read_again_as_itself(typed in "\\PC{0,24}", digits in "[0-9 ()+/-]{0,20}") {
            for text in [typed, digits] {
                prop_assert_eq!(PhoneForm::AsTyped.write(&text, None), Some(text.clone()));
                if let Some(written) = PhoneForm::E164.write(&text, Some("DE")) {
                    prop_assert!(written.len() <= 16 && written[1..].bytes().all(|byte| byte.is_ascii_digit()), "{written}");
                    prop_assert_eq!(PhoneForm::E164.write(&written, None), Some(written.clone()));
                }
            }
        }
    }
}
