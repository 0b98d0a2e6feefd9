//! Customs papers: what is missing is told on arrival, and what is declared is what is inside.

use std::io::Write as _;
use std::process::Command;

use app::orders::OrderRef;
use app::shipments::{BoxWish, ShipWish};
use domain::address::Address;
use domain::customs::CustomsForm;
use domain::document::DocumentKind;
use domain::measure::{Measurement, Quantity, Weight, WeightUnit};
use domain::money::{Currency, Decimal, Money};
use domain::order::{LineItem, OrderDetails};

use crate::fixture::{Shop, berlin, cups};

fn zurich() -> Address {
    Address {
        country: Some("CH".to_owned()),
        postal_code: Some("8001".to_owned()),
        city: Some("Zürich".to_owned()),
        street1: Some("Bahnhofstrasse".to_owned()),
        house_number: Some("12".to_owned()),
        ..berlin()
    }
}

fn worth(cents: i64, currency: &str) -> Money {
    Money::new(Decimal::new(cents, 2), Currency::new(currency).unwrap())
}

fn blanket(quantity: u64) -> LineItem {
    let weight = Quantity { value: Decimal::new(35, 2), unit: WeightUnit::Kg };
    LineItem {
        id: Some("blankets".to_owned()),
        name: "Blanket".to_owned(),
        sku: Some("BLANKET-1".to_owned()),
        quantity,
        unit_price: Some(worth(1_999, "CHF")),
        measurement: Some(Measurement { weight: Some(weight), ..Measurement::default() }),
        hs_code: Some("630120".to_owned()),
        origin_country: Some("PT".to_owned()),
        ..LineItem::default()
    }
}

fn order_of(items: Vec<LineItem>, to: Address) -> OrderDetails {
    OrderDetails { items, shipping_address: Some(to), ..cups("1001") }
}

/// Boxes of one kilogram with these pieces.
fn packed(contents: &[&[(&str, u64)]]) -> ShipWish {
    let one = |pieces: &&[(&str, u64)]| BoxWish {
        weight: Weight::from_kilograms(Decimal::ONE),
        contents: pieces.iter().map(|&(line, quantity)| (line.to_owned(), quantity)).collect(),
        ..BoxWish::default()
    };
    ShipWish { parcels: contents.iter().map(one).collect(), ..ShipWish::default() }
}

async fn told(shop: &Shop, details: OrderDetails) -> Vec<String> {
    let id = shop.place(details).await;
    let order = shop.app().order(&shop.acme, id).await.unwrap();
    let customs = |warning: &String| warning.starts_with("customs: ");
    shop.app().order_warnings(&shop.acme, &order).into_iter().filter(customs).collect()
}

