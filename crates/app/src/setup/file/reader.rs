//! A reader: walks the tables of a setup file and collects every mistake with the place people find it at.
//!
//! A place is a path such as `tenant[acme].location[7709].time_zone`: a table goes by its own id where it has one, else
//! by its number among its like, from 1 (`tenant[#2]`). A value nobody may see never stands in a message.

use std::cell::RefCell;
use std::collections::BTreeMap;

use domain::Secret;
use domain::error::{Problem, Rule};
use rust_decimal::Decimal;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// The most characters of an id, far below what a database index can hold.
const LONGEST_ID: usize = 200;

const A_SECRET: &str = "a secret as text, { env = \"NAME\" } or { file = \"PATH\" }";

/// Reads one file.
pub(super) struct Reader<'r> {
    files: &'r dyn Fn(&str) -> Result<Vec<u8>, String>,
    env: &'r dyn Fn(&str) -> Option<String>,
    line_starts: Vec<usize>,
    found: RefCell<Vec<(usize, Problem)>>,
}

impl<'r> Reader<'r> {
    /// A reader of `text`.
    pub(super) fn new(
        text: &str,
        files: &'r dyn Fn(&str) -> Result<Vec<u8>, String>,
        env: &'r dyn Fn(&str) -> Option<String>,
    ) -> Self {
        let line_starts = text.match_indices('\n').map(|(place, _)| place + 1).collect();
        Self { files, env, line_starts, found: RefCell::default() }
    }

    fn line(&self, place: usize) -> usize {
        self.line_starts.partition_point(|&start| start <= place) + 1
    }

    /// Notes that the text is no TOML. The text itself is not repeated: it may hold a secret.
    pub(super) fn syntax(&self, mistake: &toml::de::Error) {
        let line = mistake.span().map_or(1, |span| self.line(span.start));
        self.mistake(Rule::Invalid, "", line, mistake.message());
    }

    /// Notes a mistake.
    pub(super) fn mistake(&self, rule: Rule, path: &str, line: usize, message: &str) {
        let problem = Problem::of(rule, path, format!("line {line}: {message}"));
        self.found.borrow_mut().push((line, problem));
    }

    /// Whether no mistake was found.
    pub(super) fn is_clean(&self) -> bool {
        self.found.borrow().is_empty()
    }

    /// The mistakes, in the order of the file.
    pub(super) fn into_problems(self) -> Vec<Problem> {
        let mut found = self.found.into_inner();
        found.sort_by_key(|(line, _)| *line);
        found.into_iter().map(|(_, problem)| problem).collect()
    }
}

/// A table and where it stands.
pub(super) struct Section<'r> {
    reader: &'r Reader<'r>,
    table: &'r DeTable<'r>,
    asked: RefCell<Vec<&'static str>>,
    /// Where it stands.
    pub(super) path: String,
    /// The line it begins in.
    pub(super) line: usize,
}

impl<'r> Section<'r> {
    /// The whole file.
    pub(super) fn root(reader: &'r Reader<'r>, table: &'r DeTable<'r>) -> Self {
        Self { reader, table, asked: RefCell::default(), path: String::new(), line: 1 }
    }

    /// Who collects the mistakes.
    pub(super) fn reader(&self) -> &'r Reader<'r> {
        self.reader
    }

    /// Whether no key stands in it.
    pub(super) fn is_empty(&self) -> bool {
        self.table.is_empty()
    }

    /// The path of a key in it.
    pub(super) fn path_of(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    /// The line of a key's value; the table's own if there is none.
    pub(super) fn line_of(&self, key: &str) -> usize {
        self.table.get(key).map_or(self.line, |value| self.reader.line(value.span().start))
    }

    /// The value of a key that may be missing.
    pub(super) fn optional(&self, key: &'static str, expected: &'static str) -> Option<Entry<'r>> {
        self.asked.borrow_mut().push(key);
        let value = self.table.get(key)?;
        Some(self.entry(key, value, expected))
    }

