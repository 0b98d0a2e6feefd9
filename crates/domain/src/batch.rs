//! A batch: many orders labelled in one call, and their labels put together in one file a group.
//!
//! Each order has an outcome of its own, so that one that fails stands in nobody's way; at every moment those that wait and
//! those with an outcome sum to the whole.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::document::{Format, Rotation};
use crate::error::Problem;
use crate::ids::{BatchId, OrderId, ShipmentId};
use crate::order::Order;
use crate::parcel::Parcel;
use crate::shipment::Shipment;
use crate::time::{SentTime, Timestamp};

/// The most orders of a batch.
pub const MOST_ORDERS: usize = 50_000;

/// A stored batch.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch {
    /// Our id.
    pub id: BatchId,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// How far it is.
    pub stage: BatchStage,
    /// How its labels are put together.
    pub printing: Printing,
    /// Which try this is: 1, and one more whenever somebody has the failed ones tried again.
    pub round: u32,
    /// How its orders stand.
    pub counts: Counts,
    /// How fast it goes, carrier by carrier.
    pub lanes: Vec<Lane>,
    /// When its last file was stored.
    pub finished_at: Option<Timestamp>,
}

/// How far a batch is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BatchStage {
    /// Its orders are being written down; nobody was told of it yet.
    Gathering,
    /// Its orders are being labelled.
    Labelling,
    /// Every order has an outcome, and the labels are being put together.
    Merging,
    /// The files are stored.
    Done,
}

impl BatchStage {
    /// Every stage.
    pub const ALL: [Self; 4] = [Self::Gathering, Self::Labelling, Self::Merging, Self::Done];

    /// The name in rows and in the native API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Gathering => "gathering",
            Self::Labelling => "labelling",
            Self::Merging => "merging",
            Self::Done => "done",
        }
    }

    /// Reads what [`Self::as_str`] writes.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|stage| stage.as_str() == text)
    }
}

/// How the labels of a batch are put together.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Printing {
    /// How the files are written: PDF or ZPL.
    pub format: Format,
    /// What the labels of one file have in common; one file with all of them when empty.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub group_by: Vec<GroupBy>,
    /// The first place used on the first sheet of A4, 0 to 3: top left, top right, bottom left, bottom right.
    #[serde(skip_serializing_if = "is_zero")]
    pub start_position: u8,
    /// How every page is turned.
    #[serde(skip_serializing_if = "is_upright")]
    pub rotation: Rotation,
    /// The first round whose labels are in it: after a retry, those of before are printed already.
    pub from_round: u32,
    /// Which printing of the batch it is, from 1.
    pub number: u32,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands references")]
fn is_zero(number: &u8) -> bool {
    *number == 0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands references")]
fn is_upright(rotation: &Rotation) -> bool {
    *rotation == Rotation::None
}

/// How many orders of a batch stand how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// All of them.
    pub total: u64,
    /// With a label that was made here.
    pub labelled: u64,
    /// With a label from before, which is not made again.
    pub skipped: u64,
    /// Without a label, and why is known.
    pub failed: u64,
}

impl Counts {
    /// Those without an outcome yet.
    pub fn waiting(&self) -> u64 {
        self.total.saturating_sub(self.labelled + self.skipped + self.failed)
    }
}

/// What became of an order of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OrderOutcome {
    /// Nothing yet.
    Waiting,
    /// Its labels are stored.
    Labelled,
    /// It had a label already.
    Skipped,
    /// It has none.
    Failed,
}

impl OrderOutcome {
    /// Every outcome.
    pub const ALL: [Self; 4] = [Self::Waiting, Self::Labelled, Self::Skipped, Self::Failed];

    /// The name in rows and in the native API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Labelled => "labelled",
            Self::Skipped => "skipped",
            Self::Failed => "failed",
        }
    }

    /// Reads what [`Self::as_str`] writes.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.as_str() == text)
    }
}

/// An order of a batch.
#[derive(Clone, Debug, PartialEq)]
pub struct BatchOrder {
    /// Its place in the batch, from 1: labels are put together in this order.
    pub position: u32,
    /// The order.
    pub order: OrderId,
    /// What became of it.
    pub outcome: OrderOutcome,
    /// The shipment that was made for it, or the one it had.
    pub shipment: Option<ShipmentId>,
    /// Why there is no label, by field.
    pub problems: Vec<Problem>,
}

