//! Editing: what is sent is laid over what is stored; a label that no longer fits is bought anew on request only.

use serde_json::{Value as Json, json};
use testkit::carrier::{Outcome, Scripted};
use testkit::on_both_engines;

use super::fixture::{create, created, is, order, order_from, path, put, refusal, scripted, serving, shown, statuses};

on_both_engines! {
    async fn fields_that_are_not_sent_stay(engine: Engine) {
        let t = serving(engine).await;
        let before = created(&t, &order("A")).await;
        let edited = put(&t, &path("A"), &json!({ "deliveryContact": { "phone": "+1 201-555-0199" }, "deliveryAddress": { "street2": "Floor 2" } })).await;
        assert_eq!(edited.status, 200, "{}", edited.text());
        let after = edited.json();
        assert_eq!(after["deliveryContact"], json!({ "name": "asd", "phone": "+1 201-555-0199", "email": "" }));
        assert_eq!((&after["deliveryAddress"]["street1"], &after["deliveryAddress"]["street2"]), (&json!("725 Albany Street"), &json!("Floor 2")));
        for name in ["itemList", "package", "orderValue", "id", "trackingId", "createdAt"] {
            assert_eq!(after[name], before[name], "{name}");
        }
    }

    async fn a_bad_edit_tells_everything_at_once_and_changes_nothing(engine: Engine) {
        let t = serving(engine).await;
        created(&t, &order("A")).await;
        let bad = json!({ "orderValue": -1, "deliveryContact": { "name": "" }, "itemList": [{ "quantity": 0 }] });
        let refused = put(&t, &path("A"), &bad).await;
        let body = refused.json();
        assert_eq!(refusal(&refused), is(400, "INVALID_DATA", "The value for the orderValue field is invalid"));
        let errors: Vec<_> = body["errors"].as_array().unwrap().iter().map(|error| (error["parameter"].clone(), error["message"].clone())).collect();
        assert_eq!(errors, [
            (json!("orderValue"), json!("The value for the orderValue field is invalid: found -1. Input should be greater than or equal to 0")),
            (json!("deliveryContact.name"), json!("deliveryContact.name is a required field")),
            (json!("itemList[0].quantity"), json!("The value for the itemList[0].quantity field is invalid: found 0. Input should be greater than or equal to 1")),
        ]);
        assert_eq!(shown(&t, "A").await["orderValue"], 10);
        assert_eq!(refusal(&put(&t, &path("A"), &json!({})).await).1, "VALIDATION_ERROR");
        assert_eq!(refusal(&put(&t, &path("A"), &json!({ "colour": "red" })).await).1, "VALIDATION_ERROR");
    }

    async fn an_order_is_renamed_but_not_to_a_name_that_is_taken(engine: Engine) {
        let t = serving(engine).await;
        for id in ["A", "B"] {
            created(&t, &order(id)).await;
        }
        let taken = put(&t, &path("A"), &json!({ "orderExternalId": "B" })).await;
        assert_eq!(refusal(&taken), is(422, "DUPLICATE_ID", "Resource with provided id already exists."));
        assert_eq!(put(&t, &path("A"), &json!({ "orderExternalId": "C" })).await.status, 200);
        assert_eq!((t.get(&path("A")).await.status.as_u16(), t.get(&path("C")).await.status.as_u16()), (404, 200));
    }

    async fn a_label_is_voided_and_bought_anew_on_request(engine: Engine) {
        let (first, second) = (Scripted::new(), Scripted::second());
        let t = scripted(engine, &first, &second).await;
        let old = created(&t, &order("A")).await["trackingId"].clone();
        let corrected = json!({ "deliveryAddress": { "street1": "727 Albany Street" } });
        let forced = put(&t, "/shipments/A?forceUpdate=true", &corrected).await;
        assert_eq!(forced.status, 200, "{}", forced.text());
        let new = forced.json()["trackingId"].clone();
        assert_ne!(new, old);
        assert_eq!(first.ledger(|ledger| (ledger.cancels_asked, ledger.books_asked)), (1, 2));
        assert_eq!(statuses(&t, "A").await, ["REQUEST_RECEIVED", "ESTIMATES_RECEIVED", "ORDER_DISPATCHED", "ESTIMATES_RECEIVED", "ORDER_DISPATCHED"]);
        // What changes nothing on the label buys nothing.
        let again = put(&t, "/shipments/A?forceUpdate=true", &json!({ "deliveryInstructions": "Ring" })).await;
        assert_eq!((again.status.as_u16(), &again.json()["trackingId"]), (200, &new));
        assert_eq!(first.ledger(|ledger| (ledger.cancels_asked, ledger.books_asked)), (1, 2));
        assert_eq!(refusal(&put(&t, "/shipments/A?forceUpdate=maybe", &corrected).await).1, "INVALID_DATA");
    }

    async fn a_forced_edit_changes_nothing_when_the_carrier_keeps_the_old_label(engine: Engine) {
        let (first, second) = (Scripted::new(), Scripted::second());
        first.next_cancel(Outcome::No("handed over already"));
        let t = scripted(engine, &first, &second).await;
        created(&t, &order("A")).await;
        let corrected = json!({ "deliveryAddress": { "street1": "727 Albany Street" } });
        let refused = put(&t, "/shipments/A?forceUpdate=true", &corrected).await;
        assert_eq!(refusal(&refused).1, "PLACE_ORDER_FAILED");
        let now: Json = shown(&t, "A").await;
        assert_eq!((&now["deliveryAddress"]["street1"], &now["warnings"]), (&json!("725 Albany Street"), &Json::Null));
    }

    async fn an_order_that_no_carrier_has_may_change_its_package(engine: Engine) {
        let t = serving(engine).await;
        assert_eq!(create(&t, &order_from("A", "closed")).await.status, 422);
        let edited = put(&t, &path("A"), &json!({ "package": { "name": "other", "weight": { "value": 2, "unit": "kg" } } })).await;
        assert_eq!((edited.status.as_u16(), &edited.json()["package"]["weight"]), (200, &json!({ "value": 2, "unit": "kg" })));
        assert_eq!(refusal(&put(&t, &path("nobody"), &json!({ "orderValue": 1 })).await), is(404, "NOT_FOUND", "Order with id, nobody, is not found"));
    }
}
