//! The failure function: a message that the others gave up becomes a line in the history it belongs
//! to, and an alert (C16).

pub mod handler;
pub mod message;