/// Orders of a batch that wait for the same carrier; those of another carrier do not wait for them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lane {
    /// The carrier account, where the order names one or its location has no other.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// The location, where any of its carriers may be taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
    /// Orders that wait.
    pub waiting: u64,
    /// Orders with an outcome since the work was last taken up.
    pub done: u64,
    /// Orders a minute.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub per_minute: Option<u64>,
    /// When the last one will be done if it goes on like this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ends_at: Option<Timestamp>,
}

/// What labels can be grouped by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum GroupBy {
    /// The day the goods should be handed to the carrier.
    SendDate,
    /// Who sells the goods.
    Seller,
    /// The carrier account.
    Carrier,
    /// The country the goods go to, two letters.
    Country,
    /// A custom field of the order, 1 to 6.
    OrderField(u8),
    /// A custom field of the box, 1 to 6.
    BoxField(u8),
}

impl GroupBy {
    /// Everything labels can be grouped by.
    pub const ALL: [Self; 16] = [
        Self::SendDate,
        Self::Seller,
        Self::Carrier,
        Self::Country,
        Self::OrderField(1),
        Self::OrderField(2),
        Self::OrderField(3),
        Self::OrderField(4),
        Self::OrderField(5),
        Self::OrderField(6),
        Self::BoxField(1),
        Self::BoxField(2),
        Self::BoxField(3),
        Self::BoxField(4),
        Self::BoxField(5),
        Self::BoxField(6),
    ];

    /// What people read above the value.
    pub fn title(self) -> String {
        match self {
            Self::SendDate => "Send date".to_owned(),
            Self::Seller => "Seller".to_owned(),
            Self::Carrier => "Carrier".to_owned(),
            Self::Country => "Country".to_owned(),
            Self::OrderField(number) => format!("Order field {number}"),
            Self::BoxField(number) => format!("Box field {number}"),
        }
    }

    /// Reads what [`fmt::Display`] writes.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|by| by.to_string() == text)
    }

    /// What a parcel's label is grouped under; `None` when nobody said.
    pub fn value(self, order: Option<&Order>, shipment: &Shipment, parcel: &Parcel) -> Option<String> {
        match self {
            Self::Carrier => Some(shipment.details.service.account.clone()),
            Self::Country => shipment.details.recipient.country_code(),
            Self::SendDate => {
                let details = &order?.details;
                let of_items = details.items.iter().find_map(|item| item.hand_over_at);
                details.send_date.or(of_items).map(day)
            }
            Self::Seller => order?.details.seller.clone(),
            Self::OrderField(number) => order?.details.custom_fields.get(number).map(str::to_owned),
            Self::BoxField(number) => {
                let place = (parcel.position as usize).checked_sub(1)?;
                let planned = order?.details.boxes.as_deref()?.get(place)?;
                planned.custom_fields.get(number).map(str::to_owned)
            }
        }
    }
}

/// The day of a time, as it was sent.
fn day(at: SentTime) -> String {
    at.to_string().chars().take("2026-03-02".len()).collect()
}

/// The name in rows and in the native API: `send_date`, `country`, `order_field_3`.
impl fmt::Display for GroupBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SendDate => f.write_str("send_date"),
            Self::Seller => f.write_str("seller"),
            Self::Carrier => f.write_str("carrier"),
            Self::Country => f.write_str("country"),
            Self::OrderField(number) => write!(f, "order_field_{number}"),
            Self::BoxField(number) => write!(f, "box_field_{number}"),
        }
    }
}

impl From<GroupBy> for String {
    fn from(by: GroupBy) -> Self {
        by.to_string()
    }
}

impl TryFrom<String> for GroupBy {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text).ok_or_else(|| format!("{text:?} is nothing to group by"))
    }
}

/// What the labels of a group have in common, value by value.
pub type GroupKey = Vec<Option<String>>;

