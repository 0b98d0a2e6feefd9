//! Writes down where orders stand in the words of a dialect, for tenants whose lists ask: first for the orders there are,
//! then for those with events, behind the feed.

use std::collections::BTreeSet;

use domain::Result;
use store::order_states::Following;

use super::Outcome;
use crate::App;
use crate::story::{BATCH, tell};

/// Tenants in one run.
const TENANTS: usize = 20;

pub(super) async fn run(app: &App) -> Result<Outcome> {
    let behind = app.store().read(async |tx| tx.states_behind(TENANTS).await).await?;
    if behind.is_empty() {
        return Ok(Outcome::Done);
    }
    for following in behind {
        go_on(app, following).await?;
    }
    Ok(Outcome::Again)
}

/// What one step finds.
struct Found {
    next: Following,
    states: Vec<(domain::ids::OrderId, String)>,
    gone: Vec<domain::ids::OrderId>,
}

async fn go_on(app: &App, from: Following) -> Result<()> {
    let (reader, here) = (app.clone(), from.clone());
    // What happens behind this look has a later position, so it is looked at again.
    let found = app.store().read_list(async move |tx| {
        let Some(words) = reader.order_states(here.dialect) else {
            let position = tx.last_position(&here.tenant).await?;
            let next = Following { filled_to: None, position, ..here.clone() };
            return Ok(Found { next, states: Vec::new(), gone: Vec::new() });
        };
        let (next, orders, gone) = if let Some(after) = here.filled_to {
            let orders = tx.orders_after(&here.tenant, after, BATCH).await?;
            let filled_to = orders.last().filter(|_| orders.len() == BATCH).map(|last| last.id.number());
            (Following { filled_to, ..here.clone() }, orders, Vec::new())
        } else {
            let news = tx.feed(&here.tenant, here.position, BATCH).await?;
            let position = news.last().map_or(here.position, |(position, _)| *position);
            let changed: BTreeSet<_> = news.iter().filter_map(|(_, event)| event.about.order).collect();
            let changed: Vec<_> = changed.into_iter().collect();
            let orders = tx.live_orders(&here.tenant, &changed).await?;
            let is_gone = |id: &domain::ids::OrderId| orders.iter().all(|order| order.id != *id);
            let gone = changed.into_iter().filter(is_gone).collect();
            (Following { position, ..here.clone() }, orders, gone)
        };
        let told = tell(tx, &here.tenant, orders).await?;
        let states = told.iter().map(|story| (story.order.id, words.current(story))).collect();
        Ok(Found { next, states, gone })
    });
    let Found { next, states, gone } = found.await?;
    app.store().write(async move |tx| tx.keep_states(&from, &next, &states, &gone).await).await.map(drop)
}
