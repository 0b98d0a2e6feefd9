//! `sandbox`: a carrier that buys nothing and does what its account's settings or the recipient's postal code say, so that
//! an integrator can see every answer, status and milestone there is.
//!
//! Every label says TEST, every number begins with it. What it remembers (that a call of a reference was the first one)
//! lasts as long as the process: afterwards it fails or loses once more, which is harmless.

mod codes;
pub mod journal;
mod limits;
#[cfg(test)]
pub(crate) mod tests;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::account::CarrierAccount;
use domain::address::AddressLimits;
use domain::connector::{
    Abilities, Answer, BookRequest, BookedParcel, Booking, CancelRequest, Checked, Collected, CollectionRequest,
    Connection, Connector, Field, FieldKind, Interface, Label, Offer, Profile, RateRequest, Trace, TrackRequest,
};
use domain::document::{LabelContent, Matrix};
use domain::error::Rule;
use domain::money::{Currency, Decimal, Money};
use domain::rate::{ParcelRate, Rate, Tariff};
use domain::service::ServiceCode;
use domain::time::SentTime;
use domain::tracking::{Milestone, TrackingReport, TrackingStatus};
use domain::{CarrierError, Problem, Timestamp, gs1};
use serde::Serialize;
use serde_json::{Value as Json, json};

pub use codes::{POSTAL_CODES, Part, SERVICES, Service, TRACKING_CODES, WAY};
use journal::{Act, Journal};

use crate::{Http, fields};

static PROFILE: Profile = Profile {
    carrier: "sandbox",
    name: "Sandbox",
    fields: &[
        field("quote", "what becomes of a question for rates: ok, none, refuse, fail, fail_once or time_out"),
        field("book", "what becomes of a booking: ok, none, refuse, fail, fail_once, time_out or lost_answer"),
        field("cancel", "what becomes of a cancellation: ok, none, refuse, fail, fail_once or time_out"),
        field("track", "what becomes of a question for tracking: ok, none, refuse, fail, fail_once or time_out"),
        field("collect", "what becomes of a collection: ok, none, refuse, fail, fail_once or time_out"),
        field("currency", "the currency of its prices; EUR is usual"),
        field("max_line_length", "the longest line of an address, 10 to 200; no limit when missing"),
        field("phone_required", "services that need the recipient's phone, parted by commas"),
        field("phone_form", "how phone numbers are written: as_typed (usual), e164, digits or international"),
        field("splits_street", "true: street and house number are wanted apart"),
        field("not_served", "kinds of places where it does not go, such as po_box, military"),
        field("no_returns", "services that bring nothing back from customers, parted by commas"),
        field("no_return_address", "services that print no return address beside the sender's, parted by commas"),
    ],
    is_live: false,
    is_test: true,
    asks_nobody: false,
    can_track: true,
    takes_pushes: false,
    can_cancel: true,
    books_once_a_reference: true,
    has_one_number: false,
    collects_cash: true,
    serials_a_parcel: 1,
    manifests: true,
    collects: true,
    interface: Interface::endless("sandbox"),
};

const fn field(name: &'static str, help: &'static str) -> Field {
    Field { name, help, kind: FieldKind::Text, is_required: false }
}

/// The connector.
#[derive(Clone, Debug, Default)]
pub struct Sandbox {
    journal: Option<Arc<Journal>>,
}

/// The connector; it asks nobody.
pub(crate) fn connector(_http: &Http) -> Arc<dyn Connector> {
    Arc::new(Sandbox::default())
}

impl Sandbox {
    /// A sandbox that writes what it does into a journal.
    pub fn with_journal(journal: Journal) -> Self {
        Self { journal: Some(Arc::new(journal)) }
    }
}

/// What becomes of a call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Outcome {
    #[default]
    Ok,
    None,
    Refuse,
    Fail,
    FailOnce,
    TimeOut,
    LostAnswer,
}

const OUTCOMES: [(&str, Outcome); 7] = [
    ("ok", Outcome::Ok),
    ("none", Outcome::None),
    ("refuse", Outcome::Refuse),
    ("fail", Outcome::Fail),
    ("fail_once", Outcome::FailOnce),
    ("time_out", Outcome::TimeOut),
    ("lost_answer", Outcome::LostAnswer),
];

