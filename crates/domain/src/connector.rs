//! The seam to the outside: a connector knows a carrier, a connection talks to it for one account.
//!
//! A connector keeps nothing and draws nothing. Serials from a persistent range, cached tokens, the clock and the way to
//! the outside are handed in; a carrier without labels of its own returns their content and `app` draws them.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::civil::{self, Date, Time};
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use crate::account::CarrierAccount;
use crate::address::{Address, AddressLimits};
use crate::document::{Format, LabelContent};
use crate::error::{CarrierError, Problem};
use crate::money::Money;
use crate::parcel::Box as ParcelBox;
use crate::rate::Rate;
use crate::service::ServiceCode;
use crate::time::Timestamp;
use crate::tracking::{Milestone, TrackingReport, TrackingStatus};

/// A boxed future, since an `async fn` in a trait cannot be called through `dyn`.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, CarrierError>> + Send + 'a>>;

/// What a connector can say about itself without asking anybody; forms, docs and the carrier list come from it.
#[derive(Debug, PartialEq, Eq)]
pub struct Profile {
    /// The word in setup files, such as `local`.
    pub carrier: &'static str,
    /// What people call it.
    pub name: &'static str,
    /// What an account must or may hold.
    pub fields: &'static [Field],
    /// Whether real labels are bought; a test tenant refuses such an account.
    pub is_live: bool,
    /// Whether nothing real ever happens: every label says TEST, and an integrator may move its parcels along.
    pub is_test: bool,
    /// Whether rates and bookings come from what the account says, without anybody being asked over a network.
    pub asks_nobody: bool,
    /// Whether the carrier can be asked what happened to a parcel.
    pub can_track: bool,
    /// Whether the carrier tells by itself what happened, at an address that each account has.
    pub takes_pushes: bool,
    /// Whether a booking can be cancelled at all; when not, the carrier is not asked.
    pub can_cancel: bool,
    /// Whether booking the same reference twice gives the first booking again.
    pub books_once_a_reference: bool,
    /// Whether all parcels of a shipment go by one number, since the carrier hands over the whole.
    pub has_one_number: bool,
    /// Whether the carrier collects money from the recipient; one that does not is never given a parcel to be paid for.
    pub collects_cash: bool,
    /// How many serials each parcel takes from the account's persistent range.
    pub serials_a_parcel: u32,
    /// Whether it takes a closing list of what is handed over at a location on a day; we draw it.
    pub manifests: bool,
    /// Whether it comes to a location when asked.
    pub collects: bool,
    /// The interface of the carrier that the connector speaks.
    pub interface: Interface,
}

/// An interface of a carrier, which may be switched off one day.
#[derive(Debug, PartialEq, Eq)]
pub struct Interface {
    /// The version, as the carrier calls it; what stands in for one where no carrier is asked.
    pub version: &'static str,
    /// The last day it answers, if the carrier has said one; it ends with that day in UTC.
    pub ends_on: Option<Date>,
}

/// So many days before an interface's end people are told.
pub const INTERFACE_WARNED_DAYS: [u32; 5] = [90, 60, 30, 7, 1];

impl Interface {
    /// A version whose end nobody has announced.
    pub const fn endless(version: &'static str) -> Self {
        Self { version, ends_on: None }
    }

    /// A version that the carrier switches off after a day: year, month, day.
    pub const fn until(version: &'static str, (year, month, day): (i16, i8, i8)) -> Self {
        Self { version, ends_on: Some(civil::date(year, month, day)) }
    }

    /// Of [`INTERFACE_WARNED_DAYS`], the least that the end is within.
    pub fn days_left(&self, now: Timestamp) -> Option<u32> {
        let ends = self.ends_on?.tomorrow().ok()?.to_zoned(TimeZone::UTC).ok()?.timestamp();
        let seconds = ends.as_second() - now.as_second();
        INTERFACE_WARNED_DAYS.into_iter().rev().find(|days| seconds <= i64::from(*days) * 86_400)
    }

    /// Whether its last day is over.
    pub fn has_ended(&self, now: Timestamp) -> bool {
        self.ends_on.is_some_and(|ends| now.to_zoned(TimeZone::UTC).date() > ends)
    }

    /// What a person should be told now and do about it; `None` while the end is far or unknown.
    pub fn warning(&self, now: Timestamp) -> Option<String> {
        let ends = self.ends_on.filter(|_| self.days_left(now).is_some())?;
        let version = self.version;
        Some(if self.has_ended(now) {
            format!(
                "the carrier's interface {version} ended on {ends}: install a newer Waybill that speaks the next one"
            )
        } else {
            format!(
                "the carrier's interface {version} ends on {ends}: install a newer Waybill that speaks the next one before"
            )
        })
    }
}

