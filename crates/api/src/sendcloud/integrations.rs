//! An integration is a channel of ours; here are its view, its changes and the log that shops and tools write for it.

use std::borrow::Cow;

use domain::channel::Channel;
use domain::ids::LogId;
use domain::order::RawJson;
use domain::time::{SentTime, Timestamp};
use serde::Serialize;

use super::LENIENCY;
use super::error::Errors;
use super::list::page_size;
use super::order::{LARGEST_INTEGER, LONGEST_TEXT, MOST_ENTRIES, date_time, moment};
use crate::json::fields::{Fault, Node, Notes, boolean, free, integer, one_of, text, url};
use crate::json::{self, Json};

/// `feedback_type`: when a shop is told that an order is on its way.
pub const FEEDBACK_TYPES: &[&str] = &["eager", "delayed", "none"];

/// What `GET /user/auth/metadata` says of the caller's key (no document describes it; a real client reads this much).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AuthMetadata {
    /// The integration the key belongs to, or the tenant's first.
    pub integration_id: i64,
}

/// What an integration shows besides its id, name and type, with what stands for a setting nobody made. `None`: left
/// out.
const SETTINGS: &[(&str, Option<Json<'static>>)] = &[
    ("shop_url", None),
    ("type", Some(Json::Text(Cow::Borrowed("api")))),
    ("started_failing_at", Some(Json::Null)),
    ("last_fetched_at", Some(Json::Null)),
    ("created_at", None),
    ("updated_at", None),
    ("service_point_enabled", Some(Json::Bool(false))),
    ("service_point_carriers", Some(Json::List(Vec::new()))),
    ("webhook_active", Some(Json::Bool(false))),
    ("webhook_url", Some(Json::Null)),
    ("feedback_type", Some(Json::Text(Cow::Borrowed("none")))),
];

/// An integration as GET shows it.
pub fn integration(channel: &Channel) -> Json<'_> {
    let settings = json::parse(channel.settings.as_str().as_bytes()).unwrap_or(Json::Null);
    let mut members: json::Members<'_> =
        vec![("id".into(), channel.number.0.into()), ("shop_name".into(), Json::from(&channel.name))];
    for (name, usual) in SETTINGS {
        if let Some(value) = settings.get(name).or(usual.as_ref()) {
            members.push(((*name).into(), value.clone()));
        }
    }
    Json::Object(members)
}

/// Sorts integrations by the value of `sort` (`-` in front: descending): `integration_type`, `created_at`,
/// `updated_at`, `last_fetch` or `failing_since`; anything else sorts by last fetch, then creation. Those without the
/// value come first.
pub fn sort(integrations: &mut [Json<'_>], sort: &str) {
    let (word, descends) = sort.strip_prefix('-').map_or((sort, false), |word| (word, true));
    let fields: &[&str] = match word {
        "integration_type" => &["type"],
        "created_at" => &["created_at"],
        "updated_at" => &["updated_at"],
        "last_fetch" => &["last_fetched_at"],
        "failing_since" => &["started_failing_at"],
        _ => &["last_fetched_at", "created_at"],
    };
    let text = |integration: &Json<'_>, field: &str| {
        integration.get(field).and_then(Json::as_text).unwrap_or_default().to_owned()
    };
    integrations.sort_by(|a, b| {
        let order = fields.iter().map(|field| text(a, field).cmp(&text(b, field))).find(|order| order.is_ne());
        let order = order.unwrap_or(std::cmp::Ordering::Equal);
        if descends { order.reverse() } else { order }
    });
}

/// The body of `PATCH /integrations/{id}`; what is `None` stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IntegrationPatch {
    /// What people call it.
    pub shop_name: Option<String>,
    /// Where the shop is.
    pub shop_url: Option<String>,
    /// Whether consumers may choose a service point.
    pub service_point_enabled: Option<bool>,
    /// Whose service points.
    pub service_point_carriers: Option<Vec<String>>,
    /// Whether parcel updates are sent.
    pub webhook_active: Option<bool>,
    /// Where to; `Some(None)` takes the URL away.
    pub webhook_url: Option<Option<String>>,
    /// One of [`FEEDBACK_TYPES`].
    pub feedback_type: Option<String>,
}

