//! Routing: the tenant's rules, compiled once a version of the set-up, and what they say of a shipment.
//!
//! Nothing else here knows CEL. A rule may be [`LONGEST`] characters long and use [`MOST_MACROS`] macros, so that the
//! longest evaluation is some ten thousand steps; regular expressions run in linear time.

use std::sync::{Arc, LazyLock};

use cel::{Context, Env, Program, Value};
use domain::address::Address;
use domain::location::Location;
use domain::order::Order;
use domain::parcel::Box as ParcelBox;
use domain::routing::{RoutingRule, RuleAction, RuleOutcome, RuleScope, RuleVerdict};
use serde::Serialize;

/// The longest condition, in characters.
pub const LONGEST: usize = 1000;

/// Macros (`all`, `exists`, `exists_one`, `filter`, `map`) that one condition may use.
pub const MOST_MACROS: usize = 2;

/// How the macros are called that walk a list.
const MACROS: [&str; 5] = [".all(", ".exists(", ".exists_one(", ".filter(", ".map("];

static ENVIRONMENT: LazyLock<Arc<Env>> = LazyLock::new(|| Arc::new(Env::stdlib()));

/// A tenant's rules, ready to be tried.
pub struct Rules(Vec<(RoutingRule, Result<Program, String>)>);

/// What a condition can ask about a shipment.
pub struct Facts(Context<'static, 'static>);

/// What the rules say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// The name of the rule that decides, if one does.
    pub decided_by: Option<String>,
    /// What it says.
    pub action: RuleAction,
    /// Every rule and what became of it.
    pub rules: Vec<RuleVerdict>,
}

fn compile(when: &str) -> Result<Program, String> {
    let length = when.chars().count();
    if length > LONGEST {
        return Err(format!("it has {length} characters, at most {LONGEST} are read"));
    }
    let squeezed: String = when.chars().filter(|letter| !letter.is_whitespace()).collect();
    let macros: usize = MACROS.iter().map(|name| squeezed.matches(name).count()).sum();
    if macros > MOST_MACROS {
        return Err(format!("it uses {macros} of all, exists, exists_one, filter and map, at most {MOST_MACROS} may"));
    }
    // A parser that breaks over a text must not take the set-up with it.
    let parsed = std::panic::catch_unwind(|| ENVIRONMENT.compile(when));
    let parsed = parsed.map_err(|_| "it cannot be read".to_owned())?;
    parsed.map_err(|error| error.to_string().lines().collect::<Vec<_>>().join(" "))
}

/// Why a condition cannot be used, if it cannot.
pub fn flaw(when: &str) -> Option<String> {
    let program = match compile(when) {
        Ok(program) => program,
        Err(why) => return Some(why),
    };
    const KNOWN: [&str; 5] = ["order", "parcel", "parcels", "destination", "origin"];
    let references = program.references();
    let mut unknown: Vec<_> = references.variables().into_iter().filter(|name| !KNOWN.contains(name)).collect();
    unknown.retain(|name| !name.starts_with('@'));
    unknown.sort_unstable();
    let is_bound = |name: &&str| MACROS.iter().any(|macros| when.contains(&format!("{macros}{name},")));
    let first = unknown.into_iter().find(|name| !is_bound(name))?;
    Some(format!("it asks about {first:?}: expected {}", KNOWN.join(", ")))
}

#[derive(Serialize)]
struct OrderFacts<'a> {
    number: &'a str,
    external_id: &'a str,
    channel: i64,
    tags: &'a [String],
    item_count: u64,
    total: f64,
    currency: String,
    weight_kg: f64,
    cash_on_delivery: bool,
    status: &'a str,
}

#[derive(Serialize)]
struct ParcelFacts {
    weight_kg: f64,
    weight_is_assumed: bool,
    has_size: bool,
    length_cm: f64,
    width_cm: f64,
    height_cm: f64,
}

#[derive(Serialize)]
struct PlaceFacts<'a> {
    country: String,
    postal_code: &'a str,
    state: &'a str,
    city: &'a str,
    company: &'a str,
    location: &'a str,
    brand: &'a str,
}

