//! UPS: rates, booking, label, tracking by asking, cancelling; and what breaks on the way.

use carriers::testing::Trouble;
use carriers::ups::stand_in::Ups;
use serde_json::{Value as Json, json};
use testkit::on_both_engines;

use super::fixture::{Boston, near, wish};
use crate::fixture::{events, kind_of, place};

on_both_engines! {
    async fn an_order_goes_all_its_way_by_ups(engine: Engine) {
        let boston = Boston::open(engine).await;
        boston.order("A").await;
        let quote = boston.t.post("/v1/orders/ord_1/rates", &wish("ups:03")).await.json();
        assert_eq!(quote["rates"][0]["service_name"], "UPS Ground", "{quote}");
        let booked = boston.ship("ups:03").await;
        assert_eq!(booked.status, 201, "{}", booked.text());
        let booked = booked.json();
        assert_eq!((&booked["status"], &booked["is_ready_to_print"]), (&json!("booked"), &json!(true)), "{booked}");
        assert_eq!(booked["rate"]["total"], quote["rates"][0]["total"]);
        let number = boston.number().await;
        assert_eq!(number, "1ZA1B2C30300000010");
        let label = boston.t.get("/v1/parcels/pcl_1/label").await;
        assert_eq!((kind_of(&label.bytes), label.text().contains(&number)), ("<PDF>", true));
        assert_eq!(boston.t.get("/v1/parcels/pcl_1/label?format=pdf_a6").await.bytes, label.bytes, "what came is what there is");

        boston.ups.with(|ups| ups.scan(&number, ("021", "I", "OT"), "Out For Delivery", "20260302 110000"));
        boston.later(31 * 60).await;
        assert_eq!(boston.shipment().await["tracking"], "out_for_delivery");
        boston.ups.with(|ups| ups.scan(&number, ("011", "D", "FS"), "DELIVERED", "20260302 113500"));
        boston.later(11 * 60).await;
        assert_eq!(boston.told().await, ["021/I/OT out_for_delivery", "011/D/FS delivered"]);
        assert_eq!(boston.shipment().await["tracking"], "delivered");
        assert_eq!(boston.ups.calls("token"), 1, "one token for everything");
    }

    async fn a_street_too_long_for_ups_is_told_on_arrival_offered_wrapped_and_booked_on_its_lines(engine: Engine) {
        let boston = Boston::open(engine).await;
        let mut order = near("A");
        order["shipping_address"]["address_line_1"] = json!("22 Upper Promenade at the Old Harbour of Boston");
        order["shipping_address"]["phone_number"] = json!("617.555.0111");
        place(&boston.t, [order]).await;
        let warnings = boston.t.get("/v1/orders/ord_1").await.json()["warnings"].clone();
        insta::assert_json_snapshot!(warnings, @r#"
        [
          "service ups:*: recipient/street1: \"22 Upper Promenade at the Old Harbour of Boston\" has 47 characters and 35 are allowed; it would fit as \"22 Upper Promenade at the Old\" / \"Harbour of Boston\" (street1 / street2)"
        ]
        "#);
        let quote = boston.t.post("/v1/orders/ord_1/rates", &wish("ups:03")).await.json();
        insta::assert_json_snapshot!(quote["rates"][0]["notes"], @r#"
        [
          "priced as a home, since the address names no company",
          "recipient/street1: \"22 Upper Promenade at the Old Harbour of Boston\" has 47 characters and 35 are allowed; it would fit as \"22 Upper Promenade at the Old\" / \"Harbour of Boston\" (street1 / street2)"
        ]
        "#);
        let refused = boston.ship("ups:03").await;
        assert_eq!((refused.status.as_u16(), boston.ups.calls("ship")), (422, 0), "{}", refused.text());
        let mut wrapped = wish("ups:03");
        wrapped["wrap_lines"] = json!(true);
        let booked = boston.t.post("/v1/orders/ord_1/shipments", &wrapped).await;
        assert_eq!(booked.status, 201, "{}", booked.text());
        insta::assert_json_snapshot!(booked.json()["warnings"], @r#"
        [
          "recipient/street1: written as \"22 Upper Promenade at the Old\" / \"Harbour of Boston\""
        ]
        "#);
        let sent = boston.ups.with(|ups| ups.live()[0].request["ShipmentRequest"]["Shipment"]["ShipTo"].clone());
        insta::assert_json_snapshot!(sent, @r#"
        {
          "Address": {
            "AddressLine": [
              "22 Upper Promenade at the Old",
              "Harbour of Boston"
            ],
            "City": "Boston",
            "CountryCode": "US",
            "PostalCode": "02116",
            "ResidentialAddressIndicator": "",
            "StateProvinceCode": "MA"
          },
          "AttentionName": "Ann Reed",
          "Name": "Ann Reed",
          "Phone": {
            "Number": "6175550111"
          }
        }
        "#);
    }

    async fn ups_goes_to_no_box_and_a_rate_says_so(engine: Engine) {
        let boston = Boston::open(engine).await;
        let mut order = near("A");
        order["shipping_address"]["po_box"] = json!("PO Box 12");
        place(&boston.t, [order]).await;
        let quote = boston.t.post("/v1/orders/ord_1/rates", &wish("ups:03")).await.json();
        assert_eq!((&quote["rates"], boston.ups.calls("ship")), (&json!([]), 0));
        insta::assert_json_snapshot!(quote["decision"]["candidates"], @r#"
        [
          {
            "outcome": "out",
            "service": "ups:03",
            "why": "it does not go there: the recipient is a post-office box"
          }
        ]
        "#);
    }

    async fn a_cancelled_shipment_is_voided_at_ups(engine: Engine) {
        let boston = Boston::open(engine).await;
        boston.order("A").await;
        boston.ship("ups:03").await;
        assert_eq!(boston.live(), (1, 0));
        let cancelled = boston.t.post("/v1/shipments/shp_1/cancel", &Json::Null).await;
        assert_eq!((cancelled.status.as_u16(), &cancelled.json()["status"]), (200, &json!("cancelled")));
        assert_eq!(boston.live(), (0, 0));
        let again = boston.ship("ups:03").await.json();
        boston.ups.trouble("void", Trouble::Says(400, json!({ "response": { "errors": [
            { "code": "190102", "message": "No shipment found within the allowed void period" },
        ] } })));
        let refused = boston.t.post(&format!("/v1/shipments/{}/cancel", again["id"].as_str().unwrap()), &Json::Null).await;
        assert_eq!(refused.status, 422, "{}", refused.text());
        assert!(refused.text().contains("No shipment found within the allowed void period (UPS 190102)"), "{}", refused.text());
        assert_eq!(boston.live(), (1, 0));
    }

    async fn a_token_that_ends_in_mid_flight_is_renewed_and_nobody_notices(engine: Engine) {
        let boston = Boston::open(engine).await;
        boston.order("A").await;
        let quote = boston.t.post("/v1/orders/ord_1/rates", &wish("ups:03")).await;
        assert_eq!(quote.json()["failed"], json!([]));
        // UPS forgets its tokens between the rates and the booking, and again before the label.
        boston.ups.with(Ups::end_tokens);
        boston.ups.trouble("label", Trouble::Says(401, json!({ "response": { "errors": [
            { "code": "250002", "message": "Invalid Authentication Information." },
        ] } })));
        let booked = boston.ship("ups:03").await;
        assert_eq!((booked.status.as_u16(), &booked.json()["is_ready_to_print"]), (201, &json!(true)), "{}", booked.text());
        assert_eq!((boston.live(), boston.ups.calls("token")), ((1, 0), 3));
        // Before its end it is renewed without a refusal.
        let (rates, tokens) = (boston.ups.calls("rate"), boston.ups.calls("token"));
        boston.clock().advance(std::time::Duration::from_mins(235));
        boston.t.post("/v1/orders/ord_1/rates", &wish("ups:03")).await;
        assert_eq!((boston.ups.calls("rate"), boston.ups.calls("token")), (rates + 1, tokens + 1));
    }

    async fn a_wait_that_ups_asks_for_is_kept_and_nothing_is_lost_or_doubled(engine: Engine) {
        let boston = Boston::open(engine).await;
        boston.order("A").await;
        boston.ups.trouble("ship", Trouble::Busy(Some(40)));
        let waiting = boston.ship("ups:03").await;
        assert_eq!((waiting.status.as_u16(), waiting.header("retry-after")), (503, "40"), "{}", waiting.text());
        for _ in 0..3 {
            boston.later(13).await;
            boston.ship("ups:03").await;
        }
        assert_eq!((boston.ups.calls("ship"), boston.live()), (1, (0, 0)), "39 s are no 40");
        boston.later(2).await;
        assert_eq!((boston.ups.calls("ship"), boston.live()), (2, (1, 0)));
        assert_eq!(boston.ups.calls("search"), 0, "who was too busy did nothing, so there is nothing to look for");
        let shipment = boston.shipment().await;
        assert_eq!((&shipment["status"], &shipment["is_ready_to_print"]), (&json!("booked"), &json!(true)));
    }

    async fn a_connection_that_drops_after_the_booking_ends_with_one_live_label(engine: Engine) {
        for trouble in [Trouble::DropsAfter, Trouble::Garbles] {
            let boston = Boston::open(engine).await;
            boston.order("A").await;
            boston.ups.with(|ups| ups.shows_bookings = false);
            boston.ups.trouble("ship", trouble.clone());
            let lost = boston.ship("ups:03").await;
            assert!(matches!(lost.status.as_u16(), 502 | 503), "{}", lost.text());
            let open = boston.shipment().await;
            assert_eq!((&open["status"], &open["is_ready_to_print"]), (&json!("booking"), &json!(false)));
            assert!(open["note"].as_str().unwrap().contains("not known yet"), "{open}");
            // UPS shows new shipments late: a search without a find proves nothing, so it is not asked to book again.
            for _ in 0..20 {
                boston.later(61).await;
                boston.ship("ups:03").await;
            }
            assert_eq!((boston.ups.calls("ship"), boston.live()), (1, (1, 0)), "{trouble:?}");
            assert!(boston.ups.calls("search") > 3);
            boston.ups.with(|ups| ups.shows_bookings = true);
            boston.later(300).await;
            let settled = boston.shipment().await;
            assert_eq!((&settled["status"], &settled["is_ready_to_print"]), (&json!("booked"), &json!(true)), "{settled}");
            assert_eq!(boston.number().await, boston.ups.with(|ups| ups.shipments[0].numbers[0].clone()));
            assert_eq!((boston.ups.calls("ship"), boston.live()), (1, (1, 0)));
            assert_eq!(kind_of(&boston.t.get("/v1/parcels/pcl_1/label").await.bytes), "<PDF>");
        }
    }

    async fn what_nobody_can_find_out_is_left_for_a_person(engine: Engine) {
        let boston = Boston::open(engine).await;
        boston.order("A").await;
        boston.ups.trouble("ship", Trouble::DropsBefore);
        boston.ship("ups:03").await;
        for _ in 0..8 {
            boston.later(600).await;
        }
        assert_eq!((boston.ups.calls("ship"), boston.live()), (1, (0, 0)));
        assert_eq!(events(&boston.t).await.last().unwrap(), "shipment.unsettled");
        let settled = boston.t.post("/v1/shipments/shp_1/settle", &json!({ "outcome": "not_booked" })).await;
        assert_eq!(settled.status, 200, "{}", settled.text());
        assert_eq!(boston.ship("ups:03").await.status, 201);
        assert_eq!(boston.live(), (1, 0));
    }

    async fn a_label_that_does_not_come_is_fetched_without_booking_again(engine: Engine) {
        let boston = Boston::open(engine).await;
        boston.order("A").await;
        for _ in 0..2 {
            boston.ups.trouble("label", Trouble::Garbles);
        }
        let booked = boston.ship("ups:03").await;
        assert_eq!((booked.status.as_u16(), &booked.json()["is_ready_to_print"]), (201, &json!(false)));
        assert_eq!(boston.number().await, "1ZA1B2C30300000010", "the booking is safe");
        for _ in 0..3 {
            boston.later(60).await;
        }
        assert_eq!(boston.shipment().await["is_ready_to_print"], true);
        assert_eq!((boston.ups.calls("ship"), boston.live()), (1, (1, 0)));
    }

    async fn a_malformed_price_hides_no_other_carrier_and_names_who_sent_it(engine: Engine) {
        let boston = Boston::open(engine).await;
        boston.order("A").await;
        boston.ups.trouble("rate", Trouble::Garbles);
        let quote = boston.t.post("/v1/orders/ord_1/rates", &json!({})).await.json();
        let services: Vec<_> = quote["rates"].as_array().unwrap().iter().map(|rate| &rate["service"]).collect();
        assert_eq!(services, ["dash:standard"]);
        assert_eq!(quote["failed"][0]["account"], "ups");
        let why = quote["failed"][0]["error"].as_str().unwrap();
        assert!(why.contains("a body that is no JSON: \"<html>it works</html>\""), "{why}");
    }

    async fn a_slow_answer_is_waited_for_only_so_long(engine: Engine) {
        let boston = Boston::open(engine).await;
        boston.order("A").await;
        boston.ups.trouble("rate", Trouble::Slow(30_000));
        let began = std::time::Instant::now();
        let quote = boston.t.post("/v1/orders/ord_1/rates", &json!({})).await.json();
        assert!(began.elapsed().as_secs() < 10);
        assert_eq!(quote["failed"], json!([{ "account": "ups", "error": "the carrier did not answer: no answer in time" }]));
        assert_eq!(quote["rates"][0]["service"], "dash:standard");
    }

    async fn upss_refusal_is_told_in_its_words_and_kept_without_people_and_secrets(engine: Engine) {
        let boston = Boston::open(engine).await;
        boston.order("A").await;
        boston.ups.trouble("ship", Trouble::Says(400, json!({ "response": { "errors": [
            { "code": "120802", "message": "Address Validation Error on ShipTo address" },
        ] } })));
        let refused = boston.ship("ups:03").await;
        assert_eq!(refused.status, 422, "{}", refused.text());
        assert!(refused.text().contains("Address Validation Error on ShipTo address (UPS 120802)"), "{}", refused.text());
        let kept = boston.t.get("/v1/shipments/shp_1/exchanges").await.text();
        assert!(kept.contains("Address Validation Error on ShipTo address") && kept.contains("/shipments/v2409/ship"), "{kept}");
        for hidden in ["Ann Reed", "22 Elm Road", "5550111", "stand-in-secret", "token-1", "Bearer "] {
            assert!(!kept.contains(hidden), "{hidden}: {kept}");
        }
    }

    async fn h1_a_rate_shows_how_its_price_came_about_and_what_was_missing(engine: Engine) {
        let boston = Boston::open(engine).await;
        boston.order("A").await;
        let mut large = wish("ups:03");
        let ask = async |wish: &Json| boston.t.post("/v1/orders/ord_1/rates", wish).await.json()["rates"][0].clone();
        let whole = ask(&large).await;
        large["parcels"][0]["dimensions_cm"] = json!({ "length": 60, "width": 40, "height": 40 });
        let by_volume = ask(&large).await;
        large["parcels"][0].as_object_mut().unwrap().remove("dimensions_cm");
        let unknown_size = ask(&large).await;
        boston.ups.with(|ups| ups.has_contract = false);
        let list = ask(&wish("ups:03")).await;
        let courier = ask(&wish("dash:standard")).await;
        let shown = json!({
            "whole": whole, "by_volume": by_volume, "unknown_size": unknown_size["notes"],
            "list": [list["tariff"], list["total"], list["notes"]], "courier": courier,
        });
        insta::assert_json_snapshot!(shown, { ".courier.expires_at" => "<later>" }, @r#"
        {
          "by_volume": {
            "list_total": {
              "amount": "39.70",
              "currency": "USD"
            },
            "notes": [
              "priced as a home, since the address names no company"
            ],
            "parcels": [
              {
                "because": "UPS bills 45.0 LBS for 4.5 LBS: its size decides",
                "billed_weight_kg": "20.411657",
                "is_volumetric": true,
                "price": {
                  "amount": "32.50",
                  "currency": "USD"
                }
              }
            ],
            "service": "ups:03",
            "service_name": "UPS Ground",
            "surcharges": [
              {
                "amount": {
                  "amount": "3.25",
                  "currency": "USD"
                },
                "name": "fuel"
              },
              {
                "amount": {
                  "amount": "3.95",
                  "currency": "USD"
                },
                "name": "charge 270"
              },
              {
                "amount": {
                  "amount": "-7.94",
                  "currency": "USD"
                },
                "name": "contract price instead of list price"
              }
            ],
            "tariff": "contract",
            "total": {
              "amount": "31.76",
              "currency": "USD"
            },
            "transit_days": 3
          },
          "courier": {
            "expires_at": "<later>",
            "notes": [
              "expected at 2026-03-02T10:40:00Z",
              "a cancellation may cost a fee once a courier is assigned"
            ],
            "parcels": [
              {
                "because": "a courier charges by distance and order value, not by weight",
                "billed_weight_kg": null,
                "is_volumetric": false,
                "price": {
                  "amount": "8.75",
                  "currency": "USD"
                }
              }
            ],
            "service": "dash:standard",
            "service_name": "DoorDash courier",
            "surcharges": [
              {
                "amount": {
                  "amount": "1.00",
                  "currency": "USD"
                },
                "name": "service fee"
              }
            ],
            "tariff": "contract",
            "total": {
              "amount": "9.75",
              "currency": "USD"
            },
            "transit_days": 0
          },
          "list": [
            "list",
            {
              "amount": "17.70",
              "currency": "USD"
            },
            [
              "UPS gave no contract price for this account",
              "priced as a home, since the address names no company"
            ]
          ],
          "unknown_size": [
            "no dimensions: UPS will bill its volume if that is more than its weight",
            "priced as a home, since the address names no company"
          ],
          "whole": {
            "list_total": {
              "amount": "17.70",
              "currency": "USD"
            },
            "notes": [
              "priced as a home, since the address names no company"
            ],
            "parcels": [
              {
                "because": "UPS bills 5.0 LBS for 4.5 LBS: its gross weight, rounded up by the pound or the half kilogram",
                "billed_weight_kg": "2.267962",
                "is_volumetric": false,
                "price": {
                  "amount": "12.50",
                  "currency": "USD"
                }
              }
            ],
            "service": "ups:03",
            "service_name": "UPS Ground",
            "surcharges": [
              {
                "amount": {
                  "amount": "1.25",
                  "currency": "USD"
                },
                "name": "fuel"
              },
              {
                "amount": {
                  "amount": "3.95",
                  "currency": "USD"
                },
                "name": "charge 270"
              },
              {
                "amount": {
                  "amount": "-3.54",
                  "currency": "USD"
                },
                "name": "contract price instead of list price"
              }
            ],
            "tariff": "contract",
            "total": {
              "amount": "14.16",
              "currency": "USD"
            },
            "transit_days": 3
          }
        }
        "#);
        for rate in [&whole, &by_volume, &list, &courier] {
            let cents = |amount: &Json| (amount["amount"].as_str().unwrap().parse::<f64>().unwrap() * 100.0).round() as i64;
            let parts = rate["parcels"].as_array().unwrap().iter().map(|parcel| cents(&parcel["price"]));
            let extras = rate["surcharges"].as_array().into_iter().flatten().map(|extra| cents(&extra["amount"]));
            assert_eq!(parts.chain(extras).sum::<i64>(), cents(&rate["total"]), "{rate}");
        }
    }

    async fn h1_the_label_screen_and_the_checkout_give_the_same_figure_for_the_same_parcels(engine: Engine) {
        let boston = Boston::open(engine).await;
        boston.order("A").await;
        for service in ["ups:03", "ups:02", "dash:standard"] {
            let quoted = boston.t.post("/v1/orders/ord_1/rates", &wish(service)).await.json()["rates"][0].clone();
            let booked = boston.ship(service).await.json();
            let bought = &booked["rate"];
            for part in ["service", "total", "parcels", "surcharges", "tariff", "list_total"] {
                assert_eq!(bought[part], quoted[part], "{service}: {part}");
            }
            let path = format!("/v1/shipments/{}/cancel", booked["id"].as_str().unwrap());
            assert_eq!(boston.t.post(&path, &Json::Null).await.status, 200);
        }
    }
}
