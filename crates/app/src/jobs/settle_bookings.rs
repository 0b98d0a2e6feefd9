//! Settles shipments whose lease ran out: whoever booked or cancelled them is gone, and the carrier may have acted.
//!
//! A carrier that surely did nothing, or that books once a reference, is asked again with the same reference; one that can
//! be searched is searched; any other leaves the shipment for a person, with an event that says so.

use std::time::Duration;

use domain::connector::Trace;
use domain::error::CarrierError;
use domain::event::{About, EventKind};
use domain::ids::{EventId, ShipmentId};
use domain::shipment::{Shipment, ShipmentStatus};
use domain::tenant::TenantId;
use domain::{Error, Result};
use futures::future::join_all;

use super::Outcome;
use crate::{App, event};

/// Shipments of one account in one turn.
const BATCH: usize = 50;

/// After this long an account's turn is over, so that a carrier that hangs does not outlive the job's lease.
const TURN: Duration = Duration::from_secs(20);

/// Accounts side by side: one that hangs holds up no other.
pub(super) async fn run(app: &App) -> Result<Outcome> {
    let now = app.now();
    let accounts = app.store().read(async move |tx| tx.abandoned_accounts(now).await).await?;
    let turns = accounts.into_iter().filter(|(tenant, account)| app.held_until(tenant, account).is_none());
    let turns = join_all(turns.map(async |(tenant, account)| settle_account(app, &tenant, &account).await)).await;
    turns.into_iter().collect::<Result<Vec<()>>>()?;
    Ok(Outcome::Done)
}

async fn settle_account(app: &App, tenant: &TenantId, account: &str) -> Result<()> {
    let (owner, of, now) = (tenant.clone(), account.to_owned(), app.now());
    let abandoned = app.store().read(async move |tx| tx.abandoned_shipments(&owner, &of, now, BATCH).await).await?;
    let began = tokio::time::Instant::now();
    for id in abandoned {
        if began.elapsed() >= TURN || app.held_until(tenant, account).is_some() {
            break;
        }
        if let Err(error) = settle(app, tenant, id).await {
            tracing::warn!(shipment = %id, %error, "shipment {id} is not settled yet");
        }
    }
    Ok(())
}

/// Takes the lease that ran out, so that no other runner asks the carrier too; `None` when somebody else did. The flag
/// says whether the carrier surely did nothing so far; on the row that ends here, since it is about to be asked.
async fn take_over(app: &App, tenant: &TenantId, id: ShipmentId) -> Result<Option<(Shipment, bool)>> {
    let (owner, now) = (tenant.clone(), app.now());
    let lease = app.lease_from(now);
    app.store()
        .write(async move |tx| {
            let Some(mut shipment) = tx.shipment(&owner, id).await? else { return Ok(None) };
            if shipment.lease_until.is_none_or(|until| until > now) {
                return Ok(None);
            }
            shipment.lease_until = Some(lease);
            let did_nothing = std::mem::take(&mut shipment.details.is_surely_unbooked);
            tx.save_shipment(&owner, &shipment).await?;
            shipment.version += 1;
            Ok(Some((shipment, did_nothing)))
        })
        .await
}

async fn settle(app: &App, tenant: &TenantId, id: ShipmentId) -> Result<()> {
    let Some((shipment, did_nothing)) = take_over(app, tenant, id).await? else { return Ok(()) };
    let setup = app.tenant_setup(tenant).await?.ok_or(Error::NotFound("tenant"))?;
    let account = setup.account(&shipment.details.service.account);
    let usable = account.and_then(|account| account.connection.clone().zip(account.profile));
    match (shipment.status, usable) {
        (ShipmentStatus::Booking, Some(_)) if did_nothing && shipment.details.cancel_wanted => {
            app.store_never_booked(tenant, &shipment).await.map(drop)
        }
        (ShipmentStatus::Booking, Some((_, profile))) if did_nothing || profile.books_once_a_reference => {
            app.book(tenant, shipment).await.map(drop)
        }
        (ShipmentStatus::Booking, Some((connection, profile))) => {
            let trace = Trace::default();
            match app.find_booking(tenant, &shipment, connection.as_ref(), &trace).await {
                Ok(Some(booking)) => {
                    app.store_booking(tenant, &shipment, booking, profile, trace.take()).await.map(drop)
                }
                Ok(None) if shipment.details.cancel_wanted => app.store_never_booked(tenant, &shipment).await.map(drop),
                Ok(None) => app.book(tenant, shipment).await.map(drop),
                Err(error) if error.is_unsure() => {
                    app.leave_unsure(tenant, &shipment, error, trace.take()).await.map(drop)
                }
                Err(error) => give_up(app, tenant, id, &error.to_string()).await,
            }
        }
        (ShipmentStatus::Cancelling, Some(_)) => app.finish_cancelling(tenant, &shipment).await.map(drop),
        (ShipmentStatus::Booking | ShipmentStatus::Cancelling, None) => {
            give_up(app, tenant, id, "the carrier account is gone or unusable").await
        }
        _ => give_up(app, tenant, id, "a lease on a shipment that nobody works on").await,
    }
}

/// Leaves a shipment for a person: no lease, and an event that says why.
async fn give_up(app: &App, tenant: &TenantId, id: ShipmentId, why: &str) -> Result<()> {
    let (owner, now) = (tenant.clone(), app.now());
    let event_id = app.one_id("events", EventId::new).await?;
    let why = why.to_owned();
    app.store()
        .write(async move |tx| {
            let Some(mut shipment) = tx.shipment(&owner, id).await? else { return Ok(()) };
            shipment.lease_until = None;
            shipment.modified_at = now;
            shipment.details.failure.get_or_insert_with(|| CarrierError::Unreadable(why.clone()));
            tx.save_shipment(&owner, &shipment).await?;
            let about = About {
                order: Some(shipment.order),
                shipment: Some(id),
                reason: Some(why.clone()),
                ..About::default()
            };
            tx.emit(&owner, &event(event_id, shipment.told_as(EventKind::ShipmentUnsettled), now, about)).await
        })
        .await
}
