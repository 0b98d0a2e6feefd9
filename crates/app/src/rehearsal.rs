//! A rehearsal: rules tried on shipments that were already chosen, by the offers kept with them. No carrier is asked and
//! nothing is booked.

use domain::error::{Problem, Rule};
use domain::ids::{OrderId, ShipmentId};
use domain::money::Money;
use domain::routing::{Candidate, CandidateOutcome, Decision, RoutingRule, RuleScope, choose};
use domain::shipment::Shipment;
use domain::tenant::Scope;
use domain::{Error, Result, Timestamp};

use crate::routing::{self, Facts, Rules};
use crate::{App, Caller};

/// The most shipments one rehearsal looks at.
pub const MOST_SHIPMENTS: usize = 200;

/// The most rules one rehearsal tries.
pub const MOST_RULES: usize = 50;

/// What is to be rehearsed.
#[derive(Clone, Debug, Default)]
pub struct RehearsalWish {
    /// The rules; those in force when missing.
    pub rules: Option<Vec<RoutingRule>>,
    /// Shipments made before this are left alone.
    pub since: Option<Timestamp>,
    /// So many shipments, latest first; [`MOST_SHIPMENTS`] when missing.
    pub limit: Option<usize>,
}

/// What rules would have done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rehearsal {
    /// Shipments the rules were tried on.
    pub tried: usize,
    /// Shipments no rule has a say in: a service was named, the request chose, or the offers are not known.
    pub left_alone: usize,
    /// Those that would have gone another way, latest first.
    pub changes: Vec<Change>,
}

/// A shipment that would have gone another way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The shipment.
    pub shipment: ShipmentId,
    /// Its order.
    pub order: OrderId,
    /// What was chosen, before any carrier said no.
    pub was: String,
    /// What that cost.
    pub was_total: Option<Money>,
    /// What would be chosen; `None` when nothing is left.
    pub would_be: Option<String>,
    /// What that would have cost.
    pub would_be_total: Option<Money>,
    /// The rule that would decide.
    pub decided_by: Option<String>,
    /// Why.
    pub why: String,
}

/// What was chosen by rules, if rules had a say.
fn chosen(decision: &Decision) -> Option<&Candidate> {
    let is_requests_own = decision.rules.iter().any(|rule| rule.scope == RuleScope::Order);
    if decision.passed_over || is_requests_own {
        return None;
    }
    decision.candidates.iter().find(|one| one.outcome == CandidateOutcome::Chosen)
}

/// How a shipment would have gone, if it is another way.
fn change(shipment: &Shipment, decision: &Decision, was: &Candidate, verdict: routing::Verdict) -> Option<Change> {
    let offers: Vec<_> = decision.candidates.iter().filter_map(Candidate::offer).collect();
    let (ordered, candidates) = choose(offers, &verdict.action, verdict.decided_by.as_deref());
    let first = ordered.first().map(|rate| rate.service.to_string());
    if first.as_deref() == Some(was.service.as_str()) {
        return None;
    }
    let of = |service: &str| candidates.iter().find(|one| one.service == service);
    let why = of(first.as_deref().unwrap_or(&was.service)).map(|one| one.why.clone()).unwrap_or_default();
    Some(Change {
        shipment: shipment.id,
        order: shipment.order,
        was: was.service.clone(),
        was_total: was.total,
        would_be_total: ordered.first().map(|rate| rate.total),
        would_be: first,
        decided_by: verdict.decided_by,
        why,
    })
}

impl App {
    /// Tries rules on the latest shipments: on the orders as they are now, and on what the carriers offered then.
    pub async fn rehearse(&self, caller: &Caller, wish: RehearsalWish) -> Result<Rehearsal> {
        caller.require(Scope::Read)?;
        let setup = &caller.setup;
        let own = wish.rules.map(checked).transpose()?;
        let rules = own.as_ref().unwrap_or(&setup.rules);
        let limit = wish.limit.unwrap_or(MOST_SHIPMENTS).min(MOST_SHIPMENTS);
        let tenant = caller.tenant().clone();
        let recent = self.store().read(async move |tx| tx.recent_shipments(&tenant, limit).await).await?;
        let mut rehearsal = Rehearsal::default();
        for (shipment, order) in recent {
            if wish.since.is_some_and(|since| shipment.created_at < since) {
                continue;
            }
            let location = setup.locations.iter().find(|known| known.external_id == shipment.details.location);
            let decision = shipment.details.decision.as_ref();
            let (Some(decision), Some(location)) = (decision, location) else {
                rehearsal.left_alone += 1;
                continue;
            };
            let Some(was) = chosen(decision) else {
                rehearsal.left_alone += 1;
                continue;
            };
            let boxes: Vec<_> = shipment.parcels.iter().map(|parcel| parcel.parcel.clone()).collect();
            let facts = Facts::new(&order, &boxes, location, &shipment.details.recipient);
            rehearsal.tried += 1;
            rehearsal.changes.extend(change(&shipment, decision, was, rules.try_all(&facts, location, None)));
        }
        Ok(rehearsal)
    }
}

/// Compiles rules that somebody sent; every flaw is a problem.
fn checked(rules: Vec<RoutingRule>) -> Result<Rules> {
    if rules.len() > MOST_RULES {
        return Err(Error::invalid("rules", format!("{} rules, at most {MOST_RULES} are tried", rules.len())));
    }
    let flawed = rules.iter().enumerate().filter_map(|(index, rule)| {
        let flaw = routing::flaw(&rule.when)?;
        Some(Problem::of(
            Rule::Invalid,
            format!("rules/{index}/when"),
            format!("this condition cannot be used: {flaw}"),
        ))
    });
    let problems: Vec<_> = flawed.collect();
    if problems.is_empty() { Ok(Rules::new(rules)) } else { Err(Error::Invalid(problems)) }
}
