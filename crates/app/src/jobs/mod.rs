//! Jobs: background work that looks at the state, finds what is missing and does it.
//!
//! A job takes no input, so a restart, a lost signal and a normal run are one path. Each kind has one leased row; the
//! node that holds the lease runs it.

use std::panic::AssertUnwindSafe;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use domain::{Error, Result, Timestamp};
use futures::FutureExt;
use futures::future::BoxFuture;
use tokio::sync::{Notify, watch};

use crate::{App, clock};

mod check_accounts;
mod check_addresses;
pub(crate) mod deliver_webhooks;
mod dispatch_orders;
mod erase_people;
mod follow_states;
mod forget_answers;
mod label_batches;
mod lanes;
mod number_events;
mod poll_tracking;
mod send_notices;
mod settle_bookings;
mod settle_collections;
mod store_labels;
mod sweep_documents;

/// What came of one run of a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// There is more to do at once.
    Again,
    /// Nothing is left to do; a signal or the timer wakes the job.
    Done,
    /// Something is left to do at this time.
    Later(Timestamp),
    /// It cannot go on, and a person must know why.
    GiveUp(String),
}

/// A kind of job.
pub(crate) struct Job {
    kind: &'static str,
    /// How long it sleeps when nothing wakes it.
    every: Duration,
    /// Whether every node runs it at once, since what it works on has leases of its own.
    is_shared: bool,
    /// How long a run may take before another node may take over.
    lease: Duration,
    wake: fn(&App) -> Option<&Notify>,
    run: for<'a> fn(&'a App) -> BoxFuture<'a, Result<Outcome>>,
}

const JOBS: [Job; 15] = [
    Job {
        kind: "label_batches",
        every: Duration::from_secs(1),
        is_shared: true,
        lease: LEASE,
        wake: |app| Some(&app.wakes().batches),
        run: |app| Box::pin(label_batches::run(app)),
    },
    Job {
        kind: "dispatch_orders",
        every: Duration::from_secs(1),
        is_shared: true,
        lease: LEASE,
        wake: |app| Some(&app.wakes().dispatches),
        run: |app| Box::pin(dispatch_orders::run(app)),
    },
    Job {
        kind: "number_events",
        every: Duration::from_secs(1),
        is_shared: false,
        lease: Duration::from_secs(10),
        wake: |app| Some(&app.wakes().events),
        run: |app| Box::pin(number_events::run(app)),
    },
    Job {
        kind: "deliver_webhooks",
        every: Duration::from_secs(1),
        is_shared: true,
        lease: LEASE,
        wake: |app| Some(&app.wakes().deliveries),
        run: |app| Box::pin(deliver_webhooks::run(app)),
    },
    Job {
        kind: "send_notices",
        every: Duration::from_secs(5),
        is_shared: false,
        lease: LEASE,
        wake: |app| Some(&app.wakes().notices),
        run: |app| Box::pin(send_notices::run(app)),
    },
    Job {
        kind: "follow_states",
        every: Duration::from_secs(1),
        is_shared: false,
        lease: LEASE,
        wake: |app| Some(&app.wakes().states),
        run: |app| Box::pin(follow_states::run(app)),
    },
    Job {
        kind: "check_addresses",
        every: Duration::from_secs(5),
        is_shared: false,
        lease: LEASE,
        wake: |app| Some(&app.wakes().addresses),
        run: |app| Box::pin(check_addresses::run(app)),
    },
    Job {
        kind: "settle_bookings",
        every: Duration::from_secs(5),
        is_shared: false,
        lease: LEASE,
        wake: |_| None,
        run: |app| Box::pin(settle_bookings::run(app)),
    },
    Job {
        kind: "settle_collections",
        every: Duration::from_secs(5),
        is_shared: false,
        lease: LEASE,
        wake: |_| None,
        run: |app| Box::pin(settle_collections::run(app)),
    },
    Job {
        kind: "poll_tracking",
        every: Duration::from_secs(5),
        is_shared: true,
        lease: LEASE,
        wake: |app| Some(&app.wakes().tracking),
        run: |app| Box::pin(poll_tracking::run(app)),
    },
    Job {
        kind: "check_accounts",
        every: Duration::from_mins(1),
        is_shared: true,
        lease: LEASE,
        wake: |app| Some(&app.wakes().checks),
        run: |app| Box::pin(check_accounts::run(app)),
    },
    Job {
        kind: "store_labels",
        every: Duration::from_secs(5),
        is_shared: false,
        lease: LEASE,
        wake: |_| None,
        run: |app| Box::pin(store_labels::run(app)),
    },
    Job {
        kind: "sweep_documents",
        every: Duration::from_hours(1),
        is_shared: false,
        lease: LEASE,
        wake: |_| None,
        run: |app| Box::pin(sweep_documents::run(app)),
    },
    Job {
        kind: "forget_answers",
        every: Duration::from_mins(10),
        is_shared: false,
        lease: LEASE,
        wake: |_| None,
        run: |app| Box::pin(forget_answers::run(app)),
    },
    Job {
        kind: "erase_people",
        every: Duration::from_mins(1),
        is_shared: false,
        lease: LEASE,
        wake: |app| Some(&app.wakes().erasures),
        run: |app| Box::pin(erase_people::run(app)),
    },
];

