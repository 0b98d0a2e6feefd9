//! Rules and rates: what is chosen, and why.

use std::sync::Arc;
use std::time::Duration;

use app::rehearsal::{Change, Rehearsal, RehearsalWish};
use app::shipments::ShipWish;
use domain::Error;
use domain::order::ServiceWish;
use domain::routing::{CandidateOutcome, RoutingRule, RuleAction, RuleOutcome};
use testkit::carrier::{Outcome, Scripted};
use testkit::{TestAppBuilder, on_both_engines, scripted_setup};

use crate::fixture::{Shop, asked, boxes, with_tables};

/// Accounts `house` and `spare` of two carriers, at the same price, with rules.
async fn shop(engine: testkit::Engine, rules: &str, second: &Scripted) -> Shop {
    let tables =
        format!("[[tenant.carrier_account]]\nid = \"spare\"\ncarrier = \"second\"\nsettings = {{}}\n\n{rules}");
    let setup = with_tables(&scripted_setup(), &tables);
    let first = Scripted::new();
    let connectors: Vec<Arc<dyn domain::connector::Connector>> =
        vec![Arc::new(first.clone()), Arc::new(second.clone())];
    let quick = |builder: TestAppBuilder| {
        builder.connectors(connectors).setup(setup).options(|options| options.rate_timeout = Duration::from_millis(200))
    };
    Shop::of(first, engine, quick).await
}

fn rule(name: &str, when: &str, then: &str) -> String {
    format!("[[tenant.routing_rule]]\nname = \"{name}\"\nwhen = '{when}'\nthen = {then}\n\n")
}

/// Each candidate: service, outcome and reason.
fn told(decision: &domain::routing::Decision) -> Vec<String> {
    let line = |one: &domain::routing::Candidate| format!("{} {:?}: {}", one.service, one.outcome, one.why);
    decision.candidates.iter().map(line).collect()
}

