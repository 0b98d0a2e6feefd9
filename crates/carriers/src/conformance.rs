//! Promises that every connector keeps, run over [`crate::all`].
//!
//! A new connector adds a working account to [`accounts`]; its requests must be answerable without a network.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use domain::account::CarrierAccount;
use domain::address::{Address, Fitting, Side};
use domain::connector::{BookRequest, CancelRequest, Connection, Connector, Label, RateRequest, Trace, TrackRequest};
use domain::error::Rule;
use domain::measure::Weight;
use domain::money::Decimal;
use domain::parcel::Box as ParcelBox;
use domain::service::ServiceCode;
use domain::tracking::TrackingStatus;
use domain::{CarrierError, Timestamp, gs1};

/// An account of each carrier that offers something from Boston to Berlin.
fn accounts() -> Vec<CarrierAccount> {
    vec![crate::local::tests::account(), crate::sandbox::tests::account()]
}

/// An account without any field.
pub(crate) fn empty_account(carrier: &str) -> CarrierAccount {
    CarrierAccount {
        id: "house".to_owned(),
        carrier: carrier.to_owned(),
        settings: BTreeMap::new(),
        credentials: BTreeMap::new(),
        files: BTreeMap::new(),
        calls_per_minute: None,
        aliases: BTreeMap::new(),
    }
}

/// A sender in Boston.
pub(crate) fn boston() -> Address {
    Address {
        name: Some("Store desk".to_owned()),
        company: Some("Boston store".to_owned()),
        street1: Some("345 Harrison Avenue".to_owned()),
        city: Some("Boston".to_owned()),
        state: Some("MA".to_owned()),
        postal_code: Some("02118".to_owned()),
        country: Some("US".to_owned()),
        phone: Some("+1 617-555-0100".to_owned()),
        ..Address::default()
    }
}

/// A recipient in Berlin.
pub(crate) fn berlin() -> Address {
    Address {
        name: Some("Erika Mustermann".to_owned()),
        street1: Some("Invalidenstraße".to_owned()),
        house_number: Some("117".to_owned()),
        city: Some("Berlin".to_owned()),
        postal_code: Some("10115".to_owned()),
        country: Some("DE".to_owned()),
        phone: Some("+49 30 5550100".to_owned()),
        ..Address::default()
    }
}

/// A box without dimensions.
pub(crate) fn parcel(kilograms: &str) -> ParcelBox {
    let weight = Weight::from_kilograms(kilograms.parse().unwrap()).unwrap();
    ParcelBox { weight, weight_is_assumed: false, dimensions: None, contents: Vec::new() }
}

/// Asks for offers of every service.
pub(crate) fn rate_request(recipient: Address, parcels: Vec<ParcelBox>) -> RateRequest {
    RateRequest { sender: boston(), recipient, parcels, service: None, now: Timestamp::UNIX_EPOCH }
}

/// Asks for a booking with the serials from `first` on.
pub(crate) fn book_request(
    service: &ServiceCode,
    recipient: Address,
    parcels: Vec<ParcelBox>,
    first: u64,
) -> BookRequest {
    let serials: Vec<_> = (first..).take(parcels.len()).collect();
    BookRequest {
        service: service.clone(),
        reference: format!("reference-{first}"),
        order_reference: Some("A-1001".to_owned()),
        sender: boston(),
        recipient,
        tracking_pages: serials.iter().map(|serial| format!("https://track.example/{serial}")).collect(),
        serials,
        parcels,
        now: Timestamp::UNIX_EPOCH,
    }
}

/// A connector, its working account and the connection of that.
type Connected = (Arc<dyn Connector>, CarrierAccount, Arc<dyn Connection>);

/// Every connector, connected.
fn connected() -> Vec<Connected> {
    let accounts = accounts();
    let connected = crate::all().into_iter().map(|connector| {
        let carrier = connector.profile().carrier;
        let account = accounts.iter().find(|account| account.carrier == carrier);
        let account = account.unwrap_or_else(|| panic!("accounts() has none of {carrier}")).clone();
        let connection = connector.connect(&account).unwrap_or_else(|problems| panic!("{carrier}: {problems:#?}"));
        (connector, account, connection)
    });
    connected.collect()
}

#[test]
fn profiles_are_told_apart_and_explain_their_fields() {
    let mut carriers = HashSet::new();
    for connector in crate::all() {
        let profile = connector.profile();
        assert!(carriers.insert(profile.carrier), "{} stands twice in the list", profile.carrier);
        let mut fields = HashSet::new();
        for field in profile.fields {
            assert!(fields.insert(field.name), "{}: {} stands twice", profile.carrier, field.name);
            assert!(!field.help.is_empty(), "{}: {} has no help", profile.carrier, field.name);
        }
    }
}

