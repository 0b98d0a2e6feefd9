//! Numbers from elsewhere: a marketplace, another program or a person brings a waybill that was not bought here, or says
//! what became of a booking that nobody else can find out.

use std::collections::BTreeMap;

use domain::address::Address;
use domain::channel::Dialect;
use domain::connector::{Exchange, Goods};
use domain::document::Format;
use domain::event::{About, EventKind};
use domain::ids::{EventId, OrderId, ParcelId, ShipmentId};
use domain::measure::Weight;
use domain::order::{Order, RawJson};
use domain::parcel::{Box as ParcelBox, Parcel};
use domain::service::ServiceCode;
use domain::shipment::{Brought, ELSEWHERE, Shipment, ShipmentDetails, ShipmentStatus};
use domain::tenant::Scope;
use domain::tracking::TrackingStatus;
use domain::{Error, Result, Timestamp};

use crate::{App, Caller, event};

/// What somebody says of a shipment that was made elsewhere.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Recorded {
    /// What the carrier is called.
    pub carrier: String,
    /// One number a parcel. None: one parcel, whose number the carrier gives later, known by its reference until then.
    pub tracking_numbers: Vec<String>,
    /// Who brings them; the API key when missing.
    pub brought_by: Option<String>,
    /// The shop's reference at the carrier.
    pub reference: Option<String>,
    /// What each parcel weighs; the tenant's default when missing.
    pub weight: Option<Weight>,
    /// Where it goes, when the order does not say.
    pub recipient: Option<Address>,
    /// What a dialect says besides.
    pub extra: BTreeMap<Dialect, RawJson>,
}

/// What somebody says of a shipment that is there already.
#[derive(Clone, Debug, PartialEq)]
pub struct Corrected {
    /// The parcel's number; `None` leaves it.
    pub tracking_number: Option<String>,
    /// The shop's reference at the carrier; `None` leaves it.
    pub reference: Option<String>,
    /// What the carrier is called; `None` leaves it.
    pub carrier: Option<String>,
    /// What the dialect says besides.
    pub extra: (Dialect, RawJson),
}

/// What a person found out about a booking that stayed unsure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Settlement {
    /// The carrier has it, under these numbers, one a parcel.
    Booked(Vec<String>),
    /// The carrier knows nothing of it.
    NotBooked,
}

/// Why nothing was written down.
const BEING_SHIPPED: &str = "the order is being shipped at this moment: try again";

impl App {
    /// Writes down a shipment that was made elsewhere. Nothing is bought; from then on the order is not shipped again
    /// without a reason. One that comes again with the same numbers, or without any and with the same reference, is
    /// answered as it stands.
    pub async fn record_shipment(&self, caller: &Caller, order: OrderId, recorded: Recorded) -> Result<Shipment> {
        const TRIES: usize = 20;
        caller.require(Scope::Write)?;
        for _ in 1..TRIES {
            // Whoever was first with the same parcel stands there the next time.
            match self.record_once(caller, order, &recorded).await {
                Err(Error::Conflict(why)) if why == BEING_SHIPPED => {}
                recorded => return recorded,
            }
        }
        self.record_once(caller, order, &recorded).await
    }

    async fn record_once(&self, caller: &Caller, order: OrderId, recorded: &Recorded) -> Result<Shipment> {
        let order = self.order(&caller.as_reader(), order).await?;
        let (tenant, of) = (caller.tenant().clone(), order.id);
        let shipped = self.store().read(async move |tx| tx.shipments_of_order(&tenant, of).await).await?;
        let live: Vec<_> = shipped.iter().filter(|shipment| shipment.is_live()).collect();
        let numbers = |shipment: &Shipment| -> Vec<String> {
            shipment.parcels.iter().filter_map(|parcel| parcel.tracking_number.clone()).collect()
        };
        let is_it = |known: &&&Shipment| {
            numbers(known) == recorded.tracking_numbers
                && (!recorded.tracking_numbers.is_empty() || known.details.carrier_reference == recorded.reference)
        };
        if let Some(known) = live.iter().find(is_it) {
            return Ok((*known).clone());
        }
        let last = live.iter().flat_map(|live| &live.parcels).map(|parcel| parcel.position).max().unwrap_or(0);
        let mut shipment = self.recorded(caller, &order, recorded, last).await?;
        for other in &live {
            let text = format!("the order has another live shipment, {} with {}", other.id, numbers(other).join(", "));
            shipment.details.warnings.push(text);
        }
        let (tenant, stored) = (caller.tenant().clone(), shipment.clone());
        let event_id = self.one_id("events", EventId::new).await?;
        let id = self
            .write_once(caller, async move |tx| {
                let (held, live) = tx.hold_order_for(&tenant, &stored).await?;
                super::open(held)?;
                if live.is_some() {
                    return Err(Error::Conflict(BEING_SHIPPED.to_owned()));
                }
                tx.add_shipment(&tenant, &stored).await?;
                // The numbers stand in the parcels' columns, which a new shipment does not have yet.
                tx.save_shipment(&tenant, &stored).await?;
                let (order, shipment) = (Some(stored.order), Some(stored.id));
                let about = About { order, shipment, by: stored.details.asked_by.clone(), ..About::default() };
                let recorded = event(event_id, EventKind::ShipmentRecorded, stored.created_at, about);
                tx.emit(&tenant, &recorded).await?;
                Ok(stored.id)
            })
            .await?;
        self.wakes().events.notify_one();
        self.shipment(&caller.as_reader(), id).await
    }

