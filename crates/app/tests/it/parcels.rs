//! Parcels: an order that leaves in several shipments, and what each of its boxes weighs, collects and is counted for.

use app::shipments::{BoxWish, ShipWish};
use domain::document::{Dpi, Format};
use domain::ids::OrderId;
use domain::measure::{Measurement, Quantity, Weight, WeightUnit};
use domain::money::{Currency, Decimal, Money};
use domain::order::{DeliveryWish, LineItem, OrderDetails, OrderStatus, Payment};
use domain::shipment::Shipment;
use domain::{Error, Result};
use futures::future::join_all;
use testkit::carrier::{Outcome, Scripted};
use testkit::on_both_engines;

use crate::fixture::{Shop, cups};

fn eur(amount: &str) -> Money {
    Money::new(amount.parse().unwrap(), Currency::new("EUR").unwrap())
}

fn weighing(kilograms: &str) -> Measurement {
    let weight = Quantity { value: kilograms.parse().unwrap(), unit: WeightUnit::Kg };
    Measurement { weight: Some(weight), ..Measurement::default() }
}

/// An order of so many cups of 300 g.
fn so_many(external_id: &str, quantity: u64) -> OrderDetails {
    let mut order = cups(external_id);
    (order.items[0].quantity, order.items[0].measurement) = (quantity, Some(weighing("0.3")));
    order
}

/// Boxes with so many pieces of the first line each.
fn holding(pieces: &[u64]) -> ShipWish {
    let contents = |count: &u64| BoxWish { contents: vec![("line-1".to_owned(), *count)], ..BoxWish::default() };
    ShipWish { parcels: pieces.iter().map(contents).collect(), ..ShipWish::default() }
}

/// What was refused: field and reason.
fn refused<T: std::fmt::Debug>(answer: Result<T>) -> Vec<(String, String)> {
    match answer {
        Err(Error::Invalid(problems)) => problems.into_iter().map(|one| (one.path, one.message)).collect(),
        other => panic!("expected problems, found {other:?}"),
    }
}

impl Shop {
    async fn ship_pieces(&self, order: OrderId, pieces: &[u64]) -> Result<Shipment> {
        self.app().ship(&self.acme, order, &holding(pieces)).await
    }

    async fn status(&self, order: OrderId) -> OrderStatus {
        let placed = self.app().order(&self.acme, order).await.unwrap();
        OrderStatus::of(&placed.details, &self.app().shipments_of_order(&self.acme, order).await.unwrap())
    }

    /// How many pieces the live shipments of an order carry.
    async fn pieces_shipped(&self, order: OrderId) -> u64 {
        let shipments = self.app().shipments_of_order(&self.acme, order).await.unwrap();
        let live = shipments.iter().filter(|shipment| shipment.is_live());
        let parcels = live.flat_map(|shipment| &shipment.parcels);
        parcels.flat_map(|parcel| &parcel.parcel.contents).map(|content| content.quantity).sum()
    }
}

fn weights(shipment: &Shipment) -> Vec<(String, bool)> {
    let boxes = shipment.parcels.iter().map(|parcel| &parcel.parcel);
    boxes.map(|parcel| (parcel.weight.to_string(), parcel.weight_is_assumed)).collect()
}

fn collected(shipment: &Shipment) -> Vec<Option<String>> {
    let boxes = shipment.parcels.iter().map(|parcel| parcel.parcel.collect);
    boxes.map(|collect| collect.map(|money| money.to_string())).collect()
}

