//! The operations, in the names of the shipping order API; each is one verb between a tree that was decoded and text.

use app::orders::{OrderDraft, OrderRef};
use app::shipments::ShipWish;
use app::story::Story;
use app::{App, Caller};
use domain::channel::Dialect;
use domain::error::Problem;
use domain::order::{Order, OrderDetails};
use domain::tenant::Scope;
use domain::{Error, Result};
use http::StatusCode;

use super::decode::{self, FIELDS, LONGEST_ID};
use super::encode::{View, object};
use super::error::{Refusal, of_cancelling, of_placing};
use super::history;
use super::kept;
use super::label;
use super::list::ListQuery;
use super::statuses::Status;
use crate::json::Json;

/// An answer: its status and its body.
pub(super) type Reply = (StatusCode, Json<'static>);

/// Shows an order.
fn show_story(app: &App, caller: &Caller, story: &Story, shows_both_ends: bool) -> Json<'static> {
    view(app, caller, story, shows_both_ends).order()
}

fn view<'a>(app: &'a App, caller: &'a Caller, story: &'a Story, shows_both_ends: bool) -> View<'a> {
    // A label that no longer fits the order, or that is being given back, is not handed out.
    let may_print = story.shipment().is_some_and(|shipment| {
        shipment.status == domain::shipment::ShipmentStatus::Booked
            && shipment.outdated(&story.order.details).is_empty()
    });
    let label = story.labels.first().filter(|_| may_print && caller.key.scopes.contains(&Scope::Print));
    View {
        story,
        setup: &caller.setup,
        public_url: &app.options().public_url,
        label_link: label.map(|found| {
            let token = app.document_token(caller.tenant(), found.id);
            label::link(&app.options().public_url, &story.order, &token)
        }),
        shows_both_ends,
    }
}

/// Finds the order that a path names, for whoever has the scope.
async fn find(app: &App, caller: &Caller, id: &str, scope: Scope) -> Result<Order, Refusal> {
    caller.require(scope)?;
    let length = id.chars().count();
    if id.trim().is_empty() || length > LONGEST_ID || id.contains('\0') {
        return Err(Refusal::no_order_id());
    }
    let named = OrderRef::External(Some(Dialect::DeliverySolutions.default_channel()), id.to_owned());
    app.find_order_to_change(caller, &named, scope).await.map_err(|error| match error {
        Error::NotFound(_) => Refusal::no_such_order(id),
        error => error.into(),
    })
}

/// The order as it stands now, for whoever has just changed it.
async fn retold(app: &App, caller: &Caller, order: Order) -> Result<Story, Refusal> {
    Ok(app.retold(caller, order.id).await?)
}

fn draft(details: OrderDetails) -> (OrderDraft, ShipWish) {
    let wish = kept::wish_of(&details);
    (OrderDraft { id: None, channel: Dialect::DeliverySolutions.default_channel(), details }, wish)
}

/// Who may not, hears of that before of anything else.
fn may_create(caller: &Caller) -> Result<()> {
    caller.require(Scope::Write)?;
    caller.require(Scope::Buy)
}

/// Creates an order and dispatches it.
pub(super) async fn create(app: &App, caller: &Caller, body: &Json<'_>) -> Result<Reply, Refusal> {
    may_create(caller)?;
    let (draft, wish) = draft(decode::create(body, &caller.setup)?);
    let (order, shipped) = app.dispatch_new(caller, draft, &wish).await?;
    let story = retold(app, caller, order).await?;
    shipped.map_err(|error| of_placing(error, &story))?;
    Ok((StatusCode::CREATED, show_story(app, caller, &story, false)))
}

/// Creates an order that is dispatched afterwards.
pub(super) async fn create_soon(app: &App, caller: &Caller, body: &Json<'_>) -> Result<Reply, Refusal> {
    may_create(caller)?;
    let (draft, wish) = draft(decode::create(body, &caller.setup)?);
    let order = app.dispatch_new_soon(caller, draft, &wish).await?;
    let story = Story { order, shipments: Vec::new(), events: Vec::new(), tracking: Vec::new(), labels: Vec::new() };
    Ok((StatusCode::CREATED, show_story(app, caller, &story, false)))
}

