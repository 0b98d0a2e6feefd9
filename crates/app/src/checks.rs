//! Checks: looks at carrier accounts that buy nothing, so that a lapsed secret or a missing permission shows before labels fail.

use domain::account::AccountCheck;
use domain::connector::{Interface, Trace};
use domain::event::{About, Event, EventKind};
use domain::ids::EventId;
use domain::tenant::{Scope, TenantId};
use domain::{Error, Result};

use crate::{App, Caller, event};

impl App {
    /// Looks at a carrier account now.
    pub async fn check_account(&self, caller: &Caller, account: &str) -> Result<AccountCheck> {
        caller.require(Scope::Setup)?;
        if caller.setup.account(account).is_none() {
            return Err(Error::NotFound("carrier account"));
        }
        let check = self.check_account_of(caller.tenant(), account).await?;
        check.ok_or_else(|| Error::Conflict(format!("carrier account {account:?} cannot be used: see its problem")))
    }

    /// Looks at an account whoever asked, stores what was found, and tells what is news. `None` when it cannot be used.
    pub(crate) async fn check_account_of(&self, tenant: &TenantId, account: &str) -> Result<Option<AccountCheck>> {
        let setup = self.tenant_setup(tenant).await?;
        let known = setup.as_ref().and_then(|setup| setup.account(account));
        let Some(connection) = known.and_then(|known| known.connection.clone()) else { return Ok(None) };
        let interface = known.and_then(|known| known.profile).map(|profile| &profile.interface);
        let trace = Trace::default();
        let limit = self.options().carrier_timeout;
        let answer = self.ask_carrier(tenant, account, "check", limit, connection.check(&trace)).await;
        let (checked, failure) = match answer {
            Ok(checked) => (Some(checked), None),
            Err(error) => (None, Some(error)),
        };
        let found = AccountCheck {
            at: self.now(),
            checked,
            failure,
            good_at: None,
            told: String::new(),
            warned_days: None,
            interface_days: None,
        };
        let (tenant, account) = (tenant.clone(), account.to_owned());
        let ids = self.event_ids(3).await?;
        let check = self
            .store()
            .write(async move |tx| {
                let before = tx.account_check(&tenant, &account).await?;
                let (check, news) = after(before, found.clone(), interface, &account, &ids);
                tx.put_account_check(&tenant, &account, &check).await?;
                tx.emit_all(&tenant, &news).await?;
                Ok(check)
            })
            .await?;
        self.wakes().events.notify_one();
        Ok(Some(check))
    }
}

/// What is kept of a look after the one before, and what people are told: a trouble once, that it is over once, and the end of
/// the credentials and of the carrier's interface at each of the days before it.
fn after(
    before: Option<AccountCheck>,
    found: AccountCheck,
    interface: Option<&Interface>,
    account: &str,
    ids: &[EventId],
) -> (AccountCheck, Vec<Event>) {
    let mut check = found;
    let before = before.as_ref();
    check.good_at = before.and_then(|before| before.good_at);
    check.told = before.map(|before| before.told.clone()).unwrap_or_default();
    check.warned_days = before.and_then(|before| before.warned_days);
    let mut news = Vec::new();
    let mut ids = ids.iter().copied();
    let at = check.at;
    let mut tell = |kind, reason: Option<String>| {
        let about = About { account: Some(account.to_owned()), reason, ..About::default() };
        news.extend(ids.next().map(|id| event(id, kind, at, about)));
    };
    let days = interface.and_then(|interface| interface.days_left(check.at));
    let warned = before.and_then(|before| before.interface_days);
    if let (Some(days), Some(warning)) = (days, interface.and_then(|interface| interface.warning(check.at)))
        && warned.is_none_or(|warned| days < warned)
    {
        tracing::warn!(account, warning, "carrier account {account}: {warning}");
        tell(EventKind::CarrierInterfaceEnding, Some(warning));
    }
    check.interface_days = days;
    if check.failure.as_ref().is_some_and(domain::CarrierError::is_unsure) {
        return (check, news);
    }
    match check.trouble() {
        Some(trouble) if trouble != check.told => {
            tell(EventKind::CarrierAccountFailing, Some(trouble.clone()));
            check.told = trouble;
        }
        Some(_) => {}
        None => {
            check.good_at = Some(check.at);
            if !std::mem::take(&mut check.told).is_empty() {
                tell(EventKind::CarrierAccountRecovered, None);
            }
        }
    }
    let days = check.days_left();
    if let (Some(days), Some(ends)) = (days, check.checked.as_ref().and_then(|checked| checked.expires_at))
        && check.warned_days.is_none_or(|warned| days < warned)
    {
        tell(EventKind::CarrierAccountExpiring, Some(format!("the credentials end at {ends}")));
    }
    check.warned_days = days;
    (check, news)
}
