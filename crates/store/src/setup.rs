//! The set-up of a tenant while somebody changes it: what is otherwise afterwards is kept as an act, in the same transaction.
//!
//! The tables of the set-up are written by [`SetupTx`] alone, and [`Tx::change_setup`] alone hands one out. So no verb can
//! change a set-up and forget to say who did it.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::{Deref, DerefMut};

use domain::act::{self, Act, ActKind, Actor};
use domain::event::Event;
use domain::ids::EventId;
use domain::order::RawJson;
use domain::tenant::{ApiKey, TenantId};
use domain::{Error, Result, Timestamp};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use crate::{Tx, codec};

/// Who changes a set-up.
#[derive(Clone, Debug)]
pub struct Signed {
    /// The act's id, drawn before the command.
    pub id: EventId,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub by: Actor,
}

/// A transaction that may write to one tenant's set-up.
pub struct SetupTx<'a, 'tx> {
    pub(crate) tx: &'a mut Tx<'tx>,
    pub(crate) tenant: TenantId,
    /// Parts that got another secret, however alike they look.
    rotated: BTreeSet<String>,
    /// Something was written that only caches see, such as another place in a list.
    is_written: bool,
    event: Option<Event>,
}

impl<'tx> Deref for SetupTx<'_, 'tx> {
    type Target = Tx<'tx>;

    fn deref(&self) -> &Self::Target {
        self.tx
    }
}

impl DerefMut for SetupTx<'_, '_> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        self.tx
    }
}

impl SetupTx<'_, '_> {
    /// Tells of the change by an event, which is then the act: it gets its actor and how things were before and after.
    pub fn tell_by(&mut self, event: Event) {
        self.event = Some(event);
    }

    /// Runs a statement of which only caches may see what it did; true when it did something.
    pub(crate) async fn wrote_if_any(&mut self, sql: &'static str, params: &[crate::Value]) -> Result<bool> {
        let is_written = self.execute(sql, params).await? > 0;
        self.is_written |= is_written;
        Ok(is_written)
    }

    pub(crate) fn rotated(&mut self, public: &str) {
        self.rotated.insert(key_name(public));
    }
}

impl Tx<'_> {
    /// Changes a tenant's set-up. What differs afterwards is kept as one act without secrets, and every process learns that
    /// its caches are stale; nothing of both when nothing differs.
    pub async fn change_setup<T>(
        &mut self,
        tenant: &TenantId,
        signed: &Signed,
        change: impl AsyncFn(&mut SetupTx<'_, '_>) -> Result<T>,
    ) -> Result<T> {
        let before = told(self, tenant, signed.at).await?;
        let mut setup = SetupTx {
            tx: &mut *self,
            tenant: tenant.clone(),
            rotated: BTreeSet::new(),
            is_written: false,
            event: None,
        };
        let done = change(&mut setup).await?;
        let SetupTx { rotated, is_written, event, .. } = setup;
        let after = told(self, tenant, signed.at).await?;
        let difference = Difference::between(&before, &after, &rotated);
        if is_written || !difference.names.is_empty() {
            self.raise_setup_version().await?;
        }
        match event {
            Some(event) => self.emit(tenant, &difference.by_event(event, signed)).await?,
            None if difference.names.is_empty() => {}
            None => self.keep_acts(tenant, &[difference.act(signed, &rotated)]).await?,
        }
        Ok(done)
    }
}

/// Every part of a tenant's set-up by its name, without secrets.
type Told = BTreeMap<String, Value>;

/// What is otherwise.
struct Difference {
    /// The parts that differ.
    names: Vec<String>,
    before: Told,
    after: Told,
}

impl Difference {
    fn between(before: &Told, after: &Told, rotated: &BTreeSet<String>) -> Self {
        let names: BTreeSet<_> = before.keys().chain(after.keys()).collect();
        let differs = |name: &&&String| before.get(**name) != after.get(**name) || rotated.contains(**name);
        let names: Vec<_> = names.iter().filter(differs).map(|name| (*name).clone()).collect();
        let only =
            |told: &Told| names.iter().filter_map(|name| Some((name.clone(), told.get(name)?.clone()))).collect();
        Self { before: only(before), after: only(after), names }
    }

    /// What the act was done to: the part, when it is one.
    fn subject(&self) -> String {
        match self.names.as_slice() {
            [name] => name.clone(),
            names if names.iter().all(|name| name.starts_with(RULE)) => RULES.to_owned(),
            names if names.iter().any(|name| name == TENANT) && !self.before.contains_key(TENANT) => TENANT.to_owned(),
            _ => "setup".to_owned(),
        }
    }

    fn kind(&self, rotated: &BTreeSet<String>) -> ActKind {
        match self.names.as_slice() {
            [name] if name.starts_with(KEY) => match (self.before.get(name), self.after.get(name)) {
                (None, _) => ActKind::KeyCreated,
                (_, None) => ActKind::KeyRevoked,
                _ if rotated.contains(name) => ActKind::KeyRotated,
                _ => ActKind::KeyChanged,
            },
            _ => ActKind::SetupChanged,
        }
    }

