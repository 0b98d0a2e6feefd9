//! Carrier accounts that clients make and change. What the setup file names is its own: applied again, it sets it back.

use domain::account::CarrierAccount;
use domain::connector::{FieldKind, Profile};
use domain::error::{Problem, Rule};
use domain::shipment::ELSEWHERE;
use domain::tenant::{Mode, Scope, TenantId};
use domain::{Error, Result};
use store::setup::SetupTx;

use crate::{App, Caller};

pub mod form;

impl App {
    /// What every carrier that can be asked says about itself, with the fields an account needs.
    pub fn carriers(&self) -> Vec<&'static Profile> {
        self.connectors().iter().map(|connector| connector.profile()).collect()
    }

    /// Every mistake of an account, by field: `settings/…` as its connector names them.
    fn mistakes_of(&self, caller: &Caller, account: &CarrierAccount) -> Vec<Problem> {
        let mut problems = Vec::new();
        let is_id = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.');
        if account.id == ELSEWHERE || !(1..=64).contains(&account.id.len()) || !account.id.chars().all(is_id) {
            let text = format!("{:?} is no id: expected 1 to 64 letters, digits, - _ and points", account.id);
            problems.push(Problem::new("id", text));
        }
        let Some(connector) = self.connectors().iter().find(|known| known.profile().carrier == account.carrier) else {
            let known = self.carriers().into_iter().map(|profile| profile.carrier).collect::<Vec<_>>().join(", ");
            let text = format!("{:?} is no carrier of this version: expected one of {known}", account.carrier);
            problems.push(Problem::of(Rule::Unknown, "carrier", text));
            return problems;
        };
        if caller.setup.tenant.mode == Mode::Test && connector.profile().is_live {
            let text = format!("{:?} buys real labels, and this tenant is in test mode", account.carrier);
            problems.push(Problem::new("carrier", text));
        }
        let below = |problem: Problem| problem.below("settings");
        problems.extend(connector.connect(account).err().unwrap_or_default().into_iter().map(below));
        problems
    }

    /// Adds an account behind those that are there.
    pub async fn create_account(&self, caller: &Caller, account: CarrierAccount) -> Result<()> {
        caller.require(Scope::Setup)?;
        refuse(self.mistakes_of(caller, &account))?;
        let (app, tenant) = (self.clone(), caller.tenant().clone());
        self.change_setup(caller, async move |setup| {
            let known = setup.carrier_accounts(&tenant).await?;
            if known.iter().any(|(known, _)| known.id == account.id) {
                let text = format!("there is a carrier account {:?} already", account.id);
                return Err(Error::Invalid(vec![Problem::of(Rule::Taken, "id", text)]));
            }
            let sealed = app.vault().encrypt(&store::codec::to_json(&account.credentials)?)?;
            app.put_account(setup, &tenant, known.len(), &account, &sealed).await
        })
        .await
    }

    /// Changes an account by what `change` makes of it; it runs inside the transaction and again after a lost race. What
    /// `change` refuses comes back in its own words. Its id and its carrier stay.
    pub async fn edit_account<R: Send + 'static>(
        &self,
        caller: &Caller,
        id: &str,
        change: impl Fn(&CarrierAccount) -> std::result::Result<CarrierAccount, R> + Send + Sync + 'static,
    ) -> Result<std::result::Result<(), R>> {
        caller.require(Scope::Setup)?;
        let (app, tenant, id, by) = (self.clone(), caller.tenant().clone(), id.to_owned(), caller.clone());
        self.change_setup_if(caller, async move |setup| {
            let known = setup.carrier_accounts(&tenant).await?;
            let place = known.iter().position(|(known, _)| known.id == id).ok_or(Error::NotFound("carrier account"))?;
            let (bare, sealed) = &known[place];
            let credentials = store::codec::from_json(&app.vault().decrypt(sealed)?)?;
            let stored = CarrierAccount { credentials, ..bare.clone() };
            let changed = match change(&stored) {
                Ok(changed) => CarrierAccount { id: stored.id.clone(), carrier: stored.carrier.clone(), ..changed },
                Err(refusal) => return Ok(Err(refusal)),
            };
            refuse(app.mistakes_of(&by, &changed))?;
            // What is sealed anew looks changed, so only what is changed is.
            let sealed = if changed.credentials == stored.credentials {
                sealed.clone()
            } else {
                app.vault().encrypt(&store::codec::to_json(&changed.credentials)?)?
            };
            app.put_account(setup, &tenant, place, &changed, &sealed).await?;
            Ok(Ok(()))
        })
        .await
    }

    /// Forgets an account. Its shipments stay; nobody can be asked about them any more. One that a location names, or whose
    /// carrier is being asked at this moment, is a conflict.
    pub async fn delete_account<R: Send + 'static>(
        &self,
        caller: &Caller,
        id: &str,
        may: impl Fn(&CarrierAccount) -> std::result::Result<(), R> + Send + Sync + 'static,
    ) -> Result<std::result::Result<(), R>> {
        caller.require(Scope::Setup)?;
        let (app, tenant, id) = (self.clone(), caller.tenant().clone(), id.to_owned());
        self.change_setup_if(caller, async move |setup| {
            let known = setup.carrier_accounts(&tenant).await?;
            let found = known.into_iter().find(|(known, _)| known.id == id);
            let (bare, sealed) = found.ok_or(Error::NotFound("carrier account"))?;
            let credentials = store::codec::from_json(&app.vault().decrypt(&sealed)?)?;
            if let Err(refusal) = may(&CarrierAccount { credentials, ..bare }) {
                return Ok(Err(refusal));
            }
            let named = |known: &domain::location::Location| known.carriers.iter().flatten().any(|one| *one == id);
            if let Some(location) = setup.locations(&tenant).await?.iter().find(|known| named(known)) {
                let text =
                    format!("the location {:?} is served by this account: change it first", location.external_id);
                return Err(Error::Conflict(text));
            }
            if setup.is_account_busy(&tenant, &id).await? {
                let text = "the account's carrier is being asked at this moment: try again when that is settled";
                return Err(Error::Conflict(text.to_owned()));
            }
            setup.drop_carrier_account(&id).await?;
            Ok(Ok(()))
        })
        .await
    }

    /// Stores an account and its sealed credentials, has it looked at soon, and gives it an address for pushes.
    async fn put_account(
        &self,
        tx: &mut SetupTx<'_, '_>,
        tenant: &TenantId,
        place: usize,
        account: &CarrierAccount,
        sealed: &[u8],
    ) -> Result<()> {
        self.may_encrypt(tx).await?;
        tx.put_carrier_account(place, account, sealed).await?;
        tx.expect_check(tenant, &account.id, self.now()).await?;
        let known = self.connectors().iter().find(|known| known.profile().carrier == account.carrier);
        let is_told = known.is_some_and(|connector| connector.profile().takes_pushes);
        if is_told && !tx.push_tokens(tenant).await?.iter().any(|(of, _)| *of == account.id) {
            let token = self.random().token::<32>();
            tx.add_push_token(tenant, &account.id, &token, &self.vault().encrypt(&token)?).await?;
        }
        Ok(())
    }
}

/// The fields of an account by how a profile says they are kept: settings, secrets and the contents of files.
pub fn sorted_fields(
    profile: Option<&Profile>,
    typed: Vec<(String, String)>,
    mut account: CarrierAccount,
) -> CarrierAccount {
    let kind = |name: &str| {
        let field = profile.and_then(|profile| profile.fields.iter().find(|field| field.name == name));
        field.map_or(FieldKind::Text, |field| field.kind)
    };
    for (name, value) in typed {
        match kind(&name) {
            FieldKind::Text => drop(account.settings.insert(name, value)),
            FieldKind::Secret => drop(account.credentials.insert(name, domain::Secret::new(value))),
            FieldKind::File => drop(account.files.insert(name, value)),
        }
    }
    account
}

fn refuse(problems: Vec<Problem>) -> Result<()> {
    if problems.is_empty() { Ok(()) } else { Err(Error::Invalid(problems)) }
}
