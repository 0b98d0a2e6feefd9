//! The sandbox does what its settings and the magic postal codes say.

use std::collections::BTreeSet;

use super::journal::{Act, Journal};
use super::*;
use crate::conformance::{Specimen, berlin, book_request, empty_account, parcel, rate_request};

/// What the promises of every connector are tried on.
pub(crate) async fn specimen() -> Specimen {
    Specimen::alone(account())
}

/// A working account.
pub(crate) fn account() -> CarrierAccount {
    CarrierAccount { id: "sandbox".to_owned(), ..empty_account("sandbox") }
}

fn set(name: &str, value: &str) -> Arc<dyn Connection> {
    let mut account = account();
    account.settings.insert(name.to_owned(), value.to_owned());
    Sandbox::default().connect(&account).unwrap()
}

fn to(postal_code: &str) -> domain::address::Address {
    domain::address::Address { postal_code: Some(postal_code.to_owned()), ..berlin() }
}

fn standard() -> ServiceCode {
    ServiceCode::new("sandbox", "standard")
}

async fn book(connection: &Arc<dyn Connection>, postal_code: &str) -> Result<Booking, CarrierError> {
    connection.book(&book_request(&standard(), to(postal_code), vec![parcel("1")], 7), &Trace::default()).await
}

#[tokio::test]
async fn every_outcome_of_a_booking_is_as_it_was_set() {
    assert!(book(&set("book", "ok"), "10115").await.is_ok());
    assert!(matches!(book(&set("book", "none"), "10115").await, Err(CarrierError::Unsupported(_))));
    assert!(matches!(book(&set("book", "refuse"), "10115").await, Err(CarrierError::Refused(_))));
    for (outcome, postal_code) in
        [("fail_once", "10115"), ("lost_answer", "10115"), ("ok", "TEST-FAIL-ONCE"), ("ok", "TEST-LOST-ANSWER")]
    {
        let connection = set("book", outcome);
        assert!(matches!(book(&connection, postal_code).await, Err(CarrierError::Unavailable { .. })), "{outcome}");
        let again = book(&connection, postal_code).await.unwrap();
        assert_eq!(book(&connection, postal_code).await.unwrap(), again);
    }
    let failing = set("book", "fail");
    for _ in 0..3 {
        assert!(book(&failing, "10115").await.unwrap_err().is_unsure());
    }
    let late = tokio::time::timeout(Duration::from_millis(20), book(&set("book", "time_out"), "10115")).await;
    assert!(late.is_err());
    let late = tokio::time::timeout(Duration::from_millis(20), book(&set("book", "ok"), "TEST-408")).await;
    assert!(late.is_err());
}

#[tokio::test]
async fn rates_and_cancellations_are_as_they_were_set() {
    let ask = rate_request(berlin(), vec![parcel("1")]);
    let offer = async |outcome: &str| set("quote", outcome).rates(&ask, &Trace::default()).await;
    assert_eq!(offer("ok").await.unwrap().rates.len(), 3);
    let nothing = offer("none").await.unwrap();
    assert_eq!((nothing.rates.len(), nothing.left_out.len()), (0, 3));
    assert!(matches!(offer("refuse").await, Err(CarrierError::Refused(_))));
    assert!(offer("fail").await.unwrap_err().is_unsure());
    let nowhere = rate_request(to("TEST-404"), vec![parcel("1")]);
    let offer = set("quote", "ok").rates(&nowhere, &Trace::default()).await.unwrap();
    assert_eq!((offer.rates.len(), offer.left_out.len()), (0, 3));

    let cancel = async |outcome: &str, carrier_reference: &str| {
        let ask = CancelRequest {
            reference: "r".to_owned(),
            carrier_reference: Some(carrier_reference.to_owned()),
            tracking_numbers: Vec::new(),
        };
        set("cancel", outcome).cancel(&ask, &Trace::default()).await
    };
    assert_eq!(cancel("ok", "SANDBOX-r").await, Ok(()));
    assert!(matches!(cancel("refuse", "SANDBOX-r").await, Err(CarrierError::Unsupported(_))));
    assert!(cancel("fail", "SANDBOX-r").await.unwrap_err().is_unsure());
    let kept = book(&set("book", "ok"), "TEST-KEPT").await.unwrap().carrier_reference.unwrap();
    assert!(matches!(cancel("ok", &kept).await, Err(CarrierError::Refused(_))));
}

