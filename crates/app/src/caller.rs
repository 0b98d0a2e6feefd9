//! A caller: who asks, for which tenant, and what the key allows.

use std::sync::Arc;
use std::time::Duration;

use domain::act::Actor;
use domain::channel::Dialect;
use domain::error::Unknown;
use domain::secret::Secret;
use domain::tenant::{ApiKey, Scope, TenantId};
use domain::{Error, Result};

use crate::idempotency::Once;
use crate::tenants::TenantSetup;
use crate::vault::equal_secretly;
use crate::{App, clock};

/// The public part of whoever has no key; no key can have it, since those of setup files have no blanks.
const OPERATOR: &str = "the operator";

/// What a request brought to prove who asks.
#[derive(Clone, Debug)]
pub enum Credentials {
    /// Public and secret part.
    Pair(String, Secret),
    /// The secret part alone.
    Secret(Secret),
    /// A token bought with a key, or the secret part itself.
    Bearer(Secret),
}

/// Who asks.
#[derive(Clone)]
pub struct Caller {
    /// The key.
    pub key: Arc<ApiKey>,
    /// The tenant's set-up at the time of the request.
    pub setup: Arc<TenantSetup>,
    /// The dialect the request came in.
    pub dialect: Dialect,
    /// The key's secret part, if the request brought it rather than a token.
    pub secret: Option<Secret>,
    /// The idempotency key the request claimed, if it brought one.
    pub once: Option<Arc<Once>>,
}

impl Caller {
    /// The tenant whose data this is.
    pub fn tenant(&self) -> &TenantId {
        &self.key.tenant
    }

    /// Whoever carries out later what somebody with these scopes wished for, in that one's name; the key may be gone by
    /// then. Without a name it is the operator.
    pub(crate) fn deputy(setup: Arc<TenantSetup>, dialect: Dialect, scopes: Vec<Scope>, by: Option<&Actor>) -> Self {
        let tenant = setup.tenant.id.clone();
        let named = by.and_then(Actor::as_key).unwrap_or((OPERATOR, OPERATOR));
        let key = ApiKey { tenant, public: named.0.to_owned(), name: named.1.to_owned(), scopes };
        Self { key: Arc::new(key), setup, dialect, secret: None, once: None }
    }

    /// Who this is, for what is kept of every act.
    pub fn actor(&self) -> Actor {
        if self.key.public == OPERATOR { Actor::operator() } else { Actor::key(&self.key) }
    }

    /// The same caller, allowed to look at what it may change.
    pub(crate) fn as_reader(&self) -> Self {
        let mut key = (*self.key).clone();
        key.scopes.push(Scope::Read);
        Self { key: Arc::new(key), ..self.clone() }
    }

    /// Refuses unless the key has the scope.
    pub fn require(&self, scope: Scope) -> Result<()> {
        if self.key.scopes.contains(&scope) { Ok(()) } else { Err(Error::Denied(scope.as_str())) }
    }
}

/// A token and how long it is good.
#[derive(Clone, Debug)]
pub struct IssuedToken {
    /// The token, opaque.
    pub token: Secret,
    /// How long it is good.
    pub expires_in: Duration,
    /// The public part of the key it was bought with.
    pub public: String,
}

impl App {
    /// Whoever sits at the command line, and may do what these scopes say.
    pub async fn operator(&self, tenant: &TenantId, scopes: Vec<Scope>) -> Result<Caller> {
        let setup = self.tenant_setup(tenant).await?.ok_or(Error::NotFound("tenant"))?;
        Ok(Caller::deputy(setup, Dialect::Native, scopes, None))
    }

    /// Finds out who asks: one index read, no password hash.
    pub async fn authenticate(&self, credentials: &Credentials, dialect: Dialect) -> Result<Caller> {
        let hash = |secret: &Secret| self.vault().hashes(secret.reveal());
        let (key, secret) = match credentials {
            Credentials::Pair(public, secret) => {
                let key = self.key_by_secret(hash(secret)).await?;
                let is_its = |key: &Arc<ApiKey>| equal_secretly(key.public.as_bytes(), public.as_bytes());
                (key.filter(is_its), Some(secret))
            }
            Credentials::Secret(secret) => (self.key_by_secret(hash(secret)).await?, Some(secret)),
            // A secret that was used before is known at once; tokens are asked for before secrets that were not.
            Credentials::Bearer(token) => match self.known_secret(&hash(token)).await? {
                Some(key) => (Some(key), Some(token)),
                None => match self.key_by_token(hash(token)).await? {
                    Some(key) => (Some(key), None),
                    None => (self.key_by_secret(hash(token)).await?, Some(token)),
                },
            },
        };
        let secret = secret.cloned();
        let key = key.ok_or(Error::Unauthenticated(Unknown::Wrong))?;
        let setup = self.tenant_setup(&key.tenant).await?.ok_or(Error::Unauthenticated(Unknown::Wrong))?;
        Ok(Caller { key, setup, dialect, secret, once: None })
    }

    /// Sells a token for a key's public and secret part; it starts with `prefix` and is stored hashed.
    pub async fn issue_token(&self, public: &str, secret: &Secret, prefix: &str) -> Result<IssuedToken> {
        self.sell_token(public, secret, prefix, None).await
    }

    /// The same for whoever brings the secret part alone.
    pub async fn issue_token_for(&self, secret: &Secret, prefix: &str) -> Result<IssuedToken> {
        let caller = self.authenticate(&Credentials::Secret(secret.clone()), Dialect::Native).await?;
        self.sell_token(&caller.key.public, secret, prefix, None).await
    }

    /// A token in place of the one of this family that the key bought before.
    pub async fn issue_only_token(&self, public: &str, secret: &Secret, family: &'static str) -> Result<IssuedToken> {
        self.sell_token(public, secret, "", Some(family)).await
    }

    async fn sell_token(
        &self,
        public: &str,
        secret: &Secret,
        prefix: &str,
        family: Option<&'static str>,
    ) -> Result<IssuedToken> {
        const GOOD_FOR: Duration = Duration::from_hours(1);
        let credentials = Credentials::Pair(public.to_owned(), secret.clone());
        let caller = self.authenticate(&credentials, Dialect::Native).await?;
        let token = format!("{prefix}{}", self.random().token::<32>());
        let (token_hash, of_secret) = (self.vault().hashes(&token).hash, self.vault().hashes(secret.reveal()));
        let now = self.now();
        let expires_at = clock::later(now, GOOD_FOR);
        let has_replaced = self
            .store()
            .write(async move |tx| {
                // The hash that the secret is stored under, which may still be that of the previous key.
                let secret_hash = match of_secret.previous {
                    Some(previous) if tx.secret(&of_secret.hash).await?.is_none() => previous,
                    _ => of_secret.hash,
                };
                let has_replaced = tx.add_token(&token_hash, &secret_hash, family, now, expires_at).await?;
                if has_replaced {
                    tx.raise_setup_version().await?;
                }
                Ok(has_replaced)
            })
            .await?;
        if has_replaced {
            self.forget_setup();
        }
        Ok(IssuedToken { token: Secret::new(token), expires_in: GOOD_FOR, public: caller.key.public.clone() })
    }
}
