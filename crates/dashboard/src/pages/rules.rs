//! Routing rules: read, changed, put in another order, and tried on last week's shipments before they count.

use app::App;
use app::rehearsal::{Rehearsal, RehearsalWish};
use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use domain::routing::{Pick, RoutingRule, RuleAction};
use domain::tenant::Scope;
use domain::{Error, Problem};

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
    problems: Vec<Problem>,
    is_draft: bool,
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
        return match app.replace_rules(&visit.caller, &seen, rules.clone()).await {
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
    Ok(desk(StatusCode::OK, &shown))
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
