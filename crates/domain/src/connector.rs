//! The seam to the outside: a connector knows a carrier, a connection talks to it for one account.
//!
//! A connector keeps nothing and draws nothing. Serials from a persistent range are handed in; a carrier without labels
//! of its own returns their content and `app` draws them.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use crate::account::CarrierAccount;
use crate::address::{Address, AddressLimits};
use crate::document::{Format, LabelContent};
use crate::error::{CarrierError, Problem};
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
    /// Whether the carrier can be asked what happened to a parcel.
    pub can_track: bool,
    /// Whether a booking can be cancelled at all; when not, the carrier is not asked.
    pub can_cancel: bool,
    /// Whether booking the same reference twice gives the first booking again.
    pub books_once_a_reference: bool,
    /// How many serials each parcel takes from the account's persistent range.
    pub serials_a_parcel: u32,
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

    /// Every service of the account by its code, so that an order can be looked at before anybody asks for rates; empty when
    /// only the carrier knows.
    fn services(&self) -> Vec<String> {
        Vec::new()
    }

    /// Books one shipment. The reference in the request is unique for ever.
    fn book<'a>(&'a self, ask: &'a BookRequest, trace: &'a Trace) -> Answer<'a, Booking>;

    /// Finds what an earlier call with this reference booked; `Ok(None)` means the carrier knows nothing of it.
    fn find<'a>(&'a self, _reference: &'a str, _trace: &'a Trace) -> Answer<'a, Option<Booking>> {
        Box::pin(async { Err(CarrierError::Unsupported("finding a booking by reference".to_owned())) })
    }

    /// Asks the carrier to forget a booking.
    fn cancel<'a>(&'a self, _ask: &'a CancelRequest, _trace: &'a Trace) -> Answer<'a, ()> {
        Box::pin(async { Err(CarrierError::Unsupported("cancelling a booking".to_owned())) })
    }

    /// What happened to a parcel, oldest first.
    fn track<'a>(&'a self, _ask: &'a TrackRequest, _trace: &'a Trace) -> Answer<'a, Vec<TrackingReport>> {
        Box::pin(async { Err(CarrierError::Unsupported("asking for tracking events".to_owned())) })
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

/// Asks what happened to a parcel.
#[derive(Clone, Debug, PartialEq)]
pub struct TrackRequest {
    /// The carrier's number.
    pub tracking_number: String,
    /// Our reference of its shipment.
    pub reference: String,
    /// Where it goes: some carriers want the postal code too.
    pub recipient: Address,
    /// When it was booked.
    pub booked_at: Timestamp,
    /// When it is asked.
    pub now: Timestamp,
}

/// Asks for offers.
#[derive(Clone, Debug, PartialEq)]
pub struct RateRequest {
    /// Where it leaves from.
    pub sender: Address,
    /// Where it goes.
    pub recipient: Address,
    /// The boxes.
    pub parcels: Vec<ParcelBox>,
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
    /// The boxes.
    pub parcels: Vec<ParcelBox>,
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
}

/// One parcel of a booking.
#[derive(Clone, Debug, PartialEq)]
pub struct BookedParcel {
    /// The carrier's number.
    pub tracking_number: String,
    /// Serial Shipping Container Code, if the carrier uses one.
    pub sscc: Option<String>,
    /// Its label.
    pub label: Label,
}

/// A label as a carrier gives it.
#[derive(Clone, Debug, PartialEq)]
pub enum Label {
    /// What should stand on it; we draw.
    Content(std::boxed::Box<LabelContent>),
    /// Finished bytes.
    Bytes(Vec<u8>, Format),
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
