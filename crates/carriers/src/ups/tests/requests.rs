//! Canonical to request; URL and method.

use domain::CarrierError;
use domain::address::{Address, Fitting, Side};
use domain::connector::{BookRequest, CancelRequest, LabelRequest, Parties, RateRequest, Trace};
use domain::document::Format;
use domain::error::Rule;
use domain::service::ServiceCode;
use serde_json::{Value as Json, json};

use super::super::party::Party;
use super::super::{book, codes, quote};
use super::{account, connect, ground, small, standing_in};
use crate::conformance::{berlin, book_request, near, parcel, rate_request, track_request};

fn pretty(json: &Json) -> String {
    serde_json::to_string_pretty(json).unwrap()
}

#[test]
fn a_question_for_prices_holds_weights_and_sizes_rounded_up_in_the_units_of_the_sender() {
    let ask = rate_request(near(), vec![small()]);
    insta::assert_snapshot!(pretty(&quote::request(&ask, "A1B2C3", "01")), @r#"
    {
      "RateRequest": {
        "PickupType": {
          "Code": "01"
        },
        "Request": {
          "SubVersion": "2409",
          "TransactionReference": {
            "CustomerContext": "question-1"
          }
        },
        "Shipment": {
          "DeliveryTimeInformation": {
            "PackageBillType": "03",
            "Pickup": {
              "Date": "19700101"
            }
          },
          "Package": [
            {
              "Dimensions": {
                "Height": "4",
                "Length": "10",
                "UnitOfMeasurement": {
                  "Code": "IN",
                  "Description": "IN"
                },
                "Width": "8"
              },
              "PackageWeight": {
                "UnitOfMeasurement": {
                  "Code": "LBS",
                  "Description": "LBS"
                },
                "Weight": "2.5"
              },
              "PackagingType": {
                "Code": "02"
              }
            }
          ],
          "PaymentDetails": {
            "ShipmentCharge": [
              {
                "BillShipper": {
                  "AccountNumber": "A1B2C3"
                },
                "Type": "01"
              }
            ]
          },
          "ShipFrom": {
            "Address": {
              "AddressLine": [
                "345 Harrison Avenue"
              ],
              "City": "Boston",
              "CountryCode": "US",
              "PostalCode": "02118",
              "StateProvinceCode": "MA"
            }
          },
          "ShipTo": {
            "Address": {
              "AddressLine": [
                "22 Elm Road"
              ],
              "City": "Boston",
              "CountryCode": "US",
              "PostalCode": "02116",
              "ResidentialAddressIndicator": "",
              "StateProvinceCode": "MA"
            }
          },
          "ShipmentRatingOptions": {
            "NegotiatedRatesIndicator": ""
          },
          "Shipper": {
            "Address": {
              "AddressLine": [
                "345 Harrison Avenue"
              ],
              "City": "Boston",
              "CountryCode": "US",
              "PostalCode": "02118",
              "StateProvinceCode": "MA"
            },
            "ShipperNumber": "A1B2C3"
          },
          "TaxInformationIndicator": ""
        }
      }
    }
    "#);
}

#[test]
fn a_question_abroad_says_what_the_goods_are_worth_and_weigh_in_all() {
    let ask =
        RateRequest { service: Some("11".to_owned()), ..rate_request(berlin(), vec![parcel("1"), parcel("2.5")]) };
    let request = quote::request(&ask, "A1B2C3", "03");
    let shipment = &request["RateRequest"]["Shipment"];
    assert_eq!(shipment["Service"]["Code"], "11");
    assert_eq!(request["RateRequest"]["PickupType"]["Code"], "03");
    assert_eq!(shipment["InvoiceLineTotal"]["MonetaryValue"], "42.50");
    // 2.3 and 5.6 lb, since each parcel is rounded up by itself.
    assert_eq!(shipment["ShipmentTotalWeight"]["Weight"], "7.9");
    assert_eq!(shipment["ShipTo"]["Address"]["AddressLine"][0], "Invalidenstraße 117");
    let back = RateRequest { sender: berlin(), recipient: near(), ..ask };
    let request = quote::request(&back, "A1B2C3", "01");
    let unit = &request["RateRequest"]["Shipment"]["Package"][1]["PackageWeight"];
    assert_eq!((&unit["UnitOfMeasurement"]["Code"], &unit["Weight"]), (&Json::from("KGS"), &Json::from("2.5")));
}

#[test]
fn what_ups_would_never_take_is_left_out_with_the_reason_and_nobody_is_asked() {
    let mut ask = rate_request(near(), vec![parcel("70"), small()]);
    ask.recipient.postal_code = Some("2118".to_owned());
    ask.recipient.name = None;
    ask.recipient.state = None;
    ask.recipient.street1 = Some("Elm Road of the old harbour behind the customs house 22".to_owned());
    let left_out: Vec<_> =
        quote::unfit(&ask, "house").into_iter().map(|(code, why)| format!("{code}: {why}")).collect();
    insta::assert_snapshot!(left_out.join("\n"), @r#"
    house:03: recipient/postal_code: "2118": UPS expects 5 or 9 digits; parcel 1: it weighs 154.4 LBS: UPS takes at most 150 LBS
    house:02: recipient/postal_code: "2118": UPS expects 5 or 9 digits; parcel 1: it weighs 154.4 LBS: UPS takes at most 150 LBS
    house:01: recipient/postal_code: "2118": UPS expects 5 or 9 digits; parcel 1: it weighs 154.4 LBS: UPS takes at most 150 LBS
    "#);
    let fits = rate_request(near(), vec![parcel("68")]);
    assert_eq!(quote::unfit(&fits, "house"), []);
}

#[test]
fn a_booking_holds_everything_ups_needs() {
    insta::assert_snapshot!(pretty(&book::request(&ground(vec![small()]), "A1B2C3")), @r#"
    {
      "ShipmentRequest": {
        "LabelSpecification": {
          "HTTPUserAgent": "Mozilla/4.5",
          "LabelImageFormat": {
            "Code": "ZPL"
          },
          "LabelStockSize": {
            "Height": "6",
            "Width": "4"
          }
        },
        "Request": {
          "RequestOption": "nonvalidate",
          "SubVersion": "2205"
        },
        "Shipment": {
          "Description": "Tea set",
          "Package": [
            {
              "Dimensions": {
                "Height": "4",
                "Length": "10",
                "UnitOfMeasurement": {
                  "Code": "IN",
                  "Description": "IN"
                },
                "Width": "8"
              },
              "PackageWeight": {
                "UnitOfMeasurement": {
                  "Code": "LBS",
                  "Description": "LBS"
                },
                "Weight": "2.5"
              },
              "Packaging": {
                "Code": "02"
              },
              "ReferenceNumber": [
                {
                  "Value": "reference-7"
                },
                {
                  "Value": "A-1001"
                }
              ]
            }
          ],
          "PaymentInformation": {
            "ShipmentCharge": [
              {
                "BillShipper": {
                  "AccountNumber": "A1B2C3"
                },
                "Type": "01"
              }
            ]
          },
          "Service": {
            "Code": "03"
          },
          "ShipTo": {
            "Address": {
              "AddressLine": [
                "22 Elm Road"
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
              "Number": "16175550111"
            }
          },
          "ShipmentRatingOptions": {
            "NegotiatedRatesIndicator": ""
          },
          "Shipper": {
            "Address": {
              "AddressLine": [
                "345 Harrison Avenue"
              ],
              "City": "Boston",
              "CountryCode": "US",
              "PostalCode": "02118",
              "StateProvinceCode": "MA"
            },
            "AttentionName": "Store desk",
            "Name": "Boston store",
            "Phone": {
              "Number": "16175550100"
            },
            "ShipperNumber": "A1B2C3"
          }
        }
      }
    }
    "#);
}

#[test]
fn references_stand_at_each_parcel_at_home_and_at_the_shipment_abroad() {
    let home = book::request(&ground(vec![small(), small()]), "A1B2C3");
    let abroad = book_request(&ServiceCode::new("house", "65"), berlin(), vec![small()], 7);
    let abroad = book::request(&abroad, "A1B2C3");
    let [home, abroad] = [&home, &abroad].map(|request| &request["ShipmentRequest"]["Shipment"]);
    assert_eq!(home["Package"][1]["ReferenceNumber"][0]["Value"], "reference-7");
    assert!(home["ReferenceNumber"].is_null() && abroad["Package"][0]["ReferenceNumber"].is_null());
    assert_eq!(abroad["ReferenceNumber"][1]["Value"], "A-1001");
}

#[test]
fn every_field_ups_would_refuse_is_told_at_once_and_nothing_is_cut() {
    let mut ask = book_request(&ServiceCode::new("house", "65"), berlin(), vec![small()], 7);
    ask.recipient.street1 = Some("Straße-des-Siebzehnten-Juni-am-Tiergarten".to_owned());
    ask.recipient.city = Some("Berlin-Charlottenburg-Wilmersdorf".to_owned());
    ask.recipient.phone = None;
    ask.sender.state = Some("Massachusetts".to_owned());
    ask.sender.company = Some("The Boston store of all things that are useful".to_owned());
    ask.label_format = Format::parse("png_203").unwrap();
    let problems = book::problems(&ask, false);
    let told: Vec<_> = problems.iter().map(|one| format!("{}: {}", one.path, one.message)).collect();
    insta::assert_snapshot!(told.join("\n"), @r#"
    sender/company: sender/company: "The Boston store of all things that are useful" has 46 characters and 35 are allowed; no wrapping over free lines fits: shorten it
    recipient/street1: recipient/street1: street and house number in one line, "Straße-des-Siebzehnten-Juni-am-Tiergarten 117" has 45 characters and 35 are allowed; no wrapping over free lines fits: shorten it
    recipient/city: recipient/city: "Berlin-Charlottenburg-Wilmersdorf" has 33 characters and 30 are allowed; no wrapping over free lines fits: shorten it
    recipient/phone: the service 65 needs the recipient's phone number
    sender/state: sender/state: "Massachusetts": UPS expects two letters such as MA
    label_format: label_format: UPS makes labels as PDF and ZPL; as PNG only for an account whose setting png_labels is yes
    "#);
    assert_eq!(problems.iter().filter(|problem| problem.rule == Rule::Missing).count(), 1);
}

#[tokio::test]
async fn a_long_street_is_priced_without_it_and_booked_on_the_lines_it_was_wrapped_over() {
    let (_server, connection) = standing_in().await;
    let long = Address {
        street1: Some("Upper Promenade at the Old Harbour of Boston".to_owned()),
        house_number: Some("22".to_owned()),
        street2: Some("Courtyard of the former customs house, third staircase".to_owned()),
        ..near()
    };
    let ask = rate_request(long.clone(), vec![small()]);
    let priced = quote::request(&ask, "A1B2C3", "01");
    assert_eq!(priced["RateRequest"]["Shipment"]["ShipTo"]["Address"]["AddressLine"], Json::Null);
    assert_eq!(connection.rates(&ask, &Trace::default()).await.unwrap().rates.len(), 2);

    let short = Address { street2: Some("third staircase".to_owned()), ..long };
    let fitting = Fitting { side: Side::Recipient, service: "03", is_abroad: false, split: None, wraps: true };
    let fitted = connection.address_limits("03").fit(&short, fitting).unwrap();
    let ask = BookRequest { recipient: fitted.address, ..ground(vec![small()]) };
    let booked = book::request(&ask, "A1B2C3");
    let ship_to = &booked["ShipmentRequest"]["Shipment"]["ShipTo"];
    assert_eq!(
        ship_to["Address"]["AddressLine"],
        serde_json::json!(["22 Upper Promenade at the Old", "Harbour of Boston third staircase"])
    );
    assert_eq!(ship_to["Phone"]["Number"], "6175550111");
}

#[test]
fn every_service_that_is_listed_has_a_name() {
    for code in codes::SERVICES {
        assert_ne!(codes::service_name(code, "US"), format!("UPS {code}"));
    }
}

#[test]
fn an_account_is_told_what_is_wrong_with_its_settings() {
    let mut account = account("http://127.0.0.1:9");
    for (name, value) in [("account_number", "12"), ("pickup_type", "02"), ("base_url", "ftp://x"), ("png_labels", "1")]
    {
        account.settings.insert(name.to_owned(), value.to_owned());
    }
    let Err(problems) = super::super::connector(&crate::testing::http()).connect(&account) else { panic!("taken") };
    let told: Vec<_> = problems.iter().map(|one| format!("{}: {}", one.path, one.message)).collect();
    insta::assert_snapshot!(told.join("\n"), @r#"
    account_number: account_number is "12": expected six letters and digits
    pickup_type: pickup_type is "02": expected one of 01, 03, 06, 19, 20
    png_labels: png_labels is "1": expected one of no, yes
    base_url: base_url is "ftp://x": "ftp" is not http; expected an https URL with a public address, unless the operator sets allow_private_webhooks
    "#);
}

#[tokio::test]
async fn each_call_has_its_url_and_method() {
    let (server, _) = standing_in().await;
    let connection = connect(&account(&server.url));
    let trace = Trace::default();
    let ask = rate_request(near(), vec![small()]);
    connection.rates(&ask, &trace).await.unwrap();
    connection.rates(&RateRequest { service: Some("03".to_owned()), ..ask }, &trace).await.unwrap();
    let booking = connection.book(&ground(vec![small()]), &trace).await.unwrap();
    connection.find(&ground(vec![small()]), &trace).await.unwrap();
    let number = booking.parcels[0].tracking_number.clone();
    let labels = LabelRequest {
        reference: "reference-7".to_owned(),
        carrier_reference: booking.carrier_reference.clone(),
        tracking_numbers: vec![number.clone()],
        label_format: Format::default(),
    };
    connection.labels(&labels, &trace).await.unwrap();
    connection.track(&track_request(&number, "reference-7", near()), &trace).await.unwrap();
    let cancel = CancelRequest {
        reference: "reference-7".to_owned(),
        carrier_reference: booking.carrier_reference,
        tracking_numbers: vec![number],
    };
    connection.cancel(&cancel, &trace).await.unwrap();
    let operations: Vec<_> = trace.take().into_iter().map(|one| one.operation.replace(&server.url, "")).collect();
    insta::assert_snapshot!(operations.join("\n"), @r#"
    POST /security/v1/oauth/token
    POST /api/rating/v2409/Shoptimeintransit
    POST /api/rating/v2409/Ratetimeintransit
    POST /api/shipments/v2409/ship
    GET /api/track/v1/reference/details/reference-7
    POST /api/labels/v1/recovery
    GET /api/track/v1/details/1ZA1B2C30300000010
    DELETE /api/shipments/v2409/void/cancel/1ZA1B2C30300000010
    "#);
}

#[tokio::test]
async fn a_trace_shows_what_was_said_without_people_credentials_and_labels() {
    let (_server, connection) = standing_in().await;
    let trace = Trace::default();
    connection.book(&ground(vec![small()]), &trace).await.unwrap();
    let said = trace.take();
    insta::assert_snapshot!(format!("{}\n{}", said[1].request, said[1].answer.as_ref().unwrap()), @r#"
    {"ShipmentRequest":{"LabelSpecification":{"HTTPUserAgent":"Mozilla/4.5","LabelImageFormat":{"Code":"ZPL"},"LabelStockSize":{"Height":"6","Width":"4"}},"Request":{"RequestOption":"nonvalidate","SubVersion":"2205"},"Shipment":{"Description":"Tea set","Package":[{"Dimensions":{"Height":"4","Length":"10","UnitOfMeasurement":{"Code":"IN","Description":"IN"},"Width":"8"},"PackageWeight":{"UnitOfMeasurement":{"Code":"LBS","Description":"LBS"},"Weight":"2.5"},"Packaging":{"Code":"02"},"ReferenceNumber":[{"Value":"reference-7"},{"Value":"A-1001"}]}],"PaymentInformation":{"ShipmentCharge":[{"BillShipper":{"AccountNumber":"[redacted]"},"Type":"01"}]},"Service":{"Code":"03"},"ShipTo":{"Address":{"AddressLine":"[redacted]","City":"Boston","CountryCode":"US","PostalCode":"02116","ResidentialAddressIndicator":"","StateProvinceCode":"MA"},"AttentionName":"[redacted]","Name":"[redacted]","Phone":"[redacted]"},"ShipmentRatingOptions":{"NegotiatedRatesIndicator":""},"Shipper":{"Address":{"AddressLine":"[redacted]","City":"Boston","CountryCode":"US","PostalCode":"02118","StateProvinceCode":"MA"},"AttentionName":"[redacted]","Name":"[redacted]","Phone":"[redacted]","ShipperNumber":"[redacted]"}}}}
    200 {"ShipmentResponse":{"Response":{"ResponseStatus":{"Code":"1"}},"ShipmentResults":{"PackageResults":[{"ShippingLabel":{"GraphicImage":"[redacted]","ImageFormat":{"Code":"ZPL"}},"TrackingNumber":"1ZA1B2C30300000010"}],"ShipmentIdentificationNumber":"1ZA1B2C30300000010"}}}
    "#);
}

#[tokio::test]
async fn a_token_that_is_refused_is_renewed_once() {
    let (server, connection) = standing_in().await;
    let ask = rate_request(near(), vec![small()]);
    for _ in 0..2 {
        connection.rates(&ask, &Trace::default()).await.unwrap();
    }
    assert_eq!((server.calls("token"), server.calls("rate")), (1, 2));
    server.with(super::super::stand_in::Ups::end_tokens);
    connection.rates(&ask, &Trace::default()).await.unwrap();
    assert_eq!((server.calls("token"), server.calls("rate")), (2, 4));
    assert!(server.with(|ups| ups.products.remove("rate")));
    let refused = connection.rates(&ask, &Trace::default()).await;
    assert!(matches!(refused, Err(CarrierError::Credentials(_))), "{refused:?}");
    assert_eq!((server.calls("token"), server.calls("rate")), (3, 6), "once, and not for ever");
}

#[test]
fn n1_a_return_is_shipped_by_us_from_the_customer_and_has_a_label_to_print() {
    let parties = Parties { is_return: true, ..Parties::default() };
    let out = ground(vec![small()]);
    let back = BookRequest { sender: out.recipient.clone(), recipient: out.sender.clone(), parties, ..out.clone() };
    let body = book::request(&back, "A1B2C3");
    let shipment = &body["ShipmentRequest"]["Shipment"];
    assert_eq!(shipment["ReturnService"], json!({ "Code": "9" }));
    assert_eq!(shipment["Shipper"]["Address"], shipment["ShipTo"]["Address"]);
    assert_eq!(shipment["Shipper"]["ShipperNumber"], "A1B2C3");
    assert_eq!(shipment["ShipFrom"]["Name"], Party { address: &back.sender, role: "sender" }.whole()["Name"]);
    assert_eq!(book::request(&out, "A1B2C3")["ShipmentRequest"]["Shipment"].get("ShipFrom"), None);
}

#[test]
fn n2_whoever_pays_is_the_shipper_and_the_parcel_leaves_from_the_location() {
    let payer = Address {
        company: Some("Acme Holding".to_owned()),
        city: Some("Atlanta".to_owned()),
        ..ground(Vec::new()).sender
    };
    let parties = Parties { billing: Some(payer), ..Parties::default() };
    let body = book::request(&BookRequest { parties, ..ground(vec![small()]) }, "A1B2C3");
    let shipment = &body["ShipmentRequest"]["Shipment"];
    assert_eq!(
        (&shipment["Shipper"]["Name"], &shipment["Shipper"]["Address"]["City"]),
        (&json!("Acme Holding"), &json!("Atlanta"))
    );
    assert_eq!(shipment["ShipFrom"]["Address"]["City"], "Boston");
}
