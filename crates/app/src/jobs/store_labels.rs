//! Fetches labels that are booked but whose bytes are not stored, without booking again.

use std::time::Duration;

use domain::Result;

use super::Outcome;
use crate::{App, clock};

/// Shipments of one run.
const BATCH: usize = 50;

pub(super) async fn run(app: &App) -> Result<Outcome> {
    let now = app.now();
    let mut missing = app.store().read(async move |tx| tx.shipments_without_label(now, BATCH).await).await?;
    missing.dedup();
    for (tenant, id, booked_at) in missing {
        if let Err(error) = app.store_missing_labels(&tenant, id).await {
            tracing::warn!(shipment = %id, %error, "the label of {id} is still missing");
            // The longer it is missing the longer it waits, so that labels nobody can have do not hold up the others.
            let age = now.duration_since(booked_at).unsigned_abs();
            let wait = (age / 2).clamp(Duration::from_secs(5), Duration::from_hours(1));
            let until = clock::later(now, wait);
            app.store().write(async move |tx| tx.postpone_labels(&tenant, id, until).await).await?;
        }
    }
    Ok(Outcome::Done)
}
