//! Signatures of webhooks, checked the way a receiver would: over the bytes that came, with code of our own.

use api::sendcloud::events::SendcloudEvents;
use app::webhooks::{EventBody, standard_headers};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::{Secret, Timestamp};
use hmac::{Hmac, KeyInit, Mac};
use serde::Deserialize;
use sha2::Sha256;
use testkit::sink::Received;

/// Vectors for people who write receivers; `whsec_…` is the base 64 of the key for the standard scheme and the key
/// itself for Sendcloud's.
const VECTORS: &str = include_str!("../fixtures/webhook_vectors.json");

#[derive(Deserialize)]
struct Vector {
    secret: String,
    id: String,
    timestamp: i64,
    body: String,
    webhook_signature: String,
    sendcloud_signature: String,
}

fn hmac_sha256(key: &[u8], message: &[u8]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(message);
    mac.finalize().into_bytes().to_vec()
}

/// Standard Webhooks, version 1.
fn standard(secret: &str, id: &str, timestamp: &str, body: &[u8]) -> String {
    let key =
        secret.strip_prefix("whsec_").map_or_else(|| secret.as_bytes().to_vec(), |key| STANDARD.decode(key).unwrap());
    let message = [id.as_bytes(), b".", timestamp.as_bytes(), b".", body].concat();
    format!("v1,{}", STANDARD.encode(hmac_sha256(&key, &message)))
}

fn sendcloud(secret: &str, body: &[u8]) -> String {
    hex::encode(hmac_sha256(secret.as_bytes(), body))
}

/// Whether the headers of Standard Webhooks sign what came.
pub(crate) fn is_standard_signature(received: &Received, secret: &str) -> bool {
    let (id, timestamp) = (received.header("webhook-id"), received.header("webhook-timestamp"));
    received.header("webhook-signature") == standard(secret, id, timestamp, &received.body)
}

/// Whether `Sendcloud-Signature` signs what came.
pub(crate) fn is_sendcloud_signature(received: &Received, secret: &str) -> bool {
    received.header("sendcloud-signature") == sendcloud(secret, &received.body)
}

#[test]
fn g3_the_raw_bytes_are_signed_with_a_time_and_a_number_like_136_0_survives() {
    let vectors: Vec<Vector> = serde_json::from_str(VECTORS).unwrap();
    assert!(vectors.iter().any(|vector| vector.body.contains("136.0")));
    for vector in vectors {
        let (body, secret) = (vector.body.as_bytes(), Secret::new(vector.secret.as_str()));
        let at = Timestamp::from_second(vector.timestamp).unwrap();
        let time = vector.timestamp.to_string();
        let headers = standard_headers(&vector.id, at, body, &[&secret]);
        assert_eq!(
            headers,
            [
                ("webhook-id", vector.id.clone()),
                ("webhook-timestamp", time.clone()),
                ("webhook-signature", vector.webhook_signature.clone()),
            ]
        );
        let own = SendcloudEvents.headers(body, &secret);
        assert_eq!(own, [("Sendcloud-Signature", vector.sendcloud_signature.clone())]);
        assert_eq!(standard(&vector.secret, &vector.id, &time, body), vector.webhook_signature);
        assert_eq!(sendcloud(&vector.secret, body), vector.sendcloud_signature);

        // A receiver that parses the body and writes it again has other bytes and finds another signature; so does
        // one that takes a delivery for one of another time.
        let rewritten = vector.body.replace("136.0", "136").replace(": ", ":");
        if rewritten != vector.body {
            assert_ne!(standard(&vector.secret, &vector.id, &time, rewritten.as_bytes()), vector.webhook_signature);
            assert_ne!(sendcloud(&vector.secret, rewritten.as_bytes()), vector.sendcloud_signature);
        }
        let later = (vector.timestamp + 1).to_string();
        assert_ne!(standard(&vector.secret, &vector.id, &later, body), vector.webhook_signature);
    }
}
