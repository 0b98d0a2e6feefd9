//! Rates: every account of the location is asked at once under one deadline; one that fails hides no other.

use std::time::Duration;

use domain::Result;
use domain::connector::{Offer, RateRequest, Trace};
use domain::error::CarrierError;
use domain::ids::OrderId;
use domain::location::Location;
use domain::order::Order;
use domain::parcel::Box as ParcelBox;
use domain::rate::Rate;
use domain::routing::Decision;
use domain::service::ServiceCode;
use domain::shipment::Shipment;
use domain::tenant::{FallbackRate, Scope, TenantId};
use futures::future::join_all;

use crate::gates::RATES;
use crate::orders::{OrderDraft, tentative};
use crate::shipments::{Asking, ShipWish};
use crate::tenants::{Account, TenantSetup};
use crate::{App, Caller};

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

impl Offers {
    /// Leaves out what cannot carry these boxes, with the reason: more than a service takes, or money to be collected by a
    /// carrier that does not collect any.
    pub(crate) fn keep_able(&mut self, accounts: &[&Account], ask: &RateRequest) {
        let why = |rate: &Rate| {
            let account = accounts.iter().find(|account| account.account.id == rate.service.account)?;
            if ask.goods.collect.is_some() && account.profile.is_some_and(|profile| !profile.collects_cash) {
                return Some("the carrier collects no money on delivery".to_owned());
            }
            let (connection, service) = (account.connection.as_ref()?, &rate.service.service);
            let can = connection.abilities(service);
            if ask.parties.is_return && !can.returns {
                return Some("the service brings nothing back from customers".to_owned());
            }
            if ask.parties.return_to.is_some() && !can.prints_return_address {
                let why = "the service cannot print the location's return address, only the sender's";
                return Some(why.to_owned());
            }
            let most = connection.most_parcels(service)?;
            let count = ask.parcels.len();
            (count > most as usize)
                .then(|| format!("it takes {most} parcels a shipment at most, and there are {count}"))
        };
        let (mut able, mut left_out) = (Vec::with_capacity(self.rates.len()), Vec::new());
        for rate in std::mem::take(&mut self.rates) {
            match why(&rate) {
                Some(why) => left_out.push((rate.service, why)),
                None => able.push(rate),
            }
        }
        self.rates = able;
        self.left_out.extend(left_out);
    }
}

/// The accounts that serve a location; all of the tenant's when the location names none.
pub fn accounts_of<'a>(setup: &'a TenantSetup, location: &'a Location) -> Vec<&'a Account> {
    match &location.carriers {
        None => setup.accounts.iter().collect(),
        Some(named) => named.iter().filter_map(|id| setup.account(id)).collect(),
    }
}

/// What an order could go by, and what would be chosen and why; nothing is booked.
#[derive(Clone, Debug)]
pub struct Quote {
    /// The boxes it was asked for.
    pub parcels: Vec<ParcelBox>,
    /// Why there are so many of them.
    pub packing: String,
    /// What may be taken, best first.
    pub rates: Vec<Rate>,
    /// Accounts that did not answer in time or said no, and why.
    pub failed: Vec<(String, CarrierError)>,
    /// What would be chosen and why.
    pub decision: Decision,
    /// The tenant's own price, when no rate is left.
    pub fallback: Option<FallbackRate>,
}

impl App {
    /// What an order could go by: asks every account at once under one short deadline, and answers with the rates of
    /// those that kept it. Without any the tenant's fallback price stands in.
    pub async fn quote(&self, caller: &Caller, order: OrderId, wish: &ShipWish) -> Result<Quote> {
        let (order, shipments) = self.order_with_shipments(caller, order).await?;
        let live: Vec<_> = shipments.into_iter().filter(Shipment::is_live).collect();
        self.quote_order(caller, &order, wish, &live).await
    }

    /// The same for an order that nobody has placed.
    pub async fn quote_unplaced(&self, caller: &Caller, draft: OrderDraft, wish: &ShipWish) -> Result<Quote> {
        caller.require(Scope::Read)?;
        let id = OrderId::new(1).ok_or_else(|| domain::Error::internal("1 is an id"))?;
        self.quote_order(caller, &tentative(id, draft, self.now()), wish, &[]).await
    }

    pub(crate) async fn quote_order(
        &self,
        caller: &Caller,
        order: &Order,
        wish: &ShipWish,
        live: &[Shipment],
    ) -> Result<Quote> {
        let survey = self.survey(caller, order, wish, live, Asking::for_rates(self.options())).await?;
        let fallback = caller.setup.tenant.fallback_rate.clone().filter(|_| survey.rates.is_empty());
        Ok(Quote {
            parcels: survey.ask.parcels,
            packing: survey.packing,
            rates: survey.rates,
            failed: survey.offers.failed,
            decision: survey.decision,
            fallback,
        })
    }

    /// Asks accounts for offers, all at once; who does not answer in time is named among the failed.
    pub async fn offers(&self, tenant: &TenantId, accounts: &[&Account], ask: &RateRequest, limit: Duration) -> Offers {
        let asked = accounts.iter().filter_map(|account| {
            let connection = account.connection.clone()?;
            Some(async move {
                let trace = Trace::default();
                let id = &account.account.id;
                (id.clone(), self.ask_carrier(tenant, id, RATES, limit, connection.rates(ask, &trace)).await)
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
