//! Options: how a program wants its queries read.

use crate::cast::Caster;

/// How queries are read. The default reads them as the library does without options.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Names of the reserved keys.
    pub keys: Keys,
    /// Fields a filter may name; others are left out silently, except inside `filter={…}`, where they are refused.
    pub whitelist: Option<Vec<String>>,
    /// Fields a filter may not name; they are left out silently, and refused inside `filter={…}`.
    pub blacklist: Vec<String>,
    /// Casters by name, before the built-in ones: `string`, `number`, `boolean`, `date`, `null`, `regex`.
    pub casters: Vec<(String, Caster)>,
    /// Which caster reads the values of a key, by name.
    pub cast_params: Vec<(String, String)>,
    /// How deep `populate` may go.
    pub population_max_depth: Option<usize>,
    /// A larger `limit` becomes this.
    pub limit_ceiling: Option<u64>,
    /// What a query may hold.
    pub limits: Limits,
}

/// Names of the reserved keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keys {
    /// How many documents to leave out.
    pub skip: String,
    /// How many to answer.
    pub limit: String,
    /// What they are sorted by.
    pub sort: String,
    /// Which of their fields to answer.
    pub projection: String,
    /// Which references to follow.
    pub population: String,
    /// A filter in JSON.
    pub filter: String,
}

impl Default for Keys {
    fn default() -> Self {
        let name = str::to_owned;
        Self {
            skip: name("skip"),
            limit: name("limit"),
            sort: name("sort"),
            projection: name("fields"),
            population: name("populate"),
            filter: name("filter"),
        }
    }
}

/// What a query may hold; what holds more is refused, so that reading costs little whatever was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of text.
    pub bytes: usize,
    /// Pieces between `&`, and conditions inside `filter={…}`.
    pub terms: usize,
    /// Values in all lists together.
    pub items: usize,
    /// Regular expressions.
    pub patterns: usize,
    /// Filters inside each other.
    pub depth: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { bytes: 64 << 10, terms: 100, items: 2_000, patterns: 20, depth: 10 }
    }
}
