//! Sends the e-mails that are due, one after the other, and writes down what became of each before the next one goes.
//!
//! Whoever is killed between the mail server's yes and that write sends the letter again, under the same `Message-ID`: once
//! for each time that this moment is hit, and at no other time. No letter is lost.

use std::time::Duration;

use domain::Result;
use domain::notice::{Notice, NoticeState};
use domain::tenant::TenantId;
use tokio::time::Instant;

use super::Outcome;
use crate::mail::{HandedOver, Mailer};
use crate::webhooks::with_jitter;
use crate::{App, clock};

/// Notices that are read at once.
const BATCH: usize = 50;

/// After this long a run is over, so that it does not outlive its lease, however slow the mail server is.
const TURN: Duration = Duration::from_secs(20);

/// How long the mail server is left alone that could not be talked to.
const AWAY: Duration = Duration::from_secs(30);

/// A letter that nobody took for so long is given up.
const GIVEN_UP_AFTER: Duration = Duration::from_hours(24);

/// How long a letter waits after so many attempts: a minute, then twice as long each time, up to two hours.
fn wait_after(attempts: u32) -> Duration {
    (Duration::from_mins(1) * (1 << attempts.saturating_sub(1).min(7))).min(Duration::from_hours(2))
}

pub(super) async fn run(app: &App) -> Result<Outcome> {
    let Some(server) = &app.options().mail else { return Ok(Outcome::Done) };
    let (began, now) = (Instant::now(), app.now());
    let due = app.store().read(async move |tx| tx.due_notices(now, BATCH).await).await?;
    if !due.is_empty() {
        let mailer = Mailer::new(server, &app.options().public_url)?;
        let domain = server.sender.rsplit_once('@').map_or("localhost", |(_, domain)| domain);
        for (tenant, notice) in due {
            if began.elapsed() >= TURN || app.is_stopping() {
                return Ok(Outcome::Again);
            }
            if let Some(at) = send(app, &mailer, domain, tenant, notice).await? {
                return Ok(Outcome::Later(at));
            }
        }
    }
    let next = app.store().read(async |tx| tx.next_notice_at().await).await?;
    Ok(match next {
        Some(at) if at <= app.now() => Outcome::Again,
        Some(at) => Outcome::Later(at),
        None => Outcome::Done,
    })
}

/// Sends one notice and writes down what became of it; until when the mail server is left alone, if it is away.
async fn send(
    app: &App,
    mailer: &Mailer,
    domain: &str,
    tenant: TenantId,
    mut notice: Notice,
) -> Result<Option<domain::Timestamp>> {
    let mut away = None;
    match app.letter_of(&tenant, &notice, domain).await? {
        Err(why) => {
            notice.state = NoticeState::Dropped;
            notice.said.note = Some(why);
        }
        Ok(letter) => {
            let handed_over = mailer.send(&letter).await;
            let at = app.now();
            notice.attempts += 1;
            notice.said.to = Some(letter.to);
            match handed_over {
                HandedOver::Taken => {
                    notice.state = NoticeState::Sent;
                    notice.said.note = None;
                }
                HandedOver::Refused(why) => {
                    notice.state = NoticeState::Failed;
                    notice.said.note = Some(why);
                }
                HandedOver::Later(why) => notice.said.note = Some(why),
                HandedOver::Away(why) => {
                    tracing::warn!(notice = %notice.id, why, "the mail server cannot be used: {why}");
                    notice.said.note = Some(why);
                    away = Some(clock::later(at, AWAY));
                }
            }
            notice.next_at = at;
            if notice.state == NoticeState::Waiting {
                let is_old = clock::later(notice.created_at, GIVEN_UP_AFTER) <= at;
                if is_old {
                    notice.state = NoticeState::Failed;
                } else {
                    notice.next_at = clock::later(at, with_jitter(wait_after(notice.attempts), app.random()));
                }
            }
        }
    }
    metrics::counter!("waybill_notices_total", "state" => notice.state.as_str()).increment(1);
    app.store().write(async move |tx| tx.record_notice(&tenant, &notice).await).await?;
    Ok(away)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_waits_longer_each_time_and_never_for_days() {
        let minutes: Vec<_> = [1, 2, 3, 7, 8, 40].map(|attempts| wait_after(attempts).as_secs() / 60).to_vec();
        assert_eq!(minutes, [1, 2, 4, 64, 120, 120]);
    }
}
