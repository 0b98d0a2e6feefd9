//! A person at a browser without scripts: keeps cookies, follows forms.

use axum::body::Body;
use domain::channel::Dialect;
use domain::ids::OrderId;
use domain::order::OrderDetails;
use domain::tenant::Role;
use http::{Request, StatusCode};
use testkit::{Answer, Engine, SETUP, TestApp, TestAppBuilder};

/// Tenant `acme` with a key for each role, and `other`.
pub fn setup() -> String {
    let key = |role: Role| {
        let name = role.as_str();
        format!(
            "[[tenant.key]]\nname = \"{name}\"\npublic = \"pub-{name}\"\nsecret = \"sec-{name}\"\nscopes = [\"{name}\"]\n\n"
        )
    };
    let keys = [Role::Viewer, Role::Packer, Role::Operator].map(key);
    SETUP.replacen("[[tenant.integration]]", &format!("{}[[tenant.integration]]", keys.concat()), 1)
}

/// The application with the dashboard's routes and the carriers of this version.
pub async fn desk(engine: Engine) -> TestApp {
    desk_of(engine, |builder| builder.setup(setup())).await
}

/// The same, built otherwise.
pub async fn desk_of(engine: Engine, build: impl FnOnce(TestAppBuilder) -> TestAppBuilder) -> TestApp {
    let guard = std::sync::Arc::new(|_: &reqwest::Url| None);
    let clock = testkit::standing();
    let now = clock.clone();
    let http = carriers::Http::new(client(), guard, std::sync::Arc::new(move || now.now()));
    let builder = TestApp::builder(engine).clock(clock).connectors(carriers::all(&http));
    let app = build(builder).build().await;
    app.serving(|app| dashboard::router(app, |_| Ok(Vec::new()), |_, _, _| Body::from("id,at\r\n")))
}

fn client() -> reqwest::Client {
    drop(rustls::crypto::ring::default_provider().install_default());
    app::guard::client(true).unwrap()
}

/// A browser.
pub struct Browser<'a> {
    t: &'a TestApp,
    cookies: Vec<(String, String)>,
    /// The address of this person.
    csrf: String,
}

/// The value of a hidden field of a page.
pub fn hidden(page: &str, name: &str) -> String {
    let start = page.split_once(&format!("name=\"{name}\" value=\"")).unwrap_or_else(|| panic!("no {name}: {page}")).1;
    start.split_once('"').unwrap().0.to_owned()
}

impl<'a> Browser<'a> {
    /// One without cookies.
    pub fn new(t: &'a TestApp) -> Self {
        Self { t, cookies: Vec::new(), csrf: String::new() }
    }

    /// One that has signed in with this secret.
    pub async fn signed_in(t: &'a TestApp, secret: &str) -> Self {
        let mut browser = Self::new(t);
        let answer = browser.sign_in(secret).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text());
        let page = browser.get("/ui/orders").await;
        browser.csrf = hidden(&page.text(), "csrf");
        browser
    }

    /// Opens the sign-in page and sends it.
    pub async fn sign_in(&mut self, secret: &str) -> Answer {
        let page = self.get("/ui/sign-in").await;
        let csrf = hidden(&page.text(), "csrf");
        self.send("/ui/sign-in", &[("csrf", &csrf), ("next", "/ui/orders"), ("secret", secret)], &[]).await
    }

    /// The token that this session's forms carry.
    pub fn csrf(&self) -> &str {
        &self.csrf
    }

    fn keep(&mut self, answer: &Answer) {
        for line in answer.headers.get_all("set-cookie") {
            let (pair, _) = line.to_str().unwrap().split_once(';').unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            self.cookies.retain(|(known, _)| known != name);
            if !value.is_empty() {
                self.cookies.push((name.to_owned(), value.to_owned()));
            }
        }
    }

    async fn ask(&mut self, request: http::request::Builder, body: impl Into<Body>) -> Answer {
        let cookies: Vec<_> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = request.header("host", "waybill.example").header("cookie", cookies.join("; "));
        let answer = self.t.send(request.body(body.into()).unwrap()).await;
        self.keep(&answer);
        answer
    }

    /// GET.
    pub async fn get(&mut self, path: &str) -> Answer {
        self.ask(Request::get(path), String::new()).await
    }

    /// POST of a form as it is, with these headers.
    pub async fn send(&mut self, path: &str, form: &[(&str, &str)], headers: &[(&str, &str)]) -> Answer {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let mut request = Request::post(path).header("content-type", "application/x-www-form-urlencoded");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.ask(request, body).await
    }

    /// POST of a form with a file, whose parts are bounded by `part`.
    pub async fn upload(&mut self, path: &str, body: Vec<u8>) -> Answer {
        let request = Request::post(path).header("content-type", "multipart/form-data; boundary=part");
        self.ask(request, body).await
    }

    /// POST of a form of this session.
    pub async fn post(&mut self, path: &str, form: &[(&str, &str)]) -> Answer {
        let csrf = self.csrf.clone();
        let form: Vec<_> = [("csrf", csrf.as_str())].into_iter().chain(form.iter().copied()).collect();
        self.send(path, &form, &[]).await
    }
}

/// An order of two cups to Berlin.
pub fn cups(number: &str) -> OrderDetails {
    let body = serde_json::json!({
        "external_id": number, "number": format!("#{number}"),
        "items": [{ "name": "Cup", "quantity": 2 }],
        "shipping_address": {
            "name": "Erika Mustermann", "street1": "Unter den Linden", "house_number": "77",
            "postal_code": "10117", "city": "Berlin", "country": "DE",
        },
    });
    serde_json::from_value(body).unwrap()
}

/// Places orders as tenant `acme`.
pub async fn place(t: &TestApp, details: Vec<OrderDetails>) -> Vec<OrderId> {
    let acme = t.caller("sec-acme", Dialect::Native).await;
    let drafts = details.into_iter().map(|details| app::orders::OrderDraft {
        id: None,
        channel: domain::channel::ChannelNumber(7),
        details,
    });
    t.app.place_orders(&acme, drafts.collect()).await.unwrap().iter().map(|placed| placed.id).collect()
}
