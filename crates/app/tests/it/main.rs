//! The verbs over real databases, with a scripted carrier.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

mod access;
mod addresses;
mod batches;
mod booking;
mod branding;
mod cancelling;
mod checks;
mod collections;
mod customs;
mod dispatched_at_once;
mod dispatching;
mod events;
mod fixture;
mod jobs;
mod keys;
mod labels;
mod notices;
mod overview;
mod parcels;
mod rotation;
mod routing;
mod setup;
mod times;
mod tracking;
mod unsure;
mod webhooks;
