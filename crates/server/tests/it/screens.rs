//! The dashboard in a real browser: what a person sees and clicks, from signing in to the customer's page.
//!
//! `WAYBILL_SCREENS=FOLDER` keeps a picture of each page.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::json;
use store::testing::Engine;
use testkit::SETUP;
use testkit::sink::Sink;

use crate::process::{Place, Server, client};
use crate::webdriver::Browser;

/// Lets webhooks go to the sink.
const PRIVATE: (&str, &str) = ("WAYBILL_ALLOW_PRIVATE_WEBHOOKS", "1");

/// Tenant `acme` with a webhook, a rule and a carrier that can be asked.
fn setup(hook: &str) -> String {
    let tables = format!(
        "[[tenant.carrier_account]]\nid = \"sandbox\"\ncarrier = \"sandbox\"\nsettings = {{ quote = \"ok\", book = \"ok\", cancel = \"ok\" }}\n\n\
         [[tenant.routing_rule]]\nname = \"abroad goes by house\"\nwhen = 'destination.country != \"NL\"'\nthen = {{ only = [\"house\"] }}\n\n\
         [[tenant.webhook]]\nurl = \"{hook}\"\nsecret = \"whsec_c2NyZWVucyBvZiBhIHRlc3Q=\"\ndialect = \"native\"\nevents = [\"*\"]\n\n"
    );
    let (acme, other) = SETUP.split_once("[[tenant]]\nid = \"other\"").unwrap();
    format!("{acme}{tables}[[tenant]]\nid = \"other\"{other}")
}

/// A server with the set-up above, and somebody signed in.
struct Scene {
    browser: Browser,
    server: Server,
    sink: Sink,
    place: Place,
}

impl Scene {
    async fn new(name: &str) -> Self {
        let place = Place::new(Engine::Sqlite, name).await;
        let sink = Sink::start().await;
        std::fs::write(place.folder.join("setup.toml"), setup(&sink.url)).unwrap();
        let server = place.serve_with(&[PRIVATE]);
        let browser = Browser::start().await;
        let scene = Self { browser, server, sink, place };
        scene.browser.open(&format!("{}/", scene.server.url)).await;
        scene.browser.types("#secret", "sec-acme").await;
        scene.browser.click("button.main").await;
        scene.browser.is_at("/ui/overview").await;
        scene
    }

    fn folder(&self) -> &Path {
        &self.place.folder
    }

    async fn open(&self, path: &str) {
        self.browser.open(&format!("{}{path}", self.server.url)).await;
    }

    /// Imports a file by the form.
    async fn import(&self, csv: &str) {
        let file = self.folder().join("orders.csv");
        std::fs::write(&file, csv).unwrap();
        self.open("/ui/import").await;
        self.browser.types("#file", file.to_str().unwrap()).await;
        self.browser.click("form[action='/ui/import'] button").await;
        self.browser.sees("#new").await;
    }

    /// Chooses every order of the first page and has them labelled; waits for the end.
    async fn label_all(&self) {
        self.open("/ui/orders").await;
        self.browser.click("[data-check-all]").await;
        self.browser.click("button[value=chosen]:not(:disabled)").await;
        self.browser.is_at("/ui/batches/").await;
        self.browser.reads("#state", "Done").await;
    }

    /// A request of the native API.
    async fn api(&self, method: reqwest::Method, path: &str, body: &serde_json::Value) -> serde_json::Value {
        let asked = client().request(method, format!("{}{path}", self.server.url)).bearer_auth("sec-acme").json(body);
        asked.send().await.unwrap().json().await.unwrap()
    }

    /// No page has complained, and there is no serious fault that shuts people out.
    async fn is_sound(&self, name: &str) {
        let errors = self.browser.console_errors().await;
        assert!(errors.is_empty(), "{name}: {errors:?}");
        self.browser.run(&axe(), json!([])).await;
        let script = "const done = arguments[0];
            axe.run().then((found) => done(found.violations.filter((one) => ['serious', 'critical'].includes(one.impact))
                .map((one) => one.id + ': ' + one.nodes.map((node) => node.html).join(' | '))), (error) => done([String(error)]))";
        let faults = self.browser.run_to_its_end(script, json!([])).await;
        assert_eq!(faults, json!([]), "{name}");
    }
}

