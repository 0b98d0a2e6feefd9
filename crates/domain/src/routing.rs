//! A routing rule: when … then account and service; and the decision that the rules led to, with its reasons.

use serde::{Deserialize, Serialize};

use crate::measure::Weight;
use crate::money::Money;
use crate::rate::{Rate, best};
use crate::service::ServiceCode;

/// What makes one rate better than another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pick {
    /// The lowest price.
    #[default]
    Cheapest,
    /// The fewest days.
    Fastest,
}

/// A rule. Those of the location come before those of its brand, and these before the tenant's; the first that matches
/// decides.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoutingRule {
    /// Names it inside the tenant.
    pub name: String,
    /// The only location it is for, by external id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
    /// The only brand it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub brand: Option<String>,
    /// A CEL expression over order, parcel, parcels, destination and origin.
    pub when: String,
    /// What to do with the candidates.
    pub then: RuleAction,
}

impl RoutingRule {
    /// Where the rule stands.
    pub fn scope(&self) -> RuleScope {
        match (&self.location, &self.brand) {
            (Some(_), _) => RuleScope::Location,
            (None, Some(_)) => RuleScope::Brand,
            (None, None) => RuleScope::Tenant,
        }
    }
}

/// What a rule does with the candidates. Entries name an account or a service (`house`, `house:standard`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RuleAction {
    /// Nothing else may be taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub only: Option<Vec<String>>,
    /// These may not be taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exclude: Option<Vec<String>>,
    /// These are taken if any of them offers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prefer: Option<Vec<String>>,
    /// How to choose among what is left.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pick: Option<Pick>,
}

/// Where a rule stands, narrowest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RuleScope {
    /// In the request that ships the order.
    Order,
    /// At the location.
    Location,
    /// At the location's brand.
    Brand,
    /// At the tenant.
    Tenant,
}

/// What became of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RuleOutcome {
    /// It matched and decides.
    Matched,
    /// It did not match.
    NotMatched,
    /// It could not be evaluated, which counts as no match.
    NotEvaluated,
    /// A rule before it decided, or nobody asked for rules.
    NotReached,
}

/// A rule and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleVerdict {
    /// The rule's name.
    pub name: String,
    /// Where it stands.
    pub scope: RuleScope,
    /// What became of it.
    pub outcome: RuleOutcome,
    /// Why, when the outcome alone says too little.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// What became of a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CandidateOutcome {
    /// It is asked first.
    Chosen,
    /// It is turned to when those before it say no.
    Alternative,
    /// It may not be taken.
    Out,
}

/// A service and why it was chosen or not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Candidate {
    /// The service; the account alone when it did not answer.
    pub service: String,
    /// What became of it.
    pub outcome: CandidateOutcome,
    /// Why.
    pub why: String,
    /// What it costs, if it was offered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total: Option<Money>,
    /// What is billed for each parcel, if it was offered.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub billed_weights: Vec<Weight>,
    /// Days from hand-over to delivery, if the carrier says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transit_days: Option<u32>,
}

impl Candidate {
    /// The offer behind it, as far as it is kept; `None` when there was none.
    pub fn offer(&self) -> Option<Rate> {
        let service = ServiceCode::parse(&self.service)?;
        let name = service.service.clone();
        Some(Rate { transit_days: self.transit_days, ..Rate::new(service, name, self.total?) })
    }
}

/// Why a shipment went the way it did: rule by rule, service by service.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// The rule that decided; `None` when none did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decided_by: Option<String>,
    /// How the choice was made among what was left.
    pub pick: Pick,
    /// Whether rules had no say.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub passed_over: bool,
    /// Every rule, in the order they were tried.
    pub rules: Vec<RuleVerdict>,
    /// Every service, best first.
    pub candidates: Vec<Candidate>,
}

fn names(entries: &[String], service: &ServiceCode) -> bool {
    entries.iter().any(|entry| match entry.split_once(':') {
        Some((account, name)) => account == service.account && name == service.service,
        None => *entry == service.account,
    })
}

fn candidate(rate: &Rate, outcome: CandidateOutcome, why: String) -> Candidate {
    Candidate {
        service: rate.service.to_string(),
        outcome,
        why,
        total: Some(rate.total),
        billed_weights: rate.parcels.iter().filter_map(|parcel| parcel.billed_weight).collect(),
        transit_days: rate.transit_days,
    }
}

/// All rates, best first; ties end by the service's code.
fn ranked(mut left: Vec<Rate>, pick: Pick) -> Vec<Rate> {
    let mut ranked = Vec::with_capacity(left.len());
    while let Some(service) = best(&left, pick).map(|rate| rate.service.clone()) {
        let place = left.iter().position(|rate| rate.service == service).unwrap_or(0);
        ranked.push(left.remove(place));
    }
    ranked
}

