//! Words: how pages write statuses, times, sums and places for people.

use domain::address::Address;
use domain::batch::BatchStage;
use domain::document::{Document, DocumentKind, Format};
use domain::event::EventKind;
use domain::money::Money;
use domain::shipment::{Shipment, ShipmentStatus};
use domain::stage::Stage;
use domain::time::{SentTime, Timestamp};
use domain::tracking::TrackingStatus;
use jiff::tz::TimeZone;

/// A status in words, and the tone that it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Chip {
    pub(crate) words: &'static str,
    pub(crate) tone: &'static str,
}

const fn chip(words: &'static str, tone: &'static str) -> Chip {
    Chip { words, tone }
}

pub(crate) fn stage(stage: Stage) -> Chip {
    match stage {
        Stage::Open => chip("Open", "plain"),
        Stage::Review => chip("Needs review", "warning"),
        Stage::Labelled => chip("Labelled", "moving"),
        Stage::Shipped => chip("Shipped", "moving"),
        Stage::Troubled => chip("In trouble", "trouble"),
        Stage::Delivered => chip("Delivered", "good"),
        Stage::Cancelled => chip("Cancelled", "plain"),
    }
}

/// What we did, in words.
pub(crate) fn shipment(shipment: &Shipment) -> Chip {
    match shipment.status {
        ShipmentStatus::Draft => chip("Being put together", "plain"),
        ShipmentStatus::Booking => chip("Not known yet, asking the carrier", "warning"),
        ShipmentStatus::Booked if !shipment.wants_label() => chip("Recorded", "moving"),
        ShipmentStatus::Booked if shipment.is_ready_to_print() => chip("Ready to print", "good"),
        ShipmentStatus::Booked => chip("Booked, label missing", "warning"),
        ShipmentStatus::Cancelling => chip("Being cancelled", "warning"),
        ShipmentStatus::Cancelled => chip("Cancelled", "plain"),
        ShipmentStatus::Failed => chip("Refused", "trouble"),
    }
}

/// What the carrier says, in words.
pub(crate) fn tracking(status: TrackingStatus) -> Chip {
    match status {
        TrackingStatus::Unknown => chip("No news", "plain"),
        TrackingStatus::Announced => chip("Label made", "plain"),
        TrackingStatus::InTransit => chip("With the carrier", "moving"),
        TrackingStatus::OutForDelivery => chip("Out for delivery", "moving"),
        TrackingStatus::AtServicePoint => chip("At a service point", "moving"),
        TrackingStatus::Delivered => chip("Delivered", "good"),
        TrackingStatus::Undeliverable => chip("Could not be delivered", "trouble"),
        TrackingStatus::Returning => chip("On its way back", "warning"),
        TrackingStatus::Returned => chip("Back at the sender", "warning"),
        TrackingStatus::Lost => chip("Lost", "trouble"),
    }
}

pub(crate) fn batch(stage: BatchStage) -> Chip {
    match stage {
        BatchStage::Gathering => chip("Being gathered", "plain"),
        BatchStage::Labelling => chip("Labelling", "moving"),
        BatchStage::Merging => chip("Putting labels together", "moving"),
        BatchStage::Done => chip("Done", "good"),
    }
}

/// What happened, in words.
pub(crate) fn event(kind: EventKind) -> String {
    done(kind.as_str())
}

/// What happened or was done, from its name such as `key.created`.
pub(crate) fn done(kind: &str) -> String {
    let (noun, verb) = kind.split_once('.').unwrap_or((kind, ""));
    let text = format!("{noun} {verb}").replace('_', " ");
    let mut letters = text.trim().chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

pub(crate) fn document(document: &Document) -> &'static str {
    match document.kind {
        DocumentKind::Label => "Label",
        DocumentKind::Labels => "Labels of a batch",
        DocumentKind::PackingSlip => "Packing slip",
        DocumentKind::CustomsForm => "Customs form",
        DocumentKind::CommercialInvoice => "Commercial invoice",
        DocumentKind::ReturnLabel => "Return label",
        DocumentKind::Manifest => "Hand-over list",
    }
}

