//! Writes a label in every format and a packing slip, to look at: `cargo run -p documents --example sample -- FOLDER`.
//! With `--time` it measures drawing instead (use `--release`).

use std::path::Path;
use std::time::{Duration, Instant};

use documents::{Drawn, Options, commercial_invoice, customs_form, label, labels, manifest, packing_slip};
use domain::address::Address;
use domain::customs::{Customs, CustomsForm, Declaration, DeclaredLine, TaxNumber, TaxNumbers};
use domain::document::{Dpi, Format, LabelContent, Matrix, PackingLine, PackingSlip, Paper};
use domain::ids::{OrderId, ParcelId, ShipmentId};
use domain::manifest::{HandedParcel, ManifestPaper};
use domain::measure::Weight;
use domain::money::{Currency, Decimal, Money};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.first().map(String::as_str) {
        Some("--time") => time()?,
        Some(folder) => write(Path::new(folder))?,
        None => return Err("name a folder, or --time".into()),
    }
    Ok(())
}

fn address(parts: [&str; 6]) -> Address {
    let [company, name, street, postal_code, city, country] =
        parts.map(|part| Some(part.to_owned()).filter(|p| !p.is_empty()));
    Address { company, name, street1: street, postal_code, city, country, ..Address::default() }
}

fn plain() -> LabelContent {
    LabelContent {
        carrier: "Hausfuhre".into(),
        service: "Standard 2 days".into(),
        return_to: None,
        sender: address(["Acme GmbH", "Warehouse 2", "Lagerstraße 14", "20457", "Hamburg", "DE"]),
        recipient: Address {
            phone: Some("+49 30 1234567".into()),
            ..address(["Möbelhaus Süd KG", "Jürgen Groß", "Gärtnerstraße 12a", "10115", "Berlin", "DE"])
        },
        routing_code: Some("BER-12".into()),
        weight: Weight::from_milligrams(2_450_000).expect("not zero"),
        parcel_number: 1,
        parcel_count: 3,
        reference: Some("ORD-2026-004711".into()),
        tracking_number: "HF0012345678DE".into(),
        sscc: domain::gs1::sscc("4012345", 3_000_004_711),
        matrix: Matrix::Qr("https://track.example.com/t/HF0012345678DE".into()),
        collect: None,
        is_test: false,
    }
}

fn declaration(count: u64) -> Declaration {
    let eur = Currency::new("EUR").expect("three letters");
    let line = |index: u64| DeclaredLine {
        description: ["Enamel mug, white with a blue rim", "Camping stove, without gas", "Woollen blanket"]
            [(index % 3) as usize]
            .into(),
        quantity: index + 1,
        unit_value: Some(Money::new(Decimal::new(1250, 2), eur)),
        value: Money::new(Decimal::new(1250, 2) * Decimal::from(index + 1), eur),
        net_weight: Weight::from_milligrams(350_000 * (index + 1)),
        hs_code: Some("732394".into()),
        origin: Some("DE".into()),
        material: (index % 3 == 2).then(|| "wool".into()),
    };
    let lines: Vec<_> = (0..count).map(line).collect();
    let total = lines.iter().map(|line| line.value.amount).sum();
    let eori = TaxNumber { name: Some("EORI".into()), country_code: None, value: Some("DE123456789012345".into()) };
    Declaration {
        sender: plain().sender,
        recipient: Address {
            phone: Some("+41 44 668 18 00".into()),
            ..address(["", "Léonie Müller", "Bahnhofstrasse 12", "8001", "Zürich", "CH"])
        },
        order_number: "ORD-2026-004711".into(),
        tracking_numbers: vec!["HF0012345678DE".into()],
        lines,
        total: Money::new(total, eur),
        gross_weight: Weight::from_milligrams(5_450_000).expect("not zero"),
        weight_is_assumed: false,
        customs: Customs {
            invoice_number: Some("RE-2026-0815".into()),
            shipment_type: Some("commercial_goods".into()),
            export_type: None,
            tax_numbers: Some(TaxNumbers { sender: Some(vec![eori]), ..TaxNumbers::default() }),
        },
        day: "2026-03-02".into(),
    }
}

