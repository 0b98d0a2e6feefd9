//! Goes on with collections whose carrier was asked by somebody who is gone, or gave no answer.

use domain::Result;
use futures::future::join_all;

use super::Outcome;
use crate::App;

/// Collections in one turn, side by side: a carrier that hangs holds up no other.
const BATCH: usize = 50;

pub(super) async fn run(app: &App) -> Result<Outcome> {
    let now = app.now();
    let due = app.store().read(async move |tx| tx.collections_due(now, BATCH).await).await?;
    let count = due.len();
    let turns = due.into_iter().map(async |(tenant, id)| {
        app.settle_collection(&tenant, id).await.inspect_err(|error| {
            tracing::warn!(collection = %id, %error, "collection {id} is not settled yet");
        })
    });
    let turns: Vec<_> = join_all(turns).await;
    Ok(if count == BATCH && turns.iter().all(Result::is_ok) { Outcome::Again } else { Outcome::Done })
}
