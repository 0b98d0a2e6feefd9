//! Idempotency: a request that a client may send again has one effect and one answer, also when it is sent fifty times at
//! once and when the process dies in the middle.
//!
//! The interface claims the client's key, runs the request with the claim on its caller, and keeps the answer for a
//! day. A verb that changes something writes what it did in the same transaction ([`App::write_once`]), so that whoever
//! takes the claim over goes on from there instead of doing it again.

use std::sync::Arc;
use std::time::Duration;

use domain::{Error, Result, Timestamp};
use serde::Serialize;
use serde::de::DeserializeOwned;
use store::Tx;
use store::idempotency::Claim;
pub use store::idempotency::{IdempotencyKey, KeptAnswer};

use crate::{App, Caller, clock};

/// How long an answer is kept.
const KEPT: Duration = Duration::from_hours(24);

/// A claimed key; it goes with the caller of the request.
#[derive(Clone, Debug)]
pub struct Once {
    key: IdempotencyKey,
    leased_until: Timestamp,
}

/// What a request with a key is to do.
#[derive(Clone, Debug)]
pub enum Begun {
    /// Run, with this claim on its caller.
    Run(Arc<Once>),
    /// Answer as before.
    Answer(KeptAnswer),
}

impl App {
    /// Claims a key for a request, waiting for another one with the same key and fingerprint to be answered.
    ///
    /// A key that came with another request before is a conflict, and so is one whose first request takes too long.
    pub async fn begin_once(&self, caller: &Caller, key: String, fingerprint: [u8; 32]) -> Result<Begun> {
        let key = IdempotencyKey { tenant: caller.tenant().clone(), api_key: caller.key.public.clone(), key };
        let deadline = tokio::time::Instant::now() + self.options().carrier_timeout;
        let mut pause = Duration::from_millis(5);
        loop {
            let (asked, now) = (key.clone(), self.now());
            let (leased_until, expires_at) = (self.lease_from(now), clock::later(now, KEPT));
            let claim = self.store().write(async move |tx| {
                tx.claim_idempotency_key(&asked, &fingerprint, now, leased_until, expires_at).await
            });
            match claim.await? {
                Claim::Ours => return Ok(Begun::Run(Arc::new(Once { key, leased_until }))),
                Claim::Answered(answer) => return Ok(Begun::Answer(answer)),
                Claim::Different => {
                    let text =
                        format!("the Idempotency-Key {:?} came with another request before: take a new one", key.key);
                    return Err(Error::Conflict(text));
                }
                Claim::Running if tokio::time::Instant::now() >= deadline => {
                    let text = format!("the first request with the Idempotency-Key {:?} is still running", key.key);
                    return Err(Error::Conflict(text));
                }
                Claim::Running => {
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(Duration::from_millis(200));
                }
            }
        }
    }

    /// Keeps the answer of a request; without one it may run again.
    pub async fn end_once(&self, once: &Once, answer: Option<KeptAnswer>) -> Result<()> {
        let once = once.clone();
        self.store()
            .write(async move |tx| tx.finish_idempotency_key(&once.key, once.leased_until, answer.as_ref()).await)
            .await
    }

    /// Runs a command in one transaction. Under an idempotency key it runs once: what it answered is written with its
    /// change, and answered again to whoever comes with the same key.
    pub(crate) async fn write_once<T, F>(&self, caller: &Caller, command: F) -> Result<T>
    where
        T: Serialize + DeserializeOwned + Send + 'static,
        F: AsyncFn(&mut Tx<'_>) -> Result<T> + Send + Sync + 'static,
    {
        self.write_once_if(caller, |_| true, command).await
    }

    /// The same, except that an answer which is not `is_done` changed nothing and is not written down.
    pub(crate) async fn write_once_if<T, F>(
        &self,
        caller: &Caller,
        is_done: impl Fn(&T) -> bool + Send + Sync + 'static,
        command: F,
    ) -> Result<T>
    where
        T: Serialize + DeserializeOwned + Send + 'static,
        F: AsyncFn(&mut Tx<'_>) -> Result<T> + Send + Sync + 'static,
    {
        let Some(once) = caller.once.clone() else { return self.store().write(command).await };
        self.store()
            .write(async move |tx| {
                if let Some(outcome) = tx.idempotent_outcome(&once.key).await? {
                    return store::codec::from_json(&outcome);
                }
                let done = command(tx).await?;
                if !is_done(&done) {
                    return Ok(done);
                }
                let outcome = store::codec::to_json(&done)?;
                if !tx.keep_outcome(&once.key, once.leased_until, &outcome).await? {
                    return Err(Error::Conflict("another request with this Idempotency-Key took over".to_owned()));
                }
                Ok(done)
            })
            .await
    }
}
