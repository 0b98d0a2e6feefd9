//! Cancelling: the carrier is asked first; who never cancels is told apart from who did not cancel this time.

use serde_json::json;
use testkit::carrier::{Outcome, Scripted};
use testkit::on_both_engines;

use super::fixture::{
    create, created, delete, first_account, history, is, order, order_from, path, refusal, retry, scripted, serving,
    shown, statuses, with_setup,
};

const NEVER: &str = "Provider does not allow cancellation of orders.";
const FAILED: &str = "Provider failed to cancel order";

on_both_engines! {
    async fn a_carrier_that_never_cancels_is_not_asked(engine: Engine) {
        let (first, second) = (Scripted::uncancellable(), Scripted::second());
        let t = scripted(engine, &first, &second).await;
        created(&t, &order("A")).await;
        assert_eq!(refusal(&delete(&t, "A").await), is(403, "CANCELLATION_NOT_ALLOWED", NEVER));
        assert_eq!(first.ledger(|ledger| ledger.cancels_asked), 0);
        assert_eq!(shown(&t, "A").await["status"], "ORDER_DISPATCHED");
    }

    async fn the_sandboxes_settings_for_cancelling_are_told_apart(engine: Engine) {
        for (setting, status, kind, message) in [
            ("refuse", 403, "CANCELLATION_NOT_ALLOWED", NEVER),
            ("fail", 422, "ORDER_CANCELLATION_FAILED", FAILED),
        ] {
            let t = with_setup(engine, &first_account(&format!("cancel = \"{setting}\""))).await;
            created(&t, &order("A")).await;
            assert_eq!(refusal(&delete(&t, "A").await), is(status, kind, message), "{setting}");
        }
    }

    async fn a_refused_cancellation_is_told_and_may_be_tried_again(engine: Engine) {
        let (first, second) = (Scripted::new(), Scripted::second());
        first.next_cancel(Outcome::No("No shipment found within the allowed void period"));
        let t = scripted(engine, &first, &second).await;
        created(&t, &order("A")).await;
        let refused = delete(&t, "A").await;
        assert_eq!(refusal(&refused), is(422, "ORDER_CANCELLATION_FAILED", FAILED));
        assert_eq!(refused.json()["errors"], json!([
            { "type": "NON_CANCELABLE_DELIVERY", "message": "No shipment found within the allowed void period" },
        ]));
        let last = history(&t, "A").await.pop().unwrap();
        assert_eq!((&last["status"], &last["statusUser"]), (&json!("ORDER_DISPATCHED"), &json!("first")));
        assert_eq!(last["eventReason"]["note"], "No shipment found within the allowed void period");
        let cancelled = delete(&t, "A").await;
        assert_eq!((cancelled.status.as_u16(), &cancelled.json()["status"]), (200, &json!("ORDER_CANCELLED")));
    }

    async fn an_order_that_was_never_dispatched_is_past_cancelling_once_it_failed(engine: Engine) {
        let t = serving(engine).await;
        assert_eq!(create(&t, &order_from("A", "closed")).await.status, 422);
        let refused = delete(&t, "A").await;
        assert_eq!(refusal(&refused), is(403, "CANCELLATION_NOT_ALLOWED", NEVER));
        assert_eq!(refused.json()["errors"][0]["message"], "the order is ESTIMATES_FAILED: it is too late to cancel it");
    }

    async fn an_order_of_another_channel_is_cancelled_before_any_carrier_has_it(engine: Engine) {
        let t = serving(engine).await;
        let body = json!({ "external_id": "N-1", "items": [{ "name": "Cup", "quantity": 1, "weight_kg": 1 }],
            "shipping_address": { "street1": "725 Albany Street", "city": "Boston", "country": "US" } });
        assert_eq!(t.post("/v1/orders", &body).await.status, 201);
        assert_eq!(shown(&t, "N-1").await["status"], "REQUEST_RECEIVED");
        let cancelled = delete(&t, "N-1").await;
        assert_eq!(cancelled.status, 200, "{}", cancelled.text());
        assert_eq!(cancelled.json()["provider"]["name"], "");
        assert_eq!(statuses(&t, "N-1").await, ["REQUEST_RECEIVED", "ORDER_CANCELLED"]);
        // Nothing ships it any more, from whichever dialect.
        let shipped = t.post("/v1/orders/ord_1/shipments", &json!({})).await;
        assert_eq!(shipped.status, 409, "{}", shipped.text());
        assert_eq!(refusal(&retry(&t, "N-1").await).0, 409);
    }

    async fn a_delivered_order_is_past_cancelling(engine: Engine) {
        let t = serving(engine).await;
        created(&t, &order("A")).await;
        let delivered = json!({ "events": [{ "code": "DELIVERED" }] });
        assert_eq!(t.post("/v1/shipments/shp_1/tracking-events", &delivered).await.status, 200);
        assert_eq!(shown(&t, "A").await["status"], "ORDER_DELIVERED");
        assert_eq!(refusal(&delete(&t, "A").await), is(403, "CANCELLATION_NOT_ALLOWED", NEVER));
        assert_eq!(t.get(&path("A")).await.json()["status"], "ORDER_DELIVERED");
    }

    async fn what_a_carrier_reports_is_told_in_22_statuses(engine: Engine) {
        let t = serving(engine).await;
        created(&t, &order("A")).await;
        for _ in 0..8 {
            t.clock.advance(std::time::Duration::from_mins(1));
            assert_eq!(t.post("/v1/shipments/shp_1/advance", &json!({})).await.status, 200);
        }
        assert_eq!(statuses(&t, "A").await, [
            "REQUEST_RECEIVED", "ESTIMATES_RECEIVED", "ORDER_DISPATCHED", "ORDER_ASSIGNED", "PICKUP_STARTED", "PICKUP_COMPLETED",
            "IN_TRANSIT", "OUT_FOR_DELIVERY", "ORDER_AT_LOCATION", "ORDER_DELIVERED",
        ]);
        let answer = shown(&t, "A").await;
        assert!(answer["actualPickupTime"].is_u64() && answer["actualDeliveryTime"].is_u64());
        assert_eq!(history(&t, "A").await[3]["statusUser"], "first");
    }
}
