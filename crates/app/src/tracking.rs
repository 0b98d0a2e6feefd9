//! Tracking: what carriers and own fleets report, and the public page of a parcel.

use domain::account::AccountCheck;
use domain::act::Actor;
use domain::branding::Branding;
use domain::event::{About, EventKind};
use domain::ids::{ParcelId, ShipmentId, TrackingEventId};
use domain::shipment::{Shipment, ShipmentStatus};
use domain::tenant::{Scope, TenantId};
use domain::time::SentTime;
use domain::tracking::{Incident, Milestone, Place, TrackingEvent, TrackingReport, TrackingStatus, status_after};
use domain::zone::zone_of;
use domain::{Error, Problem, Result, Timestamp};
use jiff::Span;
use jiff::civil::{Time, Weekday};
use jiff::tz::TimeZone;
use store::lanes::TRACKING;
pub use store::shipments::UnscannedParcel;
pub use store::tracking::UnknownCode;

use crate::notices::Moved;
use crate::tenants::{Account, TenantSetup};
use crate::{App, Caller, event};

/// One thing an own fleet says happened.
#[derive(Clone, Debug, PartialEq)]
pub struct ReportedEvent {
    /// The parcel; every parcel of the shipment when missing.
    pub parcel: Option<ParcelId>,
    /// The fleet's own code.
    pub code: String,
    /// What it means; read from the carrier's table when missing.
    pub status: Option<TrackingStatus>,
    /// A finer step; read from the carrier's table when missing.
    pub milestone: Option<Milestone>,
    /// Why it goes badly.
    pub incident: Option<Incident>,
    /// Words for people.
    pub message: Option<String>,
    /// When it happened; now when missing.
    pub happened_at: Option<SentTime>,
    /// Where.
    pub place: Option<Place>,
}

/// A carrier account, and how far behind asking it for tracking events is.
#[derive(Clone)]
pub struct AccountView {
    /// The account.
    pub account: Account,
    /// When the carrier last answered a question about a parcel.
    pub last_look_at: Option<Timestamp>,
    /// Failures in a row, up to now.
    pub failures: u32,
    /// Until when it is not asked, after a failure.
    pub held_until: Option<Timestamp>,
    /// Parcels that should be looked at now, counted up to [`MOST_DUE`].
    pub due: usize,
    /// Since when the longest waiting of them should be.
    pub oldest_due_at: Option<Timestamp>,
    /// What the latest look at the account found.
    pub check: Option<AccountCheck>,
    /// Where its carrier tells what happened; only for whoever may change the set-up, since the address is a secret.
    pub push_url: Option<String>,
}

/// Parcels that are due are counted so far.
pub const MOST_DUE: usize = 1_000;

/// Codes without a meaning that are listed at once.
const UNKNOWN_CODES: usize = 200;

/// What the public page of a parcel shows: nothing of the address beyond the city.
#[derive(Clone, Debug, PartialEq)]
pub struct TrackingView {
    /// Who sent it, as those who wait know it.
    pub tenant_name: String,
    /// How its sender looks.
    pub branding: Branding,
    /// The language that the order says its buyer is spoken to in, a tag such as `de-AT`.
    pub language: Option<String>,
    /// The service it goes by.
    pub service_name: String,
    /// The carrier's number.
    pub tracking_number: Option<String>,
    /// What the shop calls the order.
    pub order_reference: Option<String>,
    /// Which parcel, from 1, of how many.
    pub parcel: (u32, u32),
    /// The city and country it goes to.
    pub destination: Place,
    /// What the carrier says.
    pub status: TrackingStatus,
    /// Whether the shipment was cancelled.
    pub is_cancelled: bool,
    /// When the label was made.
    pub booked_at: Option<Timestamp>,
    /// What happened, newest first.
    pub events: Vec<TrackingEvent>,
    /// The country of whoever waits for it, two letters.
    pub reader_country: Option<String>,
    /// The zone times are shown in: that of whoever waits, else the tenant's.
    pub zone: TimeZone,
    /// Whether that is the zone of whoever waits; else each time is shown with its distance from UTC.
    pub is_zone_known: bool,
}

impl App {
    /// Stores what happened to a shipment's parcels, each report once, and moves the parcels' status by all they have.
    pub async fn report_tracking(
        &self,
        caller: &Caller,
        id: ShipmentId,
        reported: Vec<ReportedEvent>,
    ) -> Result<Shipment> {
        caller.require(Scope::Write)?;
        let shipment = self.shipment(&caller.as_reader(), id).await?;
        let reports = self.readable_reports(caller, &shipment, reported)?;
        self.store_reports(caller.tenant(), &caller.setup, shipment, reports, Some(caller.actor())).await
    }