impl Connector for Sandbox {
    fn profile(&self) -> &'static Profile {
        &PROFILE
    }

    fn connect(&self, account: &CarrierAccount) -> Result<Arc<dyn Connection>, Vec<Problem>> {
        let mut problems = fields::problems(&PROFILE, account);
        let mut outcome = |name: &str, has_lost_answer: bool| {
            let Some(typed) = fields::text(account, name) else { return Outcome::Ok };
            let known = OUTCOMES.iter().take(if has_lost_answer { 7 } else { 6 });
            let words: Vec<_> = known.clone().map(|(word, _)| *word).collect();
            known.clone().find(|(word, _)| *word == typed).map_or_else(
                || {
                    let message = format!("{name} is {typed:?}: expected one of {}", words.join(", "));
                    problems.push(Problem::new(name, message));
                    Outcome::Ok
                },
                |(_, outcome)| *outcome,
            )
        };
        let limits = limits::read(account);
        let scene = Scene {
            limits: limits.as_ref().map_or_else(|_| limits::Limits::default(), Clone::clone),
            quote: outcome("quote", false),
            book: outcome("book", true),
            cancel: outcome("cancel", false),
            track: outcome("track", false),
            collect: outcome("collect", false),
            account: account.id.clone(),
            currency: Currency::new(fields::text(account, "currency").unwrap_or("EUR")),
            seen: Mutex::default(),
            journal: self.journal.clone(),
        };
        problems.extend(limits.err().unwrap_or_default());
        if scene.currency.is_none() {
            let typed = fields::text(account, "currency").unwrap_or_default();
            problems.push(Problem::new("currency", format!("currency is {typed:?}: expected an ISO 4217 code")));
        }
        if problems.is_empty() { Ok(Arc::new(scene)) } else { Err(problems) }
    }
}

/// One account.
#[derive(Debug)]
struct Scene {
    account: String,
    limits: limits::Limits,
    quote: Outcome,
    book: Outcome,
    cancel: Outcome,
    track: Outcome,
    collect: Outcome,
    currency: Option<Currency>,
    /// Calls that came before: operation and reference.
    seen: Mutex<BTreeSet<String>>,
    journal: Option<Arc<Journal>>,
}

/// Calls that are remembered at most.
const MOST_SEEN: usize = 10_000;

#[derive(Serialize)]
struct Asked<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    reference: Option<&'a str>,
    service: Option<&'a str>,
    country: Option<&'a str>,
    postal_code: Option<&'a str>,
    parcels: usize,
}

fn unavailable(message: &str) -> CarrierError {
    CarrierError::unavailable(message)
}

