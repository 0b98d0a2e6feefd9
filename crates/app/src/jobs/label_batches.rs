//! Works on batches: labels their orders, then puts the labels together. Batches are worked on side by side. One that
//! was never started, since whoever wrote it down was killed, is forgotten.

use std::time::Duration;

use domain::batch::BatchStage;
use domain::{Result, Timestamp};
use store::batches::TakenBatch;
use tokio::task::JoinSet;

use super::Outcome;
use crate::batches::LEASE;
use crate::{App, clock};

/// Batches that a node works on at once.
const MOST: usize = 4;

/// How long a batch waits whose work broke.
const BROKEN: Duration = Duration::from_secs(5);

/// Works on due batches until none is due and none is under way.
pub(super) async fn run(app: &App) -> Result<Outcome> {
    let mut tasks = JoinSet::new();
    loop {
        let mut next = next_at(app).await?;
        if next.is_some_and(|at| at <= app.now()) && tasks.len() < MOST && !app.is_stopping() {
            for taken in claim(app, MOST - tasks.len()).await? {
                let app = app.clone();
                tasks.spawn(async move { work(&app, taken).await });
            }
            next = next_at(app).await?;
        }
        if tasks.is_empty() {
            return Ok(next.map_or(Outcome::Done, Outcome::Later));
        }
        tokio::select! {
            Some(ended) = tasks.join_next() => {
                if let Err(error) = ended {
                    tracing::error!(%error, "the work on a batch broke; its lease is left to run out");
                }
            }
            () = app.wakes().batches.notified() => {}
            () = tokio::time::sleep(Duration::from_millis(250)) => {}
        }
    }
}

async fn next_at(app: &App) -> Result<Option<Timestamp>> {
    let now = app.now();
    app.store().read(async move |tx| tx.next_batch_at(now).await).await
}

async fn claim(app: &App, free: usize) -> Result<Vec<TakenBatch>> {
    let now = app.now();
    let until = clock::later(now, LEASE);
    app.store().write(async move |tx| tx.claim_batches(now, until, free).await).await
}

async fn work(app: &App, taken: TakenBatch) {
    let id = taken.batch.id;
    let worked = match taken.batch.stage {
        BatchStage::Gathering => app.forget_batch(&taken).await,
        BatchStage::Labelling => app.label_batch(&taken).await,
        BatchStage::Merging | BatchStage::Done => app.merge_batch(&taken).await,
    };
    let Err(error) = worked else { return };
    tracing::warn!(batch = %id, %error, "the work on {id} broke and is taken up again");
    let due_at = clock::later(app.now(), BROKEN);
    let (stage, postponed) = (taken.batch.stage, taken);
    let moved = async move |tx: &mut store::Tx<'_>| tx.move_batch(&postponed, stage, None, Some(due_at)).await;
    if let Err(error) = app.store().write(moved).await {
        tracing::warn!(batch = %id, %error, "the lease of {id} is left to run out");
    }
}
