//! Set-up: what a setup file names is made so, in one transaction; what it does not name is left alone.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::account::CarrierAccount;
use domain::act::Actor;
use domain::channel::{Channel, ChannelNumber, Dialect};
use domain::ids::EndpointId;
use domain::measure::Weight;
use domain::money::Currency;
use domain::order::RawJson;
use domain::tenant::{Mode, Scope, Tenant, TenantId};
use domain::webhook::Authentication;
use domain::{Error, Problem, Result, Secret};
use store::setup::{SetupTx, Signed};
use store::webhooks::EndpointRow;

use crate::keys::IssuedKey;
use crate::setup::file::{IntegrationSetup, SetupFile, TenantSetup, WebhookSetup};
use crate::vault::equal_secretly;
use crate::{App, clock, guard};

pub mod file;

/// The name of a channel's setting that makes the Sendcloud dialect answer with ids as numbers.
pub const IDS_AS_NUMBERS: &str = "order_ids_as_numbers";

/// How long a webhook's secret still signs after another one took its place.
const CHANGE_OVER: Duration = Duration::from_hours(24);

/// What applying a setup file did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Applied {
    /// What changed, by kind of table: `key` → 2. Empty when everything stood so already.
    pub changes: BTreeMap<&'static str, usize>,
    /// Where the file is behind what was done since it was written: its place, and what to do.
    pub notes: Vec<String>,
}

/// A tenant that is to be made through the API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TenantDraft {
    /// Its id.
    pub id: TenantId,
    /// What people call it.
    pub name: String,
    /// The currency it prices in.
    pub currency: Currency,
    /// Its IANA time zone.
    pub time_zone: String,
    /// Whether real labels are bought.
    pub mode: Mode,
    /// The weight of a parcel nobody weighed.
    pub default_weight: Option<Weight>,
    /// The name and the scopes of its first key; one called `first` that may do everything, when missing.
    pub key: Option<(String, Vec<Scope>)>,
}

impl Applied {
    fn add(&mut self, other: Self) {
        for (kind, count) in other.changes {
            *self.changes.entry(kind).or_default() += count;
        }
        self.notes.extend(other.notes);
    }

    pub(crate) fn count(&mut self, kind: &'static str, changed: bool) {
        if changed {
            *self.changes.entry(kind).or_default() += 1;
        }
    }
}

/// The default channel of each dialect.
fn default_channels() -> impl Iterator<Item = Channel> {
    let empty = || RawJson::new("{}".to_owned());
    Dialect::ALL.into_iter().filter_map(move |dialect| {
        Some(Channel {
            number: dialect.default_channel(),
            dialect,
            name: dialect.as_str().to_owned(),
            settings: empty()?,
            is_default: true,
        })
    })
}

/// A channel's settings with what the setup file owns put in, the rest left alone, digit for digit.
fn channel_settings(stored: Option<&Channel>, setup: &IntegrationSetup) -> Result<RawJson> {
    let mut settings: BTreeMap<String, RawJson> = match stored {
        Some(channel) => store::codec::from_json(channel.settings.as_str())?,
        None => BTreeMap::new(),
    };
    let raw = |text: String| RawJson::new(text).ok_or_else(|| Error::internal("settings are JSON"));
    let wanted = raw(setup.order_ids_as_numbers.to_string())?;
    if let Some(channel) = stored
        && settings.get(IDS_AS_NUMBERS) == Some(&wanted)
    {
        return Ok(channel.settings.clone());
    }
    settings.insert(IDS_AS_NUMBERS.to_owned(), wanted);
    raw(store::codec::to_json(&settings)?)
}

impl App {
    /// Makes everything a setup file names so. Applying twice changes nothing; a mistake changes nothing either.
    pub async fn apply(&self, setup: SetupFile) -> Result<Applied> {
        let endpoints: usize = setup.tenants.iter().map(|tenant| tenant.webhooks.len()).sum();
        let endpoint_ids = self.ids("endpoints", endpoints, EndpointId::new).await?;
        let mistakes = [self.live_accounts_in_test(&setup), self.hooks_that_may_not_be(&setup)].concat();
        if !mistakes.is_empty() {
            return Err(Error::Invalid(mistakes));
        }
        for (tenant, logo) in setup.tenants.iter().filter_map(|tenant| Some((tenant, tenant.logo.clone()?))) {
            self.blobs().put(&tenant.tenant.id, logo).await?;
        }
        let app = self.clone();
        let (act_ids, at) = (self.act_ids(setup.tenants.len()).await?, self.now());
        let applied = self
            .store()
            .write(async move |tx| {
                let mut applied = Applied::default();
                let mut ids = endpoint_ids.as_slice();
                for (tenant, act_id) in setup.tenants.iter().zip(&act_ids) {
                    let signed = Signed { id: *act_id, at, by: Actor::operator() };
                    let of_it;
                    (of_it, ids) = ids.split_at(tenant.webhooks.len());
                    let apply = async |setup: &mut SetupTx<'_, '_>| {
                        let mut applied = Applied::default();
                        app.apply_tenant(setup, tenant, &mut of_it.iter().copied(), &mut applied).await?;
                        Ok(applied)
                    };
                    applied.add(tx.change_setup(&tenant.tenant.id, &signed, apply).await?);
                }
                Ok(applied)
            })
            .await?;
        self.0.setup.forget();
        Ok(applied)
    }

