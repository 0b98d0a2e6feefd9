//! The dialects: one folder for each order interface Waybill speaks, over what they share.

pub mod json;
pub mod sendcloud;
