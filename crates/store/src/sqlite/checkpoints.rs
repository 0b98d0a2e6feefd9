//! Checkpoints: a thread of its own folds the log into the file, so that hardly any commit waits for it.

use std::ffi::c_int;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::Duration;

use domain::{Error, Result};
use rusqlite::hooks::Wal;

use super::{Connection, refused};

/// Pages in the log from which it is folded into the file when the writer rests.
const MANY: c_int = 1_000;
/// Pages from which it is folded beside the writer, whose commits then share the disk with it.
const TOO_MANY: c_int = 16_000;
/// Pages from which the writer does it: it never rested, so the log could not begin anew. What is left is little.
const FAR_TOO_MANY: c_int = 24_000;
/// So long without a commit is a rest.
const REST: Duration = Duration::from_millis(20);

/// Looks after the log of the writer's connection until that is closed.
pub(super) fn watch(writer: &mut Connection, path: &Path) -> Result<()> {
    let (ask, asked) = sync_channel::<()>(1);
    let length = Arc::new(AtomicI32::new(0));
    let (path, told_length) = (path.to_owned(), Arc::clone(&length));
    std::thread::Builder::new()
        .name("store-checkpoint".to_owned())
        .spawn(move || run(&path, &asked, &told_length))
        .map_err(|error| Error::Unavailable(format!("cannot start the checkpoint thread: {error}")))?;
    // An error here would be told as an error of the commit, which has happened.
    let hook = move |wal: &mut Wal, pages: c_int| {
        length.store(pages, Ordering::Relaxed);
        if pages >= FAR_TOO_MANY {
            told(wal.checkpoint());
        } else if pages >= MANY {
            // One that is asked for already will do.
            let _ = ask.try_send(());
        }
        Ok(())
    };
    writer.sqlite.wal_hook(Some(hook)).map_err(refused)
}

fn run(path: &Path, asked: &Receiver<()>, length: &AtomicI32) {
    let connection = match Connection::open(path, false) {
        Ok(connection) => connection,
        Err(error) => return tracing::warn!(%error, "the writer does its checkpoints itself: {error}"),
    };
    while asked.recv().is_ok() {
        while length.load(Ordering::Relaxed) < TOO_MANY {
            match asked.recv_timeout(REST) {
                Ok(()) => {}
                Err(RecvTimeoutError::Timeout) => break,
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
        told(connection.sqlite.query_row("pragma wal_checkpoint(passive)", [], |_| Ok(())));
    }
}

fn told(outcome: rusqlite::Result<()>) {
    if let Err(error) = outcome {
        tracing::warn!(%error, "the log of the database could not be folded into its file: {error}");
    }
}
