//! Documents chosen by a query over their fields and those of their orders.
//!
//! A condition on the order, the box or the document itself names what is read; one on the day, the format or the kind
//! walks an index; everything else walks all documents under a ceiling. The matcher of `query` has the last word.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use domain::Result;
use domain::document::Document;
use domain::ids::{OrderId, ParcelId};
use domain::order::Order;
use domain::tenant::TenantId;
use query::{Filter, Patience, Reached, Value as Wanted};

use super::{Ceiling, STEP, order_of, too_costly, too_much};
use crate::{Tx, params};

mod walk;

use walk::Walk;

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
    /// Sort fields, each with whether it descends; ties by id. Without any, documents come by id, and those of the orders that
    /// a number, a tag or a box of the shop's own id names by that, by order and by id.
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
        let mut walk = Walk::of(query);
        let wanted = usize::try_from(query.skip).unwrap_or(usize::MAX).saturating_add(query.limit + 1);
        // A short part is found in few documents, as a rule.
        let mut length = if walk.is_sorted { wanted.clamp(30, STEP) } else { STEP };
        let (mut found, mut read) = (Vec::new(), 0);
        while let Some(rows) = walk.step(self, tenant, length).await? {
            read += rows.len();
            length = (length * 2).min(STEP);
            for found_one in self.with_orders(tenant, rows).await? {
                let view = View { found: &found_one, tenant };
                if query.filter.matches(&view, patience).map_err(too_costly)? {
                    found.push(found_one);
                }
            }
            if walk.is_sorted && found.len() >= wanted {
                break;
            }
            for (what, count) in [("documents", read), ("orders", walk.orders)] {
                if count > ceiling.read {
                    return Err(too_much(what, ceiling.read));
                }
            }
        }
        if !walk.is_sorted {
            sort(&mut found, tenant, &query.sort);
        }
        found.drain(..usize::try_from(query.skip).unwrap_or(usize::MAX).min(found.len()));
        let has_more = found.len() > query.limit;
        found.truncate(query.limit);
        Ok(FoundDocuments { documents: found, has_more })
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
