//! Looks at the shipping addresses of orders whose tenant wants that. One that nobody can look at now waits for a minute.

use std::time::Duration;

use domain::error::CarrierError;
use domain::ids::OrderId;
use domain::tenant::TenantId;
use domain::{Result, Timestamp};

use super::Outcome;
use crate::{App, clock};

/// Orders in one turn.
const BATCH: usize = 50;

/// After this long a turn is over, so that a slow geocoder does not outlive the job's lease.
const TURN: Duration = Duration::from_secs(20);

/// How long an address waits that nobody could look at.
const AGAIN: u64 = 60;

pub(super) async fn run(app: &App) -> Result<Outcome> {
    let now = app.now();
    let due = app.store().read(async move |tx| tx.addresses_due(now, BATCH).await).await?;
    let (began, count) = (tokio::time::Instant::now(), due.len());
    for (done, (tenant, id)) in due.into_iter().enumerate() {
        if began.elapsed() >= TURN {
            return Ok(if done == 0 { Outcome::Done } else { Outcome::Again });
        }
        look(app, &tenant, id).await?;
    }
    Ok(if count == BATCH { Outcome::Again } else { Outcome::Done })
}

async fn look(app: &App, tenant: &TenantId, id: OrderId) -> Result<()> {
    let setup = app.tenant_setup(tenant).await?;
    let owner = tenant.clone();
    let order = app.store().read(async move |tx| tx.order(&owner, id).await).await?;
    let wanted = setup.filter(|setup| setup.tenant.address_check.is_some());
    let (Some(setup), Some(order)) = (wanted, order) else { return put_off(app, tenant, id, None).await };
    let is_known = order.address_check().is_some_and(|check| check.finding.is_some());
    let Some(address) = order.details.shipping_address.as_ref().filter(|_| !is_known) else {
        return put_off(app, tenant, id, None).await;
    };
    match app.look_at(&setup, address).await {
        Ok(finding) => app.keep_finding(tenant, &order, finding).await,
        Err(error) => {
            tracing::warn!(order = %id, %error, "the address of {id} cannot be looked at now");
            let wait = match error {
                CarrierError::Unavailable { retry_after: Some(seconds), .. } => seconds.clamp(1, 3600),
                _ => AGAIN,
            };
            put_off(app, tenant, id, Some(clock::later(app.now(), Duration::from_secs(wait)))).await
        }
    }
}

async fn put_off(app: &App, tenant: &TenantId, id: OrderId, due: Option<Timestamp>) -> Result<()> {
    let tenant = tenant.clone();
    app.store().write(async move |tx| tx.check_addresses_at(&tenant, &[id], due).await).await
}
