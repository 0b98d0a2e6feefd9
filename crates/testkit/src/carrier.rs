//! A scripted carrier: it does what the test says and counts what it was asked.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex};

use domain::account::CarrierAccount;
use domain::address::AddressLimits;
use domain::connector::{
    Answer, BookRequest, BookedParcel, Booking, CancelRequest, Checked, Collected, CollectionRequest, Connection,
    Connector, Field, FieldKind, Interface, Label, Offer, Profile, RateRequest, Trace, TrackRequest,
};
use domain::document::{Dpi, Format, LabelContent, Matrix, Paper};
use domain::error::CarrierError;
use domain::money::{Currency, Decimal, Money};
use domain::rate::{ParcelRate, Rate};
use domain::service::ServiceCode;
use domain::tracking::{Milestone, TrackingReport, TrackingStatus};
use domain::{Problem, gs1};

use crate::Shared;

/// What the carrier does when it is asked to book, to come or to cancel.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// It says yes.
    Yes,
    /// It says no, with a reason.
    No(&'static str),
    /// It does not answer and did nothing.
    Silent,
    /// It is too busy, did nothing, and asks to be left alone for so many seconds.
    Busy(u64),
    /// It acts, but its answer is lost.
    LostAnswer,
    /// It answers something nobody can read, and did nothing.
    Gibberish,
    /// It answers after so many milliseconds, yes.
    Slow(u64),
}

/// What happened at the carrier.
#[derive(Debug, Default)]
pub struct Ledger {
    /// What comes next; yes when empty.
    pub bookings: VecDeque<Outcome>,
    /// What comes next; yes when empty.
    pub cancels: VecDeque<Outcome>,
    /// What becomes of every question for rates instead of a yes.
    pub rates: Option<Outcome>,
    /// How often it was asked for rates.
    pub rates_asked: usize,
    /// How often it had been asked for rates when it gave the first of them.
    pub rates_asked_before_an_answer: Option<usize>,
    /// How often it was asked to book.
    pub books_asked: usize,
    /// How often it was asked to cancel.
    pub cancels_asked: usize,
    /// The label it makes itself, as PDF, ZPL or PNG; one of content that we draw when missing.
    pub label: Option<Vec<u8>>,
    /// The field its refusals name; the recipient when missing.
    pub field: Option<&'static str>,
    /// What it says happened, by tracking number.
    pub reports: BTreeMap<String, Vec<TrackingReport>>,
    /// The numbers it was asked about.
    pub tracks_asked: Vec<String>,
    /// What it says to every question about a parcel instead.
    pub track_failure: Option<CarrierError>,
    /// Whether it never answers a question about a parcel.
    pub is_mute: bool,
    /// What a look at the account finds; nothing amiss when missing.
    pub check: Option<Result<Checked, CarrierError>>,
    /// How often it was asked to look at the account.
    pub checks_asked: usize,
    /// What its service takes of an address.
    pub limits: AddressLimits,
    /// The most parcels that its service takes.
    pub most_parcels: Option<u32>,
    /// What it was asked to book.
    pub asked: Vec<BookRequest>,
    /// What comes next when it is to come, or not to; yes when empty.
    pub collections: VecDeque<Outcome>,
    /// How often it was asked to come, or not to.
    pub collections_asked: usize,
    /// The references under which it comes.
    pub coming: BTreeSet<String>,
    /// Bookings it knows, by reference.
    pub booked: BTreeMap<String, Booking>,
}

/// A scripted carrier known as `scripted`; cloning gives another handle to the same ledger.
#[derive(Clone)]
pub struct Scripted {
    profile: &'static Profile,
    ledger: Shared<Ledger>,
    can_find: bool,
}

const PROFILE: Profile = Profile {
    carrier: "scripted",
    name: "Scripted carrier",
    fields: &[Field { name: "token", help: "a token", kind: FieldKind::Secret, is_required: false }],
    is_live: true,
    is_test: false,
    asks_nobody: false,
    can_track: false,
    takes_pushes: false,
    can_cancel: true,
    books_once_a_reference: false,
    has_one_number: false,
    collects_cash: true,
    serials_a_parcel: 1,
    manifests: false,
    collects: false,
    interface: Interface::endless("script 1"),
};

impl Default for Scripted {
    fn default() -> Self {
        static SCRIPTED: Profile = PROFILE;
        Self { profile: &SCRIPTED, ledger: Shared::default(), can_find: true }
    }
}

impl Scripted {
    /// A carrier that says yes to everything.
    pub fn new() -> Self {
        Self::default()
    }

    /// A carrier known as `scripted` whose interface ends with 10 June 2026.
    pub fn ending() -> Self {
        static ENDING: Profile = Profile { interface: Interface::until("script 1", (2026, 6, 10)), ..PROFILE };
        Self { profile: &ENDING, ..Self::default() }
    }