    /// The value of a key; a missing one is a mistake.
    pub(super) fn required(&self, key: &'static str, expected: &'static str) -> Option<Entry<'r>> {
        let entry = self.optional(key, expected);
        if entry.is_none() {
            let message = format!("missing, expected {expected}");
            self.reader.mistake(Rule::Missing, &self.path_of(key), self.line, &message);
        }
        entry
    }

    /// Every key and value, for a table whose keys are free; nothing of it counts as unknown any more.
    pub(super) fn entries(&self, expected: &'static str) -> Vec<(String, Entry<'r>)> {
        let entry = |(key, value): (&'r Spanned<_>, _)| {
            let key: &std::borrow::Cow<'r, str> = key.get_ref();
            (key.clone().into_owned(), self.entry(key, value, expected))
        };
        self.table.iter().map(entry).collect()
    }

    fn entry(&self, key: &str, value: &'r Spanned<DeValue<'r>>, expected: &'static str) -> Entry<'r> {
        let line = self.reader.line(value.span().start);
        Entry { reader: self.reader, value: value.get_ref(), expected, path: self.path_of(key), line }
    }

    /// The tables written `[[key]]`; `id` is the key that names one of them.
    pub(super) fn tables(&self, key: &'static str, id: &str) -> Vec<Section<'r>> {
        let Some(list) = self.optional(key, "one or more tables, each headed by its name in double brackets") else {
            return Vec::new();
        };
        let DeValue::Array(values) = list.value else {
            list.refuse();
            return Vec::new();
        };
        let section = |(index, value): (usize, &'r Spanned<DeValue<'r>>)| {
            let line = self.reader.line(value.span().start);
            let DeValue::Table(table) = value.get_ref() else {
                let path = format!("{}[#{}]", list.path, index + 1);
                Entry { reader: self.reader, value: value.get_ref(), expected: list.expected, path, line }.refuse();
                return None;
            };
            let label = table.get(id).and_then(|name| label(name.get_ref()));
            let path = format!("{}[{}]", list.path, label.unwrap_or_else(|| format!("#{}", index + 1)));
            Some(Section { reader: self.reader, table, asked: RefCell::default(), path, line })
        };
        values.iter().enumerate().filter_map(section).collect()
    }

    /// Ends the reading of this table: a key nobody asked for is a mistake. Its value is not shown, since it may be a
    /// secret under a misspelt name.
    pub(super) fn close(self) {
        let asked = self.asked.borrow();
        for key in self.table.keys() {
            let name: &str = key.get_ref();
            if asked.contains(&name) {
                continue;
            }
            let message = match nearest(name, asked.iter().copied()) {
                Some(meant) => format!("there is no such key, did you mean {meant}?"),
                None if asked.is_empty() => "there is no such key, and none is expected here".to_owned(),
                None => format!("there is no such key, expected one of {}", asked.join(", ")),
            };
            let line = self.reader.line(key.span().start);
            self.reader.mistake(Rule::Unknown, &self.path_of(name), line, &message);
        }
    }
}

/// A value and where it stands.
pub(super) struct Entry<'r> {
    reader: &'r Reader<'r>,
    value: &'r DeValue<'r>,
    expected: &'static str,
    /// Where it stands.
    pub(super) path: String,
    /// The line it stands in.
    pub(super) line: usize,
}

impl<'r> Entry<'r> {
    /// Notes that this value is not what was expected.
    pub(super) fn refuse(&self) {
        self.mistake(Rule::Invalid, &format!("found {}, expected {}", shown(self.value), self.expected));
    }

    /// Notes a mistake here.
    pub(super) fn mistake(&self, rule: Rule, message: &str) {
        self.reader.mistake(rule, &self.path, self.line, message);
    }

    /// The value if `read` can make one of it; else a mistake.
    fn or_refuse<T>(&self, value: Option<T>) -> Option<T> {
        if value.is_none() {
            self.refuse();
        }
        value
    }

    /// What `read` makes of the text; a value that is no text, or that `read` does not know, is a mistake.
    pub(super) fn read<T>(self, read: impl FnOnce(&str) -> Option<T>) -> Option<T> {
        self.or_refuse(self.value.as_str().and_then(read))
    }

    /// A text that is not blank and holds no control characters, as typed.
    pub(super) fn text(self) -> Option<String> {
        self.read(|text| is_text(text).then(|| text.to_owned()))
    }

    /// A text short enough to be searched by, without blanks around it.
    pub(super) fn id(self) -> Option<String> {
        self.read(|text| is_id(text).then(|| text.to_owned()))
    }

    /// An id that can be the first half of `<id>:<rest>`.
    pub(super) fn name(self) -> Option<String> {
        self.read(|text| (is_id(text) && !text.contains(':')).then(|| text.to_owned()))
    }

    /// A text that may have several lines.
    pub(super) fn lines(self) -> Option<String> {
        let fits = |text: &str| !text.trim().is_empty() && !text.contains('\0');
        self.read(|text| fits(text).then(|| text.to_owned()))
    }

    /// A whole number.
    pub(super) fn integer(&self) -> Option<i64> {
        self.or_refuse(integer(self.value))
    }

