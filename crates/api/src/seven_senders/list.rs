//! What lists and the deletion of a range are asked for, in the query, in a form, or in JSON.

use app::orders::{OrderFilter, OrderSort};
use app::story::{Story, StoryList};
use domain::ids::{OrderId, ParcelId};
use domain::order::OrderDetails;
use domain::time::Timestamp;
use jiff::tz::TimeZone;

use super::dates::{Date, date};
use super::decode::LONGEST_ID;
use super::error::Refusal;
use super::generation::{Generation, Name, ORDER_DATE, ORDER_ID, ORDER_URL};
use super::kept::Kept;
use super::states;
use super::{LENIENCY, encode};
use crate::json::Json;
use crate::json::fields::{Fault, Fields, Node, Notes, integer, text};

/// Most entries of a list; as many as newer clients get who name no limit, since they never turn a page.
pub const LARGEST_PAGE: i64 = 1_000;
/// Entries that older clients get who name no limit.
const USUAL_PAGE: i64 = 20;
/// Entries that may be left out first.
const LARGEST_OFFSET: i64 = 1_000_000_000;

/// What a list of orders is asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct ListQuery {
    /// Our id; an id that is none of ours names nothing.
    pub id: Option<Option<OrderId>>,
    /// The shop's id.
    pub order_id: Option<String>,
    /// Placed from this instant on, and before that one.
    pub placed: (Option<Timestamp>, Option<Timestamp>),
    /// In this state now.
    pub state: Option<String>,
    /// Which part, in which order.
    pub list: StoryList,
}

/// Reads a number as an id; null when it names nothing.
fn named(node: Node<'_>) -> Option<u64> {
    let most = i64::MAX;
    integer(i64::MIN, most)(node).map(|number| u64::try_from(number).unwrap_or(0))
}

fn limit(fields: &Fields<'_>, generation: Generation) -> (usize, usize) {
    let usual = if generation == Generation::Older { USUAL_PAGE } else { LARGEST_PAGE };
    let limit = fields.optional("limit", integer(1, LARGEST_PAGE)).unwrap_or(usual);
    let offset = fields.optional("offset", integer(0, LARGEST_OFFSET)).unwrap_or(0);
    (usize::try_from(offset).unwrap_or(0), usize::try_from(limit).unwrap_or(1))
}

/// An exact date, or bounds: `before` and `after` are part of what is meant, the strict ones are not.
fn placed(node: Node<'_>) -> Option<(Option<Timestamp>, Option<Timestamp>)> {
    if !matches!(node.json(), Json::Object(_)) {
        let date = date(node)?;
        return Some((Some(date.instant()), Some(date.end())));
    }
    let fields = node.fields()?;
    fields.only(&["before", "after", "strictly_before", "strictly_after"]);
    let bound = |name: &str| fields.optional(name, date);
    let (before, after) = (bound("before").map(Date::end), bound("after").map(Date::instant));
    let (sooner, later) = (bound("strictly_before").map(Date::instant), bound("strictly_after").map(Date::end));
    let from = after.into_iter().chain(later).max();
    let until = before.into_iter().chain(sooner).min();
    Some((from, until))
}

const SORTABLE: [(&str, OrderSort); 5] = [
    ("id", OrderSort::Id),
    (ORDER_ID.0, OrderSort::ExternalId),
    (ORDER_ID.1, OrderSort::ExternalId),
    (ORDER_DATE.0, OrderSort::PlacedAt),
    (ORDER_DATE.1, OrderSort::PlacedAt),
];

/// `order_by[]=f`, `order_by=f,-g`, `order_by[f]=desc`.
fn order_by(node: Node<'_>) -> Option<Vec<(OrderSort, bool)>> {
    let mut asked: Vec<(String, bool)> = Vec::new();
    let mut add = |words: &str| {
        for word in words.split(',').map(str::trim).filter(|word| !word.is_empty()) {
            let (name, descends) = word.strip_prefix('-').map_or((word, false), |name| (name, true));
            asked.push((name.to_owned(), descends));
        }
    };
    match node.json() {
        Json::Text(words) => add(words),
        Json::List(list) if list.iter().all(|word| word.as_text().is_some()) => {
            list.iter().filter_map(Json::as_text).for_each(add);
        }
        Json::Object(members) => {
            for (name, direction) in members {
                let descends = match direction.as_text().map(str::to_ascii_lowercase).as_deref() {
                    Some("asc" | "") => false,
                    Some("desc") => true,
                    _ => return node.fault(Fault::Other("A direction should be asc or desc".to_owned())),
                };
                asked.push((name.to_string(), descends));
            }
        }
        _ => return node.fault(Fault::NotList),
    }
    let mut sort: Vec<(OrderSort, bool)> = Vec::new();
    for (name, descends) in asked {
        let Some((_, column)) = SORTABLE.iter().find(|(known, _)| *known == name) else {
            let known = SORTABLE.map(|(name, _)| name).join(", ");
            return node.fault(Fault::Other(format!("Orders are sorted by one of {known}")));
        };
        if !sort.iter().any(|(known, _)| known == column) {
            sort.push((*column, descends));
        }
    }
    Some(sort)
}

/// Sort columns that end with the id, which settles every tie.
fn with_id(mut sort: Vec<(OrderSort, bool)>, descends: bool) -> Vec<(OrderSort, bool)> {
    match sort.iter().position(|(column, _)| *column == OrderSort::Id) {
        Some(at) => sort.truncate(at + 1),
        None => sort.push((OrderSort::Id, descends)),
    }
    sort
}

