//! The verbs over real databases, with a scripted carrier.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should panic")]
