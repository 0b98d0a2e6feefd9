//! Batches: every order has an outcome of its own, whoever is killed, and the labels come in one file a group.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use app::App;
use app::batches::{BatchWish, PrintWish};
use app::orders::OrderDraft;
use app::shipments::ShipWish;
use domain::Error;
use domain::address::AddressLimits;
use domain::batch::{Batch, BatchStage, GroupBy, OrderOutcome};
use domain::connector::Connector;
use domain::document::{Dpi, Format, Paper};
use domain::event::EventKind;
use domain::ids::{BatchId, OrderId};
use domain::order::{OrderDetails, ServiceWish};
use domain::shipment::ShipmentStatus;
use testkit::carrier::{Outcome, Scripted};
use testkit::on_both_engines;

use crate::fixture::{Shop, WEB_SHOP, asked, berlin, cups, until};

const ZPL: Format = Format::Zpl(Dpi::D203);

fn wish(format: Format, group_by: &[GroupBy]) -> BatchWish {
    let ship = ShipWish { label_format: format, ..ShipWish::default() };
    BatchWish { ship, group_by: group_by.to_vec(), ..BatchWish::default() }
}

/// Once more, in a format.
fn again(format: Format) -> PrintWish {
    PrintWish { format: Some(format), ..PrintWish::default() }
}

/// What the labels of a file have in common, how many there are, and its bytes.
type File = (Vec<(GroupBy, Option<String>)>, u64, Vec<u8>);

impl Shop {
    /// Places so many orders, each as `details` says.
    async fn place_many(&self, count: usize, details: impl Fn(usize) -> OrderDetails) -> Vec<OrderId> {
        let draft = |n| OrderDraft { id: None, channel: WEB_SHOP, details: details(n) };
        let placed = self.app().place_orders(&self.acme, (0..count).map(draft).collect()).await.unwrap();
        placed.iter().map(|placed| placed.id).collect()
    }

    /// Places so many orders of two cups each.
    async fn orders(&self, count: usize) -> Vec<OrderId> {
        self.place_many(count, |n| cups(&format!("{n:04}"))).await
    }

    async fn batch(&self, id: BatchId) -> Batch {
        self.app().batch(&self.acme, id).await.unwrap()
    }

    /// Labels orders and runs the jobs to the end.
    async fn labelled(&self, orders: &[OrderId], wish: BatchWish) -> Batch {
        let begun = self.app().label_orders(&self.acme, orders, wish).await.unwrap();
        self.t.run_jobs().await;
        self.batch(begun.id).await
    }

    /// The bytes of the files of a batch's last printing, in the order of its groups.
    async fn files(&self, app: &App, batch: &Batch) -> Vec<File> {
        let documents = app.documents_of_batch(&self.acme, batch.id, None, 100).await.unwrap();
        let mut files = Vec::new();
        for document in documents {
            let part = document.of_batch.clone().unwrap();
            if part.printing == batch.printing.number {
                let (known, bytes) = app.document(&self.acme, document.id).await.unwrap();
                assert_eq!((known.format, known.size), (batch.printing.format, bytes.len() as u64));
                files.push((part.group, part.labels, bytes.to_vec()));
            }
        }
        files
    }

    /// The tracking numbers of orders, in this order.
    async fn numbers(&self, orders: &[OrderId]) -> Vec<String> {
        let mut numbers = Vec::new();
        for order in orders {
            numbers.extend(self.only_shipment(*order).await.tracking_numbers());
        }
        numbers
    }
}

/// How the orders of a batch stand: waiting, labelled, skipped, failed.
fn counts(batch: &Batch) -> [u64; 4] {
    let counts = batch.counts;
    assert_eq!(counts.waiting() + counts.labelled + counts.skipped + counts.failed, counts.total);
    [counts.waiting(), counts.labelled, counts.skipped, counts.failed]
}

/// The tracking numbers of a ZPL file as they lie in it, one a label.
fn numbers_in(zpl: &[u8], known: &[String]) -> Vec<String> {
    let text = String::from_utf8(zpl.to_vec()).unwrap();
    let labels = text.split("^XZ").filter(|label| !label.trim().is_empty());
    labels
        .filter_map(|label| known.iter().find(|number| label.contains(&format!("Tracking {number}"))).cloned())
        .collect()
}

fn to(country: &str) -> OrderDetails {
    let mut details = cups(country);
    details.shipping_address.as_mut().unwrap().country = Some(country.to_owned());
    details
}

