//! Ships orders that were placed to be shipped without anybody waiting. Those of one location do not hold up the others
//! when its carriers hang.

use std::collections::HashMap;
use std::time::Duration;

use domain::tenant::TenantId;
use domain::{Result, Timestamp};
use store::dispatches::{Busy, Dispatch};
use tokio::task::{Id, JoinSet};

use super::Outcome;
use crate::{App, clock};

/// Orders that a node ships at once.
const MOST: usize = 256;

/// Orders of one location that a node ships at once: no more than it may ask of one account.
const MOST_OF_A_LOCATION: usize = 16;

/// Works on due dispatches until none is due and none is under way.
pub(super) async fn run(app: &App) -> Result<Outcome> {
    // Each has a task of its own: one that waits for the store must not wait for this loop, which waits for it too.
    let mut tasks = JoinSet::new();
    let mut under_way: HashMap<Id, (TenantId, String)> = HashMap::new();
    loop {
        let mut next = next_at(app).await?;
        while next.is_some_and(|at| at <= app.now()) && tasks.len() < MOST && !app.is_stopping() {
            let claimed = claim(app, &under_way, MOST - tasks.len()).await?;
            if claimed.is_empty() {
                break;
            }
            for taken in claimed {
                let (app, place) = (app.clone(), (taken.tenant.clone(), taken.location.clone()));
                let task = tasks.spawn(async move { take_up(&app, taken).await });
                under_way.insert(task.id(), place);
            }
            next = next_at(app).await?;
        }
        if tasks.is_empty() {
            return Ok(next.map_or(Outcome::Done, Outcome::Later));
        }
        tokio::select! {
            Some(ended) = tasks.join_next_with_id() => {
                let id = ended.as_ref().map_or_else(tokio::task::JoinError::id, |(id, ())| *id);
                under_way.remove(&id);
                if let Err(error) = ended {
                    tracing::error!(%error, "a dispatch broke; its lease is left to run out");
                }
            }
            () = app.wakes().dispatches.notified() => {}
            () = tokio::time::sleep(Duration::from_millis(250)) => {}
        }
    }
}

async fn next_at(app: &App) -> Result<Option<Timestamp>> {
    let now = app.now();
    app.store().read(async move |tx| tx.next_dispatch_at(now).await).await
}

async fn claim(app: &App, under_way: &HashMap<Id, (TenantId, String)>, free: usize) -> Result<Vec<Dispatch>> {
    let mut busy = Busy::default();
    for (tenant, location) in under_way.values() {
        *busy.entry((tenant.clone(), location.clone())).or_default() += 1;
    }
    let now = app.now();
    let until = app.lease_from(now);
    app.store().write(async move |tx| tx.claim_dispatches(now, until, &busy, MOST_OF_A_LOCATION, free).await).await
}

async fn take_up(app: &App, taken: Dispatch) {
    let Err(error) = Box::pin(app.take_up(&taken)).await else { return };
    tracing::warn!(order = %taken.order, %error, "{} is not dispatched yet", taken.order);
    // The longer it waits the longer it waits, so that an order nobody can ship does not hold up the others.
    let age = app.now().duration_since(taken.created_at).unsigned_abs();
    let until = clock::later(app.now(), (age / 2).clamp(Duration::from_secs(5), Duration::from_mins(10)));
    let postponed = app.store().write(async move |tx| tx.postpone_dispatch(&taken, until).await).await;
    if let Err(error) = postponed {
        tracing::warn!(%error, "a lease is left to run out");
    }
}
