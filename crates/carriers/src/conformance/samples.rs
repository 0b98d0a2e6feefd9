//! Accounts, places and requests that the tests of every connector begin with.

use std::any::Any;
use std::collections::BTreeMap;

use domain::Timestamp;
use domain::account::CarrierAccount;
use domain::address::Address;
use domain::connector::{BookRequest, Goods, Parties, RateRequest, TrackRequest};
use domain::document::Format;
use domain::measure::Weight;
use domain::money::{Currency, Decimal, Money};
use domain::parcel::Box as ParcelBox;
use domain::service::ServiceCode;
use domain::tracking::TrackingStatus;

/// An account of a carrier that works, and where it offers something from Boston.
pub(crate) struct Specimen {
    pub(crate) account: CarrierAccount,
    pub(crate) recipient: Address,
    #[expect(dead_code, reason = "it must live as long as the account is used")]
    pub(crate) stand_in: Box<dyn Any + Send + Sync>,
}

impl Specimen {
    /// One that needs nothing but itself.
    pub(crate) fn alone(account: CarrierAccount) -> Self {
        Self { account, recipient: berlin(), stand_in: Box::new(()) }
    }
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

/// A recipient in Boston, near enough for a courier.
pub(crate) fn near() -> Address {
    Address {
        name: Some("Ann Reed".to_owned()),
        street1: Some("22 Elm Road".to_owned()),
        city: Some("Boston".to_owned()),
        state: Some("MA".to_owned()),
        postal_code: Some("02116".to_owned()),
        country: Some("US".to_owned()),
        phone: Some("+1 617-555-0111".to_owned()),
        ..Address::default()
    }
}

/// A tea set of 42.50 USD.
pub(crate) fn tea_set() -> Goods {
    let value = Money::new(Decimal::new(4250, 2), Currency::new("USD").unwrap());
    Goods { value: Some(value), names: vec![("Tea set".to_owned(), 1)], collect: None }
}

/// A box without dimensions.
pub(crate) fn parcel(kilograms: &str) -> ParcelBox {
    let weight = Weight::from_kilograms(kilograms.parse().unwrap()).unwrap();
    ParcelBox { weight, weight_is_assumed: false, dimensions: None, contents: Vec::new(), collect: None }
}

/// Asks for offers of every service.
pub(crate) fn rate_request(recipient: Address, parcels: Vec<ParcelBox>) -> RateRequest {
    RateRequest {
        reference: "question-1".to_owned(),
        sender: boston(),
        parties: Parties::default(),
        recipient,
        parcels,
        goods: tea_set(),
        service: None,
        now: Timestamp::UNIX_EPOCH,
    }
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
        parties: Parties::default(),
        recipient,
        tracking_pages: serials.iter().map(|serial| format!("https://track.example/{serial}")).collect(),
        serials,
        parcels,
        goods: tea_set(),
        rate: None,
        label_format: Format::default(),
        begun_at: Timestamp::UNIX_EPOCH,
        now: Timestamp::UNIX_EPOCH,
    }
}

/// Asks what happened to a parcel.
pub(crate) fn track_request(tracking_number: &str, reference: &str, recipient: Address) -> TrackRequest {
    TrackRequest {
        tracking_number: tracking_number.to_owned(),
        known: TrackingStatus::Unknown,
        reference: reference.to_owned(),
        recipient,
        booked_at: Timestamp::UNIX_EPOCH,
        now: Timestamp::UNIX_EPOCH,
    }
}
