//! API keys: made, listed, given another secret, revoked. A key is known by its public part, which never changes with its
//! secret.

use std::time::Duration;

use domain::act::Actor;
use domain::secret::Secret;
use domain::tenant::{ApiKey, Scope, TenantId};
use domain::{Error, Result, Timestamp};
pub use store::keys::KeyRow;
use store::setup::SetupTx;

use crate::setup::Applied;
use crate::setup::file::KeySetup;
use crate::{App, Caller, clock};

/// A key with the secret it has just been given.
#[derive(Clone, Debug)]
pub struct IssuedKey {
    /// The public part.
    pub public: String,
    /// The secret; it is stored hashed and cannot be shown again.
    pub secret: Secret,
    /// Until when the secret before it is good; `None` when none is.
    pub older_until: Option<Timestamp>,
}

/// A key that is not stored yet.
pub(crate) struct FreshKey {
    pub(crate) key: ApiKey,
    pub(crate) secret: Secret,
}

impl FreshKey {
    pub(crate) async fn add(&self, app: &App, setup: &mut SetupTx<'_, '_>, now: Timestamp) -> Result<()> {
        let hash = app.vault().hashes(self.secret.reveal()).hash;
        setup.add_key(&self.key, now).await?;
        setup.add_secret(&self.key.public, &hash, app.vault().name()).await
    }
}

fn no_such_key(public: &str) -> Error {
    Error::invalid("key", format!("there is no key {public:?}: `waybill key list` shows them all"))
}

impl App {
    /// A key with parts nobody can guess, stored nowhere yet.
    pub(crate) fn fresh_key(&self, tenant: &TenantId, name: &str, scopes: Vec<Scope>) -> FreshKey {
        let public = format!("pub_{}", self.random().token::<12>());
        let key = ApiKey { tenant: tenant.clone(), name: name.to_owned(), public, scopes };
        FreshKey { key, secret: self.new_secret() }
    }

    fn new_secret(&self) -> Secret {
        Secret::new(format!("sec_{}", self.random().token::<24>()))
    }

    /// Makes a key for a tenant with parts nobody can guess, by somebody's wish.
    pub async fn create_key(&self, by: Actor, tenant: &TenantId, name: &str, scopes: Vec<Scope>) -> Result<IssuedKey> {
        let (app, signed, now) = (self.clone(), self.signed(by).await?, self.now());
        let fresh = self.fresh_key(tenant, name, scopes);
        let issued = IssuedKey { public: fresh.key.public.clone(), secret: fresh.secret.clone(), older_until: None };
        self.store()
            .write(async move |tx| {
                let key = &fresh.key;
                if tx.tenant(&key.tenant).await?.is_none() {
                    let text = format!("there is no tenant {:?}: name one of the setup file", key.tenant);
                    return Err(Error::invalid("tenant", text));
                }
                tx.change_setup(&key.tenant, &signed, async |setup| {
                    if setup.key_by_name(&key.tenant, &key.name, now).await?.is_some() {
                        let text = format!("there is a key named {:?} already: choose another name", key.name);
                        return Err(Error::Conflict(text));
                    }
                    fresh.add(&app, setup, now).await
                })
                .await
            })
            .await?;
        self.0.setup.forget();
        Ok(issued)
    }

    /// The keys of the caller's tenant, by name, without secrets.
    pub async fn own_keys(&self, caller: &Caller) -> Result<Vec<KeyRow>> {
        caller.require(Scope::Setup)?;
        let (tenant, now) = (caller.tenant().clone(), self.now());
        self.store().read_list(async move |tx| tx.keys_of_tenant(&tenant, now).await).await
    }

    /// One key of the caller's tenant, by its public part.
    pub async fn own_key(&self, caller: &Caller, public: &str) -> Result<KeyRow> {
        caller.require(Scope::Setup)?;
        if public.contains('\0') {
            return Err(Error::NotFound("key"));
        }
        let (public, now) = (public.to_owned(), self.now());
        let found = self.store().read(async move |tx| tx.key_by_public(&public, now).await).await?;
        found.filter(|found| found.key.tenant == *caller.tenant()).ok_or(Error::NotFound("key"))
    }

