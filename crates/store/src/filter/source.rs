//! A source: a part of an index that holds every order a condition takes, walked in the order of its values.

use domain::ids::{DocumentId, OrderId};
use domain::tenant::TenantId;
use domain::tracking::TrackingStatus;
use domain::{Result, Timestamp};
use query::{Filter, Test, Value as Wanted};

use super::flags::Flags;
use super::{OrderField, WAITING, of_tenant, order_of, stored};
use crate::codec::{KEY_LENGTH, id};
use crate::searched::{ListField, sortable};
use crate::{Tx, Value};

/// Rows of one table, in the order of a key and the order's id.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Source {
    table: &'static str,
    /// What is walked first; `None` when all rows have the same.
    key: Option<&'static str>,
    /// The column with the order's id.
    order: &'static str,
    /// Conditions, each with `?` where its parameter goes.
    conditions: Vec<(String, Option<Value>)>,
}

impl Source {
    fn new(table: &'static str, key: Option<&'static str>, order: &'static str) -> Self {
        Self { table, key, order, conditions: Vec::new() }
    }

    fn with(mut self, condition: impl Into<String>, value: impl Into<Value>) -> Self {
        self.conditions.push((condition.into(), Some(value.into())));
        self
    }

    fn such(mut self, condition: &str) -> Self {
        self.conditions.push((condition.to_owned(), None));
        self
    }

    /// Every order, by id.
    pub(super) fn everything() -> Self {
        Self::new("orders", None, "id")
    }

    /// Every order in the order of a field, if an index has it; null comes first, or last where it descends.
    pub(super) fn in_order_of(field: OrderField, descends: bool) -> Option<Vec<Self>> {
        if field == OrderField::Id {
            return Some(vec![Self::new("orders", Some("created_at"), "id")]);
        }
        let column = field.column()?;
        let filled = Self::new("orders", Some(column), "id").such(&format!("{column} is not null"));
        let empty = Self::new("orders", None, "id").such(&format!("{column} is null"));
        Some(if descends { vec![filled, empty] } else { vec![empty, filled] })
    }

    /// A statement that counts rows up to `most`.
    pub(super) fn probe(&self, tenant: &TenantId, most: usize) -> (String, Vec<Value>) {
        let mut parameters = of_tenant(tenant);
        let conditions = self.conditions(&mut parameters);
        parameters.push(most.into());
        let (table, last) = (self.table, parameters.len());
        let sql = format!(
            "select count(*) from (select 1 as one from {table} where tenant_id = $1{conditions} limit ${last}) as few"
        );
        (sql, parameters)
    }

    fn conditions(&self, parameters: &mut Vec<Value>) -> String {
        let mut sql = String::new();
        for (condition, value) in &self.conditions {
            sql.push_str(" and ");
            match value {
                Some(value) => {
                    parameters.push(value.clone());
                    sql.push_str(&condition.replace('?', &format!("${}", parameters.len())));
                }
                None => sql.push_str(condition),
            }
        }
        sql
    }

    /// A statement that walks `count` rows behind a place and says of each which order it is and whether it may fit.
    pub(super) fn statement(
        &self,
        tenant: &TenantId,
        flags: &Flags,
        after: Option<&(Value, i64)>,
        descends: bool,
        count: usize,
    ) -> (String, Vec<Value>) {
        let mut parameters = of_tenant(tenant);
        let mut conditions = self.conditions(&mut parameters);
        let (order, direction, sign) = if descends { (self.order, " desc", "<") } else { (self.order, "", ">") };
        if let Some((key, last)) = after {
            if let Some(column) = self.key {
                parameters.push(key.clone());
                parameters.push((*last).into());
                let (key, last) = (parameters.len() - 1, parameters.len());
                conditions = format!("{conditions} and ({column}, {order}) {sign} (${key}, ${last})");
            } else {
                parameters.push((*last).into());
                conditions = format!("{conditions} and {order} {sign} ${}", parameters.len());
            }
        }
        parameters.push(count.into());
        let limit = parameters.len();
        let fits = flags.sql("o", &mut parameters);
        let key = self.key.unwrap_or("0");
        let order_by = match self.key {
            Some(key) => format!("{key}{direction}, {order}{direction}"),
            None => format!("{order}{direction}"),
        };
        let key = if self.key.is_some() { key.to_owned() } else { "cast(0 as bigint)".to_owned() };
        let flag = format!("cast(case when o.is_deleted = 0 and {fits} then 1 else 0 end as bigint)");
        let table = self.table;
        let sql = if table == "orders" {
            format!(
                "select {key}, {order}, {flag} from orders o where tenant_id = $1{conditions}
                 order by {order_by} limit ${limit}"
            )
        } else {
            format!(
                "select w.k, w.n, {flag}
                 from (select {key} as k, {order} as n from {table} where tenant_id = $1{conditions}
                       order by {order_by} limit ${limit}) as w
                 join orders o on o.tenant_id = $1 and o.id = w.n
                 order by w.k{direction}, w.n{direction}"
            )
        };
        (sql, parameters)
    }
}

