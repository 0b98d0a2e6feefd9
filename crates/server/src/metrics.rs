//! Metrics: counted where things happen, kept here, and shown at `/metrics` in the text format of Prometheus.
//!
//! Every label has a known, small set of values: a route as the router knows it, a carrier's connector, a kind of job.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use app::App;
use app::vault::equal_secretly;
use axum::Router;
use axum::extract::{ConnectInfo, MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use domain::Secret;
use http::header::{AUTHORIZATION, CONTENT_TYPE, FORWARDED};
use http::{HeaderMap, Method, StatusCode};
use metrics::Unit;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};

/// The upper ends of the buckets of every histogram, in seconds.
const BUCKETS: [f64; 15] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];
/// How often what was recorded is put into its buckets.
const UPKEEP: Duration = Duration::from_secs(5);

/// What is counted.
const COUNTERS: [(&str, &str); 9] = [
    ("waybill_http_requests_total", "Answers, by method, route and status."),
    (
        "waybill_events_total",
        "What happened, by kind: orders placed, shipments booked, and so on; counted when numbered.",
    ),
    ("waybill_carrier_calls_total", "Questions to carriers, by connector, call and outcome."),
    ("waybill_notices_total", "E-mails to those who wait for parcels, by what became of each attempt."),
    ("waybill_pushes_total", "What carriers told by themselves at their push addresses."),
    ("waybill_store_commands_total", "Commands that changed, or tried to change, the store."),
    ("waybill_store_conflicts_total", "Commands called again because they met another (PostgreSQL)."),
    ("waybill_store_busy_total", "Commands and queries refused because too many were waiting."),
    ("waybill_job_failures_total", "Runs of jobs that failed, by job."),
];

/// What is timed.
const TIMES: [(&str, &str); 6] = [
    ("waybill_http_request_seconds", "From the head of a request to the head of its answer, by method and route."),
    ("waybill_carrier_call_seconds", "How long carriers took to answer, by connector and call."),
    ("waybill_webhook_attempt_seconds", "How long webhook endpoints took to answer, by outcome."),
    (
        "waybill_store_write_seconds",
        "Transactions that write, from begin to commit; on SQLite a group of commands each.",
    ),
    ("waybill_label_drawing_seconds", "Drawing a label, by kind of file."),
    ("waybill_job_run_seconds", "Runs of jobs, by job."),
];

/// The only value that is looked up when somebody asks.
const LAG: &str = "waybill_job_lag_seconds";

/// Starts counting. Once a process; a second call is an error.
pub(crate) fn start() -> anyhow::Result<PrometheusHandle> {
    let builder = PrometheusBuilder::new().set_buckets(&BUCKETS).context("the metrics' buckets")?;
    let recorder = builder.build_recorder();
    let handle = recorder.handle();
    metrics::set_global_recorder(recorder).map_err(|_| anyhow::anyhow!("the metrics are kept already"))?;
    describe();
    Ok(handle)
}

/// Puts what was recorded into its buckets, again and again, so that memory does not grow while nobody asks.
pub(crate) async fn keep(handle: PrometheusHandle) {
    loop {
        tokio::time::sleep(UPKEEP).await;
        handle.run_upkeep();
    }
}

fn describe() {
    for (name, what) in COUNTERS {
        metrics::describe_counter!(name, what);
    }
    for (name, what) in TIMES {
        metrics::describe_histogram!(name, Unit::Seconds, what);
    }
    metrics::describe_gauge!(LAG, Unit::Seconds, "How long the longest waiting work of each job could have been done.");
    metrics::describe_gauge!("waybill_build_info", "1, with the version of this process.");
    metrics::gauge!("waybill_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1.0);
}

/// Counts an answer under its route.
pub(crate) async fn measure(request: Request, next: Next) -> Response {
    let began = Instant::now();
    let method = known(request.method());
    let page = page(request.uri().path());
    let answer = next.run(request).await;
    let route = match (answer.extensions().get::<MatchedPath>(), page) {
        (Some(path), _) => path.as_str().to_owned(),
        (None, page) => page.to_owned(),
    };
    let status = answer.status().as_u16().to_string();
    metrics::histogram!("waybill_http_request_seconds", "method" => method, "route" => route.clone())
        .record(began.elapsed());
    metrics::counter!("waybill_http_requests_total", "method" => method, "route" => route, "status" => status)
        .increment(1);
    answer
}

/// The route of a path outside the dialects.
fn page(path: &str) -> &'static str {
    match path {
        "/healthz" => "/healthz",
        "/readyz" => "/readyz",
        "/metrics" => "/metrics",
        _ if path.starts_with("/t/") => "/t/{token}",
        _ if path.starts_with("/d/") => "/d/{token}",
        _ => "other",
    }
}

