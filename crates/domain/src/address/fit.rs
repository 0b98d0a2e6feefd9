//! How an address goes into what a service takes: everything that does not fit is a problem, and nothing is cut.

use serde::{Deserialize, Serialize};

use super::wrap::{Wrapping, length};
use super::{Address, AddressLimits, Need, Reading, Split, StreetForm, split};
use crate::error::{Problem, Rule};

/// Whose address it is: the first step of each path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Where it leaves from.
    Sender,
    /// Where it goes.
    Recipient,
}

impl Side {
    /// The word in paths.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sender => "sender",
            Self::Recipient => "recipient",
        }
    }
}

/// A street line that a person took apart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChosenSplit {
    /// The line, as typed.
    pub line: String,
    /// The street without its number.
    pub street: String,
    /// The house number; `None` when it has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub house_number: Option<String>,
    /// What stands behind or before both.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
}

impl ChosenSplit {
    /// Takes parts that somebody named, if together they are the whole line: only blanks and parting signs may be left.
    /// Otherwise the error is what is left or missing.
    pub fn new(line: &str, street: &str, house_number: Option<&str>, unit: Option<&str>) -> Result<Self, String> {
        let mut left = line.to_owned();
        for part in [Some(street), house_number, unit].into_iter().flatten() {
            if part.trim().is_empty() {
                return Err("a part is empty: leave it out".to_owned());
            }
            // A mark that no address holds stands where the part was, so that no part is found across two others.
            let Some(place) = left.find(part) else { return Err(format!("{part:?} does not stand in {line:?}")) };
            left.replace_range(place..place + part.len(), "\u{0}");
        }
        let lost: String = left.chars().filter(|letter| letter.is_alphanumeric()).collect();
        if !lost.is_empty() {
            return Err(format!("{lost:?} of {line:?} would be lost"));
        }
        let owned = |part: Option<&str>| part.map(str::to_owned);
        let (line, street) = (line.to_owned(), street.to_owned());
        Ok(Self { line, street, house_number: owned(house_number), unit: owned(unit) })
    }
}

/// What is known besides an address when it is fitted into a service.
#[derive(Clone, Copy, Debug)]
pub struct Fitting<'a> {
    /// Whose address it is.
    pub side: Side,
    /// What people call the service.
    pub service: &'a str,
    /// Whether sender and recipient are in different countries.
    pub is_abroad: bool,
    /// How a person took the street line apart.
    pub split: Option<&'a ChosenSplit>,
    /// Whether lines that are too long may be wrapped over free ones.
    pub wraps: bool,
}

/// An address that fits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fitted {
    /// Every line fits, the phone number is written in the service's form, street and number are apart where the service
    /// wants them so.
    pub address: Address,
    /// What was done to it, in words.
    pub notes: Vec<String>,
}

fn is_there(text: Option<&str>) -> bool {
    text.is_some_and(|text| !text.trim().is_empty())
}

/// Problems and notes, while an address is fitted.
struct Work<'a> {
    fitting: Fitting<'a>,
    problems: Vec<Problem>,
    notes: Vec<String>,
}

