//! Lanes: orders of a batch that wait for the same carrier. Only so many of one lane are under way at once, so that a
//! carrier that hangs holds up its own orders and nobody else's.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use domain::Timestamp;
use domain::batch::{BatchOrder, Lane};
use domain::order::{Order, ServiceWish};
use domain::service::ServiceCode;

use crate::rates::accounts_of;
use crate::shipments::ShipWish;
use crate::{Caller, clock};

/// Orders of one lane that are under way at once: no more than may be asked of one account.
const AT_ONCE: usize = 16;

/// The same while each takes less than [`QUICK`]: then most of them wait for the disk, which serves many at a time.
const AT_ONCE_QUICKLY: usize = 64;
const QUICK: Duration = Duration::from_millis(500);

/// Orders of all lanes that are under way at once.
const MOST: usize = 256;

/// What the orders of a lane wait for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct LaneName {
    account: Option<String>,
    location: Option<String>,
}

impl LaneName {
    /// What an order waits for: the account that is named for it, else any of its location's.
    pub(super) fn of(caller: &Caller, wish: &ShipWish, order: &Order) -> Self {
        let setup = &caller.setup;
        let own = || order.details.delivery.as_ref().and_then(|delivery| delivery.service.as_ref());
        if let Some(account) = wish.service.as_ref().or_else(own).and_then(|named| account_named(caller, named)) {
            return Self { account: Some(account), location: None };
        }
        let location = match (&wish.location, &order.details.ship_from) {
            (Some(name), _) => setup.location(caller.dialect, name),
            (None, Some(id)) => setup.locations.iter().find(|location| location.external_id == *id),
            (None, None) => setup.locations.first(),
        };
        let Some(location) = location else { return Self::default() };
        match accounts_of(setup, location).as_slice() {
            [only] => Self { account: Some(only.account.id.clone()), location: None },
            _ => Self { account: None, location: Some(location.external_id.clone()) },
        }
    }
}

fn account_named(caller: &Caller, named: &ServiceWish) -> Option<String> {
    if let Some(contract) = &named.contract {
        return caller.setup.contract(caller.dialect, contract).map(|account| account.account.id.clone());
    }
    ServiceCode::parse(named.code.as_deref()?).map(|code| code.account)
}

struct Queue {
    name: LaneName,
    waiting: VecDeque<BatchOrder>,
    under_way: usize,
    at_once: usize,
    done: u64,
}

/// The lanes of a batch.
pub(super) struct Lanes {
    queues: Vec<Queue>,
    under_way: usize,
    /// Which lane is looked at next.
    next: usize,
    began: Instant,
}

impl Lanes {
    pub(super) fn new() -> Self {
        Self { queues: Vec::new(), under_way: 0, next: 0, began: Instant::now() }
    }

    /// Puts an order at the end of its lane.
    pub(super) fn add(&mut self, name: LaneName, order: BatchOrder) {
        let known = self.queues.iter_mut().find(|queue| queue.name == name);
        if let Some(queue) = known {
            queue.waiting.push_back(order);
        } else {
            let waiting = VecDeque::from([order]);
            self.queues.push(Queue { name, waiting, under_way: 0, at_once: AT_ONCE, done: 0 });
        }
    }

    /// The next order that may begin, and its lane; lanes take turns.
    pub(super) fn begin(&mut self) -> Option<(usize, BatchOrder)> {
        if self.under_way >= MOST {
            return None;
        }
        let count = self.queues.len();
        for lane in (0..count).map(|step| (self.next + step) % count) {
            let queue = &mut self.queues[lane];
            if queue.under_way < queue.at_once
                && let Some(order) = queue.waiting.pop_front()
            {
                queue.under_way += 1;
                self.under_way += 1;
                self.next = lane + 1;
                return Some((lane, order));
            }
        }
        None
    }

    /// An order of a lane is no longer under way; how long it took, and whether it has an outcome.
    pub(super) fn end(&mut self, lane: usize, took: Duration, has_outcome: bool) {
        self.under_way = self.under_way.saturating_sub(1);
        if let Some(queue) = self.queues.get_mut(lane) {
            queue.under_way = queue.under_way.saturating_sub(1);
            queue.at_once = if has_outcome && took < QUICK { AT_ONCE_QUICKLY } else { AT_ONCE };
            queue.done += u64::from(has_outcome);
        }
    }

    /// How each lane goes.
    pub(super) fn view(&self, now: Timestamp) -> Vec<Lane> {
        let passed = self.began.elapsed();
        self.queues.iter().map(|queue| queue.view(passed, now)).collect()
    }
}

impl Queue {
    fn view(&self, passed: Duration, now: Timestamp) -> Lane {
        let waiting = (self.waiting.len() + self.under_way) as u64;
        let seconds = passed.as_secs_f64().max(0.001);
        let per_second = self.done as f64 / seconds;
        let is_known = self.done > 0;
        Lane {
            account: self.name.account.clone(),
            location: self.name.location.clone(),
            waiting,
            done: self.done,
            per_minute: is_known.then(|| (per_second * 60.0).round() as u64),
            ends_at: (is_known && waiting > 0)
                .then(|| clock::later(now, Duration::from_secs_f64(waiting as f64 / per_second))),
        }
    }
}
