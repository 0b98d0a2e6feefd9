//! `ups`: the parcel carrier UPS by its REST interface, version 2409, with an OAuth 2 token of client credentials.
//!
//! Quotes come with transit times, list and contract price apart. UPS neither takes an idempotency key nor shows a booking
//! at once: what became of a lost answer is searched by our reference for an hour, and never asked for twice.
//! Source of wire facts: UPS's published OpenAPI documents `Rating`, `Shipping`, `Tracking` and `OAuthClientCredentials`.

mod book;
mod codes;
mod party;
mod quote;
#[cfg(any(test, feature = "testing"))]
pub mod stand_in;
#[cfg(test)]
pub(crate) mod tests;
mod track;
mod wire;

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::account::CarrierAccount;
use domain::address::AddressLimits;
use domain::connector::{
    Abilities, Answer, BookRequest, Booking, CancelRequest, Checked, Connection, Connector, Field, FieldKind,
    Interface, Label, LabelRequest, Offer, Profile, RateRequest, Trace, TrackRequest,
};
use domain::document::Format;
use domain::tracking::{Milestone, TrackingReport, TrackingStatus};
use domain::{CarrierError, Problem, Secret};
use reqwest::{Method, Url};
use serde_json::Value as Json;

use crate::fields;
use crate::http::{Ask, Black, Body, Http, Reply, Token};

static PROFILE: Profile = Profile {
    carrier: "ups",
    name: "UPS",
    fields: &[
        field("client_id", FieldKind::Text, true, "the client id of the app in the UPS developer portal"),
        field("client_secret", FieldKind::Secret, true, "the client secret of that app"),
        field("account_number", FieldKind::Text, true, "the six letters and digits of the UPS account that pays"),
        field("pickup_type", FieldKind::Text, false, "how UPS gets the parcels: 01 daily (usual), 03, 06, 19 or 20"),
        field("png_labels", FieldKind::Text, false, "yes, if UPS answers this account with labels as PNG; no is usual"),
        field("base_url", FieldKind::Text, false, "where UPS is asked; https://onlinetools.ups.com/api is usual"),
        field("token_url", FieldKind::Text, false, "the host tokens come from; https://onlinetools.ups.com is usual"),
    ],
    is_live: true,
    is_test: false,
    asks_nobody: false,
    can_track: true,
    takes_pushes: false,
    can_cancel: true,
    books_once_a_reference: false,
    has_one_number: false,
    collects_cash: false,
    serials_a_parcel: 0,
    manifests: false,
    collects: false,
    interface: Interface::endless("REST v2409, tracking v1, label recovery v1"),
};

/// Packages of one shipment (Shipping API, `Shipment.Package`).
const MOST_PARCELS: u32 = 200;

const fn field(name: &'static str, kind: FieldKind, is_required: bool, help: &'static str) -> Field {
    Field { name, help, kind, is_required }
}

/// What a trace never shows: people, credentials, and the pictures of labels and signatures.
const BLACK: Black = Black(&[
    "AccountNumber",
    "AddressLine",
    "AttentionName",
    "EMailAddress",
    "GraphicImage",
    "HTMLImage",
    "Name",
    "Phone",
    "ShipperNumber",
    "access_token",
    "client_id",
    "deliveryPhoto",
    "pod",
    "receivedBy",
    "signature",
]);

/// The connector.
pub struct Ups(Http);

/// The connector, with what it is handed.
pub(crate) fn connector(http: &Http) -> Arc<dyn Connector> {
    Arc::new(Ups(http.clone()))
}

impl Connector for Ups {
    fn profile(&self) -> &'static Profile {
        &PROFILE
    }

    fn connect(&self, account: &CarrierAccount) -> Result<Arc<dyn Connection>, Vec<Problem>> {
        let mut problems = fields::problems(&PROFILE, account);
        let text = |name| fields::text(account, name).unwrap_or_default().to_owned();
        let account_number = text("account_number").to_ascii_uppercase();
        let is_number = account_number.len() == 6 && account_number.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if !is_number && !account_number.is_empty() {
            let message = format!("account_number is {account_number:?}: expected six letters and digits");
            problems.push(Problem::new("account_number", message));
        }
        let mut choice = |name: &str, usual: &'static str, others: &[&'static str]| {
            let Some(typed) = fields::text(account, name) else { return usual };
            let known = std::iter::once(&usual).chain(others);
            known.clone().find(|known| **known == typed).copied().unwrap_or_else(|| {
                let known = known.copied().collect::<Vec<_>>().join(", ");
                problems.push(Problem::new(name, format!("{name} is {typed:?}: expected one of {known}")));
                usual
            })
        };
        let pickup_type = choice("pickup_type", "01", &["03", "06", "19", "20"]);
        let has_png = choice("png_labels", "no", &["yes"]) == "yes";
        let base = self.0.base(account, "base_url", "https://onlinetools.ups.com/api");
        let token_host = self.0.base(account, "token_url", "https://onlinetools.ups.com");
        match (base, token_host) {
            (Ok(base), Ok(token_host)) if problems.is_empty() => Ok(Arc::new(Shipper {
                http: self.0.clone(),
                account: account.id.clone(),
                client_id: text("client_id"),
                client_secret: account.credentials.get("client_secret").cloned().unwrap_or_else(|| Secret::new("")),
                account_number,
                pickup_type,
                has_png,
                base,
                token_host,
            })),
            (base, token_host) => {
                problems.extend(base.err());
                problems.extend(token_host.err());
                Err(problems)
            }
        }
    }
}

