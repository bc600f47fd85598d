//! The failure function: what the others gave up becomes a line in the history that it belongs to, and an alert (C16).

pub mod batch;
pub mod handler;
