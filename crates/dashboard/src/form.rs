//! A form or the query of an address, as a browser writes both: names and values, a name as often as somebody chose.

use axum::body::Bytes;
use axum::extract::Multipart;
use axum::extract::multipart::MultipartError;
use axum::http::HeaderMap;
use domain::Error;

use crate::pages::problem::Refusal;
use crate::session::Visit;

/// What was sent.
#[derive(Clone, Debug, Default)]
pub(crate) struct Form(Vec<(String, String)>);

impl Form {
    /// Reads `a=1&b=2`.
    pub(crate) fn read(text: &[u8]) -> Self {
        Self(form_urlencoded::parse(text).into_owned().collect())
    }

    /// The first value of a name, without blanks around it; `None` when it is missing or empty.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(known, _)| known == name)?;
        Some(found.1.trim()).filter(|value| !value.is_empty())
    }

    /// Every value of a name.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The same as a query again, with these names only, those with a value.
    pub(crate) fn only(&self, names: &[&str]) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        for name in names {
            if let Some(value) = self.get(name) {
                query.append_pair(name, value);
            }
        }
        query.finish()
    }
}

/// The file in the field `name` of a form that a page of ours sent; none when nobody chose one.
pub(crate) async fn uploaded(
    visit: &Visit,
    headers: &HeaderMap,
    mut form: Multipart,
    name: &str,
    largest: usize,
) -> Result<Option<Bytes>, Refusal> {
    let unreadable = |error: MultipartError| {
        let text = format!("it cannot be read: {}; a file may have {largest} bytes", error.body_text());
        Refusal::from(Error::invalid(name, text))
    };
    let (mut is_ours, mut file) = (false, None);
    while let Some(field) = form.next_field().await.map_err(unreadable)? {
        match field.name() {
            Some("csrf") => {
                let token = field.text().await.map_err(unreadable)?;
                visit.check(headers, Some(token.trim()))?;
                is_ours = true;
            }
            // The token stands before the file, so that nothing large is read for a stranger.
            Some(field_name) if is_ours && field_name == name => file = Some(field.bytes().await.map_err(unreadable)?),
            _ => {}
        }
    }
    if !is_ours {
        return Err(Refusal::stale_form());
    }
    Ok(file.filter(|file| !file.is_empty()))
}

/// An address with one more parameter.
pub(crate) fn with(path: &str, query: &str, name: &str, value: &str) -> String {
    let mut added = form_urlencoded::Serializer::new(String::new());
    let added = added.append_pair(name, value).finish();
    if query.is_empty() { format!("{path}?{added}") } else { format!("{path}?{query}&{added}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_may_come_several_times_and_empty_values_are_none() {
        let form = Form::read(b"order=ord_1&order=ord_2&q=+&stage=open&x=%C3%A4");
        assert_eq!(form.all("order").collect::<Vec<_>>(), ["ord_1", "ord_2"]);
        assert_eq!((form.get("q"), form.get("stage"), form.get("x")), (None, Some("open"), Some("ä")));
        assert_eq!(
            with("/ui/orders", &form.only(&["stage", "q", "x"]), "below", "ord_9"),
            "/ui/orders?stage=open&x=%C3%A4&below=ord_9"
        );
    }
}
