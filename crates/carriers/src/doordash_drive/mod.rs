//! `doordash_drive`: a courier of DoorDash who comes at once and delivers the same hour, by the Drive interface, version 2.
//!
//! A quote is taken by its id within five minutes; later, or without one, a delivery is made under our reference. Both ids
//! are ours, so a lost answer is looked up and nothing is ordered twice. DoorDash tells each step to the account's push address;
//! asking is the net below that. Source of wire facts: DoorDash's Drive documentation and its own generated client.

mod codes;
mod delivery;
mod jwt;
mod push;
#[cfg(any(test, feature = "testing"))]
pub mod stand_in;
#[cfg(test)]
pub(crate) mod tests;
mod wire;

use std::sync::Arc;
use std::time::Duration;

use domain::account::CarrierAccount;
use domain::address::AddressLimits;
use domain::connector::{
    Answer, BookRequest, Booking, CancelRequest, Checked, Connection, Connector, Field, FieldKind, Interface, Offer,
    Profile, Push, PushError, Pushed, RateRequest, Trace, TrackRequest,
};
use domain::service::ServiceCode;
use domain::tracking::{Milestone, TrackingReport, TrackingStatus};
use domain::{CarrierError, Problem, Secret};
use reqwest::{Method, Url};
use serde_json::{Value as Json, json};

use crate::fields;
use crate::http::{Ask, Black, Body, Http, Reply};
use wire::Delivery;

static PROFILE: Profile = Profile {
    carrier: "doordash_drive",
    name: "DoorDash Drive",
    fields: &[
        field("developer_id", FieldKind::Text, true, "the developer id of the access key"),
        field("key_id", FieldKind::Text, true, "the key id of the access key"),
        field("signing_secret", FieldKind::Secret, true, "the signing secret of the access key, as it was shown"),
        field(
            "push_authorization",
            FieldKind::Secret,
            false,
            "the whole Authorization header that DoorDash sends with its webhooks, such as \"Basic …\"",
        ),
        field("base_url", FieldKind::Text, false, "where DoorDash is asked; https://openapi.doordash.com is usual"),
    ],
    is_live: true,
    is_test: false,
    asks_nobody: false,
    can_track: true,
    takes_pushes: true,
    can_cancel: true,
    books_once_a_reference: true,
    has_one_number: true,
    collects_cash: false,
    serials_a_parcel: 0,
    manifests: false,
    collects: false,
    interface: Interface::endless("Drive API v2"),
};

const fn field(name: &'static str, kind: FieldKind, is_required: bool, help: &'static str) -> Field {
    Field { name, help, kind, is_required }
}

/// The only service there is.
const SERVICE: &str = "standard";

/// How long a quote is offered: half a minute less than DoorDash takes it.
const OFFERED_FOR: Duration = Duration::from_secs(270);

/// What a trace never shows: people, where exactly they live, and the courier.
const BLACK: Black = Black(&[
    "dasher_dropoff_phone_number",
    "dasher_id",
    "dasher_location",
    "dasher_name",
    "dasher_pickup_phone_number",
    "dasher_vehicle_license_plate",
    "dropoff_address",
    "dropoff_address_components",
    "dropoff_business_name",
    "dropoff_contact_family_name",
    "dropoff_contact_given_name",
    "dropoff_instructions",
    "dropoff_location",
    "dropoff_phone_number",
    "dropoff_signature_image_url",
    "dropoff_verification_image_url",
    "pickup_address",
    "pickup_phone_number",
    "pickup_verification_image_url",
    "return_address",
    "tracking_url",
]);

/// The connector.
pub struct DoorDashDrive(Http);

/// The connector, with what it is handed.
pub(crate) fn connector(http: &Http) -> Arc<dyn Connector> {
    Arc::new(DoorDashDrive(http.clone()))
}

impl Connector for DoorDashDrive {
    fn profile(&self) -> &'static Profile {
        &PROFILE
    }

    fn connect(&self, account: &CarrierAccount) -> Result<Arc<dyn Connection>, Vec<Problem>> {
        let mut problems = fields::problems(&PROFILE, account);
        let secret = account.credentials.get("signing_secret").map(Secret::reveal).unwrap_or_default();
        let key = jwt::key(secret);
        if key.is_none() && !secret.is_empty() {
            let message = "signing_secret is no base64url: expected the text that DoorDash showed with the access key";
            problems.push(Problem::new("signing_secret", message));
        }
        let base = self.0.base(account, "base_url", "https://openapi.doordash.com");
        let text = |name| fields::text(account, name).unwrap_or_default().to_owned();
        match (key, base) {
            (Some(key), Ok(base)) if problems.is_empty() => Ok(Arc::new(Courier {
                http: self.0.clone(),
                account: account.id.clone(),
                signer: jwt::Signer { developer_id: text("developer_id"), key_id: text("key_id"), key },
                push_authorization: account.credentials.get("push_authorization").cloned(),
                base,
            })),
            (_, base) => {
                problems.extend(base.err());
                Err(problems)
            }
        }
    }
}

