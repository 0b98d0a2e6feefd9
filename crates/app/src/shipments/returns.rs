//! Returns: what a customer sends back, in one action. Tied to the order, tracked like any parcel, voided when cancelled.
//!
//! A return is a shipment the other way round: the sender is the customer, the recipient the location's return address. It
//! holds no place of its order, so what goes out is as it was.

use domain::connector::{Parties, RateRequest};
use domain::error::{Problem, Rule};
use domain::event::EventKind;
use domain::ids::{EventId, OrderId};
use domain::location::Location;
use domain::measure::Weight;
use domain::order::{Order, ServiceWish};
use domain::parcel::{Box as ParcelBox, Content};
use domain::routing::{Candidate, CandidateOutcome, Decision, Pick, RuleAction};
use domain::shipment::{ReturnedLine, Returning, Shipment, ShipmentStatus};
use domain::tenant::Scope;
use domain::{Error, Result};
use store::orders::Held;

use super::boxes::{BoxWish, weight_of_pieces};
use super::{Plan, ShipWish, accounts_asked, requested};
use crate::addresses::fitting::Ends;
use crate::rates::Offers;
use crate::{App, Caller, addresses, event};

/// What comes back, and how.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ReturnWish {
    /// The shop's id of each line, else its stock-keeping unit, and the pieces; everything that was shipped and does not come
    /// back yet when empty.
    pub items: Vec<(String, u64)>,
    /// Why.
    pub reason: Option<String>,
    /// The location it goes to, by alias or external id; the one that shipped the order when missing.
    pub location: Option<String>,
    /// The service; the cheapest that brings things back when missing.
    pub service: Option<ServiceWish>,
    /// The boxes, without contents; one box when empty.
    pub parcels: Vec<BoxWish>,
    /// The format labels are drawn in at once.
    pub label_format: domain::document::Format,
    /// Whether lines that are too long for the service may be wrapped over free ones.
    pub wraps_lines: bool,
}

/// How many pieces of each line of an order were shipped and do not come back.
fn returnable(order: &Order, shipped: &[Shipment], returns: &[Shipment]) -> Vec<u64> {
    let out: Vec<_> = shipped.iter().filter(|shipment| has_left(shipment)).collect();
    // A parcel of which nobody said what is inside may hold everything.
    let is_whole = |shipment: &&&Shipment| shipment.parcels.iter().all(|parcel| parcel.parcel.contents.is_empty());
    let holds_all = out.iter().any(|shipment| is_whole(&shipment));
    let contents = || out.iter().flat_map(|shipment| &shipment.parcels).flat_map(|parcel| &parcel.parcel.contents);
    let back = || {
        let live = returns.iter().filter(|known| known.status.is_live());
        live.filter_map(|known| known.details.returning.as_ref()).flat_map(|returning| &returning.lines)
    };
    let lines = order.details.items.iter().enumerate().map(|(line, item)| {
        let sent = contents().filter(|content| content.line == line).map(|content| content.quantity).sum::<u64>();
        let sent = if holds_all { item.quantity } else { sent.min(item.quantity) };
        let back = back().filter(|known| known.line == line).map(|known| known.quantity).sum::<u64>();
        sent.saturating_sub(back)
    });
    lines.collect()
}

/// Whether a shipment took something to the customer.
fn has_left(shipment: &Shipment) -> bool {
    shipment.is_live() && matches!(shipment.status, ShipmentStatus::Booked | ShipmentStatus::Cancelling)
}

/// The lines that come back; every mistake by field.
fn lines_of(order: &Order, wish: &ReturnWish, shipped: &[Shipment], returns: &[Shipment]) -> Result<Vec<ReturnedLine>> {
    if !shipped.iter().any(has_left) {
        return Err(Error::Conflict("nothing of the order is shipped, so nothing can come back".to_owned()));
    }
    let mut left = returnable(order, shipped, returns);
    let items = &order.details.items;
    let returned = |(line, quantity): (usize, u64)| ReturnedLine { line, item: items[line].id.clone(), quantity };
    if wish.items.is_empty() {
        let all: Vec<_> = left.into_iter().enumerate().filter(|(_, quantity)| *quantity > 0).collect();
        if all.is_empty() && !items.is_empty() {
            let names: Vec<_> = returns.iter().filter(|known| known.status.is_live()).collect();
            let names: Vec<_> = names.iter().map(|known| known.id.to_string()).collect();
            let text = format!("everything that was shipped comes back already, by {}", names.join(", "));
            return Err(Error::Conflict(text));
        }
        return Ok(all.into_iter().map(returned).collect());
    }
    let (mut lines, mut problems): (Vec<ReturnedLine>, _) = (Vec::new(), Vec::new());
    for (place, (name, quantity)) in wish.items.iter().enumerate() {
        let by_id = items.iter().position(|item| item.id.as_deref() == Some(name));
        let Some(line) = by_id.or_else(|| items.iter().position(|item| item.sku.as_deref() == Some(name))) else {
            let text = format!("the order has no item with the id or sku {name:?}");
            problems.push(Problem::of(Rule::Unknown, format!("items/{place}/item"), text));
            continue;
        };
        if *quantity > left[line] {
            let text = format!("of {name:?} at most {} can still come back", left[line]);
            problems.push(Problem::new(format!("items/{place}/quantity"), text));
            continue;
        }
        left[line] -= quantity;
        match lines.iter_mut().find(|known| known.line == line) {
            Some(known) => known.quantity += quantity,
            None => lines.push(returned((line, *quantity))),
        }
    }
    if problems.is_empty() { Ok(lines) } else { Err(Error::Invalid(problems)) }
}