/// What a service can do beside carrying a parcel from a location to a customer; known without asking anybody.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Abilities {
    /// Carries from a customer back to a location, with a label made beforehand.
    pub returns: bool,
    /// Prints a return address that is not the sender's.
    pub prints_return_address: bool,
}

/// Who else has to do with a shipment besides sender and recipient, and which way it goes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parties {
    /// Whether it goes from a customer back to a location: the sender is the customer, the recipient the location's return
    /// address.
    pub is_return: bool,
    /// Where it goes when it cannot be delivered; the sender when missing.
    pub return_to: Option<Address>,
    /// Who pays; the sender when missing.
    pub billing: Option<Address>,
}

/// A field of a carrier account.
#[derive(Debug, PartialEq, Eq)]
pub struct Field {
    /// The name in `settings`.
    pub name: &'static str,
    /// What people are told.
    pub help: &'static str,
    /// How it is kept.
    pub kind: FieldKind,
    /// Whether an account without it is refused.
    pub is_required: bool,
}

/// How a field is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldKind {
    /// Shown.
    Text,
    /// Encrypted and never shown.
    Secret,
    /// A file's path in the setup file; its content is stored.
    File,
}

/// Knows a carrier.
pub trait Connector: Send + Sync {
    /// What it can say about itself.
    fn profile(&self) -> &'static Profile;

    /// Reads an account's settings once, so that no call reads them again. Every mistake is reported, by field.
    fn connect(&self, account: &CarrierAccount) -> Result<Arc<dyn Connection>, Vec<Problem>>;
}

/// Talks to a carrier for one account.
pub trait Connection: Send + Sync {
    /// Priced offers for these boxes; an empty list means "nothing of ours fits", with the reasons in the log of the call.
    fn rates<'a>(&'a self, ask: &'a RateRequest, trace: &'a Trace) -> Answer<'a, Offer>;

    /// The persistent range its serials come from, when other accounts print the same numbers and must share it; the
    /// account's own when `None`.
    fn serial_range(&self) -> Option<String> {
        None
    }

    /// What a service of the account takes of an address. Whoever books has checked it before: each address then fits, and
    /// its phone number is written in the service's form.
    fn address_limits(&self, _service: &str) -> AddressLimits {
        AddressLimits::NONE
    }

    /// What a service of the account can do beside carrying from a location to a customer. What it cannot do is not asked
    /// of it.
    fn abilities(&self, _service: &str) -> Abilities {
        Abilities::default()
    }

    /// The most parcels that one shipment of a service may have, so that it is known before anybody asks; `None` when the
    /// carrier sets no bound.
    fn most_parcels(&self, _service: &str) -> Option<u32> {
        None
    }

    /// The services of the account that are known without asking, by their codes, so that an order can be looked at before
    /// anybody asks for rates. A carrier may offer others too.
    fn services(&self) -> Vec<String> {
        Vec::new()
    }

    /// Books one shipment. The reference in the request is unique for ever.
    fn book<'a>(&'a self, ask: &'a BookRequest, trace: &'a Trace) -> Answer<'a, Booking>;

    /// Finds what an earlier call with this request booked; `Ok(None)` means that the carrier has surely booked nothing,
    /// so that it may be asked again. A carrier whose search shows a booking late says `Unavailable` until it would show.
    fn find<'a>(&'a self, _ask: &'a BookRequest, _trace: &'a Trace) -> Answer<'a, Option<Booking>> {
        Box::pin(async { Err(CarrierError::Unsupported("finding a booking by reference".to_owned())) })
    }

    /// Fetches the labels of a booking again, one entry a parcel; `None` for one that did not come. A carrier that gives
    /// them with the booking alone is asked for that by [`Self::find`].
    fn labels<'a>(&'a self, _ask: &'a LabelRequest, _trace: &'a Trace) -> Answer<'a, Vec<Option<Label>>> {
        Box::pin(async { Err(CarrierError::Unsupported("fetching a label again".to_owned())) })
    }

    /// Asks the carrier to forget a booking.
    fn cancel<'a>(&'a self, _ask: &'a CancelRequest, _trace: &'a Trace) -> Answer<'a, ()> {
        Box::pin(async { Err(CarrierError::Unsupported("cancelling a booking".to_owned())) })
    }

    /// Asks the carrier to come. Asking twice with one reference asks once.
    fn collect<'a>(&'a self, _ask: &'a CollectionRequest, _trace: &'a Trace) -> Answer<'a, Collected> {
        Box::pin(async { Err(CarrierError::Unsupported("coming to a location when asked".to_owned())) })
    }

    /// Tells the carrier that it need not come.
    fn cancel_collection<'a>(&'a self, _ask: &'a CollectionRequest, _trace: &'a Trace) -> Answer<'a, ()> {
        Box::pin(async { Err(CarrierError::Unsupported("cancelling a collection".to_owned())) })
    }

    /// What happened to a parcel, oldest first.
    fn track<'a>(&'a self, _ask: &'a TrackRequest, _trace: &'a Trace) -> Answer<'a, Vec<TrackingReport>> {
        Box::pin(async { Err(CarrierError::Unsupported("asking for tracking events".to_owned())) })
    }

    /// Tries the account without buying anything: whether its credentials are good, and which permission it lacks.
    fn check<'a>(&'a self, trace: &'a Trace) -> Answer<'a, Checked>;

    /// What the carrier tells by itself, after a look at whether it is the carrier who tells.
    fn read_push(&self, _push: &Push<'_>) -> Result<Vec<Pushed>, PushError> {
        Err(PushError::Unreadable("this carrier tells nothing by itself".to_owned()))
    }

    /// Whether a code only repeats where a parcel is: of several in a row the first is kept.
    fn is_position(&self, _code: &str) -> bool {
        false
    }

    /// What one of the carrier's tracking codes means, for events that are posted to us. A code that is not listed is
    /// `Unknown`, never a guess.
    fn read_code(&self, _code: &str) -> (TrackingStatus, Option<Milestone>) {
        (TrackingStatus::Unknown, None)
    }

    /// The code that a test carrier reports next when an integrator moves a parcel along, after the last one reported;
    /// `None` at the end of the way, and for a carrier that is no test.
    fn next_code(&self, _last: Option<&str>) -> Option<&'static str> {
        None
    }
}

