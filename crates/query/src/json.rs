//! `filter={…}`: a filter in MongoDB's own JSON, by operators that are named here and no others.

use serde_json::{Map, Value as Json};

use crate::cast::Left;
use crate::error::Error;
use crate::filter::{Filter, Test};
use crate::options::Options;
use crate::pattern::{Flags, Pattern};
use crate::value::Value;

fn refused(text: impl Into<String>) -> Error {
    Error::Filter(text.into())
}

/// What `filter={…}` says, one entry a key, in order.
#[derive(Debug)]
pub(crate) enum Entry {
    /// `"key": value`, without an operator.
    Bare(String, Value),
    /// `"key": {"$gt": …}`.
    Tests(String, Vec<Test>),
    /// `"$or": […]` and its like, by its key.
    Group(String, Filter),
}

/// Reads the object; `depth` filters may lie inside each other.
pub(crate) fn entries(text: &str, options: &Options, left: &mut Left) -> Result<Vec<Entry>, Error> {
    let json: Json = serde_json::from_str(text).map_err(|_| Error::Json(text.chars().take(200).collect()))?;
    // JavaScript takes these for no JSON at all.
    if matches!(&json, Json::Null | Json::Bool(false)) || json.as_f64() == Some(0.0) || json.as_str() == Some("") {
        return Err(Error::Json(text.chars().take(200).collect()));
    }
    let Json::Object(object) = json else { return Err(refused("expected a JSON object")) };
    let reader = Reader { options };
    object.into_iter().map(|(key, json)| reader.entry(key, json, "", options.limits.depth, left)).collect()
}

struct Reader<'a> {
    options: &'a Options,
}

