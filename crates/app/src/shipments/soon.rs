//! Dispatching without anybody waiting: that an order is to be shipped is written down with the order, and a job takes it
//! up. Whoever is killed in between is followed by somebody else, and the order is shipped once.

use domain::order::Order;
use domain::tenant::Scope;
use domain::{Error, Result};
use store::dispatches::Dispatch;

use super::dispatch::{is_unserved, may_dispatch};
use super::{Errand, ShipWish};
use crate::orders::{Beginning, OrderDraft};
use crate::{App, Caller};

impl App {
    /// Creates an order that must be new, to be shipped afterwards: answered as soon as both are written down.
    pub async fn dispatch_new_soon(&self, caller: &Caller, draft: OrderDraft, wish: &ShipWish) -> Result<Order> {
        may_dispatch(caller, &draft, wish, self.now())?;
        let wish = store::codec::to_json(&wish.of(caller))?;
        let order =
            self.create_order_with(caller, draft, Beginning { wish: Some(wish), ..Beginning::default() }).await?;
        self.wakes().dispatches.notify_one();
        Ok(order)
    }

    /// Ships an order as it was wished for, unless that is somebody else's matter by now. An error means that nothing
    /// came of it and that it is to be taken up again.
    pub(crate) async fn take_up(&self, taken: &Dispatch) -> Result<()> {
        let setup = self.tenant_setup(&taken.tenant).await?.ok_or(Error::NotFound("tenant"))?;
        let wish: ShipWish = store::codec::from_json(&taken.wish)?;
        let caller = Caller::deputy(setup, taken.dialect, vec![Scope::Buy], wish.by.as_ref());
        let errand = Errand::Dispatch(taken.clone());
        let begun = Box::pin(self.begin_shipment(&caller, taken.order, &wish, Some(&errand))).await;
        match begun {
            // From here on the shipment says enough to be finished by whoever finds it.
            Ok((shipment, true)) => match self.book_begun(&caller, shipment, &wish).await {
                Ok(_) | Err(Error::Carrier(..)) => Ok(()),
                Err(error) => {
                    tracing::warn!(order = %taken.order, %error, "the booking of {} is not settled yet", taken.order);
                    Ok(())
                }
            },
            // It is shipped, cancelled or gone already.
            Ok((_, false)) | Err(Error::Conflict(_) | Error::NotFound(_)) => {
                let taken = taken.clone();
                self.store().write(async move |tx| tx.end_dispatch(&taken).await).await.map(drop)
            }
            Err(error) if is_unserved(&error) => {
                self.note_unserved(&taken.tenant, taken.order, &error, Some(taken)).await
            }
            Err(error) => Err(error),
        }
    }
}
