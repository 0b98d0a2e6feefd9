//! Promises that every connector keeps, run over [`crate::specimens`]; the real carriers against their stand-ins.

use std::collections::HashSet;
use std::sync::Arc;

use domain::address::{Address, Fitting, Side, StreetForm};
use domain::connector::{
    BookRequest, Booking, CancelRequest, Connection, Connector, Label, LabelRequest, Push, RateRequest, Trace,
    TrackRequest,
};
use domain::document::Format;
use domain::error::Rule;
use domain::money::Decimal;
use domain::parcel::Box as ParcelBox;
use domain::rate::Rate;
use domain::tracking::TrackingStatus;
use domain::{CarrierError, Timestamp, gs1};

use crate::testing::http;

mod samples;

pub(crate) use samples::*;

/// A connector, its specimen and the connection of that.
struct Connected {
    connector: Arc<dyn Connector>,
    specimen: Specimen,
    connection: Arc<dyn Connection>,
}

impl Connected {
    fn carrier(&self) -> &str {
        &self.specimen.account.carrier
    }

    fn recipient(&self) -> Address {
        self.specimen.recipient.clone()
    }

    async fn offered(&self, parcels: &[ParcelBox]) -> Vec<Rate> {
        let ask = rate_request(self.recipient(), parcels.to_vec());
        self.connection.rates(&ask, &Trace::default()).await.unwrap().rates
    }

    /// A booking of the cheapest service, with what was asked.
    async fn booked(&self, parcels: &[ParcelBox]) -> (BookRequest, Booking) {
        let ask = self.asked(&self.offered(parcels).await[0], parcels, 41);
        let booking = self.connection.book(&ask, &Trace::default()).await.unwrap();
        (ask, booking)
    }

    fn asked(&self, rate: &Rate, parcels: &[ParcelBox], first: u64) -> BookRequest {
        let ask = book_request(&rate.service, self.recipient(), parcels.to_vec(), first);
        BookRequest { rate: Some(rate.clone()), ..ask }
    }
}

fn numbers(booking: &Booking) -> Vec<&str> {
    booking.parcels.iter().map(|parcel| parcel.tracking_number.as_str()).collect()
}

/// Every connector, connected.
async fn connected() -> Vec<Connected> {
    let connectors = crate::all(&http());
    let specimens = crate::specimens().await;
    assert_eq!(connectors.len(), specimens.len());
    let connected = connectors.into_iter().zip(specimens).map(|(connector, specimen)| {
        assert_eq!(connector.profile().carrier, specimen.account.carrier);
        let connection = connector.connect(&specimen.account);
        let connection = connection.unwrap_or_else(|problems| panic!("{}: {problems:#?}", specimen.account.carrier));
        Connected { connector, specimen, connection }
    });
    connected.collect()
}

