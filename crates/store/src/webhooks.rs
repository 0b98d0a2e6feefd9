//! Webhook endpoints, deliveries and attempts.

use domain::channel::{ChannelNumber, Dialect};
use domain::ids::{DeliveryId, EndpointId, EventId};
use domain::tenant::{Mode, TenantId};
use domain::webhook::{Attempt, Delivery, DeliveryStatus};
use domain::{Result, Timestamp};

use crate::codec::{from_json, id, known, to_json};
use crate::setup::SetupTx;
use crate::{Row, Tx, params};

/// An endpoint as a row holds it: secrets are encrypted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndpointRow {
    /// Our id.
    pub id: EndpointId,
    /// Where.
    pub url: String,
    /// Whose event bodies it gets.
    pub dialect: Dialect,
    /// The only channel it hears of; all when `None`.
    pub channel: Option<ChannelNumber>,
    /// Which events.
    pub events: Vec<String>,
    /// The secret, encrypted.
    pub secret: Vec<u8>,
    /// The secret before it, encrypted, and until when it signs too.
    pub previous: Option<(Vec<u8>, Timestamp)>,
    /// Deliveries that may be under way at once.
    pub concurrency: u32,
    /// Which of its dialect's bodies it gets, in the dialect's own word.
    pub variant: Option<String>,
    /// The header that it knows its caller by and the value, as JSON, encrypted.
    pub authentication: Option<Vec<u8>>,
    /// Whether it hears of real shipments only, or of trial ones only.
    pub mode: Option<Mode>,
    /// What people call it.
    pub description: Option<String>,
}

/// What a row holds for an endpoint that hears of every channel.
const ALL_CHANNELS: i64 = 0;

pub(crate) const DELIVERY: &str =
    "id, event_id, endpoint_id, part, status, body, attempts, next_at, created_at, position";

fn endpoint(row: &Row) -> Result<EndpointRow> {
    Ok(EndpointRow {
        id: id(row.int(0)?, EndpointId::new)?,
        url: row.text(1)?,
        dialect: known(row.text(2)?.parse().ok(), "dialect")?,
        channel: Some(ChannelNumber(row.int(3)?)).filter(|channel| channel.0 != ALL_CHANNELS),
        events: from_json(&row.text(4)?)?,
        secret: row.bytes(5)?,
        previous: row.opt_bytes(6)?.zip(row.opt_time(7)?),
        concurrency: row.int(8)? as u32,
        variant: row.opt_text(9)?,
        authentication: row.opt_bytes(10)?,
        mode: row.opt_text(11)?.map(|text| known(Mode::parse(&text), "mode")).transpose()?,
        description: row.opt_text(12)?,
    })
}

pub(crate) fn delivery(row: &Row) -> Result<Delivery> {
    Ok(Delivery {
        id: id(row.int(0)?, DeliveryId::new)?,
        event: id(row.int(1)?, EventId::new)?,
        endpoint: id(row.int(2)?, EndpointId::new)?,
        part: row.int(3)? as u32,
        status: known(DeliveryStatus::parse(&row.text(4)?), "delivery status")?,
        body: row.bytes(5)?,
        attempts: row.int(6)? as u32,
        next_at: row.time(7)?,
        created_at: row.time(8)?,
        position: row.int(9)?,
    })
}

/// An attempt and how its delivery stands after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempted {
    /// The delivery.
    pub delivery: DeliveryId,
    /// The attempt.
    pub attempt: Attempt,
    /// How the delivery stands.
    pub status: DeliveryStatus,
    /// When it is tried next.
    pub next_at: Timestamp,
}

