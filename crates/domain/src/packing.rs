//! Packing: the boxes of an order, each as the shop planned it and with the parcel that stands for it.

use crate::ids::OrderId;
use crate::order::{Order, PlannedBox};
use crate::parcel::Parcel;
use crate::shipment::{Shipment, ShipmentStatus};
use crate::time::Timestamp;
use crate::tracking::TrackingStatus;

/// The id of a box in 24 hexadecimal digits: its place stands between the second of its order's creation and the
/// integer of the order's id.
pub fn box_id(order: OrderId, created: Timestamp, position: u32) -> String {
    let id = order.to_hex24(created);
    let (second, number) = id.split_at(8);
    format!("{second}{position:02x}{}", &number[2..])
}

/// Reads what [`box_id`] writes into the order's id and the place.
pub fn box_of(text: &str) -> Option<(OrderId, u32)> {
    let (second, rest) = text.split_at_checked(8)?;
    let (position, number) = rest.split_at_checked(2)?;
    let (order, _) = OrderId::from_hex24(&format!("{second}00{number}"))?;
    Some((order, u32::from_str_radix(position, 16).ok()?))
}

/// A box of an order.
#[derive(Clone, Copy, Debug)]
pub struct OrderBox<'a> {
    /// Its place in the order, from 1.
    pub position: u32,
    /// What the shop said of it.
    pub planned: Option<&'a PlannedBox>,
    /// The parcel that stands for it: that of a live shipment, else of the last one if that failed.
    pub parcel: Option<(&'a Shipment, &'a Parcel)>,
}

impl<'a> OrderBox<'a> {
    /// The boxes of an order, in order; `None` when nobody planned any and none is shipped.
    pub fn of(order: &'a Order, shipments: &'a [Shipment]) -> Option<Vec<Self>> {
        let planned = order.details.boxes.as_deref();
        let live = shipments.iter().filter(|shipment| shipment.is_live());
        let failed = shipments.last().filter(|last| last.status == ShipmentStatus::Failed);
        // A later one of two at the same place is the live one.
        let parcels: Vec<(&Shipment, &Parcel)> = failed
            .into_iter()
            .chain(live)
            .flat_map(|shipment| shipment.parcels.iter().map(move |parcel| (shipment, parcel)))
            .collect();
        if planned.is_none() && parcels.is_empty() {
            return None;
        }
        let last = parcels.iter().map(|(_, parcel)| parcel.position).max().unwrap_or_default();
        let count = last.max(planned.map_or(0, |planned| planned.len() as u32));
        let at = |position: u32| Self {
            position,
            planned: planned.and_then(|planned| planned.get(position as usize - 1)),
            parcel: parcels.iter().rfind(|(_, parcel)| parcel.position == position).copied(),
        };
        // A gap between parcels is no box.
        let is_box = |one: &Self| one.planned.is_some() || one.parcel.is_some();
        Some((1..=count.min(10_000)).map(at).filter(is_box).collect())
    }

    /// The parcel, once a carrier took it.
    pub fn booked(&self) -> Option<(&'a Shipment, &'a Parcel)> {
        self.parcel.filter(|(shipment, _)| shipment.is_live() && shipment.details.booked_at.is_some())
    }

    /// What the carrier says of it; `None` when no carrier took it yet, and announced from the moment one did.
    pub fn tracking(&self) -> Option<TrackingStatus> {
        let (_, parcel) = self.booked()?;
        Some(match parcel.tracking {
            TrackingStatus::Unknown => TrackingStatus::Announced,
            other => other,
        })
    }

    /// Why its booking failed.
    pub fn failure(&self) -> Option<String> {
        let (shipment, _) = self.parcel.filter(|(shipment, _)| shipment.status == ShipmentStatus::Failed)?;
        shipment.details.failure.as_ref().map(ToString::to_string)
    }
}
