//! Carrier accounts, made and changed by a person. The connector judges every field; nothing is stored that it refuses.

use std::collections::BTreeMap;

use domain::account::CarrierAccount;
use domain::connector::{FieldKind, Profile};
use domain::error::{Problem, Rule};
use domain::secret::Secret;
use domain::shipment::ELSEWHERE;
use domain::tenant::{Mode, Scope};
use domain::{Error, Result};

use crate::{App, Caller};

/// The longest id of an account.
const LONGEST_ID: usize = 64;

/// What a person says of a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FieldValue {
    /// This.
    Set(String),
    /// What is stored.
    Kept,
    /// Nothing.
    Empty,
}

/// An account as a person wants it.
#[derive(Clone, Debug)]
pub struct AccountEdit {
    /// Its id.
    pub id: String,
    /// The carrier, as in setup files.
    pub carrier: String,
    /// Whether it is to be made; else it must be there.
    pub is_new: bool,
    /// Each field of the connector's profile.
    pub fields: BTreeMap<String, FieldValue>,
    /// How often a minute the carrier may be asked, as typed; no limit when missing.
    pub calls_per_minute: Option<String>,
}

fn is_id(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_');
    (1..=LONGEST_ID).contains(&text.len()) && text.bytes().all(plain)
}

/// Fills the fields of a profile in.
fn fill(account: &mut CarrierAccount, profile: &Profile, edit: &AccountEdit, problems: &mut Vec<Problem>) {
    for field in profile.fields {
        let value = edit.fields.get(field.name).unwrap_or(&FieldValue::Empty);
        if *value == FieldValue::Kept {
            continue;
        }
        let set = match value {
            FieldValue::Set(value) => Some(value.clone()),
            FieldValue::Kept | FieldValue::Empty => None,
        };
        if set.is_none() && field.is_required {
            problems.push(Problem::of(Rule::Missing, field.name, format!("missing, expected {}", field.help)));
        }
        let name = field.name.to_owned();
        match (field.kind, set) {
            (FieldKind::Text, Some(value)) => drop(account.settings.insert(name, value)),
            (FieldKind::Text, None) => drop(account.settings.remove(&name)),
            (FieldKind::Secret, Some(value)) => drop(account.credentials.insert(name, Secret::new(value))),
            (FieldKind::Secret, None) => drop(account.credentials.remove(&name)),
            (FieldKind::File, Some(value)) => drop(account.files.insert(name, value.replace("\r\n", "\n"))),
            (FieldKind::File, None) => drop(account.files.remove(&name)),
        }
    }
}

impl App {
    /// Makes a carrier account or changes one. Problems are named by field. Its credentials are tried soon after.
    pub async fn save_account(&self, caller: &Caller, edit: AccountEdit) -> Result<()> {
        caller.require(Scope::Setup)?;
        let connector = self.connectors().iter().find(|known| known.profile().carrier == edit.carrier);
        let connector = connector.ok_or(Error::NotFound("carrier"))?;
        let profile = connector.profile();
        let stored = caller.setup.account(&edit.id).map(|known| known.account.clone());
        let mut problems = Vec::new();
        if edit.is_new && !is_id(&edit.id) {
            let text = format!(
                "{:?} is no name of an account: expected 1 to {LONGEST_ID} lower-case letters, digits, - or _",
                edit.id
            );
            problems.push(Problem::new("id", text));
        }
        if edit.id == ELSEWHERE {
            problems.push(Problem::new("id", "\"elsewhere\" names shipments made elsewhere: choose another one"));
        }
        let mut account = match stored {
            Some(_) if edit.is_new => {
                let text = format!("there is an account {:?} already: choose another name", edit.id);
                problems.push(Problem::of(Rule::Taken, "id", text));
                return Err(Error::Invalid(problems));
            }
            Some(stored) if stored.carrier == edit.carrier => stored,
            Some(_) | None if !edit.is_new => return Err(Error::NotFound("carrier account")),
            _ => CarrierAccount {
                id: edit.id.clone(),
                carrier: edit.carrier.clone(),
                settings: BTreeMap::new(),
                credentials: BTreeMap::new(),
                files: BTreeMap::new(),
                calls_per_minute: None,
                aliases: BTreeMap::new(),
            },
        };
        if caller.setup.tenant.mode == Mode::Test && profile.is_live {
            let text = format!("{} buys real labels, and this tenant is for tests", profile.name);
            problems.push(Problem::new("carrier", text));
        }
        account.calls_per_minute = match edit.calls_per_minute.as_deref().map(str::parse) {
            None => None,
            Some(Ok(calls)) if calls > 0 => Some(calls),
            Some(_) => {
                problems.push(Problem::new("calls_per_minute", "expected a whole number from 1"));
                None
            }
        };
        fill(&mut account, profile, &edit, &mut problems);
        if let Err(flaws) = connector.connect(&account) {
            let field = |path: &str| {
                let path = path.trim_start_matches('/');
                let rest =
                    path.split_once('/').filter(|(first, _)| matches!(*first, "settings" | "credentials" | "files"));
                rest.map_or(path, |(_, rest)| rest).to_owned()
            };
            let flaws = flaws.into_iter().map(|flaw| Problem { path: field(&flaw.path), ..flaw });
            problems = Problem::joined(problems, flaws);
        }
        if !problems.is_empty() {
            return Err(Error::Invalid(problems));
        }
        let sealed = self.vault().encrypt(&store::codec::to_json(&account.credentials)?)?;
        let token = self.random().token::<32>();
        let sealed_token = self.vault().encrypt(&token)?;
        let (app, tenant, now, takes_pushes) =
            (self.clone(), caller.tenant().clone(), self.now(), profile.takes_pushes);
        let is_new = edit.is_new;
        self.store()
            .write(async move |tx| {
                app.may_encrypt(tx).await?;
                let known = tx.carrier_accounts(&tenant).await?;
                let place = known.iter().position(|(one, _)| one.id == account.id);
                if is_new == place.is_some() {
                    let text = format!("account {:?} was made or removed at this moment: look again", account.id);
                    return Err(Error::Conflict(text));
                }
                tx.put_carrier_account(&tenant, place.unwrap_or(known.len()), &account, &sealed).await?;
                tx.expect_check(&tenant, &account.id, now).await?;
                let pushed = tx.push_tokens(&tenant).await?;
                if takes_pushes && pushed.iter().all(|(known, _)| *known != account.id) {
                    tx.add_push_token(&tenant, &account.id, &token, &sealed_token).await?;
                }
                tx.raise_setup_version().await
            })
            .await?;
        self.forget_setup();
        self.wakes().checks.notify_one();
        Ok(())
    }
}
