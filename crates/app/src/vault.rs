//! The vault: what the installation's key is used for. Secrets that are only compared are hashed, secrets that are
//! needed again are encrypted, links that expire are signed.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chacha20poly1305::aead::{Aead, KeyInit};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use domain::{Error, Result};
use hmac::{Hmac, Mac};
use sha2::Sha256;

use crate::clock::Random;

/// HMAC-SHA256 of `parts`, one after another.
pub fn hmac_sha256(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = <Hmac<Sha256> as hmac::KeyInit>::new_from_slice(key).expect("HMAC takes keys of any length");
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

/// Whether two byte strings are equal, in a time that does not tell where they differ.
pub fn equal_secretly(a: &[u8], b: &[u8]) -> bool {
    use subtle::ConstantTimeEq as _;
    a.ct_eq(b).into()
}

/// Keys derived from the installation's key.
#[derive(Clone)]
pub struct Vault {
    hash_key: [u8; 32],
    link_key: [u8; 32],
    cipher: XChaCha20Poly1305,
    random: Random,
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Vault [redacted]")
    }
}

impl Vault {
    /// A vault for the installation's key, at least 16 bytes of it.
    pub fn new(key: &[u8], random: Random) -> Result<Self> {
        if key.len() < 16 {
            return Err(Error::invalid("key", "the installation's key is too short: expected at least 16 bytes"));
        }
        let derived = |purpose: &str| hmac_sha256(key, &[b"waybill/", purpose.as_bytes()]);
        Ok(Self {
            hash_key: derived("hash"),
            link_key: derived("link"),
            cipher: XChaCha20Poly1305::new(&derived("encrypt").into()),
            random,
        })
    }

    /// The hash under which a secret or token is found.
    pub fn hash(&self, secret: &str) -> [u8; 32] {
        hmac_sha256(&self.hash_key, &[secret.as_bytes()])
    }

    /// Encrypts text: 24 bytes of nonce, then the cipher text.
    pub fn encrypt(&self, text: &str) -> Result<Vec<u8>> {
        let nonce = self.random.bytes::<24>();
        let sealed = self
            .cipher
            .encrypt(&XNonce::from(nonce), text.as_bytes())
            .map_err(|_| Error::internal("a secret could not be encrypted"))?;
        Ok([nonce.as_slice(), &sealed].concat())
    }

    /// Decrypts what [`Self::encrypt`] made under the same key.
    pub fn decrypt(&self, sealed: &[u8]) -> Result<String> {
        let wrong = || Error::internal("a stored secret cannot be read: is this the key the database was made with?");
        let (nonce, sealed) = sealed.split_first_chunk::<24>().ok_or_else(wrong)?;
        let text = self.cipher.decrypt(&XNonce::from(*nonce), sealed).map_err(|_| wrong())?;
        String::from_utf8(text).map_err(|_| wrong())
    }

    /// Signs a short text, such as `document|tenant|expiry`, into an unguessable token that carries it.
    pub fn seal_link(&self, text: &str) -> String {
        let mac = hmac_sha256(&self.link_key, &[text.as_bytes()]);
        format!("{}.{}", URL_SAFE_NO_PAD.encode(text), URL_SAFE_NO_PAD.encode(&mac[..24]))
    }

    /// The text that [`Self::seal_link`] signed; `None` for anything else.
    pub fn open_link(&self, token: &str) -> Option<String> {
        let (text, mac) = token.split_once('.')?;
        let text = URL_SAFE_NO_PAD.decode(text).ok()?;
        let mac = URL_SAFE_NO_PAD.decode(mac).ok()?;
        let expected = hmac_sha256(&self.link_key, &[&text]);
        if equal_secretly(&mac, &expected[..24]) { String::from_utf8(text).ok() } else { None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_sealed_opens_again_and_nothing_else_does() {
        let vault = Vault::new(&[7; 32], Random::default()).unwrap();
        let other = Vault::new(&[8; 32], Random::default()).unwrap();
        let sealed = vault.encrypt("whsec_example").unwrap();
        assert_eq!(vault.decrypt(&sealed).unwrap(), "whsec_example");
        assert!(other.decrypt(&sealed).is_err());
        assert!(!sealed.windows(5).any(|window| window == b"whsec"));
        let link = vault.seal_link("document|1");
        assert_eq!(vault.open_link(&link).as_deref(), Some("document|1"));
        assert_eq!(other.open_link(&link), None);
        assert_eq!(vault.open_link(&format!("{link}A")), None);
    }

    #[test]
    fn the_hash_needs_the_key() {
        let vault = Vault::new(&[7; 32], Random::default()).unwrap();
        let other = Vault::new(&[8; 32], Random::default()).unwrap();
        assert_eq!(vault.hash("sec-acme"), vault.hash("sec-acme"));
        assert_ne!(vault.hash("sec-acme"), other.hash("sec-acme"));
    }
}
