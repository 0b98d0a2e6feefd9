//! Filters: orders chosen by a query over their fields, with MongoDB's meaning.
//!
//! An index narrows ([`source`]), columns narrow further in the same statement ([`flags`]), and the matcher of `query`
//! has the last word over what is read ([`view`]). What would read too much is refused, never cut short.

use std::cmp::Ordering;
use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use domain::document::{Document, DocumentKind};
use domain::ids::OrderId;
use domain::order::Order;
use domain::shipment::Shipment;
use domain::tenant::TenantId;
use domain::{Error, Result};
use query::{Filter, Patience, TooCostly, Value as Wanted};

use crate::{Tx, Value, params};

mod documents;
mod flags;
mod source;
mod view;

pub use documents::{DocumentField, DocumentQuery, FoundDocument, FoundDocuments};
pub use view::View;

use flags::Flags;
use source::{Candidate, Source, Walk};

/// A field of an order that can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OrderField {
    /// Our id in 24 hexadecimal digits.
    Id,
    /// The number people quote.
    Number,
    /// How far the address was checked, in the words of [`domain::address::AddressStatus`].
    AddressStatus,
    /// A custom field, from 1.
    CustomField(u8),
    /// Who sells.
    Seller,
    /// The store that sold.
    Store,
    /// Where it stands, in the words of [`domain::stage::Stage`].
    Standing,
    /// The tags, a list.
    Tags,
    /// The client's id of the carrier account.
    Contract,
    /// When it should be handed over, a date.
    SendDate,
    /// The company it is sent from.
    SenderCompany,
    /// The country it goes to, as typed.
    Country,
    /// The boxes, a list.
    Boxes,
    /// A custom field of a box, from 1.
    BoxField(u8),
    /// When the warehouse scanned a box, a date.
    BoxScannedAt,
    /// Whether the warehouse scanned a box.
    BoxIsScanned,
    /// The id of a box's label in 24 hexadecimal digits.
    BoxLabel,
    /// `waiting`, or what the carrier says of a box in the words of [`domain::tracking::TrackingStatus`].
    BoxTracking,
    /// The carrier's number of a box.
    BoxTrackingNumber,
    /// Why a box could not be booked.
    BoxFailure,
}

/// The status of a box that no carrier took yet.
pub const WAITING: &str = "waiting";

/// Which orders, in which order, and which part of them.
#[derive(Clone, Debug, Default)]
pub struct OrderQuery {
    /// Which orders.
    pub filter: Filter<OrderField>,
    /// Sort fields, each with whether it descends; ties end by our id. Without any, orders come by the values of the field
    /// that narrows most by its nature, and by our id.
    pub sort: Vec<(OrderField, bool)>,
    /// How many to leave out.
    pub skip: u64,
    /// How many to answer.
    pub limit: usize,
}

/// How much one query may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ceiling {
    /// Index entries walked.
    pub walked: usize,
    /// Orders read and looked into.
    pub read: usize,
    /// Time for regular expressions.
    pub patterns: Duration,
}

impl Default for Ceiling {
    fn default() -> Self {
        Self { walked: 200_000, read: 20_000, patterns: Duration::from_secs(5) }
    }
}

/// What a query found.
#[derive(Clone, Debug, PartialEq)]
pub struct FoundOrders {
    /// The orders of the part asked for.
    pub orders: Vec<Order>,
    /// Whether more follow.
    pub has_more: bool,
}

/// Index entries a statement walks at most.
const STEP: usize = 500;

/// Up to so many rows of a source are counted to choose the narrowest.
const PROBED: usize = 2_000;

fn too_much(what: &str, most: usize) -> Error {
    let text = format!(
        "more than {most} {what} would have to be looked through: add a condition that an index serves, such as an \
         equality on orderNumber, seller, status or shipment.sendDate"
    );
    Error::invalid("query", text)
}

fn too_costly(error: TooCostly) -> Error {
    Error::invalid("query", error.to_string())
}

/// How a query is carried out.
#[derive(Debug)]
struct Plan {
    sources: Vec<Source>,
    /// What is sorted by after everything was read; `None` when orders come as they are walked.
    sort: Option<Vec<(OrderField, bool)>>,
    /// Whether sources are walked from their ends.
    descends: bool,
}

impl Plan {
    fn walk(sources: Vec<Source>, descends: bool) -> Self {
        Self { sources, sort: None, descends }
    }

    fn sorted(sources: Vec<Source>, sort: Vec<(OrderField, bool)>) -> Self {
        Self { sources, sort: Some(sort), descends: false }
    }
}

