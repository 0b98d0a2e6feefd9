//! What each scope and each role may do: every route of every dialect, asked as its OpenAPI document shows it, by keys that lack
//! one scope each and by every role. A route that is added is asked too, since the lists come from the routers.

use std::collections::{BTreeMap, BTreeSet};

use domain::channel::Dialect;
use domain::tenant::{Role, Scope};
use http::Method;
use testkit::{Answer, Engine, TestApp, on_both_engines};

use crate::fixture::{bare, basic, key, order, place, serving_setup, setup_with};
use crate::openapi::{Operation, operations};

/// Sell tokens, so they need no key.
const TOKENS: [&str; 3] = ["/oauth2/token", "/ent-services/security/v1/oauth/token", "/v2/token"];

/// Every method of every route that needs a key.
fn asked() -> Vec<(Dialect, Operation)> {
    let mut asked = Vec::new();
    for dialect in Dialect::ALL {
        let mut described = operations(dialect);
        for route in api::routes_of(dialect).into_iter().filter(|route| !TOKENS.contains(&route.path)) {
            for method in &route.methods {
                let is_it = |one: &Operation| one.path == route.path && one.method == *method;
                let at = described.iter().position(is_it);
                let at = at.unwrap_or_else(|| panic!("{dialect}: {method} {} is in no document", route.path));
                asked.push((dialect, described.swap_remove(at)));
            }
        }
    }
    asked
}

/// Asks with a key, in the way of the dialect.
async fn ask(t: &TestApp, (dialect, operation): &(Dialect, Operation), name: &str) -> Answer {
    let (secret, public) = (format!("sec-{name}"), format!("pub-{name}"));
    let authorization = match dialect {
        Dialect::Sendcloud => basic(&public, &secret),
        _ => format!("Bearer {secret}"),
    };
    let headers = [
        ("authorization", authorization.as_str()),
        ("x-api-key", secret.as_str()),
        ("api-key", secret.as_str()),
        ("tenantid", "acme"),
        ("content-type", "application/json"),
    ];
    bare(t, &headers, operation.method.clone(), &operation.of_something(), &operation.body()).await
}

/// Which scope an answer says is missing.
fn lacking(answer: &Answer) -> Option<Scope> {
    let text = answer.text();
    let (_, rest) = text.split_once("the scope ")?;
    let word: String = rest.chars().take_while(char::is_ascii_lowercase).collect();
    Some(word.parse().unwrap())
}

async fn with_keys(engine: Engine) -> TestApp {
    let mut keys = String::new();
    for scope in Scope::ALL {
        let others: Vec<_> = Scope::ALL.into_iter().filter(|one| *one != scope).map(Scope::as_str).collect();
        keys += &key(&format!("no-{}", scope.as_str()), &format!("{others:?}"));
    }
    for role in Role::ALL {
        keys += &key(role.as_str(), &format!("[{:?}]", role.as_str()));
    }
    let t = serving_setup(engine, &setup_with(&keys)).await;
    place(&t, [order("A")]).await;
    t
}

/// Each route with the scopes without which it is refused.
async fn needed(t: &TestApp) -> BTreeMap<String, BTreeSet<Scope>> {
    let mut needed = BTreeMap::new();
    for asked in asked() {
        let name = format!("{} {}", asked.0, asked.1.name());
        let mut scopes = BTreeSet::new();
        for scope in Scope::ALL {
            let answer = ask(t, &asked, &format!("no-{}", scope.as_str())).await;
            if let Some(lacking) = lacking(&answer) {
                assert_eq!(lacking, scope, "{name}: {}", answer.text());
                assert!(matches!(answer.status.as_u16(), 401 | 403), "{name}: {}", answer.status);
                scopes.insert(scope);
            }
        }
        needed.insert(name, scopes);
    }
    needed
}

on_both_engines! {
    async fn o1_each_route_needs_these_scopes_and_no_others(engine: Engine) {
        let t = with_keys(engine).await;
        let needed = needed(&t).await;
        let words = |scopes: &BTreeSet<Scope>| scopes.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(", ");
        let lines: Vec<_> = needed.iter().map(|(name, scopes)| format!("{name}: {}", words(scopes))).collect();
        insta::assert_snapshot!(lines.join("\n"), @"");
    }

    async fn o1_each_role_may_do_what_its_scopes_say_on_every_route(engine: Engine) {
        let t = with_keys(engine).await;
        let needed = needed(&t).await;
        for asked in asked() {
            let name = format!("{} {}", asked.0, asked.1.name());
            for role in Role::ALL {
                let may = needed[&name].iter().all(|scope| role.scopes().contains(scope));
                let answer = ask(&t, &asked, role.as_str()).await;
                assert_eq!(lacking(&answer).is_none(), may, "{} asks {name}: {}", role.as_str(), answer.text());
            }
        }
        // Who prints neither spends nor changes anything; who looks changes nothing.
        let reading = |scope: &Scope| *scope == Scope::Read;
        for (name, scopes) in &needed {
            let is_safe = name.split(' ').nth(1) == Some(Method::GET.as_str());
            assert!(!scopes.is_empty(), "{name} needs no scope");
            assert!(is_safe || !scopes.iter().all(reading) || LOOKS.contains(&name.as_str()), "{name} changes with read alone");
        }
    }
}

/// POSTs that only look.
const LOOKS: [&str; 0] = [];
