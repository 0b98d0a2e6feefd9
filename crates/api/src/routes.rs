//! A route: a path and the methods it takes, served and listed from one call, so that the two cannot drift apart.

use std::marker::PhantomData;
use std::panic::AssertUnwindSafe;

use app::App;
use axum::Router;
use axum::extract::{MatchedPath, Request};
use axum::handler::Handler;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{self, MethodRouter};
use domain::Error;
use futures::FutureExt as _;
use http::header::ALLOW;
use http::{HeaderValue, Method, StatusCode};

use crate::dialect::{Wire, patience, within};

/// A path and the methods it takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// The path below the host, its variable part in braces: `/v1/orders/{id}`.
    pub path: &'static str,
    /// The methods, in the order of the `Allow` header.
    pub methods: Vec<&'static str>,
}

impl Route {
    /// The methods as the `Allow` header lists them.
    pub fn allowed(&self) -> String {
        self.methods.join(", ")
    }
}

/// One method of a route, and what answers it.
pub(crate) struct Endpoint {
    method: &'static str,
    answers: MethodRouter<App>,
}

/// Answers GET.
pub(crate) fn get<H: Handler<T, App>, T: 'static>(handler: H) -> Endpoint {
    Endpoint { method: "GET", answers: routing::get(handler) }
}

/// Answers POST.
pub(crate) fn post<H: Handler<T, App>, T: 'static>(handler: H) -> Endpoint {
    Endpoint { method: "POST", answers: routing::post(handler) }
}

/// Answers PUT.
pub(crate) fn put<H: Handler<T, App>, T: 'static>(handler: H) -> Endpoint {
    Endpoint { method: "PUT", answers: routing::put(handler) }
}

/// Answers PATCH.
pub(crate) fn patch<H: Handler<T, App>, T: 'static>(handler: H) -> Endpoint {
    Endpoint { method: "PATCH", answers: routing::patch(handler) }
}

/// Answers DELETE.
pub(crate) fn delete<H: Handler<T, App>, T: 'static>(handler: H) -> Endpoint {
    Endpoint { method: "DELETE", answers: routing::delete(handler) }
}

/// The routes of a dialect. A method that a route does not take and a path that no route has are refused in the
/// dialect's words.
pub(crate) struct Routes<W> {
    below: &'static str,
    routes: Vec<(Route, MethodRouter<App>)>,
    wire: PhantomData<W>,
}

impl<W: Wire> Routes<W> {
    /// No routes yet. Every path below this one is the dialect's.
    pub(crate) fn below(path: &'static str) -> Self {
        Self { below: path, routes: Vec::new(), wire: PhantomData }
    }

    /// Adds a route.
    pub(crate) fn at<const N: usize>(mut self, path: &'static str, endpoints: [Endpoint; N]) -> Self {
        let mut route = Route { path, methods: Vec::with_capacity(N) };
        let mut answers = MethodRouter::new();
        for endpoint in endpoints {
            route.methods.push(endpoint.method);
            answers = answers.merge(endpoint.answers);
        }
        let allowed = route.allowed();
        let answers = answers.fallback(async move |method: Method| other_method::<W>(&method, &allowed));
        self.routes.push((route, answers));
        self
    }

    /// Every route there is.
    pub(crate) fn list(self) -> Vec<Route> {
        self.routes.into_iter().map(|(route, _)| route).collect()
    }

    /// Serves them below a prefix.
    pub(crate) fn router(self, prefix: &str) -> Router<App> {
        let nothing = || routing::any(async || W::no_such_page());
        let has_root = self.routes.iter().any(|(route, _)| route.path == self.below);
        let rest = Router::new().route(&format!("{prefix}{}/{{*rest}}", self.below), nothing());
        let router = if has_root { rest } else { rest.route(&format!("{prefix}{}", self.below), nothing()) };
        let add = |router: Router<App>, (route, answers): (Route, _)| {
            router.route(&format!("{prefix}{}", route.path), answers)
        };
        self.routes.into_iter().fold(router, add).layer(middleware::from_fn(net::<W>))
    }
}

