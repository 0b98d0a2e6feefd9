//! `local`: any carrier, or an own fleet, known by its rate sheet.
//!
//! It asks nobody. Prices come from the sheet ([`COLUMNS`]), numbers from the serials handed in, and a booking is a
//! function of its request alone: repeating it gives the same numbers and labels. The label's content is returned and
//! drawn elsewhere.

mod codes;
mod columns;
mod postal;
mod price;
mod read;
mod sheet;
#[cfg(test)]
pub(crate) mod tests;

use std::collections::{BTreeSet, HashSet};
use std::future::ready;
use std::sync::Arc;

use domain::account::CarrierAccount;
use domain::address::{AddressLimits, Need, Places, StreetForm};
use domain::connector::{
    Abilities, Answer, BookRequest, BookedParcel, Booking, CancelRequest, Checked, Collected, CollectionRequest,
    Connection, Connector, Field, FieldKind, Interface, Label, Offer, Profile, RateRequest, Trace,
};
use domain::document::{LabelContent, Matrix};
use domain::error::Rule;
use domain::tracking::{Milestone, TrackingStatus};
use domain::{CarrierError, Problem, gs1};

pub use codes::{TRACKING_CODES, TrackingCode, tracking_code};
pub use columns::{COLUMNS, Column};
use sheet::Sheet;
pub use sheet::{MOST_LINES, MOST_PLACES};

use crate::{Http, fields};

/// The longest address line when an account says nothing: what most carriers' labels take.
const USUAL_LINE: usize = 35;

const RATE_SHEET: &str = "rate_sheet";
const NO_RETURNS: &str = "no_returns";
const NO_RETURN_ADDRESS: &str = "no_return_address";

static PROFILE: Profile = Profile {
    carrier: "local",
    name: "Own fleet, or any carrier by its rate sheet",
    fields: &[
        field(RATE_SHEET, FieldKind::File, true, "a CSV file with services, places, weight brackets and prices"),
        field("sscc_prefix", FieldKind::Text, true, "the GS1 company prefix for parcel numbers, 4 to 12 digits"),
        field("carrier_name", FieldKind::Text, false, "who stands on the label; else the account's id"),
        field("volumetric_divisor", FieldKind::Text, false, "cubic centimetres a kilogram, such as 5000"),
        field("matrix", FieldKind::Text, false, "the label's square code: qr (usual) or datamatrix"),
        field("max_line_length", FieldKind::Text, false, "the longest address line in characters; 35 is usual"),
        field("phone_required", FieldKind::Text, false, "services that need the recipient's phone, parted by commas"),
        field("not_served", FieldKind::Text, false, "kinds of places where it does not go, such as po_box, military"),
        field(NO_RETURNS, FieldKind::Text, false, "services that bring nothing back from customers, parted by commas"),
        field(NO_RETURN_ADDRESS, FieldKind::Text, false, "services that print no return address beside the sender's"),
    ],
    is_live: false,
    is_test: false,
    asks_nobody: true,
    can_track: false,
    takes_pushes: false,
    can_cancel: true,
    books_once_a_reference: true,
    has_one_number: false,
    collects_cash: true,
    serials_a_parcel: 1,
    manifests: true,
    collects: true,
    interface: Interface::endless("rate sheet"),
};

const fn field(name: &'static str, kind: FieldKind, is_required: bool, help: &'static str) -> Field {
    Field { name, help, kind, is_required }
}

/// The connector.
#[derive(Clone, Copy, Debug)]
pub struct Local;

/// The connector; it asks nobody.
pub(crate) fn connector(_http: &Http) -> Arc<dyn Connector> {
    Arc::new(Local)
}

impl Connector for Local {
    fn profile(&self) -> &'static Profile {
        &PROFILE
    }

    fn connect(&self, account: &CarrierAccount) -> Result<Arc<dyn Connection>, Vec<Problem>> {
        Fleet::new(account).map(|fleet| Arc::new(fleet) as Arc<dyn Connection>)
    }
}

/// One account: its sheet and settings, read once.
#[derive(Debug)]
struct Fleet {
    account: String,
    carrier_name: String,
    sscc_prefix: String,
    sheet: Sheet,
    has_data_matrix: bool,
    longest_line: usize,
    phone_required: BTreeSet<String>,
    no_returns: BTreeSet<String>,
    no_return_address: BTreeSet<String>,
    not_served: Places,
}