impl Work<'_> {
    fn path(&self, field: &str) -> String {
        format!("{}/{field}", self.fitting.side.as_str())
    }

    fn problem(&mut self, rule: Rule, field: &str, message: impl Into<String>) {
        self.problems.push(Problem::of(rule, self.path(field), message));
    }

    fn too_long(&mut self, field: &str, what: &str, text: &str, longest: usize, offer: &str) {
        let path = self.path(field);
        let length = length(text);
        let message = format!("{path}: {what}{text:?} has {length} characters and {longest} are allowed; {offer}");
        self.problems.push(Problem::new(path, message));
    }

    /// A field that stands alone.
    fn check(&mut self, field: &str, text: Option<&str>, longest: Option<usize>) {
        if let (Some(text), Some(longest)) = (text, longest)
            && length(text) > longest
        {
            self.too_long(field, "", text, longest, NO_WRAPPING);
        }
    }

    /// Two fields that stand below one another, so that one can take what the other has no room for.
    fn pair(&mut self, address: &mut Address, company: Option<usize>, name: Option<usize>) {
        let (one, two) = (address.company.clone(), address.name.clone());
        let longest = company.unwrap_or(usize::MAX).min(name.unwrap_or(usize::MAX));
        let fields = [("company", &one, &two, company), ("name", &two, &one, name)];
        for (field, text, other, limit) in fields {
            let (Some(text), Some(limit)) = (text, limit) else { continue };
            if length(text) <= limit {
                continue;
            }
            match Wrapping::of(&[text.trim()], 2, longest).filter(|_| other.is_none()) {
                Some(wrapping) if self.fitting.wraps => {
                    let lines: Vec<_> = wrapping.lines().map(str::to_owned).collect();
                    self.notes.push(format!("{}: written as {}", self.path(field), quoted(&lines)));
                    let mut lines = lines.into_iter();
                    (address.company, address.name) = (lines.next(), lines.next());
                }
                Some(wrapping) => {
                    let lines: Vec<_> = wrapping.lines().map(str::to_owned).collect();
                    let offer = format!("it would fit as {} (company / name)", quoted(&lines));
                    self.too_long(field, "", text, limit, &offer);
                }
                None => self.too_long(field, "", text, limit, NO_WRAPPING),
            }
        }
    }

    /// Street and further lines over so many lines.
    fn lines(&mut self, address: &mut Address, most: usize, longest: usize) {
        let street = address.street_line();
        let texts = [street.as_deref(), address.street2.as_deref()].into_iter().flatten();
        let texts: Vec<&str> = texts.filter(|text| !text.trim().is_empty()).collect();
        let fit = texts.len() <= most && texts.iter().all(|text| length(text) <= longest);
        if fit {
            self.check("po_box", address.po_box.as_deref(), Some(longest));
            return;
        }
        let trimmed: Vec<&str> = texts.iter().map(|text| text.trim()).collect();
        let wrapping = Wrapping::of(&trimmed, most, longest);
        if let Some(wrapping) = wrapping.as_ref().filter(|_| self.fitting.wraps) {
            let lines: Vec<_> = wrapping.lines().map(str::to_owned).collect();
            self.notes.push(format!("{}: written as {}", self.path("street1"), quoted(&lines)));
            address.house_number = None;
            address.street1 = lines.first().cloned();
            address.street2 = (lines.len() > 1).then(|| lines[1..].join(" "));
            self.check("po_box", address.po_box.as_deref(), Some(longest));
            return;
        }
        let offer = wrapping.map_or(NO_WRAPPING.to_owned(), |wrapping| {
            let lines: Vec<_> = wrapping.lines().map(str::to_owned).collect();
            let named =
                if lines.len() <= 2 { "street1 / street2".to_owned() } else { format!("{} lines", lines.len()) };
            format!("it would fit as {} ({named})", quoted(&lines))
        });
        let together = match &address.house_number {
            Some(_) => "street and house number in one line, ",
            None => "",
        };
        let before = self.problems.len();
        for (field, what, text) in
            [("street1", together, street.as_deref()), ("street2", "", address.street2.as_deref())]
        {
            if let Some(text) = text.filter(|text| length(text) > longest) {
                self.too_long(field, what, text, longest, &offer);
            }
        }
        if self.problems.len() == before {
            let message =
                format!("{}: there are {} lines and {most} are allowed; {offer}", self.path("street2"), texts.len());
            self.problem(Rule::Invalid, "street2", message);
        }
        self.check("po_box", address.po_box.as_deref(), Some(longest));
    }

    /// What stands neither in the street's nor in the number's field.
    fn further(&mut self, address: &Address, most: usize, longest: usize) {
        let texts: Vec<&str> = [address.street2.as_deref(), address.po_box.as_deref()].into_iter().flatten().collect();
        if texts.len() <= most && texts.iter().all(|text| length(text) <= longest) {
            return;
        }
        let (path, whole) = (self.path("street2"), texts.join(" "));
        let offer = match address.further_lines(most, longest) {
            Some(lines) if self.fitting.wraps => {
                self.notes.push(format!("{path}: written as {}", quoted(&lines)));
                return;
            }
            Some(lines) => format!("it would fit as {}", quoted(&lines)),
            None => NO_WRAPPING.to_owned(),
        };
        let message = format!("{path}: {whole:?} does not stand on lines of {longest} characters; {offer}");
        self.problem(Rule::Invalid, "street2", message);
    }

    /// Takes street and house number apart.
    fn split(&mut self, address: &mut Address, is_needed: bool) {
        if is_there(address.house_number.as_deref()) {
            return;
        }
        let Some(line) = address.street1.clone() else { return };
        if let Some(chosen) = self.fitting.split.filter(|chosen| chosen.line == line) {
            let unit = chosen.unit.as_deref();
            take_apart(address, &chosen.street, chosen.house_number.as_deref(), unit);
            if is_needed && chosen.house_number.is_none() {
                self.without_number(&line);
            }
            return;
        }
        match split(&line, address.country_code().as_deref()) {
            Reading::Sure(found) => match (found.street(), found.house_number()) {
                (Some(street), Some(number)) => take_apart(address, street, Some(number), found.unit()),
                _ if is_needed => self.without_number(&line),
                _ => {}
            },
            Reading::Unsure(ways) if is_needed => {
                let ways: Vec<_> = ways.iter().map(told).collect();
                let message = format!(
                    "the service {} wants street and house number apart, and {line:?} can be read in {} ways: {}; say which",
                    self.fitting.service,
                    ways.len(),
                    ways.join("; or ")
                );
                self.problem(Rule::Invalid, "street1", message);
            }
            Reading::Unsure(_) => {}
        }
    }

    fn without_number(&mut self, line: &str) {
        let message = format!("the service {} needs a house number, and {line:?} has none", self.fitting.service);
        self.problem(Rule::Missing, "house_number", message);
    }

    /// The phone number in the service's form. One that nobody needs and that cannot be written so is left out, with a note.
    fn phone(&mut self, address: &mut Address, limits: &AddressLimits, need: Need) {
        let (service, side) = (self.fitting.service, self.fitting.side.as_str());
        let is_needed = need.applies(self.fitting.is_abroad);
        let typed = address.phone.clone().filter(|typed| !typed.trim().is_empty());
        let Some(typed) = typed else {
            if is_needed {
                let message = format!("the service {service} needs the {side}'s phone number");
                self.problem(Rule::Missing, "phone", message);
            }
            return;
        };
        let written = limits.phone.write(&typed, address.country_code().as_deref());
        let fits = |text: &String| limits.phone_length.is_none_or(|longest| length(text) <= longest);
        match written.clone().filter(fits) {
            Some(written) => address.phone = Some(written),
            None if is_needed => {
                let expected = match (written, limits.phone_length) {
                    (Some(_), Some(longest)) => format!("at most {longest} characters"),
                    _ => format!("a number that can be written as {}", limits.phone.example()),
                };
                let message =
                    format!("the service {service} needs the {side}'s phone number; {typed:?}: expected {expected}");
                self.problem(Rule::Invalid, "phone", message);
            }
            None => {
                self.notes.push(format!(
                    "{}: {typed:?} is left out, since {service} takes no such number",
                    self.path("phone")
                ));
                address.phone = None;
            }
        }
    }
}

