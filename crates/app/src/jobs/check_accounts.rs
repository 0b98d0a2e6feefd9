//! Looks at each carrier account once a day without buying anything: a lane an account, so that one that hangs holds up no
//! other. A look that was cut off is simply taken again.

use std::time::Duration;

use domain::Result;
use domain::account::AccountHealth;
use store::lanes::{CHECKS, Lane};

use super::Outcome;
use super::lanes::Kind;
use crate::{App, clock};

/// How long an account rests after a look.
const EVERY: Duration = Duration::from_hours(24);

/// How long it rests when its carrier did not answer; doubled with each further failure.
const AGAIN: Duration = Duration::from_mins(15);

const KIND: Kind = Kind { name: CHECKS, wake: |app| &app.wakes().checks, turn: |app, lane| Box::pin(turn(app, lane)) };

pub(super) async fn run(app: &App) -> Result<Outcome> {
    super::lanes::run(app, &KIND).await
}

async fn turn(app: &App, mut lane: Lane) -> Result<()> {
    let due = match app.check_account_of(&lane.tenant, &lane.key).await? {
        // The account is gone, or this version cannot use it.
        None => None,
        Some(check) if check.health() == AccountHealth::Unknown => {
            lane.health.failed(app.now());
            Some((AGAIN * 2_u32.pow(lane.health.failures.min(7) - 1)).min(EVERY))
        }
        Some(_) => {
            lane.health.succeeded(app.now());
            Some(EVERY)
        }
    };
    let due_at = due.map(|wait| clock::later(app.now(), wait));
    app.store().write(async move |tx| tx.release_lane(&lane, due_at).await).await.map(drop)
}
