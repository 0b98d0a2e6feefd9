//! Connectors: one folder a carrier. A connector keeps nothing and draws nothing.
//!
//! Adding a carrier is a folder (`mod.rs` with the [`Connector`], `codes.rs` with its tables, `tests.rs` with an account that
//! works, `fixtures/`) and its name in the list below. `conformance.rs` holds every connector of the list to its promises.

#[cfg(test)]
mod conformance;
pub mod doordash_drive;
mod fields;
mod http;
pub mod local;
pub mod sandbox;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod ups;

use std::sync::Arc;

use domain::connector::Connector;

pub use http::{Guard, Http, Now};

/// Makes the list of connectors, and of an account of each for the tests that every connector passes.
macro_rules! carriers {
    ($($carrier:ident),+) => {
        /// Every connector there is, with what they are handed. The carrier list, the forms of their accounts and the
        /// routes of bookings come from it.
        pub fn all(http: &Http) -> Vec<Arc<dyn Connector>> {
            vec![$($carrier::connector(http)),+]
        }

        #[cfg(test)]
        pub(crate) async fn specimens() -> Vec<conformance::Specimen> {
            vec![$($carrier::tests::specimen().await),+]
        }
    };
}

carriers![local, sandbox, ups, doordash_drive];

/// The same with a sandbox of the caller's own.
pub fn with(http: &Http, sandbox: sandbox::Sandbox) -> Vec<Arc<dyn Connector>> {
    let sandbox: Arc<dyn Connector> = Arc::new(sandbox);
    let is_it = |connector: &Arc<dyn Connector>| connector.profile().carrier == sandbox.profile().carrier;
    all(http).into_iter().map(|known| if is_it(&known) { Arc::clone(&sandbox) } else { known }).collect()
}
