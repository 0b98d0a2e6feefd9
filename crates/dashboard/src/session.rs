//! Who is at the screen: signing in with a key's secret, and what every page asks first.
//!
//! The session is a cookie that scripts cannot read and other sites cannot send. Every form carries the session's own token
//! besides, and what comes without it changes nothing.

use std::net::SocketAddr;

use app::App;
use app::limits::Load;
use app::sessions::{LASTS, Visitor};
use askama::Template;
use axum::body::{Body, to_bytes};
use axum::extract::{ConnectInfo, FromRequest, FromRequestParts, OriginalUri, State};
use axum::http::header::{COOKIE, HOST, ORIGIN, SET_COOKIE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, Request, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use domain::secret::Secret;
use domain::{Error, Result};

use crate::answer::{desk, go_to};
use crate::form::{Form, with};
use crate::frame::Frame;
use crate::pages::problem::Refusal;

/// The cookie of a session, and the one that a sign-in form belongs to.
const SESSION: &str = "waybill_session";
const SIGN_IN: &str = "waybill_sign_in";
/// The largest form, in bytes: a batch of ten thousand orders that somebody chose one by one.
const LARGEST_FORM: usize = 1024 * 1024;

/// Somebody who is signed in, and the page asked for.
pub(crate) struct Visit {
    /// Who, and what the key may do.
    pub(crate) caller: app::Caller,
    /// What every form carries.
    pub(crate) csrf: String,
    /// The query of the page's address.
    pub(crate) query: Form,
}

/// A form that somebody who is signed in has sent from one of our pages.
pub(crate) struct Posted {
    /// Who.
    pub(crate) visit: Visit,
    /// What was sent.
    pub(crate) form: Form,
}

/// The value of a cookie.
fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let all = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    all.flat_map(|line| line.split(';')).find_map(|pair| {
        let (known, value) = pair.trim().split_once('=')?;
        (known == name && !value.is_empty()).then_some(value)
    })
}

/// A `Set-Cookie` line. Browsers send it back over https only where people reach us over https.
fn set_cookie(app: &App, name: &str, value: &str, seconds: u64) -> Option<HeaderValue> {
    let secure = if app.options().public_url.starts_with("https://") { "; Secure" } else { "" };
    let line = format!("{name}={value}; Path=/; HttpOnly; SameSite=Strict; Max-Age={seconds}{secure}");
    HeaderValue::from_str(&line).ok()
}

fn with_cookies(mut answer: Response, cookies: impl IntoIterator<Item = Option<HeaderValue>>) -> Response {
    for cookie in cookies.into_iter().flatten() {
        answer.headers_mut().append(SET_COOKIE, cookie);
    }
    answer
}

/// Whether a request surely comes from a page of another site: browsers say where a form was.
fn is_from_elsewhere(headers: &HeaderMap) -> bool {
    let text = |name: header::HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(site) = text(header::HeaderName::from_static("sec-fetch-site")) {
        return !matches!(site, "same-origin" | "none");
    }
    match (text(ORIGIN), text(HOST)) {
        (Some(origin), Some(host)) => origin.split_once("://").map(|(_, rest)| rest) != Some(host),
        _ => false,
    }
}

/// Where somebody goes who is not signed in, and comes back from.
fn to_sign_in(parts: &Parts) -> Response {
    let uri = parts.extensions.get::<OriginalUri>().map_or(&parts.uri, |original| &original.0);
    let wanted = uri.path_and_query().map_or("/ui/orders", |wanted| wanted.as_str());
    let path =
        if parts.method == Method::GET { with("/ui/sign-in", "", "next", wanted) } else { "/ui/sign-in".to_owned() };
    if parts.headers.contains_key("hx-request") {
        return (StatusCode::UNAUTHORIZED, [("hx-redirect", path)]).into_response();
    }
    go_to(&path)
}

/// Only a page of ours is gone to after signing in.
fn ours(next: Option<&str>) -> &str {
    next.filter(|next| next.starts_with("/ui/") && !next.contains(['\\', '\r', '\n'])).unwrap_or("/ui/overview")
}

impl Visit {
    async fn of(parts: &Parts, app: &App) -> Result<Self, Response> {
        let Some(cookie) = cookie(&parts.headers, SESSION) else { return Err(to_sign_in(parts)) };
        let visitor = match app.visitor(cookie).await {
            Ok(visitor) => visitor,
            Err(Error::Unauthenticated(_)) => return Err(to_sign_in(parts)),
            Err(error) => return Err(Refusal::from(error).into_response()),
        };
        let load = if parts.method == Method::POST { Load::Write } else { Load::Read };
        app.admit(&visitor.caller, load).map_err(|error| Refusal::from(error).into_response())?;
        let Visitor { caller, csrf } = visitor;
        let query = Form::read(parts.uri.query().unwrap_or_default().as_bytes());
        Ok(Self { caller, csrf, query })
    }

