//! Bodies and queries as a tree: JSON, or a form whose names may have brackets.

use std::borrow::Cow;

use http::HeaderMap;
use http::header::CONTENT_TYPE;

use super::error::Refusal;
use crate::json::{self, Json};

/// Fields that a form may have; a shop sends a few dozen.
const MOST_FIELDS: usize = 1_000;
/// How many brackets a name may have.
const MOST_BRACKETS: usize = 4;

/// Reads a body that must be there.
pub fn body<'b>(headers: &HeaderMap, body: &'b [u8]) -> Result<Json<'b>, Refusal> {
    if body.trim_ascii().is_empty() {
        return Err(Refusal::malformed("the body is empty"));
    }
    optional_body(headers, body)
}

/// Reads a body; nothing is an object without members. What looks like JSON is JSON, whatever it is called: one client of
/// this dialect sends JSON without a content type.
pub fn optional_body<'b>(headers: &HeaderMap, body: &'b [u8]) -> Result<Json<'b>, Refusal> {
    let text = body.trim_ascii();
    if text.is_empty() {
        return Ok(Json::Object(Vec::new()));
    }
    let called = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
    if called.contains("json") || matches!(text[0], b'{' | b'[') {
        return json::parse(body).map_err(|error| Refusal::malformed(&error.to_string()));
    }
    form(body)
}

/// Reads a form or a query. A `&amp;` that was meant as `&` leaves `amp;` before the next name, which is cut off.
pub fn form(text: &[u8]) -> Result<Json<'static>, Refusal> {
    let mut tree = Json::Object(Vec::new());
    for (count, (name, value)) in form_urlencoded::parse(text).enumerate() {
        if count == MOST_FIELDS {
            return Err(Refusal::malformed(&format!("more than {MOST_FIELDS} fields")));
        }
        let name = name.strip_prefix("amp;").unwrap_or(&name);
        if !name.is_empty() {
            put(&mut tree, &steps(name), Json::from(value.into_owned()));
        }
    }
    Ok(tree)
}

/// `order_date[before]` is a member of a member; an empty bracket is the next place of a list.
fn steps(name: &str) -> Vec<&str> {
    let Some((first, rest)) = name.split_once('[').filter(|(first, _)| !first.is_empty()) else { return vec![name] };
    let Some(rest) = rest.strip_suffix(']') else { return vec![name] };
    let inner: Vec<_> = rest.split("][").collect();
    let is_odd = |step: &&str| step.contains(['[', ']']);
    if inner.len() > MOST_BRACKETS || inner.iter().any(is_odd) {
        return vec![name];
    }
    [vec![first], inner].concat()
}

/// Puts a value where its name says. What was there as something else makes way: the last one counts.
fn put(tree: &mut Json<'static>, steps: &[&str], value: Json<'static>) {
    let Some((step, rest)) = steps.split_first() else {
        *tree = value;
        return;
    };
    if step.is_empty() {
        if !matches!(tree, Json::List(_)) {
            *tree = Json::List(Vec::new());
        }
        if let Json::List(list) = tree {
            let mut next = Json::Object(Vec::new());
            put(&mut next, rest, value);
            list.push(next);
        }
        return;
    }
    if !matches!(tree, Json::Object(_)) {
        *tree = Json::Object(Vec::new());
    }
    if let Json::Object(members) = tree {
        let at = members.iter().position(|(known, _)| known == step).unwrap_or_else(|| {
            members.push((Cow::Owned((*step).to_owned()), Json::Object(Vec::new())));
            members.len() - 1
        });
        put(&mut members[at].1, rest, value);
    }
}

/// Lays the members of a second tree over a first one.
pub fn both<'a>(first: Json<'a>, second: Json<'a>) -> Json<'a> {
    let mut both = first;
    both.merge(second);
    both
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_with_brackets_are_members_and_places() {
        for (text, tree) in [
            ("a=1&b=x+y&a=2", r#"{"a":"2","b":"x y"}"#),
            ("a=1&amp;b=2", r#"{"a":"1","b":"2"}"#),
            ("carrier[name]=dhl&carrier[country]=DE", r#"{"carrier":{"name":"dhl","country":"DE"}}"#),
            ("order_by[]=id&order_by[]=-date", r#"{"order_by":["id","-date"]}"#),
            ("a%5Bb%5D%5B%5D=1", r#"{"a":{"b":["1"]}}"#),
            ("a=1&a[b]=2&c[d]=1&c=2", r#"{"a":{"b":"2"},"c":"2"}"#),
            ("[a]=1&a[=2&a[b=3&a[b]c=4&a[[b]]=5", r#"{"[a]":"1","a[":"2","a[b":"3","a[b]c":"4","a[[b]]":"5"}"#),
            ("a[b][c][d][e][f]=1&=2&", r#"{"a[b][c][d][e][f]":"1"}"#),
        ] {
            assert_eq!(form(text.as_bytes()).unwrap().to_string(), tree, "{text}");
        }
        let many = "a=1&".repeat(MOST_FIELDS + 1);
        assert_eq!(form(many.as_bytes()), Err(Refusal::malformed("more than 1000 fields")));
    }

    #[test]
    fn what_looks_like_json_is_json_whatever_it_is_called() {
        let called = |name: &'static str| HeaderMap::from_iter([(CONTENT_TYPE, http::HeaderValue::from_static(name))]);
        for (name, text) in [("text/plain", "{\"a\":1}"), ("application/json; charset=utf-8", " {\"a\":1}")] {
            assert_eq!(body(&called(name), text.as_bytes()).unwrap().to_string(), "{\"a\":1}");
        }
        assert_eq!(body(&HeaderMap::new(), b"{\"a\":1}").unwrap().to_string(), "{\"a\":1}");
        assert_eq!(body(&HeaderMap::new(), b"a=1").unwrap().to_string(), "{\"a\":\"1\"}");
        assert!(body(&called("application/json"), b"a=1").is_err());
        assert!(body(&HeaderMap::new(), b" \n").is_err());
        assert_eq!(optional_body(&called("application/json"), b"").unwrap().to_string(), "{}");
    }
}
