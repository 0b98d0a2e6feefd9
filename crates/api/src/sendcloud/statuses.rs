//! A shop's own order statuses, and which of them stands for which stage of a shipment.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::error::Errors;
use super::integrations::read_object;
use super::order::{LARGEST_INTEGER, LONGEST_TEXT, MOST_ENTRIES};
use crate::json::Json;
use crate::json::fields::{Fault, Fields, Node, integer, one_of, text};

/// Languages of a status.
pub const LANGUAGES: &[&str] = &["en-us", "en-gb", "fr-fr", "de-de", "nl-nl", "es-es", "it-it"];

/// The language of a caller who names none.
const USUAL_LANGUAGE: &str = "en-gb";

/// Stages of a shipment that a status can stand for.
pub const CATEGORIES: &[&str] = &["READY_TO_SEND", "IN_TRANSIT", "DELIVERED", "CANCEL"];

/// A status of a shop, as it is kept and as `POST /shop-order-statuses` sends it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShopOrderStatus {
    /// The shop's id of it.
    pub external_id: String,
    /// Its name in each language.
    pub translations: Vec<Translation>,
    /// When it left the shop's list, as this wire writes it.
    #[serde(default)]
    pub deleted_at: Option<String>,
}

/// A status's name in a language.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Translation {
    /// The name.
    pub status: String,
    /// One of [`LANGUAGES`].
    pub language: String,
}

/// The body of `POST /shop-order-statuses`: the whole list; a status that is missing has been deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusList {
    /// The channel.
    pub integration: i64,
    /// Its statuses.
    pub statuses: Vec<ShopOrderStatus>,
}

impl StatusList {
    /// Reads the body; every problem is reported.
    pub fn decode(body: &[u8]) -> Result<Self, Errors> {
        read_object(body, Errors::of, |node| {
            let fields = node.fields()?;
            Some(Self {
                integration: integration_id(&fields),
                statuses: fields.required("statuses", |node| node.list(MOST_ENTRIES, status)),
            })
        })
    }

    /// The list to keep: these statuses, and the former ones that are gone, marked as deleted at `now`.
    pub fn over(self, former: Vec<ShopOrderStatus>, now: &str) -> Vec<ShopOrderStatus> {
        let mut kept = self.statuses;
        for mut status in former {
            if kept.iter().all(|known| known.external_id != status.external_id) {
                status.deleted_at.get_or_insert_with(|| now.to_owned());
                kept.push(status);
            }
        }
        kept
    }
}

fn integration_id(fields: &Fields<'_>) -> i64 {
    fields.required("integration_id", integer(-LARGEST_INTEGER, LARGEST_INTEGER))
}

fn status(node: Node<'_>) -> Option<ShopOrderStatus> {
    let fields = node.fields()?;
    let translations = fields.required("translations", |node| {
        let list = node.list(LANGUAGES.len(), translation)?;
        if *node.json() == Json::List(Vec::new()) { node.fault(Fault::TooFew(1, 0)) } else { Some(list) }
    });
    let external_id = fields.required("external_id", text(1, LONGEST_TEXT));
    Some(ShopOrderStatus { external_id, translations, deleted_at: None })
}

fn translation(node: Node<'_>) -> Option<Translation> {
    let fields = node.fields()?;
    Some(Translation {
        status: fields.required("status", text(1, LONGEST_TEXT)),
        language: fields.required("language", one_of(LANGUAGES)),
    })
}

/// What is asked of `GET /shop-order-statuses` and of its mapping.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusQuery {
    /// The channel.
    pub integration: i64,
    /// The language of `status` in the answer.
    pub language: Option<String>,
    /// Whether deleted statuses are shown too.
    pub show_deleted: bool,
}

impl StatusQuery {
    /// Reads the query part of the URL. `integration_id` is needed; an unknown language counts as none.
    pub fn parse(query: &str) -> Result<Self, Errors> {
        let parameters: BTreeMap<_, _> = form_urlencoded::parse(query.as_bytes()).collect();
        let value = |name: &str| parameters.get(name).map(AsRef::as_ref).filter(|value: &&str| !value.is_empty());
        let integration = value("integration_id").ok_or_else(Errors::integration_id_required)?;
        Ok(Self {
            integration: integration.parse().map_err(|_| Errors::no_such_choice("integration_id", integration))?,
            language: value("language").map(str::to_ascii_lowercase).filter(|word| LANGUAGES.contains(&word.as_str())),
            show_deleted: value("show_deleted").is_some_and(|word| matches!(word, "1" | "true" | "True")),
        })
    }

