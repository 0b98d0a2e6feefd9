//! A form or the query of an address, as a browser writes both: names and values, a name as often as somebody chose.

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
