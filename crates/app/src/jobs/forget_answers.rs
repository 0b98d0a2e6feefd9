//! Forgets the answers kept for idempotency keys once their day is over.

use domain::Result;

use super::Outcome;
use crate::App;

/// Keys of one transaction.
const BATCH: usize = 500;

pub(super) async fn run(app: &App) -> Result<Outcome> {
    let now = app.now();
    let forgotten = app.store().write(async move |tx| tx.forget_idempotency_keys(now, BATCH).await).await?;
    Ok(if forgotten == BATCH { Outcome::Again } else { Outcome::Done })
}