impl ListQuery {
    /// Reads what a list of orders is asked for.
    pub fn read(tree: &Json<'_>, generation: Generation) -> Result<Self, Refusal> {
        let notes = Notes::new(LENIENCY);
        let list = StoryList { sort: Vec::new(), skip: 0, limit: 1 };
        let mut asked = Self { id: None, order_id: None, placed: (None, None), state: None, list };
        notes.root(tree).fields().map(|fields| {
            asked.id = fields.optional("id", named).map(OrderId::new);
            asked.order_id = fields.optional(generation.found(&fields, ORDER_ID), text(0, LONGEST_ID));
            asked.placed = fields.optional(generation.found(&fields, ORDER_DATE), placed).unwrap_or_default();
            asked.state = fields.optional("state", |node| {
                let word = text(0, LONGEST_ID)(node)?;
                if states::is_state(&word) { Some(word) } else { node.fault(Fault::Other("No such state".to_owned())) }
            });
            (asked.list.skip, asked.list.limit) = limit(&fields, generation);
            // The oldest come first for older clients; newer ones never turn a page, so they get the newest.
            let descends = generation == Generation::Newer;
            asked.list.sort = with_id(fields.optional("order_by", order_by).unwrap_or_default(), descends);
            Some(())
        });
        Refusal::of(&notes.flaws(), tree).map_or(Ok(asked), Err)
    }

    /// What the store can narrow.
    pub fn filter(&self) -> OrderFilter {
        let (placed_from, placed_before) = self.placed;
        OrderFilter { placed_from, placed_before, ..OrderFilter::default() }
    }

    /// Whether an order is meant by everything that is asked.
    pub fn wants(&self, story: &Story, zone: &TimeZone) -> bool {
        let (from, before) = self.placed;
        let placed_at = states::placed_at(story, zone);
        let is_called = |id: &String| encode::order_id(story) == *id;
        from.is_none_or(|from| placed_at >= from)
            && before.is_none_or(|before| placed_at < before)
            && self.order_id.as_ref().is_none_or(is_called)
            && self.state.as_deref().is_none_or(|state| states::current(&states::of(story, zone)) == state)
    }
}

/// What a list of shipments is asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct ShipmentQuery {
    /// Our id.
    pub id: Option<Option<ParcelId>>,
    /// The shop's id of the order.
    pub order_id: Option<String>,
    /// The carrier's number.
    pub tracking_code: Option<String>,
    /// How many are left out first.
    pub skip: usize,
    /// How many.
    pub limit: usize,
}

impl ShipmentQuery {
    /// Reads what a list of shipments is asked for.
    pub fn read(tree: &Json<'_>, generation: Generation) -> Result<Self, Refusal> {
        let notes = Notes::new(LENIENCY);
        let mut asked = Self { id: None, order_id: None, tracking_code: None, skip: 0, limit: 1 };
        notes.root(tree).fields().map(|fields| {
            asked.id = fields.optional("id", named).map(ParcelId::new);
            asked.order_id = fields.optional(generation.found(&fields, ORDER_ID), text(0, LONGEST_ID));
            asked.tracking_code = fields.optional("tracking_code", text(0, LONGEST_ID));
            (asked.skip, asked.limit) = limit(&fields, generation);
            Some(())
        });
        Refusal::of(&notes.flaws(), tree).map_or(Ok(asked), Err)
    }
}

/// Which orders are to be deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RangeQuery {
    from: Timestamp,
    until: Timestamp,
    language: Option<String>,
    url: Option<String>,
}

impl RangeQuery {
    /// Reads which orders are to be deleted; the filters may stand in `filters[…]` or alone. Both bounds are needed.
    pub fn read(mut tree: Json<'_>, generation: Generation) -> Result<Self, Refusal> {
        const FROM: Name = ("order_date_from", "shop_order_date_from");
        const TO: Name = ("order_date_to", "shop_order_date_to");
        if let Some(filters) = tree.remove("filters") {
            tree.merge(filters);
        }
        let notes = Notes::new(LENIENCY);
        let mut asked = None;
        notes.root(&tree).fields().map(|fields| {
            let from = fields.needed(generation.found(&fields, FROM), date);
            let until = fields.needed(generation.found(&fields, TO), date);
            let language = fields.optional("language", text(0, LONGEST_ID));
            let url = fields.optional(generation.found(&fields, ORDER_URL), text(0, 65_535));
            asked = Some(Self { from: from?.instant(), until: until?.end(), language, url });
            Some(())
        });
        let flaws = notes.flaws();
        match (Refusal::of(&flaws, &tree), asked) {
            (None, Some(asked)) => Ok(asked),
            (refusal, _) => Err(refusal.unwrap_or_else(|| Refusal::malformed("it is no object"))),
        }
    }

    /// What the store can narrow.
    pub fn filter(&self) -> OrderFilter {
        OrderFilter { placed_from: Some(self.from), placed_before: Some(self.until), ..OrderFilter::default() }
    }

    /// Whether an order in the range is meant.
    pub fn wants(&self, details: &OrderDetails) -> bool {
        let kept = Kept::in_details(details);
        let is = |asked: &Option<String>, told: Option<String>| asked.is_none() || *asked == told;
        is(&self.language, kept.language) && is(&self.url, kept.url)
    }
}
