//! The nouns of Waybill: what an order, a parcel, a shipment, a rate and a booking are.
//!
//! Nothing here does I/O, reads a clock or draws a random number; time and randomness are arguments. Every
//! other crate speaks in these types. [`connector`] holds the one seam to the outside: how a carrier is asked.

pub mod account;
pub mod act;
pub mod address;
pub mod batch;
pub mod branding;
pub mod change;
pub mod channel;
pub mod collection;
pub mod connector;
pub mod customer;
pub mod customs;
pub mod document;
pub mod erasure;
pub mod error;
pub mod event;
pub mod gs1;
pub mod ids;
pub mod language;
pub mod location;
pub mod manifest;
pub mod measure;
pub mod money;
pub mod notice;
pub mod order;
pub mod packing;
pub mod page;
pub mod parcel;
pub mod pieces;
pub mod rate;
pub mod routing;
pub mod secret;
pub mod service;
pub mod shares;
pub mod shipment;
pub mod stage;
pub mod tenant;
pub mod time;
pub mod tracking;
pub mod webhook;
pub mod zone;

pub use error::{CarrierError, Error, Problem, Result};
pub use secret::Secret;
pub use time::{SentTime, Timestamp};
