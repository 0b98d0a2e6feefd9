//! Orders deleted, and what that does to their shipments.

use serde_json::json;
use testkit::carrier::{Outcome, Scripted};
use testkit::on_both_engines;

use crate::fixture::{delete, events, order, place, scripted, serving, ship};

on_both_engines! {
    async fn an_order_is_deleted_once(engine: Engine) {
        let t = serving(engine).await;
        place(&t, [order("A"), order("B")]).await;
        let deleted = delete(&t, "/api/v3/orders/1/").await;
        assert_eq!((deleted.status.as_u16(), deleted.text().as_str()), (204, ""));
        let unknown = json!({ "status": 404, "body": { "errors": [{
            "status": "404",
            "code": "not_found",
            "title": "Not found",
            "detail": "The order could not be found with the search criteria given",
        }] } });
        assert_eq!(delete(&t, "/api/v3/orders/1").await.story(), unknown);
        assert_eq!(t.get("/api/v3/orders/1").await.story(), unknown);
        assert_eq!(ship(&t, "A").await.story(), unknown);
        let listed = t.get("/api/v3/orders").await.json();
        assert_eq!(listed["data"].as_array().unwrap().len(), 1);
        assert_eq!(events(&t).await, ["order.created", "order.created", "order.deleted"]);
    }

    async fn deleting_an_order_cancels_its_live_shipment_at_the_carrier(engine: Engine) {
        let carrier = Scripted::new();
        let t = scripted(engine, &carrier).await;
        place(&t, [order("A")]).await;
        assert_eq!(ship(&t, "A").await.status, 201);
        assert_eq!(delete(&t, "/api/v3/orders/1").await.status, 204);
        carrier.ledger(|ledger| {
            assert_eq!((ledger.books_asked, ledger.cancels_asked, ledger.booked.len()), (1, 1, 0));
        });
        let shipment = t.get("/v1/shipments/shp_1").await.json();
        assert_eq!(shipment["status"], "cancelled");
        let told = events(&t).await;
        assert_eq!(told[told.len() - 2..], ["shipment.cancelled", "order.deleted"]);
    }

    async fn an_order_whose_carrier_does_not_cancel_is_deleted_and_a_person_is_told(engine: Engine) {
        let carrier = Scripted::new();
        let t = scripted(engine, &carrier).await;
        place(&t, [order("A")]).await;
        assert_eq!(ship(&t, "A").await.status, 201);
        carrier.ledger(|ledger| ledger.cancels.push_back(Outcome::No("already on the van")));
        assert_eq!(delete(&t, "/api/v3/orders/1").await.status, 204);
        assert_eq!(t.get("/v1/shipments/shp_1").await.json()["status"], "booked");
        let told = events(&t).await;
        assert_eq!(told[told.len() - 2..], ["shipment.cancel_refused", "order.deleted"]);
        assert_eq!(t.get("/api/v3/orders/1").await.status, 404);
    }
}