/// One account.
struct Courier {
    http: Http,
    account: String,
    signer: jwt::Signer,
    push_authorization: Option<Secret>,
    base: Url,
}

impl Courier {
    async fn call(
        &self,
        method: Method,
        path: &[&str],
        body: Option<Json>,
        trace: &Trace,
    ) -> Result<Reply, CarrierError> {
        let mut url = self.base.clone();
        if let Ok(mut steps) = url.path_segments_mut() {
            steps.pop_if_empty().extend(["drive", "v2"]).extend(path);
        }
        let token = self.signer.token(self.http.now());
        let ask = Ask {
            method,
            url,
            headers: vec![("authorization", format!("Bearer {token}"))],
            body: body.map_or(Body::Empty, Body::Json),
            black: BLACK,
            trace,
        };
        self.http.ask(ask).await
    }

    /// A delivery, or what went wrong.
    async fn delivery(
        &self,
        method: Method,
        path: &[&str],
        body: Option<Json>,
        trace: &Trace,
    ) -> Result<Delivery, CarrierError> {
        let reply = self.call(method, path, body, trace).await?;
        if reply.status == 200 { reply.read() } else { Err(codes::error(&reply)) }
    }

    /// A delivery by its id, or `None` when there is none.
    async fn known(&self, id: &str, trace: &Trace) -> Result<Option<Delivery>, CarrierError> {
        let reply = self.call(Method::GET, &["deliveries", id], None, trace).await?;
        match reply.status {
            200 => reply.read().map(Some),
            404 => Ok(None),
            _ => Err(codes::error(&reply)),
        }
    }

    async fn quote(&self, ask: &RateRequest, trace: &Trace) -> Result<Offer, CarrierError> {
        let service = ServiceCode::new(&self.account, SERVICE);
        let out = |why: String| Offer { rates: Vec::new(), left_out: vec![(service.clone(), why)] };
        if let Some(other) = ask.service.as_deref().filter(|other| *other != SERVICE) {
            let code = ServiceCode::new(&self.account, other);
            return Ok(Offer { rates: Vec::new(), left_out: vec![(code, "DoorDash has no such service".to_owned())] });
        }
        let asked = delivery::Asked::of_rates(ask);
        let problems = asked.problems();
        if !problems.is_empty() {
            let reasons: Vec<_> = problems.into_iter().map(|problem| problem.message).collect();
            return Ok(out(reasons.join("; ")));
        }
        let quoted = match self.delivery(Method::POST, &["quotes"], Some(asked.request(&ask.reference)), trace).await {
            // The same question asked again: its answer is there already.
            Err(error) if codes::is_duplicate(&error) => match self.known(&ask.reference, trace).await? {
                Some(quoted) => quoted,
                None => return Err(error),
            },
            Err(CarrierError::Unsupported(why)) => return Ok(out(why)),
            quoted => quoted?,
        };
        let rate = delivery::rate(&quoted, ask, service, OFFERED_FOR)?;
        Ok(Offer { rates: vec![rate], left_out: Vec::new() })
    }

    /// The booking behind an id, if it is one; a quote that nobody took is none.
    async fn booked(&self, id: &str, ask: &BookRequest, trace: &Trace) -> Result<Option<Booking>, CarrierError> {
        match self.known(id, trace).await? {
            Some(delivery) if delivery.delivery_status == "quote" => Ok(None),
            Some(delivery) => delivery::booking(&delivery, ask).map(Some),
            None => Ok(None),
        }
    }