/// Sources walked one after the other.
#[derive(Debug)]
pub(super) struct Walk {
    sources: std::vec::IntoIter<Source>,
    current: Option<Source>,
    after: Option<(Value, i64)>,
    descends: bool,
}

impl Walk {
    pub(super) fn new(sources: Vec<Source>, descends: bool) -> Self {
        let mut sources = sources.into_iter();
        let current = sources.next();
        Self { sources, current, after: None, descends }
    }

    /// The next orders, each with whether it may fit; `None` at the end.
    pub(super) async fn step(
        &mut self,
        tx: &mut Tx<'_>,
        tenant: &TenantId,
        flags: &Flags,
        count: usize,
    ) -> Result<Option<Vec<(OrderId, bool)>>> {
        let Some(source) = &self.current else { return Ok(None) };
        let (sql, parameters) = source.statement(tenant, flags, self.after.as_ref(), self.descends, count);
        let rows = tx.rows_once(&sql, &parameters).await?;
        match rows.last() {
            Some(last) if rows.len() >= count => self.after = Some((last.value_at(0)?, last.int(1)?)),
            _ => {
                self.current = self.sources.next();
                self.after = None;
            }
        }
        let orders = rows.iter().map(|row| Ok((id(row.int(1)?, OrderId::new)?, row.bool(2)?)));
        orders.collect::<Result<Vec<_>>>().map(Some)
    }
}

/// Sources that together hold every match of a filter.
#[derive(Clone, Debug)]
pub(super) struct Candidate {
    pub(super) sources: Vec<Source>,
    /// How much it narrows by its nature, the more the less.
    pub(super) rank: u8,
    /// The field of one value whose order it walks in; `None` when it walks in the order of ids.
    pub(super) order: Option<OrderField>,
}

impl Candidate {
    fn of(field: OrderField, sources: Vec<Source>) -> Self {
        let is_range = sources.iter().any(|source| source.key.is_some());
        let order = field.column().map(|_| field).or((field == OrderField::Id).then_some(field));
        Self { sources, rank: rank(field) + if is_range { 10 } else { 0 }, order }
    }

    /// Whether its orders come in an order that can be told without walking it.
    pub(super) fn is_one_order(&self) -> bool {
        self.order.is_some() || (self.sources.len() == 1 && self.sources[0].key.is_none())
    }
}

/// How many orders share a value of a field, by the field's nature.
fn rank(field: OrderField) -> u8 {
    match field {
        OrderField::Id | OrderField::BoxLabel => 0,
        OrderField::Number | OrderField::BoxTrackingNumber => 1,
        OrderField::BoxFailure | OrderField::BoxField(_) => 2,
        OrderField::SendDate | OrderField::BoxScannedAt => 3,
        OrderField::CustomField(_) | OrderField::Tags => 4,
        OrderField::Seller | OrderField::Store | OrderField::Contract | OrderField::SenderCompany => 5,
        OrderField::BoxTracking | OrderField::Standing => 6,
        OrderField::Country | OrderField::BoxIsScanned | OrderField::Boxes => 7,
        OrderField::AddressStatus => 8,
    }
}

/// Every choice of sources that holds all matches of a filter.
pub(super) fn candidates(filter: &Filter<OrderField>) -> Vec<Candidate> {
    match filter {
        Filter::All(parts) => parts.iter().flat_map(candidates).collect(),
        Filter::Any(parts) => {
            // Each part needs one; the best of each is taken.
            let best = parts.iter().map(|part| candidates(part).into_iter().min_by_key(|candidate| candidate.rank));
            let Some(best) = best.collect::<Option<Vec<_>>>() else { return Vec::new() };
            let rank = best.iter().map(|candidate| candidate.rank).max().unwrap_or_default();
            // Orders may stand in several parts, so no one order describes them.
            let sources = best.into_iter().flat_map(|candidate| candidate.sources).collect();
            vec![Candidate { sources, rank, order: None }]
        }
        Filter::Neither(_) => Vec::new(),
        Filter::Field(field, tests) => of_field(*field, tests),
    }
}