impl Fleet {
    fn new(account: &CarrierAccount) -> Result<Self, Vec<Problem>> {
        let mut problems = fields::problems(&PROFILE, account);
        let mut wrong = |name: &str, value: &str, expected: &str| {
            problems.push(Problem::new(name, format!("{name} is {value:?}: expected {expected}")));
        };
        let text = |name| fields::text(account, name);
        let sscc_prefix = text("sscc_prefix").unwrap_or_default();
        let is_prefix = (4..=12).contains(&sscc_prefix.len()) && sscc_prefix.bytes().all(|byte| byte.is_ascii_digit());
        if !is_prefix && !sscc_prefix.is_empty() {
            wrong("sscc_prefix", sscc_prefix, "a GS1 company prefix of 4 to 12 digits");
        }
        let divisor = text("volumetric_divisor").and_then(|typed| {
            read::divisor(typed).map_err(|_| wrong("volumetric_divisor", typed, "cm³ a kilogram, such as 5000")).ok()
        });
        let has_data_matrix = match text("matrix") {
            None | Some("qr") => false,
            Some("datamatrix") => true,
            Some(typed) => {
                wrong("matrix", typed, "qr or datamatrix");
                false
            }
        };
        let longest_line = match text("max_line_length").map(|typed| (typed, typed.parse())) {
            None => USUAL_LINE,
            Some((_, Ok(length @ 10..=200))) => length,
            Some((typed, _)) => {
                wrong("max_line_length", typed, "a whole number, 10 to 200");
                USUAL_LINE
            }
        };
        let sheet = account.files.get(RATE_SHEET).map(|content| Sheet::read(content, divisor));
        let mut services = |setting| {
            let names = fields::names(account, setting);
            if let Some(Ok(sheet)) = &sheet {
                for name in names.iter().filter(|name| !sheet.services.contains_key(*name)) {
                    wrong(setting, name, "services of the rate sheet, parted by commas");
                }
            }
            names
        };
        let phone_required = services("phone_required");
        let (no_returns, no_return_address) = (services(NO_RETURNS), services(NO_RETURN_ADDRESS));
        let not_served = fields::places(account).unwrap_or_else(|problem| {
            problems.push(problem);
            Places::NONE
        });
        let sheet = match sheet {
            Some(Ok(sheet)) if problems.is_empty() => sheet,
            Some(Err(mistakes)) => {
                problems.extend(mistakes);
                return Err(problems);
            }
            _ => return Err(problems),
        };
        Ok(Self {
            account: account.id.clone(),
            carrier_name: text("carrier_name").map_or_else(|| presentable(&account.id), str::to_owned),
            sscc_prefix: sscc_prefix.to_owned(),
            sheet,
            has_data_matrix,
            longest_line,
            phone_required,
            no_returns,
            no_return_address,
            not_served,
        })
    }

    /// Everything is checked before the first number is made; the answer depends on the request alone.
    fn book_now(&self, ask: &BookRequest) -> Result<Booking, CarrierError> {
        let code = &ask.service.service;
        let Some(service) = self.sheet.services.get(code) else {
            let message = format!("the rate sheet of {} has no service {code:?}", self.account);
            return Err(CarrierError::Refused(vec![Problem::of(Rule::Unknown, "service", message)]));
        };
        let problems = self.limits(code).misfits(&ask.sender, &ask.recipient, &service.name);
        let fits = match price::fits(&self.sheet, service, &ask.recipient, &ask.parcels) {
            Ok(fits) if problems.is_empty() => fits,
            Ok(_) => return Err(CarrierError::Refused(problems)),
            Err(reasons) => {
                return Err(CarrierError::Refused(Problem::joined(problems, reasons)));
            }
        };
        let count = ask.parcels.len();
        let serials = fields::serials(&ask.serials, count)?;
        if serials.iter().collect::<HashSet<_>>().len() != count {
            return Err(CarrierError::refused("serials", "two parcels came with the same serial"));
        }
        if ask.tracking_pages.len() < count {
            let pages = ask.tracking_pages.len();
            let message = format!("each parcel needs a tracking page: {count} parcels, {pages} pages");
            return Err(CarrierError::refused("tracking_pages", message));
        }
        let mut parcels = Vec::with_capacity(count);
        for (position, (fit, parcel)) in fits.iter().zip(&ask.parcels).enumerate() {
            let page = ask.tracking_pages[position].clone();
            let (tracking_number, sscc) = self.numbers(serials[position])?;
            let label = LabelContent {
                carrier: self.carrier_name.clone(),
                service: service.name.clone(),
                sender: ask.sender.clone(),
                return_to: ask.parties.return_to.clone(),
                recipient: ask.recipient.clone(),
                routing_code: fit.row.terms.routing_code.clone(),
                weight: parcel.weight,
                parcel_number: position as u32 + 1,
                parcel_count: count as u32,
                reference: ask.order_reference.clone(),
                tracking_number: tracking_number.clone(),
                sscc: Some(sscc.clone()),
                matrix: if self.has_data_matrix { Matrix::DataMatrix(page) } else { Matrix::Qr(page) },
                collect: parcel.collect,
                is_test: false,
            };
            let label = Some(Label::Content(Box::new(label)));
            parcels.push(BookedParcel { tracking_number, sscc: Some(sscc), label });
        }
        Ok(Booking::new(None, parcels))
    }

