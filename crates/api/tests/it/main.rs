//! The dialects over real databases, through the router.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

mod seed;
