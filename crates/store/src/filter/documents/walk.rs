//! A walk: the documents that hold every match of a filter, a few at a time.

use std::collections::{BTreeSet, HashSet};

use domain::Result;
use domain::document::{Document, DocumentKind, Format};
use domain::ids::{DocumentId, OrderId};
use domain::packing::box_of;
use domain::tenant::TenantId;
use query::{Filter, Test, Value as Wanted};

use super::{DocumentField, DocumentQuery};
use crate::codec::beginning;
use crate::documents::{COLUMNS, document};
use crate::searched::ListField;
use crate::{Tx, Value, params};

/// A walk through what holds every match.
pub(super) struct Walk {
    source: Source,
    is_over: bool,
    /// Whether documents come in the order that was asked for.
    pub(super) is_sorted: bool,
    /// How many orders were looked for by what they say.
    pub(super) orders: usize,
}

enum Source {
    /// The documents whose column is one of these numbers.
    Numbered(&'static str, Vec<i64>),
    /// The documents of the orders that have one of some texts.
    Said(Said),
    /// A part of an index, by id or by the instant of creation.
    Part(Part),
}

/// The orders that have one of some texts, text by text.
struct Said {
    /// A list of the order; `None` is its number.
    list: Option<ListField>,
    texts: std::vec::IntoIter<String>,
    text: Option<String>,
    /// The order that was walked last.
    after: i64,
    seen: HashSet<i64>,
}

/// Rows of an index in the order of a key and the id.
#[derive(Default)]
struct Part {
    is_by_creation: bool,
    descends: bool,
    /// Kinds and formats, if only some of each are wanted.
    kinds: Option<Vec<String>>,
    formats: Option<Vec<String>>,
    /// From when until when: a sign and an instant.
    bounds: Vec<(&'static str, i64)>,
    /// The place of the last document.
    after: Option<(domain::Timestamp, DocumentId)>,
}

/// The tests that every match must pass, by field.
fn needed<'f>(filter: &'f Filter<DocumentField>, tests: &mut Vec<(DocumentField, &'f Test<DocumentField>)>) {
    match filter {
        Filter::All(parts) => parts.iter().for_each(|part| needed(part, tests)),
        Filter::Field(field, own) => tests.extend(own.iter().map(|test| (*field, test))),
        Filter::Any(_) | Filter::Neither(_) => {}
    }
}

/// The texts that a test takes, if it takes no others.
fn texts<'f>(test: &'f Test<DocumentField>) -> Option<Vec<&'f str>> {
    let text = |wanted: &'f Wanted| match wanted {
        Wanted::Text(text) => Some(Some(text.as_str())),
        Wanted::Null | Wanted::Regex(_) | Wanted::List(_) => None,
        // No text equals a value of another type.
        _ => Some(None),
    };
    let found: Option<Vec<_>> = match test {
        Test::Eq(wanted) => Some(vec![text(wanted)?]),
        Test::In(wanted) => wanted.iter().map(text).collect(),
        _ => None,
    };
    Some(found?.into_iter().flatten().filter(|text| !text.contains('\0')).collect())
}

impl Walk {
    /// Chooses the source that narrows most by its nature.
    pub(super) fn of(query: &DocumentQuery) -> Self {
        let mut tests = Vec::new();
        needed(&query.filter, &mut tests);
        let source = Source::of(&tests, &query.sort);
        let is_sorted = match query.sort.as_slice() {
            [] => true,
            [(DocumentField::CreatedAt, _)] => matches!(source, Source::Part(_)),
            _ => false,
        };
        Self { source, is_over: false, is_sorted, orders: 0 }
    }

    /// The next documents, for which about `count` rows are read; `None` at the end.
    pub(super) async fn step(
        &mut self,
        tx: &mut Tx<'_>,
        tenant: &TenantId,
        count: usize,
    ) -> Result<Option<Vec<Document>>> {
        if self.is_over {
            return Ok(None);
        }
        let documents = match &mut self.source {
            Source::Numbered(column, numbers) => {
                self.is_over = true;
                let mut documents = tx.documents_of(tenant, column, numbers).await?;
                documents.sort_by_key(|document| document.id);
                documents
            }
            Source::Said(said) => {
                let orders = said.step(tx, tenant, count).await?;
                self.is_over = said.text.is_none();
                self.orders += orders.len();
                tx.documents_of(tenant, "order_id", &orders).await?
            }
            Source::Part(part) => {
                let (sql, parameters) = part.statement(tenant, count);
                let rows = tx.rows_once(&sql, &parameters).await?;
                let documents = rows.iter().map(document).collect::<Result<Vec<_>>>()?;
                self.is_over = documents.len() < count;
                part.after = documents.last().map(|last| (last.created_at, last.id));
                documents
            }
        };
        Ok(Some(documents))
    }
}

