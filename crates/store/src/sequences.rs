//! Sequences: where the ids of entities come from.
//!
//! A node takes numbers in blocks, in a transaction of its own that is committed before the first number is used.
//! A crash therefore leaves a gap and never hands a number out twice.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use domain::ids::MAX_ID;
use domain::{Error, Result};

use crate::{Store, params};

/// Numbers in a block.
const BLOCK: u64 = 1_000;

const TAKE: &str = "
    insert into sequences (name, next) values ($1, cast($2 as bigint) + 1)
    on conflict (name) do update set next = sequences.next + cast($2 as bigint)
    returning next";

/// The blocks this node has begun.
#[derive(Debug, Default)]
pub(crate) struct Sequences(Mutex<HashMap<String, Arc<tokio::sync::Mutex<Range<u64>>>>>);

impl Sequences {
    /// Takes `count` numbers of the sequence `name`, with a new block if the old one does not reach.
    pub async fn take(&self, store: &Store, name: &str, count: u64) -> Result<Vec<u64>> {
        let block = {
            let mut blocks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            match blocks.get(name) {
                Some(block) => Arc::clone(block),
                None => Arc::clone(blocks.entry(name.to_owned()).or_default()),
            }
        };
        // Held while the next block is fetched: who comes meanwhile needs that block too.
        let mut block = block.lock().await;
        let left = block.end - block.start;
        if count <= left {
            let end = block.start + count;
            let taken = (block.start..end).collect();
            block.start = end;
            return Ok(taken);
        }
        let missing = count - left;
        let fresh = fetch(store, name, missing.max(BLOCK)).await?;
        let used = fresh.start + missing;
        let taken = block.clone().chain(fresh.start..used).collect();
        *block = used..fresh.end;
        Ok(taken)
    }
}

/// Takes a block of `size` numbers from the database.
async fn fetch(store: &Store, name: &str, size: u64) -> Result<Range<u64>> {
    if size > MAX_ID {
        return Err(Error::internal(format!("{size} ids of the sequence {name} at once")));
    }
    let name = name.to_owned();
    store
        .write(async move |tx| {
            let row = tx.row(TAKE, &params![&name, size]).await?;
            let end = row.ok_or_else(|| Error::internal("a sequence without a row"))?.int(0)?;
            match u64::try_from(end) {
                Ok(end) if end <= MAX_ID + 1 && end > size => Ok(end - size..end),
                _ => Err(Error::internal(format!("the sequence {name} has reached the largest id"))),
            }
        })
        .await
}