const NO_WRAPPING: &str = "no wrapping over free lines fits: shorten it";

fn quoted(lines: &[String]) -> String {
    lines.iter().map(|line| format!("{line:?}")).collect::<Vec<_>>().join(" / ")
}

/// A reading in words.
fn told(way: &Split<'_>) -> String {
    let parts = [("street", way.street()), ("house number", way.house_number()), ("unit", way.unit())];
    let parts = parts.into_iter().filter_map(|(name, part)| part.map(|part| format!("{name} {part:?}")));
    parts.collect::<Vec<_>>().join(", ")
}

/// Street, number and unit in fields of their own; a unit stands before what the second line holds already.
fn take_apart(address: &mut Address, street: &str, number: Option<&str>, unit: Option<&str>) {
    address.street1 = Some(street.to_owned());
    address.house_number = number.map(str::to_owned);
    let second: Vec<_> = [unit, address.street2.as_deref()].into_iter().flatten().collect();
    address.street2 = (!second.is_empty()).then(|| second.join(", "));
}

impl AddressLimits {
    /// The address as the service takes it. Every problem is told at once; nothing is cut, and nothing is changed without a
    /// note.
    pub fn fit(&self, address: &Address, fitting: Fitting<'_>) -> Result<Fitted, Vec<Problem>> {
        let missing = if self.is_complete { super::complete::missing(address, fitting.side) } else { Vec::new() };
        let mut work = Work { fitting, problems: missing, notes: Vec::new() };
        let mut fitted = address.clone();
        work.pair(&mut fitted, self.company, self.name);
        match self.street {
            StreetForm::Free => {}
            StreetForm::Lines { most, longest } => work.lines(&mut fitted, most, longest),
            StreetForm::Split { street, house_number, is_needed, most, longest } => {
                work.split(&mut fitted, is_needed);
                work.check("street1", fitted.street1.clone().as_deref(), Some(street));
                work.check("house_number", fitted.house_number.clone().as_deref(), Some(house_number));
                work.further(&fitted, most, longest);
            }
            StreetForm::OneLine { longest } => {
                let line = fitted.one_line();
                if length(&line) > longest {
                    work.too_long("street1", "the address in one line, ", &line, longest, NO_WRAPPING);
                }
            }
        }
        work.check("city", address.city.as_deref(), self.city);
        work.check("postal_code", address.postal_code.as_deref(), self.postal_code);
        work.check("state", address.region().as_deref(), self.state);
        work.check("email", address.email.as_deref(), self.email);
        let need = match fitting.side {
            Side::Sender => self.sender_phone_needed,
            Side::Recipient => self.phone_needed,
        };
        work.phone(&mut fitted, self, need);
        let needs_email = fitting.side == Side::Recipient && self.email_needed.applies(fitting.is_abroad);
        if needs_email && !is_there(address.email.as_deref()) {
            work.problem(
                Rule::Missing,
                "email",
                format!("the service {} needs the recipient's e-mail address", fitting.service),
            );
        }
        if work.problems.is_empty() { Ok(Fitted { address: fitted, notes: work.notes }) } else { Err(work.problems) }
    }