impl Tx<'_> {
    /// Every endpoint of a tenant, by id.
    pub async fn webhook_endpoints(&mut self, tenant: &TenantId) -> Result<Vec<EndpointRow>> {
        const ALL: &str = "
            select id, url, dialect, channel, events, secret, previous_secret, previous_until, concurrency, variant,
                authentication, mode, description
            from webhook_endpoints where tenant_id = $1 order by id";
        self.rows(ALL, &params![tenant.as_str()]).await?.iter().map(endpoint).collect()
    }

    /// Stores deliveries; one that exists for the same event and endpoint is left alone.
    pub async fn add_deliveries(&mut self, deliveries: &[(TenantId, Delivery)]) -> Result<()> {
        const COLUMNS: [&str; 11] = [
            "tenant_id",
            "id",
            "event_id",
            "endpoint_id",
            "part",
            "status",
            "body",
            "attempts",
            "next_at",
            "created_at",
            "position",
        ];
        let rows: Vec<_> = deliveries
            .iter()
            .map(|(tenant, delivery)| {
                params![
                    tenant.as_str(),
                    delivery.id.number(),
                    delivery.event.number(),
                    delivery.endpoint.number(),
                    delivery.part,
                    delivery.status.as_str(),
                    delivery.body.as_slice(),
                    delivery.attempts,
                    delivery.next_at,
                    delivery.created_at,
                    delivery.position
                ]
                .to_vec()
            })
            .collect();
        self.insert_missing("webhook_deliveries", &COLUMNS, &rows).await
    }

    /// What an endpoint should hear now, in the order of the feed, behind a position and part.
    pub async fn due_deliveries(
        &mut self,
        tenant: &TenantId,
        endpoint: EndpointId,
        now: Timestamp,
        after: Option<(i64, u32)>,
        limit: usize,
    ) -> Result<Vec<Delivery>> {
        let sql = format!(
            "select {DELIVERY} from webhook_deliveries
             where tenant_id = $1 and endpoint_id = $2 and status = 'waiting' and next_at <= $3
                 and (position, part) > ($4, $5)
             order by position, part limit $6"
        );
        let (position, part) = after.map_or((-1, 0), |(position, part)| (position, i64::from(part)));
        let ask = params![tenant.as_str(), endpoint, now, position, part, limit];
        self.rows(&sql, &ask).await?.iter().map(delivery).collect()
    }

    /// When an endpoint should hear something next.
    pub async fn next_delivery_at(&mut self, tenant: &TenantId, endpoint: EndpointId) -> Result<Option<Timestamp>> {
        const NEXT: &str = "
            select next_at from webhook_deliveries
            where tenant_id = $1 and endpoint_id = $2 and status = 'waiting' order by next_at limit 1";
        self.row(NEXT, &params![tenant.as_str(), endpoint]).await?.map(|row| row.time(0)).transpose()
    }

    /// Stores attempts and how their deliveries stand after them.
    pub async fn record_attempts(&mut self, tenant: &TenantId, attempted: &[Attempted]) -> Result<()> {
        let attempt = |one: &Attempted| {
            Ok(params![tenant.as_str(), one.delivery, one.attempt.number, to_json(&one.attempt)?].to_vec())
        };
        let attempts = attempted.iter().map(attempt).collect::<Result<Vec<_>>>()?;
        self.insert_missing("webhook_attempts", &["tenant_id", "delivery_id", "number", "body"], &attempts).await?;
        let mark = |one: &Attempted| {
            params![tenant.as_str(), one.delivery, one.status.as_str(), one.attempt.number, one.next_at].to_vec()
        };
        let marks: Vec<_> = attempted.iter().map(mark).collect();
        let sets = ["status", "attempts", "next_at"];
        self.update_all("webhook_deliveries", &["tenant_id", "id"], &sets, &marks).await
    }

    /// Makes what waits for an endpoint due at once, as after a pause.
    pub async fn hasten_deliveries(&mut self, tenant: &TenantId, endpoint: EndpointId, now: Timestamp) -> Result<()> {
        const HASTEN: &str = "
            update webhook_deliveries set next_at = $3
            where tenant_id = $1 and endpoint_id = $2 and status = 'waiting' and next_at > $3";
        self.execute(HASTEN, &params![tenant.as_str(), endpoint, now]).await.map(drop)
    }

    /// How many deliveries wait for an endpoint, counted to `most`.
    pub async fn waiting_deliveries(&mut self, tenant: &TenantId, endpoint: EndpointId, most: usize) -> Result<usize> {
        const WAITING: &str = "
            select position from webhook_deliveries
            where tenant_id = $1 and endpoint_id = $2 and status = 'waiting' limit $3";
        Ok(self.rows(WAITING, &params![tenant.as_str(), endpoint, most]).await?.len())
    }

    /// Deliveries of an endpoint behind an id, oldest first, all or those of one status.
    pub async fn deliveries_of_endpoint(
        &mut self,
        tenant: &TenantId,
        endpoint: EndpointId,
        status: Option<DeliveryStatus>,
        after: u64,
        limit: usize,
    ) -> Result<Vec<Delivery>> {
        let sql = format!(
            "select {DELIVERY} from webhook_deliveries
             where tenant_id = $1 and endpoint_id = $2 and id > $3 and (cast($4 as text) is null or status = $4)
             order by id limit $5"
        );
        let status = status.map(DeliveryStatus::as_str);
        let rows = self.rows(&sql, &params![tenant.as_str(), endpoint, after, status, limit]).await?;
        rows.iter().map(delivery).collect()
    }

    /// One delivery.
    pub async fn delivery(&mut self, tenant: &TenantId, delivery_id: DeliveryId) -> Result<Option<Delivery>> {
        let sql = format!("select {DELIVERY} from webhook_deliveries where tenant_id = $1 and id = $2");
        self.row(&sql, &params![tenant.as_str(), delivery_id]).await?.as_ref().map(delivery).transpose()
    }

    /// Makes deliveries wait to be sent again, at once.
    pub async fn resend_deliveries(
        &mut self,
        tenant: &TenantId,
        deliveries: &[DeliveryId],
        now: Timestamp,
    ) -> Result<()> {
        const RESEND: &str = "
            update webhook_deliveries set status = 'waiting', next_at = $3, created_at = $3
            where tenant_id = $1 and id = $2";
        let rows: Vec<_> = deliveries.iter().map(|id| params![tenant.as_str(), *id, now].to_vec()).collect();
        self.execute_many(RESEND, &rows).await.map(drop)
    }

    /// Deliveries of an endpoint behind an id whose events happened in a period, at most `limit` looked at; answers them
    /// and the last id looked at.
    pub async fn deliveries_of_period(
        &mut self,
        tenant: &TenantId,
        endpoint: EndpointId,
        period: (Timestamp, Timestamp),
        after: u64,
        limit: usize,
    ) -> Result<Vec<(DeliveryId, DeliveryStatus, bool)>> {
        const OF_PERIOD: &str = "
            select d.id, d.status, case when e.at >= $3 and e.at < $4 then cast(1 as bigint) else cast(0 as bigint) end
            from webhook_deliveries d join events e on e.tenant_id = d.tenant_id and e.id = d.event_id
            where d.tenant_id = $1 and d.endpoint_id = $2 and d.id > $5 order by d.id limit $6";
        let params = params![tenant.as_str(), endpoint, period.0, period.1, after, limit];
        let rows = self.rows(OF_PERIOD, &params).await?;
        rows.iter()
            .map(|row| {
                let status = known(DeliveryStatus::parse(row.str(1)?), "delivery status")?;
                Ok((id(row.int(0)?, DeliveryId::new)?, status, row.bool(2)?))
            })
            .collect()
    }

    /// The deliveries of one event, over all endpoints.
    pub async fn deliveries_of_event(&mut self, tenant: &TenantId, event: EventId) -> Result<Vec<Delivery>> {
        let sql =
            format!("select {DELIVERY} from webhook_deliveries where tenant_id = $1 and event_id = $2 order by id");
        self.rows(&sql, &params![tenant.as_str(), event.number()]).await?.iter().map(delivery).collect()
    }

    /// The attempts of one delivery, first one first.
    pub async fn attempts(&mut self, tenant: &TenantId, delivery: DeliveryId) -> Result<Vec<Attempt>> {
        const ALL: &str = "
            select body from webhook_attempts where tenant_id = $1 and delivery_id = $2 order by number";
        let rows = self.rows(ALL, &params![tenant.as_str(), delivery.number()]).await?;
        rows.iter().map(|row| from_json(&row.text(0)?)).collect()
    }
}

