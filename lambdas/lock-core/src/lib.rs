//! The lock's protocol as pure functions: what a press, a request or a report
//! means, as a value.
//!
//! Nothing here reads a clock, draws a random number, logs, waits, or knows
//! AWS, so nothing here can fail for a reason outside its arguments:
//! `decide(&record, &press, now) -> Decision`. The rules C1…C14 named in
//! comments are those of `infra/docs/PROTOCOL.md`.

pub mod action;
pub mod binding;
pub mod command;
pub mod decide;
pub mod event;
pub mod field;
pub mod id;
pub mod limits;
pub mod name;
pub mod press;
pub mod reason;
pub mod record;
pub mod report;
pub mod request;
pub mod time;
pub mod write;

pub use decide::{Decision, Publish, decide_press, decide_report, decide_request};