impl Tx<'_> {
    /// The documents with these numbers in a column, number by number.
    async fn documents_of(&mut self, tenant: &TenantId, column: &str, numbers: &[i64]) -> Result<Vec<Document>> {
        let sql = format!("select {COLUMNS} from documents where tenant_id = $1 and {column} = $2 order by id");
        let asks: Vec<_> = numbers.iter().map(|number| params![tenant.as_str(), *number].to_vec()).collect();
        let rows = self.rows_many(&sql, &asks).await?;
        rows.iter().flatten().map(document).collect()
    }
}

impl Source {
    fn of(tests: &[(DocumentField, &Test<DocumentField>)], sort: &[(DocumentField, bool)]) -> Self {
        let named = |field: DocumentField| {
            let own = tests.iter().filter(move |(known, _)| *known == field);
            own.filter_map(|(_, test)| texts(test)).min_by_key(Vec::len)
        };
        let numbers = |texts: Vec<&str>, read: &dyn Fn(&str) -> Option<u64>| {
            let numbers: BTreeSet<i64> = texts.into_iter().filter_map(read).map(|number| number as i64).collect();
            numbers.into_iter().collect::<Vec<_>>()
        };
        let of_document = |text: &str| Some(DocumentId::from_hex24(text)?.0.number());
        if let Some(texts) = named(DocumentField::Id) {
            return Self::Numbered("id", numbers(texts, &of_document));
        }
        if let Some(texts) = named(DocumentField::Link) {
            return Self::Numbered("id", numbers(texts, &|text| text.parse().ok()));
        }
        if let Some(texts) = named(DocumentField::FileName) {
            return Self::Numbered("id", numbers(texts, &|text| of_document(text.split('.').next()?)));
        }
        if let Some(texts) = named(DocumentField::Order) {
            return Self::Numbered("order_id", numbers(texts, &|text| Some(OrderId::from_hex24(text)?.0.number())));
        }
        if let Some(texts) = named(DocumentField::Batch) {
            return Self::Numbered("batch_id", numbers(texts, &|text| text.parse().ok()));
        }
        if let Some(texts) = named(DocumentField::Box) {
            return Self::Numbered("order_id", numbers(texts, &|text| Some(box_of(text)?.0.number())));
        }
        for (field, list) in [
            (DocumentField::OrderNumber, None),
            (DocumentField::ExternalBox, Some(ListField::BoxExternalId)),
            (DocumentField::Tags, Some(ListField::Tag)),
        ] {
            if let Some(texts) = named(field) {
                return Self::Said(Said::new(list, &texts));
            }
        }
        Self::Part(Part::of(tests, sort))
    }
}

impl Said {
    fn new(list: Option<ListField>, texts: &[&str]) -> Self {
        let texts: BTreeSet<String> = texts.iter().map(|text| beginning(text)).collect();
        let mut texts = texts.into_iter().collect::<Vec<_>>().into_iter();
        let text = texts.next();
        Self { list, texts, text, after: 0, seen: HashSet::new() }
    }

    /// The next orders, none of them twice. At the end there is no text left.
    async fn step(&mut self, tx: &mut Tx<'_>, tenant: &TenantId, count: usize) -> Result<Vec<i64>> {
        const BY_NUMBER: &str = "
            select id from orders where tenant_id = $1 and number = $2 and id > $3 order by id limit $4";
        const BY_VALUE: &str = "
            select order_id from order_values where tenant_id = $1 and value = $2 and order_id > $3 and field = $5
            order by order_id limit $4";
        let Some(text) = &self.text else { return Ok(Vec::new()) };
        let mut ask = params![tenant.as_str(), text.as_str(), self.after, count].to_vec();
        ask.extend(self.list.map(|list| Value::from(list.name())));
        let rows = tx.rows(if self.list.is_some() { BY_VALUE } else { BY_NUMBER }, &ask).await?;
        let orders = rows.iter().map(|row| row.int(0)).collect::<Result<Vec<_>>>()?;
        match orders.last() {
            Some(last) if orders.len() >= count => self.after = *last,
            _ => (self.text, self.after) = (self.texts.next(), 0),
        }
        Ok(orders.into_iter().filter(|order| self.seen.insert(*order)).collect())
    }
}

