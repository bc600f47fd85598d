//! The announce function: sends each alert in the table's events to people, once, and each unlock
//! where the deployment asks for it.
//!
//! It reads the table's stream. An alert is in the event that was committed with the record, so no
//! crash of another function can lose it; a crash of this one repeats a message and loses none.

pub mod handler;
pub mod zone;
