//! Erases persons step by step, and forgets what is left of erased orders when its time is over.

use domain::Result;

use super::Outcome;
use crate::App;

/// Steps of one run.
const STEPS: usize = 50;

pub(super) async fn run(app: &App) -> Result<Outcome> {
    for _ in 0..STEPS {
        if let Err(next) = app.erase_step().await? {
            let has_forgotten = app.forget_erased().await?;
            return Ok(match next {
                _ if has_forgotten => Outcome::Again,
                Some(at) => Outcome::Later(at),
                None => Outcome::Done,
            });
        }
    }
    Ok(Outcome::Again)
}