    /// A second carrier, known as `second`, with a ledger of its own.
    pub fn second() -> Self {
        static SECOND: Profile = Profile { carrier: "second", name: "Second carrier", ..PROFILE };
        Self { profile: &SECOND, ..Self::default() }
    }

    /// A test carrier known as `scripted` that can be asked what happened to a parcel.
    pub fn tracked() -> Self {
        static TRACKED: Profile = Profile { is_live: false, is_test: true, can_track: true, ..PROFILE };
        Self { profile: &TRACKED, ..Self::default() }
    }

    /// Another like [`Scripted::tracked`], known as `second`.
    pub fn tracked_second() -> Self {
        static TRACKED: Profile =
            Profile { carrier: "second", is_live: false, is_test: true, can_track: true, ..PROFILE };
        Self { profile: &TRACKED, ..Self::default() }
    }

    /// A carrier known as `scripted` whose bookings cannot be cancelled.
    pub fn uncancellable() -> Self {
        static FINAL: Profile = Profile { can_cancel: false, ..PROFILE };
        Self { profile: &FINAL, ..Self::default() }
    }

    /// A carrier known as `scripted` that comes to a location when asked.
    pub fn collecting() -> Self {
        static COLLECTING: Profile = Profile { collects: true, ..PROFILE };
        Self { profile: &COLLECTING, ..Self::default() }
    }

    /// A carrier known as `scripted` that asks nobody for rates.
    pub fn asking_nobody() -> Self {
        static KNOWING: Profile = Profile { asks_nobody: true, ..PROFILE };
        Self { profile: &KNOWING, ..Self::default() }
    }

    /// A carrier known as `scripted` that collects no money.
    pub fn without_cash() -> Self {
        static CASHLESS: Profile = Profile { collects_cash: false, ..PROFILE };
        Self { profile: &CASHLESS, ..Self::default() }
    }

    /// A carrier known as `scripted` that neither books once a reference nor finds a booking again.
    pub fn forgetful() -> Self {
        Self { can_find: false, ..Self::default() }
    }

    /// A carrier known as `scripted` that gives the first booking of a reference again, and finds none.
    pub fn once_a_reference() -> Self {
        static ONCE: Profile = Profile { books_once_a_reference: true, ..PROFILE };
        Self { profile: &ONCE, can_find: false, ..Self::default() }
    }

    /// Looks at or changes the ledger.
    pub fn ledger<T>(&self, look: impl FnOnce(&mut Ledger) -> T) -> T {
        look(&mut self.ledger.lock().expect("nobody panicked over the ledger"))
    }

    /// Says which field its refusals name.
    pub fn refuse_field(&self, field: &'static str) {
        self.ledger(|ledger| ledger.field = Some(field));
    }

    /// Says what becomes of the next booking.
    pub fn next_booking(&self, outcome: Outcome) {
        self.ledger(|ledger| ledger.bookings.push_back(outcome));
    }

    /// Says what becomes of the next question whether it comes, or not.
    pub fn next_collection(&self, outcome: Outcome) {
        self.ledger(|ledger| ledger.collections.push_back(outcome));
    }

    /// Says what becomes of the next cancellation.
    pub fn next_cancel(&self, outcome: Outcome) {
        self.ledger(|ledger| ledger.cancels.push_back(outcome));
    }
}

impl Connector for Scripted {
    fn profile(&self) -> &'static Profile {
        self.profile
    }

    fn connect(&self, account: &CarrierAccount) -> Result<Arc<dyn Connection>, Vec<Problem>> {
        Ok(Arc::new(Scene {
            account: account.id.clone(),
            ledger: Arc::clone(&self.ledger),
            books_once: self.profile.books_once_a_reference,
            can_find: self.can_find,
        }))
    }
}

struct Scene {
    account: String,
    ledger: Arc<Mutex<Ledger>>,
    books_once: bool,
    can_find: bool,
}

fn silent() -> CarrierError {
    CarrierError::unavailable("no answer")
}

fn gibberish() -> CarrierError {
    CarrierError::Unreadable("<html>".to_owned())
}

fn busy(seconds: u64) -> CarrierError {
    CarrierError::busy("too many requests", Some(seconds))
}

/// What its labels are, by how they begin.
fn written(label: &[u8]) -> Format {
    match label {
        [b'^', ..] => Format::Zpl(Dpi::D203),
        [0x89, ..] => Format::Png(Dpi::D203),
        _ => Format::Pdf(Paper::A6),
    }
}

impl Scene {
    fn ledger<T>(&self, look: impl FnOnce(&mut Ledger) -> T) -> T {
        look(&mut self.ledger.lock().expect("nobody panicked over the ledger"))
    }