    /// Makes a key of the caller's tenant. It may do nothing that the caller's own may not.
    pub async fn create_own_key(&self, caller: &Caller, name: &str, scopes: Vec<Scope>) -> Result<IssuedKey> {
        caller.require(Scope::Setup)?;
        let beyond = scopes.iter().filter(|scope| caller.require(**scope).is_err());
        let beyond: Vec<_> = beyond.map(|scope| scope.as_str()).collect();
        if !beyond.is_empty() {
            let text = format!("this key lacks {} itself and cannot give it", beyond.join(", "));
            return Err(Error::invalid("scopes", text));
        }
        self.create_key(caller.actor(), caller.tenant(), name, scopes).await
    }

    /// Gives a key of the caller's tenant a new secret; see [`App::rotate_key`].
    pub async fn rotate_own_key(&self, caller: &Caller, public: &str, overlap: Duration) -> Result<IssuedKey> {
        let found = self.own_key(caller, public).await?;
        // Whoever gets the secret may do what the key may.
        if let Some(scope) = found.key.scopes.iter().find(|scope| caller.require(**scope).is_err()) {
            return Err(Error::Denied(scope.as_str()));
        }
        self.rotate_key(caller.actor(), public, overlap).await
    }

    /// Revokes a key of the caller's tenant. The one that asks cannot revoke itself, so that somebody stays who can.
    pub async fn drop_own_key(&self, caller: &Caller, public: &str) -> Result<()> {
        let found = self.own_key(caller, public).await?;
        if found.key.public == caller.key.public {
            return Err(Error::Conflict("a key cannot revoke itself: ask with another one".to_owned()));
        }
        self.drop_key(caller.actor(), public).await.map(drop)
    }

    /// Every key of every tenant, without secrets.
    pub async fn keys(&self) -> Result<Vec<KeyRow>> {
        let now = self.now();
        self.store().read_list(async move |tx| tx.keys(now).await).await
    }

    /// The keys of a caller's tenant, without secrets.
    pub async fn keys_of(&self, caller: &Caller) -> Result<Vec<KeyRow>> {
        caller.require(Scope::Setup)?;
        let (now, tenant) = (self.now(), caller.tenant().clone());
        let all = self.store().read_list(async move |tx| tx.keys(now).await).await?;
        Ok(all.into_iter().filter(|row| row.key.tenant == tenant).collect())
    }

    /// Gives a key a new secret, by somebody's wish. The ones before it stay good for the overlap at most; with none they end
    /// at once, and their tokens with them.
    pub async fn rotate_key(&self, by: Actor, public: &str, overlap: Duration) -> Result<IssuedKey> {
        let signed = self.signed(by).await?;
        let (secret, now) = (self.new_secret(), self.now());
        let until = clock::later(now, overlap);
        let (app, hash) = (self.clone(), self.vault().hashes(secret.reveal()).hash);
        let key = public.to_owned();
        let older_until = self
            .store()
            .write(async move |tx| {
                let known = tx.key_by_public(&key, now).await?.ok_or_else(|| no_such_key(&key))?.key;
                tx.change_setup(&known.tenant, &signed, async |setup| {
                    setup.retire_secrets(&key, until, now).await?;
                    setup.add_secret(&key, &hash, app.vault().name()).await?;
                    setup.mark_rotated(&key, now).await
                })
                .await?;
                Ok(tx.key_by_public(&key, now).await?.and_then(|key| key.older_until))
            })
            .await?;
        self.0.setup.forget();
        Ok(IssuedKey { public: public.to_owned(), secret, older_until })
    }

