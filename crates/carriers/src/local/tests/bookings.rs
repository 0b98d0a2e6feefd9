//! Bookings, address limits and tracking codes.

use domain::connector::{Booking, Label, Trace};
use domain::document::{LabelContent, Matrix};
use domain::service::ServiceCode;
use domain::tracking::{Milestone, TrackingStatus};
use domain::{CarrierError, gs1};
use proptest::prelude::*;

use super::*;
use crate::conformance::{berlin, book_request};
use crate::local::{TRACKING_CODES, tracking_code};

fn standard() -> ServiceCode {
    ServiceCode::new("house", "standard")
}

async fn book(account: &CarrierAccount, recipient: Address) -> Result<Booking, CarrierError> {
    connect(account).book(&book_request(&standard(), recipient, vec![parcel("1")], 7), &Trace::default()).await
}

/// The problems of a refusal.
async fn refusal(account: &CarrierAccount, recipient: Address) -> String {
    match book(account, recipient).await {
        Err(CarrierError::Refused(problems)) => listed(&problems),
        other => format!("{other:?}"),
    }
}

fn content(label: Option<&Label>) -> &LabelContent {
    match label {
        Some(Label::Content(content)) => content,
        _ => panic!("local draws no labels"),
    }
}

#[tokio::test]
async fn a_booking_holds_numbers_and_a_label_for_each_parcel() {
    let ask = book_request(&standard(), berlin(), vec![parcel("1"), parcel("7.25")], 41);
    let booking = connect(&account()).book(&ask, &Trace::default()).await.unwrap();
    let lines = booking.parcels.iter().map(|parcel| {
        let label = content(parcel.label.as_ref());
        let Matrix::Qr(page) = &label.matrix else { panic!("the usual square code is QR") };
        assert_eq!((&label.sender, &label.recipient), (&ask.sender, &ask.recipient));
        format!(
            "{} {} {} of {}\n    {}, {}, {}, {:?}, {:?}, {page}",
            parcel.tracking_number,
            parcel.sscc.as_deref().unwrap_or("-"),
            label.parcel_number,
            label.parcel_count,
            label.carrier,
            label.service,
            label.weight,
            label.routing_code,
            label.reference,
        )
    });
    insta::assert_snapshot!(lines.collect::<Vec<_>>().join("\n"), @r#"
    40123450000000412 040123450000000412 1 of 2
        House, Standard, 1 kg, Some("DE-N"), Some("A-1001"), https://track.example/41
    40123450000000429 040123450000000429 2 of 2
        House, Standard, 7.25 kg, Some("DE-N"), Some("A-1001"), https://track.example/42
    "#);
}

#[tokio::test]
async fn settings_change_the_label() {
    let settings = [("carrier_name", "Radkurier"), ("matrix", "datamatrix"), ("phone_required", "express,standard")];
    let account = account_with(include_str!("../fixtures/rates.csv"), &settings);
    let booking = book(&account, berlin()).await.unwrap();
    let label = content(booking.parcels[0].label.as_ref());
    assert_eq!(label.carrier, "Radkurier");
    assert_eq!(label.matrix, Matrix::DataMatrix("https://track.example/7".to_owned()));
    let silent = Address { phone: None, ..berlin() };
    let refused = refusal(&account, silent).await;
    assert_eq!(refused, "recipient/phone: the service Standard needs the recipient's phone number");
}

#[tokio::test]
async fn c2_a_line_over_the_limit_is_refused_with_field_value_limit_and_a_wrapping_and_nothing_is_cut() {
    let account = account();
    let long = Address {
        name: Some("Prof. Dr. Maximilian-Alexander von und zu Hohenlohe".to_owned()),
        street1: Some("Straße des 17. Juni Ecke Klopstockstraße".to_owned()),
        house_number: Some("135 b".to_owned()),
        city: Some("Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch".to_owned()),
        ..berlin()
    };
    insta::assert_snapshot!(refusal(&account, long).await, @r#"
    recipient/name: recipient/name: "Prof. Dr. Maximilian-Alexander von und zu Hohenlohe" has 51 characters and
        35 are allowed; it would fit as "Prof. Dr. Maximilian-Alexander von" / "und zu Hohenlohe" (company / name)
    recipient/street1: recipient/street1: street and house number in one line, "Straße des 17. Juni Ecke
        Klopstockstraße 135 b" has 46 characters and 35 are allowed; it would fit as "Straße des 17. Juni Ecke" /
        "Klopstockstraße 135 b" (street1 / street2)
    recipient/city: recipient/city: "Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch" has 58
        characters and 35 are allowed; no wrapping over free lines fits: shorten it
    "#);
    let both = Address {
        company: Some("Gesellschaft für Logistik und Lagerung mbH".to_owned()),
        street1: Some("Industriestraße Nord 12, Gebäude 7, Tor 3".to_owned()),
        house_number: None,
        street2: Some("3. OG links".to_owned()),
        po_box: Some("Postfach 12 34 56 78 90 12 34 56 78 90 12 34".to_owned()),
        ..berlin()
    };
    insta::assert_snapshot!(refusal(&account, both).await, @r#"
    recipient/company: recipient/company: "Gesellschaft für Logistik und Lagerung mbH" has 42 characters and 35
        are allowed; no wrapping over free lines fits: shorten it
    recipient/street1: recipient/street1: "Industriestraße Nord 12, Gebäude 7, Tor 3" has 41 characters and 35
        are allowed; it would fit as "Industriestraße Nord 12, Gebäude 7," / "Tor 3 3. OG links" (street1 /
        street2)
    recipient/po_box: recipient/po_box: "Postfach 12 34 56 78 90 12 34 56 78 90 12 34" has 44 characters and 35
        are allowed; no wrapping over free lines fits: shorten it
    "#);

    // 35 letters, of which some need two bytes, and a blank at the end that nobody counts: taken, letter for letter.
    let street = "Größenwahnstraße äöü am Übungsplatz ".to_owned();
    assert_eq!(street.trim_end().chars().count(), 35);
    let just = Address { street1: Some(street), house_number: None, ..berlin() };
    let booking = book(&account, just.clone()).await.unwrap();
    assert_eq!(content(booking.parcels[0].label.as_ref()).recipient, just);
}

#[tokio::test]
async fn every_missing_field_of_both_addresses_is_named() {
    let connection = connect(&account());
    let mut ask = book_request(&standard(), Address::default(), vec![parcel("1")], 7);
    ask.sender = Address { country: Some("Germany".to_owned()), name: Some(" ".to_owned()), ..Address::default() };
    let Err(CarrierError::Refused(problems)) = connection.book(&ask, &Trace::default()).await else {
        panic!("booked without addresses")
    };
    insta::assert_snapshot!(listed(&problems), @r#"
    sender/name: the sender has no name and no company: one of them is needed
    sender/street1: the sender has no street
    sender/city: the sender has no city
    sender/postal_code: the sender has no postal code
    sender/country: the sender's country is "Germany": expected two letters of ISO 3166, such as DE
    recipient/name: the recipient has no name and no company: one of them is needed
    recipient/street1: the recipient has no street
    recipient/city: the recipient has no city
    recipient/postal_code: the recipient has no postal code
    recipient/country: the recipient has no country
    "#);
    let hong_kong = Address { postal_code: None, country: Some("HK".to_owned()), ..berlin() };
    assert!(book(&account(), hong_kong).await.is_ok());
}

#[tokio::test]
async fn what_the_sheet_does_not_price_is_not_booked() {
    let connection = connect(&account());
    let heavy = book_request(&standard(), berlin(), vec![parcel("1"), parcel("40")], 7);
    let unknown = book_request(&ServiceCode::new("house", "slow"), berlin(), vec![parcel("1")], 7);
    let mut short = book_request(&standard(), berlin(), vec![parcel("1"), parcel("1")], 7);
    short.serials.truncate(1);
    let mut twice = book_request(&standard(), berlin(), vec![parcel("1"), parcel("1")], 7);
    twice.serials = vec![7, 7];
    let mut pageless = book_request(&standard(), berlin(), vec![parcel("1")], 7);
    pageless.tracking_pages.clear();
    let used_up = book_request(&standard(), berlin(), vec![parcel("1")], 10_000_000_000);
    let nothing = book_request(&standard(), berlin(), Vec::new(), 7);
    let mut lines = Vec::new();
    for ask in [heavy, unknown, short, twice, pageless, used_up, nothing] {
        lines.push(connection.book(&ask, &Trace::default()).await.unwrap_err().to_string());
    }
    insta::assert_snapshot!(lines.join("\n"), @r#"
    parcel 2: weight 40 kg: zone home takes less than 31.5 kg
    the rate sheet of house has no service "slow"
    each parcel needs a serial of the account: 2 parcels, 1 serials
    two parcels came with the same serial
    each parcel needs a tracking page: 1 parcels, 0 pages
    the numbers of sscc_prefix 4012345 are used up (serial 10000000000): give the account another prefix
    a shipment has at least one parcel
    "#);
}

#[test]
fn codes_are_listed_once_and_what_is_not_listed_is_unknown() {
    let mut codes: Vec<_> = TRACKING_CODES.iter().map(|listed| listed.code).collect();
    codes.sort_unstable();
    codes.dedup();
    assert_eq!(codes.len(), TRACKING_CODES.len());
    assert_eq!(tracking_code(" picked_up "), (TrackingStatus::InTransit, Some(Milestone::PickedUp)));
    assert_eq!(tracking_code("DELIVERED"), (TrackingStatus::Delivered, None));
    assert_eq!(tracking_code("delivered?"), (TrackingStatus::Unknown, None));
    let listed = TRACKING_CODES.iter().map(|listed| {
        let milestone = listed.milestone.map(|milestone| format!(" {milestone:?}")).unwrap_or_default();
        format!("{} = {:?}{milestone}", listed.code, listed.status)
    });
    insta::assert_snapshot!(listed.collect::<Vec<_>>().join("\n"), @"
    ANNOUNCED = Announced
    COURIER_ASSIGNED = Announced CourierAssigned
    ON_THE_WAY_TO_SENDER = Announced OnTheWayToUs
    PICKUP_DELAYED = Announced Delayed
    PICKED_UP = InTransit PickedUp
    IN_TRANSIT = InTransit
    DEPOT = InTransit
    CUSTOMS = InTransit
    DELAYED = InTransit Delayed
    OUT_FOR_DELIVERY = OutForDelivery
    AT_THE_DOOR = OutForDelivery AtTheDoor
    FAILED_ATTEMPT = InTransit
    AT_SERVICE_POINT = AtServicePoint
    DELIVERED = Delivered
    DELIVERED_TO_NEIGHBOUR = Delivered
    REFUSED = Undeliverable
    UNDELIVERABLE = Undeliverable
    RETURNING = Returning
    RETURNED = Returned
    LOST = Lost
    ");
}

proptest! {
    #[test]
    fn numbers_are_unique_and_have_valid_check_digits(
        prefix in "[0-9]{4,12}",
        serials in prop::collection::hash_set(0_u64..99_999, 1..20),
    ) {
        let account = account_with(include_str!("../fixtures/rates.csv"), &[("sscc_prefix", &prefix)]);
        let mut ask = book_request(&standard(), berlin(), vec![parcel("1"); serials.len()], 1);
        ask.serials = serials.iter().copied().collect();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let booking = runtime.block_on(connect(&account).book(&ask, &Trace::default())).unwrap();
        let mut numbers = std::collections::HashSet::new();
        for (parcel, serial) in booking.parcels.iter().zip(&ask.serials) {
            let sscc = parcel.sscc.as_deref().unwrap();
            let is_long = *serial >= 10_u64.pow(16 - prefix.len() as u32);
            prop_assert_eq!((sscc.len(), parcel.tracking_number.len()), (18, if is_long { 18 } else { 17 }));
            prop_assert!(gs1::has_valid_check_digit(sscc) && gs1::has_valid_check_digit(&parcel.tracking_number));
            prop_assert!(parcel.tracking_number.starts_with(&prefix) && sscc[1..].starts_with(&prefix));
            prop_assert!(numbers.insert(sscc.to_owned()) && numbers.insert(parcel.tracking_number.clone()));
        }
    }
}