fn number(decimal: domain::money::Decimal) -> f64 {
    decimal.to_string().parse().unwrap_or_default()
}

fn parcel(parcel: &ParcelBox) -> ParcelFacts {
    let side = |of: fn(&domain::measure::Dimensions) -> domain::measure::Length| {
        parcel.dimensions.as_ref().map_or(0.0, |dimensions| number(of(dimensions).centimetres()))
    };
    ParcelFacts {
        weight_kg: number(parcel.weight.kilograms()),
        weight_is_assumed: parcel.weight_is_assumed,
        has_size: parcel.dimensions.is_some(),
        length_cm: side(|dimensions| dimensions.length),
        width_cm: side(|dimensions| dimensions.width),
        height_cm: side(|dimensions| dimensions.height),
    }
}

fn place<'a>(address: &'a Address, location: Option<&'a Location>) -> PlaceFacts<'a> {
    let text = |text: &'a Option<String>| text.as_deref().unwrap_or("");
    PlaceFacts {
        country: address.country_code().unwrap_or_default(),
        postal_code: text(&address.postal_code),
        state: text(&address.state),
        city: text(&address.city),
        company: text(&address.company),
        location: location.map_or("", |location| &location.external_id),
        brand: location.and_then(|location| location.brand.as_deref()).unwrap_or(""),
    }
}

impl Facts {
    /// Everything a condition can ask, put together once a shipment: `order`, `parcels`, the heaviest `parcel`,
    /// `destination` and `origin`.
    pub fn new(order: &Order, parcels: &[ParcelBox], location: &Location, recipient: &Address) -> Self {
        let details = &order.details;
        let total = details.payment.total;
        let heaviest = parcels.iter().max_by_key(|parcel| parcel.weight);
        let of_order = OrderFacts {
            number: details.number.as_deref().unwrap_or(""),
            external_id: details.external_id.as_deref().unwrap_or(""),
            channel: order.channel.0,
            tags: details.tags.as_deref().unwrap_or_default(),
            item_count: details.items.iter().map(|item| item.quantity).sum(),
            total: total.map_or(0.0, |total| number(total.amount)),
            currency: total.map(|total| total.currency.to_string()).unwrap_or_default(),
            weight_kg: parcels.iter().map(|parcel| number(parcel.weight.kilograms())).sum(),
            cash_on_delivery: details.payment.cash_on_delivery.unwrap_or(false),
            status: details.shop_status.as_ref().map_or("", |status| status.code.as_str()),
        };
        let all: Vec<_> = parcels.iter().map(parcel).collect();
        let mut context = Context::with_env(Arc::clone(&ENVIRONMENT));
        let mut add = |name: &str, value: Result<Value, _>| {
            let value: Result<Value, cel::SerializationError> = value;
            context.add_variable_from_value(name, value.unwrap_or(Value::Null));
        };
        add("order", cel::to_value(&of_order));
        add("parcel", cel::to_value(heaviest.map(parcel)));
        add("parcels", cel::to_value(&all));
        add("destination", cel::to_value(place(recipient, None)));
        add("origin", cel::to_value(place(&location.address, Some(location))));
        Self(context)
    }
}

impl Rules {
    /// Compiles rules. One that cannot be used never matches, and says why.
    pub fn new(rules: Vec<RoutingRule>) -> Self {
        let compiled = rules.into_iter().map(|rule| {
            let program = compile(&rule.when);
            (rule, program)
        });
        Self(compiled.collect())
    }

    /// The rules, as written.
    pub fn written(&self) -> impl Iterator<Item = &RoutingRule> {
        self.0.iter().map(|(rule, _)| rule)
    }

