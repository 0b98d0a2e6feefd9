//! The list of orders: what is asked for in the query, and the `Link` header that leads to the pages beside it.

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use domain::time::{SentTime, Timestamp};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, ToSpan};

use super::error::Errors;
use crate::json::{self, Json};

/// Orders on a page when nobody says how many.
pub const PAGE_SIZE: u32 = 100;
/// The largest page.
pub const LARGEST_PAGE: u32 = 200;
/// The largest offset in a cursor, as in Django REST Framework.
const LARGEST_OFFSET: u32 = 1_000;

/// What a client asks of the list.
#[derive(Clone, Debug, PartialEq)]
pub struct ListQuery {
    /// Only these channels; `None` for all.
    pub integrations: Option<Vec<i64>>,
    /// Only this number, letter case aside.
    pub order_number: Option<String>,
    /// Only this id of the shop, letter case aside.
    pub order_id: Option<String>,
    /// Only this status of the shop, letter case aside.
    pub status: Option<String>,
    /// When the order was placed.
    pub created: TimeRange,
    /// When the shop last changed it.
    pub updated: TimeRange,
    /// Sort keys, each with whether it descends. Ends with [`SortKey::Id`], so that no two orders tie.
    pub sort: Vec<(SortKey, bool)>,
    /// How many orders, 1 to 200.
    pub page_size: u32,
    /// Where to go on.
    pub cursor: Option<Cursor>,
}

/// From when to when, both inclusive and exact to the microsecond, the resolution that is stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TimeRange {
    /// Not before this.
    pub from: Option<Timestamp>,
    /// Not after this.
    pub to: Option<Timestamp>,
}

impl TimeRange {
    /// Whether every order fits.
    pub fn is_open(&self) -> bool {
        self.from.is_none() && self.to.is_none()
    }

    fn not_before(&mut self, at: Timestamp) {
        self.from = Some(self.from.map_or(at, |from| from.max(at)));
    }

    fn not_after(&mut self, at: Timestamp) {
        self.to = Some(self.to.map_or(at, |to| to.min(at)));
    }
}

/// What the list can be sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SortKey {
    /// `integration`: the channel's number.
    Integration,
    /// `order_number`.
    OrderNumber,
    /// `order_created_at`: when the order was placed.
    CreatedAt,
    /// `order_updated_at`: when the shop last changed it.
    UpdatedAt,
    /// `pk`: our id.
    Id,
}

impl SortKey {
    fn parse(word: &str) -> Option<Self> {
        match word {
            "integration" => Some(Self::Integration),
            "order_number" => Some(Self::OrderNumber),
            "order_created_at" => Some(Self::CreatedAt),
            "order_updated_at" => Some(Self::UpdatedAt),
            "pk" => Some(Self::Id),
            _ => None,
        }
    }
}

impl ListQuery {
    /// Reads the query part of the URL. Unknown parameters are ignored; an empty value is no filter.
    pub fn parse(query: &str) -> Result<Self, Errors> {
        let mut list = Self {
            integrations: None,
            order_number: None,
            order_id: None,
            status: None,
            created: TimeRange::default(),
            updated: TimeRange::default(),
            sort: vec![(SortKey::Id, true)],
            page_size: PAGE_SIZE,
            cursor: None,
        };
        let mut cursor = None;
        for (name, value) in form_urlencoded::parse(query.as_bytes()).filter(|(_, value)| !value.is_empty()) {
            // PHP writes a list as `integration[0]=41&integration[1]=68`.
            match name.split_once('[').map_or(name.as_ref(), |(name, _)| name) {
                "integration" => list.integrations.get_or_insert_default().extend(integrations(&value)?),
                "order_number" => list.order_number = Some(value.into_owned()),
                "order_id" => list.order_id = Some(value.into_owned()),
                "status" => list.status = Some(value.into_owned()),
                "order_created_at" => on_day(&mut list.created, "order_created_at", &value)?,
                "order_created_at_min" => list.created.not_before(bounds("order_created_at_min", &value)?.0),
                "order_created_at_max" => list.created.not_after(bounds("order_created_at_max", &value)?.1),
                "order_updated_at" => on_day(&mut list.updated, "order_updated_at", &value)?,
                "order_updated_at_min" => list.updated.not_before(bounds("order_updated_at_min", &value)?.0),
                "order_updated_at_max" => list.updated.not_after(bounds("order_updated_at_max", &value)?.1),
                "sort" => list.sort = sort(&value),
                "page_size" => list.page_size = page_size(&value, PAGE_SIZE, LARGEST_PAGE),
                "cursor" => cursor = Some(value.into_owned()),
                _ => {}
            }
        }
        list.cursor =
            cursor.map(|text| Cursor::decode(&text, &list.sort).ok_or_else(Errors::bad_cursor)).transpose()?;
        Ok(list)
    }
}

