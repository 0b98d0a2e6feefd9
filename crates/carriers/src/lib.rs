//! Connectors: one folder a carrier. A connector keeps nothing and draws nothing.
//!
//! Adding a carrier is a folder (`mod.rs` with the [`Connector`], `codes.rs` with its tables, `tests.rs`, `fixtures/`),
//! one line in [`all`] and one working account in `conformance.rs`, whose promises every connector keeps.

#[cfg(test)]
mod conformance;
mod fields;
pub mod local;
pub mod sandbox;

use std::sync::Arc;

use domain::connector::Connector;

/// Every connector there is. The carrier list, the forms of their accounts and the routes of bookings come from it.
pub fn all() -> Vec<Arc<dyn Connector>> {
    with(sandbox::Sandbox::default())
}

/// The same with a sandbox of the caller's own.
pub fn with(sandbox: sandbox::Sandbox) -> Vec<Arc<dyn Connector>> {
    vec![Arc::new(local::Local), Arc::new(sandbox)]
}
