//! The tracking page: where one parcel is, for whoever holds its link. It shows nothing of the address beyond the city.

use std::borrow::Cow;

use app::tracking::TrackingView;
use app::words::Word;
use askama::Template;
use axum::Router;
use axum::body::Bytes;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, RawQuery};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use axum::routing::get;
use domain::branding::LogoKind;
use domain::language::Language;
use domain::time::{SentTime, Timestamp};
use domain::tracking::{Place, TrackingEvent, TrackingStatus};
use domain::{Error, Result};

use super::picture::Picture;
use super::{countries, trouble};
use crate::answer::respond;
use crate::form::Form;

mod dates;
mod look;
#[cfg(test)]
mod tests;

pub(super) use look::logo as logo_answer;

/// Tokens are shorter; what is longer is none, and the store is not asked.
const LONGEST_TOKEN: usize = 64;

/// Who asks for a page, and in which language.
#[derive(Clone, Debug, Default)]
pub struct Reader {
    /// The token of the page's address.
    pub token: String,
    /// The language that the address names.
    pub asked: Option<String>,
    /// The languages that the browser likes, as it says so.
    pub accepts: String,
}

impl Reader {
    fn new(token: &str, query: Option<&str>, headers: &HeaderMap) -> Self {
        let accepts = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
        let query = Form::read(query.unwrap_or_default().as_bytes());
        Self {
            token: token.to_owned(),
            asked: query.get("lang").map(str::to_owned),
            accepts: accepts.unwrap_or_default().to_owned(),
        }
    }

    fn language(&self, view: Option<&TrackingView>) -> Language {
        let of_order = view.and_then(|view| view.language.as_deref());
        let country = view.and_then(|view| view.reader_country.as_deref());
        Language::choose(self.asked.as_deref(), of_order, country, &self.accepts)
    }
}

/// The page, its colours and its logo on their paths, with what finds the parcel and the logo behind a token.
pub(crate) fn router<Find, Found, FindLogo, FoundLogo>(find: Find, find_logo: FindLogo) -> Router
where
    Find: Fn(String) -> Found + Clone + Send + Sync + 'static,
    Found: Future<Output = Result<TrackingView>> + Send,
    FindLogo: Fn(String) -> FoundLogo + Clone + Send + Sync + 'static,
    FoundLogo: Future<Output = Result<(LogoKind, Bytes)>> + Send,
{
    let show =
        async move |token: Result<Path<String>, PathRejection>, RawQuery(query): RawQuery, headers: HeaderMap| {
            let token = token.map(|Path(token)| token).unwrap_or_default();
            let reader = Reader::new(&token, query.as_deref(), &headers);
            let found = if may_be_token(&token) { find(token).await } else { Err(Error::NotFound("parcel")) };
            answer(found, &reader)
        };
    let logo = async move |token: Result<Path<String>, PathRejection>| match token {
        Ok(Path(token)) if may_be_token(&token) => look::logo(find_logo(token).await),
        _ => look::logo(Err(Error::NotFound("logo"))),
    };
    Router::new()
        .route("/t/{token}", get(show))
        .route("/t/{token}/logo", get(logo))
        .route("/t/style/{colours}", get(look::style))
}