    /// `true` or `false`.
    pub(super) fn boolean(self) -> Option<bool> {
        self.or_refuse(self.value.as_bool())
    }

    /// A number, digit for digit, that `read` can make something of.
    pub(super) fn decimal<T>(self, read: impl FnOnce(Decimal) -> Option<T>) -> Option<T> {
        let decimal = match self.value {
            DeValue::Integer(_) => integer(self.value).map(Decimal::from),
            DeValue::Float(float) => {
                let digits = float.as_str();
                digits.parse().ok().or_else(|| Decimal::from_scientific(digits).ok())
            }
            _ => None,
        };
        self.or_refuse(decimal.and_then(read))
    }

    /// A text, a number or a truth, as text. Digits stay as written.
    pub(super) fn scalar(self) -> Option<String> {
        let text = match self.value {
            DeValue::String(text) => is_text(text).then(|| text.clone().into_owned()),
            DeValue::Integer(_) => integer(self.value).map(|number| number.to_string()),
            DeValue::Float(float) => {
                let digits = float.as_str();
                digits.bytes().any(|byte| byte.is_ascii_digit()).then(|| digits.to_owned())
            }
            DeValue::Boolean(truth) => Some(truth.to_string()),
            DeValue::Datetime(_) | DeValue::Array(_) | DeValue::Table(_) => None,
        };
        self.or_refuse(text)
    }

    /// The values of a list.
    pub(super) fn list(self, expected: &'static str) -> Option<Vec<Entry<'r>>> {
        let values = self.or_refuse(self.value.as_array())?;
        let entry = |(index, value): (usize, &'r Spanned<DeValue<'r>>)| Entry {
            reader: self.reader,
            value: value.get_ref(),
            expected,
            path: format!("{}[#{}]", self.path, index + 1),
            line: self.reader.line(value.span().start),
        };
        Some(values.iter().enumerate().map(entry).collect())
    }

    /// A table.
    pub(super) fn section(self) -> Option<Section<'r>> {
        let table = self.or_refuse(self.value.as_table())?;
        Some(Section { reader: self.reader, table, asked: RefCell::default(), path: self.path, line: self.line })
    }

    /// Who collects the mistakes.
    pub(super) fn reader(&self) -> &'r Reader<'r> {
        self.reader
    }

    /// Whether it is a list of nothing.
    pub(super) fn is_empty_list(&self) -> bool {
        self.value.as_array().is_some_and(|list| list.is_empty())
    }

    /// A secret: its text, or `{ env = "NAME" }`, or `{ file = "PATH" }` without the file's last line end.
    pub(super) fn secret(self) -> Option<Secret> {
        let (reader, path, line) = (self.reader, self.path.clone(), self.line);
        let text = match self.value {
            DeValue::String(text) => text.clone().into_owned(),
            DeValue::Table(_) => self.referred()?,
            other => {
                self.mistake(Rule::Invalid, &format!("found {}, expected {A_SECRET}", other.type_str()));
                return None;
            }
        };
        if text.is_empty() {
            reader.mistake(Rule::Invalid, &path, line, &format!("found nothing in it, expected {A_SECRET}"));
        }
        (!text.is_empty()).then(|| Secret::new(text))
    }

    /// The text of a secret that stands somewhere else.
    fn referred(self) -> Option<String> {
        let (reader, path, line) = (self.reader, self.path.clone(), self.line);
        let section = self.section()?;
        let name = section.optional("env", "the name of an environment variable");
        let file = section.optional("file", "the path of a file");
        section.close();
        match (name, file) {
            (Some(name), None) => name.variable(),
            (None, Some(file)) => file.file().map(without_line_end),
            (name, _) => {
                let found = if name.is_some() { "both of env and file" } else { "neither env nor file" };
                reader.mistake(Rule::Invalid, &path, line, &format!("found {found}, expected {A_SECRET}"));
                None
            }
        }
    }

    /// The value of the environment variable whose name this is.
    fn variable(self) -> Option<String> {
        let (reader, path, line) = (self.reader, self.path.clone(), self.line);
        let name = self.text()?;
        let value = (reader.env)(&name);
        if value.is_none() {
            let message = format!("the environment variable {name} is not set, expected it to hold the secret");
            reader.mistake(Rule::Missing, &path, line, &message);
        }
        value
    }

