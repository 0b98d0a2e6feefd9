//! Orders: created or replaced, shown, listed, changed, deleted.

use app::App;
use app::orders::{ListedOrder, OrderDraft, OrderFilter, OrderPage, OrderSort, PlacedOrder};
use axum::extract::{OriginalUri, RawQuery, State};
use axum::response::{IntoResponse, Response};
use domain::Error;
use domain::channel::ChannelNumber;
use domain::error::{Problem, Rule};
use domain::ids::OrderId;
use domain::order::{Order, OrderDetails};
use http::header::LINK;
use http::{HeaderValue, StatusCode};

use super::decode::{self, DecodedOrder};
use super::error::{ErrorBody, Errors};
use super::list::{self, Cursor, ListQuery, Position, SortKey, SortValue, TimeRange};
use super::order::{Data, Identifiers};
use super::{Answer, Authed, Body, encode, ids_as_numbers, patch};
use crate::dialect::{Segment, json};

/// `POST /orders`.
pub(super) async fn create(State(app): State<App>, Authed { caller, .. }: Authed, Body { body, .. }: Body) -> Answer {
    let is_known = |number| caller.setup.channel(ChannelNumber(number)).is_some();
    let (drafts, problems) = drafts(decode::orders(&body, &is_known)?);
    if !problems.is_empty() {
        return Err(Errors { status: 400, retry_after: None, errors: problems });
    }
    let channels: Vec<_> = drafts.iter().map(|draft| draft.channel).collect();
    let placed = app.place_orders(&caller, drafts).await.map_err(refused)?;
    let identifiers = |(placed, channel): (PlacedOrder, ChannelNumber)| {
        Identifiers::new(placed.id, &placed.details, ids_as_numbers(&caller, channel))
    };
    let data: Vec<_> = placed.into_iter().zip(channels).map(identifiers).collect();
    Ok(json(StatusCode::CREATED, &Data { data }))
}

/// What was decoded, as drafts. An explicit id that is no id of ours names no order.
fn drafts(decoded: Vec<DecodedOrder>) -> (Vec<OrderDraft>, Vec<ErrorBody>) {
    let mut problems = Vec::new();
    let draft = |(index, order): (usize, DecodedOrder)| {
        let named = order.explicit_id.filter(|text| !text.is_empty());
        let id = named.as_deref().and_then(OrderId::from_decimal);
        if let (Some(text), None) = (&named, id) {
            problems.extend(no_such_id(index, text).errors);
        }
        OrderDraft { id, channel: ChannelNumber(order.integration), details: order.details }
    };
    (decoded.into_iter().enumerate().map(draft).collect(), problems)
}

fn no_such_id(index: usize, id: &str) -> Errors {
    let pointer = format!("/data/attributes/[{index}]/id");
    let error = ErrorBody::invalid(pointer, format!("Order with id {id} does not exist"));
    Errors { status: 400, retry_after: None, errors: vec![error] }
}

/// The problems of `App::place_orders` in this wire's words.
fn refused(error: Error) -> Errors {
    let Error::Invalid(problems) = error else { return error.into() };
    let words = |problem: Problem| {
        let (index, field) = problem.path.split_once('/').unwrap_or(("0", ""));
        let index = index.parse().unwrap_or_default();
        let number = || problem.message.parse().unwrap_or_default();
        match (field, problem.rule) {
            ("id", _) => no_such_id(index, &problem.message),
            ("external_id", _) => Errors::order_id_cannot_change(Some(index), &problem.message),
            ("channel", Rule::Fixed) => Errors::integration_cannot_change(Some(index), number()),
            ("channel", _) => Errors::no_such_integration(index, number()),
            _ => Error::Invalid(vec![problem]).into(),
        }
    };
    let errors = problems.into_iter().flat_map(|problem| words(problem).errors).collect();
    Errors { status: 400, retry_after: None, errors }
}

/// `GET /orders`.
pub(super) async fn list(
    State(app): State<App>,
    Authed { caller, .. }: Authed,
    OriginalUri(uri): OriginalUri,
    headers: http::HeaderMap,
    RawQuery(query): RawQuery,
) -> Answer {
    let query = query.unwrap_or_default();
    let asked = ListQuery::parse(&query)?;
    for number in asked.integrations.iter().flatten() {
        if caller.setup.channel(ChannelNumber(*number)).is_none() {
            return Err(Errors::no_such_choice("integration", &number.to_string()));
        }
    }
    let page = page(&asked)?;
    let (size, is_backwards) = (page.limit, page.backwards);
    let is_first = page.after.is_none() && page.skip == 0;
    let mut listed = app.list_orders(&caller, filter(&asked), page).await?;
    let has_more = listed.len() > size;
    if has_more {
        // The surplus row lies behind the page, so before it when the list is walked backwards.
        if is_backwards { drop(listed.remove(0)) } else { listed.truncate(size) }
    }
    let (has_next, has_previous) = if is_backwards { (true, has_more) } else { (has_more, !is_first) };
    let next = listed.last().filter(|_| has_next).map(|last| Cursor::after(position(last, &asked.sort)));
    let previous = listed.first().filter(|_| has_previous).map(|first| Cursor::before(position(first, &asked.sort)));
    let data: Vec<_> = listed.iter().map(|listed| encode::order(&listed.order)).collect();
    let mut answer = json(StatusCode::OK, &Data { data });
    let address = address(&app, &headers, uri.path());
    if let Some(link) = list::link(&address, &query, next.as_ref(), previous.as_ref())
        && let Ok(link) = HeaderValue::try_from(link)
    {
        answer.headers_mut().insert(LINK, link);
    }
    Ok(answer)
}