/// The boxes of a return: one with everything, else as the client says.
fn boxes_of(
    order: &Order,
    wish: &ReturnWish,
    lines: &[ReturnedLine],
    usual: Option<Weight>,
) -> std::result::Result<Vec<ParcelBox>, Vec<Problem>> {
    let contents: Vec<_> = lines.iter().map(|line| Content { line: line.line, quantity: line.quantity }).collect();
    let one = [BoxWish::default()];
    let wishes = if wish.parcels.is_empty() { one.as_slice() } else { &wish.parcels };
    let is_only = wishes.len() == 1;
    let (mut boxes, mut problems) = (Vec::with_capacity(wishes.len()), Vec::new());
    for (index, wished) in wishes.iter().enumerate() {
        let of_items = (is_only && !contents.is_empty()).then(|| weight_of_pieces(order, &contents)).flatten();
        let said = wished.weight.or(of_items);
        match said.or(usual) {
            Some(weight) => boxes.push(ParcelBox {
                weight,
                weight_is_assumed: said.is_none(),
                dimensions: wished.dimensions,
                contents: if is_only { contents.clone() } else { Vec::new() },
                collect: None,
            }),
            None => problems.push(Problem::of(
                Rule::Missing,
                format!("parcels/{index}/weight_kg"),
                "nobody said what the parcel weighs: send a weight, or set default_parcel for the tenant",
            )),
        }
    }
    if problems.is_empty() { Ok(boxes) } else { Err(problems) }
}

impl App {
    /// Has a customer send an order, or some of its lines, back: chooses, books, draws and stores the labels. More than was
    /// shipped and does not come back yet is refused, also when two ask at once.
    pub async fn request_return(&self, caller: &Caller, order: OrderId, wish: &ReturnWish) -> Result<Shipment> {
        caller.require(Scope::Buy)?;
        let (order, shipped) = self.order_with_shipments(&caller.as_reader(), order).await?;
        let returns = self.returns_of_order(&caller.as_reader(), order.id).await?;
        let lines = lines_of(&order, wish, &shipped, &returns)?;
        let plan = self.plan_return(caller, &order, wish, lines, &shipped).await?;
        let mut shipment = self.draft(caller, &order, plan).await?;
        shipment.details.wraps_lines = wish.wraps_lines;
        let id = self.store_new_return(caller, &order, wish, &shipment).await?;
        self.wakes().events.notify_one();
        if id != shipment.id {
            // The same request, under one idempotency key, after a crash.
            return self.settled_shipment(caller, id).await;
        }
        self.book_begun(caller, shipment, &ShipWish::default()).await
    }

    /// What comes back of an order, oldest first.
    pub async fn returns_of_order(&self, caller: &Caller, order: OrderId) -> Result<Vec<Shipment>> {
        caller.require(Scope::Read)?;
        let tenant = caller.tenant().clone();
        self.store().read(async move |tx| tx.returns_of_order(&tenant, order).await).await
    }

    async fn store_new_return(
        &self,
        caller: &Caller,
        order: &Order,
        wish: &ReturnWish,
        shipment: &Shipment,
    ) -> Result<domain::ids::ShipmentId> {
        let (tenant, stored, order, wish) = (caller.tenant().clone(), shipment.clone(), order.clone(), wish.clone());
        let event_id = self.one_id("events", EventId::new).await?;
        self.write_once(caller, async move |tx| {
            // Two returns of one order meet here.
            if tx.hold_order(&tenant, order.id).await? == Held::Gone {
                return Err(Error::NotFound("order"));
            }
            let shipped = tx.shipments_of_order(&tenant, order.id).await?;
            let returns = tx.returns_of_order(&tenant, order.id).await?;
            let now = lines_of(&order, &wish, &shipped, &returns)?;
            if stored.details.returning.as_ref().is_some_and(|returning| returning.lines != now) {
                return Err(Error::Conflict(
                    "something of the order came to be returned meanwhile: try again".to_owned(),
                ));
            }
            tx.add_shipment(&tenant, &stored).await?;
            let kind = stored.told_as(EventKind::ShipmentRequested);
            tx.emit(&tenant, &event(event_id, kind, stored.created_at, requested(&stored))).await?;
            Ok(stored.id)
        })
        .await
    }

