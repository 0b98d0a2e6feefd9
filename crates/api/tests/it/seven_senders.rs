//! The Seven Senders dialect: two generations of clients over the same orders and shipments.

mod clients;
mod fixture;
mod in_state;
mod lists;
mod orders;
mod pains;
mod seed;
mod shipments;
mod states;
