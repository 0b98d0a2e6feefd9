//! A stand-in of UPS: it gives tokens that end, prices by weight, books, shows bookings by reference after a while, gives
//! labels again, voids, and tells what happened to a parcel.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::Timestamp;
use serde_json::{Value as Json, json};

use super::{book, codes, quote, track};
use crate::Now;
use crate::http::Reply;
use crate::testing::{Asked, Play, Server, asks};

/// The id of the app.
pub const CLIENT_ID: &str = "stand-in-client";
/// Its secret.
pub const CLIENT_SECRET: &str = "stand-in-secret";
/// The account that pays.
pub const ACCOUNT: &str = "A1B2C3";

/// What is asked, by name: `token`, `rate`, `ship`, `search`, `label`, `void`, `track`.
pub struct Ups {
    now: Arc<Now>,
    /// Tokens that are good, each until when.
    tokens: BTreeMap<String, Timestamp>,
    given: u64,
    /// How many seconds a token lives.
    pub life: u64,
    /// Products of the app: a question to any other is refused as if the credentials were bad.
    pub products: BTreeSet<&'static str>,
    /// Whether the search by reference shows bookings.
    pub shows_bookings: bool,
    /// Whether the account has contract prices.
    pub has_contract: bool,
    /// What was booked, in order.
    pub shipments: Vec<Booked>,
    /// What happened to parcels, by number, newest first.
    pub activities: BTreeMap<String, Vec<Json>>,
}

/// A shipment as UPS keeps it.
#[derive(Clone, Debug)]
pub struct Booked {
    /// The numbers of its parcels, of which the first names the shipment.
    pub numbers: Vec<String>,
    /// Every reference of it.
    pub references: Vec<String>,
    /// What was sent.
    pub request: Json,
    /// Whether it was voided.
    pub is_voided: bool,
}

/// Starts a stand-in with a clock.
pub async fn start(now: Arc<Now>) -> Server<Ups> {
    Server::start(Ups {
        now,
        tokens: BTreeMap::new(),
        given: 0,
        life: 14_399,
        products: ["rate", "ship", "track"].into(),
        shows_bookings: true,
        has_contract: true,
        shipments: Vec::new(),
        activities: BTreeMap::new(),
    })
    .await
}

/// The settings of an account at a stand-in, as a setup file writes them.
pub fn settings(server: &Server<Ups>) -> String {
    let url = &server.url;
    format!(
        "{{ client_id = \"{CLIENT_ID}\", client_secret = \"{CLIENT_SECRET}\", account_number = \"{ACCOUNT}\", \
         base_url = \"{url}/api\", token_url = \"{url}\" }}"
    )
}

fn refused(status: u16, code: &str, message: &str) -> (u16, Json) {
    (status, json!({ "response": { "errors": [{ "code": code, "message": message }] } }))
}

fn amount(value: i64) -> Json {
    json!({ "CurrencyCode": "USD", "MonetaryValue": format!("{}.{:02}", value / 100, value % 100) })
}

/// A label of a parcel, as short as its kind allows, in base 64.
fn label(number: &str, format: &str) -> String {
    let bytes = match format {
        "PDF" => format!("%PDF-1.4\n% label of {number}\n%%EOF\n").into_bytes(),
        "PNG" | "GIF" => [b"\x89PNG\r\n\x1a\n".as_slice(), number.as_bytes()].concat(),
        _ => format!("^XA^FO50,50^FD{number}^FS^XZ").into_bytes(),
    };
    STANDARD.encode(bytes)
}

/// How many lines an address has; `None` when one is no text or too long.
fn lines(shipment: &Json, party: &str) -> Option<usize> {
    let lines = shipment[party]["Address"]["AddressLine"].as_array().map_or(&[][..], Vec::as_slice);
    let are_short = lines.iter().all(|line| line.as_str().is_some_and(|line| line.chars().count() <= 35));
    are_short.then_some(lines.len())
}

impl Ups {
    /// Every token that was given ends now.
    pub fn end_tokens(&mut self) {
        self.tokens.clear();
    }

    /// Bookings that were not voided.
    pub fn live(&self) -> Vec<&Booked> {
        self.shipments.iter().filter(|shipment| !shipment.is_voided).collect()
    }

