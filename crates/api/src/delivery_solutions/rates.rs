//! Rates of up to ten locations.

use app::orders::OrderDraft;
use app::rates::Quote;
use app::{App, Caller};
use domain::channel::Dialect;
use domain::location::{Location, Promise};
use domain::order::OrderDetails;
use domain::rate::Rate;
use domain::tenant::Scope;
use domain::{Error, Result};
use futures::future::join_all;
use http::StatusCode;

use super::core::Reply;
use super::encode::{number, object, words};
use super::error::{Detail, Kind, Refusal};
use super::kept::{self, Kept, Window};
use super::{LENIENCY, decode, names};
use crate::json::Json;
use crate::json::fields::{Fault, Notes, text};

/// Locations in one request.
const MOST_LOCATIONS: usize = 10;

/// The locations that a request names, in one field or in a list.
fn locations(body: &Json<'_>) -> Result<Vec<String>, Refusal> {
    let notes = Notes::new(LENIENCY);
    let mut named = Vec::new();
    notes.root(body).fields().map(|fields| {
        named.extend(
            fields
                .optional("locationExternalIds", |node| node.list(MOST_LOCATIONS, text(1, 100)))
                .into_iter()
                .flatten(),
        );
        named.extend(fields.optional("locationExternalId", text(1, 100)));
        if named.is_empty() && notes.is_clean() {
            fields.fault::<()>("locationExternalId", Fault::Missing);
        }
        Some(())
    });
    let flaws = notes.flaws();
    Refusal::of(&flaws, body, Kind::ValidationError, Kind::ValidationError).map_or(Ok(named), Err)
}

/// What each location could ship an order for; nothing is stored. What goes wrong at one hides no other.
pub(super) async fn quote(app: &App, caller: &Caller, body: &Json<'_>) -> Result<Reply, Refusal> {
    caller.require(Scope::Read)?;
    let named = locations(body)?;
    let mut body = super::encode::owned(body);
    if let (Json::Object(members), Some(first)) = (&mut body, named.first()) {
        members.retain(|(name, _)| name != "locationExternalId");
        let known = |name: &&String| caller.setup.location(Dialect::DeliverySolutions, name).is_some();
        let any = named.iter().find(known).unwrap_or(first).clone();
        members.push(("locationExternalId".into(), Json::from(any)));
    }
    let details = match decode::for_rates(&body, &caller.setup) {
        Ok(details) => Some(details),
        // None of the locations is known: each is told of by itself.
        Err(refusal) if refusal.kind == Kind::InvalidData => None,
        Err(refusal) => return Err(refusal),
    };
    let asked = named.iter().map(|name| of_location(app, caller, details.as_ref(), name));
    let (mut rates, mut errors) = (Vec::new(), Vec::new());
    for (name, answer) in named.iter().zip(join_all(asked).await) {
        match answer {
            Ok(found) => rates.extend(found),
            Err(refusal) if refusal.status >= 500 => return Err(refusal),
            Err(refusal) => errors.push(told(&refusal, name)),
        }
    }
    let id = format!("rate_{}", app.random().token::<12>());
    let members = vec![("rateId", Json::from(id)), ("rates", Json::List(rates)), ("errors", Json::List(errors))];
    Ok((StatusCode::OK, object(members)))
}

fn told(refusal: &Refusal, location: &str) -> Json<'static> {
    let detail = refusal
        .errors
        .first()
        .cloned()
        .unwrap_or_else(|| Detail { message: refusal.message.clone(), ..Detail::default() });
    let message = detail.message.replace("locationExternalId", "storeExternalId");
    object(vec![
        ("type", Json::from(detail.word.unwrap_or(refusal.kind.row().word_in_v2))),
        ("message", Json::from(message)),
        ("parameter", Json::from(format!("storeExternalId: {location}"))),
    ])
}

async fn of_location(
    app: &App,
    caller: &Caller,
    details: Option<&OrderDetails>,
    name: &str,
) -> Result<Vec<Json<'static>>, Refusal> {
    let location = caller.setup.location(Dialect::DeliverySolutions, name);
    let (Some(location), Some(details)) = (location, details) else { return Err(Refusal::no_such_location(name)) };
    let details = OrderDetails { ship_from: Some(location.external_id.clone()), ..details.clone() };
    let wish = kept::wish_of(&details);
    let channel = Dialect::DeliverySolutions.default_channel();
    let quote = app.quote_unplaced(caller, OrderDraft { id: None, channel, details: details.clone() }, &wish).await?;
    if quote.rates.is_empty() {
        let carrier = quote.failed.into_iter().next().map(|(_, error)| Error::Carrier(error, None));
        return Err(carrier.map_or_else(|| Refusal::new(Kind::NoProviderMatched), Refusal::from));
    }
    let kept = Kept::in_details(&details);
    Ok(quote.rates.iter().map(|rate| of_rate(app, caller, location, name, &kept, &quote, rate)).collect())
}

fn of_rate(
    app: &App,
    caller: &Caller,
    location: &Location,
    name: &str,
    kept: &Kept,
    quote: &Quote,
    rate: &Rate,
) -> Json<'static> {
    let account = caller.setup.account(&rate.service.account);
    let alias = account.and_then(|account| account.account.aliases.get(&Dialect::DeliverySolutions));
    let zone = caller.setup.zone_of(location);
    let promise: Promise = location.promise(app.now(), rate.transit_days, &zone);
    let start = |day: jiff::civil::Date| day.to_zoned(zone.clone()).ok().map(|at| at.timestamp().as_millisecond());
    let arrives = promise.delivery.and_then(|day| start(day.tomorrow().ok()?)).map(|next| next - 1);
    let (pickup, delivery): (Window, Window) = (kept.pickup.unwrap_or_default(), kept.delivery.unwrap_or_default());
    let cents = || names::cents(&rate.total.amount.into());
    // Who cannot void a booking says so before it is bought.
    let is_final = account.and_then(|account| account.profile).is_some_and(|profile| !profile.can_cancel);
    let tags = if is_final { vec![Json::from("NON_CANCELABLE")] } else { Vec::new() };
    object(vec![
        ("provider", Json::from(alias.unwrap_or(&rate.service.account).clone())),
        ("serviceType", Json::from(rate.service_name.clone())),
        ("serviceId", Json::from(rate.service.service.clone())),
        ("storeExternalId", Json::from(name.to_owned())),
        ("amount", cents()),
        ("fee", cents()),
        ("currencyCode", Json::from(rate.total.currency.to_string())),
        ("requestedPickupTimeStarts", number(pickup.starts_at)),
        ("requestedPickupTimeEnds", number(pickup.ends_at)),
        ("requestedDropoffTimeStarts", number(delivery.starts_at)),
        ("requestedDropoffTimeEnds", number(delivery.ends_at)),
        ("estimatedPickupTimeStarts", number(start(promise.hand_over))),
        ("estimatedPickupTimeEnds", Json::Null),
        ("estimatedDeliveryTimeStarts", Json::Null),
        ("estimatedDeliveryTimeEnds", number(arrives)),
        ("expires", number(rate.expires_at.map(domain::Timestamp::as_millisecond))),
        ("ruleApplied", words(quote.decision.decided_by.clone())),
        ("noEstimate", Json::from(false)),
        ("tags", Json::List(tags)),
    ])
}
