//! An erasure: a person asked to be forgotten. What names the person goes; sums, country and postcode of the orders stay for
//! the time that the law wants them.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::address::{Reading, Split, split};

/// What stands where something was erased inside a longer text.
pub const ERASED: &str = "[erased]";

/// By what a person is looked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// E-mail addresses, in lower case.
    pub emails: Vec<String>,
    /// Phone numbers, digits only.
    pub phones: Vec<String>,
}

/// The digits of a phone number; `None` for a text that is none.
pub fn phone_digits(text: &str) -> Option<String> {
    let is_phone = |letter: char| letter.is_ascii_digit() || " +-/().\u{a0}".contains(letter);
    if !text.chars().all(is_phone) {
        return None;
    }
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let digits = digits.strip_prefix("00").unwrap_or(&digits).to_owned();
    (digits.len() >= 7).then_some(digits)
}

/// Whether two numbers are the same one, with or without the country's code.
fn is_same_phone(one: &str, other: &str) -> bool {
    let national = |digits: &str| digits.strip_prefix('0').map(str::to_owned);
    let ends =
        |long: &str, short: &str| national(short).is_some_and(|short| short.len() >= 7 && long.ends_with(&short));
    one == other || ends(one, other) || ends(other, one)
}

impl Person {
    /// Nobody yet.
    pub fn is_nobody(&self) -> bool {
        self.emails.is_empty() && self.phones.is_empty()
    }

    /// Looks for this e-mail address too.
    pub fn add_email(&mut self, text: &str) {
        let email = text.trim().to_lowercase();
        if email.contains('@') && !self.emails.contains(&email) {
            self.emails.push(email);
        }
    }

    /// Looks for this phone number too; says whether it is one.
    pub fn add_phone(&mut self, text: &str) -> bool {
        let Some(digits) = phone_digits(text) else { return false };
        if !self.phones.contains(&digits) {
            self.phones.push(digits);
        }
        true
    }

    /// Whether a text is the person's e-mail address or phone number.
    pub fn is_named_by(&self, text: &str) -> bool {
        let text = text.trim();
        let is_email = text.contains('@') && self.emails.contains(&text.to_lowercase());
        let is_phone =
            || phone_digits(text).is_some_and(|digits| self.phones.iter().any(|phone| is_same_phone(phone, &digits)));
        is_email || is_phone()
    }

    /// Whether the person is named anywhere in a JSON value.
    pub fn is_in(&self, value: &Value) -> bool {
        match value {
            Value::String(text) => self.is_named_by(text),
            Value::Array(list) => list.iter().any(|one| self.is_in(one)),
            Value::Object(members) => members.values().any(|one| self.is_in(one)),
            _ => false,
        }
    }
}

/// Fields of an address, of a customer and of a parcel's way that tell who somebody is.
const PERSONAL: [&str; 16] = [
    "name",
    "company",
    "street1",
    "street2",
    "house_number",
    "po_box",
    "city",
    "state",
    "phone",
    "email",
    "first_name",
    "last_name",
    "date_of_birth",
    "gender",
    "crm_id",
    "address_split",
];

/// What makes an object an address or a person.
const TELLING: [&str; 9] =
    ["street1", "street2", "postal_code", "po_box", "phone", "email", "first_name", "last_name", "house_number"];

/// Texts that tell who a person is, gathered from everything known of the person's orders.
#[derive(Clone, Debug, Default)]
pub struct Traces {
    /// Taken out of longer texts, letter case aside; longest first.
    phrases: Vec<String>,
    /// Taken out where they are a whole text.
    words: Vec<String>,
    person: Person,
}

impl Traces {
    /// Gathers from a JSON value: from every address and person in it.
    pub fn gather(&mut self, value: &Value) {
        match value {
            Value::Array(list) => list.iter().for_each(|one| self.gather(one)),
            Value::Object(members) => {
                let text = |name: &str| members.get(name).and_then(Value::as_str).unwrap_or_default();
                if is_telling(members) {
                    for name in ["name", "company", "street1", "street2", "email", "phone", "po_box"] {
                        self.phrase(text(name));
                    }
                    for name in ["name", "first_name", "last_name"] {
                        self.word(text(name));
                        text(name).split_whitespace().for_each(|word| self.word(word));
                    }
                    self.phrase(&format!("{} {}", text("first_name"), text("last_name")));
                    self.phrase(&format!("{} {}", text("street1"), text("house_number")));
                    self.phrase(&format!("{} {}", text("house_number"), text("street1")));
                    for street in streets(text("street1")) {
                        self.phrase(street);
                    }
                    self.person.add_email(text("email"));
                    self.person.add_phone(text("phone"));
                }
                members.values().for_each(|one| self.gather(one));
            }
            _ => {}
        }
    }

    /// Takes over what else was gathered.
    pub fn add(&mut self, other: &Self) {
        other.phrases.iter().for_each(|phrase| self.phrase(phrase));
        other.words.iter().for_each(|word| self.word(word));
        other.person.emails.iter().for_each(|email| self.person.add_email(email));
        for phone in &other.person.phones {
            self.person.add_phone(phone);
        }
    }

    /// Takes out everything by which a person is looked for.
    pub fn of_person(&mut self, person: &Person) {
        person.emails.iter().for_each(|email| self.phrase(email));
        person.emails.iter().for_each(|email| self.person.add_email(email));
        for phone in &person.phones {
            self.person.add_phone(phone);
        }
    }

    /// Who they are of, by e-mail addresses and phone numbers.
    pub fn person(&self) -> &Person {
        &self.person
    }

    /// Whether nothing was gathered.
    pub fn is_empty(&self) -> bool {
        self.phrases.is_empty() && self.person.is_nobody()
    }

