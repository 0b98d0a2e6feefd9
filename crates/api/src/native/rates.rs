//! Rates: what a service costs, how its price came about, and why one was chosen.

use app::App;
use app::rehearsal::{Change, MOST_RULES, MOST_SHIPMENTS, RehearsalWish};
use axum::extract::State;
use domain::money::{Decimal, Money};
use domain::rate::{Rate, Surcharge, Tariff};
use domain::routing::{Candidate, CandidateOutcome, Decision, Pick, RoutingRule, RuleVerdict};
use http::StatusCode;
use serde::Serialize;

use super::orders::{order_id, read};
use super::shipments::{List, rule, wish};
use super::tag::{self, MustHaveSeen};
use super::{Answer, Authed, Body};
use crate::dialect::{Segment, json};
use crate::json::fields::{Node, integer, text, time};

/// A rate as the native API shows it: weights in kilograms, as everywhere in it.
#[derive(Serialize)]
pub(super) struct RateView<'a> {
    service: String,
    service_name: &'a str,
    total: Money,
    parcels: Vec<ParcelRateView<'a>>,
    #[serde(skip_serializing_if = "<[Surcharge]>::is_empty")]
    surcharges: &'a [Surcharge],
    /// Whose price it is: everybody's, or the account's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    tariff: Option<Tariff>,
    #[serde(skip_serializing_if = "Option::is_none")]
    list_total: Option<Money>,
    #[serde(skip_serializing_if = "Option::is_none")]
    transit_days: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    routing_code: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<String>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    notes: &'a [String],
}

/// The base price of one parcel, or of all together.
#[derive(Serialize)]
struct ParcelRateView<'a> {
    billed_weight_kg: Option<Decimal>,
    is_volumetric: bool,
    /// How the billed weight came about.
    #[serde(skip_serializing_if = "str::is_empty")]
    because: &'a str,
    price: Money,
}

impl<'a> RateView<'a> {
    pub(super) fn of(rate: &'a Rate) -> Self {
        let parcels = rate.parcels.iter().map(|parcel| ParcelRateView {
            billed_weight_kg: parcel.billed_weight.map(domain::measure::Weight::kilograms),
            is_volumetric: parcel.is_volumetric,
            because: &parcel.because,
            price: parcel.price,
        });
        Self {
            service: rate.service.to_string(),
            service_name: &rate.service_name,
            total: rate.total,
            parcels: parcels.collect(),
            surcharges: &rate.surcharges,
            tariff: rate.tariff,
            list_total: rate.list_total,
            transit_days: rate.transit_days,
            routing_code: rate.routing_code.as_deref(),
            expires_at: rate.expires_at.map(|at| at.to_string()),
            notes: &rate.notes,
        }
    }
}

/// Why a shipment goes the way it does.
#[derive(Serialize)]
pub(super) struct DecisionView<'a> {
    /// The rule that decided; null when none did.
    decided_by: Option<&'a str>,
    pick: Pick,
    rules: &'a [RuleVerdict],
    candidates: Vec<CandidateView<'a>>,
}

/// A service and why it was chosen or not.
#[derive(Serialize)]
struct CandidateView<'a> {
    service: &'a str,
    outcome: CandidateOutcome,
    why: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    total: Option<Money>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    billed_weights_kg: Vec<Decimal>,
    #[serde(skip_serializing_if = "Option::is_none")]
    transit_days: Option<u32>,
}

impl<'a> DecisionView<'a> {
    pub(super) fn of(decision: &'a Decision) -> Self {
        let candidate = |one: &'a Candidate| CandidateView {
            service: &one.service,
            outcome: one.outcome,
            why: &one.why,
            total: one.total,
            billed_weights_kg: one.billed_weights.iter().map(|weight| weight.kilograms()).collect(),
            transit_days: one.transit_days,
        };
        Self {
            decided_by: decision.decided_by.as_deref(),
            pick: decision.pick,
            rules: &decision.rules,
            candidates: decision.candidates.iter().map(candidate).collect(),
        }
    }
}

#[derive(Serialize)]
struct FailedView<'a> {
    account: &'a str,
    error: String,
}

#[derive(Serialize)]
struct FallbackView<'a> {
    name: &'a str,
    price: Money,
    note: &'static str,
}

/// The boxes that rates were asked for.
#[derive(Serialize)]
struct PackingView<'a> {
    count: usize,
    /// Why there are so many.
    because: &'a str,
    weights_kg: Vec<Decimal>,
}

#[derive(Serialize)]
struct QuoteView<'a> {
    parcels: PackingView<'a>,
    rates: Vec<RateView<'a>>,
    /// Accounts that did not answer in time, or said no.
    failed: Vec<FailedView<'a>>,
    decision: DecisionView<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fallback: Option<FallbackView<'a>>,
}