/// Lists orders.
pub(super) async fn list(app: &App, caller: &Caller, body: &Json<'_>) -> Result<Reply, Refusal> {
    caller.require(Scope::Read)?;
    let mut asked = ListQuery::read(body, &caller.setup, app.now())?;
    if let Some(token) = &mut asked.token {
        let at = app.created_at(caller, token.place.1).await?;
        token.place.0 = at.filter(|at| at.as_second() == i64::from(token.second)).unwrap_or(token.place.0);
    }
    let page = app.stories(caller, asked.filter(), asked.page(), |story| asked.wants(story, &caller.setup)).await?;
    let data = page.rows.iter().map(|story| show_story(app, caller, story, false)).collect();
    Ok((StatusCode::OK, object(vec![("data", Json::List(data)), ("paginationToken", asked.tokens(&page))])))
}

/// Shows an order.
pub(super) async fn show(app: &App, caller: &Caller, id: &str) -> Result<Reply, Refusal> {
    let order = find(app, caller, id, Scope::Read).await?;
    let story = app.story(caller, order).await?;
    Ok((StatusCode::OK, show_story(app, caller, &story, false)))
}

/// Shows an order's status history; an order that there is none of has none.
pub(super) async fn history(app: &App, caller: &Caller, id: &str) -> Result<Reply, Refusal> {
    let order = match find(app, caller, id, Scope::Read).await {
        Ok(order) => order,
        Err(refusal) if [404, 422].contains(&refusal.status) => return Ok((StatusCode::OK, Json::List(Vec::new()))),
        Err(refusal) => return Err(refusal),
    };
    let story = app.story(caller, order).await?;
    Ok((StatusCode::OK, Json::List(vec![view(app, caller, &story, false).history()])))
}

/// Changes an order; `rebooks` voids a label that no longer fits and books anew.
pub(super) async fn edit(
    app: &App,
    caller: &Caller,
    id: &str,
    body: &Json<'_>,
    rebooks: bool,
    needs_a_field: bool,
) -> Result<Reply, Refusal> {
    let order = find(app, caller, id, Scope::Write).await?;
    if needs_a_field && matches!(body, Json::Object(_)) && !FIELDS.iter().any(|name| body.get(name).is_some()) {
        return Err(Refusal::nothing_to_edit());
    }
    let is_dispatched = app.retold(caller, order.id).await?.booked().is_some();
    let (body, setup) = (super::encode::owned(body), caller.setup.clone());
    let change = move |order: &Order| decode::edit(order, &body, &setup, is_dispatched);
    let order = app.edit_dispatched(caller, order.id, rebooks, kept::wish, change).await??;
    let story = retold(app, caller, order).await?;
    Ok((StatusCode::OK, show_story(app, caller, &story, false)))
}

/// Whether an order may still be cancelled: not once nothing more is to come.
fn may_cancel(status: Status) -> Result<(), Error> {
    match status {
        Status::OrderCancelled => Err(Error::Conflict("the order is cancelled already".to_owned())),
        status if status.row().is_terminal => {
            let text = format!("the order is {}: it is too late to cancel it", status.word());
            Err(Error::Invalid(vec![Problem::new("status", text)]))
        }
        _ => Ok(()),
    }
}

/// Cancels an order.
pub(super) async fn cancel(app: &App, caller: &Caller, id: &str) -> Result<Reply, Refusal> {
    let order = find(app, caller, id, Scope::Void).await?;
    let may = |story: &Story| may_cancel(history::status(story, &caller.setup));
    app.cancel_order(caller, order.id, may).await.map_err(of_cancelling)?;
    let story = retold(app, caller, order).await?;
    Ok((StatusCode::OK, show_story(app, caller, &story, false)))
}

/// Dispatches an order again.
pub(super) async fn retry(app: &App, caller: &Caller, id: &str) -> Result<Reply, Refusal> {
    let order = find(app, caller, id, Scope::Buy).await.map_err(|refusal| match refusal.status {
        422 => refusal.saying("Order Id value is invalid"),
        _ => refusal,
    })?;
    let may = |story: &Story| history::status(story, &caller.setup).row().can_be_retried;
    app.dispatch_again(caller, &order, kept::wish_again, may).await.map_err(|error| match error {
        Error::Conflict(_) => Refusal::new(super::error::Kind::InvalidOperation),
        error => error.into(),
    })?;
    let story = retold(app, caller, order).await?;
    Ok((StatusCode::CREATED, show_story(app, caller, &story, true)))
}
