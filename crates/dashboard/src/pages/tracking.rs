//! The tracking page: where one parcel is, for whoever holds its link. It shows nothing of the address beyond the city.

use app::tracking::TrackingView;
use askama::Template;
use axum::Router;
use axum::extract::Path;
use axum::extract::rejection::PathRejection;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use domain::time::{SentTime, Timestamp};
use domain::tracking::{Milestone, Place, TrackingEvent, TrackingStatus};
use domain::{Error, Result};

use super::picture::Picture;
use super::{countries, trouble};
use crate::answer::respond;

#[cfg(test)]
mod tests;

/// Tokens are shorter; what is longer is none, and the store is not asked.
const LONGEST_TOKEN: usize = 64;

/// The page on its path, with what finds the parcel behind a token.
pub(crate) fn router<Find, Found>(find: Find) -> Router
where
    Find: Fn(String) -> Found + Clone + Send + Sync + 'static,
    Found: Future<Output = Result<TrackingView>> + Send,
{
    let show = async move |token: Result<Path<String>, PathRejection>| match token {
        Ok(Path(token)) if may_be_token(&token) => answer(find(token).await),
        _ => answer(Err(Error::NotFound("parcel"))),
    };
    Router::new().route("/t/{token}", get(show))
}

fn answer(found: Result<TrackingView>) -> Response {
    match found {
        Ok(view) => respond(StatusCode::OK, &TrackingPage::of(&view)),
        Err(error) => trouble::answer(&error),
    }
}

/// Whether a text is spelled like a token: URL-safe base 64 and not too long.
fn may_be_token(text: &str) -> bool {
    (1..=LONGEST_TOKEN).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

/// What the page says, in the words it says it in.
#[derive(Template)]
#[template(path = "tracking.html")]
pub struct TrackingPage {
    sender: String,
    title: &'static str,
    tone: &'static str,
    picture: Picture,
    flag: Option<&'static str>,
    lead: &'static str,
    still: Option<&'static str>,
    steps: Vec<Step>,
    facts: Vec<Fact>,
    history: Vec<Entry>,
    is_silent: bool,
    zone_name: Option<String>,
}

/// One stage on the way.
#[derive(Debug, PartialEq)]
struct Step {
    title: &'static str,
    state: Stage,
}

/// Where the parcel stands to a stage.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Stage {
    Done,
    Now,
    Arrived,
    Stopped,
    Ahead,
}

impl Stage {
    fn class(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Now => "now",
            Self::Arrived => "now arrived",
            Self::Stopped => "now stopped",
            Self::Ahead => "ahead",
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Now | Self::Arrived | Self::Stopped => "the parcel is here now",
            Self::Ahead => "not yet",
        }
    }

    fn is_current(self) -> bool {
        matches!(self, Self::Now | Self::Arrived | Self::Stopped)
    }
}

/// One line of what is known of the parcel.
struct Fact {
    name: &'static str,
    value: String,
    is_code: bool,
}

/// One thing that happened.
struct Entry {
    title: String,
    step: Option<&'static str>,
    incident: Option<String>,
    message: Option<String>,
    place: Option<String>,
    moment: Moment,
    tone: &'static str,
}

/// A time, for people and for machines, exactly as precise as it was sent.
#[derive(Debug, PartialEq)]
struct Moment {
    words: String,
    machine: String,
}

impl TrackingPage {
    /// The page of what is known of a parcel.
    pub fn of(view: &TrackingView) -> Self {
        let said = wording(view.status);
        let cancelled = Wording {
            title: "Cancelled",
            tone: "plain",
            picture: Picture::Cross,
            lead: "The sender has cancelled this shipment.",
        };
        let Wording { title, tone, picture, lead } = if view.is_cancelled { cancelled } else { said };
        let history = history(view);
        Self {
            sender: view.tenant_name.clone(),
            title,
            tone,
            picture,
            flag: (view.status == TrackingStatus::Announced && !view.is_cancelled).then_some("Not shipped yet"),
            lead,
            still: (view.is_cancelled && view.status.is_with_carrier()).then_some(said.title),
            steps: steps(view),
            facts: facts(view),
            history,
            is_silent: view.events.is_empty(),
            zone_name: view.zone.iana_name().map(|name| name.replace('_', " ")),
        }
    }