    /// Tries the rules that are for a location, narrowest first, until one matches. What the request itself says comes
    /// before all of them.
    pub fn try_all(&self, facts: &Facts, location: &Location, of_order: Option<&RuleAction>) -> Verdict {
        let is_for = |rule: &RoutingRule| {
            rule.location.as_ref().is_none_or(|id| *id == location.external_id)
                && rule.brand.as_ref().is_none_or(|brand| location.brand.as_ref() == Some(brand))
        };
        let mut tried: Vec<_> = self.0.iter().filter(|(rule, _)| is_for(rule)).collect();
        tried.sort_by_key(|(rule, _)| rule.scope());
        let mut verdict = Verdict::default();
        if let Some(action) = of_order {
            verdict.decide("the request", action);
            verdict.tell("the request", RuleScope::Order, RuleOutcome::Matched, None);
        }
        for (rule, program) in tried {
            let (outcome, why) = match (&verdict.decided_by, program) {
                (Some(_), _) => (RuleOutcome::NotReached, None),
                (None, Err(why)) => (RuleOutcome::NotEvaluated, Some(why.clone())),
                (None, Ok(program)) => match program.execute(&facts.0) {
                    Ok(Value::Bool(true)) => (RuleOutcome::Matched, None),
                    Ok(Value::Bool(false)) => (RuleOutcome::NotMatched, None),
                    Ok(_) => (RuleOutcome::NotEvaluated, Some("its condition is neither true nor false".to_owned())),
                    Err(error) => (RuleOutcome::NotEvaluated, Some(error.to_string().chars().take(200).collect())),
                },
            };
            if outcome == RuleOutcome::Matched {
                verdict.decide(&rule.name, &rule.then);
            }
            verdict.tell(&rule.name, rule.scope(), outcome, why);
        }
        verdict
    }

    /// What is said when nobody asked for rules, since a service was named.
    pub fn passed_over(&self, why: &str) -> Verdict {
        let mut verdict = Verdict::default();
        for (rule, _) in &self.0 {
            verdict.tell(&rule.name, rule.scope(), RuleOutcome::NotReached, Some(why.to_owned()));
        }
        verdict
    }
}

impl Verdict {
    fn decide(&mut self, name: &str, action: &RuleAction) {
        self.decided_by = Some(name.to_owned());
        self.action = action.clone();
    }

    fn tell(&mut self, name: &str, scope: RuleScope, outcome: RuleOutcome, why: Option<String>) {
        self.rules.push(RuleVerdict { name: name.to_owned(), scope, outcome, why });
    }
}

#[cfg(test)]
mod tests {
    use domain::channel::ChannelNumber;
    use domain::ids::OrderId;
    use domain::measure::Weight;
    use domain::order::OrderDetails;

    use super::*;

    fn facts() -> Facts {
        let details = OrderDetails {
            number: Some("A-1".to_owned()),
            tags: Some(vec!["gift".to_owned(), "fragile".to_owned()]),
            ..OrderDetails::default()
        };
        let now = domain::Timestamp::UNIX_EPOCH;
        let order = Order {
            id: OrderId::new(1).unwrap(),
            channel: ChannelNumber(7),
            version: 1,
            created_at: now,
            modified_at: now,
            cancelled_at: None,
            standing: domain::stage::Stage::Open,
            checked: None,
            details,
        };
        let kilograms = |kilograms: &str| ParcelBox {
            weight: Weight::from_kilograms(kilograms.parse().unwrap()).unwrap(),
            weight_is_assumed: false,
            dimensions: None,
            contents: Vec::new(),
            collect: None,
        };
        let berlin =
            Address { postal_code: Some("10117".to_owned()), country: Some("DE".to_owned()), ..Address::default() };
        Facts::new(&order, &[kilograms("1.5"), kilograms("25")], &location(), &berlin)
    }

    fn location() -> Location {
        store::codec::from_json(
            r#"{ "external_id": "oss", "name": "Oss", "brand": "acme", "address": { "country": "NL" } }"#,
        )
        .unwrap()
    }

    fn rule(when: &str) -> RoutingRule {
        let then = RuleAction { exclude: Some(vec!["house".to_owned()]), ..RuleAction::default() };
        RoutingRule { name: when.to_owned(), location: None, brand: None, when: when.to_owned(), then }
    }

    fn outcome(when: &str) -> (RuleOutcome, Option<String>) {
        let verdict = Rules::new(vec![rule(when)]).try_all(&facts(), &location(), None);
        (verdict.rules[0].outcome, verdict.rules[0].why.clone())
    }

