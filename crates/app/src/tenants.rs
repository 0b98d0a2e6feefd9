//! What a process keeps of the set-up: keys and tenants, read once and again when the version row rises.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use domain::account::CarrierAccount;
use domain::channel::{Channel, ChannelNumber, Dialect};
use domain::connector::{Connection, Profile};
use domain::location::Location;
use domain::routing::RoutingRule;
use domain::secret::Secret;
use domain::tenant::{ApiKey, Tenant, TenantId};
use domain::webhook::{Authentication, WebhookEndpoint};
use domain::{Result, Timestamp};
use jiff::SignedDuration;
use jiff::tz::TimeZone;
use store::webhooks::EndpointRow;

use crate::App;
use crate::routing::Rules;
use crate::vault::Hashes;

/// How long a process may trust its caches before it looks at the version row.
const TRUSTED_FOR: SignedDuration = SignedDuration::from_millis(500);

/// Everything a setup file says of a tenant, ready for use.
pub struct TenantSetup {
    /// The tenant.
    pub tenant: Tenant,
    /// Its time zone.
    pub zone: TimeZone,
    /// Its channels, by number.
    pub channels: Vec<Channel>,
    /// Its locations; the first ships what names none.
    pub locations: Vec<Location>,
    /// Its carrier accounts.
    pub accounts: Vec<Account>,
    /// Its routing rules, in order.
    pub rules: Rules,
    /// Its webhook endpoints.
    pub endpoints: Vec<WebhookEndpoint>,
}

/// A carrier account ready to be asked.
#[derive(Clone)]
pub struct Account {
    /// The account.
    pub account: CarrierAccount,
    /// What its connector says about itself; `None` when this version has no such connector.
    pub profile: Option<&'static Profile>,
    /// The connection; `None` when there is no connector or it refuses the settings.
    pub connection: Option<Arc<dyn Connection>>,
    /// The token of the address where its carrier tells by itself what happened.
    pub push_token: Option<Secret>,
}

impl TenantSetup {
    /// What those who wait for its parcels know it as.
    pub fn shown_name(&self) -> &str {
        let chosen = self.tenant.branding.as_ref().and_then(|branding| branding.name.as_deref());
        chosen.unwrap_or(&self.tenant.name)
    }

    /// The same with other rules.
    pub(crate) fn with_rules(&self, rules: Vec<RoutingRule>) -> Self {
        Self {
            tenant: self.tenant.clone(),
            zone: self.zone.clone(),
            channels: self.channels.clone(),
            locations: self.locations.clone(),
            accounts: self.accounts.clone(),
            rules: Rules::new(rules),
            endpoints: self.endpoints.clone(),
        }
    }

    /// The channel with this number.
    pub fn channel(&self, number: ChannelNumber) -> Option<&Channel> {
        self.channels.iter().find(|channel| channel.number == number)
    }

    /// The account with this id.
    pub fn account(&self, id: &str) -> Option<&Account> {
        self.accounts.iter().find(|account| account.account.id == id)
    }

    /// The location a dialect's client means by `name`: its alias there, else its external id.
    pub fn location(&self, dialect: Dialect, name: &str) -> Option<&Location> {
        let by_alias = |location: &&Location| location.aliases.get(&dialect).is_some_and(|alias| alias == name);
        let by_id = |location: &&Location| location.external_id == name;
        self.locations.iter().find(by_alias).or_else(|| self.locations.iter().find(by_id))
    }

    /// The account a dialect's client means by `contract`: its alias there, else its id.
    pub fn contract(&self, dialect: Dialect, contract: &str) -> Option<&Account> {
        let by_alias =
            |account: &&Account| account.account.aliases.get(&dialect).is_some_and(|alias| alias == contract);
        self.accounts.iter().find(by_alias).or_else(|| self.account(contract))
    }

    /// The account an order names by `contract`. It was written in some dialect, whoever asks now: the account is looked for
    /// as that of the order's channel would, then by its alias in any dialect, and the only match is taken.
    pub fn contract_of_order(&self, channel: ChannelNumber, contract: &str) -> Option<&Account> {
        let dialect = self.channel(channel).map(|channel| channel.dialect);
        dialect.and_then(|dialect| self.contract(dialect, contract)).or_else(|| {
            let is_called = |account: &&Account| account.account.aliases.values().any(|alias| alias == contract);
            let mut called = self.accounts.iter().filter(is_called);
            called.next().filter(|_| called.next().is_none())
        })
    }

