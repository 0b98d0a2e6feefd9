//! A route: a path and the methods it takes, served and listed from one call, so that the two cannot drift apart.

use std::marker::PhantomData;

use app::App;
use axum::Router;
use axum::handler::Handler;
use axum::response::{IntoResponse, Response};
use axum::routing::{self, MethodRouter};
use http::header::ALLOW;
use http::{HeaderValue, Method, StatusCode};

use crate::dialect::Wire;

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
        let router = Router::new()
            .route(&format!("{prefix}{}", self.below), nothing())
            .route(&format!("{prefix}{}/{{*rest}}", self.below), nothing());
        let add = |router: Router<App>, (route, answers): (Route, _)| {
            router.route(&format!("{prefix}{}", route.path), answers)
        };
        self.routes.into_iter().fold(router, add)
    }
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
