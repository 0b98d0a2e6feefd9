//! UPS's codes: services by where they start, charges, errors and tracking codes, each with its source.

use domain::CarrierError;
use domain::tracking::{Milestone, TrackingStatus};

use super::wire::{Fault, Refusal};
use crate::http::Reply;

/// A well-formed number that no parcel has, for questions that buy nothing: its check digit is wrong.
pub(super) const NO_NUMBER: &str = "1Z0000000000000000";

/// The services that have a name here.
pub(super) const SERVICES: [&str; 24] = [
    "01", "02", "03", "07", "08", "11", "12", "13", "14", "17", "54", "59", "65", "70", "71", "72", "74", "75", "82",
    "83", "84", "85", "86", "96",
];

/// The names of services, by code and the country they start in (`Rating.yaml`, `Shipping.yaml`; the names of Canada and of
/// the European Union as a working client has them). A code that is not listed is passed through under itself.
pub(super) fn service_name(code: &str, origin: &str) -> String {
    let is_home = matches!(origin, "US" | "PR");
    let name = match (code, origin) {
        ("07", _) if is_home => "Worldwide Express",
        ("08", _) if is_home => "Worldwide Expedited",
        ("65", _) if is_home => "Worldwide Saver",
        ("01", "CA") | ("07", _) => "Express",
        ("02", "CA") | ("08", _) => "Expedited",
        ("13", "CA") | ("65", _) => "Express Saver",
        ("14", "CA") => "Express Early",
        ("01", _) => "Next Day Air",
        ("02", _) => "2nd Day Air",
        ("03", _) => "Ground",
        ("11", _) => "Standard",
        ("12", _) => "3 Day Select",
        ("13", _) => "Next Day Air Saver",
        ("14", _) => "Next Day Air Early",
        ("17", _) => "Worldwide Economy DDU",
        ("54", _) => "Worldwide Express Plus",
        ("59", _) => "2nd Day Air A.M.",
        ("70", _) => "Access Point Economy",
        ("72", _) => "Worldwide Economy DDP",
        ("74", _) => "Express 12:00",
        ("75", _) => "Heavy Goods",
        ("82", _) => "Today Standard",
        ("83", _) => "Today Dedicated Courier",
        ("84", _) => "Today Intercity",
        ("85", _) => "Today Express",
        ("86", _) => "Today Express Saver",
        ("71", _) => "Worldwide Express Freight Midday",
        ("96", _) => "Worldwide Express Freight",
        _ => return format!("UPS {code}"),
    };
    format!("UPS {name}")
}

/// What an itemised charge is for. The document leaves the codes open; 375 was seen in a working client's answers.
pub(super) fn charge_name(code: &str) -> String {
    match code {
        "375" => "fuel".to_owned(),
        _ => format!("charge {code}"),
    }
}

/// The numbers of an answer that was no yes. Sources: the error body of every document; the meaning of codes from UPS's page
/// of common errors and its public issue tracker. Whatever is not listed is a refusal with UPS's own words.
pub(super) fn error(reply: &Reply) -> CarrierError {
    let faults = match reply.read::<Refusal>() {
        Ok(refusal) => refusal.response.errors,
        Err(unreadable) if matches!(reply.status, 200..=299) => return unreadable,
        Err(_) => Vec::new(),
    };
    let words = words(&faults, reply.status);
    let has = |codes: &[&str]| faults.iter().any(|fault| codes.contains(&fault.code.as_str()));
    let is_not_offered = |fault: &Fault| {
        let is_family = fault.code.starts_with("1112") || fault.code.starts_with("1212");
        is_family && fault.message.to_ascii_lowercase().contains("unavailable")
    };
    if reply.status == 429 || has(&["10429"]) {
        // UPS was never seen to say how long.
        return CarrierError::busy(words, reply.retry_after.or(Some(2)));
    }
    if matches!(reply.status, 401 | 403) || has(&["250002", "250003", "10401"]) {
        return CarrierError::Credentials(words);
    }
    if reply.status >= 500 || has(&["10004", "20001"]) {
        return CarrierError::Unavailable { message: words, retry_after: reply.retry_after, did_nothing: false };
    }
    if has(&["111212", "111211", "121211", "111215", "121100"]) || faults.iter().any(is_not_offered) {
        return CarrierError::Unsupported(words);
    }
    CarrierError::refused("", words)
}

fn words(faults: &[Fault], status: u16) -> String {
    let mut faults = faults.iter().filter(|fault| !fault.message.is_empty() || !fault.code.is_empty()).peekable();
    if faults.peek().is_none() {
        return format!("UPS answered with status {status} and no reason");
    }
    faults.map(|fault| format!("{} (UPS {})", fault.message, fault.code)).collect::<Vec<_>>().join("; ")
}

