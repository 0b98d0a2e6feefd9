//! The dashboard over real databases: who gets in, what a key may see and do, and what a page costs.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

mod access;
mod branding;
mod browser;
mod exceptions;
mod labels;
mod lists;
mod webhooks;
