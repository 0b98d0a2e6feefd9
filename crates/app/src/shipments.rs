//! Shipments: put together, shown, cancelled. How the carrier is asked stands in [`booking`].

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use domain::act::{self, Actor};
use domain::address::Address;
use domain::connector::{Goods, Parties, RateRequest};
use domain::customs::needs_papers;
use domain::document::Format;
use domain::error::{Problem, Rule};
use domain::event::{About, EventKind};
use domain::ids::{OrderId, ParcelId, ShipmentId};
use domain::location::Location;
use domain::money::Money;
use domain::order::{Order, OrderDetails, OrderStatus, ServiceWish};
use domain::parcel::{Box as ParcelBox, Parcel};
use domain::pieces::Pieces;
use domain::rate::Rate;
use domain::routing::{Candidate, CandidateOutcome, Decision, RuleAction};
use domain::service::ServiceCode;
use domain::shipment::{Replaced, Returning, Shipment, ShipmentDetails, ShipmentStatus};
use domain::tenant::Scope;
use domain::tracking::TrackingStatus;
use domain::{Error, Result};

use serde::{Deserialize, Serialize};
use store::batches::TakenOrder;
use store::dispatches::Dispatch;
use store::orders::Held;
pub use store::shipments::{ShipmentList, ShipmentWays};
use tracing::Instrument as _;

use crate::addresses::fitting::Ends;
use crate::rates::{Offers, accounts_of};
use crate::routing::Facts;
use crate::tenants::{Account, TenantSetup};
use crate::{App, Caller, Options, addresses, customs, event};

pub use self::boxes::BoxWish;
use self::boxes::{Packed, pack};

mod booking;
mod boxes;
mod dispatch;
pub mod elsewhere;
mod labels;
pub mod returns;
mod silence;
mod soon;

/// How often a shipment is planned anew, since others ship the same order, before that is told.
const TRIES: usize = 20;

/// How a client wants an order shipped.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ShipWish {
    /// The location, by alias or external id; the tenant's first when missing.
    pub location: Option<String>,
    /// The service; the order's own wish, else the cheapest that fits, when missing.
    pub service: Option<ServiceWish>,
    /// The boxes; one box with the whole order when empty.
    pub parcels: Vec<BoxWish>,
    /// The format labels are drawn in at once; any other is drawn when somebody asks.
    pub label_format: Format,
    /// What the request itself says of the candidates, before any rule.
    pub rule: Option<RuleAction>,
    /// Whether the rules are not to be asked.
    pub passes_over_rules: bool,
    /// Why a further shipment is wanted although the order has one: without this, that one is answered. The same reason
    /// said again means the same further shipment.
    pub further_because: Option<String>,
    /// Whether the next choice is taken when a carrier does not answer, instead of waiting for it; what the silent one did
    /// is found out and voided afterwards.
    pub turns_on_silence: bool,
    /// The shipment it takes the place of, which is cancelled already.
    pub replaces: Option<Replaced>,
    /// Whether lines that are too long for the service may be wrapped over free ones.
    pub wraps_lines: bool,
    /// Who wished it, for whoever carries it out later.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<Actor>,
}

impl ShipWish {
    /// The same in the name of a caller.
    pub(crate) fn of(&self, caller: &Caller) -> Self {
        Self { by: Some(caller.actor()), ..self.clone() }
    }
}

/// What was taken up when an order is shipped without anybody waiting.
#[derive(Clone, Debug)]
pub(crate) enum Errand {
    /// It was placed to be shipped.
    Dispatch(Dispatch),
    /// It is one of a batch.
    Batch(TakenOrder),
}

/// How long accounts may take over an offer, and what for it is asked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asking {
    /// When it is the only one that is asked.
    of_one: Duration,
    /// When there are others, which would have to wait for it.
    of_several: Duration,
    is_booking: bool,
    /// Whether nobody looks at the warnings, so that what customs will ask must be there.
    is_unattended: bool,
}

