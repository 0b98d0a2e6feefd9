//! The dialects: one folder for each order interface Waybill speaks, over what they share.
//!
//! A dialect holds no business rule: its handlers decode, call one verb of `app`, and encode.

use std::sync::Arc;

use app::App;
use app::states::OrderStates;
use app::webhooks::EventBody;
use axum::Router;
use domain::channel::Dialect;
use tower::Layer;
use tower_http::normalize_path::NormalizePathLayer;

pub mod crowdsender;
pub mod delivery_solutions;
pub mod dialect;
pub mod expertsender;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod health;
mod idempotency;
pub mod json;
mod links;
pub mod native;
mod push;
mod routes;
pub mod sendcloud;
pub mod seven_senders;

pub use routes::Route;

/// How each dialect words its webhooks. A new dialect is one more line here and in each function below.
pub fn event_bodies() -> Vec<Arc<dyn EventBody>> {
    vec![
        Arc::new(native::events::NativeEvents),
        Arc::new(sendcloud::events::SendcloudEvents),
        Arc::new(delivery_solutions::events::DeliverySolutionsEvents),
        Arc::new(crowdsender::events::CrowdsenderEvents),
    ]
}

/// The dialects that derive where an order stands, and whose lists are narrowed by it.
pub fn order_states() -> Vec<Arc<dyn OrderStates>> {
    vec![Arc::new(seven_senders::states::SevenSendersStates)]
}

/// Every dialect on its native paths and below its own name, document links, carriers' push addresses, and the health checks. A body may have
/// `most_bytes`. A path with a slash at its end is the path without: answered at once, never redirected, since a
/// redirect turns many clients' POST into a GET.
pub fn router(app: App, most_bytes: usize) -> Router {
    let most = dialect::MostBytes(most_bytes);
    let once = axum::middleware::from_fn_with_state(app.clone(), idempotency::layer::<native::Native>);
    let native = native::routes().router("").merge(native::routes().router("/native")).layer(once);
    let native = native.layer(axum::middleware::from_fn(native::shape::layer));
    let prefix = app.options().shipments_prefix.clone();
    let further = prefix.as_deref().map(|prefix| delivery_solutions::routes().router(prefix)).unwrap_or_default();
    let routes = Router::new()
        .merge(further)
        .merge(sendcloud::routes().router(""))
        .merge(sendcloud::routes().router("/sendcloud"))
        .merge(delivery_solutions::routes().router(""))
        .merge(delivery_solutions::routes().router("/delivery-solutions"))
        .merge(delivery_solutions::v2_routes().router(""))
        .merge(delivery_solutions::v2_routes().router("/delivery-solutions"))
        .merge(crowdsender::routes().router(""))
        .merge(crowdsender::routes().router("/crowdsender"))
        .merge(expertsender::routes().router(""))
        .merge(expertsender::routes().router("/expertsender"))
        .merge(expertsender::book_routes().router(""))
        .merge(expertsender::book_routes().router("/expertsender"))
        .merge(seven_senders::routes().router(""))
        .merge(seven_senders::routes().router("/seven-senders"))
        .merge(native)
        .merge(links::router())
        .merge(push::router())
        .merge(health::router())
        .with_state(app)
        .layer(most.layer())
        .layer(axum::Extension(most));
    Router::new()
        .fallback_service(NormalizePathLayer::trim_trailing_slash().layer(routes))
        .layer(axum::middleware::map_request(seven_senders::plain_path))
}

/// Whether the shipping order API may answer below this path too: one of plain segments that leads to nothing else.
pub fn is_free_prefix(prefix: &str) -> bool {
    const LONGEST: usize = 200;
    const TAKEN: [&str; 25] = [
        "/v1",
        "/v2",
        "/api/v1",
        "/api/v2",
        "/api/v3",
        "/oauth2",
        "/native",
        "/sendcloud",
        "/delivery-solutions",
        "/seven-senders",
        "/shipments",
        "/ent-services",
        "/expertsender",
        "/orders",
        "/customers",
        "/customerconsents",
        "/customerattributes",
        "/productattributes",
        "/orderattributes",
        "/d",
        "/t",
        "/ui",
        "/docs",
        "/push",
        "/metrics",
    ];
    let is_plain = |segment: &str| {
        let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~');
        !segment.is_empty() && !matches!(segment, "." | "..") && segment.bytes().all(is_letter)
    };
    let is_below =
        |taken: &str| prefix.strip_prefix(taken).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    let segments = prefix.strip_prefix('/').filter(|_| prefix.len() <= LONGEST);
    segments.is_some_and(|segments| segments.split('/').all(is_plain)) && !TAKEN.into_iter().any(is_below)
}

/// Whether the client of a request takes the first line that comes for its answer, so that none may come before it.
pub fn takes_first_line_for_answer<B>(request: &http::Request<B>) -> bool {
    request.headers().contains_key(http::header::EXPECT) && expertsender::is_own(request.uri().path())
}

/// The routes of a dialect on its native paths; none for one that is not spoken yet.
pub fn routes_of(dialect: Dialect) -> Vec<Route> {
    match dialect {
        Dialect::Native => native::routes().list(),
        Dialect::Sendcloud => sendcloud::routes().list(),
        Dialect::DeliverySolutions => {
            let (routes, v2) = (delivery_solutions::routes().list(), delivery_solutions::v2_routes().list());
            routes.into_iter().chain(v2).collect()
        }
        Dialect::Crowdsender => crowdsender::routes().list(),
        Dialect::Expertsender => [expertsender::routes().list(), expertsender::book_routes().list()].concat(),
        Dialect::SevenSenders => seven_senders::routes().list(),
    }
}

/// The OpenAPI document of a dialect, JSON; `None` for one that is not spoken yet.
pub fn openapi(dialect: Dialect) -> Option<&'static str> {
    match dialect {
        Dialect::Native => Some(include_str!("../../../openapi/native.json")),
        Dialect::Sendcloud => Some(include_str!("../../../openapi/sendcloud.json")),
        Dialect::DeliverySolutions => Some(include_str!("../../../openapi/delivery_solutions.json")),
        Dialect::Crowdsender => Some(include_str!("../../../openapi/crowdsender.json")),
        Dialect::Expertsender => Some(include_str!("../../../openapi/expertsender.json")),
        Dialect::SevenSenders => Some(include_str!("../../../openapi/seven_senders.json")),
    }
}

/// The health checks alone, for a process that runs jobs only.
pub fn health_router(app: App) -> Router {
    health::router().with_state(app)
}