    fn phrase(&mut self, text: &str) {
        let text = text.trim().to_lowercase();
        if text.chars().count() >= 4 && !self.phrases.contains(&text) {
            self.phrases.push(text);
            self.phrases.sort_by_key(|phrase| std::cmp::Reverse(phrase.len()));
        }
    }

    fn word(&mut self, text: &str) {
        let text = text.trim().to_lowercase();
        if text.chars().count() >= 2 && !self.words.contains(&text) {
            self.words.push(text);
        }
    }

    /// Whether a text holds any of them.
    pub fn is_in(&self, text: &str) -> bool {
        self.phrases.iter().any(|phrase| find_folded(text, phrase).is_some())
            || self.words.contains(&text.trim().to_lowercase())
            || self.person.is_named_by(text)
    }

    /// A text without them.
    pub fn cleared(&self, text: &str) -> String {
        if self.words.contains(&text.trim().to_lowercase()) || self.person.is_named_by(text) {
            return ERASED.to_owned();
        }
        let mut text = text.to_owned();
        for phrase in &self.phrases {
            while let Some((start, end)) = find_folded(&text, phrase) {
                text.replace_range(start..end, ERASED);
            }
        }
        text
    }

    /// Takes them out of a JSON value of ours: fields of addresses and persons go, other texts lose what is theirs. Single
    /// words stay, since a word of ours may be somebody's name too.
    pub fn clear(&self, value: &mut Value) {
        let plain = Self { words: Vec::new(), ..self.clone() };
        plain.clear_all(value);
    }

    /// Takes them out of a JSON value in anybody's words.
    pub fn clear_all(&self, value: &mut Value) {
        match value {
            Value::String(text) => *text = self.cleared(text),
            Value::Array(list) => list.iter_mut().for_each(|one| self.clear_all(one)),
            Value::Object(members) => {
                if is_telling(members) {
                    members.retain(|name, _| !PERSONAL.contains(&name.as_str()));
                }
                members.values_mut().for_each(|one| self.clear_all(one));
            }
            _ => {}
        }
    }

    /// A JSON text without them; `{}` for one that is no JSON.
    pub fn cleared_json(&self, text: &str) -> String {
        let Ok(mut value) = serde_json::from_str::<Value>(text) else { return "{}".to_owned() };
        self.clear_all(&mut value);
        value.to_string()
    }
}

/// The street of a line, without its number, in every way the line can be read.
fn streets(line: &str) -> Vec<&str> {
    match split(line, None) {
        Reading::Sure(split) => split.street().into_iter().collect(),
        Reading::Unsure(splits) => splits.iter().filter_map(Split::street).collect(),
    }
}

fn is_telling(members: &serde_json::Map<String, Value>) -> bool {
    TELLING.iter().any(|name| members.get(*name).is_some_and(Value::is_string))
}

/// Where a lower-case phrase stands in a text by itself, letter case aside, in bytes of the text.
fn find_folded(text: &str, phrase: &str) -> Option<(usize, usize)> {
    // A letter may fold to several, so each place of the folded text knows which letter it comes from.
    let mut folded = String::with_capacity(text.len());
    let mut origins = Vec::with_capacity(text.len());
    for (at, letter) in text.char_indices() {
        for lower in letter.to_lowercase() {
            folded.push(lower);
            origins.extend(std::iter::repeat_n((at, at + letter.len_utf8()), lower.len_utf8()));
        }
    }
    let is_apart = |start: usize| {
        let before = folded[..start].chars().next_back();
        let after = folded[start + phrase.len()..].chars().next();
        !before.into_iter().chain(after).any(char::is_alphanumeric)
    };
    let start = folded.match_indices(phrase).map(|(start, _)| start).find(|start| is_apart(*start))?;
    let (first, last) = (origins.get(start)?, origins.get(start + phrase.len() - 1)?);
    Some((first.0, last.1))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn traces() -> Traces {
        let mut traces = Traces::default();
        traces.gather(&json!({ "shipping_address": {
            "name": "İlkay Große", "street1": "Grünberger Straße 48a", "postal_code": "10245", "city": "Berlin",
            "country": "DE", "phone": "+49 30 23125 001", "email": "Ilkay@Example.com",
        } }));
        traces
    }

    #[test]
    fn a_person_is_known_by_mail_and_phone_however_written() {
        let mut person = Person::default();
        person.add_email(" Ada@Example.com ");
        assert!(person.add_phone("+31 6 5550 1234"));
        assert!(!person.add_phone("call me"));
        assert!(person.is_in(&json!({ "a": [{ "mail": "ada@EXAMPLE.com" }] })));
        assert!(person.is_in(&json!("0031-6-55501234")));
        assert!(person.is_in(&json!("06 5550 1234")));
        assert!(
            !person.is_in(&json!({ "mail": "bada@example.com", "phone": "06 5550 1235", "n": 31_655_501_234_u64 }))
        );
    }

    #[test]
    fn country_and_postcode_stay_and_what_tells_of_the_person_goes() {
        let mut value = json!({
            "items": [{ "name": "Stove for İLKAY GROSSE, Grünberger straße 48a" }],
            "shipping_address": { "name": "İlkay Große", "postal_code": "10245", "city": "Berlin", "country": "DE" },
            "firstName": "İlkay", "tel": "030 23125001", "note": "call ilkay@example.com", "total": "3.50",
        });
        traces().clear_all(&mut value);
        assert_eq!(
            value,
            json!({
                "items": [{ "name": "Stove for İLKAY GROSSE, [erased]" }],
                "shipping_address": { "postal_code": "10245", "country": "DE" },
                "firstName": "[erased]", "tel": "[erased]", "note": "call [erased]", "total": "3.50",
            })
        );
        assert_eq!(traces().cleared_json("no json"), "{}");
    }
}