/// A method's name; clients may make up others, which count as one.
fn known(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

/// Who may read, and what.
#[derive(Clone)]
struct Page {
    app: App,
    handle: PrometheusHandle,
    token: Option<Secret>,
}

/// `/metrics`: for whoever shows the token; without one, for this machine alone.
pub(crate) fn router(app: App, handle: PrometheusHandle, token: Option<Secret>) -> Router {
    Router::new().route("/metrics", get(show)).with_state(Page { app, handle, token })
}

async fn show(State(page): State<Page>, request: Request) -> Response {
    if let Err(refusal) = page.admit(&request) {
        return refusal;
    }
    match page.app.job_lags().await {
        Ok(lags) => {
            for (job, lag) in lags {
                metrics::gauge!(LAG, "job" => job).set(lag.as_secs_f64());
            }
        }
        // The rest is worth the more while the store does not answer.
        Err(error) => tracing::warn!(%error, "how long jobs have been waiting is not known: {error}"),
    }
    ([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], page.handle.render()).into_response()
}

impl Page {
    #[expect(clippy::result_large_err, reason = "an answer is as large as it is")]
    fn admit(&self, request: &Request) -> Result<(), Response> {
        let refuse = |status, text: &'static str| Err((status, text).into_response());
        match &self.token {
            Some(token)
                if shown(request.headers())
                    .is_some_and(|shown| equal_secretly(shown.as_bytes(), token.reveal().as_bytes())) =>
            {
                Ok(())
            }
            Some(_) => refuse(StatusCode::UNAUTHORIZED, "show the setting metrics_token as a bearer token\n"),
            None if is_local(request) => Ok(()),
            None => refuse(
                StatusCode::FORBIDDEN,
                "metrics are shown to this machine alone: set metrics_token to read them from elsewhere\n",
            ),
        }
    }
}

/// The bearer token of a request.
fn shown(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
}

/// Whether a request comes from this machine, and not through a proxy on it.
fn is_local(request: &Request) -> bool {
    let client = request.extensions().get::<ConnectInfo<SocketAddr>>();
    let is_passed_on = request.headers().contains_key(FORWARDED) || request.headers().contains_key("x-forwarded-for");
    client.is_some_and(|ConnectInfo(client)| client.ip().to_canonical().is_loopback()) && !is_passed_on
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_client_makes_up_is_no_label_of_its_own() {
        let made_up: Vec<_> = ["BREW", "get", "GETS"].iter().map(|name| name.parse::<Method>().unwrap()).collect();
        assert!(made_up.iter().all(|method| known(method) == "other"));
        for (path, route) in [
            ("/t/abc", "/t/{token}"),
            ("/d/abc/def", "/d/{token}"),
            ("/wp-login.php", "other"),
            ("/metrics", "/metrics"),
            ("/metricsx", "other"),
        ] {
            assert_eq!(page(path), route, "{path}");
        }
    }

    #[test]
    fn only_this_machine_itself_is_local() {
        let ask = |client: &str, headers: &[(&'static str, &'static str)]| {
            let mut request = Request::new(axum::body::Body::empty());
            request.extensions_mut().insert(ConnectInfo(client.parse::<SocketAddr>().unwrap()));
            for (name, value) in headers {
                request.headers_mut().insert(*name, value.parse().unwrap());
            }
            is_local(&request)
        };
        for local in ["127.0.0.1:9", "127.8.9.1:9", "[::1]:9", "[::ffff:127.0.0.1]:9"] {
            assert!(ask(local, &[]), "{local}");
            assert!(!ask(local, &[("x-forwarded-for", "203.0.113.9")]), "{local} is a proxy");
            assert!(!ask(local, &[("forwarded", "for=203.0.113.9")]), "{local} is a proxy");
        }
        for remote in ["10.0.0.1:9", "203.0.113.9:9", "[2001:db8::1]:9", "[::ffff:203.0.113.9]:9"] {
            assert!(!ask(remote, &[]), "{remote}");
        }
        assert!(!is_local(&Request::new(axum::body::Body::empty())), "nobody knows");
    }
}
