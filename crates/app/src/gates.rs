//! Gates: what a process lets through to a carrier, account by account.
//!
//! A carrier that asks us to wait is not asked before that; an account may have a budget of calls a minute, and only so
//! many are under way at once. Whoever is held back is told how long, as the carrier itself would tell. An account that
//! lets questions for rates hang is left out of them for a while, so that those who ask several accounts do not wait for it
//! again and again; then one question tries it anew.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use domain::connector::Answer;
use domain::error::CarrierError;
use domain::tenant::TenantId;
use domain::{Result, Timestamp};
use tokio::sync::Semaphore;
use tracing::Instrument as _;

use crate::{App, clock};

/// Calls to one account that are under way at once.
const AT_ONCE: usize = 16;

/// The longest wait that a carrier may ask for.
const LONGEST: Duration = Duration::from_hours(1);

/// Questions for rates in a row without an answer, after which an account is left out.
const SILENCES: u32 = 3;

/// How long it is left out the first time, and at most: each further silence doubles it.
const LEFT_OUT: Duration = Duration::from_secs(30);
const LEFT_OUT_LONGEST: Duration = Duration::from_mins(5);

/// The call that asks for rates.
pub(crate) const RATES: &str = "rates";

/// One gate an account.
#[derive(Default)]
pub(crate) struct Gates(Mutex<HashMap<(TenantId, String), Arc<Gate>>>);

struct Gate {
    turns: Semaphore,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    held_until: Option<Timestamp>,
    /// The minute that is counted, and the calls made in it.
    minute: (i64, u32),
    silence: Silence,
}

/// How an account answers questions for rates.
#[derive(Default)]
struct Silence {
    /// Questions in a row without an answer.
    times: u32,
    /// How often in a row it was left out.
    pauses: u32,
    /// Until when it is asked for no rates.
    until: Option<Timestamp>,
    /// Until when the one question that tries it anew may take.
    tried_until: Option<Timestamp>,
}

impl Silence {
    /// Whether the account is left out now.
    fn look(&self, now: Timestamp) -> std::result::Result<(), CarrierError> {
        match self.until.into_iter().chain(self.tried_until).max().filter(|until| *until > now) {
            Some(until) => {
                Err(CarrierError::busy(format!("left out until {until:.0}, since it lets questions hang"), None))
            }
            None => Ok(()),
        }
    }

    /// The same for whoever asks next: when its time is over, one question goes through.
    fn enter(&mut self, now: Timestamp, limit: Duration) -> std::result::Result<(), CarrierError> {
        self.look(now)?;
        self.tried_until = self.until.map(|_| clock::later(now, limit));
        Ok(())
    }

    fn hung(&mut self, now: Timestamp) {
        if self.until.is_some_and(|until| until > now) {
            // Under way together with those that were counted.
            return;
        }
        self.times += 1;
        if self.pauses > 0 || self.times >= SILENCES {
            let wait = LEFT_OUT.saturating_mul(1 << self.pauses.min(8)).min(LEFT_OUT_LONGEST);
            self.until = Some(clock::later(now, wait));
            (self.times, self.pauses, self.tried_until) = (0, self.pauses + 1, None);
        }
    }
}

/// How an account's gate stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GateView {
    /// Until when the carrier asked us to wait.
    pub held_until: Option<Timestamp>,
    /// Calls that are left in this minute; `None` when nobody set a budget.
    pub calls_left: Option<u32>,
}

impl Gate {
    fn new() -> Self {
        Self { turns: Semaphore::new(AT_ONCE), state: Mutex::default() }
    }

