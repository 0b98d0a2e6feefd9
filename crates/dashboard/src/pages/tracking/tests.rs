use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, header};
use domain::branding::Branding;
use domain::ids::{ParcelId, TrackingEventId};
use domain::tracking::{Incident, Milestone, TrackingReport};
use http_body_util::BodyExt as _;
use jiff::tz::TimeZone;
use tower::ServiceExt as _;

use super::*;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn event(status: TrackingStatus, time: &str) -> TrackingEvent {
    let happened_at: SentTime = time.parse().unwrap();
    TrackingEvent {
        id: TrackingEventId::new(1).unwrap(),
        parcel: ParcelId::new(1).unwrap(),
        report: TrackingReport {
            code: "X1".to_owned(),
            status,
            milestone: None,
            incident: None,
            message: None,
            happened_at,
            place: None,
        },
        received_at: at("2026-03-05T12:00:00Z"),
        sort_at: happened_at.instant_in(&TimeZone::UTC),
    }
}

fn view(status: TrackingStatus, events: Vec<TrackingEvent>) -> TrackingView {
    TrackingView {
        tenant_name: "Acme GmbH".to_owned(),
        branding: Branding::default(),
        language: Some("en-GB".to_owned()),
        service_name: "House Standard".to_owned(),
        tracking_number: Some("340434188193001234567".to_owned()),
        order_reference: Some("OX-12".to_owned()),
        parcel: (1, 2),
        destination: Place { city: Some("Berlin".to_owned()), country: Some("DE".to_owned()) },
        status,
        is_cancelled: false,
        booked_at: Some(at("2026-03-03T08:00:00Z")),
        events,
        reader_country: Some("DE".to_owned()),
        zone: TimeZone::get("Europe/Berlin").unwrap(),
        is_zone_known: true,
    }
}

fn html(view: &TrackingView) -> String {
    TrackingPage::of(view, &Reader { token: "4Kz9".to_owned(), ..Reader::default() }).render().unwrap()
}

fn way(view: &TrackingView) -> String {
    let steps = steps(view, Language::En);
    steps.iter().map(|step| format!("{} ({})", step.title, step.state.class())).collect::<Vec<_>>().join(" → ")
}

/// What one request is answered with, and how often the parcel was looked for.
async fn ask(method: Method, path: &str, found: Result<TrackingView>) -> (StatusCode, HeaderMap, String, usize) {
    let asked = Arc::new(AtomicUsize::new(0));
    let counter = asked.clone();
    let find = move |_| {
        counter.fetch_add(1, Ordering::Relaxed);
        std::future::ready(found.clone())
    };
    let router = router(find, |_| std::future::ready(Err(Error::NotFound("logo"))));
    let request = Request::builder().method(method).uri(path).header(header::ACCEPT_LANGUAGE, "en").body(Body::empty());
    let request = request.unwrap();
    let (parts, body) = router.oneshot(request).await.unwrap().into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    (parts.status, parts.headers, String::from_utf8(body.to_vec()).unwrap(), asked.load(Ordering::Relaxed))
}

#[test]
fn the_page_shows_where_the_parcel_is_and_how_it_came_there() {
    let mut late = event(TrackingStatus::InTransit, "2026-03-04T18:00:00Z");
    late.report.milestone = Some(Milestone::Delayed);
    late.report.message = Some("Arrived late".to_owned());
    late.report.incident = Some(Incident { reason: "Snow on the A9".to_owned() });
    let mut van = event(TrackingStatus::OutForDelivery, "2026-03-05T07:45:00+01:00");
    van.report.place = Some(Place { city: Some("Berlin".to_owned()), country: Some("DE".to_owned()) });
    let page = html(&view(TrackingStatus::OutForDelivery, vec![van, late]));
    let (before, rest) = page.split_once("<style>").unwrap();
    let (_, after) = rest.split_once("</style>").unwrap();
    insta::assert_snapshot!(format!("{before}<style>…</style>{after}"));
}

#[test]
fn a_label_alone_is_not_shipped() {
    let announced = html(&view(TrackingStatus::Announced, vec![]));
    assert!(announced.contains("Not shipped yet"), "{announced}");
    assert!(announced.contains("The carrier has not reported anything yet."), "{announced}");
    let moving = html(&view(TrackingStatus::InTransit, vec![event(TrackingStatus::InTransit, "2026-03-04")]));
    assert!(!moving.contains("Not shipped yet"), "{moving}");
}