    /// The time of the newest entry.
    fn latest(&self) -> Option<&Moment> {
        self.history.first().map(|entry| &entry.moment)
    }
}

/// How the page speaks of a status.
#[derive(Clone, Copy)]
struct Wording {
    title: &'static str,
    tone: &'static str,
    picture: Picture,
    lead: &'static str,
}

fn wording(status: TrackingStatus) -> Wording {
    use TrackingStatus as S;
    let (title, tone, picture, lead) = match status {
        S::Unknown => (
            "No status yet",
            "plain",
            Picture::Question,
            "The carrier has said nothing about this parcel that we can read as a status.",
        ),
        S::Announced => (
            "Label made",
            "plain",
            Picture::Label,
            "The sender has made the label. The carrier does not have the parcel.",
        ),
        S::InTransit => {
            ("With the carrier", "moving", Picture::Parcel, "The carrier has the parcel, and it is on its way.")
        }
        S::OutForDelivery => {
            ("Out for delivery", "moving", Picture::Van, "The parcel is on the last part of its way to you.")
        }
        S::AtServicePoint => {
            ("At a service point", "moving", Picture::Shop, "The parcel is waiting at a service point to be collected.")
        }
        S::Delivered => ("Delivered", "good", Picture::House, "The carrier has handed the parcel over."),
        S::Undeliverable => (
            "Could not be delivered",
            "warning",
            Picture::Exclamation,
            "The carrier could not hand the parcel over. If you are expecting it, please contact the sender.",
        ),
        S::Returning => {
            ("On its way back", "warning", Picture::TurnBack, "The carrier is taking the parcel back to the sender.")
        }
        S::Returned => ("Back at the sender", "warning", Picture::TurnBack, "The parcel went back to the sender."),
        S::Lost => (
            "Lost",
            "trouble",
            Picture::Search,
            "The carrier has given the parcel up as lost. Please contact the sender.",
        ),
    };
    Wording { title, tone, picture, lead }
}

/// The way of the parcel as far as it is known: what lies behind it, where it is, and what would come next.
fn steps(view: &TrackingView) -> Vec<Step> {
    use TrackingStatus as S;
    const LABEL: &str = "Label made";
    const CARRIER: &str = "With the carrier";
    let was_at_service_point = view.events.iter().any(|event| event.report.status == S::AtServicePoint);
    let third = match view.status {
        S::AtServicePoint => "At a service point",
        S::Delivered if was_at_service_point => "At a service point",
        _ => "Out for delivery",
    };
    let there = [LABEL, CARRIER, third, "Delivered"];
    let back = [LABEL, CARRIER, "On its way back", "Back at the sender"];
    let (titles, here, stage): (&[_], usize, _) = match view.status {
        _ if view.is_cancelled => (&[LABEL, "Cancelled"], 1, Stage::Stopped),
        S::Unknown if view.booked_at.is_none() => (&there, 0, Stage::Ahead),
        S::Unknown => (&there, 0, Stage::Done),
        S::Announced => (&there, 0, Stage::Now),
        S::InTransit => (&there, 1, Stage::Now),
        S::OutForDelivery | S::AtServicePoint => (&there, 2, Stage::Now),
        S::Delivered => (&there, 3, Stage::Arrived),
        S::Undeliverable => (&[LABEL, CARRIER, "Could not be delivered"], 2, Stage::Stopped),
        S::Returning => (&back, 2, Stage::Now),
        S::Returned => (&back, 3, Stage::Arrived),
        S::Lost => (&[LABEL, CARRIER, "Lost"], 2, Stage::Stopped),
    };
    let state = |index: usize| match index.cmp(&here) {
        std::cmp::Ordering::Less => Stage::Done,
        std::cmp::Ordering::Equal => stage,
        std::cmp::Ordering::Greater => Stage::Ahead,
    };
    titles.iter().enumerate().map(|(index, title)| Step { title, state: state(index) }).collect()
}

