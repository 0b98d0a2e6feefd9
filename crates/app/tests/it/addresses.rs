//! Addresses: checked before anybody is asked to book, wrapped and split only when somebody agrees, overruled with a reason.

use std::sync::Arc;

use app::addresses::SplitWish;
use app::shipments::ShipWish;
use domain::address::{Address, AddressLimits, AddressStatus, Need, PhoneForm, PlaceKind, Places, StreetForm};
use domain::event::Event;
use domain::ids::OrderId;
use domain::order::OrderDetails;
use domain::routing::CandidateOutcome;
use domain::shipment::ShipmentStatus;
use domain::tenant::{ApiKey, Scope};
use domain::{CarrierError, Error};
use testkit::carrier::Scripted;
use testkit::geocoder::Geocoder;
use testkit::{TestAppBuilder, on_both_engines, scripted_setup};

use crate::fixture::{Shop, asked, berlin, boxes, cups};

/// Says what the carrier takes of an address.
fn takes(carrier: &Scripted, limits: AddressLimits) {
    carrier.ledger(|ledger| ledger.limits = limits);
}

fn to(address: Address) -> OrderDetails {
    OrderDetails { shipping_address: Some(address), ..cups("1001") }
}

/// Somebody in Berlin whose street is one line.
fn at(line: &str) -> Address {
    Address { street1: Some(line.to_owned()), house_number: None, ..berlin() }
}

/// A setup whose tenant has its addresses looked at.
fn checking(table: &str) -> String {
    scripted_setup().replacen("time_zone = \"Europe/Berlin\"", &format!("time_zone = \"Europe/Berlin\"\n{table}"), 1)
}

async fn checking_shop(engine: testkit::Engine, table: &str) -> Shop {
    Shop::built(engine, |builder: TestAppBuilder| builder.setup(checking(table))).await
}

/// The problems of a refusal that came before the carrier was asked.
fn problems(refused: &Error) -> Vec<String> {
    let found = match refused {
        Error::Carrier(CarrierError::Refused(found), _) | Error::Invalid(found) => found,
        other => panic!("expected problems, found {other}"),
    };
    found.iter().map(|one| format!("{}: {}", one.path, one.message)).collect()
}

/// Old, new and reason of the events of a kind.
fn told(events: &[Event], kind: &str) -> Vec<[String; 3]> {
    let of_kind = events.iter().filter(|event| event.kind.as_str() == kind);
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    of_kind.map(|event| [text(&event.about.old), text(&event.about.new), text(&event.about.reason)]).collect()
}

async fn warnings(shop: &Shop, order: OrderId) -> Vec<String> {
    let order = shop.app().order(&shop.acme, order).await.unwrap();
    shop.app().order_warnings(&shop.acme, &order)
}

const APART: AddressLimits = AddressLimits {
    street: StreetForm::Split { street: 40, house_number: 10, is_needed: true, most: 2, longest: 30 },
    ..AddressLimits::NONE
};