    /// Says what happened to a parcel: three digits, type and letters, in UPS's words, at a time of Greenwich.
    pub fn scan(&mut self, number: &str, (digits, kind, letters): (&str, &str, &str), words: &str, at: &str) {
        let (date, time) = at.split_once(' ').unwrap_or((at, "120000"));
        let activity = json!({
            "location": { "address": { "city": "SPRINGVALE", "countryCode": "US" } },
            "status": { "type": kind, "code": letters, "statusCode": digits, "description": words },
            "date": date, "time": time, "gmtDate": date, "gmtTime": time, "gmtOffset": "-05:00",
        });
        self.activities.entry(number.to_owned()).or_default().insert(0, activity);
    }

    fn token(&mut self, asked: &Asked) -> (u16, Json) {
        let basic = format!("Basic {}", STANDARD.encode(format!("{CLIENT_ID}:{CLIENT_SECRET}")));
        if asked.header("authorization") != basic || asked.bytes != "grant_type=client_credentials" {
            return refused(401, "10401", "ClientId is Invalid");
        }
        self.given += 1;
        let token = format!("token-{}", self.given);
        let until = (self.now)().checked_add(std::time::Duration::from_secs(self.life)).unwrap_or(Timestamp::MAX);
        self.tokens.insert(token.clone(), until);
        let answer = json!({
            "token_type": "Bearer", "issued_at": "0", "client_id": CLIENT_ID, "access_token": token,
            "expires_in": self.life.to_string(), "refresh_count": "0", "status": "approved",
        });
        (200, answer)
    }

    /// Why a call is not let in.
    fn outside(&self, asked: &Asked, product: &str) -> Option<(u16, Json)> {
        let token = asked.header("authorization").strip_prefix("Bearer ").unwrap_or("");
        let is_good = self.tokens.get(token).is_some_and(|until| *until > (self.now)());
        if !is_good || !self.products.contains(product) {
            return Some(refused(401, "250002", "Invalid Authentication Information."));
        }
        let id = asked.header("transId");
        let is_named = (1..=32).contains(&id.len()) && !asked.header("transactionSrc").is_empty();
        (!is_named).then(|| refused(400, "VSS001", "transId and transactionSrc are required"))
    }

    fn rate(&self, asked: &Asked) -> (u16, Json) {
        let shipment = &asked.body["RateRequest"]["Shipment"];
        let packages = shipment["Package"].as_array().cloned().unwrap_or_default();
        let is_abroad = shipment["ShipTo"]["Address"]["CountryCode"] != shipment["ShipFrom"]["Address"]["CountryCode"];
        if packages.is_empty() {
            return refused(400, "110601", "At least one package is required");
        }
        if ["Shipper", "ShipFrom", "ShipTo"].iter().any(|party| !matches!(lines(shipment, party), Some(0..=3))) {
            return refused(400, "111057", "Invalid AddressLine");
        }
        if is_abroad && shipment["InvoiceLineTotal"].is_null() && shipment["DeliveryTimeInformation"].is_object() {
            return refused(400, "111549", "Invoice Line Total is required");
        }
        let number = |value: &Json| value.as_str().and_then(|text| text.parse::<f64>().ok()).unwrap_or(0.0);
        let billed: f64 = packages
            .iter()
            .map(|package| {
                let sides = &package["Dimensions"];
                let volume = number(&sides["Length"]) * number(&sides["Width"]) * number(&sides["Height"]);
                number(&package["PackageWeight"]["Weight"]).max(volume / 139.0).ceil()
            })
            .sum();
        let services: &[(&str, i64, &str)] =
            if is_abroad { &[("11", 2500, "4"), ("65", 5500, "2")] } else { &[("03", 1000, "3"), ("02", 2200, "2")] };
        let wanted = shipment["Service"]["Code"].as_str();
        let home = if shipment["ShipTo"]["Address"]["ResidentialAddressIndicator"].is_string() { 395 } else { 0 };
        let rated: Vec<_> = services
            .iter()
            .filter(|(code, ..)| wanted.is_none_or(|wanted| wanted == *code))
            .map(|(code, base, days)| {
                let transport = base + billed as i64 * 50;
                let fuel = transport / 10;
                let list = transport + fuel + home;
                let mut rated = json!({
                    "Service": { "Code": code, "Description": "" },
                    "BillingWeight": {
                        "UnitOfMeasurement": packages[0]["PackageWeight"]["UnitOfMeasurement"],
                        "Weight": format!("{billed:.1}"),
                    },
                    "TransportationCharges": amount(list),
                    "ServiceOptionsCharges": amount(0),
                    "ItemizedCharges": [
                        { "Code": "375", "CurrencyCode": "USD", "MonetaryValue": amount(fuel)["MonetaryValue"] },
                        { "Code": "270", "CurrencyCode": "USD", "MonetaryValue": amount(home)["MonetaryValue"] },
                    ],
                    "TotalCharges": amount(list),
                    "TimeInTransit": { "ServiceSummary": { "EstimatedArrival": { "BusinessDaysInTransit": days } } },
                });
                if self.has_contract && shipment["ShipmentRatingOptions"]["NegotiatedRatesIndicator"].is_string() {
                    rated["NegotiatedRateCharges"] = json!({ "TotalCharge": amount(list * 8 / 10) });
                }
                rated
            })
            .collect();
        if rated.is_empty() {
            return refused(400, "111212", "The requested service is unavailable between the selected locations.");
        }
        let head = json!({ "ResponseStatus": { "Code": "1" }, "Alert": [] });
        (200, json!({ "RateResponse": { "Response": head, "RatedShipment": rated } }))
    }

