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
        // Tenants are made with the installation's secret.
        let takes_key = |path: &str| !TOKENS.contains(&path) && !path.starts_with("/v1/tenants");
        for route in api::routes_of(dialect).into_iter().filter(|route| takes_key(route.path)) {
            for method in &route.methods {
                let is_it = |one: &Operation| one.path == route.path && one.method == *method;
                let at = described.iter().position(is_it);
                let at = at.unwrap_or_else(|| panic!("{dialect}: {method} {} is in no document", route.path));
                asked.push((dialect, described.swap_remove(at)));
            }
        }
    }
    // What is deleted is needed by the others, and by each dialect before it is the native one's turn.
    asked.sort_by_key(|(dialect, one)| (one.method == Method::DELETE, *dialect == Dialect::Native));
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
        ("if-match", "*"),
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
        insta::assert_snapshot!(lines.join("\n"), @"
        crowdsender GET /api/v1/documents: read
        crowdsender GET /api/v1/orders: read
        crowdsender GET /api/v1/orders/{id}: read
        crowdsender PATCH /api/v1/orders/{id}: write
        crowdsender POST /api/v1/labels: buy
        crowdsender POST /api/v1/orders: write
        crowdsender PUT /api/v1/orders/{id}: write
        delivery_solutions DELETE /api/v2/order/orderExternalId/{id}: void
        delivery_solutions DELETE /shipments/{id}: void
        delivery_solutions GET /api/v2/label: 
        delivery_solutions GET /api/v2/order/getById/orderExternalId/{id}: read
        delivery_solutions GET /api/v2/order/status/orderExternalId/{id}: read
        delivery_solutions GET /api/v2/store: read
        delivery_solutions GET /api/v2/store/storeExternalId/{id}: read
        delivery_solutions GET /shipments/{id}: read
        delivery_solutions GET /shipments/{id}/status-history: read
        delivery_solutions PATCH /api/v2/store/storeExternalId/{id}: setup
        delivery_solutions POST /api/v2/order/edit/orderExternalId/{id}: write
        delivery_solutions POST /api/v2/order/list: read
        delivery_solutions POST /api/v2/order/placeorder: write, buy
        delivery_solutions POST /api/v2/order/placeorderasync: write, buy
        delivery_solutions POST /api/v2/order/retry/orderExternalId/{id}: buy
        delivery_solutions POST /api/v2/rates: read
        delivery_solutions POST /api/v2/store: setup
        delivery_solutions POST /shipments: write, buy
        delivery_solutions POST /shipments/list: read
        delivery_solutions POST /shipments/{id}/retry: buy
        delivery_solutions PUT /shipments/{id}: write
        expertsender DELETE /orders/{id}: write
        expertsender GET /customerattributes: read
        expertsender GET /customerconsents: read
        expertsender GET /customers/crmId/{id}: read
        expertsender GET /customers/email/{id}: read
        expertsender GET /customers/id/{id}: read
        expertsender GET /customers/phone/{id}: read
        expertsender GET /orderattributes: read
        expertsender GET /orders/{id}: read
        expertsender GET /productattributes: read
        expertsender POST /customers: write
        expertsender POST /orders: write
        expertsender PUT /orders/status: write
        native DELETE /v1/carrier-accounts/{id}: setup
        native DELETE /v1/channels/{id}: setup
        native DELETE /v1/keys/{id}: setup
        native DELETE /v1/locations/{id}: setup
        native DELETE /v1/orders/{id}: write
        native DELETE /v1/webhooks/{id}: setup
        native GET /v1/acts: read
        native GET /v1/batches: read
        native GET /v1/batches/{id}: read
        native GET /v1/batches/{id}/documents: read
        native GET /v1/batches/{id}/orders: read
        native GET /v1/carrier-accounts: read
        native GET /v1/carrier-accounts/{id}: read
        native GET /v1/carriers: read
        native GET /v1/channels: read
        native GET /v1/channels/{id}: read
        native GET /v1/collections: read
        native GET /v1/collections/{id}: read
        native GET /v1/documents: read
        native GET /v1/documents/{id}: print
        native GET /v1/erasures: erase
        native GET /v1/erasures/{id}: erase
        native GET /v1/events: read
        native GET /v1/events/{id}/deliveries: read
        native GET /v1/exports/orders: read
        native GET /v1/exports/rates: read
        native GET /v1/exports/shipments: read
        native GET /v1/keys: setup
        native GET /v1/keys/{id}: setup
        native GET /v1/locations: read
        native GET /v1/locations/{id}: read
        native GET /v1/manifests: read
        native GET /v1/manifests/{id}: read
        native GET /v1/manifests/{id}/document: print
        native GET /v1/manifests/{id}/left-behind: read
        native GET /v1/manifests/{id}/parcels: read
        native GET /v1/orders: read
        native GET /v1/orders/{id}: read
        native GET /v1/orders/{id}/acts: read
        native GET /v1/orders/{id}/address: read
        native GET /v1/orders/{id}/returns: read
        native GET /v1/orders/{id}/shipments: read
        native GET /v1/parcels: read
        native GET /v1/parcels/{id}/customs-form: print
        native GET /v1/parcels/{id}/label: print
        native GET /v1/parcels/{id}/tracking-events: read
        native GET /v1/routing-rules: read
        native GET /v1/shipments: read
        native GET /v1/shipments/{id}: read
        native GET /v1/shipments/{id}/commercial-invoice: print
        native GET /v1/shipments/{id}/documents: read
        native GET /v1/shipments/{id}/exchanges: read
        native GET /v1/shipments/{id}/packing-slip: print
        native GET /v1/unknown-tracking-codes: read
        native GET /v1/webhooks: read
        native GET /v1/webhooks/{id}: read
        native GET /v1/webhooks/{id}/deliveries: read
        native PATCH /v1/carrier-accounts/{id}: setup
        native PATCH /v1/channels/{id}: setup
        native PATCH /v1/webhooks/{id}: setup
        native POST /v1/batches: buy
        native POST /v1/batches/{id}/print: print
        native POST /v1/batches/{id}/retry: buy
        native POST /v1/carrier-accounts: setup
        native POST /v1/carrier-accounts/{id}/check: setup
        native POST /v1/channels: setup
        native POST /v1/collections: buy
        native POST /v1/collections/{id}/cancel: void
        native POST /v1/deliveries/{id}/resend: setup
        native POST /v1/erasures: erase
        native POST /v1/keys: setup
        native POST /v1/keys/{id}/rotate: read, write, print, buy, void, setup, erase, overrule
        native POST /v1/locations: setup
        native POST /v1/manifests: print
        native POST /v1/manifests/{id}/close: print
        native POST /v1/orders: write
        native POST /v1/orders/{id}/address/check: write
        native POST /v1/orders/{id}/address/overrule: overrule
        native POST /v1/orders/{id}/address/split: write
        native POST /v1/orders/{id}/cancel: void
        native POST /v1/orders/{id}/rates: read
        native POST /v1/orders/{id}/returns: buy
        native POST /v1/orders/{id}/shipments: buy
        native POST /v1/orders/{id}/tracking-numbers: write
        native POST /v1/routing-rules/rehearse: read
        native POST /v1/shipments/{id}/advance: write
        native POST /v1/shipments/{id}/cancel: void
        native POST /v1/shipments/{id}/settle: buy
        native POST /v1/shipments/{id}/tracking-events: write
        native POST /v1/webhooks: setup
        native POST /v1/webhooks/{id}/pause: setup
        native POST /v1/webhooks/{id}/resend: setup
        native POST /v1/webhooks/{id}/resume: setup
        native POST /v1/webhooks/{id}/test: setup
        native PUT /v1/locations/{id}: setup
        native PUT /v1/orders/{id}: write
        native PUT /v1/routing-rules: setup
        sendcloud DELETE /api/v3/integrations/{id}: setup
        sendcloud DELETE /api/v3/orders/{id}: write
        sendcloud GET /api/v3/integrations: read
        sendcloud GET /api/v3/integrations/logs: read
        sendcloud GET /api/v3/integrations/{id}: read
        sendcloud GET /api/v3/integrations/{id}/logs: read
        sendcloud GET /api/v3/orders: read
        sendcloud GET /api/v3/orders/{id}: read
        sendcloud GET /api/v3/shop-order-statuses: read
        sendcloud GET /api/v3/shop-order-statuses/mapping: read
        sendcloud GET /api/v3/user/auth/metadata: read
        sendcloud PATCH /api/v3/integrations/{id}: setup
        sendcloud PATCH /api/v3/orders/{id}: write
        sendcloud POST /api/v3/integrations/{id}/logs: write
        sendcloud POST /api/v3/orders: write
        sendcloud POST /api/v3/orders/create-label-sync: read, print, buy
        sendcloud POST /api/v3/orders/create-labels-async: read, buy
        sendcloud POST /api/v3/shop-order-statuses: setup
        sendcloud POST /api/v3/shop-order-statuses/mapping: setup
        seven_senders DELETE /v2/orders: write
        seven_senders DELETE /v2/orders/{id}: write
        seven_senders DELETE /v2/shipments/{id}: void
        seven_senders GET /v2/carriers: read
        seven_senders GET /v2/orders: read
        seven_senders GET /v2/orders/{id}: read
        seven_senders GET /v2/shipments: read
        seven_senders GET /v2/shipments/{id}: read
        seven_senders POST /v2/order_states: write
        seven_senders POST /v2/orders: write
        seven_senders POST /v2/shipments: write
        seven_senders PUT /v2/orders/{id}: write
        seven_senders PUT /v2/shipments/{id}: write
        ");
    }

    async fn o1_each_role_may_do_what_its_scopes_say_on_every_route(engine: Engine) {
        let needed = needed(&with_keys(engine).await).await;
        // What was asked there deleted something: this is another installation.
        let t = with_keys(engine).await;
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
            assert!(!scopes.is_empty() || LINKS.contains(&name.as_str()), "{name} needs no scope");
            assert!(is_safe || !scopes.iter().all(reading) || LOOKS.contains(&name.as_str()), "{name} changes with read alone");
        }
    }
}

/// Answered to whoever has the link, whose signature is what opens it.
const LINKS: [&str; 1] = ["delivery_solutions GET /api/v2/label"];

/// POSTs that only look.
const LOOKS: [&str; 5] = [
    "delivery_solutions POST /api/v2/order/list",
    "delivery_solutions POST /api/v2/rates",
    "delivery_solutions POST /shipments/list",
    "native POST /v1/orders/{id}/rates",
    "native POST /v1/routing-rules/rehearse",
];
