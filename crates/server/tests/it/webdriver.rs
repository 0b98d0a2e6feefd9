//! A browser for tests: Chromium, driven by its own driver in the words of the W3C's WebDriver.

use std::io::{BufRead as _, BufReader, Lines, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};

/// How long anything may take on a slow and busy machine.
const PATIENCE: Duration = Duration::from_mins(2);
/// How an element is named in an answer.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// A window of a browser of its own.
pub struct Browser {
    driver: Child,
    /// Kept, so that the driver may say more.
    _said: Lines<BufReader<ChildStdout>>,
    port: u16,
    session: String,
    client: reqwest::Client,
}

impl Drop for Browser {
    fn drop(&mut self) {
        // The session first, so that the driver ends its browser.
        if let Ok(mut stream) = TcpStream::connect(("127.0.0.1", self.port)) {
            let ask =
                format!("DELETE /session/{} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n", self.session);
            drop(stream.set_read_timeout(Some(Duration::from_secs(20))));
            drop(stream.write_all(ask.as_bytes()));
            drop(stream.read(&mut [0; 1024]));
        }
        drop(self.driver.kill());
        drop(self.driver.wait());
    }
}

#[expect(clippy::disallowed_methods, reason = "the driver is on this machine, and slow when the machine is busy")]
fn client() -> reqwest::Client {
    drop(rustls::crypto::ring::default_provider().install_default());
    reqwest::Client::builder().timeout(PATIENCE).no_proxy().build().unwrap()
}