pub(crate) fn format(format: Format) -> String {
    match format {
        Format::Pdf(domain::document::Paper::Mm100x150) => "PDF, 100 × 150 mm".to_owned(),
        Format::Pdf(domain::document::Paper::A6) => "PDF, A6".to_owned(),
        Format::Pdf(domain::document::Paper::A4) => "PDF, four on A4".to_owned(),
        Format::Zpl(dpi) => format!("ZPL, {} dpi", dpi.number()),
        Format::Png(dpi) => format!("PNG, {} dpi", dpi.number()),
    }
}

/// A size in bytes.
pub(crate) fn size(bytes: u64) -> String {
    if bytes < 10_000 { format!("{bytes} B") } else { format!("{} kB", bytes / 1000) }
}

/// An instant in a zone: `2026-03-02 11:00`.
pub(crate) fn time(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M").to_string()
}

/// A time as it was sent: a date stays a date, a local time says that its zone is not known.
pub(crate) fn sent_time(sent: SentTime, zone: &TimeZone) -> String {
    match sent {
        SentTime::Instant(at, _) => time(at, zone),
        SentTime::Local(local) => format!("{} (local time)", local.strftime("%Y-%m-%d %H:%M")),
        SentTime::Date(date) => date.to_string(),
    }
}

/// How long ago something was: `5 min ago`.
pub(crate) fn ago(at: Timestamp, now: Timestamp) -> String {
    let seconds = now.as_second() - at.as_second();
    match seconds {
        ..1 => "just now".to_owned(),
        1..60 => format!("{seconds} s ago"),
        60..3600 => format!("{} min ago", seconds / 60),
        3600..172_800 => format!("{} h ago", seconds / 3600),
        _ => format!("{} days ago", seconds / 86_400),
    }
}

/// A sum: `4.90 EUR`.
pub(crate) fn money(money: &Money) -> String {
    money.to_string()
}

/// The host of a URL, with its port if it names one: `shop.example.com:8443`.
pub(crate) fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    authority.rsplit_once('@').map_or(authority, |(_, host)| host)
}

/// The lines of an address.
pub(crate) fn address(address: &Address) -> Vec<String> {
    let text = |text: &Option<String>| text.as_deref().map(str::trim).unwrap_or_default().to_owned();
    let join = |parts: [String; 2]| parts.iter().filter(|part| !part.is_empty()).cloned().collect::<Vec<_>>().join(" ");
    let lines = [
        text(&address.company),
        text(&address.name),
        join([text(&address.street1), text(&address.house_number)]),
        text(&address.street2),
        text(&address.po_box),
        join([text(&address.postal_code), text(&address.city)]),
        text(&address.state),
        text(&address.country),
    ];
    lines.into_iter().filter(|line| !line.is_empty()).collect()
}

/// Who and where, in one line.
pub(crate) fn recipient(address: Option<&Address>) -> (String, String) {
    let Some(address) = address else { return ("–".to_owned(), String::new()) };
    let name = address.name.as_deref().or(address.company.as_deref()).unwrap_or("–").to_owned();
    let country = address.country_code().or_else(|| address.country.clone()).unwrap_or_default();
    let city = address.city.as_deref().unwrap_or_default();
    (name, [country.as_str(), city].iter().filter(|part| !part.is_empty()).copied().collect::<Vec<_>>().join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_in_the_tenants_zone_and_never_more_exactly_than_they_came() {
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        let at: Timestamp = "2026-03-02T10:00:00Z".parse().unwrap();
        assert_eq!(time(at, &zone), "2026-03-02 11:00");
        assert_eq!(sent_time("2026-03-02".parse().unwrap(), &zone), "2026-03-02");
        assert_eq!(sent_time("2026-03-02T10:00:00".parse().unwrap(), &zone), "2026-03-02 10:00 (local time)");
        let later: Timestamp = "2026-03-02T11:59:59Z".parse().unwrap();
        assert_eq!((ago(at, at), ago(at, later)), ("just now".to_owned(), "1 h ago".to_owned()));
    }

    #[test]
    fn a_host_is_what_stands_between_scheme_and_path() {
        let urls =
            ["https://shop.example.com/hooks?of=a", "http://me:secret@127.0.0.1:8080", "https://example.com?a=/b"];
        assert_eq!(urls.map(host), ["shop.example.com", "127.0.0.1:8080", "example.com"]);
    }

    #[test]
    fn events_read_like_words() {
        assert_eq!(event(EventKind::ShipmentReadyToPrint), "Shipment ready to print");
        assert_eq!(event(EventKind::ParcelTrackingChanged), "Parcel tracking changed");
    }
}
