//! The shape of answers, the same for every GET: `fields` leaves out what nobody wants, `If-None-Match` spares what a client
//! has already.

use std::fmt;

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use domain::Error;
use http::header::{CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

use super::error::Problems;

/// The most fields somebody may name.
const MOST_FIELDS: usize = 50;

/// The largest answer that is looked through.
const MOST_ANSWER: usize = 64 * 1024 * 1024;

/// The layer around the native routes.
pub(crate) async fn layer(request: Request, next: Next) -> Response {
    if *request.method() != Method::GET {
        return next.run(request).await;
    }
    let seen = request.headers().get(IF_NONE_MATCH).cloned();
    let wanted = match fields(request.uri().query().unwrap_or_default()) {
        Ok(wanted) => wanted,
        Err(problem) => return problem.into_response(),
    };
    let answer = next.run(request).await;
    if answer.status() != StatusCode::OK {
        return answer;
    }
    if is_known(seen.as_ref(), answer.headers()) {
        let mut unchanged = StatusCode::NOT_MODIFIED.into_response();
        if let Some(tag) = answer.headers().get(ETAG) {
            unchanged.headers_mut().insert(ETAG, tag.clone());
        }
        return unchanged;
    }
    match wanted {
        Some(wanted) if is_json(answer.headers()) => sparse(answer, &wanted).await,
        _ => answer,
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    headers.get(CONTENT_TYPE).is_some_and(|value| value == "application/json")
}

fn is_known(seen: Option<&HeaderValue>, headers: &HeaderMap) -> bool {
    let (Some(seen), Some(tag)) = (seen.and_then(|seen| seen.to_str().ok()), headers.get(ETAG)) else { return false };
    // Weak and strong tags compare alike here: RFC 9110, section 13.1.2.
    seen.split(',')
        .map(|one| one.trim().trim_start_matches("W/"))
        .any(|one| one == "*" || one.as_bytes() == tag.as_bytes())
}

/// The fields somebody names, by `fields=id,status`.
fn fields(query: &str) -> Result<Option<Vec<String>>, Problems> {
    let Some((_, typed)) = form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| name == "fields").last() else {
        return Ok(None);
    };
    let names: Vec<_> = typed.split(',').map(|name| name.trim().to_owned()).collect();
    let is_name = |name: &String| {
        !name.is_empty() && name.len() <= 60 && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    if names.len() > MOST_FIELDS || !names.iter().all(is_name) {
        let shown: String = typed.chars().take(80).collect();
        let text = format!("{shown:?}: expected names of fields parted by commas, at most {MOST_FIELDS}");
        return Err(Error::invalid("fields", text).into());
    }
    Ok(Some(names))
}

/// An answer with these fields only: of the thing shown, or of each entry of a list.
async fn sparse(answer: Response, wanted: &[String]) -> Response {
    let (mut parts, body) = answer.into_parts();
    let Ok(bytes) = to_bytes(body, MOST_ANSWER).await else {
        return Problems::from(Error::internal("an answer broke off")).into_response();
    };
    let written = serde_json::from_slice::<Object>(&bytes).ok().and_then(|object| object.only(wanted));
    let bytes = written.unwrap_or_else(|| bytes.to_vec());
    parts.headers.remove(http::header::CONTENT_LENGTH);
    Response::from_parts(parts, Body::from(bytes))
}

/// An object whose members keep their order and are not looked into.
#[derive(Debug)]
struct Object(Vec<(String, Box<RawValue>)>);

impl Object {
    fn keeping(self, wanted: &[String]) -> Self {
        Self(self.0.into_iter().filter(|(name, _)| wanted.contains(name)).collect())
    }

    fn only(self, wanted: &[String]) -> Option<Vec<u8>> {
        let is_list = self.0.iter().any(|(name, value)| name == "data" && value.get().starts_with('['));
        if !is_list {
            return serde_json::to_vec(&self.keeping(wanted)).ok();
        }
        let mut members = Vec::with_capacity(self.0.len());
        for (name, value) in self.0 {
            let value = if name == "data" {
                let entries: Vec<Self> = serde_json::from_str(value.get()).ok()?;
                let entries: Vec<_> = entries.into_iter().map(|entry| entry.keeping(wanted)).collect();
                serde_json::value::to_raw_value(&entries).ok()?
            } else {
                value
            };
            members.push((name, value));
        }
        serde_json::to_vec(&Self(members)).ok()
    }
}

impl Serialize for Object {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = Object;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Object(members))
            }
        }
        deserializer.deserialize_map(Members)
    }
}