impl Browser {
    /// Starts one.
    pub async fn start() -> Self {
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("chromedriver is missing: run ./test, which installs it: {error}"));
        let mut said = BufReader::new(driver.stdout.take().unwrap()).lines();
        let port = said
            .by_ref()
            .map_while(Result::ok)
            .find_map(|line| {
                line.rsplit_once("on port ")?.1.trim_end_matches('.').parse().ok().filter(|port| *port != 0)
            })
            .unwrap_or_else(|| panic!("chromedriver did not start"));
        let client = client();
        let wanted = json!({ "capabilities": { "alwaysMatch": {
            "browserName": "chrome",
            "goog:loggingPrefs": { "browser": "ALL" },
            "goog:chromeOptions": { "args": [
                "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars",
                "--no-first-run", "--disable-extensions", "--window-size=1280,900",
            ] },
        } } });
        let mut browser = Self { driver, _said: said, port, session: String::new(), client };
        let answer = browser.post("/session", &wanted).await;
        browser.session = answer["sessionId"].as_str().unwrap_or_else(|| panic!("no session: {answer}")).to_owned();
        browser.tell("timeouts", &json!({ "script": 120_000, "pageLoad": 120_000 })).await;
        browser
    }

    async fn post(&self, path: &str, body: &Json) -> Json {
        let url = format!("http://127.0.0.1:{}{path}", self.port);
        let mut answer: Json = self.client.post(url).json(body).send().await.unwrap().json().await.unwrap();
        answer["value"].take()
    }

    async fn tell(&self, command: &str, body: &Json) -> Json {
        self.post(&format!("/session/{}/{command}", self.session), body).await
    }

    async fn ask(&self, what: &str) -> Json {
        let url = format!("http://127.0.0.1:{}/session/{}/{what}", self.port, self.session);
        let mut answer: Json = self.client.get(url).send().await.unwrap().json().await.unwrap();
        answer["value"].take()
    }

    /// Opens an address.
    pub async fn open(&self, url: &str) {
        let answer = self.tell("url", &json!({ "url": url })).await;
        assert!(answer.is_null(), "{url}: {answer}");
    }

    /// The address of the page.
    pub async fn url(&self) -> String {
        self.ask("url").await.as_str().unwrap_or_default().to_owned()
    }

    /// Runs a script in the page; what it returns.
    pub async fn run(&self, script: &str, arguments: Json) -> Json {
        self.tell("execute/sync", &json!({ "script": script, "args": arguments })).await
    }

    /// The same for a script that calls its last argument when it is done.
    pub async fn run_to_its_end(&self, script: &str, arguments: Json) -> Json {
        self.tell("execute/async", &json!({ "script": script, "args": arguments })).await
    }

    /// Waits until `look` finds something.
    async fn until<T>(&self, what: &str, mut look: impl AsyncFnMut(&Self) -> Option<T>) -> T {
        let began = Instant::now();
        loop {
            if let Some(found) = look(self).await {
                return found;
            }
            if began.elapsed() > PATIENCE {
                let page = self.run("return document.body.innerText", json!([])).await;
                panic!("{what} did not come at {}: {page}", self.url().await);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// The first element that a selector names, once it is there.
    async fn find(&self, selector: &str) -> String {
        self.until(selector, async |browser: &Self| {
            let found = browser.tell("element", &json!({ "using": "css selector", "value": selector })).await;
            found[ELEMENT].as_str().map(str::to_owned)
        })
        .await
    }

    /// Waits until the page has such an element.
    pub async fn sees(&self, selector: &str) {
        self.find(selector).await;
    }

    /// Waits until the text of such an element holds these words.
    pub async fn reads(&self, selector: &str, words: &str) {
        self.until(&format!("{words:?} in {selector}"), async |browser: &Self| {
            browser.text(selector).await.contains(words).then_some(())
        })
        .await;
    }

    /// Waits until the address of the page holds this.
    pub async fn is_at(&self, part: &str) {
        self.until(part, async |browser: &Self| browser.url().await.contains(part).then_some(())).await;
    }

    /// The text of every element that a selector names, a line each; empty when there is none.
    pub async fn text(&self, selector: &str) -> String {
        let script =
            "return Array.from(document.querySelectorAll(arguments[0]), (one) => one.innerText.trim()).join('\\n')";
        self.run(script, json!([selector])).await.as_str().unwrap_or_default().to_owned()
    }

    /// How many elements a selector names.
    pub async fn count(&self, selector: &str) -> u64 {
        self.run("return document.querySelectorAll(arguments[0]).length", json!([selector])).await.as_u64().unwrap_or(0)
    }

    /// Clicks such an element, once it can be clicked.
    pub async fn click(&self, selector: &str) {
        self.until(selector, async |browser: &Self| {
            let element = browser.find(selector).await;
            let answer = browser.tell(&format!("element/{element}/click"), &json!({})).await;
            answer.is_null().then_some(())
        })
        .await;
    }

    /// Types into such an element.
    pub async fn types(&self, selector: &str, text: &str) {
        self.until(selector, async |browser: &Self| {
            let element = browser.find(selector).await;
            let answer = browser.tell(&format!("element/{element}/value"), &json!({ "text": text })).await;
            answer.is_null().then_some(())
        })
        .await;
    }

    /// Gives such a field another text.
    pub async fn replaces(&self, selector: &str, text: &str) {
        let element = self.find(selector).await;
        self.tell(&format!("element/{element}/clear"), &json!({})).await;
        self.types(selector, text).await;
    }

    /// Shows pages as a window of this size would, light or dark.
    pub async fn looks(&self, width: u32, height: u32, scheme: &str) {
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600 });
        let command = |name: &str, parameters: Json| json!({ "cmd": name, "params": parameters });
        self.tell("goog/cdp/execute", &command("Emulation.setDeviceMetricsOverride", size)).await;
        let media = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        self.tell("goog/cdp/execute", &command("Emulation.setEmulatedMedia", media)).await;
    }

    /// Keeps a picture of the window as a PNG.
    pub async fn picture(&self, path: &Path) {
        use base64::Engine as _;
        let picture = self.ask("screenshot").await;
        let bytes = base64::engine::general_purpose::STANDARD.decode(picture.as_str().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }

    /// What pages wrote to the console as errors since the last look.
    pub async fn console_errors(&self) -> Vec<String> {
        let logged = self.tell("se/log", &json!({ "type": "browser" })).await;
        let all = logged.as_array().cloned().unwrap_or_default();
        let severe = all.iter().filter(|entry| entry["level"] == "SEVERE");
        severe.map(|entry| entry["message"].as_str().unwrap_or_default().to_owned()).collect()
    }
}