#[test]
fn an_empty_account_is_told_each_field_it_lacks() {
    for connector in crate::all() {
        let profile = connector.profile();
        let Err(problems) = connector.connect(&empty_account(profile.carrier)) else {
            assert!(profile.fields.iter().all(|field| !field.is_required), "{}", profile.carrier);
            continue;
        };
        let missing: HashSet<_> =
            problems.iter().filter(|p| p.rule == Rule::Missing).map(|p| p.path.as_str()).collect();
        let required = profile.fields.iter().filter(|field| field.is_required).map(|field| field.name);
        assert_eq!(missing, required.collect(), "{}", profile.carrier);
    }
}

#[test]
fn a_field_that_the_profile_does_not_name_is_refused() {
    for (connector, mut account, _) in connected() {
        account.settings.insert("no_such_field".to_owned(), "1".to_owned());
        let Err(problems) = connector.connect(&account) else { panic!("{} took it", account.carrier) };
        assert_eq!(problems.len(), 1);
        assert_eq!((problems[0].path.as_str(), problems[0].rule), ("no_such_field", Rule::Unknown));
    }
}

#[tokio::test]
async fn the_same_question_gets_the_same_rates_cheapest_first() {
    for (_, account, connection) in connected() {
        let ask = rate_request(berlin(), vec![parcel("1"), parcel("2.5")]);
        let offer = connection.rates(&ask, &Trace::default()).await.unwrap();
        assert_eq!(offer, connection.rates(&ask, &Trace::default()).await.unwrap());
        assert!(!offer.rates.is_empty(), "{} offers nothing", account.carrier);
        assert!(offer.rates.is_sorted_by_key(|rate| (rate.total.currency, rate.total.amount)));
        for rate in &offer.rates {
            assert_eq!(rate.service.account, account.id);
            assert_eq!(rate.parcels.len(), 2);
            let parts = rate.parcels.iter().map(|parcel| parcel.price);
            let parts: Decimal = parts.chain(rate.surcharges.iter().map(|extra| extra.amount)).map(|m| m.amount).sum();
            assert_eq!(parts, rate.total.amount, "{}", rate.service);
        }
    }
}

#[tokio::test]
async fn every_offered_service_can_be_booked_with_one_entry_a_parcel_from_the_serials_handed_in() {
    for (connector, _, connection) in connected() {
        let parcels = vec![parcel("1"), parcel("2.5")];
        for rate in connection.rates(&rate_request(berlin(), parcels.clone()), &Trace::default()).await.unwrap().rates {
            let ask = book_request(&rate.service, berlin(), parcels.clone(), 41);
            let booking = connection.book(&ask, &Trace::default()).await.unwrap();
            assert_eq!(booking.parcels.len(), 2);
            let mut numbers: HashSet<_> = booking.parcels.iter().map(|parcel| parcel.tracking_number.clone()).collect();
            assert_eq!(numbers.len(), 2);
            for (position, parcel) in booking.parcels.iter().enumerate() {
                assert!(!parcel.tracking_number.is_empty());
                assert!(parcel.sscc.as_deref().is_none_or(gs1::has_valid_check_digit));
                if let Label::Content(label) = &parcel.label {
                    assert_eq!((label.parcel_number, label.parcel_count), (position as u32 + 1, 2));
                    assert_eq!(label.recipient, ask.recipient);
                    assert_eq!(label.tracking_number, parcel.tracking_number);
                    assert_eq!(label.is_test, connector.profile().is_test);
                }
            }
            if connector.profile().books_once_a_reference {
                assert_eq!(connection.book(&ask, &Trace::default()).await.unwrap(), booking);
            }
            if connector.profile().serials_a_parcel > 0 {
                let other = connection
                    .book(&book_request(&rate.service, berlin(), parcels.clone(), 43), &Trace::default())
                    .await
                    .unwrap();
                numbers.extend(other.parcels.into_iter().map(|parcel| parcel.tracking_number));
                assert_eq!(numbers.len(), 4, "other serials give other numbers");
            }
        }
    }
}

