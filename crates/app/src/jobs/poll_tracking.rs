//! Asks carriers what happened to parcels: one lane a carrier account, so that one that hangs holds up no other.
//!
//! Reports are stored once each, so a turn that was cut off is simply done again.

use std::time::Duration;

use domain::connector::{Connection, Trace, TrackRequest};
use domain::error::CarrierError;
use domain::ids::{ParcelId, ShipmentId};
use domain::shipment::Shipment;
use domain::tenant::TenantId;
use domain::tracking::{TrackingReport, next_look};
use domain::{Result, Timestamp};
use futures::StreamExt as _;
use store::lanes::{Lane, TRACKING};

use super::Outcome;
use super::lanes::{Kind, LEASE};
use crate::tenants::TenantSetup;
use crate::{App, clock};

/// Parcels that a carrier is asked about at once.
const AT_ONCE: usize = 8;

/// The longest that one question may take.
const LONGEST: Duration = Duration::from_secs(25);

/// How long an account rests at most when no parcel is due earlier: a booking that saw the lane awake is found then.
const REST: Duration = Duration::from_mins(30);

/// How long a parcel waits that alone got no answer.
const AGAIN: Duration = Duration::from_mins(5);

/// How long an account is held after its first failure; doubled with each further one.
const HOLD: Duration = Duration::from_secs(30);

/// How long an account is held at most, whatever a carrier asks for.
const LONGEST_HOLD: Duration = Duration::from_hours(6);

const KIND: Kind =
    Kind { name: TRACKING, wake: |app| &app.wakes().tracking, turn: |app, lane| Box::pin(turn(app, lane)) };

pub(super) async fn run(app: &App) -> Result<Outcome> {
    super::lanes::run(app, &KIND).await
}

/// What came of asking about one parcel.
struct Look {
    shipment: Shipment,
    parcel: ParcelId,
    answer: std::result::Result<Vec<TrackingReport>, CarrierError>,
}

async fn turn(app: &App, mut lane: Lane) -> Result<()> {
    let setup = app.tenant_setup(&lane.tenant).await?;
    let account = setup.as_ref().and_then(|setup| setup.account(&lane.key));
    let asked = account.filter(|account| account.profile.is_some_and(|profile| profile.can_track));
    let connection = asked.and_then(|account| account.connection.clone());
    let (Some(setup), Some(connection)) = (&setup, connection) else {
        return app.store().write(async move |tx| tx.release_lane(&lane, None).await).await.map(drop);
    };
    let began = tokio::time::Instant::now();
    let mut hold = None;
    while hold.is_none() && began.elapsed() < LEASE / 2 && !app.is_stopping() {
        let (tenant, key, now) = (lane.tenant.clone(), lane.key.clone(), app.now());
        let due = app.store().read(async move |tx| tx.parcels_to_look_at(&tenant, &key, now, AT_ONCE).await).await?;
        if due.is_empty() {
            break;
        }
        let looks = due.into_iter().map(|(shipment, parcel, _)| {
            let (tenant, connection) = (&lane.tenant, connection.as_ref());
            async move { look(app, tenant, connection, shipment, parcel).await }
        });
        let looks: Vec<_> = futures::stream::iter(looks).buffer_unordered(AT_ONCE).collect().await;
        hold = store_looks(app, setup, &mut lane, looks).await?;
    }
    let rested = clock::later(app.now(), REST);
    app.store()
        .write(async move |tx| {
            let next = tx.next_look_of_account(&lane.tenant, &lane.key).await?;
            let due_at = hold.unwrap_or_else(|| next.map_or(rested, |next| next.min(rested)));
            tx.release_lane(&lane, Some(due_at)).await
        })
        .await
        .map(drop)
}

async fn look(
    app: &App,
    tenant: &TenantId,
    connection: &dyn Connection,
    shipment: ShipmentId,
    parcel: ParcelId,
) -> Result<Option<Look>> {
    let owner = tenant.clone();
    let found = app.store().read(async move |tx| tx.shipment(&owner, shipment).await).await?;
    let Some(shipment) = found else { return Ok(None) };
    let found = shipment.parcels.iter().find(|known| known.id == parcel);
    let found = found.and_then(|parcel| Some((parcel.tracking_number.clone()?, parcel.tracking)));
    let (Some((tracking_number, known)), Some(booked_at)) = (found, shipment.details.booked_at) else {
        let answer = Err(CarrierError::Unsupported("a parcel without a number".to_owned()));
        return Ok(Some(Look { shipment, parcel, answer }));
    };
    let ask = TrackRequest {
        tracking_number,
        known,
        reference: shipment.details.reference.clone(),
        recipient: shipment.details.recipient.clone(),
        booked_at,
        now: app.now(),
    };
    let trace = Trace::default();
    let limit = app.options().carrier_timeout.min(LONGEST);
    let account = &shipment.details.service.account;
    let answer = app.ask_carrier(tenant, account, "track", limit, connection.track(&ask, &trace)).await;
    Ok(Some(Look { shipment, parcel, answer }))
}

/// Stores what came and says when each parcel is looked at next; the answer is until when the account is held.
async fn store_looks(
    app: &App,
    setup: &TenantSetup,
    lane: &mut Lane,
    looks: Vec<Result<Option<Look>>>,
) -> Result<Option<Timestamp>> {
    let (mut plans, mut silent) = (Vec::new(), Vec::new());
    let (mut is_down, mut wait) = (false, None);
    for look in looks {
        let Some(Look { shipment, parcel, answer }) = look? else { continue };
        let now = app.now();
        let status_of =
            |shipment: &Shipment| shipment.parcels.iter().find(|known| known.id == parcel).map(|p| p.tracking);
        let plan = |shipment: &Shipment| next_look(status_of(shipment)?, shipment.details.booked_at?, now);
        match answer {
            Ok(reports) => {
                let reports: Vec<_> = reports.into_iter().map(|report| (parcel, report)).collect();
                let shipment = if reports.is_empty() {
                    shipment
                } else {
                    app.store_reports(&lane.tenant, setup, shipment, reports, None).await?
                };
                plans.push((parcel, plan(&shipment)));
            }
            Err(CarrierError::Unavailable { retry_after, .. }) => {
                silent.push(parcel);
                wait = wait.max(retry_after);
            }
            Err(error @ CarrierError::Credentials(_)) => {
                tracing::warn!(account = lane.key, %error, "account {} cannot be asked for tracking events", lane.key);
                silent.push(parcel);
                is_down = true;
            }
            Err(error) => {
                tracing::warn!(%parcel, %error, "the carrier tells nothing of {parcel}");
                plans.push((parcel, plan(&shipment)));
            }
        }
    }
    let now = app.now();
    is_down |= wait.is_some() || (plans.is_empty() && !silent.is_empty());
    if !plans.is_empty() {
        lane.health.succeeded(now);
    }
    let hold = is_down.then(|| {
        lane.health.failed(now);
        let own = HOLD * 2_u32.pow(lane.health.failures.min(7) - 1);
        clock::later(now, wait.map_or(own, Duration::from_secs).min(LONGEST_HOLD))
    });
    if !is_down {
        plans.extend(silent.into_iter().map(|parcel| (parcel, Some(clock::later(now, AGAIN)))));
    }
    let tenant = lane.tenant.clone();
    app.store().write(async move |tx| tx.plan_looks(&tenant, &plans).await).await?;
    Ok(hold)
}
