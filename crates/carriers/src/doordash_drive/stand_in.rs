//! A stand-in of DoorDash Drive: it looks at the token of every call, quotes by the number of parcels, lets a quote be taken for
//! five minutes, orders once an id, cancels until the goods are picked up, and words webhooks.

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::account::CarrierAccount;
use domain::{Secret, Timestamp};
use serde_json::{Value as Json, json};

use super::{codes, delivery, jwt};
use crate::Now;
use crate::http::Reply;
use crate::testing::{Asked, Play, Server, asks};

/// The developer of the access key.
pub const DEVELOPER_ID: &str = "11111111-1111-4111-8111-111111111111";
/// Its key.
pub const KEY_ID: &str = "22222222-2222-4222-8222-222222222222";
/// Its secret.
pub const SIGNING_SECRET: &str = "d2F5YmlsbC1leGFtcGxlLXNpZ25pbmctc2VjcmV0LTAx";
/// What its webhooks show.
pub const AUTHORIZATION: &str = "Basic ZG9vcmRhc2g6cHVzaGVz";

/// How long a quote can be taken, in seconds.
const TAKEN_WITHIN: i64 = 300;

/// What is asked, by name: `quote`, `accept`, `create`, `get`, `cancel`.
pub struct DoorDash {
    now: Arc<Now>,
    /// Whether the access key may use Drive.
    pub is_allowed: bool,
    /// Deliveries and quotes by id.
    pub deliveries: BTreeMap<String, Json>,
    made_at: BTreeMap<String, Timestamp>,
}

/// Starts a stand-in with a clock.
pub async fn start(now: Arc<Now>) -> Server<DoorDash> {
    Server::start(DoorDash { now, is_allowed: true, deliveries: BTreeMap::new(), made_at: BTreeMap::new() }).await
}

/// The settings of an account at a stand-in, as a setup file writes them.
pub fn settings(server: &Server<DoorDash>) -> String {
    format!(
        "{{ developer_id = \"{DEVELOPER_ID}\", key_id = \"{KEY_ID}\", signing_secret = \"{SIGNING_SECRET}\", \
         push_authorization = \"{AUTHORIZATION}\", base_url = \"{}\" }}",
        server.url
    )
}

/// A webhook about a delivery.
pub fn webhook(id: &str, event: &str, at: &str) -> Json {
    json!({
        "created_at": at, "event_name": event, "external_delivery_id": id, "dasher_id": 77,
        "dasher_location": { "lat": 33.75, "lng": -84.39 }, "fee": 975, "currency": "USD", "tip": 0,
    })
}

fn refused(status: u16, code: &str, message: &str, more: Json) -> (u16, Json) {
    let mut body = json!({ "code": code, "message": message });
    if let (Some(body), Json::Object(more)) = (body.as_object_mut(), more) {
        body.extend(more);
    }
    (status, body)
}

impl DoorDash {
    /// Deliveries that were ordered and not cancelled.
    pub fn live(&self) -> Vec<&Json> {
        let is_live = |delivery: &&Json| !["quote", "cancelled"].contains(&status(delivery));
        self.deliveries.values().filter(is_live).collect()
    }

    /// Moves a delivery to a state.
    pub fn advance(&mut self, id: &str, status: &str) {
        let now = (self.now)().to_string();
        if let Some(delivery) = self.deliveries.get_mut(id) {
            delivery["delivery_status"] = json!(status);
            delivery["updated_at"] = json!(now);
            let done = match status {
                "picked_up" => "pickup_time_actual",
                "delivered" => "dropoff_time_actual",
                "returned" => "return_time_actual",
                _ => return,
            };
            delivery[done] = json!(now);
        }
    }

