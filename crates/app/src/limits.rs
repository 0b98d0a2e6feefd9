//! Rate limits a key, off unless an operator sets them. They count in this process only.

use std::num::NonZeroU32;
use std::time::Duration;

use domain::{Error, Result};
use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use crate::{App, Caller};

/// Requests a minute a key may make; `None` is no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RateLimit {
    /// Requests that read.
    pub reads_per_minute: Option<NonZeroU32>,
    /// Requests that write.
    pub writes_per_minute: Option<NonZeroU32>,
    /// Writes within one second.
    pub writes_per_second: Option<NonZeroU32>,
}

/// What a request does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Load {
    /// It reads.
    Read,
    /// It writes.
    Write,
}

type Limiter = DefaultKeyedRateLimiter<String>;

/// Times a minute that somebody may try to sign in from one place.
const SIGN_INS: NonZeroU32 = NonZeroU32::new(30).expect("30 is not zero");
/// Places whose attempts are counted before those are forgotten that would be let in again.
const MOST_PLACES: usize = 10_000;

pub(crate) struct Limits {
    reads: Option<Limiter>,
    writes: Option<Limiter>,
    bursts: Option<Limiter>,
    sign_ins: Limiter,
}

impl Limits {
    pub(crate) fn new(limit: &RateLimit) -> Self {
        let a_minute = |count: Option<NonZeroU32>| count.map(|count| RateLimiter::keyed(Quota::per_minute(count)));
        Self {
            reads: a_minute(limit.reads_per_minute),
            writes: a_minute(limit.writes_per_minute),
            bursts: limit.writes_per_second.map(|count| RateLimiter::keyed(Quota::per_second(count))),
            sign_ins: RateLimiter::keyed(Quota::per_minute(SIGN_INS)),
        }
    }
}

impl App {
    /// Counts a request of a caller; refuses it when the key has used up its share, saying how long to wait.
    pub fn admit(&self, caller: &Caller, load: Load) -> Result<()> {
        let limits = &self.0.limits;
        let asked = match load {
            Load::Read => [limits.reads.as_ref(), None],
            Load::Write => [limits.bursts.as_ref(), limits.writes.as_ref()],
        };
        for limiter in asked.into_iter().flatten() {
            if let Err(until) = limiter.check_key(&caller.key.public) {
                let wait = until.wait_time_from(DefaultClock::default().now());
                return Err(Error::TooMany { retry_after: Duration::from_secs(wait.as_secs() + 1) });
            }
        }
        Ok(())
    }

    /// Counts an attempt to sign in from a place; refuses it when there were too many within a minute.
    pub(crate) fn admit_sign_in(&self, from: &str) -> Result<()> {
        let limiter = &self.0.limits.sign_ins;
        if limiter.len() > MOST_PLACES {
            limiter.retain_recent();
        }
        limiter.check_key(&from.to_owned()).map_err(|until| {
            let wait = until.wait_time_from(DefaultClock::default().now());
            Error::TooMany { retry_after: Duration::from_secs(wait.as_secs() + 1) }
        })
    }
}