/// `POST /v1/orders/{id}/rates`: what the order could go by, what would be chosen and why. Nothing is booked.
pub(super) async fn quote(
    State(app): State<App>,
    Authed { caller, .. }: Authed,
    Segment(id): Segment,
    Body { body, .. }: Body,
) -> Answer {
    let wish = if body.is_empty() { app::shipments::ShipWish::default() } else { read(&body, wish)? };
    let quote = app.quote(&caller, order_id(&id)?, &wish).await?;
    let failed = quote.failed.iter().map(|(account, error)| FailedView { account, error: error.to_string() });
    let fallback = quote.fallback.as_ref().map(|fallback| FallbackView {
        name: &fallback.name,
        price: fallback.price,
        note: "the tenant's own price, since no carrier offers one now: nothing can be booked at it",
    });
    let view = QuoteView {
        parcels: PackingView {
            count: quote.parcels.len(),
            because: &quote.packing,
            weights_kg: quote.parcels.iter().map(|parcel| parcel.weight.kilograms()).collect(),
        },
        rates: quote.rates.iter().map(RateView::of).collect(),
        failed: failed.collect(),
        decision: DecisionView::of(&quote.decision),
        fallback,
    };
    Ok(json(StatusCode::OK, &view))
}

/// `GET /v1/routing-rules`: the rules in force, in the order of the setup file.
pub(super) async fn rules(State(app): State<App>, Authed { caller, .. }: Authed) -> Answer {
    let data: Vec<RoutingRule> = app.routing_rules(&caller)?;
    let tag = tag::of(&data);
    Ok(tag::shown(json(StatusCode::OK, &List { data }), &tag))
}

/// `PUT /v1/routing-rules`: puts these in the place of all there are; the first that matches decides.
pub(super) async fn replace_rules(
    State(app): State<App>,
    Authed { caller, .. }: Authed,
    MustHaveSeen(seen): MustHaveSeen,
    Body { body, .. }: Body,
) -> Answer {
    let rules = read(&body, |fields| {
        fields.only(&["rules"]);
        fields.required("rules", |node| node.list(MOST_RULES, routing_rule))
    })?;
    let data = rules.clone();
    app.replace_rules(&caller, rules, move |stored| seen.holds(&tag::of(&stored))).await??;
    let tag = tag::of(&data);
    Ok(tag::shown(json(StatusCode::OK, &List { data }), &tag))
}

/// A shipment that would have gone another way.
#[derive(Serialize)]
struct ChangeView<'a> {
    shipment: String,
    order: String,
    was: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    was_total: Option<Money>,
    /// Null when nothing is left.
    would_be: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    would_be_total: Option<Money>,
    decided_by: Option<&'a str>,
    why: &'a str,
}

#[derive(Serialize)]
struct RehearsalView<'a> {
    tried: usize,
    left_alone: usize,
    changes: Vec<ChangeView<'a>>,
}

fn changed(change: &Change) -> ChangeView<'_> {
    ChangeView {
        shipment: change.shipment.to_string(),
        order: change.order.to_string(),
        was: &change.was,
        was_total: change.was_total,
        would_be: change.would_be.as_deref(),
        would_be_total: change.would_be_total,
        decided_by: change.decided_by.as_deref(),
        why: &change.why,
    }
}

fn routing_rule(node: Node<'_>) -> Option<RoutingRule> {
    let fields = node.fields()?;
    fields.only(&["name", "location", "brand", "when", "then"]);
    let (name, when) = (fields.needed("name", text(1, 200)), fields.needed("when", text(1, 1000)));
    let (location, brand) = (fields.optional("location", text(1, 200)), fields.optional("brand", text(1, 200)));
    let then = fields.needed("then", rule);
    Some(RoutingRule { name: name?, location, brand, when: when?, then: then? })
}

/// `POST /v1/routing-rules/rehearse`: what rules would have done with the latest shipments. Nothing is booked.
pub(super) async fn rehearse(State(app): State<App>, Authed { caller, .. }: Authed, Body { body, .. }: Body) -> Answer {
    let wish = if body.is_empty() {
        RehearsalWish::default()
    } else {
        read(&body, |fields| {
            fields.only(&["rules", "since", "limit"]);
            RehearsalWish {
                rules: fields.optional("rules", |node| node.list(MOST_RULES, routing_rule)),
                since: fields.optional("since", time).map(|since| since.instant_in(&caller.setup.zone)),
                limit: fields.optional("limit", integer(1, MOST_SHIPMENTS as i64)).map(|limit| limit as usize),
            }
        })?
    };
    let rehearsal = app.rehearse(&caller, wish).await?;
    let changes = rehearsal.changes.iter().map(changed).collect();
    let view = RehearsalView { tried: rehearsal.tried, left_alone: rehearsal.left_alone, changes };
    Ok(json(StatusCode::OK, &view))
}
