//! The show function on a real table, and a data plane that can fail.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod cost;
mod state;
mod world;
