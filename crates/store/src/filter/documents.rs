//! Documents chosen by a query over their fields and those of their orders.
//!
//! A condition on the order, the box or the document itself names what is read; one on the day, the format or the kind
//! walks an index; everything else walks all documents under a ceiling. The matcher of `query` has the last word.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use domain::Result;
use domain::document::{Document, DocumentKind, Format};
use domain::ids::{DocumentId, OrderId, ParcelId};
use domain::order::Order;
use domain::packing::box_of;
use domain::tenant::TenantId;
use query::{Filter, Patience, Reached, Test, Value as Wanted};

use super::{Ceiling, STEP, order_of, too_costly, too_much};
use crate::codec::beginning;
use crate::documents::{COLUMNS, document};
use crate::searched::ListField;
use crate::{Tx, Value, params};

/// A field of a document that can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DocumentField {
    /// Its id in 24 hexadecimal digits.
    Id,
    /// Where links to it lead: its id as a decimal number.
    Link,
    /// What it is, in the words of [`DocumentKind`].
    Kind,
    /// `pdf`, `zpl` or `png`.
    Extension,
    /// Its id and its extension.
    FileName,
    /// When it was made.
    CreatedAt,
    /// Who made it, an object.
    Creator,
    /// The tenant's id, as whose name and as whose id it stands.
    CreatorId,
    /// Whether it holds several orders' labels.
    IsGrouped,
    /// What it is grouped by, a list.
    GroupValues,
    /// The number of the batch it came of.
    Batch,
    /// The tags of its order, a list.
    Tags,
    /// The id of its box in 24 hexadecimal digits.
    Box,
    /// The shop's own id of its box.
    ExternalBox,
    /// The id of its order in 24 hexadecimal digits.
    Order,
    /// The number of its order.
    OrderNumber,
}

/// Which documents, in which order, and which part of them.
#[derive(Clone, Debug, Default)]
pub struct DocumentQuery {
    /// Which documents.
    pub filter: Filter<DocumentField>,
    /// Sort fields, each with whether it descends; ties, and everything without a sort, by id.
    pub sort: Vec<(DocumentField, bool)>,
    /// How many to leave out.
    pub skip: u64,
    /// How many to answer.
    pub limit: usize,
}

/// A document and what it belongs to.
#[derive(Clone, Debug, PartialEq)]
pub struct FoundDocument {
    /// The document.
    pub document: Document,
    /// Its order, deleted or not; `None` for what is of many.
    pub order: Option<Order>,
    /// The place of its box in the order, if it is of one box.
    pub position: Option<u32>,
}

impl FoundDocument {
    /// Its name as a file.
    pub fn file_name(&self) -> String {
        format!("{}.{}", self.document.id.to_hex24(self.document.created_at), self.document.format.extension())
    }

    /// Whether it holds the labels of one group of a batch.
    pub fn is_grouped(&self) -> bool {
        !self.group_values().is_empty()
    }

    /// What the labels in it have in common.
    pub fn group_values(&self) -> Vec<&str> {
        let group = self.document.of_batch.iter().flat_map(|part| &part.group);
        group.map(|(_, value)| value.as_deref().unwrap_or_default()).collect()
    }

    /// The number of the batch it came of.
    pub fn batch_number(&self) -> Option<u64> {
        Some(self.document.of_batch.as_ref()?.batch.number())
    }

    /// The id of its box in 24 hexadecimal digits.
    pub fn box_id(&self) -> Option<String> {
        let order = self.order.as_ref()?;
        Some(domain::packing::box_id(order.id, order.created_at, self.position?))
    }

    /// The shop's own id of its box.
    pub fn external_box(&self) -> Option<&str> {
        let place = usize::try_from(self.position?).ok()?.checked_sub(1)?;
        self.order.as_ref()?.details.boxes.as_deref()?.get(place)?.external_id.as_deref()
    }
}

/// What a query found.
#[derive(Clone, Debug, PartialEq)]
pub struct FoundDocuments {
    /// The documents of the part asked for.
    pub documents: Vec<FoundDocument>,
    /// Whether more follow.
    pub has_more: bool,
}

struct View<'a> {
    found: &'a FoundDocument,
    tenant: &'a TenantId,
}