    /// Stores reports of a shipment's parcels, brought by a person or by the carrier: each once, with its event and its count when no
    /// table lists its code.
    pub(crate) async fn store_reports(
        &self,
        tenant: &TenantId,
        setup: &TenantSetup,
        shipment: Shipment,
        reports: Vec<(ParcelId, TrackingReport)>,
        by: Option<Actor>,
    ) -> Result<Shipment> {
        let id = shipment.id;
        let account = setup.account(&shipment.details.service.account);
        let carrier = account.map_or_else(String::new, |account| account.account.carrier.clone());
        let connection = account.and_then(|account| account.connection.clone());
        let now = self.now();
        let ids = self.ids("tracking_events", reports.len(), TrackingEventId::new).await?;
        let location = setup.locations.iter().find(|known| known.external_id == shipment.details.location);
        let zone = location.map_or_else(|| setup.zone.clone(), |location| setup.zone_of(location));
        let events: Vec<TrackingEvent> = reports
            .into_iter()
            .zip(ids)
            .map(|((parcel, report), id)| TrackingEvent {
                id,
                parcel,
                sort_at: sort_at(report.happened_at, &zone, shipment.details.booked_at),
                report,
                received_at: now,
            })
            .collect();
        let event_ids = self.event_ids(shipment.parcels.len()).await?;
        let wanted = self.wanted_notices(setup, &shipment).await?;
        let tenant = tenant.clone();
        let shipment = self
            .store()
            .write(async move |tx| {
                let mut shipment = tx.shipment(&tenant, id).await?.ok_or(Error::NotFound("shipment"))?;
                let Some(booked_at) = shipment.details.booked_at else {
                    return Err(Error::Conflict("the shipment is not booked, so nothing can happen to it".to_owned()));
                };
                let mut fresh = Vec::new();
                for event in &events {
                    let is_position = |code: &str| connection.as_ref().is_some_and(|known| known.is_position(code));
                    if is_position(&event.report.code)
                        && only_moves(&tx.tracking_events(&tenant, event.parcel).await?, event)
                    {
                        continue;
                    }
                    let is_new = tx.add_tracking_event(&tenant, event).await?;
                    fresh.extend(is_new.then_some(event.id));
                    if is_new && event.report.status == TrackingStatus::Unknown {
                        tx.count_unknown_code(&tenant, &carrier, event).await?;
                    }
                }
                let (mut news, mut notices) = (Vec::new(), Vec::new());
                let (order, mut is_changed) = (shipment.order, false);
                let tracking_kind = shipment.told_as(EventKind::ParcelTrackingChanged);
                let milestone_kind = shipment.told_as(EventKind::ParcelMilestone);
                for (parcel, event_id) in shipment.parcels.iter_mut().zip(&event_ids) {
                    let all = tx.tracking_events(&tenant, parcel.id).await?;
                    let status = status_after(all.iter(), booked_at);
                    let latest = all.iter().rfind(|event| event.report.status == status);
                    let milestone = latest.and_then(|event| event.report.milestone);
                    let told = latest.map(|event| &event.report);
                    let about = About {
                        order: Some(order),
                        shipment: Some(id),
                        parcel: Some(parcel.id),
                        milestone,
                        reason: told
                            .and_then(|report| report.incident.as_ref())
                            .map(|incident| incident.reason.clone()),
                        by: by.clone(),
                        ..About::default()
                    };
                    if status == parcel.tracking {
                        let is_news = latest.is_some_and(|event| fresh.contains(&event.id));
                        let earlier = all.iter().rfind(|one| one.report.status == status && !fresh.contains(&one.id));
                        if is_news && milestone != earlier.and_then(|event| event.report.milestone) {
                            let about = About { new: Some(status.as_str().to_owned()), ..about };
                            news.push(event(*event_id, milestone_kind, now, about));
                        }
                        continue;
                    }
                    let (old, new) = (parcel.tracking.as_str().to_owned(), status.as_str().to_owned());
                    let about = About { old: Some(old), new: Some(new), ..about };
                    news.push(event(*event_id, tracking_kind, now, about));
                    let moved = Moved { order, shipment: id, parcel: parcel.id, event: *event_id, status };
                    notices.extend(latest.and_then(|latest| wanted.notice(moved, latest.sort_at, now)));
                    parcel.tracking = status;
                    is_changed = true;
                }
                if is_changed {
                    shipment.modified_at = now;
                    tx.save_shipment(&tenant, &shipment).await?;
                    shipment.version += 1;
                }
                tx.emit_all(&tenant, &news).await?;
                if !notices.is_empty() {
                    tx.add_notices(&tenant, &notices).await?;
                }
                Ok(shipment)
            })
            .await?;
        self.wakes().events.notify_one();
        self.wakes().notices.notify_one();
        Ok(shipment)
    }