impl Asking {
    /// For somebody who wants to see rates.
    pub(crate) fn for_rates(options: &Options) -> Self {
        Self { of_one: options.rate_timeout, of_several: options.rate_timeout, is_booking: false, is_unattended: false }
    }

    /// For a shipment that is booked next. In a batch, others wait in the same lane.
    fn to_book(options: &Options, taken: Option<&Errand>) -> Self {
        let of_several = match taken {
            Some(Errand::Batch(_)) => options.rate_timeout,
            Some(Errand::Dispatch(_)) | None => options.carrier_timeout,
        };
        let is_unattended = matches!(taken, Some(Errand::Batch(_)));
        Self { of_one: options.carrier_timeout, of_several, is_booking: true, is_unattended }
    }
}

/// What the accounts of a location offer for an order, and what the rules make of it.
pub(crate) struct Survey {
    location: Location,
    pub(crate) ask: RateRequest,
    /// Why there are so many boxes.
    pub(crate) packing: String,
    pub(crate) offers: Offers,
    /// Those that may be taken, best first.
    pub(crate) rates: Vec<Rate>,
    pub(crate) decision: Decision,
}

/// What a shipment is chosen from: everything known before the carrier is asked.
struct Plan {
    location: Location,
    sender: Address,
    recipient: Address,
    boxes: Vec<ParcelBox>,
    goods: Goods,
    rates: Vec<Rate>,
    decision: Decision,
    label_format: Format,
    /// What comes back, when it does.
    returning: Option<Returning>,
}

impl App {
    /// Ships an order: chooses, books, draws and stores the labels. An order whose parcels are already being shipped
    /// gives that shipment, once it is known what became of it.
    pub async fn ship(&self, caller: &Caller, order: OrderId, wish: &ShipWish) -> Result<Shipment> {
        let (shipment, is_new) = Box::pin(self.begin_shipment(caller, order, wish, None)).await?;
        if !is_new {
            return self.settled_shipment(caller, shipment.id).await;
        }
        self.book_begun(caller, shipment, wish).await
    }

    /// Books a shipment that was just begun; what the carriers say instead of a yes is an error.
    pub(crate) async fn book_begun(&self, caller: &Caller, shipment: Shipment, wish: &ShipWish) -> Result<Shipment> {
        // Boxed, since it is large and whoever ships holds much else.
        let mut shipment = Box::pin(self.book(caller.tenant(), shipment)).await?;
        if wish.turns_on_silence {
            shipment = Box::pin(self.turn_from_silence(caller, shipment)).await?;
        }
        match (&shipment.status, &shipment.details.failure) {
            (ShipmentStatus::Failed | ShipmentStatus::Booking, Some(failure)) => {
                Err(Error::Carrier(failure.clone(), Some(shipment.id)))
            }
            _ => Ok(shipment),
        }
    }

    /// Starts shipping an order and answers as soon as that is stored; the carrier is asked afterwards.
    pub async fn ship_soon(&self, caller: &Caller, order: OrderId, wish: &ShipWish) -> Result<Shipment> {
        let (shipment, is_new) = Box::pin(self.begin_shipment(caller, order, wish, None)).await?;
        if is_new {
            let (app, tenant, begun) = (self.clone(), caller.tenant().clone(), shipment.clone());
            let booking = async move {
                let id = begun.id;
                if let Err(error) = app.book(&tenant, begun).await {
                    tracing::warn!(shipment = %id, %error, "booking {id} is not settled yet");
                }
            };
            tokio::spawn(booking.in_current_span());
        }
        Ok(shipment)
    }

