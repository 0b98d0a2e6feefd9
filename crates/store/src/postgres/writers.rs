//! Threads on which commands run, each with a runtime and connections of its own: what the server answers wakes the
//! command itself, not first a thread that looks after connections and then the command's.

use std::fmt;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};

use deadpool_postgres::Pool;
use domain::{Error, Result};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;
use tokio::task::{JoinSet, LocalSet};

/// Threads of one process.
pub(super) const THREADS: usize = 2;

/// A command on its way to a thread, with which it finds its connection there.
type Task = Box<dyn FnOnce(Pool) -> Pin<Box<dyn Future<Output = ()>>> + Send>;

/// The threads.
pub(super) struct Writers(Mutex<State>);

struct State {
    /// Where commands go; empty once the store is closed.
    queues: Vec<UnboundedSender<Task>>,
    /// Whose turn it is.
    next: usize,
    /// Told when a thread has ended.
    ends: Vec<oneshot::Receiver<()>>,
}

impl fmt::Debug for Writers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writers").finish_non_exhaustive()
    }
}

impl Writers {
    /// Starts a thread for each pool, in which nothing is connected yet.
    pub fn start(pools: Vec<Pool>) -> Result<Self> {
        let mut state = State { queues: Vec::new(), next: 0, ends: Vec::new() };
        for pool in pools {
            let (queue, tasks) = unbounded_channel();
            let (end, ended) = oneshot::channel();
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let runtime = runtime.map_err(|error| Error::Unavailable(format!("cannot start a runtime: {error}")))?;
            std::thread::Builder::new()
                .name("store-writer".to_owned())
                .spawn(move || {
                    LocalSet::new().block_on(&runtime, run(pool, tasks));
                    // Nobody may be waiting.
                    let _ = end.send(());
                })
                .map_err(|error| Error::Unavailable(format!("cannot start a writer thread: {error}")))?;
            state.queues.push(queue);
            state.ends.push(ended);
        }
        Ok(Self(Mutex::new(state)))
    }

    /// Gives a command to the next thread; false once the store is closed.
    pub fn send(&self, task: Task) -> bool {
        let mut state = self.state();
        let turn = state.next;
        state.next = turn.wrapping_add(1);
        let count = state.queues.len().max(1);
        state.queues.get(turn % count).is_some_and(|queue| queue.send(task).is_ok())
    }

    /// Takes no further command and waits until those under way have ended.
    pub async fn close(&self) {
        let ends = {
            let mut state = self.state();
            state.queues.clear();
            std::mem::take(&mut state.ends)
        };
        for ended in ends {
            // An error means that the thread is gone, which is what we wait for.
            let _ = ended.await;
        }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A thread's life: commands side by side until nobody can send one and all have ended.
async fn run(pool: Pool, mut tasks: UnboundedReceiver<Task>) {
    let mut under_way = JoinSet::new();
    loop {
        tokio::select! {
            task = tasks.recv() => match task {
                Some(task) => drop(under_way.spawn_local(task(pool.clone()))),
                None => break,
            },
            Some(_) = under_way.join_next() => {}
        }
    }
    while under_way.join_next().await.is_some() {}
    pool.close();
}
