//! Orders and their states: listed, created, shown, changed, deleted.

use app::App;
use app::orders::{OrderDraft, OrderEdit, OrderRef};
use app::story::Story;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use domain::Error;
use domain::channel::Dialect;
use domain::error::{Problem, Rule};
use domain::ids::{EventId, OrderId};
use domain::order::Order;
use domain::tenant::Scope;
use http::header::{CACHE_CONTROL, LOCATION};
use http::{HeaderMap, HeaderValue, StatusCode};

use super::encode::View;
use super::error::{Refusal, Violation};
use super::generation::{Generation, ORDER_ID};
use super::list::{ListQuery, RangeQuery};
use super::states::CANCELLED;
use super::{Answer, Authed, Body, decode, form};
use crate::dialect::{Segment, json};
use crate::json::Json;

/// The answer to what was created: the thing with its `iri`, which newer clients store; older ones read `location`.
pub(super) fn created(status: StatusCode, path: &str, id: u64, shown: Json<'static>) -> Response {
    let iri = format!("/v2/{path}/{id}");
    let mut members = vec![("iri".into(), Json::from(iri.clone()))];
    if let Json::Object(shown) = shown {
        members.extend(shown);
    }
    let mut answer = json(status, &Json::Object(members));
    if let Ok(iri) = HeaderValue::try_from(iri) {
        answer.headers_mut().insert(LOCATION, iri);
    }
    answer.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-cache, private"));
    answer
}

/// What is asked in the query and in the body.
pub(super) fn asked<'b>(query: Option<&str>, headers: &HeaderMap, body: &'b [u8]) -> Result<Json<'b>, Refusal> {
    let query = form::form(query.unwrap_or_default().as_bytes())?;
    Ok(form::both(query, form::optional_body(headers, body)?))
}

