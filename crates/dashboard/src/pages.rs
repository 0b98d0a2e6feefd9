//! One file a page, named after what it shows.

pub(crate) mod acts;
pub(crate) mod batches;
pub(crate) mod branding;
pub(crate) mod carriers;
mod chart;
mod countries;
mod deliveries;
pub(crate) mod documents;
pub(crate) mod import;
pub(crate) mod keys;
pub(crate) mod order;
pub(crate) mod orders;
pub(crate) mod overview;
mod picture;
pub(crate) mod problem;
pub(crate) mod rules;
pub(crate) mod shipments;
pub mod tracking;
pub mod trouble;
pub(crate) mod webhooks;
