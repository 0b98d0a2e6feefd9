//! The Delivery Solutions dialect: orders that are placed with the best carrier in one call.

mod access;
mod cancelling;
mod creating;
mod editing;
mod errors;
mod fixture;
mod labels;
mod list;
mod pains;
mod race;
mod statuses;
mod stores;
mod v2;
mod webhooks;
