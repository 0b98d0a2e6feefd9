//! Carrier accounts: what they can do, how far behind asking them is, and what the latest look found; and the codes nobody
//! gave a meaning.

use std::collections::BTreeMap;

use app::accounts::sorted_fields;
use app::{App, Caller};
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use domain::Error;
use domain::account::{AccountCheck, CarrierAccount};
use domain::channel::Dialect;
use domain::connector::{Field, FieldKind, Profile};
use domain::tenant::Scope;
use http::StatusCode;
use serde::Serialize;

use super::error::Problems;
use super::locations::aliases;
use super::orders::read;
use super::shipments::List;
use super::tag::{self, MustHaveSeen, Seen};
use super::{Answer, Authed, Body};
use crate::dialect::{Segment, json};
use crate::json::Json;
use crate::json::fields::{Fields, integer, text};

/// What a look at an account found.
#[derive(Serialize)]
struct CheckView {
    checked_at: String,
    /// `good`, `ending`, `limited`, `refused` or `unknown`.
    health: &'static str,
    /// What is wrong, or why nobody knows.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    missing_permissions: Vec<String>,
    credentials_end_at: Option<String>,
    good_at: Option<String>,
    notes: Vec<String>,
}

impl CheckView {
    fn of(check: AccountCheck) -> Self {
        let health = check.health().as_str();
        let reason = check.failure.as_ref().map(ToString::to_string).or_else(|| check.trouble());
        let checked = check.checked.unwrap_or_default();
        Self {
            checked_at: check.at.to_string(),
            health,
            reason,
            missing_permissions: checked.missing,
            credentials_end_at: checked.expires_at.map(|at| at.to_string()),
            good_at: check.good_at.map(|at| at.to_string()),
            notes: checked.notes,
        }
    }
}

/// `POST /v1/carrier-accounts/{id}/check`: tries an account without buying anything.
pub(super) async fn check(State(app): State<App>, Authed { caller, .. }: Authed, Segment(id): Segment) -> Answer {
    let check = app.check_account(&caller, &id).await?;
    Ok(json(StatusCode::OK, &CheckView::of(check)))
}

/// A service of an account that is known without asking.
#[derive(Serialize)]
struct ServiceView {
    service: String,
    /// The most parcels of one shipment; null when the carrier sets no bound.
    most_parcels: Option<u32>,
}

/// An interface of a carrier.
#[derive(Serialize)]
struct InterfaceView {
    version: &'static str,
    /// The last day it answers, if the carrier has said one.
    ends_on: Option<String>,
    /// What to do about it, from 90 days before.
    #[serde(skip_serializing_if = "Option::is_none")]
    warning: Option<String>,
}

/// A carrier account as the native API shows it.
#[derive(Serialize)]
struct CarrierAccountView {
    id: String,
    carrier: String,
    /// What people call the carrier.
    name: Option<&'static str>,
    /// The interface of the carrier that is spoken, and when that ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    interface: Option<InterfaceView>,
    is_test: bool,
    can_cancel: bool,
    can_track: bool,
    /// Whether it collects money from the recipient.
    collects_cash: bool,
    services: Vec<ServiceView>,
    is_usable: bool,
    /// Why it is not usable.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<&'static str>,
    last_look_at: Option<String>,
    failures: u32,
    held_until: Option<String>,
    parcels_due: usize,
    oldest_due_at: Option<String>,
    /// What the latest look at it found.
    check: Option<CheckView>,
    /// Where its carrier tells what happened; only for keys that may change the set-up.
    #[serde(skip_serializing_if = "Option::is_none")]
    push_url: Option<String>,
}

/// `GET /v1/carrier-accounts`.
pub(super) async fn list(State(app): State<App>, Authed { caller, .. }: Authed) -> Answer {
    let now = app.now();
    let view = |view: app::tracking::AccountView| {
        let (account, profile) = (view.account.account, view.account.profile);
        let is_usable = view.account.connection.is_some();
        let services = view.account.connection.iter().flat_map(|connection| {
            let code = &account.id;
            connection.services().into_iter().map(move |service| ServiceView {
                most_parcels: connection.most_parcels(&service),
                service: format!("{code}:{service}"),
            })
        });
        let services = services.collect();
        let problem = match profile {
            None => Some("this version of Waybill has no connector for this carrier"),
            Some(_) if !is_usable => Some("the connector does not accept the account's settings"),
            Some(_) => None,
        };
        CarrierAccountView {
            id: account.id,
            carrier: account.carrier,
            name: profile.map(|profile| profile.name),
            interface: profile.map(|profile| InterfaceView {
                version: profile.interface.version,
                ends_on: profile.interface.ends_on.map(|day| day.to_string()),
                warning: profile.interface.warning(now),
            }),
            is_test: profile.is_some_and(|profile| profile.is_test),
            can_cancel: profile.is_some_and(|profile| profile.can_cancel),
            can_track: profile.is_some_and(|profile| profile.can_track),
            collects_cash: profile.is_some_and(|profile| profile.collects_cash),
            services,
            is_usable,
            problem,
            last_look_at: view.last_look_at.map(|at| at.to_string()),
            failures: view.failures,
            held_until: view.held_until.map(|at| at.to_string()),
            parcels_due: view.due,
            oldest_due_at: view.oldest_due_at.map(|at| at.to_string()),
            check: view.check.map(CheckView::of),
            push_url: view.push_url,
        }
    };
    let data: Vec<_> = app.carrier_accounts(&caller).await?.into_iter().map(view).collect();
    Ok(json(StatusCode::OK, &List { data }))
}