on_both_engines! {
    async fn c1_an_order_whose_split_is_unsure_waits_for_a_person_with_both_versions_shown(engine: Engine) {
        let shop = Shop::open(engine).await;
        takes(&shop.carrier, APART);
        let order = shop.place(to(at("Platz der 5 Kirchen 12"))).await;
        let why = "the service standard wants street and house number apart, and \"Platz der 5 Kirchen 12\" can be read in 2 \
                   ways: street \"Platz der 5 Kirchen 12\"; or street \"Platz der 5 Kirchen\", house number \"12\"; say which";
        assert_eq!(warnings(&shop, order).await, [format!("service house:standard: {why}")]);
        let refused = shop.ship(order).await.unwrap_err();
        assert_eq!(problems(&refused), [format!("recipient/street1: {why}")]);
        assert_eq!(shop.asked(), (0, 0, 0), "nobody was asked");
        let known = shop.app().known_address(&shop.acme, order).await.unwrap();
        let part = |text: &str| Some(text.to_owned());
        let undivided = [part("Platz der 5 Kirchen 12"), None, None];
        assert_eq!(known.readings, [undivided, [part("Platz der 5 Kirchen"), part("12"), None]]);

        let chosen = |street: &str, number: &str| SplitWish {
            street: street.to_owned(),
            house_number: Some(number.to_owned()),
            unit: None,
        };
        let lost = shop.app().split_address(&shop.acme, order, chosen("Platz der", "12")).await.unwrap_err();
        assert_eq!(problems(&lost), ["street: \"5Kirchen\" of \"Platz der 5 Kirchen 12\" would be lost"]);
        let known = shop.app().split_address(&shop.acme, order, chosen("Platz der 5 Kirchen", "12")).await.unwrap();
        assert_eq!((known.warnings, known.check.status()), (vec![], AddressStatus::Unverified));
        // Said again it changes nothing.
        shop.app().split_address(&shop.acme, order, chosen("Platz der 5 Kirchen", "12")).await.unwrap();
        let parts = ["Platz der 5 Kirchen 12".to_owned(), "Platz der 5 Kirchen | 12".to_owned(), String::new()];
        assert_eq!(told(&shop.events(order).await, "order.address_split"), [parts]);

        let shipment = shop.ship(order).await.unwrap();
        assert_eq!(shipment.status, ShipmentStatus::Booked);
        let sent = shop.carrier.ledger(|ledger| ledger.asked[0].recipient.clone());
        assert_eq!((sent.street1.as_deref(), sent.house_number.as_deref()), (Some("Platz der 5 Kirchen"), Some("12")));
        let stored = shop.app().order(&shop.acme, order).await.unwrap();
        assert_eq!(stored.details.shipping_address, Some(at("Platz der 5 Kirchen 12")), "what was typed is kept");
        assert_eq!(shipment.outdated(&stored.details), [""; 0]);
    }

    async fn c1_a_choice_counts_for_the_line_it_was_about_only(engine: Engine) {
        let shop = Shop::open(engine).await;
        takes(&shop.carrier, APART);
        let order = shop.place(to(at("Platz der 5 Kirchen 12"))).await;
        let wish = SplitWish { street: "Platz der 5 Kirchen 12".to_owned(), house_number: None, unit: None };
        shop.app().split_address(&shop.acme, order, wish).await.unwrap();
        let refused = shop.ship(order).await.unwrap_err();
        assert_eq!(
            problems(&refused),
            ["recipient/house_number: the service standard needs a house number, and \"Platz der 5 Kirchen 12\" has none"]
        );
        shop.place(to(at("Platz der 6 Kirchen 12"))).await;
        let known = shop.app().known_address(&shop.acme, order).await.unwrap();
        assert_eq!((known.check.split, known.readings.len()), (None, 2));
        assert!(problems(&shop.ship(order).await.unwrap_err())[0].contains("can be read in 2 ways"));
    }

    async fn c2_every_field_is_checked_before_booking_and_a_wrapping_is_taken_when_somebody_agrees(engine: Engine) {
        let shop = Shop::open(engine).await;
        let limits = AddressLimits {
            name: Some(20),
            company: Some(20),
            city: Some(10),
            street: StreetForm::Lines { most: 2, longest: 30 },
            ..AddressLimits::NONE
        };
        takes(&shop.carrier, limits);
        let long = Address {
            name: Some("Erika Mustermann geborene Gabler".to_owned()),
            city: Some("Frankfurt am Main".to_owned()),
            ..at("Karl-Theodor-zu-Guttenberg-Promenade am Alten Hafen 12")
        };
        let order = shop.place(to(long.clone())).await;
        let refused = shop.ship(order).await.unwrap_err();
        insta::assert_snapshot!(problems(&refused).join("\n"), @r#"
        recipient/name: recipient/name: "Erika Mustermann geborene Gabler" has 32 characters and 20 are allowed; it would fit as "Erika Mustermann" / "geborene Gabler" (company / name)
        recipient/street1: recipient/street1: "Karl-Theodor-zu-Guttenberg-Promenade am Alten Hafen 12" has 54 characters and 30 are allowed; no wrapping over free lines fits: shorten it
        recipient/city: recipient/city: "Frankfurt am Main" has 17 characters and 10 are allowed; no wrapping over free lines fits: shorten it
        "#);
        assert_eq!(shop.asked(), (0, 0, 0), "nobody was asked");
        let failed = shop.only_shipment(order).await;
        assert_eq!((failed.status, &failed.details.recipient), (ShipmentStatus::Failed, &long));

        let fits = Address { city: Some("Frankfurt".to_owned()), ..at("Lange Promenade am Alten Hafen von Bonn 12") };
        let fits = Address { name: Some("Erika Mustermann geborene Gabler".to_owned()), ..fits };
        let order = shop.place(OrderDetails { external_id: Some("1002".to_owned()), ..to(fits.clone()) }).await;
        let refused = shop.ship(order).await.unwrap_err();
        insta::assert_snapshot!(problems(&refused).join("\n"), @r#"
        recipient/name: recipient/name: "Erika Mustermann geborene Gabler" has 32 characters and 20 are allowed; it would fit as "Erika Mustermann" / "geborene Gabler" (company / name)
        recipient/street1: recipient/street1: "Lange Promenade am Alten Hafen von Bonn 12" has 42 characters and 30 are allowed; it would fit as "Lange Promenade am Alten Hafen" / "von Bonn 12" (street1 / street2)
        "#);
        let wish = ShipWish { wraps_lines: true, ..boxes(1) };
        let shipment = shop.app().ship(&shop.acme, order, &wish).await.unwrap();
        insta::assert_snapshot!(shipment.details.warnings.join("\n"), @r#"
        recipient/name: written as "Erika Mustermann" / "geborene Gabler"
        recipient/street1: written as "Lange Promenade am Alten Hafen" / "von Bonn 12"
        "#);
        let sent = shop.carrier.ledger(|ledger| ledger.asked[0].recipient.clone());
        insta::assert_snapshot!(sent.lines().join("\n"), @"
        Erika Mustermann
        geborene Gabler
        Lange Promenade am Alten Hafen
        von Bonn 12
        10117 Frankfurt
        DE
        ");
        assert_eq!(shipment.details.recipient, fits, "what was typed is kept");
    }

    async fn c2_a_service_that_fits_goes_before_one_that_does_not_and_the_decision_says_why(engine: Engine) {
        let (first, second) = (Scripted::new(), Scripted::second());
        takes(&first, AddressLimits { city: Some(4), ..AddressLimits::NONE });
        let shop = Shop::of(first.clone(), engine, |builder| {
            builder.connectors(vec![Arc::new(first), Arc::new(second.clone())]).setup(two_accounts())
        })
        .await;
        let order = shop.order("1001").await;
        // Somebody who only asks sees both, with what stands in the way.
        let quote = shop.app().quote(&shop.acme, order, &boxes(1)).await.unwrap();
        let notes: Vec<_> = quote.rates.iter().map(|rate| (rate.service.to_string(), rate.notes.clone())).collect();
        let why = "recipient/city: \"Berlin\" has 6 characters and 4 are allowed; no wrapping over free lines fits: shorten it";
        let both = [("house:standard".to_owned(), vec![why.to_owned()]), ("spare:standard".to_owned(), vec![])];
        assert_eq!(notes, both);
        let shipment = shop.ship(order).await.unwrap();
        assert_eq!(shipment.details.service.to_string(), "spare:standard");
        let decision = shipment.details.decision.unwrap();
        let out = decision.candidates.iter().find(|one| one.outcome == CandidateOutcome::Out).unwrap();
        assert_eq!((out.service.as_str(), out.why.as_str()), ("house:standard", why));
        assert_eq!((shop.asked(), asked(&second)), ((0, 0, 0), (1, 0, 1)));
        assert_eq!(
            shop.story(order).await,
            ["order.created", "shipment.requested", "shipment.booked", "shipment.ready_to_print"]
        );
    }

    async fn c3_phone_missing_shows_on_arrival_and_one_stored_number_is_sent_in_the_carriers_form(engine: Engine) {
        let shop = Shop::open(engine).await;
        let needs = |phone: PhoneForm| AddressLimits { phone, phone_needed: Need::Always, ..AddressLimits::NONE };
        takes(&shop.carrier, needs(PhoneForm::E164));
        let order = shop.order("1001").await;
        assert_eq!(warnings(&shop, order).await, ["phone missing for service house:standard"]);
        let refused = shop.ship(order).await.unwrap_err();
        assert_eq!(problems(&refused), ["recipient/phone: the service standard needs the recipient's phone number"]);
        assert_eq!(shop.asked(), (0, 0, 0));

        let called = Address { phone: Some("030 5550100".to_owned()), ..berlin() };
        for (form, written) in [
            (PhoneForm::E164, "+49305550100"),
            (PhoneForm::Digits, "49305550100"),
            (PhoneForm::International, "+49 30 5550100"),
            (PhoneForm::AsTyped, "030 5550100"),
        ] {
            takes(&shop.carrier, needs(form));
            let id = format!("{form:?}");
            let order = shop.place(OrderDetails { external_id: Some(id), ..to(called.clone()) }).await;
            assert_eq!(warnings(&shop, order).await, [""; 0]);
            let shipment = shop.ship(order).await.unwrap();
            let sent = shop.carrier.ledger(|ledger| ledger.asked.last().unwrap().recipient.phone.clone());
            assert_eq!(sent.as_deref(), Some(written), "{form:?}");
            assert_eq!(shipment.details.recipient.phone.as_deref(), Some("030 5550100"), "one stored number");
        }
    }

    async fn c5_services_that_cannot_serve_a_place_are_left_out_and_the_decision_says_why(engine: Engine) {
        let place = |country: &str, postal_code: &str, city: &str, street: &str, state: &str| Address {
            country: Some(country.to_owned()),
            postal_code: Some(postal_code.to_owned()),
            city: Some(city.to_owned()),
            street1: Some(street.to_owned()),
            state: (!state.is_empty()).then(|| state.to_owned()),
            house_number: None,
            ..berlin()
        };
        let (first, second) = (Scripted::new(), Scripted::second());
        let never = [
            PlaceKind::Ceuta, PlaceKind::Melilla, PlaceKind::Canaries, PlaceKind::NorthernIreland, PlaceKind::Military,
            PlaceKind::Locker, PlaceKind::PoBox,
        ];
        takes(&first, AddressLimits { not_served: Places::of(&never), ..AddressLimits::NONE });
        let shop = Shop::of(first.clone(), engine, |builder| {
            builder.connectors(vec![Arc::new(first), Arc::new(second.clone())]).setup(two_accounts())
        })
        .await;
        let places = [
            (place("ES", "51001", "Ceuta", "Calle Real 5", ""), "in Ceuta"),
            (place("ES", "52001", "Melilla", "Calle Real 5", ""), "in Melilla"),
            (place("ES", "35001", "Las Palmas", "Calle Real 5", ""), "in the Canary Islands"),
            (place("GB", "BT1 1AA", "Belfast", "5 High Street", ""), "in Northern Ireland"),
            (place("US", "09012", "APO", "PSC 1 Box 5", "AE"), "military post"),
            (place("DE", "10115", "Berlin", "Packstation 123", ""), "a parcel locker"),
            (place("DE", "10115", "Berlin", "Postfach 12", ""), "a post-office box"),
        ];
        for (turn, (address, name)) in places.into_iter().enumerate() {
            let why = format!("it does not go there: the recipient is {name}");
            let order = shop.place(OrderDetails { external_id: Some(turn.to_string()), ..to(address) }).await;
            assert!(warnings(&shop, order).await.contains(&format!("service house:standard: {why}")), "{name}");
            let quote = shop.app().quote(&shop.acme, order, &boxes(1)).await.unwrap();
            let offered: Vec<_> = quote.rates.iter().map(|rate| rate.service.to_string()).collect();
            assert_eq!(offered, ["spare:standard"], "{name}");
            let shipment = shop.ship(order).await.unwrap();
            let decision = shipment.details.decision.unwrap();
            let out = decision.candidates.iter().find(|one| one.outcome == CandidateOutcome::Out).unwrap();
            assert_eq!((out.service.as_str(), &out.why), ("house:standard", &why), "{name}");
            assert_eq!(quote.decision, decision, "{name}");
        }
        // Where nobody else goes, the reason is the answer.
        takes(&second, AddressLimits { not_served: Places::of(&never), ..AddressLimits::NONE });
        let order = shop.place(to(place("ES", "51001", "Ceuta", "Calle Real 5", ""))).await;
        let why = "it does not go there: the recipient is in Ceuta";
        assert_eq!(
            problems(&shop.ship(order).await.unwrap_err()),
            [format!("service: no service fits this shipment: house:standard: {why}; spare:standard: {why}")]
        );
        assert_eq!(shop.asked(), (0, 0, 0));
    }

    async fn c6_a_failed_check_is_a_warning_that_whoever_may_overrules_with_a_reason(engine: Engine) {
        let shop = Shop::open(engine).await;
        let unlikely = Address { postal_code: Some("1011".to_owned()), ..berlin() };
        let order = shop.place(to(unlikely)).await;
        let why = "\"1011\" is no postal code of DE: expected one such as 10115";
        assert_eq!(warnings(&shop, order).await, [format!("shipping_address/postal_code: {why}")]);
        let known = shop.app().check_address(&shop.acme, order).await.unwrap();
        assert_eq!((known.check.status(), known.order.version), (AddressStatus::Failed, 2));

        let clerk = Arc::new(ApiKey {
            scopes: Scope::ALL.into_iter().filter(|scope| *scope != Scope::Overrule).collect(),
            ..(*shop.acme.key).clone()
        });
        let clerk = app::Caller { key: clerk, ..shop.acme.clone() };
        let reason = || "a new street: the customer sent a photograph".to_owned();
        let denied = shop.app().overrule_address(&clerk, order, reason()).await.unwrap_err();
        assert_eq!(denied, Error::Denied("overrule"));
        let overruled = shop.app().overrule_address(&shop.acme, order, reason()).await.unwrap();
        assert_eq!((overruled.warnings, overruled.order.version), (vec![], 3));
        let kept = overruled.check.overruled.unwrap();
        assert_eq!((kept.by.as_str(), kept.reason), ("shop", reason()));
        let again = shop.app().overrule_address(&shop.acme, order, reason()).await.unwrap_err();
        assert_eq!(again, Error::Conflict(format!("shop overruled it already: {}", reason())));
        let events = shop.events(order).await;
        assert_eq!(
            told(&events, "order.address_checked"),
            [["unverified".to_owned(), "failed".to_owned(), format!("postal_code: {why}")]]
        );
        assert_eq!(
            told(&events, "order.address_overruled"),
            [["failed".to_owned(), "overruled by shop".to_owned(), reason()]]
        );
        assert_eq!(shop.ship(order).await.unwrap().status, ShipmentStatus::Booked);
        // What was said of one address says nothing of another.
        shop.place(to(Address { postal_code: Some("9999".to_owned()), ..berlin() })).await;
        assert_eq!(warnings(&shop, order).await.len(), 1);
        let good = shop.order("1002").await;
        let nothing = shop.app().overrule_address(&shop.acme, good, reason()).await.unwrap_err();
        assert_eq!(nothing, Error::Conflict("the address has not failed: there is nothing to overrule".to_owned()));
    }

    async fn c6_where_the_tenant_wants_it_a_failed_address_is_held_until_it_is_overruled(engine: Engine) {
        let shop = checking_shop(engine, "address_check = { by = \"rules\", hold_failed = true }").await;
        let order = shop.place(to(Address { postal_code: Some("1011".to_owned()), ..berlin() })).await;
        let refused = shop.ship(order).await.unwrap_err();
        let why = "\"1011\" is no postal code of DE: expected one such as 10115";
        assert_eq!(problems(&refused), [format!("shipping_address/postal_code: {why}")]);
        assert_eq!(shop.asked(), (0, 0, 0));
        shop.app().overrule_address(&shop.acme, order, "it is new".to_owned()).await.unwrap();
        assert_eq!(shop.ship(order).await.unwrap().status, ShipmentStatus::Booked);
        // The job that looks at what has come leaves what is known alone.
        shop.t.run_jobs().await;
        let stored = shop.app().known_address(&shop.acme, order).await.unwrap();
        assert!(stored.check.overruled.is_some());
    }

    async fn addresses_are_looked_at_as_they_come_and_again_when_they_change(engine: Engine) {
        let shop = checking_shop(engine, "address_check = { by = \"rules\" }").await;
        let order = shop.place(to(Address { country: Some("de".to_owned()), ..berlin() })).await;
        let status = async || shop.app().known_address(&shop.acme, order).await.unwrap().check.status();
        assert_eq!(status().await, AddressStatus::Unverified);
        shop.t.run_jobs().await;
        let known = shop.app().known_address(&shop.acme, order).await.unwrap();
        assert_eq!(known.check.status(), AddressStatus::Proposed);
        assert_eq!(known.check.finding.unwrap().proposal, Some(berlin()));
        shop.order("1001").await;
        assert_eq!(status().await, AddressStatus::Unverified);
        shop.t.run_jobs().await;
        assert_eq!(status().await, AddressStatus::Verified);
        let moves: Vec<_> = told(&shop.events(order).await, "order.address_checked");
        let words = |old: &str, new: &str| [old.to_owned(), new.to_owned(), String::new()];
        assert_eq!(moves, [words("unverified", "proposed"), words("unverified", "verified")]);
        // Sent again as it stands it is left alone.
        let version = shop.app().order(&shop.acme, order).await.unwrap().version;
        shop.order("1001").await;
        shop.t.run_jobs().await;
        assert_eq!(shop.app().order(&shop.acme, order).await.unwrap().version, version);
    }

    async fn a_geocoder_verifies_proposes_or_finds_nothing_and_is_asked_once_about_an_address(engine: Engine) {
        let geocoder = Geocoder::start().await;
        let linden = r#"[{ "lat": "52.5170", "lon": "13.3889", "address": { "road": "Unter den Linden", "house_number": "77",
            "postcode": "10117", "city": "Berlin", "country_code": "de" } }]"#;
        geocoder.knows("Unter den Linden 77", linden);
        geocoder.knows("Unter den Linde 77", linden);
        geocoder.knows("Ringstr. 999", r#"[{ "lat": "52", "lon": "13", "address": { "road": "Ringstraße", "city": "Berlin" } }]"#);
        let table = format!("address_check = {{ by = \"nominatim\", url = \"{}\", requests_per_second = 50 }}", geocoder.url);
        let shop = checking_shop(engine, &table).await;
        let lines = ["Unter den Linden 77", "Unter den Linde 77", "Ringstr. 999", "Nirgendwo 1"];
        let mut told = Vec::new();
        for line in lines {
            let order = shop.place(OrderDetails { external_id: Some(line.to_owned()), ..to(at(line)) }).await;
            shop.t.run_jobs().await;
            let check = shop.app().known_address(&shop.acme, order).await.unwrap().check;
            let finding = check.finding.unwrap();
            let proposal = finding.proposal.and_then(|proposal| proposal.street1);
            let reasons: Vec<_> = finding.reasons.iter().map(|one| format!("{}: {}", one.field, one.message)).collect();
            told.push(format!("{line} = {:?} {proposal:?} {:?} {reasons:?}", finding.status, finding.latitude));
        }
        insta::assert_snapshot!(told.join("\n"), @r#"
        Unter den Linden 77 = Verified None Some("52.5170") []
        Unter den Linde 77 = Proposed Some("Unter den Linden 77") Some("52.5170") []
        Ringstr. 999 = Failed None None ["street1: the street was found, a house with this number was not"]
        Nirgendwo 1 = Failed None None ["street1: no such address was found"]
        "#);
        let asked = geocoder.asked();
        assert_eq!(asked.len(), 4);
        insta::assert_snapshot!(sorted(&asked[0]), @"addressdetails=1&city=Berlin&countrycodes=de&format=jsonv2&limit=1&postalcode=10117&street=Unter den Linden 77");
        // Another order to the same address asks nobody.
        let order = shop.place(OrderDetails { external_id: Some("again".to_owned()), ..to(at(lines[0])) }).await;
        shop.t.run_jobs().await;
        assert_eq!(shop.app().known_address(&shop.acme, order).await.unwrap().check.status(), AddressStatus::Verified);
        assert_eq!(geocoder.asked().len(), 4);
        // What cannot be right is not looked for.
        let wrong = Address { postal_code: Some("1011".to_owned()), ..berlin() };
        let order = shop.place(OrderDetails { external_id: Some("wrong".to_owned()), ..to(wrong) }).await;
        shop.t.run_jobs().await;
        assert_eq!(shop.app().known_address(&shop.acme, order).await.unwrap().check.status(), AddressStatus::Failed);
        assert_eq!(geocoder.asked().len(), 4);
    }

    async fn a_geocoder_in_trouble_holds_nothing_up_and_is_asked_again_later(engine: Engine) {
        let geocoder = Geocoder::start().await;
        let feature = r#"{"type":"FeatureCollection","features":[{"geometry":{"type":"Point","coordinates":[13.3889,52.517]},
            "properties":{"type":"house","street":"Unter den Linden","housenumber":"77","postcode":"10117","city":"Berlin"}}]}"#;
        geocoder.knows("Unter den Linden 77", feature);
        geocoder.troubles([429, 503]);
        let table = format!("address_check = {{ by = \"photon\", url = \"{}\", hold_failed = true, requests_per_second = 50 }}", geocoder.url);
        let shop = checking_shop(engine, &table).await;
        let order = shop.order("1001").await;
        let status = async || shop.app().known_address(&shop.acme, order).await.unwrap().check.status();
        shop.t.run_jobs().await;
        // It asked for two minutes: until then nobody asks.
        shop.later(100).await;
        assert_eq!((geocoder.asked().len(), status().await), (1, AddressStatus::Unverified));
        assert_eq!(shop.ship(order).await.unwrap().status, ShipmentStatus::Booked, "nobody could look, so nothing is held");
        assert_eq!(geocoder.asked().len(), 2);
        shop.later(61).await;
        assert_eq!((geocoder.asked().len(), status().await), (3, AddressStatus::Verified));
        let finding = shop.app().known_address(&shop.acme, order).await.unwrap().check.finding.unwrap();
        assert_eq!((finding.latitude.as_deref(), finding.longitude.as_deref()), (Some("52.517"), Some("13.3889")));
        assert_eq!(geocoder.asked()[0]["q"], "Unter den Linden 77, Berlin, 10117, DE");
    }
}

