//! Contents that the tests draw.

use domain::address::Address;
use domain::document::{LabelContent, Matrix, PackingLine, PackingSlip};
use domain::gs1;
use domain::measure::Weight;
use domain::money::{Currency, Money};

/// Name, street, postal code, city, country.
pub fn address(parts: [&str; 5]) -> Address {
    let [name, street1, postal_code, city, country] = parts.map(|part| Some(part.to_owned()));
    Address { name, street1, postal_code, city, country, ..Address::default() }
}

pub fn plain() -> LabelContent {
    LabelContent {
        carrier: "House".into(),
        service: "Standard".into(),
        sender: address(["Acme GmbH", "Lagerstraße 14", "20457", "Hamburg", "DE"]),
        return_to: None,
        recipient: address(["Jürgen Groß", "Gärtnerstraße 12a", "10115", "Berlin", "DE"]),
        routing_code: Some("BER-12".into()),
        weight: Weight::from_milligrams(2_450_000).unwrap(),
        parcel_number: 1,
        parcel_count: 2,
        reference: Some("ORD-4711".into()),
        tracking_number: "HF0012345678DE".into(),
        sscc: gs1::sscc("4012345", 4711),
        matrix: Matrix::Qr("https://example.com/t/HF0012345678DE".into()),
        collect: None,
        is_test: false,
    }
}

/// A sum that is collected on delivery.
pub fn on_delivery(amount: &str, currency: &str) -> Money {
    Money::new(amount.parse().unwrap(), Currency::new(currency).unwrap())
}

/// Labels that differ in their codes.
pub fn many(count: u64) -> Vec<LabelContent> {
    (0..count)
        .map(|number| LabelContent {
            sscc: gs1::sscc("4012345", number),
            matrix: Matrix::Qr(format!("https://example.com/t/{number}")),
            tracking_number: format!("T{number}"),
            ..plain()
        })
        .collect()
}

/// The European names of the test, with the country of each.
pub fn europeans() -> [(&'static str, LabelContent); 4] {
    let to = |recipient| LabelContent { recipient, ..plain() };
    [
        ("polish", to(address(["Zażółć Gęślą-Jaźń", "ul. Świętokrzyska 5/7", "90-001", "Łódź", "PL"]))),
        ("german", to(address(["Jürgen Groß", "Große Bäckerstraße 3", "50667", "Köln", "DE"]))),
        ("greek", to(address(["Ελένη Παπαδοπούλου", "Βασιλίσσης Σοφίας 12", "10674", "Αθήνα", "GR"]))),
        ("cyrillic", to(address(["Олексій Їжакевич", "вул. Щекавицька, 30", "04071", "Київ", "UA"]))),
    ]
}

pub fn slip(lines: u64) -> PackingSlip {
    PackingSlip {
        sender: plain().sender,
        recipient: plain().recipient,
        order_number: "ORD-4711".into(),
        placed: Some("21 November 2026".into()),
        parcels: vec![("House Standard".into(), "HF0012345678DE".into())],
        lines: (1..=lines)
            .map(|number| PackingLine {
                sku: Some(format!("SKU-{number}")),
                name: format!("Κούπα, mug, кружка no. {number}"),
                quantity: number,
                ordered: number,
            })
            .collect(),
        notes: Some("Thank you.".into()),
    }
}