#[test]
fn profiles_are_told_apart_and_explain_their_fields() {
    let mut carriers = HashSet::new();
    for connector in crate::all(&http()) {
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
fn every_field_of_an_account_stands_in_the_docs() {
    let docs = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs");
    for connector in crate::all(&http()) {
        let profile = connector.profile();
        let own = format!("{docs}/{}.md", profile.carrier.replace('_', "-"));
        let page = std::fs::read_to_string(&own).or_else(|_| std::fs::read_to_string(format!("{docs}/setup.md")));
        let page = page.unwrap_or_else(|error| panic!("{own}: {error}"));
        let missing: Vec<_> = profile.fields.iter().filter(|field| !page.contains(field.name)).collect();
        assert!(missing.is_empty(), "{}: no page of docs/ says anything of {missing:?}", profile.carrier);
    }
}

#[test]
fn an_empty_account_is_told_each_field_it_lacks() {
    for connector in crate::all(&http()) {
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

#[tokio::test]
async fn a_field_that_the_profile_does_not_name_is_refused() {
    for Connected { connector, specimen, .. } in connected().await {
        let mut account = specimen.account.clone();
        account.settings.insert("no_such_field".to_owned(), "1".to_owned());
        let Err(problems) = connector.connect(&account) else { panic!("{} took it", account.carrier) };
        assert_eq!(problems.len(), 1);
        assert_eq!((problems[0].path.as_str(), problems[0].rule), ("no_such_field", Rule::Unknown));
    }
}

#[tokio::test]
async fn the_same_question_gets_the_same_rates_cheapest_first_whose_parts_add_up() {
    for one in connected().await {
        let carrier = one.carrier();
        let ask = rate_request(one.recipient(), vec![parcel("1"), parcel("2.5")]);
        let offer = one.connection.rates(&ask, &Trace::default()).await.unwrap();
        assert_eq!(offer, one.connection.rates(&ask, &Trace::default()).await.unwrap(), "{carrier}");
        assert!(!offer.rates.is_empty(), "{carrier} offers nothing: {:?}", offer.left_out);
        assert!(offer.rates.is_sorted_by_key(|rate| (rate.total.currency, rate.total.amount)));
        for rate in &offer.rates {
            assert_eq!(rate.service.account, one.specimen.account.id);
            assert!(matches!(rate.parcels.len(), 1 | 2), "{carrier}: an entry a parcel, or one for all");
            assert!(rate.parcels.iter().all(|parcel| !parcel.because.is_empty()), "{carrier}");
            assert!(rate.tariff.is_some(), "{carrier}");
            let parts = rate.parcels.iter().map(|parcel| parcel.price);
            let parts: Decimal = parts.chain(rate.surcharges.iter().map(|extra| extra.amount)).map(|m| m.amount).sum();
            assert_eq!(parts, rate.total.amount, "{}", rate.service);
            let again = RateRequest { service: Some(rate.service.service.clone()), ..ask.clone() };
            let again = RateRequest { reference: "question-2".to_owned(), ..again };
            let only = one.connection.rates(&again, &Trace::default()).await.unwrap().rates;
            assert_eq!(only.len(), 1, "{carrier}: only the service that was asked for");
            assert_eq!((&only[0].service, only[0].total), (&rate.service, rate.total), "{carrier}: at the same price");
        }
    }
}

#[tokio::test]
async fn every_offered_service_can_be_booked_with_one_entry_a_parcel_from_the_serials_handed_in() {
    for one in connected().await {
        let (profile, connection) = (one.connector.profile(), &one.connection);
        let parcels = vec![parcel("1"), parcel("2.5")];
        for (place, rate) in one.offered(&parcels).await.iter().enumerate() {
            let ask = one.asked(rate, &parcels, 41 + 10 * place as u64);
            let booking = connection.book(&ask, &Trace::default()).await.unwrap();
            assert_eq!(booking.parcels.len(), 2);
            let mut different: HashSet<_> = numbers(&booking).into_iter().map(str::to_owned).collect();
            assert_eq!(different.len(), if profile.has_one_number { 1 } else { 2 }, "{}", profile.carrier);
            assert!(different.iter().all(|number| !number.is_empty()));
            for (position, parcel) in booking.parcels.iter().enumerate() {
                assert!(parcel.sscc.as_deref().is_none_or(gs1::has_valid_check_digit));
                if let Some(Label::Content(label)) = &parcel.label {
                    assert_eq!((label.parcel_number, label.parcel_count), (position as u32 + 1, 2));
                    assert_eq!(label.recipient, ask.recipient);
                    assert_eq!(label.tracking_number, parcel.tracking_number);
                    assert_eq!(label.is_test, profile.is_test);
                }
            }
            if profile.books_once_a_reference {
                assert_eq!(connection.book(&ask, &Trace::default()).await.unwrap(), booking, "{}", profile.carrier);
            }
            if profile.serials_a_parcel > 0 {
                let other = one.asked(rate, &parcels, 43 + 10 * place as u64);
                let other = connection.book(&other, &Trace::default()).await.unwrap();
                different.extend(other.parcels.into_iter().map(|parcel| parcel.tracking_number));
                assert_eq!(different.len(), 4, "other serials give other numbers");
            }
        }
    }
}

#[tokio::test]
async fn every_parcel_has_its_label_with_the_booking_or_in_a_call_of_its_own() {
    for one in connected().await {
        for label_format in [Format::ALL[0], Format::ALL[3]] {
            let parcels = vec![parcel("1"), parcel("2.5")];
            let rate = one.offered(&parcels).await.remove(0);
            let ask = BookRequest { label_format, ..one.asked(&rate, &parcels, 41) };
            let booking = one.connection.book(&ask, &Trace::default()).await.unwrap();
            let ask = LabelRequest {
                reference: ask.reference,
                carrier_reference: booking.carrier_reference.clone(),
                tracking_numbers: numbers(&booking).into_iter().map(str::to_owned).collect(),
                label_format,
            };
            let again = one.connection.labels(&ask, &Trace::default()).await;
            for (place, parcel) in booking.parcels.iter().enumerate() {
                let fetched = || again.as_ref().unwrap()[place].clone();
                let label = parcel.label.clone().or_else(fetched);
                let Some(label) = label else { panic!("{}: no label", one.carrier()) };
                if let Label::Bytes(bytes, format) = label {
                    assert_eq!(format.extension(), label_format.extension(), "{}", one.carrier());
                    assert!(!bytes.is_empty());
                }
            }
        }
    }
}

#[tokio::test]
async fn every_offered_service_is_listed_and_takes_the_addresses_it_was_offered_for() {
    for one in connected().await {
        let services = one.connection.services();
        for rate in one.offered(&[parcel("1")]).await {
            let service = &rate.service.service;
            assert!(services.is_empty() || services.contains(service), "{}: {service} is not listed", one.carrier());
            let limits = one.connection.address_limits(service);
            for (side, address) in [(Side::Sender, boston()), (Side::Recipient, one.recipient())] {
                let fitting = Fitting { side, service, is_abroad: true, split: None, wraps: false };
                let fitted = limits.fit(&address, fitting).unwrap_or_else(|problems| panic!("{service}: {problems:?}"));
                assert_eq!(fitted.notes, [""; 0], "{service}");
                // What fits once fits again: a booking that is asked again sends the same.
                assert_eq!(limits.fit(&fitted.address, fitting).map(|again| again.address), Ok(fitted.address));
            }
            assert_eq!(limits.why_not_served(&one.recipient()), None, "{service}");
        }
    }
}

#[tokio::test]
async fn a_street_that_can_be_wrapped_is_offered_a_price_first() {
    for one in connected().await {
        let rates = one.offered(&[parcel("1")]).await;
        let longest = match one.connection.address_limits(&rates[0].service.service).street {
            StreetForm::Lines { longest, .. } | StreetForm::Split { street: longest, .. } => longest,
            StreetForm::Free | StreetForm::OneLine { .. } => continue,
        };
        let street = format!("{} {}", "Upper".repeat(longest / 10), "Harbour".repeat(longest / 10));
        let recipient = Address { street1: Some(street), ..one.recipient() };
        let offer = one.connection.rates(&rate_request(recipient, vec![parcel("1")]), &Trace::default()).await;
        let offer = offer.unwrap_or_else(|error| panic!("{}: {error}", one.carrier()));
        let services = |rates: &[Rate]| rates.iter().map(|rate| rate.service.clone()).collect::<Vec<_>>();
        assert_eq!(services(&offer.rates), services(&rates), "{}", one.carrier());
    }
}

#[tokio::test]
async fn missing_serials_are_refused_in_words() {
    for one in connected().await {
        if one.connector.profile().serials_a_parcel == 0 {
            continue;
        }
        let mut ask = one.asked(&one.offered(&[parcel("1")]).await[0], &[parcel("1")], 41);
        ask.serials.clear();
        let Err(CarrierError::Refused(problems)) = one.connection.book(&ask, &Trace::default()).await else {
            panic!("{} booked without serials", one.carrier())
        };
        assert_eq!(problems[0].path, "serials");
    }
}

#[tokio::test]
async fn a_refused_address_is_told_by_its_field_and_nothing_is_booked() {
    for one in connected().await {
        let rate = one.offered(&[parcel("1")]).await.remove(0);
        let mut ask = one.asked(&rate, &[parcel("1")], 41);
        ask.recipient.street1 = Some("A street whose name is longer than any label ".repeat(8));
        match one.connection.book(&ask, &Trace::default()).await {
            Err(CarrierError::Refused(problems)) => assert_eq!(problems[0].path, "recipient/street1", "{problems:?}"),
            answer => assert!(answer.is_ok() && one.connector.profile().is_test, "{}: {answer:?}", one.carrier()),
        }
    }
}

#[tokio::test]
async fn a_booking_is_found_again_by_what_was_asked_and_an_unknown_one_is_never_surely_booked() {
    for one in connected().await {
        let (ask, booking) = one.booked(&[parcel("1"), parcel("2.5")]).await;
        match one.connection.find(&ask, &Trace::default()).await {
            Ok(Some(found)) => {
                assert_eq!(numbers(&found), numbers(&booking), "{}", one.carrier());
                assert_eq!(found.carrier_reference, booking.carrier_reference, "{}", one.carrier());
            }
            // Whoever finds nothing of what it booked must give the same again.
            Ok(None) | Err(CarrierError::Unsupported(_)) => {
                assert!(one.connector.profile().books_once_a_reference, "{}", one.carrier());
            }
            Err(error) => panic!("{}: {error}", one.carrier()),
        }
        let unknown = BookRequest { reference: "no such reference".to_owned(), rate: None, ..ask };
        match one.connection.find(&unknown, &Trace::default()).await {
            Ok(None) | Err(CarrierError::Unsupported(_)) => {}
            Err(error) => assert!(error.is_unsure() && !error.did_nothing(), "{}: {error}", one.carrier()),
            Ok(Some(found)) => panic!("{}: {found:?}", one.carrier()),
        }
    }
}

#[tokio::test]
async fn a_booking_is_cancelled_once_and_again_and_one_that_is_not_there_is_not() {
    for one in connected().await {
        let can_cancel = one.connector.profile().can_cancel;
        let (ask, booking) = one.booked(&[parcel("1")]).await;
        let cancel = CancelRequest {
            reference: ask.reference,
            carrier_reference: booking.carrier_reference.clone(),
            tracking_numbers: numbers(&booking).into_iter().map(str::to_owned).collect(),
        };
        for _ in 0..2 {
            let cancelled = one.connection.cancel(&cancel, &Trace::default()).await;
            assert_eq!(cancelled.is_ok(), can_cancel, "{}: {cancelled:?}", one.carrier());
        }
        let ask =
            CancelRequest { reference: "no-such".to_owned(), carrier_reference: None, tracking_numbers: Vec::new() };
        let cancelled = one.connection.cancel(&ask, &Trace::default()).await;
        let is_unsupported = matches!(cancelled, Err(CarrierError::Unsupported(_)));
        assert_eq!(is_unsupported, !can_cancel, "{}", one.carrier());
    }
}

#[tokio::test]
async fn what_a_connector_cannot_do_is_unsupported_and_an_unlisted_code_unknown() {
    for one in connected().await {
        let nothing = track_request("no such number", "no such reference", one.recipient());
        let tracked = one.connection.track(&nothing, &Trace::default()).await;
        let is_unsupported = matches!(tracked, Err(CarrierError::Unsupported(_)));
        assert_eq!(is_unsupported, !one.connector.profile().can_track, "{}: {tracked:?}", one.carrier());
        assert!(is_unsupported || tracked.is_ok(), "{}: {tracked:?}", one.carrier());
        let unlisted = one.connection.read_code("no such code");
        assert_eq!(unlisted, (TrackingStatus::Unknown, None), "{}", one.carrier());
    }
}

#[tokio::test]
async fn a_parcel_that_was_just_booked_is_tracked_in_codes_that_are_read_alike_oldest_first() {
    for one in connected().await {
        if !one.connector.profile().can_track {
            continue;
        }
        let (ask, booking) = one.booked(&[parcel("1")]).await;
        let later = Timestamp::from_second(86_400).unwrap();
        let ask = TrackRequest { now: later, ..track_request(numbers(&booking)[0], &ask.reference, one.recipient()) };
        let trace = Trace::default();
        let reports = one.connection.track(&ask, &trace).await.unwrap();
        assert_eq!(reports, one.connection.track(&ask, &Trace::default()).await.unwrap(), "{}", one.carrier());
        assert!(reports.is_sorted_by_key(|report| report.happened_at.to_string()), "{}", one.carrier());
        for report in &reports {
            let read = one.connection.read_code(&report.code);
            assert_eq!(read, (report.status, report.milestone), "{}", one.carrier());
        }
        assert_eq!(trace.take().len(), 1, "{}", one.carrier());
    }
}

#[tokio::test]
async fn a_trace_holds_every_exchange_and_neither_secrets_nor_people() {
    for one in connected().await {
        let trace = Trace::default();
        let parcels = [parcel("1")];
        let ask = rate_request(one.recipient(), parcels.to_vec());
        let rate = one.connection.rates(&ask, &trace).await.unwrap().rates.remove(0);
        let ask = one.asked(&rate, &parcels, 41);
        let booking = one.connection.book(&ask, &trace).await.unwrap();
        drop(one.connection.find(&ask, &trace).await);
        let number = numbers(&booking)[0];
        drop(one.connection.track(&track_request(number, &ask.reference, one.recipient()), &trace).await);
        one.connection.check(&trace).await.unwrap();
        let text = format!("{:?}", trace.take());
        let account = &one.specimen.account;
        let secrets = account.credentials.values().map(|secret| secret.reveal().to_owned());
        let (to, from) = (one.recipient(), boston());
        let people = [to.name, to.street1, to.phone, from.name, from.street1, from.phone].into_iter().flatten();
        for hidden in secrets.chain(people).chain(["Bearer ", "Basic ", "token-1"].map(str::to_owned)) {
            assert!(!text.contains(&hidden), "{}: {hidden:?} stands in {text}", account.carrier);
        }
        let asks_somebody = text.contains("http://");
        assert!(!asks_somebody || text.contains(&ask.reference) || text.contains(number), "{text}");
    }
}

#[tokio::test]
async fn an_account_is_checked_without_buying() {
    for one in connected().await {
        let checked = one.connection.check(&Trace::default()).await.unwrap();
        assert_eq!(checked.missing, [""; 0], "{}", one.carrier());
        assert!(!checked.notes.is_empty(), "{}", one.carrier());
    }
}

#[tokio::test]
async fn a_push_that_nobody_can_read_or_prove_tells_nothing() {
    for one in connected().await {
        for (authorization, body) in [(None, "{}"), (None, ""), (Some("Basic no"), "[[["), (Some(""), "\u{0}")] {
            let push = Push { authorization, body: body.as_bytes(), now: Timestamp::UNIX_EPOCH };
            assert!(one.connection.read_push(&push).is_err(), "{}: {body}", one.carrier());
        }
    }
}

#[tokio::test]
async fn only_a_test_carrier_moves_parcels_along_and_its_way_ends() {
    for Connected { connector, connection, specimen } in connected().await {
        let carrier = &specimen.account.carrier;
        let way: Vec<_> = std::iter::successors(connection.next_code(None), |last| connection.next_code(Some(last)))
            .take(100)
            .collect();
        assert!(way.len() < 100, "{carrier}: the way has no end");
        assert_eq!(!way.is_empty(), connector.profile().is_test, "{carrier}");
        let last = way.last().map(|code| connection.read_code(code).0);
        assert!(last.is_none_or(|status| status == TrackingStatus::Delivered), "{carrier}");
    }
}