fn facts(view: &TrackingView) -> Vec<Fact> {
    let fact = |name, value: Option<String>, is_code| {
        let value = value.filter(|value| !value.trim().is_empty())?;
        Some(Fact { name, value, is_code })
    };
    let (position, count) = view.parcel;
    [
        fact("Sent by", Some(view.tenant_name.clone()), false),
        fact("Service", Some(view.service_name.clone()), false),
        fact("Tracking number", view.tracking_number.clone(), true),
        fact("Order", view.order_reference.clone(), true),
        fact("Parcel", Some(format!("{position} of {count}")), false),
        fact("Going to", place(&view.destination), false),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// What happened, newest first, with the making of the label, which the carrier does not report.
fn history(view: &TrackingView) -> Vec<Entry> {
    let mut entries: Vec<_> = view.events.iter().map(|event| entry(event, view)).collect();
    if let Some(booked_at) = view.booked_at {
        let older = view.events.iter().position(|event| event.sort_at < booked_at);
        let label = Entry {
            title: wording(TrackingStatus::Announced).title.to_owned(),
            step: None,
            incident: None,
            message: None,
            place: None,
            moment: instant(booked_at, view),
            tone: "plain",
        };
        entries.insert(older.unwrap_or(entries.len()), label);
    }
    entries
}

fn entry(event: &TrackingEvent, view: &TrackingView) -> Entry {
    let report = &event.report;
    let written =
        |text: &Option<String>| text.as_deref().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
    let mut message = written(&report.message);
    let step = report.milestone.map(milestone);
    let title = match (report.status, step) {
        (TrackingStatus::Unknown, Some(step)) => step.to_owned(),
        (TrackingStatus::Unknown, None) => {
            message.take().unwrap_or_else(|| format!("The carrier’s code {}", report.code))
        }
        (TrackingStatus::Announced, _) => "Announced to the carrier".to_owned(),
        (status, _) => wording(status).title.to_owned(),
    };
    Entry {
        step: step.filter(|step| *step != title),
        title,
        incident: report.incident.as_ref().map(|incident| incident.reason.clone()),
        message,
        place: report.place.as_ref().and_then(place),
        moment: moment(report.happened_at, view),
        tone: wording(report.status).tone,
    }
}

fn milestone(milestone: Milestone) -> &'static str {
    match milestone {
        Milestone::CourierAssigned => "A courier has the job",
        Milestone::OnTheWayToUs => "The courier is on the way to the sender",
        Milestone::PickedUp => "Picked up from the sender",
        Milestone::AtTheDoor => "The courier is at the door",
        Milestone::Delayed => "Delayed",
    }
}

fn place(place: &Place) -> Option<String> {
    let city = place.city.as_deref().map(str::trim).filter(|city| !city.is_empty());
    let country = place.country.as_deref().map(str::trim).filter(|code| !code.is_empty()).map(countries::name);
    match (city, country) {
        (Some(city), Some(country)) => Some(format!("{city}, {country}")),
        (known, other) => known.or(other).map(str::to_owned),
    }
}

fn moment(time: SentTime, view: &TrackingView) -> Moment {
    match time {
        SentTime::Date(date) => Moment { words: date.strftime("%a %-d %B %Y").to_string(), machine: date.to_string() },
        SentTime::Local(local) => Moment {
            words: local.strftime("%a %-d %B %Y, %H:%M (local time)").to_string(),
            machine: local.strftime("%Y-%m-%dT%H:%M:%S").to_string(),
        },
        SentTime::Instant(at, _) => instant(at, view),
    }
}

/// An instant, in the page's zone; a zone without letters of its own is named by its offset.
fn instant(at: Timestamp, view: &TrackingView) -> Moment {
    let there = at.to_zoned(view.zone.clone());
    let letters = there.strftime("%Z").to_string();
    let zone = if letters.starts_with(['+', '-']) { there.strftime("UTC%:z").to_string() } else { letters };
    Moment {
        words: format!("{} {zone}", there.strftime("%a %-d %B %Y, %H:%M")),
        machine: there.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string(),
    }
}
