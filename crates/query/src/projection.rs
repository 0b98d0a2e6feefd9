//! Which fields of a document are answered, and which references are followed.

use std::fmt;

use serde_json::Value as Json;

use crate::cast::Left;
use crate::error::Error;

/// Which fields are answered.
#[derive(Clone, Debug, PartialEq)]
pub enum Projection {
    /// Names, each with what is done with it.
    Fields(Vec<(String, Shown)>),
    /// JSON that is no object, as the library hands it on.
    Other(Json),
}

/// What is done with a field.
#[derive(Clone, Debug, PartialEq)]
pub enum Shown {
    /// It is answered.
    Yes,
    /// It is left out.
    No,
    /// An operator of MongoDB, such as `{"$slice":[20,10]}`.
    By(Json),
}

impl Shown {
    fn of(json: Json) -> Self {
        match json.as_f64() {
            Some(1.0) => Self::Yes,
            Some(0.0) => Self::No,
            _ => Self::By(json),
        }
    }
}

impl Projection {
    /// Reads JSON if it is any, and else the names of a list.
    pub(crate) fn read(json: Option<&str>, names: impl FnOnce() -> Vec<(String, bool)>) -> Self {
        let json = json.and_then(|text| serde_json::from_str::<Json>(text).ok());
        let is_falsy = |json: &Json| {
            matches!(json, Json::Null | Json::Bool(false)) || json.as_f64() == Some(0.0) || json.as_str() == Some("")
        };
        let mut fields: Vec<(String, Shown)> = match json.filter(|json| !is_falsy(json)) {
            Some(Json::Object(object)) => object.into_iter().map(|(name, json)| (name, Shown::of(json))).collect(),
            Some(json) => return Self::Other(json),
            None => {
                let shown = |is_minus| if is_minus { Shown::No } else { Shown::Yes };
                names().into_iter().map(|(name, is_minus)| (name, shown(is_minus))).collect()
            }
        };
        let has = |wanted: &Shown| fields.iter().any(|(name, shown)| name != "_id" && shown == wanted);
        if has(&Shown::Yes) && has(&Shown::No) {
            fields.retain(|(_, shown)| *shown != Shown::Yes);
        }
        Self::Fields(fields)
    }

    /// Gives fields below a followed reference to that reference.
    pub(crate) fn move_into(&mut self, population: &mut [Population]) {
        let Self::Fields(fields) = self else { return };
        for row in population {
            let mut prefix = format!("{}.", row.path);
            let mut row = row;
            loop {
                fields.retain(|(name, shown)| {
                    let Some(below) = name.strip_prefix(&prefix).filter(|below| !below.contains('.')) else {
                        return true;
                    };
                    match row.select.iter_mut().find(|(known, _)| known == below) {
                        Some((_, known)) => *known = shown.clone(),
                        None => row.select.push((below.to_owned(), shown.clone())),
                    }
                    false
                });
                let Some(below) = &mut row.populate else { break };
                row = below;
                prefix.push_str(&row.path);
                prefix.push('.');
            }
        }
    }
}

/// A reference that is followed.
#[derive(Clone, Debug, PartialEq)]
pub struct Population {
    /// The field that holds the reference.
    pub path: String,
    /// What is followed from there.
    pub populate: Option<Box<Population>>,
    /// Which fields of what is found are answered; empty for all.
    pub select: Vec<(String, Shown)>,
}

/// Reads `a,b.c`. A path that begins like one before it extends that one.
pub(crate) fn populations(text: &str, most: Option<usize>, left: &mut Left) -> Result<Vec<Population>, Error> {
    let mut all: Vec<Population> = Vec::new();
    for path in text.split(',') {
        let mut below: &mut Option<Box<Population>> = &mut None;
        for (n, part) in path.split('.').enumerate() {
            left.item()?;
            if most.is_some_and(|most| n >= most.max(1)) {
                break;
            }
            let new = || Population { path: part.to_owned(), populate: None, select: Vec::new() };
            if n == 0 {
                let at = all.iter().position(|known| known.path == part).unwrap_or_else(|| {
                    all.push(new());
                    all.len() - 1
                });
                below = &mut all[at].populate;
            } else {
                if below.as_ref().is_none_or(|known| known.path != part) {
                    *below = Some(Box::new(new()));
                }
                let Some(known) = below else { break };
                below = &mut known.populate;
            }
        }
    }
    Ok(all)
}

fn select(f: &mut fmt::Formatter<'_>, fields: &[(String, Shown)]) -> fmt::Result {
    f.write_str("{")?;
    for (n, (name, shown)) in fields.iter().enumerate() {
        write!(f, "{}{}:", if n == 0 { "" } else { "," }, Json::from(name.as_str()))?;
        match shown {
            Shown::Yes => f.write_str("1")?,
            Shown::No => f.write_str("0")?,
            Shown::By(json) => write!(f, "{json}")?,
        }
    }
    f.write_str("}")
}

/// As MongoDB writes it: `{"a":1}`.
impl fmt::Display for Projection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fields(fields) => select(f, fields),
            Self::Other(json) => write!(f, "{json}"),
        }
    }
}

/// As Mongoose takes it.
impl fmt::Display for Population {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{{\"path\":{}", Json::from(self.path.as_str()))?;
        if let Some(below) = &self.populate {
            write!(f, ",\"populate\":{below}")?;
        }
        if !self.select.is_empty() {
            f.write_str(",\"select\":")?;
            select(f, &self.select)?;
        }
        f.write_str("}")
    }
}
