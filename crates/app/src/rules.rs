//! Routing rules, changed by a person: the whole list at once, so that its order is what he saw.

use domain::error::Problem;
use domain::routing::RoutingRule;
use domain::tenant::Scope;
use domain::{Error, Result};

use crate::rehearsal::MOST_RULES;
use crate::{App, Caller, routing};

/// The longest name of a rule, in characters.
const LONGEST_NAME: usize = 200;

/// Every flaw of these rules, named by `rules/<index>/<field>`.
fn flaws(caller: &Caller, rules: &[RoutingRule]) -> Vec<Problem> {
    let mut problems = Vec::new();
    if rules.len() > MOST_RULES {
        problems.push(Problem::new("rules", format!("{} rules, at most {MOST_RULES} are kept", rules.len())));
    }
    let setup = &caller.setup;
    for (index, rule) in rules.iter().enumerate() {
        let mut wrong = |field: &str, text: String| problems.push(Problem::new(format!("rules/{index}/{field}"), text));
        let length = rule.name.chars().count();
        if rule.name.trim().is_empty() || length > LONGEST_NAME {
            wrong("name", format!("a rule needs a name of 1 to {LONGEST_NAME} characters"));
        }
        if rules[..index].iter().any(|before| before.name == rule.name) {
            wrong("name", format!("there are two rules {:?}", rule.name));
        }
        if let Some(flaw) = routing::flaw(&rule.when) {
            wrong("when", format!("this condition cannot be used: {flaw}"));
        }
        let is_known = |name: &String| setup.account(name.split(':').next().unwrap_or_default()).is_some();
        let actions = [("only", &rule.then.only), ("exclude", &rule.then.exclude), ("prefer", &rule.then.prefer)];
        for (field, named) in actions {
            for name in named.iter().flatten().filter(|name| !is_known(name)) {
                let known: Vec<_> = setup.accounts.iter().map(|account| account.account.id.as_str()).collect();
                wrong(field, format!("{name:?} names no carrier account: expected one of {}", known.join(", ")));
            }
        }
        if let Some(location) = &rule.location
            && setup.locations.iter().all(|known| known.external_id != *location)
        {
            wrong("location", format!("there is no location {location:?}"));
        }
        if rule.location.is_some() && rule.brand.is_some() {
            wrong("brand", "a rule is for a location or for a brand, not for both".to_owned());
        }
    }
    problems
}

impl App {
    /// Puts these rules in place of those that the caller saw, `seen`. When somebody else changed them meanwhile nothing is
    /// done. Problems are named by `rules/<index>/<field>`.
    pub async fn replace_rules(&self, caller: &Caller, seen: &[RoutingRule], rules: Vec<RoutingRule>) -> Result<()> {
        caller.require(Scope::Setup)?;
        let problems = flaws(caller, &rules);
        if !problems.is_empty() {
            return Err(Error::Invalid(problems));
        }
        let (tenant, seen) = (caller.tenant().clone(), seen.to_vec());
        self.store()
            .write(async move |tx| {
                let stored = tx.routing_rules(&tenant).await?;
                if stored != seen {
                    let text = "somebody else changed the rules meanwhile: load the page again";
                    return Err(Error::Conflict(text.to_owned()));
                }
                let gone: Vec<_> = stored.iter().filter(|one| rules.iter().all(|rule| rule.name != one.name)).collect();
                for rule in gone {
                    tx.drop_routing_rule(&tenant, &rule.name).await?;
                }
                for (position, rule) in rules.iter().enumerate() {
                    tx.put_routing_rule(&tenant, position, rule).await?;
                }
                tx.raise_setup_version().await
            })
            .await?;
        self.forget_setup();
        Ok(())
    }

    /// Looks at rules as [`App::replace_rules`] would, and stores nothing.
    pub fn judge_rules(&self, caller: &Caller, rules: &[RoutingRule]) -> Result<()> {
        let problems = flaws(caller, rules);
        if problems.is_empty() { Ok(()) } else { Err(Error::Invalid(problems)) }
    }
}