    /// Why a token is not taken.
    fn flaw(&self, asked: &Asked) -> Option<&'static str> {
        let token = asked.header("authorization").strip_prefix("Bearer ").unwrap_or("");
        let Some((head, signature)) = token.rsplit_once('.') else { return Some("no token") };
        let key = jwt::key(SIGNING_SECRET).unwrap_or_default();
        if jwt::signature(&key, head) != signature {
            return Some("the signature is wrong");
        }
        let parts = head.split('.').map(|part| {
            let bytes = URL_SAFE_NO_PAD.decode(part).unwrap_or_default();
            serde_json::from_slice::<Json>(&bytes).unwrap_or_default()
        });
        let parts: Vec<_> = parts.collect();
        let [header, payload] = parts.as_slice() else { return Some("three parts are expected") };
        if header["dd-ver"] != "DD-JWT-V1" || header["alg"] != "HS256" || payload["aud"] != "doordash" {
            return Some("another kind of token");
        }
        if payload["iss"] != DEVELOPER_ID || payload["kid"] != KEY_ID {
            return Some("an unknown access key");
        }
        let now = (self.now)().as_second();
        let (made, ends) = (payload["iat"].as_i64().unwrap_or(i64::MAX), payload["exp"].as_i64().unwrap_or(0));
        let is_good = made <= now && ends > now && ends <= made + 1800;
        (!is_good).then_some("the token is over, or not yet good")
    }

    /// What is wrong with what a quote or an order says.
    fn mistake(body: &Json) -> Option<(u16, Json)> {
        let mut wrong = Vec::new();
        for field in ["dropoff_address", "pickup_address", "dropoff_phone_number"] {
            if body[field].as_str().is_none_or(str::is_empty) {
                wrong.push(json!({ "field": field, "error": "This field is required" }));
            }
        }
        let phone = body["dropoff_phone_number"].as_str().unwrap_or("+1");
        let is_e164 = phone.starts_with('+') && phone[1..].bytes().all(|byte| byte.is_ascii_digit());
        if !is_e164 || phone.ends_with("0000000") {
            wrong.push(json!({ "field": "dropoff_phone_number", "error": "This phone number is invalid" }));
        }
        if !wrong.is_empty() {
            let more = json!({ "field_errors": wrong });
            return Some(refused(400, "validation_error", "One or more fields failed validation", more));
        }
        let is_far = body["dropoff_address"].as_str().is_some_and(|line| line.contains("Seattle"));
        let why = json!({ "reason": "distance_too_long" });
        is_far.then(|| refused(422, "invalid_delivery_parameters", "The delivery is too far away", why))
    }

    fn make(&mut self, body: &Json, state: &str) -> (u16, Json) {
        let id = body["external_delivery_id"].as_str().unwrap_or_default().to_owned();
        if id.is_empty() || !id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)) {
            return refused(400, "validation_error", "external_delivery_id is invalid", json!({}));
        }
        if self.deliveries.contains_key(&id) {
            let more = json!({ "external_delivery_id": id });
            return refused(409, "duplicate_delivery_id", "This external_delivery_id was used before", more);
        }
        if let Some(mistake) = Self::mistake(body) {
            return mistake;
        }
        let now = (self.now)();
        let items = body["items"].as_array().map_or(0, Vec::len) as i64;
        let mut delivery = body.clone();
        delivery["fee"] = json!(875 + 100 * items);
        delivery["fee_components"] =
            json!([{ "type": "distance_based_fee", "amount": 875 }, { "type": "service_fee", "amount": 100 * items }]);
        delivery["tax"] = Json::Null;
        delivery["currency"] = json!("USD");
        delivery["delivery_status"] = json!(state);
        delivery["updated_at"] = json!(now.to_string());
        let soon = now.checked_add(std::time::Duration::from_mins(40)).unwrap_or(now);
        delivery["dropoff_time_estimated"] = json!(soon.to_string());
        delivery["support_reference"] = json!("1343593362");
        self.made_at.insert(id.clone(), now);
        self.keep(&id, delivery)
    }

    fn keep(&mut self, id: &str, mut delivery: Json) -> (u16, Json) {
        if status(&delivery) != "quote" {
            delivery["tracking_url"] = json!(format!("https://track.example.com/order/{id}"));
        }
        self.deliveries.insert(id.to_owned(), delivery.clone());
        (200, delivery)
    }

    fn unknown(id: &str) -> (u16, Json) {
        let more = json!({ "external_delivery_id": id });
        refused(404, "unknown_delivery_id", "No delivery has this external_delivery_id", more)
    }

    fn accept(&mut self, id: &str) -> (u16, Json) {
        let Some(mut delivery) = self.deliveries.get(id).cloned() else { return Self::unknown(id) };
        let age = (self.now)().as_second() - self.made_at.get(id).map_or(0, |at| at.as_second());
        if status(&delivery) != "quote" || age > TAKEN_WITHIN {
            return refused(400, "validation_error", "This quote cannot be accepted any more", json!({}));
        }
        delivery["delivery_status"] = json!("created");
        self.keep(id, delivery)
    }

    fn cancel(&mut self, id: &str) -> (u16, Json) {
        let Some(mut delivery) = self.deliveries.get(id).cloned() else { return Self::unknown(id) };
        let no = |reason: &str| {
            refused(409, "cancel_not_allowed", "The delivery cannot be cancelled", json!({ "reason": reason }))
        };
        match status(&delivery) {
            "cancelled" => no("delivery_cancelled"),
            "picked_up" | "enroute_to_dropoff" | "arrived_at_dropoff" => no("delivery_picked_up"),
            "delivered" => no("delivery_completed"),
            _ => {
                delivery["delivery_status"] = json!("cancelled");
                delivery["cancellation_reason"] = json!("cancelled_by_creator");
                self.keep(id, delivery)
            }
        }
    }
}

