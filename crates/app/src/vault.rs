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

/// Which of the vault's keys something is under.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Under {
    /// The installation's key.
    Key,
    /// The one before it.
    Previous,
}

/// A secret's hash under each of the vault's keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hashes {
    /// Under the installation's key.
    pub hash: [u8; 32],
    /// Under the one before it, if the vault has it.
    pub previous: Option<[u8; 32]>,
}

/// What is derived from one key of an installation.
#[derive(Clone)]
struct Derived {
    name: String,
    hash_key: [u8; 32],
    link_key: [u8; 32],
    cipher: XChaCha20Poly1305,
}

impl Derived {
    fn from(key: &[u8]) -> Result<Self> {
        if key.len() < 16 {
            return Err(Error::invalid("key", "the installation's key is too short: expected at least 16 bytes"));
        }
        let derived = |purpose: &str| hmac_sha256(key, &[b"waybill/", purpose.as_bytes()]);
        Ok(Self {
            name: URL_SAFE_NO_PAD.encode(&derived("name")[..12]),
            hash_key: derived("hash"),
            link_key: derived("link"),
            cipher: XChaCha20Poly1305::new(&derived("encrypt").into()),
        })
    }

    fn hash(&self, secret: &str) -> [u8; 32] {
        hmac_sha256(&self.hash_key, &[secret.as_bytes()])
    }

    fn decrypt(&self, sealed: &[u8]) -> Option<String> {
        let (nonce, sealed) = sealed.split_first_chunk::<24>()?;
        String::from_utf8(self.cipher.decrypt(&XNonce::from(*nonce), sealed).ok()?).ok()
    }

    fn has_signed(&self, text: &[u8], mac: &[u8]) -> bool {
        equal_secretly(mac, &hmac_sha256(&self.link_key, &[text])[..24])
    }
}

/// What the installation's key is used for. While another key takes its place, the one before it still opens what it
/// sealed; nothing new is sealed with that.
#[derive(Clone)]
pub struct Vault {
    key: Derived,
    previous: Option<Derived>,
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
        Ok(Self { key: Derived::from(key)?, previous: None, random })
    }

    /// The same vault, which opens what the key before this one sealed too.
    pub fn with_previous(self, previous: &[u8]) -> Result<Self> {
        let previous = Derived::from(previous)?;
        if previous.name == self.key.name {
            let text = "this is the key itself: expected the one that it takes the place of";
            return Err(Error::invalid("previous_key", text));
        }
        Ok(Self { previous: Some(previous), ..self })
    }

    /// A name of the key that tells nothing of it, to be stored beside what is hashed under it.
    pub fn name(&self) -> &str {
        &self.key.name
    }

    /// The name of the key before it, if the vault has it.
    pub fn previous_name(&self) -> Option<&str> {
        self.previous.as_ref().map(|previous| previous.name.as_str())
    }

    /// The hashes under which a secret or token is found.
    pub fn hashes(&self, secret: &str) -> Hashes {
        Hashes { hash: self.key.hash(secret), previous: self.previous.as_ref().map(|previous| previous.hash(secret)) }
    }

    /// Encrypts text: 24 bytes of nonce, then the cipher text.
    pub fn encrypt(&self, text: &str) -> Result<Vec<u8>> {
        let nonce = self.random.bytes::<24>();
        let sealed = self
            .key
            .cipher
            .encrypt(&XNonce::from(nonce), text.as_bytes())
            .map_err(|_| Error::internal("a secret could not be encrypted"))?;
        Ok([nonce.as_slice(), &sealed].concat())
    }

    /// Decrypts what [`Self::encrypt`] made under either key.
    pub fn decrypt(&self, sealed: &[u8]) -> Result<String> {
        self.open(sealed).map(|(text, _)| text).ok_or_else(|| {
            Error::internal("a stored secret cannot be read: is this the key the database was made with?")
        })
    }

    /// What was encrypted and under which key; `None` when it was neither of the two.
    pub fn open(&self, sealed: &[u8]) -> Option<(String, Under)> {
        let of_key = || Some((self.key.decrypt(sealed)?, Under::Key));
        let of_previous = || Some((self.previous.as_ref()?.decrypt(sealed)?, Under::Previous));
        of_key().or_else(of_previous)
    }

    /// Signs a short text, such as `document|tenant|expiry`, into an unguessable token that carries it.
    pub fn seal_link(&self, text: &str) -> String {
        let mac = hmac_sha256(&self.key.link_key, &[text.as_bytes()]);
        format!("{}.{}", URL_SAFE_NO_PAD.encode(text), URL_SAFE_NO_PAD.encode(&mac[..24]))
    }

    /// The text that [`Self::seal_link`] signed under either key; `None` for anything else.
    pub fn open_link(&self, token: &str) -> Option<String> {
        let (text, mac) = token.split_once('.')?;
        let text = URL_SAFE_NO_PAD.decode(text).ok()?;
        let mac = URL_SAFE_NO_PAD.decode(mac).ok()?;
        let keys = std::iter::once(&self.key).chain(&self.previous);
        let is_ours = keys.fold(false, |found, key| key.has_signed(&text, &mac) | found);
        if is_ours { String::from_utf8(text).ok() } else { None }
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
        assert_eq!(vault.hashes("sec-acme"), vault.hashes("sec-acme"));
        assert_ne!(vault.hashes("sec-acme"), other.hashes("sec-acme"));
    }

    #[test]
    fn the_key_before_opens_and_seals_no_more() {
        let old = Vault::new(&[7; 32], Random::default()).unwrap();
        let new = Vault::new(&[8; 32], Random::default()).unwrap();
        let both = new.clone().with_previous(&[7; 32]).unwrap();
        assert_eq!(both.open(&old.encrypt("a").unwrap()), Some(("a".to_owned(), Under::Previous)));
        assert_eq!(both.open(&both.encrypt("b").unwrap()), Some(("b".to_owned(), Under::Key)));
        assert!(old.open(&both.encrypt("b").unwrap()).is_none());
        assert_eq!(both.open_link(&old.seal_link("c")).as_deref(), Some("c"));
        assert_eq!(new.open_link(&both.seal_link("d")).as_deref(), Some("d"));
        assert_eq!(new.open_link(&old.seal_link("c")), None);
        let hashes = both.hashes("sec-acme");
        assert_eq!((Some(old.hashes("sec-acme").hash), new.hashes("sec-acme").hash), (hashes.previous, hashes.hash));
        assert_eq!((both.name(), both.previous_name()), (new.name(), Some(old.name())));
        assert!(
            matches!(new.with_previous(&[8; 32]), Err(Error::Invalid(problems)) if problems[0].path == "previous_key")
        );
    }
}
