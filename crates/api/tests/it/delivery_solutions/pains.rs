//! What hurts elsewhere: each name begins with the row of the list of pains it is about.

use std::time::Duration;

use http::Method;
use serde_json::{Value as Json, json};
use testkit::carrier::{Outcome, Scripted};
use testkit::sink::Sink;
use testkit::{TestApp, on_both_engines};

use super::fixture::{
    SETUP, create, created, delete, history, order, order_from, path, put, refusal, retry, scripted, scripted_setup,
    serving, set_clock, shown, with_setup,
};
use crate::fixture::{builder, events, routed, ship, with};

const CORRECTED: &str = "727 Albany Street";

async fn correct(t: &TestApp, query: &str) -> Json {
    let change = json!({ "deliveryAddress": { "street1": CORRECTED } });
    let answer = put(t, &format!("{}{query}", path("A")), &change).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

on_both_engines! {
    async fn a4_a_parcel_with_a_number_from_elsewhere_is_not_booked_here_too(engine: Engine) {
        let t = serving(engine).await;
        assert_eq!(create(&t, &order_from("A", "closed")).await.status, 422);
        let brought = json!({ "carrier": "Market Express", "tracking_numbers": ["MX-1"], "brought_by": "the marketplace" });
        assert_eq!(t.post("/v1/orders/ord_1/tracking-numbers", &brought).await.status, 201);
        assert_eq!(put(&t, &path("A"), &json!({ "locationExternalId": "7709" })).await.status, 200);
        assert_eq!(refusal(&retry(&t, "A").await).0, 409, "nothing is booked a second time");
        let now = shown(&t, "A").await;
        assert_eq!((&now["status"], &now["trackingId"]), (&json!("ORDER_DISPATCHED"), &json!("MX-1")));
        let last = history(&t, "A").await.pop().unwrap();
        assert_eq!((&last["statusUser"], &last["note"]), (&json!("the marketplace"), &json!("tracking number MX-1 was brought by the marketplace")));
        assert_eq!(last["updatedAt"], "March 2nd 2026, 5:00:00 am EST");
        let shipments = t.get("/v1/orders/ord_1/shipments").await.json();
        assert_eq!(shipments["data"].as_array().unwrap().len(), 1);
        assert_eq!(shipments["data"][0]["parcels"][0]["number_from"]["who"], "the marketplace");
    }

    async fn a4_an_order_that_waits_to_be_dispatched_is_not_booked_once_it_has_a_number_from_elsewhere(engine: Engine) {
        let (first, second) = (Scripted::new(), Scripted::second());
        let t = scripted(engine, &first, &second).await;
        let mut wanted = order("A");
        wanted["storeExternalId"] = json!("7709");
        assert_eq!(t.post("/api/v2/order/placeorderasync", &wanted).await.status, 201);
        t.clock.advance(Duration::from_mins(1));
        let brought = json!({ "carrier": "Market Express", "tracking_numbers": ["MX-1"], "brought_by": "the marketplace" });
        assert_eq!(t.post("/v1/orders/ord_1/tracking-numbers", &brought).await.status, 201);
        t.clock.advance(Duration::from_mins(1));
        t.run_jobs().await;
        t.clock.advance(Duration::from_hours(1));
        t.run_jobs().await;
        assert_eq!((first.ledger(|ledger| ledger.books_asked), second.ledger(|ledger| ledger.books_asked)), (0, 0));
        let steps = history(&t, "A").await;
        let told: Vec<_> = steps.iter().map(|step| (step["status"].as_str().unwrap(), step["updatedAt"].as_str().unwrap())).collect();
        assert_eq!(told, [
            ("REQUEST_RECEIVED", "March 2nd 2026, 5:00:00 am EST"), ("ORDER_DISPATCHED", "March 2nd 2026, 5:01:00 am EST"),
        ]);
        assert_eq!(steps[1]["note"], "tracking number MX-1 was brought by the marketplace");
    }

    async fn a4_every_number_tells_who_brought_it_and_when(engine: Engine) {
        let t = serving(engine).await;
        let placed = created(&t, &order("A")).await;
        assert_eq!(create(&t, &order_from("B", "closed")).await.status, 422);
        let brought = json!({ "carrier": "Market Express", "tracking_numbers": ["MX-1"], "brought_by": "the marketplace" });
        t.clock.advance(Duration::from_mins(1));
        let answer = t.post("/v1/orders/ord_2/tracking-numbers", &brought).await;
        assert_eq!(answer.status, 201, "{}", answer.text());
        for (order, number, who, at) in [
            ("ord_1", &placed["trackingId"], "first", "2026-03-02T10:00:00Z"),
            ("ord_2", &json!("MX-1"), "the marketplace", "2026-03-02T10:01:00Z"),
        ] {
            let shipments = t.get(&format!("/v1/orders/{order}/shipments")).await.json();
            let parcel = &shipments["data"][0]["parcels"][0];
            assert_eq!((&parcel["tracking_number"], &parcel["number_from"]["who"], &parcel["number_from"]["at"]), (number, &json!(who), &json!(at)));
        }
        // One that is brought beside ours is told of as such, with its own bringer.
        let second = t.post("/v1/orders/ord_1/tracking-numbers", &brought).await.json();
        let warning = format!("the order has another live shipment, shp_1 with {}", placed["trackingId"].as_str().unwrap());
        assert_eq!((&second["warnings"], &second["parcels"][0]["number_from"]["who"]), (&json!([warning]), &json!("the marketplace")));
    }

    async fn e1_a_label_is_out_of_date_the_moment_the_order_differs_and_bought_anew_on_request_only(engine: Engine) {
        let (first, second) = (Scripted::new(), Scripted::second());
        let t = scripted(engine, &first, &second).await;
        let before = created(&t, &order("A")).await;
        assert!(before["label"]["url"].is_string() && before["referenceLinks"]["labelLink"].is_string());
        let edited = correct(&t, "").await;
        assert_eq!(first.ledger(|ledger| ledger.books_asked), 1, "no save buys anything");
        assert_eq!((&edited["label"], &edited["referenceLinks"]["labelLink"]), (&Json::Null, &Json::Null));
        assert_eq!(edited["warnings"][0]["type"], "LABEL_OUT_OF_DATE");

        // It prints after a confirmation only, from whichever dialect.
        let refused = t.get("/v1/parcels/pcl_1/label").await;
        assert_eq!(refused.status, 409, "{}", refused.text());
        assert_eq!(ship(&t, "A").await.status, 409);
        assert_eq!(t.get("/v1/parcels/pcl_1/label?confirm=outdated").await.status, 200);
        assert_eq!(t.get("/v1/parcels/pcl_1/label?confirm=yes").await.status, 400);

        let renewed = correct(&t, "?forceUpdate=true").await;
        assert_eq!(first.ledger(|ledger| (ledger.books_asked, ledger.cancels_asked)), (2, 1));
        assert_ne!(renewed["trackingId"], before["trackingId"]);
        assert!(renewed["label"]["url"].is_string() && renewed.get("warnings").is_none());
        let shipments = t.get("/v1/orders/ord_1/shipments").await.json();
        assert_eq!(shipments["data"][0]["status"], "cancelled");
        let second_label = t.get("/v1/parcels/pcl_2/label").await;
        assert_eq!(second_label.status, 200);
    }

    async fn e1_an_order_that_is_set_back_fits_its_label_again(engine: Engine) {
        let t = serving(engine).await;
        created(&t, &order("A")).await;
        correct(&t, "").await;
        let back = put(&t, &path("A"), &json!({ "deliveryAddress": { "street1": "725 Albany Street" } })).await.json();
        assert!(back["label"]["url"].is_string() && back.get("warnings").is_none(), "{back}");
    }

    async fn e2_a_cancellation_in_any_dialect_voids_at_the_carrier_first(engine: Engine) {
        for through in ["delivery solutions", "v2", "sendcloud", "native"] {
            let (first, second) = (Scripted::new(), Scripted::second());
            let t = scripted(engine, &first, &second).await;
            created(&t, &order("A")).await;
            let answer = match through {
                "delivery solutions" => delete(&t, "A").await,
                "v2" => t.call(Method::DELETE, "/api/v2/order/orderExternalId/A", "").await,
                "sendcloud" => t.call(Method::DELETE, "/api/v3/orders/1", "").await,
                _ => t.call(Method::POST, "/v1/shipments/shp_1/cancel", "").await,
            };
            assert!(answer.status.is_success(), "{through}: {}", answer.text());
            assert_eq!(first.ledger(|ledger| (ledger.cancels_asked, ledger.booked.len())), (1, 0), "{through}");
            let shipment = t.get("/v1/shipments/shp_1").await.json();
            assert_eq!(shipment["status"], "cancelled", "{through}");
        }
    }

    async fn e2_a_carrier_that_says_too_late_keeps_the_order_and_a_person_hears_of_it_at_once(engine: Engine) {
        let (first, second) = (Scripted::new(), Scripted::second());
        first.next_cancel(Outcome::No("too late: it was handed over"));
        let t = scripted(engine, &first, &second).await;
        created(&t, &order("A")).await;
        assert_eq!(delete(&t, "A").await.status, 422);
        assert_eq!(shown(&t, "A").await["status"], "ORDER_DISPATCHED");
        assert_eq!(events(&t).await.last().unwrap(), "shipment.cancel_refused");
        assert_eq!(history(&t, "A").await.last().unwrap()["note"], "too late: it was handed over");
    }

    async fn e3_a_void_is_shown_requested_refused_or_confirmed_and_may_be_tried_again(engine: Engine) {
        let (first, second) = (Scripted::new(), Scripted::second());
        first.next_cancel(Outcome::Silent);
        first.next_cancel(Outcome::No("not within the void period"));
        let t = scripted(engine, &first, &second).await;
        created(&t, &order("A")).await;
        // Requested: the carrier says nothing.
        assert_eq!(refusal(&delete(&t, "A").await).1, "ORDER_CANCELLATION_FAILED");
        let requested = shown(&t, "A").await;
        assert_eq!(requested["warnings"][0], json!({
            "type": "CANCELLATION_REQUESTED", "message": "cancellation was requested on March 2nd 2026, 5:00:00 am EST",
        }));
        assert_eq!(requested["label"], Json::Null, "what is being given back is not printed");
        // Refused: the job asks again, and the carrier says no, with its reason and the date.
        t.clock.advance(Duration::from_mins(2));
        t.run_jobs().await;
        let refused = history(&t, "A").await.pop().unwrap();
        assert_eq!(refused["eventReason"], json!({
            "code": "ORDER_CANCELLATION_FAILED", "title": "Order Cancellation Failed", "note": "not within the void period",
        }));
        assert_eq!(refused["updatedAt"], "March 2nd 2026, 5:02:00 am EST");
        // Another try, confirmed.
        let confirmed = delete(&t, "A").await;
        assert_eq!((confirmed.status.as_u16(), &confirmed.json()["status"]), (200, &json!("ORDER_CANCELLED")));
        assert_eq!(history(&t, "A").await.last().unwrap()["status"], "ORDER_CANCELLED");
    }

    async fn e3_a_void_that_hangs_may_be_asked_for_again_at_once(engine: Engine) {
        let (first, second) = (Scripted::new(), Scripted::second());
        first.next_cancel(Outcome::Silent);
        first.next_cancel(Outcome::Silent);
        let t = scripted(engine, &first, &second).await;
        created(&t, &order("A")).await;
        for _ in 0..2 {
            assert_eq!(refusal(&delete(&t, "A").await).1, "ORDER_CANCELLATION_FAILED");
        }
        let confirmed = delete(&t, "A").await;
        assert_eq!((confirmed.status.as_u16(), first.ledger(|ledger| ledger.cancels_asked)), (200, 3), "{}", confirmed.text());
    }

    async fn e3_a_service_that_cannot_be_voided_says_so_before_it_is_booked(engine: Engine) {
        let (first, second) = (Scripted::uncancellable(), Scripted::second());
        let t = scripted(engine, &first, &second).await;
        let mut wanted = order("A");
        wanted["storeExternalId"] = json!("7709");
        let rates = t.post("/api/v2/rates", &wanted).await;
        assert_eq!(rates.status, 200, "{}", rates.text());
        let tags: Vec<_> = rates.json()["rates"].as_array().unwrap().iter().map(|rate| (rate["provider"].clone(), rate["tags"].clone())).collect();
        assert_eq!(tags, [(json!("first"), json!(["NON_CANCELABLE"])), (json!("house"), json!([]))]);
        created(&t, &order("A")).await;
        assert_eq!(delete(&t, "A").await.status, 403);
        assert_eq!(first.ledger(|ledger| ledger.cancels_asked), 0);
    }

    async fn e4_no_number_is_dropped_and_one_event_tells_old_and_new(engine: Engine) {
        let (first, second) = (Scripted::new(), Scripted::second());
        let sink = Sink::start().await;
        let endpoint = format!(
            "[[tenant.webhook]]\nurl = \"{}\"\nsecret = \"s\"\ndialect = \"delivery_solutions\"\nevents = [\"*\"]\n", sink.url
        );
        let connectors: Vec<std::sync::Arc<dyn domain::connector::Connector>> =
            vec![std::sync::Arc::new(first.clone()), std::sync::Arc::new(second.clone())];
        let setup = with(&scripted_setup(), &endpoint);
        let t = routed(builder(engine).connectors(connectors).setup(setup).build().await);
        let old = created(&t, &order("A")).await["trackingId"].as_str().unwrap().to_owned();
        let new = correct(&t, "?forceUpdate=true").await["trackingId"].as_str().unwrap().to_owned();
        let kinds = events(&t).await;
        assert_eq!(kinds.iter().filter(|kind| *kind == "shipment.replaced").count(), 1, "{kinds:?}");
        let feed = t.get("/v1/events").await.json();
        let replaced = feed["data"].as_array().unwrap().iter().find(|event| event["type"] == "shipment.replaced").unwrap();
        assert_eq!((&replaced["data"]["old"], &replaced["data"]["new"]), (&json!(old), &json!(new)));
        let note = format!("tracking number {new} replaces {old}");
        assert_eq!(history(&t, "A").await.last().unwrap()["note"], note);
        let first_shipment = t.get("/v1/shipments/shp_1").await.json();
        assert_eq!(first_shipment["parcels"][0]["tracking_number"], old, "customers may still hold it");
        // No notice of a dispatch is without a number.
        let told: Vec<Json> = sink.received().iter().map(|received| serde_json::from_slice(&received.body).unwrap()).collect();
        let dispatched: Vec<_> = told.iter().filter(|body| body["status"] == "ORDER_DISPATCHED").collect();
        assert_eq!(dispatched.len(), 2);
        assert!(dispatched.iter().all(|body| body["trackingNumber"].is_string()), "{dispatched:?}");
    }

    async fn l1_the_promised_day_is_counted_in_the_stores_zone_with_a_cut_off_a_weekday(engine: Engine) {
        let cut_offs = "cut_offs = { monday = \"15:00\", tuesday = \"15:00\", wednesday = \"15:00\", thursday = \"15:00\", friday = \"12:00\" }\n\
            holidays = [\"2026-03-05\"]\ncarriers = [\"house\"]";
        let setup = SETUP.replace("carriers = [\"first\", \"house\"]", cut_offs);
        let t = with_setup(engine, &setup).await;
        // The house takes seven days for this address.
        for (at, leaves, arrives) in [
            // Monday, a second before and at the cut-off in Boston, which is after midnight in other zones.
            ("2026-03-02T19:59:59Z", "2026-03-02T14:59:59", "2026-03-09T23:59:59.999"),
            ("2026-03-02T20:00:00Z", "2026-03-03T00:00:00", "2026-03-10T23:59:59.999"),
            // Around midnight in Boston: still Tuesday, then Wednesday.
            ("2026-03-04T04:59:59Z", "2026-03-04T00:00:00", "2026-03-11T23:59:59.999"),
            ("2026-03-04T05:00:00Z", "2026-03-04T00:00:00", "2026-03-11T23:59:59.999"),
            // Wednesday's cut-off is missed, Thursday is a holiday.
            ("2026-03-04T21:00:00Z", "2026-03-06T00:00:00", "2026-03-13T23:59:59.999"),
            // Friday has a cut-off of its own; the clock changes over the week-end.
            ("2026-03-06T17:00:00Z", "2026-03-09T00:00:00", "2026-03-16T23:59:59.999"),
            // And back in November.
            ("2026-10-30T16:00:00Z", "2026-11-02T00:00:00", "2026-11-09T23:59:59.999"),
        ] {
            set_clock(&t, at);
            let placed = created(&t, &order(at)).await;
            let local = |name: &str, end: &str| {
                let at = placed[name][end].as_i64().unwrap();
                let at = domain::Timestamp::from_millisecond(at).unwrap();
                at.to_zoned(jiff::tz::TimeZone::get("America/New_York").unwrap()).datetime().to_string()
            };
            assert_eq!((local("estimatedPickupTime", "startsAt"), local("estimatedDeliveryTime", "endsAt")), (leaves.to_owned(), arrives.to_owned()), "{at}");
        }
    }
}
