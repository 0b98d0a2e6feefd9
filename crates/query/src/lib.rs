#![doc = include_str!("../README.md")]

pub mod cast;
mod date;
mod error;
mod filter;
mod json;
mod matching;
mod number;
mod options;
mod parse;
pub mod pattern;
mod projection;
mod value;

pub use cast::Kind;
pub use error::Error;
pub use filter::{Filter, Test};
pub use matching::{Document, Patience, Reached, TooCostly};
pub use options::{Keys, Limits, Options};
pub use pattern::Pattern;
pub use projection::{Population, Projection, Shown};
pub use value::Value;

/// What a query says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Query<F = String> {
    /// Which documents.
    pub filter: Filter<F>,
    /// In which order: fields, each with whether it descends.
    pub sort: Vec<(F, bool)>,
    /// How many to leave out.
    pub skip: Option<u64>,
    /// How many to answer.
    pub limit: Option<u64>,
    /// Which of their fields to answer.
    pub projection: Option<Projection>,
    /// Which references to follow.
    pub population: Vec<Population>,
}

impl Query {
    /// Reads a query: the text of one URL parameter, decoded once.
    pub fn parse(text: &str, options: &Options) -> Result<Self, Error> {
        parse::query(text, options)
    }
}

/// As the library answers it: `{"filter":{"a":1},"sort":{"a":-1}}`.
impl std::fmt::Display for Query {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("{")?;
        if !self.population.is_empty() {
            let all: Vec<_> = self.population.iter().map(ToString::to_string).collect();
            write!(f, "\"population\":[{}],", all.join(","))?;
        }
        if let Some(projection) = &self.projection {
            write!(f, "\"projection\":{projection},")?;
        }
        if !self.sort.is_empty() {
            let name = |name: &String| serde_json::Value::from(name.as_str());
            let all =
                self.sort.iter().map(|(field, descends)| format!("{}:{}", name(field), if *descends { -1 } else { 1 }));
            write!(f, "\"sort\":{{{}}},", all.collect::<Vec<_>>().join(","))?;
        }
        for (key, count) in [("skip", self.skip), ("limit", self.limit)] {
            if let Some(count) = count {
                write!(f, "\"{key}\":{count},")?;
            }
        }
        write!(f, "\"filter\":{}}}", self.filter)
    }
}
