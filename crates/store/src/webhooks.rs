//! Webhook endpoints, deliveries and attempts.

use domain::channel::{ChannelNumber, Dialect};
use domain::ids::{DeliveryId, EndpointId, EventId};
use domain::tenant::TenantId;
use domain::webhook::{Attempt, Delivery, DeliveryStatus};
use domain::{Result, Timestamp};

use crate::codec::{from_json, id, known, to_json};
use crate::{Row, Tx, params};

/// An endpoint as a row holds it: the secret is encrypted.
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
}

/// What a row holds for an endpoint that hears of every channel.
const ALL_CHANNELS: i64 = 0;

fn endpoint(row: &Row) -> Result<EndpointRow> {
    Ok(EndpointRow {
        id: id(row.int(0)?, EndpointId::new)?,
        url: row.text(1)?,
        dialect: known(row.text(2)?.parse().ok(), "dialect")?,
        channel: Some(ChannelNumber(row.int(3)?)).filter(|channel| channel.0 != ALL_CHANNELS),
        events: from_json(&row.text(4)?)?,
        secret: row.bytes(5)?,
    })
}

fn delivery(row: &Row) -> Result<Delivery> {
    Ok(Delivery {
        id: id(row.int(0)?, DeliveryId::new)?,
        event: id(row.int(1)?, EventId::new)?,
        endpoint: id(row.int(2)?, EndpointId::new)?,
        part: row.int(3)? as u32,
        status: known(DeliveryStatus::parse(&row.text(4)?), "delivery status")?,
        body: row.bytes(5)?,
        attempts: row.int(6)? as u32,
        next_at: row.time(7)?,
    })
}

impl Tx<'_> {
    /// Every endpoint of a tenant, by id.
    pub async fn webhook_endpoints(&mut self, tenant: &TenantId) -> Result<Vec<EndpointRow>> {
        const ALL: &str = "
            select id, url, dialect, channel, events, secret from webhook_endpoints
            where tenant_id = $1 order by id";
        self.rows(ALL, &params![tenant.as_str()]).await?.iter().map(endpoint).collect()
    }

    /// Stores an endpoint, known by URL, dialect and channel; the id is used when it is new.
    pub async fn put_webhook_endpoint(&mut self, tenant: &TenantId, endpoint: &EndpointRow) -> Result<()> {
        const PUT: &str = "
            insert into webhook_endpoints (tenant_id, id, url, dialect, channel, events, secret)
            values ($1, $2, $3, $4, $5, $6, $7)
            on conflict (tenant_id, url, dialect, channel) do update set events = excluded.events, secret = excluded.secret";
        let params = params![
            tenant.as_str(),
            endpoint.id.number(),
            endpoint.url.as_str(),
            endpoint.dialect.as_str(),
            endpoint.channel.map_or(ALL_CHANNELS, |channel| channel.0),
            to_json(&endpoint.events)?,
            endpoint.secret.as_slice()
        ];
        self.execute(PUT, &params).await.map(drop)
    }

    /// Forgets an endpoint; its deliveries stay and are given up.
    pub async fn drop_webhook_endpoint(&mut self, tenant: &TenantId, endpoint: EndpointId) -> Result<()> {
        let sql = "delete from webhook_endpoints where tenant_id = $1 and id = $2";
        self.execute(sql, &params![tenant.as_str(), endpoint.number()]).await.map(drop)
    }

    /// Stores deliveries; one that exists for the same event and endpoint is left alone.
    pub async fn add_deliveries(&mut self, deliveries: &[(TenantId, Delivery)], now: Timestamp) -> Result<()> {
        const ADD: &str = "
            insert into webhook_deliveries
                (tenant_id, id, event_id, endpoint_id, part, status, body, attempts, next_at, created_at)
            values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
            on conflict (tenant_id, event_id, endpoint_id, part) do nothing";
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
                    now
                ]
                .to_vec()
            })
            .collect();
        self.execute_many(ADD, &rows).await.map(drop)
    }

    /// Deliveries that are due, over all tenants, the longest waiting first.
    pub async fn due_deliveries(&mut self, now: Timestamp, limit: usize) -> Result<Vec<(TenantId, Delivery)>> {
        const DUE: &str = "
            select id, event_id, endpoint_id, part, status, body, attempts, next_at, tenant_id from webhook_deliveries
            where status = 'waiting' and next_at <= $1 order by next_at, id limit $2";
        let rows = self.rows(DUE, &params![now, limit as i64]).await?;
        rows.iter().map(|row| Ok((known(TenantId::new(row.text(8)?), "tenant id")?, delivery(row)?))).collect()
    }

    /// When the next delivery is due, over all tenants.
    pub async fn next_delivery_at(&mut self) -> Result<Option<Timestamp>> {
        const NEXT: &str = "
            select next_at from webhook_deliveries where status = 'waiting' order by next_at, id limit 1";
        self.row(NEXT, &[]).await?.map(|row| row.time(0)).transpose()
    }

    /// Stores an attempt and how the delivery stands after it.
    pub async fn record_attempt(
        &mut self,
        tenant: &TenantId,
        delivery: DeliveryId,
        attempt: &Attempt,
        status: DeliveryStatus,
        next_at: Timestamp,
    ) -> Result<()> {
        const ADD: &str = "
            insert into webhook_attempts (tenant_id, delivery_id, number, body) values ($1, $2, $3, $4)
            on conflict (tenant_id, delivery_id, number) do nothing";
        let number = delivery.number();
        self.execute(ADD, &params![tenant.as_str(), number, attempt.number, to_json(attempt)?]).await?;
        const MARK: &str = "
            update webhook_deliveries set status = $3, attempts = $4, next_at = $5
            where tenant_id = $1 and id = $2";
        let params = params![tenant.as_str(), number, status.as_str(), attempt.number, next_at];
        self.execute(MARK, &params).await.map(drop)
    }

    /// Lets deliveries wait longer without counting an attempt.
    pub async fn postpone_deliveries(
        &mut self,
        tenant: &TenantId,
        deliveries: &[DeliveryId],
        next_at: Timestamp,
    ) -> Result<()> {
        const POSTPONE: &str = "
            update webhook_deliveries set next_at = $3 where tenant_id = $1 and id = $2 and status = 'waiting'";
        let rows: Vec<_> =
            deliveries.iter().map(|id| params![tenant.as_str(), id.number(), next_at].to_vec()).collect();
        self.execute_many(POSTPONE, &rows).await.map(drop)
    }

    /// The deliveries of one event, over all endpoints.
    pub async fn deliveries_of_event(&mut self, tenant: &TenantId, event: EventId) -> Result<Vec<Delivery>> {
        const ALL: &str = "
            select id, event_id, endpoint_id, part, status, body, attempts, next_at from webhook_deliveries
            where tenant_id = $1 and event_id = $2 order by id";
        self.rows(ALL, &params![tenant.as_str(), event.number()]).await?.iter().map(delivery).collect()
    }

    /// The attempts of one delivery, first one first.
    pub async fn attempts(&mut self, tenant: &TenantId, delivery: DeliveryId) -> Result<Vec<Attempt>> {
        const ALL: &str = "
            select body from webhook_attempts where tenant_id = $1 and delivery_id = $2 order by number";
        let rows = self.rows(ALL, &params![tenant.as_str(), delivery.number()]).await?;
        rows.iter().map(|row| from_json(&row.text(0)?)).collect()
    }
}