    /// Moves a test carrier's parcels along: to a code of its table, else to the one that comes next.
    pub async fn advance(
        &self,
        caller: &Caller,
        id: ShipmentId,
        parcel: Option<ParcelId>,
        code: Option<&str>,
    ) -> Result<Shipment> {
        caller.require(Scope::Write)?;
        let shipment = self.shipment(&caller.as_reader(), id).await?;
        let name = &shipment.details.service.account;
        let account = caller.setup.account(name);
        let is_test = account.and_then(|account| account.profile).is_some_and(|profile| profile.is_test);
        let connection = account.filter(|_| is_test).and_then(|account| account.connection.clone());
        let connection = connection.ok_or_else(|| {
            let text = "is no usable test account: only a test carrier's parcels can be moved along by hand";
            Error::Conflict(format!("the carrier account {name:?} {text}"))
        })?;
        if shipment.status != ShipmentStatus::Booked {
            let text = format!("the shipment is {}: only a booked one can be moved along", shipment.status.as_str());
            return Err(Error::Conflict(text));
        }
        if let Some(code) = code.filter(|code| connection.read_code(code).0 == TrackingStatus::Unknown) {
            // A table whose codes come round must not be walked for ever.
            let listed = std::iter::successors(connection.next_code(None), |code| connection.next_code(Some(code)));
            let listed = listed.take(100).collect::<Vec<_>>().join(", ");
            return Err(Error::invalid("code", format!("{code:?} is not listed: expected a code such as {listed}")));
        }
        if let Some(parcel) = parcel.filter(|id| shipment.parcels.iter().all(|parcel| parcel.id != *id)) {
            return Err(Error::invalid("parcel", format!("{parcel} is no parcel of this shipment")));
        }
        let mut reports = Vec::new();
        for id in shipment.parcels.iter().map(|known| known.id).filter(|id| parcel.is_none_or(|only| only == *id)) {
            let tenant = caller.tenant().clone();
            let events = self.store().read(async move |tx| tx.tracking_events(&tenant, id).await).await?;
            let last = events.iter().max_by_key(|event| event.id).map(|event| event.report.code.as_str());
            let Some(code) = code.or_else(|| connection.next_code(last)) else { continue };
            let (status, milestone) = connection.read_code(code);
            let report = TrackingReport {
                code: code.to_owned(),
                status,
                milestone,
                incident: None,
                message: None,
                happened_at: SentTime::utc(self.now()),
                place: None,
            };
            reports.push((id, report));
        }
        if reports.is_empty() {
            return Err(Error::Conflict("the parcels are at the end of their way: nothing comes next".to_owned()));
        }
        self.store_reports(caller.tenant(), &caller.setup, shipment, reports, Some(caller.actor())).await
    }

    /// Codes that came and that no table lists, those that came most first.
    pub async fn unknown_codes(&self, caller: &Caller) -> Result<Vec<UnknownCode>> {
        caller.require(Scope::Read)?;
        let tenant = caller.tenant().clone();
        self.store().read_list(async move |tx| tx.unknown_codes(&tenant, UNKNOWN_CODES).await).await
    }

    /// The tenant's carrier accounts, and how far behind asking them for tracking events is.
    pub async fn carrier_accounts(&self, caller: &Caller) -> Result<Vec<AccountView>> {
        caller.require(Scope::Read)?;
        let now = self.now();
        let mut views = Vec::new();
        let tenant = caller.tenant().clone();
        let mut checks = self.store().read_list(async move |tx| tx.account_checks(&tenant).await).await?;
        let may_see_address = caller.require(Scope::Setup).is_ok();
        for account in &caller.setup.accounts {
            let check = checks.iter().position(|(id, _)| *id == account.account.id);
            let (tenant, id) = (caller.tenant().clone(), account.account.id.clone());
            let can_track = account.profile.is_some_and(|profile| profile.can_track);
            let (lane, due_at, due) = self
                .store()
                .read(async move |tx| {
                    let due =
                        if can_track { tx.parcels_to_look_at(&tenant, &id, now, MOST_DUE).await? } else { Vec::new() };
                    let due_at = tx.lane_due_at(TRACKING, &tenant, &id).await?;
                    Ok((tx.lane(TRACKING, &tenant, &id).await?, due_at, due))
                })
                .await?;
            let health = lane.map(|lane| lane.health).unwrap_or_default();
            views.push(AccountView {
                account: account.clone(),
                last_look_at: health.succeeded_at,
                failures: health.failures,
                held_until: due_at.filter(|at| health.failures > 0 && *at > now),
                due: due.len(),
                oldest_due_at: due.first().map(|(.., at)| *at),
                check: check.map(|place| checks.swap_remove(place).1),
                push_url: self.push_url(account).filter(|_| may_see_address),
            });
        }
        Ok(views)
    }

