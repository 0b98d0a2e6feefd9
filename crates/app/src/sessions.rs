//! Sessions: a person at a browser, signed in with an API key's secret. Nothing is stored: what the browser keeps is sealed
//! with the vault, and holds no longer than the secret it was opened with.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::channel::Dialect;
use domain::error::Unknown;
use domain::secret::Secret;
use domain::{Error, Result, Timestamp};
use serde::{Deserialize, Serialize};

use crate::vault::Hashes;
use crate::{App, Caller, Credentials, clock};

/// How long a session lasts: a working day.
pub const LASTS: Duration = Duration::from_hours(12);

/// What a browser keeps.
#[derive(Clone, Debug)]
pub struct Session {
    /// The sealed text, of letters that a cookie may hold.
    pub cookie: Secret,
    /// Who signed in.
    pub public: String,
}

/// Who came with a session.
pub struct Visitor {
    /// The caller, with the scopes of the key.
    pub caller: Caller,
    /// What every form of this session carries, so that no other site can send one.
    pub csrf: String,
}

/// What is sealed. The secret itself is not in it.
#[derive(Serialize, Deserialize)]
struct Sealed {
    /// The hash that the secret is stored under, in base 64.
    secret: String,
    /// Until when, in microseconds.
    until: i64,
    csrf: String,
}

fn unknown() -> Error {
    Error::Unauthenticated(Unknown::Wrong)
}

fn hash_of(text: &str) -> Option<[u8; 32]> {
    URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()
}

impl App {
    /// Opens a session for whoever brings a key's secret. `from` is where the attempt comes from: each place has a few
    /// attempts a minute.
    pub async fn sign_in(&self, secret: &Secret, from: &str) -> Result<Session> {
        self.admit_sign_in(from)?;
        let caller = self.authenticate(&Credentials::Secret(secret.clone()), Dialect::Native).await?;
        let hash = URL_SAFE_NO_PAD.encode(self.vault().hashes(secret.reveal()).hash);
        let until = domain::time::to_micros(clock::later(self.now(), LASTS));
        let sealed = Sealed { secret: hash, until, csrf: self.random().token::<18>() };
        let sealed = self.vault().encrypt(&store::codec::to_json(&sealed)?)?;
        Ok(Session { cookie: Secret::new(URL_SAFE_NO_PAD.encode(sealed)), public: caller.key.public.clone() })
    }

    /// Who keeps this cookie. A session ends with its day, with its secret, and with its key.
    pub async fn visitor(&self, cookie: &str) -> Result<Visitor> {
        let sealed = URL_SAFE_NO_PAD.decode(cookie).map_err(|_| unknown())?;
        let (text, _) = self.vault().open(&sealed).ok_or_else(unknown)?;
        let Sealed { secret, until, csrf } = serde_json::from_str(&text).map_err(|_| unknown())?;
        let until: Timestamp = domain::time::from_micros(until);
        if until <= self.now() {
            return Err(unknown());
        }
        let hash = hash_of(&secret).ok_or_else(unknown)?;
        let key = self.key_by_secret(Hashes { hash, previous: None }).await?.ok_or_else(unknown)?;
        let setup = self.tenant_setup(&key.tenant).await?.ok_or_else(unknown)?;
        let caller = Caller { key, setup, dialect: Dialect::Native, secret: None, once: None };
        Ok(Visitor { caller, csrf })
    }
}
