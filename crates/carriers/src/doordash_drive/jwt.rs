//! The token of each call: made by us, HS256, in the form `DD-JWT-V1`. Source: DoorDash's page "JSON Web Token format".

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::Timestamp;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

const HEADER: &str = r#"{"alg":"HS256","typ":"JWT","dd-ver":"DD-JWT-V1"}"#;

/// How long a token is good, in seconds; DoorDash takes at most 1800.
const LIFE: i64 = 300;

/// How much earlier than now a token says it was made, since no clock is exact and none may be ahead.
const EARLIER: i64 = 5;

/// Signs for one access key.
pub(super) struct Signer {
    pub(super) developer_id: String,
    pub(super) key_id: String,
    pub(super) key: Vec<u8>,
}

/// The bytes of a signing secret, which is written in base64url; padding is not expected and does no harm.
pub(super) fn key(secret: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(secret.trim().trim_end_matches('=')).ok().filter(|key| !key.is_empty())
}

/// HMAC-SHA256 in base64url.
pub(super) fn signature(key: &[u8], text: &str) -> String {
    // HMAC takes keys of any length, so this never fails.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return String::new() };
    mac.update(text.as_bytes());
    URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())
}

impl Signer {
    /// A token of now. The key's id stands in the payload, not in the header.
    pub(super) fn token(&self, now: Timestamp) -> String {
        let made = now.as_second() - EARLIER;
        self.token_of(made, now.as_second() + LIFE)
    }

    fn token_of(&self, made: i64, ends: i64) -> String {
        let text = |text: &str| serde_json::Value::from(text).to_string();
        let (developer, key) = (text(&self.developer_id), text(&self.key_id));
        let payload = format!(r#"{{"aud":"doordash","iss":{developer},"kid":{key},"iat":{made},"exp":{ends}}}"#);
        let head = format!("{}.{}", URL_SAFE_NO_PAD.encode(HEADER), URL_SAFE_NO_PAD.encode(payload));
        let signature = signature(&self.key, &head);
        format!("{head}.{signature}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_signed_with_the_decoded_secret() {
        let signer = Signer {
            developer_id: "11111111-1111-4111-8111-111111111111".to_owned(),
            key_id: "22222222-2222-4222-8222-222222222222".to_owned(),
            key: key("d2F5YmlsbC1leGFtcGxlLXNpZ25pbmctc2VjcmV0LTAx").unwrap(),
        };
        let token = signer.token_of(1_767_225_600, 1_767_225_900);
        assert_eq!(token.rsplit('.').next().unwrap(), "ZS4PHQk9EjsnZr8G9ptYbFrloi9E2TZ6-H4SV19KHFU");
    }

    #[test]
    fn a_secret_that_is_no_base64url_has_no_key() {
        assert_eq!((key("$$$"), key("")), (None, None));
        assert_eq!(key(" YWI= ").unwrap(), b"ab");
    }
}