    /// The text as typed, if it is one.
    pub(super) fn as_str(&self) -> Option<&'r str> {
        self.value.as_str()
    }

    /// The text of the file whose path this is.
    pub(super) fn file(self) -> Option<String> {
        let (reader, place, line) = (self.reader, self.path.clone(), self.line);
        let path = self.as_str().unwrap_or_default();
        let text = String::from_utf8(self.bytes()?);
        if text.is_err() {
            reader.mistake(Rule::Invalid, &place, line, &format!("cannot read the file {path:?}: it is no UTF-8 text"));
        }
        text.ok()
    }

    /// The bytes of the file whose path this is.
    pub(super) fn bytes(self) -> Option<Vec<u8>> {
        let (reader, place, line) = (self.reader, self.path.clone(), self.line);
        let path = self.text()?;
        match (reader.files)(&path) {
            Ok(content) => Some(content),
            Err(why) => {
                reader.mistake(Rule::Invalid, &place, line, &format!("cannot read the file {path:?}: {why}"));
                None
            }
        }
    }
}

/// Remembers what must not come twice.
#[derive(Default)]
pub(super) struct Once(BTreeMap<String, usize>);

impl Once {
    /// The line `value` already came in, if it did.
    pub(super) fn earlier(&mut self, value: &str, line: usize) -> Option<usize> {
        let earlier = self.0.get(value).copied();
        if earlier.is_none() {
            self.0.insert(value.to_owned(), line);
        }
        earlier
    }

    /// Whether `id`, which stands at `place`, comes for the first time; if not, a mistake.
    pub(super) fn is_first(&mut self, id: &str, place: (&Reader<'_>, &str, usize)) -> bool {
        let (reader, path, line) = place;
        let earlier = self.earlier(id, line);
        if let Some(earlier) = earlier {
            let message = format!("found {id:?} again, expected it once only: it stands in line {earlier} already");
            reader.mistake(Rule::Invalid, path, line, &message);
        }
        earlier.is_none()
    }
}

/// The nearest of `known` to a misspelt name, if one is near enough.
pub(super) fn nearest<'k>(name: &str, known: impl Iterator<Item = &'k str>) -> Option<&'k str> {
    let far = if name.chars().count() < 4 { 1 } else { 2 };
    known
        .map(|known| (distance(name, known), known))
        .filter(|(distance, _)| *distance <= far)
        .min()
        .map(|(_, known)| known)
}

/// Levenshtein's distance: how many letters must be added, taken away or changed. Long names are not compared.
fn distance(a: &str, b: &str) -> usize {
    if a.len() > 64 || b.len() > 64 {
        return usize::MAX;
    }
    let mut row: Vec<usize> = (0..=b.chars().count()).collect();
    for (i, left) in a.chars().enumerate() {
        let mut diagonal = i;
        row[0] = i + 1;
        for (j, right) in b.chars().enumerate() {
            let change = diagonal + usize::from(left != right);
            diagonal = row[j + 1];
            row[j + 1] = change.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row.last().copied().unwrap_or(0)
}

fn is_text(text: &str) -> bool {
    !text.trim().is_empty() && !text.chars().any(char::is_control)
}

fn is_id(text: &str) -> bool {
    is_text(text) && text.trim() == text && text.chars().count() <= LONGEST_ID
}

fn integer(value: &DeValue<'_>) -> Option<i64> {
    let integer = value.as_integer()?;
    i64::from_str_radix(integer.as_str(), integer.radix()).ok()
}

fn without_line_end(mut text: String) -> String {
    if text.ends_with('\n') {
        text.pop();
        if text.ends_with('\r') {
            text.pop();
        }
    }
    text
}

/// What a table goes by in a path: its id as typed, if that reads well there and cannot carry a password, as a URL can.
fn label(id: &DeValue<'_>) -> Option<String> {
    let label = match id {
        DeValue::String(text) => text.clone().into_owned(),
        other => integer(other)?.to_string(),
    };
    let reads_well = is_text(&label) && label.chars().count() <= 80 && !label.contains(['@', '?', '[', ']']);
    reads_well.then_some(label)
}

/// A value as people typed it, shortened.
fn shown(value: &DeValue<'_>) -> String {
    const LONGEST: usize = 60;
    match value {
        DeValue::String(text) if text.contains("://") && text.contains('@') => "a URL with a name in it".to_owned(),
        DeValue::String(text) if text.chars().count() > LONGEST => {
            format!("{:?}…", text.chars().take(LONGEST).collect::<String>())
        }
        DeValue::String(text) => format!("{text:?}"),
        DeValue::Integer(integer) => integer.to_string(),
        DeValue::Float(float) => float.to_string(),
        DeValue::Boolean(truth) => truth.to_string(),
        DeValue::Datetime(time) => time.to_string(),
        DeValue::Array(_) => "a list".to_owned(),
        DeValue::Table(_) => "a table".to_owned(),
    }
}
