//! What meets: creating twice, cancelling twice, and dispatching again while somebody cancels.

use futures::future::{join, join_all, join3};
use testkit::carrier::{Outcome, Scripted};
use testkit::on_both_engines;

use super::fixture::{create, created, delete, is, order, refusal, retry, scripted, shown, statuses};

/// How often a race is run.
const ROUNDS: usize = 12;

/// The same order in the names of v2.
fn in_v2(id: &str) -> serde_json::Value {
    let mut order = order(id);
    order["storeExternalId"] = "7709".into();
    order["deliveryAddress"]["street"] = "725 Albany Street".into();
    order["deliveryAddress"]["zipcode"] = "02118".into();
    order
}

on_both_engines! {
    async fn of_two_that_create_the_same_order_one_does(engine: Engine) {
        let (first, second) = (Scripted::new(), Scripted::second());
        let t = scripted(engine, &first, &second).await;
        for round in 0..ROUNDS {
            let order = order(&format!("R-{round}"));
            let answers = join_all((0..2).map(|_| create(&t, &order))).await;
            let mut statuses: Vec<_> = answers.iter().map(|answer| answer.status.as_u16()).collect();
            statuses.sort_unstable();
            assert_eq!(statuses, [201, 422], "{answers:?}");
            let refused = answers.iter().find(|answer| answer.status == 422).unwrap();
            assert_eq!(refused.json()["type"], "DUPLICATE_ID");
        }
        assert_eq!(first.ledger(|ledger| ledger.booked.len()), ROUNDS);
    }

    async fn of_two_that_cancel_an_order_one_does(engine: Engine) {
        let (first, second) = (Scripted::new(), Scripted::second());
        let t = scripted(engine, &first, &second).await;
        for round in 0..ROUNDS {
            let id = format!("R-{round}");
            created(&t, &order(&id)).await;
            let answers = join_all((0..2).map(|_| delete(&t, &id))).await;
            let mut statuses: Vec<_> = answers.iter().map(|answer| answer.status.as_u16()).collect();
            statuses.sort_unstable();
            assert_eq!(statuses, [200, 409], "{answers:?}");
            let refused = answers.iter().find(|answer| answer.status == 409).unwrap();
            assert_eq!(refused.json()["type"], "ORDER_ALREADY_CANCELED");
        }
        assert_eq!(first.ledger(|ledger| (ledger.booked.len(), ledger.cancels_asked)), (0, ROUNDS));
    }

    async fn an_order_that_is_cancelled_while_it_is_tried_again_is_not_booked(engine: Engine) {
        let (first, second) = (Scripted::new(), Scripted::second());
        let t = scripted(engine, &first, &second).await;
        let (mut cancelled, mut kept) = (0, 0);
        for round in 0..ROUNDS {
            let id = format!("R-{round}");
            // An order that nobody has: stored through another dialect, so that both may be asked of it.
            let body = serde_json::json!({
                "external_id": id, "items": [{ "name": "Cup", "quantity": 1, "weight_kg": 1 }],
                "shipping_address": { "street1": "725 Albany Street", "city": "Boston", "country": "US" },
            });
            assert_eq!(t.post("/v1/orders", &body).await.status, 201);
            if round % 2 == 1 {
                first.next_booking(Outcome::Slow(20));
            }
            let (again, cancel) = join(retry(&t, &id), delete(&t, &id)).await;
            let now = shown(&t, &id).await["status"].as_str().unwrap().to_owned();
            if cancel.status == 200 {
                cancelled += 1;
                assert_eq!(now, "ORDER_CANCELLED", "{} {}", again.text(), cancel.text());
            } else {
                kept += 1;
                assert_eq!((again.status.as_u16(), now.as_str()), (201, "ORDER_DISPATCHED"), "{}", cancel.text());
            }
        }
        assert_eq!(cancelled + kept, ROUNDS);
        assert!(cancelled > 0, "nobody cancelled anything");
        assert_eq!(first.ledger(|ledger| ledger.booked.len()), kept, "what is cancelled is booked nowhere");
    }

    async fn an_order_that_is_cancelled_while_it_is_being_placed_is_not_booked(engine: Engine) {
        let (first, second) = (Scripted::new(), Scripted::second());
        let t = scripted(engine, &first, &second).await;
        first.ledger(|ledger| ledger.rates = Some(Outcome::Slow(300)));
        let wanted = order("A");
        let cancelling = async {
            loop {
                let answer = delete(&t, "A").await;
                if answer.status != 404 {
                    return answer;
                }
                tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            }
        };
        let (placed, cancelled) = join(create(&t, &wanted), cancelling).await;
        assert_eq!((cancelled.status.as_u16(), &cancelled.json()["status"]), (200, &"ORDER_CANCELLED".into()));
        assert_eq!(refusal(&placed), is(409, "INVALID_OPERATION", "the order is cancelled: nothing was booked"));
        assert_eq!(statuses(&t, "A").await, ["REQUEST_RECEIVED", "ORDER_CANCELLED"]);
        assert_eq!(first.ledger(|ledger| ledger.books_asked), 0);
    }

    async fn an_order_that_waits_to_be_dispatched_while_it_is_tried_again_and_cancelled_is_booked_once_or_not_at_all(engine: Engine) {
        let (first, second) = (Scripted::new(), Scripted::second());
        let t = scripted(engine, &first, &second).await;
        let (mut cancelled, mut kept) = (0, 0);
        for round in 0..ROUNDS {
            let id = format!("R-{round}");
            let placed = t.post("/api/v2/order/placeorderasync", &in_v2(&id)).await;
            assert_eq!(placed.status, 201, "{}", placed.text());
            if round % 3 == 1 {
                first.next_booking(Outcome::Slow(20));
            }
            if round % 3 == 2 {
                first.ledger(|ledger| ledger.rates = Some(Outcome::Slow(10)));
            }
            let (again, cancel, ()) = join3(retry(&t, &id), delete(&t, &id), t.run_jobs()).await;
            first.ledger(|ledger| ledger.rates = None);
            t.run_jobs().await;
            let now = shown(&t, &id).await["status"].as_str().unwrap().to_owned();
            if cancel.status == 200 {
                cancelled += 1;
                assert_eq!(now, "ORDER_CANCELLED", "{} {}", again.text(), cancel.text());
            } else {
                kept += 1;
                assert_eq!(now, "ORDER_DISPATCHED", "{} {}", again.text(), cancel.text());
            }
            t.clock.advance(std::time::Duration::from_mins(5));
            t.run_jobs().await;
            assert_eq!(shown(&t, &id).await["status"], now, "nothing comes of it later");
        }
        assert_eq!(cancelled + kept, ROUNDS);
        assert!(cancelled > 0, "nobody cancelled anything");
        assert_eq!(first.ledger(|ledger| ledger.booked.len()), kept, "what is cancelled is booked nowhere");
    }

    async fn an_order_that_is_tried_again_while_it_waits_is_booked_once(engine: Engine) {
        let (first, second) = (Scripted::new(), Scripted::second());
        let t = scripted(engine, &first, &second).await;
        for round in 0..ROUNDS {
            let id = format!("R-{round}");
            assert_eq!(t.post("/api/v2/order/placeorderasync", &in_v2(&id)).await.status, 201);
            first.next_booking(Outcome::Slow(10));
            let (again, ()) = join(retry(&t, &id), t.run_jobs()).await;
            assert!([201, 409].contains(&again.status.as_u16()), "{}", again.text());
            let told = statuses(&t, &id).await;
            assert_eq!(told, ["REQUEST_RECEIVED", "ESTIMATES_RECEIVED", "ORDER_DISPATCHED"]);
        }
        assert_eq!(first.ledger(|ledger| (ledger.books_asked, ledger.booked.len())), (ROUNDS, ROUNDS));
    }
}