    /// Chooses location, account and service and stores the shipment as `Booking`. The flag says whether it is new. An
    /// errand that was taken up is written off with it; one that is somebody else's by now begins nothing.
    pub(crate) async fn begin_shipment(
        &self,
        caller: &Caller,
        order: OrderId,
        wish: &ShipWish,
        taken: Option<&Errand>,
    ) -> Result<(Shipment, bool)> {
        caller.require(Scope::Buy)?;
        let (order, mut shipped) = self.order_with_shipments(&caller.as_reader(), order).await?;
        if order.cancelled_at.is_some() {
            open(Held::Cancelled)?;
        }
        for _ in 0..TRIES {
            let live: Vec<_> = shipped.into_iter().filter(Shipment::is_live).collect();
            if let Some(meant) = meant(&order, &live, wish) {
                return not_from_elsewhere(meant).map(|()| (meant.clone(), false));
            }
            let shipment = self.planned(caller, &order, wish, &live, taken).await?;
            let beside = live.iter().map(|live| live.id).collect();
            if let Some(id) = self.store_new_shipment(caller, &shipment, beside, taken).await? {
                if id == shipment.id {
                    return Ok((shipment, true));
                }
                return Ok((self.shipment(&caller.as_reader(), id).await?, false));
            }
            // Somebody else ships the order too, or gave a shipment back meanwhile: what is left is another.
            shipped = self.shipments_of_order(&caller.as_reader(), order.id).await?;
        }
        Err(Error::Conflict("the order is being shipped at this moment: try again".to_owned()))
    }

    /// The shipment that is best for what the order's live shipments leave, not stored yet.
    async fn planned(
        &self,
        caller: &Caller,
        order: &Order,
        wish: &ShipWish,
        live: &[Shipment],
        taken: Option<&Errand>,
    ) -> Result<Shipment> {
        // A further shipment takes the places behind those that are live.
        let last = live.iter().flat_map(|live| &live.parcels).map(|parcel| parcel.position).max().unwrap_or(0);
        let plan = self.plan(caller, order, wish, live, Asking::to_book(self.options(), taken)).await?;
        let mut shipment = self.draft(caller, order, plan).await?;
        shipment.details.further_because.clone_from(&wish.further_because);
        shipment.details.replaces.clone_from(&wish.replaces);
        shipment.details.wraps_lines = wish.wraps_lines;
        for parcel in &mut shipment.parcels {
            parcel.position += last;
        }
        Ok(shipment)
    }

    pub(crate) async fn order_with_shipments(&self, caller: &Caller, order: OrderId) -> Result<(Order, Vec<Shipment>)> {
        caller.require(Scope::Read)?;
        let tenant = caller.tenant().clone();
        let found = self.store().read(async move |tx| {
            let Some(found) = tx.order(&tenant, order).await? else { return Ok(None) };
            Ok(Some((found, tx.shipments_of_order(&tenant, order).await?)))
        });
        found.await?.ok_or(Error::NotFound("order"))
    }

    /// Stores a shipment that was planned beside these live ones of its order, and answers its id, or that of the one that
    /// the same request stored before. `None` when the order has other live shipments by now.
    async fn store_new_shipment(
        &self,
        caller: &Caller,
        shipment: &Shipment,
        beside: BTreeSet<ShipmentId>,
        taken: Option<&Errand>,
    ) -> Result<Option<ShipmentId>> {
        let (tenant, stored, taken) = (caller.tenant().clone(), shipment.clone(), taken.cloned());
        let event_id = self.one_id("events", domain::ids::EventId::new).await?;
        let is_new = Option::is_some;
        self.write_once_if(caller, is_new, async move |tx| {
            let (held, live) = tx.hold_order_with_live(&tenant, stored.order).await?;
            open(held)?;
            match &taken {
                Some(Errand::Dispatch(taken)) if !tx.end_dispatch(taken).await? => return Err(overtaken()),
                Some(Errand::Dispatch(_)) => {}
                // Whoever ships it otherwise does what was wished for.
                Some(Errand::Batch(_)) | None => tx.forget_dispatch(&tenant, stored.order).await?,
            }
            if live != beside {
                return Ok(None);
            }
            if let Some(Errand::Batch(taken)) = &taken
                && !tx.ship_batch_order(taken, stored.id).await?
            {
                return Err(overtaken());
            }
            tx.add_shipment(&tenant, &stored).await?;
            let at = stored.created_at;
            tx.emit(&tenant, &event(event_id, EventKind::ShipmentRequested, at, requested(&stored))).await?;
            Ok(Some(stored.id))
        })
        .await
    }