    async fn recorded(&self, caller: &Caller, order: &Order, recorded: &Recorded, last: u32) -> Result<Shipment> {
        let now = self.now();
        let id = self.one_id("shipments", ShipmentId::new).await?;
        let numbers: Vec<_> = match recorded.tracking_numbers.as_slice() {
            [] => vec![None],
            numbers => numbers.iter().cloned().map(Some).collect(),
        };
        let ids = self.ids("parcels", numbers.len(), ParcelId::new).await?;
        let location = caller.setup.locations.first();
        let usual = caller.setup.tenant.default_weight.or(Weight::from_milligrams(1_000_000));
        let weight = recorded.weight.or(usual);
        let weight = weight.ok_or_else(|| Error::internal("a kilogram is a weight"))?;
        let weight_is_assumed = recorded.weight.is_none();
        let parcels = numbers.into_iter().zip(ids).zip(last + 1..).map(|((tracking_number, id), position)| Parcel {
            id,
            position,
            parcel: ParcelBox { weight, weight_is_assumed, dimensions: None, contents: Vec::new(), collect: None },
            tracking_number,
            sscc: None,
            tracking: TrackingStatus::Announced,
            tracking_token: self.random().token::<16>(),
            has_label: false,
        });
        let who = recorded.brought_by.clone().unwrap_or_else(|| format!("the key {:?}", caller.key.name));
        Ok(Shipment {
            id,
            order: order.id,
            status: ShipmentStatus::Booked,
            version: 1,
            created_at: now,
            modified_at: now,
            lease_until: None,
            parcels: parcels.collect(),
            details: ShipmentDetails {
                service: ServiceCode::new(ELSEWHERE, &recorded.carrier),
                service_name: recorded.carrier.clone(),
                location: location.map(|location| location.external_id.clone()).unwrap_or_default(),
                reference: id.to_string(),
                rate: None,
                alternatives: Vec::new(),
                serials: Vec::new(),
                goods: Goods::default(),
                carrier_reference: recorded.reference.clone(),
                carrier_page: None,
                charged: None,
                is_surely_unbooked: false,
                failure: None,
                cancel_wanted: false,
                decision: None,
                is_followed: false,
                further_because: None,
                is_given_up: false,
                makes_way: false,
                replaces: None,
                label_format: Format::default(),
                wraps_lines: false,
                asked_by: Some(caller.actor()),
                address_split: None,
                warnings: Vec::new(),
                order_reference: order.details.number.clone().or_else(|| order.details.external_id.clone()),
                sender: location.map(domain::location::Location::sender).unwrap_or_default(),
                recipient: order.details.shipping_address.clone().or(recorded.recipient.clone()).unwrap_or_default(),
                former_numbers: Vec::new(),
                return_to: None,
                billing: None,
                returning: None,
                extra: recorded.extra.clone(),
                booked_at: Some(now),
                brought_by: Some(Brought { who, key: caller.key.name.clone(), carrier: recorded.carrier.clone() }),
            },
        })
    }

