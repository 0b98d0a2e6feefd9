//! Carriers: the accounts, how each stands, when it last answered, and what it needs to know.

use app::App;
use app::accounts::{AccountEdit, FieldValue};
use app::tracking::{AccountView, MOST_DUE};
use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use domain::account::AccountHealth;
use domain::connector::{FieldKind, Profile};
use domain::time::Timestamp;
use domain::{Error, Problem};

use super::problem::Refusal;
use crate::answer::{desk, go_to};
use crate::frame::Frame;
use crate::session::{Posted, Visit};
use crate::words::{self, Chip};

/// An account and how it stands.
struct Account {
    id: String,
    carrier: String,
    is_test: bool,
    chip: Chip,
    problem: Option<String>,
    notes: Vec<String>,
    checked: Option<String>,
    look: String,
    follows: bool,
    due: String,
    held_until: Option<String>,
    failures: u32,
}

fn health(view: &AccountView) -> Chip {
    if view.account.connection.is_none() {
        return Chip { words: "Cannot be used", tone: "trouble" };
    }
    match view.check.as_ref().map(domain::account::AccountCheck::health) {
        None => Chip { words: "Not tried yet", tone: "plain" },
        Some(AccountHealth::Good) => Chip { words: "Good", tone: "good" },
        Some(AccountHealth::Ending) => Chip { words: "Credentials end soon", tone: "warning" },
        Some(AccountHealth::Limited) => Chip { words: "A permission is missing", tone: "warning" },
        Some(AccountHealth::Refused) => Chip { words: "Refused", tone: "trouble" },
        Some(AccountHealth::Unknown) => Chip { words: "No answer", tone: "warning" },
    }
}

impl Account {
    fn of(view: &AccountView, visit: &Visit, now: Timestamp) -> Self {
        let account = &view.account;
        let zone = &visit.caller.setup.zone;
        let check = view.check.as_ref();
        let checked = check.and_then(|check| check.checked.as_ref());
        let due = match (view.due, view.oldest_due_at) {
            (0, _) => "nothing waits".to_owned(),
            (count, since) => {
                let count = if count >= MOST_DUE { format!("{MOST_DUE} or more") } else { count.to_string() };
                let since = since.map(|at| format!(", the longest due {}", words::ago(at, now))).unwrap_or_default();
                format!("{count} parcels to ask about{since}")
            }
        };
        Self {
            id: account.account.id.clone(),
            carrier: account.profile.map_or_else(|| account.account.carrier.clone(), |profile| profile.name.to_owned()),
            is_test: account.profile.is_some_and(|profile| profile.is_test),
            chip: health(view),
            problem: check
                .and_then(|check| check.trouble().or_else(|| check.failure.as_ref().map(ToString::to_string))),
            notes: checked.map(|checked| checked.notes.clone()).unwrap_or_default(),
            checked: check.map(|check| words::ago(check.at, now)),
            look: view.last_look_at.map_or_else(|| "never yet".to_owned(), |at| words::ago(at, now)),
            follows: account.profile.is_some_and(|profile| profile.can_track),
            due,
            held_until: view.held_until.map(|at| words::time(at, zone)),
            failures: view.failures,
        }
    }
}

/// A carrier that an account can be made for.
struct Kind {
    carrier: &'static str,
    name: &'static str,
}

#[derive(Template)]
#[template(path = "carriers.html")]
struct CarriersPage {
    frame: Frame,
    accounts: Vec<Account>,
    kinds: Vec<Kind>,
    unknown: Vec<(String, String, u64, String)>,
}

/// `GET /ui/carriers`.
pub(crate) async fn list(State(app): State<App>, visit: Visit) -> Result<Response, Refusal> {
    let found = app.carrier_accounts(&visit.caller).await?;
    let unknown = app.unknown_codes(&visit.caller).await?;
    let now = app.now();
    let page = CarriersPage {
        accounts: found.iter().map(|view| Account::of(view, &visit, now)).collect(),
        kinds: app
            .connectors()
            .iter()
            .map(|connector| connector.profile())
            .map(|profile| Kind { carrier: profile.carrier, name: profile.name })
            .collect(),
        unknown: unknown
            .iter()
            .map(|code| (code.carrier.clone(), code.code.clone(), code.times, words::ago(code.last_at, now)))
            .collect(),
        frame: visit.frame("Carriers", "carriers"),
    };
    Ok(desk(StatusCode::OK, &page))
}

/// A field of the form.
struct Field {
    name: &'static str,
    help: &'static str,
    kind: &'static str,
    is_required: bool,
    value: String,
    is_kept: bool,
}

#[derive(Template)]
#[template(path = "carrier.html")]
struct CarrierPage {
    frame: Frame,
    id: String,
    carrier: &'static str,
    name: &'static str,
    is_new: bool,
    fields: Vec<Field>,
    per_minute: String,
    problems: Vec<Problem>,
}

