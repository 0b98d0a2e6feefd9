//! One order: what is in it, how it ships and why this way, what happened, and who was told.

use app::App;
use app::shipments::ShipWish;
use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use domain::address::AddressStatus;
use domain::event::Event;
use domain::ids::{OrderId, ShipmentId};
use domain::notice::{Notice, NoticeState};
use domain::order::{Order, ServiceWish};
use domain::rate::Rate;
use domain::routing::{CandidateOutcome, Decision, RuleOutcome, RuleScope};
use domain::shipment::{Shipment, ShipmentStatus};
use domain::tracking::TrackingStatus;
use domain::{Error, Timestamp};
use jiff::tz::TimeZone;

use super::deliveries::DeliveryLine;
use super::orders::title;
use super::problem::Refusal;
use crate::answer::{desk, go_to};
use crate::frame::Frame;
use crate::session::{Posted, Visit};
use crate::words::{self, Chip};

struct Item {
    name: String,
    sku: String,
    quantity: u64,
    price: String,
}

/// A parcel of a shipment.
struct ParcelLine {
    id: String,
    position: u32,
    number: String,
    weight: String,
    tracking: Chip,
    has_label: bool,
    page: Option<String>,
}

/// Why a service was taken or left out.
pub(super) struct Reason {
    pub(super) service: String,
    pub(super) price: String,
    pub(super) days: String,
    pub(super) chip: Chip,
    pub(super) why: String,
}

/// What became of a rule.
pub(super) struct RuleLine {
    pub(super) name: String,
    pub(super) scope: &'static str,
    pub(super) chip: Chip,
    pub(super) why: String,
}

/// Why a way was chosen.
pub(super) struct Why {
    pub(super) decided_by: Option<String>,
    pub(super) passed_over: bool,
    pub(super) rules: Vec<RuleLine>,
    pub(super) reasons: Vec<Reason>,
}

impl Why {
    pub(super) fn of(decision: &Decision) -> Self {
        let rules = decision.rules.iter().map(|rule| RuleLine {
            name: rule.name.clone(),
            scope: match rule.scope {
                RuleScope::Order => "the request",
                RuleScope::Location => "location",
                RuleScope::Brand => "brand",
                RuleScope::Tenant => "everywhere",
            },
            chip: match rule.outcome {
                RuleOutcome::Matched => Chip { words: "Matched, decides", tone: "good" },
                RuleOutcome::NotMatched => Chip { words: "Did not match", tone: "plain" },
                RuleOutcome::NotEvaluated => Chip { words: "Could not be evaluated", tone: "warning" },
                RuleOutcome::NotReached => Chip { words: "Not reached", tone: "plain" },
            },
            why: rule.why.clone().unwrap_or_default(),
        });
        let reasons = decision.candidates.iter().map(|one| Reason {
            service: one.service.clone(),
            price: one.total.as_ref().map_or_else(|| "–".to_owned(), words::money),
            days: one.transit_days.map_or_else(|| "–".to_owned(), |days| days.to_string()),
            chip: match one.outcome {
                CandidateOutcome::Chosen => Chip { words: "Chosen", tone: "good" },
                CandidateOutcome::Alternative => Chip { words: "Next choice", tone: "plain" },
                CandidateOutcome::Out => Chip { words: "Out", tone: "warning" },
            },
            why: one.why.clone(),
        });
        Self {
            decided_by: decision.decided_by.clone(),
            passed_over: decision.passed_over,
            rules: rules.collect(),
            reasons: reasons.collect(),
        }
    }
}

struct ShipmentBlock {
    id: String,
    chip: Chip,
    tracking: Chip,
    account: String,
    service: String,
    price: String,
    booked: Option<String>,
    failure: Option<String>,
    outdated: Vec<&'static str>,
    warnings: Vec<String>,
    parcels: Vec<ParcelLine>,
    why: Option<Why>,
    can_be_cancelled: bool,
    is_printable: bool,
    is_latest: bool,
    brought_by: Option<String>,
}

