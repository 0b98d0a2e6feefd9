//! The verbs of Waybill: place, ship, book, cancel, report, and the jobs that finish what a crash or a lost answer left.
//!
//! A verb checks the caller's scope, does everything that needs no transaction first, and then changes the store in one
//! command that holds the change and its event. Carriers are asked outside any transaction.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use domain::connector::Connector;
use domain::event::{About, Event, EventKind};
use domain::ids::EventId;
use domain::{Result, Timestamp};
use store::Store;
use store::blobs::Blobs;
use tokio::sync::Notify;

pub mod accounts;
pub mod acts;
pub mod addresses;
pub mod batches;
pub mod caller;
pub mod channels;
pub mod checks;
pub mod clock;
pub mod collections;
pub mod customers;
mod customs;
pub mod documents;
pub mod erasures;
pub mod exports;
pub mod gates;
pub mod guard;
pub mod idempotency;
pub mod import;
pub mod jobs;
pub mod keys;
pub mod limits;
pub mod locations;
pub mod manifests;
pub mod orders;
pub mod overview;
pub mod pushes;
pub mod queries;
pub mod rates;
pub mod rehearsal;
pub mod rotation;
pub mod routing;
pub mod rules;
pub mod search;
pub mod sessions;
pub mod setup;
pub mod shipments;
pub mod standing;
pub mod states;
pub mod story;
pub mod tenants;
pub mod tracking;
pub mod vault;
pub mod webhooks;

pub use caller::{Caller, Credentials};
pub use clock::{Clock, Random};
pub use vault::Vault;

/// The application: shared by every handler and job of a process.
#[derive(Clone)]
pub struct App(Arc<Inner>);

struct Inner {
    parts: Parts,
    setup: tenants::SetupCache,
    limits: limits::Limits,
    gates: gates::Gates,
    geocoders: addresses::geocoder::Geocoders,
    wakes: Wakes,
    prints: acts::Prints,
}

/// What an application is made of.
pub struct Parts {
    /// Where rows lie.
    pub store: Store,
    /// Where documents' bytes lie.
    pub blobs: Blobs,
    /// What time it is.
    pub clock: Clock,
    /// Where tokens come from.
    pub random: Random,
    /// What the installation's key is used for.
    pub vault: Vault,
    /// The carriers that can be asked.
    pub connectors: Vec<Arc<dyn Connector>>,
    /// How each dialect words its webhooks.
    pub event_bodies: Vec<Arc<dyn webhooks::EventBody>>,
    /// The dialects that derive where an order stands.
    pub order_states: Vec<Arc<dyn states::OrderStates>>,
    /// Sends webhooks; see [`guard::client`].
    pub http: reqwest::Client,
    /// What operators may set.
    pub options: Options,
}

/// What operators may set.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where people and carriers reach this installation, without a slash at the end; tracking pages and links begin so.
    pub public_url: String,
    /// Whether webhooks may go to loopback and private addresses and over plain http.
    pub allow_private_webhooks: bool,
    /// Requests a minute a key may read and write; `None` is no limit.
    pub rate_limit: limits::RateLimit,
    /// A font for letters outside the embedded one.
    pub fallback_font: Option<Arc<::documents::FallbackFont>>,
    /// How long a document link is good.
    pub link_lifetime: Duration,
    /// How long a carrier may take to answer.
    pub carrier_timeout: Duration,
    /// How long carriers may take to say what they charge when somebody only asks.
    pub rate_timeout: Duration,
    /// How much a query over orders may look through.
    pub query_ceiling: queries::Ceiling,
    /// How long sums, country and postcode of an erased person's orders stay.
    pub erased_kept: Duration,
    /// What proves who runs the installation: with it, tenants can be made through the API.
    pub installation_secret: Option<domain::Secret>,
    /// A further path below which the shipping order API answers, `/shipping/v1`.
    pub shipments_prefix: Option<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            public_url: "http://127.0.0.1:8080".to_owned(),
            allow_private_webhooks: false,
            rate_limit: limits::RateLimit::default(),
            fallback_font: None,
            link_lifetime: Duration::from_hours(7 * 24),
            carrier_timeout: Duration::from_secs(30),
            rate_timeout: Duration::from_secs(5),
            query_ceiling: queries::Ceiling::default(),
            erased_kept: Duration::from_hours(24 * 3_650),
            installation_secret: None,
            shipments_prefix: None,
        }
    }
}