    fn live_accounts_in_test(&self, setup: &SetupFile) -> Vec<Problem> {
        let is_live = |carrier: &str| {
            let known = self.connectors().iter().find(|known| known.profile().carrier == carrier);
            known.is_some_and(|connector| connector.profile().is_live)
        };
        let mut problems = Vec::new();
        for tenant in setup.tenants.iter().filter(|tenant| tenant.tenant.mode == Mode::Test) {
            for account in tenant.carrier_accounts.iter().filter(|account| is_live(&account.carrier)) {
                let path = format!("tenant[{}].carrier_account[{}].carrier", tenant.tenant.id, account.id);
                let text = format!("{:?} buys real labels, and this tenant is in test mode", account.carrier);
                problems.push(Problem::new(path, text));
            }
        }
        problems
    }

    fn hooks_that_may_not_be(&self, setup: &SetupFile) -> Vec<Problem> {
        let mut problems = Vec::new();
        for tenant in &setup.tenants {
            let geocoder = tenant.tenant.address_check.as_ref().and_then(|way| way.geocoder.as_ref());
            if let Some(geocoder) = geocoder
                && let Some(text) = guard::mistake_of(
                    "the geocoder is not asked there",
                    &geocoder.url,
                    self.options().allow_private_webhooks,
                )
            {
                let path = format!("tenant[{}].address_check.url", tenant.tenant.id);
                problems.push(Problem::new(path, text));
            }
            for webhook in &tenant.webhooks {
                if let Some(text) = guard::mistake(&webhook.url, self.options().allow_private_webhooks) {
                    let path = format!("tenant[{}].webhook[{}].url", tenant.tenant.id, webhook.url);
                    problems.push(Problem::new(path, text));
                }
            }
        }
        problems
    }

    async fn apply_tenant(
        &self,
        tx: &mut SetupTx<'_, '_>,
        setup: &TenantSetup,
        ids: &mut impl Iterator<Item = EndpointId>,
        applied: &mut Applied,
    ) -> Result<()> {
        let id = &setup.tenant.id;
        let mut tenant = setup.tenant.clone();
        if let Some(stored) = tx.tenant(id).await? {
            // What the file does not name is left alone.
            tenant.branding = tenant.branding.or(stored.branding);
            tenant.notices = tenant.notices.or(stored.notices);
        }
        applied.count("tenant", tx.put_tenant(&tenant).await?);
        let known = tx.channels(id).await?;
        for channel in default_channels() {
            if !known.iter().any(|known| known.number == channel.number) {
                applied.count("channel", tx.put_channel(&channel).await?);
            }
        }
        for integration in &setup.integrations {
            let number = ChannelNumber(integration.id);
            let stored = known.iter().find(|known| known.number == number);
            let channel = Channel {
                number,
                dialect: Dialect::Sendcloud,
                name: integration.name.clone(),
                settings: channel_settings(stored, integration)?,
                is_default: false,
            };
            applied.count("integration", tx.put_channel(&channel).await?);
        }
        for key in &setup.keys {
            self.apply_key(tx, id, key, applied).await?;
        }
        for (position, location) in setup.locations.iter().enumerate() {
            applied.count("location", tx.put_location(position, location).await?);
        }
        for (position, rule) in setup.routing_rules.iter().enumerate() {
            applied.count("routing_rule", tx.put_routing_rule(position, rule).await?);
        }
        self.apply_accounts(tx, setup, applied).await?;
        self.apply_webhooks(tx, id, &setup.webhooks, ids, applied).await
    }