impl Part {
    /// Takes up what an index can tell: formats, kinds, and from when until when.
    fn of(tests: &[(DocumentField, &Test<DocumentField>)], sort: &[(DocumentField, bool)]) -> Self {
        let mut part = Self::default();
        if let [(DocumentField::CreatedAt, descends)] = sort {
            (part.is_by_creation, part.descends) = (true, *descends);
        }
        for (field, test) in tests {
            let at = |wanted: &Wanted| match wanted {
                Wanted::Date(at) => Some(at.as_millisecond().saturating_mul(1_000)),
                _ => None,
            };
            match (field, test) {
                (DocumentField::Kind, test) => {
                    if let Some(texts) = texts(test) {
                        let kinds = DocumentKind::ALL.map(|kind| kind.as_str().to_owned());
                        narrow(&mut part.kinds, kinds.into_iter().filter(|kind| texts.contains(&kind.as_str())));
                    }
                }
                (DocumentField::Extension, test) => {
                    if let Some(texts) = texts(test) {
                        let formats = Format::ALL.iter().filter(|format| texts.contains(&format.extension()));
                        narrow(&mut part.formats, formats.map(|format| format.name()));
                    }
                }
                // Stored to the microsecond, asked for to the millisecond.
                (DocumentField::CreatedAt, Test::Gt(wanted) | Test::Gte(wanted)) => {
                    part.bound(at(wanted), ">=", 0);
                }
                (DocumentField::CreatedAt, Test::Lt(wanted) | Test::Lte(wanted)) => {
                    part.bound(at(wanted), "<", 1_000);
                }
                (DocumentField::CreatedAt, Test::Eq(wanted)) => {
                    part.bound(at(wanted), ">=", 0);
                    part.bound(at(wanted), "<", 1_000);
                }
                _ => {}
            }
        }
        part
    }

    fn bound(&mut self, at: Option<i64>, sign: &'static str, more: i64) {
        if let Some(at) = at {
            self.is_by_creation = true;
            self.bounds.push((sign, at.saturating_add(more)));
        }
    }

    fn statement(&self, tenant: &TenantId, count: usize) -> (String, Vec<Value>) {
        let mut parameters = params![tenant.as_str(), count].to_vec();
        let mut place = |value: Value| {
            parameters.push(value);
            format!("${}", parameters.len())
        };
        let mut shared = String::new();
        for (sign, at) in &self.bounds {
            shared.extend([" and created_at ", *sign, " ", &place((*at).into())]);
        }
        let (direction, sign) = if self.descends { (" desc", "<") } else { ("", ">") };
        if let Some((at, id)) = &self.after {
            let id = place(id.number().into());
            if self.is_by_creation {
                shared.extend([" and (created_at, id) ", sign, " (", &place((*at).into()), ", ", &id, ")"]);
            } else {
                shared.extend([" and id ", sign, " ", &id]);
            }
        }
        let key = if self.is_by_creation { format!("created_at{direction}, ") } else { String::new() };
        let order = format!("order by {key}id{direction} limit $2");
        let mut one_of = |column: &str, values: &[String]| {
            // What the partial index says of itself must be said of it.
            let is_rare = column == "kind" && !values.iter().any(|kind| kind == "label");
            let rare = if is_rare { " and kind <> 'label'" } else { "" };
            match values {
                [] => " and 1 = 0".to_owned(),
                [value] => format!(" and {column} = {}{rare}", place(value.as_str().into())),
                values => {
                    let places: Vec<_> = values.iter().map(|value| place(value.as_str().into())).collect();
                    format!(" and {column} in ({}){rare}", places.join(", "))
                }
            }
        };
        // An index by id has those of one kind or format in order, but not those of several: each is walked by itself.
        let mut parts = vec![String::new()];
        for (column, values) in [("kind", &self.kinds), ("format", &self.formats)] {
            let Some(values) = values else { continue };
            if self.is_by_creation || values.is_empty() || parts != [""] {
                shared.push_str(&one_of(column, values));
            } else {
                parts = values.iter().map(|value| one_of(column, std::slice::from_ref(value))).collect();
            }
        }
        let part =
            |part: &String| format!("select {COLUMNS} from documents where tenant_id = $1{shared}{part} {order}");
        let sql = match parts.as_slice() {
            [one] => part(one),
            parts => {
                let parts =
                    parts.iter().enumerate().map(|(n, one)| format!("select * from ({}) as part{n}", part(one)));
                format!("{} {order}", parts.collect::<Vec<_>>().join(" union all "))
            }
        };
        (sql, parameters)
    }
}

/// Leaves what is also among the values.
fn narrow(known: &mut Option<Vec<String>>, values: impl Iterator<Item = String>) {
    let values: Vec<_> = values.collect();
    match known {
        Some(known) => known.retain(|one| values.contains(one)),
        None => *known = Some(values),
    }
}