/// What was said between us and a carrier in one call of a [`Connection`], for people who want to see its full answer.
///
/// A connector writes down every exchange, without credentials.
#[derive(Debug, Default)]
pub struct Trace(Mutex<Vec<Exchange>>);

/// One request and its answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exchange {
    /// What was asked: method and URL, or the operation's name.
    pub operation: String,
    /// What was sent.
    pub request: String,
    /// What came back, status first; `None` when nothing did.
    pub answer: Option<String>,
}

impl Trace {
    /// The longest request or answer that is kept, in bytes.
    const LONGEST: usize = 16 * 1024;

    /// Writes an exchange down; very long texts lose their end.
    pub fn add(&self, operation: impl Into<String>, request: impl Into<String>, answer: Option<String>) {
        let cut = |mut text: String| {
            if text.len() > Self::LONGEST {
                let end = (0..=Self::LONGEST).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
                text.truncate(end);
                text.push('…');
            }
            text
        };
        let exchange = Exchange { operation: operation.into(), request: cut(request.into()), answer: answer.map(cut) };
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(exchange);
    }

    /// Takes what was written down.
    pub fn take(&self) -> Vec<Exchange> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// What a look at an account found; credentials that are refused are a [`CarrierError`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Checked {
    /// Permissions that the account lacks, in the carrier's words, each with what it is for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<String>,
    /// When its credentials end, if the carrier says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// What was tried, and what people should know.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// What came to an account's push address.
#[derive(Clone, Copy, Debug)]
pub struct Push<'a> {
    /// Its `Authorization` header.
    pub authorization: Option<&'a str>,
    /// Its body.
    pub body: &'a [u8],
    /// When it came.
    pub now: Timestamp,
}

/// One thing a carrier told by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pushed {
    /// The carrier's number of a parcel, or of all parcels of a shipment.
    pub tracking_number: String,
    /// What happened.
    pub report: TrackingReport,
}

/// Why nothing is made of a push.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PushError {
    /// It does not prove that it comes from the carrier.
    Forged,
    /// Nobody can read it; why.
    Unreadable(String),
}

/// Asks what happened to a parcel.
#[derive(Clone, Debug, PartialEq)]
pub struct TrackRequest {
    /// The carrier's number.
    pub tracking_number: String,
    /// What is known already: a carrier that only tells how a parcel stands now tells nothing new when it stands so.
    pub known: TrackingStatus,
    /// Our reference of its shipment.
    pub reference: String,
    /// Where it goes: some carriers want the postal code too.
    pub recipient: Address,
    /// When it was booked.
    pub booked_at: Timestamp,
    /// When it is asked.
    pub now: Timestamp,
}

/// What is inside the boxes, for carriers that charge or ask by it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Goods {
    /// What the goods are worth without shipping, if the shop says it in one currency.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<Money>,
    /// What they are called, and how many pieces of each.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<(String, u64)>,
    /// What the carrier collects from the recipient for all boxes together; each box says its part.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub collect: Option<Money>,
}