impl query::Document<DocumentField> for View<'_> {
    fn reach<'a>(&'a self, field: &DocumentField) -> Reached<'a> {
        let FoundDocument { document, order, .. } = self.found;
        let text = |text: Option<&str>| text.map(Wanted::text);
        let value = match field {
            DocumentField::Id => Some(Wanted::Text(document.id.to_hex24(document.created_at))),
            DocumentField::Link => Some(Wanted::Text(document.id.number().to_string())),
            DocumentField::Kind => text(Some(document.kind.as_str())),
            DocumentField::Extension => text(Some(document.format.extension())),
            DocumentField::FileName => Some(Wanted::Text(self.found.file_name())),
            DocumentField::CreatedAt => {
                let at = domain::Timestamp::from_millisecond(document.created_at.as_millisecond());
                Some(Wanted::Date(at.unwrap_or(document.created_at)))
            }
            DocumentField::Creator => Some(Wanted::Object(Vec::new())),
            DocumentField::CreatorId => text(Some(self.tenant.as_str())),
            DocumentField::IsGrouped => Some(Wanted::Bool(self.found.is_grouped())),
            DocumentField::GroupValues => {
                let values = self.found.group_values();
                Some(Wanted::List(values.into_iter().map(Wanted::text).collect()))
            }
            DocumentField::Batch => self.found.batch_number().map(|number| Wanted::Text(number.to_string())),
            DocumentField::Tags => {
                let tags = order.iter().filter_map(|order| order.details.tags.as_ref()).flatten();
                Some(Wanted::List(tags.map(|tag| Wanted::text(tag.as_str())).collect()))
            }
            DocumentField::Box => self.found.box_id().map(Wanted::Text),
            DocumentField::ExternalBox => text(self.found.external_box()),
            DocumentField::Order => order.as_ref().map(|order| Wanted::Text(order.id.to_hex24(order.created_at))),
            DocumentField::OrderNumber => text(order.as_ref().and_then(|order| order.details.number.as_deref())),
        };
        vec![value.map(Cow::Owned)]
    }
}

/// What holds every match of a filter.
enum Source {
    /// These documents.
    Documents(Vec<i64>),
    /// The documents of these orders.
    Orders(Vec<i64>),
    /// The files of these batches.
    Batches(Vec<i64>),
    /// A part of an index, by id or by the instant of creation.
    Walk(Part),
}

/// Rows of an index in the order of a key and the id.
#[derive(Default)]
struct Part {
    is_by_creation: bool,
    descends: bool,
    /// Conditions on columns, each with `?` where its value goes.
    conditions: Vec<(String, Vec<Value>)>,
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

impl Tx<'_> {
    /// The documents that a query chooses.
    ///
    /// Fails with a problem of `query` when more would have to be read than the ceiling allows, or its patterns take too
    /// long.
    pub async fn find_documents(
        &mut self,
        tenant: &TenantId,
        query: &DocumentQuery,
        ceiling: Ceiling,
    ) -> Result<FoundDocuments> {
        let patience = Patience::of(ceiling.patterns);
        let mut tests = Vec::new();
        needed(&query.filter, &mut tests);
        let mut part = Part::default();
        let is_walked_in_order = match query.sort.as_slice() {
            [] => true,
            [(DocumentField::CreatedAt, descends)] => {
                (part.is_by_creation, part.descends) = (true, *descends);
                true
            }
            _ => false,
        };
        let source = self.source_of_documents(tenant, &tests, part, ceiling).await?;
        let is_sorted = is_walked_in_order && (query.sort.is_empty() || matches!(source, Source::Walk(_)));
        let wanted = usize::try_from(query.skip).unwrap_or(usize::MAX).saturating_add(query.limit + 1);
        let (mut found, mut read, mut after) = (Vec::new(), 0, None);
        loop {
            let (rows, is_end) = self.documents_behind(tenant, &source, after.as_ref()).await?;
            read += rows.len();
            after = rows.last().map(|last| (last.created_at, last.id));
            for found_one in self.with_orders(tenant, rows).await? {
                let view = View { found: &found_one, tenant };
                if query.filter.matches(&view, patience).map_err(too_costly)? {
                    found.push(found_one);
                }
            }
            if is_sorted && found.len() >= wanted {
                break;
            }
            if read > ceiling.read {
                return Err(too_much("documents", ceiling.read));
            }
            if is_end {
                break;
            }
        }
        if !is_sorted {
            sort(&mut found, tenant, &query.sort);
        }
        found.drain(..usize::try_from(query.skip).unwrap_or(usize::MAX).min(found.len()));
        let has_more = found.len() > query.limit;
        found.truncate(query.limit);
        Ok(FoundDocuments { documents: found, has_more })
    }