#[tokio::test]
async fn a_geocoder_is_asked_once_a_second_unless_said_otherwise() {
    let geocoder = Geocoder::start().await;
    let table = format!("address_check = {{ by = \"nominatim\", url = \"{}\" }}", geocoder.url);
    let shop = checking_shop(testkit::Engine::Sqlite, &table).await;
    let began = std::time::Instant::now();
    for line in ["Am Weg 1", "Am Weg 2"] {
        let order = shop.place(OrderDetails { external_id: Some(line.to_owned()), ..to(at(line)) }).await;
        shop.app().check_address(&shop.acme, order).await.unwrap();
    }
    assert_eq!(geocoder.asked().len(), 2);
    assert!(began.elapsed() >= std::time::Duration::from_secs(1), "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_geocoder_goes_to_public_addresses_only_unless_the_operator_says_otherwise() {
    let shop = Shop::open(testkit::Engine::Sqlite).await;
    let table = "address_check = { by = \"nominatim\", url = \"http://10.0.0.1/\", requests_per_second = 0 }";
    let setup = checking(table);
    let read = |text: &str| {
        app::setup::file::read(text, &|_| Err(String::new()), &|_| None, shop.app().connectors()).map(drop)
    };
    let mistakes = read(&setup).unwrap_err();
    let told: Vec<_> = mistakes.iter().map(|one| format!("{}: {}", one.path, one.message)).collect();
    insta::assert_snapshot!(told.join("\n"), @"tenant[acme].address_check.requests_per_second: line 7: found 0, expected a whole number from 1 to 50");
    let strict = Shop::built(testkit::Engine::Sqlite, |builder| {
        builder.options(|options| options.allow_private_webhooks = false)
    })
    .await;
    let file = checking("address_check = { by = \"nominatim\", url = \"http://10.0.0.1/\" }");
    let file = app::setup::file::read(&file, &|_| Err(String::new()), &|_| None, shop.app().connectors()).unwrap();
    let refused = strict.app().apply(file).await.unwrap_err();
    insta::assert_snapshot!(problems(&refused).join("\n"), @r#"tenant[acme].address_check.url: the geocoder is not asked there: "http" is not https; expected an https URL with a public address, unless the operator sets allow_private_webhooks"#);
}

fn sorted(query: &std::collections::HashMap<String, String>) -> String {
    let mut pairs: Vec<_> = query.iter().map(|(name, value)| format!("{name}={value}")).collect();
    pairs.sort();
    pairs.join("&")
}

fn two_accounts() -> String {
    let second = "[[tenant.carrier_account]]\nid = \"spare\"\ncarrier = \"second\"\nsettings = {}\n";
    crate::fixture::with_tables(&scripted_setup(), second)
}