/// The longest URL of a webhook: each is found by its address, and no database indexes endless text.
const LONGEST_ADDRESS: usize = 2_000;

fn address(node: Node<'_>) -> Option<String> {
    let address = url(node)?;
    if address.len() > LONGEST_ADDRESS { node.fault(Fault::TooLong(LONGEST_ADDRESS)) } else { Some(address) }
}

impl IntegrationPatch {
    /// Reads the body; every problem is reported, unknown fields are ignored.
    pub fn decode(body: &[u8]) -> Result<Self, Errors> {
        read_object(body, Errors::of, |node| {
            let fields = node.fields()?;
            let takes_url_away = fields.get("webhook_url") == Some(&Json::Null);
            let webhook_url = fields.optional("webhook_url", address);
            Some(Self {
                shop_name: fields.get("shop_name").and_then(|_| fields.needed("shop_name", text(1, 250))),
                shop_url: fields.optional("shop_url", url),
                service_point_enabled: fields.optional("service_point_enabled", boolean),
                service_point_carriers: fields
                    .optional("service_point_carriers", |node| node.list(MOST_ENTRIES, text(1, LONGEST_TEXT))),
                webhook_active: fields.optional("webhook_active", boolean),
                webhook_url: if takes_url_away { Some(None) } else { webhook_url.map(Some) },
                feedback_type: fields.optional("feedback_type", one_of(FEEDBACK_TYPES)),
            })
        })
    }

    /// Changes a channel. Refused when the webhook would be on without a URL.
    pub fn apply(&self, channel: &mut Channel) -> Result<(), Errors> {
        let old = channel.settings.clone();
        let mut settings = json::parse(old.as_str().as_bytes()).unwrap_or(Json::Object(Vec::new()));
        let carriers = self.service_point_carriers.as_ref().map(|carriers| carriers.iter().collect::<Vec<_>>());
        let webhook_url = self.webhook_url.as_ref().map(|url| url.as_ref().map_or(Json::Null, Json::from));
        let changes: [(&'static str, Option<Json<'_>>); 6] = [
            ("shop_url", self.shop_url.as_ref().map(Json::from)),
            ("service_point_enabled", self.service_point_enabled.map(Json::from)),
            ("service_point_carriers", carriers.map(Json::from)),
            ("webhook_active", self.webhook_active.map(Json::from)),
            ("webhook_url", webhook_url),
            ("feedback_type", self.feedback_type.as_ref().map(Json::from)),
        ];
        let changes = changes.into_iter().filter_map(|(name, value)| Some((Cow::Borrowed(name), value?))).collect();
        settings.merge(Json::Object(changes));
        let is_active = settings.get("webhook_active") == Some(&Json::Bool(true));
        if is_active && settings.get("webhook_url").and_then(Json::as_text).is_none() {
            return Err(Errors::webhook_url_required());
        }
        if let Some(settings) = settings.to_raw() {
            channel.settings = settings;
        }
        if let Some(name) = &self.shop_name {
            channel.name.clone_from(name);
        }
        Ok(())
    }
}