#[tokio::test]
async fn m1_a_refusal_names_field_value_rule_and_next_step_and_its_full_answer_is_traced() {
    let trace = Trace::default();
    let ask = book_request(&standard(), to("TEST-422"), vec![parcel("1")], 7);
    let refused = set("book", "ok").book(&ask, &trace).await;
    let Err(CarrierError::Refused(problems)) = refused else { panic!("{refused:?}") };
    assert_eq!(problems[0].path, "recipient/postal_code");
    for part in ["postal_code", "\"TEST-422\"", "is expected", "correct the recipient's postal code"] {
        assert!(problems[0].message.contains(part), "{}", problems[0].message);
    }
    let exchanges = trace.take();
    assert_eq!(exchanges.len(), 1);
    assert!(exchanges[0].request.contains("TEST-422"));
    assert!(exchanges[0].answer.as_ref().unwrap().starts_with("422 {\"error\":\"postal_code"));
}

#[tokio::test]
async fn every_call_is_traced_with_the_full_answer_and_one_that_nobody_waited_for_without() {
    let (trace, connection) = (Trace::default(), set("book", "ok"));
    let ask = book_request(&standard(), berlin(), vec![parcel("1")], 7);
    connection.book(&ask, &trace).await.unwrap();
    let cancel = CancelRequest { reference: "r".to_owned(), carrier_reference: None, tracking_numbers: Vec::new() };
    set("cancel", "refuse").cancel(&cancel, &trace).await.unwrap_err();
    let track = TrackRequest {
        tracking_number: "TEST00000000079".to_owned(),
        known: TrackingStatus::Unknown,
        reference: "r".to_owned(),
        recipient: berlin(),
        booked_at: Timestamp::UNIX_EPOCH,
        now: Timestamp::UNIX_EPOCH,
    };
    connection.track(&track, &trace).await.unwrap();
    let unanswered = set("book", "time_out");
    let late = tokio::time::timeout(Duration::from_millis(20), unanswered.book(&ask, &trace)).await;
    assert!(late.is_err());
    let said = trace.take().into_iter().map(|one| {
        let answer = one.answer.unwrap_or_else(|| "nothing".to_owned());
        format!("{} {}\n  {answer}", one.operation, one.request)
    });
    insta::assert_snapshot!(said.collect::<Vec<_>>().join("\n"), @r#"
    book {"reference":"reference-7","service":"standard","country":"DE","postal_code":"10115","parcels":1}
      200 {"carrier_reference":"SANDBOX-reference-7","tracking_numbers":["TEST00000000079"]}
    cancel {"reference":"r"}
      422 {"error":"the carrier does not offer this: cancelling a booking: this carrier never does"}
    track {"tracking_number":"TEST00000000079"}
      200 {"events":[{"code":"ANNOUNCED","happened_at":"1970-01-01T00:00:00Z"}]}
    book {"reference":"reference-7","service":"standard","country":"DE","postal_code":"10115","parcels":1}
      nothing
    "#);
}

#[test]
fn everything_in_the_tables_is_documented() {
    let page = include_str!("../../../../docs/sandbox.md");
    let mut rows: Vec<_> = POSTAL_CODES.iter().map(|(code, _, plays)| format!("| `{code}` | {plays}")).collect();
    rows.extend(TRACKING_CODES.iter().map(|(code, status, milestone)| {
        let milestone = milestone.map(|milestone| format!("{} ", milestone.as_str())).unwrap_or_default();
        format!("| `{code}` | {} | {milestone}|", status.as_str())
    }));
    let price = |one: &Service| format!("| `{}` | {} | {} |", one.code, Decimal::new(one.cents, 2), one.transit_days);
    rows.extend(SERVICES.iter().map(price));
    rows.extend(OUTCOMES.iter().map(|(word, _)| format!("| `{word}` |")));
    rows.extend(PROFILE.fields.iter().map(|field| format!("`{}`", field.name)));
    let missing: Vec<_> = rows.iter().filter(|row| !page.contains(row.as_str())).collect();
    assert!(missing.is_empty(), "docs/sandbox.md says nothing of {missing:?}");
}

#[tokio::test]
async fn m3_every_number_and_every_label_says_that_it_is_a_test() {
    let booking = book(&set("book", "ok"), "10115").await.unwrap();
    assert_eq!(booking.parcels[0].tracking_number, "TEST00000000079");
    assert_eq!(booking.parcels[0].sscc, None);
    let Some(Label::Content(content)) = &booking.parcels[0].label else { panic!("content of a label") };
    assert!(content.is_test);
    assert!(!PROFILE.is_live && PROFILE.is_test);
}

#[test]
fn f1_every_code_of_the_published_table_is_mapped_and_covers_all_there_is() {
    let connection = set("track", "ok");
    let (mut statuses, mut milestones) = (BTreeSet::new(), 0);
    for (code, status, milestone) in TRACKING_CODES {
        assert_eq!(connection.read_code(code), (*status, *milestone));
        statuses.insert(status.as_str());
        milestones += usize::from(milestone.is_some());
    }
    assert_eq!(statuses.len(), TrackingStatus::ALL.len());
    assert_eq!(milestones, 5);
    assert_eq!(connection.read_code("SOMETHING_NEW"), (TrackingStatus::Unknown, None));
    // Moved along, a parcel arrives; from any code the way comes to an end.
    for (code, ..) in TRACKING_CODES {
        let mut last = *code;
        for _ in 0..TRACKING_CODES.len() {
            match connection.next_code(Some(last)) {
                Some(next) => last = next,
                None => break,
            }
        }
        assert_eq!(connection.next_code(Some(last)), None, "{code}");
    }
}

#[tokio::test]
async fn a_tracked_parcel_takes_a_step_a_minute_and_its_postal_code_says_how_it_ends() {
    let connection = set("track", "ok");
    let ends = async |postal_code: &str, minutes: i64| {
        let booked_at = Timestamp::UNIX_EPOCH;
        let ask = TrackRequest {
            tracking_number: "TEST00000000079".to_owned(),
            known: TrackingStatus::Unknown,
            reference: "r".to_owned(),
            recipient: to(postal_code),
            booked_at,
            now: Timestamp::from_second(minutes * 60).unwrap(),
        };
        let reports = connection.track(&ask, &Trace::default()).await.unwrap();
        (reports.len(), reports.last().unwrap().code.clone())
    };
    assert_eq!(ends("10115", 0).await, (1, "ANNOUNCED".to_owned()));
    assert_eq!(ends("10115", 4).await, (5, "IN_TRANSIT".to_owned()));
    assert_eq!(ends("10115", 60).await, (8, "DELIVERED".to_owned()));
    for (postal_code, code) in [
        ("TEST-LOST", "LOST"),
        ("TEST-RETURNED", "RETURNED"),
        ("TEST-UNDELIVERABLE", "UNDELIVERABLE"),
        ("TEST-SERVICE-POINT", "AT_SERVICE_POINT"),
        ("TEST-LATE", "DELIVERED"),
    ] {
        assert_eq!(ends(postal_code, 60).await.1, code, "{postal_code}");
    }
}

#[tokio::test]
async fn a_journal_holds_each_booking_once_also_after_a_restart() {
    let path = std::env::temp_dir().join(format!("waybill-journal-{}", std::process::id()));
    drop(std::fs::remove_file(&path));
    for _ in 0..2 {
        let sandbox = Sandbox::with_journal(Journal::open(&path).unwrap());
        let connection = sandbox.connect(&account()).unwrap();
        book(&connection, "10115").await.unwrap();
        book(&connection, "10115").await.unwrap();
    }
    let numbers = vec!["TEST00000000079".to_owned()];
    let booked = Act::Booked { reference: "reference-7".to_owned(), numbers };
    assert_eq!(Journal::read(&path).unwrap(), std::slice::from_ref(&booked));

    // A line that was cut off takes nothing else with it.
    let mut torn = std::fs::read(&path).unwrap();
    torn.extend(br#"{"act":"canc"#);
    std::fs::write(&path, torn).unwrap();
    let cancelled = Act::Cancelled { reference: "reference-7".to_owned() };
    Journal::open(&path).unwrap().add(&cancelled).unwrap();
    assert_eq!(Journal::read(&path).unwrap(), [booked, cancelled]);
    std::fs::remove_file(path).unwrap();
}

#[test]
fn a_setting_that_is_none_is_told_with_what_was_expected() {
    let mut account = account();
    account.settings.insert("quote".to_owned(), "lost_answer".to_owned());
    account.settings.insert("currency".to_owned(), "euro".to_owned());
    let Err(problems) = Sandbox::default().connect(&account) else { panic!("it took that") };
    let told: Vec<_> = problems.iter().map(|problem| problem.message.as_str()).collect();
    assert_eq!(
        told,
        [
            "quote is \"lost_answer\": expected one of ok, none, refuse, fail, fail_once, time_out",
            "currency is \"euro\": expected an ISO 4217 code",
        ]
    );
}