    #[test]
    fn conditions_ask_about_everything_there_is() {
        for when in [
            "parcel.weight_kg > 20.0",
            "parcel.weight_kg > 20",
            "parcels.size() == 2 && parcels.exists(p, p.weight_kg < 2.0)",
            "order.weight_kg == 26.5",
            "\"gift\" in order.tags",
            "order.channel == 7 && order.number.startsWith(\"A-\")",
            "destination.country == \"DE\" && destination.postal_code.matches(\"^1[0-4]\")",
            "origin.location == \"oss\" && origin.brand == \"acme\" && origin.country == \"NL\"",
            "destination.country in [\"AT\", \"DE\"]",
            "true",
        ] {
            assert_eq!(flaw(when), None, "{when}");
            assert_eq!(outcome(when), (RuleOutcome::Matched, None), "{when}");
        }
        assert_eq!(outcome("destination.country == \"FR\""), (RuleOutcome::NotMatched, None));
    }

    #[test]
    fn every_condition_of_the_cookbook_can_be_used() {
        let page = include_str!("../../../docs/rules.md");
        let cookbook = page.split("## Cookbook").nth(1).unwrap().split("## Why").next().unwrap();
        let conditions: Vec<_> = cookbook.lines().filter_map(|line| line.split('`').nth(1)).collect();
        assert_eq!(conditions.len(), 6);
        for when in conditions {
            assert_eq!(flaw(when), None, "{when}");
            assert!(matches!(outcome(when).0, RuleOutcome::Matched | RuleOutcome::NotMatched), "{when}");
        }
    }

    #[test]
    fn what_cannot_be_evaluated_does_not_match_and_says_why() {
        let (no_field, why) = outcome("order.colour == \"red\"");
        assert_eq!(no_field, RuleOutcome::NotEvaluated);
        assert!(why.unwrap().contains("colour"));
        let (no_answer, why) = outcome("order.number");
        assert_eq!(no_answer, RuleOutcome::NotEvaluated);
        assert_eq!(why.unwrap(), "its condition is neither true nor false");
    }

    #[test]
    fn flaws_are_found_before_a_rule_is_stored() {
        assert!(flaw("parcel.weight_kg >").is_some());
        assert!(flaw("").is_some());
        assert!(flaw("shipment.weight > 1").unwrap().contains("it asks about \"shipment\": expected order"));
        assert!(flaw(&format!("\"{}\" == \"\"", "x".repeat(LONGEST))).unwrap().contains("characters"));
        let nested = "parcels.all(a, parcels.all(b, parcels.all(c, a == b)))";
        assert!(flaw(nested).unwrap().contains("at most 2 may"));
        assert!(flaw(&nested.replace(".all(", " . all (")).unwrap().contains("at most 2 may"));
    }

    #[test]
    fn the_narrowest_rule_that_matches_decides_and_the_request_before_all() {
        let of = |name: &str, location: Option<&str>, brand: Option<&str>| RoutingRule {
            name: name.to_owned(),
            location: location.map(str::to_owned),
            brand: brand.map(str::to_owned),
            ..rule("true")
        };
        let rules = vec![
            of("tenant", None, None),
            of("brand", None, Some("acme")),
            of("other brand", None, Some("zeta")),
            of("location", Some("oss"), None),
            of("other location", Some("mars"), None),
        ];
        let rules = Rules::new(rules);
        let verdict = rules.try_all(&facts(), &location(), None);
        let told: Vec<_> = verdict.rules.iter().map(|told| (told.name.as_str(), told.outcome)).collect();
        assert_eq!(
            told,
            [
                ("location", RuleOutcome::Matched),
                ("brand", RuleOutcome::NotReached),
                ("tenant", RuleOutcome::NotReached)
            ]
        );
        assert_eq!(verdict.decided_by.as_deref(), Some("location"));
        let own = RuleAction { only: Some(vec!["house".to_owned()]), ..RuleAction::default() };
        let verdict = rules.try_all(&facts(), &location(), Some(&own));
        assert_eq!((verdict.decided_by.as_deref(), &verdict.action), (Some("the request"), &own));
    }
}
