//! The store's engine, on a real SQLite file and a real PostgreSQL server.

#![expect(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

mod batches;
mod bulk;
mod commands;
mod dispatches;
mod documents;
mod engines;
mod faults;
mod filter;
mod lanes;
mod migrations;
mod order_states;
mod sequences;
mod values;

use std::pin::Pin;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex};

use domain::Result;
use futures::FutureExt as _;
use store::{Store, Tx, params};

/// A write that somebody waits for.
type Answer<T> = Pin<Box<dyn Future<Output = Result<T>> + Send>>;

/// Sends a command now; the answer is to be awaited later.
fn send<T, F>(store: &Store, command: F) -> Answer<T>
where
    T: Send + 'static,
    F: AsyncFn(&mut Tx<'_>) -> Result<T> + Send + Sync + 'static,
{
    let store = store.clone();
    let mut answer: Answer<T> = Box::pin(async move { store.write(command).await });
    match (&mut answer).now_or_never() {
        Some(at_once) => Box::pin(std::future::ready(at_once)),
        None => answer,
    }
}

/// Makes SQLite's writer wait, so that commands queue up and share a group, until the sender is dropped.
///
/// The command that waits may be of that group too.
async fn hold(store: &Store) -> (Sender<()>, Answer<()>) {
    let (open, gate) = channel::<()>();
    let gate = Mutex::new(gate);
    let held = Arc::new(tokio::sync::Notify::new());
    let notify = Arc::clone(&held);
    let answer = send(store, async move |_| {
        notify.notify_one();
        let _ = gate.lock().unwrap().recv();
        Ok(())
    });
    held.notified().await;
    (open, answer)
}

/// Makes the table most stories use: names, each once.
async fn make_names(store: &Store) {
    let sql = "create table names (name text not null primary key)";
    store.write(async move |tx| tx.execute(sql, &[]).await).await.unwrap();
}

/// A command that stores a name.
async fn add(tx: &mut Tx<'_>, name: &str) -> Result<()> {
    tx.execute("insert into names (name) values ($1)", &params![name]).await?;
    Ok(())
}

/// All names, sorted.
async fn names(store: &Store) -> Vec<String> {
    let query = async |tx: &mut Tx<'_>| {
        tx.rows("select name from names order by name", &[]).await?.iter().map(|row| row.text(0)).collect()
    };
    store.read_list(query).await.unwrap()
}
