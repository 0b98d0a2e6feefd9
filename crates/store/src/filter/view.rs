//! A view: an order with its shipments and labels, as the matcher of `query` looks at it.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::BTreeMap;

use domain::document::Document;
use domain::order::Order;
use domain::packing::OrderBox;
use domain::shipment::Shipment;
use domain::{SentTime, Timestamp};
use jiff::tz::TimeZone;
use query::{Reached, Value};

use super::{OrderField, WAITING, order_of};

/// An order as a document.
#[derive(Debug)]
pub struct View<'o> {
    order: &'o Order,
    boxes: Option<Vec<OrderBox<'o>>>,
    labels: &'o BTreeMap<u64, Document>,
}

/// The whole milliseconds of a time; one without a zone is in UTC.
fn date(sent: SentTime) -> Value {
    let at = sent.instant_in(&TimeZone::UTC);
    Value::Date(Timestamp::from_millisecond(at.as_millisecond()).unwrap_or(at))
}

fn text(text: Option<&str>) -> Option<Value> {
    text.map(Value::text)
}

impl<'o> View<'o> {
    /// Looks at an order. `labels` are documents by the number of their parcel.
    pub fn new(order: &'o Order, shipments: &'o [Shipment], labels: &'o BTreeMap<u64, Document>) -> Self {
        Self { order, boxes: OrderBox::of(order, shipments), labels }
    }

    fn one(&self, field: OrderField) -> Option<Value> {
        let (order, details) = (self.order, &self.order.details);
        let wish = details.delivery.as_ref().and_then(|delivery| delivery.service.as_ref());
        match field {
            OrderField::Id => Some(Value::Text(order.id.to_hex24(order.created_at))),
            OrderField::Number => text(details.number.as_deref()),
            OrderField::AddressStatus => text(Some(order.address_status().as_str())),
            OrderField::CustomField(number) => text(details.custom_fields.get(number)),
            OrderField::Seller => text(details.seller.as_deref()),
            OrderField::Store => text(details.store.as_deref()),
            OrderField::Standing => text(Some(order.standing.as_str())),
            OrderField::Contract => text(wish.and_then(|wish| wish.contract.as_deref())),
            OrderField::SendDate => details.send_date.map(date),
            OrderField::SenderCompany => text(details.sender.as_ref().and_then(|address| address.company.as_deref())),
            OrderField::Country => {
                text(details.shipping_address.as_ref().and_then(|address| address.country.as_deref()))
            }
            // Nobody's tags are no tags.
            OrderField::Tags => {
                Some(Value::List(details.tags.iter().flatten().map(|tag| Value::text(tag.as_str())).collect()))
            }
            OrderField::Boxes => {
                let boxes = self.boxes.as_ref()?;
                Some(Value::List(boxes.iter().map(|_| Value::Object(Vec::new())).collect()))
            }
            _ => None,
        }
    }
}

fn of_box(one: &OrderBox<'_>, labels: &BTreeMap<u64, Document>, field: OrderField) -> Option<Value> {
    match field {
        OrderField::BoxField(number) => text(one.planned?.custom_fields.get(number)),
        OrderField::BoxScannedAt => one.planned?.scanned_at.map(date),
        OrderField::BoxIsScanned => one.planned?.is_scanned.map(Value::Bool),
        OrderField::BoxLabel => {
            let (_, parcel) = one.booked()?;
            let label = labels.get(&parcel.id.number())?;
            Some(Value::Text(label.id.to_hex24(label.created_at)))
        }
        OrderField::BoxTracking => Some(Value::text(one.tracking().map_or(WAITING, |status| status.as_str()))),
        OrderField::BoxTrackingNumber => text(one.booked()?.1.tracking_number.as_deref()),
        OrderField::BoxFailure => one.failure().map(Value::Text),
        _ => None,
    }
}

impl query::Document<OrderField> for View<'_> {
    fn reach<'a>(&'a self, field: &OrderField) -> Reached<'a> {
        if !field.needs_shipments() || *field == OrderField::Boxes {
            return vec![self.one(*field).map(Cow::Owned)];
        }
        match &self.boxes {
            None => vec![None],
            Some(boxes) => boxes.iter().map(|one| of_box(one, self.labels, *field).map(Cow::Owned)).collect(),
        }
    }

    fn elements<'a>(&'a self, field: &OrderField) -> Vec<Box<dyn query::Document<OrderField> + 'a>> {
        let boxes = self.boxes.iter().flatten().filter(|_| *field == OrderField::Boxes);
        boxes
            .map(|one| -> Box<dyn query::Document<OrderField> + 'a> { Box::new(Element { one, labels: self.labels }) })
            .collect()
    }
}

/// One box.
struct Element<'a> {
    one: &'a OrderBox<'a>,
    labels: &'a BTreeMap<u64, Document>,
}

impl query::Document<OrderField> for Element<'_> {
    fn reach<'a>(&'a self, field: &OrderField) -> Reached<'a> {
        vec![of_box(self.one, self.labels, *field).map(Cow::Owned)]
    }
}

/// Where an order stands in a sort: one value a field. Of a list the least counts, or the greatest where it descends.
pub(super) fn place(view: &View<'_>, sort: &[(OrderField, bool)]) -> Vec<Value> {
    let one = |(field, descends): &(OrderField, bool)| {
        if *field == OrderField::Id {
            // In the order of creation, which the spelling tells to the second.
            let (at, number) = (view.order.created_at.as_microsecond(), view.order.id.number());
            return Value::Text(format!("{at:020}{number:020}"));
        }
        let mut values: Vec<Value> = Vec::new();
        for reached in query::Document::reach(view, field) {
            match reached.map(Cow::into_owned) {
                Some(Value::List(list)) => values.extend(list),
                other => values.push(other.unwrap_or(Value::Null)),
            }
        }
        values.sort_by(order_of);
        let end = if *descends { values.pop() } else { values.into_iter().next() };
        end.unwrap_or(Value::Null)
    };
    sort.iter().map(one).collect()
}

/// Which of two places comes first.
pub(super) fn compare(a: &[Value], b: &[Value], sort: &[(OrderField, bool)]) -> Ordering {
    for ((_, descends), (a, b)) in sort.iter().zip(a.iter().zip(b)) {
        let order = order_of(a, b);
        if order.is_ne() {
            return if *descends { order.reverse() } else { order };
        }
    }
    Ordering::Equal
}
