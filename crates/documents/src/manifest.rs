//! A manifest: what a carrier is handed over at a location on a day, for the driver to sign. A4, as many pages as it takes.

use domain::manifest::{HandedParcel, ManifestPaper};
use domain::money::Decimal;

use crate::drawing::Down;
use crate::font::{Fonts, Style};
use crate::layout::{Across, Ink, Layout, Rect};
use crate::merge::A4;
use crate::pdf::Document;
use crate::sheet::{Column, Page, SMALL, Sheet};
use crate::{DrawError, Drawn, Options};

const MARGIN: f32 = 15.0;
const PAGE: Page = Page { width: A4.0, height: A4.1, margin: MARGIN, bottom: A4.1 - 20.0, points: 8.5 };
const WIDTH: f32 = PAGE.inner();

const fn column(x: f32, width: f32, across: Across, title: &'static str, field: &'static str) -> Column {
    Column { x: MARGIN + x, width, across, title, field }
}

const PLACE: Column = column(0.0, 9.0, Across::Right, "NO.", "");
const NUMBER: Column = column(12.0, 43.0, Across::Left, "TRACKING NUMBER", "tracking number");
const ORDER: Column = column(58.0, 28.0, Across::Left, "ORDER", "order");
const SERVICE: Column = column(89.0, 27.0, Across::Left, "SERVICE", "service");
const RECIPIENT: Column = column(119.0, 46.0, Across::Left, "RECIPIENT", "recipient");
const WEIGHT: Column = column(167.0, 13.0, Across::Right, "KG", "weight");
const COLUMNS: [Column; 6] = [PLACE, NUMBER, ORDER, SERVICE, RECIPIENT, WEIGHT];

/// Draws a manifest as PDF. Long lists go on over pages, each with its head and "page n of m"; what was booked and is not
/// handed over has a list of its own at the end.
///
/// # Errors
/// [`DrawError::Font`], when the fallback font cannot be embedded.
pub fn manifest(paper: &ManifestPaper, options: &Options) -> Result<Drawn, DrawError> {
    let fonts = Fonts::new(options.fallback_font.as_deref());
    let mut warnings = Vec::new();
    let pages = lay_out(paper, &fonts, &mut warnings);
    let mut document = Document::new(&fonts, &format!("Manifest {} {}", paper.carrier, paper.day));
    for page in &pages {
        document.start_page(A4.0, A4.1);
        document.draw(page, 0.0, 0.0);
    }
    Ok(Drawn { bytes: document.finish()?, warnings })
}

/// The pages in order.
pub(crate) fn lay_out(paper: &ManifestPaper, fonts: &Fonts<'_>, warnings: &mut Vec<String>) -> Vec<Layout> {
    let mut sheet = Sheet::new(PAGE, fonts, warnings);
    sheet.running = ("carrier", format!("Manifest {} · {} · {}", paper.id, paper.carrier, paper.day));
    head(&mut sheet, paper);
    list(&mut sheet, &paper.parcels);
    signatures(&mut sheet, paper);
    if !paper.left_behind.is_empty() {
        sheet.end_table(34.0);
        let place = Rect::new(MARGIN, sheet.y, WIDTH, 6.0);
        let title = format!("Booked and not handed over: {}", counted(&paper.left_behind));
        sheet.drawing.caption(place, Across::Left, Ink::Black, &title, Style::Bold, 11.0);
        sheet.y += 8.0;
        list(&mut sheet, &paper.left_behind);
    }
    sheet.finish()
}

fn counted(parcels: &[HandedParcel]) -> String {
    let noun = if parcels.len() == 1 { "parcel" } else { "parcels" };
    format!("{} {noun}, {} kg", parcels.len(), weight(parcels))
}

fn weight(parcels: &[HandedParcel]) -> Decimal {
    parcels.iter().map(|parcel| parcel.weight.kilograms()).sum::<Decimal>().normalize()
}