fn screens() -> Option<PathBuf> {
    #[expect(clippy::disallowed_methods, reason = "a test has no configuration but this")]
    let folder = std::env::var("WAYBILL_SCREENS").ok()?;
    // Tests run in the crate's folder.
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(folder);
    std::fs::create_dir_all(&folder).unwrap();
    Some(folder)
}

/// The source of axe, fetched once for all runs.
fn axe() -> String {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/axe");
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("axe");
    let script = folder.join("node_modules/axe-core/axe.min.js");
    let kept = folder.join("fetched-lock.json");
    let lock = std::fs::read(source.join("package-lock.json")).unwrap();
    // Tests run side by side, in processes of their own: one of them fetches, the others wait.
    std::fs::create_dir_all(&folder).unwrap();
    let one = std::fs::File::create(folder.join("fetching")).unwrap();
    one.lock().unwrap();
    if !script.exists() || std::fs::read(&kept).ok().as_ref() != Some(&lock) {
        for file in ["package.json", "package-lock.json", ".npmrc"] {
            std::fs::copy(source.join(file), folder.join(file)).unwrap();
        }
        let mut fetch = Command::new("npm");
        fetch.args(["ci", "--no-audit", "--no-fund", "--prefer-offline"]).current_dir(&folder);
        let said =
            fetch.output().unwrap_or_else(|error| panic!("npm is missing: run ./test, which installs it: {error}"));
        assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
        std::fs::write(&kept, &lock).unwrap();
    }
    std::fs::read_to_string(script).unwrap()
}

const HEADER: &str = "external_id,number,name,street1,postal_code,city,country,weight_kg,item_name,item_quantity";

/// Orders to Berlin of one kilogram each; every fifth weighs more than any service takes.
fn orders(count: usize) -> String {
    let mut csv = format!("{HEADER}\n");
    for number in 1..=count {
        let weight = if number % 5 == 0 { "400" } else { "1" };
        writeln!(
            csv,
            "S-{number},{},Erika Mustermann,Heidestraße {number},10557,Berlin,DE,{weight},Cup,2",
            1000 + number
        )
        .unwrap();
    }
    csv
}