fn of_field(field: OrderField, tests: &[Test<OrderField>]) -> Vec<Candidate> {
    let mut all: Vec<Vec<Source>> = Vec::new();
    let mut inside = Vec::new();
    let mut range = Range::default();
    for test in tests {
        match test {
            Test::Eq(wanted) => all.extend(points(field, std::slice::from_ref(wanted))),
            Test::In(wanted) => all.extend(points(field, wanted)),
            Test::All(wanted) => all.extend(wanted.iter().filter_map(|one| points(field, std::slice::from_ref(one)))),
            Test::Gt(wanted) | Test::Gte(wanted) => range.at_least(wanted),
            Test::Lt(wanted) | Test::Lte(wanted) => range.at_most(wanted),
            Test::Matches(pattern) => {
                if let Some(prefix) = pattern.prefix() {
                    all.extend(Range::beginning_with(prefix).source(field));
                }
            }
            Test::ElemFilter(filter) if field == OrderField::Boxes => inside.extend(candidates(filter)),
            _ => {}
        }
    }
    all.extend(range.source(field));
    let own = all.into_iter().map(|sources| Candidate::of(field, sources));
    own.chain(inside).collect()
}

/// Where each of the values stands; `None` when an index cannot say.
fn points(field: OrderField, wanted: &[Wanted]) -> Option<Vec<Source>> {
    let mut sources: Vec<Source> = Vec::new();
    // In the order of their values, which is then that of the walk.
    let mut wanted: Vec<&Wanted> = wanted.iter().collect();
    wanted.sort_by(|a, b| order_of(a, b));
    for wanted in wanted {
        match wanted {
            // A whole list may equal a list.
            Wanted::Null | Wanted::Regex(_) | Wanted::List(_) => return None,
            wanted => {
                for source in point(field, wanted)? {
                    if !sources.contains(&source) {
                        sources.push(source);
                    }
                }
            }
        }
    }
    Some(sources)
}

fn point(field: OrderField, wanted: &Wanted) -> Option<Vec<Source>> {
    let number_of = |read: Option<u64>| read.map(|number| number as i64);
    Some(match field {
        OrderField::Id => {
            let Wanted::Text(text) = wanted else { return Some(Vec::new()) };
            let number = number_of(OrderId::from_hex24(text).map(|(id, _)| id.number()));
            number.map(|number| Source::everything().with("id = ?", number)).into_iter().collect()
        }
        OrderField::BoxLabel => {
            let Wanted::Text(text) = wanted else { return Some(Vec::new()) };
            let number = number_of(DocumentId::from_hex24(text).map(|(id, _)| id.number()));
            let of = |number| Source::new("documents", None, "order_id").with("id = ?", number);
            number.map(of).into_iter().collect()
        }
        OrderField::BoxTracking => {
            let Wanted::Text(text) = wanted else { return Some(Vec::new()) };
            tracking(text)
        }
        field => {
            let place = Place::of(field)?;
            let Some(value) = place.stored(wanted) else { return Some(Vec::new()) };
            vec![place.source(None).with(format!("{} = ?", place.column), value)]
        }
    })
}

fn tracking(status: &str) -> Vec<Source> {
    let booked = |status: &str| {
        Source::new("parcels", None, "order_id")
            .such("is_live = 1")
            .such("booked_at is not null")
            .with("tracking = ?", status)
    };
    if status == WAITING {
        return vec![
            Source::everything().such("boxes > booked"),
            Source::new("parcels", None, "order_id").such("is_live = 1").such("booked_at is null"),
            Source::new("shipments", None, "order_id").such("failure is not null"),
        ];
    }
    match TrackingStatus::parse(status) {
        None => Vec::new(),
        Some(TrackingStatus::Announced) => vec![booked("announced"), booked("unknown")],
        Some(other) => vec![booked(other.as_str())],
    }
}

/// Where the values of a field stand in an index.
struct Place {
    table: &'static str,
    column: &'static str,
    order: &'static str,
    list: Option<ListField>,
    is_date: bool,
}