/// The net under a dialect's handlers: one that panics, or finds no end, is answered for in the dialect's words.
async fn net<W: Wire>(request: Request, next: Next) -> Response {
    let limit = patience(request.extensions()).map(|patience| patience.request);
    let path = request.extensions().get::<MatchedPath>().cloned();
    let mut answer = match within(limit, AssertUnwindSafe(next.run(request)).catch_unwind()).await {
        Some(Ok(answer)) => answer,
        Some(Err(panic)) => {
            let text = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref().map(String::as_str));
            W::refuse(Error::Internal(format!("a handler panicked: {}", text.unwrap_or("without a message"))))
        }
        None => W::refuse(Error::Unavailable("the request took too long".to_owned())),
    };
    // For whoever counts answers by route.
    if let Some(path) = path {
        answer.extensions_mut().insert(path);
    }
    answer
}

/// Answers every method that a route does not take: `OPTIONS` with what it takes, the others with 405.
fn other_method<W: Wire>(method: &Method, allowed: &str) -> Response {
    let mut answer = match *method {
        Method::OPTIONS => StatusCode::OK.into_response(),
        _ => W::method_not_allowed(method),
    };
    if let Ok(allowed) = HeaderValue::from_str(allowed) {
        answer.headers_mut().insert(ALLOW, allowed);
    }
    answer
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::{Value as Json, json};
    use testkit::{Engine, TestApp};

    use super::*;
    use crate::dialect::Patience;
    use crate::native::Native;
    use crate::sendcloud::Sendcloud;

    /// What a dialect's net says to a handler that panics and to one that has no end.
    async fn caught<W: Wire>(below: &'static str, panics: &'static str, endless: &'static str) -> [Json; 2] {
        let in_time = Patience { request: Duration::from_millis(20), body: Duration::from_millis(20) };
        let t = TestApp::builder(Engine::Sqlite)
            .connectors(carriers::all(&carriers::testing::handed(carriers::testing::standing(
                domain::Timestamp::UNIX_EPOCH,
            ))))
            .build()
            .await
            .serving(|app| {
                let panic = async || -> Response { panic!("over {}", 1) };
                let routes = Routes::<W>::below(below)
                    .at(panics, [get(panic)])
                    .at(endless, [get(async || std::future::pending::<Response>().await)]);
                routes.router("").with_state(app).layer(axum::Extension(in_time))
            });
        let late = t.get(endless).await;
        assert_eq!(late.header("retry-after"), "1");
        [t.get(panics).await.story(), late.story()]
    }

    #[tokio::test]
    async fn a_panic_and_a_request_without_end_are_told_in_the_dialects_words() {
        let [panicked, late] = caught::<Sendcloud>("/api/v3", "/api/v3/panics", "/api/v3/endless").await;
        let error = |status: u16, code: &str, title: &str, detail: &str| {
            let error = json!({ "status": status.to_string(), "code": code, "title": title, "detail": detail });
            json!({ "status": status, "body": { "errors": [error] } })
        };
        assert_eq!(panicked, error(500, "error", "Server error", "A server error occurred."));
        let busy = "The service is busy. Please try again in a moment.";
        assert_eq!(late, error(503, "unavailable", "Service unavailable", busy));

        let [panicked, late] = caught::<Native>("/v1", "/v1/panics", "/v1/endless").await;
        let problem = |status: u16, kind: &str, title: &str, detail: &str| {
            let kind = format!("/docs/errors#{kind}");
            json!({ "status": status, "body": { "type": kind, "title": title, "status": status, "detail": detail } })
        };
        assert_eq!(panicked, problem(500, "internal", "Server error", "Something broke here, and it was logged."));
        let busy = "The server cannot do this now. Please try again in a moment.";
        assert_eq!(late, problem(503, "unavailable", "Unavailable", busy));
    }
}