/// The three digits of `statusCode`, which say most (UPS's tracking code tables; what each means for us is ours).
const STATUS_CODES: &[(TrackingStatus, &[&str])] = &[
    (TrackingStatus::Announced, &["003", "044", "045", "065"]),
    (TrackingStatus::Undeliverable, &["007", "043", "024", "064", "069"]),
    (
        TrackingStatus::InTransit,
        &[
            "005", "010", "012", "014", "016", "018", "019", "020", "025", "027", "028", "032", "038", "039", "041",
            "042", "046", "047", "048", "051", "052", "053", "054", "055", "056", "057", "063", "070", "071", "072",
            "073", "074", "075",
        ],
    ),
    (TrackingStatus::InTransit, ATTEMPTED),
    (TrackingStatus::InTransit, EXCEPTIONS),
    (TrackingStatus::OutForDelivery, &["006", "021", "037"]),
    (TrackingStatus::AtServicePoint, &["017", "040"]),
    (TrackingStatus::Delivered, &["011", "026"]),
    (TrackingStatus::Returning, &["033", "035", "036"]),
    (TrackingStatus::Returned, &["034", "067"]),
    (TrackingStatus::Lost, &["068"]),
];

/// An attempt was made, and another follows.
const ATTEMPTED: &[&str] = &["022", "023", "060", "061", "062", "066"];

/// Something is needed, wrong or damaged.
const EXCEPTIONS: &[&str] = &["013", "029", "030", "049", "050", "058", "059", "076"];

/// Type and two letters, where no `statusCode` came. The letters alone are ambiguous: `DL` is "return to sender" among
/// exceptions and "driver load" among movements.
const LETTERS: &[(TrackingStatus, &str, &[&str])] = &[
    (TrackingStatus::Undeliverable, "MV", &["VP"]),
    (TrackingStatus::OutForDelivery, "I", &["OF", "OT", "YF"]),
    (TrackingStatus::AtServicePoint, "D", &["ZP", "2Q", "I5", "1N"]),
    (TrackingStatus::Undeliverable, "X", &["KR", "KT", "AM", "53", "49", "IR"]),
    (TrackingStatus::Returning, "X", &["UF", "DL", "KP", "O4", "RV", "H8", "I1", "3N", "6C"]),
    (TrackingStatus::Returned, "X", &["UA", "TU", "4S", "PP"]),
    (TrackingStatus::Lost, "X", &["S9", "TJ", "UO"]),
];

/// The type alone.
const TYPES: &[(TrackingStatus, &str)] = &[
    (TrackingStatus::Announced, "M"),
    (TrackingStatus::InTransit, "I"),
    (TrackingStatus::Delivered, "D"),
    (TrackingStatus::InTransit, "X"),
];

/// Our code of what UPS said: `021/I/OF`, its three digits, type and letters as far as they came.
pub(super) fn code(status_code: &str, kind: &str, letters: &str) -> String {
    let digits = status_code.trim();
    let digits = if digits.is_empty() { String::new() } else { format!("{digits:0>3}") };
    format!("{digits}/{}/{}", kind.trim(), letters.trim())
}

/// The parts of a [`code`]; the digits are empty when they say nothing.
fn parts(code: &str) -> (&str, &str, &str) {
    let mut parts = code.trim().split('/');
    let (digits, kind, letters) = (parts.next().unwrap_or(""), parts.next().unwrap_or(""), parts.next().unwrap_or(""));
    (if digits == "000" { "" } else { digits }, kind, letters)
}

/// What a [`code`] means: by its three digits first, then by type and letters, then by type. Three digits alone are read too.
pub(super) fn meaning(code: &str) -> (TrackingStatus, Option<Milestone>) {
    let (digits, kind, letters) = parts(code);
    let status = if digits.is_empty() {
        let by_letters = LETTERS.iter().find(|(_, of, codes)| *of == kind && codes.contains(&letters));
        let by_type = || TYPES.iter().find(|(_, of)| *of == kind).map(|(status, _)| *status);
        by_letters.map(|(status, ..)| *status).or_else(by_type)
    } else {
        STATUS_CODES.iter().find(|(_, codes)| codes.contains(&digits)).map(|(status, _)| *status)
    };
    (status.unwrap_or(TrackingStatus::Unknown), None)
}

/// Whether a [`code`] tells of trouble.
pub(super) fn is_trouble(code: &str) -> bool {
    let (digits, kind, _) = parts(code);
    let is_listed = ATTEMPTED.contains(&digits) || EXCEPTIONS.contains(&digits);
    is_listed || kind == "X" || meaning(code).0 == TrackingStatus::Undeliverable
}