    /// Corrects what is known of a shipment by one of its parcels. A number that is replaced is kept, and one event tells
    /// old and new. A shipment that was bought here keeps its carrier's number. What `change` refuses comes back in its
    /// own words.
    pub async fn correct_shipment<R: Send + 'static>(
        &self,
        caller: &Caller,
        parcel: ParcelId,
        change: impl Fn(&Shipment) -> std::result::Result<Corrected, R> + Send + Sync + 'static,
    ) -> Result<std::result::Result<Shipment, R>> {
        caller.require(Scope::Write)?;
        let (tenant, now, by) = (caller.tenant().clone(), self.now(), caller.actor());
        let event_id = self.one_id("events", EventId::new).await?;
        let corrected = self
            .store()
            .write(async move |tx| {
                let place = tx.place_of_parcel(&tenant, parcel).await?.ok_or(Error::NotFound("shipment"))?;
                let mut shipment = tx.shipment(&tenant, place.0).await?.ok_or(Error::NotFound("shipment"))?;
                let corrected = match change(&shipment) {
                    Ok(corrected) => corrected,
                    Err(refusal) => return Ok(Err(refusal)),
                };
                let before = shipment.clone();
                let told = correct(&mut shipment, parcel, corrected);
                if shipment == before {
                    return Ok(Ok(shipment));
                }
                shipment.modified_at = now;
                tx.save_shipment(&tenant, &shipment).await?;
                shipment.version += 1;
                if let Some((kind, old, new)) = told {
                    let (order, id) = (Some(shipment.order), Some(shipment.id));
                    let (parcel, by) = (Some(parcel), Some(by.clone()));
                    let about = About { order, shipment: id, parcel, old, new, by, ..About::default() };
                    tx.emit(&tenant, &event(event_id, kind, now, about)).await?;
                }
                Ok(Ok(shipment))
            })
            .await?;
        self.wakes().events.notify_one();
        Ok(corrected)
    }

    /// Settles by hand a booking whose outcome no program can find out.
    pub async fn settle_shipment(&self, caller: &Caller, id: ShipmentId, settlement: Settlement) -> Result<Shipment> {
        caller.require(Scope::Buy)?;
        self.shipment(&caller.as_reader(), id).await?;
        let (tenant, now, key) = (caller.tenant().clone(), self.now(), caller.key.name.clone());
        let by = caller.actor();
        let event_id = self.one_id("events", EventId::new).await?;
        self.write_once(caller, async move |tx| {
            let mut shipment = tx.shipment(&tenant, id).await?.ok_or(Error::NotFound("shipment"))?;
            let is_unsure = shipment.details.failure.is_some() || shipment.lease_until.is_none();
            if shipment.status != ShipmentStatus::Booking || !is_unsure {
                let text =
                    format!("the shipment is {}: only a booking nobody knows of is settled", shipment.status.as_str());
                return Err(Error::Conflict(text));
            }
            let kind = match &settlement {
                Settlement::Booked(numbers) if numbers.len() != shipment.parcels.len() => {
                    let text = format!("{} parcels need {} numbers", shipment.parcels.len(), shipment.parcels.len());
                    return Err(Error::invalid("tracking_numbers", text));
                }
                Settlement::Booked(numbers) => {
                    for (parcel, number) in shipment.parcels.iter_mut().zip(numbers) {
                        parcel.tracking_number = Some(number.clone());
                        parcel.tracking = TrackingStatus::Announced;
                    }
                    shipment.status = ShipmentStatus::Booked;
                    shipment.details.booked_at = Some(now);
                    shipment.details.failure = None;
                    let carrier = shipment.details.service_name.clone();
                    let who = format!("a person with the key {key:?}");
                    shipment.details.brought_by = Some(Brought { who, key: key.clone(), carrier });
                    EventKind::ShipmentBooked
                }
                Settlement::NotBooked if shipment.details.cancel_wanted => {
                    shipment.status = ShipmentStatus::Cancelled;
                    EventKind::ShipmentCancelled
                }
                Settlement::NotBooked => {
                    shipment.status = ShipmentStatus::Failed;
                    EventKind::ShipmentFailed
                }
            };
            shipment.lease_until = None;
            shipment.modified_at = now;
            tx.save_shipment(&tenant, &shipment).await?;
            let reason = Some(format!("settled by hand with the key {key:?}"));
            let (order, by) = (Some(shipment.order), Some(by.clone()));
            let about = About { order, shipment: Some(id), reason, by, ..About::default() };
            tx.emit(&tenant, &event(event_id, shipment.told_as(kind), now, about)).await
        })
        .await?;
        self.wakes().events.notify_one();
        let shipment = self.shipment(&caller.as_reader(), id).await?;
        if shipment.details.cancel_wanted && shipment.status == ShipmentStatus::Booked {
            return self.cancel_known(caller.tenant(), id, Some(caller.actor())).await;
        }
        Ok(shipment)
    }

    /// What was said between us and the carrier about a shipment, oldest first.
    pub async fn exchanges(&self, caller: &Caller, id: ShipmentId) -> Result<Vec<(Timestamp, Exchange)>> {
        let shipment = self.shipment(caller, id).await?;
        let tenant = caller.tenant().clone();
        self.store().read(async move |tx| tx.exchanges(&tenant, shipment.id).await).await
    }
}

/// What happened, and the value before and after.
type Told = (EventKind, Option<String>, Option<String>);

/// Lays what was corrected over a shipment. A first number is told like one that was brought at once: who waits for a
/// number has heard of none before. Another one takes the old one's place.
fn correct(shipment: &mut Shipment, parcel: ParcelId, corrected: Corrected) -> Option<Told> {
    let is_from_elsewhere = shipment.is_from_elsewhere();
    let (dialect, extra) = corrected.extra;
    let details = &mut shipment.details;
    details.extra.insert(dialect, extra);
    let parcel = shipment.parcels.iter_mut().find(|known| known.id == parcel).filter(|_| is_from_elsewhere)?;
    if let (Some(carrier), Some(brought)) = (corrected.carrier, details.brought_by.as_mut()) {
        details.service = ServiceCode::new(ELSEWHERE, &carrier);
        details.service_name.clone_from(&carrier);
        brought.carrier = carrier;
    }
    details.carrier_reference = corrected.reference.or(details.carrier_reference.take());
    let before = parcel.tracking_number.clone();
    let number = corrected.tracking_number.filter(|number| Some(number) != before.as_ref())?;
    parcel.tracking_number = Some(number.clone());
    if before.is_none() {
        return Some((EventKind::ShipmentRecorded, None, None));
    }
    details.former_numbers.extend(before.clone());
    Some((EventKind::ShipmentReplaced, before, Some(number)))
}