    /// What could carry an order, best first. Every reason why nothing can is a problem.
    async fn plan(
        &self,
        caller: &Caller,
        order: &Order,
        wish: &ShipWish,
        live: &[Shipment],
        asking: Asking,
    ) -> Result<Plan> {
        self.hold_failed_address(caller, order).await?;
        let survey = self.survey(caller, order, wish, live, asking).await?;
        if survey.rates.is_empty() {
            return Err(nothing_fits(survey));
        }
        let ask = &survey.ask;
        if asking.is_unattended && needs_papers(&ask.sender, &ask.recipient) {
            let missing = domain::customs::missing(&order.details);
            // A dialect without items cannot say what customs wants to know.
            if !order.details.items.is_empty() && !missing.is_empty() {
                return Err(Error::Invalid(missing));
            }
        }
        Ok(Plan {
            location: survey.location,
            sender: survey.ask.sender,
            recipient: survey.ask.recipient,
            boxes: survey.ask.parcels,
            goods: survey.ask.goods,
            rates: survey.rates,
            decision: survey.decision,
            label_format: wish.label_format,
            returning: None,
        })
    }

    /// Asks every account that may carry what the order's live shipments leave, and tries the rules; books nothing. When
    /// that is what comes next, what the addresses do not fit is left out as long as anything else is there.
    pub(crate) async fn survey(
        &self,
        caller: &Caller,
        order: &Order,
        wish: &ShipWish,
        live: &[Shipment],
        asking: Asking,
    ) -> Result<Survey> {
        let setup = &caller.setup;
        let mut problems = Vec::new();
        let unknown = |name: &str| Problem::of(Rule::Unknown, "location", format!("no location is known as {name:?}"));
        let by_id = |name: &str| setup.locations.iter().find(|known| known.external_id == name);
        let location = match (&wish.location, &order.details.ship_from) {
            (Some(name), _) => setup.location(caller.dialect, name).cloned().ok_or_else(|| unknown(name)),
            (None, Some(name)) => by_id(name).cloned().ok_or_else(|| unknown(name)),
            (None, None) => setup.locations.first().cloned().ok_or_else(|| {
                Problem::new("location", "the tenant has no location to ship from: add one to the setup file")
            }),
        };
        let recipient = order.details.shipping_address.clone();
        problems.extend(match &recipient {
            Some(address) => addresses::unusable(address),
            None => Some(Problem::of(Rule::Missing, "shipping_address", "the order has no shipping address")),
        });
        let recipient = recipient.filter(|_| problems.is_empty());
        let packed = pack(order, wish, setup.tenant.default_weight, live);
        let (location, Packed { boxes, because: packing }) = match (location, packed) {
            (Ok(location), Ok(packed)) => (location, packed),
            (location, packed) => {
                problems.extend(location.err());
                problems.extend(packed.err().into_iter().flatten());
                return Err(Error::Invalid(problems));
            }
        };
        let Some(recipient) = recipient else { return Err(Error::Invalid(problems)) };
        let named = wish.service.as_ref().or_else(|| order.details.delivery.as_ref()?.service.as_ref());
        let mut ask = RateRequest {
            reference: self.random().token::<16>(),
            sender: location.sender(),
            recipient,
            goods: Goods { collect: boxes.iter().find_map(|parcel| parcel.collect), ..order.details.goods_in(&boxes) },
            parcels: boxes,
            parties: Parties {
                is_return: false,
                return_to: location.other_return_address(),
                billing: location.billing.clone(),
            },
            service: None,
            now: self.now(),
        };
        let contract = named.and_then(|named| named.contract.as_deref());
        let contract = contract.map(|contract| {
            let known = match &wish.service {
                Some(_) => setup.contract(caller.dialect, contract),
                None => setup.contract_of_order(order.channel, contract),
            };
            let text = || format!("no carrier account is known as {contract:?}");
            known.ok_or_else(|| Error::Invalid(vec![Problem::of(Rule::Unknown, "service/contract", text())]))
        });
        let accounts = accounts_asked(setup, &location, contract.transpose()?, named, &mut ask)?;
        let limit = if accounts.len() > 1 { asking.of_several } else { asking.of_one };
        let mut offers = self.offers(&setup.tenant.id, &accounts, &ask, limit).await;
        offers.keep_able(&accounts, &ask);
        let ends = Ends {
            sender: &ask.sender,
            recipient: &ask.recipient,
            split: order.address_check().and_then(|check| check.split.as_ref()),
            wraps: wish.wraps_lines,
        };
        ends.sort_out(&accounts, &mut offers, asking.is_booking);
        let verdict = match (ask.service.is_some(), wish.passes_over_rules) {
            (true, _) => setup.rules.passed_over("a service was named, which is taken or refused, never swapped"),
            (false, true) => setup.rules.passed_over("the request asked for no rules"),
            (false, false) => {
                let facts = Facts::new(order, &ask.parcels, &location, &ask.recipient);
                setup.rules.try_all(&facts, &location, wish.rule.as_ref().or(order.details.routing.as_ref()))
            }
        };
        let (rates, mut candidates) =
            domain::routing::choose(offers.rates.clone(), &verdict.action, verdict.decided_by.as_deref());
        let out = |service: String, why: String| Candidate {
            service,
            outcome: CandidateOutcome::Out,
            why: why.chars().take(300).collect(),
            total: None,
            billed_weights: Vec::new(),
            transit_days: None,
        };
        candidates.extend(offers.left_out.iter().map(|(service, why)| out(service.to_string(), why.clone())));
        candidates.extend(offers.failed.iter().map(|(account, error)| out(account.clone(), error.to_string())));
        let unusable = accounts.iter().filter(|account| account.connection.is_none());
        candidates.extend(
            unusable.map(|account| {
                out(account.account.id.clone(), "the carrier cannot be asked by this version".to_owned())
            }),
        );
        let decision = Decision {
            decided_by: verdict.decided_by,
            pick: verdict.action.pick.unwrap_or_default(),
            passed_over: ask.service.is_some() || wish.passes_over_rules,
            rules: verdict.rules,
            candidates,
        };
        Ok(Survey { location, ask, packing, offers, rates, decision })
    }