fn integrations(value: &str) -> Result<Vec<i64>, Errors> {
    let words = value.split(',').map(str::trim).filter(|word| !word.is_empty());
    words.map(|word| word.parse().map_err(|_| Errors::no_such_choice("integration", word))).collect()
}

fn on_day(range: &mut TimeRange, parameter: &'static str, value: &str) -> Result<(), Errors> {
    let (from, to) = bounds(parameter, value)?;
    range.not_before(from);
    range.not_after(to);
    Ok(())
}

/// The first and the last instant of a day in UTC; a date with a time means that instant.
fn bounds(parameter: &'static str, value: &str) -> Result<(Timestamp, Timestamp), Errors> {
    // A `+` that nobody encoded has become a blank.
    let sent = value.parse().or_else(|_| value.replace(' ', "+").parse());
    let sent: SentTime = sent.map_err(|_| Errors::bad_parameter(parameter, "Enter a valid date."))?;
    let from = sent.instant_in(&TimeZone::UTC);
    let SentTime::Date(date) = sent else {
        return Ok((from, from));
    };
    let next = date.checked_add(1.day()).map_or(Timestamp::MAX, |next| SentTime::Date(next).instant_in(&TimeZone::UTC));
    Ok((from, next.checked_sub(SignedDuration::from_micros(1)).unwrap_or(next)))
}

/// Sort keys; what is not supported is left out, a repeated key counts once, and the id parts what would tie, in the
/// direction of the key before it. Nothing supported: newest first.
fn sort(value: &str) -> Vec<(SortKey, bool)> {
    let mut keys: Vec<(SortKey, bool)> = Vec::new();
    for word in value.split(',').map(str::trim) {
        let (word, descends) = word.strip_prefix('-').map_or((word, false), |word| (word, true));
        match SortKey::parse(word) {
            Some(key) if keys.iter().all(|(known, _)| *known != key) => keys.push((key, descends)),
            _ => {}
        }
        if word == "pk" {
            return keys;
        }
    }
    let descends = keys.last().is_none_or(|(_, descends)| *descends);
    keys.push((SortKey::Id, descends));
    keys
}

/// A page size, forced into its range; what is no number is the usual size.
pub fn page_size(value: &str, usual: u32, largest: u32) -> u32 {
    match value.trim().parse::<i64>() {
        Ok(size) => size.clamp(1, largest.into()) as u32,
        Err(error) => match error.kind() {
            std::num::IntErrorKind::PosOverflow => largest,
            std::num::IntErrorKind::NegOverflow => 1,
            _ => usual,
        },
    }
}

/// A place in a sorted list, in the form of Django REST Framework: the base64 of a query string with `o`, `r` and `p`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// `o`: how many orders to skip from the position on. Ours never skip; those of other servers may.
    pub offset: u32,
    /// `r`: the page lies before the position, not behind it.
    pub reverse: bool,
    /// `p`: the order the page begins beside, itself excluded; `None` for the list's end (or with `reverse` its other
    /// end).
    pub position: Option<Position>,
}

/// An order's place in a sorted list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Position {
    /// `p=300`: the place of the order with this id; only in a list sorted by `pk` alone.
    Id(i64),
    /// `p=["OX-12",300]`: the order's sort values when the page was made, and its id. It stays right while others
    /// write.
    Values(Vec<SortValue>, i64),
}

/// What an order is sorted by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SortValue {
    /// A channel's number, or a time in microseconds since 1970.
    Integer(i64),
    /// A text.
    Text(String),
}

/// Takes both alphabets' padding or none.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

impl Cursor {
    /// The page behind an order.
    pub fn after(position: Position) -> Self {
        Self { offset: 0, reverse: false, position: Some(position) }
    }

    /// The page before an order.
    pub fn before(position: Position) -> Self {
        Self { offset: 0, reverse: true, position: Some(position) }
    }

    /// The cursor's text.
    pub fn encode(&self) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        if self.offset > 0 {
            query.append_pair("o", &self.offset.to_string());
        }
        if self.reverse {
            query.append_pair("r", "1");
        }
        match &self.position {
            None => {}
            Some(Position::Id(id)) => {
                query.append_pair("p", &id.to_string());
            }
            Some(Position::Values(values, id)) => {
                let values = values.iter().map(|value| match value {
                    SortValue::Integer(number) => Json::from(*number),
                    SortValue::Text(text) => Json::from(text),
                });
                query.append_pair("p", &Json::List(values.chain([Json::from(*id)]).collect()).to_string());
            }
        }
        BASE64.encode(query.finish())
    }

    /// Reads a cursor for a list sorted by these keys; `None` for anything that was never one.
    pub fn decode(text: &str, sort: &[(SortKey, bool)]) -> Option<Self> {
        // A `+` that nobody encoded has become a blank; `-` and `_` are the URL's alphabet.
        let standard: String = text
            .chars()
            .map(|letter| match letter {
                ' ' | '-' => '+',
                '_' => '/',
                letter => letter,
            })
            .collect();
        let query = BASE64.decode(standard).ok()?;
        if !query.is_ascii() {
            return None;
        }
        let mut cursor = Self { offset: 0, reverse: false, position: None };
        for (name, value) in form_urlencoded::parse(&query) {
            match name.as_ref() {
                "o" => cursor.offset = value.parse::<u32>().ok()?.min(LARGEST_OFFSET),
                "r" => cursor.reverse = value.parse::<i64>().ok()? != 0,
                "p" => cursor.position = Some(Position::decode(&value, sort)?),
                _ => {}
            }
        }
        Some(cursor)
    }
}