    /// What a service takes of an address: lines of a label, and a phone number where the account says so.
    fn limits(&self, service: &str) -> AddressLimits {
        let longest = self.longest_line;
        AddressLimits {
            name: Some(longest),
            company: Some(longest),
            city: Some(longest),
            street: StreetForm::Lines { most: 2, longest },
            phone_needed: if self.phone_required.contains(service) { Need::Always } else { Need::Never },
            is_complete: true,
            not_served: self.not_served,
            ..AddressLimits::NONE
        }
    }

    /// The tracking number and the SSCC of a serial.
    ///
    /// The tracking number has the form of a GSIN (GS1 General Specifications 3.9.2): company prefix, serial up to 16
    /// digits, check digit; 17 digits in all, the SSCC without its first. When the serials outgrow them and the SSCC's
    /// extension digit is used, it has 18 digits.
    fn numbers(&self, serial: u64) -> Result<(String, String), CarrierError> {
        let prefix = &self.sscc_prefix;
        let width = 16 - prefix.len();
        let body = format!("{prefix}{serial:0width$}");
        let numbers = gs1::sscc(prefix, serial).zip(gs1::check_digit(&body).map(|digit| format!("{body}{digit}")));
        numbers.map(|(sscc, tracking_number)| (tracking_number, sscc)).ok_or_else(|| {
            let message = format!(
                "the numbers of sscc_prefix {prefix} are used up (serial {serial}): give the account another prefix"
            );
            CarrierError::refused("serials", message)
        })
    }
}

impl Connection for Fleet {
    fn rates<'a>(&'a self, ask: &'a RateRequest, _trace: &'a Trace) -> Answer<'a, Offer> {
        Box::pin(ready(Ok(price::offer(&self.sheet, &self.account, ask))))
    }

    fn book<'a>(&'a self, ask: &'a BookRequest, _trace: &'a Trace) -> Answer<'a, Booking> {
        Box::pin(ready(self.book_now(ask)))
    }

    fn address_limits(&self, service: &str) -> AddressLimits {
        self.limits(service)
    }

    fn abilities(&self, service: &str) -> Abilities {
        Abilities {
            returns: !self.no_returns.contains(service),
            prints_return_address: !self.no_return_address.contains(service),
        }
    }

    fn most_parcels(&self, service: &str) -> Option<u32> {
        self.sheet.services.get(service)?.most_parcels
    }

    fn services(&self) -> Vec<String> {
        self.sheet.services.keys().cloned().collect()
    }

    /// Accounts with one company prefix, whoever's they are, must never print the same number.
    fn serial_range(&self) -> Option<String> {
        Some(format!("sscc/{}", self.sscc_prefix))
    }

    /// Nothing is kept here, so nothing is known by its reference. Booking again is harmless: the same request gives
    /// the same numbers.
    fn find<'a>(&'a self, _ask: &'a BookRequest, _trace: &'a Trace) -> Answer<'a, Option<Booking>> {
        Box::pin(ready(Ok(None)))
    }

    /// There is nobody to tell: the shipment's own row is all there is to forget.
    fn cancel<'a>(&'a self, _ask: &'a CancelRequest, _trace: &'a Trace) -> Answer<'a, ()> {
        Box::pin(ready(Ok(())))
    }

    /// The own fleet knows by the collection's row; nobody else is asked.
    fn collect<'a>(&'a self, _ask: &'a CollectionRequest, _trace: &'a Trace) -> Answer<'a, Collected> {
        Box::pin(ready(Ok(Collected::default())))
    }

    fn cancel_collection<'a>(&'a self, _ask: &'a CollectionRequest, _trace: &'a Trace) -> Answer<'a, ()> {
        Box::pin(ready(Ok(())))
    }

    /// The sheet was read when the connection was made; there is nobody else to ask.
    fn check<'a>(&'a self, _trace: &'a Trace) -> Answer<'a, Checked> {
        let count = self.sheet.services.len();
        let notes = vec![format!("the rate sheet has {count} {}", if count == 1 { "service" } else { "services" })];
        Box::pin(ready(Ok(Checked { notes, ..Checked::default() })))
    }

    fn read_code(&self, code: &str) -> (TrackingStatus, Option<Milestone>) {
        tracking_code(code)
    }
}

/// A code as people read it: `same_day` is "Same day".
fn presentable(code: &str) -> String {
    let text = code.replace(['_', '-'], " ");
    let text = text.trim();
    let mut letters = text.chars();
    letters.next().map_or_else(|| code.to_owned(), |first| first.to_uppercase().chain(letters).collect())
}
