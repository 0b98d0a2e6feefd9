//! Pushes: what carriers tell by themselves, at an address that each account has.
//!
//! A report is stored by the same function as one that was asked for, so repetition and order do not matter.

use domain::Error;
use domain::connector::{Push, PushError, Pushed};
use domain::shipment::ShipmentStatus;
use domain::tenant::TenantId;
use domain::tracking::TrackingStatus;

use crate::App;
use crate::tenants::{Account, TenantSetup};

/// Why a push was not taken.
#[derive(Clone, Debug, PartialEq)]
pub enum NotTaken {
    /// There is no such address.
    NoSuchAddress,
    /// It does not prove that it comes from the carrier.
    Forged,
    /// Nobody can read it; why.
    Unreadable(String),
    /// What it is about is not stored yet, or cannot be stored now: it is to be sent again.
    Later(Error),
}

impl From<Error> for NotTaken {
    fn from(error: Error) -> Self {
        Self::Later(error)
    }
}

impl App {
    /// Where the carrier of an account tells what happened.
    pub fn push_url(&self, account: &Account) -> Option<String> {
        let token = account.push_token.as_ref()?;
        Some(format!("{}/push/{}", self.options().public_url, token.reveal()))
    }

    /// Takes what came to a push address, and stores it before it is answered.
    pub async fn take_push(
        &self,
        token: &str,
        authorization: Option<&str>,
        body: &[u8],
    ) -> std::result::Result<(), NotTaken> {
        let asked = token.to_owned();
        let found = self.store().read(async move |tx| tx.account_by_push_token(&asked).await).await?;
        let (tenant, id) = found.ok_or(NotTaken::NoSuchAddress)?;
        let setup = self.tenant_setup(&tenant).await?.ok_or(NotTaken::NoSuchAddress)?;
        let connection = setup.account(&id).and_then(|account| account.connection.clone());
        let connection = connection.ok_or(NotTaken::NoSuchAddress)?;
        let pushed =
            connection.read_push(&Push { authorization, body, now: self.now() }).map_err(|error| match error {
                PushError::Forged => NotTaken::Forged,
                PushError::Unreadable(why) => NotTaken::Unreadable(why),
            })?;
        metrics::counter!("waybill_pushes_total").increment(pushed.len() as u64);
        for one in pushed {
            self.store_pushed(&tenant, &setup, &id, one).await?;
        }
        Ok(())
    }

    async fn store_pushed(
        &self,
        tenant: &TenantId,
        setup: &TenantSetup,
        account: &str,
        pushed: Pushed,
    ) -> std::result::Result<(), NotTaken> {
        let (owner, of, number) = (tenant.clone(), account.to_owned(), pushed.tracking_number.clone());
        let (shipments, is_busy) = self
            .store()
            .read(async move |tx| {
                let shipments = tx.shipments_by_number(&owner, &of, &number).await?;
                let is_busy = shipments.is_empty() && tx.is_account_busy(&owner, &of).await?;
                Ok((shipments, is_busy))
            })
            .await?;
        if is_busy {
            // Its booking may be under way: the carrier is quicker than our second transaction.
            return Err(NotTaken::Later(Error::Unavailable("what this is about is not stored yet".to_owned())));
        }
        if shipments.is_empty() {
            tracing::info!(account, number = pushed.tracking_number, "a push about a number that nobody here booked");
        }
        for id in shipments {
            let shipment = self.known_shipment(tenant, id).await?;
            let is_cancelled = matches!(shipment.status, ShipmentStatus::Cancelled | ShipmentStatus::Cancelling);
            if shipment.details.booked_at.is_none()
                || is_cancelled && pushed.report.status == TrackingStatus::Undeliverable
            {
                // That a cancelled one does not arrive is no news.
                continue;
            }
            let is_it = |number: &Option<String>| number.as_deref() == Some(&pushed.tracking_number);
            let parcels = shipment.parcels.iter().filter(|parcel| is_it(&parcel.tracking_number));
            let reports = parcels.map(|parcel| (parcel.id, pushed.report.clone())).collect();
            self.store_reports(tenant, setup, shipment, reports, None).await?;
        }
        Ok(())
    }
}
