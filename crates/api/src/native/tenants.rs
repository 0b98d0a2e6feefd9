//! Tenants, for whoever runs the installation: these routes know no API key but the installation's own secret, and without one
//! in the settings there are no such routes.

use app::App;
use app::setup::TenantDraft;
use axum::extract::{FromRequestParts, State};
use axum::response::Response;
use domain::error::Unknown;
use domain::tenant::{Mode, Tenant, TenantId};
use domain::{Error, Secret};
use http::StatusCode;
use http::request::Parts;
use serde::Serialize;

use super::error::Problems;
use super::keys::scopes;
use super::orders::read;
use super::page::Paging;
use super::{Answer, Body};
use crate::dialect::{Parameters, Segment, authorization, json};
use crate::json::fields::{Fault, Node, choice, currency, positive, text};

/// Whoever knows the installation's secret.
pub(super) struct Installation;

impl FromRequestParts<App> for Installation {
    type Rejection = Problems;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problems> {
        if !app.has_installation_secret() {
            return Err(Problems::no_such_page());
        }
        let sent = match authorization(parts) {
            Some(app::Credentials::Bearer(secret)) => secret,
            Some(_) => return Err(Error::Unauthenticated(Unknown::Wrong).into()),
            None => return Err(Error::Unauthenticated(Unknown::Missing).into()),
        };
        if app.is_installation_secret(&sent) { Ok(Self) } else { Err(Error::Unauthenticated(Unknown::Wrong).into()) }
    }
}

/// A tenant as the native API shows it.
#[derive(Serialize)]
struct TenantView {
    id: String,
    name: String,
    currency: String,
    time_zone: String,
    mode: &'static str,
    default_weight_kg: Option<domain::money::Decimal>,
    /// Its first key; shown once.
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<FirstKey>,
}

/// The key a new tenant begins with.
#[derive(Serialize)]
struct FirstKey {
    id: String,
    secret: String,
}

impl TenantView {
    fn of(tenant: Tenant) -> Self {
        Self {
            id: tenant.id.to_string(),
            name: tenant.name,
            currency: tenant.currency.as_str().to_ascii_uppercase(),
            time_zone: tenant.time_zone,
            mode: tenant.mode.as_str(),
            default_weight_kg: tenant.default_weight.map(domain::measure::Weight::kilograms),
            key: None,
        }
    }
}

fn tenant_id(node: Node<'_>) -> Option<TenantId> {
    let typed = text(1, 64)(node)?;
    let unfit = Fault::Other(format!("{typed:?} is no tenant id: expected 1 to 64 lower-case letters, digits, - or _"));
    TenantId::new(typed).or_else(|| node.fault(unfit))
}

fn zone(node: Node<'_>) -> Option<String> {
    let name = text(1, 100)(node)?;
    let unfit = Fault::Other(format!("{name:?} is no IANA time zone, such as Europe/Berlin"));
    if jiff::tz::TimeZone::get(&name).is_ok() { Some(name) } else { node.fault(unfit) }
}

fn weight(node: Node<'_>) -> Option<domain::measure::Weight> {
    let kilograms = positive(node)?;
    let unfit = Fault::Other("Input should be a weight in kilograms, at most six decimals".to_owned());
    domain::measure::Weight::from_kilograms(kilograms).or_else(|| node.fault(unfit))
}

/// `GET /v1/tenants`, by id.
pub(super) async fn list(_: Installation, State(app): State<App>, parameters: Parameters) -> Answer {
    let paging = Paging::read(&parameters, |text| TenantId::new(text))?;
    let mut found = app.tenants().await?;
    if let Some(after) = &paging.after {
        found.retain(|tenant| tenant.id > *after);
    }
    found.truncate(paging.wanted());
    Ok(json(StatusCode::OK, &paging.page(found, |last| last.id.to_string(), TenantView::of)))
}

/// `POST /v1/tenants`: makes one with its first key, whose secret is shown in this answer only.
pub(super) async fn create(_: Installation, State(app): State<App>, Body { body, .. }: Body) -> Answer {
    let draft = read(&body, |fields| {
        fields.only(&["id", "name", "currency", "time_zone", "mode", "default_weight_kg", "key"]);
        let key = |node: Node<'_>| {
            let fields = node.fields()?;
            fields.only(&["name", "scopes"]);
            let (name, scopes) = (fields.needed("name", text(1, 200)), fields.needed("scopes", scopes));
            Some((name?, scopes?))
        };
        let (id, name) = (fields.needed("id", tenant_id), fields.required("name", text(1, 200)));
        let money = fields.needed("currency", currency);
        let time_zone = fields.optional("time_zone", zone);
        let modes = [("live", Mode::Live), ("test", Mode::Test)];
        Some(TenantDraft {
            id: id?,
            name,
            currency: money?,
            time_zone: time_zone.unwrap_or_else(|| "UTC".to_owned()),
            mode: fields.optional("mode", choice(&modes)).unwrap_or_default(),
            default_weight: fields.optional("default_weight_kg", weight),
            key: fields.optional("key", key),
        })
    })?;
    let draft = draft.ok_or_else(|| Error::internal("fields that were needed"))?;
    let (tenant, issued) = app.create_tenant(draft).await?;
    let secret = |secret: &Secret| secret.reveal().to_owned();
    let key = FirstKey { id: issued.public.clone(), secret: secret(&issued.secret) };
    let answer: Response = json(StatusCode::CREATED, &TenantView { key: Some(key), ..TenantView::of(tenant) });
    Ok(answer)
}

/// `GET /v1/tenants/{id}`.
pub(super) async fn show(_: Installation, State(app): State<App>, Segment(id): Segment) -> Answer {
    let id = TenantId::new(id).ok_or(Error::NotFound("tenant"))?;
    let setup = app.tenant_setup(&id).await?.ok_or(Error::NotFound("tenant"))?;
    Ok(json(StatusCode::OK, &TenantView::of(setup.tenant.clone())))
}