    /// The source that narrows most by its nature.
    async fn source_of_documents(
        &mut self,
        tenant: &TenantId,
        tests: &[(DocumentField, &Test<DocumentField>)],
        mut part: Part,
        ceiling: Ceiling,
    ) -> Result<Source> {
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
            return Ok(Source::Documents(numbers(texts, &of_document)));
        }
        if let Some(texts) = named(DocumentField::Link) {
            return Ok(Source::Documents(numbers(texts, &|text| text.parse().ok())));
        }
        if let Some(texts) = named(DocumentField::FileName) {
            return Ok(Source::Documents(numbers(texts, &|text| of_document(text.split('.').next()?))));
        }
        if let Some(texts) = named(DocumentField::Order) {
            return Ok(Source::Orders(numbers(texts, &|text| Some(OrderId::from_hex24(text)?.0.number()))));
        }
        if let Some(texts) = named(DocumentField::Batch) {
            return Ok(Source::Batches(numbers(texts, &|text| text.parse().ok())));
        }
        if let Some(texts) = named(DocumentField::Box) {
            return Ok(Source::Orders(numbers(texts, &|text| Some(box_of(text)?.0.number()))));
        }
        const BY_NUMBER: &str = "select id from orders where tenant_id = $1 and number = $2 limit $3";
        const BY_VALUE: &str = "
            select order_id from order_values where tenant_id = $1 and value = $2 and field = $4 limit $3";
        let lists = [(DocumentField::ExternalBox, ListField::BoxExternalId), (DocumentField::Tags, ListField::Tag)];
        let lists = lists.map(|(field, list)| (field, Some(list)));
        for (field, list) in [(DocumentField::OrderNumber, None)].into_iter().chain(lists) {
            let Some(texts) = named(field) else { continue };
            let mut orders = BTreeSet::new();
            for text in texts {
                let mut ask = params![tenant.as_str(), beginning(text), ceiling.read + 1].to_vec();
                ask.extend(list.map(|list| Value::from(list.name())));
                let sql = if list.is_some() { BY_VALUE } else { BY_NUMBER };
                for row in self.rows(sql, &ask).await? {
                    orders.insert(row.int(0)?);
                }
            }
            if orders.len() > ceiling.read {
                return Err(too_much("orders", ceiling.read));
            }
            return Ok(Source::Orders(orders.into_iter().collect()));
        }
        part.narrow(tests);
        Ok(Source::Walk(part))
    }

    /// The next documents of a source, and whether they are its last.
    async fn documents_behind(
        &mut self,
        tenant: &TenantId,
        source: &Source,
        after: Option<&(domain::Timestamp, DocumentId)>,
    ) -> Result<(Vec<Document>, bool)> {
        let (column, numbers) = match source {
            Source::Documents(numbers) => ("id", numbers),
            Source::Orders(numbers) => ("order_id", numbers),
            Source::Batches(numbers) => ("batch_id", numbers),
            Source::Walk(part) => {
                let (sql, parameters) = part.statement(tenant, after);
                let rows = self.rows(&sql, &parameters).await?;
                let documents = rows.iter().map(document).collect::<Result<Vec<_>>>()?;
                let is_end = documents.len() < STEP;
                return Ok((documents, is_end));
            }
        };
        let sql = format!("select {COLUMNS} from documents where tenant_id = $1 and {column} = $2 order by id");
        let asks: Vec<_> = numbers.iter().map(|number| params![tenant.as_str(), *number].to_vec()).collect();
        let rows = self.rows_many(&sql, &asks).await?;
        let mut documents = rows.iter().flatten().map(document).collect::<Result<Vec<_>>>()?;
        documents.sort_by_key(|document| document.id);
        Ok((documents, true))
    }

    async fn with_orders(&mut self, tenant: &TenantId, documents: Vec<Document>) -> Result<Vec<FoundDocument>> {
        const POSITION: &str = "select position from parcels where tenant_id = $1 and id = $2";
        let ids: BTreeSet<OrderId> = documents.iter().filter_map(|document| document.order).collect();
        let ids: Vec<_> = ids.into_iter().collect();
        let orders = self.orders_ever(tenant, &ids).await?.into_iter().flatten();
        let orders: BTreeMap<OrderId, Order> = orders.map(|order| (order.id, order)).collect();
        let parcels: BTreeSet<ParcelId> = documents.iter().filter_map(|document| document.parcel).collect();
        let asks: Vec<_> = parcels.iter().map(|id| params![tenant.as_str(), id.number()].to_vec()).collect();
        let rows = self.rows_many(POSITION, &asks).await?;
        let mut positions = BTreeMap::new();
        for (parcel, rows) in parcels.iter().zip(&rows) {
            if let Some(row) = rows.first() {
                positions.insert(*parcel, row.int(0)? as u32);
            }
        }
        let found = documents.into_iter().map(|document| {
            let order = document.order.and_then(|order| orders.get(&order).cloned());
            let position = document.parcel.and_then(|parcel| positions.get(&parcel).copied());
            FoundDocument { document, order, position }
        });
        Ok(found.collect())
    }
}