fn head(sheet: &mut Sheet<'_>, paper: &ManifestPaper) {
    let title = Rect::new(MARGIN, sheet.y, WIDTH / 2.0, 11.0);
    sheet.drawing.caption(title, Across::Left, Ink::Black, "Manifest", Style::Bold, 24.0);
    let location = sheet.address("location", &paper.location.lines(), SMALL + 0.5);
    let place = Rect::new(MARGIN + WIDTH / 2.0, sheet.y, WIDTH / 2.0, 30.0);
    let used = sheet.drawing.block(place, Across::Right, Down::Top, Ink::Black, &location);
    sheet.y += used.max(13.0) + 4.0;
    sheet.rule(0.6);
    sheet.y += 4.0;

    let state = paper.closed.as_ref().map_or_else(|| "still open".to_owned(), |at| format!("closed {at}"));
    let day = format!("{}, {state}", paper.day);
    let facts = [
        ("CARRIER", "carrier", paper.carrier.clone(), 0.0, 55.0),
        ("DAY", "day", day, 58.0, 58.0),
        ("PARCELS", "parcels", counted(&paper.parcels), 119.0, WIDTH - 119.0),
    ];
    let mut tallest = 0.0_f32;
    for (caption, field, text, x, width) in facts {
        let group = vec![sheet.label(caption), sheet.drawing.paragraph(field, &text, Style::Bold, 12.0)];
        let place = Rect::new(MARGIN + x, sheet.y, width, 20.0);
        tallest = tallest.max(sheet.groups(place, &[group]));
    }
    sheet.y += tallest + 2.0;
    let number = vec![sheet.drawing.paragraph("manifest", &paper.id, Style::Regular, SMALL)];
    let place = Rect::new(MARGIN, sheet.y, WIDTH, 6.0);
    sheet.y += sheet.groups(place, &[number]) + 5.0;
}

fn list(sheet: &mut Sheet<'_>, parcels: &[HandedParcel]) {
    sheet.start_table(&COLUMNS);
    for (index, parcel) in parcels.iter().enumerate() {
        let to = &parcel.recipient;
        let name = to.name.as_ref().or(to.company.as_ref()).map(String::as_str);
        let place = [to.postal_code.as_deref(), to.city.as_deref(), to.country.as_deref()];
        let place = place.into_iter().flatten().collect::<Vec<_>>().join(" ");
        let recipient = [name.unwrap_or_default(), &place].into_iter().filter(|part| !part.is_empty());
        let recipient = recipient.collect::<Vec<_>>().join(", ");
        let number = parcel.tracking_number.as_deref().or(parcel.sscc.as_deref()).unwrap_or("–");
        sheet.row([
            (PLACE, &(index + 1).to_string(), Style::Regular),
            (NUMBER, number, Style::Bold),
            (ORDER, parcel.order_reference.as_deref().unwrap_or("–"), Style::Regular),
            (SERVICE, &parcel.service, Style::Regular),
            (RECIPIENT, &recipient, Style::Regular),
            (WEIGHT, &parcel.weight.kilograms().normalize().to_string(), Style::Regular),
        ]);
    }
    let total = weight(parcels).to_string();
    let count = parcels.len().to_string();
    sheet.row([
        (PLACE, &count, Style::Bold),
        (NUMBER, if parcels.len() == 1 { "parcel in all" } else { "parcels in all" }, Style::Bold),
        (ORDER, "", Style::Regular),
        (SERVICE, "", Style::Regular),
        (RECIPIENT, "", Style::Regular),
        (WEIGHT, &total, Style::Bold),
    ]);
}

/// Where whoever takes the parcels and whoever hands them over sign.
fn signatures(sheet: &mut Sheet<'_>, paper: &ManifestPaper) {
    sheet.end_table(36.0);
    sheet.y += 18.0;
    let half = WIDTH / 2.0 - 6.0;
    let taken = format!("Taken over for {}: name, signature, date and time", paper.carrier);
    let given = "Handed over: name, signature";
    for (x, text) in [(MARGIN, taken.as_str()), (MARGIN + WIDTH - half, given)] {
        sheet.drawing.rule(x, sheet.y, half, 0.3);
        let line = sheet.drawing.paragraph("carrier", text, Style::Regular, SMALL);
        let place = Rect::new(x, sheet.y + 1.0, half, 8.0);
        sheet.drawing.block(place, Across::Left, Down::Top, Ink::Black, &[line]);
    }
    sheet.y += 14.0;
}

