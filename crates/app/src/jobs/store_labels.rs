//! Fetches labels that are booked but whose bytes are not stored, without booking again.

use domain::Result;

use super::Outcome;
use crate::App;

/// Shipments of one run.
const BATCH: usize = 50;

pub(super) async fn run(app: &App) -> Result<Outcome> {
    let mut missing = app.store().read(async move |tx| tx.shipments_without_label(BATCH).await).await?;
    missing.dedup();
    for (tenant, id) in missing {
        if let Err(error) = app.store_missing_labels(&tenant, id).await {
            tracing::warn!(shipment = %id, %error, "the label of {id} is still missing");
        }
    }
    Ok(Outcome::Done)
}
