//! The journal: the sandbox's own books in a file, which outlive a process that is killed. For drills only: an operator
//! names the file, no account can.

use std::collections::BTreeSet;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

/// One thing the sandbox did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "act", rename_all = "snake_case")]
pub enum Act {
    /// It booked.
    Booked {
        /// Our reference.
        reference: String,
        /// The numbers it gave, one a parcel.
        numbers: Vec<String>,
    },
    /// It forgot a booking.
    Cancelled {
        /// Our reference.
        reference: String,
    },
}

/// An open journal.
#[derive(Debug)]
pub struct Journal(Mutex<Books>);

#[derive(Debug)]
struct Books {
    file: File,
    booked: BTreeSet<String>,
    cancelled: BTreeSet<String>,
}

impl Journal {
    /// Opens a journal, made if missing, and reads what stands in it.
    pub fn open(path: &Path) -> io::Result<Self> {
        let mut file = OpenOptions::new().create(true).append(true).open(path)?;
        // What a kill cut off must not swallow the next line.
        if std::fs::read(path)?.last().is_some_and(|byte| *byte != b'\n') {
            file.write_all(b"\n")?;
        }
        let (mut booked, mut cancelled) = (BTreeSet::new(), BTreeSet::new());
        for act in Self::read(path)? {
            match act {
                Act::Booked { reference, .. } => booked.insert(reference),
                Act::Cancelled { reference } => cancelled.insert(reference),
            };
        }
        Ok(Self(Mutex::new(Books { file, booked, cancelled })))
    }

    /// Everything in a journal, in order. A line that a kill cut off is left out.
    pub fn read(path: &Path) -> io::Result<Vec<Act>> {
        let lines = BufReader::new(File::open(path)?).lines();
        lines.map_while(Result::ok).filter_map(|line| serde_json::from_str(&line).ok()).map(Ok).collect()
    }

    /// Writes an act down, once, and waits until it is on the disk.
    pub(super) fn add(&self, act: &Act) -> io::Result<()> {
        let mut books = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Books { file, booked, cancelled } = &mut *books;
        let (known, reference) = match act {
            Act::Booked { reference, .. } => (booked, reference),
            Act::Cancelled { reference } => (cancelled, reference),
        };
        if !known.contains(reference) {
            let line = serde_json::to_string(act)?;
            file.write_all(format!("{line}\n").as_bytes())?;
            file.sync_data()?;
            known.insert(reference.clone());
        }
        Ok(())
    }
}
