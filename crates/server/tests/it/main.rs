//! The binary itself: started, killed, and started again.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

mod backup;
mod batches;
mod client;
mod commands;
mod corpus;
mod demo;
mod docs;
mod doctor;
mod drill;
mod export;
mod hostile;
mod import;
mod keys;
mod kill;
mod observability;
mod process;
mod screens;
mod webdriver;
