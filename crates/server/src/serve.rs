//! `waybill serve`: everything, until somebody asks it to stop.

use std::time::Duration;

use anyhow::Context as _;
use app::App;
use app::keys::IssuedKey;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::config::{Role, Settings};
use crate::{commands, connections, metrics, shutdown, wire};

/// How long the head of a request may take to arrive, and a connection may wait for the next request.
const HEAD_TIME: Duration = Duration::from_secs(30);

/// Runs the server and the jobs; a stop lets requests and commands that have begun finish.
pub(crate) async fn run(settings: &Settings) -> anyhow::Result<()> {
    let _owned = match settings.database_url {
        None => Some(wire::own_data_folder(&settings.data)?),
        Some(_) => None,
    };
    let listener = TcpListener::bind(settings.listen)
        .await
        .with_context(|| format!("cannot listen on {}: choose another address with --listen", settings.listen))?;
    let address = listener.local_addr()?;
    let app = wire::open(settings, settings.base_url(address)).await?;
    if settings.database_url.is_none() {
        app.free_leases().await?;
    }
    match &settings.setup {
        Some(file) => println!("{}", commands::apply(&app, file).await?),
        None => first_start(&app).await?,
    }
    let counted = metrics::start()?;
    tokio::spawn(metrics::keep(counted.clone()));
    let (stop, stopped) = watch::channel(false);
    let jobs = (settings.role != Role::Api).then(|| {
        let (app, stopped) = (app.clone(), stopped.clone());
        tokio::spawn(async move { app.run_jobs(stopped).await })
    });
    let routes = match settings.role {
        Role::Worker => api::health_router(app.clone()),
        Role::All | Role::Api => wire::routes(app.clone(), settings),
    };
    let routes = metrics::router(app.clone(), counted, settings.metrics_token.clone()).fallback_service(routes);
    let routes = wire::layered(routes, settings.request_timeout);
    println!("Waybill answers on {}", settings.base_url(address));
    tracing::info!(%address, "serving");
    let ending = async move {
        shutdown::signal().await;
        stop.send_replace(true);
    };
    connections::serve(listener, routes, settings.request_timeout.min(HEAD_TIME), ending).await;
    if let Some(jobs) = jobs {
        jobs.await.context("the jobs failed")?;
    }
    app.finish_prints().await?;
    app.store().close().await;
    tracing::info!("stopped: everything acknowledged is stored");
    Ok(())
}

/// Gives an empty database a tenant and a key, and prints the key once.
async fn first_start(app: &App) -> anyhow::Result<()> {
    let Some(IssuedKey { public, secret, .. }) = app.first_start().await? else { return Ok(()) };
    println!("A first start: tenant \"default\", integration 1, one key.");
    println!("  public  {public}");
    println!("  secret  {}", secret.reveal());
    println!("The secret is not shown again. A setup file (--setup FILE) adds locations and carriers.");
    Ok(())
}
