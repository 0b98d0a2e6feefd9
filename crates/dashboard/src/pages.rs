//! One file a page, named after what it shows.

mod countries;
mod picture;
pub mod tracking;
pub mod trouble;
