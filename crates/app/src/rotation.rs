//! Rotation of the installation's key: what is encrypted under the key before is encrypted under the new one, batch by
//! batch. It may end at any instant; whoever starts it again goes on.
//!
//! The database keeps a known text under the key in use and, from the first start with a new key until every row is moved,
//! the same text under the new one. A process that cannot read both of them is refused, and so is one that would encrypt
//! under another key than the newest.

use domain::{Error, Result};
use store::Tx;
use store::installation::{Drawer, KeyChecks, Sealed};
use store::keys::KeyRow;

use crate::App;
use crate::vault::{Hashes, Under, Vault};

/// The text by which a key is known again.
const KNOWN: &str = "waybill";
/// Rows a transaction encrypts at most.
const BATCH: usize = 100;

const REFUSED: &str = "this is not the key the database was made with: give that one with key or key_file, or in \
    waybill.key of the data folder; to change over to this key, give the other one with previous_key or previous_key_file";
const NEITHER: &str = "this is not the key the database was made with, and neither is previous_key: one of the two must \
    be that key";
const HALF_WAY: &str = "another key is taking the place of the installation's key, and this process has one of the two \
    only: give the new one with key or key_file and the old one with previous_key or previous_key_file, then run \
    `waybill rotate-key`";
const NOT_NEWEST: &str = "a newer key is taking the place of this process's key, so it may store no secrets: start it \
    with the newer one as key and this one as previous_key";
const OVERTAKEN: &str = "the installation's key was changed to another one meanwhile: nothing was finished here";

/// How far a rotation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// What is being looked at.
    pub what: &'static str,
    /// Rows looked at.
    pub done: u64,
    /// Rows there are.
    pub of: u64,
}

/// What a rotation did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rotated {
    /// Carrier accounts whose credentials were encrypted anew.
    pub accounts: u64,
    /// Webhook endpoints whose secrets were encrypted anew.
    pub endpoints: u64,
    /// Push addresses whose tokens were encrypted anew.
    pub pushes: u64,
    /// Keys of which a good secret is still hashed under an older key, since only the secret itself gives a new hash.
    pub waiting: Vec<KeyRow>,
}

fn name(drawer: Drawer) -> &'static str {
    match drawer {
        Drawer::Accounts => "carrier account",
        Drawer::Endpoints => "webhook endpoint",
        Drawer::Pushes => "push address",
    }
}

/// How a process's keys stand to what is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Everything encrypted is under the key.
    Settled,
    /// Everything is under the previous key, and this process is the first to bring the new one.
    Begins,
    /// Some is under one of the two keys, some under the other.
    UnderWay,
}

/// Whether a process with these keys can read everything; a refusal says what to do.
pub fn standing(vault: &Vault, checks: &KeyChecks) -> Result<Standing> {
    let next = checks.next.as_deref().map(|next| under(vault, next));
    let refused = match (under(vault, &checks.check), next) {
        (Some(Under::Key), None) => return Ok(Standing::Settled),
        (Some(Under::Previous), None) => return Ok(Standing::Begins),
        (Some(_), Some(Some(_))) => return Ok(Standing::UnderWay),
        (_, Some(_)) => HALF_WAY,
        (None, None) if vault.previous_name().is_some() => NEITHER,
        (None, None) => REFUSED,
    };
    Err(Error::Conflict(refused.to_owned()))
}

/// Which key a check is under.
fn under(vault: &Vault, check: &[u8]) -> Option<Under> {
    vault.open(check).filter(|(text, _)| text == KNOWN).map(|(_, under)| under)
}

impl App {
    /// Refuses to work with keys that cannot read everything; the first process to come sets the key. A process that
    /// brings a new key beside the one in use begins a rotation.
    pub async fn check_key(&self) -> Result<()> {
        let (app, fresh) = (self.clone(), self.vault().encrypt(KNOWN)?);
        self.store()
            .write(async move |tx| {
                let checks = match tx.hold_key_checks().await? {
                    Some(checks) => checks,
                    None => KeyChecks { check: fresh.clone(), next: None },
                };
                let checks = match standing(app.vault(), &checks)? {
                    Standing::Begins => KeyChecks { next: Some(fresh.clone()), ..checks },
                    Standing::Settled | Standing::UnderWay => checks,
                };
                tx.put_key_checks(&checks).await?;
                let under = under(app.vault(), &checks.check);
                let of_check =
                    if under == Some(Under::Key) { Some(app.vault().name()) } else { app.vault().previous_name() };
                tx.name_hashes(of_check.unwrap_or_default()).await
            })
            .await?;
        let waiting = self.waiting_keys().await?;
        if self.vault().previous_name().is_none() && !waiting.is_empty() {
            let keys: Vec<_> = waiting.iter().map(|row| row.key.public.as_str()).collect();
            tracing::warn!(?keys, "{} API keys have secrets that only an earlier installation's key knows", keys.len());
        }
        Ok(())
    }

    /// Refuses to encrypt under a key that another one takes the place of; to be asked in the transaction that stores
    /// what was encrypted.
    pub(crate) async fn may_encrypt(&self, tx: &mut Tx<'_>) -> Result<()> {
        match tx.hold_key_checks().await? {
            Some(checks) if under(self.vault(), checks.newest()) != Some(Under::Key) => {
                Err(Error::Conflict(NOT_NEWEST.to_owned()))
            }
            _ => Ok(()),
        }
    }

    /// Keeps a secret under its hash of this key, if it is stored under that of the previous one. A process that is not yet
    /// at the newest key leaves it alone, since it would only undo what the others do.
    pub(crate) async fn rehash_secret(&self, tx: &mut Tx<'_>, hashes: &Hashes) -> Result<()> {
        let Some(previous) = &hashes.previous else { return Ok(()) };
        let checks = tx.key_checks().await?;
        if checks.is_none_or(|checks| under(self.vault(), checks.newest()) == Some(Under::Key)) {
            tx.rehash_secret(previous, &hashes.hash, self.vault().name()).await?;
        }
        Ok(())
    }