    /// What becomes of a question whether it comes; `act` is what it does then.
    async fn collection(&self, act: impl Fn(&mut Ledger) + Send + Sync) -> Result<(), CarrierError> {
        let outcome = self.ledger(|ledger| {
            ledger.collections_asked += 1;
            ledger.collections.pop_front().unwrap_or(Outcome::Yes)
        });
        match outcome {
            Outcome::No(why) => return Err(CarrierError::refused("", why)),
            Outcome::Busy(seconds) => return Err(busy(seconds)),
            Outcome::Gibberish => return Err(gibberish()),
            Outcome::Silent => return Err(silent()),
            Outcome::Yes | Outcome::LostAnswer => self.ledger(act),
            Outcome::Slow(milliseconds) => {
                self.ledger(act);
                tokio::time::sleep(std::time::Duration::from_millis(milliseconds)).await;
            }
        }
        if matches!(outcome, Outcome::LostAnswer) { Err(silent()) } else { Ok(()) }
    }

    fn booking(&self, ask: &BookRequest) -> Booking {
        let own_label = self.ledger(|ledger| ledger.label.clone());
        let count = ask.parcels.len();
        let parcels = ask.parcels.iter().enumerate().map(|(index, parcel)| {
            let sscc = gs1::sscc("9099999", ask.serials[index]).expect("a serial in range");
            let content = LabelContent {
                carrier: "Scripted".to_owned(),
                service: ask.service.service.clone(),
                sender: ask.sender.clone(),
                return_to: None,
                recipient: ask.recipient.clone(),
                routing_code: None,
                weight: parcel.weight,
                parcel_number: index as u32 + 1,
                parcel_count: count as u32,
                reference: ask.order_reference.clone(),
                tracking_number: sscc.clone(),
                sscc: Some(sscc.clone()),
                matrix: Matrix::Qr(ask.tracking_pages[index].clone()),
                collect: parcel.collect,
                is_test: false,
            };
            let label = match &own_label {
                Some(bytes) => Label::Bytes(bytes.clone(), written(bytes)),
                None => Label::Content(Box::new(content)),
            };
            BookedParcel { tracking_number: sscc.clone(), sscc: Some(sscc), label: Some(label) }
        });
        Booking::new(Some(format!("S-{}", ask.reference)), parcels.collect())
    }
}

