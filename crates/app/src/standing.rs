//! Standing: where a client says an order stands, for interfaces that share their status with us.
//!
//! What a client says stands until our own view of the order changes. Cancelling is more than a word: it is the one verb
//! for it, and what the carrier does not take back is shown to a person.

use domain::ids::OrderId;
use domain::order::{Order, OrderDetails};
use domain::stage::Stage;
use domain::tenant::Scope;
use domain::{Error, Result};

use crate::orders::OrderDraft;
use crate::story::Story;
use crate::{App, Caller};

/// What is more than a word.
fn word(said: Option<Stage>) -> Option<Stage> {
    said.filter(|said| *said != Stage::Cancelled)
}

impl App {
    /// Creates an order that must be new in its channel, standing where the client says.
    pub async fn create_order_as_said(&self, caller: &Caller, draft: OrderDraft, said: Option<Stage>) -> Result<Story> {
        self.may_say(caller, said)?;
        let order = self.create_order_in(caller, draft, word(said)).await?;
        self.cancel_as_said(caller, order.id, said).await?;
        self.retold(caller, order.id).await
    }

    /// Changes an order by what `change` makes of it, and where it stands by what the client says, if it says anything.
    pub async fn edit_order_as_said<R: Send + 'static>(
        &self,
        caller: &Caller,
        id: OrderId,
        said: Option<Stage>,
        change: impl Fn(&Order) -> std::result::Result<OrderDetails, R> + Send + Sync + 'static,
    ) -> Result<std::result::Result<Order, R>> {
        self.may_say(caller, said)?;
        let edited = self.edit_order_in(caller, id, move |order| Ok((change(order)?, word(said)))).await?;
        if edited.is_ok() {
            self.cancel_as_said(caller, id, said).await?;
        }
        Ok(edited)
    }

    fn may_say(&self, caller: &Caller, said: Option<Stage>) -> Result<()> {
        caller.require(Scope::Write)?;
        if said == Some(Stage::Cancelled) { caller.require(Scope::Void) } else { Ok(()) }
    }

    /// Cancels an order if that is what was said; one that is cancelled already stays so.
    async fn cancel_as_said(&self, caller: &Caller, id: OrderId, said: Option<Stage>) -> Result<()> {
        if said != Some(Stage::Cancelled) {
            return Ok(());
        }
        match self.cancel_order(caller, id, |_| Ok(())).await {
            Ok(()) | Err(Error::Conflict(_) | Error::Carrier(..)) => Ok(()),
            Err(error) => Err(error),
        }
    }
}
