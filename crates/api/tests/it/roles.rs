//! What each role may do: every route of every dialect, asked by keys that lack one scope each, and by every role.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use domain::channel::Dialect;
use domain::tenant::{Role, Scope};
use http::Method;
use serde_json::{Value as Json, json};
use testkit::{Answer, Engine, TestApp, on_both_engines};

use crate::fixture::{bare, basic, key, order, place, serving_setup, setup_with};

/// Sell tokens, so they need no key.
const TOKENS: [&str; 3] = ["/oauth2/token", "/ent-services/security/v1/oauth/token", "/v2/token"];

/// A method and a path of a dialect.
type Asked = (Dialect, Method, &'static str);

/// Every one that needs a key, by the lists that the routers are made of.
fn asked() -> Vec<Asked> {
    let mut asked = Vec::new();
    for dialect in Dialect::ALL {
        for route in api::routes_of(dialect).into_iter().filter(|route| !TOKENS.contains(&route.path)) {
            asked.extend(route.methods.iter().map(|method| (dialect, method.parse().unwrap(), route.path)));
        }
    }
    asked
}

/// Where a path leads for this test: to something that is there, or to nothing when it would be changed for good.
fn target(path: &str) -> String {
    let id = match path {
        path if path.starts_with("/v1/orders") => "ord_1",
        path if path.starts_with("/v1/carrier-accounts") => "house",
        path if path.starts_with("/v1/events") => "evt_1",
        path if path.starts_with("/v1/shipments") => "shp_9",
        path if path.starts_with("/v1/parcels") => "par_9",
        path if path.starts_with("/v1/documents") => "doc_9",
        path if path.starts_with("/v1/batches") => "bat_9",
        path if path.starts_with("/v1/webhooks") => "whk_9",
        path if path.starts_with("/v1/deliveries") => "dlv_9",
        path if path.starts_with("/api/v3/orders") => "1",
        path if path.starts_with("/api/v3/integrations") => "7",
        _ => "9",
    };
    path.replace("{id}", id)
}

/// A body that the verb behind the route takes, and what stands behind the `?`.
fn sent((dialect, method, path): &Asked) -> (&'static str, Json) {
    let nothing = ("", Json::Null);
    if *method == Method::GET {
        return match *path {
            "/api/v2/label" => ("?orderExternalId=9", Json::Null),
            "/v1/batches" => ("", Json::Null),
            _ => nothing,
        };
    }
    let body = match (*dialect, method.as_str(), *path) {
        (Dialect::Native, "POST", "/v1/orders") => json!({ "external_id": "R", "items": [] }),
        (Dialect::Native, "POST", "/v1/orders/{id}/address/overrule") => json!({ "reason": "he lives there" }),
        (Dialect::Native, "POST", "/v1/orders/{id}/address/split") => {
            json!({ "street": "Stadhuisplein", "house_number": "15" })
        }
        (Dialect::Native, "POST", "/v1/orders/{id}/tracking-numbers") => {
            json!({ "carrier": "dhl", "tracking_numbers": ["X1"], "brought_by": "market" })
        }
        (Dialect::Native, "POST", "/v1/shipments/{id}/settle") => json!({ "status": "not_booked" }),
        (Dialect::Native, "POST", "/v1/shipments/{id}/tracking-events") => {
            json!({ "events": [{ "status": "in_transit", "at": "2026-03-02T09:00:00Z" }] })
        }
        (Dialect::Native, "POST", "/v1/batches") => json!({ "orders": ["ord_9"] }),
        (Dialect::Native, "POST", "/v1/webhooks/{id}/resend") => {
            json!({ "from": "2026-03-01T00:00:00Z", "to": "2026-03-02T00:00:00Z" })
        }
        _ => Json::Null,
    };
    ("", body)
}

/// Asks with a key, in the way of the dialect.
async fn ask(t: &TestApp, asked: &Asked, name: &str) -> Answer {
    let (dialect, method, path) = asked;
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
    let (query, body) = sent(asked);
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let path = target(path) + query;
    bare(t, &headers, method.clone(), &path, &body).await
}

/// Which scope an answer says is missing.
fn lacks(answer: &Answer) -> Option<Scope> {
    let text = answer.text();
    let (_, rest) = text.split_once("lacks the scope ")?;
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

on_both_engines! {
    async fn dump(engine: Engine) {
        let t = with_keys(engine).await;
        for asked in asked() {
            let mut all = String::new();
            for scope in Scope::ALL {
                let answer = ask(&t, &asked, &format!("no-{}", scope.as_str())).await;
                let _ = write!(all, " {}={}/{:?}", scope.as_str(), answer.status.as_u16(), lacks(&answer));
            }
            let answer = ask(&t, &asked, "admin").await;
            eprintln!("{} {} {}: {}\n      {}", asked.0, asked.1, asked.2, all, answer.text().chars().take(200).collect::<String>());
        }
        let _ : BTreeSet<u8> = BTreeSet::new();
        panic!();
    }
}
