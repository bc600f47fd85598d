//! What the tests of the functions share: a table in this process, a data plane and a topic that
//! can fail, a call counter.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

pub mod bound;
pub mod broker;
pub mod cost;
pub mod counter;
pub mod message;
pub mod metric;
pub mod opening;
pub mod stream;
pub mod table;
pub mod topic;