fn answer(found: Result<TrackingView>, reader: &Reader) -> Response {
    match found {
        Ok(view) => respond(StatusCode::OK, &TrackingPage::of(&view, reader)),
        Err(error) => trouble::answer(&error, reader.language(None)),
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
    language: Language,
    lang: &'static str,
    sender: String,
    parcel_from: String,
    style: Option<String>,
    logo: Option<look::Logo>,
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
    times: String,
    languages: Vec<(&'static str, &'static str, bool)>,
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

    fn word(self) -> Word {
        match self {
            Self::Done => Word::StageDone,
            Self::Now | Self::Arrived | Self::Stopped => Word::StageNow,
            Self::Ahead => Word::StageAhead,
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
    /// The page of what is known of a parcel, for a reader.
    pub fn of(view: &TrackingView, reader: &Reader) -> Self {
        let language = reader.language(Some(view));
        let said = wording(view.status);
        let cancelled =
            Wording { title: Word::StatusCancelled, tone: "plain", picture: Picture::Cross, lead: Word::LeadCancelled };
        let Wording { title, tone, picture, lead } = if view.is_cancelled { cancelled } else { said };
        let is_unshipped = view.status == TrackingStatus::Announced && !view.is_cancelled;
        let zone = view.zone.iana_name().filter(|_| view.is_zone_known).map(|name| name.replace('_', " "));
        Self {
            language,
            lang: language.code(),
            sender: view.tenant_name.clone(),
            parcel_from: Word::ParcelFrom.with(language, "sender", &view.tenant_name),
            style: look::style_of(&view.branding),
            logo: look::Logo::of(&view.branding, &reader.token),
            title: title.of(language),
            tone,
            picture,
            flag: is_unshipped.then(|| Word::NotShippedYet.of(language)),
            lead: lead.of(language),
            still: (view.is_cancelled && view.status.is_with_carrier()).then(|| said.title.of(language)),
            steps: steps(view, language),
            facts: facts(view, language),
            history: history(view, language),
            is_silent: view.events.is_empty(),
            times: match zone {
                Some(zone) => Word::TimesThere.with(language, "zone", &zone),
                None => Word::TimesByOffset.of(language).to_owned(),
            },
            languages: Language::ALL.map(|one| (one.code(), one.own_name(), one == language)).to_vec(),
        }
    }

    /// The time of the newest entry.
    fn latest(&self) -> Option<&Moment> {
        self.history.first().map(|entry| &entry.moment)
    }

    fn say(&self, word: Word) -> &'static str {
        word.of(self.language)
    }

    fn before(&self, word: Word, name: &str) -> &'static str {
        word.around(self.language, name).0
    }

    fn behind(&self, word: Word, name: &str) -> &'static str {
        word.around(self.language, name).1
    }
}

/// How the page speaks of a status.
#[derive(Clone, Copy)]
struct Wording {
    title: Word,
    tone: &'static str,
    picture: Picture,
    lead: Word,
}

fn wording(status: TrackingStatus) -> Wording {
    use TrackingStatus as S;
    let (tone, picture) = match status {
        S::Unknown => ("plain", Picture::Question),
        S::Announced => ("plain", Picture::Label),
        S::InTransit => ("moving", Picture::Parcel),
        S::OutForDelivery => ("moving", Picture::Van),
        S::AtServicePoint => ("moving", Picture::Shop),
        S::Delivered => ("good", Picture::House),
        S::Undeliverable => ("warning", Picture::Exclamation),
        S::Returning | S::Returned => ("warning", Picture::TurnBack),
        S::Lost => ("trouble", Picture::Search),
    };
    Wording { title: Word::of_status(status), tone, picture, lead: Word::lead_of(status) }
}

/// The way of the parcel as far as it is known: what lies behind it, where it is, and what would come next.
fn steps(view: &TrackingView, language: Language) -> Vec<Step> {
    use TrackingStatus as S;
    const LABEL: Word = Word::StatusAnnounced;
    const CARRIER: Word = Word::StatusInTransit;
    let was_at_service_point = view.events.iter().any(|event| event.report.status == S::AtServicePoint);
    let third = match view.status {
        S::AtServicePoint => Word::StatusAtServicePoint,
        S::Delivered if was_at_service_point => Word::StatusAtServicePoint,
        _ => Word::StatusOutForDelivery,
    };
    let there = [LABEL, CARRIER, third, Word::StatusDelivered];
    let back = [LABEL, CARRIER, Word::StatusReturning, Word::StatusReturned];
    let (titles, here, stage): (&[_], usize, _) = match view.status {
        _ if view.is_cancelled => (&[LABEL, Word::StatusCancelled], 1, Stage::Stopped),
        S::Unknown if view.booked_at.is_none() => (&there, 0, Stage::Ahead),
        S::Unknown => (&there, 0, Stage::Done),
        S::Announced => (&there, 0, Stage::Now),
        S::InTransit => (&there, 1, Stage::Now),
        S::OutForDelivery | S::AtServicePoint => (&there, 2, Stage::Now),
        S::Delivered => (&there, 3, Stage::Arrived),
        S::Undeliverable => (&[LABEL, CARRIER, Word::StatusUndeliverable], 2, Stage::Stopped),
        S::Returning => (&back, 2, Stage::Now),
        S::Returned => (&back, 3, Stage::Arrived),
        S::Lost => (&[LABEL, CARRIER, Word::StatusLost], 2, Stage::Stopped),
    };
    let state = |index: usize| match index.cmp(&here) {
        std::cmp::Ordering::Less => Stage::Done,
        std::cmp::Ordering::Equal => stage,
        std::cmp::Ordering::Greater => Stage::Ahead,
    };
    titles.iter().enumerate().map(|(index, title)| Step { title: title.of(language), state: state(index) }).collect()
}