fn text(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

impl Scene {
    /// Whether this call comes for the first time.
    fn is_first(&self, operation: &str, reference: &str) -> bool {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.len() >= MOST_SEEN {
            seen.clear();
        }
        seen.insert(format!("{operation} {reference}"))
    }

    /// What becomes of a call that a setting decides; `Ok(true)` when its answer is to be lost after it was carried out.
    async fn play(&self, outcome: Outcome, operation: &str, reference: &str) -> Result<bool, CarrierError> {
        match outcome {
            Outcome::Ok => Ok(false),
            Outcome::None => Err(CarrierError::Unsupported(format!("{operation} at this account"))),
            Outcome::Refuse if operation == "cancel" => {
                Err(CarrierError::Unsupported("cancelling a booking: this carrier never does".to_owned()))
            }
            Outcome::Refuse => {
                Err(CarrierError::refused("", format!("the sandbox refuses to {operation}, as it was set")))
            }
            Outcome::FailOnce if !self.is_first(operation, reference) => Ok(false),
            Outcome::Fail | Outcome::FailOnce => Err(unavailable("the sandbox fails, as it was set")),
            Outcome::TimeOut => {
                tokio::time::sleep(Duration::from_hours(1)).await;
                Err(unavailable("the sandbox takes too long, as it was set"))
            }
            Outcome::LostAnswer => Ok(self.is_first(operation, reference)),
        }
    }

    fn keep(&self, act: &Act) -> Result<(), CarrierError> {
        let Some(journal) = &self.journal else { return Ok(()) };
        journal.add(act).map_err(|error| unavailable(&format!("its journal cannot be written: {error}")))
    }

    fn offer(&self, ask: &RateRequest) -> Offer {
        let postal_code = ask.recipient.postal_code.as_deref();
        if codes::part(postal_code) == Some(Part::NotServed) {
            let why = "no service goes to the postal code TEST-404".to_owned();
            let out = SERVICES.iter().map(|service| (ServiceCode::new(&self.account, service.code), why.clone()));
            return Offer { rates: Vec::new(), left_out: out.collect() };
        }
        let Some(currency) = self.currency else { return Offer::default() };
        let wanted = SERVICES.iter().filter(|service| ask.service.as_deref().is_none_or(|code| code == service.code));
        let rate = |service: &Service| {
            let price = Money::new(Decimal::new(service.cents, 2), currency);
            let parcel = |parcel: &domain::parcel::Box| ParcelRate {
                billed_weight: Some(parcel.weight),
                is_volumetric: false,
                because: "its gross weight".to_owned(),
                price,
            };
            let total = Money::new(price.amount * Decimal::from(ask.parcels.len()), currency);
            Rate {
                parcels: ask.parcels.iter().map(parcel).collect(),
                transit_days: Some(service.transit_days),
                tariff: Some(Tariff::List),
                notes: vec!["a sandbox: nothing is bought".to_owned()],
                ..Rate::new(ServiceCode::new(&self.account, service.code), service.name, total)
            }
        };
        Offer { rates: wanted.map(rate).collect(), left_out: Vec::new() }
    }

    /// A booking is a function of its request: the same reference with the same serials gives the same numbers.
    fn booking(ask: &BookRequest) -> Result<Booking, CarrierError> {
        let Some(service) = SERVICES.iter().find(|service| service.code == ask.service.service) else {
            let message = format!("the sandbox has no service {:?}", ask.service.service);
            return Err(CarrierError::Refused(vec![Problem::of(Rule::Unknown, "service", message)]));
        };
        let postal_code = ask.recipient.postal_code.as_deref();
        let part = codes::part(postal_code);
        if part == Some(Part::Refused) {
            let message = "postal_code \"TEST-422\": the sandbox does not know it, any other is expected; correct the \
                           recipient's postal code and ship again";
            return Err(CarrierError::refused("recipient/postal_code", message));
        }
        if part == Some(Part::NotServed) {
            return Err(CarrierError::refused("recipient/postal_code", "no service goes to the postal code TEST-404"));
        }
        let count = ask.parcels.len();
        let serials = fields::serials(&ask.serials, count)?;
        let parcels = ask.parcels.iter().zip(serials).enumerate().map(|(place, (parcel, serial))| {
            let digits = format!("{serial:010}");
            let check = gs1::check_digit(&digits).map(|digit| digit.to_string()).unwrap_or_default();
            let tracking_number = format!("TEST{digits}{check}");
            let page = ask.tracking_pages.get(place).cloned().unwrap_or_else(|| tracking_number.clone());
            let content = LabelContent {
                carrier: "Sandbox".to_owned(),
                service: service.name.to_owned(),
                sender: ask.sender.clone(),
                return_to: ask.parties.return_to.clone(),
                recipient: ask.recipient.clone(),
                routing_code: None,
                weight: parcel.weight,
                parcel_number: place as u32 + 1,
                parcel_count: count as u32,
                reference: ask.order_reference.clone(),
                tracking_number: tracking_number.clone(),
                sscc: None,
                matrix: Matrix::Qr(page),
                collect: parcel.collect,
                is_test: true,
            };
            BookedParcel { tracking_number, sscc: None, label: Some(Label::Content(Box::new(content))) }
        });
        let kept = if part == Some(Part::Kept) { "KEPT-" } else { "" };
        let carrier_reference = Some(format!("SANDBOX-{kept}{}", ask.reference));
        Ok(Booking::new(carrier_reference, parcels.collect()))
    }

    async fn book_now(&self, ask: &BookRequest) -> Result<Booking, CarrierError> {
        let by_place = match codes::part(ask.recipient.postal_code.as_deref()) {
            Some(Part::TimeOut) => Some(Outcome::TimeOut),
            Some(Part::LostAnswer) => Some(Outcome::LostAnswer),
            Some(Part::FailOnce) => Some(Outcome::FailOnce),
            _ => None,
        };
        let booking = Self::booking(ask);
        let is_lost = self.play(by_place.unwrap_or(self.book), "book", &ask.reference).await?;
        let booking = booking?;
        let numbers = booking.parcels.iter().map(|parcel| parcel.tracking_number.clone()).collect();
        self.keep(&Act::Booked { reference: ask.reference.clone(), numbers })?;
        if is_lost { Err(unavailable("the answer was lost on its way, as it was set")) } else { Ok(booking) }
    }

    fn reports(ask: &TrackRequest) -> Vec<TrackingReport> {
        let way = codes::way(ask.recipient.postal_code.as_deref());
        let at = |step: usize| ask.booked_at.checked_add(Duration::from_secs(60 * step as u64)).ok();
        let reached = way.into_iter().enumerate().map_while(|(step, code)| Some((code, at(step)?)));
        reached.take_while(|(_, at)| *at <= ask.now).filter_map(|(code, at)| report(code, at)).collect()
    }
}

fn report(code: &str, at: Timestamp) -> Option<TrackingReport> {
    let (code, status, milestone) = codes::meaning(code)?;
    Some(TrackingReport {
        code: code.to_owned(),
        status,
        milestone,
        incident: None,
        message: Some("a sandbox: nothing moves".to_owned()),
        happened_at: SentTime::utc(at),
        place: None,
    })
}

/// A call that is written down when it ends, also when nobody waits for its answer any more.
struct Call<'a> {
    trace: &'a Trace,
    operation: &'static str,
    request: String,
    answer: Option<String>,
}