impl SetupTx<'_, '_> {
    /// Stores an endpoint, known by URL, dialect and channel; the id is used when it is new.
    pub async fn put_webhook_endpoint(&mut self, endpoint: &EndpointRow) -> Result<()> {
        const PUT: &str = "
            insert into webhook_endpoints
                (tenant_id, id, url, dialect, channel, events, secret, previous_secret, previous_until, concurrency,
                variant, authentication, mode, description)
            values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
            on conflict (tenant_id, url, dialect, channel) do update
            set events = excluded.events, secret = excluded.secret, previous_secret = excluded.previous_secret,
                previous_until = excluded.previous_until, concurrency = excluded.concurrency,
                variant = excluded.variant, authentication = excluded.authentication, mode = excluded.mode,
                description = excluded.description";
        let (previous, until) = endpoint.previous.as_ref().map(|(secret, until)| (secret.as_slice(), *until)).unzip();
        let params = params![
            self.tenant.as_str(),
            endpoint.id.number(),
            endpoint.url.as_str(),
            endpoint.dialect.as_str(),
            endpoint.channel.map_or(ALL_CHANNELS, |channel| channel.0),
            to_json(&endpoint.events)?,
            endpoint.secret.as_slice(),
            previous,
            until,
            endpoint.concurrency,
            endpoint.variant.as_deref(),
            endpoint.authentication.as_deref(),
            endpoint.mode.map(Mode::as_str),
            endpoint.description.as_deref()
        ];
        self.execute(PUT, &params).await.map(drop)
    }

    /// Forgets an endpoint; its deliveries stay and are given up.
    pub async fn drop_webhook_endpoint(&mut self, endpoint: EndpointId) -> Result<()> {
        let sql = "delete from webhook_endpoints where tenant_id = $1 and id = $2";
        self.tx.execute(sql, &params![self.tenant.as_str(), endpoint.number()]).await.map(drop)
    }
}
