//! Carrier accounts: what they can do, how far behind asking them is, and what the latest look found; and the codes nobody
//! gave a meaning.

use app::App;
use axum::extract::State;
use domain::account::AccountCheck;
use http::StatusCode;
use serde::Serialize;

use super::shipments::List;
use super::{Answer, Authed};
use crate::dialect::{Segment, json};

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
