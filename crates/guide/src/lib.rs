//! The guide: the documentation and the references of every interface as pages, served at `/docs` by the program itself.
//!
//! Markdown and OpenAPI documents in, HTML out. Nothing is fetched from elsewhere and nothing runs in the browser. Pages are
//! made once, at the start.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use base64::Engine as _;
use sha2::{Digest as _, Sha256};

mod markdown;
mod reference;

const STYLE: &str = include_str!("style.css");

macro_rules! pages {
    ($($name:literal $title:literal),* $(,)?) => {
        &[$(Source {
            name: $name,
            title: $title,
            text: include_str!(concat!("../../../docs/", $name, ".md")),
        }),*]
    };
}

/// A page of the documentation as it stands in the repository.
struct Source {
    name: &'static str,
    title: &'static str,
    text: &'static str,
}

macro_rules! pictures {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_bytes!(concat!("../../../docs/", $name, ".png")).as_slice())),*]
    };
}

/// Pictures that pages show, by their path without its ending.
const PICTURES: &[(&str, &[u8])] = pictures![
    "label",
    "screens/acts",
    "screens/batch",
    "screens/branding",
    "screens/carriers",
    "screens/documents",
    "screens/exceptions",
    "screens/keys",
    "screens/order",
    "screens/orders",
    "screens/overview",
    "screens/phone",
    "screens/rates",
    "screens/rules",
    "screens/shipments",
    "screens/tracking",
    "screens/webhook",
];

/// The page that `/docs` shows.
const FIRST: &str = "README";

/// Every page, in the order in which a new reader goes.
const PAGES: &[Source] = pages![
    "README" "Documentation",
    "quick-start" "Quick start",
    "concepts" "Concepts",
    "setup" "The setup file",
    "rate-sheet" "The rate sheet",
    "rules" "Routing rules",
    "addresses" "Addresses",
    "batches" "Batches",
    "parcels" "Parcels and pieces",
    "import" "Import orders",
    "export" "Export orders, shipments, rates",
    "dashboard" "The dashboard",
    "tracking" "Tracking page and e-mails",
    "native-api" "The native API",
    "webhooks" "Webhooks",
    "acts" "Acts and erasure",
    "dialects" "One order, every dialect",
    "sendcloud" "Sendcloud",
    "delivery-solutions" "Delivery Solutions",
    "crowdsender" "Crowdsender",
    "expertsender" "ExpertSender",
    "seven-senders" "Seven Senders",
    "carriers" "Carriers",
    "sandbox" "The sandbox",
    "ups" "UPS",
    "doordash-drive" "DoorDash Drive",
    "operations" "Operations",
    "errors" "Errors",
];

/// A made page.
struct Page {
    title: String,
    body: String,
}

/// Everything that is served.
struct Guide {
    pages: BTreeMap<String, Page>,
    /// Names and titles of the references, as the navigation lists them.
    references: Vec<(String, String)>,
    policy: HeaderValue,
}

/// Escapes what is not markup.
pub(crate) fn escaped(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            letter => html.push(letter),
        }
    }
    html
}

impl Guide {
    fn new(documents: &[(&str, &str)]) -> Self {
        let mut pages = BTreeMap::new();
        for source in PAGES {
            let body = markdown::html(source.text);
            pages.insert(source.name.to_owned(), Page { title: source.title.to_owned(), body });
        }
        let mut references = Vec::new();
        for (name, text) in documents {
            let Some((title, body)) = reference::html(text) else { continue };
            let name = format!("api-{}", name.replace('_', "-"));
            references.push((name.clone(), title.clone()));
            pages.insert(name, Page { title, body });
        }
        let hash = base64::engine::general_purpose::STANDARD.encode(Sha256::digest(STYLE));
        let policy = format!(
            "default-src 'none'; style-src 'sha256-{hash}'; img-src 'self'; base-uri 'none'; form-action 'none'; \
             frame-ancestors 'none'"
        );
        let policy = HeaderValue::try_from(policy).unwrap_or(HeaderValue::from_static("default-src 'none'"));
        Self { pages, references, policy }
    }

    fn navigation(&self, current: &str) -> String {
        let mut html = String::from("<ul>");
        let mut entry = |name: &str, title: &str| {
            let here = if name == current { " aria-current=\"page\"" } else { "" };
            let path = if name == FIRST { String::new() } else { format!("/{name}") };
            let _ = write!(html, "<li><a href=\"/docs{path}\"{here}>{}</a></li>", escaped(title));
        };
        for source in PAGES {
            entry(source.name, source.title);
        }
        for (name, title) in &self.references {
            entry(name, title);
        }
        html + "</ul>"
    }

    /// The whole page.
    fn page(&self, name: &str, page: &Page) -> String {
        let navigation = self.navigation(name);
        format!(
            "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
             <title>{} · Waybill</title><style>{STYLE}</style></head>\n<body>\
             <a class=\"skip\" href=\"#content\">Skip to the text</a>\
             <header><a href=\"/docs\">Waybill</a> <span>documentation</span></header>\
             <details class=\"menu\"><summary>Pages</summary><nav aria-label=\"Pages\">{navigation}</nav></details>\
             <div class=\"columns\"><nav class=\"side\" aria-label=\"All pages\">{navigation}</nav>\
             <main id=\"content\">{}</main></div></body></html>\n",
            escaped(&page.title),
            page.body
        )
    }

    fn answer(&self, status: StatusCode, html: String) -> Response {
        const HEADERS: [(HeaderName, &str); 6] = [
            (header::CONTENT_TYPE, "text/html; charset=utf-8"),
            (header::CACHE_CONTROL, "public, max-age=300"),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (header::X_FRAME_OPTIONS, "DENY"),
            (header::REFERRER_POLICY, "no-referrer"),
            (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        ];
        (status, HEADERS, [(header::CONTENT_SECURITY_POLICY, self.policy.clone())], html).into_response()
    }

    fn show(&self, name: &str) -> Response {
        let Some(page) = self.pages.get(name) else {
            let missing = Page {
                title: "No such page".to_owned(),
                body: "<h1>No such page</h1><p>The list of pages leads to every page there is.</p>".to_owned(),
            };
            return self.answer(StatusCode::NOT_FOUND, self.page("", &missing));
        };
        self.answer(StatusCode::OK, self.page(name, page))
    }
}

/// `/docs` and everything below it. `documents` are the OpenAPI documents, each with the name of its interface.
pub fn router(documents: &[(&str, &str)]) -> Router {
    let guide = Arc::new(Guide::new(documents));
    let first = async |State(guide): State<Arc<Guide>>| guide.show(FIRST);
    let page = async |State(guide): State<Arc<Guide>>, Path(name): Path<String>| {
        // Links of the repository's own pages work here too.
        guide.show(name.strip_suffix(".md").unwrap_or(&name))
    };
    let pages = Router::new().route("/docs", get(first)).route("/docs/", get(first)).route("/docs/{name}", get(page));
    let all = PICTURES.iter().fold(pages, |router, (name, bytes)| {
        let picture = async move || ([(header::CONTENT_TYPE, "image/png")], *bytes);
        router.route(&format!("/docs/{name}.png"), get(picture))
    });
    all.with_state(guide)
}

#[cfg(test)]
mod tests;
