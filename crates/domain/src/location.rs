//! A location: a place of *ours* that ships.

use std::collections::BTreeMap;

use jiff::ToSpan as _;
use jiff::civil::{Date, Time, Weekday};
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use crate::address::{Address, Contact};
use crate::channel::Dialect;
use crate::order::RawJson;
use crate::time::Timestamp;

/// A stored location.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Location {
    /// The tenant's own id of it.
    pub external_id: String,
    /// What people call it.
    pub name: String,
    /// The brand it sells under.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub brand: Option<String>,
    /// Its IANA time zone; the tenant's when missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<String>,
    /// Where it is.
    pub address: Address,
    /// Whom to ask there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<Contact>,
    /// Where what cannot be delivered, and what customers send back, goes; to the location itself when missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub return_to: Option<Address>,
    /// Who pays the carrier and stands on invoices, when that is not the location itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub billing: Option<Address>,
    /// The carrier accounts that serve it; none assigned when empty, all when missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carriers: Option<Vec<String>>,
    /// The ids existing clients hold for it, by dialect.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub aliases: BTreeMap<Dialect, String>,
    /// When parcels leave; at any time of any day when missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cut_offs: Option<CutOffs>,
    /// What a dialect can say and nothing above can hold, echoed to the same dialect only.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub extra: BTreeMap<Dialect, RawJson>,
}

/// Until when an order must have come on each day to leave on that day.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CutOffs {
    /// The cut-off of each weekday, Monday first; `None` on days when nothing leaves.
    pub weekdays: [Option<Time>; 7],
    /// Days when nothing leaves although it is a weekday that has a cut-off.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub holidays: Vec<Date>,
}

/// The day a parcel leaves, and the day it should arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Promise {
    /// When the carrier gets it.
    pub hand_over: Date,
    /// When it should arrive, if the carrier says how long it takes.
    pub delivery: Option<Date>,
}

impl CutOffs {
    /// Days that are looked at: longer than any row of holidays.
    const LOOK_AHEAD: usize = 60;

    /// The weekday's place in [`CutOffs::weekdays`].
    pub fn place(weekday: Weekday) -> usize {
        weekday.to_monday_zero_offset() as usize
    }

    /// Whether something that came at `now` still leaves on `day`, both in the zone of the location.
    fn leaves_on(&self, day: Date, now: Timestamp, zone: &TimeZone) -> bool {
        let Some(cut_off) = self.weekdays[Self::place(day.weekday())].filter(|_| !self.holidays.contains(&day)) else {
            return false;
        };
        // A cut-off that the change to summer time skips comes an hour later, one that comes twice counts once, first.
        zone.to_ambiguous_timestamp(day.to_datetime(cut_off)).compatible().is_ok_and(|until| now < until)
    }
}

impl Location {
    /// The day that something leaves which came at `now`, and the day it should arrive, both in the location's own zone.
    pub fn promise(&self, now: Timestamp, transit_days: Option<u32>, zone: &TimeZone) -> Promise {
        let today = now.to_zoned(zone.clone()).date();
        let leaves = |day: &Date| self.cut_offs.as_ref().is_none_or(|cut_offs| cut_offs.leaves_on(*day, now, zone));
        let days = std::iter::successors(Some(today), |day| day.checked_add(1.day()).ok()).take(CutOffs::LOOK_AHEAD);
        let hand_over = days.into_iter().find(leaves).unwrap_or(today);
        let delivery = transit_days.and_then(|days| hand_over.checked_add(i64::from(days.min(10_000)).days()).ok());
        Promise { hand_over, delivery }
    }

    /// Where a return goes, with the location's name and contact filled in.
    pub fn returns(&self) -> Address {
        let Some(return_to) = &self.return_to else { return self.sender() };
        Self { address: return_to.clone(), ..self.clone() }.sender()
    }

    /// The return address, where it is another one than the sender's.
    pub fn other_return_address(&self) -> Option<Address> {
        self.return_to.as_ref().filter(|address| **address != self.address).map(|_| self.returns())
    }