fn facts(view: &TrackingView, language: Language) -> Vec<Fact> {
    let fact = |name: Word, value: Option<String>, is_code| {
        let value = value.filter(|value| !value.trim().is_empty())?;
        Some(Fact { name: name.of(language), value, is_code })
    };
    let (position, count) = view.parcel;
    let of_count = Word::PlaceOfCount.with(language, "place", &position.to_string());
    [
        fact(Word::SentBy, Some(view.tenant_name.clone()), false),
        fact(Word::Service, Some(view.service_name.clone()), false),
        fact(Word::TrackingNumber, view.tracking_number.clone(), true),
        fact(Word::Order, view.order_reference.clone(), true),
        fact(Word::Parcel, Some(of_count.replace("{count}", &count.to_string())), false),
        fact(Word::GoingTo, place(&view.destination, language), false),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// What happened, newest first, with the making of the label, which the carrier does not report.
fn history(view: &TrackingView, language: Language) -> Vec<Entry> {
    let mut entries: Vec<_> = view.events.iter().map(|event| entry(event, view, language)).collect();
    if let Some(booked_at) = view.booked_at {
        let older = view.events.iter().position(|event| event.sort_at < booked_at);
        let label = Entry {
            title: Word::StatusAnnounced.of(language).to_owned(),
            step: None,
            incident: None,
            message: None,
            place: None,
            moment: instant(booked_at, view, language),
            tone: "plain",
        };
        entries.insert(older.unwrap_or(entries.len()), label);
    }
    entries
}

fn entry(event: &TrackingEvent, view: &TrackingView, language: Language) -> Entry {
    let report = &event.report;
    let written =
        |text: &Option<String>| text.as_deref().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
    let mut message = written(&report.message);
    let step = report.milestone.map(|milestone| Word::of_milestone(milestone).of(language));
    let title: Cow<'_, str> = match (report.status, step) {
        (TrackingStatus::Unknown, Some(step)) => step.into(),
        (TrackingStatus::Unknown, None) => {
            message.take().unwrap_or_else(|| Word::CarrierCode.with(language, "code", &report.code)).into()
        }
        (TrackingStatus::Announced, _) => Word::AnnouncedToCarrier.of(language).into(),
        (status, _) => Word::of_status(status).of(language).into(),
    };
    Entry {
        step: step.filter(|step| *step != title),
        title: title.into_owned(),
        incident: report.incident.as_ref().map(|incident| incident.reason.clone()),
        message,
        place: report.place.as_ref().and_then(|known| place(known, language)),
        moment: moment(report.happened_at, view, language),
        tone: wording(report.status).tone,
    }
}

fn place(place: &Place, language: Language) -> Option<String> {
    let city = place.city.as_deref().map(str::trim).filter(|city| !city.is_empty());
    let country = place.country.as_deref().map(str::trim).filter(|code| !code.is_empty());
    let country = country.map(|code| countries::name(code, language));
    match (city, country) {
        (Some(city), Some(country)) => Some(format!("{city}, {country}")),
        (known, other) => known.or(other).map(str::to_owned),
    }
}

fn moment(time: SentTime, view: &TrackingView, language: Language) -> Moment {
    match time {
        SentTime::Date(date) => Moment { words: dates::date(language, date), machine: date.to_string() },
        SentTime::Local(local) => Moment {
            words: format!("{} ({})", dates::date_time(language, local), Word::LocalTime.of(language)),
            machine: local.strftime("%Y-%m-%dT%H:%M:%S").to_string(),
        },
        SentTime::Instant(at, _) => instant(at, view, language),
    }
}

/// An instant, by the clocks of whoever waits; where those are not known, by others, with their distance from UTC.
fn instant(at: Timestamp, view: &TrackingView, language: Language) -> Moment {
    let there = at.to_zoned(view.zone.clone());
    let words = dates::date_time(language, there.datetime());
    Moment {
        words: if view.is_zone_known { words } else { format!("{words} ({})", there.strftime("UTC%:z")) },
        machine: there.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string(),
    }
}