    /// The statuses as the answer's `data` shows them.
    pub fn view<'a>(&self, statuses: &'a [ShopOrderStatus]) -> Vec<StatusView<'a>> {
        let shown = statuses.iter().filter(|status| self.show_deleted || status.deleted_at.is_none());
        shown.map(|status| StatusView::of(status, self.language.as_deref())).collect()
    }
}

/// A status as GET shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StatusView<'a> {
    /// The shop's id of it.
    pub external_id: &'a str,
    /// Its name in the language asked for, else in British English, else in the first language of the alphabet.
    pub status: &'a str,
    /// When it left the shop's list.
    pub deleted_at: Option<&'a str>,
    /// Its name in each language.
    pub translations: &'a [Translation],
}

impl<'a> StatusView<'a> {
    fn of(status: &'a ShopOrderStatus, language: Option<&str>) -> Self {
        let named = |wanted: &str| status.translations.iter().find(|name| name.language == wanted);
        let first = || status.translations.iter().min_by_key(|name| &name.language);
        let name = language.and_then(named).or_else(|| named(USUAL_LANGUAGE)).or_else(first);
        Self {
            external_id: &status.external_id,
            status: name.map_or("", |name| name.status.as_str()),
            deleted_at: status.deleted_at.as_deref(),
            translations: &status.translations,
        }
    }
}

/// The body of `POST /shop-order-statuses/mapping`, and what is kept of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mapping {
    /// The channel.
    pub integration_id: i64,
    /// One entry for each of [`CATEGORIES`].
    pub mapping: Vec<MappingEntry>,
}

/// Which status stands for a stage.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MappingEntry {
    /// One of [`CATEGORIES`].
    pub status_category: String,
    /// The shop's id of the status; `None`: no status stands for this stage.
    pub external_id: Option<String>,
}

impl Mapping {
    /// Reads the body; every problem is reported. Each category must come exactly once.
    pub fn decode(body: &[u8]) -> Result<Self, Errors> {
        read_object(body, Errors::of, |node| {
            let fields = node.fields()?;
            let mapping = fields.required("mapping", |node| {
                let mapping = node.list(CATEGORIES.len(), mapping_entry)?;
                let Json::List(sent) = node.json() else {
                    return Some(mapping);
                };
                if sent.len() < CATEGORIES.len() {
                    return node.fault(Fault::TooFew(CATEGORIES.len(), sent.len()));
                }
                let is_named = |word: &&'static str| mapping.iter().any(|entry| entry.status_category == **word);
                if mapping.len() == sent.len() && !CATEGORIES.iter().all(is_named) {
                    return node
                        .fault(Fault::Other(format!("Value error, expected each of {}", CATEGORIES.join(", "))));
                }
                Some(mapping)
            });
            Some(Self { integration_id: integration_id(&fields), mapping })
        })
    }

    /// The mapping as GET shows it; an entry is valid while its status exists. A channel without one maps nothing.
    pub fn view(&self, statuses: &[ShopOrderStatus]) -> MappingView {
        let exists =
            |id: &String| statuses.iter().any(|status| status.external_id == *id && status.deleted_at.is_none());
        let entry = |category: &&str| {
            let entry = self.mapping.iter().find(|entry| entry.status_category == **category);
            let external_id = entry.and_then(|entry| entry.external_id.clone());
            let is_valid = external_id.as_ref().is_none_or(exists);
            MappingViewEntry { status_category: (*category).to_owned(), external_id, is_valid }
        };
        MappingView { integration_id: self.integration_id, mapping: CATEGORIES.iter().map(entry).collect() }
    }
}

fn mapping_entry(node: Node<'_>) -> Option<MappingEntry> {
    let fields = node.fields()?;
    if fields.get("external_id").is_none() {
        fields.fault::<()>("external_id", Fault::Missing);
    }
    Some(MappingEntry {
        status_category: fields.required("status_category", one_of(CATEGORIES)),
        external_id: fields.optional("external_id", text(1, LONGEST_TEXT)),
    })
}