    /// A shipment ready for transaction 1, with ids, serials and tokens.
    async fn draft(&self, caller: &Caller, order: &Order, plan: Plan) -> Result<Shipment> {
        let now = self.now();
        let id = self.one_id("shipments", ShipmentId::new).await?;
        let parcel_ids = self.ids("parcels", plan.boxes.len(), ParcelId::new).await?;
        let mut rates = plan.rates.into_iter();
        let rate = rates.next().ok_or_else(|| Error::internal("a plan without a rate"))?;
        let serials = self.serials(&caller.setup, &rate.service.account, plan.boxes.len()).await?;
        let assumed = plan.boxes.iter().any(|parcel| parcel.weight_is_assumed);
        // The split of a street line is of the customer's address, which is the sender of a return.
        let address_split = order.address_check().filter(|_| plan.returning.is_none());
        let address_split = address_split.and_then(|check| check.split.clone());
        let assumed = assumed.then(|| "the weight is assumed: nobody said it".to_owned());
        let export = customs::export_warning(&plan.goods, &plan.sender, &plan.recipient);
        let warnings = assumed.into_iter().chain(export).collect();
        let parcels = plan.boxes.into_iter().zip(parcel_ids).enumerate().map(|(index, (parcel, id))| Parcel {
            id,
            position: index as u32 + 1,
            parcel,
            tracking_number: None,
            sscc: None,
            tracking: TrackingStatus::Unknown,
            tracking_token: self.random().token::<16>(),
            has_label: false,
        });
        Ok(Shipment {
            id,
            order: order.id,
            status: ShipmentStatus::Booking,
            version: 1,
            created_at: now,
            modified_at: now,
            lease_until: Some(self.lease_from(now)),
            parcels: parcels.collect(),
            details: ShipmentDetails {
                service: rate.service.clone(),
                service_name: rate.service_name.clone(),
                location: plan.location.external_id.clone(),
                reference: id.to_string(),
                order_reference: order.details.number.clone().or_else(|| order.details.external_id.clone()),
                rate: Some(rate),
                alternatives: rates.collect(),
                serials,
                return_to: plan.location.other_return_address().filter(|_| plan.returning.is_none()),
                billing: plan.location.billing.clone(),
                sender: plan.sender,
                recipient: plan.recipient,
                goods: plan.goods,
                carrier_reference: None,
                carrier_page: None,
                charged: None,
                is_surely_unbooked: false,
                booked_at: None,
                failure: None,
                cancel_wanted: false,
                decision: Some(plan.decision),
                is_followed: false,
                further_because: None,
                is_given_up: false,
                makes_way: false,
                replaces: None,
                brought_by: None,
                former_numbers: Vec::new(),
                returning: plan.returning,
                extra: BTreeMap::new(),
                label_format: plan.label_format,
                wraps_lines: false,
                asked_by: Some(caller.actor()),
                address_split,
                warnings,
            },
        })
    }