#[tokio::test]
async fn every_offered_service_is_listed_and_takes_the_addresses_it_was_offered_for() {
    for (_, account, connection) in connected() {
        let services = connection.services();
        let offer = connection.rates(&rate_request(berlin(), vec![parcel("1")]), &Trace::default()).await.unwrap();
        for rate in offer.rates {
            let service = &rate.service.service;
            assert!(services.is_empty() || services.contains(service), "{}: {service} is not listed", account.carrier);
            let limits = connection.address_limits(service);
            for (side, address) in [(Side::Sender, boston()), (Side::Recipient, berlin())] {
                let fitting = Fitting { side, service, is_abroad: true, split: None, wraps: false };
                let fitted = limits.fit(&address, fitting).unwrap_or_else(|problems| panic!("{service}: {problems:?}"));
                assert_eq!(fitted.notes, [""; 0], "{service}");
                // What fits once fits again: a booking that is asked again sends the same.
                assert_eq!(limits.fit(&fitted.address, fitting).map(|again| again.address), Ok(fitted.address));
            }
            assert_eq!(limits.why_not_served(&berlin()), None, "{service}");
        }
    }
}

#[tokio::test]
async fn missing_serials_are_refused_in_words() {
    for (connector, account, connection) in connected() {
        if connector.profile().serials_a_parcel == 0 {
            continue;
        }
        let offer = connection.rates(&rate_request(berlin(), vec![parcel("1")]), &Trace::default()).await.unwrap();
        let mut ask = book_request(&offer.rates[0].service, berlin(), vec![parcel("1")], 41);
        ask.serials.clear();
        let Err(CarrierError::Refused(problems)) = connection.book(&ask, &Trace::default()).await else {
            panic!("{} booked without serials", account.carrier)
        };
        assert_eq!(problems[0].path, "serials");
    }
}

#[tokio::test]
async fn what_a_connector_cannot_do_is_unsupported_and_an_unlisted_code_unknown() {
    fn is_answer<T>(answer: &Result<T, CarrierError>) -> bool {
        matches!(answer, Ok(_) | Err(CarrierError::Unsupported(_)))
    }
    for (connector, account, connection) in connected() {
        let carrier = &account.carrier;
        let nothing = TrackRequest {
            tracking_number: "no such number".to_owned(),
            reference: "no such reference".to_owned(),
            recipient: berlin(),
            booked_at: Timestamp::UNIX_EPOCH,
            now: Timestamp::UNIX_EPOCH,
        };
        assert!(is_answer(&connection.find("no such reference", &Trace::default()).await), "{carrier}");
        assert!(is_answer(&connection.track(&nothing, &Trace::default()).await), "{carrier}");
        let ask =
            CancelRequest { reference: "no such".to_owned(), carrier_reference: None, tracking_numbers: Vec::new() };
        let cancelled = connection.cancel(&ask, &Trace::default()).await;
        let is_unsupported = matches!(cancelled, Err(CarrierError::Unsupported(_)));
        assert_eq!(is_unsupported, !connector.profile().can_cancel, "{carrier}");
        assert_eq!(connection.read_code("no such code"), (TrackingStatus::Unknown, None), "{carrier}");
    }
}

#[tokio::test]
async fn a_parcel_that_was_just_booked_is_tracked_in_codes_that_are_read_alike_oldest_first() {
    for (connector, account, connection) in connected() {
        if !connector.profile().can_track {
            continue;
        }
        let ask = TrackRequest {
            tracking_number: "TEST00000000079".to_owned(),
            reference: "reference-7".to_owned(),
            recipient: berlin(),
            booked_at: Timestamp::UNIX_EPOCH,
            now: Timestamp::from_second(86_400).unwrap(),
        };
        let trace = Trace::default();
        let reports = connection.track(&ask, &trace).await.unwrap();
        assert_eq!(reports, connection.track(&ask, &Trace::default()).await.unwrap(), "{}", account.carrier);
        assert!(reports.is_sorted_by_key(|report| report.happened_at.to_string()), "{}", account.carrier);
        for report in &reports {
            assert_eq!(connection.read_code(&report.code), (report.status, report.milestone), "{}", account.carrier);
        }
        assert_eq!(trace.take().len(), 1, "{}", account.carrier);
    }
}

#[test]
fn only_a_test_carrier_moves_parcels_along_and_its_way_ends() {
    for (connector, account, connection) in connected() {
        let way: Vec<_> = std::iter::successors(connection.next_code(None), |last| connection.next_code(Some(last)))
            .take(100)
            .collect();
        assert!(way.len() < 100, "{}: the way has no end", account.carrier);
        assert_eq!(!way.is_empty(), connector.profile().is_test, "{}", account.carrier);
        let last = way.last().map(|code| connection.read_code(code).0);
        assert!(last.is_none_or(|status| status == TrackingStatus::Delivered), "{}", account.carrier);
    }
}
