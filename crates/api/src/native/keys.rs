//! API keys of the tenant: their secrets are shown once, when they are made or rotated.

use std::time::Duration;

use app::App;
use app::keys::{IssuedKey, KeyRow};
use axum::extract::State;
use axum::response::IntoResponse as _;
use domain::tenant::Scope;
use http::StatusCode;
use serde::Serialize;

use super::orders::read;
use super::shipments::List;
use super::{Answer, Authed, Body};
use crate::dialect::{Segment, json};
use crate::json::fields::{Fault, Node, integer, text};

/// A key as the native API shows it. Its id is its public part.
#[derive(Serialize)]
struct KeyView {
    id: String,
    name: String,
    scopes: Vec<&'static str>,
    created_at: Option<String>,
    rotated_at: Option<String>,
    /// Until when a secret before the one in force is good too.
    older_until: Option<String>,
    /// Shown once.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
}

impl KeyView {
    fn of(row: KeyRow, issued: Option<IssuedKey>) -> Self {
        Self {
            id: row.key.public,
            name: row.key.name,
            scopes: row.key.scopes.iter().map(|scope| scope.as_str()).collect(),
            created_at: row.created_at.map(|at| at.to_string()),
            rotated_at: row.rotated_at.map(|at| at.to_string()),
            older_until: row.older_until.map(|at| at.to_string()),
            secret: issued.map(|issued| issued.secret.reveal().to_owned()),
        }
    }
}

/// What a key may do: scopes by name, or `*` for all.
pub(super) fn scopes(node: Node<'_>) -> Option<Vec<Scope>> {
    let scope = |node: Node<'_>| {
        let word = text(1, 40)(node)?;
        if word == "*" {
            return Some(Scope::ALL.to_vec());
        }
        let known = Scope::ALL.map(Scope::as_str).join(", ");
        let unfit = Fault::Other(format!("{word:?} is no scope: expected * or one of {known}"));
        word.parse().ok().map(|scope| vec![scope]).or_else(|| node.fault(unfit))
    };
    let mut all = node.list(20, scope)?.concat();
    all.sort_unstable_by_key(|scope| Scope::ALL.iter().position(|known| known == scope));
    all.dedup();
    if all.is_empty() { node.fault(Fault::TooFew(1, 0)) } else { Some(all) }
}

/// `GET /v1/keys`, by name.
pub(super) async fn list(State(app): State<App>, Authed { caller, .. }: Authed) -> Answer {
    let found = app.own_keys(&caller).await?;
    Ok(json(StatusCode::OK, &List { data: found.into_iter().map(|row| KeyView::of(row, None)).collect() }))
}

/// `POST /v1/keys`: makes one; its secret is shown in this answer only.
pub(super) async fn create(State(app): State<App>, Authed { caller, .. }: Authed, Body { body, .. }: Body) -> Answer {
    let (name, scopes) = read(&body, |fields| {
        fields.only(&["name", "scopes"]);
        (fields.required("name", text(1, 200)), fields.required("scopes", scopes))
    })?;
    let issued = app.create_own_key(&caller, &name, scopes).await?;
    let row = app.own_key(&caller, &issued.public).await?;
    Ok(json(StatusCode::CREATED, &KeyView::of(row, Some(issued))))
}

/// `GET /v1/keys/{id}`.
pub(super) async fn show(State(app): State<App>, Authed { caller, .. }: Authed, Segment(id): Segment) -> Answer {
    Ok(json(StatusCode::OK, &KeyView::of(app.own_key(&caller, &id).await?, None)))
}

/// The longest time for which an older secret stays good.
const MOST_HOURS: i64 = 24 * 30;

/// `POST /v1/keys/{id}/rotate`: gives it a new secret; the one before stays good for `overlap_hours`.
pub(super) async fn rotate(
    State(app): State<App>,
    Authed { caller, .. }: Authed,
    Segment(id): Segment,
    Body { body, .. }: Body,
) -> Answer {
    let hours = if body.is_empty() {
        0
    } else {
        read(&body, |fields| {
            fields.only(&["overlap_hours"]);
            fields.optional("overlap_hours", integer(0, MOST_HOURS)).unwrap_or(0)
        })?
    };
    let overlap = Duration::from_hours(u64::try_from(hours).unwrap_or(0));
    let issued = app.rotate_own_key(&caller, &id, overlap).await?;
    let row = app.own_key(&caller, &issued.public).await?;
    Ok(json(StatusCode::OK, &KeyView::of(row, Some(issued))))
}

/// `DELETE /v1/keys/{id}`: revokes it, its secrets and its tokens.
pub(super) async fn revoke(State(app): State<App>, Authed { caller, .. }: Authed, Segment(id): Segment) -> Answer {
    app.drop_own_key(&caller, &id).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