    async fn apply_accounts(&self, tx: &mut SetupTx<'_, '_>, setup: &TenantSetup, applied: &mut Applied) -> Result<()> {
        let id = &setup.tenant.id;
        let stored = tx.carrier_accounts(id).await?;
        let pushed: Vec<_> = tx.push_tokens(id).await?.into_iter().map(|(account, _)| account).collect();
        for (position, account) in setup.carrier_accounts.iter().enumerate() {
            let same_place = stored.get(position).filter(|(known, _)| known.id == account.id);
            // What cannot be read any more is given again by the file.
            let readable = same_place.and_then(|(known, sealed)| Some((known, self.vault().open(sealed)?.0)));
            let is_same = match readable {
                Some((known, credentials)) => {
                    let credentials = store::codec::from_json(&credentials)?;
                    CarrierAccount { credentials, ..known.clone() } == *account
                }
                None => false,
            };
            if !is_same {
                self.may_encrypt(tx).await?;
                let sealed = self.vault().encrypt(&store::codec::to_json(&account.credentials)?)?;
                tx.put_carrier_account(position, account, &sealed).await?;
                tx.expect_check(id, &account.id, self.now()).await?;
            }
            let known = self.connectors().iter().find(|known| known.profile().carrier == account.carrier);
            if known.is_some_and(|connector| connector.profile().takes_pushes) && !pushed.contains(&account.id) {
                self.may_encrypt(tx).await?;
                let token = self.random().token::<32>();
                tx.add_push_token(id, &account.id, &token, &self.vault().encrypt(&token)?).await?;
            }
            applied.count("carrier_account", !is_same);
        }
        Ok(())
    }

    /// Which kinds of bodies there are, only the dialect knows.
    fn check_variant(&self, tenant: &TenantId, webhook: &WebhookSetup) -> Result<()> {
        let Some(variant) = webhook.variant.as_deref() else { return Ok(()) };
        let known = self.event_body(webhook.dialect).map(|words| words.variants()).unwrap_or_default();
        if known.contains(&variant) {
            return Ok(());
        }
        let expected = match known {
            [] => "none: its bodies are of one kind".to_owned(),
            known => format!("one of {}", known.join(", ")),
        };
        let text = format!("{variant:?} is no variant of {}: expected {expected}", webhook.dialect);
        Err(Error::invalid(format!("tenant[{tenant}].webhook[{}].variant", webhook.url), text))
    }

    /// What an endpoint knows its caller by, if that can be read.
    fn authentication_of(&self, known: &EndpointRow) -> Option<Authentication> {
        let (text, _) = self.vault().open(known.authentication.as_deref()?)?;
        let (header, value): (String, String) = store::codec::from_json(&text).ok()?;
        Some(Authentication { header, value: Secret::new(value) })
    }

    fn seal(&self, authentication: &Authentication) -> Result<Vec<u8>> {
        let pair = (authentication.header.as_str(), authentication.value.reveal());
        self.vault().encrypt(&store::codec::to_json(&pair)?)
    }

    pub(crate) async fn apply_webhooks(
        &self,
        tx: &mut SetupTx<'_, '_>,
        tenant: &TenantId,
        webhooks: &[WebhookSetup],
        ids: &mut impl Iterator<Item = EndpointId>,
        applied: &mut Applied,
    ) -> Result<()> {
        let stored = tx.webhook_endpoints(tenant).await?;
        for webhook in webhooks {
            self.check_variant(tenant, webhook)?;
            let new_id = ids.next().ok_or_else(|| Error::internal("an id for each endpoint"))?;
            let is_it = |known: &&EndpointRow| {
                known.url == webhook.url && known.dialect == webhook.dialect && known.channel.is_none()
            };
            let known = stored.iter().find(is_it);
            let known_secret = known.and_then(|known| self.vault().open(&known.secret)).map(|(secret, _)| secret);
            let is_same_secret = known_secret.as_deref() == Some(webhook.secret.reveal());
            let is_same = is_same_secret
                && known.is_some_and(|known| {
                    known.events == webhook.events
                        && known.concurrency == webhook.concurrency
                        && known.variant == webhook.variant
                        && known.mode == webhook.mode
                        && known.description == webhook.description
                        && self.authentication_of(known).as_ref() == webhook.authentication.as_ref()
                });
            if !is_same {
                self.may_encrypt(tx).await?;
                // While receivers change over, the secret that was in force signs too.
                let previous = match known {
                    Some(known) if is_same_secret => known.previous.clone(),
                    Some(known) if known_secret.is_some() => {
                        Some((known.secret.clone(), clock::later(self.now(), CHANGE_OVER)))
                    }
                    _ => None,
                };
                let row = EndpointRow {
                    previous,
                    concurrency: webhook.concurrency,
                    variant: webhook.variant.clone(),
                    authentication: match (known, &webhook.authentication) {
                        (_, None) => None,
                        (Some(known), Some(wanted)) if self.authentication_of(known).as_ref() == Some(wanted) => {
                            known.authentication.clone()
                        }
                        (_, Some(wanted)) => Some(self.seal(wanted)?),
                    },
                    mode: webhook.mode,
                    description: webhook.description.clone(),
                    id: known.map_or(new_id, |known| known.id),
                    url: webhook.url.clone(),
                    dialect: webhook.dialect,
                    channel: None,
                    events: webhook.events.clone(),
                    // What is sealed anew looks changed, so only what is changed is.
                    secret: match known {
                        Some(known) if is_same_secret => known.secret.clone(),
                        _ => self.vault().encrypt(webhook.secret.reveal())?,
                    },
                };
                tx.put_webhook_endpoint(&row).await?;
            }
            applied.count("webhook", !is_same);
        }
        Ok(())
    }

