//! Words for faults: Pydantic v2's, which clients of several APIs know.

use std::borrow::Cow;

use super::fields::Fault;

/// Pydantic v2's words for a fault.
pub fn wording(fault: &Fault) -> Cow<'static, str> {
    let plural = |count: usize| if count == 1 { "" } else { "s" };
    let words = match fault {
        Fault::Missing => "Field required",
        Fault::Forbidden => "Extra inputs are not permitted",
        Fault::NotText => "Input should be a valid string",
        Fault::NotObject => "Input should be a valid dictionary",
        Fault::NotList => "Input should be a valid list",
        Fault::NotInteger => "Input should be a valid integer",
        Fault::NotIntegerText => "Input should be a valid integer, unable to parse string as an integer",
        Fault::Fraction => "Input should be a valid integer, got a number with a fractional part",
        Fault::NotNumber => "Input should be a valid number",
        Fault::NotNumberText => "Input should be a valid number, unable to parse string as a number",
        Fault::TooManyDigits => "Decimal input should have no more than 28 digits in total",
        Fault::NotBool => "Input should be a valid boolean",
        Fault::NotBoolText => "Input should be a valid boolean, unable to interpret input",
        Fault::NotTime => "Input should be a valid datetime",
        Fault::NotTimeText(why) => return format!("Input should be a valid datetime or date, {why}").into(),
        Fault::TooShort(least) => {
            return format!("String should have at least {least} character{}", plural(*least)).into();
        }
        Fault::TooLong(most) => return format!("String should have at most {most} character{}", plural(*most)).into(),
        Fault::TooFew(least, found) => {
            let items = format!("{least} item{}", plural(*least));
            return format!("List should have at least {items} after validation, not {found}").into();
        }
        Fault::TooMany(most, found) => {
            let items = format!("{most} item{}", plural(*most));
            return format!("List should have at most {items} after validation, not {found}").into();
        }
        Fault::NotAbove(bound) => return format!("Input should be greater than {bound}").into(),
        Fault::BelowLeast(least) => return format!("Input should be greater than or equal to {least}").into(),
        Fault::AboveMost(most) => return format!("Input should be less than or equal to {most}").into(),
        Fault::NotOneOf(words) => {
            let quoted: Vec<_> = words.iter().map(|word| format!("'{word}'")).collect();
            return format!("Input should be {}", alternatives(&quoted)).into();
        }
        Fault::NotOneOfNumbers(numbers) => {
            let plain: Vec<_> = numbers.iter().map(ToString::to_string).collect();
            return format!("Input should be {}", alternatives(&plain)).into();
        }
        Fault::NotUrl => "Input should be a valid URL, relative URL without a base",
        Fault::NotEmail(why) => return format!("value is not a valid email address: {why}").into(),
        Fault::NotCurrency => "String should match pattern '^[A-Za-z]{3}$'",
        Fault::Nul => "String should not contain the character U+0000",
        Fault::Other(text) => return text.clone().into(),
    };
    words.into()
}

/// `'a', 'b' or 'c'`.
fn alternatives(words: &[String]) -> String {
    match words {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}