on_both_engines! {
    async fn h4_a_shipment_says_which_rule_decided_and_why_each_service_fell_out(engine: Engine) {
        let rules = [
            rule("to France", "destination.country == \"FR\"", "{ only = [\"house\"] }"),
            rule("by colour", "order.colour == \"red\"", "{ only = [\"house\"] }"),
            rule("not by house", "parcel.weight_kg < 5.0", "{ exclude = [\"house\"] }"),
            rule("never reached", "true", "{ pick = \"fastest\" }"),
        ];
        let second = Scripted::second();
        let shop = shop(engine, &rules.concat(), &second).await;
        let order = shop.order("1001").await;
        let shipment = shop.ship(order).await.unwrap();
        assert_eq!(shipment.details.service.to_string(), "spare:standard");
        assert_eq!((shop.asked().0, asked(&second).0), (0, 1));
        let decision = shipment.details.decision.clone().unwrap();
        assert_eq!(decision.decided_by.as_deref(), Some("not by house"));
        let outcomes: Vec<_> = decision.rules.iter().map(|rule| (rule.name.as_str(), rule.outcome)).collect();
        assert_eq!(
            outcomes,
            [
                ("to France", RuleOutcome::NotMatched),
                ("by colour", RuleOutcome::NotEvaluated),
                ("not by house", RuleOutcome::Matched),
                ("never reached", RuleOutcome::NotReached),
            ]
        );
        assert!(decision.rules[1].why.as_ref().unwrap().contains("colour"));
        assert_eq!(
            told(&decision),
            ["spare:standard Chosen: the cheapest", "house:standard Out: the rule \"not by house\" excludes it"]
        );
        // What was billed, and how it came about, is kept with the choice and with what was not chosen.
        let of_house = &decision.candidates[1];
        assert_eq!((of_house.total, of_house.billed_weights.len()), (decision.candidates[0].total, 1));
        assert_eq!(shop.shipment(shipment.id).await.details.decision, Some(decision));
    }

    async fn h4_a_dry_run_says_what_would_be_chosen_and_books_nothing(engine: Engine) {
        let second = Scripted::second();
        let shop = shop(engine, &rule("spare first", "true", "{ prefer = [\"spare\"] }"), &second).await;
        let order = shop.order("1001").await;
        let quote = shop.app().quote(&shop.acme, order, &boxes(1)).await.unwrap();
        assert_eq!(
            told(&quote.decision),
            [
                "spare:standard Chosen: the cheapest of those that the rule \"spare first\" prefers",
                "house:standard Alternative: the rule \"spare first\" prefers others",
            ]
        );
        // The request's own word comes before every rule.
        let own = RuleAction { only: Some(vec!["house:standard".to_owned()]), ..RuleAction::default() };
        let wish = ShipWish { rule: Some(own), ..boxes(1) };
        let quote = shop.app().quote(&shop.acme, order, &wish).await.unwrap();
        assert_eq!(quote.decision.decided_by.as_deref(), Some("the request"));
        assert_eq!(quote.rates[0].service.to_string(), "house:standard");
        assert_eq!((shop.asked().0, asked(&second).0), (0, 0));
        assert_eq!(shop.app().shipments_of_order(&shop.acme, order).await.unwrap(), []);
        assert_eq!(shop.story(order).await, ["order.created"]);
    }

    async fn h4_a_service_somebody_named_is_taken_past_all_rules_and_the_decision_says_so(engine: Engine) {
        let second = Scripted::second();
        let shop = shop(engine, &rule("not by house", "true", "{ exclude = [\"house\"] }"), &second).await;
        let order = shop.order("1001").await;
        let code = Some("house:standard".to_owned());
        let wish = ShipWish { service: Some(ServiceWish { code, contract: None }), ..boxes(1) };
        let shipment = shop.app().ship(&shop.acme, order, &wish).await.unwrap();
        let decision = shipment.details.decision.unwrap();
        assert_eq!(told(&decision), ["house:standard Chosen: the cheapest"]);
        let why = "a service was named, which is taken or refused, never swapped";
        assert_eq!((decision.rules[0].outcome, decision.rules[0].why.as_deref()), (RuleOutcome::NotReached, Some(why)));
    }

    async fn h4_rules_that_leave_nothing_say_so_service_by_service(engine: Engine) {
        let second = Scripted::second();
        let shop = shop(engine, &rule("only by air", "true", "{ only = [\"house:air\"] }"), &second).await;
        let order = shop.order("1001").await;
        let Err(Error::Invalid(problems)) = shop.ship(order).await else { panic!("nothing is left") };
        assert_eq!(
            problems[0].message,
            "no service fits this shipment: house:standard: the rule \"only by air\" takes only house:air; \
             spare:standard: the rule \"only by air\" takes only house:air"
        );
    }

    async fn h3_one_account_that_hangs_or_fails_hides_no_other_and_is_named(engine: Engine) {
        let second = Scripted::second();
        let shop = shop(engine, "", &second).await;
        let order = shop.order("1001").await;
        second.ledger(|ledger| ledger.rates = Some(Outcome::Slow(60_000)));
        let quote = shop.app().quote(&shop.acme, order, &boxes(1)).await.unwrap();
        let services: Vec<_> = quote.rates.iter().map(|rate| rate.service.to_string()).collect();
        assert_eq!(services, ["house:standard"]);
        let failed: Vec<_> = quote.failed.iter().map(|(account, why)| format!("{account}: {why}")).collect();
        assert_eq!(failed, ["spare: the carrier did not answer: no answer in time"]);
        assert_eq!(quote.decision.candidates[1].outcome, CandidateOutcome::Out);
        second.ledger(|ledger| ledger.rates = Some(Outcome::No("closed")));
        let quote = shop.app().quote(&shop.acme, order, &boxes(1)).await.unwrap();
        assert_eq!((quote.rates.len(), quote.failed.len(), quote.fallback), (1, 1, None));
    }

    async fn h3_when_no_rate_is_left_the_tenants_own_price_stands_in(engine: Engine) {
        let first = Scripted::new();
        first.ledger(|ledger| ledger.rates = Some(Outcome::Silent));
        let setup = scripted_setup().replacen(
            "default_parcel",
            "fallback_rate = { price = \"9.90\", name = \"Flat rate\" }\ndefault_parcel",
            1,
        );
        let shop = Shop::of(first, engine, |builder| builder.setup(setup)).await;
        let order = shop.order("1001").await;
        let quote = shop.app().quote(&shop.acme, order, &boxes(1)).await.unwrap();
        assert_eq!((quote.rates.len(), quote.failed.len()), (0, 1));
        let fallback = quote.fallback.unwrap();
        assert_eq!((fallback.name.as_str(), fallback.price.amount.to_string()), ("Flat rate", "9.90".to_owned()));
        assert_eq!(fallback.price.currency.to_string(), "EUR");
        // Nothing can be booked at it.
        assert!(shop.ship(order).await.is_err());
        assert_eq!(shop.asked().0, 0);
    }

    async fn h4_changed_rules_are_rehearsed_on_past_shipments_without_booking_or_asking_anybody(engine: Engine) {
        let second = Scripted::second();
        let shop = shop(engine, &rule("house first", "true", "{ prefer = [\"house\"] }"), &second).await;
        let by_rules = shop.ship(shop.order("1001").await).await.unwrap();
        let named = Some("house:standard".to_owned());
        let wish = ShipWish { service: Some(ServiceWish { code: named, contract: None }), ..boxes(1) };
        shop.app().ship(&shop.acme, shop.order("1002").await, &wish).await.unwrap();
        let own = RuleAction { only: Some(vec!["house".to_owned()]), ..RuleAction::default() };
        let wish = ShipWish { rule: Some(own), ..boxes(1) };
        shop.app().ship(&shop.acme, shop.order("1003").await, &wish).await.unwrap();
        let asked_before = (shop.asked(), asked(&second));
        // Carriers that would answer nobody: the rehearsal goes by the offers kept.
        shop.carrier.ledger(|ledger| ledger.rates = Some(Outcome::No("closed")));
        second.ledger(|ledger| ledger.rates = Some(Outcome::No("closed")));

        let in_force = shop.app().rehearse(&shop.acme, RehearsalWish::default()).await.unwrap();
        assert_eq!(in_force, Rehearsal { tried: 1, left_alone: 2, changes: Vec::new() });

        let changed = |when: &str, excluded: &[&str]| {
            let exclude = Some(excluded.iter().map(|&name| name.to_owned()).collect());
            let then = RuleAction { exclude, ..RuleAction::default() };
            let (name, when) = ("changed".to_owned(), when.to_owned());
            let rules = Some(vec![RoutingRule { name, location: None, brand: None, when, then }]);
            RehearsalWish { rules, ..RehearsalWish::default() }
        };
        let total = by_rules.details.rate.as_ref().map(|rate| rate.total);
        let expected = |would_be: Option<&str>, why: &str| Change {
            shipment: by_rules.id,
            order: by_rules.order,
            was: "house:standard".to_owned(),
            was_total: total,
            would_be: would_be.map(str::to_owned),
            would_be_total: would_be.and(total),
            decided_by: Some("changed".to_owned()),
            why: why.to_owned(),
        };
        let wish = changed("destination.country == \"DE\"", &["house"]);
        let other = shop.app().rehearse(&shop.acme, wish.clone()).await.unwrap();
        assert_eq!(other.changes, [expected(Some("spare:standard"), "the cheapest")]);
        let nothing = shop.app().rehearse(&shop.acme, changed("true", &["house", "spare"])).await.unwrap();
        assert_eq!(nothing.changes, [expected(None, "the rule \"changed\" excludes it")]);

        let since = Some(shop.app().now().checked_add(Duration::from_secs(1)).unwrap());
        let later = shop.app().rehearse(&shop.acme, RehearsalWish { since, ..wish.clone() }).await.unwrap();
        assert_eq!(later, Rehearsal::default());
        let latest = shop.app().rehearse(&shop.acme, RehearsalWish { limit: Some(1), ..wish }).await.unwrap();
        assert_eq!(latest, Rehearsal { tried: 0, left_alone: 1, changes: Vec::new() });

        let flawed = shop.app().rehearse(&shop.acme, changed("colour ==", &[])).await;
        let Err(Error::Invalid(problems)) = flawed else { panic!("a flawed rule is not tried") };
        assert_eq!(problems[0].path, "rules/0/when");
        assert_eq!((shop.asked(), asked(&second)), asked_before);
    }
}