    /// What could bring it back, cheapest first. Every reason why nothing can is a problem.
    async fn plan_return(
        &self,
        caller: &Caller,
        order: &Order,
        wish: &ReturnWish,
        lines: Vec<ReturnedLine>,
        shipped: &[Shipment],
    ) -> Result<Plan> {
        let setup = &caller.setup;
        let mut problems = Vec::new();
        let location = location_of(caller, order, wish, shipped).map_err(|problem| problems.push(problem)).ok();
        let customer = order.details.shipping_address.clone().or_else(|| {
            shipped.iter().rfind(|shipment| has_left(shipment)).map(|shipment| shipment.details.recipient.clone())
        });
        problems.extend(match &customer {
            Some(address) => addresses::unusable(address),
            None => Some(Problem::of(Rule::Missing, "shipping_address", "the order has no shipping address")),
        });
        let boxes = boxes_of(order, wish, &lines, setup.tenant.default_weight);
        let boxes = boxes.map_err(|found| problems.extend(found)).ok();
        let (Some(location), Some(customer), Some(boxes)) = (location, customer, boxes) else {
            return Err(Error::Invalid(problems));
        };
        if !problems.is_empty() {
            return Err(Error::Invalid(problems));
        }
        let mut ask = RateRequest {
            reference: self.random().token::<16>(),
            sender: customer,
            recipient: location.returns(),
            parties: Parties { is_return: true, return_to: None, billing: location.billing.clone() },
            goods: order.details.goods_in(&boxes),
            parcels: boxes,
            service: None,
            now: self.now(),
        };
        let accounts = accounts_asked(setup, &location, None, wish.service.as_ref(), &mut ask)?;
        let mut offers = self.offers(&setup.tenant.id, &accounts, &ask, self.options().carrier_timeout).await;
        offers.keep_able(&accounts, &ask);
        let ends = Ends { sender: &ask.sender, recipient: &ask.recipient, split: None, wraps: wish.wraps_lines };
        ends.sort_out(&accounts, &mut offers, true);
        let (rates, decision) = decided(offers, ask.service.as_deref())?;
        Ok(Plan {
            location,
            sender: ask.sender,
            recipient: ask.recipient,
            boxes: ask.parcels,
            goods: ask.goods,
            rates,
            decision,
            label_format: wish.label_format,
            returning: Some(Returning { lines, reason: wish.reason.clone() }),
        })
    }
}

/// Where it goes back to: as somebody says, else where it came from.
fn location_of(
    caller: &Caller,
    order: &Order,
    wish: &ReturnWish,
    shipped: &[Shipment],
) -> std::result::Result<Location, Problem> {
    let setup = &caller.setup;
    if let Some(name) = &wish.location {
        let text = || format!("no location is known as {name:?}");
        let known = setup.location(caller.dialect, name).cloned();
        return known.ok_or_else(|| Problem::of(Rule::Unknown, "location", text()));
    }
    let by_id = |id: &str| setup.locations.iter().find(|known| known.external_id == id);
    let of_shipment = shipped.iter().rfind(|shipment| has_left(shipment)).map(|shipment| &shipment.details.location);
    let found = of_shipment.and_then(|id| by_id(id)).or_else(|| by_id(order.details.ship_from.as_deref()?));
    found
        .or_else(|| setup.locations.first())
        .cloned()
        .ok_or_else(|| Problem::new("location", "the tenant has no location that a return could go to: add one"))
}

/// What may be taken, cheapest first, and why; no rate at all is an error with every reason.
fn decided(offers: Offers, service: Option<&str>) -> Result<(Vec<domain::rate::Rate>, Decision)> {
    let Offers { rates, left_out, mut failed } = offers;
    if rates.is_empty() && left_out.is_empty() && !failed.is_empty() {
        return Err(Error::Carrier(failed.remove(0).1, None));
    }
    let (rates, mut candidates) = domain::routing::choose(rates, &RuleAction::default(), None);
    let out = |service: String, why: String| Candidate {
        service,
        outcome: CandidateOutcome::Out,
        why: why.chars().take(300).collect(),
        total: None,
        billed_weights: Vec::new(),
        transit_days: None,
    };
    candidates.extend(left_out.into_iter().map(|(service, why)| out(service.to_string(), why)));
    candidates.extend(failed.into_iter().map(|(account, error)| out(account, error.to_string())));
    if rates.is_empty() {
        let reasons: Vec<_> = candidates.iter().map(|one| format!("{}: {}", one.service, one.why)).collect();
        let wanted = service.map_or_else(String::new, |service| format!(" ({service})"));
        let why = if reasons.is_empty() { String::new() } else { format!(": {}", reasons.join("; ")) };
        return Err(Error::invalid("service", format!("no service brings this back{wanted}{why}")));
    }
    let decision =
        Decision { decided_by: None, pick: Pick::default(), passed_over: true, rules: Vec::new(), candidates };
    Ok((rates, decision))
}
