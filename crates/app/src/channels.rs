//! Channels: shown, changed and deleted by the dialect they belong to, and their logs.

use domain::channel::{Channel, ChannelNumber, Dialect};
use domain::error::{Problem, Rule};
use domain::event::{About, EventKind};
use domain::ids::{EndpointId, EventId, LogId};
use domain::order::RawJson;
use domain::secret::Secret;
use domain::tenant::{Scope, TenantId};
use domain::{Error, Result, Timestamp};
pub use store::channels::ChannelLog;
use store::setup::SetupTx;
use store::webhooks::EndpointRow;

use crate::{App, Caller, event, guard};

/// What becomes of a channel's own webhook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChannelHook {
    /// It stays as it is.
    Keep,
    /// There is none from now on.
    Off,
    /// It goes to this URL.
    On(String),
}

impl App {
    /// The channels of the caller's dialect, by number.
    pub fn channels(&self, caller: &Caller) -> Result<Vec<Channel>> {
        caller.require(Scope::Read)?;
        let of_dialect = |channel: &&Channel| channel.dialect == caller.dialect && !channel.is_default;
        Ok(caller.setup.channels.iter().filter(of_dialect).cloned().collect())
    }

    /// One channel of the caller's dialect.
    pub fn channel(&self, caller: &Caller, number: ChannelNumber) -> Result<Channel> {
        let found = self.channels(caller)?.into_iter().find(|channel| channel.number == number);
        found.ok_or(Error::NotFound("channel"))
    }

    /// Every channel of the tenant, whosever dialect it belongs to, by number.
    pub fn all_channels(&self, caller: &Caller) -> Result<Vec<Channel>> {
        caller.require(Scope::Read)?;
        Ok(caller.setup.channels.clone())
    }

    /// One channel, whosever dialect it belongs to.
    pub fn any_channel(&self, caller: &Caller, number: ChannelNumber) -> Result<Channel> {
        let found = self.all_channels(caller)?.into_iter().find(|channel| channel.number == number);
        found.ok_or(Error::NotFound("channel"))
    }

    /// Makes a numbered channel, which the Sendcloud dialect calls an integration: the number that is wanted, else the next
    /// that is free.
    pub async fn create_integration(&self, caller: &Caller, number: Option<i64>, name: &str) -> Result<Channel> {
        caller.require(Scope::Setup)?;
        let (tenant, name, now) = (caller.tenant().clone(), name.to_owned(), self.now());
        let event_id = self.one_id("events", EventId::new).await?;
        let settings = RawJson::new("{}".to_owned()).ok_or_else(|| Error::internal("settings are JSON"))?;
        let number = self
            .change_setup(caller, async move |tx| {
                let known = tx.channels(&tenant).await?;
                let numbered =
                    known.iter().map(|channel| channel.number.0).filter(|id| *id < ChannelNumber::FIRST_OF_OURS);
                let number = number.unwrap_or_else(|| numbered.max().unwrap_or(0) + 1);
                if known.iter().any(|channel| channel.number.0 == number) {
                    let text = format!("there is a channel {number} already");
                    return Err(Error::Invalid(vec![Problem::of(Rule::Taken, "number", text)]));
                }
                if !(1..ChannelNumber::FIRST_OF_OURS).contains(&number) {
                    return Err(Error::invalid("number", format!("{number}: expected 1 to 999999")));
                }
                let channel = Channel {
                    number: ChannelNumber(number),
                    dialect: Dialect::Sendcloud,
                    name: name.clone(),
                    settings: settings.clone(),
                    is_default: false,
                };
                tx.put_channel(&channel).await?;
                let about = About { channel: Some(number), ..About::default() };
                tx.tell_by(event(event_id, EventKind::ChannelConnected, now, about));
                Ok(number)
            })
            .await?;
        let setup = self.tenant_setup(caller.tenant()).await?.ok_or(Error::NotFound("tenant"))?;
        setup.channel(ChannelNumber(number)).cloned().ok_or(Error::NotFound("channel"))
    }

    /// The caller as a client of the dialect a channel belongs to, so that it may change the channel.
    pub fn as_owner_of(&self, caller: &Caller, number: ChannelNumber) -> Result<Caller> {
        let channel = self.any_channel(&caller.as_reader(), number)?;
        if channel.is_default {
            return Err(Error::Conflict("this channel belongs to its dialect and stays as it is".to_owned()));
        }
        Ok(Caller { dialect: channel.dialect, ..caller.clone() })
    }

