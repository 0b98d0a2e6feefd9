//! Endpoints that clients make, change, try and forget. What the setup file names is its own: applied again, it sets it back.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::error::{Problem, Rule};
use domain::event::EventKind;
use domain::ids::{DeliveryId, EndpointId, EventId};
use domain::tenant::{Scope, TenantId};
use domain::webhook::{Attempt, Delivery, DeliveryStatus, WebhookEndpoint};
use domain::{Error, Result, Secret};
use store::Tx;
use store::setup::SetupTx;

use super::EndpointView;
use crate::setup::Applied;
use crate::setup::file::WebhookSetup;
use crate::{App, Caller, guard};

/// The body of a trial, in every dialect: nothing happened.
const TRIAL: &str = "webhook.test";

impl App {
    /// A secret that Standard Webhooks libraries take as it is.
    pub fn new_webhook_secret(&self) -> Secret {
        Secret::new(format!("whsec_{}", STANDARD.encode(self.random().token::<24>().as_bytes())))
    }

    /// Every mistake of an endpoint, by field.
    fn mistakes_of_endpoint(&self, wanted: &WebhookSetup) -> Vec<Problem> {
        let mut problems = Vec::new();
        if let Some(text) = guard::mistake(&wanted.url, self.options().allow_private_webhooks) {
            problems.push(Problem::new("url", text));
        }
        if wanted.secret.reveal().is_empty() || wanted.secret.reveal().len() > 200 {
            problems.push(Problem::new("secret", "expected 1 to 200 characters"));
        }
        if !(1..=32).contains(&wanted.concurrency) {
            problems.push(Problem::new("concurrency", format!("{}: expected 1 to 32", wanted.concurrency)));
        }
        if wanted.events.is_empty() {
            problems.push(Problem::of(Rule::Missing, "events", "expected at least one, such as *"));
        }
        for (place, pattern) in wanted.events.iter().enumerate() {
            let prefix = pattern.strip_suffix('*');
            let means = |kind: EventKind| match prefix {
                Some(prefix) => kind.as_str().starts_with(prefix),
                None => kind.as_str() == pattern,
            };
            if !EventKind::ALL.into_iter().any(means) {
                let text = format!("{pattern:?} is no event: expected *, shipment.* or one such as shipment.booked");
                problems.push(Problem::of(Rule::Unknown, format!("events/{place}"), text));
            }
        }
        problems
    }

    /// Adds an endpoint. One with the same URL and dialect is a problem of `url`.
    pub async fn create_webhook(&self, caller: &Caller, wanted: WebhookSetup) -> Result<EndpointView> {
        caller.require(Scope::Setup)?;
        let problems = self.mistakes_of_endpoint(&wanted);
        if !problems.is_empty() {
            return Err(Error::Invalid(problems));
        }
        let (app, tenant) = (self.clone(), caller.tenant().clone());
        let id = self.one_id("endpoints", EndpointId::new).await?;
        let made = self
            .change_setup(caller, async move |tx| {
                let known = tx.webhook_endpoints(&tenant).await?;
                let is_it = |known: &store::webhooks::EndpointRow| {
                    known.url == wanted.url && known.dialect == wanted.dialect && known.channel.is_none()
                };
                if let Some(known) = known.iter().find(|known| is_it(known)) {
                    let text = format!("{} goes there with the bodies of this dialect already", known.id);
                    return Err(Error::Invalid(vec![Problem::of(Rule::Taken, "url", text)]));
                }
                app.put_endpoint(tx, &tenant, &wanted, id).await?;
                Ok(id.number())
            })
            .await?;
        self.changed_webhook(caller, EndpointId::new(made).unwrap_or(id)).await
    }

    async fn put_endpoint(
        &self,
        tx: &mut SetupTx<'_, '_>,
        tenant: &TenantId,
        wanted: &WebhookSetup,
        id: EndpointId,
    ) -> Result<()> {
        let mut ids = std::iter::once(id);
        let wanted = std::slice::from_ref(wanted);
        let stored = self.apply_webhooks(tx, tenant, wanted, &mut ids, &mut Applied::default()).await;
        // What is named by its place in a setup file there is a field here.
        stored.map_err(|error| match error {
            Error::Invalid(problems) => Error::Invalid(
                problems
                    .into_iter()
                    .map(|problem| {
                        let field = problem.path.rsplit('.').next().unwrap_or_default().to_owned();
                        Problem { path: field, ..problem }
                    })
                    .collect(),
            ),
            error => error,
        })
    }