impl<'a> Call<'a> {
    fn new(trace: &'a Trace, operation: &'static str, request: &impl Serialize) -> Self {
        Self { trace, operation, request: text(request), answer: None }
    }

    /// Keeps what the sandbox would have written over the wire; nothing when no answer arrives.
    fn answered<T>(mut self, answer: Result<T, CarrierError>, yes: impl FnOnce(&T) -> Json) -> Result<T, CarrierError> {
        self.answer = match &answer {
            Ok(answer) => Some(format!("200 {}", yes(answer))),
            Err(CarrierError::Unavailable { .. }) => None,
            Err(error) => Some(format!("422 {}", json!({ "error": error.to_string() }))),
        };
        answer
    }
}

impl Drop for Call<'_> {
    fn drop(&mut self) {
        self.trace.add(self.operation, std::mem::take(&mut self.request), self.answer.take());
    }
}

fn offered(offer: &Offer) -> Json {
    let rates = offer.rates.iter().map(|rate| json!({ "service": rate.service.service, "total": rate.total }));
    let left_out = offer.left_out.iter().map(|(code, why)| json!({ "service": code.service, "reason": why }));
    json!({ "rates": rates.collect::<Vec<_>>(), "left_out": left_out.collect::<Vec<_>>() })
}

fn booked(booking: &Booking) -> Json {
    let numbers: Vec<_> = booking.parcels.iter().map(|parcel| &parcel.tracking_number).collect();
    json!({ "carrier_reference": booking.carrier_reference, "tracking_numbers": numbers })
}

fn reported(reports: &[TrackingReport]) -> Json {
    let events = reports.iter().map(|report| json!({ "code": report.code, "happened_at": report.happened_at }));
    json!({ "events": events.collect::<Vec<_>>() })
}