    /// Serials for so many parcels, from the account's persistent range or the one it shares.
    pub(crate) async fn serials(&self, setup: &TenantSetup, account: &str, parcels: usize) -> Result<Vec<u64>> {
        let account = setup.account(account);
        let per_parcel = account.and_then(|account| account.profile).map_or(0, |profile| profile.serials_a_parcel);
        let Some(account) = account.filter(|_| per_parcel > 0) else { return Ok(Vec::new()) };
        let shared = account.connection.as_ref().and_then(|connection| connection.serial_range());
        let range = shared.unwrap_or_else(|| format!("{}/{}", setup.tenant.id, account.account.id));
        self.store().take_ids(&format!("serials/{range}"), u64::from(per_parcel) * parcels as u64).await
    }

    /// One shipment.
    pub async fn shipment(&self, caller: &Caller, id: ShipmentId) -> Result<Shipment> {
        caller.require(Scope::Read)?;
        let tenant = caller.tenant().clone();
        let shipment = self.store().read(async move |tx| tx.shipment(&tenant, id).await).await?;
        shipment.ok_or(Error::NotFound("shipment"))
    }

    /// The shipment a parcel belongs to.
    pub async fn shipment_of_parcel(&self, caller: &Caller, parcel: ParcelId) -> Result<Shipment> {
        caller.require(Scope::Read)?;
        let tenant = caller.tenant().clone();
        let found = self
            .store()
            .read(async move |tx| {
                let Some((id, ..)) = tx.place_of_any_parcel(&tenant, parcel).await? else { return Ok(None) };
                tx.shipment(&tenant, id).await
            })
            .await?;
        found.ok_or(Error::NotFound("parcel"))
    }

    /// The shipments of an order, oldest first.
    pub async fn shipments_of_order(&self, caller: &Caller, order: OrderId) -> Result<Vec<Shipment>> {
        caller.require(Scope::Read)?;
        let tenant = caller.tenant().clone();
        self.store().read(async move |tx| tx.shipments_of_order(&tenant, order).await).await
    }

    /// Shipments, returns, or both, latest first.
    pub async fn list_shipments(&self, caller: &Caller, list: ShipmentList) -> Result<Vec<Shipment>> {
        caller.require(Scope::Read)?;
        let tenant = caller.tenant().clone();
        self.store().read_list(async move |tx| tx.list_shipments(&tenant, &list).await).await
    }

    /// How much of an order that the caller was shown is booked.
    pub async fn shipping_of(&self, caller: &Caller, order: &Order) -> Result<OrderStatus> {
        let shipments = self.shipments_of_order(&caller.as_reader(), order.id).await?;
        Ok(OrderStatus::of(&order.details, &shipments))
    }