    /// Whether whoever runs the installation may make tenants through the API.
    pub fn has_installation_secret(&self) -> bool {
        self.options().installation_secret.is_some()
    }

    /// Whether this is the installation's secret.
    pub fn is_installation_secret(&self, sent: &Secret) -> bool {
        let known = self.options().installation_secret.as_ref();
        known.is_some_and(|known| equal_secretly(known.reveal().as_bytes(), sent.reveal().as_bytes()))
    }

    /// Every tenant, by id.
    pub async fn tenants(&self) -> Result<Vec<Tenant>> {
        self.store().read_list(async |tx| tx.tenants().await).await
    }

    /// Makes a tenant with a key that may do everything, or what the draft says. One with the id is a conflict.
    pub async fn create_tenant(&self, draft: TenantDraft) -> Result<(Tenant, IssuedKey)> {
        let tenant = Tenant {
            id: draft.id,
            name: draft.name,
            currency: draft.currency,
            time_zone: draft.time_zone,
            mode: draft.mode,
            default_weight: draft.default_weight,
            fallback_rate: None,
            customers: domain::customer::CustomerBook::default(),
            address_check: None,
            branding: None,
            notices: None,
        };
        let setup = TenantSetup {
            tenant: tenant.clone(),
            keys: Vec::new(),
            integrations: Vec::new(),
            locations: Vec::new(),
            carrier_accounts: Vec::new(),
            routing_rules: Vec::new(),
            webhooks: Vec::new(),
            logo: None,
        };
        let (name, scopes) = draft.key.unwrap_or_else(|| ("first".to_owned(), Scope::ALL.to_vec()));
        let key = self.fresh_key(&tenant.id, &name, scopes);
        let (app, signed, now) = (self.clone(), self.signed(Actor::operator()).await?, self.now());
        let issued = IssuedKey { public: key.key.public.clone(), secret: key.secret.clone(), older_until: None };
        self.store()
            .write(async move |tx| {
                let id = &setup.tenant.id;
                if tx.tenant(id).await?.is_some() {
                    return Err(Error::Conflict(format!("there is a tenant {:?} already", id.as_str())));
                }
                let make = async |tx: &mut SetupTx<'_, '_>| {
                    app.apply_tenant(tx, &setup, &mut std::iter::empty(), &mut Applied::default()).await?;
                    key.add(&app, tx, now).await
                };
                tx.change_setup(id, &signed, make).await
            })
            .await?;
        self.0.setup.forget();
        Ok((tenant, issued))
    }

    /// Gives an empty database the tenant `default` with one key; `None` when any key exists already.
    pub async fn first_start(&self) -> Result<Option<IssuedKey>> {
        if self.store().read(async |tx| tx.has_keys().await).await? {
            return Ok(None);
        }
        let unfit = || Error::internal("the default tenant is valid");
        let tenant = Tenant {
            id: TenantId::new("default").ok_or_else(unfit)?,
            name: "Default".to_owned(),
            currency: domain::money::Currency::new("EUR").ok_or_else(unfit)?,
            time_zone: "UTC".to_owned(),
            mode: Mode::Live,
            default_weight: None,
            fallback_rate: None,
            customers: domain::customer::CustomerBook::default(),
            address_check: None,
            branding: None,
            notices: None,
        };
        let id = tenant.id.clone();
        let integration = IntegrationSetup { id: 1, name: "Shop".to_owned(), order_ids_as_numbers: false };
        let setup = TenantSetup {
            tenant,
            keys: Vec::new(),
            integrations: vec![integration],
            locations: Vec::new(),
            carrier_accounts: Vec::new(),
            routing_rules: Vec::new(),
            webhooks: Vec::new(),
            logo: None,
        };
        self.apply(SetupFile { tenants: vec![setup] }).await?;
        match self.create_key(Actor::operator(), &id, "first", Scope::ALL.to_vec()).await {
            // Another node was first, and has printed its key.
            Err(Error::Conflict(_)) => Ok(None),
            made => made.map(Some),
        }
    }

    /// Whether the store answers.
    pub async fn is_ready(&self) -> Result<()> {
        self.store().read(async |tx| tx.setup_version().await).await.map(drop)
    }
}
