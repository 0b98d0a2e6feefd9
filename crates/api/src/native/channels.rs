//! Channels: where orders come from. Those with a number below a million are what the Sendcloud dialect calls integrations.

use app::App;
use app::channels::ChannelHook;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use domain::Error;
use domain::channel::{Channel, ChannelNumber};
use domain::tenant::Scope;
use http::StatusCode;
use serde::Serialize;

use super::error::Problems;
use super::orders::read;
use super::shipments::List;
use super::tag::{self, MustHaveSeen};
use super::{Answer, Authed, Body};
use crate::dialect::{Segment, json};
use crate::json::fields::{integer, text};

/// A channel as the native API shows it.
#[derive(Serialize)]
struct ChannelView {
    id: i64,
    dialect: &'static str,
    name: String,
    /// Whether it is the one of its dialect's orders that name none.
    is_default: bool,
}

impl ChannelView {
    fn of(channel: &Channel) -> Self {
        Self {
            id: channel.number.0,
            dialect: channel.dialect.as_str(),
            name: channel.name.clone(),
            is_default: channel.is_default,
        }
    }
}

/// The name is all of a channel that changes here; what its dialect keeps of it changes there.
fn tag_of(channel: &Channel) -> String {
    tag::of(&channel.name)
}

fn answer(status: StatusCode, channel: &Channel) -> Response {
    tag::shown(json(status, &ChannelView::of(channel)), &tag_of(channel))
}

fn number(text: &str) -> Result<ChannelNumber, Error> {
    text.parse().map(ChannelNumber).map_err(|_| Error::NotFound("channel"))
}

/// `GET /v1/channels`, by number.
pub(super) async fn list(State(app): State<App>, Authed { caller, .. }: Authed) -> Answer {
    let found = app.all_channels(&caller)?;
    Ok(json(StatusCode::OK, &List { data: found.iter().map(ChannelView::of).collect() }))
}

/// `POST /v1/channels`: makes a numbered one.
pub(super) async fn create(State(app): State<App>, Authed { caller, .. }: Authed, Body { body, .. }: Body) -> Answer {
    let (number, name) = read(&body, |fields| {
        fields.only(&["id", "name"]);
        (fields.optional("id", integer(1, 999_999)), fields.required("name", text(1, 200)))
    })?;
    let in_our_words = |error| match error {
        Error::Invalid(problems) => Error::Invalid(
            problems.into_iter().map(|problem| domain::Problem { path: "id".to_owned(), ..problem }).collect(),
        ),
        error => error,
    };
    let made = app.create_integration(&caller, number, &name).await.map_err(in_our_words)?;
    Ok(answer(StatusCode::CREATED, &made))
}

/// `GET /v1/channels/{id}`.
pub(super) async fn show(State(app): State<App>, Authed { caller, .. }: Authed, Segment(id): Segment) -> Answer {
    Ok(answer(StatusCode::OK, &app.any_channel(&caller, number(&id)?)?))
}

/// `PATCH /v1/channels/{id}`: gives it another name.
pub(super) async fn rename(
    State(app): State<App>,
    Authed { caller, .. }: Authed,
    Segment(id): Segment,
    MustHaveSeen(seen): MustHaveSeen,
    Body { body, .. }: Body,
) -> Answer {
    let name = read(&body, |fields| {
        fields.only(&["name"]);
        fields.required("name", text(1, 200))
    })?;
    let number = number(&id)?;
    let owner = app.as_owner_of(&caller, number)?;
    let change = move |channel: &mut Channel| -> Result<ChannelHook, Problems> {
        seen.holds(&tag_of(channel))?;
        channel.name.clone_from(&name);
        Ok(ChannelHook::Keep)
    };
    let changed = app.edit_channel(&owner, number, change).await??;
    Ok(answer(StatusCode::OK, &changed))
}

/// `DELETE /v1/channels/{id}`: its orders stay.
pub(super) async fn delete(State(app): State<App>, Authed { caller, .. }: Authed, Segment(id): Segment) -> Answer {
    caller.require(Scope::Setup)?;
    let number = number(&id)?;
    let owner = app.as_owner_of(&caller, number)?;
    app.delete_channel(&owner, number).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
