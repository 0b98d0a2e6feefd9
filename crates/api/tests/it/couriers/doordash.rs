//! DoorDash Drive: a quote is taken, the courier comes, and nothing is ordered twice.

use carriers::testing::Trouble;
use serde_json::{Value as Json, json};
use testkit::on_both_engines;

use super::fixture::{Boston, wish};
use crate::fixture::kind_of;

on_both_engines! {
    async fn an_order_goes_all_its_way_by_courier(engine: Engine) {
        let boston = Boston::open(engine).await;
        boston.order("A").await;
        let booked = boston.ship("dash:standard").await;
        assert_eq!(booked.status, 201, "{}", booked.text());
        let booked = booked.json();
        assert_eq!((&booked["status"], &booked["is_ready_to_print"]), (&json!("booked"), &json!(true)));
        assert_eq!(booked["charged"], booked["rate"]["total"]);
        assert!(booked["carrier_page"].as_str().unwrap().starts_with("https://track.example.com/order/"), "{booked}");
        assert_eq!((boston.live(), boston.dash.calls("accept"), boston.dash.calls("create")), ((0, 1), 1, 0));
        let label = boston.t.get("/v1/parcels/pcl_1/label").await;
        assert_eq!(kind_of(&label.bytes), "<PDF>", "a hand-over slip of ours");

        // Nobody told of the step, so it is asked for.
        let number = boston.number().await;
        boston.dash.with(|dash| dash.advance(&number, "picked_up"));
        boston.later(31 * 60).await;
        assert_eq!(boston.shipment().await["tracking"], "in_transit");
        boston.later(31 * 60).await;
        assert_eq!(boston.told().await, ["picked_up in_transit"], "once");
        let refused = boston.t.post("/v1/shipments/shp_1/cancel", &Json::Null).await;
        assert_eq!(refused.status, 422, "{}", refused.text());
        boston.dash.with(|dash| dash.advance(&number, "delivered"));
        boston.later(31 * 60).await;
        assert_eq!(boston.shipment().await["tracking"], "delivered");
    }

    async fn a_courier_is_called_off(engine: Engine) {
        let boston = Boston::open(engine).await;
        boston.order("A").await;
        boston.ship("dash:standard").await;
        boston.dash.trouble("cancel", Trouble::DropsAfter);
        let lost = boston.t.post("/v1/shipments/shp_1/cancel", &Json::Null).await;
        assert!(lost.status.is_server_error(), "{}", lost.text());
        assert_eq!(boston.shipment().await["status"], "cancelling");
        boston.later(16).await;
        assert_eq!((boston.shipment().await["status"].clone(), boston.live()), (json!("cancelled"), (0, 0)));
    }

    async fn a_connection_that_drops_after_the_order_ends_with_one_courier(engine: Engine) {
        for trouble in [Trouble::DropsAfter, Trouble::Garbles, Trouble::DropsBefore, Trouble::Says(500, json!({}))] {
            let boston = Boston::open(engine).await;
            boston.order("A").await;
            boston.dash.trouble("accept", trouble.clone());
            boston.dash.trouble("get", Trouble::Says(503, Json::Null));
            let lost = boston.ship("dash:standard").await;
            assert!(lost.status.is_server_error(), "{}", lost.text());
            // The quote is over by the time that DoorDash answers again.
            boston.dash.trouble("accept", Trouble::Says(503, Json::Null));
            for _ in 0..3 {
                boston.later(150).await;
            }
            assert_eq!((boston.shipment().await["status"].clone(), boston.live()), (json!("booked"), (0, 1)), "{trouble:?}");
            let id = boston.dash.with(|dash| dash.live()[0]["external_delivery_id"].as_str().unwrap().to_owned());
            assert_eq!(boston.number().await, id);
        }
    }

    async fn a_wait_that_doordash_asks_for_is_kept(engine: Engine) {
        let boston = Boston::open(engine).await;
        boston.order("A").await;
        boston.dash.trouble("accept", Trouble::Busy(Some(20)));
        let waiting = boston.ship("dash:standard").await;
        assert_eq!((waiting.status.as_u16(), waiting.header("retry-after")), (503, "20"));
        boston.later(19).await;
        assert_eq!((boston.dash.calls("accept"), boston.live()), (1, (0, 0)));
        boston.later(2).await;
        assert_eq!((boston.dash.calls("accept"), boston.live()), (2, (0, 1)));
    }

    async fn where_no_courier_goes_the_others_are_offered_and_the_reason_is_told(engine: Engine) {
        let boston = Boston::open(engine).await;
        let mut far = super::fixture::near("A");
        far["shipping_address"]["city"] = json!("Seattle");
        crate::fixture::place(&boston.t, [far]).await;
        let quote = boston.t.post("/v1/orders/ord_1/rates", &json!({ "parcels": wish("")["parcels"] })).await.json();
        let why = quote["decision"]["candidates"].as_array().unwrap().iter().find(|one| one["service"] == "dash:standard");
        let why = why.unwrap()["why"].as_str().unwrap();
        assert_eq!(why, "The delivery is too far away (DoorDash invalid_delivery_parameters, distance_too_long)");
        assert_eq!(quote["rates"][0]["service"], "ups:03");
    }
}