    /// Revokes a key, every secret and every token of it, by somebody's wish. No setup file brings one of its secrets back.
    pub async fn drop_key(&self, by: Actor, public: &str) -> Result<ApiKey> {
        let signed = self.signed(by).await?;
        let (public, now) = (public.to_owned(), self.now());
        let dropped = self
            .store()
            .write(async move |tx| {
                let found = tx.key_by_public(&public, now).await?.ok_or_else(|| no_such_key(&public))?.key;
                tx.change_setup(&found.tenant, &signed, async |setup| setup.drop_key(&public, now).await).await?;
                Ok(found)
            })
            .await?;
        self.0.setup.forget();
        Ok(dropped)
    }

    /// Makes a key of a setup file so. A secret that was retired since the file was written stays retired: then the file
    /// is behind, which is noted.
    pub(crate) async fn apply_key(
        &self,
        tx: &mut SetupTx<'_, '_>,
        tenant: &TenantId,
        setup: &KeySetup,
        applied: &mut Applied,
    ) -> Result<()> {
        let (now, vault) = (self.now(), self.vault());
        let path = format!("tenant[{tenant}].key[{}]", setup.name);
        let is_this = |key: &ApiKey| key.tenant == *tenant && key.name == setup.name;
        let hashes = vault.hashes(setup.secret.reveal());
        self.rehash_secret(tx, &hashes).await?;
        let known = match (tx.secret(&hashes.hash).await?, &hashes.previous) {
            (None, Some(previous)) => tx.secret(previous).await?,
            (known, _) => known,
        };
        if known.as_ref().and_then(|known| known.key.as_ref()).is_some_and(|holder| !is_this(holder)) {
            let text = "another key has or had this secret: a secret finds its tenant and must be unique";
            return Err(Error::invalid(format!("{path}.secret"), text));
        }
        if tx.key_by_public(&setup.public, now).await?.is_some_and(|holder| !is_this(&holder.key)) {
            let text = format!("another key has the public part {:?}: choose another", setup.public);
            return Err(Error::invalid(format!("{path}.public"), text));
        }
        let key = ApiKey {
            tenant: tenant.clone(),
            name: setup.name.clone(),
            public: setup.public.clone(),
            scopes: setup.scopes.clone(),
        };
        let stored = tx.key_by_name(tenant, &setup.name, now).await?;
        let is_retired = known.as_ref().is_some_and(|known| known.expires_at.is_some());
        if is_retired {
            let what = if stored.is_some() {
                "this secret was replaced by `waybill key rotate`, and the newer one stays in force: write that one here"
            } else {
                "this key was revoked by `waybill key drop` and stays so: take the table away or give it another secret"
            };
            applied.notes.push(format!("{path}.secret: {what}"));
        }
        let public = stored.as_ref().map_or(&key.public, |stored| &stored.key.public);
        let names = [vault.name(), vault.previous_name().unwrap_or_default()];
        if known.is_none() && tx.has_strange_secrets(public, names).await? {
            let way_out = if stored.is_some() {
                format!("write the secret here that `waybill key rotate {public}` prints")
            } else {
                "choose another public part".to_owned()
            };
            let text = format!(
                "nobody can tell whether this is a secret that was rotated away or revoked, since that was under an earlier \
                 installation's key: set previous_key to that key, or {way_out}"
            );
            return Err(Error::invalid(format!("{path}.secret"), text));
        }
        let Some(stored) = stored else {
            if is_retired {
                return Ok(());
            }
            tx.add_key(&key, now).await?;
            tx.add_secret(&key.public, &hashes.hash, vault.name()).await?;
            applied.count("key", true);
            return Ok(());
        };
        let is_changed = stored.key != key;
        if is_changed {
            tx.change_key(&key, &stored.key.public).await?;
        }
        if known.is_none() {
            tx.forget_secret(&key.public, now).await?;
            tx.add_secret(&key.public, &hashes.hash, vault.name()).await?;
            tx.mark_rotated(&key.public, now).await?;
        }
        applied.count("key", is_changed || known.is_none());
        Ok(())
    }
}
