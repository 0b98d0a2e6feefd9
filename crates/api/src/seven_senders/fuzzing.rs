//! The decoders of this dialect, for feeding them what no client would send.

use domain::ids::OrderId;
use domain::order::{Order, OrderDetails};
use domain::time::Timestamp;
use http::HeaderMap;

use super::generation::Generation;
use super::list::{ListQuery, RangeQuery, ShipmentQuery};
use super::{dates, decode, form};

const BOTH: [Generation; 2] = [Generation::Older, Generation::Newer];

/// An order from any bytes, and the same bytes as a change of it and as a state.
pub(crate) fn order(bytes: &[u8]) {
    let Ok(tree) = form::body(&HeaderMap::new(), bytes) else { return };
    for generation in BOTH {
        let mut details = OrderDetails::default();
        if let Ok(change) = decode::order(&tree, generation, true) {
            details = change.details();
        }
        if let Ok(change) = decode::order(&tree, generation, false) {
            change.lay_over(&mut details, 2);
        }
        if let (Ok(change), Some(id)) = (decode::state(&tree, generation), OrderId::new(1)) {
            let channel = domain::channel::Dialect::SevenSenders.default_channel();
            let at = Timestamp::UNIX_EPOCH;
            let order = Order {
                id,
                channel,
                version: 1,
                created_at: at,
                modified_at: at,
                cancelled_at: None,
                checked: None,
                details,
            };
            drop(change.lay_over(&order, 3));
        }
    }
}

/// A shipment from any bytes; what is kept of it is JSON.
pub(crate) fn shipment(bytes: &[u8]) {
    let Ok(tree) = form::body(&HeaderMap::new(), bytes) else { return };
    for generation in BOTH {
        if let Ok(change) = decode::shipment(&tree, generation, true) {
            assert!(change.kept.to_raw().is_some(), "{}", change.kept);
            let _ = (change.recipient(), change.weight(), change.carrier());
        }
    }
}

/// Everything that lists are asked for. A date that is read is written so that it is read again.
pub(crate) fn query(bytes: &[u8]) {
    if let Some(date) = dates::parse(&String::from_utf8_lossy(bytes)) {
        let written = dates::written(date.instant());
        assert!(date.instant() < Timestamp::UNIX_EPOCH || dates::parse(&written).is_some(), "{written}");
    }
    let Ok(tree) = form::form(bytes) else { return };
    for generation in BOTH {
        drop(ListQuery::read(&tree, generation));
        drop(ShipmentQuery::read(&tree, generation));
        drop(RangeQuery::read(tree.clone(), generation));
    }
}
