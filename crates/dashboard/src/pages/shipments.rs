//! Shipments, newest first, and the exceptions among them: what is late, refused, not settled, or never scanned.

use app::App;
use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use domain::ids::ShipmentId;
use domain::order::Order;
use domain::shipment::Shipment;
use domain::stage::Stage;

use super::orders::title;
use super::problem::Refusal;
use crate::answer::desk;
use crate::frame::Frame;
use crate::session::Visit;
use crate::words::{self, Chip};

/// Shipments of one page, and rows of one kind of exception.
const PAGE: usize = 50;
/// Working hours after which a parcel should have been scanned.
const SCANNED_WITHIN: u32 = 24;

struct Line {
    id: String,
    order: String,
    title: String,
    name: String,
    place: String,
    service: String,
    numbers: Vec<String>,
    chip: Chip,
    tracking: Chip,
    made: String,
    price: String,
}

impl Line {
    fn of(shipment: &Shipment, order: &Order, visit: &Visit) -> Self {
        let details = &shipment.details;
        let (name, place) = words::recipient(Some(&details.recipient));
        let paid = details.charged.or(details.rate.as_ref().map(|rate| rate.total));
        Self {
            id: shipment.id.to_string(),
            order: order.id.to_string(),
            title: title(order),
            name,
            place,
            service: details.service_name.clone(),
            numbers: shipment.tracking_numbers(),
            chip: words::shipment(shipment),
            tracking: words::tracking(shipment.tracking()),
            made: words::time(shipment.created_at, &visit.caller.setup.zone),
            price: paid.as_ref().map_or_else(|| "–".to_owned(), words::money),
        }
    }
}

#[derive(Template)]
#[template(path = "shipments.html")]
struct ShipmentsPage {
    frame: Frame,
    lines: Vec<Line>,
    next: Option<String>,
    is_first: bool,
}

/// `GET /ui/shipments`.
pub(crate) async fn list(State(app): State<App>, visit: Visit) -> Result<Response, Refusal> {
    let below = visit.query.get("below").and_then(ShipmentId::from_native);
    let mut found = app.latest_shipments(&visit.caller, below, PAGE + 1).await?;
    let has_more = found.len() > PAGE;
    found.truncate(PAGE);
    let next = found.last().filter(|_| has_more).map(|(last, _)| format!("/ui/shipments?below={}", last.id));
    let page = ShipmentsPage {
        lines: found.iter().map(|(shipment, order)| Line::of(shipment, order, &visit)).collect(),
        frame: visit.frame("Shipments", "shipments"),
        next,
        is_first: below.is_none(),
    };
    Ok(desk(StatusCode::OK, &page))
}

/// Something that a person should look at.
struct Exception {
    order: String,
    title: String,
    what: String,
    detail: String,
}

struct Kind {
    id: &'static str,
    title: &'static str,
    none: &'static str,
    rows: Vec<Exception>,
    all: Option<&'static str>,
}

#[derive(Template)]
#[template(path = "exceptions.html")]
struct ExceptionsPage {
    frame: Frame,
    kinds: Vec<Kind>,
}

/// `GET /ui/exceptions`.
pub(crate) async fn exceptions(State(app): State<App>, visit: Visit) -> Result<Response, Refusal> {
    let zone = &visit.caller.setup.zone;
    let caller = &visit.caller;
    let stood = |stage| app::search::OrderSearch { stage: Some(stage), limit: PAGE, ..Default::default() };
    let late = app.late_shipments(caller, PAGE).await?;
    let review = app.orders_to_review(caller, PAGE).await?;
    let troubled = app.search(caller, stood(Stage::Troubled)).await?;
    let doubt = app.shipments_in_doubt(caller, PAGE).await?;
    let unscanned = app.unscanned_parcels(caller, SCANNED_WITHIN, None, PAGE).await?;
    let of = |order: &Order, what: String, detail: String| Exception {
        order: order.id.to_string(),
        title: title(order),
        what,
        detail,
    };
    let kinds = vec![
        Kind {
            id: "late",
            title: "Late",
            none: "Nothing is late.",
            rows: late
                .iter()
                .map(|late| {
                    let due = if late.is_promised { "promised for" } else { "no end since booking; expected by" };
                    let said = words::tracking(late.shipment.tracking()).words;
                    of(
                        &late.order,
                        format!("{due} {}", late.due),
                        format!("{}: {said}", late.shipment.details.service_name),
                    )
                })
                .collect(),
            all: None,
        },
        Kind {
            id: "troubled",
            title: "In trouble at the carrier",
            none: "No carrier tells of trouble.",
            rows: troubled
                .orders
                .iter()
                .map(|(order, shipments)| {
                    let live = shipments.iter().rfind(|one| one.is_live());
                    let said = live.map_or("In trouble", |one| words::tracking(one.tracking()).words);
                    of(order, said.to_owned(), live.map(|one| one.details.service_name.clone()).unwrap_or_default())
                })
                .collect(),
            all: Some("/ui/orders?stage=troubled"),
        },
        Kind {
            id: "failed",
            title: "Refused, or not fit to ship",
            none: "No order waits for a person.",
            rows: review
                .into_iter()
                .map(|one| {
                    let what = one.why.unwrap_or_else(|| "Something the order says must be looked at".to_owned());
                    of(&one.order, what, one.last.map(|last| last.details.service_name).unwrap_or_default())
                })
                .collect(),
            all: Some("/ui/orders?stage=review"),
        },
        Kind {
            id: "unsettled",
            title: "Not known yet",
            none: "Every carrier has answered.",
            rows: doubt
                .iter()
                .map(|(shipment, order)| {
                    let since = words::time(shipment.created_at, zone);
                    of(
                        order,
                        words::shipment(shipment).words.to_owned(),
                        format!("{}, since {since}", shipment.details.service.account),
                    )
                })
                .collect(),
            all: None,
        },
        Kind {
            id: "unscanned",
            title: "Never scanned",
            none: "No parcel waits too long for its first scan.",
            rows: unscanned
                .iter()
                .map(|one| Exception {
                    order: one.order.to_string(),
                    title: one.tracking_number.clone().unwrap_or_else(|| one.parcel.to_string()),
                    what: format!("booked {}", words::time(one.booked_at, zone)),
                    detail: format!("no scan for {SCANNED_WITHIN} working hours"),
                })
                .collect(),
            all: None,
        },
    ];
    let page = ExceptionsPage { frame: visit.frame("Exceptions", "exceptions"), kinds };
    Ok(desk(StatusCode::OK, &page))
}