fn samples() -> Vec<(&'static str, LabelContent)> {
    let long = Address {
        street2: Some("Hinterhaus, 3. Obergeschoss links, bitte beim Nachbarn Schmidt-Rottluff klingeln".into()),
        po_box: Some("Postfach 12 34 56".into()),
        phone: Some("+49 30 1234567".into()),
        ..address([
            "Internationale Gesellschaft für angewandte Paketlogistik und Versandwesen mbH & Co. KG",
            "Maria Magdalena Freifrau von und zu Hohenlohe-Schillingsfürst",
            "Straße der Vereinigten Nationen und ihrer Sonderorganisationen 123 b",
            "65189",
            "Hofheim am Taunus, Ortsteil Diedenbergen",
            "DE",
        ])
    };
    vec![
        ("plain", plain()),
        ("long", LabelContent { recipient: long, service: "Express next day before noon, insured".into(), ..plain() }),
        (
            "greek",
            LabelContent {
                recipient: address([
                    "",
                    "Ελένη Παπαδοπούλου",
                    "Λεωφόρος Βασιλίσσης Σοφίας 12",
                    "106 74",
                    "Αθήνα",
                    "GR",
                ]),
                matrix: Matrix::DataMatrix("HF0012345678DE".into()),
                ..plain()
            },
        ),
        (
            "cyrillic",
            LabelContent {
                recipient: address([
                    "ТОВ «Зелений гай»",
                    "Олексій Їжакевич",
                    "вул. Щекавицька, 30",
                    "04071",
                    "Київ",
                    "UA",
                ]),
                routing_code: None,
                ..plain()
            },
        ),
        (
            "polish",
            LabelContent {
                recipient: address(["", "Zażółć Gęślą-Jaźń", "ul. Świętokrzyska 5/7", "00-116", "Łódź", "PL"]),
                sscc: None,
                ..plain()
            },
        ),
        (
            "chinese",
            LabelContent {
                recipient: address(["", "王小明", "南京东路 100 号", "200001", "上海", "CN"]),
                reference: None,
                ..plain()
            },
        ),
        (
            "return_to",
            LabelContent {
                return_to: Some(address(["Acme Returns", "", "Kai 7", "20459", "Hamburg", "DE"])),
                ..plain()
            },
        ),
        ("test", LabelContent { is_test: true, ..plain() }),
    ]
}

fn slip(lines: usize) -> PackingSlip {
    PackingSlip {
        sender: plain().sender,
        recipient: plain().recipient,
        order_number: "ORD-2026-004711".into(),
        placed: Some("21 November 2026".into()),
        parcels: vec![("Hausfuhre Standard 2 days".into(), "HF0012345678DE".into())],
        lines: (1..=lines)
            .map(|number| PackingLine {
                sku: Some(format!("SKU-{number:05}")),
                name: match number % 3 {
                    0 => "Enamel mug, white".to_owned(),
                    1 => {
                        format!("Hand-woven wool blanket no. {number}, 140 × 200 cm, undyed, with fringes on two sides")
                    }
                    _ => "Σημειωματάριο / notebook, A5, dotted".to_owned(),
                },
                quantity: number as u64 % 4 + 1,
                ordered: number as u64 % 4 + 1,
            })
            .collect(),
        notes: Some("Thank you for your order.\nReturns are free for thirty days: use the label in the lid.".into()),
    }
}

fn manifest_paper(count: u64, left: u64) -> ManifestPaper {
    let handed = |number: u64| HandedParcel {
        parcel: ParcelId::new(number).expect("from 1"),
        shipment: ShipmentId::new(number).expect("from 1"),
        order: OrderId::new(number).expect("from 1"),
        tracking_number: Some(format!("4012345000000{:05}", 4711 + number)),
        sscc: None,
        order_reference: Some(format!("ORD-2026-{:06}", 4711 + number)),
        service: ["Standard 2 days", "Express before noon"][(number % 2) as usize].into(),
        recipient: plain().recipient,
        weight: Weight::from_milligrams(350_000 * number).expect("not zero"),
        booked_at: None,
        is_scanned: false,
    };
    ManifestPaper {
        id: "man_3k".into(),
        carrier: "Hausfuhre".into(),
        location: plain().sender,
        day: "2026-11-21".parse().expect("a day"),
        closed: Some("2026-11-21 18:04 Europe/Berlin".into()),
        parcels: (1..=count).map(handed).collect(),
        left_behind: (count + 1..=count + left).map(handed).collect(),
    }
}