/// One account.
struct Shipper {
    http: Http,
    account: String,
    client_id: String,
    client_secret: Secret,
    account_number: String,
    /// How UPS gets the parcels.
    pickup_type: &'static str,
    has_png: bool,
    base: Url,
    token_host: Url,
}

/// One call of UPS below the base URL.
struct Call<'a> {
    method: Method,
    path: &'a [&'a str],
    query: &'a [(&'a str, &'a str)],
    body: Option<Json>,
    /// Our name of the request: at most 32 characters.
    id: &'a str,
}

impl Shipper {
    /// The token in force, or the one after `refused`.
    async fn token(&self, refused: Option<&Token>, trace: &Trace) -> Result<Token, CarrierError> {
        let secret = self.client_secret.reveal();
        let credentials = [self.token_host.as_str(), &self.client_id, secret];
        self.http.token(&credentials, refused, async || self.buy_token(trace).await).await
    }

    async fn buy_token(&self, trace: &Trace) -> Result<Token, CarrierError> {
        let basic = STANDARD.encode(format!("{}:{}", self.client_id, self.client_secret.reveal()));
        let ask = Ask {
            method: Method::POST,
            url: below(&self.token_host, &["security", "v1", "oauth", "token"], &[]),
            headers: vec![("authorization", format!("Basic {basic}")), ("x-merchant-id", self.account_number.clone())],
            body: Body::Form("grant_type=client_credentials"),
            black: BLACK,
            trace,
        };
        // Whatever goes wrong here, the carrier was not asked for anything yet.
        let early = |error: CarrierError| match error {
            CarrierError::Unavailable { message, retry_after, .. } => CarrierError::busy(message, retry_after),
            CarrierError::Unreadable(why) => CarrierError::busy(format!("its token cannot be read: {why}"), None),
            CarrierError::Refused(problems) => CarrierError::Credentials(CarrierError::Refused(problems).to_string()),
            other => other,
        };
        let reply = self.http.ask(ask).await.map_err(early)?;
        if reply.status != 200 {
            return Err(early(codes::error(&reply)));
        }
        let answer: wire::TokenAnswer = reply.read().map_err(early)?;
        let seconds = answer.expires_in.parse().unwrap_or(0);
        Ok(Token::living(answer.access_token, seconds, self.http.now()))
    }

    /// Asks UPS; a token that is refused is renewed once.
    async fn call(&self, call: &Call<'_>, trace: &Trace) -> Result<Reply, CarrierError> {
        let token = self.token(None, trace).await?;
        let reply = self.call_with(&token, call, trace).await?;
        if reply.status != 401 {
            return Ok(reply);
        }
        let token = self.token(Some(&token), trace).await?;
        self.call_with(&token, call, trace).await
    }

    async fn call_with(&self, token: &Token, call: &Call<'_>, trace: &Trace) -> Result<Reply, CarrierError> {
        let ask = Ask {
            method: call.method.clone(),
            url: below(&self.base, call.path, call.query),
            headers: vec![
                ("authorization", format!("Bearer {}", token.text.reveal())),
                ("transId", call.id.chars().take(32).collect()),
                ("transactionSrc", "waybill".to_owned()),
            ],
            body: call.body.clone().map_or(Body::Empty, Body::Json),
            black: BLACK,
            trace,
        };
        self.http.ask(ask).await
    }

    /// The same, with every status but 200 an error.
    async fn yes(&self, call: &Call<'_>, trace: &Trace) -> Result<Reply, CarrierError> {
        let reply = self.call(call, trace).await?;
        if reply.status == 200 { Ok(reply) } else { Err(codes::error(&reply)) }
    }
}

/// A URL below another, with each step of the path encoded.
fn below(base: &Url, path: &[&str], query: &[(&str, &str)]) -> Url {
    let mut url = base.clone();
    if let Ok(mut steps) = url.path_segments_mut() {
        steps.pop_if_empty().extend(path);
    }
    if !query.is_empty() {
        url.query_pairs_mut().extend_pairs(query);
    }
    url
}

