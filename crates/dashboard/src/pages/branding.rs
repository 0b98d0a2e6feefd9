//! The tracking page's looks, and what those who wait are told by e-mail.

use app::App;
use app::branding::BrandingForm;
use askama::Template;
use axum::extract::{Multipart, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use domain::branding::{Branding, Colour};
use domain::notice::NoticeKind;
use domain::tenant::Scope;
use domain::{Error, Problem};

use super::problem::Refusal;
use super::tracking::logo_answer;
use crate::answer::{desk, go_to};
use crate::form;
use crate::frame::Frame;
use crate::session::{Posted, Visit};

/// The largest form with a logo, in bytes.
pub(crate) const LARGEST: usize = 1024 * 1024;

/// Something that those who wait may be told of.
struct Choice {
    name: &'static str,
    title: &'static str,
    is_chosen: bool,
}

#[derive(Template)]
#[template(path = "branding.html")]
struct BrandingPage {
    frame: Frame,
    form: BrandingForm,
    usual_name: String,
    choices: Vec<Choice>,
    notes: Vec<String>,
    has_mail: bool,
    logo: Option<(u32, u32)>,
    problems: Vec<Problem>,
}

fn title(kind: NoticeKind) -> &'static str {
    match kind {
        NoticeKind::Shipped => "The carrier has the parcel",
        NoticeKind::OutForDelivery => "It is out for delivery",
        NoticeKind::AtServicePoint => "It waits at a service point",
        NoticeKind::Delivered => "It was delivered",
        NoticeKind::Problem => "It could not be delivered, goes back or is lost",
    }
}

/// The form as it stands, or as it was typed with its problems.
fn page(app: &App, visit: &Visit, typed: Option<(BrandingForm, Vec<Problem>)>) -> BrandingPage {
    let tenant = &visit.caller.setup.tenant;
    let branding = tenant.branding.clone().unwrap_or_default();
    let (form, problems) = typed.unwrap_or_else(|| {
        let digits = |colour: Option<Colour>| colour.map(|colour| colour.to_string()).unwrap_or_default();
        let notices = tenant.notices.clone().unwrap_or_default();
        let form = BrandingForm {
            name: branding.name.clone().unwrap_or_default(),
            colour: digits(branding.colour),
            header_colour: digits(branding.header_colour),
            of: notices.of.iter().map(|kind| kind.as_str().to_owned()).collect(),
            reply_to: notices.reply_to.unwrap_or_default(),
        };
        (form, Vec::new())
    });
    let choices = NoticeKind::ALL.map(|kind| Choice {
        name: kind.as_str(),
        title: title(kind),
        is_chosen: form.of.iter().any(|name| name == kind.as_str()),
    });
    BrandingPage {
        frame: visit.frame("Tracking page", "branding"),
        usual_name: tenant.name.clone(),
        choices: choices.into(),
        notes: Branding::notes(&branding),
        has_mail: app.options().mail.is_some(),
        logo: branding.logo.as_ref().map(|logo| (logo.width, logo.height)),
        problems,
        form,
    }
}

/// `GET /ui/branding`.
pub(crate) async fn show(State(app): State<App>, visit: Visit) -> Result<Response, Refusal> {
    visit.caller.require(Scope::Setup)?;
    Ok(desk(StatusCode::OK, &page(&app, &visit, None)))
}

/// `POST /ui/branding`.
pub(crate) async fn save(State(app): State<App>, posted: Posted) -> Result<Response, Refusal> {
    let Posted { visit, form } = posted;
    let text = |name: &str| form.get(name).unwrap_or_default().to_owned();
    let typed = BrandingForm {
        name: text("name"),
        colour: text("colour"),
        header_colour: text("header_colour"),
        of: form.all("of").map(str::to_owned).collect(),
        reply_to: text("reply_to"),
    };
    match app.save_branding(&visit.caller, &typed).await {
        Ok(()) => Ok(go_to("/ui/branding?done=saved")),
        Err(Error::Invalid(problems)) => {
            Ok(desk(StatusCode::UNPROCESSABLE_ENTITY, &page(&app, &visit, Some((typed, problems)))))
        }
        Err(error) => Err(error.into()),
    }
}

/// `GET /ui/branding/logo`.
pub(crate) async fn logo(State(app): State<App>, visit: Visit) -> Response {
    logo_answer(app.logo(&visit.caller).await)
}

/// `POST /ui/branding/logo`: a form with a picture.
pub(crate) async fn put_logo(
    State(app): State<App>,
    visit: Visit,
    headers: HeaderMap,
    multipart: Multipart,
) -> Result<Response, Refusal> {
    visit.caller.require(Scope::Setup)?;
    let file = form::uploaded(&visit, &headers, multipart, "logo", LARGEST).await?;
    let kept = match file {
        Some(file) => app.put_logo(&visit.caller, file).await,
        None => Err(Error::invalid("logo", "choose a picture first")),
    };
    match kept {
        Ok(()) => Ok(go_to("/ui/branding?done=saved")),
        Err(Error::Invalid(problems)) => {
            let shown = BrandingPage { problems, ..page(&app, &visit, None) };
            Ok(desk(StatusCode::UNPROCESSABLE_ENTITY, &shown))
        }
        Err(error) => Err(error.into()),
    }
}

/// `POST /ui/branding/logo/remove`.
pub(crate) async fn drop_logo(State(app): State<App>, posted: Posted) -> Result<Response, Refusal> {
    app.drop_logo(&posted.visit.caller).await?;
    Ok(go_to("/ui/branding?done=removed"))
}
