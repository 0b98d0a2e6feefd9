//! A carrier account as a person fills it in: field by field, a secret that is not typed again stays.

use std::collections::BTreeMap;

use domain::account::CarrierAccount;
use domain::connector::{FieldKind, Profile};
use domain::error::{Problem, Rule};
use domain::secret::Secret;
use domain::tenant::Scope;
use domain::{Error, Result};

use crate::{App, Caller};

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

impl AccountEdit {
    /// The account with the fields filled in, and what is wrong with them.
    fn filled(&self, mut account: CarrierAccount, profile: &Profile) -> (CarrierAccount, Vec<Problem>) {
        let mut problems = Vec::new();
        for field in profile.fields {
            let set = match self.fields.get(field.name).unwrap_or(&FieldValue::Empty) {
                FieldValue::Kept => continue,
                FieldValue::Set(value) => Some(value.clone()),
                FieldValue::Empty => None,
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
        account.calls_per_minute = match self.calls_per_minute.as_deref().map(str::parse) {
            None => None,
            Some(Ok(calls)) if calls > 0 => Some(calls),
            Some(_) => {
                problems.push(Problem::new("calls_per_minute", "expected a whole number from 1"));
                None
            }
        };
        (account, problems)
    }
}

/// A problem under the name of the form's field.
fn by_field(flaw: Problem) -> Problem {
    let mut path = flaw.path.trim_start_matches('/');
    while let Some((first, rest)) = path.split_once('/')
        && matches!(first, "settings" | "credentials" | "files")
    {
        path = rest.trim_start_matches('/');
    }
    Problem { path: path.to_owned(), ..flaw }
}

impl App {
    /// Makes a carrier account or changes one. Problems are named by field. Its credentials are tried soon after.
    pub async fn save_account(&self, caller: &Caller, edit: AccountEdit) -> Result<()> {
        caller.require(Scope::Setup)?;
        let connector = self.connectors().iter().find(|known| known.profile().carrier == edit.carrier);
        let profile = connector.ok_or(Error::NotFound("carrier"))?.profile();
        let saved = if edit.is_new {
            let blank = CarrierAccount {
                id: edit.id.clone(),
                carrier: edit.carrier.clone(),
                settings: BTreeMap::new(),
                credentials: BTreeMap::new(),
                files: BTreeMap::new(),
                calls_per_minute: None,
                aliases: BTreeMap::new(),
            };
            let (account, problems) = edit.filled(blank, profile);
            let problems = Problem::joined(problems, self.mistakes_of(caller, &account).into_iter().map(by_field));
            if !problems.is_empty() {
                return Err(Error::Invalid(problems));
            }
            self.create_account(caller, account).await
        } else {
            let (id, looked) = (edit.id.clone(), (self.clone(), caller.clone()));
            let change = move |stored: &CarrierAccount| {
                if stored.carrier != edit.carrier {
                    return Err(Error::NotFound("carrier account"));
                }
                let (app, caller) = &looked;
                let (account, problems) = edit.filled(stored.clone(), profile);
                let problems = Problem::joined(problems, app.mistakes_of(caller, &account).into_iter().map(by_field));
                if problems.is_empty() { Ok(account) } else { Err(Error::Invalid(problems)) }
            };
            self.edit_account(caller, &id, change).await.and_then(|edited| edited)
        };
        saved.map_err(|error| match error {
            Error::Invalid(problems) => Error::Invalid(problems.into_iter().map(by_field).collect()),
            other => other,
        })?;
        self.wakes().checks.notify_one();
        Ok(())
    }
}