impl Tx<'_> {
    /// The orders that a query chooses.
    ///
    /// Fails with a problem of `query` when more would have to be read than the ceiling allows, or its patterns take too
    /// long.
    pub async fn find_orders(
        &mut self,
        tenant: &TenantId,
        query: &OrderQuery,
        ceiling: Ceiling,
    ) -> Result<FoundOrders> {
        let plan = self.plan(tenant, query).await?;
        let patience = Patience::of(ceiling.patterns);
        let flags = Flags::of(&query.filter);
        let fields: HashSet<OrderField> =
            query.filter.fields().into_iter().chain(query.sort.iter().map(|(field, _)| field)).copied().collect();
        let mut walk = Walk::new(plan.sources, plan.descends);
        let (mut seen, mut walked, mut read) = (HashSet::new(), 0, 0);
        let (mut skipped, mut found) = (0, Vec::new());
        // A short part is found in few entries, as a rule.
        let wanted = usize::try_from(query.skip).unwrap_or(STEP).saturating_add(query.limit + 1);
        let mut length = if plan.sort.is_some() { STEP } else { wanted.clamp(30, STEP) };
        'walk: while let Some(step) = walk.step(self, tenant, &flags, length).await? {
            walked += step.len();
            length = (length * 2).min(STEP);
            let fresh = step.into_iter().filter(|(id, fits)| *fits && seen.insert(*id)).map(|(id, _)| id);
            let mut ids: Vec<OrderId> = fresh.collect();
            if flags.is_exact && plan.sort.is_none() {
                // Nothing is to be looked into: what is left out need not be read.
                let spare = usize::try_from(query.skip - skipped).unwrap_or(usize::MAX).min(ids.len());
                ids.drain(..spare);
                skipped += spare as u64;
                ids.truncate(query.limit + 1 - found.len());
            }
            for ids in ids.chunks(100) {
                read += ids.len();
                for (order, shipments, labels) in self.looked_into(tenant, ids, &fields).await? {
                    let view = View::new(&order, &shipments, &labels);
                    if !query.filter.matches(&view, patience).map_err(too_costly)? {
                        continue;
                    }
                    if let Some(sort) = &plan.sort {
                        found.push((view::place(&view, sort), order));
                    } else if skipped < query.skip {
                        skipped += 1;
                    } else {
                        found.push((Vec::new(), order));
                        if found.len() > query.limit {
                            break 'walk;
                        }
                    }
                }
                if read > ceiling.read {
                    return Err(too_much("orders", ceiling.read));
                }
            }
            if found.len() > query.limit && plan.sort.is_none() {
                break;
            }
            if walked > ceiling.walked {
                return Err(too_much("index entries", ceiling.walked));
            }
        }
        if let Some(sort) = &plan.sort {
            found.sort_by(|(a, first), (b, second)| {
                let by_id = first.id.cmp(&second.id);
                let descends = sort.first().is_some_and(|(_, descends)| *descends);
                view::compare(a, b, sort).then(if descends { by_id.reverse() } else { by_id })
            });
            found.drain(..usize::try_from(query.skip).unwrap_or(usize::MAX).min(found.len()));
        }
        let has_more = found.len() > query.limit;
        found.truncate(query.limit);
        Ok(FoundOrders { orders: found.into_iter().map(|(_, order)| order).collect(), has_more })
    }

    /// The statements a query walks by, for whoever wants to know how it is carried out.
    pub async fn explain_orders(&mut self, tenant: &TenantId, query: &OrderQuery) -> Result<Vec<String>> {
        let plan = self.plan(tenant, query).await?;
        let flags = Flags::of(&query.filter);
        let mut lines = Vec::new();
        for source in &plan.sources {
            let (sql, parameters) = source.statement(tenant, &flags, None, plan.descends, STEP);
            let explain = if self.is_sqlite() { "explain query plan" } else { "explain" };
            for row in self.rows(&format!("{explain} {sql}"), &parameters).await? {
                lines.push(row.text(if self.is_sqlite() { 3 } else { 0 })?);
            }
        }
        Ok(lines)
    }

    /// Which index is walked, and in what order orders come. The order depends on the query alone and never on how many
    /// rows there are, so that one part of a list fits the next.
    async fn plan(&mut self, tenant: &TenantId, query: &OrderQuery) -> Result<Plan> {
        let candidates = source::candidates(&query.filter);
        let best = candidates.iter().min_by_key(|candidate| candidate.rank);
        let Some((field, descends)) = query.sort.first().copied() else {
            let Some(best) = best else { return Ok(Plan::walk(vec![Source::everything()], false)) };
            let others = if best.is_one_order() { self.few(tenant, best, &candidates).await? } else { None };
            return Ok(match others {
                Some(few) => Plan::sorted(few, best.order.map(|field| (field, false)).into_iter().collect()),
                None => Plan::walk(best.sources.clone(), false),
            });
        };
        for candidate in &candidates {
            if self.count(tenant, candidate).await? < PROBED {
                return Ok(Plan::sorted(candidate.sources.clone(), query.sort.clone()));
            }
        }
        let of_sort = Source::in_order_of(field, descends).filter(|_| query.sort.len() == 1);
        Ok(match (of_sort, best) {
            (Some(sources), _) => Plan::walk(sources, descends),
            (None, Some(best)) => Plan::sorted(best.sources.clone(), query.sort.clone()),
            (None, None) => Plan::sorted(vec![Source::everything()], query.sort.clone()),
        })
    }

    /// The sources of another candidate than the best one that are much smaller.
    async fn few(
        &mut self,
        tenant: &TenantId,
        best: &Candidate,
        candidates: &[Candidate],
    ) -> Result<Option<Vec<Source>>> {
        if candidates.len() == 1 || self.count(tenant, best).await? < PROBED {
            return Ok(None);
        }
        for candidate in candidates.iter().filter(|candidate| candidate.sources != best.sources) {
            if self.count(tenant, candidate).await? < PROBED {
                return Ok(Some(candidate.sources.clone()));
            }
        }
        Ok(None)
    }

    /// How many rows a candidate has, up to [`PROBED`].
    async fn count(&mut self, tenant: &TenantId, candidate: &Candidate) -> Result<usize> {
        let mut count = 0;
        for source in &candidate.sources {
            if count < PROBED {
                let (sql, parameters) = source.probe(tenant, PROBED - count);
                count += self.rows_once(&sql, &parameters).await?.first().map_or(Ok(0), |row| row.int(0))? as usize;
            }
        }
        Ok(count)
    }

    /// Orders that are not deleted with what the fields need of their shipments and labels.
    async fn looked_into(
        &mut self,
        tenant: &TenantId,
        ids: &[OrderId],
        fields: &HashSet<OrderField>,
    ) -> Result<Vec<(Order, Vec<Shipment>, BTreeMap<u64, Document>)>> {
        let orders: Vec<Order> = self.orders_ever(tenant, ids).await?.into_iter().flatten().collect();
        let needs_shipments = fields.iter().any(|field| field.needs_shipments());
        if !needs_shipments {
            return Ok(orders.into_iter().map(|order| (order, Vec::new(), BTreeMap::new())).collect());
        }
        let ids: Vec<OrderId> = orders.iter().map(|order| order.id).collect();
        let shipments = self.shipments_of_orders(tenant, &ids).await?;
        let mut labels: BTreeMap<u64, Document> = BTreeMap::new();
        if fields.contains(&OrderField::BoxLabel) {
            let live: Vec<_> = shipments.iter().flatten().filter(|one| one.is_live()).map(|one| one.id).collect();
            for document in self.documents_of_shipments(tenant, &live).await?.into_iter().flatten() {
                if let (DocumentKind::Label, Some(parcel)) = (document.kind, document.parcel) {
                    // The first drawing is the one that was told of.
                    labels.entry(parcel.number()).or_insert(document);
                }
            }
        }
        Ok(orders.into_iter().zip(shipments).map(|(order, shipments)| (order, shipments, labels.clone())).collect())
    }
}

