//! The dialects over real databases, through the router.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

mod a5;
mod access;
mod addresses;
mod batches;
mod carrier_words;
mod couriers;
mod deleting;
mod delivery_solutions;
mod editing;
mod expertsender;
mod faults;
mod fixture;
mod hostile;
mod idempotency;
mod integration_webhook;
mod integrations;
mod label_trouble;
mod labels;
mod labels_soon;
mod limits;
mod list;
mod native_orders;
mod native_shipments;
mod openapi;
mod paging;
mod placing;
mod refusals;
mod routes;
mod schema;
mod seed;
mod seven_senders;
mod statuses;
mod tokens;
mod webhook_signatures;
mod webhooks;