/// Puts offered rates in the order they are to be asked, by what a rule (named `by`) says, and says of every one why it
/// stands where it stands. What may not be taken is among the candidates only.
pub fn choose(rates: Vec<Rate>, action: &RuleAction, by: Option<&str>) -> (Vec<Rate>, Vec<Candidate>) {
    let pick = action.pick.unwrap_or_default();
    let by = by.unwrap_or("nobody");
    let mut out = Vec::new();
    let mut left = Vec::with_capacity(rates.len());
    for rate in rates {
        let why = match (&action.only, &action.exclude) {
            (Some(only), _) if !names(only, &rate.service) => {
                Some(format!("the rule {by:?} takes only {}", only.join(", ")))
            }
            (_, Some(excluded)) if names(excluded, &rate.service) => Some(format!("the rule {by:?} excludes it")),
            _ => None,
        };
        match why {
            Some(why) => out.push(candidate(&rate, CandidateOutcome::Out, why)),
            None => left.push(rate),
        }
    }
    let is_preferred = |rate: &Rate| action.prefer.as_deref().is_some_and(|prefer| names(prefer, &rate.service));
    let (preferred, others): (Vec<_>, Vec<_>) = left.into_iter().partition(is_preferred);
    let has_preferred = !preferred.is_empty();
    let ordered: Vec<_> = ranked(preferred, pick).into_iter().chain(ranked(others, pick)).collect();
    let told = match pick {
        Pick::Cheapest => "the cheapest",
        Pick::Fastest => "the fastest",
    };
    let why = |index: usize, rate: &Rate| match (index, is_preferred(rate), has_preferred) {
        (0, true, _) => format!("{told} of those that the rule {by:?} prefers"),
        (0, ..) => told.to_owned(),
        (_, false, true) => format!("the rule {by:?} prefers others"),
        _ => format!("{told} is {}", ordered[0].service),
    };
    let mut candidates: Vec<_> = ordered
        .iter()
        .enumerate()
        .map(|(index, rate)| {
            let outcome = if index == 0 { CandidateOutcome::Chosen } else { CandidateOutcome::Alternative };
            candidate(rate, outcome, why(index, rate))
        })
        .collect();
    candidates.extend(out);
    (ordered, candidates)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::money::{Currency, Decimal};

    fn rate(account: u8, service: u8, price: u32, days: Option<u32>) -> Rate {
        let currency = Currency::new("EUR").unwrap();
        let code = ServiceCode::new(format!("a{account}"), format!("s{service}"));
        Rate { transit_days: days, ..Rate::new(code, "Service", Money::new(Decimal::from(price), currency)) }
    }

    fn entries() -> impl Strategy<Value = Option<Vec<String>>> {
        let entry = prop_oneof![
            (0_u8..4).prop_map(|a| format!("a{a}")),
            (0_u8..4, 0_u8..3).prop_map(|(a, s)| format!("a{a}:s{s}"))
        ];
        prop::option::of(prop::collection::vec(entry, 0..4))
    }

    proptest! {
        #[test]
        fn every_rate_is_accounted_for_once_whatever_order_they_come_in(
            offered in prop::collection::btree_map((0_u8..4, 0_u8..3), (1_u32..5, prop::option::of(1_u32..4)), 0..12),
            only in entries(), exclude in entries(), prefer in entries(), fastest: bool, seed: u64,
        ) {
            let rates: Vec<_> = offered.iter().map(|((a, s), (price, days))| rate(*a, *s, *price, *days)).collect();
            let mut shuffled = rates.clone();
            let len = shuffled.len().max(1);
            shuffled.rotate_left((seed as usize) % len);
            shuffled.reverse();
            let pick = Some(if fastest { Pick::Fastest } else { Pick::Cheapest });
            let action = RuleAction { only, exclude, prefer, pick };
            let (ordered, candidates) = choose(rates.clone(), &action, Some("rule"));
            prop_assert_eq!((&ordered, &candidates).0, &choose(shuffled.clone(), &action, Some("rule")).0);
            let mut told: Vec<_> = candidates.iter().map(|candidate| candidate.service.clone()).collect();
            told.sort();
            let mut offered: Vec<_> = rates.iter().map(|rate| rate.service.to_string()).collect();
            offered.sort();
            prop_assert_eq!(told, offered);
            let chosen = candidates.iter().filter(|one| one.outcome == CandidateOutcome::Chosen).count();
            prop_assert_eq!(chosen, usize::from(!ordered.is_empty()));
            let out = candidates.iter().filter(|one| one.outcome == CandidateOutcome::Out).count();
            prop_assert_eq!(out + ordered.len(), rates.len());
            for taken in &ordered {
                prop_assert!(action.only.as_ref().is_none_or(|only| names(only, &taken.service)));
                prop_assert!(action.exclude.as_ref().is_none_or(|excluded| !names(excluded, &taken.service)));
            }
        }
    }

    #[test]
    fn what_is_preferred_comes_first_and_every_place_has_a_reason() {
        let rates = vec![rate(1, 1, 5, Some(3)), rate(1, 2, 9, Some(1)), rate(2, 1, 7, Some(2)), rate(3, 1, 1, None)];
        let action = RuleAction {
            only: None,
            exclude: Some(vec!["a3".to_owned()]),
            prefer: Some(vec!["a1:s2".to_owned(), "a2".to_owned()]),
            pick: Some(Pick::Cheapest),
        };
        let (_, candidates) = choose(rates, &action, Some("b"));
        let told: Vec<_> =
            candidates.iter().map(|one| format!("{} {:?}: {}", one.service, one.outcome, one.why)).collect();
        assert_eq!(
            told,
            [
                "a2:s1 Chosen: the cheapest of those that the rule \"b\" prefers",
                "a1:s2 Alternative: the cheapest is a2:s1",
                "a1:s1 Alternative: the rule \"b\" prefers others",
                "a3:s1 Out: the rule \"b\" excludes it",
            ]
        );
    }
}