    /// The same of each of the orders of a page, in two statements.
    pub async fn shipping_of_each(&self, caller: &Caller, orders: &[&Order]) -> Result<Vec<OrderStatus>> {
        let (tenant, ids) = (caller.tenant().clone(), orders.iter().map(|order| order.id).collect::<Vec<_>>());
        let shipments = self.store().read_list(async move |tx| tx.shipments_of_orders(&tenant, &ids).await).await?;
        Ok(orders.iter().zip(shipments).map(|(order, of_it)| OrderStatus::of(&order.details, &of_it)).collect())
    }

    /// A shipment somebody else is booking, once it is known what became of it; as it stands after a while.
    async fn settled_shipment(&self, caller: &Caller, id: ShipmentId) -> Result<Shipment> {
        let reader = caller.as_reader();
        let deadline = tokio::time::Instant::now() + self.options().carrier_timeout;
        loop {
            let woken = self.wakes().shipments.notified();
            let shipment = self.shipment(&reader, id).await?;
            // Once the carrier left it open, waiting on tells nobody more.
            let is_pending = shipment.status == ShipmentStatus::Booking && shipment.details.failure.is_none();
            if !is_pending || tokio::time::Instant::now() >= deadline {
                return match (&shipment.status, &shipment.details.failure) {
                    (ShipmentStatus::Failed | ShipmentStatus::Booking, Some(failure)) => {
                        Err(Error::Carrier(failure.clone(), Some(id)))
                    }
                    (ShipmentStatus::Booking, None) => Err(Error::Unavailable(format!("{id} is still being booked"))),
                    _ => Ok(shipment),
                };
            }
            drop(tokio::time::timeout(Duration::from_millis(50), woken).await);
        }
    }

    /// Cancels every live shipment of an order and says which were live. What a carrier refuses stays booked; an event
    /// tells a person.
    pub(crate) async fn cancel_shipments_of(&self, caller: &Caller, order: OrderId) -> Result<Vec<ShipmentId>> {
        let mut live = Vec::new();
        for shipment in self.shipments_of_order(&caller.as_reader(), order).await? {
            if shipment.status.is_live() {
                live.push(shipment.id);
                match self.cancel_known(caller.tenant(), shipment.id, Some(caller.actor())).await {
                    Ok(_) | Err(Error::Carrier(..) | Error::Conflict(_)) => {}
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(live)
    }

    /// Cancels a shipment: voids it at the carrier first, clears our record second. One that is being booked is
    /// cancelled as soon as the carrier's answer is known.
    pub async fn cancel(&self, caller: &Caller, id: ShipmentId) -> Result<Shipment> {
        caller.require(Scope::Void)?;
        self.shipment(&caller.as_reader(), id).await?;
        self.cancel_known(caller.tenant(), id, Some(caller.actor())).await
    }

    /// The same for the shipment that a parcel belongs to.
    pub async fn cancel_by_parcel(&self, caller: &Caller, parcel: ParcelId) -> Result<Shipment> {
        caller.require(Scope::Void)?;
        let shipment = self.shipment_of_parcel(&caller.as_reader(), parcel).await.map_err(|error| match error {
            Error::NotFound(_) => Error::NotFound("shipment"),
            error => error,
        })?;
        self.cancel_known(caller.tenant(), shipment.id, Some(caller.actor())).await
    }
}

/// What a carrier is asked for, as the act of buying tells it.
#[derive(Serialize)]
struct Asked<'a> {
    service: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    price: Option<&'a Money>,
    parcels: usize,
}

impl<'a> Asked<'a> {
    fn of(shipment: &'a Shipment) -> Self {
        let price = shipment.details.rate.as_ref().map(|rate| &rate.total);
        Self { service: shipment.details.service.to_string(), price, parcels: shipment.parcels.len() }
    }
}

/// What is told of a shipment that somebody has asked for.
fn requested(shipment: &Shipment) -> About {
    About {
        order: Some(shipment.order),
        shipment: Some(shipment.id),
        by: shipment.details.asked_by.clone(),
        after: act::json(&Asked::of(shipment)),
        ..About::default()
    }
}

fn overtaken() -> Error {
    Error::Conflict("the order is shipped by somebody else".to_owned())
}

/// Whether an order that was held may be shipped.
pub(crate) fn open(held: Held) -> Result<()> {
    match held {
        Held::Open => Ok(()),
        Held::Cancelled => Err(Error::Conflict("the order is cancelled: nothing was booked".to_owned())),
        Held::Gone => Err(Error::NotFound("order")),
    }
}

/// The accounts that may carry an order. A service or contract that somebody named is taken or refused, never swapped.
fn accounts_asked<'a>(
    setup: &'a TenantSetup,
    location: &'a Location,
    contract: Option<&Account>,
    named: Option<&ServiceWish>,
    ask: &mut RateRequest,
) -> Result<Vec<&'a Account>> {
    let mut accounts = accounts_of(setup, location);
    if accounts.is_empty() {
        let text = format!("no carrier account is assigned to location {:?}", location.external_id);
        return Err(Error::Invalid(vec![Problem::of(Rule::Missing, "location", text)]));
    }
    if let Some(contract) = contract {
        accounts.retain(|known| known.account.id == contract.account.id);
    }
    if let Some(code) = named.and_then(|named| named.code.as_deref()) {
        let parsed = ServiceCode::parse(code);
        let serves = |code: &ServiceCode| accounts.iter().any(|account| account.account.id == code.account);
        let Some(code) = parsed.filter(serves) else {
            let text = format!("no service {code:?} is offered at location {:?}", location.external_id);
            return Err(Error::Invalid(vec![Problem::of(Rule::Unknown, "service/code", text)]));
        };
        accounts.retain(|account| account.account.id == code.account);
        ask.service = Some(code.service);
    }
    Ok(accounts)
}