    async fn book_now(&self, ask: &BookRequest, trace: &Trace) -> Result<Booking, CarrierError> {
        let asked = delivery::Asked::of_booking(ask);
        let misfits = delivery::LIMITS.misfits(&ask.sender, &ask.recipient, SERVICE);
        let problems = Problem::joined(misfits, asked.problems());
        if !problems.is_empty() {
            return Err(CarrierError::Refused(problems));
        }
        let rate = ask.rate.as_ref();
        let offer = rate.and_then(|rate| rate.offer.as_deref());
        if let Some(offer) = offer {
            if rate.and_then(|rate| rate.expires_at).is_some_and(|until| until > ask.now) {
                let path = ["quotes", offer, "accept"];
                return match self.delivery(Method::POST, &path, Some(json!({})), trace).await {
                    Ok(delivery) => delivery::booking(&delivery, ask),
                    // Perhaps it was taken before, and the answer was lost.
                    Err(error @ CarrierError::Refused(_)) => self.booked(offer, ask, trace).await?.ok_or(error),
                    Err(error) => Err(error),
                };
            }
            // It is over, but it may have been taken in time.
            if let Some(booking) = self.booked(offer, ask, trace).await? {
                return Ok(booking);
            }
        }
        let path = ["deliveries"];
        match self.delivery(Method::POST, &path, Some(asked.request(&ask.reference)), trace).await {
            Ok(delivery) => delivery::booking(&delivery, ask),
            Err(error) if codes::is_duplicate(&error) => self.booked(&ask.reference, ask, trace).await?.ok_or(error),
            Err(error) => Err(error),
        }
    }

    async fn find_now(&self, ask: &BookRequest, trace: &Trace) -> Result<Option<Booking>, CarrierError> {
        if let Some(offer) = ask.rate.as_ref().and_then(|rate| rate.offer.as_deref())
            && let Some(booking) = self.booked(offer, ask, trace).await?
        {
            return Ok(Some(booking));
        }
        self.booked(&ask.reference, ask, trace).await
    }
}

impl Connection for Courier {
    fn rates<'a>(&'a self, ask: &'a RateRequest, trace: &'a Trace) -> Answer<'a, Offer> {
        Box::pin(self.quote(ask, trace))
    }

    fn address_limits(&self, _service: &str) -> AddressLimits {
        delivery::LIMITS
    }

    fn services(&self) -> Vec<String> {
        vec![SERVICE.to_owned()]
    }

    fn book<'a>(&'a self, ask: &'a BookRequest, trace: &'a Trace) -> Answer<'a, Booking> {
        Box::pin(self.book_now(ask, trace))
    }

    fn find<'a>(&'a self, ask: &'a BookRequest, trace: &'a Trace) -> Answer<'a, Option<Booking>> {
        Box::pin(self.find_now(ask, trace))
    }

    fn cancel<'a>(&'a self, ask: &'a CancelRequest, trace: &'a Trace) -> Answer<'a, ()> {
        Box::pin(async move {
            let id = ask.carrier_reference.as_deref().unwrap_or(&ask.reference);
            let reply = self.call(Method::PUT, &["deliveries", id, "cancel"], None, trace).await?;
            if reply.status == 200 { Ok(()) } else { codes::cancelled(&reply) }
        })
    }

    fn track<'a>(&'a self, ask: &'a TrackRequest, trace: &'a Trace) -> Answer<'a, Vec<TrackingReport>> {
        Box::pin(async move {
            let delivery = self.known(&ask.tracking_number, trace).await?;
            let report = delivery.map(|delivery| delivery::report(&delivery, ask.now)).transpose()?;
            Ok(report.into_iter().filter(|report| report.status != ask.known).collect())
        })
    }

    /// Looks up a delivery that cannot be there: whoever may ask hears that there is none.
    fn check<'a>(&'a self, trace: &'a Trace) -> Answer<'a, Checked> {
        Box::pin(async move {
            let reply = self.call(Method::GET, &["deliveries", "waybill-check"], None, trace).await?;
            let mut checked = Checked::default();
            match reply.status {
                200 | 404 => {}
                403 => checked.missing.push("Drive: DoorDash does not let this access key use it".to_owned()),
                _ => return Err(codes::error(&reply)),
            }
            checked.notes.push("tried without ordering: a delivery that is not there was looked up".to_owned());
            if self.push_authorization.is_none() {
                let text = "push_authorization is not set: the push address alone proves that DoorDash tells";
                checked.notes.push(text.to_owned());
            }
            Ok(checked)
        })
    }

    fn read_push(&self, push: &Push<'_>) -> Result<Vec<Pushed>, PushError> {
        push::read(push, self.push_authorization.as_ref())
    }

    fn is_position(&self, code: &str) -> bool {
        codes::is_position(code)
    }

    fn read_code(&self, code: &str) -> (TrackingStatus, Option<Milestone>) {
        codes::meaning(code)
    }
}