fn status(delivery: &Json) -> &str {
    delivery["delivery_status"].as_str().unwrap_or("")
}

impl Play for DoorDash {
    fn name(&self, asked: &Asked) -> &'static str {
        match asked.steps().as_slice() {
            ["drive", "v2", "quotes"] => "quote",
            ["drive", "v2", "quotes", _, "accept"] => "accept",
            ["drive", "v2", "deliveries"] => "create",
            ["drive", "v2", "deliveries", _] => "get",
            ["drive", "v2", "deliveries", _, "cancel"] => "cancel",
            _ => "nothing",
        }
    }

    fn play(&mut self, asked: &Asked) -> (u16, Json) {
        if let Some(flaw) = self.flaw(asked) {
            return refused(401, "authentication_error", flaw, json!({}));
        }
        if !self.is_allowed {
            return refused(403, "authorization_error", "The access key may not use Drive", json!({}));
        }
        match (asked.method.as_str(), asked.steps().as_slice()) {
            ("POST", ["drive", "v2", "quotes"]) => self.make(&asked.body, "quote"),
            ("POST", ["drive", "v2", "quotes", id, "accept"]) => self.accept(id),
            ("POST", ["drive", "v2", "deliveries"]) => self.make(&asked.body, "created"),
            ("GET", ["drive", "v2", "deliveries", id]) => {
                self.deliveries.get(*id).map_or_else(|| Self::unknown(id), |delivery| (200, delivery.clone()))
            }
            ("PUT", ["drive", "v2", "deliveries", id, "cancel"]) => self.cancel(id),
            _ => refused(404, "not_found", "There is no such resource", json!({})),
        }
    }
}

/// An account at a stand-in that nobody started.
pub fn account() -> CarrierAccount {
    let texts = [("developer_id", DEVELOPER_ID), ("key_id", KEY_ID), ("base_url", "http://127.0.0.1:9")];
    let secrets = [("signing_secret", SIGNING_SECRET), ("push_authorization", AUTHORIZATION)];
    CarrierAccount {
        id: "dash".to_owned(),
        carrier: "doordash_drive".to_owned(),
        settings: texts.map(|(name, text)| (name.to_owned(), text.to_owned())).into(),
        credentials: secrets.map(|(name, text)| (name.to_owned(), Secret::new(text))).into(),
        files: BTreeMap::new(),
        calls_per_minute: None,
        aliases: BTreeMap::new(),
    }
}

/// Reads an answer as everything that DoorDash could mean by it.
pub(crate) fn read_answers(reply: &Reply) {
    let Some((rates, wish)) = asks() else { return };
    let _ = codes::error(reply);
    drop(codes::cancelled(reply));
    if let Ok(answer) = reply.read() {
        let service = wish.service.clone();
        drop(delivery::rate(&answer, &rates, service, std::time::Duration::from_secs(270)));
        drop(delivery::booking(&answer, &wish));
        drop(delivery::report(&answer, rates.now));
    }
}