/// Reads a body that must be an object.
pub(super) fn read_object<T>(
    body: &[u8],
    errors: impl Fn(&[json::fields::Flaw]) -> Option<Errors>,
    decode: impl FnOnce(Node<'_>) -> Option<T>,
) -> Result<T, Errors> {
    let json = json::parse(body).map_err(|error| Errors::malformed(&error))?;
    if !matches!(json, Json::Object(_)) {
        return Err(Errors::not_an_object());
    }
    let notes = Notes::new(LENIENCY);
    let decoded = decode(notes.root(&json));
    match (errors(&notes.flaws()), decoded) {
        (None, Some(decoded)) => Ok(decoded),
        (errors, _) => Err(errors.unwrap_or_else(Errors::not_an_object)),
    }
}

/// A line of an integration's log as it was sent.
#[derive(Clone, Debug, PartialEq)]
pub struct LogLine {
    /// When it happened; `None`: now.
    pub created_at: Option<SentTime>,
    /// The whole line, an object.
    pub content: RawJson,
}

/// The fields of a log line; others are refused.
const LOG_FIELDS: &[&str] = &[
    "base_url",
    "full_url",
    "method",
    "response_code",
    "response",
    "request",
    "created_at",
    "exception_type",
    "exception",
];

impl LogLine {
    /// Reads the body of `POST /integrations/{id}/logs`; every problem is reported, an unknown field is one.
    pub fn decode(body: &[u8]) -> Result<Self, Errors> {
        read_object(body, Errors::of_log, |node| {
            let fields = node.fields()?;
            fields.needed("base_url", text(1, LONGEST_TEXT));
            for name in ["full_url", "method", "exception_type", "exception"] {
                fields.optional(name, text(0, LONGEST_TEXT));
            }
            fields.optional("response_code", integer(0, LARGEST_INTEGER));
            for (name, parts) in [("response", ["headers", "body"]), ("request", ["headers", "payload"])] {
                fields.optional(name, |node| {
                    let fields = node.fields()?;
                    for part in parts {
                        fields.optional(part, object_or_text);
                    }
                    Some(())
                });
            }
            let created_at = fields.optional("created_at", date_time);
            fields.only(LOG_FIELDS);
            Some(Self { created_at, content: free(node)? })
        })
    }
}

fn object_or_text(node: Node<'_>) -> Option<()> {
    match node.json() {
        Json::Text(_) | Json::Object(_) => Some(()),
        Json::List(list) if list.is_empty() => Some(()),
        _ => node.fault(Fault::NotText),
    }
}

/// A line of the log as GET and POST show it.
pub fn log_line(id: LogId, integration: i64, created_at: Timestamp, content: &RawJson) -> Json<'_> {
    let mut members: json::Members<'_> =
        vec![("id".into(), id.number().into()), ("integration_id".into(), integration.into())];
    if let Ok(Json::Object(sent)) = json::parse(content.as_str().as_bytes()) {
        members.extend(sent.into_iter().filter(|(name, _)| name != "created_at"));
    }
    members.push(("created_at".into(), moment(created_at).into()));
    members.push(("protected".into(), false.into()));
    members.push(("additional_data".into(), "".into()));
    Json::Object(members)
}

/// What is asked of a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogQuery {
    /// Only lines older than this one. (The real service's cursor is a time; times may tie, ids do not, and clients
    /// take the cursor out of the `Link` header as it is.)
    pub before: Option<LogId>,
    /// How many lines, 1 to 100.
    pub page_size: u32,
}

impl LogQuery {
    /// Reads the query part of the URL; unknown parameters are ignored.
    pub fn parse(query: &str) -> Result<Self, Errors> {
        let mut asked = Self { before: None, page_size: 25 };
        for (name, value) in form_urlencoded::parse(query.as_bytes()).filter(|(_, value)| !value.is_empty()) {
            match name.as_ref() {
                "page_size" => asked.page_size = page_size(&value, 25, 100),
                "cursor" => asked.before = Some(LogId::from_decimal(&value).ok_or_else(Errors::bad_cursor)?),
                _ => {}
            }
        }
        Ok(asked)
    }
}

/// The `Link` header of a log's page that ends with this line and is not the last.
pub fn log_link(url: &str, last: LogId, page_size: u32) -> String {
    format!("<{url}?cursor={}&page_size={page_size}>; rel=\"next\"", last.number())
}

#[cfg(test)]
mod tests {
    use domain::channel::{ChannelNumber, Dialect};

    use super::*;
    use crate::json::tests::shown;