impl ShipmentBlock {
    fn of(shipment: &Shipment, order: &Order, is_latest: bool, visit: &Visit, app: &App) -> Self {
        let details = &shipment.details;
        let paid = details.charged.or(details.rate.as_ref().map(|rate| rate.total));
        let parcels = shipment.parcels.iter().map(|parcel| ParcelLine {
            id: parcel.id.to_string(),
            position: parcel.position,
            number: parcel.tracking_number.clone().unwrap_or_else(|| "–".to_owned()),
            weight: format!(
                "{} kg{}",
                parcel.parcel.weight.kilograms(),
                if parcel.parcel.weight_is_assumed { " (assumed)" } else { "" }
            ),
            tracking: words::tracking(parcel.tracking),
            has_label: parcel.has_label,
            page: details.booked_at.map(|_| format!("{}/t/{}", app.options().public_url, parcel.tracking_token)),
        });
        Self {
            id: shipment.id.to_string(),
            chip: words::shipment(shipment),
            tracking: words::tracking(shipment.tracking()),
            account: details.service.account.clone(),
            service: details.service_name.clone(),
            price: paid.as_ref().map_or_else(|| "–".to_owned(), words::money),
            booked: details.booked_at.map(|at| words::time(at, &visit.caller.setup.zone)),
            failure: details.failure.as_ref().map(ToString::to_string),
            outdated: if shipment.is_live() { shipment.outdated(&order.details) } else { Vec::new() },
            warnings: details.warnings.clone(),
            parcels: parcels.collect(),
            why: details.decision.as_ref().map(Why::of),
            can_be_cancelled: matches!(shipment.status, ShipmentStatus::Booking | ShipmentStatus::Booked)
                && !details.cancel_wanted
                && !shipment.parcels.iter().all(|parcel| parcel.tracking == TrackingStatus::Delivered),
            is_printable: shipment.is_live() && shipment.parcels.iter().any(|parcel| parcel.has_label),
            is_latest,
            brought_by: details.brought_by.as_ref().map(|brought| brought.who.clone()),
        }
    }
}

/// One line of the timeline.
struct Moment {
    at: Timestamp,
    when: String,
    title: String,
    text: String,
    tone: &'static str,
    deliveries: Vec<DeliveryLine>,
    letters: Vec<LetterLine>,
}

/// An e-mail to whoever waits.
struct LetterLine {
    to: String,
    chip: Chip,
    note: String,
    when: String,
}

impl LetterLine {
    fn of(notice: &Notice, zone: &TimeZone) -> Self {
        let (words, tone) = match notice.state {
            NoticeState::Waiting if notice.attempts > 0 => ("Tried, sent again", "warning"),
            NoticeState::Waiting => ("Waiting", "plain"),
            NoticeState::Sent => ("Sent", "good"),
            NoticeState::Failed => ("Refused", "trouble"),
            NoticeState::Dropped => ("Not sent", "plain"),
        };
        Self {
            to: notice.said.to.clone().unwrap_or_else(|| "whoever waits".to_owned()),
            chip: Chip { words, tone },
            note: notice.said.note.clone().unwrap_or_default(),
            when: words::time(notice.next_at, zone),
        }
    }
}

#[derive(Template)]
#[template(path = "order.html")]
struct OrderPage {
    frame: Frame,
    id: String,
    title: String,
    stage: Chip,
    shop: String,
    placed: String,
    external_id: Option<String>,
    total: String,
    recipient: Vec<String>,
    phone: Option<String>,
    email: Option<String>,
    notes: Option<String>,
    tags: Vec<String>,
    items: Vec<Item>,
    warnings: Vec<String>,
    unserved: Option<String>,
    address_failed: bool,
    shipments: Vec<ShipmentBlock>,
    has_live: bool,
    is_cancelled: bool,
    moments: Vec<Moment>,
    has_webhooks: bool,
}

pub(super) fn order_id(text: &str) -> Result<OrderId, Error> {
    OrderId::from_native(text).ok_or(Error::NotFound("order"))
}

fn words_of(event: &Event) -> String {
    let about = &event.about;
    let status =
        |text: &Option<String>| text.as_deref().and_then(TrackingStatus::parse).map(|one| words::tracking(one).words);
    if let (Some(old), Some(new)) = (status(&about.old), status(&about.new)) {
        return format!("{old} → {new}");
    }
    match (&about.old, &about.new, &about.reason) {
        (Some(old), Some(new), _) => format!("{old} → {new}"),
        (None, Some(new), None) => new.clone(),
        (_, _, Some(reason)) => reason.clone(),
        _ => String::new(),
    }
}

