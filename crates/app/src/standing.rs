//! Standing: where a client says an order and its address stand, for interfaces that share their statuses with us.
//!
//! What a client says stands until our own view of the order changes. Cancelling is more than a word: it is the one verb
//! for it, and what the carrier does not take back is shown to a person.

use std::collections::{BTreeMap, BTreeSet};

use domain::address::AddressStatus;
use domain::change::Change;
use domain::event::{Event, EventKind};
use domain::ids::{OrderId, ParcelId, ShipmentId};
use domain::order::{Order, OrderDetails};
use domain::stage::Stage;
use domain::tenant::Scope;
use domain::tracking::TrackingStatus;
use domain::{Error, Result};

use crate::orders::{Beginning, OrderDraft, OrderEdit};
use crate::story::Story;
use crate::{App, Caller};

/// What a client says of an order besides what it holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Said {
    /// Where it stands.
    pub standing: Option<Stage>,
    /// How its shipping address stands.
    pub address: Option<AddressStatus>,
}

impl Said {
    fn is_cancelled(self) -> bool {
        self.standing == Some(Stage::Cancelled)
    }

    /// Where the order stands, if that is no more than a word.
    fn word(self) -> Option<Stage> {
        self.standing.filter(|_| !self.is_cancelled())
    }
}

impl App {
    /// Creates an order that must be new in its channel, standing where the client says.
    pub async fn create_order_as_said(&self, caller: &Caller, draft: OrderDraft, said: Said) -> Result<Story> {
        may_say(caller, said)?;
        let beginning = Beginning { wish: None, standing: said.word(), address: said.address };
        let order = self.create_order_with(caller, draft, beginning).await?;
        self.cancel_as_said(caller, order.id, said).await?;
        self.retold(caller, order.id).await
    }

    /// Changes an order by what `change` makes of it, and where it stands by what the client says, if it says anything.
    pub async fn edit_order_as_said<R: Send + 'static>(
        &self,
        caller: &Caller,
        id: OrderId,
        said: Said,
        change: impl Fn(&Order) -> std::result::Result<OrderDetails, R> + Send + Sync + 'static,
    ) -> Result<std::result::Result<Order, R>> {
        may_say(caller, said)?;
        let edit = move |order: &Order, _| {
            let details = change(order)?;
            Ok(OrderEdit { standing: said.word(), address: said.address, ..OrderEdit::from(details) })
        };
        let edited = self.edit_order_by_event(caller, id, edit).await?;
        if edited.is_ok() {
            self.cancel_as_said(caller, id, said).await?;
        }
        Ok(edited)
    }

    /// Cancels an order if that is what was said; one that is cancelled already stays so.
    async fn cancel_as_said(&self, caller: &Caller, id: OrderId, said: Said) -> Result<()> {
        if !said.is_cancelled() {
            return Ok(());
        }
        match Box::pin(self.cancel_order(caller, id, |_| Ok(()))).await {
            Ok(()) | Err(Error::Conflict(_) | Error::Carrier(..)) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

fn may_say(caller: &Caller, said: Said) -> Result<()> {
    caller.require(Scope::Write)?;
    if said.is_cancelled() { caller.require(Scope::Void) } else { Ok(()) }
}

/// Where an order stood as its story went on.
#[derive(Debug)]
struct Progress {
    /// The parcels of booked shipments and what the carriers say of them.
    parcels: BTreeMap<ParcelId, TrackingStatus>,
    /// Shipments that a carrier refused.
    failed: BTreeSet<ShipmentId>,
    /// The latest shipment that anything was told of.
    last: Option<ShipmentId>,
    /// Nobody could be asked to ship it as it is.
    is_unserved: bool,
    is_cancelled: bool,
    address: AddressStatus,
    stage: Stage,
    standing: Stage,
}

impl Progress {
    fn take(&mut self, event: &Event, story: &Story) {
        let about = &event.about;
        self.last = self.last.max(about.shipment);
        let parcels = || {
            let shipment = story.shipments.iter().find(|shipment| Some(shipment.id) == about.shipment);
            shipment.into_iter().flat_map(|shipment| shipment.parcels.iter().map(|parcel| parcel.id))
        };
        match event.kind {
            EventKind::ShipmentBooked | EventKind::ShipmentRecorded => {
                self.parcels.extend(parcels().map(|id| (id, TrackingStatus::Unknown)));
            }
            EventKind::ShipmentCancelled => {
                for id in parcels() {
                    self.parcels.remove(&id);
                }
            }
            EventKind::ShipmentFailed => self.failed.extend(about.shipment),
            EventKind::ParcelTrackingChanged => {
                let status = about.new.as_deref().and_then(TrackingStatus::parse);
                let parcel = about.parcel.and_then(|id| self.parcels.get_mut(&id));
                if let (Some(parcel), Some(status)) = (parcel, status) {
                    *parcel = status;
                }
            }
            EventKind::OrderUnserved => self.is_unserved = true,
            EventKind::OrderUpdated | EventKind::ShipmentRequested => self.is_unserved = false,
            EventKind::OrderCancelled => self.is_cancelled = true,
            EventKind::OrderAddressChecked => {
                let status = AddressStatus::ALL.into_iter().find(|one| Some(one.as_str()) == about.new.as_deref());
                self.address = status.unwrap_or(self.address);
            }
            EventKind::OrderAddressOverruled => self.address = AddressStatus::Verified,
            _ => {}
        }
        let mut said = None;
        for change in &about.changes {
            match change {
                Change::AddressStatus { new, .. } => self.address = *new,
                Change::Standing { new, .. } => said = Some(*new),
                _ => {}
            }
        }
        let has_failed = self.is_unserved || self.last.is_some_and(|last| self.failed.contains(&last));
        let parcels: Vec<_> = self.parcels.values().copied().collect();
        let stage = Stage::of_parcels(&parcels, has_failed, self.is_cancelled, self.address);
        if stage != self.stage {
            (self.stage, self.standing) = (stage, stage);
        }
        self.standing = said.unwrap_or(self.standing);
    }
}

impl Story {
    /// Why nobody could be asked to ship the order, as long as it is as it was then and nothing else was made of it.
    pub fn unserved(&self) -> Option<&str> {
        let told = |event: &&Event| {
            matches!(event.kind, EventKind::OrderUnserved | EventKind::OrderUpdated | EventKind::ShipmentRequested)
        };
        let last = self.events.iter().rfind(told).filter(|last| last.kind == EventKind::OrderUnserved)?;
        last.about.reason.as_deref()
    }

    /// Where the order stood before and after an event of its story.
    pub fn standing_around(&self, event: &Event) -> (Stage, Stage) {
        let mut now = Progress {
            parcels: BTreeMap::new(),
            failed: BTreeSet::new(),
            last: None,
            is_unserved: false,
            is_cancelled: false,
            address: AddressStatus::Unverified,
            stage: Stage::Open,
            standing: Stage::Open,
        };
        for told in &self.events {
            let before = now.standing;
            now.take(told, self);
            if told.id == event.id {
                return (before, now.standing);
            }
        }
        (now.standing, now.standing)
    }
}