    fn channel() -> Channel {
        Channel {
            number: ChannelNumber(7),
            dialect: Dialect::Sendcloud,
            name: "Web shop".to_owned(),
            settings: RawJson::new(r#"{"shop_url":"https://shop.example/","note":1.50}"#.to_owned()).unwrap(),
            is_default: false,
        }
    }

    #[test]
    fn a_change_is_shown_and_the_rest_stays() {
        let mut channel = channel();
        insta::assert_snapshot!(shown(&integration(&channel)), @r#"
        {"id":7,"shop_name":"Web shop","shop_url":"https://shop.example/","type":"api",
        "started_failing_at":null,"last_fetched_at":null,"service_point_enabled":false,
        "service_point_carriers":[],"webhook_active":false,"webhook_url":null,"feedback_type":"none"}
        "#);
        let body = br#"{"shop_name":"Shop","service_point_enabled":true,"service_point_carriers":["ups"],
            "webhook_active":true,"webhook_url":"https://shop.example/hook","feedback_type":"eager","colour":1}"#;
        IntegrationPatch::decode(body).unwrap().apply(&mut channel).unwrap();
        insta::assert_snapshot!(shown(&integration(&channel)), @r#"
        {"id":7,"shop_name":"Shop","shop_url":"https://shop.example/","type":"api",
        "started_failing_at":null,"last_fetched_at":null,"service_point_enabled":true,
        "service_point_carriers":["ups"],"webhook_active":true,"webhook_url":"https://shop.example/hook",
        "feedback_type":"eager"}
        "#);
        assert!(channel.settings.as_str().contains(r#""note":1.50"#));
    }

    #[test]
    fn a_webhook_needs_a_url() {
        let patch = IntegrationPatch::decode(br#"{"webhook_active":true}"#).unwrap();
        let mut channel = channel();
        let refused = patch.apply(&mut channel).unwrap_err();
        assert_eq!(channel, self::channel());
        insta::assert_snapshot!(shown(&refused), @r#"
        {"errors":[{"status":"400","code":"invalid","title":"Invalid",
        "detail":"Webhook URL required when enable webhook is set to true"}]}
        "#);
        let refused = IntegrationPatch::decode(br#"{"shop_name":"","feedback_type":"often"}"#).unwrap_err();
        let details: Vec<_> = refused.errors.into_iter().map(|error| error.detail).collect();
        assert_eq!(
            details,
            ["String should have at least 1 character", "Input should be 'eager', 'delayed' or 'none'"]
        );
    }

    #[test]
    fn a_log_line_is_shown_as_sent_and_unknown_fields_are_refused() {
        let body =
            br#"{"base_url":"https://example.com","response_code":495,"response":{"headers":{"A":"b"},"body":"x"},
            "created_at":"2023-03-01T02:02:00+01:00","exception":null}"#;
        let line = LogLine::decode(body).unwrap();
        let at = line.created_at.unwrap().instant().unwrap();
        insta::assert_snapshot!(shown(&log_line(LogId::new(123).unwrap(), 7, at, &line.content)), @r#"
        {"id":123,"integration_id":7,"base_url":"https://example.com","response_code":495,
        "response":{"headers":{"A":"b"},"body":"x"},"exception":null,
        "created_at":"2023-03-01T01:02:00.000Z","protected":false,"additional_data":""}
        "#);
        let refused = LogLine::decode(br#"{"unknown_field":1}"#).unwrap_err();
        insta::assert_snapshot!(shown(&refused), @r#"
        {"errors":[{"status":"400","code":"invalid","detail":"Field required",
        "source":{"pointer":"body/base_url"}},{"status":400,"code":"extra_forbidden",
        "title":"Extra Forbidden","detail":"Extra inputs are not permitted",
        "source":{"pointer":"body/unknown_field"}}]}
        "#);
    }

    #[test]
    fn a_log_goes_on_where_its_link_says() {
        let asked = LogQuery::parse("cursor=41&page_size=500").unwrap();
        assert_eq!(asked, LogQuery { before: LogId::new(41), page_size: 100 });
        let link = log_link("https://x.example/logs", LogId::new(41).unwrap(), 25);
        assert_eq!(link, "<https://x.example/logs?cursor=41&page_size=25>; rel=\"next\"");
        assert_eq!(LogQuery::parse("cursor=later").unwrap_err().status, 404);
    }

    #[test]
    fn integrations_are_sorted_by_what_was_asked() {
        let view = |text: &'static str| json::parse(text.as_bytes()).unwrap();
        let mut list = [view(r#"{"id":1,"created_at":"2024"}"#), view(r#"{"id":2,"created_at":"2023"}"#)];
        sort(&mut list, "created_at");
        assert_eq!(list[0].get("id"), Some(&Json::from(2_i64)));
        sort(&mut list, "-created_at");
        assert_eq!(list[0].get("id"), Some(&Json::from(1_i64)));
    }
}