#[tokio::test]
async fn a_person_goes_from_signing_in_to_the_customers_page_by_clicking() {
    let scene = Scene::new("screens").await;
    let browser = &scene.browser;
    scene.is_sound("overview without anything").await;
    scene.import(&orders(4)).await;
    assert_eq!(browser.text("#new").await, "4");
    scene.is_sound("import").await;
    scene.label_all().await;
    assert_eq!(browser.text("#labelled").await, "4");
    scene.is_sound("batch").await;
    let pdf = "const done = arguments[0]; const link = document.querySelector('.files a');
        fetch(link.href).then((answer) => answer.text().then((text) => done([answer.headers.get('content-type'), text.slice(0, 5), link.innerText])))";
    assert_eq!(browser.run_to_its_end(pdf, json!([])).await, json!(["application/pdf", "%PDF-", "Open the PDF"]));

    // The list finds as somebody types, without loading the page anew.
    scene.open("/ui/orders").await;
    browser.run("window.stayed = true", json!([])).await;
    browser.types("#q", "1003").await;
    browser.is_at("q=1003").await;
    browser.reads("tbody", "1003").await;
    assert_eq!(browser.count("tbody tr").await, 1);
    assert_eq!(browser.run("return window.stayed", json!([])).await, json!(true));
    scene.is_sound("orders").await;
    browser.click("tbody a").await;
    browser.reads("h1", "Order 1003").await;
    browser.reads("#stage", "Labelled").await;
    let drawn =
        "const done = arguments[0]; const image = document.querySelector('.parcel img'); image.loading = 'eager';
        image.decode().then(() => done(image.naturalWidth > 300), (error) => done(String(error)))";
    assert_eq!(browser.run_to_its_end(drawn, json!([])).await, json!(true), "the label is a picture");
    scene.is_sound("order").await;
    let tracking = browser
        .run("return Array.from(document.links).find((link) => link.pathname.startsWith('/t/')).href", json!([]))
        .await;

    // A scanner types into the field and presses enter.
    let number = browser.text(".parcel .code").await;
    scene.open("/ui/shipments").await;
    scene.is_sound("shipments").await;
    browser.types("#scan", &format!("{number}\u{e007}")).await;
    browser.reads("h1", "Order 1003").await;

    // Every other page is sound too, and each is kept as a picture where one is asked for.
    for (name, path) in [
        ("overview", "/ui/overview"),
        ("exceptions", "/ui/exceptions"),
        ("documents", "/ui/documents"),
        ("carriers", "/ui/carriers"),
        ("carrier", "/ui/carriers/house"),
        ("rules", "/ui/rules"),
        ("webhooks", "/ui/webhooks"),
        ("keys", "/ui/keys"),
        ("acts", "/ui/acts"),
        ("batches", "/ui/batches"),
    ] {
        scene.open(path).await;
        scene.is_sound(name).await;
        if let Some(folder) = screens() {
            browser.picture(&folder.join(format!("{name}.png"))).await;
        }
    }

    // The sender gives the tracking page a name, colours that can be read and a logo.
    scene.open("/ui/branding").await;
    for (field, text) in [("#name", "Acme at home"), ("#colour", "#e4a010"), ("#header_colour", "#14324f")] {
        browser.types(field, text).await;
    }
    browser.click("form[action='/ui/branding'] button.main").await;
    browser.reads(".notice.warning", "too light to be read on light pages").await;
    browser.types("#logo", concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/logo.png")).await;
    browser.click("form[action='/ui/branding/logo'] button").await;
    browser.sees("form[action='/ui/branding/logo/remove']").await;
    scene.is_sound("branding").await;
    if let Some(folder) = screens() {
        browser.picture(&folder.join("branding.png")).await;
    }

    // The customer looks at the parcel in the language of the country, then in another one, on a phone and on a large screen.
    // The window's own width grows with what does not fit.
    let fits = "return document.documentElement.scrollWidth <= arguments[0]";
    for (width, scheme) in [(360, "light"), (360, "dark"), (1600, "dark"), (1600, "light")] {
        browser.looks(width, 800, scheme).await;
        browser.open(tracking.as_str().unwrap()).await;
        browser.reads("h1", "Etikett erstellt").await;
        assert_eq!(browser.run("return document.documentElement.lang", json!([])).await, json!("de"));
        let logo = "const done = arguments[0]; const logo = document.querySelector('.logo');
            logo.decode().then(() => done([logo.naturalWidth, logo.alt]), (error) => done(String(error)))";
        assert_eq!(browser.run_to_its_end(logo, json!([])).await, json!([240, "Acme at home"]));
        let band = "return getComputedStyle(document.querySelector('.top')).backgroundColor";
        assert_eq!(browser.run(band, json!([])).await, json!("rgb(20, 50, 79)"), "the sender's colour");
        assert_eq!(browser.run(fits, json!([width])).await, json!(true));
        scene.is_sound("tracking page").await;
        if let Some(folder) = screens() {
            browser.picture(&folder.join(format!("tracking-{width}-{scheme}.png"))).await;
        }
        browser.click("a[hreflang=pl]").await;
        browser.reads("h1", "Etykieta gotowa").await;
        assert_eq!(browser.run(fits, json!([width])).await, json!(true));
        scene.is_sound("tracking page in Polish").await;
    }
    assert!(scene.server.stop());
}

#[tokio::test]
async fn on_a_phone_nothing_is_cut_off_and_nothing_is_beyond_the_edge() {
    let scene = Scene::new("screens-phone").await;
    let browser = &scene.browser;
    let mut file = orders(6);
    file.push_str(
        "S-7,WEB-2026-AMSTERDAM-7-REPLACEMENT-OF-6,Maximilian von und zu Hohenlohe-Langenburg-Schillingsfürst,Heidestraße 7,10557,\
         Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch,DE,1,Teapot with gold rim and matching warmer,2\n",
    );
    scene.import(&file).await;
    scene.label_all().await;
    let batch = browser.url().await.split_once("/ui/").unwrap().1.to_owned();
    browser.looks(360, 740, "dark").await;
    let order = scene.api(reqwest::Method::GET, "/v1/orders", &json!(null)).await["data"][0]["id"].clone();
    let order = format!("orders/{}", order.as_str().unwrap());
    // What is wider than the screen, what is wider than the place that it may be moved in, and controls that stick out of theirs.
    let faults = "const wide = [];
        if (document.documentElement.scrollWidth > 360) wide.push('the page: ' + document.documentElement.scrollWidth);
        for (const table of document.querySelectorAll('.table'))
            if (table.scrollWidth > table.clientWidth) wide.push('a table: ' + table.innerText.slice(0, 60));
        for (const one of document.querySelectorAll('main input, main select, main button, main .button, main .chip'))
            if (!one.closest('.unseen') && one.getBoundingClientRect().right > 348) wide.push(one.outerHTML);
        const here = document.querySelector('nav [aria-current=page]');
        if (here && here.getBoundingClientRect().right > 361) wide.push('the way to this page is out of sight');
        return wide";
    for path in [
        "overview",
        "orders",
        "orders?stage=open",
        "orders?q=nobody",
        &order,
        &format!("{order}/rates"),
        "import",
        "batches",
        &batch,
        "shipments",
        "exceptions",
        "documents",
        "carriers",
        "carriers/house",
        "carrier?kind=local",
        "rules",
        "webhooks",
        "branding",
        "keys",
        "acts",
    ] {
        scene.open(&format!("/ui/{path}")).await;
        browser.sees("h1").await;
        assert_eq!(browser.run(faults, json!([])).await, json!([]), "{path}");
    }
    // Whoever sees no headings of columns still chooses all.
    scene.open("/ui/orders").await;
    browser.click(".choice th.tick span").await;
    browser.reads("button[value=chosen] [data-chosen]", "7").await;
    scene.is_sound("orders on a phone").await;
}

#[tokio::test]
async fn b1_a_run_goes_on_past_bad_orders_says_which_and_why_and_retries_these() {
    let scene = Scene::new("screens-b1").await;
    let browser = &scene.browser;
    scene.import(&orders(20)).await;
    scene.label_all().await;
    assert_eq!((browser.text("#labelled").await, browser.text("#failed").await), ("16".to_owned(), "4".to_owned()));
    let failures = browser.text("section[aria-labelledby=failures] tbody td:first-child").await;
    assert_eq!(failures, "1020\n1015\n1010\n1005", "by their numbers, in the order of the run");
    let reasons = browser.text("section[aria-labelledby=failures] tbody .problems").await;
    assert!(reasons.contains("weight") || reasons.contains("kg"), "{reasons}");
    // Somebody mends one of them; "retry these" labels it and tells of the others again.
    let order = scene.api(reqwest::Method::POST, "/v1/orders", &json!({
        "external_id": "S-20", "number": "1020", "weight_kg": "1", "items": [{ "name": "Cup", "quantity": 2 }],
        "shipping_address": { "name": "Erika Mustermann", "street1": "Heidestraße 20", "postal_code": "10557", "city": "Berlin", "country": "DE" },
    })).await;
    assert_eq!(order["number"], "1020", "{order}");
    browser.click("form[action$='/retry'] button").await;
    browser.reads("#labelled", "17").await;
    browser.reads("#state", "Done").await;
    assert_eq!(browser.text("#failed").await, "3");
    scene.is_sound("a batch with failures").await;
}

#[tokio::test]
async fn d1_each_parcel_of_an_order_stands_alone_with_its_number_label_status_and_link() {
    let scene = Scene::new("screens-d1").await;
    let browser = &scene.browser;
    scene.import(&orders(1)).await;
    let boxes = json!([{ "weight_kg": "0.4" }, { "weight_kg": "0.6" }]);
    let shipped = scene
        .api(
            reqwest::Method::POST,
            "/v1/orders/ord_1/shipments",
            &json!({ "service": "house:standard", "parcels": boxes }),
        )
        .await;
    let second = shipped["parcels"][1]["id"].clone();
    let report = json!({ "events": [{ "parcel": second, "code": "POD", "status": "delivered" }] });
    let path = format!("/v1/shipments/{}/tracking-events", shipped["id"].as_str().unwrap());
    scene.api(reqwest::Method::POST, &path, &report).await;
    scene.open("/ui/scan?code=1001").await;
    let numbers = browser.text(".parcel .code").await;
    let known: Vec<_> =
        shipped["parcels"].as_array().unwrap().iter().map(|one| one["tracking_number"].as_str().unwrap()).collect();
    assert_eq!(numbers.lines().collect::<Vec<_>>(), known);
    assert_eq!(browser.text(".parcel .chip").await, "Label made\nDelivered");
    for links in [".parcel a.button.main", ".parcel a[href*='/t/']", ".parcel img"] {
        let script = "return new Set(Array.from(document.querySelectorAll(arguments[0])).map((one) => one.href || one.src)).size";
        assert_eq!(browser.run(script, json!([links])).await, json!(2), "{links}");
    }
    scene.is_sound("an order of two parcels").await;
}

#[tokio::test]
async fn f6_the_age_of_the_last_look_stands_beside_each_carrier() {
    let scene = Scene::new("screens-f6").await;
    let browser = &scene.browser;
    scene.open("/ui/carriers").await;
    browser.reads("#a-sandbox .look", "never yet").await;
    browser.reads("#a-house .look", "it tells nothing when asked").await;
    browser.click("#a-sandbox form[action$='/check'] button").await;
    browser.reads(".notice", "nothing was bought").await;
    browser.reads("#a-sandbox .chip.good", "Good").await;
    scene.is_sound("carriers").await;
}

#[tokio::test]
async fn g1_an_order_shows_its_events_with_each_attempt_and_sends_one_again() {
    let scene = Scene::new("screens-g1").await;
    let browser = &scene.browser;
    scene.import(&orders(1)).await;
    scene.label_all().await;
    scene.open("/ui/scan?code=1001").await;
    // Pages are loaded again until the deliveries are made and sent.
    for _ in 0..600 {
        if browser.count(".told .chip.good").await >= 4 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        scene.open("/ui/scan?code=1001").await;
    }
    let story = browser.text(".events h3").await;
    for event in ["Order created", "Shipment booked", "Shipment ready to print"] {
        assert!(story.contains(event), "{story}");
    }
    let before = scene.sink.received().len();
    browser.click(".told summary").await;
    browser.reads(".told[open] td", "204").await;
    browser.reads(".told[open] td", " ms").await;
    browser.click(".told[open] form button").await;
    browser.reads(".notice", "sent again").await;
    for _ in 0..600 {
        if scene.sink.received().len() > before {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    let received = scene.sink.received();
    let last = received.last().unwrap();
    let earlier = &received[..received.len() - 1];
    let same = earlier.iter().find(|one| one.header("webhook-id") == last.header("webhook-id")).unwrap();
    assert_eq!(same.body, last.body, "the same bytes under the same id");
    scene.is_sound("an order whose webhooks are shown").await;
}

#[tokio::test]
async fn g2_a_pause_is_announced_and_the_backlog_goes_out_in_order() {
    let scene = Scene::new("screens-g2").await;
    let browser = &scene.browser;
    scene.open("/ui/webhooks").await;
    browser.click("h2 a").await;
    browser.click("form[action$='/pause'] button").await;
    browser.reads(".notice.trouble", "Nothing is sent to it since").await;
    scene.open("/ui/overview").await;
    browser.reads(".notice.trouble", "A webhook is paused").await;
    scene.import(&orders(3)).await;
    scene.open("/ui/webhooks").await;
    for _ in 0..600 {
        if browser.text("dd").await.lines().any(|line| line == "3" || line == "4") {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        scene.open("/ui/webhooks").await;
    }
    let created = |scene: &Scene| {
        let all = scene.sink.received();
        let text = |one: &testkit::sink::Received| String::from_utf8_lossy(&one.body).into_owned();
        all.iter().map(text).filter(|body| body.contains("order.created")).collect::<Vec<_>>()
    };
    assert!(created(&scene).is_empty(), "nothing was sent while it was paused");
    browser.click("h2 a").await;
    scene.is_sound("a paused webhook").await;
    browser.click("form[action$='/resume'] button").await;
    browser.reads(".notice.good", "goes on").await;
    for _ in 0..600 {
        if created(&scene).len() == 3 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    let orders: Vec<_> = created(&scene)
        .iter()
        .map(|body| (1..=3).find(|number| body.contains(&format!("\"ord_{number}\""))).unwrap_or(0))
        .collect();
    assert_eq!(orders, [1, 2, 3]);
}

#[tokio::test]
async fn o3_the_audit_log_shows_who_did_what_before_and_after_and_is_exported() {
    let scene = Scene::new("screens-o3").await;
    let browser = &scene.browser;
    scene.open("/ui/rules").await;
    browser.replaces("#when-1", "destination.country != \"BE\"").await;
    browser.click("button[value=save].main").await;
    browser.reads(".notice.good", "Saved").await;
    scene.import(&orders(2)).await;
    scene.label_all().await;
    scene.open("/ui/acts").await;
    browser.reads(".acts", "Shipment booked").await;
    scene.is_sound("audit log").await;
    scene.open("/ui/acts?what=setup.changed&who=key%3Apub-acme").await;
    assert_eq!(browser.count(".acts > li").await, 1);
    browser.reads(".acts", "routing rule abroad goes by house").await;
    assert_eq!(browser.text(".changes del").await, "destination.country != \"NL\"");
    assert_eq!(browser.text(".changes ins").await, "destination.country != \"BE\"");
    let export = "const done = arguments[0]; const link = document.querySelector('a[download]');
        fetch(link.href).then((answer) => answer.text().then((text) => done([answer.headers.get('content-type'), text.split('\\r\\n').length, text.includes('setup.changed')])))";
    assert_eq!(browser.run_to_its_end(export, json!([])).await, json!(["text/csv; charset=utf-8", 3, true]));
    // An order leads to what was done about it alone.
    scene.open("/ui/scan?code=1001").await;
    browser.click("a[href^='/ui/acts?about=']").await;
    browser.is_at("about=ord_").await;
    let told = browser.text(".acts").await;
    assert!(
        told.contains("Order created") && told.contains("Shipment booked") && !told.contains("Setup changed"),
        "{told}"
    );
    scene.open("/ui/acts?about=nothing").await;
    browser.reads(".empty", "Nothing fits").await;
    scene.open("/ui/acts?from=yesterday").await;
    browser.reads(".notice.trouble", "\"yesterday\" is no day").await;
    assert!(scene.server.stop());
}

#[tokio::test]
async fn h4_an_order_says_why_it_goes_this_way_and_changed_rules_are_rehearsed() {
    let scene = Scene::new("screens-h4").await;
    let browser = &scene.browser;
    scene.import(&orders(3)).await;
    scene.label_all().await;
    scene.open("/ui/scan?code=1001").await;
    browser.reads(".why", "The rule abroad goes by house decided.").await;
    browser.reads(".why .chip.good", "Matched, decides").await;
    let services = browser.text(".why table:last-of-type").await;
    assert!(
        services.contains("house:standard") && services.contains("Chosen") && services.contains("Out"),
        "{services}"
    );

    // Without the rule they would have gone by the cheapest. Nothing is stored by trying.
    scene.open("/ui/rules").await;
    browser.replaces("#when-1", "destination.country == \"NL\"").await;
    browser.click("p.row button[value=try]").await;
    browser.reads("#tried", "Tried on 3 shipments").await;
    browser.reads("#tried", "Nothing was booked").await;
    browser.reads(".notice.warning", "This is a draft").await;
    scene.is_sound("a rehearsal").await;

    // The same draft on one order, beside what is chosen now; nothing is stored either.
    browser.types("#tried-order", "1001").await;
    browser.click("p.row button[value=try-order]").await;
    browser.reads("#trial", "Order 1001").await;
    browser.reads("#tried-on", "It would go another way.").await;
    browser.reads("#by-now", "The rule abroad goes by house decided.").await;
    browser.reads("#by-draft", "No rule decided").await;
    browser.reads("#by-draft", "Did not match").await;
    scene.is_sound("a draft tried on one order").await;
    browser.replaces("#tried-order", "4711").await;
    browser.click("p.row button[value=try-order]").await;
    browser.reads(".notice.trouble", "\"4711\" is no order").await;
    scene.open("/ui/rules").await;
    assert_eq!(
        browser.run("return document.querySelector('#when-1').value", json!([])).await,
        json!("destination.country != \"NL\"")
    );
    // A condition that cannot be read is told, a good one is kept.
    browser.replaces("#when-1", "destination.planet == 3").await;
    browser.types("#name-new", "heavy").await;
    browser.types("#when-new", "parcel.weight_kg >").await;
    browser.types("#prefer-new", "house:standard").await;
    browser.click("button[value=save]").await;
    browser.reads(".notice.trouble", "rules/1/when").await;
    browser.replaces("#when-1", "destination.country != \"NL\"").await;
    browser.replaces("#when-2", "parcel.weight_kg > 20.0").await;
    browser.click("button[value=save]").await;
    browser.reads(".notice.good", "Saved").await;
    assert_eq!(browser.count("fieldset.card").await, 3);
}