    /// Changes a channel's name and what the dialect keeps of it, and with it the channel's own webhook. What `change`
    /// refuses comes back in its own words, and nothing is stored.
    pub async fn edit_channel<R: Send + 'static>(
        &self,
        caller: &Caller,
        number: ChannelNumber,
        change: impl Fn(&mut Channel) -> std::result::Result<ChannelHook, R> + Send + Sync + 'static,
    ) -> Result<std::result::Result<Channel, R>> {
        caller.require(Scope::Setup)?;
        let (tenant, dialect, now) = (caller.tenant().clone(), caller.dialect, self.now());
        let event_id = self.one_id("events", EventId::new).await?;
        let endpoint_id = self.one_id("endpoints", EndpointId::new).await?;
        let (app, secret) = (self.clone(), caller.secret.clone());
        self.change_setup_if(caller, async move |tx| {
            let found = tx.channel(&tenant, number).await?;
            let mut channel = found
                .filter(|channel| channel.dialect == dialect && !channel.is_default)
                .ok_or(Error::NotFound("channel"))?;
            let hook = match change(&mut channel) {
                Ok(hook) => hook,
                Err(refusal) => return Ok(Err(refusal)),
            };
            let is_hooked = app.set_channel_hook(tx, &tenant, &channel, &hook, secret.as_ref(), endpoint_id).await?;
            if tx.put_channel(&channel).await? || is_hooked {
                let about = About { channel: Some(number.0), ..About::default() };
                tx.tell_by(event(event_id, EventKind::ChannelUpdated, now, about));
            }
            Ok(Ok(channel))
        })
        .await
    }

    /// Makes a channel's own webhook so; true when something changed. Its deliveries are signed with the secret of the key
    /// that switched it on.
    async fn set_channel_hook(
        &self,
        tx: &mut SetupTx<'_, '_>,
        tenant: &TenantId,
        channel: &Channel,
        hook: &ChannelHook,
        secret: Option<&Secret>,
        new_id: EndpointId,
    ) -> Result<bool> {
        let own: Vec<_> = tx.webhook_endpoints(tenant).await?;
        let own: Vec<_> = own.into_iter().filter(|endpoint| endpoint.channel == Some(channel.number)).collect();
        let url = match hook {
            ChannelHook::Keep => return Ok(false),
            ChannelHook::Off => None,
            ChannelHook::On(url) => Some(url),
        };
        if let (Some(url), [known]) = (url, own.as_slice())
            && known.url == *url
        {
            return Ok(false);
        }
        if let Some(text) = url.and_then(|url| guard::mistake(url, self.options().allow_private_webhooks)) {
            return Err(Error::invalid("webhook_url", text));
        }
        for endpoint in &own {
            tx.drop_webhook_endpoint(endpoint.id).await?;
        }
        let Some(url) = url else { return Ok(!own.is_empty()) };
        let sealed = match (secret, own.first()) {
            (Some(secret), _) => {
                self.may_encrypt(tx).await?;
                self.vault().encrypt(secret.reveal())?
            }
            (None, Some(known)) => known.secret.clone(),
            (None, None) => {
                let text = "send the key itself to switch a webhook on: its secret signs the deliveries";
                return Err(Error::invalid("webhook_active", text));
            }
        };
        let endpoint = EndpointRow {
            authentication: None,
            mode: None,
            description: None,
            id: new_id,
            url: url.clone(),
            dialect: channel.dialect,
            channel: Some(channel.number),
            events: vec!["*".to_owned()],
            secret: sealed,
            previous: None,
            concurrency: 1,
            variant: None,
        };
        tx.put_webhook_endpoint(&endpoint).await?;
        Ok(true)
    }

    /// Forgets a channel and its webhook; its orders stay.
    pub async fn delete_channel(&self, caller: &Caller, number: ChannelNumber) -> Result<()> {
        caller.require(Scope::Setup)?;
        self.channel(&caller.as_reader(), number)?;
        let (tenant, now) = (caller.tenant().clone(), self.now());
        let event_id = self.one_id("events", EventId::new).await?;
        self.change_setup(caller, async move |tx| {
            if !tx.drop_channel(number).await? {
                return Err(Error::NotFound("channel"));
            }
            for endpoint in tx.webhook_endpoints(&tenant).await? {
                if endpoint.channel == Some(number) {
                    tx.drop_webhook_endpoint(endpoint.id).await?;
                }
            }
            let about = About { channel: Some(number.0), ..About::default() };
            tx.tell_by(event(event_id, EventKind::ChannelDeleted, now, about));
            Ok(())
        })
        .await
    }

    /// Writes a line to a channel's log, as of `at` or now.
    pub async fn add_channel_log(
        &self,
        caller: &Caller,
        number: ChannelNumber,
        at: Option<Timestamp>,
        body: RawJson,
    ) -> Result<ChannelLog> {
        caller.require(Scope::Write)?;
        self.channel(&caller.as_reader(), number)?;
        let id = self.one_id("channel_logs", LogId::new).await?;
        let log = ChannelLog { id, channel: number, at: at.unwrap_or_else(|| self.now()), body };
        let (tenant, written) = (caller.tenant().clone(), log.clone());
        self.store().write(async move |tx| tx.add_channel_log(&tenant, &written).await).await?;
        Ok(log)
    }

    /// Log lines, newest first, of one channel or of all, below an id.
    pub async fn channel_logs(
        &self,
        caller: &Caller,
        number: Option<ChannelNumber>,
        below: Option<LogId>,
        limit: usize,
    ) -> Result<Vec<ChannelLog>> {
        caller.require(Scope::Read)?;
        if let Some(number) = number {
            self.channel(caller, number)?;
        }
        let tenant = caller.tenant().clone();
        self.store().read_list(async move |tx| tx.channel_logs(&tenant, number, below, limit).await).await
    }
}
