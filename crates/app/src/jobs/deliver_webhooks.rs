//! Sends what is due: endpoints side by side, each endpoint's deliveries one after another in the order of their events.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::Result;
use domain::ids::EndpointId;
use domain::tenant::TenantId;
use domain::webhook::{Attempt, Delivery, DeliveryStatus};
use futures::future::join_all;

use super::Outcome;
use crate::{App, clock};

/// Deliveries of one run.
const BATCH: usize = 200;

/// After this long an endpoint's turn is over, so that a slow one does not hold up the others, nor the job outlive its
/// lease; what is left stays due.
const TURN: Duration = Duration::from_secs(30);

pub(super) async fn run(app: &App) -> Result<Outcome> {
    let now = app.now();
    let due = app.store().read(async move |tx| tx.due_deliveries(now, BATCH).await).await?;
    if due.is_empty() {
        let next = app.store().read(async move |tx| tx.next_delivery_at().await).await?;
        return Ok(next.map_or(Outcome::Done, Outcome::Later));
    }
    let mut by_endpoint: BTreeMap<(TenantId, EndpointId), Vec<Delivery>> = BTreeMap::new();
    for (tenant, delivery) in due {
        by_endpoint.entry((tenant, delivery.endpoint)).or_default().push(delivery);
    }
    let sent = join_all(by_endpoint.into_iter().map(|((tenant, endpoint), mut deliveries)| async move {
        deliveries.sort_by_key(|delivery| (delivery.event, delivery.part));
        deliver_all(app, &tenant, endpoint, deliveries).await
    }));
    sent.await.into_iter().collect::<Result<Vec<()>>>()?;
    Ok(Outcome::Again)
}

/// How long what waits behind a silent endpoint waits on.
const PAUSE: Duration = Duration::from_mins(1);

async fn deliver_all(app: &App, tenant: &TenantId, endpoint: EndpointId, deliveries: Vec<Delivery>) -> Result<()> {
    let setup = app.tenant_setup(tenant).await?;
    let known = setup.as_ref().and_then(|setup| setup.endpoints.iter().find(|known| known.id == endpoint));
    let began = tokio::time::Instant::now();
    let mut deliveries = deliveries.into_iter();
    while let Some(delivery) = deliveries.next() {
        if began.elapsed() >= TURN {
            break;
        }
        let (attempt, is_delivered) = if let Some(known) = known {
            app.send(known, &delivery).await
        } else {
            let note = Some("the endpoint is gone".to_owned());
            let attempt = Attempt { number: delivery.attempts + 1, at: app.now(), duration_ms: 0, status: None, note };
            (attempt, false)
        };
        let is_down = known.is_some() && attempt.status.is_none();
        let (status, next_at) = match known {
            Some(_) => crate::webhooks::after_attempt(&attempt, is_delivered),
            None => (DeliveryStatus::Failed, attempt.at),
        };
        let (owner, id) = (tenant.clone(), delivery.id);
        app.store().write(async move |tx| tx.record_attempt(&owner, id, &attempt, status, next_at).await).await?;
        if is_down {
            // What waits behind a delivery that got no answer waits on, and uses up no attempt.
            let behind: Vec<_> = deliveries.by_ref().map(|delivery| delivery.id).collect();
            let (owner, next_at) = (tenant.clone(), clock::later(app.now(), PAUSE));
            app.store().write(async move |tx| tx.postpone_deliveries(&owner, &behind, next_at).await).await?;
        }
    }
    Ok(())
}
