//! Channels: shown, changed and deleted by the dialect they belong to, and their logs.

use domain::channel::{Channel, ChannelNumber};
use domain::event::{About, EventKind};
use domain::ids::{EventId, LogId};
use domain::order::RawJson;
use domain::tenant::Scope;
use domain::{Error, Result};
use store::channels::ChannelLog;

use crate::{App, Caller, event};

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

    /// Changes what the dialect keeps of a channel.
    pub async fn edit_channel(
        &self,
        caller: &Caller,
        number: ChannelNumber,
        change: impl Fn(&Channel) -> Result<(String, RawJson)> + Send + Sync + 'static,
    ) -> Result<Channel> {
        caller.require(Scope::Setup)?;
        let (tenant, dialect, now) = (caller.tenant().clone(), caller.dialect, self.now());
        let event_id = self.one_id("events", EventId::new).await?;
        let channel = self
            .store()
            .write(async move |tx| {
                let found = tx.channel(&tenant, number).await?;
                let mut channel = found
                    .filter(|channel| channel.dialect == dialect && !channel.is_default)
                    .ok_or(Error::NotFound("channel"))?;
                (channel.name, channel.settings) = change(&channel)?;
                if tx.put_channel(&tenant, &channel).await? {
                    tx.raise_setup_version().await?;
                    let about = About { channel: Some(number.0), ..About::default() };
                    tx.emit(&tenant, &event(event_id, EventKind::ChannelUpdated, now, about)).await?;
                }
                Ok(channel)
            })
            .await?;
        self.0.setup.forget();
        self.wakes().events.notify_one();
        Ok(channel)
    }

    /// Forgets a channel; its orders stay.
    pub async fn delete_channel(&self, caller: &Caller, number: ChannelNumber) -> Result<()> {
        caller.require(Scope::Setup)?;
        self.channel(&self.as_reader(caller), number)?;
        let (tenant, now) = (caller.tenant().clone(), self.now());
        let event_id = self.one_id("events", EventId::new).await?;
        self.store()
            .write(async move |tx| {
                if !tx.drop_channel(&tenant, number).await? {
                    return Err(Error::NotFound("channel"));
                }
                tx.raise_setup_version().await?;
                let about = About { channel: Some(number.0), ..About::default() };
                tx.emit(&tenant, &event(event_id, EventKind::ChannelDeleted, now, about)).await
            })
            .await?;
        self.0.setup.forget();
        self.wakes().events.notify_one();
        Ok(())
    }

    /// Writes lines to a channel's log.
    pub async fn add_channel_logs(
        &self,
        caller: &Caller,
        number: ChannelNumber,
        bodies: Vec<RawJson>,
    ) -> Result<Vec<ChannelLog>> {
        caller.require(Scope::Write)?;
        self.channel(&self.as_reader(caller), number)?;
        let (tenant, now) = (caller.tenant().clone(), self.now());
        let ids = self.ids("channel_logs", bodies.len(), LogId::new).await?;
        let logs: Vec<_> = ids
            .into_iter()
            .zip(bodies)
            .map(|(id, body)| ChannelLog { id, channel: number, at: now, body })
            .collect();
        let written = logs.clone();
        self.store().write(async move |tx| tx.add_channel_logs(&tenant, &written).await).await?;
        Ok(logs)
    }

    /// Log lines, newest first, of one channel or of all, below (or, with the flag, above) an id.
    pub async fn channel_logs(
        &self,
        caller: &Caller,
        number: Option<ChannelNumber>,
        from: Option<(LogId, bool)>,
        limit: usize,
    ) -> Result<Vec<ChannelLog>> {
        caller.require(Scope::Read)?;
        if let Some(number) = number {
            self.channel(caller, number)?;
        }
        let tenant = caller.tenant().clone();
        self.store().read_list(async move |tx| tx.channel_logs(&tenant, number, from, limit).await).await
    }
}