impl Part {
    /// Takes up what an index can tell: formats, kinds, and from when until when.
    fn narrow(&mut self, tests: &[(DocumentField, &Test<DocumentField>)]) {
        for (field, test) in tests {
            let at = |wanted: &Wanted| match wanted {
                Wanted::Date(at) => Some(at.as_millisecond().saturating_mul(1_000)),
                _ => None,
            };
            match (field, test) {
                (DocumentField::Kind, test) => {
                    if let Some(kinds) = texts(test) {
                        let known = |kind: &&str| DocumentKind::parse(kind).is_some();
                        let kinds: Vec<_> = kinds.into_iter().filter(known).collect();
                        // What the partial index says of itself must be said of it.
                        let rare = if kinds.contains(&"label") { "" } else { " and kind <> 'label'" };
                        self.any("kind", kinds.into_iter().map(Value::from).collect(), rare);
                    }
                }
                (DocumentField::Extension, test) => {
                    if let Some(extensions) = texts(test) {
                        let fits = |format: &&Format| extensions.contains(&format.extension());
                        let formats = Format::ALL.iter().filter(fits).map(|format| Value::from(format.name()));
                        self.any("format", formats.collect(), "");
                    }
                }
                // Stored to the microsecond, asked for to the millisecond.
                (DocumentField::CreatedAt, Test::Gt(wanted) | Test::Gte(wanted)) => {
                    self.bound(at(wanted), ">=", 0);
                }
                (DocumentField::CreatedAt, Test::Lt(wanted) | Test::Lte(wanted)) => {
                    self.bound(at(wanted), "<", 1_000);
                }
                (DocumentField::CreatedAt, Test::Eq(wanted)) => {
                    self.bound(at(wanted), ">=", 0);
                    self.bound(at(wanted), "<", 1_000);
                }
                _ => {}
            }
        }
    }

    fn any(&mut self, column: &str, values: Vec<Value>, more: &str) {
        let places = vec!["?"; values.len()].join(", ");
        let condition = if values.is_empty() { "1 = 0".to_owned() } else { format!("{column} in ({places}){more}") };
        self.conditions.push((condition, values));
    }

    fn bound(&mut self, at: Option<i64>, sign: &str, more: i64) {
        if let Some(at) = at {
            self.is_by_creation = true;
            self.conditions.push((format!("created_at {sign} ?"), vec![at.saturating_add(more).into()]));
        }
    }

    fn statement(&self, tenant: &TenantId, after: Option<&(domain::Timestamp, DocumentId)>) -> (String, Vec<Value>) {
        let mut parameters = params![tenant.as_str()].to_vec();
        let mut sql = format!("select {COLUMNS} from documents where tenant_id = $1");
        for (condition, values) in &self.conditions {
            sql.push_str(" and ");
            let mut values = values.iter();
            for part in condition.split_inclusive('?') {
                match part.strip_suffix('?') {
                    Some(part) => {
                        parameters.push(values.next().cloned().unwrap_or(Value::Null));
                        sql.extend([part, "$", &parameters.len().to_string()]);
                    }
                    None => sql.push_str(part),
                }
            }
        }
        let (direction, sign) = if self.descends { (" desc", "<") } else { ("", ">") };
        if let Some((at, id)) = after {
            if self.is_by_creation {
                parameters.push((*at).into());
                parameters.push(id.number().into());
                let (at, id) = (parameters.len() - 1, parameters.len());
                sql.extend([format!(" and (created_at, id) {sign} (${at}, ${id})")]);
            } else {
                parameters.push(id.number().into());
                sql.extend([format!(" and id {sign} ${}", parameters.len())]);
            }
        }
        parameters.push(STEP.into());
        let key = if self.is_by_creation { format!("created_at{direction}, ") } else { String::new() };
        sql.extend([format!(" order by {key}id{direction} limit ${}", parameters.len())]);
        (sql, parameters)
    }
}

fn sort(found: &mut [FoundDocument], tenant: &TenantId, sort: &[(DocumentField, bool)]) {
    let place = |found: &FoundDocument| {
        let view = View { found, tenant };
        let one = |(field, _): &(DocumentField, bool)| {
            if *field == DocumentField::Id {
                return Wanted::Text(format!(
                    "{:020}{:020}",
                    found.document.created_at.as_microsecond(),
                    found.document.id.number()
                ));
            }
            let value = query::Document::reach(&view, field).into_iter().next().flatten().map(Cow::into_owned);
            value.unwrap_or(Wanted::Null)
        };
        sort.iter().map(one).collect::<Vec<_>>()
    };
    found.sort_by(|first, second| {
        let (a, b) = (place(first), place(second));
        let by_fields = sort.iter().zip(a.iter().zip(&b)).map(|((_, descends), (a, b))| {
            let order = order_of(a, b);
            if *descends { order.reverse() } else { order }
        });
        let decided = by_fields.into_iter().find(|order| order.is_ne());
        decided.unwrap_or_else(|| first.document.id.cmp(&second.document.id))
    });
}
