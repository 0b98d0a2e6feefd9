//! What happened to a parcel. Source: `Tracking.yaml`.

use domain::CarrierError;
use domain::time::SentTime;
use domain::tracking::{Incident, Place, TrackingReport};
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::Offset;

use super::codes;
use super::wire::{Activity, TrackAnswer};

/// Every report of a number, oldest first; none when UPS knows nothing of it yet.
pub(super) fn reports(answer: TrackAnswer, number: &str) -> Result<Vec<TrackingReport>, CarrierError> {
    let mut reports = Vec::new();
    for shipment in answer.track_response.shipment {
        // TW0001: "no tracking information", which is no error before the first scan.
        if let Some(warning) = shipment.warnings.iter().find(|warning| warning.code != "TW0001") {
            return Err(CarrierError::refused("", format!("{} (UPS {})", warning.message, warning.code)));
        }
        let packages = shipment.package.into_iter();
        for package in
            packages.filter(|package| package.tracking_number.is_empty() || package.tracking_number == number)
        {
            for activity in package.activity.iter().rev() {
                reports.push(report(activity)?);
            }
        }
    }
    Ok(reports)
}

fn report(activity: &Activity) -> Result<TrackingReport, CarrierError> {
    let status = &activity.status;
    let code = codes::code(&status.status_code, &status.kind, &status.code);
    let (meaning, milestone) = codes::meaning(&code);
    let message = Some(status.description.trim().to_owned()).filter(|text| !text.is_empty());
    let incident = message.clone().filter(|_| codes::is_trouble(&code)).map(|reason| Incident { reason });
    let happened_at = time(activity)
        .ok_or_else(|| CarrierError::Unreadable(format!("{} {} is no time", activity.date, activity.time)))?;
    let place = activity.location.as_ref().map(|location| Place {
        city: location.address.city.clone().filter(|city| !city.is_empty()),
        country: location.address.country_code.clone().filter(|code| !code.is_empty()),
    });
    let place = place.filter(|place| *place != Place::default());
    Ok(TrackingReport { code, status: meaning, milestone, incident, message, happened_at, place })
}

/// A day and a time as UPS writes them: `20260105`, and `82231` for 08:22:31.
fn moment(date: &str, time: &str) -> Option<DateTime> {
    let date = Date::strptime("%Y%m%d", date.trim()).ok()?;
    // Without a time it is a day, and no midnight is invented.
    let time = Some(time).filter(|time| !time.trim().is_empty())?;
    let time = Time::strptime("%H%M%S", format!("{:0>6}", time.trim())).ok()?;
    Some(date.to_datetime(time))
}

/// When it happened: in Greenwich time where UPS says it, else local with its offset, else local with none, else the day.
fn time(activity: &Activity) -> Option<SentTime> {
    let local = moment(&activity.date, &activity.time);
    let offset = offset(&activity.gmt_offset);
    if let Some(greenwich) = moment(&activity.gmt_date, &activity.gmt_time) {
        let at = Offset::UTC.to_timestamp(greenwich).ok()?;
        return Some(SentTime::Instant(at, offset.unwrap_or(Offset::UTC)));
    }
    match (local, offset) {
        (Some(local), Some(offset)) => Some(SentTime::Instant(offset.to_timestamp(local).ok()?, offset)),
        (Some(local), None) => Some(SentTime::Local(local)),
        (None, _) => Some(SentTime::Date(Date::strptime("%Y%m%d", activity.date.trim()).ok()?)),
    }
}

/// `-05:00`, in pushes `-04.00`.
fn offset(text: &str) -> Option<Offset> {
    let text = text.trim().replace('.', ":");
    let (sign, rest) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(&text)),
    };
    let (hours, minutes) = rest.split_once(':')?;
    let seconds = i32::from(hours.parse::<u8>().ok()?) * 3600 + i32::from(minutes.parse::<u8>().ok()?) * 60;
    Offset::from_seconds(sign * seconds).ok()
}
