//! Keys: who may come in and do what. A secret is shown once.

use app::App;
use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use domain::Error;
use domain::tenant::{Role, Scope};

use super::problem::Refusal;
use crate::answer::{desk, go_to};
use crate::frame::{Frame, title_of};
use crate::session::{Posted, Visit};
use crate::words;

struct Line {
    public: String,
    name: String,
    role: String,
    made: String,
    is_own: bool,
}

#[derive(Template)]
#[template(path = "keys.html")]
struct KeysPage {
    frame: Frame,
    lines: Vec<Line>,
    roles: Vec<(&'static str, &'static str)>,
    issued: Option<(String, String)>,
}

/// The keys of the visitor's tenant.
async fn page(app: &App, visit: &Visit, issued: Option<(String, String)>) -> Result<KeysPage, Refusal> {
    visit.caller.require(Scope::Setup)?;
    let keys = app.keys_of(&visit.caller).await?;
    let lines = keys.iter().map(|row| Line {
        public: row.key.public.clone(),
        name: row.key.name.clone(),
        role: Role::of(&row.key.scopes).map_or_else(
            || row.key.scopes.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(", "),
            |role| title_of(role).to_owned(),
        ),
        made: row.created_at.map_or_else(|| "–".to_owned(), |at| words::time(at, &visit.caller.setup.zone)),
        is_own: row.key.public == visit.caller.key.public,
    });
    Ok(KeysPage {
        frame: visit.frame("Keys", "keys"),
        lines: lines.collect(),
        roles: Role::ALL.into_iter().map(|role| (role.as_str(), title_of(role))).collect(),
        issued,
    })
}

/// `GET /ui/keys`.
pub(crate) async fn list(State(app): State<App>, visit: Visit) -> Result<Response, Refusal> {
    Ok(desk(StatusCode::OK, &page(&app, &visit, None).await?))
}

/// `POST /ui/keys`: makes a key with a role. Nobody gives more than he has.
pub(crate) async fn create(State(app): State<App>, posted: Posted) -> Result<Response, Refusal> {
    let Posted { visit, form } = posted;
    visit.caller.require(Scope::Setup)?;
    let role = form.get("role").and_then(|name| Role::ALL.into_iter().find(|role| role.as_str() == name));
    let name = form.get("name").unwrap_or_default();
    let mut problems = Vec::new();
    if role.is_none() {
        problems.push(domain::Problem::new("role", "expected one of the roles of the list"));
    }
    if name.is_empty() || name.chars().count() > 100 {
        problems.push(domain::Problem::new("name", "a key needs a name of 1 to 100 characters"));
    }
    let Some(role) = role.filter(|_| problems.is_empty()) else { return Err(Error::Invalid(problems).into()) };
    if let Some(missing) = role.scopes().iter().find(|scope| !visit.caller.key.scopes.contains(scope)) {
        return Err(Error::Denied(missing.as_str()).into());
    }
    let issued = app.create_own_key(&visit.caller, name, role.scopes().to_vec()).await?;
    let issued = (name.to_owned(), issued.secret.reveal().to_owned());
    Ok(desk(StatusCode::CREATED, &page(&app, &visit, Some(issued)).await?))
}

/// `POST /ui/keys/{public}/revoke`.
pub(crate) async fn revoke(
    State(app): State<App>,
    Path(public): Path<String>,
    posted: Posted,
) -> Result<Response, Refusal> {
    let caller = &posted.visit.caller;
    caller.require(Scope::Setup)?;
    if app.keys_of(caller).await?.iter().all(|row| row.key.public != public) {
        return Err(Error::NotFound("key").into());
    }
    app.drop_key(caller.actor(), &public).await?;
    Ok(go_to("/ui/keys?done=revoked"))
}