/// A field of an account, for whoever makes a form of it.
#[derive(Serialize)]
struct FieldView {
    name: &'static str,
    /// `text`, `secret` (write-only) or `file` (its content is sent).
    kind: &'static str,
    is_required: bool,
    help: &'static str,
}

/// A carrier that can be asked, and what its accounts need.
#[derive(Serialize)]
struct CarrierView {
    id: &'static str,
    name: &'static str,
    is_live: bool,
    is_test: bool,
    can_track: bool,
    can_cancel: bool,
    takes_pushes: bool,
    manifests: bool,
    collects: bool,
    fields: Vec<FieldView>,
}

/// `GET /v1/carriers`: who can be asked, with the schema of each one's accounts.
pub(super) async fn carriers(State(app): State<App>, Authed { caller, .. }: Authed) -> Answer {
    caller.require(Scope::Read)?;
    let field = |field: &'static Field| FieldView {
        name: field.name,
        kind: match field.kind {
            FieldKind::Text => "text",
            FieldKind::Secret => "secret",
            FieldKind::File => "file",
        },
        is_required: field.is_required,
        help: field.help,
    };
    let view = |profile: &'static Profile| CarrierView {
        id: profile.carrier,
        name: profile.name,
        is_live: profile.is_live,
        is_test: profile.is_test,
        can_track: profile.can_track,
        can_cancel: profile.can_cancel,
        takes_pushes: profile.takes_pushes,
        manifests: profile.manifests,
        collects: profile.collects,
        fields: profile.fields.iter().map(field).collect(),
    };
    let data: Vec<_> = app.carriers().into_iter().map(view).collect();
    Ok(json(StatusCode::OK, &List { data }))
}

/// What an account holds, as it can be read: secrets by name only, files by their size.
#[derive(Serialize)]
struct HeldView<'a> {
    id: &'a str,
    carrier: &'a str,
    settings: &'a BTreeMap<String, String>,
    /// The names of the secrets that are set.
    secrets: Vec<&'a str>,
    /// The files that are set, and how many bytes each has.
    files: BTreeMap<&'a str, usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    calls_per_minute: Option<u32>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    aliases: &'a BTreeMap<Dialect, String>,
}

impl<'a> HeldView<'a> {
    fn of(account: &'a CarrierAccount) -> Self {
        Self {
            id: &account.id,
            carrier: &account.carrier,
            settings: &account.settings,
            secrets: account.credentials.keys().map(String::as_str).collect(),
            files: account.files.iter().map(|(name, content)| (name.as_str(), content.len())).collect(),
            calls_per_minute: account.calls_per_minute,
            aliases: &account.aliases,
        }
    }
}

/// Secrets count for the tag and cannot be read out of it.
fn tag_of(account: &CarrierAccount) -> String {
    let secrets: BTreeMap<_, _> =
        account.credentials.iter().map(|(name, secret)| (name, tag::of(&secret.reveal()))).collect();
    let bare = CarrierAccount { credentials: BTreeMap::new(), ..account.clone() };
    tag::of(&(bare, secrets))
}

fn held(status: StatusCode, account: &CarrierAccount) -> Response {
    tag::shown(json(status, &HeldView::of(account)), &tag_of(account))
}

fn stored(caller: &Caller, id: &str) -> Result<CarrierAccount, Error> {
    caller.require(Scope::Read)?;
    caller.setup.account(id).map(|account| account.account.clone()).ok_or(Error::NotFound("carrier account"))
}

/// What a body says of an account's fields.
fn typed(fields: &Fields<'_>) -> Vec<(String, String)> {
    fields
        .optional("settings", |node| {
            let fields = node.fields()?;
            let names: Vec<_> = fields.names().map(str::to_owned).collect();
            let value = |name: String| Some((fields.optional(&name, text(0, 5_000_000))?, name));
            Some(names.into_iter().filter_map(value).map(|(value, name)| (name, value)).collect::<Vec<_>>())
        })
        .unwrap_or_default()
}