/// A mapping as GET shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MappingView {
    /// The channel.
    pub integration_id: i64,
    /// One entry a category.
    pub mapping: Vec<MappingViewEntry>,
}

/// One stage of a mapping.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MappingViewEntry {
    /// One of [`CATEGORIES`].
    pub status_category: String,
    /// The shop's id of the status.
    pub external_id: Option<String>,
    /// Whether that status still exists.
    pub is_valid: bool,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::tests::shown;

    #[test]
    fn statuses_are_shown_in_the_language_asked_for() {
        let body = br#"{"integration_id":7,"statuses":[
            {"external_id":"17-B","translations":[{"status":"Delivered","language":"en-gb"},{"status":"Geliefert",
            "language":"de-de"}]},
            {"external_id":"9","translations":[{"status":"Verzonden","language":"nl-nl"}]}]}"#;
        let list = StatusList::decode(body).unwrap();
        let gone = ShopOrderStatus { external_id: "1".to_owned(), translations: vec![], deleted_at: None };
        let kept = list.over(vec![gone], "2023-11-04T14:15:22.000Z");
        let query = StatusQuery::parse("integration_id=7&language=de-de&show_deleted=true").unwrap();
        insta::assert_snapshot!(shown(&query.view(&kept)), @r#"
        [{"external_id":"17-B","status":"Geliefert","deleted_at":null,"translations":[{"status":"Delivered",
        "language":"en-gb"},{"status":"Geliefert","language":"de-de"}]},{"external_id":"9",
        "status":"Verzonden","deleted_at":null,"translations":[{"status":"Verzonden","language":"nl-nl"}]},
        {"external_id":"1","status":"","deleted_at":"2023-11-04T14:15:22.000Z","translations":[]}]
        "#);
        assert_eq!(StatusQuery::parse("integration_id=7").unwrap().view(&kept).len(), 2);
    }

    #[test]
    fn an_integration_must_be_named() {
        let refused = StatusQuery::parse("language=en-gb").unwrap_err();
        insta::assert_snapshot!(shown(&refused), @r#"
        {"errors":[{"status":"400","code":"non_field_errors","title":"integration ID",
        "detail":"Integration ID is a required GET parameter"}]}
        "#);
        let refused = StatusList::decode(b"[]").unwrap_err();
        insta::assert_snapshot!(shown(&refused), @r#"
        {"errors":[{"status":"400","code":"non_field_errors","title":"Wrong format",
        "detail":"Wrong request format, expected object"}]}
        "#);
    }

    #[test]
    fn a_mapping_names_every_category() {
        let body = |fourth: &str| {
            format!(
                r#"{{"integration_id":7,"mapping":[{{"status_category":"READY_TO_SEND","external_id":"11"}},
                {{"status_category":"IN_TRANSIT","external_id":"11"}},{{"status_category":"DELIVERED",
                "external_id":null}},
                {{"status_category":"{fourth}","external_id":"1"}}]}}"#
            )
        };
        let mapping = Mapping::decode(body("CANCEL").as_bytes()).unwrap();
        let known = ShopOrderStatus { external_id: "11".to_owned(), translations: vec![], deleted_at: None };
        insta::assert_snapshot!(shown(&mapping.view(&[known])), @r#"
        {"integration_id":7,"mapping":[{"status_category":"READY_TO_SEND","external_id":"11",
        "is_valid":true},{"status_category":"IN_TRANSIT","external_id":"11","is_valid":true},
        {"status_category":"DELIVERED","external_id":null,"is_valid":true},{"status_category":"CANCEL",
        "external_id":"1","is_valid":false}]}
        "#);
        for (fourth, detail) in [
            ("LOST", "Input should be 'READY_TO_SEND', 'IN_TRANSIT', 'DELIVERED' or 'CANCEL'"),
            ("DELIVERED", "Value error, expected each of READY_TO_SEND, IN_TRANSIT, DELIVERED, CANCEL"),
        ] {
            assert_eq!(Mapping::decode(body(fourth).as_bytes()).unwrap_err().errors[0].detail, detail);
        }
    }
}