/// Why nothing can carry an order: the carrier's own error when nobody said more, else every reason.
fn nothing_fits(survey: Survey) -> Error {
    let Survey { ask, offers, decision, .. } = survey;
    if offers.left_out.is_empty()
        && offers.rates.is_empty()
        && let Some((_, error)) = offers.failed.into_iter().next()
    {
        return Error::Carrier(error, None);
    }
    let reasons: Vec<_> = decision.candidates.iter().map(|one| format!("{}: {}", one.service, one.why)).collect();
    let wanted = ask.service.as_deref().map_or_else(String::new, |service| format!(" ({service})"));
    let why = if reasons.is_empty() { String::new() } else { format!(": {}", reasons.join("; ")) };
    Error::invalid("service", format!("no service fits this shipment{wanted}{why}"))
}

/// The live shipment that is what is wished for: the further one for the same reason, the one with the same pieces, or,
/// when nothing is left to ship, the latest of those that are no further ones. So what is sent fifty times is one shipment.
fn meant<'a>(order: &Order, live: &'a [Shipment], wish: &ShipWish) -> Option<&'a Shipment> {
    if wish.further_because.is_some() {
        return live.iter().find(|live| live.details.further_because == wish.further_because);
    }
    let mut usual = live.iter().filter(|live| live.details.further_because.is_none());
    match boxes::asked(order, wish) {
        Some(pieces) => usual.find(|one| one.is_from_elsewhere() || has_pieces(&order.details, one, &pieces)),
        None if !Pieces::left(&order.details, live).is_none() => None,
        None => usual.next_back().or(live.last()),
    }
}

fn has_pieces(order: &OrderDetails, shipment: &Shipment, pieces: &Pieces) -> bool {
    Pieces::in_shipment(order, shipment) == *pieces
}

/// A parcel that carries a number from elsewhere is not booked here too: one order would carry two.
fn not_from_elsewhere(live: &Shipment) -> Result<()> {
    let Some(brought) = &live.details.brought_by else { return Ok(()) };
    if !live.is_from_elsewhere() {
        return Ok(());
    }
    let numbers: Vec<_> = live.parcels.iter().filter_map(|parcel| parcel.tracking_number.as_deref()).collect();
    Err(Error::Conflict(format!(
        "the order already has the tracking number {} of {}, brought by {} on {}: nothing was booked; to send a further \
         parcel, say why",
        numbers.join(", "),
        brought.carrier,
        brought.who,
        live.created_at
    )))
}
