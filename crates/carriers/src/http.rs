//! HTTP: the way out that connectors are handed, with bounds, a guard and the tokens that were bought so far.
//!
//! A connector keeps nothing, so what must outlive a call lies here: one token for everybody with the same credentials,
//! bought by one while the others wait. Every exchange goes into the [`Trace`] with secrets and personal data blacked out.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::account::CarrierAccount;
use domain::connector::Trace;
use domain::{CarrierError, Problem, Secret, Timestamp};
use reqwest::{Method, Url};
use serde_json::Value as Json;
use sha2::{Digest, Sha256};

use crate::fields;

/// The longest answer that is read, in bytes: the labels of two hundred parcels.
const LONGEST_ANSWER: usize = 32 * 1024 * 1024;

/// The longest that one exchange may take. Whoever asks usually waits much less.
const LONGEST_WAIT: Duration = Duration::from_mins(5);

/// The longest text of a JSON body that a trace shows; labels are longer.
const LONGEST_SHOWN: usize = 600;

/// Says why a URL may not be asked, if it may not.
pub type Guard = dyn Fn(&Url) -> Option<String> + Send + Sync;

/// Says what time it is.
pub type Now = dyn Fn() -> Timestamp + Send + Sync;

/// What connectors are handed. Cloning gives another handle to the same.
#[derive(Clone)]
pub struct Http {
    client: reqwest::Client,
    guard: Arc<Guard>,
    now: Arc<Now>,
    tokens: Arc<Mutex<HashMap<[u8; 32], Slot>>>,
}

/// The token of some credentials; whoever holds the lock buys it.
type Slot = Arc<tokio::sync::Mutex<Option<Token>>>;

/// Something bought with credentials that is good for a while.
#[derive(Clone, Debug)]
pub(crate) struct Token {
    /// What a request shows.
    pub(crate) text: Secret,
    /// From when on another one is bought.
    pub(crate) renew_at: Timestamp,
}

impl Token {
    /// A token that lives for so many seconds: renewed five minutes before its end, or at nine tenths of a short life.
    pub(crate) fn living(text: String, seconds: u64, now: Timestamp) -> Self {
        let used = seconds.saturating_sub(300).max(seconds / 10 * 9);
        let renew_at = now.checked_add(Duration::from_secs(used)).unwrap_or(Timestamp::MAX);
        Self { text: Secret::new(text), renew_at }
    }
}

/// A request to a carrier.
pub(crate) struct Ask<'a> {
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Body,
    /// What is blacked out in the trace.
    pub(crate) black: Black,
    pub(crate) trace: &'a Trace,
}

/// The body of a request.
#[derive(Clone)]
pub(crate) enum Body {
    /// None.
    Empty,
    /// A form, which the trace does not show.
    Form(&'static str),
    /// JSON.
    Json(Json),
}

/// A carrier's answer.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    /// Seconds the carrier asked us to wait.
    pub(crate) retry_after: Option<u64>,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    /// The body as JSON; what it is instead, when it is none.
    pub(crate) fn json(&self) -> Result<Json, CarrierError> {
        serde_json::from_slice(&self.body).map_err(|_| {
            let begins: String = String::from_utf8_lossy(&self.body).chars().take(60).collect();
            CarrierError::Unreadable(format!("status {} with a body that is no JSON: {begins:?}", self.status))
        })
    }

    /// The body as a type.
    pub(crate) fn read<T: serde::de::DeserializeOwned>(&self) -> Result<T, CarrierError> {
        serde_json::from_slice(&self.body).map_err(|error| match self.json() {
            Ok(_) => CarrierError::Unreadable(format!("status {} with an unexpected body: {error}", self.status)),
            Err(unreadable) => unreadable,
        })
    }
}

/// The names of fields whose values a trace must not show, whatever is in them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Black(pub(crate) &'static [&'static str]);

impl Black {
    /// A body as a trace shows it.
    pub(crate) fn out(self, body: &[u8]) -> String {
        match serde_json::from_slice::<Json>(body) {
            Ok(mut json) => {
                self.walk(&mut json);
                json.to_string()
            }
            Err(_) if body.is_empty() => String::new(),
            Err(_) => format!("[{} bytes that are no JSON]", body.len()),
        }
    }

