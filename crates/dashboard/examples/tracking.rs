//! Writes the tracking page in every state into a folder, to be looked at:
//! `cargo run -p dashboard --example tracking -- DIR`.

use std::error::Error;
use std::fs;
use std::path::Path;

use app::tracking::TrackingView;
use askama::Template;
use dashboard::pages::tracking::{Reader, TrackingPage};
use dashboard::pages::trouble::Trouble;
use domain::branding::Branding;
use domain::ids::{ParcelId, TrackingEventId};
use domain::language::Language;
use domain::time::Timestamp;
use domain::tracking::{Incident, Milestone, Place, TrackingEvent, TrackingReport, TrackingStatus};
use jiff::tz::TimeZone;

type Answer<T> = Result<T, Box<dyn Error>>;

/// Status, milestone, message, city, time.
type Sample = (TrackingStatus, Option<Milestone>, Option<&'static str>, Option<&'static str>, &'static str);

/// Every event of a long way, oldest first.
const WAY: [Sample; 7] = [
    (TrackingStatus::Announced, None, None, None, "2026-03-03"),
    (TrackingStatus::InTransit, Some(Milestone::PickedUp), None, Some("Hof"), "2026-03-03T17:20:00+01:00"),
    (TrackingStatus::Unknown, None, Some("Shipment re-weighed at hub"), Some("Leipzig"), "2026-03-04T02:10:00"),
    (TrackingStatus::Unknown, None, None, None, "2026-03-04T03:10:00Z"),
    (TrackingStatus::InTransit, Some(Milestone::Delayed), Some("Arrived late"), Some("Berlin"), "2026-03-04T18:00:00Z"),
    (TrackingStatus::OutForDelivery, None, None, Some("Berlin"), "2026-03-05T07:45:00+01:00"),
    (TrackingStatus::Delivered, None, Some("Handed over"), Some("Berlin"), "2026-03-05T11:02:00+01:00"),
];

fn event(number: usize, status: TrackingStatus) -> Answer<TrackingEvent> {
    let (usual, milestone, message, city, time) = WAY[number.min(WAY.len() - 1)];
    let status = if number < WAY.len() - 1 { usual } else { status };
    let is_trouble = matches!(status, TrackingStatus::Undeliverable | TrackingStatus::Lost);
    let at: Timestamp = "2026-03-03T08:00:00Z".parse()?;
    Ok(TrackingEvent {
        id: TrackingEventId::new(number as u64 + 1).ok_or("no id")?,
        parcel: ParcelId::new(1).ok_or("no id")?,
        report: TrackingReport {
            code: format!("X{number}"),
            status,
            milestone,
            incident: is_trouble.then(|| Incident { reason: "Nobody at home; bell without a name".to_owned() }),
            message: message.filter(|_| !is_trouble).map(str::to_owned),
            happened_at: time.parse()?,
            place: city.map(|city| Place { city: Some(city.to_owned()), country: Some("DE".to_owned()) }),
        },
        received_at: at,
        sort_at: at,
    })
}

fn view(status: TrackingStatus) -> Answer<TrackingView> {
    let count = match status {
        TrackingStatus::Unknown | TrackingStatus::Announced => 0,
        TrackingStatus::InTransit => 5,
        TrackingStatus::OutForDelivery => 6,
        _ => 7,
    };
    let mut events = (0..count).map(|number| event(number, status)).collect::<Answer<Vec<_>>>()?;
    events.reverse();
    Ok(TrackingView {
        tenant_name: "Acme GmbH".to_owned(),
        branding: Branding::default(),
        language: None,
        service_name: "House Standard".to_owned(),
        tracking_number: Some("340434188193001234567".to_owned()),
        order_reference: Some("OX-2026-000123".to_owned()),
        parcel: (1, 2),
        destination: Place { city: Some("Berlin".to_owned()), country: Some("DE".to_owned()) },
        status,
        is_cancelled: false,
        booked_at: Some("2026-03-03T08:00:00Z".parse()?),
        events,
        reader_country: Some("DE".to_owned()),
        zone: TimeZone::get("Europe/Berlin")?,
        is_zone_known: true,
    })
}

fn main() -> Answer<()> {
    let folder = std::env::args().nth(1).ok_or("which folder? cargo run -p dashboard --example tracking -- DIR")?;
    let write = |name: &str, html: String| fs::write(Path::new(&folder).join(format!("{name}.html")), html);
    fs::create_dir_all(&folder)?;
    let page = |view: &TrackingView, language: Language| {
        let reader = Reader { token: "token".to_owned(), asked: Some(language.code().to_owned()), ..Reader::default() };
        TrackingPage::of(view, &reader).render()
    };
    for status in TrackingStatus::ALL {
        write(status.as_str(), page(&view(status)?, Language::En)?)?;
    }
    for language in Language::ALL {
        write(
            &format!("out_for_delivery.{}", language.code()),
            page(&view(TrackingStatus::OutForDelivery)?, language)?,
        )?;
    }
    let cancelled = TrackingView { is_cancelled: true, ..view(TrackingStatus::Announced)? };
    write("cancelled", page(&cancelled, Language::En)?)?;
    let cancelled = TrackingView { is_cancelled: true, ..view(TrackingStatus::InTransit)? };
    write("cancelled_in_transit", page(&cancelled, Language::Fr)?)?;
    let long = TrackingView {
        tenant_name: "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft mbH".to_owned(),
        order_reference: Some("a-very-long-order-reference-0123456789-0123456789-0123456789".to_owned()),
        ..view(TrackingStatus::InTransit)?
    };
    write("long", page(&long, Language::De)?)?;
    write("not_found", Trouble::not_found(Language::Nl).render()?)?;
    write("unavailable", Trouble::unavailable(Language::Pl).render()?)?;
    Ok(())
}