impl Connection for Shipper {
    /// A label of UPS shows the shipper's address and no other to go back to.
    fn abilities(&self, _service: &str) -> Abilities {
        Abilities { returns: true, prints_return_address: false }
    }

    fn rates<'a>(&'a self, ask: &'a RateRequest, trace: &'a Trace) -> Answer<'a, Offer> {
        Box::pin(async move {
            let left_out = quote::unfit(ask, &self.account);
            if !left_out.is_empty() {
                return Ok(Offer { rates: Vec::new(), left_out });
            }
            let way = if ask.service.is_some() { "Ratetimeintransit" } else { "Shoptimeintransit" };
            let call = Call {
                method: Method::POST,
                path: &["rating", wire::VERSION, way],
                query: &[],
                body: Some(quote::request(ask, &self.account_number, self.pickup_type)),
                id: &ask.reference,
            };
            let reply = self.yes(&call, trace).await?;
            quote::offer(&reply.read()?, ask, &self.account)
        })
    }

    fn address_limits(&self, _service: &str) -> AddressLimits {
        party::LIMITS
    }

    fn most_parcels(&self, _service: &str) -> Option<u32> {
        Some(MOST_PARCELS)
    }

    fn services(&self) -> Vec<String> {
        codes::SERVICES.map(str::to_owned).to_vec()
    }

    fn book<'a>(&'a self, ask: &'a BookRequest, trace: &'a Trace) -> Answer<'a, Booking> {
        Box::pin(self.book_now(ask, trace))
    }

    fn find<'a>(&'a self, ask: &'a BookRequest, trace: &'a Trace) -> Answer<'a, Option<Booking>> {
        Box::pin(self.find_now(ask, trace))
    }

    fn labels<'a>(&'a self, ask: &'a LabelRequest, trace: &'a Trace) -> Answer<'a, Vec<Option<Label>>> {
        Box::pin(self.fetch_labels(ask, trace))
    }

    fn cancel<'a>(&'a self, ask: &'a CancelRequest, trace: &'a Trace) -> Answer<'a, ()> {
        Box::pin(self.void(ask, trace))
    }

    fn track<'a>(&'a self, ask: &'a TrackRequest, trace: &'a Trace) -> Answer<'a, Vec<TrackingReport>> {
        Box::pin(async move {
            let query = [("locale", "en_US"), ("returnSignature", "false"), ("returnPOD", "false")];
            let call = Call {
                method: Method::GET,
                path: &["track", "v1", "details", &ask.tracking_number],
                query: &query,
                body: None,
                id: &ask.tracking_number,
            };
            let reply = self.call(&call, trace).await?;
            if reply.status == 404 {
                // Whether an unknown number is a 404 or a 200 with a warning, no document says.
                return Ok(Vec::new());
            }
            if reply.status != 200 {
                return Err(codes::error(&reply));
            }
            track::reports(reply.read()?, &ask.tracking_number)
        })
    }

    fn check<'a>(&'a self, trace: &'a Trace) -> Answer<'a, Checked> {
        Box::pin(self.try_products(trace))
    }

    fn read_code(&self, code: &str) -> (TrackingStatus, Option<Milestone>) {
        codes::meaning(code)
    }
}

impl Shipper {
    /// Tries every product of the app with a question that buys nothing: one that is not added to the app answers as if the
    /// credentials were bad.
    async fn try_products(&self, trace: &Trace) -> Result<Checked, CarrierError> {
        self.token(None, trace).await?;
        let unknown = codes::NO_NUMBER;
        let calls = [
            (
                "Rating",
                "quotes",
                Call {
                    method: Method::POST,
                    path: &["rating", wire::VERSION, "Shop"],
                    query: &[],
                    body: Some(quote::sample(&self.account_number, self.pickup_type)),
                    id: "check",
                },
            ),
            (
                "Shipping",
                "labels and cancellations",
                Call {
                    method: Method::POST,
                    path: &["labels", "v1", "recovery"],
                    query: &[],
                    body: Some(book::recovery(unknown, Format::default())),
                    id: "check",
                },
            ),
            (
                "Tracking",
                "tracking",
                Call {
                    method: Method::GET,
                    path: &["track", "v1", "details", unknown],
                    query: &[("locale", "en_US")],
                    body: None,
                    id: "check",
                },
            ),
        ];
        let mut checked = Checked::default();
        for (product, used_for, call) in calls {
            let reply = self.call(&call, trace).await?;
            match (reply.status, codes::error(&reply)) {
                (200, _) | (_, CarrierError::Refused(_) | CarrierError::Unsupported(_)) => {}
                (_, CarrierError::Credentials(_)) => {
                    checked.missing.push(format!("{product} ({used_for}): add this product to the app at UPS"));
                }
                (_, error) => return Err(error),
            }
        }
        checked.notes.push("tried without buying: a token, Rating, Shipping and Tracking".to_owned());
        Ok(checked)
    }
}