    /// Both sides as JSON: of the main part its own fields, of every other part by its name. Of a part that was and is
    /// there only the fields that differ.
    fn sides(&self, main: &str) -> (Option<RawJson>, Option<RawJson>) {
        let (mut was, mut is) = (Map::new(), Map::new());
        for name in &self.names {
            let (mut old, mut new) = (self.before.get(name).cloned(), self.after.get(name).cloned());
            if let (Some(Value::Object(old)), Some(Value::Object(new))) = (&mut old, &mut new) {
                let same: Vec<_> = old.keys().filter(|field| old.get(*field) == new.get(*field)).cloned().collect();
                for field in same {
                    old.remove(&field);
                    new.remove(&field);
                }
            }
            put(&mut was, name, old, name == main);
            put(&mut is, name, new, name == main);
        }
        let side = |members: Map<String, Value>| (!members.is_empty()).then(|| act::json(&members)).flatten();
        (side(was), side(is))
    }

    fn act(&self, signed: &Signed, rotated: &BTreeSet<String>) -> Act {
        let subject = self.subject();
        let (before, after) = self.sides(&subject);
        let Signed { id, at, by } = signed.clone();
        Act { id, kind: self.kind(rotated), at, by, order: None, subject, before, after }
    }

    fn by_event(&self, mut event: Event, signed: &Signed) -> Event {
        let main = event.about.channel.map(channel_name).unwrap_or_default();
        (event.about.before, event.about.after) = self.sides(&main);
        event.about.by = Some(signed.by.clone());
        event
    }
}

fn put(side: &mut Map<String, Value>, name: &str, value: Option<Value>, is_main: bool) {
    match value {
        None => {}
        Some(Value::Object(members)) if is_main => side.extend(members),
        Some(Value::Object(members)) if members.is_empty() => {}
        Some(value) => drop(side.insert(name.to_owned(), value)),
    }
}

const TENANT: &str = "tenant";
const KEY: &str = "key ";
const RULE: &str = "routing_rule";
const RULES: &str = "routing_rules";

fn key_name(public: &str) -> String {
    format!("{KEY}{public}")
}

fn channel_name(number: i64) -> String {
    format!("channel {number}")
}

/// A word for bytes that must not be shown, another one whenever they are others.
fn fingerprint(bytes: &[u8]) -> String {
    let hash: [u8; 32] = Sha256::digest(bytes).into();
    let first = u64::from_be_bytes(hash[..8].try_into().unwrap_or_default());
    format!("sha-256 {first:016x}…")
}

/// A key as acts tell it.
fn key_told(key: &ApiKey, rotated_at: Option<Timestamp>) -> Value {
    let scopes: Vec<_> = key.scopes.iter().map(|scope| scope.as_str()).collect();
    let mut told = json!({ "name": key.name, "scopes": scopes });
    if let Some(at) = rotated_at {
        told["rotated_at"] = json!(at.to_string());
    }
    told
}

/// The set-up of a tenant as acts tell it.
async fn told(tx: &mut Tx<'_>, tenant: &TenantId, now: Timestamp) -> Result<Told> {
    let value = |told: serde_json::Result<Value>| told.map_err(Error::internal);
    let mut told = Told::new();
    if let Some(tenant) = tx.tenant(tenant).await? {
        told.insert(TENANT.to_owned(), value(serde_json::to_value(&tenant))?);
    }
    for channel in tx.channels(tenant).await? {
        let settings: Value = codec::from_json(channel.settings.as_str())?;
        let body = json!({ "dialect": channel.dialect, "name": channel.name, "settings": settings });
        told.insert(channel_name(channel.number.0), body);
    }
    for location in tx.locations(tenant).await? {
        told.insert(format!("location {}", location.external_id), value(serde_json::to_value(&location))?);
    }
    let rules = tx.routing_rules(tenant).await?;
    if !rules.is_empty() {
        told.insert(RULES.to_owned(), rules.iter().map(|rule| json!(rule.name)).collect());
    }
    for rule in rules {
        told.insert(format!("{RULE} {}", rule.name), value(serde_json::to_value(&rule))?);
    }
    for (account, sealed) in tx.carrier_accounts(tenant).await? {
        let files: BTreeMap<_, _> =
            account.files.iter().map(|(name, text)| (name, fingerprint(text.as_bytes()))).collect();
        let body = json!({
            "carrier": account.carrier,
            "settings": account.settings,
            "credentials": fingerprint(&sealed),
            "files": files,
            "calls_per_minute": account.calls_per_minute,
            "aliases": account.aliases,
        });
        told.insert(format!("carrier_account {}", account.id), body);
    }
    for hook in tx.webhook_endpoints(tenant).await? {
        let body = json!({
            "url": hook.url,
            "dialect": hook.dialect,
            "events": hook.events,
            "channel": hook.channel.map(|channel| channel.0),
            "secret": fingerprint(&hook.secret),
            "concurrency": hook.concurrency,
            "variant": hook.variant,
            "mode": hook.mode,
            "description": hook.description,
            "authentication": hook.authentication.as_deref().map(fingerprint),
        });
        told.insert(format!("webhook {}", hook.id), body);
    }
    for row in tx.keys_of_tenant(tenant, now).await? {
        told.insert(key_name(&row.key.public), key_told(&row.key, row.rotated_at));
    }
    for part in told.values_mut() {
        let Value::Object(fields) = part else { continue };
        fields.retain(|name, value| !value.is_null() && (name == "settings" || *value != json!({})));
    }
    Ok(told)
}
