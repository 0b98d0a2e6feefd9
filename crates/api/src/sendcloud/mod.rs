//! Sendcloud API v3, orders and what belongs to them.
//!
//! An order comes in through [`decode`] and [`patch`] and goes out through [`encode`]; [`order`] names the fields once for all
//! three. Every refusal has its exact body in [`error`].

pub mod decode;
pub mod encode;
pub mod error;
pub mod integrations;
pub mod list;
pub mod order;
pub mod patch;
pub mod ship;
pub mod statuses;

#[cfg(test)]
mod tests;

use crate::json::fields::Leniency;

/// What this dialect forgives: PHP shops write empty objects as `[]` and leave optional fields empty.
pub(crate) const LENIENCY: Leniency = Leniency { empty_list_is_object: true, empty_text_is_absent: true };