    /// What of both ends of a booking does not fit, for a connector to be sure before it asks. Both were fitted before, and
    /// `street2` then holds every line after the first, so that it may be longer than a line where there are more.
    pub fn misfits(&self, sender: &Address, recipient: &Address, service: &str) -> Vec<Problem> {
        let is_abroad = sender.country_code() != recipient.country_code();
        let misfits = |side, address| {
            let wraps =
                matches!(self.street, StreetForm::Lines { most: 3.., .. } | StreetForm::Split { most: 2.., .. });
            self.fit(address, Fitting { side, service, is_abroad, split: None, wraps }).err().unwrap_or_default()
        };
        [misfits(Side::Sender, sender), misfits(Side::Recipient, recipient)].concat()
    }

    /// Why the service does not go to an address, if it does not.
    pub fn why_not_served(&self, address: &Address) -> Option<String> {
        let kinds = address.places().and(self.not_served).kinds();
        let first = kinds.first()?;
        Some(format!("it does not go there: the recipient is {}", first.name()))
    }
}

fn on_lines(texts: [Option<&str>; 3], most: usize, longest: usize) -> Option<Vec<String>> {
    let texts: Vec<&str> = texts.into_iter().flatten().map(str::trim).filter(|text| !text.is_empty()).collect();
    Wrapping::of(&texts, most, longest).map(|wrapping| wrapping.lines().map(str::to_owned).collect())
}

impl Address {
    /// The state without the country before it: `MA` of `US-MA`.
    pub fn region(&self) -> Option<String> {
        let prefix = self.country_code().map(|code| format!("{code}-")).unwrap_or_default();
        self.state.as_deref().map(|state| state.strip_prefix(prefix.as_str()).unwrap_or(state).to_owned())
    }

    /// Street, further line, city, state and postal code in one line, parted by commas.
    pub fn one_line(&self) -> String {
        let parts = [self.street_line(), self.street2.clone(), self.po_box.clone(), self.city.clone(), self.region()];
        let parts = parts.into_iter().chain([self.postal_code.clone()]).flatten();
        let parts = parts.map(|part| part.trim().to_owned()).filter(|part| !part.is_empty());
        parts.collect::<Vec<_>>().join(", ")
    }

    /// Street, house number, second line and box on at most so many lines of so many characters, as a service wants them
    /// that has no fields of their own for them; `None` when they do not fit. Whoever books was asked before whether a line
    /// may be wrapped.
    pub fn street_lines(&self, most: usize, longest: usize) -> Option<Vec<String>> {
        let street = self.street_line();
        on_lines([street.as_deref(), self.street2.as_deref(), self.po_box.as_deref()], most, longest)
    }

    /// The same for what stands beside street and house number, for a service that has fields of their own for those.
    pub fn further_lines(&self, most: usize, longest: usize) -> Option<Vec<String>> {
        on_lines([None, self.street2.as_deref(), self.po_box.as_deref()], most, longest)
    }
}

#[cfg(test)]
mod tests;
