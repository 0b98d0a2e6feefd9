//! The end: a signal that asks the process to stop.

/// Waits until somebody asks the process to stop, by SIGINT (Ctrl-C) or SIGTERM.
///
/// A signal that cannot be listened to is logged and never comes.
pub async fn signal() {
    tokio::select! {
        () = interrupted() => tracing::info!("stopping: interrupted"),
        () = terminated() => tracing::info!("stopping: asked to terminate"),
    }
}

async fn interrupted() {
    if let Err(error) = tokio::signal::ctrl_c().await {
        tracing::error!(%error, "cannot listen to interrupts: stop the process another way");
        std::future::pending::<()>().await;
    }
}

#[cfg(unix)]
async fn terminated() {
    use tokio::signal::unix::{SignalKind, signal};

    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => {
            terminate.recv().await;
        }
        Err(error) => {
            tracing::error!(%error, "cannot listen to SIGTERM: stop the process another way");
            std::future::pending::<()>().await;
        }
    }
}

#[cfg(not(unix))]
async fn terminated() {
    std::future::pending::<()>().await;
}