    fn state<T>(&self, look: impl FnOnce(&mut State) -> T) -> T {
        look(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn view(&self, now: Timestamp, budget: Option<u32>) -> GateView {
        self.state(|state| GateView {
            held_until: state.held_until.filter(|until| *until > now),
            calls_left: budget.map(|budget| budget.saturating_sub(state.calls_in(now))),
        })
    }

    /// Counts a call, or says how long it must wait.
    fn enter(&self, now: Timestamp, budget: Option<u32>) -> std::result::Result<(), CarrierError> {
        self.state(|state| {
            if let Some(until) = state.held_until.filter(|until| *until > now) {
                let seconds = seconds_until(now, until);
                return Err(wait(format!("it asked us to wait, {seconds} s are left"), seconds));
            }
            let calls = state.calls_in(now);
            if let Some(budget) = budget
                && calls >= budget
            {
                let seconds = 60 - now.as_second().rem_euclid(60) as u64;
                return Err(wait(format!("the account's {budget} calls of this minute are used up"), seconds));
            }
            state.minute = (minute_of(now), calls + 1);
            Ok(())
        })
    }

    /// Keeps in mind whether a question for rates was answered at all.
    fn note(&self, now: Timestamp, has_hung: bool) {
        self.state(|state| if has_hung { state.silence.hung(now) } else { state.silence = Silence::default() });
    }

    fn hold(&self, until: Timestamp) {
        self.state(|state| state.held_until = state.held_until.max(Some(until)));
    }
}

impl State {
    fn calls_in(&self, now: Timestamp) -> u32 {
        if self.minute.0 == minute_of(now) { self.minute.1 } else { 0 }
    }
}

fn minute_of(now: Timestamp) -> i64 {
    now.as_second().div_euclid(60)
}

fn seconds_until(now: Timestamp, until: Timestamp) -> u64 {
    (until.duration_since(now).unsigned_abs().as_secs_f64().ceil() as u64).max(1)
}

fn wait(message: String, seconds: u64) -> CarrierError {
    CarrierError::busy(message, Some(seconds))
}

impl App {
    fn gate(&self, tenant: &TenantId, account: &str) -> Arc<Gate> {
        let mut gates = self.0.gates.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(gates.entry((tenant.clone(), account.to_owned())).or_insert_with(|| Arc::new(Gate::new())))
    }

    /// How an account's gate stands in this process.
    pub async fn gate_view(&self, tenant: &TenantId, account: &str) -> Result<GateView> {
        let (_, budget) = self.carrier_and_budget(tenant, account).await?;
        Ok(self.gate(tenant, account).view(self.now(), budget))
    }

    /// The connector of an account, and how often a minute it may be asked.
    async fn carrier_and_budget(&self, tenant: &TenantId, account: &str) -> Result<(String, Option<u32>)> {
        let setup = self.tenant_setup(tenant).await?;
        let known = setup.as_ref().and_then(|setup| setup.account(account)).map(|known| &known.account);
        Ok(known.map_or_else(Default::default, |known| (known.carrier.clone(), known.calls_per_minute)))
    }

    /// Until when a carrier asked us to leave an account alone.
    pub(crate) fn held_until(&self, tenant: &TenantId, account: &str) -> Option<Timestamp> {
        self.gate(tenant, account).view(self.now(), None).held_until
    }

    /// Asks a carrier, when the account's gate is open, and waits no longer than an operator allows. A carrier that asks
    /// for a wait closes the gate for so long. `call` names the call in the metrics.
    pub(crate) async fn ask_carrier<T>(
        &self,
        tenant: &TenantId,
        account: &str,
        call: &'static str,
        limit: Duration,
        answer: Answer<'_, T>,
    ) -> std::result::Result<T, CarrierError> {
        let late = || CarrierError::unavailable("no answer in time");
        let known = self.carrier_and_budget(tenant, account).await;
        let (carrier, budget) = known.map_err(|error| CarrierError::busy(error.to_string(), None))?;
        let gate = self.gate(tenant, account);
        let is_asked = AtomicBool::new(false);
        let asked = async {
            // Whoever is left out is told at once, and not after a turn.
            if call == RATES {
                gate.state(|state| state.silence.look(self.now()))?;
            }
            let _turn = gate.turns.acquire().await.map_err(|_| late())?;
            if call == RATES {
                gate.state(|state| state.silence.enter(self.now(), limit))?;
            }
            gate.enter(self.now(), budget)?;
            is_asked.store(true, Ordering::Relaxed);
            let began = Instant::now();
            let answer = answer.await;
            metrics::histogram!("waybill_carrier_call_seconds", "carrier" => carrier.clone(), "call" => call)
                .record(began.elapsed());
            if let Err(CarrierError::Unavailable { retry_after: Some(seconds), .. }) = &answer {
                gate.hold(clock::later(self.now(), Duration::from_secs(*seconds).min(LONGEST)));
            }
            answer
        };
        let span = tracing::info_span!("carrier", account, carrier, call);
        let answer = tokio::time::timeout(limit, asked.instrument(span)).await;
        // Whoever still waited for a turn has asked for nothing.
        let is_asked = is_asked.load(Ordering::Relaxed);
        if is_asked && call == RATES {
            gate.note(self.now(), answer.is_err());
        }
        let answer = answer
            .unwrap_or_else(|_| Err(if is_asked { late() } else { CarrierError::busy("no turn came in time", None) }));
        let outcome = answer.as_ref().map_or_else(CarrierError::kind, |_| "ok");
        metrics::counter!("waybill_carrier_calls_total", "carrier" => carrier, "call" => call, "outcome" => outcome)
            .increment(1);
        answer
    }
}