impl Position {
    fn decode(text: &str, sort: &[(SortKey, bool)]) -> Option<Self> {
        if let Ok(id) = text.parse() {
            return Some(Self::Id(id));
        }
        let Json::List(mut values) = json::parse(text.as_bytes()).ok()? else {
            return None;
        };
        let id = integer(&values.pop()?)?;
        let keys = sort.iter().take_while(|(key, _)| *key != SortKey::Id);
        if keys.clone().count() != values.len() {
            return None;
        }
        let value = |((key, _), value): (&(SortKey, bool), Json<'_>)| match (key, value) {
            (SortKey::OrderNumber, Json::Text(text)) if !text.contains('\0') => {
                Some(SortValue::Text(text.into_owned()))
            }
            (SortKey::OrderNumber, _) => None,
            (_, value) => integer(&value).map(SortValue::Integer),
        };
        Some(Self::Values(keys.zip(values).map(value).collect::<Option<_>>()?, id))
    }
}

fn integer(json: &Json<'_>) -> Option<i64> {
    match json {
        Json::Number(digits) => digits.parse().ok(),
        _ => None,
    }
}

/// The `Link` header: `url` is the list's own address without its query, `query` what the client asked, of which all
/// but the cursor is kept. `None` when there is no page beside this one.
pub fn link(url: &str, query: &str, next: Option<&Cursor>, previous: Option<&Cursor>) -> Option<String> {
    let link = |cursor: &Cursor, relation| {
        let mut parameters = form_urlencoded::Serializer::new(String::new());
        parameters.append_pair("cursor", &cursor.encode());
        parameters.extend_pairs(form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| name != "cursor"));
        format!("<{url}?{}>; rel=\"{relation}\"", parameters.finish())
    };
    let next = next.map(|cursor| link(cursor, "next"));
    let previous = previous.map(|cursor| link(cursor, "prev"));
    let links: Vec<_> = next.into_iter().chain(previous).collect();
    (!links.is_empty()).then(|| links.join(", "))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::json::tests::shown;

    fn query(text: &str) -> ListQuery {
        ListQuery::parse(text).unwrap()
    }

    #[test]
    fn nothing_asked_is_the_newest_hundred() {
        let list = query("");
        assert_eq!((list.page_size, list.sort, list.cursor), (100, vec![(SortKey::Id, true)], None));
        assert_eq!(query("created_at__gte=2020-01-01&page=7&search=x&filter[order_number]=1"), query(""));
        assert_eq!(query("integration=&order_number=&order_created_at="), query(""));
    }

    #[test]
    fn integrations_come_as_a_list_with_commas_or_as_php_writes_one() {
        for text in ["integration=41,68", "integration[0]=41&integration[1]=68", "integration%5B%5D=41&integration=68"]
        {
            assert_eq!(query(text).integrations, Some(vec![41, 68]), "{text}");
        }
        let refused = ListQuery::parse("integration=41,shop").unwrap_err();
        insta::assert_snapshot!(shown(&refused), @r#"
        {"errors":[{"status":"400","code":"invalid_choice","title":"Invalid Choice",
        "detail":"Select a valid choice. shop is not one of the available choices.",
        "source":{"parameter":"integration"}}]}
        "#);
    }

    #[test]
    fn a_date_means_the_whole_day_and_bounds_are_inclusive() {
        let day = query("order_created_at=2023-04-28").created;
        assert_eq!(day.from.unwrap().to_string(), "2023-04-28T00:00:00Z");
        assert_eq!(day.to.unwrap().to_string(), "2023-04-28T23:59:59.999999Z");
        assert_eq!(query("order_created_at_min=2023-04-28&order_created_at_max=2023-04-28").created, day);
        let instant = query("order_updated_at_max=2023-04-28T10:00:00+02:00").updated;
        assert_eq!(instant, TimeRange { from: None, to: Some("2023-04-28T08:00:00Z".parse().unwrap()) });
        let refused = ListQuery::parse("order_updated_at_min=yesterday").unwrap_err();
        insta::assert_snapshot!(shown(&refused), @r#"
        {"errors":[{"status":"400","code":"invalid","title":"Invalid","detail":"Enter a valid date.",
        "source":{"parameter":"order_updated_at_min"}}]}
        "#);
        assert!(query("order_created_at=9999-12-31").created.to.is_some());
    }

    #[test]
    fn sorting_ends_with_the_id_and_ignores_what_it_does_not_know() {
        use SortKey as K;
        let sort = |text: &str| query(&format!("sort={text}")).sort;
        assert_eq!(sort("pk"), [(K::Id, false)]);
        assert_eq!(sort("colour"), [(K::Id, true)]);
        assert_eq!(sort("order_number"), [(K::OrderNumber, false), (K::Id, false)]);
        assert_eq!(sort("-order_created_at,order_created_at"), [(K::CreatedAt, true), (K::Id, true)]);
        assert_eq!(sort("integration,-pk,order_updated_at"), [(K::Integration, false), (K::Id, true)]);
    }

    #[test]
    fn a_page_has_one_to_two_hundred_orders() {
        let sizes = ["1", "200", "201", "0", "-5", "many", "99999999999999999999"];
        assert_eq!(sizes.map(|size| query(&format!("page_size={size}")).page_size), [1, 200, 200, 1, 1, 100, 200]);
    }

    #[test]
    fn the_example_of_the_specification_reads_and_writes() {
        let cursor = Cursor::before(Position::Id(300));
        assert_eq!(cursor.encode(), "cj0xJnA9MzAw");
        assert_eq!(query("cursor=cj0xJnA9MzAw").cursor, Some(cursor));
        for text in ["x", "cD1hYmM=", "cD0lNUIlNUQ", "bz0tMQ==", "8J+YgA=="] {
            let refused = ListQuery::parse(&format!("cursor={text}")).unwrap_err();
            assert_eq!(refused, Errors::bad_cursor(), "{text}");
        }
    }

    #[test]
    fn links_keep_every_other_parameter() {
        let at = |id| Position::Values(vec![SortValue::Text("Ö 1".to_owned())], id);
        let (next, previous) = (Cursor::after(at(9)), Cursor::before(at(5)));
        let asked = "integration[0]=7&cursor=old&sort=order_number&x=<>\"";
        let header = link("https://shop.example/api/v3/orders", asked, Some(&next), Some(&previous)).unwrap();
        insta::assert_snapshot!(header.replace(['&', ','], "\n"), @r#"
        <https://shop.example/api/v3/orders?cursor=cD0lNUIlMjIlQzMlOTYrMSUyMiUyQzklNUQ%3D
        integration%5B0%5D=7
        sort=order_number
        x=%3C%3E%22>; rel="next"
         <https://shop.example/api/v3/orders?cursor=cj0xJnA9JTVCJTIyJUMzJTk2KzElMjIlMkM1JTVE
        integration%5B0%5D=7
        sort=order_number
        x=%3C%3E%22>; rel="prev"
        "#);
        let followed = header.split_once('?').unwrap().1.split_once('>').unwrap().0;
        assert_eq!(query(followed).cursor, Some(next));
        assert_eq!(link("https://shop.example/", asked, None, None), None);
    }

    fn a_value(key: SortKey) -> BoxedStrategy<SortValue> {
        if key == SortKey::OrderNumber {
            "[^\0]{0,40}".prop_map(SortValue::Text).boxed()
        } else {
            any::<i64>().prop_map(SortValue::Integer).boxed()
        }
    }

    proptest! {
        #[test]
        fn a_cursor_reads_back_what_it_wrote(
            (sort, values) in prop_oneof![
                Just(vec![]),
                Just(vec![SortKey::OrderNumber]),
                Just(vec![SortKey::CreatedAt, SortKey::OrderNumber, SortKey::Integration]),
            ].prop_flat_map(|keys| {
                let values: Vec<_> = keys.iter().map(|key| a_value(*key)).collect();
                (Just(keys), values)
            }),
            id in any::<i64>(),
            offset in 0..=LARGEST_OFFSET,
            reverse in any::<bool>(),
        ) {
            let sort: Vec<_> = sort.into_iter().chain([SortKey::Id]).map(|key| (key, true)).collect();
            for position in [None, Some(Position::Id(id)), Some(Position::Values(values.clone(), id))] {
                let cursor = Cursor { offset, reverse, position };
                prop_assert_eq!(Cursor::decode(&cursor.encode(), &sort), Some(cursor));
            }
        }

        #[test]
        fn reading_a_query_never_panics(text in "\\PC{0,80}", cursor in "[A-Za-z0-9+/=_-]{0,40}") {
            let _ = ListQuery::parse(&text);
            let _ = ListQuery::parse(&format!("sort=order_number&cursor={cursor}"));
        }
    }
}
