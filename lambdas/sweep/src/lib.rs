//! The sweep function: every minute it acts on each record that is due.

mod due_lock;
pub mod handler;