    /// What was reported, one entry a parcel, codes read by the carrier's table.
    fn readable_reports(
        &self,
        caller: &Caller,
        shipment: &Shipment,
        reported: Vec<ReportedEvent>,
    ) -> Result<Vec<(ParcelId, TrackingReport)>> {
        let account = caller.setup.account(&shipment.details.service.account);
        let connection = account.and_then(|account| account.connection.clone());
        let (mut reports, mut problems) = (Vec::new(), Vec::new());
        for (index, reported) in reported.into_iter().enumerate() {
            let read = connection.as_ref().map(|connection| connection.read_code(&reported.code));
            let (status, milestone) = read.unwrap_or((TrackingStatus::Unknown, None));
            let report = TrackingReport {
                code: reported.code,
                status: reported.status.unwrap_or(status),
                milestone: reported.milestone.or(milestone),
                incident: reported.incident,
                message: reported.message,
                happened_at: reported.happened_at.unwrap_or_else(|| SentTime::utc(self.now())),
                place: reported.place,
            };
            match reported.parcel {
                None => reports.extend(shipment.parcels.iter().map(|parcel| (parcel.id, report.clone()))),
                Some(id) if shipment.parcels.iter().any(|parcel| parcel.id == id) => reports.push((id, report)),
                Some(id) => {
                    let text = format!("{id} is no parcel of this shipment");
                    problems.push(Problem::new(format!("events/{index}/parcel"), text));
                }
            }
        }
        if problems.is_empty() { Ok(reports) } else { Err(Error::Invalid(problems)) }
    }

    /// Every tracking event of a parcel, oldest first.
    pub async fn tracking_events(&self, caller: &Caller, parcel: ParcelId) -> Result<Vec<TrackingEvent>> {
        caller.require(Scope::Read)?;
        let tenant = caller.tenant().clone();
        self.store().read(async move |tx| tx.tracking_events(&tenant, parcel).await).await
    }

    /// What the public page behind a token shows.
    pub async fn tracking_page(&self, token: &str) -> Result<TrackingView> {
        let token = token.to_owned();
        let found = self
            .store()
            .read(async move |tx| {
                let Some((tenant, shipment, parcel)) = tx.parcel_by_token(&token).await? else { return Ok(None) };
                let Some(shipment) = tx.shipment(&tenant, shipment).await? else { return Ok(None) };
                let events = tx.tracking_events(&tenant, parcel).await?;
                let order = tx.order_ever(&tenant, shipment.order).await?;
                Ok(Some((tenant, shipment, parcel, events, order.and_then(|order| order.details.language))))
            })
            .await?;
        let (tenant, shipment, id, mut events, language) = found.ok_or(Error::NotFound("parcel"))?;
        let setup = self.tenant_setup(&tenant).await?.ok_or(Error::NotFound("parcel"))?;
        let parcel = shipment.parcels.iter().find(|parcel| parcel.id == id).ok_or(Error::NotFound("parcel"))?;
        events.reverse();
        let recipient = &shipment.details.recipient;
        // Whoever sends something back is the one who looks.
        let reader = if shipment.is_return() { &shipment.details.sender } else { recipient };
        let zone = zone_of(reader);
        Ok(TrackingView {
            tenant_name: setup.shown_name().to_owned(),
            branding: setup.tenant.branding.clone().unwrap_or_default(),
            language,
            service_name: shipment.details.service_name.clone(),
            tracking_number: parcel.tracking_number.clone(),
            order_reference: shipment.details.order_reference.clone(),
            parcel: (parcel.position, shipment.parcels.len() as u32),
            destination: Place { city: recipient.city.clone(), country: recipient.country_code() },
            status: parcel.tracking,
            is_cancelled: shipment.status == domain::shipment::ShipmentStatus::Cancelled,
            booked_at: shipment.details.booked_at,
            events,
            is_zone_known: zone.is_some(),
            zone: zone.unwrap_or_else(|| setup.zone.clone()),
            reader_country: reader.country_code(),
        })
    }

