//! `/api/v1/orders`: orders created, changed, shown and listed by a query.

use app::orders::{OrderDraft, OrderRef};
use app::queries::OrderQuery;
use app::{App, Caller};
use axum::extract::State;
use domain::Error;
use domain::channel::Dialect;
use domain::ids::OrderId;
use domain::order::Order;
use domain::tenant::Scope;
use http::StatusCode;

use super::envelope::{Refusal, answer};
use super::{Answer, Authed, Body, decode, encode, fields};
use crate::dialect::{Parameters, Segment};
use crate::json::{self, Json};

fn parse(body: &[u8]) -> Result<Json<'_>, Refusal> {
    json::parse(body).map_err(|error| Refusal::malformed(&error))
}

/// The order that a path names: by our id, else by the client's own.
async fn find(app: &App, caller: &Caller, id: &str, scope: Scope) -> Result<Order, Refusal> {
    caller.require(scope)?;
    if let Some((number, _)) = OrderId::from_hex24(id) {
        match app.find_order_to_change(caller, &OrderRef::Id(number), scope).await {
            Ok(order) if order.id.is_hex24_of(id, order.created_at) => return Ok(order),
            Ok(_) | Err(Error::NotFound(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    if id.is_empty() || id.contains('\0') {
        return Err(Error::NotFound("order").into());
    }
    let named = OrderRef::External(Some(Dialect::Crowdsender.default_channel()), id.to_owned());
    Ok(app.find_order_to_change(caller, &named, scope).await?)
}

/// `POST /api/v1/orders`.
pub(super) async fn create(State(app): State<App>, Authed { caller, .. }: Authed, Body { body, .. }: Body) -> Answer {
    caller.require(Scope::Write)?;
    let (details, said) = decode::create(&parse(&body)?)?;
    let draft = OrderDraft { id: None, channel: Dialect::Crowdsender.default_channel(), details };
    let story = app.create_order_as_said(&caller, draft, said).await?;
    Ok(answer(StatusCode::CREATED, encode::order(&story, &caller.setup)))
}

/// `PUT` and `PATCH /api/v1/orders/{id}`: both lay what came over what is there.
pub(super) async fn change(
    State(app): State<App>,
    Authed { caller, .. }: Authed,
    Segment(id): Segment,
    Body { body, .. }: Body,
) -> Answer {
    let order = find(&app, &caller, &id, Scope::Write).await?;
    let body = encode::owned(&parse(&body)?);
    let said = decode::said(&body)?;
    let change = move |order: &Order| decode::update(order, &body);
    let order = app.edit_order_as_said(&caller, order.id, said, change).await??;
    Ok(answer(StatusCode::OK, Json::from(order.id.to_hex24(order.created_at))))
}

/// `GET /api/v1/orders/{id}`.
pub(super) async fn show(State(app): State<App>, Authed { caller, .. }: Authed, Segment(id): Segment) -> Answer {
    let order = find(&app, &caller, &id, Scope::Read).await?;
    let story = app.story(&caller, order).await?;
    Ok(answer(StatusCode::OK, encode::order(&story, &caller.setup)))
}

/// `GET /api/v1/orders?query=…`.
pub(super) async fn list(State(app): State<App>, Authed { caller, .. }: Authed, parameters: Parameters) -> Answer {
    caller.require(Scope::Read)?;
    let asked = fields::orders(parameters.value("query").unwrap_or_default())?;
    let (filter, sort) = (asked.filter.clone(), asked.sort.clone());
    let query = OrderQuery { filter, sort, skip: asked.skip, limit: asked.limit };
    let page = app.query_orders(&caller, query).await?;
    let shown = page.rows.iter().map(|story| {
        let order = encode::order(story, &caller.setup);
        match &asked.projection {
            Some(fields) => encode::projected(order, fields),
            None => order,
        }
    });
    Ok(answer(StatusCode::OK, encode::list("orders", shown.collect(), &asked, page.has_more)))
}
