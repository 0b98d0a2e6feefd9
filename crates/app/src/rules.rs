//! Routing rules, read and replaced: the whole list at once, so that its order is what somebody saw.

use std::sync::Arc;

use domain::error::{Problem, Rule};
use domain::ids::OrderId;
use domain::routing::{Decision, RoutingRule, RuleAction};
use domain::tenant::Scope;
use domain::{Error, Result};

use crate::rehearsal::MOST_RULES;
use crate::shipments::ShipWish;
use crate::tenants::TenantSetup;
use crate::{App, Caller, routing};

/// The longest name of a rule, in characters.
const LONGEST_NAME: usize = 200;

/// What rules would choose for an order.
#[derive(Clone, Debug)]
pub struct TriedRules {
    /// By the rules in force.
    pub now: Decision,
    /// By those that were tried.
    pub by_these: Decision,
}

/// Every flaw of these rules, named by `rules/<index>/<field>`.
fn flaws(setup: &TenantSetup, rules: &[RoutingRule]) -> Vec<Problem> {
    let mut problems = Vec::new();
    if rules.len() > MOST_RULES {
        problems.push(Problem::new("rules", format!("{} rules, at most {MOST_RULES} are kept", rules.len())));
    }
    for (index, rule) in rules.iter().enumerate() {
        let mut wrong =
            |kind, field: &str, text: String| problems.push(Problem::of(kind, format!("rules/{index}/{field}"), text));
        let length = rule.name.chars().count();
        if rule.name.trim().is_empty() || length > LONGEST_NAME {
            wrong(Rule::Invalid, "name", format!("a rule needs a name of 1 to {LONGEST_NAME} characters"));
        }
        if rules[..index].iter().any(|earlier| earlier.name == rule.name) {
            wrong(Rule::Taken, "name", format!("an earlier rule is called {:?} too", rule.name));
        }
        if let Some(flaw) = routing::flaw(&rule.when) {
            wrong(Rule::Invalid, "when", format!("this condition cannot be used: {flaw}"));
        }
        if let Some(name) = &rule.location
            && setup.locations.iter().all(|known| known.external_id != *name)
        {
            wrong(Rule::Unknown, "location", format!("there is no location {name:?}"));
        }
        if rule.location.is_some() && rule.brand.is_some() {
            wrong(Rule::Invalid, "brand", "a rule is for a location or for a brand, not for both".to_owned());
        }
        let lists = [("only", &rule.then.only), ("exclude", &rule.then.exclude), ("prefer", &rule.then.prefer)];
        for (field, entries) in lists {
            for (place, entry) in entries.iter().flatten().enumerate() {
                let account = entry.split_once(':').map_or(entry.as_str(), |(account, _)| account);
                if setup.account(account).is_none() {
                    let field = format!("then/{field}/{place}");
                    wrong(Rule::Unknown, &field, format!("no carrier account is called {account:?}"));
                }
            }
        }
        if rule.then == RuleAction::default() {
            wrong(Rule::Missing, "then", "expected at least one of only, exclude, prefer, pick".to_owned());
        }
    }
    problems
}

impl App {
    /// The rules in force, in the order in which they are tried.
    pub fn routing_rules(&self, caller: &Caller) -> Result<Vec<RoutingRule>> {
        caller.require(Scope::Read)?;
        Ok(caller.setup.rules.written().cloned().collect())
    }

    /// Puts these rules in the place of all there are, in this order, if `may` lets it; it is asked about those that are
    /// stored. Problems are named by `rules/<index>/<field>`.
    pub async fn replace_rules<R: Send + 'static>(
        &self,
        caller: &Caller,
        rules: Vec<RoutingRule>,
        may: impl Fn(&[RoutingRule]) -> std::result::Result<(), R> + Send + Sync + 'static,
    ) -> Result<std::result::Result<(), R>> {
        caller.require(Scope::Setup)?;
        self.judge_rules(caller, &rules)?;
        let tenant = caller.tenant().clone();
        self.change_setup_if(caller, async move |setup| {
            if let Err(refusal) = may(&setup.routing_rules(&tenant).await?) {
                return Ok(Err(refusal));
            }
            setup.drop_routing_rules().await?;
            for (position, rule) in rules.iter().enumerate() {
                setup.put_routing_rule(position, rule).await?;
            }
            Ok(Ok(()))
        })
        .await
    }

    /// What would be chosen for an order, and why: by the rules in force, and by these. The carriers are asked for offers;
    /// nothing is stored and nothing booked. What of the order is under way counts as if it were not.
    pub async fn try_rules(&self, caller: &Caller, order: OrderId, rules: Vec<RoutingRule>) -> Result<TriedRules> {
        caller.require(Scope::Read)?;
        self.judge_rules(caller, &rules)?;
        let order = self.order(caller, order).await?;
        let drafted = Caller { setup: Arc::new(caller.setup.with_rules(rules)), ..caller.clone() };
        let wish = ShipWish::default();
        let (now, by_these) = futures::future::try_join(
            Box::pin(self.quote_order(caller, &order, &wish, &[])),
            Box::pin(self.quote_order(&drafted, &order, &wish, &[])),
        )
        .await?;
        Ok(TriedRules { now: now.decision, by_these: by_these.decision })
    }

    /// Looks at rules as [`App::replace_rules`] would, and stores nothing.
    pub fn judge_rules(&self, caller: &Caller, rules: &[RoutingRule]) -> Result<()> {
        let problems = flaws(&caller.setup, rules);
        if problems.is_empty() { Ok(()) } else { Err(Error::Invalid(problems)) }
    }
}