    fn walk(self, value: &mut Json) {
        match value {
            Json::Object(members) => {
                for (name, value) in members {
                    if self.0.contains(&name.as_str()) {
                        *value = Json::from("[redacted]");
                    } else {
                        self.walk(value);
                    }
                }
            }
            Json::Array(list) => list.iter_mut().for_each(|value| self.walk(value)),
            Json::String(text) if text.len() > LONGEST_SHOWN => *text = format!("[{} characters]", text.len()),
            _ => {}
        }
    }
}

/// Writes an exchange down when it ends, also when nobody waits for its answer any more.
struct Noted<'a> {
    trace: &'a Trace,
    operation: String,
    request: String,
    answer: Option<String>,
}

impl Drop for Noted<'_> {
    fn drop(&mut self) {
        let request = std::mem::take(&mut self.request);
        self.trace.add(std::mem::take(&mut self.operation), request, self.answer.take());
    }
}

impl Http {
    /// Puts together what connectors are handed: a client with time-outs that follows no redirect, a guard for the URLs
    /// it is given, and a clock.
    pub fn new(client: reqwest::Client, guard: Arc<Guard>, now: Arc<Now>) -> Self {
        Self { client, guard, now, tokens: Arc::default() }
    }

    /// Now.
    pub(crate) fn now(&self) -> Timestamp {
        (self.now)()
    }

    /// A setting that holds the beginning of URLs, else the usual one; without a slash at its end.
    pub(crate) fn base(&self, account: &CarrierAccount, name: &'static str, usual: &str) -> Result<Url, Problem> {
        let typed = fields::text(account, name).unwrap_or(usual);
        let wrong = |why: String| {
            let hint = "expected an https URL with a public address, unless the operator sets allow_private_webhooks";
            Problem::new(name, format!("{name} is {typed:?}: {why}; {hint}"))
        };
        let url: Url =
            typed.trim_end_matches('/').parse().map_err(|error| wrong(format!("this is no URL: {error}")))?;
        if url.cannot_be_a_base() || url.query().is_some() || url.fragment().is_some() {
            return Err(wrong("this cannot be the beginning of other URLs".to_owned()));
        }
        (self.guard)(&url).map_or(Ok(url), |why| Err(wrong(why)))
    }

    /// Asks a carrier and reads its whole answer, whatever its status.
    pub(crate) async fn ask(&self, ask: Ask<'_>) -> Result<Reply, CarrierError> {
        let body = match ask.body {
            Body::Empty => None,
            Body::Form(form) => Some(("application/x-www-form-urlencoded", form.as_bytes().to_vec())),
            Body::Json(json) => Some(("application/json", json.to_string().into_bytes())),
        };
        let shown = match &body {
            None => String::new(),
            Some(("application/json", bytes)) => ask.black.out(bytes),
            Some((media_type, _)) => format!("[{media_type}]"),
        };
        // What stands behind the `?` may name the account.
        let operation = format!("{} {}", ask.method, ask.url.as_str().split('?').next().unwrap_or_default());
        let mut noted = Noted { trace: ask.trace, operation, request: shown, answer: None };
        if let Some(why) = (self.guard)(&ask.url) {
            return Err(CarrierError::busy(format!("it may not be asked: {why}"), None));
        }
        let mut request = self.client.request(ask.method, ask.url).timeout(LONGEST_WAIT);
        for (name, value) in ask.headers {
            request = request.header(name, value);
        }
        if let Some((media_type, bytes)) = body {
            request = request.header("content-type", media_type).body(bytes);
        }
        let mut answer = request.send().await.map_err(|error| broken(&error))?;
        let status = answer.status().as_u16();
        let retry_after = answer.headers().get("retry-after").and_then(|value| value.to_str().ok());
        let retry_after = retry_after.and_then(|text| self.wait(text));
        let mut body = Vec::new();
        while let Some(part) = answer.chunk().await.map_err(|error| broken(&error))? {
            if body.len() + part.len() > LONGEST_ANSWER {
                noted.answer = Some(format!("{status} [more than {LONGEST_ANSWER} bytes]"));
                return Err(CarrierError::Unreadable(format!("it is longer than {LONGEST_ANSWER} bytes")));
            }
            body.extend_from_slice(&part);
        }
        let wait = retry_after.map(|seconds| format!(" (wait {seconds} s)")).unwrap_or_default();
        noted.answer = Some(format!("{status}{wait} {}", ask.black.out(&body)).trim_end().to_owned());
        Ok(Reply { status, retry_after, body })
    }