    async fn waiting_keys(&self) -> Result<Vec<KeyRow>> {
        let (name, now) = (self.vault().name().to_owned(), self.now());
        self.store().read_list(async move |tx| tx.keys_hashed_elsewhere(&name, now).await).await
    }

    /// Encrypts under the key what is under the previous one, and tells how far it is after each batch. Once everything
    /// is moved, the database is under the key alone. Doing it again changes nothing.
    pub async fn rotate_installation_key(&self, tell: &(dyn Fn(Progress) + Send + Sync)) -> Result<Rotated> {
        if self.vault().previous_name().is_none() {
            let text = "missing: give the key in use until now with previous_key or previous_key_file, and the new one \
                        with key or key_file";
            return Err(Error::invalid("previous_key", text));
        }
        self.begin_rotation().await?;
        let (mut rotated, mut unreadable) = (Rotated::default(), Vec::new());
        for drawer in Drawer::ALL {
            let moved = self.move_drawer(drawer, tell, &mut unreadable).await?;
            match drawer {
                Drawer::Accounts => rotated.accounts = moved,
                Drawer::Endpoints => rotated.endpoints = moved,
                Drawer::Pushes => rotated.pushes = moved,
            }
        }
        if !unreadable.is_empty() {
            let text = format!(
                "these secrets can be read with neither key: {}; give them again in the setup file, apply it, and run \
                 this again",
                unreadable.join(", ")
            );
            return Err(Error::Conflict(text));
        }
        self.end_rotation().await?;
        rotated.waiting = self.waiting_keys().await?;
        Ok(rotated)
    }

    /// From here on nobody encrypts under another key than this one.
    async fn begin_rotation(&self) -> Result<()> {
        self.check_key().await?;
        let app = self.clone();
        self.store()
            .write(async move |tx| {
                let Some(KeyChecks { check, next: Some(next) }) = tx.hold_key_checks().await? else { return Ok(()) };
                // Under way to the other key: this is the way back.
                if under(app.vault(), &next) == Some(Under::Previous) {
                    tx.put_key_checks(&KeyChecks { check: next, next: Some(check) }).await?;
                }
                Ok(())
            })
            .await
    }

    async fn end_rotation(&self) -> Result<()> {
        let app = self.clone();
        self.store()
            .write(async move |tx| {
                let checks = tx.hold_key_checks().await?;
                let checks = checks.filter(|checks| under(app.vault(), checks.newest()) == Some(Under::Key));
                let checks = checks.ok_or_else(|| Error::Conflict(OVERTAKEN.to_owned()))?;
                tx.put_key_checks(&KeyChecks { check: checks.newest().to_vec(), next: None }).await
            })
            .await
    }

    /// Moves every row of a drawer; answers how many were under the previous key.
    async fn move_drawer(
        &self,
        drawer: Drawer,
        tell: &(dyn Fn(Progress) + Send + Sync),
        unreadable: &mut Vec<String>,
    ) -> Result<u64> {
        let of = self.store().read_list(async move |tx| tx.count_sealed(drawer).await).await?;
        let (mut done, mut moved, mut last) = (0, 0, None);
        loop {
            let (app, after) = (self.clone(), last.clone());
            let batch = self.store().write(async move |tx| app.move_batch(tx, drawer, after.as_ref()).await).await?;
            done += batch.seen;
            moved += batch.moved;
            unreadable.extend(batch.unreadable);
            if of.max(done) > 0 {
                tell(Progress { what: name(drawer), done, of: of.max(done) });
            }
            match batch.last {
                Some(row) => last = Some(row),
                None => return Ok(moved),
            }
        }
    }

    async fn move_batch(&self, tx: &mut Tx<'_>, drawer: Drawer, after: Option<&Sealed>) -> Result<Batch> {
        let rows = tx.sealed(drawer, after, BATCH).await?;
        let mut batch = Batch { seen: rows.len() as u64, ..Batch::default() };
        batch.last = rows.last().filter(|_| rows.len() == BATCH).cloned();
        let mut changed = Vec::new();
        for row in rows {
            match self.under_key(&row)? {
                Some(fresh) if fresh != row => changed.push(fresh),
                Some(_) => {}
                None => batch.unreadable.push(format!("{} {}/{}", name(drawer), row.tenant, row.id)),
            }
        }
        batch.moved = changed.len() as u64;
        if !changed.is_empty() {
            self.may_encrypt(tx).await?;
            tx.put_sealed(drawer, &changed).await?;
        }
        Ok(batch)
    }

    /// A row with all its secrets under the key; the same row when they are so already, `None` when one is unreadable.
    fn under_key(&self, row: &Sealed) -> Result<Option<Sealed>> {
        let again = |sealed: &[u8]| match self.vault().open(sealed) {
            Some((_, Under::Key)) => Ok(Some(sealed.to_vec())),
            Some((text, Under::Previous)) => self.vault().encrypt(&text).map(Some),
            None => Ok(None),
        };
        let Some(secret) = again(&row.secret)? else { return Ok(None) };
        // An older secret that nobody can read is of no use to anybody.
        let previous = row.previous.as_deref().map(again).transpose()?.flatten();
        Ok(Some(Sealed { secret, previous, ..row.clone() }))
    }
}

/// What one transaction did.
#[derive(Default)]
struct Batch {
    seen: u64,
    moved: u64,
    unreadable: Vec<String>,
    /// The last row, when there may be more behind it.
    last: Option<Sealed>,
}