#[cfg(test)]
mod tests {
    use domain::address::Address;
    use domain::ids::{OrderId, ParcelId, ShipmentId};
    use domain::measure::Weight;
    use proptest::prelude::*;

    use super::*;
    use crate::layout::Item;

    fn texts(page: &Layout) -> Vec<&str> {
        fn text(item: &Item) -> Option<&str> {
            match item {
                Item::Text(text) => Some(text.text.as_str()),
                _ => None,
            }
        }
        page.items.iter().filter_map(text).collect()
    }

    fn parcel(number: u64, name: &str) -> HandedParcel {
        HandedParcel {
            parcel: ParcelId::new(number).unwrap(),
            shipment: ShipmentId::new(number).unwrap(),
            order: OrderId::new(number).unwrap(),
            tracking_number: Some(format!("HF{number:08}")),
            sscc: None,
            order_reference: Some(format!("A-{number}")),
            service: "Standard".to_owned(),
            recipient: Address { name: Some(name.to_owned()), city: Some("Berlin".to_owned()), ..Address::default() },
            weight: Weight::from_milligrams(1_250_000).unwrap(),
            booked_at: None,
            is_scanned: false,
        }
    }

    fn paper(parcels: Vec<HandedParcel>, left_behind: Vec<HandedParcel>) -> ManifestPaper {
        ManifestPaper {
            id: "man_1".to_owned(),
            carrier: "Hausfuhre".to_owned(),
            location: Address { company: Some("Acme".to_owned()), ..Address::default() },
            day: "2026-11-21".parse().unwrap(),
            closed: Some("18:04".to_owned()),
            parcels,
            left_behind,
        }
    }

    #[test]
    fn every_parcel_stands_on_the_paper_once_and_the_weights_add_up() {
        let parcels = (1..=100).map(|number| parcel(number, "Ada")).collect();
        let paper = paper(parcels, vec![parcel(500, "Zoë")]);
        let pages = lay_out(&paper, &Fonts::new(None), &mut Vec::new());
        let all: Vec<_> = pages.iter().flat_map(texts).collect();
        for number in (1..=100).chain([500]) {
            let wanted = format!("HF{number:08}");
            assert_eq!(all.iter().filter(|text| **text == wanted).count(), 1, "{wanted}");
        }
        assert!(all.contains(&"100 parcels, 125 kg") && all.contains(&"Booked and not handed over: 1 parcel, 1.25 kg"));
        assert!(texts(&pages[1]).contains(&"Manifest man_1 · Hausfuhre · 2026-11-21"));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn whatever_is_handed_over_stays_on_the_page(
            names in prop::collection::vec(prop_oneof!["\\PC{0,40}", "\\PC{300,900}"], 0..30), left in 0_usize..4,
        ) {
            let parcels: Vec<_> = names.iter().zip(1..).map(|(name, number)| parcel(number, name)).collect();
            let left_behind = parcels.iter().take(left).cloned().collect();
            for page in lay_out(&paper(parcels, left_behind), &Fonts::new(None), &mut Vec::new()) {
                for item in &page.items {
                    let place = match item {
                        Item::Fill(area, _) => *area,
                        Item::Text(text) => text.area(),
                        _ => continue,
                    };
                    prop_assert!(place.x >= MARGIN - 0.1 && place.right() <= A4.0 - MARGIN + 0.1, "{item:?}");
                    prop_assert!(place.y >= MARGIN - 0.1 && place.bottom() <= A4.1 - 9.0, "{item:?}");
                }
            }
        }
    }
}