    /// How many seconds a `Retry-After` header asks to wait: a number, or a date (RFC 9110, 10.2.3).
    fn wait(&self, text: &str) -> Option<u64> {
        if let Ok(seconds) = text.trim().parse() {
            return Some(seconds);
        }
        let at = jiff::fmt::rfc2822::parse(text.trim()).ok()?.timestamp();
        Some(u64::try_from(at.duration_since(self.now()).as_secs()).unwrap_or(0))
    }

    /// The token of these credentials, bought when there is none, it is about to end, or it is the one that was `refused`.
    /// Whoever comes while it is bought waits for it.
    pub(crate) async fn token(
        &self,
        credentials: &[&str],
        refused: Option<&Token>,
        buy: impl AsyncFnOnce() -> Result<Token, CarrierError>,
    ) -> Result<Token, CarrierError> {
        let mut hash = Sha256::new();
        for part in credentials {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        let slot = {
            let mut tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(tokens.entry(hash.finalize().into()).or_default())
        };
        let mut held = slot.lock().await;
        let is_good =
            |token: &&Token| token.renew_at > self.now() && refused.is_none_or(|refused| refused.text != token.text);
        if let Some(token) = held.as_ref().filter(is_good) {
            return Ok(token.clone());
        }
        *held = None;
        let token = buy().await?;
        *held = Some(token.clone());
        Ok(token)
    }
}

/// What broke, without the URL.
fn broken(error: &reqwest::Error) -> CarrierError {
    if error.is_connect() {
        return CarrierError::busy("no connection", None);
    }
    CarrierError::unavailable(if error.is_timeout() { "no answer in time" } else { "the connection broke" })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn http() -> Http {
        crate::testing::http()
    }

    #[test]
    fn a_token_is_renewed_before_its_end() {
        let lives = |seconds: u64| {
            let token = Token::living("t".to_owned(), seconds, Timestamp::UNIX_EPOCH);
            token.renew_at.as_second()
        };
        assert_eq!([14399, 1800, 60, 0].map(lives), [14099, 1620, 54, 0]);
    }

    #[tokio::test]
    async fn one_buys_a_token_while_the_others_wait_and_a_refused_one_is_renewed_once() {
        let http = http();
        let bought = std::sync::atomic::AtomicU64::new(0);
        let buy = async || {
            tokio::time::sleep(Duration::from_millis(20)).await;
            let number = bought.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            Ok(Token::living(number.to_string(), 3600, http.now()))
        };
        let all = futures::future::join_all((0..20).map(|_| http.token(&["id", "secret"], None, buy))).await;
        assert!(all.iter().all(|token| token.as_ref().unwrap().text.reveal() == "0"));
        let refused = all[0].clone().unwrap();
        let all = futures::future::join_all((0..20).map(|_| http.token(&["id", "secret"], Some(&refused), buy))).await;
        assert!(all.iter().all(|token| token.as_ref().unwrap().text.reveal() == "1"));
        let other = http.token(&["ids", "ecret"], None, buy).await.unwrap();
        assert_eq!(other.text.reveal(), "2");
    }

    #[test]
    fn a_trace_shows_neither_secrets_nor_labels() {
        let black = Black(&["Name", "access_token"]);
        let label = "A".repeat(1000);
        let body =
            serde_json::json!({ "a": [{ "Name": { "x": 1 }, "Code": "03" }], "access_token": "t", "label": label });
        insta::assert_snapshot!(
            black.out(body.to_string().as_bytes()),
            @r#"{"a":[{"Code":"03","Name":"[redacted]"}],"access_token":"[redacted]","label":"[1000 characters]"}"#
        );
        assert_eq!(black.out(b"<html>Erika</html>"), "[18 bytes that are no JSON]");
    }

    #[test]
    fn a_wait_is_a_number_or_a_date() {
        let http = http();
        assert_eq!(http.wait("17"), Some(17));
        assert_eq!(http.wait("Thu, 01 Jan 1970 00:01:00 GMT"), Some(60));
        assert_eq!(http.wait("soon"), None);
    }

    #[test]
    fn a_base_url_must_pass_the_guard() {
        let mut account = crate::conformance::empty_account("ups");
        let base = |account: &CarrierAccount| http().base(account, "base_url", "https://example.com/api");
        assert_eq!(base(&account).unwrap().as_str(), "https://example.com/api");
        for (typed, why) in [("ftp://example.com", "is not http"), ("example", "no URL"), ("https://a/?b", "beginning")]
        {
            account.settings.insert("base_url".to_owned(), typed.to_owned());
            let problem = base(&account).unwrap_err();
            assert!(problem.path == "base_url" && problem.message.contains(why), "{problem:?}");
        }
    }
}
