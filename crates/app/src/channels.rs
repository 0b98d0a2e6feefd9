//! Channels: shown, changed and deleted by the dialect they belong to, and their logs.

use domain::channel::{Channel, ChannelNumber};
use domain::event::{About, EventKind};
use domain::ids::{EventId, LogId};
use domain::order::RawJson;
use domain::tenant::Scope;
use domain::{Error, Result, Timestamp};
pub use store::channels::ChannelLog;

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

    /// Changes a channel's name and what the dialect keeps of it. What `change` refuses comes back in its own words, and
    /// nothing is stored.
    pub async fn edit_channel<R: Send + 'static>(
        &self,
        caller: &Caller,
        number: ChannelNumber,
        change: impl Fn(&mut Channel) -> std::result::Result<(), R> + Send + Sync + 'static,
    ) -> Result<std::result::Result<Channel, R>> {
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
                if let Err(refusal) = change(&mut channel) {
                    return Ok(Err(refusal));
                }
                if tx.put_channel(&tenant, &channel).await? {
                    tx.raise_setup_version().await?;
                    let about = About { channel: Some(number.0), ..About::default() };
                    tx.emit(&tenant, &event(event_id, EventKind::ChannelUpdated, now, about)).await?;
                }
                Ok(Ok(channel))
            })
            .await?;
        self.0.setup.forget();
        self.wakes().events.notify_one();
        Ok(channel)
    }

    /// Forgets a channel; its orders stay.
    pub async fn delete_channel(&self, caller: &Caller, number: ChannelNumber) -> Result<()> {
        caller.require(Scope::Setup)?;
        self.channel(&caller.as_reader(), number)?;
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