    /// A location's own zone, else the tenant's.
    pub fn zone_of(&self, location: &Location) -> TimeZone {
        let zone = location.time_zone.as_deref().and_then(|name| TimeZone::get(name).ok());
        zone.unwrap_or_else(|| self.zone.clone())
    }
}

/// Caches of one process.
#[derive(Default)]
pub(crate) struct SetupCache(RwLock<Cached>);

#[derive(Default)]
struct Cached {
    version: i64,
    /// By the clock that everything else goes by, so that a test which stands still asks once.
    checked_at: Option<Timestamp>,
    tenants: HashMap<TenantId, Arc<TenantSetup>>,
    /// Each with the end of its secret, when that has one.
    keys: HashMap<[u8; 32], (Arc<ApiKey>, Option<Timestamp>)>,
    tokens: HashMap<[u8; 32], (Arc<ApiKey>, Timestamp)>,
}

impl SetupCache {
    fn look<T>(&self, f: impl FnOnce(&Cached) -> T) -> T {
        f(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn change<T>(&self, f: impl FnOnce(&mut Cached) -> T) -> T {
        f(&mut self.0.write().unwrap_or_else(PoisonError::into_inner))
    }

    /// Forgets everything at once, after a change made by this process.
    pub(crate) fn forget(&self) {
        self.change(|cached| *cached = Cached::default());
    }
}

impl App {
    /// Forgets what this process keeps of the set-up, after a change of its own.
    pub(crate) fn forget_setup(&self) {
        self.0.setup.forget();
    }

    /// Drops stale caches: looks at the version row at most twice a second.
    async fn refresh(&self) -> Result<()> {
        let (cache, now) = (&self.0.setup, self.now());
        // After the clock was set back it is looked at again.
        let is_fresh = |at: Option<Timestamp>| at.is_some_and(|at| at <= now && now.duration_since(at) < TRUSTED_FOR);
        if cache.look(|cached| is_fresh(cached.checked_at)) {
            return Ok(());
        }
        let version = self.store().read(async |tx| tx.setup_version().await).await?;
        cache.change(|cached| {
            if cached.version != version {
                *cached = Cached { version, ..Cached::default() };
            }
            cached.checked_at = Some(now);
        });
        Ok(())
    }

    /// A tenant's set-up; `None` when there is no such tenant.
    pub async fn tenant_setup(&self, id: &TenantId) -> Result<Option<Arc<TenantSetup>>> {
        self.refresh().await?;
        let (version, known) = self.0.setup.look(|cached| (cached.version, cached.tenants.get(id).cloned()));
        if known.is_some() {
            return Ok(known);
        }
        let wanted = id.clone();
        let loaded = self
            .store()
            .read(async move |tx| {
                let Some(tenant) = tx.tenant(&wanted).await? else { return Ok(None) };
                Ok(Some((
                    tenant,
                    tx.channels(&wanted).await?,
                    tx.locations(&wanted).await?,
                    tx.carrier_accounts(&wanted).await?,
                    tx.routing_rules(&wanted).await?,
                    tx.webhook_endpoints(&wanted).await?,
                    tx.push_tokens(&wanted).await?,
                )))
            })
            .await?;
        let Some((tenant, channels, locations, accounts, rules, endpoints, push_tokens)) = loaded else {
            return Ok(None);
        };
        let accounts = accounts
            .into_iter()
            .map(|(account, sealed)| {
                let token = push_tokens.iter().find(|(of, _)| *of == account.id);
                let token = token.map(|(_, sealed)| self.vault().decrypt(sealed)).transpose()?;
                Ok(Account { push_token: token.map(Secret::new), ..self.open_account(account, &sealed)? })
            })
            .collect::<Result<Vec<_>>>()?;
        let endpoints = endpoints.into_iter().map(|row| self.open_endpoint(row)).collect::<Result<Vec<_>>>()?;
        let zone = TimeZone::get(&tenant.time_zone).unwrap_or(TimeZone::UTC);
        let rules = Rules::new(rules);
        let setup = Arc::new(TenantSetup { tenant, zone, channels, locations, accounts, rules, endpoints });
        self.0.setup.change(|cached| {
            if cached.version == version {
                cached.tenants.insert(id.clone(), Arc::clone(&setup));
            }
        });
        Ok(Some(setup))
    }

    /// An endpoint with its secrets.
    pub(crate) fn open_endpoint(&self, row: EndpointRow) -> Result<WebhookEndpoint> {
        let secret = Secret::new(self.vault().decrypt(&row.secret)?);
        Ok(WebhookEndpoint {
            id: row.id,
            url: row.url,
            secret,
            previous_secret: match row.previous {
                Some((sealed, until)) => Some((Secret::new(self.vault().decrypt(&sealed)?), until)),
                None => None,
            },
            concurrency: row.concurrency,
            dialect: row.dialect,
            channel: row.channel,
            variant: row.variant,
            authentication: row.authentication.map(|sealed| self.open_authentication(&sealed)).transpose()?,
            mode: row.mode,
            description: row.description,
            events: row.events,
        })
    }

    fn open_authentication(&self, sealed: &[u8]) -> Result<Authentication> {
        let (header, value): (String, String) = store::codec::from_json(&self.vault().decrypt(sealed)?)?;
        Ok(Authentication { header, value: Secret::new(value) })
    }

    fn open_account(&self, mut account: CarrierAccount, sealed: &[u8]) -> Result<Account> {
        account.credentials = store::codec::from_json(&self.vault().decrypt(sealed)?)?;
        let connector = self.connectors().iter().find(|known| known.profile().carrier == account.carrier);
        let connection = connector.and_then(|connector| match connector.connect(&account) {
            Ok(connection) => Some(connection),
            Err(problems) => {
                tracing::error!(account = account.id, ?problems, "carrier account {} is unusable", account.id);
                None
            }
        });
        let profile = connector.map(|connector| connector.profile());
        Ok(Account { profile, connection, push_token: None, account })
    }

    /// The key that this secret is good for, if it was asked for lately; without a query.
    pub(crate) async fn known_secret(&self, hashes: &Hashes) -> Result<Option<Arc<ApiKey>>> {
        self.refresh().await?;
        let now = self.now();
        let known = self.0.setup.look(|cached| cached.keys.get(&hashes.hash).cloned());
        Ok(known.filter(|(_, until)| until.is_none_or(|until| until > now)).map(|(key, _)| key))
    }

    /// The key that this secret is good for.
    pub(crate) async fn key_by_secret(&self, hashes: Hashes) -> Result<Option<Arc<ApiKey>>> {
        self.refresh().await?;
        let now = self.now();
        let is_good = |until: Option<Timestamp>| until.is_none_or(|until| until > now);
        let (version, known) = self.0.setup.look(|cached| (cached.version, cached.keys.get(&hashes.hash).cloned()));
        if let Some((key, until)) = known {
            return Ok(is_good(until).then_some(key));
        }
        let found = self.store().read(async move |tx| {
            if let Some(found) = tx.key_by_secret(&hashes.hash, now).await? {
                return Ok(Some((found, false)));
            }
            let Some(previous) = hashes.previous else { return Ok(None) };
            Ok(tx.key_by_secret(&previous, now).await?.map(|found| (found, true)))
        });
        let Some(((key, until), is_under_previous)) = found.await? else { return Ok(None) };
        if is_under_previous {
            let app = self.clone();
            self.store().write(async move |tx| app.rehash_secret(tx, &hashes).await).await?;
        }
        let key = Arc::new(key);
        self.0.setup.change(|cached| {
            if cached.version == version {
                cached.keys.insert(hashes.hash, (Arc::clone(&key), until));
            }
        });
        Ok(Some(key))
    }

    /// The key a live token was bought with.
    pub(crate) async fn key_by_token(&self, hashes: Hashes) -> Result<Option<Arc<ApiKey>>> {
        self.refresh().await?;
        let now = self.now();
        let (version, known) = self.0.setup.look(|cached| (cached.version, cached.tokens.get(&hashes.hash).cloned()));
        if let Some((key, expires_at)) = known {
            return Ok((expires_at > now).then_some(key));
        }
        let found = self.store().read(async move |tx| {
            let found = tx.key_by_token(&hashes.hash, now).await?;
            match hashes.previous {
                Some(previous) if found.is_none() => tx.key_by_token(&previous, now).await,
                _ => Ok(found),
            }
        });
        let found = found.await?.map(|(key, expires_at)| (Arc::new(key), expires_at));
        if let Some(found) = &found {
            self.0.setup.change(|cached| {
                if cached.version == version {
                    cached.tokens.retain(|_, (_, expires_at)| *expires_at > now);
                    cached.tokens.insert(hashes.hash, found.clone());
                }
            });
        }
        Ok(found.map(|(key, _)| key))
    }
}