/// `GET /ui/orders/{id}`.
pub(crate) async fn show(State(app): State<App>, Path(id): Path<String>, visit: Visit) -> Result<Response, Refusal> {
    let order = app.order(&visit.caller, order_id(&id)?).await?;
    let story = app.story(&visit.caller, order).await?;
    let deliveries = app.deliveries_of_order(&visit.caller, story.order.id).await?;
    let notices = app.notices_of_order(&visit.caller, story.order.id).await?;
    let setup = &visit.caller.setup;
    let zone = &setup.zone;
    let order = &story.order;
    let details = &order.details;
    let mut moments: Vec<_> = story
        .events
        .iter()
        .map(|event| Moment {
            at: event.at,
            when: words::time(event.at, zone),
            title: words::event(event.kind),
            text: words_of(event),
            tone: "plain",
            deliveries: deliveries
                .iter()
                .filter(|view| view.delivery.event == event.id)
                .map(|view| DeliveryLine::of(view, zone))
                .collect(),
            letters: notices
                .iter()
                .filter(|notice| notice.event == event.id)
                .map(|notice| LetterLine::of(notice, zone))
                .collect(),
        })
        .chain(story.tracking.iter().map(|event| {
            let report = &event.report;
            let place = report.place.as_ref().and_then(|place| place.city.clone()).unwrap_or_default();
            let said = report.message.clone().unwrap_or_else(|| format!("code {}", report.code));
            Moment {
                at: event.sort_at,
                when: words::sent_time(report.happened_at, zone),
                title: format!("Carrier: {}", words::tracking(report.status).words),
                text: if place.is_empty() { said } else { format!("{said}, {place}") },
                tone: words::tracking(report.status).tone,
                deliveries: Vec::new(),
                letters: Vec::new(),
            }
        }))
        .collect();
    moments.sort_by_key(|moment| std::cmp::Reverse(moment.at));
    let price = |item: &domain::order::LineItem| item.total_price.or(item.unit_price);
    let address = details.shipping_address.as_ref();
    let last = story.shipments.len().saturating_sub(1);
    let mut shipments: Vec<_> = story
        .shipments
        .iter()
        .enumerate()
        .map(|(place, shipment)| ShipmentBlock::of(shipment, order, place == last, &visit, &app))
        .collect();
    shipments.reverse();
    let contact = details.customer.as_ref();
    let page = OrderPage {
        frame: visit.frame(format!("Order {}", title(order)), "orders"),
        id: order.id.to_string(),
        title: title(order),
        stage: words::stage(order.standing),
        shop: setup.channel(order.channel).map(|channel| channel.name.clone()).unwrap_or_default(),
        placed: details
            .placed_at
            .map_or_else(|| words::time(order.created_at, zone), |sent| words::sent_time(sent, zone)),
        external_id: details.external_id.clone(),
        total: details.payment.total.as_ref().map_or_else(|| "–".to_owned(), words::money),
        recipient: address.map(words::address).unwrap_or_default(),
        phone: address.and_then(|one| one.phone.clone()).or_else(|| contact.and_then(|one| one.phone.clone())),
        email: address.and_then(|one| one.email.clone()).or_else(|| contact.and_then(|one| one.email.clone())),
        notes: details.notes.clone(),
        tags: details.tags.clone().unwrap_or_default(),
        items: details
            .items
            .iter()
            .map(|item| Item {
                name: item.name.clone(),
                sku: item.sku.clone().unwrap_or_default(),
                quantity: item.quantity,
                price: price(item).as_ref().map_or_else(|| "–".to_owned(), words::money),
            })
            .collect(),
        warnings: app.order_warnings(&visit.caller, order),
        unserved: story.unserved().map(str::to_owned),
        address_failed: order.address_status() == AddressStatus::Failed,
        has_live: story.shipments.iter().any(Shipment::is_live),
        is_cancelled: order.cancelled_at.is_some(),
        shipments,
        has_webhooks: !setup.endpoints.is_empty(),
        moments,
    };
    Ok(desk(StatusCode::OK, &page))
}

/// A price and how it came about.
struct RateLine {
    code: String,
    name: String,
    total: String,
    days: String,
    parts: Vec<String>,
    is_first: bool,
}

