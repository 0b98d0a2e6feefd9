//! Order states: where an order stands in the words of a dialect that derives them from everything stored of it.
//!
//! No statement knows them. For a tenant that asks for orders in a state they are written down by a job behind the feed
//! of events; a list looks itself at the orders with news that the job has not seen, so it is right at every moment.

use domain::channel::Dialect;
use domain::tenant::Scope;
use domain::{Result, Timestamp};
use store::order_states::StateList;

use crate::orders::OrderFilter;
use crate::story::{BATCH, Story, StoryList, tell};
use crate::{App, Caller};

/// A dialect that derives where an order stands.
pub trait OrderStates: Send + Sync {
    /// The dialect.
    fn dialect(&self) -> Dialect;

    /// Where the order stands. Whatever moves it is an event of the order.
    fn current(&self, story: &Story) -> String;
}

/// Orders with news that a list looks at itself. With more than that, the job is far behind.
const MOST_NEWS: usize = 1_000;

impl App {
    /// How a dialect derives where an order stands.
    pub(crate) fn order_states(&self, dialect: Dialect) -> Option<&dyn OrderStates> {
        let states = self.parts().order_states.iter().find(|known| known.dialect() == dialect);
        states.map(|states| &**states)
    }

    /// The orders in a state of the caller's dialect and placed between two instants, with everything stored of each, if
    /// they are worth keeping. The first such list of a tenant looks at every order placed then; later ones at the orders
    /// in the state.
    pub async fn list_in_state(
        &self,
        caller: &Caller,
        state: &str,
        placed: (Option<Timestamp>, Option<Timestamp>),
        list: StoryList,
        keep: impl Fn(&Story) -> bool,
    ) -> Result<Vec<Story>> {
        caller.require(Scope::Read)?;
        let StoryList { sort, skip, limit } = list.clone();
        let wanted = StateList { dialect: caller.dialect, state: state.to_owned(), placed, sort, skip, limit };
        let Some(ids) = self.ids_in_state(caller, wanted).await? else {
            let filter = OrderFilter { placed_from: placed.0, placed_before: placed.1, ..OrderFilter::default() };
            return self.list_stories(caller, filter, list, Some(keep)).await;
        };
        let mut kept = Vec::with_capacity(ids.len());
        for part in ids.chunks(BATCH) {
            let (tenant, part) = (caller.tenant().clone(), part.to_vec());
            let told = self.store().read_list(async move |tx| {
                let orders = tx.live_orders(&tenant, &part).await?;
                tell(tx, &tenant, orders).await
            });
            // One that has moved on meanwhile is not told as if it had not.
            kept.extend(told.await?.into_iter().filter(&keep));
        }
        Ok(kept)
    }

    /// The orders of a list; `None` when what is written down does not tell yet.
    async fn ids_in_state(&self, caller: &Caller, wanted: StateList) -> Result<Option<Vec<domain::ids::OrderId>>> {
        let dialect = wanted.dialect;
        if !wanted.is_sortable() || self.order_states(dialect).is_none() {
            return Ok(None);
        }
        let (app, tenant) = (self.clone(), caller.tenant().clone());
        let found = self.store().read_list(async move |tx| {
            let Some(following) = tx.followed(&tenant, dialect).await? else { return Ok(Err(true)) };
            let Some(states) = app.order_states(dialect).filter(|_| following.filled_to.is_none()) else {
                return Ok(Err(false));
            };
            let changed = tx.changed_since(&tenant, following.position, MOST_NEWS + 1).await?;
            if changed.len() > MOST_NEWS {
                return Ok(Err(false));
            }
            let orders = tx.live_orders(&tenant, &changed).await?;
            let told = tell(tx, &tenant, orders).await?;
            let are_in_it = told.iter().filter(|story| states.current(story) == wanted.state);
            let changed: Vec<_> = are_in_it.map(|story| story.order.id).collect();
            tx.orders_in_state(&tenant, &wanted, following.position, &changed).await.map(Ok)
        });
        let is_first = match found.await? {
            Ok(ids) => return Ok(Some(ids)),
            Err(is_first) => is_first,
        };
        if is_first {
            let tenant = caller.tenant().clone();
            self.store().write(async move |tx| tx.follow_states(&tenant, dialect).await).await?;
            self.wakes().states.notify_one();
        }
        Ok(None)
    }
}