#[test]
fn every_status_has_its_way() {
    let ways = TrackingStatus::ALL.map(|status| format!("{}: {}", status.as_str(), way(&view(status, vec![]))));
    insta::assert_snapshot!(ways.join("\n"));
    let collected = view(TrackingStatus::Delivered, vec![event(TrackingStatus::AtServicePoint, "2026-03-04")]);
    assert!(way(&collected).contains("At a service point (done)"), "{}", way(&collected));
    let nothing = TrackingView { booked_at: None, ..view(TrackingStatus::Unknown, vec![]) };
    assert!(way(&nothing).starts_with("Label made (ahead)"), "{}", way(&nothing));
}

#[test]
fn a_cancelled_shipment_says_so_and_what_the_carrier_says_all_the_same() {
    let early = TrackingView { is_cancelled: true, ..view(TrackingStatus::Announced, vec![]) };
    assert_eq!(way(&early), "Label made (done) → Cancelled (now stopped)");
    assert!(html(&early).contains("The sender has cancelled this shipment."));
    assert!(!html(&early).contains("status is still"));
    let late = TrackingView { is_cancelled: true, ..view(TrackingStatus::InTransit, vec![]) };
    assert!(html(&late).contains("status is still: <strong>With the carrier</strong>"));
}

#[test]
fn a_time_is_as_precise_as_it_was_sent() {
    let berlin = view(TrackingStatus::InTransit, vec![]);
    let words = |time: &str, view: &TrackingView| {
        let Moment { words, machine } = moment(time.parse().unwrap(), view, Language::En);
        format!("{words} | {machine}")
    };
    assert_eq!(words("2026-03-01", &berlin), "Sun 1 March 2026 | 2026-03-01");
    assert_eq!(words("2026-03-01T10:00:00", &berlin), "Sun 1 March 2026, 10:00 (local time) | 2026-03-01T10:00:00");
    assert_eq!(words("2026-03-01T23:30:00Z", &berlin), "Mon 2 March 2026, 00:30 | 2026-03-02T00:30:00+01:00");
    assert_eq!(words("2026-07-01T10:00:00-05:00", &berlin), "Wed 1 July 2026, 17:00 | 2026-07-01T17:00:00+02:00");
    // Where the reader's clocks are not known, each time says by whose it is.
    let other = TrackingView { is_zone_known: false, ..berlin.clone() };
    let there = "Mon 2 March 2026, 00:30 (UTC+01:00) | 2026-03-02T00:30:00+01:00";
    assert_eq!(words("2026-03-01T23:30:00Z", &other), there);
    assert!(html(&berlin).contains("Times are those where the parcel goes (Europe/Berlin)"));
    assert!(html(&other).contains("Each time is given with its distance from UTC"));
}

#[test]
fn every_word_of_the_page_is_in_the_language_of_its_reader() {
    let mut news = event(TrackingStatus::OutForDelivery, "2026-03-05T07:45:00+01:00");
    news.report.milestone = Some(Milestone::AtTheDoor);
    news.report.place = Some(Place { city: Some("Opole".to_owned()), country: Some("PL".to_owned()) });
    let page = TrackingView { language: None, ..view(TrackingStatus::OutForDelivery, vec![news]) };
    let page = |asked: &str| {
        let reader = Reader { token: "4Kz9".to_owned(), asked: Some(asked.to_owned()), accepts: String::new() };
        TrackingPage::of(&page, &reader).render().unwrap()
    };
    let texts = |html: &str| {
        let body = html.split_once("<body>").unwrap().1.replace(['\n', '\t'], " ");
        let texts = body.split('<').filter_map(|part| part.split_once('>')).map(|(_, text)| text.trim().to_owned());
        let mut texts: Vec<_> = texts.filter(|text| !text.is_empty()).collect();
        for name in ["aria-label", "alt", "title"] {
            let start = format!(" {name}=\"");
            let values = body.split(&start).skip(1).filter_map(|rest| rest.split_once('"'));
            texts.extend(values.map(|(text, _)| text.to_owned()));
        }
        texts
    };
    insta::assert_snapshot!(texts(&page("pl")).join("\n"));
    insta::assert_snapshot!(texts(&page("de")).join("\n"));
    // What is the same in English and in another language is a name, a number or no word.
    let english = texts(&page("en"));
    let data = ["Acme GmbH", "House Standard", "340434188193001234567", "OX-12", "Service", "Destination"];
    let named = Language::ALL.map(Language::own_name);
    for language in Language::ALL.into_iter().filter(|language| *language != Language::En) {
        let html = page(language.code());
        assert!(html.starts_with(&format!("<!doctype html>\n<html lang=\"{}\">", language.code())), "{html}");
        let left: Vec<_> = texts(&html)
            .into_iter()
            .filter(|text| english.contains(text) && text.chars().any(char::is_alphabetic))
            .filter(|text| !data.contains(&text.as_str()) && !named.contains(&text.as_str()))
            .collect();
        assert_eq!(left, [""; 0], "{language:?}");
    }
}

