//! The list of orders: what is asked for in the body, and the tokens that lead to the pages beside it.

use app::orders::OrderFilter;
use app::story::{Story, StoryPage};
use app::tenants::TenantSetup;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::channel::Dialect;
use domain::ids::OrderId;
use domain::order::Order;
use domain::page::Page;
use domain::time::Timestamp;
use jiff::SignedDuration;

use super::LENIENCY;
use super::encode::{location_of, object, words};
use super::error::{Kind, Refusal};
use super::history;
use super::kept::{Kept, Window};
use super::statuses::{Status, is_word};
use crate::json::Json;
use crate::json::fields::{Fault, Node, Notes, integer, text};

/// Orders on a page, also when nobody says how many.
pub const LARGEST_PAGE: i64 = 1_000;
/// Ids in one filter.
const MOST_IDS: usize = 100;
/// The longest range of `lastUpdatedAt`.
const LONGEST_RANGE: SignedDuration = SignedDuration::from_hours(30 * 24);
/// How far back anything may be asked for.
const LONGEST_AGO: SignedDuration = SignedDuration::from_hours(366 * 24);
/// What is asked for when no range is.
const USUAL_RANGE: SignedDuration = SignedDuration::from_hours(24);

/// What a client asks of the list.
#[derive(Clone, Debug, PartialEq)]
pub struct ListQuery {
    /// How many.
    pub limit: usize,
    /// When the orders were created.
    pub created: (Timestamp, Timestamp),
    /// When anything about them last changed.
    pub updated: Option<(Timestamp, Timestamp)>,
    /// Only these ids of the shop.
    pub order_ids: Option<Vec<String>>,
    /// Only from these locations, by external id.
    pub locations: Option<Vec<String>>,
    /// Only of this group, letter case included.
    pub group_id: Option<String>,
    /// To be picked up from this millisecond on, and delivered until the other.
    pub window: Option<(i64, i64)>,
    /// Only in these statuses.
    pub statuses: Option<Vec<String>>,
    /// Where to go on.
    pub token: Option<Token>,
}

fn millisecond(at: Timestamp) -> i64 {
    at.as_millisecond()
}

fn instant(millisecond: i64) -> Timestamp {
    Timestamp::from_millisecond(millisecond).unwrap_or(Timestamp::MAX)
}

fn ago(now: Timestamp, by: SignedDuration) -> Timestamp {
    now.checked_sub(by).unwrap_or(Timestamp::MIN)
}

/// A range with both ends, no longer ago than a year.
fn range(node: Node<'_>, name: &str, now: Timestamp) -> Option<(Timestamp, Timestamp)> {
    let Window { starts_at, ends_at } = super::decode::window(node)?;
    let (from, to) = (starts_at.map_or(ago(now, LONGEST_AGO), instant), ends_at.map_or(now, instant));
    let oldest = ago(now, LONGEST_AGO);
    if from < oldest {
        return node.fault(Fault::Other(format!("{name} must be within the last one year")));
    }
    if to < from {
        return node.fault(Fault::Other(format!("{name} must end after it starts")));
    }
    Some((from, to))
}