/// Asks for offers.
#[derive(Clone, Debug, PartialEq)]
pub struct RateRequest {
    /// Names this question: unique for ever, up to 40 of `A-Z a-z 0-9 - _`.
    pub reference: String,
    /// Where it leaves from.
    pub sender: Address,
    /// Where it goes.
    pub recipient: Address,
    /// Who else has to do with it.
    pub parties: Parties,
    /// The boxes.
    pub parcels: Vec<ParcelBox>,
    /// What is inside them.
    pub goods: Goods,
    /// Only this service, if somebody chose one.
    pub service: Option<String>,
    /// When it is asked.
    pub now: Timestamp,
}

/// What an account offers.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Offer {
    /// Rates, cheapest first.
    pub rates: Vec<Rate>,
    /// Services that do not fit: code and reason.
    pub left_out: Vec<(ServiceCode, String)>,
}

/// Asks for a booking.
#[derive(Clone, Debug, PartialEq)]
pub struct BookRequest {
    /// The service.
    pub service: ServiceCode,
    /// Our reference, unique for ever.
    pub reference: String,
    /// What the shop calls the order.
    pub order_reference: Option<String>,
    /// Where it leaves from.
    pub sender: Address,
    /// Where it goes.
    pub recipient: Address,
    /// Who else has to do with it.
    pub parties: Parties,
    /// The boxes.
    pub parcels: Vec<ParcelBox>,
    /// What is inside them.
    pub goods: Goods,
    /// The offer it is bought at.
    pub rate: Option<Rate>,
    /// The format its labels are wanted in. A carrier that draws its own gives the nearest of its formats.
    pub label_format: Format,
    /// When the shipment was put together: nothing of it was booked earlier.
    pub begun_at: Timestamp,
    /// Serials from the account's persistent range: [`Profile::serials_a_parcel`] for each parcel, never used before.
    pub serials: Vec<u64>,
    /// When it is asked.
    pub now: Timestamp,
    /// The public tracking page of each parcel, for the square code.
    pub tracking_pages: Vec<String>,
}

/// The carrier's yes.
#[derive(Clone, Debug, PartialEq)]
pub struct Booking {
    /// The carrier's own id of the shipment.
    pub carrier_reference: Option<String>,
    /// One entry a parcel, in the order asked.
    pub parcels: Vec<BookedParcel>,
    /// What the carrier charges for it, if it says.
    pub charged: Option<Money>,
    /// The carrier's own page for whoever waits for it.
    pub tracking_url: Option<String>,
    /// What the carrier wants people to know.
    pub warnings: Vec<String>,
}

impl Booking {
    /// A yes that says no more than the numbers.
    pub fn new(carrier_reference: Option<String>, parcels: Vec<BookedParcel>) -> Self {
        Self { carrier_reference, parcels, charged: None, tracking_url: None, warnings: Vec::new() }
    }
}

/// One parcel of a booking.
#[derive(Clone, Debug, PartialEq)]
pub struct BookedParcel {
    /// The carrier's number.
    pub tracking_number: String,
    /// Serial Shipping Container Code, if the carrier uses one.
    pub sscc: Option<String>,
    /// Its label; `None` when the carrier gives it in a call of its own, [`Connection::labels`].
    pub label: Option<Label>,
}

/// A label as a carrier gives it.
#[derive(Clone, Debug, PartialEq)]
pub enum Label {
    /// What should stand on it; we draw.
    Content(std::boxed::Box<LabelContent>),
    /// Finished bytes.
    Bytes(Vec<u8>, Format),
}

/// Asks for the labels of a booking.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabelRequest {
    /// Our reference.
    pub reference: String,
    /// The carrier's own id of the shipment.
    pub carrier_reference: Option<String>,
    /// The carrier's numbers, in the order of the parcels.
    pub tracking_numbers: Vec<String>,
    /// The format they are wanted in.
    pub label_format: Format,
}

/// Asks the carrier to come to a location, or not to come after all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CollectionRequest {
    /// Our reference, unique for ever.
    pub reference: String,
    /// The carrier's own number of it, when it is cancelled.
    pub confirmation: Option<String>,
    /// Where it comes to.
    pub address: Address,
    /// The day, there.
    pub day: Date,
    /// From when the parcels stand ready, there.
    pub from: Time,
    /// Until when somebody is there.
    pub until: Time,
    /// How many parcels, if anybody said.
    pub parcels: Option<u32>,
    /// Words for the driver.
    pub note: Option<String>,
}

/// The carrier will come.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Collected {
    /// The carrier's own number of it.
    pub confirmation: Option<String>,
}

/// Asks for a cancellation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CancelRequest {
    /// Our reference.
    pub reference: String,
    /// The carrier's own id of the shipment.
    pub carrier_reference: Option<String>,
    /// The carrier's numbers.
    pub tracking_numbers: Vec<String>,
}