/// Puts labels into groups. Groups come in the order of their values, numbers as numbers, those without a value last; the
/// labels of a group stay in the order they came in.
pub fn grouped<T>(labels: impl IntoIterator<Item = (GroupKey, T)>) -> Vec<(GroupKey, Vec<T>)> {
    let mut places: HashMap<GroupKey, usize> = HashMap::new();
    let mut groups: Vec<(GroupKey, Vec<T>)> = Vec::new();
    for (key, label) in labels {
        if let Some(place) = places.get(&key) {
            groups[*place].1.push(label);
        } else {
            places.insert(key.clone(), groups.len());
            groups.push((key, vec![label]));
        }
    }
    groups.sort_by(|(a, _), (b, _)| {
        let pairs = a.iter().zip(b);
        pairs.map(|(a, b)| compare(a.as_deref(), b.as_deref())).find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
    });
    groups
}

/// By letters, whole numbers inside by their size: `A2` comes before `A10`.
fn compare(a: Option<&str>, b: Option<&str>) -> Ordering {
    let (a, b) = match (a, b) {
        (Some(a), Some(b)) => (a, b),
        (a, b) => return b.is_some().cmp(&a.is_some()),
    };
    let (mut left, mut right) = (a, b);
    loop {
        let (Some(ours), Some(theirs)) = (left.chars().next(), right.chars().next()) else {
            return left.len().cmp(&right.len()).then_with(|| a.cmp(b));
        };
        if ours.is_ascii_digit() && theirs.is_ascii_digit() {
            let number = |text: &str| text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len());
            let (ours, rest) = left.split_at(number(left));
            let (theirs, other_rest) = right.split_at(number(right));
            let (ours, theirs) = (ours.trim_start_matches('0'), theirs.trim_start_matches('0'));
            let by_size = ours.len().cmp(&theirs.len()).then_with(|| ours.cmp(theirs));
            if by_size.is_ne() {
                return by_size;
            }
            (left, right) = (rest, other_rest);
        } else {
            if ours != theirs {
                return ours.cmp(&theirs);
            }
            (left, right) = (&left[ours.len_utf8()..], &right[theirs.len_utf8()..]);
        }
    }
}

/// Which of a batch's files a document is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BatchPart {
    /// The batch.
    pub batch: BatchId,
    /// The printing it belongs to, from 1.
    pub printing: u32,
    /// Which group of that printing, from 1.
    pub place: u32,
    /// What its labels have in common.
    pub group: Vec<(GroupBy, Option<String>)>,
    /// How many labels are in it.
    pub labels: u64,
}

/// What stands on the page before a group's labels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupTitle {
    /// What the labels have in common: what it is, and its value.
    pub values: Vec<(String, Option<String>)>,
    /// Which group, from 1, of how many.
    pub place: (usize, usize),
    /// How many labels follow.
    pub labels: usize,
    /// Of how many orders.
    pub orders: usize,
    /// What the batch is called.
    pub batch: String,
    /// When it was asked for, ready to read.
    pub made: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(values: &[&str]) -> GroupKey {
        values.iter().map(|value| (!value.is_empty()).then(|| (*value).to_owned())).collect()
    }

    #[test]
    fn groups_come_in_the_order_of_their_values_and_labels_stay_in_theirs() {
        let labels = [
            (key(&["shelf 10", "DE"]), 1),
            (key(&["", "DE"]), 2),
            (key(&["shelf 2", "NL"]), 3),
            (key(&["shelf 10", "DE"]), 4),
            (key(&["shelf 2", "DE"]), 5),
            (key(&["shelf 02", "DE"]), 6),
        ];
        let expected = [
            (key(&["shelf 02", "DE"]), vec![6]),
            (key(&["shelf 2", "DE"]), vec![5]),
            (key(&["shelf 2", "NL"]), vec![3]),
            (key(&["shelf 10", "DE"]), vec![1, 4]),
            (key(&["", "DE"]), vec![2]),
        ];
        assert_eq!(grouped(labels), expected);
        assert_eq!(grouped([(key(&[]), 'a'), (key(&[]), 'b')]), [(key(&[]), vec!['a', 'b'])]);
    }

    #[test]
    fn what_labels_can_be_grouped_by_reads_back_by_its_name() {
        let names: Vec<_> = GroupBy::ALL.iter().map(ToString::to_string).collect();
        assert_eq!(names[..6], ["send_date", "seller", "carrier", "country", "order_field_1", "order_field_2"]);
        for by in GroupBy::ALL {
            assert_eq!(GroupBy::parse(&by.to_string()), Some(by));
        }
        assert_eq!(GroupBy::parse("order_field_7"), None);
    }
}