impl ListQuery {
    /// Reads the body; every problem is reported.
    pub fn read(body: &Json<'_>, setup: &TenantSetup, now: Timestamp) -> Result<Self, Refusal> {
        let notes = Notes::new(LENIENCY);
        let mut asked = Self {
            limit: LARGEST_PAGE as usize,
            created: (Timestamp::MIN, Timestamp::MAX),
            updated: None,
            order_ids: None,
            locations: None,
            group_id: None,
            window: None,
            statuses: None,
            token: None,
        };
        notes.root(body).fields().map(|fields| {
            let ids = |name: &str| fields.optional(name, |node| node.list(MOST_IDS, text(0, 100)));
            let limit = fields.optional("limit", integer(1, LARGEST_PAGE)).unwrap_or(LARGEST_PAGE);
            asked.limit = usize::try_from(limit).unwrap_or(1);
            let created = fields.optional("createdAt", |node| range(node, "createdAt", now));
            asked.updated = fields.optional("lastUpdatedAt", |node| {
                let (from, to) = range(node, "lastUpdatedAt", now)?;
                let too_long = "lastUpdatedAt date range cannot be greater than 30 days";
                if to.duration_since(from) > LONGEST_RANGE {
                    return node.fault(Fault::Other(too_long.to_owned()));
                }
                Some((from, to))
            });
            let usual = if asked.updated.is_some() { LONGEST_AGO } else { USUAL_RANGE };
            let latest = asked.updated.map_or(now, |(_, to)| to);
            asked.created = created.unwrap_or((ago(now, usual), latest));
            asked.order_ids = ids("orderExternalIds");
            asked.locations = ids("locationExternalIds").map(|names| {
                let known = |name: String| {
                    let location = setup.location(Dialect::DeliverySolutions, &name);
                    location.map_or(name, |location| location.external_id.clone())
                };
                names.into_iter().map(known).collect()
            });
            asked.group_id = fields.optional("groupId", text(0, 100));
            let pickup = fields.optional("pickupTime", super::decode::window).and_then(|window| window.starts_at);
            let delivery = fields.optional("deliveryTime", super::decode::window).and_then(|window| window.ends_at);
            let is_sent = |name: &str| fields.get(name).is_some_and(|json| *json != Json::Null);
            let lacks = |name: &str, other: &str| {
                fields.fault::<()>(name, Fault::Other(format!("{name} is required when {other} is present")));
            };
            match (pickup, delivery) {
                (Some(from), Some(to)) => asked.window = Some((from, to)),
                (Some(_), None) => lacks("deliveryTime.endsAt", "pickupTime"),
                (None, Some(_)) => lacks("pickupTime.startsAt", "deliveryTime"),
                (None, None) if is_sent("pickupTime") => lacks("pickupTime.startsAt", "pickupTime"),
                (None, None) if is_sent("deliveryTime") => lacks("deliveryTime.endsAt", "deliveryTime"),
                (None, None) => {}
            }
            asked.statuses = fields.optional("status", |node| {
                node.list(100, |node| {
                    let word = text(1, 100)(node)?;
                    let unknown = Fault::Other(format!("{word:?} is no order status"));
                    if is_word(&word) { Some(word) } else { node.fault(unknown) }
                })
            });
            asked.token = fields.optional("paginationToken", |node| {
                let token = text(1, 1_000)(node)?;
                let unknown = Fault::Other("paginationToken was never given out".to_owned());
                Token::decode(&token).or_else(|| node.fault(unknown))
            });
            Some(())
        });
        let flaws = notes.flaws();
        Refusal::of(&flaws, body, Kind::InvalidData, Kind::InvalidData).map_or(Ok(asked), Err)
    }

    /// What the store can narrow.
    pub fn filter(&self) -> OrderFilter {
        let (from, to) = self.created;
        OrderFilter {
            created_from: Some(from),
            // The last millisecond is meant whole.
            created_before: Some(to.checked_add(SignedDuration::from_millis(1)).unwrap_or(to)),
            external_ids: self.order_ids.clone(),
            ..OrderFilter::default()
        }
    }

    /// Which part of the list.
    pub fn page(&self) -> StoryPage {
        let token = self.token.as_ref();
        StoryPage {
            after: token.map(|token| token.place),
            backwards: token.is_some_and(|token| token.is_previous),
            limit: self.limit,
        }
    }