    /// The address with the location's name and contact filled in, as a label's sender.
    pub fn sender(&self) -> Address {
        let contact = self.contact.clone().unwrap_or_default();
        let mut sender = self.address.clone();
        sender.company = sender.company.or_else(|| Some(self.name.clone()));
        sender.name = sender.name.or(contact.name);
        sender.phone = sender.phone.or(contact.phone);
        sender.email = sender.email.or(contact.email);
        sender
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Boston: weekdays until 15:00, on Saturdays until 2:30 at night, closed on the third of July.
    fn boston() -> Location {
        let (weekday, saturday) = (Some(Time::constant(15, 0, 0, 0)), Some(Time::constant(2, 30, 0, 0)));
        let weekdays = [weekday, weekday, weekday, weekday, weekday, saturday, saturday];
        Location {
            external_id: "boston".to_owned(),
            name: "Boston".to_owned(),
            brand: None,
            time_zone: Some("America/New_York".to_owned()),
            address: Address::default(),
            contact: None,
            return_to: None,
            billing: None,
            carriers: None,
            aliases: BTreeMap::new(),
            cut_offs: Some(CutOffs { weekdays, holidays: vec![Date::constant(2026, 7, 3)] }),
            extra: BTreeMap::new(),
        }
    }

    fn leaves(now: &str) -> String {
        let zone = TimeZone::get("America/New_York").unwrap();
        boston().promise(now.parse().unwrap(), None, &zone).hand_over.to_string()
    }

    #[test]
    fn l1_a_cut_off_is_kept_in_the_locations_zone_on_each_weekday() {
        // Tuesday in Boston, while it is Wednesday in UTC.
        assert_eq!(leaves("2026-03-04T02:00:00Z"), "2026-03-04");
        assert_eq!(leaves("2026-03-03T19:59:59Z"), "2026-03-03");
        assert_eq!(leaves("2026-03-03T20:00:00Z"), "2026-03-04");
        // Around midnight in Boston: Friday's last second and Saturday's first.
        assert_eq!(leaves("2026-03-14T03:59:59Z"), "2026-03-14");
        assert_eq!(leaves("2026-03-14T04:00:00Z"), "2026-03-14");
        assert_eq!(leaves("2026-03-14T06:30:00Z"), "2026-03-15");
    }

    #[test]
    fn l1_a_holiday_is_left_out_and_the_promised_day_follows_the_hand_over() {
        assert_eq!(leaves("2026-07-02T19:00:00Z"), "2026-07-04");
        let zone = TimeZone::get("America/New_York").unwrap();
        let promise = boston().promise("2026-07-02T18:00:00Z".parse().unwrap(), Some(2), &zone);
        assert_eq!(
            (promise.hand_over.to_string(), promise.delivery.unwrap().to_string()),
            ("2026-07-02".into(), "2026-07-04".into())
        );
    }

    #[test]
    fn l1_both_changes_of_the_clock_move_no_cut_off_to_another_day() {
        // On 8 March the clock goes from 2:00 to 3:00: the cut-off at 2:30 comes at 3:30 by the new time.
        assert_eq!(leaves("2026-03-08T07:29:59Z"), "2026-03-08");
        assert_eq!(leaves("2026-03-08T07:30:00Z"), "2026-03-09");
        // On 1 November the clock goes from 2:00 back to 1:00: 2:30 comes once, an hour later in UTC than the day before.
        assert_eq!(leaves("2026-11-01T07:29:59Z"), "2026-11-01");
        assert_eq!(leaves("2026-11-01T07:30:00Z"), "2026-11-02");
    }

    #[test]
    fn a_location_without_cut_offs_hands_over_today() {
        let (mut location, zone) = (boston(), TimeZone::get("America/New_York").unwrap());
        location.cut_offs = None;
        assert_eq!(
            location.promise("2026-03-04T02:00:00Z".parse().unwrap(), None, &zone).hand_over.to_string(),
            "2026-03-03"
        );
    }
}
