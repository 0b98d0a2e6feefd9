//! Routing rules: read, changed, put in another order, and tried on last week's shipments before they count.

use app::App;
use app::rehearsal::{Rehearsal, RehearsalWish};
use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use domain::routing::{CandidateOutcome, Decision, Pick, RoutingRule, RuleAction};
use domain::tenant::Scope;
use domain::{Error, Problem};

use super::order::Why;
use super::problem::Refusal;
use crate::answer::{desk, go_to};
use crate::form::Form;
use crate::frame::Frame;
use crate::session::{Posted, Visit};
use crate::words;

/// How far a rehearsal looks back.
const WEEK: jiff::SignedDuration = jiff::SignedDuration::from_hours(7 * 24);

/// A rule as the form shows it.
#[derive(Default)]
struct Line {
    name: String,
    when: String,
    location: String,
    brand: String,
    only: String,
    exclude: String,
    prefer: String,
    pick: &'static str,
}

/// A shipment that would have gone another way.
struct Changed {
    order: String,
    shipment: String,
    was: String,
    would_be: String,
    rule: String,
    why: String,
}

/// What the rules would have done last week.
struct Tried {
    tried: usize,
    left_alone: usize,
    changes: Vec<Changed>,
}

#[derive(Template)]
#[template(path = "rules.html")]
struct RulesPage {
    frame: Frame,
    lines: Vec<Line>,
    seen: String,
    accounts: String,
    locations: Vec<String>,
    tried: Option<Tried>,
    tried_on: Option<TriedOn>,
    order: String,
    problems: Vec<Problem>,
    is_draft: bool,
}

/// What the rules in force and the draft would choose for one order.
struct TriedOn {
    order: String,
    title: String,
    now: Why,
    draft: Why,
    is_same: bool,
}

fn line(rule: &RoutingRule) -> Line {
    let list = |names: &Option<Vec<String>>| names.iter().flatten().cloned().collect::<Vec<_>>().join(", ");
    Line {
        name: rule.name.clone(),
        when: rule.when.clone(),
        location: rule.location.clone().unwrap_or_default(),
        brand: rule.brand.clone().unwrap_or_default(),
        only: list(&rule.then.only),
        exclude: list(&rule.then.exclude),
        prefer: list(&rule.then.prefer),
        pick: match rule.then.pick {
            None => "",
            Some(Pick::Cheapest) => "cheapest",
            Some(Pick::Fastest) => "fastest",
        },
    }
}

/// The rules that a form holds: one value of each name a rule. The empty last one is that for a new rule.
fn rules_of(form: &Form) -> Vec<RoutingRule> {
    let all = |name| form.all(name).map(|text| text.trim().to_owned()).collect::<Vec<_>>();
    let [names, whens, locations, brands, onlies, excludes, prefers, picks] =
        ["name", "when", "location", "brand", "only", "exclude", "prefer", "pick"].map(all);
    let at = |list: &[String], place: usize| list.get(place).cloned().unwrap_or_default();
    let text = |value: String| Some(value).filter(|value| !value.is_empty());
    let names_of = |value: String| {
        let names: Vec<_> =
            value.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect();
        Some(names).filter(|names| !names.is_empty())
    };
    let rules = (0..names.len()).map(|place| RoutingRule {
        name: at(&names, place),
        location: text(at(&locations, place)),
        brand: text(at(&brands, place)),
        when: at(&whens, place),
        then: RuleAction {
            only: names_of(at(&onlies, place)),
            exclude: names_of(at(&excludes, place)),
            prefer: names_of(at(&prefers, place)),
            pick: match at(&picks, place).as_str() {
                "cheapest" => Some(Pick::Cheapest),
                "fastest" => Some(Pick::Fastest),
                _ => None,
            },
        },
    });
    rules.filter(|rule| !rule.name.is_empty() || !rule.when.is_empty()).collect()
}

/// The rules after the button that was pressed: `up-2`, `down-2`, `remove-2`.
fn rearranged(mut rules: Vec<RoutingRule>, action: &str) -> Vec<RoutingRule> {
    let Some((verb, place)) = action.split_once('-') else { return rules };
    let Some(place) = place.parse().ok().filter(|place: &usize| *place < rules.len()) else { return rules };
    match verb {
        "up" if place > 0 => rules.swap(place, place - 1),
        "down" if place + 1 < rules.len() => rules.swap(place, place + 1),
        "remove" => drop(rules.remove(place)),
        _ => {}
    }
    rules
}

fn tried(rehearsal: &Rehearsal) -> Tried {
    let priced = |service: &str, total: Option<&domain::money::Money>| match total {
        Some(total) => format!("{service}, {}", words::money(total)),
        None => service.to_owned(),
    };
    let changes = rehearsal.changes.iter().map(|change| Changed {
        order: change.order.to_string(),
        shipment: change.shipment.to_string(),
        was: priced(&change.was, change.was_total.as_ref()),
        would_be: change
            .would_be
            .as_deref()
            .map_or_else(|| "nothing is left".to_owned(), |service| priced(service, change.would_be_total.as_ref())),
        rule: change.decided_by.clone().unwrap_or_else(|| "–".to_owned()),
        why: change.why.clone(),
    });
    Tried { tried: rehearsal.tried, left_alone: rehearsal.left_alone, changes: changes.collect() }
}

