//! Lanes: work that must stay apart runs side by side, a lane a task, so that one that hangs holds up no other.
//!
//! A lane's turn is bounded well below its lease. It gives the lease back itself, in the transaction of its last result
//! (`tx.release_lane`), with the time when there is more to do.

use std::time::Duration;

use domain::{Result, Timestamp};
use futures::StreamExt as _;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use store::lanes::Lane;
use tokio::sync::Notify;

use super::Outcome;
use crate::{App, clock};

/// How long a turn may take before another node may take over; a turn begins no further request in its second half.
pub(super) const LEASE: Duration = Duration::from_secs(40);

/// Lanes of one kind that a node works on at once.
const MOST: usize = 256;

/// How long a lane whose turn broke waits.
const BROKEN: Duration = Duration::from_secs(5);

/// A kind of lanes.
pub(super) struct Kind {
    /// The name in rows.
    pub name: &'static str,
    /// What tells that a lane became due.
    pub wake: for<'a> fn(&'a App) -> &'a Notify,
    /// Does what is due in a lane and gives its lease back.
    pub turn: for<'a> fn(&'a App, Lane) -> BoxFuture<'a, Result<()>>,
}

/// Works on due lanes until none is due and none is under way.
pub(super) async fn run(app: &App, kind: &Kind) -> Result<Outcome> {
    let mut turns = FuturesUnordered::new();
    loop {
        let free = MOST - turns.len();
        let next = next_at(app, kind.name.to_owned()).await?;
        if free > 0 && !app.is_stopping() && next.is_some_and(|at| at <= app.now()) {
            let claimed = claim(app, kind.name.to_owned(), free).await?;
            turns.extend(claimed.into_iter().map(|lane| turn(app, kind, lane)));
        }
        if turns.is_empty() {
            let next = next_at(app, kind.name.to_owned()).await?;
            return Ok(next.map_or(Outcome::Done, Outcome::Later));
        }
        tokio::select! {
            _ = turns.next() => {}
            () = (kind.wake)(app).notified() => {}
            () = tokio::time::sleep(Duration::from_millis(250)) => {}
        }
    }
}

async fn next_at(app: &App, kind: String) -> Result<Option<Timestamp>> {
    let now = app.now();
    app.store().read(async move |tx| tx.next_lane_at(&kind, now).await).await
}

async fn claim(app: &App, kind: String, most: usize) -> Result<Vec<Lane>> {
    let now = app.now();
    let until = clock::later(now, LEASE);
    app.store().write(async move |tx| tx.claim_lanes(&kind, now, until, most).await).await
}

async fn turn(app: &App, kind: &Kind, lane: Lane) {
    if let Err(error) = (kind.turn)(app, lane.clone()).await {
        tracing::warn!(kind = kind.name, key = lane.key, %error, "a turn of {} {} broke", kind.name, lane.key);
        let due_at = clock::later(app.now(), BROKEN);
        let released = app.store().write(async move |tx| tx.release_lane(&lane, Some(due_at)).await).await;
        if let Err(error) = released {
            tracing::warn!(%error, "a lease is left to run out");
        }
    }
}
