//! Channels and their logs.

use domain::channel::{Channel, ChannelNumber};
use domain::ids::LogId;
use domain::order::RawJson;
use domain::tenant::TenantId;
use domain::{Result, Timestamp};

use crate::codec::{id, known};
use crate::setup::SetupTx;
use crate::{Row, Tx, params};

/// One line of a channel's log.
#[derive(Clone, Debug, PartialEq)]
pub struct ChannelLog {
    /// Our id.
    pub id: LogId,
    /// The channel.
    pub channel: ChannelNumber,
    /// When it was written.
    pub at: Timestamp,
    /// What the dialect keeps of it, a JSON object.
    pub body: RawJson,
}

fn channel(row: &Row) -> Result<Channel> {
    Ok(Channel {
        number: ChannelNumber(row.int(0)?),
        dialect: known(row.text(1)?.parse().ok(), "dialect")?,
        name: row.text(2)?,
        settings: known(RawJson::new(row.text(3)?), "settings")?,
        is_default: row.bool(4)?,
    })
}

fn log(row: &Row) -> Result<ChannelLog> {
    Ok(ChannelLog {
        id: id(row.int(0)?, LogId::new)?,
        channel: ChannelNumber(row.int(1)?),
        at: row.time(2)?,
        body: known(RawJson::new(row.text(3)?), "log body")?,
    })
}

impl Tx<'_> {
    /// Every channel of a tenant, by number.
    pub async fn channels(&mut self, tenant: &TenantId) -> Result<Vec<Channel>> {
        const ALL: &str = "
            select number, dialect, name, settings, is_default from channels where tenant_id = $1 order by number";
        self.rows(ALL, &params![tenant.as_str()]).await?.iter().map(channel).collect()
    }

    /// One channel, for changing it.
    pub async fn channel(&mut self, tenant: &TenantId, number: ChannelNumber) -> Result<Option<Channel>> {
        const ONE: &str = "
            select number, dialect, name, settings, is_default from channels where tenant_id = $1 and number = $2";
        self.row(ONE, &params![tenant.as_str(), number.0]).await?.as_ref().map(channel).transpose()
    }

    /// Writes a line to a channel's log.
    pub async fn add_channel_log(&mut self, tenant: &TenantId, log: &ChannelLog) -> Result<()> {
        const ADD: &str = "insert into channel_logs (tenant_id, id, channel, at, body) values ($1, $2, $3, $4, $5)";
        let params = params![tenant.as_str(), log.id.number(), log.channel.0, log.at, log.body.as_str()];
        self.execute(ADD, &params).await.map(drop)
    }

    /// Log lines, newest first, of one channel or of all, below an id.
    pub async fn channel_logs(
        &mut self,
        tenant: &TenantId,
        channel: Option<ChannelNumber>,
        below: Option<LogId>,
        limit: usize,
    ) -> Result<Vec<ChannelLog>> {
        const OF_ONE: &str = "
            select id, channel, at, body from channel_logs where tenant_id = $1 and id < $2 and channel = $4
            order by id desc limit $3";
        const OF_ALL: &str = "
            select id, channel, at, body from channel_logs where tenant_id = $1 and id < $2
            order by id desc limit $3";
        let mut params =
            params![tenant.as_str(), below.map_or(domain::ids::MAX_ID + 1, LogId::number), limit as i64].to_vec();
        let sql = match channel {
            None => OF_ALL,
            Some(channel) => {
                params.push(channel.0.into());
                OF_ONE
            }
        };
        self.rows(sql, &params).await?.iter().map(log).collect()
    }
}

impl SetupTx<'_, '_> {
    /// Stores a channel; true when something changed.
    pub async fn put_channel(&mut self, channel: &Channel) -> Result<bool> {
        const PUT: &str = "
            insert into channels (tenant_id, number, dialect, name, settings, is_default)
            values ($1, $2, $3, $4, $5, $6)
            on conflict (tenant_id, number) do update
            set dialect = excluded.dialect, name = excluded.name, settings = excluded.settings
            where channels.dialect <> excluded.dialect or channels.name <> excluded.name
                or channels.settings <> excluded.settings";
        let changed = self
            .tx
            .execute(
                PUT,
                &params![
                    self.tenant.as_str(),
                    channel.number.0,
                    channel.dialect.as_str(),
                    channel.name.as_str(),
                    channel.settings.as_str(),
                    channel.is_default
                ],
            )
            .await?;
        Ok(changed > 0)
    }

    /// Forgets a channel; its orders stay. True when there was one.
    pub async fn drop_channel(&mut self, number: ChannelNumber) -> Result<bool> {
        let sql = "delete from channels where tenant_id = $1 and number = $2";
        Ok(self.tx.execute(sql, &params![self.tenant.as_str(), number.0]).await? > 0)
    }
}