    /// Whether an order is asked for, beyond what the store narrows.
    pub fn wants(&self, story: &Story, setup: &TenantSetup) -> bool {
        let kept = Kept::in_details(&story.order.details);
        let is_there = |locations: &Vec<String>| {
            location_of(story, setup).is_some_and(|location| locations.contains(&location.external_id))
        };
        let is_updated = |(from, to): &(Timestamp, Timestamp)| {
            (millisecond(*from)..=millisecond(*to)).contains(&millisecond(story.changed_at()))
        };
        let is_due = |(from, to): &(i64, i64)| {
            let created = millisecond(story.order.created_at);
            let starts = kept.pickup.map_or(Some(created), |window| window.starts_at);
            let ends = kept.delivery.and_then(|window| window.ends_at);
            starts.is_some_and(|starts| starts >= *from) && ends.is_some_and(|ends| ends <= *to)
        };
        let is_group = |group: &String| kept.group_id.as_ref() == Some(group);
        let has_status = |words: &Vec<String>| {
            let status: Status = history::status(story, setup);
            words.is_empty() || words.iter().any(|word| word == status.word())
        };
        self.locations.as_ref().is_none_or(is_there)
            && self.updated.as_ref().is_none_or(is_updated)
            && self.window.as_ref().is_none_or(is_due)
            && self.group_id.as_ref().is_none_or(is_group)
            && self.statuses.as_ref().is_none_or(has_status)
    }

    /// `paginationToken` of a page.
    pub fn tokens(&self, page: &Page<Story>) -> Json<'static> {
        let is_backwards = self.token.as_ref().is_some_and(|token| token.is_previous);
        let (has_next, has_previous) =
            if is_backwards { (true, page.has_more) } else { (page.has_more, self.token.is_some()) };
        let ends = page.rows.first().map(|story| &story.order).zip(page.rows.last().map(|story| &story.order));
        let token = |is_previous| ends.map(|(first, last)| encode(first, last, is_previous));
        object(vec![
            ("next", words(has_next.then(|| token(false)).flatten())),
            ("previous", words(has_previous.then(|| token(true)).flatten())),
        ])
    }
}

/// A place in the list: the base 64 of `{order}_{last}_{first}_next` or `…_previous`, each an id of 24 digits. The page
/// lies beside the first of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token {
    /// When that order was created, as its id says, and its number.
    pub place: (Timestamp, OrderId),
    /// Its id as sent.
    pub second: u32,
    /// Whether the page lies before it, towards newer orders.
    pub is_previous: bool,
}

fn encode(first: &Order, last: &Order, is_previous: bool) -> String {
    let hex = |order: &Order| order.id.to_hex24(order.created_at);
    let (pivot, way) = if is_previous { (first, "previous") } else { (last, "next") };
    STANDARD.encode(format!("{}_{}_{}_{way}", hex(pivot), hex(last), hex(first)))
}

impl Token {
    /// Reads what a client hands back. An id of another installation is a place in time all the same.
    pub fn decode(text: &str) -> Option<Self> {
        let text = String::from_utf8(STANDARD.decode(text).ok()?).ok()?;
        let parts: Vec<_> = text.split('_').collect();
        let [pivot, last, first, way] = parts.as_slice() else { return None };
        let is_hex = |id: &&str| id.len() == 24 && id.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        if ![pivot, last, first].into_iter().all(is_hex) {
            return None;
        }
        let is_previous = match *way {
            "next" => false,
            "previous" => true,
            _ => return None,
        };
        let second = u32::from_str_radix(&pivot[..8], 16).ok()?;
        let number = u64::from_str_radix(&pivot[8..], 16).ok()?.clamp(1, domain::ids::MAX_ID);
        let at = Timestamp::from_second(second.into()).ok()?;
        Some(Self { place: (at, OrderId::new(number)?), second, is_previous })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_token_is_read() {
        let published = "NjI2N2M5YWIwM2FiNjQ5NDdjYWZiYmMxXzYyNjdjOWFiMDNhYjY0OTQ3Y2FmYmJjMV82MjY3Y2FkNzYyN2Y1ZjY1OGM4YjljNTNfbmV4dA==";
        let token = Token::decode(published).unwrap();
        assert_eq!((token.place.0.to_string().as_str(), token.is_previous), ("2022-04-26T10:30:03Z", false));
    }

    #[test]
    fn what_is_no_token_is_refused() {
        for text in ["", "!", "bmV4dA==", &STANDARD.encode("a_b_c_next"), &STANDARD.encode([0xff, 0xfe])] {
            assert_eq!(Token::decode(text), None, "{text}");
        }
    }
}