/// The orders a client calls so: one or none.
pub(super) async fn called(app: &App, caller: &app::Caller, order_id: &str) -> Result<Option<Order>, Refusal> {
    let named = OrderRef::External(Some(Dialect::SevenSenders.default_channel()), order_id.to_owned());
    match app.find_order(caller, &named).await {
        Ok(order) => Ok(Some(order)),
        Err(Error::NotFound(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// The order that a new state or shipment belongs to.
pub(super) async fn to_change(
    app: &App,
    caller: &app::Caller,
    order_id: &str,
    generation: Generation,
) -> Result<Order, Refusal> {
    let named = OrderRef::External(Some(Dialect::SevenSenders.default_channel()), order_id.to_owned());
    app.find_order_to_change(caller, &named, Scope::Write).await.map_err(|error| match error {
        Error::NotFound(_) => {
            Refusal::of_field(generation.name(ORDER_ID), format!("There is no such order (found {order_id:?})"))
        }
        error => error.into(),
    })
}

fn view<'a>(app: &'a App, caller: &'a app::Caller, generation: Generation) -> View<'a> {
    View { setup: &caller.setup, public_url: &app.options().public_url, generation }
}

/// `GET /orders`.
pub(super) async fn list(
    State(app): State<App>,
    generation: Generation,
    Authed { caller, .. }: Authed,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    Body { body, .. }: Body,
) -> Answer {
    caller.require(Scope::Read)?;
    let asked = ListQuery::read(&asked(query.as_deref(), &headers, &body)?, generation)?;
    let stories = find(&app, &caller, &asked).await?;
    let view = view(&app, &caller, generation);
    let shown: Vec<_> = stories.iter().map(|story| view.order(story)).collect();
    Ok(json(StatusCode::OK, &Json::List(shown)))
}

async fn find(app: &App, caller: &app::Caller, asked: &ListQuery) -> Result<Vec<Story>, Refusal> {
    let one = match (asked.id, asked.order_id.as_deref()) {
        (Some(id), _) => match id {
            None => None,
            Some(id) => match app.order(caller, id).await {
                Ok(order) => Some(order),
                Err(Error::NotFound(_)) => None,
                Err(error) => return Err(error.into()),
            },
        },
        (None, Some(order_id)) => called(app, caller, order_id).await?,
        (None, None) => {
            let Some(state) = &asked.state else {
                let everything = None::<fn(&Story) -> bool>;
                return Ok(app.list_stories(caller, asked.filter(), asked.list.clone(), everything).await?);
            };
            let keep = |story: &Story| asked.wants(story, &caller.setup.zone);
            return Ok(app.list_in_state(caller, state, asked.placed, asked.list.clone(), keep).await?);
        }
    };
    let Some(order) = one.filter(|_| asked.list.skip == 0) else { return Ok(Vec::new()) };
    let story = app.story(caller, order).await?;
    Ok(Some(story).filter(|story| asked.wants(story, &caller.setup.zone)).into_iter().collect())
}

/// `POST /orders`: a new order, or a change of the one that has this id already.
pub(super) async fn create(
    State(app): State<App>,
    generation: Generation,
    Authed { caller, .. }: Authed,
    headers: HeaderMap,
    Body { body, .. }: Body,
) -> Answer {
    caller.require(Scope::Write)?;
    let change = decode::order(&form::body(&headers, &body)?, generation, true)?;
    let channel = Dialect::SevenSenders.default_channel();
    let draft = OrderDraft { id: None, channel, details: change.details() };
    let (id, is_new) = app
        .create_or_edit_order(&caller, draft, move |order: &Order, event: EventId| {
            let mut details = order.details.clone();
            change.lay_over(&mut details, event.number());
            details.into()
        })
        .await?;
    let story = app.retold(&caller, id).await?;
    let status = if is_new { StatusCode::CREATED } else { StatusCode::OK };
    Ok(created(status, "orders", id.number(), view(&app, &caller, generation).order(&story)))
}

fn order_id(text: &str) -> Result<OrderId, Refusal> {
    OrderId::from_decimal(text).ok_or_else(|| Refusal::not_found("order"))
}

/// `GET /orders/{id}`.
pub(super) async fn show(
    State(app): State<App>,
    generation: Generation,
    Authed { caller, .. }: Authed,
    Segment(id): Segment,
) -> Answer {
    caller.require(Scope::Read)?;
    let order = app.order(&caller, order_id(&id)?).await?;
    let story = app.story(&caller, order).await?;
    Ok(json(StatusCode::OK, &view(&app, &caller, generation).order(&story)))
}

/// `PUT /orders/{id}`: what is left out stays as it is.
pub(super) async fn change(
    State(app): State<App>,
    generation: Generation,
    Authed { caller, .. }: Authed,
    Segment(id): Segment,
    headers: HeaderMap,
    Body { body, .. }: Body,
) -> Answer {
    caller.require(Scope::Write)?;
    let id = order_id(&id)?;
    let change = decode::order(&form::body(&headers, &body)?, generation, false)?;
    let edit = move |order: &Order, event: EventId| {
        let mut details = order.details.clone();
        change.lay_over(&mut details, event.number());
        Ok::<_, Refusal>(OrderEdit::from(details))
    };
    let changed = app.edit_order_by_event(&caller, id, edit).await.map_err(|error| taken(error, generation))?;
    let story = app.retold(&caller, changed?.id).await?;
    Ok(json(StatusCode::OK, &view(&app, &caller, generation).order(&story)))
}

/// An id that another order has, in the client's name of the field.
fn taken(error: Error, generation: Generation) -> Refusal {
    let Error::Invalid(problems) = error else { return error.into() };
    let violation = |problem: Problem| Violation {
        property_path: if problem.rule == Rule::Taken { generation.name(ORDER_ID).to_owned() } else { problem.path },
        message: problem.message,
    };
    Refusal::of_fields(problems.into_iter().map(violation).collect())
}

/// `DELETE /orders/{id}`.
pub(super) async fn delete(State(app): State<App>, Authed { caller, .. }: Authed, Segment(id): Segment) -> Answer {
    caller.require(Scope::Write)?;
    app.delete_order(&caller, order_id(&id)?).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// `DELETE /orders`: the orders of this dialect that were placed in a range.
pub(super) async fn delete_range(
    State(app): State<App>,
    generation: Generation,
    Authed { caller, .. }: Authed,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    Body { body, .. }: Body,
) -> Answer {
    caller.require(Scope::Write)?;
    let asked = RangeQuery::read(asked(query.as_deref(), &headers, &body)?, generation)?;
    let channel = Dialect::SevenSenders.default_channel();
    let is_meant = |order: &Order| asked.wants(&order.details);
    match app.delete_orders(&caller, channel, asked.filter(), is_meant).await? {
        0 => Err(Refusal::new(404, "No order was placed in this range.")),
        _ => Ok(StatusCode::NO_CONTENT.into_response()),
    }
}

/// `POST /order_states`. `cancelled` cancels the order; what a carrier refuses is told by an event and shown to a person.
pub(super) async fn set_state(
    State(app): State<App>,
    generation: Generation,
    Authed { caller, .. }: Authed,
    headers: HeaderMap,
    Body { body, .. }: Body,
) -> Answer {
    caller.require(Scope::Write)?;
    let change = decode::state(&form::body(&headers, &body)?, generation)?;
    let is_cancelled = change.state == CANCELLED;
    if is_cancelled {
        caller.require(Scope::Void)?;
    }
    let order = to_change(&app, &caller, &change.order_id, generation).await?;
    let edit = move |order: &Order, event: EventId| {
        let (details, before) = change.lay_over(order, event.number())?;
        Ok::<_, Refusal>(OrderEdit { status: Some((before, change.state.clone())), ..OrderEdit::from(details) })
    };
    let id = app.edit_order_by_event(&caller, order.id, edit).await??.id;
    if is_cancelled {
        match Box::pin(app.cancel_order(&caller, id, |_| Ok(()))).await {
            Ok(()) | Err(Error::Conflict(_) | Error::Carrier(..)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    let story = app.retold(&caller, id).await?;
    Ok(created(StatusCode::CREATED, "orders", id.number(), view(&app, &caller, generation).order(&story)))
}
