//! Locations that clients make and change. What the setup file names is its own: applied again, it sets it back.

use domain::error::{Problem, Rule};
use domain::location::Location;
use domain::tenant::{Scope, TenantId};
use domain::{Error, Result};
use store::setup::SetupTx;

use crate::tenants::TenantSetup;
use crate::{App, Caller};

impl App {
    /// Adds a location behind those that are there. An id or a name that another one has is a problem of `external_id`
    /// or `name`.
    pub async fn create_location(&self, caller: &Caller, location: Location) -> Result<Location> {
        caller.require(Scope::Setup)?;
        served_by_known(&caller.setup, &location)?;
        let (tenant, added) = (caller.tenant().clone(), location.clone());
        self.change_setup(caller, async move |setup| {
            let known = setup.locations(&tenant).await?;
            distinct(&known, &added, None)?;
            setup.put_location(known.len(), &added).await.map(drop)
        })
        .await?;
        Ok(location)
    }

    /// Changes a location by what `change` makes of it; it runs inside the transaction and again after a lost race. What
    /// `change` refuses comes back in its own words. Its id stays.
    pub async fn edit_location<R: Send + 'static>(
        &self,
        caller: &Caller,
        external_id: &str,
        change: impl Fn(&Location) -> std::result::Result<Location, R> + Send + Sync + 'static,
    ) -> Result<std::result::Result<Location, R>> {
        caller.require(Scope::Setup)?;
        let (tenant, id, setup) = (caller.tenant().clone(), external_id.to_owned(), caller.setup.clone());
        self.change_setup_if(caller, async move |tx| replace(tx, &tenant, &setup, &id, &change).await).await
    }

    /// The locations, in order; the first ships what names none.
    pub fn locations(&self, caller: &Caller) -> Result<Vec<Location>> {
        caller.require(Scope::Read)?;
        Ok(caller.setup.locations.clone())
    }

    /// One location by its external id.
    pub fn location(&self, caller: &Caller, external_id: &str) -> Result<Location> {
        let found = self.locations(caller)?.into_iter().find(|known| known.external_id == external_id);
        found.ok_or(Error::NotFound("location"))
    }

    /// Forgets a location, if `may` lets it. What was shipped from there stays as it is.
    pub async fn delete_location<R: Send + 'static>(
        &self,
        caller: &Caller,
        external_id: &str,
        may: impl Fn(&Location) -> std::result::Result<(), R> + Send + Sync + 'static,
    ) -> Result<std::result::Result<(), R>> {
        caller.require(Scope::Setup)?;
        let (tenant, id) = (caller.tenant().clone(), external_id.to_owned());
        self.change_setup_if(caller, async move |setup| {
            let known = setup.locations(&tenant).await?;
            let stored = known.iter().find(|known| known.external_id == id).ok_or(Error::NotFound("location"))?;
            if let Err(refusal) = may(stored) {
                return Ok(Err(refusal));
            }
            setup.drop_location(&id).await?;
            Ok(Ok(()))
        })
        .await
    }
}

async fn replace<R>(
    tx: &mut SetupTx<'_, '_>,
    tenant: &TenantId,
    setup: &TenantSetup,
    id: &str,
    change: &(impl Fn(&Location) -> std::result::Result<Location, R> + Sync),
) -> Result<std::result::Result<Location, R>> {
    let known = tx.locations(tenant).await?;
    let stored = known.iter().find(|known| known.external_id == id).ok_or(Error::NotFound("location"))?;
    let changed = match change(stored) {
        Ok(changed) => Location { external_id: id.to_owned(), ..changed },
        Err(refusal) => return Ok(Err(refusal)),
    };
    served_by_known(setup, &changed)?;
    distinct(&known, &changed, Some(id))?;
    tx.replace_location(&changed).await?;
    Ok(Ok(changed))
}

/// No other location has its id or its name.
fn distinct(known: &[Location], location: &Location, own: Option<&str>) -> Result<()> {
    let others = || known.iter().filter(|known| own != Some(known.external_id.as_str()));
    let mut problems = Vec::new();
    if others().any(|known| known.external_id == location.external_id) {
        let text = format!("there is a location {:?} already", location.external_id);
        problems.push(Problem::of(Rule::Taken, "external_id", text));
    }
    if others().any(|known| known.name == location.name) {
        let text = format!("there is a location called {:?} already", location.name);
        problems.push(Problem::of(Rule::Taken, "name", text));
    }
    if problems.is_empty() { Ok(()) } else { Err(Error::Invalid(problems)) }
}

/// Every carrier account that is to serve it is there.
fn served_by_known(setup: &TenantSetup, location: &Location) -> Result<()> {
    let named = location.carriers.iter().flatten();
    let unknown = named.filter(|account| setup.account(account).is_none());
    let problems: Vec<_> = unknown
        .map(|account| Problem::of(Rule::Unknown, "carriers", format!("no carrier account is called {account:?}")))
        .collect();
    if problems.is_empty() { Ok(()) } else { Err(Error::Invalid(problems)) }
}