    /// Parcels booked at least so many working hours ago that the carrier has not scanned, oldest first.
    ///
    /// Working hours are Monday to Friday, 9 to 17 o'clock, in the tenant's zone.
    pub async fn unscanned_parcels(
        &self,
        caller: &Caller,
        working_hours: u32,
        after: Option<(Timestamp, ParcelId)>,
        limit: usize,
    ) -> Result<Vec<UnscannedParcel>> {
        caller.require(Scope::Read)?;
        let before = working_hours_before(self.now(), working_hours, &caller.setup.zone);
        let tenant = caller.tenant().clone();
        self.store().read_list(async move |tx| tx.unscanned_parcels(&tenant, before, after, limit).await).await
    }
}

/// Whether the report next before another, or next after it, is one of the same code: then a further one says no more than
/// where the parcel is on the same way.
fn only_moves(known: &[TrackingEvent], event: &TrackingEvent) -> bool {
    let before = known.iter().rfind(|one| one.sort_at <= event.sort_at);
    let after = known.iter().find(|one| one.sort_at > event.sort_at);
    before.or(after).is_some_and(|one| one.report.code == event.report.code)
}

/// The instant a report is sorted by. A date without a time stands at its midnight, or at the booking when that was on
/// the same day: nothing happens to a parcel before it is booked.
fn sort_at(happened_at: SentTime, zone: &TimeZone, booked_at: Option<Timestamp>) -> Timestamp {
    let at = domain::time::from_micros(happened_at.instant_in(zone).as_microsecond());
    match (happened_at, booked_at) {
        (SentTime::Date(date), Some(booked_at)) if booked_at.to_zoned(zone.clone()).date() == date => at.max(booked_at),
        _ => at,
    }
}

/// The instant from which to `now` exactly so many working hours passed.
fn working_hours_before(now: Timestamp, hours: u32, zone: &TimeZone) -> Timestamp {
    let (open, close) = (Time::constant(9, 0, 0, 0), Time::constant(17, 0, 0, 0));
    let mut left = i64::from(hours) * 3600;
    let mut day = now.to_zoned(zone.clone()).date();
    // Eight hours a day, five days a week: this many days hold the hours asked for, and a bound on the walk.
    for _ in 0..(i64::from(hours) / 8 + 1) * 2 + 7 {
        if !matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday) {
            let instant = |time| zone.to_ambiguous_timestamp(day.to_datetime(time)).compatible();
            if let (Ok(from), Ok(until)) = (instant(open), instant(close)) {
                let until = until.min(now);
                let worked = (until.as_second() - from.as_second()).max(0);
                if worked >= left {
                    return Timestamp::from_second(until.as_second() - left).unwrap_or(from);
                }
                left -= worked;
            }
        }
        let Ok(before) = day.checked_sub(Span::new().days(1)) else { break };
        day = before;
    }
    Timestamp::MIN
}

#[cfg(test)]
mod tests {
    use super::*;

    fn before(now: &str, hours: u32) -> String {
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        working_hours_before(now.parse().unwrap(), hours, &zone).to_string()
    }

    #[test]
    fn working_hours_skip_nights_and_week_ends() {
        // Tuesday 2026-03-03, 12:00 in Berlin.
        assert_eq!(before("2026-03-03T11:00:00Z", 2), "2026-03-03T09:00:00Z");
        assert_eq!(before("2026-03-03T11:00:00Z", 4), "2026-03-02T15:00:00Z");
        // Monday morning: eight hours reach back to Friday.
        assert_eq!(before("2026-03-02T09:00:00Z", 8), "2026-02-27T09:00:00Z");
        // At night nothing counts.
        assert_eq!(before("2026-03-03T23:00:00Z", 8), "2026-03-03T08:00:00Z");
        // Over the change to summer time on 2026-03-29.
        assert_eq!(before("2026-03-30T09:00:00Z", 8), "2026-03-27T10:00:00Z");
    }

    #[test]
    fn a_date_on_the_day_of_booking_is_not_before_the_booking() {
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        let booked: Timestamp = "2026-03-03T11:00:00Z".parse().unwrap();
        let date: SentTime = "2026-03-03".parse().unwrap();
        assert_eq!(sort_at(date, &zone, Some(booked)), booked);
        let earlier: SentTime = "2026-03-02".parse().unwrap();
        assert!(sort_at(earlier, &zone, Some(booked)) < booked);
    }
}
