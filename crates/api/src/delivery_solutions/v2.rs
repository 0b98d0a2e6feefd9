//! The handlers of v2: the same operations, under other names.

use app::App;
use axum::extract::State;
use axum::response::Response;

use super::core::{self, Reply};
use super::names::{self, RefusalInV2};
use super::orders::{force_update, parse};
use super::{DeliverySolutionsV2, rates, stores};
use crate::dialect::{self, Parameters, Segment, json};

type Authed = dialect::Authed<DeliverySolutionsV2>;
type Body = dialect::Body<DeliverySolutionsV2>;
type Answer = Result<Response, RefusalInV2>;

fn answer((status, body): Reply) -> Response {
    json(status, &names::to_v2(body))
}

/// `POST /order/placeorder`.
pub(super) async fn create(State(app): State<App>, Authed { caller, .. }: Authed, Body { body, .. }: Body) -> Answer {
    Ok(answer(core::create(&app, &caller, &names::from_v2(parse(&body)?)).await?))
}

/// `POST /order/placeorderasync`.
pub(super) async fn create_soon(
    State(app): State<App>,
    Authed { caller, .. }: Authed,
    Body { body, .. }: Body,
) -> Answer {
    Ok(answer(core::create_soon(&app, &caller, &names::from_v2(parse(&body)?)).await?))
}

/// `POST /order/list`.
pub(super) async fn list(State(app): State<App>, Authed { caller, .. }: Authed, Body { body, .. }: Body) -> Answer {
    Ok(answer(core::list(&app, &caller, &names::from_v2(parse(&body)?)).await?))
}

/// `GET /order/getById/orderExternalId/{id}`.
pub(super) async fn show(State(app): State<App>, Authed { caller, .. }: Authed, Segment(id): Segment) -> Answer {
    Ok(answer(core::show(&app, &caller, &id).await?))
}

/// `POST /order/edit/orderExternalId/{id}`. A body without any known field is taken: clients release orders so.
pub(super) async fn edit(
    State(app): State<App>,
    Authed { caller, .. }: Authed,
    Segment(id): Segment,
    parameters: Parameters,
    Body { body, .. }: Body,
) -> Answer {
    let forced = force_update(&parameters)?;
    let body = names::from_v2(parse(&body)?);
    Ok(answer(core::edit(&app, &caller, &id, &body, forced, false).await?))
}

/// `DELETE /order/orderExternalId/{id}`.
pub(super) async fn cancel(State(app): State<App>, Authed { caller, .. }: Authed, Segment(id): Segment) -> Answer {
    Ok(answer(core::cancel(&app, &caller, &id).await?))
}

/// `GET /order/status/orderExternalId/{id}`.
pub(super) async fn history(State(app): State<App>, Authed { caller, .. }: Authed, Segment(id): Segment) -> Answer {
    Ok(answer(core::history(&app, &caller, &id).await?))
}

/// `POST /order/retry/orderExternalId/{id}`.
pub(super) async fn retry(State(app): State<App>, Authed { caller, .. }: Authed, Segment(id): Segment) -> Answer {
    Ok(answer(core::retry(&app, &caller, &id).await?))
}

/// `POST /rates`.
pub(super) async fn rates(State(app): State<App>, Authed { caller, .. }: Authed, Body { body, .. }: Body) -> Answer {
    Ok(answer(rates::quote(&app, &caller, &names::from_v2(parse(&body)?)).await?))
}

/// A store is in the names of v2 already.
fn store((status, body): Reply) -> Response {
    json(status, &body)
}

/// `GET /store`: a bare list.
pub(super) async fn stores(State(_app): State<App>, Authed { caller, .. }: Authed) -> Answer {
    Ok(store(stores::list(&caller)?))
}

/// `GET /store/storeExternalId/{id}`.
pub(super) async fn show_store(State(_app): State<App>, Authed { caller, .. }: Authed, Segment(id): Segment) -> Answer {
    Ok(store(stores::show(&caller, &id)?))
}

/// `POST /store`.
pub(super) async fn create_store(
    State(app): State<App>,
    Authed { caller, .. }: Authed,
    Body { body, .. }: Body,
) -> Answer {
    Ok(store(stores::create(&app, &caller, &names::from_v2(parse(&body)?)).await?))
}

/// `PATCH /store/storeExternalId/{id}`.
pub(super) async fn edit_store(
    State(app): State<App>,
    Authed { caller, .. }: Authed,
    Segment(id): Segment,
    Body { body, .. }: Body,
) -> Answer {
    Ok(store(stores::edit(&app, &caller, &id, &names::from_v2(parse(&body)?)).await?))
}