fn calls(fields: &Fields<'_>) -> Option<u32> {
    fields.optional("calls_per_minute", integer(1, 1_000_000)).and_then(|calls| u32::try_from(calls).ok())
}

fn profile_of(app: &App, carrier: &str) -> Option<&'static Profile> {
    app.carriers().into_iter().find(|profile| profile.carrier == carrier)
}

/// `POST /v1/carrier-accounts`: adds one; settings, secrets and files stand in `settings`, by the names of the carrier's
/// fields.
pub(super) async fn create(State(app): State<App>, Authed { caller, .. }: Authed, Body { body, .. }: Body) -> Answer {
    let account = read(&body, |fields| {
        fields.only(&["id", "carrier", "settings", "calls_per_minute", "aliases"]);
        let bare = CarrierAccount {
            id: fields.required("id", text(1, 64)),
            carrier: fields.required("carrier", text(1, 64)),
            settings: BTreeMap::new(),
            credentials: BTreeMap::new(),
            files: BTreeMap::new(),
            calls_per_minute: calls(fields),
            aliases: fields.optional("aliases", aliases).unwrap_or_default(),
        };
        sorted_fields(profile_of(&app, &bare.carrier), typed(fields), bare)
    })?;
    app.create_account(&caller, account.clone()).await?;
    Ok(held(StatusCode::CREATED, &account))
}

/// `GET /v1/carrier-accounts/{id}`: what it holds.
pub(super) async fn show(Authed { caller, .. }: Authed, Segment(id): Segment) -> Answer {
    Ok(held(StatusCode::OK, &stored(&caller, &id)?))
}

/// `PATCH /v1/carrier-accounts/{id}`: changes what is named. In `settings`, null takes a field away, and what is not named
/// stays, so that a secret need not be sent again.
pub(super) async fn change(
    State(app): State<App>,
    Authed { caller, .. }: Authed,
    Segment(id): Segment,
    MustHaveSeen(seen): MustHaveSeen,
    Body { body, .. }: Body,
) -> Answer {
    if caller.setup.account(&id).is_none() {
        return Err(Error::NotFound("carrier account").into());
    }
    let (typed, gone, calls, names) = read(&body, |fields| {
        fields.only(&["settings", "calls_per_minute", "aliases"]);
        let gone = fields.get("settings").map(nulls).unwrap_or_default();
        (typed(fields), gone, calls(fields), fields.optional("aliases", aliases))
    })?;
    let named = app.clone();
    let change = move |stored: &CarrierAccount| -> Result<CarrierAccount, Problems> {
        seen.holds(&tag_of(stored))?;
        let mut changed = stored.clone();
        for name in &gone {
            changed.settings.remove(name);
            changed.credentials.remove(name);
            changed.files.remove(name);
        }
        changed.calls_per_minute = calls.or(stored.calls_per_minute);
        changed.aliases = names.clone().unwrap_or_else(|| stored.aliases.clone());
        Ok(sorted_fields(profile_of(&named, &stored.carrier), typed.clone(), changed))
    };
    app.edit_account(&caller, &id, change).await??;
    let setup = app.tenant_setup(caller.tenant()).await?.ok_or(Error::NotFound("tenant"))?;
    let changed = setup.account(&id).ok_or(Error::NotFound("carrier account"))?;
    Ok(held(StatusCode::OK, &changed.account))
}

/// The members of an object that are null.
fn nulls(json: &Json<'_>) -> Vec<String> {
    let Json::Object(members) = json else { return Vec::new() };
    members.iter().filter(|(_, value)| matches!(value, Json::Null)).map(|(name, _)| name.to_string()).collect()
}

/// `DELETE /v1/carrier-accounts/{id}`.
pub(super) async fn delete(
    State(app): State<App>,
    Authed { caller, .. }: Authed,
    Segment(id): Segment,
    seen: Seen,
) -> Answer {
    app.delete_account(&caller, &id, move |stored| seen.holds(&tag_of(stored))).await??;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// A code without a meaning as the native API shows it.
#[derive(Serialize)]
struct UnknownCodeView {
    carrier: String,
    code: String,
    times: u64,
    last_at: String,
    parcel: String,
}

/// `GET /v1/unknown-tracking-codes`, those that came most first.
pub(super) async fn unknown_codes(State(app): State<App>, Authed { caller, .. }: Authed) -> Answer {
    let view = |code: app::tracking::UnknownCode| UnknownCodeView {
        carrier: code.carrier,
        code: code.code,
        times: code.times,
        last_at: code.last_at.to_string(),
        parcel: code.parcel.to_string(),
    };
    let data: Vec<_> = app.unknown_codes(&caller).await?.into_iter().map(view).collect();
    Ok(json(StatusCode::OK, &List { data }))
}
