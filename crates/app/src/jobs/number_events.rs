//! Gives committed events their feed position and makes the deliveries they cause, in one step.
//!
//! Ingest writes the event only, so it costs the same with ten endpoints; and a reader of the feed never misses an
//! event whose transaction was committed late.

use std::collections::{BTreeSet, HashMap};

use domain::ids::DeliveryId;
use domain::webhook::{Delivery, DeliveryStatus};
use domain::{Error, Result};

use super::{Outcome, deliver_webhooks};
use crate::App;
use crate::webhooks::lane_key;

/// Events of one run.
const BATCH: usize = 500;

pub(super) async fn run(app: &App) -> Result<Outcome> {
    let mut fresh = app.store().read(async move |tx| tx.new_events(BATCH).await).await?;
    if fresh.is_empty() {
        return Ok(Outcome::Done);
    }
    let is_full = fresh.len() == BATCH;
    // Ids come from blocks, so those of two nodes do not tell what happened first.
    fresh.sort_by_key(|(_, event)| (event.at, event.id));
    let now = app.now();
    let mut deliveries = Vec::new();
    for (tenant, event) in &fresh {
        let setup = app.tenant_setup(tenant).await?.ok_or(Error::NotFound("tenant"))?;
        let wanting: Vec<_> = setup.endpoints.iter().filter(|endpoint| endpoint.wants(event.kind.as_str())).collect();
        if wanting.is_empty() {
            continue;
        }
        let shows_labels = |dialect| app.event_body(dialect).is_some_and(|words| words.shows_labels());
        let is_shown = wanting.iter().any(|endpoint| shows_labels(endpoint.dialect));
        let news = app.news(tenant, event.clone(), is_shown).await?;
        let channel = news.channel();
        for endpoint in wanting.into_iter().filter(|endpoint| endpoint.channel.is_none() || endpoint.channel == channel)
        {
            let Some(words) = app.event_body(endpoint.dialect) else { continue };
            for (part, body) in words.bodies(&news, endpoint.variant.as_deref()).into_iter().enumerate() {
                deliveries.push((
                    tenant.clone(),
                    Delivery {
                        id: app.one_id("deliveries", DeliveryId::new).await?,
                        event: event.id,
                        endpoint: endpoint.id,
                        part: part as u32,
                        status: DeliveryStatus::Waiting,
                        body,
                        // Set when the event has its place.
                        position: 0,
                        attempts: 0,
                        next_at: now,
                        created_at: now,
                    },
                ));
            }
        }
    }
    let has_deliveries = !deliveries.is_empty();
    let kinds: Vec<_> = fresh.iter().map(|(_, event)| event.kind).collect();
    app.store()
        .write(async move |tx| {
            let mut last = HashMap::new();
            let mut positions = Vec::with_capacity(fresh.len());
            // On PostgreSQL a node whose lease ran out may have been here meanwhile.
            let unnumbered = tx.unnumbered(BATCH).await?;
            for (tenant, event) in fresh.iter().filter(|(_, event)| unnumbered.contains(&event.id.number())) {
                let position = match last.get(tenant) {
                    Some(position) => *position,
                    None => tx.last_position(tenant).await?,
                } + 1;
                last.insert(tenant, position);
                positions.push((tenant.clone(), event.id, position));
            }
            tx.number_events(&positions).await?;
            let places: HashMap<_, _> =
                positions.iter().map(|(tenant, event, position)| ((tenant, *event), *position)).collect();
            let mut placed = Vec::with_capacity(deliveries.len());
            let mut lanes = BTreeSet::new();
            for (tenant, delivery) in &deliveries {
                let Some(position) = places.get(&(tenant, delivery.event)) else { continue };
                placed.push((tenant.clone(), Delivery { position: *position, ..delivery.clone() }));
                lanes.insert((tenant.clone(), lane_key(delivery.endpoint)));
            }
            tx.add_deliveries(&placed).await?;
            let lanes: Vec<_> = lanes.into_iter().collect();
            tx.wake_lanes(deliver_webhooks::KIND, &lanes, now).await
        })
        .await?;
    for kind in kinds {
        metrics::counter!("waybill_events_total", "kind" => kind.as_str()).increment(1);
    }
    if has_deliveries {
        app.wakes().deliveries.notify_one();
    }
    Ok(if is_full { Outcome::Again } else { Outcome::Done })
}