impl Reader<'_> {
    fn entry(&self, key: String, json: Json, below: &str, depth: usize, left: &mut Left) -> Result<Entry, Error> {
        left.term()?;
        let deeper = depth
            .checked_sub(1)
            .ok_or(Error::TooMany { what: "filters inside each other", most: self.options.limits.depth })?;
        if key.starts_with('$') {
            let Json::Array(parts) = json else {
                return Err(match key.as_str() {
                    "$and" | "$or" | "$nor" => refused(format!("{key} needs a list of filters")),
                    _ => refused(format!("{key} is not allowed")),
                });
            };
            let parts = parts.into_iter().map(|part| self.filter(part, below, deeper, left));
            let parts = parts.collect::<Result<Vec<_>, _>>();
            let group = match key.as_str() {
                "$and" => Filter::All(parts?),
                "$or" => Filter::Any(parts?),
                "$nor" => Filter::Neither(parts?),
                _ => return Err(refused(format!("{key} is not allowed"))),
            };
            let (Filter::All(parts) | Filter::Any(parts) | Filter::Neither(parts)) = &group else {
                return Err(refused(key));
            };
            if parts.is_empty() {
                return Err(refused(format!("{key} needs at least one filter")));
            }
            return Ok(Entry::Group(key, group));
        }
        let field = format!("{below}{key}");
        let is_listed = self.options.whitelist.as_ref().is_none_or(|list| list.contains(&field));
        if !is_listed || self.options.blacklist.contains(&field) {
            return Err(refused(format!("{field:?} is not a field that can be asked for")));
        }
        match json {
            Json::Object(object) if object.keys().any(|key| key.starts_with('$')) => {
                Ok(Entry::Tests(field.clone(), self.tests(&field, object, deeper, left)?))
            }
            Json::Object(_) => {
                Err(refused(format!("{field} is compared with an object: expected a value or operators")))
            }
            json => Ok(Entry::Bare(field.clone(), plain(json, &field, left)?)),
        }
    }

    fn filter(&self, json: Json, below: &str, depth: usize, left: &mut Left) -> Result<Filter, Error> {
        let Json::Object(object) = json else { return Err(refused("expected a filter, which is an object")) };
        let parts = object.into_iter().map(|(key, json)| {
            Ok(match self.entry(key, json, below, depth, left)? {
                Entry::Bare(field, value) => Filter::Field(field, vec![Test::Eq(value)]),
                Entry::Tests(field, tests) => Filter::Field(field, tests),
                Entry::Group(_, filter) => filter,
            })
        });
        let mut parts = parts.collect::<Result<Vec<_>, Error>>()?;
        Ok(if parts.len() == 1 { parts.remove(0) } else { Filter::All(parts) })
    }

    fn tests(
        &self,
        field: &str,
        mut object: Map<String, Json>,
        depth: usize,
        left: &mut Left,
    ) -> Result<Vec<Test>, Error> {
        let deeper = depth
            .checked_sub(1)
            .ok_or(Error::TooMany { what: "filters inside each other", most: self.options.limits.depth })?;
        let flags = object.remove("$options");
        if flags.is_some() && !object.contains_key("$regex") {
            return Err(refused(format!("{field}: $options needs a $regex")));
        }
        let mut tests = Vec::with_capacity(object.len());
        for (operator, json) in object {
            left.term()?;
            let wrong = |expected: &str| refused(format!("{field}: {operator} needs {expected}"));
            tests.push(match operator.as_str() {
                "$eq" => Test::Eq(plain(json, field, left)?),
                "$ne" => Test::Ne(plain(json, field, left)?),
                "$gt" => Test::Gt(plain(json, field, left)?),
                "$gte" => Test::Gte(plain(json, field, left)?),
                "$lt" => Test::Lt(plain(json, field, left)?),
                "$lte" => Test::Lte(plain(json, field, left)?),
                "$in" | "$nin" | "$all" => {
                    let Json::Array(values) = json else { return Err(wrong("a list")) };
                    let values = values.into_iter().map(|json| {
                        left.item()?;
                        plain(json, field, left)
                    });
                    let values = values.collect::<Result<Vec<_>, Error>>()?;
                    match operator.as_str() {
                        "$in" => Test::In(values),
                        "$nin" => Test::Nin(values),
                        _ => Test::All(values),
                    }
                }
                "$exists" => Test::Exists(match json {
                    Json::Bool(flag) => flag,
                    Json::Number(number) => number.as_f64() != Some(0.0),
                    Json::Null => false,
                    _ => true,
                }),
                "$size" => {
                    let whole = json.as_f64().filter(|size| size.fract() == 0.0 && (0.0..=1e15).contains(size));
                    Test::Size(whole.ok_or_else(|| wrong("a whole number from 0 on"))? as u64)
                }
                "$regex" => {
                    let letters = match &flags {
                        None => "",
                        Some(Json::String(letters)) => letters,
                        Some(_) => return Err(refused(format!("{field}: $options needs a text"))),
                    };
                    let flags = Flags::of_mongodb(letters)
                        .ok_or_else(|| refused(format!("{field}: $options may hold i, m, s, x and u")))?;
                    left.pattern()?;
                    Test::Matches(Pattern::new(json.as_str().ok_or_else(|| wrong("a text"))?, flags)?)
                }
                "$not" => match json {
                    Json::Object(object) if !object.is_empty() => Test::Not(self.tests(field, object, deeper, left)?),
                    _ => return Err(wrong("operators")),
                },
                "$elemMatch" => match json {
                    Json::Object(object) if object.keys().next().is_some_and(|key| is_test(key)) => {
                        Test::Elem(self.tests(field, object, deeper, left)?)
                    }
                    Json::Object(object) => {
                        let below = format!("{field}.");
                        Test::ElemFilter(Box::new(self.filter(Json::Object(object), &below, deeper, left)?))
                    }
                    _ => return Err(wrong("an object")),
                },
                _ => return Err(refused(format!("{field}: {operator} is not allowed"))),
            });
        }
        Ok(tests)
    }
}

fn is_test(key: &str) -> bool {
    key.starts_with('$') && !matches!(key, "$and" | "$or" | "$nor")
}

fn plain(json: Json, field: &str, left: &mut Left) -> Result<Value, Error> {
    Ok(match json {
        Json::Null => Value::Null,
        Json::Bool(flag) => Value::Bool(flag),
        Json::Number(number) => Value::Number(number.as_f64().unwrap_or(f64::NAN)),
        Json::String(text) => Value::Text(text),
        Json::Array(values) => {
            let values = values.into_iter().map(|json| {
                left.item()?;
                plain(json, field, left)
            });
            Value::List(values.collect::<Result<_, Error>>()?)
        }
        Json::Object(_) => return Err(refused(format!("{field}: an object is not a value that can be compared"))),
    })
}