/// Signals that wake jobs at once; a timer wakes them anyway.
#[derive(Default)]
pub(crate) struct Wakes {
    pub(crate) events: Notify,
    pub(crate) deliveries: Notify,
    pub(crate) dispatches: Notify,
    pub(crate) batches: Notify,
    pub(crate) shipments: Notify,
    pub(crate) tracking: Notify,
    pub(crate) checks: Notify,
    pub(crate) addresses: Notify,
    pub(crate) erasures: Notify,
    pub(crate) states: Notify,
    pub(crate) is_stopping: AtomicBool,
}

impl App {
    /// Puts the parts together.
    pub fn new(parts: Parts) -> Self {
        let limits = limits::Limits::new(&parts.options.rate_limit);
        Self(Arc::new(Inner {
            parts,
            setup: tenants::SetupCache::default(),
            limits,
            gates: gates::Gates::default(),
            geocoders: addresses::geocoder::Geocoders::default(),
            wakes: Wakes::default(),
            prints: acts::Prints::default(),
        }))
    }

    /// Where rows lie.
    pub fn store(&self) -> &Store {
        &self.0.parts.store
    }

    /// Where documents' bytes lie.
    pub fn blobs(&self) -> &Blobs {
        &self.0.parts.blobs
    }

    /// What the installation's key is used for.
    pub fn vault(&self) -> &Vault {
        &self.0.parts.vault
    }

    /// Where tokens come from.
    pub fn random(&self) -> &Random {
        &self.0.parts.random
    }

    /// What operators may set.
    pub fn options(&self) -> &Options {
        &self.0.parts.options
    }

    /// The carriers that can be asked.
    pub fn connectors(&self) -> &[Arc<dyn Connector>] {
        &self.0.parts.connectors
    }

    /// Now, by this application's clock.
    pub fn now(&self) -> Timestamp {
        self.0.parts.clock.now()
    }

    pub(crate) fn parts(&self) -> &Parts {
        &self.0.parts
    }

    pub(crate) fn geocoders(&self) -> &addresses::geocoder::Geocoders {
        &self.0.geocoders
    }

    pub(crate) fn wakes(&self) -> &Wakes {
        &self.0.wakes
    }

    /// Event ids for a command, taken before it runs.
    pub(crate) async fn event_ids(&self, count: usize) -> Result<Vec<EventId>> {
        let numbers = self.store().take_ids("events", count as u64).await?;
        Ok(numbers.into_iter().filter_map(EventId::new).collect())
    }

    /// Ids of acts, from a sequence of their own. They lie above those of every event, so that one never is the other.
    pub(crate) async fn act_ids(&self, count: usize) -> Result<Vec<EventId>> {
        const FIRST: u64 = 1 << 52;
        self.ids("acts", count, |number| EventId::new(FIRST + number)).await
    }

    /// The id of one act.
    pub(crate) async fn act_id(&self) -> Result<EventId> {
        let ids = self.act_ids(1).await?;
        ids.first().copied().ok_or_else(|| domain::Error::internal("an id for the act"))
    }

    /// One id of a sequence.
    pub(crate) async fn one_id<T>(&self, sequence: &str, new: impl FnOnce(u64) -> Option<T>) -> Result<T> {
        let number = self.store().take_ids(sequence, 1).await?.first().copied();
        number.and_then(new).ok_or_else(|| domain::Error::internal(format!("sequence {sequence} is used up")))
    }

    /// Ids of a sequence.
    pub(crate) async fn ids<T>(
        &self,
        sequence: &str,
        count: usize,
        new: impl FnMut(u64) -> Option<T>,
    ) -> Result<Vec<T>> {
        let numbers = self.store().take_ids(sequence, count as u64).await?;
        let ids: Vec<T> = numbers.into_iter().filter_map(new).collect();
        if ids.len() == count {
            Ok(ids)
        } else {
            Err(domain::Error::internal(format!("sequence {sequence} is used up")))
        }
    }
}

/// An event of ours.
pub(crate) fn event(id: EventId, kind: EventKind, at: Timestamp, about: About) -> Event {
    Event { id, kind, at, about }
}