impl Place {
    fn of(field: OrderField) -> Option<Self> {
        let list = |list, is_date| Self {
            table: "order_values",
            column: "value",
            order: "order_id",
            list: Some(list),
            is_date,
        };
        let elsewhere = |table, column| Self { table, column, order: "order_id", list: None, is_date: false };
        Some(match field {
            OrderField::Tags => list(ListField::Tag, false),
            OrderField::BoxField(number) => list(ListField::BoxField(number), false),
            OrderField::BoxIsScanned => list(ListField::BoxIsScanned, false),
            OrderField::BoxScannedAt => list(ListField::BoxScannedAt, true),
            OrderField::BoxTrackingNumber => elsewhere("parcels", "tracking_number"),
            OrderField::BoxFailure => elsewhere("shipments", "failure"),
            field => Self {
                table: "orders",
                column: field.column()?,
                order: "id",
                list: None,
                is_date: field == OrderField::SendDate,
            },
        })
    }

    /// A value as it stands there; `None` when none can.
    fn stored(&self, wanted: &Wanted) -> Option<Value> {
        match wanted {
            Wanted::Date(at) if self.is_date && self.list.is_some() => Some(sortable(at.as_millisecond()).into()),
            Wanted::Date(_) => stored(wanted).filter(|_| self.is_date),
            Wanted::Bool(_) => stored(wanted).filter(|_| self.list == Some(ListField::BoxIsScanned)),
            _ => stored(wanted).filter(|_| !self.is_date),
        }
    }

    fn source(&self, key: Option<&'static str>) -> Source {
        let source = Source::new(self.table, key, self.order);
        match self.list {
            Some(list) => source.with("field = ?", list.name()),
            // What comes back belongs to no order there.
            None if self.table == "parcels" => source.such("order_id > 0"),
            None => source,
        }
    }
}

/// From one value to another, both among them; what lies outside by less than a column tells is sorted out later.
#[derive(Default)]
struct Range {
    low: Option<Wanted>,
    high: Option<Wanted>,
    /// Whether anything was compared that has no place in an index.
    is_odd: bool,
}

impl Range {
    fn at_least(&mut self, wanted: &Wanted) {
        self.is_odd |= matches!(wanted, Wanted::Null);
        self.low = Some(wanted.clone());
    }

    fn at_most(&mut self, wanted: &Wanted) {
        self.is_odd |= matches!(wanted, Wanted::Null);
        self.high = Some(wanted.clone());
    }

    fn beginning_with(prefix: &str) -> Self {
        // No text that begins so comes after this one: the last letter there is, as often as a column can hold it.
        let last: String = std::iter::repeat_n(char::MAX, KEY_LENGTH).collect();
        Self { low: Some(Wanted::text(prefix)), high: Some(Wanted::Text(format!("{prefix}{last}"))), is_odd: false }
    }

    /// The part of an index it covers.
    fn source(self, field: OrderField) -> Option<Vec<Source>> {
        if self.is_odd || (self.low.is_none() && self.high.is_none()) {
            return None;
        }
        if field == OrderField::Id {
            return self.of_ids();
        }
        let place = Place::of(field)?;
        // Two ends may be met by two elements of a list: then only one of them narrows.
        let high = if place.order == "id" || self.low.is_none() { self.high } else { None };
        let mut source = place.source(Some(place.column));
        for (sign, end) in [(">=", self.low), ("<=", high)] {
            let Some(end) = end else { continue };
            let end = match end {
                // No stored text holds U+0000: what comes after it orders nothing.
                Wanted::Text(text) => Wanted::Text(text.split('\0').next().unwrap_or_default().to_owned()),
                other => other,
            };
            // A range stays within one type.
            let Some(value) = place.stored(&end) else { return Some(Vec::new()) };
            source = source.with(format!("{} {sign} ?", place.column), value);
        }
        Some(vec![source])
    }

    /// Ids are in the order of their creation, to the second.
    fn of_ids(self) -> Option<Vec<Source>> {
        let mut source = Source::new("orders", Some("created_at"), "id");
        for (sign, end, more) in [(">=", self.low, 0), ("<", self.high, 1)] {
            let Some(end) = end else { continue };
            let Wanted::Text(text) = end else { return Some(Vec::new()) };
            let second = i64::from_str_radix(text.get(..8)?, 16).ok()?;
            let at = Timestamp::from_second(second + more).ok()?;
            source = source.with(format!("created_at {sign} ?"), at);
        }
        Some(vec![source])
    }
}