fn page(visit: &Visit, rules: &[RoutingRule], seen: String) -> RulesPage {
    let setup = &visit.caller.setup;
    RulesPage {
        frame: visit.frame("Rules", "rules"),
        lines: rules.iter().map(line).collect(),
        seen,
        accounts: setup.accounts.iter().map(|one| one.account.id.clone()).collect::<Vec<_>>().join(", "),
        locations: setup.locations.iter().map(|location| location.external_id.clone()).collect(),
        tried: None,
        tried_on: None,
        order: String::new(),
        problems: Vec::new(),
        is_draft: false,
    }
}

/// The rules in force as the form carries them, so that a change made meanwhile shows.
fn sealed(app: &App, rules: &[RoutingRule]) -> Result<String, Error> {
    let text = serde_json::to_string(rules).map_err(Error::internal)?;
    Ok(app.vault().seal_link(&text))
}

/// `GET /ui/rules`.
pub(crate) async fn show(State(app): State<App>, visit: Visit) -> Result<Response, Refusal> {
    let rules = app.routing_rules(&visit.caller)?;
    Ok(desk(StatusCode::OK, &page(&visit, &rules, sealed(&app, &rules)?)))
}

/// `POST /ui/rules`: stores the rules, or tries them on last week's shipments and stores nothing.
pub(crate) async fn change(State(app): State<App>, posted: Posted) -> Result<Response, Refusal> {
    let Posted { visit, form } = posted;
    visit.caller.require(Scope::Setup)?;
    let action = form.get("do").unwrap_or("save");
    let rules = rearranged(rules_of(&form), action);
    let sealed = form.get("seen").unwrap_or_default().to_owned();
    if action == "save" {
        let seen = app.vault().open_link(&sealed).and_then(|text| serde_json::from_str::<Vec<RoutingRule>>(&text).ok());
        let seen = seen.ok_or_else(Refusal::stale_form)?;
        let is_as_seen = move |stored: &[RoutingRule]| {
            let text = "somebody else changed the rules meanwhile: load the page again";
            if stored == seen { Ok(()) } else { Err(Error::Conflict(text.to_owned())) }
        };
        return match app.replace_rules(&visit.caller, rules.clone(), is_as_seen).await.and_then(|saved| saved) {
            Ok(()) => Ok(go_to("/ui/rules?done=saved")),
            Err(Error::Invalid(problems)) => {
                let shown = RulesPage { problems, is_draft: true, ..page(&visit, &rules, sealed) };
                Ok(desk(StatusCode::UNPROCESSABLE_ENTITY, &shown))
            }
            Err(error) => Err(error.into()),
        };
    }
    let mut shown = RulesPage { is_draft: true, ..page(&visit, &rules, sealed) };
    if action == "try" {
        let wish = RehearsalWish { rules: Some(rules.clone()), since: app.now().checked_sub(WEEK).ok(), limit: None };
        match app.judge_rules(&visit.caller, &rules) {
            Ok(()) => shown.tried = Some(tried(&app.rehearse(&visit.caller, wish).await?)),
            Err(Error::Invalid(problems)) => shown.problems = problems,
            Err(error) => return Err(error.into()),
        }
    }
    if action == "try-order" {
        let code = form.get("tried_order").unwrap_or_default();
        code.clone_into(&mut shown.order);
        match try_on(&app, &visit, code, rules).await {
            Ok(tried) => shown.tried_on = Some(tried),
            Err(Error::Invalid(problems)) => shown.problems = problems,
            Err(error) => return Err(error.into()),
        }
    }
    Ok(desk(StatusCode::OK, &shown))
}

/// Tries a draft on the order that somebody scanned or typed.
async fn try_on(app: &App, visit: &Visit, code: &str, rules: Vec<RoutingRule>) -> Result<TriedOn, Error> {
    let found = if code.is_empty() { None } else { app.scanned(&visit.caller, code).await? };
    let Some(id) = found else {
        let text = format!("{code:?} is no order: expected its number, or that of one of its parcels");
        return Err(Error::invalid("order", text));
    };
    let order = app.order(&visit.caller, id).await?;
    let tried = Box::pin(app.try_rules(&visit.caller, id, rules)).await?;
    let chosen = |decision: &Decision| {
        let first = decision.candidates.iter().find(|one| one.outcome == CandidateOutcome::Chosen);
        first.map(|one| one.service.clone())
    };
    Ok(TriedOn {
        order: id.to_string(),
        title: order.details.number.clone().unwrap_or_else(|| id.to_string()),
        is_same: chosen(&tried.now) == chosen(&tried.by_these),
        now: Why::of(&tried.now),
        draft: Why::of(&tried.by_these),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_holds_the_rules_in_their_order_and_a_button_moves_one() {
        let form = Form::read(
            b"name=a&when=true&location=&brand=&only=house&exclude=&prefer=&pick=cheapest\
              &name=b&when=false&location=oss&brand=&only=&exclude=x%2C+y&prefer=&pick=\
              &name=&when=&location=&brand=&only=&exclude=&prefer=&pick=",
        );
        let rules = rules_of(&form);
        let names = |rules: &[RoutingRule]| rules.iter().map(|rule| rule.name.clone()).collect::<Vec<_>>();
        assert_eq!(names(&rules), ["a", "b"], "the row for a new rule is left empty");
        assert_eq!(rules[1].then.exclude, Some(vec!["x".to_owned(), "y".to_owned()]));
        assert_eq!((rules[0].then.pick, rules[1].location.as_deref()), (Some(Pick::Cheapest), Some("oss")));
        assert_eq!(names(&rearranged(rules.clone(), "up-1")), ["b", "a"]);
        assert_eq!(names(&rearranged(rules.clone(), "down-1")), ["a", "b"], "it is the last one already");
        assert_eq!(names(&rearranged(rules, "remove-0")), ["b"]);
    }
}