    /// Refuses what does not carry the session's token.
    pub(crate) fn check(&self, headers: &HeaderMap, token: Option<&str>) -> Result<(), Refusal> {
        let is_its = token.is_some_and(|token| app::vault::equal_secretly(token.as_bytes(), self.csrf.as_bytes()));
        if is_its && !is_from_elsewhere(headers) { Ok(()) } else { Err(Refusal::stale_form()) }
    }

    /// What stands around a page.
    pub(crate) fn frame(&self, title: impl Into<String>, section: &'static str) -> Frame {
        Frame::new(self, title.into(), section)
    }
}

impl<S: Sync> FromRequestParts<S> for Visit
where
    App: axum::extract::FromRef<S>,
{
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Response> {
        use axum::extract::FromRef as _;
        Self::of(parts, &App::from_ref(state)).await
    }
}

impl<S: Sync> FromRequest<S> for Posted
where
    App: axum::extract::FromRef<S>,
{
    type Rejection = Response;

    async fn from_request(request: Request<Body>, state: &S) -> Result<Self, Response> {
        use axum::extract::FromRef as _;
        let (parts, body) = request.into_parts();
        let visit = Visit::of(&parts, &App::from_ref(state)).await?;
        let Ok(bytes) = to_bytes(body, LARGEST_FORM).await else {
            return Err(Refusal::from(Error::invalid("form", "it is larger than 1 MB")).into_response());
        };
        let form = Form::read(&bytes);
        visit.check(&parts.headers, form.get("csrf")).map_err(axum::response::IntoResponse::into_response)?;
        Ok(Self { visit, form })
    }
}

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignInPage {
    style: String,
    csrf: String,
    next: String,
    problem: Option<String>,
}

fn sign_in_page(app: &App, status: StatusCode, next: &str, problem: Option<String>) -> Response {
    let nonce = app.random().token::<18>();
    let page = SignInPage {
        style: crate::assets::STYLE.path(),
        csrf: app.vault().seal_link(&format!("sign-in|{nonce}")),
        next: next.to_owned(),
        problem,
    };
    with_cookies(desk(status, &page), [set_cookie(app, SIGN_IN, &nonce, 3600)])
}

/// `GET /ui/sign-in`.
pub(crate) async fn ask(State(app): State<App>, uri: axum::http::Uri) -> Response {
    let query = Form::read(uri.query().unwrap_or_default().as_bytes());
    sign_in_page(&app, StatusCode::OK, ours(query.get("next")), None)
}

/// `POST /ui/sign-in`: the secret comes once and is not kept.
pub(crate) async fn sign_in(
    State(app): State<App>,
    place: Option<axum::Extension<ConnectInfo<SocketAddr>>>,
    headers: HeaderMap,
    body: axum::body::Bytes,
) -> Response {
    let form = Form::read(&body);
    let next = ours(form.get("next")).to_owned();
    let nonce = cookie(&headers, SIGN_IN).map(|nonce| format!("sign-in|{nonce}"));
    let is_ours = nonce.is_some() && form.get("csrf").and_then(|csrf| app.vault().open_link(csrf)) == nonce;
    if !is_ours || is_from_elsewhere(&headers) {
        let text = "This form is too old, or your browser keeps no cookies for this address. Please try again.";
        return sign_in_page(&app, StatusCode::FORBIDDEN, &next, Some(text.to_owned()));
    }
    let from = place.map_or_else(String::new, |axum::Extension(ConnectInfo(address))| address.ip().to_string());
    let secret = Secret::new(form.get("secret").unwrap_or_default().to_owned());
    match app.sign_in(&secret, &from).await {
        Ok(session) => {
            let kept = set_cookie(&app, SESSION, session.cookie.reveal(), LASTS.as_secs());
            with_cookies(go_to(&next), [kept, set_cookie(&app, SIGN_IN, "", 0)])
        }
        Err(Error::Unauthenticated(_)) => {
            let text =
                "No key has this secret. Copy the whole of it, without blanks; a key that was revoked opens nothing.";
            sign_in_page(&app, StatusCode::UNAUTHORIZED, &next, Some(text.to_owned()))
        }
        Err(Error::TooMany { retry_after }) => {
            let seconds = retry_after.as_secs().max(1);
            let text = format!("There were too many attempts from here. Please wait {seconds} seconds.");
            let mut answer = sign_in_page(&app, StatusCode::TOO_MANY_REQUESTS, &next, Some(text));
            answer.headers_mut().insert(header::RETRY_AFTER, seconds.into());
            answer
        }
        Err(error) => Refusal::from(error).into_response(),
    }
}

/// `POST /ui/sign-out`.
pub(crate) async fn sign_out(State(app): State<App>, _: Posted) -> Response {
    with_cookies(go_to("/ui/sign-in"), [set_cookie(&app, SESSION, "", 0)])
}