    fn ship(&mut self, asked: &Asked) -> (u16, Json) {
        let shipment = &asked.body["ShipmentRequest"]["Shipment"];
        let packages = shipment["Package"].as_array().cloned().unwrap_or_default();
        let service = shipment["Service"]["Code"].as_str().unwrap_or_default().to_owned();
        if packages.is_empty() || service.is_empty() || shipment["PaymentInformation"].is_null() {
            return refused(400, "9120000", "Missing or invalid element");
        }
        for party in ["Shipper", "ShipTo"] {
            if !matches!(lines(shipment, party), Some(1..=3)) {
                return refused(400, "9120003", &format!("Invalid {party} AddressLine"));
            }
        }
        if shipment["ShipTo"]["Address"]["PostalCode"] == "00000" {
            return refused(400, "120802", "Address Validation Error on ShipTo address");
        }
        let is_home = ["ShipTo", "Shipper"].iter().all(|party| shipment[*party]["Address"]["CountryCode"] == "US");
        let of_shipment = shipment["ReferenceNumber"].as_array().cloned().unwrap_or_default();
        let of_packages: Vec<_> = packages
            .iter()
            .flat_map(|package| package["ReferenceNumber"].as_array().cloned().unwrap_or_default())
            .collect();
        if (is_home && !of_shipment.is_empty()) || (!is_home && !of_packages.is_empty()) {
            return refused(400, "120541", "Reference numbers stand at the wrong level");
        }
        let references =
            of_shipment.iter().chain(&of_packages).filter_map(|one| one["Value"].as_str().map(str::to_owned));
        let serial = 1 + self.shipments.iter().map(|shipment| shipment.numbers.len()).sum::<usize>();
        let numbers: Vec<_> =
            (serial..).take(packages.len()).map(|serial| format!("1Z{ACCOUNT}{service}{serial:07}0")).collect();
        self.shipments.push(Booked {
            numbers: numbers.clone(),
            references: references.collect(),
            request: asked.body.clone(),
            is_voided: false,
        });
        let format = asked.body["ShipmentRequest"]["LabelSpecification"]["LabelImageFormat"]["Code"].as_str();
        let format = format.unwrap_or("GIF");
        let results = numbers.iter().map(|number| {
            let label = json!({ "ImageFormat": { "Code": format }, "GraphicImage": label(number, format) });
            json!({ "TrackingNumber": number, "ShippingLabel": label })
        });
        let results = json!({
            "ShipmentIdentificationNumber": numbers[0],
            "PackageResults": results.collect::<Vec<_>>(),
        });
        let head = json!({ "ResponseStatus": { "Code": "1" } });
        (200, json!({ "ShipmentResponse": { "Response": head, "ShipmentResults": results } }))
    }

    fn search(&self, reference: &str) -> (u16, Json) {
        let is_it = |shipment: &&Booked| shipment.references.iter().any(|known| known == reference);
        let found: Vec<_> = self.shipments.iter().filter(|_| self.shows_bookings).filter(is_it).collect();
        if found.is_empty() {
            return refused(404, "TW0001", "Tracking Information Not Found");
        }
        let packages = found.iter().flat_map(|shipment| &shipment.numbers);
        let packages: Vec<_> = packages.map(|number| json!({ "trackingNumber": number, "activity": [] })).collect();
        (200, json!({ "trackResponse": { "shipment": [{ "package": packages }] } }))
    }