/// What a node has of a job that only one may run at a time.
#[derive(Default)]
struct Lease {
    /// Until when the row may say that the job is this node's.
    until: Option<Timestamp>,
    /// Whether it surely is, so that the next run need not ask.
    is_held: bool,
}

/// How long a job that was woken waits for more of the same.
const GATHER: Duration = Duration::from_millis(20);

/// The usual lease: no run takes longer.
const LEASE: Duration = Duration::from_mins(1);

impl App {
    /// Frees what an earlier process held that was killed; only for whoever owns the database alone.
    pub async fn free_leases(&self) -> Result<()> {
        self.store().write(async |tx| tx.free_leases().await).await
    }

    /// For each kind of job with something to do, how long the longest waiting piece of it could have been done.
    pub async fn job_lags(&self) -> Result<Vec<(&'static str, Duration)>> {
        let waiting = self.store().read(async |tx| tx.waiting().await).await?;
        let now = self.now();
        let lag = |since: Timestamp| Duration::try_from(now.duration_since(since)).unwrap_or_default();
        Ok(JOBS
            .iter()
            .map(|job| {
                let since = waiting.iter().find(|(kind, _)| *kind == job.kind).map(|(_, since)| *since);
                (job.kind, since.map_or(Duration::ZERO, lag))
            })
            .collect())
    }

    /// Runs every job until `stop` turns true; a run that has begun is finished.
    pub async fn run_jobs(&self, stop: watch::Receiver<bool>) {
        let mut asked = stop.clone();
        let stopping = async {
            // An error means that whoever could ask is gone, which is an end too.
            let _ = asked.wait_for(|stop| *stop).await;
            self.wakes().is_stopping.store(true, Ordering::Relaxed);
        };
        let jobs = futures::future::join_all(JOBS.iter().map(|job| self.run_job(job, stop.clone())));
        futures::future::join(jobs, stopping).await;
    }