#[test]
fn the_order_then_the_country_then_the_browser_tell_the_language() {
    let lang = |language: Option<&str>, country: Option<&str>, asked: Option<&str>, accepts: &str| {
        let view = TrackingView {
            language: language.map(str::to_owned),
            reader_country: country.map(str::to_owned),
            ..view(TrackingStatus::InTransit, vec![])
        };
        let reader = Reader { token: "t".to_owned(), asked: asked.map(str::to_owned), accepts: accepts.to_owned() };
        let html = TrackingPage::of(&view, &reader).render().unwrap();
        html.split_once("<html lang=\"").unwrap().1[..2].to_owned()
    };
    assert_eq!(lang(Some("nl_BE"), Some("FR"), Some("pl"), "en"), "pl");
    assert_eq!(lang(Some("nl_BE"), Some("FR"), None, "en"), "nl");
    assert_eq!(lang(None, Some("FR"), None, "en"), "fr");
    assert_eq!(lang(None, Some("BE"), None, "fr"), "fr");
    assert_eq!(lang(None, Some("JP"), None, "es;q=0.3"), "es");
    assert_eq!(lang(None, None, None, ""), "en");
}

#[test]
fn the_sender_has_a_name_colours_and_a_logo_and_no_style_stands_in_the_page() {
    let logo = domain::branding::Logo {
        sha256: "00".repeat(32),
        kind: domain::branding::LogoKind::Png,
        width: 320,
        height: 80,
    };
    let branding = Branding {
        colour: "#ffe000".parse().ok(),
        header_colour: "#101c3c".parse().ok(),
        logo: Some(logo),
        ..Branding::default()
    };
    let page = html(&TrackingView { branding: branding.clone(), ..view(TrackingStatus::InTransit, vec![]) });
    assert!(page.contains("<link rel=\"stylesheet\" href=\"style/ffe000-101c3c.css\">"), "{page}");
    let shown = "<img class=\"logo\" src=\"4Kz9/logo\" width=\"320\" height=\"80\" alt=\"Acme GmbH\">";
    assert!(page.contains(shown), "{page}");
    let (_, body) = page.split_once("<body>").unwrap();
    assert!(!body.contains("style=") && !page.contains("<script"), "{page}");
    // On nothing of the sender's own a logo stands on white, so that it is seen in the dark.
    let plain = Branding { header_colour: None, ..branding };
    let page = html(&TrackingView { branding: plain, ..view(TrackingStatus::InTransit, vec![]) });
    assert!(page.contains("class=\"logo plate\""), "{page}");
}

#[test]
fn what_nobody_listed_is_shown_in_the_carriers_words() {
    let mut told = event(TrackingStatus::Unknown, "2026-03-04");
    told.report.message = Some(" Re-weighed at hub ".to_owned());
    let mut bare = event(TrackingStatus::Unknown, "2026-03-04");
    bare.report.message = Some(" ".to_owned());
    let mut step = event(TrackingStatus::Unknown, "2026-03-04");
    step.report.milestone = Some(Milestone::AtTheDoor);
    let entries = history(&view(TrackingStatus::InTransit, vec![told, bare, step]), Language::En);
    let titles: Vec<_> = entries.iter().map(|entry| entry.title.as_str()).collect();
    assert_eq!(titles, ["Re-weighed at hub", "The carrier’s code X1", "The courier is at the door", "Label made"]);
    assert!(entries.iter().all(|entry| entry.message.is_none() && entry.step.is_none()));
}

#[test]
fn the_label_stands_among_the_events_where_it_was_made() {
    let after = event(TrackingStatus::InTransit, "2026-03-04T10:00:00Z");
    let before = event(TrackingStatus::Announced, "2026-03-02T10:00:00Z");
    let entries = history(&view(TrackingStatus::InTransit, vec![after, before]), Language::En);
    let titles: Vec<_> = entries.iter().map(|entry| entry.title.as_str()).collect();
    assert_eq!(titles, ["With the carrier", "Label made", "Announced to the carrier"]);
}

