//! Time and randomness, handed in so that tests can fix them.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::Timestamp;

/// Where the time comes from.
#[derive(Clone, Debug, Default)]
pub enum Clock {
    /// The machine's clock, cut to the microsecond.
    #[default]
    System,
    /// A time that moves only when a test moves it.
    Fixed(Arc<Mutex<Timestamp>>),
}

impl Clock {
    /// A clock that stands at `at`.
    pub fn fixed(at: Timestamp) -> Self {
        Self::Fixed(Arc::new(Mutex::new(at)))
    }

    /// Now, exact to the microsecond.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the clock")]
    pub fn now(&self) -> Timestamp {
        match self {
            Self::System => domain::time::from_micros(Timestamp::now().as_microsecond()),
            Self::Fixed(at) => *at.lock().unwrap_or_else(PoisonError::into_inner),
        }
    }

    /// Moves a fixed clock forward; the machine's clock moves by itself.
    pub fn advance(&self, by: Duration) {
        if let Self::Fixed(at) = self {
            let mut at = at.lock().unwrap_or_else(PoisonError::into_inner);
            *at = later(*at, by);
        }
    }
}

/// The instant `by` after `at`; jiff's last instant when that is out of range.
pub fn later(at: Timestamp, by: Duration) -> Timestamp {
    at.checked_add(by).unwrap_or(Timestamp::MAX)
}

/// The instant `by` before `at`; jiff's first instant when that is out of range.
pub fn earlier(at: Timestamp, by: Duration) -> Timestamp {
    at.checked_sub(by).unwrap_or(Timestamp::MIN)
}

/// Where random bytes come from.
#[derive(Clone, Debug, Default)]
pub enum Random {
    /// The operating system.
    #[default]
    System,
    /// A counter, for tests: guessable, and the same in every run.
    Counting(Arc<Mutex<u64>>),
}

impl Random {
    /// Random bytes that nobody can guess.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that draws random bytes")]
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        match self {
            Self::System => {
                // The operating system's generator fails only where nothing else works either.
                getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
            }
            Self::Counting(counter) => {
                let mut counter = counter.lock().unwrap_or_else(PoisonError::into_inner);
                *counter += 1;
                for (place, byte) in counter.to_be_bytes().into_iter().rev().enumerate().take(N) {
                    bytes[N - 1 - place] = byte;
                }
            }
        }
        bytes
    }

    /// An unguessable token: `N` random bytes in URL-safe base 64 without padding.
    pub fn token<const N: usize>(&self) -> String {
        use base64::Engine as _;
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(self.bytes::<N>())
    }
}
