//! Creating: one call places an order with the best carrier, and its history tells the story.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value as Json, json};
use testkit::carrier::{Outcome, Scripted};
use testkit::on_both_engines;

use super::fixture::{
    SETUP, create, created, delete, differing, example, first_account, history, is, order, order_from, path, put,
    refusal, retry, scripted, serving, set_clock, shown, statuses, with_setup,
};
use crate::fixture::{builder, routed, ship, tidy};

on_both_engines! {
    async fn the_published_example_is_placed_and_answered_with_its_fields(engine: Engine) {
        let t = serving(engine).await;
        let answer = created(&t, &example("create_request")).await;
        assert_eq!(differing(&example("create_answer"), &answer, ""), [""; 0]);
        for (name, value) in example("create_request").as_object().unwrap() {
            if !value.is_null() {
                assert_eq!(differing(value, &answer[name], name), [""; 0]);
            }
        }
        assert_eq!(answer["status"], "ORDER_DISPATCHED");
        assert_eq!(answer["provider"], json!({
            "name": "first", "displayName": "Sandbox", "serviceId": "standard", "serviceType": "Sandbox standard",
            "id": "first",
        }));
        assert_eq!((&answer["amount"], &answer["currencyCode"]), (&json!(5.0), &json!("USD")));
        assert_eq!((answer["createdAt"].as_str(), answer["tenantId"].as_str()), (Some("2026-03-02T10:00:00.000Z"), Some("acme")));
        assert_eq!(answer["deliveryAddress"], json!({
            "street1": "725 Albany Street", "street2": "", "apartmentNumber": "", "city": "Boston", "state": "MA",
            "postalCode": "02118", "countryCode": "US", "latitude": 42.334_694_4, "longitude": -71.071_818,
        }));
        assert_eq!(answer["id"].as_str().unwrap().len(), 24);
        let seen = shown(&t, "7709-001").await;
        assert_eq!(tidy_links(seen), tidy_links(answer));
    }

    async fn the_history_tells_the_story_in_the_stores_zone(engine: Engine) {
        let t = serving(engine).await;
        created(&t, &order("A")).await;
        let answer = t.get("/shipments/A/status-history").await;
        assert_eq!(differing(&example("history_answer"), &answer.json(), ""), [""; 0]);
        let step = |status: &str| json!({
            "status": status, "updatedAt": "March 2nd 2026, 5:00:00 am EST", "updatedAtEpoch": 1_772_445_600_000_u64,
            "note": null, "statusUser": "Default_Business_Key",
        });
        let steps = ["REQUEST_RECEIVED", "ESTIMATES_RECEIVED", "ORDER_DISPATCHED"].map(step);
        assert_eq!(history(&t, "A").await, steps);
        assert!(answer.json()[0]["trackingUrl"].as_str().unwrap().contains("/t/"));
        assert_eq!(t.get("/shipments/nobody/status-history").await.json(), json!([]));
    }

    async fn a_refusal_turns_to_the_next_choice_and_the_order_goes_all_its_way(engine: Engine) {
        let t = with_setup(engine, &first_account("book = \"refuse\"")).await;
        let answer = created(&t, &order("A")).await;
        assert_eq!((&answer["status"], &answer["provider"]["id"]), (&json!("ORDER_DISPATCHED"), &json!("house")));
        let steps = history(&t, "A").await;
        let told: Vec<_> = steps.iter().map(|step| step["status"].as_str().unwrap()).collect();
        assert_eq!(told, ["REQUEST_RECEIVED", "ESTIMATES_RECEIVED", "PENDING_AUTORETRY", "ORDER_DISPATCHED"]);
        assert_eq!(steps[2]["note"], "the sandbox refuses to book, as it was set");
        assert_eq!((&steps[2]["statusUser"], &steps[2]["eventReason"]["code"]), (&json!("first"), &json!("PLACE_ORDER_FAILED")));

        // The same shipment through another dialect, and on the public page.
        let label = ship(&t, "A").await;
        assert_eq!((label.status.as_u16(), &label.json()["data"]["tracking_number"]), (201, &answer["trackingId"]));
        let orders = t.get("/api/v3/orders").await.json();
        assert_eq!((&orders["data"][0]["order_id"], orders["data"].as_array().unwrap().len()), (&json!("A"), 1));
        let shipments = t.get("/v1/orders/ord_1/shipments").await.json();
        assert_eq!(shipments["data"][0]["parcels"][0]["tracking_number"], answer["trackingId"]);
        let token = answer["referenceLinks"]["trackingUrl"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
        let page = t.app.tracking_page(&token).await.unwrap();
        assert_eq!(page.tracking_number.as_deref(), answer["trackingId"].as_str());

        // An edit after the dispatch, which keeps the package as it is.
        let edited = put(&t, &path("A"), &json!({ "deliveryInstructions": "Ring twice", "package": order("A")["package"] })).await;
        assert_eq!((edited.status.as_u16(), &edited.json()["deliveryInstructions"]), (200, &json!("Ring twice")));
        let refused = put(&t, &path("A"), &json!({ "package": { "name": "other" } })).await;
        assert_eq!(refusal(&refused), is(400, "VALIDATION_ERROR", "packages parameter cannot be changed post order dispatch"));

        assert_eq!(refusal(&retry(&t, "A").await), is(409, "INVALID_OPERATION", "The Order can no longer be retried"));
        t.clock.advance(Duration::from_mins(1));
        let cancelled = delete(&t, "A").await;
        assert_eq!((cancelled.status.as_u16(), &cancelled.json()["status"]), (200, &json!("ORDER_CANCELLED")), "{}", cancelled.text());
        assert_eq!(differing(&example("cancel_answer"), &cancelled.json(), "/deliveryContact"), [""; 0]);
        assert_eq!(refusal(&delete(&t, "A").await), is(409, "ORDER_ALREADY_CANCELED", "Requested order is already in Cancelled state."));
        assert_eq!(refusal(&retry(&t, "A").await), is(409, "INVALID_OPERATION", "The Order can no longer be retried"));
        let told = statuses(&t, "A").await;
        assert_eq!(told, ["REQUEST_RECEIVED", "ESTIMATES_RECEIVED", "PENDING_AUTORETRY", "ORDER_DISPATCHED", "ORDER_CANCELLED"]);
        let shipments = t.get("/v1/orders/ord_1/shipments").await.json();
        assert_eq!(shipments["data"][0]["status"], "cancelled");
    }

    async fn every_request_that_is_published_is_accepted(engine: Engine) {
        let t = serving(engine).await;
        set_clock(&t, "2022-05-12T10:00:00Z");
        let mut wanted = order_from("1908241", "100983");
        (wanted["pickupTime"], wanted["deliveryTime"]) =
            (json!({ "startsAt": 1_651_402_682_000_i64 }), json!({ "endsAt": 1_652_266_731_000_i64 }));
        created(&t, &wanted).await;
        let answer = t.post("/shipments/list", &example("list_request")).await;
        assert_eq!((answer.status.as_u16(), answer.json()["data"].clone()), (200, json!([])), "{}", answer.text());
        let mut first = example("list_request");
        first.as_object_mut().unwrap().remove("paginationToken");
        (first["createdAt"]["endsAt"], first["lastUpdatedAt"]["endsAt"]) = (json!(1_652_400_000_000_i64), json!(1_652_400_000_000_i64));
        let answer = t.post("/shipments/list", &first).await;
        assert_eq!(answer.json()["data"][0]["orderExternalId"], "1908241", "{}", answer.text());
        assert_eq!(answer.json()["paginationToken"], json!({ "next": null, "previous": null }));

        let mut seen = example("list_answer")["data"][0].clone();
        seen.as_object_mut().unwrap().remove("proposedProviders");
        assert_eq!(differing(&seen, &answer.json()["data"][0], ""), [""; 0]);
        assert_eq!(differing(&seen, &shown(&t, "1908241").await, ""), [""; 0]);
        // The published edit names a package of its own, so it is for an order that nobody took yet.
        let waiting = create(&t, &order_from("876581", "closed")).await;
        assert_eq!(waiting.status, 422);
        let edited = put(&t, &path("876581"), &example("edit_request")).await;
        assert_eq!(edited.status, 200, "{}", edited.text());
        assert_eq!(edited.json()["orderExternalId"], "19082413");
        assert_eq!(edited.json()["orderValue"], 160.99);
        assert_eq!(edited.json()["package"]["itemQuantity"], 2);
        let moved = put(&t, &path("19082413"), &json!({ "locationExternalId": "100983" })).await;
        assert_eq!(moved.status, 200);
        let again = retry(&t, "19082413").await;
        assert_eq!(again.status, 201, "{}", again.text());
        let mut published = example("retry_answer");
        published.as_object_mut().unwrap().remove("package");
        assert_eq!(differing(&published, &again.json(), ""), [""; 0]);
        assert_eq!(again.json()["pickupTime"], json!({ "startsAt": 1_655_468_102_000_i64, "endsAt": null }));

        // What is published for an order that is shown or edited holds everything that may be sent.
        let mut full = order("full");
        for name in ["groupId", "pickupTime", "deliveryTime", "orderAttributes", "deliveryInstructions", "pickupInstructions", "package"] {
            full[name] = example("show_answer")[name].clone();
        }
        created(&t, &full).await;
        assert_eq!(differing(&example("show_answer"), &shown(&t, "full").await, ""), [""; 0]);
        for name in ["groupId", "pickupTime", "deliveryTime", "orderAttributes", "deliveryInstructions", "pickupInstructions"] {
            assert_eq!(shown(&t, "full").await[name], full[name], "{name}");
        }
        let edited = put(&t, &path("full"), &json!({ "orderValue": 11 })).await;
        assert_eq!(edited.status, 200, "{}", edited.text());
        assert_eq!(differing(&example("edit_answer"), &edited.json(), ""), [""; 0]);
    }

    async fn an_order_that_nobody_takes_is_kept_edited_and_retried(engine: Engine) {
        let t = serving(engine).await;
        let none = "No Provider matched the criteria for the requested delivery.";
        let mut heavy = order_from("A", "100983");
        heavy["package"]["weight"]["value"] = json!(1000);
        assert_eq!(refusal(&create(&t, &heavy).await), is(422, "NO_PROVIDER_MATCHED", none));
        assert_eq!(shown(&t, "A").await["status"], "ESTIMATES_FAILED");
        assert_eq!(shown(&t, "A").await["provider"], json!({
            "name": "", "displayName": "", "serviceId": null, "serviceType": null, "id": "",
        }));
        assert_eq!(refusal(&create(&t, &heavy).await), is(422, "DUPLICATE_ID", "Resource with provided id already exists."));
        assert_eq!(refusal(&retry(&t, "A").await), is(422, "NO_PROVIDER_MATCHED", none));
        let edited = put(&t, &path("A"), &json!({ "package": { "weight": { "value": 2 } } })).await;
        assert_eq!(edited.status, 200, "{}", edited.text());
        let again = retry(&t, "A").await;
        assert_eq!((again.status.as_u16(), &again.json()["status"]), (201, &json!("ORDER_DISPATCHED")), "{}", again.text());
        let told = statuses(&t, "A").await;
        assert_eq!(told, ["REQUEST_RECEIVED", "ESTIMATES_FAILED", "ESTIMATES_FAILED", "ESTIMATES_RECEIVED", "ORDER_DISPATCHED"]);
    }

    async fn proposed_providers_are_taken_or_nobody_is(engine: Engine) {
        let t = serving(engine).await;
        let mut wanted = order("A");
        wanted["proposedProviders"] = json!([{ "name": "house", "services": [{ "id": "standard" }] }]);
        let answer = created(&t, &wanted).await;
        assert_eq!((&answer["provider"]["id"], &answer["proposedProviders"]), (&json!("house"), &wanted["proposedProviders"]));
        wanted["orderExternalId"] = json!("B");
        wanted["proposedProviders"] = json!([{ "name": "Sandbox" }]);
        assert_eq!(created(&t, &wanted).await["provider"]["id"], "first");
        wanted["orderExternalId"] = json!("C");
        wanted["proposedProviders"] = json!([{ "name": "Nobody" }]);
        assert_eq!(refusal(&create(&t, &wanted).await).1, "NO_PROVIDER_MATCHED");
    }

    async fn the_rule_of_the_location_decides_before_its_brands_and_the_order_before_both(engine: Engine) {
        let rule = |scope: &str, only: &str| format!(
            "[[tenant.routing_rule]]\nname = \"{scope}\"\n{scope}\nwhen = \"true\"\nthen = {{ only = [\"{only}\"] }}\n"
        ).replace(&format!("name = \"{scope}\""), &format!("name = \"{}\"", scope.split(' ').next().unwrap()));
        let (brand, location) = (rule("brand = \"devon\"", "first"), rule("location = \"7709\"", "house"));
        let t = with_setup(engine, &crate::fixture::with(SETUP, &format!("{brand}{location}"))).await;
        assert_eq!(created(&t, &order("A")).await["provider"]["id"], "house");
        let mut wanted = order("B");
        wanted["proposedProviders"] = json!([{ "name": "first" }]);
        assert_eq!(created(&t, &wanted).await["provider"]["id"], "first");
    }

    async fn what_the_client_sent_is_given_back(engine: Engine) {
        let t = serving(engine).await;
        let mut sent = order("A");
        let more = json!({
            "groupId": "G1", "locale": "en-US", "createdDate": 1_772_400_000_000_i64, "signature": "required",
            "deliveryInstructions": "Ring", "pickupInstructions": "Back door", "orderAttributes": { "payment": "Cash", "n": 1.50 },
            "pickupTime": { "startsAt": 1_772_500_000_000_i64 }, "deliveryTime": { "startsAt": null, "endsAt": 1_772_600_000_000_i64 },
        });
        sent.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        sent["deliveryAddress"]["apartmentNumber"] = json!("12 B");
        sent["deliveryAddress"]["street2"] = json!("Rear building");
        sent["package"]["content"] = json!(["alcohol"]);
        sent["package"]["temperatureControl"] = json!("refrigerated");
        let answer = created(&t, &sent).await;
        for name in ["groupId", "locale", "createdDate", "signature", "deliveryInstructions", "pickupInstructions", "orderAttributes", "deliveryAddress", "deliveryContact", "pickupTime"] {
            assert_eq!(answer[name], sent[name], "{name}");
        }
        assert_eq!(answer["deliveryTime"], json!({ "endsAt": 1_772_600_000_000_i64 }));
        for name in ["name", "size", "weight", "itemQuantity", "description", "content", "temperatureControl"] {
            assert_eq!(answer["package"][name], sent["package"][name], "{name}");
        }
        assert_eq!(answer["itemList"], sent["itemList"]);
        let shipments = t.get("/v1/orders/ord_1/shipments").await.json();
        assert_eq!(shipments["data"][0]["location"], "7709");
    }

    async fn accounts_are_asked_together_and_the_location_without_any_has_none(engine: Engine) {
        let t = serving(engine).await;
        let refused = create(&t, &order_from("A", "closed")).await;
        assert_eq!(refusal(&refused), is(422, "NO_PROVIDER_ASSIGNED", "No Provider has been assigned to the mentioned location."));
        assert_eq!(shown(&t, "A").await["status"], "ESTIMATES_FAILED");
        let unknown = create(&t, &order_from("B", "nowhere")).await;
        let none = "No such locationExternalId exists in our system. Please provide a valid locationExternalId.";
        assert_eq!(refusal(&unknown), is(422, "INVALID_DATA", none));
        assert_eq!(t.get(&path("B")).await.status, 404, "nothing is stored");
    }

    async fn eight_accounts_of_300_ms_each_are_asked_at_once(engine: Engine) {
        let carriers: Vec<_> = std::iter::repeat_with(Scripted::new).take(1).collect();
        let names: Vec<_> = (0..8).map(|n| format!("a{n}")).collect();
        let account = |name: &String| format!("[[tenant.carrier_account]]\nid = \"{name}\"\ncarrier = \"scripted\"\nsettings = {{}}\n");
        let accounts: String = names.iter().map(account).collect();
        let setup = super::fixture::scripted_setup().replace("carriers = [\"first\", \"house\"]", &format!("carriers = {names:?}"));
        let setup = setup.replacen("[[tenant.carrier_account]]", &format!("{accounts}\n[[tenant.carrier_account]]"), 1);
        let (first, second) = (carriers[0].clone(), Scripted::second());
        let connectors: Vec<Arc<dyn domain::connector::Connector>> = vec![Arc::new(first.clone()), Arc::new(second)];
        let t = routed(builder(engine).connectors(connectors).setup(setup).build().await);
        first.ledger(|ledger| ledger.rates = Some(Outcome::Slow(300)));
        let wanted = order("A");
        let began = std::time::Instant::now();
        created(&t, &wanted).await;
        let asked = first.ledger(|ledger| (ledger.rates_asked_before_an_answer, ledger.rates_asked, ledger.books_asked));
        assert_eq!(asked, (Some(8), 8, 1), "all eight calls were open before the first was answered");
        assert!(began.elapsed() < Duration::from_millis(1_500), "{:?}", began.elapsed());
    }

    async fn a_carrier_that_does_not_answer_turns_to_the_next_choice_and_is_voided_afterwards(engine: Engine) {
        for (first, outcome, is_bought) in [
            (Scripted::new(), Outcome::Silent, false),
            (Scripted::once_a_reference(), Outcome::LostAnswer, true),
            (Scripted::once_a_reference(), Outcome::Silent, false),
        ] {
            let second = Scripted::second();
            first.next_booking(outcome);
            let t = scripted(engine, &first, &second).await;
            let answer = created(&t, &order("A")).await;
            assert_eq!((&answer["status"], &answer["provider"]["id"]), (&json!("ORDER_DISPATCHED"), &json!("house")));
            assert_eq!(first.ledger(|ledger| ledger.booked.len()), usize::from(is_bought));
            let steps = history(&t, "A").await;
            let told: Vec<_> = steps.iter().map(|step| step["status"].as_str().unwrap()).collect();
            assert_eq!(told, ["REQUEST_RECEIVED", "ESTIMATES_RECEIVED", "PENDING_AUTORETRY", "ORDER_DISPATCHED"]);
            assert_eq!((&steps[2]["statusUser"], &steps[2]["note"]), (&json!("first"), &json!("the carrier did not answer: no answer")));
            // Whatever the silent one did is found out and voided; the order does not notice.
            t.clock.advance(Duration::from_mins(5));
            t.run_jobs().await;
            t.clock.advance(Duration::from_mins(5));
            t.run_jobs().await;
            assert_eq!(first.ledger(|ledger| ledger.booked.len()), 0);
            let shipments = t.get("/v1/orders/ord_1/shipments").await.json();
            let kept: Vec<_> = shipments["data"].as_array().unwrap().iter().map(|one| one["status"].clone()).collect();
            assert_eq!(kept, ["cancelled", "booked"]);
            assert_eq!(statuses(&t, "A").await, told);
            assert_eq!(shown(&t, "A").await["trackingId"], answer["trackingId"]);
            let cancelled = delete(&t, "A").await;
            assert_eq!((cancelled.status.as_u16(), second.ledger(|ledger| ledger.booked.len())), (200, 0));
        }
    }

    async fn a_lost_answer_of_a_carrier_that_can_be_searched_is_found_at_once(engine: Engine) {
        let (first, second) = (Scripted::new(), Scripted::second());
        first.next_booking(Outcome::LostAnswer);
        let t = scripted(engine, &first, &second).await;
        let answer = created(&t, &order("A")).await;
        assert_eq!(answer["provider"]["id"], "first");
        assert_eq!((first.ledger(|ledger| ledger.booked.len()), second.ledger(|ledger| ledger.books_asked)), (1, 0));
    }

    async fn a_carrier_nobody_can_ask_afterwards_is_not_passed_over(engine: Engine) {
        let (first, second) = (Scripted::forgetful(), Scripted::second());
        first.next_booking(Outcome::LostAnswer);
        let t = scripted(engine, &first, &second).await;
        let refused = create(&t, &order("A")).await;
        assert_eq!(refusal(&refused).1, "PLACE_ORDER_FAILED");
        assert_eq!(shown(&t, "A").await["status"], "PENDING_AUTORETRY");
        assert_eq!(refusal(&retry(&t, "A").await).1, "PLACE_ORDER_FAILED");
        assert_eq!(second.ledger(|ledger| ledger.books_asked), 0, "nobody knows what the first one did");
    }

    async fn what_accounts_say_to_a_question_for_rates_is_told_apart(engine: Engine) {
        for (outcome, kind, status) in [
            (Outcome::No("not here"), "NO_PROVIDER_MATCHED", "ESTIMATES_FAILED"),
            (Outcome::Silent, "PLACE_ORDER_FAILED", "ESTIMATES_FAILED"),
            (Outcome::Gibberish, "UNMAPPED_ERROR", "ESTIMATES_FAILED"),
        ] {
            let (first, second) = (Scripted::new(), Scripted::second());
            for carrier in [&first, &second] {
                carrier.ledger(|ledger| ledger.rates = Some(outcome.clone()));
            }
            let t = scripted(engine, &first, &second).await;
            assert_eq!(refusal(&create(&t, &order("A")).await).1, kind);
            assert_eq!(shown(&t, "A").await["status"], status);
            // One that answers is enough.
            second.ledger(|ledger| ledger.rates = None);
            assert_eq!(retry(&t, "A").await.json()["provider"]["id"], "house");
        }
    }

    async fn an_order_whose_parcel_is_lost_is_sent_once_more_for_each_loss(engine: Engine) {
        let (first, second) = (Scripted::new(), Scripted::second());
        let t = scripted(engine, &first, &second).await;
        let before = created(&t, &order("A")).await;
        let lost = async |shipment: &str| {
            t.clock.advance(Duration::from_mins(1));
            let reported = t.post(&format!("/v1/shipments/{shipment}/tracking-events"), &json!({ "events": [{ "code": "lost" }] })).await;
            assert_eq!(reported.status, 200, "{}", reported.text());
            t.clock.advance(Duration::from_mins(1));
            assert_eq!(shown(&t, "A").await["status"], "ERROR_EXCEPTION");
        };
        lost("shp_1").await;
        let answers = futures::future::join_all((0..3).map(|_| retry(&t, "A"))).await;
        assert!(answers.iter().all(|answer| [201, 409].contains(&answer.status.as_u16())), "{answers:?}");
        assert_eq!(first.ledger(|ledger| ledger.books_asked), 2, "one for the loss, however often it is asked for");
        let now = shown(&t, "A").await;
        assert_eq!(now["status"], "ORDER_DISPATCHED");
        assert_ne!(now["trackingId"], before["trackingId"]);
        assert_eq!(refusal(&retry(&t, "A").await), is(409, "INVALID_OPERATION", "The Order can no longer be retried"));
        assert_eq!(statuses(&t, "A").await, [
            "REQUEST_RECEIVED", "ESTIMATES_RECEIVED", "ORDER_DISPATCHED", "ERROR_EXCEPTION", "ESTIMATES_RECEIVED", "ORDER_DISPATCHED",
        ]);
        let shipments = t.get("/v1/orders/ord_1/shipments").await.json()["data"].clone();
        lost(shipments.as_array().unwrap().last().unwrap()["id"].as_str().unwrap()).await;
        assert_eq!(retry(&t, "A").await.status, 201);
        assert_eq!(first.ledger(|ledger| ledger.books_asked), 3);
    }

    async fn when_everybody_says_no_the_order_failed_and_can_be_retried(engine: Engine) {
        let (first, second) = (Scripted::new(), Scripted::second());
        first.next_booking(Outcome::No("street too long"));
        second.next_booking(Outcome::No("closed today"));
        second.refuse_field("recipient/postal_code");
        let t = scripted(engine, &first, &second).await;
        let refused = create(&t, &order("A")).await;
        assert_eq!(refusal(&refused), is(422, "PLACE_ORDER_FAILED", "Failed to place the requested order with the configured providers."));
        assert_eq!(refused.json()["errors"], json!([
            { "type": "ADDRESS_NOT_FOUND", "message": "closed today", "parameter": "deliveryAddress.postalCode" },
        ]));
        assert_eq!(refused.header("retry-after"), "1");
        assert_eq!(statuses(&t, "A").await, ["REQUEST_RECEIVED", "ESTIMATES_RECEIVED", "PENDING_AUTORETRY", "ORDER_FAILED"]);
        let again = retry(&t, "A").await;
        assert_eq!((again.status.as_u16(), &again.json()["status"]), (201, &json!("ORDER_DISPATCHED")), "{}", again.text());
    }
}

/// An answer without the part of links that no two have in common.
fn tidy_links(mut answer: Json) -> Json {
    for pointer in ["/referenceLinks/labelLink", "/label/url"] {
        if let Some(link) = answer.pointer_mut(pointer) {
            *link = json!("<link>");
        }
    }
    tidy(answer)
}
