//! What a carrier says no to, in the words of whoever sent the order, with its full answer one click away.

use domain::channel::Dialect;
use serde_json::json;
use testkit::carrier::{Outcome, Scripted};
use testkit::on_both_engines;

use crate::fixture::{order, place, scripted};
use crate::native_shipments::SHIP;
use crate::openapi::conforms;

on_both_engines! {
    async fn m1_a_refusal_stands_in_the_senders_words_and_leads_to_the_carriers_full_answer(engine: Engine) {
        const WHY: &str = "postal_code \"1011\": the carrier expects 4 digits and 2 letters, such as 5347AB: correct it";
        let carrier = Scripted::new();
        carrier.refuse_field("recipient/postal_code");
        carrier.next_booking(Outcome::No(WHY));
        let t = scripted(engine, &carrier).await;
        place(&t, [order("A")]).await;
        let refused = t.post(SHIP, &json!({})).await;
        assert_eq!(
            refused.story(),
            json!({ "status": 422, "body": {
                "type": "/docs/errors#carrier-refused",
                "title": "Carrier refused",
                "status": 422,
                "detail": WHY,
                "carrier_answer": "/v1/shipments/shp_1/exchanges",
                "errors": [{ "pointer": "/shipping_address/postal_code", "detail": WHY }],
            } })
        );
        let answer = t.get(refused.json()["carrier_answer"].as_str().unwrap()).await;
        conforms(Dialect::Native, "GET /v1/shipments/{id}/exchanges", &answer);
        assert_eq!(
            answer.json(),
            json!({ "data": [{
                "at": "2026-03-02T10:00:00Z",
                "operation": "book",
                "request": "shp_1",
                "answer": format!("422 {WHY}"),
            }] })
        );
        // The other tenant sees nothing of it.
        let theirs = t.call_with("Bearer sec-other", http::Method::GET, "/v1/shipments/shp_1/exchanges", "").await;
        assert_eq!(theirs.status, 404);

        carrier.next_booking(Outcome::No(WHY));
        let ask = json!({ "integration_id": 7, "order": { "order_id": "A" } });
        let refused = t.post("/api/v3/orders/create-label-sync", &ask).await;
        assert_eq!(
            refused.story(),
            json!({ "status": 400, "body": { "errors": [{
                "status": "400",
                "code": "parcel_announcement_error",
                "title": "Parcel announcement error",
                "detail": WHY,
                "source": { "pointer": "/data/attributes/shipping_address/postal_code" },
            }] } })
        );
    }

    async fn a4_every_number_says_who_brought_it_and_when(engine: Engine) {
        let carrier = Scripted::new();
        let t = scripted(engine, &carrier).await;
        place(&t, [order("A")]).await;
        let body = json!({ "carrier": "Market Parcel", "tracking_numbers": ["MP-1"], "brought_by": "the marketplace" });
        let recorded = t.post("/v1/orders/ord_1/tracking-numbers", &body).await;
        conforms(Dialect::Native, "POST /v1/orders/{id}/tracking-numbers", &recorded);
        let from = json!({ "source": "elsewhere", "who": "the marketplace", "at": "2026-03-02T10:00:00Z" });
        assert_eq!((recorded.status.as_u16(), &recorded.json()["parcels"][0]["number_from"]), (201, &from));
        assert_eq!(recorded.json().get("note"), None);
        let text = "the order already has the tracking number MP-1 of Market Parcel, brought by the marketplace on \
            2026-03-02T10:00:00Z: nothing was booked; to send a further parcel, say why";
        let refused = t.post(SHIP, &json!({})).await;
        assert_eq!((refused.status.as_u16(), &refused.json()["detail"]), (409, &json!(text)));
        let ask = json!({ "integration_id": 7, "order": { "order_id": "A" } });
        let refused = t.post("/api/v3/orders/create-label-sync", &ask).await;
        assert_eq!((refused.status.as_u16(), &refused.json()["errors"][0]["detail"]), (409, &json!(text)));
        assert_eq!(carrier.ledger(|ledger| ledger.books_asked), 0);
        t.clock.advance(std::time::Duration::from_mins(1));
        let further = t.post(SHIP, &json!({ "further_because": "a second box" })).await;
        assert_eq!(further.json()["further_because"], "a second box");
        let from = json!({ "source": "carrier", "who": "house", "at": "2026-03-02T10:01:00Z" });
        assert_eq!(further.json()["parcels"][0]["number_from"], from);
    }

    async fn a1_an_unsure_booking_says_so_until_a_person_settles_it(engine: Engine) {
        let carrier = Scripted::forgetful();
        let t = scripted(engine, &carrier).await;
        place(&t, [order("A")]).await;
        carrier.next_booking(Outcome::LostAnswer);
        let open = t.post(SHIP, &json!({})).await;
        assert_eq!((open.status.as_u16(), &open.json()["detail"]), (503, &json!("Not known yet, asking the carrier.")));
        t.clock.advance(std::time::Duration::from_secs(16));
        t.run_jobs().await;
        let shown = t.get("/v1/shipments/shp_1").await.json();
        assert_eq!((&shown["status"], &shown["note"]), (&json!("booking"), &json!("not known yet, asking the carrier")));
        let body = json!({ "outcome": "booked", "tracking_numbers": ["CARRIER-1"] });
        let settled = t.post("/v1/shipments/shp_1/settle", &body).await;
        conforms(Dialect::Native, "POST /v1/shipments/{id}/settle", &settled);
        let from = json!({ "source": "person", "who": "a person with the key \"shop\"", "at": "2026-03-02T10:00:16Z" });
        assert_eq!((&settled.json()["status"], &settled.json()["parcels"][0]["number_from"]), (&json!("booked"), &from));
        let wrong = t.post("/v1/shipments/shp_1/settle", &json!({ "outcome": "maybe" })).await;
        assert_eq!((wrong.status.as_u16(), &wrong.json()["errors"][0]["pointer"]), (400, &json!("/outcome")));
    }
}