    async fn run_job(&self, job: &Job, mut stop: watch::Receiver<bool>) {
        let mut lease = Lease::default();
        loop {
            if *stop.borrow() {
                self.give_back(job, &mut lease).await;
                return;
            }
            let wait = match self.lease_and_run(job, &mut lease).await {
                Ok(Some(Outcome::Again)) => Duration::ZERO,
                Ok(Some(Outcome::Later(at))) => {
                    let until = at.duration_since(self.now()).unsigned_abs();
                    if at <= self.now() { Duration::from_millis(50) } else { until.min(job.every) }
                }
                Ok(Some(Outcome::Done) | None) => job.every,
                Ok(Some(Outcome::GiveUp(why))) => {
                    tracing::error!(job = job.kind, why, "job {} gave up", job.kind);
                    job.every
                }
                Err(error) => {
                    tracing::error!(job = job.kind, %error, "job {} failed and runs again", job.kind);
                    job.every.max(Duration::from_secs(1))
                }
            };
            let woken = async {
                match (job.wake)(self) {
                    Some(wake) => {
                        wake.notified().await;
                        // So that one run serves what comes close together, and does not vie with it for the store.
                        tokio::time::sleep(GATHER).await;
                    }
                    None => std::future::pending().await,
                }
            };
            tokio::pin!(woken);
            if lease.until.is_some() && !wait.is_zero() {
                if lease.is_held {
                    // Where there was work there is more: the job goes to other nodes only after a moment's rest.
                    tokio::select! {
                        () = &mut woken => continue,
                        () = tokio::time::sleep(GATHER * 3) => {}
                        _ = stop.changed() => continue,
                    }
                }
                self.give_back(job, &mut lease).await;
            }
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = woken => {}
                _ = stop.changed() => {}
            }
        }
    }

    /// Whether somebody asked the process to stop: a job that works without end comes to an end.
    pub(crate) fn is_stopping(&self) -> bool {
        self.wakes().is_stopping.load(Ordering::Relaxed)
    }

    /// Runs a job if nobody else does; `None` when somebody does.
    async fn lease_and_run(&self, job: &Job, lease: &mut Lease) -> Result<Option<Outcome>> {
        // A job that panics must not take the others with it.
        let run = async || {
            let began = Instant::now();
            let outcome = AssertUnwindSafe((job.run)(self)).catch_unwind().await;
            let outcome = outcome.unwrap_or_else(|_| Err(Error::internal("it panicked")));
            metrics::histogram!("waybill_job_run_seconds", "job" => job.kind).record(began.elapsed());
            if matches!(outcome, Err(_) | Ok(Outcome::GiveUp(_))) {
                metrics::counter!("waybill_job_failures_total", "job" => job.kind).increment(1);
            }
            outcome
        };
        // An embedded database has one process, which need not take its own turns from itself.
        if job.is_shared || self.store().is_sqlite() {
            return run().await.map(Some);
        }
        let (kind, now) = (job.kind, self.now());
        // A lease that is half over, or may never have been given back since the store failed, is taken anew.
        let is_good = lease.until.is_some_and(|until| clock::later(now, job.lease / 2) < until);
        if !(lease.is_held && is_good) {
            if let Some(until) = lease.until {
                self.store().write(async move |tx| tx.finish_job(kind, until).await).await?;
            }
            let until = clock::later(now, job.lease);
            *lease = Lease { until: Some(until), is_held: false };
            if !self.store().write(async move |tx| tx.lease_job(kind, now, until).await).await? {
                *lease = Lease::default();
                return Ok(None);
            }
            lease.is_held = true;
        }
        let outcome = run().await;
        lease.is_held = outcome.is_ok();
        outcome.map(Some)
    }

    /// Lets other nodes run the job. If that fails, it is tried again before the next run.
    async fn give_back(&self, job: &Job, lease: &mut Lease) {
        lease.is_held = false;
        let (kind, Some(until)) = (job.kind, lease.until) else { return };
        match self.store().write(async move |tx| tx.finish_job(kind, until).await).await {
            Ok(()) => *lease = Lease::default(),
            Err(error) => tracing::warn!(job = kind, %error, "the lease of job {kind} is not given back yet"),
        }
    }

    /// Runs every job again and again until none has anything left to do now: for tests and for `demo`.
    pub async fn run_jobs_until_idle(&self) -> Result<()> {
        for _ in 0..1000 {
            let mut is_idle = true;
            for job in &JOBS {
                is_idle &= (job.run)(self).await? != Outcome::Again;
            }
            if is_idle {
                return Ok(());
            }
        }
        Err(Error::internal("the jobs never come to rest"))
    }
}