impl Connection for Scene {
    fn rates<'a>(&'a self, ask: &'a RateRequest, trace: &'a Trace) -> Answer<'a, Offer> {
        Box::pin(async move {
            let asked = Asked {
                reference: None,
                service: ask.service.as_deref(),
                country: ask.recipient.country.as_deref(),
                postal_code: ask.recipient.postal_code.as_deref(),
                parcels: ask.parcels.len(),
            };
            let call = Call::new(trace, "quote", &asked);
            let answer = match self.quote {
                Outcome::None => {
                    let why = "the sandbox offers nothing, as it was set".to_owned();
                    let out = SERVICES.iter().map(|one| (ServiceCode::new(&self.account, one.code), why.clone()));
                    Ok(Offer { rates: Vec::new(), left_out: out.collect() })
                }
                outcome => self.play(outcome, "quote", "").await.map(|_| self.offer(ask)),
            };
            call.answered(answer, offered)
        })
    }

    fn book<'a>(&'a self, ask: &'a BookRequest, trace: &'a Trace) -> Answer<'a, Booking> {
        Box::pin(async move {
            let asked = Asked {
                reference: Some(&ask.reference),
                service: Some(&ask.service.service),
                country: ask.recipient.country.as_deref(),
                postal_code: ask.recipient.postal_code.as_deref(),
                parcels: ask.parcels.len(),
            };
            let call = Call::new(trace, "book", &asked);
            call.answered(self.book_now(ask).await, booked)
        })
    }

    fn address_limits(&self, service: &str) -> AddressLimits {
        self.limits.of(service)
    }

    fn abilities(&self, service: &str) -> Abilities {
        self.limits.abilities(service)
    }

    fn services(&self) -> Vec<String> {
        SERVICES.iter().map(|service| service.code.to_owned()).collect()
    }

    fn cancel<'a>(&'a self, ask: &'a CancelRequest, trace: &'a Trace) -> Answer<'a, ()> {
        Box::pin(async move {
            let call = Call::new(trace, "cancel", &json!({ "reference": ask.reference }));
            let is_kept = ask.carrier_reference.as_deref().is_some_and(|name| name.starts_with("SANDBOX-KEPT-"));
            let played = if is_kept {
                Err(CarrierError::refused("", "the booking went to TEST-KEPT and cannot be cancelled"))
            } else {
                self.play(self.cancel, "cancel", &ask.reference).await
            };
            let answer = played.and_then(|_| self.keep(&Act::Cancelled { reference: ask.reference.clone() }));
            call.answered(answer, |()| json!({ "cancelled": true }))
        })
    }

    fn collect<'a>(&'a self, ask: &'a CollectionRequest, trace: &'a Trace) -> Answer<'a, Collected> {
        Box::pin(async move {
            let call = Call::new(trace, "collect", &json!({ "reference": ask.reference, "day": ask.day }));
            let played = self.play(self.collect, "collect", &ask.reference).await;
            let confirmation = format!("SANDBOX-{}", ask.reference);
            let answer = played.map(|_| Collected { confirmation: Some(confirmation) });
            call.answered(answer, |collected| json!({ "confirmation": collected.confirmation }))
        })
    }

    fn cancel_collection<'a>(&'a self, ask: &'a CollectionRequest, trace: &'a Trace) -> Answer<'a, ()> {
        Box::pin(async move {
            let call = Call::new(trace, "cancel collection", &json!({ "reference": ask.reference }));
            let played = self.play(self.cancel, "cancel collection", &ask.reference).await;
            call.answered(played.map(drop), |()| json!({ "cancelled": true }))
        })
    }

    fn track<'a>(&'a self, ask: &'a TrackRequest, trace: &'a Trace) -> Answer<'a, Vec<TrackingReport>> {
        Box::pin(async move {
            let call = Call::new(trace, "track", &json!({ "tracking_number": ask.tracking_number }));
            let played = self.play(self.track, "track", &ask.tracking_number).await;
            call.answered(played.map(|_| Self::reports(ask)), |reports| reported(reports))
        })
    }

    /// There is nobody who could refuse it.
    fn check<'a>(&'a self, _trace: &'a Trace) -> Answer<'a, Checked> {
        let notes = vec!["a sandbox: nothing is bought".to_owned()];
        Box::pin(std::future::ready(Ok(Checked { notes, ..Checked::default() })))
    }

    fn read_code(&self, code: &str) -> (TrackingStatus, Option<Milestone>) {
        codes::meaning(code).map_or((TrackingStatus::Unknown, None), |(_, status, milestone)| (status, milestone))
    }

    fn next_code(&self, last: Option<&str>) -> Option<&'static str> {
        codes::next(last)
    }
}