    /// An endpoint as it stands after a change of this process.
    async fn changed_webhook(&self, caller: &Caller, id: EndpointId) -> Result<EndpointView> {
        let setup = self.tenant_setup(caller.tenant()).await?.ok_or(Error::NotFound("tenant"))?;
        let caller = Caller { setup, ..caller.as_reader() };
        self.webhook(&caller, id).await
    }

    /// Changes an endpoint by what `change` makes of it; it runs inside the transaction and again after a lost race. What
    /// `change` refuses comes back in its own words. Its URL and its dialect stay: they are what it is known by.
    pub async fn edit_webhook<R: Send + 'static>(
        &self,
        caller: &Caller,
        id: EndpointId,
        change: impl Fn(&WebhookEndpoint) -> std::result::Result<WebhookSetup, R> + Send + Sync + 'static,
    ) -> Result<std::result::Result<EndpointView, R>> {
        caller.require(Scope::Setup)?;
        let (app, tenant) = (self.clone(), caller.tenant().clone());
        let edited = self
            .change_setup_if(caller, async move |tx| {
                let stored = app.stored_endpoint(tx, &tenant, id).await?;
                let changed = match change(&stored) {
                    Ok(changed) => WebhookSetup { url: stored.url, dialect: stored.dialect, ..changed },
                    Err(refusal) => return Ok(Err(refusal)),
                };
                let problems = app.mistakes_of_endpoint(&changed);
                if !problems.is_empty() {
                    return Err(Error::Invalid(problems));
                }
                app.put_endpoint(tx, &tenant, &changed, id).await?;
                Ok(Ok(()))
            })
            .await?;
        match edited {
            Ok(()) => Ok(Ok(self.changed_webhook(caller, id).await?)),
            Err(refusal) => Ok(Err(refusal)),
        }
    }

    /// An endpoint as it stands in this transaction; one that belongs to a channel is changed with the channel.
    async fn stored_endpoint(&self, tx: &mut Tx<'_>, tenant: &TenantId, id: EndpointId) -> Result<WebhookEndpoint> {
        let found = tx.webhook_endpoints(tenant).await?.into_iter().find(|known| known.id == id);
        let row = found.ok_or(Error::NotFound("webhook"))?;
        if row.channel.is_some() {
            let text = "this webhook belongs to a channel: change it there";
            return Err(Error::Conflict(text.to_owned()));
        }
        self.open_endpoint(row)
    }

    /// Forgets an endpoint, if `may` lets it; what it was not told yet is not sent any more.
    pub async fn delete_webhook<R: Send + 'static>(
        &self,
        caller: &Caller,
        id: EndpointId,
        may: impl Fn(&WebhookEndpoint) -> std::result::Result<(), R> + Send + Sync + 'static,
    ) -> Result<std::result::Result<(), R>> {
        caller.require(Scope::Setup)?;
        let (app, tenant) = (self.clone(), caller.tenant().clone());
        self.change_setup_if(caller, async move |tx| {
            let stored = app.stored_endpoint(tx, &tenant, id).await?;
            if let Err(refusal) = may(&stored) {
                return Ok(Err(refusal));
            }
            tx.drop_webhook_endpoint(id).await?;
            Ok(Ok(()))
        })
        .await
    }

    /// Sends an endpoint a trial at once, signed like any delivery, and says what came of it. Nothing is stored and nothing
    /// is sent again.
    pub async fn test_webhook(&self, caller: &Caller, id: EndpointId) -> Result<Attempt> {
        caller.require(Scope::Setup)?;
        let endpoint = self.webhook(&caller.as_reader(), id).await?.endpoint;
        let now = self.now();
        let event = self.one_id("events", EventId::new).await?;
        let body = serde_json::json!({
            "id": event.to_string(), "type": TRIAL, "timestamp": now.to_string(), "data": { "endpoint": id.to_string() },
        });
        let delivery = Delivery {
            id: self.one_id("deliveries", DeliveryId::new).await?,
            event,
            endpoint: id,
            part: 0,
            status: DeliveryStatus::Waiting,
            body: body.to_string().into_bytes(),
            position: 0,
            attempts: 0,
            next_at: now,
            created_at: now,
        };
        Ok(self.send(&endpoint, &delivery).await.attempt)
    }
}
