//! Notices: e-mails to those who wait for parcels.
//!
//! A notice is a row of the transaction in which the carrier's news moved the parcel. The job writes the letter when it sends
//! it, from what is stored then, so a person who was erased meanwhile is not written to.

use std::time::Duration;

use domain::ids::{EventId, NoticeId, OrderId, ParcelId, ShipmentId};
use domain::language::Language;
use domain::notice::{Notice, NoticeKind, NoticeSaid, NoticeState};
use domain::order::Order;
use domain::shipment::{Shipment, ShipmentStatus};
use domain::tenant::{Mode, Scope, TenantId};
use domain::tracking::TrackingStatus;
use domain::{Result, Timestamp};

use crate::mail::Letter;
use crate::tenants::TenantSetup;
use crate::{App, Caller, clock, mail};

mod letter;

/// News that are older tell nobody anything.
const OLD_NEWS: Duration = Duration::from_hours(24);

/// What moved a parcel.
pub(crate) struct Moved {
    pub(crate) order: OrderId,
    pub(crate) shipment: ShipmentId,
    pub(crate) parcel: ParcelId,
    pub(crate) event: EventId,
    pub(crate) status: TrackingStatus,
}

/// Which notices somebody wants of a shipment, and an id for each of its parcels.
pub(crate) struct Wanted {
    of: Vec<NoticeKind>,
    ids: Vec<(ParcelId, NoticeId)>,
}

impl Wanted {
    /// The notice of a move, if it is wanted and is news: it happened in the last day.
    pub(crate) fn notice(&self, moved: Moved, happened_at: Timestamp, now: Timestamp) -> Option<Notice> {
        let kind = NoticeKind::of(moved.status)?;
        let (_, id) = self.ids.iter().find(|(parcel, _)| *parcel == moved.parcel)?;
        let is_news = happened_at >= clock::earlier(now, OLD_NEWS);
        (is_news && self.of.contains(&kind)).then(|| Notice {
            id: *id,
            event: moved.event,
            order: moved.order,
            shipment: moved.shipment,
            parcel: moved.parcel,
            status: moved.status,
            state: NoticeState::Waiting,
            attempts: 0,
            next_at: now,
            created_at: now,
            said: NoticeSaid::default(),
        })
    }
}

/// The address of whoever waits for a shipment.
fn recipient(order: &Order, shipment: &Shipment) -> Option<String> {
    let details = &order.details;
    let known = [
        shipment.details.recipient.email.as_ref(),
        details.shipping_address.as_ref().and_then(|address| address.email.as_ref()),
        details.customer.as_ref().and_then(|customer| customer.email.as_ref()),
    ];
    known.into_iter().flatten().map(|text| text.trim().to_owned()).find(|text| !text.is_empty())
}

impl App {
    /// Which notices a shipment's news may cause: none where no mail server is set, for what comes back to us, and where
    /// goods only pretend to move.
    pub(crate) async fn wanted_notices(&self, setup: &TenantSetup, shipment: &Shipment) -> Result<Wanted> {
        let of = setup.tenant.notices.as_ref().map(|notices| notices.of.clone()).unwrap_or_default();
        let profile = setup.account(&shipment.details.service.account).and_then(|account| account.profile);
        let is_real = setup.tenant.mode == Mode::Live && !profile.is_some_and(|profile| profile.is_test);
        if of.is_empty() || self.options().mail.is_none() || shipment.is_return() || !is_real {
            return Ok(Wanted { of: Vec::new(), ids: Vec::new() });
        }
        let ids = self.ids("notices", shipment.parcels.len(), NoticeId::new).await?;
        Ok(Wanted { of, ids: shipment.parcels.iter().map(|parcel| parcel.id).zip(ids).collect() })
    }

    /// The letter of a notice, as things stand now; or why nothing is to be sent any more.
    pub(crate) async fn letter_of(
        &self,
        tenant: &TenantId,
        notice: &Notice,
        domain: &str,
    ) -> Result<std::result::Result<Letter, String>> {
        let gone = |why: &str| Ok(Err(why.to_owned()));
        let Some(setup) = self.tenant_setup(tenant).await? else { return gone("the tenant is gone") };
        let (owner, order, shipment) = (tenant.clone(), notice.order, notice.shipment);
        let found = self
            .store()
            .read(async move |tx| Ok((tx.order(&owner, order).await?, tx.shipment(&owner, shipment).await?)))
            .await?;
        let (Some(order), Some(shipment)) = found else { return gone("the order is gone") };
        let wanted = setup.tenant.notices.as_ref().map(|notices| notices.of.as_slice()).unwrap_or_default();
        if NoticeKind::of(notice.status).is_none_or(|kind| !wanted.contains(&kind)) {
            return gone("nobody is told of this any more");
        }
        if shipment.status == ShipmentStatus::Cancelled {
            return gone("the shipment was cancelled");
        }
        let parcel = shipment.parcels.iter().find(|parcel| parcel.id == notice.parcel);
        let Some(parcel) = parcel.filter(|parcel| parcel.tracking == notice.status) else {
            return gone("the parcel has moved on");
        };
        let Some(to) = recipient(&order, &shipment) else { return gone("the order has no e-mail address") };
        if !mail::is_address(&to) {
            return gone("what the order has is no e-mail address");
        }
        let country = shipment.details.recipient.country_code();
        let language = Language::choose(None, order.details.language.as_deref(), country.as_deref(), "");
        let page = self.tracking_url(&parcel.tracking_token);
        let page = format!("{page}?lang={}", language.code());
        let draft = letter::Draft { notice, setup: &setup, shipment: &shipment, parcel, language, to, page, domain };
        draft.letter().map(Ok)
    }

    /// The notices of an order, oldest first.
    pub async fn notices_of_order(&self, caller: &Caller, order: OrderId) -> Result<Vec<Notice>> {
        caller.require(Scope::Read)?;
        let tenant = caller.tenant().clone();
        self.store().read(async move |tx| tx.notices_of_order(&tenant, order).await).await
    }
}