#[test]
fn a_place_is_a_city_and_a_country_and_what_is_missing_is_left_out() {
    let shown = |city: Option<&str>, country: Option<&str>| {
        place(&Place { city: city.map(str::to_owned), country: country.map(str::to_owned) }, Language::En)
    };
    assert_eq!(shown(Some("Bern"), Some("CH")).as_deref(), Some("Bern, Switzerland"));
    assert_eq!(shown(Some("Bern"), None).as_deref(), Some("Bern"));
    assert_eq!(shown(None, Some("ZZ")).as_deref(), Some("ZZ"));
    assert_eq!(shown(Some(" "), None), None);
    let nowhere = TrackingView { destination: Place::default(), ..view(TrackingStatus::InTransit, vec![]) };
    assert!(!html(&nowhere).contains("Going to"));
}

#[test]
fn no_text_of_anybody_becomes_markup() {
    let evil = || "\"'><script>alert(1)</script>".to_owned();
    let mut event = event(TrackingStatus::InTransit, "2026-03-04");
    let place = Place { city: Some(evil()), country: Some(evil()) };
    event.report.message = Some(evil());
    event.report.incident = Some(Incident { reason: evil() });
    event.report.place = Some(place.clone());
    let mut coded = event.clone();
    coded.report = TrackingReport { code: evil(), status: TrackingStatus::Unknown, message: None, ..coded.report };
    let page = html(&TrackingView {
        tenant_name: evil(),
        service_name: evil(),
        tracking_number: Some(evil()),
        order_reference: Some(evil()),
        destination: place,
        ..view(TrackingStatus::InTransit, vec![event, coded])
    });
    assert!(!page.contains("<script"), "{page}");
    assert!(!page.contains("\"'>"), "{page}");
    assert_eq!(page.matches("&#60;script&#62;").count(), 17, "{page}");
}

#[tokio::test]
async fn a_page_is_read_and_asked_for_and_nothing_else() {
    let found = || Ok(view(TrackingStatus::InTransit, vec![]));
    let (status, headers, body, _) = ask(Method::GET, "/t/4Kz9-_aB", found()).await;
    assert_eq!((status, body), (StatusCode::OK, html(&found().unwrap())));
    assert_eq!(headers[header::CONTENT_TYPE], "text/html; charset=utf-8");
    assert_eq!(headers[header::CACHE_CONTROL], "no-store");
    assert!(headers.contains_key(header::CONTENT_SECURITY_POLICY));
    let (status, headers, body, _) = ask(Method::HEAD, "/t/4Kz9-_aB", found()).await;
    assert_eq!((status, body.as_str()), (StatusCode::OK, ""));
    assert_eq!(headers[header::X_FRAME_OPTIONS], "DENY");
    let (status, ..) = ask(Method::POST, "/t/4Kz9-_aB", found()).await;
    assert_eq!(status, StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test]
async fn every_unknown_token_gets_the_same_page_and_what_is_no_token_is_not_looked_for() {
    let found = || Err(Error::NotFound("parcel"));
    let (status, headers, page, asked) = ask(Method::GET, "/t/4Kz9", found()).await;
    assert_eq!((status, asked), (StatusCode::NOT_FOUND, 1));
    assert!(page.contains("We cannot find this parcel"), "{page}");
    let (_, _, longest, asked) = ask(Method::GET, &format!("/t/{}", "a".repeat(64)), found()).await;
    assert_eq!((&longest, asked), (&page, 1));
    for path in [format!("/t/{}", "a".repeat(65)), "/t/a%00b".to_owned(), "/t/%FF".to_owned(), "/t/a%2Fb".to_owned()] {
        let answer = ask(Method::GET, &path, Ok(view(TrackingStatus::InTransit, vec![]))).await;
        assert_eq!(answer, (StatusCode::NOT_FOUND, headers.clone(), page.clone(), 0), "{path}");
    }
}

#[tokio::test]
async fn a_store_that_is_away_is_said_without_its_reasons() {
    let away = Err(Error::Unavailable("database 10.0.0.7 is gone".to_owned()));
    let (status, headers, page, _) = ask(Method::GET, "/t/4Kz9", away).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(headers[header::RETRY_AFTER], "60");
    assert!(page.contains("Tracking is not available right now") && !page.contains("10.0.0.7"), "{page}");
}