impl OrderField {
    /// Whether its value depends on the order's shipments.
    fn needs_shipments(self) -> bool {
        matches!(
            self,
            Self::Boxes
                | Self::BoxField(_)
                | Self::BoxScannedAt
                | Self::BoxIsScanned
                | Self::BoxLabel
                | Self::BoxTracking
                | Self::BoxTrackingNumber
                | Self::BoxFailure
        )
    }

    /// The column that repeats it, if it is one value.
    fn column(self) -> Option<&'static str> {
        Some(match self {
            Self::Number => "number",
            Self::AddressStatus => "address_status",
            Self::CustomField(1) => "field1",
            Self::CustomField(2) => "field2",
            Self::CustomField(3) => "field3",
            Self::CustomField(4) => "field4",
            Self::CustomField(5) => "field5",
            Self::CustomField(6) => "field6",
            Self::Seller => "seller",
            Self::Store => "store",
            Self::Standing => "standing",
            Self::Contract => "contract",
            Self::SendDate => "send_at",
            Self::SenderCompany => "sender_company",
            Self::Country => "country",
            _ => return None,
        })
    }
}

/// A wanted value as a column holds it; `None` when no stored value can equal it.
fn stored(wanted: &Wanted) -> Option<Value> {
    match wanted {
        Wanted::Text(text) if text.contains('\0') => None,
        Wanted::Text(text) => Some(crate::codec::beginning(text).into()),
        Wanted::Date(at) => Some(at.as_millisecond().into()),
        Wanted::Bool(flag) => Some(i64::from(*flag).to_string().into()),
        _ => None,
    }
}

/// Whether the column holds the whole of it, so that equal columns are equal values.
fn is_whole(wanted: &Wanted) -> bool {
    match wanted {
        Wanted::Text(text) => text.chars().count() < crate::codec::KEY_LENGTH,
        Wanted::Date(_) | Wanted::Bool(_) => true,
        _ => false,
    }
}

/// Values of one type in MongoDB's order of types: null, numbers, text, flags, dates.
fn rank(value: &Wanted) -> u8 {
    match value {
        Wanted::Null => 0,
        Wanted::Number(_) => 1,
        Wanted::Text(_) => 2,
        Wanted::Bool(_) => 4,
        Wanted::Date(_) => 5,
        _ => 3,
    }
}

fn order_of(a: &Wanted, b: &Wanted) -> Ordering {
    rank(a).cmp(&rank(b)).then_with(|| a.compare(b).unwrap_or(Ordering::Equal))
}

/// The tenant as every statement's first parameter.
fn of_tenant(tenant: &TenantId) -> Vec<Value> {
    params![tenant.as_str()].to_vec()
}