    fn is_known(&self, number: &str) -> bool {
        self.shipments.iter().any(|shipment| shipment.numbers.iter().any(|known| known == number))
    }

    fn label(&self, asked: &Asked) -> (u16, Json) {
        let wish = &asked.body["LabelRecoveryRequest"];
        let number = wish["TrackingNumber"].as_str().unwrap_or_default();
        if !self.is_known(number) {
            return refused(400, "9300022", "The tracking number is not known");
        }
        let format = wish["LabelSpecification"]["LabelImageFormat"]["Code"].as_str().unwrap_or("GIF");
        let image = json!({ "LabelImageFormat": { "Code": format }, "GraphicImage": label(number, format) });
        let results = json!({ "TrackingNumber": number, "LabelImage": image });
        (200, json!({ "LabelRecoveryResponse": { "LabelResults": [results] } }))
    }

    /// The list of packages comes as a bare object and in the singular, and the values are polluted, as was seen.
    fn void(&mut self, id: &str) -> (u16, Json) {
        let Some(shipment) = self.shipments.iter_mut().find(|shipment| shipment.numbers[0] == id) else {
            return refused(400, "190102", "No shipment found within the allowed void period");
        };
        shipment.is_voided = true;
        let status = |words: &str| json!({ "Code": "1&#xD;", "Description": words });
        let package = json!({ "TrackingNumber": id, "Status": status("Voided") });
        let summary = json!({ "Status": status("Voided") });
        (200, json!({ "VoidShipmentResponse": { "SummaryResult": summary, "PackageLevelResult": package } }))
    }

    fn track(&self, number: &str) -> (u16, Json) {
        if !self.is_known(number) {
            let warnings = json!([{ "code": "TW0001", "message": "Tracking Information Not Found" }]);
            return (
                200,
                json!({ "trackResponse": { "shipment": [{ "inquiryNumber": number, "warnings": warnings }] } }),
            );
        }
        let activity = self.activities.get(number).cloned().unwrap_or_default();
        let package = json!({ "trackingNumber": number, "activity": activity });
        (200, json!({ "trackResponse": { "shipment": [{ "inquiryNumber": number, "package": [package] }] } }))
    }
}

impl Play for Ups {
    fn name(&self, asked: &Asked) -> &'static str {
        match asked.steps().as_slice() {
            ["security", ..] => "token",
            ["api", "rating", ..] => "rate",
            ["api", "shipments", _, "ship"] => "ship",
            ["api", "shipments", _, "void", ..] => "void",
            ["api", "labels", ..] => "label",
            ["api", "track", _, "reference", ..] => "search",
            ["api", "track", ..] => "track",
            _ => "nothing",
        }
    }

    fn play(&mut self, asked: &Asked) -> (u16, Json) {
        let steps = asked.steps();
        let name = self.name(asked);
        let product = match name {
            "ship" | "void" | "label" => "ship",
            "search" | "track" => "track",
            other => other,
        };
        if name != "token"
            && let Some(refusal) = self.outside(asked, product)
        {
            return refusal;
        }
        match (asked.method.as_str(), steps.as_slice()) {
            ("POST", ["security", "v1", "oauth", "token"]) => self.token(asked),
            ("POST", ["api", "rating", "v2409", _]) => self.rate(asked),
            ("POST", ["api", "shipments", "v2409", "ship"]) => self.ship(asked),
            ("DELETE", ["api", "shipments", "v2409", "void", "cancel", id]) => self.void(id),
            ("POST", ["api", "labels", "v1", "recovery"]) => self.label(asked),
            ("GET", ["api", "track", "v1", "reference", "details", reference]) => self.search(reference),
            ("GET", ["api", "track", "v1", "details", number]) => self.track(number),
            _ => refused(404, "404", "There is no such resource"),
        }
    }
}

/// Reads an answer as everything that UPS could mean by it.
pub(crate) fn read_answers(reply: &Reply) {
    let Some((rates, wish)) = asks() else { return };
    let _ = codes::error(reply);
    if let Ok(answer) = reply.read() {
        drop(quote::offer(&answer, &rates, "house"));
    }
    if let Ok(answer) = reply.read() {
        drop(book::booking(&answer, &wish));
    }
    if let Ok(answer) = reply.read() {
        drop(book::voided(&answer));
    }
    if let Ok(answer) = reply.read() {
        drop(book::found(answer));
    }
    if let Ok(answer) = reply.read() {
        drop(track::reports(answer, "1ZA1B2C30300000010"));
    }
}
