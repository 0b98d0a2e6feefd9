//! Connections: accepted, served one request after the other, and closed when their client says nothing for too long.

mod interim;

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::serve::Listener;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tower::ServiceExt as _;

use interim::Interim;

/// Serves the routes until `ending` is done, and then until the requests that have begun are answered. A connection
/// whose client takes longer than `head_time` over the head of a request is closed.
pub(crate) async fn serve(
    mut listener: TcpListener,
    routes: Router,
    head_time: Duration,
    ending: impl Future<Output = ()>,
) {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(head_time);
    let open = GracefulShutdown::new();
    let mut ending = std::pin::pin!(ending);
    loop {
        let (stream, client) = tokio::select! {
            accepted = Listener::accept(&mut listener) => accepted,
            () = &mut ending => break,
        };
        let (stream, interim) = Interim::over(stream);
        let service = routes.clone().map_request(move |mut request: http::Request<hyper::body::Incoming>| {
            interim.is_unwanted(api::takes_first_line_for_answer(&request));
            request.extensions_mut().insert(ConnectInfo(client));
            request.map(Body::new)
        });
        let connection = http.serve_connection(TokioIo::new(stream), TowerToHyperService::new(service));
        let connection = open.watch(connection);
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%client, %error, "a connection broke: {error}");
            }
        });
    }
    drop(listener);
    open.shutdown().await;
}
