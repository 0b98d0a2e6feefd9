//! Rates: every account of the location is asked at once under one deadline; one that fails hides no other.

use domain::connector::{Offer, RateRequest, Trace};
use domain::error::CarrierError;
use domain::location::Location;
use domain::rate::Rate;
use domain::service::ServiceCode;
use domain::tenant::TenantId;
use futures::future::join_all;

use crate::App;
use crate::tenants::{Account, TenantSetup};

/// What the accounts of a location offer.
#[derive(Clone, Debug, Default)]
pub struct Offers {
    /// Rates, cheapest first.
    pub rates: Vec<Rate>,
    /// Services that do not fit, and why.
    pub left_out: Vec<(ServiceCode, String)>,
    /// Accounts that did not answer, and why.
    pub failed: Vec<(String, CarrierError)>,
}

/// The accounts that serve a location; all of the tenant's when the location names none.
pub fn accounts_of<'a>(setup: &'a TenantSetup, location: &'a Location) -> Vec<&'a Account> {
    match &location.carriers {
        None => setup.accounts.iter().collect(),
        Some(named) => named.iter().filter_map(|id| setup.account(id)).collect(),
    }
}

impl App {
    /// Asks accounts for offers, all at once; who does not answer in time is named among the failed.
    pub async fn offers(&self, tenant: &TenantId, accounts: &[&Account], ask: &RateRequest) -> Offers {
        let limit = self.options().carrier_timeout;
        let asked = accounts.iter().filter_map(|account| {
            let connection = account.connection.clone()?;
            Some(async move {
                let trace = Trace::default();
                let id = &account.account.id;
                (id.clone(), self.ask_carrier(tenant, id, limit, connection.rates(ask, &trace)).await)
            })
        });
        let mut offers = Offers::default();
        for (account, answer) in join_all(asked).await {
            match answer {
                Ok(Offer { rates, left_out }) => {
                    offers.rates.extend(rates);
                    offers.left_out.extend(left_out);
                }
                Err(error) => offers.failed.push((account, error)),
            }
        }
        offers.rates.sort_by(|a, b| {
            let price = a.total.amount.cmp(&b.total.amount);
            a.total.currency.cmp(&b.total.currency).then(price).then_with(|| a.service.cmp(&b.service))
        });
        offers
    }
}