on_both_engines! {
    async fn b1_of_a_thousand_orders_with_37_bad_ones_963_are_labelled_and_the_37_are_listed_with_field_and_reason(engine: Engine) {
        let shop = Shop::open(engine).await;
        shop.carrier.ledger(|ledger| ledger.limits = AddressLimits { city: Some(10), ..AddressLimits::NONE });
        let bad = |n: usize| n % 27 == 26;
        let orders = shop.place_many(1_000, |n| {
            let mut details = cups(&format!("{n:04}"));
            if bad(n) && n % 2 == 0 {
                details.shipping_address = None;
            } else if bad(n) {
                details.shipping_address.as_mut().unwrap().city = Some("Frankfurt am Main".to_owned());
            }
            details
        });
        let orders = orders.await;
        let batch = shop.labelled(&orders, wish(ZPL, &[])).await;
        assert_eq!((batch.stage, counts(&batch)), (BatchStage::Done, [0, 963, 0, 37]));
        assert_eq!(shop.asked().2, 963);
        let failed = shop.app().orders_of_batch(&shop.acme, batch.id, Some(OrderOutcome::Failed), 0, 100).await.unwrap();
        let listed: Vec<_> = failed.iter().map(|one| {
            let number = one.order.as_ref().unwrap().details.number.clone().unwrap();
            let [problem] = one.standing.problems.as_slice() else { panic!("{:?}", one.standing) };
            format!("{number} {}: {}", problem.path, problem.message)
        }).collect();
        assert_eq!(listed.len(), 37);
        insta::assert_snapshot!(listed[..2].join("\n"), @r#"
        #0026 shipping_address: the order has no shipping address
        #0053 recipient/city: recipient/city: "Frankfurt am Main" has 17 characters and 10 are allowed; no wrapping over free lines fits: shorten it
        "#);
        let files = shop.files(shop.app(), &batch).await;
        assert_eq!(files.iter().map(|(_, labels, _)| *labels).collect::<Vec<_>>(), [963]);

        // Those that are mended are labelled by a retry, into a file of their own; the others fail again.
        shop.carrier.ledger(|ledger| ledger.limits = AddressLimits::NONE);
        let again = shop.app().retry_batch(&shop.acme, batch.id).await.unwrap();
        assert_eq!((again.stage, again.round, counts(&again)), (BatchStage::Labelling, 2, [37, 963, 0, 0]));
        shop.t.run_jobs().await;
        let done = shop.batch(batch.id).await;
        assert_eq!((done.stage, counts(&done)), (BatchStage::Done, [0, 981, 0, 19]));
        let files = shop.files(shop.app(), &done).await;
        assert_eq!(files.iter().map(|(_, labels, _)| *labels).collect::<Vec<_>>(), [18]);
        assert_eq!(shop.asked().2, 981);
    }

    async fn b2_a_batch_goes_on_where_it_was_stopped_and_at_every_moment_its_orders_sum_to_the_total(engine: Engine) {
        let shop = Shop::open(engine).await;
        let orders = shop.orders(120).await;
        let batch = shop.app().label_orders(&shop.acme, &orders, wish(ZPL, &[])).await.unwrap();
        assert_eq!((batch.stage, counts(&batch)), (BatchStage::Labelling, [120, 0, 0, 0]));
        for _ in 0..40 {
            shop.carrier.next_booking(Outcome::Slow(20));
        }
        // Another process takes it up and is killed in the middle, twice.
        let connector: Arc<dyn Connector> = Arc::new(shop.carrier.clone());
        for least in [20, 60] {
            let other = shop.t.another(vec![Arc::clone(&connector)]).await;
            let running = tokio::spawn({
                let other = other.clone();
                async move { other.run_jobs_until_idle().await }
            });
            until(|| shop.asked().2 >= least).await;
            counts(&shop.batch(batch.id).await);
            running.abort();
            drop(running.await);
            other.store().close().await;
            shop.t.clock.advance(Duration::from_mins(2));
        }
        assert!(counts(&shop.batch(batch.id).await)[0] > 0);
        let watching = tokio::spawn({
            let (app, acme) = (shop.app().clone(), shop.acme.clone());
            async move {
                let mut seen = BTreeSet::new();
                loop {
                    let batch = app.batch(&acme, batch.id).await.unwrap();
                    seen.insert(counts(&batch));
                    if batch.stage == BatchStage::Done {
                        return seen;
                    }
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
            }
        });
        shop.t.run_jobs().await;
        for _ in 0..5 {
            shop.later(120).await;
        }
        let seen = watching.await.unwrap();
        assert!(seen.contains(&[0, 120, 0, 0]), "{seen:?}");
        assert_eq!(shop.asked().2, 120, "the carrier has one booking an order");
        for order in &orders {
            assert_eq!(shop.only_shipment(*order).await.status, ShipmentStatus::Booked);
        }
        let done = shop.batch(batch.id).await;
        let files = shop.files(shop.app(), &done).await;
        let expected = shop.numbers(&orders).await;
        assert_eq!(numbers_in(&files[0].2, &expected), expected);
    }

    async fn b3_a_carrier_that_never_answers_holds_up_no_other_and_each_shows_its_backlog_speed_and_end(engine: Engine) {
        let second = "[[tenant.carrier_account]]\nid = \"quick\"\ncarrier = \"second\"\nsettings = {}\n\n[[tenant.carrier_account]]";
        let setup = testkit::scripted_setup().replacen("[[tenant.carrier_account]]", second, 1);
        let (slow, quick) = (Scripted::new(), Scripted::second());
        let connectors: Vec<Arc<dyn Connector>> = vec![Arc::new(slow.clone()), Arc::new(quick.clone())];
        let shop = Shop::of(slow.clone(), engine, |builder| {
            builder.connectors(connectors).setup(setup).options(|options| options.carrier_timeout = Duration::from_mins(2))
        }).await;
        slow.ledger(|ledger| ledger.bookings = (0..200).map(|_| Outcome::Slow(60_000)).collect());
        // Two in three go by the slow one, and come first.
        let orders = shop.place_many(300, |n| {
            let code = Some(if n % 3 == 2 { "quick:standard" } else { "house:standard" }.to_owned());
            let service = Some(ServiceWish { code, contract: None });
            let delivery = Some(domain::order::DeliveryWish { service, ..domain::order::DeliveryWish::default() });
            OrderDetails { delivery, ..cups(&format!("{n:04}")) }
        });
        let orders = orders.await;
        let batch = shop.app().label_orders(&shop.acme, &orders, wish(ZPL, &[])).await.unwrap();
        let running = tokio::spawn({
            let app = shop.app().clone();
            async move { app.run_jobs_until_idle().await }
        });
        until(|| asked(&quick).2 == 100).await;
        assert_eq!(asked(&slow).2, 0, "it has not answered once");
        assert_eq!(asked(&slow).0, 16, "no more are under way than may be asked at once");
        let mut tries = 0;
        let lanes = loop {
            let lanes = shop.batch(batch.id).await.lanes;
            if lanes.iter().any(|lane| lane.done == 100) || tries > 400 {
                break lanes;
            }
            tries += 1;
            tokio::time::sleep(Duration::from_millis(5)).await;
        };
        let lane = |account: &str| lanes.iter().find(|lane| lane.account.as_deref() == Some(account)).unwrap();
        let hanging = lane("house");
        assert_eq!((hanging.waiting, hanging.done, hanging.per_minute, hanging.ends_at), (200, 0, None, None));
        let going = lane("quick");
        assert_eq!((going.waiting, going.done, going.ends_at), (0, 100, None));
        assert!(going.per_minute.unwrap() > 100, "{going:?}");
        assert_eq!(counts(&shop.batch(batch.id).await), [200, 100, 0, 0]);
        running.abort();
        drop(running.await);
    }

    async fn b3_a_carrier_that_lets_questions_for_rates_hang_costs_its_first_orders_the_wait_and_is_left_out_then(engine: Engine) {
        let second = "[[tenant.carrier_account]]\nid = \"hanging\"\ncarrier = \"second\"\nsettings = {}\n\n[[tenant.carrier_account]]";
        let setup = testkit::scripted_setup().replacen("[[tenant.carrier_account]]", second, 1);
        let (quick, hanging) = (Scripted::new(), Scripted::second());
        let connectors: Vec<Arc<dyn Connector>> = vec![Arc::new(quick.clone()), Arc::new(hanging.clone())];
        let shop = Shop::of(quick.clone(), engine, |builder| {
            builder.connectors(connectors).setup(setup).options(|options| options.rate_timeout = Duration::from_millis(300))
        }).await;
        hanging.ledger(|ledger| ledger.rates = Some(Outcome::Slow(3_600_000)));
        // Nobody names a carrier, so all orders wait in one lane for both.
        let orders = shop.orders(200).await;
        let batch = shop.labelled(&orders, wish(ZPL, &[])).await;
        assert_eq!((batch.stage, counts(&batch)), (BatchStage::Done, [0, 200, 0, 0]));
        assert_eq!(batch.lanes.len(), 1);
        let asked_hanging = hanging.ledger(|ledger| ledger.rates_asked);
        assert!((3..=16).contains(&asked_hanging), "{asked_hanging} of 200 orders waited for it");
        let why = |shipment: &domain::shipment::Shipment| {
            let decision = shipment.details.decision.clone().unwrap();
            decision.candidates.into_iter().find(|one| one.service == "hanging").unwrap().why
        };
        assert_eq!(why(&shop.only_shipment(orders[0]).await), "the carrier did not answer: no answer in time");
        assert_eq!(
            why(&shop.only_shipment(orders[199]).await),
            "the carrier did not answer: left out until 2026-03-02T10:00:30Z, since it lets questions hang"
        );

        // When its time is over one question tries it anew, and a longer time begins; once it answers, it is asked as before.
        let one_more = async |number: &str| {
            let order = shop.order(number).await;
            shop.labelled(&[order], wish(ZPL, &[])).await;
            shop.only_shipment(order).await
        };
        shop.t.clock.advance(Duration::from_secs(31));
        assert_eq!(why(&one_more("again").await), "the carrier did not answer: no answer in time");
        assert_eq!(
            why(&one_more("left out").await),
            "the carrier did not answer: left out until 2026-03-02T10:01:31Z, since it lets questions hang"
        );
        assert_eq!(hanging.ledger(|ledger| ledger.rates_asked), asked_hanging + 1);
        hanging.ledger(|ledger| ledger.rates = None);
        shop.t.clock.advance(Duration::from_secs(61));
        for number in ["back", "as before"] {
            let candidates = one_more(number).await.details.decision.unwrap().candidates;
            assert!(candidates.iter().any(|one| one.service == "hanging:standard"), "{candidates:?}");
        }
    }

    async fn when_a_batch_is_done_an_event_tells_how_its_orders_stand_once_a_printing(engine: Engine) {
        let shop = Shop::open(engine).await;
        let mut orders = shop.orders(3).await;
        orders.push(shop.place(OrderDetails { shipping_address: None, ..cups("bad") }).await);
        let batch = shop.labelled(&orders, wish(ZPL, &[])).await;
        let told = async || {
            let feed = shop.app().feed(&shop.acme, 0, 1_000).await.unwrap();
            let done = feed.into_iter().filter(|(_, event)| event.kind == EventKind::BatchDone);
            done.map(|(_, event)| (event.about.batch, event.about.counts)).collect::<Vec<_>>()
        };
        let expected = (Some(batch.id), Some(batch.counts));
        assert_eq!((told().await, counts(&batch)), (vec![expected], [0, 3, 0, 1]));
        shop.app().print_batch(&shop.acme, batch.id, PrintWish::default()).await.unwrap();
        shop.t.run_jobs().await;
        assert_eq!(told().await, [expected, expected]);
        assert_eq!(shop.batch(batch.id).await.stage, BatchStage::Done);
    }

    async fn b6_one_file_a_printer_in_the_chosen_order_and_a_run_is_printed_again_without_the_carrier(engine: Engine) {
        let shop = Shop::open(engine).await;
        let mut orders = shop.orders(30).await;
        orders.reverse();
        orders.swap(3, 20);
        let batch = shop.labelled(&orders, wish(ZPL, &[])).await;
        assert_eq!((batch.stage, counts(&batch)), (BatchStage::Done, [0, 30, 0, 0]));
        let expected = shop.numbers(&orders).await;
        let files = shop.files(shop.app(), &batch).await;
        assert_eq!(files.len(), 1);
        assert_eq!(numbers_in(&files[0].2, &expected), expected);
        let asked = shop.asked();

        // In every format there is one file, though there is no carrier to ask.
        let off = shop.t.another(Vec::new()).await;
        for (printing, format) in (2..).zip([Format::Pdf(Paper::Mm100x150), Format::Pdf(Paper::A4), ZPL]) {
            off.print_batch(&shop.acme, batch.id, again(format)).await.unwrap();
            off.run_jobs_until_idle().await.unwrap();
            let printed = off.batch(&shop.acme, batch.id).await.unwrap();
            assert_eq!((printed.stage, printed.printing.number), (BatchStage::Done, printing));
            let again = shop.files(&off, &printed).await;
            assert_eq!(again.iter().map(|(_, labels, _)| *labels).collect::<Vec<_>>(), [30]);
            if format == ZPL {
                assert!(again[0].2 == files[0].2, "the same bytes as before");
            } else {
                assert!(again[0].2.starts_with(b"%PDF"));
            }
        }
        off.store().close().await;
        assert_eq!(shop.asked(), asked);
        let refused = shop.app().print_batch(&shop.acme, batch.id, again(Format::Png(Dpi::D203))).await;
        assert_eq!(refused.unwrap_err().to_string(), "format: a png_203 file holds one label: labels of many orders go as PDF or ZPL");
    }

    async fn b6_groups_come_one_a_file_with_a_page_that_says_what_they_have_in_common(engine: Engine) {
        let shop = Shop::open(engine).await;
        let countries = ["NL", "DE", "FR", "DE", "NL", "DE"];
        let orders = shop.place_many(6, |n| OrderDetails { external_id: Some(format!("{n}")), ..to(countries[n]) }).await;
        let batch = shop.labelled(&orders, wish(ZPL, &[GroupBy::Country, GroupBy::Seller])).await;
        let files = shop.files(shop.app(), &batch).await;
        let numbers = shop.numbers(&orders).await;
        let shown: Vec<_> = files.iter().map(|(group, labels, zpl)| {
            let text = String::from_utf8(zpl.clone()).unwrap();
            let title = text.split("^XZ").next().unwrap();
            assert_eq!(text.matches("^XZ").count() as u64, labels + 1);
            assert!(title.contains(&format!("of {labels} order")), "{title}");
            let places: Vec<_> = numbers_in(zpl, &numbers).iter().map(|found| numbers.iter().position(|one| one == found).unwrap()).collect();
            (group[0].1.clone().unwrap(), group[1].1.clone(), places)
        }).collect();
        let expected = [("DE", vec![1, 3, 5]), ("FR", vec![2]), ("NL", vec![0, 4])];
        assert_eq!(shown, expected.map(|(country, places)| (country.to_owned(), None, places)));
    }

    async fn orders_with_a_label_are_skipped_and_those_of_others_or_none_are_told_before_anything_is_stored(engine: Engine) {
        let shop = Shop::open(engine).await;
        let orders = shop.orders(3).await;
        let shipped = shop.ship(orders[1]).await.unwrap();
        let twice = [orders[0], orders[1], orders[0], orders[2]];
        let batch = shop.labelled(&twice, wish(Format::default(), &[])).await;
        assert_eq!((batch.stage, counts(&batch)), (BatchStage::Done, [0, 2, 1, 0]));
        let skipped = shop.app().orders_of_batch(&shop.acme, batch.id, Some(OrderOutcome::Skipped), 0, 10).await.unwrap();
        assert_eq!((skipped.len(), skipped[0].standing.shipment), (1, Some(shipped.id)));
        let nothing = shop.app().retry_batch(&shop.acme, batch.id).await.unwrap_err();
        assert_eq!(nothing, Error::Conflict("no order of the batch has failed: there is nothing to retry".to_owned()));

        let other = shop.t.caller("sec-other", domain::channel::Dialect::Native).await;
        let refused = shop.app().label_orders(&other, &orders[..2], wish(ZPL, &[])).await.unwrap_err();
        assert_eq!(refused.to_string(), "orders/0: there is no order ord_1; orders/1: there is no order ord_2");
        assert_eq!(shop.app().batch(&other, batch.id).await, Err(Error::NotFound("batch")));
        let empty = shop.app().label_orders(&shop.acme, &[], wish(ZPL, &[])).await.unwrap_err();
        assert_eq!(empty.to_string(), "orders: there is no order to label: name at least one");
    }

    async fn labels_that_a_carrier_made_are_copied_and_what_cannot_be_read_has_a_page_that_says_so(engine: Engine) {
        let shop = Shop::open(engine).await;
        let drawn = shop.shipped("drawn").await;
        let (_, pdf) = shop.app().label(&shop.acme, drawn.parcels[0].id, Format::Pdf(Paper::A6)).await.unwrap();
        let first = shop.orders(2).await;
        shop.carrier.ledger(|ledger| ledger.label = Some(pdf.to_vec()));
        let batch = shop.labelled(&first, wish(Format::default(), &[])).await;
        let files = shop.files(shop.app(), &batch).await;
        assert_eq!((counts(&batch), files[0].1), ([0, 2, 0, 0], 2));
        let documents = shop.app().documents_of_batch(&shop.acme, batch.id, None, 10).await.unwrap();
        assert_eq!(documents[0].warnings, [""; 0]);

        // A label printer gets them in dots, as fine as it prints.
        for (dpi, width) in [(Dpi::D203, 799), (Dpi::D300, 1181), (Dpi::D600, 2362)] {
            shop.app().print_batch(&shop.acme, batch.id, again(Format::Zpl(dpi))).await.unwrap();
            shop.t.run_jobs().await;
            let batch = shop.batch(batch.id).await;
            let zpl = String::from_utf8(shop.files(shop.app(), &batch).await.remove(0).2).unwrap();
            let drawn = zpl.matches(&format!("^XA^PW{width}^")).count();
            assert_eq!((drawn, zpl.contains("^GFA,"), zpl.contains("LABEL MISSING")), (2, true, false));
        }

        shop.carrier.ledger(|ledger| ledger.label = Some(b"%PDF-1.4 damaged".to_vec()));
        let damaged = shop.place(OrderDetails { shipping_address: Some(berlin()), ..cups("damaged") }).await;
        let batch = shop.labelled(&[damaged], wish(Format::default(), &[])).await;
        let documents = shop.app().documents_of_batch(&shop.acme, batch.id, None, 10).await.unwrap();
        let parcel = shop.only_shipment(damaged).await.parcels[0].id;
        assert_eq!(documents[0].warnings.len(), 1);
        let expected = format!("not in the file: order #damaged, parcel {parcel}: the carrier's label cannot be put in: ");
        assert!(documents[0].warnings[0].starts_with(&expected), "{:?}", documents[0].warnings);

        // Nor does it go into a file of another kind.
        shop.app().print_batch(&shop.acme, batch.id, again(ZPL)).await.unwrap();
        shop.t.run_jobs().await;
        let batch = shop.batch(batch.id).await;
        let files = shop.files(shop.app(), &batch).await;
        assert!(String::from_utf8(files[0].2.clone()).unwrap().contains("LABEL MISSING"));
    }

    async fn an_order_whose_carrier_gives_no_answer_waits_until_it_is_known_what_came_of_it(engine: Engine) {
        let shop = Shop::open(engine).await;
        let orders = shop.orders(2).await;
        shop.carrier.next_booking(Outcome::LostAnswer);
        let batch = shop.labelled(&orders, wish(ZPL, &[])).await;
        assert_eq!((batch.stage, counts(&batch)), (BatchStage::Labelling, [1, 1, 0, 0]));
        shop.later(30).await;
        shop.later(3).await;
        let batch = shop.batch(batch.id).await;
        assert_eq!((batch.stage, counts(&batch)), (BatchStage::Done, [0, 2, 0, 0]));
        assert_eq!(shop.asked(), (2, 0, 2), "no label is bought twice");
    }

    async fn after_a_while_such_an_order_counts_as_failed_and_a_retry_finds_its_label(engine: Engine) {
        let shop = Shop::open(engine).await;
        let orders = shop.orders(2).await;
        shop.carrier.next_booking(Outcome::LostAnswer);
        let batch = shop.labelled(&orders, wish(ZPL, &[])).await;
        shop.later(121).await;
        let failed = shop.app().orders_of_batch(&shop.acme, batch.id, Some(OrderOutcome::Failed), 0, 10).await.unwrap();
        let why = &failed[0].standing.problems[0].message;
        assert_eq!(why, "not known yet whether the carrier booked it, it is asked again: the carrier did not answer: no answer");
        let batch = shop.batch(batch.id).await;
        assert_eq!((batch.stage, counts(&batch)), (BatchStage::Done, [0, 1, 0, 1]));
        shop.later(30).await;
        shop.app().retry_batch(&shop.acme, batch.id).await.unwrap();
        shop.t.run_jobs().await;
        assert_eq!(counts(&shop.batch(batch.id).await), [0, 2, 0, 0]);
        assert_eq!(shop.asked(), (2, 0, 2), "no label is bought twice");
    }
}