fn profile_of(app: &App, carrier: &str) -> Result<&'static Profile, Error> {
    let known = app.connectors().iter().map(|connector| connector.profile()).find(|profile| profile.carrier == carrier);
    known.ok_or(Error::NotFound("carrier"))
}

fn page_of(
    visit: &Visit,
    profile: &'static Profile,
    id: Option<&str>,
    problems: Vec<Problem>,
    typed: impl Fn(&str) -> Option<String>,
) -> CarrierPage {
    let stored = id.and_then(|id| visit.caller.setup.account(id)).map(|account| &account.account);
    let fields = profile.fields.iter().map(|field| {
        let (kind, is_kept, value) = match field.kind {
            FieldKind::Text => ("text", false, stored.and_then(|one| one.settings.get(field.name).cloned())),
            FieldKind::Secret => ("secret", stored.is_some_and(|one| one.credentials.contains_key(field.name)), None),
            FieldKind::File => ("file", false, stored.and_then(|one| one.files.get(field.name).cloned())),
        };
        let value = if kind == "secret" { None } else { typed(field.name).or(value) };
        Field {
            name: field.name,
            help: field.help,
            kind,
            is_required: field.is_required,
            value: value.unwrap_or_default(),
            is_kept,
        }
    });
    let per_minute = stored.and_then(|one| one.calls_per_minute).map(|count| count.to_string());
    CarrierPage {
        frame: visit.frame(id.unwrap_or("A new account").to_owned(), "carriers"),
        id: id.unwrap_or_default().to_owned(),
        carrier: profile.carrier,
        name: profile.name,
        is_new: stored.is_none(),
        fields: fields.collect(),
        per_minute: typed("calls_per_minute").or(per_minute).unwrap_or_default(),
        problems,
    }
}

/// `GET /ui/carriers/{id}`: the form of an account.
pub(crate) async fn edit(State(app): State<App>, Path(id): Path<String>, visit: Visit) -> Result<Response, Refusal> {
    visit.caller.require(domain::tenant::Scope::Setup)?;
    let account = visit.caller.setup.account(&id).ok_or(Error::NotFound("carrier account"))?;
    let profile = profile_of(&app, &account.account.carrier)?;
    Ok(desk(StatusCode::OK, &page_of(&visit, profile, Some(&id), Vec::new(), |_| None)))
}

/// `GET /ui/carrier?kind=…`: the form of a new account.
pub(crate) async fn new(State(app): State<App>, visit: Visit) -> Result<Response, Refusal> {
    visit.caller.require(domain::tenant::Scope::Setup)?;
    let profile = profile_of(&app, visit.query.get("kind").unwrap_or_default())?;
    Ok(desk(StatusCode::OK, &page_of(&visit, profile, None, Vec::new(), |_| None)))
}

/// `POST /ui/carriers`: stores the form; a secret that is left empty stays as it is.
pub(crate) async fn save(State(app): State<App>, posted: Posted) -> Result<Response, Refusal> {
    let Posted { visit, form } = posted;
    let profile = profile_of(&app, form.get("carrier").unwrap_or_default())?;
    let id = form.get("id").unwrap_or_default().to_owned();
    let fields = profile.fields.iter().map(|field| {
        let typed = form.get(&format!("field_{}", field.name)).map(str::to_owned);
        let value = match (field.kind, typed) {
            (_, Some(typed)) => FieldValue::Set(typed),
            (FieldKind::Secret, None) if form.get("is_new").is_none() => FieldValue::Kept,
            (_, None) => FieldValue::Empty,
        };
        (field.name.to_owned(), value)
    });
    let edit = AccountEdit {
        id: id.clone(),
        carrier: profile.carrier.to_owned(),
        is_new: form.get("is_new").is_some(),
        fields: fields.collect(),
        calls_per_minute: form.get("calls_per_minute").map(str::to_owned),
    };
    match app.save_account(&visit.caller, edit).await {
        Ok(()) => Ok(go_to("/ui/carriers?done=saved")),
        Err(Error::Invalid(problems)) => {
            let known = visit.caller.setup.account(&id).map(|_| id.as_str());
            let typed = |name: &str| form.get(&format!("field_{name}")).or(form.get(name)).map(str::to_owned);
            let mut page = page_of(&visit, profile, known, problems, typed);
            page.id = id;
            Ok(desk(StatusCode::UNPROCESSABLE_ENTITY, &page))
        }
        Err(error) => Err(error.into()),
    }
}

/// `POST /ui/carriers/{id}/check`: tries the credentials; nothing is bought.
pub(crate) async fn check(State(app): State<App>, Path(id): Path<String>, posted: Posted) -> Result<Response, Refusal> {
    app.check_account(&posted.visit.caller, &id).await?;
    Ok(go_to("/ui/carriers?done=checked"))
}
