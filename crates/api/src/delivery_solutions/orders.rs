//! The handlers of the shipping order API.

use app::App;
use axum::extract::State;
use axum::response::Response;

use super::core::{self, Reply};
use super::error::{Kind, Refusal};
use super::{Answer, Authed, Body};
use crate::dialect::{Parameters, Segment, json};
use crate::json::{self, Json};

pub(super) fn parse(body: &[u8]) -> Result<Json<'_>, Refusal> {
    json::parse(body).map_err(|error| Refusal::malformed(&error))
}

fn answer((status, body): Reply) -> Response {
    json(status, &body)
}

/// `POST /shipments`.
pub(super) async fn create(State(app): State<App>, Authed { caller, .. }: Authed, Body { body, .. }: Body) -> Answer {
    Ok(answer(core::create(&app, &caller, &parse(&body)?).await?))
}

/// `POST /shipments/list`.
pub(super) async fn list(State(app): State<App>, Authed { caller, .. }: Authed, Body { body, .. }: Body) -> Answer {
    let asked =
        json::parse(&body).map_err(|error| Refusal { kind: Kind::InvalidData, ..Refusal::malformed(&error) })?;
    Ok(answer(core::list(&app, &caller, &asked).await?))
}

/// `GET /shipments/{id}`.
pub(super) async fn show(State(app): State<App>, Authed { caller, .. }: Authed, Segment(id): Segment) -> Answer {
    Ok(answer(core::show(&app, &caller, &id).await?))
}

/// `PUT /shipments/{id}`.
pub(super) async fn edit(
    State(app): State<App>,
    Authed { caller, .. }: Authed,
    Segment(id): Segment,
    parameters: Parameters,
    Body { body, .. }: Body,
) -> Answer {
    let forced = force_update(&parameters)?;
    Ok(answer(core::edit(&app, &caller, &id, &parse(&body)?, forced, true).await?))
}

/// `?forceUpdate=`.
pub(super) fn force_update(parameters: &Parameters) -> Result<bool, Refusal> {
    match parameters.value("forceUpdate").unwrap_or("") {
        "true" | "1" => Ok(true),
        "" | "false" | "0" => Ok(false),
        other => {
            let shown: String = other.chars().take(80).collect();
            let text =
                format!("The value for the forceUpdate field is invalid: found {shown:?}, expected true or false");
            Err(Refusal::new(Kind::InvalidData).with_status(400).saying(text))
        }
    }
}

/// `DELETE /shipments/{id}`.
pub(super) async fn cancel(State(app): State<App>, Authed { caller, .. }: Authed, Segment(id): Segment) -> Answer {
    Ok(answer(core::cancel(&app, &caller, &id).await?))
}

/// `GET /shipments/{id}/status-history`.
pub(super) async fn history(State(app): State<App>, Authed { caller, .. }: Authed, Segment(id): Segment) -> Answer {
    Ok(answer(core::history(&app, &caller, &id).await?))
}

/// `POST /shipments/{id}/retry`.
pub(super) async fn retry(State(app): State<App>, Authed { caller, .. }: Authed, Segment(id): Segment) -> Answer {
    Ok(answer(core::retry(&app, &caller, &id).await?))
}