on_both_engines! {
    async fn d2_four_pieces_of_five_leave_today_and_one_next_week_and_the_sixth_is_refused(engine: Engine) {
        let shop = Shop::open(engine).await;
        let order = shop.place(so_many("1001", 5)).await;
        assert_eq!(shop.status(order).await, OrderStatus::Open);
        let first = shop.ship_pieces(order, &[4]).await.unwrap();
        assert_eq!((weights(&first), first.parcels[0].position), (vec![("1.2 kg".to_owned(), false)], 1));
        assert_eq!(shop.status(order).await, OrderStatus::PartlyShipped);
        assert_eq!(shop.ship_pieces(order, &[4]).await.unwrap(), first, "the same pieces once more are the same shipment");
        assert_eq!(refused(shop.ship_pieces(order, &[2]).await), [(
            "parcels/0/contents/0/quantity".to_owned(),
            format!("2 of \"Cup\" are asked for, and 1 of 5 are left, the others are in {}", first.id),
        )]);

        shop.later(7 * 24 * 3600).await;
        let second = shop.ship_pieces(order, &[1]).await.unwrap();
        assert_eq!((weights(&second), second.parcels[0].position), (vec![("0.3 kg".to_owned(), false)], 2));
        assert_eq!(second.details.goods.names, [("Cup".to_owned(), 1)]);
        assert_eq!(shop.status(order).await, OrderStatus::Shipped);
        let because = ShipWish { further_because: Some("one more".to_owned()), ..holding(&[1]) };
        assert_eq!(refused(shop.app().ship(&shop.acme, order, &because).await), [(
            "parcels/0/contents/0/quantity".to_owned(),
            format!("1 of \"Cup\" are asked for, and 0 of 5 are left, the others are in {}, {}", first.id, second.id),
        )]);
        assert_eq!(shop.asked(), (2, 0, 2));

        // What is given back may be shipped again.
        shop.app().cancel(&shop.acme, first.id).await.unwrap();
        assert_eq!(shop.status(order).await, OrderStatus::PartlyShipped);
        assert_eq!(refused(shop.ship_pieces(order, &[5]).await).len(), 1);
        assert_eq!(shop.ship_pieces(order, &[3, 1]).await.unwrap().parcels.len(), 2);
        assert_eq!((shop.status(order).await, shop.pieces_shipped(order).await), (OrderStatus::Shipped, 5));
    }

    async fn d2_whoever_names_no_pieces_ships_what_is_left(engine: Engine) {
        let shop = Shop::open(engine).await;
        let lamp = LineItem { id: Some("line-2".to_owned()), name: "Lamp".to_owned(), quantity: 1, ..LineItem::default() };
        let mut details = so_many("1001", 5);
        details.items.push(lamp);
        let order = shop.place(details).await;
        shop.ship_pieces(order, &[4]).await.unwrap();
        let two = ShipWish { parcels: vec![BoxWish::default(); 2], ..ShipWish::default() };
        assert_eq!(refused(shop.app().ship(&shop.acme, order, &two).await), [(
            "parcels/0/contents".to_owned(),
            "a part of the order is shipped already: say what is in each parcel".to_owned(),
        )]);
        let rest = shop.app().ship(&shop.acme, order, &ShipWish::default()).await.unwrap();
        assert_eq!(rest.details.goods.names, [("Cup".to_owned(), 1), ("Lamp".to_owned(), 1)]);
        assert_eq!(shop.app().ship(&shop.acme, order, &ShipWish::default()).await.unwrap(), rest);
        assert_eq!((shop.status(order).await, shop.asked().0), (OrderStatus::Shipped, 2));
        // An extra box beside them takes nothing away from the order.
        let extra = ShipWish { further_because: Some("a catalogue".to_owned()), ..ShipWish::default() };
        shop.app().ship(&shop.acme, order, &extra).await.unwrap();
        shop.app().cancel(&shop.acme, rest.id).await.unwrap();
        assert_eq!(shop.status(order).await, OrderStatus::PartlyShipped);
    }

    async fn d2_of_two_requests_for_the_last_piece_one_ships_it(engine: Engine) {
        let shop = Shop::open(engine).await;
        for round in 0..5 {
            let order = shop.place(so_many(&format!("100{round}"), 5)).await;
            shop.ship_pieces(order, &[3]).await.unwrap();
            for _ in 0..6 {
                shop.carrier.next_booking(Outcome::Slow(20));
            }
            // Two pieces are left: only one of these can have what it asks for, or one of each.
            let asked: [&[u64]; 6] = [&[2], &[1, 1], &[2], &[1], &[2], &[1]];
            let answers = join_all(asked.map(|pieces| shop.ship_pieces(order, pieces))).await;
            let made: std::collections::BTreeSet<_> = answers.iter().flatten().map(|shipment| shipment.id).collect();
            for refusal in answers.into_iter().filter(Result::is_err) {
                // Of two boxes with one piece each, it is the second that finds none.
                let field = refused(refusal).remove(0).0;
                assert!(["parcels/0/contents/0/quantity", "parcels/1/contents/0/quantity"].contains(&field.as_str()), "{field}");
            }
            assert_eq!(made.len(), 1, "whatever came first leaves too little for the other wish");
            let shipped = shop.pieces_shipped(order).await;
            assert!(shipped == 4 || shipped == 5, "{shipped} of 5 pieces are shipped");
            shop.carrier.ledger(|ledger| ledger.bookings.clear());
        }
    }

    async fn d2_a_shipment_given_back_while_another_is_planned_never_makes_a_sixth_piece(engine: Engine) {
        let shop = Shop::open(engine).await;
        for round in 0..5 {
            let order = shop.place(so_many(&format!("100{round}"), 5)).await;
            let first = shop.ship_pieces(order, &[4]).await.unwrap();
            let again = async {
                shop.app().cancel(&shop.acme, first.id).await.unwrap();
                shop.ship_pieces(order, &[5]).await
            };
            let (last, all) = tokio::join!(shop.ship_pieces(order, &[1]), again);
            let shipped = shop.pieces_shipped(order).await;
            assert!(shipped <= 5, "{shipped} of 5 pieces are shipped");
            assert!(last.is_ok() || all.is_ok());
        }
    }

    async fn d3_weights_of_the_boxes_add_up_to_the_order(engine: Engine) {
        let shop = Shop::open(engine).await;
        let mut details = so_many("1001", 5);
        details.delivery = Some(DeliveryWish { measurement: Some(weighing("2.000001")), ..DeliveryWish::default() });
        let order = shop.place(details.clone()).await;
        let boxes = |count| ShipWish { parcels: vec![BoxWish::default(); count], ..ShipWish::default() };
        let shipment = shop.app().ship(&shop.acme, order, &boxes(2)).await.unwrap();
        assert_eq!(weights(&shipment), [("1.000001 kg".to_owned(), true), ("1 kg".to_owned(), true)]);

        // A box that somebody weighed leaves the rest to the others.
        details.external_id = Some("1002".to_owned());
        let order = shop.place(details.clone()).await;
        let mut wish = boxes(3);
        wish.parcels[1].weight = Weight::from_kilograms(Decimal::ONE);
        let shipment = shop.app().ship(&shop.acme, order, &wish).await.unwrap();
        let expected = [("0.500001 kg", true), ("1 kg", false), ("0.5 kg", true)];
        assert_eq!(weights(&shipment), expected.map(|(weight, is_assumed)| (weight.to_owned(), is_assumed)));

        // The weight of the whole order is not that of a part of it.
        details.external_id = Some("1003".to_owned());
        let order = shop.place(details).await;
        assert_eq!(weights(&shop.ship_pieces(order, &[4]).await.unwrap()), [("1.2 kg".to_owned(), false)]);
    }

    async fn d3_two_parcels_with_a_sum_on_delivery_collect_it_once(engine: Engine) {
        let shop = Shop::open(engine).await;
        let paid = |external_id: &str, total: Option<Money>| {
            let mut order = so_many(external_id, 5);
            order.items[0].unit_price = Some(eur("190"));
            OrderDetails { payment: Payment { total, cash_on_delivery: Some(true), ..Payment::default() }, ..order }
        };
        let order = shop.place(paid("1001", Some(eur("999.99")))).await;
        let shipment = shop.ship_pieces(order, &[3, 2]).await.unwrap();
        assert_eq!(collected(&shipment), [Some("999.99 EUR".to_owned()), None]);
        assert_eq!(shipment.details.goods.collect, Some(eur("999.99")));
        let mut on_labels = Vec::new();
        for parcel in &shipment.parcels {
            let (_, zpl) = shop.app().label(&shop.acme, parcel.id, Format::Zpl(Dpi::D203)).await.unwrap();
            on_labels.push(String::from_utf8(zpl.to_vec()).unwrap().matches("COLLECT 999.99 EUR").count());
        }
        assert_eq!(on_labels, [1, 0], "the courier asks for it once");
        // A box sent after them asks for nothing more.
        let further = ShipWish { further_because: Some("a catalogue".to_owned()), ..ShipWish::default() };
        assert_eq!(collected(&shop.app().ship(&shop.acme, order, &further).await.unwrap()), [None]);

        // In two shipments, each collects the part of its pieces, and both together the whole.
        let order = shop.place(paid("1002", Some(eur("999.99")))).await;
        let first = shop.ship_pieces(order, &[2, 2]).await.unwrap();
        assert_eq!(collected(&first), [Some("799.99 EUR".to_owned()), None]);
        let second = shop.ship_pieces(order, &[1]).await.unwrap();
        assert_eq!(collected(&second), [Some("200.00 EUR".to_owned())]);
        // What was to be collected by one that was given back is collected by the next.
        shop.app().cancel(&shop.acme, first.id).await.unwrap();
        let rest = shop.app().ship(&shop.acme, order, &ShipWish::default()).await.unwrap();
        assert_eq!(collected(&rest), [Some("799.99 EUR".to_owned())]);

        let order = shop.place(paid("1003", None)).await;
        assert_eq!(refused(shop.ship_pieces(order, &[5]).await), [(
            "total".to_owned(),
            "the order is paid on delivery, but does not say how much: send its total".to_owned(),
        )]);
    }

    async fn d3_a_carrier_that_collects_nothing_gets_no_parcel_to_be_paid_for(engine: Engine) {
        let shop = Shop::of(Scripted::without_cash(), engine, |builder| builder).await;
        let mut details = cups("1001");
        details.payment = Payment { total: Some(eur("10")), cash_on_delivery: Some(true), ..Payment::default() };
        let order = shop.place(details).await;
        assert_eq!(refused(shop.ship(order).await), [(
            "service".to_owned(),
            "no service fits this shipment: house:standard: the carrier collects no money on delivery".to_owned(),
        )]);
        assert_eq!(shop.asked().0, 0);
    }

    async fn d4_the_boxes_follow_the_products_and_are_counted_before_booking(engine: Engine) {
        let shop = Shop::open(engine).await;
        let item = |id: &str, name: &str, quantity, parcels, kilograms| LineItem {
            id: Some(id.to_owned()),
            name: name.to_owned(),
            quantity,
            parcels,
            measurement: Some(weighing(kilograms)),
            ..LineItem::default()
        };
        let items = vec![
            item("sofa", "Sofa", 1, Some(3), "100"),
            item("bag", "Bag", 3, None, "2"),
            item("rug", "Rug", 2, Some(1), "7.5"),
        ];
        let order = shop.place(OrderDetails { items, ..cups("1001") }).await;
        let quote = shop.app().quote(&shop.acme, order, &ShipWish::default()).await.unwrap();
        assert_eq!(
            (quote.parcels.len(), quote.packing.as_str()),
            (6, "\"Sofa\" ships as 3 parcels; \"Rug\" ships as 1 parcel, 2 pieces; the others go in one box")
        );
        let shipment = shop.app().ship(&shop.acme, order, &ShipWish::default()).await.unwrap();
        let expected = ["33.333334 kg", "33.333333 kg", "33.333333 kg", "7.5 kg", "7.5 kg", "6 kg"];
        assert_eq!(weights(&shipment), expected.map(|weight| (weight.to_owned(), false)));
        assert_eq!(shipment.details.goods.names.iter().map(|(_, count)| count).sum::<u64>(), 6);

        let order = shop.place(so_many("1002", 3)).await;
        let quote = shop.app().quote(&shop.acme, order, &ShipWish::default()).await.unwrap();
        assert_eq!((quote.parcels.len(), quote.packing.as_str()), (1, "all goes in one box"));
        shop.ship_pieces(order, &[2]).await.unwrap();
        let quote = shop.app().quote(&shop.acme, order, &ShipWish::default()).await.unwrap();
        assert_eq!((quote.parcels[0].contents[0].quantity, quote.packing.as_str()), (1, "what is left goes in one box"));
    }

    async fn d4_a_service_that_takes_fewer_parcels_is_left_out_before_booking(engine: Engine) {
        let shop = Shop::open(engine).await;
        shop.carrier.ledger(|ledger| ledger.most_parcels = Some(2));
        let order = shop.place(so_many("1001", 5)).await;
        let three = holding(&[2, 2, 1]);
        let quote = shop.app().quote(&shop.acme, order, &three).await.unwrap();
        let why = "it takes 2 parcels a shipment at most, and there are 3";
        let candidates: Vec<_> = quote.decision.candidates.iter().map(|one| (one.service.as_str(), one.why.as_str())).collect();
        assert_eq!((quote.rates.len(), candidates), (0, vec![("house:standard", why)]));
        assert_eq!(refused(shop.app().ship(&shop.acme, order, &three).await), [(
            "service".to_owned(),
            format!("no service fits this shipment: house:standard: {why}"),
        )]);
        assert_eq!(shop.asked().0, 0);
        shop.ship_pieces(order, &[3, 2]).await.unwrap();
    }
}