impl Connection for Scene {
    fn rates<'a>(&'a self, ask: &'a RateRequest, _trace: &'a Trace) -> Answer<'a, Offer> {
        Box::pin(async move {
            let outcome = self.ledger(|ledger| {
                ledger.rates_asked += 1;
                ledger.rates.clone()
            });
            match outcome {
                None | Some(Outcome::Yes | Outcome::LostAnswer) => {}
                Some(Outcome::No(why)) => return Err(CarrierError::refused("", why)),
                Some(Outcome::Silent) => return Err(silent()),
                Some(Outcome::Busy(seconds)) => return Err(busy(seconds)),
                Some(Outcome::Gibberish) => return Err(gibberish()),
                Some(Outcome::Slow(milliseconds)) => {
                    tokio::time::sleep(std::time::Duration::from_millis(milliseconds)).await;
                }
            }
            self.ledger(|ledger| *ledger.rates_asked_before_an_answer.get_or_insert(ledger.rates_asked));
            let currency = Currency::new("EUR").expect("a currency");
            let price = Money::new(Decimal::new(300, 2), currency);
            let total = Money::new(price.amount * Decimal::from(ask.parcels.len()), currency);
            let parcels = ask.parcels.iter().map(|parcel| ParcelRate {
                billed_weight: Some(parcel.weight),
                is_volumetric: false,
                because: String::new(),
                price,
            });
            let service = ServiceCode::new(&self.account, "standard");
            let rate = Rate {
                parcels: parcels.collect(),
                transit_days: Some(2),
                ..Rate::new(service, "Scripted standard", total)
            };
            Ok(Offer { rates: vec![rate], left_out: Vec::new() })
        })
    }

    fn book<'a>(&'a self, ask: &'a BookRequest, trace: &'a Trace) -> Answer<'a, Booking> {
        Box::pin(async move {
            let outcome = self.ledger(|ledger| {
                ledger.books_asked += 1;
                ledger.asked.push(ask.clone());
                ledger.bookings.pop_front().unwrap_or(Outcome::Yes)
            });
            let known = self.ledger(|ledger| ledger.booked.get(&ask.reference).cloned());
            let booking = known.filter(|_| self.books_once).unwrap_or_else(|| self.booking(ask));
            let keep = || {
                self.ledger(|ledger| drop(ledger.booked.insert(ask.reference.clone(), booking.clone())));
            };
            match outcome {
                Outcome::Yes => keep(),
                Outcome::No(why) => {
                    trace.add("book", &ask.reference, Some(format!("422 {why}")));
                    return Err(CarrierError::refused(self.ledger(|ledger| ledger.field).unwrap_or("recipient"), why));
                }
                Outcome::Busy(seconds) => return Err(busy(seconds)),
                Outcome::Gibberish => return Err(gibberish()),
                Outcome::Silent => return Err(silent()),
                Outcome::LostAnswer => {
                    keep();
                    return Err(silent());
                }
                Outcome::Slow(milliseconds) => {
                    tokio::time::sleep(std::time::Duration::from_millis(milliseconds)).await;
                    keep();
                }
            }
            Ok(booking)
        })
    }

    fn address_limits(&self, _service: &str) -> AddressLimits {
        self.ledger(|ledger| ledger.limits)
    }

    fn services(&self) -> Vec<String> {
        vec!["standard".to_owned()]
    }

    fn most_parcels(&self, _service: &str) -> Option<u32> {
        self.ledger(|ledger| ledger.most_parcels)
    }

    fn find<'a>(&'a self, ask: &'a BookRequest, _trace: &'a Trace) -> Answer<'a, Option<Booking>> {
        Box::pin(async move {
            if !self.can_find {
                return Err(CarrierError::Unsupported("finding a booking by reference".to_owned()));
            }
            Ok(self.ledger(|ledger| ledger.booked.get(&ask.reference).cloned()))
        })
    }

    fn read_code(&self, code: &str) -> (TrackingStatus, Option<Milestone>) {
        (TrackingStatus::parse(code).unwrap_or(TrackingStatus::Unknown), None)
    }

    fn next_code(&self, last: Option<&str>) -> Option<&'static str> {
        const WAY: [&str; 3] = ["in_transit", "out_for_delivery", "delivered"];
        let next = last.map_or(0, |last| WAY.iter().position(|code| *code == last).map_or(WAY.len(), |at| at + 1));
        WAY.get(next).copied()
    }

    fn track<'a>(&'a self, ask: &'a TrackRequest, _trace: &'a Trace) -> Answer<'a, Vec<TrackingReport>> {
        Box::pin(async move {
            let (is_mute, failure, reports) = self.ledger(|ledger| {
                ledger.tracks_asked.push(ask.tracking_number.clone());
                let reports = ledger.reports.get(&ask.tracking_number).cloned().unwrap_or_default();
                (ledger.is_mute, ledger.track_failure.clone(), reports)
            });
            if is_mute {
                std::future::pending::<()>().await;
            }
            failure.map_or(Ok(reports), Err)
        })
    }

    fn check<'a>(&'a self, _trace: &'a Trace) -> Answer<'a, Checked> {
        let found = self.ledger(|ledger| {
            ledger.checks_asked += 1;
            ledger.check.clone()
        });
        Box::pin(std::future::ready(found.unwrap_or_else(|| Ok(Checked::default()))))
    }

    fn collect<'a>(&'a self, ask: &'a CollectionRequest, _trace: &'a Trace) -> Answer<'a, Collected> {
        Box::pin(async move {
            self.collection(|ledger| _ = ledger.coming.insert(ask.reference.clone())).await?;
            Ok(Collected { confirmation: Some(format!("C-{}", ask.reference)) })
        })
    }

    fn cancel_collection<'a>(&'a self, ask: &'a CollectionRequest, _trace: &'a Trace) -> Answer<'a, ()> {
        Box::pin(self.collection(|ledger| _ = ledger.coming.remove(&ask.reference)))
    }

    fn cancel<'a>(&'a self, ask: &'a CancelRequest, _trace: &'a Trace) -> Answer<'a, ()> {
        Box::pin(async move {
            let outcome = self.ledger(|ledger| {
                ledger.cancels_asked += 1;
                ledger.cancels.pop_front().unwrap_or(Outcome::Yes)
            });
            match outcome {
                Outcome::No(why) => return Err(CarrierError::refused("", why)),
                Outcome::Busy(seconds) => return Err(busy(seconds)),
                Outcome::Gibberish => return Err(gibberish()),
                Outcome::Silent => return Err(silent()),
                Outcome::Yes => {
                    self.ledger(|ledger| drop(ledger.booked.remove(&ask.reference)));
                }
                Outcome::Slow(milliseconds) => {
                    tokio::time::sleep(std::time::Duration::from_millis(milliseconds)).await;
                    self.ledger(|ledger| drop(ledger.booked.remove(&ask.reference)));
                }
                Outcome::LostAnswer => {
                    self.ledger(|ledger| drop(ledger.booked.remove(&ask.reference)));
                    return Err(silent());
                }
            }
            Ok(())
        })
    }
}
