//! Answer to canonical.

use domain::CarrierError;
use domain::connector::{Label, LabelRequest, Trace};
use domain::document::Format;
use domain::rate::Rate;
use domain::tracking::TrackingStatus;

use super::super::{book, codes, quote, track};
use super::{account, connect, ground, small, standing_in};
use crate::conformance::{near, parcel, rate_request};

/// A rate as people read it.
fn told(rate: &Rate) -> String {
    let parcels = rate.parcels.iter().map(|one| {
        let weight = one.billed_weight.map(|weight| weight.to_string()).unwrap_or_default();
        format!("  {} for {weight} ({}; volumetric: {})", one.price, one.because, one.is_volumetric)
    });
    let surcharges = rate.surcharges.iter().map(|extra| format!("  {} {}", extra.name, extra.amount));
    let notes = rate.notes.iter().map(|note| format!("  - {note}"));
    let head = format!(
        "{} {}: {}, {:?}, list {:?}, {:?} days",
        rate.service, rate.service_name, rate.total, rate.tariff, rate.list_total, rate.transit_days
    );
    std::iter::once(head).chain(parcels).chain(surcharges).chain(notes).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_price_shows_its_parts_its_billed_weight_and_what_was_missing() {
    let answer = serde_json::from_str(include_str!("../fixtures/rated.json")).unwrap();
    let whole = rate_request(near(), vec![small()]);
    let offer = quote::offer(&answer, &whole, "house").unwrap();
    let without_size = rate_request(near(), vec![parcel("4")]);
    let light = quote::offer(&answer, &without_size, "house").unwrap();
    let rates = offer.rates.iter().chain(&light.rates).map(told).collect::<Vec<_>>();
    insta::assert_snapshot!(rates.join("\n"), @r#"
    house:03 UPS Ground: 21.76 USD, Some(Contract), list Some(Money { amount: 27.20, currency: USD }), Some(4) days
      14.20 USD for 1.360778 kg (UPS bills 3.0 LBS for 2.5 LBS: its gross weight, rounded up by the pound or the half kilogram; volumetric: false)
      fuel 1.75 USD
      charge 270 3.95 USD
      service options 5.30 USD
      tax VAT 2.00 USD
      contract price instead of list price -5.44 USD
      - priced as a home, since the address names no company
      - UPS: Your invoice may vary from the displayed reference rates
    house:02 UPS 2nd Day Air: 32.00 USD, Some(List), list None, Some(2) days
      27.90 USD for 4.082332 kg (UPS bills 9.0 LBS for 2.5 LBS: its size decides; volumetric: true)
      fuel 4.10 USD
      - UPS gave no contract price for this account
      - priced as a home, since the address names no company
      - UPS: Your invoice may vary from the displayed reference rates
    house:03 UPS Ground: 21.76 USD, Some(Contract), list Some(Money { amount: 27.20, currency: USD }), Some(4) days
      14.20 USD for 1.360778 kg (UPS bills 3.0 LBS for 8.9 LBS: less than its weight; volumetric: false)
      fuel 1.75 USD
      charge 270 3.95 USD
      service options 5.30 USD
      tax VAT 2.00 USD
      contract price instead of list price -5.44 USD
      - no dimensions: UPS will bill its volume if that is more than its weight
      - priced as a home, since the address names no company
      - UPS: Your invoice may vary from the displayed reference rates
    house:02 UPS 2nd Day Air: 32.00 USD, Some(List), list None, Some(2) days
      27.90 USD for 4.082332 kg (UPS bills 9.0 LBS for 8.9 LBS: its gross weight, rounded up by the pound or the half kilogram; volumetric: false)
      fuel 4.10 USD
      - no dimensions: UPS will bill its volume if that is more than its weight
      - UPS gave no contract price for this account
      - priced as a home, since the address names no company
      - UPS: Your invoice may vary from the displayed reference rates
    "#);
    for rate in &offer.rates {
        let parts =
            rate.parcels.iter().map(|one| one.price.amount).chain(rate.surcharges.iter().map(|one| one.amount.amount));
        assert_eq!(parts.sum::<domain::money::Decimal>(), rate.total.amount);
    }
}

#[test]
fn a_booking_is_read_with_its_warnings_whether_one_parcel_is_a_list_or_not() {
    let answer = serde_json::from_str(include_str!("../fixtures/shipped.json")).unwrap();
    let mut ask = ground(vec![small()]);
    ask.label_format = Format::parse("zpl_203").unwrap();
    let booking = book::booking(&answer, &ask).unwrap();
    insta::assert_debug_snapshot!(booking, @r#"
    Booking {
        carrier_reference: Some(
            "1ZA1B2C30300000010",
        ),
        parcels: [
            BookedParcel {
                tracking_number: "1ZA1B2C30300000010",
                sscc: None,
                label: Some(
                    Bytes(
                        [
                            94,
                            88,
                            65,
                            94,
                            70,
                            79,
                            53,
                            48,
                            44,
                            53,
                            48,
                            94,
                            70,
                            68,
                            85,
                            80,
                            83,
                            94,
                            70,
                            83,
                            94,
                            88,
                            90,
                        ],
                        Zpl(
                            D203,
                        ),
                    ),
                ),
            },
        ],
        charged: Some(
            Money {
                amount: 25.20,
                currency: USD,
            },
        ),
        tracking_url: None,
        warnings: [
            "UPS: User Id and Shipper Number combination is not qualified to receive negotiated rates",
        ],
    }
    "#);
    ask.label_format = Format::default();
    assert_eq!(book::booking(&answer, &ask).unwrap().parcels[0].label, None, "a PDF comes in a call of its own");
}

#[test]
fn a_void_is_read_although_the_test_host_pollutes_it() {
    let voided = include_str!("../fixtures/voided.json");
    assert_eq!(book::voided(&serde_json::from_str(voided).unwrap()), Ok(()));
    let plural = voided.replace("\"PackageLevelResult\"", "\"PackageLevelResults\"").replace("\"1&#xD;\"", "\"0\"");
    let left = book::voided(&serde_json::from_str(&plural).unwrap()).unwrap_err();
    assert_eq!(left.to_string(), "UPS did not void the shipment (1ZA1B2C30300000010): Voided");
}

#[test]
fn what_happened_is_told_oldest_first_each_time_as_exact_as_ups_says_it() {
    let answer = serde_json::from_str(include_str!("../fixtures/tracked.json")).unwrap();
    let reports = track::reports(answer, "1ZA1B2C30300000010").unwrap();
    let told: Vec<_> = reports
        .iter()
        .map(|one| {
            let city = one.place.as_ref().and_then(|place| place.city.as_deref()).unwrap_or("-");
            let incident = one.incident.as_ref().map(|incident| format!(" ({})", incident.reason)).unwrap_or_default();
            format!("{} {} {city} {}{incident}", one.happened_at, one.code, one.status.as_str())
        })
        .collect();
    insta::assert_snapshot!(told.join("\n"), @r#"
    2026-01-05T01:02:03 999/Q/ZZ - unknown
    2026-01-05 003/M/MP - announced
    2026-01-06T07:00:00 013/X/X1 SPRINGVALE in_transit (Adverse weather conditions)
    2026-01-07T08:22:31-08:00 021/I/OT OLDPORT out_for_delivery
    2026-01-07T14:15:00-08:00 011/D/FS OLDPORT delivered
    "#);
}

#[test]
fn every_listed_tracking_code_is_read_and_letters_count_only_with_their_type() {
    use TrackingStatus as S;
    let listed = [
        (S::Announced, "003 044 045 065"),
        (
            S::InTransit,
            "005 010 012 014 016 018 019 020 025 027 028 032 038 039 041 042 046 047 048 051 052 053 054 055 056 057 063 070 \
             071 072 073 074 075 022 023 060 061 062 066 013 029 030 049 050 058 059 076",
        ),
        (S::OutForDelivery, "006 021 037"),
        (S::AtServicePoint, "017 040"),
        (S::Delivered, "011 026"),
        (S::Undeliverable, "007 043 024 064 069"),
        (S::Returning, "033 035 036"),
        (S::Returned, "034 067"),
        (S::Lost, "068"),
        (S::Unknown, "000 001 999"),
    ];
    for (status, codes) in listed {
        for code in codes.split_whitespace() {
            assert_eq!(codes::meaning(code), (status, None), "{code}");
        }
    }
    for (code, status) in [
        ("/M/MP", S::Announced),
        ("/MV/VP", S::Undeliverable),
        ("/I/DP", S::InTransit),
        ("/I/OF", S::OutForDelivery),
        ("/D/2Q", S::AtServicePoint),
        ("/D/9E", S::Delivered),
        ("/X/DL", S::Returning),
        ("/I/DL", S::InTransit),
        ("/X/UA", S::Returned),
        ("/X/KR", S::Undeliverable),
        ("/X/S9", S::Lost),
        ("/X/ZZ", S::InTransit),
        ("000/D/FS", S::Delivered),
        ("999/D/FS", S::Unknown),
        ("/U/PO", S::Unknown),
    ] {
        assert_eq!(codes::meaning(code), (status, None), "{code}");
    }
}

#[test]
fn a_service_is_named_by_where_it_starts() {
    let names = [("03", "US"), ("01", "CA"), ("07", "US"), ("07", "DE"), ("92", "US")];
    let names = names.map(|(code, origin)| codes::service_name(code, origin));
    let expected = ["UPS Ground", "UPS Express", "UPS Worldwide Express", "UPS Express", "UPS 92"];
    assert_eq!(names, expected);
}

#[tokio::test]
async fn labels_come_as_zpl_at_once_and_as_pdf_in_a_call_of_their_own() {
    let (server, connection) = standing_in().await;
    let mut ask = ground(vec![small(), small()]);
    ask.label_format = Format::parse("zpl_203").unwrap();
    let booked = connection.book(&ask, &Trace::default()).await.unwrap();
    let Some(Label::Bytes(bytes, format)) = &booked.parcels[1].label else { panic!("no label") };
    assert_eq!((String::from_utf8_lossy(bytes).contains("^XA"), format.name().as_str()), (true, "zpl_203"));
    let labels = LabelRequest {
        reference: ask.reference.clone(),
        carrier_reference: booked.carrier_reference.clone(),
        tracking_numbers: booked.parcels.iter().map(|parcel| parcel.tracking_number.clone()).collect(),
        label_format: Format::parse("pdf_a6").unwrap(),
    };
    // One of the two does not come; the other does all the same.
    server.trouble("label", crate::testing::Trouble::Busy(None));
    let fetched = connection.labels(&labels, &Trace::default()).await.unwrap();
    let came: Vec<_> = fetched.iter().flatten().collect();
    let [Label::Bytes(bytes, format)] = came.as_slice() else { panic!("{came:?}") };
    assert_eq!((bytes.starts_with(b"%PDF"), format.name().as_str()), (true, "pdf_100x150"), "4 by 6 inches");
    // ZPL is for 203 dots an inch; for a finer printer there is the PDF, which is drawn anew.
    ask.label_format = Format::parse("zpl_300").unwrap();
    let booked = connection.book(&ask, &Trace::default()).await.unwrap();
    assert!(booked.parcels.iter().all(|parcel| parcel.label.is_none()));
    let fetched =
        connection.labels(&LabelRequest { label_format: ask.label_format, ..labels }, &Trace::default()).await;
    let Ok([Some(Label::Bytes(bytes, format)), Some(_)]) = fetched.as_deref() else { panic!("{fetched:?}") };
    assert_eq!((bytes.starts_with(b"%PDF"), format.name().as_str()), (true, "pdf_100x150"));
    let mut with_png = account(&server.url);
    with_png.settings.insert("png_labels".to_owned(), "yes".to_owned());
    ask.label_format = Format::parse("png_300").unwrap();
    let refused = connection.book(&ask, &Trace::default()).await;
    assert!(matches!(refused, Err(CarrierError::Refused(problems)) if problems[0].path == "label_format"));
    let booked = connect(&with_png).book(&ask, &Trace::default()).await.unwrap();
    assert!(matches!(&booked.parcels[0].label, Some(Label::Bytes(bytes, _)) if bytes.starts_with(b"\x89PNG")));
}
