//! The list of orders: searched as somebody types, narrowed, kept as views, chosen and labelled.

use app::App;
use app::search::{OrderSearch, READ_THROUGH, SavedView};
use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use domain::batch::MOST_ORDERS;
use domain::channel::ChannelNumber;
use domain::document::{Format, Paper};
use domain::ids::OrderId;
use domain::order::Order;
use domain::shipment::Shipment;
use domain::stage::Stage;

use super::problem::Refusal;
use crate::answer::{desk, go_to};
use crate::form::{Form, with};
use crate::frame::Frame;
use crate::session::{Posted, Visit};
use crate::words::{self, Chip};

/// Orders of one page.
const PAGE: usize = 50;

/// What narrows the list, as the page's address names it.
const NARROWS: [&str; 4] = ["q", "stage", "country", "channel"];

/// Formats that many labels can be put together in.
pub(super) const TOGETHER: [Format; 5] = [
    Format::Pdf(Paper::Mm100x150),
    Format::Pdf(Paper::A6),
    Format::Pdf(Paper::A4),
    Format::Zpl(domain::document::Dpi::D203),
    Format::Zpl(domain::document::Dpi::D300),
];

/// An order on the list.
pub(super) struct Line {
    id: String,
    title: String,
    name: String,
    place: String,
    placed: String,
    pieces: u64,
    stage: Chip,
    shipped: Option<(String, String)>,
}

impl Line {
    fn of(order: &Order, shipments: &[Shipment], visit: &Visit) -> Self {
        let setup = &visit.caller.setup;
        let (name, place) = words::recipient(order.details.shipping_address.as_ref());
        let shipment = shipments.iter().rfind(|one| one.is_live()).or(shipments.last());
        let shipped = shipment.map(|one| {
            let number = one.tracking_numbers().first().cloned();
            (one.details.service_name.clone(), number.unwrap_or_else(|| words::shipment(one).words.to_owned()))
        });
        Self {
            id: order.id.to_string(),
            title: title(order),
            name,
            place,
            placed: order
                .details
                .placed_at
                .map_or_else(|| words::time(order.created_at, &setup.zone), |sent| words::sent_time(sent, &setup.zone)),
            pieces: order.details.items.iter().map(|item| item.quantity).fold(0, u64::saturating_add),
            stage: words::stage(order.standing),
            shipped,
        }
    }
}

/// What people call an order.
pub(super) fn title(order: &Order) -> String {
    let details = &order.details;
    details.number.clone().or_else(|| details.external_id.clone()).unwrap_or_else(|| order.id.to_string())
}

struct Choice {
    value: String,
    title: String,
    is_chosen: bool,
}

#[derive(Template)]
#[template(path = "orders.html")]
struct OrdersPage {
    frame: Frame,
    text: String,
    country: String,
    stages: Vec<Choice>,
    channels: Vec<Choice>,
    views: Vec<(String, String)>,
    query: String,
    lines: Vec<Line>,
    formats: Vec<Choice>,
    next: Option<String>,
    has_more: bool,
    is_first: bool,
    is_narrowed: bool,
    read_through: usize,
}

/// What a query or a form looks for.
fn search(form: &Form) -> OrderSearch {
    OrderSearch {
        stage: form.get("stage").and_then(Stage::parse),
        country: form.get("country").map(str::to_uppercase),
        channel: form.get("channel").and_then(|number| number.parse().ok()).map(ChannelNumber),
        text: form.get("q").map(|text| text.chars().take(100).collect()),
        below: form.get("below").and_then(OrderId::from_native),
        limit: PAGE,
    }
}

pub(super) fn formats() -> Vec<(String, String)> {
    TOGETHER.iter().map(|format| (format.name(), words::format(*format))).collect()
}

/// `GET /ui/orders`.
pub(crate) async fn show(State(app): State<App>, visit: Visit) -> Result<Response, Refusal> {
    let looked_for = search(&visit.query);
    let found = app.search(&visit.caller, looked_for.clone()).await?;
    let views = app.views(&visit.caller).await?;
    let query = visit.query.only(&NARROWS);
    let channels = visit.caller.setup.channels.iter().map(|channel| Choice {
        value: channel.number.0.to_string(),
        title: channel.name.clone(),
        is_chosen: looked_for.channel == Some(channel.number),
    });
    let page = OrdersPage {
        frame: visit.frame("Orders", "orders"),
        text: looked_for.text.clone().unwrap_or_default(),
        country: looked_for.country.clone().unwrap_or_default(),
        stages: Stage::ALL
            .into_iter()
            .map(|stage| Choice {
                value: stage.as_str().to_owned(),
                title: words::stage(stage).words.to_owned(),
                is_chosen: looked_for.stage == Some(stage),
            })
            .collect(),
        channels: channels.collect(),
        views: views.into_iter().map(|view| (view.name, view.query)).collect(),
        lines: found.orders.iter().map(|(order, shipments)| Line::of(order, shipments, &visit)).collect(),
        formats: formats().into_iter().map(|(value, title)| Choice { value, title, is_chosen: false }).collect(),
        next: found.next.map(|below| with("/ui/orders", &query, "below", &below.to_string())),
        has_more: found.has_more,
        is_first: looked_for.below.is_none(),
        read_through: READ_THROUGH,
        is_narrowed: !query.is_empty(),
        query,
    };
    Ok(desk(StatusCode::OK, &page))
}

/// `POST /ui/views`: keeps the search under a name, or forgets it.
pub(crate) async fn keep_view(State(app): State<App>, posted: Posted) -> Result<Response, Refusal> {
    let Posted { visit, form } = posted;
    let name = form.get("name").unwrap_or_default().to_owned();
    let query = Form::read(form.get("query").unwrap_or_default().as_bytes()).only(&NARROWS);
    let done = if form.get("forget").is_some() {
        app.drop_view(&visit.caller, name).await?;
        "view-dropped"
    } else {
        app.save_view(&visit.caller, SavedView { name, query: query.clone() }).await?;
        "view-saved"
    };
    Ok(go_to(&with("/ui/orders", &query, "done", done)))
}

/// `POST /ui/batches`: has the chosen orders labelled, or all that the search finds.
pub(crate) async fn label(State(app): State<App>, posted: Posted) -> Result<Response, Refusal> {
    let Posted { visit, form } = posted;
    let wish = app::batches::BatchWish {
        ship: app::shipments::ShipWish {
            label_format: form.get("format").and_then(Format::parse).unwrap_or_default(),
            ..Default::default()
        },
        ..Default::default()
    };
    let batch = if form.get("what") == Some("found") {
        let found = Form::read(form.get("query").unwrap_or_default().as_bytes());
        app.label_search(&visit.caller, search(&found), wish).await?
    } else {
        let orders: Vec<_> = form.all("order").filter_map(OrderId::from_native).take(MOST_ORDERS).collect();
        app.label_orders(&visit.caller, &orders, wish).await?
    };
    Ok(go_to(&format!("/ui/batches/{}", batch.id)))
}

/// `GET /ui/scan?code=…`: opens the order that a code names, or the list of those it may mean.
pub(crate) async fn scan(State(app): State<App>, visit: Visit) -> Result<Response, Refusal> {
    let Some(code) = visit.query.get("code") else { return Ok(go_to("/ui/orders")) };
    Ok(match app.scanned(&visit.caller, code).await? {
        Some(order) => go_to(&format!("/ui/orders/{order}")),
        None => go_to(&with("/ui/orders", "", "q", code)),
    })
}