fn write(folder: &Path) -> Result<(), Box<dyn std::error::Error>> {
    std::fs::create_dir_all(folder)?;
    let save = |name: &str, format: Format, drawn: Drawn| -> std::io::Result<()> {
        println!("{name}.{}: {} bytes", format.extension(), drawn.bytes.len());
        drawn.warnings.iter().for_each(|warning| println!("  {warning}"));
        std::fs::write(folder.join(format!("{name}.{}", format.extension())), drawn.bytes)
    };
    let options = Options::default();
    let formats = [
        Format::Pdf(Paper::Mm100x150),
        Format::Pdf(Paper::A6),
        Format::Zpl(Dpi::D203),
        Format::Zpl(Dpi::D300),
        Format::Zpl(Dpi::D600),
        Format::Png(Dpi::D203),
        Format::Png(Dpi::D300),
        Format::Png(Dpi::D600),
    ];
    for (name, content) in samples() {
        for format in formats {
            save(&format!("{name}_{}", format.name()), format, label(&content, format, &options)?)?;
        }
    }
    let contents: Vec<_> = samples().into_iter().map(|(_, content)| content).collect();
    let a4 = Format::Pdf(Paper::A4);
    save("sheet", a4, labels(&contents, a4, &Options { start_position: 1, ..options.clone() })?)?;
    save("merged", a4, labels(&contents, Format::Pdf(Paper::Mm100x150), &options)?)?;
    save("slip", a4, packing_slip(&slip(5), &options)?)?;
    for (name, count) in [("", 3), ("_long", 30)] {
        let declared = declaration(count);
        save(&format!("cn22{name}"), a4, customs_form(CustomsForm::Cn22, &declared, &options)?)?;
        save(&format!("cn23{name}"), a4, customs_form(CustomsForm::Cn23, &declared, &options)?)?;
        save(&format!("invoice{name}"), a4, commercial_invoice(&declared, &options)?)?;
    }
    for (name, count, left) in [("", 5, 2), ("_long", 60, 0)] {
        save(&format!("manifest{name}"), a4, manifest(&manifest_paper(count, left), &options)?)?;
    }
    save("slip_long", a4, packing_slip(&slip(60), &options)?)?;
    Ok(())
}

/// The best of five rounds, a drawing.
fn best(rounds: u32, mut draw: impl FnMut()) -> Duration {
    draw();
    let round = |draw: &mut dyn FnMut()| {
        let start = Instant::now();
        (0..rounds).for_each(|_| draw());
        start.elapsed() / rounds
    };
    (0..5).map(|_| round(&mut draw)).min().unwrap_or_default()
}

fn time() -> Result<(), Box<dyn std::error::Error>> {
    let options = Options::default();
    let formats = [
        Format::Pdf(Paper::Mm100x150),
        Format::Zpl(Dpi::D203),
        Format::Zpl(Dpi::D300),
        Format::Zpl(Dpi::D600),
        Format::Png(Dpi::D203),
    ];
    for (name, content) in samples() {
        for format in formats {
            let bytes = label(&content, format, &options)?.bytes.len();
            let took = best(200, || drop(std::hint::black_box(label(&content, format, &options))));
            println!("{name:9} {:12} {took:>10.1?} {bytes:>7} bytes", format.name());
        }
    }
    let many = vec![plain(); 10_000];
    for (name, format) in [("one file", Format::Pdf(Paper::Mm100x150)), ("on sheets", Format::Pdf(Paper::A4))] {
        let start = Instant::now();
        let bytes = labels(&many, format, &options)?.bytes.len();
        println!("10,000 labels, {name}: {:.2?}, {bytes} bytes", start.elapsed());
    }
    let took = best(20, || drop(std::hint::black_box(packing_slip(&slip(60), &options))));
    println!("packing slip of 60 lines: {took:.1?}");
    Ok(())
}