impl RateLine {
    fn of(rate: &Rate, is_first: bool) -> Self {
        let billed = rate.parcels.iter().filter_map(|parcel| {
            let weight = parcel.billed_weight?;
            let because = if parcel.because.is_empty() { String::new() } else { format!(" ({})", parcel.because) };
            Some(format!("billed {} kg{because}: {}", weight.kilograms(), words::money(&parcel.price)))
        });
        let surcharges = rate.surcharges.iter().map(|one| format!("{}: {}", one.name, words::money(&one.amount)));
        Self {
            code: rate.service.to_string(),
            name: rate.service_name.clone(),
            total: words::money(&rate.total),
            days: rate.transit_days.map_or_else(|| "–".to_owned(), |days| days.to_string()),
            parts: billed.chain(surcharges).chain(rate.notes.iter().cloned()).collect(),
            is_first,
        }
    }
}

#[derive(Template)]
#[template(path = "rates.html")]
struct RatesPage {
    frame: Frame,
    id: String,
    title: String,
    rates: Vec<RateLine>,
    failed: Vec<(String, String)>,
    fallback: Option<(String, String)>,
    why: Why,
}

/// `GET /ui/orders/{id}/rates`: asks the carriers now, and books nothing.
pub(crate) async fn rates(State(app): State<App>, Path(id): Path<String>, visit: Visit) -> Result<Response, Refusal> {
    let order = app.order(&visit.caller, order_id(&id)?).await?;
    let quote = app.quote(&visit.caller, order.id, &ShipWish::default()).await?;
    let page = RatesPage {
        frame: visit.frame(format!("Rates of {}", title(&order)), "orders"),
        id: order.id.to_string(),
        title: title(&order),
        rates: quote.rates.iter().enumerate().map(|(place, rate)| RateLine::of(rate, place == 0)).collect(),
        failed: quote.failed.iter().map(|(account, error)| (account.clone(), error.to_string())).collect(),
        fallback: quote.fallback.map(|fallback| (fallback.name, words::money(&fallback.price))),
        why: Why::of(&quote.decision),
    };
    Ok(desk(StatusCode::OK, &page))
}

/// `POST /ui/orders/{id}/ship`: books the order, by the service that was chosen if one was.
pub(crate) async fn ship(State(app): State<App>, Path(id): Path<String>, posted: Posted) -> Result<Response, Refusal> {
    let Posted { visit, form } = posted;
    let order = order_id(&id)?;
    let service = form.get("service").map(|code| ServiceWish { code: Some(code.to_owned()), contract: None });
    let wish = ShipWish {
        service,
        further_because: form.get("further_because").map(str::to_owned),
        wraps_lines: form.get("wraps_lines").is_some(),
        ..ShipWish::default()
    };
    app.ship(&visit.caller, order, &wish).await?;
    Ok(go_to(&format!("/ui/orders/{order}?done=booked")))
}

/// `POST /ui/shipments/{id}/cancel`.
pub(crate) async fn cancel(
    State(app): State<App>,
    Path(id): Path<String>,
    posted: Posted,
) -> Result<Response, Refusal> {
    let id = ShipmentId::from_native(&id).ok_or(Error::NotFound("shipment"))?;
    let shipment = app.cancel(&posted.visit.caller, id).await?;
    Ok(go_to(&format!("/ui/orders/{}?done=cancelled", shipment.order)))
}

/// `POST /ui/orders/{id}/overrule`: says that a failed address is right all the same, and why.
pub(crate) async fn overrule(
    State(app): State<App>,
    Path(id): Path<String>,
    posted: Posted,
) -> Result<Response, Refusal> {
    let order = order_id(&id)?;
    let reason = posted.form.get("reason").unwrap_or_default().to_owned();
    app.overrule_address(&posted.visit.caller, order, reason).await?;
    Ok(go_to(&format!("/ui/orders/{order}?done=overruled")))
}

#[cfg(test)]
mod tests {
    use domain::event::{About, EventKind};
    use domain::ids::EventId;

    use super::*;

    #[test]
    fn what_a_carrier_says_now_stands_in_words() {
        let told = |old: &str, new: &str| {
            let about = About { old: Some(old.to_owned()), new: Some(new.to_owned()), ..About::default() };
            let id = EventId::new(1).unwrap();
            words_of(&Event { id, kind: EventKind::ParcelTrackingChanged, at: Timestamp::UNIX_EPOCH, about })
        };
        assert_eq!(told("announced", "out_for_delivery"), "Label made → Out for delivery");
        assert_eq!(told("4001", "4002_b"), "4001 → 4002_b");
    }
}