/// The list's own address as the client reached it: its host, else this installation's public URL.
pub(super) fn address(app: &App, headers: &http::HeaderMap, path: &str) -> String {
    let public = app.options().public_url.as_str();
    let scheme = public.split_once("://").map_or("http", |(scheme, _)| scheme);
    let host = headers.get(http::header::HOST).and_then(|host| host.to_str().ok());
    let plain = |host: &&str| host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-:[]_".contains(&byte));
    match host.filter(plain) {
        Some(host) => format!("{scheme}://{host}{path}"),
        None => format!("{public}{path}"),
    }
}

fn filter(asked: &ListQuery) -> OrderFilter {
    let from = |range: TimeRange| range.from;
    let before = |range: TimeRange| range.to.map(|to| to.checked_add(jiff::Span::new().microseconds(1)).unwrap_or(to));
    OrderFilter {
        channels: asked.integrations.as_ref().map(|numbers| {
            let mut channels: Vec<_> = numbers.iter().copied().map(ChannelNumber).collect();
            channels.sort_unstable();
            channels.dedup();
            channels
        }),
        external_id: asked.order_id.clone(),
        number: asked.order_number.clone(),
        status: asked.status.clone(),
        placed_from: from(asked.created),
        placed_before: before(asked.created),
        changed_from: from(asked.updated),
        changed_before: before(asked.updated),
        ..OrderFilter::default()
    }
}

fn sort_of(key: SortKey) -> OrderSort {
    match key {
        SortKey::Integration => OrderSort::Channel,
        SortKey::OrderNumber => OrderSort::Number,
        SortKey::CreatedAt => OrderSort::PlacedAt,
        SortKey::UpdatedAt => OrderSort::ChangedAt,
        SortKey::Id => OrderSort::Id,
    }
}

fn page(asked: &ListQuery) -> Result<OrderPage, Errors> {
    let cursor = asked.cursor.clone().unwrap_or(Cursor { offset: 0, reverse: false, position: None });
    let stored = |value: SortValue| match value {
        SortValue::Integer(number) => app::orders::SortValue::Int(number),
        SortValue::Text(text) => app::orders::SortValue::Text(text),
    };
    let after = match cursor.position {
        None => None,
        Some(Position::Values(values, id)) => {
            let mut place: Vec<_> = values.into_iter().map(stored).collect();
            place.push(app::orders::SortValue::Int(id));
            Some(place)
        }
        Some(Position::Id(id)) if asked.sort.len() == 1 => Some(vec![app::orders::SortValue::Int(id)]),
        Some(Position::Id(_)) => return Err(Errors::bad_cursor()),
    };
    Ok(OrderPage {
        sort: asked.sort.iter().map(|(key, descends)| (sort_of(*key), *descends)).collect(),
        after,
        backwards: cursor.reverse,
        skip: cursor.offset as usize,
        limit: asked.page_size as usize,
    })
}

/// An order's place, as a cursor holds it.
fn position(listed: &ListedOrder, sort: &[(SortKey, bool)]) -> Position {
    let id = listed.order.id.number() as i64;
    if sort.len() == 1 {
        return Position::Id(id);
    }
    let value = |value: &app::orders::SortValue| match value {
        app::orders::SortValue::Int(number) => SortValue::Integer(*number),
        app::orders::SortValue::Text(text) => SortValue::Text(text.clone()),
    };
    let values = listed.place.iter().take(sort.len() - 1).map(value).collect();
    Position::Values(values, id)
}

/// `GET /orders/{id}`.
pub(super) async fn show(State(app): State<App>, Authed { caller, .. }: Authed, Segment(id): Segment) -> Answer {
    let order = app.order(&caller, order_id(&id)?).await?;
    Ok(json(StatusCode::OK, &Data { data: encode::order(&order) }))
}

fn order_id(text: &str) -> Result<OrderId, Errors> {
    OrderId::from_decimal(text).ok_or_else(Errors::no_such_order)
}

/// `PATCH /orders/{id}`.
pub(super) async fn change(
    State(app): State<App>,
    Authed { caller, .. }: Authed,
    Segment(id): Segment,
    Body { body, .. }: Body,
) -> Answer {
    let id = OrderId::from_decimal(&id).ok_or_else(Errors::no_order_to_patch)?;
    let change = move |order: &Order| -> Result<OrderDetails, Errors> { patch::patch(order, &body) };
    let changed = app.edit_order(&caller, id, change).await.map_err(|error| match error {
        Error::NotFound(_) => Errors::no_order_to_patch(),
        error => error.into(),
    })?;
    let order = changed?;
    let data = Identifiers::of(&order, ids_as_numbers(&caller, order.channel));
    Ok(json(StatusCode::OK, &Data { data }))
}

/// `DELETE /orders/{id}`.
pub(super) async fn delete(State(app): State<App>, Authed { caller, .. }: Authed, Segment(id): Segment) -> Answer {
    app.delete_order(&caller, order_id(&id)?).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

impl IntoResponse for Errors {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut answer = json(status, &self);
        if let Some(seconds) = self.retry_after {
            answer.headers_mut().insert(http::header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.status == 401 {
            let scheme = HeaderValue::from_static("Basic realm=\"api\"");
            answer.headers_mut().insert(http::header::WWW_AUTHENTICATE, scheme);
        }
        answer
    }
}
