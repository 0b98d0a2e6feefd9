//! Orders from files: stored in steps, what is good apart from what is not.

use std::time::Duration;

use domain::channel::Dialect;
use domain::error::Problem;
use domain::order::OrderDetails;
use domain::tenant::Scope;
use domain::{Error, Result};

use crate::orders::OrderDraft;
use crate::{App, Caller};

/// Orders that are stored in one step.
pub const STEP: usize = 200;
/// How often a busy store is asked again, a little later each time.
const TRIES: u32 = 8;

/// An order as it stands in a file.
#[derive(Clone, Debug)]
pub struct ReadOrder {
    /// The line it begins on, from 1.
    pub line: u64,
    /// What the file calls it; empty when it says nothing.
    pub name: String,
    /// The order, or why it is none.
    pub order: std::result::Result<OrderDetails, Vec<Problem>>,
}

/// Reads a whole file: its orders one by one, or why it cannot be read at all. The native API's decoder, handed in.
pub type ReadFile = fn(&[u8]) -> std::result::Result<Vec<ReadOrder>, Vec<Problem>>;

/// What became of an order that was stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stored {
    /// It was not there before.
    New,
    /// It was there and says something else now.
    Changed,
    /// It stood so already.
    Same,
}

/// An order that did not go in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RejectedOrder {
    /// The line it begins on, from 1.
    pub line: u64,
    /// What the file calls it.
    pub name: String,
    /// Why.
    pub problems: Vec<Problem>,
}

/// What became of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// Orders that are new.
    pub new: u64,
    /// Orders that changed.
    pub changed: u64,
    /// Orders that stood so already.
    pub same: u64,
    /// Orders that did not go in, in the order of the file.
    pub rejected: Vec<RejectedOrder>,
}

impl App {
    /// Stores orders of a file in one step; when something of it cannot be stored, each by itself. One answer an order.
    pub async fn store_imported(
        &self,
        caller: &Caller,
        orders: Vec<OrderDetails>,
    ) -> Result<Vec<std::result::Result<Stored, Vec<Problem>>>> {
        caller.require(Scope::Write)?;
        match self.place_patiently(caller, orders.clone()).await {
            Ok(stored) => return Ok(stored.into_iter().map(Ok).collect()),
            Err(Error::Invalid(_) | Error::Conflict(_)) => {}
            Err(error) => return Err(error),
        }
        let mut answers = Vec::with_capacity(orders.len());
        for order in orders {
            answers.push(match self.place_patiently(caller, vec![order]).await {
                Ok(stored) => Ok(stored.first().copied().unwrap_or(Stored::Same)),
                Err(Error::Invalid(problems)) => Err(problems),
                Err(Error::Conflict(why)) => Err(vec![Problem::new("", why)]),
                Err(error) => return Err(error),
            });
        }
        Ok(answers)
    }

    async fn place_patiently(&self, caller: &Caller, orders: Vec<OrderDetails>) -> Result<Vec<Stored>> {
        let channel = Dialect::Native.default_channel();
        let drafts: Vec<_> = orders.into_iter().map(|details| OrderDraft { id: None, channel, details }).collect();
        let mut tries = 0;
        let placed = loop {
            match self.place_orders(caller, drafts.clone()).await {
                Err(Error::Unavailable(why)) if tries < TRIES => {
                    tries += 1;
                    tracing::debug!(%why, "the store is busy");
                    tokio::time::sleep(Duration::from_millis(50) * 2_u32.pow(tries)).await;
                }
                outcome => break outcome?,
            }
        };
        let what = placed.iter().map(|one| match (one.is_new, one.is_changed) {
            (true, _) => Stored::New,
            (false, true) => Stored::Changed,
            (false, false) => Stored::Same,
        });
        Ok(what.collect())
    }

    /// Stores the orders of a whole file.
    pub async fn import_orders(&self, caller: &Caller, orders: Vec<ReadOrder>) -> Result<Imported> {
        caller.require(Scope::Write)?;
        let mut imported = Imported::default();
        let mut orders = orders.into_iter();
        loop {
            let step: Vec<_> = orders.by_ref().take(STEP).collect();
            if step.is_empty() {
                return Ok(imported);
            }
            let good: Vec<_> = step.iter().filter_map(|one| one.order.clone().ok()).collect();
            let mut stored =
                if good.is_empty() { Vec::new() } else { self.store_imported(caller, good).await? }.into_iter();
            for ReadOrder { line, name, order } in step {
                let outcome = match order {
                    Ok(_) => stored.next().unwrap_or(Ok(Stored::Same)),
                    Err(problems) => Err(problems),
                };
                match outcome {
                    Ok(Stored::New) => imported.new += 1,
                    Ok(Stored::Changed) => imported.changed += 1,
                    Ok(Stored::Same) => imported.same += 1,
                    Err(problems) => imported.rejected.push(RejectedOrder { line, name, problems }),
                }
            }
        }
    }
}