/// What a PDF says, one line each.
fn said(bytes: &[u8]) -> String {
    let (piped, program) = (std::process::Stdio::piped, "pdftotext");
    let mut child = Command::new(program).args(["-layout", "-", "-"]).stdin(piped()).stdout(piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(bytes).unwrap();
    let read = child.wait_with_output().unwrap();
    let text = String::from_utf8(read.stdout).unwrap();
    let lines = text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
    lines.filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
}

testkit::on_both_engines! {
    async fn d3_the_limit_of_an_export_is_judged_by_what_goes_with_one_shipment(engine: Engine) {
        let shop = Shop::open(engine).await;
        let dear = LineItem { unit_price: Some(worth(60_000, "EUR")), ..blanket(2) };
        let expected = "customs: the goods are worth 1200.00 EUR: from 1000 EUR a shipment on, an export declaration is needed";
        // Two parcels of one shipment count together.
        let order = shop.place(order_of(vec![dear.clone()], zurich())).await;
        let together = packed(&[&[("blankets", 1)], &[("blankets", 1)]]);
        let shipment = shop.app().ship(&shop.acme, order, &together).await.unwrap();
        assert_eq!(shipment.details.warnings, [expected]);
        // Two shipments of one order do not.
        let order = shop.place(OrderDetails { external_id: Some("1002".to_owned()), ..order_of(vec![dear.clone()], zurich()) }).await;
        for _ in 0..2 {
            let part = packed(&[&[("blankets", 1)]]);
            let shipment = match shop.app().shipments_of_order(&shop.acme, order).await.unwrap().len() {
                0 => shop.app().ship(&shop.acme, order, &part).await.unwrap(),
                _ => shop.app().ship(&shop.acme, order, &ShipWish::default()).await.unwrap(),
            };
            assert_eq!((shipment.details.warnings.as_slice(), shipment.details.goods.value), (&[] as &[String], Some(worth(60_000, "EUR"))));
        }
        // And nothing is asked for inside the Union.
        let order = shop.place(OrderDetails { external_id: Some("1003".to_owned()), ..order_of(vec![dear], berlin()) }).await;
        assert_eq!(shop.app().ship(&shop.acme, order, &packed(&[&[("blankets", 2)]])).await.unwrap().details.warnings, [] as [String; 0]);
    }

    async fn k1_what_customs_will_ask_is_told_by_product_on_arrival_and_nothing_is_invented(engine: Engine) {
        let shop = Shop::open(engine).await;
        let bare = LineItem { hs_code: None, origin_country: Some(" ".to_owned()), ..blanket(1) };
        let padded = LineItem { id: None, sku: None, name: "Mug".to_owned(), hs_code: Some("6912".to_owned()), ..blanket(1) };
        let details = order_of(vec![bare, padded], zurich());
        assert_eq!(
            told(&shop, details.clone()).await,
            [
                "customs: items/0/hs_code: \"BLANKET-1\" has no tariff code (HS, 6 to 10 digits)",
                "customs: items/0/origin_country: \"BLANKET-1\" has no country of origin",
                "customs: items/1/hs_code: \"Mug\" has the tariff code \"6912\": expected are 6 to 10 digits",
            ]
        );
        let home = OrderDetails { external_id: Some("1002".to_owned()), shipping_address: Some(berlin()), ..details.clone() };
        assert_eq!(told(&shop, home).await, [""; 0]);
        // The form shows what was sent, and leaves empty what was not.
        let order = shop.app().find_order(&shop.acme, &OrderRef::External(None, "1001".to_owned())).await.unwrap();
        let shipment = shop.ship(order.id).await.unwrap();
        let (_, bytes) = shop.app().customs_form(&shop.acme, shipment.parcels[0].id, CustomsForm::Cn23).await.unwrap();
        let text = said(&bytes);
        assert!(text.contains("Blanket 1 0.350 19.99 CHF\nMug 1 0.350 19.99 CHF 6912 PT\nTotal 2 0.700 39.98 CHF"), "{text}");
    }

    async fn k2_a_paper_counts_what_is_in_the_parcel_in_the_orders_currency(engine: Engine) {
        let shop = Shop::open(engine).await;
        let mug = LineItem { id: Some("mugs".to_owned()), name: "Mug".to_owned(), unit_price: None, total_price: Some(worth(1_000, "CHF")), ..blanket(3) };
        let order = shop.place(order_of(vec![blanket(3), mug], zurich())).await;
        let wish = packed(&[&[("blankets", 1), ("mugs", 1)], &[("blankets", 2), ("mugs", 2)]]);
        let shipment = shop.app().ship(&shop.acme, order, &wish).await.unwrap();
        let mut forms = Vec::new();
        for parcel in &shipment.parcels {
            let (document, bytes) = shop.app().customs_form(&shop.acme, parcel.id, CustomsForm::Cn22).await.unwrap();
            assert_eq!((document.kind, document.parcel), (DocumentKind::CustomsForm, Some(parcel.id)));
            forms.push(said(&bytes));
        }
        assert!(forms[0].contains("Blanket 1 0.350 19.99 CHF 630120 PT\nMug 1 0.350 3.33 CHF 630120 PT\nTotal 2 0.700 23.32 CHF"), "{}", forms[0]);
        assert!(forms[1].contains("Blanket 2 0.700 39.98 CHF 630120 PT\nMug 2 0.700 6.67 CHF 630120 PT\nTotal 4 1.400 46.65 CHF"), "{}", forms[1]);
        let (invoice, bytes) = shop.app().commercial_invoice(&shop.acme, shipment.id).await.unwrap();
        assert_eq!((invoice.kind, invoice.parcel), (DocumentKind::CommercialInvoice, None));
        let text = said(&bytes);
        assert!(text.contains("Blanket 630120 PT 3 19.99 CHF 59.97 CHF\nMug 630120 PT 3 10.00 CHF\nTotal 6 69.97 CHF"), "{text}");

        let mixed = LineItem { id: None, unit_price: Some(worth(500, "EUR")), ..blanket(1) };
        let details = OrderDetails { external_id: Some("1003".to_owned()), ..order_of(vec![blanket(1), mixed], zurich()) };
        let order = shop.place(details).await;
        let shipment = shop.ship(order).await.unwrap();
        let refused = shop.app().commercial_invoice(&shop.acme, shipment.id).await.unwrap_err().to_string();
        assert!(refused.contains("worth CHF and EUR") && refused.contains("without a rate"), "{refused}");
    }
}
