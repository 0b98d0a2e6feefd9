//! Pieces: how many of each line of an order were bought, how many are in shipments, and how many are left to ship.

use crate::order::OrderDetails;
use crate::parcel::{Box as ParcelBox, Content};
use crate::shipment::Shipment;

/// A number of pieces for each line of an order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pieces(Vec<u64>);

impl Pieces {
    /// Everything that was bought.
    pub fn bought(order: &OrderDetails) -> Self {
        Self(order.items.iter().map(|item| item.quantity).collect())
    }

    /// What these boxes name; `None` when none of them names anything.
    pub fn named<'a>(order: &OrderDetails, boxes: impl IntoIterator<Item = &'a ParcelBox>) -> Option<Self> {
        let contents: Vec<_> = boxes.into_iter().flat_map(|parcel| &parcel.contents).collect();
        (!contents.is_empty()).then(|| Self::of(order, contents))
    }

    /// These contents added up; what names a line that the order does not have counts nowhere.
    pub fn of<'a>(order: &OrderDetails, contents: impl IntoIterator<Item = &'a Content>) -> Self {
        let mut pieces = vec![0_u64; order.items.len()];
        for content in contents {
            if let Some(count) = pieces.get_mut(content.line) {
                *count = count.saturating_add(content.quantity);
            }
        }
        Self(pieces)
    }

    /// What one shipment carries: what its boxes name, or all of the order.
    pub fn in_shipment(order: &OrderDetails, shipment: &Shipment) -> Self {
        named(order, shipment).unwrap_or_else(|| Self::bought(order))
    }

    /// What an order's live shipments carry together. One whose boxes name nothing carries all of the order; but a
    /// further one beside others that name their pieces is taken for something extra.
    pub fn shipped<'a>(order: &OrderDetails, shipments: impl IntoIterator<Item = &'a Shipment>) -> Self {
        let live = shipments.into_iter().filter(|shipment| shipment.is_live());
        let live: Vec<_> = live.map(|shipment| (shipment, named(order, shipment))).collect();
        let has_named = live.iter().any(|(_, named)| named.is_some());
        let mut all = Self(vec![0; order.items.len()]);
        for (shipment, named) in live {
            let carried = match named {
                Some(carried) => carried,
                None if has_named && shipment.details.further_because.is_some() => continue,
                None => Self::bought(order),
            };
            all = all.with(&carried);
        }
        all
    }

    /// What no live shipment of an order carries yet.
    pub fn left<'a>(order: &OrderDetails, shipments: impl IntoIterator<Item = &'a Shipment>) -> Self {
        let shipped = Self::shipped(order, shipments);
        let left = Self::bought(order).0.into_iter().zip(shipped.0);
        Self(left.map(|(bought, shipped)| bought.saturating_sub(shipped)).collect())
    }

    /// These and others.
    #[must_use]
    pub fn with(mut self, others: &Self) -> Self {
        for (sum, count) in self.0.iter_mut().zip(&others.0) {
            *sum = sum.saturating_add(*count);
        }
        self
    }

    /// Whether there are none.
    pub fn is_none(&self) -> bool {
        self.0.iter().all(|count| *count == 0)
    }

    /// How many of a line.
    pub fn of_line(&self, line: usize) -> u64 {
        self.0.get(line).copied().unwrap_or_default()
    }

    /// As contents of one box, line by line.
    pub fn contents(&self) -> Vec<Content> {
        let lines = self.0.iter().enumerate().filter(|(_, quantity)| **quantity > 0);
        lines.map(|(line, quantity)| Content { line, quantity: *quantity }).collect()
    }
}

fn named(order: &OrderDetails, shipment: &Shipment) -> Option<Pieces> {
    Pieces::named(order, shipment.parcels.iter().map(|parcel| &parcel.parcel))
}
