//! The show function: publishes the state of each lock, and each event of its history, for readers
//! such as a home's own hub.
//!
//! It reads the table's stream. What it publishes is information only: nothing here reads it, and
//! no decision depends on it. It is a function of its own, so that no alert waits for a reader, and
//! no reader for an alert: AWS gives a function one place in a stream.

mod ask;
pub mod error;
pub mod handler;
mod state;
