//! The decoders of the native API, for feeding them what no client would send.

use super::{orders, parcels, shipments};

pub(crate) fn order(bytes: &[u8]) {
    drop(orders::read(bytes, orders::details));
}

pub(crate) fn shipment(bytes: &[u8]) {
    drop(orders::read(bytes, shipments::wish));
}

pub(crate) fn tracking(bytes: &[u8]) {
    drop(orders::read(bytes, shipments::reports));
}

pub(crate) fn place(bytes: &[u8]) {
    std::hint::black_box(parcels::place(&String::from_utf8_lossy(bytes)));
}
