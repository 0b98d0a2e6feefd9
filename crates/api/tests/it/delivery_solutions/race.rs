//! What meets: creating twice, cancelling twice, and dispatching again while somebody cancels.

use futures::future::{join, join_all};
use testkit::carrier::{Outcome, Scripted};
use testkit::on_both_engines;

use super::fixture::{create, created, delete, order, retry, scripted, shown};

/// How often a race is run.
const ROUNDS: usize = 12;

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
}
